//! The simulated platform against a small server built on `shutong::wechat`, over real sockets. It
//! tests both: where they disagree about the protocol, one of them is wrong.

use crate::support::wechat_sim::*;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming as Body};
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use shutong::secret::Secret;
use shutong::wechat::*;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

type Answerer = Arc<dyn Fn(&Incoming) -> (Duration, Reply) + Send + Sync>;

struct Server {
    account: Account,
    nonces: NonceCache,
    answer: Answerer,
}

/// A callback as `server::webhook` will be: check, read, open, admit, answer, seal.
impl Server {
    async fn handle(&self, request: hyper::Request<Body>) -> Result<Vec<u8>, Refused> {
        let now = chrono::Utc::now().timestamp();
        let query = Query::parse(request.uri().query().unwrap_or_default())?;
        if request.method() == Method::GET {
            return verify_url(&self.account, &query, now).map(String::into_bytes);
        }
        check(&self.account, &query, now)?;
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let Opened { incoming, envelope } = open(&self.account, &query, &body, now)?;
        self.nonces.admit(&self.account, &query, &body, now)?;
        let (delay, reply) = (self.answer)(&incoming);
        tokio::time::sleep(delay).await;
        let random = std::array::from_fn(|at| (now as u8).wrapping_mul(31).wrapping_add(at as u8));
        Ok(seal(&self.account, &envelope, &incoming, &reply, now, random, "415670741").unwrap())
    }
}

