//! One SMTP session, with a server on a socket: what arrives, what is refused and by whom, what is cut.

use std::time::{Duration, Instant};

use chrono::{TimeZone, Utc};
use shutong::mail::{Error, Letter, Limits, Server, Tls, send};
use shutong::secret::Secret;

use crate::support::smtp_sink::{PASSWORD, SmtpFault, SmtpSink, SmtpStep, USERNAME};

/// Longer than any machine is busy, shorter than anybody waits.
const SOON: Duration = Duration::from_secs(20);

fn server(sink: &SmtpSink) -> Server {
    Server {
        host: "127.0.0.1".into(),
        port: sink.port(),
        tls: Tls::None,
        username: String::new(),
        password: Secret::default(),
        from: "书童 <books@example.com>".into(),
        authorities: Vec::new(),
        limits: Limits { connect: SOON, command: SOON, letter: SOON },
    }
}

fn with_login(sink: &SmtpSink, password: &str) -> Server {
    Server { username: USERNAME.into(), password: Secret::new(password), ..server(sink) }
}

fn impatient(sink: &SmtpSink) -> Server {
    let limit = Duration::from_millis(200);
    Server { limits: Limits { connect: limit, command: limit, letter: limit }, ..server(sink) }
}

fn letter(to: &str, subject: &str, text: &str) -> Letter {
    Letter {
        to: to.into(),
        subject: subject.into(),
        text: text.into(),
        attachments: Vec::new(),
        message_id: None,
        written_at: Utc.with_ymd_and_hms(2026, 11, 27, 9, 30, 0).unwrap(),
    }
}

fn notice(subject: &str) -> Letter {
    letter("owner@example.org", subject, "一切正常。")
}

async fn send_one(server: &Server, letter: Letter) -> Result<(), Error> {
    let mut outcomes = send(server, &[letter]).await;
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    let sink = SmtpSink::start();
    let text = "您求的《三体》已经上架。\n.\n..两点\n\n回复 1 获取。\n";
    let subject = "《三体》 & \"Les Misérables\" 已到：您的书 — a book you asked for";
    send_one(&server(&sink), letter("owner@example.org", subject, text)).await.unwrap();
    let letters = sink.letters();
    let [arrived] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((arrived.from.as_str(), &arrived.to[..]), ("books@example.com", &["owner@example.org".to_owned()][..]));
    assert_eq!((arrived.subject().as_str(), arrived.text().as_str()), (subject, text.trim_end()));
    let header = |name| arrived.header(name).unwrap_or_default();
    assert_eq!(header("From"), "书童 <books@example.com>");
    assert_eq!(header("To"), "owner@example.org");
    assert_eq!(header("Date"), "Fri, 27 Nov 2026 09:30:00 +0000");
    assert_eq!(header("MIME-Version"), "1.0");
    assert_eq!(header("Content-Type"), "text/plain; charset=utf-8");
    assert_eq!(arrived.login, None);
}

#[tokio::test]
async fn any_text_arrives() {
    let sink = SmtpSink::start();
    let texts =
        ["", "plain", ".", "a\r\nb\rc\nd", "\n.\n.\r\n", &"x".repeat(5000), &"书".repeat(5000), " ends in space \nx="];
    let letters: Vec<Letter> = texts.iter().map(|text| letter("owner@example.org", "x", text)).collect();
    for outcome in send(&server(&sink), &letters).await {
        outcome.unwrap();
    }
    for (arrived, text) in sink.letters().iter().zip(texts) {
        let expected = text.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(arrived.text(), expected.trim_end_matches('\n'), "{text:?}");
    }
    assert_eq!(sink.letters().len(), texts.len());
}

#[tokio::test]
async fn a_subject_stays_one_header_of_200_characters() {
    let sink = SmtpSink::start();
    let hostile = "三体\r\nBcc: you@example.com\r\n\r\nHello";
    for outcome in send(&server(&sink), &[notice(hostile), notice(&"书".repeat(5000)), notice(&"x".repeat(5000))]).await
    {
        outcome.unwrap();
    }
    let arrived = sink.letters();
    assert_eq!(arrived[0].subject(), "三体  Bcc: you@example.com    Hello");
    assert_eq!((arrived[0].header("Bcc"), arrived[0].text()), (None, "一切正常。".to_owned()));
    assert_eq!(arrived[1].subject(), "书".repeat(200));
    assert_eq!(arrived[2].subject(), "x".repeat(200));
}

