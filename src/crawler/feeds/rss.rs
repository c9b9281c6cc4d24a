//! RSS in all its versions, 0.9 to 2.0, with what modules add to it: Dublin Core, whole texts, paging by Atom links.

use roxmltree::Node;
use url::Url;

use super::atom;
use super::date::moment;
use super::entry::{Entry, File};
use super::gather::{Gathering, address};
use super::markup::words;
use super::media::{bare_type, format_of, is_book};
use super::xml::{ATOM, CONTENT, DC, DC_TERMS, HISTORY, RSS_1, base_of, children, content};

/// RSS's own elements have no namespace, or that of a version.
const SPACES: &[&str] = &[
    "",
    RSS_1,
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss2",
    "http://purl.org/rss/2.0/",
];
const DUBLIN: &[&str] = &[DC, DC_TERMS];
const MEDIA: &str = "http://search.yahoo.com/mrss/";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// Reads a feed from its root, `<rss>` or `<rdf:RDF>`.
pub(super) fn read(root: Node<'_, '_>, page: &Url, out: &mut Gathering) {
    let channel = children(root, SPACES, "channel").next();
    if let Some(channel) = channel {
        if let Some(title) = children(channel, SPACES, "title").find_map(content) {
            out.title(&title);
        }
        for link in children(channel, &[ATOM], "link") {
            atom::feed_link(link, page, out);
        }
        if children(channel, &[HISTORY], "complete").next().is_some() {
            out.complete();
        }
    }
    // Version 1.0 has the items beside the channel.
    let items = channel.into_iter().chain([root]).flat_map(|place| children(place, SPACES, "item"));
    for node in items {
        out.entry(item(node, page));
    }
}

fn item(node: Node<'_, '_>, page: &Url) -> Entry {
    let own = |name: &'static str| children(node, SPACES, name).find_map(content);
    let dublin = |name: &'static str| children(node, DUBLIN, name).find_map(content);
    let base = base_of(node, page);
    let date =
        own("pubDate").or_else(|| dublin("date")).or_else(|| children(node, &[ATOM], "updated").find_map(content));
    let description = own("description");
    let full = children(node, &[CONTENT], "encoded").find_map(content);
    let full = full.or_else(|| children(node, &[ATOM], "content").find_map(content));
    let mut entry = Entry {
        id: identity(node).unwrap_or_default(),
        title: own("title").or_else(|| dublin("title")).unwrap_or_default(),
        authors: authors(node),
        language: dublin("language"),
        publisher: dublin("publisher"),
        issued: dublin("issued"),
        rights: dublin("rights").or_else(|| own("copyright")),
        subjects: subjects(node),
        identifiers: children(node, DUBLIN, "identifier").filter_map(content).take(100).collect(),
        published_at: date.as_deref().and_then(moment),
        updated: date,
        page: link(node, &base),
        ..Entry::default()
    };
    entry.summary = description.as_ref().or(full.as_ref()).map(|text| words(text));
    // Many feeds have the whole text in the description.
    entry.html = full.or(description.filter(|text| text.contains("</")));
    files(node, &base, &mut entry);
    entry
}

fn identity(node: Node<'_, '_>) -> Option<String> {
    let about =
        || node.attribute((RDF, "about")).map(|about| about.trim().to_owned()).filter(|about| !about.is_empty());
    children(node, SPACES, "guid").find_map(content).or_else(about)
}

/// The page: the link, else an Atom link, else a guid that is one.
fn link(node: Node<'_, '_>, base: &Url) -> Option<Url> {
    let own = children(node, SPACES, "link").find_map(content);
    let atom = || {
        let mut links = children(node, &[ATOM], "link");
        links
            .find(|link| matches!(link.attribute("rel"), None | Some("alternate")))?
            .attribute("href")
            .map(str::to_owned)
    };
    let guid = || {
        let guid = children(node, SPACES, "guid").find(|guid| guid.attribute("isPermaLink") != Some("false"));
        guid.and_then(content).filter(|guid| guid.starts_with("http"))
    };
    address(base, &own.or_else(atom).or_else(guid)?)
}

/// Names: `<author>` is an address of mail by the standard, `a@b.c (Name)`.
fn authors(node: Node<'_, '_>) -> Vec<String> {
    let bare = |text: String| match text.split_once('(') {
        Some((mail, name)) if mail.contains('@') => name.trim_end_matches([')', ' ']).to_owned(),
        _ => text,
    };
    let dublin: Vec<String> = children(node, DUBLIN, "creator").filter_map(content).take(100).collect();
    if !dublin.is_empty() {
        return dublin;
    }
    children(node, SPACES, "author").filter_map(content).map(bare).take(100).collect()
}

fn subjects(node: Node<'_, '_>) -> Vec<String> {
    let own = children(node, SPACES, "category").filter_map(content);
    own.chain(children(node, DUBLIN, "subject").filter_map(content)).take(100).collect()
}

