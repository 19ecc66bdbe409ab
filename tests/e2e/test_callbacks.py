"""What providers call with: signed, late, twice, out of order, unknown
(PROVIDERS.md 1.8, 4.5, 7.1; D26)."""
import itertools
import json
import secrets

import pytest

from callback_case import (WHATSAPP, deliveries, delivery, from_meta, from_twilio, hub, settled, status, value)
from conftest import no_faults
from instance import wait_until
from people import Person, a_phone, forget_limits, problem
from push_case import admin_token, at_once

SEND = "/api/communications/whatsapp/"


@pytest.fixture(scope="module")
def inst():
    from instance import Instance
    with Instance(workers=2) as whole:
        whole.token_send = admin_token(whole, scopes=["send"])["token"]
        yield whole
        no_faults(whole)


def send(inst, to=None, **body):
    r = inst.api("POST", SEND, token=inst.token_send, json={"to": to or a_phone(), "message_type": "template", **body})
    assert r.status_code == 202, r.text
    return r.json()["data"]["task_id"]


@pytest.fixture
def sent(inst):
    """A message that the provider took: its task and its id there."""
    task = send(inst)
    return task, settled(inst, task, "sent")["provider_id"]


def taken(r):
    assert r.status_code == 200 and r.json() == {"received": True}, r.text


# --- WhatsApp ----------------------------------------------------------------------------------


def test_verification_by_the_word(inst):
    ask = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "sandbox-whatsapp-verify"}
    r = inst.api("GET", WHATSAPP, params=ask)
    assert (r.status_code, r.text) == (200, "1158201444") and r.headers["Content-Type"].startswith("text/plain")
    for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}):
        problem(inst.api("GET", WHATSAPP, params={**ask, **wrong}), 403, "bad_signature")
    problem(inst.api("GET", WHATSAPP), 403, "bad_signature")
    problem(inst.api("GET", WHATSAPP, params={**ask, "hub.challenge": "<script>"}), 400)


def test_only_what_is_signed_over_its_bytes_is_read(inst, sent):
    task, wamid = sent
    doc = json.dumps(value(statuses=[status(wamid, "delivered")])).encode()
    # Meta's own example (PROVIDERS.md 4.5).
    assert hub(b'{"object":"whatsapp_business_account","entry":[]}', "app-secret-0123456789abcdef") == \
        "sha256=1f1ddaf60129a405dae511085a1277c94455b2d955e1986bf5048cac89765e87"
    for headers in ({}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": hub(doc, "x")},
                    {"X-Hub-Signature-256": hub(doc)[:-1]}, {"X-Hub-Signature-256": hub(doc) + "0"},
                    {"X-Hub-Signature-256": hub(doc)[7:]}, {"X-Hub-Signature-256": hub(doc + b" ")},
                    {"X-Hub-Signature": hub(doc)}, {"X-Hub-Signature-256": "sha1=" + "0" * 40}):
        problem(inst.api("POST", WHATSAPP, data=doc, headers={"Content-Type": "application/json", **headers}),
                403, "bad_signature")
    assert delivery(inst, task)["state"] == "sent"
    # Broken and unsigned: the signature is looked at first.  Broken and signed is 400.
    problem(inst.api("POST", WHATSAPP, data=b"{", headers={"Content-Type": "application/json"}), 403, "bad_signature")
    problem(from_meta(inst, b"{"), 400, "invalid_json")
    taken(from_meta(inst, doc))
    assert delivery(inst, task)["state"] == "delivered"


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
def test_a_state_never_goes_backwards(inst, order):
    task = send(inst)
    wamid = settled(inst, task, "sent")["provider_id"]
    best = 1
    for state in order:
        for _ in range(2):
            taken(from_meta(inst, value(statuses=[status(wamid, state)])))
            best = max(best, ["", "sent", "delivered", "read"].index(state))
            assert delivery(inst, task)["state"] == ["", "sent", "delivered", "read"][best]
    taken(from_meta(inst, value(statuses=[status(wamid, "failed", errors=[{"code": 131049}])])))
    row = delivery(inst, task)
    assert (row["state"], row["reason"]) == ("read", "")


