"""Accounts of every kind of provider: each with its own keys, its own callbacks, its own turn."""
import itertools
import json
import secrets
import signal
import time

import pytest

from callback_case import from_twilio
from expo_case import arrived, ask_now, became, expo, push, somebody
from instance import Instance, wait_until
from people import a_phone
from push_case import refused
from test_providers import ACCOUNTS, account, delivery, final
from test_providers import make as make_smtp
from test_providers import settled as breakers_forgotten

TEMPLATE = {"whatsapp": {"template": "hello_world", "language": "en_US"}}
SECOND = "206540352242922"          # a WhatsApp number's id
SID = "AC" + "b" * 32               # an account at Twilio
KINDS = {
    "whatsapp": ({"phone_number_id": SECOND}, {"access_token": "second-token", "app_secret": "second-secret"}),
    "twilio": ({"account_sid": SID, "from": "+15005550007"}, {"auth_token": "second-auth-token"}),
    "twilio_whatsapp": ({"account_sid": SID, "from": "+15005550007"}, {"auth_token": "second-auth-token"}),
    "expo": ({}, {"access_token": "second-expo-token"}),
    "kavenegar": ({"sender": "2000500666"}, {"api_key": "sandbox-kavenegar-key"}),
}


@pytest.fixture(scope="module")
def inst():
    with Instance(workers=2) as own:
        own.root = own.admin()
        own.sandbox._call("PUT", "/whatsapp/settings", json={
            "webhook_url": own.url + "/api/webhooks/whatsapp/", "others": {SECOND: {
                "access_token": "second-token", "app_secret": "second-secret", "display_phone_number": "15550783882"}}})
        own.sandbox._call("PUT", "/twilio/settings", json={"others": {SID: {
            "auth_token": "second-auth-token", "numbers": ["+15005550007"]}}})
        yield own


@pytest.fixture(autouse=True)
def clean(inst):
    yield
    inst.sandbox.heal()
    expo(inst, access_token="")
    inst.rows("DELETE FROM provider")
    inst.rows("DELETE FROM provider_sent")
    inst.rows("DELETE FROM job")
    inst.rows("DELETE FROM throttle")
    if inst.rows("SELECT 1 FROM provider_state WHERE state <> 'closed'"):
        inst.rows("UPDATE provider_state SET state = 'closed', until_at = NULL, failures = 0")
        breakers_forgotten(inst)


def settled(inst):
    """Workers read the table each second."""
    time.sleep(1.3)


def make(inst, name, kind, status=201, settings=None, secret=None, **more):
    plain, hidden = KINDS[kind]
    r = inst.api("POST", ACCOUNTS, token=inst.root, json={
        "name": name, "kind": kind, "settings": {**plain, **(settings or {})}, "secrets": {**hidden, **(secret or {})}, **more})
    assert r.status_code == status, r.text
    return r.json()


numbers = itertools.count(1)


def send(inst, to, channel="whatsapp", content=TEMPLATE, life=600, class_=1, **audience):
    """A notification as the queue accepts it."""
    id_ = (int(time.time() * 1000) << 20) + next(numbers)
    inst.rows("CALL gp_accept(%s, NULL, NULL, 'order', %s, %s, '', %s, %s, NULL, NULL, NULL, NULL, %s, %s, NULL, NULL, NULL, NULL)",
              id_, class_, channel, json.dumps(content), json.dumps({"to": to, **audience}), life, id_ + 500000)
    return id_


def by(rows):
    return sorted({r["provider"] for r in rows})


def became_of(inst, id_, state, seconds=20):
    def look():
        d = delivery(inst, id_)
        return d if d and d["state"] == state else None
    try:
        return wait_until(f"{id_} is {state}", look, seconds)
    except AssertionError:
        raise AssertionError(delivery(inst, id_)) from None


