#!/usr/bin/env python3
"""txt_chapters.py CORPUS SHUTONG: chapters of plain text, found against known.

CORPUS is the folder that holds txt/synthetic/GOLD.json; SHUTONG the program. Every text is converted
to EPUB, whose navigation is compared with GOLD.json and with the lists made by hand in txt_gold/.
Titles are compared by their letters and digits, in order."""
import difflib, html, json, os, re, subprocess, sys, tempfile, unicodedata, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def letters(text):
    return "".join(re.findall(r"[^\W_]", unicodedata.normalize("NFKC", text).casefold()))


def navigation(epub):
    book = zipfile.ZipFile(epub)
    for name in book.namelist():
        page = book.read(name).decode("utf-8", "replace") if name.endswith(".xhtml") else ""
        nav = re.search(r'<nav[^>]*epub:type="toc"[^>]*>(.*?)</nav>', page, re.S)
        if nav:
            labels = re.findall(r"<(?:a|span)\b[^>]*>(.*?)</(?:a|span)>", nav.group(1), re.S)
            return [html.unescape(re.sub(r"<[^>]+>", "", label)) for label in labels]
    return []


def score(known, found):
    known = [title for title in map(letters, known) if title]
    found = [title for title in map(letters, found) if title]
    if not known:  # the book's title alone is no chapter
        ok = float(len(found) <= 1)
        return ok, ok, ok
    blocks = difflib.SequenceMatcher(None, known, found, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    precision, recall = same / max(1, len(found)), same / len(known)
    return precision, recall, 2 * precision * recall / (precision + recall) if same else 0.0


def main(corpus, program):
    lists = json.load(open(os.path.join(corpus, "txt/synthetic/GOLD.json")))
    synthetic = [(name, known["chapters"]) for name, known in lists.items()]
    folder = os.path.join(HERE, "txt_gold")
    hand = [json.load(open(os.path.join(folder, name))) for name in sorted(os.listdir(folder))]
    for label, cases in (("synthetic", synthetic), ("by hand", [(one["file"], one["chapters"]) for one in hand])):
        total = 0.0
        for name, known in cases:
            with tempfile.TemporaryDirectory() as scratch:
                out = os.path.join(scratch, "out.epub")
                subprocess.run([program, "convert", os.path.join(corpus, name), out], check=True, capture_output=True)
                precision, recall, f1 = score(known, navigation(out))
            total += f1
            print(f"{name:50} P {precision:.3f} R {recall:.3f} F1 {f1:.3f}")
        print(f"{label}: macro F1 {total / len(cases):.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
