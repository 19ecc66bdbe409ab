"""For operators: the queue and its dead letters, figures, devices, the months of the log, and the same at the terminal."""
import json
import secrets
import subprocess

import pytest

from conftest import module_instance
from expo_case import app
from instance import TOP, wait_until
from people import Person, forget_limits, problem
from push_case import at_once, browser, new_user, subscribed

JOBS, STATS, DEVICES = "/api/admin/jobs/", "/api/admin/stats/", "/api/admin/devices/"
MS, EPOCH = 1 << 22, "2024-01-01"


inst = module_instance()


def dead_letters(inst, n, expires="UTC_TIMESTAMP(6) + INTERVAL 1 HOUR"):
    """As n jobs are left that ended three workers each: accepted, planned, and then dead."""
    subs = [browser(inst)["info"] for _ in range(n)]
    inst.kill("worker", 15)
    r = inst.api("POST", "/api/push/send/group/", token=inst.token, headers={"Prefer": "respond-async"}, json={
        "subscription_info_list": subs, "title": "dead", "body": secrets.token_hex(8)})
    assert r.status_code == 202, r.text
    nid = int(r.json()["id"])
    # What the sweeper does of them is test_worker_crash's; here they are so.
    inst.rows("INSERT INTO delivery (notification_id, seq, channel, target_hash, target, device_id, provider, state, reason,"
              " created_at, updated_at) SELECT %s, @n := @n + 1, 'web_push', UNHEX(MD5(id)), 'x', id, 'webpush', 'failed',"
              " 'dead_letter', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM device, (SELECT @n := 0) z"
              " ORDER BY created_at DESC LIMIT %s", nid, n)
    inst.rows(f"INSERT INTO job (id, class, state, kind, notification_id, seq, device_id, provider, crashes, expires_at,"
              f" last_error, created_at) SELECT {nid} + 100 + seq, 1, 9, 2, notification_id, seq, device_id, provider, 3,"
              f" {expires}, 'dead_letter', UTC_TIMESTAMP(6) FROM delivery WHERE notification_id = %s", nid)
    inst.rows("DELETE FROM job WHERE notification_id = %s AND kind = 1", nid)
    inst.rows("UPDATE notification SET planned_at = UTC_TIMESTAMP(6), total = %s WHERE id = %s", n, nid)
    inst.start("worker")
    return nid


def states(inst, nid):
    return [(r["state"], r["reason"]) for r in inst.rows(
        "SELECT state, reason FROM delivery WHERE notification_id = %s ORDER BY seq", nid)]


def test_dead_letters_are_listed_explained_and_redriven_by_one_call(inst, boss):
    nid = dead_letters(inst, 3)
    r = inst.api("GET", JOBS, token=boss, params={"state": "dead"}).json()
    mine = [j for j in r["results"] if j["notification_id"] == str(nid)]
    assert len(mine) == 3 and {j["reason"] for j in mine} == {"dead_letter"}
    assert all("three times" in j["reason_text"] and j["delivery_id"].startswith(f"{nid}-") for j in mine)
    assert {"provider": "webpush", "class": "transactional", "state": "dead", "count": 3} in [
        {k: q[k] for k in ("provider", "class", "state", "count")} for q in r["queues"]]
    assert "dead" in {json.loads(line)["state"] for line in inst.ctl("--json", "jobs", "queues").stdout.splitlines()}
    one = mine[0]["id"]
    assert inst.api("GET", f"{JOBS}{one}/", token=boss).json()["state"] == "dead"
    assert inst.api("POST", f"{JOBS}{one}/redrive/", token=boss).json() == {"redriven": 1}
    wait_until("one is sent", lambda: sorted(states(inst, nid))[-1][0] == "sent")
    assert [s for s, _ in sorted(states(inst, nid))] == ["failed", "failed", "sent"]
    problem(inst.api("POST", f"{JOBS}{one}/redrive/", token=boss), 404)
    # All of a provider, by eight at once: each once.
    got = at_once(8, lambda i: inst.api("POST", JOBS + "redrive/", token=boss, json={"provider": "webpush"}).json())
    assert sum(g["redriven"] for g in got) == 2
    wait_until("all are sent", lambda: states(inst, nid) == [("sent", "")] * 3)
    assert inst.rows("SELECT MAX(attempts) n FROM delivery WHERE notification_id = %s", nid)[0]["n"] == 1
    assert inst.api("POST", JOBS + "redrive/", token=boss, json={"all": True}).json() == {"redriven": 0}
    assert inst.rows("SELECT COUNT(*) n FROM audit WHERE event = 'jobs_redrive'")[0]["n"] >= 2


