//! The events: what followers do other than write, and what the platform reports.
//!
//! Only what the platform documents for an ordinary account is here. Cards, shops, wifi, devices and
//! whatever comes next are [`Event::Unknown`], to be acknowledged. Numbers that the platform does not
//! write as numbers are taken as 0: a report is not worth refusing for that.

use serde::{Deserialize, Serialize};

/// What happened. The names in the comments are the platform's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// `subscribe`: someone follows the account.
    Subscribe {
        /// Empty; or `qrscene_` and the scene, `last_trade_no_` and a payment, or other origins.
        key: String,
        /// The QR code's ticket.
        ticket: Option<String>,
    },
    /// `unsubscribe`: the platform's rules ask that the follower's data be deleted.
    Unsubscribe,
    /// `SCAN`: a follower scanned a QR code of the account.
    Scan {
        /// The scene, without prefix.
        scene: String,
        /// The QR code's ticket.
        ticket: Option<String>,
    },
    /// `LOCATION`: where the follower is, on opening the chat or every 5 s.
    Location {
        /// Degrees north, as the platform wrote them.
        latitude: String,
        /// Degrees east, as the platform wrote them.
        longitude: String,
        /// Metres, as the platform wrote them.
        precision: String,
    },
    /// `CLICK`: a menu button.
    Click {
        /// The button's key.
        key: String,
    },
    /// `VIEW`: a menu button that opens a page.
    View {
        /// The page.
        url: String,
        /// The conditional menu's id.
        menu_id: Option<String>,
    },
    /// `view_miniprogram`: a menu button that opens a mini program.
    ViewMiniProgram {
        /// The page in it.
        path: String,
        /// The conditional menu's id.
        menu_id: Option<String>,
    },
    /// `scancode_push`: a code was scanned and its content opened.
    ScanCodePush(ScanCode),
    /// `scancode_waitmsg`: a code was scanned and the follower waits for our answer.
    ScanCodeWait(ScanCode),
    /// `pic_sysphoto`, `pic_photo_or_album`, `pic_weixin`: pictures were chosen; they follow as messages.
    Pictures {
        /// Which of the three.
        source: PictureSource,
        /// The button's key.
        key: String,
        /// The MD5 of each, in hex.
        md5: Vec<String>,
    },
    /// `location_select`: a place was chosen; it follows as a message.
    LocationSelect {
        /// The button's key.
        key: String,
        /// The place.
        place: Place,
    },
    /// `MASSSENDJOBFINISH`: a mass message was sent, or not.
    MassSendFinished(MassSend),
    /// `TEMPLATESENDJOBFINISH`: a template message arrived, or not.
    TemplateSendFinished {
        /// The id the API gave when it was sent.
        msg_id: String,
        /// `success`, `failed:user block`, `failed: system failed` or `failed:freq limit`.
        status: String,
    },
    /// `PUBLISHJOBFINISH`: an article was published, or not.
    PublishFinished(Publish),
    /// `subscribe_msg_popup_event`: a follower answered the question for subscriptions.
    SubscribePopup(Vec<SubscribeMessage>),
    /// `subscribe_msg_change_event`: a follower changed subscriptions in the settings.
    SubscribeChange(Vec<SubscribeMessage>),
    /// `subscribe_msg_sent_event`: a subscription message arrived, or not.
    SubscribeSent(Vec<SubscribeMessage>),
    /// `qualification_verify_success`.
    QualificationVerified {
        /// Unix seconds.
        expires_at: i64,
    },
    /// `qualification_verify_fail`.
    QualificationFailed {
        /// Unix seconds.
        failed_at: i64,
        /// The platform's words.
        reason: String,
    },
    /// `naming_verify_success`.
    NamingVerified {
        /// Unix seconds.
        expires_at: i64,
    },
    /// `naming_verify_fail`.
    NamingFailed {
        /// Unix seconds.
        failed_at: i64,
        /// The platform's words.
        reason: String,
    },
    /// `annual_renew`: the verification is due again.
    AnnualRenew {
        /// Unix seconds.
        expires_at: i64,
    },
    /// `verify_expired`: the account is no longer verified.
    VerifyExpired {
        /// Unix seconds.
        expires_at: i64,
    },
    /// `kf_create_session`: a person took the chat over.
    KfCreated {
        /// Who.
        account: String,
    },
    /// `kf_close_session`: a person left the chat.
    KfClosed {
        /// Who.
        account: String,
    },
    /// `kf_switch_session`: a person passed the chat on.
    KfSwitched {
        /// Who.
        from: String,
        /// To whom.
        to: String,
    },
    /// `user_info_modified`: a follower's data changed and must be fetched again.
    UserInfoModified {
        /// The follower, who is not the sender.
        open_id: String,
        /// What was changed.
        revoke_info: String,
    },
    /// `user_authorization_revoke`: a follower withdrew consent, the data must be deleted.
    UserAuthorizationRevoked {
        /// The follower, who is not the sender.
        open_id: String,
        /// Which consent.
        revoke_info: String,
    },
    /// `user_authorization_cancellation`: a follower closed the WeChat account.
    UserAuthorizationCancelled {
        /// The follower, who is not the sender.
        open_id: String,
        /// Which consent.
        revoke_info: String,
    },
    /// Any other.
    Unknown {
        /// Its name as the platform wrote it.
        name: String,
        /// Its EventKey, if it has one.
        key: String,
    },
}

