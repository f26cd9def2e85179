#!/usr/bin/env python3
"""What the program says about TLS: one line, with what to do. tls.py PATH/TO/godwit [arguments].

The server is Python's own, with certificates that openssl makes here; it holds an empty bucket.
"""
import http.server
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

GODWIT = os.path.abspath(sys.argv.pop(1))
EMPTY = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class EmptyBucket(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)


class QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # handshakes that fail are what the tests are about


class Tls(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="godwit-tls.")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"], "no_proxy": "127.0.0.1",
                    "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}
        self.openssl("req", "-x509", *CURVE, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                     "-subj", "/CN=godwit test authority")

    def path(self, name):
        return os.path.join(self.home, name)

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.home)

    def certificate(self, name, names="IP:127.0.0.1", days="2"):
        """NAME.pem with its key, signed by ca.pem."""
        self.openssl("req", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=x")
        with open(self.path("names"), "w") as file:
            file.write(f"subjectAltName={names}")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-days", days, "-extfile", "names", "-out", f"{name}.crt")
        with open(self.path(f"{name}.pem"), "w") as file:
            for part in ("crt", "key"):
                with open(self.path(f"{name}.{part}")) as piece:
                    file.write(piece.read())
        return self.path(f"{name}.pem")

    def serve(self, certificate=None, demand=False):
        """The port of a server."""
        server = QuietServer(("127.0.0.1", 0), EmptyBucket)
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            if demand:
                tls.verify_mode = ssl.CERT_REQUIRED
                tls.load_verify_locations(self.path("ca.pem"))
            server.socket = tls.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def ls(self, port, *words, options="", trusted=True, host="127.0.0.1", env=None):
        """Runs ls; with words, it must fail at once with one line that has them."""
        ca = ["--ca-file", self.path("ca.pem")] if trusted else []
        run = subprocess.run([GODWIT, *ca, "ls", f"s3://buck/?endpoint=https://{host}:{port}{options}"],
                             capture_output=True, text=True, timeout=60, cwd=self.home,
                             env=dict(self.env, **(env or {})))
        if not words:
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            return
        self.assertIn(run.returncode, (2, 4), run.stderr)
        lines = run.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, run.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def test_a_trusted_server_is_listed_by_any_way_of_trust(self):
        port = self.serve(self.certificate("server"))
        self.ls(port)
        self.ls(port, options="&ca_file=" + self.path("ca.pem"), trusted=False)
        self.ls(port, trusted=False, env={"AWS_CA_BUNDLE": self.path("ca.pem")})
        self.openssl("req", "-x509", *CURVE, "-keyout", "other.key", "-out", "other.pem", "-days",
                     "2", "-subj", "/CN=another")
        self.ls(port, env={"AWS_CA_BUNDLE": self.path("other.pem")})
        os.mkdir(self.path("authorities"))
        shutil.copy(self.path("ca.pem"), self.path("authorities"))
        self.openssl("rehash", "authorities")
        self.ls(port, options="&ca_dir=" + self.path("authorities"), trusted=False)

    def test_an_unknown_authority(self):
        port = self.serve(self.certificate("server"))
        self.ls(port, "certificate", "--ca-file", trusted=False)

    def test_a_certificate_for_another_name(self):
        port = self.serve(self.certificate("server", names="DNS:other.example,IP:127.0.0.2"))
        self.ls(port, "mismatch", "use one of them in the endpoint's URL")
        self.ls(port, "mismatch", "use one of them in the endpoint's URL", host="localhost")

    def test_an_expired_certificate(self):
        port = self.serve(self.certificate("server", days="-1"))
        self.ls(port, "expired", "renew the server's certificate")

    def test_a_server_that_speaks_plain_http(self):
        self.ls(self.serve(), "plain http")

    def test_a_server_that_wants_a_certificate(self):
        port = self.serve(self.certificate("server"), demand=True)
        self.ls(port, "does it want a client's certificate?")
        self.ls(port, options="&client_cert=" + self.certificate("client"))
        self.ls(port, options=f"&client_cert={self.path('client.crt')}"
                              f"&client_key={self.path('client.key')}")

    def test_files_that_are_not_there(self):
        port = self.serve(self.certificate("server"))
        self.ls(port, "none.pem", options="&ca_file=/none.pem")
        self.ls(port, "/none", "rehash", options="&ca_dir=/none")
        self.ls(port, "none.pem", options="&client_cert=/none.pem")
        self.ls(port, "client_cert", options="&client_key=/none.pem")


if __name__ == "__main__":
    unittest.main()
