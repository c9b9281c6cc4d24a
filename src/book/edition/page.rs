//! One chapter into a clean page: head and body told apart, every element looked at once from the
//! top, then the structure put right from below ([`super::repair`]).

use super::super::Change;
use super::super::dom::{Data, Document, Element, NodeId, Space};
use super::context::{Context, LINK_END, LINK_START};
use super::ids::Ids;
use super::legacy::{self, Today};
use super::{attributes, drawing, footnotes, formula, media, repair, styles};
use std::borrow::Cow;
use std::collections::HashSet;

/// A cleaned page that is not written yet.
pub(super) struct Clean {
    pub(super) page: Document,
    pub(super) body: NodeId,
    /// The attributes of `<html>`: language, direction, prefixes of `epub:type`.
    pub(super) root: Element,
    /// The title in the head of the chapter.
    pub(super) title: String,
    /// Style sheets, by their index among the files.
    pub(super) sheets: Vec<usize>,
    /// The size of the page as the chapter gives it: `width=600, height=800`.
    pub(super) viewport: Option<String>,
    pub(super) ids: Ids,
}

/// Cleans the markup of the chapter at `path`.
pub(super) fn clean(context: &mut Context<'_>, path: &str, markup: &str) -> Clean {
    let markup = without_marks(markup);
    let page = Document::parse(&markup);
    if page.is_repaired() {
        context.note(Change::MarkupRepaired, path);
    }
    if page.is_cut() {
        context.note(Change::BeyondBounds, path);
    }
    let mut cleaner = Cleaner::new(context, path, page);
    cleaner.tell_apart();
    cleaner.walk();
    footnotes::complete(&mut cleaner);
    let Cleaner { mut page, body, root, title, sheets, viewport, ids, .. } = cleaner;
    repair::repair(&mut page, body);
    Clean { page, body, root, title, sheets, viewport, ids }
}

/// Text has no right to the marks that stand for links.
fn without_marks(markup: &str) -> Cow<'_, str> {
    if markup.contains([LINK_START, LINK_END]) {
        return Cow::Owned(markup.replace([LINK_START, LINK_END], ""));
    }
    Cow::Borrowed(markup)
}

/// A page on the way.
pub(super) struct Cleaner<'c, 'b> {
    pub(super) context: &'c mut Context<'b>,
    pub(super) page: Document,
    pub(super) path: &'c str,
    pub(super) body: NodeId,
    pub(super) root: Element,
    pub(super) ids: Ids,
    pub(super) title: String,
    pub(super) sheets: Vec<usize>,
    pub(super) viewport: Option<String>,
    pub(super) prefixes: Vec<String>,
}

/// What to do with an element that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays, its content is next.
    Stays,
    /// It stays and its content was seen to.
    Done,
    /// Its content takes its place.
    Unwrapped,
    /// It goes, with its content.
    Gone,
}

impl<'c, 'b> Cleaner<'c, 'b> {
    pub(super) fn new(context: &'c mut Context<'b>, path: &'c str, mut page: Document) -> Cleaner<'c, 'b> {
        let body = page.new_element(Element::html("body"));
        Cleaner {
            context,
            page,
            path,
            body,
            root: Element::html("html"),
            ids: Ids::default(),
            title: String::new(),
            sheets: Vec::new(),
            viewport: None,
            prefixes: Vec::new(),
        }
    }

    /// Looks at every element, each before its content.
    fn walk(&mut self) {
        let body = self.body;
        self.element_rules(body);
        if let Some(element) = self.page.element_mut(body) {
            // Whoever links to the whole of a page links to the page.
            element.remove("id");
        }
        self.walk_inside(body);
        self.settle_maps();
    }

    /// The same for a drawing that is a file of its own.
    pub(super) fn walk_from(&mut self, top: NodeId) {
        drawing::in_page(self, top);
        self.walk_inside(top);
    }

    /// Pictures with places in them name the map by its new name, or none.
    fn settle_maps(&mut self) {
        let nodes: Vec<NodeId> =
            self.page.descendants(self.body).filter(|&node| self.page.element(node).is_some()).collect();
        let mut maps = HashSet::new();
        let with_map: Vec<NodeId> = nodes.iter().copied().filter(|&node| self.page.is(node, "map")).collect();
        for node in with_map {
            let Some(element) = self.page.element_mut(node) else { continue };
            let id = match element.get("id") {
                Some(id) => id.to_owned(),
                None => self.ids.fresh("map"),
            };
            element.set("id", id.clone());
            element.set("name", id.clone());
            maps.insert(id);
        }
        for node in nodes {
            let Some(element) = self.page.element_mut(node) else { continue };
            let Some(old) = element.remove("usemap") else { continue };
            let new = self.ids.current(old.trim().trim_start_matches('#'));
            if maps.contains(new) {
                element.set("usemap", format!("#{new}"));
            }
        }
    }

    fn walk_inside(&mut self, body: NodeId) {
        let mut next = self.page.first_child(body);
        while let Some(node) = next {
            let fate = match self.page.data(node) {
                Data::Element(_) => self.look_at(node),
                Data::Text(_) | Data::Root => Fate::Done,
            };
            next = match fate {
                Fate::Stays => self.page.after(node, body),
                Fate::Done => self.page.after_subtree(node, body),
                Fate::Unwrapped => {
                    let next = self.page.after(node, body);
                    self.page.unwrap(node);
                    next
                }
                Fate::Gone => {
                    let next = self.page.after_subtree(node, body);
                    self.page.detach(node);
                    next
                }
            };
        }
    }

