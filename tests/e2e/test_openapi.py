"""Every operation of nginx/html/api/openapi.yaml answers as the document says:
its success, and the refusals a client meets most.  scripts/check-openapi
compares what goes in; this compares what comes out."""
import re
import secrets
import signal

import pytest

from contract import Contract
from instance import Instance, wait_until

PASSWORD = "Blue-Harbour-7!"
UNKNOWN = "1" * 18


class Client:
    """Calls that are held against the document as they return."""

    def __init__(self, inst, contract):
        self.inst, self.contract = inst, contract

    def __call__(self, status, method, path, token=None, **more):
        r = self.contract.check(method, path, self.inst.api(method, path, token=token, **more))
        assert r.status_code == status, f"{method} {path}: {r.status_code} {r.text}"
        return r.json() if r.content and "json" in r.headers["Content-Type"] else None


@pytest.fixture(scope="module")
def inst():
    with Instance(conf={"GATEPOST_EMAIL_WEBHOOK_SECRET": "openapi-" + "x" * 24}) as own:  # its throttles are emptied below
        yield own


@pytest.fixture(scope="module")
def contract():
    return Contract()


@pytest.fixture(scope="module")
def call(inst, contract):
    return Client(inst, contract)


def a_phone():
    return "+98912" + "".join(secrets.choice("0123456789") for _ in range(7))


@pytest.fixture(scope="module")
def person(inst, call):
    phone = a_phone()
    made = call(201, "POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD, "first_name": "Sara"})
    got = call(200, "POST", "/api/auth/otp/verify/", json={
        "register_id": made["register_id"], "otp_code": inst.sandbox.code(phone)})
    return {"phone": phone, **got}


def sign_in(call, person, password=PASSWORD):
    return call(200, "POST", "/api/auth/login/", json={"username": person["phone"], "password": password})


def test_sign_up_and_sign_in(inst, call, person):
    call(400, "POST", "/api/auth/register/", json={"phone_number": a_phone(), "password": "weak"})
    call(400, "POST", "/api/auth/register/", json={"password": PASSWORD})
    phone, right = a_phone(), a_phone()
    made = call(201, "POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
    call(429, "POST", "/api/auth/otp/refresh/", json={"register_id": made["register_id"]})
    call(400, "POST", "/api/auth/otp/refresh/", json={"register_id": "A" * 22})
    call(403, "POST", "/api/auth/login/", json={"username": phone, "password": PASSWORD})
    edited = call(200, "POST", "/api/auth/number/edit/", json={
        "register_id": made["register_id"], "new_phone_number": right})
    code = inst.sandbox.code(right)
    call(400, "POST", "/api/auth/otp/verify/", json={
        "register_id": edited["register_id"], "otp_code": f"{(int(code) + 1) % 10**6:06}"})
    call(200, "POST", "/api/auth/otp/verify/?tokens=cookie", json={
        "register_id": edited["register_id"], "otp_code": int(code)})
    call(400, "POST", "/api/auth/number/edit/", json={"register_id": made["register_id"], "new_phone_number": phone})
    call(401, "POST", "/api/auth/login/", json={"username": person["phone"], "password": "Wrong-Word-1"})
    call(400, "POST", "/api/auth/login/", json={"password": PASSWORD})
    call(401, "POST", "/api/token/verify/", json={"token": "x"})
    call(400, "POST", "/api/auth/login/", data=b"{", headers={"Content-Type": "application/json"})
    call(415, "POST", "/api/auth/login/", data=b"x", headers={"Content-Type": "text/plain"})
    call(403, "POST", "/api/auth/login/", data={"username": person["phone"], "password": PASSWORD},
         headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})


def test_another_code_is_sent_when_its_time_has_come(inst, call):
    phone = a_phone()
    made = call(201, "POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
    # The clock is the database's: what was sent is made older.
    inst.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 10 MINUTE WHERE target = %s", phone)
    inst.rows("DELETE FROM throttle")
    call(200, "POST", "/api/auth/otp/refresh/", json={"register_id": made["register_id"]})


def gate_way(inst, call, contract, token):
    """From a refusal at another host to the token for it."""
    import urllib.parse
    import requests
    other, state = inst.env["GATEPOST_OTHER_SITE_URL"], "A" * 22
    site = requests.Session()
    site.trust_env = False
    r = site.get(other + "/", headers={"Sec-Fetch-Mode": "navigate", "Cookie": f"__Host-gatepost-state={state}"},
                 verify=inst.ca, allow_redirects=False, timeout=10)
    way = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(r.headers["Location"]).query).items()}
    to = call(200, "POST", "/api/auth/gate/pass/", token, json=way)["url"]
    call(400, "POST", "/api/auth/gate/pass/", token, json={**way, "sig": "0"})
    call(401, "POST", "/api/auth/gate/pass/", json=way)
    call(404, "GET", "/api/auth/gate/redeem?" + to.split("?")[1])
    r = site.get(to, headers={"Cookie": f"__Host-gatepost-state={state}"}, verify=inst.ca, allow_redirects=False, timeout=10)
    contract.check("GET", "/api/auth/gate/redeem", r)
    assert r.status_code == 303


def test_groups_of_people(inst, call, person):
    root, path = inst.admin(), f"/api/admin/users/{person['user']['id']}/groups/"
    call(200, "PUT", path, root, json={"groups": ["ops"]})
    call(200, "GET", path, root)
    call(400, "PUT", path, root, json={"groups": ["staff"]})
    call(200, "PUT", path, root, json={"groups": []})
    call(403, "PUT", path, sign_in(call, person)["access"], json={"groups": []})
    call(404, "GET", f"/api/admin/users/{UNKNOWN}/groups/", root)


def test_tokens_and_sessions(inst, call, contract, person):
    s = sign_in(call, person)
    other = sign_in(call, person)
    call(200, "POST", "/api/auth/token/verify/", json={"token": s["access"]})
    call(200, "POST", "/api/auth/token/verify/", json={"token": s["refresh"]})
    call(401, "POST", "/api/auth/token/verify/", json={"token": "garbage"})
    call(400, "POST", "/api/auth/token/verify/", json={})
    fresh = call(200, "POST", "/api/auth/token/refresh/", json={"refresh": s["refresh"]})
    call(401, "POST", "/api/auth/token/refresh/", json={"refresh": "garbage"})
    token = fresh["access_token"]
    rows = call(200, "GET", "/api/auth/sessions/", token)["results"]
    gone = next(r["id"] for r in rows if not r["current"])
    call(204, "DELETE", f"/api/auth/sessions/{gone}/", token)
    call(404, "DELETE", f"/api/auth/sessions/{gone}/", token)
    call(200, "POST", "/api/auth/sessions/revoke-others/", token)
    call(400, "POST", "/api/auth/sessions/revoke-others/", token, json={"what": 1})
    call(401, "GET", "/api/auth/sessions/", other["access"])
    call(401, "GET", "/api/auth/sessions/")
    call(204, "GET", "/api/auth/gate", token)
    call(401, "GET", "/api/auth/gate")
    gate_way(inst, call, contract, token)
    call(200, "POST", "/api/auth/logout/", token, json={"refresh": fresh["refresh"]})
    call(401, "POST", "/api/auth/logout/", json={"refresh": "garbage"})


