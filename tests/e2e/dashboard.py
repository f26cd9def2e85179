#!/usr/bin/env python3
"""The dashboard in a real browser (headless Chromium), against the real daemon over directories.

dashboard.py PATH/TO/godwit [--shots DIR] [unittest arguments]. With --shots it also keeps pictures of
the page there: light, dark, phone.
"""
import json
import os
import shutil
import signal
import sys
import threading
import time
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

SHOTS = None
if "--shots" in sys.argv:
    at = sys.argv.index("--shots")
    SHOTS = os.path.abspath(sys.argv[at + 1])
    del sys.argv[at:at + 2]

from daemon import GROUP, EndToEnd  # noqa: E402  (it takes the binary's path from sys.argv)

MOST_BYTES = 300 * 1024


def open_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--no-proxy-server", "--disable-background-networking",
                     "--window-size=1280,1000", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


class Browsed(EndToEnd):
    """A daemon with the group g (primary a, targets b and c), and a page that shows it."""
    browser = None

    @classmethod
    def setUpClass(cls):
        cls.browser = open_browser()
        cls.browser.set_script_timeout(20)

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()

    def setUp(self):
        super().setUp()
        self.emulate(1280, 1000, "light")
        self.addCleanup(self.browser.get, "about:blank")

    def emulate(self, width, height, scheme):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def visit(self, text="Regions of g"):
        self.browser.get("about:blank")
        self.browser.get_log("browser")
        self.browser.get(f"http://127.0.0.1:{self.port}/")
        self.wait(lambda: text in self.text())

    def text(self, selector="body"):
        return self.run_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def run_script(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def module(self, name, script):
        """What `script` returns of the page's own module `m`."""
        done = self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            f"import('/dashboard/{name}').then((m) => {{ {script} }}).then(done,"
            "(e) => done('failed: ' + e))")
        self.assertFalse(isinstance(done, str) and done.startswith("failed"), done)
        return done

    def wait(self, holds, what="", seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds():
                return
            time.sleep(0.05)
        self.fail(f"never happened: {what}\n{self.text()}")

    def wait_text(self, text, selector="body"):
        self.wait(lambda: text in self.text(selector), f"'{text}' in {selector}")

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys):
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def focused(self):
        return self.run_script("const e = document.activeElement;"
                               "return e.getAttribute('aria-label') ?? e.innerText ?? ''")

    def tab_to(self, text):
        """By the keyboard alone; each stop must be seen."""
        for _ in range(80):
            self.press(Keys.TAB)
            if self.focused().strip() == text:
                outline = self.run_script(
                    "return getComputedStyle(document.activeElement).outlineStyle")
                self.assertNotEqual(outline, "none", text)
                return
        self.fail(f"the keyboard never comes to '{text}'\n{self.text()}")

    def check_console(self, allowed=()):
        """No errors but those of a daemon that is not there."""
        lines = [line["message"] for line in self.browser.get_log("browser")
                 if line["level"] in ("SEVERE", "WARNING")]
        bad = [line for line in lines if not any(each in line for each in allowed)]
        self.assertEqual(bad, [])

    def shot(self, name):
        if SHOTS:
            os.makedirs(SHOTS, exist_ok=True)
            height = self.run_script("return document.documentElement.scrollHeight")
            width = self.run_script("return innerWidth")
            self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": min(height, 4000), "deviceScaleFactor": 1,
                "mobile": width < 500})
            time.sleep(0.4)
            self.browser.save_screenshot(os.path.join(SHOTS, name + ".png"))

    def write(self, daemon, key, body=b"x" * 1000):
        self.assertEqual(daemon.ask("PUT", f"{GROUP}/objects/{key}", body)[0], 200)

    def make_conflict(self, daemon, key="k"):
        with open(self.path("b", key), "w", encoding="utf-8") as file:
            file.write("theirs")
        self.write(daemon, key, b"ours")
        self.wait(lambda: daemon.get(GROUP)["targets"][0]["dead_letters"] == 1, "a dead letter")


