//! Full text of the books, by chapter: an index of its own in a folder of its own, so that looking for titles never
//! suffers from it. Pairs of characters without positions find the chapters that may hold the words; the stored text
//! decides. It ranks by how often the words occur and knows nothing of titles: those are the other index's.

use super::fold::{fold, is_wide};
use super::live::sole_writer;
use super::{Error, Options, Result, words};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;
use tantivy::collector::DocSetCollector;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{
    Field, INDEXED, IndexRecordOption, STORED, Schema, TantivyDocument, TextFieldIndexing, TextOptions, Value,
};
use tantivy::{DocAddress, Index, IndexReader, IndexWriter, ReloadPolicy, Term};

/// So many chapters are read to answer one search.
const MOST_CHAPTERS: usize = 200;
/// Longer questions are cut.
const MOST_CHARS: usize = 100;
/// Characters of a snippet on each side of the first find.
const AROUND: usize = 30;

/// A chapter that holds the words asked for; one for each book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyHit {
    /// The book's id in the store.
    pub book: u64,
    /// The chapter, counted from 0 in the order given to [`BodyIndex::put_book`].
    pub chapter: u64,
    /// Text around the first find, cut between characters.
    pub snippet: String,
    /// Where in `snippet` the words stand, in bytes, in order.
    pub highlights: Vec<Range<usize>>,
    /// How often the words occur in the chapter.
    pub count: usize,
}

/// The index of all chapters.
pub struct BodyIndex {
    fields: Fields,
    reader: IndexReader,
    /// Guards the one writer and the sum of bytes, which change together.
    writer: Mutex<Writer>,
    /// Books are refused once the texts sum up to so many bytes.
    limit: u64,
}

struct Writer {
    index: IndexWriter,
    bytes: u64,
    /// Created or begun anew, and not filled since.
    is_new: bool,
    /// All files have been read once and compared with their checksums.
    is_checked: bool,
}

#[derive(Clone, Copy)]
struct Fields {
    book: Field,
    chapter: Field,
    text: Field,
    grams: Field,
}

impl BodyIndex {
    /// Opens or creates the index in `dir`, which takes at most `limit` bytes of text. An index that cannot be read is
    /// removed and begun anew, see [`BodyIndex::must_be_filled`]. Errors: the disk, or another process writing to it.
    pub fn open(dir: &Path, limit: u64, options: Options) -> Result<BodyIndex> {
        // The engine panics over some damaged files instead of refusing them.
        let opened = std::panic::catch_unwind(|| BodyIndex::try_open(dir, limit, options));
        match opened.unwrap_or_else(|_| Err(Error::Damaged("opening it panicked".to_owned()))) {
            Err(error) if is_damage(&error) => {
                std::fs::remove_dir_all(dir)?;
                BodyIndex::try_open(dir, limit, options)
            }
            other => other,
        }
    }

    fn try_open(dir: &Path, limit: u64, options: Options) -> Result<BodyIndex> {
        std::fs::create_dir_all(dir)?;
        let (schema, fields) = schema();
        let is_new = !dir.join("meta.json").exists();
        let index = if is_new { Index::create_in_dir(dir, schema.clone())? } else { Index::open_in_dir(dir)? };
        if index.schema() != schema {
            return Err(Error::Damaged("full text".to_owned()));
        }
        let writer = sole_writer(&index, options)?;
        let bytes = index.load_metas()?.payload.and_then(|text| text.parse().ok()).unwrap_or(0);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let writer = Mutex::new(Writer { index: writer, bytes, is_new, is_checked: is_new });
        Ok(BodyIndex { fields, reader, writer, limit })
    }

