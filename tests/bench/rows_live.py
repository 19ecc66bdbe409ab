"""Rows of the gateway: what an idle client costs, how soon a commit is a frame,
how fast one message goes to many. Beside bare libwebsockets and node's ws.

live-idle and live-latency go through nginx with TLS, live-fanout straight to
the unix socket. live-latency counts from the moment COMMIT returned to whoever
wrote the inbox row (bench_inbox.c), by one clock for both ends.
"""
import json
import os
import random
import signal
import socket
import subprocess
import time

from instance import TOP, Failure, Line, cpu_s, pss_kb, wait_until
from limits import HERE, compile_c, run_json
from report import median, percentile
from rows_request import durable

PEOPLE = 20
BODY = "x" * 200
RATE = 1000                 # notifications a second, of live-latency
# What nginx says of a client, where it does not stand between.
BY_NGINX = [word for line in ("X-Gatepost-Source: header", "X-Gatepost-Address: 127.0.0.1", "X-Gatepost-Country: ZZ")
            for word in ("--header", line)]


def cpu_ns(pid):
    """Processor time of a process' threads, finer than a clock tick."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


class Clients:
    """ws_load: n clients, open when this returns."""

    def __init__(self, ctx, n, lines, front=None, path=None, window=64):
        self.n = n
        where = ["--unix", path, *BY_NGINX] if path else \
            ["--port", front.rpartition(":")[2], "--ca", ctx.inst.ca]
        self.child = subprocess.Popen(
            [f"{ctx.work}/ws_load", "--connections", str(n), "--lines", lines,
             "--window", str(window), *where],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        got = self.answer()
        if got["open"] != n:
            self.stop()
            raise Failure(f"{got['open']} of {n} clients are open; {got['why']}")

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            raise Failure("ws_load ended")
        return json.loads(line)

    def ask(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()
        return self.answer()

    def arrived(self, n, ms):
        got = self.ask(f"await {n} {ms}")
        if got["notifications"] != n or got["dead"]:
            raise Failure(f"{got['notifications']} of {n} notifications arrived, {got['dead']} clients ended: {got['why']}")
        return got

    def stop(self):
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()


class Peer:
    """A program that serves WebSockets on a socket of its own."""

    def __init__(self, ctx, name, argv):
        self.name, self.socket = name, f"{ctx.work}/peer-{name}.sock"
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.child = subprocess.Popen([*argv, self.socket], stdin=subprocess.PIPE, text=True,
                                      env={**os.environ, "NODE_PATH": f"{TOP}/tests/node_modules"})
        wait_until(name, 10, lambda: os.path.exists(self.socket))
        self.pid = self.child.pid

    def say(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()

    def stop(self):
        self.child.terminate()
        self.child.wait()


def lws(ctx):
    return Peer(ctx, "lws", [f"{ctx.work}/limit_lws"])


def ws(ctx):
    return Peer(ctx, "ws", ["node", f"{HERE}/peer_ws.js"])


def people(ctx):
    """Some people, kept, their tokens fresh: a file of header lines."""
    if not hasattr(ctx, "live_people"):
        ctx.live_people = [ctx.inst.new_user() for _ in range(4 if ctx.short else PEOPLE)]
    file = f"{ctx.work}/live.tokens"
    with open(file, "w", encoding="ascii") as f:
        for user in ctx.live_people:
            f.write(f"Authorization: Bearer {ctx.inst.login(user)['access_token']}\n")
    return file


def read_all(ctx):
    """What is unread would be told to everybody who connects."""
    ids = ",".join(str(u["id"]) for u in ctx.live_people)
    ctx.inst.rows(f"UPDATE inbox SET read_at = UTC_TIMESTAMP(6), seen_at = UTC_TIMESTAMP(6) WHERE user_id IN ({ids}) AND read_at IS NULL")
    ctx.inst.rows(f"UPDATE inbox_count SET unread = 0, unseen = 0 WHERE user_id IN ({ids})")


def tell(ctx, line, title):
    status, text, _ = line.request("POST", "/api/notifications/", {
        "user_ids": [u["id"] for u in ctx.live_people], "channels": ["in_app"], "title": str(title), "body": BODY},
        {"Authorization": f"Bearer {ctx.inst.admin_token}"})
    if status != 202:
        raise Failure(f"a notification was answered {status}: {text[:200]}")
    return int(json.loads(text)["id"])


def title_base():
    return random.randrange(10**9, 10**10) * 10**6


def answers(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


# --- what an idle client costs -------------------------------------------------------

def idle_kb(ctx, name, pid, socket, n, lines, then=None, again=None):
    """Memory a client, KiB, of what stands behind nginx. `again` is called with a way to open them all, at once."""
    front = ctx.front(f"live-{name}", live_socket=socket, connections=2 * n + 1000)
    try:
        warm = Clients(ctx, 50, lines, front=front.base)
        warm.stop()
        time.sleep(0.5)
        before = pss_kb(pid)
        clients = Clients(ctx, n, lines, front=front.base)
        try:
            time.sleep(1 if ctx.short else 3)
            each = (pss_kb(pid) - before) / n
            if then:
                then(clients)
        finally:
            clients.stop()
        if again:
            again(lambda: Clients(ctx, n, lines, front=front.base, window=2000))
    finally:
        front.stop()
    return each


def numbers(inst):
    """What the gateway has counted, which it logs when it is asked."""
    def lines():
        with open(f"{inst.log}/live.log", encoding="utf-8") as f:
            return [line for line in f if '"msg":"live"' in line]
    had = len(lines())
    inst.process("live").kill(signal.SIGUSR1)
    wait_until("the gateway's numbers", 10, lambda: len(lines()) > had)
    return json.loads(lines()[-1])


def live_idle(ctx):
    n = 400 if ctx.short else 10000
    inst, lines = ctx.inst, people(ctx)
    read_all(ctx)
    told = {}

    def all_are_told(clients):
        line = Line(inst.url, inst.ca)
        begun = time.time()
        tell(ctx, line, title_base())
        told["s"] = clients.arrived(n, 30000)["last_us"] / 1e6 - begun
        line.close()
        was, begun = cpu_ns(gateway.pid), time.monotonic()
        time.sleep(1 if ctx.short else 5)
        told["cpu"] = (cpu_ns(gateway.pid) - was) / 1e9 / (time.monotonic() - begun)

    def all_come_back(open_all):
        """Each has missed something."""
        wait_until("all gone", 30, lambda: numbers(inst)["connections"] == 0)
        before, begun = numbers(inst), time.monotonic()
        clients = open_all()
        told["back_s"] = time.monotonic() - begun
        after = numbers(inst)
        clients.stop()
        told["statements"] = after["statements"] - before["statements"]
        if after["admitted"] - before["admitted"] != n:
            raise Failure(f"{after['admitted'] - before['admitted']} of {n} were admitted")
    # A fresh one: a heap that was larger would hide what clients cost.
    gateway = inst.process("live")
    gateway.stop()
    gateway.start(f"{inst.log}/live.log")
    wait_until("the gateway", 10, lambda: answers(f"{inst.run}/live.sock"))
    ours = idle_kb(ctx, "ours", gateway.pid, f"{inst.run}/live.sock", n, lines, all_are_told, all_come_back)
    each = {}
    for make in (lws, ws):
        peer = make(ctx)
        try:
            each[peer.name] = idle_kb(ctx, peer.name, peer.pid, peer.socket, n, lines)
        finally:
            peer.stop()
    ctx.report.row("live-idle", ours, "KB a client", ("<=", 6, "KB"), limit=each["lws"], sound=ours > 0,
                   met=ctx.short or told["statements"] * 50 < n, clients=n, ws_kb=each["ws"], told_all_s=told["s"], cpu_idle=told["cpu"],
                   back_s=told["back_s"], statements=told["statements"], back_per_statement=n / told["statements"])


# --- from the commit to the frame -----------------------------------------------------

def build_inbox(ctx):
    """The load that commits: linked with the rooms that the worker is."""
    rooms = [f"{ctx.inst.build}/lib{r}.a" for r in ("queue", "store", "base")]
    libs = subprocess.run(["pkg-config", "--libs", "libmariadb"], capture_output=True, text=True, check=True).stdout.split()
    compile_c(f"{ctx.work}/bench_inbox", [f"{HERE}/bench_inbox.c"],
              [f"-I{TOP}/fcgi-app", f"-I{ctx.inst.build}", "-std=gnu11", *rooms, *libs, "-lcrypto", "-lpthread"])


def notifications(ctx, line, n):
    """n that are accepted and in no inbox yet, each entitled with its id; the first's."""
    title, first = title_base(), title_base()
    model = tell(ctx, line, title)
    ctx.inst.rows(
        "INSERT INTO notification (id, type, class, channel, title, content, audience, request_id, created_at, expires_at)"
        " SELECT %s + s.seq, m.type, m.class, m.channel, %s + s.seq,"
        " REPLACE(m.content, %s, %s + s.seq), m.audience, m.request_id, UTC_TIMESTAMP(6),"
        f" m.expires_at FROM notification m JOIN seq_0_to_{n - 1} s WHERE m.id = %s", first, first, str(title), first, model)
    return first


