#!/usr/bin/env python3
"""The real binary against two real S3 regions, other people's clients, and faults.

Run by ctest through tests/rgw/with_rgw.sh: e2e.py PATH/TO/godwit [unittest arguments].
"""
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import boto3
from botocore.config import Config

from fault_proxy import FaultProxy

GODWIT = os.path.abspath(sys.argv.pop(1))
A, B = os.environ["GODWIT_TEST_S3_A"], os.environ["GODWIT_TEST_S3_B"]
KEY, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
RELAY = os.path.join(os.path.dirname(GODWIT), "tests", "support", "relay")
FAST_S3 = os.path.join(os.path.dirname(GODWIT), "bench", "fast_s3")
MIB = 1 << 20


def client(endpoint):
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                        config=Config(s3={"addressing_style": "path"}))


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="godwit-e2e.")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.bucket = "b" + hashlib.md5(self.id().encode()).hexdigest()[:12]
        self.a, self.b = client(A), client(B)
        self.a.create_bucket(Bucket=self.bucket)
        self.b.create_bucket(Bucket=self.bucket)
        self.env = dict(os.environ, HOME=self.home)
        self.src = self.url(A)
        self.dst = self.url(B)

    def url(self, endpoint, prefix=""):
        return f"s3://{self.bucket}/{prefix}?endpoint={endpoint}"

    def path(self, name):
        return os.path.join(self.home, name)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)

    def godwit(self, *args, expect=0, env=None, cwd=None, **kwargs):
        run = subprocess.run([GODWIT, *args], capture_output=True, text=True, timeout=120,
                             env=env or self.env, cwd=cwd or self.home, **kwargs)
        self.assertEqual(run.returncode, expect, f"{args}\n{run.stdout}\n{run.stderr}")
        return run

    def summary(self, *args, expect=0, **kwargs):
        lines = self.godwit("--json", *args, expect=expect, **kwargs).stdout.splitlines()
        return json.loads(lines[-1])

    def one_line(self, run, *words):
        lines = run.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, run.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def tool(self, *args):
        run = subprocess.run(args, capture_output=True, text=True, env=self.env, timeout=120)
        self.assertEqual(run.returncode, 0, f"{args}\n{run.stdout}\n{run.stderr}")
        return run.stdout

    def fill(self, count=30, where=None):
        for i in range(count):
            body = os.urandom(random.Random(i).randrange(5000))
            (where or self.a).put_object(Bucket=self.bucket, Key=f"dir/{i:04}", Body=body)

    def contents(self, s3):
        listed = s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {o["Key"]: s3.get_object(Bucket=self.bucket, Key=o["Key"])["Body"].read()
                for o in listed}

    def put_parts(self, key, sizes):
        """A multipart object of the source."""
        upload = self.a.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]
        parts = []
        for number, size in enumerate(sizes, 1):
            part = self.a.upload_part(Bucket=self.bucket, Key=key, UploadId=upload,
                                      PartNumber=number, Body=os.urandom(size))
            parts.append({"ETag": part["ETag"], "PartNumber": number})
        self.a.complete_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload,
                                         MultipartUpload={"Parts": parts})


