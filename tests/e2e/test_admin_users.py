"""Users for administrators, (S11, S57, D8)."""
import concurrent.futures
import json

import pytest

from instance import wait_until
from people import Bearer, Person, an_email, forget_limits, problem

USERS, AUDIT, PROFILE = "/api/admin/users/", "/api/admin/audit/", "/api/auth/profile/"


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


@pytest.fixture
def root(inst):
    return inst.admin()


def made(inst, **roles):
    """A person with a role, and a token that says so."""
    p = Person(inst)
    for role in roles:
        assert role in ("is_staff", "is_superuser")
        inst.rows(f"UPDATE user SET {role} = TRUE WHERE id = %s", p.id)
    p.first = p.bearer()
    return p


def at(p, *more):
    return "/".join([USERS.rstrip("/"), str(p.id), *more]) + "/"


def listed(inst, token, query):
    r = inst.api("GET", f"{USERS}?{query}", token=token)
    assert r.status_code == 200, r.text
    return r.json()


def test_the_list_searches_filters_orders_and_pages(inst, root):
    tag = an_email()[1:9]
    people = [Person(inst, first_name=f"Given{i}", last_name=f"{tag}{'CAB'[i]}") for i in range(3)]
    ids = [p.id for p in people]
    assert [u["id"] for u in listed(inst, root, f"q={tag}")["results"]] == ids
    assert [u["id"] for u in listed(inst, root, f"q={tag}&ordering=last_name")["results"]] == [ids[1], ids[2], ids[0]]
    assert [u["id"] for u in listed(inst, root, f"q={tag}&ordering=-id")["results"]] == ids[::-1]
    assert [u["id"] for u in listed(inst, root, f"q={people[1].phone[1:]}")["results"]] == [ids[1]]
    assert [u["id"] for u in listed(inst, root, f"q=Given2 {tag}B")["results"]] == [ids[2]]
    inst.rows("UPDATE user SET is_staff = TRUE WHERE id = %s", ids[0])
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", ids[1])
    assert [u["id"] for u in listed(inst, root, f"q={tag}&is_staff=true")["results"]] == ids[:1]
    assert [u["id"] for u in listed(inst, root, f"q={tag}&is_active=false")["results"]] == ids[1:2]
    assert [u["id"] for u in listed(inst, root, f"q={tag}&is_superuser=true")["results"]] == []
    three = ",".join(map(str, [*ids[::-1], 999999999]))
    assert [u["id"] for u in listed(inst, root, f"ids={three}")["results"]] == ids
    assert [u["id"] for u in listed(inst, root, f"ids={three}&is_active=false")["results"]] == ids[1:2]
    assert listed(inst, root, f"ids={three}&page_size=2")["count"] == 3
    for wrong in ("x", "1,", ",1", "0", "-1", "1,,2", ",".join(["1"] * 101), "9" * 21):
        problem(inst.api("GET", f"{USERS}?ids={wrong}", token=root), 400, field="ids")
    claim = Person(inst, proved=False, first_name=tag)
    assert len(listed(inst, root, f"q={tag}&is_verified=false")["results"]) == 1 and claim
    for first, rest in (("limit=2", "offset"), ("page_size=2", "page")):
        page = listed(inst, root, f"q={tag}&is_verified=true&ordering=-id&{first}")
        assert page["count"] == 3 and len(page["results"]) == 2 and rest in page["next"]
        after = inst.api("GET", page["next"][len(inst.url):], token=root).json()
        assert [u["id"] for u in page["results"] + after["results"]] == ids[::-1] and after["next"] is None
    g = inst.api("POST", "/api/push/groups/", token=root, json={"name": tag}).json()["id"]
    inst.rows("INSERT INTO push_group_user (group_id, user_id) VALUES (%s, %s)", g, ids[2])
    assert [u["id"] for u in listed(inst, root, f"group={g}")["results"]] == [ids[2]]
    assert [u["id"] for u in listed(inst, root, f"group={tag}")["results"]] == [ids[2]]
    problem(inst.api("GET", f"{USERS}?group=nobody", token=root), 400, "unknown_group", "group")
    assert listed(inst, root, "q=%25")["count"] == 0    # no pattern, a character
    for bad, field in (("is_staff=maybe", "is_staff"), ("limit=101", "limit"), ("page=0", "page"), ("surprise=1", "surprise")):
        problem(inst.api("GET", f"{USERS}?{bad}", token=root), 400, None, field)
    problem(inst.api("GET", f"{USERS}?ordering=password", token=root), 400, "invalid", "ordering")


