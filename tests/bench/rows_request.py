"""Rows whose figure is requests a second: gate, profile, refresh, login, accept.

Each is measured in turns with its bare limit behind an equal nginx, for
`seconds` a side in `rounds` slices; value and limit are the medians.
"""
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from instance import Failure, pss_kb, say
from limits import Django, Front, Limit, Load, interleave, run_json
from report import median
from sink import subscriptions

BENCH_DB = "gatepost_bench"

JSON_ANSWER = ("Status: {status}\r\nContent-Type: application/json\r\n"
               "Cache-Control: no-store\r\n\r\n{body}")


def text_of(n):
    return secrets.token_urlsafe(n)[:n]


def limit_tables(inst):
    """Copies of the tables that the limits write, in a database of their own."""
    name = inst.env["GATEPOST_DB_NAME"]
    inst.rows(f"CREATE DATABASE IF NOT EXISTS {BENCH_DB}")
    for table in ("session", "notification"):
        inst.rows(f"DROP TABLE IF EXISTS {BENCH_DB}.{table}")
        inst.rows(f"CREATE TABLE {BENCH_DB}.{table} LIKE {name}.{table}")


def durable(inst):
    got = dict(inst.rows(
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN "
        "('innodb_flush_log_at_trx_commit', 'innodb_flush_method')"))
    return got["innodb_flush_log_at_trx_commit"] == "1"


def race(ctx, ours, bare):
    """Both loads in turns; ({figures of ours}, {of bare}) by the median."""
    slice_s = ctx.seconds / ctx.rounds

    def one(load, base):
        return lambda: load.run(base, seconds=slice_s + 0.3)
    return tuple({"rps": median([r["rps"] for r in rs]),
                  "p50_ms": median([r["p50_ms"] for r in rs]),
                  "p99_ms": median([r["p99_ms"] for r in rs]),
                  "requests": sum(r["requests"] for r in rs)}
                 for rs in interleave(ctx.rounds, one(*ours), one(*bare)))


def report_race(ctx, name, ours, bare, goal, **detail):
    ctx.report.row(
        name, ours["rps"], "requests/s", (">=", goal, "ratio"), limit=bare["rps"],
        p50_ms=ours["p50_ms"], p99_ms=ours["p99_ms"],
        limit_p50_ms=bare["p50_ms"], limit_p99_ms=bare["p99_ms"],
        requests=ours["requests"], **detail)


def gate(ctx):
    """auth_request in front of a small file, by cookie."""
    inst = ctx.inst
    workers = inst.number("GATEPOST_POOL_GATE", 2)
    token = ctx.user()["access"]
    answer = ("Status: 204\r\nX-Gatepost-User: 1\r\nX-Gatepost-Groups: \r\n"
              "X-Gatepost-Email: bench@example.com\r\nCache-Control: no-store\r\n\r\n")
    limit = Limit(ctx.work, "gate", workers, answer)
    a = ctx.front("ours")
    b = ctx.front("gate", limit.socket)
    try:
        load = Load(ctx.work, inst.ca, "/page.txt", 8,
                    headers=[f"Cookie: __Host-gatepost={token}"])
        # the figure is worth something only if the gate does guard the page
        refused = Load(ctx.work, inst.ca, "/page.txt", 1, expect="401")
        refused.run(a.page, count=3)
        ours, bare = race(ctx, (load, a.page), (load, b.page))
        report_race(ctx, "gate", ours, bare, 0.75, workers=workers)
    finally:
        b.stop()
        limit.stop()


