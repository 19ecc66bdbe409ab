"""Bounces: what comes back about a mail ends its delivery; by callback and by mailbox (issue 4, item 1; PROVIDERS.md 6)."""
import concurrent.futures
import json
import os
import secrets
import subprocess

import pytest

from instance import Instance, wait_until
from people import PASSWORD, a_phone, an_email, problem
from push_case import at_once

SECRET = "bounce-secret-" + "x" * 20
PATH = f"/api/webhooks/email/{SECRET}/"


@pytest.fixture(scope="module")
def inst(tmp_path_factory):
    box = tmp_path_factory.mktemp("Maildir")
    for d in ("new", "cur", "tmp"):
        (box / d).mkdir()
    with Instance(conf={"GATEPOST_EMAIL_WEBHOOK_SECRET": SECRET, "GATEPOST_DSN_MAILDIR": str(box)}) as own:
        own.box = box
        yield own


def sent(inst):
    """A mail that was taken: its address, Message-ID and notification."""
    to = an_email()
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
    assert r.status_code == 202, r.text
    mail = wait_until("the mail", lambda: inst.sandbox.messages(channel="email", to=to))[0]
    task = int(r.json()["data"]["task_id"])
    wait_until("sent", lambda: delivery(inst, task)["state"] == "sent")
    return to, f"<{task}.1@gatepost.example>", task, mail


def delivery(inst, task):
    rows = inst.rows("SELECT state, reason, attempt_log FROM delivery WHERE notification_id = %s", task)
    return rows[0] if rows else {"state": None}


def barred(inst, to):
    return [r["reason"] for r in inst.rows("SELECT reason FROM suppression WHERE channel = 'email' AND address_hash ="
                                           " UNHEX(SHA2(%s, 256))", to.lower())]


def report(message_id, action="failed", status="5.1.1", to="someone@else.example"):
    return (f"Return-Path: <>\r\nTo: bounce@gatepost.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n"
            f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {to}\r\n"
            f"Action: {action}\r\nStatus: {status}\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
            f"Message-ID: {message_id}\r\nSubject: Hi\r\n\r\n--b--\r\n")


def post(inst, body):
    return inst.api("POST", PATH, json=body if isinstance(body, dict) else {"report": body})


def test_a_report_ends_the_delivery_once(inst):
    to, name, task, _ = sent(inst)
    for _ in range(2):
        r = post(inst, report(name))
        assert r.status_code == 200 and r.json() == {"received": True, "taken": 1, "ignored": 0}, r.text
    got = delivery(inst, task)
    assert (got["state"], got["reason"]) == ("failed", "bounced") and got["attempt_log"].count("bounced") == 1
    # Not the one that the report names: anybody could write that.
    assert barred(inst, to) == ["bounced"] and barred(inst, "someone@else.example") == []


@pytest.mark.parametrize("action, status, state, reason", [
    ("failed", "5.2.2", "failed", "bounce_soft"), ("failed", "4.4.1", "failed", "bounce_soft"),
    ("delivered", "2.0.0", "delivered", ""), ("delayed", "4.4.1", "sent", ""), ("failed", "5.1.10", "failed", "bounced")])
def test_by_action_and_status(inst, action, status, state, reason):
    to, name, task, _ = sent(inst)
    assert post(inst, report(name, action, status)).status_code == 200
    got = delivery(inst, task)
    assert (got["state"], got["reason"]) == (state, reason)


def test_events_as_json(inst):
    a, b, c = sent(inst), sent(inst), sent(inst)
    r = post(inst, {"events": [{"event": "bounce", "message_id": a[1], "status": "5.1.1", "more": 1},
                               {"event": "complaint", "message_id": b[1]}, {"event": "bounce", "message_id": c[1][1:-1]},
                               {"event": "opened", "message_id": a[1]}, {"event": "bounce", "message_id": "<1@x>"}, 7]})
    assert r.json() == {"received": True, "taken": 3, "ignored": 3}
    assert delivery(inst, a[2])["reason"] == "bounced"
    assert delivery(inst, b[2])["state"] == "delivered"
    assert delivery(inst, c[2])["reason"] == "bounce_soft"


def test_in_parallel_and_out_of_order(inst):
    to, name, task, _ = sent(inst)
    got = at_once(8, lambda i: post(inst, report(name, *(("failed", "5.1.1") if i % 2 else ("delayed", "4.4.1")))))
    assert {r.status_code for r in got} == {200}
    assert delivery(inst, task)["state"] == "failed"
    assert post(inst, report(name, "delivered", "2.0.0")).status_code == 200
    assert delivery(inst, task)["state"] == "failed"


