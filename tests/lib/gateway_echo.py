"""Small SCGI and uwsgi responders, to test nginx's files as fcgi_echo.py does.

Owns: the responder's side of both protocols on a unix socket.  Each answers
with what it was given, a repeated name as a list, the body beside it.
"""
import os
import socketserver
import struct
import threading

import fcgi_echo


def scgi(f):
    """(pairs of bytes): a netstring of names and values, each ended by NUL."""
    length = b""
    while (c := f.read(1)) not in (b":", b""):
        length += c
    parts = f.read(int(length)).split(b"\0")[:-1]
    f.read(1)
    return list(zip(parts[::2], parts[1::2]))


def uwsgi(f):
    """(pairs of bytes): lengths of 16 bits before each name and each value."""
    _, size, _ = struct.unpack("<BHB", f.read(4))
    data, at, parts = f.read(size), 0, []
    while at < size:
        n, = struct.unpack_from("<H", data, at)
        parts.append(data[at + 2:at + 2 + n])
        at += 2 + n
    return list(zip(parts[::2], parts[1::2]))


class _Connection(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            params = {}
            for name, value in self.server.read(self.rfile):
                params.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
            params = {k: v[0] if len(v) == 1 else v for k, v in params.items()}
            body = self.rfile.read(int(params.get("CONTENT_LENGTH") or 0))
            status, headers, text = fcgi_echo.echo(params, body)
            # Not for a visitor: the include hides it.
            head = [f"Status: {status}", "X-Auth-Access: the site's own"] + [f"{k}: {v}" for k, v in headers]
            self.wfile.write("\r\n".join(head + ["", ""]).encode("latin-1") + text)
        except (ValueError, struct.error, BrokenPipeError, ConnectionResetError):
            pass


class Responder(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers on `path` until close(); `read` is scgi or uwsgi."""

    daemon_threads = True

    def __init__(self, path, read):
        self.read = read
        if os.path.exists(path):
            os.unlink(path)
        super().__init__(path, _Connection)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()
        os.unlink(self.server_address)
