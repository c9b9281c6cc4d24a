"""Drills that end the process at the worst moment: 1 to 5 (kill -9), 23 (SIGTERM), 24 (migration), 25 (backup)."""

import http.client
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from books import epub, text_book
from harness import drill, Elsewhere, expect, Fault, Home, Ledger, NotPossible, until

ROUNDS = int(os.environ.get("ROUNDS", "8"))
# What a client sees of a server that is gone.
GONE = (OSError, http.client.HTTPException)


def while_killed(home, service, work, after):
    """Kills the service while `work` goes on, and starts it again; gives it, and the seconds until it listened."""
    has_password = home.has_password
    worker = threading.Thread(target=work, args=(service,))
    worker.start()
    time.sleep(after)
    service.kill9()
    worker.join()
    home.has_password = has_password
    again = home.serve()
    return again, again.started


@drill(1, "kill -9 during import")
def kill_during_upload(program):
    home, ledger, random_ = Home(program), Ledger(), random.Random(1)
    service, slowest, cut = home.serve().log_in(), 0, 0
    for number in range(ROUNDS):

        def upload(service, number=number):
            nonlocal cut
            for book in range(50):
                title = f"第{number}轮第{book}本"
                try:
                    status, item = service.upload(f"{title}.epub", epub(title))
                except GONE:
                    cut += 1
                    return
                if status == 200 and item["outcome"] == "new":
                    ledger.books.add(title)

        service, started = while_killed(home, service, upload, random_.uniform(0.05, 1))
        slowest = max(slowest, started)
        ledger.check(home, service)
        service.log_in()
    expect(cut > 0 and ledger.books, "no upload was cut off")
    service.stop()
    home.remove()
    return (
        f"{ROUNDS} kills, {cut} uploads cut off, {len(ledger.books)} books acknowledged, none lost; start ≤ "
        f"{slowest:.2f} s"
    )


@drill(2, "kill -9 during index commit")
def kill_during_indexing(program):
    home, random_, rows, slowest, longest = Home(program), random.Random(2), 2000, 0, 0
    service, pending = home.serve().log_in(), 0
    for number in range(ROUNDS):
        lines = "".join(f"{number}-{row}\t目录{number}之{row}\n" for row in range(rows))
        status, item = service.upload("c.tsv", f"id\ttitle\n{lines}".encode(), path="/api/catalogue")
        expect(status == 200 and item["new"] == rows, f"catalogue: {status} {item}")
        # The index follows what was acknowledged within a second or two.
        pending += service.metrics()["shutong_index_pending"] > 0
        time.sleep(random_.uniform(0, 0.3))
        service.kill9()
        began = time.monotonic()
        service = home.serve()
        slowest = max(slowest, service.started)
        until(lambda: service.metrics()["shutong_index_pending"] == 0, "the index catches up")
        longest = max(longest, time.monotonic() - began)
        for row in random_.sample(range(rows), 5):
            title = f"目录{number}之{row}"
            found = home.json("search", title)["books"]
            expect(any(book["title"] == title for book in found), f"{title} is not found")
        service.log_in()
    expect(pending, "the index was never behind")
    home.json("check", "--deep")
    service.stop()
    home.remove()
    return (
        f"{ROUNDS} × {rows} entries, the index behind at {pending} kills; start ≤ {slowest:.2f} s, all found ≤ "
        f"{longest:.1f} s"
    )


