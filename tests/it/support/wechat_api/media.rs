//! What an account has at the platform besides words: temporary media, which are gone after three days, and permanent
//! material. The platform judges a file by its first bytes, its size and the extension of its name.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::account::{Account, Endpoint};
use super::http::{self, Part, Request};
use super::refusal::Refusal;

const SECOND: i64 = 1000;
/// 259,200 seconds.
const LIFE: i64 = 3 * 24 * 3600 * SECOND;
const KB: usize = 1024;
const MB: usize = 1024 * KB;

/// Everything an account has uploaded.
#[derive(Default)]
pub struct Shelf {
    /// Kind and time of each temporary medium, by its id.
    temporary: HashMap<String, (String, i64)>,
    /// The kind of each permanent one.
    permanent: HashMap<String, String>,
    /// Their ids, in order, with the names of their files.
    names: Vec<(String, String)>,
    serial: u64,
    /// The account may not upload temporary media (48001).
    pub only_permanent: bool,
}

impl Shelf {
    /// What an id stands for, if the platform knows it now.
    pub fn kind(&self, media_id: &str, now: i64) -> Option<&str> {
        let temporary = self.temporary.get(media_id).filter(|(_, created)| now < created + LIFE);
        temporary.map(|(kind, _)| kind).or(self.permanent.get(media_id)).map(String::as_str)
    }

    /// Whether it is material that stays.
    pub fn is_permanent(&self, media_id: &str) -> bool {
        self.permanent.contains_key(media_id)
    }

    /// How many temporary media were ever uploaded.
    pub fn uploads(&self) -> usize {
        self.temporary.len()
    }

    /// How much permanent material there is now.
    pub fn material(&self) -> usize {
        self.permanent.len()
    }

    /// The platform loses a medium before its time.
    pub fn lose(&mut self, media_id: &str) {
        self.temporary.remove(media_id);
        self.permanent.remove(media_id);
    }

    /// The id tells how many bytes have arrived.
    fn id(&mut self, part: &Part) -> String {
        self.serial += 1;
        format!("media-of-{}-bytes-{}", part.bytes.len(), self.serial)
    }
}

pub fn upload(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let kind = kind(request)?;
    let media = file(request)?;
    if account.shelf.only_permanent {
        return Err(48001.into());
    }
    judge(&kind, &media, 2 * MB)?;
    account.charge(Endpoint::MediaUpload, now)?;
    let id = account.shelf.id(&media);
    account.shelf.temporary.insert(id.clone(), (kind.clone(), now));
    let name = if kind == "thumb" { "thumb_media_id" } else { "media_id" };
    Ok(json!({ "type": kind, name: id, "created_at": now / 1000 }))
}

pub fn upload_image(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let media = file(request)?;
    if format(&media.bytes) == Some("gif") {
        return Err(40005.into());
    }
    judge("image", &media, MB)?;
    account.charge(Endpoint::UploadImage, now)?;
    Ok(json!({ "url": format!("http://mmbiz.qpic.cn/{}/0", account.shelf.id(&media)) }))
}

pub fn add_material(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let kind = kind(request)?;
    let media = file(request)?;
    judge(&kind, &media, 10 * MB)?;
    if kind == "video" {
        let parts = http::parts(request).unwrap_or_default();
        let description = parts.iter().find(|part| part.name == "description").ok_or(Refusal::from(47001))?;
        let description: Value = serde_json::from_slice(&description.bytes).map_err(|_| Refusal::from(47001))?;
        if !description["title"].is_string() || !description["introduction"].is_string() {
            return Err(47001.into());
        }
    }
    account.charge(Endpoint::AddMaterial, now)?;
    let id = account.shelf.id(&media);
    account.shelf.permanent.insert(id.clone(), kind.clone());
    account.shelf.names.push((id.clone(), media.file_name.clone().unwrap_or_default()));
    let url = format!("http://mmbiz.qpic.cn/{id}/0?wx_fmt=png");
    Ok(if kind == "image" { json!({ "media_id": id, "url": url }) } else { json!({ "media_id": id }) })
}

