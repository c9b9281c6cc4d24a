//! Pictures, sound, film and what is embedded: kept where the file exists and the target takes it,
//! else what stands in for it.

use super::super::dom::{Element, NodeId, Space};
use super::super::{Change, Format};
use super::files::Kind;
use super::page::{Cleaner, Fate};
use super::places::Place;

/// Looks at an element if it is one of those; `None` if it is not.
pub(super) fn look_at(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Option<Fate> {
    let name = cleaner.page.element(node)?.name.clone();
    Some(match name.as_str() {
        "img" | "image" => picture(cleaner, node),
        "audio" | "video" => sound_or_film(cleaner, node, name == "audio"),
        "object" | "applet" => object(cleaner, node),
        "embed" => embedded(cleaner, node),
        "iframe" => frame(cleaner, node),
        "map" if !maps_work(cleaner) => Fate::Unwrapped,
        "area" if !maps_work(cleaner) => Fate::Gone,
        "area" => area(cleaner, node),
        _ => return None,
    })
}

fn maps_work(cleaner: &Cleaner<'_, '_>) -> bool {
    matches!(cleaner.context.target, Format::Epub | Format::Html)
}

fn take(cleaner: &mut Cleaner<'_, '_>, node: NodeId, key: &str) -> Option<String> {
    cleaner.page.element_mut(node)?.remove(key).filter(|value| !value.trim().is_empty())
}

/// `<img>` with a file and a text; without a file, its text.
fn picture(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    cleaner.rename(node, "img");
    if cleaner.context.is_plain() {
        return Fate::Gone;
    }
    let src = take(cleaner, node, "src")
        .or_else(|| take(cleaner, node, "xlink:href"))
        .or_else(|| take(cleaner, node, "href"));
    let found = match src {
        Some(src) => cleaner.context.picture(cleaner.path, &src),
        None => {
            cleaner.context.note(Change::PictureDropped, cleaner.path);
            None
        }
    };
    let Some(src) = found else { return text_instead(cleaner, node) };
    if let Some(element) = cleaner.page.element_mut(node) {
        element.set("src", src);
        if element.get("alt").is_none() {
            element.set("alt", "");
        }
        element.remove("name");
    }
    cleaner.element_rules(node);
    Fate::Stays
}

/// The text of a picture that is not there.
fn text_instead(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    let alt = take(cleaner, node, "alt");
    cleaner.rename(node, "span");
    let has_id = cleaner.page.element(node).is_some_and(|element| element.get("id").is_some());
    if alt.is_none() && !has_id {
        return Fate::Gone;
    }
    if let Some(alt) = alt {
        let text = cleaner.page.new_text(alt);
        cleaner.page.append(node, text);
    }
    cleaner.element_rules(node);
    Fate::Done
}

/// The path of a file of that kind that is played.
fn played(cleaner: &mut Cleaner<'_, '_>, src: &str, kinds: &[Kind]) -> Option<String> {
    match cleaner.context.places.find(cleaner.path, src) {
        Place::Resource(at, _) => {
            let file = cleaner.context.files.plain(at, kinds)?;
            cleaner.context.file_path(file)
        }
        Place::Outside(_) => {
            cleaner.context.note(Change::RemoteDropped, src);
            None
        }
        _ => {
            cleaner.context.note(Change::FileMissing, src);
            None
        }
    }
}

fn sound_or_film(cleaner: &mut Cleaner<'_, '_>, node: NodeId, is_sound: bool) -> Fate {
    let kinds: &[Kind] = if is_sound { &[Kind::Audio] } else { &[Kind::Video, Kind::Audio] };
    let inside = cleaner
        .page
        .ancestors(node)
        .any(|above| cleaner.page.is(above, "audio") || cleaner.page.is(above, "video") || cleaner.page.is(above, "a"));
    let mut plays = false;
    if cleaner.context.takes_media() && !inside {
        if let Some(src) = take(cleaner, node, "src").and_then(|src| played(cleaner, &src, kinds)) {
            if let Some(element) = cleaner.page.element_mut(node) {
                element.set("src", src);
            }
            plays = true;
        }
        let own = plays;
        // Sources, then tracks, then what stands in for them.
        let children = cleaner.page.children(node);
        for wanted in ["track", "source"] {
            for &child in children.iter().rev().filter(|&&child| cleaner.page.is(child, wanted)).collect::<Vec<_>>() {
                let kinds = if wanted == "track" { &[Kind::Captions] } else { kinds };
                let src = take(cleaner, child, "src").filter(|_| wanted == "track" || !own);
                let Some(src) = src.and_then(|src| played(cleaner, &src, kinds)) else {
                    cleaner.page.detach(child);
                    continue;
                };
                if let Some(element) = cleaner.page.element_mut(child) {
                    element.set("src", src);
                }
                cleaner.page.prepend(node, child);
                plays |= wanted == "source";
            }
        }
    }
    if !plays {
        let change = if is_sound { Change::AudioDropped } else { Change::VideoDropped };
        cleaner.context.note(change, cleaner.path);
        let poster = take(cleaner, node, "poster").filter(|_| !cleaner.context.is_plain());
        if let Some(src) = poster.and_then(|poster| cleaner.context.picture(cleaner.path, &poster)) {
            let picture = cleaner.page.new_element(Element::html("img").with("src", src).with("alt", ""));
            cleaner.page.insert_before(node, picture);
        }
        for child in cleaner.page.children(node) {
            if cleaner.page.is(child, "source") || cleaner.page.is(child, "track") {
                cleaner.page.detach(child);
            }
        }
        cleaner.rename(node, "span");
        cleaner.element_rules(node);
        return Fate::Stays;
    }
    if let Some(poster) =
        take(cleaner, node, "poster").and_then(|poster| cleaner.context.picture(cleaner.path, &poster))
        && let Some(element) = cleaner.page.element_mut(node)
    {
        element.set("poster", poster);
    }
    cleaner.element_rules(node);
    Fate::Stays
}

/// `<object>`: the picture it names, else what stands in for it.
fn object(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    let data =
        take(cleaner, node, "data").or_else(|| take(cleaner, node, "src")).filter(|_| !cleaner.context.is_plain());
    let is_picture = data.as_deref().is_some_and(|data| match cleaner.context.places.find(cleaner.path, data) {
        Place::Resource(at, _) => cleaner.context.files.resource(at).is_some_and(|resource| {
            matches!(super::files::sniff(&resource.bytes), Some((Kind::Picture | Kind::Drawing, ..)))
        }),
        Place::Data => data.trim_start().get(5..11).is_some_and(|kind| kind.eq_ignore_ascii_case("image/")),
        _ => false,
    });
    let src = data.filter(|_| is_picture).and_then(|data| cleaner.context.picture(cleaner.path, &data));
    let Some(src) = src else {
        cleaner.context.note(Change::FileMissing, cleaner.path);
        cleaner.rename(node, "span");
        cleaner.element_rules(node);
        return Fate::Stays;
    };
    let picture = Element::html("img").with("src", src).with("alt", "");
    let picture = cleaner.page.new_element(picture);
    cleaner.page.insert_before(node, picture);
    if let Some(mut old) = cleaner.page.element(node).cloned() {
        let text = cleaner.page.text_content(node);
        cleaner.page.detach(node);
        old.name = "img".into();
        if let Some(element) = cleaner.page.element_mut(picture) {
            let src = element.remove("src");
            *element = old.with("src", src.unwrap_or_default()).with("alt", super::page::one_line(&text));
        }
    }
    cleaner.element_rules(picture);
    Fate::Gone
}

fn embedded(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    let Some(src) = take(cleaner, node, "src").filter(|_| !cleaner.context.is_plain()) else { return Fate::Gone };
    match cleaner.context.picture(cleaner.path, &src) {
        Some(src) => {
            cleaner.rename(node, "img");
            if let Some(element) = cleaner.page.element_mut(node) {
                element.set("src", src);
                element.set("alt", "");
            }
            cleaner.element_rules(node);
            Fate::Done
        }
        None => Fate::Gone,
    }
}

/// A frame shows a picture, or leads to the page it would show.
fn frame(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    let Some(src) = take(cleaner, node, "src") else {
        cleaner.rename(node, "div");
        cleaner.element_rules(node);
        return Fate::Stays;
    };
    match cleaner.context.places.find(cleaner.path, &src) {
        Place::Chapter(at, fragment) => {
            let title = take(cleaner, node, "title");
            let name = title.or_else(|| cleaner.context.book.chapters.get(at).map(|one| one.title.clone()));
            let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| src.clone());
            let href = cleaner.context.link_to(at, fragment);
            for child in cleaner.page.children(node) {
                cleaner.page.detach(child);
            }
            let text = cleaner.page.new_text(name);
            cleaner.page.append(node, text);
            cleaner.rename(node, "a");
            if let Some(element) = cleaner.page.element_mut(node) {
                element.attributes.retain(|(key, _)| matches!(key.as_str(), "id" | "class"));
                cleaner.ids.settle(element, &mut cleaner.context.report);
                element.set("href", href);
            }
            Fate::Done
        }
        Place::Resource(..) if !cleaner.context.is_plain() => {
            cleaner.rename(node, "embed");
            if let Some(element) = cleaner.page.element_mut(node) {
                element.set("src", src);
            }
            embedded(cleaner, node)
        }
        Place::Outside(_) => {
            cleaner.context.note(Change::RemoteDropped, &src);
            Fate::Gone
        }
        _ => {
            cleaner.context.note(Change::FileMissing, &src);
            Fate::Gone
        }
    }
}

