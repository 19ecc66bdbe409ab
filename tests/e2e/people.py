"""What the tests of sign-up, sign-in and sessions share: people with phones,
and two ways to be them: a bearer token, or the cookies that nginx set."""
import base64
import contextlib
import json
import random
import re
import secrets
import string
import time

import requests

PASSWORD = "Sun-Flower9!"
OTHER = "Rain-Cloud7?"
TOKENS = ("access_token", "refresh_token", "access", "refresh")
UUIDISH = re.compile(r"^[A-Za-z0-9_-]{22}$")


def a_phone():
    return "+98912" + "".join(random.choices(string.digits, k=7))


def an_email():
    return f"p{secrets.token_hex(6)}@example.com"


class Bearer:
    """A client that keeps its tokens itself."""
    name = "bearer"

    def __init__(self, inst, signed_in=None):
        self.inst, self.access, self.refresh = inst, None, None
        self.take(signed_in)

    def take(self, body):
        if body:
            self.access = body.get("access_token", self.access)
            self.refresh = body.get("refresh", self.refresh)

    def call(self, method, path, json=None, **more):
        return self.inst.api(method, path, token=self.access, json=json, **more)

    def with_refresh(self, path, **more):
        """A call that shows the refresh token."""
        r = self.inst.api("POST", path, json={"refresh": self.refresh}, **more)
        if r.status_code == 200:
            self.take(r.json())
        return r


class Browser:
    """A client that has nothing but cookies; it says where it comes from."""
    name = "cookie"

    def __init__(self, inst):
        self.inst, self.http = inst, requests.Session()
        self.http.trust_env = False
        self.origin = {"Origin": inst.url, "Sec-Fetch-Site": "same-origin"}

    def cookie(self, name):
        found = [c.value for c in self.http.cookies if c.name == name]
        return found[0] if found else None

    @property
    def access(self):
        return self.cookie("__Host-gatepost")

    @property
    def refresh(self):
        return self.cookie("__Secure-gatepost-refresh")

    def call(self, method, path, json=None, **more):
        headers = {**self.origin, **more.pop("headers", {})}
        return self.inst.api(method, path, session=self.http, json=json, headers=headers, **more)

    def with_refresh(self, path, **more):
        return self.call("POST", path, **more)


class Person:
    """Somebody with a phone or an e-mail address."""

    def __init__(self, inst, email=None, password=PASSWORD, proved=True, **names):
        self.inst, self.email, self.password = inst, email, password
        self.phone = None if email else a_phone()
        self.address = {"email": email} if email else {"phone_number": self.phone}
        r = inst.api("POST", "/api/auth/register/", json={**self.address, "password": password, **names})
        assert r.status_code == 201, r.text
        self.registered = r.json()
        self.register_id = self.registered["register_id"]
        self.id = None
        if proved:
            r = self.prove()
            assert r.status_code == 200, r.text
            self.id = r.json()["user"]["id"]
            self.first = Bearer(inst, r.json())

    def code(self, after=()):
        channel = "email" if self.email else "sms"
        return self.inst.sandbox.code(self.email or self.phone, channel, after)

    def prove(self, client=None, code=None, **more):
        return (client.call if client else self.inst.api)("POST", "/api/auth/otp/verify/", json={
            "register_id": self.register_id, "otp_code": code or self.code()}, **more)

    def login(self, client=None, password=None, **more):
        return (client.call if client else self.inst.api)("POST", "/api/auth/login/", json={
            "username": self.email or self.phone, "password": password or self.password}, **more)

    def bearer(self):
        r = self.login()
        assert r.status_code == 200, r.text
        return Bearer(self.inst, r.json())

    def browser(self):
        b = Browser(self.inst)
        r = self.login(b)
        assert r.status_code == 200, r.text
        return b

    def by(self, name):
        return self.browser() if name == "cookie" else self.bearer()

    def reset_request(self):
        return self.inst.api("POST", "/api/auth/password/reset/request/", json=self.address)


def problem(r, status, code=None, field=None):
    """A refusal in its whole form; returns its document."""
    assert r.status_code == status, f"{r.request.method} {r.request.url}: {r.status_code} {r.text[:400]}"
    assert r.headers["Content-Type"] == "application/problem+json"
    p = r.json()
    assert p["status"] == status and p["type"] == f"urn:gatepost:problem:{p['code']}"
    assert p["title"] and p["detail"] and p["request_id"] == r.headers["X-Request-Id"]
    assert r.headers["Cache-Control"] == "no-store"
    if code:
        assert p["code"] == code, r.text
    if field:
        assert field in p.get("errors", {}), r.text
    if status in (429, 503):
        assert int(r.headers["Retry-After"]) >= 1
    if status == 401:
        assert r.headers["WWW-Authenticate"].startswith("Bearer")
    return p


def claims_of(token):
    """What an access token says, whoever signed it."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def same(p):
    """A problem document without what must differ."""
    return {k: v for k, v in p.items() if k != "request_id"}


def calm(r):
    """What a stranger can tell two answers apart by, but for the moment."""
    return r.status_code, {k: v for k, v in r.headers.items() if k not in ("Date", "X-Request-Id", "Content-Length")}


def forget_limits(inst):
    """As if a day had passed for every counter."""
    inst.rows("DELETE FROM throttle")
    inst.rows("DELETE FROM sms_spend")


def old_code(inst, register_id_hash_of, seconds):
    """The flow's code was sent `seconds` ago."""
    import hashlib
    n = hashlib.sha256(register_id_hash_of.encode()).digest()
    c = inst.connect()
    with c.cursor() as cur:
        rows = cur.execute("UPDATE otp SET sent_at = sent_at - INTERVAL %s SECOND, expires_at = expires_at"
                           " - INTERVAL %s SECOND WHERE register_hash = %s", (seconds, seconds, n))
    c.close()
    assert rows == 1


@contextlib.contextmanager
def held(inst, user_id):
    """The account's row is another transaction's until the block ends: what was read of it before is old by then.
    Gives a cursor of that transaction and a function that waits until `n` others wait for the row."""
    c = inst.connect()
    c.begin()
    try:
        with c.cursor() as cursor:
            cursor.execute("SELECT id FROM user WHERE id = %s FOR UPDATE", (user_id,))

            def queued(n=1):
                # Seldom: the table shows an old state to who asks again within 0.1 s.
                within(20, "a request waits for the row", lambda: inst.rows(
                    "SELECT COUNT(DISTINCT w.requesting_trx_id) n FROM information_schema.innodb_lock_waits w"
                    " JOIN information_schema.innodb_trx t ON t.trx_id = w.blocking_trx_id"
                    " WHERE t.trx_mysql_thread_id = %s", c.thread_id())[0]["n"] >= n, every=0.15)
            yield cursor, queued
            c.commit()
    finally:
        c.close()


def within(seconds, what, test, every=0.01):
    """Polls until true; returns the seconds it took."""
    begun = time.monotonic()
    while not test():
        assert time.monotonic() - begun < seconds, f"{what}: not within {seconds} s"
        time.sleep(every)
    return time.monotonic() - begun
