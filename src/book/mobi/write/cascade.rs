//! Which rules apply to which element, and in what order.
//!
//! Rules are kept by what the element must have, so that an element meets few of them. Origins are
//! one: the book's sheets in order, then the `style` attribute; `!important` comes last.

use super::property::{Property, properties};
use super::selector::{Key, Selector};
use super::style::Style;
use crate::book::css::{AtBody, Declaration, Rule, Sheet, parse_declarations};
use crate::book::dom::{Document, NodeId};
use smol_str::SmolStr;
use std::cell::Cell;
use std::collections::HashMap;
use std::mem::discriminant;
use std::rc::Rc;
use std::sync::Arc;

/// What may be spent on the style sheets of one book; rules beyond do not apply.
#[derive(Debug)]
pub(super) struct Budget {
    /// Selectors tried on elements, and properties set. A novel of 20 MB takes some ten million.
    pub(super) steps: Cell<u64>,
    /// Selectors kept.
    pub(super) rules: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { steps: Cell::new(60_000_000), rules: Cell::new(400_000) }
    }
}

impl Budget {
    /// Takes so many steps; false if they are not there.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.steps.get().saturating_sub(steps as u64);
        self.steps.set(left);
        left > 0
    }

    /// Whether there were too many steps.
    pub(super) fn is_spent(&self) -> bool {
        self.steps.get() == 0
    }
}

/// The rules of a page: those of its sheets, in order. A sheet is made ready once for all pages that have it.
#[derive(Debug, Default)]
pub(super) struct Cascade {
    sheets: Vec<Rc<Rules>>,
    budget: Rc<Budget>,
}

/// The rules of one sheet.
#[derive(Debug, Default)]
pub(super) struct Rules {
    by_key: HashMap<Key, Vec<Bound>>,
    count: usize,
    /// Selectors that are not understood, and rules beyond the bound.
    dropped: usize,
}

/// A rule with its selector.
#[derive(Debug)]
struct Bound {
    selector: Selector,
    order: usize,
    plain: Arc<[Property]>,
    important: Arc<[Property]>,
}

impl Rules {
    /// Rules for one class or name; a sheet made to be slow could have millions.
    const MAX_PER_KEY: usize = 400;
    /// `@media` in `@media`; the sheet's own bound is not larger.
    const MAX_DEPTH: usize = 8;

    /// Those of a sheet.
    pub(super) fn of(sheet: &Sheet, budget: &Budget) -> Rules {
        let mut rules = Rules::default();
        rules.add_all(&sheet.rules, 0, budget);
        rules
    }

    /// Whether some do not apply.
    pub(super) fn are_cut(&self) -> bool {
        self.dropped > 0
    }

    fn add_all(&mut self, rules: &[Rule], depth: usize, budget: &Budget) {
        for rule in rules {
            match rule {
                Rule::Style { selectors, declarations } => self.add(selectors, declarations, budget),
                Rule::At { name, prelude, body: AtBody::Rules(inner) }
                    if name == "media" && is_for_us(prelude) && depth < Rules::MAX_DEPTH =>
                {
                    self.add_all(inner, depth + 1, budget);
                }
                Rule::At { .. } => {}
            }
        }
    }

    fn add(&mut self, selectors: &str, declarations: &[Declaration], budget: &Budget) {
        let (plain, important) = sorted(declarations);
        if plain.is_empty() && important.is_empty() {
            return;
        }
        let (plain, important): (Arc<[Property]>, Arc<[Property]>) = (plain.into(), important.into());
        let (selectors, dropped) = Selector::parse_list(selectors);
        self.dropped += dropped;
        for selector in selectors {
            let left = budget.rules.get();
            if left == 0 {
                self.dropped += 1;
                continue;
            }
            let same = self.by_key.entry(selector.key()).or_default();
            if same.len() >= Rules::MAX_PER_KEY {
                self.dropped += 1;
                continue;
            }
            budget.rules.set(left - 1);
            self.count += 1;
            same.push(Bound { selector, order: self.count, plain: plain.clone(), important: important.clone() });
        }
    }
}

impl Cascade {
    /// The rules of those sheets.
    pub(super) fn new(sheets: Vec<Rc<Rules>>, budget: Rc<Budget>) -> Cascade {
        Cascade { sheets, budget }
    }

    /// The look of an element.
    pub(super) fn style(&self, page: &Document, node: NodeId, parent: &Style) -> Style {
        let Some(element) = page.element(node) else { return *parent };
        let mut style = Style::of(element, parent);
        let mut found: Vec<(usize, &Bound)> = Vec::new();
        let mut look = |key: &Key| {
            if self.budget.is_spent() {
                return;
            }
            for (at, sheet) in self.sheets.iter().enumerate() {
                let bound = sheet.by_key.get(key).into_iter().flatten();
                let bound = bound.filter(|one| one.selector.matches(page, node, &self.budget));
                found.extend(bound.map(|one| (at, one)));
            }
        };
        if self.sheets.iter().any(|sheet| sheet.count > 0) {
            look(&Key::Any);
            look(&Key::Name(element.name.clone()));
            for class in element.get("class").unwrap_or_default().split_ascii_whitespace() {
                look(&Key::Class(SmolStr::new(class)));
            }
            if let Some(id) = element.get("id") {
                look(&Key::Id(SmolStr::new(id)));
            }
        }
        if !self.budget.spend(found.iter().map(|(_, one)| one.plain.len() + one.important.len()).sum()) {
            found.clear();
        }
        found.sort_by_key(|(at, one)| (one.selector.specificity, *at, one.order));
        let own = element.get("style").map(|css| sorted(&parse_declarations(css))).unwrap_or_default();
        let around = parent.size;
        found.iter().flat_map(|(_, one)| one.plain.iter()).for_each(|&property| style.apply(property, around));
        own.0.iter().for_each(|&property| style.apply(property, around));
        found.iter().flat_map(|(_, one)| one.important.iter()).for_each(|&property| style.apply(property, around));
        own.1.iter().for_each(|&property| style.apply(property, around));
        style
    }
}

