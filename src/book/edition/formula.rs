//! MathML: kept where the target shows it, in the form that EPUB wants; a line of text elsewhere.

use super::super::Change;
use super::super::dom::{Document, Element, NodeId, Space};
use super::page::{Cleaner, Fate};

/// How many children an element of a formula has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Children {
    /// Characters.
    Characters,
    /// Any number.
    Any,
    /// So many.
    Just(usize),
    /// Only elements of these two names.
    Only(&'static str, &'static str),
    None,
}

fn children_of(name: &str) -> Option<Children> {
    use Children::{Any, Characters, Just, None, Only};
    Some(match name {
        "mi" | "mn" | "mo" | "mtext" | "ms" | "annotation" => Characters,
        "math" | "mrow" | "msqrt" | "mstyle" | "merror" | "mpadded" | "mphantom" | "menclose" | "mtd" | "mfenced"
        | "semantics" => Any,
        "mfrac" | "mroot" | "msub" | "msup" | "munder" | "mover" => Just(2),
        "msubsup" | "munderover" => Just(3),
        "mtable" => Only("mtr", "mlabeledtr"),
        "mtr" | "mlabeledtr" => Only("mtd", "mtd"),
        "mmultiscripts" => Any,
        "mspace" | "none" | "mprescripts" => None,
        _ => return Option::None,
    })
}

/// Looks at a formula in a page.
pub(super) fn in_page(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    if !cleaner.context.takes_formulas() {
        let text = in_line(&cleaner.page, node);
        cleaner.context.note(Change::MathFlattened, &text);
        let element = cleaner.page.element(node).cloned();
        let is_block = element.as_ref().is_some_and(|math| math.get("display") == Some("block"));
        let mut span = Element::html(if is_block { "div" } else { "span" });
        if let Some(mut math) = element {
            cleaner.ids.settle(&mut math, &mut cleaner.context.report);
            if let Some(id) = math.get("id") {
                span.set("id", id);
            }
        }
        let span = cleaner.page.new_element(span);
        let text = cleaner.page.new_text(text);
        cleaner.page.append(span, text);
        cleaner.page.insert_before(node, span);
        return Fate::Gone;
    }
    let mut nodes: Vec<NodeId> = cleaner.page.descendants(node).collect();
    nodes.reverse();
    nodes.push(node);
    for at in nodes {
        put_right(&mut cleaner.page, at);
        if let Some(element) = cleaner.page.element_mut(at) {
            clean_attributes(element);
        }
    }
    let all: Vec<NodeId> = std::iter::once(node).chain(cleaner.page.descendants(node)).collect();
    for at in all {
        if let Some(element) = cleaner.page.element_mut(at) {
            cleaner.ids.settle(element, &mut cleaner.context.report);
        }
    }
    if cleaner.page.element(node).is_some_and(|math| math.get("alttext").is_none()) {
        let text = in_line(&cleaner.page, node);
        if let Some(math) = cleaner.page.element_mut(node) {
            math.set("alttext", text);
        }
    }
    Fate::Done
}

/// Gives an element what it may hold. Its children were seen to before.
fn put_right(page: &mut Document, node: NodeId) {
    let Some(element) = page.element(node) else { return };
    let name = if element.space == Space::Math { element.name.to_string() } else { String::new() };
    let Some(children) = children_of(&name) else {
        // Unknown elements, content MathML and XHTML in formulas are groups of what they hold.
        if name == "annotation-xml" || name.is_empty() && page.text_content(node).trim().is_empty() {
            return page.detach(node);
        }
        if let Some(element) = page.element_mut(node) {
            (element.space, element.name) = (Space::Math, "mrow".into());
            element.attributes.clear();
        }
        return only_elements(page, node);
    };
    match children {
        Children::Characters => {
            let text = page.text_content(node);
            if page.children(node).iter().any(|&child| page.element(child).is_some()) {
                empty(page, node);
                let text = page.new_text(text);
                page.append(node, text);
            }
        }
        Children::None => empty(page, node),
        Children::Any => only_elements(page, node),
        Children::Just(count) => {
            only_elements(page, node);
            if page.children(node).len() != count {
                group(page, node);
            }
        }
        Children::Only(first, second) => {
            only_elements(page, node);
            for child in page.children(node) {
                let fits = page.element(child).is_some_and(|one| one.name == first || one.name == second);
                if !fits {
                    page.wrap(child, Element { space: Space::Math, name: first.into(), attributes: Vec::new() });
                    if first == "mtr" {
                        page.wrap(child, Element { space: Space::Math, name: "mtd".into(), attributes: Vec::new() });
                    }
                }
            }
        }
    }
    match name.as_str() {
        "semantics" => semantics(page, node),
        "mmultiscripts" => scripts(page, node),
        _ => parts(page, node, &name),
    }
}

