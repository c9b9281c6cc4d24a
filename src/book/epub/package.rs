//! The package file (OPF) of EPUB 2 and 3: what the book says of itself, its files, their order.
//!
//! It reads what is there and asks for nothing: ids may repeat, prefixes may be any, versions may
//! lie. Links are kept as places in the container and not looked up here.

use super::path;
use super::places::Reference;
use crate::book::markup::{Node, Tree};
use crate::book::model::{Contributor, Identifier, Metadata, Role, Series, Spread};
use crate::book::xhtml;

/// What the package file says.
#[derive(Default)]
pub(in crate::book) struct Package {
    pub(in crate::book) metadata: Metadata,
    /// The identifier that `unique-identifier` names, verbatim: the key of obfuscated fonts.
    pub(super) unique_identifier: String,
    pub(super) items: Vec<Item>,
    /// Indexes into `items`, in reading order, each once.
    pub(super) spine: Vec<usize>,
    /// The side of two open pages on which an item is to be shown.
    pub(super) spreads: Vec<(usize, Spread)>,
    /// Index of the NCX, by the spine's `toc` or by media type.
    pub(super) ncx: Option<usize>,
    /// The item id or, wrongly but often, the href that `<meta name="cover">` gives.
    pub(super) cover_hint: Option<String>,
    /// Where the guide's cover reference leads.
    pub(super) guide_cover: Option<String>,
    /// The guide of EPUB 2.
    pub(super) guide: Vec<Reference>,
    /// The spine's `page-progression-direction`.
    pub(super) progression: String,
    /// Whether the file nests so deeply that it could not be looked at to the end.
    pub(super) is_cut: bool,
    /// Name or property and value of every `<meta>` that is about the whole book.
    metas: Vec<(String, String)>,
}

impl Package {
    /// What a `<meta>` says, by its name or property.
    pub(super) fn meta(&self, name: &str) -> Option<&str> {
        self.metas.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A file of the book.
pub(in crate::book) struct Item {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) media_type: String,
    pub(super) properties: String,
    /// The id of the item that stands in for this one where its kind is not understood.
    pub(super) fallback: String,
    /// False if the spine puts it outside the reading order.
    pub(super) linear: bool,
}

impl Item {
    /// Whether a property is among those listed.
    pub(super) fn has(&self, property: &str) -> bool {
        self.properties.split_whitespace().any(|one| one == property)
    }

