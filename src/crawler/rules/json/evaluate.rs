//! What a path finds in a value.

use serde_json::Value;

use super::super::error::RuleError;
use super::super::limits::{self, Budget};
use super::{Comparison, Filter, Operand, Path, Step, text};

impl Path {
    /// Every value found.
    pub(super) fn find<'a>(&self, root: &'a Value, budget: &mut Budget) -> Result<Vec<&'a Value>, RuleError> {
        find(&self.steps, root, budget)
    }

    /// What is found as texts; a definite path to a list gives one for each item.
    pub(super) fn texts(&self, root: &Value, budget: &mut Budget) -> Result<Vec<String>, RuleError> {
        let found = self.find(root, budget)?;
        if matches!(self.steps.last(), Some(Step::Length)) {
            return Ok(found.into_iter().filter_map(length).map(|count| count.to_string()).collect());
        }
        let found = match (self.is_definite(), found.as_slice()) {
            (true, [Value::Array(items)]) => items.iter().collect(),
            _ => found,
        };
        if found.len() > limits::BETWEEN {
            return Err(RuleError::TooLarge("number of values"));
        }
        let mut texts = Vec::new();
        let mut size = 0;
        for text in found.into_iter().map(text).filter(|text| !text.is_empty()) {
            budget.spend(text.len())?;
            size += text.len();
            if size > 2 * limits::TEXT {
                return Err(RuleError::TooLarge("text"));
            }
            texts.push(text);
        }
        Ok(texts)
    }

    /// The items of the list that it gives; a definite path to anything else gives none.
    pub(super) fn list<'a>(&self, root: &'a Value, budget: &mut Budget) -> Result<Vec<&'a Value>, RuleError> {
        let found = self.find(root, budget)?;
        Ok(match (self.is_definite(), found.as_slice()) {
            (true, [Value::Array(items)]) => items.iter().collect(),
            (true, _) => Vec::new(),
            (false, _) => found,
        })
    }

    fn is_definite(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Name(_) | Step::Length | Step::FromEnd(_) => true,
            Step::Numbers(numbers) => numbers.len() == 1,
            Step::Names(names) => names.len() == 1,
            Step::Deep | Step::All | Step::Slice { .. } | Step::Filter(_) => false,
        })
    }
}

fn find<'a>(steps: &[Step], root: &'a Value, budget: &mut Budget) -> Result<Vec<&'a Value>, RuleError> {
    let mut found = vec![root];
    let mut is_deep = false;
    for step in steps {
        let mut next = Vec::new();
        for value in found {
            match step {
                // After `..` every item comes by itself, too.
                Step::Filter(filter) if is_deep => next.extend(filter.passes(value, budget)?.then_some(value)),
                step => one(step, value, &mut next, budget)?,
            }
            if next.len() > limits::NODES {
                return Err(RuleError::TooLarge("number of values"));
            }
        }
        budget.spend(4 * next.len())?;
        found = next;
        is_deep = matches!(step, Step::Deep);
    }
    Ok(found)
}

fn one<'a>(step: &Step, value: &'a Value, out: &mut Vec<&'a Value>, budget: &mut Budget) -> Result<(), RuleError> {
    let array = value.as_array();
    match step {
        Step::Name(name) => out.extend(value.get(name)),
        Step::Names(names) => out.extend(names.iter().filter_map(|name| value.get(name))),
        Step::All => out.extend(children(value)),
        Step::Deep => return deep(value, out, budget),
        Step::Numbers(numbers) => {
            out.extend(numbers.iter().filter_map(|&number| array?.get(place(number, array?.len())?)));
        }
        Step::FromEnd(number) => out.extend(array.and_then(|items| items.get(place(-number, items.len())?))),
        Step::Slice { start, end, step } => {
            if let Some(items) = array {
                out.extend(slice(items.len(), *start, *end, *step).into_iter().filter_map(|at| items.get(at)));
            }
        }
        Step::Filter(filter) => {
            // On an object by itself, as Jayway does it.
            let itself = value.is_object().then_some(value);
            for item in array.into_iter().flatten().chain(itself) {
                if filter.passes(item, budget)? {
                    out.push(item);
                }
            }
        }
        // The number of a list is no part of the value that could be pointed to; `text` and filters know it.
        Step::Length => out.push(value),
    }
    Ok(())
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

