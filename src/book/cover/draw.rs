//! The cover that a book without one gets.
//!
//! A short Chinese title becomes a thread-bound book: dark cloth, a paper label with the title from
//! top to bottom, stitches along the spine at the right. Any other title stands on a plain cover
//! from left to right. The colour comes from the title, so a book always looks the same.

use super::canvas::{Canvas, Ink, mix};
use super::{HEIGHT, Picture, WIDTH, encode};
use crate::book::xhtml::{is_cjk, one_line};
use image::{Rgb, RgbImage};

const PAPER: Ink = Rgb([246, 240, 226]);
const BLACK: Ink = Rgb([36, 32, 30]);
const SHADOW: Ink = Rgb([10, 10, 12]);

/// Cloth colours: indigo, pine, ochre red, plum, slate, teal, umber, moss.
const CLOTHS: [Ink; 8] = [
    Rgb([38, 58, 96]),
    Rgb([36, 74, 62]),
    Rgb([122, 48, 40]),
    Rgb([84, 44, 78]),
    Rgb([58, 64, 74]),
    Rgb([24, 84, 94]),
    Rgb([98, 68, 46]),
    Rgb([86, 88, 44]),
];

/// Longest title that stands on the label.
const LABEL_TITLE: usize = 16;

/// Draws a cover of 600 × 800 pixels; the same words give the same bytes.
pub fn draw(title: &str, authors: &[&str]) -> Picture {
    encode(&pixels(title, authors))
}

pub(super) fn pixels(title: &str, authors: &[&str]) -> RgbImage {
    let title = one_line(title);
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let cloth = CLOTHS[(hash(&title) % CLOTHS.len() as u64) as usize];
    canvas.shade(mix(cloth, PAPER, 0.10), mix(cloth, SHADOW, 0.28));
    let author = byline(authors);
    let upright = (1..=LABEL_TITLE).contains(&title.chars().count())
        && title.chars().all(|c| is_cjk(c) && c.is_alphabetic() && canvas.can_write(c));
    if upright {
        thread_bound(&mut canvas, cloth, &title, &author);
    } else {
        plain(&mut canvas, cloth, &title, &author);
    }
    canvas.picture
}

/// FNV-1a: stable across builds, which the standard library's hasher does not promise to be.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The first two authors, and that there are more.
fn byline(authors: &[&str]) -> String {
    let joined = authors.iter().take(2).map(|name| one_line(name)).collect::<Vec<_>>();
    let cjk = joined.iter().any(|name| name.chars().any(is_cjk));
    let (comma, more) = if cjk { ("、", " 等") } else { (", ", " et al.") };
    joined.join(comma) + if authors.len() > 2 { more } else { "" }
}

fn thread_bound(canvas: &mut Canvas<'_>, cloth: Ink, title: &str, author: &str) {
    stitches(canvas, cloth);
    let count = title.chars().count();
    let columns = if count > 8 { 2 } else { 1 };
    let rows = count.div_ceil(columns);
    // Short titles are set wide, long ones as large as the label allows.
    let size = (500.0 / rows as f32 / 1.16).clamp(40.0, 84.0);
    let step = if rows <= 4 { size * 1.3 } else { size * 1.16 };
    let (margin, gap) = (size * 0.42, size * 0.25);
    let width = columns as f32 * size + (columns - 1) as f32 * gap + margin * 2.0;
    let height = (rows - 1) as f32 * step + size + margin * 2.0;
    let (left, top) = (64.0, 64.0);
    label(canvas, [left as u32, top as u32, width as u32, height as u32]);
    for (at, c) in title.chars().enumerate() {
        let (column, row) = (at / rows, at % rows);
        // The first column is the right one.
        let from_left = (columns - 1 - column) as f32;
        let middle = left + margin + size / 2.0 + from_left * (size + gap);
        canvas.write_centred(c, middle, top + margin + row as f32 * step, size, BLACK);
    }
    let size = fitting(canvas, author, 34.0, 18.0, 430.0);
    canvas.write(author, left, 712.0 - size / 2.0, size, mix(PAPER, cloth, 0.12));
}

/// A paper label with a double edge and a little shadow.
fn label(canvas: &mut Canvas<'_>, [x, y, width, height]: [u32; 4]) {
    for spread in 1..=5 {
        let share = 0.10 + 0.04 * spread as f32;
        let below = *canvas.picture.get_pixel(x, y);
        let ink = mix(below, SHADOW, 0.45 - share);
        canvas.frame([x + spread, y + spread, width + 6 - spread, height + 6 - spread], 1, ink);
    }
    canvas.fill(x, y, width, height, PAPER);
    canvas.frame([x + 6, y + 6, width - 12, height - 12], 3, BLACK);
    canvas.frame([x + 12, y + 12, width - 24, height - 24], 1, BLACK);
}

