"""Row smtp: mails to a submission server on this machine, STARTTLS, every result committed.

The figure is mails by second of the worker's own processor time (planning, writing the mail, TLS, the commits' client
side); what the database and the server spent stands beside it, and so does the rate by the clock.  The limit is a
bare client that sends mails of the same length to the same server and does nothing else; as it is several times as
fast by the clock too, the server is not what is measured.
"""
import os
import struct
import subprocess
import time

from instance import cpu_s, free_port, wait_until
from limits import interleave, run_json
from report import median
from rows_campaign import BATCH, MARK, people

CONNECTIONS = 8


class Server:
    """tests/bench/smtp.c on a port of its own."""

    def __init__(self, ctx):
        self.port, self.file = free_port(), f"{ctx.work}/smtp.tally"
        tls = f"{ctx.inst.dir}/tls"
        self.child = subprocess.Popen([f"{ctx.work}/smtp", "--serve", str(self.port), "--crt", f"{tls}/tls.crt",
                                       "--key", f"{tls}/tls.key", "--tally", self.file])
        wait_until("the mail server", 5, lambda: os.path.exists(self.file) and os.path.getsize(self.file) == 16)

    def taken(self):
        """(mails, bytes) so far"""
        with open(self.file, "rb") as f:
            return struct.unpack("=QQ", f.read(16))

    def stop(self):
        self.child.terminate()
        self.child.wait()


def account(inst, token, port):
    """Sends nearly everything there: the settings file's own account has the weight 1."""
    return inst.call("POST", "/api/admin/providers/", {
        "name": "bench", "kind": "smtp", "weight": 1000, "concurrency": CONNECTIONS, "secrets": {"password": "bench"},
        "settings": {"host": "localhost", "port": port, "user": "bench", "from": "Bench <bench@example.com>"}},
        token=token, expect=(201,)).json()["id"]


def mails(ctx, server, ids, count):
    inst = ctx.inst
    ctx.drained("before smtp")
    inst.worker_stop()
    before = inst.one("SELECT COALESCE(MAX(id), 0) FROM notification")
    for at in range(0, count, BATCH):
        inst.call("POST", "/api/notifications/", {
            "user_ids": ids[:min(BATCH, count - at)], "title": "Your order has been shipped", "channels": ["email"],
            "body": "Your order is on its way to you. Thank you for buying with us, and have a good day until then.",
            "url": "https://example.com/orders/12345"}, token=inst.admin_token, expect=(202,))
    pids = {"db": inst.process("db").pid, "server": server.child.pid}
    cpu = {k: cpu_s(pid) for k, pid in pids.items()}
    taken = server.taken()
    t0 = time.monotonic()
    inst.worker_start()
    wait_until("all mails sent", 60 + count / 100,
               lambda: inst.one("SELECT EXISTS(SELECT 1 FROM job WHERE state <> 9)") == 0, 0.05)
    seconds = time.monotonic() - t0
    cpu = {k: cpu_s(pid) - cpu[k] for k, pid in pids.items()} | {"worker": cpu_s(inst.worker.pid)}
    states = dict(inst.rows("SELECT state, COUNT(*) FROM delivery WHERE notification_id > %s GROUP BY state", before))
    here = inst.one("SELECT COUNT(*) FROM delivery WHERE notification_id > %s AND provider = 'bench'", before)
    got, size = (b - a for a, b in zip(taken, server.taken()))
    return {"rate": count / seconds, "core_rate": count / cpu["worker"], "states": states, "bytes": size // max(got, 1),
            "whole": states == {"sent": count} and got == here,
            "cpu_us": {k: round(v * 1e6 / count, 1) for k, v in cpu.items()}}


def smtp(ctx):
    inst, count = ctx.inst, 1000 if ctx.short else 20000
    people(inst, min(count, BATCH))
    ids = [r[0] for r in inst.rows("SELECT id FROM user WHERE country = %s ORDER BY id LIMIT %s", MARK, BATCH)]
    token = inst.call("POST", "/api/auth/login/", {"username": inst.env["GATEPOST_ADMIN_EMAIL"],
                                                   "password": inst.env["GATEPOST_ADMIN_PASSWORD"]}).json()["access_token"]
    server = Server(ctx)
    made = None
    try:
        made = account(inst, token, server.port)
        ours, bare = interleave(
            1 if ctx.short else 3, lambda: mails(ctx, server, ids, count),
            lambda: run_json([f"{ctx.work}/smtp", "--send", str(server.port), "--ca", inst.ca, "--count", str(count),
                              "--connections", str(CONNECTIONS), "--bytes", "1500"]))
        ctx.report.row(
            "smtp", median([r["core_rate"] for r in ours]), "mails/s/core", (">=", 1500, "mails/s/core"),
            limit=median([r["count"] / r["cpu_s"] for r in bare]), sound=all(r["whole"] for r in ours),
            rate=median([r["rate"] for r in ours]), server_rate=median([r["count"] / r["seconds"] for r in bare]),
            count=count, bytes=ours[-1]["bytes"], states=ours[-1]["states"], cpu_us=ours[-1]["cpu_us"])
    finally:
        if made is not None:
            inst.call("DELETE", f"/api/admin/providers/{made}/", token=token, expect=(200, 204))
        inst.worker_start()
        server.stop()
