"""Messages to apps by Expo: tokens, many in one request, tickets, and what is lost in between."""
import json

import pytest

from expo_case import AT, a_token, alive, app, arrived, became, calm, expo, one, push, somebody  # noqa: F401
from instance import wait_until
from push_case import at_once, new_user, word


# --- tokens ------------------------------------------------------------------------------------

def test_a_token_is_of_whoever_registered_it_last(inst):
    a, b, token = new_user(inst), new_user(inst), a_token()
    app(inst, a, token, device_type="ios")
    app(inst, b, token)
    row, = inst.rows("SELECT user_id, device_type FROM device WHERE target = %s", token)
    assert row == {"user_id": b["id"], "device_type": "android"}
    r = inst.api("POST", AT + "remove/", token=a["token"], json={"token": token})
    assert r.json()["deleted"] is False and alive(inst, token)
    assert inst.api("POST", AT + "test/", token=a["token"]).json()["success"] is False
    assert inst.api("POST", AT + "test/", token=b["token"]).json()["sent_to"] == 1


def test_registered_by_many_at_once_it_is_one(inst):
    user, token = new_user(inst), a_token()
    got = at_once(12, lambda i: inst.api("POST", AT, token=user["token"], json={"token": token}))
    assert {r.status_code for r in got} == {200}
    assert [r.json()["created"] for r in got].count(True) == 1
    assert inst.rows("SELECT COUNT(*) n FROM device WHERE target = %s", token)[0]["n"] == 1


def test_r12_a_test_is_sent_once_a_key(inst):
    user, key = new_user(inst), {"Idempotency-Key": word() * 2}
    token = app(inst, user)
    got = at_once(6, lambda i: inst.api("POST", AT + "test/", token=user["token"], headers=key))
    assert {r.status_code for r in got} <= {200, 202}, [r.text for r in got]
    again = inst.api("POST", AT + "test/", token=user["token"], headers=key)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json()["sent_to"] == 1
    assert len(arrived(inst, token)) == 1


# --- many in one request -------------------------------------------------------------------------

def test_a_hundred_go_in_one_request_and_untouched(inst):
    user, tokens = somebody(inst, 250)
    inst.sandbox._call("DELETE", "/counts")
    data = {"orderId": "7", "deep": {"a": [1, None, "ی"]}, "n": 1.5}
    made = push(inst, user, data=data, channel_id="orders")
    rows = became(inst, made, "sent")
    counts = inst.sandbox.counts()["expo"]
    assert counts["requests"] == counts["accepted"] == 3 and counts["max_parallel"] <= 6
    # Each row has the ticket of its own token.
    for row in rows:
        m, = arrived(inst, row["token"])
        assert m["provider_id"] == row["provider_id"] and row["attempts"] == 1
        assert m["payload"]["data"] == data and m["payload"]["channelId"] == "orders"
        assert row["target"].endswith("...]") and row["token"] not in json.dumps(row["attempt_log"])
    assert {r["token"] for r in rows} == set(tokens)


def test_r10_a_ticket_takes_only_its_own_device(inst):
    user, tokens = somebody(inst, 7)
    expo(inst, tickets={tokens[0]: "DeviceNotRegistered", tokens[1]: "MessageTooBig", tokens[2]: "-",
                        tokens[3]: "DeveloperError"})
    rows = {r["token"]: r for r in became(inst, push(inst, user), {"sent": 3, "failed": 4})}
    assert [rows[t]["reason"] for t in tokens[:4]] == [
        "device_not_registered", "payload_too_large", "expo_refused", "expo_developer_error"]
    assert [alive(inst, t) for t in tokens] == [0, 1, 1, 1, 1, 1, 1]
    # Registered again it lives again.
    app(inst, user, tokens[0])
    assert alive(inst, tokens[0])


def test_a_retried_ticket_goes_again_by_itself(inst):
    user, tokens = somebody(inst, 3)
    expo(inst, tickets={tokens[1]: "MessageRateExceeded", tokens[2]: "ProviderError"})
    made = push(inst, user)
    became(inst, made, {"sent": 1, "queued": 1, "failed": 1}, 30)
    expo(inst, tickets={})
    rows = {r["token"]: r for r in became(inst, made, {"sent": 2, "failed": 1}, 40)}
    assert rows[tokens[2]]["reason"] == "expo_provider_error" and rows[tokens[2]]["attempts"] == 2
    assert [len(arrived(inst, t)) for t in tokens] == [1, 1, 0]


