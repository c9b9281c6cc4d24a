//! Books that the library found: where they come from, what is believed of them, newer editions in the place of older
//! ones and who hears of it, and books that were taken down and must not come back.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use shutong::library::{AddError, Added, CoverSize, Error, Found, Library, Refused, Told, requests, subscriptions};
use shutong::store::records::{BookId, BookRecord, Edition, Provenance};
use shutong::store::schema::NOTICES;
use shutong::store::{self, ContentHash, Durability, Store};
use tempfile::TempDir;

use crate::support::binary::Home;
use crate::support::book_builder::{BookBuilder, archive};
use crate::support::clock::ManualClock;
use crate::support::test_app::TestApp;
use crate::support::wait_until_closed;
use crate::support::wechat_sim::SimMode;

struct Shelf {
    library: Library,
    dir: TempDir,
}

impl Shelf {
    fn new() -> Shelf {
        Shelf::on(TempDir::new().unwrap())
    }

    fn on(dir: TempDir) -> Shelf {
        wait_until_closed(dir.path());
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let zone = chrono_tz::Asia::Shanghai;
        Shelf { library: Library::open(store, &dir.path().join("index"), zone, 1 << 20).unwrap(), dir }
    }

    fn restarted(self) -> Shelf {
        let Shelf { library, dir } = self;
        drop(library);
        Shelf::on(dir)
    }

    #[track_caller]
    fn add(&self, found: Found<'_>) -> Added {
        let added = self.library.add_found(found, now()).unwrap();
        self.library.index_changes().unwrap();
        added
    }

    fn book(&self, id: BookId) -> BookRecord {
        self.library.book(id).unwrap().unwrap()
    }

    fn request(&self, who: &str, what: &str) {
        let store = self.library.store();
        store.write(Durability::Durable, |write| requests::add(write, "main", who, what, None, now())).unwrap();
    }

    fn subscribe(&self, who: &str, what: &str) {
        let store = self.library.store();
        store.write(Durability::Durable, |write| subscriptions::add(write, "main", who, what, now())).unwrap();
    }

    /// The keys of what waits for a follower.
    fn notices(&self, who: &str) -> Vec<String> {
        let found = self.library.store().under(&NOTICES, &requests::follower_key("main", who), 10).unwrap();
        found.into_iter().map(|((_, key), _)| key).collect()
    }

    fn hear(&self, who: &str) {
        let (key, notices) = (requests::follower_key("main", who), self.notices(who));
        let told = self.library.store().write(Durability::Durable, |write| {
            notices.into_iter().for_each(|notice| write.delete(&NOTICES, &(key.clone(), notice)));
            Ok::<_, store::Error>(())
        });
        told.unwrap();
    }
}

fn now() -> DateTime<Utc> {
    ManualClock::new().now()
}

fn origin(url: &str) -> Provenance {
    Provenance {
        source: "山中文库".into(),
        url: url.into(),
        licence: "CC BY 4.0".into(),
        rights: "可以转载，请注明出处".into(),
        fetched_at: now(),
    }
}

fn found<'a>(file_name: &'a str, bytes: &'a [u8]) -> Found<'a> {
    Found {
        file_name,
        bytes,
        told: Told::default(),
        cover: None,
        origin: origin("https://books.example.org/1"),
        supersedes: None,
        is_incomplete: false,
    }
}

/// 某人's book with so many chapters in its table of contents.
fn serial(title: &str, chapters: usize) -> Vec<u8> {
    let mut book = BookBuilder::new(title);
    let mut list = String::new();
    for number in 1..=chapters {
        let name = format!("s{number}.xhtml");
        book = book.chapter(&name, &format!("第{number}回"), &format!("话说第{number}回。"));
        list.push_str(&format!("<li><a href=\"{name}\">第{number}回</a></li>"));
    }
    book.nav(&list).build()
}

fn edition(book: &BookRecord) -> &Edition {
    assert_eq!(book.editions.len(), 1, "{book:?}");
    &book.editions[0]
}

