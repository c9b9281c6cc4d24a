"""Files made to do harm: each must give a book or a clear refusal, soon, in little memory, and touch nothing else."""

import dataclasses
import pathlib
import shutil
import tempfile
import zipfile
from typing import Any

from convert import Shutong, run
from corpus import Source

SECONDS, MEGABYTES = 2.0, 300.0


def tree(root: pathlib.Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() if p.is_file() and not p.is_symlink() else b"" for p in root.rglob("*")}


def named_outside(archive: pathlib.Path, *folders: pathlib.Path) -> set[pathlib.Path]:
    """The places that the names in an archive point at, as a careless extraction would resolve them."""
    try:
        names = zipfile.ZipFile(archive).namelist()
    except Exception:
        return set()
    names = [name.replace("\\", "/") for name in names]
    return {(folder / name).resolve() for folder in folders for name in names if ".." in name or name.startswith("/")}


def provoke(shutong: Shutong, source: Source, target: str, rescue: bool) -> dict[str, Any]:
    """One conversion, deep in an empty tree that is compared afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        here = root / "a/b/c/d"
        for folder in (here, root / "tmp", root / "home"):
            folder.mkdir(parents=True)
        entry, output = here / source.path.name, here / f"converted.{target}"
        shutil.copyfile(source.path, entry)
        outside = {path for path in named_outside(entry, here, root / "tmp") if not path.exists()}
        before = tree(root)
        more = ["--rescue"] if rescue else []
        ran = run(shutong.command(entry, output, *more), 30, here, {"TMPDIR": str(root / "tmp"), "HOME": str(root / "home")})
        after = tree(root)
        written = len(after.pop(str(output), b""))
        strays = sorted(k for k in {*before, *after} if before.get(k) != after.get(k))
        strays += [str(path) for path in outside if path.exists()]
    why = []
    if ran.wall > SECONDS:
        why.append(f"{ran.wall:.1f} s")
    if ran.peak_mb > MEGABYTES:
        why.append(f"{ran.peak_mb:.0f} MB")
    if ran.status < 0 or "panicked at" in ran.said:
        why.append(f"crashed ({ran.status})")
    if not ran.ok and not ran.said:
        why.append("refused without a word")
    if ran.ok != bool(written):
        why.append(f"status {ran.status}, {written} bytes written")
    if strays:
        why.append("wrote elsewhere: " + ", ".join(strays[:5]))
    return {"source": source.name, "target": target, "rescue": rescue, "ran": dataclasses.asdict(ran), "reasons": why}