/// Starts the server and the platform that calls it.
async fn start(mode: SimMode, change: impl FnOnce(&mut AccountSettings), answer: Answerer) -> WechatSim {
    let sim_account = SimAccount::new(mode);
    let mut settings = AccountSettings {
        name: "main".into(),
        app_id: sim_account.app_id.clone(),
        token: Secret::new(&sim_account.token),
        mode: match mode {
            SimMode::Plain => Mode::Plain,
            SimMode::Compatible => Mode::Compatible,
            SimMode::Safe => Mode::Safe,
        },
        encoding_aes_key: Some(Secret::new(&sim_account.encoding_aes_key)),
        previous_encoding_aes_key: None,
        verified: false,
    };
    change(&mut settings);
    let server = Arc::new(Server { account: Account::new(settings).unwrap(), nonces: NonceCache::new(), answer });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let server = server.clone();
            let service = service_fn(move |request| {
                let server = server.clone();
                async move {
                    let (status, body) = match server.handle(request).await {
                        Ok(body) => (200, body),
                        Err(refused) => (refused.status(), refused.to_string().into_bytes()),
                    };
                    let body = Full::new(Bytes::from(body));
                    Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap())
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    WechatSim::new(sim_account, format!("http://{address}/wechat/main?own=1")).with_patience(Duration::from_secs(20), 3)
}

const MODES: [SimMode; 3] = [SimMode::Plain, SimMode::Compatible, SimMode::Safe];

/// Says back what was said, whatever it is.
fn echo() -> Answerer {
    Arc::new(|incoming| {
        let reply = match &incoming.kind {
            MessageKind::Text { content, menu_id: None } => Reply::Text(content.clone()),
            MessageKind::Text { content, menu_id: Some(id) } => Reply::Text(format!("{content}/{id}")),
            MessageKind::Image { media_id, .. } => Reply::Image { media_id: media_id.clone() },
            MessageKind::Voice { recognition: Some(words), .. } => Reply::Text(words.clone()),
            MessageKind::Event(event) => Reply::Text(format!("{}:{}", event.name(), event.key())),
            _ => Reply::Nothing,
        };
        (Duration::ZERO, reply)
    })
}

#[tokio::test]
async fn every_mode_understands_and_is_understood() {
    for mode in MODES {
        let sim = start(mode, |_| (), echo()).await;
        sim.verify_url().await.unwrap();
        for text in ["三体", "a < b & c ]]> d", "]]>]]>", "emoji 📚 /::)", "  two\n lines ", &"书".repeat(682)] {
            assert_eq!(sim.say("oA", text).await, Answer::Text(text.into()), "{mode:?}");
        }
        assert_eq!(sim.image("oA", "m1").await, Answer::Image { media_id: "m1".into() });
        assert_eq!(sim.deliver(&sim.voice("oA", "m2", "三体")).await.answer, Answer::Text("三体".into()));
        let scan = sim.event("oA", "SCAN", &[("EventKey", "shelf-7"), ("Ticket", "t")]).await;
        assert_eq!(scan, Answer::Text("SCAN:shelf-7".into()));
        assert_eq!(sim.deliver(&sim.message("oA", "newtype")).await.answer, Answer::Nothing);
        let link = menu_link("三体 & more=\"1\" 100%", "page-2", "下一页");
        let link = links(&link).remove(0);
        assert_eq!(link.label, "下一页");
        assert_eq!(sim.tap("oA", &link).await, Answer::Text("三体 & more=\"1\" 100%/page-2".into()));
    }
}

#[tokio::test]
async fn every_reply_is_accepted_by_the_platform() {
    let text = |text: &str| Some(text.to_owned());
    let article = |n: usize| Article {
        title: format!("书 {n} ]]>"),
        description: "说明".into(),
        pic_url: "https://e.cn/p.jpg".into(),
        url: format!("https://e.cn/b/{n}?a=1&b=2"),
    };
    let replies: Vec<(Reply, Answer)> = vec![
        (Reply::Nothing, Answer::Nothing),
        (Reply::Text("x".repeat(2048)), Answer::Text("x".repeat(2048))),
        (Reply::Text("bell\u{7} \u{fffe}ends".into()), Answer::Text("bell ends".into())),
        (Reply::Voice { media_id: "v".into() }, Answer::Voice { media_id: "v".into() }),
        (
            Reply::Video(Video { media_id: "v".into(), title: text("t"), description: None }),
            Answer::Video { media_id: "v".into(), title: text("t"), description: None },
        ),
        (
            Reply::Music(Music {
                title: text("t"),
                description: text("d"),
                url: text("https://e.cn/m.mp3"),
                high_quality_url: None,
                thumb_media_id: "th".into(),
            }),
            Answer::Music { title: text("t"), url: text("https://e.cn/m.mp3"), thumb_media_id: "th".into() },
        ),
        (Reply::TransferCustomerService { account: text("a@b") }, Answer::TransferCustomerService(text("a@b"))),
        (Reply::TransferCustomerService { account: None }, Answer::TransferCustomerService(None)),
        (
            Reply::News((0..8).map(article).collect()),
            Answer::News(
                (0..8)
                    .map(article)
                    .map(|a| SimArticle { title: a.title, description: a.description, pic_url: a.pic_url, url: a.url })
                    .collect(),
            ),
        ),
    ];
    for mode in MODES {
        for (reply, expected) in &replies {
            let stored = serde_json::from_str(&serde_json::to_string(reply).unwrap()).unwrap();
            assert_eq!(*reply, stored);
            let sim = start(mode, |_| (), Arc::new(move |_| (Duration::ZERO, stored.clone()))).await;
            assert_eq!(sim.event("oA", "subscribe", &[("EventKey", "")]).await, *expected, "{mode:?}");
        }
    }
}

#[tokio::test]
async fn tampered_requests_are_refused_and_tell_nothing() {
    use Tamper::*;
    let always: &[Tamper] = &[
        BadSignature,
        WrongToken,
        At(301),
        At(-301),
        At(86_400),
        At(-86_400),
        Without("signature"),
        Without("timestamp"),
        Without("nonce"),
        Empty("signature"),
        Empty("timestamp"),
        Empty("nonce"),
        Twice("signature"),
        Twice("timestamp"),
        Twice("nonce"),
    ];
    let encrypted: &[Tamper] = &[
        BadMsgSignature,
        SignatureAsMsgSignature,
        Without("msg_signature"),
        Empty("msg_signature"),
        Twice("msg_signature"),
        OtherBody,
        WrongKey,
        WrongAppId,
    ];
    for mode in MODES {
        let sim = start(mode, |_| (), echo()).await;
        let push = sim.text("oA", "三体");
        let more = if mode == SimMode::Plain { &[][..] } else { encrypted };
        for &tamper in always.iter().chain(more) {
            let answer = sim.post(&sim.tampered(&push, tamper)).await.unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (403, "forbidden"), "{mode:?} {tamper:?}");
        }
        for near in [At(295), At(-295)] {
            let answer = sim.post(&sim.tampered(&push, near)).await.unwrap();
            assert_eq!(sim.judge(&push, &answer), Answer::Text("三体".into()), "{mode:?} {near:?}");
        }
        let plain = sim.post(&sim.tampered(&push, PlainBody)).await.unwrap().status;
        assert_eq!(plain, if mode == SimMode::Safe { 403 } else { 200 }, "{mode:?}");
    }
}

#[tokio::test]
async fn a_plain_account_says_so_when_pushes_are_encrypted() {
    for mode in [SimMode::Compatible, SimMode::Safe] {
        let sim = start(mode, |settings| settings.mode = Mode::Plain, echo()).await;
        let answer = sim.post(&sim.request(&sim.text("oA", "三体"))).await.unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (400, "bad request"));
    }
}

