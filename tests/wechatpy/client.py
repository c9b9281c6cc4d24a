"""A program of somebody else's: wechatpy as it was published, pointed at another address.

    python client.py http://127.0.0.1:8080 APPID SECRET

It fetches an access_token by itself, calls two APIs with it and prints what came, as one line of JSON. If the platform
refuses, it prints the error and exits with 1.
"""

import json
import sys

from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

PLATFORM = "https://api.weixin.qq.com"


class Elsewhere(HTTPAdapter):
    """Sends to another address what is meant for the platform.

    The library lets its base address be set, but for one call: the address that issues tokens is written into its
    code. This leads that call to the same place, as a name server would.
    """

    def __init__(self, base):
        super().__init__()
        self.base = base

    def send(self, request, **options):
        request.url = self.base + request.url[len(PLATFORM) :]
        return super().send(request, **options)


def main(base, app_id, secret):
    client = WeChatClient(app_id, secret, timeout=20)
    client.API_BASE_URL = base + "/cgi-bin/"
    client._http.trust_env = False  # no proxy of this machine
    client._http.mount(PLATFORM, Elsewhere(base))
    try:
        ips = client.misc.get_wechat_ips()
        user = client.user.get("oABC")
        result = {"access_token": client.access_token, "ips": ips, "user": user}
    except WeChatClientException as error:
        print(json.dumps({"errcode": error.errcode, "errmsg": error.errmsg}))
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
