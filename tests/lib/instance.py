"""A whole Gatepost for a test: started, stopped and broken at will.

Owns: a private instance made by scripts/quickstart --no-demo (so what tests
run is what a newcomer runs), in a temporary directory on a free port, from the
programs in GATEPOST_BUILD.  bench and crash look at a running instance; this
one makes and unmakes it.
What must stay true: only processes that the instance's own pid files name are
signalled, and every wait has a deadline.

    inst = Instance()                     # or Instance(conf={"GATEPOST_ANON_DAY": "5"})
    inst.api("POST", "/api/auth/login/", json={...}).status_code
    inst.db().execute(...)                # a pymysql cursor of the database's root
    inst.sandbox.messages(channel="sms", to="+98912...")
    inst.kill("worker"); inst.restart("worker"); inst.stop()
"""
import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import pymysql
import requests

from ports import free_port

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = ("db", "sandbox", "api", "worker", "live", "nginx")


DEADLOCK = 1213         # ER_LOCK_DEADLOCK: undone, to be done again

# The cheapest hash there may be: most tests sign people in, few look at how.
CHEAP_HASH = {"GATEPOST_ARGON2_M_KIB": "8192", "GATEPOST_ARGON2_T": "1"}
REAL_HASH = {"GATEPOST_ARGON2_M_KIB": "19456", "GATEPOST_ARGON2_T": "2"}


def sanitized():
    """Do the programs keep what they freed, to catch its use?  Then their memory tells nothing."""
    with open(os.environ["GATEPOST_BUILD"] + "/gatepost-api", "rb") as f:
        return b"__asan_init" in f.read()


def wait_until(what, test, seconds=15, pause=0.02):
    """Polls test() until it is true and returns its value; AssertionError after the time."""
    end = time.monotonic() + seconds
    while True:
        got = test()
        if got:
            return got
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(pause)


def _private(path, flags):
    return os.open(path, flags, 0o600)


def read_env(path):
    values = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            key, eq, value = line.strip().partition("=")
            if eq and not key.startswith("#"):
                values[key] = value[1:-1] if value[:1] == value[-1:] == '"' and len(value) > 1 else value
    return values


class Sandbox:
    """The emulators' own JSON API (tests/sandbox)."""

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def _call(self, method, path, **more):
        r = self.http.request(method, self.url + path, timeout=15, **more)
        assert r.ok, f"sandbox {method} {path}: {r.status_code} {r.text}"
        return r.json() if r.content else None

    def messages(self, **query):
        return self._call("GET", "/messages", params=query)

    def clear(self):
        self._call("DELETE", "/messages")

    def fault(self, provider, mode, **more):
        self._call("PUT", f"/faults/{provider}", json={"mode": mode, **more})

    def heal(self):
        self._call("DELETE", "/faults")

    def counts(self):
        return self._call("GET", "/counts")

    def subscription(self, **more):
        """A browser's push subscription; the sandbox is the browser."""
        return self._call("POST", "/push/subscriptions", json=more)

    def unsubscribe(self, subscription):
        self._call("DELETE", f"/push/subscriptions/{subscription['id']}")

    def wait(self, seconds=15, count=1, **query):
        """The newest messages, as soon as there are `count`."""
        def enough():
            got = self.messages(**query)
            return got if len(got) >= count else None
        return wait_until(f"{count} messages for {query}", enough, seconds)

    def code(self, to, channel="sms", after=(), seconds=15):
        """The newest six-digit code for `to`, not one of `after`."""
        def newest():
            for m in self.messages(channel=channel, to=to):
                found = re.search(r"(?<!\d)\d{6}(?!\d)", m["text"] or "")
                if found and found.group() not in after:
                    return found.group()
            return None
        return wait_until(f"a code for {to}", newest, seconds)


