#!/usr/bin/env python3
"""txt_chapters.py CORPUS SHUTONG, or CORPUS --command '… {in} {out}': chapters of plain text, found
against known.

CORPUS is the folder that holds txt/synthetic/GOLD.json; SHUTONG the program. Every text is converted
to EPUB, whose navigation is compared with GOLD.json and with the lists made by hand in txt_gold/.
Titles are compared by their letters and digits, in order."""
import argparse, difflib, html, json, os, re, shlex, subprocess, tempfile, unicodedata, zipfile

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


def convert(command, source, out):
    words = [word.replace("{in}", source).replace("{out}", out) for word in shlex.split(command)]
    ran = subprocess.run(words, capture_output=True, text=True)
    return ran.returncode == 0 or print(f"{source}: {ran.stderr.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("shutong", nargs="?")
    parser.add_argument("--command", help="instead of SHUTONG: a command with {in} and {out}")
    options = parser.parse_args()
    if not (options.command or options.shutong):
        parser.error("SHUTONG or --command")
    command = options.command or f"{shlex.quote(options.shutong)} convert {{in}} {{out}}"
    lists = json.load(open(os.path.join(options.corpus, "txt/synthetic/GOLD.json")))
    synthetic = [(name, known["chapters"]) for name, known in lists.items()]
    folder = os.path.join(HERE, "txt_gold")
    hand = [json.load(open(os.path.join(folder, name))) for name in sorted(os.listdir(folder))]
    for label, cases in (("synthetic", synthetic), ("by hand", [(one["file"], one["chapters"]) for one in hand])):
        scores = []
        for name, known in cases:
            with tempfile.TemporaryDirectory() as scratch:
                out = os.path.join(scratch, "out.epub")
                made = convert(command, os.path.join(options.corpus, name), out)
                scores.append(score(known, navigation(out)) if made else (0.0, 0.0, 0.0))
            print("{:50} P {:.3f} R {:.3f} F1 {:.3f}".format(name, *scores[-1]), flush=True)
        precision, recall, f1 = (sum(column) / len(cases) for column in zip(*scores))
        print(f"{label}: macro precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}")


if __name__ == "__main__":
    main()
