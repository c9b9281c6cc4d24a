//! One segment of the index while a query looks through it: exact finds are flagged, and every book gets the share of
//! the query's weight that its terms hold. What comes of it is chosen in `recall`.

use super::ask::Variant;
use super::recall::{BONUS, Candidate, found, narrow_segment, prior};
use super::schema::Fields;
use super::words::{Gram, Kind};
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::fastfield::Column;
use tantivy::postings::Postings;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocId, InvertedIndexReader, SegmentReader, TERMINATED, Term};

/// Only terms that begin with a latin letter or digit are searched for similar ones. The others are many and short:
/// going through them took nine tenths of the time of an English query.
const LATIN: std::ops::Range<&str> = "0".."{";

/// One segment while a query looks through it.
pub(crate) struct Segment<'a> {
    reader: &'a SegmentReader,
    fields: &'a Fields,
    titles: Arc<InvertedIndexReader>,
    authors: Arc<InvertedIndexReader>,
    popularity: Column<u64>,
    length: Column<u64>,
    /// Weight found so far, by document.
    weight: Vec<f32>,
    found: HashMap<DocId, [u16; 3]>,
}

impl<'a> Segment<'a> {
    /// Opens its fields.
    pub(crate) fn open(reader: &'a SegmentReader, fields: &'a Fields) -> tantivy::Result<Segment<'a>> {
        Ok(Segment {
            reader,
            fields,
            titles: reader.inverted_index(fields.title_grams)?,
            authors: reader.inverted_index(fields.author_grams)?,
            popularity: reader.fast_fields().u64("popularity")?,
            length: reader.fast_fields().u64("length")?,
            weight: vec![0.0; reader.max_doc() as usize],
            found: HashMap::new(),
        })
    }

    /// Exact finds and near misses on keys and sounds.
    pub(crate) fn look_up(&mut self, variant: usize, asked: &Variant) -> tantivy::Result<()> {
        let fields = *self.fields;
        let key = asked.key.text();
        self.flag(fields.key, key, variant, found::KEY)?;
        self.flag(fields.author, key, variant, found::AUTHOR)?;
        for sound in &asked.sounds {
            self.flag(fields.sound, sound, variant, found::SOUND)?;
        }
        if let Some(usual) = asked.sounds.first() {
            self.flag(fields.author_sound, usual, variant, found::AUTHOR_SOUND)?;
            self.flag(fields.blurred, &super::pinyin::blurred(usual), variant, found::BLURRED)?;
            if usual.len() >= 5 && (asked.ascii || asked.chinese) {
                self.near(fields.sound, usual, variant)?;
            }
            if usual.len() >= 4 && (asked.ascii || asked.key.len() < usual.len()) {
                self.beginning(fields.sound, usual, variant)?;
            }
        }
        if asked.ascii && key.len() >= 2 {
            self.flag(fields.initials, key, variant, found::INITIALS)?;
        }
        if asked.ascii && key.len() >= 5 {
            self.near(fields.key, key, variant)?;
        }
        Ok(())
    }

    fn flag(&mut self, field: Field, text: &str, variant: usize, bit: u16) -> tantivy::Result<()> {
        let index = self.reader.inverted_index(field)?;
        if let Some(postings) = index.read_postings(&Term::from_field_text(field, text), IndexRecordOption::Basic)? {
            self.mark(postings, variant, bit);
        }
        Ok(())
    }

    fn mark(&mut self, mut postings: impl Postings, variant: usize, bit: u16) {
        while postings.doc() != TERMINATED {
            self.found.entry(postings.doc()).or_default()[variant] |= bit;
            postings.advance();
        }
    }

    /// Terms one typing error away.
    fn near(&mut self, field: Field, text: &str, variant: usize) -> tantivy::Result<()> {
        const MOST: usize = 400;
        let index = self.reader.inverted_index(field)?;
        let automaton = FuzzyTermQuery::new(Term::from_field_text(field, text), 1, true).automaton()?;
        let mut terms = index.terms().search(automaton).ge(LATIN.start).lt(LATIN.end).into_stream()?;
        let mut left = MOST;
        while left > 0 && terms.advance() {
            left -= 1;
            let postings = index.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?;
            self.mark(postings, variant, found::NEAR);
        }
        Ok(())
    }

    /// Terms that begin like this.
    fn beginning(&mut self, field: Field, text: &str, variant: usize) -> tantivy::Result<()> {
        const MOST: usize = 400;
        let index = self.reader.inverted_index(field)?;
        let mut terms = index.terms().range().ge(text).lt(format!("{text}\u{10FFFF}")).into_stream()?;
        let mut left = MOST;
        while left > 0 && terms.advance() {
            left -= 1;
            let postings = index.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?;
            self.mark(postings, variant, found::PREFIX);
        }
        Ok(())
    }

    /// Adds up what each book holds of the query, as a share of the whole.
    pub(crate) fn weigh(&mut self, asked: &Variant, weights: &[f32]) -> tantivy::Result<()> {
        const AUTHOR: f32 = 0.8;
        self.weight.fill(0.0);
        let whole: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        for (at, (gram, weight)) in asked.grams.iter().zip(weights).enumerate() {
            let share = weight / whole;
            let titles = Arc::clone(&self.titles);
            let authors = Arc::clone(&self.authors);
            let known = self.add(&titles, self.fields.title_grams, &gram.text, share)?;
            let known = known + self.add(&authors, self.fields.author_grams, &gram.text, share * AUTHOR)?;
            if gram.kind == Kind::Word && gram.text.len() >= 4 && known < 8 {
                self.add_similar(&titles, self.fields.title_grams, gram, share * 0.7)?;
                self.add_similar(&authors, self.fields.author_grams, gram, share * 0.5)?;
            }
            if gram.kind == Kind::Word && gram.text.len() >= 3 && at + 1 == asked.grams.len() && known < 500 {
                self.add_longer(&titles, &gram.text, share * 0.6)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, index: &InvertedIndexReader, field: Field, text: &str, share: f32) -> tantivy::Result<u32> {
        let Some(info) = index.get_term_info(&Term::from_field_text(field, text))? else {
            return Ok(0);
        };
        self.add_postings(index.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?, share);
        Ok(info.doc_freq)
    }

    fn add_postings(&mut self, mut postings: impl Postings, share: f32) {
        while postings.doc() != TERMINATED {
            if let Some(weight) = self.weight.get_mut(postings.doc() as usize) {
                *weight += share;
            }
            postings.advance();
        }
    }

    /// Words one typing error away from a word that few books have.
    fn add_similar(
        &mut self,
        index: &InvertedIndexReader,
        field: Field,
        gram: &Gram,
        share: f32,
    ) -> tantivy::Result<()> {
        const MOST: usize = 60;
        let automaton = FuzzyTermQuery::new(Term::from_field_text(field, &gram.text), 1, true).automaton()?;
        let mut terms = index.terms().search(automaton).ge(LATIN.start).lt(LATIN.end).into_stream()?;
        let mut left = MOST;
        while left > 0 && terms.advance() {
            left -= 1;
            if terms.key() != gram.text.as_bytes() {
                self.add_postings(index.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?, share);
            }
        }
        Ok(())
    }

    /// Words that begin like the last word, which may not be finished.
    fn add_longer(&mut self, index: &InvertedIndexReader, text: &str, share: f32) -> tantivy::Result<()> {
        const MOST: usize = 60;
        let mut terms = index.terms().range().gt(text).lt(format!("{text}\u{10FFFF}")).into_stream()?;
        let mut left = MOST;
        while left > 0 && terms.advance() {
            left -= 1;
            self.add_postings(index.read_postings_from_terminfo(terms.value(), IndexRecordOption::Basic)?, share);
        }
        Ok(())
    }

    /// Adds up single characters only, and finds titles of about the query's length that hold most of them: two
    /// characters changed places, and no pair is left.
    pub(crate) fn gather(&mut self, asked: &Variant, ord: u32, best: &mut Vec<Candidate>) -> tantivy::Result<()> {
        let singles: Vec<&Gram> = asked.grams.iter().filter(|gram| gram.kind == Kind::Single).collect();
        if !(3..=10).contains(&singles.len()) {
            return Ok(());
        }
        self.weight.fill(0.0);
        let titles = Arc::clone(&self.titles);
        for gram in &singles {
            self.add(&titles, self.fields.title_grams, &gram.text, 1.0 / singles.len() as f32)?;
        }
        let mut mine = Vec::new();
        for (doc, weight) in (0u32..).zip(&self.weight) {
            if *weight >= 0.6 && !self.reader.is_deleted(doc) {
                let longer = self.length.first(doc).unwrap_or(0).abs_diff(asked.key.len() as u64);
                if longer <= 2 {
                    mine.push(self.candidate(ord, doc, *weight - 0.1 * longer as f32));
                }
            }
        }
        best.extend(narrow_segment(mine));
        Ok(())
    }

    /// The books with the highest share, with a little for popularity.
    pub(crate) fn collect(&mut self, ord: u32, best: &mut Vec<Candidate>) -> tantivy::Result<()> {
        let highest = self.weight.iter().copied().fold(0.0, f32::max);
        let enough = (highest * 0.4).max(0.05);
        let mut mine = Vec::new();
        for (doc, weight) in (0u32..).zip(&self.weight) {
            if *weight >= enough && !self.reader.is_deleted(doc) {
                mine.push(self.candidate(ord, doc, *weight));
            }
        }
        best.extend(narrow_segment(mine));
        Ok(())
    }

    /// The books found by key or sound, whatever their terms.
    pub(crate) fn collect_flagged(&mut self, ord: u32, best: &mut Vec<Candidate>) -> tantivy::Result<()> {
        let flagged: Vec<Candidate> = self
            .found
            .keys()
            .filter(|doc| !self.reader.is_deleted(**doc))
            .map(|doc| self.candidate(ord, *doc, 0.0))
            .collect();
        best.extend(narrow_segment(flagged));
        Ok(())
    }

    fn candidate(&self, ord: u32, doc: DocId, share: f32) -> Candidate {
        let popularity = self.popularity.first(doc).unwrap_or(0);
        let found = self.found.get(&doc).copied().unwrap_or_default();
        let bits = found.iter().fold(0, |all, bits| all | bits);
        let bonus: f32 = BONUS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, bonus)| *bonus).fold(0.0, f32::max);
        let score = share.max(bonus) + prior(popularity) * 0.02;
        Candidate { at: DocAddress::new(ord, doc), score, popularity, found }
    }
}
