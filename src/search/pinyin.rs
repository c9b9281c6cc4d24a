//! How titles sound: the romanised readings of folded text, with the other readings of characters that have several,
//! the initials, and a spelling that ignores the sounds many speakers do not tell apart. A second signal only: two
//! words that sound alike are not the same word (see `rank`).

use super::fold::{fold, is_han, without_article};
use pinyin::ToPinyin;
use std::collections::HashMap;
use std::sync::LazyLock;

/// At most so many readings of one title are kept; more would mostly be nonsense.
pub(crate) const MAX_READINGS: usize = 8;

/// Words whose characters are read otherwise than alone: `word<TAB>syllables`. Our own list.
static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::parse(include_str!("../../assets/pinyin-phrases.tsv")));

/// Characters with more than one common reading, the most usual first: a title is also found under the others.
static OTHERS: LazyLock<HashMap<char, Vec<&'static str>>> = LazyLock::new(|| {
    let table = include_str!("../../assets/pinyin-characters.tsv").lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let (character, readings) = line.split_once('\t')?;
        Some((character.chars().next()?, readings.split(' ').collect()))
    };
    table.filter_map(row).collect()
});

/// The phrase list, by first character so that a title costs one look-up a character.
struct Phrases(HashMap<char, Vec<(&'static str, Vec<&'static str>)>>);

impl Phrases {
    /// Lines with another number of syllables than characters are skipped; a test holds the list to having none.
    fn parse(table: &'static str) -> Phrases {
        let mut by_first: HashMap<char, Vec<(&str, Vec<&str>)>> = HashMap::new();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let Some((word, reading)) = line.split_once('\t') else {
                continue;
            };
            let syllables: Vec<&str> = reading.split(' ').collect();
            if let Some(first) = word.chars().next()
                && word.chars().count() == syllables.len()
            {
                by_first.entry(first).or_default().push((word, syllables));
            }
        }
        for words in by_first.values_mut() {
            words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        }
        Phrases(by_first)
    }

    fn longest(&self, rest: &str) -> Option<&(&'static str, Vec<&'static str>)> {
        self.0.get(&rest.chars().next()?)?.iter().find(|(word, _)| rest.starts_with(word))
    }
}

/// One unit of a text as it is spoken: a syllable with its alternatives, or a letter or digit that speaks for itself.
#[derive(Clone)]
enum Sound {
    Syllable { usual: &'static str, others: &'static [&'static str] },
    Letter(char),
}

impl Sound {
    fn first(&self) -> char {
        match self {
            Sound::Syllable { usual, .. } => first_letter(usual),
            Sound::Letter(c) => *c,
        }
    }
}

fn first_letter(syllable: &str) -> char {
    syllable.chars().next().unwrap_or('?')
}

/// The usual reading of `folded`, joined: 三体3 -> "santi3". Only letters and digits.
pub(crate) fn joined(folded: &str) -> String {
    spell(&sounds(folded), &[])
}

/// What a title or a name is sorted by: how it sounds, without a leading article; letters and digits only.
///
/// ```
/// assert!(shutong::search::sort_key("红楼梦") < shutong::search::sort_key("《三体》"));
/// ```
pub fn sort_key(text: &str) -> String {
    joined(without_article(&fold(text)))
}

/// All readings worth looking up, the usual one first, at most [`MAX_READINGS`]; with digits also read aloud.
pub(crate) fn readings(folded: &str) -> Vec<String> {
    let sounds = sounds(folded);
    let mut all = vec![spell(&sounds, &[])];
    let spoken = with_digits_spoken(&sounds);
    if let Some(spoken) = &spoken {
        push_new(&mut all, spell(spoken, &[]));
    }
    let choices: Vec<(usize, &str)> = choices(&sounds);
    for choice in &choices {
        push_new(&mut all, spell(&sounds, std::slice::from_ref(choice)));
    }
    for (at, first) in choices.iter().enumerate() {
        for second in choices[at + 1..].iter().filter(|second| second.0 != first.0) {
            if all.len() >= MAX_READINGS {
                break;
            }
            push_new(&mut all, spell(&sounds, &[*first, *second]));
        }
    }
    all.truncate(MAX_READINGS);
    all
}

/// First letters of each reading, 三体3 -> "st3" and "sts"; only for text of which most is Chinese, else empty.
pub(crate) fn initials(folded: &str) -> Vec<String> {
    let sounds = sounds(folded);
    let syllables = sounds.iter().filter(|sound| matches!(sound, Sound::Syllable { .. })).count();
    if syllables < 2 || syllables * 2 < sounds.len() {
        return Vec::new();
    }
    let letters = |sounds: &[Sound]| -> String { sounds.iter().map(Sound::first).collect() };
    let mut all = vec![letters(&sounds)];
    if let Some(spoken) = with_digits_spoken(&sounds) {
        push_new(&mut all, letters(&spoken));
    }
    for (at, other) in choices(&sounds) {
        let letter = |(place, sound): (usize, &Sound)| {
            if place == at { first_letter(other) } else { sound.first() }
        };
        push_new(&mut all, sounds.iter().enumerate().map(letter).collect());
    }
    all
}

/// A joined reading without the differences that dialects do not make: zh/z ch/c sh/s, n/l, f/h, r/l, -ng/-n.
pub(crate) fn blurred(joined: &str) -> String {
    let bytes = joined.as_bytes();
    let mut out = String::with_capacity(joined.len());
    for (at, c) in joined.char_indices() {
        let before = at.checked_sub(1).map(|i| bytes[i]);
        match c {
            'h' if matches!(before, Some(b'z' | b'c' | b's')) => {}
            'g' if before == Some(b'n') && !followed_by_vowel(bytes, at) => {}
            'l' => out.push('n'),
            'f' => out.push('h'),
            _ => out.push(c),
        }
    }
    out
}

/// "shangan" is shang-an or shan-gan: a g before a vowel is left alone, whichever it is.
fn followed_by_vowel(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at + 1), Some(b'a' | b'e' | b'i' | b'o' | b'u'))
}

