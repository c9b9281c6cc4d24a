//! Atom and the catalogues written in it (OPDS 1.2): entries, what their links are for, and where the feed goes on.
//!
//! Read from the specifications of Atom (RFC 4287), of paging (RFC 5005) and of OPDS 1.2, and leniently where catalogues
//! are careless: links to catalogues without `rel`, types without parameters, several `rel` in one.

use roxmltree::Node;
use url::Url;

use super::date::moment;
use super::entry::{Entry, File, Search};
use super::gather::{Gathering, address};
use super::markup::{plain, words};
use super::media::{bare_type, format_of};
use super::search::absolute_template;
use super::xml::{ATOM, DC, DC_TERMS, HISTORY, OLD_ATOM, OPDS, base_of, children, content, is};

/// Atom's own elements, in whichever namespace they come.
pub(super) const SPACES: &[&str] = &[ATOM, OLD_ATOM, ""];
const DUBLIN: &[&str] = &[DC, DC_TERMS];
const REL: &str = "http://opds-spec.org/";
const CATALOGUE: &str = "application/atom+xml";
const DESCRIPTION: &str = "application/opensearchdescription+xml";

/// Reads a feed, or a single entry.
pub(super) fn read(root: Node<'_, '_>, page: &Url, out: &mut Gathering) {
    if is(root, SPACES, "entry") {
        read_entry(root, page, &[], out);
        return;
    }
    if let Some(title) = children(root, SPACES, "title").find_map(text) {
        out.title(&title);
    }
    if children(root, &[HISTORY], "complete").next().is_some() {
        out.complete();
    }
    for node in children(root, SPACES, "link") {
        feed_link(node, page, out);
    }
    let authors = authors(root);
    for node in children(root, SPACES, "entry") {
        read_entry(node, page, &authors, out);
    }
}

/// A link of the feed itself. Facets, sorting and the way up are left out: they lead to the same entries again.
pub(super) fn feed_link(node: Node<'_, '_>, page: &Url, out: &mut Gathering) {
    let link = Link::of(node, page);
    let media_type = bare_type(link.media_type);
    for rel in link.rels() {
        match rel.as_str() {
            "next" => out.next(link.address()),
            "subsection" => out.deeper(link.address()),
            "search" if media_type == DESCRIPTION => {
                if let Some(url) = link.address() {
                    out.search(Search::Description(url));
                }
            }
            "search" => {
                if let Some(template) = absolute_template(&link.base, link.href) {
                    out.search(Search::Template(template));
                }
            }
            _ if rel.strip_prefix(REL) == Some("crawlable") => out.crawlable(link.address()),
            _ => {}
        }
    }
}

/// What a link of an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    File { is_open: bool },
    Cover,
    Thumbnail,
    Catalogue,
    Details,
    Page,
}

struct Link<'a> {
    base: Url,
    href: &'a str,
    rel: &'a str,
    media_type: &'a str,
    node: Node<'a, 'a>,
}

