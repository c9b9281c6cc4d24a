//! Where answers lead, and where they must not.

use super::*;
use crate::http::reach::Forbidden;

#[tokio::test]
async fn five_are_followed_and_no_more() {
    let (site, log) = site("127.0.8.11", |request| match request.target.as_str() {
        "/loop" => Some(to("/loop")),
        path => {
            let left: usize = path.trim_start_matches('/').parse().ok()?;
            let next = format!("{}#part", left.wrapping_sub(1));
            Some(if left == 0 { answer("200 OK", "end") } else { to(next) })
        }
    });
    let fetcher = fetcher(quick());
    let document = fetch(&fetcher, &site, "/5").await.unwrap();
    assert_eq!((document.url, document.bytes), (site.at("/0"), "end".into()));
    for path in ["/6", "/loop"] {
        let before = log.targets().len();
        assert!(matches!(fetch(&fetcher, &site, path).await, Err(FetchError::Redirect(_))));
        assert_eq!(log.targets().len() - before, 6, "{path}");
    }
}

#[tokio::test]
async fn what_is_sent_on() {
    let (site, log) = site("127.0.8.12", |request| {
        let code = request.target.trim_start_matches('/');
        let leads = ["301", "302", "303", "307", "308"].contains(&code);
        Some(if leads {
            answer(&format!("{code} On\r\nLocation: /to-{code}"), "")
        } else if code == "robots.txt" {
            answer("404 None", "")
        } else {
            answer("200 OK", "")
        })
    });
    let fetcher = fetcher(quick());
    for (method, code, expected) in [
        (Method::Post, "301", "GET"),
        (Method::Post, "302", "GET"),
        (Method::Post, "303", "GET"),
        (Method::Post, "307", "POST"),
        (Method::Post, "308", "POST"),
        (Method::Propfind, "301", "PROPFIND"),
        (Method::Propfind, "303", "GET"),
    ] {
        log.0.lock().clear();
        let mut wanted = get(site.at(code));
        (wanted.method, wanted.body) = (method, Some(b"a=b".to_vec()));
        fetcher.fetch(&manner(&site), &wanted).await.unwrap();
        let request = log.of(&format!("/to-{code}"));
        let has_body = expected != "GET";
        assert_eq!((request.method.as_str(), !request.body.is_empty()), (expected, has_body), "{method:?} {code}");
        assert_eq!(request.header("content-type").is_some(), has_body);
    }
}

#[tokio::test]
async fn nothing_leads_inside() {
    let (inside, asked) = pages("127.0.9.13", &[("/", "200 OK", "secret")]);
    for location in [
        inside.url.as_str(),
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd00:ec2::254]/",
        "//192.168.1.1/",
        "http://localhost/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "data:text/html,a",
        "http://a:b@127.0.8.13/",
        "http://1.1.1.1:22/",
    ] {
        let location = location.to_owned();
        let (site, log) = site("127.0.8.13", move |request| (request.target == "/").then(|| to(&location)));
        let found = fetch(&fetcher(quick()), &site, "/").await;
        assert!(matches!(found, Err(FetchError::Forbidden(_))), "{found:?}");
        assert_eq!(log.targets(), ["/robots.txt", "/"]);
    }
    assert_eq!(asked.targets(), [""; 0]);
}

#[tokio::test]
async fn no_name_leads_inside_either() {
    let (inside, asked) = pages("127.0.9.14", &[("/", "200 OK", "secret")]);
    let address = inside.named("inside.example", "/");
    let (site, _) = site("127.0.8.14", move |request| (request.target == "/").then(|| to(&address)));
    let lookup: Lookup = Arc::new(|name| {
        let address = if name == "inside.example" { "127.0.9.14" } else { "127.0.8.14" };
        Box::pin(async move { Ok(vec![address.parse().unwrap()]) })
    });
    let fetcher = fetcher(quick()).with_lookup(lookup);
    let found = fetcher.fetch(&manner(&site), &get(site.named("outside.example", "/"))).await;
    assert_eq!(found, Err(FetchError::Forbidden(Forbidden::Address("127.0.9.14".parse().unwrap()))));
    assert_eq!(asked.targets(), [""; 0]);
}

