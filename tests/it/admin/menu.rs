//! The page of the menu: nothing is saved or sent that is wrong, and what the platform says is shown.

use serde_json::json;
use shutong::menu::EXAMPLE;

use super::browser::{Answer, Browser, Page};
use crate::support::central::{self, APP_ID, APP_SECRET};
use crate::support::clock::ManualClock;
use crate::support::wechat_api::WechatApi;

const CREATE: &str = "/cgi-bin/menu/create";

async fn start() -> (WechatApi, Page, Browser) {
    let platform = central::platform(&ManualClock::new());
    platform.keep_rules(APP_ID);
    let config = format!(
        "[[account]]\nname = \"main\"\napp_id = \"{APP_ID}\"\napp_secret = \"{APP_SECRET}\"\ntoken = \"token123\"\n\
         api_base = \"{}\"\nverified = true\n",
        platform.base()
    );
    let page = Page::of(&config).await;
    let admin = page.set_up().await;
    (platform, page, admin)
}

async fn post(admin: &mut Browser, deed: &str, text: &str) -> Answer {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("account", "main").append_pair("do", deed).append_pair("text", &text.replace('\n', "\r\n"));
    admin.form("/menu", &form.finish()).await
}

#[tokio::test]
async fn the_example_is_offered_published_and_kept() {
    let (platform, page, mut admin) = start().await;
    let offered = admin.get("/menu").await;
    assert!(offered.body.contains("还没有这个文件") && offered.body.contains("扫 ISBN 找书"), "{}", offered.body);
    assert!(platform.calls().is_empty(), "looking asks nothing");
    let compared = post(&mut admin, "diff", EXAMPLE).await;
    assert!(compared.status == 200 && compared.body.contains("+ 找书"), "{}", compared.body);
    assert_eq!(post(&mut admin, "push", EXAMPLE).await.status, 303);
    assert!(admin.get("/menu").await.body.contains("已发布"));
    assert_eq!(platform.count(CREATE), 1);
    assert_eq!(std::fs::read_to_string(page.app.data_dir.join("menu.toml")).unwrap(), EXAMPLE);
    assert_eq!(post(&mut admin, "push", EXAMPLE).await.status, 303);
    assert!(admin.get("/menu").await.body.contains("平台上就是这份菜单"));
    assert_eq!(platform.count(CREATE), 1);
    let pulled = post(&mut admin, "pull", "").await;
    assert!(pulled.body.contains("[[button.sub]]") && pulled.body.contains("还没有保存"), "{}", pulled.body);
}

#[tokio::test]
async fn what_is_wrong_is_neither_saved_nor_sent_and_stays_in_the_form() {
    let (platform, page, mut admin) = start().await;
    for wrong in ["[[button]]\nname = \"<b>\"\n", "[[button]\n", "[[buton]]\n"] {
        for deed in ["check", "save", "push", "diff"] {
            let answer = post(&mut admin, deed, wrong).await;
            assert_eq!(answer.status, 422, "{deed} {wrong}");
            assert!(answer.body.contains("什么都没有保存和发送") && !answer.body.contains("<b>"), "{}", answer.body);
        }
    }
    assert!(!page.app.data_dir.join("menu.toml").exists());
    assert!(platform.calls().is_empty());
    let right = "[[button]]\nname = \"好\"\ntype = \"click\"\nkey = \"帮助\"\n";
    assert!(post(&mut admin, "check", right).await.body.contains("好  click 帮助"));
    assert!(!page.app.data_dir.join("menu.toml").exists(), "checking saves nothing");
    assert_eq!(post(&mut admin, "save", right).await.status, 303);
    assert!(admin.get("/menu").await.body.contains("已保存，还没有发布"));
    assert!(platform.calls().is_empty());
}

#[tokio::test]
async fn an_account_that_may_not_is_told_what_to_do_instead() {
    let (platform, _page, mut admin) = start().await;
    platform.set_verified(APP_ID, false);
    let answer = post(&mut admin, "push", EXAMPLE).await;
    assert!(answer.status == 422 && answer.body.contains("读者发文字口令一样用"), "{}", answer.body);
}

#[tokio::test]
async fn the_editor_gets_the_menu_as_a_value_and_as_text_that_keeps_its_comments() {
    let (platform, page, mut admin) = start().await;
    let read = admin.json("/api/menu", &json!({ "text": EXAMPLE })).await.json();
    let mut menu = read["menu"].clone();
    assert_eq!((menu["button"][2]["key"].as_str(), read["error"].is_null()), (Some("帮助"), true), "{read}");
    menu["button"][2]["name"] = json!("求助");
    let asked = json!({ "do": "save", "account": "main", "text": EXAMPLE, "menu": menu });
    let saved = admin.json("/api/menu", &asked).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    let kept = std::fs::read_to_string(page.app.data_dir.join("menu.toml")).unwrap();
    assert_eq!(
        kept,
        EXAMPLE.replace(
            "name = \"帮助\"\ntype = \"click\"\nkey = \"帮助\"\n\n#",
            "name = \"求助\"\ntype = \"click\"\nkey = \"帮助\"\n\n#"
        )
    );
    assert_eq!(saved.json()["text"].as_str(), Some(kept.as_str()));

    menu["button"][2]["name"] = json!("六个汉字太长");
    let wrong = |deed: &str| json!({ "do": deed, "account": "main", "text": kept, "menu": menu });
    let judged = admin.json("/api/menu", &wrong("check")).await;
    assert_eq!(judged.status, 200, "what is wrong is what was asked for");
    assert!(judged.json()["mistakes"][0].as_str().unwrap().contains("18 bytes"), "{}", judged.body);
    for deed in ["save", "push", "diff"] {
        assert_eq!(admin.json("/api/menu", &wrong(deed)).await.status, 422, "{deed}");
    }
    assert_eq!(std::fs::read_to_string(page.app.data_dir.join("menu.toml")).unwrap(), kept);
    let unknown = json!({ "menu": { "button": [{ "name": "x", "colour": "red" }] } });
    let refused = admin.json("/api/menu", &unknown).await;
    assert!(refused.status == 422 && refused.body.contains("colour"), "{}", refused.body);
    assert!(platform.calls().is_empty());
    let pushed = admin.json("/api/menu", &json!({ "do": "push", "account": "main", "text": kept })).await;
    assert_eq!((pushed.status, platform.count(CREATE)), (200, 1), "{}", pushed.body);
    let elsewhere = json!({ "do": "push", "account": "nobody", "text": kept });
    assert_eq!(admin.json("/api/menu", &elsewhere).await.status, 404);
}
