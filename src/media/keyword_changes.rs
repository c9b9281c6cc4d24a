//! One reply of the file of keyword replies put in, changed, moved, switched off or taken out, while the rest of the file
//! stays as its owner has written it, comments and all.

use chrono::{DateTime, Utc};

use super::keywords::{KeywordFile, KeywordReply};
use super::{Media, SaveKeywords};
use crate::store::{self, ContentHash};
use crate::toml_text;

/// A change of one reply. Numbers count from 1, as the owner's do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeywordChange {
    /// A new one, behind the others.
    Add(KeywordReply),
    /// Another one in its place.
    Replace(usize, KeywordReply),
    /// One step towards the first.
    Up(usize),
    /// One step towards the last.
    Down(usize),
    /// Out of use.
    Off(usize),
    /// In use again.
    On(usize),
    /// Out of the file.
    Remove(usize),
}

impl KeywordFile {
    /// Makes a change. Whether there is a reply of that number, and where it can go.
    pub fn change(&mut self, change: KeywordChange) -> bool {
        let replies = &mut self.replies;
        let count = replies.len();
        let is_there = |number: usize| (1..=count).contains(&number);
        match change {
            KeywordChange::Add(reply) => replies.push(reply),
            KeywordChange::Replace(number, reply) if is_there(number) => replies[number - 1] = reply,
            KeywordChange::Up(number) if is_there(number) && number > 1 => replies.swap(number - 1, number - 2),
            KeywordChange::Down(number) if is_there(number) && number < count => replies.swap(number - 1, number),
            KeywordChange::Off(number) if is_there(number) => replies[number - 1].off = true,
            KeywordChange::On(number) if is_there(number) => replies[number - 1].off = false,
            KeywordChange::Remove(number) if is_there(number) => {
                replies.remove(number - 1);
            }
            _ => return false,
        }
        true
    }

    /// As the text of the owner's file, with the comments of the one that he has.
    ///
    /// # Errors
    /// Never for a file that was read.
    pub fn written_over(&self, own: &str) -> Result<String, String> {
        let fresh = toml::to_string_pretty(self).map_err(|error| error.to_string())?;
        Ok(toml_text::in_form_of(own, &fresh))
    }
}

impl Media {
    /// The file's text, empty if there is none, and the stamp by which it is known again.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn keywords_to_change(&self) -> std::io::Result<(String, String)> {
        let text = self.keywords_text()?.unwrap_or_default();
        let stamp = ContentHash::of(text.as_bytes()).as_str().to_owned();
        Ok((text, stamp))
    }

    /// Makes a change in the file that had this stamp, and takes it into use.
    ///
    /// # Errors
    /// [`SaveKeywords::Stale`] if it is another file now; [`SaveKeywords::Wrong`] if it is wrong, already or by the
    /// change. Then nothing has changed. Else when the disk or the store fails.
    pub fn change_keywords(&self, change: KeywordChange, stamp: &str, now: DateTime<Utc>) -> Result<(), SaveKeywords> {
        let (own, current) = self.keywords_to_change().map_err(store::Error::from)?;
        if current != stamp {
            return Err(SaveKeywords::Stale);
        }
        let mut file = KeywordFile::read(&own).map_err(SaveKeywords::Wrong)?;
        if !file.change(change) {
            return Err(SaveKeywords::Stale);
        }
        let text = file.written_over(&own).map_err(SaveKeywords::Wrong)?;
        self.save_keywords(&text, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "# head\n\n# the group\n[[reply]]\nwords = [\"加群\"] # often\ntext = \"\"\"\n扫码\"\"\"\n\n# the list\n[[reply]]\n\
                       words = [\"书单\"]\nmatch = \"contains\"\npicture = \"a.png\"\n";

    #[track_caller]
    fn check(change: KeywordChange, expected: &str) {
        let mut file = KeywordFile::read(OWN).unwrap();
        assert!(file.change(change));
        assert_eq!(file.written_over(OWN).unwrap(), expected);
    }

    #[test]
    fn the_rest_of_the_file_stays_as_it_is() {
        check(KeywordChange::Off(1), &OWN.replace("扫码\"\"\"\n", "扫码\"\"\"\noff = true\n"));
        check(
            KeywordChange::Up(2),
            "# head\n\n# the list\n[[reply]]\nwords = [\"书单\"]\nmatch = \"contains\"\npicture = \"a.png\"\n\n# the group\n\
             [[reply]]\nwords = [\"加群\"] # often\ntext = \"\"\"\n扫码\"\"\"\n",
        );
        check(
            KeywordChange::Remove(1),
            "# head\n\n# the list\n[[reply]]\nwords = [\"书单\"]\nmatch = \"contains\"\npicture = \"a.png\"\n",
        );
        let new = KeywordReply { words: vec!["新".into()], text: Some("x".into()), ..KeywordReply::default() };
        check(KeywordChange::Add(new), &format!("{OWN}\n[[reply]]\nwords = [\"新\"]\ntext = \"x\"\n"));
    }

    #[test]
    fn what_is_not_there_is_not_changed() {
        let mut file = KeywordFile::read(OWN).unwrap();
        for change in [KeywordChange::Up(1), KeywordChange::Down(2), KeywordChange::Off(0), KeywordChange::Remove(3)] {
            assert!(!file.change(change.clone()), "{change:?}");
        }
        assert_eq!(file, KeywordFile::read(OWN).unwrap());
    }
}
