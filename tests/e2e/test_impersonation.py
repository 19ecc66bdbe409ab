"""Acting as somebody else (S70, RFC 8693)."""
import base64
import concurrent.futures
import json
import time

import pytest

from instance import wait_until
from people import Bearer, Browser, Person, forget_limits, problem
from test_sessions import sign

PROFILE, SESSIONS, REFRESH = (f"/api/auth/{p}/" for p in ("profile", "sessions", "token/refresh"))


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def at(p):
    return f"/api/admin/users/{p.id}/impersonate/"


def begin(inst, p, **more):
    r = inst.api("POST", at(p), token=inst.admin(), json={"reason": "ticket 4711", **more})
    assert r.status_code == 201, r.text
    return r.json()


def events(inst, p, name):
    return inst.rows("SELECT * FROM audit WHERE user_id = %s AND event = %s ORDER BY id", p.id, name)


def test_s70_the_session_carries_act_and_its_owner_sees_it(inst):
    p = Person(inst)
    got = begin(inst, p)
    c = claims(got["access"])
    root = inst.rows("SELECT id FROM user WHERE email = %s", inst.env["GATEPOST_ADMIN_EMAIL"])[0]["id"]
    assert c["sub"] == str(p.id) and c["act"] == {"sub": str(root)} and got["expires_in"] == 3600
    assert inst.api("GET", PROFILE, token=got["access"]).json() | {"id": p.id, "acted_by": root} == inst.api("GET", PROFILE, token=got["access"]).json()
    assert "acted_by" not in p.bearer().call("GET", PROFILE).json()
    assert inst.api("GET", "/api/auth/gate", token=got["access"]).status_code == 204
    rows = p.bearer().call("GET", SESSIONS).json()["results"]
    assert [r["id"] for r in rows if r["impersonated"]] == [got["session_id"]]
    begun = events(inst, p, "impersonation_begin")
    assert len(begun) == 1 and begun[0]["actor_id"] == root and json.loads(begun[0]["detail"])["reason"] == "ticket 4711"
    text = inst.sandbox.wait(channel="sms", to=p.phone, count=2)
    assert any("ticket 4711" in m["text"] for m in text)
    # What is done in it stands under the superuser's name.
    assert inst.api("POST", "/api/auth/logout/", token=got["access"]).status_code == 200
    assert events(inst, p, "logout")[-1]["actor_id"] == root
    wait_until("the end in the audit", lambda: events(inst, p, "impersonation_end"))
    end = events(inst, p, "impersonation_end")
    assert len(end) == 1 and end[0]["actor_id"] == root and json.loads(end[0]["detail"]) == {"end": "logout"}


def test_s70_rows_refuse_it_unless_they_say_otherwise(inst):
    """Walks the table: every row that asks for a credential and is not marked refuses, whoever is impersonated."""
    rows = json.loads(inst.ctl("routes", "--json").stdout)
    p = Person(inst)
    inst.rows("UPDATE user SET is_staff = TRUE WHERE id = %s", p.id)
    token, wrong, refused = begin(inst, p)["access"], [], set()
    for row in rows:
        forget_limits(inst)
        if row["access"] in ("anyone", "refresh", "holder") or row["acting"]:
            continue
        path = row["path"].replace("{id}", str(p.id)).replace("{member}", "1").replace("{provider}", "x").replace("{version}", "1").replace("{secret}", "x" * 24)
        r = inst.api(row["method"], path, token=token, json={} if row["method"] not in ("GET", "DELETE") else None)
        refused.add((row["method"], row["path"].removeprefix("/api/")))
        if r.status_code != 403 or r.json()["code"] != "impersonated":
            wrong.append((row["method"], row["path"], r.status_code))
    assert not wrong and len(refused) > 40, wrong
    assert {("POST", f"auth/{p}/") for p in (
        "password/change", "number/change", "email/change", "mfa/totp", "mfa/totp/confirm", "mfa/recovery-codes", "reauth",
        "sessions/revoke-others", "sessions/revoke-all", "social/link", "gate/pass")} <= refused
    assert {("DELETE", "auth/account/"), ("DELETE", "auth/mfa/totp/"), ("DELETE", "auth/sessions/{id}/"), ("GET", "auth/export/"),
            ("DELETE", "users/{id}/"), ("PATCH", "users/{id}/"), ("PUT", "users/{id}/"), ("PATCH", "auth/mfa/"),
            ("POST", "push/token/generate/"), ("POST", "admin/users/{id}/impersonate/")} <= refused
    # Nothing about credentials, factors, sessions, tokens, deletion or export may ever be marked.
    marked = {(r["method"], r["path"]) for r in rows if r["acting"]}
    for method, path in marked:
        word = path.removeprefix("/api/")
        if method != "GET":
            assert not any(w in word for w in ("password", "otp", "mfa", "totp", "recovery", "sessions", "account", "token",
                                              "export", "number", "reauth", "admin", "social", "push")), path
        assert "export" not in word
    assert inst.api("GET", PROFILE, token=token).status_code == 200


