//! Articles at the platform: the draft box, and publishing from there.
//!
//! The platform's limits are checked here before anything is sent, because its own refusals name a number and no field.
//! Publishing is not sending to followers; it is accepted first and done later, which an event tells and a call.
//! Deliberately not here: when a draft is written again, and how pictures get there (`article`).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Error};
use crate::secret::Secret;

/// Longest title, in characters.
const TITLE: usize = 32;
/// Longest author, in characters.
const AUTHOR: usize = 16;
/// Longest digest, in characters.
const DIGEST: usize = 128;
/// The content must have fewer characters than this, its markup counted.
const CONTENT: usize = 20_000;
/// The content must have fewer bytes than this.
const BYTES: usize = 1 << 20;
/// Longest address of the original, in bytes.
const SOURCE_URL: usize = 1_024;
/// Drafts listed at a time, the platform's most.
const LISTED: usize = 20;

/// An article for the draft box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its title.
    pub title: String,
    /// Who wrote it; may be empty.
    pub author: String,
    /// What stands in it; empty: the platform takes the beginning of the content.
    pub digest: String,
    /// HTML without scripts, whose pictures are at the platform.
    pub content: String,
    /// Where “read the original” leads; may be empty.
    pub source_url: String,
    /// Permanent material: the cover.
    pub thumb_media_id: String,
}

/// Why the platform would not take a draft.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct UnfitDraft {
    /// The field, as the head of an article names it.
    pub field: &'static str,
    /// What is wrong, and what to do.
    pub what: String,
}

/// A draft in the box, as far as one needs to know it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedDraft {
    /// What it goes by.
    pub media_id: String,
    /// The title of its first article.
    pub title: String,
    /// Where that one's original is.
    pub source_url: String,
}

/// How publishing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// 0 done, 1 running, 2 original check failed, 3 failed, 4 refused by audit, 5 deleted, 6 banned; none: the platform
    /// did not say, which must not be read as done.
    pub status: Option<u32>,
    /// What the published article goes by.
    pub article_id: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
}

impl Draft {
    /// Whether the platform would take this.
    ///
    /// # Errors
    /// The first field that it would not.
    pub fn check(&self) -> Result<(), UnfitDraft> {
        let unfit = |field, what| Err(UnfitDraft { field, what });
        let too_long = |field, text: &str, most: usize| {
            let length = text.chars().count();
            let what = || format!("it has {length} characters, the platform takes {most}; shorten it");
            if length > most { unfit(field, what()) } else { Ok(()) }
        };
        if self.title.trim().is_empty() {
            return unfit("title", "it is missing; the platform wants one".into());
        }
        too_long("title", &self.title, TITLE)?;
        too_long("author", &self.author, AUTHOR)?;
        too_long("summary", &self.digest, DIGEST)?;
        if self.content.trim().is_empty() {
            return unfit("text", "it is empty".into());
        }
        let length = self.content.chars().count();
        if length >= CONTENT || self.content.len() >= BYTES {
            let what = format!("with its markup it has {length} characters, the platform takes {}", CONTENT - 1);
            return unfit("text", format!("{what}; divide the article"));
        }
        if self.content.to_ascii_lowercase().contains("<script") {
            return unfit("text", "it has a script, which the platform does not take; remove it".into());
        }
        if self.source_url.len() > SOURCE_URL {
            return unfit("public_url", format!("the article's address has more than {SOURCE_URL} bytes"));
        }
        if self.thumb_media_id.is_empty() {
            return unfit("cover", "it is missing; name a picture in the head, or put one into the text".into());
        }
        Ok(())
    }

    fn json(&self) -> Value {
        json!({
            "article_type": "news", "title": self.title, "author": self.author, "digest": self.digest,
            "content": self.content, "content_source_url": self.source_url, "thumb_media_id": self.thumb_media_id,
            "need_open_comment": 0, "only_fans_can_comment": 0,
        })
    }
}