/// Parts of tables and scripts do not stand alone.
fn parts(page: &mut Document, node: NodeId, name: &str) {
    for child in page.children(node) {
        let Some(part) = page.element(child).map(|element| element.name.to_string()) else { continue };
        match part.as_str() {
            "mtr" | "mlabeledtr" if name != "mtable" => group(page, child),
            "mtd" if !matches!(name, "mtr" | "mlabeledtr") => group(page, child),
            "none" | "mprescripts" => group(page, child),
            "annotation" => page.detach(child),
            _ => {}
        }
    }
}

fn group(page: &mut Document, node: NodeId) {
    if let Some(element) = page.element_mut(node) {
        element.name = "mrow".into();
        element.attributes.retain(|(key, _)| key == "id");
    }
}

/// One expression and then its annotations.
fn semantics(page: &mut Document, node: NodeId) {
    let mut seen = false;
    for child in page.children(node) {
        let is_annotation = page.element(child).is_some_and(|element| element.name == "annotation");
        if is_annotation && !seen {
            page.detach(child);
        } else if !is_annotation && std::mem::replace(&mut seen, true) {
            // Two expressions: no semantics are left.
            return group(page, node);
        }
    }
    if !seen {
        group(page, node);
    }
}

/// A base, pairs of scripts, and maybe `<mprescripts/>` and more pairs.
fn scripts(page: &mut Document, node: NodeId) {
    let names: Vec<String> =
        page.children(node).iter().filter_map(|&child| page.element(child)).map(|one| one.name.to_string()).collect();
    let at = names.iter().position(|name| name == "mprescripts");
    let (before, behind) = (at.unwrap_or(names.len()), at.map_or(0, |at| names.len() - at - 1));
    let once = names.iter().filter(|name| *name == "mprescripts").count() <= 1;
    if before % 2 != 1 || behind % 2 != 0 || !once || names.first().is_some_and(|name| name == "none") {
        group(page, node);
        parts(page, node, "mrow");
    }
}

fn empty(page: &mut Document, node: NodeId) {
    for child in page.children(node) {
        page.detach(child);
    }
}

/// Characters between elements become `<mtext>`.
fn only_elements(page: &mut Document, node: NodeId) {
    for child in page.children(node) {
        let Some(text) = page.text(child) else { continue };
        if text.trim().is_empty() {
            page.detach(child);
        } else {
            page.wrap(child, Element { space: Space::Math, name: "mtext".into(), attributes: Vec::new() });
        }
    }
}

const VARIANTS: [&str; 14] = [
    "normal",
    "bold",
    "italic",
    "bold-italic",
    "double-struck",
    "bold-fraktur",
    "script",
    "bold-script",
    "fraktur",
    "sans-serif",
    "bold-sans-serif",
    "sans-serif-italic",
    "sans-serif-bold-italic",
    "monospace",
];

/// Leaves the attributes whose values are certain to be right.
fn clean_attributes(element: &mut Element) {
    let name = element.name.clone();
    element.attributes.retain(|(key, value)| {
        let is_length = || {
            let end = value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-')).unwrap_or(value.len());
            let (number, unit) = value.split_at(end);
            number.parse::<f32>().is_ok()
                && !number.ends_with('.')
                && matches!(unit, "" | "em" | "ex" | "px" | "pt" | "%")
        };
        let is_bool = || matches!(value.as_str(), "true" | "false");
        match (name.as_str(), key.as_str()) {
            (_, "id") => true,
            (_, "class") => {
                !value.trim().is_empty()
                    && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_".contains(&byte))
            }
            ("math", "display") => matches!(value.as_str(), "block" | "inline"),
            ("math", "alttext") => true,
            ("mi" | "mn" | "mo" | "mtext" | "ms" | "mstyle", "mathvariant") => VARIANTS.contains(&value.as_str()),
            ("mstyle" | "mtable", "displaystyle") => is_bool(),
            ("mstyle", "scriptlevel") => value.parse::<i8>().is_ok() && !value.starts_with('+'),
            ("mo", "stretchy" | "fence" | "separator" | "symmetric" | "largeop" | "movablelimits" | "accent") => {
                is_bool()
            }
            ("mover" | "munderover", "accent") | ("munder" | "munderover", "accentunder") => is_bool(),
            ("mo", "form") => matches!(value.as_str(), "prefix" | "infix" | "postfix"),
            ("mo", "lspace" | "rspace" | "minsize") | ("mspace", "width" | "height" | "depth") => is_length(),
            ("mfrac", "linethickness") => is_length(),
            ("mfrac", "bevelled") => is_bool(),
            ("mfenced", "open" | "close" | "separators") => true,
            ("menclose", "notation") => {
                matches!(
                    value.as_str(),
                    "longdiv" | "radical" | "box" | "roundedbox" | "circle" | "left" | "right" | "top" | "bottom"
                )
            }
            ("mtd", "rowspan" | "columnspan") => value.parse::<u16>().is_ok_and(|count| count > 0),
            ("mtable" | "mtr" | "mtd", "columnalign") => {
                name != "mtd"
                    && !value.trim().is_empty()
                    && value.split(' ').all(|one| matches!(one, "left" | "center" | "right"))
                    || name == "mtd" && matches!(value.as_str(), "left" | "center" | "right")
            }
            ("annotation", "encoding") => true,
            _ => false,
        }
    });
}

