"""Country rules: nginx's geoip2 module says where a request is from, and the
site's rule, a route's and the user's own list decide.

Addresses come from MaxMind's own test database; the instance's nginx takes
them from a header of loopback (set_real_ip_from), as behind a balancer.
"""
import json
import os
import re
import signal

import pytest

from instance import TOP, Instance, free_port, wait_until
from factor_people import due, enrol
from live import Refused, Socket
from people import PASSWORD, Bearer, Person, a_phone, an_email, problem, same
from test_social import Visitor, people, refused, signed_in

SHARED = os.environ.get("GATEPOST_SHARED") or f"{TOP}/../shared"
BASE = f"{SHARED}/data/GeoIP2-Country-Test.mmdb"
pytestmark = pytest.mark.skipif(not os.path.exists(BASE), reason=f"GATEPOST_SHARED has no data/GeoIP2-Country-Test.mmdb: {BASE}")
GB, SE, US, NOWHERE, PRIVATE = "2.125.160.216", "89.160.20.112", "216.160.83.56", "192.0.2.1", "10.1.2.3"
SE_TOO = "89.160.20.113"     # nginx counts what sends by address
REFUSED = "country_not_allowed"


def at(ip, **more):
    return {"headers": {"X-Test-Ip": ip, **more}}


def behind_balancer(whole, by_log=True):
    """Addresses by header, and a protected site; SIGHUP."""
    port = free_port()
    with open(f"{whole.dir}/nginx/extra.d/geo.conf", "w", encoding="utf-8") as f:
        f.write(f"""
set_real_ip_from 127.0.0.0/8;
real_ip_header X-Test-Ip;
server {{
  listen 127.0.0.1:{port} ssl;
  server_name localhost;
  ssl_certificate {whole.dir}/tls/tls.crt; ssl_certificate_key {whole.dir}/tls/tls.key;
  include snippets/gatepost-authz.conf;
  location / {{ include snippets/gatepost-protect.conf; proxy_pass http://unix:{whole.run}/site.sock:; }}
  location /land/ {{ set $gp_countries SE,FR; include snippets/gatepost-protect.conf; proxy_pass http://unix:{whole.run}/site.sock:; }}
}}
server {{ listen unix:{whole.run}/site.sock; location / {{ return 200 "site"; }} }}
""")
    whole.send_signal("nginx", signal.SIGHUP)
    whole.site = f"https://localhost:{port}"

    def up():
        try:
            return visit(whole, "none", SE) == 401 and (not by_log or country(whole, SE) == "SE")
        except OSError:
            return False
    wait_until("the site", up)


def country(whole, ip):
    """What nginx wrote to its log about a request from there."""
    whole.api("GET", "/api/push/vapid-key/", headers={"X-Test-Ip": ip})
    with open(f"{whole.dir}/log/access.json", encoding="utf-8") as f:
        lines = [json.loads(x) for x in f]
    return next((x["country"] for x in reversed(lines) if x["ip"] == ip), None)


def visit(whole, token, ip, path="/"):
    import requests
    http = requests.Session()
    http.trust_env = False
    return http.get(whole.site + path, headers={"Authorization": f"Bearer {token}", "X-Test-Ip": ip},
                    verify=whole.ca, allow_redirects=False, timeout=10).status_code


@pytest.fixture(scope="module")
def geo():
    with Instance(env={"GATEPOST_NGINX_GEOIP": BASE}) as whole:
        behind_balancer(whole)
        yield whole


@pytest.fixture(autouse=True)
def no_limits(geo):
    geo.rows("DELETE FROM throttle")


def allow(whole, person, countries):
    whole.rows("UPDATE user SET allowed_countries = %s WHERE id = %s", countries, person.id)


def login(person, ip, password=PASSWORD):
    return person.login(password=password, **at(ip))


def refresh(whole, bearer, ip):
    return bearer.with_refresh("/api/auth/token/refresh/", **at(ip))


