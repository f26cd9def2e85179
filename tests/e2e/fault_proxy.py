"""A proxy before an S3 service that spoils chosen requests: the world's faults, on command.

FaultProxy(endpoint) forwards to the service, with the Host that the client signed, and asks each
of its rules first. A rule is a function of (method, path, number of this request) that returns
None (leave it alone) or an action:
  ("status", code, s3_code)   answer with that error, and do not forward; its Date is that of a clock
                              which is `date_offset` seconds ahead
  ("cut", k)                  forward, then close after k bytes of the answer's body
  ("drop_after",)             forward, then close without an answer
  ("drop_before",)            close, and do not forward
  ("flip",)                   forward, and change one bit of the answer's body
  ("malformed",)              forward, and answer with half of the XML, its length corrected
"""
import http.client
import http.server
import threading
import time
from urllib.parse import urlsplit


class FaultProxy:
    def __init__(self, endpoint, date_offset=0):
        self.upstream = urlsplit(endpoint)
        self.rules = []
        self.date_offset = date_offset
        self.requests = []
        self.lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def handle_one(self):
                proxy.handle(self)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def action_for(self, method, path):
        with self.lock:
            self.requests.append((method, path))
            number = len(self.requests)
        for rule in self.rules:
            action = rule(method, path, number)
            if action:
                return action
        return None

    def handle(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length) if length else None
        action = self.action_for(request.command, request.path)
        kind = action[0] if action else None
        if kind == "drop_before":
            request.close_connection = True
            return
        if kind == "status":
            self.refuse(request, action[1], action[2])
            return
        status, headers, answer = self.forward(request, body)
        if kind == "drop_after":
            request.close_connection = True
            return
        announced = len(answer)
        if kind == "flip" and answer:
            answer = answer[:-1] + bytes([answer[-1] ^ 1])
        if kind == "malformed":
            answer = answer[:len(answer) // 2]
            announced = len(answer)
        if kind == "cut":
            answer = answer[:action[1]]
            request.close_connection = True
        self.reply(request, status, headers, answer, announced)

    def forward(self, request, body):
        upstream = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port)
        upstream.putrequest(request.command, request.path, skip_host=True,
                            skip_accept_encoding=True)
        for name, value in request.headers.items():
            if name.lower() not in ("connection", "expect"):
                upstream.putheader(name, value)
        upstream.endheaders(body)
        response = upstream.getresponse()
        answer = response.read()
        upstream.close()
        return response.status, response.getheaders(), answer

    def reply(self, request, status, headers, answer, announced):
        request.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                request.send_header(name, value)
        if request.command == "HEAD":
            sizes = [v for n, v in headers if n.lower() == "content-length"]
            announced = sizes[0] if sizes else 0
        request.send_header("Content-Length", str(announced))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(answer)

    def refuse(self, request, status, code):
        body = f"<Error><Code>{code}</Code><Message>by the fault proxy</Message></Error>".encode()
        request.send_response_only(status)
        request.send_header("Content-Length", str(len(body)))
        now = time.gmtime(time.time() + self.date_offset)
        request.send_header("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", now))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
