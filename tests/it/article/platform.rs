//! The platform's draft box and what is published from there, with a simulated platform.

use chrono::Duration;
use serde_json::Value;
use shutong::article::{Error, Followed, Told};
use shutong::store::records::{PublicationRecord, PublicationState};

use super::{WINTER, picture, png, scan, write};
use crate::support::central::APP_ID;
use crate::support::test_app::{FOLLOWER, TestApp};
use crate::support::wechat_api::{Fault, WechatApi};
use crate::support::wechat_sim::Field;

async fn with_article() -> TestApp {
    let app = TestApp::with_platform("verified = true\n", "").await;
    write(&app, "winter.md", WINTER);
    write(&app, "winter/snow.png", png());
    scan(&app);
    platform(&app).set_may_publish(APP_ID, true);
    app
}

fn platform(app: &TestApp) -> &WechatApi {
    app.platform.as_ref().unwrap()
}

fn drafts(app: &TestApp) -> Vec<(String, Value)> {
    platform(app).drafts(APP_ID)
}

async fn draft(app: &TestApp) -> Result<shutong::article::Drafted, Error> {
    app.app.articles.draft(None, "winter", app.clock.now()).await
}

async fn publish(app: &TestApp) -> Result<PublicationRecord, Error> {
    app.app.articles.publish_draft(None, "winter", app.clock.now()).await
}

fn publication(app: &TestApp) -> PublicationRecord {
    app.app.articles.drafts("winter").unwrap().remove(0).1.publication.unwrap()
}

#[tokio::test]
async fn an_article_becomes_a_draft_with_its_pictures() {
    let app = with_article().await;
    let drafted = draft(&app).await.unwrap();
    assert_eq!((drafted.account.as_str(), drafted.told, drafted.uploaded), ("main", Told::Added, 2));
    let (media_id, article) = drafts(&app).remove(0);
    assert_eq!(media_id, drafted.media_id);
    assert_eq!((&article["title"], &article["author"]), (&"冬天的书单".into(), &"童子".into()));
    assert_eq!(article["digest"], "十本围炉的书");
    assert_eq!(article["content_source_url"], format!("{}/a/winter", app.app.links.public_url()));
    let content = article["content"].as_str().unwrap();
    assert!(content.contains("<p style=\"margin:1em 0\">下雪的时候") && content.contains("mmbiz.qpic.cn"), "{content}");
    assert!(!content.contains("<a ") && content.contains("/a/spring"), "links stand at the end: {content}");
}

#[tokio::test]
async fn the_same_again_updates_its_draft_and_uploads_nothing_twice() {
    let app = with_article().await;
    let first = draft(&app).await.unwrap();
    let calls = platform(&app).calls().len();
    let same = draft(&app).await.unwrap();
    assert_eq!((same.told, same.uploaded, same.media_id), (Told::Same, 0, first.media_id.clone()));
    assert_eq!(platform(&app).calls().len(), calls, "nothing is asked for nothing");
    write(&app, "winter.md", WINTER.replace("下雪", "结冰"));
    scan(&app);
    let changed = draft(&app).await.unwrap();
    assert_eq!((changed.told, changed.uploaded, &changed.media_id), (Told::Updated, 0, &first.media_id));
    let all = drafts(&app);
    assert!(all.len() == 1 && all[0].1["content"].as_str().unwrap().contains("结冰"));
    // A new cover is uploaded, the picture of the text with it.
    write(&app, "winter/snow.png", picture(50, 40, image::ImageFormat::Png));
    scan(&app);
    assert_eq!(draft(&app).await.unwrap().uploaded, 2);
    // Another process, which is reached elsewhere, goes on where this one was.
    let app = app.restart().await;
    let moved = draft(&app).await.unwrap();
    assert_eq!((moved.told, moved.uploaded, &moved.media_id), (Told::Updated, 0, &first.media_id));
    assert_eq!(draft(&app).await.unwrap().told, Told::Same);
}

#[tokio::test]
async fn limits_are_looked_at_before_anything_is_sent() {
    let app = with_article().await;
    platform(&app).clear_calls();
    for (head, body, field) in [
        (format!("title: {}", "长".repeat(33)), "x", "title: it has 33 characters"),
        (format!("title: a\nauthor: {}", "长".repeat(17)), "x", "author: "),
        (format!("title: a\nsummary: {}", "长".repeat(129)), "x", "summary: "),
        ("title: a".to_owned(), &*"长".repeat(20_000), "text: with its markup"),
        ("title: a\ncover: none.png".to_owned(), "x", "none.png"),
    ] {
        write(&app, "winter.md", format!("---\n{head}\n---\n\n{body}\n\n![](winter/snow.png)\n"));
        scan(&app);
        let error = draft(&app).await.unwrap_err().to_string();
        assert!(error.contains(field), "{field}: {error}");
    }
    write(&app, "winter.md", "# 无图\n\n正文\n");
    scan(&app);
    let error = draft(&app).await.unwrap_err().to_string();
    assert!(error.starts_with("cover: it is missing"), "{error}");
    assert_eq!(platform(&app).calls().len(), 0);
}

