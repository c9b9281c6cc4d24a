//! SVG: kept as it is drawn, without programs, with its links resolved.

use super::super::Change;
use super::super::dom::{Document, Element, NodeId, Space, Syntax};
use super::super::{language, picture};
use super::context::Context;
use super::page::{Cleaner, Fate};
use super::styles;

/// Looks at one element of a drawing in a page.
pub(super) fn in_page(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    let is_root = cleaner
        .page
        .parent(node)
        .and_then(|above| cleaner.page.element(above))
        .is_none_or(|above| above.space != Space::Svg);
    let is_kindle = cleaner.context.is_kindle();
    if is_root && (!cleaner.context.takes_drawings() || is_kindle && is_frame(&cleaner.page, node)) {
        return replaced(cleaner, node);
    }
    let Some(name) = cleaner.page.element(node).map(|element| element.name.clone()) else { return Fate::Done };
    match name.as_str() {
        "script" | "handler" | "listener" => {
            cleaner.context.note(Change::ScriptDropped, cleaner.path);
            return Fate::Gone;
        }
        "metadata" | "namedview" | "iframe" | "audio" | "video" | "canvas" => return Fate::Gone,
        name if !is_name(name) => return Fate::Unwrapped,
        "style" => {
            let css = cleaner.page.text_content(node);
            let css = styles::cleaned(cleaner.context, &css, cleaner.path);
            set_text(&mut cleaner.page, node, css);
        }
        "title" => {
            let text = cleaner.page.text_content(node);
            set_text(&mut cleaner.page, node, text);
        }
        _ => {}
    }
    let fate = links(cleaner, node, &name);
    if fate != Fate::Stays {
        return fate;
    }
    plain_attributes(cleaner, node);
    Fate::Stays
}

fn set_text(page: &mut Document, node: NodeId, text: String) {
    for child in page.children(node) {
        page.detach(child);
    }
    let text = page.new_text(text);
    page.append(node, text);
}

/// `xlink:href` and `href`: to pages from `<a>`, to pictures from `<image>`, else inside the drawing.
fn links(cleaner: &mut Cleaner<'_, '_>, node: NodeId, name: &str) -> Fate {
    let Some(element) = cleaner.page.element_mut(node) else { return Fate::Done };
    let (old, plain) = (element.remove("xlink:href"), element.remove("href"));
    let Some(href) = old.or(plain) else { return Fate::Stays };
    let href = href.trim().to_owned();
    let new = match name {
        "a" => cleaner.context.link(cleaner.path, &href),
        "image" | "feImage" if !href.starts_with('#') => match cleaner.context.picture(cleaner.path, &href) {
            Some(picture) => Some(picture),
            None => return Fate::Gone,
        },
        _ => href.strip_prefix('#').map(|id| format!("#{}", cleaner.ids.current(id))),
    };
    match (new, cleaner.page.element_mut(node)) {
        (Some(new), Some(element)) => element.set("xlink:href", new),
        (None, Some(element)) if name == "a" => element.name = "g".into(),
        (None, _) if name == "use" => return Fate::Gone,
        _ => {}
    }
    Fate::Stays
}

