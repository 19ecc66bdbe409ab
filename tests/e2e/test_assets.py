"""Every file that is served as it is, through the real nginx: type, policy, caching, compression, and for pages what a reader,
a search engine or a screen reader needs.  The list is the tree's: a file that comes is held to this without being named."""
import gzip
import html.parser
import http.client
import os
import re
import socket
import ssl
import urllib.parse

import pytest

from instance import TOP

ROOT = f"{TOP}/nginx/html"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
         ".js": ("application/javascript; charset=utf-8", "text/javascript; charset=utf-8"),
         ".webmanifest": "application/manifest+json", ".yaml": "application/yaml", ".json": "application/json"}
SQUEEZED = (".html", ".css", ".js", ".svg", ".webmanifest", ".yaml", ".json")
SMALLEST = 512		# gzip_min_length
FOR_OTHER_SITES = ("/gatepost.js", "/gatepost-bell.js")


def path_of(file):
    path = "/" + os.path.relpath(file, ROOT)
    return path[:-len("index.html")] if path.endswith("/index.html") else path


FILES = sorted(path_of(os.path.join(folder, name)) for folder, _, names in os.walk(ROOT) for name in names)
PAGES = [p for p in FILES if p.endswith((".html", "/"))]


def kind(path):
    return os.path.splitext(path)[1] or ".html"


class Ask:
    """One connection for all."""

    def __init__(self, inst):
        self.at = urllib.parse.urlsplit(inst.url)
        self.tls = ssl.create_default_context(cafile=inst.ca)
        self.conn = http.client.HTTPSConnection(self.at.hostname, self.at.port, timeout=40, context=self.tls)

    def __call__(self, path, method="GET", **headers):
        self.conn.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        r = self.conn.getresponse()
        r.content = r.read()
        return r


@pytest.fixture(scope="module")
def ask(inst):
    a = Ask(inst)
    yield a
    a.conn.close()


@pytest.fixture(scope="module")
def served(inst):
    """Every path: the tree's, and what is made or fetched when an instance begins."""
    more = ["/api/openapi.json", "/docs/problems/?lang=en", "/docs/problems/?lang=fa", "/docs/problems/rate_limited?lang=fa"]
    more += [f"/console/vendor/{n}" for n in sorted(os.listdir(f"{inst.dir}/api-docs/console")) if n.endswith((".js", ".css"))]
    more += [f"/api/schema/assets/{n}" for n in ("swagger-ui.css", "swagger-ui-bundle.js", "redoc.standalone.js")
             if os.path.exists(f"{inst.dir}/api-docs/{n}")]
    return FILES + more + ["/api/schema/ui/", "/api/schema/redoc/", "/console/", "/console/deliveries/17/"]


def policy_faults(said):
    """What a Content-Security-Policy lets through that ours must not."""
    rows = [d.split() for d in said.split(";") if d.strip()]
    policy = {r[0]: r[1:] for r in rows}
    faults = ["twice" for _ in range(len(rows) - len(policy))]
    faults += [f"no {d}" for d in ("default-src", "base-uri", "form-action", "frame-ancestors") if d not in policy]
    if policy.get("default-src") != ["'none'"] or policy.get("frame-ancestors") != ["'none'"] or policy.get("base-uri") != ["'none'"]:
        faults.append(f"not 'none': {said}")
    for directive, sources in policy.items():
        for s in sources:
            if not re.fullmatch(r"'none'|'self'|data:|blob:|'sha256-[A-Za-z0-9+/]{43}='", s) \
                    or s == "data:" and directive != "img-src" or s == "blob:" and directive != "worker-src":
                faults.append(f"{directive} {s}")
    return faults


def test_the_rule_about_policies_finds_faults():
    good = "default-src 'none'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    assert policy_faults(good) == []
    for bad in ("'unsafe-inline'", "'unsafe-eval'", "https:", "*", "https://cdn.example", "data:", "blob:"):
        assert policy_faults(good.replace("script-src 'self'", f"script-src 'self' {bad}"))
    assert policy_faults(good.replace("base-uri 'none'; ", "")) and policy_faults(good.replace("'none'", "'self'", 1))