def test_account(inst, call, person):
    token = sign_in(call, person)["access"]
    call(200, "GET", "/api/auth/profile/", token)
    call(401, "GET", "/api/auth/profile/")
    call(403, "GET", "/api/auth/profile/", inst.token)
    for method in ("POST", "PATCH"):
        call(200, method, "/api/auth/profile/", token, json={
            "birthday": "1990-02-28", "gender": "F", "time_zone": "Asia/Tehran", "locale": "fa"})
        call(400, method, "/api/auth/profile/", token, json={"birthday": "1990-02-31"})
        call(400, method, "/api/auth/profile/", token, json={"time_zone": "Nowhere/Else"})
    number = a_phone()
    call(200, "POST", "/api/auth/number/change/", token, json={"new_phone_number": number})
    call(429, "POST", "/api/auth/number/change/", token, json={"new_phone_number": number})
    call(400, "POST", "/api/auth/number/change/", token, json={"new_phone_number": person["phone"]})
    call(400, "POST", "/api/auth/number/change/", token, json={"new_phone_number": a_phone(), "password": "Wrong-1-Word"})
    call(400, "POST", "/api/auth/password/change/", token, json={"old_password": "Wrong-1", "new_password": PASSWORD})
    call(400, "POST", "/api/auth/password/change/", token, json={"old_password": PASSWORD, "new_password": "short"})
    call(200, "POST", "/api/auth/password/change/", token, json={"old_password": PASSWORD, "new_password": PASSWORD + "2"})
    inst.rows("DELETE FROM throttle")
    before = {m["text"] for m in inst.sandbox.messages(channel="sms", to=person["phone"])}
    flow = call(200, "POST", "/api/auth/password/reset/request/", json={"phone_number": person["phone"]})["register_id"]
    codes = {w for text in before for w in text.split() if w.isdigit()}
    code = inst.sandbox.code(person["phone"], after=codes)
    call(400, "POST", "/api/auth/password/reset/", json={"register_id": flow, "new_password": PASSWORD})
    call(200, "POST", "/api/auth/password/reset/verify/", json={"register_id": flow, "otp_code": code})
    call(400, "POST", "/api/auth/password/reset/verify/", json={"register_id": "A" * 22, "otp_code": code})
    call(200, "POST", "/api/auth/password/reset/", json={"register_id": flow, "new_password": PASSWORD})
    call(429, "POST", "/api/auth/password/reset/request/", json={"phone_number": person["phone"]})
    call(400, "POST", "/api/auth/password/reset/request/", json={})


def subscription(inst, call):
    key = call(200, "GET", "/api/push/vapid-key/")["public_key"]
    s = inst.sandbox.subscription(vapid_public_key=key)
    return {k: s[k] for k in ("endpoint", "expirationTime", "keys") if k in s}


def test_devices_and_groups(inst, call, person):
    token, admin = sign_in(call, person)["access"], inst.token
    sub = subscription(inst, call)
    key = {"Idempotency-Key": secrets.token_hex(16)}
    for _ in range(2):
        device = call(201, "POST", "/api/push/subscriptions/", token, headers=key, json={"subscription": sub, "browser": "test"})
    call(422, "POST", "/api/push/subscriptions/", token, headers=key, json={"subscription": sub, "browser": "other"})
    call(400, "POST", "/api/push/subscriptions/", token, headers={"Idempotency-Key": "short"}, json=sub)
    call(400, "POST", "/api/push/subscriptions/", token, json={**sub, "endpoint": "https://example.com/x"})
    call(400, "POST", "/api/push/subscriptions/", token, json={**sub, "keys": {"p256dh": "AAAA", "auth": "AAAA"}})
    call(403, "POST", "/api/push/subscriptions/", admin, json=sub)
    assert call(200, "GET", "/api/push/subscriptions/?limit=1", token)["count"] >= 1
    call(400, "GET", "/api/push/subscriptions/?limit=1000", token)

    name = f"g{secrets.token_hex(4)}"
    group = call(201, "POST", "/api/push/groups/", admin, json={"name": name, "open": True})
    call(409, "POST", "/api/push/groups/", admin, json={"name": name})
    call(400, "POST", "/api/push/groups/", admin, json={"name": name, "colour": "red"})
    call(403, "POST", "/api/push/groups/", token, json={"name": name})
    call(200, "GET", f"/api/push/groups/?q={name}&page=1&page_size=5", admin)
    members = f"/api/push/groups/{group['id']}/members/"
    call(201, "POST", members, admin, json={"user_ids": [person["user"]["id"]], "device_id": device["id"]})
    call(400, "POST", members, admin, json={"user_ids": [2**40]})
    call(400, "POST", members, admin, json={})
    for row in call(200, "GET", members, admin)["results"]:
        call(204, "DELETE", f"{members}{row['id']}/", admin)
    call(404, "DELETE", f"{members}user-{2**40}/", admin)
    call(404, "GET", f"/api/push/groups/{UNKNOWN}/members/", admin)
    save = {"subscription": subscription(inst, call), "browser": "b", "user_agent": "u", "group": name}
    call(201, "POST", "/api/webpush/save_information", json={**save, "status_type": "subscribe"})
    call(202, "POST", "/api/webpush/save_information", json={**save, "status_type": "unsubscribe"})
    call(400, "POST", "/api/webpush/save_information", json={**save, "status_type": "maybe"})
    call(403, "POST", "/api/webpush/save_information", json={**save, "status_type": "subscribe", "group": "no-such"})
    call(401, "POST", "/api/webpush/save_information", json={**save, "status_type": "subscribe", "group": None})
    call(204, "DELETE", f"/api/push/groups/{group['id']}/", admin)
    call(404, "DELETE", f"/api/push/groups/{group['id']}/", admin)
    at = f"/api/push/subscriptions/{device['id']}/test/"
    call(202, "POST", at, token, headers={"Prefer": "respond-async"})
    call(200, "POST", at, token)
    inst.rows("UPDATE device SET is_active = 0 WHERE id = %s", device["id"])
    call(409, "POST", at, token)
    call(204, "DELETE", f"/api/push/subscriptions/{device['id']}/", token)
    call(404, "POST", at, token)
    call(404, "DELETE", f"/api/push/subscriptions/{device['id']}/", token)


