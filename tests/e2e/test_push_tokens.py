"""Admin tokens (S70): minted by superusers, shown once, scoped, expiring,
bound to networks, revocable."""
import hashlib
import time

import pytest

from instance import wait_until
from push_case import admin_token, new_user, refused, word


def use(inst, token, **more):
    return inst.api("GET", "/api/push/groups/", token=token, **more)


def test_an_empty_body_gives_a_push_token(inst):
    r = inst.api("POST", "/api/push/token/generate/", token=inst.admin())
    assert r.status_code == 201, r.text
    made = r.json()
    assert made["token"].startswith("gp_") and len(made["token"]) == 46
    assert made["name"] == "" and made["scopes"] == ["push"] and isinstance(made["id"], str)
    assert r.headers["Cache-Control"] == "no-store"
    assert use(inst, made["token"]).status_code == 200


def test_s7_s70_only_its_hash_is_kept(inst):
    made = admin_token(inst, name="once")
    row = inst.rows("SELECT * FROM admin_token WHERE id = %s", made["id"])[0]
    assert row["token_hash"] == hashlib.sha256(made["token"].encode()).digest()
    assert made["token"] not in str(row)
    listed = inst.api("GET", "/api/push/tokens/?page_size=100", token=inst.admin())
    assert made["token"] not in listed.text
    assert made["id"] in [t["id"] for t in listed.json()["results"]]


@pytest.mark.parametrize("field, body", [
    ("scopes", {"scopes": ["root"]}), ("scopes", {"scopes": "push"}), ("scopes", {"scopes": []}),
    ("expires_at", {"expires_at": "2020-01-01T00:00:00Z"}), ("expires_at", {"expires_at": "tomorrow"}),
    ("cidr", {"cidr": "10.0.0.0/33"}), ("cidr", {"cidr": "10.0.0.0/8,"}), ("cidr", {"cidr": "example.com"}),
    ("cidr", {"cidr": "::1/129"}), ("name", {"name": "x" * 101}), ("name", {"name": "a\nb"}),
])
def test_bad_members_are_named(inst, field, body):
    refused(inst.api("POST", "/api/push/token/generate/", token=inst.admin(), json=body), 400, field=field)


def test_who_may_not_mint_list_or_revoke(inst):
    user = new_user(inst)
    strong = admin_token(inst, scopes=["push", "send", "admin"])
    rows = [("POST", "/api/push/token/generate/"), ("GET", "/api/push/tokens/"),
            ("DELETE", f"/api/push/tokens/{strong['id']}/")]
    inst.rows("UPDATE user SET is_staff = TRUE WHERE id = %s", user["id"])
    for method, path in rows:
        refused(inst.api(method, path), 401)
        refused(inst.api(method, path, token="gp_" + "A" * 43), 401, "invalid_token")
        refused(inst.api(method, path, token=strong["token"]), 403)
        # staff, but no superuser
        assert inst.api(method, path, token=user["token"]).status_code in (401, 403)
    assert use(inst, strong["token"]).status_code == 200


def test_a_replay_gives_everything_but_the_token(inst):
    key = {"Idempotency-Key": f"token-{word()}{word()}"}
    body, admin = {"name": word(), "scopes": ["push", "send"]}, inst.admin()
    first = inst.api("POST", "/api/push/token/generate/", token=admin, json=body, headers=key)
    again = inst.api("POST", "/api/push/token/generate/", token=admin, json=body, headers=key)
    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "token" not in again.json()
    assert {k: v for k, v in first.json().items() if k != "token"} == again.json()
    refused(inst.api("POST", "/api/push/token/generate/", token=admin, json={"name": "other"}, headers=key),
            422, "idempotency_mismatch")
    assert len(inst.rows("SELECT id FROM admin_token WHERE name = %s", body["name"])) == 1


def test_s70_revoked_is_dead_at_once(inst):
    made = admin_token(inst)
    assert use(inst, made["token"]).status_code == 200
    path = f"/api/push/tokens/{made['id']}/"
    assert inst.api("DELETE", path, token=inst.admin()).status_code == 204
    refused(use(inst, made["token"]), 401, "invalid_token")
    refused(inst.api("DELETE", path, token=inst.admin()), 404)
    refused(inst.api("DELETE", "/api/push/tokens/none/", token=inst.admin()), 404)
    assert [e["event"] for e in inst.rows("SELECT event FROM audit WHERE event LIKE 'token\\_%%' ORDER BY id DESC LIMIT 1")] \
        == ["token_revoked"]


