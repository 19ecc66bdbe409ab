"""Proves R1, R2.

R1: the worker is killed. R2: the database is killed. What is left is right.
"""
import base64
import collections
import hashlib
import random
import signal
import subprocess
import time

import judge
from instance import Failure, Process, say, wait_until
from report import percentile
from stream import Codes, Profiles, Pushes, pause

SETTLE_S = 180
# Short, so that what a killed worker held comes back many times in one run.
LEASE_S = 5


def sandbox_subscriptions(inst, n):
    key = inst.call("GET", "/api/push/vapid-key/").json()["public_key"]
    return inst.sandbox_call("POST", "/push/subscriptions",
                             {"vapid_public_key": key, "count": n})["subscriptions"]


def open_jobs(inst):
    return inst.one("SELECT COUNT(*) FROM job WHERE state <> 9")


def settle(inst):
    """Waits until no job is left that may still move."""
    wait_until("every job finished", SETTLE_S, lambda: open_jobs(inst) == 0, 0.2)


def redrive(inst):
    """Dead letters (three crashes under one job) go again by one call."""
    dead = inst.one("SELECT COUNT(*) FROM job WHERE state = 9")
    if dead:
        done = subprocess.run(
            [f"{inst.build}/gatepostctl", "--config", f"{inst.dir}/gatepost.env",
             "jobs", "redrive"], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"gatepostctl jobs redrive: {done.stderr[-300:]}")
        settle(inst)
    return dead


def in_flight(inst):
    """(job, attempt) of those whose intent is marked, the worker being dead."""
    return set(inst.rows("SELECT id, attempt FROM job WHERE state = 2"))


class Arrived:
    """What arrived at the sandbox, which keeps the newest 20,000: fetched on the way, the rest with rows()."""

    def __init__(self, inst):
        self.inst, self.last, self.kept = inst, 0, []

    def fetch(self):
        news = self.inst.messages(after=self.last)
        self.last = max((m["id"] for m in news), default=self.last)
        self.kept += [{k: m[k] for k in ("channel", "to", "subject")} for m in news]

    def rows(self, channel):
        self.fetch()
        return [m for m in self.kept if m["channel"] == channel]


def kill_workers(inst, kills, arrived):
    worker = inst.worker
    worker.environ["GATEPOST_WORKER_LEASE_S"] = str(LEASE_S)
    flying = set()
    for i in range(kills):
        inst.worker_start()
        pause(0.02, 0.6)
        if not worker.alive():
            raise Failure(f"the worker ended by itself, after {i} kills; see "
                          f"{inst.log}/worker.log")
        worker.stop(signal.SIGKILL, 10)
        flying |= in_flight(inst)
        if (i + 1) % 20 == 0:
            say(f"crash: {i + 1} of {kills} workers killed")
            arrived.fetch()
    # the instance may be somebody's: it gets its own lease back
    del worker.environ["GATEPOST_WORKER_LEASE_S"]
    inst.worker_start()
    return flying


def r1(ctx, kills):
    """Worker kills under a stream of pushes and codes."""
    inst = ctx.inst
    inst.sandbox_call("DELETE", "/messages")
    subs = sandbox_subscriptions(inst, 60)
    # answers that take a while, so that kills meet requests on their way
    for provider in ("push", "kavenegar"):
        inst.sandbox_call("PUT", f"/faults/{provider}",
                          {"mode": "slow", "after_ms": 60})
    pushes, codes = Pushes(inst, 0.05, subs, 20), Codes(inst, 0.3)
    arrived = Arrived(inst)
    begun = time.monotonic()
    inst.worker_stop()
    pushes.start()
    codes.start()
    try:
        flying = kill_workers(inst, kills, arrived)
    finally:
        pushes.finish()
        codes.finish()
        inst.sandbox_call("DELETE", "/faults")
    for s in (pushes, codes):
        if s.fault:
            raise Failure(f"{type(s).__name__}: {s.fault!r}")
    settle(inst)
    dead = redrive(inst)
    seconds = time.monotonic() - begun
    p, p_faults = judge.pushes(
        pushes.answered, arrived.rows("web_push"),
        inst.rows("SELECT n.title, d.state, COUNT(*) FROM notification n "
                  "JOIN delivery d ON d.notification_id = n.id "
                  "WHERE n.title LIKE %s GROUP BY n.title, d.state",
                  f"{pushes.mark}-%"))
    c, c_faults = judge.codes(
        codes.answered, arrived.rows("sms"),
        inst.rows("SELECT target, state, COUNT(*) FROM delivery "
                  "WHERE channel = 'sms' GROUP BY target, state"))
    for line in (p_faults + c_faults)[:20]:
        say(f"crash: {line}")
    waited = [float(r[0]) for r in inst.rows(
        "SELECT TIMESTAMPDIFF(MICROSECOND, created_at, sent_at) / 1e6 FROM delivery "
        "WHERE channel = 'sms' AND sent_at IS NOT NULL")]
    refused = collections.Counter(pushes.refused) + collections.Counter(codes.refused)
    ctx.report.row(
        "worker-kill-lost", p["lost"] + c["lost"], "recipients", ("<=", 0, "recipients"),
        sound=p["recipients"] > 0 and c["codes"] > 0 and not refused,
        kills=kills, recipients=p["recipients"], codes=c["codes"],
        unsure=p["unsure"] + c["unsure"], dead_letters_redriven=dead,
        refused=dict(refused), seconds=seconds, code_p99_s=percentile(waited, 0.99) if waited else None,
        code_max_s=max(waited, default=None))
    ctx.report.row(
        "worker-kill-states", p["stuck"] + p["wrong_rows"], "recipients",
        ("<=", 0, "recipients"))
    ctx.report.row(
        "worker-kill-duplicates", p["duplicates"], "messages",
        ("<=", len(flying), "messages"), sound=c["duplicates"] == 0,
        in_flight_at_kills=len(flying), code_duplicates=c["duplicates"])
    ctx.report.row(
        "worker-kill-unsure", p["unsure"] + c["unsure"], "recipients",
        ("<=", len(flying), "recipients"))


