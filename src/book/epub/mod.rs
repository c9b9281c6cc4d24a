//! EPUB 2 and 3 into a [`Book`]: tolerant of everything but DRM and bombs.
//!
//! What is missing is done without: no container file, no package file, no manifest entry, no table
//! of contents, a chapter that is not there. Nothing outside the container is ever fetched.

pub(super) mod archive;
mod contents;
mod cover;
mod layout;
pub(super) mod package;
pub(super) mod path;
mod places;
mod protection;
mod salvage;
pub(super) mod toc;
mod write;

use super::markup::{Node, Tree};
use super::model::{Book, Chapter, Content, Resource};
use super::{Change, Error, Format, ReadOptions, Report, charset, file_name, language, xhtml};
use archive::Archive;
use package::{Item, Package};
use protection::Obfuscated;
use std::collections::HashMap;
pub(super) use write::write;

/// Reads an EPUB under options.
pub(super) fn read(bytes: &[u8], options: &ReadOptions<'_>) -> Result<Book, Error> {
    let mut archive = Archive::open(bytes)?;
    let mut report = Report::default();
    let obfuscated = protection::check(&mut archive)?;
    let package = open_package(&mut archive)?;
    let (mut chapters, mut by_entry) = read_chapters(&mut archive, &package, &mut report)?;
    add_linked(&mut archive, &package, &mut chapters, &mut by_entry, &mut report)?;
    if chapters.is_empty() {
        return Err(Error::Malformed("it has no chapters".into()));
    }
    check_whole(&archive, options.rescue, &mut report)?;
    let contents = contents::read(&mut archive, &package, &chapters, &by_entry)?;
    let deep = contents.deep.iter().map(String::as_str).chain(package.is_cut.then_some("package file"));
    deep.for_each(|file| report.note(Change::BeyondBounds, file));
    for place in &contents.nowhere {
        report.note(Change::ContentsRepaired, place);
    }
    let mut toc = contents.toc;
    toc::name_chapters(&toc, &mut chapters);
    let mut resources = read_resources(&mut archive, &package, &chapters, &by_entry, &obfuscated)?;
    let drawn = cover::drawn_page(&package, &chapters);
    let cover = drawn.as_ref().map(|_| resources.len());
    resources.extend(drawn);
    let cover = cover.or_else(|| cover::find(&package, &chapters, &resources));
    let layout = layout::read(&mut archive, &package, &chapters, &resources)?;
    if toc.is_empty() {
        toc = toc::from_chapters(&chapters);
        report.note(Change::ContentsRepaired, "made from headings");
    }
    let mut metadata = package.metadata;
    if metadata.title.trim().is_empty() {
        report.note(Change::MetadataRepaired, "title");
    }
    file_name::complete(&mut metadata, options.file_name);
    if metadata.language.as_deref().is_none_or(|tag| matches!(tag, "und" | "UND" | "zh" | "")) {
        metadata.language = language_of(&chapters).or(metadata.language);
    }
    for name in archive.matched() {
        report.note(Change::NameMatched, name);
    }
    let (landmarks, page_list) = (contents.landmarks, contents.page_list);
    let book = Book::new(Format::Epub);
    Ok(Book { metadata, chapters, toc, resources, cover, layout, landmarks, page_list, report, ..book })
}

/// A page that ends in the middle, or one that a cut archive no longer has, is refused unless the
/// rest is asked for.
fn check_whole(archive: &Archive<'_>, rescue: bool, report: &mut Report) -> Result<(), Error> {
    let lost = archive.damaged().first().or_else(|| archive.lost().first().filter(|_| archive.is_rebuilt()));
    let Some(lost) = lost else {
        return Ok(());
    };
    if !rescue {
        return Err(Error::Malformed(format!("{lost} is not whole; with --rescue the rest of the book can be had")));
    }
    for name in archive.damaged().iter().chain(archive.lost()) {
        report.note(Change::Rescued, name);
    }
    Ok(())
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
            fallback: String::new(),
            linear: true,
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

/// Which archive entry became which chapter.
type ByEntry = HashMap<usize, usize>;

/// The chapters in reading order, and which archive entry became which chapter.
fn read_chapters(
    archive: &mut Archive<'_>,
    package: &Package,
    report: &mut Report,
) -> Result<(Vec<Chapter>, ByEntry), Error> {
    let mut chapters = Vec::new();
    let mut by_entry = HashMap::new();
    for item in package.spine.iter().filter_map(|&at| package.items.get(at)).filter(|item| item.is_page()) {
        read_chapter(archive, item, item.linear, &mut chapters, &mut by_entry, report)?;
    }
    Ok((chapters, by_entry))
}

fn read_chapter(
    archive: &mut Archive<'_>,
    item: &Item,
    linear: bool,
    chapters: &mut Vec<Chapter>,
    by_entry: &mut ByEntry,
    report: &mut Report,
) -> Result<(), Error> {
    let entry = archive.find(&item.path);
    if entry.is_some_and(|entry| by_entry.contains_key(&entry)) {
        return Ok(());
    }
    let bytes = match entry {
        Some(entry) => archive.read(entry)?,
        None => None,
    };
    let (Some(entry), Some(bytes)) = (entry, bytes) else {
        report.note(Change::FileMissing, &item.path);
        archive.miss(&item.path);
        return Ok(());
    };
    let markup = charset::decode_markup(&bytes);
    let title = xhtml::heading(&markup).unwrap_or_default();
    by_entry.insert(entry, chapters.len());
    chapters.push(Chapter { path: item.path.clone(), title, content: Content::Markup(markup), linear });
    Ok(())
}

/// Pages that the spine forgot and that a link or the contents lead to become chapters outside the
/// reading order.
fn add_linked(
    archive: &mut Archive<'_>,
    package: &Package,
    chapters: &mut Vec<Chapter>,
    by_entry: &mut ByEntry,
    report: &mut Report,
) -> Result<(), Error> {
    let forgotten = |item: &&Item| item.is_page() && !item.has("nav") && !item.media_type.contains("svg");
    let mut forgotten: HashMap<usize, &Item> = package
        .items
        .iter()
        .filter(forgotten)
        .filter_map(|item| Some((archive.find(&item.path)?, item)))
        .filter(|(entry, _)| !by_entry.contains_key(entry))
        .collect();
    let mut links = contents::links(archive, package)?;
    let mut next = 0;
    while !forgotten.is_empty() {
        let mut wanted: Vec<&Item> =
            links.drain(..).filter_map(|path| forgotten.remove(&archive.find(&path)?)).collect();
        wanted.dedup_by_key(|item| item.path.clone());
        for item in wanted {
            report.note(Change::ContentsRepaired, &item.path);
            read_chapter(archive, item, false, chapters, by_entry, report)?;
        }
        let Some(Chapter { path, content: Content::Markup(markup), .. }) = chapters.get(next) else { break };
        links = contents::links_in(markup, path);
        next += 1;
    }
    Ok(())
}

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
        sample.push_str(&chapter.beginning(ENOUGH));
        sample.push('\n');
        if sample.len() > ENOUGH {
            break;
        }
    }
    language::of_text(&sample).or_else(|| language::is_english(&sample).then_some("en")).map(str::to_owned)
}
