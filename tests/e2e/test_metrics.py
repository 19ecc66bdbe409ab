"""GET /metrics: read by Prometheus's own parser; only rising under reloads and
killed children; told without a database; for this machine alone (D18)."""
import os
import re
import shlex
import signal
import socket
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import module_instance
from fcgi_ask import ask
from instance import wait_until
from people import Person, forget_limits, problem
from test_trouble import children

inst = module_instance()        # its parts are killed
NAME = re.compile(r"gatepost_[a-z][a-z0-9_]*")
FOREIGN = "127.0.0.3"


class Read(dict):
    """What one answer said: {(name, labels): value}; families by name."""

    def __init__(self, text):
        super().__init__()
        assert text.endswith("\n") and "\r" not in text
        self.families = {}
        for f in text_string_to_metric_families(text):
            # Once each, in one piece, with a help and a type of its own.
            assert NAME.fullmatch(f.name) and f.name not in self.families, f.name
            assert f.documentation and f.type in ("counter", "gauge", "histogram"), f
            self.families[f.name] = f
            for s in f.samples:
                at = s.name, frozenset(s.labels.items())
                assert at not in self and s.value >= 0 and s.timestamp is None, s
                assert f.type != "counter" or s.name.endswith("_total"), s.name
                self[at] = s.value
        # (The parser takes lines that belong to no family it knows for families of their own.)
        assert text.count("# TYPE ") == text.count("# HELP ") == len(self.families)
        for f in self.families.values():
            if f.type == "histogram":
                self._histogram(f)

    def _histogram(self, f):
        for at in {(s.labels["program"], s.labels["pool"]) for s in f.samples}:
            own = dict(zip(("program", "pool"), at))
            le = [(float(s.labels["le"]), s.value) for s in f.samples
                  if s.name.endswith("_bucket") and own.items() <= s.labels.items()]
            assert le == sorted(le) and len({b for b, _ in le}) == len(le) and le[-1][0] == float("inf"), le
            assert [n for _, n in le] == sorted(n for _, n in le) and le[-1][1] == self.of(f"{f.name}_count", **own)
            assert self.of(f"{f.name}_sum", **own) >= 0

    def of(self, name, **labels):
        """The sum of those that have these labels."""
        return sum(v for (n, have), v in self.items() if n == f"gatepost_{name.removeprefix('gatepost_')}" and labels.items() <= dict(have).items())

    def rising(self):
        """What may never go back."""
        return {at: v for at, v in self.items() if at[0].endswith(("_total", "_bucket", "_count", "_sum"))}


def read(inst):
    r = inst.api("GET", "/metrics")
    assert r.status_code == 200 and r.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", r.headers
    assert r.headers["Cache-Control"] == "no-store"
    return Read(r.text)


def test_what_is_told(inst):
    got = read(inst)
    assert {f.removeprefix("gatepost_") for f in got.families} >= {
        "build_info", "start_time_seconds", "workers", "pool_processes", "pool_busy", "pool_waiting", "http_requests",
        "http_request_duration_seconds", "sign_ins", "database_errors", "database_up", "queue_jobs", "queue_cut",
        "queue_oldest_seconds", "deliveries", "provider_circuit"}
    assert got.of("database_up") == 1 and got.of("build_info") == 1 and got.of("workers") == 1
    # The one that answers is busy, and as many serve as are set up.
    assert got.of("pool_busy", pool="main") >= 1 and all(got.of("pool_processes", pool=p) > 0 for p in ("gate", "main", "hash", "out"))
    assert 0 < got.of("start_time_seconds") < 1e11
    problem(inst.api("POST", "/metrics", json={}), 405, "method_not_allowed")