def workers(service):
    """Processes that convert books for the service."""
    found = subprocess.run(["pgrep", "-P", str(service.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def links_of(service, title, follower="oReader"):
    return [
        link.replace("&amp;", "&")
        for link in re.findall(r'href="http://[^/"]+(/dl/[^"]+)"', service.say(follower, title))
    ]


@drill(3, "kill -9 during conversion")
def kill_during_conversion(program):
    home, random_ = Home(program), random.Random(3)
    service, cut, killed = home.serve().log_in(), 0, 0
    for number in range(ROUNDS):
        title = f"长篇{number}"
        status, item = service.upload(f"{title}.txt", text_book(title, 400))
        expect(status == 200 and item["outcome"] == "new", f"upload: {item}")
        until(lambda title=title: links_of(service, title), f"{title} is found")

        def fetch(service, title=title):
            nonlocal cut
            try:
                for link in links_of(service, title):
                    service.request("public", "GET", link, timeout=60)
            except (*GONE, Fault):
                cut += 1

        if number % 2:
            service, _ = while_killed(home, service, fetch, random_.uniform(0.02, 0.3))
            service.log_in()
        else:
            # Only the process that converts.
            thread = threading.Thread(target=fetch, args=(service,))
            thread.start()
            for _ in range(200):
                for pid in workers(service):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
                time.sleep(0.005)
                if not thread.is_alive():
                    break
            thread.join()
            expect(service.is_alive(), "it ended with its worker")
        kinds = [service.request("public", "GET", link, timeout=60) for link in links_of(service, title)]
        expect(kinds and all(status == 200 for status, _, _ in kinds), f"{[kind[0] for kind in kinds]} after the kill")
        expect(any(data[:2] == b"PK" for _, _, data in kinds), "no EPUB came of it")
        ledger = Ledger()
        ledger.books.add(title)
        # A converter that outlived its service may still write something, which the next start removes.
        ledger.check(home)
    service.stop()
    service = home.serve()
    ledger.check(home, service)
    service.stop()
    home.remove()
    return (
        f"{ROUNDS} conversions: {cut} cut off with the service, {killed} workers killed; each book was converted when "
        f"asked again"
    )


@drill(4, "kill -9 during crawl")
def kill_during_crawl(_):
    raise Elsewhere("tests/it/crawl.rs a_failing_web_is_read_whole_and_in_order_while_the_program_is_killed")


@drill(5, "kill -9 between DATA and the record")
def kill_during_mail(_):
    raise Elsewhere(
        "tests/it/deliveries.rs every_push_arrives_once_and_in_order_though_the_service_is_killed_again_and_again"
    )


@drill(23, "SIGTERM under load")
def stop_under_load(program):
    home, ledger, broken, answered, lock = Home(program), Ledger(), [], [], threading.Lock()
    service = home.serve().log_in()
    numbers = iter(range(10_000_000))

    def talk(talker):
        while True:
            with lock:
                number = next(numbers)
            title = f"停机{number}之书"
            path, body = service.message(f"oTalker{talker}_{number // 50}", f"求书 {title}")
            connection = service.connect()
            try:
                connection.connect()
            except OSError:
                return
            try:
                connection.request("POST", path, body, {"Content-Type": "text/xml"})
                answer = connection.getresponse()
                text = answer.read().decode()
            except (http.client.RemoteDisconnected, ConnectionError):
                return
            except http.client.HTTPException as error:
                broken.append(repr(error))
                return
            with lock:
                if answer.status == 200 and "记下了" in text:
                    ledger.requests.add(title)
                    answered.append(1)
                else:
                    broken.append(f"{answer.status} {text[:80]}")

    talkers = [threading.Thread(target=talk, args=(talker,)) for talker in range(16)]
    for talker in talkers:
        talker.start()
    uploader = threading.Thread(target=lambda: upload_quietly(service, ledger))
    uploader.start()
    time.sleep(3)
    took = service.stop()
    for thread in (*talkers, uploader):
        thread.join()
    expect(not broken, f"{len(broken)} broken answers, like {broken[:2]}")
    expect(took <= 25, f"stopped after {took:.1f} s")
    ledger.check(home)

    # Somebody holds a request open half sent; the second signal does not wait for it.
    service = home.serve()
    host, port = service.address["public"].split(":")
    held = socket.create_connection((host, int(port)))
    held.sendall(b"POST /wechat/main?signature=x HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n<xml>")
    time.sleep(0.3)
    began = time.monotonic()
    os.kill(service.pid, signal.SIGTERM)
    time.sleep(0.05)
    if service.is_alive():
        os.kill(service.pid, signal.SIGTERM)
    code = service.wait(25)
    second = time.monotonic() - began
    held.close()
    home.remove()
    return (
        f"{len(answered)} answers in 3 s and none broken; exit 0 after {took:.2f} s; second signal: exit {code} after "
        f"{second:.2f} s"
    )


def upload_quietly(service, ledger):
    for number in range(1000):
        title = f"停机时第{number}本"
        try:
            status, item = service.upload(f"{title}.epub", epub(title))
        except GONE:
            return
        if status == 200 and item["outcome"] == "new":
            ledger.books.add(title)


@drill(24, "migration")
def migrate(program):
    old = os.environ.get("OLD", "")
    if not os.path.exists(old):
        raise NotPossible("no older executable was given (OLD=FILE tests/drills/faults.py …)")
    home = Home(old)
    titles = {f"旧书{number}" for number in range(30)}
    for title in titles:
        home.file(f"{title}.epub", epub(title))
    home.done("book", "add", *(os.path.join(home.folder, f"{title}.epub") for title in sorted(titles)))
    ledger = Ledger()
    ledger.books = titles
    before = os.path.join(home.folder, "before")
    shutil.copytree(home.data, before)
    kills, random_ = 0, random.Random(24)
    home.program = os.path.abspath(program)
    for _ in range(ROUNDS):
        shutil.rmtree(home.data)
        shutil.copytree(before, home.data)
        process = subprocess.Popen(
            home.command("serve"), env=home.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(random_.uniform(0, 0.12))
        kills += process.poll() is None
        process.kill()
        process.wait()
        ledger.check(home)
    service = home.serve()
    service.stop()
    home.program = os.path.abspath(old)
    code, _, errors = home.run("book", "list")
    expect(code == 5 and "newer" in errors, f"the old program on new data: exit {code}: {errors[-200:]}")
    home.remove()
    return (
        f"{kills} kills while it started on old data, all {len(titles)} books there each time; the old program "
        f"refuses the new data with exit 5"
    )


@drill(25, "backup under writes, kill -9 during restore")
def back_up_and_restore(program):
    home, ledger, random_ = Home(program), Ledger(), random.Random(25)
    service = home.serve().log_in()
    worker = threading.Thread(target=upload_quietly, args=(service, ledger))
    worker.start()
    time.sleep(1)
    kept = []
    for number in range(3):
        before = set(ledger.books)
        path = os.path.join(home.folder, f"b{number}.shutong")
        home.done("backup", path)
        home.done("backup", "verify", path)
        kept.append((path, before))
    service.stop()
    worker.join()
    for number, (path, before) in enumerate(kept):
        other = Home(program, folder=os.path.join(home.folder, f"r{number}"))
        shutil.rmtree(other.data)
        other.done("restore", path, "--into", other.data)
        promised = Ledger()
        promised.books = before
        promised.check(other)
    # The data now has more than the first backup: afterwards it is the one or the other.
    everything = {book["title"] for book in home.json("book", "list", "--limit", "100000")["books"]}
    restored = {book["title"] for book in other_list(program, home, "r0")}
    expect(everything != restored, "there is nothing to tell them apart")
    whole, before, seen = home.data, os.path.join(home.folder, "whole"), {"old": 0, "new": 0}
    shutil.copytree(whole, before)
    for _ in range(2 * ROUNDS):
        for name in os.listdir(home.folder):
            if name.startswith("data"):
                shutil.rmtree(os.path.join(home.folder, name))
        shutil.copytree(before, whole)
        process = subprocess.Popen(
            home.command("restore", kept[0][0], "--yes"),
            env=home.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(random_.uniform(0, 0.25))
        process.kill()
        process.wait()
        found = {book["title"] for book in home.json("book", "list", "--limit", "100000")["books"]}
        expect(found in (everything, restored), f"{len(found)} books: neither {len(everything)} nor {len(restored)}")
        seen["old" if found == everything else "new"] += 1
        Ledger().check(home)
    home.remove()
    return (
        f"3 backups while {len(ledger.books)} books came, each has all that was acknowledged before; "
        f"{2 * ROUNDS} kills during restore: {seen['old']} × the old data, {seen['new']} × the new, never a mix"
    )


def other_list(program, home, name):
    return Home(program, folder=os.path.join(home.folder, name)).json("book", "list", "--limit", "100000")["books"]