def test_s12_the_session_names_the_country_it_began_in(geo):
    p = Person(geo)
    b = Bearer(geo, login(p, SE).json())
    own = [s for s in b.call("GET", "/api/auth/sessions/").json()["results"] if s["current"]]
    assert own[0]["country"] == "SE" and own[0]["ip"] == SE


def test_s20_a_users_list_speaks_only_after_the_right_password(geo):
    p = Person(geo)
    allow(geo, p, "GB,US")
    assert login(p, GB).status_code == 200
    problem(login(p, SE), 403, REFUSED)
    wrong = problem(login(p, SE, "Wrong-Word1!"), 401, "invalid_credentials")
    nobody = problem(geo.api("POST", "/api/auth/login/", json={"username": "+989120000001", "password": "Wrong-Word1!"}, **at(SE)), 401)
    assert same(wrong) == same(nobody)
    row = geo.rows("SELECT outcome, country FROM audit WHERE user_id = %s AND event = 'login' ORDER BY id", p.id)
    assert {"outcome": "refused", "country": "SE"} in row and row[-1]["country"] == "SE"


def test_a_refused_sign_in_makes_no_session(geo):
    p = Person(geo)
    allow(geo, p, "GB")
    before = geo.rows("SELECT COUNT(*) AS n FROM session WHERE user_id = %s", p.id)
    problem(login(p, SE), 403, REFUSED)
    assert geo.rows("SELECT COUNT(*) AS n FROM session WHERE user_id = %s", p.id) == before


def test_refresh_is_refused_abroad_and_serves_at_home_again(geo):
    p = Person(geo)
    b = Bearer(geo, login(p, GB).json())
    allow(geo, p, "GB")
    old = b.refresh
    problem(refresh(geo, b, SE), 403, REFUSED)
    assert b.refresh == old
    assert refresh(geo, b, GB).status_code == 200 and b.refresh != old


def test_s2_theft_is_seen_abroad_too(geo):
    p = Person(geo)
    b = Bearer(geo, login(p, GB).json())
    allow(geo, p, "GB")
    first = b.refresh
    for _ in range(2):
        assert refresh(geo, b, GB).status_code == 200
    problem(geo.api("POST", "/api/auth/token/refresh/", json={"refresh": first}, **at(SE)), 401, "refresh_reused")
    problem(refresh(geo, b, GB), 401)


def test_d8_an_administrators_list_holds_at_once(geo):
    """Who is signed in abroad is out within the second, at the gate and at refresh, and back when the list says so."""
    p = Person(geo)
    b, path = Bearer(geo, login(p, SE).json()), f"/api/admin/users/{p.id}/"
    assert visit(geo, b.access, SE) == 200
    assert geo.api("PATCH", path, token=geo.admin(), json={"allowed_countries": ["gb", "US"]}).status_code == 200
    wait_until("the gate", lambda: visit(geo, b.access, SE) == 401, 1)
    kept = b.refresh
    problem(refresh(geo, b, SE), 403, REFUSED)
    problem(login(p, SE), 403, REFUSED)
    assert b.refresh == kept and refresh(geo, b, GB).status_code == 200
    assert [visit(geo, b.access, ip) for ip in (GB, SE)] == [200, 403]
    assert geo.api("PATCH", path, token=geo.admin(), json={"allowed_countries": []}).status_code == 200
    assert refresh(geo, b, SE).status_code == 200
    wait_until("the gate", lambda: visit(geo, b.access, SE) == 200, 3)


def test_the_token_carries_the_list_to_the_gate_and_the_api(geo):
    p = Person(geo)
    allow(geo, p, "GB,US")
    b = Bearer(geo, login(p, GB).json())
    assert [visit(geo, b.access, ip) for ip in (GB, US, SE)] == [200, 200, 403]
    assert b.call("GET", "/api/auth/profile/", **at(US)).status_code == 200
    problem(b.call("GET", "/api/auth/profile/", **at(SE)), 403, REFUSED)
    for way in ("token", "ticket"):         # and to the inbox as it happens
        for ip in (SE, GB):
            proof = {way: b.access if way == "token" else b.call("POST", "/api/auth/ticket/", **at(GB)).json()["ticket"]}
            try:
                with Socket(geo, headers={"X-Test-Ip": ip}, **proof) as ws:
                    assert ws.frame()["type"] == "ready" and ip == GB
            except Refused as e:
                assert (ip, e.status, e.json()["code"]) == (SE, 403, REFUSED)
    assert b.with_refresh("/api/auth/logout/", **at(SE)).status_code == 200     # from anywhere


