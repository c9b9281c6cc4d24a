//! What a follower means by a text: one of a closed list of commands, or words to search for.
//!
//! Pure. Commands are recognised in Chinese and English, in full-width and traditional characters, with punctuation
//! around them and polite words at either end; everything else is a search, because titles can be anything (1984,
//! 三体, 求). What a command then does is not here.

mod picture;
mod post;
mod read;
mod subscribe;

use crate::book::Format;
use crate::store::records::{BookId, PlaceRecord};

use super::number;

/// What a follower wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// How it works.
    Help,
    /// Books by arrival, newest first.
    Latest,
    /// Books by popularity.
    Popular,
    /// Some books by chance.
    Random,
    /// What is known about the follower: downloads, quota, requests.
    Me,
    /// What is stored of the follower, by kind and number.
    MyData,
    /// What is stored, and for how long.
    Privacy,
    /// The first step of deleting the follower's data.
    Delete,
    /// The second.
    ConfirmDelete,
    /// Forget what was going on.
    Cancel,
    /// A greeting.
    Hello,
    /// Thanks.
    Thanks,
    /// The next page of the list.
    Next,
    /// The page before.
    Previous,
    /// A book of the list, by its number from 1.
    Pick(usize),
    /// A number that no list has: maybe a title.
    Number(String),
    /// A certain book: a link was tapped.
    Open(BookId),
    /// The book shown last, in this format.
    As(Format),
    /// How books are pushed to Kindles and mailboxes.
    PushHelp,
    /// Where a Kindle's owner approves our sender, as a picture.
    KindlePicture,
    /// Bind this address: first tell what that means.
    Bind(String),
    /// Bind it, having read that.
    Agree(String),
    /// The code that proves an address.
    Code(String),
    /// The addresses that are bound.
    Mailboxes,
    /// Forget an address, or its number; empty: the only one.
    Unbind(String),
    /// Push the book that these words or this number mean; empty: the one shown last.
    Push(String),
    /// Push a certain book: a link was tapped.
    PushBook(BookId),
    /// How pushes stand.
    PushStatus,
    /// Articles about these words; empty: the newest.
    Articles(String),
    /// A picture of the media folder.
    Picture {
        /// All that was typed.
        text: String,
        /// Words of its name, or a number; empty: list them.
        what: String,
    },
    /// What the follower subscribes to.
    Subscriptions,
    /// Tell of new books of this author, series or subject.
    Subscribe(String),
    /// Tell no more of this, or of its number; empty: the only one.
    Unsubscribe(String),
    /// Request what was just not found.
    RequestUnfound,
    /// Request a book by these words.
    Request(String),
    /// Search for these words.
    Search(String),
    /// The client sent something that it says cannot be shown.
    Unsupported,
    /// Not one letter or digit.
    Unreadable,
}

impl Command {
    /// Whether it may cost a search.
    pub(super) fn may_search(&self) -> bool {
        match self {
            Command::Search(_) | Command::Number(_) | Command::Request(_) => true,
            Command::Push(what) => !what.is_empty(),
            _ => false,
        }
    }
}

/// The most characters of a text that are looked at: no title is longer, and a search costs by the character.
pub const TEXT_CHARS: usize = 200;

/// What `text` means to a follower at `place`, the default one if the follower is nowhere.
///
/// ```
/// use shutong::reply::command::{Command, parse};
/// assert_eq!(parse("？", &Default::default()), Command::Help);
/// assert_eq!(parse("三体", &Default::default()), Command::Search("三体".into()));
/// ```
pub fn parse(text: &str, place: &PlaceRecord) -> Command {
    fixed(text).unwrap_or_else(|| at_place(text, place))
}

/// Commands that mean the same wherever the follower is, so that the place need not be read for them.
pub(super) fn fixed(text: &str) -> Option<Command> {
    let text = text.trim();
    if text.starts_with("【收到不支持的消息类型") {
        return Some(Command::Unsupported);
    }
    // Long texts are no commands, and folding them costs.
    if text.len() > 120 || text.contains('《') {
        return None;
    }
    let folded = fold(text);
    if !folded.is_empty() && folded.chars().all(|c| matches!(c, '?' | ' ' | '!')) && folded.contains('?') {
        return Some(Command::Help);
    }
    let core = folded.trim_matches(is_around);
    let other = || post::word(core).or_else(|| picture::word(core)).or_else(|| read::word(core));
    let word_of = |core: &str| word(core).or_else(other).or_else(|| subscribe::word(core));
    word_of(core).or_else(|| word(without_courtesy(core)))
}