def profile(ctx):
    inst = ctx.inst
    workers = inst.number("GATEPOST_POOL_MAIN", 4)
    user = ctx.user()
    sample = inst.call("GET", "/api/auth/profile/", token=user["access"])
    columns = [r[0] for r in inst.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s "
        "AND table_name = 'user'", inst.env["GATEPOST_DB_NAME"])]
    wanted = [c for c in ("id", "phone", "email", "phone_verified_at",
                          "email_verified_at", "first_name", "last_name", "birthday",
                          "gender", "locale", "time_zone", "is_active", "is_staff",
                          "is_superuser", "not_before", "created_at", "updated_at")
              if c in columns]
    limit = Limit(ctx.work, "profile", workers,
                  JSON_ANSWER.format(status=200, body="@@"),
                  sql=f"SELECT {', '.join(wanted)} FROM user WHERE id = ?",
                  inst=inst, ids=(user["id"], user["id"]))
    a = ctx.front("ours")
    b = ctx.front("profile", limit.socket)
    try:
        load = Load(ctx.work, inst.ca, "/api/auth/profile/", 8,
                    headers=[f"Authorization: Bearer {user['access']}"])
        ours, bare = race(ctx, (load, a.base), (load, b.base))
        report_race(ctx, "profile", ours, bare, 0.85, workers=workers,
                    bytes=len(sample.content))
        profile_peer(ctx, user, workers, load, a)
    finally:
        b.stop()
        limit.stop()


def profile_peer(ctx, user, workers, load, front):
    """The same endpoint in Django REST framework, same row, same nginx.

    The goal is against Django as it comes; how it does with kept database
    connections, which has to be asked for, stands beside it.
    """
    rates = {}
    for keep in (False, True):
        peer = Django(ctx.inst, ctx.work, workers, keep)
        c = None
        try:
            c = Front(ctx.inst, ctx.work, f"django{int(keep)}",
                      peer_socket=peer.socket)
            theirs = Load(ctx.work, ctx.inst.ca, "/api/auth/profile/", 8,
                          headers=[f"Authorization: Bearer {peer.token(user['id'])}"])
            rates[keep] = race(ctx, (load, front.base), (theirs, c.page))
        finally:
            if c:
                c.stop()
            peer.stop()
    ours, bare = rates[False]
    report_race(ctx, "profile-peer", ours, bare, 8, workers=workers,
                peer="Django REST framework, gunicorn",
                peer_kept_rps=rates[True][1]["rps"],
                ratio_kept=rates[True][0]["rps"] / rates[True][1]["rps"])


def sessions(ctx, n):
    """n refresh tokens, each of a session of its own, as fast as the lanes go."""
    people = [ctx.user() for _ in range(4)]

    def sign_in(i):
        return ctx.inst.login(people[i % len(people)])["refresh_token"]
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(sign_in, range(n)))


def written(inst):
    """Rows written by statements so far (of all users, so keep others quiet)."""
    return sum(int(v) for _, v in inst.rows(
        "SHOW GLOBAL STATUS WHERE Variable_name IN "
        "('Handler_write', 'Handler_update', 'Handler_delete')"))


def rows_written_each(ctx, token, times=20):
    """Rows that one refresh writes: the least of many, for the master and
    others may write in between. The counting's own writes are taken off."""
    idle, busy = [], []
    for _ in range(times):
        before = written(ctx.inst)
        idle.append(written(ctx.inst) - before)
        before = written(ctx.inst)
        token = ctx.inst.call("POST", "/api/auth/token/refresh/",
                              {"refresh": token}).json()["refresh"]
        busy.append(written(ctx.inst) - before)
    return median(busy) - median(idle)


