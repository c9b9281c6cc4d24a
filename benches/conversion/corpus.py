"""Which files of a corpus are books, and what is expected of each."""

import dataclasses
import pathlib
import re

FORMATS = {"epub": "epub", "azw3": "azw3", "mobi": "mobi", "prc": "mobi", "azw": "mobi", "txt": "txt", "html": "html"}
# Valid or tolerable books are measured; files that say they are broken, and files made to do harm or locked, are not
# held against a converter when it refuses them clearly.
INVALID = re.compile(r"-(error|fatal)\.epub$")
NASTY = re.compile(r"(^|/)nasty/|(^|[/-])(drm|encrypted)|(^|/)(binary|empty|bom-only)\.txt$")
# score.py guesses GBK against Big5 only; a name that says its charset is believed.
CHARSET = re.compile(r"(utf-16-[lb]e|utf-32|big5hkscs|big5|gb18030|gbk)")


@dataclasses.dataclass(frozen=True)
class Source:
    path: pathlib.Path
    name: str  # relative to the corpus
    format: str
    group: str  # "readable", "invalid" or "nasty"

    @property
    def charset(self) -> str | None:
        found = CHARSET.search(self.name) if self.format == "txt" else None
        return found.group(1) if found else None


def sources(root: pathlib.Path, only: str | None) -> list[Source]:
    """The books under `root`, smallest first."""
    found = []
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or name.startswith("tools/") or (only and not re.search(only, name)):
            continue
        format = FORMATS.get(path.suffix.lstrip(".").lower())
        group = "nasty" if NASTY.search(name) else "invalid" if INVALID.search(name) else "readable"
        # A page beside a package file is a part of a book that was not zipped.
        part = format == "html" and any(path.parent.glob("*.opf"))
        if group == "nasty" or (format and not part):
            found.append(Source(path, name, format or "", group))
    return sorted(found, key=lambda s: (s.path.stat().st_size, s.name))
