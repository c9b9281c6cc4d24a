//! The fields of the configuration as forms and JSON have them. What fields there are, what they take and when they take
//! effect is said in `config::fields`; what is wrong with a value, by the same judge as at a start. Secrets only go in.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::Serialize;

use super::answer::Refusal;
use super::visit::{Form, Visit};
use super::words::Words;
use crate::config::edit::{Draft, EditError, Setting, Source};
use crate::config::fields::{ACCOUNT, Field, Group, Kind, Taken};

/// A field on a page.
#[derive(Serialize)]
pub(super) struct Row {
    /// Its name in the form, which is its key.
    pub(super) key: String,
    pub(super) name: String,
    /// What it means, if the name does not say it all.
    pub(super) hint: String,
    pub(super) kind: &'static str,
    /// Of a number: from … to …
    pub(super) bounds: Option<(u64, u64)>,
    /// The same in words, where it says anything.
    #[serde(skip)]
    pub(super) range: String,
    pub(super) choices: &'static [&'static str],
    pub(super) default: &'static str,
    /// As people type it; empty for a secret.
    pub(super) value: String,
    /// Whether there is any value, which is all that is told of a secret.
    pub(super) is_set: bool,
    /// The variable or the file that it comes from, instead of the configuration file.
    pub(super) from: Option<String>,
    /// It is in the configuration file.
    pub(super) is_own: bool,
    pub(super) is_live: bool,
    /// Why the value was not taken.
    #[serde(skip)]
    pub(super) fault: Option<String>,
}

impl Row {
    pub(super) fn lines(&self) -> usize {
        self.value.lines().count().clamp(2, 8)
    }

    /// What holds without the key, on one line.
    pub(super) fn default_line(&self) -> String {
        self.default.replace('\n', " ")
    }
}

/// A form that was not taken.
#[derive(Default)]
pub(super) struct Rejected {
    pub(super) form: Form,
    /// The key that is wrong, if it is known.
    pub(super) key: Option<String>,
    /// In the visitor's language, with the judge's own words.
    pub(super) says: String,
}

impl Rejected {
    /// What to say of an error, and which of these keys it is about.
    pub(super) fn of(words: &Words, error: &EditError, form: &Form, keys: &[(String, &'static Field)]) -> Rejected {
        let says = match error {
            EditError::Changed(_) => words.get("settings.changed").to_owned(),
            other => words.with("settings.refused", "why", &one_line(&other.to_string())),
        };
        let text = error.to_string();
        let is_about = |(key, field): &&(String, &Field)| match error {
            EditError::Value { key: own, .. } | EditError::Elsewhere { key: own, .. } => own == key,
            EditError::Refused(_) => {
                text.contains(key.as_str()) || text.contains(&format!(": {}:", field.key)) || is_named(&text, field)
            }
            _ => false,
        };
        // The longer name is the right one: `previous_encoding_aes_key` has `encoding_aes_key` in it.
        let key = keys.iter().filter(is_about).max_by_key(|(key, _)| key.len());
        Rejected { form: form.clone(), key: key.map(|(_, field)| field.key.to_owned()), says }
    }
}

/// TOML's own errors name only the last part of a key, in backquotes or as `key = value`.
fn is_named(text: &str, field: &Field) -> bool {
    let last = field.key.rsplit('.').next().unwrap_or_default();
    text.contains(&format!("`{last}`"))
        || text.contains(&format!("\n{last} ="))
        || text.contains(&format!("| {last} ="))
}

/// An error on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of a section.
pub(super) fn rows(words: &Words, draft: &Draft, group: &Group, rejected: Option<&Rejected>) -> Vec<Row> {
    let row = |field: &'static Field| {
        let setting = draft.get(field.key).ok()?;
        Some(row(words, &format!("field.{}", field.key), field, setting, rejected))
    };
    group.fields.iter().filter_map(row).collect()
}

/// The rows of an account; of one that is to be added without a name.
pub(super) fn account_rows(words: &Words, draft: &Draft, name: Option<&str>, rejected: Option<&Rejected>) -> Vec<Row> {
    let row = |field: &'static Field| {
        let fresh = Setting { text: field.default.to_owned(), is_set: false, source: Source::Default };
        let known = name.and_then(|name| draft.get(&account_key(name, field)).ok());
        row(words, &format!("account.{}", field.key), field, known.unwrap_or(fresh), rejected)
    };
    ACCOUNT.iter().map(row).collect()
}

