//! The owner's file of keyword replies, which is read again when it changes. A file with a mistake changes nothing, says
//! what is wrong, and the last good one stays in use, also after a restart. What stands in it is `keywords`' affair.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Media;
use super::change::write_whole;
use super::folder::{Look, Taking, look};
use super::keywords::Keywords;
use crate::alert::Trouble;
use crate::store::schema::{MEDIA_FILES, SETTINGS};
use crate::store::{self, Durability, Store};
use crate::wechat::MediaKind;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// Where the last good file is kept.
const REMEMBERED: &str = "keywords";

/// The looks at the file: the last one, and the one it was read at.
#[derive(Default)]
pub(super) struct KeywordsSeen {
    last: Option<Option<Look>>,
    read: Option<Option<Look>>,
}

/// Why the file was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveKeywords {
    /// What is wrong with it.
    #[error("{0}")]
    Wrong(String),
    /// It is not what was looked at: somebody has written it meanwhile.
    #[error("the file has changed meanwhile; look at it again")]
    Stale,
    /// The disk or the store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Media {
    /// Reads the file of keyword replies if it has changed. Whether other replies hold now.
    ///
    /// # Errors
    /// When the store fails; a mistake in the file is told to the owner.
    pub fn reread_keywords(&self, taking: Taking, now: DateTime<Utc>) -> store::Result<bool> {
        let mut seen = self.keywords_seen.lock();
        let there = match fs::metadata(&self.settings.keywords) {
            Ok(metadata) => Some(look(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return self.wrong_keywords(&error.to_string(), now),
        };
        let is_settled = taking == Taking::AtOnce || seen.last == Some(there);
        seen.last = Some(there);
        if !is_settled || seen.read == Some(there) {
            return Ok(false);
        }
        let text = match there {
            None => String::new(),
            Some((bytes, _)) if bytes > LARGEST => return self.wrong_keywords("it is larger than 1 MB", now),
            // Not noted as read: what went wrong may pass, and the file stay as it is.
            Some(_) => match fs::read_to_string(&self.settings.keywords) {
                Ok(text) => text,
                Err(error) => return self.wrong_keywords(&error.to_string(), now),
            },
        };
        seen.read = Some(there);
        let keywords = match Keywords::parse(&text) {
            Ok(keywords) => keywords,
            Err(error) => return self.wrong_keywords(&error, now),
        };
        let is_new = self.remember(&text)?;
        *self.keywords.write() = keywords.into();
        self.alerts.resolve(&self.wrong("").key(), now);
        Ok(is_new)
    }

    /// The file, as it is; none if there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn keywords_text(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(&self.settings.keywords) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The last good file, which is in use; empty if there was none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn good_keywords_text(&self) -> store::Result<String> {
        good_text(&self.store)
    }

    /// Where the file is.
    pub fn keywords_path(&self) -> &Path {
        &self.settings.keywords
    }

    /// Writes the file, whole or not at all, if it is right, and takes it into use.
    ///
    /// # Errors
    /// [`SaveKeywords::Wrong`] says what is wrong with it, and nothing has changed; else when the disk or the store fails.
    pub fn save_keywords(&self, text: &str, now: DateTime<Utc>) -> Result<(), SaveKeywords> {
        if text.len() as u64 > LARGEST {
            return Err(SaveKeywords::Wrong("it is larger than 1 MB".to_owned()));
        }
        Keywords::parse(text).map_err(SaveKeywords::Wrong)?;
        write_whole(&self.settings.keywords, text.as_bytes()).map_err(store::Error::from)?;
        self.reread_keywords(Taking::AtOnce, now)?;
        self.bell.ring();
        Ok(())
    }

    /// Files that keyword replies name and that are not in the folder, or are something else.
    ///
    /// # Errors
    /// When the store fails.
    pub fn missing(&self) -> store::Result<Vec<String>> {
        let keywords = self.keywords();
        let mut missing = Vec::new();
        for (name, kind) in keywords.files() {
            let needed = if kind == MediaKind::Thumb { MediaKind::Image } else { kind };
            let file = self.store.get(&MEDIA_FILES, &name.to_owned())?;
            if file.is_none_or(|file| file.kind != Some(needed)) && !missing.iter().any(|known| known == name) {
                missing.push(name.to_owned());
            }
        }
        Ok(missing)
    }

    /// Tells the owner of them, or that there are none any more.
    pub fn tell_missing(&self, missing: &[String], now: DateTime<Utc>) {
        let trouble =
            Trouble::KeywordFiles { file: self.settings.keywords.display().to_string(), missing: missing.join(", ") };
        match missing {
            [] => self.alerts.resolve(&trouble.key(), now),
            _ => self.alerts.raise(&trouble, now),
        }
    }

    /// Keeps a good file for the next start. Whether it is another one.
    fn remember(&self, text: &str) -> store::Result<bool> {
        let (key, value) = (REMEMBERED.to_owned(), json!(text));
        if self.store.get(&SETTINGS, &key)?.unwrap_or_else(|| json!("")) == value {
            return Ok(false);
        }
        self.store.write(Durability::Soon, |write| write.put(&SETTINGS, &key, &value))?;
        Ok(true)
    }

    fn wrong_keywords(&self, error: &str, now: DateTime<Utc>) -> store::Result<bool> {
        self.alerts.raise(&self.wrong(error), now);
        Ok(false)
    }

    fn wrong(&self, error: &str) -> Trouble {
        Trouble::KeywordsWrong { file: self.settings.keywords.display().to_string(), error: error.to_owned() }
    }
}

/// The keyword replies that were good last.
pub(super) fn remembered(store: &Store) -> store::Result<Keywords> {
    // What another version of the program took may be wrong to this one; the file itself will tell.
    Ok(Keywords::parse(&good_text(store)?).unwrap_or_default())
}

fn good_text(store: &Store) -> store::Result<String> {
    let text = store.get(&SETTINGS, &REMEMBERED.to_owned())?;
    Ok(text.as_ref().and_then(|text| text.as_str()).unwrap_or_default().to_owned())
}
