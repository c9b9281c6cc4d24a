//! The page's own texts, in two languages, compiled in from `assets/admin/{zh,en}.toml`.
//!
//! What followers read is not here: those are the wordings of `reply`, which the owner can change.

use std::collections::BTreeMap;
use std::fmt::Display;

use anyhow::Context;
use serde::Deserialize;

use crate::alert::Trouble;
use crate::config::Language;
use crate::schedule::Rhythm;

const ZH: &str = include_str!("../../../assets/admin/zh.toml");
const EN: &str = include_str!("../../../assets/admin/en.toml");
/// What the keys of the configuration are called, in both.
const FIELDS: &str = include_str!("../../../assets/fields.toml");

/// All texts in one language.
pub(super) struct Words {
    language: Language,
    texts: BTreeMap<String, String>,
    /// The texts that scripts need, as a JSON object.
    for_scripts: String,
    /// Name and meaning of the configuration's keys and sections.
    fields: BTreeMap<String, (String, String)>,
}

/// A key of the configuration in both languages: its name, and what it means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InBoth {
    zh: (String, String),
    en: (String, String),
}

impl Words {
    /// Reads the texts of a language.
    ///
    /// # Errors
    /// When the file compiled in is no flat table of texts, which a test rules out.
    pub(super) fn of(language: Language) -> anyhow::Result<Words> {
        let source = match language {
            Language::Zh => ZH,
            Language::En => EN,
        };
        let texts: BTreeMap<String, String> = toml::from_str(source).context("the admin page's own texts")?;
        let for_scripts: BTreeMap<&str, &str> =
            texts.iter().filter_map(|(key, text)| Some((key.strip_prefix("js.")?, text.as_str()))).collect();
        let for_scripts = serde_json::to_string(&for_scripts)?;
        let fields: BTreeMap<String, InBoth> =
            toml::from_str(FIELDS).context("the texts of the configuration's keys")?;
        let own = |both: InBoth| if language == Language::Zh { both.zh } else { both.en };
        let fields = fields.into_iter().map(|(key, both)| (key, own(both))).collect();
        Ok(Words { language, texts, for_scripts, fields })
    }

    /// The text; the key itself if there is none, which a test rules out.
    pub(super) fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.get(key).map_or(key, String::as_str)
    }

    /// The text with `{name}` replaced.
    pub(super) fn with(&self, key: &str, name: &str, value: &(impl Display + ?Sized)) -> String {
        self.get(key).replace(&format!("{{{name}}}"), &value.to_string())
    }

    /// Name and meaning of a key (`field.…`, `account.…`) or section (`group.…`) of the configuration.
    pub(super) fn field<'a>(&'a self, key: &'a str) -> (&'a str, &'a str) {
        self.fields.get(key).map_or((key, ""), |(name, meaning)| (name, meaning))
    }

    /// What is wrong and what to do, as the room of alerts says it.
    pub(super) fn trouble(&self, trouble: &Trouble) -> String {
        match self.language {
            Language::Zh => trouble.zh(),
            Language::En => trouble.en(),
        }
    }

    /// What a cron expression says, as far as one says it in a sentence.
    pub(super) fn rhythm(&self, expression: &str) -> Option<String> {
        let rhythm = Rhythm::of(expression);
        match self.language {
            Language::Zh => rhythm.zh(),
            Language::En => rhythm.en(),
        }
    }

    /// What scripts say, as a JSON object.
    pub(super) fn for_scripts(&self) -> &str {
        &self.for_scripts
    }

    /// The BCP 47 tag.
    pub(super) fn tag(&self) -> &'static str {
        match self.language {
            Language::Zh => "zh-CN",
            Language::En => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_key_of_the_configuration_has_a_name_and_nothing_else_has() {
        use crate::config::fields::{ACCOUNT, GROUPS};
        let mut keys: Vec<String> = GROUPS.iter().map(|group| format!("group.{}", group.name)).collect();
        keys.extend(GROUPS.iter().flat_map(|group| group.fields).map(|field| format!("field.{}", field.key)));
        keys.extend(ACCOUNT.iter().map(|field| format!("account.{}", field.key)));
        keys.sort();
        for language in [Language::Zh, Language::En] {
            let words = Words::of(language).unwrap();
            assert_eq!(words.fields.keys().cloned().collect::<Vec<_>>(), keys);
            assert!(words.fields.values().all(|(name, _)| !name.is_empty()));
        }
    }

    #[test]
    fn both_languages_say_the_same() {
        let (zh, en) = (Words::of(Language::Zh).unwrap(), Words::of(Language::En).unwrap());
        assert_eq!(zh.texts.keys().collect::<Vec<_>>(), en.texts.keys().collect::<Vec<_>>());
        for (key, text) in &zh.texts {
            assert_eq!(placeholders(text), placeholders(&en.texts[key]), "{key}");
            assert!(!text.is_empty() && !en.texts[key].is_empty(), "{key}");
        }
    }

    /// Every text asked for by a literal key, in the order of the sources.
    fn asked_for(folder: &str, calls: &[&str], prefix: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension == "toml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for call in calls {
                for rest in text.split(call).skip(1) {
                    let end = rest.find(['"', '\'']).unwrap();
                    keys.insert(format!("{prefix}{}", &rest[..end]));
                }
            }
        }
        keys
    }

    #[test]
    fn every_text_asked_for_exists_and_every_text_is_asked_for() {
        let zh = Words::of(Language::Zh).unwrap();
        let mut asked = asked_for("assets/admin", &["frame.s(\"", "frame.f(\""], "");
        asked.extend(asked_for("assets/admin", &["say('"], "js."));
        assert!(asked.len() > 50, "the search for keys finds nothing");
        for key in &asked {
            assert!(zh.texts.contains_key(key), "no text for {key}");
        }
        let mut sources = String::new();
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/admin")).unwrap() {
            sources += &fs::read_to_string(entry.unwrap().path()).unwrap();
        }
        for key in zh.texts.keys() {
            let is_used = asked.contains(key) || sources.contains(&format!("\"{key}\""));
            assert!(is_used, "nobody says {key}");
        }
    }
}