    /// Whether the caller must [`BodyIndex::clear`] it and put all books again: it is new, or damaged. The first call
    /// reads all files, which takes seconds for gigabytes; the program answers meanwhile.
    pub fn must_be_filled(&self) -> bool {
        let (index, is_checked) = {
            let writer = self.writer.lock();
            (writer.index.index().clone(), writer.is_checked)
        };
        let is_sound = is_checked || {
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| index.validate_checksum()));
            matches!(checked, Ok(Ok(damaged)) if damaged.is_empty())
        };
        let mut writer = self.writer.lock();
        writer.is_checked = true;
        writer.is_new |= !is_sound;
        writer.is_new
    }

    /// Removes everything, durably, and what was not committed with it.
    pub fn clear(&self) -> Result<()> {
        {
            let mut writer = self.writer.lock();
            writer.index.rollback()?;
            writer.index.delete_all_documents()?;
            writer.bytes = 0;
        }
        self.commit()?;
        self.writer.lock().is_new = false;
        Ok(())
    }

    /// Replaces the chapters of a book. `false`, and nothing is kept of it, when the limit would be passed.
    /// The bytes of a replaced or deleted book count until the index is cleared.
    pub fn put_book(&self, book: u64, chapters: &[&str]) -> Result<bool> {
        let mut writer = self.writer.lock();
        writer.index.delete_term(Term::from_field_u64(self.fields.book, book));
        let size: u64 = chapters.iter().map(|text| text.len() as u64).sum();
        if writer.bytes + size > self.limit {
            return Ok(false);
        }
        let mut letters = Letters::default();
        for (number, text) in (0u64..).zip(chapters) {
            let mut document = TantivyDocument::new();
            document.add_u64(self.fields.book, book);
            document.add_u64(self.fields.chapter, number);
            document.add_text(self.fields.text, text);
            let folded: String = text.chars().map(|c| letters.fold(c)).collect();
            for gram in terms(&folded) {
                document.add_text(self.fields.grams, gram);
            }
            writer.index.add_document(document)?;
        }
        writer.bytes += size;
        Ok(true)
    }

    /// Removes a book's chapters.
    pub fn delete(&self, book: u64) -> Result<()> {
        self.writer.lock().index.delete_term(Term::from_field_u64(self.fields.book, book));
        Ok(())
    }

    /// Makes all changes durable and visible.
    pub fn commit(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        let bytes = writer.bytes.to_string();
        let mut prepared = writer.index.prepare_commit()?;
        prepared.set_payload(&bytes);
        prepared.commit()?;
        self.reader.reload()?;
        Ok(())
    }

    /// Bytes of text taken in so far.
    pub fn bytes(&self) -> u64 {
        self.writer.lock().bytes
    }

    /// Books with a chapter that holds every word of `text` (separated by spaces; at least two letters or characters
    /// together), the one with most finds first. Any text is allowed.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<BodyHit>> {
        let mut letters = Letters::default();
        let folded: String = text.chars().take(MOST_CHARS).map(|c| letters.fold(c)).collect();
        let named = |word: &&str| word.chars().any(char::is_alphanumeric);
        let wanted: Vec<Vec<char>> =
            folded.split_whitespace().filter(named).map(|word| word.chars().collect()).collect();
        let grams: Vec<String> = folded.split_whitespace().flat_map(terms).collect();
        if grams.is_empty() {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let clauses = grams.iter().map(|gram| {
            let term = Term::from_field_text(self.fields.grams, gram);
            (Occur::Must, Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>)
        });
        let query = BooleanQuery::new(clauses.collect());
        let mut chapters: Vec<DocAddress> = searcher.search(&query, &DocSetCollector)?.into_iter().collect();
        chapters.sort_unstable();
        let mut best: Vec<BodyHit> = Vec::new();
        for at in chapters.into_iter().take(MOST_CHAPTERS) {
            let document: TantivyDocument = searcher.doc(at)?;
            let Some(hit) = self.verify(&document, &wanted, &mut letters) else {
                continue;
            };
            match best.iter_mut().find(|known| known.book == hit.book) {
                Some(known) if known.count < hit.count => *known = hit,
                Some(_) => {}
                None => best.push(hit),
            }
        }
        best.sort_by(|a, b| b.count.cmp(&a.count).then(a.book.cmp(&b.book)));
        best.truncate(limit);
        Ok(best)
    }

    fn verify(&self, document: &TantivyDocument, wanted: &[Vec<char>], letters: &mut Letters) -> Option<BodyHit> {
        let number = |field| document.get_first(field).and_then(|value| value.as_u64());
        let text = document.get_first(self.fields.text).and_then(|value| value.as_str())?;
        let found = finds(&letters.all(text), wanted)?;
        let (snippet, highlights) = snippet(text, &found);
        Some(BodyHit {
            book: number(self.fields.book)?,
            chapter: number(self.fields.chapter)?,
            snippet,
            highlights,
            count: found.len(),
        })
    }
}