pub fn list_material(account: &mut Account, request: &Request, now: i64) -> Result<Value, Refusal> {
    let body = request.json().ok_or(Refusal::from(47001))?;
    let kind = body["type"].as_str().filter(|kind| matches!(*kind, "image" | "voice" | "video"));
    let kind = kind.ok_or(Refusal::from(40004))?;
    let count = body["count"].as_u64().filter(|count| (1..=20).contains(count)).ok_or(Refusal::from(40035))?;
    let offset = body["offset"].as_u64().ok_or(Refusal::from(40035))?;
    account.charge(Endpoint::DraftGet, now)?;
    let shelf = &account.shelf;
    let is_of_kind = |id: &String| match shelf.permanent.get(id).map(String::as_str) {
        Some("thumb") => kind == "image",
        own => own == Some(kind),
    };
    let all: Vec<&(String, String)> = shelf.names.iter().rev().filter(|(id, _)| is_of_kind(id)).collect();
    let items: Vec<Value> = all
        .iter()
        .skip(offset as usize)
        .take(count as usize)
        .map(|(id, name)| json!({ "media_id": id, "name": name, "update_time": now / 1000, "url": "" }))
        .collect();
    Ok(json!({ "total_count": all.len(), "item_count": items.len(), "item": items }))
}

pub fn delete_material(account: &mut Account, request: &Request) -> Result<Value, Refusal> {
    let body = request.json().ok_or(Refusal::from(47001))?;
    let id = body["media_id"].as_str().ok_or(Refusal::from(41006))?;
    account.shelf.permanent.remove(id).ok_or(Refusal::from(40007))?;
    Ok(json!({ "errcode": 0, "errmsg": "ok" }))
}

fn kind(request: &Request) -> Result<String, Refusal> {
    let kind = request.parameter("type").filter(|kind| matches!(*kind, "image" | "voice" | "video" | "thumb"));
    Ok(kind.ok_or(Refusal::from(40004))?.to_owned())
}

fn file(request: &Request) -> Result<Part, Refusal> {
    let parts = http::parts(request).unwrap_or_default();
    let media = parts.into_iter().find(|part| part.name == "media" && part.file_name.is_some());
    let media = media.ok_or(Refusal::from(41005))?;
    if media.bytes.is_empty() { Err(44001.into()) } else { Ok(media) }
}

/// Whether the file is what its kind has to be, its name included. Pictures have the limit that the caller says.
fn judge(kind: &str, media: &Part, picture_limit: usize) -> Result<(), Refusal> {
    let (limit, code, formats): (usize, i64, &[&str]) = match kind {
        "image" => (picture_limit, 40009, &["jpg", "png", "gif"]),
        "voice" => (2 * MB, 40010, &["amr", "mp3"]),
        "video" => (10 * MB, 40011, &["mp4"]),
        _ => (64 * KB, 40012, &["jpg"]),
    };
    if media.bytes.len() > limit {
        return Err(code.into());
    }
    let format = format(&media.bytes).filter(|format| formats.contains(format)).ok_or(Refusal::from(40005))?;
    let name = media.file_name.as_deref().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase().replace("jpeg", "jpg"));
    if name.is_ascii() && extension.as_deref() == Some(format) { Ok(()) } else { Err(40005.into()) }
}

fn format(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], usize, &str); 7] = [
        (b"\xff\xd8\xff", 0, "jpg"),
        (b"\x89PNG\r\n\x1a\n", 0, "png"),
        (b"GIF8", 0, "gif"),
        (b"#!AMR\n", 0, "amr"),
        (b"ID3", 0, "mp3"),
        (b"\xff\xfb", 0, "mp3"),
        (b"ftyp", 4, "mp4"),
    ];
    let found = MAGIC.into_iter().find(|(magic, at, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    found.map(|(_, _, format)| format)
}
