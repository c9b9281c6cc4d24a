//! What answers come to: documents, statuses, tries, cookies.

use std::sync::atomic::AtomicUsize;

use super::*;

/// A page that gives these answers one after the other, the last one for ever.
fn one_after_another(ip: &str, answers: Vec<Reply>) -> (Site, Log) {
    let count = AtomicUsize::new(0);
    site(ip, move |request| {
        if request.target == "/robots.txt" {
            return None;
        }
        let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        Some(answers[at].clone())
    })
}

#[tokio::test]
async fn a_document_and_what_its_headers_say() {
    let head = "200 OK\r\nContent-Type: Text/HTML; charset=GBK\r\nETag: W/\"a\"\r\nLast-Modified: Fri, 15 Jan 2027 08:00:00 \
                GMT\r\nContent-Disposition: attachment; filename=\"a/书.epub\"";
    let (site, log) = pages("127.0.8.1", &[("/a?b", head, "text")]);
    let fetcher = fetcher(quick());
    let mut wanted = get(site.at("/a?b#c"));
    wanted.headers = vec![("Accept".into(), "text/x".into()), ("Range".into(), "bytes=0-1".into())];
    let mut manner = manner(&site);
    manner.headers = vec![("accept".into(), "overridden".into()), ("User-Agent".into(), "Mozilla/5.0".into())];
    let document = whole(fetcher.fetch(&manner, &wanted).await).unwrap();
    let expected = Document {
        url: site.at("/a?b"),
        media_type: "text/html".into(),
        charset: Some("gbk".into()),
        validators: Validators {
            etag: Some("W/\"a\"".into()),
            last_modified: Some("Fri, 15 Jan 2027 08:00:00 GMT".into()),
        },
        file_name: Some("书.epub".into()),
        bytes: "text".into(),
    };
    assert_eq!(document, expected);
    assert_eq!(log.targets(), ["/robots.txt", "/a?b"]);
    let request = log.of("/a?b");
    assert_eq!(request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("accept")).count(), 1);
    assert_eq!((request.header("accept"), request.header("range")), (Some("text/x"), None));
    for request in [request, log.of("/robots.txt")] {
        assert_eq!(request.header("user-agent"), Some("shutong-test/1 (+https://example.com/bot)"));
    }
    assert_eq!((fetcher.counts().requests, fetcher.counts().bytes), (2, 4));
    assert_eq!(fetcher.counts().hosts.len(), 1);
    assert_eq!(site.connections.load(Ordering::SeqCst), 1, "the connection is used again");
}

#[tokio::test]
async fn only_what_changed_comes_again() {
    let (site, log) = site("127.0.8.2", |request| match request.target.as_str() {
        "/a" if request.header("if-none-match") == Some("\"1\"") => Some(answer("304 Not Modified", "")),
        "/a" => Some(answer("200 OK\r\nETag: \"2\"", "new")),
        "/odd" => Some(answer("304 Not Modified", "")),
        _ => None,
    });
    let fetcher = fetcher(quick());
    let mut wanted = get(site.at("/a"));
    wanted.validators = Some(Validators { etag: Some("\"1\"".into()), last_modified: Some("yesterday".into()) });
    assert_eq!(fetcher.fetch(&manner(&site), &wanted).await, Ok(Fetched::Unchanged));
    assert_eq!(log.of("/a").header("if-modified-since"), Some("yesterday"));
    wanted.validators = Some(Validators { etag: Some("\"0\"".into()), last_modified: None });
    let document = whole(fetcher.fetch(&manner(&site), &wanted).await).unwrap();
    assert_eq!(document.validators.etag.as_deref(), Some("\"2\""));
    assert_eq!(fetch(&fetcher, &site, "/odd").await, Err(FetchError::Status { code: 304 }));
    wanted = get(site.at("/odd"));
    wanted.validators = Some(Validators::default());
    assert_eq!(fetcher.fetch(&manner(&site), &wanted).await, Err(FetchError::Status { code: 304 }));
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let settings = Settings { tries: 3, retry_base: Duration::from_millis(100), ..quick() };
    let fine = || answer("200 OK", "fine");
    let half = || vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()), Step::Close];
    for code in [408, 429, 500, 502, 503, 504, 522] {
        let failure = answer(&format!("{code} Later"), "");
        let (site, log) = one_after_another("127.0.8.3", vec![failure.clone(), failure.clone(), fine()]);
        assert_eq!(fetch(&fetcher(settings.clone()), &site, "/").await.unwrap().bytes, "fine", "{code}");
        let gaps = log.gaps();
        assert!(gaps[1] >= Duration::from_millis(100) && gaps[2] >= Duration::from_millis(200), "{gaps:?}");
        let (site, log) = one_after_another("127.0.8.3", vec![failure]);
        let found = fetch(&fetcher(settings.clone()), &site, "/").await;
        assert_eq!((found, log.targets().len()), (Err(FetchError::Status { code }), 4), "{code}");
    }
    let (site, _) = one_after_another("127.0.8.3", vec![half(), vec![Step::Close], fine()]);
    assert_eq!(fetch(&fetcher(settings.clone()), &site, "/").await.unwrap().bytes, "fine");
    let (site, _) = one_after_another("127.0.8.3", vec![half()]);
    assert_eq!(fetch(&fetcher(settings), &site, "/").await.unwrap_err().category(), Category::Network);
}

