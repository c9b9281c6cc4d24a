//! The guarded client against servers that misbehave.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::http::site::{Reply, Site, Step, answer};

const AGENT: &str = "shutong-test/1 (+https://example.com/bot)";

fn loopback(nets: &[&str]) -> Reach {
    Reach { nets: nets.iter().map(|net| net.parse().unwrap()).collect(), ports: Vec::new() }
}

fn ask(url: Url) -> Ask {
    Ask {
        method: Method::Get,
        url,
        headers: Vec::new(),
        body: None,
        most_bytes: 1 << 20,
        excess: Excess::Refuse,
        patience: Duration::from_secs(10),
    }
}

async fn send(url: Url) -> Result<Answer, Failure> {
    Guarded::new(loopback(&["127.0.1.0/24"]), AGENT).unwrap().send(&ask(url)).await
}

/// What becomes of an answer.
async fn of(reply: Reply) -> Result<Answer, Failure> {
    let site = Site::on("127.0.1.1", move |_| reply.clone());
    send(site.at("/")).await
}

/// The same with little patience: the rate is looked at every second, and the whole may take 33.
async fn soon(reply: Reply) -> Result<Answer, Failure> {
    let site = Site::on("127.0.1.1", move |_| reply.clone());
    let asked = Ask { patience: Duration::from_secs(1), ..ask(site.at("/")) };
    let client = Guarded::new(loopback(&["127.0.1.0/24"]), AGENT).unwrap();
    timeout(Duration::from_secs(15), client.send(&asked)).await.expect("it is given up long before the whole time")
}

