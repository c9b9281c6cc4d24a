"""Drills of the world around: platform away (14, 15), mail away (16), clock (17), many messages (18), repeated "
"ones (19)."""

import asyncio
import glob
import random
import re
import time

from books import epub
from endpoint import Platform
from harness import content, drill, Elsewhere, expect, Home, Ledger, NotPossible, until
from disks import tried


@drill(14, "platform away")
def take_the_platform_away(program):
    # So short-lived that it has to be renewed after 5 s, while the old one lives on for more than four minutes.
    platform, home, seen = Platform(lives=275), None, []
    home = Home(program, platform)
    service = home.serve()
    until(lambda: service.access_token()[0] == 200, "a token")
    threads, memory = service.kilobytes("Threads"), service.kilobytes()

    def misbehave(mode):
        platform.mode, before = mode, len(platform.asked)
        # After a token came, nobody asks for the next for a minute, whatever its life.
        until(lambda: len(platform.asked) > before, f"{mode}: a call", 120, 0.5)
        for _ in range(24):
            status, token = service.access_token()
            expect(status == 200 and token, f"{mode}: the old token is not served: {status}")
            time.sleep(0.5)
        seen.append(f"{mode}: {len(platform.asked) - before} calls in 12 s")
        expect(len(platform.asked) - before <= 6, f"a storm: {seen[-1]}")

    for mode in ("refuse", "500", "html", -1):
        misbehave(mode)
    platform.mode, began = "good", time.monotonic()
    _, old = service.access_token()
    until(lambda: service.access_token()[1] not in ("", old), "a new token", 120, 0.5)
    took = time.monotonic() - began
    # The quota of the day is used up: what is left is served, and nobody asks before the next day.
    misbehave(45009)
    grown = (service.kilobytes("Threads") - threads, (service.kilobytes() - memory) >> 10)
    service.stop()
    platform.close()
    home.remove()
    return (
        f"{'; '.join(seen)}; the old token served throughout; a new one {took:.0f} s after the return; "
        f"{grown[0]:+} threads, {grown[1]:+} MB. Three hours in fast time: tests/it/token.rs "
        f"the_platform_away_for_three_hours"
    )


@drill(15, "wrong secret, address not on the whitelist")
def refuse_for_good(program):
    seen = []
    for code in (40125, 40164):
        platform = Platform()
        platform.mode = code
        home = Home(program, platform)
        service = home.serve().log_in()
        time.sleep(15)
        calls = len(platform.asked)
        status, _ = service.access_token()
        alerts = service.request("admin", "GET", "/api/alerts", headers={"Cookie": service.cookie})[2].decode()
        expect(calls <= 2, f"{code}: {calls} calls in 15 s")
        about = {40125: "AppSecret", 40164: "203.0.113.9"}[code]
        expect(status == 503 and about in alerts, f"{code}: token API {status}, alerts {alerts[:200]}")
        service.stop()
        platform.close()
        home.remove()
        seen.append(f"{code}: {calls} call{'s' if calls > 1 else ''} in 15 s, told to the owner, token API 503")
    return "; ".join(seen)


@drill(16, "mail server away, putting off, refusing")
def take_the_mail_away(_):
    raise Elsewhere(
        "tests/it/deliveries.rs, tests/it/mail.rs (silence_is_cut, what_is_refused_for_now_may_come_again …) and "
        "tests/it/pushes/"
    )


