//! What is said about a book: title, people, language, and the rest. Nothing here knows a file format.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What is said about a book. Only the title is certain to be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Never empty in a book that was read.
    pub title: String,
    /// The second part of the title.
    pub subtitle: Option<String>,
    /// Everyone named, in the order of the book: authors, translators, illustrators.
    pub contributors: Vec<Contributor>,
    /// A BCP 47 tag, as in `zh-CN`; found from the text if the book does not say.
    pub language: Option<String>,
    /// The publishing house.
    pub publisher: Option<String>,
    /// The date of publication as the book writes it: a year, a day or a point in time.
    pub published: Option<String>,
    /// The series the book belongs to.
    pub series: Option<Series>,
    /// Subjects and tags.
    pub subjects: Vec<String>,
    /// A blurb, as plain text.
    pub description: Option<String>,
    /// ISBN, UUID and so on.
    pub identifiers: Vec<Identifier>,
    /// Who may do what with it, as the book says.
    pub rights: Option<String>,
    /// What it was made from: a printed edition, an address.
    pub source: Option<String>,
    /// When the file was last changed, as the book says: `2024-05-01T00:00:00Z`. Writers take no
    /// clock, so this is the only time there is.
    pub modified: Option<String>,
}

impl Metadata {
    /// The names of the authors proper; if no one is called an author, of those whose work it is all the same (the
    /// editor of an anthology); else of everyone named. Each once.
    pub fn authors(&self) -> Vec<&str> {
        let named = |wanted: fn(&Contributor) -> bool| -> Vec<&str> {
            let mut seen = HashSet::new();
            let those = self.contributors.iter().filter(|one| wanted(one)).map(|one| one.name.as_str());
            those.filter(|name| seen.insert(*name)).collect()
        };
        let choices: [fn(&Contributor) -> bool; 3] = [|one| one.role == Role::Author, |one| one.creator, |_| true];
        choices.into_iter().map(named).find(|names| !names.is_empty()).unwrap_or_default()
    }

    /// Tells creators from contributors as Dublin Core does: those that the book counts among its creators; if there
    /// are none, the authors; if there are none either, everyone, because programs show no others.
    pub(super) fn creators(&self) -> impl Fn(&Contributor) -> bool + use<> {
        let any = |wanted: fn(&Contributor) -> bool| self.contributors.iter().any(wanted);
        let (marked, authors) = (any(|one| one.creator), any(|one| one.role == Role::Author));
        move |one| if marked { one.creator } else { !authors || one.role == Role::Author }
    }

    /// Most people, subjects and identifiers of a book; a hostile file could name a million. Readers stop at one more, so
    /// that [`Metadata::bound`] sees that there were too many.
    pub(super) const MOST: usize = 1000;
    /// Longest title, name or other short field, in characters.
    const LONGEST: usize = 500;
    /// Longest description, in characters.
    const LONGEST_DESCRIPTION: usize = 100_000;

    /// Cuts what is longer than it could be: a title is in every page of some formats. Gives the names of what was cut.
    pub(super) fn bound(&mut self) -> Vec<&'static str> {
        let mut was_cut = Vec::new();
        let mut note = |what: &'static str, is_cut: bool| {
            if is_cut && !was_cut.contains(&what) {
                was_cut.push(what);
            }
        };
        note("people", shorten(&mut self.contributors));
        note("subjects", shorten(&mut self.subjects));
        note("identifiers", shorten(&mut self.identifiers));
        let short = Metadata::LONGEST;
        note("title", cut(&mut self.title, short));
        for one in &mut self.contributors {
            note("people", cut(&mut one.name, short));
            note("people", one.sort_as.as_mut().is_some_and(|name| cut(name, short)));
        }
        self.subjects.iter_mut().for_each(|one| note("subjects", cut(one, short)));
        self.identifiers.iter_mut().for_each(|one| note("identifiers", cut(&mut one.value, short)));
        for (what, most, text) in [
            ("subtitle", short, &mut self.subtitle),
            ("language", short, &mut self.language),
            ("date", short, &mut self.published),
            ("publisher", short, &mut self.publisher),
            ("description", Metadata::LONGEST_DESCRIPTION, &mut self.description),
            ("rights", Metadata::LONGEST_DESCRIPTION, &mut self.rights),
            ("source", Metadata::LONGEST_DESCRIPTION, &mut self.source),
        ] {
            note(what, text.as_mut().is_some_and(|text| cut(text, most)));
        }
        was_cut
    }

    /// Adds a subject unless it is empty or already there.
    pub(super) fn add_subject(&mut self, subject: String) {
        let more = self.subjects.len() <= Metadata::MOST && !subject.is_empty();
        if more && !self.subjects.contains(&subject) {
            self.subjects.push(subject);
        }
    }

    /// Adds an author unless the name is empty or already there.
    pub fn add_author(&mut self, name: &str) {
        self.add(name, Role::Author);
    }

    pub(super) fn add(&mut self, name: &str, role: Role) {
        let name = name.trim();
        if self.contributors.len() > Metadata::MOST {
            return;
        }
        let known = self.contributors.iter().any(|one| one.name == name && one.role == role);
        if !name.is_empty() && !known {
            self.contributors.push(Contributor::new(name, role));
        }
    }
}

