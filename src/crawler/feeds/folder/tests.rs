//! Folders in the hands of the usual servers, made up after them.

use super::super::{Kind, Listing, kind_of, read as read_page, tests::page};
use super::details;

fn read(url: &str, source: &str) -> Listing {
    let page = page(url, source.as_bytes());
    assert_eq!(kind_of(&page), Some(Kind::Listing));
    read_page(Kind::Listing, &page).unwrap()
}

/// Name, size, time.
fn files(listing: &Listing) -> Vec<(&str, Option<u64>, Option<&str>)> {
    let books = listing.entries.iter().filter(|entry| !entry.files.is_empty());
    books.map(|entry| (entry.title.as_str(), entry.files[0].bytes, entry.updated.as_deref())).collect()
}

fn folders(listing: &Listing) -> Vec<&str> {
    listing.deeper.iter().map(url::Url::path).collect()
}

#[test]
fn apache_with_sorting_links_and_cut_names() {
    let listing = read(
        "https://example.com/books/",
        "<html><head><title>Index of /books</title></head><body><h1>Index of /books</h1><pre><img src=\"/icons/blank.gif\">\
         <a href=\"?C=N;O=D\">Name</a> <a href=\"?C=M;O=A\">Last modified</a> <a href=\"?C=S;O=A\">Size</a><hr>\
         <img alt=\"[DIR]\"> <a href=\"/\">Parent Directory</a>                 -\n\
         <img alt=\"[DIR]\"> <a href=\"old/\">old/</a>   2026-05-01 08:30    -   \n\
         <img alt=\"[   ]\"> <a href=\"%E7%BA%A2%E6%A5%BC%E6%A2%A6.epub\">红楼..&gt;</a> 2026-05-02 09:00  1.5M  \n\
         <img alt=\"[   ]\"> <a href=\"a.jpg\">a.jpg</a> 2026-05-02 09:00  10K\n\
         <img alt=\"[TXT]\"> <a href=\"a.txt\">a.txt</a> 2026-05-03 10:00   12K\n</pre></body></html>",
    );
    assert_eq!(listing.title.as_deref(), Some("Index of /books"));
    assert_eq!(folders(&listing), ["/books/old/"]);
    let expected =
        [("红楼梦", Some(1_572_864), Some("2026-05-02 09:00")), ("a", Some(12_288), Some("2026-05-03 10:00"))];
    assert_eq!(files(&listing), expected);
    assert_eq!(listing.entries.len(), 2);
    assert_eq!(listing.entries[1].cover.as_ref().unwrap().path(), "/books/a.jpg");
    assert!(listing.entries[0].published_at.is_some());
}

#[test]
fn nginx_lighttpd_caddy_and_python() {
    let listing = read(
        "https://example.com/b/",
        "<title>Index of /b/</title><h1>Index of /b/</h1><hr><pre><a href=\"../\">../</a>\r\n\
         <a href=\"c/\">c/</a>                     01-May-2026 08:30                   -\r\n\
         <a href=\"a.pdf\">a.pdf</a>               02-May-2026 08:30              123456\r\n</pre>",
    );
    assert_eq!(folders(&listing), ["/b/c/"]);
    assert_eq!(files(&listing), [("a", Some(123_456), Some("02-May-2026 08:30"))]);
    let listing = read(
        "https://example.com/b/",
        "<title>Index of /b/</title><table><tr class=\"d\"><td class=\"n\"><a href=\"../\">..</a>/</td><td class=\"m\">&nbsp;</td>\
         <td class=\"s\">- &nbsp;</td></tr><tr><td class=\"n\"><a href=\"a.mobi\">a.mobi</a></td>\
         <td class=\"m\">2026-May-01 08:30:00</td><td class=\"s\">1.0K</td><td class=\"t\">application/octet-stream</td></tr></table>",
    );
    assert_eq!(files(&listing), [("a", Some(1024), Some("2026-May-01 08:30:00"))]);
    let listing = read(
        "https://example.com/b/",
        "<title>b/</title><table><tr><td><a href=\"..\">Up</a></td></tr><tr class=\"file\"><td></td><td><a href=\"./a.epub\"><svg></svg>\
         <span class=\"name\">a.epub</span></a></td><td class=\"size\" data-order=\"1234\"><div>1.2 KiB</div></td>\
         <td><time datetime=\"2026-05-01T08:30:00Z\">05/01/2026</time></td></tr><tr><td><a href=\"./x/\">x</a></td></tr>\
         <tr><td><a href=\"./b.html\">b</a></td><td data-order=\"5\"></td></tr></table>",
    );
    assert_eq!(files(&listing), [("a", Some(1234), Some("2026-05-01T08:30:00Z"))]);
    assert_eq!((folders(&listing), listing.entries.len()), (vec!["/b/x/"], 2));
    assert_eq!(listing.entries[1].page.as_ref().unwrap().path(), "/b/b.html");
    let listing = read(
        "http://192.0.2.1:8000/",
        "<!DOCTYPE HTML><title>Directory listing for /</title><ul><li><a href=\"a%20b.azw3\">a b.azw3</a></li>\
         <li><a href=\".git/\">.git/</a></li><li><a href=\"robots.txt\">robots.txt</a></li></ul>",
    );
    assert_eq!(files(&listing), [("a b", None, None)]);
}

#[test]
fn only_what_is_below() {
    let listing = read(
        "https://example.com/%E4%B9%A6/index.html?page=1",
        "<a href=\"/书/a.epub#x\">a</a><a href=\"//example.com/%e4%b9%a6/b.epub?download=1\">b (2 MB)</a> (2 MB)<a href=\"a.epub\">again</a>\
         <a href=\"/c.epub\">up</a><a href=\"https://elsewhere.example/书/d.epub\">d</a><a href=\"/书/%2e%2e%2fe.epub\">e</a>\
         <a href=\"index.html\">self</a><a href=\"javascript:x()\">x</a><a href=\"mailto:a@b.c\">m</a><a href=\"http://example.com/书/f.epub\">f</a>\
         <a href=\"g.css\">g</a><a href=\"/书/h.pdf\">h</a>",
    );
    assert_eq!(files(&listing), [("a", None, None), ("b", Some(2 << 20), None), ("h", None, None)]);
    assert_eq!(listing.entries.len(), 3);
}

#[test]
fn a_base_moves_links_and_not_the_folder() {
    let source = "<title>Index of /</title><base href=\"/books/\"><a href=\"a.epub\">a</a>";
    assert_eq!(read("https://example.com/", source).entries[0].files[0].url.path(), "/books/a.epub");
    assert!(read("https://example.com/other/", source).entries.is_empty());
}

#[test]
fn sizes_and_times() {
    for (text, bytes, time) in [
        ("  2026-05-01 08:30  1.2G ", Some(1_288_490_188), Some("2026-05-01 08:30")),
        ("(1,5 MB)", None, None),
        ("— 12 KB, 300 downloads", Some(12_288), None),
        ("read 300 times", None, None),
        ("300", Some(300), None),
        ("2026-05-01 -", None, Some("2026-05-01")),
        ("99999999999999999999 99999G 2026-99-99", None, None),
        ("", None, None),
    ] {
        assert_eq!(details(text), (bytes, time.map(str::to_owned)), "{text}");
    }
}

#[test]
fn an_endless_page_ends() {
    let source =
        "<title>Index of /</title>".to_owned() + &(0..6_000).map(|n| format!("<a href={n}.txt>")).collect::<String>();
    let listing = read("https://example.com/", &source);
    assert_eq!(listing.entries.len(), 5_000);
    assert!(listing.dropped > 0);
}
