"""Sending pushes: every accepted form, what comes of it, and waiting for it."""
import json
import struct
import threading
import time
import zlib

import pytest

from push_case import admin_token, at_once, browser, new_user, refused, subscribed, word

SINGLE = "/api/push/send/single/"
GROUP = "/api/push/send/group/"
TEXT = {"title": "Order", "body": "On its way"}


def single(inst, token=None, headers=None, **body):
    return inst.api("POST", SINGLE, token=token or inst.token, headers=headers, json={**TEXT, **body})


def group(inst, token=None, headers=None, **body):
    return inst.api("POST", GROUP, token=token or inst.token, headers=headers, json={**TEXT, **body})


def arrived(inst, b, count=1):
    return inst.sandbox.wait(channel="web_push", to=b["info"]["endpoint"], count=count)


def sent(inst, r, b):
    """It was sent: the answer as published, one delivery, and the message itself."""
    assert r.status_code == 200, r.text
    got = r.json()
    assert got["message"] and isinstance(got["id"], str) and len(got["deliveries"]) == 1
    d = got["deliveries"][0]
    assert d["state"] == "sent" and d["channel"] == "web_push" and d["sent_at"] and d["attempts"]
    assert b["info"]["endpoint"] not in r.text          # the endpoint is a secret: its host is shown
    return arrived(inst, b)[0]


# --- one ---------------------------------------------------------------------

def test_a_subscription_given_inline(inst):
    b = browser(inst)
    m = sent(inst, single(inst, subscription_info=b["info"], url="/orders/7", data={"orderId": "7", "n": [1, None]}), b)
    p = m["payload"]
    assert p["title"] == p["head"] == "Order" and p["body"] == "On its way" and p["url"] == "/orders/7"
    assert p["requireInteraction"] is True
    assert p["data"] == {"orderId": "7", "n": [1, None], "url": "/orders/7"}
    row = inst.rows("SELECT user_id, is_active FROM device WHERE target = %s", b["info"]["endpoint"])
    assert row == [{"user_id": None, "is_active": 1}]


def test_every_form_of_the_body(inst):
    """JSON string, form, multipart; bearer or admin_token in each."""
    whole = {"url": "/x", "require_interaction": "false", "ttl": "60", "urgency": "high", "data": '{"a": "b"}'}
    for n, send in enumerate([
        lambda s: inst.api("POST", SINGLE, token=inst.token, json={**TEXT, "subscription_info": s, "unknown": 1}),
        lambda s: inst.api("POST", SINGLE, json={**TEXT, "subscription_info": s, "admin_token": inst.token}),
        lambda s: inst.api("POST", SINGLE, data={**TEXT, **whole, "subscription_info": s, "admin_token": inst.token}),
        lambda s: inst.api("POST", SINGLE, files={k: (None, v) for k, v in {
            **TEXT, **whole, "subscription_info": s, "admin_token": inst.token}.items()}),
    ]):
        b = browser(inst)
        m = sent(inst, send(json.dumps(b["info"])), b)
        if n >= 2:
            assert m["payload"]["requireInteraction"] is False and m["payload"]["data"] == {"a": "b", "url": "/x"}
            headers = {k.lower(): v for k, v in m["headers"].items()}
            assert int(headers["ttl"]) <= 60 and headers["urgency"] == "high"


def test_by_device_and_by_user(inst):
    user = new_user(inst)
    d1, b1 = subscribed(inst, user)
    sent(inst, single(inst, device_id=d1["id"]), b1)
    _, b2 = subscribed(inst, user)
    r = single(inst, user_id=user["id"], title="Both")
    assert r.status_code == 200 and len(r.json()["deliveries"]) == 2
    for b in (b1, b2):
        assert "Both" in [m["payload"]["title"] for m in arrived(inst, b)]
    assert {d["user_id"] for d in r.json()["deliveries"]} == {user["id"]}


