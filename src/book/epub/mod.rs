//! EPUB 2 and 3 into a [`Book`]: tolerant of everything but DRM and bombs.
//!
//! What is missing is done without: no container file, no package file, no manifest entry, no table
//! of contents, a chapter that is not there. Nothing outside the container is ever fetched.

pub(super) mod archive;
mod cover;
mod package;
pub(super) mod path;
mod protection;
mod salvage;
pub(super) mod toc;

use super::markup::{Node, Tree};
use super::model::{Book, Chapter, Content, Resource, TocEntry};
use super::{Error, Format, charset, file_name, language, xhtml};
use archive::Archive;
use package::{Item, Package};
use protection::Obfuscated;
use std::collections::HashMap;

/// Reads an EPUB; the file name helps when the package has no title.
pub(super) fn read(bytes: &[u8], file_name: Option<&str>) -> Result<Book, Error> {
    let mut archive = Archive::open(bytes)?;
    let obfuscated = protection::check(&mut archive)?;
    let package = open_package(&mut archive)?;
    let (mut chapters, by_entry) = read_chapters(&mut archive, &package)?;
    if chapters.is_empty() {
        return Err(Error::Malformed("it has no chapters".into()));
    }
    let toc = read_toc(&mut archive, &package, &chapters, &by_entry)?;
    toc::name_chapters(&toc, &mut chapters);
    let resources = read_resources(&mut archive, &package, &chapters, &by_entry, &obfuscated)?;
    let cover = cover::find(&package, &chapters, &resources);
    let toc = if toc.is_empty() { toc::from_chapters(&chapters) } else { toc };
    let mut metadata = package.metadata;
    file_name::complete(&mut metadata, file_name);
    if metadata.language.as_deref().is_none_or(|tag| matches!(tag, "und" | "UND" | "zh" | "")) {
        metadata.language = language_of(&chapters).or(metadata.language);
    }
    Ok(Book { metadata, chapters, toc, resources, cover, ..Book::new(Format::Epub) })
}

/// The package file: the one the container names, else any, else the pages as they come.
fn open_package(archive: &mut Archive<'_>) -> Result<Package, Error> {
    let mut candidates = Vec::new();
    if let Some(bytes) = archive.read_named("META-INF/container.xml")? {
        let source = charset::decode_markup(&bytes);
        let tree = Tree::parse(&source)?;
        let roots = tree.root().descendants().filter(|node: &Node<'_, '_>| node.is("rootfile"));
        let paths = roots.filter_map(|root| path::resolve("", &root.attribute("full-path")?));
        candidates.extend(paths.map(|link| link.path).filter(|path| !path.is_empty()));
    }
    candidates.extend(archive.names().iter().filter(|name| name.to_ascii_lowercase().ends_with(".opf")).cloned());
    for candidate in candidates {
        let Some(entry) = archive.find(&candidate) else {
            continue;
        };
        let Some(bytes) = archive.read(entry)? else {
            continue;
        };
        let source = charset::decode_markup(&bytes);
        let tree = Tree::parse(&source)?;
        let mut package = package::read(&tree, &candidate);
        if !package.items.is_empty() {
            if package.spine.is_empty() {
                package.spine = (0..package.items.len())
                    .filter(|&at| package.items[at].is_page() && !package.items[at].has("nav"))
                    .collect();
            }
            return Ok(package);
        }
    }
    Ok(package_of_pages(archive))
}

/// A package made from the pages in the archive, in the order of their names.
fn package_of_pages(archive: &Archive<'_>) -> Package {
    let mut package = Package::default();
    let files = archive.names().iter().filter(|name| !name.ends_with('/') && !name.starts_with("META-INF/"));
    for name in files {
        let item = Item {
            id: name.clone(),
            path: name.clone(),
            media_type: media_type(name).into(),
            properties: if name.ends_with("nav.xhtml") { "nav".into() } else { String::new() },
        };
        package.items.push(item);
    }
    package.items.sort_by_cached_key(|item| natural_order(&item.path));
    package.spine = (0..package.items.len())
        .filter(|&at| package.items[at].media_type == "application/xhtml+xml" && !package.items[at].has("nav"))
        .collect();
    package.ncx = package.items.iter().position(|item| item.path.ends_with(".ncx"));
    package
}

/// A sort key under which `ch2` comes before `ch10`.
pub(super) fn natural_order(name: &str) -> Vec<(u64, String)> {
    let mut key: Vec<(u64, String)> = Vec::new();
    for piece in name.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits: String = piece.chars().take_while(char::is_ascii_digit).collect();
        key.push((digits.parse().unwrap_or(u64::MAX), piece[digits.len()..].to_owned()));
    }
    key
}

