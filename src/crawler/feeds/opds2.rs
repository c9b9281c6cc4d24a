//! Catalogues in JSON: OPDS 2.0, and a single publication of one.

use serde_json::Value;
use url::Url;

use super::date::moment;
use super::entry::{Entry, File, Search};
use super::gather::{Gathering, address};
use super::json::{list, names, text};
use super::markup::words;
use super::media::{bare_type, format_of};
use super::search::absolute_template;

const REL: &str = "http://opds-spec.org/";
/// Groups stand in groups no deeper than this.
const DEEPEST: usize = 4;

/// Whether it is a catalogue.
pub(super) fn is_catalogue(value: &Value) -> bool {
    ["publications", "navigation", "groups"].iter().any(|name| value.get(name).is_some_and(Value::is_array))
        || is_publication(value)
}

fn is_publication(value: &Value) -> bool {
    value.get("metadata").is_some_and(Value::is_object)
        && list(value, "links").iter().any(|link| purpose(link).is_some())
}

/// Reads a catalogue or a publication.
pub(super) fn read(value: &Value, page: &Url, out: &mut Gathering) {
    if is_publication(value) && value.get("publications").is_none() && value.get("navigation").is_none() {
        out.entry(publication(value, page));
        return;
    }
    if let Some(title) = value.get("metadata").and_then(|metadata| text(metadata.get("title"))) {
        out.title(&title);
    }
    for link in list(value, "links") {
        feed_link(link, page, out);
    }
    group(value, page, out, 0);
}

/// Facets are left out: they lead to the same publications again.
fn group(value: &Value, page: &Url, out: &mut Gathering, depth: usize) {
    for link in list(value, "navigation") {
        out.deeper(href(link).and_then(|href| address(page, href)));
    }
    for one in list(value, "publications") {
        out.entry(publication(one, page));
    }
    if depth < DEEPEST {
        for one in list(value, "groups") {
            // A group shows the first of what its own feed has whole.
            let own = list(one, "links").iter().find(|link| rels(link).iter().any(|rel| rel == "self"));
            out.deeper(own.and_then(href).and_then(|href| address(page, href)));
            group(one, page, out, depth + 1);
        }
    }
}

fn feed_link(link: &Value, page: &Url, out: &mut Gathering) {
    let Some(href) = href(link) else { return };
    for rel in rels(link) {
        match rel.as_str() {
            "next" => out.next(address(page, href)),
            "search" => {
                if let Some(template) = absolute_template(page, href) {
                    out.search(Search::Template(template));
                }
            }
            _ if rel.strip_prefix(REL) == Some("crawlable") => out.crawlable(address(page, href)),
            _ => {}
        }
    }
}

fn publication(value: &Value, page: &Url) -> Entry {
    let metadata = value.get("metadata").unwrap_or(value);
    let get = |name: &str| text(metadata.get(name));
    let (published, modified) = (get("published"), get("modified"));
    // When the work came out may be centuries ago.
    let published_at = [&modified, &published].into_iter().flatten().find_map(|date| moment(date));
    let mut entry = Entry {
        id: get("identifier").or_else(|| get("@id")).unwrap_or_default(),
        title: get("title").unwrap_or_default(),
        authors: names(metadata, "author"),
        language: get("language"),
        publisher: names(metadata, "publisher").into_iter().next(),
        published_at,
        issued: published,
        summary: get("description").map(|text| words(&text)),
        rights: get("rights").or_else(|| get("license")),
        subjects: names(metadata, "subject"),
        identifiers: get("identifier").into_iter().chain(names(metadata, "altIdentifier")).collect(),
        updated: modified,
        cover: cover(value, page),
        ..Entry::default()
    };
    for link in list(value, "links") {
        let Some(url) = href(link).and_then(|href| address(page, href)) else { continue };
        let media_type = bare_type(link.get("type").and_then(Value::as_str).unwrap_or_default());
        let rels = rels(link);
        let is = |wanted: &str| rels.iter().any(|rel| rel == wanted);
        if let Some(is_open) = purpose(link) {
            entry.files.push(file(link, url, media_type, is_open));
        } else if media_type == "application/opds-publication+json" && (is("self") || is("alternate")) {
            entry.details = entry.details.take().or(Some(url));
        } else if is("alternate") && (media_type.is_empty() || media_type.contains("html")) {
            entry.page = entry.page.take().or(Some(url));
        }
    }
    entry
}

