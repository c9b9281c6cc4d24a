//! Jobs and counts on the page: what it shows, what a button does, and the same as JSON.

use std::time::Duration;

use serde_json::json;
use shutong::jobs::{Job, Plan};
use shutong::statistics::Often;

use super::browser::Page;
use super::form;

/// Waits until no job runs.
async fn settled(page: &Page) {
    for _ in 0..200 {
        if Job::ALL.iter().all(|job| page.app.running.since(job.name()).is_none()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a job never ends");
}

#[tokio::test]
async fn a_job_is_run_once_at_a_time_and_its_outcome_is_seen() {
    let (page, mut admin) = Page::with_admin().await;
    let held = Job::EmptyBin.begin(&page.app, false).unwrap();
    let shown = admin.get("/jobs").await.body;
    assert!(shown.contains("data-state=\"running\"") && shown.contains("每天 04:20"), "{shown}");
    let busy = admin.form("/jobs/empty-bin/run", "").await;
    assert_eq!(busy.status, 422, "it runs already");
    assert_eq!(admin.get("/api/jobs/empty-bin").await.json()["runs"], json!([]), "and is not run again");
    drop(held);

    assert_eq!(admin.form("/jobs/empty-bin/run", "").await.header("location"), Some("/jobs"));
    settled(&page).await;
    let unread = admin.send("GET", "/jobs", &[("X-Unattended", "yes")], "").await.body;
    assert!(!unread.contains("已开始"), "nobody reads what a script asks for");
    let shown = admin.get("/jobs").await.body;
    assert!(shown.contains("已开始") && shown.contains("删除了 0 本书、0 个文件"), "{shown}");
    assert!(!admin.get("/jobs").await.body.contains("已开始"), "said once");
    let one = admin.get("/api/jobs/empty-bin").await.json();
    assert_eq!((one["runs"].as_array().unwrap().len(), &one["runs"][0]["by_hand"]), (1, &json!(true)), "{one}");
    assert_eq!(one["job"]["last"], one["runs"][0]);
    assert_eq!(one["runs"][0]["outcome"], "0 books deleted, 0 files removed", "as in the log");
    assert_eq!(one["runs"][0]["did"], json!({ "emptied_bin": { "books": 0, "files": 0 } }));
    admin.cookie.push_str("; lang=en");
    assert!(admin.get("/").await.body.contains("0 books deleted, 0 files removed"), "in English on an English page");

    assert_eq!(admin.json("/api/jobs/empty-bin/run", &json!({})).await.json(), json!({ "done": true }));
    settled(&page).await;
    for path in ["/jobs/nothing/run", "/jobs/nothing/schedule"] {
        assert_eq!(admin.form(path, "").await.status, 404, "{path}");
    }
    assert_eq!(admin.json("/api/jobs/nothing/run", &json!({})).await.status, 404);
    let metrics = page.browser().get("/metrics").await.body;
    let expected = format!("shutong_job_last_success_seconds{{job=\"empty-bin\"}} {}", page.now().timestamp());
    assert!(metrics.contains(&expected), "{metrics}");
}

#[tokio::test]
async fn a_schedule_is_changed_judged_and_put_back() {
    let (page, mut admin) = Page::with_admin().await;
    let save = |cron: &str| form(&[("schedule", cron), ("do", "save")]);
    assert_eq!(admin.form("/jobs/old-logs/schedule", &save(" 0 0 3 * *  Mon ")).await.status, 303);
    assert_eq!(Job::OldLogs.plan(&page.app).unwrap(), Plan::Cron("0 0 3 * * Mon".into()));
    assert!(admin.get("/jobs").await.body.contains("每周一 03:00"));

    let wrong = admin.form("/jobs/old-logs/schedule", &save("<b>半夜</b>")).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("value=\"&#60;b&#62;半夜&#60;/b&#62;\""),
        "what was written is not lost: {}",
        wrong.body
    );
    assert!(wrong.body.contains("aria-invalid=\"true\"") && wrong.body.contains("这不是 cron 表达式"));
    assert_eq!(Job::OldLogs.plan(&page.app).unwrap(), Plan::Cron("0 0 3 * * Mon".into()), "nothing has changed");

    assert_eq!(admin.form("/jobs/old-logs/schedule", "do=off").await.status, 303);
    page.advance(chrono::TimeDelta::days(30));
    let mut admin = page.browser();
    admin.log_in(super::PASSWORD).await;
    assert!(!Job::OldLogs.tick(&page.app).unwrap(), "switched off");
    assert_eq!(admin.form("/jobs/old-logs/schedule", "do=default").await.status, 303);
    assert_eq!(Job::OldLogs.plan(&page.app).unwrap(), Plan::Default);
}

#[tokio::test]
async fn days_are_shown_and_told() {
    let (page, mut admin) = Page::with_admin().await;
    for what in [Often::Message, Often::Search, Often::Miss] {
        page.app.statistics.count(what, page.now());
    }
    let tried =
        json!({ "account": "safe", "follower": "sim-abcd1234", "kind": "text", "fields": { "Content": "没有这本书" } });
    assert_eq!(admin.json("/api/simulator/send", &tried).await.status, 200, "which does not count");
    let told = admin.get("/api/statistics?days=2").await.json();
    let days = told["days"].as_array().unwrap();
    assert_eq!((days.len(), &told["time_zone"]), (2, &json!("Asia/Shanghai")), "{told}");
    assert_eq!((&days[1]["messages"], &days[1]["misses"], &days[0]["messages"]), (&json!(1), &json!(1), &json!(0)));
    for wrong in ["0", "401", "x", "-1"] {
        assert_eq!(admin.get(&format!("/api/statistics?days={wrong}")).await.status, 422, "{wrong}");
    }
    let shown = admin.get("/").await.body;
    assert!(shown.contains("role=\"img\"") && shown.contains("aria-label=\"三十天的消息和搜索: 消息 1, 搜索 1\""));
    let row = format!("<tr><th scope=\"row\">{}</th>", days[1]["day"].as_str().unwrap());
    assert!(shown.contains(&row), "the same as a table");
    assert!(!shown.contains("style="), "the bars need no inline style");
    // Another page of the same program knows it after the counts were written.
    page.app.statistics.flush().unwrap();
    assert_eq!(admin.get("/api/statistics?days=2").await.json(), told);
}

#[tokio::test]
async fn a_page_that_asks_by_itself_keeps_no_session_alive() {
    let (page, mut admin) = Page::with_admin().await;
    for _ in 0..12 {
        page.advance(chrono::TimeDelta::hours(1));
        let status = admin.send("GET", "/jobs", &[("X-Unattended", "yes")], "").await.status;
        if status == 401 {
            return;
        }
    }
    panic!("the session is still alive");
}
