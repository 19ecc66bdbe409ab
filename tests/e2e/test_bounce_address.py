"""An address of its own for what comes back about each mail: signed, and
reports without such a sign are not believed (PROVIDERS.md 6.4)."""
import json
import re

import pytest

from conftest import no_faults
from instance import Instance, wait_until
from people import an_email
from push_case import at_once

SECRET = "bounce-secret-" + "x" * 20


@pytest.fixture(scope="module")
def inst(tmp_path_factory):
    box = tmp_path_factory.mktemp("Maildir")
    for d in ("new", "cur", "tmp"):
        (box / d).mkdir()
    with Instance(conf={"GATEPOST_EMAIL_WEBHOOK_SECRET": SECRET, "GATEPOST_DSN_MAILDIR": str(box),
                        "GATEPOST_BOUNCE_ADDRESS": "bounce@gatepost.example"}) as own:
        own.box = box
        yield own
        no_faults(own)


def sent(inst):
    """A mail that was taken: to whom, its notification, and the envelope's sender as the server saw it."""
    to = an_email()
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
    assert r.status_code == 202, r.text
    mail = inst.sandbox.wait(channel="email", to=to)[0]
    task = int(r.json()["data"]["task_id"])
    wait_until("sent", lambda: delivery(inst, task)["state"] == "sent")
    return to, task, mail["envelope"]["from"]


def delivery(inst, task):
    return (inst.rows("SELECT state, reason FROM delivery WHERE notification_id = %s", task) or [{"state": None}])[0]


def barred(inst, to):
    return [r["reason"] for r in inst.rows("SELECT reason FROM suppression WHERE address_hash = UNHEX(SHA2(%s, 256))", to)]


def report(back, task, status="5.1.1"):
    """As a server sends it to the envelope's sender."""
    return (f"Delivered-To: {back}\r\nTo: {back}\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
            f"Final-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b\r\n"
            f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{task}.1@gatepost.example>\r\n\r\n--b--\r\n")


def told(inst, mail):
    r = inst.api("POST", f"/api/webhooks/email/{SECRET}/", json={"report": mail})
    assert r.status_code == 200, r.text
    return r.json()["taken"]


def test_each_mail_leaves_with_an_address_of_its_own(inst):
    (_, task, one), (_, other, two) = sent(inst), sent(inst)
    for back, id_ in ((one, task), (two, other)):
        assert re.fullmatch(rf"bounce\+{id_}\.1\.[0-9]{{3}}[0-9a-f]{{16}}@gatepost\.example", back)
        assert len(back.split("@")[0]) <= 64
    assert one.split(".")[2] != two.split(".")[2]


@pytest.mark.parametrize("by", ["callback", "mailbox"])
def test_a_report_to_it_ends_the_delivery(inst, by):
    to, task, back = sent(inst)
    if by == "callback":
        assert told(inst, report(back.upper().replace("BOUNCE", "bounce").lower(), task)) == 1
    else:
        (inst.box / "new" / "1.host").write_text(report(back, task))
        assert json.loads(inst.ctl("--json", "bounces").stdout) == {"taken": 1, "ignored": 0, "failed": 0}
    assert delivery(inst, task) == {"state": "failed", "reason": "bounced"} and barred(inst, to) == ["bounced"]


def test_a_made_up_one_is_refused(inst):
    to, task, back = sent(inst)
    _, other, mine = sent(inst)
    tag = back.split(".")[2].split("@")[0]
    own = mine.split(".")[2].split("@")[0]
    lies = [back.replace(tag, tag[:-1] + ("0" if tag[-1] != "0" else "1")),        # one digit
            back.replace(tag, own),                                                # of a mail that he did get
            back.replace(tag, f"{(int(tag[:3]) + 1) % 1000:03d}{tag[3:]}"),        # another day
            back.replace(tag, tag[:-1]), back.replace("." + tag, ""), back.replace(f"{task}.1.", f"{task}.2."), "bounce@gatepost.example"]
    for lie in lies:
        assert told(inst, report(lie, task)) == 0, lie
    # The name in what is returned proves nothing beside a sign that is not ours, either.
    assert delivery(inst, task)["state"] == "sent" and barred(inst, to) == []
    (inst.box / "new" / "2.host").write_text(report(lies[0], task))
    assert json.loads(inst.ctl("--json", "bounces").stdout) == {"taken": 0, "ignored": 1, "failed": 0}
    assert delivery(inst, other)["state"] == "sent"


def test_the_day_is_part_of_the_sign(inst):
    """Nobody gives an old one a younger day (that a right one ends after two weeks is test_channel_dsn's)."""
    to, task, back = sent(inst)
    tag = back.split(".")[2].split("@")[0]
    for day in (-1, -15, -300, 1):
        old = f"{(int(tag[:3]) + day) % 1000:03d}{tag[3:]}"
        assert told(inst, report(back.replace(tag, old), task)) == 0
    assert barred(inst, to) == []


def test_told_again_it_bars_nobody_anew(inst):
    to, task, back = sent(inst)
    got = at_once(8, lambda i: told(inst, report(back, task)))
    assert set(got) == {1} and barred(inst, to) == ["bounced"]
    row, = inst.rows("SELECT id FROM suppression WHERE address_hash = UNHEX(SHA2(%s, 256))", to)
    assert inst.api("DELETE", f"/api/suppressions/{row['id']}/", token=inst.token).status_code == 204
    assert told(inst, report(back, task)) == 1
    assert barred(inst, to) == []
    # A new mail that comes back does.
    r = inst.api("POST", "/api/communications/email/", token=inst.token, json={"to": to, "subject": "Hi", "message": "x"})
    task = int(r.json()["data"]["task_id"])
    wait_until("sent", lambda: delivery(inst, task)["state"] == "sent")
    back = inst.sandbox.messages(channel="email", to=to)[0]["envelope"]["from"]
    assert told(inst, report(back, task)) == 1 and barred(inst, to) == ["bounced"]
