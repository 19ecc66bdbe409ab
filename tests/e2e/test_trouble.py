"""While parts are away: the database gone, children killed, reloads and drains
under load (R5, R13, S6, D8, D14).  On an instance of its own."""
import http.cookiejar as http_cookies
import itertools
import json
import os
import re
import signal
import time

import pytest
import requests

from conftest import no_faults
from crowd import Crowd
from people import Person, an_email, forget_limits, problem, within
from row_bodies import some_body

PROFILE, REFRESH, GATE = "/api/auth/profile/", "/api/auth/token/refresh/", "/api/auth/gate"
# Answered without a database, whatever happens to it.
NEEDS_NONE = {"/api/health/live", "/api/push/vapid-key/", "/api/auth/challenge/", "/api/auth/social/providers/", "/metrics"}
# Nor does looking at a signed link; its POST does.
LOOKS_ONLY = {("GET", "/api/unsubscribe/")}
# Without the state of a browser that left, or Facebook's signature, there is nothing to look up; nor away from the other
# host's own address (test_gate_sites.py has the database gone there).
REFUSE_FIRST = {("GET", "/api/auth/social/{provider}/callback"), ("POST", "/api/auth/social/facebook/deletion/"),
                ("GET", "/api/auth/gate/redeem"),
                # Not signed, or not by the secret: test_callbacks.py has the database gone under those that are.
                ("GET", "/api/webhooks/whatsapp/"), ("POST", "/api/webhooks/whatsapp/"), ("POST", "/api/webhooks/twilio/"),
                ("GET", "/api/webhooks/kavenegar/{secret}/"), ("POST", "/api/webhooks/kavenegar/{secret}/"),
                ("POST", "/api/webhooks/email/{secret}/")}


@pytest.fixture(scope="module")
def frail():
    from instance import Instance
    with Instance(workers=1) as whole:
        yield whole
        no_faults(whole)


class Load(Crowd):
    """Each on a connection of its own that nginx keeps."""

    def __init__(self, inst, asks, a_second):
        super().__init__([self._client(a) for a in asks], len(asks) / a_second)
        self.inst, self.answers, self.faults = inst, [], []

    def _client(self, ask):
        http = requests.Session()
        http.trust_env = False
        http.cookies.set_policy(http_cookies.DefaultCookiePolicy(allowed_domains=[]))   # bearers only

        def one():
            try:
                r = ask(http)
                self.answers.append(r.status_code)
                if r.status_code not in (200, 204):
                    self.faults.append(r)
            except OSError as e:        # a connection that broke is a failed request
                self.answers.append(0)
                self.faults.append(e)
        return one


def clients(inst, person):
    """A reader of the profile, a visitor at the gate, one who refreshes, one who signs in."""
    me = person.bearer()
    mine = person.bearer()

    turn = itertools.count()

    def refresh(http):
        if next(turn) % 5:              # sixty a minute are what a session has
            return inst.api("GET", PROFILE, token=mine.access, session=http)
        # As D7 asks of clients: an answer that is lost is asked for again with the same token.
        r = inst.api("POST", REFRESH, json={"refresh": mine.refresh}, session=http)
        if r.status_code == 200:
            mine.take(r.json())
        return r
    return [lambda http: inst.api("GET", PROFILE, token=me.access, session=http),
            lambda http: inst.api("GET", PROFILE, token=me.access, session=http),
            lambda http: inst.api("GET", GATE, token=me.access, session=http),
            lambda http: inst.api("GET", "/api/health/ready", session=http),
            lambda http: inst.api("POST", "/api/auth/login/", session=http, json={
                "username": person.phone, "password": person.password})], refresh


def children(inst):
    master = inst.pid("api")
    found = []
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                with open(f"/proc/{d}/stat", encoding="ascii", errors="replace") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == master and fields[0] not in "ZX":
                found.append(int(d))
    return found


