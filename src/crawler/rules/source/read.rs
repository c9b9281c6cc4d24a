//! The pages of each step, read.

use std::collections::HashSet;

use url::Url;

use super::super::content::Content;
use super::super::error::RuleError;
use super::super::formatted;
use super::super::kept::Kept;
use super::super::limits::{self, Budget};
use super::super::pattern::Pattern;
use super::super::report::Step;
use super::super::request;
use super::super::rule::Scope;
use super::fields::{ListRules, Slot};
use super::{ChapterLink, ChapterPage, ContentsPage, Detail, Hit, Medium, Source, missing};
use crate::crawler::page::Page;

impl Source {
    /// The books that a search found. A page that is that of a book gives this one book.
    ///
    /// # Errors
    /// When a needed rule does not evaluate, or something is larger than allowed.
    pub fn read_search(&self, page: &Page<'_>) -> Result<Vec<Hit>, RuleError> {
        if self.owns(page.url) {
            return self.only_hit(page);
        }
        self.read_books(page, Step::Search)
    }

    /// The books of a list.
    ///
    /// # Errors
    /// As [`Source::read_search`].
    pub fn read_list(&self, page: &Page<'_>) -> Result<Vec<Hit>, RuleError> {
        self.read_books(page, Step::Explore)
    }

    fn read_books(&self, page: &Page<'_>, step: Step) -> Result<Vec<Hit>, RuleError> {
        let rules = self.list_rules(step);
        let content = Content::text(page.text())?;
        let mut budget = Budget::new();
        let list = rules.list.rule()?.ok_or_else(|| missing("bookList"))?;
        let mut kept = Kept::default();
        let items = list.items(&content, &mut self.scope(page.url, &mut kept, &mut budget))?;
        if items.is_empty() && self.detail_pattern.is_none() {
            return self.only_hit(page);
        }
        let mut hits = Vec::new();
        let mut seen = HashSet::new();
        for item in items {
            let mut kept = kept.clone();
            let mut scope = self.scope(page.url, &mut kept, &mut budget);
            if let Some(mut hit) = self.hit(rules, &item, &mut scope)?
                && seen.insert(hit.url.clone())
            {
                hit.kept = kept;
                hits.push(hit);
            }
        }
        if rules.is_reversed {
            hits.reverse();
        }
        Ok(hits)
    }

    fn hit(&self, rules: &ListRules, item: &Content, scope: &mut Scope<'_>) -> Result<Option<Hit>, RuleError> {
        let title = without(&rules.name.text(item, scope)?, &self.name_dirt, scope.budget);
        if title.is_empty() {
            return Ok(None);
        }
        Ok(Some(Hit {
            title,
            author: self.author(&rules.author, item, scope).unwrap_or_default(),
            kind: kinds(&rules.kind, item, scope),
            last_chapter: rules.last_chapter.optional(item, scope),
            intro: intro(&rules.intro, item, scope),
            cover: address(&rules.cover, item, scope),
            url: request::absolute(&rules.url.first(item, scope)?, scope.url).unwrap_or_else(|| scope.url.to_string()),
            kept: Kept::default(),
        }))
    }

    /// The book whose page this is, as what a search found.
    fn only_hit(&self, page: &Page<'_>) -> Result<Vec<Hit>, RuleError> {
        let mut kept = Kept::default();
        let detail = self.read_detail(page, &mut kept)?;
        let hit = detail.title.map(|title| Hit {
            url: page.url.to_string(),
            title,
            author: detail.author.unwrap_or_default(),
            intro: detail.intro,
            kind: detail.kind,
            cover: detail.cover,
            last_chapter: detail.last_chapter,
            kept,
        });
        Ok(hit.into_iter().collect())
    }

    /// What the page of a book says.
    ///
    /// # Errors
    /// As [`Source::read_search`].
    pub fn read_detail(&self, page: &Page<'_>, kept: &mut Kept) -> Result<Detail, RuleError> {
        let rules = &self.detail;
        let mut budget = Budget::new();
        let scope = &mut self.scope(page.url, kept, &mut budget);
        let whole = Content::text(page.text())?;
        let content = match rules.init.rule()? {
            Some(init) => init.narrowed(&whole, scope)?,
            None => whole,
        };
        let title = rules.name.optional(&content, scope).map(|name| without(&name, &self.name_dirt, scope.budget));
        let mut detail = Detail {
            title: title.filter(|title| !title.is_empty()),
            author: self.author(&rules.author, &content, scope),
            kind: kinds(&rules.kind, &content, scope),
            word_count: rules.word_count.optional(&content, scope),
            last_chapter: rules.last_chapter.optional(&content, scope),
            intro: intro(&rules.intro, &content, scope),
            cover: address(&rules.cover, &content, scope),
            updated: rules.update_time.optional(&content, scope),
            ..Detail::default()
        };
        if self.medium == Medium::Files {
            let files = rules.files.texts(&content, scope)?;
            detail.files = addresses(files, page.url, limits::LIST);
        } else {
            let url = rules.contents_url.first(&content, scope)?;
            detail.contents_url = request::absolute(&url, page.url).filter(|url| url != page.url.as_str());
        }
        Ok(detail)
    }

