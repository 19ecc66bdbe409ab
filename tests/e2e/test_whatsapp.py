"""WhatsApp: who may send, the 24 hours, what the provider says and calls back
(API.md [C], PROVIDERS.md 4)."""
import secrets

import pytest

from conftest import module_instance
from people import Person, a_phone, forget_limits, problem
from push_case import admin_token, at_once

SEND = "/api/communications/whatsapp/"


inst = module_instance(conf={"GATEPOST_LIMITS_LOOPBACK": "yes", "GATEPOST_WHATSAPP_DAY": "3"})


@pytest.fixture(scope="module")
def sara(inst):
    return Person(inst).bearer()


@pytest.fixture(scope="module")
def program(inst):
    return admin_token(inst, scopes=["send"])["token"]


def send(inst, token, to=None, key=None, **body):
    return inst.api("POST", SEND, token=token, json={"to": to or a_phone(), **body},
                    headers={"Idempotency-Key": key} if key else None)


def accepted(r):
    assert r.status_code == 202, r.text
    body = r.json()
    assert body["success"] is True and set(body["data"]) == {"message", "task_id"}
    assert r.headers["Location"].endswith(f"/api/notifications/{body['data']['task_id']}/")
    return body["data"]["task_id"]


def rows_of(inst, task):
    return inst.rows("SELECT * FROM notification WHERE id = %s", int(task))


# --- who may, and how often --------------------------------------------------------------------


def test_a_proved_user_sends_a_template_by_default_hello_world(inst, sara):
    forget_limits(inst)
    to = a_phone()
    n, = rows_of(inst, accepted(send(inst, sara.access, to, message_type="template")))
    assert (n["type"], n["channel"], n["user_id"] is not None) == ("communication", "whatsapp", True)
    assert '"hello_world"' in n["content"] and '"en_US"' in n["content"] and to in n["audience"]


def test_who_may_send(inst, sara, program):
    forget_limits(inst)
    accepted(send(inst, program, message_type="template"))
    accepted(send(inst, inst.admin(), message_type="template"))
    push = admin_token(inst, scopes=["push"])["token"]
    problem(send(inst, push, message_type="template"), 403, "scope_required")
    problem(send(inst, None, message_type="template"), 401, "sign_in_required")
    claim = Person(inst)
    inst.rows("UPDATE session SET claim = TRUE WHERE user_id = %s", claim.id)
    assert claim.first.with_refresh("/api/auth/token/refresh/").status_code == 200
    problem(send(inst, claim.first.access, message_type="template"), 403, "not_verified")


def test_free_text_outside_the_24_hours_names_the_template_way(inst, sara):
    forget_limits(inst)
    p = problem(send(inst, sara.access, message="Hello"), 409, "window_closed")
    assert "template" in p["detail"] and p["success"] is False and p["error"]
    problem(send(inst, sara.access, message_type="text"), 400, field="message")
    # What was refused counts against nobody's day.
    for _ in range(3):
        accepted(send(inst, sara.access, message_type="template"))
    problem(send(inst, sara.access, message_type="template"), 429, "rate_limited")
    forget_limits(inst)


def test_the_days_number_is_exact_and_a_users_own(inst, sara, program):
    forget_limits(inst)
    other = Person(inst).bearer()
    got = [r.status_code for r in at_once(6, lambda _: send(inst, sara.access, message_type="template"))]
    assert sorted(got) == [202] * 3 + [429] * 3
    accepted(send(inst, other.access, message_type="template"))
    for _ in range(5):
        accepted(send(inst, program, message_type="template"))
    forget_limits(inst)


def test_r12_the_same_key_twice_and_at_once_is_one_message(inst, sara):
    forget_limits(inst)
    key, to = secrets.token_hex(16), a_phone()
    answers = at_once(3, lambda _: send(inst, sara.access, to, key, message_type="template"))
    assert len({accepted(r) for r in answers}) == 1
    again = send(inst, sara.access, to, key, message_type="template")
    assert accepted(again) == answers[0].json()["data"]["task_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    problem(send(inst, sara.access, a_phone(), key, message_type="template"), 422, "idempotency_mismatch")
    # One of the day's three.
    for _ in range(2):
        accepted(send(inst, sara.access, message_type="template"))
    problem(send(inst, sara.access, message_type="template"), 429)
    forget_limits(inst)


@pytest.mark.parametrize("body, field", [
    ({"to": "nobody"}, "to"), ({"template": "Hello World"}, "template"), ({"language": "english"}, "language"),
    ({"parameters": ["two\nlines"]}, "parameters"), ({"parameters": ["a     b"]}, "parameters"),
    ({"parameters": [""]}, "parameters"), ({"parameters": "x"}, "parameters"), ({"parameters": {"A B": "x"}}, "parameters"),
    ({"parameters": [5]}, "parameters"), ({"parameters": ["x"] * 51}, "parameters"), ({"message_type": "image"}, "message_type")])
def test_what_a_template_cannot_be(inst, sara, body, field):
    forget_limits(inst)
    problem(send(inst, sara.access, **{"message_type": "template", **body}), 400, field=field)
