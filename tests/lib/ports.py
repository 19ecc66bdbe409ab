"""Ports that nobody takes between the choice and the use.

A port of the kernel's own choosing lies among those it gives to outgoing
connections, which are many while tests run.  These lie below, and each of
pytest's processes has a range to itself.
"""
import itertools
import os
import random
import socket

FIRST, EACH, STEP = 10000, 2700, 4      # up to 31600: eight processes
_worker = int("".join(c for c in os.environ.get("PYTEST_XDIST_WORKER", "") if c.isdigit()) or 7) % 8
_next = itertools.cycle(range(FIRST + _worker * EACH, FIRST + (_worker + 1) * EACH, STEP))
for _ in range(random.randrange(EACH // STEP)):
    next(_next)


def _free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    """The first of four that are free; an instance's sites take the two behind it."""
    for _ in range(EACH // STEP):
        port = next(_next)
        if all(_free(port + i) for i in range(STEP)):
            return port
    raise RuntimeError("no port is free")
