"""Proves R5, R6, R7, R12, R13 at full size; the check has them small.

R5: the database in six kinds of trouble. R12: one request fifty times at once,
the database killed meanwhile. R13: reloads and rolling restarts under load.
R6, R7: tests/unit/test_queue_load.c.
"""
import collections
import concurrent.futures
import itertools
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import threading
import time

import requests

from crowd import Crowd
from instance import Failure, say, session, wait_until
from kills import answering, database, open_jobs

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POOLS = ("gate", "main", "hash", "out")


class Load(Crowd):
    """Requests at a steady rate over kept connections: when each was answered,
    and whatever was not 2xx."""

    def __init__(self, inst, a_second, threads=12):
        self.inst = inst
        self.users = [inst.new_user() for _ in range(2)]
        self.at, self.faults = [], []
        super().__init__([self._client(i) for i in range(threads)], threads / a_second)

    def _ask(self, http, i, turn):
        user = self.users[i % 2]
        head = {"Authorization": f"Bearer {user['access']}"}
        if turn % 7 == 0:
            return http.patch(f"{self.inst.url}/api/auth/profile/", json={"last_name": f"n{turn}"}, headers=head, timeout=30)
        path = ("/api/auth/profile/", "/api/auth/gate", "/api/health/ready", "/api/inbox/counts/")[turn % 4]
        return http.get(self.inst.url + path, headers=head, timeout=30)

    def _client(self, i):
        http, turns = session(self.inst.ca), itertools.count(i + 1)

        def one():
            try:
                r = self._ask(http, i, next(turns))
                if r.status_code in (200, 204):
                    self.at.append(time.monotonic())
                else:
                    self.faults.append((r.status_code, "Retry-After" in r.headers, r.text[:200]))
            except requests.RequestException as e:
                self.faults.append((0, False, repr(e)[:200]))
        return one

    def rate(self, since, until):
        return sum(since <= t < until for t in list(self.at)) / (until - since)


# --- R13 -----------------------------------------------------------------------------


class Held:
    """The sockets of the API as systemd holds them, so that it may be restarted under them."""

    def __init__(self, inst, api):
        self.inst, self.api = inst, api
        self.sockets = {}

    def take(self):
        self.api.stop()
        for pool in POOLS:
            path = f"{self.inst.run}/{pool}.sock"
            if os.path.exists(path):
                os.unlink(path)
            s = socket.socket(socket.AF_UNIX)
            s.bind(path)
            os.chmod(path, 0o660)
            s.listen(1024)
            self.sockets[pool] = s
        self.start()

    def start(self):
        script = "".join(f"exec {19 + i}<&{s.fileno()}; " for i, s in enumerate(self.sockets.values()))
        script += "".join(f"exec {3 + i}<&{19 + i} {19 + i}<&-; " for i in range(len(self.sockets)))
        script += f"export LISTEN_FDS={len(self.sockets)} LISTEN_PID=$$ LISTEN_FDNAMES={':'.join(self.sockets)}; "
        script += 'exec -- "$0" "$@"'
        api = self.api
        with open(f"{self.inst.log}/api.log", "ab") as out:
            api.child = subprocess.Popen(["bash", "-c", script, api.exe, *api.argv[1:]], cwd=api.cwd, env=api.environ,
                                         stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                                         pass_fds=[s.fileno() for s in self.sockets.values()])
        api.pid = api.child.pid

    def restart(self):
        self.api.stop()
        self.start()

    def give_back(self):
        self.api.stop()
        for s in self.sockets.values():
            s.close()
        for pool in self.sockets:
            if os.path.exists(f"{self.inst.run}/{pool}.sock"):
                os.unlink(f"{self.inst.run}/{pool}.sock")
        self.api.start(f"{self.inst.log}/api.log")


