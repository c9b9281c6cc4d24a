//! Backups and diagnostics on the admin page: made, verified, taken away, brought from elsewhere, prepared to be put back.

use std::time::Duration;

use serde_json::Value;

use super::browser::{Browser, Page};
use super::form;

/// What the page says once nothing is going on any more.
async fn settled(admin: &mut Browser) -> Value {
    for _ in 0..600 {
        let state = admin.get("/api/backup").await.json();
        if state["doing"].is_null() && !state["ended"].is_null() {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never ended");
}

fn name(state: &Value) -> String {
    state["backups"][0]["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_verified_prepared_and_given_up() {
    let (page, mut admin) = Page::with_admin().await;
    assert!(admin.get("/backup").await.body.contains("还没有备份"));
    assert_eq!(admin.form("/backup", &form(&[("do", "make")])).await.status, 303);
    let state = settled(&mut admin).await;
    assert!(state["ended"]["error"].is_null(), "{state}");
    let name = name(&state);
    let listed = admin.get("/backup").await.body;
    assert!(listed.contains(&name) && listed.contains("备份完成"), "{listed}");
    let taken = admin.get(&format!("/backup/file/{name}")).await;
    assert_eq!(taken.header("content-disposition"), Some(format!("attachment; filename=\"{name}\"").as_str()));
    assert_eq!(taken.header("content-length").unwrap(), state["backups"][0]["bytes"].to_string());

    admin.form("/backup", &form(&[("do", "verify"), ("name", &name)])).await;
    assert_eq!(settled(&mut admin).await["ended"]["what"], "verifying");
    for confirm in ["", "yes", "restor"] {
        let fields = [("do", "restore"), ("name", name.as_str()), ("confirm", confirm)];
        assert_eq!(admin.form("/backup", &form(&fields)).await.status, 422, "{confirm}");
    }
    let fields = [("do", "restore"), ("name", name.as_str()), ("confirm", "恢复")];
    assert_eq!(admin.form("/backup", &form(&fields)).await.status, 303);
    let state = settled(&mut admin).await;
    assert_eq!((&state["prepared"], &state["ended"]["error"]), (&true.into(), &Value::Null), "{state}");
    assert!(admin.get("/backup").await.body.contains("重启书童"));
    admin.form("/backup", &form(&[("do", "cancel")])).await;
    assert_eq!(settled(&mut admin).await["prepared"], false);
    assert!(shutong::backup::finish(&page.app.data_dir).unwrap().is_none(), "nothing is left to be put back");

    admin.form("/backup", &form(&[("do", "remove"), ("name", &name)])).await;
    assert!(settled(&mut admin).await["backups"].as_array().unwrap().is_empty());
    for path in [format!("/backup/file/{name}"), "/backup/file/..%2Fshutong.toml".to_owned()] {
        assert_eq!(admin.get(&path).await.status, 404, "{path}");
    }
    for deed in ["verify", "restore", "remove"] {
        let fields = form(&[("do", deed), ("name", "../shutong.toml"), ("confirm", "恢复")]);
        assert_eq!(admin.form("/backup", &fields).await.status, 404, "{deed}");
    }
    assert_eq!(admin.form("/backup", &form(&[("do", "else")])).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_elsewhere_is_taken_by_its_name_and_told_when_it_is_none() {
    let (page, mut admin) = Page::with_admin().await;
    let name = "shutong-20261128-031500.tar.gz";
    let files: [(&str, &[u8]); 3] = [(name, b"not one"), (name, b"again"), ("notes.txt", b"x")];
    let answer = admin.upload("/api/backup/upload", &files).await.json();
    let outcomes: Vec<&str> =
        answer["items"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["new", "error", "error"], "{answer}");
    assert_eq!(std::fs::read(page.app.backups.settings().folder.join(name)).unwrap(), b"not one");
    let fields = [("do", "restore"), ("name", name), ("confirm", "restore")];
    admin.form("/backup", &form(&fields)).await;
    let state = settled(&mut admin).await;
    assert!(state["ended"]["error"].as_str().unwrap().contains("damaged"), "{state}");
    assert_eq!(state["prepared"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn diagnostics_ask_nobody_until_told_to_and_hold_no_secret() {
    let (_page, mut admin) = Page::with_admin().await;
    let before = admin.get("/diagnostics").await.body;
    assert!(before.contains("开始检查") && !before.contains("id=\"findings\""), "{before}");
    let after = admin.form("/diagnostics", "").await.body;
    for part in ["id=\"findings\"", "磁盘", "权限", "时钟", "cookie: ***"] {
        assert!(after.contains(part), "{part}: {after}");
    }
    assert!(!after.contains("shutong_admin="), "the session");
}

#[tokio::test]
async fn the_page_shows_what_is_in_no_backup() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().display();
    let page = Page::of(&format!("[media]\nfolder = \"{folder}\"\n")).await;
    let mut admin = page.set_up().await;
    let body = admin.get("/backup").await.body;
    assert!(body.contains("不在备份里") && body.contains(&folder.to_string()), "{body}");
    let (_page, mut admin) = Page::with_admin().await;
    assert!(!admin.get("/backup").await.body.contains("不在备份里"));
}
