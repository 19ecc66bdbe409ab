"""POST /api/notifications/: to whom, on which channels, when, once; and what became of each."""
import collections
import datetime
import json
import random
import time

import pytest

from people import within
from push_case import admin_token, at_once, refused, subscribed, word

PATH = "/api/notifications/"
TEXT = {"title": "Order", "body": "On its way"}


@pytest.fixture(scope="module")
def inst():
    from conftest import no_faults
    from instance import Instance
    with Instance(conf={"GATEPOST_CAPS": "review:email/hour=2,review:*/day=4"}) as whole:
        yield whole
        no_faults(whole)


def a_user(inst, email=True, phone=False, proved=True, active=True, locale=None):
    """A row as sign-up would have left it, without the sign-up."""
    n = random.randrange(10 ** 7)
    mail = f"n{word()}@example.com" if email else None
    number = f"+98935{n:07d}" if phone else None
    c = inst.connect()
    with c.cursor() as cursor:
        cursor.execute(
            "INSERT INTO user (reg_key, email, email_cmp, email_unique, email_verified_at, phone, phone_verified_at, is_active, locale)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (random.getrandbits(62), mail, mail, mail, "2026-01-01" if proved and mail else None, number,
             "2026-01-01" if proved and number else None, active, locale))
        id_ = cursor.lastrowid
    c.close()
    return {"id": id_, "email": mail, "phone": number}


def send(inst, token=None, headers=None, **body):
    return inst.api("POST", PATH, token=token or inst.token, headers=headers, json={**TEXT, **body})


def look(inst, id_, token=None):
    r = inst.api("GET", f"{PATH}{id_}/", token=token or inst.token)
    assert r.status_code == 200, r.text
    return r.json()


def final(inst, id_, seconds=20):
    """Its form when everything is decided."""
    within(seconds, "all is final", lambda: (lambda n: n["planned"] and all(
        d["state"] != "queued" for d in n["deliveries"]))(look(inst, id_)), every=0.05)
    return look(inst, id_)


def ways(n, user):
    return {d["channel"]: (d["state"], d["reason"]) for d in n["deliveries"] if d["user_id"] == user["id"]}


def test_to_one_user_by_preference(inst):
    u = a_user(inst)
    r = send(inst, user_id=u["id"], data={"orderId": "7"})
    assert r.status_code == 202, r.text
    got = r.json()
    assert got == {"id": got["id"], "accepted": 1, "skipped": 0} and r.headers["Location"].endswith(f"{PATH}{got['id']}/")
    n = final(inst, got["id"])
    assert ways(n, u) == {"in_app": ("sent", ""), "email": ("sent", "")}
    assert n["type"] == "system" and n["title"] == "Order" and n["body"] == "On its way" and n["data"] == {"orderId": "7"}
    assert (n["total"], n["successful"], n["failed"]) == (2, 2, 0)
    m = inst.sandbox.wait(channel="email", to=u["email"])[0]
    assert m["subject"] == "Order" and "On its way" in m["text"] and "On its way" in m["html"]
    assert inst.rows("SELECT seq, notification_id FROM inbox WHERE user_id = %s", u["id"]) == [
        {"seq": 1, "notification_id": int(got["id"])}]
    assert inst.rows("SELECT seq, unread, unseen FROM inbox_count WHERE user_id = %s", u["id"]) == [
        {"seq": 1, "unread": 1, "unseen": 1}]


def test_channels_that_are_named_are_those_and_no_others(inst):
    u, v = a_user(inst, phone=True), a_user(inst, email=False)
    n = final(inst, send(inst, user_ids=[u["id"], v["id"]], channels=["sms", "email"]).json()["id"])
    assert ways(n, u) == {"sms": ("sent", ""), "email": ("sent", "")}
    assert ways(n, v) == {"sms": ("skipped", "no_address"), "email": ("skipped", "no_address")}
    assert inst.sandbox.wait(channel="sms", to=u["phone"])[0]["text"].startswith("Order\nOn its way")


