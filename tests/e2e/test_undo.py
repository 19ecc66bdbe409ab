"""A changed phone number or e-mail address can be taken back by the old one
for 72 h (S59)."""
import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract import Contract
from factor_people import due, enrol, verify
from instance import wait_until
from people import OTHER, PASSWORD, Bearer, Browser, Person, a_phone, an_email, problem, same

LINK = re.compile(r"(https://\S+/api/auth/undo/\?token=([A-Za-z0-9_-]{22}))")


@pytest.fixture(autouse=True)
def no_limits(inst):
    inst.rows("DELETE FROM throttle")


@pytest.fixture(scope="module")
def contract():
    return Contract()


def change(who, to, password=None):
    """Begin the change; its answer."""
    what = {"new_email": to} if "@" in to else {"new_phone_number": to}
    more = {"password": password} if password else {}
    return who.call("POST", "/api/auth/email/change/" if "@" in to else "/api/auth/number/change/", json={**what, **more})


def prove(inst, began, to, who=None, after=()):
    code = inst.sandbox.code(to, "email" if "@" in to else "sms", after)
    return (who.call if who else inst.api)("POST", "/api/auth/otp/verify/", json={
        "register_id": began.json()["register_id"], "otp_code": code})


def changed(inst, who, to):
    began = change(who, to)
    assert began.status_code == 200, began.text
    done = prove(inst, began, to, who)
    assert done.status_code == 200, done.text
    inst.rows("DELETE FROM throttle")
    return Bearer(inst, done.json())


def links(inst, old, count=1):
    """Tokens that the old address got, the newest first."""
    def got():
        found = [LINK.search(m["text"] or "") for m in inst.sandbox.messages(channel="email" if "@" in old else "sms", to=old)]
        found = [f.group(2) for f in found if f]
        return found if len(found) >= count else None
    return wait_until(f"a link for {old}", got)


def undo(inst, token, **more):
    return inst.api("POST", "/api/auth/undo/", json={"token": token}, **more)


def codes(inst, to):
    return set(re.findall(r"(?<!\d)\d{6}(?!\d)", " ".join(m["text"] for m in inst.sandbox.messages(to=to))))


def account(inst, p):
    return inst.rows("SELECT phone, phone_verified_at, email, email_verified_at, password FROM user WHERE id = %s", p.id)[0]


@pytest.mark.parametrize("kind", ["phone", "email"])
def test_s59_the_old_address_undoes_a_change(inst, contract, kind):
    p = Person(inst, email=an_email() if kind == "email" else None)
    old = p.email or p.phone
    new = an_email() if kind == "email" else a_phone()
    thief = changed(inst, p.first, new)
    assert account(inst, p)[kind] == new
    token = links(inst, old)[0]
    done = contract.check("POST", "/api/auth/undo/", undo(inst, token))
    assert done.status_code == 200 and done.json()["next"] == "password_reset"
    row = account(inst, p)
    assert row[kind] == old and row[f"{kind}_verified_at"] and row["password"] is None
    # Who changed it is out: sessions, refresh token, password.
    problem(thief.call("GET", "/api/auth/profile/"), 401)
    problem(thief.with_refresh("/api/auth/token/refresh/"), 401)
    problem(p.login(), 401, "invalid_credentials")
    # The new address reaches nothing, the old one sets a new password.
    r = inst.api("POST", "/api/auth/password/reset/request/", json={"email" if kind == "email" else "phone_number": new})
    assert r.status_code == 200
    assert inst.rows("SELECT user_id FROM otp ORDER BY id DESC LIMIT 1")[0]["user_id"] is None
    seen = {m["text"] for m in inst.sandbox.messages(to=old)}
    r = p.reset_request()
    code = wait_until("a reset code", lambda: next((re.search(r"(?<!\d)\d{6}(?!\d)", m["text"]).group()
                      for m in inst.sandbox.messages(to=old) if m["text"] not in seen
                      and re.search(r"(?<!\d)\d{6}(?!\d)", m["text"])), None))
    r = inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": r.json()["register_id"], "otp_code": code, "new_password": OTHER})
    assert r.status_code == 200, r.text
    assert p.login(password=OTHER).status_code == 200


def new_password(inst, p):
    """The owner resets the password by the old number; the answer of the sign-in that follows."""
    inst.rows("DELETE FROM throttle")
    seen = codes(inst, p.phone)
    r = p.reset_request()
    assert r.status_code == 200, r.text
    r = inst.api("POST", "/api/auth/password/reset/", json={"register_id": r.json()["register_id"],
                 "otp_code": inst.sandbox.code(p.phone, "sms", seen), "new_password": OTHER})
    assert r.status_code == 200, r.text
    return p.login(password=OTHER)