class Instance:
    def __init__(self, conf=None, workers=1, directory=None, env=None, demo=False):
        self.own = directory is None
        self.dir = directory or tempfile.mkdtemp(prefix="gpi-")
        self.port = free_port()
        self.conf = {**CHEAP_HASH, **(conf or {})}
        self.workers = workers
        self.extra_env = dict(env or {})
        # Connections, not cookies: a handshake costs more than most requests.
        self._new_connections()
        try:
            self._quickstart(demo)
        except BaseException:
            self.stop()
            raise

    # --- whole ---------------------------------------------------------------

    def _quickstart(self, demo=False):
        argv = [f"{TOP}/scripts/quickstart", "--quiet", "--dir", self.dir,
                "--port", str(self.port), "--workers", str(self.workers)]
        if not demo:
            argv.append("--no-demo")
        for key, value in self.conf.items():
            argv += ["--set", f"{key}={value}"]
        done = subprocess.run(argv, env={**os.environ, **self.extra_env}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"quickstart failed:\n{done.stdout}"
        self.dir = os.path.realpath(self.dir)
        self.env = read_env(f"{self.dir}/instance.env")
        self.settings = read_env(f"{self.dir}/gatepost.env")
        self.url = self.env["GATEPOST_URL"]
        self.ca = self.env["GATEPOST_CA"]
        self.token = self.env["GATEPOST_ADMIN_TOKEN"]
        self.run = os.path.realpath(f"{self.dir}/run")
        self.sandbox = Sandbox(self.env["GATEPOST_SANDBOX_URL"])

    def configure(self, parts=("api", "worker", "live"), **conf):
        """Change settings as `quickstart --set` does (None: not set); `parts`, those that read them, are started again."""
        for name, header in (("override.env", ""), ("gatepost.env", "# Changed by a test.\n")):
            path = f"{self.dir}/{name}"
            values = read_env(path) if os.path.exists(path) else {}
            values = {k: v for k, v in {**values, **conf}.items() if v is not None}
            mark = '"' if header else ""
            with open(f"{path}.new", "w", encoding="utf-8", opener=_private) as f:
                f.write(header + "".join(f"{k}={mark}{v}{mark}\n" for k, v in sorted(values.items())))
            os.rename(f"{path}.new", path)
        self.settings = read_env(f"{self.dir}/gatepost.env")
        for part in parts:
            self.restart(part)
        if "worker" in parts:
            for i in range(2, self.workers + 1):
                self.restart(f"worker-{i}")
        self.ready()

    @contextlib.contextmanager
    def changed(self, parts=("api", "worker", "live"), **conf):
        """These settings for a while."""
        was = {k: self.settings.get(k) for k in conf}
        self.configure(parts, **conf)
        try:
            yield self
        finally:
            self.configure(parts, **was)

    def stop(self):
        subprocess.run([f"{TOP}/scripts/stop", "--quiet", "--dir", self.dir, *["--discard"] * self.own], check=False)
        if self.own:
            run = os.path.realpath(f"{self.dir}/run")
            if not run.startswith(os.path.realpath(self.dir) + "/"):
                shutil.rmtree(run, ignore_errors=True)
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        try:
            if failed is None and self.own and self.pid("db"):
                self.accounted()
        finally:
            self.stop()

    def accounted(self):
        """Every delivery that is over says why, in a word that has its sentence: none is "failed: unknown"."""
        with open(f"{TOP}/fcgi-app/base/reason_rows.def", encoding="utf-8") as f:
            known = re.findall(r'^REASON\("([a-z0-9_]+\*?)"', f.read(), re.M)
        word = re.compile("|".join(w.replace("*", ".+") for w in known))
        over = self.rows("SELECT state, reason, MIN(notification_id) AS id FROM delivery WHERE state IN"
                         " ('failed', 'skipped', 'expired', 'cancelled', 'unsure') GROUP BY state, reason")
        bad = [r for r in over if not word.fullmatch(r["reason"])]
        assert known and not bad, f"ended without a reason that has a sentence: {bad}"

    def _new_connections(self):
        self.kept = requests.adapters.HTTPAdapter(pool_maxsize=64)

    # --- parts ----------------------------------------------------------------

    def pid(self, part):
        """The pid of a running part, or None."""
        try:
            with open(f"{self.run}/{part}.pid", encoding="ascii") as f:
                pid = int(f.read().split()[0])
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read().decode(errors="replace")
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                state = f.read().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
            return None
        ours = self.dir in line or self.run in line
        return pid if ours and state not in "ZX" else None

    def send_signal(self, part, sig):
        pid = self.pid(part)
        assert pid, f"{part} is not running"
        self._new_connections()
        os.kill(pid, sig)
        return pid

    def kill(self, part, sig=signal.SIGKILL, seconds=40):
        """End a part and see it gone."""
        pid = self.send_signal(part, sig)
        wait_until(f"end of {part}", lambda: self.pid(part) != pid, seconds, 0.005)

    def start(self, part):
        """Start a part that is down, by the command line it had.  (nginx makes
        itself a daemon and writes its own pid; end it by SIGQUIT or SIGTERM,
        for its workers outlive a killed master.)"""
        with open(f"{self.run}/{part}.cmd", encoding="utf-8") as f:
            argv = shlex.split(f.read())
        if part == "sandbox":
            os.unlink(f"{self.run}/sandbox.ready")
        clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"),
                 "LANG": "C.UTF-8", "TZ": "UTC"}
        with open(f"{self.dir}/log/{part}.log", "ab") as out:
            child = subprocess.Popen(argv, env=clean, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                     start_new_session=True, umask=0o077)
        if part == "nginx":
            assert child.wait(20) == 0, self.log("nginx")
            return wait_until("nginx", lambda: self.pid("nginx"))
        with open(f"{self.run}/{part}.pid", "w", encoding="ascii") as f:
            f.write(f"{child.pid}\n")
        self.children = [c for c in getattr(self, "children", []) if c.poll() is None] + [child]
        # A process that has only just begun has no command line to be known by.
        wait_until(f"{part} to be seen", lambda: self.pid(part) or child.poll() is not None)
        if part == "sandbox":
            wait_until("the sandbox", lambda: os.path.exists(f"{self.run}/sandbox.ready"))
        if part == "db":
            wait_until("the database", self._db_answers, 60)
        return child.pid

    def restart(self, part, sig=signal.SIGTERM):
        if self.pid(part):
            self.kill(part, sig)
        return self.start(part)

    def ready(self, seconds=20):
        wait_until("readiness", lambda: self.api("GET", "/api/health/ready").status_code == 200, seconds)

    def log(self, part):
        with open(f"{self.dir}/log/{part}.log", encoding="utf-8", errors="replace") as f:
            return f.read()

    # --- the database, as its root ----------------------------------------------

    def connect(self):
        import getpass
        return pymysql.connect(unix_socket=self.env["GATEPOST_DB_SOCKET"], user=getpass.getuser(),
                               database=self.env["GATEPOST_DB_NAME"], autocommit=True, charset="utf8mb4",
                               cursorclass=pymysql.cursors.DictCursor)

    def _db_answers(self):
        try:
            self.connect().close()
            return True
        except pymysql.err.OperationalError:
            return False

    def db(self):
        """A cursor giving rows as dicts; close()d with its connection by the garbage collector."""
        return self.connect().cursor()

    def rows(self, sql, *args):
        """One statement of a test's own.  Where it and the service lock the same
        rows the database undoes one of them; here it is done again."""
        c = self.connect()
        try:
            for attempt in range(10):
                try:
                    with c.cursor() as cursor:
                        cursor.execute(sql, args)
                        return list(cursor.fetchall())
                except pymysql.err.OperationalError as e:
                    if e.args[0] != DEADLOCK or attempt == 9:
                        raise
        finally:
            c.close()

    # --- the API --------------------------------------------------------------------

    def api(self, method, path, token=None, session=None, source=None, **more):
        """A request through nginx.  token: bearer; session: a requests.Session with
        cookies; source: the local address to come from (limits: 127.0.0.3)."""
        headers = dict(more.pop("headers", None) or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        http = session
        if http is None:
            http = requests.Session()
            http.trust_env = False
            http.mount("https://", self.kept)
        if source:
            http.mount("https://", _From(source))
        more.setdefault("timeout", 40)
        return http.request(method, self.url + path, headers=headers, verify=self.ca,
                            allow_redirects=False, **more)

    def admin(self):
        """A fresh access token of the superuser."""
        r = self.api("POST", "/api/auth/login/", json={
            "username": self.env["GATEPOST_ADMIN_EMAIL"], "password": self.env["GATEPOST_ADMIN_PASSWORD"]})
        assert r.status_code == 200, r.text
        return r.json()["access_token"]

    def ctl(self, *args, check=True, **more):
        build = os.environ.get("GATEPOST_BUILD") or f"{self.dir}/build"
        return subprocess.run([f"{build}/gatepostctl", "--config", f"{self.dir}/gatepost.env", *args],
                              check=check, capture_output=True, text=True, **more)


class _From(requests.adapters.HTTPAdapter):
    """Connections from another address of this machine."""

    def __init__(self, source):
        self.source = source
        super().__init__()

    def init_poolmanager(self, *args, **more):
        super().init_poolmanager(*args, source_address=(self.source, 0), **more)