def test_every_recipient_is_accounted_for(inst):
    """Unknown, named twice, inactive, unproved: each has its reason."""
    good, off, claim = a_user(inst), a_user(inst, active=False), a_user(inst, proved=False)
    nobody = 10 ** 12
    r = send(inst, user_ids=[good["id"], off["id"], claim["id"], nobody, good["id"]], channels=["email"])
    assert r.status_code == 202
    assert r.json() == {"id": r.json()["id"], "accepted": 3, "skipped": 2, "reasons": {"unknown_user": 1, "duplicate": 1}}
    n = final(inst, r.json()["id"])
    assert {d["user_id"]: (d["state"], d["reason"]) for d in n["deliveries"]} == {
        good["id"]: ("sent", ""), off["id"]: ("skipped", "inactive"), claim["id"]: ("skipped", "unproved"),
        nobody: ("skipped", "unknown_user")}
    refused(send(inst, user_id=nobody), 400, "unknown_user", "user_id")


def test_devices_of_every_kind(inst):
    from push_case import new_user
    me = new_user(inst)
    (d1, b1), (d2, b2) = subscribed(inst, me), subscribed(inst, me)
    n = final(inst, send(inst, user_id=me["id"], urgency="high", collapse_key="order-7", data={"orderId": "7"}).json()["id"])
    got = sorted((d["channel"], d["state"], d["device_id"]) for d in n["deliveries"])
    assert got == sorted([("in_app", "sent", None), ("web_push", "sent", d1["id"]), ("web_push", "sent", d2["id"])])
    m = inst.sandbox.wait(channel="web_push", to=b1["info"]["endpoint"])[0]
    assert m["payload"]["title"] == "Order" and m["payload"]["data"]["orderId"] == "7"
    assert m["headers"]["urgency"] == "high" and m["headers"]["topic"]


def test_an_address_of_nobody_and_of_somebody(inst):
    mail = f"x{word()}@example.com"
    n = final(inst, send(inst, email=mail).json()["id"])
    assert [(d["user_id"], d["channel"], d["state"], d["target"]) for d in n["deliveries"]] == [(None, "email", "sent", mail)]
    n = final(inst, send(inst, phone="09351112233").json()["id"])
    assert [(d["channel"], d["state"], d["target"]) for d in n["deliveries"]] == [("sms", "sent", "+989351112233")]
    # Whose address it is has a say.
    u = a_user(inst)
    inst.rows("INSERT INTO preference (user_id, off_mask, updated_at) VALUES (%s, 1, NOW())", u["id"])
    n = final(inst, send(inst, email=u["email"]).json()["id"])
    assert [(d["user_id"], d["state"], d["reason"]) for d in n["deliveries"]] == [(u["id"], "skipped", "opted_out")]
    refused(send(inst, email=mail, channels=["sms"]), 400, "wrong_channel", "channels")


def test_groups_topics_and_all(inst):
    from push_case import new_user
    g = inst.api("POST", "/api/push/groups/", token=inst.token, json={"name": f"g-{word()}"}).json()
    people = [a_user(inst) for _ in range(3)]
    me = new_user(inst)
    d, _ = subscribed(inst, me)             # a device that is a member itself
    own = new_user(inst)
    d2, _ = subscribed(inst, own)           # a device of a member
    r = inst.api("POST", f"/api/push/groups/{g['id']}/members/", token=inst.token,
                 json={"user_ids": [p["id"] for p in people] + [own["id"]], "device_ids": [d["id"], d2["id"]]})
    assert r.status_code == 201, r.text
    r = send(inst, group=g["name"])
    assert r.json()["accepted"] == 5
    n = final(inst, r.json()["id"])
    assert sorted((d["channel"], d["user_id"]) for d in n["deliveries"] if d["state"] == "sent") == sorted(
        [(c, p["id"]) for p in people for c in ("email", "in_app")] + [("in_app", own["id"]), ("web_push", own["id"])] +
        [("web_push", me["id"])])
    topic = f"t.{word()}"
    for p in people[:2]:
        inst.rows("INSERT INTO topic_user VALUES (%s, %s, NOW())", topic, p["id"])
    r = send(inst, topic=topic, channels=["in_app"])
    assert r.json()["accepted"] == 2
    assert {d["user_id"] for d in final(inst, r.json()["id"])["deliveries"]} == {p["id"] for p in people[:2]}
    assert send(inst, topic=f"t.{word()}").json()["accepted"] == 0
    r = send(inst, all=True, channels=["in_app"])
    active = {x["id"] for x in inst.rows("SELECT id FROM user WHERE is_active")}
    assert r.json()["accepted"] == len(active)
    assert {d["user_id"] for d in final(inst, r.json()["id"])["deliveries"]} == active