def test_nobody_without_the_secret(inst):
    _, name, task, _ = sent(inst)
    problem(inst.api("POST", f"/api/webhooks/email/{'y' * len(SECRET)}/", json={"report": report(name)}), 404, "not_found")
    problem(inst.api("POST", PATH, data=b"{", headers={"Content-Type": "application/json"}), 400, "invalid_json")
    problem(inst.api("POST", PATH, data=b"x", headers={"Content-Type": "text/plain"}), 415)
    assert post(inst, "no mail at all").json()["ignored"] == 1
    assert delivery(inst, task)["state"] == "sent"


def test_the_mailbox_is_read_once(inst):
    (to, name, task, _), (_, other, late, _) = sent(inst), sent(inst)
    new = inst.box / "new"
    (new / "1.host").write_text(report(name))
    (new / "2.host").write_text(report(other, status="5.2.2"))
    (new / "3.host").write_text("Subject: Re: Hi\r\n\r\nThank you.\r\n")
    got = json.loads(inst.ctl("--json", "bounces").stdout)
    assert got == {"taken": 2, "ignored": 1, "failed": 0}
    assert sorted(os.listdir(inst.box / "cur")) == ["1.host:2,S", "2.host:2,S", "3.host:2,S"] and not os.listdir(new)
    assert delivery(inst, task)["reason"] == "bounced"
    assert delivery(inst, late)["reason"] == "bounce_soft"
    assert json.loads(inst.ctl("--json", "bounces").stdout) == {"taken": 0, "ignored": 0, "failed": 0}


def test_a_mail_stays_in_the_mailbox_while_the_database_is_away(inst):
    _, name, task, _ = sent(inst)
    (inst.box / "new" / "4.host").write_text(report(name))
    inst.kill("db")
    try:
        problem(post(inst, report(name)), 503)
        done = inst.ctl("--json", "bounces", check=False)
        assert done.returncode == 1 and os.listdir(inst.box / "new") == ["4.host"]
    finally:
        inst.start("db")
    wait_until("the database", lambda: inst.ctl("--json", "bounces", check=False).returncode == 0, 30)
    assert delivery(inst, task)["reason"] == "bounced" and not os.listdir(inst.box / "new")


# --- bare addresses and the suppression list ---------------------------------------------------------------------------


def bar(inst, channel, address, reason):
    r = inst.api("POST", "/api/suppressions/", token=inst.token, json={"channel": channel, "address": address, "reason": reason})
    assert r.status_code == 201, r.text
    return r.json()["id"]


def last_to(inst, address):
    """The newest delivery to it, once it is final."""
    def look():
        rows = inst.rows("SELECT d.state, d.reason, d.attempt_log, n.id FROM delivery d JOIN notification n ON n.id ="
                         " d.notification_id WHERE d.target = %s ORDER BY n.id DESC LIMIT 1", address)
        return rows[0] if rows and rows[0]["state"] != "queued" else None
    return wait_until(f"a final delivery to {address}", look)


def register(inst, to):
    who = {"email": to} if "@" in to else {"phone_number": to}
    return inst.api("POST", "/api/auth/register/", json={**who, "password": PASSWORD})


@pytest.mark.parametrize("reason, code, mail", [("unsubscribed", True, False), ("bounced", False, False), ("complained", False, False),
                                                ("blocked", False, False), ("stopped", False, False), ("no_marketing", True, True),
                                                ("ads_blocked", True, False)])
def test_what_each_word_bars_of_a_bare_address(inst, reason, code, mail):
    to, free = an_email(), an_email()
    bar(inst, "email", to.upper(), reason)
    # Who asks is told the same, barred or not (S20).
    a, b = register(inst, to), register(inst, free)
    assert a.status_code == b.status_code == 201 and a.json().keys() == b.json().keys()
    assert last_to(inst, free)["state"] == "sent"
    row = last_to(inst, to)
    assert (row["state"], row["reason"]) == (("sent", "") if code else ("skipped", "suppressed"))
    assert code or f'"suppressed_by":"{reason}"' in row["attempt_log"]
    assert len(inst.sandbox.messages(channel="email", to=to)) == code
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
    assert r.status_code == 202
    task = int(r.json()["data"]["task_id"])
    wait_until("final", lambda: delivery(inst, task)["state"] not in (None, "queued"))
    assert (delivery(inst, task)["state"], delivery(inst, task)["reason"]) == (("sent", "") if mail else ("skipped", "suppressed"))


