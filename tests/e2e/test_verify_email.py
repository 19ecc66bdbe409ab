"""Sign-up as the notification system had it: an e-mail address and a password,
and a link that proves the address.  A GET shows, a POST consumes."""
import base64
import concurrent.futures
import json
import re
import time

import pytest

from contract import Contract
from instance import wait_until
from people import OTHER, PASSWORD, Browser, Person, an_email, calm, forget_limits, problem, same, within
from test_identity import statements

REGISTER, VERIFY, RESEND = "/api/register/", "/api/verify-email/", "/api/verify-email/resend/"
LINK = re.compile(r"(https://\S+/api/verify-email/\?token=([A-Za-z0-9._-]+))")
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


@pytest.fixture(scope="module")
def contract():
    return Contract()


def register(inst, email, password=PASSWORD, path=REGISTER, **more):
    return inst.api("POST", path, json={"email": email, "password": password}, **more)


def tokens(inst, email, count=1):
    """Those that the address got, the newest first."""
    def got():
        found = [LINK.search(m["text"] or "") for m in inst.sandbox.messages(channel="email", to=email)]
        found = [f.group(2) for f in found if f]
        return found if len(found) >= count else None
    return wait_until(f"a link for {email}", got)


def verify(inst, token, path=VERIFY, **more):
    return inst.api("POST", path, json={"token": token}, **more)


def show(inst, token, method="GET", **more):
    return inst.api(method, f"{VERIFY}?token={token}", **more)


def sign_in(inst, email, password=PASSWORD):
    return inst.api("POST", "/api/auth/login/", json={"email": email, "password": password})


def newcomer(inst):
    email = an_email()
    assert register(inst, email).status_code == 201
    return email, tokens(inst, email)[0]


def part(token, i):
    text = token.split(".")[i]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.mark.parametrize("v", ["", "v1/"])
def test_register_and_confirm(inst, contract, v):
    email = an_email().capitalize()
    r = contract.check("POST", f"/api/{v}register/", register(inst, email, path=f"/api/{v}register/"))
    assert r.status_code == 201 and list(r.json()) == ["id", "email"] and r.json()["email"] == email
    assert isinstance(r.json()["id"], int) and "Set-Cookie" not in r.headers
    token = tokens(inst, email)[0]
    # Nobody enters before the proof.
    p = problem(sign_in(inst, email), 403, "not_verified")
    assert p["register_id"]
    problem(inst.api("POST", "/api/token/", json={"email": email, "password": PASSWORD}), 403, "not_verified")
    r = contract.check("GET", f"/api/{v}verify-email/?token={token}", inst.api("GET", f"/api/{v}verify-email/?token={token}"))
    assert r.status_code == 200
    r = contract.check("POST", f"/api/{v}verify-email/", verify(inst, token, f"/api/{v}verify-email/"))
    assert r.status_code == 200 and list(r.json()) == ["message"] and "Set-Cookie" not in r.headers
    r = sign_in(inst, email)
    assert r.status_code == 200 and r.json()["user"]["email_verified"] is True
    # Once.
    contract.check("POST", VERIFY, verify(inst, token))
    p = problem(verify(inst, token), 400, "invalid_link", field="token")
    assert p["error"]
    problem(show(inst, token), 400, "invalid_link", field="token")


def test_what_is_wrong_is_named(inst, contract):
    for body, field in (({}, "email"), ({"email": an_email()}, "password"), ({"email": "x", "password": PASSWORD}, "email"),
                        ({"email": an_email(), "password": "weak"}, "password")):
        r = inst.api("POST", REGISTER, json=body)
        problem(contract.check("POST", REGISTER, r), 400, field=field)
    problem(contract.check("POST", RESEND, inst.api("POST", RESEND, json={"email": "x"})), 400, field="email")
    problem(contract.check("POST", VERIFY, inst.api("POST", VERIFY, json={})), 400, field="token")
    problem(contract.check("GET", VERIFY, inst.api("GET", VERIFY)), 400, field="token")


