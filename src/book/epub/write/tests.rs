//! What the room above promises, tried on small inputs.

use super::*;
use crate::book::edition::{File, Page};
use crate::book::model::{Direction, FixedLayout, Identifier, Landmark, LandmarkKind, Metadata, Role, Series, Spread};
use crate::book::{Change, Layout, Report, epub};

fn page(path: &str, body: &str, linear: bool) -> Page {
    let markup = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" \
         xmlns:epub=\"http://www.idpf.org/2007/ops\"><head><title>{path}</title></head><body>{body}</body></html>"
    );
    Page { path: path.into(), title: String::new(), markup, linear }
}

fn target(chapter: usize, fragment: Option<&str>) -> Target {
    Target { chapter, fragment: fragment.map(str::to_owned) }
}

fn entry(title: &str, target: Option<Target>, children: Vec<TocEntry>) -> TocEntry {
    TocEntry { title: title.into(), target, children }
}

/// An edition with everything in it.
pub(super) fn full() -> Edition {
    let mut metadata = Metadata {
        title: "书 & 名".into(),
        subtitle: Some("副题".into()),
        language: Some("zh-TW".into()),
        publisher: Some("书局".into()),
        published: Some("1925年5月".into()),
        series: Some(Series { name: "丛书".into(), number: Some("2".into()) }),
        subjects: vec!["小说".into()],
        description: Some("一 <二>".into()),
        identifiers: vec![
            Identifier { scheme: "isbn".into(), value: "978-7-02-000220-7".into() },
            Identifier { scheme: "douban".into(), value: "123".into() },
        ],
        rights: Some("公有领域".into()),
        source: Some("初版".into()),
        modified: Some("2024-05-01T08:00:00+08:00".into()),
        ..Metadata::default()
    };
    metadata.add_author("某人");
    metadata.add("译者", Role::Translator);
    metadata.contributors[0].sort_as = Some("Mou Ren".into());
    let svg = "<p id=\"x\">二<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"></svg></p>";
    Edition {
        metadata,
        layout: Layout {
            direction: Some(Direction::RightToLeft),
            vertical: true,
            fixed: None,
            spreads: [(0, Spread::Left), (3, Spread::Center)].into(),
        },
        pages: vec![
            page("p0001.xhtml", "<p id=\"a\">一<a href=\"p0003.xhtml\">注</a></p>", true),
            page("p0002.xhtml", svg, true),
            page("p0003.xhtml", "<p>三</p>", false),
            page("p0004.xhtml", "<p>四</p>", false),
        ],
        files: vec![File {
            path: "i0001.jpg".into(),
            media_type: "image/jpeg",
            bytes: crate::book::cover::draw("书", &[]).bytes,
        }],
        toc: vec![
            entry("卷一", None, vec![entry("甲", Some(target(0, Some("a"))), vec![])]),
            entry("乙", Some(target(1, Some("x"))), vec![]),
        ],
        landmarks: vec![Landmark { kind: LandmarkKind::Start, title: String::new(), target: target(0, None) }],
        page_list: vec![entry("1", Some(target(0, None)), vec![]), entry("ii", Some(target(1, None)), vec![])],
        cover: Some(0),
        report: Report::default(),
    }
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("zip");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut zip.by_name(name).expect(name), &mut text).expect("text");
    text
}

#[test]
fn the_container_is_as_the_format_wants_it() {
    let bytes = write(full()).expect("written").bytes;
    assert_eq!(bytes, write(full()).expect("written").bytes);
    // Name at 30, no extra field (its length stands at 28), stored (method at 8), content behind it.
    assert_eq!(bytes[30..58], *b"mimetypeapplication/epub+zip");
    assert_eq!((&bytes[28..30], &bytes[8..10]), (&[0, 0][..], &[0, 0][..]));
    let zip = zip::ZipArchive::new(Cursor::new(&bytes)).expect("zip");
    let names: Vec<String> = zip.file_names().map(|name| name.expect("name").into_owned()).collect();
    assert_eq!(names[..3], ["mimetype", "META-INF/container.xml", "EPUB/package.opf"]);
    assert_eq!(names.len(), 5 + 4 + 1);
}

#[test]
fn what_is_written_is_read_again() {
    let written = write(full()).expect("written");
    let book = epub::read(&written.bytes, &crate::book::ReadOptions::default()).expect("read");
    let (metadata, wanted) = (book.metadata(), full().metadata);
    assert_eq!((&metadata.title, &metadata.subtitle), (&wanted.title, &wanted.subtitle));
    assert_eq!(metadata.contributors, wanted.contributors);
    assert_eq!((&metadata.series, &metadata.subjects), (&wanted.series, &wanted.subjects));
    assert_eq!(metadata.published.as_deref(), Some("1925-05"));
    assert_eq!(written.report.count(Change::MetadataRepaired), 1);
    assert_eq!(metadata.description.as_deref(), Some("一 <二>"));
    assert_eq!(book.toc(), full().toc);
    assert_eq!((book.page_list(), book.layout()), (&full().page_list[..], &full().layout));
    assert_eq!((book.landmarks()[0].kind, &book.landmarks()[0].target), (LandmarkKind::Start, &target(0, None)));
    let linear: Vec<bool> = book.chapters().iter().map(|chapter| chapter.linear).collect();
    assert_eq!(linear, [true, true, false, true]);
    assert_eq!(metadata.identifiers[1], wanted.identifiers[1]);
    assert_eq!((&metadata.rights, &metadata.source), (&wanted.rights, &wanted.source));
    assert_eq!(metadata.modified.as_deref(), Some("2024-05-01T00:00:00Z"));
    assert!(book.report().is_empty(), "{:?}", book.report());
    assert_eq!(book.cover().map(|cover| cover.path.as_str()), Some("EPUB/i0001.jpg"));
}

