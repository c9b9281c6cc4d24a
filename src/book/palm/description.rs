//! What the description of the source (RESC) says about people and the series, which EXTH cannot.

use crate::book::markup::{Node, Tree};
use crate::book::model::{Contributor, Metadata, Role, Series};
use std::borrow::Cow;

/// More people than this are no description of a book.
const MOST_PEOPLE: usize = 200;

/// The XML of the record, if it is one.
pub(in crate::book) fn xml(record: &[u8]) -> Option<Cow<'_, str>> {
    let start = record.iter().position(|&byte| byte == b'<')?;
    let text = record.get(start..)?;
    let end = text.iter().rposition(|&byte| byte != 0)?;
    Some(String::from_utf8_lossy(text.get(..=end)?))
}

/// Puts into the metadata what the header could not say.
pub(in crate::book) fn complete(metadata: &mut Metadata, record: Option<&[u8]>) {
    let Some(text) = record.and_then(xml) else { return };
    let Ok(tree) = Tree::parse(&text) else { return };
    let Some(node) = tree.first("metadata") else { return };
    let people = node.descendants().filter(|element| element.is("contributor") || element.is("creator"));
    let told = people.take(MOST_PEOPLE).filter_map(|person| {
        let role = person.attribute("role").map(|code| Role::from_code(&code))?;
        let sort_as = person.attribute("file-as");
        Some(Contributor { name: person.text(), role, sort_as, creator: person.is("creator") })
    });
    let told: Vec<Contributor> = told.collect();
    let authors: Vec<String> = told.iter().filter(|one| one.role == Role::Author).map(|one| one.name.clone()).collect();
    for person in told {
        let is_author_too = authors.contains(&person.name);
        add(metadata, person, is_author_too);
    }
    if metadata.series.is_none() {
        let name = named(node, "calibre:series").filter(|name| !name.is_empty());
        metadata.series = name.map(|name| Series { name, number: named(node, "calibre:series_index") });
    }
}

/// EXTH has names without roles: those of authors, who are others if the book has no author, and others.
fn add(metadata: &mut Metadata, told: Contributor, is_author_too: bool) {
    let people = &mut metadata.contributors;
    if told.name.is_empty() {
        return;
    }
    let with = |wanted: Role| move |one: &Contributor| one.role == wanted;
    let named =
        |wanted: Role, people: &[Contributor]| people.iter().position(|one| one.name == told.name && with(wanted)(one));
    let known = named(told.role, people).or_else(|| named(Role::Other, people));
    let known = known.or_else(|| named(Role::Author, people).filter(|_| !is_author_too));
    match known.and_then(|at| people.get_mut(at)) {
        Some(one) => {
            (one.role, one.creator) = (told.role, told.creator);
            one.sort_as = one.sort_as.take().or(told.sort_as);
        }
        None => people.push(told),
    }
}

fn named(metadata: Node<'_, '_>, name: &str) -> Option<String> {
    let is_it = |node: &Node<'_, '_>| node.is("meta") && node.attribute("name").as_deref() == Some(name);
    metadata.descendants().find(is_it)?.attribute("content")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_their_roles() {
        let record = b"RESC\0\0\0\x10....size=AP&version=1&type=1<?xml version=\"1.0\"?><metadata><dc:contributor \
            opf:role='trl' opf:file-as='Long, G'>G Long</dc:contributor><dc:contributor opf:role=\"ill\">A</dc:contributor>\
            <dc:contributor opf:role='edt'>New</dc:contributor><meta name='calibre:series' content='S'/>\
            <meta name='calibre:series_index' content='3'/></metadata><spine/>\0\0\0";
        let mut metadata = Metadata::default();
        metadata.add_author("A");
        metadata.add("A", Role::Other);
        metadata.add("G Long", Role::Other);
        complete(&mut metadata, Some(record));
        let people: Vec<_> = metadata.contributors.iter().map(|one| (one.name.as_str(), one.role)).collect();
        let expected =
            [("A", Role::Author), ("A", Role::Illustrator), ("G Long", Role::Translator), ("New", Role::Editor)];
        assert_eq!(people, expected);
        assert_eq!(metadata.contributors[2].sort_as.as_deref(), Some("Long, G"));
        assert_eq!(metadata.series, Some(Series { name: "S".into(), number: Some("3".into()) }));
        complete(&mut metadata, Some(b"RESC\0\0"));
        complete(&mut metadata, None);
        assert_eq!(metadata.contributors.len(), 4);
    }
}
