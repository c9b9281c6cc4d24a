//! Every kind of push: the files in `tests/it/pushes`, and what is to be read from them.

use super::*;
use shutong::wechat::*;
use std::fs;
use std::path::{Path, PathBuf};

const NOW: i64 = 1_700_000_000;

fn read(xml: &str) -> Result<Incoming, Refused> {
    let query = Query::parse(&signed(NOW, "1")).unwrap();
    open(&account(Mode::Plain), &query, xml.as_bytes(), NOW).map(|opened| opened.incoming)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pushes")
}

#[track_caller]
fn push(name: &str) -> Incoming {
    read(&fs::read_to_string(folder().join(name).with_extension("xml")).unwrap()).unwrap()
}

#[track_caller]
fn event(name: &str) -> Event {
    match push(name).kind {
        MessageKind::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

pub(super) fn all() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for kind in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(kind).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "xml") {
                files.push((file.display().to_string(), fs::read_to_string(&file).unwrap()));
            }
        }
    }
    assert!(files.len() > 70, "only {} pushes found", files.len());
    files
}

/// The first value of an element, found without parsing XML.
fn value<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let after = xml.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0.trim();
    Some(after.trim_start_matches("<![CDATA[").trim_end_matches("]]>"))
}

#[test]
fn every_push_is_read_or_acknowledged() {
    let known_to_be_unknown = [
        "merchant_order",
        "ShakearoundUserShake",
        "WifiConnected",
        "user_authorize_invoice",
        "update_invoice_status",
        "submit_invoice_title",
        "user_get_card",
        "user_enter_session_from_card",
        "guide_qrcode_scan_event",
        "user_enter_tempsession",
        "notsure",
        "device_text",
        "device_event",
    ];
    for (file, xml) in all() {
        let incoming = read(&xml).unwrap_or_else(|refused| panic!("{file}: {refused:?}"));
        assert_eq!(value(&xml, "ToUserName"), Some(incoming.to_user.as_str()), "{file}");
        assert_eq!(value(&xml, "FromUserName"), Some(incoming.from_user.as_str()), "{file}");
        assert_eq!(value(&xml, "CreateTime"), Some(incoming.created_at.to_string().as_str()), "{file}");
        let (wanted, name, unknown) = match &incoming.kind {
            MessageKind::Event(event) => ("Event", event.name(), matches!(event, Event::Unknown { .. })),
            kind => ("MsgType", kind.name(), matches!(kind, MessageKind::Unknown(_))),
        };
        let wanted = value(&xml, wanted).unwrap().replace("FREEPUBLISH", "PUBLISH");
        assert_eq!(name, wanted, "{file}");
        assert_eq!(unknown, known_to_be_unknown.contains(&name), "{file}: {name}");
        let stored = serde_json::to_string(&incoming).unwrap();
        assert_eq!(serde_json::from_str::<Incoming>(&stored).unwrap(), incoming, "{file}");
    }
}

#[test]
fn messages() {
    let text = |content: &str, menu_id: Option<&str>| MessageKind::Text {
        content: content.into(),
        menu_id: menu_id.map(str::to_owned),
    };
    assert_eq!(push("own/text_from_menu_link").kind, text("满意", Some("101")));
    let article = push("own/text_from_article");
    assert_eq!(article.kind, text(" 求 <三体> & ]]> ", None));
    assert_eq!(article.article, Some(FromArticle { msg_data_id: "2247483999_1".into(), idx: 2 }));
    assert_eq!(article.msg_id, Some(u64::MAX));
    assert_eq!(push("wxjava/WxMpXmlMessage_01_subscribe").msg_id, Some(1234567890123456), "MsgID");
    let [m, amr] = ["m", "amr"].map(String::from);
    let recognition = Some("三体".into());
    assert_eq!(push("own/voice_recognised").kind, MessageKind::Voice { media_id: m, format: amr, recognition });
    assert!(matches!(push("wechatpy/parser_02_voice").kind, MessageKind::Voice { recognition: None, .. }));
    let [title, description] = ["三体.epub", ""].map(String::from);
    assert_eq!(push("own/file").kind, MessageKind::File { title, description, size: Some(912_345) });
    let place = MessageKind::Location {
        latitude: "23.134521".into(),
        longitude: "113.358803".into(),
        scale: "20".into(),
        label: "位置信息".into(),
    };
    assert_eq!(push("wechatpy/parser_04_location").kind, place);
    let title = "公众平台官网链接".to_owned();
    let link = MessageKind::Link { title: title.clone(), description: title, url: "url".into() };
    assert_eq!(push("wechatpy/parser_05_link").kind, link);
    let [media_id, thumb_media_id] = ["media_id", "thumb_media_id"].map(String::from);
    let video = MessageKind::ShortVideo { media_id, thumb_media_id };
    assert_eq!(push("skit/MpMessage_ShortVideoMessageEvent").kind, video);
}

