"""What somebody with half of an account cannot make a whole of: a session that
is not his, a number that was given out again, a guess whose answer tells more
than it should (S20, S24, S59, S67)."""
import concurrent.futures
import re

import pytest

from contract import Contract
from factor_people import both, challenge, due, enrol
from instance import wait_until
from people import OTHER, PASSWORD, Bearer, Person, a_phone, an_email, claims_of, forget_limits, held, problem, same
from test_social import Visitor, fragment, people, tell
from test_undo import account, change, changed, links, new_password, prove, undo

contract = Contract()
LONG = "UPDATE user SET last_login_at = last_login_at - INTERVAL 200 DAY, created_at = created_at - INTERVAL 200 DAY WHERE id = %s"


@pytest.fixture(autouse=True)
def calm_limits(inst):
    forget_limits(inst)
    inst.sandbox.clear()


def reset(inst, rid, code, password=OTHER):
    return inst.api("POST", "/api/auth/password/reset/", json={"register_id": rid, "otp_code": code, "new_password": password})


# --- addresses (S59) ---------------------------------------------------------------------

def test_s59_an_address_that_is_added_can_be_taken_back(inst):
    p = Person(inst)
    mail = an_email()
    thief = changed(inst, p.first, mail)
    assert account(inst, p)["email"] == mail
    token = links(inst, p.phone)[0]
    page = inst.api("GET", f"/api/auth/undo/?token={token}", headers={"Accept": "text/html"})
    assert page.status_code == 200 and "What was added goes" in page.text
    assert undo(inst, token).status_code == 200
    row = account(inst, p)
    assert row["phone"] == p.phone and row["email"] is None and row["email_verified_at"] is None and row["password"] is None
    problem(thief.call("GET", "/api/auth/profile/"), 401)
    assert inst.api("POST", "/api/auth/password/reset/request/", json={"email": mail}).status_code == 200
    assert inst.rows("SELECT user_id FROM otp ORDER BY id DESC LIMIT 1")[0]["user_id"] is None
    assert new_password(inst, p).status_code == 200


def test_s59_an_added_number_is_told_by_mail_and_taken_back(inst):
    p = Person(inst, email=an_email())
    phone = a_phone()
    changed(inst, p.first, phone)
    assert undo(inst, links(inst, p.email)[0]).status_code == 200
    row = account(inst, p)
    assert row["phone"] is None and row["phone_verified_at"] is None and row["email"] == p.email


@pytest.mark.parametrize("order", ["changed first", "added first"])
def test_s59_one_undo_takes_all_that_came_since(inst, order):
    """A thief changes the number and adds an address, in either order: the owner's first link takes both back."""
    p = Person(inst)
    mail, phone = an_email(), a_phone()
    thief = p.first
    for to in (phone, mail) if order == "changed first" else (mail, phone):
        thief = changed(inst, thief, to)
    first = links(inst, p.phone)[-1]
    assert undo(inst, first).status_code == 200
    row = account(inst, p)
    assert (row["phone"], row["email"], row["email_verified_at"]) == (p.phone, None, None)
    # The thief's own link, to his number, is void.
    for m in inst.sandbox.messages(channel="sms", to=phone):
        for token in re.findall(r"undo/\?token=([A-Za-z0-9_-]{22})", m["text"]):
            problem(undo(inst, token), 410, "link_gone")


def test_s59_what_was_before_the_change_stays(inst):
    p = Person(inst)
    mail = an_email()
    me = changed(inst, p.first, mail)
    changed(inst, me, a_phone())
    assert undo(inst, links(inst, p.phone, 2)[0]).status_code == 200
    row = account(inst, p)
    assert row["phone"] == p.phone and row["email"] == mail and row["email_verified_at"]


def test_s11_a_change_begun_by_a_password_that_is_no_longer_one_begins_nothing(inst):
    """The password is changed between the check and the flow."""
    for path, body in (("/api/auth/number/change/", {"new_phone_number": a_phone()}),
                       ("/api/auth/email/change/", {"new_email": an_email()}),
                       ("/api/auth/account/", {})):
        p = Person(inst)
        method = "DELETE" if path.endswith("account/") else "POST"
        with concurrent.futures.ThreadPoolExecutor(1) as pool, held(inst, p.id) as (cursor, queued):
            late = pool.submit(p.first.call, method, path, json={**body, "password": PASSWORD})
            queued()
            cursor.execute("UPDATE user SET password = CONCAT(password, ''), password_at = UTC_TIMESTAMP(6) WHERE id = %s", (p.id,))
            cursor.connection.commit()
            problem(late.result(), 400, "wrong_password", "password")
        assert not inst.rows("SELECT 1 FROM otp WHERE user_id = %s AND purpose IN ('phone', 'email')", p.id)
        assert account(inst, p)["phone"] == p.phone
        assert inst.rows("SELECT is_active FROM user WHERE id = %s", p.id)[0]["is_active"]


