//! A ZIP that holds pages with their pictures and styles, as browsers and converters save them.

use super::{Found, Source, head};
use crate::book::dom::Document;
use crate::book::epub::archive::Archive;
use crate::book::epub::path::resolve;
use crate::book::epub::{media_type, natural_order, package};
use crate::book::markup::Tree;
use crate::book::model::Resource;
use crate::book::report::Report;
use crate::book::{Error, Format, charset};
use std::collections::{HashMap, VecDeque};

/// Reads all pages and the files that pages may use.
pub(super) fn open(bytes: &[u8]) -> Result<Found, Error> {
    let mut archive = Archive::open(bytes)?;
    let names = archive.names().to_vec();
    let mut pages: Vec<(String, Document)> = Vec::new();
    let mut resources = Vec::new();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_cached_key(|&at| names.get(at).map(|name| natural_order(name)));
    for at in order {
        let Some(name) = names.get(at).filter(|name| !name.ends_with('/') && !name.starts_with("__MACOSX")) else {
            continue;
        };
        let kind = media_type(name);
        if matches!(kind, "application/octet-stream" | "application/x-dtbncx+xml") {
            continue;
        }
        let Some(bytes) = archive.read(at)? else { continue };
        if kind == "application/xhtml+xml" {
            pages.push((name.clone(), Document::parse(&charset::decode_markup(&bytes))));
        } else {
            resources.push(Resource { path: name.clone(), media_type: kind.into(), bytes });
        }
    }
    if pages.is_empty() {
        return Err(Error::Malformed("there are no pages in it".into()));
    }
    let order = reading_order(&pages);
    let first = order.first().and_then(|&at| pages.get(at));
    let (mut metadata, layout) = first.map(|(_, document)| head::read(document)).unwrap_or_default();
    if let Some(bytes) = archive.read_named("metadata.opf")? {
        let source = charset::decode_markup(&bytes);
        let described = package::read(&Tree::parse(&source)?, "metadata.opf").metadata;
        if !described.title.is_empty() {
            metadata = described;
        }
    }
    let mut pages: Vec<Option<(String, Document)>> = pages.into_iter().map(Some).collect();
    let sources = order.into_iter().filter_map(|at| pages.get_mut(at)?.take());
    let sources = sources.map(|(path, document)| Source { path, document }).collect();
    let named = |one: &Resource| {
        let name = one.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        one.media_type.starts_with("image/") && name.starts_with("cover.")
    };
    let cover = resources.iter().position(named);
    Ok(Found { format: Format::Html, sources, metadata, resources, cover, layout, report: Report::default() })
}

/// The first page is the index; then follow the pages in the order in which it links to them, then
/// those left by name.
fn reading_order(pages: &[(String, Document)]) -> Vec<usize> {
    let by_name: HashMap<&str, usize> = pages.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
    let rank = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
        match stem {
            "index" => 0,
            "toc" | "contents" | "目录" | "default" | "main" => 1,
            _ => 2,
        }
    };
    let depth = |name: &str| name.matches('/').count();
    let first = pages.iter().enumerate().min_by_key(|(at, (name, _))| (rank(name), depth(name), *at)).map(|(at, _)| at);
    let mut seen = vec![false; pages.len()];
    let mut order = Vec::new();
    let mut waiting: VecDeque<usize> = first.into_iter().collect();
    if let Some((_, document)) = first.and_then(|at| pages.get(at)) {
        let path = first.and_then(|at| pages.get(at)).map_or("", |(name, _)| name.as_str());
        for node in document.descendants(Document::ROOT).filter(|&node| document.is(node, "a")) {
            let href = document.element(node).and_then(|link| link.get("href"));
            waiting.extend(
                href.and_then(|href| resolve(path, href)).and_then(|to| by_name.get(to.path.as_str()).copied()),
            );
        }
    }
    waiting.extend(0..pages.len());
    for at in waiting {
        if let Some(seen) = seen.get_mut(at).filter(|seen| !**seen) {
            *seen = true;
            order.push(at);
        }
    }
    order
}
