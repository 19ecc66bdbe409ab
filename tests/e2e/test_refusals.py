"""Every refusal of every row, by the table that the program prints (D17, D19):
wrong method, too big, wrong kind of body, no credential, wrong role, wrong
members, cross-site, too often.  A new row is tested by being there."""
import contextlib
import http.client
import json
import random
import re
import secrets
import signal
import ssl

import pytest

from conftest import no_faults
from contract import Contract
from instance import wait_until
from people import Browser, Person, forget_limits, problem
from row_bodies import some_body

SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = ("anyone", "guest", "refresh", "holder")
GATE = "/api/auth/gate"


@pytest.fixture(scope="module")
def rows(inst):
    found = json.loads(inst.ctl("routes", "--json").stdout)
    assert len(found) > 30
    return found


@pytest.fixture(scope="module")
def sara(inst):
    return Person(inst)


@pytest.fixture(scope="module")
def admin(inst):
    """A session of a superuser: it passes every row's access word."""
    return inst.admin()


@pytest.fixture(scope="module")
def admin_browser(inst):
    b = Browser(inst)
    r = b.call("POST", "/api/auth/login/", json={
        "username": inst.env["GATEPOST_ADMIN_EMAIL"], "password": inst.env["GATEPOST_ADMIN_PASSWORD"]})
    assert r.status_code == 200
    return b


class Faults:
    """All rows are tried; what is wrong with any is told together."""

    def __init__(self):
        self.found, self.tried = [], 0

    def check(self, row, test):
        self.tried += 1
        try:
            test()
        except AssertionError as e:
            self.found.append(f"{row['method']} {row['path']}: {str(e).splitlines()[0]}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert not self.found, "\n".join(self.found)
            assert self.tried > 0


def url(row):
    return row["path"].replace("{id}", "12345").replace("{member}", "12346").replace("{provider}", "sandbox").replace("{version}", "1").replace("{secret}", "x" * 24)


def refused(r, row, *args, **more):
    """The document, dressed as the row's old clients expect it."""
    p = problem(r, *args, **more)
    assert ("error" in p) == (row["style"] in "PNC"), r.text
    return p


def ask(inst, row, **more):
    return inst.api(row["method"], url(row), **more)


def let_in(row, token):
    """What passes the row's access word: a session, or none where nobody signed in may call."""
    return None if row["access"] == "guest" else token


def test_the_method(inst, rows):
    methods = {}
    for row in rows:
        methods.setdefault(row["path"], set()).add(row["method"])
    with Faults() as faults:
        for row in rows:
            allowed = methods[row["path"]] | ({"HEAD"} if "GET" in methods[row["path"]] else set()) | {"OPTIONS"}
            for wrong in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} - allowed):
                def test():
                    r = inst.api(wrong, url(row))
                    assert r.status_code == 405 and set(r.headers["Allow"].split(", ")) == allowed, r.headers
                    if wrong != "HEAD":
                        problem(r, 405, "method_not_allowed")
                faults.check(row, test)


def test_the_size(inst, rows):
    with Faults() as faults:
        for row in rows:
            if row["method"] not in SAFE:
                faults.check(row, lambda: problem(ask(
                    inst, row, data=b" " * (row["body_max"] + 1), headers={"Content-Type": "application/json"}),
                    413, "too_large"))
                # At the limit it is read: no 413, whatever comes next.
                def fits():
                    r = ask(inst, row, data=b" " * row["body_max"], headers={"Content-Type": "application/json"})
                    assert r.status_code != 413, r.status_code
                faults.check(row, fits)


def test_the_kind_of_body(inst, rows):
    with Faults() as faults:
        for row in rows:
            for kind in ("text/plain", "application/xml", "application/jsonx", "nonsense"):
                if row["method"] not in SAFE:
                    faults.check(row, lambda: refused(ask(
                        inst, row, data="x", headers={"Content-Type": kind}), row, 415, "unsupported_media"))


