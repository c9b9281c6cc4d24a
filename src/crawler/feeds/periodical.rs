//! The new entries of a feed as one book, a chapter an entry: a newspaper for the reading device.
//!
//! What comes out is a page in the form of our own HTML books, which [`crate::book`] reads and writes like any other.
//! Texts are made safe on the way. Deliberately not here: remembering what has been delivered (the ids say what is in
//! it), and fetching pictures.

use std::fmt::Write as _;

use chrono::NaiveDate;
use url::Url;

use super::entry::{Entry, Listing};
use super::gather::address;
use crate::book::{self, Corrections, Format, ReadOptions, Rules, Shown, WriteOptions, Written, safe_markup};

/// Largest issue, in bytes of markup; what is beyond waits for the next.
const LARGEST: usize = 16 << 20;

/// What makes an issue of a feed.
pub struct Issue<'a> {
    /// What the feed is called; else it is what it calls itself.
    pub title: Option<&'a str>,
    /// The day in the title.
    pub day: NaiveDate,
    /// A BCP 47 tag, if the owner knows it; else it is found from the text.
    pub language: Option<&'a str>,
    /// Whether an entry belongs into it: new, and not older than wanted.
    pub wanted: &'a dyn Fn(&Entry) -> bool,
    /// Most entries.
    pub most: usize,
    /// A picture as a `data:` address; none: its description stays in its place.
    pub picture: &'a dyn Fn(&Url) -> Option<String>,
}

/// An issue, not yet written as a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periodical {
    /// As in `Title 2026-11-28`.
    pub title: String,
    /// What the feed calls itself.
    pub author: String,
    /// A BCP 47 tag.
    pub language: Option<String>,
    /// The identities of the entries in it, in order: what has been delivered once it is kept.
    pub ids: Vec<String>,
    /// One page with a section for each entry, as our HTML books have it.
    pub html: String,
}

/// An issue of a feed; `None` when no entry that is wanted has a text.
pub fn periodical(feed: &Listing, issue: &Issue<'_>) -> Option<Periodical> {
    let name = issue.title.or(feed.title.as_deref()).unwrap_or("RSS");
    let title = format!("{name} {}", issue.day);
    let mut html = head(&title);
    let mut ids = Vec::new();
    for entry in &feed.entries {
        if ids.len() >= issue.most || html.len() >= LARGEST {
            break;
        }
        if (issue.wanted)(entry)
            && let Some(text) = body(entry, issue)
        {
            section(entry, ids.len(), &text, &mut html);
            ids.push(entry.id.clone());
        }
    }
    html.push_str("</main></body></html>\n");
    let language = issue.language.map(str::to_owned);
    (!ids.is_empty()).then(|| Periodical { title, author: name.to_owned(), language, ids, html })
}

impl Periodical {
    /// The issue as an EPUB.
    ///
    /// # Errors
    /// As [`book::convert`]; not for texts that were made here.
    pub fn epub(&self) -> Result<Written, book::Error> {
        let read = ReadOptions { format: Some(Format::Html), ..ReadOptions::default() };
        let corrections = Corrections {
            title: Some(self.title.clone()),
            authors: vec![self.author.clone()],
            language: self.language.clone(),
            ..Corrections::default()
        };
        book::convert(self.html.as_bytes(), &read, &corrections, Format::Epub, &WriteOptions::default())
    }
}

/// The name of the generator is what has each section read as a chapter, however short.
fn head(title: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"/><title>{title}</title>\
         <meta name=\"generator\" content=\"shutong\"/><meta name=\"dc.title\" content=\"{title}\"/></head><body><main>\n"
    )
}

fn body(entry: &Entry, issue: &Issue<'_>) -> Option<String> {
    let (html, base) = (entry.html.as_deref(), entry.page.as_ref());
    let absolute = |href: &str| match base {
        Some(base) => address(base, href),
        None => Url::parse(href.trim()).ok().and_then(|url| address(&url, "")),
    };
    let link = |href: &str| absolute(href).map(String::from);
    let picture = |src: &str| {
        let src = absolute(src).and_then(|url| (issue.picture)(&url))?;
        src.starts_with("data:image/").then_some(Shown { src, size: None })
    };
    let rules = Rules { link: &link, picture: &picture, style: &|_| None, anchors: false };
    let full = html.map(|html| safe_markup(html, &rules));
    let has_text = |text: &str| !text.trim().is_empty();
    let full = full.filter(|safe| has_text(&safe.text) || safe.markup.contains("<img")).map(|safe| safe.markup);
    full.or_else(|| entry.summary.as_deref().filter(|text| has_text(text)).map(paragraphs))
}