#[test]
fn a_source_is_believed_where_the_file_says_nothing() {
    let shelf = Shelf::new();
    let told = || Told {
        title: Some("山庙记".into()),
        authors: vec!["山人".into()],
        language: Some("zh".into()),
        publisher: Some("山中书局".into()),
        description: Some("山里的事。".into()),
        subjects: vec!["志怪".into()],
        series: Some("山海丛书".into()),
        isbns: vec!["7-5366-9293-5".into(), "none".into()],
        ..Told::default()
    };
    let text = "从前有座山。\n\n山里有座庙。\n".as_bytes();
    let id = shelf.add(Found { told: told(), ..found("pg1342.txt", text) }).id();
    let book = shelf.book(id);
    assert_eq!((book.title.as_str(), book.authors.as_slice()), ("山庙记", ["山人".to_owned()].as_slice()));
    assert_eq!((book.publisher.as_deref(), book.series.as_deref()), (Some("山中书局"), Some("山海丛书")));
    assert_eq!((book.isbns.as_slice(), book.subjects.len()), (["9787536692930".to_owned()].as_slice(), 1));
    assert_eq!(edition(&book).origin, Some(origin("https://books.example.org/1")));
    assert_eq!(shelf.library.find("山庙记").unwrap().books, [id]);

    let named = "<dc:title>Unknown</dc:title><dc:creator>Unknown</dc:creator>";
    let unknown = BookBuilder::new("x").only_metadata(named).chapter("u.xhtml", "序", "另一座山。").build();
    let told = Told { title: Some("另一座山".into()), authors: vec!["山人".into()], ..Told::default() };
    let book = shelf.book(shelf.add(Found { told, ..found("u.epub", &unknown) }).id());
    assert_eq!((book.title.as_str(), book.authors.as_slice()), ("另一座山", ["山人".to_owned()].as_slice()));

    let own = BookBuilder::new("三体").build();
    let told =
        Told { title: Some("三体全集免费下载".into()), authors: vec!["某站".into()], ..Told::default() };
    let book = shelf.book(shelf.add(Found { told, ..found("santi.epub", &own) }).id());
    assert_eq!((book.title.as_str(), book.authors.as_slice()), ("三体", ["某人".to_owned()].as_slice()));
}

#[test]
fn what_was_found_meets_what_is_there_as_any_file_does() {
    let shelf = Shelf::new();
    let bytes = BookBuilder::new("三体").build();
    let id = shelf.library.add("三体.epub", &bytes, now()).unwrap().id();
    assert_eq!(shelf.add(found("x.epub", &bytes)), Added::Known(id));
    let noted = edition(&shelf.book(id)).origin.clone();
    assert_eq!(noted.as_ref().map(|origin| origin.source.as_str()), Some("山中文库"));
    let elsewhere = Found { origin: origin("https://elsewhere.example/2"), ..found("x.epub", &bytes) };
    assert_eq!(shelf.add(elsewhere), Added::Known(id));
    assert_eq!(edition(&shelf.book(id)).origin, noted, "who brought it first");
    let text = "《三体》\n作者：某人\n\n第一章 开端\n\n从前有座山。\n".as_bytes();
    assert_eq!(shelf.add(found("三体.txt", text)), Added::NewFormat(id));
    assert_eq!(shelf.book(id).editions.len(), 2);
    assert!(matches!(shelf.library.add_found(found("e.epub", b""), now()), Err(AddError::Empty)));
}

#[test]
fn a_cover_that_came_with_it_is_used_if_the_file_has_none() {
    let shelf = Shelf::new();
    let red = shutong::book::cover::draw("红", &[]).bytes;
    let with = |title: &str, cover: &[u8]| {
        let bytes = BookBuilder::new(title).build();
        let id = shelf.add(Found { cover: Some(cover), ..found("b.epub", &bytes) }).id();
        (id, shelf.book(id).cover)
    };
    let (id, cover) = with("甲书", &red);
    assert!(cover.is_some_and(|cover| !cover.drawn));
    let thumbnail = shelf.library.cover(id, CoverSize::Thumbnail).unwrap().unwrap();
    let full = shelf.library.cover(id, CoverSize::Full).unwrap().unwrap();
    assert!(thumbnail.bytes.len() < full.bytes.len() && full.bytes.starts_with(b"\xff\xd8"));
    let (id, cover) = with("乙书", b"<html>404</html>");
    assert!(cover.is_none(), "nothing to see in it");
    assert!(shelf.library.cover(id, CoverSize::Full).unwrap().is_some());
    assert!(shelf.book(id).cover.is_some_and(|cover| cover.drawn), "drawn when it was looked at, and kept");
}

