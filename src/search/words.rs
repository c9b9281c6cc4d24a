//! Text into the terms of the index: single characters and pairs for scripts without spaces, words for the others,
//! runs of digits by themselves. Pairs carry the meaning of Chinese; single characters help where a pair is broken by
//! a wrong character. No dictionary, so nothing is cut differently in the title and in the query.

use super::fold::is_wide;

/// One term and what it is worth before its rarity is counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gram {
    /// The text of the term.
    pub(crate) text: String,
    /// Its kind.
    pub(crate) kind: Kind,
}

/// What a term is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One character of a script without spaces.
    Single,
    /// Two neighbours of which at least one is such a character.
    Pair,
    /// A run of letters.
    Word,
    /// A run of digits.
    Number,
}

/// The terms of canonical text (folded, numbers in digits), without repeats, in order of appearance.
pub(crate) fn grams(canonical: &str) -> Vec<Gram> {
    let units = units(canonical);
    let mut out: Vec<Gram> = Vec::with_capacity(units.len() * 2);
    let mut push = |gram: Gram| {
        if !out.contains(&gram) {
            out.push(gram);
        }
    };
    for (at, unit) in units.iter().enumerate() {
        push(Gram { text: unit.to_string(), kind: kind(unit) });
        if let Some(next) = units.get(at + 1)
            && (kind(unit) == Kind::Single || kind(next) == Kind::Single)
        {
            push(Gram { text: format!("{unit}{next}"), kind: Kind::Pair });
        }
    }
    out
}

/// Characters of scripts without spaces one by one, letters and digits in runs; everything else separates.
pub(crate) fn units(canonical: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start: Option<(usize, bool)> = None;
    for (at, c) in canonical.char_indices() {
        let runs = c.is_alphanumeric() && !is_wide(c);
        if let Some((from, digits)) = start
            && (!runs || digits != c.is_ascii_digit())
        {
            out.push(&canonical[from..at]);
            start = None;
        }
        if runs && start.is_none() {
            start = Some((at, c.is_ascii_digit()));
        } else if !runs && c.is_alphanumeric() {
            out.push(&canonical[at..at + c.len_utf8()]);
        }
    }
    if let Some((from, _)) = start {
        out.push(&canonical[from..]);
    }
    out
}

fn kind(unit: &str) -> Kind {
    match unit.chars().next() {
        Some(c) if is_wide(c) => Kind::Single,
        Some(c) if c.is_ascii_digit() => Kind::Number,
        _ => Kind::Word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        grams(text).into_iter().map(|gram| gram.text).collect()
    }

    #[test]
    fn characters_pairs_and_words() {
        assert_eq!(texts("3体3"), ["3", "3体", "体", "体3"]);
        assert_eq!(texts("war and peace"), ["war", "and", "peace"]);
        assert_eq!(texts("mp3"), ["mp", "3"]);
        assert_eq!(texts("好 书"), ["好", "好书", "书"]);
        assert_eq!(texts("!?"), Vec::<String>::new());
    }
}
