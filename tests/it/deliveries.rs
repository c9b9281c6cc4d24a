//! Pushes through a real mail server, with the executable killed again and again: each book arrives, once, in order.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use shutong::book;
use shutong::store::ContentHash;

use crate::judges;
use crate::support::binary::{Binary, Home};
use crate::support::book_builder::BookBuilder;
use crate::support::exim::Exim;
use crate::support::smtp_sink::SunkLetter;
use crate::support::test_app::account_toml;
use crate::support::wechat_sim::{SimAccount, SimMode, WechatSim};

/// Followers who push, each to an address of their own.
const FOLLOWERS: usize = 5;
/// Books that are judged: all are made alike, and the judge takes its time.
const JUDGED: usize = 3;
/// Longer than any machine is busy.
const LIMIT: Duration = Duration::from_secs(300);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

fn home(exim: &Exim) -> Home {
    let limits = "[limits]\npushes_per_day = 100000\nletters_per_hour = 100000\nletters_per_day = 100000\n";
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    Home::with(&format!("{account}{}[push]\nretry_seconds = 1\n{limits}", exim.toml()))
}

/// Waits until something is there.
#[track_caller]
fn awaited<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < LIMIT, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

async fn said(sim: &WechatSim, follower: &str, text: &str) -> Option<String> {
    let push = sim.text(follower, text);
    let http = sim.post(&sim.request(&push)).await.ok()?;
    Some(sim.judge(&push, &http).expect_text().to_owned())
}

async fn bind(sim: &WechatSim, exim: &Exim, follower: &str, address: &str) {
    let answer = said(sim, follower, &format!("同意绑定 {address}")).await.unwrap();
    assert!(answer.contains("验证码已寄往"), "{answer}");
    let code = awaited("the code", || {
        let mine = exim.letters().into_iter().find(|letter| letter.to[0] == address)?;
        Some(mine.subject().chars().filter(char::is_ascii_digit).collect::<String>())
    });
    let answer = said(sim, follower, &code).await.unwrap();
    assert!(answer.contains("绑好了"), "{answer}");
}

/// Pushes from the follower's next book on until the service is killed or all are acknowledged.
async fn push_on(sim: &WechatSim, follower: usize, next: &mut usize, books: usize) {
    while *next < books {
        let Some(answer) = said(sim, &format!("oReader{follower}"), &format!("推送 {}", title(*next))).await else {
            return;
        };
        let is_acknowledged = answer.contains("这就寄往") || answer.contains("今天已经推送过了");
        assert!(is_acknowledged && answer.contains(&format!("《{}》", title(*next))), "{answer}");
        *next += 1;
    }
}

fn title(number: usize) -> String {
    format!("奇书第{number}卷")
}

