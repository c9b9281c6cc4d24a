//! Pages of a book whose indexes are lost: the text as it comes, cut where a skeleton starts.

use super::parts::{File, Parts};
use crate::book::palm::{Kind, tokens};

/// The pages; no link can be followed.
pub(super) fn pages(flow: &[u8]) -> Parts {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    let mut in_head = false;
    for token in tokens(flow) {
        let named = |name| token.kind != Kind::Text && token.is(name);
        if token.kind == Kind::Other || named("body") {
            in_head &= !named("body");
        } else if named("html") {
            in_head = token.kind == Kind::Open;
            if in_head {
                bodies.push(Vec::new());
            }
        } else if named("head") {
            in_head = token.kind == Kind::Open;
        } else if !in_head {
            if bodies.is_empty() {
                bodies.push(Vec::new());
            }
            bodies.last_mut().into_iter().for_each(|body| body.extend_from_slice(token.bytes));
        }
    }
    bodies.retain(|body| !body.trim_ascii().is_empty());
    let mut start = 0;
    let file = |body: Vec<u8>| {
        let head = b"<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title></title></head><body>".as_slice();
        let bytes = [head, &body, b"</body></html>"].concat();
        start += bytes.len();
        File { start: start - bytes.len(), bytes }
    };
    Parts { files: bodies.into_iter().map(file).collect(), fragments: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skeletons_start_pages() {
        let flow = b"<?xml?><html><head><title>t</title></head><body></body></html><p>one</p>\
            <html><head/><body></body></html><p>two</p>";
        let parts = pages(flow);
        let text: Vec<_> = parts.files.iter().map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).collect();
        assert_eq!(text.len(), 2);
        assert!(text[0].contains("<body><p>one</p></body>") && text[1].contains("<body><p>two</p></body>"));
    }
}
