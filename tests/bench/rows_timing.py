"""Rows that ask whether time tells who has an account (D28).
Proves S21.

Owns: an instance of its own, whose limits are lifted by configuration so that
as many as are needed may ask; people with accounts, put there by SQL, and as
many names of nobody, drawn from one list; the samples, kept in a file so that
a long run goes on where it was ended.

Somebody is the proved owner of a name; for sign-in also whoever only claims
it, and who was disabled (S20).

--short is for scripts/check: 2,000 samples a route as D28 has it, but 60 where
a password is hashed (a sign-in takes 51 ms of processor, a sign-up 25, the
others 6 to 8, a code again 13 with the flow before it) and 30 where the name
is a phone number: between blocks the queue drains, at about ten SMS a second. No time is judged there
(--no-goals); it shows that each row can be measured and that the answers are
alike.

Each name is used once. Known and unknown are asked in random order over one
kept connection through nginx and TLS. The answers must be equal to the byte
but for what is random in each. Judged as dudect does: Welch's t over all
samples and over those below each of some percentiles of both together (a slow
answer is the machine's, not ours); the largest |t| counts.
"""
import array
import gc
import hashlib
import json
import math
import os
import random
import re
import secrets
import socket
import ssl
import time
import urllib.parse

from instance import Failure, Instance, free_port, say, wait_until
from report import median, percentile

CROPS = (1.0, 0.99, 0.95, 0.9, 0.75, 0.5)
T_MOST, GAP_MOST_MS = 4.5, 0.5
BLOCK = 500
PASSWORD = "Not-It-12!x"
# What would refuse so many: nothing here changes the work of one request.
LIFTED = [f"{k}={v}" for k, v in {
    "GATEPOST_CODE_DAY": 1000, "GATEPOST_RESET_DESTINATION_HOUR": 10000, "GATEPOST_ANON_DAY": 1000000,
    "GATEPOST_SIGNIN_ADDRESS_MIN": 1000000, "GATEPOST_SIGNUP_ADDRESS_HOUR": 1000000,
    "GATEPOST_SMS_NUMBER_HOUR": 10**12, "GATEPOST_SMS_NUMBER_DAY": 10**12, "GATEPOST_SMS_ADDRESS_HOUR": 10**12,
    "GATEPOST_SMS_ADDRESS_DAY": 10**12, "GATEPOST_SMS_NET_HOUR": 10**12, "GATEPOST_SMS_NET_DAY": 10**12,
    "GATEPOST_SMS_PREFIX_HOUR": 10**12, "GATEPOST_SMS_SITE_HOUR": 10**12, "GATEPOST_SMS_SITE_DAY": 10**12,
    "GATEPOST_SMS_RUN": 0, "GATEPOST_SMS_CONVERSION_PERCENT": 0, "GATEPOST_SMS_POW": "off",
}.items()]