def test_a_failure_has_its_code(inst, sent):
    task, wamid = sent
    taken(from_meta(inst, value(statuses=[status(wamid, "failed", errors=[{"code": 131049, "title": "x"}])])))
    row = delivery(inst, task)
    assert (row["state"], row["reason"]) == ("failed", "whatsapp_131049")
    last = json.loads(row["attempt_log"].splitlines()[-1])
    assert (last["provider"], last["callback"], last["reason"]) == ("whatsapp", "failed", "whatsapp_131049")
    taken(from_meta(inst, value(statuses=[status(wamid, "delivered")])))
    assert delivery(inst, task)["state"] == "failed"


def test_all_at_once_end_in_the_latest(inst):
    for _ in range(5):
        task = send(inst)
        wamid = settled(inst, task, "sent")["provider_id"]
        states = ["sent", "delivered", "read"] * 3
        for r in at_once(9, lambda i: from_meta(inst, value(statuses=[status(wamid, states[i])]))):
            taken(r)
        row = delivery(inst, task)
        assert row["state"] == "read"
        said = [json.loads(line).get("callback") for line in row["attempt_log"].splitlines()]
        assert said.count("read") == 1 and said.count("delivered") <= 1


def test_what_is_earlier_than_our_own_commit_waits_for_it(inst):
    """The webhook is faster than the worker: by the id it says nothing to anybody yet."""
    task = send(inst)
    row = settled(inst, task, "sent")
    wamid = row["provider_id"]
    # As it was a moment before the commit.
    inst.rows("UPDATE delivery SET state = 'queued', provider_id = '', sent_at = NULL WHERE notification_id = %s", int(task))
    taken(from_meta(inst, value(statuses=[status(wamid, "delivered"), status(wamid, "sent")])))
    assert delivery(inst, task)["state"] == "queued"
    assert len(inst.rows("SELECT * FROM callback WHERE provider_id = %s", wamid)) == 2
    inst.rows("UPDATE delivery SET state = 'sent', provider_id = %s WHERE notification_id = %s", wamid, int(task))
    settled(inst, task, "delivered")
    wait_until("nothing is kept", lambda: not inst.rows("SELECT * FROM callback WHERE provider_id = %s", wamid))


def test_d26_an_answer_that_was_lost_is_told_by_the_callback(inst):
    """The request left, the answer did not come: unsure, and then the truth, by the name that travelled along."""
    to = a_phone()
    inst.sandbox.fault("whatsapp", "reset", times=1, to=to)
    task = send(inst, to)
    row = settled(inst, task, "unsure")
    assert row["provider_id"] == ""
    m, = inst.sandbox.messages(channel="whatsapp", to=to)
    name = m["payload"]["biz_opaque_callback_data"]
    assert name == f"gp-{task}-1"
    taken(from_meta(inst, value(statuses=[status(m["provider_id"], "sent", biz_opaque_callback_data=name)])))
    row = delivery(inst, task)
    assert (row["state"], row["provider_id"]) == ("sent", m["provider_id"]) and row["sent_at"]
    # Another message's id under that name changes nothing.
    taken(from_meta(inst, value(statuses=[status("wamid.other", "read", biz_opaque_callback_data=name)])))
    assert delivery(inst, task)["state"] == "sent"
    assert len(inst.sandbox.messages(channel="whatsapp", to=to)) == 1     # never sent again


def test_ids_differ_by_case(inst, sent):
    task, wamid = sent
    taken(from_meta(inst, value(statuses=[status(wamid.swapcase(), "read")])))
    assert delivery(inst, task)["state"] == "sent"


@pytest.mark.parametrize("doc", [
    {}, [], 5, "x", {"entry": {}}, {"entry": [5, None, {"changes": 7}, {"changes": [None, {"field": 3}]}]},
    value(statuses={"a": 1}), value(statuses=[None, 5, {}]), value(messages=[None, {}, {"from": 5, "timestamp": {}}]),
    value(statuses=[status("", "read")]), value(statuses=[status("x" * 500, "read")]), value(statuses=[status("wamid.x", "flying")]),
    value(statuses=[status("wamid.nobody", "read", biz_opaque_callback_data="gp-99-1")]),
    value(statuses=[status("wamid.nobody", "failed", errors={"code": "x"})]),
    value(messages=[{"from": "not a number", "timestamp": "1750000000", "type": "text"}]),
    value(messages=[{"from": "16505551234", "timestamp": "99999999999999999999", "type": "text"}]),
    value(contacts=[{"user_id": "US.1"}], messages=[{"timestamp": "1750000000", "type": "text"}]),
    {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "message_template_status_update", "value": {
        "event": "PAUSED", "message_template_name": "x\n\u202e"}}]}]},
    # As large as they say it may be: 3 MB.
    value(contacts=["x" * 1000] * 2900)])
