"""nginx's files alone: a real nginx and a FastCGI responder of ours.

What must hold is in SECURITY.md S33, S39, S40, S44 and in D13 to D18; each
test's name says which part.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import http.client

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))

import fcgi_echo  # noqa: E402
from ports import free_port  # noqa: E402

POOLS = ("gate", "main", "hash", "out")
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_~"
CONTROL = {"X-Auth-Access", "X-Auth-Refresh", "X-Auth-State", "X-Auth-Device", "X-Auth-Clear"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def one(self, name):
        found = self.all(name)
        assert len(found) == 1, f"{name}: {found} in {self.status} {self.headers}"
        return found[0]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def params(self):
        return self.json["params"]


class Edge:
    """nginx on a port of its own, with four pools and a protected site."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="gpe-")
        self.port, self.site_port = free_port(), free_port()
        self.answer = {}
        for d in ("run", "log", "www/push", "nginx/extra.d"):
            os.makedirs(os.path.join(self.dir, d))
        for name, text in {"index.html": "<!doctype html><title>t</title>", ".secret": "s",
                           "push/index.html": "push page", "gatepost-sw.js": "// sw"}.items():
            with open(os.path.join(self.dir, "www", name), "w") as f:
                f.write(text)
        cert, key = os.path.join(self.dir, "c.pem"), os.path.join(self.dir, "k.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True)
        self.pools = {}
        for p in POOLS:
            self.open_pool(p)
        with open(os.path.join(self.dir, "nginx/extra.d/site.conf"), "w") as f:
            f.write(SITE.replace("@PORT@", str(self.site_port)).replace("@DIR@", self.dir))
        subprocess.run(
            [os.path.join(TOP, "scripts/render-nginx"), "--private", "--legacy",
             "--out", self.dir + "/nginx", "--run", self.dir + "/run", "--log", self.dir + "/log",
             "--www", self.dir + "/www", "--listen", f"127.0.0.1:{self.port}",
             "--cert", cert, "--key", key, "--sandbox", "http://127.0.0.1:9"],
            check=True)
        self.nginx = subprocess.Popen(
            ["nginx", "-p", self.dir + "/nginx", "-c", "nginx.conf", "-g", "daemon off;"],
            stderr=subprocess.PIPE, start_new_session=True)
        self.tls = ssl.create_default_context(cafile=cert)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if self.nginx.poll() is not None or time.monotonic() > end:
                    raise AssertionError(self.nginx.stderr.read().decode())
                time.sleep(0.02)

    def open_pool(self, p):
        self.pools[p] = fcgi_echo.Responder(
            f"{self.dir}/run/{p}.sock", lambda params, body: self.handle(p, params, body))

    def handle(self, pool, params, body):
        answer = self.answer.get(pool, fcgi_echo.echo)
        status, headers, text = answer(params, body) or (0, 0, 0)
        return None if not status else (status, headers + [("X-Pool", pool)], text)

    def ask(self, method, path, headers=(), body=None, port=None, source="127.0.0.1"):
        """Headers as pairs, sent as they are (twice the same name too)."""
        conn = http.client.HTTPSConnection("localhost", port or self.port, timeout=40,
                                           context=self.tls, source_address=(source, 0))
        conn.putrequest(method, path, skip_accept_encoding=True)
        for k, v in headers:
            conn.putheader(k, v)
        if body is not None and not any(k == "Content-Length" for k, _ in headers) \
                and not any(k == "Transfer-Encoding" for k, _ in headers):
            conn.putheader("Content-Length", str(len(body)))
        try:
            conn.endheaders(body)
        except (BrokenPipeError, ConnectionResetError):
            pass            # refused by its length, before the whole body was taken
        r = conn.getresponse()
        a = Answer(r.status, r.getheaders(), r.read())
        conn.close()
        return a

    def site(self, method, path, headers=(), body=None):
        return self.ask(method, path, headers, body, port=self.site_port)

    def log(self):
        with open(self.dir + "/log/access.json") as f:
            return f.read()

    def close(self):
        self.nginx.send_signal(signal.SIGQUIT)
        try:
            self.nginx.wait(10)
        except subprocess.TimeoutExpired:
            self.nginx.kill()
            self.nginx.wait()
        for p in self.pools.values():
            p.close()
        shutil.rmtree(self.dir)


SITE = """
server {
  listen 127.0.0.1:@PORT@ ssl http2;
  server_name localhost;
  ssl_certificate @DIR@/c.pem; ssl_certificate_key @DIR@/k.pem;
  include snippets/gatepost-authz.conf;
  location / { include snippets/gatepost-protect.conf; proxy_pass http://unix:@DIR@/run/site.sock:; proxy_set_header Host $host; }
  location /before/ { set $gp_require superuser; include snippets/gatepost-protect.conf; proxy_pass http://unix:@DIR@/run/site.sock:; }
  location /after/ { include snippets/gatepost-protect.conf; set $gp_require staff; set $gp_countries IR,DE; proxy_pass http://unix:@DIR@/run/site.sock:; }
}
server {
  listen unix:@DIR@/run/site.sock;
  location / {
    default_type application/json;
    add_header X-Auth-Access stolen;
    if ($arg_status) { return 500 "the site's own"; }
    return 200 '{"method":"$request_method","user":"$http_remote_user","groups":"$http_remote_groups","x":"$http_x_gatepost_user$http_x_forwarded_user$http_x_remote_user","cookie":"$http_cookie","auth":"$http_authorization","length":"$http_content_length"}';
  }
}
"""


@pytest.fixture(scope="module")
def edge():
    e = Edge()
    yield e
    e.close()


@pytest.fixture(autouse=True)
def plain(edge):
    edge.answer.clear()
    yield


def answering(*headers, status=200):
    return lambda params, body: (status, list(headers), b"{}")


def problem(a, status, code):
    assert a.status == status
    assert a.one("Content-Type") == "application/problem+json"
    assert a.json["status"] == status and a.json["code"] == code
    assert a.json["type"] == f"urn:gatepost:problem:{code}"
    assert re.fullmatch("[0-9a-f]{32}", a.json["request_id"])
    assert a.one("X-Request-Id") == a.json["request_id"]
    assert a.one("Cache-Control") == "no-store"


# --- cookies, the answer's side (D13, S33) -----------------------------------

COOKIES = {
    "X-Auth-Access": "__Host-gatepost={}; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax",
    "X-Auth-Refresh": "__Secure-gatepost-refresh={}; Path=/api/auth/; Max-Age=604800; Secure; HttpOnly; SameSite=Strict",
    "X-Auth-State": "__Host-gatepost-state={}; Path=/; Max-Age=300; Secure; HttpOnly; SameSite=Lax",
    "X-Auth-Device": "__Host-gatepost-device={}; Path=/; Max-Age=7776000; Secure; HttpOnly; SameSite=Lax",
}


@pytest.mark.parametrize("header", COOKIES)
@pytest.mark.parametrize("status", [200, 202, 401, 403, 429, 500])
def test_s33_nginx_makes_the_cookie_and_hides_the_header(edge, header, status):
    edge.answer["hash"] = answering((header, TOKEN), status=status)
    a = edge.ask("POST", "/api/auth/login/", body=b"{}")
    assert a.status == status
    assert a.all("Set-Cookie") == [COOKIES[header].format(TOKEN)]
    assert not CONTROL & {k for k, _ in a.headers}


def test_s33_all_cookies_at_once_are_lines_of_their_own(edge):
    edge.answer["hash"] = answering(*[(h, h + "-v") for h in COOKIES])
    a = edge.ask("POST", "/api/auth/login/", body=b"{}")
    assert sorted(a.all("Set-Cookie")) == sorted(c.format(h + "-v") for h, c in COOKIES.items())


@pytest.mark.parametrize("header", COOKIES)
@pytest.mark.parametrize("value", [
    "a; Domain=evil.example", "a;Secure", "a b", "a,b", "a\tb", "a=b", "a\"b", "a%0d%0aSet-Cookie:x",
    "", "é", "<a>", "a\\b", "\x01"])
def test_s33_h5_an_injected_value_sets_no_cookie(edge, header, value):
    edge.answer["main"] = answering((header, value))
    a = edge.ask("GET", "/api/auth/profile/")
    assert a.status == 200
    assert a.all("Set-Cookie") == []


def test_clearing_ends_both_cookies(edge):
    edge.answer["main"] = answering(("X-Auth-Clear", "1"))
    a = edge.ask("POST", "/api/auth/logout/", body=b"")
    assert sorted(a.all("Set-Cookie")) == [
        "__Host-gatepost=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
        "__Secure-gatepost-refresh=; Path=/api/auth/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"]
    edge.answer["main"] = answering(("X-Auth-Clear", "yes"))
    assert edge.ask("POST", "/api/auth/logout/", body=b"").all("Set-Cookie") == []


def test_a_new_cookie_beats_clearing_the_old(edge):
    edge.answer["main"] = answering(("X-Auth-Clear", "1"), ("X-Auth-Access", TOKEN))
    got = edge.ask("POST", "/api/auth/logout/", body=b"").all("Set-Cookie")
    assert sorted(c.split(";")[0] for c in got) == [f"__Host-gatepost={TOKEN}", "__Secure-gatepost-refresh="]


def test_the_application_cannot_set_a_cookie_itself(edge):
    edge.answer["main"] = answering(("Set-Cookie", "a=b"))
    assert edge.ask("GET", "/api/auth/profile/").all("Set-Cookie") == []


def test_a_long_token_passes(edge):
    edge.answer["main"] = answering(("X-Auth-Access", "a" * 3900))
    (cookie,) = edge.ask("GET", "/api/auth/profile/").all("Set-Cookie")
    assert cookie.startswith("__Host-gatepost=" + "a" * 3900 + ";")
    edge.answer.clear()
    p = edge.ask("GET", "/api/auth/profile/", [("Cookie", "__Host-gatepost=" + "a" * 3900)]).params
    assert p["HTTP_AUTHORIZATION"] == "Bearer " + "a" * 3900


# --- cookies, the request's side ----------------------------------------------

def test_the_cookie_is_handed_on_as_a_bearer_marked_cookie(edge):
    p = edge.ask("GET", "/api/auth/profile/", [("Cookie", f"x=1; __Host-gatepost={TOKEN}; y=2")]).params
    assert p["HTTP_AUTHORIZATION"] == "Bearer " + TOKEN
    assert p["GATEPOST_AUTH_SOURCE"] == "cookie"
    assert "HTTP_COOKIE" not in p


@pytest.mark.parametrize("header", ["Bearer other", "Basic dTpw", "nonsense"])
def test_a_header_wins_over_the_cookie(edge, header):
    p = edge.ask("GET", "/api/auth/profile/", [
        ("Cookie", f"__Host-gatepost={TOKEN}"), ("Authorization", header)]).params
    assert p["HTTP_AUTHORIZATION"] == header
    assert p["GATEPOST_AUTH_SOURCE"] == "header"


def test_without_credentials_there_are_none(edge):
    p = edge.ask("GET", "/api/auth/profile/").params
    assert "HTTP_AUTHORIZATION" not in p
    assert p["GATEPOST_AUTH_SOURCE"] == "none"
    assert p["GATEPOST_REFRESH"] == p["GATEPOST_STATE"] == p["GATEPOST_DEVICE"] == ""


def test_refresh_state_and_device_are_parameters(edge):
    p = edge.ask("POST", "/api/auth/token/refresh/", [("Cookie", (
        "__Secure-gatepost-refresh=r.1; __Host-gatepost-state=s-2; __Host-gatepost-device=d_3"))], b"").params
    assert (p["GATEPOST_REFRESH"], p["GATEPOST_STATE"], p["GATEPOST_DEVICE"]) == ("r.1", "s-2", "d_3")
    assert p["GATEPOST_AUTH_SOURCE"] == "none"       # none of these is an access token


def test_a_language_that_was_chosen_here_wins_over_the_browsers(edge):
    """By the application, which is told, and in what nginx says itself."""
    for cookie, header, want in (("a=b; __Host-gatepost-language=fa", "en", "fa"), ("__Host-gatepost-language=en;c=d", "fa", "en"),
                                 ("__Host-gatepost-language=de", "fa", None), ("__Host-gatepost-language=fa-IR", "en", None),
                                 ("x__Host-gatepost-language=fa", "en", None), ("gatepost-language=fa", "en", None), ("", "fa", None)):
        said = [("Accept-Language", header), *([("Cookie", cookie)] if cookie else [])]
        p = edge.ask("GET", "/api/auth/profile/", said).params
        assert p.get("GATEPOST_LANGUAGE") == want and p["HTTP_ACCEPT_LANGUAGE"] == header, cookie
        for accept in ("text/html", "application/json"):
            assert edge.ask("GET", "/nowhere", [("Accept", accept), *said]).one("Content-Language") == (want or header), cookie
    # No header can stand for it.
    assert "GATEPOST_LANGUAGE" not in edge.ask("GET", "/api/auth/profile/", [("Gatepost-Language", "fa")]).params


@pytest.mark.parametrize("cookie,token", [
    ("__Host-gatepost=a", "a"), ("__Host-gatepost=a; __Host-gatepost=b", "a"),
    (" __Host-gatepost=a ;x=1", "a"), ("x=1;__Host-gatepost=a", "a"),
    ("__Host-gatepostx=a", ""), ("x__Host-gatepost=a", ""), ("__Host-gatepost=a b", ""),
    ("__Host-gatepost=", ""), ("__Host-gatepost=a\"b", ""), ("__host-gatepost=a", ""),
    ("x=__Host-gatepost=a", ""), ("__Host-gatepost-state=a", "")])
def test_s33_the_access_cookie_is_read_exactly(edge, cookie, token):
    p = edge.ask("GET", "/api/auth/profile/", [("Cookie", cookie)]).params
    assert p.get("HTTP_AUTHORIZATION", "") == (f"Bearer {token}" if token else "")


# --- what a client may not say (S40) -----------------------------------------

SPOOFED = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-User", "X-Real-IP",
           "Forwarded", "Proxy", "Remote-User", "Remote-Groups", "X-Remote-User", "X-Gatepost-User",
           "X-Auth-Request-User", "Gatepost-Auth-Source", "Gatepost-Country", "X-Country-Code", "Remote-Addr",
           "Request-Id", "X-Request-Id", "True-Client-IP", "CF-Connecting-IP", "X-Original-URL",
           "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Auth-Access", "X-Client-IP", "Gatepost_Refresh"]


