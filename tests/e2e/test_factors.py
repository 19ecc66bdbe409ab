"""Second factors (S66, S67, S69, D9-D11): they belong to the account, whatever
the way in; no code works twice; step-up."""
import base64
import concurrent.futures
import json
import re
import subprocess

import pytest

from contract import Contract
from factor_people import App, both, challenge, codes_may_go_again, due, enrol, totp, verify, wrong
from people import OTHER, PASSWORD, Bearer, Browser, Person, a_phone, forget_limits, held, problem, within

contract = Contract()


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture(autouse=True)
def calm_limits(inst):
    forget_limits(inst)


def test_s66_the_app_is_turned_on_by_its_own_code(inst):
    p = Person(inst)
    client = p.bearer()
    r = contract.check("POST", "/api/auth/mfa/totp/", client.call("POST", "/api/auth/mfa/totp/", json={}))
    begun = r.json()
    assert re.fullmatch(r"[A-Z2-7]{32}", begun["secret"])
    # Nothing is on before a code of it came back.
    assert "access" in p.login().json()
    app = App(inst, p.id, begun)
    problem(contract.check("POST", "/api/auth/mfa/totp/confirm/", client.call(
        "POST", "/api/auth/mfa/totp/confirm/", json={"code": wrong(app.code())})), 400, "invalid_code", "code")
    r = contract.check("POST", "/api/auth/mfa/totp/confirm/", client.call(
        "POST", "/api/auth/mfa/totp/confirm/", json={"code": app.code()}))
    assert r.status_code == 200, r.text
    assert len(set(r.json()["recovery_codes"])) == 10
    assert "mfa" in claims(r.json()["access"])["amr"].split()
    problem(Bearer(inst, r.json()).call("POST", "/api/auth/mfa/totp/confirm/", json={"code": app.code()}),
            400, "nothing_begun", "code")
    step = due(contract.check("POST", "/api/auth/login/", p.login()))
    assert step["methods"] == ["totp", "sms", "recovery"]
    r = contract.check("POST", "/api/auth/mfa/verify/", verify(inst, step["mfa_token"], app.code()))
    assert r.status_code == 200 and r.json()["user"]["id"] == p.id
    assert set(claims(r.json()["access"])["amr"].split()) == {"pwd", "otp", "mfa"}


def test_s67_the_token_says_its_level(inst):
    """One factor is aal 1, two are aal 2, and it stays with the session when the token is renewed."""
    p = both(inst)
    client = p.bearer()
    assert claims(p.login().json()["access"])["aal"] == 1
    app = App(inst, p.id, client.call("POST", "/api/auth/mfa/totp/", json={}).json())
    r = client.call("POST", "/api/auth/mfa/totp/confirm/", json={"code": app.code()})
    assert claims(r.json()["access"])["aal"] == 2
    r = verify(inst, due(p.login())["mfa_token"], app.code())
    assert claims(r.json()["access"])["aal"] == 2
    r = inst.api("POST", "/api/auth/token/refresh/", json={"refresh": r.json()["refresh"]})
    assert claims(r.json()["access"])["aal"] == 2


def test_s66_the_qr_code_reads_as_the_uri(inst, tmp_path):
    """By a decoder that is not ours, from a picture that is not ours."""
    begun = both(inst).bearer().call("POST", "/api/auth/mfa/totp/", json={}).json()
    (tmp_path / "q.svg").write_text(begun["qr_svg"])
    subprocess.run(["rsvg-convert", "-w", "600", "-o", tmp_path / "q.png", tmp_path / "q.svg"], check=True)
    read = subprocess.run(["zbarimg", "-q", "--raw", tmp_path / "q.png"], check=True, capture_output=True, text=True)
    assert read.stdout.strip() == begun["otpauth_uri"]
    assert begun["otpauth_uri"].startswith("otpauth://totp/")
    assert "<script" not in begun["qr_svg"]