impl<'a> Link<'a> {
    fn of<'i: 'a>(node: Node<'a, 'i>, page: &Url) -> Link<'a> {
        let get = |name| node.attribute(name).unwrap_or_default();
        Link { base: base_of(node, page), href: get("href"), rel: get("rel"), media_type: get("type"), node }
    }

    fn address(&self) -> Option<Url> {
        address(&self.base, self.href)
    }

    /// Each relation, in lower case and by one scheme; a link without is an alternate one.
    fn rels(&self) -> Vec<String> {
        let rels = self.rel.split_ascii_whitespace().take(16);
        let mut rels: Vec<String> = rels.map(|rel| rel.to_ascii_lowercase().replacen("https:", "http:", 1)).collect();
        if rels.is_empty() {
            rels.push("alternate".into());
        }
        rels
    }

    fn purpose(&self) -> Option<Purpose> {
        self.rels().iter().find_map(|rel| self.purpose_of(rel))
    }

    fn purpose_of(&self, rel: &str) -> Option<Purpose> {
        let media_type = bare_type(self.media_type);
        let is_catalogue = media_type == CATALOGUE;
        let is_entry = is_catalogue && self.media_type.replace(' ', "").to_ascii_lowercase().contains("type=entry");
        let own = rel.strip_prefix(REL);
        if let Some(kind) = own.and_then(|own| own.strip_prefix("acquisition")) {
            return Some(if is_catalogue { Purpose::Details } else { Purpose::File { is_open: self.is_open(kind) } });
        }
        match rel {
            "x-stanza-cover-image" => return Some(Purpose::Cover),
            "x-stanza-cover-image-thumbnail" => return Some(Purpose::Thumbnail),
            _ => {}
        }
        match own {
            Some("image" | "cover") => return Some(Purpose::Cover),
            Some("image/thumbnail" | "thumbnail") => return Some(Purpose::Thumbnail),
            Some("facet" | "shelf" | "subscriptions") => return None,
            Some(_) => return is_catalogue.then_some(Purpose::Catalogue),
            None => {}
        }
        match rel {
            "alternate" | "self" if is_entry => Some(Purpose::Details),
            "subsection" | "collection" => Some(Purpose::Catalogue),
            "alternate" if is_catalogue => Some(Purpose::Catalogue),
            "alternate" if media_type.is_empty() || media_type.contains("html") => Some(Purpose::Page),
            "enclosure" => Some(Purpose::File { is_open: true }),
            _ => None,
        }
    }

    /// Whether fetching it is all that it takes.
    fn is_open(&self, kind: &str) -> bool {
        let is_free = || {
            let prices = children(self.node, &[OPDS], "price").filter_map(content);
            prices.filter_map(|price| price.parse::<f64>().ok()).all(|price| price <= 0.0)
        };
        // What is handed over by another program; a ZIP around a book is opened here.
        let is_direct = || {
            bare_type(self.media_type).contains("zip")
                || children(self.node, &[OPDS], "indirectAcquisition").next().is_none()
        };
        match kind {
            "/open-access" => is_direct(),
            "" => is_direct() && is_free(),
            _ => false,
        }
    }

    fn file(&self, is_open: bool) -> Option<File> {
        let url = self.address()?;
        let media_type = bare_type(self.media_type);
        let format = format_of(&media_type, &url);
        let bytes = self.node.attribute("length").and_then(|length| length.trim().parse().ok());
        let title = self.node.attribute("title").map(str::to_owned);
        Some(File { format, url, media_type, bytes, title, is_open, modified: None })
    }
}

fn read_entry(node: Node<'_, '_>, page: &Url, feed_authors: &[String], out: &mut Gathering) {
    let mut entry = told(node);
    let mut catalogues = Vec::new();
    let mut thumbnail = None;
    for child in children(node, SPACES, "link") {
        let link = Link::of(child, page);
        match link.purpose() {
            Some(Purpose::File { is_open }) => {
                entry.files.extend(link.file(is_open).filter(|file| is_worth(file, &link)))
            }
            Some(Purpose::Cover) => entry.cover = entry.cover.take().or_else(|| link.address()),
            Some(Purpose::Thumbnail) => thumbnail = thumbnail.or_else(|| link.address()),
            Some(Purpose::Catalogue) => catalogues.extend(link.address()),
            Some(Purpose::Details) => entry.details = entry.details.take().or_else(|| link.address()),
            Some(Purpose::Page) => entry.page = entry.page.take().or_else(|| link.address()),
            None => {}
        }
    }
    entry.cover = entry.cover.or(thumbnail);
    body(node, page, &mut entry);
    let is_book = !entry.files.is_empty() || entry.details.is_some();
    if !is_book && !catalogues.is_empty() {
        catalogues.into_iter().for_each(|url| out.deeper(Some(url)));
        return;
    }
    // The author of a catalogue is who runs it.
    if entry.authors.is_empty() && !is_book {
        entry.authors = feed_authors.to_vec();
    }
    out.entry(entry);
}

/// Of enclosures only books: the others are recordings.
fn is_worth(file: &File, link: &Link<'_>) -> bool {
    file.format.is_some() || !link.rels().iter().any(|rel| rel == "enclosure")
}

