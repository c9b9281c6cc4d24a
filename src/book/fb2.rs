//! FictionBook 2 into a [`Book`]: one XML file, pictures in base64, sections in sections.
//!
//! Its elements are renamed to those of XHTML where they stand, and the page is cut into chapters as
//! any other. Style sheets of FictionBook, which no reading system uses, are left out.

use super::dom::{Document, Element, NodeId};
use super::html::read::{Found, Source, assemble};
use super::model::{Book, Contributor, Identifier, Layout, Metadata, Resource, Role, Series};
use super::picture::data_uri;
use super::report::{Change, Report};
use super::xhtml::one_line;
use super::{Error, Format, ReadOptions, charset};

/// Largest file taken.
const LARGEST: usize = 128 << 20;

/// Reads a file.
pub(super) fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    if bytes.len() > LARGEST {
        return Err(Error::Unsupported(format!("a book may have {} MB", LARGEST >> 20)));
    }
    let mut document = Document::parse(&charset::decode_markup(bytes));
    let root = document.find(Document::ROOT, "fictionbook");
    let root = root.ok_or_else(|| Error::Malformed("it is no FictionBook".into()))?;
    let mut report = Report::default();
    let mut metadata = Metadata::default();
    let mut cover = None;
    if let Some(description) = document.find(root, "description") {
        metadata = describe(&document, description);
        let page = document.find(description, "coverpage");
        cover = page.and_then(|page| document.find(page, "image")).and_then(|image| place(document.element(image)?));
        document.detach(description);
    }
    let resources = binaries(&mut document, root, &mut report);
    let cover = cover.and_then(|name| resources.iter().position(|one| one.path == name));
    rename(&mut document, root);
    if let Some(element) = document.element_mut(root) {
        *element = Element::html("body");
    }
    let sources = vec![Source { path: "index.html".into(), document }];
    let layout = Layout::default();
    assemble(Found { format: Format::Fb2, sources, metadata, resources, cover, layout, report }, options.file_name)
}

/// Where a link leads, without `#`.
fn place(element: &Element) -> Option<String> {
    Some(link(element)?.strip_prefix('#')?.to_owned())
}

/// The address of a link, by whatever prefix.
fn link(element: &Element) -> Option<&str> {
    let own = element.attributes.iter().find(|(name, _)| name == "href" || name.ends_with(":href"));
    own.map(|(_, value)| value.trim())
}

fn describe(document: &Document, description: NodeId) -> Metadata {
    let mut metadata = Metadata::default();
    let text = |node: NodeId| one_line(&document.text_content(node));
    let filled = |node: NodeId| Some(text(node)).filter(|text| !text.is_empty());
    let Some(info) = document.find(description, "title-info") else { return metadata };
    for node in document.children(info) {
        let Some(element) = document.element(node) else { continue };
        match element.name.as_str() {
            "book-title" => metadata.title = text(node),
            "author" => person(document, node, Role::Author, &mut metadata),
            "translator" => person(document, node, Role::Translator, &mut metadata),
            "genre" => metadata.subjects.extend(filled(node)),
            "keywords" => {
                let words = document.text_content(node);
                metadata.subjects.extend(words.split([',', ';']).map(one_line).filter(|word| !word.is_empty()));
            }
            "lang" => metadata.language = filled(node),
            "date" => {
                let exact = element.get("value").map(str::trim).filter(|value| !value.is_empty());
                metadata.published = exact.map(str::to_owned).or_else(|| filled(node));
            }
            "annotation" => {
                let lines: Vec<String> = document.children(node).into_iter().filter_map(filled).collect();
                metadata.description = Some(lines.join("\n")).filter(|text| !text.is_empty());
            }
            "sequence" if metadata.series.is_none() => {
                let name = one_line(element.get("name").unwrap_or_default());
                let number = element.get("number").map(one_line).filter(|number| !number.is_empty());
                metadata.series = (!name.is_empty()).then_some(Series { name, number });
            }
            _ => {}
        }
    }
    if let Some(info) = document.find(description, "publish-info") {
        let field = |name: &str| document.find(info, name).and_then(filled);
        metadata.publisher = field("publisher");
        metadata.published = field("year").or(metadata.published.take());
        if let Some(value) = field("isbn") {
            metadata.identifiers.push(Identifier { scheme: "isbn".into(), value });
        }
    }
    let info = document.find(description, "document-info");
    if let Some(value) = info.and_then(|info| document.find(info, "id")).and_then(filled) {
        metadata.identifiers.push(Identifier { scheme: String::new(), value });
    }
    metadata
}

