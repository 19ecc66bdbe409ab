"""Sign-in by a code or a mailed link alone (S24, S28-S32, S36), the second
step after every way in (S58, S67), and an owner who gets in while somebody
floods the account (S43)."""
import concurrent.futures
import hashlib
import html
import re
import urllib.parse

import pytest

from contract import Contract
from factor_people import both, challenge, codes_may_go_again, due, enrol, verify
from instance import wait_until
from people import OTHER, PASSWORD, Bearer, Browser, Person, a_phone, an_email, calm, forget_limits, problem, same
from test_identity import statements
from test_social import Visitor, fragment, people, tell

contract = Contract()
HTML = {"Accept": "text/html,application/xhtml+xml"}
REQUEST, LINK, VERIFY = "/api/auth/otp/request/", "/api/auth/otp/link/", "/api/auth/otp/verify/"


@pytest.fixture(autouse=True)
def calm_limits(inst):
    forget_limits(inst)
    inst.sandbox.clear()


def later(inst):
    """As if the resend time had passed, and a budget's window."""
    inst.rows("DELETE FROM throttle WHERE window_s = 120")
    inst.rows("DELETE FROM sms_spend")


def ask(inst, client=None, at_once=False, **address):
    if not at_once:
        later(inst)
    r = (client.call if client else inst.api)("POST", REQUEST, json=address)
    assert r.status_code == 200, r.text
    return r.json()["register_id"]


def give(inst, register_id, code, client=None):
    return (client.call if client else inst.api)("POST", VERIFY, json={"register_id": register_id, "otp_code": code})


def mail(inst, to, count=1):
    """The newest mail with a link, as soon as there are `count`."""
    def there():
        got = [m for m in inst.sandbox.messages(channel="email", to=to) if LINK in m["text"]]
        return got if len(got) >= count else None
    return wait_until(f"{count} links for {to}", there)[0]


def link_of(message):
    """(token, next) of the link in a mail."""
    url = re.search(r"https://\S+/api/auth/otp/link/\?\S+", message["text"]).group()
    assert html.escape(url) in message["html"]
    query = urllib.parse.parse_qs(urllib.parse.urlparse(url).query)
    return query["token"][0], query.get("next", [None])[0]


def use(inst, token, client=None, **more):
    return (client.call if client else inst.api)("POST", LINK, json={"token": token}, **more)


