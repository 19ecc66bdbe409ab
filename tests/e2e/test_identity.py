"""Every [P] row under /api/auth/ as published: request, success members, by
bearer and by cookie, and what each of them refuses (S11, S20, S24-S26, S29-S31, S57-S59)."""
import concurrent.futures
import json

import pytest

from people import (OTHER, PASSWORD, TOKENS, UUIDISH, Bearer, Browser, Person, a_phone, an_email, calm,
                    forget_limits, old_code, problem, same, within)

BOTH = pytest.mark.parametrize("by", ["bearer", "cookie"])
PROFILE = {"id", "first_name", "last_name", "phone_number", "email", "is_superuser", "is_active", "is_verified",
           "birthday", "gender", "locale", "time_zone", "phone_verified", "email_verified"}
COOKIES = {
    "__Host-gatepost": "Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax",
    "__Secure-gatepost-refresh": "Path=/api/auth/; Max-Age=604800; Secure; HttpOnly; SameSite=Strict",
}


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    """Each test has the counters of a new day: they are tested by themselves."""
    forget_limits(inst)


@pytest.fixture(scope="module")
def sara(inst):
    return Person(inst, first_name="Sara", last_name="Moradi")


def set_cookies(r):
    got = {}
    for line in r.raw.headers.getlist("Set-Cookie"):
        name, _, rest = line.partition("=")
        got[name] = rest
    return got


def signed_in(r, user=None):
    """The members and cookies of a sign-in; its body."""
    assert r.status_code == 200, r.text
    b = r.json()
    assert all(b[k] for k in TOKENS) and b["access"] == b["access_token"] and b["refresh"] == b["refresh_token"]
    assert b["success"] is True and b["data"] == {"refresh": b["refresh"], "access": b["access"]}
    assert PROFILE <= set(b["user"]) and b["user"]["is_verified"] is True
    assert r.headers["Cache-Control"] == "no-store"
    got = set_cookies(r)
    for name, rest in COOKIES.items():
        assert got[name].split("; ", 1)[1] == rest
    assert got["__Host-gatepost"].split(";")[0] == b["access"]
    assert got["__Secure-gatepost-refresh"].split(";")[0] == b["refresh"]
    if user is not None:
        assert b["user"]["id"] == user
    return b


# --- register, otp/verify, otp/refresh -------------------------------------------------

@pytest.mark.parametrize("kind", ["phone", "email"])
def test_register_and_prove(inst, kind):
    p = Person(inst, email=an_email() if kind == "email" else None, proved=False, first_name="Ali")
    b = p.registered
    assert set(b) == {"message", "register_id", "old_phone_number", "success", "data"}
    assert UUIDISH.match(b["register_id"]) and b["success"] is True
    assert b["data"] == {"message": b["message"], "register_id": b["register_id"]}
    assert b["old_phone_number"] == p.phone
    r = p.prove()
    b = signed_in(r)
    assert b["message"] and b["user"]["first_name"] == "Ali"
    assert b["user"]["phone_number"] == p.phone and b["user"]["email"] == p.email
    assert isinstance(b["user"]["id"], int) and b["user"]["is_active"] is True
    assert (b["user"]["phone_verified"], b["user"]["email_verified"]) == (kind == "phone", kind == "email")


def test_both_forms_of_a_path_and_a_form_body(inst):
    phone = a_phone()
    r = inst.api("POST", "/api/auth/register", data={"phone_number": "0" + phone[3:], "password": PASSWORD})
    assert r.status_code == 201 and r.json()["old_phone_number"] == phone
    r = inst.api("POST", "/api/auth/otp/verify", data={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(phone)})
    signed_in(r)


def test_a_code_may_be_a_number(inst):
    p = Person(inst, proved=False)
    signed_in(p.prove(code=int(p.code())))