def test_s70_on_open_rows_it_counts_as_nobody(inst):
    p = Person(inst)
    token = begin(inst, p)["access"]
    key = inst.api("GET", "/api/push/vapid-key/").json()["public_key"]
    s = inst.sandbox.subscription(vapid_public_key=key)
    r = inst.api("POST", "/api/webpush/save_information", token=token, json={
        "status_type": "subscribe", "subscription": {k: s[k] for k in ("endpoint", "keys")}, "browser": "b", "user_agent": "u"})
    assert r.status_code == 401 and not inst.rows("SELECT 1 FROM device WHERE user_id = %s", p.id)


def test_s70_never_beyond_its_hour(inst):
    p = Person(inst)
    got = begin(inst, p)
    me = Bearer(inst, {"access_token": got["access"], "refresh": got["refresh"]})
    ends = inst.rows("SELECT TIMESTAMPDIFF(SECOND, created_at, ends_at) AS s FROM session WHERE id = %s", got["session_id"])
    assert ends[0]["s"] == 3600
    assert me.with_refresh(REFRESH).status_code == 200 and claims(me.access)["act"]
    after = inst.rows("SELECT TIMESTAMPDIFF(SECOND, created_at, ends_at) AS s, TIMESTAMPDIFF(SECOND, created_at,"
                      " idle_ends_at) AS i FROM session WHERE id = %s", got["session_id"])[0]
    assert after["s"] == 3600 and after["i"] <= 3600
    inst.rows("UPDATE session SET ends_at = UTC_TIMESTAMP(6) WHERE id = %s", got["session_id"])
    assert me.with_refresh(REFRESH).status_code == 401
    wait_until("the end in the audit", lambda: events(inst, p, "impersonation_end"))
    assert json.loads(events(inst, p, "impersonation_end")[0]["detail"]) == {"end": "expired"}


def test_s70_the_gates_fresh_token_says_so_too(inst):
    """D15: in the last third of a token's life the gate hands out another of the same session."""
    p = Person(inst)
    got = begin(inst, p)

    def fresh():
        old = sign(inst, exp=int(time.time()) + 2)(got["access"])
        r = inst.api("GET", "/api/auth/gate", headers={"Cookie": f"__Host-gatepost={old}"})
        return r.headers.get("Set-Cookie", "").partition("__Host-gatepost=")[2].split(";")[0]
    token = wait_until("a fresh token", fresh)
    a, b = claims(got["access"]), claims(token)
    assert b["act"] == a["act"] and b["sid"] == a["sid"] and b["exp"] > a["iat"]
    problem(inst.api("GET", "/api/auth/export/", token=token), 403, "impersonated")


