//! The menu below the chat against the simulated platform: what is sent, what is not, and the command that does it.

use std::sync::Arc;

use shutong::menu::{self, EXAMPLE, Error, Menu, Pushed};
use shutong::token::Keeper;

use crate::support::binary::Home;
use crate::support::central::{self, APP_ID, APP_SECRET};
use crate::support::clock::ManualClock;
use crate::support::test_app::{FOLLOWER, TestApp, account_toml};
use crate::support::wechat_api::WechatApi;
use crate::support::wechat_sim::{Answer, SimAccount, SimMode};

const CREATE: &str = "/cgi-bin/menu/create";
const GET: &str = "/cgi-bin/menu/get";
const ADD: &str = "/cgi-bin/menu/addconditional";

async fn start() -> TestApp {
    let app = TestApp::with_platform("verified = true", "").await;
    app.platform.as_ref().unwrap().keep_rules(APP_ID);
    app
}

fn platform(app: &TestApp) -> &WechatApi {
    app.platform.as_ref().unwrap()
}

fn keeper(app: &TestApp) -> &Arc<Keeper> {
    app.app.tokens.of(Some("main")).unwrap()
}

fn parsed(source: &str) -> Menu {
    Menu::parse(source).unwrap()
}

fn click(name: &str, key: &str) -> String {
    format!("[[button]]\nname = \"{name}\"\ntype = \"click\"\nkey = \"{key}\"\n")
}

fn conditional(rule: &str, name: &str) -> String {
    format!("[[conditional]]\n{rule}\n[[conditional.button]]\nname = \"{name}\"\ntype = \"click\"\nkey = \"帮助\"\n")
}