@pytest.mark.parametrize("field, body", [
    ("phone_number", {"password": PASSWORD}),
    ("phone_number", {"phone_number": "12", "password": PASSWORD}),
    ("phone_number", {"phone_number": "+12025550123", "password": PASSWORD}),    # no prefix we serve (S45)
    ("email", {"email": "a@b@c", "password": PASSWORD}),
    ("email", {"email": "a@example.com\r\nBcc: x@example.com", "password": PASSWORD}),
    ("password", {"phone_number": "+989121234567"}),
    ("password", {"phone_number": "+989121234567", "password": "Aa1!"}),
    ("password", {"phone_number": "+989121234567", "password": "sun-flower9!"}),
    ("password", {"phone_number": "+989121234567", "password": "Password1!"}),
    ("password", {"phone_number": "+989121234567", "password": "A!a" + "x" * 254}),
    ("password", {"email": "gholamreza@example.com", "password": "My-Gholamreza!"}),
    ("first_name", {"phone_number": "+989121234567", "password": PASSWORD, "first_name": "x" * 151}),
])
def test_register_names_what_is_wrong(inst, field, body):
    problem(inst.api("POST", "/api/auth/register/", json=body), 400, field=field)


def test_the_published_password_serves(inst):
    assert Person(inst, password="A12345678a@", proved=False).registered["success"]


def test_s25_a_taken_address_answers_the_same_and_its_owner_is_told(inst, sara):
    free = inst.api("POST", "/api/auth/register/", json={"phone_number": a_phone(), "password": PASSWORD})
    taken = inst.api("POST", "/api/auth/register/", json={"phone_number": sara.phone, "password": OTHER})
    assert calm(free) == calm(taken)
    shape = [{k: type(v) for k, v in r.json().items()} for r in (free, taken)]
    assert shape[0] == shape[1] and len(free.content) == len(taken.content)

    def told():
        return any("already" in (m["text"] or "") for m in inst.sandbox.messages(channel="sms", to=sara.phone))
    within(10, "the notice", told)
    # Nothing of it is worth anything: no code, and the owner is who signs in.
    problem(sara.login(password=OTHER), 403, "not_verified")
    signed_in(sara.login(), sara.id)


def test_a_claim_does_not_see_the_owner(inst, sara):
    """D9: the claim's own password finds the claim, and no code goes out for it."""
    before = [m["text"] for m in inst.sandbox.messages(channel="sms", to=sara.phone)]
    p = problem(sara.login(password=OTHER), 403, "not_verified")
    row = inst.rows("SELECT COUNT(*) AS n FROM otp WHERE user_id = %s AND purpose = 'register'", sara.id)
    def taken():
        return sum("already" in m["text"] for m in inst.sandbox.messages(channel="sms", to=sara.phone))
    within(10, "the notice", lambda: taken() > sum("already" in text for text in before))
    assert p["register_id"] and row[0]["n"] >= 1


def test_proving_makes_it_theirs_alone(inst):
    first = Person(inst, proved=False)
    forget_limits(inst)
    second = Person.__new__(Person)
    second.inst, second.email, second.phone, second.password = inst, None, first.phone, OTHER
    code = first.code()
    r = inst.api("POST", "/api/auth/register/", json={"phone_number": first.phone, "password": OTHER})
    second.register_id = r.json()["register_id"]
    other = first.code(after=(code,))
    signed_in(first.prove(code=code))
    # The second claim has lost the address: its code proves nothing any more.
    assert second.prove(code=other).status_code in (400, 409)
    signed_in(first.login())
    problem(first.login(password=OTHER), 401, "invalid_credentials")


def test_s29_s31_wrong_expired_spent_and_too_many(inst):
    p = Person(inst, proved=False)
    code = p.code()
    wrong = f"{(int(code) + 1) % 1000000:06d}"
    assert "otp_code" in problem(p.prove(code=wrong), 400, "invalid_code")["errors"]
    old_code(inst, p.register_id, 301)
    problem(p.prove(code=code), 400, "invalid_code")
    old_code(inst, p.register_id, -301)
    signed_in(p.prove(code=code))
    problem(p.prove(code=code), 400, "invalid_code")
    q = Person(inst, proved=False)
    code = q.code()
    wrong = f"{(int(code) + 1) % 1000000:06d}"
    for _ in range(5):
        problem(q.prove(code=wrong), 400, "invalid_code")
    problem(q.prove(code=wrong), 400, "too_many_tries")
    problem(q.prove(code=code), 400, "too_many_tries")
    problem(inst.api("POST", "/api/auth/otp/verify/", json={"register_id": "x" * 22, "otp_code": code}), 400,
            "invalid_code")


