"""Twilio as the provider of SMS and WhatsApp: sent, called back with a right
signature only, and what its codes end a message with (PROVIDERS.md 7.1)."""
import random
import secrets

import pytest

from callback_case import delivery, from_twilio, settled
from conftest import no_faults
from instance import wait_until
from people import PASSWORD, forget_limits, problem
from push_case import admin_token, at_once

PATH, SEND = "/api/webhooks/twilio/", "/api/communications/whatsapp/"


@pytest.fixture(scope="module")
def inst():
    from instance import Instance
    with Instance(conf={
            "KAVENEGAR_API_KEY": "", "WHATSAPP_ACCESS_TOKEN": "", "WHATSAPP_PHONE_NUMBER_ID": "",
            "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef", "TWILIO_AUTH_TOKEN": "sandbox-twilio-token",
            "TWILIO_PHONE_NUMBER": "+15005550006", "GATEPOST_TWILIO_WHATSAPP_FROM": "+14155238886"}) as whole:
        whole.token_send = admin_token(whole, scopes=["send"])["token"]
        yield whole
        no_faults(whole)


@pytest.fixture
def silent(inst):
    """The emulator does not call back of itself."""
    inst.sandbox._call("PUT", "/twilio/settings", json={"sent_ms": 0, "delivered_ms": 0})
    yield
    inst.sandbox._call("DELETE", "/twilio/settings")


def a_phone(ending=""):
    return "+98912" + "".join(random.choices("123456789", k=7 - len(ending))) + ending


