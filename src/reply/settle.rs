//! The one write that carries out the effects of an answer and keeps it, with what waited for the follower.

use chrono::{DateTime, Utc};

use super::follower::{self, FollowerKey, Traces};
use super::notice::{self, Waiting};
use super::outcome::{Effect, Outcome, Speech, fitting};
use super::wording::{Word, Wordings};
use super::{Desk, Result};
use super::{picture, posting};
use crate::kindle::Who;
use crate::library::{requests, subscriptions};
use crate::statistics::Often;
use crate::store::records::AnswerRecord;
use crate::store::schema::{ANSWERED, ANSWERS, FOLLOWERS, LATE, QUOTAS};
use crate::store::{self, Durability, Write};
use crate::wechat::{Reply, is_test_follower};

impl Desk {
    /// Carries out the effects and keeps the answer, in one write; or writes nothing if there is no effect. Unless
    /// something may wait for the follower (`is_waited_for`) nobody looks for it.
    pub(super) fn settle(
        &self,
        key: &(String, String),
        who: &FollowerKey,
        is_waited_for: bool,
        words: &Wordings,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<Reply> {
        if let Speech::Private(text) = &outcome.speech {
            return Ok(Reply::Text(fitting(text).to_owned()));
        }
        let forgets = outcome.forgets();
        // What is being told at this moment is not told twice.
        let has_nothing = forgets || !is_waited_for || self.chat.is_telling(who);
        let waiting = if has_nothing { Waiting::default() } else { self.waiting(who, words, now)? };
        let is_waited_for = !waiting.is_empty();
        if outcome.effects.is_empty() && !is_waited_for {
            match &outcome.speech {
                Speech::Text(text) => return Ok(Reply::Text(fitting(text).to_owned())),
                Speech::News { article, .. } => return Ok(Reply::News(vec![(**article).clone()])),
                Speech::Requested { .. } | Speech::Posted | Speech::Shown(_) | Speech::Private(_) => {}
            }
        }
        if let Speech::Text(text) = &outcome.speech
            && outcome.is_step()
            && !is_waited_for
        {
            return self.step(key, who, outcome.effects, fitting(text), now);
        }
        let traces = if forgets { Some(self.traces(who)?) } else { None };
        let is_promise = outcome.is_promise() || is_waited_for;
        let durability = if is_promise { Durability::Durable } else { Durability::Soon };
        let posts = outcome.posts();
        let reply = self.store.write(durability, |write| {
            // Another thread may have answered the same push since.
            if let Some(answer) = write.get(&ANSWERS, key)? {
                return Ok(answer.reply);
            }
            let late = if waiting.has_late { write.get(&LATE, who)? } else { None };
            let late = late.map(|late| picture::while_it_lives(late, words, now));
            let own = match &late {
                Some(_) if outcome.is_filler => None,
                _ => Some(self.carry_out(write, who, words, outcome, traces.as_ref(), now)?),
            };
            let reply = notice::deliver(write, who, words, (late, waiting.notices), own, now)?;
            keep_answer(write, key, &reply, now)?;
            Ok::<_, store::Error>(reply)
        })?;
        self.recent.keep(key, &reply, now);
        if posts {
            self.kindle.bell().ring();
        }
        if forgets {
            self.last_words.forget(who);
        }
        Ok(reply)
    }

    /// Moves the follower, and says `text`; nothing of it must happen only once.
    fn step(
        &self,
        key: &(String, String),
        who: &FollowerKey,
        effects: Vec<Effect>,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<Reply> {
        for effect in effects {
            match effect {
                Effect::Place(place) => self.move_to(who, place)?,
                _ => self.tally(&who.1, Often::Search, now),
            }
        }
        let reply = Reply::Text(text.to_owned());
        self.recent.keep(key, &reply, now);
        Ok(reply)
    }

    /// Writes the effects and gives the text to say.
    fn carry_out(
        &self,
        write: &mut Write<'_>,
        who: &FollowerKey,
        words: &Wordings,
        outcome: Outcome,
        traces: Option<&Traces>,
        now: DateTime<Utc>,
    ) -> store::Result<String> {
        let (mut asking, mut posted) = (0, None);
        for effect in outcome.effects {
            match effect {
                Effect::Place(place) | Effect::Turn(place) => self.write_place(write, who, &place)?,
                Effect::Count(counter, count) => write.put(&QUOTAS, &counter, &count)?,
                // Nobody misses what the owner only tries.
                Effect::Miss(_) if is_test_follower(&who.1) => {}
                Effect::Miss(text) => {
                    requests::count_miss(write, &text, now)?;
                    self.tally(&who.1, Often::Miss, now);
                }
                Effect::Search => self.tally(&who.1, Often::Search, now),
                Effect::Request { text, book } => asking = requests::add(write, &who.0, &who.1, &text, book, now)?,
                Effect::Post { alias, action } => {
                    // Forgotten since, with everything: what they asked for before, too.
                    if write.get(&FOLLOWERS, who)?.is_some_and(|follower| follower.alias == alias) {
                        let who = Who::new(&who.0, &who.1);
                        posted = Some(self.kindle.carry_out(write, &who, action, now)?);
                    }
                }
                Effect::Subscribe(text) => subscriptions::add(write, &who.0, &who.1, &text, now)?,
                Effect::Unsubscribe(keys) => subscriptions::remove(write, &who.0, &who.1, &keys)?,
                Effect::Forget => {
                    if let Some(traces) = traces {
                        self.leave_place(who);
                        follower::forgotten(write, who, traces, &self.store)?;
                    }
                }
            }
        }
        Ok(match outcome.speech {
            Speech::Text(text) | Speech::Private(text) => text,
            // A card goes alone; with something else there is a line.
            Speech::News { text, .. } => text,
            Speech::Requested { title } => {
                words.say(Word::Requested, &[("title", &title), ("count", &asking.to_string())])
            }
            Speech::Posted => posted.map_or_else(|| words.plain(Word::Apology), |done| posting::said(words, &done)),
            // It was given before there was anything to write.
            Speech::Shown(_) => String::new(),
        })
    }
}

pub(super) fn keep_answer(
    write: &mut Write<'_>,
    key: &(String, String),
    reply: &Reply,
    now: DateTime<Utc>,
) -> store::Result<()> {
    let at = now.timestamp_millis().max(0).unsigned_abs();
    write.put(&ANSWERS, key, &AnswerRecord { reply: reply.clone(), answered_at: now })?;
    write.put(&ANSWERED, &(at, answer_number(key)), key)
}

/// A number for an answer, the same whenever it is asked for: FNV-1a over its key.
pub(super) fn answer_number(key: &(String, String)) -> u64 {
    let bytes = key.0.bytes().chain([0]).chain(key.1.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