def test_s70_whom_and_by_whom(inst):
    p, q = Person(inst), Person(inst)
    root = inst.admin()
    problem(inst.api("POST", at(p), token=root, json={}), 400, None, "reason")
    problem(inst.api("POST", at(p), token=root, json={"reason": " x "}), 400, None, "reason")
    problem(inst.api("POST", at(p), token=q.first.access, json={"reason": "because"}), 403, "role_required")
    problem(inst.api("POST", at(p), token=inst.token, json={"reason": "because"}), 403, "role_required")
    inst.rows("UPDATE user SET is_superuser = TRUE WHERE id = %s", q.id)
    problem(inst.api("POST", at(q), token=root, json={"reason": "because"}), 409, "not_impersonable")
    boss = q.bearer()
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", q.id)
    assert boss.with_refresh(REFRESH).status_code == 200
    problem(boss.call("POST", at(p), json={"reason": "because"}), 403, "reauth_required")
    inst.rows("UPDATE user SET is_superuser = FALSE WHERE id = %s", q.id)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", p.id)
    problem(inst.api("POST", at(p), token=root, json={"reason": "because"}), 409, "not_impersonable")
    inst.rows("UPDATE user SET is_active = TRUE WHERE id = %s", p.id)
    forget_limits(inst)
    got = [inst.api("POST", at(p), token=root, json={"reason": "because"}).status_code for _ in range(21)]
    assert got == [201] * 20 + [429]


def test_s70_a_role_that_comes_meanwhile_is_not_acted(inst):
    p = Person(inst)
    got = begin(inst, p)
    me = Bearer(inst, {"access_token": got["access"], "refresh": got["refresh"]})
    inst.rows("UPDATE user SET is_superuser = TRUE WHERE id = %s", p.id)
    assert me.with_refresh(REFRESH).status_code == 200
    assert claims(me.access)["role"] == "user"
    inst.rows("UPDATE user SET is_superuser = FALSE WHERE id = %s", p.id)


def a_boss(inst):
    boss = Person(inst)
    inst.rows("UPDATE user SET is_superuser = TRUE WHERE id = %s", boss.id)
    boss.first = boss.bearer()
    return boss


ENDS = {
    "role taken": lambda inst, b: inst.api("PATCH", f"/api/admin/users/{b.id}/", token=inst.admin(), json={"is_superuser": False}),
    "role taken, kept row": lambda inst, b: inst.api("PATCH", f"/api/users/{b.id}/", token=inst.admin(), json={"is_superuser": False}),
    "disabled": lambda inst, b: inst.api("POST", f"/api/admin/users/{b.id}/disable/", token=inst.admin()),
    "signed out": lambda inst, b: inst.api("POST", f"/api/admin/users/{b.id}/sign-out/", token=inst.admin()),
    "own sign-out": lambda inst, b: b.first.call("POST", "/api/auth/sessions/revoke-all/"),
    "others revoked": lambda inst, b: b.first.call("POST", "/api/auth/sessions/revoke-others/"),
    "password": lambda inst, b: b.first.call("POST", "/api/auth/password/change/", json={
        "old_password": b.password, "new_password": "Rain-Cloud7?"}),
    "account closed": lambda inst, b: b.first.call("DELETE", "/api/auth/account/"),
}


@pytest.mark.parametrize("how", ENDS)
def test_s70_it_ends_with_whatever_ends_who_acts(inst, how):
    p, boss = Person(inst), a_boss(inst)
    r = boss.first.call("POST", at(p), json={"reason": "because"})
    assert r.status_code == 201, r.text
    acting = Bearer(inst, {"access_token": r.json()["access"], "refresh": r.json()["refresh"]})
    assert acting.call("GET", PROFILE).status_code == 200
    assert ENDS[how](inst, boss).status_code == 200
    wait_until("its end", lambda: acting.call("GET", "/api/auth/gate").status_code == 401, 1.5)
    problem(acting.with_refresh(REFRESH), 401)
    wait_until("the end in the audit", lambda: events(inst, p, "impersonation_end"))
    assert json.loads(events(inst, p, "impersonation_end")[0]["detail"]) == {"end": "actor_out"}
    # The user's own sessions are none of it.
    assert p.first.call("GET", PROFILE).status_code == 200
    inst.rows("UPDATE user SET is_superuser = FALSE WHERE id = %s", boss.id)