#[tokio::test]
async fn what_is_pushed_comes_back_and_is_not_sent_twice() {
    let app = start().await;
    let example = parsed(EXAMPLE);
    assert_eq!(menu::pull(keeper(&app)).await.unwrap(), None);
    assert_eq!(menu::push(keeper(&app), &example).await.unwrap(), Pushed::Changed);
    let pulled = menu::pull(keeper(&app)).await.unwrap().unwrap();
    assert_eq!(pulled, example);
    assert_eq!(parsed(&pulled.to_toml().unwrap()), example, "and through a file");
    assert_eq!(menu::push(keeper(&app), &example).await.unwrap(), Pushed::Same);
    assert_eq!(platform(&app).count(CREATE), 1);
    menu::delete(keeper(&app)).await.unwrap();
    assert_eq!(menu::pull(keeper(&app)).await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_menu_is_not_even_begun() {
    let app = start().await;
    let wrong = parsed(&format!("{}{}", click("好", "帮助"), conditional("", "好").repeat(2)));
    match menu::push(keeper(&app), &wrong).await {
        Err(Error::Invalid(mistakes)) => {
            assert_eq!(mistakes.len(), 2, "{mistakes:?}");
            assert!(mistakes[1].starts_with("conditional 2: it says for whom neither"), "{mistakes:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(platform(&app).calls().iter().all(|call| !call.path.contains("/menu/")));
}

/// Every limit of ours is one of the simulator's, which shares no code with it: what is found right here is taken there.
#[tokio::test]
async fn what_is_right_here_is_right_for_the_platform() {
    let app = start().await;
    let sub = "[[button.sub]]\nname = \"NAME\"\ntype = \"view\"\nurl = \"https://e.cn/URL\"\n"
        .replace("NAME", &"字".repeat(20))
        .replace("URL", &"x".repeat(1_024 - 13));
    let full = format!("[[button]]\nname = \"五个汉字啊\"\n{}", sub.repeat(5)).repeat(2);
    let menu = parsed(&format!("{full}{}", click("键", &"k".repeat(128))));
    assert_eq!(menu::push(keeper(&app), &menu).await.unwrap(), Pushed::Changed);
}

#[tokio::test]
async fn conditional_menus_are_replaced_and_the_first_one_counts() {
    let app = start().await;
    let first = parsed(&format!(
        "{}{}{}",
        click("好", "帮助"),
        conditional("tag_id = 2", "一"),
        conditional("client_platform_type = 1", "二")
    ));
    menu::push(keeper(&app), &first).await.unwrap();
    let added: Vec<String> =
        platform(&app).calls().iter().filter(|call| call.path == ADD).map(|call| call.body.clone()).collect();
    // The platform's newest counts.
    assert!(added.len() == 2 && added[0].contains("二") && added[1].contains("一"), "{added:?}");
    assert_eq!(menu::push(keeper(&app), &first).await.unwrap(), Pushed::Same);
    // Which one counts for whom both are for, is a change, too.
    let mut swapped = first.clone();
    swapped.conditional.reverse();
    assert!(!swapped.changes(&first).is_empty());
    assert_eq!(menu::push(keeper(&app), &swapped).await.unwrap(), Pushed::Changed);
    assert_eq!(menu::pull(keeper(&app)).await.unwrap().unwrap(), swapped);

    let seen = menu::seen_by(keeper(&app), FOLLOWER).await.unwrap();
    assert_eq!(seen.shown(), ["好  click 帮助"]);

    let second = parsed(&format!("{}{}", click("好", "帮助"), conditional("client_platform_type = 2", "三")));
    assert_eq!(menu::push(keeper(&app), &second).await.unwrap(), Pushed::Changed);
    assert_eq!(menu::pull(keeper(&app)).await.unwrap().unwrap(), second);
    assert_eq!(platform(&app).count(CREATE), 1, "the menu of everybody has not changed");
    assert_eq!(menu::seen_by(keeper(&app), FOLLOWER).await.unwrap().shown(), ["三  click 帮助"]);
}

#[tokio::test]
async fn changes_are_shown_line_by_line() {
    let before = parsed(&format!("{}{}", click("帮助", "帮助"), click("最新", "最新")));
    let after = parsed(&format!("{}{}", click("帮助", "帮助"), click("热门", "热门")));
    assert_eq!(after.changes(&before), ["  帮助  click 帮助", "- 最新  click 最新", "+ 热门  click 热门"]);
    assert!(after.changes(&after).is_empty());
}

#[tokio::test]
async fn an_account_that_may_not_is_told_so_in_words() {
    let app = start().await;
    platform(&app).set_verified(APP_ID, false);
    let error = menu::push(keeper(&app), &parsed(EXAMPLE)).await.unwrap_err();
    assert!(matches!(&error, Error::NotAble(account) if account == "main"), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("the account main cannot have a menu") && said.contains("帮助"), "{said}");
    assert_eq!((platform(&app).count(GET), platform(&app).count(CREATE)), (1, 0));
}

/// A tap is answered as its words are; none of them is a search for a book of that name.
#[tokio::test]
async fn the_buttons_of_the_example_send_words_that_are_understood() {
    let app = start().await.with_book("三体");
    let example = parsed(EXAMPLE);
    let buttons = example.buttons.iter().flat_map(|button| std::iter::once(button).chain(&button.buttons));
    let mut taps = 0;
    for button in buttons.filter(|button| button.kind == "click") {
        app.clock.advance(chrono::Duration::seconds(1));
        let answer = app.sim.event(FOLLOWER, "CLICK", &[("EventKey", &button.key)]).await;
        let Answer::Text(text) = &answer else { panic!("{}: {answer:?}", button.key) };
        assert!(!text.contains("没找到"), "{}: {text}", button.key);
        taps += 1;
    }
    assert_eq!(taps, 8);
}

/// A home whose account calls this platform.
fn home(platform: &WechatApi) -> Home {
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let base = platform.base();
    Home::with(&format!("{account}app_secret = \"{APP_SECRET}\"\napi_base = \"{base}\"\nverified = true\n"))
}

#[test]
fn the_command_checks_compares_pushes_and_pulls() {
    let platform = central::platform(&ManualClock::new());
    platform.keep_rules(APP_ID);
    let home = home(&platform);
    let file = home.data().join("menu.toml");
    let wrong = home.run(&["menu", "push"]);
    assert!(wrong.code == Some(1) && wrong.err.contains("no library"), "{wrong:?}");
    let book = home.file("三体.txt", "第一章\n\n从前有一本书。\n".as_bytes());
    home.done(&["book", "add", book.to_str().unwrap()]);
    let missing = home.run(&["menu", "push"]);
    assert!(missing.code == Some(1) && missing.err.contains("shutong menu example >"), "{missing:?}");
    assert!(home.done(&["menu", "show"]).contains("there is no menu"));

    std::fs::write(&file, home.done(&["menu", "example"])).unwrap();
    assert!(home.done(&["menu", "check"]).contains("  最新上架  click 最新"));
    assert!(home.done(&["menu", "diff"]).contains("+   最新上架  click 最新"));
    assert!(home.done(&["menu", "push"]).starts_with("pushed"));
    assert!(home.done(&["menu", "push"]).contains("nothing was sent"));
    assert_eq!(home.done(&["menu", "diff"]), "the platform has this menu\n");
    assert!(home.done(&["menu", "show"]).contains("扫 ISBN 找书"));

    std::fs::write(&file, click("别的", "帮助")).unwrap();
    let refused = home.run(&["menu", "pull"]);
    assert!(refused.code == Some(1) && refused.err.contains("--force"), "{refused:?}");
    home.done(&["menu", "pull", "--force"]);
    assert_eq!(parsed(&std::fs::read_to_string(&file).unwrap()), parsed(EXAMPLE));

    std::fs::write(&file, click("这个名字实在太长", "帮助")).unwrap();
    let wrong = home.run(&["menu", "push"]);
    assert!(wrong.code == Some(1) && wrong.err.contains("24 bytes; the platform takes 16"), "{wrong:?}");
    home.done(&["menu", "delete"]);
    platform.set_verified(APP_ID, false);
    let unable = home.run(&["menu", "show"]);
    assert!(unable.code == Some(1) && unable.err.contains("cannot have a menu"), "{unable:?}");
}

#[test]
fn a_book_has_a_code_of_its_own() {
    let platform = central::platform(&ManualClock::new());
    let home = home(&platform);
    let book = home.file("三体.txt", "第一章\n\n从前有一本书。\n".as_bytes());
    home.done(&["book", "add", book.to_str().unwrap()]);
    let made = home.json(&["book", "qr", "1"]);
    assert_eq!(made["url"], "http://weixin.qq.com/q/b1");
    // A ticket has characters that end a parameter.
    assert!(made["picture"].as_str().unwrap().ends_with("/showqrcode?ticket=gQH47%2B%2Fb1%3D%3D"), "{made}");
    assert!(made["expires_in"].is_null());
    assert_eq!(home.json(&["book", "qr", "1", "--days", "7"])["expires_in"], 604_800);
    home.done(&["book", "qr", "1", "-o", "code.jpg"]);
    // Of the platform's own picture nothing is known here but that it is one.
    assert_eq!(std::fs::read_to_string(home.folder().join("code.jpg")).unwrap(), "picture of gQH47+/b1==");
    assert!(home.run(&["book", "qr", "9"]).err.contains("there is no book 9"));
    platform.set_verified(APP_ID, false);
    assert!(home.run(&["book", "qr", "1"]).err.contains("verified service accounts only"));
}
