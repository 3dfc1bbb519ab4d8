"""The page docs/playground in Chromium: what a visitor does with it, and what hostile plugins do to it."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from browser import Browser, serve

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "playground"
FIXTURES = ROOT / "fixtures"
# Pictures of the page are put here, if it is set.
PICTURES = os.environ.get("PLAYGROUND_PICTURES")

# Each text of the page, with its contrast to what is behind it.
CONTRAST = """
const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
        const color = rgb(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
};
const poor = [];
for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    const isField = element.matches("textarea, select, input[type=text], input[type=number]");
    if ((!own && !isField) || element.disabled || element.ariaDisabled === "true" || !element.checkVisibility() || element.matches("option, optgroup, noscript")) continue;
    const [one, other] = [light(rgb(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) poor.push(`${element.tagName} ${element.id} ${element.textContent.slice(0, 40)}: ${contrast.toFixed(2)}`);
}
return poor;
"""

# Fields without a name that a screen reader says.
NAMELESS = """
return [...document.querySelectorAll("input, select, textarea, button")]
    .filter((field) => !field.textContent.trim() || field.matches("select"))
    .filter((field) => ![...field.labels].some((label) => label.textContent.trim()))
    .map((field) => field.outerHTML.slice(0, 80));
"""


class PlaygroundTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.address, cls.server = serve(PAGE)
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.browser.width(0)
        self.browser.scheme("light")
        self.open(self.address + "/index.html")

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    def open(self, address):
        self.browser.open("about:blank")
        self.browser.open(address)
        self.settled()

    def settled(self):
        """The status once nothing runs."""
        def status():
            return self.browser.run("""
                const text = document.getElementById("status").textContent;
                return document.getElementById("stop").disabled && text !== "The host is loading." ? text : "";
            """)
        return self.browser.until(status, "the page to be at rest")

    def text(self, selector):
        return self.browser.run("return document.querySelector(arguments[0]).innerText", selector)

    def value(self, selector):
        return self.browser.run("return document.querySelector(arguments[0]).value", selector)

    def write(self, selector, text):
        self.browser.run("document.querySelector(arguments[0]).value = arguments[1]", selector, text)

    def example(self, name):
        script = """
            const pick = document.getElementById("example");
            pick.value = [...pick.options].find((option) => option.textContent.startsWith(arguments[0] + ":")).value;
            pick.dispatchEvent(new Event("change"));
        """
        self.browser.run(script, name)
        return self.settled()

    def run_it(self):
        self.browser.click("#run")
        return self.settled()

    def pick(self, path):
        self.browser.pick_file("#file", path)
        return self.settled()

    def pick_bytes(self, content, name="own.wasm"):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.write_bytes(content)
            return self.pick(path)

    def tick(self, value):
        self.browser.click(f'input[type=checkbox][value="{value}"]')

    def picture(self, name):
        if PICTURES:
            self.browser.picture(pathlib.Path(PICTURES) / f"{name}.png")


class Decisions(PlaygroundTest):
    def test_the_first_sight_is_a_denial_with_its_receipt(self):
        self.assertIn("Denied, pii_access: only hr_admin may pass personal data", self.settled())
        self.assertIn("Fuel\n384", self.text("#answer"))
        self.assertIn("The security labels", self.text("#capabilities"))
        self.picture("light")

    def test_another_role_is_allowed(self):
        self.write("#extensions", self.value("#extensions").replace("engineer", "hr_admin"))
        self.assertEqual(self.run_it(), "Allowed. No changes.")

    def test_a_grant_taken_away_refuses_the_plugin(self):
        self.tick("read_roles")
        self.assertIn("No decision, capability_denied: ", self.run_it())
        self.assertIn("Tick what is missing", self.text("#answer"))
        self.picture("refused")
        self.browser.click("#grant-all")
        self.assertIn("Denied, pii_access", self.run_it())

    def test_changes_are_shown_before_and_after(self):
        self.assertEqual(self.example("argument_redactor"), "Allowed. 1 change.")
        shown = self.text("#answer")
        self.assertIn("Changed tool_call[0].arguments.ssn", shown)
        self.assertIn('− "123-45-6789"', shown)
        self.assertIn('+ "***-**-****"', shown)
        self.assertIn("info masked an argument", shown)
        self.picture("changes")

    def test_state_lasts_until_it_is_forgotten(self):
        self.assertIn("Allowed", self.example("rate_limiter"))
        for _ in range(2):
            self.assertIn("Allowed", self.run_it())
        self.assertIn("Denied", self.run_it())
        self.assertIn("allowed state increment calls/alice", self.text("#answer"))
        self.browser.click("#forget")
        self.assertIn("Allowed", self.run_it())
        self.assertIn("Allowed", self.example("call_counter"))

    def test_functions_and_random_numbers_are_the_pages(self):
        self.assertIn("Allowed", self.example("request_id"))
        first = self.text("#answer")
        self.assertIn("Allowed", self.run_it())
        self.assertNotEqual(first, self.text("#answer"))
        self.assertIn("Denied, quota_exceeded", self.example("quota"))
        self.write("[data-function='acme.get']", "{")
        self.assertIn("the answer of `acme.get`: ", self.run_it())
        self.browser.click("input[value='function:acme.get']")
        self.write("[data-function='acme.get']", "null")
        self.assertIn("No decision, access_denied", self.run_it())

    def test_each_example_comes_to_something(self):
        files = self.browser.run("return playground.examples.map(({ title }) => title.split(':')[0])")
        self.assertGreater(len(files), 15)
        for name in files:
            if name in ("loops", "memory_hog", "panics", "remote_decision"):
                continue
            self.assertNotIn("No decision", self.example(name), name)
        self.assertIn("No decision, access_denied: ", self.example("remote_decision"))

    def test_fuel_is_that_of_the_command_line(self):
        tool = ROOT / "target" / "debug" / "cpex-wasmi"
        script = "return playground.examples.filter(({ group }) => group !== 'With access to the system').map(({ title }) => title.split(':')[0])"
        names = [name for name in self.browser.run(script) if name != "memory_hog"]
        self.assertGreater(len(names), 10)
        for name in names:
            self.example(name)
            made = self.browser.run("return playground.form.question()")
            file = self.value("#example")
            with tempfile.TemporaryDirectory() as folder:
                command = [tool, "call", PAGE / file, "--hook", made["hook"], "--json", "--quiet"]
                for key in ("payload", "extensions"):
                    path = pathlib.Path(folder) / f"{key}.json"
                    path.write_text(made[key])
                    command += [f"--{key}", path]
                config = {**json.loads(made["config"] or "{}"), "sandbox_policy": made["policy"]}
                policy = pathlib.Path(folder) / "policy.yaml"
                policy.write_text(json.dumps({"name": name, "kind": "wasm", "capabilities": made["capabilities"], "config": config}))
                command += ["--policy", policy]
                native = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
            script = "return playground.call(playground.form.question()).then(({ answer }) => answer)"
            here = self.browser.run(script)
            # How much fuel a slice has depends on how a build of the interpreter goes on.
            del here["receipt"]["slices"], native["receipt"]["slices"]
            for key in ("decision", "receipt", "payload", "extensions"):
                self.assertEqual(here.get(key), native[key], f"{key} of {name}")


class Hostile(PlaygroundTest):
    def test_a_loop_ends_by_its_fuel(self):
        self.assertIn("No decision, fuel_exhausted: ", self.example("loops"))
        self.assertRegex(self.text("#answer"), "Fuel\n(999,...|1,000,000)\n")

    def test_a_loop_ends_by_the_clock(self):
        self.example("loops")
        self.write('[data-limit="max_fuel"]', "")
        self.write('[data-limit="max_execution_time_ms"]', "100")
        self.assertIn("No decision, timeout: ", self.run_it())

    def test_a_loop_ends_by_stop(self):
        self.example("loops")
        self.write('[data-limit="max_fuel"]', "900000000000000")
        self.write('[data-limit="max_execution_time_ms"]', "86000000")
        self.browser.click("#run")
        self.assertEqual(self.text("#status"), "Running.")
        self.browser.click("#stop")
        self.assertIn("No decision: stopped.", self.settled())
        self.assertEqual(self.browser.run("return document.activeElement.id"), "run")
        self.assertIn("Denied, pii_access", self.example("pii_guard"))

    def test_another_example_ends_a_loop(self):
        self.example("loops")
        self.write('[data-limit="max_fuel"]', "900000000000000")
        self.write('[data-limit="max_execution_time_ms"]', "86000000")
        self.browser.click("#run")
        self.assertIn("Denied, pii_access", self.example("pii_guard"))

    def test_memory_and_panics_are_contained(self):
        self.assertIn("No decision, ", self.example("memory_hog"))
        self.assertIn("No decision, wasm_trap: ", self.example("panics"))

    def test_files_that_are_no_plugins_are_refused_in_words(self):
        module = (FIXTURES / "labeler.wasm").read_bytes()
        # A module that imports the function `steal` of `env`.
        foreign = bytes.fromhex("0061736d01000000010401600000020d0103656e7605737465616c0000")
        for content in (b"", b"hello", module[:100], b"\0asm\1\0\0\0", foreign, os.urandom(5000), b"\0asm" + b"\xff" * 5000):
            self.assertIn("No decision, invalid_module: ", self.pick_bytes(content))
            self.assertIn("is refused", self.text("#about"))
            self.assertIn("there is no plugin to run", self.run_it())
        self.assertIn("steal", self.pick_bytes(foreign) + self.text("#answer"))
        self.assertIn("wasi", self.pick(FIXTURES / "wasi_rules.wasm").lower())
        self.picture("invalid")

    def test_texts_of_a_plugin_are_no_html(self):
        extensions = json.dumps({"security": {"labels": ["<img src=x onerror=alert(1)>"]}})
        self.example("labeler")
        self.write("#extensions", extensions)
        self.write("#payload", self.value("#payload").replace("get_compensation", "<b id=bold>boom"))
        self.run_it()
        self.assertFalse(self.browser.run("return document.querySelector('#answer img, #answer b, #bold') !== null"))

    def test_malformed_requests_say_where(self):
        self.write("#payload", '{\n  "message": {,}\n}')
        self.assertIn("the payload: ", self.run_it())
        self.assertIn("line 2 column 15", self.settled())
        self.assertEqual(self.browser.run("return document.querySelector('[aria-invalid]').id"), "payload")
        self.write("#payload", '{"message": {"role": "user", "content": [], "contents": 1}}')
        self.assertIn("contents", self.run_it())
        self.example("pii_guard")
        self.write("#policy", '{"alowed_env": []}')
        self.assertIn("allowed_env", self.run_it())
        self.write("#policy", "[")
        self.assertIn("No decision: the policy: ", self.run_it())


class Access(PlaygroundTest):
    def test_a_file_of_ones_own_is_granted_step_by_step(self):
        self.pick(FIXTURES / "labeler.wasm")
        self.assertIn("No decision, capability_denied: ", self.run_it())
        self.tick("append_labels")
        self.assertEqual(self.run_it(), "Allowed. 1 change.")
        self.assertIn("REVIEWED", self.text("#answer"))

    def test_a_file_is_dropped_on_the_page(self):
        script = """
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(arguments[0])], "dropped.wasm"));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        """
        self.browser.run(script, list((FIXTURES / "noop.wasm").read_bytes()))
        self.assertIn("dropped.wasm is ready", self.settled())
        self.assertIn("Allowed", self.run_it())

    def test_the_keyboard_alone_is_enough(self):
        def focus():
            return self.browser.run("const at = document.activeElement; return at.id || at.value || at.textContent.trim()")

        order = []
        while "run" not in order and len(order) < 40:
            self.browser.press("Tab")
            order.append(focus())
        wanted = ["Skip to the result", "example", "file", "grant-all", "read_roles", "hook", "payload", "extensions", "config", "run"]
        self.assertEqual([name for name in order if name in wanted], wanted, order)
        self.browser.press("Enter")
        self.assertIn("Denied, pii_access", self.settled())
        self.assertEqual(focus(), "run")
        for _ in range(order[::-1].index("read_roles")):
            self.browser.press("Shift", "Tab")
        self.assertEqual(focus(), "read_roles")
        self.browser.press("Space")
        self.browser.press("Control", "Enter")
        self.assertIn("capability_denied", self.settled())
        self.browser.press("Space")
        self.browser.press("Control", "Enter")
        self.assertIn("Denied, pii_access", self.settled())

    def test_each_field_has_a_name(self):
        for name in ("pii_guard", "quota", "call_counter"):
            self.example(name)
            self.assertEqual(self.browser.run(NAMELESS), [])
        self.assertEqual(self.browser.run("return document.getElementById('status').getAttribute('role')"), "status")

    def test_a_phone_needs_no_scrolling_sideways(self):
        self.browser.width(360, 740)
        for name in ("pii_guard", "argument_redactor", "rate_limiter", "loops", "secrets"):
            self.example(name)
            self.browser.run("for (const at of document.querySelectorAll('details')) at.open = true")
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360, name)
        self.open(self.address + "/index.html")
        self.picture("phone")

    def test_texts_stand_out_in_light_and_dark(self):
        for scheme in ("light", "dark"):
            self.browser.scheme(scheme)
            for name in ("pii_guard", "argument_redactor", "loops", "quota"):
                self.example(name)
                self.browser.run("for (const at of document.querySelectorAll('details')) at.open = true")
                self.assertEqual(self.browser.run(CONTRAST), [], f"{name} in {scheme}")
        self.open(self.address + "/index.html")
        self.picture("dark")

    def test_nothing_is_loaded_from_elsewhere(self):
        loaded = self.browser.run("return performance.getEntriesByType('resource').map(({ name }) => name)")
        self.assertGreater(len(loaded), 5)
        for address in loaded:
            self.assertTrue(address.startswith((self.address, "data:")), address)

    def test_the_page_works_as_a_file(self):
        self.open((PAGE / "index.html").as_uri())
        self.assertIn("Denied, pii_access", self.settled())
        self.assertEqual(self.example("argument_redactor"), "Allowed. 1 change.")

    def test_what_is_not_built_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("index.html", *(path.name for path in PAGE.glob("*.js")), "style.css"):
                if name != "embedded.js":
                    shutil.copy(PAGE / name, folder)
            address, server = serve(folder)
            self.open(address + "/index.html")
            self.assertIn("scripts/build-playground", self.text("#trouble"))
            server.shutdown()
            server.server_close()
            self.open((pathlib.Path(folder) / "index.html").as_uri())
            self.assertIn("scripts/build-playground", self.text("#trouble"))
        # The browser complains of files that are not there.
        self.browser.complaints()


if __name__ == "__main__":
    unittest.main()