#[tokio::test]
async fn letters_share_a_session() {
    let sink = SmtpSink::start();
    assert_eq!(send(&server(&sink), &[notice("一"), notice("二")]).await, [Ok(()), Ok(())]);
    let subjects: Vec<String> = sink.letters().iter().map(|letter| letter.subject()).collect();
    assert_eq!((subjects, sink.sessions()), (vec!["一".to_owned(), "二".to_owned()], 1));
    assert!(sink.said().ends_with("QUIT\r\n"), "{}", sink.said());
    assert_eq!(send(&server(&sink), &[]).await, []);
    assert_eq!(sink.sessions(), 1, "nothing to send, nobody to call");
}

#[tokio::test]
async fn a_repeat_is_the_same_letter() {
    let sink = SmtpSink::start();
    let named = Letter { message_id: Some("delivery-17".into()), ..notice("三体") };
    for letter in [notice("三体"), notice("三体"), notice("四体"), named] {
        send_one(&server(&sink), letter).await.unwrap();
    }
    let arrived = sink.letters();
    assert_eq!(arrived[0], arrived[1]);
    assert_ne!(arrived[0].header("Message-ID"), arrived[2].header("Message-ID"));
    assert_eq!(arrived[3].header("Message-ID").unwrap(), "<delivery-17@example.com>");
}

#[tokio::test]
async fn the_login_is_used_in_both_ways() {
    let sink = SmtpSink::start();
    for mechanism in ["PLAIN LOGIN", "LOGIN", "PLAIN"] {
        sink.set_mechanisms(mechanism);
        send_one(&with_login(&sink, PASSWORD), notice(mechanism)).await.unwrap();
    }
    assert!(sink.letters().iter().all(|letter| letter.login.as_deref() == Some(USERNAME)));
    assert_eq!((sink.letters().len(), sink.said().matches("AUTH LOGIN").count()), (3, 1));
}

#[tokio::test]
async fn a_refused_login_is_the_owners_to_mend_and_never_told() {
    let sink = SmtpSink::start();
    for mechanism in ["PLAIN", "LOGIN"] {
        sink.set_mechanisms(mechanism);
        // The sink repeats what it was given.
        let error = send_one(&with_login(&sink, "canary-that-is-wrong"), notice("x")).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(matches!(error, Error::Settings(_)) && !error.is_retryable(), "{text}");
        assert!(text.contains("535") && text.contains("***"), "{text}");
        // In base64 too.
        assert!(!text.contains("canary") && !text.contains("Y2FuYXJ5") && !text.contains("jYW5hcnk"), "{text}");
    }
    sink.set_mechanisms("");
    let error = send_one(&with_login(&sink, PASSWORD), notice("x")).await.unwrap_err();
    assert!(matches!(&error, Error::Settings(text) if text.contains("takes no login")), "{error}");
    assert!(!format!("{:?}", with_login(&sink, PASSWORD)).contains(PASSWORD));
}

#[tokio::test]
async fn what_is_refused_for_now_may_come_again() {
    let sink = SmtpSink::start();
    for step in [SmtpStep::Greeting, SmtpStep::Mail, SmtpStep::Rcpt, SmtpStep::Data, SmtpStep::End] {
        sink.set_fault(Some(SmtpFault::answer(step, 451)));
        let error = send_one(&server(&sink), notice("x")).await.unwrap_err();
        assert!(error.is_retryable() && error.to_string().contains("451 4.2.1 not now"), "{step:?}: {error}");
    }
    sink.set_fault(None);
    send_one(&server(&sink), notice("x")).await.unwrap();
    assert_eq!(sink.letters().len(), 1);
}

