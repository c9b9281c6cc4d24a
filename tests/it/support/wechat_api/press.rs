//! The draft box of an account at the platform, and what is published from there. Of a publication only its end is the
//! test's to say: the platform takes minutes for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::account::{Account, Endpoint};
use super::http::Request;
use super::refusal::Refusal;

/// The drafts of an account, and its publications.
#[derive(Default)]
pub struct Press {
    /// By number, the latest last: `media_id` and the article.
    drafts: BTreeMap<u64, (String, Value)>,
    publications: BTreeMap<String, Publication>,
    serial: u64,
    /// Whether the account may publish; if not, 48001.
    pub may_publish: bool,
    /// What every request to publish is refused with.
    pub refusal: Option<i64>,
}

struct Publication {
    media_id: String,
    status: u32,
}

impl Press {
    /// The drafts, the latest last.
    pub fn drafts(&self) -> Vec<(String, Value)> {
        self.drafts.values().cloned().collect()
    }

    /// Somebody deletes a draft in the console.
    pub fn delete(&mut self, media_id: &str) {
        self.drafts.retain(|_, (own, _)| own != media_id);
    }

    /// A publication comes to its end; what is published leaves the draft box.
    pub fn finish(&mut self, publish_id: &str, status: u32) {
        let publication = self.publications.get_mut(publish_id).unwrap_or_else(|| panic!("no {publish_id}"));
        publication.status = status;
        let media_id = publication.media_id.clone();
        if status == 0 {
            self.delete(&media_id);
        }
    }

    /// Somebody publishes something in the console, which is done at once.
    pub fn publish_elsewhere(&mut self) -> String {
        let publish_id = (200_000_000 + self.publications.len() as u64).to_string();
        self.publications.insert(publish_id.clone(), Publication { media_id: "elsewhere".into(), status: 0 });
        publish_id
    }

    /// The latest publication that was asked for by a call.
    pub fn latest(&self) -> Option<String> {
        self.publications.keys().rfind(|id| id.starts_with('1')).cloned()
    }

    fn number(&self, request: &Request) -> Result<u64, Refusal> {
        let body = request.json().ok_or(Refusal::from(47001))?;
        let wanted = body["media_id"].as_str().ok_or(Refusal::from(41006))?;
        let found = self.drafts.iter().find(|(_, (own, _))| own == wanted);
        found.map(|(number, _)| *number).ok_or(Refusal::from(40007))
    }
}

pub fn answer(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    match request.path.as_str() {
        "/cgi-bin/draft/add" => add(account, request, now),
        "/cgi-bin/draft/update" => update(account, request, now),
        "/cgi-bin/draft/get" => get(account, request, now),
        "/cgi-bin/draft/delete" => {
            let number = account.press.number(request)?;
            account.press.drafts.remove(&number);
            Ok(ok())
        }
        "/cgi-bin/draft/batchget" => list(account, request, now),
        "/cgi-bin/freepublish/submit" => submit(account, request, now),
        "/cgi-bin/freepublish/get" => publication(account, request),
        _ => Err(40066.into()),
    }
}

fn add(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let body = body(request)?;
    let article = body["articles"].as_array().filter(|all| all.len() == 1).map(|all| all[0].clone());
    let article = article.ok_or(Refusal::from(44003))?;
    judge(account, &article)?;
    account.charge(Endpoint::DraftAdd, now)?;
    account.press.serial += 1;
    let number = account.press.serial;
    let media_id = format!("draft-{number}-of-{}", account.app_id);
    account.press.drafts.insert(number, (media_id.clone(), article));
    Ok(json!({ "media_id": media_id }))
}

fn update(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let number = account.press.number(request)?;
    let body = body(request)?;
    // One article, not a list of them.
    if body["index"] != 0 || !body["articles"].is_object() {
        return Err(47001.into());
    }
    judge(account, &body["articles"])?;
    account.charge(Endpoint::DraftAdd, now)?;
    if let Some((_, article)) = account.press.drafts.get_mut(&number) {
        *article = body["articles"].clone();
    }
    Ok(ok())
}

