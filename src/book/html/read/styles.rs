//! What a page carries inside itself: style sheets, and files in `data:` addresses.

use super::{Source, missing};
use crate::book::css::{AtBody, Rule, Sheet, map_urls};
use crate::book::dom::{Document, NodeId, escape_attribute};
use crate::book::epub::path::resolve;
use crate::book::model::Resource;
use crate::book::picture::data_uri;
use crate::book::report::Report;
use std::collections::{HashMap, HashSet};

/// The files of the book, those from inside pages among them.
pub(super) struct Files<'b> {
    resources: &'b mut Vec<Resource>,
    cover: &'b mut Option<usize>,
    paths: HashSet<String>,
    /// The address by its content, so that a picture is kept once.
    by_address: HashMap<String, String>,
    /// Numbers below are taken.
    next: usize,
}

impl<'b> Files<'b> {
    pub(super) fn new(resources: &'b mut Vec<Resource>, cover: &'b mut Option<usize>) -> Self {
        let paths = resources.iter().map(|one| one.path.clone()).collect();
        Files { resources, cover, paths, by_address: HashMap::new(), next: 1 }
    }

    fn add(&mut self, stem: &str, media_type: String, bytes: Vec<u8>) -> String {
        let extension = match media_type.as_str() {
            "text/css" => "css",
            "image/jpeg" => "jpg",
            "image/svg+xml" => "svg",
            other => other.rsplit(['/', '-']).next().filter(|end| end.len() <= 5).unwrap_or("bin"),
        };
        let mut at = self.next.max(self.resources.len() + 1);
        let mut path = format!("{stem}{at:04}.{extension}");
        while self.paths.contains(&path) {
            at += 1;
            path = format!("{stem}{at:04}.{extension}");
        }
        self.next = at + 1;
        self.paths.insert(path.clone());
        self.resources.push(Resource { path: path.clone(), media_type, bytes });
        path
    }

    /// The file in a `data:` address as one of the book.
    fn extract(&mut self, address: &str) -> Option<String> {
        if let Some(path) = self.by_address.get(address) {
            return Some(path.clone());
        }
        let (media_type, bytes) = data_uri(address)?;
        let stem = if media_type.starts_with("image/") { "picture" } else { "file" };
        let path = self.add(stem, media_type, bytes);
        self.by_address.insert(address.to_owned(), path.clone());
        Some(path)
    }

    /// Takes the style sheets of a page; gives the links to them for the heads of its chapters.
    pub(super) fn take_head(&mut self, source: &mut Source) -> String {
        let mut links = String::new();
        let mut css = String::new();
        let nodes: Vec<NodeId> = source.document.descendants(Document::ROOT).collect();
        let up = "../".repeat(source.path.matches('/').count());
        let mut named = HashMap::new();
        for node in nodes {
            let Some(element) = source.document.element(node) else { continue };
            if element.is("link") && element.has_word("rel", "stylesheet") {
                if let Some(href) = element.get("href") {
                    let href = self.extract(href).map_or_else(|| href.to_owned(), |path| format!("{up}{path}"));
                    link(&href, &mut links);
                }
            } else if element.is("style") {
                let text = source.document.text_content(node);
                if element.get("data-default").is_some() {
                    named.extend(pictures(&text));
                } else {
                    css.push_str(&text);
                    css.push('\n');
                }
                source.document.detach(node);
            } else if element.is("script") || element.is("template") {
                source.document.detach(node);
            }
        }
        if !css.trim().is_empty() {
            if css.contains("data:") {
                let mut sheet = Sheet::parse(&css);
                self.extract_from(&mut sheet.rules);
                css = sheet.to_css();
            }
            let path = self.add("style", "text/css".into(), css.into_bytes());
            link(&format!("{up}{path}"), &mut links);
        }
        self.put_named(source, &named);
        links
    }

    /// Pictures that our writer put into the style sheet because they are shown often.
    fn put_named(&mut self, source: &mut Source, named: &HashMap<String, String>) {
        if named.is_empty() {
            return;
        }
        let nodes: Vec<NodeId> = source.document.descendants(Document::ROOT).collect();
        for node in nodes {
            let Some(element) = source.document.element_mut(node).filter(|one| one.is("img")) else { continue };
            let Some(name) = element.remove("data-picture") else { continue };
            if let Some(path) = named.get(&name).and_then(|address| self.extract(address)) {
                element.set("src", path);
            }
        }
    }

    // Nesting is bounded by the parser of sheets.
    fn extract_from(&mut self, rules: &mut [Rule]) {
        for rule in rules {
            match rule {
                Rule::Style { declarations, .. } | Rule::At { body: AtBody::Declarations(declarations), .. } => {
                    for declaration in declarations.iter_mut().filter(|one| one.value.contains("data:")) {
                        let mut map = |target: &str| Some(self.extract(target).unwrap_or_else(|| target.to_owned()));
                        if let Some(value) = map_urls(&declaration.value, &mut map) {
                            declaration.value = value;
                        }
                    }
                }
                Rule::At { body: AtBody::Rules(inner), .. } => self.extract_from(inner),
                Rule::At { .. } => {}
            }
        }
    }

    /// Takes the pictures out of their addresses, and notes those that are not there.
    pub(super) fn take_pictures(&mut self, source: &mut Source, report: &mut Report) {
        let up = "../".repeat(source.path.matches('/').count());
        let nodes: Vec<NodeId> = source.document.descendants(Document::ROOT).collect();
        for node in nodes {
            for name in ["src", "href", "xlink:href"] {
                let Some(element) = source.document.element(node) else { continue };
                let Some(address) = element.get(name) else { continue };
                let shows = element.name == "image" || name == "src";
                if address.starts_with("data:") {
                    let Some(path) = self.extract(address) else { continue };
                    if element.get("data-cover").is_some() {
                        *self.cover = self.resources.iter().position(|one| one.path == path);
                    }
                    if let Some(element) = source.document.element_mut(node) {
                        element.set(name, format!("{up}{path}"));
                        element.remove("data-cover");
                    }
                } else if shows
                    && let Some(wanted) = resolve(&source.path, address)
                    && !self.paths.contains(&wanted.path)
                {
                    missing(report, &wanted.path);
                }
            }
        }
        let headers: Vec<NodeId> = source.document.descendants(Document::ROOT).collect();
        for node in headers {
            if source.document.element(node).is_some_and(|one| one.is("header") && one.get("class") == Some("cover")) {
                source.document.detach(node);
            }
        }
    }
}

/// The heads of chapters, which are all alike, get no longer than this.
const LONGEST_HEAD: usize = 8 << 10;

fn link(href: &str, out: &mut String) {
    if out.len() + href.len() > LONGEST_HEAD {
        return;
    }
    out.push_str("<link rel=\"stylesheet\" type=\"text/css\" href=\"");
    escape_attribute(href, out);
    out.push_str("\"/>");
}

/// Name → address of `img[data-picture="name"]{content:url("address")}`.
fn pictures(css: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for line in css.lines() {
        let Some(rest) = line.strip_prefix("img[data-picture=\"") else { continue };
        let Some((name, rest)) = rest.split_once("\"]{content:url(\"") else { continue };
        let Some(address) = rest.strip_suffix("\")}") else { continue };
        found.insert(name.to_owned(), address.to_owned());
    }
    found
}
