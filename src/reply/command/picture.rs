//! The command for pictures: 图, 图 标题, picture …

use super::{Command, after, is_apart};

const VERBS: [&str; 6] = ["图片", "圖片", "图", "圖", "pictures", "picture"];

/// The command alone.
pub(super) fn word(core: &str) -> Option<Command> {
    VERBS.contains(&core).then(|| Command::Picture { text: core.to_owned(), what: String::new() })
}

/// The command with words or a number behind it. The verb stands apart, because 图书馆 is something else.
pub(super) fn with_words(text: &str) -> Option<Command> {
    let verb = VERBS.into_iter().find(|verb| is_apart(text, verb) && after(text, verb).is_some())?;
    Some(Command::Picture { text: text.to_owned(), what: after(text, verb)? })
}

#[cfg(test)]
mod tests {
    use crate::reply::command::{Command, parse};
    use crate::store::records::PlaceRecord;

    #[test]
    fn pictures_are_asked_for_by_a_verb_that_stands_apart() {
        for (text, expected) in
            [("图", ""), ("图片！", ""), ("Picture", ""), ("图 书签", "书签"), ("图：3", "3"), ("picture map", "map")]
        {
            match parse(text, &PlaceRecord::default()) {
                Command::Picture { what, .. } => assert_eq!(what, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        for text in ["图书馆", "图解西藏", "picturesque", "地图"] {
            assert_eq!(parse(text, &PlaceRecord::default()), Command::Search(text.into()));
        }
    }

    #[test]
    fn numbers_pick_from_the_pictures_that_were_listed() {
        let place = PlaceRecord { pictures: vec!["a.png".into(), "b.png".into()], ..PlaceRecord::default() };
        let second = Command::Picture { text: "2".into(), what: "2".into() };
        assert_eq!(parse("2", &place), second);
        assert_eq!(parse("第二个", &place), Command::Picture { text: "第二个".into(), what: "第二个".into() });
        assert_eq!(parse("3", &place), Command::Number("3".into()));
    }
}
