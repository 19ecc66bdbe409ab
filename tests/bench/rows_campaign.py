"""Rows about many at once: batch-accept (10,000 recipients a call), campaign (a
million planned, and what the worker takes for it) and code-latency-campaign
(one-time codes meanwhile).
"""
import base64
import hashlib
import json
import random
import time

from instance import Failure, pss_kb, wait_until
from limits import Load
from report import percentile, median
from rows_push import codes
from sink import subscriptions

MARK = "XB"         # the country that these people are in: nobody's


def people(inst, count):
    """So many live accounts with a proved e-mail address, at once."""
    have = inst.one("SELECT COUNT(*) FROM user WHERE country = %s", MARK)
    if have >= count:
        return
    base = random.randrange(1 << 40, 1 << 60)
    for at in range(have, count, 100000):
        n = min(100000, count - at)
        inst.rows(
            "INSERT INTO user (reg_key, email, email_cmp, email_unique, email_verified_at, country) "
            f"SELECT %s + seq, @m := CONCAT('b', %s + seq, '@example.com'), @m, @m, UTC_TIMESTAMP(6), %s "
            f"FROM seq_1_to_{n}", base + at, base + at, MARK)


def devices(inst, count, port):
    """Browsers of the first of these people; the sink takes what they get."""
    subs = subscriptions(min(count, 500), port)
    raw = [(base64.urlsafe_b64decode(s["keys"]["p256dh"] + "=="), base64.urlsafe_b64decode(s["keys"]["auth"] + "=="))
           for s in subs]
    owners = [r[0] for r in inst.rows(
        "SELECT u.id FROM user u LEFT JOIN device d ON d.user_id = u.id "
        "WHERE u.country = %s AND d.id IS NULL ORDER BY u.id LIMIT %s", MARK, count)]
    db = inst.db()
    with db.cursor() as cursor:
        rows = []
        for i, owner in enumerate(owners):
            endpoint = subs[i % len(subs)]["endpoint"] + f"-{owner}"
            rows.append((random.getrandbits(62), owner, hashlib.sha256(endpoint.encode()).digest(), endpoint,
                         *raw[i % len(raw)]))
        cursor.executemany(
            "INSERT INTO device (id, user_id, kind, target_hash, target, p256dh, auth)"
            " VALUES (%s, %s, 'web_push', %s, %s, %s, %s)", rows)
    db.close()


BATCH = 10000


def batch_accept(ctx):
    """Notifications to 10,000 people a call, durable before the answer; the
    worker is away."""
    inst = ctx.inst
    people(inst, BATCH)
    ids = [r[0] for r in inst.rows("SELECT id FROM user WHERE country = %s ORDER BY id LIMIT %s", MARK, BATCH)]
    load = Load(ctx.work, inst.ca, "/api/notifications/", 2, expect="202",
                headers=["Content-Type: application/json", f"Authorization: Bearer {inst.admin_token}"],
                body=json.dumps({"user_ids": ids, "title": "Bench", "body": "to ten thousand", "channels": ["in_app"]},
                                separators=(",", ":")))
    inst.worker_stop()
    before = inst.one("SELECT COUNT(*) FROM notification")
    try:
        runs = [load.run(ctx.front("ours").base, seconds=max(1.0, ctx.seconds / ctx.rounds) + 0.3)
                for _ in range(ctx.rounds)]
        made = inst.one("SELECT COUNT(*) FROM notification") - before
        ctx.report.row("batch-accept", median([r["rps"] for r in runs]) * BATCH, "recipients/s",
                       (">=", 60000, "recipients/s"), sound=made == sum(r["sent"] for r in runs),
                       p50_ms=median([r["p50_ms"] for r in runs]), p99_ms=median([r["p99_ms"] for r in runs]),
                       batch=BATCH, calls=made)
    finally:
        # 10,000 rows a call are not what the other rows wait for
        inst.rows("DELETE FROM job WHERE notification_id IN (SELECT id FROM notification WHERE title = 'Bench')")
        inst.worker_start()


def begin(inst, **more):
    body = {"name": "bench", "title": "Bench", "body": "to all", "audience": {"country": [MARK]}, "start": True, **more}
    return inst.call("POST", "/api/campaigns/", body, token=inst.admin_token, expect=(201,)).json()["id"]


def planned(inst, c):
    return inst.one("SELECT planned_at IS NOT NULL FROM campaign WHERE id = %s", c)


def end(inst, c):
    inst.call("POST", f"/api/campaigns/{c}/cancel/", {}, token=inst.admin_token, expect=(200, 409))
    wait_until("the campaign's end", 300, lambda: inst.one("SELECT COUNT(*) FROM campaign WHERE id = %s AND live", c) == 0,
               0.2)


def campaign(ctx):
    inst = ctx.inst
    count = 10000 if ctx.short else 1000000
    people(inst, count)
    ctx.drained("before campaign")
    inst.worker_stop()
    inst.worker_start()
    # At one a second: planning is what is measured.
    c = begin(inst, channels=["email"], rate=1)
    most = 0
    while not planned(inst, c):
        most = max(most, pss_kb(inst.worker.pid))
        time.sleep(0.2)
    seconds = float(inst.one("SELECT TIMESTAMPDIFF(MICROSECOND, started_at, planned_at) FROM campaign WHERE id = %s",
                             c)) / 1e6
    rows, users = inst.rows("SELECT COUNT(*), COUNT(DISTINCT user_id) FROM delivery WHERE notification_id = %s", c)[0]
    end(inst, c)
    ctx.report.row("campaign", seconds, "s planned", ("<=", 60 * count / 1e6, "s"),
                   sound=rows == count and users == count and most <= 32 * 1024,
                   recipients=count, rate=count / seconds, worker_kb=most)


def code_latency_campaign(ctx):
    """While one campaign of a million is planned and its pushes leave."""
    inst = ctx.inst
    count = 10000 if ctx.short else 1000000
    n = 10 if ctx.short else 100
    people(inst, count)
    devices(inst, count // 50, ctx.sink.port)
    known = [inst.new_user() for _ in range(n)]
    inst.rows("DELETE FROM throttle")
    ctx.drained("before code-latency-campaign")
    c = begin(inst, channels=["web_push"])
    lag, answer, during = [], [], 0
    for user in known:
        time.sleep(random.uniform(0, 0.1))
        if inst.one("SELECT live FROM campaign WHERE id = %s", c) == 0:
            c = begin(inst, channels=["web_push"])
        one, its = codes(inst, [user])
        lag += one
        answer += its
        during += 1
    end(inst, c)
    if during < n:
        raise Failure("the campaign ended before the codes")
    ctx.report.row("code-latency-campaign", percentile(lag, 0.99), "ms p99", ("<=", 250, "ms"), p50_ms=median(lag),
                   max_ms=max(lag), answer_p50_ms=median(answer), codes=n, recipients=count)
