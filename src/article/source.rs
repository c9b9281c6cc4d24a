//! One file of an article, read: what stands in its head, and its text as markup.
//!
//! The head stands between two lines of `+++` (TOML) or `---` (lines of `key: value` and short lists, as other programs
//! for blogs write them). Keys that mean nothing here are passed over; a value that cannot be meant is an error that
//! names its key. The markup is not safe yet: that is `page`'s affair.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::book::markdown_markup;

/// Largest file, in bytes. An article of ten thousand characters has thirty kB.
pub const LARGEST: usize = 500_000;
/// Longest title, in characters: the platform takes fewer, a page could take more.
const TITLE: usize = 200;
/// Most tags.
const TAGS: usize = 30;

/// An article as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) title: String,
    pub(super) author: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) summary: Option<String>,
    /// The picture that stands for it, by its address as written.
    pub(super) cover: Option<String>,
    pub(super) publish_at: Option<DateTime<Utc>>,
    pub(super) is_draft: bool,
    /// Where it was imported from.
    pub(super) origin: Option<String>,
    pub(super) markup: String,
}

/// How the text below the head is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Markdown,
    Html,
}

impl Kind {
    /// By the extension of a file's name.
    pub(super) fn of(extension: &str) -> Option<Kind> {
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Kind::Markdown),
            "html" | "htm" => Some(Kind::Html),
            _ => None,
        }
    }
}

/// One value of the head.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    List(Vec<String>),
}

/// Keys, in small letters, and their values.
type Head = Vec<(String, Value)>;

/// Reads a file; `stem` is its name without extension, for one without a title.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub(super) fn read(bytes: &[u8], kind: Kind, stem: &str, zone: Tz) -> Result<Source, String> {
    if bytes.len() > LARGEST {
        return Err(format!("it has {} kB, at most {} are taken; divide it", bytes.len() / 1000, LARGEST / 1000));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8; save it as UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
    let (head, body) = divided(&text)?;
    let mut source = Source::default();
    for (key, value) in head {
        set(&mut source, &key, value, zone)?;
    }
    let (heading, body) = own_heading(body, kind, &source.title);
    if source.title.is_empty() {
        source.title = heading.unwrap_or(stem).trim().to_owned();
    }
    if source.title.chars().count() > TITLE {
        return Err(format!("title: it has more than {TITLE} characters; shorten it"));
    }
    source.markup = match kind {
        Kind::Markdown => markdown_markup(body),
        Kind::Html => body.to_owned(),
    };
    Ok(source)
}

/// The keys and values of the head, and what is below it.
fn divided(text: &str) -> Result<(Head, &str), String> {
    let fence = match text.split_once('\n').map(|(first, _)| first.trim_end()) {
        Some(fence @ ("+++" | "---")) => fence,
        _ => return Ok((Vec::new(), text)),
    };
    let rest = &text[text.find('\n').map_or(text.len(), |end| end + 1)..];
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == fence {
            let (head, body) = (&rest[..at], &rest[at + line.len()..]);
            let head = if fence == "+++" { toml_head(head)? } else { plain_head(head) };
            return Ok((head, body));
        }
        at += line.len();
    }
    // A line across the page, and no head.
    if fence == "---" {
        Ok((Vec::new(), text))
    } else {
        Err("the head is not closed; end it with a line of +++".into())
    }
}

fn toml_head(text: &str) -> Result<Head, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        format!("the head is no TOML ({}); put texts into quotes", error.message())
    })?;
    let text_of = |value: &toml::Value| match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let value_of = |value: &toml::Value| match value {
        toml::Value::Array(values) => Value::List(values.iter().map(text_of).collect()),
        other => Value::Text(text_of(other)),
    };
    Ok(table.iter().map(|(key, value)| (key.to_lowercase(), value_of(value))).collect())
}

fn plain_head(text: &str) -> Head {
    let mut head = Head::new();
    for line in text.lines() {
        let is_inner = line.starts_with([' ', '\t', '-', '#']);
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            if let Some((_, value)) = head.last_mut() {
                let mut items = match value {
                    Value::List(items) => std::mem::take(items),
                    Value::Text(_) => Vec::new(),
                };
                items.push(unquoted(item));
                *value = Value::List(items);
            }
        } else if let Some((key, value)) = line.split_once(':').filter(|_| !is_inner) {
            let value = value.trim();
            let inside = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
            let value = match inside {
                Some(inside) => Value::List(inside.split(',').map(unquoted).collect()),
                None => Value::Text(unquoted(value)),
            };
            head.push((key.trim().to_lowercase(), value));
        }
    }
    head
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inside = ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    inside.unwrap_or(value).trim().to_owned()
}

fn set(source: &mut Source, key: &str, value: Value, zone: Tz) -> Result<(), String> {
    match key {
        "title" | "标题" => source.title = one(value, "、"),
        "author" | "authors" | "作者" => source.author = some(one(value, "、")),
        "tag" | "tags" | "categories" | "category" | "keywords" | "标签" => add_tags(&mut source.tags, value),
        "summary" | "description" | "excerpt" | "摘要" => source.summary = some(one(value, " ")),
        "cover" | "image" | "thumbnail" | "封面" => source.cover = some(one(value, "")),
        "source" | "origin" => source.origin = some(one(value, " ")),
        "draft" => {
            source.is_draft = match one(value, "").as_str() {
                "true" | "yes" => true,
                "false" | "no" | "" => false,
                other => return Err(format!("draft: \"{other}\" is neither true nor false")),
            }
        }
        "publish_at" | "date" | "published" => {
            let text = one(value, "");
            let at = moment(&text, zone);
            source.publish_at = Some(at.ok_or_else(|| {
                format!("{key}: \"{text}\" is no time; write it like 2026-12-01 08:00 or 2026-12-01T08:00:00+08:00")
            })?);
        }
        _ => {}
    }
    Ok(())
}