/// A place in a picture that is a link.
fn area(cleaner: &mut Cleaner<'_, '_>, node: NodeId) -> Fate {
    let href = take(cleaner, node, "href").and_then(|href| cleaner.context.link(cleaner.path, &href));
    let Some(href) = href else { return Fate::Gone };
    if let Some(element) = cleaner.page.element_mut(node) {
        element.set("href", href);
        if element.get("alt").is_none() {
            element.set("alt", "");
        }
        let shape = element.get("shape").unwrap_or("rect").trim().to_ascii_lowercase();
        let numbers: Vec<Option<i64>> = element
            .get("coords")
            .unwrap_or("")
            .split([',', ' '])
            .filter(|one| !one.is_empty())
            .map(|one| one.trim().parse().ok())
            .collect();
        let count = numbers.len();
        let sound = numbers.iter().all(Option::is_some)
            && match shape.as_str() {
                "rect" => count == 4,
                "circle" => count == 3 && numbers.get(2).is_some_and(|radius| radius.is_some_and(|radius| radius >= 0)),
                "poly" => count >= 6 && count.is_multiple_of(2),
                _ => false,
            };
        element.remove("shape");
        element.remove("coords");
        if sound {
            let numbers: Vec<String> = numbers.into_iter().flatten().map(|one| one.to_string()).collect();
            element.set("shape", shape);
            element.set("coords", numbers.join(","));
        }
    }
    cleaner.element_rules(node);
    Fate::Stays
}

