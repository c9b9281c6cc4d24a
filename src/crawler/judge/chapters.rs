//! Chapters and the books made of them: too short, barred, not finished, always the same.
//!
//! A suspicion is no proof. The caller fetches again, and in the end asks the owner.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{NotABook, complaint};

/// So many lengths are remembered.
const MEMORY: usize = 101;
/// With fewer chapters before, nothing is known of their length.
const ENOUGH: usize = 5;
/// A chapter so many times shorter than the median is suspicious.
const SHORTER: u64 = 6;
/// One with as many characters is not, whatever the others have.
const LONG_ENOUGH: u64 = 400;
/// Only in texts with fewer characters are the words of gates and shops looked for.
const SHORT: u64 = 1_500;
/// A chapter with fewer characters has next to nothing.
const NOTHING: usize = 30;

/// Notices stand among the chapters and are short: of the author's, of the end, of a break.
const NOTICES: [&str; 22] = [
    "请假",
    "公告",
    "感言",
    "通知",
    "说明",
    "上架",
    "完本",
    "后记",
    "序",
    "楔子",
    "引子",
    "题记",
    "卷首",
    "番外",
    "尾声",
    "致谢",
    "作者",
    "单章",
    "更新",
    "preface",
    "note",
    "dedication",
];
/// What shops say behind the first lines of a chapter.
const UNFINISHED: [&str; 14] = [
    "本章未完",
    "请点击下一页",
    "点击下一页继续",
    "请订阅",
    "订阅本章",
    "购买本章",
    "章节为付费",
    "vip章节",
    "登录后阅读",
    "登录后继续",
    "下载app",
    "正在手打中",
    "内容更新后",
    "subscribe to read",
];

/// The lengths of a book's last chapters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lengths {
    last: Vec<u32>,
}

impl Lengths {
    /// Notes a chapter that was found good.
    pub fn add(&mut self, text: &str) {
        if self.last.len() >= MEMORY {
            self.last.remove(0);
        }
        self.last.push(u32::try_from(length(text)).unwrap_or(u32::MAX));
    }

    /// The length in the middle, in characters without blanks; `None` with fewer than five chapters.
    pub fn median(&self) -> Option<u32> {
        if self.last.len() < ENOUGH {
            return None;
        }
        let mut sorted = self.last.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

/// Why a chapter or a book is perhaps not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Suspicion {
    /// No text at all.
    #[error("the chapter is empty")]
    Empty,
    /// Words that the owner named.
    #[error("the chapter has the words “{0}”, which its source says when it fails")]
    FailWord(String),
    /// A gate or a fault in the place of the chapter.
    #[error("in the place of the chapter, the site says “{0}”")]
    Barred(String),
    /// The rest is to be paid for, or on another page.
    #[error("only the start of the chapter is there: “{0}”")]
    Unfinished(String),
    /// Much shorter than the others.
    #[error("the chapter has {length} characters where the others have {median}")]
    TooShort {
        /// In characters without blanks.
        length: u64,
        /// Of the chapters before.
        median: u32,
    },
    /// The same text again and again.
    #[error("{count} of {of} chapters have the same text, first “{title}”")]
    Repeated {
        /// How many have it.
        count: usize,
        /// Of how many.
        of: usize,
        /// The first that has it.
        title: String,
    },
    /// Next to nothing in most.
    #[error("{count} of {of} chapters are empty or nearly so")]
    MostlyEmpty {
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// No chapter at all.
    #[error("there is no chapter")]
    NoChapters,
}

/// Whether the text of a chapter can be what it should be, seen with those before it.
///
/// # Errors
/// The first [`Suspicion`].
pub fn chapter(text: &str, title: &str, before: &Lengths, fail_words: &[String]) -> Result<(), Suspicion> {
    let length = length(text);
    if length == 0 {
        return Err(Suspicion::Empty);
    }
    let fail = fail_words.iter().map(|words| words.trim()).find(|words| !words.is_empty() && text.contains(words));
    if let Some(words) = fail {
        return Err(Suspicion::FailWord(words.to_owned()));
    }
    let median = before.median();
    // Where all chapters are short, what they say is the story.
    let is_short = length < SHORT && median.is_none_or(|median| length * 2 < u64::from(median));
    if is_short {
        foreign_words(text)?;
    }
    match median {
        Some(median) if length < LONG_ENOUGH && length * SHORTER < u64::from(median) && !is_notice(title) => {
            Err(Suspicion::TooShort { length, median })
        }
        _ => Ok(()),
    }
}

fn foreign_words(text: &str) -> Result<(), Suspicion> {
    let lower = text.to_lowercase();
    if let Some(words) = UNFINISHED.iter().find(|words| lower.contains(**words)) {
        return Err(Suspicion::Unfinished((*words).to_owned()));
    }
    complaint(text).map_err(|reason| match reason {
        NotABook::Barred(words) | NotABook::Fault(words) => Suspicion::Barred(words),
        other => Suspicion::Barred(other.to_string()),
    })
}

fn is_notice(title: &str) -> bool {
    let title = title.to_lowercase();
    NOTICES.iter().any(|words| title.contains(words))
}

/// Whether chapters, each with the hash of its text and its length in characters, can be a book. Volumes, which are
/// mere headings, are not to be among them.
pub fn book<'a>(chapters: impl Iterator<Item = (&'a str, u64, usize)>) -> Option<Suspicion> {
    let mut texts: HashMap<u64, (usize, &str)> = HashMap::new();
    let (mut of, mut empty) = (0, 0);
    for (title, hash, length) in chapters {
        of += 1;
        if length < NOTHING {
            empty += 1;
        } else {
            texts.entry(hash).or_insert((0, title)).0 += 1;
        }
    }
    if of == 0 {
        return Some(Suspicion::NoChapters);
    }
    if empty * 2 > of {
        return Some(Suspicion::MostlyEmpty { count: empty, of });
    }
    // A site may have one chapter twice; the same in every tenth place is a page of the site's.
    let most = texts.into_values().max_by_key(|(count, _)| *count);
    let (count, title) = most.filter(|(count, _)| *count >= 3 && count * 10 > of)?;
    Some(Suspicion::Repeated { count, of, title: title.to_owned() })
}