def test_s40_spoofed_headers_are_stripped(edge):
    p = edge.ask("GET", "/api/auth/profile/", [(h, "spoofed.example") for h in SPOOFED]).params
    assert "spoofed" not in json.dumps(p)
    assert p["REMOTE_ADDR"] == "127.0.0.1"
    assert re.fullmatch("[0-9a-f]{32}", p["REQUEST_ID"])


def test_no_parameter_is_sent_twice(edge):
    p = edge.ask("POST", "/api/auth/login/", [("Authorization", "Bearer a"), ("Content-Type", "application/json"),
                                              ("Cookie", "a=b")], b"{}").params
    assert [k for k, v in p.items() if isinstance(v, list)] == []


def test_the_application_sees_what_it_needs(edge):
    sent = {"Accept": "application/json", "Accept-Language": "fa", "User-Agent": "ua/1", "Origin": "https://a.example",
            "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "X-Gatepost": "1",
            "Idempotency-Key": "0123456789abcdef", "Prefer": "wait=3", "Traceparent": "00-x",
            "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization",
            "X-Hub-Signature-256": "sha256=00", "If-None-Match": "\"a\""}
    a = edge.ask("POST", "/api/auth/login/?a=b%20c", list(sent.items()) + [("Content-Type", "application/json")],
                 b'{"k": 1}')
    p = a.params
    for k, v in sent.items():
        assert p["HTTP_" + k.upper().replace("-", "_")] == v
    assert p["CONTENT_TYPE"] == "application/json" and p["CONTENT_LENGTH"] == "8"
    assert a.json["body"] == '{"k": 1}'
    assert (p["REQUEST_METHOD"], p["REQUEST_URI"], p["QUERY_STRING"]) == ("POST", "/api/auth/login/?a=b%20c", "a=b%20c")
    assert p["HTTPS"] == "on" and p["HTTP_HOST"] == "localhost"
    assert abs(float(p["GATEPOST_ARRIVED"]) - time.time()) < 5
    assert a.one("X-Request-Id") == p["REQUEST_ID"]