fn file(link: &Value, url: Url, media_type: String, is_open: bool) -> File {
    let size = |name: &str| link.get(name).or_else(|| link.get("properties")?.get(name))?.as_u64();
    let bytes = size("length").or_else(|| size("size"));
    let (format, title) = (format_of(&media_type, &url), text(link.get("title")));
    File { format, url, media_type, bytes, title, is_open, modified: text(link.get("modified")) }
}

/// A picture: the first of a type that all programs show, else the first.
fn cover(value: &Value, page: &Url) -> Option<Url> {
    let all = || list(value, "images").iter();
    let is_usual = |image: &&Value| {
        image.get("type").and_then(Value::as_str).is_none_or(|kind| kind.contains("jpeg") || kind.contains("png"))
    };
    let mut addresses = all().filter(is_usual).chain(all()).filter_map(|image| address(page, href(image)?));
    addresses.next()
}

/// Whether a link is a file, and then whether fetching it is all that it takes.
fn purpose(link: &Value) -> Option<bool> {
    let properties = link.get("properties");
    let is_direct = || {
        let indirect = properties.and_then(|properties| properties.get("indirectAcquisition"));
        let is_zip = link.get("type").and_then(Value::as_str).is_some_and(|kind| kind.contains("zip"));
        is_zip || indirect.and_then(Value::as_array).is_none_or(Vec::is_empty)
    };
    let is_free = || {
        let price = properties.and_then(|properties| properties.get("price")?.get("value")?.as_f64());
        price.is_none_or(|price| price <= 0.0)
    };
    let is_available = || {
        let state = properties.and_then(|properties| properties.get("availability")?.get("state")?.as_str());
        state.is_none_or(|state| matches!(state, "available" | "ready"))
    };
    rels(link).iter().find_map(|rel| match rel.strip_prefix(REL).unwrap_or(rel) {
        "acquisition/open-access" | "open-access" => Some(is_direct()),
        "acquisition" | "download" => Some(is_direct() && is_free() && is_available()),
        "borrow" | "buy" | "preview" | "sample" | "subscribe" => Some(false),
        other => other.starts_with("acquisition/").then_some(false),
    })
}

/// Relations, one or a list, in lower case and by one scheme.
fn rels(link: &Value) -> Vec<String> {
    let all = list(link, "rel").iter().filter_map(Value::as_str).take(16);
    all.map(|rel| rel.trim().to_ascii_lowercase().replacen("https:", "http:", 1)).collect()
}

