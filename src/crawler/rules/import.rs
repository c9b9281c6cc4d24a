//! Files of sources, taken apart: each source by itself, with what of it works.

use serde_json::{Map, Value};

use super::error::{ImportError, RuleError};
use super::limits;
use super::report::Report;
use super::source::Source;

/// One source of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// `bookSourceName`
    pub name: String,
    /// `bookSourceUrl`, by which it is known; empty if it has none.
    pub url: String,
    /// `bookSourceGroup`, as written.
    pub group: String,
    /// `bookSourceComment`
    pub comment: String,
    /// This source alone, its rules as objects: what is stored, and read by [`Source::parse`].
    pub json: String,
    /// What of it works.
    pub report: Report,
}

/// Reads a file: one source or a list of them. One that is broken is among the others, with a report that says so.
///
/// # Errors
/// When the file is too large, has too many sources or is no JSON.
pub fn import(json: &str) -> Result<Vec<Imported>, ImportError> {
    if json.len() > limits::IMPORT {
        return Err(ImportError::TooLarge);
    }
    let text = json.trim_start_matches('\u{feff}').trim();
    let sources = match serde_json::from_str(text).map_err(|error| ImportError::NotSources(error.to_string()))? {
        Value::Array(sources) => sources,
        source @ Value::Object(_) => vec![source],
        _ => return Err(ImportError::NotSources("neither a source nor a list of them".into())),
    };
    if sources.len() > limits::SOURCES {
        return Err(ImportError::TooMany);
    }
    Ok(sources.into_iter().map(one).collect())
}

fn one(source: Value) -> Imported {
    let fields = match source {
        Value::Object(fields) => normalised(fields),
        _ => Map::new(),
    };
    let json = Value::Object(fields.clone()).to_string();
    let report = match Source::from_fields(&fields) {
        _ if json.len() > limits::SOURCE => Report::of_broken(&RuleError::TooLarge("source")),
        Ok(source) => source.report(),
        Err(error) => Report::of_broken(&RuleError::syntax(error.to_string())),
    };
    let text = |name: &str| text(&fields, name);
    Imported {
        name: text("bookSourceName"),
        url: text("bookSourceUrl"),
        group: text("bookSourceGroup"),
        comment: text("bookSourceComment"),
        json,
        report,
    }
}

/// The same with rules that are JSON in a string made objects.
pub(super) fn normalised(mut fields: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in &mut fields {
        if name.starts_with("rule")
            && let Value::String(text) = value
            && let Ok(inner @ Value::Object(_)) = serde_json::from_str(text)
        {
            *value = inner;
        }
    }
    fields
}

/// A field as a text; numbers and truths as they are written.
pub(super) fn text(fields: &Map<String, Value>, name: &str) -> String {
    fields.get(name).map(super::json::text).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_source_does_not_lose_the_others() {
        let file = r#"[{"bookSourceName":"甲","bookSourceUrl":"https://a.example","bookSourceGroup":"g","bookSourceComment":"c",
            "searchUrl":"/s?q={{key}}","ruleSearch":"{\"bookList\":\"li\",\"name\":\"a@text\",\"bookUrl\":\"a@href\"}",
            "ruleToc":{"chapterList":"dd","chapterName":"a@text","chapterUrl":"a@href"},"ruleContent":{"content":"id.c@html"}},
            7, {"bookSourceName":"无址"}]"#;
        let imported = import(file).unwrap();
        assert_eq!(imported.len(), 3);
        let first = &imported[0];
        assert_eq!((first.name.as_str(), first.group.as_str(), first.comment.as_str()), ("甲", "g", "c"));
        assert_eq!(first.report.verdict().to_string(), "works");
        assert!(first.json.contains(r#""ruleSearch":{"#), "{}", first.json);
        assert_eq!(Source::parse(&first.json).unwrap().report(), first.report);
        assert!(imported[2].report.verdict().to_string().starts_with("needs"));
    }

    #[test]
    fn what_is_no_file_of_sources_is_refused() {
        assert!(matches!(import("x"), Err(ImportError::NotSources(_))));
        assert!(matches!(import("7"), Err(ImportError::NotSources(_))));
        assert!(matches!(import(&"[".repeat(100_000)), Err(ImportError::NotSources(_))));
        assert_eq!(import(&" ".repeat(limits::IMPORT + 1)), Err(ImportError::TooLarge));
        assert_eq!(import(&format!("[{}0]", "0,".repeat(limits::SOURCES))), Err(ImportError::TooMany));
        assert_eq!(import("\u{feff}{}").unwrap().len(), 1);
    }
}
