//! Single keys from the environment: `SHUTONG_LISTEN__PUBLIC=127.0.0.1:0`, `SHUTONG_ACCOUNT__0__TOKEN=…`.

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::fields::{self, Kind};
use super::secrets;

const PREFIX: &str = "SHUTONG_";

/// Variables with the prefix that are no configuration.
const OTHERS: [&str; 3] = ["SHUTONG_CONFIG", "SHUTONG_DATA", "SHUTONG_BOUND"];

/// Puts the variables into the table. Names are lower-cased; two underscores go one level down; a number is an entry
/// of a list that exists, or the next one.
pub(super) fn apply(table: &mut Table, environment: impl IntoIterator<Item = (String, String)>) -> Result<()> {
    let mut variables: Vec<_> = environment.into_iter().filter(|(name, _)| is_ours(name)).collect();
    variables.sort();
    for (name, text) in variables {
        let path = name[PREFIX.len()..].to_lowercase();
        let path: Vec<&str> = path.split("__").collect();
        let value = value_of(&path, &text).with_context(|| format!("the variable {name} is wrong"))?;
        set(table, &path, value).with_context(|| format!("the variable {name} is wrong"))?;
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !OTHERS.contains(&name)
}

fn set(table: &mut Table, path: &[&str], value: Value) -> Result<()> {
    match path {
        [key] => {
            // The variable has the last word, whichever way the file gives the secret.
            if let Some(other) = secrets::counterpart(key) {
                table.remove(&other);
            }
            table.insert((*key).to_owned(), value);
            Ok(())
        }
        [section, rest @ ..] => match rest[0].parse::<usize>() {
            Ok(number) => {
                let list = table.entry(*section).or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(list) = list else { bail!("{section} is no list") };
                if number == list.len() {
                    list.push(Value::Table(Table::new()));
                }
                let Some(Value::Table(entry)) = list.get_mut(number) else { bail!("{section} has no entry {number}") };
                set(entry, &rest[1..], value)
            }
            Err(_) => {
                let inner = table.entry(*section).or_insert_with(|| Value::Table(Table::new()));
                let Value::Table(inner) = inner else { bail!("{section} is no section") };
                set(inner, rest, value)
            }
        },
        [] => bail!("it names no key"),
    }
}

/// Variables are text; what a key takes instead is in the table of fields.
fn value_of(path: &[&str], text: &str) -> Result<Value> {
    let string = || Ok(Value::String(text.to_owned()));
    match fields::find(&path.join(".")) {
        Some(field) if matches!(field.kind, Kind::Text | Kind::Secret | Kind::Choice(_)) => string(),
        Some(field) => field.value(&text.replace(',', "\n")).map_err(anyhow::Error::msg),
        // Further senders are not in the table.
        None if path.last() == Some(&"port") => Ok(Value::Integer(text.parse()?)),
        None => string(),
    }
}