def test_s39_every_file_says_what_it_is_and_what_it_may(ask, served):
    faults = []
    for path in served:
        r, plain = ask(path), path.split("?")[0]
        want = TYPES[kind(plain)] if not plain.startswith(("/docs/problems/", "/api/schema/ui", "/api/schema/redoc")) else TYPES[".html"]
        head = r.headers

        def expect(name, ok, path=path, head=head):
            if len(head.get_all(name, [])) != 1 or not ok(head[name]):
                faults.append(f"{path}: {name}: {head.get_all(name)}")
        if r.status != 200 or not r.content:
            faults.append(f"{path}: {r.status}")
            continue
        expect("Content-Type", lambda v: v in want if isinstance(want, tuple) else v == want)
        expect("X-Content-Type-Options", lambda v: v == "nosniff")
        expect("X-Frame-Options", lambda v: v == "DENY")
        expect("Strict-Transport-Security", lambda v: int(v.removeprefix("max-age=")) >= 300)
        expect("Referrer-Policy", lambda v: v in ("same-origin", "no-referrer"))
        expect("Permissions-Policy", lambda v: {"camera=()", "geolocation=()", "microphone=()", "payment=()"} <= set(v.split(", ")))
        expect("Cross-Origin-Opener-Policy", lambda v: v == "same-origin")
        expect("Cross-Origin-Resource-Policy", lambda v: v == ("cross-origin" if path in FOR_OTHER_SITES else "same-origin"))
        expect("Content-Security-Policy", lambda v: policy_faults(v) == [])
        expect("Cache-Control", lambda v: v == ("public, max-age=31536000, immutable" if "/vendor/" in path else "no-cache"))
        if head.get_all("Access-Control-Allow-Origin", []) != (["*"] if path in FOR_OTHER_SITES else []):
            faults.append(f"{path}: Access-Control-Allow-Origin: {head.get_all('Access-Control-Allow-Origin')}")
        for name in ("Set-Cookie", "Access-Control-Allow-Credentials", "X-Powered-By"):
            if name in head:
                faults.append(f"{path}: {name}: {head[name]}")
        if "/" in head.get("Server", ""):
            faults.append(f"{path}: Server: {head['Server']}")
    assert faults == []


def test_every_file_is_asked_for_again_and_not_sent_again(ask, served):
    """By its ETag, compressed or not; and compressed it is smaller, the same, and kept apart from the plain one."""
    faults = []
    for path in served:
        plain, small = ask(path), ask(path, Accept_Encoding="gzip, br")
        text = path.split("?")[0].endswith(SQUEEZED) or kind(path.split("?")[0]) == ".html" or "/docs/problems/" in path
        for r in (plain, small):
            again = ask(path, Accept_Encoding="gzip, br" if r is small else "identity", If_None_Match=r.headers.get("ETag", ""))
            if not r.headers.get("ETag") or again.status != 304 or again.content:
                faults.append(f"{path}: ETag {r.headers.get('ETag')}: {again.status}")
            if again.headers.get("Cache-Control") != r.headers.get("Cache-Control"):
                faults.append(f"{path}: 304 with another Cache-Control: {again.headers.get('Cache-Control')}")
        if ask(path, If_None_Match='"other"').status != 200 or plain.headers.get("Content-Encoding"):
            faults.append(f"{path}: another ETag, or compressed unasked")
        if text and len(plain.content) >= SMALLEST:
            if small.headers.get("Content-Encoding") != "gzip" or gzip.decompress(small.content) != plain.content \
                    or len(small.content) >= len(plain.content):
                faults.append(f"{path}: {small.headers.get('Content-Encoding')}, {len(small.content)} of {len(plain.content)}")
            if not all("Accept-Encoding" in ", ".join(r.headers.get_all("Vary", [])) for r in (plain, small)):
                faults.append(f"{path}: Vary: {plain.headers.get_all('Vary')}")
        elif not text and small.headers.get("Content-Encoding"):
            faults.append(f"{path}: compressed, and is already")
    assert faults == []


