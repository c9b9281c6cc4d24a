//! JSON as it is written by hand: with single quotes, names without quotes, commas too many.
//!
//! Options of addresses, headers and `@put` come like that; the application they were made for takes it.

use serde_json::{Map, Value};

use super::limits;

/// Reads a value.
pub(super) fn value(text: &str) -> Option<Value> {
    if text.len() > limits::SOURCE {
        return None;
    }
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&strict(text)?).ok())
}

/// Reads an object.
pub(super) fn object(text: &str) -> Option<Map<String, Value>> {
    match value(text.trim())? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// The same text with what is loose put right.
fn strict(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' => {
                let mut inside = String::new();
                loop {
                    match chars.next()?.1 {
                        '\\' => match chars.next()?.1 {
                            '\'' => inside.push('\''),
                            escaped => inside.extend(['\\', escaped]),
                        },
                        end if end == c => break,
                        '"' => inside.push_str("\\\""),
                        '\n' => inside.push_str("\\n"),
                        '\t' => inside.push_str("\\t"),
                        '\r' => {}
                        other => inside.push(other),
                    }
                }
                out.extend(["\"", inside.as_str(), "\""]);
            }
            ',' => {
                let next = text.get(at + 1..)?.trim_start().chars().next();
                if !matches!(next, Some('}' | ']')) {
                    out.push(',');
                }
            }
            c if c.is_alphabetic() || c == '_' || c == '$' => {
                let mut word = c.to_string();
                while let Some((_, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '-' | '$')) {
                    word.push(c);
                }
                if matches!(word.as_str(), "true" | "false" | "null") {
                    out.push_str(&word);
                } else {
                    out.extend(["\"", word.as_str(), "\""]);
                }
            }
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_json_is_read() {
        let expected = serde_json::json!({"method": "POST", "body": "a=\"b\"", "webView": true, "n": [1, "x'y"]});
        assert_eq!(value("{'method':'POST', body: 'a=\"b\"', webView:true, \"n\":[1,'x\\'y',],}"), Some(expected));
        assert_eq!(object("{\"a\":\"线\\n\"}").and_then(|fields| fields.get("a").cloned()), Some("线\n".into()));
        assert_eq!((value("{a"), object("[1]"), value("{'a")), (None, None, None));
    }
}