def refresh(ctx):
    inst = ctx.inst
    workers = inst.number("GATEPOST_POOL_MAIN", 4)
    if not durable(inst):
        raise Failure("the database is not durable: no comparison")
    # a session may refresh 60 times a minute, and both sides take their time
    n = int(max(60, ctx.seconds * 100))
    tokens = sessions(ctx, n + 1)
    each = rows_written_each(ctx, tokens.pop())
    lines = f"{ctx.work}/refresh.tokens"
    with open(lines, "w", encoding="ascii") as f:
        f.write("".join(t + "\n" for t in tokens))
    limit_tables(inst)
    db = inst.db()
    with db.cursor() as c:
        c.executemany(
            f"INSERT INTO {BENCH_DB}.session (id, user_id, rotated_at, minute_at, "
            "created_at, auth_at, idle_ends_at, ends_at) VALUES (%s, 1, UTC_TIMESTAMP(6), "
            "UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), "
            "UTC_TIMESTAMP(6))", [(i,) for i in range(1, n + 1)])
    db.close()
    body = json.dumps({"access_token": text_of(400), "access": text_of(400),
                       "refresh": text_of(64)})
    limit = Limit(ctx.work, "refresh", workers,
                  JSON_ANSWER.format(status=200, body=body),
                  sql="UPDATE session SET parent = current, current = newest + 1, "
                      "newest = newest + 1, rotated_at = UTC_TIMESTAMP(6) WHERE id = ?",
                  inst=inst, db=BENCH_DB, ids=(1, n))
    a = ctx.front("ours")
    b = ctx.front("refresh", limit.socket)
    head = ["Content-Type: application/json"]
    try:
        ours_load = Load(ctx.work, inst.ca, "/api/auth/token/refresh/", 8,
                         headers=head, body='{"refresh": "{}"}', lines=lines,
                         chain="refresh")
        bare_load = Load(ctx.work, inst.ca, "/api/auth/token/refresh/", 8,
                         headers=head, body=json.dumps({"refresh": text_of(64)}))
        ours, bare = race(ctx, (ours_load, a.base), (bare_load, b.base))
        ctx.report.row(
            "refresh", ours["rps"], "requests/s", (">=", 0.6, "ratio"),
            limit=bare["rps"], ok=each == 1, rows_written=each,
            p50_ms=ours["p50_ms"], p99_ms=ours["p99_ms"],
            limit_p50_ms=bare["p50_ms"], limit_p99_ms=bare["p99_ms"],
            requests=ours["requests"], sessions=n, workers=workers)
    finally:
        b.stop()
        limit.stop()
        inst.rows(f"DROP DATABASE IF EXISTS {BENCH_DB}")


def login_load(ctx, connections, expect="200"):
    lines = f"{ctx.work}/login.bodies"
    with open(lines, "w", encoding="ascii") as f:
        for _ in range(4):
            user = ctx.user()
            f.write(json.dumps({"username": user["phone"],
                                "password": user["password"]}) + "\n")
    return Load(ctx.work, ctx.inst.ca, "/api/auth/login/", connections, expect,
                headers=["Content-Type: application/json"], body="{}", lines=lines)


def lanes_of(inst, cores):
    return inst.number("GATEPOST_POOL_HASH", 0) or max(1, cores - 1)


def login(ctx):
    inst = ctx.inst
    lanes = lanes_of(inst, ctx.cores)
    memory = inst.number("GATEPOST_ARGON2_M_KIB", 19456)
    passes = inst.number("GATEPOST_ARGON2_T", 2)
    slice_s = max(2.0, ctx.seconds / ctx.rounds)
    a = ctx.front("ours")
    # more than the lanes, so that a lane never waits for work
    load = login_load(ctx, 2 * lanes + 1)
    ours, bare = interleave(
        ctx.rounds,
        lambda: load.run(a.base, seconds=slice_s + 0.3)["rps"],
        lambda: run_json([f"{ctx.work}/limit_argon2", "--memory", str(memory),
                          "--passes", str(passes), "--lanes", str(lanes),
                          "--nice", "19", "--seconds", str(slice_s)])["rate"])
    ctx.report.row("login", median(ours), "sign-ins/s", (">=", 0.95, "ratio"),
                   limit=median(bare), lanes=lanes, memory_kib=memory,
                   passes=passes)
    flood(ctx, a, lanes)


