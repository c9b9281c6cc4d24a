//! Clean pages as markup, and, when all are known, the links between them.

use super::super::dom::{Document, Element, NodeId, Syntax};
use super::super::model::{Chapter, Target};
use super::super::{Change, Metadata};
use super::context::{Context, LINK_END, LINK_START};
use super::page::Clean;
use super::{Page, fixed, split, text};
use std::collections::HashMap;

/// The pages so far, their links not yet resolved.
pub(super) struct Drafts<'m> {
    metadata: &'m Metadata,
    pages: Vec<Page>,
    anchors: Anchors,
}

/// Where the chapters and their ids are among the pages.
#[derive(Default)]
pub(super) struct Anchors(Vec<Places>);

#[derive(Default)]
struct Places {
    first: usize,
    renamed: HashMap<String, String>,
    pages: HashMap<String, usize>,
}

impl Anchors {
    /// The place in the edition; the start of a chapter for an id that it does not have.
    pub(super) fn locate(&self, chapter: usize, fragment: Option<&str>) -> Option<Target> {
        let (chapter, fragment) = self.place(chapter, fragment)?;
        Some(Target { chapter, fragment: fragment.map(str::to_owned) })
    }

    fn place<'p>(&'p self, chapter: usize, fragment: Option<&'p str>) -> Option<(usize, Option<&'p str>)> {
        let places = self.0.get(chapter)?;
        let found = fragment.and_then(|old| places.find(old));
        Some(found.map_or((places.first, None), |(page, id)| (page, Some(id))))
    }
}

impl Places {
    fn find<'p>(&'p self, old: &'p str) -> Option<(usize, &'p str)> {
        let id = self.renamed.get(old).map_or(old, String::as_str);
        self.pages.get(id).map(|&page| (page, id))
    }
}

impl<'m> Drafts<'m> {
    pub(super) fn new(metadata: &'m Metadata) -> Drafts<'m> {
        Drafts { metadata, pages: Vec::new(), anchors: Anchors::default() }
    }

    /// Adds a cleaned chapter.
    pub(super) fn add(&mut self, context: &Context<'_>, chapter: &Chapter, clean: Clean) {
        let Clean { mut page, body, root, title, sheets, viewport, ids } = clean;
        let viewport = fixed::viewport(context, viewport.as_deref(), &page, body);
        let bodies = if viewport.is_some() { vec![body] } else { split::split(&mut page, body) };
        let mut places = Places { first: self.pages.len(), renamed: ids.into_renamed(), pages: HashMap::new() };
        let title = if chapter.title.is_empty() { title } else { chapter.title.clone() };
        let sheets: Vec<String> = sheets.into_iter().filter_map(|sheet| context.file_path(sheet)).collect();
        for body in bodies {
            if context.for_kindle {
                fill(&mut page, body);
            }
            for node in page.descendants(body) {
                if let Some(id) = page.element(node).and_then(|element| element.get("id")) {
                    places.pages.insert(id.to_owned(), self.pages.len());
                }
            }
            let markup = self.document(&mut page, body, root.clone(), &title, &sheets, viewport.as_deref());
            let path = format!("p{:04}.xhtml", self.pages.len() + 1);
            self.pages.push(Page { path, title: chapter.title.clone(), markup, linear: chapter.linear });
        }
        self.anchors.0.push(places);
    }

    /// Adds a chapter of plain text.
    pub(super) fn add_text(&mut self, context: &mut Context<'_>, chapter: &Chapter, level: usize, text: &str) {
        let language = self.metadata.language.as_deref().unwrap_or("");
        let cjk = ["zh", "ja", "ko", "und"].iter().any(|one| language.starts_with(one));
        let sheet = context.files.add_sheet(if cjk { text::CJK_SHEET } else { text::OTHER_SHEET }.to_owned());
        let (page, body) = text::page(&chapter.title, level, text);
        let root = Element::html("html");
        let clean = Clean {
            page,
            body,
            root,
            title: String::new(),
            sheets: vec![sheet],
            viewport: None,
            ids: Default::default(),
        };
        self.add(context, chapter, clean);
    }

    /// A whole document around a body.
    fn document(
        &self,
        page: &mut Document,
        body: NodeId,
        mut root: Element,
        title: &str,
        sheets: &[String],
        viewport: Option<&str>,
    ) -> String {
        if root.get("lang").is_none()
            && let Some(language) = &self.metadata.language
        {
            root.set("lang", language.clone());
            root.set("xml:lang", language.clone());
        }
        let html = page.new_element(root);
        let head = page.new_element(Element::html("head"));
        let heading = page.new_element(Element::html("title"));
        let title = [title, self.metadata.title.as_str()].into_iter().map(str::trim).find(|one| !one.is_empty());
        let title = page.new_text(title.unwrap_or("—"));
        page.append(heading, title);
        page.append(head, heading);
        if let Some(viewport) = viewport {
            let meta = Element::html("meta").with("name", "viewport").with("content", viewport);
            let meta = page.new_element(meta);
            page.append(head, meta);
        }
        for sheet in sheets {
            let link =
                Element::html("link").with("rel", "stylesheet").with("type", "text/css").with("href", sheet.as_str());
            let link = page.new_element(link);
            page.append(head, link);
        }
        page.append(html, head);
        page.append(html, body);
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html>\n");
        page.write(html, Syntax::Xhtml, &mut out);
        out
    }

    /// The pages with all links resolved.
    pub(super) fn finish(self, context: &mut Context<'_>) -> (Vec<Page>, Anchors) {
        let Drafts { mut pages, anchors, .. } = self;
        let links = std::mem::take(&mut context.links);
        let mut places = Vec::with_capacity(links.len());
        for (chapter, fragment) in &links {
            let place = anchors.place(*chapter, fragment.as_deref());
            if let Some(fragment) = fragment.as_deref().filter(|_| place.is_none_or(|(_, id)| id.is_none())) {
                context.report.note(Change::LinkDropped, format!("#{fragment}"));
            }
            places.push(place);
        }
        let paths: Vec<String> = pages.iter().map(|page| page.path.clone()).collect();
        for page in &mut pages {
            if page.markup.contains(LINK_START) {
                page.markup = resolved(&page.markup, &places, &paths);
            }
        }
        (pages, anchors)
    }
}

/// Gives an empty page a paragraph: Amazon refuses a book with an empty one, and links may lead there.
fn fill(page: &mut Document, body: NodeId) {
    let shows = |node: NodeId| match page.element(node) {
        Some(element) => matches!(element.name.as_str(), "img" | "svg" | "math" | "hr"),
        None => page.text(node).is_some_and(|text| !text.trim().is_empty()),
    };
    if !page.descendants(body).any(shows) {
        let blank = page.new_text("\u{A0}");
        page.append(body, blank);
        page.wrap(blank, Element::html("p"));
    }
}

/// Where a link leads: the page, and the id on it.
type Link<'p> = Option<(usize, Option<&'p str>)>;

fn resolved(markup: &str, links: &[Link<'_>], paths: &[String]) -> String {
    let mut out = String::with_capacity(markup.len());
    for (number, piece) in markup.split(LINK_START).enumerate() {
        match piece.split_once(LINK_END).filter(|_| number > 0) {
            Some((link, rest)) => {
                let link = link.parse().ok().and_then(|link: usize| links.get(link).copied().flatten());
                if let Some((page, id)) = link {
                    out.push_str(paths.get(page).map_or("", String::as_str));
                    out.push_str(if id.is_some() { "#" } else { "" });
                    out.push_str(id.unwrap_or_default());
                }
                out.push_str(rest);
            }
            None => out.push_str(piece),
        }
    }
    out
}