fn at_place(text: &str, place: &PlaceRecord) -> Command {
    let text: String = text.trim().chars().take(TEXT_CHARS).collect();
    let text = text.trim();
    if !text.chars().any(char::is_alphanumeric) {
        return Command::Unreadable;
    }
    let with_words = post::with_words(text)
        .or_else(|| subscribe::with_words(text))
        .or_else(|| picture::with_words(text))
        .or_else(|| read::with_words(text));
    if let Some(command) = with_words.or_else(|| search_or_request(text)) {
        return command;
    }
    if text.contains('《') || text.chars().count() > 30 {
        return Command::Search(text.to_owned());
    }
    let folded = fold(text);
    let core = without_courtesy(folded.trim_matches(is_around));
    let list = place.listing.as_ref();
    let paged = match core {
        "n" | "下一页" | "下一頁" | "下页" | "下頁" | "翻页" | "翻頁" | "next page" => {
            Some(Command::Next)
        }
        "p" | "上一页" | "上一頁" | "上页" | "上頁" | "previous page" => Some(Command::Previous),
        // These are titles too, when there is nothing to turn.
        "next" | "more" | "更多" | "下一个" | "继续" | "繼續" if list.is_some() => Some(Command::Next),
        "previous" | "prev" | "back" | "返回" if list.is_some() => Some(Command::Previous),
        _ => None,
    };
    if let Some(command) = paged {
        return command;
    }
    if let Some(format) = Format::from_extension(core).filter(|_| place.book.is_some()) {
        return Command::As(format);
    }
    // A list that has not been shown has no numbers to pick.
    let shown = list.filter(|list| list.shown > 0).map_or(0, |list| list.books.len());
    match number::pick(core) {
        Some(number) if (1..=shown).contains(&number) => Command::Pick(number),
        Some(number) if (1..=place.pictures.len()).contains(&number) => {
            Command::Picture { text: text.to_owned(), what: core.to_owned() }
        }
        _ if core.bytes().all(|byte| byte.is_ascii_digit()) => Command::Number(core.to_owned()),
        _ => Command::Search(text.to_owned()),
    }
}

fn word(core: &str) -> Option<Command> {
    let command = match core {
        "帮助" | "幫助" | "帮忙" | "help" | "菜单" | "菜單" | "menu" | "怎么用" | "怎麼用" | "使用说明" | "指令" => {
            Command::Help
        }
        "最新" | "最新上架" | "新书" | "新書" | "上新" | "new" | "latest" => Command::Latest,
        "热门" | "熱門" | "热门书" | "排行" | "排行榜" | "hot" | "popular" => Command::Popular,
        "随机" | "隨機" | "换一批" | "換一批" | "随便" | "隨便" | "random" => Command::Random,
        "我的" | "我" | "我的书" | "我的書" | "我的记录" | "me" | "my books" => Command::Me,
        "我的数据" | "我的數據" | "my data" => Command::MyData,
        "隐私" | "隱私" | "隐私政策" | "隐私声明" | "privacy" => Command::Privacy,
        "删除我的数据" | "刪除我的數據" | "删除数据" | "注销" | "delete my data" => Command::Delete,
        "确认删除" | "確認刪除" | "delete everything" => Command::ConfirmDelete,
        "取消" | "算了" | "不要了" | "cancel" => Command::Cancel,
        "你好" | "您好" | "在吗" | "在嗎" | "hi" | "hello" => Command::Hello,
        "谢谢" | "謝謝" | "谢谢你" | "谢谢您" | "多谢" | "thanks" | "thank you" | "thx" => Command::Thanks,
        "求书" | "求書" | "request" | "request it" => Command::RequestUnfound,
        _ => return None,
    };
    Some(command)
}

/// `找 …` searches for whatever follows, a command's name too; `求书 …` requests it.
fn search_or_request(text: &str) -> Option<Command> {
    for verb in ["求书", "求書"] {
        if let Some(rest) = after(text, verb) {
            return Some(Command::Request(rest));
        }
    }
    if let Some(rest) = after(text, "request").filter(|_| is_apart(text, "request")) {
        return Some(Command::Request(rest));
    }
    for verb in ["搜索", "搜书", "搜書", "查找", "找书", "找書", "找", "搜", "查", "search", "find"] {
        if let Some(rest) = after(text, verb)
            && (is_apart(text, verb) || fixed(&rest).is_some())
        {
            return Some(Command::Search(rest));
        }
    }
    None
}

/// What follows `verb` at the beginning, if anything readable does.
fn after(text: &str, verb: &str) -> Option<String> {
    let start = text.get(..verb.len()).filter(|start| start.eq_ignore_ascii_case(verb))?;
    let rest =
        text[start.len()..].trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：' | ',' | '，'));
    rest.chars().any(char::is_alphanumeric).then(|| rest.trim_end().to_owned())
}

/// Whether `verb` stands by itself, so that 找 in a title is not taken for one.
fn is_apart(text: &str, verb: &str) -> bool {
    let next = text.get(verb.len()..).and_then(|rest| rest.chars().next());
    next.is_some_and(|c| c.is_whitespace() || matches!(c, ':' | '：' | '《'))
}

/// Full-width letters, digits and punctuation as ASCII, in lower case, blanks as one space.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if c != ' ' || !folded.ends_with(' ') {
            folded.push(c.to_ascii_lowercase());
        }
    }
    folded
}

