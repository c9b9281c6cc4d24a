//! Sitemaps: the XML of sitemaps.org, its index, and plain lists of addresses.
//!
//! Whose site an address is of is not checked here: robots.txt may name a sitemap of another host, and only the caller
//! knows.

use percent_encoding::percent_decode_str;
use roxmltree::Node;
use url::Url;

use super::date::moment;
use super::entry::{Entry, File};
use super::gather::{Gathering, address};
use super::media::{is_book, is_site_file, of_name};
use super::xml::{base_of, content};
use crate::book::Format;

/// Lines of a plain list that are looked at to tell it from a text.
const SAMPLE: usize = 20;

/// Reads `<urlset>` or `<sitemapindex>`. Many have another namespace than the standard's, or none.
pub(super) fn read(root: Node<'_, '_>, page: &Url, out: &mut Gathering) {
    let base = base_of(root, page);
    let is_index = root.tag_name().name() == "sitemapindex";
    let wanted = if is_index { "sitemap" } else { "url" };
    let own = |node: &Node<'_, '_>, name: &str| node.is_element() && node.tag_name().name() == name;
    for node in root.children().filter(|node| own(node, wanted)) {
        let told = |name: &str| node.children().find(|child| own(child, name)).and_then(content);
        let Some(url) = told("loc").and_then(|href| address(&base, &href)) else { continue };
        if is_index {
            out.deeper(Some(url));
        } else {
            out.entry(entry(url, told("lastmod")));
        }
    }
}

/// Reads a list with an address a line.
pub(super) fn read_list(text: &str, page: &Url, out: &mut Gathering) {
    let is_address = |line: &&str| line.starts_with("http://") || line.starts_with("https://");
    for line in text.lines().map(str::trim).filter(is_address) {
        if let Some(url) = address(page, line) {
            out.entry(entry(url, None));
        }
    }
}

/// Whether a text is a list of addresses.
pub(super) fn is_list(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(SAMPLE).peekable();
    let is_address =
        |line: &str| line.starts_with("http") && !line.contains(char::is_whitespace) && Url::parse(line).is_ok();
    lines.peek().is_some() && lines.all(is_address)
}

/// A book if the name says so, else a page.
pub(super) fn entry(url: Url, updated: Option<String>) -> Entry {
    let name = file_name(&url);
    let published_at = updated.as_deref().and_then(moment);
    let book = of_name(&name).filter(|format| is_book(*format) && !is_site_file(&name));
    let title = match (book, name.rsplit_once('.')) {
        (Some(_), Some((stem, _))) => stem.to_owned(),
        _ => name,
    };
    let known = Entry { id: url.to_string(), title, published_at, updated: updated.clone(), ..Entry::default() };
    match book {
        Some(format) => Entry { files: vec![file(url, format, updated)], ..known },
        None => Entry { page: Some(url), ..known },
    }
}

pub(super) fn file(url: Url, format: Format, modified: Option<String>) -> File {
    let media_type = format.mime().to_owned();
    File { url, media_type, format: Some(format), bytes: None, title: None, is_open: true, modified }
}

/// The last part of a path, decoded.
pub(super) fn file_name(url: &Url) -> String {
    let last = url.path_segments().and_then(|parts| parts.rev().find(|part| !part.is_empty())).unwrap_or_default();
    percent_decode_str(last).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{FeedError, Kind, Listing, read as read_page, tests::page};
    use crate::book::Format;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn read(bytes: &[u8]) -> Result<Listing, FeedError> {
        read_page(Kind::Sitemap, &page("https://example.com/sitemap.xml", bytes))
    }

    const MAP: &str = "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
        xmlns:image=\"http://www.google.com/schemas/sitemap-image/1.1\"><url><loc> https://example.com/a/%E4%B9%A6.epub </loc>\
        <lastmod>2026-05-01</lastmod><image:image><image:loc>https://example.com/x.png</image:loc></image:image></url>\
        <url><loc>/b?x=1&y=2</loc></url><url><loc>ftp://x/</loc></url><url/></urlset>";

    #[test]
    fn books_and_pages() {
        let listing = read(MAP.as_bytes()).unwrap();
        let [book, other] = &listing.entries[..] else { panic!("{listing:?}") };
        assert_eq!((book.title.as_str(), book.files[0].format, book.page.as_ref()), ("书", Some(Format::Epub), None));
        assert_eq!((book.updated.as_deref(), book.published_at.is_some()), (Some("2026-05-01"), true));
        assert_eq!(other.page.as_ref().unwrap().as_str(), "https://example.com/b?x=1&y=2");
        assert!(other.files.is_empty());
    }

    #[test]
    fn an_index_a_list_and_packed_ones() {
        let index = "<sitemapindex><sitemap><loc>https://example.com/1.xml.gz</loc></sitemap></sitemapindex>";
        assert_eq!(read(index.as_bytes()).unwrap().deeper[0].path(), "/1.xml.gz");
        let list = "https://example.com/a.txt\n\nhttps://example.com/robots.txt\nhttps://example.com/b\n";
        let listing = read(list.as_bytes()).unwrap();
        let files: Vec<usize> = listing.entries.iter().map(|entry| entry.files.len()).collect();
        assert_eq!(files, [1, 0, 0]);
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(MAP.as_bytes()).unwrap();
        assert_eq!(read(&packer.finish().unwrap()).unwrap().entries.len(), 2);
        assert!(read(b"just words").is_err() && read(b"<html/>").is_err() && read(b"").is_err());
    }

    #[test]
    fn bombs_and_endless_lists_are_cut() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..60 {
            packer.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        assert_eq!(read(&packer.finish().unwrap()), Err(FeedError::TooLarge(50)));
        let list: String = (0..50_010).map(|n| format!("https://example.com/{n}\n")).collect();
        let listing = read(list.as_bytes()).unwrap();
        assert_eq!((listing.entries.len(), listing.dropped), (50_000, 10));
    }
}
