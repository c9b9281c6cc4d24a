//! How the pages want to be shown: what EPUB 3 says, what Apple, Kobo and Amazon said before, and what
//! the style sheets do.

use super::archive::Archive;
use super::package::Package;
use crate::book::markup::{Entities, Token, Tree, local, tokens};
use crate::book::model::{Chapter, Content, Direction, FixedLayout, Layout, Resource, Spread};
use crate::book::{Error, charset};
use std::collections::{BTreeMap, HashMap};

/// Files in which shops keep their own settings.
const OPTIONS: [&str; 2] =
    ["META-INF/com.apple.ibooks.display-options.xml", "META-INF/com.kobobooks.display-options.xml"];

/// The layout of a book.
pub(super) fn read(
    archive: &mut Archive<'_>,
    package: &Package,
    chapters: &[Chapter],
    resources: &[Resource],
) -> Result<Layout, Error> {
    let mode = package.meta("primary-writing-mode").unwrap_or_default().to_ascii_lowercase();
    let vertical = mode.starts_with("vertical") || mode.is_empty() && styled_vertical(chapters, resources);
    let direction = match package.progression.as_str() {
        "rtl" => Some(Direction::RightToLeft),
        "ltr" => Some(Direction::LeftToRight),
        _ if mode.ends_with("-rl") => Some(Direction::RightToLeft),
        _ => None,
    };
    let announced = package.meta("rendition:layout").is_some_and(|layout| layout.trim() == "pre-paginated")
        || package.meta("fixed-layout").is_some_and(|fixed| fixed.trim() == "true");
    let fixed = (announced || is_fixed_by_option(archive)?).then(|| fixed(package, chapters));
    Ok(Layout { direction, vertical, fixed, spreads: spreads(package, chapters) })
}

/// The chapters for which the spine names a side.
fn spreads(package: &Package, chapters: &[Chapter]) -> BTreeMap<usize, Spread> {
    let sides: HashMap<&str, Spread> = package
        .spreads
        .iter()
        .filter_map(|(at, spread)| Some((package.items.get(*at)?.path.as_str(), *spread)))
        .collect();
    let side = |(at, chapter): (usize, &Chapter)| Some((at, *sides.get(chapter.path.as_str())?));
    chapters.iter().enumerate().filter_map(side).collect()
}

fn is_fixed_by_option(archive: &mut Archive<'_>) -> Result<bool, Error> {
    for name in OPTIONS {
        let Some(bytes) = archive.read_named(name)? else { continue };
        let source = charset::decode_markup(&bytes);
        let tree = Tree::parse(&source)?;
        let mut options = tree.root().descendants().filter(|node| node.is("option"));
        if options.any(|node| node.attribute("name").as_deref() == Some("fixed-layout") && node.text() == "true") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn fixed(package: &Package, chapters: &[Chapter]) -> FixedLayout {
    let meta = |name: &str| package.meta(name).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
    FixedLayout {
        orientation: meta("rendition:orientation").or_else(|| meta("orientation-lock")),
        spread: meta("rendition:spread"),
        size: package
            .meta("rendition:viewport")
            .or_else(|| package.meta("original-resolution"))
            .and_then(size)
            .or_else(|| chapters.iter().find_map(viewport)),
    }
}

/// `width=1200, height=1600` or `1200x1600`: the first two numbers, in the order of their names.
fn size(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|run| run.parse::<u32>().ok());
    let (first, second) = (numbers.next()?, numbers.next()?);
    let turned = text.find("height").is_some_and(|height| text.find("width").is_some_and(|width| height < width));
    let (width, height) = if turned { (second, first) } else { (first, second) };
    (width > 0 && height > 0).then_some((width, height))
}

fn viewport(chapter: &Chapter) -> Option<(u32, u32)> {
    let Content::Markup(markup) = &chapter.content else { return None };
    let entities = Entities::new();
    head_tokens(markup).find_map(|token| match token {
        Token::Open { name, attributes, .. }
            if local(name).eq_ignore_ascii_case("meta") && attributes.raw("name") == Some("viewport") =>
        {
            size(&attributes.get("content", &entities)?)
        }
        _ => None,
    })
}

/// The tokens up to the body, its tag included.
fn head_tokens(markup: &str) -> impl Iterator<Item = Token<'_>> {
    const MOST: usize = 200;
    let mut over = false;
    tokens(markup).take(MOST).take_while(move |token| {
        let before = over;
        over |= matches!(token, Token::Open { name, .. } if local(name).eq_ignore_ascii_case("body"));
        !before
    })
}

