//! Files at the platform: temporary media, which live for three days, permanent material, and pictures for articles.
//!
//! A body is written whole before it is sent, with its length: the platform answers chunked ones with HTTP 412.
//! Deliberately not here: when something is uploaded again, and what a file has to be like (`media`).

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Client, Error};
use crate::secret::Secret;

/// How long an upload may take in any case.
const PATIENCE: Duration = Duration::from_secs(60);
/// On the slowest line that is waited for, one second more for so many bytes.
const BYTES_PER_SECOND: u64 = 64 * 1024;
/// Longest name of a file that is told, in bytes, without its extension.
const NAME_BYTES: usize = 60;
/// Material listed at a time, the platform's most.
const LISTED: usize = 20;

/// A file to upload.
#[derive(Clone, Debug)]
pub struct Upload<'a> {
    /// Its name, with the extension by which the platform judges it; what is not ASCII is told as `_`.
    pub file_name: &'a str,
    /// Its media type, such as `image/jpeg`.
    pub media_type: &'a str,
    /// Its content.
    pub bytes: Bytes,
}

/// What a file is to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// JPEG, PNG or GIF; in replies no GIF. At most 10 MB, by another page of the platform's 2 MB.
    Image,
    /// AMR or MP3, at most 2 MB and 60 seconds.
    Voice,
    /// MP4, at most 10 MB.
    Video,
    /// JPEG, at most 64 KB: the picture of a video or a piece of music.
    Thumb,
}

impl MediaKind {
    /// The platform's name for it.
    pub fn name(self) -> &'static str {
        match self {
            MediaKind::Image => "image",
            MediaKind::Voice => "voice",
            MediaKind::Video => "video",
            MediaKind::Thumb => "thumb",
        }
    }
}

/// A temporary medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// What replies name it by, for three days.
    pub media_id: String,
}

/// Permanent material.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Material {
    /// What replies and articles name it by, until it is deleted.
    pub media_id: String,
    /// Where it can be seen; pictures only.
    #[serde(default)]
    pub url: Option<String>,
}

impl Client {
    /// Uploads a temporary medium: 259,200 seconds later it is gone.
    ///
    /// # Errors
    /// What the platform says (40004, 40005, 40006, 40009 to 40012, 40137, 41005, 45001, 45009, 48001, …), or no answer.
    pub async fn upload_media(&self, token: &Secret, kind: MediaKind, upload: &Upload<'_>) -> Result<Uploaded, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(alias = "thumb_media_id")]
            media_id: String,
        }
        let query = [("access_token", token.expose()), ("type", kind.name())];
        let answer: Answer = self.post_form("/cgi-bin/media/upload", &query, &Form::new(upload, None)).await?;
        Ok(Uploaded { media_id: answer.media_id })
    }

    /// Uploads a picture for the inside of articles, JPEG or PNG below 1 MB, and gives its address.
    ///
    /// # Errors
    /// As [`Client::upload_media`].
    pub async fn upload_image(&self, token: &Secret, upload: &Upload<'_>) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Answer {
            url: String,
        }
        let query = [("access_token", token.expose())];
        let form = Form::new(upload, None);
        let answer: Answer = self.post_form("/cgi-bin/media/uploadimg", &query, &form).await?;
        Ok(answer.url)
    }

    /// Adds permanent material. `video` is the title and the introduction that a video must have.
    ///
    /// # Errors
    /// As [`Client::upload_media`]. After [`Error::may_have_had_effect`] the material may be there, without anybody
    /// knowing its id.
    pub async fn add_material(
        &self,
        token: &Secret,
        kind: MediaKind,
        upload: &Upload<'_>,
        video: Option<(&str, &str)>,
    ) -> Result<Material, Error> {
        let query = [("access_token", token.expose()), ("type", kind.name())];
        self.post_form("/cgi-bin/material/add_material", &query, &Form::new(upload, video)).await
    }

    /// The latest permanent material of a kind, twenty at most: what each goes by, and the name of its file.
    ///
    /// # Errors
    /// What the platform says, or no answer.
    pub async fn latest_material(&self, token: &Secret, kind: MediaKind) -> Result<Vec<(String, String)>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            item: Vec<Item>,
        }
        #[derive(Deserialize)]
        struct Item {
            media_id: String,
            #[serde(default)]
            name: String,
        }
        // The pictures of pieces of music stand among the pictures.
        let kind = if kind == MediaKind::Thumb { MediaKind::Image } else { kind };
        let body = json!({ "type": kind.name(), "offset": 0, "count": LISTED });
        let query = [("access_token", token.expose())];
        let answer: Answer = self.post("/cgi-bin/material/batchget_material", &query, &body).await?;
        Ok(answer.item.into_iter().map(|item| (item.media_id, item.name)).collect())
    }

    /// Deletes permanent material.
    ///
    /// # Errors
    /// What the platform says (40007 if there is none of this id, 48005 if a menu or an article uses it), or no answer.
    pub async fn delete_material(&self, token: &Secret, media_id: &str) -> Result<(), Error> {
        let query = [("access_token", token.expose())];
        let body = json!({ "media_id": media_id });
        self.post::<Value>("/cgi-bin/material/del_material", &query, &body).await.map(|_| ())
    }

    async fn post_form<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        form: &Form,
    ) -> Result<T, Error> {
        let patience = PATIENCE + Duration::from_secs(form.body.len() as u64 / BYTES_PER_SECOND);
        self.post_bytes(path, query, &form.content_type(), &form.body, patience).await
    }
}

