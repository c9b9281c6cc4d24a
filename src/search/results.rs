//! A search as the caller sees it: ranked books, editions of one book on one line, a page of them, and how sure it is.

use super::ask::Ask;
use super::rank::{self, Rank};
use super::recall::{self, Candidate};
use super::schema::{Fields, Record};
use super::{Error, Result};
use std::collections::HashMap;
use tantivy::schema::{TantivyDocument, Value};
use tantivy::{DocAddress, Searcher};

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The page asked for.
    pub hits: Vec<Hit>,
    /// Lines on all pages together, at most the 160 books that were compared.
    pub total: usize,
    /// How sure it is that the book meant is among them.
    pub confidence: Confidence,
    /// The book format asked for in the text, in lower case: "epub".
    pub format: Option<String>,
    /// The text without the words of the chat, folded.
    pub cleaned: String,
}

/// One line: a book and its other editions.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The best known edition.
    pub id: u64,
    /// What the list is sorted by. Comparable within one search only.
    pub score: f32,
    /// How alike query and book are, 0 to 1, whatever their popularity.
    pub likeness: f32,
    /// Other editions: same title apart from remarks in brackets, same author.
    pub others: Vec<u64>,
}

/// How sure a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// One book is clearly meant: show its card.
    Sure,
    /// Several fit: show the list.
    Several,
    /// Nothing fits well: 您是不是要找….
    Doubtful,
    /// Nothing fits; there are no hits.
    Nothing,
}

/// Below this likeness a book is not shown.
const SHOWN: f32 = 0.5;
/// Below this likeness of the best book nothing is shown.
const LEAST: f32 = 0.62;
/// Below this likeness of the best book the answer is doubtful.
const SURE_ENOUGH: f32 = 0.7;
/// So much higher than the next line a book must score to be clearly meant.
const GAP: f32 = 0.15;

/// A compared book.
struct Ranked {
    id: u64,
    popularity: u64,
    rank: Rank,
    edition: String,
}

/// See [`super::Index::search`].
pub(crate) fn search(searcher: &Searcher, fields: &Fields, text: &str, limit: usize, offset: usize) -> Result<Found> {
    let Some(ask) = Ask::new(text) else {
        return Ok(Found {
            hits: Vec::new(),
            total: 0,
            confidence: Confidence::Nothing,
            format: None,
            cleaned: String::new(),
        });
    };
    let lines = group(ranked(searcher, fields, &ask)?);
    let confidence = confidence(&lines);
    let total = if confidence == Confidence::Nothing { 0 } else { lines.len() };
    let hits = lines.into_iter().take(total).skip(offset).take(limit).map(|(hit, _)| hit).collect();
    Ok(Found { hits, total, confidence, format: ask.cleaned.format, cleaned: ask.cleaned.text })
}

/// All candidates, compared and in their final order. The order is total, so that pages never overlap: equal scores
/// go by popularity, then by id.
fn ranked(searcher: &Searcher, fields: &Fields, ask: &Ask) -> Result<Vec<Ranked>> {
    let mut all = Vec::new();
    let ids: Vec<_> = searcher
        .segment_readers()
        .iter()
        .map(|reader| reader.fast_fields().u64("id"))
        .collect::<tantivy::Result<_>>()?;
    for candidate in recall::candidates(searcher, fields, ask)? {
        let DocAddress { segment_ord, doc_id } = candidate.at;
        let id = ids.get(segment_ord as usize).and_then(|column| column.first(doc_id));
        let id = id.ok_or_else(|| Error::Damaged("a book without id".to_owned()))?;
        let record = read(searcher, fields, &candidate)?;
        let rank = rank::rank(ask, &candidate, &record);
        if rank.likeness >= SHOWN {
            all.push(Ranked { id, popularity: candidate.popularity, rank, edition: record.edition });
        }
    }
    all.sort_unstable_by(|a, b| {
        b.rank.score.total_cmp(&a.rank.score).then(b.popularity.cmp(&a.popularity)).then(a.id.cmp(&b.id))
    });
    Ok(all)
}

fn read(searcher: &Searcher, fields: &Fields, candidate: &Candidate) -> Result<Record> {
    let document: TantivyDocument = searcher.doc(candidate.at)?;
    let bytes = document.get_first(fields.record).and_then(|value| value.as_bytes()).unwrap_or_default();
    Ok(Record::decode(&String::from_utf8_lossy(bytes)))
}

/// Editions join the line of the one that comes first.
fn group(all: Vec<Ranked>) -> Vec<(Hit, Rank)> {
    let mut lines: Vec<(Hit, Rank)> = Vec::new();
    let mut line_of: HashMap<String, usize> = HashMap::new();
    for book in all {
        match line_of.get(&book.edition) {
            Some(at) => lines[*at].0.others.push(book.id),
            None => {
                line_of.insert(book.edition, lines.len());
                let hit = Hit { id: book.id, score: book.rank.score, likeness: book.rank.likeness, others: Vec::new() };
                lines.push((hit, book.rank));
            }
        }
    }
    lines
}

fn confidence(lines: &[(Hit, Rank)]) -> Confidence {
    let Some((_, best)) = lines.first() else {
        return Confidence::Nothing;
    };
    let next = lines.get(1).map_or(f32::MIN, |(_, rank)| rank.score);
    if best.likeness < LEAST {
        Confidence::Nothing
    } else if best.exact && best.score - next >= GAP {
        Confidence::Sure
    } else if best.likeness < SURE_ENOUGH {
        Confidence::Doubtful
    } else {
        Confidence::Several
    }
}