def test_whatever_is_signed_is_taken(inst, doc):
    taken(from_meta(inst, doc))


def test_a_flood_of_strangers_is_let_go(inst):
    """The same number may serve another system: its ids are not ours, and go."""
    ids = [f"wamid.{secrets.token_hex(8)}" for _ in range(50)]
    taken(from_meta(inst, value(statuses=[status(i, "delivered") for i in ids])))
    inst.rows("UPDATE callback SET received_at = received_at - INTERVAL 1 HOUR, next_at = UTC_TIMESTAMP(6)")
    wait_until("nothing is kept", lambda: not inst.rows("SELECT 1 FROM callback WHERE notification_id = 0"))


# --- the 24 hours ---------------------------------------------------------------------------------


def windows(inst, to):
    return inst.rows("SELECT * FROM whatsapp_contact WHERE contact = %s", to.lstrip("+"))


def test_a_message_of_theirs_opens_24_hours_and_is_not_kept(inst):
    to, said = a_phone(), f"my-secret-{secrets.token_hex(8)}"
    inst.sandbox._call("PUT", "/whatsapp/settings", json={"webhook_url": inst.url + WHATSAPP, "delivered_ms": 0, "sent_ms": 0})
    try:
        assert inst.sandbox._call("POST", "/whatsapp/inbound", json={"from": to, "text": said})["status"] == 200
        row, = windows(inst, to)
        assert row["user_id"] == 0
        task = send(inst, to, message_type="text", message="سلام")
        assert settled(inst, task, "sent")["reason"] == ""
        n, = inst.rows("SELECT * FROM notification WHERE id = %s", int(task))
        assert (n["expires_at"] - n["created_at"]).total_seconds() <= 86400 - 60
        # Nothing but its time is anywhere: not in a table, not in a log.
        for table in ("whatsapp_contact", "callback", "notification", "delivery"):
            for r in inst.rows(f"SELECT * FROM {table}"):
                assert said not in repr(r)
        assert said not in inst.log("api") + inst.log("worker")
        # Earlier news, told late or again, open nothing more; a time ahead of ours is now.
        inst.rows("UPDATE whatsapp_contact SET last_in_at = UTC_TIMESTAMP(6) - INTERVAL 86341 SECOND WHERE contact = %s", to[1:])
        problem(inst.api("POST", SEND, token=inst.token_send, json={"to": to, "message": "x"}), 409, "window_closed")
        old = int(row["last_in_at"].timestamp()) - 200000
        taken(from_meta(inst, value(messages=[{"from": to[1:], "id": "wamid.old", "timestamp": str(old), "type": "text"}])))
        problem(inst.api("POST", SEND, token=inst.token_send, json={"to": to, "message": "x"}), 409, "window_closed")
        taken(from_meta(inst, value(messages=[{"from": to[1:], "id": "wamid.new", "timestamp": "4000000000", "type": "reaction"}])))
        row, = inst.rows("SELECT last_in_at <= UTC_TIMESTAMP(6) AS past FROM whatsapp_contact WHERE contact = %s", to[1:])
        assert row["past"]
        send(inst, to, message_type="text", message="again")
    finally:
        inst.sandbox._call("DELETE", "/whatsapp/settings")
        inst.sandbox._call("PUT", "/whatsapp/settings", json={"webhook_url": ""})


def test_a_status_opens_nothing_and_131047_closes(inst):
    to = a_phone()
    task = send(inst, to)
    wamid = settled(inst, task, "sent")["provider_id"]
    taken(from_meta(inst, value(statuses=[status(wamid, "delivered", recipient_id=to[1:])])))
    assert not windows(inst, to)
    taken(from_meta(inst, value(messages=[{"from": to[1:], "id": "wamid.a", "timestamp": "4000000000", "type": "text"}])))
    task = send(inst, to, message_type="text", message="x")
    # Not open at the provider: it refuses, and the next is refused here.
    row = settled(inst, task, "failed", seconds=30)
    assert row["reason"] == "whatsapp_131047"
    problem(inst.api("POST", SEND, token=inst.token_send, json={"to": to, "message": "x"}), 409, "window_closed")
    taken(from_meta(inst, value(messages=[{"from": to[1:], "id": "wamid.b", "timestamp": "4000000000", "type": "text"}])))
    assert inst.api("POST", SEND, token=inst.token_send, json={"to": to, "message": "x"}).status_code == 202


