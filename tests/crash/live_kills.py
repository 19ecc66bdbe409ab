"""The gateway, the database and nginx are killed in turn under load. Clients
that come back with the last seq they had get what they missed: nothing lost,
nothing twice.
"""
import contextlib
import os
import random
import shlex
import signal
import socket
import subprocess
import threading
import time
import types

from instance import Failure, family, say, wait_until
from kills import answering, database
from raw_ws import Gone, Raw

PEOPLE = 3
SETTLE_S = 60
PATH = "/ws/notifications/"


class Client(threading.Thread):
    """Somebody's page: connects, reads, and comes back after its last seq."""

    def __init__(self, inst, user):
        super().__init__(daemon=True)
        self.where = types.SimpleNamespace(port=int(inst.url.rpartition(":")[2]), ca=inst.ca)
        self.user, self.seqs, self.comings, self.over, self.fault = user, [], 0, False, None
        self.ws = None

    def once(self):
        with Raw.tls(self.where) as self.ws:
            after = self.seqs[-1] if self.seqs else 0
            if self.ws.hello(f"{PATH}?after={after}", {"Authorization": f"Bearer {self.user['access']}"}) != 101:
                return
            self.comings += 1
            while not self.over:
                m = self.ws.message()
                if m["type"] == "bye":
                    return
                if m["type"] == "reload":
                    raise Failure("more was missed than is sent")
                if m["type"].startswith("notification"):
                    self.seqs.append(m["seq"])

    def run(self):
        while not self.over:
            try:
                self.once()
            except (OSError, Gone, IndexError, ValueError):
                pass
            except Failure as e:
                self.fault = str(e)
                return
            time.sleep(random.uniform(0.01, 0.2))

    def finish(self):
        self.over = True
        if self.ws:
            with contextlib.suppress(OSError):      # wakes who reads
                self.ws.sock.shutdown(socket.SHUT_RDWR)
        self.join(20)


class Sender(threading.Thread):
    """In-app notifications to all of them, one after the other."""

    def __init__(self, inst, people):
        super().__init__(daemon=True)
        self.inst, self.people = inst, people
        self.mark = f"L{random.getrandbits(32):x}"
        self.answered, self.over = [], False

    def run(self):
        n = 0
        while not self.over:
            title = f"{self.mark}-{n}"
            n += 1
            try:
                self.inst.call("POST", "/api/notifications/", {
                    "user_ids": [u["id"] for u in self.people], "channels": ["in_app"], "title": title, "body": "x"},
                    token=self.inst.admin_token, expect=(202,))
                self.answered.append(title)
            except (OSError, Failure):
                pass                    # nothing was promised
            time.sleep(0.02)


def kill_nginx(inst):
    """Master and workers, and a new one by the command line it had."""
    for pid in family(inst.process("nginx").pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    with open(f"{inst.run}/nginx.cmd", encoding="utf-8") as f:
        argv = shlex.split(f.read())

    def started():
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    wait_until("nginx", 20, started, 0.1)


def kill_one(inst, part):
    if part == "nginx":
        kill_nginx(inst)
    else:
        process = database(inst) if part == "db" else inst.process("live")
        process.stop(signal.SIGKILL, 10)
        time.sleep(random.uniform(0.0, 0.3))
        process.start(f"{inst.log}/{part}.log")
    wait_until(f"the API after {part} was killed", 60, lambda: answering(inst), 0.02)


def live(ctx, kills):
    inst = ctx.inst
    people = [inst.new_user() for _ in range(PEOPLE)]
    clients = [Client(inst, u) for u in people for _ in range(2)]
    sender = Sender(inst, people)
    begun = time.monotonic()
    for t in (*clients, sender):
        t.start()
    try:
        for i in range(kills):
            time.sleep(random.uniform(0.3, 1.0))
            kill_one(inst, ("live", "db", "nginx")[i % 3])
        time.sleep(0.5)
    finally:
        sender.over = True
        sender.join(30)
    wait_until("all is planned", SETTLE_S, lambda: inst.one(
        "SELECT COUNT(*) FROM notification WHERE title LIKE %s AND planned_at IS NULL", f"{sender.mark}-%") == 0, 0.1)
    want = dict(inst.rows("SELECT user_id, seq FROM inbox_count WHERE user_id IN %s", tuple(u["id"] for u in people)))
    try:
        wait_until("every client is as far as its inbox", SETTLE_S,
                   lambda: all(c.seqs and c.seqs[-1] >= want[c.user["id"]] for c in clients) or any(c.fault for c in clients), 0.05)
    except Failure as e:
        say(f"crash: {e}")
    for c in clients:
        c.finish()
    faults = [c.fault for c in clients if c.fault]
    have = {r[0] for r in inst.rows("SELECT title FROM notification n JOIN inbox i ON i.notification_id = n.id"
                                    " AND i.user_id = %s WHERE n.title LIKE %s", people[0]["id"], f"{sender.mark}-%")}
    lost = len(set(sender.answered) - have) + sum(
        len(set(range(1, want[c.user["id"]] + 1)) - set(c.seqs)) for c in clients)
    twice = sum(len(c.seqs) - len(set(c.seqs)) for c in clients)
    ctx.report.row("live-kill-lost", lost, "notifications", ("<=", 0, "notifications"),
                   sound=len(sender.answered) > 20 and not faults and all(c.comings > 1 for c in clients), kills=kills,
                   accepted=len(sender.answered), clients=len(clients), comings=sum(c.comings for c in clients),
                   frames=sum(len(c.seqs) for c in clients), faults=faults, seconds=time.monotonic() - begun)
    ctx.report.row("live-kill-twice", twice, "notifications", ("<=", 0, "notifications"),
                   met=all(c.seqs == sorted(c.seqs) for c in clients))