def test_s29_fifty_guesses_at_once_are_at_most_five(inst):
    """S29: the right code is among them and comes after five others have been counted."""
    p = Person(inst, proved=False)
    code = int(p.code())
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda i: p.prove(code=f"{(code + 1 + i) % 1000000:06d}"), range(50)))
    assert {r.status_code for r in got} == {400}
    assert inst.rows("SELECT MAX(tries) AS n FROM otp o JOIN user u ON u.id = o.user_id WHERE u.phone = %s",
                     p.phone)[0]["n"] == 5
    problem(p.prove(code=f"{code:06d}"), 400, "too_many_tries")


def test_s31_a_code_works_once_at_once(inst):
    p = Person(inst, proved=False)
    code = p.code()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        got = sorted(r.status_code for r in pool.map(lambda _: p.prove(code=code), range(5)))
    assert got == [200, 400, 400, 400, 400]


def test_another_code(inst):
    p = Person(inst, proved=False)
    first = p.code()

    def again():
        return inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": p.register_id})
    problem(again(), 429, "code_too_soon")
    forget_limits(inst)
    problem(again(), 429)       # the flow itself remembers when it sent
    forget_limits(inst)
    old_code(inst, p.register_id, 121)
    r = again()
    assert r.status_code == 200 and set(r.json()) == {"message", "register_id"}, r.text
    assert r.json()["register_id"] == p.register_id
    second = p.code(after=(first,))
    problem(p.prove(code=first), 400, "invalid_code")
    signed_in(p.prove(code=second))
    problem(again(), 400, "invalid_register_id")
    problem(inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": "y" * 22}), 400, field="register_id")


# --- login -----------------------------------------------------------------------------

def test_login_by_every_name(inst, sara):
    mail = Person(inst, email=an_email())
    for body, who in [({"username": sara.phone}, sara), ({"phone_number": sara.phone}, sara),
                      ({"username": "0" + sara.phone[3:]}, sara), ({"username": f" 0{sara.phone[3:6]} {sara.phone[6:]} "}, sara),
                      ({"email": mail.email}, mail), ({"username": mail.email.upper()}, mail),
                      ({"username": "", "email": mail.email}, mail)]:
        b = signed_in(inst.api("POST", "/api/auth/login/", json={**body, "password": PASSWORD}), who.id)
        assert "message" not in b


def test_cookies_only(inst, sara):
    browser = Browser(inst)
    r = browser.call("POST", "/api/auth/login/?tokens=cookie", json={"username": sara.phone, "password": PASSWORD})
    assert r.status_code == 200 and not set(TOKENS) & set(r.json()) and "data" not in r.json()
    assert browser.access not in r.text and browser.refresh not in r.text
    assert browser.call("GET", "/api/auth/profile/").json()["id"] == sara.id
    r = browser.call("POST", "/api/auth/token/refresh/?tokens=cookie")
    assert r.status_code == 200 and not set(TOKENS) & set(r.json())


def test_s20_s26_whatever_is_wrong_is_one_answer(inst, sara):
    """S20: unknown, wrong, without a password, unproved and disabled accounts."""
    social, gone = Person(inst), Person(inst)
    claim = Person(inst, proved=False)
    inst.rows("UPDATE user SET password = NULL WHERE id = %s", social.id)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", gone.id)
    answers = [inst.api("POST", "/api/auth/login/", json={"username": name, "password": "Not-It-12!"}) for name in
               (a_phone(), an_email(), "neither", sara.phone, social.phone, gone.phone, claim.phone)]
    docs = [same(problem(r, 401, "invalid_credentials")) for r in answers]
    assert all(d == docs[0] for d in docs)
    assert all(calm(r) == calm(answers[0]) for r in answers)
    assert not any("Set-Cookie" in r.headers for r in answers)
    # S26: only after the right password
    problem(gone.login(), 403, "account_disabled")


def test_right_password_but_unproved(inst):
    p = Person(inst, proved=False)
    code = p.code()
    forget_limits(inst)
    doc = problem(p.login(), 403, "not_verified")
    assert UUIDISH.match(doc["register_id"])
    p.register_id, second = doc["register_id"], p.code(after=(code,))
    # Too soon for another: the same answer, a flow to ask by later.
    assert problem(p.login(), 403, "not_verified")["register_id"]
    signed_in(p.prove(code=second))
    signed_in(p.login())


def test_s20_growing_waits_are_the_same_for_unknown_ones(inst, sara):
    for name in (sara.phone, a_phone()):
        def fail():
            return inst.api("POST", "/api/auth/login/", json={"username": name, "password": "Not-It-12!"})
        assert [fail().status_code for _ in range(5)] == [401] * 5
        p = problem(fail(), 429, "too_many_failures")
        r = inst.api("POST", "/api/auth/login/", json={"username": name, "password": PASSWORD})
        assert same(problem(r, 429)) == same(p)
        assert 250 < int(r.headers["Retry-After"]) <= 300


def test_s43_a_remembered_browser_gets_in_while_the_account_is_flooded(inst):
    p = Person(inst)
    browser = p.browser()
    for _ in range(6):
        p.login(password="Not-It-12!")
    problem(p.login(), 429)
    signed_in(p.login(browser), p.id)


def test_a_claim_buys_no_guesses_at_the_owner(inst):
    """A sign-in to one's own claim of an address ends no waits of its owner."""
    p = Person(inst)
    forget_limits(inst)
    assert inst.api("POST", "/api/auth/register/", json={"phone_number": p.phone, "password": OTHER}).status_code == 201
    for _ in range(4):
        problem(p.login(password="Not-It-12!"), 401)
    problem(p.login(password=OTHER), 403, "not_verified")
    problem(p.login(password="Not-It-12!"), 401)
    problem(p.login(password="Not-It-12!"), 429)


def test_s41_parallel_guesses_pass_no_limit(inst, sara):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda _: sara.login(password="Not-It-12!").status_code, range(24)))
    assert got.count(401) == 5 and got.count(429) == 19


