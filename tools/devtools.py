# SPDX-License-Identifier: GPL-2.0
"""Headless Chromium, spoken to by the DevTools protocol over two pipes. Inside the trixie root (tools/setup browser)."""

import base64
import fcntl
import json
import os
import select
import subprocess
import tempfile
import time

COMMAND = ["chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
           "--remote-debugging-pipe"]
TIMEOUT = 120


class BrowserError(Exception):
    """The browser did not do it."""


def high_pipe():
    """A pipe whose ends are not 3 and 4, where the browser wants its own."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved


class Page:
    """A page in a browser of its own. `requests` are the addresses that it asked for, `errors` what its console said."""

    def __init__(self, log):
        self.profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        theirs_in, self.to = high_pipe()
        self.back, theirs_out = high_pipe()

        def place():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        with open(log, "wb") as errors:
            self.process = subprocess.Popen([*COMMAND, f"--user-data-dir={self.profile.name}"], stdin=subprocess.DEVNULL,
                                            stdout=errors, stderr=errors, preexec_fn=place, pass_fds=(3, 4))
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer, self.count, self.session = b"", 0, None
        self.requests, self.errors, self.loaded = [], [], False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session = None
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (BrowserError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.back)
        self.profile.cleanup()

    def message(self, deadline):
        """The next one; they end in a zero byte."""
        while b"\0" not in self.buffer:
            if not select.select([self.back], [], [], max(0, deadline - time.monotonic()))[0]:
                raise BrowserError(f"the browser has not answered within {TIMEOUT} s")
            data = os.read(self.back, 1 << 20)
            if not data:
                raise BrowserError("the browser has ended")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def hear(self, message):
        """An event."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def call(self, method, **params):
        """What a command of the protocol returns."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        deadline = time.monotonic() + TIMEOUT
        while (answer := self.message(deadline)).get("id") != self.count:
            self.hear(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def open(self, path):
        self.loaded = False
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        deadline = time.monotonic() + TIMEOUT
        while not self.loaded:
            self.hear(self.message(deadline))

    def show(self, width, height, scale=1, mobile=False, media="screen"):
        """As a screen of that size, in CSS pixels, or as paper."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", media=media)

    def run(self, script):
        """The value of an expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(answer["exceptionDetails"].get("exception", {}).get("description", "the script failed"))
        return answer["result"].get("value")

    def picture(self, path, clip=None):
        """A PNG of the whole page, or of (x, y, width, height)."""
        if clip is None:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = 0, 0, size["width"], size["height"]
        area = dict(zip(("x", "y", "width", "height"), clip), scale=1)
        self.write(path, self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=area))

    def paper(self, path):
        """A PDF."""
        self.write(path, self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False))

    @staticmethod
    def write(path, answer):
        with open(path, "wb") as f:
            f.write(base64.b64decode(answer["data"]))
