//! What the records of EXTH and the header say about the book.

use super::encoding::TextEncoding;
use super::locale;
use super::part::Part;
use crate::book::markup::{Entities, decode};
use crate::book::model::{Chapter, Identifier, Metadata, Role};
use crate::book::{Change, Report, file_name, language, xhtml};

/// Metadata of a book; the file name helps where there is no title.
pub(in crate::book) fn metadata(
    part: &Part<'_, '_>,
    encoding: TextEncoding,
    file_name: Option<&str>,
    report: &mut Report,
) -> Metadata {
    let entities = Entities::new();
    let clean = |bytes: &[u8]| xhtml::one_line(&decode(&encoding.decode(bytes), &entities));
    let exth = &part.exth;
    let all = |kind: u32| exth.all(kind).map(clean).filter(|text| !text.is_empty());
    let first = |kind: u32| all(kind).next();
    let mut metadata = Metadata {
        title: first(503).or_else(|| first(99)).unwrap_or_default(),
        publisher: first(101),
        description: exth.first(103).map(|bytes| xhtml::text(&encoding.decode(bytes))).filter(|text| !text.is_empty()),
        published: first(106),
        rights: first(109),
        source: first(112),
        language: first(524),
        ..Metadata::default()
    };
    for name in all(100).flat_map(|names| file_name::split_authors(&names)) {
        metadata.add_author(&name);
    }
    for name in all(108) {
        metadata.add(&name, if name.starts_with("calibre (") { Role::Producer } else { Role::Other });
    }
    for subject in
        all(105).flat_map(|subjects| subjects.split(';').map(|one| one.trim().to_owned()).collect::<Vec<_>>())
    {
        metadata.add_subject(subject);
    }
    identifiers(&mut metadata, all(104), all(113).chain(all(504)));
    if metadata.language.as_deref().is_none_or(|tag| tag.is_empty() || tag == "und") {
        metadata.language = locale::language(part.header.locale).map(str::to_owned);
    }
    complete_title(&mut metadata, part, &clean, report);
    // The header may have the subtitle behind the title that is shown.
    let full = part.full_name().map(clean).unwrap_or_default();
    let subtitle = full.strip_prefix(&metadata.title).and_then(|rest| rest.strip_prefix(": "));
    metadata.subtitle = subtitle.filter(|subtitle| !subtitle.is_empty()).map(str::to_owned);
    file_name::complete(&mut metadata, file_name);
    metadata
}

/// The full name of the header, else the name of the database, which is cut to 31 bytes.
fn complete_title(metadata: &mut Metadata, part: &Part<'_, '_>, clean: &dyn Fn(&[u8]) -> String, report: &mut Report) {
    if !metadata.title.is_empty() {
        return;
    }
    match part.full_name() {
        Some(name) => metadata.title = clean(name),
        None if part.header.exth.is_some() => {
            report.note(Change::MetadataRepaired, "the title lies outside the header record");
        }
        None => {}
    }
    if metadata.title.is_empty() {
        metadata.title = clean(part.database_name()).replace('_', " ");
    }
}

fn identifiers(metadata: &mut Metadata, isbns: impl Iterator<Item = String>, others: impl Iterator<Item = String>) {
    let isbns = isbns.map(|isbn| {
        let value = isbn.strip_prefix("urn:isbn:").unwrap_or(&isbn).to_owned();
        Identifier { scheme: "isbn".into(), value }
    });
    let mut found: Vec<Identifier> = isbns.collect();
    found.extend(others.map(|value| Identifier { scheme: scheme(&value).into(), value }));
    // calibre writes the uuid of the book into the source.
    if let Some(uuid) = metadata.source.as_deref().and_then(|source| source.strip_prefix("calibre:")) {
        found.push(Identifier { scheme: "uuid".into(), value: uuid.to_owned() });
        metadata.source = None;
    }
    for one in found.into_iter().take(Metadata::MOST + 1) {
        if !metadata.identifiers.iter().any(|known| known.value == one.value) {
            metadata.identifiers.push(one);
        }
    }
}

/// The records for Amazon's number hold a uuid in books that Amazon does not sell.
fn scheme(value: &str) -> &'static str {
    let groups: Vec<usize> = value.split('-').map(str::len).collect();
    if groups == [8, 4, 4, 4, 12] {
        return "uuid";
    }
    let asin = value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if asin { "mobi-asin" } else { "" }
}

/// Puts in the language by the text where the book says nothing, or only that it is Chinese.
pub(in crate::book) fn language_of(chapters: &[Chapter], declared: Option<String>) -> Option<String> {
    const ENOUGH: usize = 20_000;
    if declared.as_deref().is_some_and(|tag| !matches!(tag, "" | "und" | "UND" | "zh")) {
        return declared;
    }
    let mut sample = String::new();
    for chapter in chapters {
        sample.push_str(&chapter.beginning(ENOUGH));
        sample.push('\n');
        if sample.len() > ENOUGH {
            break;
        }
    }
    let found = language::of_text(&sample).or_else(|| language::is_english(&sample).then_some("en"));
    found.map(str::to_owned).or(declared)
}
