//! Changes to `shutong.toml` by others than an editor. Comments, order and what is not touched stay as they are.
//!
//! A change is made on a [`Draft`] and saved whole: judged as at a start, and written only if a start would accept it.
//! The file of before is kept beside it as `….old`. Whoever else has changed the file meanwhile is not overwritten.
//! What comes from the environment or from a secret's file cannot be changed here: it would have the last word.

mod document;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike};

use super::Config;
use super::fields::{self, GROUPS, Kind, account_key};
use super::origin::text_of;
use crate::store::hex;
use document::{plain, unlisted, write, written};

/// Variables of the environment.
pub type Environment = Vec<(String, String)>;

/// The file, with changes that are not saved yet.
pub struct Draft {
    path: PathBuf,
    document: DocumentMut,
    /// The file as it was read; `None` if there was none.
    read: Option<String>,
    environment: Environment,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// No such key.
    #[error("there is no key {0}; `shutong config example` shows them all")]
    Unknown(String),
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// The value comes from elsewhere, which has the last word.
    #[error("{key} comes from {from}; change it there")]
    Elsewhere {
        /// The key.
        key: String,
        /// What gives it.
        from: String,
    },
    /// Not a value of this key.
    #[error("{key} {why}")]
    Value {
        /// The key.
        key: String,
        /// What it takes.
        why: String,
    },
    /// A start would refuse it.
    #[error("{0:#}")]
    Refused(anyhow::Error),
    /// It was changed after it was read.
    #[error("{0} has been changed by somebody else meanwhile. Look at what it says now, and make the change again")]
    Changed(PathBuf),
    /// The file cannot be edited as it is.
    #[error("{0}")]
    Unreadable(String),
    /// It cannot be written.
    #[error("cannot write {path}: {error}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The key is not set.
    Default,
    /// The file.
    File,
    /// This variable of the environment.
    Environment(String),
    /// The file of a secret.
    SecretFile(String),
}

/// A key's value and where it comes from.
#[derive(Clone, Debug)]
pub struct Setting {
    /// As people type it; empty for a secret.
    pub text: String,
    /// Whether it is anything but empty, which is all that is told of a secret.
    pub is_set: bool,
    /// Where it comes from.
    pub source: Source,
}

impl Setting {
    /// Whether it can be changed in the file.
    pub fn is_editable(&self) -> bool {
        matches!(self.source, Source::Default | Source::File)
    }
}

impl Draft {
    /// Reads the file; one that is not there is empty.
    ///
    /// # Errors
    /// When it cannot be read or is no TOML.
    pub fn open(path: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<Draft, EditError> {
        let unreadable = |why: String| EditError::Unreadable(format!("cannot read {}: {why}", path.display()));
        // A link stays one: the file behind it is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let read = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let document = read.as_deref().unwrap_or_default().parse::<DocumentMut>();
        let document = document.map_err(|error| unreadable(error.to_string()))?;
        Ok(Draft { path, document, read, environment: environment.into_iter().collect() })
    }

    /// Stands for the file as it was read: whoever made a change to that one says so.
    pub fn digest(&self) -> String {
        self.read.as_ref().map_or_else(String::new, |text| hex(&Sha256::digest(text.as_bytes())))
    }

    /// An error if the file is not the one that somebody has seen, by its digest.
    ///
    /// # Errors
    /// [`EditError::Changed`].
    pub fn must_be(&self, digest: &str) -> Result<(), EditError> {
        if self.digest() == digest { Ok(()) } else { Err(EditError::Changed(self.path.clone())) }
    }

    /// The names of the accounts in the file, in its order.
    pub fn accounts(&self) -> Vec<String> {
        let accounts = self.document.get("account").and_then(Item::as_array_of_tables);
        let name = |table: &Table| table.get("name").and_then(Item::as_str).unwrap_or_default().to_owned();
        accounts.into_iter().flatten().map(name).collect()
    }

    /// A key's value, and where it comes from.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn get(&self, key: &str) -> Result<Setting, EditError> {
        let field = fields::find(key).ok_or_else(|| EditError::Unknown(key.to_owned()))?;
        let (variable, own) = self.variable(key)?;
        let setting = |text: String, source| {
            let is_set = !text.is_empty();
            Setting { text: if field.kind == Kind::Secret { String::new() } else { text }, is_set, source }
        };
        if let Some(text) = own {
            return Ok(setting(text, Source::Environment(variable)));
        }
        let (table, last) = self.place(key)?;
        if field.kind == Kind::Secret
            && let Some(file) = table.and_then(|table| table.get(&format!("{last}_file")))
        {
            return Ok(setting("kept".into(), Source::SecretFile(file.as_str().unwrap_or_default().to_owned())));
        }
        Ok(match table.and_then(|table| table.get(last)) {
            Some(item) => setting(text_of(&plain(item)), Source::File),
            None => setting(field.default.to_owned(), Source::Default),
        })
    }