@pytest.mark.parametrize("field, body", [
    ("user_id", {}), ("user_id", {"user_id": 1, "email": "a@example.com"}), ("user_id", {"all": False}), ("user_ids", {"user_ids": []}),
    ("user_ids", {"user_ids": list(range(1, 10002))}), ("user_ids", {"user_ids": ["x"]}), ("group", {"group": "no such"}),
    ("topic", {"topic": "a b"}), ("email", {"email": "nobody"}), ("phone", {"phone": "12"}),
    ("type", {"email": "a@example.com", "type": "spam"}), ("template", {"email": "a@example.com", "template": "no_such"}),
    ("channels", {"email": "a@example.com", "channels": ["pigeon"]}), ("class", {"email": "a@example.com", "class": "code"}),
    ("at", {"email": "a@example.com", "at": "soon"}), ("at", {"email": "a@example.com", "at": "2099-01-01T00:00:00Z"}),
    ("expires_at", {"email": "a@example.com", "expires_at": "2020-01-01T00:00:00Z"}), ("data", {"email": "a@example.com", "data": [1]}),
    ("urgency", {"email": "a@example.com", "urgency": "now"}), ("colour", {"email": "a@example.com", "colour": "red"}),
    ("escalate", {"email": "a@example.com", "escalate": [{"channel": "sms"}]}),
    ("escalate", {"email": "a@example.com", "escalate": [{"channel": "sms", "after_s": 60}, {"channel": "email", "after_s": 60}]}),
    ("body", {"email": "a@example.com", "body": None}), ("user_id", {"user_id": 0}),
    ("url", {"email": "a@example.com", "url": "javascript:alert(1)"}), ("icon", {"email": "a@example.com", "icon": "javascript:alert(1)"}),
    ("data", {"email": "a@example.com", "data": {"url": "javascript:alert(1)"}}),
])
def test_what_is_wrong_is_named(inst, field, body):
    for path in (PATH, PATH + "explain/"):
        refused(inst.api("POST", path, token=inst.token, json={**TEXT, **body}), 400, field=field)
    assert not inst.rows("SELECT 1 FROM notification WHERE title = %s AND audience LIKE '%%no such%%'", TEXT["title"])


def test_who_may_send_and_look(inst):
    from push_case import new_user
    u, me = a_user(inst), new_user(inst)
    push, other = admin_token(inst, scopes=["push"]), admin_token(inst, scopes=["send"])
    for path in (PATH, PATH + "explain/"):
        refused(inst.api("POST", path, json={**TEXT, "user_id": u["id"]}), 401)
        refused(inst.api("POST", path, token=me["token"], json={**TEXT, "user_id": u["id"]}), 403, "role_required")
        refused(inst.api("POST", path, token=push["token"], json={**TEXT, "user_id": u["id"]}), 403, "scope_required")
    id_ = send(inst, token=other["token"], user_id=u["id"]).json()["id"]
    assert look(inst, id_, other["token"])["id"] == id_ and look(inst, id_, inst.admin())["id"] == id_
    for token in (inst.token, push["token"], me["token"]):
        refused(inst.api("GET", f"{PATH}{id_}/", token=token), 404)
        refused(inst.api("POST", f"{PATH}{id_}/cancel/", token=token), 404)
    # What was sent in somebody's name shows to him, and only that.
    inst.rows("UPDATE notification SET user_id = %s, token_id = NULL WHERE id = %s", me["id"], id_)
    assert look(inst, id_, me["token"])["id"] == id_


