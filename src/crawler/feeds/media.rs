//! Which format a media type, a name or an address promises. Promises only: what has arrived is judged by its bytes.

use url::Url;

use crate::book::Format;

/// Types that catalogues use beyond [`Format::mime`], as found in calibre, Standard Ebooks, Gutenberg, Flibusta and others.
const TYPES: [(&str, Format); 31] = [
    ("application/epub", Format::Epub),
    ("application/x-epub+zip", Format::Epub),
    ("application/kepub+zip", Format::Epub),
    ("application/x-kobo-epub+zip", Format::Epub),
    ("application/x-mobi8-ebook", Format::Azw3),
    ("application/x-azw3", Format::Azw3),
    ("application/azw3", Format::Azw3),
    ("application/vnd.amazon.ebook", Format::Mobi),
    ("application/x-mobipocket", Format::Mobi),
    ("application/mobi", Format::Mobi),
    ("application/x-mobi", Format::Mobi),
    ("application/x-pdf", Format::Pdf),
    ("text/pdf", Format::Pdf),
    ("text/x-markdown", Format::Markdown),
    ("application/xhtml+xml", Format::Html),
    ("application/fb2", Format::Fb2),
    ("application/fb2+xml", Format::Fb2),
    ("application/fb2+zip", Format::Fb2),
    ("text/fb2+xml", Format::Fb2),
    ("application/x-fictionbook", Format::Fb2),
    ("application/rtf", Format::Rtf),
    ("text/rtf", Format::Rtf),
    ("application/x-cbz", Format::Cbz),
    ("application/x-cbr", Format::Cbr),
    ("application/vnd.comicbook+rar", Format::Cbr),
    ("image/x-djvu", Format::Djvu),
    ("image/vnd.djvu+multipage", Format::Djvu),
    ("application/x-djvu", Format::Djvu),
    ("application/x-kfx", Format::Kfx),
    ("application/x-chm", Format::Chm),
    ("application/x-ms-reader-chm", Format::Chm),
];

/// The type without parameters, in lower case.
pub(super) fn bare_type(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The format of a link: its type, unless that says nothing or less than the address.
pub(super) fn format_of(media_type: &str, url: &Url) -> Option<Format> {
    let named = of_url(url);
    let typed = of_type(media_type);
    match (typed, named) {
        // One type is used for both of Amazon's formats.
        (Some(Format::Mobi), Some(Format::Azw3)) => named,
        (Some(_), _) => typed,
        _ => named.filter(|_| is_vague(media_type)),
    }
}

fn of_type(media_type: &str) -> Option<Format> {
    // Kfx has the type of anything at all.
    let of_format = |format: &Format| *format != Format::Kfx && format.mime() == media_type;
    let usual = Format::ALL.into_iter().find(of_format);
    usual.or_else(|| TYPES.iter().find(|(known, _)| *known == media_type).map(|(_, format)| *format))
}

fn is_vague(media_type: &str) -> bool {
    matches!(
        media_type,
        "" | "application/octet-stream"
            | "binary/octet-stream"
            | "application/zip"
            | "application/x-zip-compressed"
            | "application/download"
            | "application/force-download"
            | "application/x-download"
            | "application/xml"
            | "text/xml"
            | "application/ebook"
            | "application/x-ebook"
            | "unknown/unknown"
    )
}

/// What the name in an address promises, else that in a parameter of it: `a.epub`, `84.epub3.images`, `84.txt.utf-8`,
/// `get.php?file=a.epub`.
pub(super) fn of_url(url: &Url) -> Option<Format> {
    let of_path = url.path_segments().and_then(|mut parts| of_name(parts.next_back()?));
    let of_query =
        || url.query_pairs().take(20).find_map(|(_, value)| of_name(&value).filter(|format| is_book(*format)));
    of_path.or_else(of_query)
}

/// What the end of a name promises.
pub(super) fn of_name(name: &str) -> Option<Format> {
    let part = |text: &str| match text.to_ascii_lowercase().as_str() {
        "epub3" => Some(Format::Epub),
        "kf8" => Some(Format::Azw3),
        other => Format::from_extension(other),
    };
    // The first part is the name itself.
    let mut parts = name.rsplit('.').take(name.matches('.').count().min(3));
    let last = parts.next()?;
    let is_addition =
        |text: &str| matches!(text.to_ascii_lowercase().as_str(), "images" | "noimages" | "utf-8" | "utf8");
    match part(last) {
        None if is_addition(last) => parts.next().and_then(part),
        found => found,
    }
}

/// Whether a file of this format, found in a folder or a sitemap, is a book rather than a page about something.
pub(super) fn is_book(format: Format) -> bool {
    !matches!(format, Format::Html | Format::Markdown)
}

/// Whether it is a file that sites have for robots and for people, and no book, whatever its ending.
pub(super) fn is_site_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let known = [
        "robots.txt",
        "humans.txt",
        "ads.txt",
        "app-ads.txt",
        "llms.txt",
        "llms-full.txt",
        "security.txt",
        "sitemap.txt",
    ];
    name.starts_with('.') || known.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(media_type: &str, address: &str) -> Option<Format> {
        format_of(media_type, &Url::parse("https://example.com/").unwrap().join(address).unwrap())
    }

    #[test]
    fn types_and_names_agree_on_a_format() {
        for (media_type, address, format) in [
            ("application/epub+zip", "/get/1", Some(Format::Epub)),
            ("application/x-mobipocket-ebook", "/a.azw3?x=1", Some(Format::Azw3)),
            ("application/x-mobipocket-ebook", "/ebooks/1.kf8.images", Some(Format::Azw3)),
            ("application/octet-stream", "/a.EPUB", Some(Format::Epub)),
            ("", "/ebooks/84.txt.utf-8", Some(Format::Txt)),
            ("", "/ebooks/84.epub3.images", Some(Format::Epub)),
            ("", "/get.php?id=3&file=a.pdf", Some(Format::Pdf)),
            ("application/fb2+zip", "/1", Some(Format::Fb2)),
            ("audio/mpeg", "/a.epub", None),
            ("application/octet-stream", "/a", None),
            ("", "/epub", None),
            ("", "/a.epub.torrent", None),
        ] {
            assert_eq!(of(media_type, address), format, "{media_type} {address}");
        }
        assert_eq!(bare_type(" Application/EPUB+zip; charset=x "), "application/epub+zip");
    }
}
