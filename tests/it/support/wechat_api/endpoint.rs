//! What each address of the platform does, once a request has come through.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::account::{Account, Endpoint, Granted, is_well_formed};
use super::http::Request;
use super::media;
use super::press;
use super::refusal::Refusal;

/// Every account of the platform, by AppID.
pub type Accounts = BTreeMap<String, Account>;

/// The two addresses that issue tokens.
pub fn issues_tokens(request: &Request) -> bool {
    matches!(request.path.as_str(), "/cgi-bin/token" | "/cgi-bin/stable_token")
}

/// The AppID in a request, wherever its kind of request has it.
pub fn app_id(request: &Request) -> Option<String> {
    let in_body = || request.json()?.get("appid")?.as_str().map(str::to_owned);
    request.parameter("appid").map(str::to_owned).or_else(in_body)
}

/// Whether a stable token is asked for by force.
pub fn is_forced(request: &Request) -> bool {
    request.path == "/cgi-bin/stable_token" && request.json().is_some_and(|body| body["force_refresh"] == true)
}

pub fn answer(accounts: &mut Accounts, request: &Request, caller: IpAddr, now: i64) -> Result<Value, Refusal> {
    match request.path.as_str() {
        "/cgi-bin/token" => classic(accounts, request, caller, now),
        "/cgi-bin/stable_token" => stable(accounts, request, caller, now),
        "/cgi-bin/getcallbackip" => addresses(accounts, request, Endpoint::CallbackIp, now),
        "/cgi-bin/get_api_domain_ip" => addresses(accounts, request, Endpoint::ApiDomainIp, now),
        "/cgi-bin/ticket/getticket" => ticket(accounts, request, now),
        "/cgi-bin/user/info" => user_info(accounts, request, now),
        "/cgi-bin/message/custom/send" => custom_send(accounts, request, now),
        "/cgi-bin/message/custom/typing" => typing(accounts, request, now),
        "/cgi-bin/menu/get" => menu(accounts, request, now),
        "/cgi-bin/media/upload" => media::upload(posting(accounts, request, now)?, request, now),
        "/cgi-bin/media/uploadimg" => media::upload_image(posting(accounts, request, now)?, request, now),
        "/cgi-bin/material/batchget_material" => media::list_material(posting(accounts, request, now)?, request, now),
        "/cgi-bin/material/add_material" => media::add_material(posting(accounts, request, now)?, request, now),
        "/cgi-bin/material/del_material" => {
            let account = posting(accounts, request, now)?;
            account.charge(Endpoint::DeleteMaterial, now)?;
            media::delete_material(account, request)
        }
        "/cgi-bin/menu/create" | "/cgi-bin/menu/addconditional" | "/cgi-bin/menu/delconditional" => {
            change_menu(accounts, request, now)
        }
        "/cgi-bin/menu/trymatch" => try_menu(accounts, request, now),
        "/cgi-bin/menu/delete" => delete_menu(accounts, request, now),
        "/cgi-bin/get_current_selfmenu_info" => own_menu(accounts, request, now),
        "/cgi-bin/qrcode/create" => qr_code(accounts, request, now),
        "/cgi-bin/clear_quota" => clear_quota(accounts, request, now),
        "/cgi-bin/clear_quota/v2" => clear_quota_by_secret(accounts, request, now),
        path if path.starts_with("/cgi-bin/draft/") || path.starts_with("/cgi-bin/freepublish/") => {
            press::answer(posting(accounts, request, now)?, request, now)
        }
        _ => Err(40066.into()),
    }
}

fn must_be(method: &str, request: &Request) -> Result<(), Refusal> {
    match method {
        _ if request.method == method => Ok(()),
        "GET" => Err(43001.into()),
        _ => Err(43002.into()),
    }
}

fn classic(accounts: &mut Accounts, request: &Request, caller: IpAddr, now: i64) -> Result<Value, Refusal> {
    must_be("GET", request)?;
    let given = |name: &str| request.parameter(name).map(str::to_owned);
    let account = identified(accounts, given("appid"), given("secret"))?;
    may_fetch(account, given("grant_type"), caller)?;
    account.charge(Endpoint::Token, now)?;
    Ok(token_json(&account.issue_classic(now), now))
}