def test_r12_the_same_key_makes_one_notification(inst):
    """50 identical requests at once, for each of several keys."""
    u = a_user(inst)
    for _ in range(4):
        key = {"Idempotency-Key": f"notify-{word()}"}
        title = f"t-{word()}"
        got = at_once(50, lambda i, key=key, title=title: inst.api(
            "POST", PATH, token=inst.token, headers=key, json={**TEXT, "title": title, "user_ids": [u["id"], 10 ** 12],
                                                               "channels": ["in_app"]}))
        assert {r.status_code for r in got} <= {202, 409}, {r.text for r in got}
        good = [r.json() for r in got if r.status_code == 202]
        assert good and all(g == good[0] for g in good) and good[0]["skipped"] == 1
        assert [r["id"] for r in inst.rows("SELECT id FROM notification WHERE title = %s", title)] == [int(good[0]["id"])]
        again = send(inst, headers=key, title=title, user_ids=[u["id"], 10 ** 12], channels=["in_app"])
        assert again.json() == good[0] and again.headers["Idempotency-Replayed"] == "true"
        refused(send(inst, headers=key, title=title, user_ids=[u["id"]], channels=["in_app"]), 422, "idempotency_mismatch")
        final(inst, good[0]["id"])
        assert len(inst.rows("SELECT 1 FROM inbox i WHERE notification_id = %s", good[0]["id"])) == 1


def test_waiting_for_the_outcome(inst):
    u = a_user(inst)
    r = send(inst, user_id=u["id"], headers={"Prefer": "wait=10"})
    assert r.status_code == 200 and r.headers["Preference-Applied"] == "wait=10"
    assert {k: r.json()[k] for k in ("accepted", "skipped", "total", "successful", "failed")} == {
        "accepted": 1, "skipped": 0, "total": 2, "successful": 2, "failed": 0}


def test_due_later_and_dead_in_time(inst):
    u = a_user(inst)
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    id_ = send(inst, user_id=u["id"], at=at.isoformat()).json()["id"]
    job = inst.rows("SELECT run_at, expires_at FROM job WHERE notification_id = %s", id_)[0]
    assert abs((job["run_at"] - at.replace(tzinfo=None)).total_seconds()) < 1 and job["expires_at"] > job["run_at"]
    assert look(inst, id_)["planned"] is False
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", id_)
    assert ways(final(inst, id_), u)["in_app"] == ("sent", "")
    # Dead before it could leave: no message, and it says so.
    ends = at + datetime.timedelta(hours=1)
    id_ = send(inst, user_id=u["id"], at=at.isoformat(), expires_at=ends.isoformat(), channels=["email"]).json()["id"]
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6), expires_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", id_)
    assert ways(final(inst, id_), u) == {"email": ("expired", "expired")}


