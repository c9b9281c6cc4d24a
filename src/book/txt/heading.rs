//! The rules by which one line of a text is a heading. All of them are here.
//!
//! A line is judged alone; what its neighbours say (numbers that go up, a printed table of contents,
//! text between headings) is judged in `outline`. The traps are sentences that start like headings:
//! 第十回合，…… 第一部分的…… 第一章的内容他早已背熟。

use super::english::english;
use super::numeral;

/// A line that may be a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// How high it stands: 0 部, 1 卷 and the like, 2 chapters, 3 sections.
    pub(super) rank: usize,
    /// What it counts in and its number, to see sequences and repetitions; no number: 0.
    pub(super) unit: char,
    /// Its number; 0 if it has none.
    pub(super) number: u32,
    /// A volume named on the same line, before the chapter.
    pub(super) volume: Option<String>,
}

/// Longest heading in characters. Couplets of the classics have about 30.
const LONGEST: usize = 45;
const LONGEST_ENGLISH: usize = 90;

/// The units and their ranks, with the characters that, right after a unit, make it another word.
const UNITS: [(&str, usize, &str); 7] = [
    ("部", 0, "分队门件门落署位份长下首电戏赛游作曲影片小手书机車车隊門長電戲賽遊書機"),
    ("卷", 1, "起进入走土宗尺帘款铺积入"),
    ("集", 1, "合团中体会市结训资装和邮团權权團體會結訓資裝郵"),
    ("册", 1, "子页封立"),
    ("篇", 1, "文章张幅小报日论"),
    ("章回囘话話折幕出场場则則卦品课課", 2, "合来事去到头答国家族手复应电比景面地所次程发口现门来去動动是題题"),
    ("节節", 3, "课目日点奏约省操制课"),
];
/// After any unit these make a sentence of it.
const NEVER_AFTER: &str = "的了里裡是就还還也都已，。；";

/// Headings without a number, with their rank; the longer ones before their beginnings.
const SPECIAL: [&str; 52] = [
    "内容简介",
    "內容簡介",
    "内容提要",
    "作品相关",
    "作者简介",
    "作者简介",
    "人物表",
    "人物介绍",
    "完本感言",
    "上架感言",
    "新书感言",
    "序章",
    "序言",
    "序幕",
    "序曲",
    "序篇",
    "自序",
    "代序",
    "原序",
    "译序",
    "总序",
    "再版序",
    "前言",
    "引子",
    "引言",
    "引章",
    "楔子",
    "开篇",
    "開篇",
    "缘起",
    "緣起",
    "卷首语",
    "尾声",
    "尾聲",
    "终章",
    "終章",
    "终曲",
    "终卷",
    "后记",
    "後記",
    "跋",
    "番外",
    "外传",
    "外傳",
    "附录",
    "附錄",
    "结语",
    "結語",
    "大结局",
    "大結局",
    "致谢",
    "序",
];

/// Judges a line, trimmed. The heading's title is the line itself.
pub(super) fn classify(line: &str) -> Option<Heading> {
    // Most lines are paragraphs, and too long to need counting.
    if line.len() > LONGEST_ENGLISH * 4 {
        return None;
    }
    let length = line.chars().count();
    if length > LONGEST_ENGLISH {
        return None;
    }
    if let Some(heading) = marked(line) {
        return Some(heading);
    }
    if line.is_ascii() || line.chars().next().is_some_and(|c| c.is_ascii_alphabetic()) {
        return english(line);
    }
    if length > LONGEST {
        return None;
    }
    let body = without_ornament(line);
    volume_and_chapter(body).or_else(|| numbered(body)).or_else(|| half(body)).or_else(|| special(body))
}

/// `## 名`: the marks of Markdown, which many collections of classics use in plain text.
fn marked(line: &str) -> Option<Heading> {
    let name = line.trim_start_matches('#');
    let level = line.len() - name.len();
    let title = name.trim_start();
    if level == 0 || level > 4 || title.len() == name.len() || title.is_empty() {
        return None;
    }
    let known = classify(title).filter(|heading| heading.number > 0);
    Some(known.unwrap_or(Heading { rank: level.min(3), unit: '#', number: 0, volume: None }))
}

/// Drops bullets, an opening bracket and a leading 正文.
fn without_ornament(line: &str) -> &str {
    let bare = line.trim_start_matches(|c: char| c.is_whitespace() || "☆★●◆◇■□※○◎▲△=-—、·#*".contains(c));
    let bare = bare.strip_prefix(['【', '《', '〖', '[', '「', '〔', '（', '(']).unwrap_or(bare).trim_start();
    ["正文卷", "正文", "VIP卷", "VIP章节"]
        .iter()
        .find_map(|word| bare.strip_prefix(word))
        .map(|rest| rest.trim_start_matches([' ', '　', '_', '：', ':']))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(bare)
}

/// `第一卷 起 第一章 同行`, `上卷 第一回　灵根育孕源流出`.
fn volume_and_chapter(body: &str) -> Option<Heading> {
    let at = body.char_indices().skip(1).find(|(at, c)| {
        *c == '第' && body[..*at].ends_with(|before: char| before.is_whitespace() || "·：:】》".contains(before))
    })?;
    let (volume, chapter) = body.split_at(at.0);
    let volume = volume.trim();
    let above = numbered(volume).or_else(|| half(volume)).filter(|heading| heading.rank < 2)?;
    let heading = numbered(chapter).filter(|heading| heading.rank > above.rank)?;
    Some(Heading { volume: Some(volume.to_owned()), ..heading })
}