def test_an_administrator_by_session(inst):
    b = browser(inst)
    sent(inst, single(inst, token=inst.admin(), subscription_info=b["info"]), b)


def test_refused_by_the_push_service(inst):
    user = new_user(inst)
    d, b = subscribed(inst, user)
    inst.sandbox.unsubscribe(b)
    r = single(inst, device_id=d["id"])
    p = refused(r, 400, "delivery_failed")
    assert p["error"] and p["deliveries"][0]["state"] == "failed" and p["deliveries"][0]["reason"] == p["error"]
    # it is gone for good (R10): the device is dead, and there is nowhere to send to
    assert inst.rows("SELECT is_active FROM device WHERE id = %s", d["id"])[0]["is_active"] == 0
    refused(single(inst, device_id=d["id"]), 400, "unknown_device", "device_id")
    refused(single(inst, user_id=user["id"]), 400, "no_device", "user_id")


def test_keys_that_became_no_point_stop_nobody_else(inst):
    """A row that lost a bit: its message ends with the reason, the other device gets its own."""
    user = new_user(inst)
    d1, b1 = subscribed(inst, user)
    _, b2 = subscribed(inst, user)
    inst.rows("UPDATE device SET p256dh = CONCAT(CHAR(4), REPEAT(CHAR(7), 64)) WHERE id = %s", d1["id"])
    r = single(inst, user_id=user["id"])
    got = {d["device_id"]: (d["state"], d["reason"]) for d in r.json()["deliveries"]}
    assert got.pop(d1["id"]) == ("failed", "bad_key"), r.text
    assert list(got.values()) == [("sent", "")] and arrived(inst, b2)
    assert not inst.sandbox.messages(channel="web_push", to=b1["info"]["endpoint"])


@pytest.mark.parametrize("field, body", [
    ("title", {"title": None}), ("title", {"title": ""}), ("title", {"title": "x" * 256}), ("title", {"title": "a\nb"}),
    ("body", {"body": None}), ("body", {"body": "x" * 4001}), ("body", {"body": "x" * 3990}), ("body", {"body": "a\x07"}),
    ("url", {"url": "javascript:alert(1)"}), ("url", {"url": "data:text/html,x"}), ("url", {"url": "a b"}),
    ("icon", {"icon": "javascript:alert(1)"}), ("icon", {"icon": "data:image/svg+xml;base64,AAAA"}),
    ("data", {"data": [1]}), ("data", {"data": "nothing"}), ("ttl", {"ttl": -1}), ("ttl", {"ttl": "soon"}),
    ("urgency", {"urgency": "now"}), ("topic", {"topic": "x" * 65}), ("require_interaction", {"require_interaction": 7}),
    ("subscription_info", {"subscription_info": None}), ("subscription_info", {"user_id": 1}),
    ("device_id", {"subscription_info": None, "device_id": "none"}), ("user_id", {"subscription_info": None, "user_id": "me"}),
    ("device_id", {"subscription_info": None, "device_id": "99"}),
])
def test_what_is_wrong_is_named(inst, field, body):
    before = inst.rows("SELECT COUNT(*) AS n FROM notification WHERE type = 'push'")[0]["n"]
    refused(inst.api("POST", SINGLE, token=inst.token, json={
        **TEXT, "subscription_info": browser(inst)["info"], **body}), 400, field=field)
    assert inst.rows("SELECT COUNT(*) AS n FROM notification WHERE type = 'push'")[0]["n"] == before


def test_who_may_send(inst):
    user, body = new_user(inst), {**TEXT, "subscription_info": browser(inst)["info"]}
    for path in (SINGLE, GROUP):
        refused(inst.api("POST", path, json=body), 401)
        refused(inst.api("POST", path, token=user["token"], json=body), 403, "role_required")
        refused(inst.api("POST", path, json={**body, "admin_token": "gp_" + "x" * 43}), 401, "invalid_token")
        refused(inst.api("POST", path, json={**body, "admin_token": user["token"]}), 401, "invalid_token")
        refused(inst.api("GET", path, token=inst.token), 405)
        refused(inst.api("POST", path, token=inst.token, data="title=a", headers={"Content-Type": "text/plain"}), 415)
        refused(inst.api("POST", path, token=inst.token, data="{", headers={"Content-Type": "application/json"}), 400)


