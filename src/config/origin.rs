//! Where a configuration was read and what stood there, so that what is in force can be compared with what is saved;
//! and how a file of the owner's alone is written.

use std::fmt;
use std::path::PathBuf;

use toml::{Table, Value};

use super::fields::{Field, GROUPS, Taken};

/// Where a configuration was read and what stood there.
#[derive(Clone, Default)]
pub struct Origin {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    /// The files that it takes secrets from.
    pub files: Vec<PathBuf>,
    /// The file's values, those of the environment over them, and secrets from their files.
    values: Table,
}

impl Origin {
    pub(super) fn of(values: Table, files: Vec<PathBuf>) -> Origin {
        Origin { path: None, files, values }
    }

    /// The keys whose value is another one in `saved`, and which take effect at the next start only. A change of any
    /// kind in an account is its `account.NAME`.
    pub fn waiting(&self, saved: &Origin) -> Vec<String> {
        let fields = GROUPS.iter().flat_map(|group| group.fields);
        let mut waiting: Vec<String> = fields
            .filter(|field| {
                field.taken == Taken::AtStart && self.text(field.key, field) != saved.text(field.key, field)
            })
            .map(|field| field.key.to_owned())
            .collect();
        for own in [self, saved] {
            for account in own.accounts() {
                let name = account.get("name").and_then(Value::as_str).unwrap_or_default();
                let key = format!("account.{name}");
                let other =
                    |origin: &Origin| origin.accounts().find(|table| table.get("name") == account.get("name")).cloned();
                if other(self) != other(saved) && !waiting.contains(&key) {
                    waiting.push(key);
                }
            }
        }
        // Further senders have no fields of their own.
        let senders = |origin: &Origin| origin.values.get("push").and_then(|push| push.get("sender")).cloned();
        if senders(self) != senders(saved) {
            waiting.push("push.sender".to_owned());
        }
        waiting
    }

    fn accounts(&self) -> impl Iterator<Item = &Table> {
        self.values.get("account").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
    }

    fn text(&self, key: &str, field: &Field) -> String {
        let mut value = self.values.get(key.split('.').next().unwrap_or_default());
        for part in key.split('.').skip(1) {
            value = value.and_then(|value| value.get(part));
        }
        value.map_or_else(|| field.default.to_owned(), text_of)
    }
}

/// A value as people type it: a list has a line for each entry.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(text_of).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// Values hold secrets.
impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("path", &self.path).finish_non_exhaustive()
    }
}
