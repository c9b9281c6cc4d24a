//! Pictures and other media, from files in a folder over uploads to the simulated platform to what followers get; and
//! the owner's keyword replies.

mod binary;
mod lost;
mod weeks;

use std::io::Cursor;
use std::time::Duration as Patience;

use chrono::Duration;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use shutong::jobs;
use shutong::media::{Taking, Uploads};
use shutong::store::records::MediaTrouble;
use shutong::wechat::Upload;

use crate::support::central::APP_ID;
use crate::support::test_app::{FOLLOWER, TestApp};
use crate::support::wechat_api::{Act, Endpoint, Fault, WechatApi};
use crate::support::wechat_sim::{Answer, SimArticle, links};

const UPLOAD: &str = "/cgi-bin/media/upload";
const LATER: &str = "还在上传，一会儿再试。";

/// The program with a media folder.
struct Room {
    test: TestApp,
}

impl Room {
    async fn start(more: &str) -> Room {
        Room { test: TestApp::with_platform("", more).await }
    }

    fn platform(&self) -> &WechatApi {
        self.test.platform.as_ref().unwrap()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.test.app.data_dir.join("pictures").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.test.app.data_dir.join("pictures").join(name)).unwrap();
    }

    fn keywords(&self, text: &str) {
        std::fs::write(self.test.app.data_dir.join("keywords.toml"), text).unwrap();
    }

    fn look(&self) {
        let (media, now) = (&self.test.app.media, self.test.clock.now());
        media.scan(Taking::AtOnce, now).unwrap();
        media.reread_keywords(Taking::AtOnce, now).unwrap();
    }

    async fn upload(&self) -> Uploads {
        self.test.app.media.upload_due(&self.test.app.tokens, &self.test.clock.clock()).await.unwrap()
    }

    /// What is in the folder is looked at and uploaded.
    async fn sync(&self) -> Uploads {
        self.look();
        self.upload().await
    }

    async fn say(&self, text: &str) -> Answer {
        self.test.sim.say(FOLLOWER, text).await
    }

    /// The id in the answer, which the platform must know, as what the answer is.
    async fn id(&self, text: &str) -> String {
        let (id, kind) = match self.say(text).await {
            Answer::Image { media_id } => (media_id, "image"),
            Answer::Voice { media_id } => (media_id, "voice"),
            Answer::Video { media_id, .. } => (media_id, "video"),
            Answer::Music { thumb_media_id, .. } => (thumb_media_id, "thumb"),
            other => panic!("{text} at {}: {other:?}", self.test.clock.now()),
        };
        let known = self.platform().media_kind(APP_ID, &id);
        assert_eq!(known.as_deref(), Some(kind), "{text} at {}: {id}", self.test.clock.now());
        id
    }

    fn alerts(&self) -> Vec<String> {
        self.test.app.alerts.open().unwrap().into_iter().map(|alert| alert.key).collect()
    }

    async fn restart(self) -> Room {
        Room { test: self.test.restart().await }
    }
}

fn uploaded(count: u64) -> Uploads {
    Uploads { uploaded: count, ..Uploads::default() }
}

/// A small picture, another one for each shade.
fn picture(shade: u8, format: ImageFormat) -> Vec<u8> {
    drawn(40, 30, shade, format)
}

fn drawn(width: u32, height: u32, shade: u8, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([shade, x as u8, y as u8]));
    DynamicImage::ImageRgb8(picture).write_to(&mut out, format).unwrap();
    out.into_inner()
}