def test_requests_and_sign_ins(inst):
    p = Person(inst)
    before = read(inst)
    forget_limits(inst)
    login = {"username": p.phone, "password": p.password}
    assert inst.api("POST", "/api/auth/login/", json={**login, "password": "Wrong-Word-1"}).status_code == 401
    assert inst.api("POST", "/api/auth/login/", json=login).status_code == 200
    token = inst.admin()
    assert inst.api("GET", "/api/admin/users/1/", token=token).status_code == 200
    assert inst.api("GET", "/api/admin/users/999/", token=token).status_code == 404
    assert inst.api("GET", "/api/none-such/").status_code == 404
    after = read(inst)

    def more(name, **labels):
        return after.of(name, **labels) - before.of(name, **labels)
    assert more("sign_ins_total", method="password", result="ok") == 2 and more("sign_ins_total", method="password", result="refused") == 1
    assert more("sign_ins_total") == 3
    route = {"route": "/api/auth/login/", "method": "POST"}
    assert (more("http_requests_total", **route, code="200"), more("http_requests_total", **route, code="401")) == (2, 1)
    # Templates, never what stood in their place; and what has none is one.
    assert more("http_requests_total", route="/api/admin/users/{id}/", code="200") == 1
    assert more("http_requests_total", route="/api/admin/users/{id}/", code="404") == 1
    assert more("http_requests_total", route="", code="404") == 1
    text = inst.api("GET", "/metrics").text
    assert "none-such" not in text and "999" not in re.findall(r"/users/(\w+)/", text) and p.phone.lstrip("+") not in text
    # The hash pool had three, and hashing takes its time; each request is in one bucket.
    assert more("http_request_duration_seconds_count", pool="hash") == 3 and more("http_request_duration_seconds_sum", pool="hash") > 0
    assert more("http_request_duration_seconds_count") == more("http_requests_total")


def test_deliveries_the_queue_and_a_circuit(inst):
    sms = {"channel": "sms", "provider": "kavenegar"}
    before = read(inst).of("deliveries_total", **sms, state="sent")
    Person(inst)
    wait_until("the code's delivery", lambda: read(inst).of("deliveries_total", **sms, state="sent") > before)
    inst.sandbox.fault("kavenegar", "status", status=403, times=1000)
    try:
        for _ in range(8):
            r = inst.api("POST", "/api/communications/sms/", token=inst.token, json={"to": "+989121234567", "message": "waits"})
            assert r.status_code in (200, 202), r.text
        seen = wait_until("an open circuit", lambda: (now := read(inst)).of("provider_circuit", provider="kavenegar", state="open") and now)
        assert seen.of("provider_circuit", provider="kavenegar") == 1
        assert sum(seen.of("queue_jobs", **sms, state=s) for s in ("later", "due", "leased", "leaving")) >= 1
    finally:
        inst.sandbox.heal()
        inst.rows("DELETE FROM job")
        inst.rows("UPDATE provider_state SET state = 'closed', until_at = NULL, failures = 0")
        inst.restart("worker")          # it has its own memory of the circuit
    # One that has been due for a minute, and will be for a while.
    inst.rows("INSERT INTO job (id, class, kind, notification_id, provider, run_at, expires_at, created_at) VALUES (1, 2, 2, 1, 'no-such',"
              " UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE, UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6))")
    try:
        seen = read(inst)
        assert 60 <= seen.of("queue_oldest_seconds", provider="no-such") < 180 and seen.of("queue_jobs", provider="no-such", state="due") == 1
    finally:
        inst.rows("DELETE FROM job WHERE id = 1")


class Jobs:
    """Some that are there while it is looked; too new for the purge of the dead."""
    SQL = ("INSERT INTO job (id, class, state, kind, notification_id, provider, run_at, expires_at, created_at)"
           " SELECT %s + seq, %s, %s, 2, 1 << 62, {}, UTC_TIMESTAMP(6) - INTERVAL %s SECOND, UTC_TIMESTAMP(6) + INTERVAL 1 DAY,"
           " UTC_TIMESTAMP(6) FROM seq_1_to_{}")

    def __init__(self, inst):
        self.inst, self.next = inst, 1

    def add(self, n, state, job_class=1, provider="'no-such'", due_s=None):
        self.inst.rows(self.SQL.format(provider, n), self.next, job_class, state, due_s)
        self.next += n

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.inst.rows(f"DELETE FROM job WHERE id <= {self.next}")