fn row(words: &Words, text: &str, field: &'static Field, setting: Setting, rejected: Option<&Rejected>) -> Row {
    let (name, hint) = words.field(text);
    let typed = rejected.and_then(|rejected| rejected.form.get(field.key)).filter(|_| field.kind != Kind::Secret);
    let fault = rejected.filter(|rejected| rejected.key.as_deref() == Some(field.key));
    let (kind, bounds, choices): (_, _, &[&str]) = match field.kind {
        Kind::Text => ("text", None, &[]),
        Kind::Secret => ("secret", None, &[]),
        Kind::Number(least, most) => ("number", Some((least, most)), &[]),
        Kind::Switch => ("switch", None, &[]),
        Kind::Choice(choices) => ("choice", None, choices),
        Kind::List => ("list", None, &[]),
    };
    Row {
        key: field.key.to_owned(),
        name: name.to_owned(),
        hint: hint.to_owned(),
        kind,
        bounds,
        range: match bounds {
            Some((least, most)) if most < u64::from(u32::MAX) => {
                words.with("settings.bounds", "from", &least).replace("{to}", &most.to_string())
            }
            _ => String::new(),
        },
        choices,
        default: field.default,
        value: typed.cloned().unwrap_or(setting.text),
        is_set: setting.is_set,
        from: match &setting.source {
            Source::Environment(from) | Source::SecretFile(from) => Some(from.clone()),
            Source::Default | Source::File => None,
        },
        is_own: setting.source == Source::File,
        is_live: field.taken == Taken::Live,
        fault: fault.map(|rejected| rejected.says.clone()),
    }
}

/// The key of an account's field.
pub(super) fn account_key(name: &str, field: &Field) -> String {
    format!("account.{name}.{}", field.key)
}

/// The keys of a section, with their fields.
pub(super) fn keys_of(group: &'static Group) -> Vec<(String, &'static Field)> {
    group.fields.iter().map(|field| (field.key.to_owned(), field)).collect()
}

/// The keys of an account.
pub(super) fn keys_of_account(name: &str) -> Vec<(String, &'static Field)> {
    ACCOUNT.iter().map(|field| (account_key(name, field), field)).collect()
}

/// Takes a form over. A secret that is left empty stays, unless it is to be taken out; a box that is not ticked is not
/// sent; what comes from elsewhere is passed over. A section that may be missing ends with its first key.
pub(super) fn apply(
    draft: &mut Draft,
    keys: &[(String, &'static Field)],
    is_optional: bool,
    form: &Form,
) -> Result<(), EditError> {
    for (number, (key, field)) in keys.iter().enumerate() {
        if !draft.get(key)?.is_editable() {
            continue;
        }
        let text = form.get(field.key).map_or("", String::as_str);
        if is_optional && number == 0 && text.trim().is_empty() {
            let typed = |(own, field): &&(String, &'static Field)| {
                let typed = form.get(field.key).map_or("", |text| text.trim());
                let is_new = |held: Setting| field.kind == Kind::Secret || held.text != typed;
                !typed.is_empty() && field.kind != Kind::Switch && draft.get(own).is_ok_and(is_new)
            };
            if keys.iter().skip(1).any(|one| typed(&one)) {
                let why = "is missing; the rest of the section needs it".to_owned();
                return Err(EditError::Value { key: key.clone(), why });
            }
            return draft.set(key, "");
        }
        match field.kind {
            Kind::Secret if form.contains_key(&format!("{}.remove", field.key)) => draft.set(key, "")?,
            Kind::Secret if text.is_empty() => {}
            Kind::Switch => draft.set(key, if form.contains_key(field.key) { "true" } else { "false" })?,
            _ => draft.set(key, text)?,
        }
    }
    Ok(())
}

/// Changes the file and takes over what takes effect at once; `seen` is the digest of the file that the change was made
/// to, if somebody has looked at it before.
pub(super) async fn edit(
    visit: &Visit,
    seen: Option<String>,
    change: impl FnOnce(&mut Draft) -> Result<(), EditError> + Send + 'static,
) -> Result<Result<(), EditError>, Refusal> {
    let app = visit.app.clone();
    let edited = move || {
        let mut draft = app.draft()?;
        if let Some(seen) = seen {
            draft.must_be(&seen)?;
        }
        change(&mut draft)?;
        app.take_over(&draft.save()?);
        log::info!("the configuration has been changed on the admin page");
        Ok(())
    };
    visit.ask(move || Ok::<_, Infallible>(edited())).await
}

/// The keys that wait for a start, by the names that people know; and why that cannot be said, if the file is wrong now.
pub(super) fn waiting(words: &Words, waiting: anyhow::Result<Vec<String>>) -> (Vec<String>, Option<String>) {
    match waiting {
        Ok(keys) => {
            let name = |key: String| match key.strip_prefix("account.") {
                Some(name) => words.with("settings.account", "name", name),
                None => words.field(&format!("field.{key}")).0.to_owned(),
            };
            (keys.into_iter().map(name).collect(), None)
        }
        Err(error) => (Vec::new(), Some(one_line(&format!("{error:#}")))),
    }
}

/// A JSON object of keys and values as a form.
pub(super) fn form_of(values: BTreeMap<String, serde_json::Value>) -> Form {
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Array(list) => {
            list.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    };
    values.into_iter().map(|(key, value)| (key, text(value))).collect()
}
