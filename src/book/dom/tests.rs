//! Trees that are changed, and what they are then.

use super::*;

fn shown(document: &Document) -> String {
    document.to_markup(Document::ROOT, Syntax::Xhtml)
}

#[test]
fn nodes_are_moved_wrapped_and_unwrapped() {
    let mut page = Document::parse("<div><p>a</p><p>b</p><i>c</i></div>");
    let div = page.body();
    let children = page.children(div);
    page.insert_before(children[0], children[2]);
    assert_eq!(shown(&page), "<div><i>c</i><p>a</p><p>b</p></div>");
    page.unwrap(children[0]);
    page.wrap(children[1], Element::html("section").with("id", "x"));
    assert_eq!(shown(&page), "<div><i>c</i>a<section id=\"x\"><p>b</p></section></div>");
    page.prepend(div, children[1]);
    page.insert_after(children[1], children[2]);
    assert_eq!(shown(&page), "<div><p>b</p><i>c</i>a<section id=\"x\"></section></div>");
    page.detach(div);
    assert_eq!(shown(&page), "");
}

#[test]
fn descendants_come_in_order_and_stay_inside() {
    let page = Document::parse("<a><b>1<c>2</c></b>3</a><d>4</d>");
    let a = page.children(Document::ROOT)[0];
    let texts: Vec<&str> = page.descendants(a).filter_map(|at| page.text(at)).collect();
    assert_eq!(texts, ["1", "2", "3"]);
    assert_eq!(page.text_content(Document::ROOT), "1234");
}