/// Attributes without programs, with sound names.
fn plain_attributes(cleaner: &mut Cleaner<'_, '_>, node: NodeId) {
    let Some(element) = cleaner.page.element_mut(node) else { return };
    element.attributes.retain(|(key, _)| {
        let plain = match key.split_once(':') {
            Some((prefix, name)) => matches!((prefix, name), ("xlink", _) | ("xml", "space" | "lang" | "id")),
            None => true,
        };
        plain
            && is_name(&key.replace(':', ""))
            && !key.starts_with("on")
            && !matches!(key.as_str(), "role" | "tabindex")
            && !key.starts_with("aria-")
    });
    cleaner.ids.settle(element, &mut cleaner.context.report);
    for key in ["lang", "xml:lang"] {
        let Some(old) = element.remove(key) else { continue };
        if let Some(tag) = language::tag(&old) {
            element.set(key, tag);
        }
    }
    let Some(style) = element.remove("style") else { return };
    let style = styles::attribute(cleaner.context, cleaner.path, &style);
    if let Some(element) = cleaner.page.element_mut(node).filter(|_| !style.is_empty()) {
        element.set("style", style);
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// A drawing for a target that has none: the one picture that it shows, else its text.
fn replaced(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    if cleaner.context.is_plain() {
        let text = cleaner.page.text_content(node);
        return text_instead(cleaner, node, &text);
    }
    let pictures: Vec<NodeId> =
        cleaner.page.descendants(node).filter(|&at| is_named(&cleaner.page, at, "image")).collect();
    let hrefs: Vec<String> = pictures
        .iter()
        .filter_map(|&at| {
            let element = cleaner.page.element(at)?;
            element.get("xlink:href").or_else(|| element.get("href")).map(str::to_owned)
        })
        .collect();
    let title = cleaner.page.descendants(node).find(|&at| is_named(&cleaner.page, at, "title"));
    let title = title.map(|at| cleaner.page.text_content(at)).unwrap_or_default();
    let mut shown = false;
    for href in hrefs {
        let Some(src) = cleaner.context.picture(cleaner.path, &href) else { continue };
        let picture = Element::html("img").with("src", src).with("alt", title.trim());
        let picture = cleaner.page.new_element(picture);
        cleaner.page.insert_before(node, picture);
        shown = true;
    }
    if !shown {
        drawn(cleaner, node, title.trim());
    }
    let texts: Vec<String> = cleaner
        .page
        .descendants(node)
        .filter(|&at| is_named(&cleaner.page, at, "text") || is_named(&cleaner.page, at, "foreignObject"))
        .map(|at| cleaner.page.text_content(at))
        .collect();
    text_instead(cleaner, node, &texts.join(" "))
}

/// Whether a drawing only frames pictures, as those around covers do; a Kindle shows the pictures better.
fn is_frame(page: &Document, node: NodeId) -> bool {
    let names = page.descendants(node).filter_map(|at| page.element(at)).map(|element| element.name.as_str());
    let mut pictures = 0;
    for name in names {
        match name {
            "image" => pictures += 1,
            "g" | "title" | "desc" | "defs" | "a" => {}
            _ => return false,
        }
    }
    pictures > 0
}

/// A drawing without pictures of the book, as a picture.
fn drawn(cleaner: &mut Cleaner<'_, '_>, node: NodeId, alt: &str) -> bool {
    let svg = cleaner.page.to_markup(node, Syntax::Xhtml);
    let drawn = {
        let (context, path) = (&*cleaner.context, cleaner.path);
        let (places, resources) = (&context.places, context.book.resources());
        let lookup = |href: &str| Some(resources.get(places.resource(path, href)?)?.bytes.as_slice());
        picture::svg::draw(svg.as_bytes(), &lookup, &context.files.budget)
    };
    let picture::svg::Drawing { bytes, media_type, width, height } = match drawn {
        Ok(drawing) => drawing,
        Err(reason) => {
            cleaner.context.note(Change::PictureDropped, &format!("{}: {reason}", cleaner.path));
            return false;
        }
    };
    cleaner.context.note(Change::DrawingRasterised, cleaner.path);
    let extension = if media_type == "image/png" { "png" } else { "jpg" };
    let file = cleaner.context.files.add('i', extension, media_type, bytes);
    let Some(src) = cleaner.context.file_path(file) else { return false };
    let image = Element::html("img").with("src", src).with("alt", alt);
    let image = image.with("width", width.to_string()).with("height", height.to_string());
    let image = cleaner.page.new_element(image);
    cleaner.page.insert_before(node, image);
    true
}

fn is_named(page: &Document, node: NodeId, name: &str) -> bool {
    page.element(node).is_some_and(|element| element.space == Space::Svg && element.name == name)
}

fn text_instead(cleaner: &mut Cleaner<'_, '_>, node: NodeId, text: &str) -> Fate {
    if !text.trim().is_empty() {
        let text = cleaner.page.new_text(text);
        cleaner.page.insert_before(node, text);
        cleaner.page.wrap(text, Element::html("span"));
    }
    Fate::Gone
}

/// A drawing that is a file of its own, cleaned; none if there is no drawing in it.
pub(super) fn file(context: &mut Context<'_>, path: &str, markup: &str) -> Option<String> {
    let page = Document::parse(markup);
    let root = page.children(Document::ROOT).into_iter().find(|&node| is_named(&page, node, "svg"))?;
    let mut cleaner = Cleaner::new(context, path, page);
    cleaner.walk_from(root);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    cleaner.page.write(root, Syntax::Xhtml, &mut out);
    Some(out)
}
