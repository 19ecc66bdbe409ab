"""Clients of /ws/notifications/: a WebSocket and an event stream on plain sockets, so that a test may do to them what
no library does, and see every byte.  (tests/e2e/test_live.py also connects with the `websockets` library.)"""
import base64
import collections
import hashlib
import json
import os
import socket
import ssl
import struct
import time
import types
import urllib.parse

import requests

import contract
import record

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):
    """The handshake was answered otherwise."""

    def __init__(self, status, headers, body):
        super().__init__(f"{status} {body[:300]!r}")
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Closed(Exception):
    """The other side ended it: the close frame's code (None: without one) and reason."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed {code} {reason}")
        self.code, self.reason = code, reason


_contract, _held = [], collections.Counter()


def held(frame):
    """The frame; the first of each type are held against the API's document."""
    _held[frame.get("type")] += 1
    if _held[frame.get("type")] <= 5:
        if not _contract:
            _contract.append(contract.Contract())
        _contract[0].frame(frame)
    return frame


class _Wire:
    def __init__(self, inst, path, headers, source=None, seconds=15, rcvbuf=None):
        self.until, self.path = seconds, path
        host = urllib.parse.urlsplit(inst.url)
        raw = socket.socket()
        if rcvbuf:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if source:
            raw.bind((source, 0))
        raw.settimeout(seconds)
        raw.connect(("127.0.0.1", host.port))
        self.sock = ssl.create_default_context(cafile=inst.ca).wrap_socket(raw, server_hostname="localhost")
        self.buf = b""
        lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{host.port}"] + [f"{k}: {v}" for k, v in headers.items()]
        self.sock.sendall("\r\n".join(lines + ["", ""]).encode())
        head = self._until(b"\r\n\r\n").decode()
        self.status = int(head.split(" ", 2)[1])
        self.headers = {k.lower(): v.strip() for k, _, v in
                        (line.partition(":") for line in head.split("\r\n")[1:] if line)}

    def _more(self):
        got = self.sock.recv(65536)
        if not got:
            raise Closed()
        self.buf += got

    def _until(self, mark):
        while mark not in self.buf:
            self._more()
        got, self.buf = self.buf.split(mark, 1)
        return got

    def _exactly(self, n):
        while len(self.buf) < n:
            self._more()
        got, self.buf = self.buf[:n], self.buf[n:]
        return got

    def _record(self, body=b""):
        """For scripts/check-contract, as what goes through `requests`."""
        if record.active:
            record.active.take(types.SimpleNamespace(method="GET", url="https://localhost" + self.path, headers={}, body=None),
                               types.SimpleNamespace(status_code=self.status, headers=requests.structures.CaseInsensitiveDict(self.headers), content=body))

    def _refused(self):
        body = self._exactly(int(self.headers.get("content-length", 0)))
        self._record(body)
        self.sock.close()
        raise Refused(self.status, self.headers, body)

    def close(self):
        """Away without a word, as a laptop that is shut."""
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # What both kinds of clients are asked for.
    def frame(self):
        raise NotImplementedError

    def of(self, kind, seconds=15):
        """The next frame of a type; others are passed over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            got = self.frame()
            if got["type"] == kind:
                return got
        raise AssertionError(f"no {kind}")

    def upto(self, kind):
        """All frames up to and with the first of a type."""
        got = [self.frame()]
        while got[-1]["type"] != kind:
            got.append(self.frame())
        return got

    def quiet(self, seconds=0.5):
        """What comes within a time that is long for it: frames, usually none."""
        got, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                got.append(self.frame())
            except (TimeoutError, socket.timeout):
                break
        self.sock.settimeout(self.until)
        return got


def _path(query):
    return "/ws/notifications/" + ("?" + urllib.parse.urlencode(query) if query else "")


class Socket(_Wire):
    """A WebSocket; text frames are JSON."""

    def __init__(self, inst, token=None, cookie=None, origin=None, headers=None, path=None, source=None, rcvbuf=None,
                 **query):
        key = base64.b64encode(os.urandom(16)).decode()
        h = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
        if token:
            h["Authorization"] = f"Bearer {token}"
        if cookie:
            h["Cookie"] = f"__Host-gatepost={cookie}"
        if origin:
            h["Origin"] = origin
        super().__init__(inst, path or _path(query), {**h, **(headers or {})}, source, rcvbuf=rcvbuf)
        if self.status != 101:
            self._refused()
        self._record()
        want = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        assert self.headers["sec-websocket-accept"] == want

    def send_raw(self, opcode, payload=b"", fin=True, masked=True):
        mask = os.urandom(4)
        n = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        bit = 0x80 if masked else 0
        head += bytes([bit | n]) if n < 126 else bytes([bit | 126]) + struct.pack(">H", n) if n < 65536 else \
            bytes([bit | 127]) + struct.pack(">Q", n)
        if masked:
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
            head += mask
        self.sock.sendall(head + payload)

    def say(self, **frame):
        self.send_raw(1, json.dumps(frame).encode())

    def control(self):
        """The next frame of any kind: (opcode, payload)."""
        a, b = self._exactly(2)
        n = b & 0x7f
        if n == 126:
            n, = struct.unpack(">H", self._exactly(2))
        elif n == 127:
            n, = struct.unpack(">Q", self._exactly(8))
        assert not b & 0x80, "a server's frame is not masked"
        assert a & 0x80, "ours are whole"
        return a & 15, self._exactly(n)

    pings = 0

    def frame(self):
        while True:
            opcode, payload = self.control()
            if opcode == 9:
                self.pings += 1
                self.send_raw(10, payload)
            elif opcode == 8:
                code = struct.unpack(">H", payload[:2])[0] if payload else None
                raise Closed(code, payload[2:].decode())
            elif opcode == 1:
                return held(json.loads(payload))

    def end(self, seconds=15):
        """The close that comes, and the frames before it."""
        got, until = [], time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                got.append(self.frame())
            except Closed as e:
                return e, got
        raise AssertionError("not closed")


class Stream(_Wire):
    """An event stream."""

    def __init__(self, inst, token=None, cookie=None, headers=None, source=None, **query):
        h = {"Accept": "text/event-stream"}
        if token:
            h["Authorization"] = f"Bearer {token}"
        if cookie:
            h["Cookie"] = f"__Host-gatepost={cookie}"
        super().__init__(inst, _path(query), {**h, **(headers or {})}, source)
        if self.status != 200:
            self._refused()
        self._record(b"events")     # as long as it lasts
        self.chunked = self.headers.get("transfer-encoding") == "chunked"
        self.text = b""
        self.retry = None
        self.pings = 0

    def _line(self):
        while b"\n" not in self.text:
            if self.chunked:
                n = int(self._until(b"\r\n"), 16)
                if n == 0:
                    raise Closed()
                self.text += self._exactly(n)
                self._exactly(2)
            else:
                if not self.buf:
                    self._more()
                self.text, self.buf = self.text + self.buf, b""
        line, self.text = self.text.split(b"\n", 1)
        return line.decode()

    def event(self):
        """The next event as its fields."""
        fields = {}
        while True:
            line = self._line()
            if line == "":
                if "data" in fields:
                    return fields
                fields = {}
                continue
            if line == ":":
                self.pings += 1
            else:
                key, _, value = line.partition(":")
                fields[key] = value.removeprefix(" ")
                if key == "retry":
                    self.retry = int(value)

    def frame(self):
        fields = self.event()
        got = held(json.loads(fields["data"]))
        assert got["type"] == fields["event"]
        self.id = fields.get("id")
        return got
