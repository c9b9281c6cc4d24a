//! Which picture is the cover of an EPUB. Books say it in five ways, some of them wrongly.

use super::package::Package;
use super::path;
use crate::book::model::{Chapter, Content, Resource};
use crate::book::{picture, xhtml};

/// The index of the cover among the resources, if the book has one.
pub(super) fn find(package: &Package, chapters: &[Chapter], resources: &[Resource]) -> Option<usize> {
    let picture = |path: &str| {
        let found = resources.iter().position(|one| one.path.eq_ignore_ascii_case(path))?;
        is_picture(&resources[found]).then_some(found)
    };
    let on_page = |path: &str| {
        let page = chapters.iter().find(|chapter| chapter.path.eq_ignore_ascii_case(path))?;
        first_picture(page).and_then(|path| picture(&path))
    };
    // A cover may be given as the picture or as the page that shows it.
    let either = |path: &str| picture(path).or_else(|| on_page(path));

    let large = |at: &usize| picture::is_cover_sized(&resources[*at].bytes);
    named(package)
        .find_map(either)
        .or_else(|| resources.iter().position(|one| is_picture(one) && is_named_cover(&one.path)))
        .or_else(|| first_page_picture(chapters).and_then(|path| picture(&path)).filter(large))
}

/// The drawing that the book names as its cover and that is one of its pages, too: as a file of its own beside the
/// page, so that links in it lead to the same places.
pub(super) fn drawn_page(package: &Package, chapters: &[Chapter]) -> Option<Resource> {
    const MEDIA_TYPE: &str = "image/svg+xml";
    let drawing = |path: &str| {
        let page = chapters.iter().find(|chapter| chapter.path.eq_ignore_ascii_case(path))?;
        let Content::Markup(markup) = &page.content else { return None };
        let (folder, name) =
            page.path.rsplit_once('/').map_or(("", page.path.as_str()), |(folder, name)| (folder, name));
        let path = format!("{folder}{}cover-page-{name}", if folder.is_empty() { "" } else { "/" });
        let is_drawing = package.items.iter().any(|item| item.path == page.path && item.media_type == MEDIA_TYPE);
        is_drawing.then(|| Resource { path, media_type: MEDIA_TYPE.into(), bytes: markup.clone().into_bytes() })
    };
    named(package).find_map(drawing)
}

/// What the book itself names as its cover: by property, by `<meta>`, in the guide.
fn named(package: &Package) -> impl Iterator<Item = &str> {
    let by_property = package.items.iter().find(|item| item.has("cover-image"));
    let by_meta = package.cover_hint.as_deref().and_then(|hint| {
        package.items.iter().find(|item| item.id == hint || item.path.ends_with(hint) && !hint.is_empty())
    });
    let items = by_property.into_iter().chain(by_meta).map(|item| item.path.as_str());
    items.chain(package.guide_cover.as_deref())
}

fn is_picture(resource: &Resource) -> bool {
    resource.media_type.starts_with("image/") || super::media_type(&resource.path).starts_with("image/")
}

fn is_named_cover(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.split_once('.').is_some_and(|(stem, _)| stem == "cover" || stem.starts_with("cover-image") || stem == "封面")
}

/// The picture on the first page, if the page is nothing else.
fn first_page_picture(chapters: &[Chapter]) -> Option<String> {
    const CAPTION: usize = 40;
    let first = chapters.first()?;
    (first.text().chars().count() <= CAPTION).then(|| first_picture(first)).flatten()
}

fn first_picture(page: &Chapter) -> Option<String> {
    let Content::Markup(markup) = &page.content else {
        return None;
    };
    let pictures = xhtml::pictures(markup);
    pictures.iter().find_map(|href| path::resolve(&page.path, href)).map(|link| link.path)
}

#[cfg(test)]
mod tests {
    use crate::book::{Format, ReadOptions, WriteOptions, picture};
    use std::io::Write;

    fn package(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
            zip.write_all(bytes).expect("its bytes");
        }
        zip.finish().expect("a ZIP").into_inner()
    }

    #[test]
    fn a_page_that_is_a_drawing_is_the_cover_and_stays_a_page() {
        let opf = "<package><metadata/><manifest>\
            <item id='c' href='a/c.svg' media-type='image/svg+xml' properties='cover-image'/>\
            <item id='t' href='t.xhtml' media-type='application/xhtml+xml'/></manifest>\
            <spine><itemref idref='c'/><itemref idref='t'/></spine></package>";
        let svg =
            b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 300 400'><rect width='300' height='400'/></svg>";
        let bytes =
            package(&[("x.opf", opf.as_bytes()), ("a/c.svg", svg), ("t.xhtml", b"<html><body>t</body></html>")]);
        let book = super::super::read(&bytes, &ReadOptions::default()).expect("a book");
        assert_eq!((book.chapters().len(), book.cover().map(|one| one.path.as_str())), (2, Some("a/cover-page-c.svg")));
        let written = crate::book::write(&book, Format::Epub, &WriteOptions::default()).expect("written");
        let again = crate::book::read(&written.bytes, None).expect("a book");
        assert_eq!(again.cover().and_then(|one| picture::sniff(&one.bytes)), Some(picture::Kind::Jpeg));
    }

    #[test]
    fn the_mark_of_a_note_is_no_cover() {
        let book = |side: u32| {
            let mut png = std::io::Cursor::new(Vec::new());
            image::RgbImage::new(side, side).write_to(&mut png, image::ImageFormat::Png).expect("encodes");
            let opf = "<package><manifest><item id='t' href='t.xhtml' media-type='application/xhtml+xml'/>\
                <item id='n' href='n.png' media-type='image/png'/></manifest><spine><itemref idref='t'/></spine></package>";
            let page = b"<html><body><p>t<img src='n.png'/></p></body></html>";
            let bytes = package(&[("x.opf", opf.as_bytes()), ("n.png", png.get_ref()), ("t.xhtml", page)]);
            super::super::read(&bytes, &ReadOptions::default()).expect("a book")
        };
        assert!(book(20).cover().is_none());
        assert!(book(200).cover().is_some());
    }
}