#[test]
fn the_package_says_what_is_in_the_book() {
    let written = write(full()).expect("written");
    let package = part(&written.bytes, "EPUB/package.opf");
    for wanted in [
        "<dc:identifier id=\"id1\">urn:isbn:9787020002207</dc:identifier>",
        "<meta refines=\"#id2\" property=\"identifier-type\">douban</meta>",
        "<meta property=\"dcterms:modified\">2024-05-01T00:00:00Z</meta>",
        "<meta name=\"cover\" content=\"i0001-jpg\"/>",
        "<meta name=\"primary-writing-mode\" content=\"vertical-rl\"/>",
        "media-type=\"image/jpeg\" properties=\"cover-image\"/>",
        "href=\"p0002.xhtml\" media-type=\"application/xhtml+xml\" properties=\"svg\"/>",
        "<spine toc=\"ncx\" page-progression-direction=\"rtl\">",
        "<itemref idref=\"p0003-xhtml\" linear=\"no\"/>",
        // Nothing leads to it.
        "<itemref idref=\"p0004-xhtml\" properties=\"rendition:page-spread-center\"/>",
        "<reference type=\"text\" title=\"正文\" href=\"p0001.xhtml\"/>",
    ] {
        assert!(package.contains(wanted), "{wanted} not in {package}");
    }
    let ncx = part(&written.bytes, "EPUB/toc.ncx");
    for wanted in [
        "content=\"urn:isbn:9787020002207\"",
        "<navPoint id=\"n1\" playOrder=\"1\">",
        "<navPoint id=\"n2\" playOrder=\"1\">",
        "<navPoint id=\"n3\" playOrder=\"2\">",
        "<pageTarget id=\"page1\" type=\"normal\" value=\"1\" playOrder=\"3\">",
        "name=\"dtb:depth\" content=\"2\"",
    ] {
        assert!(ncx.contains(wanted), "{wanted} not in {ncx}");
    }
}

#[test]
fn pages_of_a_fixed_size_are_announced() {
    let size = Some((1200, 1600));
    let fixed = FixedLayout { orientation: Some("portrait".into()), spread: Some("sideways".into()), size };
    let layout = Layout { fixed: Some(fixed), ..Layout::default() };
    let package = part(&write(Edition { layout, ..full() }).expect("written").bytes, "EPUB/package.opf");
    assert!(package.contains("<meta property=\"rendition:layout\">pre-paginated</meta>"));
    assert!(package.contains("<meta name=\"original-resolution\" content=\"1200x1600\"/>"));
    assert!(package.contains("rendition:orientation\">portrait<") && !package.contains("rendition:spread"));
    assert!(!package.contains("page-progression-direction") && !package.contains("primary-writing-mode"));
}

#[test]
fn a_book_without_a_name_gets_the_same_one_each_time() {
    let nameless = |title: &str| {
        let mut edition = full();
        edition.metadata.identifiers.clear();
        edition.metadata.title = title.into();
        let written = write(edition).expect("written");
        let package = part(&written.bytes, "EPUB/package.opf");
        let (_, after) = package.split_once("id=\"id1\">").expect("identifier");
        after.split('<').next().unwrap_or_default().to_owned()
    };
    let name = nameless("甲");
    assert_eq!((&name[..9], &name[23..24], name.len()), ("urn:uuid:", "5", 45));
    assert_eq!(name, nameless("甲"));
    assert_ne!(name, nameless("乙"));
}

#[test]
fn people_keep_what_they_did_and_whether_they_are_creators() {
    use crate::book::model::Contributor;
    let mut edition = full();
    let one = |name: &str, role, creator| Contributor { creator, ..Contributor::new(name, role) };
    edition.metadata.contributors = vec![
        one("甲", Role::Annotator, true),
        one("甲", Role::Author, true),
        one("乙", Role::Illustrator, true),
        one("乙", Role::Illustrator, false),
        one("丙", Role::Author, false),
    ];
    let wanted = edition.metadata.contributors.clone();
    let bytes = write(edition).expect("written").bytes;
    let package = part(&bytes, "EPUB/package.opf");
    assert_eq!((package.matches("<dc:creator").count(), package.matches("<dc:contributor").count()), (2, 2));
    let book = epub::read(&bytes, &crate::book::ReadOptions::default()).expect("read");
    assert_eq!(book.metadata().contributors, wanted);
    assert_eq!(book.metadata().authors(), ["甲", "丙"]);
}
