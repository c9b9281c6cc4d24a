//! What a change of the texts is held to.

use super::*;

fn changed(key: &str, text: &str) -> Result<Wordings, InvalidWording> {
    Wordings::new(Language::Zh, BTreeMap::from([(key.to_owned(), text.to_owned())]))
}

#[test]
fn both_languages_have_every_text_and_no_other() {
    let keys: std::collections::BTreeSet<String> = Word::ALL.iter().map(|word| word.key().to_owned()).collect();
    assert_eq!(keys.len(), Word::ALL.len());
    for language in [Language::Zh, Language::En] {
        let texts = Wordings::defaults(language);
        assert_eq!(texts.keys().cloned().collect::<std::collections::BTreeSet<_>>(), keys);
        if let Err(error) = Wordings::new(language, BTreeMap::new()) {
            panic!("{error}");
        }
    }
}

#[test]
fn both_languages_offer_the_same_taps() {
    let (zh, en) = (Wordings::defaults(Language::Zh), Wordings::defaults(Language::En));
    for word in Word::ALL {
        for (hole, ..) in TAPS {
            let has = |texts: &BTreeMap<String, String>| texts[word.key()].contains(&format!("{{{hole}}}"));
            assert_eq!(has(&zh), has(&en), "{} {hole}", word.key());
        }
    }
}

#[test]
fn holes_are_filled_and_taps_become_links() {
    let wordings = changed("nothing", "没有{text}，{tap_request}").unwrap();
    assert_eq!(
        wordings.say(Word::Nothing, &[("text", "三体")]),
        "没有三体，<a href=\"weixin://bizmsgmenu?msgmenucontent=求书&msgmenuid=c\">求书</a>"
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let said = |key: &str, text: &str| changed(key, text).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(said("nothink", "x"), "there is no wording called nothink");
    assert_eq!(said("nothing", "没有"), "the wording nothing lacks {text}");
    assert!(said("nothing", "{text} {titel}").starts_with("the wording nothing has {titel}"));
    assert_eq!(said("nothing", "{text"), "the wording nothing has an opening brace without a closing one");
    assert_eq!(said("hello", " \n"), "the wording hello is empty");
    assert!(said("hello", &"好".repeat(500)).contains("1500 bytes"));
}

#[test]
fn a_changed_label_changes_the_links() {
    let wordings = changed("label_help", "怎么用").unwrap();
    assert!(wordings.plain(Word::Welcome).contains("msgmenucontent=帮助&msgmenuid=c\">怎么用</a>"));
}