def test_s66_no_code_works_twice(inst):
    p = Person(inst)
    app, _, _ = enrol(p)
    code = app.code()
    assert verify(inst, due(p.login())["mfa_token"], code).status_code == 200
    problem(verify(inst, due(p.login())["mfa_token"], code), 400, "invalid_code", "code")
    # Nor does the one that turned the app on.
    q = Person(inst)
    client = q.bearer()
    app = App(inst, q.id, client.call("POST", "/api/auth/mfa/totp/", json={}).json())
    code = app.code()
    assert client.call("POST", "/api/auth/mfa/totp/confirm/", json={"code": code}).status_code == 200
    problem(verify(inst, due(q.login())["mfa_token"], code), 400, "invalid_code", "code")


def test_s66_nor_in_parallel(inst):
    """One code, twelve sign-ins at once: one session."""
    p = Person(inst)
    app, _, _ = enrol(p)
    tokens = [due(p.login())["mfa_token"] for _ in range(12)]
    code = app.code()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda t: verify(inst, t, code).status_code, tokens))
    assert sorted(got)[0] == 200 and got.count(200) == 1 and set(got) == {200, 400}, got


def test_s66_an_mfa_token_signs_in_once(inst):
    """A recovery code each, one token: one of them comes in, and the others' codes are not used up."""
    p = Person(inst)
    _, _, codes = enrol(p)
    token = due(p.login())["mfa_token"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda c: verify(inst, token, c).status_code, codes[:4]))
    assert got.count(200) == 1, got
    left = inst.rows("SELECT COUNT(*) n FROM recovery_code WHERE user_id = %s AND used_at IS NULL", p.id)[0]["n"]
    assert left == 9
    problem(verify(inst, token, codes[9]), 400, "invalid_mfa_token", "mfa_token")


def test_d11_an_mfa_token_is_bound_hashed_and_short(inst):
    p, q = Person(inst), Person(inst)
    app, _, codes = enrol(p)
    q_app, _, _ = enrol(q)
    token = due(p.login())["mfa_token"]
    rows = inst.rows("SELECT HEX(token_hash) h, TIMESTAMPDIFF(SECOND, created_at, expires_at) s FROM mfa_flow"
                     " WHERE user_id = %s ORDER BY id DESC LIMIT 1", p.id)
    assert rows[0]["s"] == 300 and token.encode().hex().upper() not in rows[0]["h"]
    problem(verify(inst, token, q_app.code()), 400, "invalid_code", "code")     # another account's factor
    inst.rows("UPDATE mfa_flow SET expires_at = UTC_TIMESTAMP(6) WHERE user_id = %s", p.id)
    problem(verify(inst, token, app.code()), 400, "invalid_mfa_token", "mfa_token")
    for token in ("x", "A" * 22, token[:-1]):
        problem(verify(inst, token, codes[0]), 400, "invalid_mfa_token", "mfa_token")
    # A new password ends what was begun with the old one (S11).
    token = due(p.login())["mfa_token"]
    reset(inst, p, OTHER)
    problem(verify(inst, token, codes[0]), 400, "invalid_mfa_token", "mfa_token")


def reset(inst, p, password):
    """A new password by a code to the phone."""
    forget_limits(inst)
    inst.sandbox.clear()
    rid = p.reset_request().json()["register_id"]
    r = inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": rid, "otp_code": p.code(), "new_password": password})
    assert r.status_code == 200, r.text
    p.password = password


def test_s29_five_tries_a_token_counted_before_comparing(inst):
    p = Person(inst)
    app, _, codes = enrol(p)
    token = due(p.login())["mfa_token"]
    bad = wrong(app.code())
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        got = list(pool.map(lambda _: verify(inst, token, bad).json()["code"], range(20)))
    assert got.count("invalid_code") == 5 and got.count("too_many_tries") == 15, got
    problem(verify(inst, token, app.code()), 400, "too_many_tries")
    assert inst.rows("SELECT tries FROM mfa_flow WHERE user_id = %s ORDER BY id DESC LIMIT 1", p.id)[0]["tries"] == 5


