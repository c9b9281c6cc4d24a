//! Sources from the search to the finished chapter.

use std::time::Duration;

use url::Url;

use super::super::{ChapterLink, Kept, Method, Rate, Source, Step};
use super::with_page;

const PLAIN: &str = r###"{
    "bookSourceUrl": "https://s.example#1", "bookSourceName": "样", "concurrentRate": "1500",
    "bookUrlPattern": "https://s\\.example/book/\\d+\\.html",
    "header": "{\"Referer\":\"https://s.example/\"}",
    "searchUrl": "/search?q={{key}}&p={{page}},{\"charset\":\"gbk\"}",
    "exploreUrl": "玄幻::/l/1/{{page}}.html\n热门::/top<,_{{page}}>.html\n标题",
    "ruleSearch": {"bookList": "-class.item", "name": "h3@a@text", "author": "class.by@text", "bookUrl": "h3@a@href",
        "coverUrl": "img@data-src||img@src", "intro": "class.intro@html", "kind": "class.tag@text",
        "lastChapter": "class.new@text##最新：", "checkKeyWord": "x"},
    "ruleBookInfo": {"init": "@put:{\"bid\":\"[property=bid]@content\"}id.info", "name": "h1@text", "author": "p.0@text",
        "tocUrl": "a.toc@href##$##?id=@get:{bid}", "coverUrl": "img@src"},
    "ruleToc": {"chapterList": "dd||dt", "chapterName": "a@text||text", "chapterUrl": "a@href", "isVolume": "b@text",
        "isVip": "class.vip@text", "nextTocUrl": "option@value"},
    "ruleContent": {"content": "id.c@html##本章未完[^<]*", "nextContentUrl": "text.下一@href",
        "replaceRegex": "##求收藏|第\\d+页", "title": "h1@text"}
}"###;

fn source() -> Source {
    Source::parse(PLAIN).unwrap()
}

#[test]
fn sources_may_be_shared_by_tasks() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Source>();
}

#[test]
fn one_broken_list_leaves_the_others() {
    let source = r#"{"bookSourceUrl":"https://s.example","exploreUrl":[{"title":"a","url":"/a,{'webView':true}"},{"title":"b","url":"/b"}]}"#;
    assert_eq!(Source::parse(source).unwrap().lists(), ["b"]);
}

#[test]
fn what_a_source_asks_for() {
    let source = source();
    assert_eq!((source.name(), source.url()), ("样", "https://s.example#1"));
    assert_eq!(source.rate(), Some(Rate::Every(Duration::from_millis(1500))));
    let search = source.search("书童", 2).unwrap();
    assert_eq!(search.url.as_str(), "https://s.example/search?q=%CA%E9%CD%AF&p=2");
    assert_eq!((search.method, search.charset.as_deref()), (Method::Get, Some("gbk")));
    assert_eq!(search.headers, []);
    assert_eq!(source.headers_of_source(), [("Referer".to_owned(), "https://s.example/".to_owned())]);
    assert_eq!(source.lists(), ["玄幻", "热门"]);
    assert_eq!(source.list(0, 3).unwrap().url.path(), "/l/1/3.html");
    assert_eq!(source.list(1, 1).unwrap().url.path(), "/top.html");
    assert_eq!(source.list(1, 2).unwrap().url.path(), "/top_2.html");
    assert!(source.list(2, 1).is_err());
    let owns = |url: &str| source.owns(&Url::parse(url).unwrap());
    assert!(owns("https://s.example/book/1.html") && !owns("https://s.example/book/1.html?x"));
}

#[test]
fn a_search_gives_books() {
    let page = "<div class=item><h3><a href=book/1.html>甲书 作者：甲</a></h3><i class=by>作者：甲</i><img src=/n.gif data-src=/1.jpg>\
        <div class=intro>一<br>二</div><b class=tag>玄幻</b><b class=tag>连载</b><u class=new>最新：第9章</u></div>\
        <div class=item><h3><a href='/book/2.html'>乙书</a></h3></div><div class=item>没有</div>\
        <div class=item><h3><a href='/book/2.html'>乙书</a></h3></div>";
    let hits = with_page("https://s.example/search", page, |page| source().read_search(page)).unwrap();
    assert_eq!(hits.len(), 2);
    // The list is turned round.
    let hit = &hits[1];
    assert_eq!(
        (hit.title.as_str(), hit.author.as_str(), hit.url.as_str()),
        ("甲书", "甲", "https://s.example/book/1.html")
    );
    assert_eq!((hit.intro.as_deref(), hit.kind.as_deref()), (Some("一\n二"), Some("玄幻,连载")));
    assert_eq!((hit.cover.as_deref(), hit.last_chapter.as_deref()), (Some("https://s.example/1.jpg"), Some("第9章")));
    assert_eq!((hits[0].title.as_str(), hits[0].cover.as_deref()), ("乙书", None));
}