class Client:
    """One kept connection; the time from the first byte sent to the last received."""

    def __init__(self, inst):
        url = urllib.parse.urlsplit(inst.url)
        self.at, self.tls, self.s = (url.hostname, url.port), ssl.create_default_context(cafile=inst.ca), None

    def connect(self):
        raw = socket.create_connection(self.at, timeout=30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s = self.tls.wrap_socket(raw, server_hostname=self.at[0])

    def close(self):
        if self.s is not None:
            self.s.close()
            self.s = None

    def ask(self, path, body):
        """(ns, head, body)"""
        data = json.dumps(body).encode()
        request = (f"POST {path} HTTP/1.1\r\nHost: {self.at[0]}\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(data)}\r\n\r\n").encode() + data
        if self.s is None:
            self.connect()
        begun = time.perf_counter_ns()
        self.s.sendall(request)
        got = self.s.recv(65536)
        while not whole(got):
            more = self.s.recv(65536)
            if not more:
                raise Failure(f"{path}: cut off after {len(got)} bytes")
            got += more
        took = time.perf_counter_ns() - begun
        head, _, text = got.partition(b"\r\n\r\n")
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return took, head.decode("latin-1"), text


def whole(got):
    head, end, text = got.partition(b"\r\n\r\n")
    if not end:
        return False
    m = re.search(rb"\r\ncontent-length: (\d+)", head, re.I)
    return len(text) >= int(m.group(1)) if m else text.endswith(b"0\r\n\r\n")


# New in each answer, or what was asked with.
RANDOM = re.compile(rb'("(?:register_id|request_id|old_phone_number)":\s*")([^"]*)"')


def shape(head, text):
    """An answer without what is new in each (and nginx's own closing of old connections)."""
    lines = [re.sub(r"(?i)^((?:date|x-request-id|connection):).*", r"\1", line) for line in head.split("\r\n")]
    return "\n".join(lines), RANDOM.sub(lambda m: m.group(1) + b"x" * len(m.group(2)) + b'"', text)


# The account of somebody known: proved at, active, the end of a claim.
WHO = {
    "proved": ("UTC_TIMESTAMP(6)", True, "NULL"),
    "claim": ("NULL", False, "UTC_TIMESTAMP(6) + INTERVAL 30 DAY"),
    "disabled": ("UTC_TIMESTAMP(6)", False, "NULL"),
}


class Names:
    """Names of people and of nobody, from one list: each equal in form, none used twice."""

    def __init__(self, inst, hashed):
        self.inst, self.hashed = inst, hashed
        self.phones = random.sample(range(10**7), 10**6)

    def take(self, kind, n, who="proved"):
        """n known, whose accounts are of one of the sorts in WHO, and n unknown."""
        known, unknown = [[self._one(kind) for _ in range(n)] for _ in range(2)]
        proved, active, ends = WHO[who]
        rows = [(secrets.randbits(62), v if kind == "phone" else None, *([v] * 3 if kind == "email" else [None] * 3),
                 self.hashed, active) for v in known]
        db = self.inst.db()
        try:
            with db.cursor() as c:
                c.executemany(
                    "INSERT INTO user (reg_key, phone, email, email_cmp, email_unique, password, is_active, first_name,"
                    f" locale, {kind}_verified_at, claim_ends_at)"
                    f" VALUES (%s, %s, %s, %s, %s, %s, %s, 'Bench', 'en', {proved}, {ends})", rows)
                # A salt is made at an account's first event; theirs was long ago.
                c.execute("INSERT IGNORE INTO user_salt (user_id, salt) SELECT id, RANDOM_BYTES(16) FROM user")
        finally:
            db.close()
        return known, unknown

    def _one(self, kind):
        return f"+98912{self.phones.pop():07d}" if kind == "phone" else f"p{secrets.token_hex(7)}@example.com"


class Route:
    def __init__(self, name, kind, path, body, hashes=False, who="proved"):
        self.name, self.kind, self.path, self.body, self.who = name, kind, path, body, who
        self.full, self.few, self.warm = (20000, 60, 5) if hashes else (100000, 2000, 25)
        if kind == "phone":
            self.few = 30

    def block(self, t, n):
        """n bodies of each sort: (known?, body), in random order."""
        known, unknown = t.names.take(self.kind, n, self.who)
        got = [(True, self.body(v)) for v in known] + [(False, self.body(v)) for v in unknown]
        random.shuffle(got)
        return got


class Again(Route):
    """Another code: for flows begun in random order, whose resend time is over."""

    def block(self, t, n):
        flows = []
        for known, body in super().block(t, n):
            _, head, text = t.client.ask("/api/auth/password/reset/request/", body)
            if not head.startswith("HTTP/1.1 200"):
                raise Failure(f"reset: {head.splitlines()[0]} {text[:200]}")
            flows.append((known, {"register_id": json.loads(text)["register_id"]}))
        t.drained()
        t.inst.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 1 HOUR")
        t.inst.rows("UPDATE throttle SET window_at = window_at - INTERVAL 1 HOUR WHERE window_s <= 3600")
        random.shuffle(flows)
        return flows


def routes(inst):
    def login(v):
        return {"username": v, "password": PASSWORD}

    def password():
        return "Ab!" + secrets.token_hex(8)

    rows = [
        Route("login", "phone", "/api/auth/login/", login, True),
        Route("login-email", "email", "/api/auth/login/", login, True),
        Route("login-claim", "phone", "/api/auth/login/", login, True, "claim"),
        Route("login-disabled", "phone", "/api/auth/login/", login, True, "disabled"),
        Route("reset", "email", "/api/auth/password/reset/request/", lambda v: {"email": v}),
        Route("reset-sms", "phone", "/api/auth/password/reset/request/", lambda v: {"phone_number": v}),
        Route("register", "email", "/api/auth/register/", lambda v: {"email": v, "password": password()}, True),
        Route("register-sms", "phone", "/api/auth/register/",
              lambda v: {"phone_number": v, "first_name": "Bench", "password": password()}, True),
        Again("code-again", "phone", "/api/auth/otp/refresh/", lambda v: {"phone_number": v}),
    ]
    asked = inst.http.post(inst.url + "/api/auth/otp/request/", json={}, timeout=30)
    if asked.status_code != 404:
        rows.append(Route("code", "phone", "/api/auth/otp/request/", lambda v: {"phone_number": v}))
        rows.append(Route("code-email", "email", "/api/auth/otp/request/", lambda v: {"email": v}))
    return rows


class Timing:
    def __init__(self, ctx):
        # For a quick look the others' instance is enough: it was started with the same.
        self.inst = ctx.inst if ctx.short else Instance.start(free_port(), [], settings=LIFTED)
        self.client = Client(self.inst)
        person = self.inst.new_user()
        self.names = Names(self.inst, self.inst.one("SELECT password FROM user WHERE id = %s", person["id"]))

    def stop(self, shared):
        self.client.close()
        if not shared:
            self.inst.stop(False)

    def drained(self):
        wait_until("an empty queue", 600, lambda: self.inst.one("SELECT COUNT(*) FROM job WHERE state <> 9") == 0, 0.05)


class Samples:
    """Microseconds by route and sort, kept in a file (or not): only of the very program that is measured."""

    def __init__(self, path, program):
        self.path, self.routes = path, {}
        with open(program, "rb") as f:
            self.of = hashlib.sha256(f.read()).hexdigest()
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                kept = json.load(f)
            if kept.get("of") == self.of:
                self.routes = kept["routes"]
                say(f"timing: going on from {path}")

    def of_route(self, name):
        return self.routes.setdefault(name, {"known": [], "unknown": []})

    def save(self):
        if self.path:
            os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
            with open(self.path + ".new", "w", encoding="utf-8") as f:
                json.dump({"of": self.of, "routes": self.routes}, f)
            os.replace(self.path + ".new", self.path)


def welch(a, b):
    def moments(x):
        m = math.fsum(x) / len(x)
        return m, math.fsum((v - m) ** 2 for v in x) / (len(x) - 1) / len(x)
    (ma, va), (mb, vb) = moments(a), moments(b)
    return (ma - mb) / math.sqrt(va + vb) if va + vb > 0 else 0.0


def t_values(known, unknown):
    """t by percentile kept, of both sorts together."""
    both, found = sorted(known + unknown), {}
    for p in CROPS:
        top = percentile(both, p) if p < 1 else both[-1]
        a, b = [v for v in known if v <= top], [v for v in unknown if v <= top]
        if min(len(a), len(b)) > 10:
            found[f"t{round(p * 100)}"] = welch(a, b)
    return found


def sample(t, r, block, kept, shapes):
    gc.disable()
    try:
        for known, body in block:
            took, head, text = t.client.ask(r.path, body)
            kept["known" if known else "unknown"].append(round(took / 1000, 1))
            shapes.setdefault(shape(head, text), set()).add(known)
    finally:
        gc.enable()


def measure(ctx, t, samples, r):
    kept = samples.of_route(r.name)
    most = r.few if ctx.short else r.full
    shapes = {}
    sample(t, r, r.block(t, 3 if ctx.short else r.warm), {"known": array.array("d"), "unknown": array.array("d")}, {})     # warm
    t.drained()
    while (left := most - len(kept["known"]) - len(kept["unknown"])) > 0:
        sample(t, r, r.block(t, min(BLOCK, (left + 1) // 2)), kept, shapes)
        samples.save()
        t.drained()
        if len(shapes) > 1:
            break
    ts = t_values(kept["known"], kept["unknown"])
    gap_ms = abs(median(kept["known"]) - median(kept["unknown"])) / 1000
    alike = len(shapes) <= 1
    if not alike:
        for s, sorts in list(shapes.items())[:3]:
            say(f"timing-{r.name}: {'known' if True in sorts else 'unknown'}: {s[0]}\n{s[1][:300]!r}")
    ctx.report.row(
        f"timing-{r.name}", max(abs(v) for v in ts.values()), "|t|", ("<=", T_MOST, "|t|"), sound=alike,
        met=gap_ms < GAP_MOST_MS, gap_ms=gap_ms, samples=len(kept["known"]) + len(kept["unknown"]),
        known_us=median(kept["known"]), unknown_us=median(kept["unknown"]), **ts)


def timing(ctx):
    t = Timing(ctx)
    try:
        samples = Samples(None if ctx.short else ctx.state, f"{t.inst.build}/gatepost-api")
        for r in routes(t.inst):
            if ctx.only and r.name not in ctx.only:
                continue
            try:
                measure(ctx, t, samples, r)
            except Failure as e:
                ctx.report.failed(f"timing-{r.name}", str(e))
    finally:
        t.stop(ctx.short)
