"""A WebSocket client that does what it is told, right or wrong (RFC 6455).

    ws = Raw.tls(inst); ws.hello("/ws/notifications/", {"Authorization": ...})
    ws.send(frame(TEXT, b'{"type":"ping"}')); ws.message()

Nothing is checked on the way out: a test says every bit. On the way in the
server is held to the RFC: unmasked, no reserved bits, whole UTF-8.
"""
import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import time

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode, data=b"", fin=True, mask=b"\x01\x02\x03\x04", rsv=0, length=None, wide=None):
    """One frame; mask None: unmasked. length: what the header says, true or not; wide: 126 or 127, the form it says it in."""
    n = len(data) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask is not None else 0
    if wide == 127 or (wide is None and n > 0xffff):
        head += bytes([bit | 127]) + struct.pack("!Q", n)
    elif wide == 126 or n > 125:
        head += bytes([bit | 126]) + struct.pack("!H", n)
    else:
        head += bytes([bit | n])
    if mask is None:
        return head + data
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def close_frame(code, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


def say(**body):
    return frame(TEXT, json.dumps(body).encode())


class Gone(Exception):
    """The other side has closed the connection."""


class Raw:
    def __init__(self, sock):
        self.sock = sock
        self.held = b""
        self.status = self.headers = None
        self.pings = 0

    @classmethod
    def tls(cls, inst, source=None):
        plain = socket.create_connection(("127.0.0.1", inst.port), timeout=15, source_address=(source, 0) if source else None)
        context = ssl.create_default_context(cafile=inst.ca)
        return cls(context.wrap_socket(plain, server_hostname="localhost"))

    @classmethod
    def unix(cls, path):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(15)
        s.connect(path)
        return cls(s)

    def hello(self, target, headers=None, host="localhost", **unlike):
        """The handshake; `unlike` replaces its own headers (None: leaves one out). The status."""
        key = base64.b64encode(os.urandom(16)).decode()
        own = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
        own.update({k.replace("_", "-"): v for k, v in unlike.items()})
        lines = [f"{k}: {v}" for k, v in {**own, **(headers or {})}.items() if v is not None]
        self.sock.sendall((f"GET {target} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode())
        self.answer()
        if self.status == 101:
            want = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
            assert self.headers["sec-websocket-accept"] == want
            assert "sec-websocket-extensions" not in self.headers
        return self.status

    def answer(self):
        """The head of an HTTP answer, into status and headers."""
        while b"\r\n\r\n" not in self.held:
            self._more()
        head, self.held = self.held.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        return self.status

    def _more(self):
        try:
            got = self.sock.recv(65536)
        except (ConnectionError, ssl.SSLError, ssl.SSLEOFError) as e:
            if isinstance(e, TimeoutError):
                raise
            raise Gone from e
        if not got:
            raise Gone
        self.held += got

    def send(self, data):
        try:
            self.sock.sendall(data)
        except ssl.SSLEOFError as e:    # closed while we wrote: a plain socket says EPIPE
            raise BrokenPipeError from e

    def _need(self, n):
        while len(self.held) < n:
            self._more()

    def frame(self):
        """(opcode, data) of the next frame."""
        self._need(2)
        a, b = self.held[0], self.held[1]
        assert a & 0x70 == 0 and a & 0x80, "reserved bits, or a fragment"
        assert b & 0x80 == 0, "a server does not mask"
        n, at = b & 0x7f, 2
        if n == 126:
            self._need(4)
            n, at = struct.unpack("!H", self.held[2:4])[0], 4
        elif n == 127:
            self._need(10)
            n, at = struct.unpack("!Q", self.held[2:10])[0], 10
        self._need(at + n)
        data, self.held = self.held[at:at + n], self.held[at + n:]
        return a & 0x0f, data

    def message(self, *types):
        """The next JSON message, of one of these types where any are named; pings are answered."""
        while True:
            opcode, data = self.frame()
            if opcode == PING:
                self.pings += 1
                self.send(frame(PONG, data))
            elif opcode == TEXT:
                m = json.loads(data.decode("utf-8"))
                if not types or m["type"] in types:
                    return m
            elif opcode == CLOSE:
                raise Gone(struct.unpack("!H", data[:2])[0] if len(data) >= 2 else None)

    def ending(self):
        """Reads to the end: (close code or None, the messages before it)."""
        said = []
        while True:
            try:
                opcode, data = self.frame()
            except Gone:
                return None, said
            if opcode == CLOSE:
                return (struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005), said
            if opcode == TEXT:
                said.append(json.loads(data.decode("utf-8")))

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def trickle(ws, data, pause=0.0):
    """A byte at a time, each in a packet of its own."""
    for i in range(len(data)):
        ws.send(data[i:i + 1])
        if pause:
            time.sleep(pause)