const DETAIL: &str = "<head><meta property=bid content=77></head><div id=info><h1>甲书</h1><p>作 者：甲</p><img src=c.jpg>\
    <a class=toc href=/toc/1>目录</a></div>";

#[test]
fn a_page_of_a_book() {
    let source = source();
    let mut kept = Kept::default();
    let detail =
        with_page("https://s.example/book/1.html", DETAIL, |page| source.read_detail(page, &mut kept)).unwrap();
    assert_eq!((detail.title.as_deref(), detail.author.as_deref()), (Some("甲书"), Some("甲")));
    assert_eq!(detail.cover.as_deref(), Some("https://s.example/book/c.jpg"));
    assert_eq!(detail.contents_url.as_deref(), Some("https://s.example/toc/1?id=77"));
    assert_eq!(kept.get("bid"), Some("77"));
    // A search that leads straight to it finds this one.
    let hits = with_page("https://s.example/book/1.html", DETAIL, |page| source.read_search(page)).unwrap();
    assert_eq!((hits.len(), hits[0].kept.get("bid")), (1, Some("77")));
}

#[test]
fn contents_of_several_pages() {
    let source = source();
    let read =
        |url: &str, page: &str| with_page(url, page, |page| source.read_contents(page, &mut Kept::default())).unwrap();
    let options = "<select><option value=/toc/1><option value=/toc/2></select>";
    let first =
        format!("<dl><dd><a href=/c/2>新 二</a></dd><dd><b>卷一</b></dd><dd><a href=/c/1>一</a></dd></dl>{options}");
    let second = format!("<dl><dd><a href=/c/2>二</a><i class=vip>V</i></dd><dd></dd></dl>{options}");
    let (first, second) = (read("https://s.example/toc/1", &first), read("https://s.example/toc/2", &second));
    assert_eq!(first.next, ["https://s.example/toc/2"]);
    let titles: Vec<&str> = first.chapters.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(titles, ["新 二", "卷一", "一"]);
    assert_eq!((first.chapters[1].is_volume, first.chapters[1].url.as_str()), (true, "卷一1"));
    assert!(!source.has_newest_first());
    let last =
        ChapterLink { title: "二".into(), url: "https://s.example/c/2".into(), is_paid: true, ..Default::default() };
    assert_eq!(second.chapters, [last]);
}

#[test]
fn a_chapter_of_two_pages() {
    let source = source();
    let read = |url: &str, page: &str| {
        let next = Some("https://s.example/c/3");
        with_page(url, page, |page| source.read_chapter(page, &mut Kept::default(), next)).unwrap()
    };
    let page = "<h1>第二章</h1><div id=c>&nbsp;&nbsp;一&lt;<br>第1页<script>x</script><p>二<img src=p.png></p>本章未完，点</div>\
        <a href=/c/2_2>下一页</a>";
    let first = read("https://s.example/c/2", page);
    assert_eq!(
        (first.title.as_deref(), first.next.as_slice()),
        (Some("第二章"), &["https://s.example/c/2_2".to_owned()][..])
    );
    let second = read("https://s.example/c/2_2", "<div id=c>三&amp;求收藏</div><a href=/c/3>下一章</a>");
    assert!(second.next.is_empty());
    let text = source.finished(&[first.text, second.text]);
    assert_eq!(text, "一<\n二\n<img src=\"https://s.example/c/p.png\">\n三&");
}

