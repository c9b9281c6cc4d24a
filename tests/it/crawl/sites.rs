//! What the sites of the simulated web have: books by chapters, read by rules of four kinds.

use std::time::Duration;

use serde_json::json;
use shutong::store::records::{SourceKind, SourceRecord};

use crate::support::web::{Resource, Web};

/// What every site's robots.txt asks for.
pub const DELAY: Duration = Duration::from_millis(20);
/// Books of a site.
pub const BOOKS: usize = 5;

/// How much a site has.
#[derive(Clone, Copy)]
pub struct Size {
    pub books: usize,
    pub chapters: usize,
}

pub fn name(site: usize) -> String {
    format!("site-{site:03}")
}

pub fn title(site: usize, book: usize) -> String {
    format!("网文{site:03}之{}", ["甲", "乙", "丙", "丁", "戊"][book])
}

pub fn author(site: usize) -> String {
    format!("写手{site:03}")
}

fn chapter_title(chapter: usize) -> String {
    format!("第{}章 风起", chapter + 1)
}

/// The paragraphs of a chapter, one a line; each of its own, so that nothing can be mistaken for another.
pub fn chapter_text(site: usize, book: usize, chapter: usize) -> String {
    let line = |at: usize| {
        format!(
            "这是{site}站{book}书{chapter}章的段落{at}：山中相送罢，日暮掩柴扉，春草明年绿，王孙归不归？{}",
            at * 7919 + chapter * 31 + book
        )
    };
    (1..=8).map(line).collect::<Vec<_>>().join("\n")
}

pub fn is_chapter(path: &str) -> bool {
    path.starts_with("/c/")
}

/// The kind of a site.
fn kind(site: usize) -> usize {
    site % 4
}

pub fn source(web: &Web, site: usize, usual: SourceRecord) -> SourceRecord {
    let url = web.url(site);
    let rules = match kind(site) {
        2 => json!({
            "bookSourceUrl": url, "bookSourceName": name(site), "bookSourceType": 0,
            "exploreUrl": "全部::/list/{{page}}.json",
            "ruleExplore": { "bookList": "$.books[*]", "name": "$.title", "author": "$.author", "bookUrl": "$.url" },
            "ruleBookInfo": { "name": "$.title", "author": "$.author", "tocUrl": "$.contents" },
            "ruleToc": { "chapterList": "$.chapters[*]", "chapterName": "$.name", "chapterUrl": "$.url" },
            "ruleContent": { "content": "$.text" },
        }),
        _ => json!({
            "bookSourceUrl": url, "bookSourceName": name(site), "bookSourceType": 0,
            "exploreUrl": "全部::/list/{{page}}.html",
            "ruleExplore": {
                "bookList": "class.item", "name": "tag.a.0@text", "author": "class.by@text", "bookUrl": "tag.a.0@href",
            },
            "ruleBookInfo": { "name": "tag.h1@text", "author": "class.by@text##作者：", "tocUrl": "class.toc@href" },
            "ruleToc": {
                "chapterList": "id.list@tag.a", "chapterName": "text", "chapterUrl": "href", "nextTocUrl": "class.next@href",
            },
            "ruleContent": { "content": "id.content@html", "nextContentUrl": "class.more@href" },
        }),
    };
    SourceRecord {
        title: name(site),
        kind: SourceKind::Rules,
        url,
        rules: Some(rules.to_string()),
        lists: vec![0],
        rights: "made for this test".into(),
        licence: "CC0-1.0".into(),
        nets: vec!["127.1.0.0/16".into()],
        most_per_pass: 100_000,
        most_per_day: 100_000,
        ..usual
    }
}

/// Fills a site with its books.
pub fn fill(web: &Web, site: usize, size: Size) {
    let robots = format!("User-agent: *\nDisallow: /private/\nCrawl-delay: {}\n", DELAY.as_secs_f64());
    web.put(site, "/robots.txt", Resource::new("text/plain", robots));
    if kind(site) == 2 { fill_json(web, site, size) } else { fill_html(web, site, size) }
}

