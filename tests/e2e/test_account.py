"""The end of an account: export, closing, the way back, the purge (S11, S71, S72, D12, D21)."""
import concurrent.futures
import json
import re
import signal
import time

import pytest

from instance import Instance, sanitized, wait_until
from people import Person, a_phone, an_email, forget_limits, problem

ACCOUNT, RESTORE, EXPORT, LOGIN = (f"/api/auth/{p}/" for p in ("account", "account/restore", "export", "login"))
PROFILE = "/api/auth/profile/"


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


def stale(inst, person):
    """All sessions of the person began an hour ago; a new pair says so."""
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", person.id)
    assert person.first.with_refresh("/api/auth/token/refresh/").status_code == 200
    return person.first


def link_of(inst, to, channel="sms"):
    def found():
        for m in inst.sandbox.messages(channel=channel, to=to):
            got = re.search(r"/console/restore/#([A-Za-z0-9_-]{22})", m["text"] or "")
            if got:
                return got.group(1)
        return None
    return wait_until(f"an undo link for {to}", found)


def subscribe(inst, client):
    key = inst.api("GET", "/api/push/vapid-key/").json()["public_key"]
    s = inst.sandbox.subscription(vapid_public_key=key)
    r = client.call("POST", "/api/push/subscriptions/", json={
        "subscription": {k: s[k] for k in ("endpoint", "keys")}, "browser": "test"})
    assert r.status_code == 201, r.text
    return r.json()["id"]


def closed(person, **body):
    r = person.first.call("DELETE", ACCOUNT, json=body or None)
    assert r.status_code == 200, r.text
    return r.json()


def over(inst, person):
    """The grace of a closing account is over."""
    inst.rows("UPDATE closing SET purge_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE user_id = %s", person.id)


def purged(inst, person, seconds=30):
    wait_until("the purge", lambda: not inst.rows("SELECT 1 FROM closing WHERE user_id = %s", person.id), seconds)


def personal_tables(inst):
    return [r["t"] for r in inst.rows("SELECT table_name AS t FROM information_schema.columns WHERE table_schema ="
                                      " DATABASE() AND column_name = 'user_id'")]


def all_sealed(inst):
    return inst.rows("SELECT COUNT(*) AS n FROM audit WHERE seal_no IS NULL")[0]["n"] == 0


# --- export ---------------------------------------------------------------------------------------

def test_s72_export_is_complete_and_holds_no_secret(inst):
    p = Person(inst, first_name="سارا")
    device = subscribe(inst, p.first)
    for _ in range(3):
        assert p.login().status_code == 200
    assert p.login(password="Wrong-Word-1").status_code == 401
    r = p.first.call("GET", EXPORT)
    assert r.status_code == 200 and r.headers["Cache-Control"] == "no-store"
    assert "attachment" in r.headers["Content-Disposition"]
    got = r.json()
    assert got["complete"] is True and got["id"] == p.id
    me = got["user"][0]
    assert (me["first_name"], me["phone"], me["is_active"]) == ("سارا", p.phone, True)
    assert [d["id"] for d in got["device"]] == [device]
    # As many rows as the tables have, but for the audit row of the export itself.
    for table in ("session", "otp", "delivery", "known_device", "audit", "device"):
        n = inst.rows(f"SELECT COUNT(*) AS n FROM {table} WHERE user_id = %s", p.id)[0]["n"]
        assert len(got[table]) == n > 0, table
    assert {"register", "login", "export"} <= {e["event"] for e in got["audit"]}
    refused = [e for e in got["audit"] if e["outcome"] == "refused"]
    assert refused and refused[0]["ip"] == "127.0.0.1" and "python" in refused[0]["user_agent"]
    # Nothing by which somebody could sign in or guess.
    row = inst.rows("SELECT password FROM user WHERE id = %s", p.id)[0]
    assert row["password"] not in r.text and "$argon2" not in r.text
    for name in ("password\"", "register_hash", "code_mac", "secret", "token_hash", "salt", "row_mac", "link_hash"):
        assert f'"{name}' not in r.text, name


