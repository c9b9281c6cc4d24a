//! robots.txt over the wire: what is asked, when, and what follows.

use super::*;
use crate::crawler::robots::Found;

#[tokio::test]
async fn what_is_forbidden_is_not_asked_for() {
    let rules = "User-agent: *\nDisallow: /a\n\nUser-agent: Shutong\nDisallow: /b\nSitemap: /map.xml\n";
    let (site, log) = pages("127.0.8.21", &[("/robots.txt", "200 OK", rules), ("/a", "200 OK", "a")]);
    let fetcher = fetcher(quick());
    assert_eq!(fetch(&fetcher, &site, "/a").await.unwrap().bytes, "a");
    let found = fetch(&fetcher, &site, "/b/c?d").await.unwrap_err();
    assert_eq!(found, FetchError::Robots { rule: "Disallow: /b".into() });
    assert_eq!((found.category(), found.is_passing()), (Category::Robots, false));
    assert_eq!(fetcher.allowed(&manner(&site), &site.at("/b")).await, Err(found));
    assert_eq!(fetcher.allowed(&manner(&site), &site.at("/c")).await, Ok(()));
    assert_eq!(fetcher.sitemaps(&manner(&site), &site.url).await, Ok(vec![site.at("/map.xml")]));
    assert_eq!(log.targets(), ["/robots.txt", "/a"]);
}

#[tokio::test]
async fn each_port_has_its_own() {
    let closed = [("/robots.txt", "200 OK", "User-agent: *\nDisallow: /"), ("/", "200 OK", "closed")];
    let (closed, _) = pages("127.0.8.22", &closed);
    let (open, _) = pages("127.0.8.22", &[("/", "200 OK", "open")]);
    let fetcher = fetcher(quick());
    assert!(matches!(fetch(&fetcher, &closed, "/").await, Err(FetchError::Robots { .. })));
    assert_eq!(fetch(&fetcher, &open, "/").await.unwrap().bytes, "open");
}

#[tokio::test]
async fn none_forbids_nothing() {
    for head in ["400 Bad", "401 Who", "403 No", "404 None", "410 Gone", "451 Law"] {
        let (site, log) = pages("127.0.8.23", &[("/robots.txt", head, "Disallow: /"), ("/", "200 OK", "a")]);
        assert!(fetch(&fetcher(quick()), &site, "/").await.is_ok(), "{head}");
        assert_eq!(log.targets(), ["/robots.txt", "/"]);
    }
}

#[tokio::test]
async fn one_that_cannot_be_read_forbids_everything_for_a_while() {
    let broken = vec![Step::Close];
    let half = vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *".to_vec()), Step::Close];
    let statuses = ["500 Oh", "503 Later", "429 Less", "408 Slow", "304 Odd", "302 Nowhere"];
    let failures = statuses.map(|head| answer(head, "")).into_iter().chain([broken, half]);
    for failure in failures {
        let is_mended = Arc::new(Mutex::new(false));
        let mended = is_mended.clone();
        let (site, log) = site("127.0.8.24", move |request| match request.target.as_str() {
            "/robots.txt" if !*mended.lock() => Some(failure.clone()),
            "/robots.txt" => None,
            _ => Some(answer("200 OK", "a")),
        });
        let (manual, clock) = Manual::new();
        let kept = Kept::default();
        let fetcher = Fetcher::new(quick(), kept.memory(), clock.clone(), || 0.5);
        let found = fetch(&fetcher, &site, "/").await.unwrap_err();
        let until = clock.now() + TimeDelta::minutes(1);
        assert!(matches!(&found, FetchError::RobotsUnread { until: end, .. } if *end == until), "{found:?}");
        assert!(found.is_passing() && found.category() == Category::Robots);
        let asked = log.targets().len();
        assert_eq!(fetch(&fetcher, &site, "/").await, Err(found.clone()), "it is not asked again at once");
        let after_restart = Fetcher::new(quick(), kept.memory(), clock.clone(), || 0.5);
        assert_eq!(fetch(&after_restart, &site, "/").await, Err(found), "nor by another life");
        assert_eq!(log.targets().len(), asked);
        manual.advance(TimeDelta::seconds(61));
        fetch(&fetcher, &site, "/").await.unwrap_err();
        assert!(log.targets().len() > asked && log.targets().iter().all(|path| path == "/robots.txt"));
        manual.advance(TimeDelta::seconds(61));
        assert!(fetch(&fetcher, &site, "/").await.is_err(), "the second time it is twice as long");
        manual.advance(TimeDelta::seconds(61));
        *is_mended.lock() = true;
        assert!(fetch(&fetcher, &site, "/").await.is_ok());
    }
}

