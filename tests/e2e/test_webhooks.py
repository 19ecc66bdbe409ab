"""Outgoing webhooks: signed, retried, auto-disabled, replayable; a receiver that is dead slows nothing else."""
import datetime
import http.server
import json
import os
import secrets
import ssl
import subprocess
import threading

import pytest

from conftest import no_faults
from contract import Contract
from instance import TOP, free_port, wait_until
from people import forget_limits, problem
from push_case import at_once, browser, new_user, subscribed
from test_notify import a_user

HOOKS, LOG = "/api/admin/webhooks/", "/api/admin/deliveries/"


class Receiver:
    """A site's own server: keeps what it is told, and answers as it is told to."""

    def __init__(self):
        self.told, self.status, self.lock = [], 204, threading.Lock()
        self.port = free_port()
        self.url = f"https://localhost:{self.port}/hook?x=1"

    def start(self, cert, key):
        mine = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with mine.lock:
                    status = mine.status
                    mine.told.append({"status": status, "path": self.path, "body": body,
                                      "headers": {k.lower(): v for k, v in self.headers.items()}})
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, nid, state=None, status=204):
        """What was told of a notification: its events, in their order."""
        with self.lock:
            events = [(t, json.loads(t["body"])) for t in self.told if t["status"] == status]
        return [(t, e) for t, e in events if e["data"].get("notification_id") == str(nid)
                and (state is None or e["type"] == f"delivery.{state}")]


@pytest.fixture(scope="module")
def receiver():
    return Receiver()


@pytest.fixture(scope="module")
def inst(receiver):
    from instance import Instance
    # One port is somebody's who never answers.
    with Instance(env={"GATEPOST_EGRESS_ALLOW": f"localhost:{receiver.port},localhost:1"}) as whole:
        receiver.start(f"{whole.dir}/tls/tls.crt", f"{whole.dir}/tls/tls.key")
        yield whole
        receiver.server.shutdown()
        no_faults(whole)


@pytest.fixture
def hook(inst, boss, receiver):
    """A webhook of all events, that ends with the test."""
    receiver.status = 204
    r = inst.api("POST", HOOKS, token=boss, json={"url": receiver.url})
    assert r.status_code == 201, r.text
    yield r.json()
    inst.api("DELETE", f"{HOOKS}{r.json()['id']}/", token=boss)


def push(inst, status=None):
    """One push; its notification's id."""
    b = browser(inst)
    if status:
        inst.sandbox.fault("push", "status", status=status, times=1)
    r = inst.api("POST", "/api/push/send/single/", token=inst.token, json={
        "subscription_info": b["info"], "title": "t", "body": "A secret text"})
    return (r.json().get("id") or r.json()["deliveries"][0]["id"].split("-")[0])


