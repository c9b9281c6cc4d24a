//! Single rules.

use super::super::{Construct, Kept, RuleError, evaluate};
use super::with_page;

const PAGE: &str = "<html><head><meta property=og:novel:author content='乙 著'></head><body><div class='book'><h1>书名（完结）</h1>\
    <p class=info>作者：甲</p><p class=info>字数：12万</p><p class=info>状态：连载</p></div><ul id=list><li><a href=/1.html>第1章</a></li>\
    <li><a href=/2.html>第2章</a></li><li><a href=/3.html>第3章</a></li></ul></body></html>";

const DATA: &str =
    r#"{"code":0,"data":[{"id":7,"name":"甲书","tags":["a","b"],"url":"/b/7"},{"id":8,"name":"乙书","tags":[]}]}"#;

#[track_caller]
fn check_in(text: &str, rule: &str, expected: &[&str]) {
    let found = with_page("https://s.example/b/1.html", text, |page| evaluate(rule, page, &mut Kept::default()));
    assert_eq!(found, Ok(expected.iter().map(|&text| text.to_owned()).collect()), "{rule}");
}

#[track_caller]
fn check(rule: &str, expected: &[&str]) {
    check_in(PAGE, rule, expected);
}

#[track_caller]
fn check_json(rule: &str, expected: &[&str]) {
    check_in(DATA, rule, expected);
}

#[test]
fn default_rules_and_indexes() {
    check("class.info.0@text", &["作者：甲"]);
    check("id.list@tag.li.-1@tag.a@href", &["/3.html"]);
    check("class.info!0@text", &["字数：12万", "状态：连载"]);
    check("#list a!-1:0@text", &["第2章"]);
    check("#list@li[0,-1]@text", &["第1章", "第3章"]);
    check("#list@li[-1:0]@a@text", &["第3章", "第2章", "第1章"]);
    check("[property=og:novel:author]@content", &["乙 著"]);
    check("body@h1@text", &["书名（完结）"]);
}

#[test]
fn cleaning() {
    check("class.info.0@text##作者：", &["甲"]);
    check("h1@text##（(.*?)）##[$1]", &["书名[完结]"]);
    check("#list@a@href##/(\\d+).html##$1###", &["1", "2", "3"]);
    check("class.info@text##字数：(.+)##$1###", &["", "12万", ""]);
    check("h1@text##（", &["书名完结）"]);
    check("##<h1>([^<]*)##$1###", &["书名（完结）"]);
    check("h1@text##(?<=书名).*##！", &["书名！"]);
}

#[test]
fn paths_into_json() {
    check_json("$.data[*].name", &["甲书", "乙书"]);
    check_json("$.data[?(@.id==8)].name", &["乙书"]);
    check_json("$.data[0].tags", &["a", "b"]);
    check_json("data[0].name", &["甲书"]);
    check_json("@Json:$..id", &["7", "8"]);
    check_json("/book/{$.data[0].id}.html", &["/book/7.html"]);
    check_json("https://x/{$.data[0].id}.html", &["https://x/7.html"]);
    check_json("$.data[*].name##书", &["甲", "乙"]);
}

#[test]
fn templates_and_variables() {
    check("https://x/{{@@id.list@a.0@href}}?a=1", &["https://x//1.html?a=1"]);
    check("{{baseUrl}}##.*/##", &["1.html"]);
    check_json("/b/{{$.data[0].id}}/{{1+2*3}}", &["/b/7/7"]);
    check_json("@put:{\"n\":\"$.data[1].name\"}$.data[0].name", &["甲书"]);
    let mut kept = Kept::default();
    let read = |rule: &str, kept: &mut Kept| with_page("https://s.example/", DATA, |page| evaluate(rule, page, kept));
    assert_eq!(read("@put:{n:'$.data[1].name', 'i':\"$.data[0].id\"}", &mut kept), Ok(vec![]));
    assert_eq!(read("《@get:{n}》{{java.get('i')}}@get:{none}", &mut kept), Ok(vec!["《乙书》7".to_owned()]));
    assert_eq!((kept.get("n"), kept.get("i")), (Some("乙书"), Some("7")));
}

#[test]
fn combinations() {
    check("class.none@text||h1@text", &["书名（完结）"]);
    check("h1@text&&class.info.1@text", &["书名（完结）", "字数：12万"]);
    check("#list@a@text%%#list@a@href", &["第1章", "/1.html", "第2章", "/2.html", "第3章", "/3.html"]);
    check_json("$.none||$.data[0].name", &["甲书"]);
    check("//h1/text()||//p/text()", &["书名（完结）"]);
}

