//! Word documents (2007 and later) into a [`Book`]: the text with its headings, lists, tables, notes and
//! pictures.
//!
//! The document becomes a page, which is cut into chapters as any other. What Word says of fonts and
//! sizes is left out: it is the look of a sheet of paper. Deleted text of tracked changes is left
//! out, inserted text is taken.

mod body;
mod field;
mod run;
mod styles;

use super::dom::Document;
use super::epub::archive::Archive;
use super::epub::media_type;
use super::epub::path::resolve;
use super::html::read::{Found, Source, assemble};
use super::markup::Tree;
use super::model::{Book, Layout, Metadata, Resource};
use super::report::Report;
use super::{Error, Format, ReadOptions, charset, file_name};
use std::collections::HashMap;

/// Where the relations of a part lead: id → path in the archive, or an address outside.
type Relations = HashMap<String, String>;

/// Reads a document.
pub(super) fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    let mut archive = Archive::open(bytes)?;
    let main = part(&mut archive, "word/document.xml")?;
    let main = main.ok_or_else(|| Error::Malformed("it holds no document".into()))?;
    let styles = styles::Styles::read(
        part(&mut archive, "word/styles.xml")?.as_deref().unwrap_or_default(),
        part(&mut archive, "word/numbering.xml")?.as_deref().unwrap_or_default(),
    );
    let relations = relations(&mut archive, "document")?;
    let mut markup = String::from("<body>");
    markup.push_str(&body::convert(&main, &styles, &relations, body::Part::Document));
    for (name, kind) in [("footnotes", body::Part::Footnotes), ("endnotes", body::Part::Endnotes)] {
        let Some(notes) = part(&mut archive, &format!("word/{name}.xml"))? else { continue };
        let relations = self::relations(&mut archive, name)?;
        markup.push_str(&body::convert(&notes, &styles, &relations, kind));
    }
    markup.push_str("</body>");
    let resources = pictures(&mut archive)?;
    let metadata = metadata(&mut archive)?;
    let sources = vec![Source { path: "index.html".into(), document: Document::parse(&markup) }];
    let (format, layout, report) = (Format::Docx, Layout::default(), Report::default());
    let mut found = Found { format, sources, metadata, resources, cover: None, layout, report };
    // Word keeps the title of the template; the name of the file is better than that.
    if matches!(found.metadata.title.as_str(), "Word Document" | "PowerPoint Presentation" | "Document1") {
        found.metadata.title.clear();
    }
    file_name::complete(&mut found.metadata, options.file_name);
    assemble(found, options.file_name)
}

fn part(archive: &mut Archive<'_>, name: &str) -> Result<Option<String>, Error> {
    Ok(archive.read_named(name)?.map(|bytes| charset::decode_markup(&bytes)))
}

fn relations(archive: &mut Archive<'_>, name: &str) -> Result<Relations, Error> {
    let mut found = Relations::new();
    let Some(source) = part(archive, &format!("word/_rels/{name}.xml.rels"))? else { return Ok(found) };
    let tree = Tree::parse(&source)?;
    for node in tree.root().descendants().filter(|node| node.is("Relationship")) {
        let (Some(id), Some(target)) = (node.attribute("Id"), node.attribute("Target")) else { continue };
        let outside = node.attribute("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external"));
        let place = if outside { Some(target) } else { resolve("word/x", &target).map(|link| link.path) };
        found.extend(place.map(|place| (id, place)));
    }
    Ok(found)
}

fn pictures(archive: &mut Archive<'_>) -> Result<Vec<Resource>, Error> {
    let mut resources = Vec::new();
    for at in 0..archive.names().len() {
        let Some(name) = archive.names().get(at).filter(|name| name.starts_with("word/media/")).cloned() else {
            continue;
        };
        if let Some(bytes) = archive.read(at)? {
            resources.push(Resource { media_type: media_type(&name).into(), path: name, bytes });
        }
    }
    Ok(resources)
}

fn metadata(archive: &mut Archive<'_>) -> Result<Metadata, Error> {
    let mut metadata = Metadata::default();
    let Some(source) = part(archive, "docProps/core.xml")? else { return Ok(metadata) };
    let tree = Tree::parse(&source)?;
    for node in tree.root().descendants() {
        let text = node.text();
        if text.is_empty() {
            continue;
        }
        match node.name() {
            "title" => metadata.title = text,
            "creator" => {
                for name in file_name::split_authors(&text) {
                    metadata.add_author(&name);
                }
            }
            "subject" | "category" => metadata.subjects.push(text),
            "keywords" => {
                let words = text.split([',', ';', '，', '；', '、']).map(str::trim).filter(|word| !word.is_empty());
                metadata.subjects.extend(words.map(str::to_owned));
            }
            "description" => metadata.description = Some(text),
            "language" => metadata.language = Some(text),
            "created" => metadata.published = Some(text),
            "modified" => metadata.modified = Some(text),
            "publisher" => metadata.publisher = Some(text),
            _ => {}
        }
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests;
