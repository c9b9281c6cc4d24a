//! The menu below the chat, as the platform's API writes it. Verified accounts only.
//!
//! What makes a menu valid, and when it is sent, is `menu`'s business.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Client, Error};
use crate::secret::Secret;

/// "There is no menu."
const NO_MENU: i64 = 46003;

/// A button, with whatever its type needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MenuButton {
    /// What it does: `click`, `view`, …; empty if it only opens its own buttons.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What stands on it.
    pub name: String,
    /// What a tap sends.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// The page it opens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The material it shows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub media_id: String,
    /// The article it shows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub article_id: String,
    /// The mini program it opens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub appid: String,
    /// The page in it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pagepath: String,
    /// The buttons behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sub_button: Vec<MenuButton>,
}

/// Who sees a conditional menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatchRule {
    /// Followers with this tag.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "text")]
    pub tag_id: String,
    /// On iOS (1), Android (2), anything else (3).
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "text")]
    pub client_platform_type: String,
}

/// The menus that an account has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlatformMenu {
    /// The menu of everybody.
    pub buttons: Vec<MenuButton>,
    /// Other menus for some, with their ids.
    pub conditional: Vec<(String, MatchRule, Vec<MenuButton>)>,
}

/// The menu that followers see, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMenu {
    /// Whether it is shown.
    pub is_open: bool,
    /// The names on it; of those with buttons behind them, the names behind, too.
    pub names: Vec<(String, Vec<String>)>,
}

impl Client {
    /// The menus made through the API; `None` if there are none.
    ///
    /// # Errors
    /// 48001 the account may not; or no answer.
    pub async fn menu(&self, token: &Secret) -> Result<Option<PlatformMenu>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            menu: Buttons,
            #[serde(default)]
            conditionalmenu: Vec<Conditional>,
        }
        #[derive(Deserialize)]
        struct Conditional {
            #[serde(default)]
            button: Vec<MenuButton>,
            #[serde(default)]
            matchrule: MatchRule,
            #[serde(deserialize_with = "text")]
            menuid: String,
        }
        let found: Result<Answer, Error> = self.get("/cgi-bin/menu/get", &[("access_token", token.expose())]).await;
        match found {
            Ok(Answer { menu, conditionalmenu }) => {
                let conditional = conditionalmenu.into_iter();
                Ok(Some(PlatformMenu {
                    buttons: menu.button,
                    conditional: conditional.map(|menu| (menu.menuid, menu.matchrule, menu.button)).collect(),
                }))
            }
            Err(error) if error.code() == Some(NO_MENU) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the menu of everybody, or replaces it.
    ///
    /// # Errors
    /// 40015 to 40027, 40119 and 40120 something in it is wrong, 48001 the account may not; or no answer.
    pub async fn create_menu(&self, token: &Secret, buttons: &[MenuButton]) -> Result<(), Error> {
        let body = json!({ "button": buttons });
        let _: Value = self.post("/cgi-bin/menu/create", &[("access_token", token.expose())], &body).await?;
        Ok(())
    }

    /// Takes all menus away, the conditional ones, too.
    ///
    /// # Errors
    /// 48001 the account may not; or no answer.
    pub async fn delete_menu(&self, token: &Secret) -> Result<(), Error> {
        let _: Value = self.get("/cgi-bin/menu/delete", &[("access_token", token.expose())]).await?;
        Ok(())
    }

    /// Makes a menu for some, and gives its id. Of several that fit a follower the newest counts.
    ///
    /// # Errors
    /// 65301 to 65320 the rule is wrong, or there is no menu for everybody; else as [`Client::create_menu`].
    pub async fn add_conditional_menu(
        &self,
        token: &Secret,
        rule: &MatchRule,
        buttons: &[MenuButton],
    ) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(deserialize_with = "text")]
            menuid: String,
        }
        let body = json!({ "button": buttons, "matchrule": rule });
        let query = [("access_token", token.expose())];
        let answer: Answer = self.post("/cgi-bin/menu/addconditional", &query, &body).await?;
        Ok(answer.menuid)
    }

    /// Takes a menu for some away.
    ///
    /// # Errors
    /// 65301 there is none of this id; 48001 the account may not; or no answer.
    pub async fn delete_conditional_menu(&self, token: &Secret, id: &str) -> Result<(), Error> {
        let body = json!({ "menuid": id });
        let _: Value = self.post("/cgi-bin/menu/delconditional", &[("access_token", token.expose())], &body).await?;
        Ok(())
    }

    /// The menu that this follower would see, by openid.
    ///
    /// # Errors
    /// 40003 there is no such follower; 48001 the account may not; or no answer.
    pub async fn try_menu(&self, token: &Secret, open_id: &str) -> Result<Vec<MenuButton>, Error> {
        let body = json!({ "user_id": open_id });
        let answer: Buttons = self.post("/cgi-bin/menu/trymatch", &[("access_token", token.expose())], &body).await?;
        Ok(answer.button)
    }

    /// The menu that followers see, also one that was made in the platform's console.
    ///
    /// # Errors
    /// What the platform says, or no answer.
    pub async fn own_menu(&self, token: &Secret) -> Result<OwnMenu, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            is_menu_open: i64,
            #[serde(default)]
            selfmenu_info: Info,
        }
        #[derive(Default, Deserialize)]
        struct Info {
            #[serde(default)]
            button: Vec<Button>,
        }
        #[derive(Deserialize)]
        struct Button {
            #[serde(default)]
            name: String,
            #[serde(default)]
            sub_button: List,
        }
        #[derive(Default, Deserialize)]
        struct List {
            #[serde(default)]
            list: Vec<Button>,
        }
        let query = [("access_token", token.expose())];
        let answer: Answer = self.get("/cgi-bin/get_current_selfmenu_info", &query).await?;
        let behind = |button: &Button| button.sub_button.list.iter().map(|button| button.name.clone()).collect();
        let names = answer.selfmenu_info.button.iter().map(|button| (button.name.clone(), behind(button))).collect();
        Ok(OwnMenu { is_open: answer.is_menu_open != 0, names })
    }
}

#[derive(Deserialize)]
struct Buttons {
    #[serde(default)]
    button: Vec<MenuButton>,
}

/// A text, which the platform writes as a number now and then.
fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok(String::new()),
        other => Err(serde::de::Error::custom(format!("neither text nor number: {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_are_written_without_what_they_lack_and_read_with_it() {
        let button =
            MenuButton { kind: "click".into(), name: "帮助".into(), key: "帮助".into(), ..MenuButton::default() };
        let written = serde_json::to_string(&button).unwrap();
        assert_eq!(written, r#"{"type":"click","name":"帮助","key":"帮助"}"#, "never \\uXXXX, which is 40033");
        let read = r#"{"type":"click","name":"帮助","key":"帮助","sub_button":[],"appid":""}"#;
        assert_eq!(serde_json::from_str::<MenuButton>(read).unwrap(), button);
        let rule: MatchRule = serde_json::from_str(r#"{"tag_id":2,"client_platform_type":"1","sex":""}"#).unwrap();
        assert_eq!((rule.tag_id.as_str(), rule.client_platform_type.as_str()), ("2", "1"));
    }
}
