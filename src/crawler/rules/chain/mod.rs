//! The format's own way through a page: `class.list@tag.a.0@text`.
//!
//! Each part finds elements in those of the part before; the last of a rule for texts says what is taken from them.
//! `@CSS:` is the same with one selector and a getter behind the last `@`. A list may have an element more than once,
//! as in the application that the format comes from.

mod index;

use super::css::Selector;
use super::css::matching::has_class;
use super::error::RuleError;
use super::limits::{self, Budget};
use super::split::{self, Join};
use super::tree::{Id, Tree};
use index::Indexes;

/// A rule of this mode.
#[derive(Debug)]
pub(super) struct Chain {
    join: Join,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    steps: Vec<Step>,
    getter: Getter,
    /// Operators of another kind within the part: then it is all that counts.
    nested: Option<Chain>,
}

#[derive(Debug)]
struct Step {
    pick: Pick,
    indexes: Indexes,
}

#[derive(Debug)]
enum Pick {
    Children,
    Class(String),
    Tag(String),
    Id(String),
    OwnText(String),
    Css(Selector),
}

#[derive(Debug)]
enum Getter {
    /// The elements themselves: a rule for a list.
    Elements,
    Text,
    TextNodes,
    OwnText,
    /// Markup without scripts and styles, of all elements as one text.
    Html,
    /// Markup of all elements as one text.
    All,
    Attribute(String),
}

impl Chain {
    /// A rule whose last part says what is taken.
    ///
    /// # Errors
    /// When a selector is none or a bracket is open.
    pub(super) fn of_texts(rule: &str) -> Result<Chain, RuleError> {
        Chain::parse(rule, true)
    }

    /// A rule of which every part selects.
    ///
    /// # Errors
    /// As [`Chain::of_texts`].
    pub(super) fn of_elements(rule: &str) -> Result<Chain, RuleError> {
        Chain::parse(rule, false)
    }

    fn parse(rule: &str, has_getter: bool) -> Result<Chain, RuleError> {
        let css = rule.get(..5).filter(|start| start.eq_ignore_ascii_case("@css:")).and_then(|_| rule.get(5..));
        let (join, parts) = split::alternatives(css.unwrap_or(rule).trim())?;
        let parts = parts.into_iter().filter(|part| !part.trim().is_empty()).map(|part| match css {
            Some(_) => css_part(part, has_getter),
            None => plain_part(part, has_getter),
        });
        let parts = parts.collect::<Result<Vec<Part>, RuleError>>()?;
        if parts.is_empty() {
            return Err(RuleError::syntax(format!("empty rule {rule}")));
        }
        Ok(Chain { join, parts })
    }

