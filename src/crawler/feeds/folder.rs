//! Folders as web servers show them: Apache, nginx, lighttpd, caddy, Python, and any page with links to files below it.
//!
//! Only what is below the page's own folder is taken, so neither the way up nor a menu counts. Sizes and dates are read
//! from what stands behind the link; pages for people round sizes. Deliberately not here: WebDAV, which is XML.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use url::Url;

use super::date::moment;
use super::entry::Entry;
use super::gather::{Gathering, address};
use super::markup::{Piece, Tag, decoded, pieces, plain};
use super::media::is_site_file;
use super::sitemap;

/// Most links that are looked at.
const MOST_LINKS: usize = 100_000;
/// So many characters behind a link are looked at.
const LONGEST_DETAILS: usize = 300;
/// Pictures that may be the cover of the file beside them.
const PICTURES: [&str; 3] = ["jpg", "jpeg", "png"];

/// Reads a page.
pub(super) fn read(source: &str, page: &Url, out: &mut Gathering) {
    let rows = Rows::of(source, page);
    if let Some(title) = &rows.title {
        out.title(title);
    }
    let mut covers: HashMap<String, Url> = HashMap::new();
    for row in &rows.found {
        let name = sitemap::file_name(&row.url);
        if let Some((stem, ending)) = name.rsplit_once('.')
            && PICTURES.contains(&ending.to_ascii_lowercase().as_str())
        {
            covers.insert(stem.to_owned(), row.url.clone());
        }
    }
    for row in rows.found {
        if row.url.path().ends_with('/') {
            out.deeper(Some(row.url));
        } else if let Some(mut entry) = row.entry() {
            entry.cover = covers.get(&entry.title).cloned();
            out.entry(entry);
        }
    }
}

/// Whether a page is the list of a folder.
pub(super) fn is_folder(source: &str, page: &Url) -> bool {
    let rows = Rows::of(source, page);
    let says_so = rows.title.as_ref().is_some_and(|title| {
        let title = title.to_lowercase();
        ["index of", "directory listing", "listing of", "文件列表"].iter().any(|words| title.contains(words))
    });
    let books = rows.found.iter().filter(|row| row.entry().is_some_and(|entry| !entry.files.is_empty())).count();
    says_so || books >= 3 || rows.found.len() >= 3 && rows.found.len() * 2 >= rows.links
}

/// A link with what stands behind it.
struct Row {
    url: Url,
    details: String,
    bytes: Option<u64>,
    time: Option<String>,
}

impl Row {
    /// A book, or a page about something; pictures, styles and the like are neither.
    fn entry(&self) -> Option<Entry> {
        let name = sitemap::file_name(&self.url);
        let (bytes, time) = details(&self.details);
        let time = self.time.clone().or(time);
        let mut entry = sitemap::entry(self.url.clone(), time);
        let is_page = || {
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            ending.is_none_or(|ending| {
                matches!(ending.as_str(), "html" | "htm" | "xhtml" | "shtml" | "php" | "asp" | "aspx" | "jsp")
            })
        };
        if entry.files.is_empty() && (is_site_file(&name) || !is_page()) {
            return None;
        }
        for file in &mut entry.files {
            file.bytes = self.bytes.or(bytes);
        }
        Some(entry)
    }
}

/// The links of a page that lead below it.
struct Rows {
    title: Option<String>,
    found: Vec<Row>,
    /// All links, also those that lead elsewhere.
    links: usize,
}

impl Rows {
    fn of(source: &str, page: &Url) -> Rows {
        let mut reading = Reading {
            base: page.clone(),
            below: Below::of(page),
            seen: HashSet::new(),
            rows: Rows { title: None, found: Vec::new(), links: 0 },
            open: false,
            is_label: false,
            is_pre: false,
            is_title: false,
        };
        for piece in pieces(source) {
            if reading.rows.links >= MOST_LINKS {
                break;
            }
            match piece {
                Piece::Open(tag) => reading.enter(tag),
                Piece::Close(name) => reading.leave(name),
                Piece::Text(text) => reading.text(text),
            }
        }
        reading.rows
    }
}

struct Reading {
    base: Url,
    below: Below,
    seen: HashSet<String>,
    rows: Rows,
    /// What comes belongs to the last row.
    open: bool,
    is_label: bool,
    is_pre: bool,
    is_title: bool,
}

impl Reading {
    fn enter(&mut self, tag: Tag<'_>) {
        if tag.is("a") {
            self.link(tag);
        } else if tag.is("base") {
            self.base =
                tag.get("href").and_then(|href| self.base.join(href.trim()).ok()).unwrap_or_else(|| self.base.clone());
        } else if ["tr", "li", "br"].iter().any(|name| tag.is(name)) {
            self.open = false;
        } else if tag.is("pre") {
            self.is_pre = true;
        } else if tag.is("title") {
            self.is_title = true;
        } else if self.open {
            self.hint(tag);
        }
    }

