"""The rows of the authentication API under their own addresses: what they
answer, who may see and change what, and what must not get round a proof."""
import concurrent.futures
import json

import pytest

from people import (OTHER, PASSWORD, Person, a_phone, an_email, calm, forget_limits, held, problem, within)


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


class Member:
    """Somebody who came by /api/users/."""

    def __init__(self, inst, email=None, **names):
        self.inst, self.email = inst, email or an_email()
        r = inst.api("POST", "/api/users/", json={"email": self.email, "password": PASSWORD, **names})
        assert r.status_code == 201, r.text
        self.id, self.made = r.json()["id"], r
        self.path = f"/api/users/{self.id}/"
        self.sign_in()

    def sign_in(self):
        r = self.inst.api("POST", "/api/token/", json={"email": self.email, "password": PASSWORD})
        assert r.status_code == 200, r.text
        self.access, self.refresh = r.json()["access"], r.json()["refresh"]

    def call(self, method, path=None, json=None, **more):
        return self.inst.api(method, path or self.path, token=self.access, json=json, **more)

    def codes(self, to=None, channel="email"):
        return {m["text"] for m in self.inst.sandbox.messages(channel=channel, to=to or self.email)}

    def prove(self):
        r = self.call("POST", "/api/otp/send/", {"email_or_phone": "email"})
        assert r.status_code == 200, r.text
        r = self.call("POST", "/api/otp/verify/", {"code": self.inst.sandbox.code(self.email, "email")})
        assert r.status_code == 200, r.text
        return self


def old(inst, user, seconds=600):
    """The sign-in of `user` was so long ago; a fresh access token of that session."""
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL %s SECOND WHERE user_id = %s", seconds, user.id)
    r = inst.api("POST", "/api/token/refresh/", json={"refresh": user.refresh})
    assert r.status_code == 200 and set(r.json()) == {"access", "refresh"}, r.text
    user.access, user.refresh = r.json()["access"], r.json()["refresh"]


def test_a_claim_is_served_its_own_row_only(inst):
    """D9"""
    m, other = Member(inst), Member(inst)
    r = m.call("GET")
    assert r.status_code == 200 and r.json()["is_verified"] is False and r.json()["email"] == m.email
    unknown, theirs = m.call("GET", "/api/users/9007199254740991/"), m.call("GET", other.path)
    a, b = problem(unknown, 404, "not_found"), problem(theirs, 404, "not_found")
    assert {k: v for k, v in a.items() if k != "request_id"} == {k: v for k, v in b.items() if k != "request_id"}
    problem(m.call("GET", "/api/auth/sessions/"), 403, "not_verified")
    problem(m.call("GET", "/api/users/"), 403, "role_required")
    m.prove()
    # The tokens go on; the next refresh knows of the proof.
    assert m.call("GET").json()["is_verified"] is True
    old(inst, m, 0)
    assert m.call("GET", "/api/auth/sessions/").status_code == 200


def test_signed_in_people_do_not_register(inst):
    m = Member(inst)
    problem(m.call("POST", "/api/users/", {"email": an_email(), "password": PASSWORD}), 403, "forbidden")
    problem(m.call("POST", "/api/users/", {"email": "x"}), 403, "forbidden")       # D17: before 400
    stale = m.inst.api("POST", "/api/users/", token="x.y.z", json={"email": an_email(), "password": PASSWORD})
    assert stale.status_code == 201         # what proves nothing is nobody


def test_s25_a_taken_address_answers_alike_and_its_owner_is_told(inst):
    owner = Person(inst, email=an_email())
    free, taken = Member(inst).made, Member(inst, owner.email).made
    assert calm(free) == calm(taken) and list(free.json()) == list(taken.json())
    within(10, "the notice", lambda: any(
        "already" in (m["text"] or "") for m in inst.sandbox.messages(channel="email", to=owner.email)))
    # Each password finds its own account; the owner's is the proved one.
    assert inst.api("POST", "/api/token/", json={"email": owner.email, "password": PASSWORD}).status_code == 200