    /// The chapters of a page of contents, in its order.
    ///
    /// # Errors
    /// As [`Source::read_search`].
    pub fn read_contents(&self, page: &Page<'_>, kept: &mut Kept) -> Result<ContentsPage, RuleError> {
        let rules = &self.contents;
        let mut budget = Budget::new();
        let scope = &mut self.scope(page.url, kept, &mut budget);
        let content = Content::text(page.text())?;
        let list = rules.list.rule()?.ok_or_else(|| missing("chapterList"))?;
        let items = list.items(&content, scope)?;
        let mut next = addresses(rules.next.texts(&content, scope)?, page.url, limits::LIST);
        next.retain(|url| url != page.url.as_str());
        let mut chapters = Vec::new();
        for (at, item) in items.iter().enumerate() {
            chapters.extend(self.chapter(at, item, scope)?);
        }
        Ok(ContentsPage { chapters, next })
    }

    fn chapter(&self, at: usize, item: &Content, scope: &mut Scope<'_>) -> Result<Option<ChapterLink>, RuleError> {
        let rules = &self.contents;
        let title = formatted::lines(&rules.name.text(item, scope)?, None).replace('\n', " ");
        if title.is_empty() {
            return Ok(None);
        }
        let url = request::absolute(&rules.url.first(item, scope)?, scope.url);
        let mut is = |slot: &Slot| slot.optional(item, scope).is_some_and(|text| is_true(&text));
        let (is_volume, is_paid) = (is(&rules.is_volume), is(&rules.is_vip) && !is(&rules.is_paid));
        let updated = rules.update_time.optional(item, scope);
        let url = url.unwrap_or_else(|| if is_volume { format!("{title}{at}") } else { scope.url.to_string() });
        Ok(Some(ChapterLink { title, url, is_volume, is_paid, updated }))
    }

    /// Whether its contents begin with the newest chapter.
    pub fn has_newest_first(&self) -> bool {
        self.contents.is_reversed
    }

    /// A page of a chapter. `next_chapter` is the address of the chapter after it, where its pages end.
    ///
    /// # Errors
    /// As [`Source::read_search`].
    pub fn read_chapter(
        &self,
        page: &Page<'_>,
        kept: &mut Kept,
        next_chapter: Option<&str>,
    ) -> Result<ChapterPage, RuleError> {
        let rules = &self.chapter;
        let mut budget = Budget::new();
        let scope = &mut self.scope(page.url, kept, &mut budget);
        let content = Content::text(page.text())?;
        let rule = rules.content.rule()?.ok_or_else(|| missing("content"))?;
        let text = formatted::lines(&rule.raw_text(&content, scope)?, Some(page.url));
        let next_chapter = next_chapter.and_then(|url| request::absolute(url, page.url));
        let mut next = addresses(rules.next.texts(&content, scope)?, page.url, limits::LIST);
        next.retain(|url| url != page.url.as_str() && Some(url) != next_chapter.as_ref());
        Ok(ChapterPage { text, title: rules.title.optional(&content, scope), next })
    }

    /// The text of a chapter from those of its pages: cleaned by the rule for the whole, a paragraph a line, pictures
    /// as lines `<img src="…">`. A rule that does not evaluate cleans nothing.
    pub fn finished(&self, pages: &[String]) -> String {
        let text = formatted::tidy(&pages.join("\n"));
        let mut kept = Kept::default();
        let mut budget = Budget::new();
        let scope = &mut self.scope(&self.base, &mut kept, &mut budget);
        let cleaned = match self.chapter.cleaning.rule() {
            Ok(Some(rule)) => Content::text(text.clone()).and_then(|content| rule.text(&content, scope)),
            _ => return text,
        };
        formatted::tidy(&cleaned.unwrap_or(text))
    }

    pub(super) fn scope<'a>(&'a self, url: &'a Url, kept: &'a mut Kept, budget: &'a mut Budget) -> Scope<'a> {
        Scope { url, source: &self.url, kept, budget }
    }

    fn author(&self, slot: &Slot, content: &Content, scope: &mut Scope<'_>) -> Option<String> {
        let author = slot.optional(content, scope)?;
        Some(without(&author, &self.author_dirt, scope.budget)).filter(|author| !author.is_empty())
    }
}

/// A name without what sites write around it.
fn without(text: &str, dirt: &[Pattern], budget: &mut Budget) -> String {
    let clean = dirt.iter().fold(text.to_owned(), |text, one| one.replace(&text, "", budget).unwrap_or(text));
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn intro(slot: &Slot, content: &Content, scope: &mut Scope<'_>) -> Option<String> {
    Some(formatted::lines(&slot.optional(content, scope)?, None)).filter(|intro| !intro.is_empty())
}

fn kinds(slot: &Slot, content: &Content, scope: &mut Scope<'_>) -> Option<String> {
    let kinds = slot.texts(content, scope).ok()?;
    let kinds = kinds.iter().map(|kind| kind.trim()).filter(|kind| !kind.is_empty()).collect::<Vec<_>>().join(",");
    Some(kinds).filter(|kinds| !kinds.is_empty())
}

fn address(slot: &Slot, content: &Content, scope: &mut Scope<'_>) -> Option<String> {
    request::absolute(&slot.first(content, scope).ok()?, scope.url)
}

/// Absolute addresses, each once.
fn addresses(values: Vec<String>, base: &Url, most: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let absolute = values.iter().filter_map(|value| request::absolute(value.trim(), base));
    absolute.filter(|url| seen.insert(url.clone())).take(most).collect()
}

fn is_true(text: &str) -> bool {
    !matches!(text.trim().to_lowercase().as_str(), "" | "false" | "no" | "not" | "0" | "null")
}
