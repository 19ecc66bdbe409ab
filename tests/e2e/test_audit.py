"""Who did what, when, from where, by what and with which outcome: every event of a whole life (S71)."""
import json
import re

import pytest

from instance import wait_until
from people import Bearer, Person, a_phone, an_email, forget_limits, problem
from test_country import GB, SE, geo, pytestmark    # noqa: F401  an instance whose nginx knows countries

AUDIT, ADMIN = "/api/admin/audit/", "/api/admin/users/"
FORGED = "evil\tagent\x1b[31m {\"event\":\"login\"}"
WORDS = ("Rain-Cloud7?", "Sun-Flower8!", "Sun-Flower9!", "Deep-Forest5!")


class Abroad:
    """The instance as somebody in another country reaches it, by a client that lies about itself."""

    def __init__(self, whole, ip=SE):
        self.whole, self.ip = whole, ip

    def __getattr__(self, name):
        return getattr(self.whole, name)

    def api(self, method, path, headers=None, **more):
        return self.whole.api(method, path, headers={"X-Test-Ip": self.ip, "User-Agent": FORGED, **(headers or {})}, **more)


def a_life(inst, boss):
    """One account from its registration to its end and back; returns it, and what must be nowhere in the audit."""
    def ok(r, status=200):
        assert r.status_code == status, r.text
        return r
    p = Person(inst)
    secrets = [p.phone, p.register_id, p.code()]
    ok(p.login())
    ok(p.login(password="Wrong-Word-1"), 401)
    me, other = p.bearer(), p.bearer()
    one = [s["id"] for s in me.call("GET", "/api/auth/sessions/").json()["results"] if not s["current"]][0]
    ok(me.call("DELETE", f"/api/auth/sessions/{one}/"), 204)
    ok(me.call("POST", "/api/auth/sessions/revoke-others/"))
    ok(me.call("POST", "/api/auth/password/change/", json={"old_password": "Wrong-Word-1", "new_password": WORDS[0]}), 400)
    ok(me.call("POST", "/api/auth/password/change/", json={"old_password": p.password, "new_password": WORDS[0]}))
    p.password = WORDS[0]
    forget_limits(inst)
    # A forgotten password.
    seen = p.code()
    flow = ok(p.reset_request()).json()["register_id"]
    secrets += [flow, p.code(after=(seen,))]
    ok(inst.api("POST", "/api/auth/password/reset/", json={"register_id": flow, "otp_code": secrets[-1], "new_password": WORDS[1]}))
    p.password = WORDS[1]
    # A new number, taken back by the old one.
    me, new = p.bearer(), a_phone()
    r = ok(me.call("POST", "/api/auth/number/change/", json={"new_phone_number": new}))
    code = inst.sandbox.code(new)
    ok(inst.api("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": f"{(int(code) + 1) % 1000000:06d}"}), 400)
    ok(inst.api("POST", "/api/auth/otp/verify/", json={"register_id": r.json()["register_id"], "otp_code": code}))
    undo = wait_until("the way back", lambda: next((m.group(1) for m in (re.search(r"undo/\?token=([\w-]{22})", x["text"])
                      for x in inst.sandbox.messages(to=p.phone)) if m), None))
    ok(inst.api("POST", "/api/auth/undo/", json={"token": undo}))
    secrets += [new, code, undo]
    forget_limits(inst)
    seen = {m["text"] for m in inst.sandbox.messages(to=p.phone)}
    flow = ok(p.reset_request()).json()["register_id"]
    code = wait_until("a code", lambda: next((re.search(r"(?<!\d)\d{6}(?!\d)", m["text"]).group() for m in
                      inst.sandbox.messages(to=p.phone) if m["text"] not in seen and re.search(r"(?<!\d)\d{6}(?!\d)", m["text"])),
                      None))
    ok(inst.api("POST", "/api/auth/password/reset/", json={"register_id": flow, "otp_code": code, "new_password": WORDS[2]}))
    p.password = WORDS[2]
    # An address.
    me, mail = p.bearer(), an_email()
    r = ok(me.call("POST", "/api/auth/email/change/", json={"new_email": mail}))
    ok(inst.api("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(mail, "email")}))
    secrets += [mail, code, flow]
    # What administrators do.
    forget_limits(inst)
    for what in ("sign-out", "disable", "enable", "reset-password"):
        ok(inst.api("POST", f"{ADMIN}{p.id}/{what}/", token=boss))
    ok(inst.api("PATCH", f"{ADMIN}{p.id}/", token=boss, json={"first_name": "Nasrin", "is_staff": True}))
    ok(inst.api("PATCH", f"/api/users/{p.id}/", token=boss, json={"is_staff": False}))
    ok(inst.api("PATCH", f"/api/users/{p.id}/", token=boss, json={"last_name": "Irani"}))
    r = ok(inst.api("POST", f"{ADMIN}{p.id}/impersonate/", token=boss, json={"reason": "ticket 7"}), 201)
    ok(inst.api("POST", "/api/auth/logout/", token=r.json()["access"]))
    secrets += [r.json()["access"], r.json()["refresh"], "Nasrin", "Irani"]
    # A stolen session, and the end.
    me = p.bearer()
    stolen = me.refresh
    for _ in range(2):
        ok(me.with_refresh("/api/auth/token/refresh/"))
    ok(inst.api("POST", "/api/auth/token/refresh/", json={"refresh": stolen}), 401)
    me = p.bearer()
    ok(me.call("GET", "/api/auth/export/"))
    ok(me.call("POST", "/api/auth/logout/", json={}))
    ok(me.call("GET", "/api/auth/profile/"), 401)
    last = p.bearer()
    ok(last.call("DELETE", "/api/auth/account/"))
    restore = p.login().json()["restore_token"]
    ok(inst.api("POST", "/api/auth/account/restore/", json={"token": restore}))
    return p, [*secrets, restore, stolen, me.access, me.refresh, last.access, *WORDS, "Wrong-Word-1", other.refresh]


LIFE = {"register", "login", "otp", "session_revoked", "sessions_revoked", "password_change", "reset_request", "password_reset",
        "number_change", "number_undo", "email_change", "user_sign_out", "user_disable", "user_enable", "user_reset",
        "user_change", "role_change", "impersonation_begin", "impersonation_end", "refresh_reuse", "export", "logout",
        "account_close", "account_restore"}
REFUSED = {"login", "otp", "password_change"}   # of which the life has refusals too


def rows_of(inst, root, p):
    """All of an account, page by page."""
    got, path = [], f"{AUDIT}?user_id={p.id}&limit=7&since=2020-01-01T00:00:00Z&until=2099-01-01T00:00:00Z"
    while path:
        page = inst.api("GET", path, token=root).json()
        got += page["results"]
        assert len(page["results"]) <= 7 and page["previous"] is None
        path = page["next"] and page["next"].removeprefix(inst.url)
        forget_limits(inst)
    return got


def test_s71_every_event_of_a_life_is_there_and_safe(geo):
    inst, root = Abroad(geo), geo.admin()
    root_id = inst.rows("SELECT id FROM user WHERE email = %s", geo.env["GATEPOST_ADMIN_EMAIL"])[0]["id"]
    p, secrets = a_life(inst, root)
    wait_until("the worker's word", lambda: geo.rows("SELECT 1 FROM audit WHERE user_id = %s AND event = 'impersonation_end'", p.id))
    got = rows_of(geo, root, p)
    assert LIFE - {e["event"] for e in got} == set()
    ids = [int(e["id"]) for e in got]
    assert ids == sorted(set(ids), reverse=True)
    whens = [e["at"] for e in got]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", w) for w in whens)
    for e in got:
        assert e["user_id"] == p.id and e["outcome"] in ("ok", "refused", "begun"), e
        if e["event"] == "impersonation_end":
            continue        # the worker's word: nobody called
        assert e["ip"] == SE and e["country"] == "SE" and e["request_id"], e
        assert "agent" in e["user_agent"] and not re.search(r"[\x00-\x1f]", e["user_agent"]), e
    for e in got:
        by_boss = e["event"].startswith(("user_", "role_", "impersonation_"))
        if by_boss:
            assert e["actor_id"] == root_id, e
    assert {e["event"] for e in got if e["outcome"] == "refused"} >= REFUSED
    assert {e["event"] for e in got if e["outcome"] != "refused"} >= LIFE - {"refresh_reuse", "otp"}    # a good code is what it proves
    text = json.dumps(got, ensure_ascii=False)
    for secret in secrets:
        assert secret not in text, secret
    # Nor in the logs, where nobody forges a line either.
    for part in ("api", "worker"):
        log = inst.log(part)
        assert "\x1b" not in log and not any(s in log for s in secrets)
        for line in log.splitlines():
            assert not line.startswith(" {"), line
    assert "whole" in inst.ctl("audit", "verify").stdout


def test_s71_the_list_is_filtered_by_event_and_time(geo):
    root = geo.admin()
    p = Person(geo)
    for _ in range(2):
        assert p.login().status_code == 200
    q = f"{AUDIT}?user_id={p.id}"

    def get(more=""):
        r = geo.api("GET", q + more, token=root)
        assert r.status_code == 200, r.text
        return r.json()["results"]
    every = get()
    assert {e["event"] for e in get("&event=login")} == {"login"} and len(get("&event=login")) == 3    # by its code first
    since = [e["at"] for e in every if e["event"] == "login"][0]
    later, earlier = get(f"&since={since}"), get(f"&until={since}")
    assert {e["id"] for e in later} | {e["id"] for e in earlier} == {e["id"] for e in every}
    assert not {e["id"] for e in later} & {e["id"] for e in earlier} and len(later) < len(every)
    assert geo.api("GET", f"{AUDIT}?event=login&limit=1", token=root).json()["results"][0]["event"] == "login"
    problem(geo.api("GET", f"{AUDIT}?before=x", token=root), 400, None, "before")
    problem(geo.api("GET", f"{AUDIT}?since=yesterday", token=root), 400, None, "since")
    problem(geo.api("GET", AUDIT, token=p.first.access), 403, "role_required")
    problem(geo.api("GET", AUDIT, token=geo.token), 403, "role_required")


@pytest.mark.parametrize("by", ["address of a stranger", "unknown name"])
def test_s71_a_failure_of_nobody_is_recorded_too(geo, by):
    name = a_phone() if by == "unknown name" else Person(geo).phone
    before = geo.rows("SELECT COALESCE(MAX(id), 0) AS n FROM audit")[0]["n"]
    r = Abroad(geo, GB).api("POST", "/api/auth/login/", json={"username": name, "password": "Wrong-Word-1"})
    assert r.status_code == 401
    row = geo.rows("SELECT * FROM audit WHERE id > %s AND event = 'login'", before)
    assert len(row) == 1 and (row[0]["outcome"], row[0]["ip"], row[0]["country"]) == ("refused", GB, "GB")
    assert name not in json.dumps(row, default=str)