#[tokio::test]
async fn it_is_kept_a_day_and_across_a_restart() {
    let (site, log) =
        pages("127.0.8.25", &[("/robots.txt", "200 OK", "User-agent: *\nDisallow: /a"), ("/", "200 OK", "")]);
    let (manual, clock) = Manual::new();
    let kept = Kept::default();
    let asked = |log: &Log| log.targets().iter().filter(|path| *path == "/robots.txt").count();
    for (hours, expected) in [(0, 1), (23, 1), (1, 2), (23, 2), (2, 3)] {
        manual.advance(TimeDelta::hours(hours));
        let fetcher = Fetcher::new(quick(), kept.memory(), clock.clone(), || 0.5);
        for _ in 0..3 {
            fetch(&fetcher, &site, "/").await.unwrap();
            assert!(matches!(fetch(&fetcher, &site, "/a").await, Err(FetchError::Robots { .. })));
        }
        assert_eq!(asked(&log), expected, "after {hours} more hours");
    }
    let keys: Vec<String> = kept.0.lock().keys().cloned().collect();
    assert_eq!(keys, [site.url.as_str().trim_end_matches('/')]);
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let (site, log) = pages("127.0.8.26", &[("/", "200 OK", "a")]);
    let fetcher = Arc::new(fetcher(quick()));
    let site = Arc::new(site);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (fetcher, site) = (fetcher.clone(), site.clone());
            tokio::spawn(async move { fetch(&fetcher, &site, "/").await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let targets = log.targets();
    assert_eq!((targets.len(), targets.iter().filter(|path| *path == "/robots.txt").count()), (21, 1));
    assert_eq!(site.connections.load(Ordering::SeqCst), 1, "one connection at a time");
}

#[tokio::test]
async fn it_may_lie_elsewhere_but_not_inside() {
    let rules = "User-agent: *\nDisallow: /a";
    let (other, asked) =
        pages("127.0.8.28", &[("/rules", "200 OK", rules), ("/robots.txt", "200 OK", "User-agent: *\nDisallow: /")]);
    let (inside, log) = pages("127.0.9.28", &[("/robots.txt", "200 OK", "secret")]);
    for (location, is_open) in
        [(other.at("/rules").to_string(), true), (inside.at("/robots.txt").into(), false), ("/robots.txt".into(), true)]
    {
        let to_rules = to(location);
        let (site, _) = site("127.0.8.27", move |request| match request.target.as_str() {
            "/robots.txt" => Some(to_rules.clone()),
            _ => Some(answer("200 OK", "a")),
        });
        let found = fetch(&fetcher(quick()), &site, "/").await;
        assert_eq!(found.is_ok(), is_open, "{found:?}");
        assert!(is_open || matches!(found, Err(FetchError::Forbidden(_))), "{found:?}");
    }
    assert_eq!(asked.targets(), ["/rules"], "the rules of where it lies are not asked for");
    assert_eq!(log.targets(), [""; 0]);
}

#[tokio::test]
async fn only_the_beginning_of_a_huge_one_is_read() {
    let (site, _) = site("127.0.8.29", |request| match request.target.as_str() {
        "/robots.txt" => Some(vec![
            Step::Send(b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /a\n".to_vec()),
            Step::Forever(b"# nothing\n".repeat(1000), Duration::ZERO),
        ]),
        _ => Some(answer("200 OK", "a")),
    });
    let kept = Kept::default();
    let fetcher = Fetcher::new(quick(), kept.memory(), Clock::system(), || 0.5);
    assert!(fetch(&fetcher, &site, "/b").await.is_ok());
    assert!(matches!(fetch(&fetcher, &site, "/a").await, Err(FetchError::Robots { .. })));
    let kept = kept.0.lock();
    let Found::Text(text) = &kept.values().next().unwrap().found else { panic!("it was read") };
    assert_eq!(text.len(), crate::crawler::robots::LARGEST);
}
