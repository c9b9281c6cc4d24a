//! Public pages and downloads, asked over a socket.

use chrono::Duration;
use percent_encoding::percent_decode_str;
use reqwest::{Method, Response};
use serde_json::json;
use shutong::store::records::BookId;

use super::support::test_app::TestApp;

const WECHAT: &str = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0 \
                      Mobile Safari/537.36 XWEB/1420193 MMWEBSDK/20251006 MicroMessenger/8.0.66.2980(0x28004236)";

const TEXT: &str = "三体\n作者：刘慈欣\n\n第一章 科学边界\n\n汪淼觉得，来找他的这四个人是一个奇怪的组合。\n\n第二章 台球\n\n打台球吗？\n";

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

struct Shop {
    test: TestApp,
    book: BookId,
}

impl Shop {
    async fn open(configuration: &str) -> Shop {
        let test = TestApp::with(configuration).await;
        test.follower("alice", false);
        let book = test.add("三体 - 刘慈欣.txt", TEXT.as_bytes());
        test.alter(book, |book| {
            book.title = "三体".into();
            book.authors = vec!["刘慈欣".into()];
        });
        Shop { test, book }
    }

    fn page(&self) -> String {
        self.test.app.links.book_page(self.book, "alice", self.test.clock.now())
    }

    fn file(&self) -> String {
        self.test.app.links.download(self.book, "txt", "alice", self.test.clock.now())
    }

    async fn status(&self, address: &str) -> u16 {
        self.test.fetch(address).await.0
    }
}

#[tokio::test]
async fn a_signed_page_offers_downloads_that_work() {
    let shop = Shop::open("").await;
    let (status, page) = shop.test.fetch(&shop.page()).await;
    assert_eq!(status, 200);
    assert!(page.contains("<h1>三体</h1>") && page.contains("刘慈欣") && page.contains("科学边界"), "{page}");
    assert!(!page.contains("<script") && !page.contains("#outside"));
    let (_, rest) = page.split_once("class=\"button\" href=\"").unwrap();
    let link = rest.split('"').next().unwrap().replace("&#38;", "&");
    let (status, body) = shop.test.fetch(&link).await;
    assert_eq!((status, body.as_str()), (200, TEXT), "{link}");
}

#[tokio::test]
async fn a_page_without_a_good_signature_says_what_to_send() {
    let shop = Shop::open("").await;
    let unsigned = format!("/b/{}", shop.book);
    for address in [unsigned.clone(), format!("{unsigned}?u=alice&e=99999999999&k=1&s=00")] {
        let (status, page) = shop.test.fetch(&address).await;
        assert_eq!(status, 200);
        assert!(page.contains("在公众号里发送书名") && !page.contains("/dl/") && !page.contains("已经过期"), "{page}");
    }
    let signed = shop.page();
    shop.test.clock.advance(Duration::hours(25));
    let (status, page) = shop.test.fetch(&signed).await;
    assert_eq!(status, 200);
    assert!(page.contains("已经过期") && !page.contains("/dl/"), "{page}");
}

#[tokio::test]
async fn inside_wechat_the_page_leads_outside() {
    let shop = Shop::open("").await;
    // WeChat adds parameters to what people share; they neither break the signature nor stay.
    let address = format!("{}&from=singlemessage&isappinstalled=0", shop.page());
    let page = shop.test.get(&address).header("user-agent", WECHAT).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("href=\"#outside\"") && page.contains("id=\"outside\"") && page.contains("在浏览器打开"));
    assert!(!page.contains("/dl/") && !page.contains("singlemessage"), "{page}");
    let (_, rest) = page.split_once("class=\"address\">").unwrap();
    let copied = rest.split('<').next().unwrap().replace("&#38;", "&");
    assert_eq!(copied, shop.page());
    let outside = shop.test.fetch(&copied).await.1;
    assert!(outside.contains("/dl/"), "the copied address is not known outside");
    // Without a signature there is nothing to download, and so nothing to lead outside for.
    let unsigned = shop.test.get(&format!("/b/{}", shop.book)).header("user-agent", WECHAT).send().await.unwrap();
    assert!(!unsigned.text().await.unwrap().contains("outside"));
}

#[tokio::test]
async fn pages_speak_the_visitors_language() {
    let shop = Shop::open("").await;
    for (accepted, expected) in
        [("en-US,en;q=0.9", "lang=\"en\""), ("zh-CN", "lang=\"zh-CN\""), ("fr", "lang=\"zh-CN\"")]
    {
        for (path, status) in [("/", 200), ("/dl/1/txt", 403), (&*format!("/b/{}", shop.book), 200)] {
            let response = shop.test.get(path).header("accept-language", accepted).send().await.unwrap();
            assert_eq!(response.status(), status);
            assert!(response.text().await.unwrap().contains(expected), "{path} {accepted}");
        }
    }
    let english = Shop::open("language = \"en\"").await;
    assert!(english.test.fetch("/nothing").await.1.contains("There is nothing here"));
}

