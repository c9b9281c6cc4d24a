"""Drills that take away what the program stands on: disk (7, 8, 9, 20), a second process (13), memory (21),
descriptors (22)."""

import contextlib
import os
import socket
import subprocess
import threading
import time

from books import epub, text_book
from endpoint import Platform
from harness import drill, expect, Fault, Home, Ledger, needs, needs_root, NotPossible, until
from kills import GONE, links_of


@contextlib.contextmanager
def small_disk(folder, size, more=""):
    """A file system of its own on this folder."""
    needs_root("mounting a small file system")
    ran = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700{more}", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise NotPossible(f"tmpfs: {ran.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def fill(folder):
    """Takes all the room there is; gives the file that holds it."""
    path = os.path.join(folder, "ballast-of-the-drill")
    with contextlib.suppress(OSError), open(path, "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return path


def tried(call, *arguments, **more):
    """What came of it, in a word or two."""
    try:
        return call(*arguments, **more)
    except (Fault, *GONE) as error:
        return f"{type(error).__name__}: {error}"


def books(home):
    return {book["title"] for book in home.json("book", "list", "--limit", "100000")["books"]}


@drill(7, "disk full")
def fill_the_disk(program):
    platform, ledger = Platform(), Ledger()
    folder = subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip()
    os.makedirs(os.path.join(folder, "data"))
    with small_disk(os.path.join(folder, "data"), "64m"):
        home = Home(program, platform, folder=folder)
        service = home.serve().log_in()
        try:
            return on_a_full_disk(home, service, ledger)
        finally:
            service.close()
            platform.close()


def on_a_full_disk(home, service, ledger):
    for number in range(5):
        title = f"满盘前{number}"
        expect(service.upload(f"{title}.txt", text_book(title))[0] == 200, "upload with room")
        ledger.books.add(title)
    until(lambda: links_of(service, "满盘前0"), "found")
    expect(service.access_token()[0] == 200, "a token with room")
    path = fill(home.data)
    seen = {"first answer": tried(service.say, "oA", "满盘前2")[:12]}
    began = time.monotonic()
    until(lambda: "满盘前2" in tried(service.say, "oA", "满盘前2"), "a follower is answered on the full disk", 20)
    seen["answers"] = f"after {time.monotonic() - began:.1f} s"
    until(lambda: "记下了" in tried(service.say, "oB", "求书 月亮背面"), "a request is kept on the full disk", 20)
    ledger.requests.add("月亮背面")
    seen["token API"] = tried(service.access_token)[0]
    seen["readyz"] = tried(service.request, "public", "GET", "/readyz")[0]
    seen["upload"] = tried(service.upload, "满.epub", epub("满", 9000))[0]
    link = until(lambda: links_of(service, "满盘前1"), "a book is found on the full disk")[-1]
    seen["conversion"] = tried(service.request, "public", "GET", link)[0]
    table = home.file("c.tsv", b"id\ttitle\n1\tx\n")
    seen["import"] = f"exit {home.run('book', 'import', table)[0]}"
    expect(seen["token API"] == 200 and seen["readyz"] == 200, f"not everything goes on: {seen}")
    until(lambda: "disk_full" in alerts(service), "the owner is told", 30)
    expect(service.is_alive(), "it ended")
    os.remove(path)
    until(lambda: tried(service.upload, "又.epub", epub("有了地方"))[0] == 200, "uploads work again", 30)
    ledger.books.add("有了地方")
    until(lambda: "disk_full" not in alerts(service), "the owner is told that it is over", 30)
    ledger.check(home)
    # Ended, and started while there is no room at all.
    until(lambda: os.path.exists(os.path.join(home.data, "reserve")), "the reserve is made anew", 30)
    path = fill(home.data)
    service.kill9()
    again = home.serve(limit=20)
    try:
        expect("满盘前2" in again.say("oA", "满盘前2"), "no answer on a full disk after a start")
        os.remove(path)
        again.log_in()
        until(lambda: tried(again.upload, "后.epub", epub("最后"))[0] == 200, "uploads work again", 30)
        ledger.books.add("最后")
        ledger.check(home)
        again.stop()
    finally:
        again.close()
    about = ", ".join(f"{name}: {value}" for name, value in seen.items())
    return f"{about}; alert raised and over by itself; killed and started on the full disk in {again.started:.2f} s; nothing lost"


def alerts(service):
    answer = tried(service.request, "admin", "GET", "/api/alerts", headers={"Cookie": service.cookie})
    return answer[2].decode() if isinstance(answer, tuple) else answer


@drill(8, "logs unwritable")
def no_room_for_logs(program):
    needs_root("a small file system for the log")
    home = Home(program)
    log = os.path.join(home.data, "log")
    os.makedirs(log, mode=0o700)
    with small_disk(log, "64k"):
        service = home.serve().log_in()
        fill(log)
        full = write_much(service, "满")
        service.stop()
        home.serve(limit=20).stop()
    with small_disk(log, "64k", ",ro"):
        service = home.serve(limit=20).log_in()
        read_only = write_much(service, "读")
        service.stop()
    home.remove()
    return (
        f"full: goes on and starts, {full} of 30 lines on standard error; "
        f"read-only: starts and goes on, {read_only} of 30 lines on standard error"
    )


def write_much(service, name):
    """Has 30 lines logged; gives how many came to standard error."""
    for number in range(30):
        expect(service.upload(f"{name}{number}.epub", epub(f"日志{name}{number}"))[0] == 200, "upload")
    until(lambda: links_of(service, f"日志{name}3"), "found")
    expect(service.is_alive(), f"{name}: it ended")
    told = sum("upload" in line for line in service.errors)
    expect(told == 30, f"{name}: standard error has only {told} of 30 lines")
    return told


@drill(9, "EIO from fsync")
def refuse_to_sync(program):
    needs("strace")
    home, ledger, codes, slowest = Home(program), Ledger(), [], 0
    for round_, after in enumerate((1, 3, 8, 20, 50)):
        inject = f"inject=fsync,fdatasync:error=EIO:when={after}+"
        try:
            service = home.serve(
                wrapper=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject]
            )
        except Fault:
            codes.append("at start")
            continue
        failed = None
        for number in range(60):
            title = f"坏盘{round_}之{number}"
            try:
                if "记下了" in service.say(f"o{round_}_{number // 8}", f"求书 {title}"):
                    ledger.requests.add(title)
                else:
                    failed = failed or time.monotonic()
            except (Fault, *GONE):
                failed = failed or time.monotonic()
                break
        codes.append(service.wait(30))
        slowest = max(slowest, time.monotonic() - (failed or time.monotonic()))
        expect(codes[-1] not in (0, None), "it ended with exit 0")
        ledger.check(home)
    service = home.serve()
    service.stop()
    home.remove()
    return (
        f"ended with {codes} within {slowest:.1f} s, {len(ledger.requests)} requests acknowledged before, none lost "
        f"or counted twice"
    )


@drill(13, "two processes")
def start_twice(program):
    home = Home(program)
    service = home.serve()
    began = time.monotonic()
    code, _, errors = home.run("serve")
    took = time.monotonic() - began
    expect(code == 4 and "in use" in errors, f"the second: exit {code}: {errors[-200:]}")
    home.done("book", "add", home.file("a.epub", epub("经过服务")))
    until(lambda: "经过服务" in service.say("oA", "经过服务"), "what a command added is found")
    service.kill9()
    expect("经过服务" in books(home), "after the kill a command works alone")
    again = home.serve()
    again.stop()
    home.remove()
    names_pid = str(service.process.pid) in errors
    return (
        f"the second ends with exit 4 after {took:.1f} s ({'names' if names_pid else 'does not name'} the pid); "
        f"commands go through the first; the lock of a killed one blocks nothing"
    )


@drill(20, "slow disk")
def slow_the_disk(program):
    needs("strace")
    home = Home(program)
    for number in range(3):
        home.done("book", "add", home.file(f"{number}.epub", epub(f"慢盘{number}")))
    delay = 700
    service = home.serve(
        wrapper=[
            "strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fsync,fdatasync",
            "-e",
            f"inject=fsync,fdatasync:delay_enter={delay}000",
        ],
        limit=120,
    )
    times, wrong = [], []

    def talk(talker):
        for number in range(12):
            began = time.monotonic()
            text = "慢盘1" if number % 3 else f"求书 慢书{talker}之{number}"
            answer = tried(service.say, f"oTalker{talker}", text)
            times.append(time.monotonic() - began)
            if "慢" not in answer:
                wrong.append(answer[:60])

    talkers = [threading.Thread(target=talk, args=(talker,)) for talker in range(20)]
    for talker in talkers:
        talker.start()
    for talker in talkers:
        talker.join()
    took = service.stop(60)
    home.remove()
    expect(max(times) < 4.5, f"an answer took {max(times):.1f} s")
    return (
        f"each fsync {delay} ms late, 20 followers at a time: {len(times)} answers, slowest {max(times):.2f} s, "
        f"{len(wrong)} put off; stopped in {took:.1f} s"
    )


@drill(21, "low memory")
def take_the_memory(program):
    needs_root("a limit by cgroup")
    own = (
        "/sys/fs/cgroup/memory/shutong-drill"
        if os.path.isdir("/sys/fs/cgroup/memory")
        else "/sys/fs/cgroup/shutong-drill"
    )
    limit = os.path.join(own, "memory.limit_in_bytes" if "/memory/" in own else "memory.max")
    home, megabytes = Home(program), int(os.environ.get("MEGABYTES", "256"))
    try:
        os.makedirs(own, exist_ok=True)
        with open(limit, "w", encoding="ascii") as file:
            file.write(str(megabytes << 20))
    except OSError as error:
        raise NotPossible(f"cgroup: {error}") from None
    join = ["sh", "-c", f'echo $$ >{own}/cgroup.procs && exec "$@"', "-"]
    try:
        service = home.serve(wrapper=join).log_in()
        status, item = service.upload("巨著.txt", text_book("巨著", 12000), timeout=300)
        size = len(text_book("巨著", 12000)) >> 20
        taken = service.is_alive() and status == 200 and item["outcome"] == "new"
        outcome = "refused"
        if taken:
            until(lambda: links_of(service, "巨著"), "found")
            answers = [tried(service.request, "public", "GET", link, timeout=300) for link in links_of(service, "巨著")]
            outcome = str([answer if isinstance(answer, str) else answer[0] for answer in answers])
        expect(service.is_alive(), f"the server was killed ({''.join(service.errors)[-200:]})")
        answer = service.say("oA", "帮助")
        expect(answer, "no answer afterwards")
        peak = service.kilobytes("VmHWM") >> 10
        service.stop()
    finally:
        time.sleep(0.5)
        with contextlib.suppress(OSError):
            os.rmdir(own)
    home.remove()
    return (
        f"{megabytes} MB for all: a book of {size} MB came in {'whole' if taken else 'not at all'}, its downloads "
        f"{outcome}; the server stayed, at most {peak} MB"
    )


@drill(22, "no descriptors left")
def take_the_descriptors(program):
    needs("prlimit")
    home = Home(program)
    home.done("book", "add", home.file("a.epub", epub("够用")))
    service = home.serve(wrapper=["prlimit", "--nofile=64:64"])
    host, port = service.address["public"].split(":")
    held = []
    with contextlib.suppress(OSError):
        # The kernel lets some wait, and then no more.
        while len(held) < 200:
            held.append(socket.create_connection((host, int(port)), timeout=3))
    with open(f"/proc/{service.pid}/stat", encoding="ascii") as file:
        before = sum(map(int, file.read().split()[13:15]))
    time.sleep(3)
    with open(f"/proc/{service.pid}/stat", encoding="ascii") as file:
        busy = (sum(map(int, file.read().split()[13:15])) - before) / os.sysconf("SC_CLK_TCK") / 3
    expect(service.is_alive(), "it ended")
    expect(busy < 0.5, f"it is busy with nothing: {busy:.0%} of a processor")
    most = service.descriptors()
    for connection in held:
        connection.close()
    began = time.monotonic()
    until(lambda: "够用" in tried(service.say, "oA", "够用"), "answers again")
    took = time.monotonic() - began
    service.stop()
    home.remove()
    return (
        f"64 descriptors, {len(held)} of 200 connections made: {most} in use, {busy:.0%} of a processor meanwhile; "
        f"answers {took:.1f} s after they closed"
    )
