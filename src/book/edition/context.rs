//! What the cleaning of all pages shares: the book, its places, the files taken in, the report.

use super::super::{Book, Change, Format, Report, charset, picture};
use super::drawing;
use super::files::Files;
use super::places::{Place, Places};
use std::collections::HashSet;

/// Stands before the number of a link in the markup of a page whose links are not resolved yet. Both
/// marks are code points that no text may have; they are taken out of what is read.
pub(super) const LINK_START: char = '\u{FDD0}';
/// Stands behind it.
pub(super) const LINK_END: char = '\u{FDD1}';

/// What the cleaning of all pages shares.
pub(super) struct Context<'b> {
    pub(super) book: &'b Book,
    pub(super) target: Format,
    /// An EPUB of which a Kindle book will be made.
    pub(super) for_kindle: bool,
    pub(super) places: Places,
    pub(super) files: Files<'b>,
    pub(super) report: Report,
    /// The links between pages, to be resolved when all pages are known: chapter and id there.
    pub(super) links: Vec<(usize, Option<String>)>,
    /// How many bytes of style sheets may still be put in where they are imported.
    pub(super) imports_left: usize,
    /// How many rules and declarations the sheets may still have.
    pub(super) declarations_left: usize,
    /// The families of all embedded fonts in lower case; none if they do not matter.
    pub(super) families: Option<HashSet<String>>,
}

impl<'b> Context<'b> {
    pub(super) fn new(book: &'b Book, target: Format, for_kindle: bool) -> Context<'b> {
        let mut context = Context {
            book,
            target,
            for_kindle,
            places: Places::new(&book.chapters, &book.resources),
            files: Files::new(&book.resources, target, for_kindle),
            report: book.report.clone(),
            links: Vec::new(),
            imports_left: super::styles::MOST_IMPORTED,
            declarations_left: super::styles::MOST_DECLARATIONS,
            families: None,
        };
        if context.is_kindle() {
            context.families = Some(super::fonts::embedded_families(&context));
        }
        context
    }

    /// Whether the target is a Kindle's format, or becomes one.
    pub(super) fn is_kindle(&self) -> bool {
        self.for_kindle || matches!(self.target, Format::Azw3 | Format::Mobi)
    }

    /// Whether the target shows pictures and styles at all.
    pub(super) fn is_plain(&self) -> bool {
        self.target == Format::Txt
    }

    /// Whether the target can show SVG in a page.
    pub(super) fn takes_drawings(&self) -> bool {
        matches!(self.target, Format::Epub | Format::Azw3 | Format::Html)
    }

    /// Whether the target can show MathML.
    pub(super) fn takes_formulas(&self) -> bool {
        matches!(self.target, Format::Epub | Format::Html)
    }

    /// Whether the target can play sound and film.
    pub(super) fn takes_media(&self) -> bool {
        self.target == Format::Epub && !self.for_kindle
    }

    /// Notes a change in a chapter.
    pub(super) fn note(&mut self, change: Change, example: &str) {
        self.report.note(change, example);
    }

    /// The `href` of a link from the file `from`; none, and a note, if it leads nowhere. Links to
    /// pages get their final form in the end.
    pub(super) fn link(&mut self, from: &str, href: &str) -> Option<String> {
        match self.places.find(from, href) {
            Place::Chapter(chapter, fragment) => Some(self.link_to(chapter, fragment)),
            Place::Outside(address) => Some(address),
            Place::Data | Place::Forbidden | Place::Missing | Place::Resource(..) => {
                self.note(Change::LinkDropped, href);
                None
            }
        }
    }

    /// A link to a chapter in its form until the end.
    pub(super) fn link_to(&mut self, chapter: usize, fragment: Option<String>) -> String {
        self.links.push((chapter, fragment));
        format!("{LINK_START}{}{LINK_END}", self.links.len() - 1)
    }

    /// The path of a file.
    pub(super) fn file_path(&self, file: usize) -> Option<String> {
        self.files.get(file).map(|file| file.path.clone())
    }

    /// The picture that `src`, found in `from`, names: its path among the files. None, and a note,
    /// if there is none that the target takes.
    pub(super) fn picture(&mut self, from: &str, src: &str) -> Option<String> {
        let file = match self.places.find(from, src) {
            Place::Resource(at, _) => self.resource_picture(at),
            Place::Data => self.files.data_picture(src.trim(), &mut self.report),
            Place::Outside(_) => {
                self.note(Change::RemoteDropped, src);
                None
            }
            Place::Chapter(..) | Place::Forbidden | Place::Missing => {
                self.note(Change::PictureDropped, src);
                None
            }
        };
        self.file_path(file?)
    }

    /// The file that a picture of the book becomes; a drawing stays one where the target shows it as a file.
    pub(super) fn resource_picture(&mut self, at: usize) -> Option<usize> {
        if let Some(known) = self.files.taken(at) {
            return known;
        }
        let resource = self.files.resource(at)?;
        let is_drawing = picture::sniff(&resource.bytes) == Some(picture::Kind::Svg);
        if !is_drawing || self.is_kindle() || !matches!(self.target, Format::Epub | Format::Html) {
            return self.files.picture(at, &self.places, &mut self.report);
        }
        // A drawing that shows itself ends here.
        self.files.remember(at, None);
        let svg = charset::decode_markup(&resource.bytes);
        let cleaned = drawing::file(self, &resource.path, &svg);
        let file = cleaned.map(|svg| self.files.add('d', "svg", "image/svg+xml", svg.into_bytes()));
        if file.is_none() {
            self.note(Change::PictureDropped, &resource.path);
        }
        self.files.remember(at, file);
        file
    }
}
