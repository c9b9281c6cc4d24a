//! What Amazon's Send to Kindle refuses (its error E999), looked for in an EPUB that was written for it.

use crate::book::model::{Chapter, Content, Resource, Target, TocEntry};
use crate::book::{Book, Change, Format, WriteOptions, Written, picture, write};
use std::collections::HashMap;
use std::io::{Cursor, Read};

fn chapter(at: usize, body: &str) -> Chapter {
    let markup =
        format!("<html><head><title/><script>x()</script></head><body id=\"all\" onload=\"x()\">{body}</body>");
    Chapter { path: format!("text/c{at}.html"), title: String::new(), content: Content::Markup(markup), linear: true }
}

fn encoded(format: image::ImageFormat) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(120, 160, |x, y| image::Rgb([x as u8, y as u8, 7]));
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).expect("encodes");
    out.into_inner()
}

/// A book with one of everything that is refused.
fn refused() -> Book {
    let mut book = Book::new(Format::Epub);
    book.chapters = vec![
        chapter(1, "<img src=\"../a.webp\"/><img src=\"../b.svg\"/><img src=\"https://example.org/c.png\"/><img/>"),
        chapter(2, "<p> </p><a id=\"here\"></a>"),
        chapter(
            3,
            "<p>&nbsp;a & b<br><i>c</p><video src=\"https://example.org/v.mp4\"></video><audio src=\"../m.mp3\"/>",
        ),
        chapter(4, "<svg viewBox=\"0 0 9 9\"><image xlink:href=\"../a.webp\" width=\"9\" height=\"9\"/></svg>"),
    ];
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 300 400'><rect width='300' height='400'/></svg>";
    let file = |path: &str, bytes: Vec<u8>| Resource { path: path.into(), media_type: "image/jpeg".into(), bytes };
    book.resources = vec![
        file("a.webp", encoded(image::ImageFormat::WebP)),
        file("b.svg", svg.to_vec()),
        file("m.mp3", b"ID3 sound".to_vec()),
        file("cover.svg", svg.to_vec()),
    ];
    book.cover = Some(3);
    let target = Some(Target { chapter: 1, fragment: Some("all".into()) });
    book.toc = vec![TocEntry { title: "\u{4}一".into(), target, children: Vec::new() }];
    book
}

fn files(written: &Written) -> HashMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(&written.bytes)).expect("a ZIP");
    let mut files = HashMap::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        files.insert(entry.name().expect("a name").into_owned(), bytes);
    }
    files
}

fn text<'f>(files: &'f HashMap<String, Vec<u8>>, name: &str) -> &'f str {
    std::str::from_utf8(files.get(name).unwrap_or_else(|| panic!("no {name}"))).expect("UTF-8")
}

