//! JSON, bounded before it is parsed, and the little that its readers have in common: texts that may be lists, lists that
//! may be texts.

use serde_json::Value;

use super::FeedError;

/// Most values in a document: each takes some seventy bytes in memory.
const MOST_VALUES: usize = 1_000_000;

/// Parses a document.
///
/// # Errors
/// When it is none, or has too many values.
pub(super) fn parse(text: &str) -> Result<Value, FeedError> {
    let marks = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{' | b':')).count();
    if marks > MOST_VALUES * 2 {
        return Err(FeedError::Hostile("it has more than a million values"));
    }
    serde_json::from_str(text.trim_start_matches('\u{FEFF}').trim())
        .map_err(|error| FeedError::NotRead(error.to_string()))
}

/// The elements of a list; one thing alone is a list of it.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    match value.get(name) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
    }
}

/// A text; a number as it is written; of a text in several languages the first.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(languages) => languages.values().find_map(Value::as_str)?.trim().to_owned(),
        Value::Array(all) => return text(all.first()),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The texts of a list of texts or of objects with a name.
pub(super) fn names(value: &Value, name: &str) -> Vec<String> {
    let named = |one: &Value| match one.get("name") {
        Some(name) => text(Some(name)),
        None => text(Some(one)),
    };
    list(value, name).iter().filter_map(named).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_lists_in_every_form() {
        let value = parse(
            "\u{FEFF} {\"a\": \"x\", \"b\": [\"x\", {\"name\": \"y\"}, {\"name\": {\"zh\": \"z\"}}, 3], \"c\": null}",
        )
        .unwrap();
        assert_eq!(
            (names(&value, "a"), names(&value, "b")),
            (vec!["x".to_owned()], vec!["x".into(), "y".into(), "z".into(), "3".into()])
        );
        assert!(names(&value, "c").is_empty() && list(&value, "d").is_empty());
    }

    #[test]
    fn what_would_not_end_is_refused() {
        assert!(matches!(parse(&"[".repeat(100_000)), Err(FeedError::NotRead(_))));
        assert!(matches!(parse(&format!("[{}0]", "[],".repeat(1_100_000))), Err(FeedError::Hostile(_))));
    }
}