fn waiting(home: &Home) -> usize {
    let rows = home.json(&["kindle", "list", "--limit", "100000"]);
    let rows = rows.as_array().unwrap();
    rows.iter().filter(|row| !matches!(row["state"].as_str(), Some("sent" | "failed"))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_push_arrives_once_and_in_order_though_the_service_is_killed_again_and_again() {
    let total = setting("SHUTONG_DELIVERIES", 60) as usize;
    let kills = setting("SHUTONG_KILL_ROUNDS", 6);
    let mut random = setting("SHUTONG_KILL_SEED", 2026);
    let exim = Exim::start();
    let home = home(&exim);
    let books = total / FOLLOWERS;
    let files: Vec<String> = (0..books)
        .map(|number| {
            let file = home.file(&format!("{number}.epub"), &BookBuilder::new(&title(number)).build());
            file.to_str().unwrap().to_owned()
        })
        .collect();
    for some in files.chunks(40) {
        let paths: Vec<&str> = some.iter().map(String::as_str).collect();
        home.done(&[&["book", "add"], &paths[..]].concat());
    }
    home.done(&["reindex"]);
    let mut service = home.serve(&[]);
    let mut sim = service.sim(SimMode::Safe);
    for follower in 0..FOLLOWERS {
        bind(&sim, &exim, &format!("oReader{follower}"), &format!("reader{follower}@kindle.com")).await;
    }
    let mut next = [0; FOLLOWERS];
    let mut killed = 0;
    while next.iter().any(|next| *next < books) || killed < kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let until = Duration::from_millis(50 + (random >> 33) % 1_500);
        let talk = async {
            let talks = next.iter_mut().enumerate().map(|(follower, next)| push_on(&sim, follower, next, books));
            futures_util::future::join_all(talks).await;
        };
        if killed < kills {
            let kill = async {
                // The moment of the fault, which waits for nothing.
                tokio::time::sleep(until).await;
                service.kill9();
            };
            tokio::join!(talk, kill);
            killed += 1;
            service = home.serve(&[]);
            sim = sim.moved_to(service.callback());
        } else {
            talk.await;
        }
    }
    awaited("the end of the queue", || (waiting(&home) == 0).then_some(()));
    let repeated = check(&exim, books).await;
    eprintln!("{killed} kills, {} deliveries, {repeated} of them twice", books * FOLLOWERS);
    service.stop();
    compare(&home, &exim);
}

/// Looks at all that has arrived, and says how much of it came twice.
async fn check(exim: &Exim, books: usize) -> usize {
    let letters = awaited("the last letter", || {
        let letters = books_in(exim);
        (letters.len() >= books * FOLLOWERS).then_some(letters)
    });
    let mut copies: BTreeMap<(String, String), Vec<SunkLetter>> = BTreeMap::new();
    for letter in letters {
        copies.entry((letter.to[0].clone(), letter.subject())).or_default().push(letter);
    }
    assert_eq!(copies.len(), books * FOLLOWERS);
    let mut repeated = 0;
    for (what, letters) in &copies {
        assert!(letters.len() <= 2, "{what:?} came {} times", letters.len());
        repeated += letters.len() - 1;
        let ids: Vec<_> = letters.iter().map(|letter| letter.header("Message-ID")).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{what:?}: {ids:?}");
        let (_, kind, bytes) = letters[0].attachments().remove(0);
        assert_eq!(kind, "application/epub+zip");
        assert_eq!(format!("《{}》", book::read(&bytes, None).unwrap().metadata().title), what.1);
    }
    // The order in which each address got its books first.
    let subject_of: BTreeMap<String, String> = copies
        .iter()
        .map(|((_, subject), letters)| {
            (letters[0].header("Message-ID").unwrap().trim_matches(['<', '>']).to_owned(), subject.clone())
        })
        .collect();
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (to, id) in exim.taken() {
        let Some(subject) = subject_of.get(&id) else { continue };
        let of_one = arrived.entry(to).or_default();
        if !of_one.contains(subject) {
            of_one.push(subject.clone());
        }
    }
    let wanted: Vec<String> = (0..books).map(|number| format!("《{}》", title(number))).collect();
    for (to, subjects) in arrived {
        assert_eq!(subjects, wanted, "{to}");
    }
    repeated
}

/// What has arrived is what the library keeps, to the byte, and where the judge of EPUBs is there, it is sound.
fn compare(home: &Home, exim: &Exim) {
    let arrived: BTreeMap<String, Vec<u8>> =
        books_in(exim).into_iter().map(|letter| (letter.subject(), letter.attachments().remove(0).2)).collect();
    assert!(!arrived.is_empty());
    for (title, bytes) in &arrived {
        let hash = ContentHash::of(bytes);
        let kept = home.folder().join("data/files").join(&hash.as_str()[..2]).join(hash.as_str());
        assert_eq!(&fs::read(&kept).unwrap_or_else(|error| panic!("{title}: {error}")), bytes, "{title}");
    }
    if std::env::var_os("TEST_EPUBCHECK").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (title, bytes) in arrived.iter().take(JUDGED) {
        let path = folder.path().join("arrived.epub");
        fs::write(&path, bytes).unwrap();
        judges::epubcheck(&path).unwrap_or_else(|found| panic!("{title}: {found}"));
    }
}

fn books_in(exim: &Exim) -> Vec<SunkLetter> {
    exim.letters().into_iter().filter(|letter| letter.subject().starts_with('《')).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_has_is_told_of_and_one_that_is_greylisted_gets_its_book() {
    let exim = Exim::start();
    let home = home(&exim);
    let file = home.file("三体.epub", &BookBuilder::new("三体").build());
    home.done(&["book", "add", file.to_str().unwrap()]);
    let service: Binary = home.serve(&[]);
    let sim = service.sim(SimMode::Safe);
    said(&sim, "oNobody", "同意绑定 refused@qq.com").await.unwrap();
    awaited("the refusal", || {
        let rows = home.json(&["kindle", "list", "--failed"]);
        (!rows.as_array().unwrap().is_empty()).then_some(())
    });
    let news = said(&sim, "oNobody", "你好").await.unwrap();
    assert!(news.contains("验证码没能寄到") && news.contains("550"), "{news}");
    bind(&sim, &exim, "oReader", "reader@qq.com").await;
    said(&sim, "oReader", "推送 三体").await.unwrap();
    let letter = awaited("the book", || books_in(&exim).pop());
    assert_eq!(letter.to, ["reader@qq.com"]);
    service.stop();
}
