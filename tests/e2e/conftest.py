"""What all end-to-end tests share: one instance for those that do not break it.

A test that kills, restarts or reconfigures parts makes its own Instance.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
sys.path.insert(0, LIB)

import record           # noqa: E402

record.install()


def pytest_configure(config):
    """One database for all the instances of this run to begin with, unless the caller has made it."""
    if "GATEPOST_BUILD" not in os.environ or "TEST_DB_SEED" in os.environ or config.option.collectonly:
        return
    config.db_seed = tempfile.mkdtemp(prefix="gps-")
    subprocess.run([f"{LIB}/db-seed", config.db_seed], check=True)
    os.environ["TEST_DB_SEED"] = config.db_seed


def pytest_unconfigure(config):
    if hasattr(config, "db_seed"):
        shutil.rmtree(config.db_seed, ignore_errors=True)


def no_faults(whole):
    """What the programs logged about themselves: nothing a sanitizer found, and no fault of ours (a 500)."""
    bad = ("Sanitizer", "runtime error:", "request failed", "has no row")
    for part in ("api", "worker", "live"):
        found = [line for line in whole.log(part).splitlines() if any(b in line for b in bad)]
        assert not found, f"{part}.log:\n" + "\n".join(found[:10])


def _instance(scope, **how):
    @pytest.fixture(scope=scope, name="inst")
    def begun():
        from instance import Instance
        with Instance(**how) as whole:
            yield whole
            no_faults(whole)
    return begun


def module_instance(**how):
    """`inst = module_instance(conf={…})`: this module's own, begun as `how` says."""
    return _instance("module", **how)


inst = _instance("session")


@pytest.fixture(scope="module")
def boss(inst):
    """A superuser's token."""
    return inst.admin()
