"""A session's life through nginx: rotation, grace, supersede, theft, sign-out,
the list of sessions, the gate (S1-S12, S34, S38, S40, D7, D8, D13-D15)."""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import os
import signal
import time
import urllib.parse

import pytest

from people import (Bearer, Browser, Person, forget_limits, problem, within)

BOTH = pytest.mark.parametrize("by", ["bearer", "cookie"])
REFRESH, LOGOUT, VERIFY, PROFILE = (f"/api/auth/{p}/" for p in ("token/refresh", "logout", "token/verify", "profile"))


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


@pytest.fixture(scope="module")
def sara(inst):
    return Person(inst, first_name="Sara")


def session_of(client):
    return int(claims(client.access)["sid"])


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def row(inst, sid):
    return inst.rows("SELECT * FROM session WHERE id = %s", sid)[0]


def ago(inst, sid, seconds, column="rotated_at"):
    """The session was rotated that long ago."""
    assert column in ("rotated_at", "killed_at")
    inst.rows(f"UPDATE session SET {column} = {column} - INTERVAL %s SECOND WHERE id = %s", seconds, sid)


def refresh(inst, token, **more):
    return inst.api("POST", REFRESH, json={"refresh": token}, **more)


def pair(r):
    assert r.status_code == 200, r.text
    return r.json()["access"], r.json()["refresh"]


# --- rotation --------------------------------------------------------------------------

@BOTH
def test_s1_s39_refresh(inst, sara, by):
    me = sara.by(by)
    before = me.access, me.refresh
    r = me.with_refresh(REFRESH)
    assert r.status_code == 200 and {"access_token", "access", "refresh"} <= set(r.json()), r.text
    assert r.json()["access"] == r.json()["access_token"] == me.access
    assert r.json()["refresh"] == me.refresh and (me.access, me.refresh) != before
    assert r.headers["Cache-Control"] == "no-store"
    lines = r.raw.headers.getlist("Set-Cookie")
    assert any(f"__Host-gatepost={me.access}; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax" == s for s in lines)
    assert any(s == f"__Secure-gatepost-refresh={me.refresh}; Path=/api/auth/; Max-Age=604800; Secure; HttpOnly;"
               " SameSite=Strict" for s in lines)
    assert me.call("GET", PROFILE).status_code == 200


def test_s3_within_grace_the_same_pair_byte_for_byte(inst, sara):
    me = sara.bearer()
    got = {pair(refresh(inst, me.refresh)) for _ in range(3)}
    ago(inst, session_of(me), 8)
    assert pair(refresh(inst, me.refresh))[1] == next(iter(got))[1]
    assert len(got) == 1 and row(inst, session_of(me))["current"] == 2


def test_s5_fifty_at_once_are_one_rotation(inst, sara):
    me = sara.bearer()
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        got = list(pool.map(lambda _: refresh(inst, me.refresh), range(50)))
    assert {r.status_code for r in got} == {200}
    assert len({r.content for r in got}) == 1
    s = row(inst, session_of(me))
    assert (s["current"], s["parent"], s["newest"], s["ended_at"]) == (2, 1, 2, None)
    assert pair(refresh(inst, got[0].json()["refresh"]))


@pytest.mark.parametrize("hours", [1 / 3600 * 11, 5])
def test_s4_s6_a_lost_answer_signs_nobody_out(inst, sara, hours):
    """The successor was never used: a fresh one, and the unused is dead."""
    me = sara.bearer()
    sid = session_of(me)
    _, lost = pair(refresh(inst, me.refresh))
    ago(inst, sid, int(hours * 3600))
    access, third = pair(refresh(inst, me.refresh))
    assert third != lost and row(inst, sid)["current"] == 3
    assert inst.api("GET", PROFILE, token=access).status_code == 200
    # Killed less than 10 s ago it still gets the current pair ...
    assert pair(refresh(inst, lost))[1] == third
    # ... and later it can only have been stolen: the thief and all others are out.
    ago(inst, sid, 11, "killed_at")
    problem(refresh(inst, lost), 401, "refresh_reused")
    problem(refresh(inst, third), 401)
    assert within(1, "the access token's end", lambda: inst.api("GET", PROFILE, token=access).status_code == 401) < 1


