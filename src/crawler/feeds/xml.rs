//! XML of strangers, made readable first: what feeds get wrong is put right, what only an attack has is refused.
//!
//! roxmltree is strict and takes no DTD. Real feeds have a harmless DOCTYPE, `&nbsp;`, a bare `&`, control characters and
//! prefixes that nobody declared. One linear pass before it copies the document without them, and counts what makes a
//! parser slow: attributes of a tag and declarations of namespaces. Nothing is expanded that a document defines itself.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use roxmltree::{Document, Node, ParsingOptions};
use url::Url;

use super::FeedError;

/// Namespaces by their addresses: prefixes are the author's.
pub(super) const ATOM: &str = "http://www.w3.org/2005/Atom";
/// Atom as some old feeds still write it.
pub(super) const OLD_ATOM: &str = "http://purl.org/atom/ns#";
/// Dublin Core's fifteen elements.
pub(super) const DC: &str = "http://purl.org/dc/elements/1.1/";
/// Dublin Core's terms.
pub(super) const DC_TERMS: &str = "http://purl.org/dc/terms/";
/// The whole text of an RSS item.
pub(super) const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
/// OPDS 1.
pub(super) const OPDS: &str = "http://opds-spec.org/2010/catalog";
/// RFC 5005.
pub(super) const HISTORY: &str = "http://purl.org/syndication/history/1.0";
/// RSS 1.0, whose elements have a namespace.
pub(super) const RSS_1: &str = "http://purl.org/rss/1.0/";
/// WebDAV.
pub(super) const DAV: &str = "DAV:";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What people mean by a prefix that they forgot to declare.
const USUAL: [(&str, &str); 8] = [
    ("atom", ATOM),
    ("dc", DC),
    ("dcterms", DC_TERMS),
    ("content", CONTENT),
    ("opds", OPDS),
    ("fh", HISTORY),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("d", DAV),
];
/// Most prefixes that are declared for a document.
const MOST_PREFIXES: usize = 12;
/// Most prefixes that are kept in mind.
const MOST_NAMED: usize = 1000;
/// Most attributes of a tag: the parser compares each with each.
const MOST_ATTRIBUTES: usize = 256;
/// Deepest nesting.
const DEEPEST: usize = 512;
/// The parser copies all declarations in scope wherever there is a new one; so many copies in all.
const MOST_COPIES: usize = 5_000_000;
/// So far up `xml:base` is looked for.
const MOST_BASES: usize = 32;
/// The longest name of a character reference.
const LONGEST_REFERENCE: usize = 12;

/// A document that the parser will take, or refuse for a fault that cannot be guessed away.
pub(super) struct Sound(String);

/// Puts a document right.
///
/// # Errors
/// [`FeedError::Hostile`] for a DTD of its own, and for what no feed has.
pub(super) fn sound(source: &str) -> Result<Sound, FeedError> {
    let mut pass = Pass::new(source);
    while !pass.rest.is_empty() {
        pass.step()?;
    }
    pass.declare();
    Ok(Sound(pass.out))
}

impl Sound {
    /// The document as a tree of at most so many nodes.
    ///
    /// # Errors
    /// [`FeedError::NotRead`] with the parser's words.
    pub(super) fn parse(&self, nodes: u32) -> Result<Document<'_>, FeedError> {
        let options = ParsingOptions { nodes_limit: nodes, ..ParsingOptions::default() };
        Document::parse_with_options(&self.0, options).map_err(|error| FeedError::NotRead(error.to_string()))
    }
}

/// The one pass over a document.
struct Pass<'s> {
    rest: &'s str,
    out: String,
    /// Behind the name of the root element.
    root: Option<usize>,
    used: BTreeSet<&'s str>,
    declared: BTreeSet<&'s str>,
    entities: Option<HashMap<&'static str, char>>,
    /// How many namespaces are declared in each open element and those around it.
    scopes: Vec<usize>,
    copies: usize,
}