# --- profile ---------------------------------------------------------------------------

@BOTH
def test_profile(inst, sara, by):
    me = sara.by(by)
    r = me.call("GET", "/api/auth/profile/")
    assert r.status_code == 200 and PROFILE <= set(r.json()) and r.json()["id"] == sara.id
    for method in ("POST", "PATCH"):
        r = me.call(method, "/api/auth/profile/", json={
            "first_name": f"Sara {method}", "last_name": "مرادی\u200cپور\u200f", "birthday": "1990-02-28", "gender": "F", "locale": "fa",
            "time_zone": "Asia/Tehran", "id": 1, "is_superuser": True, "email": "x@example.com", "unknown": 1})
        assert r.status_code == 200, r.text
        b = r.json()
        assert (b["first_name"], b["last_name"], b["birthday"]) == (
            f"Sara {method}", "مرادی\u200cپور\u200f", "1990-02-28")
        assert (b["id"], b["is_superuser"], b["email"]) == (sara.id, False, None)
    assert me.call("GET", "/api/auth/profile/").json() == b
    b = me.call("PATCH", "/api/auth/profile/", json={"birthday": None, "gender": None, "time_zone": None}).json()
    assert (b["birthday"], b["gender"], b["time_zone"], b["last_name"]) == (None, None, None, "مرادی\u200cپور\u200f")


@pytest.mark.parametrize("field, value", [("birthday", "1990-02-30"), ("gender", "X"), ("time_zone", "Asia/Nowhere"),
                                          ("time_zone", "../etc/passwd"), ("first_name", 5), ("last_name", "x" * 151),
                                          ("first_name", "\u202aAli"), ("first_name", "Ali\u2067"), ("last_name", "Ali\u2069")])
def test_profile_names_what_is_wrong(inst, sara, field, value):
    problem(sara.bearer().call("PATCH", "/api/auth/profile/", json={field: value}), 400, field=field)


# --- passwords ------------------------------------------------------------------------

