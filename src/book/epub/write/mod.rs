//! An [`Edition`] as an EPUB 3 that readers of EPUB 2 open too.
//!
//! Everything lies flat in one folder beside a package file, a nav and an NCX. The same edition
//! always gives the same bytes: there is no clock and no chance in it. Nothing is checked or cleaned
//! here that the edition promises; what is wrong for EPUB alone (dates, identifiers, pages outside
//! the reading order that nothing leads to) is put right and noted.

mod date;
mod features;
mod identifier;
mod nav;
mod ncx;
mod order;
mod package;
mod wording;
mod xml;

use crate::book::edition::Edition;
use crate::book::model::{Target, TocEntry};
use crate::book::{Error, Written};
use features::Features;
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

/// Where everything lies.
const FOLDER: &str = "EPUB";
const PACKAGE: &str = "package.opf";
const NAV: &str = "nav.xhtml";
const NCX: &str = "toc.ncx";
const MIMETYPE: &[u8] = b"application/epub+zip";

/// Writes an edition that was prepared for EPUB.
pub(in crate::book) fn write(mut edition: Edition) -> Result<Written, Error> {
    let mut report = std::mem::take(&mut edition.report);
    let features: Vec<Features> = edition.pages.iter().map(|page| Features::of(&page.markup)).collect();
    order::keep_reachable(&mut edition, &mut report);
    let names = identifier::names(&edition, &mut report);
    let package = package::write(&edition, &features, &names, &mut report);
    let uid = names.first().map_or("", |name| name.text.as_str());
    let bytes = pack(&edition, &package, &nav::write(&edition), &ncx::write(&edition, uid))
        .map_err(|error| Error::Unsupported(format!("it cannot be packed: {error}")))?;
    Ok(Written { bytes, report })
}

/// The ZIP: `mimetype` first, stored and without extra field, so that its bytes stand at a known
/// place; no time stamps but the earliest that ZIP knows.
fn pack(edition: &Edition, package: &[u8], nav: &[u8], ncx: &[u8]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8], method: CompressionMethod| {
        let options = SimpleFileOptions::default().compression_method(method).last_modified_time(DateTime::default());
        zip.start_file(name, options)?;
        zip.write_all(bytes).map_err(zip::result::ZipError::from)
    };
    add("mimetype", MIMETYPE, CompressionMethod::Stored)?;
    add("META-INF/container.xml", &container(), CompressionMethod::Deflated)?;
    add(&place(PACKAGE), package, CompressionMethod::Deflated)?;
    add(&place(NAV), nav, CompressionMethod::Deflated)?;
    add(&place(NCX), ncx, CompressionMethod::Deflated)?;
    for page in &edition.pages {
        add(&place(&page.path), page.markup.as_bytes(), CompressionMethod::Deflated)?;
    }
    for file in &edition.files {
        add(&place(&file.path), &file.bytes, method_for(file.media_type))?;
    }
    zip.finish().map(Cursor::into_inner)
}

fn place(path: &str) -> String {
    format!("{FOLDER}/{path}")
}

/// What is compressed already is stored.
fn method_for(media_type: &str) -> CompressionMethod {
    match media_type {
        "image/svg+xml" | "image/bmp" => CompressionMethod::Deflated,
        "font/woff" | "font/woff2" | "application/font-woff" => CompressionMethod::Stored,
        kind if ["image/", "audio/", "video/"].iter().any(|packed| kind.starts_with(packed)) => {
            CompressionMethod::Stored
        }
        _ => CompressionMethod::Deflated,
    }
}

fn container() -> Vec<u8> {
    let mut xml = xml::Xml::new("");
    xml.open("container", &[("version", "1.0"), ("xmlns", "urn:oasis:names:tc:opendocument:xmlns:container")]);
    xml.open("rootfiles", &[]);
    xml.empty("rootfile", &[("full-path", &place(PACKAGE)), ("media-type", "application/oebps-package+xml")]);
    xml.finish()
}

/// The link to a place, as seen from the folder.
fn href(edition: &Edition, target: &Target) -> String {
    let path = edition.pages.get(target.chapter).map_or("", |page| page.path.as_str());
    match &target.fragment {
        Some(fragment) => format!("{path}#{}", percent_encoding::utf8_percent_encode(fragment, FRAGMENT)),
        None => path.to_owned(),
    }
}

/// Characters that a fragment may not have as they are (RFC 3987: letters of any script may stay).
const FRAGMENT: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where an entry leads: a mere heading leads where the first entry below it does.
fn leads_to(entry: &TocEntry) -> Option<&Target> {
    entry.target.as_ref().or_else(|| entry.children.iter().find_map(leads_to))
}

#[cfg(test)]
mod kindle_tests;
#[cfg(test)]
mod tests;
