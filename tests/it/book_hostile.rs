//! E-books that are protected, made to exhaust the reader, or damaged at random.

use crate::support::book_builder::{BookBuilder, archive, nav_point, png};
use shutong::book::{self, Book, Corrections, Error, Format, ReadOptions, TocEntry, WriteOptions, cover, read};

#[track_caller]
fn open(bytes: &[u8]) -> Book {
    read(bytes, Some("书.epub")).expect("a book")
}

#[test]
fn drm_is_refused_and_font_obfuscation_undone() {
    let encrypted = |algorithm: &str, target: &str| {
        let xml = format!(
            "<encryption><EncryptedData><EncryptionMethod Algorithm=\"{algorithm}\"/><CipherData>\
             <CipherReference URI=\"OEBPS/{target}\"/></CipherData></EncryptedData></encryption>"
        );
        let font: Vec<u8> = (0..2000u32).map(|n| n as u8).collect();
        let book = BookBuilder::new("书").item("f", "f.ttf", "f.ttf", "font/ttf", "", font);
        read(&book.entry("META-INF/encryption.xml", xml.into()).build(), None)
    };
    let aes = encrypted("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "c1.xhtml");
    assert_eq!(aes.err(), Some(Error::Encrypted));
    let book = encrypted("http://www.idpf.org/2008/embedding", "f.ttf").expect("a book");
    let font = book.resources().iter().find(|one| one.path == "OEBPS/f.ttf").expect("font");
    assert_ne!(font.bytes[..1040], (0..1040u32).map(|n| n as u8).collect::<Vec<_>>());
    assert_eq!(font.bytes[1040..], (1040..2000u32).map(|n| n as u8).collect::<Vec<_>>());
    let lcp = BookBuilder::new("书").entry("META-INF/license.lcpl", b"{}".to_vec()).build();
    assert_eq!(read(&lcp, None).err(), Some(Error::Encrypted));
}

#[test]
fn bombs_are_refused_and_what_is_not_asked_for_is_not_unpacked() {
    let zeros = vec![b' '; 40 << 20];
    let listed = BookBuilder::new("书").page("z.xhtml", "z.xhtml", zeros.clone()).build();
    assert!(matches!(read(&listed, None), Err(Error::Unsupported(_))));
    let unlisted = BookBuilder::new("书").entry("OEBPS/zeros.bin", zeros).build();
    assert_eq!(open(&unlisted).chapters().len(), 2);
    let many: Vec<(String, Vec<u8>)> = (0..12_100)
        .map(|n| (if n == 0 { "mimetype".into() } else { format!("META-INF/container.xml{n}") }, Vec::new()))
        .collect();
    assert!(matches!(read(&archive(&many), Some("a.epub")), Err(Error::Unsupported(_))));
}

#[test]
fn hostile_markup_costs_nothing() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"haha\"><!ENTITY b \"&a;&a;\">]><p>&b; 文字</p>";
    let attributes: String = (0..200_000u64).map(|n| format!("a{n}='{}' ", n * n * 7919)).collect();
    let attributes = format!("<p {attributes}>文字</p>");
    let deep = "<div>".repeat(100_000) + "文字";
    let scripts = "<script>".repeat(100_000) + "文字";
    for page in [laughs.to_owned(), attributes, deep, scripts] {
        let book = open(&BookBuilder::new("书").page("x.xhtml", "x.xhtml", page.into_bytes()).build());
        let text = book.chapters()[2].text();
        assert!(!text.contains("haha") && text.len() < 2_000_000);
    }
    let points = (0..5000).fold(String::new(), |inner, n| nav_point(&format!("层{n}"), "c1.xhtml", &inner));
    let book = open(&BookBuilder::new("书").without_nav().ncx(&points).build());
    fn depth(entries: &[TocEntry]) -> usize {
        entries.iter().map(|entry| 1 + depth(&entry.children)).max().unwrap_or(0)
    }
    assert_eq!(depth(book.toc()), TocEntry::MAX_DEPTH);
}

/// Cuts and flips bytes the same way each time; whatever comes, `read` and `cover::of` return.
#[test]
fn mutations_never_panic() {
    let sound =
        BookBuilder::new("书").item("c", "c.png", "c.png", "image/png", "cover-image", png(80, 80)).ncx("").build();
    let text = "第一章 甲\n话说。\n".repeat(20).into_bytes();
    let gbk = encoding_rs::GB18030.encode("第一章 甲\n话说天下大势。\n").0.into_owned();
    let mut random = 0x2545_F491_4F6C_DD1Du64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for (original, name, rounds) in [(sound, "a.epub", 600), (text, "a.txt", 200), (gbk, "a.txt", 200)] {
        for round in 0..rounds {
            let mut bytes = original.clone();
            if round % 3 == 0 {
                bytes.truncate(next(bytes.len()));
            }
            for _ in 0..next(12) {
                if !bytes.is_empty() {
                    let at = next(bytes.len());
                    bytes[at] = next(256) as u8;
                }
            }
            if let Ok(book) = read(&bytes, Some(name)) {
                assert!(!book.metadata().title.is_empty());
                assert!(book.chapter_texts().count() <= book.chapters().len());
                if round % 50 == 0 {
                    assert!(!cover::of(&book).bytes.is_empty());
                }
            }
        }
    }
}

/// A small book in a format, with headings, a link, a table and a picture.
fn small(format: Format) -> Vec<u8> {
    let page = "<html><head><title>t</title></head><body><h1 id='a'>第一章</h1><p>从前有座山，<a href='c2.xhtml'>山里</a>有座庙。\
        <b>庙</b>里<i>有</i><ruby>和<rt>hé</rt></ruby>尚。</p><table><tr><td>1</td><td>2</td></tr></table><img src='p.png' alt='图'/></body></html>";
    let book = BookBuilder::new("三体")
        .page("t.xhtml", "t.xhtml", page.as_bytes().to_vec())
        .item("p", "p.png", "p.png", "image/png", "cover-image", png(60, 80))
        .build();
    let written =
        book::convert(&book, &ReadOptions::default(), &Corrections::default(), format, &WriteOptions::default());
    written.expect("a book").bytes
}

#[test]
fn books_damaged_at_random_are_read_refused_or_rescued_and_written() {
    // A fixed sequence, so that what fails once fails again.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let (mut read, mut refused) = (0, 0);
    for format in Format::WRITABLE {
        let sound = small(format);
        for round in 0..120 {
            let mut bytes = sound.clone();
            match round % 4 {
                0 => bytes.truncate(random(bytes.len())),
                1 => (0..8).for_each(|_| {
                    let at = random(bytes.len());
                    bytes[at] ^= 1 << random(8);
                }),
                2 => {
                    let (from, at) = (random(bytes.len()), random(bytes.len()));
                    let piece = bytes[from..(from + 64).min(sound.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    let at = random(bytes.len());
                    let end = (at + 4).min(bytes.len());
                    bytes[at..end].fill(0xFF);
                }
            }
            for rescue in [false, true] {
                let options = ReadOptions { format: Some(format), rescue, ..ReadOptions::default() };
                match book::read_with(&bytes, &options) {
                    Ok(book) => {
                        read += 1;
                        let target = Format::WRITABLE[random(5)];
                        let _ = book::write(&book, target, &WriteOptions::default());
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(read > 200 && refused > 20, "{read} read, {refused} refused");
}