def test_the_operators_word_is_shown_and_lifting_lets_it_through(inst):
    phone = a_phone()
    one = bar(inst, "sms", phone, "stopped")
    assert register(inst, phone).status_code == 201
    row = last_to(inst, phone)
    assert (row["state"], row["reason"]) == ("skipped", "suppressed") and not inst.sandbox.messages(channel="sms", to=phone)
    story = inst.api("GET", f"/api/admin/deliveries/{row['id']}-1/", token=inst.token).json()
    assert [t.get("suppressed_by") for t in story["timeline"] if t["event"] == "attempt"] == ["stopped"]
    assert story["reason_text"]
    bar(inst, "sms", a_phone(), "stopped")
    up = inst.api("GET", "/api/suppressions/?page_size=1&ordering=created_at", token=inst.token).json()
    down = inst.api("GET", "/api/suppressions/?page_size=1&ordering=-created_at", token=inst.token).json()
    assert up["results"][0]["created_at"] < down["results"][0]["created_at"] and "&ordering=created_at" in up["next"]
    # Another channel of the same number is not barred by it; and nothing once it is lifted.
    assert inst.api("DELETE", f"/api/suppressions/{one}/", token=inst.token).status_code == 204
    other = a_phone()
    bar(inst, "whatsapp", other, "stopped")
    assert register(inst, other).status_code == 201
    assert last_to(inst, other)["state"] == "sent"


def test_explain_says_whose_word_it_is(inst):
    to = an_email()
    bar(inst, "email", to, "complained")
    said = inst.api("POST", "/api/notifications/explain/", token=inst.token, json={
        "email": to, "title": "T", "body": "b", "channels": ["email"]})
    assert said.status_code == 200, said.text
    way, = [w for w in said.json()["results"][0]["channels"] if w["channel"] == "email"]
    assert (way["outcome"], way["reason"], way["suppressed_by"]) == ("skip", "suppressed", "complained")


def test_what_waits_is_looked_at_again_before_it_leaves(inst):
    """Planned for later, and in the meantime the address bounced."""
    to = an_email()
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
    inst.sandbox.wait(channel="email", to=to)
    task = int(r.json()["data"]["task_id"])
    wait_until("sent", lambda: delivery(inst, task)["state"] == "sent")
    inst.sandbox.fault("smtp", "status", status=451, times=1)
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "y"})
    late = int(r.json()["data"]["task_id"])
    wait_until("tried once", lambda: (delivery(inst, late).get("attempt_log") or "").count("smtp_451") == 1)
    assert post(inst, report(f"<{task}.1@gatepost.example>")).status_code == 200
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", late)
    wait_until("final", lambda: delivery(inst, late)["state"] != "queued")
    assert (delivery(inst, late)["state"], delivery(inst, late)["reason"]) == ("skipped", "suppressed")
    assert len(inst.sandbox.messages(channel="email", to=to)) == 1


def test_a_mailbox_that_the_server_refuses_for_good_is_barred(inst):
    to = f"r550-5.1.1+{secrets.token_hex(4)}@example.com"
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
    task = int(r.json()["data"]["task_id"])
    wait_until("failed", lambda: delivery(inst, task)["state"] == "failed")
    assert delivery(inst, task)["reason"] == "smtp_550_5_1_1" and barred(inst, to) == ["bounced"]
    soft = f"r550-5.7.1+{secrets.token_hex(4)}@example.com"
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": soft, "subject": "Hi", "message": "x"})
    task = int(r.json()["data"]["task_id"])
    wait_until("failed", lambda: delivery(inst, task)["state"] == "failed")
    assert barred(inst, soft) == []


def test_many_refused_one_after_the_other_stop_nobody(inst):
    """The server is there and says no: whoever mistypes addresses, or makes them up, holds up no other's mail."""
    tasks = []
    for n in range(7):
        to = f"r550-5.1.1+{secrets.token_hex(4)}@example.com"
        r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
        tasks.append(int(r.json()["data"]["task_id"]))
        wait_until("failed", lambda: delivery(inst, tasks[-1])["state"] == "failed")
    assert inst.rows("SELECT state, reason FROM provider_state WHERE name = 'smtp' AND state <> 'closed'") == []
    sent(inst)


