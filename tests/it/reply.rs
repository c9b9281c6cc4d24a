//! Whole conversations with the desk, over a real store, index and library in a temporary directory. How a text
//! becomes a command, and how lists are laid out, is tested beside the code.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, TimeZone, Utc};
use tempfile::TempDir;

use shutong::alert::Alerts;
use shutong::article::{self, Articles};
use shutong::chat;
use shutong::clock::Clock;
use shutong::config::MediaConfig;
use shutong::kindle::Kindle;
use shutong::library::Library;
use shutong::library::link::Links;
use shutong::media::Media;
use shutong::reply::{Desk, Language, Limits, Rooms, Wordings};
use shutong::statistics::Statistics;
use shutong::store::Store;
use shutong::store::records::FollowerRecord;
use shutong::store::schema::{
    ANSWERED, ANSWERS, FOLLOWER_OF_ALIAS, FOLLOWERS, LATE, NOTICES, PLACES, QUOTAS, REQUESTS,
};
use shutong::token::Tokens;
use shutong::wechat::{Event, Incoming, MessageKind, Reply, ScanCode};

const ACCOUNT: &str = "books";
const READER: &str = "oReader";

/// A desk, a clock that stands until it is moved, and a follower who writes.
struct Chat {
    desk: Desk,
    library: Arc<Library>,
    store: Arc<Store>,
    now: DateTime<Utc>,
    messages: u64,
    dir: TempDir,
}

impl Chat {
    fn new() -> Chat {
        Chat::at(TempDir::new().unwrap(), Language::Zh)
    }

    fn at(dir: TempDir, language: Language) -> Chat {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 4, 0, 0).unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let library = Arc::new(
            Library::open(Arc::clone(&store), &dir.path().join("index"), chrono_tz::Asia::Shanghai, 64 << 20).unwrap(),
        );
        let links = Links::open(&store, "https://books.example.com", Duration::hours(24), [7; 32]).unwrap();
        let wordings = Wordings::new(language, BTreeMap::new()).unwrap();
        let limits = Limits { downloads_per_day: 20, place_minutes: 30, messages_per_minute: 0, searches_per_day: 0 };
        let alerts = Arc::new(Alerts::new(Arc::clone(&store)));
        let media = MediaConfig::default().settings(dir.path());
        let media = Arc::new(Media::open(Arc::clone(&store), Arc::clone(&alerts), media).unwrap());
        let kindle = Kindle::new(
            Arc::clone(&store),
            Arc::clone(&library),
            Arc::clone(&alerts),
            Default::default(),
            [7; 32],
            &[8; 32],
        );
        let tokens = Tokens::open(&store, &Clock::system(), &alerts, Vec::new(), None).unwrap();
        let settings = article::Settings {
            public_url: "https://books.example.com".into(),
            time_zone: chrono_tz::Asia::Shanghai,
            verified: Vec::new(),
        };
        let folder = dir.path().join("articles");
        let articles = Arc::new(Articles::new(Arc::clone(&store), Arc::new(tokens), folder, settings));
        let silent = chat::Chat::new(Arc::clone(&store), Vec::new(), Arc::clone(&alerts));
        let rooms = Rooms {
            library: Arc::clone(&library),
            links: Arc::new(links),
            kindle: Arc::new(kindle),
            media,
            articles,
            chat: Arc::new(silent),
            statistics: Arc::new(Statistics::new(Arc::clone(&store), chrono_tz::Asia::Shanghai)),
        };
        let desk = Desk::new(rooms, wordings, limits);
        Chat { desk, library, store, now, messages: 0, dir }
    }

    fn restarted(self) -> Chat {
        let Chat { desk, library, store, now, messages, dir } = self;
        drop((desk, library, store));
        Chat { now, messages, ..Chat::at(dir, Language::Zh) }
    }

    /// Adds a text file per name, `title - author.txt`.
    fn with_books<T: AsRef<str>>(self, names: &[T]) -> Chat {
        for name in names.iter().map(AsRef::as_ref) {
            let text = format!("第一章 {name}\n\n从前有一本书。\n");
            self.library.add(name, text.as_bytes(), self.now).unwrap();
        }
        self.library.index_changes().unwrap();
        self
    }

    /// Adds an entry without a file.
    fn with_entry(self, title: &str, author: &str) -> Chat {
        let table = format!("id\ttitle\tauthor\tpopularity\nc{title}\t{title}\t{author}\t9\n");
        self.library.import(table.as_bytes(), true, Some(Path::new(".")), self.now, |_| {}).unwrap();
        self.library.index_changes().unwrap();
        self
    }

    fn push(&mut self, kind: MessageKind) -> Incoming {
        self.messages += 1;
        let msg_id = (!matches!(kind, MessageKind::Event(_))).then_some(self.messages);
        let created_at = self.now.timestamp() + i64::try_from(self.messages).unwrap();
        Incoming { to_user: "gh_1".into(), from_user: READER.into(), created_at, msg_id, article: None, kind }
    }

    fn answer(&mut self, kind: MessageKind) -> Reply {
        let incoming = self.push(kind);
        let reply = self.desk.answer(ACCOUNT, &incoming, self.now).unwrap();
        reply.check(&incoming).unwrap();
        reply
    }

    fn say(&mut self, text: &str) -> String {
        self.tap(text, None)
    }

    fn tap(&mut self, text: &str, menu_id: Option<&str>) -> String {
        text_of(self.answer(typed(text, menu_id)))
    }

    fn happen(&mut self, event: Event) -> Reply {
        self.answer(MessageKind::Event(event))
    }

    fn follower(&self) -> Option<FollowerRecord> {
        self.store.get(&FOLLOWERS, &key()).unwrap()
    }

    /// What is said, and what must be in the answer; after `!`, what must not.
    #[track_caller]
    fn check(&mut self, conversation: &[(&str, &[&str])]) {
        for (said, expected) in conversation {
            let answer = self.say(said);
            for part in *expected {
                match part.strip_prefix('!') {
                    Some(absent) => assert!(!answer.contains(absent), "{said}: {absent} is in\n{answer}"),
                    None => assert!(answer.contains(part), "{said}: {part} is not in\n{answer}"),
                }
            }
        }
    }
}

