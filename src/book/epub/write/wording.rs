//! The few words that a written EPUB says itself, in the language of the book.

use crate::book::model::LandmarkKind;

/// What a place is called if the book has no name for it.
pub(super) fn landmark(kind: LandmarkKind, language: &str) -> &'static str {
    let (english, simplified, traditional, japanese) = match kind {
        LandmarkKind::Cover => ("Cover", "封面", "封面", "表紙"),
        LandmarkKind::TitlePage => ("Title Page", "书名页", "書名頁", "扉"),
        LandmarkKind::Contents => ("Contents", "目录", "目錄", "目次"),
        LandmarkKind::Start => ("Start of Content", "正文", "正文", "本文"),
        LandmarkKind::Foreword => ("Foreword", "序言", "序言", "序文"),
        LandmarkKind::Preface => ("Preface", "前言", "前言", "まえがき"),
        LandmarkKind::Epigraph => ("Epigraph", "题记", "題記", "題辞"),
        LandmarkKind::Dedication => ("Dedication", "献词", "獻詞", "献辞"),
        LandmarkKind::Acknowledgements => ("Acknowledgements", "致谢", "致謝", "謝辞"),
        LandmarkKind::Copyright => ("Copyright", "版权", "版權", "著作権"),
        LandmarkKind::Notes => ("Notes", "注释", "註釋", "注"),
        LandmarkKind::Bibliography => ("Bibliography", "参考文献", "參考文獻", "参考文献"),
        LandmarkKind::Glossary => ("Glossary", "词汇表", "詞彙表", "用語集"),
        LandmarkKind::Index => ("Index", "索引", "索引", "索引"),
        LandmarkKind::Colophon => ("Colophon", "版本说明", "版本說明", "奥付"),
        LandmarkKind::Illustrations => ("Illustrations", "插图目录", "插圖目錄", "図版目次"),
        LandmarkKind::Tables => ("Tables", "表格目录", "表格目錄", "表目次"),
    };
    match script(language) {
        Script::Simplified => simplified,
        Script::Traditional => traditional,
        Script::Japanese => japanese,
        Script::Other => english,
    }
}

/// The heading of the landmarks.
pub(super) fn landmarks(language: &str) -> &'static str {
    match script(language) {
        Script::Simplified => "导航",
        Script::Traditional => "導航",
        Script::Japanese => "案内",
        Script::Other => "Landmarks",
    }
}

/// The heading of the list of printed pages.
pub(super) fn pages(language: &str) -> &'static str {
    match script(language) {
        Script::Simplified => "页码",
        Script::Traditional => "頁碼",
        Script::Japanese => "ページ",
        Script::Other => "Pages",
    }
}

enum Script {
    Simplified,
    Traditional,
    Japanese,
    Other,
}

fn script(language: &str) -> Script {
    let tag = language.to_ascii_lowercase();
    let parts: Vec<&str> = tag.split('-').collect();
    match parts.as_slice() {
        ["zh" | "yue" | "lzh", rest @ ..] if rest.iter().any(|part| matches!(*part, "hant" | "tw" | "hk" | "mo")) => {
            Script::Traditional
        }
        ["zh" | "yue" | "lzh" | "cmn", ..] => Script::Simplified,
        ["ja", ..] => Script::Japanese,
        _ => Script::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_book() {
        assert_eq!(landmark(LandmarkKind::Contents, "zh-Hant-HK"), "目錄");
        assert_eq!(landmark(LandmarkKind::Contents, "zh"), "目录");
        assert_eq!(landmark(LandmarkKind::Contents, "ja"), "目次");
        assert_eq!(landmarks("de-AT"), "Landmarks");
        assert_eq!(pages("zh-tw"), "頁碼");
    }
}