def test_d8_a_role_is_new_in_the_next_token_and_the_audit_has_both(inst, root):
    p = Person(inst)
    old = p.first.access
    r = inst.api("PATCH", at(p), token=root, json={"is_staff": True, "first_name": "Sara", "allowed_countries": ["de", "IR"]})
    assert r.status_code == 200 and r.json()["is_staff"] and r.json()["first_name"] == "Sara", r.text
    assert r.json()["allowed_countries"] == ["DE", "IR"]
    wait_until("the old token's end", lambda: inst.api("GET", PROFILE, token=old).status_code == 401, 1.5)
    inst.api("PATCH", at(p), token=root, json={"allowed_countries": []})
    assert p.first.with_refresh("/api/auth/token/refresh/").status_code == 200
    wait_until("the new role", lambda: inst.api("GET", USERS, token=p.first.access).status_code == 200, 3)
    rows = inst.api("GET", f"{AUDIT}?user_id={p.id}&event=user_change", token=root).json()["results"]
    first = rows[-1]["detail"]
    assert first["before"]["is_staff"] is False and first["after"]["is_staff"] is True
    assert first["set"] == ["first_name", "allowed_countries"] and "Sara" not in json.dumps(first)
    problem(inst.api("PATCH", at(p), token=root, json={"allowed_countries": ["XX1"]}), 400, "invalid_country")
    problem(inst.api("PATCH", at(p), token=root, json={"password": "x"}), 400, None, "password")
    problem(inst.api("PATCH", "/api/admin/users/999999999/", token=root, json={}), 404, "not_found")


def test_staff_gives_no_roles_and_touches_nobody_above_or_beside(inst, root):
    staff, boss, p = made(inst, is_staff=1), made(inst, is_superuser=1), Person(inst)
    assert staff.first.call("PATCH", at(p), json={"first_name": "New"}).status_code == 200
    for role in ("is_staff", "is_superuser"):
        problem(staff.first.call("PATCH", at(p), json={role: True}), 403, "role_required")
        problem(staff.first.call("PATCH", at(staff), json={role: True}), 403, "role_required")
    for admin in (boss, made(inst, is_staff=1)):
        for call in (("PATCH", at(admin), {"first_name": "X"}), ("POST", at(admin, "disable"), None),
                     ("POST", at(admin, "sign-out"), None), ("POST", at(admin, "reset-password"), None)):
            problem(staff.first.call(call[0], call[1], json=call[2]), 403, "role_required")
        assert staff.first.call("GET", at(admin)).status_code == 200 and admin.first.call("GET", PROFILE).status_code == 200
    assert staff.first.call("PATCH", at(staff), json={"first_name": "Own"}).status_code == 200
    problem(p.first.call("GET", USERS), 403, "role_required")
    problem(inst.api("GET", USERS, token=inst.token), 403, "role_required")
    assert inst.api("PATCH", at(boss), token=root, json={"is_superuser": False}).status_code == 200


def test_d8_a_list_of_countries_outdates_what_was_given_before(inst, root):
    """What it then lets in and refuses: test_country."""
    p = Person(inst)
    old = p.first.access
    assert inst.api("PATCH", at(p), token=root, json={"allowed_countries": ["se", "SE", "GB"]}).json()[
        "allowed_countries"] == ["GB", "SE"]
    wait_until("the old token's end", lambda: inst.api("GET", "/api/auth/gate", token=old).status_code == 401, 1)
    assert inst.api("PATCH", at(p), token=root, json={"allowed_countries": []}).json()["allowed_countries"] == []
    for bad in (["S"], ["SWE"], ["S1"], ["SE", ""], "SE", [7], ["SE\n"], ["SE"] * 251):
        r = inst.api("PATCH", at(p), token=root, json={"allowed_countries": bad})
        problem(r, 400, None, "allowed_countries")
    assert inst.api("GET", at(p), token=root).json()["allowed_countries"] == []


