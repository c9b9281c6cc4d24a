//! Tests of [`super`].

use super::*;

fn base() -> Url {
    Url::parse("https://book.example/dir/").unwrap()
}

#[track_caller]
fn search(rule: &str, words: &str, page: u32) -> Request {
    AddressRule::compile(rule).unwrap().request(words, page, &base(), &[]).unwrap()
}

fn body_of(request: &Request) -> &str {
    std::str::from_utf8(request.body.as_deref().unwrap()).unwrap()
}

#[test]
fn words_and_pages_are_filled_in() {
    let url = |rule: &str, page| search(rule, "书童", page).url.to_string();
    assert_eq!(url("/s?q={{key}}&p={{page}}", 2), "https://book.example/s?q=%E4%B9%A6%E7%AB%A5&p=2");
    assert_eq!(url("s?o={{(page-1)*20}}", 3), "https://book.example/dir/s?o=40");
    assert_eq!(url("/l/<,index_{{page}}.html>", 1), "https://book.example/l/");
    assert_eq!(url("/l/<,index_{{page}}.html>", 2), "https://book.example/l/index_2.html");
    assert_eq!(url("/l/<a, b ,c>", 9), "https://book.example/l/c");
    assert_eq!(url("/s?q=searchKey&p=searchPage", 4), "https://book.example/s?q=%E4%B9%A6%E7%AB%A5&p=4");
}

#[test]
fn forms_charsets_and_bodies() {
    let post = search("/s.php,{\"charset\":\"gbk\",\"method\":\"POST\",\"body\":\"k={{key}}&t=1\"}", "书童", 1);
    assert_eq!(
        (post.method, body_of(&post), post.charset.as_deref()),
        (Method::Post, "k=%CA%E9%CD%AF&t=1", Some("gbk"))
    );
    assert_eq!(post.headers, [("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())]);
    let post = search("/s, {'method':'post','retry':9,body:{\"k\":\"{{key}}\"},headers:'{\"A\":\"1\"}'}", "书", 1);
    assert_eq!((body_of(&post), post.retries), ("{\"k\":\"书\"}", 3));
    assert_eq!(post.headers.first(), Some(&("A".to_owned(), "1".to_owned())));
    assert_eq!(search("/s?q={{key}},{\"charset\":\"gbk\"}", "书", 1).url.query(), Some("q=%CA%E9"));
    assert_eq!(search("/s?q={{key}},{\"charset\":\"escape\"}", "书", 1).url.query(), Some("q=%u4E66"));
}

#[test]
fn words_cannot_leave_their_place() {
    let request = search("/s?q={{key}}", "a,{\"method\":\"POST\",\"body\":\"x\"}&b=<1,2>#", 1);
    assert_eq!(
        (request.method, request.url.query()),
        (Method::Get, Some("q=a,%20method%20:%20POST%20,%20body%20:%20x%20b%201,2"))
    );
}

#[test]
fn what_a_browser_or_a_script_must_make_is_said_so() {
    for rule in ["@js:key", "/s,{\"webView\": true}", "/s,{'webJs':'x'}", "/s?{{java.ajax(key)}}", "<js>1</js>/s"] {
        assert!(matches!(AddressRule::compile(rule), Err(RuleError::Unsupported(..))), "{rule}");
    }
    assert!(matches!(request("/a,{\"js\":\"x\"}", &base(), &[]), Err(RuleError::Unsupported(..))));
    assert!(request("/a,{\"webView\":false}", &base(), &[]).is_ok());
    for address in ["javascript:void(0)", "file:///etc/passwd", "http://", "/a,{x"] {
        assert!(matches!(request(address, &base(), &[]), Err(RuleError::Address(_))), "{address}");
    }
}

#[test]
fn addresses_are_made_absolute() {
    assert_eq!(absolute("a.html , {\"a\":1}", &base()).as_deref(), Some("https://book.example/dir/a.html,{\"a\":1}"));
    assert_eq!((absolute("", &base()), absolute("mailto:x", &base())), (None, None));
}

#[test]
fn words_choose_neither_server_nor_folder() {
    let url = |rule: &str, words: &str| {
        AddressRule::compile(rule).unwrap().request(words, 1, &base(), &[]).map(|request| request.url.to_string())
    };
    let ok = |address: &str| Ok(format!("https://book.example/{address}"));
    assert_eq!(url("/{{key}}", "/evil.example/"), ok("%2Fevil.example%2F"));
    assert_eq!(url("/{{key}}/1", r"\evil.example\x"), ok("evil.example%20x/1"));
    assert_eq!(url("/a/{{key}}/b", "../../admin"), ok("a/%2F..%2Fadmin/b"));
    assert_eq!(url("/a/{{key}}/b", ".."), ok("a//b"));
    assert_eq!(url("/a/.{{key}}/b", " . "), ok("a/b"));
    assert_eq!(url("/a/{{key}}.html", "v1.5 书"), ok("a/v1.5%20%E4%B9%A6.html"));
    assert_eq!(url("/s?q={{key}}", "a/../b"), ok("s?q=a/../b"));
    for rule in ["{{key}}", "https:{{key}}", "http://{{key}}/s", "https://book.example{{key}}/s"] {
        for words in ["//evil.example/", "https://evil.example/", ".evil.example", "@evil.example", ":8080"] {
            let url = url(rule, words);
            assert!(url.is_err() || url.as_ref().is_ok_and(|url| url.starts_with("https://book.example/")), "{url:?}");
        }
    }
    for words in ["evil.example", "a"] {
        assert!(matches!(url("http://{{key}}/s", words), Err(RuleError::Address(_))));
    }
    let post = search("/s,{\"method\":\"POST\",\"body\":\"k={{key}}\"}", "../a", 1);
    assert_eq!(body_of(&post), "k=..%2Fa");
}

#[test]
fn the_sources_headers_are_not_the_requests() {
    let of_source = [("Cookie".to_owned(), "secret".to_owned()), ("content-type".to_owned(), "text/x".to_owned())];
    let of = |address: &str| request(address, &base(), &of_source).unwrap();
    assert_eq!(of("https://other.example/a").headers, []);
    assert_eq!(of("/a,{\"headers\":{\"A\":\"1\",\"a\":\"2\"}}").headers, [("A".to_owned(), "2".to_owned())]);
    // The type that the source sets is that of bodies, too.
    let post = of("/a,{\"method\":\"POST\",\"body\":\"a=书\"}");
    assert_eq!((post.headers.as_slice(), body_of(&post)), ([].as_slice(), "a=书"));
}