def test_dead_letters_of_every_class_are_redriven(inst, boss):
    nid = dead_letters(inst, 5)
    inst.rows("UPDATE job SET class = seq - 1 WHERE notification_id = %s", nid)
    got = inst.api("GET", JOBS, token=boss, params={"state": "dead", "notification_id": str(nid)}).json()["results"]
    assert {j["class"] for j in got} == {"critical", "transactional", "campaign", "transactional_bulk", "campaign_bulk"}
    assert inst.api("POST", JOBS + "redrive/", token=boss, json={"all": True}).json() == {"redriven": 5}
    wait_until("all are sent", lambda: states(inst, nid) == [("sent", "")] * 5)


def test_r15_a_redriven_message_past_its_life_is_expired_not_sent(inst, boss):
    nid = dead_letters(inst, 1, "UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
    job = inst.api("GET", JOBS, token=boss, params={"state": "dead", "notification_id": str(nid)}).json()["results"][0]["id"]
    assert inst.api("POST", JOBS + "redrive/", token=boss, json={"ids": [job]}).json() == {"redriven": 1}
    wait_until("it is over", lambda: states(inst, nid) == [("expired", "expired")])
    # Why it was late stands in its story.
    story = inst.api("GET", f"/api/admin/deliveries/{nid}-1/", token=boss).json()
    told = [(e["event"], e["reason"], e["reason_text"][:13]) for e in story["timeline"][2:]]
    assert told[0] == ("queued", "redriven", "A dead letter") and told[-1][:2] == ("expired", "expired") and len(told) == 2, story


def test_r3_what_a_dead_worker_held_is_leased_again(inst):
    """No lease is longer than 30 s, and what has run out is leased again within 5 s: that makes 35, and all of it."""
    inst.sandbox.fault("smtp", "slow", after_ms=400)
    to = f"{secrets.token_hex(4)}@r3.example"
    made = [int(inst.api("POST", "/api/communications/email/", token=inst.token, json={
        "to": f"{i}-{to}", "subject": "Hi", "message": "x"}).json()["data"]["task_id"]) for i in range(24)]
    held = "SELECT id, state, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), lease_ends_at) / 1e6 AS s FROM job WHERE kind = 2" \
           " AND state IN (1, 2) AND notification_id >= %s"
    wait_until("many are held", lambda: len(inst.rows(held, made[0])) >= 8)
    inst.kill("worker")
    rows = inst.rows(held, made[0])
    assert len(rows) >= 4 and max(r["s"] for r in rows) <= 30
    inst.sandbox._call("DELETE", "/faults")
    # Half a minute later, by its own clock.
    inst.rows("UPDATE job SET lease_ends_at = lease_ends_at - INTERVAL 30 SECOND WHERE lease_ends_at IS NOT NULL")
    inst.start("worker")
    ids = ",".join(str(r["id"]) for r in rows)
    wait_until("all of them are held anew, or over", lambda: not inst.rows(
        f"SELECT 1 FROM job WHERE id IN ({ids}) AND state IN (1, 2) AND lease_ends_at < UTC_TIMESTAMP(6)"), 5)
    wait_until("all are final", lambda: not inst.rows("SELECT 1 FROM job WHERE notification_id >= %s AND state < 9 LIMIT 1", made[0]), 30)
    # A mail is repeated with its Message-ID, which receivers put together: one each, however it was interrupted.
    seen = [m["headers"]["message-id"] for m in inst.sandbox.messages(channel="email") if m["to"].endswith(to)]
    assert len(set(seen)) == 24


def test_what_is_gone_for_a_month_is_forgotten(inst):
    """By its push service's word: kept for 30 days, should that be mistaken; what an administrator switched off stays."""
    base = 10 ** 17 + secrets.randbelow(10 ** 16)
    rows = [("gone", 31), ("gone", 29), ("device_not_registered", 31), ("admin", 31)]
    for n, (why, days) in enumerate(rows):
        inst.rows("INSERT INTO device (id, kind, target_hash, target, is_active, dead_at, dead_reason) VALUES (%s, 'expo',"
                  " UNHEX(SHA2(%s, 256)), 'x', FALSE, UTC_TIMESTAMP(6) - INTERVAL %s DAY, %s)", base + n, base + n, days, why)
        inst.rows("INSERT INTO push_group_device (group_id, device_id) VALUES (%s, %s)", base, base + n)
    inst.kill("worker", 15)
    inst.start("worker")

    def left():
        return [r["id"] - base for r in inst.rows("SELECT id FROM device WHERE id BETWEEN %s AND %s ORDER BY id", base, base + 3)]
    wait_until("two are forgotten", lambda: left() == [1, 3])
    assert [r["device_id"] - base for r in inst.rows("SELECT device_id FROM push_group_device WHERE group_id = %s"
                                                     " ORDER BY device_id", base)] == [1, 3]


def test_a_dead_letter_is_discarded(inst, boss):
    nid = dead_letters(inst, 1)
    job = inst.api("GET", JOBS, token=boss, params={"state": "dead", "notification_id": str(nid)}).json()["results"][0]["id"]
    assert inst.api("DELETE", f"{JOBS}{job}/", token=boss).status_code == 204
    problem(inst.api("DELETE", f"{JOBS}{job}/", token=boss), 404)
    assert states(inst, nid) == [("failed", "dead_letter")]
    # What lives is no dead letter.
    inst.rows("INSERT INTO job (id, class, state, run_at, kind, notification_id, provider, expires_at, created_at) VALUES"
              " (77, 1, 0, '2100-01-01', 2, 5, 'webpush', '2101-01-01', UTC_TIMESTAMP(6))")
    problem(inst.api("DELETE", f"{JOBS}77/", token=boss), 409, "not_dead")
    problem(inst.api("POST", f"{JOBS}77/redrive/", token=boss), 409, "not_dead")
    got = inst.api("GET", JOBS, token=boss, params={"state": "ready"}).json()["results"]
    assert [j["id"] for j in got] == ["77"]
    dead = dead_letters(inst, 2)

    def found(**asked):
        return [j["id"] for j in inst.api("GET", JOBS, token=boss, params=asked).json()["results"]]
    both = found(notification_id=str(dead))
    assert len(both) == 2 and found(q=str(dead)) == both and found(q=str(dead), state="dead", ordering="created_at") == both[::-1]
    assert found(q=both[1]) == both[1:] and found(q=f"{dead}-2") == [j for j in both if j == str(dead + 102)]
    assert found(q="letter", **{"class": "transactional"})[:2] == both and "77" in found(q="webp", after="1", before="78")
    assert not found(q="letter", **{"class": "critical"}) and not found(q="zzqx") and found(ordering="created_at")[0] == "77"
    page = inst.api("GET", JOBS, token=boss, params={"q": "letter", "ordering": "created_at", "limit": 1}).json()
    page = inst.api("GET", page["next"].replace(inst.url, ""), token=boss).json()
    assert page["queues"] == [] and [j["id"] for j in page["results"]] == both[:1]
    r = inst.api("POST", f"{JOBS}discard/", token=boss, json={"ids": [*both, "77", both[0]]}).json()
    assert [x["code"] for x in r["results"]] == [None, None, "not_dead", "not_found"] and r["done"] == 2
    inst.rows("DELETE FROM job WHERE id = 77")
    problem(inst.api("POST", JOBS + "redrive/", token=boss, json={}), 400, field="ids")


def test_jobs_at_the_terminal(inst):
    nid = dead_letters(inst, 2)
    dead = inst.ctl("jobs", "dead").stdout
    assert dead.count(f"notification {nid}/") == 2
    one = dead.split()[0]
    assert "1 dead letters are ready" in inst.ctl("jobs", "redrive", one).stdout
    assert f"{one} is no dead letter" in inst.ctl("jobs", "redrive", one).stdout
    assert "1 dead letters are ready" in inst.ctl("jobs", "redrive", "--provider", "webpush").stdout
    wait_until("both are sent", lambda: states(inst, nid) == [("sent", "")] * 2)


def test_figures(inst, boss):
    user = new_user(inst)
    forget_limits(inst)
    _, b = subscribed(inst, user)

    def sent():
        return sum(r["count"] for r in inst.api("GET", STATS, token=boss).json()["deliveries"]
                   if (r["provider"], r["channel"], r["state"]) == ("webpush", "web_push", "sent"))
    before = sent()
    r = inst.api("POST", "/api/push/send/single/", token=inst.token, json={
        "subscription_info": b["info"], "title": "t", "body": "b"})
    assert r.status_code == 200
    assert sent() == before + 1
    got = inst.api("GET", STATS, token=boss, params={"hours": 1}).json()
    assert got["queue"]["dead"] == 0 and got["queue"]["oldest_s"] >= 0
    assert sum(r["count"] for r in got["sign_ins"] if r["outcome"] == "ok") >= 1
    problem(inst.api("GET", STATS, token=boss, params={"hours": 0}), 400, field="hours")


def test_sign_ins_are_counted_by_the_hour_as_they_are_audited(inst, boss):
    p = Person(inst)
    forget_limits(inst)

    def counted():
        out = {}
        for r in inst.api("GET", STATS, token=boss).json()["sign_ins"]:
            out[r["outcome"]] = out.get(r["outcome"], 0) + r["count"]
        return out

    def audited():
        return {r["outcome"]: r["n"] for r in inst.rows("SELECT outcome, COUNT(*) n FROM audit WHERE event = 'login' GROUP BY outcome")}

    def more(now, was):
        return {k: now[k] - was.get(k, 0) for k in now if now[k] != was.get(k, 0)}
    was, had = counted(), audited()
    login = {"username": p.phone, "password": p.password}
    for body in (login, {**login, "password": "Wrong-Word-1"}, {**login, "username": "+989120000000"}, login):
        inst.api("POST", "/api/auth/login/", json=body)
    assert more(counted(), was) == more(audited(), had) == {"ok": 2, "refused": 2}


def test_devices_are_found_and_switched(inst, boss):
    user = new_user(inst)
    forget_limits(inst)
    rows = [subscribed(inst, user) for _ in range(2)]
    ids = [d["id"] for d, _ in rows]

    def found(**asked):
        r = inst.api("GET", DEVICES, token=boss, params=asked)
        assert r.status_code == 200, r.text
        return [d["id"] for d in r.json()["results"]]
    assert found(user_id=user["id"]) == ids[::-1] == found(email=user["phone"])
    assert found(token=rows[0][1]["info"]["endpoint"]) == [ids[0]]
    assert found(token="https://nowhere.example/x") == [] == found(user_id=user["id"], type="expo")
    assert rows[0][1]["info"]["endpoint"] not in inst.api("GET", DEVICES, token=boss).text
    assert inst.api("POST", DEVICES + "deactivate/", token=boss, json={"ids": ids + ["1"]}).json() == {"changed": 2}
    assert inst.api("POST", DEVICES + "deactivate/", token=boss, json={"ids": ids}).json() == {"changed": 0}
    assert found(user_id=user["id"], is_active="true") == [] and found(user_id=user["id"], is_active="false") == ids[::-1]
    r = inst.api("POST", "/api/push/send/single/", token=inst.token, json={"user_id": user["id"], "title": "t", "body": "b"})
    problem(r, 400, "no_device")
    assert inst.api("POST", DEVICES + "activate/", token=boss, json={"ids": ids[:1]}).json() == {"changed": 1}
    assert found(user_id=user["id"], is_active="true") == ids[:1]
    page = inst.api("GET", DEVICES, token=boss, params={"user_id": user["id"], "limit": 1}).json()
    assert [d["id"] for d in page["results"]] == ids[1:]
    page = inst.api("GET", page["next"].replace(inst.url, ""), token=boss).json()
    assert [d["id"] for d in page["results"]] == ids[:1]
    assert inst.rows("SELECT COUNT(*) n FROM audit WHERE event LIKE 'devices_%%activate'")[0]["n"] == 2


def test_a_device_is_found_by_a_part_and_tried(inst, boss):
    user = new_user(inst)
    forget_limits(inst)
    (one, b), (other, _) = [subscribed(inst, user) for _ in range(2)]
    whole = b["info"]["endpoint"]

    def found(part):
        return [d["id"] for d in inst.api("GET", DEVICES, token=boss, params={"q": part}).json()["results"]]
    # By what is shown of it, by a long end, or whole; by nothing that would tell the rest a letter at a time.
    shown = inst.api("GET", DEVICES, token=boss, params={"token": whole}).json()["results"][0]["target"].split("…")
    assert whole.startswith(shown[0]) and whole.endswith(shown[1]) and len("".join(shown)) <= len(whole) * 5 // 8
    assert found(shown[1]) == found(whole[-20:]) == [one["id"]] and one["id"] in found(shown[0])
    assert found(whole[:100]) == ([one["id"]] if len(whole) <= 100 else [])
    for part in (whole[-len(shown[1]) - 1:], whole[:len(shown[0]) + 1], whole[-14:-2], whole[-19:]):
        assert found(part) == [], part
    token = app(inst, user)
    shown = inst.api("GET", DEVICES, token=boss, params={"token": token}).json()["results"][0]["target"]
    assert shown.endswith("…") and token.startswith(shown[:-1]) and len(shown) < 24
    assert found(token) == found(token[-21:]) != [] and found(token[-4:]) == found(token[:24]) == []
    r = inst.api("GET", DEVICES, token=boss, params={"q": "example", "limit": 1, "type": "web_push"}).json()
    assert r["next"] is None or "q=example" in r["next"]
    got = inst.api("POST", f"{DEVICES}{one['id']}/test/", token=boss).json()
    assert got["done"] and [d["state"] for d in got["deliveries"]] == ["sent"]
    assert inst.rows("SELECT user_id, detail FROM audit WHERE event = 'device_test'") == [
        {"user_id": user["id"], "detail": f'{{"device":"{one["id"]}","notification":"{got["id"]}"}}'}]
    # To this one of the two, and no other.
    told = inst.rows("SELECT device_id FROM delivery WHERE notification_id = %s", got["id"])
    assert [str(t["device_id"]) for t in told] == [one["id"]]
    # What the service refuses is told as it is.
    inst.sandbox.fault("push", "status", status=413, times=1)
    got = inst.api("POST", f"{DEVICES}{other['id']}/test/", token=boss).json()
    assert [(d["state"], d["reason"]) for d in got["deliveries"]] == [("failed", "payload_too_large")]
    inst.api("POST", DEVICES + "deactivate/", token=boss, json={"ids": [one["id"]]})
    problem(inst.api("POST", f"{DEVICES}{one['id']}/test/", token=boss), 409, "device_off")
    problem(inst.api("POST", f"{DEVICES}1/test/", token=boss), 404)
    problem(inst.api("POST", f"{DEVICES}{other['id']}/test/", token=user["token"]), 403)


def test_web_push_is_well_where_there_is_a_key(inst, boss):
    rows = inst.api("GET", "/api/admin/providers/", token=boss).json()["results"]
    assert [(r["health"], r["is_configured"], r["problem"]) for r in rows if r["name"] == "webpush"] == [("ok", True, "")]


def test_a_phone_is_tried(inst, boss):
    user = new_user(inst)
    forget_limits(inst)
    token = f"ExponentPushToken[{secrets.token_hex(11)}]"
    assert inst.api("POST", "/api/users/push-tokens/", token=user["token"], json={"token": token}).status_code == 200
    one = inst.api("GET", DEVICES, token=boss, params={"q": token[5:], "type": "expo"}).json()["results"]
    assert len(one) == 1 and one[0]["user_id"] == user["id"]
    got = inst.api("POST", f"{DEVICES}{one[0]['id']}/test/", token=boss).json()
    assert [d["state"] for d in got["deliveries"]] == ["sent"], got


def test_what_waits_of_each_class_is_told(inst, boss):
    nid = dead_letters(inst, 3)
    inst.rows("UPDATE job SET state = 3, class = 2, run_at = NULL WHERE notification_id = %s AND seq = 3", nid)
    inst.rows("UPDATE job SET state = 0, class = 1, run_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, expires_at ="
              " UTC_TIMESTAMP(6) + INTERVAL 2 HOUR WHERE notification_id = %s AND seq < 3", nid)
    try:
        got = {k["class"]: k for k in inst.api("GET", STATS, token=boss).json()["classes"]}
        assert got["transactional"] == {"class": "transactional", "ready": 2, "due": 0, "oldest_s": 0}
        assert "campaign" not in got        # paused: it does not wait
    finally:
        inst.rows("DELETE FROM job WHERE notification_id = %s", nid)


# --- the months of the log --------------------------------------------------------------------------------------------

def partitions(inst):
    return [json.loads(line) for line in inst.ctl("--json", "partitions").stdout.splitlines()]


def test_d21_a_partition_a_month_three_ahead(inst):
    names = [p["name"] for p in partitions(inst)]
    want = [r["m"] for r in inst.rows("SELECT DATE_FORMAT(UTC_DATE() - INTERVAL DAYOFMONTH(UTC_DATE()) - 1 DAY"
                                      " + INTERVAL seq MONTH, 'p%%Y%%m') m FROM seq_0_to_3")]
    assert names == want + ["p_all"]
    # What is missing is made again; no row moves.
    rows = inst.rows("SELECT COUNT(*) n FROM delivery")
    inst.rows(f"ALTER TABLE delivery REORGANIZE PARTITION {names[2]}, {names[3]}, p_all INTO"
              " (PARTITION p_all VALUES LESS THAN MAXVALUE)")
    # A worker that has just begun may be first.
    assert [p["name"] for p in partitions(inst)] in (names[:2] + ["p_all"], names)
    inst.ctl("partitions", "run")
    assert [p["name"] for p in partitions(inst)] == names and inst.rows("SELECT COUNT(*) n FROM delivery") == rows
    # New rows are in this month's.
    assert inst.rows(f"SELECT COUNT(*) n FROM delivery PARTITION ({names[0]})") == rows
    # The programs that serve cannot change it themselves.
    for user in ("gatepost_api", "gatepost_live", "gatepost_worker"):
        for grant in inst.rows(f"SHOW GRANTS FOR {user}@localhost"):
            assert not any(w in str(grant) for w in ("ALTER", "DROP", "CREATE", "ALL PRIVILEGES ON `gatepost`"))


def test_d21_old_months_are_dropped_whole_and_their_notifications_follow(inst):
    first = partitions(inst)[0]
    bounds = [inst.rows(f"SELECT CAST(TIMESTAMPDIFF(MICROSECOND, '{EPOCH}', '{d}') DIV 1000 * {MS} AS UNSIGNED) b")[0]["b"]
              for d in ("2024-02-01", "2024-03-01")]
    last = inst.rows("SELECT PARTITION_DESCRIPTION b FROM information_schema.PARTITIONS WHERE TABLE_NAME = 'delivery'"
                     " AND PARTITION_NAME = %s", first["name"])[0]["b"]
    inst.rows(f"ALTER TABLE delivery REORGANIZE PARTITION {first['name']} INTO (PARTITION p202401 VALUES LESS THAN ({bounds[0]}),"
              f" PARTITION p202402 VALUES LESS THAN ({bounds[1]}), PARTITION {first['name']} VALUES LESS THAN ({last}))")
    kept = inst.rows("SELECT COUNT(*) n FROM delivery")[0]["n"]
    for nid in (bounds[0] - 5, bounds[1] - 5):
        inst.rows("INSERT INTO notification (id, class, channel, content, audience, created_at, expires_at, planned_at) VALUES"
                  " (%s, 1, 'sms', '{}', '{}', '2024-02-03', '2024-02-04', '2024-02-03')", nid)
        inst.rows("INSERT INTO delivery (notification_id, seq, channel, target_hash, target, state, created_at, updated_at)"
                  " VALUES (%s, 1, 'sms', 'x', 'x', 'sent', '2024-02-03', '2024-02-03')", nid)
    # Somebody reads it for long: nobody is held up, it is not done, and it is said.
    reader = inst.connect()
    reader.begin()
    with reader.cursor() as cursor:
        cursor.execute("SELECT * FROM delivery LIMIT 1")
    with pytest.raises(subprocess.TimeoutExpired):
        inst.ctl("partitions", "run", timeout=4)
    assert "p202401" in [p["name"] for p in partitions(inst)]
    reader.rollback()
    reader.close()
    inst.ctl("partitions", "run")
    assert [p["name"] for p in partitions(inst)][0] == first["name"]
    assert inst.rows("SELECT COUNT(*) n FROM delivery")[0]["n"] == kept
    # The worker's sweeper ends the notifications, by itself.
    inst.restart("worker")
    wait_until("the notifications are gone", lambda: not inst.rows("SELECT 1 FROM notification WHERE id < %s", bounds[1]))
    assert inst.rows("SELECT COUNT(*) n FROM notification")[0]["n"] > 0


def test_the_log_at_the_terminal(inst):
    user = new_user(inst)
    forget_limits(inst)
    _, b = subscribed(inst, user)
    r = inst.api("POST", "/api/push/send/single/", token=inst.token, json={
        "user_id": user["id"], "title": "Terminal", "body": "by hand"})
    one = r.json()["deliveries"][0]["id"]
    for way in (["--user", str(user["id"]), "--channel", "web_push"], ["--to", b["info"]["endpoint"]],
                ["--request", r.headers["X-Request-Id"]], ["--notification", r.json()["id"]], ["--title", "Terminal"],
                ["--body", "by hand", "--limit", "0"]):
        lines = inst.ctl("--json", "deliveries", *way).stdout.splitlines()
        assert one in [json.loads(line)["id"] for line in lines], way
    assert json.loads(inst.ctl("--json", "deliveries", "--to", "0" + user["phone"][3:]).stdout.splitlines()[0])["channel"] == "sms"
    story = inst.ctl("deliveries", one).stdout
    assert "state     sent" in story and "attempt   {" in story and "by webpush" in story
    assert "no such deliveries" in inst.ctl("deliveries", "--title", secrets.token_hex(8)).stdout
    assert inst.ctl("deliveries", "1-1", check=False).returncode == 1
    assert inst.ctl("deliveries", "x", check=False).returncode == 2
    assert inst.ctl("deliveries", "--since", "yesterday", check=False).returncode == 2


def test_how_the_installation_is(inst, boss):
    def look():
        r = inst.api("GET", "/api/admin/system/", token=boss)
        assert r.status_code == 200, r.text
        return r.json()
    s = look()
    checks = {c["name"]: c for c in s["checks"]}
    assert checks["schema"]["state"] == "ok" and s["database"]["migration"] == s["database"]["newest"] == checks["schema"]["value"]
    assert checks["workers"]["state"] == "ok" and checks["durability"]["state"] == "ok" and checks["clock"]["state"] == "ok"
    # The sandbox is on this machine, and that is said.
    assert checks["egress"]["state"] == "warning" and checks["egress"]["mend"]
    assert s["settings"]["public_url"] == inst.url and s["version"]
    assert "MariaDB" in s["database"]["version"]
    inst.kill("worker", 15)
    try:
        down = {c["name"]: c for c in look()["checks"]}["workers"]
        assert down == {"name": "workers", "state": "bad", "value": 0, "mend": "systemctl start gatepost-worker"}
    finally:
        inst.start("worker")
    nid = dead_letters(inst, 1)
    assert {c["name"]: c["value"] for c in look()["checks"]}["dead_letters"] == look()["queue"]["dead"] >= 1
    inst.rows("DELETE FROM job WHERE notification_id = %s", nid)
    problem(inst.api("GET", "/api/admin/system/", token=new_user(inst)["token"]), 403, "role_required")
    forget_limits(inst)


def test_demo_data_fill_every_list_and_go_again(inst, boss):
    """What quickstart's --demo calls: once, whole, marked, and gone without a trace but in the audit."""
    def counted():
        return {t: inst.rows(f"SELECT COUNT(*) n FROM {t}")[0]["n"] for t in (
            "user", "session", "device", "notification", "delivery", "inbox", "campaign", "template", "template_version", "article",
            "suppression", "webhook", "provider", "push_group", "push_group_user", "delivery_hour", "admin_token", "job")}

    def demo(*more):
        done = subprocess.run([f"{TOP}/scripts/demo", "--dir", inst.dir, *more], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def quickstart(flag):
        """Of an instance that runs: nothing of it is started again."""
        done = subprocess.run([f"{TOP}/scripts/quickstart", "--quiet", "--no-demo", "--dir", inst.dir, flag], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def rows(path, **asked):
        r = inst.api("GET", path, token=boss, params=asked)
        assert r.status_code == 200, r.text
        return r.json()["results"]
    # The first sign-in tells its owner; that is on its way.
    wait_until("nothing is under way", lambda: not inst.rows(
        "SELECT 1 FROM job WHERE state IN (1, 2) OR run_at < UTC_TIMESTAMP() + INTERVAL 1 MINUTE"))
    before = counted()
    assert "no demo data" in demo("--remove") and counted() == before
    quickstart("--demo")
    # It makes the superuser anew, who signs in again.
    boss = inst.admin()
    for path in ("/api/admin/users/", "/api/users/", "/api/push/groups/", DEVICES, "/api/push/tokens/", "/api/admin/deliveries/", JOBS,
                 "/api/templates/", "/api/campaigns/", "/api/suppressions/", "/api/admin/webhooks/", "/api/admin/providers/",
                 "/api/admin/audit/", "/api/articles/"):
        assert rows(path), path
    log = inst.rows("SELECT d.state, d.channel, COUNT(*) n FROM delivery d JOIN notification n ON n.id = d.notification_id"
                    " JOIN admin_token t ON t.id = n.token_id WHERE t.name = 'demo' GROUP BY 1, 2")
    assert {"sent", "delivered", "read", "failed", "skipped", "expired", "cancelled", "unsure", "queued"} <= {r["state"] for r in log}
    assert {"email", "sms", "whatsapp", "web_push", "expo", "in_app"} <= {r["channel"] for r in log}
    assert sum(r["n"] for r in log) >= 3000
    assert {c["state"] for c in rows("/api/campaigns/")} >= {"draft", "scheduled", "running", "paused", "cancelled"}
    # Whatever went wrong says why, in words.
    for state in ("failed", "skipped", "expired", "cancelled", "unsure"):
        assert all(r["reason_text"] for r in rows("/api/admin/deliveries/", state=state, limit=100))
    hours = inst.api("GET", STATS, token=boss, params={"hours": 24 * 30}).json()["deliveries"]
    assert len({h["hour"][:10] for h in hours}) >= 25
    hours = inst.api("GET", STATS, token=boss, params={"hours": 24 * 30}).json()["sign_ins"]
    assert len({h["hour"] for h in hours if h["outcome"] == "ok"}) >= 24 * 29 and {"ok", "refused", "mfa_due"} <= {h["outcome"] for h in hours}
    # Again is nothing new; the chain of the audit holds, for nobody made any of it up.
    people = counted()["user"]
    assert "demo.gatepost.example" in demo()
    assert counted()["user"] == people == before["user"] + 120
    assert inst.ctl("audit", "verify").returncode == 0
    quickstart("--demo-remove")
    assert inst.rows("SELECT 1 FROM signin_hour WHERE shard = 200") == []
    # What the administrator's own sign-in left stays, as does what the hours really had.
    left = {t for t, n in counted().items() if n > before[t]}
    assert left <= {"delivery_hour", "session", "notification", "delivery", "job"}
    for table in ("session", "delivery", "inbox", "device", "notification"):
        assert not inst.rows(f"SELECT x.user_id FROM {table} x LEFT JOIN user u ON u.id = x.user_id"
                             " WHERE x.user_id <> 0 AND u.id IS NULL"), table
    assert not inst.rows("SELECT 1 FROM delivery WHERE target LIKE '%%demo.gatepost.example' OR channel = 'webhook'")
    assert not inst.rows("SELECT 1 FROM delivery_hour WHERE shard = 200")