#[tokio::test]
async fn pictures_are_made_fit_for_the_platform() {
    let app = with_article().await;
    write(&app, "winter/snow.webp", picture(60, 60, image::ImageFormat::WebP));
    write(&app, "winter/large.png", picture(1_200, 900, image::ImageFormat::Png));
    write(&app, "winter.md", "# 图\n\n![](winter/snow.webp)\n\n![](winter/large.png)\n");
    scan(&app);
    assert_eq!(draft(&app).await.unwrap().uploaded, 3);
    let refused = platform(&app).calls().into_iter().filter(|call| call.errcode != 0).count();
    assert_eq!(refused, 0);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_draft() {
    let app = with_article().await;
    platform(&app).set_fault_on("/cgi-bin/draft/add", Some(Fault::ResetAfter));
    assert!(draft(&app).await.is_err());
    assert_eq!(drafts(&app).len(), 1, "the platform has it, and nobody knows");
    platform(&app).set_fault_on("/cgi-bin/draft/add", None);
    let app = app.restart().await;
    let drafted = draft(&app).await.unwrap();
    assert_eq!((drafted.told, drafted.uploaded), (Told::Updated, 0));
    assert_eq!(drafts(&app).len(), 1);
}

#[tokio::test]
async fn what_was_deleted_at_the_platform_is_made_anew() {
    let app = with_article().await;
    let first = draft(&app).await.unwrap();
    platform(&app).delete_draft(APP_ID, &first.media_id);
    write(&app, "winter.md", WINTER.replace("下雪", "结冰"));
    scan(&app);
    let second = draft(&app).await.unwrap();
    assert!(second.told == Told::Added && second.media_id != first.media_id);
    let cover = drafts(&app)[0].1["thumb_media_id"].as_str().unwrap().to_owned();
    platform(&app).lose_media(APP_ID, &cover);
    write(&app, "winter.md", WINTER.replace("下雪", "起雾"));
    scan(&app);
    let third = draft(&app).await.unwrap();
    assert_eq!((third.told, third.uploaded, &third.media_id), (Told::Updated, 1, &second.media_id));
    assert_eq!(drafts(&app).len(), 1);
}

#[tokio::test]
async fn publishing_is_followed_by_the_event() {
    let app = with_article().await;
    draft(&app).await.unwrap();
    let running = publish(&app).await.unwrap();
    assert_eq!(running.state, PublicationState::Running);
    assert_eq!(publish(&app).await.unwrap(), running, "what is under way is not asked for again");
    assert_eq!(platform(&app).count("/cgi-bin/freepublish/submit"), 1);
    let id = running.publish_id.unwrap();
    let item =
        vec![("idx".to_owned(), Field::Bare("1".into())), ("article_url".into(), Field::Text("https://mp/x".into()))];
    let detail = vec![("count".to_owned(), Field::Bare("1".into())), ("item".into(), Field::Inside(item))];
    let info = |status: &str| {
        Field::Inside(vec![
            ("publish_id".into(), Field::Text(id.clone())),
            ("publish_status".into(), Field::Bare(status.into())),
            ("article_id".into(), Field::Text("article-1".into())),
            ("article_detail".into(), Field::Inside(detail.clone())),
        ])
    };
    platform(&app).finish_publication(APP_ID, &id, 0);
    let push = app.sim.happening(FOLLOWER, "PUBLISHJOBFINISH", &[]).with("PublishEventInfo", info("0"));
    app.sim.deliver(&push).await;
    let done = publication(&app);
    assert_eq!((done.state, done.url.as_deref()), (PublicationState::Published, Some("https://mp/x")));
    // What is published is no draft any more: the next one is new.
    assert_eq!(draft(&app).await.unwrap().told, Told::Added);
    // And taken down later, which is told in the same way.
    let push = app.sim.happening(FOLLOWER, "PUBLISHJOBFINISH", &[]).with("PublishEventInfo", info("6"));
    app.sim.deliver(&push).await;
    assert_eq!(publication(&app).state, PublicationState::Refused(6));
}

#[tokio::test]
async fn without_the_event_the_platform_is_asked() {
    let app = with_article().await;
    draft(&app).await.unwrap();
    let id = publish(&app).await.unwrap().publish_id.unwrap();
    assert_eq!(app.app.articles.follow(app.clock.now()).await.unwrap(), Followed { asked: 1, ended: 0 });
    platform(&app).finish_publication(APP_ID, &id, 4);
    assert_eq!(app.app.articles.follow(app.clock.now()).await.unwrap(), Followed { asked: 1, ended: 1 });
    assert_eq!(publication(&app).state, PublicationState::Refused(4));
    assert_eq!(app.app.articles.follow(app.clock.now()).await.unwrap(), Followed::default());
}

#[tokio::test]
async fn refusals_to_publish_say_what_to_do() {
    let app = with_article().await;
    draft(&app).await.unwrap();
    for (code, advice) in [(53503, "did not pass"), (53504, "by hand"), (53505, "save it once by hand")] {
        platform(&app).set_publish_refusal(APP_ID, Some(code));
        let error = publish(&app).await.unwrap_err().to_string();
        assert!(error.contains(advice) && error.contains(&code.to_string()), "{error}");
    }
    platform(&app).set_publish_refusal(APP_ID, None);
    platform(&app).set_may_publish(APP_ID, false);
    let error = publish(&app).await.unwrap_err().to_string();
    assert!(error.contains("only verified accounts") && error.contains("草稿箱"), "{error}");
    let unverified = TestApp::with_platform("", "").await;
    write(&unverified, "winter.md", WINTER);
    write(&unverified, "winter/snow.png", png());
    scan(&unverified);
    draft(&unverified).await.unwrap();
    let error = publish(&unverified).await.unwrap_err().to_string();
    assert!(error.contains("verified = true"), "{error}");
    assert_eq!(platform(&unverified).count("/cgi-bin/freepublish/submit"), 0);
}

#[tokio::test]
async fn a_lost_answer_to_publishing_publishes_once() {
    let app = with_article().await;
    draft(&app).await.unwrap();
    platform(&app).set_fault_on("/cgi-bin/freepublish/submit", Some(Fault::ResetAfter));
    assert!(publish(&app).await.is_err());
    platform(&app).set_fault_on("/cgi-bin/freepublish/submit", None);
    assert_eq!(publish(&app).await.unwrap().state, PublicationState::Asking);
    assert_eq!(platform(&app).count("/cgi-bin/freepublish/submit"), 1);
    app.clock.advance(Duration::hours(1));
    assert_eq!(publish(&app).await.unwrap().state, PublicationState::Running);
}

/// The event that a publication has ended.
async fn told_of(app: &TestApp, publish_id: &str) {
    let info = Field::Inside(vec![
        ("publish_id".into(), Field::Text(publish_id.into())),
        ("publish_status".into(), Field::Bare("0".into())),
        ("article_id".into(), Field::Text("told-by-the-event".into())),
    ]);
    app.sim.deliver(&app.sim.happening(FOLLOWER, "PUBLISHJOBFINISH", &[]).with("PublishEventInfo", info)).await;
}

#[tokio::test]
async fn a_publication_made_elsewhere_is_not_taken_for_ours() {
    let app = with_article().await;
    draft(&app).await.unwrap();
    told_of(&app, &platform(&app).publish_elsewhere(APP_ID)).await;
    assert_eq!(app.app.articles.follow(app.clock.now()).await.unwrap(), Followed::default());
    platform(&app).set_fault_on("/cgi-bin/freepublish/submit", Some(Fault::ResetAfter));
    assert!(publish(&app).await.is_err());
    platform(&app).set_fault_on("/cgi-bin/freepublish/submit", None);
    // Our draft is still in the box: it was another.
    told_of(&app, &platform(&app).publish_elsewhere(APP_ID)).await;
    assert_eq!(publication(&app).state, PublicationState::Asking);
    assert_eq!(app.app.articles.follow(app.clock.now()).await.unwrap(), Followed { asked: 1, ended: 0 });
    assert_eq!((publication(&app).state, publication(&app).heard), (PublicationState::Asking, None));
    // The event of ours, too, is believed when the platform has said so.
    let ours = platform(&app).latest_publication(APP_ID).unwrap();
    platform(&app).finish_publication(APP_ID, &ours, 0);
    told_of(&app, &ours).await;
    assert_eq!(publication(&app).state, PublicationState::Asking);
    let app = app.restart().await;
    assert_eq!(app.app.articles.follow(app.clock.now()).await.unwrap(), Followed { asked: 1, ended: 1 });
    let done = publication(&app);
    assert_eq!((done.state, done.publish_id.as_ref()), (PublicationState::Published, Some(&ours)));
    assert_eq!(done.article_id.unwrap(), format!("article-{ours}"), "as the platform says, not the event");
    assert_eq!(app.app.articles.follow(app.clock.now()).await.unwrap(), Followed::default());
}