fn stable(accounts: &mut Accounts, request: &Request, caller: IpAddr, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    let body = request.json().ok_or(Refusal::from(47001))?;
    let given = |name: &str| body[name].as_str().filter(|value| !value.is_empty()).map(str::to_owned);
    let account = identified(accounts, given("appid"), given("secret"))?;
    may_fetch(account, given("grant_type"), caller)?;
    account.charge(Endpoint::Stable, now)?;
    let token = if is_forced(request) { account.force_stable(now)? } else { account.ask_stable(now) };
    Ok(token_json(&token, now))
}

fn token_json(token: &Granted, now: i64) -> Value {
    json!({ "access_token": token.value, "expires_in": token.seconds_left(now) })
}

/// The account that knows its AppID and AppSecret.
fn identified(
    accounts: &mut Accounts,
    app_id: Option<String>,
    secret: Option<String>,
) -> Result<&mut Account, Refusal> {
    let app_id = app_id.ok_or(Refusal::from(41002))?;
    let secret = secret.ok_or(Refusal::from(41004))?;
    let account = accounts.get_mut(&app_id).ok_or(Refusal::from(40013))?;
    if account.is_frozen {
        return Err(40243.into());
    }
    if account.secret == secret { Ok(account) } else { Err(40125.into()) }
}

/// Only the fetching of tokens looks at where the caller sits.
fn may_fetch(account: &Account, grant_type: Option<String>, caller: IpAddr) -> Result<(), Refusal> {
    if grant_type.as_deref() != Some("client_credential") {
        return Err(40002.into());
    }
    if account.is_foreign {
        return Err(Refusal::not_whitelisted(caller));
    }
    if account.is_unconfirmed { Err(89503.into()) } else { Ok(()) }
}

/// The account whose token the request has.
fn holder<'a>(accounts: &'a mut Accounts, request: &Request, now: i64) -> Result<&'a mut Account, Refusal> {
    let token = request.parameter("access_token").ok_or(Refusal::from(41001))?;
    if !is_well_formed(token) {
        return Err(40014.into());
    }
    for account in accounts.values_mut() {
        match account.judge(token, now) {
            Some(Ok(())) => return Ok(account),
            Some(Err(refusal)) => return Err(refusal),
            None => {}
        }
    }
    Err(40001.into())
}

/// The same, for a POST.
fn posting<'a>(accounts: &'a mut Accounts, request: &Request, now: i64) -> Result<&'a mut Account, Refusal> {
    must_be("POST", request)?;
    holder(accounts, request, now)
}

fn addresses(accounts: &mut Accounts, request: &Request, endpoint: Endpoint, now: i64) -> Result<Value, Refusal> {
    must_be("GET", request)?;
    holder(accounts, request, now)?.charge(endpoint, now)?;
    Ok(json!({ "ip_list": ["127.0.0.1", "101.226.103.0/25"] }))
}

fn ticket(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("GET", request)?;
    let account = holder(accounts, request, now)?;
    let kind = request.parameter("type").filter(|kind| matches!(*kind, "jsapi" | "wx_card"));
    let kind = kind.ok_or(Refusal::from(40097))?;
    account.charge(Endpoint::Ticket, now)?;
    let ticket = account.ticket(kind, now);
    Ok(json!({ "errcode": 0, "errmsg": "ok", "ticket": ticket.value, "expires_in": ticket.seconds_left(now) }))
}

fn user_info(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("GET", request)?;
    let account = holder(accounts, request, now)?;
    let open_id = request.parameter("openid").ok_or(Refusal::from(41009))?;
    account.charge(Endpoint::UserInfo, now)?;
    Ok(json!({
        "subscribe": 1, "openid": open_id, "language": "zh_CN", "subscribe_time": 1_382_694_957, "remark": "",
        "groupid": 0, "tagid_list": [], "subscribe_scene": "ADD_SCENE_SEARCH", "qr_scene": 0, "qr_scene_str": ""
    }))
}

