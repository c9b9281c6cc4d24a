//! Makes EPUBs for tests, sound ones and ones with a chosen fault.
//!
//! The defaults are a small valid EPUB 3 with two chapters, a nav and an NCX. Everything is a plain
//! field or a list of entries, so that a test can break exactly one thing.

use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// An EPUB in the making.
pub struct BookBuilder {
    metadata: String,
    manifest: String,
    spine: String,
    guide: String,
    /// Name and bytes, in the order of the archive.
    entries: Vec<(String, Vec<u8>)>,
    nav: Option<String>,
    ncx: Option<String>,
    container: bool,
}

impl BookBuilder {
    /// A sound book with chapters 第一章 and 第二章.
    pub fn new(title: &str) -> Self {
        let book = BookBuilder {
            metadata: format!(
                "<dc:title>{title}</dc:title><dc:creator id=\"a\">某人</dc:creator><dc:language>zh-CN</dc:language>\
                 <dc:identifier id=\"id\">urn:uuid:12345678-9abc-def0-1234-56789abcdef0</dc:identifier>"
            ),
            manifest: String::new(),
            spine: String::new(),
            guide: String::new(),
            entries: Vec::new(),
            nav: None,
            ncx: None,
            container: true,
        };
        book.chapter("c1.xhtml", "第一章 开端", "从前有座山。")
            .chapter("c2.xhtml", "第二章 发展", "山里有座庙。")
            .nav("<li><a href=\"c1.xhtml\">第一章 开端</a></li><li><a href=\"c2.xhtml\">第二章 发展</a></li>")
    }

    /// Adds a chapter in UTF-8.
    pub fn chapter(self, name: &str, title: &str, text: &str) -> Self {
        let page = page(title, text);
        self.page(name, name, page.into_bytes())
    }

    /// Adds a page whose link, entry name and bytes are given apart.
    pub fn page(mut self, href: &str, entry: &str, bytes: Vec<u8>) -> Self {
        let id = format!("i{}", self.entries.len());
        self.spine.push_str(&format!("<itemref idref=\"{id}\"/>"));
        self.item(&id, href, entry, "application/xhtml+xml", "", bytes)
    }

    /// Adds a file with its line in the manifest.
    pub fn item(mut self, id: &str, href: &str, entry: &str, kind: &str, properties: &str, bytes: Vec<u8>) -> Self {
        self.manifest.push_str(&format!(
            "<item id=\"{id}\" href=\"{href}\" media-type=\"{kind}\" properties=\"{properties}\"/>"
        ));
        self.entry(&format!("OEBPS/{entry}"), bytes)
    }

    /// Adds an entry that the manifest does not list.
    pub fn entry(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.entries.push((name.to_owned(), bytes));
        self
    }

    /// Removes an entry, leaving its line in the manifest.
    pub fn without_entry(mut self, name: &str) -> Self {
        self.entries.retain(|(one, _)| one != name);
        self
    }

    /// Replaces the list inside the nav document.
    pub fn nav(mut self, list: &str) -> Self {
        self.nav = Some(list.to_owned());
        self
    }

    /// Leaves out the nav document.
    pub fn without_nav(mut self) -> Self {
        self.nav = None;
        self
    }

    /// Gives the book an NCX with these points.
    pub fn ncx(mut self, points: &str) -> Self {
        self.ncx = Some(points.to_owned());
        self
    }

    /// Adds to the metadata.
    pub fn metadata(mut self, more: &str) -> Self {
        self.metadata.push_str(more);
        self
    }

    /// Replaces the metadata.
    pub fn only_metadata(mut self, all: &str) -> Self {
        self.metadata = all.to_owned();
        self
    }

    /// Sets the content of the guide.
    pub fn guide(mut self, references: &str) -> Self {
        self.guide = references.to_owned();
        self
    }

    /// Leaves out META-INF/container.xml.
    pub fn without_container(mut self) -> Self {
        self.container = false;
        self
    }

    /// The bytes of the EPUB.
    pub fn build(mut self) -> Vec<u8> {
        if let Some(list) = self.nav.take() {
            let nav = format!(
                "<html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:epub=\"http://www.idpf.org/2007/ops\"><body>\
                 <nav epub:type=\"toc\"><ol>{list}</ol></nav></body></html>"
            );
            self = self.item("nav", "nav.xhtml", "nav.xhtml", "application/xhtml+xml", "nav", nav.into_bytes());
        }
        if let Some(points) = self.ncx.take() {
            let ncx = format!(
                "<?xml version=\"1.0\"?><!DOCTYPE ncx PUBLIC \"-//NISO//DTD ncx 2005-1//EN\" \"x.dtd\">\
                 <ncx xmlns=\"http://www.daisy.org/z3986/2005/ncx/\"><navMap>{points}</navMap></ncx>"
            );
            self = self.item("ncx", "toc.ncx", "toc.ncx", "application/x-dtbncx+xml", "", ncx.into_bytes());
        }
        let package = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" \
             unique-identifier=\"id\"><metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\">{}</metadata>\
             <manifest>{}</manifest><spine>{}</spine><guide>{}</guide></package>",
            self.metadata, self.manifest, self.spine, self.guide
        );
        let mut all = vec![("mimetype".to_owned(), b"application/epub+zip".to_vec())];
        if self.container {
            let container = "<container><rootfiles><rootfile full-path=\"OEBPS/content.opf\"/></rootfiles></container>";
            all.push(("META-INF/container.xml".to_owned(), container.into()));
        }
        all.push(("OEBPS/content.opf".to_owned(), package.into_bytes()));
        all.append(&mut self.entries);
        archive(&all)
    }
}

/// A page with a heading and one paragraph.
pub fn page(title: &str, text: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>{title}</title>\
         </head><body><h1>{title}</h1><p>{text}</p></body></html>"
    )
}

/// A ZIP of these entries, the first one stored.
pub fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (at, (name, bytes)) in entries.iter().enumerate() {
        let method = if at == 0 { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        zip.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).expect("entry");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("archive").into_inner()
}

/// A navPoint of an NCX.
pub fn nav_point(title: &str, src: &str, children: &str) -> String {
    format!("<navPoint><navLabel><text>{title}</text></navLabel><content src=\"{src}\"/>{children}</navPoint>")
}

/// A PNG of one colour.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([200, 40, 40]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("png");
    bytes.into_inner()
}
