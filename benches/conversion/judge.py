"""What a converted book is worth: the reference tools' answers, and the reasons why it falls short."""

import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

from convert import digest
from corpus import Source

KINDLE = ("azw3", "mobi")
Verdict = dict[str, Any]


class EpubCheck:
    """One epubcheck for all books; answers are kept by the book's hash."""

    def __init__(self, cache: pathlib.Path | None) -> None:
        self.cache = cache / "epubcheck" if cache else None
        if self.cache:
            self.cache.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen[str] | None = None

    def check(self, book: pathlib.Path) -> Verdict:
        kept = self.cache / (digest(book) + ".batch.json") if self.cache else None
        if kept and kept.exists():
            return json.loads(kept.read_text())
        if self.process is None or self.process.poll() is not None:
            batch = pathlib.Path(__file__).with_name("EpubCheckBatch.java")
            self.process = subprocess.Popen(
                ["java", "-Xss16m", "-Xmx2g", "-XX:+UseSerialGC", "-cp", os.environ["EPUBCHECK_JAR"], str(batch)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8")
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{book}\n")
        self.process.stdin.flush()
        fields = self.process.stdout.readline().rstrip("\n").split("\t")
        if len(fields) < 5:
            return {"fatal": 1, "error": 0, "warning": 0, "first": ["epubcheck itself ended"]}
        answer = dict(zip(("fatal", "error", "warning"), map(int, fields[1:4])), first=fields[4].split(" | "))
        if kept:
            kept.write_text(json.dumps(answer, ensure_ascii=False))
        return answer


class Judge:
    def __init__(self, tools: pathlib.Path, cache: pathlib.Path | None) -> None:
        sys.path.insert(0, str(tools))
        self.score, self.mobicheck = importlib.import_module("score"), importlib.import_module("mobicheck")
        self.epubcheck = EpubCheck(cache)
        self.cache = cache / "judged" if cache else None
        if self.cache:
            self.cache.mkdir(parents=True, exist_ok=True)
        self.last: tuple[pathlib.Path, Any] | None = None
        self.load = self.score.load

    def model(self, source: Source) -> Any:
        """The source as score.py reads it, once for all its conversions."""
        if self.last is None or self.last[0] != source.path:
            os.environ.pop("SRC_ENCODING", None)
            if source.charset:
                os.environ["SRC_ENCODING"] = source.charset
            self.last = (source.path, self.load(str(source.path)) if source.format != "html" else self.page(source.path))
        return self.last[1]

    def page(self, path: pathlib.Path) -> Any:
        """An HTML page; score.py takes every page for UTF-8, so one that is not is given to it so."""
        data = path.read_bytes()
        named = re.search(rb"""charset\s*=\s*["']?([\w-]+)""", data[:2048])
        if named is None or named.group(1).lower() in (b"utf-8", b"utf8"):
            return self.load(str(path))
        with tempfile.NamedTemporaryFile(suffix=".html") as copy:
            copy.write(data.decode(named.group(1).decode(), "replace").encode())
            copy.flush()
            return self.load(copy.name)

    def judge(self, source: Source, output: pathlib.Path) -> Verdict:
        kept = None
        if self.cache:
            kept = self.cache / f"{digest(source.path)}-{digest(output)}{output.suffix}.json"
            if kept.exists():
                return json.loads(kept.read_text())
        verdict = self.judge_now(source, output)
        if kept and "error" not in verdict:
            kept.write_text(json.dumps(verdict, ensure_ascii=False))
        return verdict

    def judge_now(self, source: Source, output: pathlib.Path) -> Verdict:
        target = output.suffix.lstrip(".")
        options = ["--no-epubcheck"] + ([] if target in (*KINDLE, "epub") else ["--no-calibre"])
        try:
            self.model(source)
            self.score.load = lambda path: self.model(source) if path == str(source.path) else self.load(path)
            verdict = self.score.score(str(source.path), str(output), options)
        except Exception as broken:  # a judge that breaks on one book must not end the measurement
            verdict = {"error": f"score.py: {type(broken).__name__}: {broken}"}
        if target == "epub":
            verdict["epubcheck"] = self.epubcheck.check(output)
        if target in KINDLE:
            report = self.mobicheck.check(str(output))
            verdict["mobicheck"] = {"error": report.e[:12], "warning": report.w[:12]}
        return verdict

    def same_text(self, source: Source, output: pathlib.Path) -> Verdict:
        """Is the text the same, letter for letter but for white space?"""
        try:
            before, after = self.model(source).text, self.load(str(output)).text
        except Exception as broken:
            return {"exact": False, "error": f"{type(broken).__name__}: {broken}"}
        similar = self.score.textsim(before, after)
        return {"exact": "".join(before.split()) == "".join(after.split()),
                "tokens": self.score.tokens(before) == self.score.tokens(after),
                "recall": similar["recall"], "precision": similar["precision"]}


def clean(target: str, verdict: Verdict) -> bool:
    if target == "epub":
        found = verdict["epubcheck"]
        return not (found["fatal"] or found["error"] or found["warning"])
    return not verdict["mobicheck"]["error"] if target in KINDLE else True


def opens(target: str, verdict: Verdict) -> bool:
    asked = {"epub": ["opens_calibre"], "azw3": ["opens_calibre", "kindleunpack_ok", "mobitool_ok", "mobitool_rawml_ok"]}
    return all(verdict.get(key) is True for key in asked.get(target, asked["azw3"] if target == "mobi" else []))


def shares(source: Source, target: str, verdict: Verdict) -> dict[str, float | None]:
    """What arrived of what the source has and the target can carry; None where there is nothing to carry."""
    found: dict[str, float | None] = {"text": verdict["text"]["recall"] if verdict["text"]["src_tokens"] else None}
    toc, links, images, cover = (verdict[part] for part in ("toc", "links", "images", "cover"))
    if target in (*KINDLE, "epub") and toc["src"]:
        found["TOC labels"] = toc.get("labels", 0.0)
        found["TOC targets"] = toc.get("target_ok", 0.0)
    if target != "txt":
        found["links"] = links["target_ok"] if target != "html" else links["survival"]
        found["images"] = min(1.0, images["ratio"]) if images["src"] else None
    if target in (*KINDLE, "epub") and cover["src"]:
        found["cover"] = float(cover["out"])
    return found


def reasons(source: Source, target: str, ran: Verdict, verdict: Verdict | None) -> list[str]:
    """Why a conversion falls short; empty if it does not."""
    if verdict is None:
        return [f"not converted (status {ran['status']}): {ran['said'][-200:]}"]
    why = []
    if target == "epub" and not clean(target, verdict):
        found = verdict["epubcheck"]
        why.append(f"epubcheck {found['fatal']}/{found['error']}/{found['warning']}: {' | '.join(found['first'][:3])}")
    if target in KINDLE:
        why += [f"mobicheck: {text}" for text in verdict["mobicheck"]["error"][:3]]
    if "error" in verdict:
        return [*why, verdict["error"]]
    if not opens(target, verdict):
        why.append("does not open: " + ", ".join(k for k, v in verdict.items() if k.endswith(("_ok", "calibre")) and v is not True))
    for part, share in shares(source, target, verdict).items():
        wanted = 1.0 if part in ("text", "cover") else 0.995
        if share is not None and share < wanted:
            why.append(f"{part} {share}")
    if verdict["text"]["src_tokens"] and verdict["text"]["order"] < 1 and verdict["text"]["recall"] == 1:
        why.append(f"order {verdict['text']['order']}")
    if verdict["images"]["broken_out"]:
        why.append(f"{verdict['images']['broken_out']} broken images")
    return why + ([f"{verdict['links']['out_dangling']} dangling links"] if verdict["links"]["out_dangling"] else [])
