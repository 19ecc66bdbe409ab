"""What became of messages that Expo accepted: receipts, asked for until a day has passed."""
import json

import pytest

from expo_case import alive, app, arrived, ask_now, became, calm, expo, one, push, somebody  # noqa: F401
from instance import wait_until


def receipts_of(inst, made):
    return inst.rows("SELECT COUNT(*) n FROM receipt WHERE notification_id = %s", made)[0]["n"]


def test_receipts_end_what_tickets_began(inst):
    words = ["DeviceNotRegistered", "MessageTooBig", "MismatchSenderId", "InvalidCredentials", "DeveloperError", "-"]
    user, tokens = somebody(inst, 8)
    expo(inst, receipts=dict(zip(tokens, words)))
    made = push(inst, user)
    became(inst, made, "sent")
    assert receipts_of(inst, made) == 8
    # Not before its time (15 minutes).
    after = inst.rows("SELECT MIN(TIMESTAMPDIFF(SECOND, sent_at, ask_at)) n FROM receipt WHERE notification_id = %s", made)
    assert after[0]["n"] == 900
    ask_now(inst, made)
    rows = {r["token"]: r for r in became(inst, made, {"delivered": 2, "failed": 6})}
    assert [rows[t]["reason"] for t in tokens] == [
        "device_not_registered", "payload_too_large", "expo_mismatch_sender", "expo_invalid_credentials",
        "expo_developer_error", "expo_refused", "", ""]
    assert [alive(inst, t) for t in tokens] == [0] + [1] * 7        # R10
    assert receipts_of(inst, made) == 0
    last = json.loads(rows[tokens[0]]["attempt_log"].splitlines()[-1])
    assert last["answer"] == {"receipt": "error", "error": "DeviceNotRegistered"}


def test_r10_a_device_that_came_back_meanwhile_stays(inst):
    user, (token,) = somebody(inst)
    expo(inst, receipts={token: "DeviceNotRegistered"})
    made = push(inst, user)
    one(inst, made, "sent")
    app(inst, user, token)
    ask_now(inst, made)
    one(inst, made, "failed", "device_not_registered")
    assert alive(inst, token)


def test_a_receipt_may_ask_for_another_try(inst):
    user, (slow, bad) = somebody(inst, 2)
    expo(inst, receipts={slow: "MessageRateExceeded", bad: "ExpoError"})
    made = push(inst, user)
    became(inst, made, "sent")
    ask_now(inst, made)
    rows = became(inst, made, "queued")
    assert {r["reason"] for r in rows} == {"expo_rate_exceeded", "expo_error"}
    waits = inst.rows("SELECT device_id, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6), run_at) s FROM job"
                      " WHERE notification_id = %s", made)
    assert sorted(w["s"] > 30 for w in waits) == [False, True]
    expo(inst, receipts={bad: "ExpoError"})
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", made)
    became(inst, made, "sent", 30)
    ask_now(inst, made)
    rows = {r["token"]: r for r in became(inst, made, {"delivered": 1, "failed": 1})}
    assert rows[bad]["reason"] == "expo_error" and rows[bad]["attempts"] == 2
    assert [len(arrived(inst, t)) for t in (slow, bad)] == [2, 2]
    assert receipts_of(inst, made) == 0


def test_a_receipt_that_never_comes_is_closed_in_a_day(inst):
    user, (token,) = somebody(inst)
    expo(inst, silent=[token])
    made = push(inst, user)
    one(inst, made, "sent")
    for asked, at in enumerate((1800, 3600, 4 * 3600, 12 * 3600, 23 * 3600, None), 1):
        ask_now(inst, made)
        row = wait_until("the next time", lambda: inst.rows(
            "SELECT TIMESTAMPDIFF(SECOND, sent_at, ask_at) s FROM receipt WHERE notification_id = %s AND asked = %s"
            " AND claim = 0", made, asked))
        assert row[0]["s"] == at
    assert inst.rows("SELECT TIMESTAMPDIFF(HOUR, sent_at, ends_at) h FROM receipt WHERE notification_id = %s", made) == [{"h": 24}]
    inst.rows("UPDATE receipt SET ends_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", made)
    inst.restart("worker")          # it looks for old rows once a minute, and when it begins
    wait_until("it is closed", lambda: receipts_of(inst, made) == 0)
    one(inst, made, "sent", "no_receipt")
    assert alive(inst, token)


def test_read_meanwhile_it_stays_read(inst):
    user, (token,) = somebody(inst)
    made = push(inst, user)
    one(inst, made, "sent")
    inst.rows("UPDATE delivery SET state = 'read' WHERE notification_id = %s", made)
    ask_now(inst, made)
    wait_until("its receipt is done", lambda: receipts_of(inst, made) == 0)
    one(inst, made, "read")


def test_a_worker_killed_between_ticket_and_receipt_loses_none(inst):
    user, tokens = somebody(inst, 3)
    made = push(inst, user)
    became(inst, made, "sent")
    inst.kill("worker")
    ask_now(inst, made)
    inst.start("worker")
    became(inst, made, "delivered")
    # Killed while it asks: asked for again, when the claim has run out.
    made = push(inst, user)
    became(inst, made, "sent")
    inst.sandbox._call("DELETE", "/counts")
    inst.sandbox.fault("expo_receipts", "hang")
    ask_now(inst, made)
    wait_until("the request", lambda: inst.sandbox.counts()["expo_receipts"]["parallel"] > 0)
    inst.kill("worker")
    inst.sandbox.heal()
    assert receipts_of(inst, made) == 3
    inst.start("worker")
    ask_now(inst, made)
    became(inst, made, "delivered")
    assert [len(arrived(inst, t)) for t in tokens] == [2, 2, 2]


@pytest.mark.parametrize("fault", [{"mode": "status", "status": 503}, {"mode": "status", "status": 429, "retry_after": 90},
                                   {"mode": "garbage"}, {"mode": "reset"}])
def test_no_answer_about_receipts_changes_nothing(inst, fault):
    user, (token,) = somebody(inst)
    made = push(inst, user)
    one(inst, made, "sent")
    inst.sandbox.fault("expo_receipts", **fault)
    inst.sandbox._call("DELETE", "/counts")
    ask_now(inst, made)
    wait_until("it is put off", lambda: inst.sandbox.counts()["expo_receipts"]["requests"] and inst.rows(
        "SELECT 1 FROM receipt WHERE notification_id = %s AND claim = 0 AND asked = 0", made))
    if fault.get("retry_after"):
        left = inst.rows("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6), ask_at) s FROM receipt"
                         " WHERE notification_id = %s", made)
        assert left[0]["s"] > 80
    one(inst, made, "sent")
    assert alive(inst, token)
    inst.sandbox.heal()
    inst.restart("worker")          # who waits as long as it was told
    ask_now(inst, made)
    one(inst, made, "delivered")
