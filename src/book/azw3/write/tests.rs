//! Editions written and taken apart again.

use super::*;
use crate::book::edition::{File, Page};
use crate::book::{Format, Landmark, LandmarkKind, Layout, Metadata, Target, TocEntry, WriteOptions};

fn page(number: usize, body: &str) -> Page {
    let head = "<head><title>t</title><link rel=\"stylesheet\" href=\"s0001.css\"/></head>";
    let markup = format!("<html xmlns=\"http://www.w3.org/1999/xhtml\">{head}<body>{body}</body></html>");
    Page { path: format!("p{number:04}.xhtml"), title: String::new(), markup, linear: true }
}

fn entry(title: &str, chapter: usize, fragment: Option<&str>, children: Vec<TocEntry>) -> TocEntry {
    let target = Some(Target { chapter, fragment: fragment.map(str::to_owned) });
    TocEntry { title: title.into(), target, children }
}

/// Three pages: one short, one of long paragraphs in a section, one of one long paragraph.
fn edition() -> Edition {
    let paragraphs: String =
        (0..60).map(|at| format!("<p id=\"q{at}\">{}</p>", "这是一段很长的文字。".repeat(20))).collect();
    let long = "no blank&amp;no end".repeat(2000);
    let pages = vec![
        page(1, "<p>See <a href=\"p0002.xhtml#q59\">there</a>, <a href=\"p0003.xhtml\">and there</a>.</p>"),
        page(2, &format!("<section id=\"s\"><h1 id=\"h\">二</h1>{paragraphs}</section>")),
        page(3, &format!("<p>{long}</p><table><tr><td id=\"cell\">x</td></tr></table><svg width=\"9\"><g/></svg>")),
    ];
    let css = b"p { background: url(\"i0001.png\") }".to_vec();
    let mut metadata = Metadata { title: "书".into(), language: Some("zh-CN".into()), ..Metadata::default() };
    metadata.add_author("某");
    Edition {
        metadata,
        layout: Layout::default(),
        pages,
        files: vec![
            File { path: "s0001.css".into(), media_type: "text/css", bytes: css },
            File { path: "i0001.png".into(), media_type: "image/png", bytes: b"\x89PNG\r\n\x1a\n".to_vec() },
        ],
        toc: vec![
            entry("one", 0, None, Vec::new()),
            entry("two", 1, Some("h"), vec![entry("deep", 1, Some("q30"), Vec::new())]),
            entry("three", 2, None, Vec::new()),
        ],
        landmarks: vec![Landmark {
            kind: LandmarkKind::Start,
            title: String::new(),
            target: Target { chapter: 1, fragment: None },
        }],
        page_list: Vec::new(),
        cover: None,
        report: Report::default(),
    }
}

fn composed(edition: &Edition) -> Composed<'_> {
    Composed::of(edition, &Resources::of(edition, Version::Eight), &mut Report::default())
}

/// The pages as a reader puts them together: every fragment into its skeleton.
fn rebuilt(composed: &Composed<'_>) -> Vec<String> {
    let mut at = 0;
    let mut take = |length: usize| {
        at += length;
        composed.text[at - length..at].to_vec()
    };
    let page = |skeleton: &text::Skeleton| {
        let mut page = take(skeleton.length);
        for fragment in &composed.fragments[skeleton.first..skeleton.first + skeleton.count] {
            let place = fragment.range.start - skeleton.start;
            page.splice(place..place, take(fragment.range.len()));
        }
        String::from_utf8(page).expect("text")
    };
    composed.skeletons.iter().map(page).collect()
}

/// A page without what KF8 adds to it.
fn plain(page: &str) -> String {
    let mut out = String::new();
    for piece in scan::scan(page) {
        if let scan::Piece::Text(text) = piece {
            out.push_str(text);
        }
    }
    out
}

#[test]
fn skeletons_and_fragments_give_the_pages_back() {
    let edition = edition();
    let composed = composed(&edition);
    let pages = rebuilt(&composed);
    for (made, source) in pages.iter().zip(&edition.pages) {
        assert_eq!(plain(made), plain(&source.markup));
        assert!(made.ends_with("</body></html>"));
    }
    assert!(composed.fragments.len() >= 8);
    assert!(composed.fragments.iter().all(|fragment| fragment.range.len() <= page::LARGEST));
    let whole = pages.concat();
    for fragment in &composed.fragments {
        assert!(whole[fragment.range.clone()].starts_with('<'));
        let parent = format!("aid=\"{}\"", super::super::super::palm::write::base32(fragment.parent, 1));
        assert_eq!(whole.matches(&parent).count(), 1);
    }
    let table = &whole[whole.find("<table").expect("a table")..whole.find("</table").expect("its end")];
    assert!(!table.contains("aid="));
    assert!(whole.contains("<img src=\"kindle:flow:0002?mime=image/svg+xml\" alt=\"\" width=\"9\"/>"));
}

