"""The systemd units (SECURITY.md H7): hardened, and without a mistake in them."""
import os
import re
import shutil
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(TOP, "scripts/packaging")

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")


@pytest.mark.parametrize("unit", ["gatepost-api.service", "gatepost-out.service", "gatepost-worker.service",
                                  "gatepost-live.service"])
def test_h7_exposure_is_at_most_1_5(unit):
    out = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"{UNITS}/{unit}"],
                         capture_output=True, text=True)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", out.stdout)
    assert found, out.stdout + out.stderr
    assert float(found.group(1)) <= 1.5


def test_units_are_well_formed(tmp_path):
    for name in os.listdir(UNITS):
        if name.endswith((".service", ".socket")):
            with open(f"{UNITS}/{name}", encoding="utf-8") as f:
                text = f.read()
            # The programs and pages are not installed where this runs.
            text = re.sub(r"(?m)^Documentation=.*\n", "", text).replace("/usr/sbin/gatepost", "/bin/true #")
            (tmp_path / name).write_text(text)
    out = subprocess.run(["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))],
                         capture_output=True, text=True, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    assert out.returncode == 0 and out.stderr == ""


def test_each_pool_has_its_socket_under_its_name():
    for pool in ("gate", "main", "hash", "out"):
        with open(f"{UNITS}/gatepost-{pool}.socket", encoding="utf-8") as f:
            text = f.read()
        assert f"FileDescriptorName={pool}\nListenStream=/run/gatepost/{pool}.sock\n" in text
        service = "gatepost-out.service" if pool == "out" else "gatepost-api.service"
        assert f"\nService={service}\n" in text
        for name in ("gatepost-api.service", "gatepost-out.service"):
            for key in ("Sockets", "Requires", "Also"):
                assert (f"gatepost-{pool}.socket" in said(name, key).split()) == (name == service), (name, key)


def said(unit, key):
    with open(f"{UNITS}/{unit}", encoding="utf-8") as f:
        return " ".join(re.findall(rf"(?m)^{key}=(.*)$", f.read()))


def test_d2_the_out_pool_is_the_only_one_of_the_api_with_a_network():
    assert said("gatepost-api.service", "RestrictAddressFamilies") == "AF_UNIX"
    assert said("gatepost-api.service", "PrivateNetwork") == "yes" and said("gatepost-api.service", "IPAddressDeny") == "any"
    assert "--only" not in said("gatepost-api.service", "ExecStart")
    assert said("gatepost-out.service", "RestrictAddressFamilies") == "AF_UNIX AF_INET AF_INET6"
    assert said("gatepost-out.service", "ExecStart").split()[1:3] == ["--only", "out"]
    assert "169.254.0.0/16" in said("gatepost-out.service", "IPAddressDeny")