fn typed(text: &str, menu_id: Option<&str>) -> MessageKind {
    MessageKind::Text { content: text.to_owned(), menu_id: menu_id.map(str::to_owned) }
}

fn text_of(reply: Reply) -> String {
    match reply {
        Reply::Text(text) => text,
        other => panic!("no text: {other:?}"),
    }
}

fn key() -> (String, String) {
    (ACCOUNT.to_owned(), READER.to_owned())
}

/// The menu ids of the links in an answer, in order.
fn ids_in(answer: &str) -> Vec<&str> {
    let ids = answer.split("msgmenuid=").skip(1).filter_map(|rest| rest.split('"').next());
    ids.filter(|id| id.starts_with('b')).collect()
}

fn shelf_of(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("星海纪事之{}.txt", name_of(number))).collect()
}

/// A Chinese name of its own for each number, without numerals.
fn name_of(number: usize) -> String {
    let signs: Vec<char> = "甲乙丙丁戊己庚辛壬癸".chars().collect();
    format!("{}{}", signs[number / 10 % 10], signs[number % 10])
}

#[test]
fn a_follower_requests_only_so_many_books_a_day() {
    let mut chat = Chat::new();
    for number in 0..20 {
        chat.check(&[(&format!("求书 第{number}种不存在的奇书"), &["记下了"])]);
    }
    chat.check(&[("求书 再来一种不存在的奇书", &["明天"])]);
    assert_eq!(chat.library.counts().unwrap().requests, 20);
    chat.now += Duration::days(1);
    chat.check(&[("求书 再来一种不存在的奇书", &["记下了"])]);
}

