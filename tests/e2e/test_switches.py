"""Every failure switch of the emulators, as data (tests/fixtures/switches.json): what the first request meets, how the
delivery ends, what the provider has; and one mailbox that fails over to the next."""
import itertools
import json
import pathlib
import re
import secrets
import time

import pytest

from conftest import no_faults
from expo_case import apps
from instance import Instance, wait_until
from people import a_phone, an_email
from push_case import new_user, subscribed
from test_accounts import SID
from test_providers import make

HERE = pathlib.Path(__file__).resolve().parent
ALL = json.loads((HERE / "../fixtures/switches.json").read_text(encoding="utf-8"))["rows"]
ROWS = [r for r in ALL if "test" not in r]
CHANNEL = {"kavenegar": "sms", "twilio": "sms", "smtp": "email", "push": "web_push", "expo": "expo", "expo_receipts": "expo",
           "whatsapp": "whatsapp"}
NAME = {"push": "webpush", "expo_receipts": "expo"}
FINAL = ("sent", "delivered", "failed", "unsure", "expired", "skipped", "cancelled", "read")


@pytest.fixture(scope="module")
def inst():
    with Instance(conf={"GATEPOST_PROVIDER_TIMEOUT_MS": "1200"}) as own:
        own.root = own.admin()
        own.sandbox._call("PUT", "/whatsapp/settings", json={"pair_ms": 0, "sent_ms": 0, "delivered_ms": 0, "read_ms": 0})
        own.sandbox._call("PUT", "/twilio/settings", json={"sent_ms": 0, "delivered_ms": 0, "others": {
            SID: {"auth_token": "second-auth-token", "numbers": ["+15005550007"]}}})
        own.sandbox._call("PUT", "/kavenegar/settings", json={"callback_url": ""})
        own.sandbox._call("PUT", "/smtp/settings", json={"idle_ms": 60})
        r = own.api("POST", "/api/admin/providers/", token=own.root, json={
            "name": "twilio-line", "kind": "twilio", "weight": 0, "settings": {"account_sid": SID, "from": "+15005550007"},
            "secrets": {"auth_token": "second-auth-token"}})
        assert r.status_code == 201, r.text
        line = f"/api/admin/providers/{r.json()['id']}/test/"

        def goes():
            got = own.api("POST", line, token=own.root, json={"to": a_phone()}, headers={"Prefer": "wait=5"}).json()
            return [d["state"] for d in got["deliveries"]] == ["sent"]
        wait_until("the worker knows the line", goes, pause=0.2)        # it reads the table each second
        own.user = new_user(own)
        own.apps = iter(apps(own, own.user, 30))
        yield own
        no_faults(own)


numbers = itertools.count(1)


def test_every_switch_has_its_row():
    source = (HERE / "../sandbox/lib/faults.js").read_text(encoding="utf-8")

    def words(name):
        return re.findall(r"'(\w+)'", re.search(rf"const {name} = \[(.*?)\]", source, re.S).group(1))
    # Those two are asked while a person waits: test_social.py.
    asked = set(words("PROVIDERS")) - {"oidc", "facebook"}
    assert {(r["provider"], r["mode"]) for r in ALL} == set(itertools.product(asked, words("MODES")))
    for r in (r for r in ALL if "test" in r):
        file, name = r["test"].split("::")
        body = (HERE / file).read_text(encoding="utf-8").split(f"\ndef {name}(")
        assert len(body) == 2 and f'"{r["mode"]}"' in body[0][-400:] + body[1].split("\ndef ")[0], r
    assert {r["fault"]["stage"] for r in ROWS if "stage" in r.get("fault", {})} == set(words("STAGES"))


def begin(inst, row, to):
    """Accepted as the queue accepts it: the id, the recipient, the device."""
    p, id_, device = row["provider"], (int(time.time() * 1000) << 20) + next(numbers), None
    content, audience = {"template": "password_changed", "title": "t"}, {}
    if p == "push":
        made, b = subscribed(inst, inst.user)
        to, device = b["info"]["endpoint"], made["id"]
    elif p in ("expo", "expo_receipts"):
        to = next(inst.apps)
        device = inst.rows("SELECT id FROM device WHERE target = %s", to)[0]["id"]
    if p in ("push", "expo", "expo_receipts"):
        content, audience = {"title": "t", "body": "b"}, {"device_ids": [str(device)]}
    else:
        audience = {"to": to, **({"provider": "twilio-line"} if p == "twilio" else {})}
    if p == "whatsapp":
        content = {"whatsapp": {"template": "hello_world", "language": "en_US"}}
    inst.rows("CALL gp_accept(%s, NULL, NULL, %s, 1, %s, '', %s, %s, NULL, NULL, NULL, NULL, 900, %s, NULL, NULL, NULL, NULL)",
              id_, "notice", CHANNEL[p], json.dumps(content), json.dumps(audience), id_ + 500000)
    return id_, to, device


def hurry(inst):
    """What waits for another try, or behind a breaker, has its time now."""
    inst.rows("UPDATE provider_state SET until_at = UTC_TIMESTAMP(6) WHERE until_at > UTC_TIMESTAMP(6)")
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE state = 0 AND kind = 2 AND run_at > UTC_TIMESTAMP(6)")


def ended(inst, row, id_):
    found = inst.rows("SELECT * FROM delivery WHERE notification_id = %s", id_)
    if not found or found[0]["state"] not in FINAL:
        hurry(inst)
        return None
    d = found[0]
    if row["state"] == "delivered" and d["state"] == "sent":
        # Asked for now, but not while somebody is asking.
        inst.rows("UPDATE receipt SET ask_at = UTC_TIMESTAMP(6) WHERE notification_id = %s AND ticket <> ''"
                  " AND ask_at > UTC_TIMESTAMP(6) + INTERVAL 30 SECOND", id_)
        return None
    return d


