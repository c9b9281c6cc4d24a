//! Publishing a draft at the platform, and following it until its end.
//!
//! The platform accepts first and publishes later; an event tells the end, and who missed it asks. What is asked for is
//! noted before and after, so that nothing is asked for twice. An event of a publication without an id of ours may be of
//! one that was made elsewhere: it is believed only if the platform has it published and our draft has left the box.
//! Nothing here makes an article public on our own pages.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::draft::may_have_had_effect;
use super::{Articles, Error, Result};
use crate::store::records::{ArticleDraftRecord, PublicationRecord, PublicationState};
use crate::store::schema::ARTICLE_DRAFTS;
use crate::store::{self, Durability};
use crate::token::{CallError, Keeper};
use crate::wechat::Publish;

/// Rows of one account that are looked at.
const MOST_ROWS: usize = 20_000;
/// When no answer was heard, it is not asked again before this: the event may still tell.
const ASK_AGAIN: Duration = Duration::hours(1);
/// So long the platform is asked how it stands.
const FOLLOWED: Duration = Duration::days(3);
/// The platform's number for an account that may not do that.
const NOT_AUTHORISED: i64 = 48001;

/// What the platform has of an article, with its key.
type Row = ((String, String), ArticleDraftRecord);

/// What following came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Publications that were asked about.
    pub asked: usize,
    /// Of these, those that have ended.
    pub ended: usize,
}

/// How a publication ended, or that it has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it stands.
    pub state: PublicationState,
    /// What the platform calls it.
    pub article_id: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
}

impl PublicationState {
    /// In words.
    pub fn told(self) -> &'static str {
        match self {
            PublicationState::Asking => "asked for, no answer heard yet",
            PublicationState::Running => "being published",
            PublicationState::Published => "published",
            PublicationState::Refused(2) => "refused: the check for originals failed",
            PublicationState::Refused(4) => "refused by the platform's audit",
            PublicationState::Refused(5) => "deleted after it was published",
            PublicationState::Refused(6) => "banned after it was published",
            PublicationState::Refused(_) => "failed at the platform",
        }
    }

    fn of(status: u32) -> PublicationState {
        match status {
            0 => PublicationState::Published,
            1 => PublicationState::Running,
            other => PublicationState::Refused(other),
        }
    }
}

impl Articles {
    /// Asks the platform to publish the draft of an article, which [`Articles::draft`] has made. What is being published
    /// is not asked for again.
    ///
    /// # Errors
    /// What the platform says, with what to do; an account that is not verified is not asked for.
    pub async fn publish_draft(
        self: &Arc<Self>,
        account: Option<&str>,
        slug: &str,
        now: DateTime<Utc>,
    ) -> Result<PublicationRecord> {
        let _alone = self.platform_work.lock().await;
        let keeper = self.keeper(account)?;
        let mut desk = self.at(&keeper, slug)?;
        let before = desk.record.publication.clone();
        if let Some(publication) = before.clone().filter(|before| is_under_way(before, now)) {
            return Ok(publication);
        }
        let Some(media_id) = desk.record.media_id.clone() else { return Err(Error::NoDraft(slug.to_owned())) };
        if !self.settings.verified.iter().any(|name| name == keeper.account()) {
            return Err(Error::Refused {
                advice: "the account is not verified, and the platform lets only verified ones publish. The draft is in \
                         the draft box (草稿箱): publish it in the console. If the account is verified, write verified = \
                         true into the configuration",
                code: NOT_AUTHORISED,
                message: "not asked".into(),
            });
        }
        let asking = PublicationRecord {
            asked_at: now,
            publish_id: None,
            heard: None,
            state: PublicationState::Asking,
            article_id: None,
            url: None,
        };
        desk.record.publication = Some(asking.clone());
        desk.keep_publication()?;
        let (client, media_id) = (keeper.client(), &media_id);
        match desk.call(|token| async move { client.publish_draft(&token, media_id).await }).await {
            Ok(publish_id) => {
                let state = PublicationState::Running;
                let running = PublicationRecord { publish_id: Some(publish_id), state, ..asking };
                desk.record.publication = Some(running.clone());
                desk.keep_publication()?;
                Ok(running)
            }
            Err(error) => {
                if !may_have_had_effect(&error) {
                    desk.record.publication = before;
                    desk.keep_publication()?;
                }
                Err(error)
            }
        }
    }

