//! The text of the book while it is written: paragraphs, formatted runs, and where things are.
//!
//! The writer says for each run of text how it looks; here the tags between two runs are found, so
//! that they always nest and none is without effect. Paragraphs are opened when something is in
//! them. Places are given the tag that is written next, or an empty `<a>` before text.

use super::format::{Format, Tag, align_name, ems, font};
use super::property::Align;
use super::target::{Place, Targets};
use crate::book::mobi::Made;
use std::fmt::Write as _;

/// The paragraph that text is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Paragraph {
    /// `p`, `div`, `h1` to `h6`
    pub(super) tag: &'static str,
    pub(super) align: Option<Align>,
    /// Of the first line, in ems.
    pub(super) indent: f32,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Link {
    /// Into the book.
    Inside(Place),
    /// To another site.
    Outside(String),
}

/// The text while it is written.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) out: String,
    /// The open paragraph's tag; empty in a cell or item, whose text needs none.
    paragraph: Option<&'static str>,
    tags: Vec<Tag>,
    links: Vec<Link>,
    /// Where the ten digits of a link stand, and the place.
    holes: Vec<(usize, Place)>,
    /// Places that lead to what is written next.
    arriving: Vec<Place>,
    /// Nothing stands in the line yet: blanks are dropped.
    blank: bool,
    /// A blank was read and not yet written.
    space: bool,
    /// A line ends before the next text of the paragraph.
    line: bool,
    /// Space above the next paragraph, in ems.
    gap: f32,
    /// In a cell or item that has nothing yet; with its alignment.
    fresh: Option<Option<Align>>,
    /// Nothing was written since the last page break.
    empty: bool,
    /// Soft hyphens left out.
    pub(super) hyphens: usize,
}

impl Stream {
    /// A stream that begins with what stands before the text.
    pub(super) fn new(head: String) -> Stream {
        Stream { out: head, blank: true, empty: true, ..Stream::default() }
    }

    /// Makes a link known; it is in effect where a run has it in its format.
    pub(super) fn add_link(&mut self, link: Link) -> usize {
        self.links.push(link);
        self.links.len() - 1
    }

    /// Places that the next tag or text is the end of.
    pub(super) fn arrive(&mut self, places: &[Place]) {
        self.arriving.extend_from_slice(places);
    }

    /// Text in which blanks are written as they are read, but runs of them as one.
    pub(super) fn text(&mut self, text: &str, format: &Format, paragraph: &Paragraph, targets: &mut Targets<'_>) {
        let mut rest = text;
        let mut started = false;
        loop {
            let word = rest.trim_start_matches(is_blank);
            self.space |= word.len() < rest.len() && !self.blank;
            if word.is_empty() {
                return;
            }
            let end = word.find(is_blank).unwrap_or(word.len());
            let (word, behind) = word.split_at_checked(end).unwrap_or((word, ""));
            if started {
                self.out.push(' ');
                self.space = false;
            } else {
                self.begin(format, paragraph, targets);
                self.land_on_text(format, targets);
                started = true;
            }
            self.write(word);
            rest = behind;
        }
    }

    /// Text whose blanks are all kept.
    pub(super) fn exact(&mut self, text: &str, format: &Format, paragraph: &Paragraph, targets: &mut Targets<'_>) {
        self.begin(format, paragraph, targets);
        self.land_on_text(format, targets);
        let mut before = self.blank;
        for c in text.chars() {
            // The first of several blanks may end a line, the others must not vanish.
            match c {
                ' ' if !before => self.out.push(' '),
                ' ' => self.out.push_str("&nbsp;"),
                '\t' => self.out.push_str("&nbsp;&nbsp;&nbsp; "),
                c => self.write(c.encode_utf8(&mut [0; 4])),
            }
            before = matches!(c, ' ' | '\t');
        }
        self.blank = false;
    }

    /// Opens what a run needs: its paragraph and its tags.
    fn begin(&mut self, format: &Format, paragraph: &Paragraph, targets: &mut Targets<'_>) {
        if self.paragraph.is_none() {
            self.open_paragraph(paragraph, targets);
        }
        if std::mem::take(&mut self.line) && !self.blank {
            self.tag("<br/>", targets);
            (self.space, self.blank) = (false, true);
        }
        self.switch(format, targets);
        self.empty = false;
    }