/// What an entry says in elements of their own.
fn told(node: Node<'_, '_>) -> Entry {
    let own = |name: &'static str| children(node, SPACES, name).find_map(content);
    let dublin = |name: &'static str| children(node, DUBLIN, name).find_map(content);
    let (published, updated) = (own("published").or_else(|| own("issued")), own("updated").or_else(|| own("modified")));
    let published_at = [&published, &updated].into_iter().flatten().find_map(|text| moment(text));
    Entry {
        id: own("id").unwrap_or_default(),
        title: children(node, SPACES, "title").find_map(text).unwrap_or_default(),
        authors: authors(node),
        language: dublin("language"),
        publisher: dublin("publisher"),
        issued: dublin("issued").or_else(|| dublin("date")),
        rights: own("rights").or_else(|| dublin("rights")).or_else(|| dublin("license")),
        subjects: subjects(node),
        identifiers: children(node, DUBLIN, "identifier").filter_map(content).take(100).collect(),
        updated,
        published_at,
        ..Entry::default()
    }
}

fn authors(node: Node<'_, '_>) -> Vec<String> {
    let name = |author| children(author, SPACES, "name").find_map(content);
    let own = children(node, SPACES, "author").filter_map(name);
    own.chain(children(node, DUBLIN, "creator").filter_map(content)).take(100).collect()
}

fn subjects(node: Node<'_, '_>) -> Vec<String> {
    let named = |category: Node<'_, '_>| {
        let label = category.attribute("label").filter(|label| !label.trim().is_empty());
        label.or(category.attribute("term")).map(str::to_owned)
    };
    let own = children(node, SPACES, "category").filter_map(named);
    own.chain(children(node, DUBLIN, "subject").filter_map(content)).take(100).collect()
}

/// Summary and full text. In a catalogue the content is the blurb.
fn body(node: Node<'_, '_>, page: &Url, entry: &mut Entry) {
    let content = children(node, SPACES, "content").next();
    let summary = children(node, SPACES, "summary").map(markup).find(|text| !text.trim().is_empty());
    let full = content.map(markup).filter(|text| !text.trim().is_empty());
    entry.summary = summary.as_ref().or(full.as_ref()).map(|text| words(text));
    if let Some((node, source)) = content.and_then(|node| Some((node, node.attribute("src")?))) {
        let media_type = bare_type(node.attribute("type").unwrap_or_default());
        if let Some(url) = address(&base_of(node, page), source) {
            match format_of(&media_type, &url).filter(|format| super::media::is_book(*format)) {
                Some(format) => entry.files.push(open_file(url, media_type, format)),
                None => entry.page = entry.page.take().or(Some(url)),
            }
        }
    }
    if entry.files.is_empty() && entry.details.is_none() {
        entry.html = full;
    }
}

fn open_file(url: Url, media_type: String, format: crate::book::Format) -> File {
    File { url, media_type, format: Some(format), bytes: None, title: None, is_open: true, modified: None }
}

/// The words of a text construct.
fn text(node: Node<'_, '_>) -> Option<String> {
    let text = content(node)?;
    // Titles are text unless they say otherwise, and then a `<` is one.
    let is_markup = node.attribute("type").is_some_and(|kind| kind.contains("html"));
    Some(if is_markup { plain(&text, 1000) } else { text.replace('<', "&lt;") })
}

/// A text construct as markup.
fn markup(node: Node<'_, '_>) -> String {
    match node.attribute("type") {
        Some("xhtml" | "application/xhtml+xml") => {
            let source = node.document().input_text();
            let inside = node.children().filter(|child| !child.is_text());
            inside.filter_map(|child| source.get(child.range())).map(without_prefix).collect()
        }
        Some("text" | "text/plain") => paragraphs(&content(node).unwrap_or_default()),
        Some(_) => content(node).unwrap_or_default(),
        // By the standard it is text; who writes tags means them.
        None => Some(content(node).unwrap_or_default())
            .map(|text| if text.contains("</") { text } else { paragraphs(&text) })
            .unwrap_or_default(),
    }
}

/// Text as paragraphs of markup.
pub(super) fn paragraphs(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>\n", paragraph.replace('\n', "<br/>"))).collect()
}

/// `<x:p>` as `<p>`: HTML knows no prefixes.
fn without_prefix(source: &str) -> String {
    let name =
        source.strip_prefix('<').and_then(|rest| rest.split(|c: char| c.is_whitespace() || ">/".contains(c)).next());
    match name.and_then(|name| name.split_once(':')) {
        Some((prefix, _)) => source.replace(&format!("<{prefix}:"), "<").replace(&format!("</{prefix}:"), "</"),
        None => source.to_owned(),
    }
}

#[cfg(test)]
mod tests;
