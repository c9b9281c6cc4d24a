//! What it takes to paint a drawing: pixels touched and memory held, added up before anything is
//! painted. Both grow with the square of the scale, so there is a scale that can be afforded.

use super::super::{Budget, TOO_LARGE_TOGETHER};
use super::TOO_COMPLEX;
use resvg::usvg::{Group, Image, ImageKind, Node, Paint, Path, Pattern, Rect, Tree, filter};

/// Most pixels touched: two seconds, at about 5 ns each as measured.
const MOST_WORK: f64 = 4e8;
/// Most memory for layers, in bytes.
const MOST_MEMORY: f64 = 256e6;
/// A drawing that can be afforded only smaller than this on its longest side is refused, in pixels.
const SMALLEST: f32 = 200.0;
/// What it takes to look at one segment of a path, or to put one dash on it.
const SEGMENT: f64 = 40.0;

#[derive(Clone, Copy, Default)]
struct Cost {
    /// In pixels of the drawing itself; times scale² gives pixels of the picture.
    scaled: f64,
    /// Whatever the scale.
    fixed: f64,
    /// Bytes per pixel of the drawing itself, at the worst moment.
    memory: f64,
}

/// The largest scale up to `wanted` at which the drawing can be painted, or why there is none: the drawing itself, or
/// what was painted for the book before.
pub(super) fn affordable(tree: &Tree, wanted: f32, budget: &Budget) -> Result<f32, &'static str> {
    let size = tree.size();
    let longest = size.width().max(size.height());
    let cost = measure(tree);
    let alone = cost.scale(MOST_WORK, wanted, longest).ok_or(TOO_COMPLEX)?;
    let left = budget.painted();
    let scale = if left >= MOST_WORK { alone } else { cost.scale(left, wanted, longest).ok_or(TOO_LARGE_TOGETHER)? };
    budget.paint(cost.fixed + cost.scaled * f64::from(scale * scale));
    Ok(scale)
}

impl Cost {
    /// The largest scale up to `wanted` for so much work, unless the longest side would be too small then.
    fn scale(&self, work: f64, wanted: f32, longest: f32) -> Option<f32> {
        let left = work - self.fixed;
        // Anything that is not a number is refused, too.
        if !(left > 0.0 && self.scaled.is_finite() && self.memory.is_finite()) {
            return None;
        }
        let by_work = (left / self.scaled.max(1.0)).sqrt();
        let by_memory = (MOST_MEMORY / self.memory.max(1.0)).sqrt();
        let scale = (by_work.min(by_memory) as f32).min(wanted);
        (scale > 0.0 && (scale >= wanted || longest * scale >= SMALLEST)).then_some(scale)
    }
}

/// Painted areas, cut to what a layer may measure: five times the canvas each way.
struct Bounds {
    width: f64,
    height: f64,
}

impl Bounds {
    fn area(&self, rect: Rect) -> f64 {
        f64::from(rect.width()).min(self.width * 5.0) * f64::from(rect.height()).min(self.height * 5.0)
    }

    fn canvas(&self) -> f64 {
        self.width * self.height
    }
}

fn measure(tree: &Tree) -> Cost {
    let bounds = Bounds { width: f64::from(tree.size().width()), height: f64::from(tree.size().height()) };
    let mut cost = Cost { memory: bounds.canvas() * 8.0, ..Cost::default() };
    // The group, the memory held around it, and whether its coordinates are its own: then each shape
    // counts as one of the size of the canvas.
    let mut stack: Vec<(&Group, f64, bool)> = vec![(tree.root(), cost.memory, false)];
    while let Some((group, held, foreign)) = stack.pop() {
        let held = held + layer(group, &bounds, foreign, held, &mut cost, &mut stack);
        cost.memory = cost.memory.max(held);
        for node in group.children() {
            cost.fixed += SEGMENT;
            match node {
                Node::Group(group) => stack.push((group, held, foreign)),
                Node::Text(text) => stack.push((text.flattened(), held, foreign)),
                Node::Image(image) => picture(image, &bounds, held, &mut cost, &mut stack),
                Node::Path(path) => shape(path, &bounds, (held, foreign), &mut cost, &mut stack),
            }
        }
    }
    cost
}