/// Of the cases of an `epub:switch`, the one that the target can show is left.
pub(super) fn choose_case(cleaner: &mut Cleaner<'_, '_>, node: NodeId) {
    let children: Vec<NodeId> =
        cleaner.page.children(node).into_iter().filter(|&child| cleaner.page.element(child).is_some()).collect();
    let fits = |cleaner: &Cleaner<'_, '_>, case: NodeId| {
        let Some(element) = cleaner.page.element(case) else { return false };
        let namespace = element.get("required-namespace").unwrap_or("");
        namespace.contains("MathML") && cleaner.context.takes_formulas()
            || namespace.contains("svg") && cleaner.context.takes_drawings()
            || namespace.contains("xhtml")
    };
    let is_case = |cleaner: &Cleaner<'_, '_>, child: NodeId| {
        cleaner
            .page
            .element(child)
            .is_some_and(|element| element.space == Space::Other && element.name.ends_with(":case"))
    };
    let chosen = children.iter().copied().find(|&child| is_case(cleaner, child) && fits(cleaner, child));
    let chosen = chosen
        .or_else(|| children.iter().copied().find(|&child| !is_case(cleaner, child)))
        .or(children.first().copied());
    for child in children {
        if Some(child) != chosen {
            cleaner.page.detach(child);
        }
    }
    if let Some(chosen) = chosen {
        cleaner.page.unwrap(chosen);
    }
}
