//! The callback under load: what a message costs beyond the search that it asks for.
//!
//! ```text
//! cargo bench --bench callback
//! ```
//! 64 connections that stay open send encrypted messages from a process of their own, so that the processor time
//! measured here is the service's alone. Three kinds: to the accept loop with a constant answer (a), 帮助 (b), and
//! searches over made-up books (c), whose cost is compared with the same searches without any service.
//! `SHUTONG_BENCH_BOOKS`, `SHUTONG_BENCH_REQUESTS` and `SHUTONG_BENCH_SEARCHES` change the sizes.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod load;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shutong::app::App;
use shutong::clock::Clock;
use shutong::config::Config;
use shutong::server::{self, Patience, Webhook};
use shutong::wechat::{self, Saying};
use warp::Filter;

use load::{Outcome, print_line, processor_time, run, setting};

/// How often (a) and (b), and (c) and the bare searches, take turns: what else the machine does comes and goes, and both should have their share of it.
const ROUNDS: usize = 5;
const ACCOUNT: &str = "[[account]]\nname = \"main\"\napp_id = \"wx0123456789abcdef\"\ntoken = \"benchtoken\"\n\
    encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\nmode = \"safe\"\n\
    [limits]\nmessages_per_minute = 1000000000\nsearches_per_day = 1000000000\n";

fn main() -> Outcome<()> {
    match load::order() {
        Some(order) => load::be_the_load(&order),
        None => measure(),
    }
}

fn measure() -> Outcome<()> {
    let books = setting("SHUTONG_BENCH_BOOKS", 100_000)?;
    let requests = setting("SHUTONG_BENCH_REQUESTS", 40_000)?;
    let searches = setting("SHUTONG_BENCH_SEARCHES", 10_000)?;
    let data = tempfile::tempdir()?;
    let config = Config::parse(ACCOUNT, data.path(), [])?;
    let app = Arc::new(App::open(config, data.path(), "https://books.example.com", Clock::system())?);
    fill(&app, books, data.path())?;
    let queries = queries(books, searches);

    let helps = written(&app, data.path(), "help", (0..requests).map(|_| "帮助".to_owned()))?;
    // As long as an answer to 帮助, so that what is compared is the work and not the length.
    let answer = one_answer(&app)?;
    let constant = warp::any().map(move || warp::reply::with_header(answer, "content-type", "application/xml"));
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let a = run(&helps, |listener, limits, stop| server::serve(listener, constant, limits, stop))?;
        print_line("(a) accept loop, constant answer", &a);
        let b = run(&helps, |listener, limits, stop| {
            let webhook = Arc::new(Webhook::new(Arc::clone(&app), Patience::default()));
            server::serve(listener, server::public(Arc::clone(&app), webhook), limits, stop)
        })?;
        print_line("(b) 帮助", &b);
        rounds.push((a, b));
    }
    let slowest = rounds.iter().flat_map(|(a, b)| [a.most, b.most]).fold(0.0, f64::max);
    let mut ratios: Vec<f64> = rounds.iter().map(|(a, b)| b.rate() / a.rate()).collect();
    ratios.sort_by(f64::total_cmp);

    let mut slowest = slowest;
    let mut costs = Vec::new();
    for (round, queries) in queries.chunks(queries.len().div_ceil(ROUNDS)).enumerate() {
        let bare = bare(&app, queries)?;
        println!("{:<34} {:>8.0} µs of processor each", "the bare searches", bare.as_secs_f64() * 1e6);
        // The name's length goes into the messages' numbers: no round's messages are another's again.
        let file = written(&app, data.path(), &format!("search{}", "+".repeat(round)), queries.iter().cloned())?;
        let c = run(&file, |listener, limits, stop| {
            let webhook = Arc::new(Webhook::new(Arc::clone(&app), Patience::default()));
            server::serve(listener, server::public(Arc::clone(&app), webhook), limits, stop)
        })?;
        print_line("(c) searches", &c);
        slowest = f64::max(slowest, c.most);
        costs.push(c.each() / bare.as_secs_f64());
    }
    costs.sort_by(f64::total_cmp);

    println!(
        "(b) / (a)            {:.2} of the requests per second (from {:.2} to {:.2}); at least 0.50",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
    println!(
        "(c) / bare search    {:.2} of the processor time (from {:.2} to {:.2}); at most 1.30",
        costs[costs.len() / 2],
        costs[0],
        costs[costs.len() - 1]
    );
    println!("slowest answer       {:.3} s; at most 4.5", slowest / 1e6);
    Ok(())
}

/// A sealed answer to 帮助.
fn one_answer(app: &Arc<App>) -> Outcome<&'static [u8]> {
    let account = app.account("main").ok_or("no account")?;
    let now = app.clock.now().timestamp();
    let push =
        wechat::push(account, "oSample", &Saying::Text { text: "帮助", menu_id: None, msg_id: 1 }, now, now, [1; 16]);
    let webhook = Webhook::new(Arc::clone(app), Patience::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(webhook.handle("main", &push.query, push.body.as_bytes()));
    println!("an answer to 帮助 has {} bytes", answer.body.len());
    Ok(answer.body.leak())
}

