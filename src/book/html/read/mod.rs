//! Pages into a [`Book`]: one file, several in a ZIP, or what another reader made.
//!
//! A long page is cut at its headings, a short one stays whole; what was a link inside a page leads
//! to the right chapter afterwards. Markup is kept as it is but for that: cleaning is the edition's.

mod archive;
mod head;
mod split;
mod styles;

use super::super::dom::{Document, Element, NodeId, Syntax, escape_attribute, escape_text};
use super::super::epub::{path::resolve, toc};
use super::super::model::{Book, Chapter, Content, Layout, Metadata, Resource, Target, TocEntry};
use super::super::report::{Change, Report};
use super::super::{Error, Format, ReadOptions, charset, file_name, language};
use std::collections::{HashMap, HashSet};

/// One page, and its name among the files of the book.
pub(in crate::book) struct Source {
    pub(in crate::book) path: String,
    pub(in crate::book) document: Document,
}

/// What a reader has found, before it is cut into chapters.
pub(in crate::book) struct Found {
    pub(in crate::book) format: Format,
    pub(in crate::book) sources: Vec<Source>,
    pub(in crate::book) metadata: Metadata,
    pub(in crate::book) resources: Vec<Resource>,
    pub(in crate::book) cover: Option<usize>,
    pub(in crate::book) layout: Layout,
    pub(in crate::book) report: Report,
}

/// Reads one HTML file or a ZIP of them.
pub(in crate::book) fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    if bytes.starts_with(b"PK") {
        return assemble(archive::open(bytes)?, options.file_name);
    }
    let document = Document::parse(&charset::decode_markup(bytes));
    let (metadata, layout) = head::read(&document);
    let sources = vec![Source { path: "index.html".into(), document }];
    let report = Report::default();
    let found = Found { format: Format::Html, sources, metadata, resources: Vec::new(), cover: None, layout, report };
    assemble(found, options.file_name)
}

/// Most headings that are listed where a page lists none itself; each costs as much as a page of text.
const MOST_HEADINGS: usize = 20_000;

/// A chapter to be: nodes of one source.
struct Piece {
    source: usize,
    nodes: Vec<NodeId>,
    path: String,
    body: Element,
    title: String,
    linear: bool,
}

/// A place in the contents while its link is not yet resolved.
struct Line {
    depth: usize,
    title: String,
    source: usize,
    href: String,
}

/// Cuts pages into chapters and makes a book of them.
pub(in crate::book) fn assemble(mut found: Found, name: Option<&str>) -> Result<Book, Error> {
    let mut lines = Vec::new();
    let mut heads = Vec::new();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut files = styles::Files::new(&mut found.resources, &mut found.cover);
    for (at, source) in found.sources.iter_mut().enumerate() {
        if source.document.is_cut() {
            found.report.note(Change::BeyondBounds, &source.path);
        }
        heads.push(files.take_head(source));
        files.take_pictures(source, &mut found.report);
        take_contents(&mut source.document, at, &mut lines);
        let pieces_before = pieces.len();
        pieces.extend(split::pieces(&mut source.document, at));
        name_pieces(&source.path, pieces.get_mut(pieces_before..).unwrap_or_default());
    }
    let mut taken = HashSet::new();
    for piece in &mut pieces {
        while !taken.insert(piece.path.clone()) {
            piece.path.insert(0, '_');
        }
    }
    let book_of = Places::new(&found.sources, &pieces);
    let (mut headings, mut unlisted) = (Vec::new(), 0);
    let mut chapters = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let Some(source) = found.sources.get_mut(piece.source) else { continue };
        for &node in &piece.nodes {
            book_of.relink(&mut source.document, node, piece);
        }
        let room = MOST_HEADINGS - headings.len();
        let (listed, others) = split::headings(&mut source.document, &piece.nodes, at, room);
        headings.extend(listed);
        unlisted += others;
        let head = heads.get(piece.source).map_or("", String::as_str);
        let content = Content::Markup(markup(&source.document, piece, head));
        let linear = piece.linear;
        chapters.push(Chapter { path: piece.path.clone(), title: piece.title.clone(), content, linear });
    }
    if lines.is_empty() {
        found.report.note_many(Change::BeyondBounds, unlisted, "headings that the contents do not list");
    }
    chapters_are_there(&chapters)?;
    let toc = contents(&lines, &book_of, headings, &mut chapters);
    let mut metadata = found.metadata;
    file_name::complete(&mut metadata, name);
    if metadata.language.as_deref().is_none_or(|tag| matches!(tag, "und" | "zh" | "")) {
        metadata.language = language_of(&chapters).or(metadata.language);
    }
    let Found { format, resources, cover, layout, report, .. } = found;
    Ok(Book { metadata, chapters, toc, resources, cover, layout, report, ..Book::new(format) })
}

