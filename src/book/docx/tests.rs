//! What the room above promises, tried on small inputs.

use super::*;
use crate::book::model::Content;
use std::io::Write;

const DOCUMENT: &str = r##"<w:document xmlns:w="w" xmlns:r="r" xmlns:a="a"><w:body>
<w:p><w:pPr><w:pStyle w:val="1"/></w:pPr><w:r><w:t>第一章</w:t></w:r></w:p>
<w:p><w:bookmarkStart w:id="0" w:name="here"/><w:r><w:rPr><w:b/><w:i w:val="0"/></w:rPr><w:t xml:space="preserve">粗 &amp; </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>体</w:t></w:r><w:del><w:r><w:delText>no</w:delText></w:r></w:del><w:ins><w:r><w:t>新</w:t></w:r></w:ins><w:r><w:footnoteReference w:id="2"/></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>甲</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>乙</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>格</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:hyperlink w:anchor="here"><w:r><w:t>去</w:t></w:r></w:hyperlink><w:r><w:drawing><a:blip r:embed="rId1"/></w:drawing></w:r></w:p>
</w:body></w:document>"##;

fn package(document: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let files: [(&str, &[u8]); 7] = [
        ("word/document.xml", document.as_bytes()),
        (
            "word/styles.xml",
            "<w:styles><w:style w:styleId=\"a\"><w:name w:val=\"标题 1\"/></w:style><w:style w:styleId=\"1\"><w:name w:val=\"mine\"/><w:basedOn w:val=\"a\"/></w:style></w:styles>".as_bytes(),
        ),
        (
            "word/numbering.xml",
            b"<w:numbering><w:abstractNum w:abstractNumId=\"5\"><w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"decimal\"/></w:lvl><w:lvl w:ilvl=\"1\"><w:numFmt w:val=\"bullet\"/></w:lvl></w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"5\"/></w:num></w:numbering>",
        ),
        (
            "word/footnotes.xml",
            "<w:footnotes><w:footnote w:type=\"separator\" w:id=\"0\"><w:p/></w:footnote><w:footnote w:id=\"2\"><w:p><w:r><w:t>注</w:t></w:r></w:p></w:footnote></w:footnotes>".as_bytes(),
        ),
        ("word/_rels/document.xml.rels", b"<Relationships><Relationship Id=\"rId1\" Target=\"media/a.png\"/></Relationships>"),
        ("word/media/a.png", b"\x89PNG"),
        ("docProps/core.xml", "<c><dc:title>书</dc:title><dc:creator>甲;乙</dc:creator></c>".as_bytes()),
    ];
    for (name, bytes) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(bytes).expect("its bytes");
    }
    zip.finish().expect("an archive").into_inner()
}

#[test]
fn a_document_with_all_its_parts() {
    let book = read(&package(DOCUMENT), &ReadOptions::default()).expect("a book");
    assert_eq!(book.metadata.title, "书");
    assert_eq!(book.metadata.authors(), ["甲", "乙"]);
    assert_eq!(book.toc[0].title, "第一章");
    let Content::Markup(markup) = &book.chapters[0].content else { panic!("no markup") };
    for part in [
        "<h1>第一章</h1>",
        "<p><a id=\"here\"></a><b>粗 &amp; 体</b>新<sup><a epub:type=\"noteref\"",
        "<ol><li>甲<ul><li>乙</li></ul>",
        "<td colspan=\"2\"><p>格</p>",
        "<a href=\"#here\">去</a><img src=\"word/media/a.png\" alt=\"\"/>",
        "<aside epub:type=\"footnote\" id=\"footnote-2\">",
    ] {
        assert!(markup.contains(part), "{part} is not in {markup}");
    }
    assert!(!markup.contains("no<"));
    assert_eq!(book.report.count(crate::book::report::Change::FileMissing), 0);
}