#[tokio::test]
async fn a_picture_is_listed_picked_and_sent() {
    let room = Room::start("").await;
    assert!(room.say("图").await.expect_text().contains("没找到"), "without pictures these are words like others");
    for (shade, name) in ["书签.png", "地图/西藏.jpg", "地图/长安.jpg"].into_iter().enumerate() {
        let format = if name.ends_with("png") { ImageFormat::Png } else { ImageFormat::Jpeg };
        room.put(name, &picture(shade as u8, format));
    }
    room.look();
    assert_eq!(room.say("图 书签").await, Answer::Text(LATER.into()));
    assert_eq!(room.upload().await, uploaded(3));
    assert_eq!(room.upload().await, uploaded(0));
    let [mark, tibet, changan] = [room.id("图 书签").await, room.id("图 西藏").await, room.id("图片：长安").await];
    assert!(mark != tibet && tibet != changan);
    let list = room.say("图").await.expect_text().to_owned();
    let offered = links(&list);
    let labels: Vec<&str> = offered.iter().map(|link| link.label.as_str()).collect();
    assert_eq!(labels, ["1. 书签", "2. 地图/西藏", "3. 地图/长安"]);
    assert_eq!(room.test.sim.tap(FOLLOWER, &offered[1]).await, Answer::Image { media_id: tibet.clone() });
    assert_eq!(room.id("3").await, changan);
    let list = room.say("图 地图").await.expect_text().to_owned();
    assert_eq!(links(&list).len(), 2);
    assert_eq!(room.id("一").await, tibet);
    assert!(room.say("图 没有这张").await.expect_text().contains("没有叫“没有这张”的图"));
    assert!(room.say("图书馆").await.expect_text().contains("没找到“图书馆”"));
}

#[tokio::test]
async fn keywords_are_answered_with_everything_there_is() {
    let room = Room::start("").await;
    let room = Room { test: room.test.with_book("群").with_book("帮助") };
    room.put("qr.png", &picture(1, ImageFormat::Png));
    room.put("hello.mp3", b"ID3\x04 and sound");
    room.put("film.mp4", b"\0\0\0\x18ftypmp42 and frames");
    room.keywords(
        r#"
        [[reply]]
        words = ["群", "帮助"]
        text = "群号 123"
        [[reply]]
        words = ["二维码"]
        match = "contains"
        picture = "qr.png"
        [[reply]]
        words = ["朗读"]
        voice = "hello.mp3"
        [[reply]]
        words = ["短片"]
        video = { file = "film.mp4", title = "题", description = "说明" }
        [[reply]]
        words = ["主题曲"]
        music = { title = "曲", url = "https://example.com/a.mp3", thumb = "qr.png" }
        [[reply]]
        words = ["小店"]
        card = { title = "店", description = "书店", picture_url = "https://example.com/a.jpg", url = "https://example.com/" }
        [[reply]]
        words = ["还没有"]
        picture = "missing.png"
        "#,
    );
    // The picture is uploaded twice: once as itself, once as that of the music.
    assert_eq!(room.sync().await, uploaded(4));
    assert_eq!(room.say("群").await, Answer::Text("群号 123".into()), "a keyword comes before a search");
    assert!(room.say("找 群").await.expect_text().contains("《群》"));
    assert!(room.say("找 二维码").await.expect_text().contains("没找到"), "unless it is asked to be one");
    assert!(room.say("帮助").await.expect_text().contains("发书名或作者"), "and behind a command");
    let image = room.id("给我二维码吧").await;
    let thumb = room.id("主题曲").await;
    assert_ne!(image, thumb);
    room.id("朗读").await;
    match room.say("短片").await {
        Answer::Video { media_id, title, description } => {
            assert_eq!(room.platform().media_kind(APP_ID, &media_id).as_deref(), Some("video"));
            assert_eq!((title.as_deref(), description.as_deref()), (Some("题"), Some("说明")));
        }
        other => panic!("{other:?}"),
    }
    let shop = SimArticle {
        title: "店".into(),
        description: "书店".into(),
        pic_url: "https://example.com/a.jpg".into(),
        url: "https://example.com/".into(),
    };
    assert_eq!(room.say("小店").await, Answer::News(vec![shop]));
    assert_eq!(room.say("还没有").await, Answer::Text(LATER.into()));
    assert_eq!(room.test.app.media.missing().unwrap(), ["missing.png"]);
}

