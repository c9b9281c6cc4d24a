//! What the service says, in words that the admin can change: templates by key, read once, checked as a whole.
//!
//! A template is text with named holes, `{title}`. Every key declares its holes; a text that lacks one, or has one
//! that nothing fills, is refused with the names of both, so that a mistake shows when it is made and not in a
//! follower's chat. Holes called `tap_…` may stand in any text: they become links that send a command. When something
//! is said, and with what in the holes, is not decided here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wechat::menu_link;

const ZH: &str = include_str!("../../assets/wordings/zh.toml");
const EN: &str = include_str!("../../assets/wordings/en.toml");

/// The most bytes of one text, links included: two of them still fit into one reply.
pub const TEXT_BYTES: usize = 1_400;

/// The language of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// All texts of a language, with the admin's changes.
pub struct Wordings {
    templates: Vec<Template>,
}

/// Why texts were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWording {
    /// There is no such text to change.
    #[error("there is no wording called {key}")]
    UnknownKey {
        /// The key given.
        key: String,
    },
    /// The built-in texts are incomplete.
    #[error("the wording {key} is missing")]
    MissingKey {
        /// The key that is not there.
        key: String,
    },
    /// A hole that nothing fills.
    #[error("the wording {key} has {{{hole}}}, which nothing fills; it may have: {allowed}")]
    UnknownHole {
        /// The text's key.
        key: String,
        /// The hole's name.
        hole: String,
        /// The holes this text can have.
        allowed: String,
    },
    /// A hole that must be there.
    #[error("the wording {key} lacks {{{hole}}}")]
    MissingHole {
        /// The text's key.
        key: String,
        /// The hole's name.
        hole: String,
    },
    /// A brace that is not closed.
    #[error("the wording {key} has an opening brace without a closing one")]
    OpenBrace {
        /// The text's key.
        key: String,
    },
    /// Nothing to say.
    #[error("the wording {key} is empty")]
    Empty {
        /// The text's key.
        key: String,
    },
    /// It would not fit into a reply.
    #[error("the wording {key} has {bytes} bytes with its links; at most {TEXT_BYTES} fit")]
    TooLong {
        /// The text's key.
        key: String,
        /// Its size with the links in it.
        bytes: usize,
    },
}

impl Wordings {
    /// The language's texts with `overrides` in place of those of the same key.
    ///
    /// # Errors
    /// [`InvalidWording`], naming the key, when an override does not fit its place.
    pub fn new(language: Language, overrides: BTreeMap<String, String>) -> Result<Wordings, InvalidWording> {
        if let Some(key) = overrides.keys().find(|key| Word::ALL.iter().all(|word| word.key() != *key)) {
            return Err(InvalidWording::UnknownKey { key: key.clone() });
        }
        let mut texts = Wordings::defaults(language);
        texts.extend(overrides);
        let templates = Word::ALL.iter().map(|word| read(*word, language, &texts)).collect::<Result<_, _>>()?;
        Ok(Wordings { templates })
    }

    /// The built-in texts by key, for a page that changes them.
    pub fn defaults(language: Language) -> BTreeMap<String, String> {
        let source = match language {
            Language::Zh => ZH,
            Language::En => EN,
        };
        // That both files are whole is held by a test; `new` would name what is missing.
        toml::from_str(source).unwrap_or_default()
    }

    /// A text without holes.
    pub(super) fn plain(&self, word: Word) -> String {
        self.say(word, &[])
    }

    /// The text with the values in its holes. Values are put in as they are: [`crate::wechat::literal`] is for
    /// what others wrote.
    pub(super) fn say(&self, word: Word, values: &[(&str, &str)]) -> String {
        let mut text = String::new();
        let Some(template) = self.templates.get(word as usize) else { return text };
        for piece in &template.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Hole(hole) => {
                    let value = values.iter().find(|(name, _)| name == hole);
                    text.push_str(value.map_or("", |(_, value)| value));
                }
            }
        }
        text
    }
}

struct Template(Vec<Piece>);

enum Piece {
    Text(String),
    Hole(&'static str),
}

/// Declares the texts: name in the source, key, holes that must be filled. One row per text.
macro_rules! words {
    ($($name:ident = $key:literal $holes:tt),* $(,)?) => {
        /// The key of a text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Word { $($name),* }

        impl Word {
            const ALL: &[Word] = &[$(Word::$name),*];

            fn key(self) -> &'static str {
                match self { $(Word::$name => $key),* }
            }

            fn holes(self) -> &'static [&'static str] {
                match self { $(Word::$name => &$holes),* }
            }
        }
    };
}