/// A formula as one line: `a/b`, `x^2`, `√(x)`.
fn in_line(page: &Document, top: NodeId) -> String {
    let mut out = String::new();
    let mut at = top;
    // The depth of the tree is bounded; what closes an element is found on the way up.
    loop {
        enter(page, at, top, &mut out);
        let skipped =
            page.element(at).is_some_and(|element| matches!(element.name.as_str(), "annotation" | "annotation-xml"));
        if let Some(first) = page.first_child(at).filter(|_| !skipped) {
            at = first;
            continue;
        }
        loop {
            leave(page, at, &mut out);
            if at == top {
                return out.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            if let Some(next) = page.next(at) {
                between(page, at, &mut out);
                at = next;
                break;
            }
            match page.parent(at) {
                Some(parent) => at = parent,
                None => return out,
            }
        }
    }
}

fn enter(page: &Document, node: NodeId, top: NodeId, out: &mut String) {
    if let Some(text) = page.text(node) {
        if node != top {
            out.push_str(text.trim());
        }
        return;
    }
    match page.element(node).map(|element| element.name.as_str()) {
        Some("msqrt") => out.push_str("√("),
        Some("mroot") => out.push_str("√("),
        Some("mo") => out.push(' '),
        Some("mfenced") => out.push('('),
        Some("mrow") if is_grouped(page, node) => out.push('('),
        _ => {}
    }
}

fn leave(page: &Document, node: NodeId, out: &mut String) {
    match page.element(node).map(|element| element.name.as_str()) {
        Some("msqrt" | "mroot" | "mfenced") => out.push(')'),
        Some("mo" | "mtr") => out.push(' '),
        Some("mrow") if is_grouped(page, node) => out.push(')'),
        _ => {}
    }
}

/// Whether the parts of a group have to be kept together.
fn is_grouped(page: &Document, node: NodeId) -> bool {
    let above = page.parent(node).and_then(|above| page.element(above));
    let binds = above.is_some_and(|above| matches!(above.name.as_str(), "mfrac" | "msup" | "msub" | "msubsup"));
    binds && page.first_child(node) != page.last_child(node)
}

fn between(page: &Document, node: NodeId, out: &mut String) {
    let Some(above) = page.parent(node).and_then(|above| page.element(above)) else { return };
    // Blanks stand between the parts of a formula, and behind the last.
    let is_part = |at: NodeId| page.element(at).is_some();
    let any_part = |from: Option<NodeId>, step: &dyn Fn(NodeId) -> Option<NodeId>| {
        std::iter::successors(from, |&at| step(at)).take(3).any(is_part)
    };
    if !is_part(node) || !any_part(page.next(node), &|at| page.next(at)) {
        return;
    }
    let is_first = !any_part(page.previous(node), &|at| page.previous(at));
    match above.name.as_str() {
        "mfrac" => out.push('/'),
        "msup" | "mover" => out.push('^'),
        "msub" | "munder" => out.push('_'),
        "msubsup" | "munderover" => out.push(if is_first { '_' } else { '^' }),
        "mroot" | "mfenced" | "mtr" => out.push_str(", "),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::dom::Syntax;
    use super::*;

    fn formula(source: &str) -> (Document, NodeId) {
        let page = Document::parse(source);
        let math = page.children(Document::ROOT)[0];
        (page, math)
    }

    #[test]
    fn formulas_in_a_line() {
        let check = |source: &str, expected: &str| {
            let (page, math) = formula(&format!("<math>{source}</math>"));
            assert_eq!(in_line(&page, math), expected);
        };
        check("<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>", "a/(b + 1)");
        check("<msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><msqrt><mi>y</mi></msqrt>", "x^2 = √(y)");
        check("<msubsup>\n<mi>x</mi> <mn>1</mn> <mn>2</mn>\n</msubsup>", "x_1^2");
        check("<msup>\n<mfenced>\n<mi>a</mi>\n</mfenced>\n<mn>2</mn>\n</msup>", "(a)^2");
    }

    #[test]
    fn structure_is_put_right() {
        let check = |source: &str, expected: &str| {
            let (mut page, math) = formula(&format!("<math>{source}</math>"));
            let mut nodes: Vec<NodeId> = page.descendants(math).collect();
            nodes.reverse();
            nodes.push(math);
            for node in nodes {
                put_right(&mut page, node);
            }
            let shown: String = page.children(math).iter().map(|&child| page.to_markup(child, Syntax::Xhtml)).collect();
            assert_eq!(shown.replace(" xmlns=\"http://www.w3.org/1998/Math/MathML\"", ""), expected);
        };
        check("<mfrac><mi>a</mi></mfrac>x", "<mrow><mi>a</mi></mrow><mtext>x</mtext>");
        check("<apply><ci>a</ci></apply>", "<mrow><mrow><mtext>a</mtext></mrow></mrow>");
        check("<mtable><mi>a</mi></mtable>", "<mtable><mtr><mtd><mi>a</mi></mtd></mtr></mtable>");
    }
}
