#!/usr/bin/env python3
"""The real daemon where its machine fails it: stopped for a minute, out of disk, out of file
descriptors, under a clock that jumps. Nothing acknowledged is lost, and it goes on by itself.

faults.py PATH/TO/godwit [unittest arguments]. As root, for it mounts small file systems.
"""
import glob
import http.client
import json
import os
import resource
import signal
import subprocess
import time
import unittest

from daemon import GROUP, EndToEnd, Load


class Faults(EndToEnd):
    def check_all_acknowledged(self, load):
        """Each store holds what was acknowledged last, or what came after it without an answer."""
        self.assertTrue(load.acknowledged)
        for key, body in load.acknowledged.items():
            there = self.read("a", key)
            self.assertIn(there, [body, *load.maybe[key]], key)
            for name in "bc":
                self.assertEqual(self.read(name, key), there, (name, key))

    def check_untroubled(self, daemon, load):
        """It lost nothing, failed no call, and did not fail over."""
        load.join()
        self.wait_settled(daemon)
        self.check_all_acknowledged(load)
        self.assertFalse(any(load.maybe.values()), "a call failed by it")
        status = daemon.get(GROUP)
        self.assertEqual((status["primary"], status["epoch"]), ("a", 1), "it failed over")

    def wait_for(self, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not (found := what()):
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.1)
        return found

    def put(self, daemon, key, body):
        return daemon.ask("PUT", f"{GROUP}/objects/{key}", body)


class Stopped(Faults):
    def test_a_minute_in_which_it_was_stopped_is_nobodys_failure(self):
        self.config()
        daemon = self.start().wait_ready()
        load = Load(daemon, patience=90)
        time.sleep(0.5)
        daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(60)
        daemon.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        self.check_untroubled(daemon, load)
        self.assertEqual(daemon.stop(), 0, daemon.log())


class FullDisk(Faults):
    def mount(self, name, size):
        """A file system of its own, so small that it can be filled."""
        place = self.path(name)
        os.mkdir(place)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        return place

    def fill(self, place):
        """Takes all that is left."""
        with open(os.path.join(place, "filler"), "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                return filler.name

    def test_a_full_data_dir_refuses_writes_and_takes_them_again(self):
        place = self.mount("data", "64m")
        self.config(group='journal_payload = "inline"\n')
        daemon = self.start().wait_ready()
        load = Load(daemon, threads=1)
        time.sleep(0.5)
        load.join()
        filler = self.fill(place)
        self.wait_for(lambda: self.is_refused(daemon))
        self.assertTrue(self.is_refused(daemon), "it lasts while the disk is full")
        os.remove(filler)
        self.wait_for(lambda: self.put(daemon, "after", b"x")[0] == 200)
        self.wait_settled(daemon)
        self.check_all_acknowledged(load)
        self.assertEqual(daemon.stop(), 0, daemon.log())
        daemon = self.start().wait_ready()
        self.wait_settled(daemon)
        self.assertEqual(self.read("c", "after"), b"x")

    def is_refused(self, daemon):
        key = f"full/{time.monotonic_ns()}"
        status, body = self.put(daemon, key, os.urandom(500_000))
        if status == 200:
            return False  # what the database has reserved is used up first
        error = json.loads(body)["error"]
        self.assertEqual((status, error["code"]), (507, "no_space"), error)
        self.assertFalse(os.path.exists(self.path("a", key)), "refused, and there")
        return error["outcome"] == "not_applied"  # of the very first nobody knows

    def test_a_full_target_gets_the_rest_when_it_has_room(self):
        place = self.mount("b", "8m")
        self.config()
        daemon = self.start().wait_ready()
        self.assertEqual(self.put(daemon, "before", b"x")[0], 200)
        self.wait_settled(daemon)
        filler = self.fill(place)
        for i in range(20):
            self.assertEqual(self.put(daemon, f"full/{i}", os.urandom(65536))[0], 200)
        self.wait_for(lambda: [each["kind"] for each in daemon.get(GROUP)["attention"]] == ["full"])
        self.assertIn("has no room; 20 writes wait", self.godwit(
            "status", "--api", f"http://127.0.0.1:{self.port}", expect=1).stdout)
        self.wait_for(lambda: os.path.exists(self.path("c", "full", "19")))
        os.remove(filler)
        self.wait_settled(daemon)
        for i in range(20):
            self.assertEqual(self.read("b", "full", str(i)), self.read("a", "full", str(i)))


class Unprivileged(Faults):
    def test_a_user_without_rights_can_do_it_all(self):
        self.config()
        for each in (self.home, self.path("godwit.toml")):
            os.chown(each, 65534, 65534)
        under = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
        for round_trip in range(2):
            daemon = self.start(under=under).wait_ready()
            for size in (0, 5, 5_000_000):
                body = os.urandom(size)
                self.assertEqual(self.put(daemon, f"{round_trip}/{size}", body)[0], 200, daemon.log())
                self.wait_settled(daemon)
                for name in "abc":
                    self.assertEqual(daemon.ask("GET", f"{GROUP}/objects/{round_trip}/{size}?from={name}"),
                                     (200, body), name)
            self.assertEqual(daemon.stop(), 0, daemon.log())
        self.assertEqual(os.stat(self.path("b", "0", "5")).st_mode & 0o777, 0o644 & ~self.umask())
        subprocess.run([*under, "cat", self.path("b", "0", "5")], check=True, capture_output=True)

    @staticmethod
    def umask():
        now = os.umask(0)
        os.umask(now)
        return now


class FewDescriptors(Faults):
    def test_64_descriptors_are_few_and_lose_nothing(self):
        self.config()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64 if hard == 64 else hard))
        try:
            daemon = self.start(env=dict(os.environ, HOME=self.home))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        daemon.wait_ready()
        connections = [http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                       for _ in range(100)]
        for connection in connections:
            try:
                connection.connect()
            except OSError:
                pass
        load = Load(daemon, threads=8)
        time.sleep(2)
        for connection in connections:
            connection.close()
        load.join()
        self.wait_for(lambda: self.put(daemon, "after", b"x")[0] == 200)
        self.wait_settled(daemon)
        self.check_all_acknowledged(load)
        self.assertEqual(self.read("c", "after"), b"x")
        self.assertEqual(daemon.stop(), 0, daemon.log())


class Clock(Faults):
    def setUp(self):
        super().setUp()
        self.libfaketime = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0]
        self.step("+0")

    def step(self, by):
        with open(self.path("clock.new"), "w", encoding="utf-8") as file:
            file.write(by + "\n")
        os.rename(self.path("clock.new"), self.path("clock"))

    def test_a_clock_that_jumps_an_hour_both_ways_loses_no_write_and_reorders_none(self):
        self.config()
        daemon = self.start(env=dict(
            os.environ, HOME=self.home, LD_PRELOAD=self.libfaketime, FAKETIME_NO_CACHE="1",
            FAKETIME_TIMESTAMP_FILE=self.path("clock"), FAKETIME_DONT_FAKE_MONOTONIC="1"))
        daemon.wait_ready()
        load = Load(daemon)
        for by in ("+3600", "-3600", "+0"):
            time.sleep(0.7)
            self.step(by)
        time.sleep(0.7)
        self.check_untroubled(daemon, load)
        self.assertEqual([each["lag_ms"] for each in daemon.get(GROUP)["targets"]], [0, 0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