def test_idempotent(inst):
    key, body = {"Idempotency-Key": "k" * 20 + an_email()}, {"email": an_email(), "password": PASSWORD}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: inst.api("POST", "/api/users/", json=body, headers=key), range(8)))
    assert {r.status_code for r in got} <= {201, 409, 503} and len({r.json().get("id") for r in got
                                                                    if r.status_code == 201}) == 1
    assert inst.rows("SELECT COUNT(*) AS n FROM user WHERE email_cmp = %s", body["email"])[0]["n"] == 1
    problem(inst.api("POST", "/api/users/", json={**body, "first_name": "X"}, headers=key), 422)


def test_s20_token_refuses_as_login_does(inst):
    m = Member(inst)
    one = problem(inst.api("POST", "/api/token/", json={"email": m.email, "password": OTHER}), 401, "invalid_credentials")
    two = problem(inst.api("POST", "/api/token/", json={"email": an_email(), "password": OTHER}), 401, "invalid_credentials")
    assert {**one, "request_id": 0} == {**two, "request_id": 0}
    registered = Person(inst, email=an_email(), proved=False)
    p = problem(inst.api("POST", "/api/token/", json={"email": registered.email, "password": PASSWORD}), 403, "not_verified")
    assert p["register_id"]


def test_logout_by_either_token(inst):
    m = Member(inst)
    assert inst.api("POST", "/api/logout/", json={"refresh": m.refresh}).json() == {"status": "You have logged out"}
    problem(inst.api("POST", "/api/token/refresh/", json={"refresh": m.refresh}), 401, "invalid_token")
    within(2, "the gate's word", lambda: m.call("GET").status_code == 401)
    m.sign_in()
    assert m.call("POST", "/api/logout/").status_code == 200
    problem(inst.api("POST", "/api/token/refresh/", json={"refresh": m.refresh}), 401)


def test_otp_send_says_what_there_is_to_prove(inst):
    m = Member(inst)
    problem(m.call("POST", "/api/otp/send/", {"email_or_phone": "phone"}), 400, "no_phone")
    problem(m.call("POST", "/api/otp/send/", {"email_or_phone": "fax"}), 400, field="email_or_phone")
    m.prove()
    problem(m.call("POST", "/api/otp/send/", {"email_or_phone": "email"}), 400, "already_verified")
    p = Person(inst)
    problem(p.first.call("POST", "/api/otp/send/", {"email_or_phone": "email"}), 400, "no_email")


def test_s31_a_code_works_once_whoever_is_first(inst):
    m = Member(inst)
    assert m.call("POST", "/api/otp/send/", {"email_or_phone": "email"}).status_code == 200
    r = problem(m.call("POST", "/api/otp/send/", {"email_or_phone": "email"}), 429, "code_too_soon")
    assert r
    code = inst.sandbox.code(m.email, "email")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = [r.status_code for r in pool.map(lambda _: m.call("POST", "/api/otp/verify/", {"code": code}), range(8))]
    assert sorted(set(got)) in ([200, 400], [200, 400, 409]) and got.count(200) == 1, got


def test_s29_five_tries(inst):
    m = Member(inst)
    assert m.call("POST", "/api/otp/send/", {"email_or_phone": "email"}).status_code == 200
    code = inst.sandbox.code(m.email, "email")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        problem(m.call("POST", "/api/otp/verify/", {"code": wrong}), 400, "invalid_code", field="code")
    problem(m.call("POST", "/api/otp/verify/", {"code": code}), 400, "too_many_tries", field="code")
    # A code of another account is worth nothing here.
    other = Member(inst)
    problem(other.call("POST", "/api/otp/verify/", {"code": code}), 400, "invalid_code")


def test_own_row_changes(inst):
    m = Member(inst, first_name="A")
    row = m.call("GET").json()
    # Clients PUT what they GET: read-only and unknown members are let be.
    r = m.call("PUT", json={**row, "last_name": "B", "is_superuser": True, "is_staff": True, "is_verified": True, "x": 1})
    assert r.status_code == 200, r.text
    assert {**r.json(), "last_name": ""} == {**row, "last_name": ""} and r.json()["last_name"] == "B"
    assert r.json()["is_superuser"] is False and r.json()["is_verified"] is False
    r = m.call("PATCH", json={"birthday": "1990-02-28", "gender": "F"})
    assert (r.json()["birthday"], r.json()["gender"], r.json()["first_name"]) == ("1990-02-28", "F", "A")
    assert m.call("PATCH", json={"gender": None}).json()["gender"] is None
    problem(m.call("PATCH", json={"birthday": "1990-02-31"}), 400, field="birthday")


