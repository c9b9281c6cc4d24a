//! A book bound from leaves that somebody else has gathered: chapters that came one by one.
//!
//! Their markup is a stranger's and is cleaned before it becomes a page. Deliberately not here: where they came from.

use super::dom::escape_text;
use super::model::{Book, Chapter, Content, Metadata, Target, TocEntry};
use super::safe::{Rules, safe};
use super::{Corrections, Error, Format, bound_pages};

/// A chapter to be bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaf {
    /// Its title, as plain text.
    pub title: String,
    /// Whether it is a heading over the chapters that follow.
    pub is_volume: bool,
    /// Its text.
    pub text: LeafText,
}

/// The text of a leaf.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LeafText {
    /// One paragraph a line.
    Plain(String),
    /// HTML, without pictures.
    Markup(String),
}

impl Default for LeafText {
    fn default() -> Self {
        LeafText::Plain(String::new())
    }
}

/// Binds a book. Equal leaves give equal books. `cover` is a JPEG or PNG.
///
/// # Errors
/// [`Error::Malformed`] if there is no leaf, [`Error::Unsupported`] if it is too large for a book.
pub fn bound(mut metadata: Metadata, leaves: Vec<Leaf>, cover: Option<Vec<u8>>) -> Result<Book, Error> {
    if leaves.is_empty() {
        return Err(Error::Malformed("it has no chapter".into()));
    }
    metadata.bound();
    let mut book = Book { metadata, ..Book::new(Format::Html) };
    for (at, leaf) in leaves.into_iter().enumerate() {
        let entry = TocEntry {
            title: if leaf.title.trim().is_empty() { format!("{}", at + 1) } else { leaf.title.trim().to_owned() },
            target: Some(Target { chapter: at, fragment: None }),
            children: Vec::new(),
        };
        book.chapters.push(page(at, &leaf, &entry.title));
        match book.toc.last_mut() {
            Some(volume) if !leaf.is_volume && is_volume(volume, &book.chapters) => volume.children.push(entry),
            _ => book.toc.push(entry),
        }
    }
    bound_pages(&book)?;
    book.correct(&Corrections { default_cover: cover, ..Corrections::default() });
    Ok(book)
}

const VOLUME: &str = "volume-";

fn is_volume(entry: &TocEntry, chapters: &[Chapter]) -> bool {
    let chapter = entry.target.as_ref().and_then(|target| chapters.get(target.chapter));
    chapter.is_some_and(|chapter| chapter.path.starts_with(VOLUME))
}

fn page(at: usize, leaf: &Leaf, title: &str) -> Chapter {
    let level = if leaf.is_volume { 1 } else { 2 };
    let mut page = String::from("<html><head><title>");
    escape_text(title, &mut page);
    page.push_str(&format!("</title></head><body><h{level}>"));
    escape_text(title, &mut page);
    page.push_str(&format!("</h{level}>\n"));
    match &leaf.text {
        LeafText::Plain(text) => {
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                page.push_str("<p>");
                escape_text(line, &mut page);
                page.push_str("</p>\n");
            }
        }
        LeafText::Markup(markup) => {
            let rules = Rules {
                link: &|to| is_web(to).then(|| to.to_owned()),
                picture: &|_| None,
                style: &|_| None,
                anchors: true,
            };
            page.push_str(&safe(markup, &rules).markup);
        }
    }
    page.push_str("</body></html>");
    let kind = if leaf.is_volume { VOLUME } else { "chapter-" };
    let path = format!("{kind}{:05}.xhtml", at + 1);
    Chapter { path, title: title.to_owned(), content: Content::Markup(page), linear: true }
}

fn is_web(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{WriteOptions, read, write};

    fn leaf(title: &str, is_volume: bool, text: &str) -> Leaf {
        Leaf { title: title.into(), is_volume, text: LeafText::Plain(text.into()) }
    }

    #[test]
    fn volumes_hold_their_chapters_and_every_line_is_a_paragraph() {
        let metadata = Metadata { title: "石头记".into(), ..Metadata::default() };
        let leaves = vec![
            leaf("楔子", false, "话说\n\n  从前 <b>&"),
            leaf("上卷", true, ""),
            leaf("第一回", false, "甲"),
            leaf("第二回", false, "乙"),
            leaf("下卷", true, ""),
            leaf("第三回", false, "丙"),
        ];
        let book = bound(metadata, leaves, None).unwrap();
        let epub = write(&book, Format::Epub, &WriteOptions::default()).unwrap().bytes;
        let again = read(&epub, None).unwrap();
        let shape: Vec<(String, Vec<String>)> = again
            .toc()
            .iter()
            .map(|entry| (entry.title.clone(), entry.children.iter().map(|child| child.title.clone()).collect()))
            .collect();
        let expected = [("楔子", vec![]), ("上卷", vec!["第一回", "第二回"]), ("下卷", vec!["第三回"])];
        let expected: Vec<(String, Vec<String>)> = expected
            .into_iter()
            .map(|(title, children)| (title.to_owned(), children.into_iter().map(str::to_owned).collect()))
            .collect();
        assert_eq!(shape, expected);
        let text = again.chapters().iter().map(|chapter| chapter.text().into_owned()).collect::<String>();
        assert!(text.contains("从前 <b>&"), "{text}");
    }

    #[test]
    fn markup_loses_what_is_no_text() {
        let markup = LeafText::Markup("<p>甲<script>x()</script><a href=\"javascript:x\">乙</a></p>".into());
        let leaves = vec![Leaf { title: "一".into(), is_volume: false, text: markup }];
        let book = bound(Metadata::default(), leaves, None).unwrap();
        let Content::Markup(page) = &book.chapters()[0].content else { panic!("it is no page") };
        assert!(page.contains("甲") && page.contains("乙") && !page.contains("x()") && !page.contains("javascript"));
        assert!(matches!(bound(Metadata::default(), Vec::new(), None), Err(Error::Malformed(_))));
    }
}
