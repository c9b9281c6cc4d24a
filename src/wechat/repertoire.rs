//! Everything that the platform can push, with the elements of each, as data: the owner's simulator makes its menu and
//! its forms of it, and `push` its XML. The samples are what a push looks like that has nothing odd in it.
//!
//! Not used by the callback, which reads pushes by code of its own (`message`): that the two agree is tested.

/// A kind of push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushKind {
    /// The platform's name: an event's, else the MsgType.
    pub name: &'static str,
    /// Where it comes from.
    pub group: PushGroup,
    /// Its own elements, in order.
    pub fields: &'static [PushField],
}

/// Where a push comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushGroup {
    /// A follower sends something.
    Message,
    /// A follower comes, goes, or opens the chat.
    Follower,
    /// A follower taps the menu.
    Menu,
    /// The platform reports something.
    Report,
}

/// An element of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushField {
    /// Its name, behind those of the elements around it, with `/` in between.
    pub path: &'static str,
    /// What stands in it if nothing else is said.
    pub sample: &'static str,
    /// It is not there if it is empty, or if nothing is said of it.
    pub is_optional: bool,
}

use PushGroup::{Follower, Menu, Message, Report};

const fn kind(group: PushGroup, name: &'static str, fields: &'static [PushField]) -> PushKind {
    PushKind { name, group, fields }
}

const fn has(path: &'static str, sample: &'static str) -> PushField {
    PushField { path, sample, is_optional: false }
}

const fn may_have(path: &'static str, sample: &'static str) -> PushField {
    PushField { path, sample, is_optional: true }
}

const KEY: PushField = has("EventKey", "");
const MEDIA: PushField = has("MediaId", "simulated");
const THUMB: PushField = has("ThumbMediaId", "simulated-thumb");
const TICKET: PushField = may_have("Ticket", "gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9x");
const MENU_ID: PushField = may_have("MenuId", "208396938");
const EXPIRES: PushField = has("ExpiredTime", "1893456000");
const FAILED: PushField = has("FailTime", "1790000000");
const DESK: PushField = has("KfAccount", "test1@kftest");
const APP_ID: PushField = has("AppID", "wx0123456789abcdef");
const OF_USER: &[PushField] = &[has("OpenID", ""), APP_ID, has("RevokeInfo", "1")];
const SCANNED: &[PushField] =
    &[KEY, has("ScanCodeInfo/ScanType", "barcode"), has("ScanCodeInfo/ScanResult", "EAN_13,9787536692930")];
const PICTURES: &[PushField] = &[
    KEY,
    has("SendPicsInfo/Count", "1"),
    has("SendPicsInfo/PicList/item/PicMd5Sum", "1b5f7c23b5bf75682a53e7b6d163e185"),
];

/// What is sent most: words.
pub const TEXT: PushKind = kind(Message, "text", &[has("Content", "三体"), may_have("bizmsgmenuid", "b1")]);