/// The chapters in reading order, and which archive entry became which chapter.
fn read_chapters(archive: &mut Archive<'_>, package: &Package) -> Result<(Vec<Chapter>, HashMap<usize, usize>), Error> {
    let mut chapters = Vec::new();
    let mut by_entry = HashMap::new();
    for item in package.spine.iter().map(|&at| &package.items[at]).filter(|item| item.is_page()) {
        let Some(entry) = archive.find(&item.path).filter(|entry| !by_entry.contains_key(entry)) else {
            continue;
        };
        let Some(bytes) = archive.read(entry)? else {
            continue;
        };
        let markup = charset::decode_markup(&bytes);
        let title = xhtml::heading(&markup).unwrap_or_default();
        by_entry.insert(entry, chapters.len());
        chapters.push(Chapter { path: item.path.clone(), title, content: Content::Markup(markup), linear: true });
    }
    Ok((chapters, by_entry))
}

fn read_toc(
    archive: &mut Archive<'_>,
    package: &Package,
    chapters: &[Chapter],
    by_entry: &HashMap<usize, usize>,
) -> Result<Vec<TocEntry>, Error> {
    let nav = package.items.iter().find(|item| item.has("nav"));
    let ncx = package.ncx.map(|at| &package.items[at]);
    let sources = [(nav, toc::from_nav as Contents), (ncx, toc::from_ncx as Contents)];
    for (item, contents) in sources {
        let Some(item) = item else { continue };
        let Some(entry) = archive.find(&item.path) else {
            continue;
        };
        let source = match by_entry.get(&entry).and_then(|&at| chapters.get(at)).map(|chapter| &chapter.content) {
            Some(Content::Markup(markup)) => markup.clone(),
            _ => match archive.read(entry)? {
                Some(bytes) => charset::decode_markup(&bytes),
                None => continue,
            },
        };
        let tree = Tree::parse(&source)?;
        let locate = |path: &str| archive.find(path).and_then(|entry| by_entry.get(&entry).copied());
        let found = contents(&tree, &item.path, &locate);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

type Contents = fn(&Tree<'_>, &str, toc::Locate<'_>) -> Vec<TocEntry>;

/// Everything the manifest lists that is no chapter, and pictures that pages show though it does
/// not. Contents files are left out: a writer makes its own.
fn read_resources(
    archive: &mut Archive<'_>,
    package: &Package,
    chapters: &[Chapter],
    by_entry: &HashMap<usize, usize>,
    obfuscated: &[Obfuscated],
) -> Result<Vec<Resource>, Error> {
    let listed = package.items.iter().filter(|item| !item.has("nav") && !item.media_type.contains("dtbncx"));
    let mut wanted: Vec<(String, String)> = listed.map(|item| (item.path.clone(), item.media_type.clone())).collect();
    for chapter in chapters {
        let Content::Markup(markup) = &chapter.content else {
            continue;
        };
        let links = xhtml::pictures(markup).into_iter().filter_map(|href| path::resolve(&chapter.path, &href));
        wanted.extend(links.map(|link| (link.path, String::new())));
    }
    let mut taken: Vec<bool> = vec![false; archive.names().len()];
    let mut resources = Vec::new();
    for (path, declared) in wanted {
        let Some(entry) = archive.find(&path).filter(|entry| !by_entry.contains_key(entry)) else {
            continue;
        };
        if std::mem::replace(&mut taken[entry], true) || archive.names()[entry].ends_with('/') {
            continue;
        }
        let Some(mut bytes) = archive.read(entry)? else {
            continue;
        };
        for font in obfuscated.iter().filter(|font| font.entry == entry) {
            font.free(&mut bytes, &package.unique_identifier);
        }
        let media_type = if declared.is_empty() { media_type(&path).to_owned() } else { declared };
        resources.push(Resource { path, media_type, bytes });
    }
    Ok(resources)
}

/// The media type that a name promises, for files the manifest does not list.
pub(super) fn media_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "xhtml" | "html" | "htm" => "application/xhtml+xml",
        "css" => "text/css",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ncx" => "application/x-dtbncx+xml",
        _ => "application/octet-stream",
    }
}

/// The language by the text of the first chapters.
fn language_of(chapters: &[Chapter]) -> Option<String> {
    const ENOUGH: usize = 20_000;
    let mut sample = String::new();
    for chapter in chapters {
        sample.push_str(&chapter.text());
        sample.push('\n');
        if sample.len() > ENOUGH {
            break;
        }
    }
    language::of_text(&sample).or_else(|| language::is_english(&sample).then_some("en")).map(str::to_owned)
}
