//! Plain text into a [`Book`]: decoded, cut into chapters, its paragraphs put together again.
//!
//! A text has no structure but what its lines show, so everything here is a guess made from rules
//! with names: `heading` and `style` (one line), `outline` (the whole), `contents` and `isolated` (headings
//! that are none, and names that are), `adverts`, `lines` (paragraphs), `about` (title and author).
//! `write` goes the other way; its texts are known by their blank lines (`set_off`), so that the same
//! chapters are read again.

mod about;
mod adverts;
mod blocks;
mod contents;
mod english;
mod heading;
mod isolated;
mod lines;
mod numeral;
mod outline;
#[cfg(test)]
mod properties;
mod set_off;
mod style;
mod titles;
mod write;

use super::epub::toc::nest;
use super::file_name::{self, Guess};
use super::model::{Book, Chapter, Content, Metadata, Target, TocEntry};
use super::{Change, Error, Format, LARGEST_TEXT, ReadOptions, Report, charset, language, too_long};
use lines::Line;
use outline::Mark;
use set_off::SetOff;
pub(super) use write::write;

/// Largest file taken, in bytes: what UTF-32 makes of a text as long as a book may have.
const LARGEST: usize = 2 * LARGEST_TEXT;
/// Characters beyond which a chapter is cut, and about how many its parts have.
const LONGEST_CHAPTER: usize = 40_000;
const PART: usize = 12_000;

/// Reads a text; the file name is the best source of its title.
pub(super) fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    if bytes.len() > LARGEST {
        return Err(too_long());
    }
    let mut report = Report::default();
    let text = text(bytes, options.rescue, &mut report)?;
    if text.len() > LARGEST_TEXT {
        return Err(too_long());
    }
    let mut lines = lines::cut(&text);
    adverts::drop_from(&mut lines, options.adverts, &mut report);
    if lines.is_empty() {
        return Err(Error::Malformed("there is no text in it".into()));
    }
    let set_off = set_off::find(&lines);
    let wrapped = if set_off.is_some() { None } else { lines::wrap_width(&lines) };
    let (named, top, marks) = match set_off {
        Some(SetOff { named, top, marks }) => (Some(named), top, marks),
        None => (None, 0, outline::marks(&lines)),
    };
    let first = marks.first().map_or(lines.len(), |mark| mark.line);
    let mut metadata = metadata(&lines, first, named, options.file_name);
    metadata.language = language(&text);
    let mut builder = Builder::new(&metadata.title, wrapped);
    builder.front(&lines[top..first], !marks.is_empty());
    for (at, mark) in marks.iter().enumerate() {
        let end = marks.get(at + 1).map_or(lines.len(), |next| next.line);
        builder.chapter(mark, lines.get(mark.end..end).unwrap_or(&[]));
    }
    let Builder { chapters, toc, .. } = builder;
    let toc = nest(toc);
    Ok(Book { metadata, chapters, toc, report, ..Book::new(Format::Txt) })
}

/// The bytes decoded, without the characters that no page can hold.
fn text(bytes: &[u8], rescue: bool, report: &mut Report) -> Result<String, Error> {
    let decoded = charset::decode(bytes);
    let decoded = if rescue { decoded.or_else(|| charset::decode_damaged(bytes)) } else { decoded };
    let decoded = decoded.ok_or_else(|| Error::Malformed("it is not readable text".into()))?;
    if decoded.damage > 0.0 {
        report.note(Change::Rescued, format!("{}: characters that cannot be decoded", decoded.encoding));
    }
    let mut text = decoded.text;
    let unfit =
        |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if may_be_unfit(&text) && text.contains(unfit) {
        report.note(Change::CharacterReplaced, "control characters");
        // A page break ends a line.
        text = text.replace('\u{C}', "\n");
        text.retain(|c| !unfit(c));
    }
    Ok(text)
}

/// A quick look at the bytes: control characters, and the starts of others and of what is no character.
fn may_be_unfit(text: &str) -> bool {
    let suspect = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || matches!(byte, 0x7F | 0xC2);
    let bytes = text.as_bytes();
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or(&[]));
    // Counted rather than searched for, because that is done for many bytes at once.
    bytes.iter().filter(|byte| suspect(**byte)).count()
        + pairs.filter(|(one, two)| (**one, **two) == (0xEF, 0xBF)).count()
        > 0
}