fn person(document: &Document, node: NodeId, role: Role, metadata: &mut Metadata) {
    let part = |name: &str| document.find(node, name).map(|node| one_line(&document.text_content(node)));
    let parts = [part("first-name"), part("middle-name"), part("last-name")];
    let words: Vec<String> = parts.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let cjk = words.iter().flat_map(|word| word.chars()).all(super::xhtml::is_cjk);
    // A Chinese name stands with the family name first and without blanks.
    let name = match (words.as_slice(), cjk) {
        ([first, last], true) => format!("{last}{first}"),
        ([], _) => part("nickname").unwrap_or_default(),
        (words, _) => words.join(" "),
    };
    if !name.is_empty() {
        metadata.contributors.push(Contributor::new(name, role));
    }
}

/// Takes the files out of the document.
fn binaries(document: &mut Document, root: NodeId, report: &mut Report) -> Vec<Resource> {
    let nodes: Vec<NodeId> = document.descendants(root).filter(|&node| document.is(node, "binary")).collect();
    let mut resources: Vec<Resource> = Vec::new();
    let mut names = std::collections::HashSet::new();
    for node in nodes {
        let about = document.element(node);
        let path = about.and_then(|one| one.get("id")).unwrap_or_default().to_owned();
        let media_type = about.and_then(|one| one.get("content-type")).unwrap_or("image/jpeg").to_owned();
        let address = format!("data:{media_type};base64,{}", document.text_content(node));
        document.detach(node);
        match data_uri(&address) {
            Some((media_type, bytes)) if !path.is_empty() && names.insert(path.clone()) => {
                resources.push(Resource { path, media_type, bytes });
            }
            _ => report.note(Change::FileMissing, &path),
        }
    }
    resources
}

/// Gives every element the name it has in XHTML.
fn rename(document: &mut Document, root: NodeId) {
    for body in document.children(root) {
        let Some(element) = document.element(body) else { continue };
        if !element.is("body") {
            document.detach(body);
            continue;
        }
        let kind = element.get("name").unwrap_or_default().to_ascii_lowercase();
        let notes = kind.contains("note") || kind.contains("comment") || kind.contains("footnote");
        let mut depths = std::collections::HashMap::from([(body, 0usize)]);
        let nodes: Vec<NodeId> = document.descendants(body).collect();
        for node in nodes {
            let above = document.parent(node).and_then(|parent| depths.get(&parent)).copied().unwrap_or(0);
            let section = document.is(node, "section");
            depths.insert(node, above + usize::from(section));
            one(document, node, above, notes);
        }
        if let Some(element) = document.element_mut(body) {
            *element = Element::html("div").with("class", if notes { "notes" } else { "body" });
        }
    }
}

/// One element; `depth` sections are around it.
fn one(document: &mut Document, node: NodeId, depth: usize, notes: bool) {
    let Some(old) = document.element(node).cloned() else { return };
    let in_section =
        document.parent(node).and_then(|parent| document.element(parent)).map(|parent| parent.name.clone());
    let parent = in_section.as_deref().unwrap_or_default();
    let class = |tag: &str, class: &str| Element::html(tag).with("class", class);
    let mut new = match old.name.as_str() {
        "section" if notes => Element::html("aside").with("epub:type", "footnote"),
        "section" => Element::html("section"),
        "title" if notes && parent == "aside" => class("p", "title"),
        "title" if matches!(parent, "section" | "body" | "div") => {
            let level = if parent == "body" { 1 } else { depth.clamp(1, 6) };
            Element::html(&format!("h{level}"))
        }
        "title" => class("div", "title"),
        "subtitle" => class("p", "subtitle"),
        "p" if matches!(parent, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p") => {
            return join(document, node);
        }
        "empty-line" => {
            // As a paragraph of its own, which is kept by every target.
            let space = document.new_text("\u{A0}");
            document.append(node, space);
            class("p", "empty-line")
        }
        "emphasis" => Element::html("em"),
        "strikethrough" => Element::html("del"),
        "style" => Element::html("span"),
        "epigraph" => class("blockquote", "epigraph"),
        "cite" => class("blockquote", "cite"),
        "annotation" => class("div", "annotation"),
        "poem" => class("div", "poem"),
        "stanza" => class("div", "stanza"),
        "v" => class("p", "v"),
        "text-author" => class("p", "text-author"),
        "date" => class("p", "date"),
        "image" => {
            let Some(source) = place(&old) else { return document.detach(node) };
            let alt = old.get("alt").unwrap_or_default().to_owned();
            // Names in FictionBook are no addresses: `%`, `#` and `?` mean themselves.
            let source = source.replace('%', "%25").replace('#', "%23").replace('?', "%3F");
            Element::html("img").with("src", source).with("alt", alt)
        }
        "a" => {
            let mut new = Element::html("a");
            if let Some(href) = link(&old) {
                new.set("href", href);
            }
            if old.get("type") == Some("note") {
                new.set("epub:type", "noteref");
            }
            new
        }
        name @ ("p" | "strong" | "sub" | "sup" | "code" | "table" | "tr" | "td" | "th") => Element::html(name),
        _ => Element::html("span"),
    };
    for name in ["id", "colspan", "rowspan", "align", "xml:lang"] {
        if let Some(value) = old.get(name) {
            new.set(name, value);
        }
    }
    if let Some(element) = document.element_mut(node) {
        *element = new;
    }
}

