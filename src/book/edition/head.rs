//! The head of a page: title, styles, size; and what stands in it although it belongs into the body.

use super::super::Change;
use super::super::dom::{Document, NodeId};
use super::page::{Cleaner, one_line};
use super::{attributes, styles};

/// Most style sheets of a page; each piece of a page that is cut names them all again.
const MOST_SHEETS: usize = 100;
/// Most prefixes of `epub:type` that a page declares, and the longest declaration of all, in bytes.
const MOST_PREFIXES: usize = 20;
const LONGEST_PREFIXES: usize = 2000;
/// Longer titles, in characters, are cut: each piece of a page has it again.
const LONGEST_TITLE: usize = 500;

impl Cleaner<'_, '_> {
    /// Reads the head and moves everything that is content into a new body.
    pub(super) fn tell_apart(&mut self) {
        for node in self.page.children(Document::ROOT) {
            if !self.page.is(node, "html") {
                self.take_in(node);
                continue;
            }
            if let Some(html) = self.page.element(node) {
                self.root = html.clone();
            }
            for child in self.page.children(node) {
                self.take_in(child);
            }
        }
        for child in self.page.children(Document::ROOT) {
            self.page.detach(child);
        }
        let prefix = self.root.remove("epub:prefix").or_else(|| self.root.remove("prefix"));
        let prefix = prefix.and_then(|prefix| declared_prefixes(&prefix));
        if let Some((names, prefix)) = prefix {
            self.prefixes = names;
            self.root.set("epub:prefix", prefix);
        }
        let kept = self.root.get("epub:prefix").map(str::to_owned);
        self.root.attributes.retain(|(key, _)| matches!(key.as_str(), "lang" | "xml:lang" | "dir" | "class"));
        attributes::clean(&mut self.root, &[]);
        if let Some(prefix) = kept {
            self.root.set("epub:prefix", prefix);
        }
    }

    fn take_in(&mut self, node: NodeId) {
        if self.page.is(node, "head") {
            return self.read_head(node);
        }
        let body = self.body;
        if !self.page.is(node, "body") {
            self.page.append(body, node);
            return;
        }
        for child in self.page.children(node) {
            self.page.append(body, child);
        }
        if let Some(old) = self.page.element(node).cloned() {
            let own = self.page.element_mut(body);
            if let Some(own) = own {
                for (key, value) in old.attributes {
                    if own.get(&key).is_none() {
                        own.set(&key, value);
                    }
                }
            }
        }
    }

    fn read_head(&mut self, head: NodeId) {
        for node in self.page.children(head) {
            let Some(element) = self.page.element(node) else {
                // Characters in a head that was never closed.
                if self.page.text(node).is_some_and(|text| !text.trim().is_empty()) {
                    let body = self.body;
                    self.page.append(body, node);
                }
                continue;
            };
            match element.name.as_str() {
                "title" if self.title.is_empty() => {
                    self.title = one_line(&self.page.text_content(node)).chars().take(LONGEST_TITLE).collect();
                }
                "title" | "base" | "template" | "param" | "object" => {}
                "meta" => self.read_meta(node),
                "link" => self.read_link(node),
                "style" => self.read_style(node),
                "script" => self.context.note(Change::ScriptDropped, self.path),
                // `<head>` that was never closed, or wrapped in something.
                _ => {
                    let body = self.body;
                    self.page.append(body, node);
                }
            }
        }
    }

    fn read_meta(&mut self, node: NodeId) {
        let Some(meta) = self.page.element(node) else { return };
        if meta.get("name").is_some_and(|name| name.trim().eq_ignore_ascii_case("viewport")) {
            self.viewport = meta.get("content").map(str::to_owned);
        }
    }

    pub(super) fn read_link(&mut self, node: NodeId) {
        let Some(link) = self.page.element(node) else { return };
        let is_sheet = link.get("rel").is_some_and(|rel| {
            let lower = rel.to_ascii_lowercase();
            lower.split_ascii_whitespace().any(|word| word == "stylesheet") && !lower.contains("alternate")
        });
        let kind = link.get("type").unwrap_or("").trim().to_ascii_lowercase();
        let is_css = kind.is_empty() || kind.contains("css");
        let Some(href) = link.get("href").filter(|href| is_sheet && is_css && !href.trim().is_empty()) else { return };
        if self.context.is_plain() {
            return;
        }
        let href = href.to_owned();
        let sheet = styles::linked(self.context, self.path, &href);
        self.add_sheet(sheet);
    }

    pub(super) fn read_style(&mut self, node: NodeId) {
        if self.context.is_plain() {
            return;
        }
        let css = self.page.text_content(node);
        let sheet = styles::embedded(self.context, self.path, &css);
        self.add_sheet(sheet);
    }

    fn add_sheet(&mut self, sheet: Option<usize>) {
        let Some(sheet) = sheet.filter(|sheet| !self.sheets.contains(sheet)) else { return };
        if self.sheets.len() < MOST_SHEETS {
            self.sheets.push(sheet);
        } else {
            self.context.note(Change::StyleDropped, self.path);
        }
    }
}

/// The prefixes that a page declares for `epub:type`, and the declaration in its proper form.
fn declared_prefixes(declaration: &str) -> Option<(Vec<String>, String)> {
    if declaration.len() > LONGEST_PREFIXES {
        return None;
    }
    let words: Vec<&str> = declaration.split_whitespace().take(2 * MOST_PREFIXES).collect();
    let mut names = Vec::new();
    let mut out = Vec::new();
    for pair in words.chunks(2) {
        let [name, address] = pair else { continue };
        let address = address.trim_end_matches([',', ';']);
        let Some(name) = name.strip_suffix(':') else { continue };
        let sound = !name.is_empty()
            && name != "_"
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && address.contains("://");
        // These need no declaration, and must not be declared otherwise.
        if sound
            && !matches!(
                name,
                "a11y" | "media" | "rendition" | "msv" | "onix" | "prism" | "xsd" | "dcterms" | "marc" | "schema"
            )
        {
            names.push(name.to_owned());
            out.push(format!("{name}: {address}"));
        }
    }
    (!names.is_empty()).then(|| (names, out.join(" ")))
}
