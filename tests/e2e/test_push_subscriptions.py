"""Subscriptions: every form they come in, what is refused, whose they are."""
import base64
import json

import pytest

from push_case import at_once, browser, new_user, refused, subscribed, word

PATH = "/api/push/subscriptions/"
SAVE = "/api/webpush/save_information"


@pytest.fixture(scope="module")
def user(inst):
    return new_user(inst)


@pytest.fixture(scope="module")
def other(inst):
    return new_user(inst)


def device(inst, info):
    rows = inst.rows("SELECT * FROM device WHERE target = %s", info["endpoint"])
    assert len(rows) <= 1
    return rows[0] if rows else None


def new_group(inst, **more):
    r = inst.api("POST", "/api/push/groups/", token=inst.token, json={"name": f"g-{word()}", **more})
    assert r.status_code == 201, r.text
    return r.json()


def test_the_key_is_a_point(inst):
    r = inst.api("GET", "/api/push/vapid-key/")
    key = base64.urlsafe_b64decode(r.json()["public_key"] + "=")
    assert r.status_code == 200 and len(key) == 65 and key[0] == 4


def standard(text):
    return text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)


FORMS = {
    "object": lambda s: {"json": {"subscription": s}},
    "subscription_info": lambda s: {"json": {"subscription_info": s}},
    "JSON string": lambda s: {"json": {"subscription": json.dumps(s)}},
    "the object itself": lambda s: {"json": s},
    "any extra member": lambda s: {"json": {"subscription": {**s, "contentEncoding": ["aes128gcm"], "x": {"y": 1}}, "new": 1}},
    "padded, other alphabet": lambda s: {"json": {"subscription": {
        "endpoint": s["endpoint"], "keys": {k: standard(v) for k, v in s["keys"].items()}}}},
    "form": lambda s: {"data": {"subscription": json.dumps(s), "browser": "firefox"}},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_taken(inst, user, form):
    info = browser(inst)["info"]
    r = inst.api("POST", PATH, token=user["token"], **FORMS[form](info))
    assert r.status_code == 201, r.text
    assert r.json()["endpoint"] == info["endpoint"]
    row = device(inst, info)
    assert str(row["id"]) == r.json()["id"] and row["user_id"] == user["id"] and row["is_active"]
    raw = base64.urlsafe_b64decode(info["keys"]["p256dh"] + "==")
    assert row["p256dh"] == raw and len(row["auth"]) == 16 and len(row["vapid"]) == 8


def changed(info, **more):
    return {**info, **more}


def keyed(info, **more):
    return {**info, "keys": {**info["keys"], **more}}


def hosts(path):
    return lambda s: changed(s, endpoint=path)


BAD = {
    "plain http": hosts("http://fcm.googleapis.com/fcm/send/a"),
    "host outside the list": hosts("https://push.example.net/a"),
    "look-alike host": hosts("https://fcm.googleapis.com.example.net/a"),
    "user info": hosts("https://fcm.googleapis.com@127.0.0.1/a"),
    "address": hosts("https://127.0.0.1/a"),
    "decimal address": hosts("https://2130706433/a"),
    "octal address": hosts("https://0177.0.0.1/a"),
    "IPv6": hosts("https://[::1]/a"),
    "mapped": hosts("https://[::ffff:127.0.0.1]/a"),
    "metadata": hosts("https://169.254.169.254/latest/"),
    "port": hosts("https://fcm.googleapis.com:8443/a"),
    "no url": hosts("fcm"),
    "line break": hosts("https://fcm.googleapis.com/a\r\nHost: x"),
    "too long": lambda s: changed(s, endpoint="https://fcm.googleapis.com/" + "a" * 2100),
    "no endpoint": lambda s: {"keys": s["keys"]},
    "endpoint no text": lambda s: changed(s, endpoint=7),
    "no keys": lambda s: {"endpoint": s["endpoint"]},
    "keys no object": lambda s: changed(s, keys="x"),
    "no auth": lambda s: changed(s, keys={"p256dh": s["keys"]["p256dh"]}),
    "point off the curve": lambda s: keyed(s, p256dh=base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).decode()),
    "compressed point": lambda s: keyed(s, p256dh=base64.urlsafe_b64encode(b"\x02" + b"\x01" * 32).decode()),
    "infinity": lambda s: keyed(s, p256dh=base64.urlsafe_b64encode(b"\x00" * 65).decode()),
    "long point": lambda s: keyed(s, p256dh=s["keys"]["p256dh"] + "AA"),
    "no base64": lambda s: keyed(s, p256dh="!" * 87),
    "short auth": lambda s: keyed(s, auth="AAAA"),
    "long auth": lambda s: keyed(s, auth="A" * 24),
    "a list": lambda s: [s],
    "text that is no JSON": lambda s: "{",
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused_names_the_field(inst, user, case):
    info = BAD[case](browser(inst)["info"])
    before = inst.rows("SELECT COUNT(*) AS n FROM device")[0]["n"]
    refused(inst.api("POST", PATH, token=user["token"], json={"subscription": info}), 400, field="subscription")
    refused(inst.api("POST", SAVE, token=user["token"], json={"status_type": "subscribe", "subscription": info}),
            400, field="subscription")
    refused(inst.api("POST", "/api/push/send/single/", token=inst.token, json={
        "subscription_info": info, "title": "a", "body": "b"}), 400, field="subscription_info")
    good = browser(inst)["info"]
    refused(inst.api("POST", "/api/push/send/group/", token=inst.token, json={
        "subscription_info_list": [good, info], "title": "a", "body": "b"}), 400, field="subscription_info_list")
    assert inst.rows("SELECT COUNT(*) AS n FROM device")[0]["n"] == before


def test_someone_elses_is_not_there(inst, user, other):
    row, _ = subscribed(inst, user)
    path = f"{PATH}{row['id']}/"
    refused(inst.api("DELETE", path), 401)
    refused(inst.api("DELETE", path, token=inst.token), 403, "session_required")
    theirs = refused(inst.api("DELETE", path, token=other["token"]), 404)
    none = refused(inst.api("DELETE", f"{PATH}1/", token=other["token"]), 404)
    assert {**theirs, "request_id": 0} == {**none, "request_id": 0}
    assert inst.api("DELETE", path, token=user["token"]).status_code == 204
    refused(inst.api("DELETE", path, token=user["token"]), 404)
    for method in ("GET", "POST"):
        refused(inst.api(method, PATH), 401)
        refused(inst.api(method, PATH, token=inst.token), 403, "session_required")


def test_the_list_is_ones_own(inst):
    me, you = new_user(inst), new_user(inst)
    mine = [subscribed(inst, me)[0]["id"] for _ in range(3)]
    subscribed(inst, you)
    r = inst.api("GET", PATH, token=me["token"]).json()
    assert r["count"] == 3 and [d["id"] for d in r["results"]] == mine[::-1]
    assert r["next"] is None and r["previous"] is None
    r = inst.api("GET", PATH + "?limit=2", token=me["token"]).json()
    assert [d["id"] for d in r["results"]] == [mine[2], mine[1]]
    assert r["next"] == f"{inst.url}{PATH}?limit=2&offset=2"
    r = inst.api("GET", PATH + "?limit=2&offset=2", token=me["token"]).json()
    assert [d["id"] for d in r["results"]] == [mine[0]] and r["next"] is None
    assert inst.api("GET", PATH + "?q=%25", token=me["token"]).json()["count"] == 0
    refused(inst.api("GET", PATH + "?limit=0", token=me["token"]), 400, field="limit")


def test_it_belongs_to_whoever_registered_it_last(inst):
    me, you = new_user(inst), new_user(inst)
    row, b = subscribed(inst, me)
    group = new_group(inst)
    r = inst.api("POST", f"/api/push/groups/{group['id']}/members/", token=inst.token, json={"device_id": row["id"]})
    assert r.status_code == 201, r.text
    r = inst.api("POST", PATH, token=you["token"], json={"subscription": b["info"]})
    assert r.status_code == 201 and r.json()["id"] == row["id"]
    assert inst.api("GET", PATH, token=me["token"]).json()["count"] == 0
    assert inst.api("GET", PATH, token=you["token"]).json()["count"] == 1
    # and what the former owner's groups are told does not reach the new one
    assert inst.api("GET", f"/api/push/groups/{group['id']}/members/", token=inst.token).json()["count"] == 0


def test_repeated_and_parallel_registrations_make_one_row(inst, user):
    info = browser(inst)["info"]
    got = at_once(8, lambda i: inst.api("POST", PATH, token=user["token"], json={"subscription": info, "browser": f"b{i}"}))
    assert [r.status_code for r in got] == [201] * 8
    assert len({r.json()["id"] for r in got}) == 1
    assert device(inst, info)["user_id"] == user["id"]


def test_a_dead_device_lives_again(inst, user):
    row, b = subscribed(inst, user)
    inst.rows("UPDATE device SET is_active = FALSE, dead_at = UTC_TIMESTAMP(6), dead_reason = 'gone' WHERE id = %s", row["id"])
    assert row["id"] not in inst.api("GET", PATH + "?limit=100", token=user["token"]).text
    r = inst.api("POST", PATH, token=user["token"], json={"subscription": b["info"]})
    assert r.json()["id"] == row["id"] and r.json()["active"]
    now = device(inst, b["info"])
    assert now["is_active"] and now["dead_at"] is None and now["dead_reason"] is None


def test_a_replay_answers_the_same(inst, user):
    info, key = browser(inst)["info"], {"Idempotency-Key": f"sub-{word()}{word()}"}
    first = inst.api("POST", PATH, token=user["token"], json={"subscription": info}, headers=key)
    # spaces and order are not the body
    again = inst.api("POST", PATH, token=user["token"], data=json.dumps({"subscription": info}, indent=2),
                     headers={**key, "Content-Type": "application/json"})
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    refused(inst.api("POST", PATH, token=user["token"], json={"subscription": browser(inst)["info"]}, headers=key),
            422, "idempotency_mismatch")
    refused(inst.api("POST", PATH, token=user["token"], json={"subscription": info}, headers={"Idempotency-Key": "short"}),
            400, "invalid_idempotency_key")


def test_a_user_has_a_hundred_devices_at_most(inst):
    me = new_user(inst)
    inst.rows("INSERT INTO device (id, user_id, kind, target_hash, target) SELECT seq + %s, %s, 'web_push',"
              " UNHEX(SHA2(CONCAT(%s, seq), 256)), CONCAT('https://fcm.googleapis.com/', seq) FROM seq_1_to_100",
              me["id"] * 1000, me["id"], word())
    refused(inst.api("POST", PATH, token=me["token"], json={"subscription": browser(inst)["info"]}), 409, "too_many_devices")
    # The last place goes to one of those that ask for it together; what one has already is no new one.
    inst.rows("DELETE FROM device WHERE user_id = %s ORDER BY id LIMIT 1", me["id"])
    got = at_once(6, lambda _: inst.api("POST", PATH, token=me["token"], json={"subscription": browser(inst)["info"]}))
    assert sorted(r.status_code for r in got) == [201] + [409] * 5, [r.text for r in got]
    assert inst.rows("SELECT COUNT(*) n FROM device WHERE user_id = %s", me["id"])[0]["n"] == 100
    # What he has is registered again; one that was off takes a place like a new one.
    b = browser(inst)
    inst.rows("UPDATE device SET is_active = FALSE WHERE user_id = %s ORDER BY id LIMIT 1", me["id"])
    assert inst.api("POST", PATH, token=me["token"], json={"subscription": b["info"]}).status_code == 201
    assert inst.api("POST", PATH, token=me["token"], json={"subscription": b["info"]}).status_code == 201
    inst.rows("UPDATE device SET is_active = (target <> %s) WHERE user_id = %s", b["info"]["endpoint"], me["id"])
    refused(inst.api("POST", PATH, token=me["token"], json={"subscription": b["info"]}), 409, "too_many_devices")
    assert inst.rows("SELECT COUNT(*) n FROM device WHERE user_id = %s AND is_active", me["id"])[0]["n"] == 100
    kept, = [r.json() for r in got if r.status_code == 201]
    row = inst.rows("SELECT target, p256dh, auth FROM device WHERE id = %s", kept["id"])[0]
    info = {"endpoint": row["target"], "keys": {k: base64.urlsafe_b64encode(row[k]).decode().rstrip("=")
                                                for k in ("p256dh", "auth")}}
    assert inst.api("POST", PATH, token=me["token"], json={"subscription": info}).status_code == 201
    # An app's tokens are counted by themselves, in the same way.
    inst.rows("INSERT INTO device (id, user_id, kind, device_type, target_hash, target) SELECT seq + %s, %s, 'expo', 'ios',"
              " UNHEX(SHA2(CONCAT(%s, seq), 256)), CONCAT('ExponentPushToken[', seq, ']') FROM seq_1_to_99",
              me["id"] * 1000 + 500, me["id"], word())
    got = at_once(4, lambda _: inst.api("POST", "/api/users/push-tokens/", token=me["token"], json={
        "token": f"ExponentPushToken[{word()}]"}))
    assert sorted(r.status_code for r in got) == [200] + [409] * 3, [r.text for r in got]


# --- the old system's form -----------------------------------------------------

def save(inst, info, status="subscribe", **more):
    token = more.pop("token", None)
    return inst.api("POST", SAVE, token=token, json={
        "status_type": status, "subscription": info, "browser": "firefox", "user_agent": "x" * 400, **more})


def test_save_information_of_a_user(inst, user):
    info = browser(inst)["info"]
    assert save(inst, info, token=user["token"]).status_code == 201
    row = device(inst, info)
    assert row["user_id"] == user["id"] and row["browser"] == "firefox" and len(row["user_agent"]) == 255
    for _ in range(2):
        assert save(inst, info, "unsubscribe", token=user["token"]).status_code == 202
        assert device(inst, info) is None


def test_a_visitor_joins_open_groups_only(inst, user):
    open_, closed = new_group(inst, open=True), new_group(inst)
    info = browser(inst)["info"]
    refused(save(inst, info), 401, "sign_in_required")
    refused(save(inst, info, token=inst.token), 401, "sign_in_required")
    shut = refused(save(inst, info, group=closed["name"]), 403, "group_closed")
    none = refused(save(inst, info, group="no-such-group"), 403, "group_closed")
    assert {**shut, "request_id": 0} == {**none, "request_id": 0}
    assert device(inst, info) is None
    assert save(inst, info, group=open_["name"]).status_code == 201
    row = device(inst, info)
    assert row["user_id"] is None
    assert inst.rows("SELECT group_id FROM push_group_device WHERE device_id = %s", row["id"]) == [{"group_id": int(open_["id"])}]
    # a user may join the closed one, and does not lose the device to a visitor
    assert save(inst, info, token=user["token"], group=closed["name"]).status_code == 201
    assert save(inst, info, group=open_["name"]).status_code == 201
    assert device(inst, info)["user_id"] == user["id"]
    assert len(inst.rows("SELECT group_id FROM push_group_device WHERE device_id = %s", row["id"])) == 2
    refused(save(inst, info, token=user["token"], group="no-such-group"), 400, field="group")


def test_leaving_a_group(inst, user, other):
    group = new_group(inst, open=True)
    info = browser(inst)["info"]
    assert save(inst, info, group=group["name"]).status_code == 201
    assert save(inst, info, "unsubscribe", group=group["name"]).status_code == 202
    assert device(inst, info) is None                 # nobody's and in no group
    assert save(inst, info, token=user["token"], group=group["name"]).status_code == 201
    assert save(inst, info, "unsubscribe", token=other["token"], group=group["name"]).status_code == 202
    assert save(inst, info, "unsubscribe", token=other["token"]).status_code == 202
    row = device(inst, info)
    assert row["user_id"] == user["id"]
    assert len(inst.rows("SELECT 1 FROM push_group_device WHERE device_id = %s", row["id"])) == 1
    assert save(inst, info, "unsubscribe", token=user["token"], group=group["name"]).status_code == 202
    assert device(inst, info)["user_id"] == user["id"]
    assert not inst.rows("SELECT 1 FROM push_group_device WHERE device_id = %s", row["id"])


@pytest.mark.parametrize("field, body", [
    ("status_type", {"status_type": "maybe"}), ("status_type", {"status_type": None}),
    ("subscription", {"subscription": None}), ("subscription", {"subscription": "x"}),
])
def test_save_information_names_what_is_wrong(inst, user, field, body):
    refused(inst.api("POST", SAVE, token=user["token"], json={
        "status_type": "subscribe", "subscription": browser(inst)["info"], **body}), 400, field=field)


def test_the_old_address(inst, user):
    r = inst.api("POST", "/webpush/save_information", token=user["token"], json={
        "status_type": "subscribe", "subscription": browser(inst)["info"], "browser": "chrome"})
    assert r.status_code == 201, r.text


def test_a_new_address_takes_the_place_of_the_old(inst, user, other):
    """A push service gave the browser another address: one device as before, in the groups of the old, however often it is said."""
    old, new = browser(inst)["info"], browser(inst)["info"]
    group = new_group(inst)
    r = inst.api("POST", PATH, token=user["token"], json={"subscription": old})
    was = r.json()["id"]
    r = inst.api("POST", f"/api/push/groups/{group['id']}/members/", token=inst.token, json={"device_ids": [was]})
    assert r.status_code < 300, r.text
    have = inst.api("GET", PATH, token=user["token"]).json()["count"]
    said = {"subscription": new, "replaces": old["endpoint"]}
    answers = at_once(4, lambda _: inst.api("POST", PATH, token=user["token"], json=said))
    assert {a.status_code for a in answers} == {201} and len({a.json()["id"] for a in answers}) == 1
    now = answers[0].json()["id"]
    assert device(inst, old) is None and device(inst, new)["user_id"] == user["id"] and now != was
    assert inst.api("GET", PATH, token=user["token"]).json()["count"] == have
    members = inst.rows("SELECT device_id FROM push_group_device WHERE group_id = %s", group["id"])
    assert [str(m["device_id"]) for m in members] == [now]
    assert inst.api("POST", PATH, token=user["token"], json=said).json()["id"] == now
    # Itself: nothing goes.  Another's, whose address one may know: it stays theirs, in its groups.
    r = inst.api("POST", PATH, token=user["token"], json={"subscription": new, "replaces": new["endpoint"]})
    assert r.json()["id"] == now and device(inst, new) is not None
    theirs = browser(inst)["info"]
    r = inst.api("POST", PATH, token=other["token"], json={"subscription": theirs, "replaces": new["endpoint"]})
    assert r.status_code == 201 and device(inst, new)["user_id"] == user["id"]
    assert [str(m["device_id"]) for m in inst.rows(
        "SELECT device_id FROM push_group_device WHERE group_id = %s", group["id"])] == [now]
    refused(inst.api("POST", PATH, token=user["token"], json={"subscription": new, "replaces": "x" * 2049}), 400, field="replaces")