    fn leave(&mut self, name: &str) {
        match name.to_ascii_lowercase().as_str() {
            "a" => self.is_label = false,
            "tr" | "li" | "table" | "ul" => self.open = false,
            "pre" => (self.is_pre, self.open) = (false, false),
            "title" => self.is_title = false,
            _ => {}
        }
    }

    fn link(&mut self, tag: Tag<'_>) {
        self.open = false;
        let Some(href) = tag.get("href") else { return };
        self.rows.links += 1;
        self.is_label = true;
        let Some(url) = address(&self.base, &href).filter(|url| self.below.has(url)) else { return };
        if self.seen.insert(url.to_string()) {
            self.rows.found.push(Row { url, details: String::new(), bytes: None, time: None });
            self.open = true;
        }
    }

    /// Caddy and others have exact figures in attributes.
    fn hint(&mut self, tag: Tag<'_>) {
        let Some(row) = self.rows.found.last_mut() else { return };
        let exact = ["data-order", "data-size", "data-sort"].into_iter().find_map(|name| tag.get(name));
        if row.bytes.is_none() {
            row.bytes = exact.and_then(|number| number.parse().ok());
        }
        if row.time.is_none() && tag.is("time") {
            row.time = tag.get("datetime");
        }
        row.details.push(' ');
    }

    fn text(&mut self, text: &str) {
        if self.is_title {
            self.rows.title = self.rows.title.take().or_else(|| Some(plain(text, 200)));
        }
        if !self.open || self.is_label {
            return;
        }
        let text = text.get(..text.floor_char_boundary(LONGEST_DETAILS)).unwrap_or(text);
        let (line, ends) = match text.split_once('\n') {
            Some((line, _)) if self.is_pre => (line, true),
            _ => (text, false),
        };
        if let Some(row) = self.rows.found.last_mut()
            && row.details.len() < LONGEST_DETAILS
        {
            row.details.push_str(line);
        }
        self.open = !ends;
    }
}

/// What is below the folder of a page.
struct Below {
    page: Url,
    folder: String,
}

impl Below {
    fn of(page: &Url) -> Below {
        let path = decoded_path(page);
        let end = path.rfind('/').map_or(path.len(), |at| at + 1);
        Below { page: page.clone(), folder: path.get(..end).unwrap_or("/").to_owned() }
    }

    /// Links that sort (`?C=N;O=D`) lead to the folder itself, as it is: they are not below it.
    fn has(&self, url: &Url) -> bool {
        let path = decoded_path(url);
        let is_climbing = || path.split('/').any(|part| part == "..");
        url.origin() == self.page.origin()
            && path.len() > self.folder.len()
            && path.starts_with(&self.folder)
            && path != decoded_path(&self.page)
            && !is_climbing()
    }
}

/// Servers and pages encode the same name in different ways.
fn decoded_path(url: &Url) -> String {
    percent_decode_str(url.path()).decode_utf8_lossy().into_owned()
}

/// Size and time as text shows them.
fn details(text: &str) -> (Option<u64>, Option<String>) {
    let text = decoded(text);
    let words: Vec<&str> =
        text.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', '[', ']', ';'])).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).take(30).collect();
    let is_day = |word: &str| word.len() >= 8 && word.contains(['-', '/']) && moment(word).is_some();
    let day = words.iter().position(|word| is_day(word));
    let is_clock = |word: &&&str| word.contains(':') && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let clock = day.and_then(|at| words.get(at + 1)).filter(is_clock);
    let time = day.and_then(|at| words.get(at)).map(|day| match clock {
        Some(clock) => format!("{day} {clock}"),
        None => (*day).to_owned(),
    });
    let rest =
        words.iter().enumerate().filter(|(at, word)| day != Some(*at) && clock != Some(*word)).map(|(_, word)| *word);
    let rest: Vec<&str> = rest.collect();
    // A bare number is a size only where a folder is shown with times, or alone.
    let may_be_bare = day.is_some() || rest.len() == 1;
    let size = rest.iter().enumerate().find_map(|(at, word)| size(word, rest.get(at + 1).copied(), may_be_bare));
    (size, time)
}

/// `1.2M`, `1.2 MB`, `12 KiB`, `1234`.
fn size(word: &str, next: Option<&str>, may_be_bare: bool) -> Option<u64> {
    let end = word.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(word.len());
    let (number, unit) = word.split_at_checked(end)?;
    let value: f64 = number.parse().ok()?;
    let factor = match (unit, next.filter(|next| next.len() >= 2).and_then(factor)) {
        ("", Some(factor)) => factor,
        ("", None) if may_be_bare && !number.contains('.') => 1.0,
        ("", None) => return None,
        (unit, _) => factor(unit)?,
    };
    let bytes = value * factor;
    // Larger than any file, so no size.
    (bytes < 1e13).then_some(bytes as u64)
}

fn factor(unit: &str) -> Option<f64> {
    let unit = unit.to_ascii_lowercase();
    let power = match unit.trim_end_matches("bytes").trim_end_matches("ib").trim_end_matches('b') {
        "" if unit.is_empty() => return None,
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        _ => return None,
    };
    Some(1024_f64.powi(power))
}

#[cfg(test)]
mod tests;