/// Title and authors: what the text says for sure, else the best of its first lines and its name.
fn metadata(lines: &[Line<'_>], first: usize, sure: Option<Guess>, file_name: Option<&str>) -> Metadata {
    let mut metadata = Metadata::default();
    if let Some(Guess { title, authors }) = sure {
        authors.iter().for_each(|author| metadata.add_author(author));
        metadata.title = title;
        file_name::complete(&mut metadata, file_name);
        return metadata;
    }
    let named = file_name.map(file_name::guess).unwrap_or_default();
    // Without chapters any line might be the text itself; only the very top can name the book.
    let front = &lines[..if first == lines.len() { first.min(6) } else { first }];
    let inside = about::guess(front, &named);
    let cjk = |title: &str| title.chars().any(super::xhtml::is_cjk);
    let telling = !named.authors.is_empty() || cjk(&named.title);
    // `lunyu-utf8.txt` over a first line 论语: the line names the book, if chapters follow it.
    let first_line =
        about::first_line(front).filter(|line| first < lines.len() && (cjk(line) || named.title.is_empty()));
    metadata.title = match (telling, inside.title.is_empty(), first_line) {
        (true, ..) => named.title.clone(),
        (false, false, _) => inside.title.clone(),
        (false, true, Some(line)) => line,
        (false, true, None) => named.title.clone(),
    };
    let authors = if named.authors.is_empty() { &inside.authors } else { &named.authors };
    for author in authors {
        metadata.add_author(author);
    }
    file_name::complete(&mut metadata, None);
    metadata
}

fn language(text: &str) -> Option<String> {
    let sample: String = text.chars().take(40_000).collect();
    let tag = language::of_text(&sample).or_else(|| language::is_english(&sample).then_some("en"));
    tag.map(str::to_owned)
}

/// Chapters and their contents as they grow.
struct Builder<'b> {
    title: &'b str,
    wrapped: Option<usize>,
    chapters: Vec<Chapter>,
    toc: Vec<(usize, TocEntry)>,
    volume: Option<String>,
}

impl<'b> Builder<'b> {
    fn new(title: &'b str, wrapped: Option<usize>) -> Self {
        Builder { title, wrapped, chapters: Vec::new(), toc: Vec::new(), volume: None }
    }

    /// What stands before the first heading, without a name: the whole text if there is none.
    fn front(&mut self, lines: &[Line<'_>], chapters_follow: bool) {
        let text = lines::paragraphs(lines, self.wrapped);
        if text.is_empty() {
            return;
        }
        if !chapters_follow {
            self.entry(0, self.title);
        }
        let size = if chapters_follow { LONGEST_CHAPTER } else { PART };
        for part in cut_parts(&text, size) {
            self.add("", part.to_owned());
        }
    }

    fn chapter(&mut self, mark: &Mark, lines: &[Line<'_>]) {
        let depth = mark.heading.rank + 1;
        if let Some(volume) = &mark.heading.volume
            && self.volume.as_ref() != Some(volume)
        {
            self.entry(depth - 1, volume);
            self.volume = Some(volume.clone());
        }
        self.entry(depth, &mark.title);
        let text = lines::paragraphs(lines, self.wrapped);
        if text.len() <= LONGEST_CHAPTER || text.chars().count() <= LONGEST_CHAPTER {
            return self.add(&mark.title, text);
        }
        // The parts after the first have no name: only the first is in the table of contents.
        for (at, part) in cut_parts(&text, PART).into_iter().enumerate() {
            self.add(if at == 0 { &mark.title } else { "" }, part.to_owned());
        }
    }

    /// A line of the table of contents that leads to the chapter added next.
    fn entry(&mut self, depth: usize, title: &str) {
        let target = Some(Target { chapter: self.chapters.len(), fragment: None });
        self.toc.push((depth, TocEntry { title: title.to_owned(), target, children: Vec::new() }));
    }

    fn add(&mut self, title: &str, text: String) {
        let path = format!("chapter{:04}.xhtml", self.chapters.len() + 1);
        self.chapters.push(Chapter { path, title: title.to_owned(), content: Content::Text(text), linear: true });
    }
}

/// Pieces of about `size` characters. A piece ends with a paragraph; one that has none for three
/// times that length ends with a sentence, or just there.
fn cut_parts(text: &str, size: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut count) = (0, 0);
    for (at, c) in text.char_indices() {
        count += 1;
        let end = at + c.len_utf8();
        let ends = c == '\n' || count >= size * 2 && matches!(c, '。' | '！' | '？' | '．' | '”') || count >= size * 3;
        if count >= size && ends {
            parts.push(text[start..end].trim());
            (start, count) = (end, 0);
        }
    }
    let rest = text[start..].trim();
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_all_of_the_text() {
        for unit in ["话说天下大势，分久必合，合久必分。\n", "话说天下大势，分久必合，合久必分。", "字字字字"]
        {
            let text = unit.repeat(3000);
            let parts = cut_parts(&text, 1000);
            assert!(parts.len() > 1);
            let count = |text: &str| text.chars().filter(|c| *c != '\n').count();
            assert_eq!(parts.iter().map(|part| count(part)).sum::<usize>(), count(&text));
            assert!(parts.iter().all(|part| part.chars().count() <= 3000));
        }
    }
}
