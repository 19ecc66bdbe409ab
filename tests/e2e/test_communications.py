"""POST /api/communications/email/ and /sms/, and the history of them (API.md [C])."""
import secrets

import pytest

from instance import Instance, wait_until
from people import Person, a_phone, an_email, forget_limits, problem
from push_case import admin_token, at_once

EMAIL, SMS, HISTORY = (f"/api/communications/{w}/" for w in ("email", "sms", "history"))


@pytest.fixture(scope="module")
def inst():
    with Instance(conf={"GATEPOST_EMAIL_DAY": "5", "GATEPOST_SMS_DAY": "3", "GATEPOST_LIMITS_LOOPBACK": "yes"}) as own:
        yield own


@pytest.fixture(scope="module")
def sara(inst):
    return Person(inst, email=an_email(), first_name="Sara")


def mail(**more):
    return {"to": an_email(), "subject": "Hello", "message": "How are you?\nSara", **more}


def sent_mail(inst, to):
    return wait_until("the mail", lambda: inst.sandbox.messages(channel="email", to=to))


def test_a_mail_goes_and_is_in_the_history(inst, sara):
    forget_limits(inst)
    m = mail(reply_to="answers@example.com")
    r = sara.first.call("POST", EMAIL, m)
    assert r.status_code == 202 and r.json()["success"] is True and r.json()["data"]["message"], r.text
    got = sent_mail(inst, m["to"])
    assert len(got) == 1 and got[0]["subject"] == "Hello" and got[0]["text"].strip() == m["message"] and not got[0]["html"]
    assert "answers@example.com" in str(got[0]["headers"])
    row = wait_until("sent", lambda: [x for x in sara.first.call("GET", HISTORY).json()["results"] if x["status"] == "sent"])[0]
    assert row["id"] == r.json()["data"]["task_id"] and row["state"] == "sent" and row["sent_at"] and row["created_at"]
    assert (row["type"], row["recipient"], row["subject"], row["content"]) == ("email", m["to"], "Hello", m["message"])
    assert row["error_message"] is None and row["whatsapp_message_id"] is None


def test_a_users_page_is_cleaned_and_a_programs_is_not(inst, sara):
    forget_limits(inst)
    page = "<p onclick=\"x()\">Hi <b>you</b></p><script>x()</script><a href=\"javascript:x()\">l</a><img src=\"https://t.example/x\">"
    m, n = mail(html=page), mail(html=page)
    assert sara.first.call("POST", EMAIL, m).status_code == 202
    send = admin_token(inst, scopes=["send"])["token"]
    assert inst.api("POST", EMAIL, token=send, json=n).status_code == 202
    assert sent_mail(inst, m["to"])[0]["html"].strip() == "<p>Hi <b>you</b></p><a>l</a>"
    assert sent_mail(inst, n["to"])[0]["html"].strip() == page


def test_who_may(inst, sara):
    forget_limits(inst)
    for path, body in ((EMAIL, mail()), (SMS, {"to": a_phone(), "message": "Hello"})):
        problem(inst.api("POST", path, json=body), 401)
        problem(inst.api("POST", path, token=admin_token(inst, scopes=["push"])["token"], json=body), 403)
    problem(inst.api("GET", HISTORY), 401)


@pytest.mark.parametrize("field, body", [("to", mail(to="nobody")), ("to", mail(to="a@example.com, b@example.com")), ("subject", mail(subject="")),
                                         ("subject", mail(subject="a\r\nBcc: x@example.com")), ("message", mail(message="")),
                                         ("reply_to", mail(reply_to="x y"))])
def test_what_is_wrong_is_named(inst, sara, field, body):
    problem(sara.first.call("POST", EMAIL, body), 400, "invalid", field)


def test_a_repeat_is_one_and_counts_once(inst, sara):
    forget_limits(inst)
    key, m = {"Idempotency-Key": secrets.token_hex(16)}, mail()
    got = at_once(6, lambda _: sara.first.call("POST", EMAIL, m, headers=key))
    done = [r for r in got if r.status_code == 202]
    assert {r.status_code for r in got} <= {202, 409} and len({r.json()["data"]["task_id"] for r in done}) == 1
    assert sara.first.call("POST", EMAIL, m, headers=key).headers["Idempotency-Replayed"] == "true"
    problem(sara.first.call("POST", EMAIL, {**m, "subject": "Other"}, headers=key), 422, "idempotency_mismatch")
    assert [sara.first.call("POST", EMAIL, mail()).status_code for _ in range(5)] == [202] * 4 + [429]
    sent_mail(inst, m["to"])
    assert inst.rows("SELECT COUNT(*) n FROM notification WHERE audience LIKE %s", f'%{m["to"]}%')[0]["n"] == 1


