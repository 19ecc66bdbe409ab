"""Sign-in by other sites against the sandbox's issuer and Facebook: the visit
(S63), whose account it opens (S60-S62), factors and country as elsewhere
(S67), linking and removing (S64), and an issuer that lies (S65)."""
import concurrent.futures
import hashlib
import json
import os
import secrets
import signal
import socket
import time
import urllib.parse

import pytest

from instance import wait_until
from people import PASSWORD, Browser, Person, an_email, forget_limits, problem

OUT_CHILDREN = 4        # at most: each has documents of its own
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(autouse=True)
def fresh(inst):
    forget_limits(inst)
    for name in ("oidc", "facebook"):
        inst.sandbox._call("DELETE", f"/{name}/settings")
    inst.sandbox.heal()
    yield
    for name in ("oidc", "facebook"):
        inst.sandbox._call("DELETE", f"/{name}/settings")


def tell(inst, provider="oidc", **settings):
    return inst.sandbox._call("PUT", f"/{provider}/settings", json=settings)


def anew(inst):
    """The process's memory of the issuer is gone: its lies are asked for again."""
    inst.restart("api")
    inst.ready()


def people(inst, provider="oidc", **person):
    """A new person there; returns the id."""
    sub = person.pop("id", None) or (str(10 ** 16 + secrets.randbelow(10 ** 15)) if provider == "facebook"
                                     else "s" + secrets.token_hex(8))
    known = inst.sandbox._call("GET", f"/{provider}/settings")["people"]
    tell(inst, provider, people={**known, sub: person}, auto=sub)
    return sub


class Visitor(Browser):
    """A browser that goes there and back."""

    def get(self, url, **more):
        headers = {**HTML, "Sec-Fetch-Mode": "navigate", **more.pop("headers", {})}
        return self.http.get(url, verify=self.inst.ca, allow_redirects=False, headers=headers, timeout=40, **more)

    def start(self, provider="sandbox", next=None):
        query = "" if next is None else "?" + urllib.parse.urlencode({"next": next})
        r = self.get(f"{self.inst.url}/api/auth/social/{provider}/start{query}")
        assert r.status_code == 302, r.text
        return r.headers["Location"]

    def there(self, provider="sandbox", next=None):
        """To the provider; returns the address it sends back to."""
        r = self.get(self.start(provider, next))
        assert r.status_code == 302, r.text
        return r.headers["Location"].split("#")[0]

    def visit(self, provider="sandbox", next=None):
        return self.get(self.there(provider, next))

    def me(self):
        r = self.call("GET", "/api/auth/profile/")
        assert r.status_code == 200, r.text
        return r.json()


def out_children(inst):
    """Pids of the pool that calls out."""
    master = inst.pid("api")
    with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as f:
        pids = f.read().split()

    def name(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                return f.read().strip()
        except FileNotFoundError:
            return ""
    return {int(p) for p in pids if name(p) == "gp-out"}


def signed_in(r, to="/"):
    assert r.status_code == 302, r.text
    assert r.headers["Location"].endswith(to), r.headers["Location"]
    assert "__Host-gatepost=" in r.headers["Set-Cookie"] and r.headers["Cache-Control"] == "no-store"


def fragment(r):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlparse(r.headers["Location"]).fragment))


def refused(r, status, code):
    """A page for people, which names the code and holds no secret."""
    assert r.status_code == status, f"{r.status_code} {r.text[:600]}"
    assert r.headers["Content-Type"].startswith("text/html") and code in r.text, r.text
    assert "script" not in r.headers["Content-Security-Policy"]
    assert "__Host-gatepost=" not in r.headers.get("Set-Cookie", "")


# --- the visit -----------------------------------------------------------------------

def test_s60_a_new_person_and_the_same_again(inst):
    mail = an_email()
    sub = people(inst, name="Ann Example", given_name="Ann", family_name="Example", email=mail, email_verified=True)
    b = Visitor(inst)
    signed_in(b.visit(next="/push/"), "/push/")
    me = b.me()
    assert (me["first_name"], me["last_name"], me["email"]) == ("Ann", "Example", mail)
    assert me["email_verified"] and me["is_active"] and me["is_verified"]
    # The key is the sub: another address is the same person, the same address another is not.
    tell(inst, people={sub: {"name": "Ann", "email": an_email(), "email_verified": True}})
    again = Visitor(inst)
    signed_in(again.visit())
    assert again.me()["id"] == me["id"] and again.me()["email"] == mail
    row, = inst.rows("SELECT * FROM identity WHERE user_id = %s", me["id"])
    assert row["sub"] == sub.encode() and row["provider"] == "sandbox"


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_s65_the_algorithms(inst, alg):
    people(inst, email=an_email(), email_verified=True)
    tell(inst, alg=alg)
    signed_in(Visitor(inst).visit())


def test_s63_what_the_start_sends(inst):
    b = Visitor(inst)
    q = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(b.start()).query))
    assert q["code_challenge_method"] == "S256" and len(q["code_challenge"]) == 43
    assert len(q["state"]) == 22 and len(q["nonce"]) == 43 and q["response_type"] == "code"
    assert q["redirect_uri"] == inst.url + "/api/auth/social/sandbox/callback"
    cookie = b.cookie("__Host-gatepost-state")
    assert len(cookie) == 22 and cookie != q["state"]
    # A second tab keeps the browser's cookie: both may come back.
    b.start()
    assert b.cookie("__Host-gatepost-state") == cookie
    row, = inst.rows("SELECT * FROM social_visit WHERE state_hash = %s", hashlib.sha256(q["state"].encode()).digest())
    assert all(q["state"] not in str(v) for v in row.values())


@pytest.mark.parametrize("bad", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)",
                                 "https://localhost.evil.example/", "https://localhost@evil.example/", "/a b"])
