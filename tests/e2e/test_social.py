"""Sign-in by other sites against the sandbox's issuer and Facebook: the visit
(S63), whose account it opens (S60-S62), factors and country as elsewhere
(S67), linking and removing (S64), and an issuer that lies (S65)."""
import concurrent.futures
import hashlib
import secrets
import urllib.parse

import pytest

from instance import wait_until
from people import PASSWORD, Browser, Person, an_email, forget_limits, problem

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
    assert any("sign-in was added" in (m["subject"] or "") for m in
               inst.sandbox.wait(channel="email", to=owner.email))


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


def test_s57_linking_needs_a_fresh_sign_in(inst):
    p = Person(inst)
    b = p.browser()
    stale(inst, p.id)
    assert b.with_refresh("/api/auth/token/refresh/").status_code == 200
    problem(b.call("POST", "/api/auth/social/sandbox/link/", json={}), 403, "reauth_required")
    problem(b.call("POST", "/api/auth/social/link/", json={"link_token": "x"}), 403, "reauth_required")
    problem(b.call("DELETE", "/api/auth/social/1/"), 403, "reauth_required")


# --- an issuer that lies ---------------------------------------------------------------

@pytest.mark.parametrize("lie", ["iss", "aud", "aud_list", "azp", "nonce", "no_nonce", "exp", "old", "at_hash", "none",
                                 "hs256", "kid", "signature", "crit", "jku"])
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


@pytest.mark.parametrize("lie, code", [("discovery_issuer", "provider_misconfigured"),
                                       ("discovery_http", "provider_misconfigured")])
def test_s65_discovery_states_the_configured_issuer(inst, lie, code):
    anew(inst)
    tell(inst, lie=lie)
    refused(Visitor(inst).get(inst.url + "/api/auth/social/sandbox/start"), 503, code)
    anew(inst)


@pytest.mark.parametrize("lie", ["jwks_big", "jwks_redirect", "token_redirect"])
def test_s65_caps_and_no_redirects(inst, lie):
    anew(inst)
    people(inst, email=an_email(), email_verified=True)
    tell(inst, lie=lie)
    r = Visitor(inst).visit()
    assert r.status_code == 503 and int(r.headers["Retry-After"]) >= 1, r.text
    refused(r, 503, "provider_")
    anew(inst)


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
    wait_until("the out pool", lambda: Visitor(inst).get(
        inst.url + "/api/auth/social/sandbox/start").status_code == 302)
    signed_in(b.get(back))          # nothing was used up meanwhile


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


def test_s64_facebook_deletion(inst):
    sub = people(inst, "facebook", name="Goes")
    b = Visitor(inst)
    signed_in(b.visit("facebook"))
    signed = inst.sandbox._call("POST", "/facebook/signed_request", json={"user": sub})["signed_request"]
    forged = ("A" if signed[0] != "A" else "B") + signed[1:]
    problem(inst.api("POST", "/api/auth/social/facebook/deletion/", data={"signed_request": forged}), 400,
            "invalid_signed_request", field="signed_request")
    r = inst.api("POST", "/api/auth/social/facebook/deletion/", data={"signed_request": signed})
    assert r.status_code == 200 and set(r.json()) == {"url", "confirmation_code"}, r.text
    assert inst.rows("SELECT * FROM identity WHERE sub = %s", sub) == []
    wait_until("the session's end", lambda: b.call("GET", "/api/auth/profile/").status_code == 401, 3)
    again = inst.api("POST", "/api/auth/social/facebook/deletion/", data={"signed_request": signed})
    assert again.json() == r.json()
    page = Visitor(inst).get(r.json()["url"])
    assert page.status_code == 200 and "has been deleted" in page.text
    status = inst.api("GET", r.json()["url"][len(inst.url):]).json()
    assert status["status"] == "deleted" and status["found"] is True
    problem(inst.api("GET", "/api/auth/social/facebook/deletion/?id=unknown"), 404, "not_found")


def test_providers_are_listed_without_secrets(inst):
    r = inst.api("GET", "/api/auth/social/providers/")
    assert {p["provider"] for p in r.json()["results"]} == {"facebook", "sandbox"}
    assert "secret" not in r.text and PASSWORD not in r.text