    /// Takes the platform's word on how a publication went.
    ///
    /// # Errors
    /// When the store fails.
    pub fn told_of(&self, account: &str, told: &Publish) -> store::Result<()> {
        let Some(status) = told.status else { return Ok(()) };
        if !self.knows(account, &told.publish_id)? {
            return self.hear(account, &told.publish_id);
        }
        let outcome = Outcome {
            state: PublicationState::of(status),
            article_id: told.article_id.clone(),
            url: told.urls.first().map(|url| url.url.clone()),
        };
        self.end(account, &told.publish_id, &outcome)
    }

    /// Asks the platform about everything that is being published.
    ///
    /// # Errors
    /// When the store fails; what the platform does not answer is asked again the next time.
    pub async fn follow(&self, now: DateTime<Utc>) -> Result<Followed> {
        let mut followed = Followed::default();
        for keeper in self.tokens.all() {
            let client = keeper.client();
            for ((key, record), heard) in self.unsure(keeper.account(), now)? {
                followed.asked += 1;
                followed.ended += usize::from(self.ask_about_heard(keeper, &key, &record, &heard).await?);
            }
            for publish_id in self.running(keeper.account(), now)? {
                followed.asked += 1;
                let publish_id = publish_id.as_str();
                let asked = keeper.with(|token| async move { client.publication(&token, publish_id).await }).await;
                let found = match asked {
                    Ok(found) => found,
                    Err(error) => {
                        log::warn!(account = keeper.account(); "how publishing {publish_id} stands: {error}");
                        continue;
                    }
                };
                let Some(state) = found.status.map(PublicationState::of) else { continue };
                if state != PublicationState::Running {
                    followed.ended += 1;
                    let outcome = Outcome { state, article_id: found.article_id, url: found.url };
                    self.end(keeper.account(), publish_id, &outcome)?;
                }
            }
        }
        Ok(followed)
    }

    fn running(&self, account: &str, now: DateTime<Utc>) -> store::Result<Vec<String>> {
        let publications = self.rows(account)?.into_iter().filter_map(|(_, record)| record.publication);
        let are_running = publications
            .filter(|publication| publication.state == PublicationState::Running)
            .filter(|publication| now - publication.asked_at < FOLLOWED);
        Ok(are_running.filter_map(|publication| publication.publish_id).collect())
    }

    fn rows(&self, account: &str) -> store::Result<Vec<Row>> {
        self.store.under(&ARTICLE_DRAFTS, account, MOST_ROWS)
    }

    fn knows(&self, account: &str, publish_id: &str) -> store::Result<bool> {
        Ok(self.rows(account)?.iter().any(|(_, record)| is_of(record, publish_id)))
    }

    /// Keeps in mind a publication that may be the one whose answer was never heard, if there is exactly one such. The
    /// event may also come before the answer: then that tells the id.
    fn hear(&self, account: &str, publish_id: &str) -> store::Result<()> {
        let rows = self.rows(account)?;
        let is_asking = |record: &ArticleDraftRecord| {
            record.publication.as_ref().is_some_and(|own| own.state == PublicationState::Asking)
        };
        let mut asking = rows.iter().filter(|(_, record)| is_asking(record));
        let Some((key, _)) = asking.next().filter(|_| asking.next().is_none()) else { return Ok(()) };
        self.set_heard(key, Some(publish_id.to_owned()))
    }

    fn set_heard(&self, key: &(String, String), heard: Option<String>) -> store::Result<()> {
        self.store.write(Durability::Durable, |write| {
            let Some(mut record) = write.get::<_, ArticleDraftRecord>(&ARTICLE_DRAFTS, key)? else { return Ok(()) };
            match record.publication.as_mut().filter(|own| own.state == PublicationState::Asking) {
                Some(publication) => publication.heard = heard,
                None => return Ok(()),
            }
            write.put(&ARTICLE_DRAFTS, key, &record)
        })
    }

