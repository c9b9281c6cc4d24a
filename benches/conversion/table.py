"""The results as Markdown."""

import statistics
from collections.abc import Iterable
from typing import Any

from corpus import Source
from judge import clean, opens, shares

Record = dict[str, Any]  # one conversion: source, format, group, target, by, ran, verdict, reasons
PARTS = ("text", "TOC labels", "TOC targets", "links", "images", "cover")


def rows(head: list[str], body: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def quality(records: list[Record], group: str) -> str:
    body = []
    for pair, by, some in grouped(records, group):
        judged = [r for r in some if r["verdict"] and "error" not in r["verdict"]]
        found: dict[str, list[float]] = {part: [] for part in PARTS}
        for r in judged:
            for part, share in shares(r["source"], r["target"], r["verdict"]).items():
                if share is not None:
                    found[part].append(share)
        made = sum(bool(r["verdict"]) for r in some)
        target = some[0]["target"]
        checked = target in ("epub", "azw3", "mobi")
        body.append([pair, by, f"{made}/{len(some)}",
                     f"{sum(clean(target, r['verdict']) for r in some if r['verdict'])}" if checked else "",
                     f"{sum(opens(target, r['verdict']) for r in judged)}" if checked else "",
                     *(mean_and_least(found[part]) for part in PARTS[:-1]),
                     f"{sum(found['cover']):.0f}/{len(found['cover'])}" if found["cover"] else ""])
    head = ["", "by", "converted", "clean", "opens", *(f"{part} mean (least)" for part in PARTS[:-1]), "covers"]
    return rows(head, body)


def mean_and_least(values: list[float]) -> str:
    return f"{statistics.mean(values):.4f} ({min(values):.3f})" if values else ""


def speed(records: list[Record], group: str) -> str:
    """Processor seconds of files that both converted."""
    peers = {(r["source"].name, r["target"]): r for r in records if r["by"] != "shutong" and r["verdict"]}
    body = []
    for pair, by, some in grouped(records, group):
        done = [r for r in some if r["verdict"]]
        if by != "shutong" or not done:
            continue
        both = [(r, peers[key]) for r in done if (key := (r["source"].name, r["target"])) in peers]
        ratios = [theirs["ran"]["cpu"] / max(ours["ran"]["cpu"], 1e-4) for ours, theirs in both]
        worst = max(done, key=lambda r: r["ran"]["cpu"])
        body.append([pair, seconds([r["ran"]["cpu"] for r in done]), worst["source"].name.rsplit("/", 1)[-1],
                     f"{max(r['ran']['peak_mb'] for r in done):.0f}",
                     seconds([theirs["ran"]["cpu"] for _, theirs in both]) if both else "",
                     f"{max(theirs['ran']['peak_mb'] for _, theirs in both):.0f}" if both else "",
                     f"{statistics.median(ratios):.0f} ({min(ratios):.0f})" if both else ""])
    return rows(["", "seconds, median (worst)", "worst on", "peak MB", "calibre, median (worst)", "peak MB",
                 "times faster, median (least)"], body)


def peer_speed(records: list[Record], group: str) -> str:
    body = [[pair, by, seconds([r["ran"]["cpu"] for r in some if r["verdict"]]),
             f"{max((r['ran']['peak_mb'] for r in some), default=0):.0f}"]
            for pair, by, some in grouped(records, group) if by != "shutong" and any(r["verdict"] for r in some)]
    return rows(["", "by", "seconds, median (worst)", "peak MB"], body)


def seconds(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({max(values):.2f})" if values else ""


def grouped(records: list[Record], group: str) -> Iterable[tuple[str, str, list[Record]]]:
    found: dict[tuple[str, str, str], list[Record]] = {}
    for r in records:
        if r["group"] == group:
            found.setdefault((r["format"], r["target"], r["by"]), []).append(r)
    order = ["epub", "azw3", "mobi", "txt", "html", "shutong"]
    for (format, target, by), some in sorted(found.items(), key=lambda f: [(order.index(k) if k in order else 9) for k in f[0]]):
        yield f"{format} → {target}", by, some


def trips(records: list[Record]) -> str:
    body = []
    for way in sorted({r["way"] for r in records}):
        some = [r for r in records if r["way"] == way]
        recall = [r["text"]["recall"] for r in some if "recall" in r["text"]]
        body.append([way, str(len(some)), str(sum(r["text"]["exact"] for r in some)),
                     str(sum(r["text"].get("tokens", False) for r in some)), mean_and_least(recall)])
    return rows(["", "files", "text exact", "words exact", "recall mean (least)"], body)


def refusals(records: list[Record]) -> str:
    body = [[r["source"], "rescue" if r["rescue"] else "", "book" if r["ran"]["status"] == 0 else r["ran"]["said"][-110:].replace("\n", " ").replace("|", "/"),
             f"{r['ran']['wall']:.2f} s, {r['ran']['peak_mb']:.0f} MB", "; ".join(r["reasons"])] for r in records]
    return rows(["", "", "answer", "cost", "fault"], body)


def chapters(found: dict[str, tuple[float, float]]) -> str:
    """Precision and recall of the headings found in plain text, against lists made by hand."""
    f1 = {name: 2 * p * r / (p + r) if p + r else 0.0 for name, (p, r) in found.items()}
    body = [[name, f"{p:.3f}", f"{r:.3f}", f"{f1[name]:.3f}"] for name, (p, r) in sorted(found.items())]
    return rows(["", "precision", "recall", "F1"], [*body, ["macro mean", "", "", f"{statistics.mean(f1.values()):.3f}"]])


def failures(records: list[Record], by: str) -> str:
    return "".join(f"- {r['source'].name} → {r['target']} ({r['group']}): {'; '.join(r['reasons'])}\n"
                   for r in records if r["by"] == by and r["reasons"])


def as_json(records: list[Record]) -> list[Record]:
    return [{**r, "source": r["source"].name} if isinstance(r["source"], Source) else r for r in records]