#[test]
fn a_source_of_json() {
    let source = Source::parse(
        r#"{"bookSourceUrl":"https://j.example/api/","bookSourceName":"j",
        "searchUrl":"search,{\"method\":\"POST\",\"body\":{\"k\":\"{{key}}\",\"o\":\"{{(page-1)*10}}\"}}",
        "ruleSearch":{"bookList":"$.data.list[*]","name":"$.title","author":"author","bookUrl":"https://j.example/b/{{$.id}},{\"headers\":{\"A\":\"1\"}}",
            "kind":"{{$.cat}}\n{{$.words}}字"},
        "ruleBookInfo":{"init":"$.book","name":"name","tocUrl":"/toc?b={$.id}"},
        "ruleToc":{"chapterList":"$..chapters[*]","chapterName":"$.t","chapterUrl":"{{$.u}}","updateTime":"$.d"},
        "ruleContent":{"content":"$.text"}}"#,
    )
    .unwrap();
    let search = source.search("书", 3).unwrap();
    assert_eq!(search.body.as_deref(), Some("{\"k\":\"书\",\"o\":\"20\"}".as_bytes()));
    let page = r#"{"data":{"list":[{"id":5,"title":"书 &amp; 童","author":"作者：甲 著","cat":"史","words":9}]}}"#;
    let hits = with_page("https://j.example/api/search", page, |page| source.read_search(page)).unwrap();
    assert_eq!((hits[0].title.as_str(), hits[0].author.as_str()), ("书 & 童", "甲"));
    assert_eq!(hits[0].kind.as_deref(), Some("史,9字"));
    let request = source.request(&hits[0].url, &Url::parse("https://j.example").unwrap()).unwrap();
    assert_eq!((request.url.as_str(), request.headers.len()), ("https://j.example/b/5", 1));
    let mut kept = Kept::default();
    let page = r#"{"book":{"name":"n","id":5}}"#;
    let detail = with_page("https://j.example/b/5", page, |page| source.read_detail(page, &mut kept)).unwrap();
    assert_eq!(detail.contents_url.as_deref(), Some("https://j.example/toc?b=5"));
    let page = r#"{"v":[{"chapters":[{"t":"一","u":"/c/1","d":"今"}]},{"chapters":[{"t":"二","u":"/c/2"}]}]}"#;
    let contents = with_page("https://j.example/toc", page, |page| source.read_contents(page, &mut kept)).unwrap();
    assert_eq!(contents.chapters.len(), 2);
    assert_eq!(
        (contents.chapters[0].url.as_str(), contents.chapters[0].updated.as_deref()),
        ("https://j.example/c/1", Some("今"))
    );
    let page = r#"{"text":"一\n<p>二</p>"}"#;
    let chapter = with_page("https://j.example/c/1", page, |page| source.read_chapter(page, &mut kept, None)).unwrap();
    assert_eq!(source.finished(&[chapter.text]), "一\n二");
}

#[test]
fn a_source_of_matches() {
    let source = Source::parse(
        r#"{"bookSourceUrl":"https://m.example","bookSourceName":"m","bookSourceType":"3",
        "searchUrl":"/s","ruleSearch":{"bookList":":<li>(.*?)\\|(.*?)</li>","name":"$2","bookUrl":"/b/$1.html","author":"$2##.(.)##$1###"},
        "ruleBookInfo":{"downloadUrls":"tag.a@href"}}"#,
    )
    .unwrap();
    let page = "<ul><li>7|甲书</li><li>8|乙文</li></ul>";
    let hits = with_page("https://m.example/s", page, |page| source.read_search(page)).unwrap();
    assert_eq!(
        (hits[1].title.as_str(), hits[1].url.as_str(), hits[1].author.as_str()),
        ("乙文", "https://m.example/b/8.html", "文")
    );
    assert!(source.report().can(Step::Detail) && !source.report().can(Step::Contents));
    let page = "<a href=/f/1.epub>a</a><a href=/f/1.epub>b</a><a href=javascript:x>c</a>";
    let detail = with_page("https://m.example/b/8.html", page, |page| source.read_detail(page, &mut Kept::default()));
    assert_eq!(detail.unwrap().files, ["https://m.example/f/1.epub"]);
}

#[test]
fn the_tester_shows_every_field() {
    let page = "<div class=item><h3><a href=/1>甲</a></h3></div>";
    let tested = with_page("https://s.example/", page, |page| source().test(Step::Search, page));
    let named = |name: &str| tested.iter().find(|(field, _)| field == name).map(|(_, found)| found.clone());
    assert_eq!(named("name"), Some(Ok(vec!["甲".to_owned()])));
    assert_eq!(named("author"), Some(Ok(vec![])));
    assert_eq!(named("list").map(|list| list.map(|items| items.len())), Some(Ok(1)));
    let tested = with_page("https://s.example/", DETAIL, |page| source().test(Step::Detail, page));
    assert!(tested.iter().any(|(field, found)| field == "tocUrl" && found.is_ok()));
}

#[test]
fn a_list_that_is_too_long_is_an_error() {
    let page = "<dl>".to_owned() + &"<dd><a href=/1>x</a></dd>".repeat(6_000) + "</dl>";
    let read = with_page("https://s.example/", &page, |page| source().read_contents(page, &mut Kept::default()));
    assert!(read.is_err());
}