def test_too_large_a_body(inst):
    r = inst.api("POST", SINGLE, token=inst.token, json={**TEXT, "data": {"x": "y" * (1100 * 1024)}})
    refused(r, 413, "too_large")


# --- icons ---------------------------------------------------------------------

def png(w, h):
    """A picture of one colour, made by hand."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\x00" + b"\x33\x66\xcc" * w) * h
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def upload(inst, b, data, name="icon.png", **more):
    parts = {k: (None, v) for k, v in {**TEXT, "subscription_info": json.dumps(b["info"]), **more}.items()}
    return inst.api("POST", SINGLE, token=inst.token, files={**parts, "icon": (name, data, "image/png")})


def test_an_icon_by_address(inst):
    for icon in ("https://cdn.example/i.png", "/static/i.png"):
        b = browser(inst)
        assert sent(inst, single(inst, subscription_info=b["info"], icon=icon), b)["payload"]["icon"] == icon


def test_an_uploaded_icon_becomes_a_small_jpeg(inst):
    b = browser(inst)
    m = sent(inst, upload(inst, b, png(512, 256)), b)
    assert m["payload"]["icon"].startswith("data:image/jpeg;base64,/9j/")
    assert len(m["payload"]["icon"]) < 2500


def test_an_icon_that_does_not_fit_is_dropped(inst):
    b = browser(inst)
    m = sent(inst, upload(inst, b, png(512, 512), body="x" * 2400), b)
    assert "icon" not in m["payload"] and m["payload"]["body"] == "x" * 2400


@pytest.mark.parametrize("data", [b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, png(8, 8)[:60],
                                  png(1, 1).replace(struct.pack(">II", 1, 1), struct.pack(">II", 60000, 60000))])
def test_what_is_no_picture_is_refused(inst, data):
    refused(upload(inst, browser(inst), data), 400, "invalid_icon", "icon")


def test_an_upload_is_bounded(inst):
    refused(upload(inst, browser(inst), b"\xff\xd8\xff" + b"x" * (257 * 1024)), 400, field="icon")


# --- many ------------------------------------------------------------------------

def test_a_list_with_a_dead_one(inst):
    good, dead = [browser(inst) for _ in range(3)], browser(inst)
    inst.sandbox.unsubscribe(dead)
    infos = [b["info"] for b in [*good, dead]]
    r = group(inst, subscription_info_list=json.dumps(infos + infos[:1]))      # one twice
    assert r.status_code == 200, r.text
    got = r.json()
    assert sorted(got["success"]) == sorted(b["info"]["endpoint"] for b in good)
    assert got["error"] == [dead["info"]["endpoint"]]
    assert (got["total"], got["success_count"], got["error_count"]) == (4, 3, 1)
    for b in good:
        assert len(arrived(inst, b)) == 1


def test_a_group_and_users(inst):
    me, you = new_user(inst), new_user(inst)
    (d1, b1), (_, b2) = subscribed(inst, me), subscribed(inst, you)
    name = f"g-{word()}"
    g = inst.api("POST", "/api/push/groups/", token=inst.token, json={"name": name}).json()["id"]
    r = inst.api("POST", f"/api/push/groups/{g}/members/", token=inst.token,
                 json={"device_id": d1["id"], "user_ids": [me["id"], you["id"]]})
    assert r.status_code == 201, r.text
    ends = sorted(b["info"]["endpoint"] for b in (b1, b2))
    for body in ({"group": name}, {"group": g}, {"user_ids": [me["id"], you["id"], me["id"]]}):
        r = group(inst, **body)
        assert r.status_code == 200, r.text
        assert sorted(r.json()["success"]) == ends and r.json()["error"] == [] and r.json()["total"] == 2
    assert len(arrived(inst, b1, 3)) == 3            # device and user: one message each time
    refused(group(inst, group="none"), 400, "unknown_group", "group")


@pytest.mark.parametrize("field, body", [
    ("subscription_info_list", {}), ("subscription_info_list", {"subscription_info_list": []}),
    ("subscription_info_list", {"subscription_info_list": {}}), ("subscription_info_list", {"group": "a", "user_ids": [1]}),
    ("user_ids", {"user_ids": []}), ("user_ids", {"user_ids": ["x"]}), ("user_ids", {"user_ids": [-1]}),
    ("user_ids", {"user_ids": list(range(1, 10002))}), ("subscription_info_list", {"subscription_info_list": [{}] * 1001}),
])
def test_what_is_wrong_with_many(inst, field, body):
    refused(inst.api("POST", GROUP, token=inst.token, json={**TEXT, **body}), 400, field=field)


def test_a_thousand_inline(inst):
    made = inst.sandbox.subscription(count=1000,
                                     vapid_public_key=inst.api("GET", "/api/push/vapid-key/").json()["public_key"])
    infos = [{"endpoint": s["endpoint"], "keys": s["keys"]} for s in made["subscriptions"]]
    r = group(inst, subscription_info_list=infos, headers={"Prefer": "wait=15"})
    assert r.status_code == 200, r.text[:500]
    assert (r.json()["total"], r.json()["success_count"]) == (1000, 1000)
    assert len(set(r.json()["success"])) == 1000


# --- waiting -----------------------------------------------------------------------

def test_respond_async(inst):
    b = browser(inst)
    r = single(inst, subscription_info=b["info"], headers={"Prefer": "respond-async"})
    assert r.status_code == 202 and r.headers["Preference-Applied"] == "respond-async"
    path = f"/api/notifications/{r.json()['id']}/"
    assert r.headers["Location"] == inst.url + path
    arrived(inst, b)
    end = time.monotonic() + 10
    while (n := inst.api("GET", path, token=inst.token).json())["successful"] != 1:
        assert time.monotonic() < end, n
        time.sleep(0.05)
    assert n["total"] == 1 and n["failed"] == 0 and n["type"] == "push" and n["title"] == "Order"


def test_a_slow_service_becomes_202_in_time(inst):
    b = browser(inst)
    inst.sandbox.fault("push", "slow", after_ms=4000, times=1)
    try:
        t0 = time.monotonic()
        r = single(inst, subscription_info=b["info"], headers={"Prefer": "wait=1"})
        took = time.monotonic() - t0
        assert r.status_code == 202 and 0.9 < took < 2.5, (r.text, took)
        assert r.headers["Preference-Applied"] == "wait=1"
        arrived(inst, b)
    finally:
        inst.sandbox.heal()


def test_waiting_ends_with_the_outcome(inst):
    b = browser(inst)
    t0 = time.monotonic()
    r = single(inst, subscription_info=b["info"], headers={"Prefer": "wait=15"})
    assert r.status_code == 200 and time.monotonic() - t0 < 3


def test_half_of_the_pool_may_wait(inst):
    """While as many as may wait do, others are answered at once."""
    inst.sandbox.fault("push", "slow", after_ms=3000, times=12)
    done = []
    try:
        def send(i):
            t0 = time.monotonic()
            r = single(inst, subscription_info=browsers[i]["info"], headers={"Prefer": "wait=6"})
            done.append((r.status_code, time.monotonic() - t0))
        browsers = [browser(inst) for _ in range(12)]
        threads = [threading.Thread(target=send, args=(i,)) for i in range(12)]
        for t in threads:
            t.start()
        time.sleep(0.7)
        t0 = time.monotonic()
        assert inst.api("GET", "/api/push/groups/", token=inst.token).status_code == 200
        assert time.monotonic() - t0 < 1.5
        for t in threads:
            t.join()
    finally:
        inst.sandbox.heal()
    assert {s for s, _ in done} <= {200, 202}
    quick = [took for status, took in done if status == 202 and took < 2.5]
    waited = [took for status, took in done if took >= 2.5]
    assert quick and waited, done


# --- the same again ------------------------------------------------------------------

def test_a_key_sends_once(inst):
    b, key = browser(inst), {"Idempotency-Key": f"send-{word()}{word()}"}
    first = single(inst, subscription_info=b["info"], headers=key)
    again = single(inst, subscription_info=b["info"], headers=key)
    assert first.status_code == again.status_code == 200 and first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    refused(single(inst, subscription_info=b["info"], title="Else", headers=key), 422, "idempotency_mismatch")
    assert len(arrived(inst, b)) == 1
    # another token's key is another key
    r = single(inst, token=admin_token(inst)["token"], subscription_info=b["info"], headers=key)
    assert r.status_code == 200 and r.json()["id"] != first.json()["id"]


def test_a_group_replay_has_the_groups_form(inst):
    b, key = browser(inst), {"Idempotency-Key": f"group-{word()}{word()}"}
    first = group(inst, subscription_info_list=[b["info"]], headers=key)
    again = group(inst, subscription_info_list=[b["info"]], headers=key)
    assert first.json() == again.json() and again.json()["success"] == [b["info"]["endpoint"]]


def test_r12_parallel_requests_with_a_key_send_once(inst):
    b, key = browser(inst), {"Idempotency-Key": f"par-{word()}{word()}"}
    got = at_once(10, lambda i: single(inst, subscription_info=b["info"], headers=key))
    assert {r.status_code for r in got} <= {200, 202}, [r.text for r in got]
    assert len({r.json()["id"] for r in got}) == 1
    assert len(arrived(inst, b)) == 1


# --- looking --------------------------------------------------------------------------

def test_a_notification_is_read_by_its_sender(inst):
    mine, others = admin_token(inst)["token"], admin_token(inst)["token"]
    b, user = browser(inst), new_user(inst)
    r = single(inst, token=mine, subscription_info=b["info"], data={"a": 1})
    path = f"/api/notifications/{r.json()['id']}/"
    n = inst.api("GET", path, token=mine)
    assert n.status_code == 200
    got = n.json()
    assert got["deliveries"] == r.json()["deliveries"] and got["body"] == TEXT["body"] and got["data"] == {"a": 1}
    assert (got["total"], got["successful"], got["failed"], got["next"]) == (1, 1, 0, None)
    assert set(got["deliveries"][0]) >= {"id", "user_id", "channel", "provider", "target", "state", "reason", "attempts", "sent_at"}
    theirs = refused(inst.api("GET", path, token=others), 404)
    none = refused(inst.api("GET", "/api/notifications/12345/", token=others), 404)
    assert {**theirs, "request_id": 0} == {**none, "request_id": 0}
    refused(inst.api("GET", "/api/notifications/none/", token=others), 404)
    assert inst.api("GET", path, token=inst.admin()).status_code == 200
    refused(inst.api("GET", path), 401)
    # Who signed in may ask for what he sent himself: this is not his, and the answer is that of what is not there.
    foreign = refused(inst.api("GET", path, token=user["token"]), 404)
    assert {**foreign, "request_id": 0} == {**none, "request_id": 0}


def test_deliveries_come_in_pages(inst):
    bs = [browser(inst) for _ in range(3)]
    r = group(inst, subscription_info_list=[b["info"] for b in bs])
    path = f"/api/notifications/{r.json()['id']}/"
    first = inst.api("GET", path + "?limit=2", token=inst.token).json()
    assert len(first["deliveries"]) == 2 and first["next"].startswith(inst.url + path)
    rest = inst.api("GET", first["next"][len(inst.url):], token=inst.token).json()
    assert len(rest["deliveries"]) == 1 and rest["next"] is None
    refused(inst.api("GET", path + "?limit=0", token=inst.token), 400, field="limit")