#[test]
fn links_lead_to_the_tag() {
    let edition = edition();
    let composed = composed(&edition);
    let whole = rebuilt(&composed).concat();
    let target = |at: usize| {
        let link = whole.match_indices("kindle:pos:fid:").nth(at).expect("a link").0;
        let number = |from: usize, length| {
            usize::from_str_radix(&whole[link + from..link + from + length], 32).expect("a number")
        };
        composed.fragments[number(15, 4)].range.start + number(24, 10)
    };
    assert!(whole[target(0)..].starts_with("<p id=\"q59\""));
    // A page is reached by its first fragment.
    assert!(whole[target(1)..].starts_with("<span class=\"AmznBigTextBlock\""));
    let ncx = composed.ncx(&edition.toc);
    let starts: Vec<&str> = ncx.entries().iter().map(|entry| &whole[entry.point.position..][..8]).collect();
    assert_eq!(starts, ["<p aid=\"", "<h1 id=\"", "<p id=\"q", "<span cl"]);
    assert_eq!(composed.flow_lengths().len(), 3);
    assert!(String::from_utf8_lossy(&composed.text).contains("url(\"kindle:embed:0001?mime=image/png\")"));
}

#[test]
fn our_own_reader_finds_everything() {
    let edition = edition();
    let written = write(&edition).expect("a file");
    assert_eq!(written.bytes, write(&edition).expect("the same").bytes);
    let book = crate::book::read(&written.bytes, None).expect("a book");
    assert_eq!(book.format(), Format::Azw3);
    assert_eq!((book.metadata().title.as_str(), book.metadata().authors()), ("书", vec!["某"]));
    let titles: Vec<&str> = book.toc().iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(titles, ["one", "two", "three"]);
    assert_eq!(book.toc()[1].children[0].title, "deep");
    assert_eq!(book.chapters().len(), 3);
    assert!(book.chapters()[1].text().starts_with('二'));
    // And the way back again.
    assert!(crate::book::write(&book, Format::Azw3, &WriteOptions::default()).is_ok());
}

#[test]
fn a_page_of_nothing_but_text_can_be_linked_to() {
    let mut edition = edition();
    edition.pages = vec![page(1, ""), page(2, "text"), page(3, "<svg><g/></svg>")];
    let composed = composed(&edition);
    assert_eq!(composed.fragments.len(), 3);
    assert_eq!(rebuilt(&composed).iter().map(|page| plain(page)).collect::<Vec<_>>(), ["t", "ttext", "t"]);
}

#[test]
fn the_first_words_of_a_long_paragraph_can_be_linked_to() {
    let mut edition = edition();
    let words = "<i>City Arms</i> hotel when he used to ".repeat(400);
    edition.pages = vec![page(1, &format!("<section id=\"c\">\n<p>Yes because {words}</p></section>"))];
    let composed = composed(&edition);
    let whole = rebuilt(&composed).concat();
    assert_eq!(plain(&whole), plain(&edition.pages[0].markup));
    let place = composed.place_of(&Target { chapter: 0, fragment: Some("c".into()) });
    assert!(whole[place.position..].starts_with("Yes because"));
    assert!(composed.fragments.iter().all(|fragment| fragment.range.len() <= page::LARGEST));
}

#[test]
fn a_drawing_that_was_a_file_stays_one() {
    let mut edition = edition();
    let svg = b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><g id=\"own\"/></svg>".to_vec();
    edition.files.push(File { path: "d0001.svg".into(), media_type: "image/svg+xml", bytes: svg });
    let shown = "<p><img src=\"d0001.svg\" alt=\"a\"/></p><p><img src=\"d0001.svg\" alt=\"b\"/></p>";
    edition.pages[0] = page(1, &format!("{shown}<svg width=\"9\"><g/></svg>"));
    let book = crate::book::read(&write(&edition).expect("a file").bytes, None).expect("a book");
    let crate::book::Content::Markup(markup) = &book.chapters()[0].content else { panic!("markup") };
    assert_eq!((markup.matches("<img").count(), markup.matches("<svg width=\"9\">").count()), (2, 1), "{markup}");
    assert!(markup.contains("alt=\"b\"") && !markup.contains("own"));
    let drawings = book.resources().iter().filter(|file| file.media_type == "image/svg+xml");
    assert_eq!(drawings.map(|file| file.path.as_str()).collect::<Vec<_>>(), ["images/drawing0002.svg"]);
    assert!(markup.contains("src=\"../images/drawing0002.svg\""));
}