# --- rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_h6_every_kind_has_accounts_whose_secrets_are_sealed(inst, kind):
    mark = "planted-" + secrets.token_hex(12)
    name = next(iter(KINDS[kind][1]))
    made = make(inst, "one-of-" + kind.replace("_", "-"), kind, secret={name: mark}, is_active=False)
    assert made["kind"] == kind and name in made["secrets_set"] and mark not in json.dumps(made)
    row = inst.rows("SELECT * FROM provider WHERE id = %s", made["id"])[0]
    assert mark.encode() not in row["secrets"] and mark not in row["settings"]
    assert account(inst, made["id"])["is_configured"]
    # the keys of the settings file are not borrowed
    if kind != "expo":
        body = {"name": "bare", "kind": kind, "settings": {}, "secrets": {}}
        refused(inst.api("POST", ACCOUNTS, token=inst.root, json=body), 400, "not_configured", "settings")
    listed = inst.ctl("--json", "provider", "list").stdout
    assert any(json.loads(x)["name"] == made["name"] and json.loads(x)["kind"] == kind for x in listed.splitlines()), listed


# --- each by its own keys --------------------------------------------------------------------------------------


def test_a_second_whatsapp_number_sends_and_is_called_back_by_its_own_secret(inst):
    make(inst, "second", "whatsapp", weight=1)
    settled(inst)
    ids = [send(inst, a_phone()) for _ in range(8)]
    ends = [final(inst, i) for i in ids]
    assert by(ends) == ["second", "whatsapp"]        # each worker has turns of its own
    for d in ends:
        d = became_of(inst, d["notification_id"], "delivered")
        m, = inst.sandbox.messages(channel="whatsapp", to=d["target"])
        assert m["from"] == (SECOND if d["provider"] == "second" else "106540352242922")


def test_one_whatsapp_number_that_is_refused_is_left_for_the_other(inst):
    make(inst, "revoked", "whatsapp", weight=1000, secret={"access_token": "revoked"})
    settled(inst)
    ends = [final(inst, send(inst, a_phone())) for _ in range(4)]
    assert {(d["state"], d["provider"]) for d in ends} <= {("sent", "whatsapp"), ("delivered", "whatsapp")}
    moved = [d for d in ends if len(d["attempts_made"]) > 1 and d["attempts_made"][0]["provider"] == "revoked"]
    assert moved and all(d["attempts_made"][0]["outcome"] == "config" for d in moved)


def test_the_24_hours_are_each_number_s_own(inst):
    make(inst, "second", "whatsapp", weight=1000)
    settled(inst)
    to = a_phone()
    r = inst.sandbox._call("POST", "/whatsapp/inbound", json={"from": to})       # to the first number
    assert r.get("status", 200) == 200, r
    assert inst.rows("SELECT sender FROM whatsapp_contact WHERE contact = %s", to[1:])[0]["sender"] == "106540352242922"
    d = final(inst, send(inst, to, content={"body": "Hello"}))
    # the second may not, the first may: nothing is lost, nothing is sent twice
    assert d["state"] in ("sent", "delivered") and d["provider"] == "whatsapp", d
    assert [a["provider"] for a in d["attempts_made"] if "outcome" in a] == ["second", "whatsapp"]
    assert len(inst.sandbox.messages(channel="whatsapp", to=to)) == 1
    kept, = inst.rows("SELECT sender, closed_at FROM whatsapp_contact WHERE contact = %s", to[1:])
    assert kept["closed_at"] is None, "the first number's hours go on"


