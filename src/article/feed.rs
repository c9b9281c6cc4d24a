//! RSS and Atom, read: what a feed has of each article.
//!
//! A feed is a stranger's file: no DTD, at most so many bytes, nodes and bytes of a tag. Deliberately not here: fetching.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use roxmltree::{Document, Node, ParsingOptions};

use super::source::moment;

/// Largest feed, in bytes.
pub(super) const LARGEST: usize = 8 << 20;
/// Most nodes.
const NODES: u32 = 200_000;
/// Longest tag, in bytes: the parser takes a time that is the square of the number of attributes.
const TAG: usize = 64 << 10;

/// Elements of these are about a recording or a picture, whatever they are called.
const FOREIGN: [&str; 2] = ["http://search.yahoo.com/mrss/", "http://www.itunes.com/dtds/podcast-1.0.dtd"];

/// What a feed has of one article.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) title: String,
    pub(super) author: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) published_at: Option<DateTime<Utc>>,
    /// What it is known by: its id, else its address.
    pub(super) origin: String,
    /// Markup that is not safe.
    pub(super) markup: String,
}

/// Reads a feed.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn read(text: &str, zone: Tz) -> Result<Vec<Item>, String> {
    if text.len() > LARGEST {
        return Err(format!("a feed may have {} MB", LARGEST >> 20));
    }
    if has_huge_tag(text) {
        return Err("it has a tag of more than 64 kB".into());
    }
    let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text.trim_start_matches('\u{FEFF}').trim_start(), options)
        .map_err(|error| format!("it is no feed: {error}"))?;
    let root = document.root_element();
    let name = root.tag_name().name();
    if !matches!(name, "rss" | "feed" | "RDF") {
        return Err(format!("it is no feed of RSS or Atom, but <{name}>"));
    }
    let nodes =
        root.descendants().filter(|node| node.is_element() && matches!(node.tag_name().name(), "item" | "entry"));
    Ok(nodes.map(|node| item(node, document.input_text(), zone)).filter(|item| !item.markup.is_empty()).collect())
}

fn has_huge_tag(text: &str) -> bool {
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let closing = match () {
            () if rest.starts_with("<![CDATA[") => "]]>",
            () if rest.starts_with("<!--") => "-->",
            () => ">",
        };
        let Some(end) = rest.find(closing) else { return false };
        if closing == ">" && end > TAG {
            return true;
        }
        rest = &rest[end + closing.len()..];
    }
    false
}

fn item(node: Node<'_, '_>, source: &str, zone: Tz) -> Item {
    let text = |name: &'static str| named(node, name).map(content).find(|text| !text.is_empty());
    let mut authors = named(node, "author").map(|author| {
        let name = named(author, "name").next();
        name.map_or_else(|| content(author), content)
    });
    let author = authors.find(|name| !name.is_empty());
    let date = ["published", "pubDate", "date", "updated"].into_iter().find_map(text);
    // RSS has the whole text in `content:encoded`, where it has it at all; Atom in `content`.
    let bodies = ["encoded", "content", "description", "summary"].into_iter().flat_map(|name| named(node, name));
    let body = bodies.map(|body| markup(body, source)).find(|body| !body.trim().is_empty());
    Item {
        title: text("title").unwrap_or_default(),
        author: author.or_else(|| text("creator")),
        tags: named(node, "category").filter_map(tag).collect(),
        published_at: date.and_then(|date| moment(&date, zone)),
        origin: text("guid").or_else(|| text("id")).or_else(|| link(node)).unwrap_or_default(),
        markup: body.unwrap_or_default(),
    }
}

/// The elements of this name directly inside, of the feed's own and of kindred namespaces.
fn named<'a, 'input: 'a>(node: Node<'a, 'input>, name: &'static str) -> impl Iterator<Item = Node<'a, 'input>> {
    let is_foreign = |child: &Node<'_, '_>| child.tag_name().namespace().is_some_and(|space| FOREIGN.contains(&space));
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name && !is_foreign(child))
}

/// All characters inside, without blanks around them.
fn content(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text).filter_map(|text| text.text());
    texts.collect::<String>().trim().to_owned()
}

fn tag(node: Node<'_, '_>) -> Option<String> {
    let tag = node.attribute("term").map_or_else(|| content(node), str::to_owned);
    Some(tag.trim().to_owned()).filter(|tag| !tag.is_empty())
}

