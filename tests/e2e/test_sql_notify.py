"""gatepost_notify: notifications asked for in the site's own transaction (D22)."""
import json
import os
import secrets
import shutil
import subprocess

import pymysql
import pytest

from instance import TOP, Instance, wait_until
from push_case import at_once, browser, new_user, refused, subscribed, word


@pytest.fixture(scope="module")
def inst():
    with Instance() as i:
        i.rows("CREATE DATABASE shop")
        i.rows("CREATE TABLE shop.orders (id INT AUTO_INCREMENT PRIMARY KEY, buyer INT, product VARCHAR(100))")
        i.rows("CREATE USER shop@localhost IDENTIFIED BY 'sh0p'")
        i.rows("GRANT ALL ON shop.* TO shop@localhost")
        grant = subprocess.run([f"{TOP}/scripts/render-sql", "site", "shop", f"{i.dir}/gatepost.env"], check=True,
                               capture_output=True, text=True).stdout
        i.rows(grant.strip().rstrip(";"))
        yield i


def site(inst, **more):
    return pymysql.connect(unix_socket=inst.env["GATEPOST_DB_SOCKET"], user="shop", password="sh0p", database="shop",
                           charset="utf8mb4", **more)


def ask(cursor, inst, message, key=None):
    cursor.execute(f"CALL {inst.env['GATEPOST_DB_NAME']}.gatepost_notify(%s, %s)",
                   (message if isinstance(message, str) else json.dumps(message), key))


def message(user, **more):
    return {"user_id": user["id"], "title": word(), "body": "b", "channels": ["web_push"], **more}


@pytest.fixture(scope="module")
def she(inst):
    user = new_user(inst)
    subscribed(inst, user)
    return user


def arrived(inst, m):
    return [x for x in inst.sandbox.messages(channel="web_push") if m["title"] in str(x["payload"]) + str(x["text"])]


def listed(inst, **query):
    r = inst.api("GET", "/api/admin/intake/", token=inst.admin(), params=query)
    assert r.status_code == 200, r.text
    return r.json()["results"]


def test_committed_with_the_order_or_not_at_all(inst, she):
    kept, dropped, killed = (message(she) for _ in range(3))
    c = site(inst)
    with c.cursor() as cursor:
        cursor.execute("INSERT INTO orders (buyer, product) VALUES (1, 'kept')")
        ask(cursor, inst, kept)
        # Nothing is sent of a transaction that is open, and it holds up nobody.
        other = site(inst, autocommit=True)
        with other.cursor() as more:
            m = message(she)
            ask(more, inst, m)
        inst.sandbox.wait(channel="web_push")
        wait_until("the other's", lambda: arrived(inst, m))
        assert arrived(inst, kept) == []
        c.commit()
        wait_until("the order's", lambda: arrived(inst, kept))
        ask(cursor, inst, dropped)
        c.rollback()
        ask(cursor, inst, killed)
        inst.rows(f"KILL {c.thread_id()}")
    last = message(she)
    with other.cursor() as more:
        ask(more, inst, last)
    wait_until("the last one", lambda: arrived(inst, last))
    assert arrived(inst, dropped) == [] == arrived(inst, killed)
    assert inst.rows("SELECT COUNT(*) n FROM intake WHERE state <> 1")[0]["n"] == 0
    assert len(arrived(inst, kept)) == 1


def test_the_same_key_asks_once(inst, she):
    m, key = message(she), f"order-{word()}"

    def call(_):
        c = site(inst, autocommit=True)
        with c.cursor() as cursor:
            ask(cursor, inst, m, key)
        c.close()
    at_once(8, call)
    wait_until("it arrives", lambda: arrived(inst, m))
    call(0)
    row, = listed(inst, key=key)
    assert row["state"] == "accepted" and row["notification_id"] and row["asked_by"] == "shop@localhost"
    n = inst.api("GET", f"/api/notifications/{row['notification_id']}/", token=inst.admin()).json()
    assert n["title"] == m["title"] and n["total"] == 1
    after = message(she)
    c = site(inst, autocommit=True)
    with c.cursor() as cursor:
        ask(cursor, inst, after)
    wait_until("one after it", lambda: arrived(inst, after))
    assert len(arrived(inst, m)) == 1


def test_a_worker_killed_among_many_takes_each_once(inst, she):
    many = [message(she) for _ in range(30)]
    c = site(inst, autocommit=True)
    with c.cursor() as cursor:
        for i, m in enumerate(many):
            ask(cursor, inst, m, secrets.token_hex(8))
            if i in (10, 20):
                inst.restart("worker", 9)
    wait_until("all are taken", lambda: not inst.rows("SELECT 1 FROM intake WHERE state = 0"), 30)
    wait_until("all arrive", lambda: all(arrived(inst, m) for m in many), 60)
    made = inst.rows("SELECT title, COUNT(*) n FROM notification WHERE title IN %s GROUP BY title",
                     [m["title"] for m in many])
    assert len(made) == 30 and {r["n"] for r in made} == {1}


@pytest.mark.parametrize("text, reason, field", [
    ("", "invalid_json", ""), ("[]", "invalid_json", "message"), ("{broken", "invalid_json", ""),
    ({"title": "t"}, "required", "user_id"), ({"user_id": 1}, "required", "title"),
    ({"user_id": 1, "email": "a@example.com", "title": "t"}, "too_many_targets", "user_id"),
    ({"user_id": 1, "title": "t", "colour": "red"}, "unknown_field", "colour"),
    ({"user_id": "1", "title": "t"}, "invalid", "user_id"), ({"email": "nobody", "title": "t"}, "invalid", "email"),
    ({"group": "no-such", "title": "t"}, "unknown_group", "group"), ({"phone": "12", "title": "t"}, "invalid", "phone"),
    ({"user_id": 1, "title": "t", "channels": ["fax"]}, "unknown_channel", "channels"),
    ({"user_id": 1, "title": "x" * 300}, "too_long", "title"),
    ({"user_id": 1, "title": "t", "expires_at": "2001-01-01T00:00:00Z"}, "in_the_past", "expires_at"),
    ("x" * 300000, "too_large", "message"),
])
def test_bad_input_is_a_row_with_its_reason(inst, text, reason, field):
    key = word()
    c = site(inst, autocommit=True)
    with c.cursor() as cursor:
        ask(cursor, inst, text, key)

    def done():
        row, = listed(inst, key=key)
        return row if row["state"] == "refused" else None
    row = wait_until("it is refused", done)
    assert (row["reason"], row["field"]) == (reason, field) and row["notification_id"] is None
    assert key in [r["key"] for r in listed(inst, state="refused", limit=200)]
    assert key not in [r["key"] for r in listed(inst, state="accepted")]


def test_the_site_may_ask_and_nothing_else(inst):
    c = site(inst, autocommit=True)
    db = inst.env["GATEPOST_DB_NAME"]
    with c.cursor() as cursor:
        for sql in (f"SELECT * FROM {db}.intake", f"INSERT INTO {db}.intake (message) VALUES ('')",
                    f"SELECT * FROM {db}.user"):
            with pytest.raises(pymysql.err.OperationalError):
                cursor.execute(sql)
    refused(inst.api("GET", "/api/admin/intake/", token=new_user(inst)["token"]), 403, "role_required")
