//! What goes out together: an answer that came too late for its message, notices of books that have arrived, and the
//! answer to the message itself. 2048 bytes may not hold all; what does not fit waits for the next message, and
//! nothing is lost.

use super::outcome::fitting;
use super::wording::{Word, Wordings};
use crate::store::records::AnswerRecord;
use crate::wechat::{Reply, TEXT_FITTING_BYTES};

/// A notice: deliveries come first, then books, each kind of them with a head of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// What became of a delivery.
    Delivery(String),
    /// A book that was asked for.
    Book(String),
    /// New books of those subscribed to, a line each.
    News(String),
    /// The new books of a week, a line each.
    Weekly(String),
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    /// What is sent.
    pub(super) reply: Reply,
    /// How many of the notices are in it, from the first.
    pub(super) notices: usize,
    /// The message's own answer is not in it and must be kept.
    pub(super) keeps_own: bool,
}

/// Packs what fits. `own` is none if the message was only sent to get the late answer.
pub(super) fn pack(words: &Wordings, late: Option<&AnswerRecord>, notices: &[Line], own: Option<&str>) -> Parcel {
    match late.map(|late| &late.reply) {
        Some(Reply::Text(late)) => with_late(words, late, notices, own),
        // A picture or an article goes alone.
        Some(other) => Parcel { reply: other.clone(), notices: 0, keeps_own: own.is_some() },
        None => with_notices(words, notices, own),
    }
}

fn with_late(words: &Wordings, late: &str, notices: &[Line], own: Option<&str>) -> Parcel {
    let late = fitting(late);
    let mut text = late.to_owned();
    let mut keeps_own = false;
    if let Some(own) = own {
        keeps_own = !append(&mut text, "\n\n", own);
    }
    if keeps_own {
        append(&mut text, "\n", &words.plain(Word::LateMore));
        return Parcel { reply: Reply::Text(text), notices: 0, keeps_own };
    }
    let all = (!notices.is_empty()).then(|| block(words, notices));
    let given = all.is_some_and(|all| append(&mut text, "\n\n", &all));
    Parcel { reply: Reply::Text(text), notices: if given { notices.len() } else { 0 }, keeps_own }
}

fn with_notices(words: &Wordings, notices: &[Line], own: Option<&str>) -> Parcel {
    let own = own.map(fitting).unwrap_or_default();
    for count in (1..=notices.len()).rev() {
        let mut text = block(words, &notices[..count]);
        if append(&mut text, "\n\n", own) {
            return Parcel { reply: Reply::Text(text), notices: count, keeps_own: false };
        }
    }
    if notices.is_empty() {
        return Parcel { reply: Reply::Text(own.to_owned()), notices: 0, keeps_own: false };
    }
    let more = words.plain(Word::LateMore);
    for count in (1..=notices.len()).rev() {
        let mut text = block(words, &notices[..count]);
        if append(&mut text, "\n", &more) {
            return Parcel { reply: Reply::Text(text), notices: count, keeps_own: true };
        }
    }
    Parcel { reply: Reply::Text(own.to_owned()), notices: 0, keeps_own: false }
}

/// The notices, a head before each kind of books.
fn block(words: &Wordings, notices: &[Line]) -> String {
    let mut lines = Vec::new();
    let mut last_head = None;
    for notice in notices {
        let (head, line) = match notice {
            Line::Delivery(line) => (None, line),
            Line::Book(line) => (Some(Word::NoticeHead), line),
            Line::News(line) => (Some(Word::NewsHead), line),
            Line::Weekly(line) => (Some(Word::WeeklyHead), line),
        };
        if head != last_head {
            lines.extend(head.map(|head| words.plain(head)));
            last_head = head;
        }
        lines.push(line.clone());
    }
    lines.join("\n")
}

/// Appends `more` if the whole still fits into a reply, and says whether it did.
fn append(text: &mut String, between: &str, more: &str) -> bool {
    let fits = text.len() + between.len() + more.len() <= TEXT_FITTING_BYTES;
    if fits {
        text.push_str(between);
        text.push_str(more);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Language;

    fn words() -> Wordings {
        Wordings::new(Language::Zh, Default::default()).unwrap()
    }

    fn books(titles: &[&str]) -> Vec<Line> {
        titles.iter().map(|title| Line::Book((*title).to_owned())).collect()
    }

    fn late(text: &str) -> AnswerRecord {
        AnswerRecord { reply: Reply::Text(text.to_owned()), answered_at: Default::default() }
    }

    fn text(parcel: &Parcel) -> &str {
        match &parcel.reply {
            Reply::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_together_if_it_fits() {
        let parcel = pack(&words(), Some(&late("迟到")), &books(&["三体"]), Some("自己"));
        assert_eq!(text(&parcel), "迟到\n\n自己\n\n您求的书到了：\n三体");
        assert_eq!((parcel.notices, parcel.keeps_own), (1, false));
        let parcel = pack(&words(), None, &books(&["三体", "活着"]), Some("自己"));
        assert_eq!(text(&parcel), "您求的书到了：\n三体\n活着\n\n自己");
    }

    #[test]
    fn what_does_not_fit_waits() {
        let long = "长".repeat(600);
        let parcel = pack(&words(), Some(&late(&long)), &books(&["三体"]), Some(&long));
        assert!(text(&parcel).starts_with(&long) && text(&parcel).contains("还有一条"));
        assert_eq!((parcel.notices, parcel.keeps_own), (0, true));
        let parcel = pack(&words(), None, &books(&["三体"]), Some(&"长".repeat(680)));
        assert!(text(&parcel).starts_with("您求的书到了"));
        assert_eq!((parcel.notices, parcel.keeps_own), (1, true));
        let many: Vec<Line> = (0..60).map(|number| Line::Book(format!("第{number}本{}", "长".repeat(15)))).collect();
        let parcel = pack(&words(), None, &many, Some("自己"));
        assert!(parcel.notices > 20 && parcel.notices < 60 && !parcel.keeps_own);
        assert!(text(&parcel).len() <= TEXT_FITTING_BYTES);
    }

    #[test]
    fn deliveries_come_before_the_books_and_their_head() {
        let mut lines = vec![Line::Delivery("《活着》寄到了".into())];
        lines.extend(books(&["三体"]));
        let parcel = pack(&words(), None, &lines, Some("自己"));
        assert_eq!(text(&parcel), "《活着》寄到了\n您求的书到了：\n三体\n\n自己");
    }

    #[test]
    fn a_picture_goes_alone() {
        let picture = Reply::Image { media_id: "m".into() };
        let record = AnswerRecord { reply: picture.clone(), answered_at: Default::default() };
        let parcel = pack(&words(), Some(&record), &books(&["三体"]), Some("自己"));
        assert_eq!(parcel, Parcel { reply: picture, notices: 0, keeps_own: true });
    }

    #[test]
    fn a_filler_brings_only_the_late_answer() {
        assert_eq!(text(&pack(&words(), Some(&late("迟到")), &[], None)), "迟到");
    }
}
