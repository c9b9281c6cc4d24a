//! An article brought into the platform's draft box, and written there again when it has changed.
//!
//! The platform's limits are looked at before anything is sent. Each picture is uploaded once, by its content, and noted
//! at once, so that a process killed in between goes on where it was. Before a draft is added that is noted, too: if the
//! answer is never heard, the box is searched for it before another is added. A draft that the owner has deleted there,
//! and a cover that has gone, are made anew.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::content::{self, Upload, Uploads};
use super::shelf::Article;
use super::{Articles, Error, Result};
use crate::blocking::blocking;
use crate::secret::Secret;
use crate::store::records::ArticleDraftRecord;
use crate::store::schema::ARTICLE_DRAFTS;
use crate::store::{ContentHash, Durability};
use crate::token::{CallError, Keeper};
use crate::wechat::{self, Draft, MediaKind};

/// The platform's number for an id that it does not know.
const NO_SUCH_MEDIA: i64 = 40007;
/// How often a draft is tried whose cover or which itself has gone.
const TRIES: usize = 3;
/// As long as an address of a picture at the platform may be.
const ADDRESS: usize = 200;

/// A draft at the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// The account.
    pub account: String,
    /// What the platform calls it.
    pub media_id: String,
    /// What was done.
    pub told: Told,
    /// Pictures that were uploaded for it, the cover among them.
    pub uploaded: usize,
}

/// What was done about a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was added.
    Added,
    /// It was written again.
    Updated,
    /// It was as it should be.
    Same,
}

/// One draft in the making.
pub(super) struct Desk<'a> {
    articles: &'a Articles,
    pub(super) keeper: &'a Arc<Keeper>,
    /// Account and name of the article.
    pub(super) key: (String, String),
    pub(super) record: ArticleDraftRecord,
    uploaded: usize,
}

impl Articles {
    /// Brings an article into the draft box of an account, of the first if none is named; published here or not.
    ///
    /// # Errors
    /// [`Error::Unfit`] before anything is sent, naming the field; what the platform says, with what to do.
    pub async fn draft(self: &Arc<Self>, account: Option<&str>, slug: &str, now: DateTime<Utc>) -> Result<Drafted> {
        let _alone = self.platform_work.lock().await;
        let keeper = self.keeper(account)?;
        let (same, name) = (Arc::clone(self), slug.to_owned());
        let prepared = blocking(move || {
            let article = same.shelf(now)?.article(&name).cloned().ok_or(Error::NoArticle(name))?;
            let uploads = content::uploads(&article).map_err(Error::Picture)?;
            Ok::<_, Error>((article, uploads))
        });
        let (article, uploads) = prepared.await??;
        self.draft_of(&article, &uploads, |_| Some("x".repeat(ADDRESS)), "x".into()).check()?;
        let mut desk = self.at(&keeper, slug)?;
        let mut told = None;
        for _ in 0..TRIES {
            match desk.write(&article, &uploads, now).await {
                Ok(done) => {
                    told = Some(done);
                    break;
                }
                Err(Error::Call(CallError::Call(error))) if error.code() == Some(NO_SUCH_MEDIA) => {
                    desk.forget().await?
                }
                Err(error) => return Err(error),
            }
        }
        let (Some(told), Some(media_id)) = (told, desk.record.media_id.clone()) else {
            return Err(Error::Refused {
                advice: "the platform does not know its own pictures and drafts; try again later",
                code: NO_SUCH_MEDIA,
                message: "invalid media_id".into(),
            });
        };
        Ok(Drafted { account: desk.key.0.clone(), media_id, told, uploaded: desk.uploaded })
    }

    /// What the platform has of an article, by account.
    ///
    /// # Errors
    /// When the store fails.
    pub fn drafts(&self, slug: &str) -> Result<Vec<(String, ArticleDraftRecord)>> {
        let mut drafts = Vec::new();
        for keeper in self.tokens.all() {
            let key = (keeper.account().to_owned(), slug.to_owned());
            drafts.extend(self.store.get(&ARTICLE_DRAFTS, &key)?.map(|record| (key.0, record)));
        }
        Ok(drafts)
    }