def test_an_unproved_address_is_replaced_at_once_and_stays_unproved(inst):
    m = Member(inst)
    assert m.call("POST", "/api/otp/send/", {"email_or_phone": "email"}).status_code == 200
    stale = inst.sandbox.code(m.email, "email")
    right, phone = an_email(), a_phone()
    r = m.call("PATCH", json={"email": right.upper(), "phone": "0" + phone[3:]})
    assert r.status_code == 200 and r.json()["email"] == right.upper() and r.json()["phone"] == phone
    assert r.json()["is_verified"] is False
    # The code that went to the first address proves nothing of the second.
    assert m.call("POST", "/api/otp/verify/", {"code": stale}).status_code in (400, 409)
    assert m.call("GET").json()["is_verified"] is False
    assert m.call("POST", "/api/otp/send/", {"email_or_phone": "email"}).status_code == 200
    code = inst.sandbox.code(right.upper(), "email")
    assert m.call("POST", "/api/otp/verify/", {"code": code}).status_code == 200
    row = m.call("GET").json()
    assert (row["email_verified"], row["phone_verified"]) == (True, False)


def test_s59_a_proved_address_stays_until_the_new_one_is_proved(inst):
    m = Member(inst).prove()
    m.sign_in()
    new = "New." + an_email()
    forget_limits(inst)
    r = m.call("PATCH", json={"email": new})
    assert r.status_code == 200 and r.json()["email"] == m.email and r.json()["pending_email"] == new, r.text
    # Sign-in and proof are as before.
    m.sign_in()
    assert inst.api("POST", "/api/token/", json={"email": new, "password": PASSWORD}).status_code == 401
    code = inst.sandbox.code(new, "email")
    assert m.call("POST", "/api/otp/verify/", {"code": code}).status_code == 200
    within(10, "the notice", lambda: any("changed" in (x["text"] or "") for x in
                                         inst.sandbox.messages(channel="email", to=m.email)))
    # D8: the token that says the old address is refused, the new address signs in and is kept as typed.
    within(2, "the old token's end", lambda: m.call("GET").status_code == 401)
    forget_limits(inst)
    assert inst.api("POST", "/api/token/", json={"email": m.email, "password": PASSWORD}).status_code == 401
    m.email = new
    m.sign_in()
    assert m.call("GET").json()["email"] == new


def test_s57_an_address_wants_a_fresh_sign_in_or_the_password(inst):
    m = Member(inst).prove()
    old(inst, m)
    assert m.call("PATCH", json={"first_name": "Z"}).status_code == 200
    for change in ({"email": an_email()}, {"phone": a_phone()}):
        problem(m.call("PATCH", json=change), 403, "reauth_required")
        problem(m.call("PATCH", json={**change, "password": OTHER}), 400, "wrong_password")
    assert m.call("PATCH", json={"phone": a_phone(), "password": PASSWORD}).status_code == 200
    problem(m.call("DELETE"), 403, "reauth_required")
    problem(m.call("DELETE", json={"password": OTHER}), 400, "wrong_password")
    assert m.call("DELETE", json={"password": PASSWORD}).status_code == 204
    within(2, "the end of the session", lambda: m.call("GET").status_code == 401)
    problem(inst.api("POST", "/api/token/", json={"email": m.email, "password": PASSWORD}), 403, "account_closing")


def test_roles(inst):
    root, m, staff, other = inst.admin(), Member(inst).prove(), Member(inst).prove(), Member(inst).prove()
    r = inst.api("PATCH", staff.path, token=root, json={"is_staff": True})
    assert r.status_code == 200 and r.json()["is_staff"] is True
    within(2, "the end of the token without the role", lambda: staff.call("GET").status_code == 401)
    staff.sign_in()
    # Staff sees and changes people, but no roles, and nobody of its rank.
    assert staff.call("GET", m.path).json()["email"] == m.email
    assert staff.call("PATCH", m.path, {"first_name": "By staff"}).json()["first_name"] == "By staff"
    problem(staff.call("PATCH", m.path, {"is_staff": True}), 403, "role_required")
    problem(staff.call("PATCH", m.path, {"is_superuser": True}), 403, "role_required")
    me = inst.api("GET", "/api/auth/profile/", token=root).json()["id"]
    problem(staff.call("PATCH", f"/api/users/{me}/", {"first_name": "X"}), 403, "role_required")
    problem(staff.call("DELETE", f"/api/users/{me}/"), 403, "role_required")
    # Nobody changes their own.
    assert staff.call("PATCH", json={"is_superuser": True}).json()["is_superuser"] is False
    assert inst.api("PATCH", f"/api/users/{me}/", token=root, json={"is_superuser": False}).json()["is_superuser"] is True
    # S11: disabled is out, at once and until enabled.
    assert staff.call("PATCH", m.path, {"is_active": False}).json()["is_active"] is False
    within(2, "the end of the disabled one's session", lambda: m.call("GET").status_code == 401)
    problem(inst.api("POST", "/api/token/", json={"email": m.email, "password": PASSWORD}), 403, "account_disabled")
    assert staff.call("PATCH", m.path, {"is_active": True}).status_code == 200
    m.sign_in()
    assert staff.call("DELETE", other.path).status_code == 204