def test_s36_a_thousand_looks_leave_the_link_as_it_was(inst):
    email, token = newcomer(inst)
    before = inst.rows("SELECT * FROM otp JOIN user ON user.id = otp.user_id WHERE email_cmp = %s", email)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = set(pool.map(lambda i: show(inst, token, "HEAD" if i % 2 else "GET").status_code, range(1000)))
    assert got == {200}
    assert inst.rows("SELECT * FROM otp JOIN user ON user.id = otp.user_id WHERE email_cmp = %s", email) == before
    assert verify(inst, token).status_code == 200


def test_s36_the_page_reads_without_script_and_its_form_confirms(inst):
    email, token = newcomer(inst)
    r = show(inst, token, headers=HTML)
    assert r.status_code == 200 and r.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = r.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "form-action 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "script" not in policy and "<script" not in r.text and email in r.text.replace("<wbr>", "") and 'lang="en"' in r.text
    assert r.headers["Cache-Control"] == "no-store"
    fa = show(inst, token, headers={**HTML, "Accept-Language": "fa-IR,fa;q=0.9"}).text
    assert 'lang="fa" dir="rtl"' in fa and "نشانی ایمیل" in fa
    method, action = re.search(r'<form method="(\w+)" action="([^"]+)"', r.text).groups()
    shown = re.search(r'name="token" value="([^"]+)"', r.text).group(1)
    assert (method, action, shown) == ("post", VERIFY, token)
    # As a browser that happens to be signed in sends it.
    b = Person(inst).browser()
    form = {**HTML, "Origin": inst.url, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    r = inst.api("POST", action, session=b.http, data={"token": shown}, headers=form)
    assert r.status_code == 200 and "confirmed" in r.text and "<form" not in r.text
    assert sign_in(inst, email).status_code == 200
    # Again: a page that says so.
    r = inst.api("POST", action, session=b.http, data={"token": shown}, headers=form)
    assert r.status_code == 400 and "does not work" in r.text and r.headers["Content-Type"].startswith("text/html")
    assert show(inst, "x.y.z", headers=HTML).status_code == 400


def test_s35_another_sites_form_confirms_nothing(inst):
    email, token = newcomer(inst)
    problem(inst.api("POST", VERIFY, data={"token": token}, headers={
        "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}), 403, "csrf")
    assert verify(inst, token).status_code == 200


def test_s16_the_token_is_good_for_nothing_else_and_no_other_for_it(inst):
    email, token = newcomer(inst)
    assert part(token, 0) == {"alg": "HS256", "kid": "confirm", "typ": "confirm+jwt"}
    claims = part(token, 1)
    assert claims["exp"] - claims["iat"] == 24 * 3600 and email not in json.dumps(claims)
    problem(inst.api("GET", "/api/auth/profile/", token=token), 401, "invalid_token")
    problem(inst.api("GET", "/api/users/", token=token), 401, "invalid_token")
    problem(inst.api("POST", "/api/auth/token/refresh/", json={"refresh": token}), 401)
    problem(inst.api("POST", "/api/auth/token/verify/", json={"token": token}), 401)
    # Nor is what it names a register_id that takes codes.
    for id_ in (claims["jti"], "confirm" + claims["jti"], "confirm\\u0000" + claims["jti"]):
        for path, more in (("verify", {"otp_code": "123456"}), ("refresh", {})):
            r = inst.api("POST", f"/api/auth/otp/{path}/", json={"register_id": id_, **more})
            assert r.status_code == 400, r.text
    assert inst.rows("SELECT tries, issue FROM otp JOIN user ON user.id = otp.user_id WHERE email_cmp = %s",
                     email) == [{"tries": 0, "issue": 1}]
    me = Person(inst).bearer()
    problem(verify(inst, me.access), 400, "invalid_link", field="token")
    problem(verify(inst, me.refresh), 400, "invalid_link", field="token")
    head, body, mac = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"confirm","typ":"confirm+jwt"}').decode().rstrip("=")
    later = base64.urlsafe_b64encode(json.dumps({**claims, "exp": claims["exp"] + 9}).encode()).decode().rstrip("=")
    for bad in (f"{head}.{body}", f"{none}.{body}.", f"{none}.{body}.{mac}", f"{head}.{later}.{mac}", token + "A", token[:-1],
                f"{head}.{body}.{'A' * 43}", "é", "a.b.c", "A" * 2048):
        problem(verify(inst, bad), 400, "invalid_link", field="token")
    assert verify(inst, token).status_code == 200


def test_s8_a_made_up_token_costs_no_look_at_the_table(inst):
    _, token = newcomer(inst)
    bad = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    ran = statements(inst, lambda: (verify(inst, bad), sign_in(inst, "nobody@example.com"))[0])
    assert ran[0] == 400 and not any("otp" in s for s in ran[1])


def test_after_24_hours_it_is_over(inst):
    email, token = newcomer(inst)
    inst.rows("UPDATE otp SET flow_ends_at = flow_ends_at - INTERVAL 86400 SECOND WHERE target = %s", email)
    problem(show(inst, token), 400, "invalid_link", field="token")
    problem(verify(inst, token), 400, "invalid_link", field="token")


def test_s31_once_however_many_press_it(inst):
    email, token = newcomer(inst)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = [r.status_code for r in pool.map(lambda _: verify(inst, token), range(16))]
    assert got.count(200) == 1 and set(got) <= {200, 400}
    assert len(inst.rows("SELECT 1 FROM audit JOIN user ON user.id = audit.user_id WHERE email_cmp = %s"
                         " AND event = 'verify'", email)) == 1


def test_it_is_bound_to_its_address(inst):
    """Another address of the account, proved or not, is not proved by it."""
    email = an_email()
    r = inst.api("POST", "/api/users/", json={"email": email, "password": PASSWORD})
    assert inst.api("POST", RESEND, json={"email": email}).status_code == 200
    token = tokens(inst, email)[0]
    access = inst.api("POST", "/api/token/", json={"email": email, "password": PASSWORD}).json()["access"]
    other = an_email()
    path = f"/api/users/{r.json()['id']}/"
    assert inst.api("PATCH", path, token=access, json={"email": other}).status_code == 200
    problem(verify(inst, token), 400, "invalid_link", field="token")
    # Nor when the first address comes back: what was pending went with it (S11).
    assert inst.api("PATCH", path, token=access, json={"email": email}).status_code == 200
    problem(verify(inst, token), 400, "invalid_link", field="token")
    assert inst.api("GET", path, token=access).json()["is_verified"] is False


def test_a_resend_keeps_the_older_link_until_one_is_used(inst, contract):
    email, first = newcomer(inst)
    p = problem(contract.check("POST", RESEND, inst.api("POST", RESEND, json={"email": email})), 429, "code_too_soon")
    assert p["error"]
    forget_limits(inst)
    r = contract.check("POST", RESEND, inst.api("POST", RESEND, json={"email": email}))
    assert r.status_code == 200 and list(r.json()) == ["message"]
    second = tokens(inst, email, 2)[0]
    assert second != first
    assert verify(inst, first).status_code == 200
    problem(verify(inst, second), 400, "invalid_link", field="token")


def test_s25_a_taken_address_answers_alike_and_its_owner_is_told(inst):
    owner = Person(inst, email=an_email())
    forget_limits(inst)
    free, taken = register(inst, an_email()), register(inst, owner.email, OTHER)
    assert calm(free) == calm(taken) and list(free.json()) == list(taken.json())
    told = within_text(inst, owner.email, "already")
    assert "verify-email" not in told
    assert sign_in(inst, owner.email).status_code == 200
    # What was claimed meanwhile can prove nothing.
    problem(sign_in(inst, owner.email, OTHER), 403, "not_verified")


def within_text(inst, to, word):
    def found():
        return next((m["text"] for m in inst.sandbox.messages(channel="email", to=to) if word in (m["text"] or "")), None)
    return wait_until(f"a mail with {word}", found)


def test_the_first_of_two_claims_that_proves_has_it(inst):
    email, mine = newcomer(inst)
    forget_limits(inst)
    assert register(inst, email, OTHER).status_code == 201
    theirs = tokens(inst, email, 2)[0]
    assert verify(inst, mine).status_code == 200
    r = verify(inst, theirs)
    assert r.status_code in (400, 409), r.text
    # A link does not say whose claim it proves: no password of before is good (S62).
    problem(sign_in(inst, email), 401, "invalid_credentials")
    problem(sign_in(inst, email, OTHER), 401, "invalid_credentials")


def test_s62_whoever_only_typed_the_address_keeps_no_way_in(inst):
    """A stranger claims it after its owner, takes a session, and the owner presses the stranger's link."""
    email, _ = newcomer(inst)
    forget_limits(inst)
    assert inst.api("POST", "/api/users/", json={"email": email, "password": OTHER}).status_code == 201
    stranger = inst.api("POST", "/api/token/", json={"email": email, "password": OTHER}).json()
    assert inst.api("POST", RESEND, json={"email": email}).status_code == 200
    assert "password/reset" in verify(inst, tokens(inst, email, 2)[0]).json()["message"]
    problem(inst.api("POST", "/api/token/refresh/", json={"refresh": stranger["refresh"]}), 401)
    problem(inst.api("GET", "/api/auth/profile/", token=stranger["access"]), 401)
    problem(sign_in(inst, email, OTHER), 401, "invalid_credentials")
    forget_limits(inst)
    r = inst.api("POST", "/api/auth/password/reset/request/", json={"email": email})
    code = inst.sandbox.code(email, "email")
    assert inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": r.json()["register_id"], "otp_code": code, "new_password": "Rain-Cloud7?"}).status_code == 200
    assert sign_in(inst, email, "Rain-Cloud7?").status_code == 200


def test_s59_a_mistyped_address_opens_no_account_that_is_in_use(inst):
    """Who reads an unproved address of a proved account gets no link, and one that left before proves nothing."""
    typo = an_email()
    r = inst.api("POST", "/api/users/", json={"email": typo, "password": PASSWORD})
    assert inst.api("POST", RESEND, json={"email": typo}).status_code == 200
    link = tokens(inst, typo)[0]
    p = Person(inst)
    inst.rows("UPDATE user SET phone_verified_at = UTC_TIMESTAMP(6), claim_ends_at = NULL WHERE id = %s", r.json()["id"])
    problem(verify(inst, link), 400, "invalid_link", field="token")
    assert p.first.call("PATCH", f"/api/users/{p.id}/", json={"email": typo}).status_code == 200
    forget_limits(inst)
    assert inst.api("POST", RESEND, json={"email": typo}).status_code == 200
    # What is not planned yet has no provider; texts to phones keep to a pace of their own.
    within(40, "no mail to be left", lambda: not inst.rows("SELECT 1 FROM job WHERE state IN (0, 1, 2) AND provider IN ('', 'smtp')"))
    assert tokens(inst, typo) == [link]


def test_s24_resend_tells_nobody_who_is_there(inst):
    owner, (claim, _) = Person(inst, email=an_email()), newcomer(inst)
    nobody = an_email()
    forget_limits(inst)
    got = [inst.api("POST", RESEND, json={"email": e}) for e in (owner.email, claim, nobody)]
    assert calm(got[0]) == calm(got[1]) == calm(got[2]) and got[0].json() == got[1].json() == got[2].json()
    again = [problem(inst.api("POST", RESEND, json={"email": e}), 429, "code_too_soon") for e in (owner.email, claim, nobody)]
    assert same(again[0]) == same(again[1]) == same(again[2])
    within_text(inst, owner.email, "already")
    tokens(inst, claim, 2)
    assert inst.sandbox.messages(channel="email", to=nobody) == []


def test_s24_s25_equal_work_for_known_and_unknown(inst):
    """Statements and hashes, here and at the authentication API's sign-up."""
    owner, (claim, _) = Person(inst, email=an_email()), newcomer(inst)
    social = Person(inst, email=an_email())
    inst.rows("UPDATE user SET password = NULL WHERE id = %s", social.id)
    for path, body, status in (("/api/register/", {"password": PASSWORD}, 201), (RESEND, {}, 200),
                               ("/api/users/", {"password": PASSWORD}, 201)):
        seen = {}
        for kind, email in (("unknown", an_email()), ("owner", owner.email), ("claim", claim), ("social", social.email)):
            inst.api("POST", path, json={"email": email, **body})       # whose salt is made at the first event
            forget_limits(inst)
            seen[kind] = statements(inst, lambda: inst.api("POST", path, json={"email": email, **body}))
        assert seen["unknown"][0] == status
        for kind, s in seen.items():
            assert s == seen["unknown"], f"{path} {kind}"


def test_s22_token_fails_by_the_same_statements(inst):
    owner, social, off = (Person(inst, email=an_email()) for _ in range(3))
    inst.rows("UPDATE user SET password = NULL WHERE id = %s", social.id)
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", off.id)
    claim, _ = newcomer(inst)

    def fail(email):
        return inst.api("POST", "/api/token/", json={"email": email, "password": "Not-It-12!"})
    seen = {}
    for kind, email in (("unknown", an_email()), ("wrong", owner.email), ("social", social.email),
                        ("disabled", off.email), ("claim", claim)):
        fail(email)
        seen[kind] = statements(inst, lambda: fail(email))
    assert seen["unknown"][0] == 401
    # What each process reads once, whoever asks first, tells nothing of the one who asked.
    seen = {k: (status, [x for x in done if "FROM password_mix" not in x]) for k, (status, done) in seen.items()}
    for kind, s in seen.items():
        assert s == seen["unknown"], kind


def test_idempotent(inst):
    key, email = {"Idempotency-Key": "j" * 20 + an_email()}, an_email()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        got = list(pool.map(lambda _: register(inst, email, headers=key), range(6)))
    made = {r.json()["id"] for r in got if r.status_code == 201}
    assert len(made) == 1 and {r.status_code for r in got} <= {201, 409, 429, 503}
    r = register(inst, email, headers=key)
    assert r.status_code == 201 and {r.json()["id"]} == made and r.headers["Idempotency-Replayed"] == "true"
    assert inst.rows("SELECT COUNT(*) AS n FROM user WHERE email_cmp = %s", email)[0]["n"] == 1
    problem(register(inst, email, OTHER, headers=key), 422)


def test_s52_a_refused_domain_and_s11_a_disabled_claim(inst):
    email, token = newcomer(inst)
    inst.rows("UPDATE user SET claim_ends_at = NULL WHERE email_cmp = %s", email)      # as an admin's disabling leaves it
    problem(verify(inst, token), 400, "invalid_link", field="token")
    forget_limits(inst)
    seen = len(inst.sandbox.messages(channel="email", to=email))
    assert inst.api("POST", RESEND, json={"email": email}).status_code == 200
    other = newcomer(inst)[0]           # whose mail is sent after it
    assert tokens(inst, other) and len(inst.sandbox.messages(channel="email", to=email)) == seen


def test_h6_the_token_stands_in_no_row(inst):
    email, token = newcomer(inst)
    for table in ("otp", "notification", "delivery", "job", "audit"):
        for row in inst.rows(f"SELECT * FROM {table}"):
            assert not any(token in str(v) or part(token, 1)["jti"] in str(v) for v in row.values()), table
    for part_ in ("api", "worker", "nginx"):
        assert token not in inst.log(part_), part_
