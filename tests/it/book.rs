//! E-books through the public API: what is read and what is forgiven.

use crate::support::book_builder::{BookBuilder, nav_point, page, png};
use shutong::book::{Book, Error, Format, Role, TocEntry, cover, read, sniff};
use std::path::Path;

#[track_caller]
fn open(bytes: &[u8]) -> Book {
    read(bytes, Some("书.epub")).expect("a book")
}

fn texts(book: &Book) -> Vec<(String, String)> {
    book.chapter_texts().map(|(title, text)| (title.to_owned(), text.into_owned())).collect()
}

fn titles(entries: &[TocEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.title.as_str()).collect()
}

#[test]
fn a_sound_epub_is_read_whole() {
    let more = "<dc:creator opf:role=\"trl\">译者</dc:creator><dc:publisher>书局</dc:publisher><dc:date>1925</dc:date>\
        <dc:identifier>urn:isbn:9787020002207</dc:identifier><dc:subject>小说</dc:subject><dc:description>&lt;p&gt;简介&lt;/p&gt;</dc:description>\
        <meta property=\"belongs-to-collection\" id=\"c\">丛书</meta><meta refines=\"#c\" property=\"group-position\">2</meta>\
        <meta refines=\"#a\" property=\"file-as\">Mou Ren</meta>";
    let book = open(&BookBuilder::new("测试书").metadata(more).build());
    let metadata = book.metadata();
    assert_eq!((metadata.title.as_str(), metadata.authors()), ("测试书", vec!["某人"]));
    assert_eq!(metadata.contributors[0].sort_as.as_deref(), Some("Mou Ren"));
    assert_eq!(metadata.contributors[1].role, Role::Translator);
    assert_eq!(metadata.publisher.as_deref(), Some("书局"));
    assert_eq!(metadata.description.as_deref(), Some("简介"));
    assert_eq!(metadata.identifiers[1].scheme, "isbn");
    let series = metadata.series.as_ref().expect("series");
    assert_eq!((series.name.as_str(), series.number.as_deref()), ("丛书", Some("2")));
    assert_eq!(book.format(), Format::Epub);
    assert!(book.text_known());
    assert_eq!(titles(book.toc()), ["第一章 开端", "第二章 发展"]);
    assert_eq!(texts(&book)[1], ("第二章 发展".into(), "第二章 发展\n山里有座庙。".into()));
}

#[test]
fn contents_nest_in_nav_and_ncx() {
    let list = "<li><span>卷一</span><ol><li><a href=\"c1.xhtml\">甲</a></li></ol></li><li><a href=\"./c2.xhtml#x\">乙</a></li>";
    let points =
        nav_point("卷一", "c1.xhtml", &nav_point("甲", "c1.xhtml#p", "")) + &nav_point("乙", "../OEBPS/c2.xhtml#x", "");
    let nav = open(&BookBuilder::new("书").nav(list).build());
    let ncx = open(&BookBuilder::new("书").without_nav().ncx(&points).build());
    for book in [nav, ncx] {
        assert_eq!(titles(book.toc()), ["卷一", "乙"]);
        assert_eq!(titles(&book.toc()[0].children), ["甲"]);
        let target = book.toc()[1].target.as_ref().expect("target");
        assert_eq!((target.chapter, target.fragment.as_deref()), (1, Some("x")));
    }
    let bare = open(&BookBuilder::new("书").without_nav().build());
    assert_eq!(titles(bare.toc()), ["第一章 开端", "第二章 发展"]);
}

#[test]
fn names_match_though_they_are_written_differently() {
    for (href, entry) in [
        ("%E7%AC%AC%E4%B8%89.xhtml", "第三.xhtml"),
        ("C3.XHTML", "c3.xhtml"),
        ("caf\u{e9}.xhtml", "cafe\u{301}.xhtml"),
        ("a/../c3.xhtml?x#y", "c3.xhtml"),
        ("/OEBPS/c3.xhtml", "c3.xhtml"),
    ] {
        let book = open(&BookBuilder::new("书").page(href, entry, page("第三章", "庙里有个和尚。").into()).build());
        assert_eq!(texts(&book).len(), 3, "{href}");
    }
}

#[test]
fn a_name_in_gbk_is_found() {
    // 三 is C8 FD in GBK; the placeholder has as many bytes and is replaced in both headers.
    let mut bytes = BookBuilder::new("书").page("%E4%B8%89.xhtml", "ZZ.xhtml", page("第三章", "庙里。").into()).build();
    let name = b"OEBPS/ZZ.xhtml";
    let places: Vec<usize> = (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        bytes[at + 6..at + 8].copy_from_slice(&[0xC8, 0xFD]);
    }
    assert_eq!(texts(&open(&bytes)).len(), 3);
}