    fn open_paragraph(&mut self, paragraph: &Paragraph, targets: &mut Targets<'_>) {
        let plain = matches!(paragraph.tag, "p" | "div");
        let fresh = self.fresh.take();
        let gap = std::mem::take(&mut self.gap);
        (self.blank, self.space) = (true, false);
        if plain && fresh.is_some_and(|align| align == paragraph.align) {
            self.paragraph = Some("");
            return;
        }
        let mut tag = format!("<{}", paragraph.tag);
        if gap >= 0.05 {
            let _ = write!(tag, " height=\"{}\"", ems(gap.min(12.0)));
        }
        // Without the width, old Kindles set the first line in.
        if paragraph.tag == "p" || plain && paragraph.indent > 0.05 {
            let _ = write!(tag, " width=\"{}\"", ems(paragraph.indent.clamp(0.0, 12.0)));
        }
        if let Some(align) = paragraph.align {
            let _ = write!(tag, " align=\"{}\"", align_name(align));
        }
        tag.push('>');
        self.tag(&tag, targets);
        self.paragraph = Some(paragraph.tag);
    }

    /// Closes and opens tags until the format is in effect; a waiting blank goes between.
    fn switch(&mut self, format: &Format, targets: &mut Targets<'_>) {
        let wanted = format.tags();
        let same = self.tags.iter().zip(&wanted).take_while(|(open, wanted)| open == wanted).count();
        self.close_tags(same);
        if std::mem::take(&mut self.space) && !self.blank {
            self.out.push(' ');
        }
        for tag in wanted.into_iter().skip(same) {
            self.open_tag(tag, targets);
        }
    }

    fn close_tags(&mut self, keep: usize) {
        while self.tags.len() > keep
            && let Some(tag) = self.tags.pop()
        {
            let _ = write!(self.out, "</{}>", tag.name());
        }
    }

    fn open_tag(&mut self, tag: Tag, targets: &mut Targets<'_>) {
        self.land(targets);
        match tag {
            Tag::Link(link) => match self.links.get(link) {
                Some(Link::Inside(place)) => {
                    let place = *place;
                    self.out.push_str("<a filepos=");
                    self.hole(place);
                    self.out.push('>');
                }
                Some(Link::Outside(href)) => {
                    let mut start = String::from("<a href=\"");
                    crate::book::dom::escape_attribute(href, &mut start);
                    self.out.push_str(&start);
                    self.out.push_str("\">");
                }
                None => self.out.push_str("<a>"),
            },
            Tag::Font { size, color } => self.out.push_str(&font(size, color)),
            _ => {
                let _ = write!(self.out, "<{}>", tag.name());
            }
        }
        self.tags.push(tag);
    }

    /// Ten digits that are filled in when the place is known.
    pub(super) fn hole(&mut self, place: Place) {
        self.holes.push((self.out.len(), place));
        self.out.push_str("0000000000");
    }

    /// Writes a tag that is the end of all places that wait for one.
    fn tag(&mut self, tag: &str, targets: &mut Targets<'_>) {
        self.land(targets);
        self.out.push_str(tag);
        self.empty = false;
    }

    /// The tag that is written next is where the waiting places are. Of those that need an offset
    /// of their own all but the last get an empty tag.
    fn land(&mut self, targets: &mut Targets<'_>) {
        if self.arriving.is_empty() {
            return;
        }
        let arriving = std::mem::take(&mut self.arriving);
        let own: Vec<Place> = arriving.iter().copied().filter(|&place| targets.is_own(place)).collect();
        for (at, place) in own.iter().enumerate() {
            targets.found(*place, self.out.len());
            if at + 1 < own.len() {
                self.out.push_str("<a></a>");
            }
        }
        for place in arriving {
            targets.found(place, self.out.len());
        }
    }

    /// Text follows: places that still wait get an empty tag, and a link around is opened anew.
    fn land_on_text(&mut self, format: &Format, targets: &mut Targets<'_>) {
        if self.arriving.is_empty() {
            return;
        }
        if self.tags.iter().any(|tag| matches!(tag, Tag::Link(_))) {
            self.close_tags(0);
            self.switch(format, targets);
        } else {
            self.tag("<a></a>", targets);
        }
    }

    /// An empty tag for places that still wait, where nothing follows that could have one.
    pub(super) fn land_here(&mut self, targets: &mut Targets<'_>) {
        if !self.arriving.is_empty() {
            self.tag("<a></a>", targets);
        }
    }