/// Every kind there is, by groups.
pub const REPERTOIRE: &[PushKind] = &[
    TEXT,
    kind(Message, "image", &[has("PicUrl", "http://mmbiz.qpic.cn/simulated/0"), MEDIA]),
    kind(Message, "voice", &[MEDIA, has("Format", "amr"), may_have("Recognition", "三体"), may_have("MediaId16K", "")]),
    kind(Message, "video", &[MEDIA, THUMB]),
    kind(Message, "shortvideo", &[MEDIA, THUMB]),
    kind(
        Message,
        "location",
        &[has("Location_X", "39.9087"), has("Location_Y", "116.3975"), has("Scale", "16"), has("Label", "北京")],
    ),
    kind(
        Message,
        "link",
        &[has("Title", "三体"), has("Description", "一本书"), has("Url", "https://books.example.com/b/1")],
    ),
    kind(
        Message,
        "file",
        &[
            has("Title", "三体.epub"),
            has("Description", ""),
            has("FileKey", "simulated"),
            has("FileMd5", "1b5f7c23b5bf75682a53e7b6d163e185"),
            has("FileTotalLen", "1048576"),
        ],
    ),
    kind(Follower, "subscribe", &[KEY, TICKET]),
    kind(Follower, "unsubscribe", &[KEY]),
    kind(Follower, "SCAN", &[has("EventKey", "b1"), TICKET]),
    kind(Follower, "LOCATION", &[has("Latitude", "39.9087"), has("Longitude", "116.3975"), has("Precision", "65.0")]),
    kind(Menu, "CLICK", &[has("EventKey", "最新")]),
    kind(Menu, "VIEW", &[has("EventKey", "https://books.example.com/"), MENU_ID]),
    kind(Menu, "view_miniprogram", &[has("EventKey", "pages/index/index"), MENU_ID]),
    kind(Menu, "scancode_push", SCANNED),
    kind(Menu, "scancode_waitmsg", SCANNED),
    kind(Menu, "pic_sysphoto", PICTURES),
    kind(Menu, "pic_photo_or_album", PICTURES),
    kind(Menu, "pic_weixin", PICTURES),
    kind(
        Menu,
        "location_select",
        &[
            KEY,
            has("SendLocationInfo/Location_X", "39.9087"),
            has("SendLocationInfo/Location_Y", "116.3975"),
            has("SendLocationInfo/Scale", "16"),
            has("SendLocationInfo/Label", "北京"),
            has("SendLocationInfo/Poiname", "国家图书馆"),
        ],
    ),
    kind(
        Report,
        "MASSSENDJOBFINISH",
        &[
            has("MsgID", "1000001625"),
            has("Status", "send success"),
            has("TotalCount", "100"),
            has("FilterCount", "80"),
            has("SentCount", "75"),
            has("ErrorCount", "5"),
            has("CopyrightCheckResult/Count", "0"),
            has("CopyrightCheckResult/CheckState", "1"),
        ],
    ),
    kind(Report, "TEMPLATESENDJOBFINISH", &[has("MsgID", "200163836"), has("Status", "success")]),
    kind(
        Report,
        "PUBLISHJOBFINISH",
        &[
            has("PublishEventInfo/publish_id", "100000001"),
            has("PublishEventInfo/publish_status", "0"),
            has("PublishEventInfo/article_id", "simulated"),
            has("PublishEventInfo/article_detail/count", "1"),
            has("PublishEventInfo/article_detail/item/idx", "1"),
            has("PublishEventInfo/article_detail/item/article_url", "https://mp.weixin.qq.com/s/simulated"),
        ],
    ),
    kind(
        Report,
        "subscribe_msg_popup_event",
        &[
            has("SubscribeMsgPopupEvent/List/TemplateId", "simulated"),
            has("SubscribeMsgPopupEvent/List/SubscribeStatusString", "accept"),
            has("SubscribeMsgPopupEvent/List/PopupScene", "1"),
        ],
    ),
    kind(
        Report,
        "subscribe_msg_change_event",
        &[
            has("SubscribeMsgChangeEvent/List/TemplateId", "simulated"),
            has("SubscribeMsgChangeEvent/List/SubscribeStatusString", "reject"),
        ],
    ),
    kind(
        Report,
        "subscribe_msg_sent_event",
        &[
            has("SubscribeMsgSentEvent/List/TemplateId", "simulated"),
            has("SubscribeMsgSentEvent/List/MsgID", "1864323726461255680"),
            has("SubscribeMsgSentEvent/List/ErrorCode", "0"),
            has("SubscribeMsgSentEvent/List/ErrorStatus", "success"),
        ],
    ),
    kind(Report, "qualification_verify_success", &[EXPIRES]),
    kind(Report, "qualification_verify_fail", &[FAILED, has("FailReason", "by time")]),
    kind(Report, "naming_verify_success", &[EXPIRES]),
    kind(Report, "naming_verify_fail", &[FAILED, has("FailReason", "by time")]),
    kind(Report, "annual_renew", &[EXPIRES]),
    kind(Report, "verify_expired", &[EXPIRES]),
    kind(Report, "kf_create_session", &[DESK]),
    kind(Report, "kf_close_session", &[DESK]),
    kind(Report, "kf_switch_session", &[has("FromKfAccount", "test1@kftest"), has("ToKfAccount", "test2@kftest")]),
    kind(Report, "user_info_modified", OF_USER),
    kind(Report, "user_authorization_revoke", OF_USER),
    kind(Report, "user_authorization_cancellation", OF_USER),
];

impl PushKind {
    /// The kind of this name.
    pub fn of(name: &str) -> Option<&'static PushKind> {
        REPERTOIRE.iter().find(|kind| kind.name == name)
    }

    /// Whether it is an event, which has no number of its own.
    pub fn is_event(&self) -> bool {
        self.group != PushGroup::Message
    }
}

impl PushField {
    /// The name of the element itself.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('/').map_or(self.path, |(_, name)| name)
    }
}
