//! Pauses, as the other side sees them.

use std::sync::atomic::AtomicUsize;

use super::*;

const PAUSE: Duration = Duration::from_millis(150);

fn fast_site(ip: &str) -> (Site, Log) {
    pages(ip, &[("/", "200 OK", "a")])
}

/// Fetches a page so often, all at once.
async fn at_once(fetcher: &Arc<Fetcher>, site: &Arc<Site>, manner: &Manner, times: usize) {
    let tasks: Vec<_> = (0..times)
        .map(|_| {
            let (fetcher, manner, wanted) = (fetcher.clone(), manner.clone(), get(site.url.clone()));
            tokio::spawn(async move { fetcher.fetch(&manner, &wanted).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn every_rule_is_kept() {
    let slow = |change: fn(&mut Manner)| {
        let mut manner = manner(&fast_site("127.0.8.31").0);
        change(&mut manner);
        manner
    };
    for (settings, manner) in [
        (Settings { least_delay: PAUSE, ..quick() }, slow(|_| {})),
        (quick(), slow(|manner| manner.least_delay = Some(PAUSE))),
        (quick(), slow(|manner| manner.rate = Some((10, PAUSE * 10)))),
        // Chance never makes it shorter, whatever falls.
        (Settings { least_delay: PAUSE, most_delay: PAUSE * 2, jitter: 1.0, ..quick() }, slow(|_| {})),
    ] {
        let (site, log) = fast_site("127.0.8.31");
        let fetcher = Arc::new(Fetcher::new(settings, RobotsMemory::none(), Clock::system(), || 0.0));
        at_once(&fetcher, &Arc::new(site), &manner, 3).await;
        let gaps = log.gaps();
        assert_eq!(gaps.len(), 3);
        assert!(gaps.iter().all(|gap| *gap >= PAUSE), "{gaps:?}");
        assert!(fetcher.counts().hosts[0].delay >= PAUSE);
    }
}

#[tokio::test]
async fn the_site_s_own_rule_is_kept() {
    let rules = "User-agent: *\nCrawl-delay: 0.3";
    let (site, log) = pages("127.0.8.32", &[("/robots.txt", "200 OK", rules), ("/", "200 OK", "")]);
    let fetcher = Arc::new(fetcher(quick()));
    at_once(&fetcher, &Arc::new(site), &manner(&fast_site("127.0.8.32").0), 3).await;
    let gaps = log.gaps();
    assert!(gaps.len() == 3 && gaps.iter().all(|gap| *gap >= Duration::from_millis(300)), "{gaps:?}");
}

#[tokio::test]
async fn one_request_at_a_time_and_the_pause_begins_at_its_end() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let ends = Log::default();
    let (ended, clock) = (ends.clone(), Clock::system());
    let (site, starts) = site("127.0.8.33", move |request| {
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(80));
        running.fetch_sub(1, Ordering::SeqCst);
        ended.0.lock().push((clock.uptime(), request.clone()));
        (request.target == "/").then(|| answer("200 OK", "a"))
    });
    let fetcher = Arc::new(fetcher(Settings { least_delay: PAUSE, most_delay: PAUSE, ..quick() }));
    let manner = manner(&site);
    at_once(&fetcher, &Arc::new(site), &manner, 4).await;
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    let (starts, ends) = (starts.0.lock(), ends.0.lock());
    for (start, end) in starts.iter().skip(1).zip(ends.iter()) {
        assert!(start.0 >= end.0 + PAUSE, "{:?} after {:?}", start.0, end.0);
    }
}

#[tokio::test]
async fn slow_answers_make_it_slower() {
    let (site, log) = site("127.0.8.34", |request| {
        std::thread::sleep(Duration::from_millis(200));
        (request.target == "/").then(|| answer("200 OK", "a"))
    });
    let fetcher = fetcher(Settings { most_delay: Duration::from_secs(60), ..quick() });
    for _ in 0..2 {
        fetch(&fetcher, &site, "/").await.unwrap();
    }
    // The mean of nothing and 200 ms, then of that and 200 ms, after an answer that took 200 ms itself.
    let gaps = log.gaps();
    assert!(gaps[0] >= Duration::from_millis(290) && gaps[1] >= Duration::from_millis(340), "{gaps:?}");
}

#[tokio::test]
async fn a_restart_is_no_way_around_the_pause() {
    let (site, log) = fast_site("127.0.8.35");
    let kept = Kept::default();
    let settings = Settings { least_delay: PAUSE, most_delay: PAUSE, ..quick() };
    for _ in 0..4 {
        // As many lives, one after the other, without a pause of their own.
        let fetcher = Fetcher::new(settings.clone(), kept.memory(), Clock::system(), || 0.5);
        fetch(&fetcher, &site, "/").await.unwrap();
    }
    assert_eq!(log.targets(), ["/robots.txt", "/", "/", "/", "/"]);
    assert!(log.gaps().iter().all(|gap| *gap >= PAUSE), "{:?}", log.gaps());
}

#[tokio::test]
async fn no_host_waits_for_another() {
    let (slow, _) = site("127.0.8.36", |_| Some(vec![Step::Wait(Duration::from_secs(30))]));
    let (fast, _) = fast_site("127.0.8.37");
    let fetcher = Arc::new(fetcher(Settings { patience: Duration::from_secs(60), ..quick() }));
    let (same, manner, wanted) = (fetcher.clone(), manner(&slow), get(slow.url.clone()));
    let waiting = tokio::spawn(async move { same.fetch(&manner, &wanted).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..5 {
        fetch(&fetcher, &fast, "/").await.unwrap();
    }
    assert!(!waiting.is_finished());
    fetcher.stop();
    assert_eq!(waiting.await.unwrap(), Err(FetchError::Stopped));
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_made() {
    let first = AtomicUsize::new(0);
    let (site, log) = site("127.0.8.38", move |request| match request.target.as_str() {
        "/robots.txt" => None,
        _ if first.fetch_add(1, Ordering::SeqCst) == 0 => Some(answer("429 Less\r\nRetry-After: 1", "")),
        _ => Some(answer("200 OK", "a")),
    });
    fetch(&fetcher(quick()), &site, "/").await.unwrap();
    assert!(log.gaps()[1] >= Duration::from_secs(1), "{:?}", log.gaps());
}

#[tokio::test]
async fn one_that_is_too_long_suspends_the_host() {
    let in_a_day = "Sat, 16 Jan 2027 08:00:00 GMT";
    for (code, value, seconds) in [
        (429, "3601", 3601),
        (503, in_a_day, 24 * 3600),
        (503, "99999999999999999999999", LONGEST_SUSPENSION.as_secs() as i64),
    ] {
        let head = format!("{code} Less\r\nRetry-After: {value}");
        let (site, log) = pages("127.0.8.39", &[("/", &head, ""), ("/b", "200 OK", "")]);
        let (manual, clock) = Manual::new();
        let fetcher = Fetcher::new(quick(), RobotsMemory::none(), clock.clone(), || 0.5);
        let until = clock.now() + TimeDelta::seconds(seconds);
        let suspended = FetchError::Suspended { host: "127.0.8.39".into(), until };
        assert_eq!(fetch(&fetcher, &site, "/").await.unwrap_err(), suspended);
        assert_eq!(fetch(&fetcher, &site, "/b").await.unwrap_err(), suspended);
        assert_eq!(fetcher.counts().hosts[0].suspended_until, Some(until));
        assert_eq!(log.targets(), ["/robots.txt", "/"]);
        let (other, _) = fast_site("127.0.8.40");
        assert!(fetch(&fetcher, &other, "/").await.is_ok(), "other hosts are not concerned");
        manual.advance(TimeDelta::seconds(seconds + 1));
        assert!(fetch(&fetcher, &site, "/b").await.is_ok());
    }
    // Any other answer with such a header is what it is.
    let (site, _) = pages("127.0.8.39", &[("/", "200 OK\r\nRetry-After: 99999", "a")]);
    assert!(fetch(&fetcher(quick()), &site, "/").await.is_ok());
}

#[tokio::test]
async fn stopping_ends_every_wait() {
    let hour = Duration::from_secs(3600);
    let (site, log) = pages("127.0.8.41", &[("/", "500 Oh", "")]);
    let site = Arc::new(site);
    let patient = Settings { least_delay: hour, ..quick() };
    let between_tries = Settings { retry_base: hour, ..quick() };
    for settings in [patient, between_tries] {
        let fetcher = Arc::new(fetcher(settings));
        let (same, own) = (fetcher.clone(), site.clone());
        let waiting = tokio::spawn(async move { fetch(&same, &own, "/").await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        fetcher.stop();
        assert_eq!(waiting.await.unwrap(), Err(FetchError::Stopped));
        let asked = log.targets().len();
        assert_eq!(fetch(&fetcher, &site, "/").await, Err(FetchError::Stopped), "nothing begins afterwards");
        assert_eq!(log.targets().len(), asked);
    }
}