def test_s32_failures_of_an_account_are_bounded_a_day(inst):
    """15 from anywhere, whatever the token; a recovery code still lets the owner in (S43)."""
    p = Person(inst)
    app, _, codes = enrol(p)
    evaluated = 0
    for _ in range(5):
        token = due(p.login())["mfa_token"]
        for _ in range(5):
            r = verify(inst, token, wrong(app.code()))
            evaluated += r.json()["code"] == "invalid_code"
            if r.status_code == 429:
                break
    assert evaluated == 15
    problem(verify(inst, due(p.login())["mfa_token"], app.code()), 429, "too_many_failures")
    assert verify(inst, due(p.login())["mfa_token"], codes[0]).status_code == 200


def test_s67_by_every_way_in(inst):
    """Password, registration code, reset and new password; none goes past the factor."""
    p = both(inst)
    app, client, codes = enrol(p)
    due(p.login())
    due(inst.api("POST", "/api/auth/login/", json={"email": p.email_address, "password": PASSWORD}))
    due(p.login(Browser(inst)))
    # A change of number by its owner a moment after the second step: not asked again; by somebody who only
    # has the register_id and the code: asked.
    new = a_phone()
    rid = client.call("POST", "/api/auth/number/change/", json={"new_phone_number": new}).json()["register_id"]
    due(inst.api("POST", "/api/auth/otp/verify/", json={"register_id": rid, "otp_code": inst.sandbox.code(new)}))
    forget_limits(inst)
    new = a_phone()
    step = due(inst.api("POST", "/api/auth/login/", json={"email": p.email_address, "password": PASSWORD}))
    client.take(verify(inst, step["mfa_token"], app.code()).json())
    rid = client.call("POST", "/api/auth/number/change/", json={"new_phone_number": new}).json()["register_id"]
    r = client.call("POST", "/api/auth/otp/verify/", json={"register_id": rid, "otp_code": inst.sandbox.code(new)})
    assert r.status_code == 200 and "mfa" in claims(r.json()["access"])["amr"], r.text


def test_s58_a_reset_does_not_go_past_the_factor(inst):
    """Nor is the phone that reset the password the second factor, until another one was shown."""
    p = Person(inst)
    app, client, codes = enrol(p)
    assert "sms" in due(p.login())["methods"]
    reset(inst, p, OTHER)
    step = due(p.login())
    assert step["methods"] == ["totp", "recovery"]
    problem(challenge(inst, step["mfa_token"], "sms"), 400, "method_off", "method")
    assert verify(inst, step["mfa_token"], app.code()).status_code == 200
    assert "sms" in due(p.login())["methods"]


@pytest.mark.parametrize("method", ["sms", "email"])
def test_s67_codes_to_proved_addresses_serve(inst, method):
    p = both(inst)
    enrol(p)
    step = due(p.login())
    assert step["methods"] == ["totp", "sms", "email", "recovery"]
    codes_may_go_again(inst)
    to = p.phone if method == "sms" else p.email_address
    inst.sandbox.clear()
    r = contract.check("POST", "/api/auth/mfa/challenge/", challenge(inst, step["mfa_token"], method))
    assert r.status_code == 200 and r.json()["method"] == method
    assert to not in r.text and "***" in r.json()["sent_to"]
    code = inst.sandbox.code(to, "sms" if method == "sms" else "email")
    problem(challenge(inst, step["mfa_token"], method), 429, "code_too_soon")
    problem(verify(inst, step["mfa_token"], wrong(code)), 400, "invalid_code", "code")
    # It is bound to the sign-in it was sent for (S28).
    other = due(p.login())["mfa_token"]
    problem(verify(inst, other, code, method=method), 400, "invalid_code", "code")
    r = verify(inst, step["mfa_token"], code)
    assert r.status_code == 200 and "mfa" in claims(r.json()["access"])["amr"].split()
    problem(verify(inst, step["mfa_token"], code), 400, "invalid_mfa_token")


