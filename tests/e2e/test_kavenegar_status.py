"""Kavenegar is asked what became of an SMS where no callback came
(PROVIDERS.md 1.5, 1.7)."""
import pytest

from callback_case import settled
from conftest import module_instance
from instance import wait_until
from people import PASSWORD, a_phone


inst = module_instance()


def a_code(inst):
    phone = a_phone()
    r = inst.api("POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
    assert r.status_code == 201, r.text
    row, = wait_until("a delivery", lambda: inst.rows("SELECT notification_id AS id FROM delivery WHERE target = %s", phone))
    settled(inst, row["id"], "sent")
    return row["id"], inst.rows("SELECT provider_id AS p FROM delivery WHERE notification_id = %s", row["id"])[0]["p"]


def ask_now(inst, task):
    assert inst.rows("SELECT 1 FROM receipt WHERE notification_id = %s", task)
    inst.rows("UPDATE receipt SET ask_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", task)


@pytest.mark.parametrize("status, state, reason", [
    (10, "delivered", ""), (6, "failed", "kavenegar_state_6"), (11, "failed", "kavenegar_state_11"),
    (13, "failed", "kavenegar_state_13"), (14, "failed", "kavenegar_state_14")])
def test_asked_for_it_says_what_became_of_it(inst, status, state, reason):
    task, messageid = a_code(inst)
    inst.sandbox._call("POST", "/kavenegar/status", json={"messageid": int(messageid), "status": status})
    ask_now(inst, task)
    row = settled(inst, task, state)
    assert (row["reason"], row["provider_id"]) == (reason, messageid)
    assert row["segments"] == 1     # their template's text, by their answer
    assert not inst.rows("SELECT 1 FROM receipt WHERE notification_id = %s", task)
    assert inst.rows("SELECT reason FROM suppression WHERE address_hash = UNHEX(SHA2(%s, 256))", row["target"]) == (
        [{"reason": "ads_blocked"}] if status == 14 else [])


def test_not_final_is_asked_for_again(inst):
    task, messageid = a_code(inst)
    inst.sandbox._call("POST", "/kavenegar/status", json={"messageid": int(messageid), "status": 4})
    ask_now(inst, task)
    wait_until("it was asked", lambda: inst.rows("SELECT 1 FROM receipt WHERE notification_id = %s AND asked = 1", task))
    inst.sandbox._call("POST", "/kavenegar/status", json={"messageid": int(messageid), "status": 10})
    ask_now(inst, task)
    settled(inst, task, "delivered")


def test_trouble_of_theirs_changes_nothing(inst):
    task, messageid = a_code(inst)
    inst.sandbox._call("POST", "/kavenegar/status", json={"messageid": int(messageid), "status": 10})
    inst.sandbox.fault("kavenegar", "status", status=409, times=1)
    ask_now(inst, task)
    wait_until("it was asked", lambda: inst.rows("SELECT 1 FROM receipt WHERE notification_id = %s AND claim = 0"
                                                 " AND ask_at > UTC_TIMESTAMP(6) + INTERVAL 60 SECOND", task))
    settled(inst, task, "sent")