/// What one search costs without a service, on as many threads as the service has cores: two hyperthreads of one core
/// each take longer than one alone.
fn bare(app: &App, queries: &[String]) -> Outcome<Duration> {
    let threads = std::thread::available_parallelism()?.get();
    let before = processor_time()?;
    std::thread::scope(|scope| {
        let share = queries.len().div_ceil(threads);
        let workers: Vec<_> = queries
            .chunks(share)
            .map(|queries| scope.spawn(|| queries.iter().try_for_each(|query| app.library.find(query).map(drop))))
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a search panicked")?.map_err(Into::into))
    })
    .map_err(|error: Box<dyn Error + Send + Sync>| error)?;
    Ok((processor_time()? - before) / u32::try_from(queries.len())?)
}

/// Imports made-up books, as a catalogue is imported.
fn fill(app: &App, books: usize, folder: &Path) -> Outcome<()> {
    let started = Instant::now();
    let mut table = String::from("id\ttitle\tauthor\tlanguage\tpopularity\n");
    for number in 0..books {
        let _ = writeln!(table, "c{number}\t{}\t{}\tzh\t{}", title(number), author(number), books - number);
    }
    app.library.import(table.as_bytes(), true, Some(folder), app.clock.now(), |_| {})?;
    app.library.index_changes()?;
    println!("{books} books imported and indexed in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn title(number: usize) -> String {
    const FIRST: [&str; 20] = [
        "红色", "白夜", "长安", "江南", "草原", "边城", "黄河", "北京", "上海", "雪山", "大海", "星空", "青春", "故乡",
        "时间", "战争", "爱情", "秋天", "月亮", "森林",
    ];
    const SECOND: [&str; 25] = [
        "往事", "故事", "传奇", "笔记", "行者", "简史", "之歌", "日记", "书信", "迷宫", "之路", "风云", "英雄", "少年",
        "姑娘", "记忆", "秘密", "帝国", "家族", "花园", "城堡", "灯火", "河流", "旅人", "先生",
    ];
    const THIRD: [&str; 20] = [
        "", "续集", "前传", "全集", "新编", "选集", "外传", "精选", "别册", "上卷", "下卷", "初稿", "手记", "评注",
        "图说", "漫谈", "札记", "别录", "拾遗", "补遗",
    ];
    let (first, rest) = (number % 20, number / 20);
    let (second, rest) = (rest % 25, rest / 25);
    let (third, rest) = (rest % 20, rest / 20);
    let volume = if rest == 0 { String::new() } else { format!(" {rest}") };
    format!("{}{}{}{volume}", FIRST[first], SECOND[second], THIRD[third])
}

fn author(number: usize) -> String {
    const FAMILY: [&str; 10] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"];
    const GIVEN: [&str; 30] = [
        "伟", "芳", "娜", "敏", "静", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "兰", "霞",
        "平", "刚", "桂英", "文华", "建国", "志强", "秀兰", "晓东", "雨桐", "思远", "子涵", "一鸣",
    ];
    format!("{}{}", FAMILY[number % 10], GIVEN[number / 10 % 30])
}

/// Titles, most of them whole, as followers write them; some with the author, some without their end.
fn queries(books: usize, count: usize) -> Vec<String> {
    let one = |number: usize| {
        let book = number * 7_919 % books;
        match number % 10 {
            0..=5 => title(book),
            6 | 7 => format!("{} {}", title(book), author(book)),
            8 => title(book).chars().take(3).collect(),
            _ => format!("有没有《{}》", title(book)),
        }
    };
    (0..count).map(one).collect()
}

/// Writes one encrypted request per text into a file, so that signing costs nothing while it is measured.
fn written(app: &App, folder: &Path, name: &str, texts: impl Iterator<Item = String>) -> Outcome<std::path::PathBuf> {
    let account = app.account("main").ok_or("no account")?;
    let path = folder.join(name);
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    let now = app.clock.now().timestamp();
    for (number, text) in texts.enumerate() {
        // Another number for every file, so that no answer is an old one.
        let msg_id = (name.len() * 1_000_000_000 + number) as u64;
        let saying = Saying::Text { text: &text, menu_id: None, msg_id };
        let follower = format!("oFollower{}", number % 500);
        let push = wechat::push(account, &follower, &saying, now, now, u128::from(msg_id).to_le_bytes());
        let request = format!(
            "POST /wechat/main?{} HTTP/1.1\r\nHost: bench\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{}",
            push.query,
            push.body.len(),
            push.body
        );
        load::write(&mut file, request.as_bytes())?;
    }
    file.flush()?;
    Ok(path)
}
