"""Row log-search: the log of deliveries at ten million rows (short form: twenty thousand).

The rows are a year's: a million messages of ten recipients each, spread over its months' partitions, with 200,000
addresses and users, every twentieth failed, one in ten thousand unsure.  Each way of searching is asked through nginx,
TLS and the API, for what is there at random and for what is not.

A billion, by arithmetic: a call descends one B-tree a partition and then reads neighbours, at most
DELIVERY_LOG_STRETCH of them, twice.  100 times the rows make a tree one page deeper (some 300 entries a page), so a
search in the twelve partitions of a year reads 12 pages more; what it reads after that does not grow.
"""
import hashlib
import random
import time

from instance import Line, say
from report import percentile

RECIPIENTS, PEOPLE = 10, 200_000
MS = 1 << 22
EPOCH = 1704067200
OURS = "SELECT COUNT(*) FROM delivery WHERE channel = 'email' AND provider = 'smtp'"


def fill(inst, count):
    db = inst.db()
    c = db.cursor()
    c.execute("SET GLOBAL innodb_buffer_pool_size = %s", (max(256, min(3072, count // 2500)) << 20,))
    if inst.one(OURS) >= count:     # an instance that was filled before
        rows = inst.one(OURS)
        db.close()
        return rows
    c.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    c.execute("SET unique_checks = 0")
    now = int(time.time())
    year = 360 * 86400
    c.execute("SELECT PARTITION_NAME, PARTITION_DESCRIPTION FROM information_schema.PARTITIONS WHERE TABLE_NAME = 'delivery'"
              " AND TABLE_SCHEMA = DATABASE() ORDER BY PARTITION_ORDINAL_POSITION LIMIT 1")
    first, bound = c.fetchone()
    months = [now - year + i * year // 12 for i in range(1, 12)]
    c.execute(f"ALTER TABLE delivery REORGANIZE PARTITION {first} INTO ("
              + "".join(f"PARTITION b{i} VALUES LESS THAN ({(m - EPOCH) * 1000 * MS}), " for i, m in enumerate(months))
              + f"PARTITION {first} VALUES LESS THAN ({bound}))")
    messages, slice_ = count // RECIPIENTS, 20_000
    begin, step = (now - year - EPOCH) * 1000, year * 1000 / messages
    c.execute("DROP TEMPORARY TABLE IF EXISTS ten")
    c.execute("CREATE TEMPORARY TABLE ten SELECT seq s FROM seq_1_to_10")
    t0 = time.monotonic()
    for at in range(0, messages, slice_):
        n = min(slice_, messages - at)
        c.execute("INSERT INTO notification (id, type, class, channel, title, content, audience, request_id, created_at,"
                  " expires_at, planned_at, total) SELECT (%s + FLOOR((%s + seq) * %s)) * %s + seq, ELT(1 + seq %% 4, 'order',"
                  " 'message', 'payment', 'review'), 1, 'email', CONCAT('Order ', %s + seq),"
                  " CONCAT('{\"body\":\"Your order ', %s + seq, ' has been shipped. Thank you for buying with us, and have a"
                  " good day until it is there.\",\"data\":{\"order\":\"', seq, '\"}}'), '{}', MD5(%s + seq), '2026-01-01',"
                  f" '2026-01-02', '2026-01-01', {RECIPIENTS} FROM seq_1_to_{n}", (begin, at, step, MS, at, at, at))
        c.execute("INSERT INTO delivery (notification_id, seq, user_id, channel, target_hash, target, provider, state, reason,"
                  " attempts, attempt_log, provider_id, created_at, updated_at) SELECT (%s + FLOOR((%s + q.seq) * %s)) * %s + q.seq,"
                  f" ten.s, 1 + (@p := (%s + q.seq) * 7919 + ten.s * 104729) %% {PEOPLE}, 'email',"
                  f" UNHEX(LEFT(SHA2(CONCAT('p', @p %% {PEOPLE}, '@example.com'), 256), 32)),"
                  f" CONCAT('p', @p %% {PEOPLE}, '@example.com'), 'smtp',"
                  " CASE WHEN @p %% 10000 = 7 THEN 'unsure' WHEN @p %% 20 = 3 THEN 'failed' ELSE 'sent' END,"
                  " CASE WHEN @p %% 10000 = 7 THEN 'no_answer' WHEN @p %% 40000 = 3 THEN 'smtp_552_5_2_2'"
                  " WHEN @p %% 20 = 3 THEN 'smtp_550_5_1_1' ELSE '' END, 1,"
                  " '{\"at\":\"2026-01-01T00:00:00Z\",\"provider\":\"smtp\",\"status\":250,\"outcome\":\"ok\",\"ms\":37}\\n',"
                  " MD5(@p * 10 + ten.s), '2026-01-01', '2026-01-01'"
                  f" FROM seq_1_to_{n} q JOIN ten", (begin, at, step, MS, at))
        if at // slice_ % 10 == 9:
            say(f"log-search: {(at + n) * RECIPIENTS:,} rows, {time.monotonic() - t0:.0f} s")
    rows = inst.one(OURS)
    c.execute("ANALYZE TABLE delivery, notification")
    c.fetchall()
    c.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    db.close()
    return rows


def log_search(ctx):
    inst, count = ctx.inst, 20_000 if ctx.short else 10_000_000
    t0 = time.monotonic()
    rows = fill(inst, count)
    filled = time.monotonic() - t0
    ids = [r[0] for r in inst.rows("SELECT provider_id FROM delivery WHERE provider = 'smtp' AND seq = 3 LIMIT 500")]
    chance = random.Random(4)

    def who():
        return f"p{chance.randrange(PEOPLE)}@example.com"

    def when(days):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))
    ways = {
        "recipient": lambda: f"to={who()}",
        "recipient_state": lambda: f"to={who()}&state=failed",
        "user": lambda: f"user={chance.randrange(1, PEOPLE)}",
        "user_time": lambda: f"user={chance.randrange(1, PEOPLE)}&since={when(90)}&until={when(30)}",
        "request": lambda: "request_id=" + hashlib.md5(str(chance.randrange(1, count // 10)).encode()).hexdigest(),
        "provider_id": lambda: f"provider_id={chance.choice(ids)}",
        "nobody": lambda: "to=nobody@example.com",
        "newest": lambda: "limit=100",
        "time": lambda: f"until={when(chance.randrange(1, 350))}",
        "state": lambda: f"state=failed&until={when(chance.randrange(1, 350))}",
        "rare_state": lambda: "state=unsure",
        "rare_reason": lambda: f"state=failed&reason=smtp_552_5_2_2&until={when(chance.randrange(1, 350))}",
        "no_such_reason": lambda: "state=failed&reason=gone",
        "channel": lambda: f"channel=sms&until={when(chance.randrange(1, 350))}",
        "type": lambda: f"type=review&until={when(chance.randrange(1, 350))}",
        "title": lambda: f"title=Order+{chance.randrange(count // 10)}&until={when(chance.randrange(1, 350))}",
        "body": lambda: f"body=order+{chance.randrange(count // 10)}+has&until={when(chance.randrange(1, 350))}",
    }
    line, took, bad = Line(inst.url, inst.ca), {w: [] for w in ways}, 0
    head = {"Authorization": f"Bearer {inst.call('POST', '/api/auth/login/', {'username': inst.env['GATEPOST_ADMIN_EMAIL'], 'password': inst.env['GATEPOST_ADMIN_PASSWORD']}).json()['access_token']}"}
    for i in range(4 if ctx.short else 60):
        for way, ask in ways.items():
            begun = time.perf_counter()
            status, _, _ = line.request("GET", "/api/admin/deliveries/?" + ask(), headers=head)
            if i > 0:           # the first finds cold pages, and statements not prepared
                took[way].append((time.perf_counter() - begun) * 1000)
            bad += status != 200
    line.close()
    every = [t for times in took.values() for t in times]
    ctx.report.row("log-search", percentile(every, 0.95), "ms p95", ("<=", 100, "ms"), limit=100,
                   sound=bad == 0 and rows >= count, rows=rows, fill_s=filled, p50_ms=percentile(every, 0.5),
                   max_ms=max(every), **{f"{w}_p95_ms": percentile(t, 0.95) for w, t in took.items()})