fn link(node: Node<'_, '_>) -> Option<String> {
    let links = || named(node, "link");
    let is_page = |link: &Node<'_, '_>| matches!(link.attribute("rel"), None | Some("alternate"));
    let href = links().filter(is_page).find_map(|link| link.attribute("href").map(str::to_owned));
    href.or_else(|| links().map(content).find(|text| !text.is_empty()))
}

fn markup(node: Node<'_, '_>, source: &str) -> String {
    match node.attribute("type") {
        Some("xhtml") => {
            let inside = node.children().filter(Node::is_element).map(|child| &source[child.range()]);
            inside.collect()
        }
        Some("text") => escaped(&content(node)),
        _ => content(node),
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.split("\n\n").map(|paragraph| format!("<p>{paragraph}</p>\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = Tz::Asia__Shanghai;

    #[test]
    fn rss_with_the_whole_text() {
        let items = read(
            "<?xml version=\"1.0\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>博客</title><item><title>书单 &amp; 笔记</title>\
             <link>https://example.com/1</link><guid>tag:1</guid><dc:creator>甲</dc:creator><category>读书</category>\
             <category>冬天</category><pubDate>Tue, 01 Dec 2026 08:00:00 +0800</pubDate><description>短</description>\
             <content:encoded><![CDATA[<p>正文</p>]]></content:encoded></item></channel></rss>",
            ZONE,
        );
        let expected = Item {
            title: "书单 & 笔记".into(),
            author: Some("甲".into()),
            tags: vec!["读书".into(), "冬天".into()],
            published_at: moment("2026-12-01 08:00", ZONE),
            origin: "tag:1".into(),
            markup: "<p>正文</p>".into(),
        };
        assert_eq!(items, Ok(vec![expected]));
    }

    #[test]
    fn atom_in_its_three_kinds() {
        let items = read(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>b</title>\
             <entry><title>一</title><id>urn:1</id><author><name>甲</name></author><category term=\"t\"/>\
             <published>2026-12-01T00:00:00Z</published><content type=\"html\">&lt;p&gt;a&lt;/p&gt;</content></entry>\
             <entry><title>二</title><link href=\"https://example.com/2\"/><content type=\"xhtml\">\
             <div xmlns=\"http://www.w3.org/1999/xhtml\"><p>b</p></div></content></entry>\
             <entry><title>三</title><content type=\"text\">a &lt; b</content></entry><entry><title>空</title></entry></feed>",
            ZONE,
        )
        .unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!((items[0].markup.as_str(), items[0].author.as_deref()), ("<p>a</p>", Some("甲")));
        assert!(items[1].markup.contains("<p>b</p>") && items[1].origin == "https://example.com/2");
        assert_eq!(items[2].markup, "<p>a &lt; b</p>\n");
    }

    #[test]
    fn what_is_empty_or_of_a_recording_hides_no_text() {
        let items = read(
            "<rss xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
             xmlns:media=\"http://search.yahoo.com/mrss/\" \
             xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel><item>\
             <itunes:title>别名</itunes:title><title/><title>书单</title><author/><author>甲</author>\
             <content:encoded> </content:encoded><media:content url=\"https://example.com/a.png\">x</media:content>\
             <media:description>图</media:description><itunes:summary>音</itunes:summary>\
             <description>正文</description></item></channel></rss>",
            ZONE,
        )
        .unwrap();
        assert_eq!(items.len(), 1);
        let (title, author, markup) = (items[0].title.as_str(), items[0].author.as_deref(), items[0].markup.as_str());
        assert_eq!((title, author, markup), ("书单", Some("甲"), "正文"));
    }

    #[test]
    fn what_is_no_feed_or_an_attack_is_refused() {
        for text in [
            "",
            "x",
            "<html/>",
            "<!DOCTYPE rss [<!ENTITY a \"b\">]><rss>&a;</rss>",
            &format!("<rss {}/>", (0..20_000).map(|n| format!("a{n}=\"\" ")).collect::<String>()),
            &format!("<rss>{}</rss>", "<a/>".repeat(300_000)),
        ] {
            assert!(read(text, ZONE).is_err(), "{:.40}", text);
        }
    }
}
