//! Articles found by words in their titles, tags and texts.
//!
//! Texts and words are folded as titles of books are, and every text is looked through: a few thousand articles have
//! ten megabytes, which takes milliseconds. There is no index that could be behind. Deliberately not here: books.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::shelf::{Article, Shelf};
use crate::search;

/// Most characters of a question that are looked at.
const LONGEST: usize = 60;
/// Most words of it.
const WORDS: usize = 8;
/// Fewer letters and digits in a title mean nothing by themselves.
const SHORTEST_KEY: usize = 2;

/// What a word is worth where it stands.
const IN_TITLE: u32 = 100;
const IN_TAG: u32 = 60;
const IN_TEXT: u32 = 10;
/// What the whole question is worth in a title, besides.
const WHOLE: u32 = 200;
/// Signs that names begin and end with: .NET, C++, C#.
const SIGNS: [char; 6] = ['+', '#', '.', '@', '&', '$'];
/// Of the pairs of neighbours in a question, so many hundredths have to be there when no word is.
const ENOUGH: usize = 60;

impl Shelf {
    /// Published articles that have all of the words, the best first, of equal ones the latest.
    pub fn find(&self, question: &str, now: DateTime<Utc>) -> Vec<Arc<Article>> {
        let question: String = question.chars().take(LONGEST).collect();
        let folded = search::fold(question.trim());
        let asked = Question::of(&folded, search::title_key(&question));
        if asked.words.is_empty() {
            return Vec::new();
        }
        let published = self.published(now);
        let found = ranked(&published, |article| worth(article, &asked));
        if !found.is_empty() {
            return found;
        }
        let pairs = pairs(&words_of(&folded).collect::<Vec<_>>());
        ranked(&published, |article| likeness(article, &pairs))
    }

    /// The published article whose title has the words; of several the one with the shortest title.
    pub fn titled(&self, question: &str, now: DateTime<Utc>) -> Option<Arc<Article>> {
        let key = search::title_key(question);
        if key.chars().count() < SHORTEST_KEY {
            return None;
        }
        let has = |article: &&Arc<Article>| article.folded.title_key.contains(&key) && article.is_published(now);
        self.articles.values().filter(has).min_by_key(|article| article.title.chars().count()).cloned()
    }
}

/// What is looked for.
struct Question<'q> {
    /// All of it: tags may have spaces.
    whole: &'q str,
    words: Vec<Word<'q>>,
    /// As titles are compared.
    key: String,
}

/// What stands between spaces: as it is written, and the words in it.
struct Word<'q> {
    written: &'q str,
    parts: Vec<&'q str>,
}

impl<'q> Question<'q> {
    fn of(folded: &'q str, key: String) -> Question<'q> {
        let words = folded.split_whitespace().map(Word::of).filter(|word| !word.parts.is_empty());
        Question { whole: folded, words: words.take(WORDS).collect(), key }
    }
}

impl<'q> Word<'q> {
    fn of(text: &'q str) -> Word<'q> {
        let is_around = |c: char| !c.is_alphanumeric() && !SIGNS.contains(&c);
        let written = text.trim_matches(is_around).trim_end_matches('.');
        let mut parts: Vec<&str> = words_of(written).collect();
        // Without its signs C++ would be in every English text.
        let means_nothing = |part: &&str| part.len() == 1 && part.as_bytes()[0].is_ascii_alphabetic();
        if parts.iter().all(means_nothing) && parts != [written] && !parts.is_empty() {
            parts = vec![written];
        }
        Word { written, parts }
    }

    /// What it is worth in an article; 0 if it is not there.
    fn worth(&self, article: &Article) -> u32 {
        match of_word(article, self.written) {
            0 => {
                let worths: Vec<u32> = self.parts.iter().map(|part| of_word(article, part)).collect();
                if worths.contains(&0) { 0 } else { worths.iter().sum() }
            }
            worth => worth,
        }
    }
}

fn words_of(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(WORDS)
}

fn of_word(article: &Article, word: &str) -> u32 {
    let folded = &article.folded;
    let is_tag = folded.tags.iter().any(|tag| tag == word);
    u32::from(folded.title.contains(word)) * IN_TITLE
        + u32::from(is_tag) * IN_TAG
        + u32::from(folded.text.contains(word)) * IN_TEXT
}

/// Those that are worth something. The sort is stable: of equal ones the order stays.
fn ranked(all: &[Arc<Article>], worth: impl Fn(&Article) -> u32) -> Vec<Arc<Article>> {
    let mut found: Vec<(u32, &Arc<Article>)> =
        all.iter().map(|article| (worth(article), article)).filter(|(worth, _)| *worth > 0).collect();
    found.sort_by_key(|(worth, _)| std::cmp::Reverse(*worth));
    found.into_iter().map(|(_, article)| Arc::clone(article)).collect()
}

/// What an article is worth that has all words; 0 if it lacks one.
fn worth(article: &Article, asked: &Question<'_>) -> u32 {
    let folded = &article.folded;
    let worths: Vec<u32> = asked.words.iter().map(|word| word.worth(article)).collect();
    if worths.contains(&0) {
        return if folded.tags.iter().any(|tag| tag == asked.whole) { IN_TAG } else { 0 };
    }
    let is_whole = !asked.key.is_empty() && folded.title_key.contains(&asked.key);
    worths.iter().sum::<u32>() + u32::from(is_whole) * WHOLE
}

fn pairs(words: &[&str]) -> Vec<String> {
    let letters: Vec<char> = words.iter().flat_map(|word| word.chars()).collect();
    letters.windows(2).map(|pair| pair.iter().collect()).collect()
}

/// How many of the pairs an article has, if those are enough.
fn likeness(article: &Article, pairs: &[String]) -> u32 {
    let folded = &article.folded;
    let has = |pair: &&String| folded.title.contains(*pair) || folded.text.contains(*pair);
    let there = pairs.iter().filter(has).count();
    let is_enough = pairs.len() >= 2 && there * 100 >= pairs.len() * ENOUGH;
    if is_enough { u32::try_from(there).unwrap_or(u32::MAX) } else { 0 }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::article::{Settings, shelf};

    /// Articles by title, summary and text, published in this order.
    fn shelf(articles: &[(&str, &str)]) -> Shelf {
        let tags: Vec<String> = (0..articles.len()).map(|number| format!("标签{number}")).collect();
        let articles = articles.iter().zip(&tags).map(|((title, text), tag)| (*title, tag.as_str(), *text));
        shelf_of(&articles.collect::<Vec<_>>())
    }

    /// The same, each with a tag of its own.
    fn shelf_of(articles: &[(&str, &str, &str)]) -> Shelf {
        let dir = tempfile::tempdir().unwrap();
        for (number, (title, tag, text)) in articles.iter().enumerate() {
            let head = format!("---\ntitle: {title}\ntags: [{tag}]\n---\n\n{text}\n");
            std::fs::write(dir.path().join(format!("{number}.md")), head).unwrap();
        }
        let settings = Settings { public_url: String::new(), time_zone: Tz::UTC, verified: Vec::new() };
        let mut shelf = shelf::read(dir.path(), &Shelf::default(), &settings).unwrap();
        for (number, article) in shelf.articles.values_mut().enumerate() {
            let published_at = DateTime::from_timestamp(number as i64, 0);
            *article = Arc::new(Article { published_at, ..(**article).clone() });
        }
        shelf
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_000, 0).unwrap()
    }

