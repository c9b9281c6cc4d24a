//! What the room above promises, tried on small inputs.

use super::*;

fn book(html: &str) -> Book {
    read(html.as_bytes(), &ReadOptions::default()).expect("a book")
}

#[test]
fn what_was_written_is_read_back() {
    let edition = crate::book::html::write::tests::edition();
    let written = crate::book::html::write::write(&edition);
    let book = read(&written.bytes, &ReadOptions::default()).expect("a book");
    assert_eq!(book.metadata.title, "A & B");
    assert_eq!(book.metadata.contributors, edition.metadata.contributors);
    let titles: Vec<&str> = book.chapters.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(titles, ["一", "三", "注"]);
    assert!(!book.chapters[2].linear);
    assert_eq!(book.toc.len(), 2);
    assert_eq!(book.toc[0].children[0].title, "注");
    assert_eq!(book.toc[0].children[0].target, Some(Target { chapter: 2, fragment: Some("p0002-n".into()) }));
    assert_eq!(book.cover().map(|cover| cover.bytes.as_slice()), Some(edition.files[0].bytes.as_slice()));
    assert_eq!(book.resources.iter().filter(|one| one.media_type == "image/png").count(), 1);
    let Content::Markup(first) = &book.chapters[0].content else { panic!("no markup") };
    assert!(first.contains("href=\"index-0003.html#p0002-n\""), "{first}");
    assert!(first.contains("href=\"#p0001-n\""), "{first}");
    assert!(!book.chapters[0].text().contains("目录"));
}

#[test]
fn a_long_page_is_cut_at_its_headings() {
    let text = "字".repeat(7000);
    let html = format!(
        "<title>书</title><body><div class=w><h1>书</h1><a id=c1></a><h2>一</h2><p>{text}<a href='#n'>1</a>\
         <div><h2 id=c2>二</h2><h3>小</h3><p id=n>{text}</div></div>"
    );
    let book = book(&html);
    let titles: Vec<&str> = book.chapters.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(titles, ["书", "一", "二"]);
    let Content::Markup(second) = &book.chapters[1].content else { panic!("no markup") };
    assert!(second.contains("<div class=\"w\"><a id=\"c1\"></a><h2>"), "{second}");
    assert!(second.contains("href=\"index-0003.html#n\""), "{second}");
    assert_eq!(book.toc.len(), 3);
    assert_eq!(book.toc[2].children[0].title, "小");
    assert_eq!(book.metadata.language.as_deref(), Some("zh-CN"));
}

#[test]
fn only_so_many_headings_are_listed_and_the_rest_is_counted() {
    let html: String = (0..MOST_HEADINGS + 10).map(|at| format!("<h2>t{at}</h2>x")).collect();
    let book = book(&html);
    assert_eq!(toc::count(&book.toc), MOST_HEADINGS);
    assert_eq!(book.report.count(Change::BeyondBounds), 10);
    let markup: String = book.chapters.iter().map(|one| one.text().into_owned()).collect();
    assert!(markup.contains(&format!("t{}", MOST_HEADINGS + 9)), "nothing of the text is lost");
    let ids = |chapter: &Chapter| match &chapter.content {
        Content::Markup(markup) => markup.matches(" id=\"heading-").count(),
        Content::Text(_) => 0,
    };
    assert!(book.chapters.iter().map(ids).sum::<usize>() < MOST_HEADINGS, "those not listed get no names");
    let listed = format!("<nav><ol><li><a href='#a'>A</a></li></ol></nav><p id=a>x{html}");
    assert_eq!(read(listed.as_bytes(), &ReadOptions::default()).expect("a book").report.count(Change::BeyondBounds), 0);
}

#[test]
fn long_entries_of_the_contents_are_cut() {
    for (length, kept) in [(300, 300), (700, 500), (2000, 500)] {
        let html = format!("<nav><ol><li><a href='#a'>{}</a></li></ol></nav><p id=a>x", "字".repeat(length));
        let toc = book(&html).toc;
        assert_eq!(toc.iter().map(|entry| entry.title.chars().count()).collect::<Vec<_>>(), [kept]);
    }
    let heading = format!("<h1>{}</h1><h1>T</h1><p>x", "字".repeat(300));
    assert_eq!(book(&heading).toc.len(), 1);
}

#[test]
fn pages_of_very_many_sections_are_cut_up_to_a_bound() {
    let html = "<section><p>xy</p></section>".repeat(10_100);
    let chapters = book(&html).chapters;
    assert_eq!(chapters.len(), 10_000);
    assert!(chapters.last().is_some_and(|last| last.text().len() > 200));
}

#[test]
fn a_short_page_stays_whole() {
    let book = book("<h1>T</h1><p>x<img src='a/b.png'><h2>U</h2>");
    assert_eq!(book.chapters.len(), 1);
    assert_eq!(book.toc.len(), 2);
    assert_eq!(book.report.count(Change::FileMissing), 1);
    assert!(read(b"<html></html>", &ReadOptions::default()).is_err());
}

#[test]
fn damaged_pages_are_read_or_refused_and_never_worse() {
    let seed = crate::book::html::write::write(&crate::book::html::write::tests::edition()).bytes;
    let tail = seed.windows(6).position(|part| part == b"<main>").expect("main");
    let mut state = 1u64;
    for _ in 0..2000 {
        let mut bytes = seed.get(tail - 900..).expect("tail").to_vec();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = (state >> 20) as u8;
        }
        let _ = read(&bytes, &ReadOptions::default());
    }
}

#[test]
fn what_all_chapters_repeat_is_short() {
    let long = "color:red;".repeat(5000);
    let chapters = format!("<h1>c</h1><p>{}</p>", "x".repeat(300)).repeat(200);
    let links = "<link rel=stylesheet href=x.css>".repeat(1000);
    let book = book(&format!("<head>{links}</head><body style='{long}'><div style='{long}{long}'>{chapters}</div>"));
    assert_eq!(book.chapters.len(), 200);
    let sizes = book.chapters.iter().map(|one| match &one.content {
        Content::Markup(markup) => markup.len(),
        Content::Text(text) => text.len(),
    });
    // The wrapper may be copied until 4 MB are spent, the links until a head has 8 kB.
    let total: usize = sizes.sum();
    assert!(total < (6 << 20) + 200 * 9000, "{total}");
}

#[test]
fn pages_are_not_cut_for_ever() {
    let book = book(&"<h1>c</h1>x".repeat(12_000));
    assert_eq!(book.chapters.len(), 10_000);
    assert!(book.chapters[9_999].text().matches('x').count() > 2000);
}

#[test]
fn headings_longer_than_any_title_are_not_read_to_the_end() {
    let document = Document::parse(&format!("<h1>{}</h1>", "x ".repeat(100_000)));
    assert_eq!(split::label(&document, document.body()), None);
}