class Shown(Browsed):
    def test_the_first_paint_is_small_and_not_empty(self):
        self.config()
        daemon = self.start().wait_ready()
        self.write(daemon, "k")
        self.wait_settled(daemon)
        self.visit()
        self.wait_text("All is well", "h1")
        self.wait(lambda: self.run_script("return document.querySelectorAll('.plot canvas').length")
                  >= 4, "charts")
        sizes = self.run_script(
            "return [...performance.getEntriesByType('navigation'),"
            "...performance.getEntriesByType('resource')].map((e) => [e.name, e.transferSize])")
        total = sum(size for _, size in sizes)
        paint = self.run_script(
            "return performance.getEntriesByName('first-contentful-paint')[0].startTime")
        shown = self.run_script("return performance.getEntriesByName('shown')[0].startTime")
        print(f"\ndashboard: {total / 1024:.0f} KiB in {len(sizes)} requests; first paint after "
              f"{paint:.0f} ms, all figures after {shown:.0f} ms")
        self.assertLessEqual(total, MOST_BYTES, sizes)
        self.assertTrue(all(f"//127.0.0.1:{self.port}/" in name for name, _ in sizes), sizes)
        self.check_console()

    def test_a_pause_is_shown_and_lag_and_queue_grow(self):
        self.config()
        daemon = self.start().wait_ready()
        self.visit()
        self.wait_text("All is well", "h1")
        self.find("button[data-action=pause][data-target=b]").click()
        self.wait_text("1 thing needs attention", "h1")
        self.wait_text("paused by an operator; 0 writes wait", "#attention")
        for i in range(7):
            self.write(daemon, f"w{i}")
        self.wait_text("paused by an operator; 7 writes wait", "#attention")
        card = "li[data-key='target b']"
        self.wait_text("7 writes", card)
        self.assertIn("paused", self.text(card + " .chips"))
        self.wait(lambda: "Lag\n0" not in self.text(card), "lag")
        self.assertEqual(self.run_script("return document.title"), "(1) godwit")
        self.wait_text("b 7 writes", "#charts")
        self.find("button[data-action=resume]").click()
        self.wait_text("All is well", "h1")
        self.wait_text("Has everything.", card)
        self.check_console()

    def test_of_several_groups_one_is_shown_and_all_are_watched(self):
        self.config()
        with open(self.path("godwit.toml"), "a", encoding="utf-8") as file:
            file.write(f'[stores.d]\nurl = "file://{self.path("d")}"\n'
                       f'[stores.e]\nurl = "file://{self.path("e")}"\n'
                       '[groups.h-2]\nprimary = "d"\ntargets = [{ store = "e" }]\n')
        daemon = self.start().wait_ready()
        self.visit()
        self.assertEqual(daemon.ask("POST", "/api/v1/groups/h-2/targets/e/pause")[0], 204)
        self.wait_text("h-2: e paused by an operator; 0 writes wait", "#attention")
        self.assertIn("Regions of g", self.text())
        self.find("#attention a").click()
        self.wait_text("Regions of h-2")
        self.wait_text("Resume e")
        self.shot("groups")
        self.browser.refresh()
        self.wait_text("Regions of h-2")
        self.browser.back()
        self.wait_text("Regions of g")
        self.check_console()

    def test_events_come_as_they_happen_and_each_write_when_asked(self):
        self.config()
        daemon = self.start().wait_ready()
        self.visit()
        self.write(daemon, "first")
        self.wait_settled(daemon)
        self.assertNotIn("first", self.text("#events"))
        self.find("#writes").click()
        self.write(daemon, "second")
        self.wait_text("second", "#events")
        self.check_console()

    def test_markup_in_keys_is_shown_and_does_nothing(self):
        self.config(group='conflict_resolution = "manual"\n')
        daemon = self.start().wait_ready()
        key = "<img src=x onerror=alert(1)>"
        with open(self.path("b", key), "w", encoding="utf-8") as file:
            file.write("theirs")
        self.write(daemon, "%3Cimg%20src=x%20onerror=alert(1)%3E")
        self.visit()
        self.wait_text(key, "#conflicts")
        self.assertEqual(self.run_script("return document.querySelectorAll('main img').length"), 0)
        self.check_console()

    def test_it_fits_a_phone_and_has_names_for_everything(self):
        self.config(group='conflict_resolution = "manual"\n')
        daemon = self.start().wait_ready()
        self.make_conflict(daemon, "a-key-that-is-long-" * 8)
        for width in (360, 1280):
            self.emulate(width, 740, "dark")
            self.visit()
            self.wait_text("a-key-that-is-long", "#conflicts")
            wide = self.run_script("return document.documentElement.scrollWidth")
            self.assertLessEqual(wide, width)
        nameless = self.run_script("""
            const bad = [];
            for (const e of document.querySelectorAll('button, a, input, select, progress')) {
              const name = e.getAttribute('aria-label') || e.innerText.trim() ||
                           [...(e.labels ?? [])].map((l) => l.innerText).join('').trim();
              if (!name && e.offsetParent) bad.push(e.outerHTML);
            }
            for (const e of document.querySelectorAll('img:not([alt])')) bad.push(e.outerHTML);
            const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
            bad.push(...ids.filter((id, i) => ids.indexOf(id) !== i));
            for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]')) {
              for (const id of `${e.getAttribute('aria-labelledby') ?? ''} ${
                  e.getAttribute('aria-describedby') ?? ''}`.trim().split(/ +/)) {
                if (!document.getElementById(id) && e.id !== 'dialog' && e.id !== 'login') {
                  bad.push(id);
                }
              }
            }
            for (const e of document.querySelectorAll('div[onclick], [tabindex]')) {
              if (e.tabIndex > 0 || e.onclick) bad.push(e.outerHTML);
            }
            const levels = [...document.querySelectorAll('h1, h2, h3')]
                .filter((e) => e.offsetParent).map((e) => Number(e.tagName[1]));
            levels.forEach((l, i) => { if (l > (levels[i - 1] ?? 0) + 1) bad.push(`h${l}`); });
            return bad;""")
        self.assertEqual(nameless, [])
        self.check_console()

    def test_texts_stand_out_in_light_and_dark(self):
        self.config(group='conflict_resolution = "manual"\n')
        daemon = self.start().wait_ready()
        self.make_conflict(daemon)
        daemon.ask("POST", GROUP + "/targets/c/pause")
        for scheme in ("light", "dark"):
            self.emulate(1280, 1000, scheme)
            self.visit()
            self.wait_text("Resolve", "#conflicts")
            self.assertEqual(self.run_script(CONTRAST), [], scheme)

    def test_figures_are_told_as_people_read_them(self):
        self.config()
        self.start().wait_ready()
        self.visit()
        told = self.module("format.js", """return [
            m.duration(0), m.duration(0.2), m.duration(999), m.duration(3450), m.duration(62_000),
            m.duration(3_720_000), m.duration(200 * 3_600_000), m.bytes(0), m.bytes(1023),
            m.bytes(1340), m.bytes(5 * 1024 ** 3), m.count(1234567), m.count(0.1),
            m.plural(1, 'key', 'keys'), m.plural(0, 'key', 'keys'), m.words('a_b_c'),
            m.decimalRate(84_500), m.decimalRate(1e7)]""")
        self.assertEqual(told, ["0", "1ms", "999ms", "3.4s", "1m 02s", "1h 02m", "8d 08h", "0 B",
                                "1023 B", "1.31 KiB", "5.00 GiB", "1,234,567", "0.1", "1 key",
                                "0 keys", "a b c", "84.5 kB/s", "10 MB/s"])
        merged = self.module("history.js", """
            const told = (last, at, name, tasks) => ({last, at_ms: at, targets: [
              {name, lag_ms: tasks, tasks, bytes_per_second: tasks, writes_per_second: tasks}]});
            const one = m.merge(m.none(), told(2, [10, 20], 'b', [1, 2]));
            const two = m.merge(one, told(3, [30], 'c', [5]));
            const anew = m.merge(two, told(1, [40], 'b', [7]));
            return [two.at, two.targets.get('c').tasks, two.targets.has('b'), anew.at,
                    anew.targets.get('b').tasks]""")
        self.assertEqual(merged, [[10, 20, 30], [None, None, 5], False, [40], [7]])


