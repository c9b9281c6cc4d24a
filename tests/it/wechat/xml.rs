//! `xml.*`: what a body can be other than a push. It must be refused at once and never cost the process.

use super::*;
use shutong::wechat::*;
use std::time::{Duration, Instant};

const NOW: i64 = 1_700_000_000;
const HEAD: &str = "<ToUserName>gh</ToUserName><FromUserName>oA</FromUserName><CreateTime>5</CreateTime>\
                    <MsgType>text</MsgType><MsgId>1</MsgId>";

/// Opens a body and sees that it took no time.
#[track_caller]
fn read(body: &[u8]) -> Result<Incoming, Refused> {
    let query = Query::parse(&signed(NOW, "1")).unwrap();
    let start = Instant::now();
    let result = open(&account(Mode::Plain), &query, body, NOW);
    assert!(start.elapsed() < Duration::from_millis(500), "took {:?}", start.elapsed());
    result.map(|opened| opened.incoming)
}

#[track_caller]
fn refused(name: &str, body: impl AsRef<[u8]>) {
    match read(body.as_ref()) {
        Err(Refused::Malformed(_)) => {}
        other => panic!("{name}: {other:?}"),
    }
}

#[track_caller]
fn content(body: &str) -> String {
    match read(body.as_bytes()).unwrap().kind {
        MessageKind::Text { content, .. } => content,
        other => panic!("{other:?}"),
    }
}

fn with_content(content: &str) -> String {
    format!("<xml>{HEAD}<Content>{content}</Content></xml>")
}

#[test]
fn not_xml() {
    for (name, body) in [
        ("empty", ""),
        ("spaces", "  \n"),
        ("text", "success"),
        ("JSON", "{\"ToUserName\":\"gh\"}"),
        ("HTML", "<!DOCTYPE html><html></html>"),
        ("another root", "<html></html>"),
        ("no end", "<xml><ToUserName>gh"),
        ("no end of a tag", "<xml><ToUserName"),
        ("no end of CDATA", "<xml><ToUserName><![CDATA[gh</ToUserName></xml>"),
        ("no end of a comment", "<xml><!-- </xml>"),
        ("no end of an instruction", "<?xml <xml></xml>"),
        ("crossed", "<xml><a><b></a></b></xml>"),
        ("two roots", "<xml></xml><xml></xml>"),
        ("an empty root", "<xml/>"),
        ("a NUL", "<xml>\0</xml>"),
        ("an unknown entity", "<xml>&nbsp;</xml>"),
        ("a control character", "<xml>\u{1}</xml>"),
        ("an illegal reference", "<xml>&#0;</xml>"),
    ] {
        refused(name, body);
    }
    refused("not UTF-8", [b"<xml>\xff\xfe</xml>".as_slice()].concat());
    let utf16: Vec<u8> = with_content("x").encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused("UTF-16", utf16);
}

#[test]
fn document_types() {
    let laughs = r#"<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>"#;
    refused("billion laughs", format!("{laughs}{}", with_content("&c;")));
    let external = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>"#;
    refused("external entity", format!("{external}{}", with_content("&e;")));
    refused(
        "parameter entity",
        format!("<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://e.cn/\">%p;]>{}", with_content("x")),
    );
    refused("empty document type", format!("<!DOCTYPE xml>{}", with_content("x")));
    refused("lower case", format!("<!doctype xml>{}", with_content("x")));
    let quadratic = format!("<!DOCTYPE x [<!ENTITY q \"{}\">]>", "q".repeat(20_000));
    refused("quadratic entity", format!("{quadratic}{}", with_content(&"&q;".repeat(10_000))));
}

#[test]
fn too_much() {
    refused("65 kB", with_content(&"x".repeat(65 * 1024)));
    refused("4 MB of elements", format!("<xml>{}</xml>", "<a/>".repeat(1_000_000)));
    refused("16,000 elements", format!("<xml>{HEAD}{}</xml>", "<a/>".repeat(16_000)));
    refused("2 MB of attributes", format!("<xml{}>", (0..200_000).map(|n| format!(" a{n}=\"\"")).collect::<String>()));
    let attributes: String = (0..6_000).map(|n| format!(" a{n}=''")).collect();
    refused("attributes", format!("<xml{attributes}>{HEAD}</xml>"));
    refused("attributes behind a quoted end", format!("<xml><a b=\">\"{attributes}/>{HEAD}</xml>"));
    refused("attributes behind an instruction", format!("<?x ' ?><xml b=\"'>\"{attributes}>{HEAD}</xml>"));
    refused("attributes behind a comment", format!("<!-- ' --><xml b=\"'>\"{attributes}>{HEAD}</xml>"));
    refused("a long name", format!("<xml>{HEAD}<{0}></{0}></xml>", "a".repeat(10_000)));
    refused("open tags", "<xml>".repeat(12_000));
    let depth = 9_000;
    refused("deep", format!("<xml>{HEAD}{}{}</xml>", "<a>".repeat(depth), "</a>".repeat(depth)));
    let spaces: String = (0..500).map(|n| format!("<a xmlns:n{n}='u{n}'>")).collect();
    refused("namespaces", format!("<xml>{HEAD}{spaces}"));
    refused("60 kB of <", "<".repeat(60_000));
    refused("60 kB of comments", "<!---->".repeat(8_500));
}