#[test]
fn events_of_followers() {
    let scene = event("wechatpy/parser_08_subscribe");
    assert_eq!(scene, Event::Subscribe { key: "qrscene_123123".into(), ticket: Some("TICKET".into()) });
    assert_eq!(scene.scene(), Some("123123"));
    assert_eq!(event("wechatpy/parser_09_SCAN").scene(), Some("123123"));
    assert_eq!(event("wechatpy/parser_07_subscribe").scene(), None);
    assert_eq!(event("wechatpy/events_05_CLICK"), Event::Click { key: "EVENTKEY".into() });
    assert_eq!(event("wechatpy/events_06_VIEW"), Event::View { url: "www.qq.com".into(), menu_id: None });
    let menu_id = Some("MENUID".into());
    let mini = Event::ViewMiniProgram { path: "pages/index/index".into(), menu_id };
    assert_eq!(event("skit/MpPush_ViewMiniProgramPushEvent"), mini);
    let Event::ScanCodeWait(scan) = event("own/scan_book") else { panic!() };
    assert_eq!((scan.scan_type.as_str(), scan.isbn()), ("barcode", Some("9787536692930")));
    let Event::ScanCodePush(scan) = event("wechatpy/events_08_scancode_push") else { panic!() };
    assert_eq!((scan.key.as_str(), scan.result.as_str(), scan.isbn()), ("6", "1", None));
    let Event::Pictures { source, md5, .. } = event("wechatpy/events_11_pic_photo_or_album") else { panic!() };
    assert_eq!((source, md5), (PictureSource::CameraOrAlbum, vec!["5a75aaca956d97be686719218f275c6b".into()]));
    let Event::LocationSelect { place, .. } = event("wechatpy/events_13_location_select") else { panic!() };
    assert_eq!((place.label.as_str(), place.poi.as_str()), ("广州市海珠区客村艺苑路 106号", ""));
    let Event::Location { precision, .. } = event("wechatpy/events_04_LOCATION") else { panic!() };
    assert_eq!(precision, "119.385040");
}