def test_s69_recovery_codes(inst):
    p = Person(inst)
    app, client, codes = enrol(p)
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){5}[A-Z2-7]{4}", c) for c in codes)     # 120 bits
    stored = inst.rows("SELECT HEX(code_mac) h FROM recovery_code WHERE user_id = %s", p.id)
    assert len(stored) == 10 and not any(c.replace("-", "").encode().hex().upper() in r["h"]
                                         for c in codes for r in stored)
    count = contract.check("GET", "/api/auth/mfa/recovery-codes/", client.call("GET", "/api/auth/mfa/recovery-codes/"))
    assert count.json() == {"left": 10}
    r = verify(inst, due(p.login())["mfa_token"], codes[0].lower().replace("-", " "))
    assert r.status_code == 200
    problem(verify(inst, due(p.login())["mfa_token"], codes[0]), 400, "invalid_code", "code")
    assert client.call("GET", "/api/auth/mfa/recovery-codes/").json() == {"left": 9}
    inst.sandbox.wait(channel="sms", to=p.phone)
    within(15, "the owner is told", lambda: any("recovery code" in m["text"] for m in inst.sandbox.messages(
        channel="sms", to=p.phone)))
    r = contract.check("POST", "/api/auth/mfa/recovery-codes/", client.call("POST", "/api/auth/mfa/recovery-codes/", json={}))
    fresh = r.json()["recovery_codes"]
    assert len(set(fresh) | set(codes)) == 20
    problem(verify(inst, due(p.login())["mfa_token"], codes[1]), 400, "invalid_code", "code")     # void
    assert verify(inst, due(p.login())["mfa_token"], fresh[0]).status_code == 200


def test_s69_each_once_in_parallel(inst):
    p = Person(inst)
    _, _, codes = enrol(p)
    tokens = [due(p.login())["mfa_token"] for _ in range(10)]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        got = list(pool.map(lambda t: verify(inst, t, codes[0]).status_code, tokens))
    assert got.count(200) == 1 and set(got) == {200, 400}, got


def test_s69_not_on_an_unproved_account(inst):
    p = Person(inst)
    token = p.bearer()
    inst.rows("UPDATE user SET phone_verified_at = NULL WHERE id = %s", p.id)
    problem(token.call("POST", "/api/auth/mfa/totp/", json={}), 403, "not_verified")
    inst.rows("UPDATE session SET claim = TRUE WHERE user_id = %s", p.id)
    token.with_refresh("/api/auth/token/refresh/")
    problem(token.call("POST", "/api/auth/mfa/totp/", json={}), 403, "not_verified")
    assert not inst.rows("SELECT 1 FROM mfa WHERE user_id = %s", p.id)


def test_s67_turning_it_on_ends_every_other_session(inst):
    p = Person(inst)
    others = [p.bearer() for _ in range(3)]
    client = p.bearer()
    before = client.access
    _, client, _ = enrol(p, client)
    for o in others:
        within(2, "the other session is gone", lambda: o.call("GET", "/api/auth/profile/").status_code == 401)
        problem(o.with_refresh("/api/auth/token/refresh/"), 401, "invalid_token")
    # Its own session is another one, of both steps (S12).
    assert claims(before)["sid"] != claims(client.access)["sid"]
    within(2, "the old token is gone", lambda: inst.api(
        "GET", "/api/auth/profile/", token=before).status_code == 401)
    r = client.with_refresh("/api/auth/token/refresh/")
    assert r.status_code == 200 and "mfa" in claims(r.json()["access"])["amr"].split()
    assert inst.api("GET", "/api/auth/gate", token=client.access).status_code == 204


def test_s67_no_session_slips_in_beside(inst):
    """Sign-ins while the app is turned on: when all is done no session of one step lives."""
    p = Person(inst)
    client = p.bearer()
    app = App(inst, p.id, client.call("POST", "/api/auth/mfa/totp/", json={}).json())
    code = app.code()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        logins = [pool.submit(p.login) for _ in range(4)]
        on = pool.submit(lambda: client.call("POST", "/api/auth/mfa/totp/confirm/", json={"code": code}))
        logins += [pool.submit(p.login) for _ in range(4)]
        assert on.result().status_code == 200
        assert all(r.result().status_code in (200, 503) for r in logins)
    live = inst.rows("SELECT amr FROM session WHERE user_id = %s AND ended_at IS NULL", p.id)
    assert len(live) == 1 and "mfa" in live[0]["amr"].split(), live