class Sync(EndToEnd):
    def test_two_regions_become_the_same_with_two_requests_an_object(self):
        self.fill(200)
        done = self.summary("sync", self.src, self.dst)
        self.assertEqual(done["replicated"], 200)
        self.assertEqual(done["failed"], 0)
        self.assertLessEqual(done["requests"], 2 * 200 + 4)
        self.assertEqual(self.contents(self.a), self.contents(self.b))
        again = self.summary("sync", self.src, self.dst)
        self.assertEqual((again["skipped"], again["requests"]), (200, 2))

    def test_metadata_travel(self):
        self.a.put_object(Bucket=self.bucket, Key="k", Body=b"x", ContentType="text/x-y",
                          CacheControl="no-cache", Metadata={"colour": "blue"})
        self.godwit("sync", self.src, self.dst)
        head = self.b.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual(head["ContentType"], "text/x-y")
        self.assertEqual(head["CacheControl"], "no-cache")
        self.assertEqual(head["Metadata"], {"colour": "blue"})

    def test_a_multipart_object_keeps_its_etag(self):
        self.put_parts("five", [5 * MIB, 5 * MIB, 100])
        self.put_parts("eight", [8 * MIB, 8 * MIB, 8 * MIB])
        self.godwit("sync", self.src, self.dst)
        for key in ("five", "eight"):
            etags = {s3.head_object(Bucket=self.bucket, Key=key)["ETag"] for s3 in (self.a, self.b)}
            self.assertEqual(len(etags), 1)
        self.assertEqual(self.summary("verify", self.src, self.dst)["same"], 2)

    def test_delete_removes_extras_and_only_those(self):
        self.fill(3)
        self.b.put_object(Bucket=self.bucket, Key="extra", Body=b"x")
        dry = self.summary("sync", "--delete", "-n", self.src, self.dst)
        self.assertEqual((dry["replicated"], dry["deleted"]), (3, 1))
        self.assertEqual(list(self.contents(self.b)), ["extra"])
        refused = self.summary("sync", "--delete", "--max-delete", "0", self.src, self.dst, expect=3)
        self.assertEqual(refused["delete_refused"]["code"], "limit_exceeded")
        self.summary("sync", "--delete", self.src, self.dst)
        self.assertEqual(self.contents(self.a), self.contents(self.b))

    def test_an_empty_source_does_not_empty_the_target(self):
        self.fill(3, self.b)
        self.godwit("sync", "--delete", self.src, self.dst, expect=3)
        self.assertEqual(len(self.contents(self.b)), 3)

    def test_directory_to_s3_and_back(self):
        for i in range(20):
            self.write(f"tree/{i % 3}/{i}", os.urandom(i * 1000))
        self.write("tree/a b+c&ü%41", b"odd")
        self.write("tree/empty", b"")
        self.assertEqual(self.summary("sync", "tree", self.dst)["replicated"], 22)
        self.assertEqual(self.summary("sync", "tree", self.dst)["skipped"], 22)
        self.godwit("sync", self.dst, "back")
        self.tool("diff", "-r", "-x", ".godwit", self.path("tree"), self.path("back"))
        self.assertEqual(self.summary("sync", self.dst, "back")["skipped"], 22)
        self.assertEqual(os.stat(self.path("tree/0/3")).st_mtime_ns // 1000,
                         os.stat(self.path("back/0/3")).st_mtime_ns // 1000)


class Verify(EndToEnd):
    def test_a_hundred_planted_faults_are_found_and_nothing_else(self):
        self.fill(300)
        self.godwit("sync", self.src, self.dst)
        keys = sorted(self.contents(self.b))
        chosen = random.Random(7).sample(keys, 75)
        for key in chosen[:25]:
            self.b.delete_object(Bucket=self.bucket, Key=key)
        for key in chosen[25:50]:
            self.b.put_object(Bucket=self.bucket, Key=key, Body=b"stale")
        for key in chosen[50:]:
            body = self.b.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            self.b.put_object(Bucket=self.bucket, Key=key, Body=body[:-1] or b"x")
        for i in range(25):
            self.b.put_object(Bucket=self.bucket, Key=f"extra/{i}", Body=b"x")
        found = self.summary("verify", self.src, self.dst, expect=1)
        self.assertEqual(found["missing"], 25)
        self.assertEqual(found["different"], 50)
        self.assertEqual(found["extra"], 25)
        self.assertEqual(found["same"], 225)
        self.assertLessEqual(found["requests"], 4)
        self.assertEqual(self.summary("repair", self.src, self.dst)["replicated"], 75)
        after = self.summary("verify", "--level", "content", self.src, self.dst, expect=1)
        self.assertEqual((after["same"], after["extra"]), (300, 25))

    def test_a_flipped_bit_of_the_same_size_and_time_is_found_by_content(self):
        self.write("one/f", b"a" * 1000)
        self.godwit("sync", "one", "two")
        stat = os.stat(self.path("two/f"))
        self.write("two/f", b"a" * 999 + b"b")
        os.utime(self.path("two/f"), ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.assertEqual(self.summary("verify", "one", "two")["unproven"], 1)
        self.assertEqual(
            self.summary("verify", "--level", "content", "one", "two", expect=1)["different"], 1)

    def test_metadata_alone_are_a_class(self):
        self.a.put_object(Bucket=self.bucket, Key="k", Body=b"x", Metadata={"a": "1"})
        self.b.put_object(Bucket=self.bucket, Key="k", Body=b"x", Metadata={"a": "2"})
        found = self.summary("verify", "--level", "checksum", self.src, self.dst, expect=1)
        self.assertEqual(found["metadata_only"], 1)


class OtherClients(EndToEnd):
    def rclone(self, *args):
        config = self.path("rclone.conf")
        with open(config, "w") as file:
            for name, endpoint in (("ra", A), ("rb", B)):
                file.write(f"[{name}]\ntype = s3\nprovider = Ceph\naccess_key_id = {KEY}\n"
                           f"secret_access_key = {SECRET}\nendpoint = {endpoint}\n")
        return self.tool("rclone", "--config", config, *args)

    def test_rclone_reads_what_we_write_and_we_read_rclone(self):
        self.write("tree/x", os.urandom(7 * MIB))
        self.write("tree/y", b"y")
        self.rclone("copy", "--s3-upload-cutoff", "5M", self.path("tree"), f"ra:{self.bucket}")
        self.godwit("sync", self.src, self.dst)
        self.rclone("check", self.path("tree"), f"rb:{self.bucket}")
        self.godwit("sync", self.dst, "back")
        self.tool("diff", "-r", "-x", ".godwit", self.path("tree"), self.path("back"))
        self.assertEqual(int(os.stat(self.path("tree/y")).st_mtime_ns / 1e6),
                         int(os.stat(self.path("back/y")).st_mtime_ns / 1e6))

    def test_remotes_of_rclone_are_ours(self):
        self.fill(3)
        self.rclone("version")
        env = dict(self.env, RCLONE_CONFIG=self.path("rclone.conf"))
        env.pop("AWS_ACCESS_KEY_ID")
        self.godwit("sync", f"ra:{self.bucket}", f"rb:{self.bucket}", env=env)
        self.assertEqual(self.contents(self.a), self.contents(self.b))

    def test_aws_reads_what_we_write_and_we_read_aws(self):
        self.write("tree/x", os.urandom(9 * MIB))
        self.tool("aws", "--endpoint-url", A, "s3", "cp", "--quiet", "--metadata", "k=v",
                  self.path("tree/x"), f"s3://{self.bucket}/x")
        self.godwit("sync", self.src, self.dst)
        self.tool("aws", "--endpoint-url", B, "s3", "cp", "--quiet", f"s3://{self.bucket}/x",
                  self.path("x"))
        self.tool("cmp", self.path("x"), self.path("tree/x"))
        self.assertEqual(self.b.head_object(Bucket=self.bucket, Key="x")["Metadata"], {"k": "v"})

    def test_s3cmd_reads_what_we_write_and_we_read_s3cmd(self):
        self.write("x", os.urandom(16 * MIB))
        def s3cmd(endpoint, *args):
            host = endpoint.removeprefix("http://")
            self.tool("s3cmd", "--no-ssl", f"--host={host}", f"--host-bucket={host}",
                      f"--access_key={KEY}", f"--secret_key={SECRET}", "--quiet", *args)
        s3cmd(A, "put", self.path("x"), f"s3://{self.bucket}/x")
        self.godwit("sync", self.src, self.dst)
        s3cmd(B, "get", f"s3://{self.bucket}/x", self.path("y"))
        self.tool("cmp", self.path("x"), self.path("y"))
        heads = [s.head_object(Bucket=self.bucket, Key="x") for s in (self.a, self.b)]
        self.assertEqual(heads[0]["ETag"], heads[1]["ETag"])
        self.assertEqual(heads[0]["Metadata"], heads[1]["Metadata"])


class BadInput(EndToEnd):
    def test_wrong_words_name_the_nearest_match(self):
        self.one_line(self.godwit("snyc", "a", "b", expect=2), "did you mean 'sync'?")
        self.one_line(self.godwit("sync", "--delet", "a", "b", expect=2), "'--delete'")
        self.one_line(self.godwit("ls", f"s3://{self.bucket}?endpiont={A}", expect=2), "'endpoint'")
        self.one_line(self.godwit("ls", "s4://b", expect=2), "s3")
        self.write("godwit.toml", b'[stores.prod]\nurl = "s3://b"\n')
        self.one_line(self.godwit("ls", "prd:x", expect=2), "did you mean 'prod'?")
        self.write("godwit.toml", b'[stores.prod]\nurl = "s3://b"\nacces_key = "x"\n')
        self.one_line(self.godwit("ls", "prod:", expect=2), "godwit.toml:3", "'access_key'")

    def test_a_missing_bucket_and_wrong_keys(self):
        self.one_line(self.godwit("sync", f"s3://no-such-bucket?endpoint={A}", self.dst, expect=4),
                      "NoSuchBucket", "no-such-bucket", "list")
        env = dict(self.env, AWS_SECRET_ACCESS_KEY="wrong")
        self.one_line(self.godwit("ls", self.src, expect=4, env=env), "SignatureDoesNotMatch")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            env.pop(name)
        env["AWS_EC2_METADATA_DISABLED"] = "true"
        self.one_line(self.godwit("ls", self.src, expect=4, env=env), "AWS_ACCESS_KEY_ID")

    def test_one_place_twice(self):
        self.one_line(self.godwit("sync", self.src, self.src, expect=2), "one place")
        self.one_line(self.godwit("sync", self.src, self.url(A, "x/"), expect=2), "inside")
        self.write("t/x", b"x")
        self.one_line(self.godwit("sync", "t", "t/sub", expect=2), "inside")

    def test_a_missing_source_directory_deletes_nothing(self):
        self.fill(2, self.b)
        self.one_line(self.godwit("sync", "--delete", "nowhere", self.dst, expect=4), "nowhere")
        self.assertEqual(len(self.contents(self.b)), 2)

    def test_fifos_and_links_by_policy(self):
        self.write("t/file", b"x")
        os.mkfifo(self.path("t/fifo"))
        os.symlink("..", self.path("t/loop"))
        self.assertEqual(self.summary("sync", "t", self.dst)["total"], 1)
        source = f"file://{self.path('t')}?symlinks="
        self.one_line(self.godwit("sync", source + "follow", self.dst, expect=3), "circle")
        self.one_line(self.godwit("ls", source + "error", expect=2), "symbolic link")

    @unittest.skipIf(os.geteuid() != 0, "needs root to become somebody else")
    def test_an_unreadable_file_is_told_and_the_rest_is_copied(self):
        self.write("t/a", b"x")
        self.write("t/b", b"x")
        os.chmod(self.path("t/b"), 0)
        os.chmod(self.home, 0o777)
        os.mkdir(self.path("out"))
        os.chmod(self.path("out"), 0o777)
        run = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", GODWIT, "sync",
                              "--state-dir", self.path("out/state"), self.path("t"),
                              self.path("out/t")], capture_output=True, text=True, env=self.env)
        if "cannot execute" in run.stderr or run.returncode == 127:
            self.fail(run.stderr)
        self.assertEqual(run.returncode, 3, run.stderr)
        self.one_line(run, "failed b", "Permission denied")
        self.assertTrue(os.path.exists(self.path("out/t/a")))

    def test_a_name_that_cannot_exist_on_the_target(self):
        self.a.put_object(Bucket=self.bucket, Key="a//b", Body=b"x")
        self.a.put_object(Bucket=self.bucket, Key="ok", Body=b"x")
        self.one_line(self.godwit("sync", self.src, "out", expect=3), "a//b", "empty")
        self.assertTrue(os.path.exists(self.path("out/ok")))

    @unittest.skipIf(os.geteuid() != 0, "needs root to mount")
    def test_a_full_disk_leaves_nothing_half_written(self):
        small = self.path("small")
        os.mkdir(small)
        self.tool("mount", "-t", "tmpfs", "-o", "size=1m", "none", small)
        try:
            self.write("t/big", os.urandom(3 * MIB))
            self.write("t/little", b"x")
            # One at a time: beside a big one that fills the disk the little one fails too.
            run = self.godwit("sync", "t", "small/out", "--transfers", "1", expect=3)
            self.one_line(run, "failed big", "No space left")
            files = sorted(f for _, _, names in os.walk(small) for f in names)
            self.assertEqual(files, ["little"])
        finally:
            self.tool("umount", small)