def test_s72_a_persons_contact_is_exported_and_goes_with_the_account(inst):
    p = Person(inst)
    taken(from_meta(inst, value(messages=[{"from": p.phone[1:], "id": "wamid.p", "timestamp": "4000000000", "type": "text"}])))
    row, = windows(inst, p.phone)
    assert row["user_id"] == p.id
    r = p.bearer().call("GET", "/api/auth/export/")
    assert r.status_code == 200 and any(c["contact"] == p.phone[1:] for c in r.json()["whatsapp_contact"]), r.text[:300]
    r = p.bearer().call("DELETE", "/api/auth/account/", json={"password": p.password})
    assert r.status_code in (200, 202, 204), r.text
    assert not windows(inst, p.phone)


# --- the pair limit -----------------------------------------------------------------------------------


def too_often(inst):
    return [r for r in inst.sandbox._call("GET", "/refusals") if "too many messages" in r["reason"]]


def test_one_per_6_s_a_pair_whichever_worker_sends(inst):
    """Two workers, five messages to one number: the strict emulator never refuses one, and none is lost."""
    to, before = a_phone(), too_often(inst)
    other = send(inst, a_phone())
    tasks = [send(inst, to) for _ in range(3)]
    settled(inst, other, "sent")
    for t in tasks:
        assert settled(inst, t, "sent", seconds=60)["attempts"] == 1
    got = sorted(m["received_ms"] for m in inst.sandbox.messages(channel="whatsapp", to=to))
    assert len(got) == 3
    assert all(b - a > 5900 for a, b in zip(got, got[1:])), got
    assert too_often(inst) == before


def test_read_there_takes_back_the_rest(inst):
    """Read on WhatsApp: the SMS that would follow never leaves; delivered alone takes nothing back."""
    p = Person(inst)

    def tell():
        r = inst.api("POST", "/api/notifications/", token=inst.token_send, json={
            "user_id": p.id, "title": "T", "body": "b", "channels": ["in_app"], "escalate": [{"channel": "sms", "after_s": 3600}]})
        assert r.status_code == 202, r.text
        return r.json()["id"]
    id_ = tell()
    rows = wait_until("planned", lambda: (lambda x: x if len(x) == 2 else None)(deliveries(inst, id_)))
    step = next(d for d in rows if d["channel"] == "sms")
    assert step["state"] == "queued"
    # A third row, as if WhatsApp had taken it too.
    wamid = "wamid." + secrets.token_hex(12)
    inst.rows("INSERT INTO delivery (notification_id, seq, user_id, channel, target_hash, target, provider, state, provider_id, created_at,"
              " sent_at, updated_at) VALUES (%s, 9, %s, 'whatsapp', UNHEX(MD5('x')), %s, 'whatsapp', 'sent', %s, UTC_TIMESTAMP(6),"
              " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", int(id_), p.id, p.phone, wamid)
    taken(from_meta(inst, value(statuses=[status(wamid, "delivered")])))
    assert next(d for d in deliveries(inst, id_) if d["channel"] == "sms")["state"] == "queued"
    got = at_once(6, lambda i: from_meta(inst, value(statuses=[status(wamid, "read")])))
    assert {r.status_code for r in got} == {200}
    after = {d["channel"]: (d["state"], d["reason"]) for d in deliveries(inst, id_)}
    assert after["sms"] == ("cancelled", "read_elsewhere") and after["whatsapp"][0] == "read"
    assert not inst.rows("SELECT 1 FROM job WHERE notification_id = %s", int(id_))


def barred(inst, channel, address):
    return [r["reason"] for r in inst.rows("SELECT reason FROM suppression WHERE channel = %s AND address_hash = UNHEX(SHA2(%s, 256))",
                                           channel, address)]


def preference(inst, to, word, at, category="marketing_messages"):
    doc = value(user_preferences=[{"wa_id": to[1:], "detail": "x", "category": category, "value": word, "timestamp": at}])
    doc["entry"][0]["changes"][0]["field"] = "user_preferences"
    return from_meta(inst, doc)