# Texts whose colour differs too little from what is behind them (WCAG AA: 4.5, large 3).
CONTRAST = """
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
    const behind = (e) => {
      if (!e) return rgba(getComputedStyle(document.documentElement).colorScheme === 'dark' ?
          '#000' : '#fff').slice(0, 3);
      const own = rgba(getComputedStyle(e).backgroundColor);
      return own[3] === 1 ? own.slice(0, 3) : over(own, behind(e.parentElement));
    };
    const light = (c) => {
      const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92
                                                      : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const weak = [];
    for (const e of document.querySelectorAll('body *')) {
      const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (!own || !e.offsetParent) continue;
      const style = getComputedStyle(e);
      const back = behind(e);
      const [a, b] = [light(over(rgba(style.color), back)), light(back)].sort((x, y) => y - x);
      const large = parseFloat(style.fontSize) >= 24;
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < (large ? 3 : 4.5)) weak.push(`${e.tagName} ${e.innerText} ${ratio.toFixed(2)}`);
    }
    return weak;"""


class Acted(Browsed):
    def test_a_conflict_is_resolved_by_the_keyboard_alone(self):
        self.config(group='conflict_resolution = "manual"\n')
        daemon = self.start().wait_ready()
        self.make_conflict(daemon)
        self.visit()
        self.wait_text("Resolve", "#conflicts")
        self.tab_to("Resolve k at b")
        self.press(Keys.ENTER)
        self.wait_text("Which object stays?", "dialog[open]")
        self.shot("resolve")
        self.press(Keys.ESCAPE)
        self.wait(lambda: self.focused() == "Resolve k at b", "the focus is where it was")
        self.assertEqual(len(daemon.get(GROUP + "/conflicts")["conflicts"]), 1)
        self.press(Keys.ENTER)
        self.wait_text("Which object stays?", "dialog[open]")
        self.tab_to("Keep that of b")
        self.press(Keys.SPACE)
        self.wait_text("None waits for a person.", "#conflicts")
        self.wait_text("The object of b stays.", "#said")
        self.wait(lambda: self.read("a", "k") == b"theirs", "the object of b")
        self.check_console()

    def test_a_switchover_shows_its_plan_and_is_done_when_confirmed(self):
        self.config()
        daemon = self.start().wait_ready()
        self.write(daemon, "k")
        self.wait_settled(daemon)
        self.visit()
        self.wait_text("Switch over", "#moves")
        Select(self.find("#to")).select_by_value("c")
        self.find("button[data-kind=switchover]").click()
        self.wait_text("Switch over from a to c?", "dialog[open]")
        self.assertIn("A dry run: nothing has changed yet.", self.text("dialog"))
        self.assertIn("At risk: nothing.", self.text("dialog"))
        self.shot("plan")
        self.assertEqual(daemon.get(GROUP)["primary"], "a")
        self.tab_to("Switch over to c now")
        self.press(Keys.ENTER)
        self.wait_text("c is the primary now", "dialog[open]")
        self.assertEqual(daemon.get(GROUP)["primary"], "c")
        self.tab_to("Close")
        self.press(Keys.ENTER)
        self.wait_text("The config names a.", "li[data-key=primary]")
        self.wait_text("c is no target now", "#charts")
        self.wait_settled(daemon)
        self.find("button[data-kind=failback]").click()
        self.wait_text("Fail back from c to a?", "dialog[open]")
        self.press(Keys.ESCAPE)
        self.assertEqual(daemon.get(GROUP)["primary"], "c")
        self.find("button[data-kind=failback]").click()
        self.wait_text("Fail back from c to a?", "dialog[open]")
        self.find("dialog button.primary").click()
        self.wait_text("a is the primary now", "dialog[open]")
        self.assertEqual(daemon.get(GROUP)["primary"], "a")
        self.check_console()

    def test_a_failover_warns_where_the_primary_answers(self):
        self.config()
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        self.visit()
        self.wait_text("Fail over", "#moves")
        Select(self.find("#to")).select_by_value("b")
        self.find("button[data-kind=failover]").click()
        self.wait_text("a answers. A switchover loses nothing", "dialog[open]")
        self.assertEqual(daemon.get(GROUP)["primary"], "a")
        self.find("dialog button.danger").click()
        self.wait_text("b is the primary now", "dialog[open]")
        self.assertEqual(daemon.get(GROUP)["primary"], "b")
        self.check_console()

    def test_a_plan_names_what_is_at_risk_and_says_when_that_is_not_all(self):
        self.config()
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        self.visit()
        self.wait_text("Fail over", "#moves")
        plan = {"from": "a", "to": "b", "epoch": 2, "kind": "failover", "lacking": 30, "healed": 5,
                "exact": False, "dry_run": True,
                "at_risk": [{"key": f"<b>{i}", "version": "v", "removal": i == 0} for i in range(25)]}
        self.run_script("""
            const plan = arguments[0], real = fetch;
            window.fetch = (path, options) => (path.endsWith('/failover')
              ? Promise.resolve(new Response(JSON.stringify(plan))) : real(path, options));""", plan)
        self.find("button[data-kind=failover]").click()
        self.wait_text("At risk: 25 writes.", "dialog[open]")
        told = self.text("dialog")
        for part in ("b lacks now 30 keys; 5 of them could be given by others.", "<b>0 (removal)",
                     "<b>19", "and 5 more", "Not exact"):
            self.assertIn(part, told)
        self.assertNotIn("<b>20", told)
        self.shot("failover")
        self.check_console()

    def test_a_move_that_cannot_be_says_why(self):
        self.config()
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        daemon.ask("POST", GROUP + "/targets/b/pause")
        self.visit()
        self.wait_text("Switch over", "#moves")
        Select(self.find("#to")).select_by_value("b")
        self.find("button[data-kind=switchover]").click()
        self.wait_text("That did not work", "dialog[open]")
        self.assertIn("b", self.text("dialog [role=alert]"))

    def test_dead_letters_are_named_and_tried_again(self):
        self.config()
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        # Where an object should be there is a directory: no file can be written there.
        os.makedirs(self.path("b", "dead", "in-the-way"))
        self.write(daemon, "dead")
        self.wait(lambda: daemon.get(GROUP)["targets"][0]["dead_letters"] == 1, daemon.log())
        self.visit()
        self.wait_text("dead letter", "#attention")
        self.wait_text("dead", "#letters")
        self.shot("letters")
        os.rmdir(self.path("b", "dead", "in-the-way"))
        os.rmdir(self.path("b", "dead"))
        self.find("button[data-action=redrive][data-object=dead]").click()
        self.wait_text("No write was given up.", "#letters")
        self.wait_settled(daemon)
        self.assertEqual(self.read("b", "dead"), b"x" * 1000)
        self.check_console()

    def test_many_conflicts_are_shown_in_part_and_that_is_said(self):
        self.config(group='conflict_resolution = "manual"\n')
        daemon = self.start().wait_ready()
        for i in range(105):
            with open(self.path("b", f"k{i:03}"), "w", encoding="utf-8") as file:
                file.write("theirs")
            self.write(daemon, f"k{i:03}")
        self.wait(lambda: daemon.get(GROUP)["targets"][0]["dead_letters"] == 105, "conflicts")
        self.visit()
        self.wait_text("105 conflicts wait for a person", "#attention")
        self.wait_text("The first 100; there may be more.", "#conflicts")
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#conflicts li")), 100)
        self.assertIn("there may be more", self.text("#letters"))
        self.check_console()

    def test_a_job_begins_and_tells_how_it_ended(self):
        self.config()
        daemon = self.start().wait_ready()
        self.write(daemon, "k")
        self.wait_settled(daemon)
        with open(self.path("b", "k"), "w", encoding="utf-8") as file:
            file.write("damaged")
        self.visit()
        self.wait_text("None since the daemon began.", "#jobs")
        self.find("#jobs button[type=submit]").click()
        self.wait_text("verify of b", "#jobs")
        self.wait_text("not all well", "#jobs")
        self.assertIn("1 finding;", self.text("#jobs"))
        self.assertIn("1 different", self.text("#jobs"))
        self.check_console()


