//! The fetcher against real sockets. What is asserted of time is that it was not too short.

mod answers;
mod pauses;
mod redirects;
mod robots;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::crawler::robots::KeptRobots;
use crate::http::site::{Reply, Request, Site, Step, answer};

/// The addresses that the tests' sources may reach: 127.0.8.0 to 127.0.8.255.
const NET: &str = "127.0.8.0/24";

/// What a site was asked, and when, by the system's clock.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Duration, Request)>>>);

impl Log {
    fn targets(&self) -> Vec<String> {
        self.0.lock().iter().map(|(_, request)| request.target.clone()).collect()
    }

    /// The first request of a path.
    fn of(&self, target: &str) -> Request {
        self.0.lock().iter().find(|(_, request)| request.target == target).unwrap().1.clone()
    }

    /// The times between one request and the next.
    fn gaps(&self) -> Vec<Duration> {
        let log = self.0.lock();
        log.windows(2).map(|two| two[1].0 - two[0].0).collect()
    }
}

/// A site without a robots.txt, unless `reply` has one; and what it is asked.
fn site(ip: &str, reply: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> (Site, Log) {
    let log = Log::default();
    let (own, clock) = (log.clone(), Clock::system());
    let site = Site::on(ip, move |request| {
        own.0.lock().push((clock.uptime(), request.clone()));
        reply(request).unwrap_or_else(|| answer("404 Not Found", ""))
    });
    (site, log)
}

/// A site with these paths.
fn pages(ip: &str, pages: &[(&str, &str, &str)]) -> (Site, Log) {
    let pages: Vec<_> = pages.iter().map(|(path, head, body)| (path.to_string(), answer(head, body))).collect();
    site(ip, move |request| pages.iter().find(|(path, _)| *path == request.target).map(|(_, reply)| reply.clone()))
}

/// No pauses, two tries.
fn quick() -> Settings {
    Settings {
        least_delay: Duration::ZERO,
        most_delay: Duration::ZERO,
        tries: 2,
        retry_base: Duration::ZERO,
        patience: Duration::from_secs(10),
        ..Settings::new("shutong-test/1 (+https://example.com/bot)", "shutong")
    }
}

fn fetcher(settings: Settings) -> Fetcher {
    Fetcher::new(settings, RobotsMemory::none(), Clock::system(), || 0.5)
}

fn manner(site: &Site) -> Manner {
    Manner {
        reach: Reach { nets: vec![NET.parse().unwrap()], ports: Vec::new() },
        least_delay: None,
        rate: None,
        headers: Vec::new(),
        login: None,
        origin: site.url.clone(),
        keeps_cookies: false,
        is_own: false,
    }
}

fn get(url: Url) -> Wanted {
    Wanted::get(url, 1 << 20)
}

/// What comes of a plain fetch of one path.
async fn fetch(fetcher: &Fetcher, site: &Site, path: &str) -> Result<Document, FetchError> {
    whole(fetcher.fetch(&manner(site), &get(site.at(path))).await)
}

fn whole(fetched: Result<Fetched, FetchError>) -> Result<Document, FetchError> {
    fetched.map(|fetched| match fetched {
        Fetched::Whole(document) => document,
        Fetched::Unchanged => panic!("nothing was asked about changes"),
    })
}

/// A clock to be set, for what lasts hours.
#[derive(Clone)]
struct Manual(Arc<Mutex<TimeDelta>>);

impl Manual {
    fn new() -> (Manual, Clock) {
        let manual = Manual(Arc::default());
        let (now, uptime) = (manual.clone(), manual.clone());
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Clock::of_both(move || start + *now.0.lock(), move || uptime.0.lock().to_std().unwrap());
        (manual, clock)
    }

    fn advance(&self, time: TimeDelta) {
        *self.0.lock() += time;
    }
}

/// A memory of robots.txt that outlives a fetcher.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<HashMap<String, KeptRobots>>>);

impl Kept {
    fn memory(&self) -> RobotsMemory {
        let (recall, keep) = (self.clone(), self.clone());
        RobotsMemory {
            recall: Box::new(move |key| recall.0.lock().get(key).cloned()),
            keep: Box::new(move |key, kept| drop(keep.0.lock().insert(key.to_owned(), kept.clone()))),
        }
    }
}

fn to(location: impl std::fmt::Display) -> Reply {
    answer(&format!("302 Found\r\nLocation: {location}"), "")
}