def test_push_tokens(inst, call, person):
    token, at = sign_in(call, person)["access"], "/api/users/push-tokens/"
    mine, word = {"token": f"ExponentPushToken[{secrets.token_hex(11)}]"}, secrets.token_hex(16)
    assert call(200, "POST", at + "test/", token)["success"] is False
    call(400, "POST", at, token, json={})
    call(400, "POST", at, token, json={"token": "x", "device_type": "ios"})
    call(400, "POST", at, token, json={**mine, "device_type": "fridge"})
    call(403, "POST", at, inst.token, json=mine)
    for _ in range(2):
        assert call(200, "POST", at, token, json=mine, headers={"Idempotency-Key": word})["created"] is True
    call(422, "POST", at, token, json={**mine, "device_type": "ios"}, headers={"Idempotency-Key": word})
    assert call(200, "POST", at, token, json=mine)["created"] is False
    assert call(200, "POST", at + "test/", token)["sent_to"] == 1
    call(202, "POST", at + "test/", token, headers={"Prefer": "wait=0"})
    call(400, "POST", at + "test/", token, headers={"Idempotency-Key": "short"})
    call(400, "POST", at + "remove/", token, json={"token": "x"})
    call(200, "POST", at + "remove/", token, json=mine)
def test_notifying(inst, call, person):
    admin, user = inst.token, sign_in(call, person)["access"]
    me = {"user_id": person["user"]["id"], "title": "Hello", "body": "World"}
    path = "/api/notifications/"
    key = {"Idempotency-Key": secrets.token_hex(16)}
    got = call(202, "POST", path, admin, json={**me, "data": {"a": "1"}, "escalate": [{"channel": "sms", "after_s": 60}]}, headers=key)
    assert call(202, "POST", path, admin, json={**me, "data": {"a": "1"}, "escalate": [{"channel": "sms", "after_s": 60}]},
                headers=key) == got
    call(422, "POST", path, admin, json=me, headers=key)
    call(200, "POST", path, admin, json={**me, "channels": ["in_app"]}, headers={"Prefer": "wait=10"})
    call(202, "POST", path, admin, json={"user_ids": [me["user_id"], 10 ** 12], "body": "x"})
    call(400, "POST", path, admin, json={"body": "x"})
    call(401, "POST", path, json=me)
    call(403, "POST", path, user, json=me)
    call(200, "POST", path + "explain/", admin, json=me)
    call(400, "POST", path + "explain/", admin, json={**me, "channels": ["pigeon"]})
    call(200, "GET", f"{path}{got['id']}/", admin)
    call(200, "POST", f"{path}{got['id']}/cancel/", admin)
    call(404, "POST", f"{path}{got['id']}/cancel/", user)


def test_inbox_and_wishes(inst, call, person):
    admin, user = inst.token, sign_in(call, person)["access"]
    for _ in range(3):
        got = call(200, "POST", "/api/notifications/", admin, headers={"Prefer": "wait=10"},
                   json={"user_id": person["user"]["id"], "title": "Hello", "body": "World", "channels": ["in_app"], "data": {"a": 1}})
    call(200, "GET", "/api/inbox/?after=0&limit=1&unread=true", user)
    call(401, "GET", "/api/inbox/")
    call(200, "GET", "/api/inbox/counts/", user)
    call(200, "POST", "/api/inbox/seen/", user, json={"seq": 1})
    call(200, "POST", f"/api/inbox/{got['id']}/read/", user)
    call(404, "POST", f"/api/inbox/{UNKNOWN}/read/", user)
    call(200, "POST", f"/api/inbox/{got['id']}/archive/", user)
    call(404, "POST", f"/api/inbox/{UNKNOWN}/archive/", user)
    call(200, "POST", "/api/inbox/read-all/", user, json={})
    call(200, "GET", "/api/preferences/", user)
    whole = call(200, "PUT", "/api/preferences/", user, json={
        "default_channel": "sms", "channels": {"email": False, "expo": None}, "types": {"order": {"expo": False}}, "topics": ["news"],
        "quiet_hours": {"from": "22:00", "to": "07:00", "time_zone": "Asia/Tehran"}, "digest": {"every": "day", "at": "08:00"}})
    assert call(200, "PUT", "/api/preferences/", user, json=whole) == whole
    call(200, "PATCH", "/api/preferences/", user, json={"default_channel": None, "quiet_hours": None, "digest": None, "channels": None,
                                                         "types": None, "topics": []})
    call(400, "PATCH", "/api/preferences/", user, json={"channels": {"pigeon": True}})
    from people import an_email
    made = call(201, "POST", "/api/suppressions/", admin, json={"channel": "email", "address": an_email()})
    call(400, "POST", "/api/suppressions/", admin, json={"channel": "sms", "address": "nobody"})
    call(403, "POST", "/api/suppressions/", user, json={"channel": "sms", "address": "nobody"})
    call(200, "POST", "/api/suppressions/import/", admin, json={"entries": [{"address": an_email()}, {"address": "nobody"}]})
    call(400, "POST", "/api/suppressions/import/", admin, json={"entries": []})
    call(200, "POST", "/api/campaigns/audience/", admin, json={"audience": {"all": True}})
    call(400, "POST", "/api/campaigns/audience/", admin, json={"audience": {}})
    call(200, "GET", "/api/admin/system/", admin)
    call(200, "GET", "/api/suppressions/?channel=email&limit=1", admin)
    call(204, "DELETE", f"/api/suppressions/{made['id']}/", admin)
    call(404, "DELETE", f"/api/suppressions/{made['id']}/", admin)
    to = an_email()
    call(202, "POST", "/api/notifications/", admin, json={"email": to, "title": "Hello", "body": "World"})
    link = re.search(r"\?t=([^>]+)", inst.sandbox.wait(channel="email", to=to)[0]["headers"]["list-unsubscribe"]).group(1)
    call(200, "GET", f"/api/unsubscribe/?t={link}")
    call(400, "GET", "/api/unsubscribe/?t=nothing")
    call(200, "POST", f"/api/unsubscribe/?t={link}", data={"List-Unsubscribe": "One-Click"})
    call(400, "POST", "/api/unsubscribe/", json={"t": "nothing"})


