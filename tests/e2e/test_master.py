"""gatepost-api's master on real sockets and a private MariaDB: pools, reload,
drain, crash, recycling, stuck children, systemd's sockets, plain CGI.

Requests are FastCGI, spoken here as nginx speaks it (no keep-alive)."""

import concurrent.futures
import grp
import os
import pathlib
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from crowd import Crowd
from fcgi_ask import answer, ask, connect, message, pair, record

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("GATEPOST_BUILD")
API = f"{BUILD}/gatepost-api"

pytestmark = pytest.mark.skipif(BUILD is None, reason="GATEPOST_BUILD is not set")


def wait_until(what, test, seconds=15):
    end = time.monotonic() + seconds
    while not (got := test()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return got


# --- a database and a master ----------------------------------------------------

@pytest.fixture(scope="module")
def database():
    """The environment that tests/lib/with-mariadb gives."""
    with tempfile.TemporaryDirectory() as d:
        p = subprocess.Popen([ROOT / "tests/lib/with-mariadb", "sh", "-c",
                              f"env > {d}/x && mv {d}/x {d}/env; cat"], stdin=subprocess.PIPE)
        try:
            wait_until("mariadb", lambda: os.path.exists(f"{d}/env"), 60)
            yield dict(line.split("=", 1) for line in open(f"{d}/env").read().splitlines()
                       if line.startswith(("GATEPOST_DB", "GATEPOST_SQL", "TEST_DB")))
        finally:
            p.stdin.close()
            p.wait(30)


class Master:
    def __init__(self, database, **conf):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gpm."))
        self.run = self.dir / "run"
        self.env = {"PATH": os.environ["PATH"]}
        self.conf = {"GATEPOST_PUBLIC_URL": "https://localhost:9443",
                     "GATEPOST_RUN_DIR": self.run, "GATEPOST_KEY_DIR": self.dir / "keys",
                     **{k: v for k, v in database.items() if not k.startswith("TEST")}, **conf}
        self.write()
        subprocess.run([f"{BUILD}/gatepostctl", "--config", self.file, "keys", "generate"],
                       check=True, env=self.env, stdout=subprocess.DEVNULL)
        self.process = None

    def write(self, **more):
        self.conf.update(more)
        self.file = self.dir / "gatepost.env"
        self.file.touch(0o600)
        self.file.write_text("".join(f"{k}={v}\n" for k, v in self.conf.items()))

    def launch(self, *args, **more):
        self.log_file = open(self.dir / "log", "ab")
        return subprocess.Popen([API, "--config", str(self.file), *args], env=self.env,
                                stderr=self.log_file, **more)

    def start(self, *args, **more):
        self.process = self.launch(*args, **more)
        wait_until("start", lambda: "serving with" in self.log(), 20)
        return self

    def log(self):
        return (self.dir / "log").read_text()

    def sock(self, pool="main"):
        return self.run / f"{pool}.sock"

    def children(self, name=None, of=None):
        """pid -> name of the live children, of another master's process if that is given."""
        out, of = {}, (of or self.process).pid
        for pid in open(f"/proc/{of}/task/{of}/children").read().split():
            try:
                comm = open(f"/proc/{pid}/comm").read().strip()
                if open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z":
                    continue
            except OSError:
                continue
            if name is None or comm == name:
                out[int(pid)] = comm
        return out

    def settled(self, name, n, but=()):
        return wait_until(f"{n} of {name}", lambda: len(
            set(self.children(name)) - set(but)) == n and self.children(name))

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(40)

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        # Its children may just be taking their sockets away.
        subprocess.run(["rm", "-rf", self.dir], check=False)


@pytest.fixture
def make(database):
    made = []

    def one(**conf):
        made.append(Master(database, **conf))
        return made[-1]
    yield one
    for m in made:
        m.end()


class Asking(Crowd):
    """FastCGI requests from `n` threads; every failure is kept."""

    def __init__(self, path, n=4, **more):
        super().__init__([self._ask] * n)
        self.path, self.more = path, more
        self.done, self.failed = 0, []

    def _ask(self):
        try:
            status, _ = ask(self.path, **self.more)
            if status != 200:
                self.failed.append(status)
        except OSError as e:
            self.failed.append(repr(e))
        self.done += 1
        time.sleep(0.002)


# --- what it is -----------------------------------------------------------------

def test_pools_sockets_and_files(make):
    m = make(GATEPOST_POOL_MAIN=3, GATEPOST_POOL_GATE=1, GATEPOST_POOL_HASH=2, GATEPOST_POOL_OUT=1).start()
    # Two lanes, and two children more that talk to the database meanwhile.
    want = ["gp-gate", "gp-hash", "gp-hash", "gp-hash", "gp-hash", "gp-lane", "gp-lane", "gp-main", "gp-main",
            "gp-main", "gp-out", "gp-revoke"]
    wait_until("children", lambda: sorted(m.children().values()) == want)
    for pid in [*m.settled("gp-hash", 4), *m.children("gp-lane")]:
        assert wait_until("nice", lambda: os.getpriority(os.PRIO_PROCESS, pid) == 19)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert all(os.getpriority(os.PRIO_PROCESS, p) == ours for p in m.children("gp-main"))
    for pool in ("gate", "main", "hash", "out"):
        assert stat.S_IMODE(m.sock(pool).stat().st_mode) == 0o660
    assert (m.run / "api.pid").read_text() == f"{m.process.pid}\n"
    assert ask(m.sock()) == (200, b'{"status":"ok"}')
    assert ask(m.sock("gate"), uri="/api/auth/gate")[0] == 401
    assert ask(m.sock("hash"))[0] == 503            # a row of another pool
    wait_until("ready", lambda: ask(m.sock(), uri="/api/health/ready")[0] == 200)
    assert m.stop() == 0
    assert sorted(p.name for p in m.run.iterdir()) == ["bell", "shm", "wait"]


def test_socket_group(make):
    name = grp.getgrgid(os.getgid()).gr_name
    m = make(GATEPOST_SOCKET_GROUP=name).start()
    assert m.sock().stat().st_gid == os.getgid()
    assert m.stop() == 0


def test_pool_options_win(make):
    m = make().start("--pool", "main=2", "--pool", "gate=1")
    m.settled("gp-main", 2)
    m.settled("gp-gate", 1)


@pytest.mark.parametrize("args", [["--pool", "main=0"], ["--pool", "x=1"], ["--what"], ["x"],
                                  ["--pool", "main"], ["--pool", "main=9999"]])
def test_wrong_arguments_are_usage(make, args):
    p = make().launch(*args)
    assert p.wait(20) == 64


def test_start_is_refused_on_bad_settings(make):
    m = make()
    m.write(GATEPOST_NO_SUCH_KEY=1)
    assert m.launch().wait(20) == 78
    assert "GATEPOST_NO_SUCH_KEY" in m.log()


def test_a_second_master_is_refused_and_harmless(make):
    m = make().start()
    assert m.launch().wait(20) == 78
    assert "another process serves it" in m.log()
    assert ask(m.sock())[0] == 200


def test_left_over_sockets_are_taken_over(make):
    m = make().start()
    old = m.children()
    m.process.kill()
    m.process.wait()
    # Its children end with it.
    wait_until("orphans gone", lambda: not any(os.path.exists(f"/proc/{p}") for p in old))
    assert m.sock().exists()
    (m.dir / "log").write_text("")
    m.start()
    assert ask(m.sock())[0] == 200


# --- no failed request ------------------------------------------------------------

def test_reload_fails_no_request(make):
    m = make().start()
    m.settled("gp-main", 4)
    with Asking(m.sock()) as load:
        for _ in range(15):
            old = m.children()
            m.process.send_signal(signal.SIGHUP)
            wait_until("new children", lambda: not set(m.children()) & set(old) and
                       len(m.children()) == len(old))
    assert load.failed == []
    assert load.done > 100


def test_reload_reads_the_settings(make):
    m = make(GATEPOST_POOL_MAIN=2).start()
    m.settled("gp-main", 2)
    m.write(GATEPOST_POOL_MAIN=5)
    m.process.send_signal(signal.SIGHUP)
    m.settled("gp-main", 5)


def test_a_broken_reload_changes_nothing(make):
    m = make().start()
    old = m.settled("gp-main", 4)
    m.write(GATEPOST_WRONG=1)
    m.process.send_signal(signal.SIGHUP)
    wait_until("refusal", lambda: "the old settings stay" in m.log())
    assert m.children("gp-main") == old
    assert ask(m.sock())[0] == 200


def test_recycling_fails_no_request(make):
    m = make(GATEPOST_RECYCLE=20, GATEPOST_POOL_MAIN=2).start()
    first = m.settled("gp-main", 2)
    with Asking(m.sock()) as load:
        wait_until("recycled", lambda: not set(m.children("gp-main")) & set(first))
        seen = m.children("gp-main")
        wait_until("again", lambda: not set(m.children("gp-main")) & set(seen))
    assert load.failed == []
    m.settled("gp-main", 2)


def test_stop_answers_whoever_is_connected(make):
    """Connections that stand in the backlog when TERM comes are served."""
    m = make(GATEPOST_POOL_MAIN=1).start()
    child, = m.settled("gp-main", 1)
    ask(m.sock())
    os.kill(child, signal.SIGSTOP)
    waiting = [connect(m.sock()) for _ in range(40)]
    for s in waiting:
        s.sendall(message())
    m.process.send_signal(signal.SIGTERM)
    wait_until("unlinked", lambda: not m.sock().exists())
    os.kill(child, signal.SIGCONT)
    assert [answer(s)[0] for s in waiting] == [200] * 40
    assert m.process.wait(20) == 0


def test_a_killed_child_is_replaced(make):
    m = make(GATEPOST_POOL_MAIN=2).start()
    for name, n in (("gp-main", 2), ("gp-gate", 2), ("gp-revoke", 1)):
        old = m.settled(name, n)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait_until("replaced", lambda: len(set(m.children(name)) - set(old)) == n)
    assert ask(m.sock())[0] == 200
    assert m.stop() == 0


def test_a_stuck_child_is_killed_and_the_rest_serves(make):
    m = make(GATEPOST_DEADLINE_S=2, GATEPOST_POOL_MAIN=2).start()
    old = m.settled("gp-main", 2)
    with connect(m.sock()) as s:
        # Begins a request and never ends its parameters.
        s.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, pair(b"A", b"b")))
        began = time.monotonic()
        with Asking(m.sock(), n=1) as load:
            wait_until("killed", lambda: len(set(m.children("gp-main")) & set(old)) == 1, 20)
            assert time.monotonic() - began > 2
        assert load.failed == []
    m.settled("gp-main", 2)
    assert "is stuck in a request" in m.log()


