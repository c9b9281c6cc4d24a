//! Keyword replies: which words are answered with a text, a picture, speech, a film, a piece of music or a card. Here they
//! are values, read and judged; where their file is, and when it is read again, is `keywords_file`'s affair.

use serde::{Deserialize, Serialize};

use crate::search::{fold, title_key};
use crate::wechat::{MediaKind, TEXT_FITTING_BYTES};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VideoAnswer {
    /// Its name in the media folder.
    pub file: String,
    /// Shown above it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Shown below it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// A piece of music.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MusicAnswer {
    /// Its title.
    pub title: String,
    /// Shown below it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it is.
    pub url: String,
    /// The name of its picture in the media folder.
    pub thumb: String,
}

/// A link with title and picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardAnswer {
    /// Its title.
    pub title: String,
    /// Shown below it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The address of its picture, JPEG or PNG.
    pub picture_url: String,
    /// Where it leads.
    pub url: String,
}

/// All keyword replies.
#[derive(Debug, Default)]
pub struct Keywords {
    rules: Vec<Rule>,
}

/// One of them.
#[derive(Debug)]
pub struct Rule {
    /// The words, as the owner writes them.
    pub words: Vec<String>,
    /// Whether a text only has to have one of them in it.
    pub is_part: bool,
    /// Whether it is out of use for now.
    pub is_off: bool,
    /// What is answered.
    pub answer: Answer,
    /// The words as a whole text is compared with them.
    wholes: Vec<String>,
    /// The words as they are looked for in a text; none if they are not.
    parts: Vec<String>,
}

/// The file, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeywordFile {
    /// Its replies, in its order.
    #[serde(default, rename = "reply")]
    pub replies: Vec<KeywordReply>,
}

/// One reply, as it is written: with exactly one of the answers, if it is right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeywordReply {
    /// The words it answers.
    pub words: Vec<String>,
    /// How a text is compared with them.
    #[serde(default, rename = "match", skip_serializing_if = "How::is_usual")]
    pub how: How,
    /// Whether it is out of use for now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// A text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The name of a picture in the media folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The name of speech in the media folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// A film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoAnswer>,
    /// A piece of music.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music: Option<MusicAnswer>,
    /// A card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardAnswer>,
}

/// How a text is compared with the words of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The whole text is one of them.
    #[default]
    Exact,
    /// It has one of them in it.
    Contains,
}

impl How {
    fn is_usual(&self) -> bool {
        *self == How::Exact
    }
}

impl Keywords {
    /// Reads and judges a file.
    ///
    /// # Errors
    /// What is wrong, with the number of the reply and its first word.
    pub fn parse(text: &str) -> Result<Keywords, String> {
        let file = KeywordFile::read(text)?;
        let judged = file.replies.into_iter().enumerate().map(|(number, reply)| {
            let word = reply.words.first().cloned().unwrap_or_default();
            reply.judged().map_err(|wrong| format!("reply {} ({word}): {wrong}", number + 1))
        });
        Ok(Keywords { rules: judged.collect::<Result<_, _>>()? })
    }

    /// All of them, in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What is answered to a text.
    pub fn answer_to(&self, text: &str) -> Option<&Answer> {
        self.rule_for(text).map(|(_, rule)| &rule.answer)
    }

    /// The rule that a text hits, with its number, from 1: the whole of it comes before a part, a longer part before a
    /// shorter one.
    pub fn rule_for(&self, text: &str) -> Option<(usize, &Rule)> {
        if self.rules.is_empty() {
            return None;
        }
        let whole = whole(text);
        let numbered = || (1..).zip(&self.rules).filter(|(_, rule)| !rule.is_off);
        if let Some(found) = numbered().find(|(_, rule)| rule.wholes.contains(&whole)) {
            return Some(found);
        }
        let folded = fold(text);
        let longest = |rule: &Rule| rule.parts.iter().filter(|part| folded.contains(*part)).map(String::len).max();
        // Of equals the first: `max_by_key` would take the last.
        let mut found: Vec<_> =
            numbered().filter_map(|(number, rule)| Some((longest(rule)?, (number, rule)))).collect();
        found.reverse();
        found.into_iter().max_by_key(|(length, _)| *length).map(|(_, found)| found)
    }

    /// The rules that answer with a file of the media folder, those that are off too, with their numbers, from 1.
    pub fn using(&self, name: &str) -> impl Iterator<Item = (usize, &Rule)> {
        (1..).zip(&self.rules).filter(move |(_, rule)| rule.file().is_some_and(|(file, _)| file == name))
    }

    /// Whether a file of the media folder is the picture of a piece of music.
    pub fn has_thumb(&self, name: &str) -> bool {
        self.files().any(|file| file == (name, MediaKind::Thumb))
    }

    /// The files of the media folder that are answered with, and as what.
    pub fn files(&self) -> impl Iterator<Item = (&str, MediaKind)> {
        self.rules.iter().filter(|rule| !rule.is_off).filter_map(|rule| rule.file())
    }
}

impl Rule {
    /// The file of the media folder that it answers with, and as what.
    pub fn file(&self) -> Option<(&str, MediaKind)> {
        match &self.answer {
            Answer::Picture(file) => Some((file.as_str(), MediaKind::Image)),
            Answer::Voice(file) => Some((file.as_str(), MediaKind::Voice)),
            Answer::Video(video) => Some((video.file.as_str(), MediaKind::Video)),
            Answer::Music(music) => Some((music.thumb.as_str(), MediaKind::Thumb)),
            Answer::Text(_) | Answer::Card(_) => None,
        }
    }
}

impl KeywordFile {
    /// Reads a file. Whether its replies are right is judged elsewhere.
    ///
    /// # Errors
    /// When it is not TOML or has unknown keys; the message shows the place.
    pub fn read(text: &str) -> Result<KeywordFile, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())
    }
}

impl KeywordReply {
    fn judged(self) -> Result<Rule, String> {
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
        let is_part = self.how == How::Contains;
        Ok(Rule { is_part, is_off: self.off, words: self.words, wholes, parts, answer })
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
        assert_eq!(keywords.rule_for("科幻书单").map(|(number, rule)| (number, rule.is_part)), Some((3, true)));
        assert!(keywords.has_thumb("曲.png") && !keywords.has_thumb("lists/2026.png"));
        assert_eq!(Keywords::default().answer_to("加群"), None);
        let off = Keywords::parse(&FILE.replace("words = [\"书单\"]", "words = [\"书单\"]\noff = true")).unwrap();
        assert_eq!((off.answer_to("有書單嗎"), off.rules().len()), (None, 4), "one that is off is there, and silent");
        assert!(off.files().all(|(file, _)| file != "lists/2026.png"));
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
        assert!(Keywords::parse("").unwrap().rules().is_empty());
    }
}