def test_131050_bars_campaigns_and_nothing_else(inst):
    to = a_phone()
    task = send(inst, to)
    wamid = settled(inst, task, "sent")["provider_id"]
    for _ in range(2):
        taken(from_meta(inst, value(statuses=[status(wamid, "failed", errors=[{"code": 131050, "title": "x"}])])))
    assert delivery(inst, task)["reason"] == "whatsapp_131050" and barred(inst, "whatsapp", to) == ["no_marketing"]
    settled(inst, send(inst, to), "sent")
    # He takes it back in the app; an older word, and one of another kind, change nothing.
    taken(preference(inst, to, "resume", 1750000100))
    assert barred(inst, "whatsapp", to) == []
    taken(preference(inst, to, "stop", 1750000000))
    taken(preference(inst, to, "stop", 1750000200, category="reminders"))
    taken(preference(inst, to, "perhaps", 1750000300))
    assert barred(inst, "whatsapp", to) == []
    taken(preference(inst, to, "stop", "1750000400"))
    taken(preference(inst, to, "resume", 1750000350))
    assert barred(inst, "whatsapp", to) == ["no_marketing"]
    got = at_once(6, lambda i: preference(inst, to, ("stop", "resume")[i % 2], 1750000500 + i))
    assert {r.status_code for r in got} == {200}
    assert barred(inst, "whatsapp", to) == []       # the last of them said resume, whichever came first
    r = preference(inst, to, "stop", 1750001000)
    taken(r)
    problem(inst.api("POST", WHATSAPP, data=r.request.body, headers={"Content-Type": "application/json"}), 403, "bad_signature")


def test_stop_by_message_or_button_bars_all_but_what_guards_the_account(inst):
    to = a_phone()
    for n, (body, want) in enumerate([({"type": "text", "text": {"body": "please stop that"}}, []),
                                      ({"type": "text", "text": {"body": "Stop"}}, ["unsubscribed"]),
                                      ({"type": "text", "text": {"body": "yes"}}, ["unsubscribed"]),
                                      ({"type": "text", "text": {"body": "start"}}, []),
                                      ({"type": "button", "button": {"payload": "STOP", "text": "No more"}}, ["unsubscribed"])]):
        taken(from_meta(inst, value(messages=[{"from": to[1:], "id": f"wamid.{n}", "timestamp": str(1750000000 + n), **body}])))
        assert barred(inst, "whatsapp", to) == want, body
    row = settled(inst, send(inst, to), "skipped")
    assert row["reason"] == "suppressed"
    # The preference of the app and the word in the chat are two: START takes back both, and "resume" but its own.
    taken(preference(inst, to, "stop", 1750000100))
    taken(preference(inst, to, "resume", 1750000200))
    assert barred(inst, "whatsapp", to) == ["unsubscribed"]


def test_a_template_that_is_not_there_stops_nobody(inst):
    """Any proved user may name one: it is his message that fails, not the channel of everybody's codes."""
    for task in [send(inst, template="no_such_template") for _ in range(3)]:
        row = settled(inst, task, "failed")
        assert "whatsapp_132001" in row["attempt_log"] and row["attempts"] == 1, row
    assert inst.rows("SELECT name, reason FROM provider_state WHERE name LIKE '%%whatsapp' AND state <> 'closed'") == []
    settled(inst, send(inst), "sent")


def test_a_number_that_is_not_on_whatsapp_is_barred_until_it_writes(inst):
    to = a_phone()
    task = send(inst, to)
    wamid = settled(inst, task, "sent")["provider_id"]
    taken(from_meta(inst, value(statuses=[status(wamid, "failed", errors=[{"code": 131026, "title": "x"}])])))
    assert barred(inst, "whatsapp", to) == ["bounced"] and barred(inst, "sms", to) == []
    assert settled(inst, send(inst, to), "skipped")["reason"] == "suppressed"
    taken(from_meta(inst, value(messages=[{"from": to[1:], "id": "wamid.n", "timestamp": "1750000000", "type": "text"}])))
    assert barred(inst, "whatsapp", to) == []
    settled(inst, send(inst, to), "sent")


def test_the_digit_that_comes_and_goes(inst):
    """Brazil: kept with the 9, told without it."""
    whole = "+5511" + "9" + "".join(secrets.choice("123456789") for _ in range(8))
    taken(preference(inst, whole[:5] + whole[6:], "stop", 1750000000))
    assert barred(inst, "whatsapp", whole) == ["no_marketing"]


# --- Kavenegar -------------------------------------------------------------------------------------------