def test_cancelled_before_it_is_planned_and_after(inst):
    u = a_user(inst)
    at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)).isoformat()
    id_ = send(inst, user_id=u["id"], at=at).json()["id"]
    r = inst.api("POST", f"{PATH}{id_}/cancel/", token=inst.token)
    assert r.status_code == 200 and r.json() == {"id": id_, "cancelled": 1, "leaving": 0, "total": 1, "successful": 0, "failed": 1}
    n = look(inst, id_)
    assert n["cancelled_at"] and n["planned"] and [d["state"] for d in n["deliveries"]] == ["cancelled"]
    assert not inst.rows("SELECT 1 FROM job WHERE notification_id = %s", id_)
    again = inst.api("POST", f"{PATH}{id_}/cancel/", token=inst.token)
    assert again.status_code == 200 and again.json()["cancelled"] == 0
    # A cancel is a change of state like any other: the hour's count has it once.
    assert inst.rows("SELECT SUM(n) n FROM delivery_hour WHERE state = 'cancelled'")[0]["n"] == 1
    # Steps that wait are taken back; what has left is told.
    v = a_user(inst, phone=True)
    id_ = send(inst, user_id=v["id"], escalate=[{"channel": "sms", "after_s": 3600}]).json()["id"]
    within(10, "two have left", lambda: look(inst, id_)["successful"] == 2)
    assert ways(look(inst, id_), v)["sms"] == ("queued", "")
    r = inst.api("POST", f"{PATH}{id_}/cancel/", token=inst.token).json()
    assert (r["cancelled"], r["successful"], r["total"]) == (1, 2, 3)
    assert ways(look(inst, id_), v) == {"in_app": ("sent", ""), "email": ("sent", ""), "sms": ("cancelled", "cancelled")}


def test_cancelled_while_it_is_on_its_way(inst):
    """An answer that asks for another try comes after the cancel: there is none."""
    u = a_user(inst)
    inst.sandbox.fault("smtp", "slow", after_ms=3000, times=1)
    try:
        id_ = send(inst, user_id=u["id"], channels=["email"]).json()["id"]
        within(10, "it leaves", lambda: inst.rows("SELECT 1 FROM job WHERE notification_id = %s AND state = 2", id_))
        r = inst.api("POST", f"{PATH}{id_}/cancel/", token=inst.token).json()
        assert r["cancelled"] == 0 and r["leaving"] == 1
    finally:
        inst.sandbox.heal()
    assert ways(final(inst, id_), u)["email"][0] in ("sent", "cancelled", "unsure")
    # The same, and the answer is no: it is not tried again.
    inst.rows("INSERT INTO job (id, class, state, kind, notification_id, seq, user_id, provider, expires_at, created_at, stop, run_at)"
              " VALUES (%s, 1, 0, 2, %s, 1, %s, 'smtp', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, UTC_TIMESTAMP(6), TRUE, UTC_TIMESTAMP(6))",
              random.getrandbits(60), id_, u["id"])
    inst.rows("UPDATE delivery SET state = 'queued' WHERE notification_id = %s", id_)
    assert ways(final(inst, id_), u)["email"] == ("cancelled", "cancelled")


def test_wishes_decide_and_critical_passes_them(inst):
    u = a_user(inst, phone=True)
    bit = {"email": 1, "sms": 2, "whatsapp": 4, "web_push": 8, "expo": 16, "in_app": 32}
    inst.rows("INSERT INTO preference (user_id, off_mask, on_mask, updated_at) VALUES (%s, %s, %s, NOW())", u["id"], bit["email"], bit["sms"])
    inst.rows("INSERT INTO preference_type VALUES (%s, 'order', %s, %s)", u["id"], bit["email"], bit["sms"])
    n = final(inst, send(inst, user_id=u["id"], type="message").json()["id"])
    assert ways(n, u) == {"email": ("skipped", "opted_out"), "sms": ("sent", ""), "in_app": ("sent", "")}
    n = final(inst, send(inst, user_id=u["id"], type="order").json()["id"])
    assert ways(n, u) == {"email": ("sent", ""), "in_app": ("sent", "")}
    n = final(inst, send(inst, user_id=u["id"], type="message", channels=["email"]).json()["id"])
    assert ways(n, u) == {"email": ("skipped", "opted_out")}
    n = final(inst, send(inst, user_id=u["id"], type="message", **{"class": "critical"}).json()["id"])
    assert ways(n, u) == {"email": ("sent", ""), "sms": ("sent", ""), "in_app": ("sent", "")}
    # default_channel: that and the inbox, nothing else that was not asked for.
    inst.rows("UPDATE preference SET default_channel = 'sms', on_mask = 0, off_mask = 0 WHERE user_id = %s", u["id"])
    n = final(inst, send(inst, user_id=u["id"], type="message").json()["id"])
    assert ways(n, u) == {"sms": ("sent", ""), "in_app": ("sent", "")}