fn paragraphs(text: &str) -> String {
    text.lines().fold(String::new(), |out, line| format!("{out}<p>{}</p>\n", escaped(line)))
}

fn section(entry: &Entry, at: usize, text: &str, out: &mut String) {
    let title = if entry.title.is_empty() { format!("{}", at + 1) } else { escaped(&entry.title) };
    let _ = write!(out, "<section class=\"page\" id=\"entry-{at}\" aria-label=\"{title}\">\n<h1>{title}</h1>\n");
    let day = entry.published_at.map(|at| at.format("%Y-%m-%d").to_string());
    let said: Vec<String> = entry.authors.iter().take(5).map(|name| escaped(name)).chain(day).collect();
    if !said.is_empty() {
        let _ = writeln!(out, "<p><small>{}</small></p>", said.join(" · "));
    }
    out.push_str(text);
    if let Some(page) = &entry.page {
        let address = escaped(page.as_str());
        let _ = write!(out, "\n<p><small><a href=\"{address}\">{address}</a></small></p>");
    }
    out.push_str("\n</section>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOT: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

    fn entry(id: &str, title: &str, html: Option<&str>, summary: Option<&str>) -> Entry {
        let page = Url::parse("https://example.com/a/").unwrap().join(id).ok();
        let (html, summary) = (html.map(str::to_owned), summary.map(str::to_owned));
        Entry {
            id: id.into(),
            title: title.into(),
            html,
            summary,
            page,
            authors: vec!["甲".into()],
            ..Entry::default()
        }
    }

    fn made(entries: Vec<Entry>, most: usize) -> Option<Periodical> {
        let feed = Listing { title: Some("书 < 人".into()), entries, ..Listing::default() };
        let issue = Issue {
            title: None,
            day: NaiveDate::from_ymd_opt(2026, 11, 28).unwrap(),
            language: Some("zh-CN"),
            wanted: &|entry| entry.id != "old",
            most,
            picture: &|url| (url.path() == "/a/x.png").then(|| DOT.to_owned()),
        };
        periodical(&feed, &issue)
    }

    #[test]
    fn an_issue_is_a_book_with_a_chapter_an_entry() {
        let entries = vec![
            entry(
                "1",
                "一 <b>",
                Some(
                    "<h1>标题</h1><p>正文<script>x()</script><a href=\"../b\">b</a></p><img src=\"x.png\"/><img src=y.png alt=图>",
                ),
                None,
            ),
            entry("old", "旧", Some("<p>旧文</p>"), None),
            entry("2", "二", Some(" <p> </p>"), Some("摘要\n第二行")),
            entry("3", "空", None, None),
            entry("4", "</section></main>", Some("</section></body><p>末</p>"), None),
        ];
        let made = made(entries, 10).unwrap();
        assert_eq!(
            (made.title.as_str(), &made.ids[..]),
            ("书 < 人 2026-11-28", &["1".to_owned(), "2".into(), "4".into()][..])
        );
        let epub = made.epub().unwrap().bytes;
        let book = book::read(&epub, None).unwrap();
        assert_eq!(
            (book.metadata().title.as_str(), book.metadata().authors()),
            ("书 < 人 2026-11-28", vec!["书 < 人"])
        );
        let chapters: Vec<(String, String)> =
            book.chapter_texts().map(|(title, text)| (title.to_owned(), text.into_owned())).collect();
        let titles: Vec<&str> = chapters.iter().map(|(title, _)| title.as_str()).collect();
        assert_eq!(titles, ["一 <b>", "二", "</section></main>"]);
        assert!(chapters[0].1.contains("正文") && chapters[0].1.contains("图") && !chapters[0].1.contains("x()"));
        assert!(chapters[1].1.contains("摘要") && chapters[1].1.contains("第二行") && chapters[2].1.contains("末"));
        assert!(book.resources().iter().any(|one| one.media_type == "image/png"));
        assert_eq!(book.toc().len(), 3);
    }

    #[test]
    fn nothing_new_is_no_issue_and_there_is_an_end() {
        assert_eq!(made(vec![entry("old", "旧", Some("<p>x</p>"), None)], 10), None);
        let many = (0..9).map(|n| entry(&n.to_string(), "t", Some("<p>x</p>"), None)).collect();
        assert_eq!(made(many, 4).unwrap().ids.len(), 4);
    }
}
