//! What the screens of the admin page take on the server, with a large library.
//!
//! ```text
//! cargo bench --bench admin
//! ```
//! Every address that is read with GET is asked for over a connection that stays open, with a session, as a browser
//! does: 50 times each after one that is not counted. What streams or is there only on demand is left out. The median
//! of every screen is to be at most 20 ms. `SHUTONG_BENCH_BOOKS` and `SHUTONG_BENCH_REQUESTS` change the sizes.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod books;
mod load;

use std::sync::Arc;
use std::time::{Duration, Instant};

use shutong::app::App;
use shutong::clock::Clock;
use shutong::config::{Config, Listen};
use shutong::server::{self, Admin, Commands, ConnectionLimits, Patience, Webhook};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use warp::http::Method;

use load::{Outcome, setting};

const CONFIG: &str = "public_url = \"https://books.example.com\"\n[[account]]\nname = \"main\"\n\
    app_id = \"wx0123456789abcdef\"\ntoken = \"benchtoken\"\napi_base = \"http://127.0.0.1:1\"\n";
const PASSWORD: &str = "correct horse battery";
/// The most that the median may be.
const LIMIT: Duration = Duration::from_millis(20);
/// Neither a screen nor made from data.
const LEFT_OUT: [&str; 6] = ["/events", "/login", "/setup", "/assets/{stamp}/{file}", "/favicon.ico", "/media/picture"];

/// A browser that keeps its connection.
struct Browser {
    stream: TcpStream,
    host: String,
    cookie: String,
}

/// What came back: the status, the head, and how many bytes followed it.
struct Answer {
    status: u16,
    head: String,
    bytes: usize,
}

fn main() -> Outcome<()> {
    let books = setting("SHUTONG_BENCH_BOOKS", 100_000)?;
    let requests = setting("SHUTONG_BENCH_REQUESTS", 50)?;
    let data = tempfile::tempdir()?;
    let config = Config::parse(CONFIG, data.path(), [])?;
    let app = Arc::new(App::open(config, data.path(), "https://books.example.com", Clock::system())?);
    books::fill(&app, books, data.path())?;
    let book = furnish(&app)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(app, book, requests))
}

/// One of everything that has a screen of its own; gives the number of a book with a file.
fn furnish(app: &App) -> Outcome<u64> {
    let now = app.clock.now();
    let text = format!("《试读》\n作者：测试者\n\n第一章 开头\n\n{}\n", "书童把书送到读者手里。".repeat(2_000));
    let added = app.library.add("试读.txt", text.as_bytes(), now)?;
    app.library.index_changes()?;
    app.articles.save("winter.md", "+++\ntitle = \"冬天的书单\"\n+++\n\n围炉夜读。\n", true, now)?;
    let mut source = shutong::store::records::SourceRecord::usual(now);
    source.url = "https://books.example.org/opds".into();
    source.rights = "自己的书".into();
    app.crawler.put_source("mine", source, now)?;
    Ok(added.id())
}

async fn measure(app: Arc<App>, book: u64, requests: usize) -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let webhook = Arc::new(Webhook::new(Arc::clone(&app), Patience::default()));
    let admin = Arc::new(Admin::new(&app, Listen { admin: address, ..Listen::default() }, webhook)?);
    let link = admin.setup_link().ok_or("no setup link")?;
    let commands = Commands::new("/bench-commands", "no key".into(), |_, _| {});
    let routes = server::admin(app, admin, commands);
    tokio::spawn(server::serve(listener, routes, ConnectionLimits::of(16), std::future::pending()));

    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut browser = Browser { stream, host: address.to_string(), cookie: String::new() };
    let token = link.split_once('#').ok_or("no token in the setup link")?.1;
    browser.set_up(token).await?;

    println!("{:<36} {:>9} {:>9} {:>9} {:>6}", "GET", "median ms", "p95 ms", "bytes", "status");
    let mut over = 0;
    for (method, pattern, _) in server::admin::addresses() {
        if method != Method::GET || LEFT_OUT.contains(&pattern) {
            continue;
        }
        let path = path_of(pattern, book);
        let first = browser.get(&path).await?;
        let mut times = Vec::with_capacity(requests);
        for _ in 0..requests {
            let started = Instant::now();
            browser.get(&path).await?;
            times.push(started.elapsed());
        }
        times.sort();
        let (median, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
        let mark = if median > LIMIT { " over the limit" } else { "" };
        over += usize::from(median > LIMIT);
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let (median, p95) = (millis(median), millis(p95));
        println!("{path:<36} {median:>9.2} {p95:>9.2} {:>9} {:>6}{mark}", first.bytes, first.status);
    }
    println!("{over} screens are over {} ms in the median", LIMIT.as_millis());
    Ok(())
}

/// A path with something in it for every place.
fn path_of(pattern: &str, book: u64) -> String {
    let path = pattern.replace("{account}", "main").replace("{slug}", "winter");
    let name = if pattern.contains("/file/") { "txt" } else { "mine" };
    let path = path.replace("{name}", name).replace("{id}", &book.to_string());
    if pattern.ends_with("/books") { path + "?q=%E7%BA%A2%E8%89%B2" } else { path }
}

impl Browser {
    async fn get(&mut self, path: &str) -> Outcome<Answer> {
        self.send("GET", path, "").await
    }

    async fn set_up(&mut self, token: &str) -> Outcome<()> {
        let password = PASSWORD.replace(' ', "+");
        let answer = self.send("POST", "/setup", &format!("token={token}&new={password}&again={password}")).await?;
        let line = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = line.and_then(|line| line.split(';').next()).ok_or("no cookie after the setup")?;
        cookie.clone_into(&mut self.cookie);
        Ok(())
    }

    async fn send(&mut self, method: &str, path: &str, form: &str) -> Outcome<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nAccept-Encoding: gzip\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
            self.host,
            self.cookie,
            form.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.more(&mut bytes).await?;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        match length {
            Some(length) => {
                let whole = end + length.trim().parse::<usize>()?;
                while bytes.len() < whole {
                    self.more(&mut bytes).await?;
                }
            }
            None if head.contains("chunked") => {
                while !bytes.ends_with(b"0\r\n\r\n") {
                    self.more(&mut bytes).await?;
                }
            }
            None => {}
        }
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        Ok(Answer { status, bytes: bytes.len() - end, head })
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> Outcome<()> {
        let read = self.stream.read_buf(bytes).await?;
        if read == 0 { Err("the connection was closed".into()) } else { Ok(()) }
    }
}
