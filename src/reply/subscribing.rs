//! Subscriptions in the conversation: 订阅 and an author, a series or a subject, or 周报, the list of each week; what is subscribed to; 退订.

use super::Result;
use super::number;
use super::outcome::{Effect, Outcome, shortened};
use super::visit::Visit;
use super::wording::Word;
use crate::library::subscriptions::{self, MOST};
use crate::store::records::SubscriptionRecord;
use crate::wechat::literal;

/// Longest text shown of one, in characters.
const SHOWN: usize = 30;

impl Visit<'_> {
    /// Subscribes to new books of this.
    pub(super) fn subscribe(&self, text: &str) -> Result<Outcome> {
        let key = subscriptions::key_of(text);
        if key.is_empty() {
            return self.subscriptions();
        }
        let known = self.subscribed()?;
        let shown = literal(&shortened(text, SHOWN));
        if known.iter().any(|(other, _)| *other == key) {
            return Ok(Outcome::say(self.words.say(Word::SubscribedBefore, &[("text", &shown)])));
        }
        if known.len() >= MOST {
            let most = MOST.to_string();
            return Ok(Outcome::say(self.words.say(Word::SubscribeLimit, &[("count", &most)])));
        }
        let said = match key == subscriptions::WEEKLY {
            true => self.words.plain(Word::SubscribedWeekly),
            false => self.words.say(Word::Subscribed, &[("text", &shown)]),
        };
        Ok(Outcome::say(said).with(Effect::Subscribe(shortened(text, SHOWN * 2))))
    }

    /// What is subscribed to, numbered.
    pub(super) fn subscriptions(&self) -> Result<Outcome> {
        let known = self.subscribed()?;
        Ok(Outcome::say(match known.is_empty() {
            true => self.words.plain(Word::SubscribeUsage),
            false => self.words.say(Word::Subscriptions, &[("list", &numbered(&known))]),
        }))
    }

    /// Ends one: numbered, named or the only one; or all.
    pub(super) fn unsubscribe(&self, which: &str) -> Result<Outcome> {
        let known = self.subscribed()?;
        if known.is_empty() {
            return Ok(Outcome::say(self.words.plain(Word::SubscribeUsage)));
        }
        let is_all = matches!(which, "全部" | "所有" | "all") || which.eq_ignore_ascii_case("all");
        if is_all {
            let keys = known.into_iter().map(|(key, _)| key).collect();
            let said = self.words.plain(Word::UnsubscribedAll);
            return Ok(Outcome::say(said).with(Effect::Unsubscribe(keys)));
        }
        let wanted = subscriptions::key_of(which);
        let found = match (which, known.as_slice()) {
            ("", [only]) => Some(only),
            // A name may be a number, and the name is what was typed.
            _ => known
                .iter()
                .find(|(key, _)| *key == wanted && !wanted.is_empty())
                .or_else(|| known.get(number::pick(which)?.checked_sub(1)?)),
        };
        Ok(match found {
            Some((key, record)) => {
                let said = self.words.say(Word::Unsubscribed, &[("text", &literal(&shortened(&record.text, SHOWN)))]);
                Outcome::say(said).with(Effect::Unsubscribe(vec![key.clone()]))
            }
            None => Outcome::say(self.words.say(Word::UnsubscribeWhich, &[("list", &numbered(&known))])),
        })
    }

    fn subscribed(&self) -> Result<Vec<(String, SubscriptionRecord)>> {
        Ok(subscriptions::of(&self.desk.store, self.account, self.open_id)?)
    }
}

fn numbered(known: &[(String, SubscriptionRecord)]) -> String {
    let lines = known.iter().enumerate();
    let lines = lines.map(|(at, (_, record))| format!("{}. {}", at + 1, literal(&shortened(&record.text, SHOWN))));
    lines.collect::<Vec<_>>().join("\n")
}