@drill(17, "clock set")
def set_the_clock(program):
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not libraries:
        raise NotPossible("there is no faketime")
    platform, seen = Platform(), []
    home = Home(program, platform)
    file = home.file("clock", b"+0")
    fake = {
        "LD_PRELOAD": libraries[0],
        "FAKETIME_TIMESTAMP_FILE": file,
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    service, ledger = home.serve(environment=fake).log_in(), Ledger()
    offset = 0
    service.now = lambda: time.time() + offset
    for number in range(3):
        expect(service.upload(f"{number}.epub", epub(f"钟表{number}"))[0] == 200, "upload")
        ledger.books.add(f"钟表{number}")
    until(lambda: "钟表1" in service.say("oA", "钟表1"), "found")
    expect("记下了" in service.say("oA", "求书 时间的形状"), "a request")
    ledger.requests.add("时间的形状")
    token = service.access_token()
    until_2038 = 2148595200 - time.time()
    for name, offset in (("−1 d", -86400), ("+1 d", 86400), ("February 2038", until_2038), ("back", 0)):
        home.file("clock", f"{offset:+.0f}".encode())
        time.sleep(3)
        answer = tried(service.say, f"o{name}", "钟表1")
        expect("钟表1" in answer, f"{name}: {answer}")
        expect(service.access_token() == token, f"{name}: another token: {service.access_token()}")
        ledger.check(home)
        runs = home.done("job", "history", "deliver").count("\n")
        expect(len(platform.asked) <= 2 and runs <= 40, f"{name}: {len(platform.asked)} calls, {runs} runs of a job")
        seen.append(f"{name}: answered, same token, nothing lost")
    service.stop()
    # Started in another time altogether.
    home.file("clock", f"{until_2038:+.0f}".encode())
    offset = until_2038
    again = home.serve(environment=fake)
    again.now = service.now
    answer = again.say("oB", "钟表1")
    expect("钟表1" in answer, f"started in 2038: {answer}")
    again.stop()
    home.file("clock", b"+0")
    ledger.check(home)
    errors = len(re.findall(" ERROR ", home.log()))
    platform.close()
    home.remove()
    return "; ".join(seen) + f"; starts in 2038; {errors} errors in the log"


class Burst:
    """Messages over many connections at once, each kept open for many messages."""

    def __init__(self, service, messages, connections):
        self.service, self.left, self.connections = service, list(enumerate(messages)), connections
        self.answers, self.times, self.wrong = {}, [], []

    async def talk(self):
        host, port = self.service.address["public"].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        while self.left:
            _, (path, body) = self.left.pop()
            began = time.monotonic()
            writer.write(
                f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            answer = await reader.readexactly(int(re.search(r"content-length: (\d+)", head).group(1)))
            self.times.append(time.monotonic() - began)
            number = re.search(rb"<MsgId>(\d+)", body).group(1)
            self.answers.setdefault(number, []).append(content(answer.decode()))
            if " 200 " not in head.split("\r\n", 1)[0]:
                self.wrong.append(head.split("\r\n", 1)[0])
        writer.close()

    async def all(self):
        await asyncio.gather(*(self.talk() for _ in range(self.connections)))

    def run(self):
        began = time.monotonic()
        asyncio.run(self.all())
        self.times.sort()
        return time.monotonic() - began

    def at(self, part):
        return self.times[min(len(self.times) - 1, int(part * len(self.times)))]


def library(program, entries=3000):
    home = Home(program)
    lines = "".join(f"{row}\t长河之{row}\t作者{row % 200}\n" for row in range(entries))
    home.done("book", "import", home.file("c.tsv", f"id\ttitle\tauthor\n{lines}".encode()))
    for number in range(5):
        home.done("book", "add", home.file(f"{number}.epub", epub(f"洪水{number}")))
    return home


@drill(18, "burst of 10,000 messages")
def flood(program):
    home, ledger, count, random_ = library(program), Ledger(), 10_000, random.Random(18)
    service, messages = home.serve(), []
    for number in range(count):
        text = random_.choice(
            ["洪水1", "长河", f"长河之{number % 3000}", "作者7", "1", "n", "帮助", "honghe", "没有这本"]
        )
        if number % 20 == 0:
            text = f"求书 洪水之后{number}"
            ledger.requests.add(f"洪水之后{number}")
        messages.append(service.message(f"oFlood{number % 2500}", text))
    random_.shuffle(messages)
    burst = Burst(service, messages, 200)
    took = burst.run()
    handled = service.metrics()["shutong_message_seconds_count"]
    peak = service.kilobytes("VmHWM") >> 10
    put_off = sum(answers[0] in ("", "success") for answers in burst.answers.values())
    expect(not burst.wrong, f"{len(burst.wrong)} answers like {burst.wrong[:2]}")
    expect(handled == count, f"{handled:.0f} messages were counted")
    expect(burst.times[-1] < 4.5 and burst.at(0.99) < 1, f"p99 {burst.at(0.99):.2f} s, at most {burst.times[-1]:.2f} s")
    ledger.check(home)
    service.stop()
    home.remove()
    return (
        f"{count} over 200 connections in {took:.1f} s ({count / took:.0f}/s): p50 {burst.at(0.5) * 1000:.0f} ms, "
        f"p99 {burst.at(0.99) * 1000:.0f} ms, max {burst.times[-1] * 1000:.0f} ms, {put_off} put off; at most "
        f"{peak} MB; each counted once"
    )


@drill(19, "each message three times, in any order")
def repeat(program):
    home, ledger, random_ = library(program, 10), Ledger(), random.Random(19)
    service, messages = home.serve(), []
    for number in range(1000):
        title, msg_id = f"三遍之{number}", 25_000_000_000_000_000 + number
        ledger.requests.add(title)
        # Signed anew each time, as the platform does.
        messages += [service.message(f"oTwice{number % 250}", f"求书 {title}", msg_id) for _ in range(3)]
    random_.shuffle(messages)
    burst = Burst(service, messages, 50)
    burst.run()
    different = [answers for answers in burst.answers.values() if len(set(answers)) > 1]
    expect(not burst.wrong and len(burst.answers) == 1000, f"{burst.wrong[:2]}, {len(burst.answers)} answered")
    expect(not different, f"{len(different)} messages with different answers, like {different[:1]}")
    ledger.check(home)
    service.stop()
    home.remove()
    return (
        f"1000 requests three times each, shuffled: one effect and one answer each; max {burst.times[-1] * 1000:.0f} ms"
    )
