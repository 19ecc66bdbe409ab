"""Groups of devices and users."""
import pytest

from push_case import admin_token, at_once, new_user, refused, subscribed, word

PATH = "/api/push/groups/"


def make(inst, **more):
    return inst.api("POST", PATH, token=inst.token, json={"name": f"g-{word()}", **more})


def members(inst, group, **more):
    return inst.api("GET", f"{PATH}{group}/members/", token=inst.token, **more).json()


def test_made_listed_and_removed(inst):
    r = make(inst, open=True)
    assert r.status_code == 201
    g = r.json()
    assert g["open"] is True and g["devices"] == 0 and g["users"] == 0 and g["created_at"]
    found = inst.api("GET", f"{PATH}?q={g['name']}", token=inst.token).json()
    assert found["count"] == 1 and found["results"] == [g]
    refused(inst.api("POST", PATH, token=inst.token, json={"name": g["name"]}), 409, "name_taken")
    assert inst.api("DELETE", f"{PATH}{g['id']}/", token=inst.token).status_code == 204
    refused(inst.api("DELETE", f"{PATH}{g['id']}/", token=inst.token), 404)
    refused(inst.api("GET", f"{PATH}{g['id']}/members/", token=inst.token), 404)


@pytest.mark.parametrize("field, body", [
    ("name", {}), ("name", {"name": ""}), ("name", {"name": "   "}), ("name", {"name": "x" * 101}), ("name", {"name": 7}),
    ("open", {"name": "a", "open": "perhaps"}), ("colour", {"name": "a", "colour": "red"}),
])
def test_what_is_wrong_is_named(inst, field, body):
    refused(inst.api("POST", PATH, token=inst.token, json=body), 400, field=field)


def test_who_may(inst):
    g, user = make(inst).json(), new_user(inst)
    weak = admin_token(inst, scopes=["send"])
    rows = [("GET", PATH), ("POST", PATH), ("DELETE", f"{PATH}{g['id']}/"), ("GET", f"{PATH}{g['id']}/members/"),
            ("POST", f"{PATH}{g['id']}/members/"), ("DELETE", f"{PATH}{g['id']}/members/user-{user['id']}/")]
    for method, path in rows:
        refused(inst.api(method, path), 401)
        refused(inst.api(method, path, token=user["token"]), 403, "role_required")
        refused(inst.api(method, path, token=weak["token"]), 403, "scope_required")
    assert inst.api("GET", PATH, token=inst.admin()).status_code == 200


def test_members_are_devices_and_users(inst):
    g, me, you = make(inst).json()["id"], new_user(inst), new_user(inst)
    (d1, _), (d2, _) = subscribed(inst, me), subscribed(inst, you)
    path = f"{PATH}{g}/members/"

    def add(**body):
        return inst.api("POST", path, token=inst.token, json=body)
    assert add(device_ids=[d1["id"], d2["id"], d1["id"]]).json() == {"id": g, "added": 2}
    assert add(user_id=me["id"]).json() == {"id": g, "added": 1}
    assert add(user_ids=[me["id"], you["id"]], device_id=d1["id"]).json() == {"id": g, "added": 3}
    got = members(inst, g)
    assert got["count"] == 4
    assert {m["id"] for m in got["results"]} == {f"device-{d1['id']}", f"device-{d2['id']}", f"user-{me['id']}", f"user-{you['id']}"}
    by_id = {m["id"]: m for m in got["results"]}
    assert by_id[f"device-{d1['id']}"]["user_id"] == me["id"] and by_id[f"device-{d1['id']}"]["endpoint"] == d1["endpoint"]
    assert by_id[f"user-{me['id']}"]["device_id"] is None
    assert inst.api("GET", path + "?limit=1&offset=3", token=inst.token).json()["results"] == [got["results"][3]]
    assert inst.api("GET", f"{path}?q=user-{me['id']}", token=inst.token).json()["count"] >= 1
    back = inst.api("GET", path + "?ordering=-created_at&limit=3", token=inst.token).json()
    assert back["results"] == got["results"][:0:-1] and "ordering=-created_at" in back["next"]
    refused(inst.api("GET", path + "?ordering=name", token=inst.token), 400, field="ordering")
    row = inst.api("GET", PATH + "?limit=100", token=inst.token).json()["results"]
    assert [(r["devices"], r["users"]) for r in row if r["id"] == g] == [(2, 2)]

    refused(add(device_ids=[d1["id"], "12345"]), 400, "unknown_device", "device_ids")
    refused(add(user_ids=[1 << 50]), 400, "unknown_user", "user_ids")
    refused(add(device_id="x"), 400, field="device_id")
    refused(add(), 400, "required", "device_ids")
    refused(add(user_ids=[0]), 400, field="user_ids")
    assert members(inst, g)["count"] == 4
    refused(inst.api("POST", f"{PATH}1/members/", token=inst.token, json={"user_id": me["id"]}), 404)

    assert inst.api("DELETE", f"{path}user-{me['id']}/", token=inst.token).status_code == 204
    assert inst.api("DELETE", f"{path}{d1['id']}/", token=inst.token).status_code == 204
    for gone in (f"user-{me['id']}", d1["id"], "user-x", "device-", "none"):
        refused(inst.api("DELETE", f"{path}{gone}/", token=inst.token), 404)
    # some together; and some browsers of one's own
    again = [f"user-{me['id']}", f"device-{d1['id']}"]
    assert add(user_id=me["id"], device_ids=[d1["id"]]).status_code == 201
    r = inst.api("POST", f"{PATH}{g}/remove-members/", token=inst.token, json={"ids": again + ["user-x"]}).json()
    assert (r["done"], r["failed"], r["results"][2]["code"]) == (2, 1, "not_found")
    assert {m["id"] for m in members(inst, g)["results"]} == {f"user-{you['id']}", f"device-{d2['id']}"}
    r = inst.api("POST", "/api/push/subscriptions/remove/", token=me["token"], json={"ids": [d1["id"], d2["id"]]}).json()
    assert [x["status"] for x in r["results"]] == [204, 404]
    # a device that is removed leaves its groups
    assert inst.api("DELETE", f"/api/push/subscriptions/{d2['id']}/", token=you["token"]).status_code == 204
    assert [m["id"] for m in members(inst, g)["results"]] == [f"user-{you['id']}"]
    assert inst.api("DELETE", f"{PATH}{g}/", token=inst.token).status_code == 204
    assert not inst.rows("SELECT 1 FROM push_group_user WHERE group_id = %s", g)


def test_keys_and_races(inst):
    name, key = f"g-{word()}", {"Idempotency-Key": f"group-{word()}{word()}"}

    def post(_):
        return inst.api("POST", PATH, token=inst.token, json={"name": name}, headers=key)
    got = at_once(8, post)
    assert {r.status_code for r in got} <= {201, 409}, [r.text for r in got]
    good = [r.json() for r in got if r.status_code == 201]
    assert good and all(g == good[0] for g in good)
    assert len(inst.rows("SELECT id FROM push_group WHERE name = %s", name)) == 1
    again = post(0)
    assert again.json() == good[0] and again.headers["Idempotency-Replayed"] == "true"
    refused(inst.api("POST", PATH, token=inst.token, json={"name": name + "x"}, headers=key), 422, "idempotency_mismatch")
    # the same name without the key is another's
    got = at_once(4, lambda i: inst.api("POST", PATH, token=inst.token, json={"name": name + "y"}))
    assert sorted(r.status_code for r in got) == [201, 409, 409, 409]