    /// Something that stands in the line like a letter.
    pub(super) fn inline(&mut self, tag: &str, format: &Format, paragraph: &Paragraph, targets: &mut Targets<'_>) {
        self.begin(format, paragraph, targets);
        self.tag(tag, targets);
        self.blank = false;
    }

    /// A tag around runs of text, whatever they look like.
    pub(super) fn bare(&mut self, tag: &str, paragraph: &Paragraph, targets: &mut Targets<'_>) {
        self.begin(&Format::default(), paragraph, targets);
        self.tag(tag, targets);
    }

    /// Signs that the book does not have, in an element by which a reader knows them.
    pub(super) fn made(
        &mut self,
        made: Made,
        signs: &str,
        format: &Format,
        paragraph: &Paragraph,
        targets: &mut Targets<'_>,
    ) {
        self.bare(made.start(), paragraph, targets);
        self.switch(format, targets);
        self.write(signs);
        self.close_tags(0);
        let _ = write!(self.out, "</{}>", made.element());
    }

    /// A link without text.
    pub(super) fn empty_link(&mut self, format: &Format, targets: &mut Targets<'_>) {
        self.switch(format, targets);
    }

    /// Ends a line.
    pub(super) fn line_break(&mut self, targets: &mut Targets<'_>) {
        self.tag("<br/>", targets);
        (self.space, self.blank) = (false, true);
    }

    /// The next text of the paragraph starts a new line, if it is in one.
    pub(super) fn line_soon(&mut self) {
        self.line |= self.paragraph.is_some();
    }

    /// A blank between what would else run together.
    pub(super) fn part(&mut self) {
        self.space |= !self.blank;
    }

    /// Ends the paragraph, if there is one.
    pub(super) fn end_paragraph(&mut self) {
        self.close_tags(0);
        if let Some(tag) = self.paragraph.take()
            && !tag.is_empty()
        {
            let _ = write!(self.out, "</{tag}>");
        }
        (self.blank, self.space, self.line) = (true, false, false);
    }

    /// Space between paragraphs; spaces that meet are as large as the largest.
    pub(super) fn gap(&mut self, ems: f32) {
        self.gap = self.gap.max(ems);
    }

    /// Opens an element around paragraphs.
    pub(super) fn open(&mut self, tag: &str, targets: &mut Targets<'_>) {
        self.end_paragraph();
        self.tag(tag, targets);
        self.fresh = None;
    }

    /// Opens a cell or an item, whose first text needs no paragraph.
    pub(super) fn open_cell(&mut self, tag: &str, align: Option<Align>, targets: &mut Targets<'_>) {
        self.open(tag, targets);
        self.gap = 0.0;
        self.fresh = Some(align);
    }

    /// Closes what was opened.
    pub(super) fn close(&mut self, name: &str) {
        self.end_paragraph();
        self.fresh = None;
        let _ = write!(self.out, "</{name}>");
    }

    /// Starts a new page unless this one is empty.
    pub(super) fn page_break(&mut self) {
        self.end_paragraph();
        if !self.empty {
            self.out.push_str("<mbp:pagebreak/>");
            self.empty = true;
        }
        self.gap = 0.0;
    }

    /// The finished text, every link filled in.
    pub(super) fn finish(mut self, targets: &Targets<'_>) -> Vec<u8> {
        self.end_paragraph();
        self.out.push_str("</body></html>");
        let mut bytes = self.out.into_bytes();
        for (at, place) in self.holes {
            let digits = format!("{:010}", targets.offset(place));
            if let Some(hole) = bytes.get_mut(at..at + 10) {
                hole.copy_from_slice(digits.as_bytes());
            }
        }
        bytes
    }

    /// Characters, with what markup and old Kindles take wrongly escaped. Soft hyphens are left
    /// out: old Kindles show them in the middle of the line. Everything else stays as it is, in
    /// whatever normal form, so that the text can come back exactly.
    fn write(&mut self, text: &str) {
        self.blank = false;
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let replacement = match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '\u{a0}' => "&nbsp;",
                '\u{ad}' => {
                    self.hyphens += 1;
                    ""
                }
                c if c < ' ' => "",
                _ => continue,
            };
            self.out.push_str(text.get(plain..at).unwrap_or_default());
            self.out.push_str(replacement);
            plain = at + c.len_utf8();
        }
        self.out.push_str(text.get(plain..).unwrap_or_default());
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}