fn html(site: usize, body: &str) -> Resource {
    // Some sites write as they did twenty years ago.
    if kind(site) == 1 {
        let page = format!("<html><head><meta charset=\"gbk\"></head><body>{body}</body></html>");
        return Resource::new("text/html", encoding_rs::GBK.encode(&page).0.into_owned());
    }
    Resource::new("text/html; charset=utf-8", format!("<html><head><title>x</title></head><body>{body}</body></html>"))
}

fn fill_html(web: &Web, site: usize, size: Size) {
    let item = |book: usize| {
        format!(
            "<div class=item><a href=\"/b/{book}/\">{}</a><span class=by>作者：{}</span></div>",
            title(site, book),
            author(site)
        )
    };
    let half = size.books.div_ceil(2);
    let forbidden = "<div class=item><a href=\"/private/b/\">秘本</a><span class=by>某</span></div>";
    let first: String = (0..half).map(item).collect();
    let second: String = (half..size.books).map(item).collect();
    web.put(site, "/list/1.html", html(site, &first));
    web.put(site, "/list/2.html", html(site, &(second + forbidden)));
    web.put(site, "/list/3.html", html(site, "<p>没有更多了</p>"));
    web.put(site, "/private/b/", html(site, "<h1>秘本</h1>"));
    let has_pages = kind(site) == 3;
    for book in 0..size.books {
        let detail = format!(
            "<h1>{}</h1><p class=by>作者：{}</p><a class=toc href=\"/t/{book}/1\">目录</a>",
            title(site, book),
            author(site)
        );
        web.put(site, &format!("/b/{book}/"), html(site, &detail));
        let link = |at: usize| format!("<li><a href=\"/c/{book}/{at}.html\">{}</a></li>", chapter_title(at));
        let half = size.chapters.div_ceil(2);
        if has_pages {
            let first: String = (0..half).map(link).collect();
            let second: String = (half..size.chapters).map(link).collect();
            let next = format!("<ul id=list>{first}</ul><a class=next href=\"/t/{book}/2\">下一页</a>");
            web.put(site, &format!("/t/{book}/1"), html(site, &next));
            web.put(site, &format!("/t/{book}/2"), html(site, &format!("<ul id=list>{second}</ul>")));
        } else {
            let all: String = (0..size.chapters).map(link).collect();
            web.put(site, &format!("/t/{book}/1"), html(site, &format!("<ul id=list>{all}</ul>")));
        }
        for at in 0..size.chapters {
            let text = chapter_text(site, book, at);
            let lines: Vec<String> = text.lines().map(|line| format!("<p>{line}</p>")).collect();
            let path = format!("/c/{book}/{at}.html");
            if has_pages {
                let (one, two) = lines.split_at(lines.len() / 2);
                let more = format!(
                    "<div id=content>{}</div><a class=more href=\"/c/{book}/{at}_2.html\">下页</a>",
                    one.concat()
                );
                web.put(site, &path, html(site, &more));
                web.put(
                    site,
                    &format!("/c/{book}/{at}_2.html"),
                    html(site, &format!("<div id=content>{}</div>", two.concat())),
                );
            } else {
                web.put(site, &path, html(site, &format!("<div id=content>{}</div>", lines.concat())));
            }
        }
    }
}

fn fill_json(web: &Web, site: usize, size: Size) {
    let json = |value: serde_json::Value| Resource::new("application/json", value.to_string());
    let books: Vec<_> = (0..size.books)
        .map(|book| json!({ "title": title(site, book), "author": author(site), "url": format!("/b/{book}") }))
        .collect();
    web.put(site, "/list/1.json", json(json!({ "books": books })));
    web.put(site, "/list/2.json", json(json!({ "books": [] })));
    for book in 0..size.books {
        let detail = json!({ "title": title(site, book), "author": author(site), "contents": format!("/t/{book}") });
        web.put(site, &format!("/b/{book}"), json(detail));
        let chapters: Vec<_> = (0..size.chapters)
            .map(|at| json!({ "name": chapter_title(at), "url": format!("/c/{book}/{at}") }))
            .collect();
        web.put(site, &format!("/t/{book}"), json(json!({ "chapters": chapters })));
        for at in 0..size.chapters {
            web.put(site, &format!("/c/{book}/{at}"), json(json!({ "text": chapter_text(site, book, at) })));
        }
    }
}