#[test]
fn forced_modes() {
    check("@CSS:#list a:eq(0)@text", &["第1章", "第2章", "第3章"]);
    check("@css:.book > p:nth-of-type(2)@text", &["字数：12万"]);
    check("@XPath://ul/li[2]/a/@href", &["/2.html"]);
    check("//meta[@property='og:novel:author']/@content", &["乙 著"]);
    check_in("<i>{}</i>", "@@tag.i@text", &["{}"]);
    check_in("<td>甲</td><td>乙</td>", "//td[2]/text()", &["乙"]);
}

#[test]
fn lists_of_matches() {
    check(":href=(/\\d+).html>([^<]+)", &["href=/1.html>第1章", "href=/2.html>第2章", "href=/3.html>第3章"]);
    check(":<ul[\\s\\S]*</ul>&&<a[^>]*>", &["<a href=/1.html>", "<a href=/2.html>", "<a href=/3.html>"]);
}

#[test]
fn references_and_blanks() {
    check_in("<p>a&amp;b&nbsp;c</p>", "p@text", &["a&b c"]);
    check_in("<p>一</p><p> </p>", "p@text", &["一"]);
}

#[test]
fn scripts_are_named() {
    for rule in ["tag.a@href@js:result+1", "<js>1</js>", "{{java.ajax(1)}}", "$.a\n<JS>x</JS>$.b"] {
        let found = with_page("https://s.example/", PAGE, |page| evaluate(rule, page, &mut Kept::default()));
        assert!(matches!(found, Err(RuleError::Unsupported(Construct::JavaScript, _))), "{rule}: {found:?}");
    }
    let found = with_page("https://s.example/", PAGE, |page| evaluate("a:foo(1)@text", page, &mut Kept::default()));
    assert!(matches!(found, Err(RuleError::Unsupported(Construct::Syntax, _))), "{found:?}");
}

#[test]
fn what_is_made_to_exhaust_is_stopped() {
    let rules = [
        "{{".repeat(20_000),
        "@put:{".repeat(10_000),
        "@get:{".repeat(10_000),
        "@".repeat(60_000),
        "##".repeat(30_000),
        "a&&".repeat(20_000),
        "[".repeat(60_000),
        "$..*".repeat(15_000),
        "/..".repeat(20_000),
        "a:not(".repeat(10_000),
        format!("{}a@text{}", "{{@@".repeat(100), "}}".repeat(100)),
        "x".repeat(100_000),
    ];
    for rule in rules {
        // An error or nothing, but an end.
        _ = with_page("https://s.example/", PAGE, |page| evaluate(&rule, page, &mut Kept::default()));
        _ = with_page("https://s.example/", DATA, |page| evaluate(&rule, page, &mut Kept::default()));
    }
    let large = "<p>".to_owned() + &"字".repeat(1 << 20) + "</p>";
    let rule = format!("p@text##(字+)##{}", "$1".repeat(6));
    let grown = with_page("https://s.example/", &large, |page| evaluate(&rule, page, &mut Kept::default()));
    assert!(matches!(grown, Err(RuleError::TooLarge(_))));
}

#[test]
fn values_in_a_replacement_are_no_groups() {
    check_in("<p>$0$0\\</p>", "@@p@text##[$]##{{@@p@text}}", &["$0$0\\0$0$0\\0\\"]);
    check_in("<p>$0</p>", "@put:{a:\"p@text\"}@@p@text##[$](0)##@get:{a}$1", &["$00"]);
    // What is no expression is replaced as written, by what is written.
    check_in("<p>$1(</p>", "@@p@text##(##{{@@p@text}}", &["$1$1("]);
}

#[test]
fn holes_are_counted() {
    let page = |rule: &str| with_page("https://s.example/", PAGE, |page| evaluate(rule, page, &mut Kept::default()));
    let holes = |count: usize| page(&"{{@@a##\\w{2}b}}".repeat(count));
    assert!(holes(64).is_ok());
    assert_eq!(holes(65), Err(RuleError::TooLarge("number of holes of a rule")));
    let put = |count: usize| format!("@put:{{a:\"{}\"}}", "{{@@a##x}}".repeat(count));
    assert_eq!(page(&put(50).repeat(6)), Ok(Vec::new()));
    assert_eq!(page(&put(50).repeat(7)), Err(RuleError::TooLarge("number of regular expressions")));
}
