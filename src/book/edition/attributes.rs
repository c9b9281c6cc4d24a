//! Which attributes elements may have, and with which values. Everything else is taken away.

use super::super::dom::{Element, Space};
use super::super::language;

/// What kind of value an attribute must have.
#[derive(Clone, Copy)]
enum Value {
    Any,
    /// At least one character.
    Some,
    Number,
    Positive,
    Integer,
    Language,
    One(&'static [&'static str]),
    /// Present or not.
    Flag,
    Date,
}

const EVERYWHERE: [(&str, Value); 12] = [
    ("class", Value::Some),
    ("id", Value::Some),
    ("style", Value::Some),
    ("title", Value::Any),
    ("lang", Value::Language),
    ("xml:lang", Value::Language),
    ("dir", Value::One(&["ltr", "rtl", "auto"])),
    ("hidden", Value::Flag),
    ("epub:type", Value::Some),
    ("role", Value::Some),
    ("aria-label", Value::Some),
    ("aria-hidden", Value::One(&["true", "false"])),
];

const OWN: [(&str, &str, Value); 40] = [
    ("a", "href", Value::Any),
    ("a", "rel", Value::Any),
    ("a", "hreflang", Value::Language),
    ("area", "href", Value::Any),
    ("area", "alt", Value::Any),
    ("area", "shape", Value::One(&["rect", "circle", "poly", "default"])),
    ("area", "coords", Value::Some),
    ("img", "src", Value::Some),
    ("img", "alt", Value::Any),
    ("img", "width", Value::Number),
    ("img", "height", Value::Number),
    ("img", "usemap", Value::Some),
    ("map", "name", Value::Some),
    ("ol", "start", Value::Integer),
    ("ol", "reversed", Value::Flag),
    ("ol", "type", Value::One(&["1", "a", "A", "i", "I"])),
    ("li", "value", Value::Integer),
    ("td", "colspan", Value::Positive),
    ("td", "rowspan", Value::Number),
    ("th", "colspan", Value::Positive),
    ("th", "rowspan", Value::Number),
    ("th", "scope", Value::One(&["row", "col", "rowgroup", "colgroup"])),
    ("th", "abbr", Value::Any),
    ("col", "span", Value::Positive),
    ("colgroup", "span", Value::Positive),
    ("time", "datetime", Value::Date),
    ("audio", "src", Value::Some),
    ("audio", "controls", Value::Flag),
    ("audio", "loop", Value::Flag),
    ("audio", "preload", Value::One(&["none", "metadata", "auto"])),
    ("video", "src", Value::Some),
    ("video", "controls", Value::Flag),
    ("video", "loop", Value::Flag),
    ("video", "preload", Value::One(&["none", "metadata", "auto"])),
    ("video", "poster", Value::Some),
    ("video", "width", Value::Number),
    ("video", "height", Value::Number),
    ("source", "src", Value::Some),
    ("source", "type", Value::Some),
    ("track", "src", Value::Some),
];

/// Roles of publications and where they may stand, after "Digital Publishing WAI-ARIA".
const ROLES: [(&str, &[&str]); 8] = [
    ("a", &["doc-backlink", "doc-biblioref", "doc-glossref", "doc-noteref"]),
    ("aside", &["doc-dedication", "doc-example", "doc-footnote", "doc-glossary", "doc-pullquote", "doc-tip"]),
    ("nav", &["doc-index", "doc-pagelist", "doc-toc"]),
    ("hr", &["doc-pagebreak"]),
    ("header", &["doc-footnote"]),
    ("footer", &["doc-footnote"]),
    ("img", &["doc-cover"]),
    (
        "section",
        &[
            "doc-abstract",
            "doc-acknowledgments",
            "doc-afterword",
            "doc-appendix",
            "doc-bibliography",
            "doc-chapter",
            "doc-colophon",
            "doc-conclusion",
            "doc-credit",
            "doc-credits",
            "doc-dedication",
            "doc-endnotes",
            "doc-epigraph",
            "doc-epilogue",
            "doc-errata",
            "doc-example",
            "doc-foreword",
            "doc-glossary",
            "doc-index",
            "doc-introduction",
            "doc-notice",
            "doc-pagelist",
            "doc-part",
            "doc-preface",
            "doc-prologue",
            "doc-pullquote",
            "doc-qna",
            "doc-toc",
        ],
    ),
];