/// A scanned code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScanCode {
    /// The button's key.
    pub key: String,
    /// `qrcode` or `barcode`.
    pub scan_type: String,
    /// The content; of a barcode like `EAN_13,9787536692930`.
    pub result: String,
}

impl ScanCode {
    /// The ISBN, if this is the barcode on a book: an EAN-13 of the book world, 978 or 979.
    pub fn isbn(&self) -> Option<&str> {
        let (symbology, digits) = self.result.split_once(',')?;
        let is_book = symbology == "EAN_13"
            && digits.len() == 13
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits.starts_with("978") || digits.starts_with("979"));
        is_book.then_some(digits)
    }
}

/// Where chosen pictures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PictureSource {
    /// `pic_sysphoto`.
    Camera,
    /// `pic_photo_or_album`.
    CameraOrAlbum,
    /// `pic_weixin`.
    Album,
}

/// A chosen place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Degrees north, as the platform wrote them.
    pub latitude: String,
    /// Degrees east, as the platform wrote them.
    pub longitude: String,
    /// The zoom of the map.
    pub scale: String,
    /// The address.
    pub label: String,
    /// The name of the place.
    pub poi: String,
}

/// How a mass message went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MassSend {
    /// The id the API gave when it was sent.
    pub msg_id: String,
    /// `send success`, `send fail` or `err(…)` with the platform's number.
    pub status: String,
    /// Followers addressed.
    pub total: u64,
    /// Followers left after filtering by region, sex, limits.
    pub filtered: u64,
    /// Followers reached.
    pub sent: u64,
    /// Followers not reached.
    pub errors: u64,
    /// The check for originals, one entry for each article that has one.
    pub copyright: Vec<CopyrightCheck>,
    /// The outcome of that check: 1 passed, 2 as reprint, 3 refused; 0 if there was none.
    pub check_state: u32,
    /// Where the articles are.
    pub urls: Vec<ArticleUrl>,
}

/// The check of one article for being someone else's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CopyrightCheck {
    /// The article, counted from 1.
    pub idx: u32,
    /// What the sender had declared.
    pub declared: u32,
    /// What the platform found.
    pub audit: u32,
    /// Where the original is.
    pub original_url: String,
    /// The original's type.
    pub original_type: u32,
    /// Whether reprinting is allowed.
    pub can_reprint: bool,
    /// Whether the content must be replaced by the original's.
    pub need_replace_content: bool,
    /// Whether the source must be shown.
    pub need_show_source: bool,
}

/// Where a sent or published article is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArticleUrl {
    /// The article, counted from 1.
    pub idx: u32,
    /// Its permanent address.
    pub url: String,
}

/// How publishing went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Publish {
    /// The id the API gave when publishing began.
    pub publish_id: String,
    /// 0 done, 1 running, 2 original check failed, 3 failed, 4 refused by audit, 5 deleted, 6 banned.
    /// `None` if it was not a number: that must not be read as done.
    pub status: Option<u32>,
    /// The article's id, if it is done.
    pub article_id: Option<String>,
    /// Where the articles are.
    pub urls: Vec<ArticleUrl>,
    /// The articles, counted from 1, that failed.
    pub failed: Vec<u32>,
}

/// One entry about a subscription message. Which fields are set depends on the event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SubscribeMessage {
    /// The template.
    pub template_id: String,
    /// Popup and change: whether the follower accepts it.
    pub accepted: Option<bool>,
    /// Popup: 1 web page, 2 article.
    pub popup_scene: Option<u32>,
    /// Sent: the message's id.
    pub msg_id: Option<String>,
    /// Sent: 0 or what went wrong.
    pub error_code: Option<i64>,
    /// Sent: the same in words.
    pub error_status: Option<String>,
}