def test_s70_a_role_taken_at_once_with_a_beginning_leaves_nobody_acting(inst):
    for _ in range(4):
        p, boss = Person(inst), a_boss(inst)
        forget_limits(inst)
        with concurrent.futures.ThreadPoolExecutor(7) as pool:
            begun = [pool.submit(boss.first.call, "POST", at(p), json={"reason": "because"}) for _ in range(6)]
            out = pool.submit(inst.api, "PATCH", f"/api/admin/users/{boss.id}/", token=inst.admin(), json={"is_superuser": False})
            assert out.result().status_code == 200
        assert {r.result().status_code for r in begun} <= {201, 401, 403}
        assert not inst.rows("SELECT 1 FROM session WHERE actor_id = %s AND ended_at IS NULL", boss.id)


def test_s70_its_owner_ends_it(inst):
    p = Person(inst)
    got = begin(inst, p)
    assert p.bearer().call("DELETE", f"{SESSIONS}{got['session_id']}/").status_code == 204
    wait_until("its end", lambda: inst.api("GET", PROFILE, token=got["access"]).status_code == 401, 1.5)


def test_s70_a_site_may_shorten_it_and_say_nothing(inst):
    with inst.changed(("api",), GATEPOST_IMPERSONATE_TELL="no", GATEPOST_IMPERSONATE_S="60"):
        told = "SELECT COUNT(*) AS n FROM notification WHERE content LIKE '%%impersonated%%'"
        before = inst.rows(told)[0]["n"]
        p = Person(inst)
        got = begin(inst, p)
        assert got["expires_in"] == 60 and claims(got["access"])["exp"] - claims(got["access"])["iat"] <= 60
        life = "SELECT TIMESTAMPDIFF(SECOND, created_at, ends_at) AS s FROM session WHERE id = %s"
        assert inst.rows(life, got["session_id"])[0]["s"] == 60
        assert inst.rows(told)[0]["n"] == before
        assert len(events(inst, p, "impersonation_begin")) == 1


def test_by_cookie_only_when_asked(inst):
    p, b = Person(inst), Browser(inst)
    assert b.call("POST", "/api/auth/login/", json={"username": inst.env["GATEPOST_ADMIN_EMAIL"],
                                                    "password": inst.env["GATEPOST_ADMIN_PASSWORD"]}).status_code == 200
    assert "Set-Cookie" not in b.call("POST", at(p), json={"reason": "because"}).headers
    own = [r["id"] for r in b.call("GET", SESSIONS).json()["results"] if r["current"]]
    old = Bearer(inst, {"access_token": b.access, "refresh": b.refresh})
    # Who asks by a token has no cookies to be replaced: those of the browser are another sign-in's.
    refused = problem(old.call("POST", at(p), json={"reason": "because", "cookie": True}), 400)
    assert "cookie" in refused["errors"] and b.call("GET", PROFILE).status_code == 200
    r = b.call("POST", at(p), json={"reason": "because", "cookie": True})
    assert r.status_code == 201 and not {"access", "refresh"} & set(r.json())
    # What the cookies were of is signed in nowhere: it has ended, and its owner's list has it no more.
    wait_until("the end of what was replaced", lambda: old.call("GET", PROFILE).status_code == 401, 1.5)
    problem(old.with_refresh(REFRESH), 401)
    assert own[0] not in [r["id"] for r in inst.api("GET", SESSIONS, token=inst.admin()).json()["results"]]
    assert inst.rows("SELECT end_reason FROM session WHERE id = %s", own[0])[0]["end_reason"] == "acting"
    assert b.call("GET", PROFILE).json()["id"] == p.id
    assert b.call("POST", "/api/auth/logout/", json={}).status_code == 200 and not b.access