def dies(inst, token):
    """Refused by every child: each remembers for a second whom it let in."""
    let_in = [time.monotonic()]

    def steady():
        if use(inst, token).status_code != 401:
            let_in[0] = time.monotonic()
        return time.monotonic() - let_in[0] > 1.2
    wait_until("the token is refused for good", steady, seconds=8)
    refused(use(inst, token), 401, "invalid_token")


def test_s70_expired_is_dead(inst):
    made = admin_token(inst, expires_at="2099-01-01T00:00:00Z")
    assert made["expires_at"] == "2099-01-01T00:00:00Z" and use(inst, made["token"]).status_code == 200
    inst.rows("UPDATE admin_token SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE id = %s", made["id"])
    dies(inst, made["token"])


def test_s70_a_token_dies_with_its_superuser(inst):
    made, user = admin_token(inst), new_user(inst)
    inst.rows("UPDATE user SET is_superuser = TRUE WHERE id = %s", user["id"])
    inst.rows("UPDATE admin_token SET user_id = %s WHERE id = %s", user["id"], made["id"])
    assert use(inst, made["token"]).status_code == 200
    inst.rows("UPDATE user SET is_superuser = FALSE WHERE id = %s", user["id"])
    dies(inst, made["token"])
    inst.rows("UPDATE user SET is_superuser = TRUE, is_active = FALSE WHERE id = %s", user["id"])
    dies(inst, made["token"])
    inst.rows("UPDATE user SET is_superuser = FALSE WHERE id = %s", user["id"])


def test_networks(inst):
    here = admin_token(inst, cidr="10.0.0.0/8, 127.0.0.0/30")
    elsewhere = admin_token(inst, cidr="192.0.2.0/24,2001:db8::/32")
    mapped = admin_token(inst, cidr="::ffff:127.0.0.1/128")
    assert use(inst, here["token"]).status_code == 200
    assert use(inst, mapped["token"]).status_code == 200
    refused(use(inst, elsewhere["token"]), 401, "invalid_token")
    refused(use(inst, mapped["token"], source="127.0.0.3"), 401, "invalid_token")
    assert use(inst, here["token"], source="127.0.0.3").status_code == 200
    refused(use(inst, here["token"], source="127.0.0.4"), 401, "invalid_token")
    used = inst.rows("SELECT id, last_used_at IS NOT NULL AS used FROM admin_token WHERE id IN (%s, %s)",
                     here["id"], elsewhere["id"])
    assert {str(r["id"]): r["used"] for r in used} == {here["id"]: 1, elsewhere["id"]: 0}


def test_s70_last_use_is_noted_once_a_minute(inst):
    made = admin_token(inst)
    use(inst, made["token"])
    first = inst.rows("SELECT last_used_at, last_used_ip FROM admin_token WHERE id = %s", made["id"])[0]
    assert first["last_used_ip"] == "127.0.0.1"
    use(inst, made["token"])
    assert inst.rows("SELECT last_used_at FROM admin_token WHERE id = %s", made["id"])[0]["last_used_at"] \
        == first["last_used_at"]
    inst.rows("UPDATE admin_token SET last_used_at = last_used_at - INTERVAL 61 SECOND WHERE id = %s", made["id"])

    def noted():
        use(inst, made["token"])
        return inst.rows("SELECT last_used_at FROM admin_token WHERE id = %s", made["id"])[0]["last_used_at"] \
            > first["last_used_at"]
    wait_until("the use is noted again", noted)


def test_s70_a_scope_opens_its_rows_only(inst):
    send = admin_token(inst, scopes=["send"])
    refused(use(inst, send["token"]), 403, "scope_required")
    refused(inst.api("POST", "/api/push/send/single/", json={"admin_token": send["token"], "title": "a", "body": "b"}),
            403, "scope_required")


def test_paging(inst):
    for _ in range(3):
        admin_token(inst)
    admin = inst.admin()
    r = inst.api("GET", "/api/push/tokens/?page=2&page_size=2", token=admin).json()
    assert len(r["results"]) >= 1 and r["previous"].endswith("/api/push/tokens/?page=1&page_size=2")
    r = inst.api("GET", "/api/push/tokens/?limit=2&offset=1", token=admin).json()
    assert len(r["results"]) == 2 and r["count"] >= 3 and r["previous"].endswith("?limit=2&offset=0")
    ids = [t["id"] for t in inst.api("GET", "/api/push/tokens/?limit=100", token=admin).json()["results"]]
    assert ids == sorted(ids, key=int, reverse=True)
    refused(inst.api("GET", "/api/push/tokens/?limit=101", token=admin), 400, field="limit")
    refused(inst.api("GET", "/api/push/tokens/?colour=red", token=admin), 400, field="colour")
