"""S46 to S48 together: a pumper with thousands of numbers and hundreds of addresses, beside people who sign up.
The loss stays at the budget, and people of other prefixes notice nothing.  Prints the figures."""
import concurrent.futures
import random
import re
import threading
import time

import pytest

from conftest import no_faults
from instance import Instance
from people import PASSWORD

COST, PREFIX_HOUR, SITE_DAY = 100, 10000, 100000
PUMPED = ("+98935", "+98919", "+98990")
NUMBERS = 1500


@pytest.fixture(scope="module")
def site():
    with Instance(conf={"GATEPOST_SIGNUP_ADDRESS_HOUR": "1000000", "GATEPOST_SMS_PREFIX_HOUR": PREFIX_HOUR,
                        "GATEPOST_SMS_SITE_DAY": SITE_DAY, "GATEPOST_SMS_SITE_HOUR": SITE_DAY}) as whole:
        yield whole
        no_faults(whole)


def test_s46_pumping_costs_the_budget_and_not_more(site, capsys):
    sent = {p: 0 for p in PUMPED}
    tried = {p: 0 for p in PUMPED}
    good = {"asked": 0, "signed_up": 0}
    lock, over = threading.Lock(), threading.Event()
    begun = time.monotonic()

    def pump(job):
        prefix, sequential, i = job
        n = 2000000 + i if sequential else random.randrange(10 ** 7)
        r = site.api("POST", "/api/auth/register/" if i % 4 == 0 else "/api/auth/password/reset/request/",
                     json={"phone_number": f"{prefix}{n:07d}", "password": PASSWORD})
        with lock:
            tried[prefix] += 1
            sent[prefix] += r.status_code in (200, 201)
        assert r.status_code in (200, 201, 429), r.text

    def live():
        while not over.is_set():
            phone = f"+98912{random.randrange(10 ** 7):07d}"
            good["asked"] += 1
            r = site.api("POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
            if r.status_code == 201:
                v = site.api("POST", "/api/auth/otp/verify/", json={
                    "register_id": r.json()["register_id"], "otp_code": site.sandbox.code(phone)})
                good["signed_up"] += v.status_code == 200
    person = threading.Thread(target=live)
    person.start()
    jobs = [(p, p == PUMPED[0], i) for i in range(NUMBERS // len(PUMPED)) for p in PUMPED]
    try:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            list(pool.map(pump, jobs))
    finally:
        over.set()
        person.join()
    took = time.monotonic() - begun
    bought = {p: sum(m["to"].startswith(p) for m in site.sandbox.messages(channel="sms")) for p in PUMPED}
    lost = {p: n * COST for p, n in bought.items()}
    with capsys.disabled():
        print(f"\npumping: {sum(tried.values())} requests in {took:.1f} s; money lost {lost} (budget {PREFIX_HOUR} a"
              f" prefix, {sum(tried.values()) * COST} without the guard); people {good['signed_up']} of {good['asked']}")
    # Numbers that nobody has cost the site nothing, and run into the same refusals.
    for p in PUMPED:
        assert lost[p] <= PREFIX_HOUR and sent[p] < tried[p], p
    assert sum(lost.values()) <= SITE_DAY
    assert good["asked"] >= 5 and good["signed_up"] == good["asked"]
    alerts = site.rows("SELECT COUNT(*) AS n FROM audit WHERE event = 'sms_alert'")[0]["n"]
    assert alerts >= len(PUMPED) and re.search('"sms_alert"', site.log("api"))