fn chapters_are_there(chapters: &[Chapter]) -> Result<(), Error> {
    let said = |chapter: &Chapter| match &chapter.content {
        Content::Markup(markup) => {
            markup.contains("<img") || markup.contains("<svg") || !chapter.beginning(1).is_empty()
        }
        Content::Text(text) => !text.is_empty(),
    };
    if chapters.iter().any(said) { Ok(()) } else { Err(Error::Malformed("there is no text in it".into())) }
}

/// The first piece keeps the name of its page, so that links from others find it.
fn name_pieces(path: &str, pieces: &mut [Piece]) {
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, "html"));
    for (at, piece) in pieces.iter_mut().enumerate() {
        piece.path = if at == 0 { path.to_owned() } else { format!("{stem}-{:04}.{extension}", at + 1) };
    }
}

fn ids(document: &Document, node: NodeId) -> impl Iterator<Item = &str> {
    let all = std::iter::once(node).chain(document.descendants(node));
    all.filter_map(|at| {
        let element = document.element(at)?;
        element.get("id").or_else(|| element.is("a").then(|| element.get("name")).flatten())
    })
}

fn markup(document: &Document, piece: &Piece, head: &str) -> String {
    let mut out = String::from(
        "<html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\"><head><title>",
    );
    escape_text(&piece.title, &mut out);
    out.push_str("</title>");
    out.push_str(head);
    out.push_str("</head><body");
    for (name, value) in &piece.body.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape_attribute(value, &mut out);
        out.push('"');
    }
    out.push('>');
    for &node in &piece.nodes {
        document.write(node, Syntax::Xhtml, &mut out);
    }
    out.push_str("</body></html>");
    out
}

/// Where things went.
struct Places {
    sources: HashMap<String, usize>,
    source_paths: Vec<String>,
    paths: Vec<String>,
    first: HashMap<usize, usize>,
    /// By source: the chapter that an id is in, and whether it is the whole of it.
    ids: Vec<HashMap<String, (usize, bool)>>,
}

impl Places {
    fn new(sources: &[Source], pieces: &[Piece]) -> Places {
        let mut first = HashMap::new();
        let mut all: Vec<HashMap<String, (usize, bool)>> = vec![HashMap::new(); sources.len()];
        for (at, piece) in pieces.iter().enumerate() {
            first.entry(piece.source).or_insert(at);
            let Some((source, of_source)) = sources.get(piece.source).zip(all.get_mut(piece.source)) else { continue };
            if let Some(id) = piece.body.get("id") {
                of_source.entry(id.to_owned()).or_insert((at, true));
            }
            for id in piece.nodes.iter().flat_map(|&node| ids(&source.document, node)) {
                of_source.entry(id.to_owned()).or_insert((at, false));
            }
        }
        Places {
            sources: sources.iter().enumerate().map(|(at, one)| (one.path.clone(), at)).collect(),
            source_paths: sources.iter().map(|one| one.path.clone()).collect(),
            paths: pieces.iter().map(|piece| piece.path.clone()).collect(),
            first,
            ids: all,
        }
    }

    /// The chapter to which a link in a source leads.
    fn find(&self, source: usize, href: &str) -> Option<Target> {
        let link = resolve(self.source_paths.get(source)?, href)?;
        let to = self.sources.get(&link.path).copied()?;
        match link.fragment {
            None => Some(Target { chapter: self.first.get(&to).copied()?, fragment: None }),
            Some(id) => {
                let (chapter, whole) = self.ids.get(to)?.get(&id).copied()?;
                Some(Target { chapter, fragment: (!whole).then_some(id) })
            }
        }
    }

