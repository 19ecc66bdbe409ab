"""Twilio as the provider of SMS and WhatsApp: sent, called back with a right
signature only, and what its codes end a message with (PROVIDERS.md 7.1)."""
import random

import pytest

from callback_case import delivery, from_twilio, settled
from conftest import no_faults
from instance import wait_until
from people import PASSWORD, problem
from push_case import admin_token

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