#[tokio::test]
async fn a_mistake_in_the_keywords_changes_nothing_and_is_told() {
    let room = Room::start("").await;
    room.keywords("[[reply]]\nwords = [\"加群\"]\ntext = \"群号 1\"");
    room.look();
    room.keywords("[[reply]]\nwords = [\"加群\"]\ntext = \"群号 2\"\npicture = \"a.png\"");
    room.look();
    assert_eq!(room.say("加群").await, Answer::Text("群号 1".into()));
    let alerts = room.test.app.alerts.open().unwrap();
    assert!(alerts[0].trouble.zh().contains("exactly one of text, picture"), "{alerts:?}");
    let room = room.restart().await;
    assert_eq!(room.say("加群").await, Answer::Text("群号 1".into()), "the last good one, also after a restart");
    room.look();
    assert_eq!(room.alerts().len(), 1);
    room.keywords("[[reply]]\nwords = [\"加群\"]\ntext = \"群号 3\"");
    room.look();
    assert_eq!(room.say("加群").await, Answer::Text("群号 3".into()));
    assert!(room.alerts().is_empty());
    std::fs::remove_file(room.test.app.data_dir.join("keywords.toml")).unwrap();
    room.look();
    assert!(room.say("加群").await.expect_text().contains("没找到"));
}

#[tokio::test]
async fn a_changed_file_has_its_old_id_until_there_is_a_new_one_and_a_removed_one_has_none() {
    let room = Room::start("").await;
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.sync().await;
    let first = room.id("图 a").await;
    room.put("a.png", &picture(2, ImageFormat::Png));
    room.platform().set_fault_on(UPLOAD, Some(Fault::Status500));
    assert_eq!(room.sync().await.failed, 1);
    assert_eq!(room.id("图 a").await, first);
    room.platform().set_fault_on(UPLOAD, None);
    room.test.clock.advance(Duration::minutes(2));
    assert_eq!(room.sync().await, uploaded(1));
    assert_ne!(room.id("图 a").await, first);
    // The same bytes written again are no change.
    room.put("a.png", &picture(2, ImageFormat::Png));
    assert_eq!(room.sync().await, uploaded(0));
    room.remove("a.png");
    room.put("b.png", &picture(3, ImageFormat::Png));
    room.look();
    assert!(room.say("图 a").await.expect_text().contains("没有叫“a”的图"));
    // A folder that is not there says nothing about its files: perhaps its disk is missing.
    let folder = room.test.app.data_dir.join("pictures");
    std::fs::rename(&folder, room.test.app.data_dir.join("away")).unwrap();
    assert_eq!(room.sync().await, Uploads { waiting: 1, ..Uploads::default() });
    assert_eq!(room.test.app.media.pictures("main", room.test.clock.now()).unwrap(), ["b.png"]);
}

#[tokio::test]
async fn pictures_are_made_fit_and_what_cannot_be_is_told() {
    let room = Room::start("").await;
    room.put("web.webp", &picture(1, ImageFormat::WebP));
    room.put("old.bmp", &picture(2, ImageFormat::Bmp));
    room.put("huge.png", &drawn(4_500, 3_000, 3, ImageFormat::Png));
    room.put("named.gif", &picture(4, ImageFormat::Jpeg));
    let damaged = picture(5, ImageFormat::Png);
    room.put("damaged.png", &damaged[..damaged.len() / 2]);
    room.put("long.mp3", &[b"ID3\x04".as_slice(), &vec![0; 3 << 20]].concat());
    room.put("notes.txt", "不是图".as_bytes());
    room.put(".hidden.png", &picture(6, ImageFormat::Png));
    room.put("coming.png.part", &picture(7, ImageFormat::Png));
    assert_eq!(room.sync().await, Uploads { uploaded: 4, failed: 1, ..Uploads::default() });
    for name in ["web", "old", "huge", "named"] {
        room.id(&format!("图 {name}")).await;
    }
    let listed = room.say("图").await.expect_text().to_owned();
    assert!(links(&listed).len() == 4 && !listed.contains("damaged"), "{listed}");
    let mut alerts = room.alerts();
    alerts.sort();
    assert_eq!(alerts, ["media_unfit/damaged.png", "media_unfit/long.mp3", "media_unfit/notes.txt"]);
    let files = room.test.app.media.files().unwrap();
    let trouble = |name: &str| files.iter().find(|(of, _)| of == name).unwrap().1.trouble.clone();
    assert_eq!(trouble("long.mp3"), Some(MediaTrouble::TooLarge { bytes: (3 << 20) + 4, limit: 2 << 20 }));
    assert_eq!(trouble("notes.txt"), Some(MediaTrouble::UnknownKind));
    // Put right, or taken away, it is over.
    room.put("damaged.png", &damaged);
    room.put("long.mp3", b"ID3\x04 short");
    room.remove("notes.txt");
    assert_eq!(room.sync().await, uploaded(2));
    assert!(room.alerts().is_empty());
}

