//! `GET /accesstoken` under load, beside the same accept loop answering a constant.
//!
//! ```text
//! cargo bench --bench token
//! ```
//! 64 connections that stay open, from a process of their own. The two take turns, and what counts is the median of
//! the ratios. `SHUTONG_BENCH_REQUESTS` changes the size.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod load;

use std::path::Path;
use std::sync::Arc;

use shutong::app::{self, App};
use shutong::clock::Clock;
use shutong::config::Config;
use shutong::secret::Secret;
use shutong::server::{self, TokenApi};
use shutong::token::{NewKey, Scope};
use warp::Filter;

use load::{Outcome, print_line, run, setting};

/// How often the two take turns.
const ROUNDS: usize = 7;
/// An account whose platform is nowhere: what is measured asks it nothing.
const ACCOUNT: &str = "[[account]]\nname = \"main\"\napp_id = \"wx0123456789abcdef\"\ntoken = \"benchtoken\"\n\
    api_base = \"http://127.0.0.1:9\"\n";

fn main() -> Outcome<()> {
    match load::order() {
        Some(order) => load::be_the_load(&order),
        None => measure(),
    }
}

fn measure() -> Outcome<()> {
    let requests = setting("SHUTONG_BENCH_REQUESTS", 100_000)?;
    let data = tempfile::tempdir()?;
    let config = Config::parse(ACCOUNT, data.path(), [])?;
    let app = Arc::new(App::open(config, data.path(), "https://books.example.com", Clock::system())?);
    let new = NewKey {
        name: "bench".into(),
        scopes: vec![Scope::Read],
        accounts: Vec::new(),
        networks: vec!["127.0.0.0/8".parse()?],
        expires_at: None,
    };
    let (_, key) = app.keys.add(&new, app::random()?, app.clock.now())?;
    let token = format!("72_{}", "x".repeat(150));
    let keeper = app.tokens.of(None).ok_or("no account")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(keeper.set(Secret::new(token.clone()), std::time::Duration::from_secs(7_200)))?;

    let file = written(data.path(), key.expose(), requests)?;
    let answer: &'static str = format!("{{\"access_token\":\"{token}\",\"expires_in\":7194}}").leak();
    let constant = warp::any().map(move || warp::reply::with_header(answer, "content-type", "application/json"));
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let a = run(&file, |listener, limits, stop| server::serve(listener, constant, limits, stop))?;
        print_line("(a) accept loop, constant answer", &a);
        let b = run(&file, |listener, limits, stop| {
            server::serve(listener, server::token_api(Arc::new(TokenApi::new(Arc::clone(&app)))), limits, stop)
        })?;
        print_line("(b) GET /accesstoken", &b);
        ratios.push(b.rate() / a.rate());
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "(b) / (a)            {:.2} of the requests per second (from {:.2} to {:.2}); at least 0.80",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
    Ok(())
}

/// The same request again and again.
fn written(folder: &Path, key: &str, requests: usize) -> Outcome<std::path::PathBuf> {
    let path = folder.join("requests");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    let request = format!("GET /accesstoken HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n");
    for _ in 0..requests {
        load::write(&mut file, request.as_bytes())?;
    }
    Ok(path)
}
