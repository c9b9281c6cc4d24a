//! An [`Edition`] as one HTML file: pictures, fonts and styles inside, no scripts, nothing fetched.
//!
//! The file is well-formed XML too, except for what a style sheet holds. Each page of the edition is
//! a `<section class="page">`; ids are told apart by the name of their page, so that every link is
//! one inside the file.

mod head;
mod inline;
mod page;
mod style;

use super::super::Written;
use super::super::dom::{escape_attribute, escape_text};
use super::super::edition::Edition;
use super::super::model::{Direction, Target, TocEntry};
use super::super::report::Change;
use inline::Inliner;

/// Writes a book.
pub(in crate::book) fn write(edition: &Edition) -> Written {
    let mut report = edition.report.clone();
    if edition.layout.fixed.is_some() {
        report.note(Change::LayoutDropped, "pages of a fixed size");
    }
    if !edition.page_list.is_empty() {
        report.note(Change::PageListDropped, "page numbers");
    }
    for landmark in &edition.landmarks {
        report.note(Change::LandmarkDropped, format!("{:?}", landmark.kind));
    }
    let sheets = style::Sheets::of(edition);
    let mut files = Inliner::new(edition);
    let mut pages = String::new();
    let in_order = edition.pages.iter().filter(|page| page.linear);
    for page in in_order.chain(edition.pages.iter().filter(|page| !page.linear)) {
        page::write(page, &sheets, &mut files, &mut pages);
    }
    let mut out = String::with_capacity(pages.len() + pages.len() / 8);
    let tag = edition.metadata.language.as_deref().unwrap_or("und");
    out.push_str("<!DOCTYPE html>\n<html lang=\"");
    escape_attribute(tag, &mut out);
    out.push_str(if is_right_to_left(edition) { "\" dir=\"rtl\">\n" } else { "\">\n" });
    head::write(edition, &mut out);
    style::write(edition, &sheets, &mut files, &mut out);
    out.push_str("</head>\n<body>\n");
    if let Some(address) = files.cover_not_shown() {
        out.push_str("<header class=\"cover\"><img data-cover=\"\" alt=\"\" src=\"");
        out.push_str(&address);
        out.push_str("\"/></header>\n");
    }
    contents(edition, tag, &mut out);
    out.push_str("<main>\n");
    out.push_str(&pages);
    out.push_str("</main>\n</body>\n</html>\n");
    report.merge(&files.report);
    Written { bytes: out.into_bytes(), report }
}

/// Lines that run from right to left, not only pages that are turned so: Arabic, Hebrew, Persian.
fn is_right_to_left(edition: &Edition) -> bool {
    let tag = edition.metadata.language.as_deref().unwrap_or_default().to_ascii_lowercase();
    let primary = tag.split('-').next().unwrap_or_default();
    let script = matches!(primary, "ar" | "he" | "fa" | "ur" | "yi" | "ps" | "sd" | "ug" | "dv" | "iw" | "ji");
    script && !edition.layout.vertical && edition.layout.direction != Some(Direction::LeftToRight)
}

/// The table of contents. Recursion is bounded by [`TocEntry::MAX_DEPTH`].
fn contents(edition: &Edition, tag: &str, out: &mut String) {
    out.push_str("<nav id=\"toc\" class=\"toc\" role=\"doc-toc\">\n<h2>");
    out.push_str(heading(tag));
    out.push_str("</h2>\n");
    list(edition, &edition.toc, out);
    out.push_str("</nav>\n");
}

fn heading(tag: &str) -> &'static str {
    let tag = tag.to_ascii_lowercase();
    match tag.split('-').next() {
        Some("zh") if tag.contains("tw") || tag.contains("hk") || tag.contains("hant") => "目錄",
        Some("zh") => "目录",
        Some("ja") => "目次",
        Some("ko") => "차례",
        _ => "Contents",
    }
}

fn list(edition: &Edition, entries: &[TocEntry], out: &mut String) {
    out.push_str("<ol>\n");
    for entry in entries {
        out.push_str("<li>");
        match entry.target.as_ref().and_then(|target| address(edition, target)) {
            Some(address) => {
                out.push_str("<a href=\"");
                escape_attribute(&address, out);
                out.push_str("\">");
                escape_text(&entry.title, out);
                out.push_str("</a>");
            }
            None => {
                out.push_str("<span>");
                escape_text(&entry.title, out);
                out.push_str("</span>");
            }
        }
        if !entry.children.is_empty() {
            out.push('\n');
            list(edition, &entry.children, out);
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n");
}

fn address(edition: &Edition, target: &Target) -> Option<String> {
    let stem = page::stem(&edition.pages.get(target.chapter)?.path);
    Some(match &target.fragment {
        Some(fragment) => format!("#{stem}-{fragment}"),
        None => format!("#{stem}"),
    })
}

#[cfg(test)]
pub(in crate::book::html) mod tests;