@pytest.mark.parametrize("what", ["disable", "sign-out"])
def test_s11_every_session_ends_within_a_second(inst, root, what):
    p = Person(inst)
    mine = [p.bearer() for _ in range(3)] + [p.browser()]
    assert inst.rows("SELECT 1 FROM known_device WHERE user_id = %s", p.id)
    forget_limits(inst)
    seen = p.code()
    flow, code = p.reset_request().json()["register_id"], p.code(after=(seen,))
    assert inst.api("POST", at(p, what), token=root).status_code == 200
    assert not inst.rows("SELECT 1 FROM known_device WHERE user_id = %s", p.id) or what == "disable"
    for one in mine:
        wait_until("its end", lambda: one.call("GET", "/api/auth/gate").status_code == 401, 1)
        assert one.with_refresh("/api/auth/token/refresh/").status_code == 401
    if what == "disable":
        problem(inst.api("POST", "/api/auth/password/reset/", json={
            "register_id": flow, "otp_code": code, "new_password": "Rain-Cloud7?"}), 400)
        problem(p.login(), 403, "account_disabled")
        problem(p.login(password="Wrong-Word-1"), 401, "invalid_credentials")
        assert inst.api("POST", at(p, "enable"), token=root).json()["is_active"] is True
    assert p.login().status_code == 200
    assert inst.api("POST", at(p, what), token=root).status_code == 200     # twice is once


def test_s57_an_admin_begins_a_reset_and_chooses_nothing(inst, root):
    p = Person(inst)
    r = inst.api("POST", at(p, "reset-password"), token=root)
    assert r.status_code == 200 and set(r.json()) == {"message"}, r.text
    text = wait_until("the link", lambda: next((m["text"] for m in inst.sandbox.messages(channel="sms", to=p.phone)
                                                if "/console/reset/" in m["text"]), None))
    page = inst.api("GET", text.split(inst.url)[1].split()[0])
    assert page.status_code == 200 and "reset.js" in page.text and "unsafe" not in page.headers["Content-Security-Policy"]
    assert p.login().status_code == 200 and p.first.call("GET", PROFILE).status_code == 200     # nothing has changed yet
    # The user's own reset: what the page does.
    forget_limits(inst)
    seen = p.code()
    flow = p.reset_request().json()["register_id"]
    r = inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": flow, "otp_code": p.code(after=(seen,)), "new_password": "Rain-Cloud7?"})
    assert r.status_code == 200 and p.login(password="Rain-Cloud7?").status_code == 200
    # No row of an administrator's takes a password.
    for method, path in (("PATCH", at(p)), ("POST", at(p, "reset-password"))):
        problem(inst.api(method, path, token=root, json={"password": "Sun-Flower9!"}), 400, None, "password")
    assert inst.api("PATCH", f"/api/users/{p.id}/", token=root, json={"password": "Sun-Flower9!"}).status_code == 200
    assert p.login(password="Rain-Cloud7?").status_code == 200
    forget_limits(inst)
    got = [inst.api("POST", at(p, "reset-password"), token=root).status_code for _ in range(6)]
    assert got == [200] * 5 + [429]
    inst.api("POST", at(p, "disable"), token=root)
    forget_limits(inst)
    problem(inst.api("POST", at(p, "reset-password"), token=root), 409, "no_channel")


def test_a_closing_account_is_not_enabled_and_stays_off_when_disabled(inst, root):
    p = Person(inst)
    assert p.first.call("DELETE", "/api/auth/account/").status_code == 200
    assert inst.api("GET", at(p), token=root).json()["purge_at"]
    problem(inst.api("POST", at(p, "enable"), token=root), 409, "account_closing")
    token = p.login().json()["restore_token"]
    assert inst.api("POST", at(p, "disable"), token=root).status_code == 200
    assert inst.api("POST", "/api/auth/account/restore/", json={"token": token}).status_code == 200
    problem(p.login(), 403, "account_disabled")