def test_a_locations_own_countries(geo):
    p = Person(geo)
    b = Bearer(geo, login(p, GB).json())
    assert [visit(geo, b.access, ip, "/land/") for ip in (SE, GB, NOWHERE, PRIVATE)] == [200, 403, 403, 403]
    assert visit(geo, b.access, GB) == 200


def test_an_address_without_a_country_and_a_private_one(geo):
    p = Person(geo)
    allow(geo, p, "GB")
    problem(login(p, NOWHERE), 403, REFUSED)        # GATEPOST_COUNTRY_UNKNOWN=deny
    assert login(p, PRIVATE).status_code == 200     # GATEPOST_COUNTRY_LOCAL=yes
    assert login(p, "::1").status_code == 200


def test_s40_no_header_of_a_client_names_a_country(geo):
    p = Person(geo)
    allow(geo, p, "GB")
    for name in ("GATEPOST-COUNTRY", "X-Country", "CF-IPCountry", "X-GeoIP-Country", "X-Forwarded-For", "X-Real-IP",
                 "Forwarded", "X-Gatepost-Country", "Remote-Addr"):
        problem(p.login(headers={"X-Test-Ip": SE, name: GB if "F" in name or "IP" in name else "GB"}), 403, REFUSED)
        geo.rows("DELETE FROM throttle")


def test_the_sites_rule_a_routes_rule_and_unknown_allowed():
    with Instance(env={"GATEPOST_NGINX_GEOIP": BASE},
                  conf={"GATEPOST_COUNTRY_ALLOW": "GB,SE,US", "GATEPOST_COUNTRY_DENY": "US",
                        "GATEPOST_COUNTRY_UNKNOWN": "allow",
                        "GATEPOST_COUNTRY_ROUTES": "/api/push/=GB,/api/push/vapid-key/=!GB,/api/auth/register/=!SE,/api/=!CN"}) as whole:
        behind_balancer(whole)
        p = Person(whole)
        # Every row that is open to all, wherever its own rule does not say otherwise; not nginx's own question.
        rows = [r for r in json.loads(whole.ctl("routes", "--json").stdout)
                if r["access"] in ("anyone", "guest") and r["path"] not in ("/api/auth/gate", "/api/push/vapid-key/")]
        told = {r["path"]: whole.api(r["method"], r["path"].format(id="1", provider="sandbox", secret="x" * 24),
                                     **at("175.16.199.1")).status_code for r in rows if not r["path"].startswith("/api/auth/register")}
        assert len(told) > 20 and set(told.values()) == {403}, told
        assert {ip: login(p, ip).status_code for ip in (GB, SE, US, "175.16.199.1", NOWHERE)} == {
            GB: 200, SE: 200, US: 403, "175.16.199.1": 403, NOWHERE: 200}
        wrong = [problem(whole.api("POST", "/api/auth/login/", json={"username": name, "password": "Wrong-Word1!"}, **at(US)), 401)
                 for name in (p.phone, "+989120000001")]
        assert same(wrong[0]) == same(wrong[1])
        b = Bearer(whole, login(p, SE).json())
        assert [visit(whole, b.access, ip) for ip in (GB, SE, US)] == [200, 200, 403]
        problem(b.call("GET", "/api/auth/gate", **at(US)), 403, REFUSED)
        problem(refresh(whole, b, US), 403, REFUSED)
        problem(b.call("GET", "/api/push/subscriptions/", **at(SE)), 403, REFUSED)
        assert b.call("GET", "/api/push/subscriptions/", **at(GB)).status_code == 200
        assert b.call("GET", "/api/push/subscriptions", **at(NOWHERE)).status_code == 200
        assert whole.api("GET", "/api/push/vapid-key", **at(SE)).status_code == 200
        problem(whole.api("GET", "/api/push/vapid-key", **at(GB)), 403, REFUSED)
        problem(whole.api("POST", "/api/auth/register/", json={}, **at(SE)), 403, REFUSED)
        problem(whole.api("POST", "/api/auth/register/", json={}, **at(GB)), 400)
        # A token of a script has networks of its own.
        assert whole.api("GET", "/api/push/groups/", token=whole.token, **at(GB)).status_code == 200