/// A paragraph in a heading becomes a line of it.
fn join(document: &mut Document, node: NodeId) {
    if document.previous(node).is_some_and(|before| document.element(before).is_some())
        || has_line_before(document, node)
    {
        let line = document.new_element(Element::html("br"));
        document.insert_before(node, line);
    }
    if let Some(element) = document.element_mut(node) {
        *element = Element::html("span");
    }
}

fn has_line_before(document: &Document, node: NodeId) -> bool {
    let before = std::iter::successors(document.previous(node), |&one| document.previous(one));
    before.take(4).any(|one| document.element(one).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::model::Content;

    const BOOK: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<FictionBook xmlns=\"http://www.gribuser.ru/xml/fictionbook/2.0\" xmlns:l=\"http://www.w3.org/1999/xlink\">
<description><title-info><genre>prose</genre><author><first-name>Лев</first-name><last-name>Толстой</last-name></author>
<book-title>Книга</book-title><annotation><p>Один</p><p>Два</p></annotation><coverpage><image l:href=\"#c.png\"/></coverpage>
<lang>ru</lang><translator><nickname>T</nickname></translator><sequence name=\"S\" number=\"2\"/></title-info></description>
<body><title><p>Книга</p><p>первая</p></title><epigraph><p>e</p></epigraph>
<section><title><p>Часть</p></title><section id=\"s\"><title><p>Глава</p></title><p>Текст<a l:href=\"#n1\" type=\"note\">1</a> <emphasis>и</emphasis></p>
<poem><stanza><v>стих</v></stanza></poem><empty-line/><image l:href=\"#c.png\"/></section></section></body>
<body name=\"notes\"><section id=\"n1\"><title><p>1</p></title><p>Сноска</p></section></body>
<binary id=\"c.png\" content-type=\"image/png\">iVBORw0K</binary></FictionBook>";

    #[test]
    fn a_book_with_all_its_parts() {
        let book = read(BOOK.as_bytes(), &ReadOptions::default()).expect("a book");
        assert_eq!(book.metadata.title, "Книга");
        assert_eq!(book.metadata.authors(), ["Лев Толстой"]);
        assert_eq!(book.metadata.contributors.len(), 2);
        assert_eq!(book.metadata.description.as_deref(), Some("Один\nДва"));
        assert_eq!(book.metadata.series.as_ref().and_then(|one| one.number.as_deref()), Some("2"));
        assert_eq!(book.cover().map(|one| one.bytes.as_slice()), Some(b"\x89PNG\r\n".as_slice()));
        let Content::Markup(markup) = &book.chapters[0].content else { panic!("no markup") };
        for part in [
            "<h1><span>Книга</span><br/><span>первая</span></h1>",
            "<span>Глава</span></h2>",
            "<a href=\"#n1\" epub:type=\"noteref\">1</a>",
            "<aside epub:type=\"footnote\" id=\"n1\">",
            "<img src=\"c.png\" alt=\"\"/>",
            "<p class=\"v\">стих</p>",
        ] {
            assert!(markup.contains(part), "{part} is not in {markup}");
        }
        assert_eq!(book.report.count(Change::FileMissing), 0);
    }

    #[test]
    fn sections_without_titles_are_chapters() {
        let text = "<p>Слово и ещё одно слово.</p>".repeat(400);
        let body = format!("<section>{text}</section><section id=\"b\">{text}<section>{text}</section></section>");
        let source = format!("<FictionBook><body>{body}</body></FictionBook>");
        let book = read(source.as_bytes(), &ReadOptions::default()).expect("a book");
        assert_eq!(book.chapters.len(), 2);
        let titles: Vec<&str> = book.toc.iter().map(|entry| entry.title.as_str()).collect();
        assert_eq!(titles, ["1", "2"]);
    }

    #[test]
    fn old_encodings_and_damage() {
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(BOOK);
        let text = String::from_utf8_lossy(&bytes).len();
        assert!(text > 0);
        let head = b"<?xml version=\"1.0\" encoding=\"windows-1251\"?>";
        let rest = bytes.iter().skip_while(|&&byte| byte != b'\n').copied();
        let old: Vec<u8> = head.iter().copied().chain(rest).collect();
        let book = read(&old, &ReadOptions::default()).expect("a book");
        assert_eq!(book.metadata.title, "Книга");
        let mut state = 3u64;
        for _ in 0..1500 {
            let mut bytes = BOOK.as_bytes().to_vec();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                let letters = b"<>/\"&= a";
                bytes[at] = letters[(state >> 20) as usize % letters.len()];
            }
            let _ = read(&bytes, &ReadOptions::default());
        }
    }
}
