//! What can be asked of an event without caring which it is.

use super::event::{Event, MassSend, PictureSource};

impl Event {
    /// The event's name as the platform writes it.
    pub fn name(&self) -> &str {
        match self {
            Event::Subscribe { .. } => "subscribe",
            Event::Unsubscribe => "unsubscribe",
            Event::Scan { .. } => "SCAN",
            Event::Location { .. } => "LOCATION",
            Event::Click { .. } => "CLICK",
            Event::View { .. } => "VIEW",
            Event::ViewMiniProgram { .. } => "view_miniprogram",
            Event::ScanCodePush(_) => "scancode_push",
            Event::ScanCodeWait(_) => "scancode_waitmsg",
            Event::Pictures { source, .. } => source.event_name(),
            Event::LocationSelect { .. } => "location_select",
            Event::MassSendFinished(_) => "MASSSENDJOBFINISH",
            Event::TemplateSendFinished { .. } => "TEMPLATESENDJOBFINISH",
            Event::PublishFinished(_) => "PUBLISHJOBFINISH",
            Event::SubscribePopup(_) => "subscribe_msg_popup_event",
            Event::SubscribeChange(_) => "subscribe_msg_change_event",
            Event::SubscribeSent(_) => "subscribe_msg_sent_event",
            Event::QualificationVerified { .. } => "qualification_verify_success",
            Event::QualificationFailed { .. } => "qualification_verify_fail",
            Event::NamingVerified { .. } => "naming_verify_success",
            Event::NamingFailed { .. } => "naming_verify_fail",
            Event::AnnualRenew { .. } => "annual_renew",
            Event::VerifyExpired { .. } => "verify_expired",
            Event::KfCreated { .. } => "kf_create_session",
            Event::KfClosed { .. } => "kf_close_session",
            Event::KfSwitched { .. } => "kf_switch_session",
            Event::UserInfoModified { .. } => "user_info_modified",
            Event::UserAuthorizationRevoked { .. } => "user_authorization_revoke",
            Event::UserAuthorizationCancelled { .. } => "user_authorization_cancellation",
            Event::Unknown { name, .. } => name,
        }
    }

    /// What tells two events of one name, sender and second apart: the EventKey, or the id of what
    /// the platform reports on. Empty where there is neither.
    pub fn key(&self) -> &str {
        match self {
            Event::Subscribe { key, .. }
            | Event::Click { key }
            | Event::Pictures { key, .. }
            | Event::LocationSelect { key, .. }
            | Event::Unknown { key, .. } => key,
            Event::Scan { scene, .. } => scene,
            Event::View { url, .. } => url,
            Event::ViewMiniProgram { path, .. } => path,
            Event::ScanCodePush(scan) | Event::ScanCodeWait(scan) => &scan.key,
            Event::MassSendFinished(MassSend { msg_id, .. }) | Event::TemplateSendFinished { msg_id, .. } => msg_id,
            Event::PublishFinished(publish) => &publish.publish_id,
            Event::UserInfoModified { open_id, .. }
            | Event::UserAuthorizationRevoked { open_id, .. }
            | Event::UserAuthorizationCancelled { open_id, .. } => open_id,
            Event::Unsubscribe
            | Event::Location { .. }
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
            | Event::KfSwitched { .. } => "",
        }
    }

    /// Whether the follower is in the chat and reads what we answer. The others are reports, or the
    /// follower has just left for a page; `LOCATION` comes every 5 s and must not be answered.
    pub fn is_conversation(&self) -> bool {
        match self {
            Event::Subscribe { .. }
            | Event::Scan { .. }
            | Event::Click { .. }
            | Event::ScanCodePush(_)
            | Event::ScanCodeWait(_)
            | Event::Pictures { .. }
            | Event::LocationSelect { .. } => true,
            Event::Unsubscribe
            | Event::Location { .. }
            | Event::View { .. }
            | Event::ViewMiniProgram { .. }
            | Event::MassSendFinished(_)
            | Event::TemplateSendFinished { .. }
            | Event::PublishFinished(_)
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
            | Event::UserAuthorizationRevoked { .. }
            | Event::UserAuthorizationCancelled { .. }
            | Event::Unknown { .. } => false,
        }
    }

    /// The scene of a QR code, on first following or later.
    pub fn scene(&self) -> Option<&str> {
        match self {
            Event::Subscribe { key, .. } => key.strip_prefix("qrscene_"),
            Event::Scan { scene, .. } => Some(scene),
            _ => None,
        }
    }
}

impl PictureSource {
    fn event_name(self) -> &'static str {
        match self {
            PictureSource::Camera => "pic_sysphoto",
            PictureSource::CameraOrAlbum => "pic_photo_or_album",
            PictureSource::Album => "pic_weixin",
        }
    }
}