def test_a_peer_that_sends_nothing_holds_a_child_briefly(make):
    m = make(GATEPOST_POOL_MAIN=1).start()
    m.settled("gp-main", 1)
    idle = [connect(m.sock()) for _ in range(3)]
    began = time.monotonic()
    assert ask(m.sock())[0] == 200
    assert time.monotonic() - began < 1.9           # libfcgi's own wait is 2 s each
    for s in idle:
        s.close()


def test_hostile_records_harm_nobody(make):
    m = make(GATEPOST_POOL_MAIN=2).start()
    m.settled("gp-main", 2)
    begin = record(1, struct.pack(">HB5x", 1, 0))
    hostile = [
        b"GET / HTTP/1.0\r\n\r\n", b"\0" * 64, b"\xff" * 4096, begin * 50,
        begin + record(4, b"\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 100) + record(4, b""),
        begin + record(4, struct.pack(">II", 0xffffffff, 0x7fffffff)) + record(4, b""),
        begin + record(4, pair(b"A" * 300, b"b" * 60000)) + record(4, b"") + record(5, b""),
        begin + record(4, b"\x80") + record(4, b"") + record(5, b""),
        begin + record(4, pair(b"REQUEST_METHOD", b"GET")) + record(4, b"") + record(5, b""),
        begin + b"".join(record(4, pair(b"N%d" % i, b"v")) for i in range(3000)) +
        record(4, b"") + record(5, b""),
    ]
    for data in hostile:
        with connect(m.sock()) as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                answer(s)
            except (OSError, struct.error, IndexError):
                pass
        assert ask(m.sock())[0] == 200
    assert "killed by signal" not in m.log()


# --- systemd, CGI, the worker -------------------------------------------------------

def notified(s):
    try:
        return s.recv(200)
    except BlockingIOError:
        return b""


def test_supervisor_is_told(make):
    m = make()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(m.dir / "notify"))
        s.settimeout(20)
        m.env.update(NOTIFY_SOCKET=str(m.dir / "notify"), WATCHDOG_USEC="400000")
        m.start()
        assert s.recv(200) == b"READY=1"
        assert s.recv(200) == b"WATCHDOG=1"
        assert s.recv(200) == b"WATCHDOG=1"
        assert m.stop() == 0
        said = b""
        while said != b"STOPPING=1":
            said = s.recv(200)