    pub(super) fn keeper(&self, account: Option<&str>) -> Result<Arc<Keeper>> {
        let missing = || Error::NoAccount(account.unwrap_or("at all").to_owned());
        self.tokens.of(account).cloned().ok_or_else(missing)
    }

    /// What there is of a draft.
    pub(super) fn at<'a>(&'a self, keeper: &'a Arc<Keeper>, slug: &str) -> Result<Desk<'a>> {
        let key = (keeper.account().to_owned(), slug.to_owned());
        let record = self.store.get(&ARTICLE_DRAFTS, &key)?.unwrap_or_default();
        Ok(Desk { articles: self, keeper, key, record, uploaded: 0 })
    }

    fn draft_of(
        &self,
        article: &Article,
        uploads: &Uploads,
        address: impl Fn(&Upload) -> Option<String>,
        cover: String,
    ) -> Draft {
        let public_url = &self.settings.public_url;
        let of = |number: usize| uploads.pictures.get(number).and_then(&address);
        Draft {
            title: article.title.clone(),
            author: article.author.clone().unwrap_or_default(),
            digest: article.summary.clone().unwrap_or_default(),
            content: content::content(article, public_url, &of),
            // Without an address of its own the article has no original to lead to.
            source_url: if public_url.is_empty() { String::new() } else { self.url_of(&article.slug) },
            thumb_media_id: if uploads.cover.is_some() { cover } else { String::new() },
        }
    }
}

impl Desk<'_> {
    /// Brings pictures and text to the platform, as far as they are not there.
    async fn write(&mut self, article: &Article, uploads: &Uploads, now: DateTime<Utc>) -> Result<Told> {
        for picture in &uploads.pictures {
            self.bring_picture(picture).await?;
        }
        let cover = match &uploads.cover {
            Some(cover) => self.bring_cover(cover).await?,
            None => String::new(),
        };
        let address = |upload: &Upload| self.record.pictures.get(&upload.hash).cloned();
        let draft = self.articles.draft_of(article, uploads, address, cover);
        draft.check()?;
        let hash = ContentHash::of(format!("{draft:?}").as_bytes()).as_str().to_owned();
        if self.record.media_id.is_none() && self.record.is_adding {
            self.find(&draft, &article.address()).await?;
        }
        let told = match self.record.media_id.clone() {
            Some(_) if self.record.hash == hash => return Ok(Told::Same),
            Some(media_id) => {
                let (client, media_id, draft) = (self.keeper.client(), &media_id, &draft);
                self.call(|token| async move { client.update_draft(&token, media_id, draft).await }).await?;
                Told::Updated
            }
            None => {
                self.add(&draft).await?;
                Told::Added
            }
        };
        self.record.hash = hash;
        self.record.sent_at = now;
        self.keep()?;
        Ok(told)
    }

    async fn bring_picture(&mut self, picture: &Upload) -> Result<()> {
        if self.record.pictures.contains_key(&picture.hash) {
            return Ok(());
        }
        let (client, upload) = (self.keeper.client(), &told(picture));
        let url = self.call(|token| async move { client.upload_image(&token, upload).await }).await?;
        self.record.pictures.insert(picture.hash.clone(), url);
        self.uploaded += 1;
        self.keep()
    }

    async fn bring_cover(&mut self, cover: &Upload) -> Result<String> {
        if let Some((hash, media_id)) = &self.record.cover
            && *hash == cover.hash
        {
            return Ok(media_id.clone());
        }
        let (client, upload) = (self.keeper.client(), &told(cover));
        let add = |token: Secret| async move { client.add_material(&token, MediaKind::Image, upload, None).await };
        let material = self.call(add).await?;
        self.record.cover = Some((cover.hash.clone(), material.media_id.clone()));
        self.uploaded += 1;
        self.keep()?;
        Ok(material.media_id)
    }

    async fn add(&mut self, draft: &Draft) -> Result<()> {
        self.record.is_adding = true;
        self.keep()?;
        let client = self.keeper.client();
        match self.call(|token| async move { client.add_draft(&token, draft).await }).await {
            Ok(media_id) => self.record.media_id = Some(media_id),
            // It may be there all the same; it is looked for the next time.
            Err(error) if may_have_had_effect(&error) => return Err(error),
            Err(error) => {
                self.record.is_adding = false;
                self.keep()?;
                return Err(error);
            }
        }
        self.record.is_adding = false;
        self.keep()
    }

    /// Looks for a draft that was added without the answer being heard.
    async fn find(&mut self, draft: &Draft, address: &str) -> Result<()> {
        let client = self.keeper.client();
        let listed = self.call(|token| async move { client.latest_drafts(&token).await }).await?;
        // The public address of this server may have become another since.
        let is_it = |listed: &&wechat::ListedDraft| {
            listed.title == draft.title && (listed.source_url.is_empty() || listed.source_url.ends_with(address))
        };
        if let Some(found) = listed.iter().find(is_it) {
            self.record.media_id = Some(found.media_id.clone());
            self.record.hash.clear();
        }
        self.record.is_adding = false;
        self.keep()
    }

    /// The platform does not know an id of ours: that of the draft, or if that is there, of the cover.
    async fn forget(&mut self) -> Result<()> {
        let is_there = match self.record.media_id.clone() {
            Some(media_id) => {
                let (client, media_id) = (self.keeper.client(), &media_id);
                match self.call(|token| async move { client.has_draft(&token, media_id).await }).await {
                    Ok(is_there) => is_there,
                    Err(error) => return Err(error),
                }
            }
            None => true,
        };
        if is_there {
            self.record.cover = None;
        } else {
            self.record.media_id = None;
        }
        self.record.hash.clear();
        self.keep()
    }

    /// Calls the platform with the account's token; a refusal comes with what to do about it.
    pub(super) async fn call<T, F>(&self, call: impl Fn(Secret) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, wechat::Error>>,
    {
        self.keeper.with(call).await.map_err(explained)
    }

    /// Notes what is known of the draft; how its publication goes is told by others meanwhile.
    fn keep(&self) -> Result<()> {
        self.change(|kept| ArticleDraftRecord { publication: kept.publication, ..self.record.clone() })
    }

    /// Notes how its publication goes, and nothing else.
    pub(super) fn keep_publication(&self) -> Result<()> {
        self.change(|kept| ArticleDraftRecord { publication: self.record.publication.clone(), ..kept })
    }

    fn change(&self, change: impl FnOnce(ArticleDraftRecord) -> ArticleDraftRecord) -> Result<()> {
        self.articles.store.write(Durability::Durable, |write| {
            let kept = write.get(&ARTICLE_DRAFTS, &self.key)?.unwrap_or_default();
            write.put(&ARTICLE_DRAFTS, &self.key, &change(kept))
        })?;
        Ok(())
    }
}

