#!/usr/bin/env python3
"""How long a plan without changes takes when every call takes longer.

    python3 benches/plan_latency.py target/release/infra [--delay-ms 50] [--runs 5]
                                    [--endpoint http://127.0.0.1:5000 --stacks stacks]

Brings up all three workspaces of `stacks` in the embedded AWS (or plans against what is up at an
endpoint), then plans them through a proxy that holds every request back. Prints the seconds of
each run, with and without the delay, and the calls of a plan. Needs no package.
"""

import argparse
import http.client
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import urlsplit

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--delay-ms", type=float, default=50)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--environment", default="dev")
    parser.add_argument("--stacks", default=os.path.join(ROOT, "stacks"))
    parser.add_argument("--endpoint", help="an AWS in which all is up already")
    given = parser.parse_args()
    binary = os.path.abspath(given.binary)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(given.stacks, os.path.join(folder, "stacks"))
        served, endpoint = None, given.endpoint
        if endpoint is None:
            served = subprocess.Popen(
                [binary, "sandbox", "--port", "0", "--clock-rate", "600"],
                cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )
            endpoint = served.stdout.readline().strip()
        try:
            run = lambda url, *words: infra(binary, folder, url, given.environment, *words)
            if given.endpoint is None:
                run(endpoint, "apply", "--all", "--yes", "--quiet")
            for delay in (0, given.delay_ms):
                url = proxy(endpoint, delay / 1000)
                took, calls = [], 0
                for _ in range(given.runs):
                    begin = time.monotonic()
                    answer = run(url, "plan", "--all", "--detailed-exitcode", "--format", "json")
                    took.append(time.monotonic() - begin)
                    calls = json.loads(answer)["api_calls"]
                words = " ".join(f"{seconds:.2f}" for seconds in sorted(took))
                print(f"{calls} calls, {delay:g} ms added to each: {words} s")
        finally:
            if served is not None:
                served.kill()
                served.wait()


def infra(binary, folder, url, environment, *words):
    """Runs the command, which must end well, and returns what it prints."""
    environ = {
        "PATH": os.environ["PATH"], "HOME": folder, "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    ran = subprocess.run(
        [binary, "-e", environment, *words], cwd=folder, env=environ, capture_output=True, text=True
    )
    if ran.returncode != 0:
        sys.exit(f"infra {' '.join(words)}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout


def proxy(endpoint, delay):
    """Serves what the endpoint answers, each answer so many seconds late; returns its URL."""
    target = urlsplit(endpoint)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            time.sleep(delay)
            link = http.client.HTTPConnection(target.hostname, target.port)
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            link.request(self.command, self.path, body, headers)
            answer = link.getresponse()
            content = answer.read()
            link.close()
            self.send_response(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(key, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = forward

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


if __name__ == "__main__":
    main()