def test_s2_a_used_token_ends_the_family_and_tells_the_owner(inst):
    p = Person(inst)
    me = p.bearer()
    sid = session_of(me)
    _, second = pair(refresh(inst, me.refresh))
    access, third = pair(refresh(inst, second))
    r = refresh(inst, me.refresh)
    problem(r, 401, "refresh_reused")
    assert "Set-Cookie" not in r.headers          # a token of the body: anybody may make one up
    problem(refresh(inst, third), 401, "invalid_token")
    problem(refresh(inst, second), 401, "invalid_token")
    problem(inst.api("GET", PROFILE, token=access), 401)
    s = row(inst, sid)
    assert s["ended_at"] and s["end_reason"] == "theft"
    events = inst.rows("SELECT * FROM audit WHERE session_id = %s AND event = 'refresh_reuse'", sid)
    assert len(events) == 1 and events[0]["user_id"] == p.id
    assert json.loads(events[0]["detail"]) == {"shown": 1, "current": 3}
    # Others may come about the same time, such as that of the new device.
    within(10, "the notice", lambda: any("signed out" in m["text"] for m in inst.sandbox.messages(channel="sms", to=p.phone)))
    # The other session of the same person lives.
    assert p.first.with_refresh(REFRESH).status_code == 200


def test_s2_a_stolen_cookie_is_cleared(inst, sara):
    browser = sara.browser()
    old = browser.refresh
    for _ in range(2):
        assert browser.call("POST", REFRESH).status_code == 200
    browser.http.cookies.set("__Secure-gatepost-refresh", old, domain="localhost.local", path="/api/auth/", secure=True)
    r = browser.call("POST", REFRESH)
    problem(r, 401, "refresh_reused")
    assert sum("Max-Age=0" in s for s in r.raw.headers.getlist("Set-Cookie")) == 2


def test_s9_the_ends_of_a_session(inst, sara):
    me = sara.bearer()
    sid = session_of(me)
    ends = row(inst, sid)["ends_at"]
    access, second = pair(refresh(inst, me.refresh))
    assert row(inst, sid)["ends_at"] == ends      # rotation never extends it
    # An access token does not outlive the session.
    inst.rows("UPDATE session SET ends_at = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND WHERE id = %s", sid)
    access, third = pair(refresh(inst, second))
    c = claims(access)
    assert c["exp"] <= c["send"] <= time.time() + 61
    inst.rows("UPDATE session SET ends_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE id = %s", sid)
    problem(refresh(inst, third), 401, "invalid_token")
    me = sara.bearer()
    inst.rows("UPDATE session SET idle_ends_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE id = %s", session_of(me))
    problem(refresh(inst, me.refresh), 401, "invalid_token")


def test_sixty_refreshes_a_minute(inst, sara):
    me = sara.bearer()
    token, n = me.refresh, 0
    while (r := refresh(inst, token)).status_code == 200:
        token, n = r.json()["refresh"], n + 1
        assert n <= 60
    problem(r, 429, "too_many_refreshes")
    assert n == 60
    inst.rows("UPDATE session SET minute_at = minute_at - INTERVAL 61 SECOND WHERE id = %s", session_of(me))
    assert refresh(inst, token).status_code == 200


def test_s8_made_up_refresh_tokens(inst, sara):
    me = sara.bearer()
    good = me.refresh
    raw = bytearray(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))
    bad = ["x", "a" * 39, good[:-1], good + "A", good.swapcase()]
    for i in range(len(raw)):
        raw[i] ^= 1
        bad.append(base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode())
        raw[i] ^= 1
    for token in bad:
        problem(refresh(inst, token), 401, "invalid_token")
        assert row(inst, session_of(me))["current"] == 1
    assert refresh(inst, good).status_code == 200
    problem(inst.api("POST", REFRESH), 401)
    problem(inst.api("POST", REFRESH, json={"refresh": ""}), 401)


