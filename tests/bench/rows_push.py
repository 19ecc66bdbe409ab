"""Rows about sending and about the processes: push-crypto, leaked, drain,
code-latency, footprint.
"""
import json
import os
import random
import time

from instance import TOP, Failure, Line, cpu_s, family, pss_kb, wait_until
from limits import HERE, compile_c, interleave, run_json
from report import median, paired, percentile
from rows_request import push_body
from sink import Peer, subscriptions

GROUP = 1000        # inline subscriptions of one group send, at most


def push_crypto(ctx):
    program = build_crypto(ctx)
    seconds = max(0.5, ctx.seconds / ctx.rounds / 2)
    ours, bare = interleave(
        ctx.rounds,
        lambda: run_json([program, "--seconds", str(seconds)]),
        lambda: run_json([f"{ctx.work}/limit_p256", "--seconds", str(seconds)]))
    value = median([r["us"] for r in ours])
    evp = median([r["evp_us"] for r in bare])
    low = median([r["low_us"] for r in bare])
    ctx.report.row("push-crypto", value, "us/message", ("<=", 1.25, "ratio"),
                   limit=min(evp, low), evp_us=evp, low_us=low,
                   payload_bytes=ours[0]["payload"])


def build_crypto(ctx):
    """Our program, linked with the rooms that the instance's programs are."""
    rooms = [f"{ctx.inst.build}/lib{r}.a" for r in ("channel", "base")]
    if not all(map(os.path.exists, rooms)):
        raise Failure(f"{ctx.inst.build} has no libchannel.a and libbase.a")
    compile_c(f"{ctx.work}/bench_webpush", [f"{HERE}/bench_webpush.c"],
              [f"-I{TOP}/fcgi-app", "-std=gnu11", *rooms, "-lcrypto"])
    return f"{ctx.work}/bench_webpush"


def leaked(ctx):
    """A password looked up in a filter of a million, beside a bare hash table of the same (S54: at most 50 us)."""
    rooms = [f"{ctx.inst.build}/lib{r}.a" for r in ("auth", "base")]
    compile_c(f"{ctx.work}/bench_leaked", [f"{HERE}/bench_leaked.c"],
              [f"-I{TOP}/fcgi-app", "-std=gnu11", *rooms, "-lcrypto", "-lunistring"])
    runs = [run_json([f"{ctx.work}/bench_leaked", "--dir", ctx.work]) for _ in range(1 if ctx.short else 3)]
    middle = {k: median([r[k] for r in runs]) for k in runs[0]}
    ctx.report.row("leaked", (middle["ns"] + middle["common_ns"]) / 1000, "us/password", ("<=", 50, "us"),
                   limit=middle["table_ns"] / 1000, filter_ns=middle["ns"], common_ns=middle["common_ns"],
                   bytes_an_entry=middle["bytes"], table_bytes=middle["table_bytes"], build_ms=middle["build_ms"],
                   by_mistake_of_a_million=middle["by_mistake"])


def enqueue(ctx, subs, count):
    """Group sends until `count` recipients wait; the notifications' ids."""
    ids = []
    for at in range(0, count, GROUP):
        body = push_body(None)
        del body["subscription_info"]
        body["subscription_info_list"] = subs[:min(GROUP, count - at)]
        answer = ctx.inst.call(
            "POST", "/api/push/send/group/", body, token=ctx.inst.admin_token,
            expect=(202,), headers={"Prefer": "respond-async"})
        ids.append(answer.json()["id"])
    return ids


def drain_once(ctx, subs, count):
    """Queues while the worker is away, starts it, waits for the last commit."""
    inst = ctx.inst
    ctx.drained("before drain")
    inst.worker_stop()
    ids = enqueue(ctx, subs, count)
    before = ctx.sink.received()
    newest = inst.one("SELECT MAX(id) FROM notification")
    db = inst.db()
    cursor = db.cursor()

    def left():
        # not how many: to count them twenty times a second is work for the server
        cursor.execute("SELECT EXISTS(SELECT 1 FROM job WHERE state <> 9)")
        return cursor.fetchone()[0]
    others = {"db": inst.process("db").pid, "sink": ctx.sink.nginx.child.pid}
    cpu = {k: cpu_s(pid) for k, pid in others.items()}
    t0 = time.monotonic()
    inst.worker_start()
    try:
        wait_until("drain", 60 + count / 100, lambda: left() == 0, 0.05)
    finally:
        db.close()
    seconds = time.monotonic() - t0
    cpu = {k: cpu_s(pid) - cpu[k] for k, pid in others.items()}
    cpu["worker"] = cpu_s(inst.worker.pid)
    wire = ctx.sink.received() - before
    states = dict(inst.rows(
        "SELECT d.state, COUNT(*) FROM delivery d JOIN notification n "
        "ON n.id = d.notification_id WHERE n.id <= %s AND n.id IN "
        "(SELECT id FROM (SELECT id FROM notification WHERE id <= %s "
        "ORDER BY id DESC LIMIT %s) AS t) GROUP BY d.state",
        newest, newest, len(ids)))
    return {"rate": count / seconds, "seconds": seconds, "requests": wire,
            "states": states, "whole": states == {"sent": count} and wire == count,
            "worker_kb": pss_kb(inst.worker.pid),
            "cpu_us": {k: round(v * 1e6 / count, 1) for k, v in cpu.items()}}


