"""The platform's endpoint for tokens, on a port of this machine, in every mood."""

import http.server
import itertools
import json
import threading
import time


class Platform:
    """Grants tokens as the platform does, or misbehaves: `mode` is good, refuse, 500, html, or an error code."""

    def __init__(self, lives=7200):
        self.mode, self.asked, self.lives, self.made = "good", [], lives, itertools.count(1)
        platform = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                platform.answer(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request):
        self.asked.append((time.monotonic(), request.path.split("?")[0]))
        status, body = 200, {"access_token": f"72_token_of_the_drill_{next(self.made)}", "expires_in": self.lives}
        if "token" not in request.path.split("?")[0]:
            body = {"errcode": 0, "errmsg": "ok", "ip_list": ["127.0.0.1"]}
        if self.mode == "refuse":
            request.connection.close()
            return
        if isinstance(self.mode, int):
            body = {
                "errcode": self.mode,
                "errmsg": "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, as the drill wants",
            }
        text = json.dumps(body) if self.mode not in ("500", "html") else "<html><body>Bad gateway</body></html>"
        status = 500 if self.mode == "500" else 200
        data = text.encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json" if text[0] == "{" else "text/html")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