def test_s11_a_disabled_user_is_out(inst):
    p = Person(inst)
    me = p.bearer()
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", p.id)
    problem(me.with_refresh(REFRESH), 401, "invalid_token")


# --- verify ----------------------------------------------------------------------------

def test_verify(inst, sara):
    me = sara.bearer()
    for token in (me.access, me.refresh):
        r = inst.api("POST", VERIFY, json={"token": token})
        assert r.status_code == 200 and r.json() == {}
    for token in ("x", me.access + "x", me.access[:-2], me.refresh[:-1] + "!", inst.token):
        problem(inst.api("POST", VERIFY, json={"token": token}), 401, "invalid_token")
    assert inst.api("POST", LOGOUT, token=me.access).status_code == 200
    for token in (me.access, me.refresh):
        problem(inst.api("POST", VERIFY, json={"token": token}), 401, "invalid_token")


# --- sign-out ----------------------------------------------------------------------------

@pytest.mark.parametrize("how", ["bearer", "cookie", "refresh", "access and refresh"])
def test_s10_logout_is_everywhere_within_a_second(inst, sara, how):
    me = sara.browser() if how == "cookie" else sara.bearer()
    access, token = me.access, me.refresh
    assert inst.api("GET", "/api/auth/gate", token=access).status_code == 204
    begun = time.monotonic()
    if how == "refresh":
        r = inst.api("POST", LOGOUT, json={"refresh": token})
    elif how == "access and refresh":
        r = me.call("POST", LOGOUT, json={"refresh": token})
    else:
        r = me.call("POST", LOGOUT)
    assert r.status_code == 200, r.text
    b = r.json()
    assert b["message"] and b["success"] is True and b["data"] == {"message": b["message"]}
    assert [s for s in r.raw.headers.getlist("Set-Cookie") if "Max-Age=0" in s] == [
        "__Host-gatepost=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
        "__Secure-gatepost-refresh=; Path=/api/auth/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"]
    within(1, "the gate", lambda: inst.api("GET", "/api/auth/gate", token=access).status_code == 401)
    # Every child of every pool: as many requests as make it sure that all were asked.
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for path in (PROFILE, "/api/auth/gate"):
            assert {r.status_code for r in pool.map(lambda _: inst.api("GET", path, token=access), range(32))} == {401}
    assert time.monotonic() - begun < 5
    problem(refresh(inst, token), 401, "invalid_token")


def test_logout_of_nobody(inst):
    r = inst.api("POST", LOGOUT)
    problem(r, 401)
    assert sum("Max-Age=0" in s for s in r.raw.headers.getlist("Set-Cookie")) == 2    # always cleared (D13)


def test_logout_twice(inst, sara):
    me = sara.bearer()
    for _ in range(2):
        assert inst.api("POST", LOGOUT, json={"refresh": me.refresh}).status_code == 200


# --- who may use the cookies (D13, S34, S35, S38) ------------------------------------------