#[test]
fn pages_in_any_encoding_and_state() {
    let text = "此开卷第一回也，作者自云。";
    let source = page("第三章", text);
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(source.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let broken = format!("<p>&nbsp;{text}<br>\u{1}<b>");
    let pages = [
        [b"\xEF\xBB\xBF".as_slice(), source.as_bytes()].concat(),
        utf16,
        encoding_rs::GB18030.encode(&source).0.into_owned(),
        broken.into_bytes(),
    ];
    for bytes in pages {
        let book = open(&BookBuilder::new("书").page("c3.xhtml", "c3.xhtml", bytes).build());
        assert!(texts(&book)[2].1.contains(text), "{:?}", texts(&book)[2]);
    }
}

#[test]
fn what_is_missing_is_done_without() {
    let book = open(&BookBuilder::new("书").without_container().build());
    assert_eq!(book.chapters().len(), 2);
    let book = open(&BookBuilder::new("书").without_entry("OEBPS/c1.xhtml").build());
    assert_eq!(texts(&book).len(), 1);
    assert_eq!(titles(book.toc()), ["第二章 发展"]);
    let bytes = BookBuilder::new("").only_metadata("").build();
    let book = read(&bytes, Some("三体 - 刘慈欣.epub")).expect("a book");
    assert_eq!((book.metadata().title.as_str(), book.metadata().authors()), ("三体", vec!["刘慈欣"]));
}

#[test]
fn an_archive_cut_off_gives_what_is_whole() {
    let bytes = BookBuilder::new("测试书").build();
    let directory = (0..bytes.len()).find(|&at| bytes[at..].starts_with(b"PK\x01\x02")).expect("directory");
    let book = open(&bytes[..directory]);
    assert_eq!((book.chapters().len(), book.metadata().title.as_str()), (2, "测试书"));
}

#[test]
fn covers_are_found_in_every_place() {
    let with = |id: &str, properties: &str| {
        BookBuilder::new("书").item(id, "img/p.png", "img/p.png", "image/png", properties, png(300, 400))
    };
    let wrapper = "<svg><image xlink:href='img/p.png'/></svg>";
    let books = [
        with("x", "cover-image"),
        with("x", "").metadata("<meta name=\"cover\" content=\"x\"/>"),
        with("x", "").metadata("<meta name=\"cover\" content=\"img/p.png\"/>"),
        with("x", "").page("w.xhtml", "w.xhtml", wrapper.into()).guide("<reference type=\"cover\" href=\"w.xhtml\"/>"),
    ];
    for book in books {
        let book = open(&book.build());
        assert_eq!(book.cover().map(|one| one.path.as_str()), Some("OEBPS/img/p.png"));
        let picture = cover::of(&book);
        assert_eq!((picture.width, picture.height, picture.mime), (300, 400, "image/jpeg"));
        let small = cover::thumbnail(&picture, 60, 60);
        assert_eq!((small.width, small.height), (45, 60));
    }
    assert!(open(&with("x", "").build()).cover().is_none());
}

#[test]
fn a_book_without_a_usable_picture_gets_one_drawn() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
    let mut bomb = png(8, 8);
    bomb[16..24].copy_from_slice(&[0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20]);
    let drawn = cover::draw("书", &["某人"]);
    for (name, bytes) in [("c.svg", svg), ("c.png", bomb), ("c.jpg", b"\xFF\xD8\xFFnonsense".to_vec())] {
        let kind = if name.ends_with("svg") { "image/svg+xml" } else { "image/png" };
        let book = open(&BookBuilder::new("书").item("c", name, name, kind, "cover-image", bytes).build());
        assert_eq!(cover::of(&book), drawn, "{name}");
    }
    assert!((10_000..50_000).contains(&drawn.bytes.len()), "{}", drawn.bytes.len());
}

#[test]
fn a_text_becomes_chapters() {
    let text = "《测试》\r\n作者：某人\r\n\r\n第一卷 起\r\n第一章 甲\r\n　　话说天下大势。\r\n　　第十回合，两人不分胜负。\r\n第二章 乙\r\n　　分久必合。\r\n后记\r\n　　完。\r\n";
    let bytes = encoding_rs::GB18030.encode(text).0;
    let book = read(&bytes, Some("download.txt")).expect("a book");
    assert_eq!((book.metadata().title.as_str(), book.metadata().authors()), ("测试", vec!["某人"]));
    assert_eq!(book.metadata().language.as_deref(), Some("zh-CN"));
    let found = texts(&book);
    assert_eq!(found[1], ("第一章 甲".into(), "话说天下大势。\n第十回合，两人不分胜负。".into()));
    let volume = book.toc().iter().find(|entry| entry.title == "第一卷 起").expect("volume");
    assert_eq!(titles(&volume.children), ["第一章 甲", "第二章 乙", "后记"]);
}

#[test]
fn other_formats_are_kept_by_their_name() {
    let book = read(b"%PDF-1.7\n", Some("[刘慈欣] 三体.pdf")).expect("a book");
    assert_eq!((book.format(), book.text_known()), (Format::Pdf, false));
    assert_eq!((book.metadata().title.as_str(), book.metadata().authors()), ("三体", vec!["刘慈欣"]));
    assert_eq!(cover::of(&book).width, cover::WIDTH);
    assert!(matches!(read(b"", Some("a.txt")), Err(Error::Malformed(_))));
    assert!(matches!(read(b"\x89PNG\r\n\x1a\n", Some("a.epub")), Err(Error::Unknown)));
    assert_eq!(sniff(&BookBuilder::new("书").build(), Some("a.mobi")), Some(Format::Epub));
}

#[test]
fn the_starter_library_reads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/starter");
    let mut books = 0;
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("name").to_owned();
        if name == "README.md" {
            continue;
        }
        books += 1;
        let book =
            read(&std::fs::read(&path).expect("file"), Some(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(name.starts_with(&book.metadata().title), "{name}: {}", book.metadata().title);
        assert!(!book.metadata().authors().is_empty(), "{name}");
        assert!(book.chapters().len() >= 5 && book.toc().len() >= 4, "{name}: {}", book.chapters().len());
        assert!(book.metadata().language.is_some(), "{name}");
    }
    assert!(books >= 6, "{books} books");
}