#[test]
fn a_newer_edition_takes_the_place_of_the_old_one() {
    let shelf = Shelf::new();
    let (two, three) = (serial("连载记", 2), serial("连载记", 3));
    let id = shelf.add(Found { is_incomplete: true, ..found("连载记.epub", &two) }).id();
    assert!(shelf.book(id).is_incomplete());
    assert_eq!(shelf.library.download(id, "epub", "alias", 9, now()).unwrap(), shutong::library::Download::Granted);
    let made = |id| {
        let book = shelf.book(id);
        let file = shelf.library.obtain(&book, "txt", now()).unwrap().unwrap();
        (file.hash.clone(), std::fs::read_to_string(&file.path).unwrap())
    };
    let (old_text, text) = made(id);
    assert!(text.contains("第2回") && !text.contains("第3回"));

    let old = ContentHash::of(&two);
    let newer = Found { supersedes: Some(&old), ..found("连载记.epub", &three) };
    assert_eq!(shelf.add(newer.clone()), Added::Updated(id));
    let book = shelf.book(id);
    assert_eq!(edition(&book).hash, ContentHash::of(&three));
    assert_eq!((book.downloads, book.is_incomplete(), book.title.as_str()), (1, false, "连载记"));
    assert_eq!(shelf.library.contents(&book).unwrap().len(), 3);
    assert_eq!(shelf.add(newer), Added::Known(id), "once more changes nothing");
    assert_eq!(shelf.library.find_inside("话说第3回", 5).unwrap().len(), 1, "its text is searched anew");
    let (new_text, text) = made(id);
    assert!(text.contains("第3回"), "{text}");

    assert!(shelf.library.collect_garbage(now()).unwrap() >= 2);
    let files = shelf.library.store().files().all().unwrap();
    assert!(!files.contains(&old) && !files.contains(&old_text), "the old file and what was made from it");
    assert!(files.contains(&new_text) && shelf.library.check(true).unwrap().damaged.is_empty());
    // The old file is another one by now: it joins the book, as it would have without the newer one.
    assert_eq!(shelf.library.add("连载记.epub", &two, now()).unwrap(), Added::NewFormat(id));
}

#[test]
fn what_the_owner_removed_stays_removed_when_it_grows_and_a_lost_edition_is_no_obstacle() {
    let shelf = Shelf::new();
    let (two, three, four) = (serial("连载记", 2), serial("连载记", 3), serial("连载记", 4));
    let (second, third) = (ContentHash::of(&two), ContentHash::of(&three));
    let id = shelf.add(found("连载记.epub", &two)).id();
    shelf.subscribe("oA", "某人");
    shelf.library.remove(id, now()).unwrap();
    assert_eq!(shelf.add(Found { supersedes: Some(&second), ..found("连载记.epub", &three) }), Added::Updated(id));
    assert!(shelf.library.shown(id).unwrap().is_none() && shelf.notices("oA").is_empty());
    shelf.library.empty_bin(now() + Duration::days(31)).unwrap();
    let added = shelf.add(Found { supersedes: Some(&third), ..found("连载记.epub", &four) });
    assert!(matches!(added, Added::New(new) if new != id), "{added:?}");
    // Another format stands beside what it was to replace.
    let text = "《连载记》\n作者：某人\n\n第一回\n\n话说。\n".as_bytes();
    let fourth = ContentHash::of(&four);
    assert_eq!(
        shelf.add(Found { supersedes: Some(&fourth), ..found("连载记.txt", text) }),
        Added::NewFormat(added.id())
    );
    assert_eq!(shelf.book(added.id()).editions.len(), 2);
}

