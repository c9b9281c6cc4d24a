//! Direction, vertical writing and fixed pages: from EXTH, and from the description of the source that
//! kindlegen keeps (RESC).

use crate::book::markup::{Node, Tree};
use crate::book::model::{Chapter, Direction, FixedLayout, Layout, Spread};
use crate::book::palm::{Exth, description_xml};

/// EXTH records.
const FIXED: u32 = 122;
const ORIENTATION: u32 = 124;
const SIZE: u32 = 126;
const WRITING_MODE: u32 = 525;
const DIRECTION: u32 = 527;

/// How the pages want to be shown; chapters outside the reading order are marked so.
pub(super) fn layout(exth: &Exth<'_>, description: Option<&[u8]>, chapters: &mut [Chapter]) -> Layout {
    let mode = exth.ascii(WRITING_MODE).unwrap_or_default();
    let mut layout = Layout { vertical: mode.starts_with("vertical"), ..Layout::default() };
    layout.direction = match exth.ascii(DIRECTION) {
        Some("rtl") => Some(Direction::RightToLeft),
        Some("ltr") => Some(Direction::LeftToRight),
        _ if mode.ends_with("-rl") => Some(Direction::RightToLeft),
        _ => None,
    };
    if exth.ascii(FIXED) == Some("true") {
        layout.fixed = Some(FixedLayout {
            orientation: exth.ascii(ORIENTATION).map(str::to_owned).filter(|word| word != "none"),
            spread: None,
            size: exth.ascii(SIZE).and_then(size),
        });
    }
    let source = description.and_then(description_xml);
    let tree = source.as_deref().and_then(|text| Tree::parse(text).ok());
    if let Some(tree) = tree {
        described(&tree, &mut layout, chapters);
    }
    layout
}

/// `600x800`
fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(['x', 'X'])?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

/// What the package file of the source says.
fn described(tree: &Tree<'_>, layout: &mut Layout, chapters: &mut [Chapter]) {
    let Some(spine) = tree.first("spine") else { return };
    if layout.direction.is_none() {
        layout.direction = match spine.attribute("page-progression-direction").as_deref() {
            Some("rtl") => Some(Direction::RightToLeft),
            Some("ltr") => Some(Direction::LeftToRight),
            _ => None,
        };
    }
    let is_spread = |node: &Node<'_, '_>| node.attribute("property").as_deref() == Some("rendition:spread");
    if let Some(fixed) = layout.fixed.as_mut() {
        fixed.spread = tree.root().descendants().find(is_spread).map(Node::text).filter(|word| !word.is_empty());
    }
    for item in spine.descendants().filter(|node| node.is("itemref")) {
        let number = item.attribute("skelid").and_then(|number| number.parse::<usize>().ok());
        let Some((number, chapter)) = number.and_then(|number| Some((number, chapters.get_mut(number)?))) else {
            continue;
        };
        chapter.linear = item.attribute("linear").as_deref() != Some("no");
        let side = item.attribute("properties").and_then(|properties| Spread::of_properties(&properties));
        layout.spreads.extend(side.map(|side| (number, side)));
    }
    // A book all outside the reading order is one without.
    if chapters.iter().all(|chapter| !chapter.linear) {
        chapters.iter_mut().for_each(|chapter| chapter.linear = true);
    }
}