def database(inst):
    """mariadbd as a process that can be killed and started as it was."""
    pid_file = inst.one("SELECT @@pid_file")
    if not pid_file.startswith("/"):
        pid_file = f"{inst.one('SELECT @@datadir')}/{pid_file}"
    return Process(pid_file)


def answering(inst):
    try:
        return inst.http.get(f"{inst.url}/api/health/ready",
                             timeout=5).status_code == 200
    except OSError:
        return False


def r2(ctx, kills):
    """Database kills under writes: what was answered 2xx is there."""
    inst = ctx.inst
    subs = sandbox_subscriptions(inst, 40)
    users = [inst.new_user() for _ in range(2)]
    pushes = [Pushes(inst, 0.01, subs, 10) for _ in range(2)]
    codes = Codes(inst, 0.1)
    profiles = [Profiles(inst, 0.01, u) for u in users]
    streams = [*pushes, codes, *profiles]
    db = database(inst)
    away = []
    for s in streams:
        s.start()
    try:
        for i in range(kills):
            pause(0.5, 2.5)
            db.stop(signal.SIGKILL, 10)
            pause(0.0, 0.5)
            t0 = time.monotonic()
            db.start(f"{inst.log}/db.log")
            wait_until("the API after the database came back", 60,
                       lambda: answering(inst), 0.02)
            away.append(time.monotonic() - t0)
            say(f"crash: {i + 1} of {kills} databases killed")
        pause(0.5, 1.0)
    finally:
        for s in streams:
            s.finish()
    for s in streams:
        if s.fault:
            raise Failure(f"{type(s).__name__}: {s.fault!r}")
    settle(inst)
    lost, faults = missing(inst, pushes, codes, profiles)
    for line in faults[:20]:
        say(f"crash: {line}")
    refused = sum((collections.Counter(s.refused) for s in streams),
                  collections.Counter())
    answered = sum(len(s.answered) for s in streams)
    # while the database is away the answer is 503, and nothing else
    only_503 = set(refused) <= {503}
    ctx.report.row(
        "db-kill-lost", lost, "answered requests", ("<=", 0, "answered requests"),
        sound=answered > 0 and only_503, kills=kills, answered=answered,
        unknown=sum(len(s.unknown) for s in streams), refused=dict(refused),
        back_s_max=max(away))


def missing(inst, pushes, codes, profiles):
    faults = []
    for s in pushes:
        have = dict(inst.rows(
            "SELECT n.title, COUNT(d.seq) FROM notification n LEFT JOIN delivery d "
            "ON d.notification_id = n.id AND d.state IN ('sent', 'delivered', 'unsure') "
            "WHERE n.title LIKE %s GROUP BY n.title", f"{s.mark}-%"))
        faults += [f"push {t}: {n} accepted, {have.get(t)} ended well"
                   for t, n in s.answered.items() if have.get(t) != n]
    have = {r[0] for r in inst.rows("SELECT phone FROM user WHERE phone IS NOT NULL")}
    faults += [f"sign-up {p} is not there" for p in codes.answered if p not in have]
    for s in profiles:
        name = inst.one("SELECT first_name FROM user WHERE id = %s", s.user["id"])
        # a later value whose answer was lost may have been written
        if s.last is not None and name != s.last and name not in s.tried:
            faults.append(f"profile {s.user['id']}: {name} instead of {s.last}")
    return len(faults), faults


# --- campaigns ---------------------------------------------------------------------

MARK = "XC"         # the country that these people are in: nobody's
PLANS = 0.4         # of the kills, while it is planned