def begin_code(inst, row, to):
    """A code as somebody asks for it who signs up."""
    mail = "@" in to
    inst.rows("DELETE FROM throttle")
    r = inst.api("POST", "/api/auth/register/", json={"email" if mail else "phone_number": to, "password": "Str0ng-enough!"})
    assert r.status_code == 201, r.text
    id_ = wait_until("the code's row", lambda: inst.rows(
        "SELECT notification_id AS id FROM delivery WHERE target = %s OR target_hash = UNHEX(MD5(%s))", to, to)
        or inst.rows("SELECT id FROM notification WHERE audience LIKE %s", f"%{to}%"))[0]["id"]
    return id_, to, None


def walk(inst, row):
    fault = {"times": 1, **({"after_ms": 250} if row["mode"] == "slow" else {}), **row.get("fault", {})}
    name, channel = row["provider"], CHANNEL[row["provider"]]
    code = row.get("kind") == "code"
    to = an_email() if name == "smtp" else a_phone()
    if name == "kavenegar":     # which is also asked what became of others
        fault["to"] = to
    inst.sandbox.fault(name, row["mode"], **fault)
    id_, to, device = (begin_code if code else begin)(inst, row, to)
    return row, id_, to, device, channel


def judge(inst, row, id_, to, device, channel):
    try:
        d = wait_until("its end", lambda: ended(inst, row, id_), 20, 0.05)
    except AssertionError:
        raise AssertionError((row, inst.rows("SELECT state, reason, attempt_log FROM delivery WHERE notification_id = %s", id_),
                              inst.rows("SELECT * FROM job WHERE notification_id = %s", id_))) from None
    log = [json.loads(line) for line in d["attempt_log"].splitlines()]
    outcomes = [a["outcome"] for a in log if "outcome" in a]
    first = outcomes[0] if outcomes else None
    # Its patience is so short that it may hang up on a mail of its own accord: then it is the second that meets the switch.
    if row["provider"] == "smtp" and first == "retry" and row["first"] in outcomes[:2]:
        first = row["first"]
    kept = len(inst.sandbox.messages(channel=channel, to=to))
    got = {"first": first, "state": d["state"], "kept": kept}
    if device is not None:
        alive = inst.rows("SELECT is_active FROM device WHERE id = %s", device)[0]["is_active"]
        assert alive == (0 if row.get("dead") else 1), (row, got, d["reason"])
    want = {k: row[k] for k in got}
    assert got == want, (row, got, d["reason"], log)
    assert d["state"] in ("sent", "delivered") or d["reason"], row


def test_what_each_switch_does(inst):
    """Rows of one provider one after the other, those of different ones side by side."""
    queues = {}
    for row in ROWS:
        queues.setdefault(NAME.get(row["provider"], row["provider"]), []).append(row)
    wrong = []
    while any(queues.values()):
        under_way = [walk(inst, q.pop(0)) for q in queues.values() if q]
        for w in under_way:
            try:
                judge(inst, *w)
            except AssertionError as e:
                wrong.append(str(e)[:700])
        inst.sandbox.heal()
        time.sleep(0.2)     # the mail server gives up its connections: the next mail is greeted anew
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("fault", [
    {"status": 421, "stage": "greeting"}, {"status": 421, "stage": "mail"}, {"status": 454, "stage": "auth"},
    {"status": 454, "stage": "auth", "enhanced": "4.7.0"}, {"status": 432, "stage": "mail", "enhanced": "4.3.2"},
    {"status": 550, "stage": "rcpt", "enhanced": "5.4.5"}], ids=lambda f: f"{f['status']}-{f['stage']}")
def test_gmail_fails_over_to_office(inst, fault):
    """What is about the account, not about the mail, goes by the next account at once, and once."""
    inst.rows("UPDATE provider SET is_active = 0, version = version + 1 WHERE kind = 'smtp'")
    mark = secrets.token_hex(3)
    one, two = f"gmail-{mark}", f"office-{mark}"
    make(inst, one, weight=1000, daily_limit=500, settings={"preset": "gmail"})
    make(inst, two, weight=0, concurrency=3, settings={"preset": "office365"})

    def goes_by():
        id_, _, _ = begin(inst, {"provider": "smtp"}, an_email())
        return wait_until("a mail goes", lambda: inst.rows(
            "SELECT provider FROM delivery WHERE notification_id = %s AND state = 'sent'", id_), 15)[0]["provider"]
    # The worker reads the table each second, however long that takes on a busy machine.
    wait_until("the worker knows both", lambda: goes_by() == one)
    time.sleep(0.2)         # the mail server gives up its connections: the next mail is greeted anew
    inst.sandbox.fault("smtp", "status", times=1, **fault)
    row = {"provider": "smtp", "state": "sent"}
    id_, to, _ = begin(inst, row, an_email())
    d = wait_until("it is sent", lambda: (x := inst.rows(
        "SELECT * FROM delivery WHERE notification_id = %s AND state = 'sent'", id_)) and x[0], 15)
    tried = [json.loads(line)["provider"] for line in d["attempt_log"].splitlines()]
    assert len(tried) == 2 and tried[0] == one and d["provider"] == tried[1] != one, (fault, tried)
    assert len(inst.sandbox.messages(channel="email", to=to)) == 1
