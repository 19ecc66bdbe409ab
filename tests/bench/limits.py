"""The limit programs, the load generator and the web servers around them.

Two nginx run side by side, both rendered from Gatepost's own templates: one
passes to the instance's sockets, the other to a limit program's. Everything
else (snippets, parameters, TLS, log) is one text, so what differs between the
two figures is what stands behind the socket (D28).
"""
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

from instance import TOP, Failure, free_port, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = {
    "load": (["load.c", "load_main.c", "http.c"], ["-lssl", "-lcrypto"], []),
    "limit_fcgi": (["limit_fcgi.c"], ["-lfcgi"], ["libmariadb"]),
    "limit_argon2": (["limit_argon2.c"], ["-largon2"], []),
    "limit_p256": (["limit_p256.c"], ["-lcrypto"], []),
    "ws_load": (["ws_load.c"], ["-lssl", "-lcrypto"], []),
    "limit_lws": (["limit_lws.c"], [], ["libwebsockets"]),
    "smtp": (["smtp.c"], ["-lssl", "-lcrypto", "-lpthread"], []),
}


def build(work):
    """Compiles the programs of this directory into work/."""
    for name, (sources, libs, packages) in PROGRAMS.items():
        flags = []
        if packages:
            flags = subprocess.run(
                ["pkg-config", "--cflags", "--libs", *packages],
                capture_output=True, text=True, check=True).stdout.split()
        compile_c(f"{work}/{name}", [f"{HERE}/{s}" for s in sources],
                  flags + libs)


def compile_c(output, sources, flags):
    argv = [os.environ.get("CC", "cc"), "-std=c11", "-O2", "-Wall", "-Wextra",
            "-o", output, *sources, *flags]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(argv)}\n{done.stderr[-2000:]}")


def run_json(argv, check=True):
    done = subprocess.run(argv, capture_output=True, text=True)
    try:
        result = json.loads(done.stdout)
    except ValueError:
        raise Failure(f"{argv[0]}: {done.stderr[-500:]}") from None
    if check and done.returncode != 0:
        raise Failure(f"{os.path.basename(argv[0])}: {result} "
                      f"{done.stderr[-500:]}")
    return result


class Load:
    """A way to run the load generator with fixed arguments at any URL."""

    def __init__(self, work, ca, path, connections=8, expect="200", method=None,
                 headers=(), body=None, lines=None, chain=None, pause_ms=0):
        self.argv = [f"{work}/load", "--ca", ca, "--connections",
                     str(connections), "--expect", expect]
        self.path, self.lines = path, lines
        if pause_ms:
            self.argv += ["--pause", str(pause_ms)]
        if method:
            self.argv += ["--method", method]
        for h in headers:
            self.argv += ["--header", h]
        if body is not None:
            self.argv += ["--body", body]
        if lines:
            self.argv += ["--lines", lines]
        if chain:
            self.argv += ["--chain", chain, "--save", lines]

    def run(self, base, seconds=None, count=None, warm_ms=300, check=True):
        """Figures of one run. Any wrong answer is a Failure, unless check is off."""
        how = ["--count", str(count)] if count else \
            ["--seconds", str(seconds), "--warm", str(warm_ms)]
        got = run_json(self.argv + ["--url", base + self.path] + how, check=False)
        if check and (got["bad"] or got["errors"] or not got["requests"]):
            raise Failure(f"{base}{self.path}: {got['bad']} wrong answers, "
                          f"{got['errors']} broken connections of "
                          f"{got['requests']}; the first: {got['first_bad']}")
        return got


class Limit:
    """limit_fcgi on a socket."""

    def __init__(self, work, name, workers, answer, sql=None, inst=None, db=None,
                 ids=None, payload=0):
        self.socket = f"{work}/{name}.sock"
        with open(f"{work}/{name}.answer", "w", encoding="utf-8", newline="") as f:
            f.write(answer)
        argv = [f"{work}/limit_fcgi", "--socket", self.socket, "--workers",
                str(workers), "--answer", f"{work}/{name}.answer"]
        if sql:
            argv += ["--sql", sql, "--db-socket",
                     inst.env["GATEPOST_DB_SOCKET"], "--db",
                     db or inst.env["GATEPOST_DB_NAME"], "--payload", str(payload)]
        if ids:
            argv += ["--ids", f"{ids[0]}-{ids[1]}"]
        self.log = f"{work}/{name}.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(argv, stdout=log, stderr=log)

        def up():
            if self.child.poll() is not None:
                with open(self.log, encoding="utf-8") as f:
                    raise Failure(f.read()[-500:])
            return os.path.exists(self.socket)
        wait_until(f"limit program {name}", 5, up)

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            self.child.wait()