impl<'s> Pass<'s> {
    fn new(source: &'s str) -> Pass<'s> {
        let start = source.find('<').unwrap_or(source.len());
        let rest = source.get(start..).unwrap_or_default();
        let out = String::with_capacity(rest.len());
        Pass {
            rest,
            out,
            root: None,
            used: BTreeSet::new(),
            declared: BTreeSet::new(),
            entities: None,
            scopes: Vec::new(),
            copies: 0,
        }
    }

    /// Declares on the root the prefixes that are used and nowhere declared.
    fn declare(&mut self) {
        let missing: Vec<&str> = self.used.difference(&self.declared).take(MOST_PREFIXES).copied().collect();
        for prefix in missing {
            let known = USUAL.iter().find(|(usual, _)| *usual == prefix).map(|(_, space)| (*space).to_owned());
            let space = known.unwrap_or_else(|| format!("undeclared:{prefix}"));
            if let Some(at) = self.root {
                self.out.insert_str(at, &format!(" xmlns:{prefix}=\"{space}\""));
            }
        }
    }

    fn note(&mut self, name: &'s str) {
        match name.split_once(':') {
            Some(("xmlns", prefix)) if self.declared.len() < MOST_NAMED => {
                self.declared.insert(prefix);
            }
            Some((prefix, _)) if !matches!(prefix, "" | "xml" | "xmlns") && self.used.len() < MOST_NAMED => {
                self.used.insert(prefix);
            }
            _ => {}
        }
    }

    fn step(&mut self) -> Result<(), FeedError> {
        if !self.rest.starts_with('<') {
            let end = self.rest.find('<').unwrap_or(self.rest.len());
            let text = self.take(end);
            // Outside the root there may be nothing but blanks.
            if !self.scopes.is_empty() {
                self.characters(text, None);
            }
            return Ok(());
        }
        if let Some(inside) = self.enclosed("<![CDATA[", "]]>") {
            if !self.scopes.is_empty() {
                self.out.push_str("<![CDATA[");
                self.out.extend(inside.chars().filter(|c| is_allowed(*c)));
                self.out.push_str("]]>");
            }
            return Ok(());
        }
        if self.enclosed("<!--", "-->").is_some() || self.enclosed("<?", "?>").is_some() {
            return Ok(());
        }
        if let Some(inside) = self.enclosed("<!", ">") {
            // `[` opens a DTD of the document's own.
            let is_plain = !inside.contains('[');
            return if is_plain { Ok(()) } else { Err(FeedError::Hostile("it has a DTD")) };
        }
        self.tag()
    }

    fn take(&mut self, bytes: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// What stands between two marks; one that is never closed lasts to the end.
    fn enclosed(&mut self, open: &str, close: &str) -> Option<&'s str> {
        let rest = self.rest.strip_prefix(open)?;
        let (inside, rest) = rest.split_once(close).unwrap_or((rest, ""));
        self.rest = rest;
        Some(inside)
    }

    fn tag(&mut self) -> Result<(), FeedError> {
        let follows = self.rest.chars().nth(1);
        if !follows.is_some_and(|c| c == '/' || c == '_' || c.is_alphabetic()) {
            self.take(1);
            if !self.scopes.is_empty() {
                self.out.push_str("&lt;");
            }
            return Ok(());
        }
        let name_end = self.rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(self.rest.len());
        if follows == Some('/') {
            let (end, whole) =
                self.rest.split_once('>').map_or((self.rest, self.rest.len()), |(tag, _)| (tag, tag.len() + 1));
            self.out.push_str(end);
            self.out.push('>');
            self.take(whole);
            self.scopes.pop();
            return Ok(());
        }
        let name = self.take(name_end);
        let short = name.strip_suffix('/');
        self.note(short.unwrap_or(name).trim_start_matches('<'));
        self.out.push_str(short.unwrap_or(name));
        self.root.get_or_insert(self.out.len());
        let declared = self.attributes()?;
        let is_empty = short.is_some() || self.rest.starts_with("/>");
        self.take(if self.rest.starts_with("/>") { 2 } else { 1 });
        self.out.push_str(if is_empty { "/>" } else { ">" });
        self.enter(declared, is_empty)
    }

    /// Counts what the parser copies for this element.
    fn enter(&mut self, declared: usize, is_empty: bool) -> Result<(), FeedError> {
        let around = self.scopes.last().copied().unwrap_or_default();
        if declared > 0 {
            self.copies += around + declared;
        }
        if !is_empty {
            self.scopes.push(around + declared);
        }
        match () {
            () if self.copies > MOST_COPIES => Err(FeedError::Hostile("it declares namespaces without end")),
            () if self.scopes.len() > DEEPEST => Err(FeedError::Hostile("it is nested too deeply")),
            () => Ok(()),
        }
    }

    /// Copies the attributes of a tag up to its `>` or `/>`, and says how many declare a namespace.
    fn attributes(&mut self) -> Result<usize, FeedError> {
        let (mut count, mut declared) = (0, 0);
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with('>') || self.rest.starts_with("/>") {
                return Ok(declared);
            }
            if self.rest.starts_with(['/', '=', '"', '\'']) {
                self.take(1);
                continue;
            }
            let end = self.rest.find(|c: char| c.is_whitespace() || "=>/\"'".contains(c)).unwrap_or(self.rest.len());
            let name = self.take(end);
            let value = self.value();
            self.note(name);
            count += 1;
            declared += usize::from(name == "xmlns" || name.starts_with("xmlns:"));
            if count > MOST_ATTRIBUTES {
                return Err(FeedError::Hostile("a tag has hundreds of attributes"));
            }
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.characters(value, Some('"'));
            self.out.push('"');
        }
    }