words! {
    LabelHelp = "label_help" [],
    LabelLatest = "label_latest" [],
    LabelPopular = "label_popular" [],
    LabelRandom = "label_random" [],
    LabelAgain = "label_again" [],
    LabelMe = "label_me" [],
    LabelPrivacy = "label_privacy" [],
    LabelNext = "label_next" [],
    LabelPrevious = "label_previous" [],
    LabelMore = "label_more" [],
    LabelRequest = "label_request" [],
    LabelDelete = "label_delete" [],
    LabelConfirm = "label_confirm" [],
    LabelCancel = "label_cancel" [],
    LabelOpen = "label_open" [],
    Welcome = "welcome" [],
    Help = "help" [],
    Hello = "hello" [],
    Thanks = "thanks" [],
    Privacy = "privacy" ["minutes"],
    Unsupported = "unsupported" [],
    UnsupportedVoice = "unsupported_voice" [],
    UnsupportedPlace = "unsupported_place" [],
    Unreadable = "unreadable" [],
    Apology = "apology" [],
    StillWorking = "still_working" [],
    StillWorkingSoon = "still_working_soon" [],
    TooFast = "too_fast" [],
    SearchLimit = "search_limit" ["limit"],
    CardTitle = "card_title" ["title"],
    CardAuthors = "card_authors" ["authors"],
    CardDownloads = "card_downloads" ["links"],
    CardPage = "card_page" ["link"],
    CardNoFormat = "card_no_format" ["format"],
    CardAbsent = "card_absent" [],
    CardOthers = "card_others" ["count"],
    BookGone = "book_gone" [],
    ListSearch = "list_search" ["text"],
    ListDoubtful = "list_doubtful" ["text"],
    ListInside = "list_inside" ["text", "snippet"],
    ListLatest = "list_latest" [],
    ListPopular = "list_popular" [],
    ListRandom = "list_random" [],
    ListFormat = "list_format" ["format"],
    ListAbsent = "list_absent" [],
    ListRange = "list_range" ["first", "last", "total"],
    ListPick = "list_pick" [],
    ListRequest = "list_request" [],
    PageNext = "page_next" [],
    PagePrevious = "page_previous" [],
    PageAgain = "page_again" [],
    ListEnd = "list_end" ["total"],
    ListStart = "list_start" [],
    ListNone = "list_none" ["minutes"],
    NumberOutside = "number_outside" ["number", "total"],
    NumberUnknown = "number_unknown" ["number"],
    ShelfEmpty = "shelf_empty" [],
    Nothing = "nothing" ["text"],
    Requested = "requested" ["title", "count"],
    RequestUsage = "request_usage" [],
    RequestLimit = "request_limit" ["limit"],
    RequestHave = "request_have" [],
    MeQuota = "me_quota" ["used", "limit"],
    MeDownloads = "me_downloads" ["books"],
    MeRequests = "me_requests" ["books"],
    MeNothing = "me_nothing" [],
    MeFoot = "me_foot" [],
    MyData = "my_data" [
        "since", "seen", "downloads", "counts", "requests", "notices", "subscriptions", "addresses", "deliveries",
        "answers"
    ],
    DeleteAsk = "delete_ask" [],
    Deleted = "deleted" [],
    Cancelled = "cancelled" [],
    NoticeHead = "notice_head" [],
    NewsHead = "news_head" [],
    NewsMore = "news_more" ["count"],
    LateMore = "late_more" [],
    LabelPush = "label_push" [],
    LabelAgree = "label_agree" [],
    LabelBind = "label_bind" [],
    LabelMailboxes = "label_mailboxes" [],
    LabelPushStatus = "label_push_status" [],
    CardPush = "card_push" ["link"],
    ListPush = "list_push" ["text"],
    PushPick = "push_pick" [],
    PushOff = "push_off" [],
    PushHelp = "push_help" ["senders"],
    BindKindle = "bind_kindle" ["address", "agree", "sent"],
    BindMailbox = "bind_mailbox" ["address", "agree", "sent"],
    AgreeSent = "agree_sent" ["address"],
    CodeSent = "code_sent" ["address", "sender"],
    CodeSentKindle = "code_sent_kindle" ["address", "sender"],
    CodeWrong = "code_wrong" ["count"],
    CodeSpent = "code_spent" [],
    CodeNone = "code_none" [],
    CodeFailed = "code_failed" ["address", "why"],
    Bound = "bound" ["address"],
    AlreadyBound = "already_bound" ["address"],
    TooManyAddresses = "too_many_addresses" ["count"],
    TooManyCodes = "too_many_codes" ["count"],
    Mailboxes = "mailboxes" ["list"],
    UnbindWhich = "unbind_which" ["list"],
    UnbindNone = "unbind_none" [],
    Unbound = "unbound" ["address"],
    NotBound = "not_bound" ["address"],
    UnfitAddress = "unfit_address" ["text"],
    UnfitClosed = "unfit_closed" ["text"],
    UnfitKindle = "unfit_kindle" ["text"],
    UnfitDomain = "unfit_domain" ["text"],
    UnfitOurs = "unfit_ours" ["text"],
    PushUsage = "push_usage" [],
    PushUnbound = "push_unbound" ["senders"],
    Pushed = "pushed" ["title", "address"],
    PushedBefore = "pushed_before" ["state"],
    TooManyPushes = "too_many_pushes" ["count"],
    PushTooLarge = "push_too_large" ["title", "size", "limit"],
    PushNone = "push_none" [],
    PushStatus = "push_status" ["list"],
    Delivery = "delivery" ["title", "address", "state"],
    StateQueued = "state_queued" [],
    StateRetry = "state_retry" [],
    StateSent = "state_sent" [],
    StateFailed = "state_failed" ["why"],
    TroubleRefused = "trouble_refused" ["text"],
    TroubleLater = "trouble_later" ["text"],
    TroubleLarge = "trouble_large" ["size"],
    TroubleFormat = "trouble_format" [],
    TroubleGone = "trouble_gone" [],
    TroubleUnbound = "trouble_unbound" [],
    TroubleBounced = "trouble_bounced" ["text"],
    LabelSubscriptions = "label_subscriptions" [],
    LabelMyData = "label_my_data" [],
    Subscribed = "subscribed" ["text"],
    SubscribedBefore = "subscribed_before" ["text"],
    SubscribeUsage = "subscribe_usage" [],
    SubscribeLimit = "subscribe_limit" ["count"],
    Subscriptions = "subscriptions" ["list"],
    Unsubscribed = "unsubscribed" ["text"],
    UnsubscribedAll = "unsubscribed_all" [],
    UnsubscribeWhich = "unsubscribe_which" ["list"],
}