#[tokio::test]
async fn hostile_metadata_stays_text() {
    let shop = Shop::open("").await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\r\n{{7*7}}";
    shop.test.alter(shop.book, |book| {
        book.title = evil.into();
        book.authors = vec![evil.into()];
        book.publisher = Some(evil.into());
        book.series = Some(evil.into());
        book.description = Some(evil.into());
    });
    let (status, page) = shop.test.fetch(&shop.page()).await;
    assert_eq!(status, 200);
    assert!(!page.contains("<script") && !page.contains("<img src=x"), "{page}");
    // No template's expression was worked out. (The result itself may stand in a signature or a port.)
    let [scripts, expressions] = ["&#60;script&#62;", "{{7*7}}"].map(|text| page.matches(text).count());
    assert!(scripts > 5 && expressions == scripts, "{page}");
    let response = shop.test.get(&shop.file()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(header(&response, "content-disposition").starts_with("attachment; filename=\""));
}

#[tokio::test]
async fn what_is_not_shown_is_not_found() {
    let shop = Shop::open("").await;
    let (page, file) = (shop.page(), shop.file());
    for path in ["/b/999", "/b/x", "/b/99999999999999999999999", "/cover/999", "/nothing", "/dl", "/b/1/x", "/admin"] {
        assert_eq!(shop.status(path).await, 404, "{path}");
    }
    assert_eq!(shop.status(&format!("/b/{}", shop.book)).await, 200);
    assert_eq!(shop.status(&file).await, 200);
    shop.test.app.library.remove(shop.book, shop.test.clock.now()).unwrap();
    for address in [page, file, format!("/b/{}", shop.book), format!("/cover/{}", shop.book)] {
        assert_eq!(shop.status(&address).await, 404, "{address}");
    }
}

#[tokio::test]
async fn every_answer_has_its_security_headers() {
    let shop = Shop::open("").await;
    let secret = [shop.page(), shop.file(), format!("/b/{}", shop.book), "/dl/1/txt".into()];
    let open = ["/", "/nothing", "/healthz", "/readyz", "/robots.txt", "/favicon.ico", "/opds"].map(str::to_owned);
    let cover = format!("/cover/{}", shop.book);
    for address in secret.iter().chain(&open).chain([&cover]) {
        let response = shop.test.get(address).send().await.unwrap();
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{address}: {policy}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{address}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{address}");
        assert!(!header(&response, "cache-control").is_empty() || response.status() != 200, "{address}");
        let is_secret = secret.contains(address);
        assert_eq!(header(&response, "x-robots-tag").contains("noindex"), is_secret || address == "/opds", "{address}");
    }
}

#[tokio::test]
async fn the_style_sheet_is_kept_for_ever_and_pages_are_light() {
    let shop = Shop::open("").await;
    let page = shop.test.fetch(&shop.page()).await.1;
    let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let style = shop.test.get(rest.split('"').next().unwrap()).send().await.unwrap();
    assert_eq!((style.status().as_u16(), header(&style, "content-type")), (200, "text/css; charset=utf-8"));
    assert!(header(&style, "cache-control").contains("immutable"));
    let bytes = page.len() + style.text().await.unwrap().len();
    assert!(bytes < 30_000, "page and style sheet have {bytes} bytes even before compression");
}

#[tokio::test]
async fn covers_are_kept_and_asked_again_by_their_tag() {
    let shop = Shop::open("").await;
    // Drawn when it is first looked at, and kept from then on.
    assert_eq!(shop.test.get(&format!("/cover/{}", shop.book)).send().await.unwrap().status(), 200);
    let page = shop.test.fetch(&shop.page()).await.1;
    let (_, rest) = page.split_once("<img src=\"").unwrap();
    let versioned = rest.split('"').next().unwrap();
    let cover = shop.test.get(versioned).send().await.unwrap();
    assert_eq!(cover.status(), 200);
    assert!(header(&cover, "content-type").starts_with("image/"));
    assert!(header(&cover, "cache-control").contains("immutable"), "{versioned}");
    let tag = header(&cover, "etag").to_owned();
    let plain = format!("/cover/{}", shop.book);
    let again = shop.test.get(&plain).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap().len()), (304, 0));
    let other = shop.test.get(&plain).header("if-none-match", "\"x\"").send().await.unwrap();
    assert!(!header(&other, "cache-control").contains("immutable"));
    let thumbnail = shop.test.get(&format!("{plain}/thumb")).send().await.unwrap();
    assert_eq!(thumbnail.status(), 200);
    assert!(thumbnail.bytes().await.unwrap().len() < other.bytes().await.unwrap().len());
}