# --- every way in, by either word about the country --------------------------------------------------

@pytest.fixture(scope="module", params=["module", "library"])
def ruled(request):
    """A site for Britain and Sweden; the country by nginx's module, or by libmaxminddb where there is none."""
    how = {"env": {"GATEPOST_NGINX_GEOIP": BASE}} if request.param == "module" else {}
    conf = {"GATEPOST_COUNTRY_ALLOW": "GB,SE", **({"GATEPOST_GEOIP_DB": BASE} if request.param == "library" else {})}
    with Instance(conf=conf, **how) as whole:
        if request.param == "module":
            behind_balancer(whole)
        else:
            behind_balancer(whole, by_log=False)
        yield whole


@pytest.fixture(autouse=True)
def no_limits_there(request):
    if "ruled" in request.fixturenames:
        request.getfixturevalue("ruled").rows("DELETE FROM throttle")


class From(Visitor):
    """A browser somewhere."""

    def __init__(self, inst, ip):
        super().__init__(inst)
        self.ip = ip

    def get(self, url, **more):
        return super().get(url, headers={"X-Test-Ip": self.ip}, **more)


def with_code(whole, ip, person):
    """A reset's code, asked for at home and proved there or abroad."""
    whole.rows("DELETE FROM throttle")
    whole.rows("DELETE FROM sms_spend")
    whole.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 1 HOUR")
    r = whole.api("POST", "/api/auth/register/", json={"phone_number": a_phone(), "password": PASSWORD}, **at(SE))
    assert r.status_code == 201, r.text
    number = whole.rows("SELECT phone FROM user ORDER BY id DESC LIMIT 1")[0]["phone"]
    return whole.api("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": whole.sandbox.code(number)}, **at(ip))


def by_oidc(whole, ip, person):
    people(whole, email=an_email(), email_verified=True)
    v = From(whole, SE)
    back = v.there()
    v.ip = ip
    return v.get(back)


def by_facebook(whole, ip, person):
    sub = people(whole, "facebook", name="F")
    token = whole.sandbox._call("POST", "/facebook/token", json={"user": sub})["access_token"]
    return whole.api("POST", "/api/auth/login/facebook/", json={"access_token": token}, **at(ip))


def by_code_alone(whole, ip, person):
    whole.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 1 HOUR")
    before = [m["id"] for m in whole.sandbox.messages(channel="email", to=person.email)]
    r = whole.api("POST", "/api/auth/otp/request/", json={"email": person.email}, **at(SE))
    assert r.status_code == 200, r.text
    new = wait_until("the code", lambda: [m for m in whole.sandbox.messages(channel="email", to=person.email)
                                          if m["id"] not in before and re.search(r"(?<!\d)\d{6}(?!\d)", m["text"])])
    return whole.api("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": re.search(r"(?<!\d)\d{6}(?!\d)", new[0]["text"]).group()}, **at(ip))


def by_mailed_link(whole, ip, person):
    whole.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 1 HOUR")
    before = [m["id"] for m in whole.sandbox.messages(channel="email", to=person.email)]
    r = whole.api("POST", "/api/auth/otp/request/", json={"email": person.email}, **at(SE_TOO))
    assert r.status_code == 200, r.text
    found = wait_until("the link", lambda: [m for m in (re.search(r"/otp/link/\?token=([\w-]+)", x["text"]) for x in whole.sandbox.messages(
        channel="email", to=person.email) if x["id"] not in before) if m])
    return whole.api("POST", "/api/auth/otp/link/", json={"token": found[0].group(1)}, **at(ip))