def roles_of(m):
    return {k: bool(v) for k, v in m.inst.rows("SELECT is_active, is_staff, is_superuser FROM user WHERE id = %s",
                                               m.id)[0].items()}


@pytest.mark.parametrize("was", [0, 1])
def test_d8_a_change_of_one_role_writes_back_no_other(inst, was):
    """A role that is given or taken while somebody is disabled stays so, and the audit has what was before."""
    root, m = inst.admin(), Member(inst)
    m.prove()
    inst.rows("UPDATE user SET is_staff = %s WHERE id = %s", was, m.id)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held(inst, m.id) as (row, queued):
            job = pool.submit(inst.api, "PATCH", m.path, token=root, json={"is_active": False})
            queued()
            row.execute("UPDATE user SET is_staff = %s WHERE id = %s", (not was, m.id))
        assert job.result().status_code == 200, job.result().text
    assert job.result().json()["is_staff"] is not bool(was)
    assert roles_of(m) == {"is_active": False, "is_staff": not was, "is_superuser": False}
    row = inst.rows("SELECT actor_id, detail FROM audit WHERE user_id = %s AND event = 'role_change'", m.id)
    assert len(row) == 1 and row[0]["actor_id"]
    detail = json.loads(row[0]["detail"])
    assert detail["before"] == {"is_active": True, "is_staff": not was, "is_superuser": False}
    assert detail["after"] == {**detail["before"], "is_active": False}


@pytest.mark.parametrize("change", [{"is_active": False}, {"first_name": "By staff"}])
def test_d8_staff_changes_nobody_who_became_its_like_meanwhile(inst, change):
    staff, m = Member(inst), Member(inst, first_name="Own")
    staff.prove()
    m.prove()
    inst.rows("UPDATE user SET is_staff = TRUE WHERE id = %s", staff.id)
    staff.sign_in()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held(inst, m.id) as (row, queued):
            job = pool.submit(staff.call, "PATCH", m.path, change)
            queued()
            row.execute("UPDATE user SET is_superuser = TRUE WHERE id = %s", (m.id,))
        problem(job.result(), 403, "role_required")
    assert roles_of(m) == {"is_active": True, "is_staff": False, "is_superuser": True}
    assert inst.rows("SELECT first_name n FROM user WHERE id = %s", m.id)[0]["n"] == "Own"
    inst.rows("UPDATE user SET is_superuser = FALSE WHERE id = %s", m.id)


def test_d8_roles_set_in_parallel_all_stand(inst):
    root, m = inst.admin(), Member(inst)
    m.prove()
    for i in range(8):
        forget_limits(inst)
        inst.rows("UPDATE user SET is_active = TRUE, is_staff = %s WHERE id = %s", i % 2, m.id)
        rows = [(m.path, {"is_active": False}), (f"/api/admin/users/{m.id}/", {"is_staff": not i % 2}),
                (m.path, {"is_active": False})]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(inst.api, "PATCH", path, token=root, json=body) for path, body in rows]
            assert [j.result().status_code for j in jobs] == [200] * 3, [j.result().text for j in jobs]
        assert roles_of(m) == {"is_active": False, "is_staff": not i % 2, "is_superuser": False}


