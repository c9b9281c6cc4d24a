//! XML -> [`Event`]. Names are compared without case, as every SDK does: the platform itself has
//! changed the case of some.

use super::event::{
    ArticleUrl, CopyrightCheck, Event, MassSend, PictureSource, Place, Publish, ScanCode, SubscribeMessage,
};
use super::xml::Element;

/// Reads the event in a push. Only a missing name is an error.
pub(super) fn event(xml: &Element<'_>) -> Result<Event, &'static str> {
    let name = xml.text_of("Event")?.filter(|name| !name.is_empty()).ok_or("an event has no name")?;
    let key = || xml.text_or_empty("EventKey");
    Ok(match name.to_ascii_lowercase().as_str() {
        "subscribe" => Event::Subscribe { key: key(), ticket: xml.some_text("Ticket") },
        "unsubscribe" => Event::Unsubscribe,
        "scan" => Event::Scan { scene: key(), ticket: xml.some_text("Ticket") },
        "location" => Event::Location {
            latitude: xml.text_or_empty("Latitude"),
            longitude: xml.text_or_empty("Longitude"),
            precision: xml.text_or_empty("Precision"),
        },
        "click" => Event::Click { key: key() },
        "view" => Event::View { url: key(), menu_id: xml.some_text("MenuId") },
        "view_miniprogram" => Event::ViewMiniProgram { path: key(), menu_id: xml.some_text("MenuId") },
        "scancode_push" => Event::ScanCodePush(scan_code(xml, key())),
        "scancode_waitmsg" => Event::ScanCodeWait(scan_code(xml, key())),
        "pic_sysphoto" => pictures(xml, PictureSource::Camera, key()),
        "pic_photo_or_album" => pictures(xml, PictureSource::CameraOrAlbum, key()),
        "pic_weixin" => pictures(xml, PictureSource::Album, key()),
        "location_select" => Event::LocationSelect { key: key(), place: place(xml) },
        "masssendjobfinish" => Event::MassSendFinished(mass_send(xml)),
        "templatesendjobfinish" => {
            Event::TemplateSendFinished { msg_id: xml.text_or_empty("MsgID"), status: xml.text_or_empty("Status") }
        }
        "publishjobfinish" | "freepublishjobfinish" => Event::PublishFinished(publish(xml)),
        "subscribe_msg_popup_event" => Event::SubscribePopup(subscriptions(xml, "SubscribeMsgPopupEvent")),
        "subscribe_msg_change_event" => Event::SubscribeChange(subscriptions(xml, "SubscribeMsgChangeEvent")),
        "subscribe_msg_sent_event" => Event::SubscribeSent(subscriptions(xml, "SubscribeMsgSentEvent")),
        _ => notice(xml, &name).unwrap_or_else(|| Event::Unknown { name: name.clone(), key: key() }),
    })
}

/// The events about the account itself and about people's rights.
fn notice(xml: &Element<'_>, name: &str) -> Option<Event> {
    let expires_at = xml.number("ExpiredTime").unwrap_or(0);
    let failed_at = xml.number("FailTime").unwrap_or(0);
    let text = |name| xml.text_or_empty(name);
    let (open_id, revoke_info) = (text("OpenID"), text("RevokeInfo"));
    Some(match name.to_ascii_lowercase().as_str() {
        "qualification_verify_success" => Event::QualificationVerified { expires_at },
        "qualification_verify_fail" => Event::QualificationFailed { failed_at, reason: text("FailReason") },
        "naming_verify_success" => Event::NamingVerified { expires_at },
        "naming_verify_fail" => Event::NamingFailed { failed_at, reason: text("FailReason") },
        "annual_renew" => Event::AnnualRenew { expires_at },
        "verify_expired" => Event::VerifyExpired { expires_at },
        "kf_create_session" => Event::KfCreated { account: text("KfAccount") },
        "kf_close_session" => Event::KfClosed { account: text("KfAccount") },
        "kf_switch_session" => Event::KfSwitched { from: text("FromKfAccount"), to: text("ToKfAccount") },
        "user_info_modified" => Event::UserInfoModified { open_id, revoke_info },
        "user_authorization_revoke" => Event::UserAuthorizationRevoked { open_id, revoke_info },
        "user_authorization_cancellation" => Event::UserAuthorizationCancelled { open_id, revoke_info },
        _ => return None,
    })
}

fn scan_code(xml: &Element<'_>, key: String) -> ScanCode {
    let text = |name| xml.child("ScanCodeInfo").map(|info| info.text_or_empty(name)).unwrap_or_default();
    ScanCode { key, scan_type: text("ScanType"), result: text("ScanResult") }
}

fn pictures(xml: &Element<'_>, source: PictureSource, key: String) -> Event {
    let list = xml.child("SendPicsInfo").and_then(|info| info.child("PicList"));
    let md5 = items(list).map(|item| item.text_or_empty("PicMd5Sum")).collect();
    Event::Pictures { source, key, md5 }
}

fn place(xml: &Element<'_>) -> Place {
    let text = |name| xml.child("SendLocationInfo").map(|info| info.text_or_empty(name)).unwrap_or_default();
    Place {
        latitude: text("Location_X"),
        longitude: text("Location_Y"),
        scale: text("Scale"),
        label: text("Label"),
        poi: text("Poiname"),
    }
}

fn mass_send(xml: &Element<'_>) -> MassSend {
    let check = xml.child("CopyrightCheckResult");
    let urls = xml.child("ArticleUrlResult").and_then(|result| result.child("ResultList"));
    MassSend {
        msg_id: xml.text_or_empty("MsgID"),
        status: xml.text_or_empty("Status"),
        total: xml.number("TotalCount").unwrap_or(0),
        filtered: xml.number("FilterCount").unwrap_or(0),
        sent: xml.number("SentCount").unwrap_or(0),
        errors: xml.number("ErrorCount").unwrap_or(0),
        copyright: items(check.and_then(|check| check.child("ResultList"))).map(copyright).collect(),
        check_state: check.and_then(|check| check.number("CheckState")).unwrap_or(0),
        urls: items(urls)
            .map(|item| ArticleUrl {
                idx: item.number("ArticleIdx").unwrap_or(0),
                url: item.text_or_empty("ArticleUrl"),
            })
            .collect(),
    }
}

fn copyright(item: Element<'_>) -> CopyrightCheck {
    let number = |name| item.number(name).unwrap_or(0);
    CopyrightCheck {
        idx: number("ArticleIdx"),
        declared: number("UserDeclareState"),
        audit: number("AuditState"),
        original_url: item.text_or_empty("OriginalArticleUrl"),
        original_type: number("OriginalArticleType"),
        can_reprint: number("CanReprint") == 1,
        need_replace_content: number("NeedReplaceContent") == 1,
        need_show_source: number("NeedShowReprintSource") == 1,
    }
}

fn publish(xml: &Element<'_>) -> Publish {
    let info = xml.child("PublishEventInfo");
    let detail = info.and_then(|info| info.child("article_detail"));
    Publish {
        publish_id: info.map(|info| info.text_or_empty("publish_id")).unwrap_or_default(),
        status: info.and_then(|info| info.number("publish_status")),
        article_id: info.and_then(|info| info.some_text("article_id")),
        urls: items(detail)
            .map(|item| ArticleUrl { idx: item.number("idx").unwrap_or(0), url: item.text_or_empty("article_url") })
            .collect(),
        failed: info
            .into_iter()
            .flat_map(|info| info.children("fail_idx"))
            .filter_map(|idx| idx.text().trim().parse().ok())
            .collect(),
    }
}

fn subscriptions(xml: &Element<'_>, name: &str) -> Vec<SubscribeMessage> {
    let lists = xml.child(name).into_iter().flat_map(|event| event.children("List"));
    lists
        .map(|item| SubscribeMessage {
            template_id: item.text_or_empty("TemplateId"),
            accepted: item.some_text("SubscribeStatusString").map(|status| status == "accept"),
            popup_scene: item.number("PopupScene"),
            msg_id: item.some_text("MsgID"),
            error_code: item.number("ErrorCode"),
            error_status: item.some_text("ErrorStatus"),
        })
        .collect()
}

fn items<'a>(list: Option<Element<'a>>) -> impl Iterator<Item = Element<'a>> {
    list.into_iter().flat_map(|list| list.children("item"))
}
