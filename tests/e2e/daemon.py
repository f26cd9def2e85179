#!/usr/bin/env python3
"""The real daemon over directories and, where there are, two real S3 regions: writes, kill -9, stops.

daemon.py PATH/TO/godwit [unittest arguments]. Those on S3 run where tests/rgw/with_rgw.sh has set
GODWIT_TEST_S3_A and _B.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

GODWIT = os.path.abspath(sys.argv.pop(1))
GROUP = "/api/v1/groups/g"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """One run of `godwit run`."""

    def __init__(self, home, port, *arguments, env=None, under=()):
        self.port, self.token = port, None
        self.log_path = os.path.join(home, f"log.{time.monotonic_ns()}")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([*under, GODWIT, "run", *arguments], stderr=log, cwd=home,
                                            env=env or dict(os.environ, HOME=home))

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def ask(self, method, path, body=None, headers=None, patience=30):
        """Status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            fields = dict(headers or {})
            if self.token:
                fields["Authorization"] = f"Bearer {self.token}"
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path):
        status, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def wait_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log()
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError("not ready: " + self.log())

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="godwit-daemon.")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.port = free_port()

    def path(self, *names):
        return os.path.join(self.home, *names)

    def config(self, api="", group="", node=""):
        text = f'[node]\ndata_dir = "{self.path("data")}"\ndrain = "20s"\n{node}'
        text += f'[api]\nlisten = "127.0.0.1:{self.port}"\n{api}'
        for name in "abc":
            text += f'[stores.{name}]\nurl = "file://{self.path(name)}"\n'
        text += f'[groups.g]\nprimary = "a"\n{group}'
        text += 'targets = [{ store = "b" }, { store = "c" }]\n'
        with open(self.path("godwit.toml"), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *arguments, env=None, under=()):
        daemon = Daemon(self.home, self.port, *arguments, env=env, under=under)
        self.addCleanup(self.end, daemon)
        return daemon

    @staticmethod
    def end(daemon):
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()

    def wait_settled(self, daemon, group=GROUP):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status = daemon.get(group)
            if all(target["caught_up"] for target in status["targets"]):
                return
            time.sleep(0.05)
        self.fail(f"not settled: {status}\n{daemon.log()}")

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read()

    def godwit(self, *arguments, expect=0):
        run = subprocess.run([GODWIT, *arguments], capture_output=True, text=True, timeout=60,
                             cwd=self.home, env=dict(os.environ, HOME=self.home))
        self.assertEqual(run.returncode, expect, f"{arguments}\n{run.stdout}\n{run.stderr}")
        return run


class Load:
    """Threads that put one object after the other, and remember what they were told."""

    def __init__(self, daemon, threads=4, patience=30):
        self.daemon, self.going, self.patience = daemon, True, patience
        self.acknowledged = {}  # by key: the last body
        self.maybe = {}         # bodies since then of which nobody knows what became
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        for i in range(1_000_000):
            key, body = f"load/{number}-{i % 50}", f"{number} {i} {time.time()} ".encode() * 50
            try:
                status, _ = self.daemon.ask("PUT", f"{GROUP}/objects/{key}", body,
                                            patience=self.patience)
            except (OSError, http.client.HTTPException):
                self.maybe.setdefault(key, []).append(body)
                return
            if status == 200:
                self.acknowledged[key], self.maybe[key] = body, []
            else:
                self.maybe.setdefault(key, []).append(body)
            if not self.going:
                return

    def join(self):
        self.going = False
        for thread in self.threads:
            thread.join()


