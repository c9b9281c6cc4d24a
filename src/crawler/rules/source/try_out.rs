//! The rule tester: what each rule of a step gives for a page, or why it gives nothing.

use url::Url;

use super::super::content::Content;
use super::super::error::RuleError;
use super::super::kept::Kept;
use super::super::limits::Budget;
use super::super::report::Step;
use super::super::rule::{Kind, Rule, Scope};
use super::Source;
use super::fields::{Field, Slot};
use crate::crawler::page::Page;

/// Most values shown of one field, and the most bytes of one value.
const SHOWN: usize = 50;
/// See [`SHOWN`].
const BYTES: usize = 20_000;

impl Source {
    /// What every field of a step gives for a page, or a sentence that says why it does not. The fields of an item are
    /// shown for the first item of its list.
    pub fn test(&self, step: Step, page: &Page<'_>) -> Vec<(String, Result<Vec<String>, String>)> {
        let mut kept = Kept::default();
        let mut budget = Budget::new();
        let scope = &mut self.scope(page.url, &mut kept, &mut budget);
        let content = match Content::text(page.text()) {
            Ok(content) => content,
            Err(error) => return vec![("page".into(), Err(error.to_string()))],
        };
        match step {
            Step::Search | Step::Explore => {
                let rules = self.list_rules(step);
                tested_list(&rules.list, rules.fields(), &content, scope)
            }
            Step::Contents => {
                let rules = &self.contents;
                let (of_page, of_item) = rules.fields().into_iter().partition(|field| field.name == "nextTocUrl");
                let mut tested = tested_list(&rules.list, of_item, &content, scope);
                tested.extend(tested_fields(of_page, &content, scope));
                tested
            }
            Step::Detail => self.tested_detail(content, scope),
            Step::Chapter => tested_fields(self.chapter.fields(), &content, scope),
        }
    }

    fn tested_detail(&self, content: Content, scope: &mut Scope<'_>) -> Vec<(String, Result<Vec<String>, String>)> {
        let rules = &self.detail;
        let mut tested = Vec::new();
        let content = match rules.init.rule() {
            Ok(None) => Ok(content),
            Ok(Some(init)) => init.narrowed(&content, scope),
            Err(error) => Err(error),
        };
        let content = match content {
            Ok(content) => content,
            Err(error) => return vec![("init".into(), Err(error.to_string()))],
        };
        let mut fields: Vec<Field<'_>> = rules.fields();
        fields.retain(|field| field.name != "init");
        fields.push(Field { name: "tocUrl", slot: &rules.contents_url, needed: true });
        fields.push(Field { name: "downloadUrls", slot: &rules.files, needed: true });
        if rules.init.is_there() {
            tested.push(("init".to_owned(), Ok(vec![shown(&content.as_text())])));
        }
        tested.extend(tested_fields(fields, &content, scope));
        tested
    }
}

fn tested_list(
    list: &Slot,
    mut fields: Vec<Field<'_>>,
    content: &Content,
    scope: &mut Scope<'_>,
) -> Vec<(String, Result<Vec<String>, String>)> {
    fields.retain(|field| !matches!(field.name, "bookList" | "chapterList"));
    let items = match list.rule() {
        Ok(Some(rule)) => rule.items(content, scope),
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let (items, count) = match items {
        Ok(items) => (items.iter().take(SHOWN).map(|item| shown(&item.as_text())).collect(), items.into_iter().next()),
        Err(error) => return vec![("list".into(), Err(error.to_string()))],
    };
    let mut tested = vec![("list".to_owned(), Ok(items))];
    if let Some(first) = count {
        tested.extend(tested_fields(fields, &first, scope));
    }
    tested
}

fn tested_fields(
    fields: Vec<Field<'_>>,
    content: &Content,
    scope: &mut Scope<'_>,
) -> Vec<(String, Result<Vec<String>, String>)> {
    let there = fields.into_iter().filter(|field| field.slot.is_there());
    let tested = there.map(|field| {
        let texts =
            field.slot.texts(content, scope).map(|texts| texts.iter().take(SHOWN).map(|one| shown(one)).collect());
        (field.name.to_owned(), texts.map_err(|error| error.to_string()))
    });
    tested.collect()
}

fn shown(text: &str) -> String {
    text.get(..text.floor_char_boundary(BYTES)).unwrap_or_default().to_owned()
}

/// What one rule gives for a page: every text, or for a rule that begins with `:` every match. For the rule tester.
///
/// # Errors
/// When the rule has a construct that is not carried out, or something is larger than allowed.
pub fn evaluate(rule: &str, page: &Page<'_>, kept: &mut Kept) -> Result<Vec<String>, RuleError> {
    let content = Content::text(page.text())?;
    let url: &Url = page.url;
    let scope = &mut Scope { url, source: "", kept, budget: &mut Budget::new() };
    if rule.trim_start().starts_with(':') {
        let items = Rule::compile(rule, Kind::Items)?.items(&content, scope)?;
        return Ok(items.iter().map(Content::as_text).collect());
    }
    Rule::compile(rule, Kind::Texts)?.texts(&content, scope)
}