def kavenegar(inst, secret=None):
    return f"/api/webhooks/kavenegar/{secret or inst.settings['GATEPOST_KAVENEGAR_SECRET']}/"


def an_sms(inst):
    """A notice by SMS that the provider took."""
    task = 10**17 + secrets.randbelow(10**16)
    inst.rows("INSERT INTO notification (id, type, class, channel, content, audience, created_at, expires_at, planned_at, total)"
              " VALUES (%s, 'notice', 1, 'sms', '{}', '{}', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 1)", task)
    inst.rows("INSERT INTO delivery (notification_id, seq, channel, target_hash, target, provider, state, provider_id, created_at,"
              " sent_at, updated_at) VALUES (%s, 1, 'sms', UNHEX(MD5(%s)), '+989121234567', 'kavenegar', 'sent', %s,"
              " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", task, str(task), str(task))
    return task


@pytest.mark.parametrize("how", ["get", "form", "form and query"])
def test_kavenegar_calls_with_a_secret(inst, how):
    task = an_sms(inst)
    said = {"messageid": str(task), "status": "10"}
    ask = {"get": lambda path: inst.api("GET", path, params=said), "form": lambda path: inst.api("POST", path, data=said),
           "form and query": lambda path: inst.api("POST", path, params={"messageid": said["messageid"]}, data={"status": "10"})}[how]
    problem(ask(kavenegar(inst, "x" * 48)), 404, "not_found")
    problem(ask(kavenegar(inst, inst.settings["GATEPOST_KAVENEGAR_SECRET"][:-1])), 404, "not_found")
    assert delivery(inst, task)["state"] == "sent"
    taken(ask(kavenegar(inst)))
    assert delivery(inst, task)["state"] == "delivered"


@pytest.mark.parametrize("code, state, reason", [
    (1, "sent", ""), (2, "sent", ""), (4, "sent", ""), (5, "sent", ""), (6, "failed", "kavenegar_state_6"), (10, "delivered", ""),
    (11, "failed", "kavenegar_state_11"), (13, "failed", "kavenegar_state_13"), (14, "failed", "kavenegar_state_14"),
    (50, "sent", ""), (100, "sent", "")])
def test_kavenegars_states(inst, code, state, reason):
    task = an_sms(inst)
    for _ in range(2):
        taken(inst.api("POST", kavenegar(inst), data={"messageid": task, "status": code}))
    row = delivery(inst, task)
    assert (row["state"], row["reason"]) == (state, reason)
    # Never backwards.
    taken(inst.api("POST", kavenegar(inst), data={"messageid": task, "status": 4}))
    assert delivery(inst, task)["state"] == state
    # 14: he takes no advertising; codes go by another way, and still come.
    assert barred(inst, "sms", delivery(inst, task)["target"]) == (["ads_blocked"] if code == 14 else [])
    inst.rows("DELETE FROM suppression WHERE channel = 'sms'")


def test_kavenegars_nonsense(inst):
    taken(inst.api("POST", kavenegar(inst), data={"messageid": "77", "status": "10"}))      # nobody's: fine
    for form in ({}, {"messageid": "x", "status": "10"}, {"messageid": "1"}, {"messageid": "1", "status": "-1"},
                 {"messageid": "1", "status": "99999999999999999999"}):
        problem(inst.api("POST", kavenegar(inst), data=form), 400, "bad_request")
    problem(inst.api("POST", kavenegar(inst), data="messageid=%zz&status=1",
                     headers={"Content-Type": "application/x-www-form-urlencoded"}), 400, "invalid_form")


# --- the database gone under those that are let in ---------------------------------------------------------


def test_without_the_database_they_are_told_to_call_again(inst):
    task, wamid = (lambda t: (t, settled(inst, t, "sent")["provider_id"]))(send(inst))
    inst.kill("db")
    try:
        problem(from_meta(inst, value(statuses=[status(wamid, "delivered")])), 503)
        problem(inst.api("POST", kavenegar(inst), data={"messageid": "77", "status": "10"}), 503)
        problem(from_twilio(inst, "/api/webhooks/twilio/", {"MessageSid": "SM" + "0" * 32, "MessageStatus": "sent"}), 503)
    finally:
        inst.start("db")
    inst.ready()
    wait_until("the call is taken", lambda: from_meta(inst, value(statuses=[status(wamid, "delivered")])).status_code == 200)
    assert delivery(inst, task)["state"] == "delivered"
