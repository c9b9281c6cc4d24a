//! Links that authenticate by themselves: the browser outside WeChat has no cookie of the follower.
//!
//! A link names a book, a file, the follower's alias and an end, under HMAC-SHA256. It can be used several times
//! (WeChat fetches links before people do) and ignores parameters that it did not sign (WeChat adds some). The key
//! has a number, so that a new one can be brought in while old links live.

use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::book::Format;
use crate::secret::keyed_hash;
use crate::store::records::{BookId, BookRecord, Edition};
use crate::store::schema::SETTINGS;
use crate::store::{self, Durability, Store, hex};

/// Where the keys are kept.
const SETTING: &str = "link_keys";
/// Bytes of the code that are sent: 160 bits.
const CODE_BYTES: usize = 20;

/// Makes and checks links.
pub struct Links {
    public_url: String,
    lifetime: Duration,
    /// (number, key), newest last.
    keys: Vec<(u32, [u8; 32])>,
}

/// What a valid link allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose link it is.
    pub alias: String,
}

/// Why a link is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It was not made here, or has been changed.
    Forged,
    /// It was good once.
    Expired,
}

impl Links {
    /// Reads the keys from the store; makes the first from `random` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(store: &Store, public_url: &str, lifetime: Duration, random: [u8; 32]) -> Result<Links, store::Error> {
        let name = SETTING.to_owned();
        let keys: Vec<(u32, [u8; 32])> = store.write(Durability::Durable, |write| {
            if let Some(found) = write.get(&SETTINGS, &name)? {
                return serde_json::from_value(found).map_err(|error| store::Error::Damaged(error.to_string()));
            }
            let keys = vec![(1, random)];
            write.put(&SETTINGS, &name, &serde_json::json!(keys))?;
            Ok(keys)
        })?;
        Ok(Links { public_url: public_url.trim_end_matches('/').to_owned(), lifetime, keys })
    }

    /// The address of a book's page for this follower.
    pub fn book_page(&self, id: BookId, alias: &str, now: DateTime<Utc>) -> String {
        format!("{}/b/{id}?{}", self.public_url, self.query("pg1", &id.to_string(), alias, now))
    }

    /// The address of a file for this follower.
    pub fn download(&self, id: BookId, file: &str, alias: &str, now: DateTime<Utc>) -> String {
        let subject = format!("{id}|{file}");
        format!("{}/dl/{id}/{file}?{}", self.public_url, self.query("dl1", &subject, alias, now))
    }

    /// Where the public pages are.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Checks the query of a book's page.
    ///
    /// # Errors
    /// [`LinkError`]
    pub fn verify_page(&self, id: BookId, query: &str, now: DateTime<Utc>) -> Result<Grant, LinkError> {
        self.verify("pg1", &id.to_string(), query, now)
    }

    /// Checks the query of a download.
    ///
    /// # Errors
    /// [`LinkError`]
    pub fn verify_download(&self, id: BookId, file: &str, query: &str, now: DateTime<Utc>) -> Result<Grant, LinkError> {
        self.verify("dl1", &format!("{id}|{file}"), query, now)
    }

    fn query(&self, purpose: &str, subject: &str, alias: &str, now: DateTime<Utc>) -> String {
        let Some((number, key)) = self.keys.last() else { return String::new() };
        let expires = (now + self.lifetime).timestamp().to_string();
        let code = mac(key, purpose, subject, alias, &expires).finalize().into_bytes();
        format!("u={alias}&e={expires}&k={number}&s={}", hex(&code[..CODE_BYTES]))
    }

    fn verify(&self, purpose: &str, subject: &str, query: &str, now: DateTime<Utc>) -> Result<Grant, LinkError> {
        let only = |name: &str| {
            let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => Ok(value.into_owned()),
                _ => Err(LinkError::Forged),
            }
        };
        let (alias, expires, number, code) = (only("u")?, only("e")?, only("k")?, only("s")?);
        let key = self.keys.iter().find(|(known, _)| known.to_string() == number);
        let (_, key) = key.ok_or(LinkError::Forged)?;
        let code = unhex(&code).filter(|code| code.len() == CODE_BYTES).ok_or(LinkError::Forged)?;
        // Compares in constant time.
        mac(key, purpose, subject, &alias, &expires).verify_truncated_left(&code).map_err(|_| LinkError::Forged)?;
        let expires: i64 = expires.parse().map_err(|_| LinkError::Forged)?;
        if now.timestamp() > expires { Err(LinkError::Expired) } else { Ok(Grant { alias }) }
    }
}

fn mac(key: &[u8; 32], purpose: &str, subject: &str, alias: &str, expires: &str) -> Hmac<Sha256> {
    keyed_hash(key, format!("{purpose}|{subject}|{alias}|{expires}").as_bytes())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// The names of a book's files as links use them, with the files: `epub`, `txt`, and `epub-2` for a second EPUB.
pub fn file_names(book: &BookRecord) -> Vec<(String, &Edition)> {
    let mut names: Vec<(String, &Edition)> = Vec::with_capacity(book.editions.len());
    for edition in &book.editions {
        let extension = edition.format.extension();
        let earlier = names.iter().filter(|(_, other)| other.format == edition.format).count();
        let name = if earlier == 0 { extension.to_owned() } else { format!("{extension}-{}", earlier + 1) };
        names.push((name, edition));
    }
    names
}

/// A way to have a book: as a file it has, or as one that can be made from it.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The file's name as links use it.
    pub name: String,
    /// Its format.
    pub format: Format,
    /// The file, if it is there.
    pub edition: Option<&'a Edition>,
}

/// Everything a book can be had as: its files, then what can be made from them.
pub fn offers(book: &BookRecord) -> Vec<Offer<'_>> {
    let files = file_names(book).into_iter();
    let mut offers: Vec<Offer<'_>> =
        files.map(|(name, edition)| Offer { name, format: edition.format, edition: Some(edition) }).collect();
    if book.editions.iter().any(|edition| edition.format.is_readable()) {
        let made = Format::WRITABLE.into_iter();
        let made = made.filter(|format| book.editions.iter().all(|edition| edition.format != *format));
        offers.extend(made.map(|format| Offer { name: format.extension().to_owned(), format, edition: None }));
    }
    offers
}
