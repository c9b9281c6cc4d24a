//! PDF: kept as it is; only what it says of itself is read, from the Info dictionary and from XMP.
//!
//! It is a search for a few objects, not a parser of PDF: no page is looked at, no cross-reference
//! table is believed. An encrypted file gives nothing, because its strings are encrypted, too.

mod object;
mod string;

use super::markup::Tree;
use super::model::{Book, Metadata};
use super::{Error, Format, file_name};
use object::{find_object, last, rfind, value_of};

/// Reads what a file says of itself; the name completes it.
pub(super) fn read(bytes: &[u8], name: Option<&str>) -> Result<Book, Error> {
    let mut metadata = Metadata::default();
    if !is_encrypted(bytes) {
        info(bytes, &mut metadata);
        xmp(bytes, &mut metadata);
    }
    file_name::complete(&mut metadata, name);
    Ok(Book { metadata, text_known: false, ..Book::new(Format::Pdf) })
}

fn is_encrypted(bytes: &[u8]) -> bool {
    last(bytes, b"/Encrypt").is_some_and(|rest| {
        let rest = rest.trim_ascii_start();
        rest.starts_with(b"<<") || rest.first().is_some_and(u8::is_ascii_digit)
    })
}

/// The Info dictionary that the last trailer names.
fn info(bytes: &[u8], metadata: &mut Metadata) {
    let Some(reference) = last(bytes, b"/Info").and_then(object::reference) else { return };
    let Some(dictionary) = find_object(bytes, reference) else { return };
    let get = |key: &[u8]| {
        let value = value_of(&dictionary, key)?;
        let text = match object::reference(value) {
            Some(reference) => string::read(&find_object(bytes, reference)?),
            None => string::read(value),
        };
        text.filter(|text| !text.is_empty())
    };
    if let Some(title) = get(b"/Title").and_then(|title| sensible(&title)) {
        metadata.title = title;
    }
    if let Some(authors) = get(b"/Author").and_then(|author| sensible(&author)) {
        for name in file_name::split_authors(&authors) {
            metadata.add_author(&name);
        }
    }
    metadata.description = get(b"/Subject");
    if let Some(words) = get(b"/Keywords") {
        metadata.subjects = words.split([',', ';', '，', '；', '、']).map(str::trim).map(str::to_owned).collect();
        metadata.subjects.retain(|word| !word.is_empty());
    }
    let catalogue = last(bytes, b"/Root").and_then(object::reference).and_then(|root| find_object(bytes, root));
    metadata.language = catalogue.as_deref().and_then(|root| string::read(value_of(root, b"/Lang")?));
    metadata.language = metadata.language.take().filter(|tag| tag.len() >= 2 && tag.len() <= 35);
}

/// A title that somebody gave, not a program.
fn sensible(text: &str) -> Option<String> {
    let mut text = text.trim();
    for start in ["Microsoft Word - ", "Microsoft PowerPoint - ", "PowerPoint Presentation", "file://"] {
        text = text.strip_prefix(start).unwrap_or(text);
    }
    let lower = text.to_lowercase();
    for end in [".docx", ".doc", ".pdf", ".indd", ".wps", ".txt", ".rtf", ".ps", ".dvi"] {
        if lower.ends_with(end) {
            text = text.get(..text.len() - end.len())?;
            break;
        }
    }
    let nothing = ["untitled", "无标题", "未命名", "unknown", "administrator", "user", "admin", "()"];
    let text = text.trim();
    let path = text.contains('\\') || text.starts_with('/');
    (!text.is_empty() && !path && !nothing.contains(&text.to_lowercase().as_str())).then(|| text.to_owned())
}

/// What the XMP packet adds.
fn xmp(bytes: &[u8], metadata: &mut Metadata) {
    const LONGEST: usize = 1 << 20;
    let Some(start) = rfind(bytes, b"<rdf:RDF") else { return };
    let rest = bytes.get(start..).unwrap_or_default();
    let rest = rest.get(..rest.len().min(LONGEST)).unwrap_or(rest);
    let Some(end) = rfind(rest, b"</rdf:RDF>") else { return };
    let source = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
    let Ok(tree) = Tree::parse(&source) else { return };
    for node in tree.root().descendants() {
        let items: Vec<String> = node.descendants().filter(|item| item.is("li")).map(|item| item.text()).collect();
        let first = || items.iter().find(|item| !item.is_empty()).cloned();
        match node.name() {
            "title" if metadata.title.is_empty() => {
                metadata.title = first().and_then(|title| sensible(&title)).unwrap_or_default();
            }
            "creator" if metadata.contributors.is_empty() => {
                for name in items.iter().filter_map(|item| sensible(item)) {
                    metadata.add_author(&name);
                }
            }
            "description" if metadata.description.is_none() => metadata.description = first(),
            "language" if metadata.language.is_none() => metadata.language = first(),
            "subject" if metadata.subjects.is_empty() => metadata.subjects = items,
            "publisher" if metadata.publisher.is_none() => metadata.publisher = first(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