def test_d9_enabling_proves_nothing(inst, root):
    """Who never proved an address is let in by an administrator no more than by the password."""
    p = Person(inst, proved=False)
    p.id = inst.rows("SELECT id FROM user WHERE phone = %s", p.phone)[0]["id"]
    assert inst.api("POST", at(p, "enable"), token=root).status_code == 200
    forget_limits(inst)
    seen = p.code()
    doc = problem(p.login(), 403, "not_verified")
    assert inst.api("GET", at(p), token=root).json()["is_verified"] is False
    problem(inst.api("POST", at(p, "reset-password"), token=root), 409, "no_channel")
    r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": doc["register_id"], "otp_code": p.code(after=(seen,))})
    assert r.status_code == 200 and p.login().status_code == 200
    # And a claim that was disabled is not let in by proving it.
    q = Person(inst, proved=False)
    q.id = inst.rows("SELECT id FROM user WHERE phone = %s", q.phone)[0]["id"]
    assert inst.api("POST", at(q, "disable"), token=root).status_code == 200
    assert q.prove().status_code in (400, 403)
    assert q.login().status_code in (401, 403)
    assert not inst.rows("SELECT 1 FROM session WHERE user_id = %s", q.id)


def test_the_last_superuser_stays_whatever_happens_at_once(inst):
    """Superusers take each other's role, disable each other and leave, all at once, again and again."""
    root = Bearer(inst, inst.api("POST", "/api/auth/login/", json={
        "username": inst.env["GATEPOST_ADMIN_EMAIL"], "password": inst.env["GATEPOST_ADMIN_PASSWORD"]}).json())
    first = inst.rows("SELECT id FROM user WHERE is_superuser AND is_active ORDER BY id")
    try:
        for _ in range(4):
            two = [made(inst, is_superuser=1) for _ in range(2)]
            inst.rows("UPDATE user SET is_superuser = FALSE WHERE id NOT IN (%s, %s)", two[0].id, two[1].id)
            a, b = two
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                jobs = [pool.submit(a.first.call, "PATCH", at(b), json={"is_superuser": False}),
                        pool.submit(b.first.call, "POST", at(a, "disable")),
                        pool.submit(a.first.call, "DELETE", "/api/auth/account/"),
                        pool.submit(b.first.call, "PATCH", at(b), json={"is_superuser": False})]
                codes = [j.result().status_code for j in jobs]
            left = inst.rows("SELECT id FROM user WHERE is_superuser AND is_active")
            assert len(left) >= 1, codes
            assert set(codes) <= {200, 401, 403, 409}, codes
    finally:
        inst.rows("UPDATE user SET is_superuser = FALSE")
        for row in first:
            inst.rows("UPDATE user SET is_superuser = TRUE, is_active = TRUE WHERE id = %s", row["id"])
    assert root


def test_the_last_superuser_is_not_disabled_by_himself(inst, root):
    me = inst.api("GET", PROFILE, token=root).json()["id"]
    inst.rows("UPDATE user SET is_superuser = FALSE WHERE id <> %s", me)
    problem(inst.api("POST", f"{USERS}{me}/disable/", token=root), 409, "last_superuser")
    assert inst.api("GET", PROFILE, token=root).status_code == 200


def test_s12_staff_do_not_lift_the_country_rule_that_binds_them(inst, root):
    p = made(inst, is_staff=True)
    problem(p.first.call("PATCH", at(p), json={"allowed_countries": []}), 403, "role_required")
    assert inst.api("PATCH", at(p), token=root, json={"allowed_countries": []}).status_code == 200


SESSIONS = "/api/admin/sessions/"


