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
/// Of the pairs of neighbours in a question, so many hundredths have to be there when no word is.
const ENOUGH: usize = 60;

impl Shelf {
    /// Published articles that have all of the words, the best first, of equal ones the latest.
    pub fn find(&self, question: &str, now: DateTime<Utc>) -> Vec<Arc<Article>> {
        let question: String = question.chars().take(LONGEST).collect();
        let folded = search::fold(question.trim_matches(|c: char| !c.is_alphanumeric()));
        let words: Vec<&str> =
            folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(WORDS).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let key = search::title_key(&question);
        let published = self.published(now);
        let found = ranked(&published, |article| worth(article, &words, &key));
        if !found.is_empty() {
            return found;
        }
        let pairs = pairs(&words);
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

/// Those that are worth something. The sort is stable: of equal ones the order stays.
fn ranked(all: &[Arc<Article>], worth: impl Fn(&Article) -> u32) -> Vec<Arc<Article>> {
    let mut found: Vec<(u32, &Arc<Article>)> =
        all.iter().map(|article| (worth(article), article)).filter(|(worth, _)| *worth > 0).collect();
    found.sort_by_key(|(worth, _)| std::cmp::Reverse(*worth));
    found.into_iter().map(|(_, article)| Arc::clone(article)).collect()
}

/// What an article is worth that has all words; 0 if it lacks one.
fn worth(article: &Article, words: &[&str], key: &str) -> u32 {
    let folded = &article.folded;
    let mut sum = 0;
    for word in words {
        let is_tag = folded.tags.iter().any(|tag| tag == word);
        let of_word = u32::from(folded.title.contains(word)) * IN_TITLE
            + u32::from(is_tag) * IN_TAG
            + u32::from(folded.text.contains(word)) * IN_TEXT;
        if of_word == 0 {
            return 0;
        }
        sum += of_word;
    }
    let is_whole = !key.is_empty() && folded.title_key.contains(key);
    sum + u32::from(is_whole) * WHOLE
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
        let dir = tempfile::tempdir().unwrap();
        for (number, (title, text)) in articles.iter().enumerate() {
            let head = format!("---\ntitle: {title}\ntags: [标签{number}]\n---\n\n{text}\n");
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
