//! Coming in and going out: setup, login, sessions, too many tries.

use chrono::TimeDelta;

use super::browser::{Browser, PASSWORD, Page};

const OTHER: &str = "another long password";

#[tokio::test]
async fn the_setup_link_is_good_once() {
    let page = Page::start().await;
    let mut browser = page.browser();
    assert_eq!(browser.get("/setup").await.status, 200);
    let token = page.token();
    let form = |token: &str, new: &str, again: &str| format!("token={token}&new={new}&again={again}");

    assert_eq!(browser.form("/setup", &form("0000", PASSWORD, PASSWORD)).await.status, 403);
    assert_eq!(browser.form("/setup", &form(&token, "short", "short")).await.status, 422);
    assert_eq!(browser.form("/setup", &form(&token, PASSWORD, OTHER)).await.status, 422);
    let done = browser.form("/setup", &form(&token, PASSWORD, PASSWORD)).await;
    assert_eq!((done.status, done.header("location")), (303, Some("/")));
    assert_eq!(browser.get("/").await.status, 200, "whoever set the password is logged in");

    let mut stranger = page.browser();
    assert_eq!(stranger.form("/setup", &form(&token, OTHER, OTHER)).await.status, 410);
    assert_eq!(stranger.form("/setup", &form("0000", OTHER, OTHER)).await.status, 404);
    assert_eq!(stranger.get("/setup").await.status, 404);
    assert_eq!(page.admin.setup_link(), None, "there is a password");
    assert_eq!(stranger.log_in(OTHER).await.status, 401);
    assert_eq!(stranger.log_in(PASSWORD).await.status, 303);
}

#[tokio::test]
async fn the_setup_link_is_good_for_half_an_hour() {
    let page = Page::start().await;
    let form = format!("token={}&new={PASSWORD}&again={PASSWORD}", page.token());
    page.advance(TimeDelta::minutes(30));
    assert_eq!(page.browser().form("/setup", &form).await.status, 410);
    assert_eq!(page.browser().log_in("anything at all").await.status, 401, "still no password");
    page.set_up().await;
}

#[tokio::test]
async fn a_session_is_a_new_secret_every_time() {
    let (page, first) = Page::with_admin().await;
    let mut second = page.browser();
    second.cookie = "shutong_admin=planted".to_owned();
    let answer = second.log_in(PASSWORD).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
    let value = second.cookie.strip_prefix("shutong_admin=").unwrap();
    assert!(value.len() == 64 && value != "planted" && second.cookie != first.cookie);

    let kept = page.app.store.page(&shutong::store::schema::SESSIONS, None, 10).unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|(id, _)| id != value), "the store has its hash, never the cookie");

    let before = second.cookie.clone();
    second.log_in(PASSWORD).await;
    let mut old = Browser { cookie: before, ..second.clone() };
    assert_eq!(old.get("/").await.status, 401, "a login ends the session it replaces");
}

#[tokio::test]
async fn a_session_ends() {
    let (page, mut admin) = Page::with_admin().await;
    page.advance(TimeDelta::hours(11));
    assert_eq!(admin.get("/").await.status, 200);
    page.advance(TimeDelta::hours(11));
    assert_eq!(admin.get("/").await.status, 200, "a use keeps it alive");
    page.advance(TimeDelta::hours(12));
    assert_eq!(admin.get("/").await.status, 401, "twelve idle hours end it");

    admin.log_in(PASSWORD).await;
    let copy = admin.clone();
    assert_eq!(admin.form("/logout", "").await.status, 303);
    assert_eq!(copy.clone().get("/").await.status, 401, "the cookie is worth nothing after a logout");

    let (mut one, mut two) = (page.browser(), page.browser());
    one.log_in(PASSWORD).await;
    two.log_in(PASSWORD).await;
    let form = format!("password={PASSWORD}&new={OTHER}&again={OTHER}");
    assert_eq!(one.form("/settings/password", &form).await.status, 303);
    assert_eq!(one.get("/").await.status, 200, "whoever changed the password stays");
    assert_eq!(two.get("/").await.status, 401, "everybody else is out");
    assert_eq!(two.log_in(PASSWORD).await.status, 401);
    assert_eq!(two.log_in(OTHER).await.status, 303);
    assert_eq!(two.form("/sessions/end-all", "").await.status, 303);
    assert_eq!(one.get("/").await.status, 401);
}

#[tokio::test]
async fn guessing_is_slowed_down_whatever_the_headers_claim() {
    let (page, _) = Page::with_admin().await;
    let mut guesser = page.browser();
    for number in 0..5 {
        assert_eq!(guesser.log_in(&format!("wrong password {number}")).await.status, 401);
    }
    for address in ["1.2.3.4", "5.6.7.8", "127.0.0.1"] {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-Forwarded-For", address)];
        let answer = guesser.send("POST", "/login", &headers, &format!("password={PASSWORD}")).await;
        assert_eq!(answer.status, 429, "also with the right password, also as {address}");
        assert_eq!(answer.header("retry-after"), Some("300"));
    }
    page.advance(TimeDelta::seconds(300));
    assert_eq!(guesser.log_in(PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_flood_of_logins_computes_few_hashes() {
    let (page, _) = Page::with_admin().await;
    let tries = (0..200).map(|_| {
        let mut browser = page.browser();
        tokio::spawn(async move { browser.log_in("wrong password").await.status })
    });
    let mut hashed = 0;
    for answer in tries.collect::<Vec<_>>() {
        match answer.await.unwrap() {
            401 => hashed += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(hashed, 5);
}
