//! A folder as WebDAV answers `PROPFIND` (RFC 4918): names, sizes, times and types by themselves.

use roxmltree::Node;
use url::Url;

use super::gather::{Gathering, address};
use super::media::{bare_type, format_of, is_book};
use super::sitemap;
use super::xml::{DAV, children, content};

const SPACES: &[&str] = &[DAV];

/// Reads a `<multistatus>`.
pub(super) fn read(root: Node<'_, '_>, page: &Url, out: &mut Gathering) {
    for response in children(root, SPACES, "response") {
        let href = children(response, SPACES, "href").find_map(content);
        let Some(url) = href.and_then(|href| address(page, &href)).filter(|url| is_below(url, page)) else { continue };
        let property = |name: &'static str| sound(response).flat_map(|prop| children(prop, SPACES, name)).next();
        let is_folder =
            property("resourcetype").is_some_and(|kind| children(kind, SPACES, "collection").next().is_some());
        if is_folder {
            out.deeper(Some(url));
            continue;
        }
        let said = |name: &'static str| property(name).and_then(content);
        let mut entry = sitemap::entry(url.clone(), said("getlastmodified"));
        let media_type = bare_type(&said("getcontenttype").unwrap_or_default());
        if entry.files.is_empty()
            && let Some(format) = format_of(&media_type, &url).filter(|format| is_book(*format))
        {
            entry.files.push(sitemap::file(url, format, entry.updated.clone()));
            entry.page = None;
        }
        // A picture or a film is no page either.
        if entry.files.is_empty() && !media_type.contains("html") {
            continue;
        }
        for file in &mut entry.files {
            file.bytes = said("getcontentlength").and_then(|length| length.parse().ok());
        }
        out.entry(entry);
    }
}

/// The properties that there are: others come with the status 404.
fn sound<'a, 'i: 'a>(response: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    let is_sound = |stat: &Node<'_, '_>| {
        let status = children(*stat, SPACES, "status").find_map(content);
        status.is_none_or(|status| status.contains(" 200"))
    };
    children(response, SPACES, "propstat").filter(is_sound).flat_map(|stat| children(stat, SPACES, "prop"))
}

/// Another place of the same server, and not the folder itself or what is above.
fn is_below(url: &Url, page: &Url) -> bool {
    let folder = page.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(folder);
    url.origin() == page.origin()
        && rest.is_some_and(|rest| rest.trim_end_matches('/').len() > 1 && rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, kind_of, read as read_page, tests::page};

    #[test]
    fn a_folder() {
        let source = "<?xml version=\"1.0\"?><x:multistatus xmlns:x=\"DAV:\"><x:response><x:href>/dav/books/</x:href><x:propstat><x:prop>\
            <x:resourcetype><x:collection/></x:resourcetype></x:prop><x:status>HTTP/1.1 200 OK</x:status></x:propstat></x:response>\
            <x:response><x:href>/dav/books/old/</x:href><x:propstat><x:prop><x:resourcetype><x:collection/></x:resourcetype></x:prop>\
            <x:status>HTTP/1.1 200 OK</x:status></x:propstat></x:response><x:response><x:href>/dav/books/a%20b.epub</x:href>\
            <x:propstat><x:prop><x:resourcetype/><x:getcontentlength>42</x:getcontentlength>\
            <x:getlastmodified>Fri, 01 May 2026 08:30:00 GMT</x:getlastmodified></x:prop><x:status>HTTP/1.1 200 OK</x:status></x:propstat>\
            <x:propstat><x:prop><x:getcontenttype>x</x:getcontenttype></x:prop><x:status>HTTP/1.1 404 Not Found</x:status></x:propstat>\
            </x:response><x:response><x:href>http://elsewhere.example/dav/books/c.epub</x:href></x:response>\
            <x:response><x:href>/dav/books/d.png</x:href></x:response></x:multistatus>";
        let page = page("https://example.com/dav/books", source.as_bytes());
        assert_eq!(kind_of(&page), Some(Kind::Listing));
        let listing = read_page(Kind::Listing, &page).unwrap();
        assert_eq!(listing.deeper.iter().map(url::Url::path).collect::<Vec<_>>(), ["/dav/books/old/"]);
        let [entry] = &listing.entries[..] else { panic!("{listing:?}") };
        assert_eq!((entry.title.as_str(), entry.files[0].bytes, entry.published_at.is_some()), ("a b", Some(42), true));
    }
}
