"""The executable seen from outside: what every drill needs to start it, load it, hurt it and look at what is left.

Nothing but Python's standard library. A `Home` is a data directory with a configuration of its own; `Home.serve` starts
the service on free ports; a `Service` is talked to as followers, the owner and other servers would; a `Platform` stands
in for the endpoint of the platform that grants tokens. A `Ledger` keeps what the service has said yes to, and finds out
afterwards whether that is still true.
"""

import hashlib
import http.client
import itertools
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

TOKEN, SECRET, APP_ID, PASSWORD = "simtoken2026", "secret-of-the-drill", "wx0123456789abcdef", "correct horse battery"
# For anything that a healthy process does at once, on a machine that does much else at the same time, in seconds.
LIMIT = 60


class Fault(Exception):
    """The program did not do what it has to."""


class NotPossible(Exception):
    """This machine cannot do the drill, for this reason."""


class Elsewhere(Exception):
    """The tests that every change runs do the drill; this one says which."""


# Drills by number: what each is called, and what runs it.
DRILLS = {}


def drill(number, name):
    """Registers a function that takes the program's path, raises `Fault`, or tells in a line what was seen."""

    def register(function):
        DRILLS[number] = (name, function)
        return function

    return register


def needs_root(for_what):
    if os.geteuid() != 0:
        raise NotPossible(f"{for_what} needs root")


def needs(tool):
    if not shutil.which(tool):
        raise NotPossible(f"there is no {tool}")


def expect(holds, what):
    if not holds:
        raise Fault(what)


