//! Sources of books: a simulated web of many sites whose answers fail, the executable killed while it reads them, and
//! real servers of catalogues and folders.

mod journeys;
mod servers;
mod sites;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use shutong::app::App;
use shutong::book;
use shutong::clock::Clock;
use shutong::config::Config;
use shutong::store::records::{ItemState, SourceRecord};
use tempfile::TempDir;

use crate::support::binary::Home;
use crate::support::wait_until_closed;
use crate::support::web::{Outcome, Seen, Web};
use sites::{BOOKS, Size};

/// The drill in full has 200 sites of five books with 20 chapters, and 50 kills.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

const CONFIGURATION: &str = "\
[crawl]\n\
pause_ms = 1\n\
patience_seconds = 2\n\
retry_ms = 50\n\
sources_at_once = 16\n\
page_megabytes = 1\n\
contact = \"https://owner.example/\"\n";

/// The program on the data of a home, in this process.
fn opened(home: &Home) -> App {
    let config = Config::parse(CONFIGURATION, home.folder(), []).unwrap();
    App::open(config, &home.data(), "", Clock::system()).unwrap()
}

fn add_sources(home: &Home, web: &Web, sites: usize) {
    let app = opened(home);
    let now = app.clock.now();
    for site in 0..sites {
        let source = sites::source(web, site, SourceRecord::usual(now));
        app.crawler.put_source(&sites::name(site), source, now).unwrap();
        app.crawler.read_soon(&sites::name(site)).unwrap();
    }
    drop(app);
    wait_until_closed(&home.data());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_web_is_read_whole_and_in_order_while_the_program_is_killed() {
    let sites = setting("SHUTONG_CRAWL_SITES", 16) as usize;
    let kills = setting("SHUTONG_CRAWL_KILLS", 5);
    let size = Size { books: BOOKS, chapters: setting("SHUTONG_CRAWL_CHAPTERS", 8) as usize };
    let mut random = setting("SHUTONG_CRAWL_SEED", 2026);
    let web = Web::start(sites, 5, random).await;
    (0..sites).for_each(|site| sites::fill(&web, site, size));
    let home = Home::with(CONFIGURATION);
    add_sources(&home, &web, sites);
    let began = Instant::now();
    let mut service = home.serve(&[]);
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The moment of the fault, which waits for nothing.
        tokio::time::sleep(Duration::from_millis(200 + (random >> 33) % 1_000)).await;
        service.kill9();
        web.next_epoch();
        service = home.serve(&[]);
    }
    let passes = read_to_the_end(&home, sites);
    let took = began.elapsed();
    service.stop();

    let app = opened(&home);
    for site in 0..sites {
        whole(&app, site, size);
    }
    let seen = web.seen();
    keeps_the_rules(&web, &seen);
    let repeated = fetched_twice(&seen, |path| passes == 1 || sites::is_chapter(path) || path.starts_with("/b/"));
    let in_flight = kills as usize * 16;
    assert!(repeated <= in_flight, "{repeated} addresses were fetched again after they had come whole");
    let failed = seen.iter().filter(|one| matches!(one.outcome, Outcome::Failed(_))).count();
    assert!(failed > 0, "nothing failed");
    eprintln!(
        "{sites} sites, {} chapters, {kills} kills: {} requests, {failed} of them failed, {repeated} repeated; {took:?}",
        sites * size.books * size.chapters,
        seen.len()
    );

    // A second pass: nothing but what tells whether something has changed.
    web.fail(0);
    web.forget();
    let names: Vec<String> = (0..sites).map(sites::name).collect();
    drop(app);
    wait_until_closed(&home.data());
    for names in names.chunks(10) {
        let arguments: Vec<&str> = ["crawl", "run"].into_iter().chain(names.iter().map(String::as_str)).collect();
        home.done(&arguments);
    }
    let seen = web.seen();
    assert!(!seen.is_empty() && seen.iter().any(|one| one.outcome == Outcome::Unchanged));
    let plain = seen.iter().filter(|one| !one.is_conditional && one.outcome == Outcome::Whole);
    let plain: Vec<&str> = plain.map(|one| one.path.as_str()).filter(|path| sites::is_chapter(path)).collect();
    assert_eq!(plain, Vec::<&str>::new());
}