    /// The value behind a name: quoted, bare, or none.
    fn value(&mut self) -> &'s str {
        let Some(rest) = self.rest.trim_start().strip_prefix('=') else { return "" };
        self.rest = rest.trim_start();
        for quote in ['"', '\''] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (value, rest) = rest.split_once(quote).unwrap_or((rest, ""));
                self.rest = rest;
                return value;
            }
        }
        let end = self.rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Copies characters, each reference as the character that it stands for.
    fn characters(&mut self, text: &str, quote: Option<char>) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            self.plain(before, quote);
            let end = after.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';');
            let found = end.and_then(|end| Some((self.referred(after.get(..end)?)?, after.get(end + 1..)?)));
            rest = match found {
                Some((c, behind)) => {
                    self.escaped(c, quote);
                    behind
                }
                None => {
                    self.out.push_str("&amp;");
                    after
                }
            };
        }
        self.plain(rest, quote);
    }

    fn plain(&mut self, text: &str, quote: Option<char>) {
        for c in text.chars() {
            self.escaped(c, quote);
        }
    }

    fn escaped(&mut self, c: char, quote: Option<char>) {
        match c {
            '<' => self.out.push_str("&lt;"),
            '>' => self.out.push_str("&gt;"),
            '&' => self.out.push_str("&amp;"),
            '"' if quote == Some('"') => self.out.push_str("&quot;"),
            // The parser makes blanks of them in attributes and line ends of them in text; a reference stays.
            '\n' | '\r' | '\t' if quote.is_some() => {
                let _ = write!(self.out, "&#{};", c as u32);
            }
            c if is_allowed(c) => self.out.push(c),
            _ => {}
        }
    }

    fn referred(&mut self, name: &str) -> Option<char> {
        if let Some(number) = name.strip_prefix('#') {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            return Some(char::from_u32(code).filter(|c| is_allowed(*c)).unwrap_or(' '));
        }
        self.entities.get_or_insert_with(html_entities).get(name).copied()
    }
}

/// The characters that HTML has names for: feeds use them as if XML knew them.
pub(super) fn html_entities() -> HashMap<&'static str, char> {
    let row = |row: &'static str| {
        let (name, code) = row.split_once('\t')?;
        Some((name, char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
    };
    let rows = include_str!("../../../assets/html-entities.tsv").lines().filter_map(row);
    rows.chain([("apos", '\''), ("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"')]).collect()
}

/// The characters of XML 1.0.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The children of this name in one of these namespaces; `""` stands for none.
pub(super) fn children<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    spaces: &'a [&'a str],
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i> {
    node.children().filter(move |child| is(*child, spaces, name))
}

/// Whether an element has this name in one of these namespaces.
pub(super) fn is(node: Node<'_, '_>, spaces: &[&str], name: &str) -> bool {
    let space = node.tag_name().namespace().unwrap_or_default();
    node.is_element() && node.tag_name().name() == name && spaces.contains(&space)
}

/// All characters inside, without blanks around them; nothing if there are none.
pub(super) fn content(node: Node<'_, '_>) -> Option<String> {
    let texts = node.descendants().filter(Node::is_text).filter_map(|text| text.text());
    let text = texts.collect::<String>();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What a link in an element is relative to: `xml:base` of those around it, else the page.
pub(super) fn base_of(node: Node<'_, '_>, page: &Url) -> Url {
    let bases: Vec<&str> =
        node.ancestors().take(MOST_BASES).filter_map(|one| one.attribute((XML, "base"))).take(8).collect();
    let join = |base: Url, relative: &&str| base.join(relative.trim()).unwrap_or(base);
    bases.iter().rev().fold(page.clone(), join)
}

#[cfg(test)]
mod tests;