#[test]
fn a_book_for_kindle_holds_nothing_that_is_refused() {
    let options = WriteOptions { for_kindle: true, ..WriteOptions::default() };
    let written = write(&refused(), Format::Epub, &options).expect("written");
    assert_eq!(written.bytes[30..58], *b"mimetypeapplication/epub+zip");
    assert_eq!(written.bytes[8..10], [0, 0], "stored");
    let files = files(&written);
    assert!(!files.contains_key("META-INF/encryption.xml"));
    let package = text(&files, "EPUB/package.opf");
    let parsed = roxmltree::Document::parse(package).expect("well-formed");
    let said = |name: &str| {
        let node = parsed.descendants().find(|node| node.tag_name().name() == name);
        node.and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    assert!(!said("title").trim().is_empty());
    assert_eq!(said("language"), "en");
    let mut covers = 0;
    for item in parsed.descendants().filter(|node| node.tag_name().name() == "item") {
        let (href, kind) = (item.attribute("href").unwrap_or(""), item.attribute("media-type").unwrap_or(""));
        let bytes = files.get(&format!("EPUB/{href}")).unwrap_or_else(|| panic!("{href} is not there"));
        assert!(!bytes.is_empty(), "{href}");
        let properties = item.attribute("properties").unwrap_or("");
        assert!(!properties.contains("scripted") && !properties.contains("remote"), "{href}");
        assert_ne!(kind, "image/svg+xml", "{href}");
        if kind.contains("xml") {
            page(href, std::str::from_utf8(bytes).expect("UTF-8"));
        } else {
            assert!(matches!(kind, "image/jpeg" | "image/png" | "image/gif"), "{href} is {kind}");
            assert_eq!(picture::sniff(bytes).map(picture::Kind::media_type), Some(kind), "{href}");
        }
        if properties.contains("cover-image") {
            covers += 1;
            assert!(kind == "image/jpeg" && bytes.len() <= 5 << 20, "{href}");
            let id = item.attribute("id").unwrap_or("");
            assert!(package.contains(&format!("<meta name=\"cover\" content=\"{id}\"/>")), "{package}");
        }
    }
    assert_eq!(covers, 1);
    assert_eq!(parsed.descendants().filter(|node| node.tag_name().name() == "itemref").count(), 4);
}

/// Well-formed UTF-8 that says so, without programs, remote files and empty pages; contents lead to no body.
fn page(href: &str, markup: &str) {
    let parsed = roxmltree::Document::parse_with_options(
        markup,
        roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
    );
    let parsed = parsed.unwrap_or_else(|error| panic!("{href}: {error}\n{markup}"));
    assert!(markup.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>"), "{href}");
    for node in parsed.descendants().filter(|node| node.is_element()) {
        let name = node.tag_name().name();
        assert!(!matches!(name, "script" | "audio" | "video" | "iframe" | "form"), "{href}: {name}");
        assert!(node.attributes().all(|one| !one.name().starts_with("on")), "{href}: {name}");
        let source = node.attribute("src").unwrap_or_default();
        assert!(!source.contains("://") && (name != "img" || !source.is_empty()), "{href}: {source}");
        assert!(!node.attribute("href").or(node.attribute("src")).is_some_and(|at| at.ends_with("#all")), "{href}");
    }
    if let Some(body) = parsed.descendants().find(|node| node.tag_name().name() == "body") {
        let shows = |node: roxmltree::Node<'_, '_>| {
            node.tag_name().name() == "img"
                || node.text().is_some_and(|text| !text.trim_matches([' ', '\n']).is_empty())
        };
        assert!(body.descendants().any(shows), "{href} is empty: {markup}");
    }
}

#[test]
fn only_a_book_for_kindle_loses_what_others_show() {
    let written = write(&refused(), Format::Epub, &WriteOptions::default()).expect("written");
    let names: Vec<String> = files(&written).into_keys().collect();
    for end in [".webp", ".svg", ".mp3"] {
        assert!(names.iter().any(|name| name.ends_with(end)), "{end} is not in {names:?}");
    }
}

/// A book with nothing but text and that cover.
fn with_cover(bytes: Vec<u8>) -> Written {
    let mut book = Book::new(Format::Epub);
    book.chapters = vec![chapter(1, "<p>a</p>")];
    book.resources = vec![Resource { path: "cover.gif".into(), media_type: "image/gif".into(), bytes }];
    book.cover = Some(0);
    write(&book, Format::Epub, &WriteOptions { for_kindle: true, ..WriteOptions::default() }).expect("written")
}

#[test]
fn a_cover_of_another_kind_is_in_the_book_once() {
    let files = files(&with_cover(encoded(image::ImageFormat::Gif)));
    let pictures: Vec<&String> = files.keys().filter(|name| name.starts_with("EPUB/i")).collect();
    assert_eq!(pictures, ["EPUB/i0001.jpg"]);
    assert!(text(&files, "EPUB/package.opf").contains("properties=\"cover-image\""));
}

#[test]
fn a_cover_that_is_lost_is_told() {
    for broken in [b"GIF89a".to_vec(), b"no picture at all".to_vec(), Vec::new()] {
        let written = with_cover(broken);
        assert!(written.report.count(Change::PictureDropped) > 0, "{:?}", written.report);
        assert!(!text(&files(&written), "EPUB/package.opf").contains("cover-image"));
    }
    assert_eq!(with_cover(encoded(image::ImageFormat::Gif)).report.count(Change::PictureDropped), 0);
}