# --- explain ----------------------------------------------------------------

def chooses_among_accounts(inst):
    """A spent quota, an open breaker, weights of 0: one account of a channel is left to be chosen, and it is not the first."""
    at = "/api/admin/providers/"
    env = dict(line.strip().split("=", 1) for line in open(f"{inst.dir}/gatepost.env", encoding="utf-8") if "=" in line)
    smtp = {"host": env["EMAIL_HOST"].strip('"'), "port": int(env["EMAIL_PORT"].strip('"')), "user": "sandbox", "from": "a@example.com"}
    root = inst.admin()
    for name, kind, more in (("mail-spent", "smtp", {"weight": 900, "daily_limit": 3}), ("mail-open", "smtp", {"weight": 900}),
                             ("mail-last", "smtp", {"weight": 0}), ("mail-chosen", "smtp", {"weight": 1000}),
                             ("mail-off", "smtp", {"weight": 900, "is_active": False}), ("sms-chosen", "kavenegar", {"weight": 0, "per_s": 100})):
        r = inst.api("POST", at, token=root, json={
            "name": name, "kind": kind, "settings": smtp if kind == "smtp" else {}, **more,
            "secrets": {"password": "sandbox-smtp-password"} if kind == "smtp" else {"api_key": "sandbox-kavenegar-key"}})
        assert r.status_code == 201, r.text
    inst.rows("INSERT INTO provider_sent VALUES ('mail-spent', UTC_DATE(), 3)")
    for name in ("mail-open", "kavenegar", "smtp"):
        inst.rows("INSERT INTO provider_state (name, state, reason, until_at, failures) VALUES (%s, 'open', 'test',"
                  " UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 1) ON DUPLICATE KEY UPDATE state = 'open',"
                  " until_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR", name)
    time.sleep(2.5)     # workers read both tables each second


def no_accounts(inst):
    inst.rows("DELETE FROM provider")
    inst.rows("DELETE FROM provider_sent")
    inst.rows("UPDATE provider_state SET state = 'closed', until_at = NULL, failures = 0")


BARS = ["unsubscribed", "bounced", "complaint", "no_marketing", "asked"]
ZONES = ["UTC", "Asia/Tehran", "Asia/Kathmandu", "America/New_York", "Pacific/Chatham", "America/St_Johns"]


def wishes_of_time(dice, cursor, user_id, at):
    """Quiet hours and a digest; none begins or ends within some minutes of now, in any zone."""
    def minute():
        return dice.randrange(24) * 60 + (at.minute + 7 + 15 * dice.randrange(4)) % 60
    quiet = (minute(), minute(), dice.choice(ZONES)) if dice.random() < .5 else (None, None, None)
    digest = None
    if dice.random() < .4:
        m = minute()
        digest = json.dumps({"every": dice.choice(["hour", "day", "week"]), "at": f"{m // 60:02d}:{m % 60:02d}", "weekday": dice.randrange(7)})
    cursor.execute("INSERT INTO preference (user_id, quiet_from, quiet_to, quiet_zone, digest, updated_at) VALUES (%s, %s, %s, %s, %s, NOW())"
                   " ON DUPLICATE KEY UPDATE quiet_from = VALUES(quiet_from), quiet_to = VALUES(quiet_to),"
                   " quiet_zone = VALUES(quiet_zone), digest = VALUES(digest)", (user_id, *quiet, digest))
    if dice.random() < .5:
        cursor.execute("UPDATE user SET time_zone = %s WHERE id = %s", (dice.choice(ZONES), user_id))


def when(text):
    return datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S") if text else None