#[test]
fn words_inside_books_are_found_when_no_title_has_them() {
    let mut chat = Chat::new().with_books(&["三体 - 刘慈欣.txt"]);
    chat.check(&[("从前有一本书", &["写到过", "从前有一本书", "三体"]), ("1", &["刘慈欣"])]);
}

#[test]
fn a_title_brings_its_card() {
    let mut chat = Chat::new().with_books(&["三体 - 刘慈欣.txt", "活着 - 余华.txt"]);
    let card = chat.say("三体");
    for part in ["《三体》", "刘慈欣", "https://books.example.com/dl/1/txt?u=", ">TXT</a> 1 KB", ">点击打开</a>"]
    {
        assert!(card.contains(part), "{part} is not in\n{card}");
    }
    let alias = chat.follower().unwrap().alias;
    assert_eq!(alias.len(), 16);
    assert!(card.contains(&format!("u={alias}&")));
    chat.check(&[
        ("三体 azw3", &["/dl/1/azw3?u=", ">AZW3</a>", ">TXT</a>", "!没有"]),
        ("三体 pdf", &["没有 PDF 格式", ">TXT</a>"]),
        ("求书", &["馆里就有", "《三体》"]),
    ]);
}

#[test]
fn lists_are_turned_and_picked_from() {
    let mut chat = Chat::new().with_books(&shelf_of(20));
    chat.check(&[
        ("n", &["没有打开的列表（30 分钟"]),
        ("最新", &["最新上架", "1. 星海纪事", "9. 星海纪事", "!10. ", "第 1–9 本，共 20 本", "下一页", "!上一页"]),
        ("p", &["这就是第一页"]),
        ("n", &["10. 星海纪事", "18. 星海纪事", "!9. 星", "第 10–18 本", "上一页", "下一页"]),
        ("下一页", &["19. 星海纪事", "20. 星海纪事", "第 19–20 本", "!下一页"]),
        ("n", &["到底了，一共 20 本"]),
        ("p", &["10. 星海纪事", "18. "]),
        ("１", &["《星海纪事之乙癸》"]),
        ("二十", &["《星海纪事之甲甲》"]),
        ("第3本", &["《星海纪事之乙辛》"]),
        ("99", &["列表一共 20 本，没有第 99 本"]),
        ("取消", &["取消了"]),
        ("3", &["没有打开的列表，也没找到叫“3”的书"]),
    ]);
}

#[test]
fn a_search_lists_and_a_link_still_works_later() {
    let mut chat = Chat::new().with_books(&shelf_of(12));
    let list = chat.say("星海纪事");
    let ids: Vec<String> = ids_in(&list).into_iter().map(str::to_owned).collect();
    assert_eq!(ids.len(), 9, "{list}");
    let first_title = chat.say("1");
    chat.say("热门");
    chat.now += Duration::minutes(45);
    assert_eq!(chat.tap("1", Some(&ids[0])).lines().next(), first_title.lines().next());
}

#[test]
fn titles_that_look_like_something_else() {
    let mut chat =
        Chat::new().with_books(&["1984 - 奥威尔.txt", "帮助 - 斯托克特.txt", "三体 - 刘慈欣.txt", "三 - 某人.txt"]);
    chat.check(&[
        ("1984", &["《1984》"]),
        ("帮助", &["发书名或作者", "!斯托克特"]),
        ("找 帮助", &["《帮助》", "斯托克特"]),
        ("《帮助》", &["《帮助》", "斯托克特"]),
        ("三", &["《三》"]),
        ("三体", &["《三体》", "刘慈欣"]),
        ("最新", &["3. 帮助", "4. 1984"]),
        ("三", &["《帮助》", "斯托克特"]),
        ("1984", &["《1984》"]),
    ]);
}