def test_s11_a_disabled_claim_is_not_made_active_by_a_code(inst):
    root, m = inst.admin(), Member(inst)
    assert inst.api("PATCH", m.path, token=root, json={"is_active": False}).status_code == 200
    p = problem(inst.api("POST", "/api/token/", json={"email": m.email, "password": PASSWORD}), 403, "not_verified")
    code = inst.sandbox.code(m.email, "email")
    r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": p["register_id"], "otp_code": code})
    problem(r, 403, "account_disabled")
    problem(inst.api("POST", "/api/token/", json={"email": m.email, "password": PASSWORD}), 403, "account_disabled")


def test_the_list(inst):
    root, mark = inst.admin(), an_email().split("@")[0]
    people = [Member(inst, f"{mark}{i:02}@example.com", first_name=f"N{i:02}", last_name=mark) for i in range(12)]
    people[3].prove()

    def ask(query):
        r = inst.api("GET", f"/api/users/?q={mark}&{query}", token=root)
        assert r.status_code == 200, r.text
        return r.json()
    # Neither way of paging given: by limit and offset, ten.
    first = ask("ordering=email")
    assert first["count"] == 12 and len(first["results"]) == 10 and first["previous"] is None
    assert first["next"] == f"{inst.url}/api/users/?limit=10&offset=10&q={mark}&ordering=email"
    rest = inst.api("GET", first["next"][len(inst.url):], token=root).json()
    assert [u["email"] for u in first["results"] + rest["results"]] == [p.email for p in people]
    assert rest["next"] is None and rest["previous"]
    pages = ask("page=2&page_size=5&ordering=-first_name")
    assert [u["first_name"] for u in pages["results"]] == ["N06", "N05", "N04", "N03", "N02"]
    assert "page=3&page_size=5" in pages["next"] and "ordering=-first_name" in pages["next"]
    assert [u["id"] for u in ask("is_verified=true")["results"]] == [people[3].id]
    assert ask("is_verified=false")["count"] == 11 and ask("is_staff=true")["count"] == 0
    assert ask("is_active=true")["count"] == 12 and ask("is_superuser=false")["count"] == 12
    assert ask("gender=F")["count"] == 0
    assert ask(f"email={people[5].email.upper()}")["results"][0]["id"] == people[5].id
    phone = a_phone()
    assert people[7].call("PATCH", json={"phone": phone}).status_code == 200
    assert [u["id"] for u in ask(f"phone=0{phone[3:]}")["results"]] == [people[7].id]
    assert all("password" not in u and u["url"].endswith(f"/api/users/{u['id']}/") for u in first["results"])
    for wrong in ("limit=0", "limit=101", "ordering=password", "is_staff=perhaps", "page=x"):
        problem(inst.api("GET", f"/api/users/?{wrong}", token=root), 400, field=wrong.split("=")[0])
    assert inst.api("GET", "/api/users/?q=%27%20OR%201=1--&surprise=1", token=root).json()["count"] == 0


def test_every_order_and_filter_of_the_list(inst):
    root, mark = inst.admin(), an_email().split("@")[0]
    people = [Member(inst, f"{mark}{email}@example.com", first_name=first, last_name=f"{mark} {last}")
              for email, first, last in (("b", "Omid", "A"), ("c", "Ada", "C"), ("a", "Sara", "B"), ("d", "Kian", "D"))]
    people[1].call("PATCH", json={"gender": "F"})
    people[2].call("PATCH", json={"gender": "M"})
    for p in reversed(people):
        p.sign_in()

    def ids(query):
        r = inst.api("GET", f"/api/users/?q={mark}&{query}", token=root)
        assert r.status_code == 200, r.text
        return [people.index(next(p for p in people if p.id == u["id"])) for u in r.json()["results"]]
    for name, order in (("id", [0, 1, 2, 3]), ("email", [2, 0, 1, 3]), ("first_name", [1, 3, 0, 2]), ("last_name", [0, 2, 1, 3]),
                        ("created_at", [0, 1, 2, 3]), ("last_login_at", [3, 2, 1, 0])):
        assert (name, ids(f"ordering={name}"), ids(f"ordering=-{name}")) == (name, order, order[::-1])
    assert ids("gender=F") == [1] and ids("gender=M") == [2]
    staff = people[3]
    assert inst.api("PATCH", staff.path, token=root, json={"is_staff": True}).status_code == 200
    assert ids("is_staff=true") == [3] and ids("is_staff=true&is_superuser=true") == []
    assert inst.api("PATCH", people[0].path, token=root, json={"is_active": False}).status_code == 200
    assert ids("is_active=false") == [0] and ids("is_active=true&gender=F") == [1]
    # Search: e-mail, names and phone, alone and beside filters.
    for q in (f"{mark}c@", "Ada", f"{mark} C"):
        r = inst.api("GET", "/api/users/", token=root, params={"q": q, "email": people[1].email})
        assert [u["id"] for u in r.json()["results"]] == [people[1].id], q