#[tokio::test]
async fn the_rules_of_the_other_site_count_there() {
    let rules = "User-agent: *\nDisallow: /private";
    let (other, asked) = pages("127.0.8.16", &[("/robots.txt", "200 OK", rules), ("/open", "200 OK", "open")]);
    let (private, open) = (other.at("/private/a"), other.at("/open"));
    let (site, _) = site("127.0.8.15", move |request| match request.target.as_str() {
        "/private" => Some(to(&private)),
        "/open" => Some(to(&open)),
        _ => None,
    });
    let fetcher = fetcher(quick());
    let forbidden = Err(FetchError::Robots { rule: "Disallow: /private".into() });
    assert_eq!(fetch(&fetcher, &site, "/private").await, forbidden);
    assert_eq!(asked.targets(), ["/robots.txt"]);
    assert_eq!(fetch(&fetcher, &site, "/open").await.unwrap().url, other.at("/open"));
}

#[tokio::test]
async fn secrets_stay_where_they_belong() {
    let (other, asked) = pages("127.0.8.18", &[("/", "200 OK", "")]);
    let elsewhere = other.url.clone();
    let (site, log) = site("127.0.8.17", move |request| match request.target.as_str() {
        "/here" => Some(to("/there")),
        "/there" => Some(to(&elsewhere)),
        _ => None,
    });
    let mut manner = manner(&site);
    manner.login = Some(("me".into(), Secret::new("hunter2")));
    manner.headers = vec![("X-Token".into(), "t".into()), ("Accept-Language".into(), "zh".into())];
    let mut wanted = get(site.at("/here"));
    wanted.headers = vec![("X-Ticket".into(), "t".into()), ("Cookie".into(), "a=b".into())];
    wanted.referer = Some(site.at("/list?secret"));
    fetcher(quick()).fetch(&manner, &wanted).await.unwrap();
    for path in ["/here", "/there"] {
        let request = log.of(path);
        assert_eq!(request.header("authorization"), Some("Basic bWU6aHVudGVyMg=="), "{path}");
        assert_eq!((request.header("x-token"), request.header("x-ticket")), (Some("t"), Some("t")), "{path}");
        assert_eq!(request.header("referer"), Some(site.at("/list?secret").as_str()));
    }
    let request = asked.of("/");
    for name in ["authorization", "x-token", "x-ticket", "cookie"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    assert_eq!(request.header("accept-language"), Some("zh"));
    assert_eq!(request.header("referer"), Some(site.url.as_str()));
    // Straight to another origin, nothing of the source's goes along at all.
    let direct = fetcher(quick());
    direct.fetch(&manner, &get(other.at("/"))).await.unwrap();
    assert!(asked.0.lock().iter().all(|(_, request)| request.header("authorization").is_none()));
    assert_eq!(log.of("/robots.txt").header("authorization"), None, "robots.txt is for everybody");
}

#[tokio::test]
async fn odd_destinations() {
    for head in ["302 Found", "302 Found\r\nLocation: http://[", "302 Found\r\nLocation: http://"] {
        let (site, _) = pages("127.0.8.19", &[("/", head, "")]);
        assert!(matches!(fetch(&fetcher(quick()), &site, "/").await, Err(FetchError::Redirect(_))), "{head:?}");
    }
    let long = format!("302 Found\r\nLocation: /{}", "a".repeat(9000));
    let (site, _) = pages("127.0.8.19", &[("/", &long, "")]);
    assert!(matches!(fetch(&fetcher(quick()), &site, "/").await, Err(FetchError::Redirect(_))));
    // Raw bytes go back as they came.
    let (raw, log) = self::site("127.0.8.19", |request| match request.target.as_str() {
        "/gbk" => {
            Some(vec![Step::Send(b"HTTP/1.1 302 A\r\nLocation: /\xCA\xE9\r\nContent-Length: 0\r\n\r\n".to_vec())])
        }
        "/utf8" => Some(to("/书")),
        "/%CA%E9" | "/%E4%B9%A6" => Some(answer("200 OK", "")),
        _ => None,
    });
    let fetcher = fetcher(quick());
    for path in ["/gbk", "/utf8"] {
        fetch(&fetcher, &raw, path).await.unwrap();
    }
    assert!(log.targets().contains(&"/%CA%E9".into()));
}