fn told(upload: &Upload) -> wechat::Upload<'_> {
    wechat::Upload { file_name: &upload.name, media_type: upload.mime, bytes: Bytes::from(upload.bytes.clone()) }
}

pub(super) fn may_have_had_effect(error: &Error) -> bool {
    matches!(error, Error::Call(CallError::Call(error)) if error.may_have_had_effect())
}

/// What to do about a refusal, where its number says that.
fn explained(error: CallError) -> Error {
    match error {
        CallError::Call(wechat::Error::Api { code, message }) => match advice(code) {
            Some(advice) => Error::Refused { advice, code, message },
            None => CallError::Call(wechat::Error::Api { code, message }).into(),
        },
        other => other.into(),
    }
}

fn advice(code: i64) -> Option<&'static str> {
    Some(match code {
        45009 => "today's calls of this kind are used up; try again tomorrow (midnight in Beijing)",
        48001 => {
            "the platform does not let this account do that: only verified accounts publish by it. The draft stays in the \
             draft box (草稿箱); publish it in the platform's console"
        }
        53404 => "the account is banned from this; the platform's console says why",
        53405 => "a product in the text is not allowed; take it out",
        53406 => "the draft box is full; delete drafts in the platform's console (草稿箱)",
        53503 => "the draft did not pass the platform's check; open it in the console (草稿箱) to see what is wrong",
        53504 => "the platform wants this one published in its console (草稿箱), by hand",
        53505 => "open the draft in the platform's console (草稿箱), save it once by hand, then publish again",
        _ => return None,
    })
}