def test_s12_reauth_gives_a_new_session_and_a_fresh_token(inst):
    p = Person(inst)
    client = p.bearer()
    old = claims(client.access)
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR, ends_at = UTC_TIMESTAMP(6) + INTERVAL 5 DAY"
              " WHERE user_id = %s", p.id)
    client.with_refresh("/api/auth/token/refresh/")
    problem(contract.check("POST", "/api/auth/mfa/totp/", client.call("POST", "/api/auth/mfa/totp/", json={})),
            403, "reauth_required")
    problem(client.call("POST", "/api/auth/number/change/", json={"new_phone_number": "09121112233"}),
            403, "reauth_required")
    problem(contract.check("POST", "/api/auth/reauth/", client.call("POST", "/api/auth/reauth/", json={})), 400,
            "required", "password")
    problem(contract.check("POST", "/api/auth/reauth/", client.call(
        "POST", "/api/auth/reauth/", json={"password": "Wrong-Word-1"})), 400, "wrong_password", "password")
    before, stale = client.access, client.refresh
    r = contract.check("POST", "/api/auth/reauth/", client.call("POST", "/api/auth/reauth/", json={"password": PASSWORD}))
    assert r.status_code == 200, r.text
    client.take(r.json())
    new = claims(client.access)
    assert new["sid"] != old["sid"] and new["auth_time"] > claims(before)["auth_time"]
    within(2, "the old one is gone", lambda: inst.api("GET", "/api/auth/profile/", token=before).status_code == 401)
    problem(inst.api("POST", "/api/auth/token/refresh/", json={"refresh": stale}), 401)
    # It prolongs nothing (S9).
    live = inst.rows("SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(6), ends_at) h FROM session WHERE id = %s", new["sid"])
    assert live[0]["h"] <= 5 * 24
    assert client.call("POST", "/api/auth/mfa/totp/", json={}).status_code == 200


def test_s67_a_step_up_without_the_factor_uses_nothing_up(inst):
    """The factor is turned on while a code that stands for the password is on its way."""
    p = both(inst)
    client = p.bearer()
    codes_may_go_again(inst)
    inst.sandbox.clear()
    flow = client.call("POST", "/api/auth/reauth/challenge/", json={"method": "email"}).json()["register_id"]
    code = inst.sandbox.code(p.email_address, "email")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held(inst, p.id) as (row, queued):
            job = pool.submit(client.call, "POST", "/api/auth/reauth/", json={"code": code, "register_id": flow})
            queued()
            row.execute("INSERT INTO mfa (user_id, sms, email) VALUES (%s, 1, 0)", (p.id,))
        problem(job.result(), 403, "second_factor_required")
    assert not inst.rows("SELECT 1 FROM mfa_flow WHERE user_id = %s", p.id)
    assert not inst.rows("SELECT 1 FROM otp WHERE user_id = %s AND purpose = 'reauth' AND done_at IS NOT NULL", p.id)
    assert not inst.rows("SELECT 1 FROM audit WHERE user_id = %s AND outcome = 'mfa_due'", p.id)
    assert client.call("GET", "/api/auth/profile/").status_code == 200