class Writes(EndToEnd):
    def test_what_is_written_arrives_and_is_read_from_where_it_was_asked(self):
        self.config()
        daemon = self.start().wait_ready()
        status, body = daemon.ask("PUT", GROUP + "/objects/x/y?mode=sync", b"hello")
        self.assertEqual(status, 200, body)
        for name in "abc":
            self.assertEqual(self.read(name, "x", "y"), b"hello")
        self.assertEqual(daemon.ask("GET", GROUP + "/objects/x/y?preference=secondary")[1], b"hello")
        self.assertEqual(daemon.stop(), 0, daemon.log())
        self.assertIn("every target has everything", daemon.log())

    def test_kill_9_under_load_loses_nothing_that_was_acknowledged(self):
        self.config(group='late_write_window = "2s"\n')
        may_be = {}
        for _ in range(3):
            daemon = self.start().wait_ready()
            load = Load(daemon)
            time.sleep(0.7)
            daemon.process.kill()
            daemon.process.wait()
            load.join()
            self.assertTrue(load.acknowledged)
            for key, body in load.acknowledged.items():
                may_be[key] = [body]
            for key, bodies in load.maybe.items():
                if key in may_be:
                    may_be[key] += bodies
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        for key, bodies in may_be.items():
            there = self.read("a", key)
            self.assertIn(there, bodies, key)
            self.assertEqual(self.read("b", key), there, key)
            self.assertEqual(self.read("c", key), there, key)
        for target in "bc":
            status, body = daemon.ask("POST", GROUP + "/jobs", json.dumps(
                {"kind": "verify", "target": target, "level": "content"}))
            self.assertEqual(status, 202, body)
            job = json.loads(body)["id"]
            while daemon.get(f"/api/v1/jobs/{job}")["state"] == "running":
                time.sleep(0.02)
            self.assertTrue(daemon.get(f"/api/v1/jobs/{job}")["all_well"])

    def test_a_stop_under_load_delivers_what_was_acknowledged(self):
        self.config()
        daemon = self.start().wait_ready()
        load = Load(daemon)
        time.sleep(0.7)
        self.assertEqual(daemon.stop(), 0, daemon.log())
        load.join()
        self.assertTrue(load.acknowledged)
        for key, body in load.acknowledged.items():
            for name in "abc":
                self.assertIn(self.read(name, key), [body, *load.maybe[key]], key)
        self.assertNotIn("left in the journal", daemon.log())

    def test_a_stop_says_what_is_left_and_the_next_start_delivers_it(self):
        self.config()
        daemon = self.start().wait_ready()
        self.assertEqual(daemon.ask("POST", GROUP + "/targets/b/pause")[0], 204)
        for i in range(5):
            self.assertEqual(daemon.ask("PUT", f"{GROUP}/objects/{i}", b"x")[0], 200)
        self.assertEqual(daemon.stop(signal.SIGINT), 0)
        self.assertIn("left in the journal; goes on at the next start group=g target=b tasks=5",
                      daemon.log())
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        self.assertEqual(self.read("b", "4"), b"x")


    def test_a_stop_does_not_wait_for_calls_that_wait_for_a_store(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            self.config()
            with open(self.path("godwit.toml"), "r+", encoding="utf-8") as file:
                text = file.read().replace('drain = "20s"', 'drain = "1s"')
                text = text.replace(f"file://{self.path('b')}",
                                    f"s3://bucket?endpoint=http://127.0.0.1:{port}")
                text = text.replace("[stores.c]", 'access_key = "k"\nsecret_key = "s"\n[stores.c]')
                file.seek(0)
                file.truncate()
                file.write(text)
            daemon = self.start().wait_ready()
            answers = []
            writer = threading.Thread(target=lambda: answers.append(
                daemon.ask("PUT", GROUP + "/objects/k?mode=sync&timeout=50s", b"x")))
            writer.start()
            time.sleep(0.5)
            began = time.monotonic()
            self.assertEqual(daemon.stop(), 0, daemon.log())
            self.assertLess(time.monotonic() - began, 12)
            writer.join()
            self.assertIn("left in the journal", daemon.log())
            error = json.loads(answers[0][1])["error"]
            self.assertEqual(error["outcome"], "applied", answers)


class Callers(EndToEnd):
    def refused(self, answer, status, code):
        self.assertEqual(answer[0], status, answer)
        error = json.loads(answer[1])
        self.assertEqual(error["error"]["code"], code)
        self.assertTrue(error["request_id"])

    def test_wrong_callers_get_the_right_status_and_one_shape(self):
        with open(self.path("token"), "w", encoding="utf-8") as file:
            file.write("act\n")
        self.config(api=f'operate_token_file = "{self.path("token")}"\nread_token = "look"\n')
        daemon = self.start().wait_ready()
        self.refused(daemon.ask("GET", GROUP), 401, "permission_denied")
        daemon.token = "wrong"
        self.refused(daemon.ask("GET", GROUP), 401, "permission_denied")
        daemon.token = "look"
        self.assertEqual(daemon.ask("GET", GROUP)[0], 200)
        self.refused(daemon.ask("PUT", GROUP + "/objects/k", b"x"), 403, "permission_denied")
        daemon.token = "act"
        self.assertEqual(daemon.ask("PUT", GROUP + "/objects/k", b"x")[0], 200)
        self.refused(daemon.ask("POST", GROUP + "/switchover", b"{"), 400, "invalid_argument")
        self.refused(daemon.ask("POST", GROUP + "/jobs", b"{}"), 400, "invalid_argument")
        self.refused(daemon.ask("GET", "/api/v1/groups/nobody"), 404, "not_found")
        self.refused(daemon.ask("GET", GROUP + "/targets/x/dead-letters"), 404, "not_found")
        self.refused(daemon.ask("GET", GROUP + "/objects/../../etc/passwd"), 400, "invalid_argument")
        self.refused(daemon.ask("GET", "/../../etc/passwd"), 404, "not_found")
        self.refused(daemon.ask("PATCH", GROUP), 405, "invalid_argument")
        log = daemon.log()
        self.assertNotIn("Bearer", log)
        self.assertEqual(daemon.stop(), 0)

    def test_a_huge_body_is_refused_before_it_comes(self):
        self.config(api='max_body = "1MiB"\n')
        daemon = self.start().wait_ready()
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as raw:
            raw.sendall(f"PUT {GROUP}/objects/k HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Length: 10000000000\r\n\r\n".encode())
            answer = b""
            while b"request_id" not in answer:
                piece = raw.recv(65536)
                self.assertTrue(piece, answer)
                answer += piece
        self.assertIn(b" 413 ", answer)
        self.refused(daemon.ask("PUT", GROUP + "/objects/k", b"x" * (1 << 21)), 413, "limit_exceeded")
        self.assertEqual(daemon.ask("PUT", GROUP + "/objects/k", b"x" * (1 << 20))[0], 200)

    def test_bytes_that_are_no_http_harm_nobody(self):
        self.config()
        daemon = self.start().wait_ready()
        for rubbish in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\0" * 100, b"A" * 100_000):
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as raw:
                raw.sendall(rubbish)
                raw.shutdown(socket.SHUT_WR)
                try:
                    raw.recv(65536)
                except ConnectionError:
                    pass
        self.assertEqual(daemon.ask("GET", "/healthz")[0], 200)


class Commands(EndToEnd):
    def command(self, *arguments, expect=0):
        return self.godwit(*arguments, "--api", f"http://127.0.0.1:{self.port}", expect=expect)

    def test_status_tells_what_needs_attention_by_words_and_exit_code(self):
        self.config()
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        self.assertIn("All is well.", self.command("status").stdout)
        self.command("targets", "pause", "b")
        self.assertEqual(daemon.ask("PUT", GROUP + "/objects/k", b"x")[0], 200)
        told = self.command("status", "g", expect=1).stdout
        self.assertIn("ATTENTION  g: b paused by an operator; 1 write waits", told)
        self.assertEqual(json.loads(self.command("status", "--json", expect=1).stdout)["name"], "g")
        self.command("lag", "--max", "1ms", expect=1)
        self.command("lag", "--max", "1h")
        self.assertIn("  g      b       1 ", self.command("queue").stdout)
        self.command("targets", "resume", "b")
        self.wait_settled(daemon)
        self.assertIn("write_replicated", self.command("events").stdout)
        others = self.command("events", "--no-writes").stdout
        self.assertNotIn("write_replicated", others)
        self.assertIn("target_healthy", others)
        self.command("conflicts")
        self.command("dead-letters", "list", "c")
        self.assertIn("did you mean 'b'?", self.command("targets", "pause", "bb", expect=4).stderr)
        self.command("targets", "remove", "b", expect=2)
        self.command("targets", "remove", "b", "--yes")
        self.assertNotIn('"b"', self.command("status", "--json").stdout)

    def test_a_drill_proves_each_store_or_says_which_is_not(self):
        self.config()
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        proven = self.command("drill").stdout
        self.assertIn("Drill of g: proven", proven)
        self.assertEqual(proven.count(" proven\n"), 3, proven)
        for store in "abc":
            self.assertEqual(os.listdir(self.path(store, "godwit-drill"))
                             if os.path.exists(self.path(store, "godwit-drill")) else [], [])
        self.command("targets", "pause", "b")
        held = self.command("drill", "g", "--within", "10s", expect=3).stdout
        self.assertIn("b: paused by an operator", held)
        self.assertIn("  godwit targets resume b\n", held)
        self.command("targets", "resume", "b")
        shutil.rmtree(self.path("c"))
        with open(self.path("c"), "w", encoding="utf-8"):
            pass
        failed = json.loads(self.command("drill", "--within", "1s", "--json", expect=1).stdout)
        self.assertEqual(failed["report"]["result"], "failed")
        self.assertIn("not all well", self.command("jobs").stdout)
        self.assertIn("there is no job 99", self.command("jobs", "cancel", "99", expect=4).stderr)
        self.assertIn("has ended", self.command("jobs", "cancel", "1", expect=4).stderr)
        daemon.stop()
        again = self.start().wait_ready()
        self.assertEqual(again.get(GROUP)["last_drill"], failed["report"])

    def test_the_doctor_says_what_why_and_what_to_do(self):
        self.config(group='detect_changes = "scan"\njournal_payload = "inline"\n')
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        first = self.command("doctor", expect=3).stdout
        self.assertIn("WARNING   g: no drill was ever made  [drill]\n", first)
        self.assertIn("          do:  godwit drill g\n", first)
        self.command("drill")
        status, well = daemon.ask("POST", "/api/v1/doctor")
        self.assertEqual(status, 200, well)
        checks = {(each["id"], each.get("about")): each for each in json.loads(well)["checks"]}
        ill = {each["id"] for each in checks.values() if each["severity"] != "ok"}
        self.assertLessEqual(ill, {"tokens", "disk"}, "but for the disk, which is this machine's")
        for store in "abc":
            self.assertEqual(checks[("access", store)]["severity"], "ok")
            self.assertEqual(checks[("clock", store)]["severity"], "ok")
        self.command("targets", "pause", "b")
        self.assertIn("g b: paused by an operator", self.command("doctor", expect=3).stdout)
        self.command("targets", "resume", "b")
        shutil.rmtree(self.path("c"))
        with open(self.path("c"), "w", encoding="utf-8"):
            pass
        self.assertIn("PROBLEM   g c: file://", self.command("doctor", expect=1).stdout)
        self.assertIn("The stores were not tried", self.command("doctor", "--no-probe").stdout)
        self.assertIn("did you mean 'g'?", self.command("doctor", "h", expect=4).stderr)

    def test_a_move_shows_its_plan_and_is_done_only_when_told(self):
        self.config()
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        plan = self.command("switchover", "b").stdout
        self.assertIn("switchover: a -> b (dry run)", plan)
        self.assertIn("Nothing has changed", plan)
        self.assertEqual(daemon.get(GROUP)["primary"], "a")
        self.assertIn("switchover: a -> b done", self.command("switchover", "b", "--yes").stdout)
        self.assertEqual(daemon.get(GROUP)["primary"], "b")
        self.assertIn("b -> a done", self.command("failback", "--yes").stdout)
        self.assertEqual(daemon.get(GROUP)["primary"], "a")

    def test_events_are_followed(self):
        self.config()
        daemon = self.start().wait_ready()
        follower = subprocess.Popen([GODWIT, "events", "--follow", "--json", "--api",
                                     f"http://127.0.0.1:{self.port}"], stdout=subprocess.PIPE,
                                    text=True, env=dict(os.environ, HOME=self.home))
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        going = True

        def write():
            for i in range(1000):
                if not going:
                    return
                daemon.ask("PUT", f"{GROUP}/objects/{i}", b"x")
                time.sleep(0.05)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for line in follower.stdout:
                event = json.loads(line)
                if event["event"] == "write_replicated":
                    break
        finally:
            going = False
            writer.join()
        self.assertEqual(event["group"], "g")

    def test_a_token_comes_from_the_environment_or_a_file(self):
        self.config(api='operate_token = "act"\n')
        self.start().wait_ready()
        self.assertIn("a token is needed", self.command("status", expect=4).stderr)
        with open(self.path("token"), "w", encoding="utf-8") as file:
            file.write("act\n")
        self.command("status", "--token-file", "token")
        os.environ["GODWIT_TOKEN"] = "act"
        try:
            self.command("status")
        finally:
            del os.environ["GODWIT_TOKEN"]

    def test_a_daemon_that_is_not_there_is_named_with_what_to_do(self):
        told = self.command("status", expect=4).stderr
        self.assertIn(f"127.0.0.1:{self.port}", told)
        self.assertIn("does `godwit run` run there?", told)


class Process(EndToEnd):
    def test_a_config_that_is_wrong_is_refused_with_file_and_line(self):
        self.config(group='mode = "synchronous"\n')
        daemon = self.start()
        self.assertEqual(daemon.process.wait(timeout=30), 2)
        self.assertIn("godwit.toml:14: 'mode': 'synchronous' is not one of its values", daemon.log())
        self.godwit("config", "check", expect=2)
        self.config()
        self.assertIn("group g: a = file://", self.godwit("config", "check").stdout)

    def test_a_port_and_a_data_dir_that_are_taken_are_named(self):
        self.config()
        self.start().wait_ready()
        second = self.start()
        self.assertEqual(second.process.wait(timeout=30), 4)
        self.assertIn(f"127.0.0.1:{self.port}", second.log())
        self.assertIn("does it run already?", second.log())
        third = self.start("--set", "api.listen=127.0.0.1:0")
        self.assertEqual(third.process.wait(timeout=30), 4)
        self.assertIn("data_dir", third.log())

    def test_a_hangup_reloads_what_can_be_and_names_the_rest(self):
        self.config()
        daemon = self.start().wait_ready()
        self.config(api='operate_token = "act"\n', group='mode = "sync"\n')
        daemon.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while "not reloaded" not in daemon.log() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertIn("reloaded key=api.operate_token", daemon.log())
        self.assertIn('not reloaded key=groups.g.mode why="takes a restart"', daemon.log())
        self.assertEqual(daemon.ask("GET", GROUP)[0], 401)

    def test_systemd_is_told(self):
        self.config()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(self.path("notify"))
            manager.settimeout(20)
            env = dict(os.environ, HOME=self.home, NOTIFY_SOCKET=self.path("notify"),
                       WATCHDOG_USEC="200000")
            daemon = self.start(env=env)
            told = set()
            while not {"READY=1", "WATCHDOG=1"} <= told:
                told.add(manager.recv(100).decode().splitlines()[0])
            daemon.process.send_signal(signal.SIGTERM)
            while "STOPPING=1" not in told:
                told.add(manager.recv(100).decode().splitlines()[0])
            self.assertEqual(daemon.process.wait(timeout=30), 0)


class Changes(EndToEnd):
    """What others do at the primary, with no call."""

    def write(self, text, *names):
        os.makedirs(os.path.dirname(self.path(*names)), exist_ok=True)
        with open(self.path(*names), "w", encoding="utf-8") as file:
            file.write(text)

    def wait_for(self, text, *names, patience=60):
        """Until the file holds that; None: until there is none."""
        deadline = time.monotonic() + patience
        found = ""
        while time.monotonic() < deadline:
            try:
                found = self.read(*names).decode()
            except FileNotFoundError:
                found = None
            if found == text:
                return
            time.sleep(0.05)
        self.fail(f"{names} is {found!r}, not {text!r}")

    def test_copies_removals_and_moves_in_the_primary_are_replicated(self):
        self.config(group='detect_changes = "inotify"\npropagate_removals = true\n')
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        self.write("a backup", "made elsewhere")
        shutil.copy(self.path("made elsewhere"), self.path("a", "backup.tar"))
        self.wait_for("a backup", "b", "backup.tar", patience=10)
        for number in range(5):
            self.write(str(number), "a", "day", "deep", str(number))
        self.wait_for("4", "c", "day", "deep", "4", patience=10)
        os.rename(self.path("a", "day"), self.path("a", "night"))
        self.wait_for("3", "b", "night", "deep", "3")
        self.wait_for(None, "b", "day", "deep", "3")
        os.remove(self.path("a", "backup.tar"))
        self.wait_for(None, "b", "backup.tar", patience=10)
        self.assertEqual(daemon.stop(), 0)

    def test_a_file_that_is_being_written_is_not_taken_half(self):
        self.config(group='detect_changes = "inotify"\n')
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        with open(self.path("a", "slow"), "w", encoding="utf-8") as file:
            for _ in range(10):
                file.write("half")
                file.flush()
                time.sleep(0.3)
                self.assertFalse(os.path.exists(self.path("b", "slow")))
        self.wait_for("half" * 10, "b", "slow", patience=10)

    def test_more_than_the_kernel_remembers_is_found_all_the_same(self):
        self.config(group='detect_changes = "inotify"\n')
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        daemon.process.send_signal(signal.SIGSTOP)
        with open("/proc/sys/fs/inotify/max_queued_events", encoding="utf-8") as file:
            most = int(file.read())
        for number in range(most):
            # Two by turns: equal neighbours are one event.
            self.write("x", "a", f"again{number % 2}")
        self.write("after that", "a", "new", "file")
        daemon.process.send_signal(signal.SIGCONT)
        self.wait_for("after that", "b", "new", "file")

    def test_kill_9_while_files_are_written_loses_none(self):
        self.config(group='detect_changes = "inotify"\n')
        daemon = self.start().wait_ready()
        for number in range(300):
            self.write(f"body {number}", "a", f"dir{number % 7}", f"file{number}")
            if number == 150:
                daemon.stop(signal.SIGKILL)
            if number == 220:
                daemon = self.start().wait_ready()
        for number in range(300):
            for target in "bc":
                self.wait_for(f"body {number}", target, f"dir{number % 7}", f"file{number}")
        self.assertEqual(daemon.stop(), 0)

    def test_an_emptied_primary_empties_no_target(self):
        self.config(group='detect_changes = "inotify, scan"\nscan_interval = "1s"\n'
                          'propagate_removals = true\nmost_removals = 5\n')
        daemon = self.start().wait_ready()
        for number in range(20):
            self.write("x", "a", f"file{number}")
        for number in range(20):
            self.wait_for("x", "b", f"file{number}")
        for number in range(20):
            os.remove(self.path("a", f"file{number}"))
        deadline = time.monotonic() + 20
        while "removals_held" not in daemon.log() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertIn("removals_held", daemon.log())
        shutil.rmtree(self.path("a"))
        time.sleep(3)
        left = [name for name in os.listdir(self.path("b")) if name.startswith("file")]
        self.assertEqual(len(left), 15, daemon.log())


@unittest.skipUnless("GODWIT_TEST_S3_A" in os.environ, "no S3 regions")
class Regions(EndToEnd):
    def test_a_region_tells_by_webhook_what_others_put_into_its_bucket(self):
        import boto3
        from botocore.config import Config
        clients = {}
        text = (f'[node]\ndata_dir = "{self.path("data")}"\n'
                f'[api]\nlisten = "127.0.0.1:{self.port}"\n')
        for side in "AB":
            endpoint = os.environ["GODWIT_TEST_S3_" + side]
            bucket = f"hooked-{side.lower()}"
            clients[side] = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                                         config=Config(s3={"addressing_style": "path"}))
            clients[side].create_bucket(Bucket=bucket)
            text += (f'[stores.{side.lower()}]\n'
                     f'url = "s3://{bucket}/in/?endpoint={endpoint}&addressing=path"\n')
        text += ('[groups.g]\nprimary = "a"\ndetect_changes = "webhook"\n'
                 'hook_secret = "sesame"\npropagate_removals = true\n'
                 'targets = [{ store = "b" }]\n')
        with open(self.path("godwit.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        hook = f"http://127.0.0.1:{self.port}{GROUP}/hooks/s3?secret=sesame"
        topics = boto3.client("sns", endpoint_url=os.environ["GODWIT_TEST_S3_A"],
                              region_name="default", config=Config(signature_version="s3"))
        topic = topics.create_topic(Name="godwit", Attributes={"push-endpoint": hook})
        clients["A"].put_bucket_notification_configuration(
            Bucket="hooked-a", NotificationConfiguration={"TopicConfigurations": [
                {"Id": "godwit", "TopicArn": topic["TopicArn"],
                 "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]})
        keys = ["in/plain", "in/with space+plus", "in/\u00e4/deep%41"]
        for key in keys:
            clients["A"].put_object(Bucket="hooked-a", Key=key, Body=key.encode())
        for key in keys:
            self.assertEqual(self.wait_for_object(clients["B"], key), key.encode(), daemon.log())
        clients["A"].delete_object(Bucket="hooked-a", Key=keys[1])
        self.assertIsNone(self.wait_for_object(clients["B"], keys[1], wanted=False))
        self.assertNotIn("sesame", daemon.log())

    def test_a_sealed_region_takes_over_and_gives_back(self):
        import boto3
        from botocore.config import Config
        text = (f'[node]\ndata_dir = "{self.path("data")}"\n'
                f'[api]\nlisten = "127.0.0.1:{self.port}"\n')
        for side in "AB":
            endpoint = os.environ["GODWIT_TEST_S3_" + side]
            client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                                  config=Config(s3={"addressing_style": "path"}))
            client.create_bucket(Bucket="sealed")
            text += (f'[stores.{side.lower()}]\n'
                     f'url = "s3://sealed/in/?endpoint={endpoint}&addressing=path"\n')
        text += f'compression = "zstd"\nencryption_key_file = "{self.path("keys")}"\n'
        text += '[groups.g]\nprimary = "a"\ntargets = [{ store = "b" }]\n'
        with open(self.path("keys"), "w", encoding="utf-8") as file:
            file.write(self.godwit("key", "new", "k1").stdout)
        os.chmod(self.path("keys"), 0o600)
        with open(self.path("godwit.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        self.godwit("config", "check")
        daemon = self.start().wait_ready()
        bodies = {"text": b"line of a log\n" * 75_000, "noise": os.urandom(20 << 20)}
        self.put_all(daemon, bodies)
        stored = client.get_object(Bucket="sealed", Key="in/text")["Body"].read()
        self.assertTrue(stored.startswith(b"GODWIT\r\x01k1\0"))
        self.assertLess(len(stored), 100_000)
        self.move(daemon, "b")
        self.check_all(daemon, bodies)
        bodies.update({"text": b"after\n" * 100_000, "more": os.urandom(20 << 20)})
        self.put_all(daemon, bodies)
        self.move(daemon, "a")
        self.check_all(daemon, bodies)
        self.assertEqual(daemon.stop(), 0)
        self.godwit("verify", "a:", "b:")

    def put_all(self, daemon, bodies):
        for key, body in bodies.items():
            status, answer = daemon.ask("PUT", f"{GROUP}/objects/{key}", body)
            self.assertEqual(status, 200, answer)
        self.wait_settled(daemon)

    def check_all(self, daemon, bodies):
        for key, body in bodies.items():
            for preference in ("primary", "secondary"):
                status, answer = daemon.ask(
                    "GET", f"{GROUP}/objects/{key}?preference={preference}")
                self.assertEqual(status, 200, answer[:200])
                self.assertTrue(answer == body, (key, preference))

    def move(self, daemon, to):
        status, answer = daemon.ask("POST", f"{GROUP}/switchover", json.dumps({"to": to, "dry_run": False}))
        self.assertEqual(status, 200, answer)
        self.assertEqual(daemon.get(GROUP)["primary"], to)
        self.wait_settled(daemon)

    def wait_for_object(self, client, key, wanted=True):
        deadline = time.monotonic() + 20
        while True:
            try:
                body = client.get_object(Bucket="hooked-b", Key=key)["Body"].read()
            except client.exceptions.NoSuchKey:
                body = None
            if (body is not None) == wanted or time.monotonic() > deadline:
                return body
            time.sleep(0.1)

    def test_the_variables_of_the_guide_are_all_it_takes(self):
        import boto3
        from botocore.config import Config
        key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        env = {"HOME": self.home, "PATH": os.environ["PATH"], "no_proxy": "127.0.0.1",
               "DO_SPACES_KEY": key, "DO_SPACES_SECRET": secret, "REPLICATION_MAX_WORKERS": "5",
               "REPLICATION_LAG_THRESHOLD": "300", "REPLICATION_RETRY_MAX": "3",
               "GODWIT_NODE_DATA_DIR": self.path("data"),
               "GODWIT_API_LISTEN": f"127.0.0.1:{self.port}"}
        clients = []
        for side, region in (("PRIMARY", "A"), ("SECONDARY", "B")):
            endpoint = os.environ["GODWIT_TEST_S3_" + region]
            bucket = f"genesis-backups-{region.lower()}"
            clients.append((boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                                         config=Config(s3={"addressing_style": "path"})), bucket))
            clients[-1][0].create_bucket(Bucket=bucket)
            env |= {f"{side}_REGION": f"region-{region.lower()}", f"{side}_ENDPOINT": endpoint,
                    f"{side}_BUCKET": bucket}
        daemon = self.start(env=env).wait_ready()
        group = "/api/v1/groups/backups"
        status, body = daemon.ask("PUT", group + "/objects/backup.bak?mode=sync", b"b" * 100_000)
        self.assertEqual(status, 200, body)
        for client, bucket in clients:
            got = client.get_object(Bucket=bucket, Key="backup.bak")["Body"].read()
            self.assertEqual(got, b"b" * 100_000)
        self.assertNotIn(secret, daemon.log())
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