#[tokio::test]
async fn what_the_platform_no_longer_knows_is_uploaded_anew() {
    let room = Room::start("").await;
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.sync().await;
    let first = room.id("图 a").await;
    room.platform().lose_media(APP_ID, &first);
    let media = &room.test.app.media;
    assert!(!media.unknown("main", "another").unwrap());
    assert!(!media.unknown("other", &first).unwrap());
    assert!(media.unknown("main", &first).unwrap());
    assert_eq!(room.say("图 a").await, Answer::Text(LATER.into()));
    assert_eq!(room.upload().await, uploaded(1));
    assert_ne!(room.id("图 a").await, first);
}

#[tokio::test]
async fn a_message_with_a_medium_that_is_lost_has_it_uploaded_anew() {
    let test = TestApp::with_platform_and_patience("verified = true", "", Default::default()).await;
    let room = Room { test };
    room.platform().keep_rules(APP_ID);
    room.test.app.tokens.tick().await;
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.sync().await;
    room.platform().act(APP_ID, FOLLOWER, Act::Writes);
    let media_id = room.id("图 a").await;
    let late = shutong::wechat::Reply::Image { media_id: media_id.clone() };
    room.test.app.desk.keep_late("main", FOLLOWER, late, room.test.clock.now()).unwrap();
    room.platform().lose_media(APP_ID, &media_id);
    assert_eq!(jobs::tell(&room.test.app).await.unwrap(), 0);
    assert_eq!(jobs::tell(&room.test.app).await.unwrap(), 1);
    assert_eq!(room.platform().said(APP_ID).last().unwrap()["text"]["content"], LATER);
    assert_eq!(room.upload().await, uploaded(1));
    assert_ne!(room.id("图 a").await, media_id);
}