def test_nobody(inst, rows):
    with Faults() as faults:
        for row in rows:
            if row["path"] == GATE:
                continue
            if row["access"] == "refresh":
                faults.check(row, lambda: refused(ask(inst, row), row, 401, "invalid_token"))
            elif row["access"] not in OPEN:
                faults.check(row, lambda: refused(ask(inst, row), row, 401, "sign_in_required"))
                for bad in ("x", "gp_" + "A" * 43, "a.b.c", "eyJhbGciOiJub25lIn0.e30."):
                    faults.check(row, lambda: refused(ask(inst, row, token=bad), row, 401, "invalid_token"))
                faults.check(row, lambda: refused(ask(
                    inst, row, headers={"Authorization": "Basic YTpi"}), row, 401, "sign_in_required"))


def test_the_wrong_one(inst, rows, sara, admin):
    """403 by the row's word: a user, an admin token, a token of another scope, a claim."""
    def minted(scope):
        r = inst.api("POST", "/api/push/token/generate/", token=admin, json={"scopes": [scope]})
        assert r.status_code == 201, r.text
        return r.json()["token"]
    send, push, claim = minted("send"), minted("push"), Person(inst)
    inst.rows("UPDATE session SET claim = TRUE WHERE user_id = %s", claim.id)
    assert claim.first.with_refresh("/api/auth/token/refresh/").status_code == 200
    user = sara.bearer().access
    with Faults() as faults:
        for row in rows:
            word = row["access"]
            if word == "guest":
                for who in (user, inst.token, claim.first.access):      # before 400 (D17)
                    faults.check(row, lambda: refused(ask(inst, row, token=who, json={}), row, 403, "forbidden"))
            if word in OPEN:
                continue
            if word in ("user", "user_claim", "user+fresh"):
                faults.check(row, lambda: refused(ask(inst, row, token=inst.token), row, 403, "session_required"))
            if word == "role(sender)":       # GATEPOST_USER_SEND lets proved users in
                faults.check(row, lambda: refused(ask(inst, row, token=push), row, 403, "scope_required"))
            elif word.startswith("role"):
                faults.check(row, lambda: refused(ask(inst, row, token=user), row, 403, "role_required"))
                faults.check(row, lambda: refused(ask(inst, row, token=inst.token), row, 403, "role_required"))
            if word.startswith("scope"):
                faults.check(row, lambda: refused(ask(inst, row, token=user), row, 403, "role_required"))
                faults.check(row, lambda: refused(ask(inst, row, token=push if word == "scope(send)" else send), row, 403, "scope_required"))
            if word != "user_claim":
                faults.check(row, lambda: refused(ask(inst, row, token=claim.first.access), row, 403))


def wrong_values(field):
    kind = field["type"]
    if kind == "string":
        return [{"a": 1}, [1], True]
    if kind == "integer":
        return ["x", 1.5, {}, True]
    if kind == "boolean":
        return ["x", 7, {}]
    if kind == "array":
        return ["x", 5, {"a": 1}]
    return []


def test_the_members(inst, rows, admin):
    """400 naming each field: required ones left out, and values of another type."""
    with Faults() as faults:
        for row in rows:
            fields = row["fields"]
            if row["source"] == "query":
                for f in fields:
                    if f["type"] == "integer":
                        faults.check(row, lambda: refused(inst.api(
                            "GET", f"{url(row)}?{f['name']}=x", token=admin), row, 400, field=f["name"]))
                continue
            if not fields or row["method"] in SAFE:
                continue
            required = {f["name"] for f in fields if f["required"]}

            def empty():
                p = refused(ask(inst, row, token=let_in(row, admin), json={}), row, 400)
                assert required <= set(p["errors"]), p["errors"]
                p = refused(ask(inst, row, token=let_in(row, admin), json=dict.fromkeys(required)), row, 400)
                assert required <= set(p["errors"]), p["errors"]
            if required:
                faults.check(row, empty)
            names = [f["name"] for f in fields]
            for f in fields:
                if names.count(f["name"]) > 1:
                    continue
                for value in wrong_values(f):
                    def wrong():
                        p = refused(ask(inst, row, token=let_in(row, admin), json={f["name"]: value}), row, 400)
                        assert set(p["errors"]) == required | {f["name"]}, f"{value!r}: {p['errors']}"
                    faults.check(row, wrong)
            for text in ("{", "[]", "5", '{"a":1}{', '{"a":1,"a":2}', "\ufeff{}", '{"a":"\\ud800"}', "[" * 2000):
                faults.check(row, lambda: refused(ask(
                    inst, row, token=let_in(row, admin), data=text.encode(), headers={"Content-Type": "application/json"}), row, 400))


