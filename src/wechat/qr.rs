//! QR codes with a scene: a follower who scans one sends the scene. Verified service accounts only.
//!
//! What a scene means is not known here.

use serde::Deserialize;
use serde_json::json;

use super::client::number;
use super::{Client, Error};
use crate::secret::Secret;

/// The longest scene, in characters.
const LONGEST_SCENE: usize = 64;

/// How long a code can be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QrLife {
    /// So many seconds; 30 days at most.
    Seconds(u32),
    /// For ever. An account has 100 000 of these.
    Permanent,
}

/// A code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrCode {
    /// By which the platform draws the picture.
    pub ticket: String,
    /// What the picture says; any drawing of it will do.
    pub url: String,
    /// Seconds it can be scanned; none: for ever.
    pub expires_in: Option<u64>,
}

impl Client {
    /// A code for this scene, 1 to 64 characters.
    ///
    /// # Errors
    /// 48001 the account may not, 45009 today's quota is used up; or no answer. A scene that is too long is not sent.
    pub async fn create_qr(&self, token: &Secret, scene: &str, life: QrLife) -> Result<QrCode, Error> {
        #[derive(Deserialize)]
        struct Answer {
            ticket: String,
            url: String,
            #[serde(default, deserialize_with = "number")]
            expire_seconds: u64,
        }
        if !(1..=LONGEST_SCENE).contains(&scene.chars().count()) {
            let message = format!("a scene has 1 to {LONGEST_SCENE} characters");
            return Err(Error::Api { code: 40035, message });
        }
        let scene = json!({ "scene": { "scene_str": scene } });
        let body = match life {
            QrLife::Seconds(seconds) => {
                json!({ "expire_seconds": seconds, "action_name": "QR_STR_SCENE", "action_info": scene })
            }
            QrLife::Permanent => json!({ "action_name": "QR_LIMIT_STR_SCENE", "action_info": scene }),
        };
        let answer: Answer = self.post("/cgi-bin/qrcode/create", &[("access_token", token.expose())], &body).await?;
        let expires_in = Some(answer.expire_seconds).filter(|seconds| *seconds > 0);
        Ok(QrCode { ticket: answer.ticket, url: answer.url, expires_in })
    }

    /// The picture of a code, a JPEG, from where the platform shows pictures.
    ///
    /// # Errors
    /// When there is no picture, or no answer.
    pub async fn qr_picture(&self, pictures: &str, code: &QrCode) -> Result<Vec<u8>, Error> {
        let answer = self.fetch(pictures, &[("ticket", &code.ticket)]).await?;
        let is_picture = answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("image/"));
        match answer.status {
            200 if is_picture => Ok(answer.body),
            status => {
                let what = format!("HTTP status {status} and no picture");
                Err(Error::Transport { what, may_have_arrived: true })
            }
        }
    }
}
