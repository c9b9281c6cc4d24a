//! Notes as Chinese bookshops mark them, in the terms of EPUB 3: `noteref` and `footnote`.

use super::super::dom::{Element, NodeId};
use super::page::Cleaner;

/// Gives Duokan's notes their `epub:type`, and makes notes of those that Zhangyue and QQ keep in an
/// attribute of a small picture.
pub(super) fn complete(cleaner: &mut Cleaner<'_, '_>) {
    let nodes: Vec<NodeId> = cleaner.page.descendants(cleaner.body).collect();
    let mut notes = Vec::new();
    for node in nodes {
        let Some(element) = cleaner.page.element_mut(node) else { continue };
        if element.is("a") && element.has_word("class", "duokan-footnote") && element.get("epub:type").is_none() {
            element.set("epub:type", "noteref");
        } else if element.has_word("class", "duokan-footnote-item") && element.get("epub:type").is_none() {
            element.set("epub:type", "footnote");
        } else if element.is("img")
            && (element.has_word("class", "qqreader-footnote") || element.has_word("class", "zhangyue-footnote"))
        {
            notes.push(node);
        }
    }
    if notes.is_empty() {
        return;
    }
    let chapter = cleaner.context.book.chapters.iter().position(|one| one.path == cleaner.path).unwrap_or(0);
    for node in notes {
        let inside = cleaner.page.ancestors(node).any(|above| cleaner.page.is(above, "a"));
        let text = cleaner.page.element(node).and_then(|element| element.get("alt")).unwrap_or("").trim().to_owned();
        if !inside && !text.is_empty() {
            note(cleaner, chapter, node, text);
        }
    }
}

/// A link around the picture, and the note at the end of the page with a link back.
fn note(cleaner: &mut Cleaner<'_, '_>, chapter: usize, picture: NodeId, text: String) {
    let (from, to) = (cleaner.ids.fresh("noteref"), cleaner.ids.fresh("note"));
    let there = cleaner.context.link_to(chapter, Some(to.clone()));
    let back = cleaner.context.link_to(chapter, Some(from.clone()));
    let link = Element::html("a").with("id", from).with("epub:type", "noteref").with("href", there);
    cleaner.page.wrap(picture, link);
    let page = &mut cleaner.page;
    let aside = page.new_element(Element::html("aside").with("id", to).with("epub:type", "footnote"));
    let paragraph = page.new_element(Element::html("p"));
    let link = page.new_element(Element::html("a").with("href", back));
    let (arrow, text) = (page.new_text("◎ "), page.new_text(text));
    page.append(link, arrow);
    page.append(paragraph, link);
    page.append(paragraph, text);
    page.append(aside, paragraph);
    page.append(cleaner.body, aside);
}