    /// What it gives as texts.
    ///
    /// # Errors
    /// When there are more than allowed, or it takes too long.
    pub(super) fn texts(&self, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<String>, RuleError> {
        self.joined(budget, |part, budget| match &part.nested {
            Some(nested) => nested.texts(tree, root, budget),
            None => part.getter.texts(tree, &part.elements(tree, root, budget)?, budget),
        })
    }

    /// The elements it gives.
    ///
    /// # Errors
    /// As [`Chain::texts`].
    pub(super) fn elements(&self, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
        self.joined(budget, |part, budget| match &part.nested {
            Some(nested) => nested.elements(tree, root, budget),
            None => part.elements(tree, root, budget),
        })
    }

    fn joined<T>(
        &self,
        budget: &mut Budget,
        mut one: impl FnMut(&Part, &mut Budget) -> Result<Vec<T>, RuleError>,
    ) -> Result<Vec<T>, RuleError> {
        let mut results = Vec::new();
        for part in &self.parts {
            let found = one(part, budget)?;
            let is_enough = self.join == Join::First && !found.is_empty();
            results.push(found);
            if is_enough {
                break;
            }
        }
        Ok(split::join(self.join, results))
    }
}

fn css_part(part: &str, has_getter: bool) -> Result<Part, RuleError> {
    let (selector, getter) = match part.rsplit_once('@') {
        Some((selector, getter)) if has_getter => (selector, Getter::named(getter.trim())),
        _ if has_getter => return Err(RuleError::syntax(format!("@CSS without what is taken: {part}"))),
        _ => (part, Getter::Elements),
    };
    let step = Step { pick: Pick::Css(Selector::parse(selector)?), indexes: Indexes::default() };
    Ok(Part { steps: vec![step], getter, nested: None })
}

fn plain_part(part: &str, has_getter: bool) -> Result<Part, RuleError> {
    if split::alternatives(part)?.1.len() > 1 {
        // Each level takes one of the three kinds away, so this ends.
        let nested = Some(Chain::parse(part, has_getter)?);
        return Ok(Part { steps: Vec::new(), getter: Getter::Elements, nested });
    }
    let part = part.trim_start_matches(|c: char| c == '@' || c <= ' ').trim_end();
    let mut names = split::cut(part, "@")?;
    let getter = match names.pop() {
        Some(getter) if has_getter => Getter::named(getter.trim()),
        Some(last) => {
            names.push(last);
            Getter::Elements
        }
        None => return Err(RuleError::syntax("empty rule")),
    };
    let steps = names.into_iter().map(Step::parse).collect::<Result<Vec<_>, _>>()?;
    Ok(Part { steps, getter, nested: None })
}

impl Part {
    fn elements(&self, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
        let mut elements = vec![root];
        for step in &self.steps {
            let mut found = Vec::new();
            for &element in &elements {
                found.extend(step.elements(tree, element, budget)?);
                if found.len() > limits::BETWEEN {
                    return Err(RuleError::TooLarge("number of elements"));
                }
            }
            elements = found;
        }
        Ok(elements)
    }
}

impl Step {
    fn parse(source: &str) -> Result<Step, RuleError> {
        let (before, indexes) = Indexes::cut(source.trim());
        let mut words = before.split('.');
        let (first, second) = (words.next().unwrap_or_default(), words.next().map(str::to_owned));
        let pick = match (first, second) {
            ("" | "children", None) => Pick::Children,
            ("children", Some(_)) => Pick::Children,
            ("class", Some(name)) => Pick::Class(name.trim().to_lowercase()),
            ("tag", Some(name)) => Pick::Tag(name.trim().to_lowercase()),
            ("id", Some(name)) => Pick::Id(name),
            ("text", Some(text)) => Pick::OwnText(text.to_lowercase()),
            _ => Pick::Css(Selector::parse(before)?),
        };
        Ok(Step { pick, indexes })
    }

    fn elements(&self, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
        let all = || tree.within(root).filter(|&id| tree.is_element(id));
        if !matches!(self.pick, Pick::Children | Pick::Css(_)) {
            budget.spend(tree.within(root).size_hint().0)?;
        }
        let found: Vec<Id> = match &self.pick {
            Pick::Children => tree.children(root).collect(),
            Pick::Class(name) => all().filter(|&id| has_class(tree, id, name)).collect(),
            Pick::Tag(name) => all().filter(|&id| name == "*" || tree.name(id) == name).collect(),
            Pick::Id(name) => all().filter(|&id| tree.attribute(id, "id") == Some(name)).collect(),
            Pick::OwnText(text) => all().filter(|&id| tree.own_text(id).to_lowercase().contains(text)).collect(),
            Pick::Css(selector) => selector.select(tree, root, budget)?,
        };
        budget.spend(found.len())?;
        Ok(self.indexes.apply(found))
    }
}

impl Getter {
    fn named(name: &str) -> Getter {
        match name {
            "text" => Getter::Text,
            "textNodes" => Getter::TextNodes,
            "ownText" => Getter::OwnText,
            "html" => Getter::Html,
            "all" => Getter::All,
            name => Getter::Attribute(name.to_lowercase()),
        }
    }

