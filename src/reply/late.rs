//! Answers that came too late for their message: kept for the follower's next one.

use chrono::{DateTime, Utc};

use super::ask::{self, Ask};
use super::wording::Word;
use super::{Desk, Result, delivery};
use crate::store::Durability;
use crate::store::records::AnswerRecord;
use crate::store::schema::LATE;
use crate::wechat::{Incoming, Reply};

impl Desk {
    /// Keeps the answer to a push that came too late for it, as [`Desk::keep_late`] does; of one that may not be kept
    /// only that it has to be asked for again.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_late_answer(&self, account: &str, incoming: &Incoming, reply: Reply, now: DateTime<Utc>) -> Result<()> {
        let is_private = match ask::of(incoming) {
            Ask::Words { text, .. } => self.is_private(text),
            _ => false,
        };
        let reply = if is_private { Reply::Text(self.wordings().plain(Word::BindAgain)) } else { reply };
        self.keep_late(account, &incoming.from_user, reply, now)
    }

    /// Keeps an answer that came too late for its message; the follower gets it with the next one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_late(&self, account: &str, open_id: &str, reply: Reply, now: DateTime<Utc>) -> Result<()> {
        let key = (account.to_owned(), open_id.to_owned());
        let words = self.wordings();
        Ok(self.store.write(Durability::Durable, |write| {
            let waiting: Option<AnswerRecord> = write.get(&LATE, &key)?;
            let reply = match (waiting, reply) {
                (Some(waiting), Reply::Nothing) => waiting.reply,
                // Two of them go out as one; if they do not fit, the newer is what the follower waits for.
                (Some(waiting), Reply::Text(text)) => {
                    let parcel = delivery::pack(&words, Some(&waiting), &[], Some(&text));
                    if parcel.keeps_own { Reply::Text(text) } else { parcel.reply }
                }
                (_, reply) => reply,
            };
            if reply == Reply::Nothing {
                return Ok(());
            }
            write.put(&LATE, &key, &AnswerRecord { reply, answered_at: now })
        })?)
    }
}