def flood(ctx, front, lanes):
    """1,000 sign-ins at once: does the gate notice, does memory grow?"""
    api = ctx.inst.process("api").pid
    token = ctx.user()["access"]
    probe = Load(ctx.work, ctx.inst.ca, "/page.txt", 1,
                 headers=[f"Cookie: __Host-gatepost={token}"])
    seconds = max(3.0, ctx.seconds / 2)
    # past what the queue may hold a sign-in is refused unhashed (D3)
    many = login_load(ctx, 1000, "200,503")
    memory = []

    def burst():
        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(many.run, front.base, seconds=seconds + 1.5,
                               warm_ms=0)
            time.sleep(1.0)     # every connection is up by then
            got = probe.run(front.page, seconds=seconds)
            memory.append(pss_kb(api))
            busy.result()
        return got["p99_ms"]
    before = pss_kb(api)
    idle, loaded = interleave(
        max(1, ctx.rounds // 2),
        lambda: probe.run(front.page, seconds=seconds)["p99_ms"], burst)
    ceiling_kb = lanes * ctx.inst.number("GATEPOST_ARGON2_M_KIB", 19456) + 8192
    growth = max(memory) - before
    ctx.report.row("login-flood", median(loaded), "ms gate p99", ("<=", 2, "ratio"),
                   limit=median(idle), ok=growth <= ceiling_kb,
                   memory_growth_kb=growth, memory_ceiling_kb=ceiling_kb,
                   connections=1000)


PUSH = "/api/push/send/single/"


def push_body(sub, title="Benchmark"):
    return {"subscription_info": sub, "title": title,
            "body": "An ordinary message of about a hundred and twenty letters, "
                    "as shops send them: your order is on its way to you.",
            "url": "https://example.com/orders/12345", "ttl": 3600}


def queued(inst):
    return inst.one("SELECT COUNT(*) FROM job WHERE state <> 9")


def push_load(ctx, name, count=1000):
    lines = f"{ctx.work}/{name}.bodies"
    with open(lines, "w", encoding="utf-8") as f:
        for sub in subscriptions(count, ctx.sink.port):
            f.write(json.dumps(push_body(sub)) + "\n")
    return Load(ctx.work, ctx.inst.ca, PUSH, 8, expect="202",
                headers=[f"Authorization: Bearer {ctx.inst.admin_token}",
                         "Content-Type: application/json", "Prefer: respond-async"],
                body="{}", lines=lines)


def accept(ctx):
    """Durable accept of one push, the worker away; then it must drain."""
    inst = ctx.inst
    workers = inst.number("GATEPOST_POOL_MAIN", 4)
    if not durable(inst):
        raise Failure("the database is not durable: no comparison")
    limit_tables(inst)
    size = len(json.dumps(push_body(subscriptions(1, 1)[0])))
    answer = JSON_ANSWER.format(status=202, body=json.dumps(
        {"message": "accepted", "id": text_of(20), "deliveries": []}))
    limit = Limit(ctx.work, "accept", workers, answer,
                  sql="INSERT INTO notification (id, class, channel, content, audience, "
                      "created_at, expires_at) VALUES (?, 1, 'web_push', ?, '', "
                      "UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
                  inst=inst, db=BENCH_DB, payload=size)
    a = ctx.front("ours")
    b = ctx.front("accept", limit.socket)
    load = push_load(ctx, "accept")
    before = inst.one("SELECT COUNT(*) FROM notification")
    inst.worker_stop()
    try:
        ours, bare = race(ctx, (load, a.base), (load, b.base))
        made = inst.one("SELECT COUNT(*) FROM notification") - before
        # the warm time is not counted, but what it sent is stored
        ok = made >= ours["requests"] and queued(inst) >= ours["requests"]
        ctx.report.row(
            "accept", ours["rps"], "notifications/s", (">=", 0.5, "ratio"),
            limit=bare["rps"], ok=ok, stored=made, p50_ms=ours["p50_ms"],
            p99_ms=ours["p99_ms"], limit_p50_ms=bare["p50_ms"],
            limit_p99_ms=bare["p99_ms"], requests=ours["requests"],
            workers=workers, body_bytes=size)
        if not ok:
            say(f"accept: {ours['requests']} answers, {made} rows")
    finally:
        b.stop()
        limit.stop()
        inst.worker_start()
        inst.rows(f"DROP DATABASE IF EXISTS {BENCH_DB}")
    ctx.drained("after accept")
