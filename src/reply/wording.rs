//! What the service says, in words that the admin can change: templates by key, read once, checked as a whole.
//!
//! A template is text with named holes, `{title}`. Every key declares its holes; a text that lacks one, or has one
//! that nothing fills, is refused with the names of both, so that a mistake shows when it is made and not in a
//! follower's chat. Holes called `tap_…` may stand in any text: they become links that send a command. When something
//! is said, and with what in the holes, is not decided here.

mod look;
mod word;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wechat::menu_link;

pub use look::{Look, Seen};
use word::TAPS;
pub(super) use word::Word;

const ZH: &str = include_str!("../../assets/wordings/zh.toml");
const EN: &str = include_str!("../../assets/wordings/en.toml");

/// The most bytes of one text, links included: two of them still fit into one reply.
pub const TEXT_BYTES: usize = 1_400;

/// The language of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// As it is called in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Language::Zh => "zh",
            Language::En => "en",
        }
    }
}

/// All texts of a language, with the admin's changes.
pub struct Wordings {
    language: Language,
    templates: Vec<Template>,
}

/// Why texts were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWording {
    /// There is no such text to change.
    #[error("there is no wording called {key}")]
    UnknownKey {
        /// The key given.
        key: String,
    },
    /// The built-in texts are incomplete.
    #[error("the wording {key} is missing")]
    MissingKey {
        /// The key that is not there.
        key: String,
    },
    /// A hole that nothing fills.
    #[error("the wording {key} has {{{hole}}}, which nothing fills; it may have: {allowed}")]
    UnknownHole {
        /// The text's key.
        key: String,
        /// The hole's name.
        hole: String,
        /// The holes this text can have.
        allowed: String,
    },
    /// A hole that must be there.
    #[error("the wording {key} lacks {{{hole}}}")]
    MissingHole {
        /// The text's key.
        key: String,
        /// The hole's name.
        hole: String,
    },
    /// A brace that is not closed.
    #[error("the wording {key} has an opening brace without a closing one")]
    OpenBrace {
        /// The text's key.
        key: String,
    },
    /// Nothing to say.
    #[error("the wording {key} is empty")]
    Empty {
        /// The text's key.
        key: String,
    },
    /// It would not fit into a reply.
    #[error("the wording {key} has {bytes} bytes with its links; at most {TEXT_BYTES} fit")]
    TooLong {
        /// The text's key.
        key: String,
        /// Its size with the links in it.
        bytes: usize,
    },
}

impl Wordings {
    /// The language's texts with `overrides` in place of those of the same key.
    ///
    /// # Errors
    /// [`InvalidWording`], naming the key, when an override does not fit its place.
    pub fn new(language: Language, overrides: BTreeMap<String, String>) -> Result<Wordings, InvalidWording> {
        if let Some(key) = overrides.keys().find(|key| Word::ALL.iter().all(|word| word.key() != *key)) {
            return Err(InvalidWording::UnknownKey { key: key.clone() });
        }
        let mut texts = Wordings::defaults(language);
        texts.extend(overrides);
        let templates = Word::ALL.iter().map(|word| read(*word, language, &texts)).collect::<Result<_, _>>()?;
        Ok(Wordings { language, templates })
    }

    /// The built-in texts by key, for a page that changes them.
    pub fn defaults(language: Language) -> BTreeMap<String, String> {
        let source = match language {
            Language::Zh => ZH,
            Language::En => EN,
        };
        // That both files are whole is held by a test; `new` would name what is missing.
        toml::from_str(source).unwrap_or_default()
    }

    /// The language they are in.
    pub(super) fn language(&self) -> Language {
        self.language
    }

    /// A text without holes.
    pub(super) fn plain(&self, word: Word) -> String {
        self.say(word, &[])
    }

    /// The text with the values in its holes. Values are put in as they are: [`crate::wechat::literal`] is for
    /// what others wrote.
    pub(super) fn say(&self, word: Word, values: &[(&str, &str)]) -> String {
        let mut text = String::new();
        let Some(template) = self.templates.get(word as usize) else { return text };
        for piece in &template.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Hole(hole) => {
                    let value = values.iter().find(|(name, _)| name == hole);
                    text.push_str(value.map_or("", |(_, value)| value));
                }
            }
        }
        text
    }
}

struct Template(Vec<Piece>);

enum Piece {
    Text(String),
    Hole(&'static str),
}

fn read(word: Word, language: Language, texts: &BTreeMap<String, String>) -> Result<Template, InvalidWording> {
    let key = || word.key().to_owned();
    let source = texts.get(word.key()).ok_or_else(|| InvalidWording::MissingKey { key: key() })?.trim();
    if source.is_empty() {
        return Err(InvalidWording::Empty { key: key() });
    }
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), source);
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').ok_or_else(|| InvalidWording::OpenBrace { key: key() })?;
        text.push_str(before);
        if let Some(link) = tap(name, language, texts) {
            text.push_str(&link);
        } else {
            let hole = word.holes().iter().find(|hole| **hole == name);
            let hole = hole.ok_or_else(|| unknown(word, name))?;
            pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Hole(hole)]);
        }
        rest = after;
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    check(word, &pieces)?;
    Ok(Template(pieces))
}

fn check(word: Word, pieces: &[Piece]) -> Result<(), InvalidWording> {
    let has = |wanted: &str| pieces.iter().any(|piece| matches!(piece, Piece::Hole(hole) if *hole == wanted));
    if let Some(hole) = word.holes().iter().find(|hole| !has(hole)) {
        return Err(InvalidWording::MissingHole { key: word.key().to_owned(), hole: (*hole).to_owned() });
    }
    let size = |piece: &Piece| if let Piece::Text(text) = piece { text.len() } else { 0 };
    let bytes = pieces.iter().map(size).sum();
    if bytes > TEXT_BYTES {
        return Err(InvalidWording::TooLong { key: word.key().to_owned(), bytes });
    }
    Ok(())
}

fn tap(name: &str, language: Language, texts: &BTreeMap<String, String>) -> Option<String> {
    let (_, zh, en, label) = TAPS.iter().find(|(hole, ..)| *hole == name)?;
    let sent = match language {
        Language::Zh => zh,
        Language::En => en,
    };
    Some(menu_link(sent, "c", texts.get(label.key())?.trim()))
}

fn unknown(word: Word, hole: &str) -> InvalidWording {
    let taps = TAPS.iter().map(|(name, ..)| *name);
    let allowed = word.holes().iter().copied().chain(taps).collect::<Vec<_>>().join(", ");
    InvalidWording::UnknownHole { key: word.key().to_owned(), hole: hole.to_owned(), allowed }
}

#[cfg(test)]
mod tests;