# --- numbers that are given out again (S59) -----------------------------------------------

def test_s59_a_number_unused_for_long_asks_the_mail_too(inst):
    p = both(inst)
    inst.rows(LONG, p.id)
    forget_limits(inst)
    inst.sandbox.clear()
    rid = p.reset_request().json()["register_id"]
    r = contract.check("POST", "/api/auth/password/reset/verify/", inst.api("POST", "/api/auth/password/reset/verify/", json={
        "register_id": rid, "otp_code": inst.sandbox.code(p.phone)}))
    told = problem(r, 403, "second_proof_required")
    assert p.email_address not in r.text and told["sent_to"].endswith("@example.com") and "***" in told["sent_to"]
    # The proved SMS sets no password; the mailed code does.
    problem(contract.check("POST", "/api/auth/password/reset/", inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": rid, "new_password": OTHER})), 403, "second_proof_required")
    assert p.login().status_code == 200
    inst.rows(LONG, p.id)
    assert reset(inst, told["register_id"], inst.sandbox.code(p.email_address, "email")).status_code == 200
    assert p.login(password=OTHER).status_code == 200


def test_s59_both_at_once_and_sign_in_by_sms_ask_it_too(inst):
    p = both(inst)
    inst.rows(LONG, p.id)
    forget_limits(inst)
    inst.sandbox.clear()
    rid = p.reset_request().json()["register_id"]
    problem(reset(inst, rid, inst.sandbox.code(p.phone)), 403, "second_proof_required")
    p = both(inst)
    inst.rows(LONG, p.id)
    forget_limits(inst)
    inst.sandbox.clear()
    rid = inst.api("POST", "/api/auth/otp/request/", json={"phone_number": p.phone}).json()["register_id"]
    sent = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": rid, "otp_code": inst.sandbox.code(p.phone)})
    told = problem(contract.check("POST", "/api/auth/otp/verify/", sent), 403, "second_proof_required")
    assert "Set-Cookie" not in sent.headers
    r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": told["register_id"],
                 "otp_code": inst.sandbox.code(p.email_address, "email")})
    assert r.status_code == 200 and r.json()["user"]["id"] == p.id


@pytest.mark.parametrize("who", ["in use", "no address"])
def test_s59_who_is_in_use_or_has_no_other_proof_is_not_asked(inst, who):
    p = both(inst) if who == "in use" else Person(inst)
    if who != "in use":
        inst.rows(LONG, p.id)
    forget_limits(inst)
    inst.sandbox.clear()
    forget_limits(inst)
    inst.sandbox.clear()
    rid = p.reset_request().json()["register_id"]
    assert reset(inst, rid, inst.sandbox.code(p.phone)).status_code == 200


def test_s59_a_mailed_code_before_the_sms_is_no_way_past_it(inst):
    """What counts is how the code came that is shown: a holder of the number asks once by mail, then by SMS again."""
    p = both(inst)
    inst.rows(LONG, p.id)

    inst.sandbox.clear()
    seen = []

    def arrived(channel):
        seen.append(inst.sandbox.code(p.phone if channel == "sms" else p.email_address, channel, after=seen))
        return seen[-1]

    def again(rid, channel):
        inst.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 1 HOUR WHERE user_id = %s", p.id)
        forget_limits(inst)
        r = inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": rid, "channel": channel})
        assert r.status_code == 200, r.text
        return arrived(channel)

    def begun(r):
        arrived("sms")
        return r.json()["register_id"]
    forget_limits(inst)
    rid = begun(p.reset_request())
    again(rid, "email")
    problem(reset(inst, rid, again(rid, "sms")), 403, "second_proof_required")
    arrived("email")            # the second proof's own
    forget_limits(inst)
    rid = begun(inst.api("POST", "/api/auth/otp/request/", json={"phone_number": p.phone}))
    again(rid, "email")
    r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": rid, "otp_code": again(rid, "sms")})
    problem(r, 403, "second_proof_required")
    arrived("email")
    # By mail alone it is the proof that was wanted.
    forget_limits(inst)
    rid = begun(p.reset_request())
    assert reset(inst, rid, again(rid, "email")).status_code == 200


