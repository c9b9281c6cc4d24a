//! What an XPath finds.

use super::super::error::RuleError;
use super::super::limits::{self, Budget};
use super::super::tree::{Id, Tree};
use super::{Axis, Comparison, Expression, Found, Function, Path, Sign, Step, Test};

/// What looking at a node costs, beside a byte of a search.
const NODE: usize = 20;

/// A value of an expression.
enum Value {
    Found(Vec<Found>),
    Number(f64),
    Text(String),
    Truth(bool),
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
struct Place<'a> {
    tree: &'a Tree,
    /// Where paths with a leading `/` begin.
    root: Id,
    node: Id,
    position: usize,
    last: usize,
}

pub(super) fn find(
    expression: &Expression,
    tree: &Tree,
    root: Id,
    budget: &mut Budget,
) -> Result<Vec<Found>, RuleError> {
    let place = Place { tree, root, node: root, position: 1, last: 1 };
    Ok(match place.value(expression, budget)? {
        Value::Found(found) => found,
        Value::Text(text) if text.is_empty() => Vec::new(),
        other => vec![Found::Text(place.text(&other))],
    })
}

impl<'a> Place<'a> {
    fn value(&self, expression: &Expression, budget: &mut Budget) -> Result<Value, RuleError> {
        budget.spend(NODE)?;
        Ok(match expression {
            Expression::Path(path) => Value::Found(self.path(path, budget)?),
            Expression::Union(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    if let Value::Found(found) = self.value(part, budget)? {
                        all.extend(found);
                    }
                }
                Value::Found(all)
            }
            Expression::Or(parts) => {
                for part in parts {
                    if self.is_true(&self.value(part, budget)?) {
                        return Ok(Value::Truth(true));
                    }
                }
                Value::Truth(false)
            }
            Expression::And(parts) => {
                for part in parts {
                    if !self.is_true(&self.value(part, budget)?) {
                        return Ok(Value::Truth(false));
                    }
                }
                Value::Truth(true)
            }
            Expression::Compare(left, how, right) => {
                let (left, right) = (self.value(left, budget)?, self.value(right, budget)?);
                Value::Truth(self.compare(&left, *how, &right, budget)?)
            }
            Expression::Arithmetic(left, sign, right) => {
                let (left, right) = (self.value(left, budget)?, self.value(right, budget)?);
                let (left, right) = (self.number(&left), self.number(&right));
                Value::Number(match sign {
                    Sign::Plus => left + right,
                    Sign::Minus => left - right,
                    Sign::Div => left / right,
                    Sign::Mod => left % right,
                })
            }
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Call(function, arguments) => self.call(*function, arguments, budget)?,
        })
    }

    fn path(&self, path: &Path, budget: &mut Budget) -> Result<Vec<Found>, RuleError> {
        let start = if path.from_root { self.root } else { self.node };
        let mut nodes = vec![start];
        let (last, before) = match path.steps.split_last() {
            Some(split) => split,
            None => return Ok(vec![Found::Node(start)]),
        };
        for step in before {
            let mut next = Vec::new();
            for node in nodes {
                next.extend(self.step(step, node, budget)?.into_iter().filter_map(|found| match found {
                    Found::Node(id) => Some(id),
                    Found::Text(_) => None,
                }));
                bounded(next.len())?;
            }
            next.sort_unstable();
            next.dedup();
            nodes = next;
        }
        let mut all = Vec::new();
        for node in nodes {
            all.extend(self.step(last, node, budget)?);
            bounded(all.len())?;
        }
        if all.iter().all(|found| matches!(found, Found::Node(_))) {
            let id = |found: &Found| if let Found::Node(id) = found { Some(*id) } else { None };
            all.sort_by_key(id);
            all.dedup();
        }
        Ok(all)
    }

    /// What one step gives from one node, predicates applied.
    fn step(&self, step: &Step, node: Id, budget: &mut Budget) -> Result<Vec<Found>, RuleError> {
        if step.axis == Axis::Attribute {
            return self.attributes(step, node, budget);
        }
        let mut nodes = Vec::new();
        for id in self.axis(step.axis, node) {
            budget.spend(NODE)?;
            if self.passes(&step.test, id) {
                nodes.push(id);
            }
        }
        for predicate in &step.predicates {
            nodes = self.filtered(nodes, predicate, budget)?;
        }
        let mut found = Vec::new();
        for id in nodes {
            found.extend(self.taken(&step.test, id, budget)?);
        }
        Ok(found)
    }

    fn axis(&self, axis: Axis, node: Id) -> Box<dyn Iterator<Item = Id> + 'a> {
        let tree = self.tree;
        let root = self.root;
        match axis {
            Axis::Child => Box::new(tree.nodes(node)),
            Axis::Descendant => Box::new(tree.inside(node)),
            Axis::DescendantOrSelf => Box::new(tree.within(node)),
            Axis::Itself => Box::new(std::iter::once(node)),
            Axis::Parent => Box::new(tree.parent(node).into_iter()),
            Axis::Ancestor => Box::new(tree.ancestors(node)),
            Axis::AncestorOrSelf => Box::new(std::iter::once(node).chain(tree.ancestors(node))),
            Axis::FollowingSibling => Box::new(tree.later_siblings(node).filter(move |&id| id != root)),
            Axis::PrecedingSibling => {
                let above = tree.parent(node).into_iter();
                let mut before: Vec<Id> =
                    above.flat_map(|parent| tree.children(parent)).take_while(|&id| id < node).collect();
                before.reverse();
                Box::new(before.into_iter())
            }
            Axis::Attribute => Box::new(std::iter::empty()),
        }
    }

    fn passes(&self, test: &Test, id: Id) -> bool {
        match test {
            Test::Name(name) => self.tree.name(id) == name,
            Test::Any => self.tree.is_element(id),
            Test::Node => true,
            Test::Text => self.tree.characters(id).is_some_and(|text| !text.trim().is_empty()),
            Test::AllText | Test::Html | Test::OuterHtml | Test::Number => self.tree.is_element(id),
        }
    }

    fn filtered(&self, nodes: Vec<Id>, predicate: &Expression, budget: &mut Budget) -> Result<Vec<Id>, RuleError> {
        let last = nodes.len();
        let mut kept = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            let place = Place { node, position: at + 1, last, ..*self };
            let is_kept = match place.value(predicate, budget)? {
                Value::Number(number) => number == (at + 1) as f64,
                other => place.is_true(&other),
            };
            if is_kept {
                kept.push(node);
            }
        }
        Ok(kept)
    }

    fn taken(&self, test: &Test, id: Id, budget: &mut Budget) -> Result<Option<Found>, RuleError> {
        let tree = self.tree;
        let text = match test {
            Test::Name(_) | Test::Any => return Ok(Some(Found::Node(id))),
            Test::Node => return Ok(Some(Found::Node(id))),
            Test::Text => tree.characters(id).unwrap_or_default().trim().to_owned(),
            Test::AllText => tree.text(id),
            Test::Html => tree.inner_markup(id),
            Test::OuterHtml => tree.outer_markup(id),
            Test::Number => {
                let text = tree.text(id);
                let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
                digits.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect()
            }
        };
        budget.spend(text.len())?;
        Ok(Some(Found::Text(text)).filter(|found| *found != Found::Text(String::new())))
    }

    fn attributes(&self, step: &Step, node: Id, budget: &mut Budget) -> Result<Vec<Found>, RuleError> {
        budget.spend(1)?;
        let values: Vec<&str> = match &step.test {
            Test::Name(name) => self.tree.attribute(node, name).into_iter().collect(),
            Test::Any | Test::Node => self.tree.attributes(node).iter().map(|(_, value)| value.as_str()).collect(),
            _ => Vec::new(),
        };
        let values: Vec<String> = values.into_iter().map(|value| value.trim().to_owned()).collect();
        budget.spend(values.iter().map(String::len).sum())?;
        Ok(values.into_iter().map(Found::Text).collect())
    }

    fn call(&self, function: Function, arguments: &[Expression], budget: &mut Budget) -> Result<Value, RuleError> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.value(argument, budget)?);
        }
        let itself = || self.tree.text(self.node);
        let text = |at: usize| values.get(at).map_or_else(itself, |value| self.text(value));
        let value = match function {
            Function::Position => Value::Number(self.position as f64),
            Function::Last => Value::Number(self.last as f64),
            Function::Count => match values.first() {
                Some(Value::Found(found)) => Value::Number(found.len() as f64),
                _ => Value::Number(0.0),
            },
            Function::Not => Value::Truth(!values.first().is_some_and(|value| self.is_true(value))),
            Function::True => Value::Truth(true),
            Function::False => Value::Truth(false),
            Function::Contains => Value::Truth(text(0).contains(&text(1))),
            Function::StartsWith => Value::Truth(text(0).starts_with(&text(1))),
            Function::EndsWith => Value::Truth(text(0).ends_with(&text(1))),
            Function::Concat => Value::Text(values.iter().map(|value| self.text(value)).collect()),
            Function::SubstringBefore => {
                Value::Text(text(0).split_once(&text(1)).map_or(String::new(), |(before, _)| before.to_owned()))
            }
            Function::SubstringAfter => {
                Value::Text(text(0).split_once(&text(1)).map_or(String::new(), |(_, after)| after.to_owned()))
            }
            Function::NormalizeSpace => Value::Text(text(0).split_whitespace().collect::<Vec<_>>().join(" ")),
            Function::StringLength => Value::Number(text(0).chars().count() as f64),
            Function::String => Value::Text(text(0)),
            Function::Number => Value::Number(self.number(&Value::Text(text(0)))),
            Function::Name => Value::Text(match values.first() {
                Some(Value::Found(found)) => match found.first() {
                    Some(Found::Node(id)) => self.tree.name(*id).to_owned(),
                    _ => String::new(),
                },
                _ => self.tree.name(self.node).to_owned(),
            }),
        };
        // Each argument may have been the text of a whole page.
        budget.spend(
            self.tree.within(self.node).size_hint().0 + values.iter().map(|value| self.weight(value)).sum::<usize>(),
        )?;
        if let Value::Text(text) = &value
            && text.len() > limits::TEXT
        {
            return Err(RuleError::TooLarge("text"));
        }
        Ok(value)
    }

    /// How much work it was to make a text of a value.
    fn weight(&self, value: &Value) -> usize {
        match value {
            Value::Found(found) => match found.first() {
                Some(Found::Node(id)) => self.tree.within(*id).size_hint().0,
                Some(Found::Text(text)) => text.len(),
                None => 0,
            },
            Value::Text(text) => text.len(),
            Value::Number(_) | Value::Truth(_) => 1,
        }
    }

    /// A set of nodes equals a text if one of them does.
    fn compare(&self, left: &Value, how: Comparison, right: &Value, budget: &mut Budget) -> Result<bool, RuleError> {
        let ((Value::Found(found), other) | (other, Value::Found(found))) = (left, right) else {
            return Ok(self.holds(left, how, right));
        };
        let is_left = matches!(left, Value::Found(_));
        for one in found {
            let text = Value::Text(self.found_text(one));
            budget.spend(self.weight(&text) + 1)?;
            let other = match other {
                Value::Found(_) => &Value::Text(self.text(other)),
                other => other,
            };
            if if is_left { self.holds(&text, how, other) } else { self.holds(other, how, &text) } {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn holds(&self, left: &Value, how: Comparison, right: &Value) -> bool {
        let is_number = matches!(left, Value::Number(_)) || matches!(right, Value::Number(_));
        let (a, b) = (self.number(left), self.number(right));
        match how {
            Comparison::Equal if is_number => a == b,
            Comparison::Unequal if is_number => a != b,
            Comparison::Equal => self.text(left) == self.text(right),
            Comparison::Unequal => self.text(left) != self.text(right),
            Comparison::Less => a < b,
            Comparison::LessOrEqual => a <= b,
            Comparison::Greater => a > b,
            Comparison::GreaterOrEqual => a >= b,
            Comparison::Start => self.text(left).starts_with(&self.text(right)),
            Comparison::End => self.text(left).ends_with(&self.text(right)),
            Comparison::Part => self.text(left).contains(&self.text(right)),
        }
    }

    fn found_text(&self, found: &Found) -> String {
        match found {
            Found::Node(id) => self.tree.characters(*id).map_or_else(|| self.tree.text(*id), str::to_owned),
            Found::Text(text) => text.clone(),
        }
    }

    fn text(&self, value: &Value) -> String {
        match value {
            Value::Found(found) => found.first().map_or(String::new(), |one| self.found_text(one)),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Truth(truth) => truth.to_string(),
        }
    }

    fn number(&self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => *number,
            Value::Truth(truth) => f64::from(u8::from(*truth)),
            other => self.text(other).trim().parse().unwrap_or(f64::NAN),
        }
    }

    fn is_true(&self, value: &Value) -> bool {
        match value {
            Value::Found(found) => !found.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Text(text) => !text.is_empty(),
            Value::Truth(truth) => *truth,
        }
    }
}

fn bounded(count: usize) -> Result<(), RuleError> {
    if count > limits::NODES { Err(RuleError::TooLarge("number of nodes")) } else { Ok(()) }
}