def test_sending(inst, call, person):
    user, admin = sign_in(call, person)["access"], inst.token
    sub = subscription(inst, call)
    text = {"title": "Hello", "body": "World"}
    got = call(200, "POST", "/api/push/send/single/", admin, json={"subscription_info": sub, **text, "data": {"a": "1"}})
    call(200, "GET", f"/api/notifications/{got['id']}/?limit=10&after=0", admin)
    call(404, "GET", f"/api/notifications/{UNKNOWN}/", admin)
    call(404, "GET", f"/api/notifications/{got['id']}/", user)
    call(200, "POST", "/api/push/send/single/", json={"subscription_info": sub, **text, "admin_token": admin})
    call(401, "POST", "/api/push/send/single/", json={"subscription_info": sub, **text})
    call(403, "POST", "/api/push/send/single/", user, json={"subscription_info": sub, **text})
    call(400, "POST", "/api/push/send/single/", admin, json=text)
    call(400, "POST", "/api/push/send/single/", admin, json={**text, "device_id": UNKNOWN})
    call(400, "POST", "/api/push/send/single/", admin, json={**text, "subscription_info": sub, "url": "javascript:1"})
    call(202, "POST", "/api/push/send/single/", admin, json={"subscription_info": sub, **text},
         headers={"Prefer": "respond-async"})
    call(413, "POST", "/api/push/send/single/", admin, data=b'{"title": "' + b"x" * 1100000 + b'"}',
         headers={"Content-Type": "application/json"})
    group = {"subscription_info_list": [sub, subscription(inst, call)], **text}
    key = {"Idempotency-Key": secrets.token_hex(16)}
    for _ in range(2):
        got = call(200, "POST", "/api/push/send/group/", admin, json=group, headers=key)
    assert got["success_count"] == got["total"] == 2
    call(422, "POST", "/api/push/send/group/", admin, json={**group, "title": "Other"}, headers=key)
    call(200, "GET", f"/api/notifications/{got['id']}/", admin)
    call(400, "POST", "/api/push/send/group/", admin, json={**text, "group": "no-such"})
    inst.sandbox.fault("push", "status", status=410, times=1)
    failed = call(400, "POST", "/api/push/send/single/", admin, json={"subscription_info": subscription(inst, call), **text})
    assert failed["code"] == "delivery_failed" and failed["deliveries"][0]["state"] == "failed"
    inst.sandbox.heal()
    # Last, for nobody waits for it.
    call(202, "POST", "/api/push/send/group/", admin, json=group, headers={"Prefer": "wait=0"})


def test_admin_tokens(inst, call, person):
    root, user = inst.admin(), sign_in(call, person)["access"]
    made = call(201, "POST", "/api/push/token/generate/", root)
    call(201, "POST", "/api/push/token/generate/", root, json={
        "name": "shop", "scopes": ["push", "send"], "expires_at": "2099-01-01T00:00:00Z", "cidr": "192.0.2.0/24"})
    key = {"Idempotency-Key": secrets.token_hex(16)}
    assert "token" in call(201, "POST", "/api/push/token/generate/", root, headers=key, json={"name": "once"})
    assert "token" not in call(201, "POST", "/api/push/token/generate/", root, headers=key, json={"name": "once"})
    for wrong in ({"scopes": ["all"]}, {"cidr": "everywhere"}, {"expires_at": "2001-01-01T00:00:00Z"}, {"expires_at": "soon"}):
        call(400, "POST", "/api/push/token/generate/", root, json=wrong)
    call(403, "POST", "/api/push/token/generate/", user)
    call(403, "POST", "/api/push/token/generate/", made["token"])
    call(200, "GET", "/api/push/tokens/?page_size=100", root)
    call(403, "GET", "/api/push/tokens/", user)
    call(204, "DELETE", f"/api/push/tokens/{made['id']}/", root)
    call(404, "DELETE", f"/api/push/tokens/{made['id']}/", root)


