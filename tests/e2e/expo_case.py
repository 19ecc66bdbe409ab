"""What the tests of Expo share: apps with tokens, messages to them, and what became of each."""
import json
import secrets

import pytest

from instance import wait_until
from people import forget_limits
from push_case import new_user

AT = "/api/users/push-tokens/"


def a_token():
    return f"ExponentPushToken[{secrets.token_hex(11)}]"


def app(inst, user, token=None, **more):
    """An app of the user: its token."""
    token = token or a_token()
    r = inst.api("POST", AT, token=user["token"], json={"token": token, **more})
    assert r.status_code == 200, r.text
    return token


def apps(inst, user, n):
    """Many at once, as rows: the API takes 30 an hour."""
    tokens = [a_token() for _ in range(n)]
    c = inst.connect()
    with c.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO device (id, user_id, kind, device_type, target_hash, target)"
            " VALUES (%s, %s, 'expo', 'android', UNHEX(SHA2(%s, 256)), %s)",
            [(secrets.randbits(62), user["id"], t, t) for t in tokens])
    c.close()
    return tokens


def push(inst, user, type="order", life_s=3600, **content):
    """A message to all apps of the user, as it is accepted: its id."""
    made = secrets.randbits(62)
    content = {"title": "Title", "body": "Body", "data": {"orderId": "7"}, **content}
    inst.rows("INSERT INTO notification (id, type, class, channel, title, content, audience, created_at, expires_at)"
              " VALUES (%s, %s, 1, 'expo', 'Title', %s, %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL %s SECOND)",
              made, type, json.dumps(content), json.dumps({"user_ids": [user["id"]]}), life_s)
    inst.rows("INSERT INTO job (id, class, run_at, kind, notification_id, expires_at, created_at)"
              " SELECT %s, 1, created_at, 1, id, expires_at, created_at FROM notification WHERE id = %s",
              secrets.randbits(62), made)
    return made


def became(inst, made, states, seconds=20):
    """The rows, as soon as they are in these states: {state: how many}, or one state for all."""
    def look():
        rows = inst.rows("SELECT d.*, v.target AS token, v.is_active FROM delivery d LEFT JOIN device v"
                         " ON v.id = d.device_id WHERE notification_id = %s ORDER BY seq", made)
        count = {}
        for r in rows:
            count[r["state"]] = count.get(r["state"], 0) + 1
        good = list(count) == [states] if isinstance(states, str) else count == states
        look.last = [(r["state"], r["reason"], r["attempt_log"][-300:]) for r in rows[:5]]
        return rows if good else None
    try:
        return wait_until(f"{made} is {states}", look, seconds)
    except AssertionError as e:
        raise AssertionError(f"{e}: {look.last}") from None


def one(inst, made, state, reason="", seconds=20):
    row, = became(inst, made, state, seconds)
    assert row["reason"] == reason, row
    return row


def ask_now(inst, made=None):
    """As if it were time to ask for the receipts."""
    inst.rows("UPDATE receipt SET ask_at = UTC_TIMESTAMP(6) WHERE ticket <> ''"
              + (" AND notification_id = %s" % made if made else ""))


def expo(inst, **settings):
    inst.sandbox._call("PUT", "/expo/settings", json=settings)


def arrived(inst, token):
    return inst.sandbox.messages(channel="expo", to=token)


def somebody(inst, n=1):
    """A user with n apps: the user, and their tokens."""
    user = new_user(inst)
    return user, apps(inst, user, n)


def alive(inst, token):
    return inst.rows("SELECT is_active FROM device WHERE target = %s", token)[0]["is_active"]


@pytest.fixture(autouse=True)
def calm(inst):
    forget_limits(inst)
    yield
    inst.sandbox.heal()
    inst.sandbox._call("DELETE", "/expo/settings")
    if not inst.pid("worker"):
        inst.start("worker")
    inst.rows("UPDATE provider_state SET state = 'closed' WHERE name = 'expo'")
