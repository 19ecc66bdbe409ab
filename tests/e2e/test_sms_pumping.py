"""S46 to S49 together: pumpers with hundreds of addresses and thousands of numbers, beside people who sign up.

The loss stays at the budget, and people of other prefixes notice nothing. Prints the figures. Short unless
GATEPOST_PUMPING is "full" (scripts/pump), which also lets the conversion breaker do its work.
"""
import collections
import concurrent.futures
import hashlib
import os
import random
import re
import threading
import time

import pytest

from conftest import no_faults
from instance import Instance, wait_until
from people import PASSWORD

FULL = os.environ.get("GATEPOST_PUMPING") == "full"
COST, ADDRESSES = 100, 300
PREFIX_HOUR = 20000 if FULL else 3000
SITE_HOUR = 10 * PREFIX_HOUR
NUMBERS = 3000 if FULL else 210
CLEAN = "+98912"
# One calls its numbers in a row; one does the work it is asked for; one does not.
IN_A_ROW, WORKER, LAZY = PUMPED = ("+98935", "+98919", "+98990")


@pytest.fixture(scope="module")
def site():
    conf = {"GATEPOST_SIGNUP_ADDRESS_HOUR": "1000000", "GATEPOST_SMS_PREFIX_HOUR": PREFIX_HOUR,
            "GATEPOST_SMS_SITE_DAY": SITE_HOUR, "GATEPOST_SMS_SITE_HOUR": SITE_HOUR, "GATEPOST_SMS_POW_BITS": "6",
            "GATEPOST_LIMITS_LOOPBACK": "yes", "GATEPOST_SMS_NET_HOUR": "0", "GATEPOST_SMS_NET_DAY": "0"}
    if FULL:
        conf.update({"GATEPOST_SMS_CONVERSION_WAIT_S": "20", "GATEPOST_SMS_CONVERSION_SAMPLE": "50"})
    with Instance(conf=conf) as whole:
        yield whole
        no_faults(whole)


def solve(challenge, difficulty):
    n = 0
    while int.from_bytes(hashlib.sha256(f"{challenge}:{n}".encode()).digest(), "big") >> (256 - difficulty):
        n += 1
    return f"{challenge}:{n}"


class Pumper:
    """A prefix, and what became of each of its requests."""

    def __init__(self, site, prefix):
        self.site, self.prefix, self.got, self.worked = site, prefix, collections.Counter(), 0
        self.lock = threading.Lock()

    def pump(self, i):
        n = 2000000 + i if self.prefix == IN_A_ROW else random.randrange(10 ** 7)
        path = "/api/auth/register/" if i % 2 or self.prefix == WORKER else "/api/auth/password/reset/request/"
        body = {"phone_number": f"{self.prefix}{n:07d}", "password": PASSWORD}
        source = "127.0.{}.{}".format(*divmod(2000 + (i * len(PUMPED) + PUMPED.index(self.prefix)) % ADDRESSES, 100))
        r = self.site.api("POST", path, json=body, source=source)
        if r.status_code == 403 and self.prefix == WORKER:
            p = r.json()
            r = self.site.api("POST", path, json={**body, "pow": solve(p["challenge"], p["difficulty"])}, source=source)
            self.worked += 1
        with self.lock:
            self.got[r.json().get("code") if r.status_code >= 400 else "passed"] += 1


class People:
    """Somebody of a clean prefix after the other signs up, and says what the code is."""

    def __init__(self, site):
        self.site, self.asked, self.signed_up, self.slowest, self.over = site, 0, 0, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._live)

    def _live(self):
        while not self.over.is_set():
            phone = f"{CLEAN}{random.randrange(10 ** 7):07d}"
            self.asked += 1
            begun = time.monotonic()
            source = "127.1.{}.{}".format(*divmod(self.asked + 200, 100))
            r = self.site.api("POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD},
                              source=source)
            if r.status_code == 201:
                v = self.site.api("POST", "/api/auth/otp/verify/", json={
                    "register_id": r.json()["register_id"], "otp_code": self.site.sandbox.code(phone)}, source=source)
                self.signed_up += v.status_code == 200
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.over.wait(1.3)     # their own prefix is not to be crowded


def test_s46_pumping_costs_the_budget_and_not_more(site, capsys):
    pumpers, people = [Pumper(site, p) for p in PUMPED], People(site)
    begun = time.monotonic()
    people.thread.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            jobs = [pool.submit(p.pump, i) for i in range(NUMBERS // len(PUMPED)) for p in pumpers]
            for j in jobs:
                j.result()
        wait_until("three people to have asked", lambda: people.asked >= 3, 60)
    finally:
        people.over.set()
        people.thread.join()
    took = time.monotonic() - begun
    # In full the sandbox keeps the newest alone: what was billed is what the provider took.
    lost = {r["prefix"]: int(r["cost"]) for r in site.rows(
        "SELECT prefix, SUM(cost) AS cost FROM sms_charge WHERE state IN (0, 2) GROUP BY prefix")}
    suspended = {r["prefix"] for r in site.rows("SELECT prefix FROM sms_prefix WHERE until_at > UTC_TIMESTAMP(6)")}
    with capsys.disabled():
        print(f"\npumping: {NUMBERS} requests in {took:.1f} s from {ADDRESSES} addresses; lost "
              + ", ".join(f"{p.prefix} {lost.get(p.prefix, 0)} {dict(p.got)}" for p in pumpers)
              + f" (budget {PREFIX_HOUR} a prefix; without the guard {NUMBERS * COST} for the three); proofs of work"
              f" {pumpers[1].worked}; suspended {sorted(suspended)}; people {people.signed_up} of {people.asked},"
              f" slowest {people.slowest:.2f} s")
    for p in pumpers:
        assert 0 < lost[p.prefix] <= PREFIX_HOUR, p.prefix
    # Only the worker gets at the whole budget; a run is over within ten, and no work is no more than the share.
    row, worker, lazy = pumpers
    assert worker.worked > 0 and lost[WORKER] > lost[LAZY]
    assert row.got["destination_suspended"] > 0 and lost[LAZY] <= PREFIX_HOUR / 2 and lazy.got["pow_required"] > 0
    if FULL:
        assert suspended and suspended <= set(PUMPED)
    else:
        assert lost[WORKER] == PREFIX_HOUR and worker.got["sms_budget"] > 0
    # People of the clean prefix got every code, and nobody asked them for work.
    assert people.asked >= 3 and people.signed_up == people.asked
    alerts = site.rows("SELECT COUNT(*) AS n FROM audit WHERE event = 'sms_alert'")[0]["n"]
    assert alerts >= 2 and re.search('"sms_alert"', site.log("api"))