#[tokio::test]
async fn monitors_crawlers_and_the_platform_find_their_files() {
    let shop = Shop::open("").await;
    shop.test.set("mp_verify", json!(["aB3dEfGh1JkLmN0p"]));
    assert_eq!(shop.test.fetch("/healthz").await, (200, "ok\n".into()));
    assert_eq!(shop.test.fetch("/readyz").await, (200, "ready\n".into()));
    let robots = shop.test.fetch("/robots.txt").await.1;
    assert!(robots.contains("Disallow: /dl") && robots.contains("Disallow: /b"));
    assert_eq!(shop.test.fetch("/MP_verify_aB3dEfGh1JkLmN0p.txt").await, (200, "aB3dEfGh1JkLmN0p".into()));
    assert_eq!(shop.status("/MP_verify_aB3dEfGh1JkLmN0q.txt").await, 404);
    assert_eq!(shop.test.request(Method::HEAD, "/").send().await.unwrap().status(), 200);
    assert_eq!(shop.test.request(Method::POST, "/").send().await.unwrap().status(), 405);
    assert_eq!(shop.test.request(Method::DELETE, &shop.file()).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_download_has_a_name_a_kind_and_a_size() {
    let shop = Shop::open("").await;
    let response = shop.test.get(&shop.file()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-length"), TEXT.len().to_string());
    assert_eq!(header(&response, "content-type"), "text/plain");
    assert_eq!(header(&response, "accept-ranges"), "bytes");
    assert!(header(&response, "cache-control").contains("private"));
    let disposition = header(&response, "content-disposition");
    let (fallback, encoded) = disposition.split_once("; filename*=UTF-8''").unwrap();
    assert_eq!(fallback, "attachment; filename=\"book.txt\"");
    assert_eq!(percent_decode_str(encoded).decode_utf8().unwrap(), "三体 - 刘慈欣.txt");
    let head = shop.test.request(Method::HEAD, &shop.file()).send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, &*TEXT.len().to_string()));
}

#[tokio::test]
async fn a_download_can_be_continued() {
    let shop = Shop::open("").await;
    let whole = TEXT.as_bytes();
    let whole_answer = shop.test.get(&shop.file()).send().await.unwrap();
    let tag = header(&whole_answer, "etag").to_owned();
    let ask = |range: &'static str, if_range: Option<String>| {
        let mut request = shop.test.get(&shop.file()).header("range", range);
        if let Some(version) = if_range {
            request = request.header("if-range", version);
        }
        async move { request.send().await.unwrap() }
    };
    let rest = ask("bytes=10-", Some(tag)).await;
    assert_eq!((rest.status().as_u16(), header(&rest, "content-length")), (206, &*(whole.len() - 10).to_string()));
    assert_eq!(header(&rest, "content-range"), format!("bytes 10-{}/{}", whole.len() - 1, whole.len()));
    assert_eq!(rest.bytes().await.unwrap(), &whole[10..]);
    assert_eq!(ask("bytes=-3", None).await.bytes().await.unwrap(), &whole[whole.len() - 3..]);
    let changed = ask("bytes=10-", Some("\"other\"".into())).await;
    assert_eq!((changed.status().as_u16(), changed.bytes().await.unwrap().len()), (200, whole.len()));
    let behind = ask("bytes=99999-", None).await;
    assert_eq!(
        (behind.status().as_u16(), header(&behind, "content-range")),
        (416, &*format!("bytes */{}", whole.len()))
    );
}

#[tokio::test]
async fn thousands_of_ranges_cost_one_answer() {
    let shop = Shop::open("").await;
    let ranges: Vec<String> = (0..2_000).map(|at| format!("{at}-{at}")).collect();
    let ranges = format!("bytes={}", ranges.join(","));
    let response = shop.test.get(&shop.file()).header("range", ranges).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.bytes().await.unwrap().len()), (200, TEXT.len()));
}