def test_an_account_at_twilio_is_called_back_by_its_own_token(inst):
    made = make(inst, "line-two", "twilio", weight=1000)
    settled(inst)
    to = a_phone()
    d = final(inst, send(inst, to, "sms", {"body": "Hello"}))
    assert d["provider"] == "line-two"
    became_of(inst, d["notification_id"], "delivered")
    m, = inst.sandbox.messages(channel="sms", to=to)
    assert m["payload"]["account"] == SID and m["payload"]["from"] == "+15005550007"
    # and nobody else's
    to = a_phone()
    inst.sandbox._call("PUT", "/twilio/settings", json={"sent_ms": 0, "delivered_ms": 0})
    id_ = send(inst, to, "sms", {"body": "Hello"})
    d = final(inst, id_)
    path = f"/api/webhooks/twilio/?d=gp-{id_}-{d['seq']}"
    form = {"MessageSid": d["provider_id"], "SmsSid": d["provider_id"], "MessageStatus": "delivered", "To": to,
            "From": "+15005550007", "AccountSid": SID}
    refused(from_twilio(inst, path, form, token="third-token"), 403, "bad_signature")
    assert delivery(inst, id_)["state"] == "sent"
    assert from_twilio(inst, path, form, token="second-auth-token").status_code == 200
    assert delivery(inst, id_)["state"] == "delivered"
    inst.sandbox._call("PUT", "/twilio/settings", json={"sent_ms": 30, "delivered_ms": 60})
    # a token that is changed counts from then on
    r = inst.api("PATCH", f"{ACCOUNTS}{made['id']}/", token=inst.root, json={"secrets": {"auth_token": "another"}})
    assert r.status_code == 200, r.text
    wait_until("the new token", lambda: from_twilio(inst, path, form, token="second-auth-token").status_code == 403, 5)


def test_twilio_by_whatsapp_takes_over_from_meta(inst):
    make(inst, "by-twilio", "twilio_whatsapp", weight=0)
    settled(inst)
    inst.sandbox.fault("whatsapp", "status", status=401)
    content = {"whatsapp": {"content_sid": "HX0123456789abcdef0123456789abcdef", "parameters": ["4711"]}}
    to = a_phone()
    d = final(inst, send(inst, to, content=content))
    assert d["provider"] == "by-twilio" and d["state"] in ("sent", "delivered"), d


def test_expo_by_an_account_of_its_own_token_receipts_too(inst):
    expo(inst, access_token="second-expo-token")
    make(inst, "app", "expo", weight=1)
    settled(inst)
    user, tokens = somebody(inst, 3)
    ids = [push(inst, user) for _ in range(2)]
    for id_ in ids:
        rows = became(inst, id_, "sent")
        assert by(rows) == ["app"]
    assert len(arrived(inst, tokens[0])) == 2
    ask_now(inst)
    for id_ in ids:
        became(inst, id_, "delivered")
    # what it sent is asked for even when it sends no more
    id_ = push(inst, user)
    became(inst, id_, "sent")
    inst.rows("UPDATE provider SET is_active = 0, version = version + 1")
    settled(inst)
    ask_now(inst)
    became(inst, id_, "delivered")


def test_kavenegar_is_asked_with_the_key_of_the_account_that_sent(inst):
    inst.sandbox._call("PUT", "/kavenegar/settings", json={"callback_url": ""})
    make(inst, "line-b", "kavenegar", weight=1000)
    settled(inst)
    d = final(inst, send(inst, a_phone(), "sms", {"body": "Hello"}))
    assert d["provider"] == "line-b"

    def asked_again():
        inst.rows("UPDATE receipt SET ask_at = UTC_TIMESTAMP(6)")
        return delivery(inst, d["notification_id"])["state"] == "delivered"
    wait_until("it is known to be there", asked_again, 20, 0.2)


def test_an_account_that_goes_while_many_of_its_messages_are_on_the_way(inst):
    expo(inst, access_token="second-expo-token")
    made = make(inst, "going", "expo", weight=1000)     # the one without a token has no part in it
    settled(inst)
    user, tokens = somebody(inst, 30)
    inst.sandbox.fault("expo", "slow", after_ms=1500, times=1)
    id_ = push(inst, user)
    wait_until("they leave", lambda: inst.rows("SELECT 1 FROM job WHERE provider = 'going' AND state = 2"), 10)
    assert inst.api("DELETE", f"{ACCOUNTS}{made['id']}/", token=inst.root).status_code == 204
    rows = became(inst, id_, {"sent": 30}, 30)
    assert by(rows) == ["going"] and all(len(arrived(inst, t)) == 1 for t in tokens)


