"""What the tests of the push rows share: people, browsers, tokens.

A browser is the sandbox's: it keeps the private half of its subscription and
decrypts what arrives.
"""
import concurrent.futures
import random
import secrets
import string

PASSWORD = "Str0ng-enough!"


def new_user(inst):
    """A user with a proved phone number: {"id", "token", "phone"}."""
    if hasattr(inst, "new_user"):
        return inst.new_user()
    phone = "+98912" + "".join(random.choices(string.digits, k=7))
    r = inst.api("POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
    assert r.status_code == 201, r.text
    r = inst.api("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(phone)})
    assert r.status_code == 200, r.text
    return {"id": r.json()["user"]["id"], "token": r.json()["access_token"], "phone": phone}


def browser(inst):
    """A subscription as a browser hands it over, bound to the server's key."""
    key = inst.api("GET", "/api/push/vapid-key/").json()["public_key"]
    made = inst.sandbox.subscription(vapid_public_key=key)
    return {"id": made["id"], "info": {"endpoint": made["endpoint"], "expirationTime": None, "keys": made["keys"]}}


def admin_token(inst, **more):
    r = inst.api("POST", "/api/push/token/generate/", token=inst.admin(), json=more)
    assert r.status_code == 201, r.text
    return r.json()


def subscribed(inst, user):
    """A device of the user: its row as answered, and its browser."""
    b = browser(inst)
    r = inst.api("POST", "/api/push/subscriptions/", token=user["token"], json={"subscription": b["info"]})
    assert r.status_code == 201, r.text
    return r.json(), b


def refused(r, status, code=None, field=None):
    """A problem document with the old systems' member, and nothing of ours in it."""
    assert r.status_code == status, f"{r.status_code} {r.text}"
    assert r.headers["Content-Type"] == "application/problem+json"
    p = r.json()
    assert p["status"] == status and p["type"] == f"urn:gatepost:problem:{p['code']}"
    if code:
        assert p["code"] == code, r.text
    if field:
        assert list(p["errors"]) == [field], r.text
    return p


def at_once(n, call):
    """The results of n calls that begin together."""
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [f.result() for f in [pool.submit(call, i) for i in range(n)]]


def word():
    return secrets.token_hex(6)