def a_code(inst, phone):
    """A registration: its code's notification."""
    r = inst.api("POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
    assert r.status_code == 201, r.text

    def look():
        return inst.rows("SELECT notification_id AS id FROM delivery WHERE target = %s", phone)
    return wait_until("a delivery", look)[0]["id"]


def form(inst, task, status, **more):
    row = delivery(inst, task)
    return {"MessageSid": row["provider_id"], "SmsSid": row["provider_id"], "MessageStatus": status, "To": row["target"],
            "From": "+15005550006", "AccountSid": "AC0123456789abcdef0123456789abcdef", "ApiVersion": "2010-04-01", **more}


def test_a_code_by_sms_is_told_as_delivered(inst):
    phone = a_phone()
    task = a_code(inst, phone)
    assert inst.sandbox.code(phone)
    row = settled(inst, task, "delivered")
    assert row["provider"] == "twilio" and row["provider_id"].startswith("SM") and row["attempts"] == 1
    m, = inst.sandbox.messages(channel="sms", to=phone)
    assert m["payload"]["StatusCallback"] == f"{inst.url}{PATH}?d=gp-{task}-1"
    assert 60 <= int(m["payload"]["ValidityPeriod"]) <= 300
    assert inst.sandbox.counts()["twilio"]["callbacks"]["failed"] == 0
    assert row["segments"] == 1


@pytest.mark.parametrize("text, segments", [("x" * 160, 1), ("x" * 161, 2), ("سلام" * 18, 2), ("[" * 81, 2), ("😀" * 35, 1)])
def test_segments_of_an_sms_are_in_the_log(inst, text, segments):
    r = inst.api("POST", "/api/communications/sms/", token=inst.token_send, json={"to": a_phone(), "message": text})
    assert r.status_code == 202, r.text
    task = r.json()["data"]["task_id"]
    assert settled(inst, task, "sent", "delivered")["segments"] == segments
    assert inst.api("GET", f"/api/admin/deliveries/{task}-1/", token=inst.admin()).json()["segments"] == segments
    assert f"segments  {segments}\n" in inst.ctl("deliveries", f"{task}-1").stdout


@pytest.mark.parametrize("ending, reason", [("21610", "twilio_21610"), ("21614", "twilio_21614"), ("30005", "twilio_30005"),
                                            ("30007", "twilio_30007")])
def test_codes_end_it_at_once_or_by_callback(inst, ending, reason):
    row = settled(inst, a_code(inst, a_phone(ending)), "failed")
    assert row["reason"] == reason


def test_only_what_is_signed_is_taken(inst, silent):
    task = a_code(inst, a_phone())
    settled(inst, task, "sent")
    said = form(inst, task, "delivered")
    path = f"{PATH}?d=gp-{task}-1"
    for r in (inst.api("POST", path, data=said), inst.api("POST", path, data=said, headers={"X-Twilio-Signature": "x"}),
              from_twilio(inst, path, said, token="wrong"), from_twilio(inst, path, said, base="https://evil.example"),
              inst.api("POST", path, json=said, headers={"X-Twilio-Signature": "x"})):
        problem(r, 403, "bad_signature")
    signed = from_twilio(inst, path, said)
    assert signed.status_code == 200 and signed.json() == {"received": True}
    assert delivery(inst, task)["state"] == "delivered"
    # Signed for these members and this address, and no others.
    other = inst.api("POST", path, data={**said, "MessageStatus": "failed"},
                     headers={"X-Twilio-Signature": signed.request.headers["X-Twilio-Signature"]})
    problem(other, 403, "bad_signature")
    problem(inst.api("POST", f"{PATH}?d=gp-{task}-2", data=said,
                     headers={"X-Twilio-Signature": signed.request.headers["X-Twilio-Signature"]}), 403, "bad_signature")
    # However they write the port.
    host = inst.url.rsplit(":", 1)[0]
    for base in (host, host + ":443"):
        assert from_twilio(inst, path, said, base=base).status_code == 200
    # Broken: after the signature only.
    problem(inst.api("POST", path, data="a=%zz", headers={"Content-Type": "application/x-www-form-urlencoded"}), 400, "invalid_form")


def test_states_in_any_order(inst, silent):
    task = a_code(inst, a_phone())
    settled(inst, task, "sent")
    for state, want in (("queued", "sent"), ("sending", "sent"), ("delivered", "delivered"), ("sent", "delivered"),
                        ("undelivered", "delivered"), ("flying", "delivered"), ("", "delivered")):
        assert from_twilio(inst, PATH, form(inst, task, state, ErrorCode="30008")).status_code == 200
        assert delivery(inst, task)["state"] == want, state
    task = a_code(inst, a_phone())
    settled(inst, task, "sent")
    assert from_twilio(inst, PATH, form(inst, task, "canceled")).status_code == 200
    row = delivery(inst, task)
    assert (row["state"], row["reason"]) == ("failed", "twilio_canceled")


def test_d26_a_lost_answer_is_told_by_the_callback(inst):
    phone = a_phone()
    inst.sandbox.fault("twilio", "reset", times=1, to=phone)
    task = a_code(inst, phone)
    row = settled(inst, task, "delivered")
    assert row["attempts"] == 1 and row["provider_id"].startswith("SM")
    assert len(inst.sandbox.messages(channel="sms", to=phone)) == 1


def test_trouble_of_theirs_is_tried_again(inst):
    phone = a_phone()
    inst.sandbox.fault("twilio", "status", status=503, times=1, to=phone,
                       body={"code": 20503, "message": "x", "status": 503})
    row = settled(inst, a_code(inst, phone), "delivered")
    assert row["attempts"] == 2 and "twilio_20503" in row["attempt_log"]


def test_whatsapp_has_its_24_hours_here_too(inst):
    to = a_phone()
    ask = {"to": to, "message": "سلام"}

    def send():
        return inst.api("POST", SEND, token=inst.token_send, json=ask)
    problem(send(), 409, "window_closed")
    inst.sandbox._call("PUT", "/twilio/settings", json={"inbound_url": inst.url + PATH})
    assert inst.sandbox._call("POST", "/twilio/inbound", json={"from": to})["status"] == 200
    r = send()
    assert r.status_code == 202, r.text
    row = settled(inst, r.json()["data"]["task_id"], "delivered")
    assert row["provider"] == "twilio_whatsapp"
    assert inst.sandbox.messages(channel="whatsapp", to=to)[0]["text"] == "سلام"
    # They know better: 63016 closes it.
    inst.sandbox._call("PUT", "/twilio/settings", json={"window_ms": 1})
    r = send()
    assert r.status_code == 202, r.text
    assert settled(inst, r.json()["data"]["task_id"], "failed", seconds=30)["reason"] == "twilio_63016"
    problem(send(), 409, "window_closed")
    # Meta's templates are not theirs.
    r = inst.api("POST", SEND, token=inst.token_send, json={"to": a_phone(), "message_type": "template"})
    assert settled(inst, r.json()["data"]["task_id"], "failed")["reason"] == "bad_template"


# --- STOP and START (21610 and the messages of recipients) -----------------------------------------------------------------


def barred(inst, phone, channel="sms"):
    return [r["reason"] for r in inst.rows("SELECT reason FROM suppression WHERE channel = %s AND address_hash = UNHEX(SHA2(%s, 256))",
                                           channel, phone)]


def wrote(inst, phone, body, sid=None, scheme="", **more):
    """A message of the recipient's, as Twilio hands it on."""
    return from_twilio(inst, PATH, {
        "MessageSid": sid or "SM" + secrets.token_hex(16), "SmsStatus": "received", "From": scheme + phone,
        "To": scheme + "+15005550006", "Body": body, "AccountSid": "AC0123456789abcdef0123456789abcdef",
        "ApiVersion": "2010-04-01", "NumMedia": "0", **more})


def test_21610_bars_the_number_until_start(inst):
    phone = a_phone("21610")
    settled(inst, a_code(inst, phone), "failed")
    assert barred(inst, phone) == ["stopped"]
    forget_limits(inst)
    inst.rows("DELETE FROM delivery WHERE target = %s", phone)
    row = settled(inst, a_code(inst, phone), "skipped")     # not asked of the provider again, and the caller is told nothing
    assert row["reason"] == "suppressed"
    assert wrote(inst, phone, "START").status_code == 200
    assert barred(inst, phone) == []


@pytest.mark.parametrize("scheme, channel", [("", "sms"), ("whatsapp:", "whatsapp")])
def test_stop_and_start_in_words_of_theirs(inst, scheme, channel):
    phone = a_phone()
    for body, more, want in (("Stop it please", {}, []), ("STOP", {}, ["stopped"]), ("help", {}, ["stopped"]), (" start ", {}, []),
                             ("quit.", {}, ["stopped"]), ("x", {"OptOutType": "START"}, []), ("halt", {"OptOutType": "STOP"}, ["stopped"]),
                             ("yes", {"OptOutType": "HELP"}, ["stopped"])):
        assert wrote(inst, phone, body, scheme=scheme, **more).status_code == 200
        assert barred(inst, phone, channel) == want, body


def test_a_word_that_comes_twice_counts_once(inst):
    phone, stop, start = a_phone(), "SM" + secrets.token_hex(16), "SM" + secrets.token_hex(16)
    got = at_once(8, lambda i: wrote(inst, phone, "STOP", stop))
    assert {r.status_code for r in got} == {200} and barred(inst, phone) == ["stopped"]
    assert wrote(inst, phone, "START", start).status_code == 200
    # Told again after it was taken back: by them, or by who kept a copy.
    assert wrote(inst, phone, "STOP", stop).status_code == 200
    assert barred(inst, phone) == []
    got = at_once(6, lambda i: wrote(inst, phone, ("STOP", "START")[i % 2]))
    last, = inst.rows("SELECT is_out FROM opt_word WHERE address_hash = UNHEX(SHA2(%s, 256))", phone)
    assert {r.status_code for r in got} == {200} and barred(inst, phone) == (["stopped"] if last["is_out"] else [])


def test_what_is_not_signed_bars_nobody(inst):
    phone = a_phone()
    form_ = {"MessageSid": "SM" + "0" * 32, "SmsStatus": "received", "From": phone, "To": "+15005550006", "Body": "STOP"}
    problem(inst.api("POST", PATH, data=form_), 403, "bad_signature")
    assert barred(inst, phone) == []


def test_start_leaves_what_others_said(inst):
    phone = a_phone()
    r = inst.api("POST", "/api/suppressions/", token=inst.admin(), json={"channel": "sms", "address": phone, "reason": "blocked"})
    assert r.status_code == 201, r.text
    for body in ("STOP", "START"):
        assert wrote(inst, phone, body).status_code == 200
    assert barred(inst, phone) == ["blocked"]
