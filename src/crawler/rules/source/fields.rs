//! The rules of each step by their names in the format, compiled.

use serde_json::{Map, Value};

use super::super::content::Content;
use super::super::error::RuleError;
use super::super::import::text;
use super::super::rule::{Kind, Rule, Scope};

/// A rule that may be missing or broken.
#[derive(Debug)]
pub(super) struct Slot(Option<Result<Rule, RuleError>>);

impl Slot {
    fn compile(source: &str, kind: Kind) -> Slot {
        Slot(Some(source.trim()).filter(|source| !source.is_empty()).map(|source| Rule::compile(source, kind)))
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// What is wrong with it.
    pub(super) fn error(&self) -> Option<RuleError> {
        self.0.as_ref().and_then(|rule| rule.as_ref().err()).cloned()
    }

    /// The rule, if there is one.
    ///
    /// # Errors
    /// When it is broken.
    pub(super) fn rule(&self) -> Result<Option<&Rule>, RuleError> {
        self.0.as_ref().map(|rule| rule.as_ref().map_err(Clone::clone)).transpose()
    }

    /// What it gives as one text; empty if there is no rule.
    ///
    /// # Errors
    /// When the rule is broken or does not evaluate.
    pub(super) fn text(&self, content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
        self.rule()?.map_or(Ok(String::new()), |rule| rule.text(content, scope))
    }

    /// The same of a field that is not needed: what does not work gives nothing.
    pub(super) fn optional(&self, content: &Content, scope: &mut Scope<'_>) -> Option<String> {
        self.text(content, scope).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The first value: an address. Empty if there is no rule.
    ///
    /// # Errors
    /// As [`Slot::text`].
    pub(super) fn first(&self, content: &Content, scope: &mut Scope<'_>) -> Result<String, RuleError> {
        self.rule()?.map_or(Ok(String::new()), |rule| rule.first(content, scope))
    }

    /// Every value.
    ///
    /// # Errors
    /// As [`Slot::text`].
    pub(super) fn texts(&self, content: &Content, scope: &mut Scope<'_>) -> Result<Vec<String>, RuleError> {
        self.rule()?.map_or(Ok(Vec::new()), |rule| rule.texts(content, scope))
    }
}

/// A field of the rules of one step.
pub(super) struct Field<'a> {
    pub(super) name: &'static str,
    pub(super) slot: &'a Slot,
    /// The step does not work without, if the rule is there.
    pub(super) needed: bool,
}

fn needed<'a>(name: &'static str, slot: &'a Slot) -> Field<'a> {
    Field { name, slot, needed: true }
}

fn optional<'a>(name: &'static str, slot: &'a Slot) -> Field<'a> {
    Field { name, slot, needed: false }
}

/// A list rule without its prefix: `-` turns the list round, `+` means nothing any more.
fn list(source: &str) -> (Slot, bool) {
    let (source, is_reversed) = source.strip_prefix('-').map_or((source, false), |source| (source, true));
    (Slot::compile(source.strip_prefix('+').unwrap_or(source), Kind::Items), is_reversed)
}

/// How the rules of the items of a list are read.
fn item_kind(list: &Slot) -> Kind {
    match list.rule() {
        Ok(Some(rule)) if rule.gives_groups() => Kind::OfGroups,
        _ => Kind::Texts,
    }
}

/// `ruleSearch` and `ruleExplore`.
#[derive(Debug)]
pub(super) struct ListRules {
    pub(super) list: Slot,
    pub(super) is_reversed: bool,
    pub(super) name: Slot,
    pub(super) author: Slot,
    pub(super) intro: Slot,
    pub(super) kind: Slot,
    pub(super) last_chapter: Slot,
    pub(super) url: Slot,
    pub(super) cover: Slot,
    word_count: Slot,
    update_time: Slot,
}

impl ListRules {
    pub(super) fn compile(fields: &Map<String, Value>) -> ListRules {
        let (list, is_reversed) = list(&text(fields, "bookList"));
        let kind = item_kind(&list);
        let slot = |name: &str| Slot::compile(&text(fields, name), kind);
        ListRules {
            is_reversed,
            name: slot("name"),
            author: slot("author"),
            intro: slot("intro"),
            kind: slot("kind"),
            last_chapter: slot("lastChapter"),
            url: slot("bookUrl"),
            cover: slot("coverUrl"),
            word_count: slot("wordCount"),
            update_time: slot("updateTime"),
            list,
        }
    }

