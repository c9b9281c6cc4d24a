//! A TOML file that its owner writes by hand and the program changes, too: it gets new values and keeps its form —
//! comments, the order of keys, how a value is written.
//!
//! Deliberately not here: what the values mean.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// The values of `fresh` in the form of `own`, as far as that has them. A table of a list keeps the comments of the one
/// that it was before: the same, else the most like it, else, if none came or went, the one in its place. Where `own` is
/// no TOML, it is `fresh`.
pub fn in_form_of(own: &str, fresh: &str) -> String {
    let (head, rest) = own.split_at(end_of_head(own));
    let (Ok(mut document), Ok(wanted)) = (rest.parse::<DocumentMut>(), fresh.parse::<DocumentMut>()) else {
        return fresh.to_owned();
    };
    merge_table(document.as_table_mut(), wanted.as_table());
    unplace(document.as_table_mut());
    let text = document.to_string();
    format!("{head}{}", text.trim_start_matches('\n'))
}

/// Where the comment ends that belongs to the whole file: behind the last empty line before anything else, if there is
/// anything else.
fn end_of_head(text: &str) -> usize {
    let (mut at, mut end) = (0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        match line.trim() {
            "" => end = at,
            line if !line.starts_with('#') => return end,
            _ => {}
        }
    }
    text.len()
}

fn merge_table(own: &mut Table, wanted: &Table) {
    own.retain(|key, _| wanted.contains_key(key));
    for (key, item) in wanted {
        match (own.get_mut(key), item) {
            (Some(own), item) if is_same(own, item) => {}
            (Some(Item::Table(own)), Item::Table(wanted)) => merge_table(own, wanted),
            (Some(Item::ArrayOfTables(own)), Item::ArrayOfTables(wanted)) => merge_list(own, wanted),
            (Some(Item::Value(own)), item) => {
                let Ok(mut value) = item.clone().into_value() else { continue };
                *value.decor_mut() = own.decor().clone();
                *own = value;
            }
            _ => {
                own.insert(key, item.clone());
            }
        }
    }
}

fn merge_list(own: &mut ArrayOfTables, wanted: &ArrayOfTables) {
    let mut before: Vec<Option<Table>> = own.iter().cloned().map(Some).collect();
    own.clear();
    // Those that stay as they are come first, so that none of them is taken for another one.
    let mut kept: Vec<Option<Table>> = wanted
        .iter()
        .map(|table| before.iter_mut().find(|own| own.as_ref().is_some_and(|own| are_same(own, table)))?.take())
        .collect();
    for (kept, table) in kept.iter_mut().zip(wanted).filter(|(kept, _)| kept.is_none()) {
        let alike = before.iter_mut().filter(|own| own.is_some());
        let likest = alike.max_by_key(|own| own.as_ref().map_or(0, |own| likeness(own, table)));
        let Some(own) = likest.filter(|own| own.as_ref().is_some_and(|own| 2 * likeness(own, table) >= table.len()))
        else {
            continue;
        };
        *kept = own.take();
    }
    if before.len() == wanted.len() {
        // Nothing came or went: what is like none is what stood in its place.
        kept.iter_mut().zip(before).filter(|(kept, _)| kept.is_none()).for_each(|(kept, own)| *kept = own);
    }
    for (kept, table) in kept.into_iter().zip(wanted) {
        let mut merged = kept.unwrap_or_else(|| table.clone());
        merge_table(&mut merged, table);
        apart(&mut merged);
        own.push(merged);
    }
}

/// How many keys have the same value.
fn likeness(own: &Table, wanted: &Table) -> usize {
    wanted.iter().filter(|(key, item)| own.get(key).is_some_and(|own| is_same(own, item))).count()
}

fn are_same(own: &Table, wanted: &Table) -> bool {
    own.len() == wanted.len() && likeness(own, wanted) == own.len()
}

/// Whether two items have the same value, however they are written.
fn is_same(a: &Item, b: &Item) -> bool {
    if let (Some(a), Some(b)) = (a.as_table_like(), b.as_table_like()) {
        return a.len() == b.len() && a.iter().all(|(key, item)| b.get(key).is_some_and(|other| is_same(item, other)));
    }
    match (a, b) {
        (Item::ArrayOfTables(a), Item::ArrayOfTables(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_same(a, b))
        }
        (Item::Value(a), Item::Value(b)) => is_same_value(a, b),
        _ => false,
    }
}

