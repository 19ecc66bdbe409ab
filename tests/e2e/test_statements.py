"""Statements about the whole that no other file proves: what is bounded (S13), what a session's list covers (S14),
keys that turn under load (S17), no sleep anywhere (S23), and fifty tabs of a browser while answers are lost, children
die and the database restarts: nobody is signed out, and no theft is missed (S2, S4, S5, S6)."""
import hmac
import itertools
import json
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest

from conftest import no_faults
from instance import Instance, wait_until
from people import OTHER, Person, an_email, forget_limits, problem, within
from test_sessions import REFRESH, ago, claims, pair, refresh, row, session_of
from test_trouble import GATE, PROFILE, Load, children


@pytest.fixture(autouse=True)
def fresh_counters(request):
    if "inst" in request.fixturenames:
        forget_limits(request.getfixturevalue("inst"))


# --- sessions ---------------------------------------------------------------------------

def test_s14_a_rotated_session_is_one_row_and_revoked_with_all_its_tokens(inst):
    p = Person(inst)
    me, other = p.bearer(), p.first
    sid, tokens, accesses = session_of(me), [me.refresh], [me.access]
    for _ in range(3):
        assert me.with_refresh(REFRESH).status_code == 200
        tokens.append(me.refresh)
        accesses.append(me.access)
    listed = other.call("GET", "/api/auth/sessions/").json()["results"]
    assert [s["id"] for s in listed].count(str(sid)) == 1 and len(listed) == 2
    assert other.call("DELETE", f"/api/auth/sessions/{sid}/").status_code == 204
    for access in accesses:
        within(1, "its end", lambda a=access: inst.api("GET", PROFILE, token=a).status_code == 401)
    for token in reversed(tokens):
        problem(refresh(inst, token), 401, "invalid_token")
    assert other.with_refresh(REFRESH).status_code == 200


# --- no sleep ---------------------------------------------------------------------------

# Who may wait, and for what: a sender that asked to (Prefer: wait), a statement that met a deadlock.
WAITERS = {"push_wait.o": "nanosleep", "db_run.o": "nanosleep"}
SLEEPS = {"sleep", "usleep", "nanosleep", "clock_nanosleep", "thrd_sleep", "select", "pselect", "pause", "alarm",
          "setitimer", "timer_settime", "sem_timedwait", "pthread_cond_timedwait", "sigtimedwait"}