def test_explain_agrees_with_what_then_happens(inst):
    """At random: people, wishes, quiet hours, digests, caps, bars, ends, classes, channels, accounts. At least 1,000 cases of
    recipient × message; what explain says of each channel, and when, is what the rows say afterwards, in both directions."""
    seed = random.randrange(10 ** 9)
    dice = random.Random(seed)
    names = ["email", "sms", "whatsapp", "web_push", "expo", "in_app"]
    people = []
    c = inst.connect()
    at = inst.rows("SELECT UTC_TIMESTAMP() t")[0]["t"]
    with c.cursor() as cursor:
        for _ in range(60):
            u = a_user(inst, email=dice.random() < .8, phone=dice.random() < .6, proved=dice.random() < .75, active=dice.random() < .9)
            people.append(u["id"])
            if dice.random() < .6:
                on, off = dice.randrange(64), dice.randrange(64)
                cursor.execute("INSERT INTO preference (user_id, default_channel, on_mask, off_mask, updated_at) VALUES (%s, %s, %s, %s, NOW())",
                               (u["id"], dice.choice([None, None] + names), on & ~off, off))
            if dice.random() < .7:
                wishes_of_time(dice, cursor, u["id"], at)
            for t in ("order", "message", "system", "review"):
                if dice.random() < .3:
                    on, off = dice.randrange(64), dice.randrange(64)
                    cursor.execute("INSERT INTO preference_type VALUES (%s, %s, %s, %s)", (u["id"], t, on & ~off, off))
            for channel, address in (("email", u["email"]), ("sms", u["phone"]), ("whatsapp", u["phone"])):
                if address and dice.random() < .2:
                    cursor.execute("INSERT INTO suppression VALUES (%s, %s, UNHEX(SHA2(%s, 256)), '', %s, NULL, NOW())", (
                        random.getrandbits(60), channel, address, dice.choice(BARS)))
            for kind in ("web_push", "expo"):
                for _ in range(dice.choice([0, 0, 0, 1, 2])):
                    # Of no push service: it fails, but it goes.
                    cursor.execute("INSERT INTO device (id, user_id, kind, target_hash, target) VALUES (%s, %s, %s, UNHEX(SHA2(%s, 256)), %s)",
                                   (random.getrandbits(60) | 1 << 60, u["id"], kind, word(), f"ExponentPushToken[{word()}]"))
    c.close()
    people.append(10 ** 12)
    chooses_among_accounts(inst)
    cases = 0
    seen = collections.Counter()
    while cases < 1000:
        to = dice.sample(people, 20)
        body = {**TEXT, "user_ids": to, "type": dice.choice(["order", "message", "system", "review", "review"])}
        if dice.random() < .5:
            body["class"] = dice.choice(["critical", "transactional", "campaign"])
        if dice.random() < .5:
            body["channels"] = dice.sample(names, dice.randrange(1, 5))
        if dice.random() < .3:
            body["escalate"] = [{"channel": x, "after_s": 3600 + i} for i, x in enumerate(dice.sample(names[:5], 2))]
        if dice.random() < .3:
            body["expires_at"] = (at + datetime.timedelta(hours=dice.choice([2, 5, 30, 100]))).strftime("%Y-%m-%dT%H:%M:%SZ")
        r = inst.api("POST", PATH + "explain/", token=inst.token, json=body)
        assert r.status_code == 200, r.text
        # One after the other: each takes the places under the caps that the next does not find.
        id_ = inst.api("POST", PATH, token=inst.token, json=body).json()["id"]
        within(30, "it is planned", lambda id_=id_: look(inst, id_)["planned"])
        agrees(inst, f"seed {seed}, {json.dumps(body)}", body, r.json(), id_, seen)
        cases += len(to)
    # It was what it says it is: each of these was among them.
    for what in ("send", "digest", "quiet_hours", "frequency_cap", "escalation", "suppressed", "opted_out", "inactive", "unknown_user"):
        assert seen[what] > 0, f"seed {seed}: no {what} in {seen}"
    no_accounts(inst)
    time.sleep(2.5)


