//! The page of the menu: nothing is saved or sent that is wrong, and what the platform says is shown.

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