/// `第十二章 名`, `卷三`, `卷之一 名`.
fn numbered(body: &str) -> Option<Heading> {
    if let Some(after) = body.strip_prefix('第') {
        let (number, rest) = numeral::leading(after)?;
        let rest = rest.trim_start();
        let unit = rest.chars().next()?;
        let (rank, words) =
            UNITS.iter().find(|(units, ..)| units.contains(unit)).map(|(_, rank, words)| (*rank, *words))?;
        let name = &rest[unit.len_utf8()..];
        return fits(name, words).then_some(Heading { rank, unit, number, volume: None });
    }
    let after = body.strip_prefix('卷')?;
    let (number, name) = numeral::leading(after.strip_prefix('之').unwrap_or(after))?;
    (separated(name) && fits(name, "")).then_some(Heading { rank: 1, unit: '卷', number, volume: None })
}

/// `上卷`, `下部`, `中篇`, `卷上`.
fn half(body: &str) -> Option<Heading> {
    let mut chars = body.chars();
    let (first, second) = (chars.next()?, chars.next()?);
    let (place, unit) = if first == '卷' { (second, first) } else { (first, second) };
    let number = match place {
        '上' => 1,
        '中' => 2,
        '下' => 3,
        _ => return None,
    };
    let rank = UNITS.iter().take(5).find(|(units, ..)| units.contains(unit)).map(|(_, rank, _)| *rank)?;
    let rest = chars.as_str();
    (separated(rest) && fits(rest, "") && body.chars().count() <= 20).then_some(Heading {
        rank,
        unit,
        number,
        volume: None,
    })
}

/// `序`, `楔子`, `番外三 名`, `附录一`.
fn special(body: &str) -> Option<Heading> {
    const LONGEST_SPECIAL: usize = 28;
    let word = SPECIAL.iter().find(|word| body.starts_with(**word))?;
    let rest = &body[word.len()..];
    let unit = word.chars().next()?;
    let (number, rest) = match numeral::leading(rest.trim_start_matches(['篇', '之', ' ', '　', '卷'])) {
        Some((number, rest)) if word.chars().count() > 1 => (number, rest),
        _ => (0, rest.strip_prefix('篇').unwrap_or(rest)),
    };
    let fits = separated(rest) && fits(rest, "") && body.chars().count() <= LONGEST_SPECIAL;
    fits.then_some(Heading { rank: 2, unit, number, volume: None })
}

/// Whether what follows a unit stands apart from it: nothing, a blank, a sign.
fn separated(rest: &str) -> bool {
    rest.chars().next().is_none_or(|c| c.is_whitespace() || "：:、.．·-—–_|｜】》〗]」）〕)（(《「“\"".contains(c))
}

/// Whether what follows a unit can be a title rather than the rest of a sentence.
fn fits(rest: &str, other_words: &str) -> bool {
    const LONGEST_UNSEPARATED: usize = 20;
    if rest.ends_with(['。', '，', '；', '、', ',', ';', '：', ':']) || rest.ends_with("——") || rest.contains('。')
    {
        return false;
    }
    if separated(rest) {
        return true;
    }
    let next = rest.chars().next().unwrap_or(' ');
    !other_words.contains(next)
        && !NEVER_AFTER.contains(next)
        && rest.chars().count() <= LONGEST_UNSEPARATED
        && !rest.contains(['，', '；', '：', '“', '”', '…', '？', '！'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(usize, u32)>) {
        assert_eq!(classify(line).map(|heading| (heading.rank, heading.number)), expected, "{line}");
    }

    #[test]
    fn headings() {
        check("第一章 开端", Some((2, 1)));
        check("第十二章少年的心", Some((2, 12)));
        check("第　一　回　 望成名學究訓頑兒　講制藝鄉紳勖後進", Some((2, 1)));
        check("第一百二十回　甄士隐详说太虚情　贾雨村归结红楼梦", Some((2, 120)));
        check("【第3章】标题", Some((2, 3)));
        check("正文 第八章 某某", Some((2, 8)));
        check("●卷一·五帝本纪第一", Some((1, 1)));
        check("卷之二", Some((1, 2)));
        check("第三部 死神永生", Some((0, 3)));
        check("第二节 小节", Some((3, 2)));
        check("第一章：出发！", Some((2, 1)));
        check("第2.5章 插曲", Some((2, 2)));
        check("楔子　张天师祈禳瘟疫", Some((2, 0)));
        check("番外一 某人", Some((2, 1)));
        check("序", Some((2, 0)));
        check("上卷", Some((1, 1)));
        check("Chapter 12: The Whale", Some((2, 12)));
        check("CHAPTER XIV.", Some((2, 14)));
        check("PART ONE", Some((0, 1)));
        check("Prologue", Some((2, 0)));
        check("## 九变篇", Some((2, 0)));
        check("## 第三回", Some((2, 3)));
    }

    #[test]
    fn sentences_are_no_headings() {
        for line in [
            "第二天一早，众人都到贾母处请安去了。",
            "第一章的内容他早已背熟，如今再看，别有一番滋味在心头。",
            "他心里想：第三次见面，总不能再空手去。",
            "第十回合，两人依旧不分胜负，看得众人目瞪口呆。",
            "第一部分的银子，已经交到凤姐手里了。",
            "“第五节课是什么？”宝玉问道。",
            "第三集团军向北",
            "第一回来到这里的人",
            "序列号是多少",
            "前言不搭后语",
            "Chapter 3 of the book says so",
            "Part of the ship",
            "The Chapter",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn a_volume_on_the_same_line() {
        let heading = classify("第一卷 起 第二章 同行").expect("heading");
        assert_eq!((heading.volume.as_deref(), heading.number), (Some("第一卷 起"), 2));
        assert_eq!(classify("上卷 第一回　灵根育孕源流出").and_then(|heading| heading.volume).as_deref(), Some("上卷"));
    }
}
