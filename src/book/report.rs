//! What a conversion could not carry over, and what it put right: counted, never silent.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What happened to a part of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Sound that the target cannot carry.
    AudioDropped,
    /// Film that the target cannot carry.
    VideoDropped,
    /// Programs are never carried.
    ScriptDropped,
    /// Input fields and buttons became their text.
    FormFlattened,
    /// A formula became text.
    MathFlattened,
    /// A drawing became a picture.
    DrawingRasterised,
    /// A picture was encoded anew in a format, size or colour space that the target takes.
    PictureConverted,
    /// A picture that is missing, damaged or of an unknown format.
    PictureDropped,
    /// A font that the target cannot carry.
    FontDropped,
    /// Styles that the target cannot carry.
    StyleDropped,
    /// A style sheet or rule that is damaged or not allowed.
    StyleRepaired,
    /// A link whose end does not exist.
    LinkDropped,
    /// Something that would be loaded from another site.
    RemoteDropped,
    /// A file that the book names and does not hold, or cannot be read.
    FileMissing,
    /// A file that was found under another name than the book gives: encoding, case, normal form.
    NameMatched,
    /// Markup that was not well-formed or not allowed where it stood.
    MarkupRepaired,
    /// Two elements of one page had the same id.
    IdRepaired,
    /// An entry of the table of contents without a label or a place.
    ContentsRepaired,
    /// Title, language, date or identifier was missing or wrong, and was made up from what there is.
    MetadataRepaired,
    /// Page size, orientation, vertical writing or direction that the target cannot carry.
    LayoutDropped,
    /// Page numbers of the printed edition.
    PageListDropped,
    /// A landmark: cover, title page, where reading starts.
    LandmarkDropped,
    /// Characters that the target's encoding does not have.
    CharacterReplaced,
    /// Lines of adverts taken out of a text.
    AdvertDropped,
    /// What was read from a damaged file; the rest is lost.
    Rescued,
    /// More than any book has: what goes beyond the bound was left out, or flattened.
    BeyondBounds,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Change::AudioDropped => "sound left out",
            Change::VideoDropped => "film left out",
            Change::ScriptDropped => "scripts left out",
            Change::FormFlattened => "forms made text",
            Change::MathFlattened => "formulas made text",
            Change::DrawingRasterised => "drawings made pictures",
            Change::PictureConverted => "pictures encoded anew",
            Change::PictureDropped => "pictures left out",
            Change::FontDropped => "fonts left out",
            Change::StyleDropped => "styles left out",
            Change::StyleRepaired => "styles repaired",
            Change::LinkDropped => "links that lead nowhere",
            Change::RemoteDropped => "content of other sites left out",
            Change::FileMissing => "files missing",
            Change::NameMatched => "files found under another name",
            Change::MarkupRepaired => "markup repaired",
            Change::IdRepaired => "double ids told apart",
            Change::ContentsRepaired => "table of contents repaired",
            Change::MetadataRepaired => "metadata completed",
            Change::LayoutDropped => "layout left out",
            Change::PageListDropped => "printed page numbers left out",
            Change::LandmarkDropped => "landmarks left out",
            Change::CharacterReplaced => "characters replaced",
            Change::AdvertDropped => "adverts left out",
            Change::Rescued => "rescued from a damaged file",
            Change::BeyondBounds => "beyond what a book may have",
        })
    }
}

/// What happened on the way, by kind. As JSON, an object: `{"link_dropped":{"count":2,"examples":["…"]}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Report {
    entries: BTreeMap<Change, Entry>,
}

/// How often something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// How often.
    pub count: usize,
    /// The first few places: a path, a name.
    pub examples: Vec<String>,
}

impl Report {
    const EXAMPLES: usize = 3;
    const LONGEST_EXAMPLE: usize = 120;

    /// Notes one case.
    pub fn note(&mut self, change: Change, example: impl AsRef<str>) {
        self.add(change, 1, Some(example.as_ref()));
    }

    /// Notes so many like cases.
    pub(super) fn note_many(&mut self, change: Change, count: usize, example: &str) {
        if count > 0 {
            self.add(change, count, Some(example));
        }
    }

    fn add(&mut self, change: Change, count: usize, example: Option<&str>) {
        let entry = self.entries.entry(change).or_insert(Entry { count: 0, examples: Vec::new() });
        entry.count += count;
        let Some(example) = example else { return };
        let example: String = example.chars().take(Self::LONGEST_EXAMPLE).collect();
        if entry.examples.len() < Self::EXAMPLES && !entry.examples.contains(&example) {
            entry.examples.push(example);
        }
    }

    /// Takes over what another report says.
    pub fn merge(&mut self, other: &Report) {
        for (change, entry) in &other.entries {
            self.add(*change, entry.count, None);
            for example in &entry.examples {
                self.add(*change, 0, Some(example));
            }
        }
    }

    /// How often something happened.
    pub fn count(&self, change: Change) -> usize {
        self.entries.get(&change).map_or(0, |entry| entry.count)
    }

    /// Everything that happened.
    pub fn entries(&self) -> impl Iterator<Item = (Change, &Entry)> {
        self.entries.iter().map(|(change, entry)| (*change, entry))
    }

    /// Whether nothing had to be changed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_the_first_ones_named() {
        let mut report = Report::default();
        for at in 0..5 {
            report.note(Change::LinkDropped, format!("a{at}"));
        }
        let mut all = Report::default();
        all.note(Change::LinkDropped, "z");
        all.merge(&report);
        assert_eq!(all.count(Change::LinkDropped), 6);
        let (_, entry) = all.entries().next().expect("an entry");
        assert_eq!(entry.examples, ["z", "a0", "a1"]);
        assert_eq!(all.count(Change::FontDropped), 0);
    }
}