#[tokio::test]
async fn what_does_not_pass_is_asked_for_once() {
    for code in [201, 204, 205, 206, 207, 300, 400, 401, 403, 404, 410, 451] {
        let (site, log) = one_after_another("127.0.8.4", vec![answer(&format!("{code} Odd"), "")]);
        assert_eq!(fetch(&fetcher(quick()), &site, "/").await, Err(FetchError::Status { code }));
        assert_eq!(log.targets().len(), 2, "{code}");
    }
    let (site, log) = pages("127.0.8.4", &[("/", "200 OK", &"a".repeat(2000))]);
    let found = fetcher(quick()).fetch(&manner(&site), &Wanted::get(site.url.clone(), 1999)).await;
    assert_eq!((found, log.targets().len()), (Err(FetchError::TooLarge { most: 1999 }), 2));
}

#[tokio::test]
async fn forms_and_folders() {
    let (site, log) = site("127.0.8.5", |request| match request.target.as_str() {
        "/search" => Some(answer("200 OK", &request.body)),
        "/dav" => Some(answer("207 Multi-Status", &request.body)),
        _ => None,
    });
    let fetcher = fetcher(quick());
    let mut wanted = get(site.at("/search"));
    (wanted.method, wanted.body) = (Method::Post, Some(b"key=%CA%E9".to_vec()));
    assert_eq!(whole(fetcher.fetch(&manner(&site), &wanted).await).unwrap().bytes, "key=%CA%E9");
    assert_eq!(log.of("/search").header("content-type"), Some("application/x-www-form-urlencoded"));
    (wanted.method, wanted.url) = (Method::Propfind, site.at("/dav"));
    wanted.headers = vec![("Depth".into(), "1".into()), ("Content-Type".into(), "application/xml".into())];
    whole(fetcher.fetch(&manner(&site), &wanted).await).unwrap();
    let request = log.of("/dav");
    let headers = (request.header("content-type"), request.header("depth"));
    assert_eq!((request.method.as_str(), headers), ("PROPFIND", (Some("application/xml"), Some("1"))));
    // A body has no place in a GET.
    wanted.method = Method::Get;
    assert_eq!(fetcher.fetch(&manner(&site), &wanted).await, Err(FetchError::Status { code: 207 }));
    assert!(log.0.lock().last().unwrap().1.body.is_empty());
}

#[tokio::test]
async fn cookies_only_where_they_are_wanted() {
    let (site, log) = pages("127.0.8.6", &[("/", "200 OK\r\nSet-Cookie: a=b; Path=/", ""), ("/next", "200 OK", "")]);
    let fetcher = fetcher(quick());
    let mut manner = manner(&site);
    let mut other = manner.clone();
    (manner.keeps_cookies, other.keeps_cookies) = (true, true);
    manner.headers = vec![("Cookie".into(), "own=1".into())];
    other.origin = Url::parse("http://other.example/").unwrap();
    for (manner, path) in [(&manner, "/"), (&manner, "/next"), (&other, "/next")] {
        fetcher.fetch(manner, &get(site.at(path))).await.unwrap();
    }
    fetch(&fetcher, &site, "/next").await.unwrap();
    let log = log.0.lock();
    let sent: Vec<Option<&str>> = log.iter().map(|(_, request)| request.header("cookie")).collect();
    assert_eq!(sent, [None, Some("own=1"), Some("own=1; a=b"), None, None]);
}

#[tokio::test]
async fn without_pauses_it_takes_no_time() {
    let (site, _) = pages("127.0.8.7", &[("/", "200 OK", "a")]);
    let fetcher = fetcher(quick());
    for _ in 0..200 {
        fetch(&fetcher, &site, "/").await.unwrap();
    }
    assert_eq!(site.connections.load(Ordering::SeqCst), 1);
}