@pytest.mark.parametrize("lie", ["reorder", "short", "unreadable"])
def test_answers_that_do_not_fit_are_nobody_s(inst, lie):
    """Position is the one link to a ticket: where it cannot be trusted no state is guessed, nothing is sent again,
    and a device goes only when the ticket names it."""
    user, tokens = somebody(inst, 6)       # an even number: reversed, no ticket keeps its place
    expo(inst, lie=lie, tickets={tokens[0]: "DeviceNotRegistered"})
    made = push(inst, user)
    rows = {r["token"]: r for r in became(inst, made, {"unsure": 5, "failed": 1} if lie == "reorder" else "unsure")}
    assert [alive(inst, t) for t in tokens] == ([0] if lie == "reorder" else [1]) + [1] * 5
    assert rows[tokens[4]]["reason"] == ("expo_tickets_mixed" if lie == "reorder" else "expo_unreadable")
    assert [len(arrived(inst, t)) for t in tokens] == [0] + [1] * 5


def test_r8_429_stops_all_for_as_long_as_it_says(inst):
    user, tokens = somebody(inst, 150)
    inst.sandbox.fault("expo", "status", status=429, times=1, retry_after=3)
    made = push(inst, user)
    became(inst, made, "sent", 30)
    early = inst.rows("SELECT COUNT(*) n FROM delivery WHERE notification_id = %s AND attempts > 1"
                      " AND sent_at < created_at + INTERVAL 3 SECOND", made)
    assert early[0]["n"] == 0
    assert all(len(arrived(inst, t)) == 1 for t in tokens)
    assert all(alive(inst, t) for t in tokens[:3])


def test_one_bad_message_fails_alone(inst):
    user, tokens = somebody(inst, 60)
    inst.sandbox.fault("expo", "status", status=400, to=tokens[17])
    rows = {r["token"]: r for r in became(inst, push(inst, user), {"sent": 59, "failed": 1}, 30)}
    bad = rows[tokens[17]]
    assert (bad["reason"], bad["attempts"]) == ("expo_validation", 1)
    assert all(len(arrived(inst, t)) == 1 for t in tokens if t != tokens[17])
    assert alive(inst, tokens[17])


def test_each_project_has_its_own_request(inst):
    user, tokens = somebody(inst, 30)
    expo(inst, projects={t: "@other/app" for t in tokens[::3]} | {tokens[1]: "@third/app"})
    became(inst, push(inst, user), "sent", 30)
    assert all(len(arrived(inst, t)) == 1 for t in tokens)


def test_a_refused_credential_holds_all_until_it_is_right(inst):
    user, tokens = somebody(inst, 2)
    inst.sandbox.fault("expo", "status", status=403)
    made = push(inst, user)
    wait_until("the breaker", lambda: inst.rows("SELECT 1 FROM provider_state WHERE name = 'expo' AND state = 'open'"
                                                " AND reason = 'expo_unauthorized'"))
    assert not any(arrived(inst, t) for t in tokens)
    became(inst, made, "queued")
    inst.sandbox.heal()

    def later():
        # What the worker still had in hand may close it once more.
        inst.rows("UPDATE provider_state SET state = 'closed', until_at = NULL WHERE name = 'expo'")
        inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s AND state = 0", made)
        return all(arrived(inst, t) for t in tokens)
    wait_until("they arrived", later, 40)
    became(inst, made, "sent")


def test_s74_no_code_goes_by_expo(inst):
    user, (token,) = somebody(inst)
    one(inst, push(inst, user, type="code"), "failed", "never_by_expo")
    assert not arrived(inst, token)


def test_an_expired_one_is_not_sent(inst):
    user, (token,) = somebody(inst)
    inst.sandbox.fault("expo", "status", status=503)
    made = push(inst, user, life_s=3)
    row, = became(inst, made, "expired", 20)
    assert row["reason"] and not arrived(inst, token)


def test_r1_a_worker_killed_under_a_request_for_many_sends_none_twice(inst):
    user, tokens = somebody(inst, 20)
    inst.sandbox.fault("expo", "hang")      # in however many requests they go
    made = push(inst, user)
    wait_until("they arrived", lambda: all(arrived(inst, t) for t in tokens))
    inst.kill("worker")
    inst.sandbox.heal()
    inst.rows("UPDATE job SET lease_ends_at = UTC_TIMESTAMP(6) WHERE notification_id = %s AND state IN (1, 2)", made)
    inst.start("worker")
    rows = became(inst, made, "unsure")
    assert {r["reason"] for r in rows} == {"worker_died"}
    assert all(len(arrived(inst, t)) == 1 for t in tokens)