def test_s63_next_is_ours(inst, bad):
    r = Visitor(inst).get(f"{inst.url}/api/auth/social/sandbox/start?" + urllib.parse.urlencode({"next": bad}))
    refused(r, 400, "invalid_next")
    r = inst.api("GET", "/api/auth/social/sandbox/start?" + urllib.parse.urlencode({"next": bad}))
    problem(r, 400, "invalid_next", field="next")


def test_s63_a_state_is_good_once_and_here_only(inst):
    people(inst, email=an_email(), email_verified=True)
    b = Visitor(inst)
    back = b.there()
    refused(Visitor(inst).get(back), 400, "invalid_state")           # another browser
    other = Visitor(inst)
    other.start()
    refused(other.get(back), 400, "invalid_state")                   # another's cookie
    refused(b.get(back.replace("state=", "state=x")), 400, "invalid_state")
    signed_in(b.get(back))
    refused(b.get(back), 400, "invalid_state")                       # replayed


def test_s63_a_state_ends_after_five_minutes(inst):
    people(inst, email=an_email(), email_verified=True)
    b = Visitor(inst)
    back = b.there()
    inst.rows("UPDATE social_visit SET ends_at = ends_at - INTERVAL 301 SECOND")
    refused(b.get(back), 400, "invalid_state")


def test_s63_two_callbacks_at_once_and_one_goes_on(inst):
    mail = an_email()
    people(inst, email=mail, email_verified=True)
    b = Visitor(inst)
    back = b.there()
    cookies = dict(b.http.cookies.items())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: inst.api("GET", back[len(inst.url):], cookies=cookies).status_code, range(8)))
    assert sorted(got) == [302] + [400] * 7
    assert len(inst.rows("SELECT id FROM user WHERE email = %s", mail)) == 1


def test_s60_first_visits_at_once_make_one_account(inst):
    mail = an_email()
    people(inst, email=mail, email_verified=True)
    visitors = [Visitor(inst) for _ in range(4)]
    backs = [v.there() for v in visitors]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for r in pool.map(lambda p: p[0].get(p[1]), zip(visitors, backs)):
            signed_in(r)
    assert len({v.me()["id"] for v in visitors}) == 1
    assert len(inst.rows("SELECT id FROM user WHERE email = %s", mail)) == 1


def test_s63_cancelled_and_refused(inst):
    tell(inst, auto="-cancel")
    refused(Visitor(inst).visit(), 400, "provider_cancelled")
    r = Visitor(inst).get(inst.url + "/api/auth/social/nobody/start")
    refused(r, 404, "unknown_provider")


# --- whose account -----------------------------------------------------------------

def test_s61_an_account_with_the_address_is_asked_first(inst):
    owner = Person(inst, email=an_email())
    people(inst, email=owner.email, email_verified=True)
    b = Visitor(inst)
    r = b.visit(next="/push/")
    assert r.status_code == 302 and "/console/signin/?rd=%2Fpush%2F#link_token=" in r.headers["Location"]
    # Begun on the sign-in page, it comes back to that page as it was: the gate signed its query.
    there = "/console/signin/?rd=https%3A%2F%2Fsite.example%2F&until=1&sig=ab"
    again = Visitor(inst).visit(next=there)
    assert again.headers["Location"].startswith(inst.url + there + "#link_token="), again.headers["Location"]
    assert "__Host-gatepost=" not in r.headers["Set-Cookie"]
    assert inst.rows("SELECT * FROM identity WHERE user_id = %s", owner.id) == []
    token = fragment(r)["link_token"]
    # Somebody else, another browser: no.
    stranger = Person(inst).browser()
    problem(stranger.call("POST", "/api/auth/social/link/", json={"link_token": token}), 400, "invalid_link_token")
    problem(owner.browser().call("POST", "/api/auth/social/link/", json={"link_token": token}), 400,
            "invalid_link_token")
    assert owner.login(b).status_code == 200
    r = b.call("POST", "/api/auth/social/link/", json={"link_token": token})
    assert r.status_code == 200, r.text
    problem(b.call("POST", "/api/auth/social/link/", json={"link_token": token}), 400, "invalid_link_token")
    again = Visitor(inst)
    signed_in(again.visit())
    assert again.me()["id"] == owner.id
    inst.sandbox.wait(channel="email", to=owner.email, count=2)
    assert any("sign in was added" in (m["subject"] or "") for m in
               inst.sandbox.wait(channel="email", to=owner.email))


def test_s61_the_offers_token(inst):
    """128 bits, stored as a hash, five minutes, this browser's, and twice at once is once."""
    owner = Person(inst, email=an_email())
    people(inst, email=owner.email, email_verified=True)
    b = Visitor(inst)
    token = fragment(b.visit())["link_token"]
    assert len(token) == 22
    row, = inst.rows("SELECT * FROM social_offer WHERE user_id = %s", owner.id)
    assert all(token not in str(v) for v in row.values())
    assert owner.login(b).status_code == 200
    inst.rows("UPDATE social_offer SET ends_at = ends_at - INTERVAL 301 SECOND WHERE user_id = %s", owner.id)
    problem(b.call("POST", "/api/auth/social/link/", json={"link_token": token}), 400, "invalid_link_token")
    inst.rows("UPDATE social_offer SET ends_at = ends_at + INTERVAL 301 SECOND WHERE user_id = %s", owner.id)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: b.call("POST", "/api/auth/social/link/", json={"link_token": token}).status_code, range(4)))
    assert 200 in got and set(got) <= {200, 400}
    assert len(inst.rows("SELECT id FROM identity WHERE user_id = %s", owner.id)) == 1
    assert len(inst.rows("SELECT id FROM audit WHERE user_id = %s AND event = 'identity_link'", owner.id)) == 1
    told = wait_until("the notice", lambda: [m for m in inst.sandbox.messages(channel="email", to=owner.email)
                                             if "sign in was added" in (m["subject"] or "")])
    assert len(told) == 1