fn one(value: Value, between: &str) -> String {
    match value {
        Value::Text(text) => text.trim().to_owned(),
        Value::List(items) => items.join(between),
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn add_tags(tags: &mut Vec<String>, value: Value) {
    let items = match value {
        Value::List(items) => items,
        Value::Text(text) => text.split([',', '，', '、']).map(str::to_owned).collect(),
    };
    for item in items {
        let item = item.trim().trim_start_matches('#').to_owned();
        if !item.is_empty() && !tags.contains(&item) && tags.len() < TAGS {
            tags.push(item);
        }
    }
}

/// A point in time as people write one; without a zone it is the owner's.
pub(super) fn moment(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(at.with_timezone(&Utc));
    }
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Some(at.with_timezone(&Utc));
    }
    let plain = text.replacen('T', " ", 1);
    let formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"];
    let day = || {
        let day =
            NaiveDate::parse_from_str(&plain, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(&plain, "%Y/%m/%d"));
        day.ok()?.and_hms_opt(0, 0, 0)
    };
    let local = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(&plain, format).ok()).or_else(day)?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
        LocalResult::None => None,
    }
}

/// The heading at the top, if it is the title or there is no other: the page shows the title by itself.
fn own_heading<'t>(body: &'t str, kind: Kind, title: &str) -> (Option<&'t str>, &'t str) {
    let start = body.trim_start_matches(['\n', ' ']);
    let (first, rest) = start.split_once('\n').unwrap_or((start, ""));
    match first.strip_prefix("# ").map(|heading| heading.trim().trim_end_matches('#').trim()) {
        Some(heading) if kind == Kind::Markdown && (title.is_empty() || heading == title) => (Some(heading), rest),
        _ => (None, body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = Tz::Asia__Shanghai;

    fn source(text: &str) -> Source {
        read(text.as_bytes(), Kind::Markdown, "name", ZONE).unwrap()
    }

    fn problem(text: &str) -> String {
        read(text.as_bytes(), Kind::Markdown, "name", ZONE).unwrap_err()
    }

    #[test]
    fn both_heads_say_the_same() {
        let toml = "+++\ntitle = \"书单\"\nauthor = \"甲\"\ntags = [\"读书\", \"冬天\"]\nsummary = \"十本\"\ncover = \"a.png\"\n\
                    publish_at = 2026-12-01T08:00:00+08:00\ndraft = true\n+++\n正文\n";
        let plain = "---\ntitle: 书单\nauthor: \"甲\"\ntags:\n  - 读书\n  - 冬天\nsummary: 十本\ncover: a.png\n\
                     publish_at: 2026-12-01 08:00\ndraft: true\nlayout: post\n---\n正文\n";
        let read = source(toml);
        assert_eq!(read, source(plain));
        assert_eq!((read.title.as_str(), read.tags.len(), read.is_draft), ("书单", 2, true));
        assert_eq!(read.publish_at.unwrap().to_rfc3339(), "2026-12-01T00:00:00+00:00");
        assert_eq!(read.markup, "<p>正文</p>\n");
    }

    #[test]
    fn the_title_stands_where_people_put_it() {
        assert_eq!(source("# 书单\n\n正文").title, "书单");
        assert!(!source("# 书单\n\n正文").markup.contains("<h1>"));
        assert!(!source("---\ntitle: 书单\n---\n\n# 书单\n正文").markup.contains("<h1>"));
        assert!(source("---\ntitle: 书单\n---\n# 另一个\n正文").markup.contains("<h1>"));
        assert_eq!(source("正文").title, "name");
        assert_eq!(source("---\n\n正文").title, "name");
    }

    #[test]
    fn mistakes_are_named() {
        assert!(problem("+++\ntitle = 书单\n+++\n").contains("quotes"));
        assert!(problem("+++\ntitle = \"书单\"\n").contains("not closed"));
        assert!(problem("---\ndate: soon\n---\n").starts_with("date: \"soon\" is no time"));
        assert!(problem("---\ndraft: maybe\n---\n").starts_with("draft:"));
        assert!(problem(&"长".repeat(170_000)).contains("at most 500"));
        assert!(read(b"\xff\xfe", Kind::Markdown, "x", ZONE).unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn times_as_people_write_them() {
        let at = |text: &str| moment(text, ZONE).map(|at| at.to_rfc3339());
        for text in ["2026-12-01 08:00", "2026-12-01T08:00:00+08:00", "2026-12-01 00:00:00Z", "2026/12/01 08:00"] {
            assert_eq!(at(text).as_deref(), Some("2026-12-01T00:00:00+00:00"), "{text}");
        }
        assert_eq!(at("2026-12-01").as_deref(), Some("2026-11-30T16:00:00+00:00"));
        assert_eq!(at("Tue, 01 Dec 2026 08:00:00 +0800").as_deref(), Some("2026-12-01T00:00:00+00:00"));
        assert_eq!(at("tomorrow"), None);
    }
}