/// Enclosures that are books; one that is a picture is the cover. Recordings are left out.
fn files(node: Node<'_, '_>, base: &Url, entry: &mut Entry) {
    let attached = children(node, SPACES, "enclosure").chain(children(node, &[MEDIA], "content"));
    for one in attached.take(100) {
        let Some(url) = one.attribute("url").and_then(|href| address(base, href)) else { continue };
        let media_type = bare_type(one.attribute("type").unwrap_or_default());
        if media_type.starts_with("image/") {
            entry.cover = entry.cover.take().or(Some(url));
            continue;
        }
        let Some(format) = format_of(&media_type, &url).filter(|format| is_book(*format)) else { continue };
        let length = one.attribute("length").or_else(|| one.attribute("fileSize"));
        // Who does not know it writes 0.
        let bytes = length.and_then(|length| length.trim().parse().ok()).filter(|bytes| *bytes > 0);
        let file = File { url, media_type, format: Some(format), bytes, title: None, is_open: true, modified: None };
        entry.files.push(file);
    }
    let thumbnail = || children(node, &[MEDIA], "thumbnail").find_map(|one| address(base, one.attribute("url")?));
    entry.cover = entry.cover.take().or_else(thumbnail);
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Listing, read as read_page, tests::page};
    use crate::book::Format;

    fn read(source: &str) -> Listing {
        read_page(Kind::Feed, &page("https://example.com/feed", source.as_bytes())).unwrap()
    }

    #[test]
    fn version_2_with_modules() {
        let listing = read(
            "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:c=\"http://purl.org/rss/1.0/modules/content/\" \
             xmlns:m=\"http://purl.org/dc/elements/1.1/\" xmlns:a=\"http://www.w3.org/2005/Atom\"><channel>\
             <title>书&amp;人</title><a:link rel=\"next\" href=\"?page=2\"/><a:link rel=\"self\" href=\"/feed\"/>\
             <item><title><![CDATA[<b>冬&nbsp;夜</b>]]></title><link>/1#top</link><guid isPermaLink=\"false\">g-1</guid>\
             <m:creator>甲</m:creator><author>a@example.com (乙)</author><category>读书</category>\
             <pubDate>Tue, 01 Dec 2026 08:00:00 +0800</pubDate><description>短</description>\
             <c:encoded><![CDATA[<p>正文</p>]]></c:encoded>\
             <enclosure url=\"a.epub\" type=\"application/epub+zip\" length=\"123\"/>\
             <enclosure url=\"a.mp3\" type=\"audio/mpeg\" length=\"9\"/><enclosure url=\"a.jpg\" type=\"image/jpeg\"/></item>\
             <item><guid>https://example.com/2</guid><author>a@example.com (乙)</author><description>&lt;p&gt;全文&lt;/p&gt;\
             </description></item><item><title>三</title></item></channel></rss>",
        );
        assert_eq!(listing.title.as_deref(), Some("书&人"));
        assert_eq!(listing.next.unwrap().as_str(), "https://example.com/feed?page=2");
        let [one, two, three] = &listing.entries[..] else { panic!("{:?}", listing.entries) };
        assert_eq!((one.id.as_str(), one.title.as_str(), &one.authors[..]), ("g-1", "冬 夜", &["甲".to_owned()][..]));
        assert_eq!(one.page.as_ref().unwrap().as_str(), "https://example.com/1");
        assert_eq!(one.published_at.unwrap().to_rfc3339(), "2026-12-01T00:00:00+00:00");
        assert_eq!((one.summary.as_deref(), one.html.as_deref()), (Some("短"), Some("<p>正文</p>")));
        assert_eq!(one.files.len(), 1);
        assert_eq!((one.files[0].format, one.files[0].bytes), (Some(Format::Epub), Some(123)));
        assert_eq!(one.cover.as_ref().unwrap().path(), "/a.jpg");
        assert_eq!((two.id.as_str(), &two.authors[..]), ("https://example.com/2", &["乙".to_owned()][..]));
        assert_eq!(two.page.as_ref().unwrap().path(), "/2");
        assert_eq!((two.html.as_deref(), two.summary.as_deref()), (Some("<p>全文</p>"), Some("全文")));
        assert!(three.id.starts_with("hash:"));
    }

    #[test]
    fn older_versions() {
        let listing = read(
            "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\">\
             <channel rdf:about=\"x\"><title>旧</title></channel><item rdf:about=\"urn:1\"><title>一</title>\
             <link>https://example.com/1</link></item></rdf:RDF>",
        );
        assert_eq!((listing.title.as_deref(), listing.entries[0].id.as_str()), (Some("旧"), "urn:1"));
        let listing = read(
            "<!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS 0.91//EN\" \"http://example.com/rss-0.91.dtd\">\
             <rss version=\"0.91\"><channel><title>R&D &eacute;</title><item><title>A</title><link>b</link></item></channel></rss>",
        );
        assert_eq!(listing.title.as_deref(), Some("R&D é"));
        assert_eq!(listing.entries[0].id, "https://example.com/b");
    }
}