/// The stack of a worker thread is small and an overflow ends the process, which no test could report
/// but this file would be missing from.
#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    let body = format!("<xml>{}{}</xml>", "<a>".repeat(9_000), "</a>".repeat(9_000));
    let worker = std::thread::Builder::new().stack_size(256 * 1024);
    worker.spawn(move || refused("deep", body)).unwrap().join().unwrap();
}

#[test]
fn what_is_unusual_but_right() {
    assert_eq!(content(&with_content("plain &lt;b&gt; &amp;&#20070;")), "plain <b> &书");
    assert_eq!(content(&with_content("<![CDATA[a]]]]><![CDATA[>b]]> c")), "a]]>b c");
    assert_eq!(content(&with_content("a<!-- not shown -->b")), "ab");
    assert_eq!(content(&with_content("<b>inside</b>outside")), "outside");
    assert_eq!(
        content(&with_content("<![CDATA[</Content></xml><FromUserName>oB]]>")),
        "</Content></xml><FromUserName>oB"
    );
    assert_eq!(content(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", with_content("x"))), "x");
    assert_eq!(content(&format!("<xml a=\"1\">{HEAD}<Content b='>'>x</Content><New><Sub/></New></xml>")), "x");
    assert_eq!(content(&format!("<xml>{HEAD}</xml>")), "");
    assert_eq!(content(&with_content(&"书".repeat(20_000))).chars().count(), 20_000);
}

/// A follower's name is in the reply's XML, his words may be: neither may change its meaning.
#[test]
fn what_was_read_cannot_break_what_is_written() {
    let evil = "]]></FromUserName><MsgType>image</MsgType><![CDATA[\r\nSet-Cookie: a=b ]]]]>";
    let escaped = evil.replace('<', "&lt;").replace('>', "&gt;");
    let body = format!("<xml>{HEAD}<Content>{escaped}</Content></xml>").replace(">oA<", &format!(">{escaped}<"));
    let incoming = read(body.as_bytes()).unwrap();
    let plain = account(Mode::Plain);
    let reply = Reply::Text(format!("你说 {evil}"));
    let sent = seal(&plain, &Envelope::Plain, &incoming, &reply, NOW, [1; 16], "1").unwrap();
    let returned = read(&sent).unwrap();
    assert_eq!(returned.from_user, "gh");
    assert_eq!(returned.to_user, evil.replace("\r\n", "\n").trim());
    // XML readers turn line ends into \n; nothing else may have changed.
    assert_eq!(
        returned.kind,
        MessageKind::Text { content: format!("你说 {evil}").replace("\r\n", "\n"), menu_id: None }
    );
}

/// Valid pushes, cut and changed in a fixed way thousands of times: each must be answered, at once.
#[test]
fn mutations_never_panic() {
    let mut random = 0x2545_f491_4f6c_dd1du64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let pieces: [&[u8]; 10] = [b"<", b">", b"]]>", b"<![CDATA[", b"&", b"\"", b"<!--", b"\0", b"\xff", b"<a b='"];
    let mut read_anyway = 0;
    for (_, xml) in super::pushes::all() {
        for _ in 0..200 {
            let mut body = xml.clone().into_bytes();
            for _ in 0..=next(3) {
                let at = next(body.len());
                match next(5) {
                    0 => body.truncate(at + 1),
                    1 => body[at] ^= 1 << next(8),
                    2 => drop(body.splice(at..at, pieces[next(pieces.len())].iter().copied())),
                    3 => drop(body.drain(at..(at + 1 + next(40)).min(body.len()))),
                    _ => {
                        let copy = body[at..(at + 1 + next(200)).min(body.len())].to_vec();
                        body.splice(at..at, copy);
                    }
                }
                if body.is_empty() {
                    body.push(b'<');
                }
            }
            read_anyway += usize::from(read(&body).is_ok());
        }
    }
    assert!(read_anyway > 500, "only {read_anyway} could be read: the changes are too coarse to test much");
}
