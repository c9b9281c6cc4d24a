//! The admin page over real sockets: who gets in, and what a change needs. Its look and its scripts are tested in a
//! real browser, in `tests/browser`.

mod api;
mod articles;
mod backup;
mod books;
mod browser;
mod deliveries;
mod entry;
mod followers;
mod jobs;
mod keywords;
mod media;
mod menu;
mod settings;
mod simulator;
mod sources;
mod tokens;
mod wordings;
mod work;

use browser::{PASSWORD, Page};

/// The smallest GIF there is, all of it ASCII, so that it can stand in a text.
const GIF: &str = "GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// A small picture, another one for each shade.
fn png(shade: u8) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([shade, 0, 0]));
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn a_stranger_gets_nothing_anywhere() {
    let (page, _admin) = Page::with_admin().await;
    let mut walked = 0;
    for (method, path, is_open) in shutong::server::admin::addresses() {
        let path = path.replace("{id}", "1").replace("{name}", "txt").replace("{stamp}", "x").replace("{file}", "x");
        let path = path.replace("{account}", "safe").replace("{group}", "limits").replace("{step}", "mail");
        for cookie in ["", "shutong_admin=", "shutong_admin=0000", "shutong_admin=../../etc/passwd"] {
            let mut stranger = page.browser();
            stranger.cookie = cookie.to_owned();
            for mime in ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"] {
                let answer = stranger.send(method.as_str(), &path, &[("Content-Type", mime)], "").await;
                if is_open {
                    assert!(![401, 500].contains(&answer.status) || path == "/login", "{method} {path}: {answer:?}");
                } else {
                    assert_eq!(answer.status, 401, "{method} {path} with {cookie:?}");
                    assert!(!answer.body.contains("data-csrf=\"\"") || answer.body.contains("password"), "{path}");
                }
            }
        }
        walked += 1;
    }
    assert!(walked >= 30, "only {walked} addresses were walked");
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let (page, mut admin) = Page::with_admin().await;
    let foreign = admin.send("GET", "/", &[("Host", "evil.example")], "").await;
    let stranger = page.browser().get("/").await;
    let mut answers = vec![(421, foreign), (401, stranger)];
    for (path, status) in [("/", 200), ("/books", 200), ("/nowhere", 404), ("/api/counts", 200), ("/metrics", 200)] {
        answers.push((status, admin.get(path).await));
    }
    answers.push((405, admin.send("DELETE", "/books", &[], "").await));
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.head);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.head);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn only_its_own_host_names_are_served() {
    let (page, mut admin) = Page::with_admin().await;
    let port = page.address.port();
    for host in
        [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}"), "admin.example.com".into()]
    {
        assert_eq!(admin.send("GET", "/", &[("Host", &host)], "").await.status, 200, "{host}");
    }
    let wrong =
        [format!("localhost:{}", port ^ 1), format!("evil.example:{port}"), format!("localhost.evil.example:{port}")];
    for host in wrong {
        // Also what is open to everyone, and before any session is looked up.
        for path in ["/", "/login", "/metrics", "/favicon.ico", "/nowhere"] {
            assert_eq!(admin.send("GET", path, &[("Host", &host)], "").await.status, 421, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn a_change_needs_the_token_and_the_right_origin() {
    let (page, mut admin) = Page::with_admin().await;
    let own = format!("http://{}", page.address);
    let token = admin.token().await;
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let with = ("X-CSRF-Token", token.as_str());
    // The route is reached when the answer is 404: there is no book 7.
    let field = format!("csrf={token}");
    /// The status to expect, headers, and what the case is.
    type Case<'a> = (u16, Vec<(&'a str, &'a str)>, &'a str);
    let cases: Vec<Case<'_>> = vec![
        (404, vec![form, with], ""),
        (404, vec![form], &field),
        (404, vec![form, with, ("Origin", &own), ("Sec-Fetch-Site", "same-origin")], ""),
        (404, vec![form, with, ("Sec-Fetch-Site", "none")], ""),
        (403, vec![form], ""),
        (403, vec![form], "csrf=0"),
        (403, vec![form, ("X-CSRF-Token", "")], ""),
        (403, vec![form, with, ("Origin", "https://evil.example")], ""),
        (403, vec![form, with, ("Origin", "null")], ""),
        (403, vec![form, with, ("Sec-Fetch-Site", "cross-site")], ""),
        (403, vec![form, with, ("Sec-Fetch-Site", "same-site")], ""),
        (403, vec![form, with, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], ""),
        (415, vec![("Content-Type", "text/plain"), with], &field),
        (415, vec![with], ""),
        (415, vec![form, with, ("Content-Encoding", "gzip")], ""),
    ];
    for (status, headers, body) in cases {
        let answer = admin.send("POST", "/books/7/remove", &headers, body).await;
        assert_eq!(answer.status, status, "{headers:?} {body}");
    }
    assert_eq!(admin.get("/books/7/remove").await.status, 405, "a GET changes nothing");
    let events = admin.send("GET", "/events", &[("Origin", "https://evil.example")], "").await;
    assert_eq!(events.status, 403, "no other page may listen");
    let login = [form, ("Sec-Fetch-Site", "cross-site")];
    let forced = page.browser().send("POST", "/login", &login, &format!("password={PASSWORD}")).await;
    assert_eq!(forced.status, 403, "nor log the admin in");
}

#[tokio::test]
async fn redirects_after_login_stay_here() {
    let (page, _) = Page::with_admin().await;
    for (next, expected) in [
        ("/books?q=a", "/books?q=a"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/%5Cevil.example", "/"),
    ] {
        let mut browser = page.browser();
        let form = format!("password={PASSWORD}&next={next}");
        let answer =
            browser.send("POST", "/login", &[("Content-Type", "application/x-www-form-urlencoded")], &form).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some(expected)), "{next}");
    }
}