#[tokio::test]
async fn accounts_without_temporary_media_have_permanent_material_that_goes_with_its_file() {
    let room = Room::start("").await;
    room.platform().set_only_permanent(APP_ID, true);
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.put("film.mp4", b"\0\0\0\x18ftypmp42 and frames");
    assert_eq!(room.sync().await, uploaded(2));
    let first = room.id("图 a").await;
    assert_eq!(room.platform().material(APP_ID), 2);
    let room = room.restart().await;
    room.test.clock.advance(Duration::days(20));
    assert_eq!(room.sync().await, uploaded(0));
    assert_eq!(room.id("图 a").await, first);
    room.put("a.png", &picture(2, ImageFormat::Png));
    assert_eq!(room.sync().await, uploaded(1));
    assert_ne!(room.id("图 a").await, first);
    assert!(room.platform().is_alive(APP_ID, &first), "an answer with it may be on its way");
    room.test.clock.advance(Duration::hours(2));
    assert_eq!(room.sync().await, Uploads { deleted: 1, ..Uploads::default() });
    assert!(!room.platform().is_alive(APP_ID, &first));
    room.remove("a.png");
    room.remove("film.mp4");
    room.look();
    // It is deleted later if it cannot be now, after a restart too.
    let room = room.restart().await;
    room.test.clock.advance(Duration::hours(2));
    room.platform().set_fault_on("/cgi-bin/material", Some(Fault::Busy));
    assert_eq!(room.upload().await.deleted, 0);
    room.platform().set_fault_on("/cgi-bin/material", None);
    room.test.clock.advance(Duration::hours(5));
    assert_eq!(room.upload().await.deleted, 2);
    assert_eq!(room.platform().material(APP_ID), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn material_whose_file_goes_while_it_is_on_its_way_goes_too() {
    const ADD: &str = "/cgi-bin/material/add_material";
    let room = Room::start("").await;
    room.platform().set_only_permanent(APP_ID, true);
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.look();
    room.platform().set_latency(Some(Patience::from_millis(500)));
    let (media, app, clock) = (room.test.app.media.clone(), room.test.app.clone(), room.test.clock.clock());
    let uploading = tokio::spawn(async move { media.upload_due(&app.tokens, &clock).await });
    let arrived = async {
        while room.platform().count(ADD) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Patience::from_secs(20), arrived).await.expect("an upload under way");
    room.remove("a.png");
    room.look();
    uploading.await.unwrap().unwrap();
    room.platform().set_latency(None);
    assert_eq!(room.platform().material(APP_ID), 1);
    room.test.clock.advance(Duration::hours(2));
    assert_eq!(room.upload().await, Uploads { deleted: 1, ..Uploads::default() });
    assert_eq!(room.platform().material(APP_ID), 0);
}

#[tokio::test]
async fn quotas_of_the_owner_and_of_the_platform_last_for_a_day() {
    let room = Room::start("[media]\nuploads_per_day = 3").await;
    for shade in 0..5 {
        room.put(&format!("{shade}.png"), &picture(shade, ImageFormat::Png));
    }
    let done = room.sync().await;
    assert_eq!((done.uploaded, done.waiting), (3, 2));
    assert!(done.why.unwrap().contains("media.uploads_per_day"));
    let room = room.restart().await;
    assert_eq!(room.sync().await.uploaded, 0, "a restart forgets nothing");
    room.platform().set_quota(APP_ID, Endpoint::MediaUpload, 1);
    // Midnight in Beijing.
    room.test.clock.advance(Duration::hours(12));
    assert_eq!(room.sync().await.uploaded, 1);
    let calls = room.platform().count(UPLOAD);
    for _ in 0..60 {
        room.test.clock.advance(Duration::minutes(10));
        assert_eq!(room.sync().await.uploaded, 0);
    }
    let asked = room.platform().count(UPLOAD) - calls;
    assert!(asked <= 10, "{asked} calls in ten hours in which there is no quota");
    room.test.clock.advance(Duration::hours(14));
    assert_eq!(room.sync().await.uploaded, 1);
    assert_eq!(room.platform().uploads(APP_ID), 5);
}

#[tokio::test]
async fn an_id_is_given_to_its_end_and_not_beyond() {
    let room = Room::start("").await;
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.sync().await;
    let media_id = room.id("图 a").await;
    room.platform().set_fault_everywhere(Some(Fault::Status500));
    for _ in 0..71 {
        room.test.clock.advance(Duration::hours(1));
        room.sync().await;
        assert_eq!(room.id("图 a").await, media_id);
    }
    room.test.clock.advance(Duration::hours(1));
    room.sync().await;
    assert_eq!(room.say("图 a").await, Answer::Text(LATER.into()));
    room.platform().set_fault_everywhere(None);
    room.test.clock.advance(Duration::minutes(20));
    assert_eq!(room.sync().await.uploaded, 1);
    assert_ne!(room.id("图 a").await, media_id);
}

#[tokio::test]
async fn a_clock_that_was_wrong_gives_no_id_that_has_ended() {
    let room = Room::start("").await;
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.test.clock.set_by(Duration::days(5));
    assert_eq!(room.sync().await, uploaded(1));
    room.test.clock.set_by(-Duration::days(5));
    assert_eq!(room.sync().await, uploaded(1));
    assert_eq!(room.sync().await, uploaded(0));
    for _ in 0..20 {
        room.test.clock.advance(Duration::hours(6));
        room.sync().await;
        room.id("图 a").await;
    }
}

#[tokio::test]
async fn pictures_for_articles_get_an_address() {
    let room = Room::start("").await;
    let keeper = room.test.app.tokens.of(None).unwrap();
    let upload = async |bytes: Vec<u8>, file_name: &str| {
        let upload = Upload { file_name, media_type: "image/png", bytes: bytes.into() };
        let sent = keeper.with(async |token| keeper.client().upload_image(&token, &upload).await).await;
        sent.map_err(|error| error.to_string().split(' ').nth(1).unwrap_or_default().to_owned())
    };
    let address = upload(picture(1, ImageFormat::Png), "封面.png").await.unwrap();
    assert!(address.starts_with("http://mmbiz.qpic.cn/"), "{address}");
    assert_eq!(upload(picture(1, ImageFormat::Gif), "a.gif").await, Err("40005:".into()));
    let heavy = [picture(1, ImageFormat::Png), vec![0; 1 << 20]].concat();
    assert_eq!(upload(heavy, "a.png").await, Err("40009:".into()));
    // What is answered to a chunked body is HTTP 412: none was sent.
    assert_eq!(room.platform().count("/cgi-bin/media/uploadimg"), 3);
}

#[tokio::test]
async fn a_file_that_is_still_being_written_is_left_alone() {
    let room = Room::start("").await;
    let (media, now) = (&room.test.app.media, room.test.clock.now());
    let whole = picture(1, ImageFormat::Png);
    media.scan(Taking::Settled, now).unwrap();
    for written in [10, 20, whole.len()] {
        room.put("a.png", &whole[..written]);
        assert_eq!(media.scan(Taking::Settled, now).unwrap().changed, 0, "{written}");
    }
    assert_eq!(media.scan(Taking::Settled, now).unwrap().changed, 1);
    assert_eq!(media.scan(Taking::Settled, now).unwrap().changed, 0);
    assert_eq!(room.upload().await, uploaded(1));
}

#[tokio::test]
async fn a_picture_that_came_too_late_is_sent_with_the_next_message_while_it_lives() {
    let room = Room::start("").await;
    room.put("a.png", &picture(1, ImageFormat::Png));
    room.sync().await;
    let media_id = room.id("图 a").await;
    let desk = &room.test.app.desk;
    let late = || shutong::wechat::Reply::Image { media_id: media_id.clone() };
    desk.keep_late("main", FOLLOWER, late(), room.test.clock.now()).unwrap();
    assert_eq!(room.say("谢谢").await, Answer::Image { media_id: media_id.clone() });
    desk.keep_late("main", FOLLOWER, late(), room.test.clock.now()).unwrap();
    room.test.clock.advance(Duration::days(4));
    assert_eq!(room.say("谢谢").await, Answer::Text(LATER.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_follower_waits_while_the_platform_hangs() {
    let room = Room::start("").await;
    for shade in 0..6 {
        room.put(&format!("{shade}.png"), &picture(shade, ImageFormat::Png));
    }
    room.look();
    room.platform().set_fault_on(UPLOAD, Some(Fault::Blackhole));
    let (media, app, clock) = (room.test.app.media.clone(), room.test.app.clone(), room.test.clock.clock());
    let hanging = tokio::spawn(async move { media.upload_due(&app.tokens, &clock).await });
    let begun = async {
        while room.platform().max_overlap(UPLOAD) < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Patience::from_secs(20), begun).await.expect("four uploads under way");
    let asked = tokio::time::timeout(Patience::from_secs(2), room.say("图 0"));
    assert_eq!(asked.await.expect("an answer at once"), Answer::Text(LATER.into()));
    assert!(!hanging.is_finished());
    assert_eq!(room.platform().max_overlap(UPLOAD), 4);
    hanging.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_noticed_by_itself() {
    let room = Room::start("").await;
    room.keywords("[[reply]]\nwords = [\"二维码\"]\npicture = \"qr.png\"");
    let watching = tokio::spawn(jobs::watch_media(room.test.app.clone()));
    let uploading = tokio::spawn(jobs::upload_media(room.test.app.clone()));
    room.put("qr.png", &picture(1, ImageFormat::Png));
    let seen = async { while !matches!(room.say("二维码").await, Answer::Image { .. }) {} };
    tokio::time::timeout(Patience::from_secs(30), seen).await.expect("the picture");
    room.id("二维码").await;
    watching.abort();
    room.test.app.media.bell().stop();
    tokio::time::timeout(Patience::from_secs(5), uploading).await.expect("it stops").unwrap();
}
