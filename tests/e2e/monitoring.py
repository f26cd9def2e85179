#!/usr/bin/env python3
"""What Prometheus sees of the real daemon, and whether our rules and dashboard ask for what there is.

monitoring.py PATH/TO/godwit [unittest arguments]. Wants prometheus and promtool.
"""
import json
import os
import re
import subprocess
import time
import unittest
import urllib.parse
import urllib.request

from daemon import GODWIT, GROUP, EndToEnd, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = os.path.join(ROOT, "packaging/prometheus/godwit-alerts.yml")
DASHBOARD = os.path.join(ROOT, "packaging/grafana/godwit.json")


def run(*command, cwd=None, stdin=None):
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Rules(unittest.TestCase):
    def test_alerts_ring_when_they_should_and_only_then(self):
        for command in (("check", "rules", RULES), ("test", "rules", "alerts_test.yml")):
            status, told = run("promtool", *command, cwd=os.path.join(ROOT, "tests/prometheus"))
            self.assertEqual(status, 0, told)

    def test_alerts_name_commands_that_there_are(self):
        with open(RULES, encoding="utf-8") as file:
            commands = set(re.findall(r"`(godwit [^`]*)`", file.read()))
        self.assertGreater(len(commands), 5)
        for command in commands:
            words = re.sub(r"\{\{.*?\}\}", "x", command).split()[1:]
            status, told = run(GODWIT, *words, "--help")
            self.assertEqual(status, 0, f"{command}\n{told}")


class Monitoring(EndToEnd):
    def setUp(self):
        super().setUp()
        self.config(api='metrics_alias = "genesis_replication_"\n')
        self.daemon = self.start().wait_ready()
        for i in range(20):
            self.assertEqual(self.daemon.ask("PUT", f"{GROUP}/objects/k{i}", b"x" * 1000)[0], 200)
        self.wait_settled(self.daemon)

    def page(self):
        status, body = self.daemon.ask("GET", "/metrics")
        self.assertEqual(status, 200)
        return body.decode()

    def test_the_page_is_as_prometheus_wants_it(self):
        # The names of the genesis guide are not by its conventions; those are not ours to choose.
        ours = "".join(line for line in self.page().splitlines(keepends=True)
                       if "genesis_replication_" not in line)
        status, told = run("promtool", "check", "metrics", stdin=ours)
        self.assertEqual((status, told), (0, ""))

    def test_rules_and_dashboard_ask_for_series_that_there_are(self):
        names = set(re.findall(r"^(\w+)[{ ]", self.page(), re.MULTILINE))
        for path in (RULES, DASHBOARD):
            with open(path, encoding="utf-8") as file:
                asked = set(re.findall(r"\bgodwit_\w+", file.read()))
            self.assertGreater(len(asked), 5)
            self.assertEqual(asked - names, set(), path)

    def query(self, port, query):
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    def start_prometheus(self):
        port = free_port()
        with open(self.path("prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(f"global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\n"
                       f"rule_files: [{RULES}]\nscrape_configs:\n- job_name: godwit\n"
                       f"  static_configs: [{{targets: ['127.0.0.1:{self.port}']}}]\n")
        with open(self.path("prometheus.log"), "wb") as log:
            process = subprocess.Popen(["prometheus", "--config.file=prometheus.yml",
                                        f"--storage.tsdb.path={self.path('tsdb')}",
                                        f"--web.listen-address=127.0.0.1:{port}"],
                                       cwd=self.home, stderr=log, stdout=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return port

    def wait_for(self, port, query, met):
        deadline = time.monotonic() + 60
        found = None
        while time.monotonic() < deadline:
            try:
                found = self.query(port, query)
                if found and met([float(one["value"][1]) for one in found]):
                    return found
            except OSError:
                pass
            time.sleep(0.2)
        self.fail(f"{query}: {found}")

    def test_a_real_prometheus_answers_the_queries_of_the_guide_and_of_the_dashboard(self):
        port = self.start_prometheus()
        self.wait_for(port, "avg(genesis_replication_lag_seconds)", lambda values: values == [0])
        for i in range(30):
            self.daemon.ask("PUT", f"{GROUP}/objects/more{i}", b"x" * 1000)
        self.wait_for(port, "rate(genesis_replication_success[1h]) / "
                            "rate(genesis_replication_total[1h])",
                      lambda values: len(values) == 2 and all(value == 1 for value in values))
        self.wait_for(port, "deriv(genesis_replication_queue_size[5m])",
                      lambda values: len(values) == 2)
        self.wait_for(port, "histogram_quantile(0.99, sum by (le, target) "
                            "(rate(godwit_replication_seconds_bucket[1m])))",
                      lambda values: len(values) == 2 and all(0 < value < 60 for value in values))
        with open(DASHBOARD, encoding="utf-8") as file:
            panels = json.load(file)["panels"]
        for panel in panels:
            for target in panel["targets"]:
                query = target["expr"].replace('"$group"', '".*"')
                self.query(port, query.replace("$__rate_interval", "1m"))  # raises where it is wrong

    def test_an_alert_rings_in_a_real_prometheus(self):
        port = self.start_prometheus()
        self.wait_for(port, "godwit_failovers_total", lambda values: values == [0])
        status, body = self.daemon.ask("POST", f"{GROUP}/failover", b'{"dry_run": false}')
        self.assertEqual(status, 200, body)
        self.wait_for(port, 'ALERTS{alertname="GodwitFailover", alertstate="firing", group="g"}',
                      lambda values: values == [1])


if __name__ == "__main__":
    unittest.main()