/// Waits until every source has ended its pass with nothing left, and says how many passes that took at most.
fn read_to_the_end(home: &Home, sites: usize) -> usize {
    let limit = Instant::now() + Duration::from_secs(1_200);
    let mut asked_again: HashMap<String, usize> = HashMap::new();
    loop {
        assert!(Instant::now() < limit, "it does not come to an end: {}", home.done(&["crawl", "list"]));
        let sources = home.json(&["crawl", "list"]);
        let sources = sources.as_array().unwrap();
        assert_eq!(sources.len(), sites);
        let is_over = |source: &serde_json::Value| source["state"]["is_under_way"] == false;
        if sources.iter().all(is_over) {
            // What failed too often in one pass is there after the next.
            let mut again = 0;
            for source in sources {
                let name = source["name"].as_str().unwrap();
                let shown = home.done(&["crawl", "show", name]);
                let open = shown.lines().filter(|line| line.contains("failed") && line.contains("times:"));
                let times = asked_again.entry(name.to_owned()).or_default();
                if open.filter(|line| !line.contains("private")).count() > 0 && *times < 5 {
                    *times += 1;
                    home.run(&["crawl", "run", name]);
                    again += 1;
                }
            }
            if again == 0 {
                return 1 + asked_again.values().max().copied().unwrap_or_default();
            }
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Every book of a site is in the library, with every chapter, in order.
fn whole(app: &App, site: usize, size: Size) {
    let items = app.crawler.items_of(&sites::name(site), None, 1_000).unwrap();
    let items: HashMap<&str, _> = items.iter().map(|(_, item)| (item.title.as_str(), item)).collect();
    for number in 0..size.books {
        let title = sites::title(site, number);
        let item = items.get(title.as_str()).unwrap_or_else(|| panic!("{title} was not found: {:?}", items.keys()));
        assert_eq!(
            item.state,
            ItemState::Done,
            "{title}: {:?}",
            app.crawler.missing_chapters(&sites::name(site), &item.url)
        );
        let record = app.library.book(item.book.unwrap()).unwrap().unwrap();
        assert_eq!(record.authors, [sites::author(site)]);
        let origin = record.editions[0].origin.as_ref().expect("where it is from");
        assert_eq!((origin.source.as_str(), origin.licence.as_str()), (sites::name(site).as_str(), "CC0-1.0"));
        let bytes = app.store.files().read(&record.editions[0].hash).unwrap();
        let epub = book::read(&bytes, None).unwrap();
        let texts: Vec<String> = epub.chapter_texts().map(|(_, text)| text.into_owned()).collect();
        assert_eq!(texts.len(), size.chapters, "{title}");
        for (at, text) in texts.iter().enumerate() {
            let wanted = sites::chapter_text(site, number, at);
            let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('第')).collect();
            assert_eq!(lines.join("\n"), wanted, "{title}, chapter {at}");
        }
    }
}

/// No site was asked faster than it wants, nor for what it forbids, and every request said who asks.
fn keeps_the_rules(web: &Web, seen: &[Seen]) {
    let mut last: BTreeMap<usize, Instant> = BTreeMap::new();
    for one in seen {
        assert!(!one.path.starts_with("/private/"), "{} asked for {}", web.url(one.host), one.path);
        assert!(one.user_agent.contains("shutong") && one.user_agent.contains("owner.example"), "{}", one.user_agent);
        if let Some(before) = last.insert(one.host, one.began) {
            let pause = one.began - before;
            assert!(pause >= sites::DELAY, "{} was asked after {pause:?} for {}", web.url(one.host), one.path);
        }
    }
}

/// How many addresses were asked for again after they had come whole. Only what was on its way when the program was
/// killed may be: the last request of its site before a kill. Of further passes only `lasting` pages count, which are
/// never asked for again: contents and lists are.
fn fetched_twice(seen: &[Seen], lasting: impl Fn(&str) -> bool) -> usize {
    let mut last_of = HashMap::new();
    for (at, one) in seen.iter().enumerate() {
        last_of.insert((one.host, one.epoch), at);
    }
    let (mut whole, mut repeated) = (HashMap::new(), 0);
    for (at, one) in seen.iter().enumerate() {
        if one.outcome != Outcome::Whole || one.path == "/robots.txt" || !lasting(&one.path) {
            continue;
        }
        if let Some(before) = whole.insert((one.host, one.path.clone()), at) {
            let first: &Seen = &seen[before];
            let was_on_its_way = first.epoch < one.epoch && last_of.get(&(first.host, first.epoch)) == Some(&before);
            assert!(was_on_its_way, "{} was fetched twice from site {}", one.path, one.host);
            repeated += 1;
        }
    }
    repeated
}

/// An empty home for tests of one source.
fn home() -> (TempDir, App) {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::parse(CONFIGURATION, dir.path(), []).unwrap();
    let app = App::open(config, dir.path(), "", Clock::system()).unwrap();
    (dir, app)
}