def test_s61_an_offer_is_void_once_the_identity_is_anothers(inst):
    owner = Person(inst, email=an_email())
    people(inst, email=owner.email, email_verified=True)
    b, q = Visitor(inst), Visitor(inst)
    token = fragment(b.visit())["link_token"]
    # Somebody who is signed in links it first, from a page of their own.
    other = Person(inst)
    assert other.login(q).status_code == 200
    r = q.call("POST", "/api/auth/social/sandbox/link/", json={})
    assert q.get(q.get(r.json()["authorization_url"]).headers["Location"]).status_code == 302
    assert owner.login(b).status_code == 200
    problem(b.call("POST", "/api/auth/social/link/", json={"link_token": token}), 409, "identity_taken")
    assert inst.rows("SELECT id FROM identity WHERE user_id = %s", owner.id) == []


def test_s61_another_way_of_writing_the_address_is_the_same(inst):
    """The account's owner is found as mail finds them: case, and dots where the host ignores them."""
    name = secrets.token_hex(6)
    owner = Person(inst, email=f"{name}@example.com")
    people(inst, email=f"{name.upper()}@EXAMPLE.com", email_verified=True)
    r = Visitor(inst).visit()
    assert "link_token" in fragment(r), r.text
    assert inst.rows("SELECT id FROM identity WHERE user_id = %s", owner.id) == []


def test_s62_a_squatters_whole_nest(inst):
    """Several claims with open sessions and codes under way: none of them is left, and the claim cannot be proved later."""
    mail = an_email()
    squatters = []
    for _ in range(3):
        squatters.append(Person(inst, email=mail, proved=False))
        forget_limits(inst)
    token = inst.api("POST", "/api/token/", json={"email": mail, "password": PASSWORD})
    people(inst, email=mail, email_verified=True)
    b = Visitor(inst)
    signed_in(b.visit())
    owner = b.me()["id"]
    if token.status_code == 200:
        wait_until("the claim's session to end", lambda: inst.api(
            "GET", "/api/auth/profile/", token=token.json()["access"]).status_code == 401, 3)
        problem(inst.api("POST", "/api/token/refresh/", json={"refresh": token.json()["refresh"]}), 401)
    for p in squatters:
        problem(p.login(), 401, "invalid_credentials")
        assert p.prove().status_code in (400, 401)
    assert inst.rows("SELECT id FROM user WHERE email = %s", mail) == [{"id": owner}]
    assert inst.rows("SELECT id FROM user WHERE email_unique = %s AND password IS NOT NULL", mail) == []


def test_s62_a_squatter_who_comes_after_finds_a_taken_address(inst):
    mail = an_email()
    people(inst, email=mail, email_verified=True)
    b = Visitor(inst)
    signed_in(b.visit())
    late = Person(inst, email=mail, proved=False)           # answers like success, and the owner is told
    problem(late.login(), 403, "not_verified")
    assert inst.rows("SELECT COUNT(*) AS n FROM user WHERE email = %s AND email_verified_at IS NOT NULL", mail) == [{"n": 1}]
    again = Visitor(inst)
    signed_in(again.visit())
    assert again.me()["id"] == b.me()["id"]


def test_s62_two_newcomers_at_once_and_a_squatter(inst):
    mail = an_email()
    squatter = Person(inst, email=mail, proved=False)
    first = people(inst, email=mail, email_verified=True)
    a, b = Visitor(inst), Visitor(inst)
    back_a = a.there()
    second = people(inst, email=mail, email_verified=True)
    back_b = b.there()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        got = list(pool.map(lambda p: p[0].get(p[1]), ((a, back_a), (b, back_b))))
    assert first != second and {r.status_code for r in got} == {302}
    # One owns the address; the other is asked to prove that account first.
    assert sum("link_token" in fragment(r) for r in got) == 1
    assert len(inst.rows("SELECT id FROM user WHERE email = %s AND email_verified_at IS NOT NULL", mail)) == 1
    problem(squatter.login(), 401, "invalid_credentials")


def test_s62_a_squatter_keeps_nothing(inst):
    mail = an_email()
    squatter = Person(inst, email=mail, proved=False)
    claim, = inst.rows("SELECT id FROM user WHERE email = %s", mail)
    people(inst, email=mail, email_verified=True)
    b = Visitor(inst)
    signed_in(b.visit())
    assert b.me()["email"] == mail and b.me()["id"] != claim["id"]
    row, = inst.rows("SELECT email, password FROM user WHERE id = %s", claim["id"])
    assert row == {"email": None, "password": None}
    problem(squatter.login(), 401, "invalid_credentials")
    problem(inst.api("POST", "/api/auth/otp/verify/", json={
        "register_id": squatter.register_id, "otp_code": squatter.code()}), 400, "invalid_code")


def test_s61_an_address_nobody_vouched_for_is_used_for_nothing(inst):
    owner = Person(inst, email=an_email())
    people(inst, email=owner.email, email_verified=False)
    b = Visitor(inst)
    signed_in(b.visit())
    me = b.me()
    assert me["id"] != owner.id and me["email"] is None and me["is_active"]
    assert b.call("GET", "/api/auth/sessions/").status_code == 200       # no claim's session
    assert inst.rows("SELECT claim_ends_at FROM user WHERE id = %s", me["id"]) == [{"claim_ends_at": None}]


def test_s65_the_address_may_come_from_userinfo(inst):
    mail = an_email()
    people(inst, email=mail, email_verified=True)
    tell(inst, email_at_userinfo=True)
    b = Visitor(inst)
    signed_in(b.visit())
    assert b.me()["email"] == mail