class Connected(Browsed):
    def test_a_daemon_that_dies_is_missed_at_once_and_the_page_heals(self):
        self.config()
        daemon = self.start().wait_ready()
        self.visit()
        self.wait_text("All is well", "h1")
        daemon.process.kill()
        daemon.process.wait()
        began = time.monotonic()
        self.wait_text("The daemon does not answer since", "#connection")
        self.assertLess(time.monotonic() - began, 3)
        self.assertEqual(self.text("h1"), "Nobody knows how things stand")
        self.assertEqual(self.run_script("return document.querySelectorAll('[data-action=pause]').length"), 0)
        self.shot("away")
        time.sleep(1)
        daemon = self.start().wait_ready()
        daemon.ask("POST", GROUP + "/targets/c/pause")
        self.wait_text("paused by an operator", "#attention")
        self.assertEqual(self.text("#connection"), "")
        self.check_console(allowed=["net::ERR_"])

    def test_a_daemon_that_hangs_is_told_from_one_that_is_well(self):
        self.config()
        daemon = self.start().wait_ready()
        self.visit()
        self.wait_text("All is well", "h1")
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            self.wait_text("it does not answer", "#connection")
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        self.wait_text("All is well", "h1")
        self.assertEqual(self.text("#connection"), "")

    def test_a_token_is_asked_for_and_kept_by_the_tab_alone(self):
        self.config(api='read_token = "look"\noperate_token = "act"\n')
        self.start().wait_ready()
        self.visit("This daemon wants a token")
        self.assertNotIn("Regions", self.text())
        self.shot("login")
        self.press("wrong", Keys.ENTER)
        self.wait_text("The daemon does not know this token.", "#token-note")
        self.assertEqual(self.run_script("return document.activeElement.id"), "token")
        self.press("look", Keys.ENTER)
        self.wait_text("Regions of g")
        self.wait_text("may only look", "#session")
        self.assertIn("This token may only look", self.text("#moves"))
        self.assertEqual(self.run_script(
            "return [...document.querySelectorAll('main button')].filter((b) => b.offsetParent).length"), 0)
        self.browser.refresh()
        self.wait_text("Regions of g")
        self.find("[data-action=logout]").click()
        self.wait_text("This daemon wants a token")
        self.press("act", Keys.ENTER)
        self.wait_text("Pause b")
        kept = self.run_script("return [localStorage.length, document.cookie, location.href]")
        self.assertEqual(kept, [0, "", f"http://127.0.0.1:{self.port}/"])
        self.check_console(allowed=["401 (Unauthorized)"])


