"""People with second factors: an authenticator app of the tests' own, written
from RFC 6238, and the rows that turn it on."""
import base64
import hashlib
import hmac
import re
import struct
import time
import urllib.parse

from people import Bearer, Person, an_email

STEP = 30


def totp(secret, at=None):
    """The code of a base32 secret at a Unix time."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time() if at is None else at) // STEP), hashlib.sha1).digest()
    n = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[n:n + 4])[0] & 0x7fffffff) % 10**6:06}"


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


class App:
    """An authenticator app of one account; `inst` to move the account's last step back (no waiting for time)."""

    def __init__(self, inst, user_id, begun):
        self.inst, self.user_id, self.secret = inst, user_id, begun["secret"]
        query = urllib.parse.parse_qs(urllib.parse.urlparse(begun["otpauth_uri"]).query)
        assert query["secret"] == [self.secret]

    def code(self):
        """A code that was not used: the account forgets the step of the last one."""
        self.inst.rows("UPDATE mfa SET step = 0 WHERE user_id = %s", self.user_id)
        return totp(self.secret)


def enrol(person, client=None):
    """Turns the app on; the person's client is the new session.  Returns (app, client, recovery codes)."""
    client = client or person.bearer()
    r = client.call("POST", "/api/auth/mfa/totp/", json={})
    assert r.status_code == 200, r.text
    app = App(person.inst, person.id, r.json())
    r = client.call("POST", "/api/auth/mfa/totp/confirm/", json={"code": app.code()})
    assert r.status_code == 200, r.text
    if isinstance(client, Bearer):
        client.take(r.json())
    return app, client, r.json()["recovery_codes"]


def due(r):
    """The second step that an answer says is due."""
    assert r.status_code == 200, r.text
    body = r.json()
    assert body["mfa_required"] is True and re.fullmatch(r"[A-Za-z0-9_-]{22}", body["mfa_token"]), body
    assert not {"access", "access_token", "refresh", "refresh_token", "user", "data"} & set(body)
    assert "Set-Cookie" not in r.headers and r.headers["Cache-Control"] == "no-store"
    return body


def verify(inst, token, code, client=None, **more):
    return (client.call if client else inst.api)("POST", "/api/auth/mfa/verify/", json={
        "mfa_token": token, "code": code, **more})


def challenge(inst, token, method):
    return inst.api("POST", "/api/auth/mfa/challenge/", json={"mfa_token": token, "method": method})


def both(inst, **names):
    """Somebody with a proved phone and a proved e-mail address."""
    p = Person(inst, **names)
    p.email_address = an_email()
    inst.rows("UPDATE user SET email = %s, email_cmp = %s, email_unique = %s, email_verified_at = UTC_TIMESTAMP(6)"
              " WHERE id = %s", p.email_address, p.email_address, p.email_address, p.id)
    return p


def codes_may_go_again(inst):
    """As if the resend time had passed."""
    inst.rows("DELETE FROM throttle")
    inst.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 10 MINUTE")