#[tokio::test]
async fn what_is_refused_for_good_may_not() {
    let sink = SmtpSink::start();
    for step in [SmtpStep::Rcpt, SmtpStep::Data, SmtpStep::End] {
        sink.set_fault(Some(SmtpFault::answer(step, 550)));
        let error = send_one(&server(&sink), notice("x")).await.unwrap_err();
        assert!(matches!(error, Error::Refused { code: 550, .. }) && !error.is_retryable(), "{step:?}: {error}");
        // The sink repeats the recipient, in capitals.
        assert!(error.to_string().contains("<o***@example.org>"), "{error}");
    }
    // Before the letter has been spoken of, it is not the letter's fault.
    for step in [SmtpStep::Greeting, SmtpStep::Mail] {
        sink.set_fault(Some(SmtpFault::answer(step, 550)));
        let error = send_one(&server(&sink), notice("x")).await.unwrap_err();
        assert!(matches!(&error, Error::Settings(text) if text.contains("550 5.2.1")), "{step:?}: {error}");
    }
    assert!(sink.letters().is_empty());
}

#[tokio::test]
async fn a_refused_letter_does_not_hold_up_the_next() {
    let sink = SmtpSink::start();
    for (number, step) in [SmtpStep::Mail, SmtpStep::Rcpt, SmtpStep::Data, SmtpStep::End].into_iter().enumerate() {
        sink.set_fault(Some(SmtpFault::answer(step, 451).only(2 + 3 * number)));
        let outcomes = send(&server(&sink), &[notice("一"), notice("二"), notice("三")]).await;
        assert!(matches!(&outcomes[..], [Ok(()), Err(Error::Later(_)), Ok(())]), "{step:?}: {outcomes:?}");
        assert_eq!((sink.letters().len(), sink.sessions()), (2 * (number + 1), number + 1));
    }
}

#[tokio::test]
async fn when_the_session_breaks_off_the_others_come_later() {
    let sink = SmtpSink::start();
    let faults =
        [SmtpFault::answer(SmtpStep::Rcpt, 421), SmtpFault::close(SmtpStep::Data), SmtpFault::close(SmtpStep::End)];
    for (number, fault) in faults.into_iter().enumerate() {
        sink.set_fault(Some(fault.only(2 + 2 * number)));
        let outcomes = send(&server(&sink), &[notice("一"), notice("二"), notice("三")]).await;
        assert!(matches!(&outcomes[..], [Ok(()), Err(Error::Later(_)), Err(Error::Later(_))]), "{outcomes:?}");
        let last = outcomes[2].as_ref().unwrap_err().to_string();
        assert!(last.contains("the session ended at an earlier letter"), "{last}");
        assert_eq!(sink.letters().len(), number + 1);
    }
}

#[tokio::test]
async fn silence_is_cut() {
    let sink = SmtpSink::start();
    for step in [SmtpStep::Greeting, SmtpStep::Mail, SmtpStep::Rcpt, SmtpStep::Data, SmtpStep::End] {
        sink.set_fault(Some(SmtpFault::hang(step)));
        let started = Instant::now();
        let outcomes = send(&impatient(&sink), &[notice("一"), notice("二")]).await;
        assert!(started.elapsed() < SOON, "{step:?}: {:?}", started.elapsed());
        let [Err(first), Err(second)] = &outcomes[..] else { panic!("{step:?}: {outcomes:?}") };
        assert!(first.to_string().contains("no answer within 0."), "{step:?}: {first}");
        assert!(first.is_retryable() && second.is_retryable(), "{step:?}: {outcomes:?}");
    }
    assert!(sink.letters().is_empty());
}