#[test]
fn what_is_missing_can_be_requested_and_is_told_when_it_comes() {
    let mut chat = Chat::new().with_books(&["活着 - 余华.txt"]);
    chat.check(&[
        ("求书", &["想求哪本书"]),
        ("时间的秩序", &["没找到“时间的秩序”", "求书"]),
        ("求书", &["记下了：《时间的秩序》", "有 1 位"]),
        ("求书", &["有 1 位"]),
        ("求书 活着", &["馆里就有", "《活着》"]),
        ("我的", &["今天下载 0 次，每天最多 20 次", "在等的书：\n时间的秩序"]),
    ]);
    assert_eq!(chat.library.counts().unwrap().requests, 1);
    let mut chat = chat.with_books(&["时间的秩序 - 罗韦利.txt"]);
    chat.check(&[
        ("帮助", &["您求的书到了：", "《时间的秩序》", "发书名或作者"]),
        ("帮助", &["!您求的书到了"]),
        ("我的", &["!时间的秩序"]),
    ]);
    assert!(chat.store.page(&NOTICES, None, 9).unwrap().is_empty());
}

#[test]
fn an_entry_of_a_catalogue_is_one_tap_from_a_request() {
    let mut chat = Chat::new().with_entry("宇宙的琴弦", "格林");
    chat.check(&[
        ("宇宙的琴弦", &["《宇宙的琴弦》", "还没有这本书的文件", "msgmenucontent=求书"]),
        ("求书", &["记下了：《宇宙的琴弦》", "有 1 位"]),
        ("求书 宇宙的琴弦", &["有 1 位"]),
    ]);
}

#[test]
fn the_same_message_has_one_answer_and_one_effect() {
    let mut chat = Chat::new();
    chat.say("没有的书名");
    let incoming = chat.push(typed("求书", None));
    let answers: Vec<Reply> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            (0..4).map(|_| scope.spawn(|| chat.desk.answer(ACCOUNT, &incoming, chat.now).unwrap())).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let later = chat.now + Duration::seconds(10);
    assert_eq!(chat.desk.answer(ACCOUNT, &incoming, later).unwrap(), answers[0]);
    assert_eq!(chat.store.page(&REQUESTS, None, 9).unwrap()[0].1.count, 1);
}

#[test]
fn a_command_without_effect_writes_nothing() {
    let mut chat = Chat::new();
    chat.say("帮助");
    for text in ["帮助", "隐私", "谢谢", "你好", "我的", "删除我的数据"] {
        chat.say(text);
    }
    assert!(chat.store.page(&ANSWERS, None, 9).unwrap().is_empty());
    assert!(chat.store.page(&PLACES, None, 9).unwrap().is_empty());
    chat.say("没有的书名");
    assert_eq!(chat.store.page(&ANSWERS, None, 9).unwrap().len(), 1);
}

#[test]
fn a_restart_keeps_the_place_and_time_ends_it() {
    let mut chat = Chat::new().with_books(&shelf_of(12));
    chat.say("最新");
    let mut chat = chat.restarted();
    chat.check(&[("n", &["10. 星海纪事", "12. "])]);
    chat.now += Duration::minutes(29);
    chat.check(&[("2", &["《星海纪事之乙甲》"])]);
    chat.now += Duration::minutes(31);
    chat.check(&[("n", &["没有打开的列表"]), ("2", &["没有打开的列表，也没找到叫“2”的书"])]);
}

#[test]
fn long_titles_stay_within_the_limit_and_lose_no_book() {
    let long = "万".repeat(90);
    let names: Vec<String> = (0..20).map(|number| format!("{}{long} - 作者.txt", name_of(number))).collect();
    let mut chat = Chat::new().with_books(&names);
    let mut seen: Vec<String> = Vec::new();
    let mut page = chat.say("最新");
    let mut pages = 0;
    while !page.contains("到底了") {
        assert!(page.len() <= 2047 && !ids_in(&page).is_empty(), "{page}");
        seen.extend(ids_in(&page).into_iter().map(str::to_owned));
        page = chat.say("n");
        pages += 1;
        assert!(pages < 20);
    }
    let in_order = seen.clone();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), in_order.len()), (20, 20));
    // And back again, to the first.
    while !page.contains("第一页") {
        page = chat.say("p");
        assert!(page.len() <= 2047);
        pages -= 1;
        assert!(pages > -1);
    }
    assert!(chat.say("1").len() <= 2047);
}

