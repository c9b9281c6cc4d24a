//! What the file above promises, tried on small inputs.

use super::*;

/// The texts of the elements that a selector finds.
fn found(selector: &str) -> String {
    let page = Document::parse(
        "<html><body class='b'><p id='one' class='x y'>1</p><div title='a b'><p>2</p><p class='y'>3</p>\
         <section epub:type='note rear' xml:lang='zh-CN'><p>4</p></section></div><h1>5</h1><p>6</p></body></html>",
    );
    let (selectors, _) = Selector::parse_list(selector);
    let elements = page
        .descendants(Document::ROOT)
        .filter(|&node| selectors.iter().any(|one| one.matches(&page, node, &Budget::default())));
    elements.map(|node| page.text_content(node)).collect()
}

#[test]
fn elements_are_found() {
    for (selector, expected) in [
        ("p", "12346"),
        ("P.y", "13"),
        (".x.y, h1", "15"),
        ("#one", "1"),
        ("div p", "234"),
        ("div>p", "23"),
        ("body > div > section > p", "4"),
        ("div + h1", "5"),
        ("p ~ p", "36"),
        ("[title='a b'] > p:first-child", "2"),
        ("section[epub|type~=\"rear\"] p", "4"),
        ("[xml|lang|=zh] *", "4"),
        ("p:last-child", "46"),
        ("p:not(.y)", "246"),
        ("h1, p::first-line", "5"),
        ("p:hover", ""),
        ("p > > p", ""),
    ] {
        assert_eq!(found(selector), expected, "{selector}");
    }
}

#[test]
fn ids_beat_classes_and_classes_beat_names() {
    let of = |text| Selector::parse(text).map(|one| one.specificity).unwrap_or_default();
    assert!(of("#a") > of(".a.b.c p"));
    assert!(of(".a") > of("html body div p"));
    assert!(of("p.a") > of(".a") && of("p:first-child") == of("p.a"));
}

#[test]
fn hostile_selectors_cost_little() {
    let deep = "<div>".repeat(180) + "<p>x</p>";
    let page = Document::parse(&deep);
    let selector = Selector::parse("b div div div div div div p").expect("a selector");
    let p = page.find(Document::ROOT, "p").expect("a paragraph");
    assert!(!selector.matches(&page, p, &Budget::default()));
    assert!(Selector::parse(&"a ".repeat(100)).is_none());
}
