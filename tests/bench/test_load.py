"""The load generator tells the truth: what it counts is what a server saw.

Run: /usr/bin/python3 -m pytest tests/bench/test_load.py
"""
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import limits                                               # noqa: E402


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body):
        status, payload, how = self.server.behave(self, body)
        if how == "drop":
            self.close_connection = True
            return
        self.send_response(status)
        if how == "close":
            self.send_header("Connection", "close")
            self.close_connection = True
        if how == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(0, len(payload), 5):
                part = payload[i:i + 5]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        else:
            if status != 204:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload if status != 204 else b"")

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    where = str(tmp_path_factory.mktemp("load"))
    limits.build(where)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{where}/key", "-out",
         f"{where}/crt", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return where


@pytest.fixture
def server(work):
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{work}/crt", f"{work}/key")
    made.socket = tls.wrap_socket(made.socket, server_side=True)
    made.seen = []
    made.lock = threading.Lock()
    made.url = f"https://localhost:{made.server_address[1]}"
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def load(work, url, *more, ca="crt"):
    done = subprocess.run([f"{work}/load", "--url", url, "--ca", f"{work}/{ca}", *more],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("how", ["plain", "chunked", "close"])
def test_counts_every_request_once(work, server, how):
    def behave(request, body):
        with server.lock:
            server.seen.append((request.path, request.headers["X-Mark"]))
        return 200, b'{"hello": "world"}', how
    server.behave = behave
    rc, got = load(work, server.url + "/a?b=c", "--count", "200",
                   "--connections", "5", "--header", "X-Mark: here")
    assert rc == 0
    assert got["requests"] == 200 == len(server.seen)
    assert set(server.seen) == {("/a?b=c", "here")}


def test_wrong_statuses_fail_the_run(work, server):
    def behave(request, body):
        with server.lock:
            server.seen.append(1)
            n = len(server.seen)
        return (503, b"busy", "plain") if n % 10 == 0 else (200, b"ok", "plain")
    server.behave = behave
    rc, got = load(work, server.url + "/", "--count", "100", "--connections", "4")
    assert rc == 1
    assert (got["requests"], got["bad"]) == (90, 10)
    assert got["first_bad"] == "503 busy"


def test_expected_statuses_are_right(work, server):
    server.behave = lambda request, body: (204, b"", "plain")
    rc, got = load(work, server.url + "/", "--count", "20", "--expect", "200,204")
    assert (rc, got["requests"]) == (0, 20)


def test_a_lost_connection_is_an_error(work, server):
    def behave(request, body):
        with server.lock:
            server.seen.append(1)
            return 200, b"ok", "drop" if len(server.seen) == 7 else "plain"
    server.behave = behave
    rc, got = load(work, server.url + "/", "--count", "30", "--connections", "3")
    assert rc == 1
    assert (got["requests"], got["errors"]) == (29, 1)


def test_a_dead_server_ends_the_run(work, server):
    server.behave = lambda request, body: (200, b"", "drop")
    rc, got = load(work, server.url + "/", "--seconds", "20")
    assert rc == 1 and got["requests"] == 0 and got["errors"] >= 100


def test_an_untrusted_certificate_is_refused(work, server):
    server.behave = lambda request, body: (200, b"ok", "plain")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{work}/other.key", "-out",
         f"{work}/other.crt", "-days", "2", "-subj", "/CN=other"],
        check=True, capture_output=True)
    rc, got = load(work, server.url + "/", "--count", "3", ca="other.crt")
    assert rc == 1 and got["requests"] == 0


def test_lines_go_round_and_fill_in(work, server):
    def behave(request, body):
        with server.lock:
            server.seen.append((request.path, body))
        return 200, b"ok", "plain"
    server.behave = behave
    with open(f"{work}/lines", "w", encoding="ascii") as f:
        f.write("one\ntwo\nthree\n")
    rc, _ = load(work, server.url + "/x/{}/", "--count", "6", "--connections", "1",
                 "--lines", f"{work}/lines", "--body", '{"v": "{}"}')
    assert rc == 0
    assert server.seen == [(f"/x/{w}/", b'{"v": "%s"}' % w.encode())
                           for w in ("one", "two", "three")] * 2


def test_lines_are_shared_by_more_connections(work, server):
    together = threading.Barrier(5)

    def behave(request, body):
        together.wait(20)           # all five at once, or nobody
        return 200, b"ok", "plain"
    server.behave = behave
    with open(f"{work}/two", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    rc, got = load(work, server.url + "/{}", "--count", "10", "--connections", "5",
                   "--lines", f"{work}/two")
    assert (rc, got["requests"]) == (0, 10)


def test_a_chained_value_is_used_once_and_followed(work, server):
    current = {f"s{i}": 0 for i in range(12)}

    def behave(request, body):
        chain, _, n = json.loads(body)["refresh"].partition(".")
        with server.lock:
            if current[chain] != int(n):
                return 401, b"spent", "plain"
            current[chain] += 1
            new = f"{chain}.{current[chain]}"
        return 200, json.dumps({"refresh": new}).encode(), "chunked"
    server.behave = behave
    with open(f"{work}/chain", "w", encoding="ascii") as f:
        f.writelines(f"{c}.0\n" for c in current)
    for count in (300, 100):    # the second run goes on with what was saved
        rc, got = load(work, server.url + "/", "--count", str(count),
                       "--connections", "8", "--lines", f"{work}/chain",
                       "--save", f"{work}/chain", "--body", '{"refresh": "{}"}',
                       "--chain", "refresh")
        assert (rc, got["requests"], got["bad"]) == (0, count, 0)
    assert sum(current.values()) == 400
    with open(f"{work}/chain", encoding="ascii") as f:
        assert sorted(f.read().split()) == sorted(f"{c}.{n}" for c, n in current.items())


def test_a_pause_slows_each_connection(work, server):
    server.behave = lambda request, body: (200, b"ok", "plain")
    rc, got = load(work, server.url + "/", "--count", "20", "--connections", "4",
                   "--pause", "200")
    assert rc == 0 and got["requests"] == 20
    # somebody makes five requests, with four pauses of at least 100 ms
    assert got["seconds"] >= 0.4
