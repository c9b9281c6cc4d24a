"""Drills that damage what lies on the disk: the database (11), the index (12)."""

import glob
import json
import os
import random
import shutil
import time

from books import epub
from disks import books
from harness import Home, content, drill, expect, until


@drill(11, "torn or flipped database")
def damage_the_database(program):
    home, random_ = Home(program), random.Random(11)
    lines = "".join(f"{row}\t目录之{row}\t某人{row % 97}\n" for row in range(6000))
    home.done("book", "import", home.file("c.tsv", f"id\ttitle\tauthor\n{lines}".encode()))
    for number in range(5):
        home.done("book", "add", home.file(f"{number}.epub", epub(f"真书{number}")))
    backup = os.path.join(home.folder, "kept")
    home.done("backup", backup)
    service = home.serve()
    service.kill9()
    whole, before, seen = books(home), os.path.join(home.folder, "before"), []
    shutil.copytree(home.data, before)
    size = os.path.getsize(os.path.join(home.data, "db", "db"))

    def cut(bytes_):
        return lambda: os.truncate(os.path.join(home.data, "db", "db"), max(0, size - bytes_))

    def flip():
        with open(os.path.join(home.data, "db", "db"), "r+b") as file:
            file.seek(random_.randrange(size // 4, size // 2))
            here = file.tell()
            data = bytes(byte ^ 0xFF for byte in file.read(64))
            file.seek(here)
            file.write(data)

    def drop(pattern):
        return lambda: [os.remove(path) for path in glob.glob(os.path.join(home.data, "db", pattern))]

    damages = [
        ("tail cut by 1 MB", cut(1 << 20)),
        ("half cut off", cut(size // 2)),
        ("emptied", cut(size)),
        ("snapshot deleted", drop("snap.*")),
        ("conf deleted", drop("conf")),
        ("db deleted", drop("db")),
    ]
    damages += [(f"64 bytes flipped ({number})", flip) for number in range(6)]
    for name, damage in damages:
        shutil.rmtree(home.data)
        shutil.copytree(before, home.data)
        damage()
        code, out, errors = home.run("book", "list", "--limit", "100000", "--json")
        if code == 0:
            found = {book["title"] for book in json.loads(out)["books"]}
            counted = json.loads(out)["counts"]["books"]
            expect(found == whole and counted == 6005, f"{name}: silently {counted} books with exit 0")
            seen.append(f"{name}: whole")
            continue
        expect(code == 3, f"{name}: exit {code}: {errors[-200:]}")
        expect("restore" in errors, f"{name}: no hint how to restore: {errors[-200:]}")
        seen.append(f"{name}: exit 3")
        home.done("restore", backup, "--yes")
        expect(books(home) == whole, f"{name}: restored, and not whole")
        for path in glob.glob(home.data + ".*") + glob.glob(home.data + "-*"):
            shutil.rmtree(path)
    home.remove()
    return f"database of {size >> 10} KB: " + ", ".join(seen) + "; restored whole each time"


@drill(12, "index damaged")
def damage_the_index(program):
    home, seen = Home(program), []
    lines = "".join(f"{row}\t目录之{row}\n" for row in range(3000))
    home.done("book", "import", home.file("c.tsv", f"id\ttitle\n{lines}".encode()))
    home.serve().stop()

    def files(pattern="*"):
        found = [path for path in glob.glob(os.path.join(home.data, "index", "titles", "**", pattern), recursive=True)]
        return sorted((path for path in found if os.path.isfile(path)), key=os.path.getsize)

    def write(path, change):
        with open(path, "r+b") as file:
            data = change(bytearray(file.read()))
            file.seek(0)
            file.truncate()
            file.write(data)

    def flip(data):
        middle = len(data) // 2
        data[middle : middle + 64] = bytes(byte ^ 0xFF for byte in data[middle : middle + 64])
        return data

    damages = [
        ("a segment cut", lambda: os.truncate(files()[-1], os.path.getsize(files()[-1]) // 2)),
        ("64 bytes flipped", lambda: write(files()[-1], flip)),
        ("meta.json deleted", lambda: os.remove(files("meta.json")[0])),
        (
            "another schema",
            lambda: write(
                files("meta.json")[0], lambda data: data.replace(b'"title"', b'"titel"').replace(b'"id"', b'"di"')
            ),
        ),
        ("all deleted", lambda: shutil.rmtree(os.path.join(home.data, "index"))),
    ]
    if os.geteuid() == 0:
        seen.append("chmod 000: not possible here as root")
    else:
        damages.append(("chmod 000", lambda: os.chmod(os.path.dirname(files()[0]), 0)))
    for name, damage in damages:
        damage()
        service = home.serve()
        expect(content(service.say("oA", "帮助")), f"{name}: no answer at once")
        began = time.monotonic()
        until(
            lambda: "目录之1234" in service.say("oA", "目录之1234")
            and service.metrics()["shutong_index_books"] == 3000,
            f"{name}: found again",
        )
        took = time.monotonic() - began
        service.stop()
        bad = glob.glob(os.path.join(home.data, "index", "**", "index.bad*"), recursive=True)
        seen.append(f"{name}: found again after {took:.1f} s{', kept aside' if bad else ''}")
        for path in bad:
            shutil.rmtree(path)
    home.json("check", "--deep")
    home.remove()
    return "; ".join(seen)