    fn look_at(&mut self, node: NodeId) -> Fate {
        let Some(element) = self.page.element(node) else { return Fate::Done };
        match element.space {
            Space::Svg => return drawing::in_page(self, node),
            Space::Math => return formula::in_page(self, node),
            Space::Other => return self.foreign(node),
            Space::Html => {}
        }
        if let Some(today) = legacy::today(&element.name) {
            let fate = self.renew(node, today);
            if fate != Fate::Stays {
                return fate;
            }
        } else if let Some(fate) = media::look_at(self, node) {
            return fate;
        } else if !self.is_known(node) {
            return self.unknown(node);
        }
        self.element_rules(node);
        Fate::Stays
    }

    fn is_known(&self, node: NodeId) -> bool {
        self.page.element(node).is_some_and(|element| super::vocabulary::rules(&element.name).is_some())
    }

    /// Does to an element of older HTML what it is today.
    fn renew(&mut self, node: NodeId, today: Today) -> Fate {
        match today {
            Today::Named(name, style) => {
                self.rename(node, name);
                self.add_style(node, style);
                Fate::Stays
            }
            Today::Unwrapped => self.unknown(node),
            Today::Gone => {
                if self.page.is(node, "style") {
                    self.read_style(node);
                } else if self.page.is(node, "link") {
                    self.read_link(node);
                }
                Fate::Gone
            }
            Today::Field(name) => {
                self.context.note(Change::FormFlattened, self.path);
                if name.is_empty() {
                    return Fate::Gone;
                }
                self.rename(node, name);
                Fate::Stays
            }
            Today::Program => {
                self.context.note(Change::ScriptDropped, self.path);
                Fate::Gone
            }
        }
    }

    /// An element that nobody knows is its content; one with a name or style is a span around it.
    fn unknown(&mut self, node: NodeId) -> Fate {
        let Some(element) = self.page.element_mut(node) else { return Fate::Done };
        element
            .attributes
            .retain(|(key, _)| matches!(key.as_str(), "id" | "class" | "style" | "lang" | "xml:lang" | "dir"));
        if element.attributes.is_empty() {
            return Fate::Unwrapped;
        }
        self.rename(node, "span");
        self.element_rules(node);
        Fate::Stays
    }

    /// Elements with a prefix of their own: `epub:switch`, `mbp:pagebreak`, `o:p`.
    fn foreign(&mut self, node: NodeId) -> Fate {
        let Some(name) = self.page.element(node).map(|element| element.name.clone()) else { return Fate::Done };
        match name.as_str() {
            "epub:trigger" | "ops:trigger" => {
                self.context.note(Change::ScriptDropped, self.path);
                Fate::Gone
            }
            "epub:switch" | "ops:switch" => {
                media::choose_case(self, node);
                Fate::Unwrapped
            }
            "mbp:pagebreak" => {
                self.rename(node, "div");
                self.add_style(node, "page-break-after: always");
                self.element_rules(node);
                Fate::Stays
            }
            _ => self.unknown(node),
        }
    }

    /// Changes the name of an element.
    pub(super) fn rename(&mut self, node: NodeId, name: &str) {
        if let Some(element) = self.page.element_mut(node) {
            element.name = name.into();
            element.space = Space::Html;
        }
    }

    /// Adds declarations to an element, weaker than those it has.
    pub(super) fn add_style(&mut self, node: NodeId, style: &str) {
        if style.is_empty() {
            return;
        }
        if let Some(element) = self.page.element_mut(node) {
            let old = element.get("style").map(|old| format!("{style}; {old}"));
            element.set("style", old.unwrap_or_else(|| style.to_owned()));
        }
    }

    /// Id, styles, links and attributes of an element that stays.
    pub(super) fn element_rules(&mut self, node: NodeId) {
        let Some(element) = self.page.element_mut(node) else { return };
        if element.attributes.is_empty() && !element.is("a") {
            return;
        }
        self.ids.settle(element, &mut self.context.report);
        if element.attributes.iter().any(|(key, _)| key.starts_with("on")) {
            self.context.report.note(Change::ScriptDropped, self.path);
        }
        let old = legacy::styles(element);
        if !old.is_empty() {
            let old: Vec<String> = old.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
            self.add_style(node, &old.join("; "));
        }
        self.settle_style(node);
        if self.page.is(node, "a") {
            self.settle_link(node);
        }
        let prefixes: Vec<&str> = self.prefixes.iter().map(String::as_str).collect();
        if let Some(element) = self.page.element_mut(node) {
            attributes::clean(element, &prefixes);
        }
    }

    fn settle_style(&mut self, node: NodeId) {
        let Some(element) = self.page.element_mut(node) else { return };
        let Some(style) = element.remove("style") else { return };
        if self.context.is_plain() {
            return;
        }
        let style = styles::attribute(self.context, self.path, &style);
        if let Some(element) = self.page.element_mut(node).filter(|_| !style.is_empty()) {
            element.set("style", style);
        }
    }

    /// A link leads somewhere, or is a span. Links in links are spans, too.
    fn settle_link(&mut self, node: NodeId) {
        let href = self.page.element_mut(node).and_then(|element| element.remove("href"));
        let inside = self.page.ancestors(node).any(|above| self.page.is(above, "a"));
        let href = href.filter(|_| !inside).and_then(|href| self.context.link(self.path, &href));
        match (href, self.page.element_mut(node)) {
            (Some(href), Some(element)) => element.set("href", href),
            (None, Some(_)) => self.rename(node, "span"),
            _ => {}
        }
    }
}

/// Runs of blanks made one.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