/// Links that send a command: the hole's name, what is sent in Chinese and in English, its label.
const TAPS: &[(&str, &str, &str, Word)] = &[
    ("tap_help", "帮助", "help", Word::LabelHelp),
    ("tap_latest", "最新", "new", Word::LabelLatest),
    ("tap_popular", "热门", "popular", Word::LabelPopular),
    ("tap_random", "随机", "random", Word::LabelRandom),
    ("tap_again", "换一批", "random", Word::LabelAgain),
    ("tap_me", "我的", "me", Word::LabelMe),
    ("tap_privacy", "隐私", "privacy", Word::LabelPrivacy),
    ("tap_next", "下一页", "next page", Word::LabelNext),
    ("tap_previous", "上一页", "previous page", Word::LabelPrevious),
    ("tap_more", "下一页", "next page", Word::LabelMore),
    ("tap_request", "求书", "request", Word::LabelRequest),
    ("tap_delete", "删除我的数据", "delete my data", Word::LabelDelete),
    ("tap_confirm", "确认删除", "delete everything", Word::LabelConfirm),
    ("tap_cancel", "取消", "cancel", Word::LabelCancel),
    ("tap_bind", "绑定", "bind", Word::LabelBind),
    ("tap_mailboxes", "邮箱", "mailboxes", Word::LabelMailboxes),
    ("tap_push_status", "推送状态", "push status", Word::LabelPushStatus),
    ("tap_subscriptions", "订阅", "subscriptions", Word::LabelSubscriptions),
    ("tap_my_data", "我的数据", "my data", Word::LabelMyData),
];

fn read(word: Word, language: Language, texts: &BTreeMap<String, String>) -> Result<Template, InvalidWording> {
    let key = || word.key().to_owned();
    let source = texts.get(word.key()).ok_or_else(|| InvalidWording::MissingKey { key: key() })?.trim();
    if source.is_empty() {
        return Err(InvalidWording::Empty { key: key() });
    }
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), source);
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').ok_or_else(|| InvalidWording::OpenBrace { key: key() })?;
        text.push_str(before);
        if let Some(link) = tap(name, language, texts) {
            text.push_str(&link);
        } else {
            let hole = word.holes().iter().find(|hole| **hole == name);
            let hole = hole.ok_or_else(|| unknown(word, name))?;
            pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Hole(hole)]);
        }
        rest = after;
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    check(word, &pieces)?;
    Ok(Template(pieces))
}

fn check(word: Word, pieces: &[Piece]) -> Result<(), InvalidWording> {
    let has = |wanted: &str| pieces.iter().any(|piece| matches!(piece, Piece::Hole(hole) if *hole == wanted));
    if let Some(hole) = word.holes().iter().find(|hole| !has(hole)) {
        return Err(InvalidWording::MissingHole { key: word.key().to_owned(), hole: (*hole).to_owned() });
    }
    let size = |piece: &Piece| if let Piece::Text(text) = piece { text.len() } else { 0 };
    let bytes = pieces.iter().map(size).sum();
    if bytes > TEXT_BYTES {
        return Err(InvalidWording::TooLong { key: word.key().to_owned(), bytes });
    }
    Ok(())
}

fn tap(name: &str, language: Language, texts: &BTreeMap<String, String>) -> Option<String> {
    let (_, zh, en, label) = TAPS.iter().find(|(hole, ..)| *hole == name)?;
    let sent = match language {
        Language::Zh => zh,
        Language::En => en,
    };
    Some(menu_link(sent, "c", texts.get(label.key())?.trim()))
}

fn unknown(word: Word, hole: &str) -> InvalidWording {
    let taps = TAPS.iter().map(|(name, ..)| *name);
    let allowed = word.holes().iter().copied().chain(taps).collect::<Vec<_>>().join(", ");
    InvalidWording::UnknownHole { key: word.key().to_owned(), hole: hole.to_owned(), allowed }
}

#[cfg(test)]
mod tests;
