//! 我的: what the service knows about a follower, as far as it is of use to them: downloads, quota, open requests.

use super::Result;
use super::follower::requests_of;
use super::outcome::{Outcome, shortened};
use super::visit::Visit;
use super::wording::Word;
use crate::store::schema::REQUESTS;
use crate::wechat::{literal, menu_link};

/// Most books of either list.
const BOOKS: usize = 5;
/// Longest title, in characters.
const TITLE: usize = 30;

impl Visit<'_> {
    /// Today's use of the quota, recent downloads, open requests.
    pub(super) fn mine(&self) -> Result<Outcome> {
        let library = &self.desk.library;
        let used = library.downloads_today(&self.follower.alias, self.now)?.to_string();
        let limit = self.desk.limits().downloads_per_day.to_string();
        let mut parts = vec![self.words.say(Word::MeQuota, &[("used", &used), ("limit", &limit)])];
        let (downloads, requests) = (self.downloads()?, self.requests()?);
        if downloads.is_empty() && requests.is_empty() {
            parts.push(self.words.plain(Word::MeNothing));
        }
        if !downloads.is_empty() {
            parts.push(self.words.say(Word::MeDownloads, &[("books", &downloads)]));
        }
        if !requests.is_empty() {
            parts.push(self.words.say(Word::MeRequests, &[("books", &requests)]));
        }
        parts.push(self.words.plain(Word::MeFoot));
        Ok(Outcome::say(parts.join("\n")))
    }

    fn downloads(&self) -> Result<String> {
        let mut lines = Vec::new();
        for (id, _) in &self.follower.downloads {
            if lines.len() == BOOKS {
                break;
            }
            if let Some((id, book)) = self.desk.library.shown(*id)? {
                let title = shortened(&book.title, TITLE);
                lines.push(menu_link(&title, &format!("b{id}"), &title));
            }
        }
        Ok(lines.join("\n"))
    }

    fn requests(&self) -> Result<String> {
        let mut lines = Vec::new();
        let store = &self.desk.store;
        for key in requests_of(store, self.account, self.open_id)? {
            let request = store.get(&REQUESTS, &key)?;
            if let Some(request) = request.filter(|request| request.fulfilled_by.is_none()) {
                lines.push(literal(&shortened(&request.text, TITLE)));
            }
            if lines.len() == BOOKS {
                break;
            }
        }
        Ok(lines.join("\n"))
    }
}
