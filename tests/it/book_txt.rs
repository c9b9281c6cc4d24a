//! Plain text of many kinds: title, authors, language and chapters against lists made by hand.

use serde::Deserialize;
use shutong::book::{TocEntry, read};
use std::path::Path;

#[derive(Deserialize)]
struct Expected {
    title: String,
    authors: Vec<String>,
    language: String,
    chapters: Vec<String>,
}

fn titles(entries: &[TocEntry]) -> Vec<String> {
    entries.iter().flat_map(|entry| [vec![entry.title.clone()], titles(&entry.children)].concat()).collect()
}

#[test]
fn chapters_are_those_of_the_lists() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/books/txt");
    let mut count = 0;
    for case in std::fs::read_dir(cases).unwrap() {
        let folder = case.unwrap().path();
        let expected: Expected = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let book = read(&std::fs::read(folder.join("source.txt")).unwrap(), Some("source.txt")).unwrap();
        let metadata = book.metadata();
        assert_eq!(titles(book.toc()), expected.chapters, "{}", folder.display());
        assert_eq!(metadata.title, expected.title, "{}", folder.display());
        assert_eq!(metadata.authors(), expected.authors, "{}", folder.display());
        assert_eq!(metadata.language.as_deref(), Some(expected.language.as_str()), "{}", folder.display());
        count += 1;
    }
    assert!(count >= 10);
}