class Faults(EndToEnd):
    def proxy(self, endpoint, rule, date_offset=0):
        proxy = FaultProxy(endpoint, date_offset)
        self.addCleanup(proxy.close)
        proxy.rules.append(rule)
        return proxy

    def test_a_listing_that_breaks_off_deletes_nothing(self):
        self.fill(30)
        self.fill(30, self.b)
        self.b.put_object(Bucket=self.bucket, Key="zz-extra", Body=b"x")
        for kind in (("status", 403, "AccessDenied"), ("malformed",), ("cut", 100)):
            proxy = self.proxy(A, lambda m, p, n, kind=kind: kind if "list-type" in p else None)
            self.godwit("sync", "--delete", self.url(proxy.endpoint), self.dst, expect=4)
            self.assertIn("zz-extra", self.contents(self.b))

    def test_a_listing_that_fails_on_page_500_deletes_nothing_and_goes_on_later(self):
        server = subprocess.Popen([FAST_S3], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(server.communicate)
        endpoint = f"http://127.0.0.1:{int(server.stdout.readline())}"
        pages = []
        def rule(method, path, number):
            if "list-type" in path:
                pages.append(path)
                return ("status", 500, "InternalError") if len(pages) >= 500 else None
            return None
        proxy = self.proxy(endpoint, rule)
        # The target lists the same million keys: past the failure they must not pass for extra.
        source = f"s3://synthetic-1000000?endpoint={proxy.endpoint}"
        target = f"s3://synthetic-1000000?endpoint={endpoint}"
        done = self.summary("sync", "--delete", source, target, expect=3)
        self.assertEqual((done["deleted"], done["failed"]), (0, 0))
        self.assertGreater(done["skipped"], 400_000)
        self.assertNotIn("remove", done["calls"])
        self.assertIn("listing_error", done)
        proxy.rules.clear()
        done = self.summary("sync", "--delete", source, target)
        self.assertEqual((done["skipped"], done["deleted"]), (1_000_000, 0))

    def relay(self, *args):
        host = B.removeprefix("http://")
        relay = subprocess.Popen([RELAY, "--to", host, *args], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        self.addCleanup(relay.communicate)
        return relay, int(relay.stdout.readline())

    def test_a_region_that_dies_in_the_middle_is_told_and_caught_up_with(self):
        for i in range(40):
            self.a.put_object(Bucket=self.bucket, Key=f"dir/{i:04}", Body=os.urandom(200_000))
        relay, port = self.relay("--rate-mbit", "20")
        target = self.url(f"http://127.0.0.1:{port}")
        run = subprocess.Popen([GODWIT, "--json", "sync", "--delete", self.src, target],
                               env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
        while not self.b.list_objects_v2(Bucket=self.bucket).get("Contents"):
            time.sleep(0.02)
        relay.kill()
        out, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 3, err)
        done = json.loads(out.splitlines()[-1])
        self.assertGreater(done["failed"], 0)
        self.assertEqual(done["total"], done["replicated"] + done["skipped"] + done["failed"])
        there = self.contents(self.b)
        self.assertGreaterEqual(len(there), done["replicated"])
        self.assertTrue(there.items() <= self.contents(self.a).items(), "half an object")
        self.relay("--listen", str(port))
        done = self.summary("sync", "--delete", self.src, target)
        self.assertEqual(done["failed"], 0)
        self.assertEqual(self.contents(self.a), self.contents(self.b))

    def test_slow_down_is_obeyed_and_outlasted(self):
        self.fill(20)
        proxy = self.proxy(B, lambda m, p, n: ("status", 503, "SlowDown")
                           if m == "PUT" and n % 3 == 0 and n < 30 else None)
        done = self.summary("sync", self.src, self.url(proxy.endpoint))
        self.assertEqual((done["replicated"], done["failed"]), (20, 0))
        self.assertGreater(done["retries"], 0)

    def test_cut_bodies_and_flipped_bits_never_arrive(self):
        self.fill(20)
        def rule(method, path, number):
            if method != "GET" or "list-type" in path or number > 24:
                return None
            return ("cut", 3) if number % 2 else ("flip",)
        proxy = self.proxy(A, rule)
        done = self.summary("sync", self.url(proxy.endpoint), self.dst)
        self.assertEqual(done["failed"], 0)
        self.assertEqual(self.contents(self.a), self.contents(self.b))

    def test_an_answer_that_is_lost_does_no_harm(self):
        self.fill(10)
        proxy = self.proxy(B, lambda m, p, n: ("drop_after",) if m == "PUT" and n < 8 else None)
        self.summary("sync", self.src, self.url(proxy.endpoint))
        self.assertEqual(self.contents(self.a), self.contents(self.b))

    def test_a_source_that_vanishes_meanwhile_is_no_failure(self):
        self.fill(5)
        def rule(method, path, number):
            if method in ("GET", "HEAD") and "dir/0003" in path:
                return ("status", 404, "NoSuchKey")
        proxy = self.proxy(A, rule)
        done = self.summary("sync", self.url(proxy.endpoint), self.dst)
        self.assertEqual((done["replicated"], done["skipped"], done["failed"]), (4, 1, 0))

    def test_a_clock_that_is_off_is_corrected(self):
        self.fill(3)
        # The first refusal is from a clock an hour ahead, so that the second, of the real service,
        # whose clock is right, finds ours an hour off.
        def rule(method, path, number):
            return ("status", 403, "RequestTimeTooSkewed") if number == 1 else None
        proxy = self.proxy(A, rule, date_offset=3600)
        done = self.summary("sync", self.url(proxy.endpoint), self.dst)
        self.assertEqual((done["replicated"], done["failed"]), (3, 0))
        self.assertEqual(len(proxy.requests), 3 + 3)


class Interruptions(EndToEnd):
    PART = 5 * MIB
    PARTS = 40

    def start_slow_copy(self):
        self.put_parts("big", [self.PART] * self.PARTS)
        return subprocess.Popen([GODWIT, "sync", "--bandwidth", "40MiB", self.src, self.dst],
                                env=self.env, cwd=self.home, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def parts_there(self):
        uploads = self.b.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        if not uploads:
            return 0
        return len(self.b.list_parts(Bucket=self.bucket, Key="big",
                                     UploadId=uploads[0]["UploadId"]).get("Parts", []))

    def wait_for_parts(self, count):
        for _ in range(400):
            if self.parts_there() >= count:
                return
            time.sleep(0.02)
        self.fail("the copy does not move")

    def test_kill_9_costs_one_part_at_most(self):
        run = self.start_slow_copy()
        self.wait_for_parts(30)
        run.kill()
        run.communicate()
        there = self.parts_there()
        self.assertGreaterEqual(there, 30)
        done = self.summary("sync", self.src, self.dst)
        self.assertEqual(done["failed"], 0)
        self.assertLessEqual(done["bytes"], (self.PARTS - there) * self.PART)
        etags = {s.head_object(Bucket=self.bucket, Key="big")["ETag"] for s in (self.a, self.b)}
        self.assertEqual(len(etags), 1)
        self.assertEqual(self.parts_there(), 0)

    def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(self):
        run = self.start_slow_copy()
        self.wait_for_parts(5)
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=10)
        self.assertEqual(run.returncode, 130)
        self.assertIn("run it again", out)
        there = self.parts_there()
        done = self.summary("sync", self.src, self.dst)
        self.assertLessEqual(done["bytes"], (self.PARTS - there) * self.PART)

    def test_two_at_once_on_one_pair_are_refused(self):
        run = self.start_slow_copy()
        self.wait_for_parts(1)
        self.one_line(self.godwit("sync", self.src, self.dst, expect=4), "under way")
        run.kill()
        run.communicate()


class Objects(EndToEnd):
    def test_put_get_cat_head_ls_rm(self):
        self.write("f", b"hello")
        self.godwit("put", "--metadata", "K=v", "f", self.url(B, "d/"))
        self.assertEqual(self.godwit("cat", self.url(B, "d/f")).stdout, "hello")
        self.godwit("get", self.url(B, "d/f"), "out/")
        self.assertEqual(open(self.path("out/f")).read(), "hello")
        info = json.loads(self.godwit("--json", "head", self.url(B, "d/f")).stdout)
        self.assertEqual((info["size"], info["user"]["k"]), (5, "v"))
        self.assertEqual(self.godwit("ls", self.url(B)).stdout, "d/\n")
        self.assertEqual(self.godwit("ls", "-r", self.url(B)).stdout, "d/f\n")
        self.godwit("rm", "-r", self.url(B), expect=2)
        self.assertEqual(self.godwit("rm", "-r", "-n", self.url(B)).stdout, "would_delete d/f\n")
        self.godwit("rm", self.url(B, "d/f"))
        self.one_line(self.godwit("rm", self.url(B, "d/f"), expect=4), "no such object")

    def test_standard_input_of_unknown_size(self):
        data = os.urandom(40 * MIB)
        run = subprocess.run([GODWIT, "put", "-", self.url(B, "in")], input=data, env=self.env)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(self.contents(self.b), {"in": data})

    def test_gc_frees_what_nobody_finished(self):
        self.b.create_multipart_upload(Bucket=self.bucket, Key="x")
        self.assertIn("0 removed", self.godwit("gc", self.dst).stdout)
        self.assertIn("1 would be removed", self.godwit("gc", "-n", "--older-than", "0", self.dst).stdout)
        self.assertIn("1 removed", self.godwit("gc", "--older-than", "0", self.dst).stdout)

    def test_bench_store_leaves_nothing_behind(self):
        self.fill(1, self.b)
        self.godwit("bench-store", "--objects", "20", self.dst)
        self.assertEqual(len(self.contents(self.b)), 1)

    def test_a_progress_line_is_drawn_on_a_terminal_only(self):
        self.write("t/big", os.urandom(2 * MIB))
        shown = subprocess.run(["script", "-qec", f"{GODWIT} sync --bandwidth 1MiB t '{self.dst}'",
                                "/dev/null"], capture_output=True, text=True, env=self.env,
                               cwd=self.home)
        self.assertIn("MiB/s", shown.stdout.split("replicated")[0])
        self.assertIn("\x1b[K", shown.stdout)
        piped = self.godwit("sync", "--bandwidth", "1MiB", "t", "t2")
        self.assertNotIn("\x1b", piped.stdout + piped.stderr)

    def test_every_command_has_help_with_examples(self):
        for command in ("sync", "copy", "verify", "repair", "gc", "ls", "cat", "get", "put",
                        "head", "rm", "bench-store", "completions"):
            self.assertIn("Examples:", self.godwit(command, "--help").stdout)
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("max-delete", self.godwit("completions", shell).stdout)


class Coding(EndToEnd):
    def key_file(self, *names):
        lines = [self.godwit("key", "new", name).stdout for name in names]
        self.write("keys", "".join(lines).encode())
        os.chmod(self.path("keys"), 0o600)
        return self.path("keys")

    def fill_with_text_and_noise(self):
        text = b"".join(b"line %d of a log\n" % i for i in range(60_000))[:MIB]
        bodies = {"text": text, "noise": os.urandom(20 * MIB), "small": b"attack at dawn",
                  "empty": b"", "long": text * 19}
        for key, body in bodies.items():
            self.a.put_object(Bucket=self.bucket, Key=key, Body=body)
        return bodies

    def test_a_sealed_region_is_unreadable_and_comes_back_byte_for_byte(self):
        bodies = self.fill_with_text_and_noise()
        sealed = self.dst + "&compression=zstd&encryption_key_file=" + self.key_file("k1")
        done = self.summary("sync", self.src, sealed)
        self.assertEqual((done["replicated"], done["failed"]), (len(bodies), 0))
        again = self.summary("sync", self.src, sealed)
        self.assertEqual((again["replicated"], again["skipped"]), (0, len(bodies)))
        self.godwit("verify", self.src, sealed)
        self.godwit("verify", "--level", "content", self.src, sealed)
        stored = self.contents(self.b)
        self.assertLess(len(stored["text"]), MIB // 3)
        self.assertLess(len(stored["long"]), 19 * MIB // 3)
        for key, body in stored.items():
            self.assertTrue(body.startswith(b"GODWIT\r\x01k1\0"), key)
            self.assertNotIn(b"dawn", body)
        self.tool("aws", "--endpoint-url", B, "s3", "cp", "--quiet", f"s3://{self.bucket}/text",
                  self.path("raw"))
        self.assertEqual(open(self.path("raw"), "rb").read(), stored["text"])
        self.godwit("sync", sealed, "back")
        for key, body in bodies.items():
            self.assertEqual(open(self.path("back/" + key), "rb").read(), body, key)
        run = self.godwit("cat", sealed.replace("/?", "/text?"))
        self.assertEqual(run.stdout.encode(), bodies["text"])
        data = os.urandom(MIB) * 30
        put = subprocess.run([GODWIT, "put", "-", sealed.replace("/?", "/in?")], input=data,
                             env=self.env)
        self.assertEqual(put.returncode, 0)
        got = subprocess.run([GODWIT, "cat", sealed.replace("/?", "/in?")], env=self.env,
                             capture_output=True)
        self.assertEqual(hashlib.md5(got.stdout).digest(), hashlib.md5(data).digest())

    def test_a_key_that_is_missing_is_named(self):
        self.fill(1)
        sealed = self.dst + "&encryption_key_file=" + self.key_file("k1")
        self.godwit("sync", self.src, sealed)
        self.key_file("k2")
        self.one_line(self.godwit("cat", sealed.replace("/?", "/dir/0000?"), expect=4), "'k1'",
                      self.path("keys"))

    def test_what_is_compressed_is_read_by_zstd_and_gunzip(self):
        bodies = self.fill_with_text_and_noise()
        for compression, tool in (("zstd", "zstd"), ("gzip", "gunzip")):
            target = f"file://{self.path(compression)}?compression={compression}"
            self.godwit("sync", self.src, target)
            for key in ("text", "long"):
                with open(self.path(f"{compression}/{key}"), "rb") as stored:
                    run = subprocess.run([tool, "-dc"], stdin=stored, capture_output=True)
                self.assertEqual((run.returncode, run.stderr), (0, b""))
                self.assertEqual(run.stdout, bodies[key])
            for key in ("noise", "small"):
                self.assertEqual(open(self.path(f"{compression}/{key}"), "rb").read(), bodies[key])
            self.godwit("verify", self.src, target)


class Documents(EndToEnd):
    def test_the_tutorial_does_what_it_says(self):
        page = os.path.join(os.path.dirname(__file__), "../../docs/tutorial.md")
        with open(page, encoding="utf-8") as file:
            text = file.read()
        config = "".join(block.split("```")[0] for block in text.split("```toml\n")[1:])
        config = config.replace("http://127.0.0.1:7480", A).replace("http://127.0.0.1:7481", B)
        self.write("godwit.toml", config.encode())
        self.write("doc/bash/copyright", b"free")
        for s3 in (self.a, self.b):
            s3.create_bucket(Bucket="backups")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            api = f"127.0.0.1:{probe.getsockname()[1]}"
        env = dict(self.env, PATH=os.path.dirname(GODWIT) + ":" + os.environ["PATH"],
                   GODWIT_API_LISTEN=api, GODWIT_API=f"http://{api}")
        for region in ("SGP1", "NYC3"):
            env[region + "_ACCESS_KEY"] = KEY
            env[region + "_SECRET_KEY"] = SECRET
        commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        self.assertGreaterEqual(len(commands), 9)
        codes = []
        for command in commands:
            command = command.replace("/usr/share/doc", self.path("doc"))
            command = command.replace("127.0.0.1:7070", api)
            if command.endswith(" &"):
                self.in_background(command.removesuffix(" &").split(), env)
                continue
            run = subprocess.run(command, shell=True, capture_output=True, text=True, env=env,
                                 cwd=self.home)
            codes.append(run.returncode)
            self.assertIn(run.returncode, (0, 1), f"{command}\n{run.stdout}{run.stderr}")
        # One verify comes after something was spoiled.
        self.assertEqual(codes.count(1), 1)
        self.godwit("verify", "sgp1:", "nyc3:", env=env)

    def in_background(self, command, env):
        process = subprocess.Popen(command, env=env, cwd=self.home, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)


if __name__ == "__main__":
    # boto3 leaves its sockets to the garbage collector.
    unittest.main(warnings="ignore")
