"""A small FastCGI responder, to test nginx's files without the application.

Owns: the responder's side of the FastCGI 1.0 protocol on a unix socket.  A
handler gets (params: dict, body: bytes) and returns (status, headers, body),
headers a list of pairs; or None to close the connection unanswered.
What must stay true: params come through exactly as sent, a repeated name as a
list, so that a test can see what the application would see.
"""
import json
import os
import socket
import socketserver
import struct
import threading

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6


def _exact(conn, n):
    got = b""
    while len(got) < n:
        more = conn.recv(n - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def _record(conn):
    _, kind, request, length, padding = struct.unpack("!BBHHBx", _exact(conn, 8))
    content = _exact(conn, length)
    _exact(conn, padding)
    return kind, request, content


def _pairs(data):
    at = 0

    def size():
        nonlocal at
        if data[at] < 128:
            at += 1
            return data[at - 1]
        at += 4
        return struct.unpack("!I", data[at - 4:at])[0] & 0x7FFFFFFF

    found = {}
    while at < len(data):
        n, v = size(), size()
        name = data[at:at + n].decode("latin-1")
        value = data[at + n:at + n + v].decode("latin-1")
        at += n + v
        if name in found:
            both = found[name]
            found[name] = (both if isinstance(both, list) else [both]) + [value]
        else:
            found[name] = value
    return found


def echo(params, body):
    """The answer of a handler with nothing to say: what it was given."""
    answer = {"params": params, "body": body.decode("latin-1")}
    return 200, [("Content-Type", "application/json")], json.dumps(answer).encode()


class _Connection(socketserver.BaseRequestHandler):
    def handle(self):
        params, body = b"", b""
        try:
            while True:
                kind, request, content = _record(self.request)
                if kind == PARAMS:
                    params += content
                elif kind == STDIN:
                    if not content:
                        break
                    body += content
            answer = self.server.handler(_pairs(params), body)
            if answer is None:
                return
            status, headers, text = answer
            out = f"Status: {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers)
            out = out.encode("latin-1") + b"\r\n" + text
            for i in range(0, len(out), 60000):
                self._send(STDOUT, request, out[i:i + 60000])
            self._send(STDOUT, request, b"")
            self._send(END, request, bytes(8))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            pass

    def _send(self, kind, request, content):
        self.request.sendall(struct.pack("!BBHHBx", 1, kind, request, len(content), 0) + content)


class Responder(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers on `path` until close(); `handler` may be replaced at any time."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path, handler=echo):
        self.handler = handler
        if os.path.exists(path):
            os.unlink(path)
        super().__init__(path, _Connection)
        os.chmod(path, 0o660)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()
        os.unlink(self.server_address)


def backlog_of_one(path):
    """A listening socket that accepts nobody and whose queue is full."""
    full = socket.socket(socket.AF_UNIX)
    full.bind(path)
    full.listen(0)
    waiting = []
    while True:
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        try:
            one.connect(path)
        except BlockingIOError:
            return full, waiting
        waiting.append(one)