def test_unknown_members(inst, rows, admin):
    """Our rows refuse them by name; kept ones take no notice."""
    with Faults() as faults:
        for row in rows:
            if row["method"] in SAFE or row["source"] != "body" or not row["fields"]:
                continue

            def test():
                r = ask(inst, row, token=let_in(row, admin), json={"surprise": 1, "": 2})
                named = "surprise" in (r.json().get("errors") or {}) if r.status_code == 400 else False
                assert named == (row["style"] == "ours"), r.text
            if any(f["required"] for f in row["fields"]):
                faults.check(row, test)


def test_nothing_of_that_name(inst, rows, admin, sara):
    """404 from every row whose path names something; one's own and a stranger's look alike."""
    unknown = {"id": "1" * 18, "member": "user-9", "provider": "nobody", "version": "9", "secret": "x" * 24}
    forget_limits(inst)
    user = sara.bearer().access
    with Faults() as faults:
        for row in rows:
            if "{" not in row["path"]:
                continue
            token = admin if row["access"].startswith(("role", "scope")) else user
            path = row["path"].format(**{**unknown, "id": "1-1"} if "/deliveries/" in row["path"] else unknown)
            body = {"json": some_body(row)} if row["method"] not in SAFE and row["source"] == "body" else {}
            faults.check(row, lambda: refused(inst.api(row["method"], path, token=token, **body), row, 404,
                                                "unknown_provider" if "{provider}" in row["path"] else "not_found"))


def test_s34_s38_cross_site(inst, rows, admin_browser):
    """D13, S34: a cookie alone authorises nothing unsafe, and is left alone (S38)."""
    before = admin_browser.access, admin_browser.refresh
    with Faults() as faults:
        for row in rows:
            if row["method"] in SAFE:
                continue
            for headers in ({}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}):
                def test():
                    r = ask(inst, row, session=admin_browser.http, headers=headers)
                    refused(r, row, 403, "csrf")
                    assert "Set-Cookie" not in r.headers
                faults.check(row, test)
    assert (admin_browser.access, admin_browser.refresh) == before
    assert admin_browser.call("GET", "/api/auth/profile/").status_code == 200


def test_preflight(inst, rows):
    with Faults() as faults:
        for row in rows:
            def test():
                r = inst.api("OPTIONS", url(row), headers={
                    "Origin": "https://evil.example", "Access-Control-Request-Method": row["method"]})
                assert r.status_code == 204 and row["method"] in r.headers["Allow"].split(", "), r.status_code
                assert not any(h.lower().startswith("access-control-") for h in r.headers)
            faults.check(row, test)


def raw(inst, path):
    """The path as it is, whatever a library would make of it."""
    c = http.client.HTTPSConnection("localhost", inst.port, timeout=10,
                                    context=ssl.create_default_context(cafile=inst.ca))
    try:
        c.putrequest("POST", path, skip_accept_encoding=True)
        c.putheader("Content-Length", "2")
        c.putheader("Content-Type", "application/json")
        c.endheaders(b"{}")
        r = c.getresponse()
        return r.status, r.headers, r.read()
    finally:
        c.close()


@pytest.mark.parametrize("path", [
    "/api/auth/%6cogin/", "/api//auth/login/", "/api/auth/./login/", "/api/auth/x/../login/", "/api/auth/login//",
    "/api/auth/login/x", "/api/nothing/", "/api/", "/api/auth/sessions/a%2fb/", "/api/auth/login/..;/"])
def test_no_such_path(inst, path):
    status, headers, body = raw(inst, path)
    p = json.loads(body)
    assert (status, p["code"], headers["Content-Type"]) == (404, "not_found", "application/problem+json")
    assert p["request_id"] == headers["X-Request-Id"]


# --- too often -------------------------------------------------------------------------------

LIMIT = 4


