"""A headless Chromium and a small server, for the tests of docs/playground. Needs chromium and chromedriver, and nothing
beside Python's library."""

import base64
import functools
import http.server
import json
import pathlib
import subprocess
import threading
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": "\ue00d", "Control": "\ue009", "Shift": "\ue008", "Escape": "\ue00c"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(folder):
    """Serves a folder on a free port of this machine. Gives its address and the server."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}", server


class Browser:
    """A session of WebDriver."""

    def __init__(self):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in self.driver.stdout:
            if "on port" in line and "successfully" in line:
                self.url = f"http://127.0.0.1:{line.split('on port')[1].strip().rstrip('.')}"
                break
        else:
            raise RuntimeError("chromedriver did not start")
        threading.Thread(target=self.driver.stdout.read, daemon=True).start()
        # The sandbox of the browser is not for root, nor for most containers.
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"]
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": args}, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self.send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.url += f"/session/{session['sessionId']}"

    def close(self):
        try:
            self.send("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=10)
            self.driver.stdout.close()

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def open(self, url):
        self.send("POST", "/url", {"url": url})

    def run(self, script, *args):
        """Runs the body of a function in the page, and gives what it returns."""
        return self.send("POST", "/execute/sync", {"script": script, "args": list(args)})

    def find(self, selector):
        found = self.send("POST", "/element", {"using": "css selector", "value": selector})
        return f"/element/{found[ELEMENT]}"

    def click(self, selector):
        self.send("POST", self.find(selector) + "/click", {})

    def pick_file(self, selector, path):
        self.send("POST", self.find(selector) + "/value", {"text": str(path)})

    def press(self, *keys):
        """Presses keys together, and lets them go."""
        codes = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": code} for code in codes]
        actions += [{"type": "keyUp", "value": code} for code in reversed(codes)]
        self.send("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def devtools(self, command, **params):
        self.send("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def scheme(self, name):
        """Has the page see a system in light or dark."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def width(self, pixels, height=900):
        """Shows the page on a screen of this width; 0: that of the window."""
        if pixels:
            self.devtools("Emulation.setDeviceMetricsOverride", width=pixels, height=height, deviceScaleFactor=1, mobile=pixels < 600)
        else:
            self.devtools("Emulation.clearDeviceMetricsOverride")

    def picture(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.send("GET", "/screenshot")))

    def complaints(self):
        """The errors in the console since the last time."""
        entries = self.send("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def until(self, condition, what, seconds=30):
        """Waits until a condition gives something, and gives that."""
        end = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}")
            time.sleep(0.03)