    /// Those without an id of their own, with what was heard of.
    fn unsure(&self, account: &str, now: DateTime<Utc>) -> store::Result<Vec<(Row, String)>> {
        let rows = self.rows(account)?.into_iter().filter_map(|(key, record)| {
            let publication = record.publication.as_ref()?;
            let is_unsure = publication.state == PublicationState::Asking && now - publication.asked_at < FOLLOWED;
            let heard = publication.heard.clone().filter(|_| is_unsure)?;
            Some(((key, record), heard))
        });
        Ok(rows.collect())
    }

    /// Whether a publication that was heard of is ours, as the platform tells it. Whether it has ended.
    async fn ask_about_heard(
        &self,
        keeper: &Arc<Keeper>,
        key: &(String, String),
        record: &ArticleDraftRecord,
        heard: &str,
    ) -> Result<bool> {
        let client = keeper.client();
        let found = match keeper.with(|token| async move { client.publication(&token, heard).await }).await {
            Ok(found) => found,
            Err(CallError::Call(error)) if error.code().is_some() && !error.is_retryable() && !error.is_quota() => {
                log::warn!(account = keeper.account(); "publishing {heard} is not ours: {error}");
                self.set_heard(key, None)?;
                return Ok(false);
            }
            Err(error) => {
                log::warn!(account = keeper.account(); "how publishing {heard} stands: {error}");
                return Ok(false);
            }
        };
        let state = match found.status.map(PublicationState::of) {
            None | Some(PublicationState::Running) => return Ok(false),
            Some(state) => state,
        };
        let Some(media_id) = record.media_id.as_deref().filter(|_| state == PublicationState::Published) else {
            // What was refused leaves no trace by which it could be known for ours.
            self.set_heard(key, None)?;
            return Ok(false);
        };
        let is_in_box = keeper.with(|token| async move { client.has_draft(&token, media_id).await }).await;
        match is_in_box {
            Ok(false) => {
                let outcome = Outcome { state, article_id: found.article_id, url: found.url };
                self.note_end(key, heard, &outcome)?;
                Ok(true)
            }
            Ok(true) => {
                self.set_heard(key, None)?;
                Ok(false)
            }
            Err(error) => {
                log::warn!(account = keeper.account(); "whether a draft is still in the box: {error}");
                Ok(false)
            }
        }
    }

    /// Notes how a publication of ours stands.
    fn end(&self, account: &str, publish_id: &str, outcome: &Outcome) -> store::Result<()> {
        let rows = self.rows(account)?;
        match rows.iter().find(|(_, record)| is_of(record, publish_id)) {
            Some((key, _)) => self.note_end(key, publish_id, outcome),
            None => Ok(()),
        }
    }

    fn note_end(&self, key: &(String, String), publish_id: &str, outcome: &Outcome) -> store::Result<()> {
        let (account, article, state) = (&key.0, &key.1, outcome.state.told());
        log::info!(account, article; "at the platform: {state}");
        self.store.write(Durability::Durable, |write| {
            let Some(mut record) = write.get::<_, ArticleDraftRecord>(&ARTICLE_DRAFTS, key)? else { return Ok(()) };
            let Some(publication) = record.publication.as_mut() else { return Ok(()) };
            publication.publish_id = Some(publish_id.to_owned());
            publication.heard = None;
            publication.state = outcome.state;
            publication.article_id = outcome.article_id.clone().or(publication.article_id.take());
            publication.url = outcome.url.clone().or(publication.url.take());
            if outcome.state == PublicationState::Published {
                // What is published is in the draft box no more.
                record.media_id = None;
            }
            write.put(&ARTICLE_DRAFTS, key, &record)
        })
    }
}

/// Whether this is the publication of the id.
fn is_of(record: &ArticleDraftRecord, publish_id: &str) -> bool {
    record.publication.as_ref().is_some_and(|own| own.publish_id.as_deref() == Some(publish_id))
}

fn is_under_way(publication: &PublicationRecord, now: DateTime<Utc>) -> bool {
    match publication.state {
        PublicationState::Running => now - publication.asked_at < FOLLOWED,
        PublicationState::Asking => now - publication.asked_at < ASK_AGAIN,
        PublicationState::Published | PublicationState::Refused(_) => false,
    }
}