@pytest.mark.parametrize("how", ["one", "others", "all", "by an administrator"])
@pytest.mark.parametrize("what", ["number", "mail"])
def test_s12_s59_who_was_signed_out_finishes_no_change(inst, what, how):
    """A thief in a session begins a change; the owner ends the session before the code is shown."""
    p = Person(inst)
    thief, to = p.bearer(), a_phone() if what == "number" else an_email()
    began = change(thief, to)
    assert began.status_code == 200, began.text
    if how == "one":
        sid = claims_of(thief.access)["sid"]
        assert p.first.call("DELETE", f"/api/auth/sessions/{sid}/").status_code == 204
    elif how == "by an administrator":
        r = make_superuser(inst).call("POST", f"/api/admin/users/{p.id}/sign-out/", json={})
        assert r.status_code == 200, r.text
    else:
        assert p.first.call("POST", f"/api/auth/sessions/revoke-{how}/").status_code == 200
    problem(prove(inst, began, to), 400, "invalid_code")
    row = account(inst, p)
    assert row["phone"] == p.phone and row["email"] is None
    # The owner's own is finished as ever.
    me, mine = p.bearer(), a_phone()
    assert change(me, mine).status_code == 200
    forget_limits(inst)
    changed(inst, me, a_phone())


# --- pairs (S20, S24) ---------------------------------------------------------------------

def tries(inst, name, n, password="Wrong-Word-1"):
    return [inst.api("POST", "/api/auth/login/", json={"username": name, "password": password}).status_code for _ in range(n)]


def test_s20_failures_under_the_number_are_not_told_under_the_address(inst):
    p = both(inst)
    assert tries(inst, p.phone, 6) == [401] * 5 + [429]
    stranger = an_email()
    assert tries(inst, p.email_address, 6) == tries(inst, stranger, 6) == [401] * 5 + [429]


def test_s20_d10_twenty_a_day_under_all_names_and_nobody_hears_of_it(inst):
    """Past it the right password is wrong: answers as a stranger's name gives them, and the owner's own browser works."""
    p = both(inst)
    mine = p.browser()
    forget_limits(inst)

    def spend(name, n):
        for _ in range(n):
            assert tries(inst, name, 1) == [401]
            inst.rows("DELETE FROM throttle WHERE window_s IN (300, 3600)")
    spend(p.phone, 12)
    spend(p.email_address, 8)
    r = inst.api("POST", "/api/auth/login/", json={"username": p.email_address, "password": PASSWORD})
    stranger = inst.api("POST", "/api/auth/login/", json={"username": an_email(), "password": PASSWORD})
    assert same(problem(r, 401, "invalid_credentials")) == same(problem(stranger, 401, "invalid_credentials"))
    # A right password that is not let in counts as another failure, under its own name alone.
    spend(p.email_address, 11)
    problem(inst.api("POST", "/api/auth/login/", json={"username": p.email_address, "password": PASSWORD}), 429)
    assert p.login(mine).status_code == 200
    inst.rows("DELETE FROM throttle WHERE window_s = 120")
    inst.sandbox.clear()
    assert reset(inst, p.reset_request().json()["register_id"], wait_until("a code", lambda: next(
        (c for m in inst.sandbox.messages(channel="sms", to=p.phone) for c in re.findall(r"(?<!\d)\d{6}(?!\d)", m["text"])),
        None))).status_code == 200


def test_s24_wrong_codes_for_the_number_are_not_told_at_the_address(inst):
    p = both(inst)

    def begin(**to):
        inst.rows("DELETE FROM throttle WHERE window_s = 120")
        inst.rows("DELETE FROM sms_spend")
        r = inst.api("POST", "/api/auth/otp/request/", json=to)
        assert r.status_code == 200, r.text
        return r.json()["register_id"]

    def guess(rid):
        return inst.api("POST", "/api/auth/otp/verify/", json={"register_id": rid, "otp_code": "000000"})
    for _ in range(4):
        rid = begin(phone_number=p.phone)
        assert [guess(rid).json()["code"] for _ in range(5)] == ["invalid_code"] * 5
    problem(guess(begin(phone_number=p.phone)), 429, "too_many_failures")
    # The day's failures of the account are spent; the address does not say so.
    known, stranger = begin(email=p.email_address), begin(email=an_email())
    assert same(guess(known).json()) == same(guess(stranger).json())
    # Its owner comes in by the long code that was sent.
    code = wait_until("a long code", lambda: next((c for m in inst.sandbox.messages(channel="email", to=p.email_address)
                                                   for c in re.findall(r"(?<!\d)\d{10}(?!\d)", m["text"])), None))
    r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": known, "otp_code": code})
    assert r.status_code == 200, r.text


def test_d9_a_claim_of_a_taken_address_is_answered_as_one_of_a_free_one(inst):
    """/api/token/ serves a claim, as published; it is told as unproved, and an answer by its address would tell
    whether somebody else has proved it."""
    taken, free = Person(inst, email=an_email(), password=OTHER).email, an_email()
    got = []
    for address in (taken, free):
        r = inst.api("POST", "/api/users/", json={"email": address, "password": PASSWORD})
        assert r.status_code == 201, r.text
        r = inst.api("POST", "/api/token/", json={"email": address, "password": PASSWORD})
        assert r.status_code == 200 and r.json()["email"] == address
        me = inst.api("GET", f"/api/users/{inst.rows('SELECT MAX(id) id FROM user')[0]['id']}/", token=r.json()["access"])
        assert me.status_code == 200 and me.json()["is_verified"] is False
        problem(inst.api("GET", "/api/auth/sessions/", token=r.json()["access"]), 403, "not_verified")
        got.append(set(r.json()))
    assert got[0] == got[1]


