"""tests/drills/day.py FILE [HOURS]: a day of the service under mixed load, compressed into an hour.

Needs faketime (Debian's package; its library is loaded into the service, whose clock and timers then run 24 times as
fast). Started by hand; prints a line of CSV for every minute of the service's time, and at the end whether memory and
descriptors are flat: the slope of a straight line through the second half, by least squares. Exit code 1 if not.
FACTOR=36 in the environment is faster still.

The load, in the service's time: each minute searches, picks, a request now and then, a download, a question to the
token API; every ten minutes an upload that is converted, every quarter of an hour the pages of the admin, every four
hours a backup besides the nightly one, and one book of three goes into the bin again.

What faketime does not reach: the uptime by which tokens live (the program asks the kernel without the C library), so
the platform here grants tokens that are renewed after two hours divided by 24; and waits on locks, so that idle threads
stay longer than they would. A wait of the service is 24 times as short as it says: an answer has 190 ms, not 4.5 s.
"""

import contextlib
import glob
import os
import random
import re
import sys
import time

from books import epub, text_book
from endpoint import Platform
from harness import expect, Fault, Home

FACTOR = int(os.environ.get("FACTOR", "24"))
# As the service's unit has it.
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
# A token is renewed this long before its end, in seconds.
RENEWED_BEFORE = 270
# Flat is less than this, per hour of the service's time.
MOST_MEGABYTES, MOST_DESCRIPTORS = 1.0, 0.2
PAGES = [
    "/",
    "/books",
    "/books/requests",
    "/followers",
    "/jobs",
    "/token",
    "/backup",
    "/diagnostics",
    "/api/log",
    "/api/disk",
]
CLASSICS = [
    "红楼梦",
    "孙子兵法",
    "老残游记",
    "水滸傳",
    "sanguo",
    "honglou",
    "没有这本书",
    "年轻",
    "帮助",
    "最新",
    "热门",
    "随机",
]