def listening(path, backlog=64):
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(path))
    s.listen(backlog)
    return s


def with_fds(m, sockets, *args):
    """Start it as systemd does: sockets from fd 3 on, named."""
    names = ":".join(sockets)
    script = "".join(f"exec {9 + i}<&{s.fileno()}; " for i, s in enumerate(sockets.values()))
    script += "".join(f"exec {3 + i}<&{9 + i} {9 + i}<&-; " for i in range(len(sockets)))
    script += f"export LISTEN_FDS={len(sockets)} LISTEN_PID=$$ LISTEN_FDNAMES={names}; "
    script += f"exec {API} --config {m.file} " + " ".join(args)
    m.log_file = open(m.dir / "log", "ab")
    return subprocess.Popen(["bash", "-c", script], env=m.env, stderr=m.log_file,
                            pass_fds=[s.fileno() for s in sockets.values()])


def test_r13_sockets_of_systemd_outlive_a_restart(make):
    m = make()
    socks = {n: listening(m.dir / n) for n in ("hash", "main", "gate")}
    try:
        m.process = with_fds(m, socks)
        wait_until("start", lambda: "serving with" in m.log())
        assert ask(m.dir / "main")[0] == 200
        assert ask(m.dir / "gate", uri="/api/auth/gate")[0] == 401
        assert not m.children("gp-out")             # no socket, no children
        with Asking(m.dir / "main") as load:
            for _ in range(3):
                m.process.send_signal(signal.SIGTERM)
                assert m.process.wait(20) == 0
                (m.dir / "log").write_text("")
                m.process = with_fds(m, socks)
                wait_until("start", lambda: "serving with" in m.log())
        assert load.failed == []
        assert (m.dir / "main").exists()
    finally:
        for s in socks.values():
            s.close()