def link(inst, p, sub):
    inst.rows("INSERT INTO identity (id, user_id, provider, issuer, sub, created_at, used_at) VALUES"
              " (%s, %s, 'google', 'https://accounts.google.com', %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
              secrets.randbits(62), p.id, sub)


def of(inst, p):
    """Subs linked, whether an app is on, recovery codes."""
    return ([r["sub"] if isinstance(r["sub"], str) else r["sub"].decode() for r in inst.rows(
        "SELECT sub FROM identity WHERE user_id = %s ORDER BY created_at", p.id)],
        bool(inst.rows("SELECT 1 FROM mfa WHERE user_id = %s AND (seed IS NOT NULL OR next_id IS NOT NULL)", p.id)),
        inst.rows("SELECT COUNT(*) AS n FROM recovery_code WHERE user_id = %s", p.id)[0]["n"])


def test_s59_an_undo_takes_the_thiefs_app_codes_and_identities_away(inst):
    p = Person(inst)
    mine, his = secrets.token_hex(8), secrets.token_hex(8)
    link(inst, p, mine)
    thief = changed(inst, p.first, a_phone())
    app, _, recovery = enrol(p, thief)
    link(inst, p, his)
    assert recovery and of(inst, p) == ([mine, his], True, len(recovery))
    assert undo(inst, links(inst, p.phone)[0]).status_code == 200
    # What was linked before the change is the owner's.
    assert of(inst, p) == ([mine], False, 0)
    done = {r["event"] for r in inst.rows("SELECT event FROM audit WHERE user_id = %s", p.id)}
    assert {"number_undo", "undo_mfa", "undo_identities"} <= done
    r = new_password(inst, p)
    assert r.status_code == 200 and not r.json().get("mfa_required"), r.text
    assert Bearer(inst, r.json()).call("GET", "/api/auth/profile/").status_code == 200


def test_s59_an_undo_takes_the_thiefs_devices_away(inst):
    """The owner's messages go to no browser or app that came with the change; his own comes back by itself."""
    def has(who, token):
        r = who.call("POST", "/api/users/push-tokens/", json={"token": f"ExponentPushToken[{token}]"})
        assert r.status_code == 200, r.text

    def active():
        return {r["target"].split("[")[1][:-1] for r in inst.rows(
            "SELECT target FROM device WHERE user_id = %s AND is_active", p.id)}
    p, thief_before = Person(inst), Person(inst)
    mine, also, his, moved = (secrets.token_hex(11) for _ in range(4))
    has(p.first, mine)
    has(p.first, also)
    has(thief_before.first, moved)
    thief = changed(inst, p.first, a_phone())
    for token in (his, moved, also):
        has(thief, token)
    assert active() == {mine, also, his, moved}
    assert undo(inst, links(inst, p.phone)[0]).status_code == 200
    assert active() == {mine}
    assert inst.rows("SELECT 1 FROM audit WHERE user_id = %s AND event = 'undo_devices'", p.id)
    has(Bearer(inst, new_password(inst, p).json()), also)
    assert active() == {mine, also}


def test_s59_a_code_channel_that_the_thief_chose_locks_nobody_out(inst):
    p = Person(inst)
    thief = changed(inst, p.first, a_phone())
    r = thief.call("PATCH", "/api/auth/mfa/", json={"sms": True})
    assert r.status_code == 200, r.text
    assert undo(inst, links(inst, p.phone)[0]).status_code == 200
    r = new_password(inst, p)
    assert r.status_code == 200 and not r.json().get("mfa_required"), r.text


def test_s59_s58_the_owners_own_factor_stays(inst):
    p = Person(inst)
    app, client, recovery = enrol(p, p.first)
    changed(inst, client, a_phone())
    assert undo(inst, links(inst, p.phone)[0]).status_code == 200
    assert of(inst, p) == ([], True, len(recovery))
    token = due(new_password(inst, p))["mfa_token"]
    assert verify(inst, token, app.code()).status_code == 200


