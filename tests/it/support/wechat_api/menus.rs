//! The menus of an account, and the platform's rules for them. Only kept for accounts that a test asks it for.

use serde_json::{Value, json};

use super::http::Request;
use super::refusal::Refusal;

const NEEDS: &[(&str, &[&str])] = &[
    ("click", &["key"]),
    ("view", &["url"]),
    ("scancode_push", &["key"]),
    ("scancode_waitmsg", &["key"]),
    ("pic_sysphoto", &["key"]),
    ("pic_photo_or_album", &["key"]),
    ("pic_weixin", &["key"]),
    ("location_select", &["key"]),
    ("media_id", &["media_id"]),
    ("view_limited", &["media_id"]),
    ("article_id", &["article_id"]),
    ("article_view_limited", &["article_id"]),
    ("miniprogram", &["url", "appid", "pagepath"]),
];

#[derive(Default)]
pub struct Menus {
    buttons: Option<Value>,
    /// Id, rule, buttons; the newest last.
    conditional: Vec<(u64, Value, Value)>,
    last_id: u64,
}

impl Menus {
    pub fn create(&mut self, request: &Request) -> Result<(), Refusal> {
        let buttons = buttons(request)?;
        self.buttons = Some(buttons);
        Ok(())
    }

    pub fn add(&mut self, request: &Request) -> Result<u64, Refusal> {
        let buttons = buttons(request)?;
        if self.buttons.is_none() {
            return Err(65303.into());
        }
        let rule = request.json().map(|body| body["matchrule"].clone()).unwrap_or_default();
        let given = rule.as_object().cloned().unwrap_or_default();
        if given.values().all(|value| value.as_str().is_none_or(str::is_empty)) {
            return Err(65304.into());
        }
        if given.keys().any(|key| !matches!(key.as_str(), "tag_id" | "client_platform_type")) {
            return Err(65320.into());
        }
        self.last_id += 1;
        self.conditional.push((self.last_id, rule, buttons));
        Ok(self.last_id)
    }

    pub fn remove(&mut self, request: &Request) -> Result<(), Refusal> {
        let body = request.json().ok_or(Refusal::from(47001))?;
        let id: u64 = body["menuid"].as_str().and_then(|id| id.parse().ok()).ok_or(Refusal::from(65301))?;
        let before = self.conditional.len();
        self.conditional.retain(|(other, ..)| *other != id);
        if self.conditional.len() == before { Err(65301.into()) } else { Ok(()) }
    }

    pub fn delete(&mut self) {
        *self = Menus { last_id: self.last_id, ..Menus::default() };
    }

    /// With an empty `sub_button` in each button, and conditional menus the newest first.
    pub fn get(&self) -> Result<Value, Refusal> {
        let buttons = self.buttons.as_ref().ok_or(Refusal::from(46003))?;
        let mut answer = json!({ "menu": { "button": with_subs(buttons), "menuid": 208_396_938 } });
        if !self.conditional.is_empty() {
            let all = self.conditional.iter().rev();
            let all =
                all.map(|(id, rule, buttons)| json!({ "button": with_subs(buttons), "matchrule": rule, "menuid": id }));
            answer["conditionalmenu"] = all.collect();
        }
        Ok(answer)
    }

    /// What a follower sees on an Android phone, without any tag: the newest menu that fits, else that of everybody.
    pub fn tried(&self, request: &Request) -> Result<Value, Refusal> {
        let body = request.json().ok_or(Refusal::from(47001))?;
        if body["user_id"].as_str().is_none_or(str::is_empty) {
            return Err(40003.into());
        }
        let fits =
            |rule: &Value| rule["client_platform_type"] == "2" && rule["tag_id"].as_str().is_none_or(str::is_empty);
        let fitting = self.conditional.iter().rev().find(|(_, rule, _)| fits(rule)).map(|(.., buttons)| buttons);
        let buttons = fitting.or(self.buttons.as_ref()).ok_or(Refusal::from(46003))?;
        Ok(json!({ "button": with_subs(buttons) }))
    }

    pub fn own(&self) -> Value {
        let Some(buttons) = &self.buttons else { return json!({ "is_menu_open": 0 }) };
        let buttons: Vec<Value> = buttons
            .as_array()
            .unwrap()
            .iter()
            .map(|button| json!({ "name": button["name"], "sub_button": { "list": button["sub_button"] } }))
            .collect();
        json!({ "is_menu_open": 1, "selfmenu_info": { "button": buttons } })
    }
}

fn with_subs(buttons: &Value) -> Value {
    let mut all = buttons.clone();
    for button in all.as_array_mut().unwrap() {
        let subs = button.get("sub_button").cloned().unwrap_or(json!([]));
        button["sub_button"] = with_subs(&subs);
    }
    all
}

fn buttons(request: &Request) -> Result<Value, Refusal> {
    if request.body.windows(2).any(|pair| pair == b"\\u") {
        return Err(40033.into());
    }
    let body = request.json().ok_or(Refusal::from(47001))?;
    let buttons = body["button"].as_array().cloned().unwrap_or_default();
    if !(1..=3).contains(&buttons.len()) {
        return Err(40016.into());
    }
    for button in &buttons {
        let subs = button["sub_button"].as_array().cloned().unwrap_or_default();
        let name = button["name"].as_str().unwrap_or_default().len();
        if !(1..=16).contains(&name) {
            return Err(40018.into());
        }
        if subs.is_empty() {
            judge(button, 40017, 40019, 40020)?;
        }
        if subs.len() > 5 {
            return Err(40023.into());
        }
        for sub in &subs {
            if sub["sub_button"].as_array().is_some_and(|subs| !subs.is_empty()) {
                return Err(40022.into());
            }
            if !(1..=60).contains(&sub["name"].as_str().unwrap_or_default().len()) {
                return Err(40025.into());
            }
            judge(sub, 40024, 40026, 40027)?;
        }
    }
    Ok(Value::Array(buttons))
}

fn judge(button: &Value, kind: i64, key: i64, url: i64) -> Result<(), Refusal> {
    let given = button["type"].as_str().unwrap_or_default();
    let (_, needs) = NEEDS.iter().find(|(name, _)| *name == given).ok_or(Refusal::from(kind))?;
    let length = |field: &str| button[field].as_str().unwrap_or_default().len();
    if needs.contains(&"key") && !(1..=128).contains(&length("key")) {
        return Err(key.into());
    }
    if needs.contains(&"url") && !(1..=1024).contains(&length("url")) {
        return Err(url.into());
    }
    if needs.iter().any(|field| length(field) == 0) { Err(kind.into()) } else { Ok(()) }
}
