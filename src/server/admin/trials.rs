//! Trying what the configuration says, and saying what came of it: a token, a letter, the public address. The trying is
//! done by the rooms; here are the words.

use chrono::{DateTime, Utc};

use super::words::Words;
use crate::http::{Found, look_at};
use crate::mail::{self, Letter, Server};

/// Sends a letter; why it was not taken, and what to do.
pub(super) async fn letter(words: &Words, server: &Server, to: &str, now: DateTime<Utc>) -> Result<(), String> {
    let letter = Letter {
        to: to.to_owned(),
        subject: words.get("welcome.letter_subject").to_owned(),
        text: words.get("welcome.letter_text").to_owned(),
        attachments: Vec::new(),
        message_id: Some(format!("test-{}", now.timestamp_millis())),
        written_at: now,
    };
    let Some(Err(error)) = mail::send(server, &[letter]).await.pop() else { return Ok(()) };
    let key = match &error {
        mail::Error::Refused { .. } => "welcome.letter_refused",
        mail::Error::Address(_) => "welcome.letter_address",
        mail::Error::Settings(_) => "welcome.letter_settings",
        mail::Error::Later(_) => "welcome.letter_later",
    };
    Err(words.with(key, "why", &error))
}

/// What is found at the public address: good, or what to do.
///
/// # Errors
/// When nothing can be asked at all.
pub(super) async fn address(words: &Words, url: &str) -> anyhow::Result<Result<String, String>> {
    let says = |key: &str| Err(words.with(key, "url", url));
    Ok(match look_at(url).await? {
        Found::Shutong if url.starts_with("https://") => Ok(words.with("welcome.reached", "url", url)),
        Found::Shutong => Ok(words.with("welcome.reached_plain", "url", url)),
        Found::Other(status) => {
            says("welcome.other").map_err(|text: String| text.replace("{status}", &status.to_string()))
        }
        Found::Elsewhere(to) => says("welcome.elsewhere").map_err(|text: String| text.replace("{to}", &to)),
        Found::NoName => says("welcome.no_name"),
        Found::Nobody => says("welcome.nobody"),
        Found::Untrusted(why) => says("welcome.untrusted").map_err(|text: String| text.replace("{why}", &why)),
        Found::Silence => says("welcome.silence"),
        Found::Broken(why) => says("welcome.unreachable").map_err(|text: String| text.replace("{why}", &why)),
    })
}
