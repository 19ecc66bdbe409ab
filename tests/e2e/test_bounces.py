"""Bounces: what comes back about a mail ends its delivery; by callback and by mailbox (issue 4, item 1; PROVIDERS.md 6)."""
import json
import os
import secrets
import subprocess

import pytest

from instance import Instance, wait_until
from people import an_email, problem
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
