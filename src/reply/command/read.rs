//! Commands about articles: 文章, and 文章 with words.

use super::{Command, after, is_apart};

/// The command alone.
pub(super) fn word(core: &str) -> Option<Command> {
    let is_one = matches!(core, "文章" | "最新文章" | "article" | "articles");
    is_one.then(|| Command::Articles(String::new()))
}

/// The command with words behind it. A title may begin like it, so the words must stand apart.
pub(super) fn with_words(text: &str) -> Option<Command> {
    let of = |verb: &&str| after(text, verb).filter(|_| is_apart(text, verb));
    ["文章", "articles", "article"].iter().find_map(of).map(Command::Articles)
}

#[cfg(test)]
mod tests {
    use crate::reply::command::Command;
    use crate::reply::command::tests::check;

    #[test]
    fn articles_are_asked_for_by_a_word_that_stands_apart() {
        for text in ["文章", "文章。", "articles", "Article", "最新文章"] {
            check(text, Command::Articles(String::new()));
        }
        for text in ["文章 冬天", "文章：冬天", "articles 冬天", "Article: 冬天"] {
            check(text, Command::Articles("冬天".into()));
        }
        for text in ["文章学", "文章千古事", "articled clerk", "particles"] {
            check(text, Command::Search(text.into()));
        }
    }
}
