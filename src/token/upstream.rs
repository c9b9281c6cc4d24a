//! Following another shutong: its token API is asked instead of the platform.
//!
//! The one that is followed renews; this one serves what it got there, to its end if nobody answers any more. Several
//! addresses are several servers of which one leads; they are asked in order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::JsonClient;
use crate::secret::Secret;
use crate::wechat::{Error, Granted, TicketKind, TokenEndpoint};

/// For one answer; another server may still be asked within the time that a caller waits.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whether a server that follows asks the platform when nobody it follows answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TakeOver {
    /// Only when told to.
    #[default]
    Never,
    /// By itself, for accounts with `token_endpoint = "stable"`: there two that ask do not end each other's tokens.
    Stable,
}

/// The servers to follow.
#[derive(Clone, Debug)]
pub struct Upstream {
    bases: Vec<String>,
    key: Secret,
    take_over: TakeOver,
    client: JsonClient,
}

impl Upstream {
    /// Follows the servers at these addresses, with this key of theirs.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(bases: Vec<String>, key: Secret, take_over: TakeOver) -> anyhow::Result<Upstream> {
        Ok(Upstream { bases, key, take_over, client: JsonClient::new(PATIENCE)? })
    }

    pub(super) fn takes_over(&self, endpoint: TokenEndpoint) -> bool {
        self.take_over == TakeOver::Stable && endpoint == TokenEndpoint::Stable
    }

    pub(super) async fn token(&self, account: &str) -> Result<Granted, Error> {
        granted(&self.ask(&format!("/accesstoken/{account}"), None).await?, "access_token")
    }

    pub(super) async fn refreshed(&self, account: &str) -> Result<Granted, Error> {
        granted(&self.ask(&format!("/accesstoken/{account}/refresh"), Some(json!({}))).await?, "access_token")
    }

    pub(super) async fn reported(&self, account: &str, refused: &Secret) -> Result<Granted, Error> {
        let body = json!({ "refused": refused.expose() });
        granted(&self.ask(&format!("/accesstoken/{account}/report"), Some(body)).await?, "access_token")
    }

    pub(super) async fn ticket(&self, account: &str, kind: TicketKind) -> Result<Granted, Error> {
        granted(&self.ask(&format!("/ticket/{account}?type={}", kind.name()), None).await?, "ticket")
    }

    /// The first answer with status 200. What one server refuses, whatever the reason, another may give.
    async fn ask(&self, path: &str, body: Option<Value>) -> Result<Value, Error> {
        let mut last = Error::Transport { what: "no server to follow".into(), may_have_arrived: false };
        for base in &self.bases {
            let url = format!("{}{path}", base.trim_end_matches('/'));
            match self.client.send(&url, Some(self.key.expose()), body.as_ref()).await {
                Ok((200, answer)) => return Ok(answer),
                Ok((status, answer)) => {
                    let said = answer["errmsg"].as_str().unwrap_or("no reason given");
                    let said: String = said.chars().take(500).collect();
                    let what = format!("the server followed answers {status}: {said}");
                    last = Error::Transport { what, may_have_arrived: false };
                }
                Err(error) => {
                    let what = format!("the server followed does not answer: {error:#}");
                    last = Error::Transport { what, may_have_arrived: false };
                }
            }
        }
        Err(last)
    }
}

fn granted(answer: &Value, name: &str) -> Result<Granted, Error> {
    let value = answer[name].as_str().filter(|value| Granted::is_value(value));
    let seconds = answer["expires_in"].as_u64().filter(|seconds| (1..=7_200).contains(seconds));
    match (value, seconds) {
        (Some(value), Some(seconds)) => Ok(Granted { value: Secret::new(value), lives: Duration::from_secs(seconds) }),
        _ => Err(Error::Transport { what: "the server followed gives no token".into(), may_have_arrived: false }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_token_is_none() {
        let told = |value: &str, seconds: u64| {
            granted(&json!({ "access_token": value, "expires_in": seconds }), "access_token")
        };
        assert!(told("72_abc-DEF", 7_200).is_ok());
        for (value, seconds) in
            [("", 60), ("72_abc\r\nX-Y: z", 60), ("with space", 60), (&*"x".repeat(2_049), 60), ("72_abc", 0)]
        {
            assert!(told(value, seconds).is_err(), "{value} {seconds}");
        }
    }
}
