"""What all end-to-end tests share: one instance for those that do not break it.

A test that kills, restarts or reconfigures parts makes its own Instance.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))


def no_faults(whole):
    """What the programs logged about themselves: nothing a sanitizer found, and no fault of ours (a 500)."""
    bad = ("Sanitizer", "runtime error:", "request failed", "has no row")
    for part in ("api", "worker"):
        found = [line for line in whole.log(part).splitlines() if any(b in line for b in bad)]
        assert not found, f"{part}.log:\n" + "\n".join(found[:10])


@pytest.fixture(scope="session")
def inst():
    from instance import Instance
    with Instance() as whole:
        yield whole
        no_faults(whole)