def test_everybodys_sessions_are_listed_and_ended(inst, root):
    p, chief = Person(inst), made(inst, is_superuser=True)
    staff = made(inst, is_staff=True)
    b = p.bearer()

    def found(token=root, **asked):
        r = inst.api("GET", SESSIONS, token=token, params={"user": p.phone, **asked})
        assert r.status_code == 200, r.text
        return r.json()
    rows = found()["results"]
    assert len(rows) == 2 and all(r["user_id"] == p.id and r["phone_number"] == p.phone and r["is_active"] and not r["current"]
                                  for r in rows)
    assert rows == sorted(rows, key=lambda r: -int(r["id"])) and found(ip=rows[0]["ip"])["results"] == rows
    assert not found(ip="192.0.2.99")["results"] and not found(is_active="false")["results"]
    page = found(limit=1)
    assert page["results"] == rows[:1]
    assert inst.api("GET", page["next"].replace(inst.url, ""), token=root).json()["results"] == rows[1:]
    # One ends, at once; the other lives; the audit knows who did it.
    assert inst.api("DELETE", f"{SESSIONS}{rows[0]['id']}/", token=staff.first.access).status_code == 204
    wait_until("it has ended", lambda: b.call("GET", PROFILE).status_code == 401)
    assert p.first.call("GET", PROFILE).status_code == 200
    problem(inst.api("DELETE", f"{SESSIONS}{rows[0]['id']}/", token=root), 404)
    over = found(is_active="false")["results"]
    assert [(r["id"], r["end_reason"]) for r in over] == [(rows[0]["id"], "revoked")] and over[0]["ended_at"]
    last = inst.rows("SELECT actor_id, session_id FROM audit WHERE event = 'session_revoked' AND user_id = %s", p.id)
    assert [(r["actor_id"], str(r["session_id"])) for r in last] == [(staff.id, rows[0]["id"])]
    # Staff end nobody's above them; nobody else looks.
    above = found(user=chief.phone)["results"][0]["id"]
    problem(inst.api("DELETE", f"{SESSIONS}{above}/", token=staff.first.access), 403, "role_required")
    problem(inst.api("GET", SESSIONS, token=p.first.access), 403)
    problem(inst.api("GET", SESSIONS, token=root, params={"user": "nobody@example.com"}), 400, "unknown_user")
    mine = inst.api("GET", SESSIONS, token=root, params={"user": "1", "is_active": "true"}).json()["results"]
    assert [r["current"] for r in mine].count(True) == 1


def test_s71_the_audit_is_found_by_outcome_and_address(inst, root):
    p = Person(inst)
    assert p.login(password="Wrong-Cloud7?").status_code == 401

    def found(**asked):
        return inst.api("GET", AUDIT, token=root, params={"user_id": p.id, "event": "login", **asked}).json()["results"]
    assert len(found()) == 2 and [r["outcome"] for r in found(outcome="ok")] == ["ok"]
    other = next(r["outcome"] for r in found() if r["outcome"] != "ok")
    assert len(found(outcome=other, ip="127.0.0.1")) == 1 and not found(ip="192.0.2.99")
    page = inst.api("GET", AUDIT, token=root, params={"outcome": "ok", "ip": "127.0.0.1", "limit": 1}).json()
    assert "outcome=ok" in page["next"] and "ip=127.0.0.1" in page["next"]


def many(inst, token, path, ids, status=200):
    """A row that does to many what another does to one: (done, failed), and what became of each."""
    r = inst.api("POST", path, token=token, json={"ids": [str(i) for i in ids]})
    assert r.status_code == status, r.text
    a = r.json()
    assert [x["id"] for x in a["results"]] == [str(i) for i in ids] and a["done"] + a["failed"] == len(ids)
    assert all((x["code"] is None) == (x["detail"] is None) == (x["status"] < 300) for x in a["results"])
    return a["done"], [x["code"] for x in a["results"]]


def test_accounts_are_switched_and_signed_out_together_each_by_itself(inst, root):
    staff, two, chief = made(inst, is_staff=True), [Person(inst) for _ in range(2)], made(inst, is_superuser=True)
    ids = [two[0].id, 1 << 50, "x", chief.id, two[1].id]
    assert many(inst, staff.first.access, f"{USERS}sign-out/", ids) == (2, [None, "not_found", "not_found", "role_required", None])
    for p in two:
        wait_until("out", lambda p=p: p.first.call("GET", PROFILE).status_code == 401)
    for _ in range(2):      # twice is as good as once
        assert many(inst, staff.first.access, f"{USERS}disable/", ids) == (2, [None, "not_found", "not_found", "role_required", None])
    state = "SELECT GROUP_CONCAT(is_active ORDER BY id) a FROM user WHERE id IN (%s, %s, %s)"
    assert inst.rows(state, two[0].id, two[1].id, chief.id)[0]["a"] == "0,0,1"
    assert many(inst, root, f"{USERS}enable/", [p.id for p in two])[0] == 2
    assert inst.rows(state, two[0].id, two[1].id, chief.id)[0]["a"] == "1,1,1"
    each = inst.rows("SELECT user_id, COUNT(*) n FROM audit WHERE event = 'user_disable' AND user_id IN (%s, %s) GROUP BY 1",
                     two[0].id, two[1].id)
    assert len(each) == 2
    for wrong in ({"ids": []}, {"ids": ["1"] * 101}, {"ids": "1"}, {}):
        r = inst.api("POST", f"{USERS}disable/", token=root, json=wrong)
        assert "ids" in problem(r, 400)["errors"]
    problem(inst.api("POST", f"{USERS}disable/", token=two[0].bearer().access, json={"ids": ["1"]}), 403)