def verify(secret, told):
    done = subprocess.run(["node", f"{TOP}/tests/lib/verify_webhook.js"], check=True, capture_output=True, text=True,
                          input="".join(json.dumps({"secret": secret, "headers": t["headers"], "body": t["body"]}) + "\n"
                                        for t in told))
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_becomes_of_a_delivery_is_told_and_verified_by_the_library(inst, boss, receiver, hook):
    assert hook["secret"].startswith("whsec_") and hook["is_active"] and hook["events"] == []
    assert "secret" not in inst.api("GET", f"{HOOKS}{hook['id']}/", token=boss).json()
    assert hook["secret"].encode() not in inst.rows("SELECT secret FROM webhook")[0]["secret"]
    good, bad = push(inst), push(inst, 413)
    wait_until("both are told", lambda: receiver.of(good) and receiver.of(bad))
    (told, event), (other, failed) = receiver.of(good)[0], receiver.of(bad)[0]
    for one in (event, failed):
        Contract().told("event", one)
    assert event["type"] == "delivery.sent" and event["data"]["channel"] == "web_push" and event["data"]["attempts"] == 1
    assert failed["type"] == "delivery.failed" and failed["data"]["reason"] == "payload_too_large"
    assert told["path"] == "/hook?x=1" and told["headers"]["content-type"] == "application/json"
    assert "A secret text" not in told["body"] and "endpoint" not in told["body"]
    assert verify(hook["secret"], [told, other]) == [{"ok": event}, {"ok": failed}]
    # Nobody else's key, no other text, no other id.
    forged = [dict(told, body=told["body"].replace("sent", "read")),
              dict(told, headers={**told["headers"], "webhook-id": "evt_x"})]
    assert all("refused" in v for v in verify(hook["secret"], forged))
    assert all("refused" in v for v in verify("whsec_" + "A" * 43 + "=", [told]))
    # It is in the log like any other delivery, and tells nobody of itself.
    rows = inst.api("GET", LOG, token=boss, params={"to": f"webhook:{hook['id']}"}).json()["results"]
    assert rows[0]["channel"] == "webhook" and {r["state"] for r in rows} == {"sent"}
    assert rows[0]["target"] == f"https://localhost:{receiver.port}"
    assert not any(json.loads(t["body"])["data"].get("channel") == "webhook" for t in receiver.told)
    assert not inst.rows("SELECT 1 FROM webhook_event")


def hours(inst):
    return {r["state"]: int(r["n"]) for r in inst.rows("SELECT state, SUM(n) n FROM delivery_hour GROUP BY state")}


def not_to_be_disturbed(inst, user):
    """What is sent to them waits."""
    inst.rows("INSERT INTO preference (user_id, quiet_from, quiet_to, quiet_zone, updated_at) SELECT %s,"
              " (t + 1380) %% 1440, (t + 120) %% 1440, 'UTC', NOW() FROM (SELECT HOUR(UTC_TIME()) * 60 t) x", user["id"])


def test_what_a_purged_account_leaves_unsent_is_told_and_counted(inst, boss, receiver, hook):
    u = a_user(inst)
    not_to_be_disturbed(inst, u)
    r = inst.api("POST", "/api/notifications/", token=boss, json={"user_id": u["id"], "title": "t", "body": "b", "channels": ["email"]})
    assert r.status_code == 202, r.text
    id_ = r.json()["id"]
    wait_until("it waits", lambda: inst.rows("SELECT 1 FROM delivery d JOIN job j USING (notification_id, seq) WHERE"
                                             " d.notification_id = %s AND d.state = 'queued' AND j.kind = 2", id_))
    before = hours(inst).get("cancelled", 0)
    inst.rows("INSERT INTO closing (user_id, asked_at, purge_at, was_active, close_key, link_hash) VALUES (%s, UTC_TIMESTAMP(6),"
              " UTC_TIMESTAMP(6), 1, 1, UNHEX(SHA2(%s, 256)))", u["id"], id_)
    told, event = wait_until("it is told", lambda: receiver.of(id_, "cancelled"), 30)[0]
    assert event["data"]["reason"] == "user_gone" and not event["data"].get("user_id") and u["email"] not in told["body"]
    assert hours(inst)["cancelled"] == before + 1


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_campaigns_ends_are_told_and_counted(inst, boss, receiver, hook, end):
    """Those that wait in the queue, and those that were not released yet."""
    users = [a_user(inst) for _ in range(30)]
    # Half of them are not to be disturbed: their jobs wait.
    for u in users[::2]:
        not_to_be_disturbed(inst, u)
    before = hours(inst)
    r = inst.api("POST", "/api/campaigns/", token=boss, json={
        "name": "c", "channels": ["email"], "title": "t", "body": "b", "rate": 2, "start": True,
        "audience": {"ids": [u["id"] for u in users]}})
    assert r.status_code == 201, r.text
    c = r.json()["id"]
    wait_until("one is sent", lambda: receiver.of(c, "sent"))
    if end == "cancelled":
        assert inst.api("POST", f"/api/campaigns/{c}/cancel/", token=boss).status_code == 200
    else:
        inst.rows("UPDATE campaign SET ends_at = UTC_TIMESTAMP(6) WHERE id = %s", int(c))
    wait_until("it is over", lambda: not inst.rows("SELECT 1 FROM campaign WHERE id = %s AND live", int(c)), 20)
    states = {r["state"]: int(r["n"]) for r in inst.rows(
        "SELECT state, COUNT(*) n FROM delivery WHERE notification_id = %s GROUP BY state", int(c))}
    assert sum(states.values()) == 30 and set(states) == {"sent", end} and states[end] >= 15
    wait_until("all are told", lambda: len(receiver.of(c)) == 30, 30)
    assert len(receiver.of(c, end)) == states[end]
    assert len({e["data"]["user_id"] for _, e in receiver.of(c)}) == 30
    after = hours(inst)
    assert after[end] - before.get(end, 0) == states[end]


