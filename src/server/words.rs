//! Every word of the public pages and feeds, in both languages. A field that one language lacks does not compile.
//!
//! Not the replies in the conversation: the owner can change those, and they live with `reply`.

mod kindle;

pub(super) use kindle::KindleWords;

use warp::http::HeaderMap;
use warp::http::header::ACCEPT_LANGUAGE;

use crate::config::Language;

/// The words of one language.
pub(super) struct Words {
    /// For `<html lang>` and feeds.
    pub(super) tag: &'static str,
    pub(super) name: &'static str,
    pub(super) motto: &'static str,
    pub(super) home_title: &'static str,
    pub(super) home_steps: [&'static str; 3],
    pub(super) home_catalog: &'static str,
    pub(super) by: &'static str,
    pub(super) cover_of: &'static str,
    pub(super) about: &'static str,
    pub(super) contents: &'static str,
    pub(super) series: &'static str,
    pub(super) publisher: &'static str,
    pub(super) published: &'static str,
    pub(super) language: &'static str,
    pub(super) added: &'static str,
    pub(super) downloads: &'static str,
    pub(super) licence: &'static str,
    pub(super) source: &'static str,
    pub(super) incomplete: &'static str,
    pub(super) download: &'static str,
    pub(super) other_formats: &'static str,
    pub(super) formats: &'static str,
    pub(super) link_life: &'static str,
    pub(super) ask_title: &'static str,
    /// Before and after the title of the book.
    pub(super) ask_text: [&'static str; 2],
    pub(super) ask_expired: &'static str,
    pub(super) no_file_title: &'static str,
    pub(super) no_file_text: &'static str,
    pub(super) outside_title: &'static str,
    pub(super) outside_steps: [&'static str; 2],
    pub(super) outside_why: &'static str,
    pub(super) outside_copy: &'static str,
    pub(super) outside_back: &'static str,
    pub(super) back_home: &'static str,
    pub(super) newest: &'static str,
    pub(super) newest_about: &'static str,
    pub(super) popular: &'static str,
    pub(super) popular_about: &'static str,
    pub(super) all: &'static str,
    pub(super) all_about: &'static str,
    pub(super) results: &'static str,
    pub(super) search_about: &'static str,
    pub(super) articles: &'static str,
    pub(super) articles_about: &'static str,
    pub(super) articles_feed: &'static str,
    pub(super) all_articles: &'static str,
    pub(super) no_articles: &'static str,
    pub(super) older: &'static str,
    pub(super) errors: ErrorWords,
}

/// A heading and a sentence for everything that can go wrong.
pub(super) struct ErrorWords {
    pub(super) bad_request: [&'static str; 2],
    pub(super) unauthorized: [&'static str; 2],
    pub(super) forged: [&'static str; 2],
    pub(super) not_found: [&'static str; 2],
    pub(super) method: [&'static str; 2],
    pub(super) slow: [&'static str; 2],
    pub(super) expired: [&'static str; 2],
    pub(super) too_large: [&'static str; 2],
    pub(super) encoded: [&'static str; 2],
    pub(super) unsatisfiable: [&'static str; 2],
    pub(super) unconvertible: [&'static str; 2],
    pub(super) over_quota: [&'static str; 2],
    pub(super) internal: [&'static str; 2],
    pub(super) unready: [&'static str; 2],
}

impl Words {
    /// The words of a language.
    pub(super) fn of(language: Language) -> &'static Words {
        match language {
            Language::Zh => &ZH,
            Language::En => &EN,
        }
    }

    /// The name of a language, given its tag; the tag itself for a rare one.
    pub(super) fn language_name(&self, tag: &str) -> String {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        let known = LANGUAGES.iter().find(|(code, _, _)| primary.eq_ignore_ascii_case(code));
        match known {
            Some((_, zh, _)) if self.tag == ZH.tag => (*zh).to_owned(),
            Some((_, _, en)) => (*en).to_owned(),
            None => tag.to_owned(),
        }
    }
}

/// Languages that books here are in: code, Chinese and English name.
const LANGUAGES: [(&str, &str, &str); 12] = [
    ("zh", "中文", "Chinese"),
    ("en", "英文", "English"),
    ("ja", "日文", "Japanese"),
    ("ko", "韩文", "Korean"),
    ("fr", "法文", "French"),
    ("de", "德文", "German"),
    ("es", "西班牙文", "Spanish"),
    ("pt", "葡萄牙文", "Portuguese"),
    ("it", "意大利文", "Italian"),
    ("ru", "俄文", "Russian"),
    ("la", "拉丁文", "Latin"),
    ("lzh", "文言文", "Classical Chinese"),
];

/// The language a visitor prefers of the two, or `usual` if the browser names neither.
pub(super) fn preferred(headers: &HeaderMap, usual: Language) -> Language {
    let Some(accepted) = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else { return usual };
    let mut best = (0.0, usual);
    for range in accepted.split(',').take(16) {
        let (tag, quality) = match range.split_once(";q=") {
            Some((tag, quality)) => (tag, quality.trim().parse().unwrap_or(0.0)),
            None => (range, 1.0),
        };
        let language = match tag.trim().split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("zh") => Language::Zh,
            Some(primary) if primary.eq_ignore_ascii_case("en") => Language::En,
            _ => continue,
        };
        if quality > best.0 {
            best = (quality, language);
        }
    }
    best.1
}

const ZH: Words = Words {
    tag: "zh-CN",
    name: "书童",
    motto: "想读什么，说一声就好",
    home_title: "公众号里的电子书",
    home_steps: ["打开我们的公众号", "发送书名或作者", "选一本，拿到下载链接"],
    home_catalog: "阅读器用户：在 OPDS 目录中添加",
    by: "",
    cover_of: "封面：",
    about: "内容简介",
    contents: "目录",
    series: "丛书",
    publisher: "出版社",
    published: "出版时间",
    language: "语言",
    added: "收录时间",
    downloads: "下载次数",
    licence: "许可",
    source: "来源",
    incomplete: "（未完）",
    download: "下载",
    other_formats: "其他格式",
    formats: "可选格式",
    link_life: "下载链接只属于你，过期后在公众号发送书名可以重新获取。",
    ask_title: "想要这本书？",
    ask_text: ["在公众号里发送书名「", "」，就能收到下载链接。"],
    ask_expired: "这个页面的下载链接已经过期。",
    no_file_title: "还没有文件",
    no_file_text: "这本书在书目里，但还没有电子版。在公众号里发送书名可以求书，到了会告诉你。",
    outside_title: "请在浏览器中下载",
    outside_steps: ["点击右上角的 ⋯", "选择「在浏览器打开」"],
    outside_why: "微信里不能直接下载电子书。换到浏览器后，这个页面照样认得你，不用登录。",
    outside_copy: "或者长按复制链接，粘贴到浏览器：",
    outside_back: "知道了，返回",
    back_home: "回到首页",
    newest: "最新",
    newest_about: "最近收录的书",
    popular: "热门",
    popular_about: "大家下载最多的书",
    all: "全部",
    all_about: "书架上的每一本，按收录先后",
    results: "搜索结果",
    search_about: "按书名或作者搜索",
    articles: "文章",
    articles_about: "书童的文章",
    articles_feed: "在阅读器中订阅",
    all_articles: "全部文章",
    no_articles: "还没有文章。",
    older: "更早的文章",
    errors: ErrorWords {
        bad_request: ["这个请求看不懂", "请检查链接是否完整，再试一次。"],
        unauthorized: ["需要密码", "这个目录由主人设了密码，请在阅读器里填写用户名和密码。"],
        forged: ["链接不完整", "这个下载链接被改动过，或者没有复制完整。在公众号里发送书名，可以得到新的链接。"],
        not_found: ["这里什么也没有", "链接可能写错了，或者这本书已经下架。"],
        method: ["不支持这样访问", "这个地址只能打开查看。"],
        slow: ["等得太久了", "数据没有及时传完，请检查网络后再试。"],
        expired: ["链接过期了", "下载链接有时效。在公众号里再发送一次书名，马上可以得到新的链接。"],
        too_large: ["内容太大", "发来的内容超过了允许的大小。"],
        encoded: ["不接受压缩的内容", "请不要压缩请求内容，直接发送即可。"],
        unsatisfiable: ["没有这一段", "要求的范围超出了文件的大小，请重新下载。"],
        unconvertible: ["这本书转换不成这种格式", "文件可能已损坏，或有加密保护。请换一种格式试试。"],
        over_quota: ["今天的下载次数用完了", "明天零点以后可以继续下载。今天下载过的书还可以再次下载。"],
        internal: ["出了点问题", "是我们这边的错，已经记下来了，请稍后再试。"],
        unready: ["还没有准备好", "服务正忙，或者正在启动，请稍等片刻再试。"],
    },
};

const EN: Words = Words {
    tag: "en",
    name: "Shutong",
    motto: "Name a book, and it is on its way",
    home_title: "E-books by WeChat message",
    home_steps: ["Open our Official Account", "Send a title or an author", "Pick one and get its download link"],
    home_catalog: "Reading apps can add the OPDS catalogue",
    by: "by ",
    cover_of: "Cover of ",
    about: "About this book",
    contents: "Contents",
    series: "Series",
    publisher: "Publisher",
    published: "Published",
    language: "Language",
    added: "Added",
    downloads: "Downloads",
    licence: "Licence",
    source: "Source",
    incomplete: " (incomplete)",
    download: "Download",
    other_formats: "Other formats",
    formats: "Formats",
    link_life: "The download links are yours alone. When they have expired, send the title to the account for new ones.",
    ask_title: "Would you like this book?",
    ask_text: ["Send its title, “", "”, to the Official Account, and you get a download link."],
    ask_expired: "The download links of this page have expired.",
    no_file_title: "No file yet",
    no_file_text: "This book is in the catalogue, but there is no file of it yet. Send its title to the account to ask for it; you will be told when it is here.",
    outside_title: "Download in your browser",
    outside_steps: ["Tap ⋯ in the upper right corner", "Choose “Open in Browser”"],
    outside_why: "WeChat does not let a page download e-books. In the browser this page still knows you; there is nothing to log in to.",
    outside_copy: "Or press and hold to copy the link, and paste it into a browser:",
    outside_back: "Got it, back to the book",
    back_home: "To the start page",
    newest: "New",
    newest_about: "Books that came last",
    popular: "Popular",
    popular_about: "Books that are downloaded most",
    all: "All books",
    all_about: "Every book on the shelf, in order of arrival",
    results: "Search results",
    search_about: "Search by title or author",
    articles: "Articles",
    articles_about: "Articles of this account",
    articles_feed: "Subscribe in a reading app",
    all_articles: "All articles",
    no_articles: "There are no articles yet.",
    older: "Older articles",
    errors: ErrorWords {
        bad_request: ["That request makes no sense", "Please check that the link is complete and try again."],
        unauthorized: [
            "A password is needed",
            "The owner protects this catalogue. Enter the user name and password in your reading app.",
        ],
        forged: [
            "This link is not complete",
            "It was changed or not copied to its end. Send the title to the account for a new link.",
        ],
        not_found: ["There is nothing here", "The link may be mistyped, or the book has been taken off the shelf."],
        method: ["That is not possible here", "This address can only be looked at."],
        slow: ["That took too long", "The data did not arrive in time. Please check your connection and try again."],
        expired: [
            "This link has expired",
            "Download links live for a while only. Send the title to the account again, and you get a new one at once.",
        ],
        too_large: ["Too large", "What was sent is larger than what is accepted."],
        encoded: ["Compressed content is not accepted", "Please send the content as it is."],
        unsatisfiable: ["No such part", "The range asked for lies outside the file. Please start the download again."],
        unconvertible: [
            "This book cannot be had in that format",
            "The file may be damaged or protected. Please try another format.",
        ],
        over_quota: [
            "That was today's last download",
            "You can go on tomorrow. Books that you downloaded today can be downloaded again.",
        ],
        internal: ["Something went wrong", "It is our fault and has been noted. Please try again later."],
        unready: ["Not ready yet", "The service is busy or starting. Please try again in a moment."],
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use warp::http::HeaderValue;

    #[track_caller]
    fn prefers(accepted: &str, expected: Language) {
        for usual in [Language::Zh, Language::En] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
            assert_eq!(preferred(&headers, usual), expected, "{accepted}");
        }
    }

    #[test]
    fn the_browser_chooses_between_the_two() {
        prefers("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh);
        prefers("en-GB", Language::En);
        prefers("fr, de;q=0.9, en;q=0.2, zh;q=0.1", Language::En);
        prefers("en;q=0.1, ZH-Hant;q=0.5", Language::Zh);
    }

    #[test]
    fn who_names_neither_gets_the_usual_one() {
        for accepted in ["", "fr", "*", "zh;q=0, en;q=0", ";;;,,,=", "zh;q=NaN"] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
            assert_eq!(preferred(&headers, Language::En), Language::En, "{accepted}");
            assert_eq!(preferred(&headers, Language::Zh), Language::Zh, "{accepted}");
        }
    }
}