def test_a_day_holds_in_parallel(inst, sara):
    forget_limits(inst)
    got = at_once(9, lambda _: sara.first.call("POST", EMAIL, mail()))
    assert sorted(r.status_code for r in got) == [202] * 5 + [429] * 4


def test_an_sms_goes_is_measured_and_paid_for(inst, sara):
    forget_limits(inst)
    to = a_phone()
    problem(sara.first.call("POST", SMS, {"to": to, "message": "س" * 269}), 400, "sms_too_long", "message")
    problem(sara.first.call("POST", SMS, {"to": "12", "message": "x"}), 400, "invalid", "to")
    r = sara.first.call("POST", SMS, {"to": to, "message": "سلام"})
    assert r.status_code == 202, r.text
    assert wait_until("the sms", lambda: inst.sandbox.messages(channel="sms", to=to))[0]["text"] == "سلام"
    paid = inst.rows("SELECT is_code, state FROM sms_charge WHERE notification_id = %s", int(r.json()["data"]["task_id"]))
    assert len(paid) == 1 and not paid[0]["is_code"]
    for _ in range(2):
        assert sara.first.call("POST", SMS, {"to": a_phone(), "message": "Hello"}).status_code == 202
    problem(sara.first.call("POST", SMS, {"to": to, "message": "one more"}), 429)


def test_what_failed_says_why(inst, sara):
    forget_limits(inst)
    bad = f"r550-5.1.1+{secrets.token_hex(4)}@example.com"
    assert sara.first.call("POST", EMAIL, mail(to=bad)).status_code == 202
    row = wait_until("failed", lambda: [x for x in sara.first.call("GET", HISTORY + "?type=email").json()["results"]
                                        if x["recipient"] == bad and x["status"] == "failed"])[0]
    assert row["state"] == "failed" and row["error_message"] == "smtp_550_5_1_1" and row["sent_at"] is None
    said = {row["reason_text"], sara.first.call("GET", HISTORY + "?type=email", headers={"Accept-Language": "fa"}).json()["results"][0]["reason_text"]}
    assert len(said) == 2 and all(" " in text for text in said), said


def test_the_history_is_ones_own_and_filtered(inst, sara):
    other = Person(inst)
    assert other.first.call("GET", HISTORY).json() == {"count": 0, "next": None, "previous": None, "results": []}
    got = sara.first.call("GET", HISTORY + "?type=sms&limit=1").json()
    assert got["count"] == 3 and got["results"][0]["type"] == "sms" and "type=sms" in got["next"]
    every = sara.first.call("GET", HISTORY + "?page_size=100").json()["results"]
    assert [int(x["id"]) for x in every] == sorted((int(x["id"]) for x in every), reverse=True)
    problem(sara.first.call("GET", HISTORY + "?type=fax"), 400, "invalid", "type")


def test_the_history_is_searched_and_ordered(inst, sara):
    def found(**asked):
        r = sara.first.call("GET", HISTORY, params={"page_size": 100, **asked})
        assert r.status_code == 200, r.text
        return r.json()
    every = found()["results"]
    assert found(ordering="created_at")["results"] == every[::-1]
    some = found(ordering="created_at", page_size=2)
    assert "ordering=created_at" in some["next"] and some["results"] == every[:-3:-1]
    statuses = {x["status"] for x in every}
    assert "failed" in statuses
    for status in ("pending", "sent", "failed"):
        assert found(status=status)["results"] == [x for x in every if x["status"] == status]
    one = next(x for x in every if x["status"] == "failed")
    assert [x["id"] for x in found(q=one["recipient"][5:20].upper())["results"]] == [one["id"]]
    assert {x["subject"] for x in found(q=every[-1]["subject"][1:])["results"]} >= {every[-1]["subject"]}
    assert found(q="zzqx-nothing") == {"count": 0, "next": None, "previous": None, "results": []}
    for field in ("status", "ordering"):
        problem(sara.first.call("GET", HISTORY, params={field: "x"}), 400, "invalid", field)
