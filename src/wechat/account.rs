//! One Official Account as its callback sees it: who it is, and with which keys it talks.
//!
//! An [`Account`] is valid if it exists. Its AppSecret and the API's address are not here: they are
//! needed to call the platform, not to answer it.

use crate::secret::Secret;
use crate::wechat::crypto::Key;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How pushes are protected, as chosen in the platform's console (消息加解密方式).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 明文模式. The body is neither encrypted nor signed.
    Plain,
    /// 兼容模式. The body comes plain and encrypted; only the encrypted part is believed. A push
    /// without an encrypted part is taken as in plain mode, because this mode is for changing over.
    Compatible,
    /// 安全模式. Everything else than an encrypted push is refused.
    Safe,
}

/// What an owner writes down for one account; [`Account::new`] judges it.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// The name in the callback's path, 1-32 of `a-z`, `0-9`, `-`, `_`.
    pub name: String,
    /// The AppID, `wx` followed by letters and digits.
    pub app_id: String,
    /// The Token (令牌) of the console, 3-32 letters and digits.
    pub token: Secret,
    /// The mode chosen in the console.
    pub mode: Mode,
    /// The EncodingAESKey, 43 letters and digits. Required unless the mode is plain.
    pub encoding_aes_key: Option<Secret>,
    /// The key before the present one: pushes may still use it for a while after a change.
    pub previous_encoding_aes_key: Option<Secret>,
    /// Whether the account is verified (微信认证), which opens most of the platform's API.
    pub verified: bool,
}

/// An account whose settings hold together.
#[derive(Clone, Debug)]
pub struct Account {
    name: String,
    app_id: String,
    token: Secret,
    mode: Mode,
    keys: Option<Keys>,
    verified: bool,
}

/// The keys a push may be encrypted with.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) current: Key,
    pub(super) previous: Option<Key>,
}

/// Settings that no account can have: which one, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAccount {
    /// The name of the setting, as in [`AccountSettings`].
    pub field: &'static str,
    /// What it must be and where to find it. Never contains the value.
    pub fix: &'static str,
}

impl Account {
    /// Judges the settings. The error names the first setting that is wrong.
    pub fn new(settings: AccountSettings) -> Result<Account, InvalidAccount> {
        let AccountSettings { name, app_id, token, mode, verified, .. } = &settings;
        require(is_name(name), "name", "use 1-32 of a-z, 0-9, - and _; it becomes part of the callback URL")?;
        require(
            is_app_id(app_id),
            "app_id",
            "copy the AppID (开发者ID) from the console; it is wx followed by letters and digits",
        )?;
        require(
            is_alphanumeric(token.expose(), 3..=32),
            "token",
            "use 3-32 letters and digits, the same as Token (令牌) in the console",
        )?;
        let keys = keys(&settings)?;
        require(
            keys.is_some() || *mode == Mode::Plain,
            "encoding_aes_key",
            "the modes compatible and safe need it: copy the EncodingAESKey from the console, \
             or choose 明文模式 there and mode = \"plain\" here",
        )?;
        Ok(Account {
            name: name.clone(),
            app_id: app_id.clone(),
            token: token.clone(),
            mode: *mode,
            keys,
            verified: *verified,
        })
    }

    /// The name in the callback's path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The AppID.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// How pushes are protected.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether the account is verified: only then can it write first (customer-service messages).
    pub fn verified(&self) -> bool {
        self.verified
    }

    /// Whether it has a key, so that pushes to it can be encrypted.
    pub fn has_key(&self) -> bool {
        self.keys.is_some()
    }

    pub(super) fn token(&self) -> &str {
        self.token.expose()
    }

    pub(super) fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }
}

fn keys(settings: &AccountSettings) -> Result<Option<Keys>, InvalidAccount> {
    let current = key(
        &settings.encoding_aes_key,
        "encoding_aes_key",
        "copy the EncodingAESKey from the console; it has exactly 43 letters and digits",
    )?;
    let previous = key(
        &settings.previous_encoding_aes_key,
        "previous_encoding_aes_key",
        "it has exactly 43 letters and digits; leave it out if the key was never changed",
    )?;
    match (current, previous) {
        (Some(current), previous) => Ok(Some(Keys { current, previous })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(InvalidAccount {
            field: "previous_encoding_aes_key",
            fix: "there is no encoding_aes_key: if this is the present key, write it there",
        }),
    }
}

fn key(setting: &Option<Secret>, field: &'static str, fix: &'static str) -> Result<Option<Key>, InvalidAccount> {
    let Some(text) = setting else { return Ok(None) };
    Key::parse(text.expose()).map(Some).ok_or(InvalidAccount { field, fix })
}

fn require(holds: bool, field: &'static str, fix: &'static str) -> Result<(), InvalidAccount> {
    if holds { Ok(()) } else { Err(InvalidAccount { field, fix }) }
}

fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

fn is_app_id(text: &str) -> bool {
    text.starts_with("wx") && is_alphanumeric(text, 3..=64)
}

fn is_alphanumeric(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl fmt::Display for InvalidAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.fix)
    }
}

impl std::error::Error for InvalidAccount {}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> AccountSettings {
        AccountSettings {
            name: "main".into(),
            app_id: "wxb11529c136998cb6".into(),
            token: Secret::new("pamtest"),
            mode: Mode::Safe,
            encoding_aes_key: Some(Secret::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")),
            previous_encoding_aes_key: None,
            verified: false,
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut AccountSettings), expected: Option<&str>) {
        let mut changed = settings();
        change(&mut changed);
        assert_eq!(Account::new(changed).err().map(|e| e.field), expected);
    }

    #[test]
    fn names_the_setting_that_is_wrong() {
        check(|_| {}, None);
        check(|s| s.name = "a/b".into(), Some("name"));
        check(|s| s.name = String::new(), Some("name"));
        check(|s| s.app_id = " wx1".into(), Some("app_id"));
        check(|s| s.app_id = "gh_123".into(), Some("app_id"));
        check(|s| s.token = Secret::new("ab"), Some("token"));
        check(|s| s.token = Secret::new("a".repeat(33)), Some("token"));
        check(|s| s.token = Secret::new("with space"), Some("token"));
        check(|s| s.token = Secret::default(), Some("token"));
        check(|s| s.encoding_aes_key = None, Some("encoding_aes_key"));
        check(|s| s.encoding_aes_key = Some(Secret::new("a".repeat(42))), Some("encoding_aes_key"));
        check(|s| s.encoding_aes_key = Some(Secret::new("a".repeat(44))), Some("encoding_aes_key"));
        check(|s| s.encoding_aes_key = Some(Secret::new("+".repeat(43))), Some("encoding_aes_key"));
        check(|s| s.previous_encoding_aes_key = Some(Secret::new("x")), Some("previous_encoding_aes_key"));
        let only_previous = |s: &mut AccountSettings| {
            s.mode = Mode::Plain;
            s.previous_encoding_aes_key = s.encoding_aes_key.take();
        };
        check(only_previous, Some("previous_encoding_aes_key"));
    }

    #[test]
    fn plain_mode_needs_no_key() {
        check(
            |s| {
                s.mode = Mode::Plain;
                s.encoding_aes_key = None;
            },
            None,
        );
    }

    #[test]
    fn printing_shows_no_secret() {
        let account = Account::new(settings()).unwrap();
        let printed = format!("{account:?} {:?}", settings());
        assert!(!printed.contains("pamtest") && !printed.contains("abcdefgh"), "{printed}");
        assert!(!printed.contains("105, 183"), "the decoded key is printed: {printed}");
    }
}