/// The spine of a thread-bound book: a thread along the right edge, drawn around it at intervals.
fn stitches(canvas: &mut Canvas<'_>, cloth: Ink) {
    let thread = mix(PAPER, cloth, 0.25);
    let spine = WIDTH - 54;
    canvas.fill(spine - 3, 0, 2, HEIGHT, mix(cloth, SHADOW, 0.35));
    canvas.fill(spine, 0, 3, HEIGHT, thread);
    for y in [54, 74, 284, 514, 724, 744] {
        canvas.fill(spine, y, WIDTH - spine, 3, thread);
        canvas.fill(spine, y + 3, WIDTH - spine, 1, mix(cloth, SHADOW, 0.35));
    }
}

fn plain(canvas: &mut Canvas<'_>, cloth: Ink, title: &str, author: &str) {
    let line = mix(PAPER, cloth, 0.45);
    canvas.frame([28, 28, WIDTH - 56, HEIGHT - 56], 3, line);
    canvas.frame([37, 37, WIDTH - 74, HEIGHT - 74], 1, line);
    let width = WIDTH as f32 - 160.0;
    let sizes = [76.0, 66.0, 56.0, 48.0, 40.0, 34.0, 28.0];
    let set = |size: f32| wrap(canvas, title, size, width);
    let fits = |size: &f32| {
        let lines = set(*size);
        lines.len() as f32 * size * 1.28 <= 420.0 && lines.iter().all(|line| canvas.measure(line, *size) <= width)
    };
    let size = sizes.into_iter().find(fits).unwrap_or(28.0);
    let mut lines = set(size);
    let most = (420.0 / (size * 1.28)) as usize;
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    let mut y = 110.0;
    for text in &lines {
        canvas.write(text, 80.0, y, size, PAPER);
        y += size * 1.28;
    }
    canvas.fill(80, y as u32 + 22, 84, 5, mix(PAPER, cloth, 0.2));
    let size = fitting(canvas, author, 34.0, 18.0, width);
    canvas.write(author, 80.0, 690.0 - size / 2.0, size, mix(PAPER, cloth, 0.12));
}

/// The largest size, from `most` down to `least`, at which a line fits.
fn fitting(canvas: &Canvas<'_>, text: &str, most: f32, least: f32, width: f32) -> f32 {
    let natural = canvas.measure(text, most);
    if natural <= width { most } else { (most * width / natural).max(least) }
}

/// Lines no wider than `width`: broken between words, and anywhere between CJK characters, but not
/// before a sign that may not start a line.
fn wrap(canvas: &Canvas<'_>, text: &str, size: f32, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        if canvas.measure(&line, size) + canvas.measure(piece.trim_end(), size) > width && !line.is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        line.push_str(piece);
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// What may not be torn: words with the blank after them, CJK characters with the signs after them.
fn pieces(text: &str) -> Vec<&str> {
    const NOT_FIRST: &str = "，。、：；！？）》」』”’…—·,.:;!?)]";
    let mut pieces = Vec::new();
    let (mut start, mut last) = (0, None);
    for (at, c) in text.char_indices() {
        let tear = last.is_some_and(|last: char| {
            let between = last == ' ' || is_cjk(last) || is_cjk(c);
            between && !NOT_FIRST.contains(c) && c != ' ' && !"（《「『“‘([".contains(last)
        });
        if tear {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = Some(c);
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_torn_where_it_may_be() {
        assert_eq!(pieces("三体：The Dark Forest！"), ["三", "体：", "The ", "Dark ", "Forest！"]);
        assert_eq!(pieces("《红楼梦》上"), ["《红", "楼", "梦》", "上"]);
    }

    #[test]
    fn covers_differ_by_title_and_not_by_chance() {
        let one = draw("红楼梦", &["曹雪芹"]);
        assert_eq!(one, draw("红楼梦", &["曹雪芹"]));
        assert_ne!(one.bytes, draw("水浒传", &["施耐庵"]).bytes);
        assert_eq!((one.width, one.height), (WIDTH, HEIGHT));
        assert!(one.bytes.len() < 60_000, "{}", one.bytes.len());
    }

    #[test]
    fn any_words_can_be_drawn() {
        let long = "非常长的题目".repeat(60);
        for title in ["", "X", "😀 \u{202e}", &long, "Supercalifragilisticexpialidociousness and more"] {
            assert!(!draw(title, &["", "某", "y", "z"]).bytes.is_empty());
        }
    }
}
