//! What styles and numberings mean: which paragraphs are headings, which lists have numbers.

use crate::book::markup::{Attributes, Entities, Token, local, tokens};
use std::collections::HashMap;

/// How long a chain of styles that build on others is followed.
const LONGEST_CHAIN: usize = 12;

/// The styles and numberings of a document.
#[derive(Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
    /// Number → abstract number.
    numbers: HashMap<String, String>,
    /// Abstract numbers and levels whose items have bullets.
    bullets: HashMap<(String, String), bool>,
}

#[derive(Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    level: Option<usize>,
    /// The list that its paragraphs are items of, and how deep.
    number: Option<String>,
    depth: usize,
}

impl Styles {
    /// Reads the two parts; either may be empty.
    pub(super) fn read(styles: &str, numbering: &str) -> Styles {
        let mut all = Styles::default();
        let entities = Entities::new();
        let value = |attributes: Attributes<'_>| attributes.get("val", &entities).unwrap_or_default();
        let mut current: Option<String> = None;
        for token in tokens(styles) {
            match token {
                Token::Open { name, attributes, .. } => match local(name) {
                    "style" => {
                        current = attributes.get("styleId", &entities);
                        if let Some(id) = &current {
                            all.styles.insert(id.clone(), Style::default());
                        }
                    }
                    part @ ("name" | "basedOn" | "outlineLvl" | "numId" | "ilvl") => {
                        let Some(style) = current.as_ref().and_then(|id| all.styles.get_mut(id)) else { continue };
                        let value = value(attributes);
                        match part {
                            "name" => style.name = value.to_lowercase(),
                            "basedOn" => style.based_on = Some(value),
                            "numId" => style.number = Some(value),
                            "ilvl" => style.depth = value.trim().parse().unwrap_or(0usize).min(8),
                            _ => style.level = outline_level(&value),
                        }
                    }
                    _ => {}
                },
                Token::Close { name } if local(name) == "style" => current = None,
                _ => {}
            }
        }
        let (mut list, mut level, mut number) = (String::new(), String::new(), String::new());
        for token in tokens(numbering) {
            let Token::Open { name, attributes, .. } = token else { continue };
            match local(name) {
                "abstractNum" => list = attributes.get("abstractNumId", &entities).unwrap_or_default(),
                "lvl" => level = attributes.get("ilvl", &entities).unwrap_or_default(),
                "numFmt" => {
                    let bullet = matches!(value(attributes).as_str(), "bullet" | "none");
                    all.bullets.insert((list.clone(), level.clone()), bullet);
                }
                "num" => number = attributes.get("numId", &entities).unwrap_or_default(),
                "abstractNumId" => {
                    all.numbers.insert(number.clone(), value(attributes));
                }
                _ => {}
            }
        }
        all
    }

    /// The level of the heading that a style makes, from 1.
    pub(super) fn heading(&self, id: &str) -> Option<usize> {
        let mut id = id.to_owned();
        for _ in 0..LONGEST_CHAIN {
            let Some(style) = self.styles.get(&id) else { return named(&id.to_lowercase()) };
            if let Some(level) = named(&style.name).or(style.level) {
                return Some(level);
            }
            id = style.based_on.clone()?;
        }
        None
    }

    /// The list that paragraphs of a style are items of, and how deep.
    pub(super) fn list(&self, id: &str) -> Option<(String, usize)> {
        let mut id = id;
        for _ in 0..LONGEST_CHAIN {
            let style = self.styles.get(id)?;
            if let Some(number) = &style.number {
                return (number != "0").then(|| (number.clone(), style.depth));
            }
            id = style.based_on.as_deref()?;
        }
        None
    }

    /// Whether the items of a list at a level have numbers.
    pub(super) fn is_ordered(&self, number: &str, level: usize) -> bool {
        let Some(list) = self.numbers.get(number) else { return false };
        !self.bullets.get(&(list.clone(), level.to_string())).copied().unwrap_or(false)
    }
}

/// 0 to 8 are headings, 9 is text.
pub(super) fn outline_level(value: &str) -> Option<usize> {
    value.trim().parse::<usize>().ok().filter(|level| *level < 9).map(|level| level + 1)
}

/// `heading 1`, `标题 2`, `Überschrift 3`, and the names without a blank.
fn named(name: &str) -> Option<usize> {
    const NAMES: [&str; 14] = [
        "heading",
        "标题",
        "標題",
        "title",
        "überschrift",
        "titre",
        "título",
        "titolo",
        "заголовок",
        "見出し",
        "제목",
        "kop",
        "rubrik",
        "nagłówek",
    ];
    let rest = NAMES.iter().find_map(|start| name.strip_prefix(start))?;
    rest.trim().parse().ok().filter(|level| (1..=9).contains(level))
}