@BOTH
def test_password_change(inst, by):
    p = Person(inst)
    me, other = p.by(by), p.bearer()
    seen = p.code()
    forget_limits(inst)
    forgotten = p.reset_request().json()["register_id"]
    forgot_code = p.code(after=(seen,))
    r = me.call("POST", "/api/auth/password/change/", json={"old_password": OTHER, "new_password": OTHER})
    problem(r, 400, "wrong_password", "old_password")
    r = me.call("POST", "/api/auth/password/change/", json={"old_password": PASSWORD, "new_password": "weak"})
    problem(r, 400, field="new_password")
    r = me.call("POST", "/api/auth/password/change/", json={"old_password": PASSWORD, "new_password": OTHER})
    assert r.status_code == 200 and set(r.json()) == {"message"}, r.text
    # S11: other sessions and open flows are dead, D8: older access tokens are.
    problem(other.call("GET", "/api/auth/profile/"), 401)
    problem(other.with_refresh("/api/auth/token/refresh/"), 401)
    problem(inst.api("POST", "/api/auth/password/reset/verify/", json={
        "register_id": forgotten, "otp_code": forgot_code}), 400, "invalid_code")
    if by == "bearer":
        problem(me.call("GET", "/api/auth/profile/"), 401)
        assert me.with_refresh("/api/auth/token/refresh/").status_code == 200
    assert me.call("GET", "/api/auth/profile/").status_code == 200
    problem(p.login(), 401)
    signed_in(p.login(password=OTHER))
    within(10, "the notice", lambda: any("password was changed" in (m["text"] or "")
                                         for m in inst.sandbox.messages(channel="sms", to=p.phone)))


@pytest.mark.parametrize("kind, at_once", [("phone", False), ("phone", True), ("email", False)])
def test_password_reset(inst, kind, at_once):
    p = Person(inst, email=an_email() if kind == "email" else None)
    browser, seen = p.browser(), p.code()
    forget_limits(inst)
    r = p.reset_request()
    assert r.status_code == 200 and set(r.json()) == {"message", "register_id"}, r.text
    rid, code = r.json()["register_id"], p.code(after=(seen,))

    def reset(**more):
        return inst.api("POST", "/api/auth/password/reset/", json={
            "register_id": rid, "new_password": OTHER, **more})
    problem(reset(), 400, "code_required", "otp_code")
    problem(reset(new_password="weak"), 400, field="new_password")
    # A reset's code lets nobody in.
    problem(inst.api("POST", "/api/auth/otp/verify/", json={"register_id": rid, "otp_code": code}), 400)
    if at_once:
        problem(reset(otp_code=f"{(int(code) + 1) % 1000000:06d}"), 400, "invalid_code")
        r = reset(otp_code=code)
    else:
        r = inst.api("POST", "/api/auth/password/reset/verify/", json={"register_id": rid, "otp_code": code})
        assert r.status_code == 200 and set(r.json()) == {"message"}, r.text
        r = reset()
    assert r.status_code == 200 and set(r.json()) == {"message"}, r.text
    problem(reset(otp_code=code), 400, "invalid_code")      # once
    problem(browser.call("GET", "/api/auth/profile/"), 401)
    problem(browser.call("POST", "/api/auth/token/refresh/"), 401)
    problem(p.login(), 401)
    signed_in(p.login(password=OTHER), p.id)
    within(10, "the notice", lambda: any("password was reset" in (m["text"] or "") + (m.get("subject") or "")
           for m in inst.sandbox.messages(channel="email" if kind == "email" else "sms", to=p.email or p.phone)))


def test_a_proof_is_good_for_ten_minutes(inst):
    """D11"""
    p = Person(inst)
    seen = p.code()
    forget_limits(inst)
    rid = p.reset_request().json()["register_id"]
    r = inst.api("POST", "/api/auth/password/reset/verify/", json={
        "register_id": rid, "otp_code": p.code(after=(seen,))})
    assert r.status_code == 200
    inst.rows("UPDATE otp SET proved_at = proved_at - INTERVAL 601 SECOND WHERE user_id = %s", p.id)
    r = inst.api("POST", "/api/auth/password/reset/", json={"register_id": rid, "new_password": OTHER})
    problem(r, 400, field="otp_code")
    signed_in(p.login())