def test_s23_nothing_that_answers_sleeps():
    """Times are equal because the work is, not because somebody waits."""
    build = os.environ["GATEPOST_BUILD"]
    found, seen = {}, 0
    for room in ("base", "store", "net", "http", "queue", "auth", "api"):
        if not os.path.exists(f"{build}/lib{room}.a"):
            pytest.skip("installed programs only")
        out = subprocess.run(["nm", "-A", "-u", f"{build}/lib{room}.a"], capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            where, name = line.split(":")[1], line.split()[-1].split("@")[0]
            seen += 1
            if name in SLEEPS:
                found[where] = name
    assert seen > 1000 and found == WAITERS
    for name in os.listdir(f"{TOP}/fcgi-app/store"):
        with open(f"{TOP}/fcgi-app/store/{name}", encoding="utf-8") as f:
            text = f.read().upper()
        assert "SLEEP(" not in text.replace("NANOSLEEP(", "") and "BENCHMARK(" not in text, name


TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


# --- an instance that is broken ------------------------------------------------------------

@pytest.fixture(scope="module")
def own():
    with Instance() as whole:
        yield whole
        no_faults(whole)


def test_s13_revocations_go_when_their_tokens_have(own):
    """However many sign out: what has expired is swept as fast as it came, what lives stays."""
    p = Person(own)
    life = int(own.settings.get("GATEPOST_ACCESS_LIFE_S", 900)) + 60
    own.rows("DELETE FROM revocation")
    for _ in range(3):
        assert own.api("POST", "/api/auth/logout/", token=p.bearer().access).status_code == 200
    live = own.rows("SELECT id FROM revocation WHERE expires_at BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6)"
                     " + INTERVAL %s SECOND", life)
    assert len(live) == 3 == own.rows("SELECT COUNT(*) AS n FROM revocation")[0]["n"]
    own.rows("INSERT INTO revocation (id, session_id, user_id, not_before, created_at, expires_at) SELECT seq, seq, %s,"
              " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, UTC_TIMESTAMP(6) - INTERVAL 1 SECOND"
              " FROM seq_1_to_50000", p.id)
    own.restart("worker")       # which begins by purging, and else does so once a minute
    wait_until("only what lives", lambda: own.rows("SELECT COUNT(*) AS n FROM revocation")[0]["n"] == 3, 50, 0.2)
    assert own.rows("SELECT id FROM revocation ORDER BY id") == sorted(live, key=lambda r: r["id"])


def head(token):
    import base64
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_s17_keys_turn_under_load_without_one_refusal(own):
    p = Person(own)
    old, mine = p.bearer(), [p.bearer() for _ in range(2)]
    turn = itertools.count()

    def refreshing(http):
        n = next(turn)
        me = mine[n // 12 % 2]
        if n % 12:                      # sixty refreshes a minute are what a session has
            return own.api("GET", PROFILE, token=me.access, session=http)
        r = own.api("POST", REFRESH, json={"refresh": me.refresh}, session=http)
        if r.status_code == 200:
            me.take(r.json())
        return r

    def newest(http):
        r = own.api("POST", "/api/auth/login/", session=http, json={"username": p.phone, "password": p.password})
        if r.status_code != 200:
            return r
        return own.api("POST", "/api/auth/token/verify/", json={"token": r.json()["access"]}, session=http)
    asks = [lambda http: own.api("GET", PROFILE, token=old.access, session=http),
            lambda http: own.api("GET", GATE, token=old.access, session=http),
            lambda http: own.api("GET", GATE, token=mine[0].access, session=http), refreshing, newest]
    kids = {head(old.access)["kid"]}
    with Load(own, asks, 60) as load:
        for _ in range(2):
            out = own.ctl("keys", "rotate", "--at", str(int(time.time()) + 5)).stdout
            kid = out.split()[1]
            assert kid not in kids
            kids.add(kid)
            wait_until("tokens of the new key", lambda: head(mine[0].access)["kid"] == kid
                       and head(mine[1].access)["kid"] == kid, 30)
            at = len(load.answers)
            within(10, "answers", lambda: len(load.answers) > at + 60)
    assert not load.faults, [getattr(f, "text", f) for f in load.faults[:5]]
    assert len(kids) == 3 and len(load.answers) > 200
    # The first key's tokens are as good as the last one's.
    assert own.api("GET", PROFILE, token=old.access).status_code == 200


def test_s28_the_key_of_codes_turns_and_codes_on_their_way_serve(own):
    p = Person(own, email=an_email())

    def asked():
        """A flow's register_id, its code and its link."""
        forget_limits(own)
        own.sandbox.clear()
        r = own.api("POST", "/api/auth/otp/request/", json={"email": p.email})
        assert r.status_code == 200, r.text
        text = wait_until("the mail", lambda: own.sandbox.messages(channel="email", to=p.email))[0]["text"]
        return (r.json()["register_id"], re.search(r"(?<!\d)\d{6}(?!\d)", text).group(),
                re.search(r"otp/link/\?token=([A-Za-z0-9_-]+)", text).group(1))

    def made_with(name, code):
        """Was the newest flow's code put under that key?"""
        with open(f"{own.dir}/keys/{name}", encoding="ascii") as f:
            key = bytes.fromhex(f.readline().strip())
        r = own.rows("SELECT id, purpose, target, code_mac FROM otp WHERE user_id = %s ORDER BY created_at DESC LIMIT 1", p.id)[0]
        text = b"\0".join([r["purpose"].encode(), r["target"].encode(), str(r["id"]).encode(), code.encode()])
        return hmac.digest(key, text, "sha256") == bytes(r["code_mac"])
    before, also = asked(), asked()
    assert made_with("code.key", also[1])
    at = int(time.time()) + 3
    assert "another key from" in own.ctl("keys", "codes", "--at", str(at)).stdout
    assert not made_with("code.next.key", also[1])
    again = own.ctl("keys", "codes", check=False)
    assert again.returncode == 1 and "too_soon" in again.stderr
    assert json.loads(own.ctl("keys", "list", "--json").stdout)["codes_from"]
    wait_until("the turn", lambda: time.time() > at + 0.1)
    after = asked()
    assert made_with("code.next.key", after[1]) and not made_with("code.key", after[1])
    for rid, code, _ in (before, after):
        r = own.api("POST", "/api/auth/otp/verify/", json={"register_id": rid, "otp_code": code})
        assert r.status_code == 200, r.text
    assert own.api("POST", "/api/auth/otp/link/", json={"token": also[2]}).status_code == 200


def test_s74_h6_no_table_and_no_log_tells_a_secret(own):
    """Codes, passwords and tokens, looked for in each column of each table and in each log (links: test_undo)."""
    forget_limits(own)
    secrets, mail = {}, an_email()
    for p in (Person(own), Person(own, email=mail)):
        me, web = p.bearer(), p.browser()
        assert me.with_refresh(REFRESH).status_code == 200
        channel = "email" if p.email else "sms"
        before = [m["text"] for m in own.sandbox.messages(channel=channel, to=p.email or p.phone)]
        forget_limits(own)
        flow = p.reset_request().json()["register_id"]
        codes = wait_until("the reset's code", lambda: [
            m["text"] for m in own.sandbox.messages(channel=channel, to=p.email or p.phone) if m["text"] not in before])
        code = re.search(r"(?<!\d)\d{6}(?!\d)", codes[0]).group()
        r = own.api("POST", "/api/auth/password/reset/", json={
            "register_id": flow, "otp_code": code, "new_password": OTHER})
        assert r.status_code == 200, r.text
        secrets |= {"first code": p.code(), "flow": flow, "flow of sign-up": p.register_id, "password": p.password,
                    "new password": OTHER, "refresh": me.refresh, "access": me.access, "cookie": web.refresh,
                    "the cookie's access": web.access}
        # Six digits stand in many a number: a code counts between what is no letter and no digit.
        secrets["code of the reset"] = code
    secrets["admin token"] = own.token

    def tells(text, value):
        if value.isdigit():
            return re.search(rf"(?<![0-9A-Za-z_]){value}(?![0-9A-Za-z_])", text)
        return value in text
    found, looked = [], 0
    for table in [next(iter(t.values())) for t in own.rows("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")]:
        for row_ in own.rows(f"SELECT * FROM `{table}`"):
            for column, v in row_.items():
                text = v.decode("latin-1") if isinstance(v, bytes) else v if isinstance(v, str) else ""
                looked += 1
                found += [f"{table}.{column}: {name}" for name, s in secrets.items() if text and tells(text, s)]
    for name in os.listdir(f"{own.dir}/log"):
        with open(f"{own.dir}/log/{name}", encoding="utf-8", errors="replace") as f:
            text = f.read()
        if name.startswith("sandbox"):
            continue            # a provider knows what it was sent
        found += [f"{name}: {what}" for what, s in secrets.items() if tells(text, s)]
    assert looked > 1000 and not found, found
    # What carries a code went by SMS and mail alone.
    assert {m["channel"] for m in own.sandbox.messages()} <= {"sms", "email"}


class Tabs:
    """Fifty tabs of one browser: a cookie between them, no lock, and answers that get lost.

    A tab whose refresh failed tries again as long as the cookie is the one it
    showed; once another tab has brought a new one, it has nothing to do.
    """
    N = 50

    def __init__(self, inst, me):
        self.inst, self.me, self.jar = inst, me, me.refresh
        self.context = ssl.create_default_context(cafile=inst.ca)
        self.outs, self.lock = [], threading.Lock()
        self.lost = self.refused = 0

    def _send_and_go(self, token):
        """The request leaves, and the tab is closed before the answer comes."""
        body = json.dumps({"refresh": token}).encode()
        host = urllib.parse.urlsplit(self.inst.url)
        with socket.create_connection((host.hostname, host.port), timeout=10) as raw:
            with self.context.wrap_socket(raw, server_hostname=host.hostname) as s:
                s.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                          b"Content-Length: %d\r\n\r\n%s" % (REFRESH.encode(), len(body), body))
                time.sleep(random.random() * 0.02)

    def _tab(self, gate, shown, lose):
        gate.wait()
        end = time.monotonic() + 60
        while True:
            try:
                if lose:
                    self._send_and_go(shown)
                    with self.lock:
                        self.lost += 1
                    return
                r = refresh(self.inst, shown)
                if r.status_code == 200:
                    self.jar = r.json()["refresh"]
                    return
                if r.status_code != 503:
                    with self.lock:
                        self.outs.append(r)
                    return
            except OSError:
                pass        # cut off: asked again
            with self.lock:
                self.refused += 1
            if lose or self.jar != shown:
                return
            assert time.monotonic() < end, "no answer within a minute"
            time.sleep(0.05)

    def all(self, meanwhile=lambda: None, losing=0.25, readers=True):
        """Every tab refreshes at once; without readers, each answer is lost."""
        # Sixty a minute are what a session has; a round is a minute later.
        self.inst.rows("UPDATE session SET minute_at = minute_at - INTERVAL 61 SECOND WHERE id = %s", session_of(self.me))
        gate = threading.Barrier(self.N + 1)
        shown = self.jar
        tabs = [threading.Thread(target=self._tab, args=(gate, shown, not readers or (i > 0 and random.random() < losing)))
                for i in range(self.N)]
        for t in tabs:
            t.start()
        gate.wait()
        meanwhile()
        for t in tabs:
            t.join()
        assert not self.outs, self.outs[0].text
        assert readers == (self.jar != shown)


def test_s5_s6_fifty_tabs_stay_signed_in_whatever_breaks(own):
    p = Person(own)
    me = p.bearer()
    sid, tabs = session_of(me), Tabs(own, me)

    def kill_children():
        for pid in children(own)[::2]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def restart_database():
        own.kill("db")
        own.start("db")
        own.ready()
    for meanwhile in (lambda: None, kill_children, kill_children, restart_database, lambda: None, kill_children):
        tabs.all(meanwhile)
        s = row(own, sid)
        assert s["ended_at"] is None and s["current"] - s["parent"] == 1
    # Nobody got the answer; the laptop slept for hours; the tabs wake up together.
    for slept in (15, 5 * 3600):
        tabs.all(readers=False)
        wait_until("the rotation", lambda: row(own, sid)["newest"] > int(s["newest"]), 20)
        ago(own, sid, slept)
        tabs.all()
        s = row(own, sid)
        assert s["ended_at"] is None
    assert tabs.lost > 50
    assert own.api("GET", PROFILE, token=pair(refresh(own, tabs.jar))[0]).status_code == 200
    assert not own.rows("SELECT 1 FROM audit WHERE event = 'refresh_reuse'")


@pytest.mark.parametrize("broken", ["nothing", "children", "database"])
def test_s2_s4_no_theft_is_missed_whatever_breaks(own, broken):
    def breaks():
        if broken == "children":
            for pid in children(own):
                os.kill(pid, signal.SIGKILL)
        if broken == "database":
            own.kill("db")
            own.start("db")
        own.ready()
    p = Person(own)
    forget_limits(own)
    # The thief has an old token; the owner has gone on.
    me = p.bearer()
    stolen = me.refresh
    for _ in range(2):
        assert me.with_refresh(REFRESH).status_code == 200
    breaks()
    problem(wait_for_401(own, stolen), 401, "refresh_reused")
    problem(me.with_refresh(REFRESH), 401, "invalid_token")
    # The thief came in between: the owner's answer was lost, and hours later the thief shows the same token first.
    forget_limits(own)
    me = p.bearer()
    parent, sid = me.refresh, session_of(me)
    lost = pair(refresh(own, parent))[1]
    ago(own, sid, 5 * 3600)
    thief = pair(refresh(own, parent))
    breaks()
    ago(own, sid, 11, "killed_at")
    problem(wait_for_401(own, lost), 401, "refresh_reused")
    problem(refresh(own, thief[1]), 401, "invalid_token")
    within(2, "the thief's end", lambda: own.api("GET", PROFILE, token=thief[0]).status_code == 401)
    assert claims(thief[0])["sid"] == str(sid) and row(own, sid)["end_reason"] == "theft"


def wait_for_401(own, token):
    """The refusal, once children and database are back."""
    return wait_until("an answer", lambda: (r := refresh(own, token)).status_code != 503 and [r], 20)[0]
