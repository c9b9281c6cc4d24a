//! How well a book answers a query, from the strings alone: title against query by typing errors and by sound, a part
//! of the title, title and author side by side, an author alone. The result says both how alike (for confidence) and
//! how high to list it (with popularity).

use super::ask::{Ask, Part, Split, Variant};
use super::distance::Pattern;
use super::names::Cut;
use super::recall::{Candidate, found, prior};
use super::schema::{Author, Record, Title};

/// What a sound is worth next to the same characters.
const SOUND: f32 = 0.93;
/// What popularity is worth: half a million votes are 13 steps.
const POPULAR: f32 = 0.03;

/// How well a book answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rank {
    /// Likeness alone: 1 for the very title.
    pub(crate) likeness: f32,
    /// Where in the list: likeness, exactness and popularity.
    pub(crate) score: f32,
    /// Whether the title, or title and author, are exactly what was asked for.
    pub(crate) exact: bool,
}

/// Compares `record` with all readings of the query and keeps the best.
pub(crate) fn rank(ask: &Ask, candidate: &Candidate, record: &Record) -> Rank {
    let mut best = Rank { likeness: 0.0, score: f32::MIN, exact: false };
    for (at, variant) in ask.variants.iter().enumerate() {
        let found = candidate.found.get(at).copied().unwrap_or(0);
        let match_ = compare(variant, found, record, ask.cleaned.by_author && at > 0);
        let score = match_.likeness * 1.2 + match_.bonus + prior(candidate.popularity) * POPULAR - variant.penalty;
        if score > best.score {
            best = Rank { likeness: match_.likeness, score, exact: match_.bonus >= EXACT - 0.1 };
        }
    }
    best
}

/// Likeness, and what an exact find adds to it in the list.
#[derive(Debug, Clone, Copy, Default)]
struct Match {
    likeness: f32,
    bonus: f32,
}

/// The bonus of a title that holds the whole query: likelier meant than one that merely looks like it.
const CONTAINED: f32 = 0.1;
/// The bonus of the very title.
const EXACT: f32 = 1.0;

impl Match {
    fn new(likeness: f32, bonus: f32) -> Match {
        Match { likeness, bonus }
    }

    fn better(self, other: Match) -> Match {
        if other.likeness * 1.2 + other.bonus > self.likeness * 1.2 + self.bonus { other } else { self }
    }
}

fn compare(asked: &Variant, found: u16, record: &Record, by_author: bool) -> Match {
    let mut best = Match::default();
    for title in &record.titles {
        best = best.better(by_title(asked, title)).better(beside_author(asked, title, &record.authors));
        for split in &asked.splits {
            best = best.better(by_split(split, title, &record.authors));
        }
    }
    best.better(by_find(asked, found, record)).better(by_author_alone(asked, &record.authors, by_author))
}

/// The query as the title, or as a part of it.
fn by_title(asked: &Variant, title: &Title) -> Match {
    let exactness = exactness(title);
    if asked.key.text() == title.key {
        return Match::new(1.0, exactness);
    }
    let key = asked.key.similarity(&title.key);
    let sound = sound_similarity(&asked.sound, title);
    // A query in pinyin has only its sound; one in characters is also judged by them.
    let heard = if asked.ascii { 1.0 } else { 0.8 };
    let whole = if sound >= 1.0 {
        Match::new(if asked.ascii { 0.97 } else { SOUND } + 0.03 * key, exactness * if asked.ascii { 0.7 } else { 0.3 })
    } else {
        Match::new(key.max(sound * SOUND * heard + key * (1.0 - heard)), 0.0)
    };
    let part = part_of(&asked.key, &title.key);
    let part = Match::new(part, if part > 0.5 && asked.key.text().len() >= 6 { CONTAINED } else { 0.0 });
    let heard = if asked.ascii || asked.chinese { part_of_sound(asked, title) } else { Match::default() };
    whole.better(part).better(heard)
}

fn exactness(title: &Title) -> f32 {
    let cut = match title.cut {
        Cut::Whole => EXACT,
        Cut::Brackets => EXACT - 0.05,
        Cut::Subtitle => EXACT - 0.35,
    };
    if title.alias { cut - 0.1 } else { cut }
}

fn sound_similarity(sound: &Pattern, title: &Title) -> f32 {
    if title.sound.is_empty() || sound.len() == 0 { 0.0 } else { sound.similarity(&title.sound) }
}

/// The query as the beginning or another part of a title, by the share it makes up.
fn part_of(key: &Pattern, title: &str) -> f32 {
    let text = key.text();
    if key.len() == 0 {
        return 0.0;
    }
    let share = text.len() as f32 / title.len().max(1) as f32;
    if title.starts_with(text) {
        0.60 + 0.37 * share
    } else if key.len() >= 2 && title.contains(text) {
        0.52 + 0.42 * share
    } else if text.contains(title) && title.chars().count() >= 2 {
        0.30 + 0.62 / share
    } else {
        0.0
    }
}