# --- rates -----------------------------------------------------------------------------------------------------


def in_a_second(rows):
    """The most that arrived in any second, and how many a second in all."""
    at = sorted(m["received_ms"] for m in rows)
    most = max(sum(1 for t in at[i:] if t < at[i] + 1000) for i in range(len(at)))
    return most, len(at) / max(0.001, (at[-1] - at[0]) / 1000)


def too_fast(inst, provider):
    return inst.sandbox._call("GET", "/counts")[provider]["refused"].get("429", 0)


def test_r8_two_workers_together_keep_an_accounts_rate(inst):
    """At 40 a second the last of 160 leaves three seconds after the first; by
    two workers that each kept it alone it would be one.  (That no second has
    more is test_queue_rate's: on a busy machine they do not arrive as they left.)"""
    made = make(inst, "second", "whatsapp", weight=0, per_s=40)
    inst.sandbox._call("PUT", "/whatsapp/settings", json={"mps": 1000})
    settled(inst)
    ids = [send(inst, a_phone(), provider="second") for _ in range(160)]
    first, last = ids[0], ids[-1]
    wait_until("all are sent", lambda: inst.rows(
        "SELECT COUNT(*) AS n FROM delivery WHERE notification_id BETWEEN %s AND %s AND state IN ('sent', 'delivered')",
        first, last)[0]["n"] == len(ids), 40)
    rows = [m for m in inst.sandbox._call("GET", "/messages?channel=whatsapp&limit=1000") if m.get("from") == SECOND]
    most, rate = in_a_second(rows[:160])
    print(f"WhatsApp, limit 40: {most} in a second, {rate:.1f} a second")
    assert rate < len(ids) / 2.5, (most, rate)
    inst.sandbox._call("PUT", "/whatsapp/settings", json={"mps": 80})
    owners = inst.rows("SELECT COUNT(DISTINCT version) AS n FROM provider_rate")
    assert owners and account(inst, made["id"])["sent_today"] == 160


def test_r8_expo_counts_messages_not_requests(inst):
    expo(inst, access_token="second-expo-token")
    make(inst, "app", "expo", weight=1, per_s=500)
    settled(inst)
    user, tokens = somebody(inst, 1250)
    few, _ = somebody(inst, 7)
    before = too_fast(inst, "expo")
    ids = [push(inst, user)] + [push(inst, few) for _ in range(6)]       # part-filled ones among them
    became(inst, ids[0], {"sent": 1250}, 60)
    for id_ in ids[1:]:
        became(inst, id_, {"sent": 7}, 30)
    rows = inst.sandbox._call("GET", "/messages?channel=expo&limit=2000")[:1292]
    most, rate = in_a_second(rows)
    print(f"Expo, limit 500: {most} in a second, {rate:.1f} a second")
    assert too_fast(inst, "expo") == before, (most, rate)
    assert all(len(arrived(inst, t)) == 1 for t in tokens[::100])


# --- requests at once --------------------------------------------------------------------------------------------


def holders(inst, name):
    """Who holds how many of an account's seats: {worker: seats} (queue/seat.h)."""
    rows = inst.rows("SELECT state FROM provider_seat WHERE name = %s", name)
    state = rows[0]["state"] if rows else b""
    return {state[i:i + 8]: int.from_bytes(state[i + 16:i + 18], "little") for i in range(0, len(state), 20)}


