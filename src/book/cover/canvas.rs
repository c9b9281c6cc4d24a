//! A small canvas: rectangles, and text in the two fonts that are part of the program.
//!
//! It knows no layout beyond one run of characters, and no colours of its own.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

/// A colour.
pub(super) type Ink = Rgb<u8>;

/// The fonts of the program: Latin letters first, then Chinese characters.
pub(in crate::book) const FONTS: [&[u8]; 2] =
    [include_bytes!("../../../assets/cover-font-latin.ttf"), include_bytes!("../../../assets/cover-font.ttf")];

/// A picture being drawn.
pub(super) struct Canvas<'f> {
    pub(super) picture: RgbImage,
    fonts: Vec<FontRef<'f>>,
}

impl Canvas<'static> {
    /// An empty canvas. The Latin font is asked first, the CJK font has the rest; should one not
    /// load, its text is missing and the cover is still a cover.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let fonts = FONTS.into_iter().filter_map(|file| FontRef::try_from_slice(file).ok()).collect();
        Canvas { picture: RgbImage::new(width, height), fonts }
    }
}

impl Canvas<'_> {
    /// Fills the picture from one colour at the top to another at the bottom.
    pub(super) fn shade(&mut self, top: Ink, bottom: Ink) {
        let height = self.picture.height().max(1);
        for (y, row) in self.picture.enumerate_rows_mut() {
            let ink = mix(top, bottom, y as f32 / height as f32);
            row.for_each(|(_, _, pixel)| *pixel = ink);
        }
    }

    /// Fills a rectangle; what lies outside the picture is cut off.
    pub(super) fn fill(&mut self, x: u32, y: u32, width: u32, height: u32, ink: Ink) {
        for row in y..y.saturating_add(height).min(self.picture.height()) {
            for column in x..x.saturating_add(width).min(self.picture.width()) {
                self.picture.put_pixel(column, row, ink);
            }
        }
    }

    /// Draws the edge of a rectangle, `line` pixels thick, inwards.
    pub(super) fn frame(&mut self, [x, y, width, height]: [u32; 4], line: u32, ink: Ink) {
        self.fill(x, y, width, line, ink);
        self.fill(x, (y + height).saturating_sub(line), width, line, ink);
        self.fill(x, y, line, height, ink);
        self.fill((x + width).saturating_sub(line), y, line, height, ink);
    }

    /// The width of a run of text, in pixels, at an em of `size`.
    pub(super) fn measure(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c, size)).sum()
    }

    /// Writes a run of text from `x`, its em box from `y` down.
    pub(super) fn write(&mut self, text: &str, x: f32, y: f32, size: f32, ink: Ink) {
        let mut x = x;
        for c in text.chars() {
            self.glyph(c, x, y, size, ink);
            x += self.advance(c, size);
        }
    }

    /// Writes one character in the middle of a column.
    pub(super) fn write_centred(&mut self, c: char, middle: f32, y: f32, size: f32, ink: Ink) {
        let x = middle - self.advance(c, size) / 2.0;
        self.glyph(c, x, y, size, ink);
    }

    /// Whether a font has the character.
    pub(super) fn can_write(&self, c: char) -> bool {
        c.is_whitespace() || self.font_for(c).is_some()
    }

    fn font_for(&self, c: char) -> Option<&FontRef<'_>> {
        self.fonts.iter().find(|font| font.glyph_id(c).0 != 0)
    }

    fn advance(&self, c: char, size: f32) -> f32 {
        match self.font_for(c) {
            Some(font) => font.as_scaled(em(font, size)).h_advance(font.glyph_id(c)),
            None => size * 0.3,
        }
    }

    fn glyph(&mut self, c: char, x: f32, y: f32, size: f32, ink: Ink) {
        /// Where both fonts' baselines stand in the em box, so that mixed text stands on one line.
        const BASELINE: f32 = 0.86;
        let Some(font) = self.font_for(c) else { return };
        let glyph: Glyph = font.glyph_id(c).with_scale_and_position(em(font, size), point(x, y + size * BASELINE));
        let Some(outline) = font.outline_glyph(glyph) else {
            return;
        };
        let bounds = outline.px_bounds();
        let (width, height) = (self.picture.width() as i64, self.picture.height() as i64);
        let mut dots = Vec::new();
        outline.draw(|dx, dy, cover| {
            let (px, py) = (bounds.min.x as i64 + i64::from(dx), bounds.min.y as i64 + i64::from(dy));
            if (0..width).contains(&px) && (0..height).contains(&py) {
                dots.push((px as u32, py as u32, cover));
            }
        });
        for (px, py, cover) in dots {
            let below = *self.picture.get_pixel(px, py);
            self.picture.put_pixel(px, py, mix(below, ink, cover));
        }
    }
}

/// The scale at which the em square of a font is `size` pixels.
fn em(font: &FontRef<'_>, size: f32) -> PxScale {
    let units = font.units_per_em().unwrap_or(1000.0);
    PxScale::from(size * font.height_unscaled() / units)
}

/// Between two colours: 0 is the first, 1 the second.
pub(super) fn mix(one: Ink, other: Ink, share: f32) -> Ink {
    let share = share.clamp(0.0, 1.0);
    let channel = |at: usize| {
        let (one, other) = (f32::from(one.0[at]), f32::from(other.0[at]));
        (one + (other - one) * share).round() as u8
    };
    Rgb([channel(0), channel(1), channel(2)])
}