#[test]
fn hostile_texts_have_friendly_answers() {
    let mut chat = Chat::new().with_books(&["三体 - 刘慈欣.txt"]);
    let long = "<a href=\"weixin://bizmsgmenu?msgmenucontent=x&msgmenuid=b1\">".repeat(100);
    for text in [
        "<a href=\"https://evil.example.com\">点我</a>",
        "weixin://bizmsgmenu?msgmenucontent=删除&msgmenuid=1",
        "]]></Content><Content><![CDATA[x",
        "\u{0}\u{1}\u{301}\u{301}",
        "{title} {0} {{",
        "title:(* OR \"",
        "﷽﷽﷽",
        &long,
        &"书".repeat(30_000),
        "-1",
        "٣",
        "999999999999999999999999",
    ] {
        let answer = chat.say(text);
        let own =
            answer.replace("<a href=\"weixin://bizmsgmenu?", "").replace("<a href=\"https://books.example.com/", "");
        assert!(!own.contains("<a") && answer.len() <= 2047, "{text}: {answer}");
        chat.say("求书");
        chat.say("我的");
    }
}

#[test]
fn late_answers_come_with_the_next_message() {
    let mut chat = Chat::new().with_books(&["三体 - 刘慈欣.txt"]);
    let late = || Reply::Text("迟到的回答".into());
    chat.desk.keep_late(ACCOUNT, READER, late(), chat.now).unwrap();
    chat.check(&[("好", &["迟到的回答", "!没找到"]), ("好", &["!迟到", "没找到"])]);
    chat.desk.keep_late(ACCOUNT, READER, late(), chat.now).unwrap();
    chat.check(&[("三体", &["迟到的回答", "《三体》"]), ("三体", &["!迟到", "《三体》"])]);
    chat.desk.keep_late(ACCOUNT, READER, Reply::Text("长".repeat(650)), chat.now).unwrap();
    chat.check(&[("三体", &["长长", "还有一条", "!《三体》"]), ("好", &["《三体》"]), ("好", &["没找到"])]);
    // Asked again, the late answer is still the answer to that message.
    chat.desk.keep_late(ACCOUNT, READER, late(), chat.now).unwrap();
    let incoming = chat.push(typed("1", None));
    let first = chat.desk.answer(ACCOUNT, &incoming, chat.now).unwrap();
    assert_eq!(chat.desk.answer(ACCOUNT, &incoming, chat.now).unwrap(), first);
    assert_eq!(first, late());
    assert!(chat.store.get(&LATE, &key()).unwrap().is_none());
}

#[test]
fn events_and_other_kinds() {
    let mut chat = Chat::new().with_books(&["三体 - 刘慈欣.txt"]);
    let code = |result: &str| ScanCode { key: "isbn".into(), scan_type: "qrcode".into(), result: result.into() };
    let voice = |recognition: Option<&str>| MessageKind::Voice {
        media_id: "m".into(),
        format: "amr".into(),
        recognition: recognition.map(str::to_owned),
    };
    let welcome = text_of(chat.happen(Event::Subscribe { key: String::new(), ticket: None }));
    assert!(welcome.contains("我是书童"));
    let scanned = text_of(chat.happen(Event::Subscribe { key: "qrscene_三体".into(), ticket: None }));
    assert!(scanned.contains("我是书童") && scanned.contains("《三体》"), "{scanned}");
    assert!(text_of(chat.happen(Event::Click { key: "帮助".into() })).contains("发书名或作者"));
    assert!(text_of(chat.happen(Event::Scan { scene: "三体".into(), ticket: None })).contains("《三体》"));
    assert!(text_of(chat.happen(Event::ScanCodeWait(code("三体")))).contains("《三体》"));
    assert!(text_of(chat.answer(voice(Some("三体。")))).contains("《三体》"));
    assert!(text_of(chat.answer(voice(None))).contains("没听出来"));
    let image = MessageKind::Image { pic_url: String::new(), media_id: "m".into() };
    assert!(text_of(chat.answer(image)).contains("我只认识文字"));
    assert_eq!(chat.happen(Event::View { url: "https://e.cn".into(), menu_id: None }), Reply::Nothing);
    assert_eq!(chat.happen(Event::Unknown { name: "x".into(), key: String::new() }), Reply::Nothing);
    assert_eq!(chat.answer(MessageKind::Unknown("hologram".into())), Reply::Nothing);
}