    pub(super) fn fields(&self) -> Vec<Field<'_>> {
        vec![
            needed("bookList", &self.list),
            needed("name", &self.name),
            needed("bookUrl", &self.url),
            optional("author", &self.author),
            optional("intro", &self.intro),
            optional("kind", &self.kind),
            optional("lastChapter", &self.last_chapter),
            optional("coverUrl", &self.cover),
            optional("wordCount", &self.word_count),
            optional("updateTime", &self.update_time),
        ]
    }
}

/// `ruleBookInfo`.
#[derive(Debug)]
pub(super) struct DetailRules {
    pub(super) init: Slot,
    pub(super) name: Slot,
    pub(super) author: Slot,
    pub(super) intro: Slot,
    pub(super) kind: Slot,
    pub(super) last_chapter: Slot,
    pub(super) cover: Slot,
    pub(super) contents_url: Slot,
    pub(super) word_count: Slot,
    pub(super) update_time: Slot,
    pub(super) files: Slot,
}

impl DetailRules {
    pub(super) fn compile(fields: &Map<String, Value>) -> DetailRules {
        let init = Slot::compile(&text(fields, "init"), Kind::Items);
        let kind = item_kind(&init);
        let slot = |name: &str| Slot::compile(&text(fields, name), kind);
        DetailRules {
            name: slot("name"),
            author: slot("author"),
            intro: slot("intro"),
            kind: slot("kind"),
            last_chapter: slot("lastChapter"),
            cover: slot("coverUrl"),
            contents_url: slot("tocUrl"),
            word_count: slot("wordCount"),
            update_time: slot("updateTime"),
            files: slot("downloadUrls"),
            init,
        }
    }

    pub(super) fn fields(&self) -> Vec<Field<'_>> {
        vec![
            needed("init", &self.init),
            optional("name", &self.name),
            optional("author", &self.author),
            optional("intro", &self.intro),
            optional("kind", &self.kind),
            optional("lastChapter", &self.last_chapter),
            optional("coverUrl", &self.cover),
            optional("wordCount", &self.word_count),
            optional("updateTime", &self.update_time),
        ]
    }
}

/// `ruleToc`.
#[derive(Debug)]
pub(super) struct ContentsRules {
    pub(super) list: Slot,
    pub(super) is_reversed: bool,
    pub(super) name: Slot,
    pub(super) url: Slot,
    pub(super) is_volume: Slot,
    pub(super) is_vip: Slot,
    pub(super) is_paid: Slot,
    pub(super) update_time: Slot,
    pub(super) next: Slot,
}

impl ContentsRules {
    pub(super) fn compile(fields: &Map<String, Value>) -> ContentsRules {
        let (list, is_reversed) = list(&text(fields, "chapterList"));
        let kind = item_kind(&list);
        let slot = |name: &str| Slot::compile(&text(fields, name), kind);
        ContentsRules {
            is_reversed,
            name: slot("chapterName"),
            url: slot("chapterUrl"),
            is_volume: slot("isVolume"),
            is_vip: slot("isVip"),
            is_paid: slot("isPay"),
            update_time: slot("updateTime"),
            // Of the page, not of an item.
            next: Slot::compile(&text(fields, "nextTocUrl"), Kind::Texts),
            list,
        }
    }

    pub(super) fn fields(&self) -> Vec<Field<'_>> {
        vec![
            needed("chapterList", &self.list),
            needed("chapterName", &self.name),
            needed("chapterUrl", &self.url),
            // Without it the contents would end early.
            needed("nextTocUrl", &self.next),
            optional("isVolume", &self.is_volume),
            optional("isVip", &self.is_vip),
            optional("isPay", &self.is_paid),
            optional("updateTime", &self.update_time),
        ]
    }
}

/// `ruleContent`.
#[derive(Debug)]
pub(super) struct ChapterRules {
    pub(super) content: Slot,
    pub(super) title: Slot,
    pub(super) next: Slot,
    pub(super) cleaning: Slot,
}

impl ChapterRules {
    pub(super) fn compile(fields: &Map<String, Value>) -> ChapterRules {
        let slot = |name: &str| Slot::compile(&text(fields, name), Kind::Texts);
        ChapterRules {
            content: slot("content"),
            title: slot("title"),
            next: slot("nextContentUrl"),
            cleaning: slot("replaceRegex"),
        }
    }

    pub(super) fn fields(&self) -> Vec<Field<'_>> {
        vec![
            needed("content", &self.content),
            needed("nextContentUrl", &self.next),
            optional("title", &self.title),
            optional("replaceRegex", &self.cleaning),
        ]
    }
}