def test_only_the_events_that_are_wanted(inst, boss, receiver, hook):
    r = inst.api("PATCH", f"{HOOKS}{hook['id']}/", token=boss, json={"events": ["delivery.failed", "delivery.unsure"]})
    assert r.json()["events"] == ["delivery.failed", "delivery.unsure"]
    good, bad = push(inst), push(inst, 413)
    wait_until("one is told", lambda: receiver.of(bad))
    assert not receiver.of(good)


def test_retried_until_it_arrives_with_the_same_id(inst, boss, receiver, hook):
    receiver.status = 500
    nid = push(inst)
    wait_until("two tries failed", lambda: len(receiver.of(nid, status=500)) >= 2)
    receiver.status = 204
    wait_until("it has arrived", lambda: receiver.of(nid))
    tries = [t for t, _ in receiver.of(nid, status=500) + receiver.of(nid)]
    assert len({t["headers"]["webhook-id"] for t in tries}) == 1 and len({t["body"] for t in tries}) == 1
    assert all("ok" in v for v in verify(hook["secret"], tries))
    row = inst.api("GET", LOG, token=boss, params={"to": f"webhook:{hook['id']}"}).json()["results"][0]
    story = inst.api("GET", f"{LOG}{row['id']}/", token=boss).json()
    assert [a["reason"] for a in story["timeline"] if a["event"] == "attempt"][0] == "webhook_500"


def test_a_dead_receiver_slows_nothing(inst, boss, receiver, hook):
    dead = inst.api("POST", HOOKS, token=boss, json={"url": "https://localhost:1/"}).json()
    nids = [push(inst) for _ in range(3)]
    wait_until("the living one is told of all", lambda: all(receiver.of(n) for n in nids))
    user = new_user(inst)       # codes go as ever
    assert user["token"]
    rows = wait_until("tries", lambda: [r for r in inst.api("GET", LOG, token=boss, params={
        "to": f"webhook:{dead['id']}"}).json()["results"] if r["attempts"] > 0])
    assert rows[0]["state"] == "queued" and rows[0]["reason"] == "not_reached_connect_failed"
    assert inst.api("DELETE", f"{HOOKS}{dead['id']}/", token=boss).status_code == 204

    def over():
        inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE stop AND state = 0")  # what was leaving is not tried again
        return {r["state"] for r in inst.rows("SELECT state FROM delivery WHERE target = 'https://localhost:1'")} == {"cancelled"}

    wait_until("what was to go to it is over", over)
    n = inst.rows("SELECT COUNT(*) n FROM delivery WHERE channel = 'webhook' AND state = 'cancelled'")[0]["n"]
    assert n > 0 and n == inst.rows("SELECT SUM(n) n FROM delivery_hour WHERE channel = 'webhook' AND state = 'cancelled'")[0]["n"]


