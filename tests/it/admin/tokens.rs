//! The page of the access_tokens: what a change needs, what is never shown, keys that work until they are revoked, and
//! the banner of what is wrong.

use shutong::alert::Trouble;
use shutong::token::{Denied, Scope};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::browser::{Answer, Browser, Page};

const TOKEN: &str = "88_token-set-by-hand_0123456789";
const CHANGES: [&str; 6] = [
    "/token/safe/show",
    "/token/safe/refresh",
    "/token/safe/set",
    "/token/safe/lead",
    "/token/keys",
    "/token/keys/0123456789/revoke",
];

/// Two accounts that follow a server which is not there; one of them has a secret of its own.
const FOLLOWING: &str = r#"
public_url = "https://books.example.com"
[token]
upstream = ["http://127.0.0.1:1"]
upstream_key = "bk_x"
[[account]]
name = "one"
app_id = "wx1234567890abcdef"
app_secret = "the AppSecret of one"
api_base = "http://127.0.0.1:1"
token = "token123"
[[account]]
name = "two"
app_id = "wx1234567890abcde0"
api_base = "http://127.0.0.1:1"
token = "token123"
"#;

async fn set(admin: &mut Browser, account: &str, token: &str, seconds: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("token", token), ("seconds", seconds)])
        .finish();
    admin.form(&format!("/token/{account}/set"), &form).await
}

/// What stands in the field with this id.
#[track_caller]
fn field(body: &str, id: &str) -> String {
    let tag = body.split_once(&format!("<input id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {body}")).1;
    let tag = tag.split_once('>').unwrap().0;
    tag.split_once("value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn no_change_without_session_token_and_origin() {
    let (page, mut admin) = Page::with_admin().await;
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let token = admin.token().await;
    let with = ("X-CSRF-Token", token.as_str());
    let body = format!("token={TOKEN}&seconds=7200&name=x&scope.token%3Aread=on&leads=yes");
    for path in CHANGES {
        assert_eq!(page.browser().send("POST", path, &[form, with], &body).await.status, 401, "{path}");
        assert_eq!(admin.send("POST", path, &[form], &body).await.status, 403, "{path}");
        assert_eq!(admin.send("POST", path, &[form, ("X-CSRF-Token", "0")], &body).await.status, 403, "{path}");
        let foreign = [form, with, ("Sec-Fetch-Site", "cross-site")];
        assert_eq!(admin.send("POST", path, &foreign, &body).await.status, 403, "{path}");
        assert_eq!(admin.get(path).await.status, 405, "{path}");
    }
    assert!(page.app.tokens.of(Some("safe")).unwrap().current().is_none());
    assert!(page.app.keys.list().unwrap().is_empty());
    for path in ["/token/nobody/show", "/token/nobody/refresh", "/token/keys/0123456789/revoke", "/token/safe/lead"] {
        assert_eq!(admin.form(path, "leads=yes").await.status, 404, "{path}: there is no such thing here");
    }
}

#[tokio::test]
async fn a_token_set_by_hand_counts_down_and_is_seen_only_on_demand() {
    let (page, mut admin) = Page::with_admin().await;
    for (token, seconds) in
        [("", "60"), ("two words", "60"), ("令牌", "60"), (TOKEN, "0"), (TOKEN, "7201"), (TOKEN, "")]
    {
        let answer = set(&mut admin, "safe", token, seconds).await;
        assert_eq!(answer.status, 422, "{token:?} {seconds:?}");
        assert!(answer.body.contains("id=\"set-fault-safe\" role=\"alert\""), "{}", answer.body);
        assert!(
            token.is_empty() || token == "令牌" || !answer.body.contains(token),
            "what was typed does not come back"
        );
    }
    let shown = admin.form("/token/safe/show", "").await;
    assert_eq!(shown.status, 422, "there is nothing to show");

    let done = set(&mut admin, "safe", &format!(" {TOKEN}\r\n"), "7200").await;
    assert_eq!((done.status, done.header("location")), (303, Some("/token")), "{}", done.body);
    let first = admin.get("/token").await.body;
    assert!(first.contains("没能请平台核对") && first.contains("手动设置"), "{first}");
    assert!(first.contains("data-left=\"7195\">1:59:55<"), "{first}");
    page.advance(chrono::TimeDelta::seconds(60));
    let second = admin.get("/token").await.body;
    assert!(second.contains("data-left=\"7135\">1:58:55<") && !second.contains("没能请平台核对"), "it is said once");
    assert!(admin.get("/").await.body.contains("1:58:55"), "the overview has it too");
    for path in ["/token", "/", "/settings", "/api/counts", "/metrics"] {
        assert!(!admin.get(path).await.body.contains(TOKEN), "{path}");
    }

    let shown = admin.form("/token/safe/show", "").await;
    assert_eq!((shown.status, field(&shown.body, "token-of-safe").as_str()), (200, TOKEN));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let csrf = admin.token().await;
    let script = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        ("X-CSRF-Token", csrf.as_str()),
    ];
    let shown = admin.send("POST", "/token/safe/show", &script, "").await.json();
    assert_eq!((shown["access_token"].as_str(), shown["expires_in"].as_u64()), (Some(TOKEN), Some(7135)));
    let refused = admin.send("POST", "/token/safe/set", &script, "token=&seconds=1").await;
    assert!(refused.status == 422 && refused.json()["error"].is_string(), "scripts are told in JSON");

    page.advance(chrono::TimeDelta::seconds(7135));
    let over = admin.get("/token").await.body;
    assert!(over.contains("data-left=\"0\">没有令牌<"), "{over}");
    assert_eq!(admin.form("/token/safe/show", "").await.status, 422);
}