def test_sessions_end_together(inst, root):
    p, other = Person(inst), Person(inst)
    mine = [p.bearer() for _ in range(3)]
    of = {r["id"]: r for r in pages(inst, root, f"{SESSIONS}?user={p.id}")[0]}
    theirs = pages(inst, root, f"{SESSIONS}?user={other.id}")[0][0]["id"]
    own = [s["id"] for s in mine[0].call("GET", "/api/auth/sessions/").json()["results"]]
    assert set(own) == set(of) and len(own) == 4
    me = next(s["id"] for s in mine[0].call("GET", "/api/auth/sessions/").json()["results"] if s["current"])
    gone = [i for i in own if i != me][:2]
    # His own alone; what is another's is not there.
    assert many(inst, mine[0].access, "/api/auth/sessions/revoke/", [*gone, theirs]) == (2, [None, None, "not_found"])
    assert [s["id"] for s in mine[0].call("GET", "/api/auth/sessions/").json()["results"]] == [i for i in own if i not in gone]
    assert other.first.call("GET", PROFILE).status_code == 200
    r = mine[0].call("POST", "/api/auth/sessions/revoke/", json={"ids": [me]})
    assert r.json()["done"] == 1 and "__Host-gatepost=;" in r.headers["Set-Cookie"]
    rest = [i for i in own if i not in (*gone, me)]
    assert many(inst, root, f"{SESSIONS}revoke/", [*rest, me, theirs]) == (2, [None, "not_found", None])
    wait_until("over", lambda: other.first.call("GET", PROFILE).status_code == 401)
    assert many(inst, root, f"{SESSIONS}revoke/", [*rest, theirs])[0] == 0


def test_tokens_are_revoked_and_addresses_taken_off_together(inst, root):
    made_ = [inst.api("POST", "/api/push/token/generate/", token=root, json={"name": f"t{i}"}).json() for i in range(2)]
    assert many(inst, root, "/api/push/tokens/revoke/", [m["id"] for m in made_] + ["7"]) == (2, [None, None, "not_found"])
    assert inst.api("GET", "/api/push/groups/", token=made_[0]["token"]).status_code == 401
    barred = [inst.api("POST", "/api/suppressions/", token=root, json={
        "channel": "email", "address": an_email(), "reason": "blocked"}).json()["id"] for _ in range(2)]
    assert many(inst, root, "/api/suppressions/remove/", [*barred, barred[0]]) == (2, [None, None, "not_found"])


def pages(inst, token, url):
    """Every row of a list by cursor, and how many calls that took."""
    rows, calls = [], 0
    while url:
        r = inst.api("GET", url.replace(inst.url, ""), token=token)
        assert r.status_code == 200, r.text
        rows, url, calls = rows + r.json()["results"], r.json()["next"], calls + 1
    return rows, calls


