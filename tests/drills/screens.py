"""tests/drills/screens.py FILE [BOOKS]: how long the admin page's screens take with many books (default: 100,000).

Started by hand; needs nothing else. Prints a line for each screen: the median, the least and the most of 25 visits, in
milliseconds, over a socket on this machine.
"""

import statistics
import sys
import time
import urllib.parse

from harness import Home

SCREENS = (
    "/ /books /books?q=山海 /books?lack=file /books?sort=title /books/1 /books/duplicates /books/requests /books/removed"
    " /followers /deliveries /sources /jobs /simulator /media /keywords /wordings /menu /token /backup /diagnostics"
    " /settings /articles /api/books"
).split()
VISITS = 25
FOLLOWERS = 40
SYLLABLES = "山海春秋风云天地人间白夜红楼江湖书剑"


def catalogue(books):
    """Titles of four characters and a number, every tenth twice."""
    rows = ["id\ttitle\tauthor\tlanguage\tpopularity"]
    for n in range(books):
        same = n - 1 if n % 10 == 9 else n
        title = "".join(SYLLABLES[same // len(SYLLABLES) ** k % len(SYLLABLES)] for k in range(4))
        rows.append(f"made:{n}\t{title}{same}\t作者{same % 5000}\tzh\t{n % 1000}")
    return "\n".join(rows).encode()


def main(program, books=100_000):
    home = Home(program)
    home.done("book", "import", str(home.file("made.tsv", catalogue(int(books)))), limit=600)
    service = home.serve().log_in()
    for n in range(FOLLOWERS):
        service.say(f"oFollower{n:03}", "山海")
    for screen in SCREENS:
        path = urllib.parse.quote(screen, safe="/?=")
        times = []
        for _ in range(VISITS):
            began = time.perf_counter()
            service.page(path)
            times.append((time.perf_counter() - began) * 1000)
        print(f"{screen:24} {statistics.median(times):5.1f} {min(times):5.1f} {max(times):6.1f}", flush=True)
    service.stop()
    home.remove()


if __name__ == "__main__":
    main(*sys.argv[1:])
