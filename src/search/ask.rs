//! A follower's text, prepared for looking up: which readings of it are tried, and for each its key, terms, sound and
//! parts. Nothing here touches the index.

use super::clean::{self, Cleaned};
use super::distance::Pattern;
use super::words::{self, Gram};
use super::{digits, fold, pinyin};

/// Longer text is no name of a book; the rest is not looked at.
const MAX_CHARS: usize = 100;
/// More parts than this are not tried as author and title.
const MAX_PARTS: usize = 9;

/// A query.
#[derive(Debug)]
pub(crate) struct Ask {
    /// What was found around the name.
    pub(crate) cleaned: Cleaned,
    /// The readings to try, the text as it was written first.
    pub(crate) variants: Vec<Variant>,
}

/// One reading of a query.
#[derive(Debug)]
pub(crate) struct Variant {
    /// Taken off the score: a reading that leaves words out is second to the text as written.
    pub(crate) penalty: f32,
    /// Letters and digits.
    pub(crate) key: Pattern,
    /// Terms.
    pub(crate) grams: Vec<Gram>,
    /// Readings, the usual one first.
    pub(crate) sounds: Vec<String>,
    /// The usual reading, for comparing.
    pub(crate) sound: Pattern,
    /// Whether it may be pinyin: only latin letters and digits.
    pub(crate) ascii: bool,
    /// Whether some of it is Chinese.
    pub(crate) chinese: bool,
    /// The ways to read it as two names side by side.
    pub(crate) splits: Vec<Split>,
}

/// Left and right of a gap in the query.
#[derive(Debug)]
pub(crate) struct Split {
    /// Before the gap.
    pub(crate) left: Part,
    /// After it.
    pub(crate) right: Part,
}

/// One side of a gap.
#[derive(Debug)]
pub(crate) struct Part {
    /// Letters and digits.
    pub(crate) key: Pattern,
    /// How it sounds.
    pub(crate) sound: Pattern,
}

impl Ask {
    /// Prepares `text`; `None` when there is no letter or digit in it.
    pub(crate) fn new(text: &str) -> Option<Ask> {
        let text: String = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).take(MAX_CHARS).collect();
        let folded = fold::fold(&text);
        let cleaned = clean::clean(&text);
        let mut variants: Vec<Variant> = Vec::new();
        let quoted = cleaned.quoted.clone().unwrap_or_default();
        for (reading, penalty) in [(folded.as_str(), 0.0), (cleaned.text.as_str(), 0.08), (quoted.as_str(), 0.1)] {
            let variant = Variant::new(reading, penalty);
            let known = |other: &Variant| other.key.text() == variant.key.text();
            if variant.key.len() > 0 && !variants.iter().any(known) {
                variants.push(variant);
            }
        }
        (!variants.is_empty()).then_some(Ask { cleaned, variants })
    }
}

impl Variant {
    fn new(folded: &str, penalty: f32) -> Variant {
        let bare = fold::without_article(folded);
        let canonical = digits::canonical(bare);
        let key = fold::key(&canonical);
        let sounds = pinyin::readings(folded);
        Variant {
            penalty,
            ascii: !key.is_empty() && key.is_ascii(),
            chinese: key.chars().any(fold::is_han),
            grams: words::grams(&canonical),
            sound: Pattern::new(sounds.first().map_or("", String::as_str)),
            sounds,
            splits: splits(folded),
            key: Pattern::new(&key),
        }
    }
}

/// Every gap between words; " by " is the gap if it is there.
fn splits(folded: &str) -> Vec<Split> {
    let side = |words: &[&str]| Part::new(&words.join(" "));
    if let Some((title, author)) = folded.split_once(" by ") {
        return vec![Split { left: side(&[title]), right: side(&[author]) }];
    }
    let gap = |c: char| {
        c.is_whitespace()
            || matches!(c, ',' | '，' | '、' | '/' | '|' | '+' | '-' | '—' | '_' | '。' | ';' | '；' | '《' | '》')
    };
    let words: Vec<&str> = folded.split(gap).filter(|word| word.chars().any(char::is_alphanumeric)).collect();
    if words.len() > MAX_PARTS {
        return Vec::new();
    }
    (1..words.len()).map(|at| Split { left: side(&words[..at]), right: side(&words[at..]) }).collect()
}

impl Part {
    pub(crate) fn new(folded: &str) -> Part {
        let key = fold::key(&digits::canonical(fold::without_article(folded)));
        Part { key: Pattern::new(&key), sound: Pattern::new(&pinyin::joined(folded)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_as_written_comes_first() {
        let ask = Ask::new("求《活着》余华").unwrap();
        let keys: Vec<&str> = ask.variants.iter().map(|variant| variant.key.text()).collect();
        assert_eq!(keys, ["求活着余华", "活着余华", "活着"]);
        assert!(Ask::new("!?… \u{301}").is_none());
        assert!(Ask::new(&"长".repeat(100_000)).unwrap().variants[0].grams.len() < 5);
    }

    #[test]
    fn gaps_are_tried_as_title_and_author() {
        let sides = |text: &str| -> Vec<(String, String)> {
            let ask = Ask::new(text).unwrap();
            ask.variants[0]
                .splits
                .iter()
                .map(|s| (s.left.key.text().to_owned(), s.right.key.text().to_owned()))
                .collect()
        };
        assert_eq!(sides("规训 ·福柯"), [("规训".to_owned(), "福柯".to_owned())]);
        assert_eq!(
            sides("Beautiful Player by Christina Lauren"),
            [("beautifulplayer".to_owned(), "christinalauren".to_owned())]
        );
        assert_eq!(sides("nausea jean sartre").len(), 2);
    }
}
