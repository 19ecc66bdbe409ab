"""Rows whose figure is requests a second: gate, profile, refresh, login, accept.

Each is measured in turns with its bare limit behind an equal nginx, for
`seconds` a side in `rounds` slices; value and limit are the medians, the ratio
is the median of the rounds' ratios.
"""
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from instance import Failure, cpu_s, pss_kb, say
from limits import Django, Front, Limit, Load, interleave, run_json
from report import median, paired
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


class Side:
    """One of two that are measured in turns: a load, where it goes, and which
    processes work for it."""

    def __init__(self, ctx, load, front, app_pid, page=False):
        self.load, self.base = load, front.page if page else front.base
        self.pids = {"app": app_pid, "nginx": front.nginx.child.pid,
                     "db": ctx.inst.process("db").pid}
        self.cpu = dict.fromkeys(self.pids, 0.0)
        self.sent, self.runs = 0, []

    def run(self, seconds):
        before = {k: cpu_s(p) for k, p in self.pids.items()}
        got = self.load.run(self.base, seconds=seconds)
        for k, p in self.pids.items():
            self.cpu[k] += cpu_s(p) - before[k]
        self.sent += got["sent"]
        self.runs.append(got)

    def median(self, name):
        return median([r[name] for r in self.runs])

    @property
    def requests(self):
        return sum(r["requests"] for r in self.runs)

    def cpu_us(self):
        """Processor time a request, by who spent it."""
        return {k: round(v * 1e6 / self.sent, 1) for k, v in self.cpu.items()}


def race(ctx, name, goal, ours, bare, **detail):
    """Both sides in turns; a row with the medians. detail may hold `sound`
    and `met`, each a function that is asked afterwards."""
    slice_s = ctx.seconds / ctx.rounds + 0.3
    interleave(ctx.rounds, lambda: ours.run(slice_s), lambda: bare.run(slice_s))
    for word in ("sound", "met"):
        if word in detail:
            detail[word] = detail[word]()
    ctx.report.row(
        name, ours.median("rps"), "requests/s", (">=", goal, "ratio"),
        limit=bare.median("rps"), ratio=paired(
            [r["rps"] for r in ours.runs], [r["rps"] for r in bare.runs]),
        p50_ms=ours.median("p50_ms"),
        p99_ms=ours.median("p99_ms"), limit_p50_ms=bare.median("p50_ms"),
        limit_p99_ms=bare.median("p99_ms"), requests=ours.requests,
        cpu_us=ours.cpu_us(), limit_cpu_us=bare.cpu_us(), **detail)


def part(ctx, name, row, *args):
    """A second row beside the first: its failure is its own."""
    try:
        row(ctx, *args)
    except Failure as e:
        ctx.report.failed(name, str(e))


def gate(ctx):
    """auth_request in front of a small file, by cookie."""
    inst = ctx.inst
    workers = inst.number("GATEPOST_POOL_GATE", 2)
    lines = f"{ctx.work}/gate.tokens"
    with open(lines, "w", encoding="ascii") as f:
        # several people: a page asks the gate for one, a site for many
        f.writelines(ctx.user()["access"] + "\n" for _ in range(8 if ctx.short else 32))
    answer = ("Status: 204\r\nX-Gatepost-User: 1\r\nX-Gatepost-Groups: \r\n"
              "X-Gatepost-Email: bench@example.com\r\nCache-Control: no-store\r\n\r\n")
    limit = Limit(ctx.work, "gate", workers, answer)
    a = ctx.front("ours")
    b = ctx.front("gate", limit.socket)
    try:
        load = Load(ctx.work, inst.ca, "/page.txt", 8,
                    headers=["Cookie: __Host-gatepost={}"], lines=lines)
        # the figure is worth something only if the gate does guard the page
        refused = Load(ctx.work, inst.ca, "/page.txt", 1, expect="401")
        refused.run(a.page, count=3)
        race(ctx, "gate", 0.75, Side(ctx, load, a, ctx.api_pid, page=True),
             Side(ctx, load, b, limit.child.pid, page=True), workers=workers)
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
        race(ctx, "profile", 0.85, Side(ctx, load, a, ctx.api_pid),
             Side(ctx, load, b, limit.child.pid), workers=workers,
             bytes=len(sample.content))
        part(ctx, "profile-peer", profile_peer, user, workers, load, a)
    finally:
        b.stop()
        limit.stop()


