//! A text as followers would see it, for the page on which it is changed: what stands there, what can be tapped, what is
//! filled in when it is said.

use std::collections::BTreeMap;

use serde::Serialize;

use super::word::{TAPS, Word};
use super::{InvalidWording, Language, Piece, TEXT_BYTES, Wordings, read};

/// A text, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// Its size with its links, and without what is filled in.
    pub bytes: usize,
    /// The most that it may have.
    pub most: usize,
    /// What it is made of, in order.
    pub pieces: Vec<Seen>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Seen {
    /// Words.
    Text(String),
    /// The label of a link that sends a command.
    Tap(String),
    /// What something is filled in for.
    Hole(String),
}

impl Wordings {
    /// The text of a key, with `overrides` in place of the built-in texts.
    ///
    /// # Errors
    /// [`InvalidWording`], when there is no such text, or it does not fit its place.
    pub fn look(language: Language, key: &str, overrides: BTreeMap<String, String>) -> Result<Look, InvalidWording> {
        let word = Word::ALL.iter().find(|word| word.key() == key);
        let word = *word.ok_or_else(|| InvalidWording::UnknownKey { key: key.to_owned() })?;
        let mut texts = Wordings::defaults(language);
        texts.extend(overrides);
        let size = |piece: &Piece| if let Piece::Text(text) = piece { text.len() } else { 0 };
        let bytes = read(word, language, &texts)?.0.iter().map(size).sum();
        let text = texts.get(key).map(|text| text.trim()).unwrap_or_default();
        Ok(Look { bytes, most: TEXT_BYTES, pieces: pieces(text, &texts) })
    }
}

fn pieces(text: &str, texts: &BTreeMap<String, String>) -> Vec<Seen> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        let label = TAPS.iter().find(|(hole, ..)| *hole == name).and_then(|(.., label)| texts.get(label.key()));
        let seen = label.map_or_else(|| Seen::Hole(name.to_owned()), |label| Seen::Tap(label.trim().to_owned()));
        pieces.extend([Seen::Text(before.to_owned()), seen]);
        rest = after;
    }
    pieces.push(Seen::Text(rest.to_owned()));
    pieces.retain(|piece| *piece != Seen::Text(String::new()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(key: &str, text: &str) -> Result<Look, InvalidWording> {
        Wordings::look(Language::Zh, key, BTreeMap::from([(key.to_owned(), text.to_owned())]))
    }

    #[test]
    fn links_are_counted_and_seen_as_their_labels() {
        let seen = look("thanks", "不客气 {tap_help}。").unwrap();
        let pieces = [Seen::Text("不客气 ".into()), Seen::Tap("帮助".into()), Seen::Text("。".into())];
        assert_eq!(seen.pieces, pieces);
        assert!(seen.bytes > "不客气 帮助。".len() && seen.most == TEXT_BYTES, "{seen:?}");
        let privacy = Wordings::look(Language::Zh, "privacy", BTreeMap::new()).unwrap();
        assert!(privacy.pieces.contains(&Seen::Hole("minutes".into())), "{privacy:?}");
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert!(look("privacy", "没有空位").unwrap_err().to_string().contains("{minutes}"));
        assert!(look("thanks", "{title}").unwrap_err().to_string().contains("nothing fills"));
        assert!(look("thanks", &"长".repeat(600)).unwrap_err().to_string().contains("1800 bytes"));
        assert!(matches!(look("no such", "x"), Err(InvalidWording::UnknownKey { .. })));
    }
}