def test_what_is_held_hides_nothing(inst):
    """A digest or a pause holds by the thousand what has no time to run, as the leased and the dead have none."""
    with Jobs(inst) as jobs:
        jobs.add(1, 9)
        jobs.add(20001, 4)
        jobs.add(20001, 3)
        jobs.add(1, 1)
        jobs.add(1, 2)

        def told(name, job_class="transactional", **labels):
            return read(inst).of(name, provider="no-such", **{"class": job_class}, **labels)
        assert {s: told("queue_jobs", state=s) for s in ("later", "due", "leased", "leaving", "paused", "gathered", "dead")} == {
            "later": 0, "due": 0, "leased": 1, "leaving": 1, "paused": 20001, "gathered": 20001, "dead": 1}
        assert told("queue_cut") == 0
        # Where the bound is it is said; what has died since is told, and what another class holds is not its matter.
        jobs.add(10000, 4)
        jobs.add(1, 9)
        jobs.add(1, 9, job_class=2)
        assert told("queue_cut") == 1 and told("queue_jobs", state="dead") == 1
        assert told("queue_cut", "campaign") == 0 and told("queue_jobs", "campaign", state="dead") == 1


def test_codes_have_an_age_of_their_own(inst):
    with Jobs(inst) as jobs:
        jobs.add(1, 0, job_class=2, due_s=3600)
        jobs.add(1, 0, job_class=0, due_s=90)
        seen = read(inst)
        assert 3600 <= seen.of("queue_oldest_seconds", provider="no-such", **{"class": "campaign"}) < 3900
        assert 90 <= seen.of("queue_oldest_seconds", provider="no-such", **{"class": "critical"}) < 390
    # As the README's alert has it.
    with open(os.path.join(os.path.dirname(__file__), "../../README.md"), encoding="utf-8") as f:
        assert 'gatepost_queue_oldest_seconds{class="critical"}' in f.read()


def test_all_or_nothing_of_many_queues(inst):
    name = "CONCAT(RPAD('long-name', 18, '-'), seq)"
    with Jobs(inst) as jobs:
        jobs.add(150, 9, provider=name)
        inst.rows("INSERT INTO delivery_hour (hour, provider, channel, state, shard, n) SELECT"
                  " TIMESTAMP(UTC_DATE(), MAKETIME(HOUR(UTC_TIME()), 0, 0)), CONCAT('made-', seq), 'sms', 'sent', 0, seq"
                  " FROM seq_1_to_600")
        seen = read(inst)
        told = [dict(have)["provider"] for n, have in seen if n == "gatepost_queue_jobs" and ("state", "dead") in have]
        assert sum(t.startswith("long-name") for t in told) == 150
        assert [seen.of("deliveries_total", provider=f"made-{i}") for i in range(1, 601)] == list(range(1, 601))
        # More than an answer holds: not a line of it is cut.
        jobs.add(4000, 9, provider=name)
        seen = read(inst)
        assert seen.of("database_up") == 0 and not {"gatepost_queue_jobs", "gatepost_deliveries"} & set(seen.families)
        assert seen.of("http_requests_total") > 0 and "metrics_too_long" in inst.log("api")
    assert read(inst).of("database_up") == 1


