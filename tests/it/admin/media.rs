//! Pictures and media on the admin page: uploaded, listed with how they stand, renewed, taken out, given up for gone.

use shutong::media::Taking;

use super::browser::{Answer, Browser, Page};
use super::{form, png};
use crate::support::central::{self, APP_ID, APP_SECRET};
use crate::support::clock::ManualClock;
use crate::support::wechat_api::WechatApi;

const UPLOAD: &str = "/cgi-bin/media/upload";

async fn start() -> (WechatApi, Page, Browser) {
    let platform = central::platform(&ManualClock::new());
    let config = format!(
        "[[account]]\nname = \"main\"\napp_id = \"{APP_ID}\"\napp_secret = \"{APP_SECRET}\"\ntoken = \"token123\"\n\
         api_base = \"{}\"\n",
        platform.base()
    );
    let page = Page::of(&config).await;
    let admin = page.set_up().await;
    (platform, page, admin)
}

async fn sync(page: &Page) {
    page.app.media.upload_due(&page.app.tokens, &page.app.clock).await.unwrap();
}

fn outcomes(answer: &Answer) -> Vec<String> {
    let items = answer.json()["items"].clone();
    let items = items.as_array().unwrap_or_else(|| panic!("{}", answer.body));
    items.iter().map(|item| item["outcome"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn files_are_uploaded_listed_and_taken_out() {
    let (platform, page, mut admin) = start().await;
    assert!(admin.get("/media").await.body.contains("还没有素材"));
    let long = "ID3".to_owned() + &"x".repeat(3 << 20);
    let (red, dark) = (png(200), png(20));
    let files: [(&str, &[u8]); 5] =
        [("<b>.png", &red), ("说明.txt", b"text"), ("long.mp3", long.as_bytes()), (".x.png", &red), ("c.png", &red)];
    let answer = admin.upload("/api/media", &files).await;
    assert_eq!(outcomes(&answer), ["new", "error", "error", "error", "new"], "{}", answer.body);
    for what in ["不是平台能收的文件", "平台最多收", "文件名不能用"] {
        assert!(answer.body.contains(what), "{what}: {}", answer.body);
    }
    assert_eq!(outcomes(&admin.upload("/api/media", &[("c.png", &red)]).await), ["known"]);
    assert_eq!(outcomes(&admin.upload("/api/media", &[("c.png", &dark)]).await), ["joined"]);
    let folder = page.app.data_dir.join("pictures");
    assert_eq!(std::fs::read(folder.join(".removed/c.png")).unwrap(), red, "the former is kept");

    let listed = admin.get("/media").await.body;
    assert!(
        listed.contains("&#60;b&#62;.png") && listed.contains("等待上传") && !listed.contains("说明.txt"),
        "{listed}"
    );
    let source = listed.split("<img src=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    assert_eq!(admin.get(&source.replace("&amp;", "&")).await.header("content-type"), Some("image/png"));
    sync(&page).await;
    assert_eq!(platform.count(UPLOAD), 2);
    let listed = admin.get("/media").await.body;
    assert!(listed.contains("到期") && !listed.contains("等待上传"), "{listed}");
    assert!(!admin.get("/media?q=c.p").await.body.contains("&#60;b&#62;"));

    assert_eq!(admin.form("/media/remove", &form(&[("file", "c.png")])).await.status, 303);
    let listed = admin.get("/media").await.body;
    assert!(listed.contains(".removed/2-c.png") && !listed.contains("data-file=\"c.png\""), "{listed}");
    assert!(!folder.join("c.png").exists());
    for file in ["c.png", "../shutong.toml", ""] {
        for path in ["/media/remove", "/media/renew"] {
            assert_eq!(admin.form(path, &form(&[("file", file)])).await.status, 404, "{path} {file}");
        }
        assert_eq!(admin.get(&format!("/media/picture?file={file}")).await.status, 404, "{file}");
    }
}

#[tokio::test]
async fn a_file_is_renewed_when_the_owner_wants_it() {
    let (platform, page, mut admin) = start().await;
    admin.upload("/api/media", &[("a.png", &png(1)), ("b.png", &png(2))]).await;
    sync(&page).await;
    let id = || page.app.media.living("main", shutong::wechat::MediaKind::Image, "a.png", page.now()).unwrap().unwrap();
    let first = id();
    sync(&page).await;
    assert_eq!((platform.count(UPLOAD), id()), (2, first.clone()), "nothing is due");
    assert_eq!(admin.form("/media/renew", &form(&[("file", "a.png")])).await.status, 303);
    assert_eq!(id(), first, "the old one stays in use");
    assert!(admin.get("/media").await.body.contains("正在续传"));
    sync(&page).await;
    assert_eq!(platform.count(UPLOAD), 3, "the other is not uploaded again");
    assert_ne!(id(), first);
    sync(&page).await;
    assert_eq!(platform.count(UPLOAD), 3, "once");
}

#[tokio::test]
async fn files_that_went_all_at_once_are_forgotten_on_the_owners_word_only() {
    let (_platform, page, mut admin) = start().await;
    admin.upload("/api/media", &[("a.png", &png(1)), ("b.png", &png(2)), ("c.png", &png(3)), ("d.png", &png(4))]).await;
    let folder = page.app.data_dir.join("pictures");
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(admin.form("/media/forget", "").await.status, 422, "it cannot be seen what is there");
    std::fs::create_dir(&folder).unwrap();
    page.app.media.scan(Taking::AtOnce, page.now()).unwrap();
    let listed = admin.get("/media").await.body;
    assert!(listed.contains("原来的 4 个文件一下子都不见了") && listed.contains("data-file=\"a.png\""), "{listed}");
    assert_eq!(admin.form("/media/forget", "").await.status, 303);
    let listed = admin.get("/media").await.body;
    assert!(listed.contains("忘掉了 4 个文件") && !listed.contains("一下子都不见了"), "{listed}");
    assert!(page.app.media.files().unwrap().is_empty() && page.app.alerts.open().unwrap().is_empty());
}

#[tokio::test]
async fn what_would_miss_a_file_is_told_before_it_is_taken_out() {
    let (_platform, page, mut admin) = start().await;
    let red = png(200);
    let files: [(&str, &[u8]); 2] = [("used.png", &red), ("free.png", &png(20))];
    assert_eq!(outcomes(&admin.upload("/api/media", &files).await), ["new", "new"]);
    let keywords = "[[reply]]\nwords = [\"别的\"]\ntext = \"x\"\n\n[[reply]]\nwords = [\"<书单>\"]\noff = true\npicture = \"used.png\"\n";
    assert_eq!(admin.form("/keywords", &form(&[("do", "save"), ("text", keywords)])).await.status, 303);
    sync(&page).await;
    let name = "used.png".to_owned();
    let file = page.app.media.file(&name).unwrap().unwrap();
    let id = page.app.media.standing(&name, &file, &["main"]).unwrap()[0].record.clone().unwrap().media_id.unwrap();
    let menu = format!("[[button]]\nname = \"看图\"\ntype = \"media_id\"\nmedia_id = \"{id}\"\n");
    std::fs::write(page.app.data_dir.join("menu.toml"), menu).unwrap();
    let listed = admin.get("/media").await.body;
    let row =
        |name: &str| listed.split(&format!("data-file=\"{name}\"")).nth(1).unwrap().split("</li>\n  ").next().unwrap();
    let used = listed.split("data-file=\"used.png\"").nth(1).unwrap();
    assert!(used.contains("关键词第 2 条 &#60;书单&#62;") && used.contains("菜单 看图"), "{used}");
    assert!(used.contains("还在用，仍然移除") && !row("free.png").contains("用在"), "{listed}");
    assert_eq!(admin.form("/media/remove", "file=used.png").await.status, 303);
}
