//! E-books that are protected, made to exhaust the reader, or damaged at random.

use crate::support::book_builder::{BookBuilder, archive, nav_point, png};
use shutong::book::{Book, Error, TocEntry, cover, read};

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
