//! The text of the whole book: its pages one after another, those outside the reading order last.

use super::cascade::{Budget, Cascade, Rules};
use super::contents::{self, Line};
use super::page::{Lost, PageWriter};
use super::stream::Stream;
use super::target::{Place, Targets};
use crate::book::css::Sheet;
use crate::book::dom::{Document, NodeId};
use crate::book::edition::{Edition, Page};
use crate::book::mobi::Made;
use crate::book::palm::write::Resources;
use crate::book::{Change, LandmarkKind, Report};
use std::collections::HashMap;
use std::rc::Rc;

/// The text and where things are in it.
pub(super) struct Body<'a> {
    pub(super) text: Vec<u8>,
    /// The entries of the table of contents with their offsets.
    pub(super) toc: Vec<(Line<'a>, usize)>,
    /// Where reading starts.
    pub(super) start: Option<usize>,
}

/// Writes the text.
pub(super) fn write<'a>(edition: &'a Edition, resources: &Resources<'_>, report: &mut Report) -> Body<'a> {
    let mut pages: Vec<(usize, &Page)> = edition.pages.iter().enumerate().collect();
    pages.sort_by_key(|(_, page)| !page.linear);
    // For every page of the edition its number in the text.
    let mut order = vec![0; pages.len()];
    for (number, (at, _)) in pages.iter().enumerate() {
        if let Some(slot) = order.get_mut(*at) {
            *slot = number;
        }
    }
    let mut targets = Targets::new(pages.iter().map(|(_, page)| page.path.as_str()));
    let landmarks = landmarks(edition, &order, &mut targets);
    let lines = contents::lines(&edition.toc, &order, &mut targets);
    for (number, (_, page)) in pages.iter().enumerate() {
        ask_for_links(number, &page.markup, &mut targets);
    }
    // A page with one entry helps no one.
    let own_contents = lines.len() > 1 && !landmarks.iter().any(|(kind, _)| *kind == LandmarkKind::Contents);
    let contents_place = if own_contents { targets.loose() } else { None };

    let size: usize = edition.pages.iter().map(|page| page.markup.len()).sum();
    let mut head = String::with_capacity(size + size / 8);
    head.push_str("<html><head>");
    let mut stream = Stream::new(head);
    contents::guide(edition, &landmarks, contents_place, &mut stream);
    stream.out.push_str("</head><body>");

    let mut sheets = Sheets::new(edition);
    let pictures = edition.files.iter().enumerate();
    let pictures = pictures.filter_map(|(at, file)| Some((file.path.as_str(), resources.number(at)? + 1))).collect();
    for (number, (at, page)) in pages.iter().enumerate() {
        let document = Document::parse(&page.markup);
        let cascade = sheets.cascade(&document);
        stream.page_break();
        mark(edition, *at, &mut stream);
        let starts = targets.wanted(number, "").to_vec();
        stream.arrive(&starts);
        let mut writer = PageWriter {
            page: &document,
            cascade: &cascade,
            stream: &mut stream,
            targets: &mut targets,
            pictures: &pictures,
            number,
            lost: Lost::default(),
        };
        writer.write();
        note(writer.lost, &page.path, report);
    }
    if sheets.are_cut() {
        report.note(Change::StyleDropped, "rules that are too many or not understood");
    }
    stream.land_here(&mut targets);
    if let Some(place) = contents_place {
        stream.page_break();
        targets.found(place, stream.out.len());
        contents::page(edition, &lines, &mut stream);
    }
    if stream.hyphens > 0 {
        report.note(Change::CharacterReplaced, "soft hyphens");
    }
    let toc = lines.into_iter().map(|line| (line, targets.offset(line.place))).collect();
    let start = landmarks.iter().find(|(kind, _)| *kind == LandmarkKind::Start);
    let start = start.map(|(_, place)| targets.offset(*place));
    Body { text: stream.finish(&targets), toc, start }
}