def commit_many(ctx, clients, first, n):
    """n transactions at RATE a second; the milliseconds from each COMMIT's return to its frame, and the load's own figures."""
    got = run_json([f"{ctx.work}/bench_inbox", "--config", f"{ctx.inst.dir}/gatepost.env", "--first", str(first), "--count", str(n),
                    "--users", ",".join(str(u["id"]) for u in ctx.live_people), "--rate", str(RATE), "--out", f"{ctx.work}/live.commits"])
    clients.arrived(n, 20000)
    clients.ask(f"dump {ctx.work}/live.arrivals")
    with open(f"{ctx.work}/live.commits", encoding="ascii") as f:
        done = {int(id_): int(us) for id_, us in map(str.split, f)}
    with open(f"{ctx.work}/live.arrivals", encoding="ascii") as f:
        frames = [(int(title), int(us)) for title, _, us in map(str.split, f)]
    if {title for title, _ in frames} != set(done):
        raise Failure("what arrived is not what was committed")
    return [(us - done[title]) / 1000 for title, us in frames], got


def whole_way(ctx, clients, line, n):
    """Through API and worker, RATE a second in calls for all: from the request to the frame, milliseconds."""
    base, calls, sent = title_base(), max(1, int(n / len(ctx.live_people))), {}
    pause, begun = len(ctx.live_people) / RATE, time.monotonic()
    for k in range(calls):
        sent[base + k] = time.time()
        tell(ctx, line, base + k)
        time.sleep(max(0.0, begun + (k + 1) * pause - time.monotonic()))
    clients.arrived(calls * len(ctx.live_people), 30000)
    clients.ask(f"dump {ctx.work}/live.arrivals")
    with open(f"{ctx.work}/live.arrivals", encoding="ascii") as f:
        return [int(us) / 1000 - sent[int(title)] * 1000 for title, us, _ in map(str.split, f)]