def test_s72_an_account_that_is_closing_may_come_back(inst):
    """As after a password: the restore page, and no session."""
    people(inst, email=an_email(), email_verified=True)
    b = Visitor(inst)
    signed_in(b.visit())
    uid = b.me()["id"]
    assert b.call("DELETE", "/api/auth/account/", json={}).status_code == 200
    again = Visitor(inst)
    r = again.visit()
    assert r.status_code == 302 and "/console/restore/#" in r.headers["Location"], r.text
    assert again.access is None
    token = r.headers["Location"].split("#")[1]
    assert inst.api("POST", "/api/auth/account/restore/", json={"token": token}).status_code == 200
    back = Visitor(inst)
    signed_in(back.visit())
    assert back.me()["id"] == uid


def test_s71_every_end_of_a_visit_is_recorded(inst):
    sub = people(inst, email=an_email(), email_verified=True)
    b = Visitor(inst)
    signed_in(b.visit())
    uid = b.me()["id"]
    rows = inst.rows("SELECT event, outcome, ip FROM audit WHERE user_id = %s ORDER BY id", uid)
    assert [(r["event"], r["outcome"]) for r in rows] == [("register", "ok"), ("login", "ok")] and rows[1]["ip"] == "127.0.0.1"
    tell(inst, lie="aud")
    last = inst.rows("SELECT MAX(id) AS id FROM audit")[0]["id"]
    refused(Visitor(inst).visit(), 401, "invalid_id_token")
    after = inst.rows("SELECT event, outcome FROM audit WHERE id > %s", last)
    assert {"event": "login", "outcome": "refused"} in after
    assert sub not in str(inst.rows("SELECT detail FROM audit WHERE id > %s", last))