def test_nothing_is_lost_when_the_worker_is_killed(inst, boss, receiver, hook):
    nids = []
    for _ in range(6):
        nids.append(push(inst))
        inst.kill("worker")
        inst.start("worker")
    wait_until("all are told", lambda: all(receiver.of(n, "sent") for n in nids), 60)
    for n in nids:      # once more at the most where a kill took the answer, and then by the same id
        assert len({t["headers"]["webhook-id"] for t, _ in receiver.of(n, "sent")}) == 1
    assert not inst.rows("SELECT 1 FROM webhook_event")


def test_replayed_from_a_time_with_the_same_ids(inst, boss, receiver, hook):
    begun = datetime.datetime.utcnow().isoformat() + "Z"
    nids = [push(inst) for _ in range(3)]
    wait_until("told", lambda: all(receiver.of(n) for n in nids))
    old = push(inst)
    wait_until("told", lambda: receiver.of(old))
    path, key = f"{HOOKS}{hook['id']}/replay/", {"Idempotency-Key": secrets.token_hex(16)}
    got = at_once(4, lambda i: inst.api("POST", path, token=boss, headers=key, json={"since": begun}).status_code)
    assert set(got) <= {202, 409} and 202 in got
    wait_until("told again", lambda: all(len(receiver.of(n)) == 2 for n in nids + [old]))
    for n in nids:
        assert len({t["headers"]["webhook-id"] for t, _ in receiver.of(n)}) == 1
    # A second webhook is told what was before it was there.
    other = inst.api("POST", HOOKS, token=boss, json={"url": receiver.url, "description": "late"}).json()
    assert inst.api("POST", f"{HOOKS}{other['id']}/replay/", token=boss, json={"since": begun}).status_code == 202
    wait_until("told again", lambda: all(len(receiver.of(n)) == 3 for n in nids))
    assert inst.api("GET", f"{HOOKS}{other['id']}/", token=boss).json()["replaying"] is False
    problem(inst.api("POST", path, token=boss, json={"since": "2100-01-01T00:00:00Z"}), 400, field="since")
    assert inst.api("DELETE", f"{HOOKS}{other['id']}/", token=boss).status_code == 204


def test_switched_off_when_nothing_arrives_for_days_and_on_again(inst, boss, receiver, hook):
    receiver.status = 500
    nid = push(inst)
    wait_until("a try failed", lambda: receiver.of(nid, status=500))
    wait_until("it counts as failing", lambda: inst.api("GET", f"{HOOKS}{hook['id']}/", token=boss).json()["failing_since"], 30)
    assert inst.api("GET", f"{HOOKS}{hook['id']}/", token=boss).json()["is_active"]
    # Five days later.
    inst.rows("UPDATE webhook SET failing_at = failing_at - INTERVAL 6 DAY WHERE id = %s", hook["id"])
    off = wait_until("it is off", lambda: not (h := inst.api("GET", f"{HOOKS}{hook['id']}/", token=boss).json())["is_active"] and h, 30)
    assert off["disabled_reason"] == "failing" and off["disabled_at"]
    assert inst.rows("SELECT detail FROM audit WHERE event = 'webhook_disabled' ORDER BY id DESC LIMIT 1")[0]["detail"].count("failing")
    problem(inst.api("POST", f"{HOOKS}{hook['id']}/test/", token=boss), 409, "webhook_off")
    problem(inst.api("POST", f"{HOOKS}{hook['id']}/replay/", token=boss, json={"since": "2026-01-01T00:00:00Z"}), 409, "webhook_off")
    missed = push(inst)
    receiver.status = 204
    on = inst.api("PATCH", f"{HOOKS}{hook['id']}/", token=boss, json={"is_active": True}).json()
    assert on["is_active"] and on["disabled_reason"] is None and on["failing_since"] is None
    nid = push(inst)
    wait_until("it is told again", lambda: receiver.of(nid))
    assert not receiver.of(missed)      # and what it missed is there to be replayed
    since = (datetime.datetime.utcnow() - datetime.timedelta(minutes=10)).isoformat() + "Z"
    assert inst.api("POST", f"{HOOKS}{hook['id']}/replay/", token=boss, json={"since": since}).status_code == 202
    wait_until("what it missed", lambda: receiver.of(missed))
    # "410 Gone" is a word of its own: at once.
    receiver.status = 410
    nid = push(inst)
    wait_until("it is gone", lambda: inst.api("GET", f"{HOOKS}{hook['id']}/", token=boss).json()["disabled_reason"] == "gone", 30)