/// The memory of the group's own layer, clip paths, mask and filters.
fn layer<'a>(
    group: &'a Group,
    bounds: &Bounds,
    foreign: bool,
    held: f64,
    cost: &mut Cost,
    stack: &mut Vec<(&'a Group, f64, bool)>,
) -> f64 {
    const BYTES: f64 = 4.0;
    if !group.should_isolate() {
        return 0.0;
    }
    let own = if foreign { bounds.canvas() } else { bounds.area(group.abs_layer_bounding_box().to_rect()) };
    let mut layers = 1.0;
    cost.scaled += own * 3.0;
    let mut clip = group.clip_path();
    while let Some(one) = clip {
        layers += 1.0;
        cost.scaled += own * 3.0;
        stack.push((one.root(), held + own * BYTES * layers, true));
        clip = one.clip_path();
    }
    let mut mask = group.mask();
    while let Some(one) = mask {
        layers += 2.0;
        cost.scaled += own * 6.0;
        stack.push((one.root(), held + own * BYTES * layers, true));
        mask = one.mask();
    }
    for primitive in group.filters().iter().flat_map(|filter| filter.primitives()) {
        layers += 2.0;
        cost.scaled += own * weight(primitive.kind());
        if let filter::Kind::Image(image) = primitive.kind() {
            stack.push((image.root(), held + own * BYTES * layers, true));
        }
    }
    own * BYTES * layers
}

/// Pixels of plain painting that one pixel of a filter is worth.
fn weight(kind: &filter::Kind) -> f64 {
    match kind {
        filter::Kind::ConvolveMatrix(one) => 4.0 + f64::from(one.matrix().columns()) * f64::from(one.matrix().rows()),
        // The window is walked for each pixel, and it may be as large as the canvas.
        filter::Kind::Morphology(one) => {
            4.0 + (f64::from(one.radius_x().get()) * 2.0 + 1.0) * (f64::from(one.radius_y().get()) * 2.0 + 1.0) * 4.0
        }
        filter::Kind::Turbulence(one) => 20.0 + 60.0 * f64::from(one.num_octaves()),
        filter::Kind::GaussianBlur(_) | filter::Kind::DropShadow(_) => 40.0,
        filter::Kind::DiffuseLighting(_) | filter::Kind::SpecularLighting(_) => 60.0,
        filter::Kind::Merge(one) => 4.0 * one.inputs().len() as f64,
        _ => 12.0,
    }
}

fn picture<'a>(image: &'a Image, bounds: &Bounds, held: f64, cost: &mut Cost, stack: &mut Vec<(&'a Group, f64, bool)>) {
    let size = image.size();
    cost.fixed += f64::from(size.width()) * f64::from(size.height()) * 8.0;
    cost.scaled += bounds.canvas() * 6.0;
    if let ImageKind::SVG(tree) = image.kind() {
        stack.push((tree.root(), held + bounds.canvas() * 4.0, true));
    }
}

fn shape<'a>(
    path: &'a Path,
    bounds: &Bounds,
    (held, foreign): (f64, bool),
    cost: &mut Cost,
    stack: &mut Vec<(&'a Group, f64, bool)>,
) {
    let area = if foreign { bounds.canvas() } else { bounds.area(path.abs_stroke_bounding_box()).min(bounds.canvas()) };
    let segments = path.data().verbs().len() as f64;
    let paints = [path.fill().map(|fill| fill.paint()), path.stroke().map(|stroke| stroke.paint())];
    // Each line of pixels that an outline crosses is looked at, several times over.
    let edges = length(path) * 8.0;
    for paint in paints.into_iter().flatten() {
        cost.fixed += segments * SEGMENT + edges;
        cost.scaled += area;
        if let Paint::Pattern(pattern) = paint {
            let tile = tile(path, pattern);
            cost.scaled += tile * 2.0;
            cost.memory = cost.memory.max(held + tile * 4.0);
            stack.push((pattern.root(), held + tile * 4.0, true));
        }
    }
    if let Some(stroke) = path.stroke() {
        cost.fixed += segments * SEGMENT * 8.0 + edges * 2.0 + dashes(path, stroke.dasharray()) * SEGMENT * 8.0;
    }
}

/// The area of one tile of a pattern, which is painted whole even if a corner of it shows.
fn tile(path: &Path, pattern: &Pattern) -> f64 {
    let placed = path.abs_transform().pre_concat(pattern.transform());
    let (x, y) = placed.get_scale();
    f64::from(pattern.rect().width() * x) * f64::from(pattern.rect().height() * y)
}

/// How many dashes a stroke is cut into, about.
fn dashes(path: &Path, dashes: Option<&[f32]>) -> f64 {
    let Some(dashes) = dashes else { return 0.0 };
    let period: f64 = dashes.iter().map(|dash| f64::from(*dash)).sum::<f64>().max(1e-6);
    length(path) / period * dashes.len() as f64
}

/// The length of the outline, about, in units of its own.
fn length(path: &Path) -> f64 {
    let mut length = 0.0;
    for pair in path.data().points().windows(2) {
        if let [from, to] = pair {
            length += f64::from((to.x - from.x).hypot(to.y - from.y));
        }
    }
    length
}