def test_s36_get_shows_and_post_consumes(inst, contract):
    p = Person(inst)
    old = p.phone
    changed(inst, p.first, a_phone())
    token = links(inst, old)[0]
    for method in ("GET", "HEAD", "GET"):
        r = inst.api(method, f"/api/auth/undo/?token={token}")
        assert r.status_code == 200 and r.headers["Content-Type"].startswith("text/html")
    assert "form-action 'self'" in r.headers["Content-Security-Policy"] and token in r.text and "<script" not in r.text
    assert 'dir="rtl"' in inst.api("GET", f"/api/auth/undo/?token={token}", headers={"Accept-Language": "fa"}).text
    assert account(inst, p)["phone"] != old
    # The page's form, as a browser that is signed in sends it.
    b = Browser(inst)
    assert b.call("POST", "/api/auth/login/", json={"username": account(inst, p)["phone"], "password": PASSWORD}).status_code == 200
    r = inst.api("POST", "/api/auth/undo/", session=b.http, data={"token": token},
                 headers={"Origin": "null", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"})
    assert r.status_code == 200 and "<h1>" in r.text and "<form" not in r.text
    assert account(inst, p)["phone"] == old


def test_s35_another_sites_form_undoes_nothing(inst):
    p = Person(inst)
    changed(inst, p.first, a_phone())
    token = links(inst, p.phone)[0]
    problem(inst.api("POST", "/api/auth/undo/", data={"token": token}, headers={
        "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}), 403, "csrf")
    assert account(inst, p)["phone"] != p.phone


def test_a_link_works_once_even_in_parallel(inst):
    p = Person(inst)
    changed(inst, p.first, a_phone())
    token = links(inst, p.phone)[0]
    with ThreadPoolExecutor(8) as pool:
        got = sorted(r.status_code for r in pool.map(lambda _: undo(inst, token), range(8)))
    assert got == [200] + [410] * 7
    made_up = problem(undo(inst, secrets.token_urlsafe(16)), 410, "link_gone")
    assert same(problem(undo(inst, token), 410, "link_gone")) == same(made_up)
    assert inst.rows("SELECT COUNT(*) AS n FROM audit WHERE user_id = %s AND event = 'number_undo'", p.id)[0]["n"] == 1


def test_after_72_hours_and_after_deletion_the_link_is_gone(inst):
    p, q = Person(inst), Person(inst)
    for who in (p, q):
        changed(inst, who.first, a_phone())
    inst.rows("UPDATE change_undo SET expires_at = created_at WHERE user_id = %s", p.id)
    problem(undo(inst, links(inst, p.phone)[0]), 410, "link_gone")
    assert inst.rows("SELECT TIMESTAMPDIFF(HOUR, created_at, expires_at) AS h FROM change_undo WHERE user_id = %s", q.id)[0]["h"] == 72
    inst.rows("DELETE FROM user WHERE id = %s", q.id)
    problem(undo(inst, links(inst, q.phone)[0]), 410, "link_gone")


def test_the_earliest_link_wins_over_later_changes(inst):
    """A thief changes twice: the owner's link takes both back, the thief's none."""
    p = Person(inst)
    first, second = a_phone(), a_phone()
    thief = changed(inst, p.first, first)
    changed(inst, thief, second)
    owners, thiefs = links(inst, p.phone)[0], links(inst, first)[0]
    assert undo(inst, thiefs).status_code == 200 and account(inst, p)["phone"] == first
    assert undo(inst, owners).status_code == 200 and account(inst, p)["phone"] == p.phone
    q = Person(inst)
    thief = changed(inst, q.first, a_phone())
    third = inst.rows("SELECT phone FROM user WHERE id = %s", q.id)[0]["phone"]
    changed(inst, thief, a_phone())
    assert undo(inst, links(inst, q.phone)[0]).status_code == 200
    problem(undo(inst, links(inst, third)[0]), 410, "link_gone")
    assert account(inst, q)["phone"] == q.phone


def test_two_changes_at_once_leave_a_way_back(inst):
    p = Person(inst)
    to = [a_phone(), a_phone()]
    began = [change(p.first, n) for n in to]
    assert [r.status_code for r in began] == [200, 200]
    codes = [inst.sandbox.code(n) for n in to]
    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(lambda i: inst.api("POST", "/api/auth/otp/verify/", json={
            "register_id": began[i].json()["register_id"], "otp_code": codes[i]}).status_code, range(2)))
    # The first voids the other's open flow (S11), unless that was proved already.
    assert sorted(got) in ([200, 400], [200, 200])
    assert undo(inst, links(inst, p.phone)[0]).status_code == 200
    assert account(inst, p)["phone"] == p.phone


def test_s59_the_old_number_resets_nothing_and_is_nobody_elses_meanwhile(inst):
    p, other = Person(inst), Person(inst)
    inst.rows("DELETE FROM throttle")
    before = p.reset_request()          # a reset that the old number began
    assert before.status_code == 200
    code = wait_until("a reset code", lambda: next((re.search(r"(?<!\d)\d{6}(?!\d)", m["text"]).group()
                      for m in inst.sandbox.messages(to=p.phone)), None) if len(inst.sandbox.messages(to=p.phone)) > 1 else None)
    changed(inst, p.first, a_phone())
    problem(inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": before.json()["register_id"], "otp_code": code, "new_password": OTHER}), 400)
    inst.rows("DELETE FROM throttle")
    p.reset_request()
    assert inst.rows("SELECT user_id FROM otp ORDER BY id DESC LIMIT 1")[0]["user_id"] is None
    # Whoever holds the recycled number cannot prove it while the change may be undone,
    inst.rows("DELETE FROM throttle")
    seen = codes(inst, p.phone)
    began = change(other.first, p.phone)
    problem(prove(inst, began, p.phone, after=seen), 409, "address_taken")
    seen = codes(inst, p.phone)
    # and can when the time is over.
    inst.rows("UPDATE change_undo SET expires_at = created_at WHERE user_id = %s", p.id)
    inst.rows("DELETE FROM throttle")
    began = change(other.first, p.phone)
    assert prove(inst, began, p.phone, after=seen).status_code == 200


def test_s11_a_change_ends_the_other_sessions(inst):
    p = Person(inst)
    other, me = p.bearer(), p.bearer()
    changed(inst, me, a_phone())
    problem(other.with_refresh("/api/auth/token/refresh/"), 401)
    assert me.with_refresh("/api/auth/token/refresh/").status_code == 200


def test_email_change_needs_a_fresh_sign_in_and_tells_the_other_channel(inst, contract):
    p = Person(inst)
    mail = an_email()
    assert contract.check("POST", "/api/auth/email/change/", change(p.first, mail.upper())).status_code == 200
    inst.rows("DELETE FROM throttle")
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", p.id)
    old = Bearer(inst, None)
    old.refresh = p.first.refresh
    assert old.with_refresh("/api/auth/token/refresh/").status_code == 200
    problem(contract.check("POST", "/api/auth/email/change/", change(old, mail)), 403, "reauth_required")
    problem(contract.check("POST", "/api/auth/email/change/", change(old, mail, "Wrong-Word1!")), 400, "wrong_password", "password")
    began = change(old, mail, PASSWORD)
    assert prove(inst, began, mail, old).status_code == 200
    row = account(inst, p)
    assert row["email"] == mail and row["email_verified_at"] and row["phone"] == p.phone
    inst.sandbox.wait(to=p.phone, channel="sms", count=2)
    assert wait_until("the other channel", lambda: any("e-mail address" in m["text"] for m in inst.sandbox.messages(to=p.phone)))
    problem(contract.check("POST", "/api/auth/email/change/", change(p.bearer(), mail)), 400, "same_email", "new_email")


def test_s25_another_accounts_address_answers_alike(inst):
    p, owner = Person(inst), Person(inst, email=an_email())
    inst.rows("DELETE FROM throttle")
    free, taken = change(p.first, an_email()), change(p.first, owner.email)
    assert free.status_code == taken.status_code == 200 and free.json().keys() == taken.json().keys()
    assert wait_until("the owner is told", lambda: any("already" in m["text"] for m in inst.sandbox.messages(to=owner.email)))


def test_r5_without_a_database_nothing_is_lost(inst):
    p = Person(inst)
    changed(inst, p.first, a_phone())
    token = links(inst, p.phone)[0]
    inst.kill("db")
    problem(undo(inst, token), 503)
    inst.start("db")
    inst.ready()
    # A child that has not talked since tries its old connection first.
    got = wait_until("an answer", lambda: (r := undo(inst, token)).status_code != 503 and r)
    assert got.status_code == 200
    # Nor shall the next test meet one.
    inst.restart("api")
    inst.ready()


def test_h6_the_link_stands_in_no_row(inst):
    p = Person(inst)
    changed(inst, p.first, a_phone())
    token = links(inst, p.phone)[0]
    for table in ("notification", "delivery", "job", "change_undo", "audit"):
        assert token not in repr(inst.rows(f"SELECT * FROM {table}")), table
    assert token not in inst.log("api") and token not in inst.log("worker")