CROSS = [{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
         {"Origin": "null"}, {}, {"Origin": "https://localhost"}, {"Sec-Fetch-Site": "same-site"},
         {"Origin": "https://evil.example", "X-Gatepost": "1"}]


@pytest.mark.parametrize("headers", CROSS)
def test_s38_a_cross_site_call_does_nothing_and_clears_nothing(inst, sara, headers):
    browser = sara.browser()
    sid, before = session_of(browser), (browser.access, browser.refresh)
    for path in (REFRESH, LOGOUT, PROFILE, "/api/auth/sessions/revoke-others/", "/api/auth/password/change/"):
        r = inst.api("POST", path, session=browser.http, headers=headers)
        problem(r, 403, "csrf")
        assert "Set-Cookie" not in r.headers
    assert (browser.access, browser.refresh) == before
    assert row(inst, sid)["current"] == 1 and row(inst, sid)["ended_at"] is None
    # The same by the refresh cookie alone.
    browser.http.cookies.clear(domain="localhost.local", path="/", name="__Host-gatepost")
    problem(inst.api("POST", REFRESH, session=browser.http, headers=headers), 403, "csrf")
    assert browser.call("POST", REFRESH).status_code == 200


def test_s34_forms_and_text_are_no_json(inst, sara):
    browser = sara.browser()
    problem(browser.call("POST", PROFILE, data={"first_name": "x"}), 403, "csrf")
    assert browser.call("POST", PROFILE, data={"first_name": "Sara"}, headers={"X-Gatepost": "1"}).status_code == 200
    r = browser.call("POST", PROFILE, data="{}", headers={"Content-Type": "text/plain"})
    problem(r, 415)
    # A bearer has nothing to fear from a form.
    assert sara.bearer().call("POST", PROFILE, data={"first_name": "Sara"}).status_code == 200


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"}, {"Origin": "null"},
    {"Origin": "https://evil.example", "Cookie": "__Host-gatepost-device=" + "x" * 22},
], ids=["cross-site", "same-site", "no-cors", "same-site alone", "an older browser", "null", "with a device"])
def test_s35_no_site_signs_its_visitor_in(inst, sara, headers):
    r = inst.api("POST", "/api/auth/login/", data={"username": sara.phone, "password": sara.password}, headers=headers)
    problem(r, 403, "csrf")
    assert "Set-Cookie" not in r.headers


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Sec-Fetch-Site": "none"}],
                         ids=["a program", "our page without a referrer", "by hand"])
def test_s35_our_own_pages_and_programs_do(inst, sara, headers):
    assert inst.api("POST", "/api/auth/login/", json={"username": sara.phone, "password": sara.password},
                    headers=headers).status_code == 200


def test_s70_an_admin_token_is_no_cookie(inst):
    r = inst.api("GET", "/api/push/groups/", headers={"Cookie": f"__Host-gatepost={inst.token}"})
    problem(r, 401)


# --- the list ------------------------------------------------------------------------------

@BOTH
def test_sessions(inst, by):
    p = Person(inst)
    me, other = p.by(by), p.browser()
    r = me.call("GET", "/api/auth/sessions/")
    assert r.status_code == 200 and r.json()["count"] == 3, r.text
    got = r.json()["results"]
    assert [s["id"] for s in got if s["current"]] == [str(session_of(me))]
    assert {"id", "created_at", "last_seen_at", "ends_at", "ip", "last_ip", "country", "user_agent"} <= set(got[0])
    assert got[0]["ip"] == "127.0.0.1" and "python" in got[0]["user_agent"]
    ids = {s["id"] for s in got}
    assert str(session_of(other)) in ids and str(session_of(p.first)) in ids and len(ids) == 3
    # One of one's own; nobody else's, nor what never was (one answer).
    stranger = Person(inst).bearer()
    answers = [stranger.call("DELETE", f"/api/auth/sessions/{i}/") for i in (session_of(other), 12345, "x", "0")]
    assert [problem(r, 404, "not_found")["detail"] for r in answers] == ["Not found."] * 4
    assert me.call("DELETE", f"/api/auth/sessions/{session_of(other)}/").status_code == 204
    within(1, "its end", lambda: inst.api("GET", PROFILE, token=other.access).status_code == 401)
    r = me.call("POST", "/api/auth/sessions/revoke-others/")
    assert r.status_code == 200 and r.json()["revoked"] == 1
    problem(p.first.with_refresh(REFRESH), 401)
    assert [s["id"] for s in me.call("GET", "/api/auth/sessions/").json()["results"]] == [str(session_of(me))]
    r = me.call("DELETE", f"/api/auth/sessions/{session_of(me)}/")
    assert r.status_code == 204 and sum("Max-Age=0" in s for s in r.raw.headers.getlist("Set-Cookie")) == 2