def profile_peer(ctx, user, workers, load, front):
    """The same endpoint in Django REST framework, same row, same nginx.

    The goal is against Django as it comes; how it does with kept database
    connections, which has to be asked for, stands beside it.
    """
    for name, goal, keep in (("profile-peer", 8, False),
                             ("profile-peer-kept", 1, True)):
        peer = Django(ctx.inst, ctx.work, 1 if ctx.short else workers, keep)
        c = None
        try:
            c = Front(ctx.inst, ctx.work, f"django{int(keep)}",
                      peer_socket=peer.socket)
            theirs = Load(ctx.work, ctx.inst.ca, "/api/auth/profile/", 8,
                          headers=[f"Authorization: Bearer {peer.token(user['id'])}"])
            race(ctx, name, goal, Side(ctx, load, front, ctx.api_pid),
                 Side(ctx, theirs, c, peer.child.pid, page=True),
                 workers=workers, peer="Django REST framework, gunicorn")
        finally:
            if c:
                c.stop()
            peer.stop()


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
    n = int(max(80, ctx.seconds * 100))
    tokens = sessions(ctx, n + 1)
    each = rows_written_each(ctx, tokens.pop(), 5 if ctx.short else 20)
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
        race(ctx, "refresh", 0.6, Side(ctx, ours_load, a, ctx.api_pid),
             Side(ctx, bare_load, b, limit.child.pid), met=lambda: each == 1,
             rows_written=each, sessions=n, workers=workers)
    finally:
        b.stop()
        limit.stop()
        inst.rows(f"DROP DATABASE IF EXISTS {BENCH_DB}")


def login_load(ctx, connections, expect="200", pause_ms=0):
    lines = f"{ctx.work}/login.bodies"
    with open(lines, "w", encoding="ascii") as f:
        for _ in range(4):
            user = ctx.user()
            f.write(json.dumps({"username": user["phone"],
                                "password": user["password"]}) + "\n")
    return Load(ctx.work, ctx.inst.ca, "/api/auth/login/", connections, expect,
                headers=["Content-Type: application/json"], body="{}", lines=lines,
                pause_ms=pause_ms)


def lanes_of(inst, cores):
    return inst.number("GATEPOST_POOL_HASH", 0) or max(1, cores - 1)


def login(ctx):
    inst = ctx.inst
    lanes = lanes_of(inst, ctx.cores)
    memory = inst.number("GATEPOST_ARGON2_M_KIB", 19456)
    passes = inst.number("GATEPOST_ARGON2_T", 2)
    # how fast the memory is changes by the second
    rounds = ctx.rounds if ctx.short else 3 * ctx.rounds
    slice_s = ctx.seconds if ctx.short else max(2.0, ctx.seconds / rounds)
    a = ctx.front("ours")
    # more than the lanes, so that a lane never waits for work
    load = login_load(ctx, 2 * lanes + 1)
    ours, bare = interleave(
        rounds,
        lambda: load.run(a.base, seconds=slice_s + 0.3)["rps"],
        lambda: run_json([f"{ctx.work}/limit_argon2", "--memory", str(memory),
                          "--passes", str(passes), "--lanes", str(lanes),
                          "--nice", "19", "--seconds", str(slice_s)])["rate"])
    ctx.report.row("login", median(ours), "sign-ins/s", (">=", 0.95, "ratio"),
                   limit=median(bare), ratio=sum(ours) / sum(bare), lanes=lanes,
                   memory_kib=memory, passes=passes)
    part(ctx, "login-flood", flood, a, lanes)


def flood(ctx, front, lanes):
    """1,000 sign-ins at once: does the gate notice, does memory grow?
    Proves S56.
    """
    api = ctx.inst.process("api").pid
    token = ctx.user()["access"]
    probe = Load(ctx.work, ctx.inst.ca, "/page.txt", 1,
                 headers=[f"Cookie: __Host-gatepost={token}"])
    seconds = ctx.seconds if ctx.short else max(3.0, ctx.seconds / 2)
    # Past what the queue may hold a sign-in is refused unhashed (D3), with
    # Retry-After: 5, which these clients keep to.
    many = login_load(ctx, 1000, "200,503", pause_ms=5000)
    memory = []

    def burst():
        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(many.run, front.base, seconds=seconds + 3,
                               warm_ms=0)
            time.sleep(2.5)     # every connection has been made by then
            got = probe.run(front.page, seconds=seconds)
            memory.append(pss_kb(api))
            busy.result()
        return got["p99_ms"]
    before = pss_kb(api)
    idle, loaded = interleave(
        (ctx.rounds + 1) // 2,
        lambda: probe.run(front.page, seconds=seconds)["p99_ms"], burst)
    ceiling_kb = lanes * ctx.inst.number("GATEPOST_ARGON2_M_KIB", 19456) + 8192
    growth = max(memory) - before
    ctx.report.row("login-flood", median(loaded), "ms gate p99", ("<=", 2, "ratio"),
                   limit=median(idle), ratio=paired(loaded, idle),
                   met=growth <= ceiling_kb,
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
        ours = Side(ctx, load, a, ctx.api_pid)

        def stored():
            made = inst.one("SELECT COUNT(*) FROM notification") - before
            if min(made, queued(inst)) != ours.sent:
                say(f"accept: {ours.sent} requests, {made} rows")
            return min(made, queued(inst)) == ours.sent
        race(ctx, "accept", 0.5, ours, Side(ctx, load, b, limit.child.pid),
             sound=stored, workers=workers, body_bytes=size)
    finally:
        b.stop()
        limit.stop()
        inst.worker_start()
        inst.rows(f"DROP DATABASE IF EXISTS {BENCH_DB}")
    ctx.drained("after accept")