/// A platform that refuses every token, and everything else.
async fn refusing_platform() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let body = r#"{"errcode":40001,"errmsg":"invalid credential <b>here</b> rid: 1-2-3"}"#;
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + body).as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn what_the_platform_refuses_is_told_in_its_own_words() {
    let config = FOLLOWING.replace("[token]\nupstream = [\"http://127.0.0.1:1\"]\nupstream_key = \"bk_x\"\n", "");
    let page = Page::of(&config.replace("http://127.0.0.1:1", &refusing_platform().await)).await;
    let mut admin = page.set_up().await;
    let answer = set(&mut admin, "one", TOKEN, "7200").await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("没有采用") && answer.body.contains("rid: 1-2-3"), "{}", answer.body);
    assert!(!answer.body.contains("<b>here"), "its words are text");
    let keeper = page.app.tokens.of(Some("one")).unwrap();
    assert!(keeper.current().is_none());

    let answer = admin.form("/token/one/refresh", "").await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("one 没有换到新令牌") && answer.body.contains("errcode 40001"), "{}", answer.body);
    assert!(answer.body.contains("✗</span> 失败") && answer.body.contains("强制刷新"), "the history has it");
    assert!(answer.body.contains("连续失败 1 次") && answer.body.contains("1 / 20"), "{}", answer.body);
    assert!(!answer.body.contains("the AppSecret"), "{}", answer.body);
}

#[tokio::test]
async fn an_account_without_a_secret_says_what_to_write() {
    let (_page, mut admin) = Page::with_admin().await;
    let body = admin.get("/token").await.body;
    let (with, without) = body.split_once("id=\"account-plain\"").unwrap();
    assert!(without.contains("app_secret = \"…\"") && !with.contains("app_secret = "), "{body}");
    assert!(!without.contains("/token/plain/refresh") && with.contains("/token/safe/refresh"));
    assert!(admin.form("/token/plain/refresh", "").await.body.contains("没有地方可以获取令牌"));
    assert_eq!(set(&mut admin, "plain", TOKEN, "60").await.status, 303, "by hand it can be set");
}