def drain(ctx):
    count = 2000 if ctx.short else 30000
    subs = subscriptions(GROUP, ctx.sink.port)
    peer = Peer(ctx.work, ctx.cache, ctx.inst.ca)
    body = push_body(None)
    payload = json.dumps({k: body[k] for k in ("title", "body", "url")} |
                         {"head": body["title"], "requireInteraction": True,
                          "data": {"url": body["url"]}})
    ours, theirs = interleave(
        1 if ctx.short else 3, lambda: drain_once(ctx, subs, count),
        lambda: peer.send(subs, count // 5, payload))
    value = median([r["rate"] for r in ours])
    ctx.report.row(
        "drain", value, "pushes/s", (">=", 4, "ratio"),
        limit=median([r["rate"] for r in theirs]),
        ratio=paired([r["rate"] for r in ours], [r["rate"] for r in theirs]),
        sound=all(r["whole"] for r in ours), met=value >= 6000,
        goal_rate=6000, count=count, peer="node web-push",
        peer_concurrency=theirs[0]["concurrency"],
        seconds=median([r["seconds"] for r in ours]),
        states=ours[-1]["states"], requests=ours[-1]["requests"],
        cpu_us=ours[-1]["cpu_us"],
        worker_kb=max(r["worker_kb"] for r in ours))


def codes(inst, people, pause=lambda: None):
    """A reset code for each: how long until it is at the provider, and until the answer, ms."""
    line = Line(inst.url, inst.ca)
    line.request("GET", "/api/health/live")
    lag, answer = [], []
    for user in people:
        pause()
        known = {m["id"] for m in inst.messages(channel="sms", to=user["phone"])}
        status, content, t0 = line.request(
            "POST", "/api/auth/password/reset/request/",
            {"phone_number": user["phone"]})
        answer.append((time.time() - t0) * 1000)
        if status != 200:
            raise Failure(f"reset request: {status} {content[:200]}")

        def arrived():
            return [m for m in inst.messages(channel="sms", to=user["phone"])
                    if m["id"] not in known]
        got = wait_until("code at the sandbox", 5, arrived, 0.01)
        lag.append(got[0]["received_ms"] - t0 * 1000)
    line.close()
    return lag, answer


def code_latency(ctx):
    """Reset codes of proved accounts: no password is hashed on the way."""
    inst = ctx.inst
    n = 10 if ctx.short else 100
    people = [inst.new_user() for _ in range(n)]
    # they had a code by SMS a moment ago: the limits are not what is measured
    inst.rows("DELETE FROM throttle")
    ctx.drained("before code-latency")
    # idle: nothing of the last one is left to be done, no pace is kept to
    lag, answer = codes(inst, people, lambda: time.sleep(random.uniform(0.2, 0.4)))
    ctx.report.row("code-latency", percentile(lag, 0.99), "ms p99",
                   ("<=", 50, "ms"), p50_ms=median(lag), max_ms=max(lag),
                   answer_p50_ms=median(answer), codes=n)


def answer_time(inst, path, process):
    """Kills the api's master politely and times its next life, in ms."""
    line = Line(inst.url, inst.ca)
    process.stop()
    t0 = time.monotonic()
    process.start(f"{inst.log}/api.log")

    def up():
        try:
            return line.request("GET", path)[0] == 200
        except OSError:
            return False
    wait_until("api", 20, up, 0.001)
    ms = (time.monotonic() - t0) * 1000
    line.close()
    return ms


def footprint(ctx):
    inst = ctx.inst
    api = inst.process("api")
    ctx.drained("before footprint")
    ready = [answer_time(inst, "/api/health/ready", api)
             for _ in range(1 if ctx.short else 10)]
    live = [answer_time(inst, "/api/health/live", api)
            for _ in range(3 if ctx.short else 10)]
    inst.worker_stop()
    inst.worker_start()
    # every child has answered something, so its first-use memory is in
    line = Line(inst.url, inst.ca)
    user = ctx.user()
    for _ in range(40):
        line.request("GET", "/api/auth/profile/",
                     headers={"Authorization": f"Bearer {user['access']}"})
    line.close()
    time.sleep(2)       # idle: what was needed to start has been given back
    total = pss_kb(api.pid) + pss_kb(inst.worker.pid)
    children = len(family(api.pid)) - 1
    ctx.report.row("footprint", total / 1024, "MB PSS idle", ("<=", 48, "MB"),
                   sound=children >= 8, children=children,
                   api_kb=pss_kb(api.pid), worker_kb=pss_kb(inst.worker.pid))
    ctx.report.row("start", median(live), "ms to first answer", ("<=", 100, "ms"),
                   max_ms=max(live), ready_ms=median(ready))