@pytest.fixture(scope="module")
def tight():
    """An instance whose limits are few, and hold for this machine too; and whose API two other sites may call."""
    from instance import Instance
    with Instance(conf={
            "GATEPOST_LIMITS_LOOPBACK": "yes", "GATEPOST_ANON_DAY": LIMIT, "GATEPOST_USER_DAY": LIMIT, "GATEPOST_PUSH_TOKEN_HOUR": LIMIT, "GATEPOST_PUSH_TEST_HOUR": LIMIT,
            "GATEPOST_SIGNIN_ADDRESS_MIN": LIMIT, "GATEPOST_SIGNUP_ADDRESS_HOUR": LIMIT,
            "GATEPOST_CORS_ORIGINS": "https://app.example,https://shop.example",
            "GATEPOST_CSRF_ORIGINS": "https://app.example"}) as whole:
        yield whole
        no_faults(whole)


def test_s41_s44_too_often(tight, rows):
    """S41, S44: each row by its own word; those without one are never refused."""
    wait = {"anon": 86400, "user": 86400, "signin": 60, "signup": 3600, "push_token": 3600, "push_test": 3600}
    with Faults() as faults:
        for i, row in enumerate(rows):
            if row["path"] == GATE:
                continue
            forget_limits(tight)
            token = tight.admin()       # a fresh one: the row may be the one that ends it
            forget_limits(tight)
            # Members that are refused later: 429 comes before 400.
            body = {"json": {"register_id": 5, "token": 5, "password": 5, "name": 5, "title": 5}} \
                if row["method"] not in SAFE else {}
            who = None if row["throttle"] in ("anon", "signin", "signup") and row["access"] in OPEN else token

            def test():
                first = [ask(tight, row, token=who, **body).status_code for _ in range(LIMIT)]
                assert 429 not in first, first
                r = ask(tight, row, token=who, **body)
                if row["throttle"] in wait:
                    refused(r, row, 429, "rate_limited")
                    assert 1 <= int(r.headers["Retry-After"]) <= wait[row["throttle"]]
                    # Somebody else is not concerned: each time another, for nginx counts them too (D16).
                    other = ask(tight, row, token=who, source=f"127.0.{1 + i // 250}.{1 + i % 250}", **body).status_code
                    assert (other == 429) == (row["throttle"] in ("user", "anon", "push_token", "push_test") and who is not None), other
                else:
                    assert r.status_code != 429, r.text
            faults.check(row, test)
    forget_limits(tight)


def test_other_letters_are_looked_for_too(inst, rows):
    """A column of ASCII beside what people type: no filter and no search fails for its letters, and names are found by theirs."""
    name = "سارا" + "".join(random.choices("ابپتثجچ", k=8))
    p = Person(inst, first_name=name, last_name="é😀")
    token, asked = inst.admin(), 0
    # What is asked of a row that is not there says nothing about its list.
    under = {"/api/campaigns/{id}/recipients/": ("/api/campaigns/", {"name": "n", "channels": ["email"], "title": "t", "body": "b",
                                                                    "audience": {"country": ["XQ"]}}),
             "/api/push/groups/{id}/members/": ("/api/push/groups/", {"name": "g" + secrets.token_hex(4)})}
    made = {path: inst.api("POST", ask[0], token=token, json=ask[1]).json()["id"] for path, ask in under.items()}
    with Faults() as faults:
        for row in rows:
            for field in row["fields"] if row["method"] == "GET" and row["source"] == "query" else ():
                if field["type"] != "string" or row["path"] == GATE:
                    continue
                forget_limits(inst)
                asked += 1

                def test():
                    r = inst.api("GET", re.sub(r"\{\w+\}", str(made.get(row["path"], 1)), row["path"]), token=token, params={field["name"]: name})
                    assert r.status_code < 500, (field["name"], r.text)
                    assert row["path"] not in made or r.status_code in (200, 400), r.text
                faults.check(row, test)
    assert asked > 60
    for path in ("/api/notifications/", "/api/notifications/explain/"):
        r = inst.api("POST", path, token=token, json={"user_id": p.id, "template": name})
        assert r.status_code == 400 and "template" in r.json()["errors"], r.text
    for path in ("/api/admin/users/", "/api/users/"):
        found = inst.api("GET", path, token=token, params={"q": name}).json()["results"]
        assert [u["id"] for u in found] == [p.id]


