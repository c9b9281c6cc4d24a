//! Values in a TOML document whose comments and order matter, and the same values without their looks.

use toml::Value;
use toml_edit::{Item, TableLike};

use super::EditError;

/// Accounts in one line cannot be told apart by their sections.
pub(super) fn unlisted() -> EditError {
    EditError::Unreadable("accounts can only be changed where each has its own section [[account]]".into())
}

/// Puts a value in the place of another one, whose comment stays.
pub(super) fn write(table: &mut dyn TableLike, key: &str, mut value: toml_edit::Value) {
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    match table.get_mut(key) {
        Some(item) => *item = Item::Value(value),
        None => drop(table.insert(key, Item::Value(value))),
    }
}

/// A value as the file has it.
pub(super) fn written(value: &Value) -> toml_edit::Value {
    match value {
        Value::Integer(number) => (*number).into(),
        Value::Boolean(is_on) => (*is_on).into(),
        Value::Array(list) => list.iter().map(written).collect::<toml_edit::Array>().into(),
        other => other.as_str().unwrap_or_default().into(),
    }
}

/// An item without its looks.
pub(super) fn plain(item: &Item) -> Value {
    match item.as_value() {
        Some(toml_edit::Value::String(text)) => Value::String(text.value().clone()),
        Some(toml_edit::Value::Integer(number)) => Value::Integer(*number.value()),
        Some(toml_edit::Value::Boolean(is_on)) => Value::Boolean(*is_on.value()),
        Some(toml_edit::Value::Array(list)) => {
            Value::Array(list.iter().map(|value| plain(&Item::Value(value.clone()))).collect())
        }
        _ => Value::String(item.to_string().trim().to_owned()),
    }
}
