//! The text of a part as markup: one pass over its tags, with a stack for what is open.

use super::Relations;
use super::field::{self, Fields};
use super::run::Run;
use super::styles::{Styles, outline_level};
use crate::book::dom::{escape_attribute, escape_text};
use crate::book::markup::{Attributes, Entities, Token, decode, local, tokens};

/// Which part is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Document,
    Footnotes,
    Endnotes,
}

impl Part {
    fn id(self) -> &'static str {
        if self == Part::Endnotes { "endnote" } else { "footnote" }
    }
}

/// A paragraph that is still open; text boxes have paragraphs inside paragraphs.
#[derive(Default)]
struct Paragraph {
    level: Option<usize>,
    number: Option<String>,
    depth: usize,
    inside: String,
    links: usize,
}

/// Paragraphs in text boxes in paragraphs; each is copied into the one around it. Deeper ones are lines of that.
const DEEPEST: usize = 8;

struct Converter<'a> {
    styles: &'a Styles,
    relations: &'a Relations,
    part: Part,
    entities: Entities,
    out: String,
    paragraphs: Vec<Paragraph>,
    unopened: usize,
    run: Run,
    fields: Fields,
    /// The open lists, in each open cell; true for those with numbers.
    lists: Vec<Vec<bool>>,
    /// A cell whose tag waits for its width.
    cell: Option<String>,
    in_text: bool,
    in_run_style: bool,
    /// Elements whose content is left out, and how many are open.
    skipped: usize,
    alt: String,
    notes: usize,
}

/// Converts a part.
pub(super) fn convert(source: &str, styles: &Styles, relations: &Relations, part: Part) -> String {
    let mut converter = Converter {
        styles,
        relations,
        part,
        entities: Entities::new(),
        out: String::with_capacity(source.len() / 3),
        paragraphs: Vec::new(),
        unopened: 0,
        run: Run::default(),
        fields: Fields::default(),
        lists: vec![Vec::new()],
        cell: None,
        in_text: false,
        in_run_style: false,
        skipped: 0,
        alt: String::new(),
        notes: 0,
    };
    for token in tokens(source) {
        match token {
            Token::Open { name, attributes, empty } => {
                let name = local(name);
                if is_skipped(name) {
                    converter.skipped += usize::from(!empty);
                } else if converter.skipped == 0 {
                    converter.open(name, attributes);
                    if empty {
                        converter.close(name);
                    }
                }
            }
            Token::Close { name } => {
                let name = local(name);
                if is_skipped(name) {
                    converter.skipped = converter.skipped.saturating_sub(1);
                } else if converter.skipped == 0 {
                    converter.close(name);
                }
            }
            Token::Text(text) if converter.in_text && converter.skipped == 0 => {
                let text = decode(text, &converter.entities);
                converter.text(&text);
            }
            Token::Raw(text) if converter.in_text && converter.skipped == 0 => converter.text(text),
            _ => {}
        }
    }
    while !converter.paragraphs.is_empty() {
        converter.end_paragraph();
    }
    converter.end_lists(0);
    converter.out
}

/// What was deleted, what is there twice for old programs, and what was before a change.
fn is_skipped(name: &str) -> bool {
    matches!(
        name,
        "del"
            | "moveFrom"
            | "Fallback"
            | "delText"
            | "pPrChange"
            | "rPrChange"
            | "tblPrChange"
            | "sectPrChange"
            | "tcPrChange"
            | "trPrChange"
            | "sdtPr"
    )
}