#[test]
fn following_leaving_and_coming_back_are_counted() {
    let mut chat = Chat::new();
    let following = |chat: &Chat| chat.library.counts().unwrap().followers;
    chat.happen(Event::Subscribe { key: String::new(), ticket: None });
    assert_eq!(following(&chat), 1);
    let gone = chat.push(MessageKind::Event(Event::Unsubscribe));
    assert_eq!(chat.desk.answer(ACCOUNT, &gone, chat.now).unwrap(), Reply::Nothing);
    assert_eq!((following(&chat), chat.follower().unwrap().left_at), (0, Some(chat.now)));
    chat.happen(Event::Subscribe { key: String::new(), ticket: None });
    // The platform repeats the old event: the follower stays.
    chat.desk.answer(ACCOUNT, &gone, chat.now).unwrap();
    assert_eq!((following(&chat), chat.follower().unwrap().left_at), (1, None));
}

#[test]
fn blocked_followers_hear_nothing() {
    let mut chat = Chat::new();
    chat.say("帮助");
    let mut follower = chat.follower().unwrap();
    follower.blocked = true;
    let blocked = |write: &mut shutong::store::Write<'_>| write.put(&FOLLOWERS, &key(), &follower);
    chat.store.write(shutong::store::Durability::Soon, blocked).unwrap();
    assert_eq!(chat.answer(typed("帮助", None)), Reply::Nothing);
    chat.desk.forget(ACCOUNT, READER).unwrap();
    let kept = chat.follower().unwrap();
    assert!(kept.blocked && kept.alias.is_empty());
    assert_eq!(chat.answer(typed("帮助", None)), Reply::Nothing);
}

