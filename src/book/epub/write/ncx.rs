//! The NCX: the contents for readers of EPUB 2, among them what turns an EPUB into a Kindle book.

use super::xml::Xml;
use super::{href, leads_to};
use crate::book::edition::Edition;
use crate::book::model::TocEntry;
use std::collections::HashMap;

const DOCUMENT_TYPE: &str =
    "<!DOCTYPE ncx PUBLIC \"-//NISO//DTD ncx 2005-1//EN\" \"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd\">";

/// The document; `uid` is the identifier that the package calls unique.
pub(super) fn write(edition: &Edition, uid: &str) -> Vec<u8> {
    let language = edition.metadata.language.as_deref().unwrap_or("und");
    let mut xml = Xml::new(DOCUMENT_TYPE);
    let root = [("xmlns", "http://www.daisy.org/z3986/2005/ncx/"), ("version", "2005-1"), ("xml:lang", language)];
    xml.open("ncx", &root);
    xml.open("head", &[]);
    let last_page = edition.page_list.len().to_string();
    let depth = depth(&edition.toc).to_string();
    for (name, content) in
        [("dtb:uid", uid), ("dtb:depth", &depth), ("dtb:totalPageCount", &last_page), ("dtb:maxPageNumber", &last_page)]
    {
        xml.empty("meta", &[("name", name), ("content", content)]);
    }
    xml.close();
    xml.open("docTitle", &[]);
    xml.leaf("text", &[], &edition.metadata.title);
    xml.close();
    xml.open("navMap", &[]);
    let mut points = Points { edition, count: 0, orders: HashMap::new() };
    points.write(&mut xml, &edition.toc);
    xml.close();
    points.pages(&mut xml);
    xml.finish()
}

fn depth(toc: &[TocEntry]) -> usize {
    toc.iter().map(|entry| 1 + depth(&entry.children)).max().unwrap_or(0)
}

struct Points<'e> {
    edition: &'e Edition,
    count: usize,
    /// The same place has the same `playOrder` wherever it stands.
    orders: HashMap<String, String>,
}

impl Points<'_> {
    fn write(&mut self, xml: &mut Xml, toc: &[TocEntry]) {
        for entry in toc {
            let Some(target) = leads_to(entry) else { continue };
            let source = href(self.edition, target);
            self.count += 1;
            let id = format!("n{}", self.count);
            xml.open("navPoint", &[("id", &id), ("playOrder", &self.order(&source))]);
            label(xml, &entry.title, &source);
            self.write(xml, &entry.children);
            xml.close();
        }
    }

    fn pages(&mut self, xml: &mut Xml) {
        if self.edition.page_list.is_empty() {
            return;
        }
        xml.open("pageList", &[]);
        xml.open("navLabel", &[]);
        xml.leaf("text", &[], "Pages");
        xml.close();
        for (at, page) in self.edition.page_list.iter().enumerate() {
            let Some(target) = &page.target else { continue };
            let source = href(self.edition, target);
            let number = page.title.trim();
            let is_number = !number.is_empty() && number.len() < 7 && number.bytes().all(|byte| byte.is_ascii_digit());
            let attributes = [
                ("id", format!("page{}", at + 1)),
                ("type", if is_number { "normal" } else { "special" }.to_owned()),
                ("value", if is_number { number.to_owned() } else { String::new() }),
                ("playOrder", self.order(&source)),
            ];
            let attributes: Vec<(&str, &str)> = attributes.iter().map(|(key, value)| (*key, value.as_str())).collect();
            xml.open("pageTarget", &attributes);
            label(xml, &page.title, &source);
            xml.close();
        }
        xml.close();
    }

    fn order(&mut self, source: &str) -> String {
        if let Some(order) = self.orders.get(source) {
            return order.clone();
        }
        let order = (self.orders.len() + 1).to_string();
        self.orders.insert(source.to_owned(), order.clone());
        order
    }
}

fn label(xml: &mut Xml, text: &str, source: &str) {
    xml.open("navLabel", &[]);
    xml.leaf("text", &[], text);
    xml.close();
    xml.empty("content", &[("src", source)]);
}
