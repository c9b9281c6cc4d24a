//! The size of pages in fixed layouts: every such page must say its own.

use super::super::dom::{Document, NodeId, Space};
use super::context::Context;

/// The viewport of a page: as it says, as the book says, or as its first picture is.
pub(super) fn viewport(context: &Context<'_>, own: Option<&str>, page: &Document, body: NodeId) -> Option<String> {
    let fixed = context.book.layout.fixed.as_ref()?;
    let (width, height) = own
        .and_then(said)
        .or_else(|| drawn(page, body))
        .or(fixed.size)
        .or_else(|| pictured(context, page, body))
        .unwrap_or((600, 800));
    Some(format!("width={width}, height={height}"))
}

fn said(viewport: &str) -> Option<(u32, u32)> {
    let number = |wanted: &str| {
        let pairs = viewport.split([',', ';']).filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value).next()?;
        value
            .trim()
            .trim_end_matches("px")
            .parse::<f32>()
            .ok()
            .filter(|one| (1.0..20_000.0).contains(one))
            .map(|one| one as u32)
    };
    Some((number("width")?, number("height")?))
}

/// The size of the drawing that the page is.
fn drawn(page: &Document, body: NodeId) -> Option<(u32, u32)> {
    let first = page.children(body).into_iter().find(|&node| page.element(node).is_some())?;
    let element = page.element(first).filter(|element| element.space == Space::Svg)?;
    let numbers: Vec<f32> = element
        .get("viewBox")?
        .split([' ', ','])
        .filter(|one| !one.is_empty())
        .filter_map(|one| one.parse().ok())
        .collect();
    match numbers.as_slice() {
        [_, _, width, height] if *width >= 1.0 && *height >= 1.0 => Some((*width as u32, *height as u32)),
        _ => None,
    }
}

fn pictured(context: &Context<'_>, page: &Document, body: NodeId) -> Option<(u32, u32)> {
    let node = page.find(body, "img")?;
    let src = page.element(node)?.get("src")?;
    let file = context.files.named(src)?;
    let reader = image::ImageReader::new(std::io::Cursor::new(&file.bytes)).with_guessed_format().ok()?;
    reader.into_dimensions().ok()
}