def until(holds, what, seconds=LIMIT, pause=0.1):
    """Waits until `holds()` is true, and gives what it gave."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        expect(time.monotonic() < end, f"not within {seconds} s: {what}")
        time.sleep(pause)
    return found


class Home:
    """A data directory, and the program that works on it."""

    def __init__(self, program, platform=None, more="", folder=None):
        self.program, self.own = os.path.abspath(program), folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="shutong-drill-")
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.data, mode=0o700, exist_ok=True)
        self.has_password = False
        self.configure(platform.base if platform else "http://127.0.0.1:1", more)

    def configure(self, api_base, more=""):
        account = f'name = "main"\napp_id = "{APP_ID}"\napp_secret = "{SECRET}"\napi_base = "{api_base}"\n'
        path = os.path.join(self.data, "shutong.toml")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(f'{more}\n[[account]]\n{account}token = "{TOKEN}"\nmode = "plain"\n')

    def environment(self, more=()):
        own = {name: value for name, value in os.environ.items() if not name.startswith("SHUTONG_")}
        own |= {f"SHUTONG_LISTEN__{name}": "127.0.0.1:0" for name in ("PUBLIC", "TOKEN", "ADMIN")}
        # Drills write faster than people.
        own |= {f"SHUTONG_LIMITS__{name}": "0" for name in ("MESSAGES_PER_MINUTE", "SEARCHES_PER_DAY")}
        return own | {"SHUTONG_LIMITS__DOWNLOADS_PER_DAY": "1000000", "RUST_BACKTRACE": "0"} | dict(more)

    def command(self, *arguments):
        return [self.program, "--data", self.data, *arguments]

    def run(self, *arguments, given="", limit=LIMIT, wrapper=(), environment=()):
        """Runs a command to its end: exit code, output, errors."""
        ran = subprocess.run(
            [*wrapper, *self.command(*arguments)],
            input=given,
            capture_output=True,
            text=True,
            timeout=limit,
            env=self.environment(environment),
            cwd=self.folder,
            check=False,
        )
        return ran.returncode, ran.stdout, ran.stderr

    def done(self, *arguments, **more):
        code, out, errors = self.run(*arguments, **more)
        expect(code == 0, f"{arguments}: exit {code}: {errors.strip()[-300:]}")
        return out

    def json(self, *arguments, **more):
        return json.loads(self.done(*arguments, "--json", **more))

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def serve(self, wrapper=(), environment=(), limit=LIMIT):
        return Service(self, wrapper, environment, limit)

    def requests(self):
        """What followers have asked for, and how many did."""
        folder = tempfile.mkdtemp(dir=self.folder)
        self.done("export", os.path.join(folder, "out"))
        with open(os.path.join(folder, "out", "records.jsonl"), encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        shutil.rmtree(folder)
        return {one["value"]["text"]: one["value"]["count"] for one in records if one["table"] == "requests"}

    def log(self):
        try:
            with open(os.path.join(self.data, "log", "shutong.log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def remove(self):
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)


class Service:
    """A running `serve`. It ends with `stop`, `kill9` or `wait`; `close` ends it however it stands."""

    numbers = itertools.count(24_000_000_000_000_000)
    # All that were started, so that none outlives its drill.
    started_ones = []

    def __init__(self, home, wrapper=(), environment=(), limit=LIMIT):
        self.home, self.lines, self.errors = home, queue.Queue(), []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*wrapper, *home.command("serve")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=home.environment(environment),
            cwd=home.folder,
        )
        self.started_ones.append(self)
        threading.Thread(target=self._read, args=(self.process.stdout, self.lines.put), daemon=True).start()
        threading.Thread(target=self._read, args=(self.process.stderr, self.errors.append), daemon=True).start()
        first = self.line_with("listening ", limit)
        self.started = time.monotonic() - self.began
        self.address = {name: value.removeprefix("http://") for name, value in re.findall(r"(\w+)=(\S+)", first)}
        self.cookie = self.csrf = self.key = ""

    @staticmethod
    def _read(stream, take):
        for line in stream:
            take(line)
        take("")

    def line_with(self, part, limit=LIMIT):
        end = time.monotonic() + limit
        line = "-"
        while line and part not in line:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                line = ""
        if not line:
            time.sleep(0.1)
            self.close()
            raise Fault(f"no line with {part!r}: {''.join(self.errors)[-400:]}")
        return line

    @property
    def pid(self):
        """Of the program itself, also when something like strace has started it."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
                children = file.read().split()
            with open(f"/proc/{self.process.pid}/comm", encoding="ascii") as file:
                is_wrapped = file.read().strip() in ("strace", "faketime", "prlimit")
            return int(children[0]) if is_wrapped and children else self.process.pid
        except OSError:
            return self.process.pid

    def connect(self, which="public", timeout=10):
        return http.client.HTTPConnection(self.address[which], timeout=timeout)

    def request(self, which, method, path, body=None, headers=(), timeout=30):
        """Status, headers, body."""
        connection = self.connect(which, timeout)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    # --- Followers

    def message(self, follower, text, number=None, at=None):
        """A signed message: path and body."""
        at, nonce = int(at or self.now()), str(next(self.numbers))
        signature = hashlib.sha1("".join(sorted([TOKEN, str(at), nonce])).encode()).hexdigest()
        number = number or next(self.numbers)
        body = (
            f"<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName><FromUserName><![CDATA[{follower}]]>"
            f"</FromUserName><CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId></xml>"
        )
        query = urllib.parse.urlencode({"signature": signature, "timestamp": at, "nonce": nonce})
        return f"/wechat/main?{query}", body.encode()

    # What time the service believes it is; `day.py` and the drill of the clock have their own.
    now = staticmethod(time.time)

    def say(self, follower, text, number=None, timeout=10):
        """What a follower is answered."""
        path, body = self.message(follower, text, number)
        status, _, answer = self.request("public", "POST", path, body, {"Content-Type": "text/xml"}, timeout)
        expect(status == 200, f"{text}: status {status}")
        return content(answer.decode())

    # --- The owner

    def log_in(self):
        """By the link of the first visit, later with the password."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        path, fields = "/login", {"password": PASSWORD}
        if not self.home.has_password:
            code = self.line_with("/setup#").strip().rsplit("#", 1)[1]
            path, fields = "/setup", {"token": code, "new": PASSWORD, "again": PASSWORD}
        answer = self.request("admin", "POST", path, urllib.parse.urlencode(fields), form)
        expect(answer[0] == 303, f"{path}: status {answer[0]}")
        self.home.has_password = True
        self.cookie = next(value for name, value in answer[1].items() if name.lower() == "set-cookie").split(";")[0]
        self.csrf = re.search(r'data-csrf="([^"]+)"', self.page("/settings")).group(1)
        return self

    def page(self, path):
        status, _, body = self.request("admin", "GET", path, headers={"Cookie": self.cookie})
        expect(status == 200, f"{path}: status {status}")
        return body.decode()

    def upload(self, name, data, timeout=60, path="/api/upload"):
        """Status, and what became of the file: a book, or a table of books for `/api/catalogue`."""
        head = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        headers = {
            "Cookie": self.cookie,
            "X-CSRF-Token": self.csrf,
            "Content-Type": "multipart/form-data; boundary=cut",
        }
        body = head + data + b"\r\n--cut--\r\n"
        status, _, answer = self.request("admin", "POST", path, body, headers, timeout)
        return status, (json.loads(answer)["items"][0] if status == 200 else answer.decode(errors="replace")[:200])

    # --- Other servers, and whoever watches

    def access_token(self):
        if not self.key:
            self.key = self.home.json("key", "add", "drill", "--scope", "token:read")["key"]
        answer = self.request("token", "GET", "/accesstoken/main", headers={"Authorization": f"Bearer {self.key}"})
        return answer[0], json.loads(answer[2]).get("access_token", "")

    def metrics(self):
        text = self.request("admin", "GET", "/metrics")[2].decode()
        return {name: float(value) for name, value in re.findall(r"^(\S+) ([\d.e+]+)$", text, re.M)}

    def kilobytes(self, field="VmRSS"):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"{field}:\s+(\d+)", file.read()).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # --- Its end

    def is_alive(self):
        return self.process.poll() is None

    def kill9(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(LIMIT)

    def stop(self, limit=30):
        """SIGTERM; gives the seconds until it had ended, which must be with exit code 0."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        code = self.wait(limit)
        expect(code == 0, f"exit code {code} after SIGTERM: {''.join(self.errors)[-300:]}")
        return time.monotonic() - began

    def wait(self, limit=LIMIT):
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.close()
            raise Fault(f"still running after {limit} s") from None

    def close(self):
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait(LIMIT)