def test_s24_reset_tells_nobody_who_is_there(inst, sara):
    """S24: unknown, unproved and disabled ones, their limits too."""
    claim, off = Person(inst, proved=False), Person(inst)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", off.id)
    forget_limits(inst)
    phones = [sara.phone, a_phone(), claim.phone, off.phone]

    def ask(phone):
        return inst.api("POST", "/api/auth/password/reset/request/", json={"phone_number": phone})
    first = [ask(n) for n in phones]
    assert {r.status_code for r in first} == {200} and len({json.dumps(sorted(r.json())) for r in first}) == 1
    assert len({len(r.content) for r in first}) == 1 and all(calm(r) == calm(first[0]) for r in first)
    again = [ask(n) for n in phones]
    docs = [same(problem(r, 429, "code_too_soon")) for r in again]
    assert all(d == docs[0] for d in docs)
    # The flows of nobody look alive and never open.
    for r in first[1:]:
        body = {"register_id": r.json()["register_id"], "otp_code": "123456"}
        problem(inst.api("POST", "/api/auth/password/reset/verify/", json=body), 400, "invalid_code")
    mail = [inst.api("POST", "/api/auth/password/reset/request/", json={"email": an_email()}) for _ in range(2)]
    assert {r.status_code for r in mail} == {200}
    # nothing left for them: every job of theirs is finished, none was sent
    within(10, "the jobs of nobody", lambda: not inst.rows(
        "SELECT 1 FROM job j JOIN notification n ON n.id = j.notification_id WHERE n.audience LIKE '%%nobody%%'"))
    assert not inst.sandbox.messages(channel="sms", to=phones[1])
    problem(inst.api("POST", "/api/auth/password/reset/request/", json={}), 400, field="phone_number")


# --- the number ---------------------------------------------------------------------------

