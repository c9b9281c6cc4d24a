//! JSON Feed, versions 1 and 1.1.

use serde_json::Value;
use url::Url;

use super::atom::paragraphs;
use super::date::moment;
use super::entry::{Entry, File};
use super::gather::{Gathering, address};
use super::json::{list, names, text};
use super::markup::words;
use super::media::{bare_type, format_of, is_book};

/// Whether it is one: it names its version by an address.
pub(super) fn is_feed(value: &Value) -> bool {
    value.get("version").and_then(Value::as_str).is_some_and(|version| version.contains("jsonfeed.org/version/"))
}

/// Reads a feed.
pub(super) fn read(value: &Value, page: &Url, out: &mut Gathering) {
    if let Some(title) = text(value.get("title")) {
        out.title(&title);
    }
    out.next(value.get("next_url").and_then(Value::as_str).and_then(|href| address(page, href)));
    let authors = authors(value);
    for one in list(value, "items") {
        out.entry(item(one, page, &authors));
    }
}

/// Version 1 has one author, 1.1 a list.
fn authors(value: &Value) -> Vec<String> {
    let names =
        names(value, "authors").into_iter().chain(text(value.get("author").and_then(|author| author.get("name"))));
    names.collect()
}

fn item(value: &Value, page: &Url, feed_authors: &[String]) -> Entry {
    let get = |name: &str| text(value.get(name));
    let link = |name: &str| address(page, value.get(name)?.as_str()?);
    let date = get("date_published").or_else(|| get("date_modified"));
    let plain = get("content_text");
    let html = get("content_html").or_else(|| plain.as_deref().map(paragraphs));
    let own = authors(value);
    Entry {
        id: get("id").unwrap_or_default(),
        title: get("title").unwrap_or_default(),
        authors: if own.is_empty() { feed_authors.to_vec() } else { own },
        language: get("language"),
        summary: get("summary").or_else(|| html.as_deref().map(words)),
        subjects: names(value, "tags"),
        published_at: date.as_deref().and_then(moment),
        updated: get("date_modified").or(date),
        files: list(value, "attachments").iter().take(100).filter_map(|one| file(one, page)).collect(),
        cover: link("image").or_else(|| link("banner_image")),
        page: link("url").or_else(|| link("external_url")),
        html,
        ..Entry::default()
    }
}

fn file(value: &Value, page: &Url) -> Option<File> {
    let url = address(page, value.get("url")?.as_str()?)?;
    let media_type = bare_type(value.get("mime_type").and_then(Value::as_str).unwrap_or_default());
    let format = format_of(&media_type, &url).filter(|format| is_book(*format))?;
    let bytes = value.get("size_in_bytes").and_then(Value::as_u64);
    let title = text(value.get("title"));
    Some(File { url, media_type, format: Some(format), bytes, title, is_open: true, modified: None })
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, read as read_page, tests::page};

    #[test]
    fn items_with_attachments() {
        let source = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "T", "next_url": "/2.json",
            "authors": [{"name": "甲"}], "items": [
            {"id": 7, "url": "/7", "title": "一", "content_html": "<p>x</p>", "date_published": "2026-12-01T00:00:00Z",
             "tags": ["t"], "attachments": [{"url": "a.epub", "mime_type": "application/epub+zip", "size_in_bytes": 5},
             {"url": "a.mp3", "mime_type": "audio/mpeg"}]},
            {"id": "b", "content_text": "a < b\n\nc", "author": {"name": "乙"}}]}"#;
        let listing = read_page(Kind::Feed, &page("https://example.com/feed.json", source.as_bytes())).unwrap();
        assert_eq!(listing.next.unwrap().path(), "/2.json");
        let [one, two] = &listing.entries[..] else { panic!() };
        assert_eq!((one.id.as_str(), &one.authors[..], one.files.len()), ("7", &["甲".to_owned()][..], 1));
        assert_eq!(one.files[0].bytes, Some(5));
        assert!(one.published_at.is_some());
        assert_eq!(
            (two.html.as_deref(), &two.authors[..]),
            (Some("<p>a &lt; b</p>\n<p>c</p>\n"), &["乙".to_owned()][..])
        );
        assert_eq!(two.summary.as_deref(), Some("a < b\nc"));
    }
}