/// Takes away what an element may not have, and puts the rest into its proper form.
pub(super) fn clean(element: &mut Element, prefixes: &[&str]) {
    if element.attributes.is_empty() {
        return;
    }
    let name = element.name.clone();
    element.attributes.retain_mut(|(key, value)| match rule(&name, key) {
        Some(rule) => fits(rule, key, value),
        None => false,
    });
    if let Some(kinds) = element.get("epub:type") {
        let kept = known_types(kinds, prefixes);
        if kept.is_empty() {
            element.remove("epub:type");
        } else {
            element.set("epub:type", kept);
        }
    }
    if let Some(role) = element.get("role") {
        let role = role.trim();
        let allowed = ROLES.iter().any(|(element, roles)| *element == name && roles.contains(&role));
        if allowed {
            let role = role.to_owned();
            element.set("role", role);
        } else {
            element.remove("role");
        }
    }
    same_language(element);
}

fn rule(name: &str, key: &str) -> Option<Value> {
    let everywhere = EVERYWHERE.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    everywhere
        .or_else(|| OWN.iter().find(|(element, known, _)| *element == name && *known == key).map(|(.., value)| *value))
}

fn fits(rule: Value, key: &str, value: &mut String) -> bool {
    let digits = |text: &str| !text.is_empty() && text.len() < 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    match rule {
        Value::Any => true,
        Value::Some => !value.trim().is_empty(),
        Value::Number => {
            *value = value.trim().to_owned();
            digits(value)
        }
        Value::Positive => {
            *value = value.trim().to_owned();
            digits(value) && value.bytes().any(|byte| byte != b'0')
        }
        Value::Integer => {
            *value = value.trim().to_owned();
            digits(value.strip_prefix('-').unwrap_or(value))
        }
        Value::Language => match language::tag(value) {
            Some(tag) => {
                *value = tag;
                true
            }
            None => false,
        },
        Value::One(allowed) => {
            let lower = value.trim().to_ascii_lowercase();
            let found =
                allowed.iter().find(|one| **one == value.trim()).or_else(|| allowed.iter().find(|one| **one == lower));
            match found {
                Some(found) => {
                    *value = (*found).to_owned();
                    true
                }
                None => false,
            }
        }
        Value::Flag => {
            *value = key.to_owned();
            true
        }
        Value::Date => is_date(value),
    }
}

/// A year, a month or a day.
fn is_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let digits = |at: usize, count: usize| {
        parts.get(at).is_none_or(|part| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    parts.len() <= 3 && digits(0, 4) && digits(1, 2) && digits(2, 2)
}

/// The words of `epub:type` that a reading system may know: those without prefix, and those whose
/// prefix the page declares.
fn known_types(kinds: &str, prefixes: &[&str]) -> String {
    let known = |kind: &&str| {
        let is_name = |text: &str| {
            text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        match kind.split_once(':') {
            Some((prefix, name)) => prefixes.contains(&prefix) && is_name(name),
            None => is_name(kind),
        }
    };
    kinds.split_ascii_whitespace().filter(known).collect::<Vec<_>>().join(" ")
}

/// `lang` and `xml:lang` must say the same.
fn same_language(element: &mut Element) {
    let tag = element.get("xml:lang").or_else(|| element.get("lang")).map(str::to_owned);
    if let Some(tag) = tag.filter(|_| element.space == Space::Html) {
        element.set("lang", tag.clone());
        element.set("xml:lang", tag);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(element: Element, expected: &str) {
        let mut element = element;
        clean(&mut element, &["z3998"]);
        let shown: Vec<String> = element.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn only_what_is_known_stays() {
        check(
            Element::html("p").with("onclick", "x").with("class", "a b").with("data-x", "1").with("id", ""),
            "class=a b",
        );
        check(Element::html("td").with("colspan", "0").with("rowspan", " 2 ").with("headers", "x"), "rowspan=2");
        check(
            Element::html("ol").with("type", "A").with("start", "-3").with("reversed", ""),
            "type=A start=-3 reversed=reversed",
        );
        check(Element::html("p").with("lang", "zh_cn"), "lang=zh-CN xml:lang=zh-CN");
        check(Element::html("p").with("lang", "english!").with("dir", "RTL"), "dir=rtl");
        check(Element::html("i").with("epub:type", "note z3998:roman se:x 9"), "epub:type=note z3998:roman");
        check(Element::html("a").with("role", "doc-noteref").with("target", "_blank"), "role=doc-noteref");
        check(Element::html("p").with("role", "doc-noteref"), "");
        check(Element::html("time").with("datetime", "1999-13"), "datetime=1999-13");
    }
}