class Page(html.parser.HTMLParser):
    EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}

    def __init__(self, text):
        super().__init__()
        self.faults, self.meta, self.loads, self.words = [], {}, [], {}
        self.open, self.root, self.ids = [], {}, []
        self.feed(text)
        if self.open:
            self.faults.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "html":
            self.root = a
        if tag == "meta":
            self.meta[a.get("name") or ("charset" if "charset" in a else a.get("http-equiv"))] = a.get("content") or a.get("charset")
        if tag == "style" or "style" in a or any(k.startswith("on") for k in a):
            self.faults.append(f"inline: {tag} {a}")
        if tag == "script" and not a.get("src"):
            self.faults.append("inline script")
        if tag == "img" and "alt" not in a:
            self.faults.append(f"no alt: {a}")
        if tag == "base":
            self.faults.append("base")
        if a.get("id") in self.ids:
            self.faults.append(f"twice: #{a['id']}")
        self.ids.append(a.get("id") or object())
        for k in ("src", "href", "action", "formaction"):
            if k in a:
                if re.match(r"\s*(javascript|vbscript|data):", a[k] or "", re.I):
                    self.faults.append(f"{k}={a[k]}")
                if k == "src" or tag == "link":
                    self.loads.append(a[k])
                if (a[k] or "").startswith("http:"):
                    self.faults.append(f"without TLS: {a[k]}")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if self.open:
            self.words[self.open[-1]] = self.words.get(self.open[-1], "") + data


def test_every_page_is_whole(ask, served):
    pages = [p for p in served if p in PAGES or "/docs/problems/" in p or p.startswith(("/api/schema/", "/console/")) and p.endswith("/")]
    assert len(pages) > 12
    faults, loads = [], set()
    for path in pages:
        page = Page(ask(path).content.decode())
        faults += [f"{path}: {f}" for f in page.faults]
        lang = page.root.get("lang")
        if lang not in ("en", "fa") or page.root.get("dir") != ("rtl" if lang == "fa" else "ltr"):
            faults.append(f"{path}: {page.root}")
        if not page.words.get("title", "").strip() or page.meta.get("charset") != "utf-8":
            faults.append(f"{path}: title {page.words.get('title')}, charset {page.meta.get('charset')}")
        if "width=device-width" not in (page.meta.get("viewport") or "") or re.search("user-scalable|maximum-scale", page.meta["viewport"]):
            faults.append(f"{path}: viewport {page.meta.get('viewport')}")
        if not 10 <= len(page.meta.get("description") or "") <= 160:
            faults.append(f"{path}: description {page.meta.get('description')}")
        for to in page.loads:
            url = urllib.parse.urljoin(path, to)
            if not url.startswith("/") or url.startswith("//"):
                faults.append(f"{path}: from elsewhere: {to}")
            elif not url.startswith("/api/schema/assets/"):	# the viewers come with scripts/api-docs
                loads.add(url)
    faults += [f"missing: {u}" for u in sorted(loads) if ask(u).status != 200]
    assert faults == []


def test_nothing_is_loaded_from_elsewhere(ask, served):
    """No address of another host in what styles and scripts load."""
    faults = []
    for path in served:
        if kind(path) not in (".css", ".js", ".svg", ".webmanifest") or "/vendor/" in path or "/assets/" in path:
            continue
        text = ask(path).content.decode()
        if kind(path) == ".js":
            text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            found = re.findall(r"""(?:import\s*\(?|from)\s*['"](?:https?:)?//[^'"]+""", text) + re.findall(r"\beval\(|new Function\(", text)
        else:
            found = [f for f in re.findall(r"""(?:https?:)?//[a-z0-9][^\s"')]*""", text) if not f.startswith("http://www.w3.org/")]
        faults += [f"{path}: {f}" for f in found]
    assert faults == []