def test_what_staff_watch_uses_up_no_day(rows):
    """A page that asks every five seconds would be refused within the hour, and with it all others, until tomorrow."""
    others = {"/api/push/tokens/", "/api/push/groups/", "/api/push/groups/{id}/members/", "/api/suppressions/", "/api/templates/",
              "/api/templates/{id}/", "/api/templates/{id}/versions/", "/api/templates/{id}/versions/{version}/"}
    watched = [r for r in rows if r["method"] == "GET" and (r["path"].startswith("/api/admin/") or r["path"] in others)]
    assert others <= {r["path"] for r in watched} and not [r["path"] for r in watched if r["throttle"] != "none"]


def test_s40_a_spoofed_address_changes_nothing(tight):
    forget_limits(tight)

    def fail(i):
        return tight.api("POST", "/api/auth/login/", json={"username": f"u{i}", "password": "x"}, headers={
            "X-Forwarded-For": f"10.0.0.{i}", "Forwarded": f"for=10.0.0.{i}", "X-Real-IP": f"10.0.0.{i}",
            "X_Forwarded_For": f"10.0.0.{i}"})
    assert [fail(i).status_code for i in range(LIMIT)] == [401] * LIMIT
    problem(fail(99), 429, "rate_limited")
    forget_limits(tight)


def test_s37_listed_origins(tight):
    """S37: exact, with Vary, credentials only where cookies may be used."""
    def ask_from(origin, method="OPTIONS"):
        return tight.api(method, "/api/auth/login/", headers={
            "Origin": origin, "Access-Control-Request-Method": "POST"})
    r = ask_from("https://app.example")
    assert r.status_code == 204 and r.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert r.headers["Access-Control-Allow-Credentials"] == "true" and "Origin" in r.headers["Vary"]
    assert {"Authorization", "Content-Type", "Idempotency-Key", "Prefer"} <= set(
        r.headers["Access-Control-Allow-Headers"].split(", "))
    assert "POST" in r.headers["Access-Control-Allow-Methods"]
    r = ask_from("https://shop.example")
    assert r.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Access-Control-Allow-Credentials" not in r.headers
    for origin in ("https://app.example.evil", "https://evilapp.example", "http://app.example", "null", "*",
                   "https://app.example:444", "https://APP.example."):
        r = ask_from(origin)
        assert r.status_code == 204 and "Access-Control-Allow-Origin" not in r.headers, origin
        assert "Origin" in r.headers["Vary"]
    # A refusal carries the headers too, or the page could not read it.
    r = tight.api("POST", "/api/auth/token/verify/", json={"token": "x"}, headers={"Origin": "https://app.example"})
    assert r.status_code == 401 and r.headers["Access-Control-Allow-Origin"] == "https://app.example"


@contextlib.contextmanager
def strict_nginx(inst):
    """An administrator's own numbers: from elsewhere hardly anything passes."""
    path = f"{inst.dir}/nginx/gatepost-limits.conf"
    with open(path, encoding="utf-8") as f:
        shipped = f.read()

    def put(text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        inst.send_signal("nginx", signal.SIGHUP)
    strict, n = re.subn(r"rate=\d+r/[sm]", "rate=1r/m", re.sub(r" burst=\d+ +nodelay", "", shipped))
    assert n == 3
    put(strict)
    try:
        yield
    finally:
        put(shipped)


def test_s44_nginx_limits_every_row_that_lists_it(inst, rows):
    """A flood is stopped before the application, whatever the row: its 429 is nginx's, in the form that the document has."""
    contract = Contract()

    def late(row):
        # A connection of its own: nginx's old workers keep theirs, and their numbers.
        return inst.api(row["method"], url(row), source="127.0.0.3")
    with strict_nginx(inst), Faults() as faults:
        for row in rows:
            listed = "429" in contract.doc["paths"][row["path"]][row["method"].lower()]["responses"]
            if row["limit"] == "none":
                assert late(row).status_code != 429
                continue
            assert listed, row["path"]

            def test():
                # The first of a class passes, and what an old worker of nginx still takes.
                got = wait_until("the limit", lambda: [r for r in [late(row)] if r.status_code == 429], 2)
                problem(contract.check(row["method"], url(row), got[0]), 429, "rate_limited")
            faults.check(row, test)