class Django:
    """The profile endpoint in Django REST framework on gunicorn."""

    MODULES = ("rest_framework", "rest_framework_simplejwt", "MySQLdb", "gunicorn")

    def __init__(self, inst, work, workers, keep=False):
        missing = [m for m in self.MODULES if importlib.util.find_spec(m) is None]
        if missing:
            raise Failure(f"the peer lacks Python's {', '.join(missing)}")
        self.socket = f"{work}/django{int(keep)}.sock"
        self.env = dict(os.environ, PEER_SECRET=secrets.token_hex(32),
                        PEER_KEEP="1" if keep else "",
                        PEER_DB_SOCKET=inst.env["GATEPOST_DB_SOCKET"],
                        PEER_DB_NAME=inst.env["GATEPOST_DB_NAME"],
                        PYTHONPATH=HERE, PYTHONDONTWRITEBYTECODE="1")
        with open(f"{work}/django.log", "wb") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-w", str(workers), "-b",
                 f"unix:{self.socket}", "--log-level", "warning", "django_peer.site:app"],
                env=self.env, cwd=work, stdout=log, stderr=log)
        wait_until("gunicorn", 20, lambda: os.path.exists(self.socket))

    def token(self, user_id):
        done = subprocess.run(
            [sys.executable, "-m", "django_peer.site", "token", str(user_id)],
            env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait()


class Nginx:
    """An nginx of ours from a configuration that is ready, up on `port`."""

    def __init__(self, prefix, conf, port):
        done = subprocess.run(
            ["nginx", "-p", prefix, "-c", conf, "-t"], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"nginx -t: {done.stderr[-800:]}")
        self.child = subprocess.Popen(
            ["nginx", "-p", prefix, "-c", conf, "-g", "daemon off;"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def up():
            if self.child.poll() is not None:
                raise Failure(f"nginx of {conf} ended; see its error log")
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", int(port))) == 0
        wait_until("nginx", 5, up)

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            self.child.wait()


PAGE = """
server {{
  listen 127.0.0.1:{port} ssl http2;
  server_name localhost;
  ssl_certificate {crt}; ssl_certificate_key {key};
  access_log {tree}/log/page.json gp_json;
  include snippets/gatepost-authz.conf;
  location = /page.txt {{ include snippets/gatepost-protect.conf; root {www}; }}
  location /api/ {{ proxy_pass http://unix:{tree}/run/peer.sock:; proxy_set_header Host $host; }}
}}
"""


def hold_many(conf, n):
    """What ships is for a site's usual number of connections."""
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"(worker_rlimit_nofile|worker_connections) \d+;", lambda m: f"{m[1]} {max(n, 4096)};", text)
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text)


class Front:
    """nginx with Gatepost's own templates, on ports of its own.

    limit_socket stands in for all four pools; without it they are the
    instance's. base is the address of the API, page that of a site with one
    small file that the gate guards, and with a peer's API when one is named.
    live_socket stands in for the gateway; connections is how many it may hold.
    """

    def __init__(self, inst, work, name, limit_socket=None, peer_socket=None,
                 live_socket=None, connections=None):
        self.tree = f"{work}/nginx-{name}"
        shutil.rmtree(self.tree, ignore_errors=True)
        for d in ("run", "log", "www"):
            os.makedirs(f"{self.tree}/{d}")
        for pool in ("gate", "main", "hash", "out"):
            os.symlink(limit_socket or f"{inst.run}/{pool}.sock",
                       f"{self.tree}/run/{pool}.sock")
        os.symlink(live_socket or f"{inst.run}/live.sock", f"{self.tree}/run/live.sock")
        if peer_socket:
            os.symlink(peer_socket, f"{self.tree}/run/peer.sock")
        with open(f"{self.tree}/www/page.txt", "w", encoding="ascii") as f:
            f.write("a page of the site\n")
        crt, key = f"{inst.dir}/tls/tls.crt", f"{inst.dir}/tls/tls.key"
        port, page_port = free_port(), free_port()
        done = subprocess.run(
            [f"{TOP}/scripts/render-nginx", "--private", "--out", self.tree,
             "--run", f"{self.tree}/run", "--log", f"{self.tree}/log",
             "--www", f"{self.tree}/www", "--listen", f"127.0.0.1:{port}",
             "--cert", crt, "--key", key], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"render-nginx: {done.stderr[-500:]}")
        with open(f"{self.tree}/extra.d/page.conf", "w", encoding="ascii") as f:
            f.write(PAGE.format(port=page_port, crt=crt, key=key, tree=self.tree,
                                www=f"{self.tree}/www"))
        self.base = f"https://localhost:{port}"
        self.page = f"https://localhost:{page_port}"
        conf = f"{self.tree}/nginx.conf"
        if connections:
            hold_many(conf, connections)
        self.nginx = Nginx(self.tree, conf, port)

    def stop(self):
        self.nginx.stop()


def interleave(rounds, *runs):
    """Calls each run in turn, `rounds` times; a list of results for each."""
    results = [[] for _ in runs]
    for _ in range(rounds):
        for run, result in zip(runs, results):
            result.append(run())
            time.sleep(0.05)    # let what the last run left behind settle
    return results
