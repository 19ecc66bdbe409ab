"""Rows of the gateway: what an idle client costs, how soon a commit is a frame,
how fast one message goes to many. Beside bare libwebsockets and node's ws.

live-idle and live-latency go through nginx with TLS, live-fanout straight to
the unix socket. A commit's time is the inbox row's own, written by the worker
just before it commits: the figures are a little worse than the truth.
"""
import json
import os
import random
import socket
import subprocess
import time

from instance import TOP, Failure, Line, pss_kb, wait_until
from limits import HERE
from report import median, percentile

PEOPLE = 20
BODY = "x" * 200
CALLS = 50                  # a second, of live-latency: 1,000 notifications
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

    def __init__(self, ctx, n, lines, front=None, path=None):
        self.n = n
        where = ["--unix", path, *BY_NGINX] if path else \
            ["--port", front.rpartition(":")[2], "--ca", ctx.inst.ca]
        self.child = subprocess.Popen(
            [f"{ctx.work}/ws_load", "--connections", str(n), "--lines", lines, *where],
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


def title_base():
    return random.randrange(10**9, 10**10) * 10**6


def answers(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


# --- what an idle client costs -------------------------------------------------------

def idle_kb(ctx, name, pid, socket, n, lines, then=None):
    """Memory a client, KiB, of what stands behind nginx."""
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
    finally:
        front.stop()
    return each


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
    # A fresh one: a heap that was larger would hide what clients cost.
    gateway = inst.process("live")
    gateway.stop()
    gateway.start(f"{inst.log}/live.log")
    wait_until("the gateway", 10, lambda: answers(f"{inst.run}/live.sock"))
    ours = idle_kb(ctx, "ours", gateway.pid, f"{inst.run}/live.sock", n, lines, all_are_told)
    each = {}
    for make in (lws, ws):
        peer = make(ctx)
        try:
            each[peer.name] = idle_kb(ctx, peer.name, peer.pid, peer.socket, n, lines)
        finally:
            peer.stop()
    ctx.report.row("live-idle", ours, "KB a client", ("<=", 6, "KB"), limit=each["lws"], sound=ours > 0,
                   clients=n, ws_kb=each["ws"], told_all_s=told["s"])


# --- from the commit to the frame -----------------------------------------------------

def live_latency(ctx):
    inst, lines = ctx.inst, people(ctx)
    read_all(ctx)
    n = len(ctx.live_people)
    pause, seconds = 1 / CALLS, max(1.0, ctx.seconds)
    front = ctx.front("live", live_socket=f"{inst.run}/live.sock", connections=1024)
    clients = Clients(ctx, n, lines, front=front.base)
    line, base = Line(inst.url, inst.ca), title_base()
    try:
        for k in range(20):                 # warm
            tell(ctx, line, base + k)
            time.sleep(0.02)
        clients.arrived(20 * n, 20000)
        clients.ask(f"dump {ctx.work}/live.warm")
        base += 1000
        calls, begun = int(seconds / pause), time.monotonic()
        for k in range(calls):
            tell(ctx, line, base + k)
            time.sleep(max(0.0, begun + (k + 1) * pause - time.monotonic()))
        took = time.monotonic() - begun
        clients.arrived(calls * n, 30000)
        clients.ask(f"dump {ctx.work}/live.arrivals")
    finally:
        line.close()
        clients.stop()
        front.stop()
    commit = dict(inst.rows(
        "SELECT CAST(n.title AS UNSIGNED), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', MAX(i.created_at)) FROM notification n"
        " JOIN inbox i ON i.notification_id = n.id AND i.user_id = %s WHERE n.title BETWEEN %s AND %s GROUP BY n.id, n.title",
        ctx.live_people[0]["id"], str(base), str(base + calls)))
    with open(f"{ctx.work}/live.arrivals", encoding="ascii") as f:
        ms = [(int(us) - commit[int(title)]) / 1000 for title, us in (row.split() for row in f)]
    rate = calls * n / took
    p99 = percentile(ms, 0.99)
    ctx.report.row("live-latency", median(ms), "ms p50", ("<=", 2, "ms"), met=p99 <= 10,
                   sound=len(ms) == calls * n and (ctx.short or rate > 0.9 * CALLS * PEOPLE), p99_ms=p99, max_ms=max(ms), per_second=rate, clients=n, notifications=len(ms))


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
