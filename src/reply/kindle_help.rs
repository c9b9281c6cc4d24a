//! How pushes work, told in the conversation: the steps as text, and a card with the picture that shows where a Kindle's
//! owner approves our sender. The page behind it is `server`'s.

use super::Result;
use super::outcome::{Outcome, Speech};
use super::visit::Visit;
use super::wording::Word;
use crate::kindle::{HELP_PAGE, help_picture};
use crate::wechat::{Article, TEXT_FITTING_BYTES, literal, text_link};

impl Visit<'_> {
    /// How pushes work, where it is shown, and what is bound.
    pub(super) fn push_help(&self) -> Result<Outcome> {
        if !self.desk.kindle.is_ready() {
            return Ok(self.push_off());
        }
        let mut text = self.words.say(Word::PushHelp, &[("senders", &literal(&self.senders()))]);
        let mut append = |more: String| {
            if text.len() + more.len() <= TEXT_FITTING_BYTES {
                text.push_str(&more);
            }
        };
        append(format!("\n{}", self.help_line()));
        if !self.addresses()?.is_empty() {
            append(format!("\n\n{}", self.address_list()?));
        }
        Ok(Outcome::say(text))
    }

    /// The picture, on a card that leads to the page with the steps.
    pub(super) fn kindle_picture(&self) -> Outcome {
        if !self.desk.kindle.is_ready() {
            return self.push_off();
        }
        let base = self.desk.links.public_url();
        let card = Article {
            title: self.words.plain(Word::KindleTitle),
            description: self.words.say(Word::KindleText, &[("sender", &self.senders())]),
            pic_url: format!("{base}{}", help_picture(self.words.language().code())),
            url: self.help_page(),
        };
        let speech = Speech::News { article: Box::new(card), text: self.help_line() };
        Outcome { speech, effects: Vec::new(), is_filler: false }
    }

    fn help_line(&self) -> String {
        let link = text_link(&self.help_page(), &self.words.plain(Word::LabelKindle));
        self.words.say(Word::KindlePage, &[("link", &link)])
    }

    fn help_page(&self) -> String {
        format!("{}{HELP_PAGE}", self.desk.links.public_url())
    }

    fn senders(&self) -> String {
        self.desk.kindle.senders().join("、")
    }
}