def test_s72_export_of_many_rows_is_streamed(inst):
    """Its memory is a page's: 40 MB leave a child that has not grown by that."""
    p = Person(inst)
    text = "x" * 20000
    inst.rows("INSERT INTO notification (id, user_id, class, channel, title, content, audience, created_at, expires_at)"
              " SELECT 5000000 + seq, %s, 1, 'sms', 'T', JSON_OBJECT('text', %s), '{}', UTC_TIMESTAMP(6),"
              " UTC_TIMESTAMP(6) FROM seq_1_to_2000", p.id, text)

    def resident():
        kids, kb = [inst.pid("api")], 0
        for pid in kids:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                kids += [int(k) for k in f.read().split()]
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                kb = max(kb, *(int(line.split()[1]) for line in f if line.startswith("VmHWM")))
        return kb
    before = resident()
    r = p.first.call("GET", EXPORT)
    assert len(r.content) > 40_000_000 and len(r.json()["notification"]) == 2000
    if not sanitized():         # which keeps what was freed, to catch its use
        assert resident() - before < 20_000
    inst.rows("DELETE FROM notification WHERE user_id = %s", p.id)


def test_s72_export_asks_for_a_fresh_sign_in_and_is_limited(inst):
    p = Person(inst)
    assert [p.first.call("GET", EXPORT).status_code for _ in range(5)] == [200] * 5
    problem(p.first.call("GET", EXPORT), 429, "too_many_exports")
    assert len(inst.rows("SELECT 1 FROM audit WHERE user_id = %s AND event = 'export'", p.id)) == 5
    problem(stale(inst, p).call("GET", EXPORT), 403, "reauth_required")
    problem(inst.api("GET", EXPORT, token=inst.token), 403, "session_required")


# --- closing --------------------------------------------------------------------------------------------

def test_s72_closing_asks_for_a_fresh_sign_in_or_the_password(inst):
    p = Person(inst)
    old = stale(inst, p)
    problem(old.call("DELETE", ACCOUNT), 403, "reauth_required")
    problem(old.call("DELETE", ACCOUNT, json={"password": "Wrong-Word-1"}), 400, "wrong_password", "password")
    problem(inst.api("DELETE", ACCOUNT), 401)
    assert old.call("GET", PROFILE).status_code == 200
    assert closed(p, password=p.password)["purge_at"] > "2026"


@pytest.mark.parametrize("by", ["bearer", "cookie"])
def test_s11_s72_closing_ends_everything_at_once(inst, by):
    p = Person(inst)
    others = [p.bearer() for _ in range(3)]
    me = p.by(by)
    subscribe(inst, p.first)
    forget_limits(inst)
    assert p.reset_request().status_code == 200
    r = me.call("DELETE", ACCOUNT)
    assert r.status_code == 200, r.text
    for one in others:
        assert one.call("GET", PROFILE).status_code == 401
        assert one.call("GET", "/api/auth/gate").status_code == 401
        assert one.with_refresh("/api/auth/token/refresh/").status_code == 401
    problem(me.call("DELETE", ACCOUNT), 401)
    if by == "cookie":
        assert not me.access and not me.refresh
    for table in ("device", "otp", "known_device"):
        assert not inst.rows(f"SELECT 1 FROM {table} WHERE user_id = %s", p.id), table
    row = inst.rows("SELECT is_active, phone FROM user WHERE id = %s", p.id)[0]
    assert not row["is_active"] and row["phone"] == p.phone
    days = inst.rows("SELECT TIMESTAMPDIFF(HOUR, asked_at, purge_at) AS h FROM closing WHERE user_id = %s", p.id)
    assert days[0]["h"] == 14 * 24
    # A reset is no way in: it tells nothing, and no code goes out.
    before = inst.sandbox.messages(channel="sms", to=p.phone)
    forget_limits(inst)
    assert p.reset_request().status_code == 200
    link_of(inst, p.phone)
    assert sum("code" in m["text"] for m in inst.sandbox.messages(channel="sms", to=p.phone)) == \
        sum("code" in m["text"] for m in before)


def test_s26_closing_is_told_only_after_the_right_password(inst):
    p = Person(inst)
    closed(p)
    r = p.login(password="Wrong-Word-1")
    assert problem(r, 401, "invalid_credentials")["detail"] == problem(
        inst.api("POST", LOGIN, json={"username": a_phone(), "password": "Wrong-Word-1"}), 401)["detail"]
    doc = problem(p.login(), 403, "account_closing")
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", doc["restore_token"])


# --- the way back ---------------------------------------------------------------------------------------------