    #[track_caller]
    fn check(shelf: &Shelf, question: &str, expected: &[&str]) {
        let found = shelf.find(question, now());
        let titles: Vec<&str> = found.iter().map(|article| article.title.as_str()).collect();
        assert_eq!(titles, expected, "{question}");
    }

    #[test]
    fn titles_come_before_tags_and_tags_before_texts() {
        let shelf = shelf(&[("读书会", "雪国"), ("雪国", "川端"), ("雪国漫谈", "标签0"), ("Snow Country", "雪 国")]);
        check(&shelf, "雪国", &["雪国漫谈", "雪国", "读书会"]);
        check(&shelf, "标签0", &["读书会", "雪国漫谈"]);
        check(&shelf, "SNOW  country", &["Snow Country"]);
        check(&shelf, "雪國 川端", &["雪国"]);
        check(&shelf, "沙漠", &[]);
        check(&shelf, "？！", &[]);
        check(&shelf, &"长".repeat(10_000), &[]);
    }

    #[test]
    fn tags_with_signs_are_found_as_they_are_written() {
        let shelf = shelf_of(&[
            ("模板", "C++", "泛型"),
            ("委托", "\"c#\"", "事件"),
            ("智能", "AI/ML", "学习"),
            ("运行时", "\".NET\"", "x"),
            ("机器", "Machine Learning", "y"),
            ("A cat", "猫", "An old c book"),
        ]);
        check(&shelf, "C++", &["模板"]);
        check(&shelf, "c＋＋！", &["模板"]);
        check(&shelf, "C#", &["委托"]);
        check(&shelf, "ai/ml", &["智能"]);
        check(&shelf, ".net", &["运行时"]);
        check(&shelf, "machine learning", &["机器"]);
        check(&shelf, "C++ 泛型", &["模板"]);
        check(&shelf, "c", &["A cat"]);
        assert!(shelf.articles.values().any(|article| article.has_tag("C＃")));
    }

    #[test]
    fn a_sentence_is_found_by_most_of_its_pairs() {
        let shelf = shelf(&[("冬天的书单", "围炉夜读"), ("春天", "踏青")]);
        check(&shelf, "冬天书单", &["冬天的书单"]);
        check(&shelf, "夏天书店", &[]);
    }

    #[test]
    fn a_title_that_has_the_words_is_one_whoever_writes_how() {
        let shelf = shelf(&[("冬天的書單，十本", "x"), ("冬天的书单", "y")]);
        let titled = |words: &str| shelf.titled(words, now()).map(|article| article.title.clone());
        assert_eq!(titled("《冬天的书单》").as_deref(), Some("冬天的书单"), "the shortest");
        assert_eq!(titled("书单 十本").as_deref(), Some("冬天的書單，十本"));
        assert_eq!((titled("书"), titled("x")), (None, None));
        assert_eq!(shelf.titled("书单", DateTime::from_timestamp(-1, 0).unwrap()), None, "not before its time");
    }
}