def test_a_chunked_body_has_a_length(edge):
    a = edge.ask("POST", "/api/auth/login/", [("Transfer-Encoding", "chunked")], b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert a.json["body"] == "abcde" and a.params["CONTENT_LENGTH"] == "5"


@pytest.mark.parametrize("path", ["/api/auth//login/", "/api/auth/%6cogin/", "/api/x/../auth/login/", "/api/./auth/login/"])
def test_the_application_gets_the_raw_path(edge, path):
    assert edge.ask("POST", path, body=b"").params["REQUEST_URI"] == path


# --- pools --------------------------------------------------------------------

def route_rows():
    """The paths of the route table, with the pool of each."""
    with open(os.path.join(TOP, "fcgi-app/api/routes.def")) as f:
        rows = re.findall(r'^ROUTE\(M_(\w+),\s*"(/api/[^"]+)",\s*\w+,\s*POOL_(\w+),\s*[\w()]+,\s*BODY_(\w+),', f.read(), re.M)
    assert len(rows) > 20
    return rows


def test_each_row_reaches_its_pool_with_and_without_the_slash(edge):
    for method, path, pool, _ in route_rows():
        path = re.sub(r"\{\w+\}", "Ab9_-", path).rstrip("/")
        for form in (path, path + "/"):
            a = edge.ask(method, form, body=b"")
            assert (a.status, a.one("X-Pool")) == (200, pool.lower()), f"{method} {form}"


@pytest.mark.parametrize("path", ["/api/nothing/", "/api/auth/login/x", "/api/auth/loginx/", "/api/", "/api/auth/sessions/a.b/"])
def test_an_unknown_address_of_the_api_is_the_applications(edge, path):
    assert edge.ask("GET", path).one("X-Pool") == "main"


def test_metrics_are_local(edge):
    assert edge.ask("GET", "/metrics").one("X-Pool") == "main"
    assert edge.ask("GET", "/metrics", source="127.0.0.3").status == 403


def test_legacy_addresses(edge):
    a = edge.ask("POST", "/webpush/save_information?x=1", body=b"{}")
    assert a.params["REQUEST_URI"] == "/api/webpush/save_information?x=1"
    assert edge.ask("GET", "/health/").params["REQUEST_URI"] == "/api/health/ready"
    a = edge.ask("GET", "/webpush/service-worker.js")
    assert a.body == b"// sw" and a.one("Service-Worker-Allowed") == "/"
    assert edge.ask("GET", "/admin/").status == 302


# --- refusals of nginx's own (S44, D17, D18) -----------------------------------

def test_413_by_the_routes_limit(edge):
    edge.answer["hash"] = edge.answer["main"] = lambda p, b: (200, [], str(len(b)).encode())
    assert edge.ask("POST", "/api/auth/login/", body=b"a" * 65536).body == b"65536"
    problem(edge.ask("POST", "/api/auth/login/", body=b"a" * 65537), 413, "too_large")
    for method, path, _, body in route_rows():
        path = re.sub(r"\{\w+\}", "x", path)
        limit = {"64K": 65536, "1M": 1048576, "3M": 3145728}[body]
        a = edge.ask(method, path, [("Content-Length", str(limit + 1))], b"")
        assert a.status == 413, path


def refused_in(edge, header):
    """nginx's own 413 and 503 with this Accept-Language; the language of both."""
    headers = [] if header is None else [("Accept-Language", header)]
    edge.answer["main"] = lambda p, b: None
    big = edge.ask("POST", "/api/auth/login/", [("Content-Length", "65537"), *headers], b"")
    problem(big, 413, "too_large")
    down = edge.ask("GET", "/api/auth/profile/", headers)
    problem(down, 503, "unavailable")
    for a in (big, down):
        found = {"fa" if re.search("[\u0600-\u06ff]", a.json[k]) else "en" for k in ("title", "detail")}
        assert found == {a.one("Content-Language")} and a.one("Vary") == "Accept, Accept-Language"
    assert big.one("Content-Language") == down.one("Content-Language")
    return big.one("Content-Language")


@pytest.mark.parametrize("header, want", [
    (None, "en"), ("fa", "fa"), ("FA-IR,fa;q=0.9,en-US;q=0.8,en;q=0.7", "fa"), ("en-US,en;q=0.9,fa;q=0.8", "en"),
    ("de,fa;q=0.3", "fa"), ("fa;q=0", "en"), ("fa;q=0.000,en", "en"), ("fa ; q=0.001", "fa"), ("far", "en"), ("x-fa", "en"),
    ("de", "en"), ("*", "en"), ("fa;q=x", "en"), ("'\"\\{}$gp_lang\u00e9", "en"), ("fa," * 2500, "fa"), ("en," * 2500 + "fa", "en"),
    ("en;q=0.5, fa;q=0.9", "fa"), ("en;q=0.85,fa;q=0.9", "fa"), ("fa;q=0.5,en;q=0.85", "en"), ("fa;q=0.8,en;q=0.80", "fa"),
    ("en;q=0.8,fa;q=0.800", "en"), ("fa;q=0.123,en;q=0.124", "en"), ("en;q=0,fa;q=0.001", "fa"), ("en;q=0.9,fa", "fa"),
    ("de;q=0.5," * 800 + "fa;q=0.1", "fa"), ("," * 7000 + "fa", "fa"), ("fa-" * 2500, "en"),
])
def test_s73_nginx_refuses_in_the_visitors_language(edge, header, want):
    assert refused_in(edge, header) == want


def test_a_large_body_stays_in_memory(edge):
    edge.answer["main"] = lambda p, b: (200, [], str(len(b)).encode())
    assert edge.ask("POST", "/api/push/send/single/", body=b"a" * 1048576).body == b"1048576"
    assert "buffered to a temporary file" not in open(edge.dir + "/log/nginx.log").read()


def test_413_over_http2(edge):
    out = subprocess.run(
        ["curl", "-s", "--http2", "--cacert", edge.dir + "/c.pem", "-w", "\n%{http_version} %{http_code} %{content_type}",
         "--data-binary", "@-", f"https://localhost:{edge.port}/api/auth/login/"],
        input=b"a" * 70000, capture_output=True, check=True).stdout.decode().rsplit("\n", 1)
    assert out[1] == "2 413 application/problem+json"
    assert json.loads(out[0])["code"] == "too_large"


def test_http2_serves_the_api_and_cookies(edge):
    edge.answer["hash"] = lambda p, b: (200, [("X-Auth-Access", TOKEN)], json.dumps(p).encode())
    out = subprocess.run(
        ["curl", "-s", "--http2", "--cacert", edge.dir + "/c.pem", "-D", "-", "-d", "{}",
         "-H", "Cookie: a=b", "-H", "Cookie: __Host-gatepost=tok", f"https://localhost:{edge.port}/api/auth/login/"],
        capture_output=True, check=True).stdout.decode()
    assert out.startswith("HTTP/2 200")
    assert f"set-cookie: __Host-gatepost={TOKEN};" in out
    p = json.loads(out.rsplit("\n", 1)[1])
    assert p["HTTP_AUTHORIZATION"] == "Bearer tok" and p["HTTP_HOST"] == "localhost"


def test_headers_too_large_are_a_problem_document(edge):
    problem(edge.ask("GET", "/api/auth/profile/", [("X-Big", "a" * 20000)]), 431, "headers_too_large")


def flood(edge, method, path, n, source):
    return [edge.ask(method, path, body=b"" if method == "POST" else None, source=source) for _ in range(n)]


def test_s44_429_with_retry_after_and_the_applications_own_passes(edge):
    got = flood(edge, "POST", "/api/auth/register/", 15, "127.0.0.3")
    assert [a.status for a in got[:11]] == [200] * 11          # one and a burst of ten
    late = [a for a in got if a.status == 429]
    assert late
    problem(late[0], 429, "rate_limited")
    assert late[0].one("Retry-After") == "3"
    fa = edge.ask("POST", "/api/auth/register/", [("Accept-Language", "fa")], b"", source="127.0.0.3")
    problem(fa, 429, "rate_limited")
    assert fa.json["detail"] == "3 ثانیه دیگر دوباره تلاش کنید." and fa.one("Content-Language") == "fa"
    edge.answer["main"] = answering(("Retry-After", "42"), ("Content-Type", "application/problem+json"), status=429)
    a = edge.ask("GET", "/api/auth/profile/")
    assert a.status == 429 and a.one("Retry-After") == "42" and a.body == b"{}"


def test_limits_by_class_and_method(edge):
    got = [a.status for a in flood(edge, "POST", "/api/auth/login/", 110, "127.0.0.4")]
    assert got[:101] == [200] * 101 and 429 in got
    # the same address may still read, and use what is in another class
    assert edge.ask("GET", "/api/auth/profile/", source="127.0.0.4").status == 200
    assert edge.ask("GET", "/api/auth/login/", source="127.0.0.4").status == 200
    # another address is not touched
    assert edge.ask("POST", "/api/auth/login/", body=b"", source="127.0.0.5").status == 200


def test_this_machine_and_callbacks_are_not_limited(edge):
    assert {a.status for a in flood(edge, "POST", "/api/auth/register/", 40, "127.0.0.1")} == {200}
    assert {a.status for a in flood(edge, "GET", "/api/auth/gate", 260, "127.0.0.6")} == {200}


def test_the_ordinary_limit(edge):
    """More than 201 in far less than a second, over one kept connection."""
    conn = http.client.HTTPSConnection("localhost", edge.port, context=edge.tls, source_address=("127.0.0.7", 0))
    seen, start = [], time.monotonic()
    while 429 not in seen and len(seen) < 3000:
        conn.request("GET", "/api/auth/profile/")
        r = conn.getresponse()
        r.read()
        seen.append(r.status)
    took = time.monotonic() - start
    conn.close()
    assert seen[:201] == [200] * 201
    assert seen.count(200) <= 202 + 100 * took
    assert 429 in seen or len(seen) / took < 101


def test_a_pool_that_is_down_full_silent_or_broken_is_503(edge):
    edge.answer["main"] = lambda p, b: None
    a = edge.ask("GET", "/api/auth/profile/")
    problem(a, 503, "unavailable")
    assert a.one("Retry-After") == "2"
    edge.answer["main"] = lambda p, b: (200, [("X-Big", "a" * 70000)], b"")
    problem(edge.ask("GET", "/api/auth/profile/"), 503, "unavailable")
    path = edge.dir + "/run/hash.sock"
    edge.pools["hash"].close()
    try:
        problem(edge.ask("POST", "/api/auth/login/", body=b"{}"), 503, "unavailable")
        assert edge.ask("GET", "/api/auth/profile/")            # the others do not mind
        full, waiting = fcgi_echo.backlog_of_one(path)
        start = time.monotonic()
        a = edge.ask("POST", "/api/auth/login/", body=b"{}")
        problem(a, 503, "unavailable")
        assert a.one("Retry-After") == "5" and "5 s" in a.json["detail"]
        assert time.monotonic() - start < 2
        for s in [full] + waiting:
            s.close()
    finally:
        edge.open_pool("hash")


def test_a_hanging_gate_is_503_within_its_time(edge):
    done = threading.Event()
    edge.answer["gate"] = lambda p, b: done.wait(20) and None
    start = time.monotonic()
    a = edge.site("GET", "/page")
    took = time.monotonic() - start
    done.set()
    assert a.status == 503 and a.one("Retry-After") == "2" and a.json["code"] == "unavailable"
    assert 4 < took < 9


def test_a_5xx_of_the_application_passes_as_it_is(edge):
    edge.answer["main"] = lambda p, b: (503, [("Retry-After", "7"), ("Content-Type", "application/problem+json")], b"own")
    a = edge.ask("GET", "/api/auth/profile/")
    assert (a.status, a.one("Retry-After"), a.body) == (503, "7", b"own")


# --- headers of every answer (S39) ----------------------------------------------

def secure(a):
    assert a.one("X-Content-Type-Options") == "nosniff"
    assert a.one("X-Frame-Options") == "DENY"
    assert a.one("Strict-Transport-Security").startswith("max-age=")
    assert "frame-ancestors 'none'" in a.one("Content-Security-Policy")
    assert a.one("Referrer-Policy") in ("no-referrer", "same-origin")
    assert "unsafe" not in a.one("Content-Security-Policy")
    assert "/" not in "".join(a.all("Server"))


def test_s39_security_headers_stand_on_every_kind_of_answer(edge):
    edge.answer["hash"] = answering(
        ("X-Frame-Options", "ALLOW"), ("X-Content-Type-Options", "x"), ("Strict-Transport-Security", "max-age=0"),
        ("Referrer-Policy", "unsafe-url"), status=401)
    for a in (edge.ask("GET", "/api/auth/profile/"), edge.ask("POST", "/api/auth/login/", body=b""),
              edge.ask("GET", "/"), edge.ask("GET", "/push/"), edge.ask("GET", "/none"), edge.ask("GET", "/.secret"),
              edge.ask("POST", "/api/auth/login/", body=b"a" * 70000)):
        secure(a)


def test_s39_the_application_may_state_its_own_csp(edge):
    edge.answer["main"] = answering(("Content-Security-Policy", "default-src 'self'"))
    assert edge.ask("GET", "/api/auth/profile/").one("Content-Security-Policy") == "default-src 'self'"


def test_s39_hsts_is_a_year_but_short_on_localhost(edge):
    assert edge.ask("GET", "/").one("Strict-Transport-Security") == "max-age=300"
    out = subprocess.run(["curl", "-sk", "-D", "-", "-o", "/dev/null", "-H", "Host: id.example.com",
                          f"https://127.0.0.1:{edge.port}/"], capture_output=True, check=True).stdout.decode()
    assert "max-age=31536000" in out


def test_the_application_cannot_make_nginx_serve_a_file(edge):
    edge.answer["main"] = answering(("X-Accel-Redirect", "/index.html"))
    assert b"doctype" not in edge.ask("GET", "/api/auth/profile/").body


def test_a_browser_gets_pages_for_what_nginx_refuses(edge):
    """In its own language, without scripts; a program gets the document that it always got."""
    edge.answer["main"] = lambda p, b: None
    for method, path, more, status, code in (("GET", "/nowhere", [], 404, "not_found"), ("GET", "/push/none.js", [], 404, "not_found"),
                                             ("GET", "/.secret", [], 404, "not_found"), ("POST", "/", [], 405, "method_not_allowed"),
                                             ("POST", "/api/auth/login/", [("Content-Length", "65537")], 413, "too_large"),
                                             ("GET", "/api/auth/profile/", [("X-Big", "a" * 20000)], 431, "headers_too_large"),
                                             ("GET", "/api/auth/profile/", [], 503, "unavailable")):
        body = b"" if method == "POST" else None
        problem(edge.ask(method, path, more, body), status, code)
        for lang in ("en", "fa"):
            a = edge.ask(method, path, [("Accept", "text/html,*/*;q=0.8"), ("Accept-Language", lang), *more], body)
            text = a.body.decode()
            assert (a.status, a.one("Content-Type")) == (status, "text/html; charset=utf-8"), path
            assert a.one("Content-Security-Policy").startswith("default-src 'none'; style-src 'self'; img-src 'self'; base-uri")
            assert (a.one("Cache-Control"), a.one("Content-Language"), a.one("X-Content-Type-Options")) == ("no-store", lang, "nosniff")
            assert f'<html lang="{lang}" dir="{"rtl" if lang == "fa" else "ltr"}">' in text and "<script" not in text and "style=" not in text
            assert a.one("X-Request-Id") in text and bool(re.search("<h1>[^<]*[\u0600-\u06ff]", text)) == (lang == "fa")
            assert (status == 503) == bool(a.all("Retry-After"))


def test_the_pages_on_other_hosts_name_their_style_by_its_hash():
    """There no file of ours is; a style that was changed without its hash would not be applied."""
    with open(f"{TOP}/nginx/snippets/gatepost-authz.conf", encoding="utf-8") as f:
        text = f.read()
    pages = re.findall(r"style-src '([^;]*)';[^\n]*\n\treturn \d+ '<!doctype[^\n]*<style>(.*?)</style>", text)
    assert len(pages) == text.count("<style>") == 2 and "unsafe" not in text
    for named, style in pages:
        assert named.rstrip("'") == "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def test_static_files(edge):
    assert b"doctype" in edge.ask("GET", "/").body
    assert edge.ask("GET", "/push/").body == b"push page"
    assert edge.ask("GET", "/push/nothing.js").status == 404
    for path in ("/.secret", "/push/../.secret", "/..%2f.secret", "/%2esecret"):
        assert edge.ask("GET", path).status in (400, 404), path
    assert edge.ask("GET", "/sandbox").one("Location") == "http://127.0.0.1:9/"


def test_the_log_has_no_query_and_no_secret(edge):
    edge.ask("GET", "/api/auth/profile/?code=very-secret-1", [("Authorization", "Bearer very-secret-2"),
                                                              ("Cookie", "__Host-gatepost=very-secret-3")])
    edge.ask("POST", "/api/webhooks/kavenegar/very-secret-4/", body=b"")
    request = edge.ask("GET", "/api/auth/profile/", [("User-Agent", 'a"b\\c\x7f')]).one("X-Request-Id")
    end = time.monotonic() + 5
    while request not in edge.log() and time.monotonic() < end:
        time.sleep(0.01)
    assert "very-secret" not in edge.log()
    (row,) = [json.loads(line) for line in edge.log().splitlines() if request in line]
    assert row["status"] == 200 and row["path"] == "/api/auth/profile/" and row["auth"] == "none"


# --- a protected site (D14, D15) ---------------------------------------------

def gate(params, body):
    who = params.get("HTTP_AUTHORIZATION", "")
    if who == "Bearer good":
        return 204, [("X-Gatepost-User", "7"), ("X-Gatepost-Groups", "staff,ops"), ("X-Gatepost-Email", "a@b.example")], b""
    if who == "Bearer late":
        return 204, [("X-Gatepost-User", "7"), ("X-Auth-Access", TOKEN)], b""
    if who == "Bearer evil":
        return 204, [("X-Gatepost-User", "7"), ("X-Auth-Access", "a; Domain=evil")], b""
    if who == "Bearer forbidden":
        return 403, [], b""
    if who == "Bearer broken":
        return 503, [("Retry-After", "2")], b""
    return 401, [("X-Gatepost-Signin", "https://localhost/signin?rd=signed")], b""


@pytest.fixture
def gated(edge):
    asked = []

    def handler(params, body):
        asked.append((params, body))
        return gate(params, body)
    edge.answer["gate"] = handler
    return asked


def cookie(token):
    return [("Cookie", f"__Host-gatepost={token}")]


def test_a_signed_in_visitor_passes_and_is_named(edge, gated):
    a = edge.site("GET", "/page", cookie("good") + [("Remote-User", "root"), ("Remote-Groups", "wheel"),
                                                    ("X-Gatepost-User", "root"), ("X-Forwarded-User", "root")])
    assert a.status == 200
    assert (a.json["user"], a.json["groups"], a.json["x"]) == ("7", "staff,ops", "")
    assert a.all("X-Auth-Access") == [] and a.all("Set-Cookie") == []


def test_the_gate_sees_its_own_request_only(edge, gated):
    a = edge.site("POST", "/page?a=b", cookie("good") + [("X-Forwarded-For", "1.2.3.4"), ("Content-Type", "text/plain")], b"body!")
    assert a.json["method"] == "POST" and a.json["length"] == "5"
    (p, body), = gated
    assert body == b""
    assert p["REQUEST_METHOD"] == "GET" and p["REQUEST_URI"] == "/api/auth/gate" and p["CONTENT_LENGTH"] == ""
    assert p["GATEPOST_ORIG_METHOD"] == "POST"
    assert p["GATEPOST_ORIG_URL"] == f"https://localhost:{edge.site_port}/page?a=b"
    assert p["GATEPOST_REQUIRE"] == "" and p["GATEPOST_AUTH_SOURCE"] == "cookie"
    assert "1.2.3.4" not in json.dumps(p)
    assert [k for k, v in p.items() if isinstance(v, list)] == []


@pytest.mark.parametrize("path,require,countries", [("/before/x", "superuser", ""), ("/after/x", "staff", "IR,DE")])
def test_what_a_location_requires_reaches_the_gate(edge, gated, path, require, countries):
    edge.site("GET", path, cookie("good"))
    (p, _), = gated
    assert (p["GATEPOST_REQUIRE"], p["GATEPOST_COUNTRIES"]) == (require, countries)


def test_a_stranger_gets_401_or_on_navigation_the_sign_in(edge, gated):
    a = edge.site("GET", "/page")
    assert a.status == 401 and a.json["code"] == "sign_in_required" and a.one("Cache-Control") == "no-store"
    a = edge.site("GET", "/page", [("Sec-Fetch-Mode", "navigate")])
    assert a.status == 302 and a.one("Location") == "https://localhost/signin?rd=signed"
    assert edge.site("POST", "/page", [("Sec-Fetch-Mode", "navigate")], b"x").status == 401
    assert edge.site("GET", "/page", [("Sec-Fetch-Mode", "cors")]).status == 401


def test_forbidden_and_failures_of_the_gate(edge, gated):
    assert edge.site("GET", "/page", cookie("forbidden")).status == 403
    a = edge.site("GET", "/page", cookie("broken"))
    assert a.status == 503 and a.one("Retry-After") == "2" and a.json["code"] == "unavailable"
    edge.answer["gate"] = lambda p, b: None
    assert edge.site("GET", "/page", cookie("good")).status == 503


def test_s73_a_protected_site_refuses_in_the_visitors_language(edge, gated):
    for header, want, dir_ in (("fa-IR,fa;q=0.9,en;q=0.5", "fa", "rtl"), ("en-US,fa;q=0.5", "en", "ltr")):
        said = [("Accept-Language", header)]
        for who, status in (([], 401), (cookie("forbidden"), 403), (cookie("broken"), 503)):
            a = edge.site("GET", "/page", who + said)
            assert a.status == status and a.one("Content-Language") == want and a.one("Vary") == "Accept-Language"
            assert bool(re.search("[\u0600-\u06ff]", a.json["title"])) == (want == "fa")
        a = edge.site("GET", "/page", cookie("forbidden") + said + [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")])
        page = a.body.decode()
        assert a.status == 403 and f'<html lang="{want}" dir="{dir_}">' in page and "$" not in page
        words = re.sub("<style>.*?</style>|<[^>]*>", "", page)
        assert not re.search("[a-z]{2}" if want == "fa" else "[\u0600-\u06ff]", words), words


def test_the_sites_own_500_passes(edge, gated):
    a = edge.site("GET", "/page?status=500", cookie("good"))
    assert a.status == 500 and a.body == b"the site's own"


def test_a_fresh_token_becomes_a_cookie_and_an_injected_one_none(edge, gated):
    a = edge.site("GET", "/page", cookie("late"))
    assert a.all("Set-Cookie") == [COOKIES["X-Auth-Access"].format(TOKEN)]
    a = edge.site("GET", "/page", cookie("evil"))
    assert a.status == 200 and a.all("Set-Cookie") == []


def test_the_sites_basic_header_is_not_our_credential(edge, gated):
    basic = "Basic " + base64.b64encode(b"u:p").decode()
    a = edge.site("GET", "/page", cookie("good") + [("Authorization", basic)])
    assert a.status == 200 and a.json["auth"] == basic
    (p, _), = gated
    assert p["HTTP_AUTHORIZATION"] == "Bearer good" and p["GATEPOST_AUTH_SOURCE"] == "cookie"


@pytest.mark.parametrize("value", ["Bearer good", "bearer good", "BEARER  good"])
def test_our_bearer_never_reaches_the_site(edge, gated, value):
    gated.clear()
    edge.answer["gate"] = lambda p, b: gated.append((p, b)) or (204, [("X-Gatepost-User", "7")], b"")
    a = edge.site("GET", "/page", [("Authorization", value)])
    assert a.json["auth"] == ""
    assert gated[0][0]["HTTP_AUTHORIZATION"] == value and gated[0][0]["GATEPOST_AUTH_SOURCE"] == "header"


@pytest.mark.parametrize("sent,left", [
    ("__Host-gatepost=good", ""),
    ("a=1; __Host-gatepost=good; b=2", "a=1; b=2"),
    ("__Host-gatepost=good; b=2", "b=2"),
    ("a=1; __Host-gatepost=good", "a=1"),
    ("a=1;__Host-gatepost=good;b=2", "a=1;b=2"),
    ("__Host-gatepost=good; __Host-gatepost=two; a=1; __Host-gatepost-state=s; b=2; __Host-gatepost-device=d", "a=1; b=2"),
    ("__Host-gatepost=good; " + "; ".join(f"__Host-gatepost={i}" for i in range(9)) + "; a=1", ""),
    ("__Secure-gatepost-refresh=r; __Host-gatepost=good; a=1", "a=1"),
    ("__Host-gatepost=good; __Host-gatepost-state=s; __Host-gatepost-device=d; a=1; __Host-gatepost-language=fa; __Secure-gatepost-refresh=r; b=2",
     "a=1; b=2"),
])
def test_our_cookies_never_reach_the_site(edge, gated, sent, left):
    a = edge.site("GET", "/page", [("Cookie", sent)])
    assert a.status == 200 and a.json["cookie"] == left


def test_many_cookies_cost_no_time(edge, gated):
    """The pattern that strips ours must not backtrack: 400 cookies, none ours."""
    many = "; ".join(f"name{i}=v" for i in range(400)) + ";" + " " * 2000
    edge.answer["gate"] = lambda p, b: (204, [("X-Gatepost-User", "7")], b"")
    edge.site("GET", "/page")
    start = time.monotonic()
    a = edge.site("GET", "/page", [("Cookie", many)])
    took = time.monotonic() - start
    assert a.status == 200 and a.json["cookie"].startswith("name0=v; name1=v")
    assert took < 1
    assert "pcre" not in open(edge.dir + "/log/nginx.log").read()


# --- the country --------------------------------------------------------------------

def test_the_country_is_nginxs_word(edge):
    assert edge.ask("GET", "/api/auth/profile/", [("Gatepost-Country", "IR")]).params["GATEPOST_COUNTRY"] == ""


# --- the same files in a stock Debian layout --------------------------------------------

def test_a_stock_debian_nginx_takes_the_files(edge):
    etc = edge.dir + "/etc"
    shutil.copytree("/etc/nginx", etc, symlinks=True)
    for line in os.listdir(etc + "/sites-enabled"):
        os.unlink(f"{etc}/sites-enabled/{line}")
    args = [os.path.join(TOP, "scripts/render-nginx"), "--out", etc, "--cert", edge.dir + "/c.pem",
            "--key", edge.dir + "/k.pem", "--server-name", "id.example.com", "--log", edge.dir + "/log",
            "--www", edge.dir + "/www"]
    subprocess.run(args, check=True)
    os.symlink("../sites-available/gatepost.conf", etc + "/sites-enabled/gatepost.conf")
    with open(etc + "/gatepost-limits.conf", "a") as f:
        f.write("# the admin's own line\n")
    subprocess.run(args, check=True)                 # an upgrade leaves the numbers alone
    assert "the admin's own line" in open(etc + "/gatepost-limits.conf").read()
    with open(etc + "/nginx.conf") as f:
        conf = f.read()
    with open(etc + "/nginx.conf", "w") as f:
        f.write(re.sub(r"(?m)^pid .*$", f"pid {edge.dir}/t.pid;", conf))
    t = subprocess.run(["nginx", "-t", "-c", etc + "/nginx.conf"], capture_output=True, text=True)
    assert "syntax is ok" in t.stderr, t.stderr
    assert [x for x in t.stderr.splitlines() if "[emerg]" in x and "bind()" not in x] == []
