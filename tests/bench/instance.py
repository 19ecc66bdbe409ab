"""One running Gatepost, as scripts/quickstart leaves it in a directory.

Owns: starting and stopping an instance of our own, finding the processes of
one, its database, and calls of its API. bench and crash share it.
What must stay true: only processes named by the instance's own pid files (and
children of ours) are ever signalled.
"""
import json
import os
import random
import re
import secrets
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import http.client
import http.cookiejar
import urllib.parse

import pymysql
import requests

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/lib")

from ports import free_port  # noqa: E402,F401


class Failure(Exception):
    """Something that a person must read; no traceback."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def read_env(path):
    values = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if not line or line.startswith("#") or "=" not in line:
                continue
            key, value = line.split("=", 1)
            key = key.removeprefix("export ").strip()
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            values[key] = value
    return values


def wait_until(what, seconds, test, pause=0.02):
    """Polls test() until it is true; its value. Failure after the time."""
    end = time.monotonic() + seconds
    while True:
        got = test()
        if got:
            return got
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(pause)


def session(ca):
    """Kept connections, but no cookies: we are programs, not browsers."""
    made = requests.Session()
    made.verify, made.trust_env = ca, False
    made.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return made


class Process:
    """A process of the instance: can be killed and started again as it was."""

    def __init__(self, pid_file):
        self.pid_file = pid_file
        self.child = None
        try:
            with open(pid_file, encoding="ascii") as f:
                self.pid = pid = int(f.read().split()[0])
        except (OSError, ValueError, IndexError):
            raise Failure(f"no process id in {pid_file}") from None
        if not self.alive():
            raise Failure(f"the process of {pid_file} is not running")
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            self.argv = [a.decode() for a in f.read().split(b"\0")[:-1]]
        with open(f"/proc/{pid}/environ", "rb") as f:
            pairs = [e.split(b"=", 1) for e in f.read().split(b"\0") if b"=" in e]
        self.environ = {os.fsdecode(k): os.fsdecode(v) for k, v in pairs}
        self.cwd = os.readlink(f"/proc/{pid}/cwd")
        self.exe = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")

    def alive(self):
        if self.child is not None and self.child.poll() is not None:
            return False
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except FileNotFoundError:
            return False

    def kill(self, sig):
        try:
            os.kill(self.pid, sig)
        except ProcessLookupError:
            pass

    def stop(self, sig=signal.SIGTERM, seconds=40):
        self.kill(sig)
        wait_until(f"end of {os.path.basename(self.exe)}", seconds,
                   lambda: not self.alive(), 0.005)

    def start(self, log):
        with open(log, "ab") as out:
            self.child = subprocess.Popen(
                self.argv, executable=self.exe, cwd=self.cwd, env=self.environ,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True)
        self.pid = self.child.pid
        # the instance's stop script must find what runs now
        with open(self.pid_file, "w", encoding="ascii") as f:
            f.write(f"{self.pid}\n")


def pss_kb(pid):
    """Proportional memory of a process, children included, in KiB."""
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup", encoding="ascii") as f:
                total += next(int(line.split()[1]) for line in f
                              if line.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


def family(pid):
    """The pid and all its descendants."""
    found = [pid]
    for p in found:
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{task}/children", encoding="ascii") as f:
                    found += [int(c) for c in f.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def cpu_s(pid):
    """Processor time of a process and its descendants, those that have ended
    included, in seconds."""
    ticks = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/stat", encoding="ascii") as f:
                words = f.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(map(int, words[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


# A load of codes is what the guard is there to stop: what is measured or
# killed here is the rest, and tests/e2e/test_sms_guard.py is the guard's.
NO_SMS_GUARD = [f"GATEPOST_SMS_{name}=0" for name in (
    "NUMBER_HOUR", "NUMBER_DAY", "ADDRESS_HOUR", "ADDRESS_DAY", "NET_HOUR",
    "NET_DAY", "PREFIX_HOUR", "SITE_HOUR", "SITE_DAY", "RUN",
    "CONVERSION_PERCENT")] + ["GATEPOST_SMS_POW=off"]


class Instance:
    def __init__(self, directory, ours=False):
        self.dir = os.path.abspath(directory)
        self.ours = ours
        self.env = read_env(f"{self.dir}/instance.env")
        self.conf = read_env(f"{self.dir}/gatepost.env")
        self.url = self.env["GATEPOST_URL"].rstrip("/")
        self.sandbox = self.env["GATEPOST_SANDBOX_URL"].rstrip("/")
        self.ca = self.env["GATEPOST_CA"]
        self.run = os.path.realpath(f"{self.dir}/run")
        self.log = f"{self.dir}/log"
        self.http = session(self.ca)
        self._worker = None

    @classmethod
    def start(cls, port, allow, workers=None, settings=()):
        """A new instance in a temporary directory. Slow: it may build."""
        where = tempfile.mkdtemp(prefix="gp-bench-")
        env = dict(os.environ, GATEPOST_EGRESS_ALLOW=",".join(allow))
        argv = [f"{TOP}/scripts/quickstart", "--dir", where, "--port",
                str(port), "--quiet", "--no-demo"]
        for setting in (*NO_SMS_GUARD, *settings):
            argv += ["--set", setting]
        if workers:
            argv += ["--workers", str(workers)]
        say(f"starting an instance in {where}")
        if subprocess.run(argv, env=env, stdout=sys.stderr).returncode != 0:
            subprocess.run([f"{TOP}/scripts/stop", "--dir", where],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            raise Failure(f"scripts/quickstart failed; its logs are in {where}/log")
        return cls(where, ours=True)

    def stop(self, keep=False):
        if not self.ours:
            return
        if keep:
            say(f"left running: scripts/stop --dir {shlex.quote(self.dir)}")
            return
        subprocess.run([f"{TOP}/scripts/stop", "--dir", self.dir],
                       stdout=sys.stderr)
        subprocess.run(["rm", "-rf", "--", self.dir])

    def number(self, key, default):
        value = self.conf.get(key, "")
        return int(value) if value else default

    def process(self, name):
        return Process(f"{self.run}/{name}.pid")

    @property
    def worker(self):
        if self._worker is None:
            self._worker = self.process("worker")
        return self._worker

    def worker_stop(self):
        if self.worker.alive():
            self.worker.stop()

    def worker_start(self):
        if not self.worker.alive():
            self.worker.start(f"{self.log}/worker.log")

    @property
    def build(self):
        return os.path.dirname(self.worker.exe)

    def db(self):
        return pymysql.connect(
            unix_socket=self.env["GATEPOST_DB_SOCKET"], user="root",
            database=self.env["GATEPOST_DB_NAME"], autocommit=True,
            charset="utf8mb4")

    def rows(self, sql, *args):
        db = self.db()
        try:
            with db.cursor() as c:
                c.execute(sql, args)
                return c.fetchall()
        finally:
            db.close()

    def one(self, sql, *args):
        return self.rows(sql, *args)[0][0]

    # --- the API ---------------------------------------------------------

    def call(self, method, path, body=None, token=None, expect=(200,), headers=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = self.http.request(method, self.url + path, json=body,
                                   headers=headers, timeout=30)
        if answer.status_code not in expect:
            raise Failure(f"{method} {path}: {answer.status_code} "
                          f"{answer.text[:300]}")
        return answer

    @property
    def admin_token(self):
        return self.env["GATEPOST_ADMIN_TOKEN"]

    def messages(self, **query):
        answer = self.http.get(f"{self.sandbox}/messages", params=query, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def sandbox_call(self, method, path, body=None):
        answer = self.http.request(method, self.sandbox + path, json=body, timeout=60)
        if not answer.ok:
            raise Failure(f"sandbox {method} {path}: {answer.text[:300]}")
        return answer.json() if answer.content else None

    def code_for(self, phone, seconds=10):
        def find():
            for m in self.messages(channel="sms", to=phone):
                code = re.search(r"(?<!\d)\d{6}(?!\d)", m["text"])
                if code:
                    return code.group()
            return None
        return wait_until(f"code for {phone}", seconds, find)

    def new_user(self):
        """Registers and proves a person; {phone, password, access, refresh, id}."""
        phone = f"+98912{random.randrange(10**7):07d}"
        password = "Ab%s!" % secrets.token_hex(8)
        made = self.call("POST", "/api/auth/register/",
                         {"phone_number": phone, "password": password,
                          "first_name": "Bench", "last_name": "Person"},
                         expect=(201,)).json()
        done = self.call("POST", "/api/auth/otp/verify/",
                         {"register_id": made["register_id"],
                          "otp_code": self.code_for(phone)}).json()
        return {"phone": phone, "password": password,
                "access": done["access_token"],
                "refresh": done["refresh_token"], "id": done["user"]["id"]}

    def login(self, user):
        return self.call("POST", "/api/auth/login/",
                         {"username": user["phone"],
                          "password": user["password"]}).json()


class Line:
    """A kept TLS connection for timing single requests; no pool, no retry."""

    def __init__(self, url, ca):
        parts = urllib.parse.urlsplit(url)
        self.args = (parts.hostname, parts.port)
        self.tls = ssl.create_default_context(cafile=ca)
        self.conn = None

    def request(self, method, path, body=None, headers=None):
        """(status, bytes, time.time() just before the request was written)."""
        if self.conn is None:
            self.conn = http.client.HTTPSConnection(*self.args, timeout=30,
                                                    context=self.tls)
            self.conn.connect()
            self.conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        try:
            t0 = time.time()
            self.conn.request(method, path, data, headers)
            answer = self.conn.getresponse()
            content = answer.read()
            if answer.will_close:
                self.close()
            return answer.status, content, t0
        except Exception:
            self.close()
            raise

    def close(self):
        if self.conn is not None:
            self.conn.close()
            self.conn = None
