//! What real files do that the format's description does not say.

use super::super::fixture::{database, exth, header, records};
use super::{letters, markup, sample, written};
use crate::book::{self, Book, Change, Error, Format, ReadOptions};

fn read(records: &[Vec<u8>]) -> Book {
    book::read(&database(b"BOOKMOBI", records), None).expect("a book")
}

/// A MOBI6 book of one record that is not packed.
fn plain(text: &[u8], numbers: &[(usize, u32)]) -> Book {
    read(&[header(1, text.len(), 1, numbers), text.to_vec()])
}

fn rescued(file: &[u8]) -> Result<Book, Error> {
    book::read_with(file, &ReadOptions { rescue: true, ..ReadOptions::default() })
}

/// The KF8 book behind the old one, as kindlegen puts them into one file.
fn hybrid() -> Vec<Vec<u8>> {
    let book = sample();
    let mut all = records(&written(&book, Format::Mobi));
    all.push(b"BOUNDARY".to_vec());
    all.extend(records(&written(&book, Format::Azw3)));
    all
}

#[test]
fn of_two_books_the_newer_is_read_with_the_pictures_of_the_older() {
    let all = hybrid();
    let book = read(&all);
    assert_eq!(book.format(), Format::Mobi);
    assert_eq!(letters(&book), letters(&sample()));
    assert!(markup(&book).contains("<svg"), "only KF8 has drawings");
    let pictures = book.resources().iter().filter(|file| file.media_type == "image/png");
    let old = records(&written(&sample(), Format::Mobi));
    let in_old = old.iter().filter(|record| record.starts_with(b"\x89PNG"));
    assert_eq!(pictures.count(), in_old.count());
}

#[test]
fn if_the_newer_book_is_damaged_the_older_is_read() {
    let mut all = hybrid();
    let boundary = all.iter().position(|record| record == b"BOUNDARY").expect("a boundary");
    all[boundary + 2] = b"\x02".to_vec();
    let book = read(&all);
    assert_eq!(letters(&book), letters(&sample()));
    assert!(!markup(&book).contains("<path"));
    assert_eq!(book.report().count(Change::Rescued), 1);
}

#[test]
fn phrases_of_a_dictionary_are_unpacked() {
    // Codes of eight bits: phrase n has the code 255 - n.
    let huff = [
        b"HUFF\0\0\0\x18\0\0\0\x18\0\0\x04\x18\0\0\0\0\0\0\0\0".to_vec(),
        (0..256u32).flat_map(|_| (255u32 << 8 | 0x88).to_be_bytes()).collect(),
        vec![0; 256],
    ]
    .concat();
    // The third phrase is packed itself: the first twice.
    let phrases: [(&[u8], u16); 4] =
        [(b"<p>one</p>", 0x8000), ("书".as_bytes(), 0x8000), (&[255, 255], 0), (b"", 0x8000)];
    let mut cdic = b"CDIC\0\0\0\x10\0\0\0\x04\0\0\0\x02".to_vec();
    let mut offset = 8u16;
    for (phrase, _) in phrases {
        cdic.extend_from_slice(&offset.to_be_bytes());
        offset += 2 + phrase.len() as u16;
    }
    for (phrase, literal) in phrases {
        cdic.extend_from_slice(&(phrase.len() as u16 | literal).to_be_bytes());
        cdic.extend_from_slice(phrase);
    }
    // Records behind the text, which is in two records, each with one byte of trailing data.
    let head = |first: u32| header(0x4448, 46, 2, &[(112, first), (116, 2), (240, 1)]);
    let text = [vec![253, 254, 0], vec![255, 254, 254, 0]];
    let [one, two] = text.clone();
    let book = read(&[head(3), one, two, huff.clone(), cdic.clone()]);
    assert_eq!(letters(&book), "oneone书one书书");
    let [one, two] = text;
    let missing = database(b"BOOKMOBI", &[head(9), one, two, huff, cdic]);
    assert!(matches!(book::read(&missing, None), Err(Error::Malformed(_))));
}

#[test]
fn a_character_cut_by_the_end_of_a_record_is_whole() {
    let text = "<p>红楼梦</p>".as_bytes();
    // The first record ends within 楼; its last two bytes stand in the trailing data and in the next record.
    let (first, second) = text.split_at(7);
    let first = [first, &second[..2], &[2]].concat();
    // Bit 1: an entry for the index of the device, its size counted backwards.
    let (one, two) = ([first, b"\x8A\xFF\x83".to_vec()].concat(), [second, &[0, 0x81]].concat());
    let book = read(&[header(1, text.len(), 2, &[(240, 3)]), one, two]);
    assert_eq!(letters(&book), "红楼梦");
}

#[test]
fn old_books_are_in_windows_1252_and_links_count_its_bytes() {
    let text = b"<html><body><p>caf\xE9 \x93q\x94 <a filepos=0000000058>x</a></p><p>\x85</p><h2>ici</h2></body></html>";
    let at = text.windows(4).position(|four| four == b"<h2>").expect("a heading");
    assert_eq!(at, 63);
    let text = [&text[..35], b"0000000063", &text[45..]].concat();
    assert!(text.windows(18).any(|found| found == b"filepos=0000000063"));
    let book = plain(&text, &[(28, 1252)]);
    assert_eq!(letters(&book), "café“q”x…ici");
    let markup = markup(&book);
    assert!(markup.contains("href=\"#filepos63\"") && markup.contains("<h2 id=\"filepos63\">"), "{markup}");
}

