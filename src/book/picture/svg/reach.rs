//! How large a drawing becomes when its references are followed.
//!
//! `use`, patterns, masks, clip paths, markers and filters copy what they point to, and what is
//! copied may hold references again: twenty lines make a billion shapes. The count here is made
//! from the leaves up, each element once, so it is linear in the drawing; it errs on the large side.

use super::{BROKEN, TOO_COMPLEX, source};
use resvg::usvg::roxmltree::{Document, Node};
use std::collections::HashMap;

/// Most elements after all references are followed; text and path data count by their length.
const MOST: u64 = 300_000;
/// Deepest nesting after all references are followed; the renderer recurses.
const DEEPEST: u32 = 2 * source::DEEPEST as u32;
/// Most selectors times elements: each is tried on each.
const MOST_MATCHES: u64 = 20_000_000;

#[derive(Clone, Copy, Default)]
struct Reach {
    elements: u64,
    depth: u32,
}

/// How often an element copies what it points to.
struct Link {
    to: usize,
    times: u64,
    /// The elements inside inherit the reference and copy it, too.
    inherited: bool,
}

/// Refuses a drawing that would explode, or that contains itself.
pub(super) fn check(xml: &Document<'_>) -> Result<(), &'static str> {
    let mut ids = HashMap::new();
    for node in xml.descendants() {
        if let Some(id) = node.attribute("id") {
            ids.entry(id).or_insert(node.id().get_usize());
        }
    }
    check_styles(xml)?;
    let nodes: Vec<Node<'_, '_>> = xml.descendants().collect();
    let styled = styled(xml, &ids);
    let mut done: Vec<Option<Reach>> = vec![None; nodes.len()];
    let mut open = vec![false; nodes.len()];
    let mut stack = vec![0usize];
    while let Some(&at) = stack.last() {
        let node = *nodes.get(at).ok_or(BROKEN)?;
        let (Some(slot), Some(opened)) = (done.get(at), open.get_mut(at)) else { return Err(BROKEN) };
        if slot.is_some() {
            stack.pop();
            continue;
        }
        let links = links(node, &ids);
        let needed = node.children().map(|child| child.id().get_usize());
        let needed = needed.chain(links.iter().map(|link| link.to)).chain(styled.iter().copied().filter(|_| at == 0));
        if *opened {
            let reach = total(node, &links, &done, &styled)?;
            if let Some(slot) = done.get_mut(at) {
                *slot = Some(reach);
            }
            stack.pop();
            continue;
        }
        *opened = true;
        for next in needed {
            match (done.get(next), open.get(next)) {
                (Some(Some(_)), _) => {}
                (_, Some(true)) => return Err("the drawing contains itself"),
                _ => stack.push(next),
            }
        }
    }
    Ok(())
}

fn total(node: Node<'_, '_>, links: &[Link], done: &[Option<Reach>], styled: &[usize]) -> Result<Reach, &'static str> {
    let of = |at: usize| done.get(at).copied().flatten().unwrap_or_default();
    let mut reach = Reach { elements: own(node), depth: 0 };
    for child in node.children() {
        let child = of(child.id().get_usize());
        reach.elements = reach.elements.saturating_add(child.elements);
        reach.depth = reach.depth.max(child.depth);
    }
    let inside = reach.elements;
    let mut heirs = inside;
    for link in links {
        let target = of(link.to);
        let times = if link.inherited { link.times.saturating_mul(heirs) } else { link.times };
        reach.elements = reach.elements.saturating_add(target.elements.saturating_mul(times));
        reach.depth = reach.depth.max(target.depth);
        // What a `use` copies inherits from it; links of elements come with `href` first.
        heirs = heirs.max(reach.elements.min(MOST)).min(if link.inherited { heirs } else { u64::MAX });
    }
    // A style sheet may give the reference to any element.
    if node.is_root() {
        for &at in styled {
            reach.elements = reach.elements.saturating_add(of(at).elements.saturating_mul(inside));
        }
    }
    reach.depth += 1;
    if reach.elements > MOST || reach.depth > DEEPEST {
        return Err(TOO_COMPLEX);
    }
    Ok(reach)
}

/// What the element itself costs.
fn own(node: Node<'_, '_>) -> u64 {
    if node.is_text() {
        // Setting a character takes as long as a dozen shapes.
        let in_text = node.ancestors().any(|one| matches!(one.tag_name().name(), "text" | "tspan" | "textPath"));
        return if in_text { node.text().map_or(0, |text| text.len() as u64 * 12) } else { 0 };
    }
    1 + vertices(node) / 64
}

fn vertices(node: Node<'_, '_>) -> u64 {
    let data = node.attribute("d").or_else(|| node.attribute("points"));
    // A vertex takes three characters at least: `1 1`.
    data.map_or(4, |data| data.len() as u64 / 3)
}

fn links(node: Node<'_, '_>, ids: &HashMap<&str, usize>) -> Vec<Link> {
    let mut out = Vec::new();
    if !node.is_element() || node.tag_name().name() == "a" {
        return out;
    }
    for attribute in node.attributes().filter(|attribute| attribute.name() == "href") {
        let id = attribute.value().trim().strip_prefix('#');
        out.extend(id.and_then(|id| ids.get(id)).map(|&to| Link { to, times: 1, inherited: false }));
    }
    for attribute in node.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        if !value.contains("url(") {
            continue;
        }
        for id in urls(value) {
            let Some(&to) = ids.get(id) else { continue };
            let once = matches!(name, "mask" | "clip-path" | "filter");
            let marks = name.starts_with("marker") || name == "style" && value.contains("marker");
            out.push(Link { to, times: if marks { vertices(node).saturating_mul(3) } else { 2 }, inherited: !once });
        }
    }
    out
}

/// The elements that style sheets refer to.
fn styled(xml: &Document<'_>, ids: &HashMap<&str, usize>) -> Vec<usize> {
    let sheets = xml.descendants().filter(|node| node.tag_name().name() == "style");
    let sheets = sheets.flat_map(|sheet| sheet.children().filter_map(|child| child.text()));
    let mut found: Vec<usize> = sheets.flat_map(urls).filter_map(|id| ids.get(id).copied()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The `id` of each `url(#id)`.
fn urls(text: &str) -> impl Iterator<Item = &str> {
    text.split("url(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches([' ', '"', '\'']).strip_prefix('#')?;
        rest.split([')', '"', '\'']).next().map(str::trim_end)
    })
}

fn check_styles(xml: &Document<'_>) -> Result<(), &'static str> {
    let (mut elements, mut selectors) = (0u64, 0u64);
    for node in xml.descendants() {
        elements += u64::from(node.is_element());
        if node.tag_name().name() == "style" {
            let text = node.children().filter_map(|child| child.text());
            selectors += text.map(|text| text.matches(['{', ',']).count() as u64).sum::<u64>();
        }
    }
    if elements.saturating_mul(selectors) > MOST_MATCHES { Err(TOO_COMPLEX) } else { Ok(()) }
}