#[tokio::test]
async fn a_changed_link_is_refused_whatever_was_changed() {
    let shop = Shop::open("").await;
    let other = shop.test.add("另一本.txt", "另一本\n\n第一章\n\n正文。\n".as_bytes());
    shop.test.follower("bob", false);
    let good = shop.file();
    assert_eq!(shop.status(&format!("{good}&from=singlemessage")).await, 200);
    let (path, query) = good.split_once('?').unwrap();
    let parts: Vec<&str> = query.split('&').collect();
    for at in 0..parts.len() {
        let mut dropped = parts.clone();
        let taken = dropped.remove(at);
        assert_eq!(shop.status(&format!("{path}?{}", dropped.join("&"))).await, 403, "without {taken}");
        let (name, value) = taken.split_once('=').unwrap();
        let last = if value.ends_with('1') { "2" } else { "1" };
        let changed = format!("{name}={}{last}", &value[..value.len() - 1]);
        let mut tampered = parts.clone();
        tampered[at] = &changed;
        assert_eq!(shop.status(&format!("{path}?{}", tampered.join("&"))).await, 403, "with {changed}");
        assert_eq!(shop.status(&format!("{good}&{taken}")).await, 403, "with {taken} twice");
    }
    for (from, to) in
        [("u=alice", "u=bob"), (&*format!("/dl/{}/", shop.book), &*format!("/dl/{other}/")), ("/txt?", "/epub?")]
    {
        assert!(good.contains(from));
        assert_eq!(shop.status(&good.replace(from, to)).await, 403, "{to}");
    }
    // A page's signature is no download's.
    let (_, page_query) = shop.page().split_once('?').map(|(path, query)| (path.to_owned(), query.to_owned())).unwrap();
    assert_eq!(shop.status(&format!("{path}?{page_query}")).await, 403);
}

#[tokio::test]
async fn an_expired_link_says_how_to_get_a_new_one() {
    let shop = Shop::open("").await;
    let link = shop.file();
    shop.test.clock.advance(Duration::hours(23));
    assert_eq!(shop.status(&link).await, 200);
    shop.test.clock.advance(Duration::hours(2));
    let (status, page) = shop.test.fetch(&link).await;
    assert_eq!(status, 410);
    assert!(page.contains("链接过期了") && page.contains("再发送一次书名"), "{page}");
}

#[tokio::test]
async fn links_die_with_their_follower() {
    let shop = Shop::open("").await;
    let stranger = shop.test.app.links.download(shop.book, "txt", "nobody", shop.test.clock.now());
    assert_eq!(shop.status(&stranger).await, 403);
    let link = shop.file();
    assert_eq!(shop.status(&link).await, 200);
    shop.test.follower("alice", true);
    assert_eq!(shop.status(&link).await, 403);
}

#[tokio::test]
async fn the_days_quota_counts_files_not_requests() {
    let shop = Shop::open("[limits]\ndownloads_per_day = 2\n").await;
    let now = shop.test.clock.now();
    let links: Vec<String> = (0..3)
        .map(|number| {
            let text = format!("书{number}\n\n第一章\n\n第{number}本书的正文。\n");
            let id = shop.test.add(&format!("书{number}.txt"), text.as_bytes());
            shop.test.app.links.download(id, "txt", "alice", now)
        })
        .collect();
    // Looking at it, and beginning it again and again, is one download.
    assert_eq!(shop.test.request(Method::HEAD, &links[2]).send().await.unwrap().status(), 200);
    for _ in 0..3 {
        assert_eq!(shop.status(&links[0]).await, 200);
        assert_eq!(shop.test.get(&links[0]).header("range", "bytes=3-").send().await.unwrap().status(), 206);
    }
    assert_eq!(shop.status(&links[1]).await, 200);
    let (status, page) = shop.test.fetch(&links[2]).await;
    assert_eq!(status, 429);
    assert!(page.contains("今天的下载次数用完了"), "{page}");
    assert_eq!(shop.test.get(&links[2]).header("range", "bytes=1-").send().await.unwrap().status(), 429);
    assert_eq!(shop.status(&links[0]).await, 200, "what was downloaded today can be downloaded again");
    shop.test.clock.advance(Duration::hours(23));
    assert_eq!(shop.status(&links[2]).await, 200, "the next day has a quota of its own");
}

#[tokio::test]
async fn a_missing_file_is_our_fault_and_says_nothing_of_the_disk() {
    let shop = Shop::open("").await;
    let (_, book) = shop.test.app.library.shown(shop.book).unwrap().unwrap();
    std::fs::remove_file(shop.test.app.library.edition_path(&book.editions[0])).unwrap();
    let (status, page) = shop.test.fetch(&shop.file()).await;
    assert_eq!(status, 500);
    assert!(page.contains("是我们这边的错") && !page.contains("os error") && !page.contains("files/"), "{page}");
}

#[tokio::test]
async fn a_large_file_arrives_whole() {
    let shop = Shop::open("").await;
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.extend((0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8));
    let id = shop.test.add("大书.pdf", &bytes);
    let link = shop.test.app.links.download(id, "pdf", "alice", shop.test.clock.now());
    let response = shop.test.get(&link).send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/pdf");
    assert!(response.bytes().await.unwrap() == bytes);
}