#[test]
fn links_into_text_and_tags_settle_near_by() {
    //                    0  3           14            28               44 48  52
    let text = "<p>书<a filepos=0000000045>1</a><a filepos=0000000051>2</a></p><p>二三</p>";
    let (tag, inside) = (text.find("<p>二").expect("a paragraph"), text.find('三').expect("a character"));
    let text = text.replace("0000000045", &format!("{:010}", tag + 1));
    let text = text.replace("0000000051", &format!("{:010}", inside + 1));
    let markup = markup(&plain(text.as_bytes(), &[]));
    assert!(markup.contains(&format!("<p id=\"filepos{tag}\">二<a id=\"filepos{inside}\"></a>三")), "{markup}");
}

#[test]
fn a_link_behind_the_text_is_left_out_and_noted() {
    let book = plain(b"<p><a filepos=0000009999>x</a></p>", &[]);
    assert_eq!(letters(&book), "x");
    assert_eq!(book.report().count(Change::LinkDropped), 1);
}

#[test]
fn lists_of_facts_with_impossible_lengths_end() {
    let mut list = exth(&[(100, b"A".to_vec()), (503, b"T".to_vec())]);
    // The length of the second record becomes 0.
    list[12 + 9 + 4..12 + 9 + 8].fill(0);
    let mut head = header(1, 8, 1, &[(128, 0x50)]);
    head.extend_from_slice(&list);
    let book = read(&[head, b"<p>x</p>".to_vec()]);
    assert_eq!(book.metadata().authors(), ["A"]);
    assert_eq!(book.metadata().title, "A title");
}

#[test]
fn kindlegen_counts_the_pages_only_as_length_and_leaves_out_a_list_of_one_flow() {
    let mut all = records(&written(&sample(), Format::Azw3));
    let fdst = all.iter().position(|record| record.starts_with(b"FDST")).expect("a list of flows");
    let pages_end: [u8; 4] = all[fdst][16..20].try_into().expect("four bytes");
    all[0][4..8].copy_from_slice(&pages_end);
    assert_eq!(letters(&read(&all)), letters(&sample()));
    // Without the list nothing says where pages end: damage, but not the end of the book.
    all[fdst] = b"gone".to_vec();
    let file = database(b"BOOKMOBI", &all);
    assert!(matches!(book::read(&file, None), Err(Error::Malformed(_))));
    assert_eq!(letters(&rescued(&file).expect("a book")), letters(&sample()));
    // One flow needs none, and the field holds the numbers of records of old files.
    let one = book::read(b"<p>x</p><p>y</p>", Some("x.html")).expect("a book");
    let mut all = records(&written(&one, Format::Azw3));
    let fdst = all.iter().position(|record| record.starts_with(b"FDST")).expect("a list of flows");
    assert_eq!(all[fdst][11], 1);
    all[0][192..200].copy_from_slice(&[0, 1, 0, 9, 0, 0, 0, 1]);
    all[fdst] = b"gone".to_vec();
    assert_eq!(letters(&read(&all)), "xy");
}

#[test]
fn what_looks_like_our_marks_in_a_foreign_file_is_its_own() {
    let text = b"<html><body><p>a<span class=\"q-end\">b</span><a class=\"aside-place\">c</a></p><mbp:pagebreak/>\
        <a class=\"aside\">d</a><p>e</p><mbp:pagebreak/><p><a name=\"made-toc\"></a>f</p></body></html>";
    let book = plain(text, &[]);
    assert_eq!(letters(&book), "abcdef");
    assert!(book.chapters().iter().all(|chapter| chapter.linear));
    // The same in a file that says it is ours is taken back.
    let own = exth(&[(535, b"shutong".to_vec())]);
    let mut head = header(1, text.len(), 1, &[(128, 0x40)]);
    head.extend_from_slice(&own);
    let book = read(&[head, text.to_vec()]);
    assert_eq!(letters(&book), "ea", "the page stood in front of the other: {}", markup(&book));
}

#[test]
fn very_many_links_all_arrive() {
    // Each is a place in bytes: an anchor, a name and a way there.
    let link = |at: usize| format!("<a filepos={:010}>{at:04}</a>", 12 + at * 30);
    let text = format!("<html><body>{}</body></html>", (0..3000).map(link).collect::<String>());
    let book = plain(text.as_bytes(), &[]);
    assert_eq!(markup(&book).matches("href=\"#filepos").count(), 3000);
    let again = book::read(&written(&book, Format::Mobi), None).expect("a book");
    assert_eq!(markup(&again).matches("href=\"#filepos").count(), 3000);
    assert_eq!(again.report().count(Change::LinkDropped), 0);
}

#[test]
fn protected_books_are_refused() {
    for format in [Format::Azw3, Format::Mobi] {
        let mut all = records(&written(&sample(), format));
        all[0][13] = 2;
        let file = database(b"BOOKMOBI", &all);
        assert_eq!(book::read(&file, None).err(), Some(Error::Encrypted));
        assert_eq!(rescued(&file).err(), Some(Error::Encrypted));
    }
}