def test_both_paginations(inst):
    """limit/offset, ten unless told, and page/page_size, twenty; next and previous lead through all and back."""
    root, mark = inst.admin(), an_email().split("@")[0]
    inst.rows("INSERT INTO user (reg_key, email, email_cmp, email_unique, first_name, last_name, is_active, created_at, updated_at)"
              " SELECT seq + %s, CONCAT(%s, seq, '@e.com'), CONCAT(%s, seq, '@e.com'), CONCAT(%s, seq, '@e.com'), %s, '', 1,"
              " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_45", int(mark[1:], 16), mark, mark, mark, mark)

    def walk(query, link):
        path, seen = f"/api/users/?q={mark}&ordering=id&{query}", []
        while path:
            r = inst.api("GET", path, token=root)
            assert r.status_code == 200 and r.json()["count"] == 45
            seen.append([u["id"] for u in r.json()["results"]])
            path = r.json()[link] and r.json()[link].removeprefix(inst.url)
        return seen
    every = [r["id"] for r in inst.rows("SELECT id FROM user WHERE first_name = %s ORDER BY id", mark)]
    for query, sizes in (("", [10, 10, 10, 10, 5]), ("limit=20", [20, 20, 5]), ("limit=45", [45]), ("page=1", [20, 20, 5]),
                         ("page_size=15", [15, 15, 15])):
        seen = walk(query, "next")
        assert [len(s) for s in seen] == sizes and sum(seen, []) == every, query
    assert walk("limit=20&offset=40", "previous")[::-1] == walk("limit=20", "next")
    assert walk("page=3&page_size=20", "previous")[::-1] == walk("page=1", "next")
    for beyond in ("offset=45", "page=4&page_size=15"):
        assert walk(beyond, "next") == [[]], beyond
    for wrong in ("limit=x", "offset=-1", "page=0", "page_size=101"):
        problem(inst.api("GET", f"/api/users/?{wrong}", token=root), 400, field=wrong.split("=")[0])


def test_s24_a_code_for_a_taken_address_costs_what_one_for_a_free_one_does(inst):
    from test_identity import statements
    owner = Person(inst, email=an_email(), password=OTHER)      # so that the member's own password finds the member
    free, taken = Member(inst), Member(inst, owner.email)
    seen = []
    for m in (free, taken):
        m.call("POST", "/api/otp/send/", {"email_or_phone": "email"})
        forget_limits(inst)
        seen.append(statements(inst, lambda: m.call("POST", "/api/otp/send/", {"email_or_phone": "email"})))
    assert seen[0] == seen[1] and seen[0][0] == 200


def test_s20_a_claim_of_the_asker_tells_nothing_of_its_address(inst):
    """Whose failures are counted must not depend on whether somebody else has proved what I only typed."""
    taken, free = Person(inst, email=an_email()).email, an_email()
    seen = []
    for address in (taken, free):
        forget_limits(inst)
        me = Person(inst)
        for _ in range(5):
            problem(me.login(password="Wrong-Word-1"), 401)
        assert me.first.call("PATCH", f"/api/users/{me.id}/", json={"email": address}).status_code == 200
        got = [inst.api("POST", "/api/auth/login/", json={"email": address, "password": "Wrong-Word-1"}).status_code
               for _ in range(2)]
        seen.append(got)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", ["A\r\nBcc: q@q.example", "A\nB"])
def test_h5_a_name_is_one_line(inst, name):
    p = Person(inst)
    problem(p.first.call("PATCH", "/api/auth/profile/", json={"first_name": name}), 400, field="first_name")
    problem(p.first.call("PATCH", f"/api/users/{p.id}/", json={"last_name": name}), 400, field="last_name")
    problem(inst.api("POST", "/api/auth/register/", json={"phone_number": a_phone(), "password": PASSWORD,
                                                          "first_name": name}), 400, field="first_name")