def test_s12_each_sign_in_is_a_session_of_its_own(inst, sara):
    browser = sara.browser()
    first = session_of(browser)
    assert sara.login(browser).status_code == 200
    assert session_of(browser) != first


# --- the gate ------------------------------------------------------------------------------

def sign(inst, **changes):
    """A token as the program would make it, from its key file."""
    def make(base):
        kid = sorted(os.listdir(f"{inst.dir}/keys/token"))[0].removesuffix(".key")
        with open(f"{inst.dir}/keys/token/{kid}.key", encoding="ascii") as f:
            key = bytes.fromhex(f.readline().strip())
        head, _, _ = base.split(".")
        body = base64.urlsafe_b64encode(json.dumps({**claims(base), **changes}).encode()).rstrip(b"=").decode()
        mac = hmac.new(key, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    return make


def test_the_gate(inst, sara):
    me, browser = sara.bearer(), sara.browser()
    for r in (inst.api("GET", "/api/auth/gate", token=me.access), browser.call("GET", "/api/auth/gate")):
        assert r.status_code == 204 and r.headers["X-Gatepost-User"] == str(sara.id)
    r = inst.api("GET", "/api/auth/gate", token=inst.admin())
    assert r.headers["X-Gatepost-Groups"] == "superuser,staff" and "@" in r.headers["X-Gatepost-Email"]
    for token in (None, "x", inst.token, me.access + "x", me.refresh):
        r = inst.api("GET", "/api/auth/gate", token=token)
        assert r.status_code == 401 and r.headers["X-Gatepost-Signin"].startswith(inst.url)


def test_d15_a_fresh_token_in_the_last_third(inst):
    me = Bearer(inst, {"access_token": inst.admin()})   # whose account is older than the tokens made here
    now = int(time.time())

    def asked(left):
        old = sign(inst, iat=now - 900 + left, exp=now + left)(me.access)
        return inst.api("GET", "/api/auth/gate", headers={"Cookie": f"__Host-gatepost={old}"})
    r = asked(310)
    assert r.status_code == 204 and "Set-Cookie" not in r.headers
    r = asked(290)
    assert r.status_code == 204 and "X-Auth-Access" not in r.headers
    fresh = r.headers["Set-Cookie"].split("__Host-gatepost=")[1].split(";")[0]
    a, b = claims(me.access), claims(fresh)
    # Dated a little back, so that a change of a moment ago, not heard of yet, ends it too.
    assert b["sid"] == a["sid"] and b["seq"] == a["seq"]
    assert now + 900 <= b["exp"] <= now + 905 and now - 3 <= b["iat"] <= now + 3
    assert inst.api("GET", PROFILE, token=fresh).status_code == 200
    assert asked(-1).status_code == 401


@pytest.fixture(scope="module")
def site(inst):
    """A site behind the gate, on the instance's own nginx; gives its address."""
    from instance import free_port
    port = free_port()
    with open(f"{inst.dir}/nginx/extra.d/site.conf", "w", encoding="utf-8") as f:
        f.write(f"""
server {{
  listen 127.0.0.1:{port} ssl;
  server_name localhost;
  ssl_certificate {inst.dir}/tls/tls.crt; ssl_certificate_key {inst.dir}/tls/tls.key;
  include snippets/gatepost-authz.conf;
  location / {{ include snippets/gatepost-protect.conf; proxy_pass http://unix:{inst.run}/site.sock:; }}
  location /super/ {{ set $gp_require superuser; include snippets/gatepost-protect.conf; proxy_pass http://unix:{inst.run}/site.sock:; }}
  location /known/ {{ set $gp_require verified; include snippets/gatepost-protect.conf; proxy_pass http://unix:{inst.run}/site.sock:; }}
  location /group/ {{ set $gp_require group:none; include snippets/gatepost-protect.conf; proxy_pass http://unix:{inst.run}/site.sock:; }}
  location /land/ {{ set $gp_countries DE,FR; include snippets/gatepost-protect.conf; proxy_pass http://unix:{inst.run}/site.sock:; }}
}}
server {{
  listen unix:{inst.run}/site.sock;
  default_type application/json;
  location / {{ return 200 '{{"method":"$request_method","user":"$http_remote_user","groups":"$http_remote_groups","cookie":"$http_cookie","auth":"$http_authorization"}}'; }}
}}
""")
    inst.send_signal("nginx", signal.SIGHUP)
    base = f"https://localhost:{port}"

    class Site:
        url = base

        def ask(self, method="GET", path="/", headers=None, session=None):
            import requests
            http = session or requests.Session()
            return http.request(method, base + path, headers=headers, verify=inst.ca, allow_redirects=False, timeout=10)

    def up():
        try:
            return Site().ask().status_code
        except OSError:
            return None
    within(10, "the site", up)
    yield Site()
    os.unlink(f"{inst.dir}/nginx/extra.d/site.conf")
    inst.send_signal("nginx", signal.SIGHUP)


def test_a_protected_site(inst, sara, site):
    browser, admin = sara.browser(), {"Authorization": f"Bearer {inst.admin()}"}
    cookie = {"Cookie": f"a=b; __Host-gatepost={browser.access}", "Remote-User": "1", "X-Gatepost-User": "1"}
    for method in ("GET", "POST"):
        r = site.ask(method, headers=cookie)
        assert r.status_code == 200 and r.json() == {
            "method": method, "user": str(sara.id), "groups": "", "cookie": "a=b", "auth": ""}
    r = site.ask(headers=admin)
    assert r.json()["groups"] == "superuser,staff" and r.json()["auth"] == ""
    assert site.ask(path="/super/", headers=cookie).status_code == 403
    assert site.ask(path="/super/", headers=admin).status_code == 200
    assert site.ask(path="/known/", headers=cookie).status_code == 200
    assert site.ask(path="/group/", headers=admin).status_code == 403
    assert site.ask(path="/land/", headers=admin).status_code == 403


def test_only_a_navigation_goes_to_sign_in(inst, site):
    r = site.ask(path="/deep?x=1&y=2", headers={"Sec-Fetch-Mode": "navigate"})
    assert r.status_code == 302
    to = urllib.parse.urlsplit(r.headers["Location"])
    q = urllib.parse.parse_qs(to.query)
    assert r.headers["Location"].startswith(inst.url + "/") and q["rd"] == [f"{site.url}/deep?x=1&y=2"]
    with open(f"{inst.dir}/keys/mac.key", encoding="ascii") as f:
        key = bytes.fromhex(f.readline().strip())
    signed = b"gatepost return\0" + q["rd"][0].encode() + b"\0" + q["until"][0].encode()
    assert hmac.new(key, signed, hashlib.sha256).hexdigest() == q["sig"][0]
    assert time.time() < int(q["until"][0]) <= time.time() + 601
    for method, headers in (("GET", {}), ("GET", {"Sec-Fetch-Mode": "cors"}), ("POST", {"Sec-Fetch-Mode": "navigate"})):
        r = site.ask(method, headers=headers)
        assert r.status_code == 401 and r.json()["code"] == "sign_in_required"


def test_s10_logout_at_a_protected_site(inst, sara, site):
    browser = sara.browser()
    cookie = {"Cookie": f"__Host-gatepost={browser.access}"}
    assert site.ask(headers=cookie).status_code == 200
    assert browser.call("POST", LOGOUT).status_code == 200
    within(1, "the site's end", lambda: site.ask(headers=cookie).status_code == 401)