def test_s6_killed_between_exchange_and_commit(inst):
    """The visit is spent, no half of an account is left, and the next visit signs in."""
    mail = an_email()
    sub = people(inst, email=mail, email_verified=True)
    b = Visitor(inst)
    back = b.there()
    inst.sandbox.fault("oidc", "slow", to="/token", after_ms=3000, times=1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        begun = pool.submit(b.get, back)
        wait_until("the exchange", lambda: inst.sandbox.counts()["oidc"]["faults"] > 0)
        old = out_children(inst)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        r = begun.result()
    assert r.status_code == 503 and r.headers["Retry-After"], r.text
    wait_until("other children", lambda: len(out_children(inst)) == len(old) and not out_children(inst) & old)
    assert inst.rows("SELECT * FROM user WHERE email = %s", mail) == []
    assert inst.rows("SELECT * FROM identity WHERE sub = %s", sub) == []
    refused(b.get(back), 400, "invalid_state")
    signed_in(b.visit())
    assert len(inst.rows("SELECT * FROM identity WHERE sub = %s", sub)) == 1


def test_s67_a_disabled_account_stays_out(inst):
    people(inst, email=an_email(), email_verified=True)
    b = Visitor(inst)
    signed_in(b.visit())
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", b.me()["id"])
    refused(Visitor(inst).visit(), 403, "account_disabled")


# --- my identities ------------------------------------------------------------------

def stale(inst, user_id):
    inst.rows("UPDATE session SET auth_at = auth_at - INTERVAL 1 HOUR WHERE user_id = %s", user_id)


def test_s64_link_from_a_session_and_remove(inst):
    p = Person(inst)
    b = Visitor(inst)
    assert p.login(b).status_code == 200
    people(inst, name="Second", email=an_email(), email_verified=True)
    r = b.call("POST", "/api/auth/social/sandbox/link/", json={"next": "/push/"})
    assert r.status_code == 200, r.text
    back = b.get(r.json()["authorization_url"]).headers["Location"]
    r = b.get(back)
    assert r.status_code == 302 and r.headers["Location"].endswith("/push/"), r.text
    mine, = b.call("GET", "/api/auth/social/").json()["results"]
    assert mine["provider"] == "sandbox" and mine["name"] == "Second"
    other = Visitor(inst)
    signed_in(other.visit())
    assert other.me()["id"] == p.id
    # Somebody else's already.
    q = Visitor(inst)
    assert Person(inst).login(q).status_code == 200
    r = q.call("POST", "/api/auth/social/sandbox/link/", json={})
    refused(q.get(q.get(r.json()["authorization_url"]).headers["Location"]), 409, "identity_taken")
    problem(q.call("DELETE", f"/api/auth/social/{mine['id']}/"), 404, "not_found")
    assert b.call("DELETE", f"/api/auth/social/{mine['id']}/").status_code == 204
    assert b.call("GET", "/api/auth/social/").json()["results"] == []
    inst.sandbox.wait(channel="sms", to=p.phone, count=3)


def test_s64_a_link_begun_by_one_is_not_finished_for_another(inst):
    b = Visitor(inst)
    assert Person(inst).login(b).status_code == 200
    people(inst, email=an_email(), email_verified=True)
    url = b.call("POST", "/api/auth/social/sandbox/link/", json={}).json()["authorization_url"]
    other = Person(inst)
    assert other.login(b).status_code == 200
    refused(b.get(b.get(url).headers["Location"]), 403, "link_session")
    assert inst.rows("SELECT * FROM identity WHERE user_id = %s", other.id) == []


def test_s64_the_last_way_in_stays(inst):
    people(inst, name="Only This")
    b = Visitor(inst)
    signed_in(b.visit())
    mine, = b.call("GET", "/api/auth/social/").json()["results"]
    problem(b.call("DELETE", f"/api/auth/social/{mine['id']}/"), 409, "last_login_method")
    people(inst, name="And That")
    r = b.call("POST", "/api/auth/social/sandbox/link/", json={})
    assert b.get(b.get(r.json()["authorization_url"]).headers["Location"]).status_code == 302
    ids = [i["id"] for i in b.call("GET", "/api/auth/social/").json()["results"]]
    assert len(ids) == 2
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        got = sorted(pool.map(lambda i: b.call("DELETE", f"/api/auth/social/{i}/").status_code, ids))
    assert got == [204, 409]


def test_s64_the_last_way_in_stays_when_both_go_at_once(inst):
    """With a proved address nothing is the last; without one, one of two stays, whoever asks at the same time."""
    p = Person(inst)
    b = Visitor(inst)
    assert p.login(b).status_code == 200
    people(inst, name="One")
    r = b.call("POST", "/api/auth/social/sandbox/link/", json={})
    assert b.get(b.get(r.json()["authorization_url"]).headers["Location"]).status_code == 302
    only, = b.call("GET", "/api/auth/social/").json()["results"]
    assert b.call("DELETE", f"/api/auth/social/{only['id']}/").status_code == 204      # the phone is left
    problem(b.call("DELETE", f"/api/auth/social/{only['id']}/"), 404, "not_found")


def test_s36_a_link_is_not_begun_by_a_get_nor_finished_for_who_signed_out(inst):
    p = Person(inst)
    b = Visitor(inst)
    assert p.login(b).status_code == 200
    people(inst, email=an_email(), email_verified=True)
    problem(inst.api("GET", "/api/auth/social/sandbox/link/", session=b.http), 405)
    url = b.call("POST", "/api/auth/social/sandbox/link/", json={}).json()["authorization_url"]
    assert b.call("POST", "/api/auth/logout/").status_code == 200
    refused(b.get(b.get(url).headers["Location"]), 403, "link_session")
    assert inst.rows("SELECT * FROM identity WHERE user_id = %s", p.id) == []
    # Another site's page cannot begin one with the visitor's cookies.
    assert p.login(b).status_code == 200
    r = b.call("POST", "/api/auth/social/sandbox/link/", json={}, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert r.status_code == 403, r.text


def test_s57_linking_needs_a_fresh_sign_in(inst):
    p = Person(inst)
    b = p.browser()
    stale(inst, p.id)
    assert b.with_refresh("/api/auth/token/refresh/").status_code == 200
    problem(b.call("POST", "/api/auth/social/sandbox/link/", json={}), 403, "reauth_required")
    problem(b.call("POST", "/api/auth/social/link/", json={"link_token": "x"}), 403, "reauth_required")
    problem(b.call("DELETE", "/api/auth/social/1/"), 403, "reauth_required")


# --- an issuer that lies ---------------------------------------------------------------

@pytest.mark.parametrize("lie", [
    "iss", "aud", "aud_list", "azp", "nonce", "no_nonce", "exp", "exp_text", "old", "nbf", "at_hash", "sub", "no_sub",
    "none", "hs256", "hs256_secret", "hs256_oct", "kid", "signature", "crit", "jku", "jwk", "typ", "big", "not_three",
    "no_id_token"])
def test_s65_a_token_that_does_not_prove(inst, lie):
    mail = an_email()
    people(inst, email=mail, email_verified=True)
    tell(inst, lie=lie)
    refused(Visitor(inst).visit(), 401, "invalid_id_token")
    assert inst.rows("SELECT * FROM user WHERE email = %s", mail) == []


@pytest.mark.parametrize("lie", ["answer_iss", "no_answer_iss"])
def test_s63_mix_up(inst, lie):
    people(inst, email=an_email(), email_verified=True)
    tell(inst, lie=lie)
    refused(Visitor(inst).visit(), 400, "wrong_issuer")


def test_s65_keys_are_looked_for_once_more(inst):
    anew(inst)          # a look was had for the unknown key above
    people(inst, email=an_email(), email_verified=True)
    signed_in(Visitor(inst).visit())
    inst.sandbox._call("POST", "/oidc/rotate")
    signed_in(Visitor(inst).visit())


@pytest.mark.parametrize("claims", [
    {"exp": 2 ** 63 - 1}, {"exp": -2 ** 63, "iat": -2 ** 63}, {"iat": 2 ** 63 - 1}, {"nbf": -2 ** 63}, {"exp": 1e300},
    {"sub": ""}, {"sub": "a\nb"}, {"sub": 7}, {"sub": ["a"]}, {"iss": None}, {"aud": []}, {"aud": {}}, {"azp": 7}, {"nonce": ["x"]},
    {"email": "no address", "name": "a\u0000b"}, {"name": {"a": 1}, "given_name": ["x"]},
    {"name": "N" * 3000, "given_name": "\U0001f600" * 400}, {"email_verified": "yes"}, {"email_verified": 1}])
def test_h2_claims_of_the_wrong_kind(inst, claims):
    """In, or refused as a bad token; an address that is not plainly vouched for is not."""
    mail = an_email()
    people(inst, email=mail, email_verified=True)
    tell(inst, claims=claims)
    b = Visitor(inst)
    r = b.visit()
    if r.status_code != 302:
        return refused(r, 401, "invalid_id_token")
    me = b.me()
    assert (me["email"] == mail) == ("email" not in claims and "email_verified" not in claims)
    assert len(me["first_name"]) <= 150 and "\0" not in me["first_name"]


def test_s65_two_keys_of_one_name(inst):
    """Only the issuer's set counts, and each key in it."""
    for lie, code in (("jwks_kids", 302), ("jwks_foreign", 401)):
        anew(inst)
        people(inst, email=an_email(), email_verified=True)
        tell(inst, lie=lie)
        r = Visitor(inst).visit()
        assert r.status_code == code, r.text
    anew(inst)


DOCUMENTS = [{"lie": lie} for lie in ("discovery_issuer", "discovery_slash", "discovery_http", "discovery_big", "discovery_endless",
                                      "discovery_slow", "discovery_redirect", "discovery_list", "discovery_twice")]
INNER = ["https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://[::1]:{trap}/", "https://2130706433/",
         "https://0x7f.1/", "https://localhost:{trap}/", "https://localhost/", "https://user@localhost:{oidc}/jwks",
         "http://localhost:{oidc}/jwks", "https://localhost:{oidc}/jwks#x", "file:///etc/passwd", "", 7]


@pytest.mark.parametrize("what", DOCUMENTS, ids=lambda w: w["lie"])
def test_s65_a_discovery_document_that_lies(inst, what):
    anew(inst)
    tell(inst, **what)
    begun = time.monotonic()
    r = Visitor(inst).get(inst.url + "/api/auth/social/sandbox/start")
    assert time.monotonic() - begun < 10
    refused(r, 503, "provider_")
    assert int(r.headers["Retry-After"]) >= 1
    # The next visitor does not wait as well.
    before = inst.sandbox.counts()["oidc"]["requests"]
    refused(Visitor(inst).get(inst.url + "/api/auth/social/sandbox/start"), 503, "provider_")
    assert inst.sandbox.counts()["oidc"]["requests"] - before <= OUT_CHILDREN
    anew(inst)


@pytest.fixture(scope="module")
def trap():
    """Something inside that nobody may reach."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(16)
        s.setblocking(False)
        yield s


@pytest.mark.parametrize("member", ["jwks_uri", "token_endpoint"])
@pytest.mark.parametrize("where", INNER, ids=str)
def test_s65_no_document_leads_to_an_inner_address(inst, trap, member, where):
    anew(inst)
    people(inst, email=an_email(), email_verified=True)
    ports = {**inst.sandbox._call("GET", "/health")["ports"], "trap": trap.getsockname()[1]}
    tell(inst, discovery={member: where.format(**ports) if isinstance(where, str) else where})
    v = Visitor(inst)
    r = v.get(inst.url + "/api/auth/social/sandbox/start")
    if r.status_code == 302:        # seen only when it is called
        r = v.get(v.get(r.headers["Location"]).headers["Location"])
    refused(r, 503, "provider_")
    with pytest.raises(BlockingIOError):
        trap.accept()
    anew(inst)


@pytest.mark.parametrize("lie", ["jwks_big", "jwks_endless", "jwks_slow", "jwks_redirect", "jwks_empty", "jwks_weak", "token_redirect"])
def test_s65_caps_and_no_redirects(inst, lie):
    anew(inst)
    people(inst, email=an_email(), email_verified=True)
    tell(inst, lie=lie)
    begun = time.monotonic()
    r = Visitor(inst).visit()
    assert time.monotonic() - begun < 15
    assert r.status_code == 503 and int(r.headers["Retry-After"]) >= 1, r.text
    refused(r, 503, "provider_")
    anew(inst)


def test_s65_key_sets_that_do_not_come_cost_one_time_out(inst):
    """The next visitor of the process is told what the first one found out, and the issuer is not asked again."""
    anew(inst)
    people(inst, email=an_email(), email_verified=True)
    # Two at least: one that waits for an issuer does not hold up everybody.
    children = wait_until("the out pool", lambda: len(out_children(inst)) >= 2 and sorted(out_children(inst)))
    for pid in children[1:]:        # each remembers by itself: let one do all the work
        os.kill(pid, signal.SIGSTOP)
    try:
        first, second = Visitor(inst), Visitor(inst)
        backs = first.there(), second.there()
        tell(inst, lie="jwks_slow")
        refused(first.get(backs[0]), 503, "provider_unavailable")
        before = inst.sandbox.counts()["oidc"]["requests"]
        r = second.get(backs[1])
        refused(r, 503, "provider_unavailable")
        assert int(r.headers["Retry-After"]) >= 1
        assert inst.sandbox.counts()["oidc"]["requests"] - before == 1      # the token endpoint
        # And it is not held against the issuer for long.
        tell(inst, lie="")
        wait_until("the keys", lambda: Visitor(inst).visit().status_code == 302)
    finally:
        for pid in children[1:]:
            os.kill(pid, signal.SIGCONT)
    anew(inst)


def test_s65_somebody_elses_keys_are_not_asked_for_all_the_time(inst):
    """Tokens of unknown keys cost the issuer one look in ten seconds a process."""
    anew(inst)
    people(inst, email=an_email(), email_verified=True)
    signed_in(Visitor(inst).visit())
    tell(inst, lie="kid")
    for _ in range(6):
        refused(Visitor(inst).visit(), 401, "invalid_id_token")
    before = inst.sandbox.counts()["oidc"]["requests"]
    for _ in range(4):
        refused(Visitor(inst).visit(), 401, "invalid_id_token")
    # The authorize page and the token endpoint, and nothing else.
    assert inst.sandbox.counts()["oidc"]["requests"] - before <= 4 * 2 + OUT_CHILDREN
    anew(inst)


@pytest.mark.parametrize("what, code", [
    ({"status": 400, "body": {"error": "invalid_grant"}}, "invalid_grant"),
    ({"status": 401, "body": {"error": "invalid_client"}}, "provider_misconfigured"),
    ({"status": 400, "body": {"error": "x" * 3000}}, "provider_misconfigured"),
    ({"status": 500}, "provider_unavailable"), ({"status": 429}, "provider_unavailable"),
    ({"mode": "garbage"}, "provider_misconfigured"), ({"mode": "reset"}, "provider_unavailable")], ids=str)
def test_s65_a_token_endpoint_that_fails(inst, what, code):
    people(inst, email=an_email(), email_verified=True)
    signed_in(Visitor(inst).visit())            # documents and keys are known
    b = Visitor(inst)
    back = b.there()
    inst.sandbox.fault("oidc", **{"mode": "status", "to": "/token", **what})
    refused(b.get(back), 400 if code == "invalid_grant" else 503, code)


def test_s65_an_issuer_that_hangs_costs_seconds_not_the_process(inst):
    people(inst, email=an_email(), email_verified=True)
    b = Visitor(inst)
    back = b.there()
    inst.sandbox.fault("oidc", "hang", times=1)
    refused(b.get(back), 503, "provider_unavailable")
    signed_in(Visitor(inst).visit())


def test_r5_the_database_away(inst):
    people(inst, email=an_email(), email_verified=True)
    b = Visitor(inst)
    back = b.there()
    inst.kill("db")
    try:
        r = b.get(back)
        assert r.status_code == 503 and r.headers["Retry-After"], r.text
    finally:
        inst.start("db")
    inst.ready(60)

    def answered():                 # each child of the pool connects again by itself
        r = b.get(back)
        return r if r.status_code != 503 else None
    signed_in(wait_until("the out pool", answered))     # nothing was used up meanwhile


# --- Facebook -----------------------------------------------------------------------------

def test_s64_facebook_without_an_address(inst):
    sub = people(inst, "facebook", name="Phone Only")
    b = Visitor(inst)
    signed_in(b.visit("facebook"))
    me = b.me()
    assert me["email"] is None and me["first_name"] == "Phone Only" and me["is_active"]
    again = Visitor(inst)
    signed_in(again.visit("facebook"))
    assert again.me()["id"] == me["id"]
    assert inst.rows("SELECT sub FROM identity WHERE user_id = %s", me["id"]) == [{"sub": sub.encode()}]


def test_s61_facebook_vouches_for_no_address(inst):
    owner = Person(inst, email=an_email())
    people(inst, "facebook", name="F", email=owner.email)
    b = Visitor(inst)
    signed_in(b.visit("facebook"))
    assert b.me()["id"] != owner.id and b.me()["email"] is None


def login_facebook(inst, browser=None, **body):
    return (browser.call if browser else inst.api)("POST", "/api/auth/login/facebook/", json=body)


def test_facebook_token_of_a_client(inst):
    sub = people(inst, "facebook", name="Client")
    token = inst.sandbox._call("POST", "/facebook/token", json={"user": sub})["access_token"]
    r = login_facebook(inst, access_token=token)
    assert r.status_code == 200 and r.json()["access_token"] and r.json()["data"]["access"], r.text
    problem(login_facebook(inst, access_token="EAAnonsense"), 401, "invalid_access_token")
    tell(inst, "facebook", token_app="999")
    problem(login_facebook(inst, access_token=token), 401, "invalid_access_token")
    tell(inst, "facebook", token_app="", me_id="10158000000000009")
    problem(login_facebook(inst, access_token=token), 401, "invalid_access_token")
    problem(login_facebook(inst), 400, "required", field="code")


def test_facebook_account_that_comes_and_goes(inst):
    """Its row was there when it was made, and purged when it was read."""
    sub = people(inst, "facebook", name="Client")
    token = inst.sandbox._call("POST", "/facebook/token", json={"user": sub})["access_token"]

    def again():
        return login_facebook(inst, access_token=token)
    inst.rows("CREATE TRIGGER came_and_went BEFORE INSERT ON user FOR EACH ROW SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1062,"
              " MESSAGE_TEXT = %s", "Duplicate entry '1' for key 'user_reg_key'")
    try:
        problem(again(), 409, "conflict")
    finally:
        inst.rows("DROP TRIGGER came_and_went")
    assert again().status_code == 200


def test_where_facebook_is_not_set_up(inst):
    with inst.changed(("api",), FACEBOOK_APP_ID=None, FACEBOOK_APP_SECRET=None):
        problem(login_facebook(inst, access_token="x" * 40), 404, "unknown_provider")
        problem(inst.api("POST", "/api/auth/social/facebook/deletion/", json={"signed_request": "a.b"}), 404, "unknown_provider")


def test_facebook_code_of_a_client(inst):
    sub = people(inst, "facebook", name="Client")
    ours = inst.url + "/api/auth/social/facebook/callback"
    code = inst.sandbox._call("POST", "/facebook/code", json={"user": sub, "redirect_uri": ours})["code"]
    problem(login_facebook(inst, code=code, redirect_uri="https://evil.example/"), 400, "invalid_redirect_uri",
            field="redirect_uri")
    # Ours: the state of our start is needed.
    problem(login_facebook(inst, code=code, redirect_uri=ours), 400, "invalid_state")
    b = Visitor(inst)
    q = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(b.there("facebook")).query))
    r = login_facebook(inst, b, code=q["code"], redirect_uri=ours, state=q["state"])
    assert r.status_code == 200, r.text
    problem(login_facebook(inst, b, code=q["code"], redirect_uri=ours, state=q["state"]), 400, "invalid_state")


@pytest.mark.parametrize("what, status, code", [
    ({"code": "nonsense"}, 400, "invalid_grant"), ({"code": "x" * 5000}, 400, None), ({"code": "a\nb"}, 400, None),
    ({"redirect_uri": ""}, 400, "required"), ({"access_token": "EAA\r\nX: y"}, 401, "invalid_access_token")], ids=str)
def test_h2_facebook_hostile_values(inst, what, status, code):
    ours = inst.url + "/api/auth/social/facebook/callback"
    b = Visitor(inst)
    q = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(b.start("facebook")).query))
    body = {"access_token": what["access_token"]} if "access_token" in what else {
        "code": "x", "redirect_uri": ours, "state": q["state"], **what}
    problem(login_facebook(inst, b, **body), status, code)


def test_s63_facebooks_state_and_verifier(inst):
    """The Graph's own PKCE check sees our verifier; a code of another browser's visit is of no use."""
    people(inst, "facebook", name="Pkce")
    b, other = Visitor(inst), Visitor(inst)
    q = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(b.start("facebook")).query))
    assert q["code_challenge_method"] == "S256" and len(q["code_challenge"]) == 43 and len(q["state"]) == 22
    stolen = urllib.parse.parse_qs(urllib.parse.urlparse(b.there("facebook")).query)["code"][0]
    state = urllib.parse.parse_qs(urllib.parse.urlparse(other.there("facebook")).query)["state"][0]
    r = other.get(f"{inst.url}/api/auth/social/facebook/callback?" + urllib.parse.urlencode({"code": stolen, "state": state}))
    refused(r, 400, "invalid_grant")


@pytest.mark.parametrize("error, status, code", [
    ({"code": 1}, 503, "provider_misconfigured"), ({"code": 101}, 503, "provider_misconfigured"),
    ({"code": 4}, 503, "provider_unavailable"), ({"code": 100, "error_subcode": 36007}, 400, "invalid_grant"),
    ({"code": 100, "error_subcode": 36008}, 503, "provider_misconfigured"), ({"code": 190}, 401, "invalid_access_token"),
    ({"code": 368}, 503, "provider_misconfigured"), ({}, 503, "provider_misconfigured")], ids=str)
def test_facebook_errors_mean_what_they_say(inst, error, status, code):
    people(inst, "facebook", name="E")
    b = Visitor(inst)
    back = b.there("facebook")
    inst.sandbox.fault("facebook", "status", status=400, times=1, body={"error": {"message": "m", **error}})
    refused(b.get(back), status, code)


def signed(inst, user, **more):
    return inst.sandbox._call("POST", "/facebook/signed_request", json={"user": user, **more})["signed_request"]


def delete(inst, text):
    return inst.api("POST", "/api/auth/social/facebook/deletion/", data={"signed_request": text})


def test_s64_facebook_deletion(inst):
    sub = people(inst, "facebook", name="Goes")
    b = Visitor(inst)
    signed_in(b.visit("facebook"))
    uid = b.me()["id"]
    for forge in ("secret", "payload", "algorithm"):
        problem(delete(inst, signed(inst, sub, forge=forge)), 400, "invalid_signed_request", field="signed_request")
    text = signed(inst, sub)
    for bad in (text[1:], text.split(".")[0], "." + text.split(".")[1], text.replace(".", ".."), "é." + text.split(".")[1], "a" * 4000):
        problem(delete(inst, bad), 400, "invalid_signed_request", field="signed_request")
    assert len(inst.rows("SELECT * FROM identity WHERE sub = %s", sub)) == 1
    r = inst.sandbox._call("POST", "/facebook/delete", json={
        "user": sub, "to": inst.url + "/api/auth/social/facebook/deletion/"})
    assert r["status"] == 200
    answer = json.loads(r["body"])
    assert set(answer) == {"url", "confirmation_code"}
    assert inst.rows("SELECT * FROM identity WHERE sub = %s", sub) == []
    wait_until("the session's end", lambda: b.call("GET", "/api/auth/profile/").status_code == 401, 3)
    page = Visitor(inst).get(answer["url"])
    assert page.status_code == 200 and "has been deleted" in page.text
    status = inst.api("GET", answer["url"][len(inst.url):]).json()
    assert status["status"] == "deleted" and status["found"] is True
    problem(inst.api("GET", "/api/auth/social/facebook/deletion/?id=unknown"), 404, "not_found")
    # Nothing else opened the account: it is closed, and purged when its grace is over.
    assert inst.rows("SELECT is_active FROM user WHERE id = %s", uid) == [{"is_active": 0}]
    assert len(inst.rows("SELECT * FROM closing WHERE user_id = %s", uid)) == 1


def test_s64_a_deletion_request_is_good_once(inst):
    """Whoever kept it cannot unlink again what was linked since; the same request gets the same code."""
    sub = people(inst, "facebook", name="Kept")
    signed_in(Visitor(inst).visit("facebook"))
    text = signed(inst, sub)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: delete(inst, text), range(4)))
    assert {r.status_code for r in got} == {200} and len({r.text for r in got}) == 1
    b = Visitor(inst)
    signed_in(b.visit("facebook"))          # a new account: the old one is closing
    assert delete(inst, text).json() == got[0].json()
    assert b.call("GET", "/api/auth/profile/").status_code == 200
    assert len(inst.rows("SELECT * FROM identity WHERE sub = %s", sub)) == 1


def test_s64_a_deletion_leaves_an_account_with_another_way_in(inst):
    p = Person(inst)
    b = Visitor(inst)
    assert p.login(b).status_code == 200
    sub = people(inst, "facebook", name="Linked")
    r = b.call("POST", "/api/auth/social/facebook/link/", json={})
    assert b.get(b.get(r.json()["authorization_url"]).headers["Location"].split("#")[0]).status_code == 302
    assert delete(inst, signed(inst, sub)).status_code == 200
    assert inst.rows("SELECT is_active FROM user WHERE id = %s", p.id) == [{"is_active": 1}]
    wait_until("the session's end", lambda: b.call("GET", "/api/auth/profile/").status_code == 401, 3)
    assert p.login().status_code == 200
    # Somebody we do not know: an answer all the same, that says so.
    r = delete(inst, signed(inst, "10158999"))
    assert inst.api("GET", r.json()["url"][len(inst.url):]).json()["found"] is False


def test_providers_are_listed_without_secrets(inst):
    r = inst.api("GET", "/api/auth/social/providers/")
    assert {p["provider"] for p in r.json()["results"]} == {"facebook", "google", "sandbox"}
    assert "secret" not in r.text and PASSWORD not in r.text
