//! Whole Kindle files: written by our own writers or put together by hand, read back, and read damaged.

mod damage;
mod roundtrip;
mod traps;

use crate::book::{self, Book, Chapter, Content, Format, Resource, Target, TocEntry, WriteOptions};

/// Chapters with a bit of everything: links, a note, quotations, ruby, a table, a picture, a drawing.
const PAGES: [&str; 3] = [
    r##"<h1>第一回</h1><p id="a">此开卷第一回也。<a href="c2.xhtml#n1">注</a>作者自云：因曾历过一番梦幻之后。</p>
    <h2 id="one">一</h2><p><q>He said <q>so</q></q>, and <ruby>鄧<rt>トウ</rt></ruby>小平。<i>see <q><a href="#t">there</a></q></i></p>
    <table id="t"><tr><td>甲</td><td>乙</td></tr></table><p><img src="p.png" alt="图"/></p>"##,
    r##"<h1>第二回</h1><p><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg></p>
    <p id="n1">注：<a href="c1.xhtml#a">回</a>。</p><pre>a  b
c</pre>"##,
    "<h1>第三回</h1><p>列位看官，你道此书从何而来？</p>",
];
const PICTURE: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdacd\xf8\xcfP\x0f\
    \0\x03\x86\x01\x80Z4}k\0\0\0\0IEND\xaeB`\x82";

fn small() -> Book {
    let mut book = Book::new(Format::Epub);
    book.metadata.title = "书".into();
    book.metadata.language = Some("zh-CN".into());
    let entry = |title: &str, chapter, fragment: Option<&str>, children| TocEntry {
        title: title.into(),
        target: Some(Target { chapter, fragment: fragment.map(str::to_owned) }),
        children,
    };
    let below = vec![entry("一", 0, Some("one"), Vec::new())];
    let last = entry("第三回", 2, None, Vec::new());
    book.toc = vec![entry("第一回", 0, None, below), entry("第二回", 1, None, Vec::new()), last];
    for (at, body) in PAGES.iter().enumerate() {
        let head = "<head><title>书</title><link rel=\"stylesheet\" href=\"s.css\"/></head>";
        let markup = format!("<html xmlns=\"http://www.w3.org/1999/xhtml\">{head}<body>{body}</body></html>");
        let path = format!("c{}.xhtml", at + 1);
        book.chapters.push(Chapter { path, title: String::new(), content: Content::Markup(markup), linear: true });
    }
    let file = |path: &str, media_type: &str, bytes: &[u8]| Resource {
        path: path.into(),
        media_type: media_type.into(),
        bytes: bytes.to_vec(),
    };
    book.resources = vec![file("p.png", "image/png", PICTURE), file("s.css", "text/css", b"h1 { color: #800000 }")];
    book
}

/// The same with a chapter of several records.
fn sample() -> Book {
    let mut book = small();
    let long: String = (0..300).map(|at| format!("<p>第{at}段。列位看官，你道此书从何而来？</p>")).collect();
    if let Some(Chapter { content: Content::Markup(markup), .. }) = book.chapters.last_mut() {
        *markup = markup.replace("</body>", &format!("{long}</body>"));
    }
    book
}

fn written(book: &Book, format: Format) -> Vec<u8> {
    book::write(book, format, &WriteOptions::default()).expect("a file").bytes
}

/// The text of a book without blanks.
fn letters(book: &Book) -> String {
    book.chapters()
        .iter()
        .flat_map(|chapter| chapter.text().chars().collect::<Vec<_>>())
        .filter(|c| !c.is_whitespace())
        .collect()
}

fn markup(book: &Book) -> String {
    let of = |content: &Content| match content {
        Content::Markup(text) | Content::Text(text) => text.clone(),
    };
    book.chapters().iter().map(|chapter| of(&chapter.content)).collect()
}