impl Converter<'_> {
    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        let get = |name: &str| attributes.get(name, &self.entities);
        match name {
            "p" if self.paragraphs.len() >= DEEPEST => {
                self.unopened += 1;
                self.push("<br/>");
            }
            "p" => {
                self.start_cell();
                self.paragraphs.push(Paragraph::default());
            }
            "pStyle" => {
                let style = get("val").unwrap_or_default();
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.level = paragraph.level.or_else(|| self.styles.heading(&style));
                    if let Some((number, depth)) = self.styles.list(&style) {
                        (paragraph.number, paragraph.depth) = (Some(number), depth);
                    }
                }
            }
            "outlineLvl" => {
                let level = get("val").and_then(|value| outline_level(&value));
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.level = level.or(paragraph.level);
                }
            }
            "numId" => {
                let number = get("val").filter(|number| number != "0");
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.number = number;
                }
            }
            "ilvl" => {
                let depth = get("val").and_then(|depth| depth.trim().parse().ok()).unwrap_or(0usize);
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.depth = depth.min(8);
                }
            }
            "r" => self.run = Run::default(),
            "rPr" => self.in_run_style = true,
            name if self.in_run_style && self.run.set(name, attributes.raw("val")) => {}
            "t" => self.in_text = true,
            "instrText" => self.in_text = self.fields.is_instructed(),
            "tab" if !self.in_run_style && self.paragraphs.last().is_some_and(|one| !one.inside.is_empty()) => {
                self.push(" ");
            }
            "br" if attributes.raw("type").is_some_and(|kind| kind != "textWrapping") => {}
            "br" | "cr" => self.push("<br/>"),
            "noBreakHyphen" => self.push("\u{2011}"),
            "hyperlink" => {
                let place = get("anchor").map(|anchor| format!("#{anchor}"));
                let place = get("id").and_then(|id| self.relations.get(&id).cloned()).or(place);
                self.fields.whole(place.is_some());
                self.start_link(place);
            }
            "fldSimple" => {
                let place = get("instr").and_then(|instruction| field::place(&instruction));
                self.fields.whole(place.is_some());
                self.start_link(place);
            }
            "fldChar" => match attributes.raw("fldCharType") {
                Some("begin") => self.fields.begin(),
                Some("separate") => {
                    let place = self.fields.separate();
                    self.start_link(place);
                }
                _ => self.end_link(),
            },
            "bookmarkStart" => {
                if let Some(id) = get("name").filter(|name| name != "_GoBack") {
                    let mut anchor = String::from("<a id=\"");
                    escape_attribute(&id, &mut anchor);
                    anchor.push_str("\"></a>");
                    self.push(&anchor);
                }
            }
            "docPr" => self.alt = get("descr").unwrap_or_default(),
            "blip" | "imagedata" => {
                let place = get("embed").or_else(|| get("id")).and_then(|id| self.relations.get(&id).cloned());
                if let Some(place) = place {
                    let mut picture = String::from("<img src=\"");
                    escape_attribute(&place.replace('%', "%25").replace('#', "%23"), &mut picture);
                    picture.push_str("\" alt=\"");
                    escape_attribute(&std::mem::take(&mut self.alt), &mut picture);
                    picture.push_str("\"/>");
                    self.push(&picture);
                }
            }
            "footnoteReference" | "endnoteReference" => {
                let kind = if name == "endnoteReference" { "endnote" } else { "footnote" };
                if let Some(id) = get("id") {
                    self.notes += 1;
                    let mut id_text = String::new();
                    escape_attribute(&id, &mut id_text);
                    let reference = format!(
                        "<sup><a epub:type=\"noteref\" id=\"{kind}-ref-{id_text}\" href=\"#{kind}-{id_text}\">{}</a></sup>",
                        self.notes
                    );
                    self.push(&reference);
                }
            }
            "footnote" | "endnote" if self.part != Part::Document => {
                // Separators have a type, notes have none.
                let id = get("id").filter(|_| attributes.raw("type").is_none_or(|kind| kind == "normal"));
                let Some(id) = id else {
                    self.out.push_str("<div>");
                    return;
                };
                let kind = self.part.id();
                let mut id_text = String::new();
                escape_attribute(&id, &mut id_text);
                self.out.push_str(&format!("<aside epub:type=\"footnote\" id=\"{kind}-{id_text}\">"));
                self.out.push_str(&format!("<a href=\"#{kind}-ref-{id_text}\">\u{2191}</a>"));
            }
            "tbl" => {
                self.start_cell();
                self.end_lists(0);
                self.out.push_str("<table>");
            }
            "tr" => self.out.push_str("<tr>"),
            "tc" => {
                self.cell = Some(String::from("<td>"));
                self.lists.push(Vec::new());
            }
            "gridSpan" => {
                let span =
                    get("val").and_then(|span| span.trim().parse::<u16>().ok()).filter(|span| (2..100).contains(span));
                if let (Some(cell), Some(span)) = (&mut self.cell, span) {
                    *cell = format!("<td colspan=\"{span}\">");
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" if self.unopened > 0 => self.unopened -= 1,
            "p" => self.end_paragraph(),
            "rPr" => self.in_run_style = false,
            "t" | "instrText" => self.in_text = false,
            "hyperlink" | "fldSimple" => self.end_link(),
            "footnote" | "endnote" if self.part != Part::Document => {
                self.end_lists(0);
                // A separator opened a `div`; the parser closes what fits.
                self.out.push_str("</aside></div>");
            }
            "tbl" => self.out.push_str("</table>"),
            "tr" => self.out.push_str("</tr>"),
            "tc" => {
                self.start_cell();
                self.end_lists(0);
                if self.lists.len() > 1 {
                    self.lists.pop();
                }
                self.out.push_str("</td>");
            }
            _ => {}
        }
    }

    fn start_cell(&mut self) {
        if let Some(cell) = self.cell.take() {
            self.out.push_str(&cell);
        }
    }

    fn push(&mut self, markup: &str) {
        self.paragraphs.last_mut().map_or(&mut self.out, |paragraph| &mut paragraph.inside).push_str(markup);
    }

    fn start_link(&mut self, place: Option<String>) {
        let Some(place) = place else { return };
        let Some(paragraph) = self.paragraphs.last_mut() else { return self.fields.forget_link() };
        paragraph.inside.push_str("<a href=\"");
        escape_attribute(&place, &mut paragraph.inside);
        paragraph.inside.push_str("\">");
        paragraph.links += 1;
    }

    fn end_link(&mut self) {
        let is_link = self.fields.end();
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|one| is_link && one.links > 0) {
            paragraph.inside.push_str("</a>");
            paragraph.links -= 1;
        }
    }

    fn text(&mut self, text: &str) {
        if self.fields.takes(text) || self.run.hidden || text.is_empty() {
            return;
        }
        let heading = self.paragraphs.last().is_some_and(|paragraph| paragraph.level.is_some());
        let looks = self.run.looks(heading);
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let out = &mut paragraph.inside;
        // Word cuts a sentence into many runs of one look; they are put together again.
        let mut closing = String::new();
        for (_, tag) in looks.iter().filter(|(on, _)| *on) {
            closing.insert_str(0, &format!("</{tag}>"));
        }
        let continued = !closing.is_empty() && out.ends_with(&closing) && !out.ends_with("</a></sup>");
        if continued {
            out.truncate(out.len() - closing.len());
        } else {
            looks.iter().filter(|(on, _)| *on).for_each(|(_, tag)| out.push_str(&format!("<{tag}>")));
        }
        escape_text(text, out);
        out.push_str(&closing);
    }

    fn end_paragraph(&mut self) {
        let Some(mut paragraph) = self.paragraphs.pop() else { return };
        self.fields.end_instructions();
        for _ in 0..paragraph.links {
            paragraph.inside.push_str("</a>");
        }
        if !self.paragraphs.is_empty() {
            // In a text box: its paragraphs follow the one that holds it, set in lines.
            let inside = format!("<br/>{}", paragraph.inside);
            if !paragraph.inside.is_empty() {
                self.push(&inside);
            }
            return;
        }
        if let Some(level) = paragraph.level.filter(|_| !paragraph.inside.trim().is_empty()) {
            self.end_lists(0);
            let level = level.min(6);
            self.out.push_str(&format!("<h{level}>{}</h{level}>\n", paragraph.inside));
            return;
        }
        match &paragraph.number {
            Some(number) if !paragraph.inside.is_empty() => {
                let ordered = self.styles.is_ordered(number, paragraph.depth);
                self.item(paragraph.depth + 1, ordered);
                self.out.push_str(&paragraph.inside);
            }
            _ => {
                self.end_lists(0);
                self.out.push_str(&format!("<p>{}</p>\n", paragraph.inside));
            }
        }
    }

    /// Starts an item of a list at a depth.
    fn item(&mut self, depth: usize, ordered: bool) {
        self.end_lists(depth);
        let Some(lists) = self.lists.last_mut() else { return };
        if lists.len() == depth {
            self.out.push_str("</li><li>");
            return;
        }
        while lists.len() < depth {
            self.out.push_str(if ordered { "<ol><li>" } else { "<ul><li>" });
            lists.push(ordered);
        }
    }

    /// Ends the lists of this cell that are deeper than that.
    fn end_lists(&mut self, depth: usize) {
        let Some(lists) = self.lists.last_mut() else { return };
        while lists.len() > depth {
            let ordered = lists.pop() == Some(true);
            self.out.push_str(if ordered { "</li></ol>\n" } else { "</li></ul>\n" });
        }
    }
}