/// A multipart/form-data body.
struct Form {
    boundary: String,
    body: Bytes,
}

impl Form {
    fn new(upload: &Upload<'_>, video: Option<(&str, &str)>) -> Form {
        // Nothing holds its own digest, so the content cannot end a part.
        let digest = Sha256::digest(&upload.bytes);
        let boundary: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let boundary = format!("shutong-{boundary}");
        let mut body = Vec::with_capacity(upload.bytes.len() + 1024);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{}\"\r\n\
             Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
            told_name(upload.file_name),
            upload.media_type,
            upload.bytes.len()
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&upload.bytes);
        if let Some((title, introduction)) = video {
            let description = json!({ "title": title, "introduction": introduction });
            let part = format!(
                "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n{description}"
            );
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Form { boundary, body: body.into() }
    }

    fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }
}

/// The name as it is told: the platform's reader knows neither quotes within it nor any of the ways to encode it.
fn told_name(name: &str) -> String {
    let told = |part: &str| -> String {
        let letters = part.chars().take(NAME_BYTES);
        letters.map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect()
    };
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{}.{}", told(stem), told(extension)),
        None => told(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_in_ascii_with_its_extension() {
        assert_eq!(told_name("cover-1.jpg"), "cover-1.jpg");
        assert_eq!(told_name("封面 \"1\".v2.png"), "____1__v2.png");
        assert_eq!(told_name(&format!("{}.mp3", "长".repeat(200))), format!("{}.mp3", "_".repeat(60)));
    }

    #[test]
    fn the_body_is_a_form_whose_content_stays_as_it_is() {
        let bytes = Bytes::from_static(b"\xff\xd8\r\n--shutong-\r\n\0");
        let upload = Upload { file_name: "a.mp4", media_type: "video/mp4", bytes };
        let form = Form::new(&upload, Some(("题", "说\"明\"")));
        let boundary = &form.boundary;
        let expected = [
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.mp4\"\r\n")
                .as_bytes(),
            b"Content-Type: video/mp4\r\nContent-Length: 17\r\n\r\n\xff\xd8\r\n--shutong-\r\n\0",
            format!("\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n").as_bytes(),
            "{\"introduction\":\"说\\\"明\\\"\",\"title\":\"题\"}".as_bytes(),
            format!("\r\n--{boundary}--\r\n").as_bytes(),
        ]
        .concat();
        assert_eq!(form.body, expected, "{}", String::from_utf8_lossy(&form.body));
    }
}
