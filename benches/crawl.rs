//! What fetching and adding books costs when no site asks for pauses: a folder of EPUBs, read by the crawler over a
//! socket, added to the library, brought to the index.
//!
//! ```text
//! cargo bench --bench crawl
//! ```
//! A process of its own makes the books and serves them. `SHUTONG_BENCH_BOOKS` changes how many there are.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs, process, thread};

use shutong::app::App;
use shutong::book::bound::{Leaf, LeafText, bound};
use shutong::book::{Format, Metadata, WriteOptions, write};
use shutong::clock::Clock;
use shutong::config::Config;
use shutong::crawler::PassEnd;
use shutong::store::records::{SourceKind, SourceRecord};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Tells the process that serves how many books it makes.
const SERVE: &str = "SHUTONG_BENCH_SERVE";

fn main() -> Outcome<()> {
    match env::var(SERVE) {
        Ok(books) => serve(books.parse()?),
        Err(_) => measure(),
    }
}

fn measure() -> Outcome<()> {
    let books: u32 = env::var("SHUTONG_BENCH_BOOKS").map_or(Ok(2_000), |text| text.parse())?;
    let mut server = Command::new(env::current_exe()?).env(SERVE, books.to_string()).stdout(Stdio::piped()).spawn()?;
    let mut first = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut first)?;
    let dir = tempfile::tempdir()?;
    let config = Config::parse("[crawl]\npause_ms = 0\n", dir.path(), [])?;
    let app = Arc::new(App::open(config, dir.path(), "", Clock::system())?);
    let source = SourceRecord {
        kind: SourceKind::Listing,
        url: first.trim().to_owned(),
        rights: "made for this".into(),
        nets: vec!["127.0.0.0/8".into()],
        most_per_pass: books,
        most_per_day: books,
        ..SourceRecord::usual(app.clock.now())
    };
    app.crawler.put_source("bench", source, app.clock.now())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (began, before) = (Instant::now(), processor_seconds()?);
    let end = app.crawler.read_source("bench", runtime.handle())?;
    let PassEnd::Finished(done) = end else { return Err(end.to_string().into()) };
    app.library.index_changes()?;
    let (wall, spent) = (began.elapsed().as_secs_f64(), processor_seconds()? - before);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!(
        "{} books added in {wall:.1} s and {spent:.1} s of processor time: {:.0} a second and core; {peak}",
        done.added,
        f64::from(done.added) / spent
    );
    server.kill()?;
    if done.added != books {
        return Err(format!("{books} were there: {done:?}").into());
    }
    Ok(())
}

/// What this process has spent, its kernel's share included.
fn processor_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).ok_or("no such field");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Makes the books and serves them until it is killed.
fn serve(books: u32) -> Outcome<()> {
    let made: Vec<Vec<u8>> = (0..books).map(novel).collect::<Outcome<_>>()?;
    let made = Arc::new(made);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, made) = (stream?, Arc::clone(&made));
        thread::spawn(move || answer(&stream, &made));
    }
    process::exit(0)
}

fn answer(stream: &TcpStream, books: &[Vec<u8>]) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|&read| read > 0)?;
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 2 {
            line.clear();
        }
        let path = first.split(' ').nth(1)?;
        let number = path.strip_prefix("/book-").and_then(|rest| rest.strip_suffix(".epub")?.parse::<usize>().ok());
        let (status, kind, body) = match (path, number.and_then(|number| books.get(number))) {
            (_, Some(book)) => ("200 OK", "application/epub+zip", book.clone()),
            ("/", None) => ("200 OK", "text/html", listing(books.len()).into_bytes()),
            _ => ("404 Not Found", "text/plain", Vec::new()),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut stream = stream;
        stream.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    }
}

fn listing(books: usize) -> String {
    let lines: String = (0..books).map(|book| format!("<a href=\"book-{book}.epub\">book-{book}.epub</a>\n")).collect();
    format!("<html><head><title>Index of /</title></head><body><h1>Index of /</h1><pre>{lines}</pre></body></html>")
}

/// An EPUB of about 300 kB with a text of its own: words that look chosen by chance, as compressible as prose is.
fn novel(number: u32) -> Outcome<Vec<u8>> {
    let mut state = u64::from(number);
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let words: Vec<String> = (0..3_000)
        .map(|_| (0..1 + next() % 3).filter_map(|_| char::from_u32(0x4e00 + next() % 8_000)).collect())
        .collect();
    let mut leaves = Vec::new();
    for chapter in 0..40 {
        let mut text = String::new();
        for word in 0..3_800 {
            text.push_str(&words[next() as usize % words.len()]);
            if word % 60 == 59 {
                text.push('\n');
            }
        }
        leaves.push(Leaf { title: format!("第{}章", chapter + 1), is_volume: false, text: LeafText::Plain(text) });
    }
    let metadata = Metadata { title: format!("第{number}部书"), ..Metadata::default() };
    let book = bound(metadata, leaves, None)?;
    Ok(write(&book, Format::Epub, &WriteOptions::default())?.bytes)
}
