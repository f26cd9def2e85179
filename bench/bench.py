#!/usr/bin/env python3
"""Measures godwit beside its peers, in one run, on this machine: bench.py PATH/TO/godwit [CASE...].

Each case runs godwit and the peer in turn, ROUNDS times, and prints medians: wall time, client CPU
(user + system of the process, by wait4), peak memory, and the ratios. Cases on S3 need two
services in GODWIT_TEST_S3_A and _B (tests/rgw/with_rgw.sh starts them). Nothing is asserted.
"""
import glob
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from random import Random

GODWIT = os.path.abspath(sys.argv[1])
ROUNDS = int(os.environ.get("GODWIT_BENCH_ROUNDS", "3"))
A, B = os.environ.get("GODWIT_TEST_S3_A"), os.environ.get("GODWIT_TEST_S3_B")
MIB = 1 << 20
LAB = tempfile.mkdtemp(prefix="godwit-bench.", dir=os.environ.get("GODWIT_BENCH_DIR"))
os.environ["HOME"] = LAB
os.environ["RCLONE_CONFIG"] = f"{LAB}/rclone.conf"


def peak_memory(pid):
    """MiB, by the kernel's high-water mark of the process as it is now."""
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0


def measure(command):
    """(wall s, CPU s, peak MiB) of one process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while True:
        # Not ru_maxrss: a child inherits that of the process that forked it.
        peak = max(peak, peak_memory(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.005)
    wall = time.monotonic() - start
    if status:
        sys.exit(f"{command} failed")
    return wall, usage.ru_utime + usage.ru_stime, peak


def median(runs):
    return [statistics.median(column) for column in zip(*runs)]


def report(name, results):
    own = results["godwit"]
    for tool, (wall, cpu, rss) in results.items():
        note = "" if tool.startswith("godwit") else \
            f"   godwit: {own[0] / wall:5.2f} x wall, {own[1] / cpu:5.2f} x CPU"
        print(f"{name:22} {tool:24} {wall:7.2f} s {cpu:7.2f} CPU-s {rss:6.0f} MiB{note}", flush=True)


def compare(name, tools, prepare):
    runs = {tool: [] for tool in tools}
    for _ in range(ROUNDS):
        for tool, command in tools.items():
            prepare()
            runs[tool].append(measure(command))
    report(name, {tool: median(all_runs) for tool, all_runs in runs.items()})


def make_files(name, count, size):
    os.makedirs(f"{LAB}/{name}")
    block = os.urandom(min(size, MIB))
    for i in range(count):
        with open(f"{LAB}/{name}/{i:06}", "wb") as file:
            for at in range(0, size, len(block)):
                file.write(i.to_bytes(8, "little") + at.to_bytes(8, "little") + block[16:])


def files_case(name, count, size):
    """Directory to directory. Each run fills a directory of its own, and many files are removed
    only at the end: ext4 is slow for minutes wherever many inodes have just been freed."""
    make_files(name, count, size)
    source = f"{LAB}/{name}"
    tools = {
        "godwit": lambda to: [GODWIT, "-q", "sync", source, to],
        "godwit, fsync=never": lambda to: [GODWIT, "-q", "sync", source, f"file://{to}?fsync=never"],
        "rsync": lambda to: ["rsync", "-a", source + "/", to],
        "rclone": lambda to: ["rclone", "copy", source, to, "--transfers", "8"],
    }
    runs = {tool: [] for tool in tools}
    for turn in range(ROUNDS):
        for number, (tool, command) in enumerate(tools.items()):
            target = f"{LAB}/copy-{number}-{turn}"
            runs[tool].append(measure(command(target)))
            if count == 1:
                shutil.rmtree(target)
    report(name, {tool: median(all_runs) for tool, all_runs in runs.items()})


class S3Case:
    def __init__(self):
        if not A:
            sys.exit("S3 cases: run this by tests/rgw/with_rgw.sh")
        import boto3
        self.clients = [boto3.client("s3", endpoint_url=e, region_name="us-east-1") for e in (A, B)]
        with open(os.environ["RCLONE_CONFIG"], "w") as config:
            for remote, endpoint in (("a", A), ("b", B)):
                config.write(f"[{remote}]\ntype = s3\nprovider = Ceph\nenv_auth = true\n"
                             f"endpoint = {endpoint}\n")

    def url(self, side, bucket):
        return f"s3://{bucket}?endpoint={A if side == 0 else B}"

    def empty(self, bucket):
        subprocess.run([GODWIT, "-q", "rm", "-r", "--yes", self.url(1, bucket)], check=True)

    def run(self, name, count, size, rclone_flags):
        bucket = name.replace(" ", "").replace("x", "-").lower()
        for client in self.clients:
            client.create_bucket(Bucket=bucket)
        make_files(bucket, count, size)
        # By rclone, so that large objects have the parts of another client.
        subprocess.run(["rclone", "copy", f"{LAB}/{bucket}", f"a:{bucket}", "--transfers", "16"],
                       check=True)
        shutil.rmtree(f"{LAB}/{bucket}")
        godwit = [GODWIT, "-q", "sync", self.url(0, bucket), self.url(1, bucket)]
        rclone = ["rclone", "copy", f"a:{bucket}", f"b:{bucket}"]
        compare(name, {
            "godwit": godwit,
            "rclone": rclone,
            "rclone, tuned": rclone + rclone_flags,
        }, lambda: self.empty(bucket))
        subprocess.run(godwit, check=True)
        compare(name + ", same", {
            "godwit": godwit,
            "rclone": rclone,
            "rclone, tuned": rclone + ["--checksum", "--fast-list"],
        }, lambda: None)
        for client, side in zip(self.clients, (0, 1)):
            subprocess.run([GODWIT, "-q", "rm", "-r", "--yes", self.url(side, bucket)], check=True)
            client.delete_bucket(Bucket=bucket)


def s3_case(name, count, size, flags):
    S3Case().run(name, count, size, flags)


class FastServers:
    """Two of our own servers, which cost less than any client; the second may be far away."""

    def __init__(self, wan=None):
        self.processes = []
        self.ports = [self.start("bench/fast_s3") for _ in range(2)]
        if wan:
            self.ports[1] = self.start("tests/support/relay", "--to", f"127.0.0.1:{self.ports[1]}",
                                       *wan)
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "none")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "none")
        with open(os.environ["RCLONE_CONFIG"], "w") as config:
            for remote, port in zip("ab", self.ports):
                config.write(f"[{remote}]\ntype = s3\nprovider = Other\nenv_auth = true\n"
                             f"endpoint = http://127.0.0.1:{port}\nlist_version = 2\n")

    def start(self, program, *arguments):
        """The port of a program that prints it, and ends with its standard input."""
        command = [os.path.join(os.path.dirname(GODWIT), program), *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.processes.append(process)
        return int(process.stdout.readline())

    def url(self, side, bucket):
        return f"s3://{bucket}?endpoint=http://127.0.0.1:{self.ports[side]}"

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait()


def diff_case(count, peer):
    servers = FastServers()
    bucket = f"synthetic-{count}"
    tools = {"godwit": [GODWIT, "-q", "sync", servers.url(0, bucket), servers.url(1, bucket)]}
    if peer:
        tools["rclone, size only"] = ["rclone", "check", "--size-only", f"a:{bucket}", f"b:{bucket}"]
    compare(f"diff {count} keys", tools, lambda: None)
    servers.close()


def tiny_case(count):
    """1 KiB objects, S3 to S3, each round into a bucket of its own."""
    servers = FastServers()
    make_files("tiny", count, 1024)
    subprocess.run([GODWIT, "-q", "sync", f"{LAB}/tiny", servers.url(0, "tiny")], check=True)
    shutil.rmtree(f"{LAB}/tiny")
    results = {"godwit": [], "rclone": []}
    for turn in range(ROUNDS):
        results["godwit"].append(measure(
            [GODWIT, "-q", "sync", servers.url(0, "tiny"), servers.url(1, f"godwit-{turn}")]))
        results["rclone"].append(measure(
            ["rclone", "copy", "a:tiny", f"b:rclone-{turn}", "--transfers", "32", "--checkers", "32",
             "--s3-no-check-bucket"]))
    servers.close()
    medians = {tool: median(runs) for tool, runs in results.items()}
    report(f"{count} x 1 KiB", medians)
    for tool, (wall, cpu, _) in medians.items():
        print(f"{'':22} {tool:24} {count / wall:7.0f} obj/s {1000 * cpu / count:6.3f} CPU-ms/object")


def wan_case(count, peer):
    """64 KiB objects to a server behind 100 ms and 100 Mbit/s; one round, for it takes long."""
    servers = FastServers(["--rtt-ms", "100", "--rate-mbit", "100"])
    make_files("wan", count, 65536)
    subprocess.run([GODWIT, "-q", "sync", f"{LAB}/wan", servers.url(0, "wan")], check=True)
    shutil.rmtree(f"{LAB}/wan")
    tools = {"godwit": [GODWIT, "-q", "sync", servers.url(0, "wan"), servers.url(1, "godwit")]}
    if peer:
        tools["rclone"] = ["rclone", "copy", "a:wan", "b:rclone"]
    results = {tool: measure(command) for tool, command in tools.items()}
    servers.close()
    report(f"{count} x 64 KiB, WAN", results)
    for tool, (wall, _, _) in results.items():
        print(f"{'':22} {tool:24} {count * 65536 * 8 / wall / 1e6:7.1f} Mbit/s of 100")


def make_logs(name, count, size):
    """Lines as services write them, which shrink to a fifth or so."""
    os.makedirs(f"{LAB}/{name}")
    random = Random(1)
    lines = [f"2026-11-30T{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}Z INFO request={random.getrandbits(64):016x} "
             f"path=/api/v1/objects/{random.randrange(100_000):08} status={random.choice((200, 200, 200, 404))} "
             f"ms={random.randrange(900)}\n" for i in range(100_000)]
    text = "".join(lines).encode()
    for i in range(count):
        with open(f"{LAB}/{name}/{i:06}", "wb") as file:
            left = size
            while left > 0:
                start = random.randrange(len(text) // 2)
                left -= file.write(text[start:start + min(left, len(text) // 2)])


def coding_case(name, count, size):
    """Directory to directory, sealed and compressed by the client on the way; fsync by nobody."""
    make_logs("logs", count, size)
    source, key = f"{LAB}/logs", f"{LAB}/keys"
    with open(os.open(key, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        subprocess.run([GODWIT, "key", "new"], stdout=file, check=True)
    secret = subprocess.run(["rclone", "obscure", "a password"], capture_output=True, text=True,
                            check=True).stdout.strip()
    with open(os.environ["RCLONE_CONFIG"], "w") as config:
        config.write(f"[sealed]\ntype = crypt\nremote = {LAB}/rclone-sealed\npassword = {secret}\n"
                     f"[small]\ntype = compress\nremote = {LAB}/rclone-small\nmode = gzip\n"
                     f"[both]\ntype = compress\nremote = sealed:both\nmode = gzip\n")
    sealing, zstd, gzip = f"encryption_key_file={key}", "compression=zstd", "compression=gzip"
    cases = {"sealed": ({"godwit": sealing}, "sealed:"),
             "compressed": ({"godwit": zstd, "godwit, gzip": gzip}, "small:"),
             "both": ({"godwit": f"{zstd}&{sealing}", "godwit, gzip": f"{gzip}&{sealing}"}, "both:")}
    for what, (options, remote) in cases.items():
        tools = {tool: lambda to, o=o: [GODWIT, "-q", "sync", source, f"file://{LAB}/{to}?fsync=never&{o}"]
                 for tool, o in options.items()}
        tools["rclone"] = lambda to, r=remote: ["rclone", "copy", source, f"{r}{to}", "--transfers", "4"]
        runs = {tool: [] for tool in tools}
        for turn in range(ROUNDS):
            for number, (tool, command) in enumerate(tools.items()):
                runs[tool].append(measure(command(f"{what}-{number}-{turn}-of-{count}")))
        report(f"{name} {what}", {tool: median(all_runs) for tool, all_runs in runs.items()})
    shutil.rmtree(source)


def group_bench(*arguments):
    program = os.path.join(os.path.dirname(GODWIT), "bench/group_bench")
    place = tempfile.mkdtemp(dir=LAB)
    subprocess.run([program, arguments[0], *arguments[1:3], place, *arguments[3:]], check=True)


def group_case():
    """What a group adds to a durable put, on each kind of primary."""
    for kind in ("file", "rocksdb"):
        print(f"{kind}: 4,000 x 4 KiB, 16 writers, primary and target on one disk")
        group_bench("put", *(f"{kind}://{LAB}/{kind}-{side}" for side in ("p", "t")))
    if A:
        case = S3Case()
        case.clients[0].create_bucket(Bucket="group")
        case.clients[1].create_bucket(Bucket="group")
        print("RGW: the same, two regions")
        group_bench("put", case.url(0, "group"), case.url(1, "group"))


def lag_case():
    """From the acknowledgement of a write to its arrival 100 ms and 100 Mbit/s away."""
    case = S3Case()
    for bucket in ("lag", "lag-exclusive"):
        case.clients[1].create_bucket(Bucket=bucket)
    relay = subprocess.Popen(
        [os.path.join(os.path.dirname(GODWIT), "tests/support/relay"), "--to",
         B.removeprefix("http://"), "--rtt-ms", "100", "--rate-mbit", "100"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    port = int(relay.stdout.readline())
    print("150 puts of 64 KiB a second (79 Mbit/s), 15 removals, to RGW, 100 ms and 100 Mbit/s away")
    for bucket, exclusive in (("lag", ""), ("lag-exclusive", "exclusive")):
        print(f"a target to which {'nobody else writes' if exclusive else 'others may write'}:")
        far = f"s3://{bucket}?endpoint=http://127.0.0.1:{port}"
        group_bench("lag", f"file://{LAB}/{bucket}", far, "150", exclusive)
    relay.stdin.close()
    relay.wait()


def trouble_bench(*arguments):
    program = os.path.join(os.path.dirname(GODWIT), "bench/trouble_bench")
    subprocess.run([program, *map(str, arguments)], check=True)


def outage_case():
    """What a target that is gone costs its primary, and what its return moves."""
    minutes = float(os.environ.get("GODWIT_BENCH_MINUTES", "10"))
    case = S3Case()
    case.clients[1].create_bucket(Bucket="outage")
    print(f"100 puts of 16 KiB a second to a directory; RGW, its target, is gone for {minutes:g} min")
    trouble_bench("outage", f"file://{LAB}/outage", case.url(1, "outage"),
                  tempfile.mkdtemp(dir=LAB), minutes)


def poison_case():
    """Throughput with 1 % of objects that the target refuses for good, and with none."""
    objects = int(os.environ.get("GODWIT_BENCH_OBJECTS", "20000"))
    trouble_bench("poison", tempfile.mkdtemp(dir=LAB), objects, ROUNDS)


def failover_case():
    """From the loss of a primary on RGW to the first write again, with safe defaults."""
    case = S3Case()
    case.clients[0].create_bucket(Bucket="failover")
    trouble_bench("failover", case.url(0, "failover"), tempfile.mkdtemp(dir=LAB), ROUNDS)


class Service:
    """`godwit run` with groups "g0", "g1", ..., each of which is a list of URLs: its primary and its
    targets, "g0_1" and so on."""
    def __init__(self, groups):
        self.home = tempfile.mkdtemp(dir=LAB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = f'[node]\ndata_dir = "{self.home}/data"\n[api]\nlisten = "127.0.0.1:{self.port}"\n'
        for group, urls in enumerate(groups):
            names = [f"g{group}_{i}" for i in range(len(urls))]
            for name, url in zip(names, urls):
                config += f'[stores.{name}]\nurl = "{url}"\n'
            rest = ", ".join(f'{{ store = "{name}" }}' for name in names[1:])
            config += f'[groups.g{group}]\nprimary = "{names[0]}"\ntargets = [{rest}]\n'
        with open(f"{self.home}/godwit.toml", "w") as file:
            file.write(config)
        self.start()

    @classmethod
    def of_directories(cls, groups, targets):
        place = tempfile.mkdtemp(dir=LAB)
        return cls([[f"file://{place}/{group}_{i}" for i in range(targets + 1)]
                    for group in range(groups)])

    def start(self):
        self.process = subprocess.Popen([GODWIT, "run", "-c", f"{self.home}/godwit.toml"],
                                        stderr=subprocess.DEVNULL)
        while self.get("/readyz") is None:
            time.sleep(0.05)

    def ask(self, path, method="GET", body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def wait_until(self, what):
        """Returns when it holds for the first target of group g0."""
        while not what(self.ask("/api/v1/groups/g0")["targets"][0]):
            # Often enough to be exact, and not so often that the asking is what is measured.
            time.sleep(0.1)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.read()
        except OSError:
            return None

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            user, system = file.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.process.terminate()
        self.process.wait()


def read_pages(pid, stop):
    """Reads what a process has in memory, now and again. A host of virtual machines takes pages away that
    rest, and counts it as the process's time when it brings them back: not what is to be measured."""
    present = 1 << 63
    with open(f"/proc/{pid}/mem", "rb", 0) as memory, open(f"/proc/{pid}/pagemap", "rb", 0) as pages:
        while not stop.wait(0.3):
            for line in open(f"/proc/{pid}/maps"):
                area, rights = line.split()[:2]
                begin, end = (int(each, 16) // 4096 for each in area.split("-"))
                if rights[0] != "r" or line.rstrip().endswith("]") and "[heap]" not in line:
                    continue
                entries = struct.unpack(f"{end - begin}Q", os.pread(pages.fileno(), 8 * (end - begin), 8 * begin))
                for page in (begin + i for i, entry in enumerate(entries) if entry & present):
                    os.pread(memory.fileno(), 1, 4096 * page)


def share_of_cpu(service, seconds):
    before = service.cpu()
    time.sleep(seconds)
    return 100 * (service.cpu() - before) / seconds


def service_case():
    """What the daemon takes when nothing happens, and how long a scrape of 10,000 series does."""
    idle, seconds = Service.of_directories(groups=10, targets=1), 60
    time.sleep(15)
    alone = share_of_cpu(idle, seconds)
    stop = multiprocessing.Event()
    reader = multiprocessing.Process(target=read_pages, args=(idle.process.pid, stop))
    reader.start()
    warm = share_of_cpu(idle, seconds)
    stop.set()
    reader.join()
    print(f"10 groups, idle: {peak_memory(idle.process.pid):.1f} MiB at most, {alone:.2f} % of one CPU over "
          f"{seconds} s; {warm:.2f} % while another process keeps its pages in memory")
    idle.close()
    many = Service.of_directories(groups=14, targets=14)
    series = sum(not line.startswith(b"#") for line in many.get("/metrics").splitlines())
    times = []
    for _ in range(21):
        start = time.monotonic()
        many.get("/metrics")
        times.append(time.monotonic() - start)
    print(f"a scrape of {series} series: {1000 * statistics.median(times):.1f} ms at the median of "
          f"{len(times)}, {1000 * max(times):.1f} at most")
    many.close()


def continuous_case(name, count, size):
    """A new target is filled by the daemon, beside one sync of the same objects. And what the
    KPIs of the genesis guide say of it."""
    case, wide = S3Case(), f"{count} x {name}"
    buckets = [f"continuous-{count}-{each}" for each in ("from", "sync", "daemon")]
    for client in case.clients:
        for bucket in buckets:
            client.create_bucket(Bucket=bucket)
    source, by_sync, by_daemon = case.url(0, buckets[0]), case.url(1, buckets[1]), case.url(1, buckets[2])
    make_files("objects", count, size)
    subprocess.run([GODWIT, "-q", "sync", f"{LAB}/objects", source], check=True)
    shutil.rmtree(f"{LAB}/objects")
    runs = {"sync": [], "daemon": []}
    for _ in range(ROUNDS):
        case.empty(buckets[1])
        runs["sync"].append(measure([GODWIT, "-q", "sync", source, by_sync]))
        case.empty(buckets[2])
        start = time.monotonic()
        daemon = Service([[source, by_daemon]])
        daemon.wait_until(lambda target: target["caught_up"])
        wall = time.monotonic() - start
        runs["daemon"].append((wall, daemon.cpu(), peak_memory(daemon.process.pid)))
        kpis = daemon.ask("/api/v1/groups/g0/kpis")
        daemon.close()
    for way, all_runs in runs.items():
        wall, cpu, peak = median(all_runs)
        print(f"{wide}, by the {way:7} {wall:6.2f} s {cpu:6.2f} CPU-s {peak:5.0f} MiB "
              f"{count / wall:7.0f} objects/s {count * size / MIB / wall:6.1f} MiB/s", flush=True)
    print(f"{wide}, KPIs of the last run: {json.dumps(kpis)}", flush=True)


def put_many(port, numbers):
    """Small puts over one connection, one after the other."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        for number in numbers:
            server.sendall(b"PUT /api/v1/groups/g0/objects/%08d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                           b"Content-Length: 16\r\n\r\n0123456789abcdef" % (number, port))
            answer = b""
            while b"\r\n\r\n" not in answer or not answer.rstrip().endswith(b"}"):
                answer += server.recv(65536)
            if not answer.startswith(b"HTTP/1.1 200"):
                sys.exit(answer.decode())


def backlog_case(count):
    """So many writes wait for a target that is paused: what that takes, and a restart, which ends
    the pause. The primary is a database in the daemon too, with as little memory as it can do with."""
    writers = 8
    daemon = Service([[f"rocksdb://{LAB}/primary?memory=8MiB", f"file://{LAB}/paused"]])
    daemon.ask("/api/v1/groups/g0/targets/g0_1/pause", "POST")
    start = time.monotonic()
    processes = [multiprocessing.Process(target=put_many, args=(daemon.port, range(i, count, writers)))
                 for i in range(writers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    took = time.monotonic() - start
    waiting = daemon.ask("/api/v1/groups/g0")["targets"][0]["tasks"]
    print(f"{waiting} writes wait for a target: {count / took:.0f} puts/s, "
          f"{peak_memory(daemon.process.pid):.1f} MiB at most", flush=True)
    daemon.close()
    start = time.monotonic()
    daemon.start()
    daemon.wait_until(lambda target: target["tasks"] > 0)
    print(f"... after a restart: ready in {time.monotonic() - start:.2f} s, "
          f"{peak_memory(daemon.process.pid):.1f} MiB at most", flush=True)
    daemon.close()


def kill_case(size):
    """kill -9 at 95 % of one large object, from S3 into a directory; then what the next run moves.
    Needs as much memory as the object: GODWIT_RGW_BYTES bounds the service's."""
    part, bucket, case = 16 * MIB, "killed", S3Case()
    case.clients[0].create_bucket(Bucket=bucket)
    make_files("big", 1, size)
    subprocess.run([GODWIT, "-q", "sync", f"{LAB}/big", case.url(0, bucket)], check=True)
    shutil.rmtree(f"{LAB}/big")
    target = f"{LAB}/target"
    sync = [GODWIT, "--json", "sync", case.url(0, bucket), target]
    run = subprocess.Popen(sync, stdout=subprocess.DEVNULL)
    while arrived_parts(target) < 0.95 * size / part and run.poll() is None:
        time.sleep(0.01)
    run.kill()
    run.wait()
    arrived = arrived_parts(target)
    start = time.monotonic()
    done = subprocess.run(sync, stdout=subprocess.PIPE, check=True, text=True).stdout
    moved = json.loads(done.splitlines()[-1])["bytes"]
    etags = [json.loads(subprocess.run([GODWIT, "--json", "head", place], stdout=subprocess.PIPE,
                                       check=True).stdout)["etag"]
             for place in (case.url(0, bucket).replace("?", "/000000?"), f"{target}/000000")]
    print(f"{size / MIB:.0f} MiB, killed with {arrived} of {size // part} parts there: the next run "
          f"moved {moved / MIB:.0f} MiB in {time.monotonic() - start:.1f} s, "
          f"{(moved - (size - arrived * part)) / part:.2f} parts more than were missing; "
          f"ETags {'equal' if etags[0] == etags[1] else 'DIFFER'}: {etags[0]}")
    subprocess.run([GODWIT, "-q", "rm", "-r", "--yes", case.url(0, bucket)], check=True)


def arrived_parts(target):
    """Lines of the file store's list of parts."""
    lines = 0
    for name in glob.glob(f"{target}/.godwit/uploads/*/parts"):
        with open(name) as file:
            lines += len(file.readlines())
    return lines


WIDE = ["--transfers", "32", "--checkers", "32", "--s3-no-check-bucket"]
CASES = {
    "diff-1m": lambda: diff_case(1_000_000, True),
    "diff-10m": lambda: diff_case(10_000_000, False),
    "tiny": lambda: tiny_case(20_000),
    "wan": lambda: wan_case(2_000, True),
    "wan-10k": lambda: wan_case(10_000, True),
    "group": group_case,
    "lag": lag_case,
    "outage": outage_case,
    "poison": poison_case,
    "failover": failover_case,
    "service": service_case,
    "continuous": lambda: (continuous_case("64 KiB", 5000, 65536), continuous_case("8 MiB", 60, 8 * MIB)),
    "backlog-1m": lambda: backlog_case(1_000_000),
    "coding": lambda: (coding_case("4 x 256 MiB", 4, 256 * MIB),
                       coding_case("2000 x 64 KiB", 2000, 65536)),
    "files-small": lambda: files_case("20000 x 4 KiB", 20000, 4096),
    "files-large": lambda: files_case("1 x 2 GiB", 1, 2048 * MIB),
    "kill": lambda: kill_case(int(os.environ.get("GODWIT_BENCH_KILL_MIB", "10240")) * MIB),
    "s3-small": lambda: s3_case("2000 x 4KiB", 2000, 4096, WIDE),
    "s3-medium": lambda: s3_case("200 x 1MiB", 200, MIB, WIDE),
    "s3-large": lambda: s3_case("4 x 256MiB", 4, 256 * MIB, ["--transfers", "4", "--checksum",
                                                             "--s3-upload-concurrency", "4"]),
}

ONLY_WHEN_NAMED = ("kill", "wan-10k", "outage", "backlog-1m")

if __name__ == "__main__":
    try:
        for case in sys.argv[2:] or [case for case in CASES if case not in ONLY_WHEN_NAMED]:
            CASES[case]()
    finally:
        shutil.rmtree(LAB)
