//! The platform's rules for a menu, with its limits in bytes, so that nothing is sent that it would refuse with a bare
//! number. Every mistake is found at once and names its button.

use std::collections::BTreeSet;

use serde::Serialize;

use super::file::{Button, Menu};

/// Buttons on a menu.
const TOP: usize = 3;
/// Buttons behind one.
const BEHIND: usize = 5;
/// Name of a button on the menu, in bytes.
const TOP_NAME: usize = 16;
/// Name of a button behind one, in bytes.
const BEHIND_NAME: usize = 60;
/// A key, in bytes.
const KEY: usize = 128;
/// A URL, in bytes.
const URL: usize = 1_024;
/// Domains that a conditional menu may lead to (65316).
const DOMAINS: usize = 3;

/// The types, each with the fields it needs and may have.
const KINDS: &[(&str, &[&str])] = &[
    ("click", &["key"]),
    ("view", &["url"]),
    ("scancode_push", &["key"]),
    ("scancode_waitmsg", &["key"]),
    ("pic_sysphoto", &["key"]),
    ("pic_photo_or_album", &["key"]),
    ("pic_weixin", &["key"]),
    ("location_select", &["key"]),
    ("media_id", &["media_id"]),
    ("view_limited", &["media_id"]),
    ("article_id", &["article_id"]),
    ("article_view_limited", &["article_id"]),
    ("miniprogram", &["url", "appid", "pagepath"]),
];

/// The limits, for whoever shows them while a menu is written. Lengths are in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Buttons on a menu.
    pub top: usize,
    /// Buttons behind one.
    pub behind: usize,
    /// Name of a button on the menu.
    pub top_name: usize,
    /// Name of a button behind one.
    pub behind_name: usize,
    /// A key.
    pub key: usize,
    /// A URL.
    pub url: usize,
    /// The types, each with the fields it needs and may have.
    pub kinds: &'static [(&'static str, &'static [&'static str])],
}

impl Limits {
    /// Those of the platform.
    pub const PLATFORM: Limits = Limits {
        top: TOP,
        behind: BEHIND,
        top_name: TOP_NAME,
        behind_name: BEHIND_NAME,
        key: KEY,
        url: URL,
        kinds: KINDS,
    };
}

/// Everything in a menu that the platform would not take; empty if it would.
pub(super) fn mistakes(menu: &Menu) -> Vec<String> {
    let mut wrong = Vec::new();
    if menu.buttons.is_empty() {
        wrong.push(
            "there is no [[button]]; the platform wants a menu for everybody, also beside conditional ones".into(),
        );
    }
    buttons("", &menu.buttons, &mut wrong);
    for (at, conditional) in menu.conditional.iter().enumerate() {
        let place = format!("conditional {}: ", at + 1);
        if conditional.buttons.is_empty() {
            wrong.push(format!("{place}there is no [[conditional.button]]"));
        }
        rule(&place, &conditional.tag_id, &conditional.client_platform_type, &mut wrong);
        buttons(&place, &conditional.buttons, &mut wrong);
        let domains = domains(&conditional.buttons);
        if domains.len() > DOMAINS {
            let named = domains.into_iter().collect::<Vec<_>>().join(", ");
            wrong.push(format!("{place}it leads to more than {DOMAINS} domains: {named}"));
        }
    }
    wrong
}

fn rule(place: &str, tag: &str, platform: &str, wrong: &mut Vec<String>) {
    if tag.is_empty() && platform.is_empty() {
        wrong.push(format!("{place}it says for whom neither by tag_id nor by client_platform_type"));
    }
    if !tag.bytes().all(|byte| byte.is_ascii_digit()) {
        wrong.push(format!("{place}tag_id \"{tag}\" is no number"));
    }
    if !matches!(platform, "" | "1" | "2" | "3") {
        wrong
            .push(format!("{place}client_platform_type is 1 for iOS, 2 for Android, 3 for others, not \"{platform}\""));
    }
}