#[tokio::test]
async fn a_server_that_follows_can_be_told_to_lead() {
    let page = Page::of(FOLLOWING).await;
    let mut admin = page.set_up().await;
    let follows = |name: &str| page.app.tokens.of(Some(name)).unwrap().status().unwrap().follows;
    assert!(admin.get("/token").await.body.contains("跟随另一台服务器"));
    assert_eq!(admin.form("/token/one/lead", "leads=yes").await.status, 303);
    assert!(!follows("one") && admin.get("/token").await.body.contains("自己为 one 获取令牌"));
    assert_eq!(admin.form("/token/one/lead", "leads=no").await.status, 303);
    assert!(follows("one"));
    assert_eq!(admin.form("/token/two/lead", "leads=yes").await.status, 422, "it has no secret to ask with");
    assert!(follows("two"));
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_refused_once_revoked() {
    let (page, mut admin) = Page::with_admin().await;
    let form = "name=crm&scope.token%3Aread=on&account=safe&networks=10.0.0.0%2F8%2C+192.168.1.7&days=30";
    let done = admin.form("/token/keys", form).await;
    assert_eq!((done.status, done.header("location")), (303, Some("/token")), "{}", done.body);
    let stranger = page.browser().get("/token").await;
    assert!(stranger.status == 401 && !stranger.body.contains("bk_"));

    let body = admin.get("/token").await.body;
    let key = field(&body, "new-key");
    let line = format!("curl -H &#39;Authorization: Bearer {key}&#39; http://127.0.0.1:8777/accesstoken/safe");
    assert!(body.contains(&line), "{body}");
    assert!(!admin.get("/token").await.body.contains(&key), "once");

    let peer = Some("10.1.2.3".parse().unwrap());
    let access = page.app.keys.access(&key, peer, page.now()).unwrap();
    assert_eq!(access.require(Scope::Read, "safe"), Ok(()));
    assert_eq!(access.require(Scope::Read, "plain"), Err(Denied::Scope));
    assert_eq!(access.require(Scope::Refresh, "safe"), Err(Denied::Scope));
    let far = Some("11.0.0.1".parse().unwrap());
    assert_eq!(page.app.keys.access(&key, far, page.now()).unwrap_err(), Denied::Network);
    let (id, record) = page.app.keys.list().unwrap().remove(0);
    assert_eq!(record.expires_at, Some(page.now() + chrono::TimeDelta::days(30)));
    assert_eq!(record.networks, ["10.0.0.0/8", "192.168.1.7/32"]);
    let row = admin.get("/token").await.body;
    for part in [&id, "crm", "token:read", "10.0.0.0/8", "刚刚"] {
        assert!(row.contains(part), "{part}: {row}");
    }

    assert_eq!(admin.form(&format!("/token/keys/{id}/revoke"), "").await.status, 303);
    assert_eq!(page.app.keys.access(&key, peer, page.now()).unwrap_err(), Denied::Unknown);
    assert!(admin.get("/token").await.body.contains(&format!("密钥 {id} 已吊销")));
    assert_eq!(admin.form(&format!("/token/keys/{id}/revoke"), "").await.status, 404);
}

#[tokio::test]
async fn a_key_is_made_only_of_what_makes_sense() {
    let (page, mut admin) = Page::with_admin().await;
    let long = format!("name={}&scope.relay=on", "x".repeat(101));
    for (form, says) in [
        ("scope.token%3Aread=on", "起个名字"),
        ("name=+&scope.token%3Aread=on", "起个名字"),
        ("name=a%00b&scope.token%3Aread=on", "起个名字"),
        (&long, "起个名字"),
        ("name=crm", "至少选一项"),
        ("name=crm&scope.everything=on", "至少选一项"),
        ("name=crm&scope.relay=on&account=nobody", "没有这个公众号"),
        ("name=crm&scope.relay=on&networks=10.0.0.0%2F8%2C+home", "网络写得不对"),
        ("name=crm&scope.relay=on&networks=0.0.0.0%2F99", "网络写得不对"),
        ("name=crm&scope.relay=on&days=0", "有效天数"),
        ("name=crm&scope.relay=on&days=36501", "有效天数"),
        ("name=crm&scope.relay=on&days=soon", "有效天数"),
    ] {
        let answer = admin.form("/token/keys", form).await;
        assert_eq!(answer.status, 422, "{form}");
        let fault = answer.body.split_once("id=\"keys-fault\" role=\"alert\">").unwrap().1;
        assert!(fault.split_once('<').unwrap().0.contains(says), "{form}: {}", &fault[..100]);
        if form.starts_with("name=crm&scope.relay") {
            assert_eq!(field(&answer.body, "key-name"), "crm", "what was typed is still there");
        }
    }
    assert!(page.app.keys.list().unwrap().is_empty());

    let hostile = "name=%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22+onfocus%3D%22x%22+autofocus&scope.relay=on";
    assert_eq!(admin.form("/token/keys", hostile).await.status, 303);
    for _ in 0..2 {
        let body = admin.get("/token").await.body;
        assert!(body.contains("&#60;script&#62;alert(1)"), "{body}");
        assert!(!body.contains("<script>") && !body.contains("\" onfocus=") && !body.contains("autofocus>"), "{body}");
    }
    let wrong = admin.form("/token/keys", &hostile.replace("&scope.relay=on", "")).await;
    assert!(!wrong.body.contains("<script>") && !wrong.body.contains("\" onfocus="), "{}", wrong.body);
}

#[tokio::test]
async fn what_is_wrong_stands_on_every_page_while_it_lasts() {
    let (page, mut admin) = Page::with_admin().await;
    let trouble = Trouble::NotWhitelisted { account: "safe".into(), ip: "<i>203.0.113.7</i>".into() };
    assert!(!admin.get("/").await.body.contains("class=\"alerts\""));
    page.app.alerts.raise(&trouble, page.now());
    for path in ["/", "/books", "/token", "/settings", "/wordings", "/simulator", "/books/99"] {
        let body = admin.get(path).await.body;
        assert!(
            body.contains("class=\"alerts\" role=\"alert\"") && body.contains("本服务器的地址不在白名单"),
            "{path}"
        );
        assert!(body.contains("&#60;i&#62;203.0.113.7") && !body.contains("<i>203"), "{path}");
        assert!(body.contains("起）"), "since when");
    }
    let cookie = format!("lang=en; {}", admin.cookie);
    let english = admin.send("GET", "/", &[("Cookie", &cookie)], "").await.body;
    assert!(english.contains("the platform refuses this server&#39;s address"), "{english}");
    for path in ["/", "/login", "/metrics", "/nowhere"] {
        assert!(!page.browser().get(path).await.body.contains("203.0.113.7"), "{path}: strangers learn nothing");
    }
    page.app.alerts.resolve(&trouble.key(), page.now());
    assert!(!admin.get("/").await.body.contains("class=\"alerts\""));
}