impl Client {
    /// Puts an article into the draft box, and gives its `media_id`.
    ///
    /// # Errors
    /// What the platform says (40007 for a cover that is no permanent material, 45003 and so on for what is too long,
    /// 53404 to 53406, …), or no answer.
    pub async fn add_draft(&self, token: &Secret, draft: &Draft) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Answer {
            media_id: String,
        }
        let body = json!({ "articles": [draft.json()] });
        let answer: Answer = self.post("/cgi-bin/draft/add", &[("access_token", token.expose())], &body).await?;
        Ok(answer.media_id)
    }

    /// Writes a draft again.
    ///
    /// # Errors
    /// As [`Client::add_draft`]; 40007 also if there is no such draft any more.
    pub async fn update_draft(&self, token: &Secret, media_id: &str, draft: &Draft) -> Result<(), Error> {
        let body = json!({ "media_id": media_id, "index": 0, "articles": draft.json() });
        self.post::<Value>("/cgi-bin/draft/update", &[("access_token", token.expose())], &body).await.map(|_| ())
    }

    /// Whether there is such a draft.
    ///
    /// # Errors
    /// What the platform says, but for 40007; or no answer.
    pub async fn has_draft(&self, token: &Secret, media_id: &str) -> Result<bool, Error> {
        let body = json!({ "media_id": media_id });
        match self.post::<Value>("/cgi-bin/draft/get", &[("access_token", token.expose())], &body).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(40007) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The latest drafts in the box, twenty at most, without their content.
    ///
    /// # Errors
    /// What the platform says, or no answer.
    pub async fn latest_drafts(&self, token: &Secret) -> Result<Vec<ListedDraft>, Error> {
        let body = json!({ "offset": 0, "count": LISTED, "no_content": 1 });
        let answer: Value = self.post("/cgi-bin/draft/batchget", &[("access_token", token.expose())], &body).await?;
        let items = answer["item"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(items.iter().map(listed).collect())
    }

    /// Asks for a draft to be published, and gives the `publish_id` under which that goes on.
    ///
    /// # Errors
    /// What the platform says (48001 if the account may not, 53503 to 53505 if the draft may not, …), or no answer.
    pub async fn publish_draft(&self, token: &Secret, media_id: &str) -> Result<String, Error> {
        let body = json!({ "media_id": media_id });
        let query = [("access_token", token.expose())];
        let answer: Value = self.post("/cgi-bin/freepublish/submit", &query, &body).await?;
        text(&answer["publish_id"])
            .ok_or_else(|| Error::Transport { what: "the answer has no publish_id".into(), may_have_arrived: true })
    }

    /// How publishing stands.
    ///
    /// # Errors
    /// What the platform says, or no answer.
    pub async fn publication(&self, token: &Secret, publish_id: &str) -> Result<Publication, Error> {
        let body = json!({ "publish_id": publish_id });
        let answer: Value = self.post("/cgi-bin/freepublish/get", &[("access_token", token.expose())], &body).await?;
        let status = text(&answer["publish_status"]).and_then(|status| status.parse().ok());
        let url = text(&answer["article_detail"]["item"][0]["article_url"]);
        Ok(Publication { status, article_id: text(&answer["article_id"]), url })
    }
}

fn listed(item: &Value) -> ListedDraft {
    let first = &item["content"]["news_item"][0];
    let of = |value: &Value| text(value).unwrap_or_default();
    ListedDraft {
        media_id: of(&item["media_id"]),
        title: of(&first["title"]),
        source_url: of(&first["content_source_url"]),
    }
}

/// A text, or a number, which the platform writes in either way; not an empty one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            title: "书单".into(), content: "<p>正文</p>".into(), thumb_media_id: "m".into(), ..Draft::default()
        }
    }

    #[test]
    fn each_limit_names_its_field() {
        assert_eq!(draft().check(), Ok(()));
        let field = |change: fn(&mut Draft)| {
            let mut draft = draft();
            change(&mut draft);
            draft.check().err().map(|unfit| unfit.field)
        };
        assert_eq!(field(|draft| draft.title = "长".repeat(32)), None);
        assert_eq!(field(|draft| draft.title = "长".repeat(33)), Some("title"));
        assert_eq!(field(|draft| draft.title = " ".into()), Some("title"));
        assert_eq!(field(|draft| draft.author = "长".repeat(17)), Some("author"));
        assert_eq!(field(|draft| draft.digest = "长".repeat(129)), Some("summary"));
        assert_eq!(field(|draft| draft.content = "长".repeat(19_999)), None);
        assert_eq!(field(|draft| draft.content = "长".repeat(20_000)), Some("text"));
        assert_eq!(field(|draft| draft.content.clear()), Some("text"));
        assert_eq!(field(|draft| draft.content = "<SCRIPT>".into()), Some("text"));
        assert_eq!(field(|draft| draft.source_url = "x".repeat(1_025)), Some("public_url"));
        assert_eq!(field(|draft| draft.thumb_media_id.clear()), Some("cover"));
    }

    #[test]
    fn an_id_may_be_written_as_a_number() {
        assert_eq!(text(&json!(100_000_001)), Some("100000001".into()));
        assert_eq!(text(&json!("100000001")), Some("100000001".into()));
        assert_eq!((text(&json!("")), text(&Value::Null)), (None, None));
    }
}