    /// The secret itself, for whoever has to carry it to the platform's console; `None` if it comes from a file or is
    /// not set.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn secret(&self, key: &str) -> Result<Option<String>, EditError> {
        match self.variable(key)? {
            (variable, Some(_)) if variable.ends_with("_FILE") => return Ok(None),
            (_, Some(text)) => return Ok(Some(text)),
            _ => {}
        }
        let (table, last) = self.place(key)?;
        Ok(table.and_then(|table| table.get(last)).and_then(Item::as_str).map(str::to_owned))
    }

    /// Gives a key another value; an empty one takes the key out, so that its default holds. A section that may be
    /// missing goes with its first key. Nothing happens to a key whose value this is already.
    ///
    /// # Errors
    /// When there is no such key, it comes from elsewhere, or does not take such a value.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), EditError> {
        let field = fields::find(key).ok_or_else(|| EditError::Unknown(key.to_owned()))?;
        let setting = self.get(key)?;
        // What holds without a key in other sections has to be written in one that may be missing.
        let is_optional = GROUPS.iter().any(|group| group.is_optional && group.fields.contains(field));
        let is_needed = is_optional && setting.source == Source::Default && !field.default.is_empty();
        let is_same = field.kind != Kind::Secret && setting.text == text.trim().replace("\r\n", "\n");
        if is_same && !is_needed {
            return Ok(());
        }
        let from = match setting.source {
            Source::Environment(variable) => Some(format!("the variable {variable}")),
            Source::SecretFile(file) => Some(format!("the file {file}")),
            Source::Default | Source::File => None,
        };
        if let Some(from) = from {
            return Err(EditError::Elsewhere { key: key.to_owned(), from });
        }
        if text.trim().is_empty() {
            return self.remove(key);
        }
        let value = field.value(text).map_err(|why| EditError::Value { key: key.to_owned(), why })?;
        let (table, last) = self.place_mut(key)?;
        write(table, last, written(&value));
        Ok(())
    }

    /// Adds an account without anything but its name.
    ///
    /// # Errors
    /// When there is one of this name, or the file lists accounts in a way that cannot be edited.
    pub fn add_account(&mut self, name: &str) -> Result<(), EditError> {
        let key = format!("account.{name}.name");
        if self.accounts().iter().any(|own| own == name) {
            return Err(EditError::Value { key, why: "is the name of another account".into() });
        }
        if name.is_empty() || name.contains('.') {
            return Err(EditError::Value { key, why: "must be letters and digits".into() });
        }
        let entry = self.document.entry("account").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let accounts = entry.as_array_of_tables_mut().ok_or_else(unlisted)?;
        let mut table = Table::new();
        write(&mut table, "name", name.into());
        accounts.push(table);
        Ok(())
    }

    /// Takes an account out.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn remove_account(&mut self, name: &str) -> Result<(), EditError> {
        let index = self.index(name)?;
        let accounts = self.document.get_mut("account").and_then(Item::as_array_of_tables_mut).ok_or_else(unlisted)?;
        accounts.remove(index);
        if accounts.is_empty() {
            self.document.remove("account");
        }
        Ok(())
    }

    /// The configuration as it would be read at a start.
    ///
    /// # Errors
    /// [`EditError::Refused`], with the key and the fix.
    pub fn judge(&self) -> Result<Config, EditError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut config = Config::parse(&self.document.to_string(), folder, self.environment.iter().cloned())
            .map_err(EditError::Refused)?;
        config.origin.path = Some(self.path.clone());
        Ok(config)
    }

    /// Judges the whole and writes it, for its owner only. Gives the configuration that the next start reads.
    ///
    /// # Errors
    /// When a start would refuse it, somebody else has changed the file, or it cannot be written. Then the file is as
    /// it was.
    pub fn save(self) -> Result<Config, EditError> {
        let config = self.judge()?;
        let text = self.document.to_string();
        let now = fs::read_to_string(&self.path).ok();
        if now != self.read {
            return Err(EditError::Changed(self.path));
        }
        if now.as_deref() == Some(text.as_str()) {
            return Ok(config);
        }
        let unwritable = |error| EditError::Unwritable { path: self.path.clone(), error };
        if let Some(before) = &self.read {
            let mut name = self.path.file_name().unwrap_or_default().to_owned();
            name.push(".old");
            crate::secret::write_private(&self.path.with_file_name(name), before.as_bytes()).map_err(unwritable)?;
        }
        crate::secret::write_private(&self.path, text.as_bytes()).map_err(unwritable)?;
        Ok(config)
    }

    fn remove(&mut self, key: &str) -> Result<(), EditError> {
        let begins = GROUPS.iter().find(|group| group.is_optional && group.fields[0].key == key);
        let (table, last) = self.place_mut(key)?;
        table.remove(last);
        if let Some(group) = begins {
            match group.name.split_once('.') {
                Some((section, inner)) => {
                    let section = self.document.get_mut(section).and_then(Item::as_table_like_mut);
                    section.and_then(|section| section.remove(inner));
                }
                None => drop(self.document.remove(group.name)),
            }
        }
        Ok(())
    }

    /// The variable that overrides a key, and its value if it is set.
    fn variable(&self, key: &str) -> Result<(String, Option<String>), EditError> {
        let path = match account_key(key) {
            Some((name, last)) => format!("account__{}__{last}", self.index(name)?),
            None => key.replace('.', "__"),
        };
        let variable = format!("SHUTONG_{}", path.to_uppercase());
        let value = |name: &str| self.environment.iter().find(|(own, _)| own == name).map(|(_, text)| text.clone());
        let by_file = format!("{variable}_FILE");
        Ok(match (value(&variable), value(&by_file)) {
            (None, Some(file)) => (by_file, Some(file)),
            (own, _) => (variable, own),
        })
    }

    fn index(&self, account: &str) -> Result<usize, EditError> {
        let index = self.accounts().iter().position(|own| own == account);
        index.ok_or_else(|| EditError::NoAccount(account.to_owned()))
    }

    /// The section of a key, if it is there, and the key's name in it.
    fn place<'a>(&self, key: &'a str) -> Result<(Option<&dyn TableLike>, &'a str), EditError> {
        if let Some((name, last)) = account_key(key) {
            let index = self.index(name)?;
            let accounts = self.document.get("account").and_then(Item::as_array_of_tables);
            let account = accounts.and_then(|accounts| accounts.get(index));
            return Ok((account.map(|table| table as &dyn TableLike), last));
        }
        let mut parts: Vec<&str> = key.split('.').collect();
        let last = parts.pop().unwrap_or_default();
        let mut table: Option<&dyn TableLike> = Some(self.document.as_table());
        for part in parts {
            table = table.and_then(|table| table.get(part)).and_then(Item::as_table_like);
        }
        Ok((table, last))
    }

    /// The same, with the sections made that are not there.
    fn place_mut<'a>(&mut self, key: &'a str) -> Result<(&mut dyn TableLike, &'a str), EditError> {
        if let Some((name, last)) = account_key(key) {
            let index = self.index(name)?;
            let accounts = self.document.get_mut("account").and_then(Item::as_array_of_tables_mut);
            let account = accounts.and_then(|accounts| accounts.get_mut(index)).ok_or_else(unlisted)?;
            return Ok((account, last));
        }
        let mut parts: Vec<&str> = key.split('.').collect();
        let last = parts.pop().unwrap_or_default();
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for part in parts {
            let section = table.entry(part).or_insert_with(|| Item::Table(Table::new()));
            table =
                section.as_table_like_mut().ok_or_else(|| EditError::Unreadable(format!("{part} is no section")))?;
        }
        Ok((table, last))
    }
}