def test_the_end_of_an_account(inst, call, contract):
    phone = a_phone()
    made = call(201, "POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
    me = call(200, "POST", "/api/auth/otp/verify/", json={
        "register_id": made["register_id"], "otp_code": inst.sandbox.code(phone)})["access"]
    assert call(200, "GET", "/api/auth/export/", me)["complete"]
    call(401, "GET", "/api/auth/export/")
    call(400, "DELETE", "/api/auth/account/", me, json={"password": "Wrong-Word-1"})
    call(409, "DELETE", "/api/auth/account/", inst.admin())
    call(200, "DELETE", "/api/auth/account/", me, json={"password": PASSWORD})
    back = call(403, "POST", "/api/auth/login/", json={"username": phone, "password": PASSWORD})["restore_token"]
    call(200, "GET", f"/api/auth/account/restore/?token={back}")
    call(400, "GET", "/api/auth/account/restore/?token=x")
    call(400, "POST", "/api/auth/account/restore/", json={"token": "x"})
    call(200, "POST", "/api/auth/account/restore/", json={"token": back})
    call(200, "POST", "/api/auth/login/", json={"username": phone, "password": PASSWORD})

def test_the_authentication_api(inst, call):
    inst.rows("DELETE FROM throttle")
    root = sign_in_admin(inst, call)
    email = f"p{secrets.token_hex(6)}@example.com"
    made = call(201, "POST", "/api/users/", json={"email": email, "password": PASSWORD})
    call(400, "POST", "/api/users/", json={"email": email, "password": "weak"})
    s = call(200, "POST", "/api/token/", json={"email": email, "password": PASSWORD})
    call(401, "POST", "/api/token/", json={"email": email, "password": "Wrong-Word-1"})
    call(200, "POST", "/api/token/verify/", json={"token": s["access"]})
    s = call(200, "POST", "/api/token/refresh/", json={"refresh": s["refresh"]})
    call(401, "POST", "/api/token/refresh/", json={"refresh": "garbage"})
    token, path = s["access"], f"/api/users/{made['id']}/"
    call(403, "POST", "/api/users/", token, json={"email": email, "password": PASSWORD})
    call(200, "GET", path, token)
    call(200, "PUT", path, token, json={"first_name": "Sara"})
    call(200, "PATCH", path, token, json={"gender": "F"})
    call(404, "GET", f"/api/users/{UNKNOWN}/", token)
    call(403, "GET", "/api/users/", token)
    call(200, "GET", "/api/users/?is_staff=false&ordering=-created_at&q=p", root)
    call(400, "GET", "/api/users/?limit=x", root)
    call(400, "POST", "/api/otp/send/", token, json={"email_or_phone": "phone"})
    call(200, "POST", "/api/otp/send/", token, json={"email_or_phone": "email"})
    call(429, "POST", "/api/otp/send/", token, json={"email_or_phone": "email"})
    code = inst.sandbox.code(email, "email")
    call(400, "POST", "/api/otp/verify/", token, json={"code": (int(code) + 1) % 10**6})
    call(200, "POST", "/api/otp/verify/", token, json={"code": code})
    inst.rows("DELETE FROM throttle")
    assert "pending_email" in call(200, "PATCH", path, token, json={"email": f"n{email}"})
    call(204, "DELETE", path, token)
    call(200, "POST", "/api/logout/", root)
    call(401, "POST", "/api/logout/", json={"refresh": "garbage"})


def sign_in_admin(inst, call):
    return call(200, "POST", "/api/auth/login/", json={
        "username": inst.env["GATEPOST_ADMIN_EMAIL"], "password": inst.env["GATEPOST_ADMIN_PASSWORD"]})["access"]


def test_a_change_and_its_undo(inst, call):
    inst.rows("DELETE FROM throttle")
    old, new = a_phone(), a_phone()
    made = call(201, "POST", "/api/auth/register/", json={"phone_number": old, "password": PASSWORD})
    token = call(200, "POST", "/api/auth/otp/verify/", json={
        "register_id": made["register_id"], "otp_code": inst.sandbox.code(old)})["access"]
    call(200, "POST", "/api/auth/email/change/", token, json={"new_email": f"c{secrets.token_hex(6)}@example.com"})
    call(400, "POST", "/api/auth/email/change/", token, json={"new_email": "nobody"})
    call(401, "POST", "/api/auth/email/change/", json={"new_email": "c@example.com"})
    flow = call(200, "POST", "/api/auth/number/change/", token, json={"new_phone_number": new})["register_id"]
    token = call(200, "POST", "/api/auth/otp/verify/", json={"register_id": flow, "otp_code": inst.sandbox.code(new)})["access"]
    call(201, "POST", "/api/auth/ticket/", token)
    call(200, "POST", "/api/auth/sessions/revoke-all/", token)
    call(401, "POST", "/api/auth/sessions/revoke-all/", token)
    link = wait_until("the link", lambda: next((m["text"].split("token=")[1][:22] for m in inst.sandbox.messages(to=old)
                                                if "token=" in m["text"]), None))
    call(200, "GET", f"/api/auth/undo/?token={link}")
    call(200, "POST", "/api/auth/undo/", json={"token": link})
    call(410, "POST", "/api/auth/undo/", json={"token": link})
    call(410, "GET", f"/api/auth/undo/?token={link}")
    call(400, "POST", "/api/auth/undo/", json={})


def test_users_for_admins(inst, call, person):
    root, user = inst.admin(), person["user"]["id"]
    one = f"/api/admin/users/{user}/"
    call(200, "GET", "/api/admin/users/?ordering=-id&is_active=true&page_size=5", root)
    call(400, "GET", "/api/admin/users/?ordering=x", root)
    call(403, "GET", "/api/admin/users/", sign_in(call, person)["access"])
    call(200, "GET", one, root)
    call(404, "GET", "/api/admin/users/999999999/", root)
    call(200, "PATCH", one, root, json={"last_name": "Moradi", "is_staff": False})
    call(400, "PATCH", one, root, json={"colour": "red"})
    call(409, "PATCH", "/api/admin/users/1/", root, json={"is_superuser": False})
    for path in ("disable", "enable", "sign-out"):
        call(200, "POST", f"{one}{path}/", root)
    inst.rows("DELETE FROM throttle")
    for _ in range(5):
        call(200, "POST", f"{one}reset-password/", root)
    call(429, "POST", f"{one}reset-password/", root)
    inst.rows("DELETE FROM throttle")
    call(200, "POST", f"{one}reset-factors/", root, json={"reason": "ticket 1"})
    call(400, "POST", f"{one}reset-factors/", root, json={})
    call(201, "POST", f"{one}impersonate/", root, json={"reason": "ticket 1"})
    call(400, "POST", f"{one}impersonate/", root, json={})
    call(409, "POST", "/api/admin/users/1/impersonate/", root, json={"reason": "ticket 1"})
    call(200, "GET", "/api/admin/audit/?limit=100", root)
    call(400, "GET", "/api/admin/audit/?before=x", root)
    sessions = "/api/admin/sessions/"
    call(400, "GET", f"{sessions}?user=nobody@example.com", root)
    mine = sign_in(call, person)["access"]
    call(403, "GET", sessions, mine)
    his = call(200, "GET", f"{sessions}?user={user}&is_active=true", root)["results"][0]
    call(204, "DELETE", f"{sessions}{his['id']}/", root)
    call(404, "DELETE", f"{sessions}{his['id']}/", root)


def test_the_log_and_the_queue(inst, call, person):
    root, log, jobs = inst.admin(), "/api/admin/deliveries/", "/api/admin/jobs/"
    user = sign_in(call, person)["access"]
    row = call(200, "GET", f"{log}?channel=sms", root)["results"][0]
    call(200, "GET", f"{log}{row['id']}/", root)
    call(404, "GET", f"{log}1-1/", root)
    call(400, "GET", f"{log}?state=lost", root)
    call(403, "GET", log, user)
    call(409, "POST", f"{log}{row['id']}/resend/", root)
    # As a push is that its service refused, and as a job that ended three workers.
    nid = inst.rows("SELECT MAX(id) + 1 id FROM notification")[0]["id"]
    inst.rows("INSERT INTO notification (id, type, class, channel, content, audience, created_at, expires_at, planned_at, total)"
              " VALUES (%s, 'push', 1, 'web_push', '{\"body\": \"b\"}', '{}', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 3)", nid)
    inst.rows("INSERT INTO delivery (notification_id, seq, channel, target_hash, target, device_id, provider, state, reason,"
              " attempts, attempt_log, created_at, updated_at) SELECT %s, seq, 'web_push', UNHEX(MD5(seq)), 'x', 1, 'webpush',"
              " 'failed', 'dead_letter', 1, '{\"at\":\"2026-11-21T09:30:00Z\",\"outcome\":\"perm\"}\n', UTC_TIMESTAMP(6),"
              " UTC_TIMESTAMP(6) FROM seq_1_to_3", nid)
    inst.rows("INSERT INTO job (id, class, state, kind, notification_id, seq, device_id, provider, crashes, expires_at,"
              " last_error, created_at) SELECT 70 + seq, 1, 9, 2, notification_id, seq, 1, provider, 3, UTC_TIMESTAMP(6),"
              " 'dead_letter', UTC_TIMESTAMP(6) FROM delivery WHERE notification_id = %s", nid)
    key = {"Idempotency-Key": secrets.token_hex(16)}
    call(202, "POST", f"{log}{nid}-1/resend/", root, headers=key)
    call(202, "POST", f"{log}{nid}-1/resend/", root, headers=key)
    call(422, "POST", f"{log}{nid}-2/resend/", root, headers=key)
    assert call(200, "GET", f"{jobs}?state=dead", root)["queues"]
    call(200, "GET", f"{jobs}72/", root)
    call(404, "GET", f"{jobs}79/", root)
    call(200, "POST", f"{jobs}72/redrive/", root)
    call(204, "DELETE", f"{jobs}73/", root)
    call(404, "DELETE", f"{jobs}73/", root)
    call(200, "POST", f"{jobs}redrive/", root, json={"all": True})
    call(400, "POST", f"{jobs}redrive/", root, json={})
    call(200, "GET", "/api/admin/stats/", root)
    call(400, "GET", "/api/admin/stats/?hours=x", root)
    call(200, "GET", "/api/admin/devices/?is_active=true&q=x", root)
    call(404, "POST", f"/api/admin/devices/{UNKNOWN}/test/", root)
    phone = {"token": f"ExponentPushToken[{secrets.token_hex(11)}]"}
    call(200, "POST", "/api/users/push-tokens/", user, json=phone)
    one = call(200, "GET", f"/api/admin/devices/?token={phone['token']}", root)["results"][0]["id"]
    call(202, "POST", f"/api/admin/devices/{one}/test/", root, headers={"Prefer": "respond-async"})
    call(200, "POST", "/api/admin/devices/deactivate/", root, json={"ids": [one]})
    off = call(200, "GET", f"/api/admin/devices/?token={phone['token']}", root)["results"][0]
    assert (off["reason"], off["reason_text"]) == ("admin", "An administrator switched it off.")
    call(409, "POST", f"/api/admin/devices/{one}/test/", root)
    call(200, "POST", "/api/admin/devices/activate/", root, json={"ids": ["1"]})
    call(400, "POST", "/api/admin/devices/activate/", root, json={"ids": ["x"]})


def test_webhooks(inst, call):
    root, path = inst.admin(), "/api/admin/webhooks/"
    key = {"Idempotency-Key": secrets.token_hex(16)}
    hook = call(201, "POST", path, root, headers=key, json={"url": "https://example.com/hook", "events": ["delivery.failed"]})
    assert "secret" not in call(201, "POST", path, root, headers=key, json={
        "url": "https://example.com/hook", "events": ["delivery.failed"]})
    one = f"{path}{hook['id']}/"
    call(400, "POST", path, root, json={"url": "http://example.com/"})
    call(200, "GET", path, root)
    call(200, "GET", one, root)
    call(404, "GET", f"{path}{UNKNOWN}/", root)
    call(200, "PATCH", one, root, json={"description": "shop"})
    call(202, "POST", one + "test/", root)
    call(202, "POST", one + "replay/", root, json={"since": "2026-01-01T00:00:00Z"})
    call(400, "POST", one + "replay/", root, json={})
    call(200, "POST", one + "rotate/", root)
    call(200, "PATCH", one, root, json={"is_active": False})
    call(409, "POST", one + "test/", root)
    call(204, "DELETE", one, root)
    call(404, "DELETE", one, root)


def test_templates(inst, call, person):
    root, user, path = inst.admin(), sign_in(call, person)["access"], "/api/templates/"
    words = {"default_locale": "en", "variables": {"n": {"type": "number"}}, "locales": {"en": {"title": "T {n}", "body": "B"}}}
    assert call(200, "GET", f"{path}?q=order&limit=5", root)["count"] >= 2
    call(403, "GET", path, user)
    name, key = f"t_{secrets.token_hex(4)}", {"Idempotency-Key": secrets.token_hex(16)}
    made = [call(201, "POST", path, root, json={"name": name, "definition": words}, headers=key) for _ in range(2)]
    assert made[0] == made[1]
    call(409, "POST", path, root, json={"name": name, "definition": words})
    call(400, "POST", path, root, json={"name": name, "definition": {"locales": 1}})
    path += f"{name}/"
    call(200, "GET", path, root)
    assert call(201, "POST", path + "versions/", root, json={"definition": words})["version"] == 2
    call(200, "GET", path + "versions/?limit=1", root)
    call(200, "GET", path + "versions/1/", root)
    call(404, "GET", path + "versions/9/", root)
    assert call(200, "PATCH", path, root, json={"active_version": 1})["active_version"] == 1
    call(400, "PATCH", path, root, json={"active_version": 9})
    call(200, "POST", path + "preview/", root, json={"data": {"n": 1}})
    call(400, "POST", path + "preview/", root, json={"data": {"n": "x"}})
    call(404, "POST", "/api/templates/none/preview/", root, json={})
    call(202, "POST", path + "test/", root, json={"data": {"n": 1}})


def test_messages_of_users(inst, call, person):
    me, key = sign_in(call, person)["access"], {"Idempotency-Key": secrets.token_hex(16)}
    mail = {"to": "u@example.com", "subject": "Hello", "message": "World"}
    sent = [call(202, "POST", "/api/communications/email/", me, json=mail, headers=key)["data"] for _ in range(2)]
    assert sent[0] == sent[1]
    call(400, "POST", "/api/communications/email/", me, json={**mail, "to": "nobody"})
    call(401, "POST", "/api/communications/email/", json=mail)
    call(202, "POST", "/api/communications/sms/", inst.token, json={"to": a_phone(), "message": "Hello"})
    call(400, "POST", "/api/communications/sms/", me, json={"to": a_phone(), "message": "x" * 1000})
    assert call(200, "GET", "/api/communications/history/?type=email&limit=5", me)["count"] == 1


@pytest.mark.parametrize("path", ["/api/articles/", "/api/v1/article/"])
def test_articles(inst, call, person, path):
    me, key = sign_in(call, person)["access"], {"Idempotency-Key": secrets.token_hex(16)}
    draft = {"title": "Hello", "content": "World", "status": "draft"}
    made = [call(201, "POST", path, me, json=draft, headers=key) for _ in range(2)]
    assert made[0] == made[1]
    call(400, "POST", path, me, json={"title": "x"})
    assert call(200, "GET", f"{path}?status=draft&q=Hello&ordering=title&author={person['user']['id']}&limit=1", me)["count"] >= 1
    path += made[0]["id"] + "/"
    call(200, "GET", path, me)
    call(200, "PUT", path, me, json={**draft, "title": "Other"})
    call(200, "PATCH", path, me, json={"status": "published"})
    call(204, "DELETE", path, me)
    call(404, "DELETE", path, me)


def test_bounces(call):
    path, event = f"/api/webhooks/email/openapi-{'x' * 24}/", {"event": "bounce", "message_id": f"<{UNKNOWN}.1@example.com>"}
    assert call(200, "POST", path, json=event)["ignored"] == 1
    call(400, "POST", path, json={"events": "x"})
    call(404, "POST", path.replace("x", "y"), json=event)


def test_provider_accounts(inst, call, person):
    root, all_ = inst.admin(), "/api/admin/providers/"
    body = {"name": "second", "kind": "smtp", "settings": {"host": "mail.example.com", "from": "a@example.com"},
            "secrets": {"password": "x"}, "weight": 0}
    made = call(201, "POST", all_, root, json=body)
    call(400, "POST", all_, root, json={**body, "settings": {"colour": "red"}})
    call(409, "POST", all_, root, json=body)
    call(403, "POST", all_, sign_in(call, person)["access"], json=body)
    call(200, "GET", f"{all_}?page_size=50", root)
    call(400, "GET", f"{all_}?page_size=0", root)
    one = f"{all_}{made['id']}/"
    call(200, "GET", one, root)
    call(404, "GET", f"{all_}{UNKNOWN}/", root)
    call(200, "PATCH", one, root, json={"weight": 2})
    call(400, "PATCH", one, root, json={"weight": "x"})
    call(409, "PATCH", f"{all_}smtp/", root, json={"weight": 2})
    call(200, "POST", f"{one}reset-counter/", root)
    call(200, "POST", f"{all_}smtp/test/", root, json={"to": "me@example.org"}, headers={"Prefer": "wait=15"})
    call(202, "POST", f"{all_}smtp/test/", root, json={"to": "me@example.org"}, headers={"Prefer": "respond-async"})
    call(400, "POST", f"{all_}smtp/test/", root, json={"to": "me"})
    call(204, "DELETE", one, root)
    call(409, "DELETE", f"{all_}smtp/", root)


def test_health(call):
    call(200, "GET", "/api/auth/challenge/")
    call(200, "GET", "/api/health/live")
    call(200, "GET", "/api/health/ready")
    call(200, "GET", "/metrics")
    call(403, "GET", "/metrics", source="127.0.0.3")


def test_sign_in_by_other_sites(inst, call, person):
    import requests
    inst.rows("DELETE FROM throttle")

    def settings(provider, **values):
        return inst.sandbox._call("PUT", f"/{provider}/settings", json=values)

    def there(browser, url):
        return browser.get(url, verify=inst.ca, allow_redirects=False).headers["Location"].split(inst.url)[1]
    settings("oidc", people={"oa": {"name": "Oa"}, "ob": {"email": person["user"]["email"] or "ob@example.com"}},
             auto="oa")
    call(200, "GET", "/api/auth/social/providers/")
    call(404, "GET", "/api/auth/social/nobody/start")
    call(400, "GET", "/api/auth/social/sandbox/start?next=//evil.example")
    call(400, "GET", "/api/auth/social/sandbox/callback?state=x")
    http = requests.Session()
    http.trust_env = False
    r = inst.api("GET", "/api/auth/social/sandbox/start", session=http)
    call.contract.check("GET", "/api/auth/social/sandbox/start", r)
    path = there(http, r.headers["Location"])
    r = inst.api("GET", path, session=http)
    call.contract.check("GET", path, r)
    assert r.status_code == 302, r.text
    token = sign_in(call, person)["access"]
    made = call(200, "POST", "/api/auth/social/sandbox/link/", token, json={})
    assert made["authorization_url"].startswith("https://")
    call(400, "POST", "/api/auth/social/link/", token, json={"link_token": "unknown"})
    call(200, "GET", "/api/auth/social/", token)
    call(404, "DELETE", f"/api/auth/social/{UNKNOWN}/", token)
    # An offer of this browser and one's own identity, as the callback leaves them.
    import hashlib
    cookie = "c" * 22
    inst.rows("INSERT INTO social_offer (id, token_hash, browser_hash, user_id, provider, issuer, sub, ends_at)"
              " VALUES (1, %s, %s, %s, 'sandbox', 'x', 'y', UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE)",
              hashlib.sha256(b"offer").digest(), hashlib.sha256(cookie.encode()).digest(), person["user"]["id"])
    call(200, "POST", "/api/auth/social/link/", token, json={"link_token": "offer"},
         cookies={"__Host-gatepost-state": cookie})
    mine, = call(200, "GET", "/api/auth/social/", token)["results"]
    call(204, "DELETE", f"/api/auth/social/{mine['id']}/", token)
    settings("facebook", people={"1015": {"name": "Fb"}})
    made = inst.sandbox._call("POST", "/facebook/token", json={"user": "1015"})
    call(200, "POST", "/api/auth/login/facebook/", json=made)
    call(401, "POST", "/api/auth/login/facebook/", json={"access_token": "x"})
    made = inst.sandbox._call("POST", "/facebook/signed_request", json={"user": "1015"})
    gone = call(200, "POST", "/api/auth/social/facebook/deletion/", data=made)
    call(400, "POST", "/api/auth/social/facebook/deletion/", data={"signed_request": "x.y"})
    call(200, "GET", gone["url"].split(inst.url)[1])
    call(404, "GET", "/api/auth/social/facebook/deletion/?id=unknown")


def test_second_factors(inst, call):
    from factor_people import App
    from people import Person
    inst.rows("DELETE FROM throttle")
    p = Person(inst)
    token = p.bearer().access
    call(200, "GET", "/api/auth/mfa/", token)
    app = App(inst, p.id, call(200, "POST", "/api/auth/mfa/totp/", token, json={}))
    on = call(200, "POST", "/api/auth/mfa/totp/confirm/", token, json={"code": app.code()})
    token = on["access"]
    call(200, "GET", "/api/auth/mfa/recovery-codes/", token)
    codes = call(200, "POST", "/api/auth/mfa/recovery-codes/", token, json={})["recovery_codes"]
    due = call(200, "POST", "/api/auth/login/", json={"username": p.phone, "password": p.password})
    call(200, "POST", "/api/auth/mfa/challenge/", json={"mfa_token": due["mfa_token"], "method": "totp"})
    call(200, "POST", "/api/auth/mfa/verify/", json={"mfa_token": due["mfa_token"], "code": codes[0]})
    token = call(200, "POST", "/api/auth/reauth/", token, json={"code": app.code()})["access"]
    inst.rows("DELETE FROM throttle")
    call(200, "POST", "/api/auth/reauth/challenge/", token, json={"method": "sms"})
    call(200, "PATCH", "/api/auth/mfa/", token, json={"sms": False})
    call(204, "DELETE", "/api/auth/mfa/totp/", token)


def test_signing_in_without_a_password(inst, call):
    from people import Person, an_email
    p = Person(inst, email=an_email())
    inst.rows("DELETE FROM throttle")
    inst.sandbox.clear()
    call(200, "POST", "/api/auth/otp/request/", json={"email": p.email})
    mail = inst.sandbox.wait(channel="email", to=p.email)[0]["text"]
    token = mail.split("token=")[1].split()[0].split("&")[0]
    call(200, "GET", "/api/auth/otp/link/", params={"token": token})
    call(200, "POST", "/api/auth/otp/link/", json={"token": token})


def test_sign_up_by_mail(inst, call):
    """The link's own tests are in test_verify_email.py."""
    for v in ("", "v1/"):
        email = f"{secrets.token_hex(6)}@example.com"
        call(201, "POST", f"/api/{v}register/", json={"email": email, "password": PASSWORD})
        call(429, "POST", "/api/verify-email/resend/", json={"email": email})
        token = re.search(r"token=(\S+)", inst.sandbox.wait(channel="email", to=email)[0]["text"]).group(1)
        call(200, "GET", f"/api/{v}verify-email/?token={token}")
        call(200, "POST", f"/api/{v}verify-email/", json={"token": token})
        call(400, "POST", f"/api/{v}verify-email/", json={"token": token})
    call(200, "POST", "/api/verify-email/resend/", json={"email": f"{secrets.token_hex(6)}@example.com"})


def test_what_providers_call(inst, call, contract):
    """More of them in test_callbacks.py and test_twilio.py."""
    from callback_case import WHATSAPP, from_meta, from_twilio, value
    call(200, "GET", WHATSAPP, params={"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "sandbox-whatsapp-verify"})
    call(403, "GET", WHATSAPP)
    contract.check("POST", WHATSAPP, from_meta(inst, value()))
    contract.check("POST", WHATSAPP, from_meta(inst, b"{"))
    call(403, "POST", WHATSAPP, json={})
    kavenegar = f"/api/webhooks/kavenegar/{inst.settings['GATEPOST_KAVENEGAR_SECRET']}/"
    call(200, "GET", kavenegar, params={"messageid": "1", "status": "10"})
    call(200, "POST", kavenegar, data={"messageid": "1", "status": "10"})
    call(400, "POST", kavenegar)
    call(400, "GET", kavenegar)
    call(404, "GET", "/api/webhooks/kavenegar/xxxxxxxxxxxxxxxxxxxxxxxx/")
    contract.check("POST", "/api/webhooks/twilio/", from_twilio(inst, "/api/webhooks/twilio/", {"SmsStatus": "received"}))
    call(403, "POST", "/api/webhooks/twilio/", data={"a": "b"})


def test_a_message_by_whatsapp(inst, call, person):
    me = inst.admin()
    to = a_phone()
    sent = call(202, "POST", "/api/communications/whatsapp/", token=me, json={"to": to, "message_type": "template"})
    assert sent["data"]["task_id"]
    call(409, "POST", "/api/communications/whatsapp/", token=me, json={"to": to, "message": "Hello"})
    call(400, "POST", "/api/communications/whatsapp/", token=me, json={"to": "x"})
    call(401, "POST", "/api/communications/whatsapp/", json={"to": to})


def test_campaigns(inst, call, person):
    """Its own tests are in test_campaigns.py."""
    admin, user, path = inst.token, sign_in(call, person)["access"], "/api/campaigns/"
    new = {"name": "spring", "channels": ["email"], "title": "Hello", "body": "World", "audience": {"ids": [int(person["user"]["id"])]}}
    key = {"Idempotency-Key": secrets.token_hex(16)}
    made = call(201, "POST", path, admin, json={**new, "rate": 1, "data": {"a": 1}}, headers=key)
    assert call(201, "POST", path, admin, json={**new, "rate": 1, "data": {"a": 1}}, headers=key) == made
    call(422, "POST", path, admin, json=new, headers=key)
    call(400, "POST", path, admin, json={**new, "channels": ["pigeon"]})
    call(401, "POST", path, json=new)
    call(403, "POST", path, user, json=new)
    call(200, "GET", path + "?state=draft&limit=1", admin)
    own = f"{path}{made['id']}/"
    later = inst.rows("SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL 1 DAY, '%%Y-%%m-%%dT%%H:%%i:%%sZ') t")[0]["t"]
    assert call(200, "PATCH", own, admin, json={"name": "summer", "at": later})["name"] == "summer"
    call(400, "PATCH", own, admin, json={"audience": {}})
    call(409, "POST", own + "resume/", admin)
    for step, state in (("start", "scheduled"), ("cancel", "cancelled")):
        assert call(200, "POST", f"{own}{step}/", admin)["state"] == state
    call(409, "PATCH", own, admin, json={"name": "late"})
    assert call(200, "GET", own, admin)["state"] == "cancelled"
    for what, step in (("GET", ""), ("PATCH", ""), ("POST", "start/"), ("GET", "recipients/")):
        call(404, what, f"{path}{UNKNOWN}/{step}", admin, **({"json": {"name": "x"}} if what == "PATCH" else {}))
    # One that goes out, and not before it was paused.
    inst.kill("worker", signal.SIGTERM)
    now = call(201, "POST", path, admin, json={**new, "start": True})
    for step, state in (("pause", "paused"), ("resume", "running")):
        assert call(200, "POST", f"{path}{now['id']}/{step}/", admin)["state"] == state
    inst.start("worker")
    wait_until("it ends", lambda: call(200, "GET", f"{path}{now['id']}/", admin)["state"] == "done")
    assert len(call(200, "GET", f"{path}{now['id']}/recipients/?limit=10", admin)["results"]) == 1
    call(409, "POST", f"{path}{now['id']}/cancel/", admin)
    # What sites ask for in SQL: more in test_sql_notify.py.
    call(200, "GET", "/api/admin/intake/?limit=1", inst.admin())
    call(400, "GET", "/api/admin/intake/?limit=0", inst.admin())
    call(403, "GET", "/api/admin/intake/", user)


def test_a_campaign_of_addresses(inst, call, person):
    from people import an_email
    mail = {"type": "email", "recipients": [an_email(), an_email()], "subject": "S", "content": "x"}
    path, key = "/api/communications/bulk/", {"Idempotency-Key": secrets.token_hex(16)}
    got = call(202, "POST", path, inst.admin(), json=mail, headers=key)
    assert got["recipient_count"] == 2
    assert call(200, "GET", f"/api/campaigns/{got['id']}/", inst.admin())["audience"] == {"addresses": 2}
    assert call(202, "POST", path, inst.admin(), json=mail, headers=key) == got
    call(422, "POST", path, inst.admin(), json={**mail, "content": "y"}, headers=key)
    call(400, "POST", path, inst.admin(), json={**mail, "recipients": []})
    call(401, "POST", path, json=mail)
    call(403, "POST", path, sign_in(call, person)["access"], json=mail)


def test_what_is_done_to_some(inst, call):
    root = sub = inst.admin()
    gid = call(201, "POST", "/api/push/groups/", inst.token, json={"name": "some-" + secrets.token_hex(4)})["id"]
    for path, token in (("/api/auth/sessions/revoke/", sub), ("/api/push/subscriptions/remove/", sub), ("/api/inbox/read/", sub),
                        ("/api/inbox/archive/", sub), ("/api/admin/sessions/revoke/", root), ("/api/admin/users/disable/", root),
                        ("/api/admin/users/enable/", root), ("/api/admin/users/sign-out/", root), ("/api/push/tokens/revoke/", root),
                        ("/api/admin/jobs/discard/", root), ("/api/suppressions/remove/", root),
                        (f"/api/push/groups/{gid}/remove-members/", inst.token)):
        got = call(200, "POST", path, token, json={"ids": ["7777777", "x"]})
        assert [r["code"] for r in got["results"]] == ["not_found"] * 2 and all(r["detail"] for r in got["results"]), path
        call(400, "POST", path, token, json={"ids": []})


def test_every_operation_was_seen_to_succeed(call, contract):
    good = {(m, p) for m, p, status in contract.seen if status < 400}
    assert contract.operations() - good == set()