def test_d2_a_pool_of_its_own_service_stands_beside_the_others(make):
    """As gatepost-api.service and gatepost-out.service do: one run directory, and neither's end is the other's."""
    m = make()
    socks = {n: listening(m.dir / n) for n in ("hash", "main", "gate")}
    out = listening(m.dir / "out")
    beside = None
    try:
        m.process = with_fds(m, socks)
        wait_until("start", lambda: "serving with" in m.log())
        beside = with_fds(m, {"out": out}, "--only", "out")
        wait_until("the other's start", lambda: m.log().count("serving with") == 2)
        wait_until("its children", lambda: set(m.children(of=beside).values()) == {"gp-out", "gp-revoke"})
        wait_until("the others", lambda: set(m.children().values()) == {"gp-gate", "gp-main", "gp-hash", "gp-lane", "gp-revoke"})
        assert (m.run / "api.pid").read_text() == f"{m.process.pid}\n"
        assert (m.run / "out.pid").read_text() == f"{beside.pid}\n"
        # Each has its own list and scoreboard: one writer a file.
        assert (m.run / "shm").stat().st_ino != (m.run / "shm-out").stat().st_ino
        assert ask(m.dir / "out", uri="/api/auth/social/nobody/start")[0] == 404
        assert ask(m.dir / "out", uri="/api/health/live")[0] != 200     # a row of another pool
        for _ in range(2):
            beside.send_signal(signal.SIGTERM)
            assert beside.wait(20) == 0 and not (m.run / "out.pid").exists()
            assert ask(m.dir / "main")[0] == 200 and ask(m.dir / "gate", uri="/api/auth/gate")[0] == 401
            (m.dir / "log").write_text("")
            beside = with_fds(m, {"out": out}, "--only", "out")
            wait_until("start", lambda: "serving with" in m.log())
        m.process.send_signal(signal.SIGTERM)
        assert m.process.wait(20) == 0
        assert ask(m.dir / "out", uri="/api/auth/social/nobody/start")[0] == 404
    finally:
        if beside is not None:
            beside.kill()
            beside.wait(20)
        for s in (*socks.values(), out):
            s.close()