impl std::fmt::Debug for BodyIndex {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("BodyIndex").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// The engine reports files that are cut, changed or missing as errors of the disk.
fn is_damage(error: &Error) -> bool {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    match error {
        Error::Damaged(_) => true,
        Error::Io(error) => matches!(error.kind(), InvalidData | NotFound | UnexpectedEof),
        Error::Busy => false,
    }
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let grams = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let fields = Fields {
        book: builder.add_u64_field("book", INDEXED | STORED),
        chapter: builder.add_u64_field("chapter", STORED),
        text: builder.add_text_field("text", STORED),
        grams: builder.add_text_field("grams", TextOptions::default().set_indexing_options(grams)),
    };
    (builder.build(), fields)
}

/// Folds character by character, so that a place in the folded text is a place in the text. Remembers what it has
/// seen: a book uses some thousand characters a hundred times each.
#[derive(Default)]
struct Letters(HashMap<char, char>);

impl Letters {
    fn fold(&mut self, c: char) -> char {
        if c.is_ascii() {
            return c.to_ascii_lowercase();
        }
        *self.0.entry(c).or_insert_with(|| fold(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(' '))
    }

    fn all(&mut self, text: &str) -> Vec<char> {
        text.chars().map(|c| self.fold(c)).collect()
    }
}

/// Pairs of characters of scripts without spaces, and words of the others, each once.
fn terms(folded: &str) -> BTreeSet<String> {
    let units = words::units(folded);
    let wide = |unit: &str| unit.chars().next().is_some_and(is_wide);
    let pairs = units.windows(2).filter(|pair| wide(pair[0]) && wide(pair[1])).map(|pair| pair.concat());
    let single = units.iter().filter(|unit| !wide(unit)).map(|unit| (*unit).to_owned());
    pairs.chain(single).collect()
}

/// Where the words stand, as ranges of characters in order; `None` unless every one is there.
fn finds(text: &[char], wanted: &[Vec<char>]) -> Option<Vec<Range<usize>>> {
    let mut all = Vec::new();
    for word in wanted {
        let before = all.len();
        let mut at = 0;
        while at + word.len() <= text.len() {
            if text[at..].starts_with(word) {
                all.push(at..at + word.len());
                at += word.len();
            } else {
                at += 1;
            }
        }
        if all.len() == before {
            return None;
        }
    }
    all.sort_by_key(|range| range.start);
    Some(all)
}

/// The text around the first find, and the finds in it as ranges of bytes. Line ends become spaces.
fn snippet(text: &str, found: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    let Some(first) = found.first() else {
        return (String::new(), Vec::new());
    };
    let (from, to) = (first.start.saturating_sub(AROUND), first.end + AROUND);
    let mut out = String::new();
    let mut starts = Vec::new();
    for c in text.chars().skip(from).take(to - from) {
        starts.push(out.len());
        out.push(if c.is_control() { ' ' } else { c });
    }
    starts.push(out.len());
    let place = |at: usize| at.checked_sub(from).and_then(|at| starts.get(at)).copied();
    let mut highlights: Vec<Range<usize>> = Vec::new();
    for range in found {
        let Some((start, end)) = place(range.start).zip(place(range.end)) else {
            continue;
        };
        match highlights.last_mut() {
            Some(last) if start < last.end => last.end = last.end.max(end),
            _ => highlights.push(start..end),
        }
    }
    (out, highlights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_are_cut_between_characters() {
        let text: String = "前".repeat(50) + "刘玄德\n见孔明" + &"后".repeat(50);
        let wanted = [vec!['玄', '德'], vec!['孔', '明']];
        let found = finds(&Letters::default().all(&text), &wanted).unwrap();
        let (cut, marks) = snippet(&text, &found);
        assert_eq!(cut.chars().count(), 2 * AROUND + 2);
        let marked: Vec<&str> = marks.into_iter().map(|range| &cut[range]).collect();
        assert_eq!(marked, ["玄德", "孔明"]);
        assert_eq!(finds(&['a'], &[vec!['b']]), None);
    }
}
