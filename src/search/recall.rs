//! From a query to the few hundred books worth comparing with it. Term by term over the postings: every book gets the
//! share of the query's weight that it holds, exact finds on keys and sounds are flagged, popularity breaks ties. It
//! prefers too many to too few; `rank` decides.

use super::ask::Ask;
use super::schema::Fields;
use super::segment::Segment;
use super::words::{Gram, Kind};
use tantivy::{DocAddress, Searcher, Term};

/// So many books are compared with the query.
pub(crate) const WINDOW: usize = 160;

/// How a book was found besides by its terms.
pub(crate) mod found {
    /// A form of the title has this key.
    pub(crate) const KEY: u16 = 1;
    /// A form of the title can be read like this.
    pub(crate) const SOUND: u16 = 2;
    /// … apart from what dialects confuse.
    pub(crate) const BLURRED: u16 = 4;
    /// The initials.
    pub(crate) const INITIALS: u16 = 8;
    /// An author's key or last name.
    pub(crate) const AUTHOR: u16 = 16;
    /// An author's name can be read like this.
    pub(crate) const AUTHOR_SOUND: u16 = 32;
    /// One typing error away from the sound or the key.
    pub(crate) const NEAR: u16 = 64;
    /// The sound begins like this.
    pub(crate) const PREFIX: u16 = 128;
}

/// A book worth comparing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// Where it stands.
    pub(crate) at: DocAddress,
    /// How much it looks like the query, to choose the window by.
    pub(crate) score: f32,
    /// Votes and downloads.
    pub(crate) popularity: u64,
    /// Bits of [`found`], by variant.
    pub(crate) found: [u16; 3],
}

/// The best candidates, at most [`WINDOW`].
pub(crate) fn candidates(searcher: &Searcher, fields: &Fields, ask: &Ask) -> tantivy::Result<Vec<Candidate>> {
    let weights: Vec<Vec<f32>> =
        ask.variants.iter().map(|variant| weights(searcher, fields, &variant.grams)).collect::<Result<_, _>>()?;
    let mut best: Vec<Candidate> = Vec::new();
    for (ord, reader) in searcher.segment_readers().iter().enumerate() {
        let mut segment = Segment::open(reader, fields)?;
        for (at, variant) in ask.variants.iter().enumerate() {
            segment.look_up(at, variant)?;
            segment.weigh(variant, &weights[at])?;
            segment.collect(ord as u32, &mut best)?;
            segment.gather(variant, ord as u32, &mut best)?;
        }
        segment.collect_flagged(ord as u32, &mut best)?;
    }
    Ok(narrow(best))
}

/// Once each, the best of them.
fn narrow(mut all: Vec<Candidate>) -> Vec<Candidate> {
    all.sort_unstable_by(|a, b| a.at.cmp(&b.at).then(b.score.total_cmp(&a.score)));
    all.dedup_by_key(|candidate| candidate.at);
    all.sort_unstable_by(order);
    all.truncate(WINDOW);
    all
}

fn order(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(b.popularity.cmp(&a.popularity)).then(a.at.cmp(&b.at))
}

/// Rarity times kind. A term no book has still counts in the whole, as a sign that something is missing.
fn weights(searcher: &Searcher, fields: &Fields, grams: &[Gram]) -> tantivy::Result<Vec<f32>> {
    let books = searcher.num_docs() as f32 + 1.0;
    grams
        .iter()
        .map(|gram| {
            let mut count = 0;
            for field in [fields.title_grams, fields.author_grams] {
                count += searcher.doc_freq(&Term::from_field_text(field, &gram.text))?;
            }
            let rarity = (1.0 + books / (count as f32 + 1.0)).ln();
            Ok(rarity
                * match gram.kind {
                    Kind::Pair | Kind::Word => 1.0,
                    Kind::Number => 0.6,
                    Kind::Single => 0.3,
                })
        })
        .collect()
}

/// What an exact find is worth next to a share of the query's terms.
pub(crate) const BONUS: &[(u16, f32)] = &[
    (found::KEY, 1.5),
    (found::SOUND, 1.3),
    (found::AUTHOR, 1.0),
    (found::BLURRED, 0.95),
    (found::NEAR, 0.95),
    (found::INITIALS, 1.0),
    (found::AUTHOR_SOUND, 0.8),
    (found::PREFIX, 0.7),
];

/// Popularity as it counts: 0 for an unknown book, 13 for half a million votes.
pub(crate) fn prior(popularity: u64) -> f32 {
    (popularity as f32 + 1.0).ln()
}

/// No more than a window from each list, before they are put together.
pub(crate) fn narrow_segment(mut mine: Vec<Candidate>) -> Vec<Candidate> {
    if mine.len() > WINDOW {
        mine.select_nth_unstable_by(WINDOW, order);
        mine.truncate(WINDOW);
    }
    mine
}
