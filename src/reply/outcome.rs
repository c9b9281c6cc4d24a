//! What answering a message comes to: something to say, and what has to be written for it to be true.
//!
//! Effects are values until the one write of the answer carries them out, so that a message that was answered
//! meanwhile by another thread has none.

use crate::kindle::Action;
use crate::store::records::{BookId, PlaceRecord};
use crate::wechat::{Article, Reply, TEXT_FITTING_BYTES, fit_text};

/// The answer to one message before anything is written.
pub(super) struct Outcome {
    /// What is said.
    pub(super) speech: Speech,
    /// What is written.
    pub(super) effects: Vec<Effect>,
    /// The message asked for nothing of its own: a word sent only to get an answer that came too late.
    pub(super) is_filler: bool,
}

/// What is said.
pub(super) enum Speech {
    /// This.
    Text(String),
    /// This, and nothing of it may be kept: there is an address in it, and no consent yet.
    Private(String),
    /// A card with a picture; the same as text where something else goes with it.
    News { article: Box<Article>, text: String },
    /// That a request for this title was noted, and how many ask, which only the write knows.
    Requested { title: String },
    /// What came of the [`Effect::Post`].
    Posted,
    /// Something other than a text. It goes alone and has no effects; what else waits for the follower stays.
    Shown(Reply),
}

/// What is written.
pub(super) enum Effect {
    /// The follower is here now.
    Place(PlaceRecord),
    /// The same, one page further from where the follower was: done twice it is another place.
    Turn(PlaceRecord),
    /// Words were searched for.
    Search,
    /// These words found nothing.
    Miss(String),
    /// The follower asks for a book.
    Request { text: String, book: Option<BookId> },
    /// A count of today, by day and what is counted, is this now.
    Count((String, String), u64),
    /// Something about mail, counted under the follower's alias.
    Post { alias: String, action: Action },
    /// The follower wants to have new books of this.
    Subscribe(String),
    /// The follower wants no new books of these any more, by their keys.
    Unsubscribe(Vec<String>),
    /// Everything about the follower is deleted.
    Forget,
}

impl Outcome {
    /// A text and no effect.
    pub(super) fn say(text: String) -> Outcome {
        Outcome { speech: Speech::Text(text), effects: Vec::new(), is_filler: false }
    }

    /// A picture, speech, a film, a piece of music or a card, and no effect.
    pub(super) fn show(reply: Reply) -> Outcome {
        Outcome { speech: Speech::Shown(reply), effects: Vec::new(), is_filler: false }
    }

    /// The same with an effect more.
    pub(super) fn with(mut self, effect: Effect) -> Outcome {
        self.effects.push(effect);
        self
    }

    /// The same, marked as an answer to nothing in particular.
    pub(super) fn filler(mut self) -> Outcome {
        self.is_filler = true;
        self
    }

    /// Whether the follower was promised something, so that it must survive a power cut.
    pub(super) fn is_promise(&self) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::Request { .. }
            | Effect::Post { .. }
            | Effect::Subscribe(_)
            | Effect::Unsubscribe(_)
            | Effect::Forget => true,
            Effect::Place(_) | Effect::Turn(_) | Effect::Search | Effect::Miss(_) | Effect::Count(..) => false,
        })
    }

    /// Whether it only moves the follower, to the same place however often the message is answered.
    pub(super) fn is_step(&self) -> bool {
        !self.effects.is_empty()
            && self.effects.iter().all(|effect| matches!(effect, Effect::Place(_) | Effect::Search))
    }

    /// Whether there may be something to send.
    pub(super) fn posts(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Post { .. }))
    }

    /// Whether everything about the follower is deleted.
    pub(super) fn forgets(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Forget))
    }
}

/// `text` cut to what the platform takes.
pub(super) fn fitting(text: &str) -> &str {
    fit_text(text, TEXT_FITTING_BYTES)
}

/// The first `most` characters of `text`, in one line, with … if there were more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}
