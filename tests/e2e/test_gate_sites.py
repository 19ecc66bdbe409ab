"""Existing sites behind the gate, on our host name and on another one of the
same owner (D8, D13-D15, S10, S33-S39): the sandbox's site behind the instance's
own nginx, with the two includes and nothing else."""
import base64
import hashlib
import re
import threading
import time
import urllib.parse

import pytest
import requests

from instance import Instance
from people import Browser, Person, claims_of, forget_limits, problem, within

NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html,*/*;q=0.8"}
REFUSED = "did not sign you in"


@pytest.fixture(scope="module")
def sara(inst):
    return Person(inst)


@pytest.fixture(scope="module")
def omid(inst):
    return Person(inst)


class Visitor:
    """A browser's cookies by host, and what sign-in's page does by script."""

    def __init__(self, inst, browser=None):
        self.inst = inst
        self.browser = browser or Browser(inst)
        self.jar = {}

    def ask(self, url, method="GET", headers=None, cookies=True, **more):
        """One request, as a navigation unless told otherwise."""
        host = urllib.parse.urlsplit(url).hostname
        jar = self.jar.setdefault(host, {})
        if host == "localhost" and self.browser.access:
            jar["__Host-gatepost"] = self.browser.access
        headers = dict(NAVIGATE if headers is None else headers)
        if cookies and jar:
            own = headers.pop("Cookie", "")
            headers["Cookie"] = "; ".join([own] * bool(own) + [f"{k}={v}" for k, v in jar.items()])
        http = requests.Session()
        http.trust_env = False
        r = http.request(method, url, headers=headers, verify=self.inst.ca, allow_redirects=False, timeout=20, **more)
        for line in r.raw.headers.getlist("Set-Cookie"):
            name, value = re.match(r"([^=]+)=([^;]*)", line).groups()
            if re.search(r"Max-Age=0\b", line):
                jar.pop(name, None)
            else:
                jar[name] = value
        return r

    def way(self, url):
        """Refused there: what sign-in is asked."""
        r = self.ask(url)
        assert r.status_code == 302, r.text
        to = r.headers["Location"]
        assert to.startswith(self.inst.url + "/console/signin?"), to
        return {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(to).query).items()}

    def passed(self, way):
        return self.browser.call("POST", "/api/auth/gate/pass/", json=way)

    def back(self, url):
        """Where sign-in sends a visitor who was refused at url."""
        r = self.passed(self.way(url))
        assert r.status_code == 200, r.text
        return r.json()["url"]

    def visit(self, url):
        """Through sign-in to the page at another host."""
        r = self.ask(self.back(url))
        assert r.status_code == 303 and r.headers["Location"] == url, (r.status_code, r.text)
        return self.ask(url)

    def token(self, host="127.0.0.1"):
        return self.jar[host].get("__Host-gatepost")


@pytest.fixture(scope="module")
def site(inst):
    return inst.env["GATEPOST_SITE_URL"]


@pytest.fixture(scope="module")
def other(inst):
    return inst.env["GATEPOST_OTHER_SITE_URL"]


def headers_of(r):
    raw = r.json()["headers"]
    return [(raw[i], raw[i + 1]) for i in range(0, len(raw), 2)]


def header(r, name):
    """Every value under a name, spelled however."""
    plain = name.lower().replace("_", "-")
    return [v for k, v in headers_of(r) if k.lower().replace("_", "-") == plain]


# --- our own host name -----------------------------------------------------------

def test_d15_only_a_get_navigation_goes_to_sign_in(inst, site):
    v = Visitor(inst)
    way = v.way(site + "/deep?x=1&y=%2F#z")
    assert way["rd"] == site + "/deep?x=1&y=%2F" and "bind" not in way
    for method, headers in (("GET", {}), ("GET", {"Accept": "text/html"}), ("GET", {"Sec-Fetch-Mode": "cors"}),
                            ("HEAD", NAVIGATE), ("POST", NAVIGATE), ("DELETE", NAVIGATE), ("PROPFIND", NAVIGATE)):
        r = v.ask(site + "/api/me", method, headers)
        assert r.status_code == 401 and "Location" not in r.headers, (method, r.status_code)
        assert r.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in r.headers
        if method != "HEAD":
            assert r.headers["Content-Type"] == "application/problem+json" and r.json()["code"] == "sign_in_required"


def test_after_sign_in_the_visitor_lands_where_they_wanted(inst, site, sara):
    v = Visitor(inst, sara.browser())
    way = Visitor(inst).way(site + "/a/b?c=d")
    assert v.passed(way).json() == {"success": True, "url": site + "/a/b?c=d"}
    r = v.ask(site + "/a/b?c=d")
    assert r.status_code == 200 and f"user {sara.id}" in r.text


def test_no_open_redirect(inst, site, other, sara):
    v = Visitor(inst, sara.browser())
    way, hop = Visitor(inst).way(site + "/"), Visitor(inst).way(other + "/")
    for change in ({"rd": "https://evil.example/"}, {"rd": site + "/other"}, {"until": str(int(way["until"]) + 1)},
                   {"sig": "0" * 64}, {"sig": ""}, {"sig": way["sig"].upper()}, {"bind": "0" * 64}, {"rd": "javascript:alert(1)"},
                   {"rd": "//evil.example"}, {"rd": way["rd"].replace("https:", "http:")}):
        assert v.passed({**way, **change}).status_code == 400, change
    for change in ({"rd": other.replace("127.0.0.1", "127.0.0.1.evil.example") + "/"}, {"bind": "0" * 64}, {"rd": way["rd"]}):
        problem(v.passed({**hop, **change}), 400, "not_ours", "rd")
    without = {k: w for k, w in hop.items() if k != "bind"}
    problem(v.passed(without), 400, "not_ours", "rd")
    assert v.passed({**way, "next": "/"}).status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.evil.example",
                                  "127.0.0.1:1", "localhost\\.evil.example", ""])
def test_a_made_up_host_gets_no_way_back(inst, site, other, host):
    for base in (site, other):
        r = Visitor(inst).ask(base + "/", headers={**NAVIGATE, "Host": host})
        if r.status_code == 302:
            assert r.headers["Location"] == inst.url + "/console/signin" and "Set-Cookie" not in r.headers
        else:
            assert r.status_code == 400


def test_the_pass_needs_a_signed_in_same_origin_caller(inst, site):
    way = Visitor(inst).way(site + "/")
    problem(inst.api("POST", "/api/auth/gate/pass/", json=way), 401)
    problem(inst.api("POST", "/api/auth/gate/pass/", token=inst.token, json=way), 403, "session_required")
    claim = Person(inst, proved=False)
    assert claim.login().status_code == 403
    b = Visitor(inst, Person(inst).browser()).browser
    r = inst.api("POST", "/api/auth/gate/pass/", session=b.http, json=way,
                 headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    problem(r, 403, "csrf")


NAMES = ["Remote-User", "Remote-Groups", "Remote-Email", "Remote-Name", "X-Remote-User", "X-Forwarded-User", "X-Auth-Request-User",
         "X-Gatepost", "X-Gatepost-User", "X-Gatepost-Groups", "X-Gatepost-Email"]


@pytest.mark.parametrize("spell", [str, str.upper, str.lower, lambda n: n.replace("-", "_"), lambda n: n.replace("-", "_").upper(),
                                   lambda n: n.replace("-", "_", 1)])
def test_identity_headers_cannot_be_spoofed(inst, site, sara, spell):
    v = Visitor(inst, sara.browser())
    r = v.ask(site + "/echo", headers={spell(n): "1" for n in NAMES})
    assert r.status_code == 200
    got = {n: header(r, n) for n in NAMES}
    assert got.pop("Remote-User") == [str(sara.id)]
    assert not any(got.values()), got


def test_our_credentials_never_reach_the_site_and_its_own_do(inst, site, sara):
    v, me = Visitor(inst, sara.browser()), sara.bearer()
    basic = "Basic " + base64.b64encode(b"u:p").decode()
    r = v.ask(site + "/echo", headers={"Cookie": "its=own; theme=dark", "Authorization": basic})
    assert header(r, "Cookie") == ["its=own; theme=dark"] and header(r, "Authorization") == [basic]
    for scheme in ("Bearer", "bearer", "BEARER"):
        r = Visitor(inst).ask(site + "/echo", headers={"Authorization": f"{scheme} {me.access}"})
        assert r.status_code == 200 and header(r, "Authorization") == [] and me.access not in r.text
    r = Visitor(inst).ask(site + "/echo", headers={"Cookie": f"__Host-gatepost={me.access}; a=1; __Host-gatepost-device=d;"
                                                             f" __Secure-gatepost-refresh={me.refresh}; b=2"})
    assert header(r, "Cookie") == ["a=1; b=2"] and me.access not in r.text and me.refresh not in r.text
    assert "X-Auth-Access" not in r.headers and "Set-Cookie" not in r.headers


def test_d14_a_body_reaches_the_site_untouched(inst, site, other, sara):
    v = Visitor(inst, sara.browser())
    v.visit(other + "/")
    body = bytes(range(256)) * 3000
    for base in (site, other):
        for method in ("POST", "PUT", "PATCH"):
            r = v.ask(base + "/echo?a=b", method, {"Content-Type": "application/octet-stream"}, data=body)
            got = r.json()
            assert got["method"] == method and got["url"] == "/echo?a=b" and base64.b64decode(got["body"]) == body
        r = v.ask(base + "/echo", "POST", {}, data=iter([b"one", b"two"]))
        assert base64.b64decode(r.json()["body"]) == b"onetwo"


def test_the_sites_own_500_passes(inst, site, sara):
    r = Visitor(inst, sara.browser()).ask(site + "/fail")
    assert r.status_code == 500 and r.text == "the site's own\n" and "Retry-After" not in r.headers


# --- who may pass ----------------------------------------------------------------

def groups(inst, person, names):
    r = inst.api("PUT", f"/api/admin/users/{person.id}/groups/", token=inst.admin(), json={"groups": names})
    assert r.status_code == 200, r.text
    return r.json()


def test_groups_open_a_door_at_once_and_close_it_within_a_second(inst, site, other):
    who = Person(inst)
    v = Visitor(inst, who.browser())
    assert v.ask(site + "/ops/").status_code == 403 and v.ask(site + "/staff/").status_code == 403
    assert groups(inst, who, ["wiki", "ops", "ops"]) == {"user_id": who.id, "groups": ["ops", "wiki"]}

    def refreshed():
        assert v.browser.with_refresh("/api/auth/token/refresh/?tokens=cookie").status_code == 200
        return v.ask(site + "/ops/echo")
    within(5, "the old token's end", lambda: v.ask(site + "/").status_code == 302)
    r = refreshed()
    assert r.status_code == 200 and header(r, "Remote-Groups") == ["ops,wiki"]
    assert v.ask(site + "/staff/").status_code == 403
    r = v.visit(other + "/ops/echo")
    assert r.status_code == 200 and header(r, "Remote-Groups") == ["ops,wiki"]
    groups(inst, who, ["opsx", "op"])
    for base in (site, other):
        within(5, f"the end at {base}", lambda: v.ask(base + "/ops/").status_code == 302)
    assert refreshed().status_code == 403
    assert v.visit(other + "/ops/echo").status_code == 403


def test_a_staff_member_is_named_one(inst, site):
    b = Browser(inst)
    assert b.call("POST", "/api/auth/login/", json={"username": inst.env["GATEPOST_ADMIN_EMAIL"],
                                                    "password": inst.env["GATEPOST_ADMIN_PASSWORD"]}).status_code == 200
    r = Visitor(inst, b).ask(site + "/staff/echo")
    assert r.status_code == 200 and header(r, "Remote-Groups") == ["superuser,staff"]
    assert header(r, "Remote-Email") == [inst.env["GATEPOST_ADMIN_EMAIL"]]


def test_not_enough_is_said_to_a_person_as_a_page_and_to_a_script_as_a_problem(inst, site, other, omid):
    v = Visitor(inst, omid.browser())
    v.visit(other + "/")
    for base in (site, other):
        r = v.ask(base + "/ops/")
        assert r.status_code == 403 and r.headers["Content-Type"] == "text/html" and "not for your account" in r.text
        assert r.headers["Cache-Control"] == "no-store" and "default-src 'none'" in r.headers["Content-Security-Policy"]
        for method in ("GET", "POST"):
            r = v.ask(base + "/ops/echo", method, {"Accept": "text/html"})
            assert r.status_code == 403 and r.headers["Content-Type"] == "application/problem+json"
            assert r.json()["code"] == "forbidden" and r.json()["request_id"] == r.headers["X-Request-Id"]


def test_the_rules_of_groups(inst, sara):
    path, admin = f"/api/admin/users/{sara.id}/groups/", inst.admin()
    for bad in (["staff"], ["superuser"], [""], ["a b"], ["Ops"], ["a,b"], ["x" * 33], ["گروه"], "ops", None, [1]):
        assert inst.api("PUT", path, token=admin, json={"groups": bad}).status_code == 400, bad
    assert inst.api("PUT", path, token=admin, json={"groups": [f"g{i}" for i in range(17)]}).status_code == 400
    problem(inst.api("PUT", path, token=sara.bearer().access, json={"groups": []}), 403, "role_required")
    problem(inst.api("PUT", path, token=inst.token, json={"groups": []}), 403)
    problem(inst.api("PUT", "/api/admin/users/999999999/groups/", token=admin, json={"groups": []}), 404)
    # As many and as long as may be: the token still is a cookie.
    most = sorted(f"{i:02}{'x' * 30}" for i in range(16))
    try:
        assert groups(inst, sara, most)["groups"] == most
        assert inst.api("GET", path, token=admin).json()["groups"] == most
        me = sara.bearer()
        assert len(me.access) < 3000
        assert inst.api("GET", "/api/auth/gate", token=me.access).headers["X-Gatepost-Groups"] == ",".join(most)
    finally:
        groups(inst, sara, [])


def test_two_changes_at_once_leave_one_of_them(inst):
    who, token = Person(inst), inst.admin()
    sets = [[f"{c}{i}" for i in range(12)] for c in "abcd"]

    def put(names):
        r = inst.api("PUT", f"/api/admin/users/{who.id}/groups/", token=token, json={"groups": names})
        assert r.status_code == 200
    threads = [threading.Thread(target=put, args=(s,)) for s in sets * 3]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    left = inst.api("GET", f"/api/admin/users/{who.id}/groups/", token=token).json()["groups"]
    assert left in [sorted(s) for s in sets]


# --- another host name ------------------------------------------------------------

def test_d15_another_host_joins_by_a_code(inst, other, sara):
    v = Visitor(inst, sara.browser())
    r = v.ask(other + "/page?x=1")
    assert r.status_code == 302 and re.fullmatch(
        r"__Host-gatepost-state=[A-Za-z0-9_-]{22}; Path=/; Max-Age=300; Secure; HttpOnly; SameSite=Lax", r.headers["Set-Cookie"])
    state = v.jar["127.0.0.1"]["__Host-gatepost-state"]
    assert state not in r.headers["Location"]       # what travels is its hash
    way = v.way(other + "/page?x=1")
    assert way["bind"] == hashlib.sha256(state.encode()).hexdigest()
    back = v.passed(way).json()["url"]
    assert back.startswith(other + "/_gatepost/cb?code=")
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
    assert len(base64.urlsafe_b64decode(code + "=")) >= 16
    row = inst.rows("SELECT TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expires_at) AS us FROM gate_code WHERE code_hash = %s",
                    hashlib.sha256(code.encode()).digest())
    assert 0 < row[0]["us"] <= 60_000_000
    r = v.ask(back)
    assert r.status_code == 303 and r.headers["Location"] == other + "/page?x=1"
    assert r.headers["Set-Cookie"].startswith("__Host-gatepost=") and "Max-Age=900; Secure; HttpOnly; SameSite=Lax" in r.headers["Set-Cookie"]
    assert r.headers["Cache-Control"] == "no-store" and r.headers["Referrer-Policy"] == "no-referrer"
    r = v.ask(other + "/page?x=1")
    assert r.status_code == 200 and f"user {sara.id}" in r.text
    there, here = claims_of(v.token()), claims_of(v.browser.access)
    assert there["aud"] == "127.0.0.1" and there["sid"] == here["sid"] and here["aud"] == inst.url
    logged = inst.rows("SELECT detail FROM audit WHERE event = 'site_signin' AND session_id = %s", int(here["sid"]))
    assert len(logged) == 1 and "127.0.0.1" in logged[0]["detail"]


def test_d15_a_hosts_token_is_good_there_alone(inst, site, other, sara):
    v = Visitor(inst, sara.browser())
    assert v.visit(other + "/").status_code == 200
    there, here = v.token(), v.browser.access
    for headers in ({"Authorization": f"Bearer {there}"}, {"Cookie": f"__Host-gatepost={there}"}):
        problem(inst.api("GET", "/api/auth/profile/", headers=headers), 401)
        assert Visitor(inst).ask(site + "/echo", headers=headers).status_code == 401
        assert inst.api("GET", "/api/auth/gate", headers=headers).status_code == 401
        assert Visitor(inst).ask(other + "/echo", headers=headers).status_code == 200
    problem(inst.api("POST", "/api/auth/token/verify/", json={"token": there}), 401)
    problem(inst.api("POST", "/api/auth/token/refresh/", json={"refresh": there}), 401)
    # And ours is not good there, nor is a program's.
    for token in (here, inst.token):
        assert Visitor(inst).ask(other + "/echo", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    # The same bytes right after they were taken here, by the same processes.
    for _ in range(6):
        assert inst.api("GET", "/api/auth/gate", token=there).status_code == 401
        assert Visitor(inst).ask(other + "/echo", headers={"Authorization": f"Bearer {there}"}).status_code == 200


def refused(r):
    return r.status_code == 400 and REFUSED in r.text and "__Host-gatepost=" not in r.headers.get("Set-Cookie", "")


def test_a_code_is_good_once(inst, other, sara):
    v = Visitor(inst, sara.browser())
    back = v.back(other + "/page")
    state = dict(v.jar["127.0.0.1"])
    assert v.ask(back).status_code == 303
    again = Visitor(inst)
    again.jar["127.0.0.1"] = state
    assert refused(again.ask(back))
    # The page loaded twice in the browser that is in already goes on, and gets nothing new.
    r = v.ask(back)
    assert r.status_code == 303 and r.headers["Location"] == other + "/page" and "Set-Cookie" not in r.headers


def test_a_code_in_parallel_is_good_once(inst, other, sara):
    for _ in range(5):
        v = Visitor(inst, sara.browser())
        back, state = v.back(other + "/"), dict(v.jar["127.0.0.1"])
        got, start = [], threading.Barrier(12)

        def go():
            one = Visitor(inst)
            one.jar["127.0.0.1"] = dict(state)
            start.wait()
            got.append(one.ask(back))
        threads = [threading.Thread(target=go) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(r.status_code for r in got) == [303] + [400] * 11
        assert all(refused(r) for r in got if r.status_code == 400)


def test_a_code_of_another_browser_host_or_time_is_refused(inst, other, sara, omid):
    v = Visitor(inst, sara.browser())
    back = v.back(other + "/")
    # Sent to somebody else, who has a state of his own, none, or a made-up one: nobody is signed in as another.
    victim = Visitor(inst, omid.browser())
    victim.way(other + "/")
    assert refused(victim.ask(back)) and refused(Visitor(inst).ask(back))
    for state in ("A" * 22, "x", "", "A" * 4000):
        assert refused(Visitor(inst).ask(back, headers={**NAVIGATE, "Cookie": f"__Host-gatepost-state={state}"}))
    # Another host.
    moved = back.replace(other, inst.env["GATEPOST_SITE_URL"])
    assert refused(v.ask(moved, headers={**NAVIGATE, "Cookie": f"__Host-gatepost-state={v.jar['127.0.0.1']['__Host-gatepost-state']}"}))
    assert refused(v.ask(back, headers={**NAVIGATE, "Host": "evil.example"}))
    for to in ("https://evil.example/", inst.url + "/", "//evil.example", "/", "javascript:1", other.replace("https", "http"),
               other + "\\@evil.example", other + "@evil.example/"):
        assert refused(v.ask(re.sub(r"to=.*", "to=" + urllib.parse.quote(to, safe=""), back))), to
    for code in ("", "x" * 64, "a%00b", "A" * 43):
        assert refused(v.ask(re.sub(r"code=[^&]*", "code=" + code, back))), code
    # None of that used it up; time does.
    inst.rows("UPDATE gate_code SET expires_at = expires_at - INTERVAL 61 SECOND WHERE user_id = %s", sara.id)
    assert refused(v.ask(back))


def test_s36_only_the_browser_that_asked_can_use_a_code_up(inst, other, sara):
    v = Visitor(inst, sara.browser())
    back = v.back(other + "/")
    for _ in range(20):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            assert Visitor(inst).ask(back, method).status_code in (400, 405)
    for method in ("HEAD", "POST", "OPTIONS"):
        assert v.ask(back, method).status_code == 405
    assert v.ask(back).status_code == 303


def test_the_exchange_has_no_address_under_the_api(inst, other, sara):
    v = Visitor(inst, sara.browser())
    back = v.back(other + "/")
    query, state = back.split("?")[1], v.jar["127.0.0.1"]["__Host-gatepost-state"]
    for headers in ({}, {"Host": "127.0.0.1"}, {"GATEPOST_SITE": "127.0.0.1"}, {"GATEPOST-SITE": "127.0.0.1"}):
        r = inst.api("GET", f"/api/auth/gate/redeem?{query}", headers={**headers, "Cookie": f"__Host-gatepost-state={state}"})
        problem(r, 404, "not_found")
    assert v.ask(back).status_code == 303


def test_a_late_sign_in_begins_again_over_there(inst, other, sara):
    """The state cookie lives 5 minutes: a code for it would only be refused."""
    import hmac
    v = Visitor(inst, sara.browser())
    way = v.way(other + "/page")
    with open(f"{inst.dir}/keys/mac.key", encoding="ascii") as f:
        key = bytes.fromhex(f.readline().strip())
    for age, code in ((230, True), (250, False), (5000, False)):
        until = str(int(time.time()) + 600 - age)
        sig = hmac.new(key, f"gatepost return\0{way['rd']}\0{until}\0{way['bind']}".encode(), hashlib.sha256).hexdigest()
        url = v.passed({**way, "until": until, "sig": sig}).json()["url"]
        assert ("code=" in url) == code and (code or url == other + "/page")


def test_tabs_on_their_way_do_not_undo_each_other(inst, other, sara):
    v = Visitor(inst, sara.browser())
    first, second = v.back(other + "/one"), v.back(other + "/two")
    assert v.ask(second).status_code == 303 and v.ask(first).status_code == 303
    assert v.ask(other + "/one").status_code == 200


@pytest.mark.parametrize("how", ["logout", "revoke", "others", "disabled", "password"])
def test_s10_s11_the_sessions_end_is_seen_at_the_other_host_within_a_second(inst, site, other, how):
    who = Person(inst)
    v, second = Visitor(inst, who.browser()), who.bearer()
    for page in ("/a", "/b"):
        assert v.visit(other + page).status_code == 200 if page == "/a" else v.ask(other + page).status_code == 200
    pending = Visitor(inst, v.browser)
    code = pending.back(other + "/late")
    if how == "logout":
        assert v.browser.call("POST", "/api/auth/logout/").status_code == 200
    elif how == "revoke":
        sid = claims_of(v.token())["sid"]
        assert second.call("DELETE", f"/api/auth/sessions/{sid}/").status_code == 204
    elif how == "others":
        assert second.call("POST", "/api/auth/sessions/revoke-others/").status_code == 200
    elif how == "password":
        assert second.call("POST", "/api/auth/password/change/", json={
            "old_password": who.password, "new_password": "Rain-Cloud7?"}).status_code == 200
    else:
        # As an administrator's program would: the row, and the not-before that the master reads; later than the one that
        # proving the number set in this very second.
        inst.rows("UPDATE user SET is_active = FALSE, not_before = GREATEST(UTC_TIMESTAMP() + INTERVAL 1 SECOND,"
                  " COALESCE(not_before + INTERVAL 1 SECOND, '2000-01-01')) WHERE id = %s", who.id)
        inst.rows("INSERT INTO revocation (id, session_id, user_id, not_before, expires_at) SELECT UUID_SHORT() >> 1, 0, id, not_before,"
                  " UTC_TIMESTAMP(6) + INTERVAL 1 HOUR FROM user WHERE id = %s", who.id)
    # Within a second; a loaded machine is given more, and a token's life is 900.
    within(5, "the end", lambda: v.ask(other + "/a", headers={}).status_code == 401)
    assert refused(pending.ask(code))               # a code on its way opens nothing either
    assert v.ask(other + "/a").status_code == 302


def late(inst, token, left):
    """The token as it is `left` seconds before its end."""
    import hmac
    import json
    import os
    kid = sorted(os.listdir(f"{inst.dir}/keys/token"))[0].removesuffix(".key")
    with open(f"{inst.dir}/keys/token/{kid}.key", encoding="ascii") as f:
        key = bytes.fromhex(f.readline().strip())
    now = int(time.time())
    head = token.split(".")[0]
    body = base64.urlsafe_b64encode(json.dumps({**claims_of(token), "iat": now - 900 + left, "exp": now + left}).encode())
    text = f"{head}.{body.rstrip(b'=').decode()}"
    return text + "." + base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()


def test_d15_renewal_in_the_last_third_at_both_hosts(inst, site, other):
    b = Browser(inst)       # whose account is older than the tokens made here
    b.call("POST", "/api/auth/login/", json={"username": inst.env["GATEPOST_ADMIN_EMAIL"], "password": inst.env["GATEPOST_ADMIN_PASSWORD"]})
    v = Visitor(inst, b)
    v.visit(other + "/")
    for base, token, aud in ((site, b.access, inst.url), (other, v.token(), "127.0.0.1")):
        def asked(left, **more):
            return Visitor(inst).ask(base + "/echo", headers={"Cookie": f"__Host-gatepost={late(inst, token, left)}"}, **more)
        r = asked(320)
        assert r.status_code == 200 and "Set-Cookie" not in r.headers
        r = asked(280)
        assert r.status_code == 200 and "X-Auth-Access" not in r.headers and header(r, "X-Auth-Access") == []
        name, fresh = re.match(r"([^=]+)=([^;]+)", r.headers["Set-Cookie"]).groups()
        assert name == "__Host-gatepost" and r.headers["Set-Cookie"].count("__Host-gatepost") == 1
        old, new = claims_of(token), claims_of(fresh)
        assert new["aud"] == aud and new["sid"] == old["sid"] and new["exp"] > time.time() + 890
        assert Visitor(inst).ask(base + "/echo", headers={"Cookie": f"__Host-gatepost={fresh}"}).status_code == 200
        assert asked(-1).status_code == 401
    # After the end of its session no host renews it.
    assert b.call("POST", "/api/auth/logout/").status_code == 200
    for base, token in ((site, claims_of), (other, claims_of)):
        within(5, "the end", lambda: Visitor(inst).ask(base + "/echo", headers={
            "Cookie": f"__Host-gatepost={late(inst, v.token(), 100)}"}).status_code == 401)


def test_an_unlisted_host_is_not_sent_a_code(inst):
    """Its Host is nobody's: see the test of made-up hosts.  Listed is what the settings say, exactly."""
    with inst.changed(("api",), GATEPOST_SITES="wiki.example.com, 127.0.0.1"):
        who = Person(inst)
        v = Visitor(inst, who.browser())
        other = inst.env["GATEPOST_OTHER_SITE_URL"]      # on a port that is not in the list
        r = v.ask(other + "/")
        assert r.status_code == 302 and r.headers["Location"] == inst.url + "/console/signin"
        r = v.ask(other + "/", headers={**NAVIGATE, "Host": "wiki.example.com"})
        assert "rd=https%3A%2F%2Fwiki.example.com%2F&" in r.headers["Location"]


# --- when parts are away -----------------------------------------------------------

def test_503_when_the_gate_or_the_database_is_away(sara):
    with Instance() as own:
        site, other = own.env["GATEPOST_SITE_URL"], own.env["GATEPOST_OTHER_SITE_URL"]
        who = Person(own)
        v = Visitor(own, who.browser())
        assert v.visit(other + "/").status_code == 200
        back = Visitor(own, v.browser)
        way = back.back(other + "/x")
        own.kill("db")
        for base in (site, other):
            within(6, "503 at " + base, lambda: v.ask(base + "/").status_code == 503)
            r = v.ask(base + "/")
            assert r.json()["code"] == "unavailable" and int(r.headers["Retry-After"]) >= 1
        r = back.ask(way)
        assert r.status_code == 503 and int(r.headers["Retry-After"]) >= 1 and "Set-Cookie" not in r.headers
        own.start("db")
        own.ready(30)
        # The code was not used up; its minute may be over on a slow machine.
        own.rows("UPDATE gate_code SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 30 SECOND")
        # Each process finds its own connection dead once; none of these 503 uses the code up.
        within(10, "the exchange", lambda: back.ask(way).status_code == 303)
        within(10, "the gate", lambda: v.ask(other + "/").status_code == 200)
        own.kill("api", seconds=40)     # whose children end a moment later
        within(10, "503 without a gate", lambda: v.ask(site + "/").status_code == 503)
        r = v.ask(site + "/")
        assert r.status_code == 503 and r.json()["code"] == "unavailable" and int(r.headers["Retry-After"]) >= 1
