//! Drawings (SVG) made into pictures, for targets that show none and for covers.
//!
//! The renderer trusts its input: a few hundred bytes can ask it for gigabytes or for hours. So three
//! gates stand before it. [`source`] bounds the text and its depth and expands no entity but short
//! plain ones; [`reach`] counts what references multiply (`use`, patterns, masks, markers); [`cost`]
//! adds up pixels and memory, and a drawing that wants too much is drawn smaller. Nothing is read
//! from a disk or a network: pictures come from `data:` addresses and from the book, text is set in
//! the program's own fonts.

mod cost;
mod reach;
mod source;
#[cfg(test)]
mod tests;

use super::{Budget, Kind, Lookup, data_uri, decode, encode, jpeg, sniff};
use crate::book::cover::canvas::FONTS;
use image::{DynamicImage, RgbaImage};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FontResolver, ImageHrefResolver, ImageKind, ImageRendering, Options, Tree, fontdb, roxmltree};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A drawing as a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::book) struct Drawing {
    /// The file.
    pub(in crate::book) bytes: Vec<u8>,
    /// PNG, or JPEG if it is a photograph in a frame.
    pub(in crate::book) media_type: &'static str,
    /// The width that the drawing asks for on a page, in CSS pixels; the picture has more of them.
    pub(in crate::book) width: u32,
    /// The height, likewise.
    pub(in crate::book) height: u32,
}

/// Most elements of a drawing, before and after references are followed.
const MOST_NODES: u32 = 100_000;
/// Most pixels that are decoded for the pictures in one drawing.
const MOST_DECODED: u64 = 64_000_000;
/// Most pixels one such picture keeps.
const MOST_EMBEDDED: u64 = 2560 * 2560;

const BROKEN: &str = "the drawing is damaged";
const EMPTY: &str = "the drawing shows nothing";
const TOO_COMPLEX: &str = "the drawing is too complex";

/// Draws for a page: at twice the size that the drawing asks for, within 1000 × 1600 pixels.
pub(in crate::book) fn draw(svg: &[u8], lookup: &Lookup<'_>, budget: &Budget) -> Result<Drawing, &'static str> {
    const SHARPER: f32 = 2.0;
    let tree = parse(svg, lookup)?;
    let size = tree.size();
    let picture = paint(&tree, SHARPER, (1000, 1600), budget)?;
    let (bytes, media_type) = encode(picture, false).ok_or(BROKEN)?;
    let pixels = |side: f32| (side.round() as u32).max(1);
    Ok(Drawing { bytes, media_type, width: pixels(size.width()), height: pixels(size.height()) })
}

/// A drawing of the program's own as PNG, as large as fits into the box; `None` if it shows nothing.
pub fn drawing_as_png(svg: &str, max_width: u32, max_height: u32) -> Option<Vec<u8>> {
    let picture = render(svg.as_bytes(), &|_: &str| None, max_width, max_height).ok()?;
    super::decode::png(&picture)
}

/// Draws as large as fits into the box; the rest of the box is left away.
pub(in crate::book) fn render(
    svg: &[u8],
    lookup: &Lookup<'_>,
    max_width: u32,
    max_height: u32,
) -> Result<DynamicImage, &'static str> {
    paint(&parse(svg, lookup)?, f32::MAX, (max_width, max_height), &Budget::default())
}

fn parse(svg: &[u8], lookup: &Lookup<'_>) -> Result<Tree, &'static str> {
    let text = source::prepare(svg)?;
    let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..Default::default() };
    let xml = roxmltree::Document::parse_with_options(&text, options).map_err(|_| BROKEN)?;
    reach::check(&xml)?;
    let mut fonts = fontdb::Database::new();
    // Most drawings set no text, and reading the fonts takes as long as painting a small drawing.
    if text.contains("text") {
        for font in FONTS {
            fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
        }
    }
    let decoded = AtomicU64::new(0);
    let options = Options {
        image_href_resolver: ImageHrefResolver {
            // The bytes tell what they are; the declared type does not matter.
            resolve_data: Box::new(|_, bytes, _| embedded(&bytes, &decoded)),
            resolve_string: Box::new(|href, _| match data_uri(href) {
                Some((_, bytes)) => embedded(&bytes, &decoded),
                None => embedded(lookup(href)?, &decoded),
            }),
        },
        font_resolver: FontResolver {
            // One font stands for all; what it lacks, the other has.
            select_font: Box::new(|_, fonts| fonts.faces().next().map(|face| face.id)),
            select_fallback: FontResolver::default_fallback_selector(),
        },
        fontdb: Arc::new(fonts),
        // Three times as fast as the bicubic default, and no eye tells them apart on a cover.
        image_rendering: ImageRendering::Smooth,
        ..Options::default()
    };
    let tree = Tree::from_xmltree(&xml, &options).map_err(|_| BROKEN)?;
    if tree.root().children().is_empty() { Err(EMPTY) } else { Ok(tree) }
}

/// A picture inside a drawing, in a form that the renderer decodes at a known price.
fn embedded(bytes: &[u8], decoded: &AtomicU64) -> Option<ImageKind> {
    let kind = sniff(bytes).filter(|kind| *kind != Kind::Svg)?;
    let (width, height) = decode::size(bytes)?;
    let pixels = u64::from(width) * u64::from(height);
    if decoded.fetch_add(pixels.min(MOST_DECODED), Ordering::Relaxed) + pixels > MOST_DECODED {
        return None;
    }
    let plain = kind == Kind::Jpeg && jpeg::head(bytes).is_ok_and(|head| head.can_be_plain());
    if plain && pixels <= MOST_EMBEDDED {
        return Some(ImageKind::JPEG(Arc::new(bytes.to_vec())));
    }
    let picture = decode::fit_area(super::decode(bytes)?, MOST_EMBEDDED);
    Some(ImageKind::PNG(Arc::new(decode::png(&picture)?)))
}

fn paint(
    tree: &Tree,
    wanted: f32,
    (max_width, max_height): (u32, u32),
    budget: &Budget,
) -> Result<DynamicImage, &'static str> {
    let size = tree.size();
    let largest = (max_width as f32 / size.width()).min(max_height as f32 / size.height());
    let scale = cost::affordable(tree, wanted.min(largest), budget)?;
    let pixels = |side: f32, most: u32| ((side * scale).round() as u32).clamp(1, most);
    let (width, height) = (pixels(size.width(), max_width), pixels(size.height(), max_height));
    let mut canvas = Pixmap::new(width, height).ok_or(BROKEN)?;
    resvg::render(tree, Transform::from_scale(scale, scale), &mut canvas.as_mut());
    let mut rgba = Vec::with_capacity(canvas.data().len());
    for pixel in canvas.pixels() {
        let colour = pixel.demultiply();
        rgba.extend_from_slice(&[colour.red(), colour.green(), colour.blue(), colour.alpha()]);
    }
    let picture = RgbaImage::from_raw(width, height, rgba).map(DynamicImage::ImageRgba8).ok_or(BROKEN)?;
    let opaque = !super::is_transparent(&picture);
    Ok(if opaque { DynamicImage::ImageRgb8(picture.into_rgb8()) } else { picture })
}