/// Marks a page outside the reading order, or the place of those in front of a page.
fn mark(edition: &Edition, at: usize, stream: &mut Stream) {
    let pages = edition.pages.get(..=at).unwrap_or_default();
    let (made, count) = match pages.split_last() {
        Some((page, before)) if page.linear => {
            (Made::AsidePlace, before.iter().rev().take_while(|before| !before.linear).count())
        }
        _ => (Made::Aside, 1),
    };
    for _ in 0..count {
        stream.out.push_str(made.start());
        stream.out.push_str("</a>");
    }
}

fn landmarks(edition: &Edition, order: &[usize], targets: &mut Targets<'_>) -> Vec<(LandmarkKind, Place)> {
    let places = edition.landmarks.iter().filter_map(|one| {
        let page = *order.get(one.target.chapter)?;
        Some((one.kind, targets.shared(page, one.target.fragment.as_deref().unwrap_or_default())?))
    });
    places.collect()
}

/// Asks for the ends of all links of a page. Pages are written with double quotes, so that looking
/// for them is enough; what looks like a link in a text only costs a place.
fn ask_for_links(number: usize, markup: &str, targets: &mut Targets<'_>) {
    for piece in markup.split("href=\"").skip(1) {
        let Some((href, _)) = piece.split_once('"') else { continue };
        if href.contains('&') {
            targets.link(number, &href.replace("&amp;", "&"));
        } else {
            targets.link(number, href);
        }
    }
}

fn note(lost: Lost, path: &str, report: &mut Report) {
    (0..lost.pictures).for_each(|_| report.note(Change::PictureDropped, path));
    (0..lost.links).for_each(|_| report.note(Change::LinkDropped, path));
}

/// The style sheets of the book; most pages have the same.
struct Sheets<'a> {
    files: HashMap<&'a str, &'a [u8]>,
    rules: HashMap<String, Rc<Rules>>,
    budget: Rc<Budget>,
}

impl<'a> Sheets<'a> {
    fn new(edition: &'a Edition) -> Sheets<'a> {
        let files = edition.files.iter().filter(|file| file.media_type == "text/css");
        let files = files.map(|file| (file.path.as_str(), file.bytes.as_slice())).collect();
        Sheets { files, rules: HashMap::new(), budget: Rc::default() }
    }

    /// The rules for a page.
    fn cascade(&mut self, page: &Document) -> Cascade {
        let sheets = linked(page).into_iter().filter_map(|name| self.sheet(&name)).collect();
        Cascade::new(sheets, self.budget.clone())
    }

    /// Whether rules of these pages did not apply: not understood, or beyond what may be spent.
    fn are_cut(&self) -> bool {
        self.budget.is_spent() || self.rules.values().any(|rules| rules.are_cut())
    }

    fn sheet(&mut self, name: &str) -> Option<Rc<Rules>> {
        if let Some(known) = self.rules.get(name) {
            return Some(known.clone());
        }
        let css = String::from_utf8_lossy(self.files.get(name)?);
        let rules = Rc::new(Rules::of(&Sheet::parse(&css), &self.budget));
        self.rules.insert(name.to_owned(), rules.clone());
        Some(rules)
    }
}

/// The style sheets that a page names, in order.
fn linked(page: &Document) -> Vec<String> {
    let Some(head) = page.find(Document::ROOT, "head") else { return Vec::new() };
    let link = |node: NodeId| {
        let link = page.element(node).filter(|element| element.is("link"))?;
        link.has_word("rel", "stylesheet").then(|| link.get("href").map(str::to_owned))?
    };
    page.descendants(head).filter_map(link).collect()
}

#[cfg(test)]
mod tests {
    use crate::book::{self, Change, Format, WriteOptions};

    #[test]
    fn rules_that_do_not_apply_are_noted_once() {
        let noted = |rules: usize| {
            let html = format!("<style>{}</style><p>x</p>", "p { font-weight: bold } ".repeat(rules));
            let book = book::read(html.as_bytes(), Some("x.html")).expect("a book");
            let written = book::write(&book, Format::Mobi, &WriteOptions::default()).expect("a file");
            written.report.count(Change::StyleDropped)
        };
        assert_eq!((noted(3), noted(500)), (0, 1));
    }
}