#[test]
fn reports_of_the_platform() {
    let Event::MassSendFinished(mass) = event("own/mass_send_eight_articles") else { panic!() };
    assert_eq!((mass.total, mass.filtered, mass.sent, mass.errors, mass.check_state), (100, 80, 75, 5, 1));
    assert_eq!((mass.copyright.len(), mass.urls.len()), (8, 8));
    assert_eq!((mass.copyright[7].idx, mass.copyright[7].audit), (8, 2));
    assert!(mass.copyright[7].can_reprint && !mass.copyright[7].need_replace_content);
    assert_eq!(mass.urls[7], ArticleUrl { idx: 8, url: "https://mp.weixin.qq.com/s/8".into() });
    let Event::PublishFinished(publish) = event("own/publish_finished") else { panic!() };
    assert_eq!((publish.status, publish.article_id, publish.failed), (Some(2), None, vec![1, 3]));
    let Event::PublishFinished(publish) = event("skit/MpJob_FreePublishJobFinishEvent") else { panic!() };
    assert_eq!(publish.article_id.as_deref(), Some("b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4"));
    assert_eq!((publish.status, publish.urls[0].url.as_str()), (Some(0), "ARTICLE_URL"));
    let Event::SubscribePopup(list) = event("wechatpy/events_19_subscribe_msg_popup_event") else { panic!() };
    assert_eq!(
        list.iter().map(|m| (m.accepted, m.popup_scene)).collect::<Vec<_>>(),
        [(Some(true), Some(2)), (Some(false), Some(2)),]
    );
    let Event::SubscribeSent(list) = event("wechatpy/events_21_subscribe_msg_sent_event") else { panic!() };
    assert_eq!((list[0].msg_id.as_deref(), list[0].error_code), (Some("1700827132819554304"), Some(0)));
    let failed = Event::QualificationFailed { failed_at: 1442401122, reason: "by time".into() };
    assert_eq!(event("wechatpy/events_25_qualification_verify_fail"), failed);
    assert_eq!(event("wechatpy/events_29_verify_expired"), Event::VerifyExpired { expires_at: 1442400900 });
    let switched = Event::KfSwitched { from: "test1@test".into(), to: "test2@test".into() };
    assert_eq!(event("wechatpy/events_17_kf_switch_session"), switched);
    let [open_id, revoke_info] = ["oA", "301"].map(String::from);
    assert_eq!(event("own/user_info_modified"), Event::UserInfoModified { open_id, revoke_info });
}

/// A retry has the key of the first attempt; what merely shares the second has another.
#[test]
fn dedup_keys() {
    let base = "<xml><ToUserName>gh</ToUserName><FromUserName>oA</FromUserName><CreateTime>5</CreateTime>";
    let key = |rest: &str| read(&format!("{base}{rest}</xml>")).unwrap().dedup_key();
    let text = |id: &str| key(&format!("<MsgType>text</MsgType><Content>x</Content>{id}"));
    let event = |name: &str, value: &str| {
        key(&format!("<MsgType>event</MsgType><Event>{name}</Event><EventKey>{value}</EventKey>"))
    };
    assert_eq!(text("<MsgId>1</MsgId>"), text("<MsgId>1</MsgId>"));
    assert_eq!(event("CLICK", "a"), event("click", "a"));
    let keys = [
        text("<MsgId>1</MsgId>"),
        text("<MsgId>2</MsgId>"),
        text(""),
        event("CLICK", "a"),
        event("CLICK", "b"),
        event("subscribe", "qrscene_1"),
        event("SCAN", "1"),
        event("subscribe", ""),
        event("unsubscribe", ""),
        event("card", "1"),
        event("card", "2"),
    ];
    let different: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len(), "{keys:?}");
}

#[test]
fn a_broken_head_is_refused() {
    let parts = [
        "<ToUserName>gh</ToUserName>",
        "<FromUserName>oA</FromUserName>",
        "<CreateTime>5</CreateTime>",
        "<MsgType>text</MsgType>",
        "<Content>x</Content><MsgId>1</MsgId>",
    ];
    assert!(read(&format!("<xml>{}</xml>", parts.concat())).is_ok());
    for (at, name) in ["ToUserName", "FromUserName", "CreateTime", "MsgType"].into_iter().enumerate() {
        let without = parts.concat().replace(parts[at], "");
        let empty = parts.concat().replace(parts[at], &format!("<{name}></{name}>"));
        let twice = parts.concat() + parts[at];
        for xml in [without, empty, twice] {
            assert!(matches!(read(&format!("<xml>{xml}</xml>")), Err(Refused::Malformed(_))), "{xml}");
        }
    }
    for (old, new) in
        [("5", "now"), ("5", "5.5"), ("5", "99999999999999999999"), ("<MsgId>1", "<MsgId>x"), ("<MsgId>1", "<MsgId>-1")]
    {
        let xml = format!("<xml>{}</xml>", parts.concat()).replace(old, new);
        assert!(matches!(read(&xml), Err(Refused::Malformed(_))), "{xml}");
    }
    let event = format!("<xml>{}</xml>", parts.concat()).replace(">text<", ">event<");
    assert!(matches!(read(&event), Err(Refused::Malformed(_))), "an event without a name");
}
