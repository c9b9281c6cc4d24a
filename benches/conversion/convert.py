"""Running a converter: what it wrote, its processor seconds, its peak memory, and what it said."""

import dataclasses
import hashlib
import json
import os
import pathlib
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import zipfile


@dataclasses.dataclass
class Run:
    status: int  # exit code, negative for a signal
    cpu: float  # seconds, user and system, with the processes it started
    wall: float
    peak_mb: float
    said: str  # the end of standard error (or output)

    @property
    def ok(self) -> bool:
        return self.status == 0


def run(command: list[str], limit: float, cwd: pathlib.Path | None = None, env: dict[str, str] | None = None) -> Run:
    """Runs a command within `limit` processor seconds (and four times that by the clock)."""

    def cap() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))

    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=cwd,
                                   env={**os.environ, **(env or {})}, start_new_session=True, preexec_fn=cap)
        timer = threading.Timer(limit * 4, lambda: os.killpg(process.pid, signal.SIGKILL))
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it again
        wall = time.monotonic() - start
        output.seek(0)
        said = output.read().decode("utf-8", "replace").strip()[-2000:]
    return Run(process.returncode, used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, said)


class Shutong:
    """Ours. `template` is a command with {in} and {out}; several runs give the median time."""

    name = "shutong"

    def __init__(self, template: str, limit: float, repeat: int) -> None:
        self.template, self.limit, self.repeat = shlex.split(template), limit, repeat

    def command(self, source: pathlib.Path, output: pathlib.Path, *more: str) -> list[str]:
        return [word.replace("{in}", str(source)).replace("{out}", str(output)) for word in self.template] + list(more)

    def convert(self, source: pathlib.Path, output: pathlib.Path) -> Run:
        runs = [run(self.command(source, output), self.limit)]
        while runs[0].ok and len(runs) < self.repeat and runs[0].cpu < 1:
            runs.append(run(self.command(source, output), self.limit))
        return dataclasses.replace(runs[0], cpu=statistics.median(r.cpu for r in runs),
                                   peak_mb=max(r.peak_mb for r in runs))


class Calibre:
    """calibre's ebook-convert; conversions are kept in `cache`, since they take hours for a whole corpus."""

    name = "calibre"

    def __init__(self, cache: pathlib.Path, limit: float) -> None:
        shown = subprocess.run(["ebook-convert", "--version"], capture_output=True, text=True, check=True).stdout
        self.version = shown.split("(calibre ")[-1].split(")")[0]
        self.cache, self.limit = cache / f"calibre-{self.version}", limit
        self.cache.mkdir(parents=True, exist_ok=True)

    def convert(self, source: pathlib.Path, output: pathlib.Path) -> Run:
        target = output.suffix
        key = digest(source) + source.suffix + target
        kept, record = self.cache / key, self.cache / (key + ".json")
        if not record.exists():
            # It has no plain HTML output: the page out of its zipped HTML stands for it.
            written = kept.with_suffix(".htmlz") if target == ".html" else kept
            result = run(["ebook-convert", str(source), str(written)], self.limit, env={"QT_QPA_PLATFORM": "offscreen"})
            if result.ok and written != kept:
                with zipfile.ZipFile(written) as pages:
                    kept.write_bytes(pages.read("index.html"))
                written.unlink()
            record.write_text(json.dumps(dataclasses.asdict(result), ensure_ascii=False))
        result = Run(**json.loads(record.read_text()))
        if result.ok and kept.exists():
            shutil.copyfile(kept, output)
        return result


def digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:24]