def test_s25_the_owner_of_a_taken_address_is_told_as_often_as_codes_go(inst):
    owner = Person(inst, email=an_email())
    forget_limits(inst)

    def told():
        return len(inst.rows("SELECT id FROM notification WHERE content LIKE '%%taken%%' AND audience LIKE %s"
                             " AND audience NOT LIKE '%%nobody%%'", f"%{owner.email}%"))
    for _ in range(12):
        inst.rows("DELETE FROM throttle WHERE window_s < 86400")
        r = inst.api("POST", "/api/users/", json={"email": owner.email, "password": PASSWORD})
        assert r.status_code == 201, r.text
    assert told() == 10


# --- second steps (S67) ---------------------------------------------------------------------

def test_s67_the_providers_mailbox_is_no_second_factor(inst):
    mail = an_email()
    people(inst, name="Ann", email=mail, email_verified=True)
    v = Visitor(inst)
    assert v.visit().status_code == 302
    uid = v.me()["id"]
    phone = a_phone()
    inst.rows("UPDATE user SET phone = %s, phone_verified_at = UTC_TIMESTAMP(6) WHERE id = %s", phone, uid)
    r = v.call("PATCH", "/api/auth/mfa/", json={"email": True, "sms": True})
    assert r.status_code == 200, r.text
    again = fragment(Visitor(inst).visit())
    assert again["methods"].split(",") == ["sms", "recovery"]
    problem(challenge(inst, again["mfa_token"], "email"), 400)
    tell(inst)


def test_s59_a_link_on_its_way_ends_with_the_session(inst):
    """An undo ends the session between the callback's check and its commit: nothing is linked."""
    p = Person(inst)
    v = Visitor(inst)
    assert p.login(v).status_code == 200
    sub = people(inst, name="Thief", email=an_email(), email_verified=True)
    url = v.call("POST", "/api/auth/social/sandbox/link/", json={"next": "/"}).json()["authorization_url"]
    back = v.get(url).headers["Location"].split("#")[0]
    with concurrent.futures.ThreadPoolExecutor(1) as pool, held(inst, p.id) as (cursor, queued):
        late = pool.submit(v.get, back)
        queued()
        cursor.execute("UPDATE session SET ended_at = UTC_TIMESTAMP(6) WHERE user_id = %s", (p.id,))
        cursor.connection.commit()
        r = late.result()
    assert r.status_code == 401 and "invalid_token" in r.text
    assert not inst.rows("SELECT 1 FROM identity WHERE sub = %s", sub)


def test_a_superuser_takes_a_lost_factor_off(inst):
    p = both(inst)
    app, client, recovery = enrol(p)
    boss = make_superuser(inst)
    path = f"/api/admin/users/{p.id}/reset-factors/"
    problem(client.call("POST", path, json={"reason": "lost phone"}), 403, "role_required")
    problem(contract.check("POST", path, boss.call("POST", path, json={})), 400, field="reason")
    r = contract.check("POST", path, boss.call("POST", path, json={"reason": "showed his passport"}))
    assert r.status_code == 200, r.text
    problem(client.with_refresh("/api/auth/token/refresh/"), 401)
    assert inst.rows("SELECT COUNT(*) n FROM recovery_code WHERE user_id = %s", p.id)[0]["n"] == 0
    r = p.login()
    assert r.status_code == 200 and not r.json().get("mfa_required")
    kept = inst.rows("SELECT actor_id, detail FROM audit WHERE event = 'factors_reset' AND user_id = %s AND outcome = 'ok'", p.id)
    assert len(kept) == 1 and "passport" in str(kept[0]["detail"])
    for to, channel in ((p.phone, "sms"), (p.email_address, "email")):
        assert wait_until(f"{channel} tells", lambda: any("second sign-in step" in m["text"].lower()
                          for m in inst.sandbox.messages(channel=channel, to=to)))
    # An old sign-in is not enough.
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", boss.id)
    assert boss.with_refresh("/api/auth/token/refresh/").status_code == 200
    problem(boss.call("POST", path, json={"reason": "again"}), 403, "reauth_required")


def make_superuser(inst):
    p = Person(inst)
    inst.rows("UPDATE user SET is_superuser = 1, is_staff = 1 WHERE id = %s", p.id)
    boss = p.bearer()
    boss.id = p.id
    return boss