def test_a_master_beside_the_other(inst):
    """gatepost-out's counters begin with it, not with the other's; and killed whole it has no processes."""
    with open(f"{inst.run}/api.cmd", encoding="utf-8") as f:
        argv = " ".join(map(shlex.quote, shlex.split(f.read())))
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(f"{inst.run}/beside")
    sock.listen(64)

    def begin():
        systemd = f"exec 3<&{sock.fileno()}; export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=out; "
        child = subprocess.Popen(["bash", "-c", f"{systemd} exec {argv} --only out"],
                                 stderr=subprocess.DEVNULL, pass_fds=[sock.fileno()], start_new_session=True)
        wait_until("its start", lambda: read(inst).of("pool_processes", pool="out") > alone)
        return child
    alone = read(inst).of("pool_processes", pool="out")
    child = begin()
    try:
        assert ask(f"{inst.run}/beside", uri="/api/auth/social/nobody/start")[0] == 404
        was = wait_until("its count", lambda: (now := read(inst)).of("http_requests_total", program="out") and now)
        assert was.of("start_time_seconds", program="out") > was.of("start_time_seconds", program="api") > 0
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(20)
        wait_until("nobody left", lambda: read(inst).of("pool_processes", pool="out") == alone)
        child = begin()
        # (A process looks for a new file four times a second.)
        since = was.of("start_time_seconds", program="out")
        now = wait_until("its new file", lambda: (now := read(inst)).of("start_time_seconds", program="out") > since and now)
        assert now.of("http_requests_total", program="out") == 0
        back = {at for at, v in was.rising().items() if now.get(at, 0) < v }
        assert back and all(dict(have).get("program") == "out" for _, have in back), back
    finally:
        child.terminate()
        child.wait(20)
        sock.close()
        os.unlink(f"{inst.run}/beside")


def test_nothing_goes_back(inst):
    """Neither by a reload nor with a child that is killed; by a new master all of it, and it says since when."""
    Person(inst)
    last = read(inst)

    def not_less():
        nonlocal last
        now = read(inst)
        assert {at: (v, now.get(at)) for at, v in last.rising().items() if now.get(at, -1) < v} == {}
        last = now
    for n in range(3):
        for _ in range(6):
            not_less()
        if n == 1:
            was = set(children(inst))
            inst.send_signal("api", signal.SIGHUP)
            wait_until("the reload", lambda: not was & set(children(inst)))
        else:
            was = set(children(inst))
            for pid in was:
                os.kill(pid, signal.SIGKILL)
            wait_until("their successors", lambda: len(set(children(inst)) - was) >= len(was))
            inst.ready()
    not_less()
    born = last.of("start_time_seconds")
    inst.restart("api")
    inst.ready()
    now = read(inst)
    assert now.of("start_time_seconds") > born and now.of("http_requests_total") < last.of("http_requests_total")
    # That the database has outlives it.
    assert now.of("deliveries_total") >= last.of("deliveries_total") > 0


def test_without_a_database(inst):
    before = read(inst)
    inst.kill("db")
    try:
        wait_until("the outage", lambda: inst.api("GET", "/api/health/ready").status_code == 503)
        gone = read(inst)
        assert gone.of("database_up") == 0 and "gatepost_queue_jobs" not in gone.families and "gatepost_deliveries" not in gone.families
        assert gone.of("http_requests_total", route="/api/health/ready", code="503") >= 1
        assert gone.of("database_errors_total", program="api") > before.of("database_errors_total", program="api")
        wait_until("the worker's word", lambda: read(inst).of("database_errors_total", program="worker") > before.of("database_errors_total", program="worker"))
    finally:
        inst.start("db")
    inst.ready()
    wait_until("the database", lambda: read(inst).of("database_up") == 1)


@pytest.mark.parametrize("language, said", [("en", "Not allowed"), ("fa", "مجاز نیست")])
def test_nobody_else_is_told(inst, language, said):
    r = inst.api("GET", "/metrics", source=FOREIGN, headers={"Accept-Language": language, "X-Forwarded-For": "127.0.0.1"})
    assert problem(r, 403, "forbidden")["title"] == said and "gatepost_" not in r.text
    assert inst.api("GET", "/metrics", source=FOREIGN, token=inst.token).status_code == 403