fn buttons(place: &str, buttons: &[Button], wrong: &mut Vec<String>) {
    if buttons.len() > TOP {
        wrong.push(format!("{place}{} buttons; the platform takes {TOP}", buttons.len()));
    }
    for (at, button) in buttons.iter().enumerate() {
        let place = format!("{place}button {} \"{}\": ", at + 1, button.name);
        name(&place, &button.name, TOP_NAME, wrong);
        if button.buttons.is_empty() {
            deed(&place, button, wrong);
            continue;
        }
        if !button.kind.is_empty() || button.fields().iter().any(|(_, value)| !value.is_empty()) {
            wrong.push(format!("{place}it opens the buttons behind it, and can do nothing else: leave its type out"));
        }
        if button.buttons.len() > BEHIND {
            wrong.push(format!("{place}{} buttons behind it; the platform takes {BEHIND}", button.buttons.len()));
        }
        for (at, sub) in button.buttons.iter().enumerate() {
            let place = format!("{place}sub {} \"{}\": ", at + 1, sub.name);
            name(&place, &sub.name, BEHIND_NAME, wrong);
            match sub.buttons.is_empty() {
                true => deed(&place, sub, wrong),
                false => wrong.push(format!("{place}it has buttons behind it; the platform takes two levels")),
            }
        }
    }
}

fn name(place: &str, name: &str, most: usize, wrong: &mut Vec<String>) {
    if name.trim().is_empty() {
        wrong.push(format!("{place}it has no name"));
    }
    if name.len() > most {
        let bytes = name.len();
        wrong.push(format!(
            "{place}the name has {bytes} bytes; the platform takes {most}, {} Chinese characters",
            most / 3
        ));
    }
    if name.contains(char::is_control) {
        wrong.push(format!("{place}the name has a line break or another control character"));
    }
}

/// What a button does: its type, and the fields that belong to it.
fn deed(place: &str, button: &Button, wrong: &mut Vec<String>) {
    let Some((_, needed)) = KINDS.iter().find(|(kind, _)| *kind == button.kind) else {
        let known = KINDS.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ");
        wrong.push(match button.kind.as_str() {
            "" => format!("{place}it has no type; one of: {known}"),
            kind => format!("{place}there is no type \"{kind}\"; one of: {known}"),
        });
        return;
    };
    for (field, value) in button.fields() {
        match (needed.contains(&field), value.is_empty()) {
            (true, true) => wrong.push(format!("{place}the type {} needs {field}", button.kind)),
            (false, false) => wrong.push(format!("{place}the type {} has no {field}", button.kind)),
            _ => {}
        }
    }
    let mut at_most = |field: &str, value: &str, most: usize| {
        if value.len() > most {
            wrong.push(format!("{place}{field} has {} bytes; the platform takes {most}", value.len()));
        }
    };
    at_most("key", &button.key, KEY);
    at_most("url", &button.url, URL);
    if !button.url.is_empty() && host(&button.url).is_none() {
        wrong.push(format!("{place}url must begin with https:// or http://"));
    }
    if !button.appid.is_empty() && !button.appid.starts_with("wx") {
        wrong.push(format!("{place}appid is the mini program's AppID, wx…"));
    }
}

fn domains(buttons: &[Button]) -> BTreeSet<String> {
    let all = buttons.iter().flat_map(|button| std::iter::once(button).chain(&button.buttons));
    all.filter_map(|button| host(&button.url)).collect()
}

