//! Which elements a selector matches.

use super::super::error::RuleError;
use super::super::limits::Budget;
use super::super::tree::{Id, Tree};
use super::{Combinator, Link, Place, Selector, Test, Value};

/// What the tests look at.
struct Ground<'a> {
    tree: &'a Tree,
    root: Id,
}

pub(super) fn select(selector: &Selector, tree: &Tree, root: Id, budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
    let ground = Ground { tree, root };
    let mut all = Vec::new();
    for chain in &selector.chains {
        all.extend(ground.chain(chain, budget)?);
    }
    // Ids are in document order.
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

impl Ground<'_> {
    fn chain(&self, links: &[Link], budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
        let mut set = Vec::new();
        for link in links {
            set = self.link(link, &set, budget)?;
            set.sort_unstable();
            set.dedup();
            if set.is_empty() {
                break;
            }
        }
        Ok(set)
    }

    /// The elements that stand in that relation to one of `from` and pass the tests.
    fn link(&self, link: &Link, from: &[Id], budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
        let tree = self.tree;
        let mut found = Vec::new();
        let mut take = |id: Id, budget: &mut Budget| -> Result<(), RuleError> {
            budget.spend(4)?;
            if (tree.is_element(id) || matches!(link.tests.as_slice(), [Test::Root]))
                && self.passes(&link.tests, id, budget)?
            {
                found.push(id);
            }
            Ok(())
        };
        match link.combinator {
            Combinator::Start => tree.within(self.root).try_for_each(|id| take(id, budget))?,
            Combinator::Inside => {
                // Sorted: what is inside one that was gone through already was met there.
                let mut last: Option<Id> = None;
                for &top in from {
                    if last.is_none_or(|last| !tree.is_inside(top, last)) {
                        last = Some(top);
                        tree.inside(top).try_for_each(|id| take(id, budget))?;
                    }
                }
            }
            Combinator::Child => {
                for &above in from {
                    tree.children(above).try_for_each(|id| take(id, budget))?;
                }
            }
            Combinator::Next => {
                for &before in from.iter().filter(|&&id| id != self.root) {
                    tree.later_siblings(before).take(1).try_for_each(|id| take(id, budget))?;
                }
            }
            Combinator::Later => {
                // One walk for each parent, from its first.
                let mut parents = std::collections::HashSet::new();
                for &before in from.iter().filter(|&&id| id != self.root) {
                    if parents.insert(tree.parent(before)) {
                        tree.later_siblings(before).try_for_each(|id| take(id, budget))?;
                    }
                }
            }
        }
        Ok(found)
    }

    fn passes(&self, tests: &[Test], id: Id, budget: &mut Budget) -> Result<bool, RuleError> {
        for test in tests {
            if !self.passes_one(test, id, budget)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn passes_one(&self, test: &Test, id: Id, budget: &mut Budget) -> Result<bool, RuleError> {
        let tree = self.tree;
        Ok(match test {
            Test::Name(name) => tree.name(id) == name,
            Test::Id(name) => tree.attribute(id, "id").is_some_and(|value| value.trim() == name),
            Test::Class(name) => has_class(tree, id, name),
            Test::AttributePrefix(prefix) => tree.attributes(id).iter().any(|(key, _)| key.starts_with(prefix)),
            Test::Attribute(name, value) => has_value(tree.attribute(id, name), value, budget)?,
            Test::Contains { text, own } => self.text(id, *own, budget)?.to_lowercase().contains(text),
            Test::Matches { pattern, own } => {
                let text = self.text(id, *own, budget)?;
                pattern.is_found(&text, budget)?
            }
            Test::Place(place) => {
                let at = self.number(id, false, false, budget)? - 1;
                match place {
                    Place::At(wanted) => at == *wanted,
                    Place::Before(limit) => at < *limit,
                    Place::After(limit) => at > *limit,
                }
            }
            Test::Nth { step, first, from_end, of_type } => {
                let number = self.number(id, *from_end, *of_type, budget)? - first;
                if *step == 0 { number == 0 } else { number % step == 0 && number / step >= 0 }
            }
            Test::Only { of_type } => {
                self.number(id, false, *of_type, budget)? == 1 && self.number(id, true, *of_type, budget)? == 1
            }
            Test::Empty => tree.inside(id).all(|at| tree.characters(at).is_some_and(|text| text.trim().is_empty())),
            Test::Root => id == self.root,
            Test::Not(inner) => !self.is_matched(inner, id, budget)?,
            Test::Is(inner) => self.is_matched(inner, id, budget)?,
            Test::Has(inner) => select(inner, tree, id, budget)?.into_iter().any(|found| found != id),
        })
    }

    fn text(&self, id: Id, own: bool, budget: &mut Budget) -> Result<String, RuleError> {
        budget.spend(self.tree.within(id).size_hint().0)?;
        let text = if own { self.tree.own_text(id) } else { self.tree.text(id) };
        budget.spend(text.len())?;
        Ok(text)
    }

    /// The place among the siblings, from 1; 0 for what has none.
    fn number(&self, id: Id, from_end: bool, of_type: bool, budget: &mut Budget) -> Result<i64, RuleError> {
        let tree = self.tree;
        let Some(parent) = tree.parent(id).filter(|_| id != self.root) else { return Ok(0) };
        let is_alike = |&other: &Id| !of_type || tree.name(other) == tree.name(id);
        let count = if from_end {
            tree.later_siblings(id).filter(is_alike).count() + 1
        } else {
            tree.children(parent).take_while(|&other| other <= id).filter(is_alike).count()
        };
        budget.spend(count)?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Whether an element is among those that a selector matches, seen from the root. Parts without combinators, which
    /// are nearly all, are tested where they stand.
    fn is_matched(&self, selector: &Selector, id: Id, budget: &mut Budget) -> Result<bool, RuleError> {
        for chain in &selector.chains {
            let is_matched = match chain.as_slice() {
                [only] => self.passes(&only.tests, id, budget)?,
                links => self.chain(links, budget)?.binary_search(&id).is_ok(),
            };
            if is_matched {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether an element has a class, in lower case. One with blanks in it is compared with the whole attribute, as jsoup
/// does: `class.item clear` is common.
pub(in super::super) fn has_class(tree: &Tree, id: Id, name: &str) -> bool {
    let Some(value) = tree.attribute(id, "class") else { return false };
    let is_same = |one: &str| one.eq_ignore_ascii_case(name) || !one.is_ascii() && one.to_lowercase() == name;
    is_same(value) || value.split_ascii_whitespace().any(is_same)
}

fn has_value(value: Option<&str>, wanted: &Value, budget: &mut Budget) -> Result<bool, RuleError> {
    let Some(value) = value else { return Ok(matches!(wanted, Value::Unequal(_))) };
    budget.spend(value.len() / 8)?;
    let lower = value.trim().to_lowercase();
    Ok(match wanted {
        Value::Any => true,
        Value::Equal(wanted) => lower == wanted.trim(),
        Value::Unequal(wanted) => lower != wanted.trim(),
        Value::Start(wanted) => lower.starts_with(wanted.as_str()),
        Value::End(wanted) => lower.ends_with(wanted.as_str()),
        Value::Part(wanted) => lower.contains(wanted.as_str()),
        Value::Matches(pattern) => pattern.is_found(value, budget)?,
    })
}