def test_s72_undo_by_signing_in_again(inst):
    p = Person(inst)
    closed(p)
    token = p.login().json()["restore_token"]
    for _ in range(3):
        assert inst.api("GET", f"{RESTORE}?token={token}").status_code == 200
    assert inst.api("POST", RESTORE, json={"token": token}).status_code == 200
    assert p.login().status_code == 200
    problem(inst.api("POST", RESTORE, json={"token": token}), 400, "invalid_link", "token")
    assert p.first.call("GET", PROFILE).status_code == 401      # what was ended stays so


def test_s36_s72_undo_by_the_link_that_a_scanner_opened_before(inst):
    p = Person(inst, email=an_email())
    closed(p)
    token = link_of(inst, p.email, "email")
    for method in ("GET", "HEAD"):
        for _ in range(20):
            assert inst.api(method, f"{RESTORE}?token={token}").status_code == 200
        forget_limits(inst)
    assert inst.api("GET", "/console/restore/").status_code == 200
    assert inst.api("POST", RESTORE, json={"token": token}).status_code == 200
    assert p.login().status_code == 200
    # And once more: the link of the first time does not undo the second.
    p.first = p.bearer()
    closed(p)
    problem(inst.api("POST", RESTORE, json={"token": token}), 400, "invalid_link")


def test_s74_the_link_stands_in_no_row(inst):
    p = Person(inst)
    closed(p)
    token = link_of(inst, p.phone)
    dump = json.dumps([inst.rows(f"SELECT * FROM {t}") for t in ("notification", "delivery", "audit")], default=str)
    assert token not in dump and token not in inst.log("api") and token not in inst.log("worker")


def test_s31_s72_one_of_many_restores_wins(inst):
    p = Person(inst)
    closed(p)
    token = p.login().json()["restore_token"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda _: inst.api("POST", RESTORE, json={"token": token}).status_code, range(12)))
    assert sorted(got) == [200] + [400] * 11
    assert len(inst.rows("SELECT 1 FROM audit WHERE user_id = %s AND event = 'account_restore'", p.id)) == 1


def test_a_restore_token_ends_and_the_grace_too(inst):
    p = Person(inst)
    closed(p)
    token = p.login().json()["restore_token"]
    inst.rows("UPDATE closing SET token_ends_at = UTC_TIMESTAMP(6) WHERE user_id = %s", p.id)
    problem(inst.api("POST", RESTORE, json={"token": token}), 400, "invalid_link")
    token = p.login().json()["restore_token"]
    over(inst, p)
    problem(inst.api("POST", RESTORE, json={"token": token}), 400, "invalid_link")
    purged(inst, p)
    problem(p.login(), 401, "invalid_credentials")


def test_sessions_begun_while_an_account_closes_die_with_it(inst):
    """Sign-ins and a closing at once: afterwards no token of any of them works."""
    p = Person(inst)
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        ins = [pool.submit(p.login) for _ in range(4)]
        end = pool.submit(p.first.call, "DELETE", ACCOUNT)
        ins += [pool.submit(p.login) for _ in range(4)]
        got = [f.result() for f in ins]
    assert end.result().status_code == 200
    assert {r.status_code for r in got} <= {200, 401, 403}
    for r in got:
        if r.status_code == 200:
            wait_until("its end", lambda: inst.api("GET", PROFILE, token=r.json()["access"]).status_code == 401, 3)
    assert not inst.rows("SELECT 1 FROM session WHERE user_id = %s AND ended_at IS NULL", p.id)


def test_the_last_superuser_stays(inst):
    problem(inst.api("DELETE", ACCOUNT, token=inst.admin()), 409, "last_superuser")


# --- the purge -------------------------------------------------------------------------------------------------

def full_life(inst):
    p = Person(inst, first_name="Nasrin", last_name="Irani")
    subscribe(inst, p.first)
    assert p.login(password="Wrong-Word-1").status_code == 401
    forget_limits(inst)
    assert p.reset_request().status_code == 200
    assert p.bearer().call("POST", PROFILE, json={"birthday": "1990-02-28"}).status_code == 200
    wait_until("deliveries", lambda: inst.rows("SELECT 1 FROM delivery WHERE user_id = %s", p.id))
    return p