def test_r8_two_workers_together_keep_a_mailboxs_connections(inst):
    """Three are what it allows: the fourth is told 432.  Whoever ends gives back what it had."""
    make_smtp(inst, "mailbox", weight=1000, concurrency=3)
    wait_until("each has a seat", lambda: len(h := holders(inst, "mailbox")) == 2 and min(h.values()) == 1, 10)
    inst.sandbox._call("PUT", "/smtp/settings", json={"max_connections": 3})
    inst.sandbox._call("DELETE", "/counts")
    inst.sandbox.fault("smtp", "slow", after_ms=60)
    try:
        ids = [send(inst, f"{secrets.token_hex(6)}@example.org", "email", {"template": "password_changed", "title": "t"},
                    provider="mailbox") for _ in range(60)]
        most = 0

        def gone():
            nonlocal most
            most = max(most, sum(holders(inst, "mailbox").values()))
            return inst.rows("SELECT COUNT(*) AS n FROM delivery WHERE notification_id BETWEEN %s AND %s AND state = 'sent'",
                             ids[0], ids[-1])[0]["n"] == len(ids)
        wait_until("all are sent", gone, 40)
        counts = inst.sandbox.counts()["smtp"]
        # What each does with its own at a given moment is its affair; together they never pass the account's.
        assert most == 3 and counts["max_open"] <= 3 and not counts["refused"], (most, counts)
        assert {d["attempts"] for d in inst.rows("SELECT attempts FROM delivery WHERE notification_id BETWEEN %s AND %s",
                                                 ids[0], ids[-1])} == {1}
        # Neither keeps more than its own when there is nothing to do.
        wait_until("one each", lambda: sorted(holders(inst, "mailbox").values()) == [1, 1], 10)
        inst.kill("worker-2", signal.SIGTERM)
        wait_until("one has all", lambda: list(holders(inst, "mailbox").values()) == [3], 10)
        # It keeps three open; when the other is back and needs its own, those beyond its seats are ended, idle as they are.
        for _ in range(4):
            ids = [send(inst, f"{secrets.token_hex(6)}@example.org", "email", {"template": "password_changed", "title": "t"},
                        provider="mailbox") for _ in range(6)]
            wait_until("they are sent", lambda: inst.rows(
                "SELECT COUNT(*) AS n FROM delivery WHERE notification_id BETWEEN %s AND %s AND state = 'sent'", ids[0], ids[-1])[0]["n"] == 6)
            if inst.sandbox.counts()["smtp"]["open"] == 3:
                break
        assert inst.sandbox.counts()["smtp"]["open"] == 3
        inst.start("worker-2")
        wait_until("those beyond are ended", lambda: inst.sandbox.counts()["smtp"]["open"] <= 2, 10)
        wait_until("one each", lambda: sorted(holders(inst, "mailbox").values()) == [1, 1], 10)
        assert not inst.sandbox.counts()["smtp"]["refused"]
    finally:
        inst.sandbox._call("PUT", "/smtp/settings", json={"max_connections": 0})
        if not inst.pid("worker-2"):
            inst.start("worker-2")


def test_r8_who_takes_a_killed_workers_place_has_its_seats(inst):
    """However often it is killed: the dead would hold them twelve seconds each, and nobody would send meanwhile."""
    make_smtp(inst, "mailbox", weight=1000, concurrency=2)
    wait_until("each has a seat", lambda: list(holders(inst, "mailbox").values()) == [1, 1], 10)
    were = set(holders(inst, "mailbox"))
    for _ in range(6):
        inst.kill("worker-2")
        inst.start("worker-2")
        assert set(holders(inst, "mailbox")) <= were
    inst.kill("worker")     # so that only it can send, by the seat that it had
    try:
        inst.kill("worker-2")
        inst.start("worker-2")
        sent = send(inst, f"{secrets.token_hex(6)}@example.org", "email",
                    {"template": "password_changed", "title": "t"}, provider="mailbox")
        assert final(inst, sent)["state"] == "sent"
        assert set(holders(inst, "mailbox")) <= were
    finally:
        inst.start("worker")


def test_r8_a_dead_workers_seats_come_back(inst):
    make_smtp(inst, "mailbox", weight=1000, concurrency=2)
    wait_until("each has a seat", lambda: list(holders(inst, "mailbox").values()) == [1, 1], 10)
    inst.kill("worker-2")
    try:
        # Its time is over: by the clock of the row, not by waiting for it.
        wait_until("its seat is the other's", lambda: list(holders(inst, "mailbox").values()) == [2], 20)
    finally:
        inst.start("worker-2")
