//! Trying an account's AppID and AppSecret before anything relies on them. It asks the stable endpoint without force,
//! which ends nobody's token, and keeps nothing of the answer.

use serde::{Deserialize, Serialize};

use super::{Settings, remedy};
use crate::alert::Trouble;
use crate::wechat::Client;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tried {
    /// The platform gives a token.
    Fine,
    /// It refuses, for a reason that the owner can put right.
    Refused(Trouble),
    /// There was no answer, or one that says nothing about the account.
    Failed(String),
}

/// Asks the platform for a token of this account.
pub async fn probe(settings: &Settings) -> Tried {
    let client = match Client::new(&settings.hosts) {
        Ok(client) => client,
        Err(error) => return Tried::Failed(format!("{error:#}")),
    };
    match client.stable_token(&settings.app_id, &settings.app_secret, false).await {
        Ok(_) => Tried::Fine,
        Err(error) => match remedy::of(&settings.account, &error).trouble {
            Some(trouble) => Tried::Refused(trouble),
            None => Tried::Failed(error.to_string()),
        },
    }
}
