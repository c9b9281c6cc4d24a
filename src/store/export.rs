//! The logical export: every record as a line of JSON. The engine has no repair tool, so this, not a copy of its
//! files, is what a backup is made of.

use std::io::BufRead;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::engine::Batch;
use super::schema::TABLES;
use super::{Error, Result, Store, hex};

/// One record. The key is hexadecimal, because not all keys are text.
#[derive(Serialize, Deserialize)]
struct Line {
    table: String,
    key: String,
    #[serde(default)]
    value: Value,
    /// That it was there, and is not any more: among the changes behind a snapshot's records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
}

/// A record that names somebody.
#[derive(Clone, Debug)]
pub struct Named {
    /// In which table.
    pub table: &'static str,
    /// Under which key: its parts with a space in between, or in hexadecimal if it is no text.
    pub key: String,
    /// What it holds.
    pub value: Value,
}

/// How many records of an import make one batch.
const BATCH: usize = 1_000;

impl Store {
    /// Writes every record of every table and returns how many there were.
    ///
    /// # Errors
    /// When the store or the output fails.
    pub fn export(&self, out: &mut dyn std::io::Write) -> Result<u64> {
        let mut lines = 0;
        for (prefix, name) in TABLES {
            for entry in self.scan_raw((Bound::Included(*prefix), Bound::Excluded(prefix + 1))) {
                let (key, value) = entry?;
                out.write_all(&line(name, &key, Some(&value))?)?;
                lines += 1;
            }
        }
        Ok(lines)
    }

    /// Every record, in whatever table, that has one of these names in its key or value, as a word of its own.
    ///
    /// # Errors
    /// When the disk fails or a record cannot be read.
    pub fn naming(&self, names: &[&str]) -> Result<Vec<Named>> {
        let has = |text: &str| names.iter().any(|name| is_named(text, name));
        let mut found = Vec::new();
        for (prefix, name) in TABLES {
            for entry in self.scan_raw((Bound::Included(*prefix), Bound::Excluded(prefix + 1))) {
                let (key, value) = entry?;
                let is_in_key = std::str::from_utf8(&key[1..]).is_ok_and(has);
                // Few values are worth decoding.
                let may_be_in_value =
                    std::str::from_utf8(&value).is_ok_and(|value| names.iter().any(|name| value.contains(name)));
                if !is_in_key && !may_be_in_value {
                    continue;
                }
                let value = value_of(&value)?;
                if is_in_key || any_text(&value, &has) {
                    found.push(Named { table: name, key: shown(&key[1..]), value });
                }
            }
        }
        Ok(found)
    }

    /// Reads what [`Store::export`] or [`Store::snapshot`] wrote, replacing records of the same keys, durably.
    ///
    /// # Errors
    /// When a line is not such a record; the lines before it are kept.
    pub fn import(&self, lines: impl BufRead) -> Result<u64> {
        let mut batch = Batch::default();
        let mut count = 0;
        for line in lines.lines() {
            match parse(&line?)? {
                (key, Some(value)) => batch.put(key, value),
                (key, None) => batch.delete(key),
            }
            count += 1;
            if count % BATCH == 0 {
                self.engine.apply(std::mem::take(&mut batch))?;
            }
        }
        self.engine.apply(batch)?;
        self.sync()?;
        Ok(count as u64)
    }
}

/// Whether a name stands in the text, and not as a part of a longer one.
fn is_named(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_part) && !behind.starts_with(is_part)
    })
}

/// Whether any text in the value is as wanted. In JSON itself the end of an escape would look like a part of a name.
fn any_text(value: &Value, wanted: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => wanted(text),
        Value::Array(values) => values.iter().any(|value| any_text(value, wanted)),
        Value::Object(fields) => fields.iter().any(|(name, value)| wanted(name) || any_text(value, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn shown(key: &[u8]) -> String {
    let text = std::str::from_utf8(key).ok().map(|text| text.replace(['\0', '\u{1f}'], " "));
    text.filter(|text| !text.contains(char::is_control)).unwrap_or_else(|| hex(key))
}

fn value_of(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::Damaged(error.to_string()))
}

/// A record as a line, with its end; without a value, that it is gone.
pub(super) fn line(table: &str, key: &[u8], value: Option<&[u8]>) -> Result<Vec<u8>> {
    let gone = value.is_none();
    let value = value.map_or(Ok(Value::Null), value_of)?;
    let line = Line { table: table.to_owned(), key: hex(&key[1..]), value, gone };
    let mut bytes = serde_json::to_vec(&line).map_err(std::io::Error::from)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Key and value of a line; no value of what is gone.
fn parse(line: &str) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let line: Line = serde_json::from_str(line).map_err(|error| Error::Damaged(error.to_string()))?;
    let table = TABLES.iter().find(|(_, name)| *name == line.table);
    let (prefix, _) = table.ok_or_else(|| Error::Damaged(format!("no table is called {}", line.table)))?;
    let mut key = vec![*prefix];
    key.extend(unhex(&line.key).ok_or_else(|| Error::Damaged("a key is not hexadecimal".into()))?);
    Ok((key, (!line.gone).then(|| line.value.to_string().into_bytes())))
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_of_its_own() {
        for text in ["oABC", "main/oABC", "main\0oABC", "{\"who\":\"oABC\"}", "oABCD oABC"] {
            assert!(is_named(text, "oABC"), "{text}");
        }
        for text in ["oABCD", "xoABC", "oABC-1", "_oABC", ""] {
            assert!(!is_named(text, "oABC"), "{text}");
        }
        assert_eq!(shown(b"main\0oABC"), "main oABC");
        assert_eq!(shown(&7_u64.to_be_bytes()), "0000000000000007");
    }
}