def test_s72_the_purge_leaves_nothing_and_the_chain_whole(inst):
    p = full_life(inst)
    rows_before = inst.rows("SELECT COUNT(*) AS n FROM audit WHERE user_id = %s", p.id)[0]["n"]
    told = inst.rows("SELECT notification_id AS n FROM delivery WHERE user_id = %s", p.id)
    wait_until("seals", lambda: all_sealed(inst))
    closed(p)
    link_of(inst, p.phone)
    over(inst, p)
    purged(inst, p)
    assert not inst.rows("SELECT 1 FROM user WHERE id = %s", p.id)
    for table in set(personal_tables(inst)) - {"audit", "revocation"}:
        assert not inst.rows(f"SELECT 1 FROM {table} WHERE user_id = %s", p.id), table
    audit = inst.rows("SELECT * FROM audit WHERE user_id = %s OR actor_id = %s", p.id, p.id)
    assert len(audit) >= rows_before + 2 and {"account_close", "account_purged"} <= {a["event"] for a in audit}
    assert all(a["ip"] == a["user_agent"] == "" for a in audit)
    # Deliveries keep their state, and nobody's address.
    for d in told:
        for row in inst.rows("SELECT * FROM delivery WHERE notification_id = %s", d["n"]):
            assert row["state"] and row["target"] == row["provider_id"] == row["attempt_log"] == ""
        n = inst.rows("SELECT audience, content FROM notification WHERE id = %s", d["n"])[0]
        assert p.phone not in n["audience"] + n["content"]
    # Nowhere in the database, whatever the column.
    for table in {r["t"] for r in inst.rows("SELECT table_name AS t FROM information_schema.tables WHERE table_schema"
                                            " = DATABASE()")}:
        for needle in (p.phone, "Nasrin"):
            assert needle not in json.dumps(inst.rows(f"SELECT * FROM {table}"), default=str), table
    wait_until("seals", lambda: all_sealed(inst))
    assert "whole" in inst.ctl("audit", "verify").stdout


def test_s72_a_purged_address_is_free(inst):
    p = Person(inst)
    closed(p)
    over(inst, p)
    purged(inst, p)
    forget_limits(inst)
    seen = p.code()
    r = inst.api("POST", "/api/auth/register/", json={"phone_number": p.phone, "password": p.password})
    code = inst.sandbox.code(p.phone, after=(seen,))
    r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": r.json()["register_id"], "otp_code": code})
    assert r.status_code == 200 and r.json()["user"]["id"] != p.id


def test_s72_not_before_the_grace_is_over(inst):
    p = Person(inst)
    closed(p)
    # Somebody else's purge has come and gone, and this account stands.
    q = Person(inst)
    closed(q)
    over(inst, q)
    purged(inst, q)
    assert inst.rows("SELECT 1 FROM user WHERE id = %s", p.id)


def test_s72_the_purge_goes_on_where_it_was_killed():
    """The worker is killed again and again in the middle of 12,000 rows."""
    with Instance() as inst:
        p = Person(inst)
        inst.rows("INSERT INTO delivery (notification_id, seq, user_id, channel, target_hash, target, created_at,"
                  " updated_at) SELECT 7000000 + seq, 0, %s, 'sms', UNHEX(MD5(seq)), %s, UTC_TIMESTAMP(6),"
                  " UTC_TIMESTAMP(6) FROM seq_1_to_6000", p.id, p.phone)
        inst.rows("INSERT INTO audit (id, at, event, outcome, user_id, ip, personal_mac, row_mac, seal_no) SELECT"
                  " 7000000 + seq, UTC_TIMESTAMP(6), 'x', 'ok', %s, '192.0.2.1', '', '', 1000000 + seq"
                  " FROM seq_1_to_6000", p.id)
        closed(p)
        over(inst, p)
        kills, seen = 0, set()
        left = "SELECT (SELECT COUNT(*) FROM delivery WHERE user_id = %s) + (SELECT COUNT(*) FROM audit WHERE user_id" \
               " = %s AND ip <> '') AS n"
        while inst.rows("SELECT 1 FROM closing WHERE user_id = %s", p.id):
            n = inst.rows(left, p.id, p.id)[0]["n"]
            if 0 < n < 12000 and n not in seen and kills < 5:
                seen.add(n)
                inst.kill("worker", signal.SIGKILL)
                inst.start("worker")
                kills += 1
            time.sleep(0.001)
        assert kills >= 2, seen
        assert inst.rows(left, p.id, p.id)[0]["n"] == 0
        assert not inst.rows("SELECT 1 FROM user WHERE id = %s", p.id)
        assert not inst.rows("SELECT 1 FROM user_salt WHERE user_id = %s", p.id)
        assert len(inst.rows("SELECT 1 FROM audit WHERE user_id = %s AND event = 'account_purged'", p.id)) == 1