    fn texts(&self, tree: &Tree, elements: &[Id], budget: &mut Budget) -> Result<Vec<String>, RuleError> {
        for &id in elements {
            budget.spend(tree.within(id).size_hint().0)?;
        }
        let mut texts = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for &id in elements {
            let text = match self {
                Getter::Elements => return Ok(Vec::new()),
                Getter::Text => tree.text(id),
                Getter::TextNodes => tree.text_nodes(id).join("\n"),
                Getter::OwnText => tree.own_text(id),
                // The elements of that name themselves are markup all the same.
                Getter::Html => tree.clean_markup(id),
                Getter::All => tree.outer_markup(id),
                Getter::Attribute(name) => tree.attribute(id, name).unwrap_or_default().to_owned(),
            };
            budget.spend(text.len())?;
            let is_new = match self {
                Getter::Attribute(_) => !text.trim().is_empty() && seen.insert(text.clone()),
                _ => !text.is_empty(),
            };
            if is_new {
                texts.push(text);
            }
        }
        if matches!(self, Getter::Html | Getter::All) && texts.len() > 1 {
            texts = vec![texts.join("\n")];
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<div id=m class='list wide'><a href=/1 title=甲>一</a><a href=/2>二<b>粗</b></a><a href=/1>三</a></div>\
        <p class=c>早<br>晚<script>x</script></p><p class=c>夜</p>";

    #[track_caller]
    fn check(rule: &str, expected: &[&str]) {
        let tree = Tree::parse(PAGE).unwrap();
        let texts = Chain::of_texts(rule).unwrap().texts(&tree, Tree::ROOT, &mut Budget::new()).unwrap();
        assert_eq!(texts, expected, "{rule}");
    }

    #[test]
    fn ways_to_select() {
        check("class.list@tag.a.0@text", &["一"]);
        check("class.list wide@tag.a.-1@text", &["三"]);
        check("id.m@children.1@ownText", &["二"]);
        check("id.m@1@text", &["二粗"]);
        check("text.三@text", &["三"]);
        check("#m a[title]@title", &["甲"]);
        check("@@id.m@a.0@text", &["一"]);
        check("body@p.0@textNodes", &["早\n晚"]);
    }

    #[test]
    fn ways_to_take() {
        check("tag.a@href", &["/1", "/2"]);
        check("class.c.0@text", &["早 晚"]);
        check("class.c@html", &["<p class=\"c\">早<br>晚</p>\n<p class=\"c\">夜</p>"]);
        check("class.c.0@all", &["<p class=\"c\">早<br>晚<script>x</script></p>"]);
        check("tag.a@nothing", &[]);
        check("@CSS:#m > a:has(b)@ownText", &["二"]);
        check("@css:p.c@text", &["早 晚", "夜"]);
    }

    #[test]
    fn ways_to_join() {
        check("class.no@text||class.c@text", &["早 晚", "夜"]);
        check("tag.b@text&&class.c.1@text", &["粗", "夜"]);
        check("tag.x@text||tag.b@text&&class.c.1@text", &["粗", "夜"]);
        check("tag.a@text%%class.c@text", &["一", "早 晚", "二粗", "夜", "三"]);
    }

    #[test]
    fn ways_to_count() {
        check("tag.a!0@text", &["二粗", "三"]);
        check("tag.a!0:-1@text", &["二粗"]);
        check("tag.a.-1:0@text", &["三", "一"]);
        check("tag.a[0,2]@text", &["一", "三"]);
        check("tag.a[-1:0]@text", &["三", "二粗", "一"]);
        check("tag.a[!1]@text", &["一", "三"]);
        check("tag.a[1:]@text", &["二粗", "三"]);
        check("tag.a.7@text", &[]);
    }

    #[test]
    fn a_list_is_elements_and_begins_with_the_root() {
        let tree = Tree::parse(PAGE).unwrap();
        let mut budget = Budget::new();
        let list = Chain::of_elements("class.list@tag.a!0").unwrap().elements(&tree, Tree::ROOT, &mut budget).unwrap();
        assert_eq!(list.len(), 2);
        let own = Chain::of_texts("tag.a@text").unwrap().texts(&tree, list[1], &mut budget).unwrap();
        assert_eq!(own, ["三"]);
        let own = Chain::of_texts("text").unwrap().texts(&tree, list[1], &mut budget).unwrap();
        assert_eq!(own, ["三"]);
    }

    #[test]
    fn what_explodes_is_stopped() {
        let tree = Tree::parse(&"<div>".repeat(300)).unwrap();
        let rule = vec!["tag.div"; 20].join("@") + "@text";
        assert!(Chain::of_texts(&rule).unwrap().texts(&tree, Tree::ROOT, &mut Budget::new()).is_err());
    }
}