/// The host of a web address.
fn host(text: &str) -> Option<String> {
    let parsed = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    parsed.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::EXAMPLE;

    /// The only mistake in a menu, or none.
    #[track_caller]
    fn check(source: &str, expected: &str) {
        let wrong = mistakes(&Menu::parse(source).unwrap());
        match expected {
            "" => assert!(wrong.is_empty(), "{wrong:?}"),
            expected => assert!(wrong.len() == 1 && wrong[0].contains(expected), "{expected}: {wrong:?}"),
        }
    }

    fn one(fields: &str) -> String {
        format!("[[button]]\nname = \"找书\"\n{fields}\n")
    }

    #[test]
    fn the_example_is_a_menu() {
        check(EXAMPLE, "");
        assert!(Menu::parse(EXAMPLE).unwrap().buttons.len() == 3);
    }

    #[test]
    fn lengths_are_counted_in_bytes_and_the_button_is_named() {
        check(&one("type = \"click\"\nkey = \"帮助\""), "");
        check("[[button]]\nname = \"五个汉字啊\"\ntype = \"click\"\nkey = \"k\"", "");
        check(
            "[[button]]\nname = \"六个汉字太长\"\ntype = \"click\"\nkey = \"k\"",
            "button 1 \"六个汉字太长\": the name has 18 bytes; the platform takes 16",
        );
        let sub = |name: &str| {
            format!(
                "[[button]]\nname = \"a\"\n[[button.sub]]\nname = \"{name}\"\ntype = \"view\"\nurl = \"https://e.cn\""
            )
        };
        check(&sub(&"字".repeat(20)), "");
        check(&sub(&"字".repeat(21)), "has 63 bytes; the platform takes 60");
        check(&one(&format!("type = \"click\"\nkey = \"{}\"", "k".repeat(128))), "");
        check(&one(&format!("type = \"click\"\nkey = \"{}\"", "k".repeat(129))), "key has 129 bytes");
        let url = |length: usize| one(&format!("type = \"view\"\nurl = \"https://e.cn/{}\"", "x".repeat(length - 13)));
        check(&url(1_024), "");
        check(&url(1_025), "url has 1025 bytes");
    }

    #[test]
    fn numbers_and_levels() {
        let button = one("type = \"click\"\nkey = \"k\"");
        check(&button.repeat(3), "");
        check(&button.repeat(4), "4 buttons; the platform takes 3");
        check("", "there is no [[button]]");
        let sub = "[[button.sub]]\nname = \"b\"\ntype = \"click\"\nkey = \"k\"\n";
        check(&format!("[[button]]\nname = \"a\"\n{}", sub.repeat(5)), "");
        check(&format!("[[button]]\nname = \"a\"\n{}", sub.repeat(6)), "6 buttons behind it");
        check(&format!("{button}{sub}"), "leave its type out");
        let deep = "[[button]]\nname = \"a\"\n[[button.sub]]\nname = \"b\"\n[[button.sub.sub]]\nname = \"c\"\n";
        check(deep, "two levels");
    }

    #[test]
    fn types_and_what_they_need() {
        check(&one(""), "it has no type");
        check(&one("type = \"clock\""), "there is no type \"clock\"");
        check(&one("type = \"click\""), "the type click needs key");
        check(&one("type = \"view\"\nurl = \"ftp://e.cn\""), "url must begin with https://");
        check(&one("type = \"click\"\nkey = \"k\"\nurl = \"https://e.cn\""), "the type click has no url");
        check(&one("type = \"miniprogram\"\nurl = \"https://e.cn\"\nappid = \"wx1\""), "needs pagepath");
        check(&one("type = \"article_id\"\narticle_id = \"a\""), "");
        check("[[button]]\nname = \"\"\ntype = \"click\"\nkey = \"k\"", "it has no name");
    }

    #[test]
    fn conditional_menus_say_for_whom() {
        let menu = |rule: &str| {
            let button = "name = \"a\"\ntype = \"click\"\nkey = \"k\"\n";
            format!("[[button]]\n{button}[[conditional]]\n{rule}\n[[conditional.button]]\n{button}")
        };
        check(&menu("tag_id = 2"), "");
        check(&menu("tag_id = \"2\"\nclient_platform_type = 2"), "");
        check(&menu(""), "conditional 1: it says for whom");
        check(&menu("client_platform_type = 4"), "not \"4\"");
        check(&menu("tag_id = \"x\""), "is no number");
        assert!(Menu::parse(&menu("sex = 1")).unwrap_err().contains("sex"));
    }

    #[test]
    fn a_conditional_menu_leads_to_three_domains() {
        let sub = |number: usize| {
            format!("[[conditional.button.sub]]\nname = \"b\"\ntype = \"view\"\nurl = \"https://e{number}.cn/x\"\n")
        };
        let menu = |domains: usize| {
            let subs: String = (0..domains).map(sub).collect();
            let first = one("type = \"click\"\nkey = \"k\"");
            format!("{first}[[conditional]]\ntag_id = 2\n[[conditional.button]]\nname = \"a\"\n{subs}")
        };
        check(&menu(3), "");
        check(&menu(4), "more than 3 domains: e0.cn");
    }
}