fn part_of_sound(asked: &Variant, title: &Title) -> Match {
    let text = asked.sound.text();
    if text.len() < 4 || title.sound.is_empty() || !title.sound.starts_with(text) {
        return Match::default();
    }
    Match::new(0.55 + 0.35 * text.len() as f32 / title.sound.len() as f32, 0.0)
}

/// Title and author without a gap: 聚斯金德香水.
fn beside_author(asked: &Variant, title: &Title, authors: &[Author]) -> Match {
    let text = asked.key.text();
    if title.key.len() < 3 || title.key.len() >= text.len() {
        return Match::default();
    }
    let rest = match (text.strip_prefix(title.key.as_str()), text.strip_suffix(title.key.as_str())) {
        (Some(rest), _) | (_, Some(rest)) => rest,
        _ => return Match::default(),
    };
    if rest.chars().count() < 2 {
        return Match::default();
    }
    let author = author_similarity(&Part::new(rest), authors);
    if author < 0.6 { Match::default() } else { side_by_side(1.0, author, exactness(title)) }
}

/// Title on one side of a gap, author on the other.
fn by_split(split: &Split, title: &Title, authors: &[Author]) -> Match {
    let mut best = Match::default();
    for (name, person) in [(&split.left, &split.right), (&split.right, &split.left)] {
        let author = author_similarity(person, authors);
        if author < 0.45 {
            continue;
        }
        let (likeness, exact) = name_similarity(name, title);
        if likeness >= 0.5 {
            best = best.better(side_by_side(likeness, author, if exact { exactness(title) } else { 0.0 }));
        }
    }
    best
}

fn side_by_side(title: f32, author: f32, exactness: f32) -> Match {
    let likeness = title * 0.7 + author * 0.3;
    let sure = if author >= 0.9 { 1.0 } else { 0.7 };
    Match::new(likeness, if exactness > 0.0 { exactness * sure } else { 0.25 * author * title })
}

fn name_similarity(name: &Part, title: &Title) -> (f32, bool) {
    if name.key.text() == title.key {
        return (1.0, true);
    }
    let alike = name.key.similarity(&title.key).max(sound_similarity(&name.sound, title) * SOUND);
    (alike.max(part_of(&name.key, &title.key).min(0.97)), false)
}

/// How well a part of the query names one of the authors.
fn author_similarity(part: &Part, authors: &[Author]) -> f32 {
    authors.iter().map(|author| one_author(part, author)).fold(0.0, f32::max)
}

fn one_author(part: &Part, author: &Author) -> f32 {
    let text = part.key.text();
    let wide = !text.is_ascii();
    if text == author.key || text == author.last {
        return 1.0;
    }
    if part.key.len() >= if wide { 2 } else { 4 } && author.key.contains(text) {
        return 0.95;
    }
    if author.last.chars().count() >= if wide { 2 } else { 4 } && text.ends_with(&author.last) {
        return 0.9;
    }
    let spelled = part.key.similarity(&author.key).max(part.key.similarity(&author.last));
    let heard = if author.sound.is_empty() { 0.0 } else { part.sound.similarity(&author.sound) * SOUND };
    spelled.max(heard) * 0.95
}

/// Finds that the strings compared here do not show: another reading of a title, initials, dialect.
fn by_find(asked: &Variant, found: u16, record: &Record) -> Match {
    let mut best = Match::default();
    let closest = record.titles.iter().map(|title| asked.key.similarity(&title.key)).fold(0.0, f32::max);
    if found & found::SOUND != 0 {
        let (likeness, bonus) = if asked.ascii { (0.96, 0.65) } else { (SOUND, 0.28) };
        best = best.better(Match::new(likeness + 0.03 * closest, bonus));
    }
    if found & found::BLURRED != 0 {
        best = best.better(Match::new(0.86 + 0.05 * closest, 0.1));
    }
    if found & found::INITIALS != 0 {
        let letters = asked.key.len();
        best = best.better(Match::new(if letters >= 3 { 0.88 } else { 0.7 }, if letters >= 4 { 0.5 } else { 0.3 }));
    }
    best
}

/// The query as an author's name: every book of the author, the popular ones first.
fn by_author_alone(asked: &Variant, authors: &[Author], asked_for: bool) -> Match {
    let text = asked.key.text();
    let mut best = Match::default();
    for author in authors {
        let exact = text == author.key;
        let last = text == author.last && asked.key.len() >= 2;
        let bonus = if asked_for { EXACT + 0.2 } else { 0.92 };
        let bonus = if asked.ascii && asked.key.len() < 4 { 0.3 } else { bonus };
        if exact {
            best = best.better(Match::new(0.97, bonus));
        } else if last {
            best = best.better(Match::new(0.88, bonus - 0.15));
        } else if asked.key.len() >= 3 {
            let heard = !author.sound.is_empty() && asked.sound.text() == author.sound;
            let alike = if heard { SOUND } else { asked.key.similarity(&author.key) };
            if alike >= 0.75 {
                best = best.better(Match::new(alike * 0.85, 0.0));
            }
        }
    }
    best
}
