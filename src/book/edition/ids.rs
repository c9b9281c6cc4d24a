//! The names of elements that links lead to: XML names, each once in a page.

use super::super::dom::Element;
use super::super::{Change, Report};
use std::collections::{HashMap, HashSet};

/// The ids of one page while it is cleaned.
#[derive(Default)]
pub(super) struct Ids {
    used: HashSet<String>,
    /// What the book calls an element, where that differs from its id.
    renamed: HashMap<String, String>,
    /// The number tried last behind each name, so that a thousand like names are not a thousand tries each.
    tried: HashMap<String, usize>,
}

impl Ids {
    /// Gives an element its id: the one it has, else its `name` or `xml:id`, made an XML name. The
    /// first element of that name keeps it, as in browsers; links lead there.
    pub(super) fn settle(&mut self, element: &mut Element, report: &mut Report) {
        if element.attributes.is_empty() {
            return;
        }
        let anchor = matches!(element.name.as_str(), "a" | "map");
        let named = element.get("name").filter(|_| anchor).map(str::to_owned);
        let id = element.get("id").map(str::to_owned);
        let other = element.remove("xml:id");
        let own: Vec<String> = [id, other, named].into_iter().flatten().filter(|old| !old.trim().is_empty()).collect();
        element.remove("id");
        let Some(first) = own.iter().find(|old| !self.is_known(old)) else {
            if let Some(old) = own.first() {
                report.note(Change::IdRepaired, old);
            }
            return;
        };
        let new = self.free(first);
        element.set("id", new.clone());
        for old in &own {
            if *old != new && !self.is_known(old) {
                self.renamed.insert(old.clone(), new.clone());
            }
        }
        self.used.insert(new);
    }

    /// A new id that starts like that.
    pub(super) fn fresh(&mut self, wanted: &str) -> String {
        let new = self.free(wanted);
        self.used.insert(new.clone());
        new
    }

    /// The id that the element has which the book calls `old`.
    pub(super) fn current<'i>(&'i self, old: &'i str) -> &'i str {
        self.renamed.get(old).map_or(old, String::as_str)
    }

    /// All new names, for links from other pages.
    pub(super) fn into_renamed(self) -> HashMap<String, String> {
        self.renamed
    }

    fn is_known(&self, old: &str) -> bool {
        self.used.contains(old) || self.renamed.contains_key(old)
    }

    /// An XML name like `old` that no element has yet.
    fn free(&mut self, old: &str) -> String {
        let name = xml_name(old);
        if !self.used.contains(&name) {
            return name;
        }
        let tried = self.tried.entry(name.clone()).or_insert(1);
        // Each try differs and names are finite, so one of them is free.
        loop {
            *tried += 1;
            let one = format!("{name}-{tried}");
            if !self.used.contains(&one) {
                return one;
            }
        }
    }
}

/// What XML allows as a name, without colons: other characters become `_`.
fn xml_name(old: &str) -> String {
    let is_start = |c: char| c == '_' || (c.is_alphabetic() && is_plain(c));
    let is_inner = |c: char| is_start(c) || matches!(c, '-' | '.') || c.is_ascii_digit();
    let mut name: String = old.trim().chars().map(|c| if is_inner(c) { c } else { '_' }).collect();
    if !name.starts_with(is_start) {
        name.insert(0, 'x');
    }
    name
}

/// Letters that XML 1.0 counts as name characters in every edition.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{131}' | '\u{391}'..='\u{3A1}'
            | '\u{3A3}'..='\u{3CE}' | '\u{410}'..='\u{44F}' | '\u{4E00}'..='\u{9FA5}' | '\u{3041}'..='\u{3094}'
            | '\u{30A1}'..='\u{30FA}' | '\u{AC00}'..='\u{D7A3}' | '\u{5D0}'..='\u{5EA}' | '\u{621}'..='\u{63A}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_names_and_unique() {
        let (mut ids, mut report) = (Ids::default(), Report::default());
        let mut settle = |element: Element| {
            let mut element = element;
            ids.settle(&mut element, &mut report);
            element.get("id").map(str::to_owned)
        };
        assert_eq!(settle(Element::html("p").with("id", "注1")).as_deref(), Some("注1"));
        assert_eq!(settle(Element::html("p").with("id", "1:a b")).as_deref(), Some("x1_a_b"));
        assert_eq!(settle(Element::html("p").with("id", "注1")), None);
        assert_eq!(settle(Element::html("p").with("id", "x1:a b")).as_deref(), Some("x1_a_b-2"));
        assert_eq!(settle(Element::html("a").with("name", "n").with("id", "i")).as_deref(), Some("i"));
        assert_eq!(settle(Element::html("img").with("name", "m")), None);
        assert_eq!(ids.current("n"), "i");
        assert_eq!(ids.current("1:a b"), "x1_a_b");
        assert_eq!(report.count(Change::IdRepaired), 1);
    }
    #[test]
    fn like_names_are_tried_once_each() {
        let mut ids = Ids::default();
        let names: HashSet<String> = (0..1000).map(|_| ids.fresh("a b")).collect();
        assert_eq!(names.len(), 1000);
        assert_eq!(ids.tried.get("a_b"), Some(&1000));
    }
}