def test_a_mailbox_that_is_full_for_a_week_is_barred(inst):
    """Three in a row, the first a week ago: nobody reads it any more.  One that was taken in between begins anew."""
    def send(to):
        r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
        task = int(r.json()["data"]["task_id"])
        wait_until("final", lambda: delivery(inst, task)["state"] not in (None, "queued"))
        assert (delivery(inst, task)["state"], delivery(inst, task)["reason"]) == ("failed", "smtp_552_5_2_2")
        return task
    full, once = (f"r552-5.2.2+{secrets.token_hex(4)}@Example.com" for _ in range(2))
    for to in (full, once):
        first, second = send(to), send(to)
        inst.rows("UPDATE delivery SET updated_at = updated_at - INTERVAL 8 DAY WHERE notification_id IN (%s, %s)", first, second)
        assert barred(inst, to.lower()) == []
    inst.rows("UPDATE delivery SET state = 'sent' WHERE notification_id = %s", second)
    send(full), send(once)
    assert barred(inst, full.lower()) == ["bounced"] and barred(inst, once.lower()) == []


# --- a server that hangs up -----------------------------------------------------------------------------------------------


def a_mail(inst):
    to = an_email()
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
    assert r.status_code == 202, r.text
    return to, int(r.json()["data"]["task_id"])


def once(inst, to, task):
    """Sent, and there once; whatever it waited for is due."""
    def look():
        inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s AND state = 0", task)
        return delivery(inst, task)["state"] == "sent"
    wait_until("sent", look)
    got, = inst.sandbox.messages(channel="email", to=to)
    assert got["duplicate_of"] is None
    assert not inst.rows("SELECT 1 FROM job WHERE notification_id = %s", task)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_server_that_hangs_up_in_the_middle(inst, stage):
    once(inst, *a_mail(inst))       # the connection is kept
    inst.sandbox.fault("smtp", "status", status=421, stage=stage, times=1)
    once(inst, *a_mail(inst))
    once(inst, *a_mail(inst))


def test_a_list_is_brought_along(inst):
    """Each entry by itself: added once, refused by its place; in any form of an address."""
    a, b, phone = f"i{secrets.token_hex(5)}@example.com", f"i{secrets.token_hex(5)}@example.com", "+98935" + str(secrets.randbelow(10 ** 7)).zfill(7)

    def bring(entries, **more):
        return inst.api("POST", "/api/suppressions/import/", token=inst.token, json={"entries": entries, **more})
    entries = [{"address": a.upper().replace("EXAMPLE.COM", "example.com")}, {"address": "nobody"}, {"address": "0" + phone[3:]},
               {"channel": "whatsapp", "address": phone, "reason": "no_marketing"}, {"channel": "sms", "address": b},
               {"address": b, "reason": "bounced"}, {"address": b, "reason": "because"}, {"address": a}, {}, 7, {"channel": "fax", "address": a}]
    r = bring(entries)
    assert r.status_code == 200, r.text
    assert r.json() == {"added": 4, "known": 1, "refused": [
        {"index": i, "field": f} for i, f in ((1, "address"), (4, "address"), (6, "reason"), (8, "address"), (9, "address"), (10, "channel"))]}
    assert bring(entries).json()["added"] == 0
    found = [(x["channel"], x["reason"]) for where in (a, b, phone) for x in inst.api(
        "GET", "/api/suppressions/", token=inst.token, params={"address": where}).json()["results"]]
    assert sorted(found) == [("email", "blocked"), ("email", "bounced"), ("sms", "blocked"), ("whatsapp", "no_marketing")]
    assert [json.loads(x["detail"]) for x in inst.rows("SELECT detail FROM audit WHERE event = 'suppression_import' ORDER BY id LIMIT 1")] == [
        {"entries": 5, "added": 4}]
    for bad in ([], {}, "x", [{"address": a}] * 1001):
        assert bring(bad).status_code == 400
    assert bring([{"address": a}], more=1).status_code == 400
    # Ten at once bring each address once.
    many = [{"address": f"m{i}-{secrets.token_hex(4)}@example.com"} for i in range(20)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        got = list(pool.map(lambda _: bring(many).json(), range(6)))
    assert sum(g["added"] for g in got) == 20 and all(g["added"] + g["known"] == 20 for g in got)
