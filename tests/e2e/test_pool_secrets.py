"""A pool holds the secrets it has use of and no others (D2): what is read of a
child's memory is what its own work needs."""
import secrets

import pytest

from instance import Instance

LARGEST = 1 << 30
WORD = {k: "planted" + secrets.token_hex(12) for k in ("GOOGLE_CLIENT_SECRET", "FACEBOOK_APP_SECRET")}


def children(inst):
    master = inst.pid("api")
    with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as f:
        pids = [int(p) for p in f.read().split()]
    found = {}
    for pid in pids:
        with open(f"/proc/{pid}/comm", encoding="ascii") as f:
            found.setdefault(f.read().strip(), []).append(pid)
    return found


def holds(pid, word):
    """Is it anywhere in what the process could write to?"""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            where, how, *_ = line.split()
            if not how.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in where.split("-"))
            if end - begin > LARGEST:       # what a sanitizer reserves, and never fills
                continue
            try:
                mem.seek(begin)
                if word.encode() in mem.read(end - begin):
                    return True
            except (OSError, ValueError):
                continue
    return False


@pytest.fixture(scope="module")
def whole():
    conf = {"GOOGLE_CLIENT_ID": "google.apps.example", **WORD}
    with Instance(conf=conf) as inst:
        yield inst


def test_h6_the_pool_that_calls_out_alone_has_its_secrets(whole):
    pools = children(whole)
    assert {"gp-gate", "gp-main", "gp-hash", "gp-lane", "gp-out"} <= set(pools), pools
    for key in ("GOOGLE_CLIENT_SECRET", "FACEBOOK_APP_SECRET"):
        assert holds(pools["gp-out"][0], WORD[key]), key       # or this looks for nothing
        for name in ("gp-gate", "gp-main", "gp-hash", "gp-lane"):
            for pid in pools[name]:
                assert not holds(pid, WORD[key]), (name, key)
