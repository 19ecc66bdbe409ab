"""gatepost_notify: notifications asked for in the site's own transaction (D22)."""
import json
import os
import secrets
import shutil
import subprocess

import pymysql
import pytest

from instance import TOP, Instance, wait_until
from push_case import at_once, new_user, refused, subscribed, word
from test_notify import a_user


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


def test_without_the_grant_the_order_fails_too(inst, she):
    """Revoked, the call is refused, and the site's transaction is the site's to roll back; granted again it serves."""
    db = inst.env["GATEPOST_DB_NAME"]
    m, lost = message(she), message(she)
    inst.rows(f"REVOKE EXECUTE ON PROCEDURE `{db}`.gatepost_notify FROM shop@localhost")
    try:
        c = site(inst)
        with c.cursor() as cursor:
            cursor.execute("INSERT INTO orders (buyer, product) VALUES (2, 'refused')")
            with pytest.raises(pymysql.err.OperationalError) as e:
                ask(cursor, inst, lost)
            assert e.value.args[0] == 1370
        c.rollback()
        c.close()
    finally:
        inst.rows(f"GRANT EXECUTE ON PROCEDURE `{db}`.gatepost_notify TO shop@localhost")
    c = site(inst, autocommit=True)
    with c.cursor() as cursor:
        ask(cursor, inst, m)
    wait_until("granted again it arrives", lambda: arrived(inst, m))
    assert arrived(inst, lost) == [] and not inst.rows("SELECT 1 FROM shop.orders WHERE product = 'refused'")


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


# --- the examples that are shipped ---------------------------------------------------

def one_order(inst, user, product):
    """The order is there, and its message arrives once."""
    order, = inst.rows("SELECT id FROM shop.orders WHERE buyer = %s AND product = %s", user["id"], product)
    mail, = inst.sandbox.wait(channel="email", to=user["email"])
    assert mail["subject"] == "Thank you" and f"We have your order of {product}." in mail["text"]
    row, = listed(inst, key=f"order-{order['id']}")
    n = inst.api("GET", f"/api/notifications/{row['notification_id']}/", token=inst.admin()).json()
    assert n["type"] == "order" and n["data"] == {"orderId": str(order["id"])}
    assert {d["channel"]: d["state"] for d in n["deliveries"]} == {"email": "sent", "in_app": "sent"}


def example(inst, name):
    with open(f"{TOP}/scripts/examples/{name}") as f:
        return f.read().replace("CALL gatepost.", f"CALL {inst.env['GATEPOST_DB_NAME']}.")


def test_the_sql_example_does_send(inst):
    user, product = a_user(inst), word()
    script = f"SET @buyer = {user['id']}, @product = '{product}';\n" + example(inst, "order.sql")
    subprocess.run([shutil.which("mariadb") or "mysql", "--no-defaults", f"--socket={inst.env['GATEPOST_DB_SOCKET']}",
                    "-ushop", "-psh0p", "shop"], input=script, text=True, check=True)
    one_order(inst, user, product)


def test_the_php_example_does_send(inst, tmp_path):
    php = shutil.which("php")
    if php is None or "pdo_mysql" not in subprocess.run([php, "-m"], capture_output=True, text=True).stdout:
        pytest.skip("NOT PROVED: the PHP example needs php-cli and php-mysql")
    user, product = a_user(inst), word()
    script = tmp_path / "order.php"
    script.write_text(example(inst, "order.php"))
    env = {**os.environ, "SITE_USER": "shop", "SITE_PASSWORD": "sh0p",
           "SITE_DSN": f"mysql:unix_socket={inst.env['GATEPOST_DB_SOCKET']};dbname=shop;charset=utf8mb4"}

    def run(what):
        return subprocess.run([php, str(script), str(user["id"]), what], env=env, capture_output=True, text=True)
    failed = run("nothing")
    assert failed.returncode == 1 and "no order" in failed.stdout
    done = run(product)
    assert done.returncode == 0 and done.stdout.startswith("order "), done.stdout + done.stderr
    one_order(inst, user, product)
    assert len(inst.sandbox.messages(channel="email", to=user["email"])) == 1


def test_by_preference_to_an_address_and_at_a_time(inst):
    user, mail = a_user(inst), f"s{word()}@example.com"
    inst.rows("INSERT INTO preference (user_id, off_mask, updated_at) VALUES (%s, 1, NOW())", user["id"])
    keys = [word() for _ in range(4)]
    t = {"title": word(), "body": "b"}
    c = site(inst, autocommit=True)
    with c.cursor() as cursor:
        ask(cursor, inst, {**t, "user_id": user["id"]}, keys[0])
        ask(cursor, inst, {**t, "email": mail}, keys[1])
        ask(cursor, inst, {**t, "email": user["email"]}, keys[2])
        ask(cursor, inst, {**t, "email": mail, "at": "2026-12-31T00:00:00Z" if not inst.rows(
            "SELECT NOW() > '2026-12-01' n")[0]["n"] else "2027-06-01T00:00:00Z"}, keys[3])

    def became(key):
        row, = listed(inst, key=key)
        assert row["state"] != "refused", row
        return row["notification_id"] and [(r["channel"], r["state"], r["reason"]) for r in inst.rows(
            "SELECT channel, state, reason FROM delivery WHERE notification_id = %s ORDER BY channel",
            int(row["notification_id"]))]
    def until(key, *want):
        wait_until(f"{want}", lambda: became(key) == list(want))
    until(keys[0], ("email", "skipped", "opted_out"), ("in_app", "sent", ""))
    until(keys[1], ("email", "sent", ""))
    until(keys[2], ("email", "skipped", "opted_out"))
    wait_until("it is taken", lambda: became(keys[3]) == [])
    assert len(inst.sandbox.messages(channel="email", to=mail)) == 1
    assert not inst.sandbox.messages(channel="email", to=user["email"])


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
    pytest.param("x" * 300000, "too_large", "message", id="too long"),
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


def test_the_list_goes_both_ways_from_a_row_on(inst):
    c = site(inst, autocommit=True)
    with c.cursor() as cursor:
        for _ in range(3):
            ask(cursor, inst, "[]")
    down = [r["id"] for r in listed(inst, limit=200)]
    assert [r["id"] for r in listed(inst, limit=200, ordering="created_at")] == down[::-1] and len(down) > 2
    assert [r["id"] for r in listed(inst, before=down[0], limit=2)] == down[1:3]
    assert [r["id"] for r in listed(inst, after=down[2], ordering="created_at", limit=2)] == [down[1], down[0]]
    first = inst.api("GET", "/api/admin/intake/", token=inst.admin(), params={"ordering": "created_at", "limit": 1, "state": "refused"}).json()
    assert f"after={first['results'][0]['id']}" in first["next"] and "state=refused" in first["next"]
    p = inst.api("GET", "/api/admin/intake/", token=inst.admin(), params={"after": "x"})
    assert p.status_code == 400 and "after" in p.json()["errors"]


def test_the_site_may_ask_and_nothing_else(inst):
    c = site(inst, autocommit=True)
    db = inst.env["GATEPOST_DB_NAME"]
    with c.cursor() as cursor:
        for sql in (f"SELECT * FROM {db}.intake", f"INSERT INTO {db}.intake (message) VALUES ('')",
                    f"SELECT * FROM {db}.user"):
            with pytest.raises(pymysql.err.OperationalError):
                cursor.execute(sql)
    refused(inst.api("GET", "/api/admin/intake/", token=new_user(inst)["token"]), 403, "role_required")