fn sounds(folded: &str) -> Vec<Sound> {
    let mut out = Vec::with_capacity(folded.len() / 2);
    let mut rest = folded;
    while let Some(c) = rest.chars().next() {
        if is_han(c) {
            if let Some((word, syllables)) = PHRASES.longest(rest) {
                let with_others = |(c, usual): (char, &&'static str)| Sound::Syllable { usual, others: others(c) };
                out.extend(word.chars().zip(syllables).map(with_others));
                rest = &rest[word.len()..];
                continue;
            }
            out.extend(syllable(c));
        } else if c.is_alphanumeric() {
            out.push(Sound::Letter(c));
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn syllable(c: char) -> Option<Sound> {
    let usual = match (c, others(c).first()) {
        ('〇', _) => "ling",
        (_, Some(first)) => first,
        (_, None) => c.to_pinyin().map(|reading| reading.plain())?,
    };
    Some(Sound::Syllable { usual, others: others(c) })
}

/// All readings of a character that has several.
fn others(c: char) -> &'static [&'static str] {
    OTHERS.get(&c).map_or(&[], Vec::as_slice)
}

fn choices(sounds: &[Sound]) -> Vec<(usize, &'static str)> {
    let each = |(at, sound): (usize, &Sound)| match sound {
        Sound::Syllable { usual, others } => {
            others.iter().filter(|other| *other != usual).map(|other| (at, *other)).collect::<Vec<_>>()
        }
        Sound::Letter(_) => Vec::new(),
    };
    sounds.iter().enumerate().flat_map(each).collect()
}

fn spell(sounds: &[Sound], chosen: &[(usize, &str)]) -> String {
    let mut out = String::with_capacity(sounds.len() * 4);
    for (at, sound) in sounds.iter().enumerate() {
        match (chosen.iter().find(|(place, _)| *place == at), sound) {
            (Some((_, other)), _) => out.push_str(other),
            (None, Sound::Syllable { usual, .. }) => push_plain(&mut out, usual),
            (None, Sound::Letter(c)) => out.push(*c),
        }
    }
    out
}

/// ü is typed as v.
fn push_plain(out: &mut String, syllable: &str) {
    out.extend(syllable.chars().map(|c| if c == 'ü' { 'v' } else { c }));
}

fn with_digits_spoken(sounds: &[Sound]) -> Option<Vec<Sound>> {
    const SPOKEN: [&str; 10] = ["ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"];
    let mut any = false;
    let spoken = sounds
        .iter()
        .map(|sound| match sound {
            Sound::Letter(c) => match c.to_digit(10) {
                Some(value) => {
                    any = true;
                    Sound::Syllable { usual: SPOKEN[value as usize], others: &[] }
                }
                None => sound.clone(),
            },
            Sound::Syllable { .. } => sound.clone(),
        })
        .collect();
    any.then_some(spoken)
}

fn push_new(all: &mut Vec<String>, reading: String) {
    if all.len() < MAX_READINGS && !all.contains(&reading) {
        all.push(reading);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_readings_know_common_words() {
        assert_eq!(joined("三体3"), "santi3");
        assert_eq!(joined("重庆"), "chongqing");
        assert_eq!(joined("长安乱"), "changanluan");
        assert_eq!(joined("乌hezhi众"), "wuhezhizhong");
        assert_eq!(joined("女生"), "nvsheng");
        assert_eq!(joined("绿"), "lv");
    }

    #[test]
    fn other_readings_are_kept_too() {
        let all = readings("我的阿勒泰");
        assert!(all.contains(&"wodealetai".to_owned()) && all.contains(&"wodealeitai".to_owned()), "{all:?}");
        assert!(readings("1984").contains(&"yijiubasi".to_owned()));
        assert!(readings("了得了得了得了得").len() <= MAX_READINGS);
    }

    #[test]
    fn initials_are_for_chinese() {
        assert_eq!(initials("耶路撒冷三千年")[0], "ylslsqn");
        assert!(initials("关系千万重").contains(&"gxqwz".to_owned()));
        assert!(initials("关系千万重").contains(&"gxqwc".to_owned()));
        assert_eq!(initials("三体3"), ["st3", "sts"]);
        assert!(initials("harry potter").is_empty());
        assert!(initials("飘").is_empty());
    }

    #[test]
    fn blurred_forgets_what_dialects_confuse() {
        assert_eq!(blurred("zhongguo"), blurred("zongguo"));
        assert_eq!(blurred("nuan"), blurred("luan"));
        assert_eq!(blurred("chuang"), blurred("chuan"));
        assert_eq!(blurred("hei"), blurred("fei"));
        assert_ne!(blurred("shan"), blurred("shen"));
    }

    #[test]
    fn the_phrase_list_is_whole() {
        for line in include_str!("../../assets/pinyin-phrases.tsv").lines().filter(|line| !line.starts_with('#')) {
            let (word, reading) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
            assert_eq!(word.chars().count(), reading.split(' ').count(), "{line}");
        }
    }
}
