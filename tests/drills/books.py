"""Books to bring: a small EPUB, and a novel in plain text of any length."""

import io
import zipfile


def epub(title, paragraphs=20, author="某人"):
    """A small valid EPUB."""
    page = (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>{0}</title>'
        "</head><body><h1>{0}</h1>{1}</body></html>"
    ).format(title, f"<p>{title}，一句话。</p>" * paragraphs)
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">{0}</dc:identifier>'
        "<dc:title>{0}</dc:title><dc:language>zh</dc:language><dc:creator>{1}</dc:creator></metadata><manifest>"
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/>'
        "</spine></package>"
    ).format(title, author)
    container = (
        '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="p.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for name, text in (("META-INF/container.xml", container), ("p.opf", package), ("a.xhtml", page)):
            archive.writestr(name, text)
    return out.getvalue()


def text_book(title, chapters=30):
    """A novel in plain text, which has to be converted before it can be read as EPUB."""
    body = "".join(
        f"第{number}章 {title}\n\n{'我比现在年轻十岁的时候，获得了一个游手好闲的职业。' * 60}\n\n"
        for number in range(1, chapters)
    )
    return f"《{title}》\n作者：某人\n\n{body}".encode()
