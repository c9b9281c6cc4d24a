//! What is put right, and what is refused.

use super::*;

fn text(source: &str) -> Result<String, FeedError> {
    let sound = sound(source)?;
    let document = sound.parse(10_000)?;
    Ok(content(document.root_element()).unwrap_or_default())
}

#[test]
fn what_feeds_get_wrong_is_put_right() {
    for (source, expected) in [
        ("\u{FEFF}  <?xml version=\"1.0\" encoding=\"gbk\"?>\n<a>x</a>", "x"),
        ("<!DOCTYPE rss PUBLIC \"-//N//DTD RSS 0.91//EN\" \"http://example.com/rss.dtd\"><a>x</a>", "x"),
        ("<a>A&nbsp;&amp; B &hellip; &#x4e66;&#20;&unknown; R&D</a>", "A\u{A0}& B … 书 &unknown; R&D"),
        ("<a>x\u{1}y\u{0}z</a>", "xyz"),
        ("<a><![CDATA[<b>&nbsp;</b>]]></a>", "<b>&nbsp;</b>"),
        ("<a>1 < 2 <b/></a>", "1 < 2"),
        ("<a><!-- a -- b --><b c='d' checked e=f>x</b></a>", "x"),
        ("<a><dc:title>x</dc:title><foo:bar/></a>", "x"),
        ("junk<a>x</a>junk", "x"),
    ] {
        assert_eq!(text(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn attributes_keep_what_they_say() {
    let sound = sound("<a href=\"?a=1&b=&quot;2&quot;&amp;c\" t='<&lt;\"' dc:x=\"1\"/>").unwrap();
    let document = sound.parse(100).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("href"), Some("?a=1&b=\"2\"&c"));
    assert_eq!(root.attribute("t"), Some("<<\""));
    assert_eq!(root.attribute((DC, "x")), Some("1"));
}

#[test]
fn bases_add_up() {
    let sound = sound("<a xml:base='/b/'><c xml:base='d/'><e/></c></a>").unwrap();
    let document = sound.parse(100).unwrap();
    let node = document.descendants().find(|node| node.has_tag_name("e")).unwrap();
    let page = Url::parse("https://example.com/x").unwrap();
    assert_eq!(base_of(node, &page).as_str(), "https://example.com/b/d/");
}

#[test]
fn attacks_are_refused_quickly() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    let spaces: String = (0..200).map(|n| format!(" xmlns:p{n}=\"u{n}\"")).collect();
    let nested: String = (0..400).map(|n| format!("<a{}>", spaces.replace('p', &format!("q{n}x")))).collect();
    for source in [
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_owned(),
        format!("<a{attributes}/>"),
        "<a>".repeat(100_000),
        nested + &"<b xmlns:z=\"z\"/>".repeat(100_000),
    ] {
        assert!(matches!(text(&source), Err(FeedError::Hostile(_))), "{:.60}", source);
    }
    for source in
        ["", "x", "<", "<a", "<a b", "<a b=", "<a b='", "</a>", "<a></b>", "<!", "<![CDATA[", "<a>&", "<a/><b/>"]
    {
        let _ = text(source);
    }
    assert!(matches!(text(&format!("<a>{}</a>", "<b/>".repeat(20_000))), Err(FeedError::NotRead(_))));
}