/// A value and everything inside. JSON is read with a bounded depth, but this keeps a stack of its own all the same.
fn deep<'a>(value: &'a Value, out: &mut Vec<&'a Value>, budget: &mut Budget) -> Result<(), RuleError> {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        budget.spend(4)?;
        if out.len() > limits::NODES {
            return Err(RuleError::TooLarge("number of values"));
        }
        out.push(value);
        open.extend(children(value).into_iter().rev());
    }
    Ok(())
}

fn place(number: i64, count: usize) -> Option<usize> {
    let count = i64::try_from(count).ok()?;
    usize::try_from(if number < 0 { number.saturating_add(count) } else { number }).ok()
}

/// The places of a slice, whose end is outside, as in Python.
fn slice(count: usize, start: Option<i64>, end: Option<i64>, step: i64) -> Vec<usize> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let from_start = |at: i64| if at < 0 { at.saturating_add(count) } else { at };
    let (lowest, highest) = if step > 0 { (0, count) } else { (-1, count - 1) };
    let default = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    let mut at = start.map_or(default.0, |at| from_start(at).clamp(lowest, highest));
    let end = end.map_or(default.1, |at| from_start(at).clamp(lowest, highest));
    let mut places = Vec::new();
    while step > 0 && at < end || step < 0 && at > end {
        places.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    places
}

impl Filter {
    fn passes(&self, item: &Value, budget: &mut Budget) -> Result<bool, RuleError> {
        budget.spend(20)?;
        Ok(match self {
            Filter::And(all) => {
                for one in all {
                    if !one.passes(item, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
            Filter::Or(all) => {
                for one in all {
                    if one.passes(item, budget)? {
                        return Ok(true);
                    }
                }
                false
            }
            Filter::Not(one) => !one.passes(item, budget)?,
            Filter::Exists(path) => !find(path, item, budget)?.is_empty(),
            Filter::Compare(left, how, right) => {
                let (left, right) = (left.value(item, budget)?, right.value(item, budget)?);
                left.zip(right).map_or(*how == Comparison::Unequal, |(left, right)| how.holds(&left, &right))
            }
            Filter::Matches(left, pattern) => match left.value(item, budget)? {
                Some(value) => pattern.is_found(&text(&value), budget)?,
                None => false,
            },
            Filter::In(left, list, wanted) => {
                left.value(item, budget)?.is_some_and(|value| list.contains(&value) == *wanted)
            }
        })
    }
}

impl Operand {
    fn value(&self, item: &Value, budget: &mut Budget) -> Result<Option<Value>, RuleError> {
        let steps = match self {
            Operand::Literal(value) => return Ok(Some(value.clone())),
            Operand::Path(steps) => steps,
        };
        let found = find(steps, item, budget)?.first().copied();
        if let (Some(Step::Length), Some(found)) = (steps.last(), found) {
            return Ok(length(found).map(Value::from));
        }
        Ok(found.cloned())
    }
}

/// How many items, fields or characters a value has.
pub(super) fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => match (left, right) {
                (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
                (left, right) if left == right => Some(std::cmp::Ordering::Equal),
                _ => None,
            },
        };
        match self {
            Comparison::Equal => order.is_some_and(|order| order.is_eq()),
            Comparison::Unequal => order.is_none_or(|order| order.is_ne()),
            Comparison::Less => order.is_some_and(|order| order.is_lt()),
            Comparison::LessOrEqual => order.is_some_and(|order| order.is_le()),
            Comparison::Greater => order.is_some_and(|order| order.is_gt()),
            Comparison::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
        }
    }
}