fn href(link: &Value) -> Option<&str> {
    link.get("href").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Search, read as read_page, tests::page};
    use crate::book::Format;

    const CATALOGUE: &str = r#"{
        "metadata": {"title": {"en": "Shelf"}, "numberOfItems": 3},
        "links": [
            {"rel": ["self"], "href": "/opds2", "type": "application/opds+json"},
            {"rel": ["first", "next"], "href": "?page=2"},
            {"rel": "search", "href": "/search{?query,title,author}", "templated": true},
            {"rel": "http://opds-spec.org/crawlable", "href": "all"}],
        "navigation": [{"href": "new", "title": "New", "rel": "current"}],
        "facets": [{"metadata": {"title": "Language"}, "links": [{"href": "?lang=fr"}]}],
        "publications": [{
            "metadata": {"identifier": "urn:isbn:1", "title": "红楼梦", "author": [{"name": "曹雪芹"}, "高鹗"],
                "language": ["zh-CN"], "publisher": {"name": "P"}, "published": "1791", "modified": "2026-05-01T00:00:00Z",
                "description": "<p>a</p><p>b</p>", "subject": ["Fiction", {"name": "Classic", "code": "C"}]},
            "links": [
                {"rel": "self", "href": "/p/1", "type": "application/opds-publication+json"},
                {"rel": "http://opds-spec.org/acquisition/open-access", "href": "/1.epub", "type": "application/epub+zip",
                    "properties": {"size": 7}},
                {"rel": ["buy"], "href": "/1.pdf", "type": "application/pdf"},
                {"rel": "download", "href": "/1.mobi", "type": "application/x-mobipocket-ebook"},
                {"rel": "http://opds-spec.org/acquisition", "href": "/2.epub", "type": "application/epub+zip",
                    "properties": {"price": {"value": 2.5, "currency": "EUR"}}},
                {"rel": "http://opds-spec.org/acquisition", "href": "/1.acsm", "type": "application/vnd.adobe.adept+xml",
                    "properties": {"indirectAcquisition": [{"type": "application/epub+zip"}]}}],
            "images": [{"href": "data:image/png;base64,AAAA"}, {"href": "/1.webp", "type": "image/webp"},
                {"href": "/1.jpg", "type": "image/jpeg"}]}],
        "groups": [{"metadata": {"title": "Popular"}, "links": [{"rel": "self", "href": "popular"}],
            "publications": [{"metadata": {"title": "x"}, "links": []}]}]}"#;

    #[test]
    fn a_catalogue() {
        let listing = read_page(Kind::Opds, &page("https://example.com/opds2", CATALOGUE.as_bytes())).unwrap();
        assert_eq!(listing.title.as_deref(), Some("Shelf"));
        assert_eq!(listing.next.unwrap().as_str(), "https://example.com/opds2?page=2");
        assert_eq!(listing.crawlable.unwrap().path(), "/all");
        assert_eq!(listing.search, Some(Search::Template("https://example.com/search{?query,title,author}".into())));
        let deeper: Vec<&str> = listing.deeper.iter().map(url::Url::path).collect();
        assert_eq!(deeper, ["/new", "/popular"]);
        assert_eq!(listing.entries.len(), 2);
        let entry = &listing.entries[0];
        assert_eq!((entry.id.as_str(), entry.title.as_str()), ("urn:isbn:1", "红楼梦"));
        assert_eq!(
            (&entry.authors[..], &entry.subjects[..]),
            (&["曹雪芹".into(), "高鹗".into()][..], &["Fiction".into(), "Classic".into()][..])
        );
        assert_eq!((entry.issued.as_deref(), entry.summary.as_deref()), (Some("1791"), Some("a\nb")));
        assert_eq!(entry.cover.as_ref().unwrap().path(), "/1.jpg");
        assert_eq!(entry.details.as_ref().unwrap().path(), "/p/1");
        let open: Vec<bool> = entry.files.iter().map(|file| file.is_open).collect();
        assert_eq!(open, [true, false, true, false, false]);
        assert_eq!(entry.files[0].bytes, Some(7));
        assert_eq!(entry.best_file(&[Format::Pdf, Format::Mobi]).unwrap().url.path(), "/1.mobi");
    }

    #[test]
    fn a_publication_alone() {
        let source = r#"{"metadata": {"title": "x"}, "links": [{"rel": "http://opds-spec.org/acquisition/open-access",
            "href": "x.epub", "type": "application/epub+zip"}]}"#;
        let listing = read_page(Kind::Opds, &page("https://example.com/p/1", source.as_bytes())).unwrap();
        assert_eq!(listing.entries.len(), 1);
        assert_eq!(listing.entries[0].files[0].url.path(), "/p/x.epub");
        assert!(read_page(Kind::Opds, &page("https://example.com/", b"{\"error\": \"no\"}")).is_err());
    }

    #[test]
    fn groups_in_groups_end() {
        let source = format!("{}{}", "{\"groups\":[".repeat(60), "]}".repeat(60));
        assert!(read_page(Kind::Opds, &page("https://example.com/", source.as_bytes())).unwrap().entries.is_empty());
    }
}