fn raw(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

fn lookup(answers: Vec<Vec<&str>>) -> (Lookup, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> =
        answers.iter().map(|one| one.iter().map(|address| address.parse().unwrap()).collect()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let lookup: Lookup = Arc::new(move |_| {
        let count = counted.fetch_add(1, Ordering::SeqCst);
        let found = answers[count.min(answers.len() - 1)].clone();
        Box::pin(async move { Ok(found) })
    });
    (lookup, asked)
}

#[tokio::test]
async fn an_answer_and_what_was_asked() {
    let site = Site::on("127.0.1.2", |request| {
        let text = format!("{} {} {:?}", request.method, request.target, request.headers);
        answer("200 OK\r\nETag: \"a\"\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d", text)
    });
    let client = Guarded::new(loopback(&["127.0.1.0/24"]), AGENT).unwrap();
    let mut asked = ask(site.at("/a?b=c"));
    asked.method = Method::Propfind;
    let own = ["Host", "User-Agent", "Accept-Encoding", "connection", "X-Own"];
    asked.headers = own.iter().map(|name| ((*name).to_owned(), "evil".to_owned())).collect();
    let got = client.send(&asked).await.unwrap();
    let text = String::from_utf8(got.body.to_vec()).unwrap().to_lowercase();
    assert!(text.starts_with("propfind /a?b=c") && text.contains(AGENT) && text.contains("\"gzip\""), "{text}");
    assert!(text.contains("(\"x-own\", \"evil\")") && text.matches("evil").count() == 1, "{text}");
    assert_eq!((got.status, got.ascii("etag")), (200, Some("\"a\"")));
    assert_eq!(got.headers("set-cookie").collect::<Vec<_>>(), [b"a=b", b"c=d"]);
    for _ in 0..5 {
        client.send(&asked).await.unwrap();
    }
    assert_eq!(site.connections.load(Ordering::SeqCst), 1, "the connection is used again");
    asked.headers = vec![("X-Own".into(), "a\r\nX-Other: b".into())];
    assert!(matches!(client.send(&asked).await, Err(Failure::Broken(_))));
    asked.headers = vec![];
    (asked.method, asked.body) = (Method::Post, Some(b"key=1".to_vec()));
    assert_eq!(client.send(&asked).await.unwrap().status, 200);
}

#[tokio::test]
async fn names_reach_only_what_is_admitted() {
    let site = Site::on("127.0.1.3", |_| answer("200 OK", "in"));
    let inside = Site::on("127.0.2.3", |_| answer("200 OK", "secret"));
    let reach = loopback(&["127.0.1.0/24"]);
    // Another address each time it is asked, as a name under an attacker's hand: what is checked is what is used.
    let (rebinding, asked) = lookup(vec![vec!["127.0.1.3"], vec!["127.0.2.3"], vec!["127.0.0.1"]]);
    let client = Guarded::with_lookup(reach.clone(), AGENT, rebinding).unwrap();
    assert_eq!(client.send(&ask(site.named("a.example", "/"))).await.unwrap().body, "in");
    // On another port, so that no connection is there to be used again.
    for address in ["127.0.2.3", "127.0.0.1"] {
        let found = client.send(&ask(inside.named("a.example", "/"))).await;
        assert_eq!(found.unwrap_err(), Failure::Forbidden(Forbidden::Address(address.parse().unwrap())));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!(inside.connections.load(Ordering::SeqCst), 0);
    // Of several addresses only the admitted ones are tried, wherever they stand.
    let (mixed, _) = lookup(vec![vec!["127.0.2.3", "127.0.1.3", "::1"]]);
    let client = Guarded::with_lookup(reach.clone(), AGENT, mixed).unwrap();
    assert_eq!(client.send(&ask(site.named("a.example", "/"))).await.unwrap().body, "in");
    let (none, _) = lookup(vec![vec![]]);
    let client = Guarded::with_lookup(reach, AGENT, none).unwrap();
    assert!(matches!(client.send(&ask(site.named("a.example", "/"))).await, Err(Failure::Broken(_))));
}

#[tokio::test]
async fn every_class_of_address_is_refused_by_name() {
    for address in [
        "0.0.0.0",
        "10.0.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "2001:0:1::1",
    ] {
        let (lookup, _) = lookup(vec![vec![address]]);
        let client = Guarded::with_lookup(Reach::default(), AGENT, lookup).unwrap();
        let found = client.send(&ask(Url::parse("http://a.example/").unwrap())).await;
        let refused = Failure::Forbidden(Forbidden::Address(address.parse().unwrap()));
        assert_eq!(found.unwrap_err(), refused, "{address}");
    }
    // A public address on a port that is open in the networks alone.
    let (lookup, _) = lookup(vec![vec!["1.1.1.1"]]);
    let client = Guarded::with_lookup(loopback(&["127.0.1.0/24"]), AGENT, lookup).unwrap();
    let found = client.send(&ask(Url::parse("http://a.example:8080/").unwrap())).await;
    assert_eq!(found.unwrap_err(), Failure::Forbidden(Forbidden::Address("1.1.1.1".parse().unwrap())));
}

#[tokio::test]
async fn literals_and_other_schemes_are_refused_unsent() {
    let site = Site::on("127.0.2.4", |_| answer("200 OK", "secret"));
    assert!(matches!(send(site.at("/")).await, Err(Failure::Forbidden(Forbidden::Address(_)))));
    assert!(matches!(send(Url::parse("file:///etc/passwd").unwrap()).await, Err(Failure::Forbidden(_))));
    assert_eq!(site.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn sizes_have_ends() {
    const MOST: u64 = 1 << 20;
    let large = Err(Failure::TooLarge { most: MOST });
    let body = |found: Result<Answer, Failure>| found.map(|answer| answer.body.len());
    assert_eq!(body(of(answer("200 OK", vec![b'a'; 1 << 20])).await), Ok(1 << 20));
    assert_eq!(body(of(answer("200 OK", vec![b'a'; (1 << 20) + 1])).await), large);
    // Announced is enough: nothing of it comes.
    assert_eq!(body(of(vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")]).await), large);
    let endless = Step::Forever(vec![b'a'; 10_000], Duration::ZERO);
    assert_eq!(body(of(vec![raw("HTTP/1.1 200 OK\r\n\r\n"), endless.clone()]).await), large);
    let chunk = Step::Forever(b"5\r\naaaaa\r\n".repeat(1000), Duration::ZERO);
    assert_eq!(body(of(vec![raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), chunk]).await), large);
    // Of an error only the beginning is read.
    assert_eq!(body(of(vec![raw("HTTP/1.1 404 Gone\r\n\r\n"), endless.clone()]).await), Ok(16 << 10));
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![0; 4 << 20]).unwrap();
    let bomb = packed.finish().unwrap();
    assert_eq!(body(of(answer("200 OK\r\nContent-Encoding: gzip", &bomb)).await), large);
    let site = Site::on("127.0.1.5", move |_| vec![raw("HTTP/1.1 200 OK\r\n\r\n"), endless.clone()]);
    let mut asked = ask(site.at("/"));
    (asked.excess, asked.most_bytes) = (Excess::Cut, 1000);
    let client = Guarded::new(loopback(&["127.0.1.0/24"]), AGENT).unwrap();
    assert_eq!(client.send(&asked).await.unwrap().body.len(), 1000);
}

#[tokio::test]
async fn codings() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all("书童".as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(of(answer("200 OK\r\nContent-Encoding: gzip", &packed)).await.unwrap().body, "书童");
    for coding in ["br", "gzip, gzip", "deflate", "gzip\r\nContent-Encoding: gzip"] {
        let found = of(answer(&format!("200 OK\r\nContent-Encoding: {coding}"), &packed)).await;
        assert!(matches!(found, Err(Failure::Broken(_))), "{coding}");
    }
    let half = &packed[..packed.len() / 2];
    assert!(matches!(of(answer("200 OK\r\nContent-Encoding: gzip", half)).await, Err(Failure::Broken(_))));
}

#[tokio::test]
async fn times_have_ends() {
    let (head, long) = (raw("HTTP/1.1 200 OK\r\n\r\n"), Duration::from_secs(20));
    assert_eq!(soon(vec![Step::Wait(long)]).await.unwrap_err(), Failure::Slow);
    let drip = Step::Forever(b"a".to_vec(), Duration::from_millis(50));
    assert_eq!(soon(vec![head.clone(), drip]).await.unwrap_err(), Failure::Slow, "a slow body");
    assert_eq!(soon(vec![head.clone(), Step::Wait(long)]).await.unwrap_err(), Failure::Slow, "a body that stops");
    let headers = Step::Forever(b"A: b\r\n".to_vec(), Duration::from_millis(50));
    assert_eq!(soon(vec![raw("HTTP/1.1 200 OK\r\n"), headers]).await.unwrap_err(), Failure::Slow, "a slow head");
    let mut slow_but_steady = vec![head];
    for _ in 0..8 {
        slow_but_steady.extend([Step::Send(vec![b'a'; 2000]), Step::Wait(Duration::from_millis(200))]);
    }
    slow_but_steady.push(Step::Close);
    assert_eq!(soon(slow_but_steady).await.unwrap().body.len(), 16_000);
}

#[tokio::test]
async fn the_whole_time_has_an_end() {
    // Fast enough for the rate, but 64 kB have to be there within three seconds.
    let steady = Step::Forever(vec![b'a'; 1500], Duration::from_millis(100));
    let reply = vec![raw("HTTP/1.1 200 OK\r\n\r\n"), steady];
    let site = Site::on("127.0.1.7", move |_| reply.clone());
    let asked = Ask { patience: Duration::from_secs(1), most_bytes: 64 << 10, ..ask(site.at("/")) };
    let client = Guarded::new(loopback(&["127.0.1.0/24"]), AGENT).unwrap();
    assert_eq!(client.send(&asked).await.unwrap_err(), Failure::Slow);
}

#[tokio::test]
async fn heads_have_ends() {
    let one = format!("200 OK\r\nA: {}", "a".repeat(70_000));
    assert!(matches!(of(answer(&one, "")).await, Err(Failure::Broken(_))));
    let many = format!("200 OK{}", "\r\nA: b".repeat(200));
    assert!(matches!(of(answer(&many, "")).await, Err(Failure::Broken(_))));
    let endless = Step::Forever(vec![b'a'; 10_000], Duration::ZERO);
    assert!(matches!(of(vec![raw("HTTP/1.1 200 OK\r\nA: "), endless]).await, Err(Failure::Broken(_))));
    assert!(of(answer(&format!("200 OK\r\nA: {}", "a".repeat(60_000)), "")).await.is_ok());
}

#[tokio::test]
async fn what_breaks_off_is_an_error() {
    let broken = |found: Result<Answer, Failure>| matches!(found, Err(Failure::Broken(_)));
    let half = raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    assert!(broken(of(vec![half, Step::Close]).await));
    let chunk = raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
    assert!(broken(of(vec![chunk, Step::Close]).await));
    assert!(broken(of(vec![Step::Close]).await));
    assert!(broken(of(vec![raw("SSH-2.0-OpenSSH_9.9\r\n"), Step::Close]).await));
    assert!(broken(
        of(vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"), Step::Close]).await
    ));
    let gone = Site::on("127.0.1.6", |_| Vec::new()).at("/?token=hunter2");
    let Err(Failure::Broken(sentence)) = send(gone).await else { panic!("nobody listens") };
    assert!(!sentence.contains("hunter2") && !sentence.contains("127.0.1.6") && !sentence.is_empty(), "{sentence}");
}