def test_the_manifests_say_the_same(ask):
    import json
    en, fa = (json.loads(ask(p).content) for p in ("/manifest.webmanifest", "/manifest.fa.webmanifest"))
    assert (en["lang"], en["dir"], fa["lang"], fa["dir"]) == ("en", "ltr", "fa", "rtl")
    said = {"lang", "dir", "name", "short_name", "description", "shortcuts"}
    assert {k: v for k, v in en.items() if k not in said} == {k: v for k, v in fa.items() if k not in said}
    assert [s["url"] for s in en["shortcuts"]] == [s["url"] for s in fa["shortcuts"]]
    assert en["display"] == "standalone" and en["start_url"].startswith(en["scope"]) and en["id"]
    for icon in en["icons"]:
        r = ask(icon["src"])
        assert r.status == 200 and r.headers["Content-Type"] == icon["type"], icon
        if icon["type"] == "image/png":
            size = [int.from_bytes(r.content[n:n + 4], "big") for n in (16, 20)]
            assert icon["sizes"] == f"{size[0]}x{size[1]}"
    assert {"192x192", "512x512"} <= {i["sizes"] for i in en["icons"]} and any(i.get("purpose") == "maskable" for i in en["icons"])


def test_http2_is_offered(ask):
    tls = ssl.create_default_context(cafile=None)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection((ask.at.hostname, ask.at.port), 10) as s, tls.wrap_socket(s, server_hostname="localhost") as t:
        assert t.selected_alpn_protocol() == "h2" and t.version() in ("TLSv1.2", "TLSv1.3")


def test_hidden_and_missing_files(ask):
    for path in ("/.env", "/console/.git/config", "/console/pages/nothing.js", "/console/", "/icons/"):
        r = ask(path)
        assert r.status == (200 if path == "/console/" else 404), path
        assert policy_faults(r.headers["Content-Security-Policy"]) == [], path


@pytest.mark.parametrize("path", ["/api/unsubscribe/", "/api/unsubscribe/?t=abc", "/api/verify-email/", "/api/verify-email/?token=abc",
                                  "/api/v1/verify-email/?token=", "/api/auth/undo/", "/api/auth/undo/?token=" + "x" * 500,
                                  "/api/auth/otp/link/?token=abc", "/api/auth/social/nobody/callback"])
def test_a_damaged_link_says_so_in_words(ask, path):
    """To whom opened it in a browser; a program gets the same status and its document."""
    r = ask(path, Accept="application/json")
    assert 400 <= r.status < 500 and r.headers["Content-Type"] == "application/problem+json"
    for lang in ("en", "fa"):
        page = ask(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8", Accept_Language=lang)
        text = page.content.decode()
        assert (page.status, page.headers["Content-Type"]) == (r.status, "text/html; charset=utf-8")
        assert f'<html lang="{lang}"' in text and 'href="/console/' in text and "<script" not in text
        assert policy_faults(page.headers["Content-Security-Policy"]) == []


def test_s37_pages_of_listed_origins_may_read_the_inbox(inst, ask):
    """What the bell asks: with cookies where both lists have the origin, by a token where one has, and for nobody else."""
    site, other = inst.env["GATEPOST_SITE_URL"], inst.env["GATEPOST_OTHER_SITE_URL"]
    for path, method in (("/api/inbox/counts/", "GET"), ("/api/inbox/", "GET"), ("/api/inbox/read-all/", "POST"),
                         ("/api/auth/ticket/", "POST"), ("/api/auth/token/refresh/", "POST")):
        for origin, cookies in ((site, True), (other, False), ("https://evil.example", None), ("null", None), (site + ".evil.example", None),
                                (inst.url.replace("https", "http"), None)):
            r = ask(path, "OPTIONS", Origin=origin, Access_Control_Request_Method=method, Access_Control_Request_Headers="content-type")
            assert r.status == 204 and "Origin" in r.headers["Vary"]
            assert r.headers.get("Access-Control-Allow-Origin") == (None if cookies is None else origin)
            assert r.headers.get("Access-Control-Allow-Credentials") == ("true" if cookies else None)
            assert (method in r.headers.get("Access-Control-Allow-Methods", "")) == (cookies is not None)
    for origin, allowed in ((site, site), ("https://evil.example", None)):
        r = ask("/ws/notifications/", Origin=origin, Accept="text/event-stream")
        assert r.status == 401 and r.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Origin" in ", ".join(r.headers.get_all("Vary"))