def test_r13_twenty_reloads_lose_no_request(frail):
    p = Person(frail)
    asks, _ = clients(frail, p)
    before = set(children(frail))
    with Load(frail, asks, 100) as load:
        for _ in range(20):
            begun = time.monotonic()
            frail.send_signal("api", signal.SIGHUP)
            time.sleep(max(0, 0.35 - (time.monotonic() - begun)))
        # ... and the last generation is a new one, at work.
        within(20, "new children", lambda: not before & set(children(frail)))
        served = len(load.answers)
        within(10, "more answers", lambda: len(load.answers) > served + 50)
    assert not load.faults, [getattr(f, "text", f) for f in load.faults[:5]]
    assert len(load.answers) > 400


def test_sigterm_answers_whoever_was_let_in(frail):
    """A drain: nobody's request breaks; whoever comes too late is told to come again."""
    p = Person(frail)
    asks, _ = clients(frail, p)
    for _ in range(3):
        with Load(frail, asks, 100) as load:
            within(10, "answers", lambda: len(load.answers) > 40)
            frail.kill("api", signal.SIGTERM)
            frail.start("api")
            frail.ready()
            served = len(load.answers)
            within(10, "more answers", lambda: len(load.answers) > served + 20)
        broken = [f for f in load.faults if not isinstance(f, requests.Response) or f.status_code != 503]
        assert not broken, [getattr(f, "text", f) for f in broken[:5]]
        for f in load.faults:
            problem(f, 503, "unavailable")
        assert load.answers[-1] in (200, 204)


def test_s6_kill_9_of_children(frail):
    """S6: clients see 503 at worst, and whoever refreshes stays signed in."""
    p = Person(frail)
    asks, refresh = clients(frail, p)
    with Load(frail, asks + [refresh], 100) as load:
        for _ in range(12):
            at = len(load.answers)
            within(10, "answers", lambda: len(load.answers) > at + 25)
            for pid in children(frail)[::2]:
                os.kill(pid, signal.SIGKILL)
            forget_limits(frail)        # a sign-in cut off counts as a try
        served = len(load.answers)
        within(20, "more answers", lambda: len(load.answers) > served + 60)
    assert {a for a in load.answers} <= {200, 204, 503}
    for f in load.faults:
        problem(f, 503)
    assert load.answers[-20:].count(503) == 0 and len(load.faults) < len(load.answers) / 2
    assert not frail.rows("SELECT 1 FROM session WHERE end_reason = 'theft'")


def test_s6_a_killed_answer_is_given_again(frail):
    """The rotation committed, the answer never came: 1 s later the same pair."""
    p = Person(frail)
    me = p.bearer()
    r = frail.api("POST", REFRESH, json={"refresh": me.refresh})
    for pid in children(frail):
        os.kill(pid, signal.SIGKILL)
    within(10, "the pools", lambda: frail.api("GET", "/api/health/ready").status_code == 200)

    def again():
        a = frail.api("POST", REFRESH, json={"refresh": me.refresh})
        return a if a.status_code == 200 else None
    got = within_value(10, again)
    assert got.content == r.content