def r13(ctx, times):
    """Reloads and, as systemd does them, restarts: nobody's request fails."""
    inst = ctx.inst
    held = Held(inst, inst.process("api"))
    held.take()
    try:
        wait_until("the API under held sockets", 30, lambda: answering(inst))
        with Load(inst, 300) as load:
            time.sleep(1)
            began = time.monotonic()
            for i in range(times):
                if i % 4 == 3:
                    held.restart()
                else:
                    held.api.kill(signal.SIGHUP)
                # The next when this one serves: a second time at once is another promise.
                served = len(load.at)
                wait_until("answers", 30, lambda: len(load.at) >= served + 120)
            rate = load.rate(began, time.monotonic())
    finally:
        held.give_back()
    wait_until("the API with its own sockets", 30, lambda: answering(inst))
    for line in load.faults[:5]:
        say(f"crash: {line}")
    ctx.report.row("reload-failed", len(load.faults), "requests", ("<=", 0, "requests"), sound=len(load.at) > times * 100,
                   reloads=times - times // 4, restarts=times // 4, answered=len(load.at), per_s=rate)


# --- R5 ------------------------------------------------------------------------------


def restarted(inst, db, _):
    db.stop()
    db.start(f"{inst.log}/db.log")


def kill_connections(c, which=""):
    """Those of the service; `which` of them, or all."""
    c.execute(f"SELECT id FROM information_schema.processlist WHERE user LIKE 'gatepost%' {which}")
    for (one,) in c.fetchall():
        try:
            c.execute(f"KILL CONNECTION {one}")
        except Exception:               # it had ended by itself
            pass


def connections_killed(inst, _, seconds):
    root = inst.db()
    with root.cursor() as c:
        for _ in range(int(seconds * 10)):
            kill_connections(c, "ORDER BY RAND() LIMIT 1")
            time.sleep(0.1)
    root.close()


def limit_reached(inst, db, seconds):
    """No connection is left for those of the service, which are thrown out."""
    root = inst.db()
    others = []
    with root.cursor() as c:
        c.execute("SELECT @@max_connections")
        limit = c.fetchone()[0]
        c.execute("SET GLOBAL max_connections = 20")
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            try:
                others.append(inst.db())
            except Exception:               # as is meant
                time.sleep(0.2)
            kill_connections(c)
        c.execute("SET GLOBAL max_connections = %s", (limit,))
    for o in others:
        o.close()
    root.close()


def crashed(inst, db, _):
    db.stop(signal.SIGKILL, 10)
    time.sleep(1)
    db.start(f"{inst.log}/db.log")


def crashed_repeatedly(inst, db, _):
    for _ in range(3):
        crashed(inst, db, 0)
        wait_until("the database", 60, lambda: answering(inst))


def idle_transaction(inst, _, seconds):
    root = inst.db()
    with root.cursor() as c:
        c.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        c.execute("SELECT COUNT(*) FROM job")
        time.sleep(seconds)
        c.execute("ROLLBACK")
    root.close()


TROUBLES = (restarted, connections_killed, limit_reached, crashed, crashed_repeatedly, idle_transaction)


def r5(ctx, idle_s):
    """Six troubles of the database: the rate is there again within 10 s, and meanwhile it is 503 with Retry-After."""
    inst = ctx.inst
    db = database(inst)
    back, worst, wrong, refused = 0, 0, [], collections.Counter()
    for trouble in TROUBLES:
        with Load(inst, 100) as load:
            time.sleep(1)
            t0 = time.monotonic()
            time.sleep(3)
            usual = load.rate(t0, time.monotonic())
            trouble(inst, db, idle_s if trouble is idle_transaction else 4)
            ended = time.monotonic()
            recovered = None
            while time.monotonic() < ended + 13 and recovered is None:
                time.sleep(0.25)
                now = time.monotonic()
                if now - ended >= 1 and load.rate(now - 1, now) >= 0.95 * usual:
                    recovered = now - ended
        refused.update(f[0] for f in load.faults)
        wrong += [(trouble.__name__, *f) for f in load.faults if f[0] != 503 or not f[1]]
        say(f"crash: {trouble.__name__}: {usual:.0f}/s before, back after {recovered or 99:.1f} s, {len(load.faults)} refused")
        back += recovered is not None and recovered <= 10
        worst = max(worst, recovered or 99)
    for line in wrong[:5]:
        say(f"crash: {line}")
    wait_until("every job finished", 120, lambda: open_jobs(inst) == 0, 0.2)
    ctx.report.row("trouble-back", back, "of 6", (">=", len(TROUBLES), "of 6"), met=not wrong, refused=dict(refused),
                   wrong=len(wrong), slowest_s=worst)


# --- R12 -----------------------------------------------------------------------------


def r12(ctx, keys):
    """One request fifty times at once, a thousand keys, and the database killed in the middle: one object a key."""
    inst = ctx.inst
    db, mark = database(inst), secrets.token_hex(4)
    local = threading.local()
    ids = collections.defaultdict(set)
    other = []

    def one(key):
        if not hasattr(local, "http"):
            local.http = session(inst.ca)
        while True:         # as whoever has a key does: until it is answered
            try:
                r = local.http.post(f"{inst.url}/api/notifications/", timeout=30, json={
                    "email": f"{key}@r12.example", "title": key, "body": "once"}, headers={
                        "Authorization": f"Bearer {inst.admin_token}", "Idempotency-Key": f"crash-{key}-0123456789"})
            except requests.RequestException:
                continue
            if r.status_code == 202:
                return ids[key].add(r.json()["id"])
            if r.status_code != 503:
                return other.append((r.status_code, r.text[:200]))
            time.sleep(0.1)
    killed = 0
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        for k in range(keys):
            asked = [pool.submit(one, f"{mark}-{k}") for _ in range(50)]
            if k % max(2, keys // 20) == 1:
                time.sleep(random.uniform(0, 0.1))
                db.stop(signal.SIGKILL, 10)
                db.start(f"{inst.log}/db.log")
                killed += 1
            for a in asked:
                a.result()
    wait_until("the database", 60, lambda: answering(inst))
    rows = inst.rows("SELECT title, COUNT(*) FROM notification WHERE title LIKE %s GROUP BY title", f"{mark}-%")
    wrong = keys - len(rows) + sum(n != 1 for _, n in rows) + sum(len(i) != 1 for i in ids.values()) + len(other)
    for line in other[:5]:
        say(f"crash: {line}")
    wait_until("every job finished", 120, lambda: open_jobs(inst) == 0, 0.2)
    mails = collections.Counter(m["subject"] for m in inst.messages(channel="email", limit=20000) if m["subject"].startswith(mark))
    ctx.report.row("same-key-wrong", wrong, "keys", ("<=", 0, "keys"), sound=len(ids) == keys,
                   met=all(n == 1 for n in mails.values()) or killed > 0, keys=keys, at_once=50, databases_killed=killed)


# --- R6, R7 --------------------------------------------------------------------------


def queue(ctx, jobs, read_s):
    build = ctx.inst.build
    done = subprocess.run(["make", "-C", build, "test_queue_load"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"make test_queue_load: {done.stderr[-300:]}")
    done = subprocess.run([f"{TOP}/tests/lib/run-unit", f"{build}/test_queue_load"], capture_output=True, text=True, env={
        **os.environ, "top_srcdir": TOP, "top_builddir": build, "QUEUE_LOAD_JOBS": str(jobs), "QUEUE_LOAD_READ_S": str(read_s)})
    rows = {r["row"]: r for r in (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))}
    if done.returncode != 0 or set(rows) != {"r6", "r7"}:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line or "error" in line]
        raise Failure(f"test_queue_load: {' '.join(said)[:1000]}")
    r = rows["r7"]
    ctx.report.row("queue-lost", r["jobs"] - r["taken"] + r["wrong"], "jobs", ("<=", 0, "jobs"), sound=r["jobs"] > 0,
                   jobs=r["jobs"], deadlocks_redone=r["deadlocks"], seconds=r["seconds"])
    r = rows["r6"]
    ctx.report.row("queue-claim-p99", r["p99_us"] / 1000, "ms", ("<=", 50, "ms"),
                   met=r["last_us"] <= 2 * r["first_us"] + 2000, backlog=r["jobs"], claims=r["claims"], read_s=r["read_s"],
                   first_ms=r["first_us"] / 1000, last_ms=r["last_us"] / 1000)
