//! Which picture is the cover: the one the header names, else the one on the cover page.

use super::exth::Exth;
use super::resource::Resources;
use crate::book::model::{Chapter, Content, Landmark, LandmarkKind};
use crate::book::{Change, Report, xhtml};

/// The number of the cover among the resources.
const COVER: u32 = 201;

/// The place of the cover among the files of the resources.
pub(in crate::book) fn cover(
    exth: &Exth<'_>,
    resources: &Resources<'_>,
    landmarks: &[Landmark],
    chapters: &[Chapter],
    report: &mut Report,
) -> Option<usize> {
    if let Some(number) = exth.number(COVER) {
        if let Some(found) = resources.picture(number) {
            return Some(found);
        }
        report.note(Change::PictureDropped, format!("cover, picture {}", number.saturating_add(1)));
    }
    let page = landmarks.iter().find(|one| one.kind == LandmarkKind::Cover)?;
    let Content::Markup(markup) = &chapters.get(page.target.chapter)?.content else { return None };
    let picture = xhtml::pictures(markup).into_iter().next()?;
    resources.files.iter().position(|file| picture.strip_prefix("../") == Some(&file.path))
}
