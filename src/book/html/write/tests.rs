//! What the room above promises, tried on small inputs.

use super::*;
use crate::book::edition::{File, Page};
use crate::book::model::{Contributor, Layout, Metadata, Role};
use crate::book::report::Report;

fn page(at: usize, head: &str, body: &str) -> Page {
    Page {
        path: format!("p{at:04}.xhtml"),
        title: format!("Page {at}"),
        markup: format!(
            "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>x</title>{head}</head>{body}</html>"
        ),
        linear: at != 2,
    }
}

pub(in crate::book::html) fn edition() -> Edition {
    let link = "<link rel=\"stylesheet\" href=\"s0001.css\"/>";
    let metadata = Metadata {
        title: "A & B".into(),
        language: Some("zh-CN".into()),
        contributors: vec![
            Contributor { sort_as: Some("Jia".into()), ..Contributor::new("甲", Role::Author) },
            Contributor::new("乙", Role::Translator),
        ],
        ..Metadata::default()
    };
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 2000]].concat();
    let entry = |title: &str, chapter, fragment: Option<&str>, children| TocEntry {
        title: title.into(),
        target: Some(Target { chapter, fragment: fragment.map(str::to_owned) }),
        children,
    };
    Edition {
        metadata,
        layout: Layout::default(),
        pages: vec![
            page(
                1,
                "",
                "<body><h1>一</h1><p id=\"n\">x<a href=\"p0002.xhtml#n\">1</a> <a href=\"#n\">self</a></p><p><img src=\"i0001.png\" alt=\"\"/></p></body>",
            ),
            page(
                2,
                link,
                "<body class=\"notes\"><p id=\"n\">note <a href=\"p0001.xhtml\">back</a><img src=\"i0001.png\" alt=\"\"/></p></body>",
            ),
            page(3, link, "<body><h1>三</h1><p>y</p></body>"),
        ],
        files: vec![
            File { path: "i0001.png".into(), media_type: "image/png", bytes: png },
            File {
                path: "s0001.css".into(),
                media_type: "text/css",
                bytes: b"body{margin:0} p{color:red} #n{color:blue}".to_vec(),
            },
        ],
        toc: vec![entry("一", 0, None, vec![entry("注", 1, Some("n"), Vec::new())]), entry("三", 2, None, Vec::new())],
        landmarks: Vec::new(),
        page_list: Vec::new(),
        cover: Some(0),
        report: Report::default(),
    }
}

#[test]
fn a_book_is_one_well_formed_page() {
    let html = String::from_utf8(write(&edition()).bytes).expect("UTF-8");
    let xml = html.replacen("<!DOCTYPE html>", "", 1);
    let tree = roxmltree::Document::parse(&xml);
    assert!(tree.is_ok(), "{tree:?}\n{html}");
    let at = |what: &str| html.find(what).unwrap_or_else(|| panic!("{what} is not in\n{html}"));
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"zh-CN\">"));
    assert!(at("<title>A &amp; B</title>") < at("id=\"toc\""));
    // What stands outside the reading order comes last.
    assert!(at("id=\"p0003\"") < at("id=\"p0002\""));
    at("href=\"#p0002-n\">1</a> <a href=\"#p0001-n\">self");
    at("id=\"p0002-n\"");
    at("<a href=\"#p0001\">back</a>");
    at("<a href=\"#p0002-n\">注</a>");
    at("data-sort-as=\"Jia\"");
    at(".s0001 p");
    at(".s0001 [id$=\"-n\"]");
    at("class=\"page s0001 notes\"");
    // The picture is stored for its first place and once more for all others.
    assert_eq!(html.matches("data:image/png").count(), 2);
    at("data-cover=\"\"");
    at("data-picture=\"i0001.png\"");
}

#[test]
fn what_a_page_has_no_place_for_is_reported() {
    use crate::book::model::{Landmark, LandmarkKind};
    let target = Target { chapter: 2, fragment: None };
    let page = TocEntry { title: "1".into(), target: Some(target.clone()), children: Vec::new() };
    let landmark = Landmark { kind: LandmarkKind::Start, title: String::new(), target };
    let report = write(&Edition { landmarks: vec![landmark], page_list: vec![page], ..edition() }).report;
    assert_eq!((report.count(Change::LandmarkDropped), report.count(Change::PageListDropped)), (1, 1));
    assert!(write(&edition()).report.is_empty());
}