/// Whether characters had to go.
fn cut(text: &mut String, most: usize) -> bool {
    let end = text.char_indices().nth(most).map(|(end, _)| end);
    end.map(|end| text.truncate(end)).is_some()
}

/// Whether some had to go.
fn shorten<T>(list: &mut Vec<T>) -> bool {
    let is_long = list.len() > Metadata::MOST;
    list.truncate(Metadata::MOST);
    is_long
}

/// One person who made the book, and one thing they did: who did several is named several times, in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contributor {
    /// As printed.
    pub name: String,
    /// What they did.
    pub role: Role,
    /// As sorted (`Austen, Jane`), if the book says.
    pub sort_as: Option<String>,
    /// Whether the book counts them among its creators, whatever they did.
    #[serde(default)]
    pub creator: bool,
}

impl Contributor {
    /// Someone who did that; authors are creators.
    pub fn new(name: impl Into<String>, role: Role) -> Contributor {
        Contributor { name: name.into(), role, sort_as: None, creator: role == Role::Author }
    }

    /// Whether both say the same of the same person, but for how the name is sorted.
    pub(super) fn is_same(&self, other: &Contributor) -> bool {
        self.name == other.name && self.role == other.role && self.creator == other.creator
    }
}

/// What a contributor did, after the MARC relators that books use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `aut`
    Author,
    /// `trl`
    Translator,
    /// `edt`
    Editor,
    /// `ill`
    Illustrator,
    /// `art`
    Artist,
    /// `com`
    Compiler,
    /// `aui`: wrote the introduction or the afterword.
    Introducer,
    /// `ann`
    Annotator,
    /// `pht`
    Photographer,
    /// `cov`
    CoverDesigner,
    /// `bkd`
    Designer,
    /// `bkp`: made the e-book.
    Producer,
    /// `mrk`
    MarkupEditor,
    /// `nrt`
    Narrator,
    /// `pbl`
    Publisher,
    /// `ctb`, and any other.
    Other,
}

impl Role {
    const CODES: [(Role, &'static str); 16] = [
        (Role::Author, "aut"),
        (Role::Translator, "trl"),
        (Role::Editor, "edt"),
        (Role::Illustrator, "ill"),
        (Role::Artist, "art"),
        (Role::Compiler, "com"),
        (Role::Introducer, "aui"),
        (Role::Annotator, "ann"),
        (Role::Photographer, "pht"),
        (Role::CoverDesigner, "cov"),
        (Role::Designer, "bkd"),
        (Role::Producer, "bkp"),
        (Role::MarkupEditor, "mrk"),
        (Role::Narrator, "nrt"),
        (Role::Publisher, "pbl"),
        (Role::Other, "ctb"),
    ];

    /// From a MARC relator code.
    pub fn from_code(code: &str) -> Role {
        let code = code.trim().to_ascii_lowercase();
        let known = Role::CODES.into_iter().find(|(_, known)| *known == code).map(|(role, _)| role);
        known.unwrap_or(if code == "cre" { Role::Author } else { Role::Other })
    }

    /// The MARC relator code.
    pub fn code(self) -> &'static str {
        Role::CODES.into_iter().find(|(role, _)| *role == self).map_or("ctb", |(_, code)| code)
    }
}

/// A series and the place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// As in `基地`.
    pub name: String,
    /// As written: `2`, `1.5`.
    pub number: Option<String>,
}

/// A name of the book among all books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// `isbn`, `uuid`, … in lower case; empty if the book does not say.
    pub scheme: String,
    /// Without `urn:isbn:` and the like.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_book_has_is_cut() {
        let mut metadata = Metadata { title: "书".repeat(10_000), ..Metadata::default() };
        for at in 0..3000 {
            metadata.add_author(&at.to_string());
            metadata.add_subject(at.to_string());
            metadata.add_subject("0".into());
        }
        assert_eq!((metadata.contributors.len(), metadata.subjects.len()), (Metadata::MOST + 1, Metadata::MOST + 1));
        assert_eq!(metadata.bound(), ["people", "subjects", "title"]);
        assert_eq!((metadata.contributors.len(), metadata.subjects.len()), (Metadata::MOST, Metadata::MOST));
        assert_eq!(metadata.title.chars().count(), Metadata::LONGEST);
        assert_eq!(metadata.bound(), [""; 0]);
    }
}