/// What declarations say, the important ones apart; of several that say the same, the last.
fn sorted(declarations: &[Declaration]) -> (Vec<Property>, Vec<Property>) {
    let (mut plain, mut important) = (Vec::new(), Vec::new());
    for declaration in declarations {
        properties(declaration, if declaration.important { &mut important } else { &mut plain });
    }
    (keep_last(plain), keep_last(important))
}

fn keep_last(all: Vec<Property>) -> Vec<Property> {
    // There are some twenty kinds of properties, so this is linear.
    let mut kept: Vec<Property> = Vec::new();
    for property in all.into_iter().rev() {
        if kept.iter().all(|one| discriminant(one) != discriminant(&property)) {
            kept.push(property);
        }
    }
    kept.reverse();
    kept
}

/// Whether rules under a condition are meant for old Kindles, which call themselves `amzn-mobi`.
fn is_for_us(media: &str) -> bool {
    media.split(',').any(|one| matches!(one.trim().to_ascii_lowercase().as_str(), "" | "all" | "screen" | "amzn-mobi"))
}

#[cfg(test)]
mod tests {
    use super::super::property::{Align, Display};
    use super::*;

    fn style(css: &str, markup: &str, wanted: &str) -> Style {
        let budget = Rc::new(Budget::default());
        let cascade = Cascade::new(vec![Rc::new(Rules::of(&Sheet::parse(css), &budget))], budget);
        let page = Document::parse(markup);
        let node = page.find(Document::ROOT, wanted).expect("the element");
        let mut above: Vec<NodeId> = page.ancestors(node).collect();
        above.reverse();
        above.push(node);
        above.into_iter().fold(Style::default(), |parent, at| cascade.style(&page, at, &parent))
    }

    #[test]
    fn the_more_specific_and_the_later_rule_wins() {
        let css =
            "p { font-weight: bold } .x { font-weight: normal } p { font-style: italic } i { font-style: normal }";
        let found = style(css, "<p class='x'><i>a</i></p>", "i");
        assert!(!found.bold && !found.italic);
        assert!(style("p { font-weight: bold !important }", "<p style='font-weight: 400'>a</p>", "p").bold);
        assert!(!style("p { font-weight: bold }", "<p style='font-weight: 400'>a</p>", "p").bold);
    }

    #[test]
    fn of_two_sheets_the_later_wins() {
        let budget = Rc::new(Budget::default());
        let sheet = |css: &str| Rc::new(Rules::of(&Sheet::parse(css), &budget));
        let (bold, plain) = (sheet("i {} b {} p { font-weight: bold }"), sheet("p { font-weight: normal }"));
        let page = Document::parse("<p>a</p>");
        let shown = |sheets: Vec<Rc<Rules>>| {
            Cascade::new(sheets, budget.clone()).style(&page, page.body(), &Style::default()).bold
        };
        assert!(!shown(vec![bold.clone(), plain.clone()]));
        assert!(shown(vec![plain, bold]));
    }

    #[test]
    fn looks_are_inherited_and_boxes_are_not() {
        let css = "div { text-align: center; margin-top: 3em; text-indent: 2em; font-size: 2em; display: none }";
        let found = style(css, "<div><span style='font-size:50%'>a</span></div>", "span");
        assert_eq!((found.align, found.indent, found.above), (Some(Align::Center), 2.0, 0.0));
        assert_eq!((found.size, found.display), (1.0, Display::Inline));
    }

    #[test]
    fn conditions_are_looked_at() {
        assert!(style("@media amzn-mobi { p { font-weight: bold } }", "<p>a</p>", "p").bold);
        assert!(!style("@media amzn-kf8, print { p { font-weight: bold } }", "<p>a</p>", "p").bold);
    }

    #[test]
    fn work_is_bounded() {
        let budget = Rc::new(Budget { steps: Cell::new(50), rules: Cell::new(15) });
        let rules = Rules::of(&Sheet::parse(&"p { font-weight: bold } ".repeat(20)), &budget);
        assert_eq!((rules.dropped, budget.rules.get()), (5, 0));
        assert!(rules.are_cut() && !budget.is_spent());
        let cascade = Cascade::new(vec![Rc::new(rules)], budget.clone());
        let page = Document::parse("<p>a</p>");
        let bold = || cascade.style(&page, page.body(), &Style::default()).bold;
        assert!(bold());
        assert_eq!(budget.steps.get(), 50 - 2 * 15);
        // What is left is not enough for all rules, so none apply.
        assert!(!bold());
        assert!(budget.is_spent());
    }

    #[test]
    fn a_rule_says_one_thing_once() {
        let long = "margin: 1px; font-weight: bold; ".repeat(10_000) + "font-weight: normal";
        assert!(sorted(&parse_declarations(&long)).0.len() < 10);
    }
}
