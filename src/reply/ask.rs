//! What a push asks of us: words to read, something we cannot read, a follower come or gone, or nothing at all.
//!
//! Every kind of push is named here, so that a new one forces a decision.

use super::visit::book_of;
use crate::wechat::{Event, Incoming, MessageKind, Publish, ScanCode};

/// What a push asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask<'a> {
    /// To read these words, typed, spoken, scanned or sent by a button or link.
    Words { text: &'a str, menu_id: Option<&'a str> },
    /// To look at something that is not text.
    Unsupported,
    /// To hear something that nobody has put into words.
    Unheard,
    /// To know where the follower is.
    Place,
    /// To welcome a new follower, who came by this code, if it is not empty.
    Followed { scene: &'a str },
    /// To remember that the follower has gone.
    Left,
    /// To delete everything about this follower, who withdrew consent.
    Withdrawn { open_id: &'a str },
    /// To note how an article's publication went.
    Published(&'a Publish),
    /// Nothing that a follower would see an answer to.
    Nothing,
}

/// What this push asks.
pub(super) fn of(incoming: &Incoming) -> Ask<'_> {
    match &incoming.kind {
        MessageKind::Text { content, menu_id } => Ask::Words { text: content, menu_id: menu_id.as_deref() },
        MessageKind::Voice { recognition, .. } => match recognition.as_deref().map(str::trim) {
            Some(text) if !text.is_empty() => words(text),
            _ => Ask::Unheard,
        },
        MessageKind::Location { .. } => Ask::Place,
        MessageKind::Image { .. }
        | MessageKind::Video { .. }
        | MessageKind::ShortVideo { .. }
        | MessageKind::Link { .. }
        | MessageKind::File { .. } => Ask::Unsupported,
        MessageKind::Event(event) => of_event(event),
        MessageKind::Unknown(_) => Ask::Nothing,
    }
}

fn of_event(event: &Event) -> Ask<'_> {
    match event {
        Event::Subscribe { key, .. } => Ask::Followed { scene: key.strip_prefix("qrscene_").unwrap_or_default() },
        Event::Unsubscribe => Ask::Left,
        Event::UserAuthorizationRevoked { open_id, .. } | Event::UserAuthorizationCancelled { open_id, .. } => {
            Ask::Withdrawn { open_id }
        }
        // A book's own code is as good as a link to it.
        Event::Scan { scene, .. } => Ask::Words { text: scene, menu_id: book_of(scene).map(|_| scene.as_str()) },
        Event::Click { key } => words(key),
        Event::ScanCodePush(code) | Event::ScanCodeWait(code) => of_code(code),
        // The pictures and the place themselves follow as messages.
        Event::Pictures { .. } | Event::LocationSelect { .. } => Ask::Nothing,
        Event::Location { .. } | Event::View { .. } | Event::ViewMiniProgram { .. } => Ask::Nothing,
        Event::PublishFinished(publish) => Ask::Published(publish),
        Event::MassSendFinished(_)
        | Event::TemplateSendFinished { .. }
        | Event::SubscribePopup(_)
        | Event::SubscribeChange(_)
        | Event::SubscribeSent(_)
        | Event::QualificationVerified { .. }
        | Event::QualificationFailed { .. }
        | Event::NamingVerified { .. }
        | Event::NamingFailed { .. }
        | Event::AnnualRenew { .. }
        | Event::VerifyExpired { .. }
        | Event::KfCreated { .. }
        | Event::KfClosed { .. }
        | Event::KfSwitched { .. }
        | Event::UserInfoModified { .. }
        | Event::Unknown { .. } => Ask::Nothing,
    }
}

/// The ISBN on a book's back, or whatever text a code holds; an address is nothing to search for.
fn of_code(code: &ScanCode) -> Ask<'_> {
    let text = code.isbn().unwrap_or_else(|| {
        let is_barcode = code.scan_type.eq_ignore_ascii_case("barcode");
        code.result.split_once(',').filter(|_| is_barcode).map_or(code.result.as_str(), |(_, digits)| digits)
    });
    if text.contains("://") { Ask::Unsupported } else { words(text) }
}

fn words(text: &str) -> Ask<'_> {
    Ask::Words { text, menu_id: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(scan_type: &str, result: &str) -> Event {
        let (scan_type, result) = (scan_type.to_owned(), result.to_owned());
        Event::ScanCodeWait(ScanCode { key: "isbn".into(), scan_type, result })
    }

    #[test]
    fn codes_are_read_for_their_text() {
        assert_eq!(of_event(&scanned("barcode", "EAN_13,9787536692930")), words("9787536692930"));
        assert_eq!(of_event(&scanned("barcode", "CODE_128,AB12")), words("AB12"));
        assert_eq!(of_event(&scanned("qrcode", "三体,刘慈欣")), words("三体,刘慈欣"));
        assert_eq!(of_event(&scanned("qrcode", "https://example.com/")), Ask::Unsupported);
    }

    #[test]
    fn scenes_and_payments() {
        let subscribe = |key: &str| Event::Subscribe { key: key.to_owned(), ticket: None };
        assert_eq!(of_event(&subscribe("qrscene_三体")), Ask::Followed { scene: "三体" });
        assert_eq!(of_event(&subscribe("")), Ask::Followed { scene: "" });
        assert_eq!(of_event(&subscribe("last_trade_no_1")), Ask::Followed { scene: "" });
        let scan = |scene: &str| Event::Scan { scene: scene.to_owned(), ticket: None };
        assert_eq!(of_event(&scan("b17")), Ask::Words { text: "b17", menu_id: Some("b17") });
        assert_eq!(of_event(&scan("p17")), words("p17"), "a code pushes nothing");
        assert_eq!(of_event(&scan("三体")), words("三体"));
    }
}