def within_value(seconds, test):
    end = time.monotonic() + seconds
    while not (got := test()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return got


def test_the_programs_are_gone(frail):
    """nginx answers in their place: 503 from every row, to be tried again."""
    rows = json.loads(frail.ctl("routes", "--json").stdout)
    frail.kill("api", signal.SIGTERM)
    try:
        place = {"id": "1", "member": "2", "provider": "facebook", "version": "1", "secret": "x" * 24}
        asked = [(r["method"], r["path"], frail.api(r["method"], r["path"].format(**place))) for r in rows if r["path"] != GATE]
        assert [(m, p, r.status_code) for m, p, r in asked if r.status_code != 503 or "Retry-After" not in r.headers] == []
    finally:
        frail.start("api")
    frail.ready()


def test_the_database_is_gone_and_comes_back(frail):
    """R5: 503 with Retry-After from every row that needs it, and nothing else; the gate too (D8, D14)."""
    p = Person(frail)
    me, admin = p.bearer(), frail.admin()
    rows = json.loads(frail.ctl("routes", "--json").stdout)
    assert frail.api("GET", GATE, token=me.access).status_code == 204
    # A link of ours: any other is refused unlooked.
    mailed = an_email()
    assert frail.api("POST", "/api/register/", json={"email": mailed, "password": p.password}).status_code == 201
    link = {"token": within_value(15, lambda: [found.group(1) for m in frail.sandbox.messages(channel="email", to=mailed)
                                               if (found := re.search(r"token=(\S+)", m["text"] or ""))])[0]}
    mailed = an_email()
    assert frail.api("POST", "/api/notifications/", token=admin, json={
        "email": mailed, "title": "t", "body": "b"}).status_code == 202
    unwanted = {"t": within_value(15, lambda: [m["headers"]["list-unsubscribe"] for m in frail.sandbox.messages(
        channel="email", to=mailed)])[0].split("?t=")[1].rstrip(">")}
    frail.kill("db")
    try:
        # The list is fresh for a second: the gate still knows; then it must not guess.
        within(3, "the gate closes", lambda: frail.api("GET", GATE, token=me.access).status_code == 503)
        faults = []
        own = {"password": p.password, "username": p.phone, "old_password": p.password, "token": me.access,
               "refresh": me.refresh}
        of_path = {"/api/verify-email/": link, "/api/v1/verify-email/": link, "/api/unsubscribe/": unwanted}
        for row in rows:
            if (row["method"], row["path"]) in REFUSE_FIRST:
                continue
            body = some_body(row, own, of_path)
            place = {"id": "1-1" if "/deliveries/" in row["path"] else "1", "member": "2", "provider": "facebook", "version": "1", "secret": "x" * 24}
            ask = {k: of_path.get(row["path"], {}).get(k, "A" * 32) for k in {f["name"] for f in row["fields"]} & {"token", "id", "t"}} \
                if row["source"] == "query" else None
            r = frail.api(row["method"], row["path"].format(**place), token=admin, params=ask,
                          **({"json": body} if row["source"] == "body" and row["method"] not in ("GET", "HEAD") else {}))
            try:
                if row["path"] in NEEDS_NONE or (row["method"], row["path"]) in LOOKS_ONLY:
                    assert r.status_code == 200, r.text
                else:
                    problem(r, 503)
            except AssertionError as e:
                faults.append(f"{row['method']} {row['path']}: {e}")
        assert not faults, "\n".join(faults)
        # A sign-out that could not be written is not told as done, and nobody is taken for a stranger.
        problem(frail.api("POST", "/api/auth/logout/", token=me.access), 503)
        problem(frail.api("POST", REFRESH, json={"refresh": me.refresh}), 503)
        # What needs no database is refused as ever.
        problem(frail.api("GET", "/api/nothing/"), 404)
        problem(frail.api("POST", REFRESH, json={"refresh": "x" * 39}), 401)
        problem(frail.api("GET", PROFILE, token="x.y.z"), 401)
        assert frail.api("GET", GATE).status_code == 401
    finally:
        frail.start("db")
    frail.ready()
    within(10, "the gate opens", lambda: frail.api("GET", GATE, token=me.access).status_code == 204)
    forget_limits(frail)
    assert me.with_refresh(REFRESH).status_code == 200
    assert p.login().status_code == 200
    assert frail.api("GET", PROFILE, token=admin).status_code == 200


def test_s6_r5_the_database_restarts_under_load(frail):
    p = Person(frail)
    asks, refresh = clients(frail, p)
    with Load(frail, asks + [refresh], 60) as load:
        within(10, "answers", lambda: len(load.answers) > 30)
        frail.kill("db")
        within(10, "refusals", lambda: load.answers[-10:].count(503) >= 5)
        frail.start("db")
        within(20, "recovery", lambda: load.answers[-40:].count(503) == 0)
    broken = [f for f in load.faults if not isinstance(f, requests.Response) or f.status_code != 503]
    assert not broken, [getattr(f, "text", f) for f in broken[:5]]
    for f in load.faults:
        problem(f, 503)
    assert not frail.rows("SELECT 1 FROM session WHERE end_reason = 'theft'")
