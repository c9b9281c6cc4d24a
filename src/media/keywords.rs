//! Keyword replies: which words are answered with a text, a picture, speech, a film, a piece of music or a card. They
//! are in a file of the owner's, which is read again when it changes. A file with a mistake changes nothing, says what
//! is wrong, and the last good one stays in use, also after a restart.

use std::fs;
use std::io;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::Media;
use super::folder::{Look, Taking, look};
use crate::alert::Trouble;
use crate::search::{fold, title_key};
use crate::store::schema::{MEDIA_FILES, SETTINGS};
use crate::store::{self, Durability, Store};
use crate::wechat::{MediaKind, TEXT_FITTING_BYTES};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// Where the last good file is kept.
const REMEMBERED: &str = "keywords";

/// What is answered to a keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A text, with links as the platform takes them.
    Text(String),
    /// A picture of the media folder.
    Picture(String),
    /// Speech of the media folder.
    Voice(String),
    /// A film of the media folder.
    Video(VideoAnswer),
    /// A piece of music on the web, with a picture of the media folder.
    Music(MusicAnswer),
    /// A link with title and picture.
    Card(CardAnswer),
}

/// A film.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VideoAnswer {
    /// Its name in the media folder.
    pub file: String,
    /// Shown above it.
    #[serde(default)]
    pub title: String,
    /// Shown below it.
    #[serde(default)]
    pub description: String,
}

/// A piece of music.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MusicAnswer {
    /// Its title.
    pub title: String,
    /// Shown below it.
    #[serde(default)]
    pub description: String,
    /// Where it is.
    pub url: String,
    /// The name of its picture in the media folder.
    pub thumb: String,
}

/// A link with title and picture.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardAnswer {
    /// Its title.
    pub title: String,
    /// Shown below it.
    #[serde(default)]
    pub description: String,
    /// The address of its picture, JPEG or PNG.
    pub picture_url: String,
    /// Where it leads.
    pub url: String,
}

/// All keyword replies.
#[derive(Debug, Default)]
pub struct Keywords {
    replies: Vec<Reply>,
}

#[derive(Debug)]
struct Reply {
    /// The words as a whole text is compared with them.
    wholes: Vec<String>,
    /// The words as they are looked for in a text; none if they are not.
    parts: Vec<String>,
    answer: Answer,
}

/// The looks at the file: the last one, and the one it was read at.
#[derive(Default)]
pub(super) struct KeywordsSeen {
    last: Option<Option<Look>>,
    read: Option<Option<Look>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "reply")]
    replies: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    words: Vec<String>,
    #[serde(default, rename = "match")]
    how: How,
    text: Option<String>,
    picture: Option<String>,
    voice: Option<String>,
    video: Option<VideoAnswer>,
    music: Option<MusicAnswer>,
    card: Option<CardAnswer>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    #[default]
    Exact,
    Contains,
}

impl Keywords {
    /// Reads and judges a file.
    ///
    /// # Errors
    /// What is wrong, with the number of the reply and its first word.
    pub fn parse(text: &str) -> Result<Keywords, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        let judged = file.replies.into_iter().enumerate().map(|(number, entry)| {
            let word = entry.words.first().cloned().unwrap_or_default();
            entry.judged().map_err(|wrong| format!("reply {} ({word}): {wrong}", number + 1))
        });
        Ok(Keywords { replies: judged.collect::<Result<_, _>>()? })
    }

    /// What is answered to a text: the whole of it comes before a part, a longer part before a shorter one.
    pub fn answer_to(&self, text: &str) -> Option<&Answer> {
        if self.replies.is_empty() {
            return None;
        }
        let whole = whole(text);
        if let Some(reply) = self.replies.iter().find(|reply| reply.wholes.contains(&whole)) {
            return Some(&reply.answer);
        }
        let folded = fold(text);
        let longest = |reply: &Reply| reply.parts.iter().filter(|part| folded.contains(*part)).map(String::len).max();
        // Of equals the first: `max_by_key` would take the last.
        let found = self.replies.iter().rev().filter_map(|reply| Some((longest(reply)?, &reply.answer)));
        found.max_by_key(|(length, _)| *length).map(|(_, answer)| answer)
    }

    /// Whether a file of the media folder is the picture of a piece of music.
    pub fn has_thumb(&self, name: &str) -> bool {
        self.files().any(|file| file == (name, MediaKind::Thumb))
    }

    /// The files of the media folder that are answered with, and as what.
    pub fn files(&self) -> impl Iterator<Item = (&str, MediaKind)> {
        self.replies.iter().filter_map(|reply| match &reply.answer {
            Answer::Picture(file) => Some((file.as_str(), MediaKind::Image)),
            Answer::Voice(file) => Some((file.as_str(), MediaKind::Voice)),
            Answer::Video(video) => Some((video.file.as_str(), MediaKind::Video)),
            Answer::Music(music) => Some((music.thumb.as_str(), MediaKind::Thumb)),
            Answer::Text(_) | Answer::Card(_) => None,
        })
    }
}