def agrees(inst, told, body, said, id_, seen):
    assert said["accepted"] + said["skipped"] == 20 and not said["truncated"]
    rows = inst.rows("SELECT d.user_id, d.channel, d.state, d.reason, d.device_id, d.provider, d.seq, j.state job, j.run_at, g.run_at due FROM delivery d"
                     " LEFT JOIN job j ON j.notification_id = d.notification_id AND j.seq = d.seq AND j.kind = 2"
                     " LEFT JOIN digest_item i ON i.notification_id = d.notification_id AND i.seq = d.seq"
                     " LEFT JOIN digest g ON g.id = i.digest_id WHERE d.notification_id = %s", id_)
    for one in said["results"]:
        mine = [r for r in rows if r["user_id"] == one["user_id"]]
        told_one = f"{told}, user {one['user_id']}: said {one}, did {mine}"
        if one["reason"]:
            seen[one["reason"]] += 1
            assert [(r["channel"], r["state"], r["reason"]) for r in mine] == [("", "skipped", one["reason"])] and not one["channels"], told_one
            continue
        expect = set()
        for w in one["channels"]:
            if w["outcome"] == "skip":
                seen[w["reason"]] += w["recorded"]
                if w["recorded"]:
                    expect.add((w["channel"], w["reason"]))
            else:
                seen[w["reason"] or "send"] += 1
                expect.add((w["channel"], w["outcome"]))
        did = set()
        for r in mine:
            left = r["state"] not in ("skipped", "failed") or (r["state"] == "failed" and r["reason"] != "no_provider") or \
                r["reason"] == "device_gone"
            waits = any(w["channel"] == r["channel"] and w["outcome"] == "held" for w in one["channels"])
            did.add((r["channel"], ("held" if waits else "send") if left else r["reason"]))
        assert did == expect and mine, told_one
        by = {w["channel"]: w for w in one["channels"] if w["outcome"] != "skip"}
        for r in mine:
            w = by.get(r["channel"])
            if r["channel"] in ("email", "sms") and r["state"] in ("queued", "sent", "delivered"):
                assert r["provider"] == w["provider"], told_one
            if w is None or w["outcome"] != "held" or r["state"] != "queued":
                continue
            # When, too: at its hour, with its digest, or at its sender's end.
            go, ends = when(w["not_before"]), when(body.get("expires_at"))
            if ends is not None and go > ends:
                assert r["job"] == 0, told_one
                go = ends
            found = r["due"] if r["job"] == 4 else r["run_at"]
            assert found is not None and abs((found - go).total_seconds()) < 10, told_one


# --- ten thousand a call ------------------------------------------------------------------------------------------


def test_ten_thousand_recipients_and_not_one_more(inst):
    u = a_user(inst)
    refused(send(inst, user_ids=list(range(1, 10002))), 400, field="user_ids")
    refused(send(inst, user_ids=[]), 400, field="user_ids")
    refused(send(inst, user_ids=[u["id"], 0]), 400, field="user_ids")
    refused(send(inst, user_ids=[u["id"]] * 9999 + ["x"]), 400, field="user_ids")
    # Nobody of them is there: nothing is sent, and it is said.
    r = send(inst, user_ids=[10 ** 12 + i for i in range(10000)])
    assert r.status_code == 202 and (r.json()["accepted"], r.json()["skipped"]) == (0, 10000), r.text
    n = final(inst, r.json()["id"])
    assert n["total"] == 0 or {d["state"] for d in n["deliveries"]} == {"skipped"}, n
    # One of them ten thousand times is one.
    r = send(inst, user_ids=[u["id"]] * 10000, channels=["email"])
    assert r.status_code == 202 and (r.json()["accepted"], r.json()["skipped"]) == (1, 9999), r.text
    assert ways(final(inst, r.json()["id"]), u) == {"email": ("sent", "")}
    assert len(inst.sandbox.messages(channel="email", to=u["email"])) == 1
    # explain is asked the same, and refuses the same.
    refused(inst.api("POST", f"{PATH}explain/", token=inst.token, json={**TEXT, "user_ids": list(range(1, 10002))}), 400,
            field="user_ids")
