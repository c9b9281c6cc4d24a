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

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shutong::app::App;
use shutong::clock::Clock;
use shutong::config::Config;
use shutong::server::{self, ConnectionLimits, Patience, Webhook};
use shutong::wechat::{self, Saying};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use warp::Filter;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CONNECTIONS: usize = 64;
/// How often (a) and (b) take turns: what else the machine does comes and goes, and both should have their share of it.
const ROUNDS: usize = 5;
/// Set for the process that is the load.
const LOAD: &str = "SHUTONG_BENCH_LOAD";
const ACCOUNT: &str = "[[account]]\nname = \"main\"\napp_id = \"wx0123456789abcdef\"\ntoken = \"benchtoken\"\n\
    encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\nmode = \"safe\"\n";

fn main() -> Outcome<()> {
    match std::env::var(LOAD) {
        Ok(order) => be_the_load(&order),
        Err(_) => measure(),
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
        let a = run(&helps, &app, |listener, limits, stop| server::serve(listener, constant, limits, stop))?;
        print_line("(a) accept loop, constant answer", &a);
        let b = run(&helps, &app, |listener, limits, stop| {
            let webhook = Arc::new(Webhook::new(Arc::clone(&app), Patience::default()));
            server::serve(listener, server::public(Arc::clone(&app), webhook), limits, stop)
        })?;
        print_line("(b) 帮助", &b);
        rounds.push((a, b));
    }
    let slowest = rounds.iter().flat_map(|(a, b)| [a.most, b.most]).fold(0.0, f64::max);
    let mut ratios: Vec<f64> = rounds.iter().map(|(a, b)| b.rate() / a.rate()).collect();
    ratios.sort_by(f64::total_cmp);

    let bare = bare(&app, &queries)?;
    println!("{:<34} {:>8.0} µs of processor each", "the bare searches", bare.as_secs_f64() * 1e6);
    let file = written(&app, data.path(), "search", queries.iter().cloned())?;
    let c = run(&file, &app, |listener, limits, stop| {
        let webhook = Arc::new(Webhook::new(Arc::clone(&app), Patience::default()));
        server::serve(listener, server::public(Arc::clone(&app), webhook), limits, stop)
    })?;
    print_line("(c) searches", &c);

    println!(
        "(b) / (a)            {:.2} of the requests per second (from {:.2} to {:.2}); at least 0.50",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
    println!("(c) / bare search    {:.2} of the processor time; at most 1.30", c.each() / bare.as_secs_f64());
    println!("slowest answer       {:.3} s; at most 4.5", slowest.max(c.most) / 1e6);
    Ok(())
}

/// What one load came to. Times of answers in microseconds.
struct Load {
    requests: f64,
    seconds: f64,
    processor: Duration,
    p50: f64,
    p99: f64,
    most: f64,
    wrong: f64,
}

impl Load {
    fn rate(&self) -> f64 {
        self.requests / self.seconds
    }

    /// Seconds of the service's processor time for one request.
    fn each(&self) -> f64 {
        self.processor.as_secs_f64() / self.requests
    }
}

fn print_line(name: &str, load: &Load) {
    let Load { p50, p99, most, wrong, .. } = load;
    println!(
        "{name:<34} {:>8.0} requests/s, {:>6.0} µs of processor each, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms, {wrong} wrong",
        load.rate(),
        load.each() * 1e6,
        p50 / 1e3,
        p99 / 1e3,
        most / 1e3
    );
}

/// Serves while another process sends what the file holds.
fn run<S: Future<Output = ()> + Send + 'static>(
    file: &Path,
    app: &Arc<App>,
    serve: impl FnOnce(TcpListener, ConnectionLimits, std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) -> S,
) -> Outcome<Load> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(128).build()?;
    let limits = ConnectionLimits::of(app.config.limits.connections);
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let order = format!("{} {}", listener.local_addr()?, file.display());
        let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
        let stopped = Box::pin(async {
            let _ = stopping.await;
        });
        let served = tokio::spawn(serve(listener, limits, stopped));
        let before = processor_time()?;
        let program = std::env::current_exe()?;
        let load = move || std::process::Command::new(program).env(LOAD, order).output();
        let output = tokio::task::spawn_blocking(load).await??;
        let processor = processor_time()? - before;
        let _ = stop.send(());
        served.await?;
        let text = String::from_utf8(output.stdout)?;
        let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [requests, seconds, p50, p99, most, wrong] = numbers[..] else {
            return Err(format!("the load failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        };
        Ok(Load { requests, seconds, processor, p50, p99, most, wrong })
    })
}

/// User and system time of all this process's threads so far, in hundredths of a second.
fn processor_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program may hold spaces; it ends with a parenthesis.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// The processor time of one search without a service.
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

fn setting(name: &str, default: usize) -> Outcome<usize> {
    Ok(std::env::var(name).ok().map(|text| text.parse()).transpose()?.unwrap_or(default))
}

/// Imports made-up books, as a catalogue is imported.
fn fill(app: &App, books: usize, folder: &Path) -> Outcome<()> {
    let started = Instant::now();
    let mut table = String::from("id\ttitle\tauthor\tlanguage\tpopularity\n");
    for number in 0..books {
        let _ = writeln!(table, "c{number}\t{}\t{}\tzh\t{}", title(number), author(number), books - number);
    }
    app.library.import(table.as_bytes(), true, folder, app.clock.now(), |_| {})?;
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
        file.write_all(&(request.len() as u32).to_le_bytes())?;
        file.write_all(request.as_bytes())?;
    }
    file.flush()?;
    Ok(path)
}

/// Sends everything in the file over [`CONNECTIONS`] connections and prints the figures of [`Load`].
fn be_the_load(order: &str) -> Outcome<()> {
    let (address, file) = order.split_once(' ').ok_or("an address and a file")?;
    let bytes = std::fs::read(file)?;
    let mut requests: Vec<&[u8]> = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (request, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        requests.push(request);
        rest = behind;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (seconds, mut waits, wrong) = runtime.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            connections.push(stream);
        }
        let started = Instant::now();
        let shares = connections.into_iter().enumerate().map(|(number, stream)| {
            let share = requests.iter().copied().skip(number).step_by(CONNECTIONS);
            talk(stream, share)
        });
        let outcomes = futures_util::future::try_join_all(shares).await?;
        let wrong: usize = outcomes.iter().map(|(_, wrong)| wrong).sum();
        let waits: Vec<f64> = outcomes.into_iter().flat_map(|(waits, _)| waits).collect();
        Outcome::Ok((started.elapsed().as_secs_f64(), waits, wrong))
    })?;
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!("{} {seconds} {} {} {} {wrong}", waits.len(), at(0.5), at(0.99), at(1.0));
    Ok(())
}

/// One connection: each request, its answer, and how many microseconds that took.
async fn talk<'a>(mut stream: TcpStream, requests: impl Iterator<Item = &'a [u8]>) -> Outcome<(Vec<f64>, usize)> {
    let (mut waits, mut wrong) = (Vec::new(), 0);
    let mut answer = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    for request in requests {
        let asked = Instant::now();
        stream.write_all(request).await?;
        answer.clear();
        while !is_whole(&answer) {
            let length = stream.read(&mut piece).await?;
            if length == 0 {
                return Err("the service has closed the connection".into());
            }
            answer.extend_from_slice(&piece[..length]);
        }
        waits.push(asked.elapsed().as_secs_f64() * 1e6);
        wrong += usize::from(!answer.starts_with(b"HTTP/1.1 200"));
    }
    Ok((waits, wrong))
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    answer.len() >= end + 4 + length.unwrap_or(0)
}