/// Punctuation and pictures around a command; a sign that could be part of a title's name counts as around too,
/// because only commands are looked for behind it.
fn is_around(c: char) -> bool {
    !c.is_alphanumeric()
}

/// Polite words and particles at both ends, as often as they come.
fn without_courtesy(core: &str) -> &str {
    const BEFORE: &[&str] =
        &["请", "請", "麻烦", "我要", "我想看", "看看", "看一下", "来点", "来个", "给我", "please "];
    const BEHIND: &[&str] =
        &["吧", "啊", "呀", "呢", "哦", "喔", "嘛", "呗", "哈", "啦", "一下", "谢谢", "謝謝", " please", " thanks"];
    let mut rest = core;
    loop {
        let shorter = BEFORE.iter().find_map(|word| rest.strip_prefix(word));
        let shorter = shorter.or_else(|| BEHIND.iter().find_map(|word| rest.strip_suffix(word)));
        match shorter.map(|text| text.trim_matches(is_around)).filter(|text| !text.is_empty()) {
            Some(text) => rest = text,
            None => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::records::Listing;

    fn search(text: &str) -> Command {
        Command::Search(text.to_owned())
    }

    #[track_caller]
    pub(super) fn check(text: &str, expected: Command) {
        assert_eq!(parse(text, &PlaceRecord::default()), expected, "{text}");
    }

    #[test]
    fn commands_in_every_spelling() {
        for text in ["帮助", "  帮助。", "幫助", "Help!", "ＨＥＬＰ", "?", "？", "？？", "菜单", "帮助一下吧", "请帮助"]
        {
            check(text, Command::Help);
        }
        for (text, command) in [
            ("最新", Command::Latest),
            ("NEW", Command::Latest),
            ("看看最新的".trim_end_matches('的'), Command::Latest),
            ("热门", Command::Popular),
            ("hot", Command::Popular),
            ("“随机”", Command::Random),
            ("换一批吧", Command::Random),
            ("random please", Command::Random),
            ("我的", Command::Me),
            ("ｍｅ", Command::Me),
            ("隐私", Command::Privacy),
            ("删除我的数据", Command::Delete),
            ("确认删除", Command::ConfirmDelete),
            ("算了", Command::Cancel),
            ("谢谢！", Command::Thanks),
            ("你好呀", Command::Hello),
            ("求书", Command::RequestUnfound),
            ("n", Command::Next),
            ("Ｎ", Command::Next),
            ("下一页", Command::Next),
            ("next page", Command::Next),
            ("上一页", Command::Previous),
            ("【收到不支持的消息类型，暂无法显示】", Command::Unsupported),
            ("👍", Command::Unreadable),
            ("/::)", Command::Unreadable),
            ("", Command::Unreadable),
        ] {
            check(text, command);
        }
    }

    #[test]
    fn titles_are_not_commands() {
        for text in
            ["三体", "求", "求 三体", "《帮助》", "《随机》", "找自己", "我的前半生", "more", "back", "三", "Newton"]
        {
            check(text, search(text));
        }
        check("找 帮助", search("帮助"));
        check("搜：随机", search("随机"));
        check("找帮助", search("帮助"));
        check("find help", search("help"));
        check("Search Walden", search("Walden"));
        check("finder", search("finder"));
        check("1984", Command::Number("1984".into()));
        check("epub", search("epub"));
    }

    #[test]
    fn requests_name_their_book() {
        for text in ["求书 三体", "求书：三体", "求书三体", "求書 三体", "request 三体", "Request: 三体"]
        {
            check(text, Command::Request("三体".into()));
        }
        check("求书《三体》", Command::Request("《三体》".into()));
        check("requests", search("requests"));
    }

    #[test]
    fn numbers_pick_only_from_a_list_that_is_shown() {
        let listing = Listing { title: String::new(), books: (1..=20).collect(), first: 0, shown: 9, format: None };
        let open = PlaceRecord { listing: Some(listing.clone()), book: Some(1), ..PlaceRecord::default() };
        for (text, number) in [("3", 3), ("３", 3), ("三", 3), ("3.", 3), ("第三本", 3), ("12", 12), ("十二", 12)]
        {
            assert_eq!(parse(text, &open), Command::Pick(number), "{text}");
        }
        assert_eq!(parse("21", &open), Command::Number("21".into()));
        assert_eq!(parse("0", &open), Command::Number("0".into()));
        assert_eq!(parse("1984", &open), Command::Number("1984".into()));
        assert_eq!(parse("三体", &open), search("三体"));
        assert_eq!(parse("more", &open), Command::Next);
        assert_eq!(parse("EPUB", &open), Command::As(Format::Epub));
        let unseen = PlaceRecord { listing: Some(Listing { shown: 0, ..listing }), ..PlaceRecord::default() };
        assert_eq!(parse("3", &unseen), Command::Number("3".into()));
        assert_eq!(parse("三", &unseen), search("三"));
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(parse(&"书".repeat(3_000), &PlaceRecord::default()), search(&"书".repeat(TEXT_CHARS)));
    }
}