def test_s28_a_code_signs_in(inst):
    p = Person(inst)
    later(inst)
    inst.sandbox.clear()
    r = contract.check("POST", REQUEST, inst.api("POST", REQUEST, json={"phone_number": p.phone}))
    assert r.status_code == 200 and set(r.json()) == {"message", "register_id"}
    rid = r.json()["register_id"]
    code = inst.sandbox.code(p.phone)
    problem(give(inst, rid, f"{(int(code) + 1) % 10**6:06}"), 400, "invalid_code", "otp_code")
    r = contract.check("POST", VERIFY, give(inst, rid, code))
    assert r.status_code == 200 and r.json()["user"]["id"] == p.id and r.json()["access"]
    problem(give(inst, rid, code), 400, "invalid_code", "otp_code")
    # It is of another purpose: a reset's does not sign in, and this one sets no password.
    forget_limits(inst)
    rid = ask(inst, phone_number=p.phone)
    problem(inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": rid, "otp_code": "000000", "new_password": OTHER}), 400, "invalid_code")
    events = {(r["event"], r["outcome"]) for r in inst.rows("SELECT event, outcome FROM audit WHERE user_id = %s", p.id)}
    assert {("otp_request", "ok"), ("otp", "refused"), ("login", "ok")} <= events


def test_s31_a_code_or_link_lets_one_in(inst):
    """The code twelve times and the link twelve times at once: one session."""
    p = Person(inst, email=an_email())
    rid = ask(inst, email=p.email)
    message = mail(inst, p.email)
    token, code = link_of(message)[0], re.match(r"\d{6}", message["text"]).group()
    before = inst.rows("SELECT COUNT(*) n FROM session WHERE user_id = %s", p.id)[0]["n"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        got = [pool.submit(use, inst, token) if n % 2 else pool.submit(give, inst, rid, code) for n in range(24)]
        got = [g.result().status_code for g in got]
    assert got.count(200) == 1 and set(got) <= {200, 400, 410}, got
    assert inst.rows("SELECT COUNT(*) n FROM session WHERE user_id = %s", p.id)[0]["n"] == before + 1
    problem(use(inst, token), 410, "link_gone")


def test_s36_a_scanner_that_looks_uses_nothing_up(inst):
    p = Person(inst, email=an_email())
    ask(inst, email=p.email)
    token, _ = link_of(mail(inst, p.email))
    for method in ("GET", "HEAD", "GET"):
        for _ in range(20):
            r = inst.api(method, LINK, params={"token": token})
            assert r.status_code == 200, r.text
    contract.check("GET", LINK, inst.api("GET", LINK, params={"token": token}))
    r = inst.api("GET", LINK, params={"token": token}, headers=HTML)
    assert f'value="{token}"' in r.text and "<script" not in r.text and "Set-Cookie" not in r.headers
    assert r.headers["Cache-Control"] == "no-store" and r.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in r.headers["Content-Security-Policy"]
    fa = inst.api("GET", LINK, params={"token": token}, headers={**HTML, "Accept-Language": "fa"})
    assert 'dir="rtl"' in fa.text and "ورود" in fa.text
    r = contract.check("POST", LINK, use(inst, token))
    assert r.status_code == 200 and r.json()["user"]["id"] == p.id
    problem(use(inst, token), 410, "link_gone")
    problem(inst.api("GET", LINK, params={"token": token}), 410, "link_gone")
    r = inst.api("GET", LINK, params={"token": token}, headers=HTML)
    assert r.status_code == 410 and r.headers["Content-Type"].startswith("text/html")


def test_d11_a_link_lives_as_long_as_its_code(inst):
    p = Person(inst, email=an_email())
    rid = ask(inst, email=p.email)
    first, _ = link_of(mail(inst, p.email))
    codes_may_go_again(inst)
    assert inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": rid}).status_code == 200
    second, _ = link_of(mail(inst, p.email, count=2))
    assert first != second
    problem(use(inst, first), 410, "link_gone")         # replaced
    inst.rows("UPDATE otp SET expires_at = UTC_TIMESTAMP(6) WHERE register_hash = %s", hashlib.sha256(rid.encode()).digest())
    problem(use(inst, second), 410, "link_gone")        # over
    # A new password voids what was asked for before it (S11).
    codes_may_go_again(inst)
    ask(inst, email=p.email)
    third, _ = link_of(mail(inst, p.email, count=3))
    me = Bearer(inst, p.login().json())
    assert me.call("POST", "/api/auth/password/change/", json={"old_password": PASSWORD, "new_password": OTHER}).status_code == 200
    problem(use(inst, third), 410, "link_gone")
    for token in ("", "A" * 31, "A" * 32, "A" * 33, third[:-1] + "=", third[:-1] + "é", third[::-1], "../" + third[3:]):
        assert use(inst, token).status_code in (400, 410), token


def test_s67_who_was_disabled_meanwhile_stays_out(inst):
    p = Person(inst, email=an_email())
    rid = ask(inst, email=p.email)
    message = mail(inst, p.email)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", p.id)
    problem(give(inst, rid, re.match(r"\d{6}", message["text"]).group()), 400, "invalid_code")
    codes_may_go_again(inst)
    assert use(inst, link_of(message)[0]).status_code == 410


def test_s36_the_form_of_the_page_signs_the_browser_in(inst):
    p = Person(inst, email=an_email())
    ask(inst, email=p.email, next="/account?a=1&b=2")
    token, then = link_of(mail(inst, p.email))
    assert then == "/account?a=1&b=2"
    browser = Browser(inst)
    page = browser.call("GET", LINK, params={"token": token, "next": then}, headers=HTML)
    assert html.escape(then) in page.text
    # S35: a form of another site signs nobody in.
    other = {**HTML, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    r = inst.api("POST", LINK, data={"token": token}, headers=other)
    assert r.status_code == 403 and "Set-Cookie" not in r.headers
    r = browser.call("POST", LINK, data={"token": token, "next": then}, headers=HTML)
    assert r.status_code == 303, r.text
    assert r.headers["Location"] == inst.url + then and r.headers["Cache-Control"] == "no-store"
    assert browser.call("GET", "/api/auth/profile/").json()["id"] == p.id
    for bad in ("//evil.example", "https://evil.example/", "javascript:1", "/\\evil.example", "/a\r\nb"):
        assert inst.api("POST", REQUEST, json={"email": p.email, "next": bad}).status_code == 400, bad
        assert inst.api("GET", LINK, params={"token": token, "next": bad}).status_code == 400, bad


def test_s74_neither_code_nor_link_is_kept(inst):
    p = Person(inst, email=an_email())
    ask(inst, email=p.email)
    message = mail(inst, p.email)
    token, code = link_of(message)[0], re.match(r"\d{6}", message["text"]).group()
    for table in ("notification", "delivery", "audit", "otp"):
        text = repr(inst.rows(f"SELECT * FROM {table}"))
        assert token not in text, table
        assert table in ("delivery", "otp", "audit") or f'"{code}"' not in text, table
    for part in ("api", "worker"):
        assert token not in inst.log(part)
    inst.rows("UPDATE user SET locale = 'fa' WHERE id = %s", p.id)
    forget_limits(inst)
    ask(inst, email=p.email)
    assert "پیوند" in mail(inst, p.email, count=2)["text"]


# --- nobody learns who has an account (S24) ---------------------------------------------------------

def test_s24_equal_answers_work_and_limits_for_unknown_ones(inst):
    sara, claim, off, plain = Person(inst), Person(inst, proved=False), Person(inst), Person(inst)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", off.id)
    inst.rows("UPDATE user SET phone_verified_at = NULL, email_verified_at = UTC_TIMESTAMP(6), email = %s, email_cmp = %s,"
              " email_unique = %s WHERE id = %s", *3 * [an_email()], plain.id)
    phones = (sara.phone, a_phone(), claim.phone, off.phone, plain.phone)
    for kind, names in (("phone_number", phones), ("email", (Person(inst, email=an_email()).email, an_email()))):
        def call(name):
            return inst.api("POST", REQUEST, json={kind: name})
        for name in names:              # whose audit salt is made at the first event
            forget_limits(inst)
            call(name)
        seen = []
        for name in names:
            forget_limits(inst)
            seen.append(statements(inst, lambda: call(name)))
        assert {s[0] for s in seen} == {200}
        assert all(s == seen[0] for s in seen), seen
        answers = []
        for name in names:
            forget_limits(inst)
            answers.append(call(name))
            refused = call(name)        # the same pace
            problem(refused, 429, "code_too_soon")
            assert refused.headers["Retry-After"] == "120"
        assert len({repr(calm(r)) for r in answers}) == 1
        assert len({(len(r.content), r.json()["message"]) for r in answers}) == 1
    # Nobody's flow refuses like somebody's with a wrong code.
    forget_limits(inst)
    inst.sandbox.clear()
    flows = [ask(inst, phone_number=n) for n in (sara.phone, a_phone(), off.phone)]
    bad = f"{(int(inst.sandbox.code(sara.phone)) + 1) % 10**6:06}"
    for n in range(6):
        got = [give(inst, rid, bad) for rid in flows]
        assert {r.json()["code"] for r in got} == {"invalid_code" if n < 5 else "too_many_tries"}
        assert all(same(r.json()) == same(got[0].json()) for r in got)
    assert not [m for m in inst.sandbox.messages(channel="sms") if m["to"] != sara.phone]


def test_s24_dots_buy_no_more_codes(inst):
    """Spellings of one mailbox have one pace, whether or not anybody has it; mail goes where the person typed it."""
    name = f"sara.moradi.{an_email()[1:13]}"
    p = Person(inst, email=f"{name}@gmail.com")
    for known in (p.email, f"nobody{name}@gmail.com"):
        for row in (REQUEST, "/api/auth/password/reset/request/"):
            later(inst)
            assert inst.api("POST", row, json={"email": known.replace(".", "", 1)}).status_code == 200
            problem(inst.api("POST", row, json={"email": known}), 429, "code_too_soon")
    inst.sandbox.clear()
    rid = ask(inst, email=p.email.replace(".", "", 1))
    mail(inst, p.email)
    codes_may_go_again(inst)
    assert inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": rid}).status_code == 200
    assert give(inst, rid, re.match(r"\d{6}", mail(inst, p.email, count=2)["text"]).group()).status_code == 200


def test_s24_a_claim_is_nobody(inst):
    """An address that was not proved lets nobody in: its code would be a stranger's."""
    claim = Person(inst, email=an_email(), proved=False)
    inst.sandbox.code(claim.email, "email")
    inst.sandbox.clear()
    forget_limits(inst)
    ask(inst, email=claim.email)
    p = Person(inst)
    forget_limits(inst)
    ask(inst, phone_number=p.phone)
    inst.sandbox.code(p.phone)          # jobs go in order of time
    assert not inst.sandbox.messages(channel="email", to=claim.email)


# --- the second step, whatever the way in (S67) ---------------------------------------------------------

def test_s67_after_a_code(inst):
    p = both(inst)
    app, _, _ = enrol(p)
    forget_limits(inst)
    inst.sandbox.clear()
    rid = ask(inst, phone_number=p.phone)
    step = due(give(inst, rid, inst.sandbox.code(p.phone)))
    # What let them in proves nothing again.
    assert step["methods"] == ["totp", "email", "recovery"]
    problem(challenge(inst, step["mfa_token"], "sms"), 400, "method_off", "method")
    r = verify(inst, step["mfa_token"], app.code())
    assert r.status_code == 200 and r.json()["user"]["id"] == p.id
    forget_limits(inst)
    rid = ask(inst, email=p.email_address)
    step = due(give(inst, rid, inst.sandbox.code(p.email_address, "email")))
    assert step["methods"] == ["totp", "sms", "recovery"]


def test_s67_after_a_link(inst):
    p = both(inst)
    app, _, _ = enrol(p)
    forget_limits(inst)
    inst.sandbox.clear()
    ask(inst, email=p.email_address)
    step = due(contract.check("POST", LINK, use(inst, link_of(mail(inst, p.email_address))[0])))
    assert step["methods"] == ["totp", "sms", "recovery"]
    assert verify(inst, step["mfa_token"], app.code()).status_code == 200
    # In a browser: the sign-in page asks, and no cookie is set before.
    forget_limits(inst)
    inst.sandbox.clear()
    ask(inst, email=p.email_address, next="/account")
    browser = Browser(inst)
    r = browser.call("POST", LINK, data={"token": link_of(mail(inst, p.email_address))[0], "next": "/account"}, headers=HTML)
    assert r.status_code == 303 and browser.access is None
    to = urllib.parse.urlparse(r.headers["Location"])
    assert to.path == "/console/signin/" and urllib.parse.parse_qs(to.query) == {"rd": ["/account"]}
    part = urllib.parse.parse_qs(to.fragment)
    assert part["methods"] == ["totp,sms,recovery"]
    assert verify(inst, part["mfa_token"][0], app.code(), client=browser).status_code == 200
    assert browser.call("GET", "/api/auth/profile/").json()["id"] == p.id


def test_s50_s58_a_code_that_went_both_ways_leaves_neither_as_a_factor(inst):
    """Who holds the mailbox alone must not show it twice."""
    p = both(inst)
    enrol(p)
    forget_limits(inst)
    rid = ask(inst, phone_number=p.phone)
    codes_may_go_again(inst)
    inst.sandbox.clear()
    r = inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": rid, "channel": "email"})
    assert r.status_code == 200
    message = mail(inst, p.email_address)
    step = due(give(inst, rid, re.match(r"\d{6}", message["text"]).group()))
    assert step["methods"] == ["totp", "recovery"]
    # The same of a reset.
    forget_limits(inst)
    rid = p.reset_request().json()["register_id"]
    codes_may_go_again(inst)
    inst.sandbox.clear()
    assert inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": rid, "channel": "email"}).status_code == 200
    r = inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": rid, "otp_code": inst.sandbox.code(p.email_address, "email"), "new_password": OTHER})
    assert r.status_code == 200, r.text
    assert due(p.login(password=OTHER))["methods"] == ["totp", "recovery"]


def test_s67_by_the_tokens_row(inst):
    p = both(inst)
    app, _, _ = enrol(p)
    r = inst.api("POST", "/api/token/", json={"email": p.email_address, "password": PASSWORD})
    step = due(contract.check("POST", "/api/token/", r))
    assert verify(inst, step["mfa_token"], app.code()).status_code == 200


def test_s58_s67_after_a_reset(inst):
    p = both(inst)
    app, _, codes = enrol(p)
    forget_limits(inst)
    inst.sandbox.clear()
    rid = p.reset_request().json()["register_id"]
    r = inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": rid, "otp_code": inst.sandbox.code(p.phone), "new_password": OTHER})
    assert r.status_code == 200 and not {"access", "refresh"} & set(r.json())
    step = due(p.login(password=OTHER))
    assert "sms" not in step["methods"]
    assert verify(inst, step["mfa_token"], codes[0]).status_code == 200


def test_s67_by_another_site(inst):
    """The identity provider proves who it is; the second step is the account's all the same."""
    visitor = Visitor(inst)
    sub = people(inst, email=an_email(), email_verified=True, given_name="Sara")
    r = visitor.visit()
    assert r.status_code == 302 and visitor.access
    me = Bearer(inst, {"access_token": visitor.access})
    p = type("P", (), {"inst": inst, "id": visitor.me()["id"]})()
    app, _, _ = enrol(p, me)
    tell(inst, auto=sub)
    again = Visitor(inst)
    r = again.visit(next="/account")
    assert r.status_code == 302 and again.access is None
    assert urllib.parse.urlparse(r.headers["Location"]).path == "/console/signin/"
    assert "rd=%2Faccount" in r.headers["Location"] and "totp" in fragment(r)["methods"]
    r = verify(inst, fragment(r)["mfa_token"], app.code(), client=again)
    assert r.status_code == 200 and again.me()["id"] == p.id


# --- policy ------------------------------------------------------------------------------------------------

def test_l3_no_code_by_sms_or_mail_lets_anybody_in(inst):
    """GATEPOST_POLICY=l3, and what was begun before it was set; then GATEPOST_PASSWORDLESS=no."""
    p, plain = both(inst), both(inst)
    app, client, codes = enrol(p)
    forget_limits(inst)
    inst.sandbox.clear()
    rid = ask(inst, email=plain.email_address)
    message = mail(inst, plain.email_address)
    r = plain.bearer()
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", plain.id)
    with inst.changed(("api",), GATEPOST_POLICY="l3"):
        forget_limits(inst)
        problem(inst.api("POST", REQUEST, json={"email": p.email_address}), 403, "passwordless_off")
        problem(give(inst, rid, re.match(r"\d{6}", message["text"]).group()), 403, "passwordless_off")
        problem(use(inst, link_of(message)[0]), 403, "passwordless_off")
        problem(inst.api("GET", LINK, params={"token": link_of(message)[0]}), 403, "passwordless_off")
        step = due(p.login())
        assert step["methods"] == ["totp", "recovery"]
        for method in ("sms", "email"):
            problem(challenge(inst, step["mfa_token"], method), 400, "method_off", "method")
            problem(verify(inst, step["mfa_token"], "123456", method=method), 400, "method_off", "method")
        problem(client.call("PATCH", "/api/auth/mfa/", json={"sms": True}), 400, "method_off", "sms")
        # Step-up: neither for those with a factor nor for those without.
        r.with_refresh("/api/auth/token/refresh/")
        for who in (client, r):
            problem(who.call("POST", "/api/auth/reauth/challenge/", json={"method": "email"}), 400, "method_off", "method")
        assert r.call("POST", "/api/auth/reauth/", json={"password": PASSWORD}).status_code == 200
        assert verify(inst, step["mfa_token"], app.code()).status_code == 200
        # Addresses are still proved by codes, and a reset still asks for the second step.
        q = Person(inst)
        assert q.id
    with inst.changed(("api",), GATEPOST_PASSWORDLESS="no"):
        forget_limits(inst)
        problem(inst.api("POST", REQUEST, json={"email": p.email_address}), 403, "passwordless_off")
        assert "sms" in due(p.login())["methods"]


def test_s49_work_is_taken_where_codes_are_asked_for(inst):
    """Rows of ours refuse unknown members; `pow` is known."""
    p = both(inst)
    app, client, _ = enrol(p)
    forget_limits(inst)
    assert inst.api("POST", REQUEST, json={"phone_number": a_phone(), "pow": "a:1"}).status_code == 200
    step = due(p.login())
    r = inst.api("POST", "/api/auth/mfa/challenge/", json={"mfa_token": step["mfa_token"], "method": "sms", "pow": "a:1"})
    assert r.status_code == 200, r.text
    forget_limits(inst)
    assert client.call("POST", "/api/auth/reauth/challenge/", json={"method": "email", "pow": "a:1"}).status_code == 200
    problem(inst.api("POST", REQUEST, json={"phone_number": a_phone(), "power": "a:1"}), 400, "invalid", "power")


# --- a flood (S30, S32, S43) ---------------------------------------------------------------------------------

def spend_passwords(p):
    """A stranger's: all the wrong passwords of a day."""
    failed = 0
    while True:
        r = p.login(password="Wrong-Word-1")
        if r.status_code == 429:
            before = p.inst.rows("SELECT COUNT(*) n FROM throttle WHERE window_s IN (300, 3600)")[0]["n"]
            p.inst.rows("DELETE FROM throttle WHERE window_s IN (300, 3600)")   # as if an hour had passed
            if p.login(password="Wrong-Word-1").status_code == 429:
                return failed
            assert before
        failed += 1


def spend_codes(inst, begin, client=None, sources=(None,)):
    """Wrong codes in fresh flows until the day's are spent: how many were evaluated."""
    evaluated = 0
    for n in range(40):
        rid = begin()
        for k in range(6):
            more = {"source": sources[(n + k) % len(sources)]} if sources[0] else {}
            r = (client.call if client else inst.api)("POST", VERIFY, json={
                "register_id": rid, "otp_code": "000000"}, **more)
            evaluated += r.status_code == 400 and r.json()["code"] == "invalid_code"
            if r.status_code == 429 and r.json()["code"] == "too_many_failures":
                return evaluated
    raise AssertionError("no end")


def test_s30_s32_new_codes_and_other_addresses_buy_no_more_guesses(inst):
    p = Person(inst)
    me = p.browser()
    forget_limits(inst)

    def begin(client=None):
        inst.sandbox.clear()
        return ask(inst, client, phone_number=p.phone)
    # 000000 may be right once in a million.
    assert spend_codes(inst, begin, sources=("127.0.0.3", "127.0.0.4", "127.0.0.5")) == 20
    # Six digits are refused now, right or wrong: the other twenty are remembered browsers'.
    assert spend_codes(inst, lambda: begin(me), client=me) == 20
    # Of what is sent from here on a guess is worth a ten-thousandth as much, five a code.
    inst.sandbox.clear()
    rid = ask(inst, phone_number=p.phone)
    code = ten_digits(inst, p.phone)
    got = [give(inst, rid, "0000000000").json()["code"] for _ in range(6)]
    assert got == ["invalid_code"] * 5 + ["too_many_tries"]
    problem(give(inst, rid, code), 400, "too_many_tries")
    codes_a_day = 10
    assert (20 + 20) / 10**6 + 2 * codes_a_day * 5 / 10**10 <= 1e-4


def ten_digits(inst, to, channel="sms"):
    """The newest long code."""
    def there():
        return [c for m in inst.sandbox.messages(channel=channel, to=to) for c in re.findall(r"(?<!\d)\d{10}(?!\d)", m["text"])]
    return wait_until(f"a long code for {to}", there)[0]


def test_s43_the_owner_gets_in_while_somebody_floods(inst):
    """Every failure of strangers is spent, and their pace of codes: the owner comes in from a remembered browser by
    password, code and reset, and from any browser by code, link and reset."""
    p = both(inst)
    remembered = p.browser()
    token = remembered.cookie("__Host-gatepost-device")
    p.login(remembered)
    assert remembered.cookie("__Host-gatepost-device") == token       # taken back, not made anew
    forget_limits(inst)
    assert spend_passwords(p) == 20
    assert spend_codes(inst, lambda: ask(inst, phone_number=p.phone)) == 20

    def flood():
        """It goes on, beside what the owner does."""
        problem(p.login(), 429, "too_many_failures")        # the right password, by a stranger
        inst.sandbox.clear()
        ask(inst, email=p.email_address)
        ask(inst, phone_number=p.phone)
        problem(inst.api("POST", REQUEST, json={"phone_number": p.phone}), 429, "code_too_soon")
        ten_digits(inst, p.phone)
        mail(inst, p.email_address)
        inst.sandbox.clear()

    # A remembered browser: password, code, reset.
    flood()
    assert p.login(remembered).status_code == 200
    rid = ask(inst, remembered, at_once=True, phone_number=p.phone)       # at once, whatever strangers asked for
    assert give(inst, rid, inst.sandbox.code(p.phone), remembered).status_code == 200
    flood()
    later(inst)
    r = remembered.call("POST", "/api/auth/password/reset/request/", json={"phone_number": p.phone})
    assert r.status_code == 200, r.text
    r = remembered.call("POST", "/api/auth/password/reset/", json={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(p.phone), "new_password": OTHER})
    assert r.status_code == 200, r.text
    p.password = OTHER
    assert p.login(remembered).status_code == 200

    # A browser that was never here, when strangers leave it a turn of the pace: code, link, reset.
    flood()
    new = Browser(inst)
    rid = ask(inst, new, phone_number=p.phone)
    assert give(inst, rid, ten_digits(inst, p.phone), new).status_code == 200
    new = Browser(inst)
    ask(inst, new, email=p.email_address)
    assert use(inst, link_of(mail(inst, p.email_address))[0], new).status_code == 200
    later(inst)
    inst.sandbox.clear()
    new = Browser(inst)
    rid = new.call("POST", "/api/auth/password/reset/request/", json={"email": p.email_address}).json()["register_id"]
    r = new.call("POST", "/api/auth/password/reset/", json={
        "register_id": rid, "otp_code": ten_digits(inst, p.email_address, "email"), "new_password": PASSWORD})
    assert r.status_code == 200, r.text
    p.password = PASSWORD
    problem(p.login(), 429, "too_many_failures")            # a stranger, as before
    assert p.login(new).status_code == 200                  # who reset it is remembered