def test_s67_sensitive_rows_demand_the_second_factor(inst):
    """A password never makes a session fresh where a factor is on; a code of it does."""
    p = both(inst)
    app, client, codes = enrol(p)
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", p.id)
    client.with_refresh("/api/auth/token/refresh/")
    for call in (("DELETE", "/api/auth/mfa/totp/", None), ("POST", "/api/auth/mfa/recovery-codes/", {}),
                 ("PATCH", "/api/auth/mfa/", {"sms": False}),
                 ("POST", "/api/auth/number/change/", {"new_phone_number": "09121112233", "password": PASSWORD}),
                 ("POST", "/api/auth/password/change/", {"old_password": PASSWORD, "new_password": OTHER})):
        problem(client.call(call[0], call[1], json=call[2]), 403, "reauth_required")
    problem(client.call("POST", "/api/auth/reauth/", json={"password": PASSWORD}), 403, "second_factor_required")
    r = client.call("POST", "/api/auth/reauth/", json={"code": app.code()})
    assert r.status_code == 200, r.text
    client.take(r.json())
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", p.id)
    client.with_refresh("/api/auth/token/refresh/")
    codes_may_go_again(inst)
    inst.sandbox.clear()
    r = contract.check("POST", "/api/auth/reauth/challenge/", client.call(
        "POST", "/api/auth/reauth/challenge/", json={"method": "email"}))
    assert r.status_code == 200, r.text
    mail = inst.sandbox.code(p.email_address, "email")
    problem(inst.api("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": mail}), 400, "invalid_register_id")
    r = client.call("POST", "/api/auth/reauth/", json={"code": mail, "register_id": r.json()["register_id"]})
    assert r.status_code == 200, r.text
    client.take(r.json())
    assert contract.check("DELETE", "/api/auth/mfa/totp/", client.call("DELETE", "/api/auth/mfa/totp/")).status_code == 204
    problem(client.call("DELETE", "/api/auth/mfa/totp/"), 404, "not_found")
    assert "access" in p.login().json()     # nothing is due any more
    assert client.call("GET", "/api/auth/mfa/recovery-codes/").json() == {"left": 0}
    problem(client.call("POST", "/api/auth/mfa/recovery-codes/", json={}), 409, "no_factor")


def stale(client):
    """An hour later: the token says so."""
    client.inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE id = %s", claims(client.access)["sid"])
    assert client.with_refresh("/api/auth/token/refresh/").status_code == 200


def test_s57_s67_every_row_that_changes_what_opens_an_account(inst):
    """None of them is reached an hour after the second step, with the right password neither; all of them after it."""
    p = both(inst)
    app, client, _ = enrol(p)
    rows = [(r["method"], r["path"]) for r in json.loads(inst.ctl("routes", "--json").stdout) if r["access"] == "user+fresh"]
    assert len(rows) >= 8 and ("GET", "/api/auth/export/") in rows
    named = [("POST", "/api/auth/number/change/", {"new_phone_number": a_phone(), "password": PASSWORD}),
             ("POST", "/api/auth/email/change/", {"new_email": "q@example.com", "password": PASSWORD}),
             ("POST", "/api/auth/password/change/", {"old_password": PASSWORD, "new_password": OTHER}),
             ("PATCH", f"/api/users/{p.id}/", {"email": "q@example.com", "password": PASSWORD}),
             ("DELETE", f"/api/users/{p.id}/", {"password": PASSWORD}),
             ("DELETE", "/api/auth/account/", {"password": PASSWORD})]
    stale(client)
    for method, path, body in [(m, r.format(provider="sandbox", id="1"), {}) for m, r in rows] + named:
        r = client.call(method, path, json=None if method == "GET" else body)
        problem(r, 403, "reauth_required")
    client.take(client.call("POST", "/api/auth/reauth/", json={"code": app.code()}).json())
    assert client.call("GET", "/api/auth/export/").status_code == 200
    assert client.call("POST", "/api/auth/number/change/", json={"new_phone_number": a_phone()}).status_code == 200


def test_s67_what_gives_power_away_wants_the_administrators_factor(inst):
    """Admin tokens, roles and groups are no user+fresh as published; where the superuser has a factor they are."""
    boss, other = both(inst), Person(inst)
    inst.rows("UPDATE user SET is_staff = TRUE, is_superuser = TRUE WHERE id = %s", boss.id)
    app, client, _ = enrol(boss)
    calls = [("POST", "/api/push/token/generate/", {}), ("PATCH", f"/api/users/{other.id}/", {"is_staff": True}),
             ("PATCH", f"/api/admin/users/{other.id}/", {"is_staff": True}),
             ("PUT", f"/api/admin/users/{other.id}/groups/", {"groups": ["vault"]})]
    stale(client)
    for method, path, body in calls:
        r = client.call(method, path, json=body)
        problem(r, 403, "reauth_required")
    problem(client.call("DELETE", f"/api/users/{other.id}/"), 403, "reauth_required")
    assert not inst.rows("SELECT 1 FROM user WHERE id = %s AND (is_staff OR NOT is_active)", other.id)
    contract.check("PUT", f"/api/admin/users/{other.id}/groups/", r)     # the last of them
    assert not inst.rows("SELECT 1 FROM user_group WHERE user_id = %s", other.id)
    client.take(client.call("POST", "/api/auth/reauth/", json={"code": app.code()}).json())
    for method, path, body in calls:
        assert client.call(method, path, json=body).status_code in (200, 201), path
    inst.rows("UPDATE user SET is_staff = FALSE, is_superuser = FALSE WHERE id IN (%s, %s)", boss.id, other.id)


