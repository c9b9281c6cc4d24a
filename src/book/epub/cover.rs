//! Which picture is the cover of an EPUB. Books say it in five ways, some of them wrongly.

use super::package::Package;
use super::path;
use crate::book::model::{Chapter, Content, Resource};
use crate::book::xhtml;

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

    let by_property = package.items.iter().find(|item| item.has("cover-image"));
    let by_meta = package.cover_hint.as_deref().and_then(|hint| {
        package.items.iter().find(|item| item.id == hint || item.path.ends_with(hint) && !hint.is_empty())
    });
    by_property
        .and_then(|item| either(&item.path))
        .or_else(|| by_meta.and_then(|item| either(&item.path)))
        .or_else(|| package.guide_cover.as_deref().and_then(either))
        .or_else(|| resources.iter().position(|one| is_picture(one) && is_named_cover(&one.path)))
        .or_else(|| first_page_picture(chapters).and_then(|path| picture(&path)))
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
