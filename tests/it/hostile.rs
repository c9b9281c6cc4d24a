//! What the internet sends to a callback, against the executable on a real socket. Whatever it is: an answer of the
//! 400s or a closed connection, the process alive, its memory bounded, and the next follower served.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::binary::{Binary, Home};
use crate::support::connection::{Connection, head, target};
use crate::support::wechat_sim::cipher;
use crate::support::wechat_sim::{Answer, Push, Request, SimMode, WechatSim};

const PATH: &str = "/wechat/main";
/// Kilobytes that no attack may make the process grow by. A debug build with its index takes about 60 MB itself.
const MOST_GROWTH: u64 = 150_000;

struct Target {
    _home: Home,
    service: Binary,
    sim: WechatSim,
    /// Before the attack, in kilobytes.
    memory: u64,
}

impl Target {
    async fn new(mode: SimMode) -> Target {
        let home = Home::with_account(mode);
        let service = home.serve(&[]);
        let sim = service.sim(mode);
        sim.say("oFirst", "帮助").await.expect_text();
        let (memory, _) = service.memory();
        Target { _home: home, service, sim, memory }
    }

    /// A signed request with this body in place of its own.
    fn signed(&self, body: &str) -> Request {
        Request { body: body.to_owned(), ..self.sim.request(&self.sim.text("oAttacker", "x")) }
    }

    async fn send(&self, bytes: &[u8]) -> Option<u16> {
        let mut connection = Connection::open(self.service.public_address()).await;
        connection.send(bytes).await;
        connection.answer().await.map(|answer| answer.status)
    }

    /// The attack is refused or dropped.
    #[track_caller]
    fn refused(status: Option<u16>, attack: &str) {
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{attack}: {status:?}");
    }

    async fn post_refused(&self, attack: &str, request: &Request) {
        let mut connection = Connection::open(self.service.public_address()).await;
        let answer = connection.post(PATH, request).await;
        Target::refused(answer.map(|answer| answer.status), attack);
    }