def by_second_step(whole, ip, person):
    if not hasattr(person, "app"):
        person.app = enrol(person, Bearer(whole, login(person, SE).json()))[0]
    step = due(login(person, SE))
    return whole.api("POST", "/api/auth/mfa/verify/", json={"mfa_token": step["mfa_token"], "code": person.app.code()}, **at(ip))


WAYS = {
    "code alone": by_code_alone, "mailed link": by_mailed_link, "second step": by_second_step,
    "password": lambda w, ip, p: login(p, ip),
    "api token": lambda w, ip, p: w.api("POST", "/api/token/", json={"email": p.email, "password": PASSWORD}, **at(ip)),
    "code": with_code, "oidc": by_oidc, "facebook": by_facebook,
    "refresh": lambda w, ip, p: w.api("POST", "/api/auth/token/refresh/", json={"refresh": login(p, SE).json()["refresh"]}, **at(ip)),
    "api refresh": lambda w, ip, p: w.api("POST", "/api/token/refresh/", json={"refresh": login(p, SE).json()["refresh"]}, **at(ip)),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_obeys_the_site(ruled, way):
    p = Person(ruled, email=an_email())
    for ip, inside in ((SE, True), (GB, True), (US, False), (NOWHERE, False), (PRIVATE, True)):
        before = ruled.rows("SELECT COUNT(*) AS n FROM session")[0]["n"]
        ruled.rows("DELETE FROM throttle")
        r = WAYS[way](ruled, ip, p)
        if inside:
            assert r.status_code in (200, 302) and "gatepost=" in r.headers["Set-Cookie"], f"{ip}: {r.status_code} {r.text[:300]}"
        else:
            assert r.status_code == 403 and REFUSED in r.text, f"{ip}: {r.status_code} {r.text[:300]}"
            assert "__Host-gatepost=" not in r.headers.get("Set-Cookie", "")
            # A refresh begins one at home, to be shown abroad.
            assert ruled.rows("SELECT COUNT(*) AS n FROM session")[0]["n"] == before + ("refresh" in way)


def test_nobody_signs_up_or_is_sent_a_code_from_where_nobody_may_sign_in(ruled):
    p = Person(ruled)
    mail, phone = an_email(), a_phone()
    users = ruled.rows("SELECT COUNT(*) AS n FROM user")
    got = len(ruled.sandbox.messages(limit=1000))
    for ip in (US, NOWHERE):
        net, host = ip.rsplit(".", 1)       # nginx counts by address too
        for n, (path, body) in enumerate((("/api/auth/register/", {"phone_number": phone, "password": PASSWORD}),
                           ("/api/users/", {"email": mail, "password": PASSWORD}),
                           ("/api/auth/password/reset/request/", {"phone_number": p.phone}),
                           ("/api/auth/password/reset/request/", {"phone_number": phone}),
                           ("/api/auth/otp/request/", {"phone_number": p.phone}),
                           ("/api/auth/otp/request/", {"phone_number": phone}),
                           ("/api/auth/otp/request/", {"email": mail}),
                           ("/api/auth/otp/refresh/", {"register_id": p.register_id}),
                           ("/api/auth/otp/refresh/", {"register_id": "A" * len(p.register_id)}),
                           ("/api/auth/number/edit/", {"register_id": p.register_id, "phone_number": phone}),
                           ("/api/auth/mfa/challenge/", {"mfa_token": "A" * 22, "method": "sms"}),
                           ("/api/verify-email/resend/", {"email": mail}))):
            problem(ruled.api("POST", path, json=body, **at(f"{net}.{int(host) + n % 8}")), 403, REFUSED)
        # And nobody makes an account by another site.
        people(ruled, email=mail, email_verified=True)
        refused(From(ruled, ip).get(ruled.url + "/api/auth/social/sandbox/start"), 403, REFUSED)
        v = From(ruled, SE)
        back = v.there()
        v.ip = ip
        refused(v.get(back), 403, REFUSED)
    assert ruled.rows("SELECT COUNT(*) AS n FROM user") == users
    assert len(ruled.sandbox.messages(limit=1000)) == got


@pytest.mark.parametrize("email", [False, True], ids=["phone", "email"])
def test_s20_the_right_password_of_a_claim_sends_no_code_abroad(ruled, email):
    """Who has not proved an address is told of the country like everybody: only behind the right password."""
    p = Person(ruled, email=an_email() if email else None, proved=False)
    p.code()
    ruled.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 1 HOUR")
    flows = ruled.rows("SELECT COUNT(*) AS n FROM otp")
    for ip in (US, NOWHERE):
        ruled.rows("DELETE FROM throttle")
        ruled.rows("DELETE FROM sms_spend")
        problem(login(p, ip), 403, REFUSED)
        problem(login(p, ip, "Wrong-Word1!"), 401, "invalid_credentials")
    assert ruled.rows("SELECT COUNT(*) AS n FROM otp") == flows
    assert len(ruled.sandbox.messages(to=p.email or p.phone)) == 1
    problem(login(p, SE), 403, "not_verified")      # at home it is sent


def test_a_users_list_holds_for_the_other_sites_sign_in_too(ruled):
    sub = people(ruled, email=an_email(), email_verified=True)
    v = From(ruled, SE)
    signed_in(v.visit())
    uid, = ruled.rows("SELECT user_id FROM identity WHERE sub = %s", sub)
    ruled.rows("UPDATE user SET allowed_countries = 'SE' WHERE id = %s", uid["user_id"])
    refused(From(ruled, GB).visit(), 403, REFUSED)
    signed_in(From(ruled, SE).visit())
    row = ruled.rows("SELECT outcome, country FROM audit WHERE user_id = %s ORDER BY id DESC LIMIT 2", uid["user_id"])
    assert {"outcome": "refused", "country": "GB"} in row


def test_a_users_list_and_the_gate(ruled):
    p = Person(ruled)
    allow(ruled, p, "SE")
    b = Bearer(ruled, login(p, SE).json())
    assert {ip: visit(ruled, b.access, ip) for ip in (SE, GB, US, NOWHERE, PRIVATE)} == {
        SE: 200, GB: 403, US: 403, NOWHERE: 403, PRIVATE: 200}
    assert [visit(ruled, b.access, ip, "/land/") for ip in (SE, PRIVATE)] == [200, 403]
    problem(b.call("GET", "/api/auth/profile/", **at(GB)), 403, REFUSED)


def test_addresses_of_the_new_protocol(ruled):
    """IPv6, and IPv4 written as IPv6, are judged as what they are."""
    p = Person(ruled)
    for ip, status in (("2a02:cf40::1", 403), ("2001:218::1", 403), (f"::ffff:{SE}", 200), (f"::ffff:{US}", 403),
                       ("2001:db8::1", 403), ("fd00::1", 200), ("fe80::1", 200)):
        ruled.rows("DELETE FROM throttle")
        assert login(p, ip).status_code == status, ip


def test_without_the_module_the_database_answers_and_a_new_one_is_picked_up(tmp_path):
    """GATEPOST_GEOIP_DB: absent at first, then put in place by rename."""
    import shutil
    where = tmp_path / "country.mmdb"
    with Instance(conf={"GATEPOST_GEOIP_DB": str(where)}) as whole:
        with open(f"{whole.dir}/nginx/extra.d/geo.conf", "w", encoding="utf-8") as f:
            f.write("set_real_ip_from 127.0.0.0/8;\nreal_ip_header X-Test-Ip;\n")
        whole.send_signal("nginx", signal.SIGHUP)
        p = Person(whole)

        def seen():
            whole.rows("DELETE FROM throttle")
            assert login(p, SE).status_code == 200
            return whole.rows("SELECT country FROM session WHERE user_id = %s AND ip = %s ORDER BY id DESC LIMIT 1",
                              p.id, SE)
        assert wait_until("nginx", seen)[0]["country"] in (None, "ZZ")
        shutil.copy(BASE, tmp_path / "new")
        os.rename(tmp_path / "new", where)
        wait_until("the database", lambda: seen()[0]["country"] == "SE", 20)
