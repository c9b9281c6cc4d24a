//! Made-up books, as many as are wanted, always the same.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use shutong::app::App;

/// Imports made-up books, as a catalogue is imported.
pub fn fill(app: &App, books: usize, folder: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let started = Instant::now();
    let mut table = String::from("id\ttitle\tauthor\tlanguage\tpopularity\n");
    for number in 0..books {
        let _ = writeln!(table, "c{number}\t{}\t{}\tzh\t{}", title(number), author(number), books - number);
    }
    app.library.import(table.as_bytes(), true, Some(folder), app.clock.now(), |_| {})?;
    app.library.index_changes()?;
    println!("{books} books imported and indexed in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// The title of the book of this number; every one has another.
pub fn title(number: usize) -> String {
    const FIRST: [&str; 20] = [
        "红色", "白夜", "长安", "江南", "草原", "边城", "黄河", "北京", "上海", "雪山", "大海", "星空", "青春", "故乡",
        "时间", "战争", "爱情", "秋天", "月亮", "森林",
    ];
    const SECOND: [&str; 25] = [
        "往事", "故事", "传奇", "笔记", "行者", "简史", "之歌", "日记", "书信", "迷宫", "之路", "风云", "英雄", "少年",
        "姑娘", "记忆", "秘密", "帝国", "家族", "花园", "城堡", "灯火", "河流", "旅人", "先生",
    ];
    const THIRD: [&str; 20] = [
        "", "续集", "前传", "全集", "新编", "选集", "外传", "精选", "别册", "上卷", "下卷", "初稿", "手记", "评注",
        "图说", "漫谈", "札记", "别录", "拾遗", "补遗",
    ];
    let (first, rest) = (number % 20, number / 20);
    let (second, rest) = (rest % 25, rest / 25);
    let (third, rest) = (rest % 20, rest / 20);
    let volume = if rest == 0 { String::new() } else { format!(" {rest}") };
    format!("{}{}{}{volume}", FIRST[first], SECOND[second], THIRD[third])
}

/// Its author.
pub fn author(number: usize) -> String {
    const FAMILY: [&str; 10] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"];
    const GIVEN: [&str; 30] = [
        "伟", "芳", "娜", "敏", "静", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "兰", "霞",
        "平", "刚", "桂英", "文华", "建国", "志强", "秀兰", "晓东", "雨桐", "思远", "子涵", "一鸣",
    ];
    format!("{}{}", FAMILY[number % 10], GIVEN[number / 10 % 30])
}