    /// Alive, of bounded size, and serving.
    async fn unharmed(mut self) {
        assert!(self.service.is_alive());
        let (_, most) = self.service.memory();
        assert!(most < self.memory + MOST_GROWTH, "{} kB before, {most} kB at the most", self.memory);
        assert!(self.sim.say("oLast", "帮助").await.expect_text().contains("发书名或作者"));
        let errors = tokio::task::spawn_blocking(move || self.service.stop()).await.unwrap();
        assert!(!errors.contains("panicked"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_message() {
    let target = Target::new(SimMode::Plain).await;
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><xml><Content>&b;</Content></xml>";
    let external = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml><Content>&a;</Content></xml>";
    let deep = format!("{}{}", "<a>".repeat(9_000), "</a>".repeat(9_000));
    let attributes: String = (0..200_000).map(|n| format!(" a{n}=\"\"")).collect();
    let some: String = (0..6_000).map(|n| format!(" a{n}=\"\"")).collect();
    for (attack, body) in [
        ("nothing", ""),
        ("no XML", "hello"),
        ("cut off", "<xml><FromUserName>o</From"),
        ("another root", "<html><body/></html>"),
        ("NUL", "<xml>\0</xml>"),
        ("an entity", laughs),
        ("a file", external),
        ("deep nesting", &deep),
        ("200,000 attributes", &format!("<xml{attributes}/>")),
        ("6,000 attributes", &format!("<xml{some}/>")),
        ("65,537 bytes", &format!("<xml>{}</xml>", " ".repeat(65_526))),
        ("many elements", &format!("<xml>{}</xml>", "<a/>".repeat(15_000))),
    ] {
        target.post_refused(attack, &target.signed(body)).await;
    }
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ciphertexts_that_are_none() {
    let target = Target::new(SimMode::Safe).await;
    let account = &target.sim.account;
    let message = target.sim.text("oAttacker", "x").xml();
    let block = |length: u32, message: &str, app_id: &str, padding: &[u8]| {
        let mut plain = b"0123456789abcdef".to_vec();
        plain.extend(length.to_be_bytes());
        plain.extend(message.bytes().chain(app_id.bytes()));
        let fill = 32 - plain.len() % 32;
        plain.extend(padding.iter().copied().chain(std::iter::repeat(fill as u8)).take(fill));
        plain
    };
    let length = message.len() as u32;
    let app_id = &account.app_id;
    let encrypted = |plain: &[u8]| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(cipher::encrypt_blocks(&account.encoding_aes_key, plain))
    };
    for (attack, ciphertext) in [
        ("nothing", String::new()),
        ("no base64", "!!!!".into()),
        ("half a block", "AAAAAAAAAAA=".into()),
        ("random blocks", "QUFB".repeat(64)),
        ("length 0", encrypted(&block(0, &message, app_id, &[]))),
        ("length too long", encrypted(&block(length + 1_000, &message, app_id, &[]))),
        ("length of 4 GB", encrypted(&block(u32::MAX, &message, app_id, &[]))),
        ("padding 0", encrypted(&block(length, &message, app_id, &[0; 32]))),
        ("padding 33", encrypted(&block(length, &message, app_id, &[33; 32]))),
        ("unequal padding", encrypted(&block(length, &message, app_id, &[7, 9]))),
        ("another account's", encrypted(&block(length, &message, "wxffffffffffffffff", &[]))),
        ("no AppID", encrypted(&block(length, &message, "", &[]))),
        ("a bad message", encrypted(&block(3, "<a>", app_id, &[]))),
    ] {
        let body = format!("<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{ciphertext}]]></Encrypt></xml>");
        let mut request = target.signed(&body);
        let (time, nonce) = (request.parameter("timestamp"), request.parameter("nonce"));
        request.change("msg_signature", |_| cipher::sha1_hex(&[&account.token, &time, &nonce, &ciphertext]));
        target.post_refused(attack, &request).await;
    }
    target.post_refused("a plain body", &Request { body: message, ..target.signed("") }).await;
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_100_megabytes() {
    let attacked = Target::new(SimMode::Plain).await;
    let signed = target(PATH, &attacked.signed(""));
    let piece = vec![b' '; 1 << 20];
    for (attack, target, chunked) in [
        ("admitted", signed.as_str(), false),
        ("unsigned", PATH, false),
        ("chunked", signed.as_str(), true),
        ("chunked, unsigned", PATH, true),
    ] {
        let length = if chunked { "Transfer-Encoding: chunked\r\n" } else { "Content-Length: 104857600\r\n" };
        let mut connection = Connection::open(attacked.service.public_address()).await;
        let mut is_taken = connection.send(head("POST", target, length).as_bytes()).await;
        for _ in 0..100 {
            let size = format!("{:x}\r\n", piece.len());
            is_taken = is_taken && (!chunked || connection.send(size.as_bytes()).await);
            is_taken = is_taken && connection.send(&piece).await && (!chunked || connection.send(b"\r\n").await);
        }
        // Bytes may be taken and thrown away; they must not be kept.
        Target::refused(connection.answer().await.map(|answer| answer.status), attack);
    }
    attacked.unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_much() {
    let attacked = Target::new(SimMode::Plain).await;
    let many: String = (0..10_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "y".repeat(1 << 20));
    for (attack, bytes) in [
        ("10,000 headers", head("GET", "/", &many)),
        ("a header of 1 MB", head("GET", "/", &long)),
        ("a URI of 1 MB", head("GET", &format!("/{}", "y".repeat(1 << 20)), "")),
        ("two lengths", head("POST", PATH, "Content-Length: 5\r\nContent-Length: 6\r\n") + "hello!"),
        ("a negative length", head("POST", PATH, "Content-Length: -1\r\n")),
        ("a huge length", head("POST", PATH, "Content-Length: 99999999999999999999\r\n")),
        ("a bad chunk", head("POST", PATH, "Transfer-Encoding: chunked\r\n") + "zz\r\nhello\r\n0\r\n\r\n"),
        ("a folded header", head("GET", "/", "X-A: b\r\n c\r\n")),
        ("a compressed body", head("POST", PATH, "Content-Encoding: gzip\r\nContent-Length: 2\r\n") + "\x1f\x0b"),
        ("no HTTP", "\x16\x03\x01\x02\0\x01\0\x01\u{7c}\x03\x03\r\n\r\n".into()),
        ("another method", head("BREW", PATH, "")),
        ("a path upwards", head("GET", "/../../../../etc/passwd", "")),
        ("an encoded path upwards", head("GET", "/dl/..%2f..%2fetc%2fpasswd", "")),
    ] {
        Target::refused(attacked.send(bytes.as_bytes()).await, attack);
    }
    // Both a length and chunks: whatever is believed, what follows must not be taken for a second request.
    let smuggled = head("POST", PATH, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")
        + "0\r\n\r\n"
        + &head("GET", "/healthz", "");
    let mut connection = Connection::open(attacked.service.public_address()).await;
    connection.send(smuggled.as_bytes()).await;
    let first = connection.answer().await;
    Target::refused(first.map(|answer| answer.status), "a length and chunks");
    attacked.unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_slow_clients() {
    let attacked = Target::new(SimMode::Plain).await;
    let signed = head("POST", &target(PATH, &attacked.signed("")), "Content-Length: 1000\r\n");
    let started = Instant::now();
    let slow: Vec<_> = (0..200)
        .map(|number| {
            let address = attacked.service.public_address().to_owned();
            let half = match number % 3 {
                0 => "GET / HTTP/1.1\r\nHost: books".to_owned(),
                1 => String::new(),
                _ => format!("{signed}<xml>"),
            };
            tokio::spawn(async move {
                let mut connection = Connection::open(&address).await;
                connection.send(half.as_bytes()).await;
                connection.answer().await.map(|answer| answer.status)
            })
        })
        .collect();
    // Followers are served meanwhile.
    assert!(attacked.sim.say("oMeanwhile", "帮助").await.expect_text().contains("发书名"));
    for client in slow {
        Target::refused(client.await.unwrap(), "a slow client");
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    attacked.unharmed().await;
}

/// How many messages the burst has; each is sent three times. The full drill has 10,000.
fn burst() -> usize {
    std::env::var("SHUTONG_BURST").map_or(600, |text| text.parse().expect("SHUTONG_BURST is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_three_times_each_and_shuffled_have_one_effect_each() {
    const CONNECTIONS: usize = 64;
    let home = Home::with_account(SimMode::Safe);
    let service = home.serve(&[]);
    let sim = Arc::new(service.sim(SimMode::Safe));
    let pushes: Vec<Push> =
        (0..burst()).map(|n| sim.text(&format!("oFollower{}", n % 500), &format!("求书 第{n}号奇书"))).collect();
    let mut queue: Vec<usize> = (0..pushes.len() * 3).map(|n| n % pushes.len()).collect();
    shuffle(&mut queue);
    let (pushes, queue) = (Arc::new(pushes), Arc::new(queue));

    let started = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|client| {
            let (sim, pushes, queue) = (Arc::clone(&sim), Arc::clone(&pushes), Arc::clone(&queue));
            let address = service.public_address().to_owned();
            tokio::spawn(async move {
                let mut connection = Connection::open(&address).await;
                let mut answers = Vec::new();
                for &number in queue.iter().skip(client).step_by(CONNECTIONS) {
                    let asked = Instant::now();
                    let http = connection.post(PATH, &sim.request(&pushes[number])).await.expect("an answer");
                    answers.push((number, sim.judge(&pushes[number], &http), asked.elapsed()));
                }
                answers
            })
        })
        .collect();
    let mut told: BTreeMap<usize, Vec<Answer>> = BTreeMap::new();
    let mut waits = Vec::new();
    for client in clients {
        for (number, answer, wait) in client.await.unwrap() {
            told.entry(number).or_default().push(answer);
            waits.push(wait);
        }
    }
    waits.sort();
    let (p50, p99, most) = (waits[waits.len() / 2], waits[waits.len() * 99 / 100], waits[waits.len() - 1]);
    let (rss, _) = service.memory();
    eprintln!(
        "{} attempts in {:?}: p50 {p50:?}, p99 {p99:?}, at the most {most:?}; {rss} kB in use",
        waits.len(),
        started.elapsed()
    );
    for (number, answers) in &told {
        assert!(answers[0].expect_text().contains(&format!("第{number}号奇书")), "{answers:?}");
        assert!(answers.iter().all(|answer| *answer == answers[0]) && answers.len() == 3, "{answers:?}");
    }
    assert!(most < Duration::from_millis(4_500), "{most:?}");
    let requests = requests_of(&home);
    assert_eq!(requests.len(), pushes.len());
    assert!(requests.values().all(|&count| count == 1), "{requests:?}");
    service.stop();
}

/// All requests and how many followers they count.
pub fn requests_of(home: &Home) -> BTreeMap<String, u64> {
    let folder = format!("export{}", std::fs::read_dir(home.folder()).unwrap().count());
    home.done(&["export", &folder]);
    let records = std::fs::read_to_string(home.folder().join(folder).join("records.jsonl")).unwrap();
    let lines = records.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .filter(|line| line["table"] == "requests")
        .map(|line| (line["value"]["text"].as_str().unwrap().to_owned(), line["value"]["count"].as_u64().unwrap()))
        .collect()
}

/// Fisher-Yates over a sequence without visible pattern: the same order every time.
fn shuffle(items: &mut [usize]) {
    let mut state = 2026_u64;
    for end in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(end, (state >> 33) as usize % (end + 1));
    }
}