def test_a_test_event_and_a_new_key(inst, boss, receiver, hook):
    assert inst.api("POST", f"{HOOKS}{hook['id']}/test/", token=boss).status_code == 202

    def tests():
        with receiver.lock:
            return [t for t in receiver.told if json.loads(t["body"])["type"] == "webhook.test"]
    told = wait_until("the test event", tests)[-1]
    assert "ok" in verify(hook["secret"], [told])[0]
    fresh = inst.api("POST", f"{HOOKS}{hook['id']}/rotate/", token=boss).json()["secret"]
    before = len(tests())
    assert inst.api("POST", f"{HOOKS}{hook['id']}/test/", token=boss).status_code == 202
    wait_until("another", lambda: len(tests()) > before)
    assert "ok" in verify(fresh, tests()[-1:])[0] and "refused" in verify(hook["secret"], tests()[-1:])[0]


def test_h4_no_inner_address_and_no_stranger(inst, boss):
    for url in ("http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://a@example.com/",
                "https://example.com:8080/", "https://169.254.169.254/latest", "ftp://example.com/", "https://localhost:22/",
                "https://2130706433/", "x"):
        if url == "https://localhost/":
            continue        # a name: refused when it is called
        problem(inst.api("POST", HOOKS, token=boss, json={"url": url}), 400, field="url")
    for body, field in (({}, "url"), ({"url": "https://example.com/", "events": ["delivery.lost"]}, "events"),
                        ({"url": "https://example.com/", "events": ["sent"]}, "events")):
        problem(inst.api("POST", HOOKS, token=boss, json=body), 400, field=field)
    user = new_user(inst)
    forget_limits(inst)
    problem(inst.api("POST", HOOKS, token=user["token"], json={"url": "https://example.com/"}), 403)
    inner = inst.api("POST", HOOKS, token=boss, json={"url": "https://localhost/"}).json()
    assert inst.api("POST", f"{HOOKS}{inner['id']}/test/", token=boss).status_code == 202
    row = wait_until("it is refused", lambda: [r for r in inst.api("GET", LOG, token=boss, params={
        "to": f"webhook:{inner['id']}"}).json()["results"] if r["state"] == "failed"])[0]
    assert row["reason"] == "egress_refused"
    assert inst.api("DELETE", f"{HOOKS}{inner['id']}/", token=boss).status_code == 204


def test_made_once_a_key_and_not_too_many(inst, boss):
    key = {"Idempotency-Key": secrets.token_hex(16)}
    got = at_once(8, lambda i: inst.api("POST", HOOKS, token=boss, headers=key, json={"url": "https://example.com/once"}))
    made = [r.json() for r in got if r.status_code == 201]
    assert len({m["id"] for m in made}) == 1 and sum("secret" in m for m in made) == 1
    assert inst.rows("SELECT COUNT(*) n FROM webhook WHERE url LIKE '%%once'")[0]["n"] == 1
    inst.rows("INSERT INTO webhook (id, url, origin, secret, is_active, created_at, updated_at)"
              " SELECT seq, 'https://x/', 'https://x', '', FALSE, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_100")
    problem(inst.api("POST", HOOKS, token=boss, json={"url": "https://example.com/"}), 409, "too_many_webhooks")
    inst.rows("DELETE FROM webhook WHERE id <= 100")
    inst.api("DELETE", f"{HOOKS}{made[0]['id']}/", token=boss)
    problem(inst.api("GET", f"{HOOKS}{made[0]['id']}/", token=boss), 404)