def test_s67_a_code_channel_is_a_factor_of_its_own(inst):
    p = both(inst)
    client, other = p.bearer(), p.bearer()
    r = contract.check("PATCH", "/api/auth/mfa/", client.call("PATCH", "/api/auth/mfa/", json={"sms": True}))
    assert r.status_code == 200 and len(r.json()["recovery_codes"]) == 10, r.text
    within(2, "others are gone", lambda: other.call("GET", "/api/auth/profile/").status_code == 401)
    state = contract.check("GET", "/api/auth/mfa/", client.call("GET", "/api/auth/mfa/")).json()
    assert state["enabled"] and not state["totp"] and state["sms"] and state["recovery_codes_left"] == 10
    step = due(p.login())
    assert "totp" not in step["methods"] and "sms" in step["methods"]
    r = client.call("PATCH", "/api/auth/mfa/", json={"sms": False, "email": False})
    assert r.status_code == 200 and "recovery_codes" not in r.json()
    assert "access" in p.login().json()
    q = Person(inst)
    problem(q.bearer().call("PATCH", "/api/auth/mfa/", json={"email": True}), 400, "address_not_proved", "email")


def test_s71_every_change_is_told_and_recorded(inst):
    p = both(inst, first_name="Sara")
    inst.sandbox.clear()
    app, client, codes = enrol(p)
    for channel, to in (("sms", p.phone), ("email", p.email_address)):
        within(15, f"told by {channel}", lambda: any("second step" in m["text"] for m in inst.sandbox.messages(
            channel=channel, to=to)))
    inst.rows("UPDATE user SET locale = 'fa' WHERE id = %s", p.id)
    assert client.call("DELETE", "/api/auth/mfa/totp/").status_code == 204
    within(15, "in Persian", lambda: any("مرحلهٔ دوم" in m["text"] for m in inst.sandbox.messages(
        channel="email", to=p.email_address)))
    token = inst.rows("SELECT event, outcome, detail FROM audit WHERE user_id = %s", p.id)
    events = {(r["event"], r["outcome"]) for r in token}
    assert {("totp_begin", "ok"), ("totp_on", "ok"), ("totp_off", "ok")} <= events
    text = json.dumps(token)
    assert app.secret not in text and not any(c in text for c in codes)


def test_d24_no_seed_in_the_database(inst):
    p = Person(inst)
    app, _, _ = enrol(p)
    raw = base64.b32decode(app.secret)
    row = inst.rows("SELECT seed, next_seed FROM mfa WHERE user_id = %s", p.id)[0]
    assert raw not in row["seed"] and row["next_seed"] is None
    assert len(row["seed"]) == 20 + 29      # version, nonce, tag


def test_refusals_of_the_second_step(inst):
    p = Person(inst)
    app, _, _ = enrol(p)
    token = due(p.login())["mfa_token"]
    problem(contract.check("POST", "/api/auth/mfa/verify/", inst.api(
        "POST", "/api/auth/mfa/verify/", json={"mfa_token": token})), 400, "required", "code")
    for code in ("", "x" * 65, 5, None, [], "12345\u0000"):
        assert verify(inst, token, code).status_code == 400
    for method in ("push", 5):
        problem(verify(inst, token, "123456", method=method), 400, "invalid", "method")
    problem(verify(inst, token, "123456", method="email"), 400, "method_off", "method")
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", p.id)
    problem(verify(inst, token, app.code()), 400, "invalid_mfa_token", "mfa_token")
