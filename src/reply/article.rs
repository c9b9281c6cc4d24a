//! Articles in the conversation: found by words, the newest, and a line about one below an answer about books.
//!
//! One that is meant is a card with its picture, several are a numbered list of links. The numbers are for the eye: what is
//! typed next means books as always.

use super::Result;
use super::outcome::{Outcome, Speech, shortened};
use super::visit::Visit;
use super::wording::Word;
use crate::article::{Article, address_of_picture};
use crate::wechat::{self, TEXT_FITTING_BYTES, literal, text_link};

/// Most articles listed.
const LISTED: usize = 9;
/// Longest title in a line, in characters.
const TITLE: usize = 40;
/// How much of a follower's words is repeated, in characters.
const ECHO: usize = 30;
/// Longest text on a card, in characters.
const SUMMARY: usize = 100;

impl Visit<'_> {
    /// Articles about these words; without words the newest.
    pub(super) fn articles(&self, text: &str) -> Result<Outcome> {
        let shelf = self.desk.articles.shelf(self.now).map_err(Box::new)?;
        let found = if text.is_empty() { shelf.published(self.now) } else { shelf.find(text, self.now) };
        let echo = [("text", literal(&shortened(text, ECHO)))];
        let echo = [("text", echo[0].1.as_str())];
        let head = match (text.is_empty(), found.as_slice()) {
            (true, []) => return Ok(Outcome::say(self.words.plain(Word::ArticlesNone))),
            (false, []) => return Ok(Outcome::say(self.words.say(Word::ArticlesNothing, &echo))),
            (false, [only]) => return Ok(self.article_card(only)),
            (true, _) => self.words.plain(Word::ArticlesLatest),
            (false, _) => self.words.say(Word::ArticlesFound, &echo),
        };
        let more = self.all_articles();
        let mut list = head;
        for (number, article) in found.iter().take(LISTED).enumerate() {
            let line = format!("\n{}. {}", number + 1, self.article_link(article));
            if list.len() + line.len() + more.len() + 2 > TEXT_FITTING_BYTES {
                break;
            }
            list.push_str(&line);
        }
        list.push_str("\n\n");
        list.push_str(&more);
        Ok(Outcome::say(list))
    }

    /// The answer with a line about the article whose title has the words, if there is one and the line fits. Books
    /// must not fail because of articles.
    pub(super) fn with_article(&self, mut outcome: Outcome, words: &str) -> Outcome {
        let shelf = match self.desk.articles.shelf(self.now) {
            Ok(shelf) => shelf,
            Err(error) => {
                log::error!("articles: {error}");
                return outcome;
            }
        };
        let Some(article) = shelf.titled(words, self.now) else { return outcome };
        let line = self.words.say(Word::ArticleToo, &[("link", &self.article_link(&article))]);
        if let Speech::Text(text) = &mut outcome.speech
            && text.len() + line.len() < TEXT_FITTING_BYTES
        {
            text.push('\n');
            text.push_str(&line);
        }
        outcome
    }

    /// A card if there is a picture for it.
    fn article_card(&self, article: &Article) -> Outcome {
        let text = self.words.say(Word::ArticleToo, &[("link", &self.article_link(article))]);
        let cover = article.cover.as_ref().filter(|cover| matches!(cover.mime, Some("image/jpeg" | "image/png")));
        let Some(cover) = cover else { return Outcome::say(text) };
        let card = wechat::Article {
            title: shortened(&article.title, TITLE),
            description: shortened(article.summary.as_deref().unwrap_or_default(), SUMMARY),
            pic_url: format!("{}{}", self.desk.links.public_url(), address_of_picture(&article.slug, &cover.name)),
            url: self.article_url(article),
        };
        Outcome { speech: Speech::News { article: Box::new(card), text }, effects: Vec::new(), is_filler: false }
    }

    fn article_link(&self, article: &Article) -> String {
        text_link(&self.article_url(article), &shortened(&article.title, TITLE))
    }

    fn article_url(&self, article: &Article) -> String {
        format!("{}{}", self.desk.links.public_url(), article.address())
    }

    fn all_articles(&self) -> String {
        text_link(&format!("{}/a/", self.desk.links.public_url()), &self.words.plain(Word::LabelArticles))
    }
}
