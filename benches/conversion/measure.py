#!/usr/bin/env python3
"""Converts a corpus of books and judges what came out, beside a peer on the same files.

    measure.py --corpus DIR --judge DIR/tools --shutong target/release/shutong --out results.json [--peers calibre]

The corpus's tools are score.py and mobicheck.py; they need what they say (calibre, mobitool, KindleUnpack, lxml), and
EPUBCHECK_JAR must name epubcheck's jar. Results go to --out as JSON and to standard output as Markdown; --failures
lists every conversion that falls short, with reasons, instead of the tables. With --cache a peer's conversions and all
judgements are kept, so that a second run costs little more than our own conversions.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import sys
import tempfile
import unicodedata
from typing import Any

import table
from convert import Calibre, Shutong
from corpus import Source, sources
from judge import Judge, reasons
from nasty import provoke

TARGETS = ["epub", "azw3", "mobi", "txt", "html"]
PEAK_MB, RATIO = 200.0, 20.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=pathlib.Path, required=True)
    parser.add_argument("--judge", type=pathlib.Path, required=True, help="folder with score.py and mobicheck.py")
    parser.add_argument("--shutong", help="the binary")
    parser.add_argument("--command", help="instead of --shutong: a command with {in} and {out}")
    parser.add_argument("--peers", choices=["calibre"], nargs="*", default=[])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path)
    parser.add_argument("--only", help="a regular expression on names in the corpus")
    parser.add_argument("--targets", nargs="*", choices=TARGETS, default=TARGETS)
    parser.add_argument("--groups", nargs="*", default=["readable", "invalid", "nasty"])
    parser.add_argument("--gold", type=pathlib.Path, help="chapter lists of TXT files (JSON: name to chapters)")
    parser.add_argument("--limit", type=float, default=300, help="processor seconds of one conversion")
    parser.add_argument("--repeat", type=int, default=3, help="our conversions of one file; the median counts")
    parser.add_argument("--failures", action="store_true", help="list what falls short instead of the tables")
    return parser.parse_args()


def convert(by: Any, source: Source, target: str, judge: Judge, folder: pathlib.Path) -> table.Record:
    output = folder / f"{by.name}.{target}"
    output.unlink(missing_ok=True)
    ran = by.convert(source.path, output)
    verdict = judge.judge(source, output) if ran.ok and output.exists() else None
    facts = dataclasses.asdict(ran)
    return {"source": source, "format": source.format, "group": source.group, "target": target, "by": by.name,
            "ran": facts, "verdict": verdict, "reasons": reasons(source, target, facts, verdict)}


def slow(ours: table.Record, theirs: table.Record | None) -> list[str]:
    why = [f"peak {ours['ran']['peak_mb']:.0f} MB"] if ours["ran"]["peak_mb"] > PEAK_MB else []
    if ours["verdict"] and theirs and theirs["verdict"]:
        ratio = theirs["ran"]["cpu"] / max(ours["ran"]["cpu"], 1e-4)
        why += [f"only {ratio:.1f} times faster than {theirs['by']}"] if ratio < RATIO else []
    return why


def round_trip(shutong: Shutong, source: Source, way: str, judge: Judge, folder: pathlib.Path) -> table.Record:
    """EPUB to a Kindle format and back: the text must not change."""
    back = folder / "back.epub"
    back.unlink(missing_ok=True)
    ran = shutong.convert(folder / f"shutong.{way}", back)
    text = judge.same_text(source, back) if ran.ok else {"exact": False, "error": ran.said[-200:]}
    return {"source": source, "way": f"epub → {way} → epub", "text": text}


def chapters_found(judge: Judge, output: pathlib.Path, wanted: list[str]) -> tuple[float, float]:
    def plain(label: str) -> str:
        return "".join(unicodedata.normalize("NFKC", label).split())

    gold = collections.Counter(plain(label) for label in wanted if label)
    found = collections.Counter(plain(label) for label, *_ in judge.load(str(output)).toc)
    if not gold:  # no headings: one entry for the whole text is what a reader needs
        return (1.0, 1.0) if sum(found.values()) <= 1 else (0.0, 0.0)
    right = sum((gold & found).values())
    return right / max(1, sum(found.values())), right / sum(gold.values())


def main() -> int:
    options = arguments()
    template = options.command or (f"{options.shutong} convert {{in}} {{out}} --json" if options.shutong else None)
    shutong = Shutong(template, options.limit, options.repeat) if template else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        peers = [Calibre(options.cache or folder, options.limit) for _ in options.peers]
        judge = Judge(options.judge, options.cache)
        gold = json.loads(options.gold.read_text()) if options.gold else {}
        records: list[table.Record] = []
        trips: list[table.Record] = []
        refused: list[table.Record] = []
        found: dict[str, tuple[float, float]] = {}
        for source in sources(options.corpus, options.only):
            if source.group not in options.groups:
                continue
            print(source.name, file=sys.stderr, flush=True)
            if source.group == "nasty":
                refused += [provoke(shutong, source, target, rescue) for target in ("epub", "azw3")
                            for rescue in (False, True)] if shutong else []
                continue
            for target in options.targets:
                theirs = [convert(peer, source, target, judge, folder) for peer in peers]
                ours = [convert(shutong, source, target, judge, folder)] if shutong else []
                for record in ours:
                    record["reasons"] += slow(record, theirs[0] if theirs else None)
                    wanted = gold.get(source.name, gold.get(f"{options.corpus.name}/{source.name}"))
                    if target == "epub" and wanted and record["verdict"]:
                        found[source.name] = chapters_found(judge, folder / "shutong.epub", wanted["chapters"])
                    if source.format == "epub" and target in ("azw3", "mobi") and record["verdict"]:
                        trips.append(round_trip(shutong, source, target, judge, folder))
                records += ours + theirs
    print(report(options, records, trips, refused, found))
    everything = {"conversions": table.as_json(records), "trips": table.as_json(trips), "nasty": refused, "chapters": found}
    options.out.write_text(json.dumps(everything, ensure_ascii=False, indent=1))
    return int(any(r["reasons"] for r in records if r["by"] == "shutong" and r["group"] == "readable"))


def report(options: argparse.Namespace, records: list, trips: list, refused: list, found: dict) -> str:
    if options.failures:
        lost = [f"- {r['source'].name}, {r['way']}: {r['text']}\n" for r in trips if not r["text"]["exact"]]
        bad = [f"- {r['source']} → {r['target']}{' --rescue' if r['rescue'] else ''}: {'; '.join(r['reasons'])}\n"
               for r in refused if r["reasons"]]
        ours = any(r["by"] == "shutong" for r in records)
        return table.failures(records, "shutong" if ours else "calibre") + "".join(lost + bad)
    parts = []
    for group in ("readable", "invalid"):
        if any(r["group"] == group for r in records):
            parts += [f"### {group.capitalize()} books\n", table.quality(records, group), table.speed(records, group)
                      if any(r["by"] == "shutong" for r in records) else table.peer_speed(records, group)]
    parts += ["### Round trips\n", table.trips(trips)] if trips else []
    parts += ["### Chapters in plain text\n", table.chapters(found)] if found else []
    parts += ["### Hostile files\n", table.refusals([r for r in refused if r["target"] == "epub"])] if refused else []
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