impl Entry {
    fn judged(self) -> Result<Reply, String> {
        if self.words.is_empty() || self.words.iter().any(|word| word.trim().is_empty()) {
            return Err("words must name at least one word, and none may be empty".into());
        }
        let answers = [
            self.text.map(Answer::Text),
            self.picture.map(Answer::Picture),
            self.voice.map(Answer::Voice),
            self.video.map(Answer::Video),
            self.music.map(Answer::Music),
            self.card.map(Answer::Card),
        ];
        let mut answers = answers.into_iter().flatten();
        let (Some(answer), None) = (answers.next(), answers.next()) else {
            return Err("it must have exactly one of text, picture, voice, video, music, card".into());
        };
        answer.judge()?;
        let wholes = self.words.iter().map(|word| whole(word)).collect();
        let parts = self.words.iter().filter(|_| self.how == How::Contains).map(|word| fold(word.trim())).collect();
        Ok(Reply { wholes, parts, answer })
    }
}

impl Answer {
    fn judge(&self) -> Result<(), String> {
        match self {
            Answer::Text(text) if text.trim().is_empty() => Err("text is empty".into()),
            Answer::Text(text) if text.len() > TEXT_FITTING_BYTES => Err(format!(
                "text has {} bytes and the platform takes {TEXT_FITTING_BYTES}, about 680 Chinese characters",
                text.len()
            )),
            Answer::Text(_) => Ok(()),
            Answer::Picture(file) | Answer::Voice(file) => must_be_name(file),
            Answer::Video(video) => must_be_name(&video.file),
            Answer::Music(music) => must_be_name(&music.thumb).and_then(|()| must_be_address("url", &music.url)),
            Answer::Card(card) if card.title.trim().is_empty() => Err("card.title is empty".into()),
            Answer::Card(card) => {
                must_be_address("picture_url", &card.picture_url)?;
                must_be_address("url", &card.url)
            }
        }
    }
}

fn must_be_name(file: &str) -> Result<(), String> {
    let is_name = !file.is_empty() && !file.starts_with('/') && file.split('/').all(|part| !matches!(part, "." | ".."));
    let wrong = || format!("\"{file}\" must be the name of a file below the media folder, like cat.png or fun/cat.png");
    is_name.then_some(()).ok_or_else(wrong)
}

fn must_be_address(key: &str, text: &str) -> Result<(), String> {
    let is_web = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    is_web.then_some(()).ok_or_else(|| format!("{key} must start with https:// or http://, not \"{text}\""))
}

/// What two texts have in common that are the same to a reader.
fn whole(text: &str) -> String {
    let key = title_key(text);
    if key.is_empty() { fold(text.trim()) } else { key }
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
    let text = store.get(&SETTINGS, &REMEMBERED.to_owned())?;
    let text = text.as_ref().and_then(|text| text.as_str()).unwrap_or_default();
    // What another version of the program took may be wrong to this one; the file itself will tell.
    Ok(Keywords::parse(text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[reply]]
        words = ["加群", "群"]
        text = "扫码加群"
        [[reply]]
        words = ["书单"]
        match = "contains"
        picture = "lists/2026.png"
        [[reply]]
        words = ["科幻书单"]
        match = "contains"
        card = { title = "科幻", picture_url = "https://example.com/a.jpg", url = "https://example.com/" }
        [[reply]]
        words = ["主题曲"]
        music = { title = "曲", url = "https://example.com/a.mp3", thumb = "曲.png" }
    "#;

    #[test]
    fn the_whole_comes_before_a_part_and_long_parts_before_short_ones() {
        let keywords = Keywords::parse(FILE).unwrap();
        let answer = |text: &str| keywords.answer_to(text).cloned();
        let group = Some(Answer::Text("扫码加群".into()));
        for text in ["加群", " 加群！", "群", "《加群》"] {
            assert_eq!(answer(text), group, "{text}");
        }
        assert_eq!(answer("怎么加群"), None);
        let list = Some(Answer::Picture("lists/2026.png".into()));
        assert_eq!(answer("有書單嗎"), list, "traditional characters are the same");
        assert!(matches!(answer("科幻书单有吗"), Some(Answer::Card(_))));
        assert!(keywords.has_thumb("曲.png") && !keywords.has_thumb("lists/2026.png"));
        assert_eq!(Keywords::default().answer_to("加群"), None);
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |text: &str| Keywords::parse(&format!("[[reply]]\n{text}")).unwrap_err();
        assert!(wrong("words = []\ntext = \"x\"").contains("at least one word"));
        assert!(wrong("words = [\"加群\"]").starts_with("reply 1 (加群): it must have exactly one of text"));
        assert!(wrong("words = [\"a\"]\ntext = \"x\"\npicture = \"x\"").contains("exactly one"));
        assert!(wrong("words = [\"a\"]\ntext = \" \"").contains("empty"));
        assert!(wrong(&format!("words = [\"a\"]\ntext = \"{}\"", "长".repeat(700))).contains("2100 bytes"));
        assert!(wrong("words = [\"a\"]\npicture = \"../a.png\"").contains("below the media folder"));
        assert!(wrong("words = [\"a\"]\ntxet = \"x\"").contains("txet"));
        let card = "words = [\"a\"]\ncard = { title = \"x\", picture_url = \"a.png\", url = \"https://b\" }";
        assert!(wrong(card).contains("picture_url must start with https://"));
        assert!(Keywords::parse("").unwrap().replies.is_empty());
    }
}