class Pictures(Browsed):
    @unittest.skipUnless(SHOTS, "no --shots")
    def test_what_it_looks_like(self):
        self.config(group='conflict_resolution = "manual"\n')
        with open(self.path("godwit.toml"), "r+", encoding="utf-8") as file:
            text = file.read()
            for name, region in (("a", "sgp1"), ("b", "nyc3"), ("c", "fra1")):
                text = text.replace(f"[stores.{name}]", f"[stores.{region}]")
                text = text.replace(f'"{name}"', f'"{region}"')
            text = text.replace("[groups.g]", "[groups.backups]")
            file.seek(0)
            file.truncate()
            file.write(text)
        daemon = self.start().wait_ready()
        group = "/api/v1/groups/backups"
        going = True

        def load():
            for i in range(100_000):
                if not going:
                    return
                daemon.ask("PUT", f"{group}/objects/db/{i % 500:05}.bak", os.urandom(20_000 + i * 97 % 90_000))
                time.sleep(0.01 + 0.05 * (i // 200 % 3))

        writer = threading.Thread(target=load)
        writer.start()
        try:
            time.sleep(25)
            daemon.ask("POST", group + "/targets/fra1/pause")
            time.sleep(20)
            daemon.ask("POST", group + "/targets/fra1/resume")
            time.sleep(15)
            with open(self.path("b", "orders.db"), "w", encoding="utf-8") as file:
                file.write("theirs")
            daemon.ask("PUT", group + "/objects/orders.db", b"ours")
            daemon.ask("POST", group + "/jobs", json.dumps({"kind": "verify", "target": "fra1"}))
            daemon.ask("POST", group + "/targets/fra1/pause")
            time.sleep(10)
        finally:
            going = False
            writer.join()
        for name, width, scheme in (("light", 1280, "light"), ("dark", 1280, "dark"),
                                    ("phone", 360, "light"), ("phone-dark", 360, "dark")):
            self.emulate(width, 800, scheme)
            self.visit("Regions of backups")
            self.wait_text("orders.db", "#conflicts")
            Select(self.find("#range")).select_by_value("300000")
            time.sleep(0.5)
            self.shot(name)


if __name__ == "__main__":
    unittest.main()
