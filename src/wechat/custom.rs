//! Customer-service messages (客服消息): what a verified account says without being asked, and the sign that it is
//! writing.
//!
//! When the platform takes one is not known here: `chat` keeps the windows and the counts.

use serde_json::{Value, json};

use super::{Article, Client, Error, Reply};
use crate::secret::Secret;

/// What can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomMessage {
    /// A text, with the same links as in a reply, at most [`TEXT_LIMIT`](super::TEXT_LIMIT) bytes.
    Text(String),
    /// A picture, of temporary media or permanent material.
    Image(String),
    /// Speech, likewise.
    Voice(String),
    /// A link with title and picture; the platform takes exactly one.
    Link(Article),
}

impl CustomMessage {
    /// The same as a reply would say. None where a message cannot: nothing at all, films and music, which need a
    /// picture of their own, several links at once.
    pub fn of(reply: &Reply) -> Option<CustomMessage> {
        match reply {
            Reply::Text(text) if !text.trim().is_empty() => Some(CustomMessage::Text(text.clone())),
            Reply::Image { media_id } => Some(CustomMessage::Image(media_id.clone())),
            Reply::Voice { media_id } => Some(CustomMessage::Voice(media_id.clone())),
            Reply::News(articles) => match articles.as_slice() {
                [only] => Some(CustomMessage::Link(only.clone())),
                _ => None,
            },
            Reply::Text(_)
            | Reply::Nothing
            | Reply::Video(_)
            | Reply::Music(_)
            | Reply::TransferCustomerService { .. } => None,
        }
    }

    /// As the platform wants it.
    fn to_json(&self, open_id: &str) -> Value {
        let (kind, content) = match self {
            CustomMessage::Text(text) => ("text", json!({ "content": text })),
            CustomMessage::Image(media_id) => ("image", json!({ "media_id": media_id })),
            CustomMessage::Voice(media_id) => ("voice", json!({ "media_id": media_id })),
            CustomMessage::Link(article) => {
                let Article { title, description, pic_url, url } = article;
                let article = json!({ "title": title, "description": description, "url": url, "picurl": pic_url });
                ("news", json!({ "articles": [article] }))
            }
        };
        json!({ "touser": open_id, "msgtype": kind, kind: content })
    }
}

impl Client {
    /// Sends a message to a follower.
    ///
    /// # Errors
    /// 45015 outside the window, 45047 too many in it, 48001 the account may not, 48002 the follower does not want
    /// any, 40003 no such follower, 45009 today's quota is used up; or no answer.
    pub async fn send_custom(&self, token: &Secret, open_id: &str, message: &CustomMessage) -> Result<(), Error> {
        let query = [("access_token", token.expose())];
        let _: Value = self.post("/cgi-bin/message/custom/send", &query, &message.to_json(open_id)).await?;
        Ok(())
    }

    /// Shows a follower that an answer is being written, for up to 15 s.
    ///
    /// # Errors
    /// 45080 the follower has not written within 30 s, 45081 it is shown already; or no answer.
    pub async fn show_typing(&self, token: &Secret, open_id: &str) -> Result<(), Error> {
        let body = json!({ "touser": open_id, "command": "Typing" });
        let _: Value = self.post("/cgi-bin/message/custom/typing", &[("access_token", token.expose())], &body).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_as_the_platform_documents_them() {
        let written = |message: CustomMessage| message.to_json("oABC");
        assert_eq!(
            written(CustomMessage::Text("你好".into())),
            json!({ "touser": "oABC", "msgtype": "text", "text": { "content": "你好" } })
        );
        let article = Article { title: "题".into(), description: "述".into(), pic_url: "p".into(), url: "u".into() };
        assert_eq!(
            written(CustomMessage::Link(article)),
            json!({ "touser": "oABC", "msgtype": "news", "news": { "articles": [
                { "title": "题", "description": "述", "url": "u", "picurl": "p" }] } })
        );
    }

    #[test]
    fn what_no_message_can_say_stays_a_reply() {
        assert_eq!(CustomMessage::of(&Reply::Nothing), None);
        assert_eq!(CustomMessage::of(&Reply::Text(" ".into())), None);
        assert_eq!(CustomMessage::of(&Reply::News(Vec::new())), None);
        let picture = Reply::Image { media_id: "m".into() };
        assert_eq!(CustomMessage::of(&picture), Some(CustomMessage::Image("m".into())));
    }
}