    /// Whether it can be a chapter: a page, or a drawing in the spine.
    pub(super) fn is_page(&self) -> bool {
        let kind = self.media_type.to_ascii_lowercase();
        let named = || {
            let path = self.path.to_ascii_lowercase();
            [".xhtml", ".html", ".htm", ".xml"].iter().any(|end| path.ends_with(end))
        };
        kind.contains("html")
            || kind.contains("svg")
            || kind.contains("oeb1-document")
            || kind.contains("dtbook")
            || (kind.is_empty() || kind.starts_with("text/") || kind.contains("xml")) && named()
    }
}

/// Real chains of fallbacks have one or two links; some test files have circles.
const LONGEST_CHAIN: usize = 8;

/// Reads a package file that stands at `at` in the container.
pub(in crate::book) fn read(tree: &Tree<'_>, at: &str) -> Package {
    let mut package = Package::default();
    if let Some(manifest) = tree.first("manifest") {
        package.items =
            manifest.descendants().filter(|node| node.is("item")).filter_map(|node| item(node, at)).collect();
    }
    read_spine(tree, &mut package);
    if let Some(metadata) = tree.first("metadata") {
        package.metadata = read_metadata(metadata);
        package.cover_hint = named_meta(metadata, "cover");
        package.metas = metadata.descendants().filter(|node| node.is("meta")).filter_map(whole_meta).collect();
    }
    package.unique_identifier = unique_identifier(tree).unwrap_or_default();
    put_first(&mut package.metadata, &package.unique_identifier);
    if let Some(guide) = tree.first("guide") {
        package.guide = guide.descendants().filter_map(|node| reference(node, at)).collect();
    }
    let cover_reference = |node: &Node<'_, '_>| {
        node.is("reference") && node.attribute("type").is_some_and(|kind| kind.to_ascii_lowercase().contains("cover"))
    };
    package.guide_cover = tree
        .first("guide")
        .and_then(|guide| guide.descendants().find(cover_reference))
        .and_then(|reference| path::resolve(at, &reference.attribute("href")?))
        .map(|link| link.path);
    package.is_cut = tree.is_exhausted();
    package
}

fn reference(node: Node<'_, '_>, at: &str) -> Option<Reference> {
    let kind = node.attribute("type").filter(|_| node.is("reference"))?;
    let link = path::resolve(at, &node.attribute("href")?)?;
    Some(Reference { kind, title: node.attribute("title").unwrap_or_default(), link })
}

/// Name and value of a `<meta>` that refines nothing.
fn whole_meta(node: Node<'_, '_>) -> Option<(String, String)> {
    if node.attribute("refines").is_some_and(|refined| !refined.is_empty()) {
        return None;
    }
    let property = node.attribute("property").map(|name| (name, node.text()));
    property.or_else(|| Some((node.attribute("name")?, node.attribute("content")?)))
}

/// Puts the identifier that the package calls unique in front of the others.
fn put_first(metadata: &mut Metadata, unique: &str) {
    let wanted = identifier(None, unique).value;
    if let Some(at) = metadata.identifiers.iter().position(|one| one.value == wanted || one.value == unique) {
        let unique = metadata.identifiers.remove(at);
        metadata.identifiers.insert(0, unique);
    }
}

fn item(node: Node<'_, '_>, at: &str) -> Option<Item> {
    let link = path::resolve(at, &node.attribute("href").filter(|href| !href.is_empty())?)?;
    Some(Item {
        id: node.attribute("id").unwrap_or_default(),
        path: link.path,
        media_type: node.attribute("media-type").unwrap_or_default(),
        properties: node.attribute("properties").unwrap_or_default(),
        fallback: node.attribute("fallback").unwrap_or_default(),
        linear: true,
    })
}

fn read_spine(tree: &Tree<'_>, package: &mut Package) {
    let by_id: std::collections::HashMap<&str, usize> =
        package.items.iter().enumerate().rev().map(|(at, item)| (item.id.as_str(), at)).collect();
    let Some(spine) = tree.first("spine") else {
        package.ncx = package.items.iter().position(|item| item.media_type.contains("dtbncx"));
        return;
    };
    let mut seen = vec![false; package.items.len()];
    let mut outside = Vec::new();
    package.progression = spine.attribute("page-progression-direction").unwrap_or_default();
    for reference in spine.descendants().filter(|node| node.is("itemref")) {
        let mut found = reference.attribute("idref").and_then(|id| by_id.get(id.as_str()).copied());
        // What is no page is replaced by the first page in its chain of fallbacks.
        let mut at = found;
        for _ in 0..LONGEST_CHAIN {
            let Some(item) = at.and_then(|at| package.items.get(at)) else { break };
            if item.is_page() {
                found = at;
                break;
            }
            at = by_id.get(item.fallback.as_str()).copied();
        }
        if let Some(at) = found.filter(|&at| !std::mem::replace(&mut seen[at], true)) {
            package.spine.push(at);
            let spread = reference.attribute("properties").and_then(|properties| Spread::of_properties(&properties));
            package.spreads.extend(spread.map(|spread| (at, spread)));
            outside.extend(reference.attribute("linear").is_some_and(|linear| linear == "no").then_some(at));
        }
    }
    package.ncx = spine
        .attribute("toc")
        .and_then(|id| by_id.get(id.as_str()).copied())
        .filter(|&at| !package.items[at].is_page() || package.items[at].media_type.contains("ncx"))
        .or_else(|| package.items.iter().position(|item| item.media_type.contains("dtbncx")))
        .or_else(|| package.items.iter().position(|item| item.path.to_ascii_lowercase().ends_with(".ncx")));
    for at in outside {
        if let Some(item) = package.items.get_mut(at) {
            item.linear = false;
        }
    }
}

fn unique_identifier(tree: &Tree<'_>) -> Option<String> {
    let wanted = tree.first("package")?.attribute("unique-identifier")?;
    let is_it = |node: &Node<'_, '_>| node.is("identifier") && node.attribute("id").as_deref() == Some(&wanted);
    Some(tree.root().descendants().find(is_it)?.text())
}

fn read_metadata(node: Node<'_, '_>) -> Metadata {
    let mut metadata = Metadata::default();
    let mut titles = Vec::new();
    for element in node.descendants() {
        let text = element.text();
        if text.is_empty() {
            continue;
        }
        match element.name().to_ascii_lowercase().as_str() {
            "title" => titles.push((refined(node, element, "title-type").unwrap_or_default(), text)),
            "creator" => contributor(&mut metadata, node, element, &text, true),
            "contributor" => contributor(&mut metadata, node, element, &text, false),
            "language" => metadata.language = metadata.language.or(Some(text)),
            "publisher" => metadata.publisher = metadata.publisher.or(Some(text)),
            "date" => date(&mut metadata, element, text),
            "subject" => metadata.subjects.push(text),
            "description" => metadata.description = metadata.description.or(Some(xhtml::text(&text))),
            "rights" => metadata.rights = metadata.rights.or(Some(text)),
            "source" => metadata.source = metadata.source.or(Some(text)),
            "identifier" => {
                let scheme = element.attribute("scheme").or_else(|| refined(node, element, "identifier-type"));
                metadata.identifiers.push(identifier(scheme, &text));
            }
            "meta" if element.attribute("property").as_deref() == Some("dcterms:modified") => {
                metadata.modified = metadata.modified.or(Some(text));
            }
            _ => {}
        }
    }
    set_titles(&mut metadata, titles);
    metadata.series = series(node);
    metadata
}

/// The main title and the subtitle; a book that marks none has its title first.
fn set_titles(metadata: &mut Metadata, titles: Vec<(String, String)>) {
    let main = titles.iter().position(|(kind, _)| kind == "main").unwrap_or(0);
    metadata.subtitle = titles.iter().find(|(kind, _)| kind == "subtitle").map(|(_, text)| text.clone());
    metadata.title = titles.into_iter().nth(main).map(|(_, text)| text).unwrap_or_default();
}

/// One entry for each thing a person did.
fn contributor(metadata: &mut Metadata, node: Node<'_, '_>, element: Node<'_, '_>, text: &str, creator: bool) {
    let own = element.attribute("role").map(|code| vec![code]);
    let codes = own.unwrap_or_else(|| all_refined(node, element, "role").collect());
    let roles = roles(&codes, if creator { Role::Author } else { Role::Other });
    let sort_as = element.attribute("file-as").or_else(|| refined(node, element, "file-as"));
    let names = crate::book::file_name::split_authors(text);
    let alone = names.len() == 1;
    for name in names {
        for &role in roles.iter().take((Metadata::MOST + 1).saturating_sub(metadata.contributors.len())) {
            let sort_as = sort_as.clone().filter(|_| alone);
            let new = Contributor { name: name.clone(), role, sort_as, creator };
            if !metadata.contributors.iter().any(|one| one.is_same(&new)) {
                metadata.contributors.push(new);
            }
        }
    }
}

/// What those codes mean, each once; codes that say nothing count only if there are no others.
fn roles(codes: &[String], usual: Role) -> Vec<Role> {
    let mut roles = Vec::new();
    for role in codes.iter().map(|code| Role::from_code(code)) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    if roles.len() > 1 {
        roles.retain(|role| *role != Role::Other);
    }
    if roles.is_empty() {
        roles.push(usual);
    }
    roles
}

/// EPUB 2 may give several dates; that of publication, else of creation, else the first.
fn date(metadata: &mut Metadata, element: Node<'_, '_>, text: String) {
    let event = element.attribute("event").unwrap_or_default();
    if metadata.published.is_none() || matches!(event.as_str(), "publication" | "original-publication") {
        metadata.published = Some(text);
    }
}

fn identifier(scheme: Option<String>, text: &str) -> Identifier {
    let lower = text.to_ascii_lowercase();
    for prefix in ["urn:isbn:", "urn:uuid:", "urn:doi:", "isbn:", "doi:", "uuid:"] {
        if lower.starts_with(prefix) {
            let scheme = prefix.trim_start_matches("urn:").trim_end_matches(':');
            return Identifier { scheme: scheme.into(), value: text[prefix.len()..].trim().into() };
        }
    }
    Identifier { scheme: scheme.unwrap_or_default().to_ascii_lowercase(), value: text.into() }
}

/// EPUB 3: a collection with its position. EPUB 2: what calibre writes.
fn series(node: Node<'_, '_>) -> Option<Series> {
    let has_property =
        |element: &Node<'_, '_>| element.attribute("property").as_deref() == Some("belongs-to-collection");
    if let Some(collection) = node.descendants().find(has_property) {
        let number = refined(node, collection, "group-position");
        return Some(Series { name: collection.text(), number }).filter(|series| !series.name.is_empty());
    }
    let name = named_meta(node, "calibre:series").filter(|name| !name.is_empty())?;
    Some(Series { name, number: named_meta(node, "calibre:series_index") })
}

/// The text of the `<meta refines="#id" property="…">` that belongs to an element.
fn refined(metadata: Node<'_, '_>, element: Node<'_, '_>, property: &str) -> Option<String> {
    all_refined(metadata, element, property).next()
}

/// The same, all of them.
fn all_refined<'a>(
    metadata: Node<'a, 'a>,
    element: Node<'_, '_>,
    property: &'a str,
) -> impl Iterator<Item = String> + use<'a> {
    let id = element.attribute("id").filter(|id| !id.is_empty());
    let metas = metadata.descendants().filter(|node| node.is("meta"));
    let found = metas.filter(move |meta| {
        let id = id.as_deref();
        id.is_some()
            && meta.attribute("property").as_deref() == Some(property)
            && meta.attribute("refines").as_deref().map(|refines| refines.trim_start_matches('#')) == id
    });
    found.map(|meta| meta.text())
}

/// The content of `<meta name="…" content="…">`.
fn named_meta(metadata: Node<'_, '_>, name: &str) -> Option<String> {
    let is_it = |node: &Node<'_, '_>| node.is("meta") && node.attribute("name").as_deref() == Some(name);
    metadata.descendants().find(is_it)?.attribute("content")
}