/// What is kept in memory of a follower gives way to everything that is written, and to time.
#[test]
fn an_answer_at_once_knows_what_has_happened_since() {
    let mut chat = Chat::new();
    chat.say("帮助");
    let at_once = |chat: &mut Chat| {
        let incoming = chat.push(typed("帮助", None));
        chat.desk.answer_at_once(ACCOUNT, &incoming, chat.now).unwrap()
    };
    for _ in 0..2 {
        assert!(at_once(&mut chat).is_some_and(|reply| text_of(reply).contains("发书名或作者")));
    }
    chat.desk.keep_late(ACCOUNT, READER, Reply::Text("迟到的回答".into()), chat.now).unwrap();
    assert_eq!(at_once(&mut chat), None, "a late answer waits");
    chat.check(&[("帮助", &["迟到的回答"])]);
    assert!(at_once(&mut chat).is_some());
    let notice = (shutong::library::requests::follower_key(ACCOUNT, READER), "1".to_owned());
    let durability = shutong::store::Durability::Soon;
    chat.store.write(durability, |write: &mut shutong::store::Write<'_>| write.put(&NOTICES, &notice, &1)).unwrap();
    assert_eq!(at_once(&mut chat), None, "a notice waits");
    chat.store
        .write(durability, |write| {
            write.delete(&NOTICES, &notice);
            Ok::<_, shutong::store::Error>(())
        })
        .unwrap();
    assert!(at_once(&mut chat).is_some());
    chat.now += Duration::hours(2);
    assert_eq!(at_once(&mut chat), None, "not seen for an hour, which has to be noted");
    chat.say("帮助");
    let mut follower = chat.follower().unwrap();
    assert!(at_once(&mut chat).is_some());
    follower.blocked = true;
    chat.store
        .write(durability, |write: &mut shutong::store::Write<'_>| write.put(&FOLLOWERS, &key(), &follower))
        .unwrap();
    assert_eq!(at_once(&mut chat), Some(Reply::Nothing));
}

#[test]
fn deleting_leaves_no_trace() {
    let mut chat = Chat::new().with_books(&["三体 - 刘慈欣.txt"]);
    chat.check(&[("三体", &["《三体》"]), ("没有的书名", &["没找到"]), ("求书", &["记下了"])]);
    chat.happen(Event::Click { key: "最新".into() });
    let alias = chat.follower().unwrap().alias;
    chat.library.download(1, "txt", &alias, 20, chat.now).unwrap();
    chat.check(&[("我的", &["今天下载 1 次", "《三体》".trim_matches(['《', '》'])])]);
    chat.desk.keep_late("other", READER, Reply::Text("另一个号".into()), chat.now).unwrap();
    chat.check(&[("删除我的数据", &["确认删除"])]);
    assert!(dump(&chat).contains(&alias));
    chat.check(&[("确认删除", &["已经全部删除"])]);
    let left = dump(&chat);
    assert!(!left.contains(&alias) && !left.contains(&hex(&alias)), "{left}");
    // What belongs to another account is another follower's.
    assert_eq!(left.lines().filter(|line| line.contains(&hex(READER))).count(), 1, "{left}");
    assert_eq!((chat.library.counts().unwrap().followers, chat.library.counts().unwrap().requests), (0, 0));
    chat.check(&[("三体", &["《三体》"])]);
    assert_ne!(chat.follower().unwrap().alias, alias);
}

#[test]
fn sweeping_forgets_in_time() {
    let mut chat = Chat::new().with_books(&["三体 - 刘慈欣.txt"]);
    chat.say("三体");
    let alias = chat.follower().unwrap().alias;
    chat.library.download(1, "txt", &alias, 20, chat.now).unwrap();
    chat.happen(Event::Unsubscribe);
    let swept = chat.desk.sweep(chat.now).unwrap();
    assert_eq!(swept, shutong::reply::Swept::default());
    let swept = chat.desk.sweep(chat.now + Duration::hours(25)).unwrap();
    assert_eq!((swept.answers, swept.places, swept.quotas, swept.followers), (1, 1, 0, 0));
    assert!(chat.store.page(&ANSWERED, None, 9).unwrap().is_empty());
    assert_eq!(chat.desk.sweep(chat.now + Duration::days(4)).unwrap().quotas, 2);
    assert!(chat.store.page(&QUOTAS, None, 9).unwrap().is_empty());
    assert_eq!(chat.desk.sweep(chat.now + Duration::days(31)).unwrap().followers, 1);
    assert!(chat.follower().is_none());
    assert!(chat.store.get(&FOLLOWER_OF_ALIAS, &alias).unwrap().is_none());
}

#[test]
fn english_and_changed_wordings() {
    let mut chat = Chat::at(TempDir::new().unwrap(), Language::En).with_books(&["Walden - Henry Thoreau.txt"]);
    chat.check(&[
        ("help", &["Send a title or an author", "msgmenucontent=popular"]),
        ("walden", &["Walden", "by Henry Thoreau", "Download: "]),
        ("zzzz qqqq", &["was not found"]),
        ("request", &["Noted: ", "Waiting for it now: 1"]),
    ]);
    let changed = BTreeMap::from([("thanks".to_owned(), "Any time.".to_owned())]);
    chat.desk.set_wordings(Wordings::new(Language::En, changed).unwrap());
    assert_eq!(chat.say("thanks"), "Any time.");
}

/// Everything in the store, as its export writes it: keys in hexadecimal, values as text.
fn dump(chat: &Chat) -> String {
    let mut out = Vec::new();
    chat.store.export(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