fn custom_send(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    let account = holder(accounts, request, now)?;
    let message = request.json().ok_or(Refusal::from(47001))?;
    if message["touser"].as_str().is_none_or(str::is_empty) {
        return Err(40003.into());
    }
    let kind = message["msgtype"].as_str().unwrap_or_default();
    let medium = message[kind]["media_id"].as_str();
    if medium.is_some_and(|medium| account.shelf.kind(medium, now).is_none()) {
        return Err(40007.into());
    }
    verified(account)?;
    account.charge(Endpoint::CustomSend, now)?;
    if let Some(conversation) = &mut account.conversation {
        conversation.send(&message, now)?;
    }
    Ok(ok())
}

fn typing(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    let account = holder(accounts, request, now)?;
    verified(account)?;
    if let Some(conversation) = &mut account.conversation {
        conversation.type_(request, now)?;
    }
    Ok(ok())
}

fn verified(account: &Account) -> Result<(), Refusal> {
    if account.is_unverified { Err(48001.into()) } else { Ok(()) }
}

fn change_menu(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    let account = holder(accounts, request, now)?;
    verified(account)?;
    let menus = account.menus.get_or_insert_default();
    match request.path.as_str() {
        "/cgi-bin/menu/create" => menus.create(request)?,
        "/cgi-bin/menu/delconditional" => menus.remove(request)?,
        // A text, although it is a number elsewhere.
        _ => return Ok(json!({ "menuid": menus.add(request)?.to_string() })),
    }
    Ok(ok())
}

fn delete_menu(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("GET", request)?;
    let account = holder(accounts, request, now)?;
    verified(account)?;
    account.menus.get_or_insert_default().delete();
    Ok(ok())
}

fn try_menu(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    let account = holder(accounts, request, now)?;
    verified(account)?;
    account.menus.get_or_insert_default().tried(request)
}

fn own_menu(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("GET", request)?;
    Ok(holder(accounts, request, now)?.menus.get_or_insert_default().own())
}

fn qr_code(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    verified(holder(accounts, request, now)?)?;
    let body = request.json().ok_or(Refusal::from(47001))?;
    let scene = body["action_info"]["scene"]["scene_str"].as_str().unwrap_or_default();
    let seconds = body["expire_seconds"].as_i64();
    let is_fine = match body["action_name"].as_str() {
        Some("QR_STR_SCENE") => seconds.unwrap_or(60) <= 2_592_000,
        Some("QR_LIMIT_STR_SCENE") => true,
        _ => false,
    };
    if !is_fine || !(1..=64).contains(&scene.chars().count()) {
        return Err(40035.into());
    }
    let mut answer = json!({ "ticket": format!("gQH47+/{scene}=="), "url": format!("http://weixin.qq.com/q/{scene}") });
    if body["action_name"] == "QR_STR_SCENE" {
        answer["expire_seconds"] = seconds.unwrap_or(60).into();
    }
    Ok(answer)
}

fn menu(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("GET", request)?;
    let account = holder(accounts, request, now)?;
    verified(account)?;
    account.charge(Endpoint::MenuGet, now)?;
    if let Some(menus) = &account.menus {
        return menus.get();
    }
    let button = json!({ "type": "click", "name": "今日好书", "key": "TODAY", "sub_button": [] });
    Ok(json!({ "menu": { "button": [button] } }))
}

fn clear_quota(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    let account = holder(accounts, request, now)?;
    if app_id(request).as_ref() != Some(&account.app_id) {
        return Err(40013.into());
    }
    account.clear_quota(now)?;
    Ok(ok())
}

/// For one who has no quota left to fetch a token with.
fn clear_quota_by_secret(accounts: &mut Accounts, request: &Request, now: i64) -> Result<Value, Refusal> {
    must_be("POST", request)?;
    let body = request.json().unwrap_or_default();
    let given = |name: &str| request.parameter(name).or(body[name].as_str()).map(str::to_owned);
    identified(accounts, given("appid"), given("appsecret"))?.clear_quota(now)?;
    Ok(ok())
}

fn ok() -> Value {
    json!({ "errcode": 0, "errmsg": "ok" })
}