def slope(values):
    """Of the straight line through values one minute apart, per hour."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    spread = sum((place - middle) ** 2 for place in range(len(values)))
    return 60 * sum((place - middle) * (value - mean) for place, value in enumerate(values)) / spread


def tree_kilobytes(folder):
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            # Files come and go meanwhile.
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(where, name)).st_blocks // 2
    return total


class Day:
    """The load, minute by minute."""

    def __init__(self, home, service):
        self.home, self.service, self.random = home, service, random.Random(2026)
        self.done = {
            "messages": 0,
            "late": 0,
            "downloads": 0,
            "tokens": 0,
            "uploads": 0,
            "pages": 0,
            "backups": 0,
            "removed": 0,
        }
        self.slowest, self.own = 0.0, []

    def say(self, text):
        follower = f"oReader{self.random.randrange(300)}"
        began = time.monotonic()
        path, body = self.service.message(follower, text)
        status, _, answer = self.service.request("public", "POST", path, body, {"Content-Type": "text/xml"})
        self.slowest = max(self.slowest, time.monotonic() - began)
        expect(status == 200, f"{text}: status {status}")
        self.done["messages"] += 1
        self.done["late"] += b"<Content>" not in answer and b"<Articles>" not in answer
        return answer.decode()

    def minute(self, number):
        for text in self.random.sample(CLASSICS, 3):
            self.say(text)
        self.say(str(self.random.randrange(1, 6)))
        if number % 7 == 0:
            self.say(f"求书 奇书{number}")
        if self.own:
            self.download(self.say(self.random.choice(self.own)[1]))
        status, token = self.service.access_token()
        expect(status == 200 and token, f"token API: status {status}")
        self.done["tokens"] += 1
        if number % 10 == 0:
            self.add(number)
        if number % 15 == 5:
            self.look()
        if number % 240 == 100:
            self.home.done("backup", os.path.join(self.home.folder, "backup"), limit=300)
            self.done["backups"] += 1

    def download(self, answer):
        for path in re.findall(r'href="http://[^/"]+(/dl/[^"]+)"', answer)[:2]:
            status, _, data = self.service.request("public", "GET", path.replace("&amp;", "&"), timeout=60)
            expect(status == 200 and data, f"download: status {status}")
            self.done["downloads"] += 1

    def add(self, number):
        title = f"日子{number}"
        name, data = (f"{title}.txt", text_book(title)) if number % 20 else (f"{title}.epub", epub(title, 200))
        status, item = self.service.upload(name, data)
        expect(status == 200 and item["outcome"] == "new", f"upload: {status} {item}")
        self.done["uploads"] += 1
        self.own.append((item["book"], title))
        if len(self.own) > 6 and number % 30 == 0:
            self.home.done("book", "remove", str(self.own.pop(0)[0]))
            self.done["removed"] += 1

    def look(self):
        for path in PAGES:
            status, _, _ = self.service.request("admin", "GET", path, headers={"Cookie": self.service.cookie})
            if status == 401:
                # A session ends after some hours.
                self.service.log_in()
            expect(status in (200, 401), f"{path}: status {status}")
            self.done["pages"] += 1

    def sample(self, number):
        service = self.service
        row = [
            number,
            service.kilobytes(),
            service.kilobytes("RssAnon"),
            service.descriptors(),
            service.kilobytes("Threads"),
            tree_kilobytes(self.home.data),
            self.done["messages"],
            self.done["late"],
        ]
        print(",".join(map(str, row)), flush=True)
        return row


def run(program, hours):
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    expect(libraries, "not possible here: there is no faketime (apt-get install faketime)")
    platform = Platform(lives=RENEWED_BEFORE + 7200 // FACTOR)
    home = Home(program, platform, "[backup]\nenabled = true\nkeep_last = 2\nkeep_days = 1\nkeep_weeks = 1\n")
    os.makedirs(os.path.join(home.folder, "backup"))
    began = time.time()
    fast = {"LD_PRELOAD": libraries[0], "FAKETIME": f"+0 x{FACTOR}"} | MEMORY
    service = home.serve(environment=fast)
    try:
        service.now = lambda: began + FACTOR * (time.time() - began)
        service.log_in()
        for file in sorted(glob.glob(os.path.join(os.path.dirname(__file__), "../../data/starter/*.*"))):
            if not file.endswith(".md"):
                home.done("book", "add", file)
        day, rows = Day(home, service), []
        print("minute,rss_kb,anonymous_kb,descriptors,threads,disk_kb,messages,late")
        first = time.monotonic()
        for number in range(round(hours * 60)):
            time.sleep(max(0, first + number * 60 / FACTOR - time.monotonic()))
            day.minute(number)
            rows.append(day.sample(number))
        return verdict(day, rows, platform, time.monotonic() - first)
    finally:
        service.close()
        platform.close()
        home.remove()


def verdict(day, rows, platform, seconds):
    later = rows[len(rows) // 2 :]
    memory, anonymous = slope([row[1] / 1024 for row in later]), slope([row[2] / 1024 for row in later])
    descriptors, threads = slope([row[3] for row in later]), slope([row[4] for row in later])
    metrics = day.service.metrics()
    jobs = day.home.done("job", "list")
    stopped = day.service.stop()
    log = [line for line in day.home.log().splitlines() if re.search(r" (WARN|ERROR) ", line)]
    print(f"# {len(rows) / 60:.1f} hours in {seconds / 60:.1f} minutes; {day.done}; slowest answer {day.slowest:.3f} s")
    print(
        f"# tokens granted {len([1 for _, path in platform.asked if 'token' in path])}, "
        f"messages counted by the service {metrics.get('shutong_message_seconds_count', 0):.0f}, stopped in "
        f"{stopped:.2f} s"
    )
    print(
        f"# second half: resident {memory:+.3f} MB/h (anonymous {anonymous:+.3f}), descriptors {descriptors:+.3f}/h, "
        f"threads {threads:+.3f}/h; at the end {rows[-1][1] // 1024} MB, at most "
        f"{max(row[1] for row in rows) // 1024} MB, "
        f"{rows[-1][3]} descriptors, {rows[-1][4]} threads, {rows[-1][5] // 1024} MB of data"
    )
    print("".join(f"# job: {line}\n" for line in jobs.splitlines()), end="")
    print(f"# warnings and errors in the log: {len(log)}", *[f"#   {line[:200]}" for line in log[:10]], sep="\n")
    is_flat = memory < MOST_MEGABYTES and abs(descriptors) < MOST_DESCRIPTORS
    print("# flat" if is_flat else "# NOT FLAT", flush=True)
    return 0 if is_flat else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        sys.exit(run(sys.argv[1], float(sys.argv[2]) if len(sys.argv) == 3 else 24))
    except Fault as fault:
        sys.exit(f"FAILED: {fault}")
