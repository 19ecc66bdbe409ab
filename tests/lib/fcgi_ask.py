"""FastCGI's client side, spoken as nginx speaks it (no keep-alive): for tests that say what nginx would say.

    fcgi_ask.ask(f"{inst.run}/main.sock", uri="/api/health/live", REMOTE_ADDR="2001:db8::1")  # (status, body)
"""
import socket
import struct
import time


def record(kind, body):
    return struct.pack(">BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def pair(name, value):
    out = b""
    for s in (name, value):
        out += bytes([len(s)]) if len(s) < 128 else struct.pack(">I", len(s) | 1 << 31)
    return out + name + value


def message(method="GET", uri="/api/health/live", body=b"", **more):
    p = {"REQUEST_METHOD": method, "REQUEST_URI": uri, "REMOTE_ADDR": "127.0.0.1",
         "CONTENT_LENGTH": str(len(body) or ""), "GATEPOST_AUTH_SOURCE": "none", **more}
    params = b"".join(pair(k.encode(), v.encode()) for k, v in p.items())
    return (record(1, struct.pack(">HB5x", 1, 0)) + record(4, params) + record(4, b"") +
            (record(5, body) if body else b"") + record(5, b""))


def answer(s):
    """(status, bytes of the body); raises when the answer is not whole."""
    data = b""
    while chunk := s.recv(65536):
        data += chunk
    out, ended = b"", False
    while data:
        _, kind, _, n, pad, _ = struct.unpack(">BBHHBB", data[:8])
        if kind == 6:
            out += data[8:8 + n]
        ended = ended or kind == 3
        data = data[8 + n + pad:]
    if not ended:
        raise ConnectionError("the answer broke off")
    head, _, body = out.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(str(path))
    return s


# libfcgi lets go of whom it accepted at a Unix socket and hears nothing of for
# so long (os_unix.c, READABLE_UNIX_FD_DROP_DEAD_TIMEVAL).  nginx writes as soon
# as it is connected; a thread of ours may stand that long on a busy machine.
DROPPED_S = 2


def ask(path, **more):
    what = message(**more)
    while True:
        begun = time.monotonic()
        with connect(path) as s:
            try:
                s.sendall(what)
            except BrokenPipeError:
                if time.monotonic() - begun < DROPPED_S * 0.9:
                    raise
                continue
            return answer(s)
