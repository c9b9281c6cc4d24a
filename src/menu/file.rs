//! A menu as its owner writes it, in TOML: `[[button]]`, behind it `[[button.sub]]`, and `[[conditional]]` for menus
//! that only some followers see.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::wechat::{MatchRule, MenuButton, PlatformMenu};

/// A good menu to begin with: its buttons send the words that the service understands anyway.
pub const EXAMPLE: &str = include_str!("../../assets/menu.example.toml");

/// Where the owner's menu is.
pub fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("menu.toml")
}

/// The text of the file, if there is one.
///
/// # Errors
/// When it cannot be read.
pub fn load(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the file, whole or not at all.
///
/// # Errors
/// When the disk refuses.
pub fn save(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("toml.new");
    fs::write(&fresh, text)?;
    fs::File::open(&fresh)?.sync_all()?;
    fs::rename(&fresh, path)
}

/// The menus of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Menu {
    /// What everybody sees.
    #[serde(rename = "button")]
    pub buttons: Vec<Button>,
    /// What some see instead; of several that fit a follower the first one counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditional: Vec<Conditional>,
}

/// A button, with whatever its type needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Button {
    /// What stands on it.
    pub name: String,
    /// What it does; empty if it only opens the buttons behind it.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What a tap sends: the words of a command.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// The page it opens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The permanent material it shows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub media_id: String,
    /// The published article it shows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub article_id: String,
    /// The mini program it opens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub appid: String,
    /// The page in it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pagepath: String,
    /// The buttons behind it.
    #[serde(rename = "sub", skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

/// A menu for some.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditional {
    /// For followers with this tag.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "text")]
    pub tag_id: String,
    /// For iOS (1), Android (2), anything else (3).
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "text")]
    pub client_platform_type: String,
    /// What they see.
    #[serde(rename = "button")]
    pub buttons: Vec<Button>,
}

impl Menu {
    /// Reads a menu. Whether the platform would take it is judged elsewhere.
    ///
    /// # Errors
    /// When it is not TOML or has unknown keys; the message shows the place.
    pub fn parse(source: &str) -> Result<Menu, String> {
        toml::from_str(source).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// The same as text.
    ///
    /// # Errors
    /// Never for a menu that was read.
    pub fn to_toml(&self) -> Result<String, String> {
        toml::to_string_pretty(self).map_err(|error| error.to_string())
    }

    /// What the platform has. Of its conditional menus the newest counts first, and so stands first here: their ids
    /// count up.
    pub(super) fn of(found: &PlatformMenu) -> Menu {
        let mut newest_first: Vec<_> = found.conditional.iter().collect();
        newest_first.sort_by_key(|(id, ..)| std::cmp::Reverse(id.parse::<u64>().unwrap_or(0)));
        let conditional = newest_first.into_iter().map(|(_, rule, buttons)| Conditional {
            tag_id: rule.tag_id.clone(),
            client_platform_type: rule.client_platform_type.clone(),
            buttons: buttons.iter().map(Button::of).collect(),
        });
        Menu { buttons: found.buttons.iter().map(Button::of).collect(), conditional: conditional.collect() }
    }

    /// Its lines, one for each button, for people and for comparing.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.buttons.iter().for_each(|button| button.add_lines(0, &mut lines));
        for menu in &self.conditional {
            lines.push(format!("conditional {}", menu.rule_in_words()));
            menu.buttons.iter().for_each(|button| button.add_lines(1, &mut lines));
        }
        lines
    }
}

impl Button {
    fn of(found: &MenuButton) -> Button {
        Button {
            name: found.name.clone(),
            kind: found.kind.clone(),
            key: found.key.clone(),
            url: found.url.clone(),
            media_id: found.media_id.clone(),
            article_id: found.article_id.clone(),
            appid: found.appid.clone(),
            pagepath: found.pagepath.clone(),
            buttons: found.sub_button.iter().map(Button::of).collect(),
        }
    }

    pub(super) fn to_platform(&self) -> MenuButton {
        MenuButton {
            kind: self.kind.clone(),
            name: self.name.clone(),
            key: self.key.clone(),
            url: self.url.clone(),
            media_id: self.media_id.clone(),
            article_id: self.article_id.clone(),
            appid: self.appid.clone(),
            pagepath: self.pagepath.clone(),
            sub_button: self.buttons.iter().map(Button::to_platform).collect(),
        }
    }

    /// The fields that a type may need, with their names.
    pub(super) fn fields(&self) -> [(&'static str, &str); 6] {
        [
            ("key", &self.key),
            ("url", &self.url),
            ("media_id", &self.media_id),
            ("article_id", &self.article_id),
            ("appid", &self.appid),
            ("pagepath", &self.pagepath),
        ]
    }

    fn add_lines(&self, depth: usize, lines: &mut Vec<String>) {
        let mut line = format!("{}{}", "  ".repeat(depth), self.name);
        if !self.kind.is_empty() {
            line.push_str("  ");
            line.push_str(&self.kind);
        }
        for (_, value) in self.fields().into_iter().filter(|(_, value)| !value.is_empty()) {
            line.push(' ');
            line.push_str(value);
        }
        lines.push(line);
        self.buttons.iter().for_each(|button| button.add_lines(depth + 1, lines));
    }
}

impl Conditional {
    pub(super) fn rule(&self) -> MatchRule {
        MatchRule { tag_id: self.tag_id.clone(), client_platform_type: self.client_platform_type.clone() }
    }

    fn rule_in_words(&self) -> String {
        let rules = [("tag_id", &self.tag_id), ("client_platform_type", &self.client_platform_type)];
        let rules = rules.into_iter().filter(|(_, value)| !value.is_empty());
        rules.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
    }
}

/// A number may be written as one.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(u64),
    }
    Ok(match Written::deserialize(from)? {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
    })
}
