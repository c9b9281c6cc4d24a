//! Single keys from the environment: `SHUTONG_LISTEN__PUBLIC=127.0.0.1:0`, `SHUTONG_ACCOUNT__0__TOKEN=…`.

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

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
        set(table, &path, &text).with_context(|| format!("the variable {name} is wrong"))?;
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !OTHERS.contains(&name)
}

fn set(table: &mut Table, path: &[&str], text: &str) -> Result<()> {
    match path {
        [key] => {
            // The variable has the last word, whichever way the file gives the secret.
            if let Some(other) = secrets::counterpart(key) {
                table.remove(&other);
            }
            table.insert((*key).to_owned(), value_of(key, text)?);
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
                set(entry, &rest[1..], text)
            }
            Err(_) => {
                let inner = table.entry(*section).or_insert_with(|| Value::Table(Table::new()));
                let Value::Table(inner) = inner else { bail!("{section} is no section") };
                let is_number = *section == "limits"
                    || matches!(
                        rest[0],
                        "files" | "days" | "file_megabytes" | "keep_last" | "keep_days" | "keep_weeks"
                    );
                if is_number && rest.len() == 1 {
                    let number: i64 = text.parse().with_context(|| format!("\"{text}\" is not a whole number"))?;
                    inner.insert(rest[0].to_owned(), Value::Integer(number));
                    return Ok(());
                }
                set(inner, rest, text)
            }
        },
        [] => bail!("it names no key"),
    }
}

/// Variables are text; a few keys are not.
fn value_of(key: &str, text: &str) -> Result<Value> {
    Ok(match key {
        "verified" | "enabled" => {
            Value::Boolean(text.parse().with_context(|| format!("\"{text}\" is neither true nor false"))?)
        }
        "port" => Value::Integer(text.parse().with_context(|| format!("\"{text}\" is not a whole number"))?),
        "hosts" | "upstream" | "relay" | "js_domains" | "api_fallbacks" => {
            Value::Array(text.split(',').map(|host| Value::String(host.trim().to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    })
}