fn is_same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.value() == b.value(),
        (Value::Integer(a), Value::Integer(b)) => a.value() == b.value(),
        (Value::Float(a), Value::Float(b)) => a.value() == b.value(),
        (Value::Boolean(a), Value::Boolean(b)) => a.value() == b.value(),
        (Value::Datetime(a), Value::Datetime(b)) => a.value() == b.value(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same_value(a, b)),
        (Value::InlineTable(_), Value::InlineTable(_)) => is_same(&Item::Value(a.clone()), &Item::Value(b.clone())),
        _ => false,
    }
}

/// Sees to an empty line before the table.
fn apart(table: &mut Table) {
    let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned();
    if !prefix.starts_with('\n') {
        table.decor_mut().set_prefix(format!("\n{prefix}"));
    }
}

/// Forgets where tables stood in the file, so that they stand in the order they have now.
fn unplace(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => unplace(table),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(unplace),
            Item::Value(_) | Item::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "# The file's own head.\n\n# first\n[[button]]\nname = \"A\" # a name\n\n# its sub\n[[button.sub]]\nname = 'one'\n\n# second\n[[button]]\nname = \"B\"\ntype = \"click\"\nkey = \"b\"\n# the end\n";

    #[test]
    fn the_same_values_leave_the_text_as_it_is() {
        let fresh = "[[button]]\nname = \"A\"\n[[button.sub]]\nname = \"one\"\n[[button]]\nname = \"B\"\ntype = \"click\"\nkey = \"b\"\n";
        assert_eq!(in_form_of(OWN, fresh), OWN);
    }

    #[test]
    fn comments_go_with_their_tables_and_the_head_stays_on_top() {
        let fresh = "[[button]]\nname = \"B\"\ntype = \"click\"\nkey = \"c\"\n[[button]]\nname = \"A\"\n[[button.sub]]\nname = \"one\"\n[[button.sub]]\nname = \"two\"\n";
        let text = in_form_of(OWN, fresh);
        assert_eq!(
            text,
            "# The file's own head.\n\n# second\n[[button]]\nname = \"B\"\ntype = \"click\"\nkey = \"c\"\n\n# first\n\
             [[button]]\nname = \"A\" # a name\n\n# its sub\n[[button.sub]]\nname = 'one'\n\n[[button.sub]]\n\
             name = \"two\"\n# the end\n"
        );
    }

    #[test]
    fn what_has_gone_takes_its_comment_along_and_what_is_new_gets_none() {
        let text = in_form_of(OWN, "[[button]]\nname = \"C\"\ntype = \"view\"\nurl = \"u\"\n");
        assert_eq!(
            text,
            "# The file's own head.\n\n[[button]]\nname = \"C\"\ntype = \"view\"\nurl = \"u\"\n# the end\n"
        );
    }

    #[test]
    fn what_has_changed_altogether_keeps_the_comment_of_its_place() {
        let fresh = "[[button]]\nname = \"A\"\n[[button.sub]]\nname = \"one\"\n[[button]]\nname = \"X\"\ntype = \"view\"\nurl = \"u\"\n";
        let text = in_form_of(OWN, fresh);
        assert!(
            text.ends_with("# second\n[[button]]\nname = \"X\"\ntype = \"view\"\nurl = \"u\"\n# the end\n"),
            "{text}"
        );
    }

    #[test]
    fn a_table_within_a_line_stays_one() {
        let own = "[[reply]]\nwords = [\"a\",\n  \"b\"] # both\ncard = { title = \"x\" }\n";
        let fresh = |title: &str| format!("[[reply]]\nwords = [\"a\", \"b\"]\n[reply.card]\ntitle = \"{title}\"\n");
        assert_eq!(in_form_of(own, &fresh("x")), own);
        assert_eq!(in_form_of(own, &fresh("y")), own.replace("\"x\"", "\"y\""));
    }

    #[test]
    fn what_is_no_toml_is_not_kept() {
        assert_eq!(in_form_of("[[button", "a = 1\n"), "a = 1\n");
        assert_eq!(in_form_of("", "a = 1\n"), "a = 1\n");
        assert_eq!(in_form_of("# only a comment\n", "a = 1\n"), "# only a comment\na = 1\n");
    }
}