def test_sessions_are_searched_and_ordered_by_time(inst, root):
    p, other = Person(inst), Person(inst)
    inst.rows("UPDATE user SET first_name = 'Zarathustra', last_name = 'Quill' WHERE id = %s", p.id)
    for _ in range(4):
        p.bearer()
    down, _ = pages(inst, root, f"{SESSIONS}?q=tustra&limit=2".replace("tustra", "thustra%20Qu"))
    assert len(down) == 5 and {r["user_id"] for r in down} == {p.id}
    up, calls = pages(inst, root, f"{SESSIONS}?q=thustra%20Qu&limit=2&ordering=created_at")
    assert up == down[::-1] and calls == 3
    # Between two rows, in either order; by number it is his, by a part of it, too.
    ids = [r["id"] for r in up]
    some = pages(inst, root, f"{SESSIONS}?user={p.id}&after={ids[0]}&before={ids[4]}")[0]
    assert [r["id"] for r in some] == ids[3:0:-1]
    assert len(pages(inst, root, f"{SESSIONS}?q={p.phone[1:]}")[0]) == 5
    assert not pages(inst, root, f"{SESSIONS}?q=nobody-{p.phone[1:]}")[0]
    # What comes and goes meanwhile: no row twice, none of the rest missed.
    first = inst.api("GET", f"{SESSIONS}?user={p.id}&limit=2", token=root).json()
    p.bearer()
    inst.rows("DELETE FROM session WHERE id = %s", ids[0])
    rest = pages(inst, root, first["next"])[0]
    assert [r["id"] for r in first["results"] + rest] == ids[:0:-1]
    assert other.id not in {r["user_id"] for r in rest}


@pytest.mark.parametrize("path, field, value", [
    (SESSIONS, "ordering", "ip"), (SESSIONS, "after", "x"), (SESSIONS, "q", "x" * 101), (AUDIT, "ordering", "event"),
    (AUDIT, "after", "-1"), (AUDIT, "q", "a\nb"), ("/api/admin/jobs/", "class", "gold"), ("/api/admin/jobs/", "after", "x"),
    ("/api/admin/devices/", "ordering", "user"), ("/api/admin/devices/", "after", "x")])
def test_what_a_list_does_not_know_is_named(inst, root, path, field, value):
    assert field in problem(inst.api("GET", path, token=root, params={field: value}), 400, "invalid")["errors"]


def test_the_audit_is_searched_and_ordered_by_time(inst, root):
    p = Person(inst)
    p.first.call("POST", "/api/auth/logout/", json={}, headers={"User-Agent": "Peculiar-Browser/1.0"})
    found = pages(inst, root, f"{AUDIT}?q=uliar-Brow")[0]
    assert [(r["event"], r["user_id"]) for r in found] == [("logout", p.id)]
    assert pages(inst, root, f"{AUDIT}?q={found[0]['request_id']}")[0] == found
    assert pages(inst, root, f"{AUDIT}?q=ogou&user_id={p.id}")[0] == found
    down = pages(inst, root, f"{AUDIT}?q={p.phone[1:]}&limit=2")[0]
    assert len(down) >= 3 and down == pages(inst, root, f"{AUDIT}?user_id={p.id}")[0]
    assert pages(inst, root, f"{AUDIT}?user_id={p.id}&limit=2&ordering=created_at")[0] == down[::-1]
    # In the time alone, and by an event, in either order.
    for asked in (f"since={down[-1]['at']}", f"event=login&since={down[-1]['at']}", f"outcome=ok&since={down[-1]['at']}"):
        both = [pages(inst, root, f"{AUDIT}?{asked}&limit=3{order}")[0] for order in ("", "&ordering=created_at")]
        assert both[0] and both[0] == both[1][::-1] and len({r["id"] for r in both[0]}) == len(both[0])
    assert not pages(inst, root, f"{AUDIT}?until={down[-1]['at']}&user_id={p.id}")[0]


def test_a_search_of_the_audit_looks_at_some_rows_a_call(inst, root):
    """More rows than one call looks at: it is told where to go on, in either order."""
    p = Person(inst)
    p.first.call("POST", "/api/auth/logout/", json={})
    one = pages(inst, root, f"{AUDIT}?event=logout&user_id={p.id}")[0][0]
    inst.rows("INSERT INTO audit (id, at, event, outcome, ip, personal_mac, row_mac) SELECT %s + seq, UTC_TIMESTAMP(6), 'filler',"
              " 'ok', '', REPEAT('a', 32), REPEAT('a', 32) FROM seq_1_to_25000", int(one["id"]))
    try:
        found, calls = pages(inst, root, f"{AUDIT}?q=logout&outcome={one['outcome']}&after={int(one['id']) - 1}")
        assert found[-1] == one and calls >= 2
        found, calls = pages(inst, root, f"{AUDIT}?event=filler&q=login&ordering=created_at")
        assert not found and calls == 5
    finally:
        inst.rows("DELETE FROM audit WHERE event = 'filler'")