#[test]
fn damaged_documents_are_read_or_refused_and_never_worse() {
    let mut state = 5u64;
    for _ in 0..1000 {
        let mut bytes = DOCUMENT.as_bytes().to_vec();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            let letters = b"<>/\"&= w:p";
            bytes[at] = letters[(state >> 20) as usize % letters.len()];
        }
        let text = String::from_utf8_lossy(&bytes);
        let styles = styles::Styles::default();
        let markup = body::convert(&text, &styles, &Relations::new(), body::Part::Document);
        let _ = Document::parse(&markup);
    }
}

#[test]
fn fields_and_styles_of_lists() {
    let run = |inside: &str| format!("<w:r>{inside}</w:r>");
    let mark = |kind: &str| run(&format!("<w:fldChar w:fldCharType=\"{kind}\"/>"));
    let field = |instruction: &str, shown: &str| {
        let instruction = run(&format!("<w:instrText>{instruction}</w:instrText>"));
        format!(
            "{}{instruction}{}{}{}",
            mark("begin"),
            mark("separate"),
            run(&format!("<w:t>{shown}</w:t>")),
            mark("end")
        )
    };
    let link = field(" HYPERLINK \\l &quot;here&quot; ", "去");
    let document = format!(
        "<w:body><w:p>{link}{}</w:p><w:p><w:fldSimple w:instr=\"HYPERLINK &quot;http://a.b/&quot;\">{}</w:fldSimple>后</w:p>\
         <w:p><w:pPr><w:pStyle w:val=\"L\"/></w:pPr>{}</w:p></w:body>",
        field("PAGE", "7"),
        run("<w:t>外</w:t>"),
        run("<w:t>项</w:t>"),
    );
    let styles = "<w:styles><w:style w:styleId=\"B\"><w:name w:val=\"base\"/><w:numPr><w:numId w:val=\"3\"/></w:numPr></w:style>\
                  <w:style w:styleId=\"L\"><w:name w:val=\"items\"/><w:basedOn w:val=\"B\"/></w:style></w:styles>";
    let styles = styles::Styles::read(styles, "");
    let markup = body::convert(&document, &styles, &Relations::new(), body::Part::Document);
    assert!(markup.contains("<p><a href=\"#here\">去</a>7</p>"), "{markup}");
    assert!(markup.contains("<p><a href=\"http://a.b/\">外</a></p>"), "{markup}");
    assert!(markup.contains("<ul><li>项</li></ul>"), "{markup}");
}

#[test]
fn a_field_that_never_ends_takes_no_more_than_its_paragraph() {
    let begin = "<w:fldChar w:fldCharType=\"begin\"/><w:instrText>PAGE</w:instrText>";
    let text = |inside: &str| format!("<w:t>{inside}</w:t>");
    let document = format!(
        "<w:body><w:p>{begin}{}</w:p><w:p><w:instrText>rest</w:instrText>{}</w:p></w:body>",
        text("lost"),
        text("shown"),
    );
    let styles = styles::Styles::read("", "");
    let markup = body::convert(&document, &styles, &Relations::new(), body::Part::Document);
    assert_eq!(markup, "<p></p>\n<p>shown</p>\n");
}

#[test]
fn paragraphs_in_paragraphs_are_copied_a_few_times_only() {
    let run = |at: usize| format!("<w:p><w:r><w:t>x{at} </w:t></w:r>");
    let deep: String = (0..20_000).map(run).collect();
    let bytes = package(&format!("<w:document><w:body>{deep}{}</w:body></w:document>", "</w:p>".repeat(20_000)));
    let book = read(&bytes, &ReadOptions::default()).expect("a book");
    let text = book.chapters.iter().map(|one| one.text()).collect::<String>();
    assert!(text.contains("x0") && text.contains("x19999"));
    let styles = styles::Styles::read("", "");
    let markup = body::convert(&deep, &styles, &Relations::new(), body::Part::Document);
    assert!(markup.len() < 20_000 * 20, "{}", markup.len());
}