/// Whether a style sheet turns the lines of whole pages upright.
fn styled_vertical(chapters: &[Chapter], resources: &[Resource]) -> bool {
    const PAGES: usize = 8;
    let classes: Vec<&str> = chapters.iter().take(PAGES).flat_map(root_classes).collect();
    let sheets = resources.iter().filter(|one| one.media_type.contains("css"));
    sheets.filter_map(|sheet| std::str::from_utf8(&sheet.bytes).ok()).any(|sheet| {
        sheet.match_indices("writing-mode").any(|(at, name)| {
            let value = sheet.get(at + name.len()..).unwrap_or_default().trim_start();
            let value = value.strip_prefix(':').unwrap_or_default().trim_start();
            let before = sheet.get(..at).unwrap_or_default();
            (value.starts_with("vertical") || value.starts_with("tb-rl")) && is_for_pages(before, &classes)
        })
    })
}

/// Whether the rule that ends in `before` is for the root or the body, with a class they have.
fn is_for_pages(before: &str, classes: &[&str]) -> bool {
    let before = before.get(before.rfind('}').map_or(0, |at| at + 1)..).unwrap_or_default();
    let selectors = before.rsplit_once('{').map_or("", |(selectors, _)| selectors);
    selectors.split(',').any(|selector| {
        let last = selector.split_whitespace().last().unwrap_or_default();
        let mut parts = last.split('.');
        let element = parts.next().unwrap_or_default().to_ascii_lowercase();
        let known = parts.clone().all(|class| classes.contains(&class));
        known && (matches!(element.as_str(), "html" | "body") || element.is_empty() && parts.next().is_some())
    })
}

fn root_classes(chapter: &Chapter) -> Vec<&str> {
    let Content::Markup(markup) = &chapter.content else { return Vec::new() };
    let of_roots = head_tokens(markup).filter_map(|token| match token {
        Token::Open { name, attributes, .. }
            if ["html", "body"].iter().any(|root| local(name).eq_ignore_ascii_case(root)) =>
        {
            attributes.raw("class")
        }
        _ => None,
    });
    of_roots.flat_map(str::split_whitespace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_all_spellings() {
        assert_eq!(size("width=1200, height=1600"), Some((1200, 1600)));
        assert_eq!(size("height=1600,width=1200"), Some((1200, 1600)));
        assert_eq!(size("1200x1600"), Some((1200, 1600)));
        assert_eq!(size("width=device-width"), None);
    }

    #[test]
    fn upright_lines_are_seen_in_the_styles() {
        let page = "<html class=\"vrtl\"><head/><body class='a b'><p class='x'>文</p></body></html>";
        let chapter =
            Chapter { path: "a".into(), title: String::new(), content: Content::Markup(page.into()), linear: true };
        let check = |css: &str| {
            let sheet = Resource { path: "s".into(), media_type: "text/css".into(), bytes: css.into() };
            styled_vertical(std::slice::from_ref(&chapter), &[sheet])
        };
        assert!(check("p{} html { -epub-writing-mode: vertical-rl }"));
        assert!(check(".vrtl{x:y;-webkit-writing-mode:vertical-rl}"));
        assert!(!check("html.other { writing-mode: vertical-rl }"));
        assert!(!check("p.a { writing-mode: vertical-rl } body { writing-mode: horizontal-tb }"));
    }
}
