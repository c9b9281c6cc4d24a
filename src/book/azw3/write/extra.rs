//! What KF8 says about a book besides its metadata: cover, direction, fixed pages.

use crate::book::edition::Edition;
use crate::book::palm::write::{Exth, Resources, base32};
use crate::book::{Direction, Layout};

/// The block for the header; `start` is where reading begins.
pub(super) fn exth(edition: &Edition, resources: &Resources<'_>, start: Option<usize>) -> Exth {
    let mut exth = Exth::of(&edition.metadata);
    layout(&edition.layout, &mut exth);
    if let Some(start) = start {
        exth.number(116, start);
    }
    // In the second half of a file the pictures are counted in the first.
    exth.number(125, resources.records.len());
    if let Some(description) = resources.description {
        exth.number(131, description);
    }
    if let (Some(cover), Some(thumbnail)) = (resources.cover, resources.thumbnail) {
        exth.text(129, &format!("kindle:embed:{}", base32(thumbnail, 4)));
        exth.number(201, cover);
        exth.number(202, thumbnail);
        exth.number(203, 0);
    }
    // The writer, as kindlegen names itself: some readers go by it.
    exth.number(204, 201);
    exth.number(205, 2);
    exth.number(206, 9);
    exth.number(207, 0);
    exth.text(535, "1029-0897292");
    exth
}

fn layout(layout: &Layout, exth: &mut Exth) {
    let right_to_left = layout.direction == Some(Direction::RightToLeft);
    let left_to_right = layout.direction == Some(Direction::LeftToRight);
    exth.text(
        525,
        match (layout.vertical, right_to_left) {
            (true, _) if left_to_right => "vertical-lr",
            (true, _) => "vertical-rl",
            (false, true) => "horizontal-rl",
            (false, false) => "horizontal-lr",
        },
    );
    let turns_left = right_to_left || (layout.vertical && !left_to_right);
    exth.text(527, if turns_left { "rtl" } else { "ltr" });
    let Some(fixed) = &layout.fixed else { return };
    exth.text(122, "true");
    let orientation = fixed.orientation.as_deref().unwrap_or_default();
    exth.text(124, if matches!(orientation, "landscape" | "portrait") { orientation } else { "none" });
    if let Some((width, height)) = fixed.size {
        exth.text(126, &format!("{width}x{height}"));
    }
    exth.text(127, "true");
    exth.text(128, "true");
}
