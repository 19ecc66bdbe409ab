"""A send and the parts it needs: nothing that was accepted is undone or sent
twice because something died while the caller waited."""
import threading
import time

import pytest

from instance import Instance, wait_until
from push_case import browser, refused, word

SINGLE = "/api/push/send/single/"
TEXT = {"title": "Order", "body": "On its way"}


@pytest.fixture(scope="module")
def own():
    with Instance() as whole:
        yield whole


def send_in_background(inst, b, seconds, key):
    got = {}

    def run():
        got["answer"] = inst.api("POST", SINGLE, token=inst.token, json={**TEXT, "subscription_info": b["info"]},
                                 headers={"Prefer": f"wait={seconds}", "Idempotency-Key": key})
    thread = threading.Thread(target=run)
    thread.start()
    return thread, got


def test_r5_the_database_dies_while_a_sender_waits(own):
    b, key = browser(own), f"outage-{word()}{word()}"
    own.sandbox.fault("push", "slow", after_ms=2500, times=1)
    thread, got = send_in_background(own, b, 10, key)
    wait_until("acceptance", lambda: own.rows("SELECT 1 FROM notification WHERE type = 'push'"))
    own.kill("db")
    thread.join(20)
    r = got["answer"]
    # accepted is accepted: an error would make the caller send again
    assert r.status_code == 202, r.text
    id_ = r.json()["id"]
    t0 = time.monotonic()
    refused(own.api("POST", SINGLE, token=own.token, json={**TEXT, "subscription_info": b["info"]}), 503)
    assert time.monotonic() - t0 < 8
    own.start("db")
    own.ready()

    def settled():
        n = own.api("GET", f"/api/notifications/{id_}/", token=own.token).json()
        return n.get("total") == 1 and n["deliveries"] and n["deliveries"][0]["state"] != "queued" and n
    n = wait_until("the outcome", settled, 60)
    assert n["deliveries"][0]["state"] in ("sent", "unsure"), n
    assert len(own.sandbox.messages(channel="web_push", to=b["info"]["endpoint"])) == 1
    own.sandbox.heal()


def test_the_same_key_after_the_outage_sends_nothing_more(own):
    b, key = browser(own), f"again-{word()}{word()}"
    body = {**TEXT, "subscription_info": b["info"]}
    headers = {"Idempotency-Key": key}
    own.kill("db")
    refused(own.api("POST", SINGLE, token=own.token, json=body, headers=headers), 503)
    own.start("db")
    own.ready()
    first = own.api("POST", SINGLE, token=own.token, json=body, headers={**headers, "Prefer": "wait=15"})
    assert first.status_code in (200, 202), first.text
    again = own.api("POST", SINGLE, token=own.token, json=body, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    own.sandbox.wait(channel="web_push", to=b["info"]["endpoint"], seconds=60)
    assert len(own.rows("SELECT 1 FROM notification WHERE id = %s", first.json()["id"])) == 1


def test_without_a_worker_a_send_is_accepted_and_kept(own):
    b = browser(own)
    own.kill("worker")
    t0 = time.monotonic()
    r = own.api("POST", SINGLE, token=own.token, json={**TEXT, "subscription_info": b["info"]}, headers={"Prefer": "wait=1"})
    assert r.status_code == 202 and time.monotonic() - t0 < 3, r.text
    n = own.api("GET", f"/api/notifications/{r.json()['id']}/", token=own.token).json()
    assert n["planned"] is False and n["deliveries"] == []
    own.start("worker")
    own.sandbox.wait(channel="web_push", to=b["info"]["endpoint"], seconds=60)