#[tokio::test]
async fn the_same_request_again_is_answered_and_another_body_is_not() {
    for mode in MODES {
        let sim = start(mode, |_| (), echo()).await;
        let push = sim.text("oA", "三体");
        let request = sim.request(&push);
        for _ in 0..2 {
            let answer = sim.post(&request).await.unwrap();
            assert_eq!(sim.judge(&push, &answer), Answer::Text("三体".into()));
        }
        let forged = Request { body: request.body.replace("oA", "oB") + "\n", ..request };
        assert_eq!(sim.post(&forged).await.unwrap().status, 403, "{mode:?}");
    }
}

#[tokio::test]
async fn a_push_under_the_previous_key_is_answered_under_it() {
    let old = SimAccount::new(SimMode::Safe).encoding_aes_key;
    let change = |settings: &mut AccountSettings| {
        settings.encoding_aes_key = Some(Secret::new("kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"));
        settings.previous_encoding_aes_key = Some(Secret::new(old));
    };
    let mut sim = start(SimMode::Safe, change, echo()).await;
    assert_eq!(sim.say("oA", "三体").await, Answer::Text("三体".into()));
    sim.account.encoding_aes_key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR".into();
    assert_eq!(sim.say("oA", "三体").await, Answer::Text("三体".into()));
}

#[tokio::test]
async fn the_platform_asks_three_times_with_the_same_message() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = seen.clone();
    let slow_twice: Answerer = Arc::new(move |incoming| {
        let mut log = log.lock().unwrap();
        log.push(incoming.dedup_key());
        let delay = if log.len() < 3 { Duration::from_secs(3600) } else { Duration::ZERO };
        (delay, Reply::Text("done".into()))
    });
    let sim = start(SimMode::Safe, |_| (), slow_twice).await.with_patience(Duration::from_millis(300), 3);
    let outcome = sim.deliver(&sim.text("oA", "三体")).await;
    assert_eq!(outcome, Outcome { answer: Answer::Text("done".into()), attempts: 3 });
    let keys = seen.lock().unwrap().clone();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

/// The simulator must find fault with what the platform finds fault with.
#[tokio::test]
async fn the_simulator_refuses_bad_answers() {
    let sim = WechatSim::new(SimAccount::new(SimMode::Plain), "http://127.0.0.1:9/").with_clock(|| 1_700_000_000);
    let push = sim.text("oA", "三体");
    let head = "<ToUserName>oA</ToUserName><FromUserName>gh_0123456789ab</FromUserName>";
    let time = "<CreateTime>1700000000</CreateTime>";
    let text = "<MsgType>text</MsgType><Content>x</Content>";
    let judged = |status, body: &str| {
        sim.judge(&push, &HttpAnswer { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
    };
    assert_eq!(judged(200, &format!("<xml>{head}{time}{text}</xml>")), Answer::Text("x".into()));
    let long = format!("<MsgType>text</MsgType><Content>{}</Content>", "x".repeat(2049));
    let item = "<item><Title/></item>";
    for (status, body) in [
        (500, format!("<xml>{head}{time}{text}</xml>")),
        (200, "\"success\"".into()),
        (200, "success\n".into()),
        (200, "{}".into()),
        (200, format!("<xml>{head}{text}</xml>")),
        (200, format!("<xml>{head}<CreateTime>1700000000000</CreateTime>{text}</xml>")),
        (
            200,
            format!("<xml>{time}{text}<ToUserName>gh_0123456789ab</ToUserName><FromUserName>oA</FromUserName></xml>"),
        ),
        (200, format!("<xml>{head}{time}<MsgType>poem</MsgType></xml>")),
        (200, format!("<xml>{head}{time}<MsgType>text</MsgType><Content></Content></xml>")),
        (200, format!("<xml>{head}{time}{long}</xml>")),
        (200, format!("<xml>{head}{time}{text}")),
        (
            200,
            format!(
                "<xml>{head}{time}<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>{item}{item}</Articles></xml>"
            ),
        ),
        (200, format!("<xml>{head}{time}<MsgType>text</MsgType><Content><![CDATA[a]]>]]></Content></xml>")),
    ] {
        assert!(matches!(judged(status, &body), Answer::Failure(_)), "{status} {body}");
    }
}
