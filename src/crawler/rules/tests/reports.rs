//! What an import says of sources that want more than there is.

use super::super::{Construct, Step, Works, import};

fn source(changes: &str) -> String {
    format!(
        r#"{{"bookSourceUrl":"https://r.example","bookSourceName":"r","searchUrl":"/s?q={{{{key}}}}",
        "ruleSearch":{{"bookList":"li","name":"a@text","bookUrl":"a@href"}},
        "ruleToc":{{"chapterList":"dd","chapterName":"a@text","chapterUrl":"a@href"}},
        "ruleContent":{{"content":"id.c@html"}}{changes}}}"#
    )
}

/// The later of two fields of a name counts, so that changes may replace what is there.
#[track_caller]
fn check(changes: &str, expected: &str) {
    let imported = import(&source(changes)).unwrap();
    assert_eq!(imported[0].report.verdict().to_string(), expected, "{changes}");
}

#[test]
fn verdicts() {
    check("", "works");
    check(r#","ruleBookInfo":{"coverUrl":"<js>1</js>","intro":"a@js:1"}"#, "works without intro, cover");
    check(r#","searchUrl":"@js:1""#, "needs JavaScript: search");
    check(r#","searchUrl":"@js:1","exploreUrl":"a::/l/{{page}}""#, "works without search");
    check(r#","exploreUrl":"<js>1</js>""#, "works without lists");
    check(r#","searchUrl":"/s,{\"webView\":true}""#, "needs webView: search");
    check(
        r#","ruleContent":{"content":"id.c@html\n@js:1","webJs":"x"}"#,
        "needs JavaScript: chapter; webView: chapter",
    );
    check(
        r#","ruleContent":{"content":"id.c@html","replaceRegex":"<js>1</js>"}"#,
        "works without cleaning of chapters",
    );
    check(r#","loginUrl":"https://r.example/login""#, "works without login");
    check(r#","bookSourceType":1"#, "needs audio: chapter");
    check(r#","header":"@js:1""#, "needs JavaScript: search, detail, contents, chapter");
    check(
        r#","ruleToc":{"chapterList":"dd","chapterName":"a:zzz@text","chapterUrl":"a@href"}"#,
        "needs unknown rule: contents",
    );
    check(r#","ruleToc":{}"#, "needs missing rule: contents");
    check(
        r#","ruleToc":{"chapterList":"dd","chapterName":"text","chapterUrl":"a@href##$##,{\"webView\":true}"}"#,
        "needs webView: chapter",
    );
    check(
        r#","ruleToc":{"chapterList":"dd","chapterName":"text","nextTocUrl":"{{eval(1)}}"}"#,
        "needs JavaScript: contents",
    );
}

#[test]
fn fields_are_named_with_their_construct() {
    let imported =
        import(&source(r#","ruleSearch":{"bookList":"li","name":"a@text","coverUrl":"@js:1","kind":"a:zz@x"}"#))
            .unwrap();
    let search = &imported[0].report.steps[0];
    assert_eq!((search.step, search.works), (Step::Search, Works::WithoutOptional));
    let fields: Vec<(&str, Construct)> = search.fields.iter().map(|one| (one.field.as_str(), one.construct)).collect();
    assert_eq!(fields, [("kind", Construct::Syntax), ("coverUrl", Construct::JavaScript)]);
}