@BOTH
def test_number_change(inst, by):
    p, new = Person(inst), a_phone()
    me = p.by(by)
    r = me.call("POST", "/api/auth/number/change/", json={"new_phone_number": new})
    assert r.status_code == 200 and set(r.json()) == {"message", "register_id"}, r.text
    assert me.call("GET", "/api/auth/profile/").json()["phone_number"] == p.phone
    r = me.call("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(new)})
    b = signed_in(r, p.id)
    assert b["message"] and b["user"]["phone_number"] == new
    within(10, "the old number is told", lambda: any(
        "number" in (m["text"] or "") and "changed" in m["text"]
        for m in inst.sandbox.messages(channel="sms", to=p.phone)))
    problem(p.login(), 401)
    p.phone = new
    signed_in(p.login(), p.id)


def test_s57_number_change_wants_a_recent_sign_in_or_the_password(inst):
    p, new = Person(inst), a_phone()
    me = p.bearer()
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 301 SECOND WHERE user_id = %s", p.id)
    assert me.with_refresh("/api/auth/token/refresh/").status_code == 200

    def change(**more):
        return me.call("POST", "/api/auth/number/change/", json={"new_phone_number": new, **more})
    problem(change(), 403, "reauth_required")
    problem(change(password=OTHER), 400, "wrong_password", "password")
    assert change(password=PASSWORD).status_code == 200


def test_number_change_to_anothers_number(inst, sara):
    p = Person(inst)
    me = p.bearer()
    problem(me.call("POST", "/api/auth/number/change/", json={"new_phone_number": p.phone}), 400, field="new_phone_number")
    forget_limits(inst)
    r = me.call("POST", "/api/auth/number/change/", json={"new_phone_number": sara.phone})
    assert r.status_code == 200 and set(r.json()) == {"message", "register_id"}
    assert me.call("GET", "/api/auth/profile/").json()["phone_number"] == p.phone


def test_number_edit(inst):
    p, right = Person(inst, proved=False), a_phone()
    typed, code = p.phone, p.code()
    r = inst.api("POST", "/api/auth/number/edit/", json={
        "register_id": p.register_id, "new_phone_number": right, "old_phone_number": typed, "request_type": "register"})
    assert r.status_code == 200, r.text
    b = r.json()
    assert set(b) == {"message", "register_id", "request_type", "phone_number"} and b["phone_number"] == right
    p.register_id, p.phone = b["register_id"], right
    problem(p.prove(code=code), 400, "invalid_code")    # the code of the mistyped number
    b = signed_in(p.prove(code=inst.sandbox.code(right)))
    assert b["user"]["phone_number"] == right
    # Never for an account that was active.
    r = inst.api("POST", "/api/auth/number/edit/", json={"register_id": p.register_id, "new_phone_number": a_phone()})
    problem(r, 400, "invalid_register_id")


# --- a claim ----------------------------------------------------------------------------------

def test_a_claims_session_sees_its_profile_only(inst):
    """D9: such sessions come from /api/token/; here the row is made so by hand."""
    p = Person(inst)
    inst.rows("UPDATE session SET claim = TRUE WHERE user_id = %s", p.id)
    me = p.first
    assert me.with_refresh("/api/auth/token/refresh/").status_code == 200
    assert me.call("GET", "/api/auth/profile/").status_code == 200
    for method, path in (("PATCH", "/api/auth/profile/"), ("GET", "/api/auth/sessions/"),
                         ("POST", "/api/auth/password/change/"), ("GET", "/api/push/subscriptions/")):
        problem(me.call(method, path, json={} if method != "GET" else None), 403, "not_verified")
    assert inst.api("GET", "/api/auth/gate", token=me.access).status_code in (401, 403, 404)


# --- equal work (S22, S24, S25, D9) ----------------------------------------------------------

def statements(inst, call, until=lambda: True):
    """The beginnings of the statements that the API's own user ran for a call."""
    inst.rows("SET GLOBAL log_output = 'TABLE'")
    inst.rows("TRUNCATE mysql.general_log")
    inst.rows("SET GLOBAL general_log = ON")
    try:
        r = call()
        until()
    finally:
        inst.rows("SET GLOBAL general_log = OFF")
    # The master's own look at the revocations comes whenever it comes.
    got = inst.rows("SELECT HEX(SUBSTR(argument, 1, 80)) AS x FROM mysql.general_log WHERE user_host LIKE"
                    " 'gatepost_api%%' AND command_type IN ('Execute', 'Query')"
                    " AND argument NOT LIKE '%%FROM revocation%%' ORDER BY event_time")
    texts = [bytes.fromhex(g["x"]).decode("latin-1") for g in got]
    mine = [t.split("(")[0][:60] for t in texts if t.strip() != "SELECT UTC_TIMESTAMP(6)"]
    assert mine, "the log is empty"
    return r.status_code, mine


def test_s22_every_failed_sign_in_runs_the_same_statements(inst, sara):
    social, off, claim = Person(inst), Person(inst), Person(inst, proved=False)
    inst.rows("UPDATE user SET password = NULL WHERE id = %s", social.id)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", off.id)
    names = {"unknown": a_phone(), "wrong": sara.phone, "social": social.phone, "disabled": off.phone,
             "claim": claim.phone, "neither": "x y z"}

    def fail(name):
        return inst.api("POST", "/api/auth/login/", json={"username": name, "password": "Not-It-12!"})
    for name in names.values():         # whose salt is made at the first event
        fail(name)
    seen = {}
    for kind, name in names.items():
        # A child's first use of a statement prepares it; that is not an Execute.
        seen[kind] = statements(inst, lambda: fail(name))
    assert {s[0] for s in seen.values()} == {401}
    for kind, s in seen.items():
        assert s[1] == seen["unknown"][1], kind
    mails = {"unknown": an_email(), "wrong": Person(inst, email=an_email()).email}
    for name in mails.values():
        fail(name)
    got = [statements(inst, lambda: fail(name)) for name in mails.values()]
    assert got[0] == got[1] and len(got[0][1]) == len(seen["unknown"][1])


def test_s24_resets_and_sign_ups_run_the_same_statements(inst, sara):
    claim, off = Person(inst, proved=False), Person(inst)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", off.id)
    seen = []
    for phone in (sara.phone, a_phone(), claim.phone, off.phone):
        forget_limits(inst)
        seen.append(statements(inst, lambda: inst.api(
            "POST", "/api/auth/password/reset/request/", json={"phone_number": phone})))
    assert {s[0] for s in seen} == {200}
    assert all(s == seen[0] for s in seen), seen
    seen = []
    for phone in (sara.phone, a_phone(), claim.phone):
        forget_limits(inst)
        seen.append(statements(inst, lambda: inst.api(
            "POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})))
    assert {s[0] for s in seen} == {201}
    assert all(s == seen[0] for s in seen), seen