class Ledger:
    """What was acknowledged: books by title, and requests by title."""

    def __init__(self):
        self.books, self.requests = set(), set()

    def check(self, home, service=None):
        """Everything that was promised is there, once, and nothing else is amiss; gives the number of books."""
        # Its exit code also speaks of this machine, like a disk with little room.
        found = json.loads(home.run("check", "--deep", "--json")[1])
        expect(not found["damaged"], f"damaged: {found['damaged'][:3]}")
        listed = home.json("book", "list", "--limit", "1000000")
        titles = [book["title"] for book in listed["books"]]
        lost = self.books - set(titles)
        expect(not lost, f"{len(lost)} acknowledged books are lost, like {sorted(lost)[:3]}")
        doubled = [title for title in self.books if titles.count(title) > 1]
        expect(not doubled, f"there twice: {doubled[:3]}")
        if self.requests:
            counted = home.requests()
            wrong = {title: counted.get(title, 0) for title in self.requests if counted.get(title) != 1}
            expect(not wrong, f"{len(wrong)} acknowledged requests do not count once, like {list(wrong.items())[:3]}")
        if service:
            # What somebody still makes is there for a moment.
            folder = os.path.join(home.data, "files", "tmp")
            left = [os.listdir(where) for where, _, _ in os.walk(folder)]
            until(lambda: not os.listdir(folder), f"nothing is left in files/tmp: {left}", 10)
        return len(titles)


def content(xml):
    """The text of an answer."""
    found = re.search(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", xml, re.S)
    return found.group(1) if found else xml
