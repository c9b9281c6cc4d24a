//! When an account may write to a follower who has not asked: the platform's windows and counts, per follower.
//! Only kept for accounts that a test asks it for; the others may always.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::http::Request;
use super::refusal::Refusal;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// How long after a message "typing" can be shown, and how long it then is.
const MAY_TYPE: i64 = 30 * SECOND;
const TYPES: i64 = 15 * SECOND;

/// What a follower does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends a message.
    Writes,
    /// Taps the menu, or an answer of a menu message.
    Taps,
    /// Begins to follow.
    Follows,
    /// Scans a code of the account.
    Scans,
}

impl Act {
    fn window(self) -> (i64, u32) {
        match self {
            Act::Writes => (48 * HOUR, 5),
            Act::Taps | Act::Follows | Act::Scans => (MINUTE, 3),
        }
    }
}

#[derive(Default)]
struct Follower {
    /// End and number of messages left, one for each kind of act.
    windows: HashMap<u8, (i64, u32)>,
    wrote_at: Option<i64>,
    typing_until: i64,
}

/// The conversations of one account.
#[derive(Default)]
pub struct Conversation {
    followers: HashMap<String, Follower>,
    /// Followers who do not want to be written to (48002).
    pub refusing: HashSet<String>,
    /// Messages that arrived, in order.
    pub said: Vec<Value>,
}

impl Conversation {
    pub fn act(&mut self, open_id: &str, act: Act, now: i64) {
        let (lasts, messages) = act.window();
        let follower = self.followers.entry(open_id.to_owned()).or_default();
        follower.windows.insert(act as u8, (now + lasts, messages));
        if act == Act::Writes {
            follower.wrote_at = Some(now);
            follower.typing_until = 0;
        }
    }

    /// Takes a message, or says why not.
    pub fn send(&mut self, message: &Value, now: i64) -> Result<(), Refusal> {
        let open_id = message["touser"].as_str().unwrap_or_default();
        let follower = self.followers.get_mut(open_id).ok_or(Refusal::from(40003))?;
        if self.refusing.contains(open_id) {
            return Err(48002.into());
        }
        content(message)?;
        let open: Vec<_> = follower.windows.values_mut().filter(|(end, _)| now < *end).collect();
        if open.is_empty() {
            return Err(45015.into());
        }
        if open.iter().all(|(_, left)| *left == 0) {
            return Err(45047.into());
        }
        open.into_iter().for_each(|(_, left)| *left = left.saturating_sub(1));
        follower.typing_until = 0;
        self.said.push(message.clone());
        Ok(())
    }

    pub fn type_(&mut self, request: &Request, now: i64) -> Result<(), Refusal> {
        let body = request.json().ok_or(Refusal::from(47001))?;
        let open_id = body["touser"].as_str().unwrap_or_default();
        let follower = self.followers.get_mut(open_id).ok_or(Refusal::from(40003))?;
        match body["command"].as_str() {
            Some("CancelTyping") => follower.typing_until = 0,
            Some("Typing") if follower.wrote_at.is_none_or(|at| now - at > MAY_TYPE) => return Err(45080.into()),
            Some("Typing") if now < follower.typing_until => return Err(45081.into()),
            Some("Typing") => follower.typing_until = now + TYPES,
            _ => return Err(45072.into()),
        }
        Ok(())
    }
}

fn content(message: &Value) -> Result<(), Refusal> {
    let kind = message["msgtype"].as_str().unwrap_or_default();
    let content = &message[kind];
    match kind {
        "text" => {
            let text = content["content"].as_str().unwrap_or_default();
            match text.len() {
                0 => Err(44004.into()),
                1..=2048 => Ok(()),
                _ => Err(45002.into()),
            }
        }
        "news" if content["articles"].as_array().map(Vec::len) != Some(1) => Err(45008.into()),
        "image" | "voice" if content["media_id"].as_str().is_none_or(str::is_empty) => Err(40007.into()),
        "news" | "image" | "voice" | "mpnewsarticle" | "msgmenu" => Ok(()),
        _ => Err(40008.into()),
    }
}