def test_only_takes_its_own_socket_and_no_other(make):
    m = make()
    sock = listening(m.dir / "main")
    try:
        p = with_fds(m, {"main": sock}, "--only", "out")
        assert p.wait(20) == 78 and "serves no pool of ours" in m.log()
    finally:
        sock.close()
    assert subprocess.run([API, "--config", m.file, "--only", "nope"], env=m.env, stderr=subprocess.DEVNULL).returncode == 64
    # Without systemd it binds that one.
    m.process = subprocess.Popen([API, "--config", m.file, "--only", "out"], env=m.env, stderr=open(m.dir / "log", "ab"))
    wait_until("start", lambda: "serving with" in m.log())
    assert sorted(p.name for p in m.run.glob("*.sock")) == ["out.sock"]
    m.process.send_signal(signal.SIGTERM)
    assert m.process.wait(20) == 0 and not list(m.run.glob("*.sock"))


def test_a_listening_stdin_makes_one_responder_for_every_row(make):
    m = make()
    with listening(m.dir / "one") as s:
        m.process = m.launch(stdin=s)
        assert ask(m.dir / "one")[0] == 200
        assert ask(m.dir / "one", uri="/api/auth/gate")[0] == 401
        assert ask(m.dir / "one", method="POST", uri="/api/auth/login/")[0] == 400
        assert ask(m.dir / "one", uri="/api/health/ready")[0] == 200
        m.process.send_signal(signal.SIGTERM)
        assert m.process.wait(20) == 0


def test_plain_cgi(make):
    m = make()
    env = {**m.env, "REQUEST_METHOD": "POST", "REQUEST_URI": "/api/auth/token/verify/",
           "CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1"}
    p = subprocess.run([API, "--cgi", "--config", m.file], env=env, input=b"{}",
                       capture_output=True, timeout=20)
    assert p.returncode == 0
    assert p.stdout.startswith(b"Status: 400 Bad Request\r\n")
    assert b'"errors":{"token":["This field is required."]}' in p.stdout


def test_the_worker_is_hosted_and_kept_alive(make):
    m = make()
    worker = m.dir / "worker"
    worker.write_text(f'#!/bin/sh\necho "$$ $*" >> {m.dir}/started\nexec sleep 1000\n')
    worker.chmod(0o755)
    m.start("--with-worker", str(worker))

    def started():
        p = m.dir / "started"
        return p.read_text().splitlines() if p.exists() else []
    first = wait_until("worker", started)[0]
    assert first.endswith(f"--config {m.file}")
    os.kill(int(first.split()[0]), signal.SIGKILL)
    wait_until("again", lambda: len(started()) == 2)
    second = int(started()[1].split()[0])
    assert m.stop() == 0
    assert not os.path.exists(f"/proc/{second}")


# --- the database -------------------------------------------------------------------

def server(database, what):
    subprocess.run([database["TEST_DB_SERVER"], what], check=True)


def test_start_without_a_database_and_gate_without_it(make, database):
    server(database, "stop")
    try:
        m = make().start()
        assert ask(m.sock("gate"), uri="/api/auth/gate")[0] == 401
        assert ask(m.sock())[0] == 200
        status, body = ask(m.sock(), uri="/api/health/ready")
        assert status == 503 and b'"code":"unavailable"' in body
    finally:
        server(database, "start")
    wait_until("ready", lambda: ask(m.sock(), uri="/api/health/ready")[0] == 200)
    assert m.stop() == 0


def test_requests_meanwhile_are_503_and_nothing_else(make, database):
    m = make(GATEPOST_LIMITS_LOOPBACK="no").start()
    wait_until("ready", lambda: ask(m.sock(), uri="/api/health/ready")[0] == 200)
    body = b'{"register_id": "' + b"a" * 22 + b'", "otp_code": "123456"}'
    seen = set()
    over = threading.Event()

    def hammer():
        while not over.is_set():
            seen.add(ask(m.sock(), method="POST", uri="/api/auth/otp/verify/", body=body,
                         CONTENT_TYPE="application/json")[0])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(hammer) for _ in range(2)]
        try:
            wait_until("answers", lambda: 400 in seen)
            server(database, "kill")
            wait_until("503", lambda: 503 in seen)
        finally:
            server(database, "start")
        seen.clear()
        wait_until("back", lambda: 400 in seen)
        over.set()
        for j in jobs:
            j.result()
    assert seen <= {400, 503}
    assert m.stop() == 0