#[tokio::test]
async fn nobody_there_is_said_with_the_servers_name() {
    let deserted = Server { port: 1, ..server(&SmtpSink::start()) };
    let error = send_one(&deserted, notice("x")).await.unwrap_err();
    assert!(
        error.is_retryable() && error.to_string().contains("127.0.0.1:1 cannot be used: Connection refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_hostile_recipient_reaches_no_server() {
    let sink = SmtpSink::start();
    let hostile = [
        "",
        "me",
        "me@kindle.com\r\nRCPT TO:<you@example.com>",
        "me@kindle.com\r\nBcc: you@example.com",
        "me@kindle.com\n",
        "me\r\n@kindle.com",
        "me@kindle.com\0",
        "me@kindle.com,you@example.com",
        "me@kindle.com;you@example.com",
        "me@kindle.com you@example.com",
        "me@kindle.com> SIZE=1",
        "Me <me@kindle.com>",
        "\"me you\"@kindle.com",
        "\"me>\"@kindle.com",
        "-oQ/tmp@kindle.com",
        "-me@kindle.com",
        "我@kindle.com",
        "mé@kindle.com",
        "me@kindlé.com",
        "me@kindle。com",
        "me@127.0.0.1",
        "me@[127.0.0.1]",
        "me@mailserver",
    ];
    let letters: Vec<Letter> = hostile.iter().map(|to| letter(to, "x", "x")).collect();
    for (outcome, to) in send(&server(&sink), &letters).await.into_iter().zip(hostile) {
        let error = outcome.expect_err(to);
        assert!(matches!(error, Error::Address(_)) && !error.is_retryable(), "{to:?}: {error}");
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
    }
    assert_eq!(sink.sessions(), 0);
    // A sound one among them goes out alone.
    let outcomes = send(&server(&sink), &[letters[2].clone(), notice("x"), letters[7].clone()]).await;
    assert!(matches!(&outcomes[..], [Err(Error::Address(_)), Ok(()), Err(Error::Address(_))]), "{outcomes:?}");
    assert_eq!(sink.said().matches("RCPT").count(), 1, "{}", sink.said());
}

#[tokio::test]
async fn localhost_is_a_domain_for_a_server_on_this_machine_only() {
    let sink = SmtpSink::start();
    send_one(&server(&sink), letter("root@localhost", "x", "x")).await.unwrap();
    let elsewhere = Server { host: "smtp.example.com".into(), tls: Tls::Tls, ..server(&sink) };
    let error = send_one(&elsewhere, letter("root@localhost", "x", "x")).await.unwrap_err();
    assert!(matches!(error, Error::Address(_)), "{error}");
}

#[tokio::test]
async fn a_sender_that_is_no_address_is_a_wrong_setting() {
    let sink = SmtpSink::start();
    for from in ["", "books", "书童@example.com", "books@example.com\r\nBcc: you"] {
        let error = send_one(&Server { from: from.into(), ..server(&sink) }, notice("x")).await;
        assert!(matches!(error, Err(Error::Settings(_))), "{from:?}: {error:?}");
    }
    assert_eq!(sink.sessions(), 0);
}

#[tokio::test]
async fn without_tls_mail_goes_to_this_machine_only() {
    let sink = SmtpSink::start();
    for host in ["192.0.2.1", "smtp.example.com", "localhost.example.com", "127.0.0.1.example.com", "0.0.0.0", ""] {
        let elsewhere = Server { host: host.into(), ..with_login(&sink, PASSWORD) };
        let error = send_one(&elsewhere, notice("x")).await.unwrap_err();
        assert!(matches!(&error, Error::Settings(text) if text.contains("without TLS")), "{host}: {error}");
    }
    assert_eq!(sink.sessions(), 0);
    send_one(&Server { host: "localhost".into(), ..server(&sink) }, notice("x")).await.unwrap();
}

#[tokio::test]
async fn without_the_tls_that_was_asked_for_nothing_is_told() {
    let sink = SmtpSink::start();
    let starttls = Server { tls: Tls::Starttls, ..with_login(&sink, PASSWORD) };
    let error = send_one(&starttls, notice("x")).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("does not offer STARTTLS"), "{error}");
    let tls = Server { tls: Tls::Tls, ..with_login(&sink, PASSWORD) };
    let error = send_one(&tls, notice("x")).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("no TLS is spoken on this port"), "{error}");
    assert_eq!((sink.sessions(), sink.letters().len()), (2, 0));
    for command in ["AUTH", "MAIL", PASSWORD] {
        assert!(!sink.said().contains(command), "{}", sink.said());
    }
}