def audience(inst, people, devices):
    """So many accounts, some with a browser: {id: endpoint or None}."""
    base = random.randrange(1 << 40, 1 << 60)
    inst.rows("INSERT INTO user (reg_key, email, email_cmp, email_unique, email_verified_at, country) "
              "SELECT %s + seq, @m := CONCAT('k', %s + seq, '@example.com'), @m, @m, UTC_TIMESTAMP(6), %s "
              f"FROM seq_1_to_{people}", base, base, MARK)
    ids = [r[0] for r in inst.rows("SELECT id FROM user WHERE country = %s ORDER BY id", MARK)]
    owners = ids[::max(1, people // devices)][:devices]
    subs = sandbox_subscriptions(inst, len(owners))
    db = inst.db()
    with db.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO device (id, user_id, kind, target_hash, target, p256dh, auth)"
            " VALUES (%s, %s, 'web_push', %s, %s, %s, %s)",
            [(random.getrandbits(62), owner, hashlib.sha256(s["endpoint"].encode()).digest(), s["endpoint"],
              *(base64.urlsafe_b64decode(s["keys"][k] + "==") for k in ("p256dh", "auth")))
             for owner, s in zip(owners, subs)])
    db.close()
    return dict.fromkeys(ids) | {o: s["endpoint"] for o, s in zip(owners, subs)}


def campaign_state(inst, c):
    return inst.rows("SELECT planned, planned_at IS NOT NULL, live, state FROM campaign WHERE id = %s", c)[0]


def sent_of(inst, c):
    return inst.one("SELECT COUNT(*) FROM delivery WHERE notification_id = %s AND state = 'sent'", c)


def kill_campaign(inst, c, kills):
    """Kills in the middle of planning first, then whenever. What was on its way,
    and how many kills met an unfinished plan."""
    worker = inst.worker
    worker.environ["GATEPOST_WORKER_LEASE_S"] = str(LEASE_S)
    flying, planning = set(), 0
    for i in range(kills):
        planned, whole, live, state = campaign_state(inst, c)
        if not live:
            break
        sent = sent_of(inst, c)
        inst.worker_start()
        if not whole and i < kills * PLANS:
            wait_until("the plan to go on", 30, lambda: campaign_state(inst, c)[:2] != (planned, 0), 0.002)
        else:
            wait_until("more to be sent", 30, lambda: sent_of(inst, c) > sent or not campaign_state(inst, c)[2], 0.005)
            pause(0.0, 0.1)
        if not worker.alive():
            raise Failure(f"the worker ended by itself, after {i} kills; see {inst.log}/worker.log")
        worker.stop(signal.SIGKILL, 10)
        planning += not campaign_state(inst, c)[1]
        flying |= in_flight(inst)
        if i == kills // 2 and state == "running":
            for step in ("pause", "resume"):
                inst.call("POST", f"/api/campaigns/{c}/{step}/", {}, token=inst.admin_token)
    del worker.environ["GATEPOST_WORKER_LEASE_S"]
    inst.worker_start()
    return flying, planning


def campaign(ctx, kills):
    """R1 of a campaign: planned and sent through worker kills, each recipient
    has one final state, and what the campaign says of itself is so."""
    inst = ctx.inst
    inst.sandbox_call("DELETE", "/messages")
    people = audience(inst, *((5000, 250) if kills <= 10 else (60000, 3000)))
    inst.sandbox_call("PUT", "/faults/push", {"mode": "slow", "after_ms": 20})
    begun = time.monotonic()
    inst.worker_stop()
    c = int(inst.call("POST", "/api/campaigns/", {
        "name": "crash", "title": "Crash", "body": "to all", "channels": ["web_push"],
        "audience": {"country": [MARK]}, "start": True}, token=inst.admin_token, expect=(201,)).json()["id"])
    try:
        flying, planning = kill_campaign(inst, c, kills)
    finally:
        inst.sandbox_call("DELETE", "/faults")
    wait_until("the campaign's end", SETTLE_S, lambda: not campaign_state(inst, c)[2], 0.05)
    settle(inst)
    out, faults = judge.campaign(
        people, inst.messages(channel="web_push"),
        inst.rows("SELECT user_id, state, COUNT(*) FROM delivery WHERE notification_id = %s GROUP BY user_id, state", c))
    for line in faults[:20]:
        say(f"crash: {line}")
    counted = dict(inst.rows("SELECT state, COUNT(*) FROM delivery WHERE notification_id = %s GROUP BY state", c))
    told = inst.call("GET", f"/api/campaigns/{c}/", token=inst.admin_token).json()
    honest = told["state"] == "done" and told["people"] == told["total"] == len(people) and \
        all(told["progress"][s] == counted.get(s, 0) for s in ("sent", "skipped", "failed", "expired", "unsure"))
    ctx.report.row("campaign-kill-lost", out["lost"] + out["stuck"] + out["wrong_rows"], "recipients",
                   ("<=", 0, "recipients"), sound=out["recipients"] > 0 and planning > 0, met=honest, kills=kills,
                   kills_while_planning=planning, recipients=out["recipients"], states=counted,
                   seconds=time.monotonic() - begun)
    ctx.report.row("campaign-kill-duplicates", out["duplicates"] + out["unsure"], "messages",
                   ("<=", len(flying), "messages"), unsure=out["unsure"], in_flight_at_kills=len(flying))