    fn relink(&self, document: &mut Document, top: NodeId, piece: &Piece) {
        let nodes: Vec<NodeId> = std::iter::once(top).chain(document.descendants(top)).collect();
        for node in nodes {
            for name in ["href", "xlink:href"] {
                let Some(href) = document.element(node).and_then(|element| element.get(name)) else { continue };
                let Some(target) = self.find(piece.source, href) else { continue };
                let Some(path) = self.paths.get(target.chapter) else { continue };
                let same = *path == piece.path;
                let from = piece.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let path = if same && target.fragment.is_some() { String::new() } else { relative(from, path) };
                let address = match target.fragment {
                    Some(fragment) => format!("{path}#{fragment}"),
                    None => path,
                };
                if let Some(element) = document.element_mut(node) {
                    element.set(name, address);
                }
            }
        }
    }
}

/// A path as seen from a folder.
fn relative(folder: &str, path: &str) -> String {
    let encode = |path: &str| path.replace('%', "%25").replace('#', "%23").replace('?', "%3F");
    match path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) if !folder.is_empty() => encode(rest),
        _ => {
            let up = folder.split('/').filter(|part| !part.is_empty()).count();
            format!("{}{}", "../".repeat(up), encode(path))
        }
    }
}

/// Takes navigation out of a page; lists of places in the book become lines of its contents.
fn take_contents(document: &mut Document, source: usize, lines: &mut Vec<Line>) {
    let navs: Vec<NodeId> = document.descendants(Document::ROOT).filter(|&node| document.is(node, "nav")).collect();
    let own = split::is_own(document);
    for nav in navs {
        // In what our writer made, any other list is one of the book's own pages.
        if own
            && document
                .element(nav)
                .is_none_or(|nav| nav.get("role") != Some("doc-toc") || nav.get("id") != Some("toc"))
        {
            continue;
        }
        let inside: Vec<Line> = lines_of(document, nav, source);
        let local = inside.iter().filter(|line| line.href.starts_with('#')).count();
        if local >= 1 && local * 2 >= inside.len() && lines.is_empty() {
            lines.extend(inside);
        }
        document.detach(nav);
    }
}

fn lines_of(document: &Document, nav: NodeId, source: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for item in document.descendants(nav).filter(|&node| document.is(node, "li")) {
        let mut label = None;
        for child in document.children(item) {
            if document.is(child, "ol") || document.is(child, "ul") {
                break;
            }
            if document.element(child).is_some() {
                label = Some(child);
                break;
            }
        }
        let Some(label) = label else { continue };
        let link = if document.is(label, "a") { Some(label) } else { document.find(label, "a") };
        let href = link.and_then(|link| document.element(link)?.get("href")).unwrap_or_default().to_owned();
        let above = document.ancestors(item).take_while(|&one| one != nav);
        let depth = above.filter(|&one| document.is(one, "ol") || document.is(one, "ul")).count().saturating_sub(1);
        lines.push(Line { depth, title: split::entry(document, label), source, href });
    }
    lines
}

/// The contents as the page lists them, else its headings, else its chapters.
fn contents(lines: &[Line], places: &Places, headings: Vec<split::Heading>, chapters: &mut [Chapter]) -> Vec<TocEntry> {
    let listed = lines.iter().map(|line| {
        let target = places.find(line.source, &line.href);
        (line.depth, TocEntry { title: line.title.clone(), target, children: Vec::new() })
    });
    let mut toc = toc::nest(listed.collect());
    if toc.is_empty() {
        let entries = split::outline(headings).into_iter().map(|(depth, heading)| {
            let target = Some(Target { chapter: heading.chapter, fragment: heading.fragment });
            (depth, TocEntry { title: heading.title, target, children: Vec::new() })
        });
        toc = toc::nest(entries.collect());
    }
    toc::name_chapters(&toc, chapters);
    if toc.is_empty() { toc::from_chapters(chapters) } else { toc }
}

fn language_of(chapters: &[Chapter]) -> Option<String> {
    const ENOUGH: usize = 20_000;
    let mut sample = String::new();
    for chapter in chapters {
        sample.push_str(&chapter.beginning(ENOUGH));
        sample.push('\n');
        if sample.len() > ENOUGH {
            break;
        }
    }
    language::of_text(&sample).or_else(|| language::is_english(&sample).then_some("en")).map(str::to_owned)
}

/// Notes a file that is not there.
fn missing(report: &mut Report, name: &str) {
    report.note(Change::FileMissing, name);
}

#[cfg(test)]
mod tests;