/// Characters that are no blanks.
fn length(text: &str) -> u64 {
    text.chars().filter(|c| !c.is_whitespace()).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(length: usize) -> Lengths {
        let mut lengths = Lengths::default();
        (0..9).for_each(|_| lengths.add(&"字".repeat(length)));
        lengths
    }

    #[test]
    fn a_chapter_is_seen_with_the_others() {
        let judge =
            |text: &str, title: &str| chapter(text, title, &before(3_000), &["防盗".to_owned(), " ".to_owned()]);
        assert_eq!(judge(&"字".repeat(2_000), "第一章"), Ok(()));
        assert_eq!(judge(&"字".repeat(450), "第一章"), Ok(()));
        assert_eq!(judge(&"字 ".repeat(300), "第一章"), Err(Suspicion::TooShort { length: 300, median: 3_000 }));
        assert_eq!(judge(&"字".repeat(100), "请假一天"), Ok(()));
        assert_eq!(judge(" \n\u{3000}", "第一章"), Err(Suspicion::Empty));
        assert_eq!(
            judge(&format!("{}防盗章节", "字".repeat(5_000)), "第一章"),
            Err(Suspicion::FailWord("防盗".into()))
        );
        assert_eq!(judge("您的访问太频繁，请输入验证码", "第一章"), Err(Suspicion::Barred("访问太频繁".into())));
        let start = format!("{}（本章未完，请点击下一页）", "字".repeat(800));
        assert_eq!(judge(&start, "第一章"), Err(Suspicion::Unfinished("本章未完".into())));
        let told = format!("他说：“访问太频繁。”{}", "字".repeat(2_000));
        assert_eq!(judge(&told, "第一章"), Ok(()));
    }

    #[test]
    fn little_is_known_at_first_and_in_short_books() {
        assert_eq!(chapter("很短。", "一", &Lengths::default(), &[]), Ok(()));
        assert_eq!(
            chapter("Access Denied", "一", &Lengths::default(), &[]),
            Err(Suspicion::Barred("access denied".into()))
        );
        assert_eq!(chapter(&format!("Access Denied {}", "word ".repeat(20)), "一", &before(100), &[]), Ok(()));
    }

    #[test]
    fn the_median_is_of_the_last() {
        let mut lengths = before(10);
        assert_eq!(lengths.median(), Some(10));
        (0..300).for_each(|_| lengths.add(&"x".repeat(50)));
        assert_eq!(lengths.median(), Some(50));
        let kept: Lengths = serde_json::from_str(&serde_json::to_string(&lengths).unwrap()).unwrap();
        assert_eq!((kept.last.len(), kept), (MEMORY, lengths));
    }

    #[test]
    fn a_book_is_not_the_same_page_again_and_again() {
        let judge = |chapters: &[(u64, usize)]| book(chapters.iter().map(|(hash, length)| ("章", *hash, *length)));
        let sound: Vec<(u64, usize)> = (0..40).map(|n| (n, 1_000)).collect();
        assert_eq!(judge(&sound), None);
        let mut few = sound.clone();
        few.iter_mut().take(4).for_each(|one| one.0 = 7);
        // Four and the seventh itself.
        assert_eq!(judge(&few), Some(Suspicion::Repeated { count: 5, of: 40, title: "章".into() }));
        assert_eq!(judge(&[(1, 1_000), (1, 1_000), (2, 1_000)]), None);
        assert_eq!(judge(&[(1, 0), (1, 0), (2, 1_000)]), Some(Suspicion::MostlyEmpty { count: 2, of: 3 }));
        assert_eq!(judge(&[]), Some(Suspicion::NoChapters));
    }
}