class Shares:
    """Processor time of those at work, as shares of one core."""

    def __init__(self, **pids):
        self.pids = pids
        self.was = self.look()
        self.begun = time.monotonic()

    def look(self):
        return {name: cpu_s(pid) for name, pid in self.pids.items()} | {"load": sum(os.times()[2:4])}

    def since(self):
        took = time.monotonic() - self.begun
        return {f"cpu_{name}": (s - self.was[name]) / took for name, s in self.look().items()}


def live_latency(ctx):
    inst, lines = ctx.inst, people(ctx)
    read_all(ctx)
    build_inbox(ctx)
    n = int(RATE * max(1.0, ctx.seconds))
    front = ctx.front("live", live_socket=f"{inst.run}/live.sock", connections=1024)
    clients = Clients(ctx, len(ctx.live_people), lines, front=front.base)
    line = Line(inst.url, inst.ca)
    try:
        first = notifications(ctx, line, n + RATE)
        clients.arrived(len(ctx.live_people), 20000)        # the model
        clients.ask(f"dump {ctx.work}/live.warm")
        commit_many(ctx, clients, first, RATE)              # warm
        shares = Shares(gateway=inst.process("live").pid, nginx=front.nginx.child.pid, db=inst.process("db").pid,
                        clients=clients.child.pid)
        ms, load = commit_many(ctx, clients, first + RATE, n)
        share = shares.since()
        whole = whole_way(ctx, clients, line, n)
    finally:
        line.close()
        clients.stop()
        front.stop()
    p99 = percentile(ms, 0.99)
    ctx.report.row("live-latency", median(ms), "ms p50", ("<=", 2, "ms"), met=p99 <= 10,
                   sound=len(ms) == n and durable(inst) and (ctx.short or load["per_second"] > 0.97 * RATE), p99_ms=p99, max_ms=max(ms),
                   per_second=load["per_second"], late_ms=load["late_ms"], commit_p50_us=load["commit_p50_us"],
                   clients=len(ctx.live_people), whole_p50_ms=median(whole), whole_p99_ms=percentile(whole, 0.99), **share)


# --- one message to many ------------------------------------------------------------------

def live_fanout(ctx):
    """Deliveries a second of the server's own processor time: one core's worth."""
    inst, lines = ctx.inst, people(ctx)
    n, k = (200, 10) if ctx.short else (4000, 50)
    rounds = 1 if ctx.short else 3
    peer = ws(ctx)
    line = Line(inst.url, inst.ca)
    pid = inst.process("live").pid
    ours, theirs = [], []
    try:
        for _ in range(rounds):
            read_all(ctx)
            clients, base = Clients(ctx, n, lines, path=f"{inst.run}/live.sock"), title_base()
            try:
                time.sleep(0.5)
                before = cpu_ns(pid)
                for i in range(k):
                    tell(ctx, line, base + i)
                clients.arrived(k * n, 60000)
                ours.append(k * n / ((cpu_ns(pid) - before) / 1e9))
            finally:
                clients.stop()
            clients = Clients(ctx, n, lines, path=peer.socket)
            try:
                time.sleep(0.5)
                before = cpu_ns(peer.pid)
                peer.say(f"broadcast {k} {len(BODY)}")
                clients.arrived(k * n, 60000)
                theirs.append(k * n / ((cpu_ns(peer.pid) - before) / 1e9))
            finally:
                clients.stop()
    finally:
        line.close()
        peer.stop()
    ctx.report.row("live-fanout", median(ours), "deliveries/s/core", (">=", 50000, "deliveries/s/core"), limit=median(theirs),
                   peer="node ws", clients=n, messages=k, people=len(ctx.live_people))