fn get(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let number = account.press.number(request)?;
    account.charge(Endpoint::DraftGet, now)?;
    Ok(json!({ "news_item": [account.press.drafts[&number].1] }))
}

fn list(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let body = body(request)?;
    let count = body["count"].as_u64().filter(|count| (1..=20).contains(count)).ok_or(Refusal::from(40035))?;
    account.charge(Endpoint::DraftGet, now)?;
    let drafts = account.press.drafts.values().rev().take(count as usize);
    let item = |(media_id, article): &(String, Value)| {
        let mut article = article.clone();
        if body["no_content"] == 1 {
            article.as_object_mut().unwrap().remove("content");
        }
        json!({ "media_id": media_id, "content": { "news_item": [article] }, "update_time": now / 1000 })
    };
    let items: Vec<Value> = drafts.map(item).collect();
    Ok(json!({ "total_count": account.press.drafts.len(), "item_count": items.len(), "item": items }))
}

fn submit(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    if !account.press.may_publish {
        return Err(48001.into());
    }
    if let Some(code) = account.press.refusal {
        return Err(code.into());
    }
    let number = account.press.number(request)?;
    account.charge(Endpoint::Publish, now)?;
    let publish_id = (100_000_000 + account.press.publications.len() as u64).to_string();
    let media_id = account.press.drafts[&number].0.clone();
    account.press.publications.insert(publish_id.clone(), Publication { media_id, status: 1 });
    Ok(json!({ "errcode": 0, "errmsg": "ok", "publish_id": publish_id, "msg_data_id": "3000" }))
}

fn publication(account: &Account, request: &Request) -> Result<Value, Refusal> {
    let body = body(request)?;
    let publish_id = body["publish_id"].as_str().unwrap_or_default();
    let publication = account.press.publications.get(publish_id).ok_or(Refusal::from(40035))?;
    let mut answer = json!({ "publish_id": publish_id, "publish_status": publication.status, "fail_idx": [] });
    if publication.status == 0 {
        let url = format!("http://mp.weixin.qq.com/s/{publish_id}");
        answer["article_id"] = format!("article-{publish_id}").into();
        answer["article_detail"] = json!({ "count": 1, "item": [{ "idx": 1, "article_url": url }] });
    }
    Ok(answer)
}

fn body(request: &Request) -> Result<Value, Refusal> {
    // The platform's own reader does not know this way to write a letter.
    if String::from_utf8_lossy(&request.body).contains("\\u") {
        return Err(40033.into());
    }
    request.json().ok_or(Refusal::from(47001))
}

/// The platform's limits.
fn judge(account: &Account, article: &Value) -> Result<(), Refusal> {
    let of = |name: &str| article[name].as_str().unwrap_or_default();
    let length = |name: &str| of(name).chars().count();
    let content = of("content");
    if of("title").is_empty() || length("title") > 32 {
        return Err(45003.into());
    }
    if length("author") > 16 {
        return Err(40035.into());
    }
    if length("digest") > 128 {
        return Err(45004.into());
    }
    if content.is_empty() || content.chars().count() >= 20_000 || content.len() >= 1 << 20 {
        return Err(45002.into());
    }
    if of("content_source_url").len() > 1024 {
        return Err(45005.into());
    }
    if !account.has_material(of("thumb_media_id")) {
        return Err(40007.into());
    }
    // The platform would drop all these and say nothing; who sends them has made a mistake.
    let pictures = content.matches("<img ").count();
    let own = content.matches("src=\"http://mmbiz.qpic.cn/").count();
    let is_plain = !["<script", "<style", "<iframe", "<a ", " on", "class="].iter().any(|bad| content.contains(bad));
    if pictures != own || !is_plain { Err(45166.into()) } else { Ok(()) }
}

fn ok() -> Value {
    json!({ "errcode": 0, "errmsg": "ok" })
}