#[test]
fn who_follows_a_book_or_its_author_hears_once_that_it_has_grown() {
    let shelf = Shelf::new();
    let editions: Vec<Vec<u8>> = (2..=5).map(|chapters| serial("连载记", chapters)).collect();
    let grow = |at: usize| {
        let old = ContentHash::of(&editions[at - 1]);
        shelf.add(Found { supersedes: Some(&old), is_incomplete: true, ..found("连载记.epub", &editions[at]) })
    };
    shelf.subscribe("oAuthor", "某人");
    shelf.subscribe("oOther", "别人");
    shelf.request("oAsked", "连载记");
    let id = shelf.add(Found { is_incomplete: true, ..found("连载记.epub", &editions[0]) }).id();
    assert_eq!(shelf.notices("oAsked").len(), 1, "the request is answered when it first arrives");
    grow(1);
    let waiting = shelf.notices("oAuthor");
    assert!(waiting.len() == 1 && !subscriptions::is_update(&waiting[0]), "it is still new to them: {waiting:?}");

    shelf.hear("oAuthor");
    shelf.subscribe("oTitle", "《连载记》");
    grow(2);
    grow(3);
    for who in ["oAuthor", "oTitle"] {
        let waiting = shelf.notices(who);
        assert!(waiting.len() == 1 && subscriptions::is_update(&waiting[0]), "{who}: {waiting:?}");
    }
    assert!(shelf.notices("oOther").is_empty());
    shelf.hear("oAuthor");
    // The same chapters again, set anew, are nothing to tell …
    let of_year = |year: u32| {
        let book = BookBuilder::new("连载记").metadata(&format!("<dc:date>{year}</dc:date>"));
        book.nav("<li><a href=\"c1.xhtml\">第1回</a></li>").build()
    };
    let (again, whole) = (of_year(2026), of_year(2027));
    let old = ContentHash::of(&editions[3]);
    shelf.add(Found { supersedes: Some(&old), is_incomplete: true, ..found("连载记.epub", &again) });
    assert!(shelf.notices("oAuthor").is_empty(), "{:?}", shelf.notices("oAuthor"));
    // … but that it is whole now is.
    let old = ContentHash::of(&again);
    assert_eq!(shelf.add(Found { supersedes: Some(&old), ..found("连载记.epub", &whole) }), Added::Updated(id));
    assert_eq!(shelf.notices("oAuthor").len(), 1);
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(outcome: Result<T, AddError>, key: BookId) {
    match outcome {
        Err(error @ AddError::Refused(Refused::TakenDown { .. })) => {
            let said = error.to_string();
            assert!(said.contains("权利人来信") && said.contains(&format!("shutong book lift {key}")), "{said}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_taken_down_comes_back_by_no_way_until_it_is_lifted() {
    let shelf = Shelf::new();
    let (two, three) = (serial("连载记", 2), serial("连载记", 3));
    let id = shelf.add(found("连载记.epub", &two)).id();
    shelf.library.add("三体.epub", &BookBuilder::new("三体").build(), now()).unwrap();
    let reason = "权利人来信";
    assert!(matches!(shelf.library.take_down(id, " ", now()), Err(Error::Refused(_))));
    assert!(matches!(shelf.library.take_down(999, reason, now()), Err(Error::NoSuchBook(999))));
    shelf.library.take_down(id, reason, now()).unwrap();
    shelf.library.index_changes().unwrap();
    assert!(shelf.library.book(id).unwrap().is_none() && shelf.library.find("连载记").unwrap().books.is_empty());
    assert!(shelf.library.collect_garbage(now()).unwrap() > 0);
    assert!(!shelf.library.store().files().all().unwrap().contains(&ContentHash::of(&two)));

    let shelf = shelf.restarted();
    let zip = archive(&[("连载记.epub".to_owned(), two.clone())]);
    is_refused(shelf.library.add("other.epub", &two, now()), id);
    is_refused(shelf.library.add("other.zip", &zip, now()), id);
    is_refused(shelf.library.add("连载记.epub", &three, now()), id);
    is_refused(shelf.library.add_found(found("连载记.epub", &three), now()), id);
    let elsewhere = BookBuilder::new("另名").build();
    is_refused(shelf.library.add_found(found("另名.epub", &elsewhere), now()), id);
    let table = "title\tauthor\n连载记\t某人\n别的书\t某人\n";
    let imported = shelf.library.import(table.as_bytes(), true, Some(Path::new("/")), now(), |_| {}).unwrap();
    assert_eq!((imported.new, imported.failed.len()), (1, 1), "{imported:?}");
    assert!(imported.failed[0].0 == 2 && imported.failed[0].1.to_string().contains("taken down"), "{imported:?}");
    assert_eq!(shelf.library.counts().unwrap().shelf, 1, "nothing came in");
    assert!(shelf.library.collect_garbage(now()).unwrap() == 0, "and no file was kept of what was refused");

    let list = shelf.library.takedowns().unwrap();
    assert_eq!((list.len(), list[0].title.as_str(), list[0].reason.as_str()), (1, "连载记", reason));
    assert_eq!((list[0].key.clone(), list[0].taken_down_at), (id.to_string(), now()));
    assert!(matches!(shelf.library.lift("7777"), Err(Error::Refused(_))));
    shelf.library.lift(&list[0].key).unwrap();
    assert!(shelf.library.takedowns().unwrap().is_empty());
    assert!(matches!(shelf.library.add("连载记.epub", &two, now()).unwrap(), Added::New(new) if new != id));
}

#[test]
fn a_merged_book_is_taken_down_with_all_that_went_into_it() {
    let shelf = Shelf::new();
    let files = ["甲书", "乙书"].map(|title| BookBuilder::new(title).build());
    let [a, b] = [0, 1].map(|at| shelf.library.add("b.epub", &files[at], now()).unwrap().id());
    let merge = shelf.library.merge(a, b, now()).unwrap();
    assert!(matches!(shelf.library.take_down(b, "权利人来信", now()), Err(Error::Refused(Refused::PartOf { .. }))));
    shelf.library.take_down(a, "权利人来信", now()).unwrap();
    assert!(matches!(shelf.library.undo_merge(merge), Err(Error::Refused(_))));
    assert!(shelf.library.book(a).unwrap().is_none() && shelf.library.book(b).unwrap().is_none());
    for (title, file) in ["甲书", "乙书"].iter().zip(&files) {
        is_refused(shelf.library.add("b.epub", file, now()), a);
        is_refused(shelf.library.add("c.epub", &serial(title, 3), now()), a);
    }
}

#[test]
fn marks_that_two_books_share_stand_until_both_are_lifted() {
    let shelf = Shelf::new();
    let dir = TempDir::new().unwrap();
    for number in 1..=2 {
        std::fs::write(dir.path().join(format!("{number}.epub")), serial("三体", number)).unwrap();
    }
    let table = "id\ttitle\tauthor\tpath\nc1\t三体\t某人\t1.epub\nc2\t三体\t某人\t2.epub\n";
    assert_eq!(shelf.library.import(table.as_bytes(), true, Some(dir.path()), now(), |_| {}).unwrap().files, 2);
    let books: Vec<BookId> = shelf.library.page(None, 9).unwrap().into_iter().map(|(id, _)| id).collect();
    for id in &books {
        shelf.library.take_down(*id, "权利人来信", now()).unwrap();
    }
    shelf.library.lift(&books[1].to_string()).unwrap();
    is_refused(shelf.library.add("x.epub", &serial("三体", 5), now()), books[0]);
    shelf.library.lift(&books[0].to_string()).unwrap();
    shelf.library.add("x.epub", &serial("三体", 5), now()).unwrap();
}

#[test]
fn requests_for_what_was_taken_down_are_closed_and_can_be_made_again() {
    let shelf = Shelf::new();
    let id = shelf.add(found("连载记.epub", &serial("连载记", 2))).id();
    shelf.request("oA", "连载记");
    shelf.request("oB", "天外飞仙");
    assert_eq!(shelf.library.counts().unwrap().requests, 2);
    shelf.library.take_down(id, "权利人来信", now()).unwrap();
    let open = requests::open(shelf.library.store(), 10).unwrap();
    assert_eq!(open.iter().map(|(_, request)| request.text.as_str()).collect::<Vec<_>>(), ["天外飞仙"]);
    assert_eq!(shelf.library.counts().unwrap().requests, 1);
    shelf.request("oA", "连载记");
    assert_eq!((shelf.library.counts().unwrap().requests, shelf.library.requests(9).unwrap().len()), (2, 2));
    shelf.library.lift(&id.to_string()).unwrap();
    shelf.add(found("连载记.epub", &serial("连载记", 2)));
    assert_eq!((shelf.library.counts().unwrap().requests, shelf.notices("oA").len()), (1, 1));
}

#[test]
fn a_source_is_asked_for_the_same_request_again_after_a_week() {
    let shelf = Shelf::new();
    shelf.request("oA", "天外飞仙");
    for who in ["oA", "oB"] {
        shelf.request(who, "连载记");
    }
    let store = Arc::clone(shelf.library.store());
    let keys: Vec<String> = requests::open(&store, 10).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["连载记", "天外飞仙"], "the most wanted first");
    assert_eq!(requests::open(&store, 1).unwrap().len(), 1);
    let look = |source: &str, at| {
        store.write(Durability::Durable, |write| requests::looked_for(write, "连载记", source, at)).unwrap();
    };
    let was = |source: &str, at| requests::was_looked_for(&requests::open(&store, 1).unwrap()[0].1, source, at);
    assert!(!was("gutenberg", now()));
    look("gutenberg", now());
    assert!(was("gutenberg", now() + Duration::days(6)) && !was("gutenberg", now() + Duration::days(7)));
    assert!(!was("other", now()));
    for number in 0..100 {
        look(&format!("source {number}"), now());
    }
    assert!(was("source 99", now()) && requests::open(&store, 1).unwrap()[0].1.looked.len() < 50);
    let missing = store.write(Durability::Durable, |write| requests::looked_for(write, "gone", "x", now()));
    assert!(missing.is_ok() && requests::open(&store, 10).unwrap().len() == 2, "nobody asks for it any more");
}

#[test]
fn records_of_before_are_read() {
    let json = serde_json::json!({
        "format": "epub", "hash": "0".repeat(64), "bytes": 1, "file_name": "a.epub", "added_at": "2026-01-01T00:00:00Z",
    });
    match serde_json::from_value::<Edition>(json) {
        Ok(edition) => assert!(edition.origin.is_none() && !edition.is_incomplete),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn readers_see_where_a_book_comes_from_and_that_there_is_more_to_come() {
    let app = TestApp::with_account(SimMode::Plain).await;
    app.follower("alice", false);
    let bytes = serial("连载记", 2);
    let id =
        app.app.library.add_found(Found { is_incomplete: true, ..found("连载记.epub", &bytes) }, now()).unwrap().id();
    app.app.library.index_changes().unwrap();
    let card = app.say("连载记").await;
    assert!(card.starts_with("《连载记》（未完）\n"), "{card}");
    let list = app.say("最新").await;
    assert!(list.contains("（未完）"), "{list}");
    let (_, page) = app.fetch(&format!("/b/{id}")).await;
    for text in ["（未完）", "CC BY 4.0", "山中文库 · https://books.example.org/1"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let (_, feed) = app.fetch("/opds/new").await;
    for text in ["<dc:rights>CC BY 4.0</dc:rights>", "<dc:source>https://books.example.org/1</dc:source>"] {
        assert!(feed.contains(text), "{text}: {feed}");
    }
    let (old, whole) = (ContentHash::of(&bytes), serial("连载记", 3));
    let newer = Found { supersedes: Some(&old), ..found("连载记.epub", &whole) };
    app.app.library.add_found(newer, now()).unwrap();
    assert!(!app.say("连载记").await.contains("（未完）"));
}

#[tokio::test]
async fn a_follower_is_told_of_an_update_as_of_a_new_book() {
    let app = TestApp::with_account(SimMode::Plain).await;
    app.say("订阅 某人").await;
    let bytes = serial("连载记", 2);
    app.add("连载记.epub", &bytes);
    let said = app.say("你好").await;
    assert!(said.contains("《连载记》") && !said.contains("有更新"), "{said}");
    let (old, newer) = (ContentHash::of(&bytes), serial("连载记", 3));
    app.app.library.add_found(Found { supersedes: Some(&old), ..found("连载记.epub", &newer) }, now()).unwrap();
    app.clock.advance(Duration::days(1));
    let said = app.say("你好").await;
    assert!(said.contains("《连载记》") && said.contains("（有更新）"), "{said}");
}

#[test]
fn books_are_taken_down_and_lifted_at_the_command_line() {
    let home = Home::with_account(SimMode::Plain);
    let file = home.file("连载记.epub", &serial("连载记", 2));
    let file = file.to_str().unwrap();
    home.done(&["book", "add", file]);
    assert!(home.done(&["book", "take-down", "1", "--reason", "权利人来信"]).contains("shutong book lift 1"));
    let refused = home.run(&["book", "add", file]);
    assert!(refused.err.contains("taken down (权利人来信)") && refused.err.contains("book lift 1"), "{refused:?}");
    let list = home.json(&["book", "take-downs"]);
    assert_eq!((&list["taken_down"][0]["key"], &list["taken_down"][0]["title"]), (&"1".into(), &"连载记".into()));
    home.done(&["book", "lift", "1"]);
    assert!(home.done(&["book", "add", file]).contains("1 new"));
}
