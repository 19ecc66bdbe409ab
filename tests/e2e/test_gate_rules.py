"""What a protected location asks for beyond a sign-in (GATEPOST_REQUIRE and GATEPOST_COUNTRIES, by the two includes' own
variables), on our host name and on another of the same owner, for the gate's every word.

Tokens are made here with the instance's own key, so that a case is one claim and nothing else.
"""
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import re
import signal
import ssl
import urllib.parse

import pytest
import requests

import fcgi_echo
import gateway_echo
from instance import free_port, wait_until
from people import Person, claims_of

# A location's words, what a token that may pass says, and what one that may not.
STAFF, SUPER = {"role": "staff"}, {"role": "superuser"}
RULES = {
    "": ([{}], []),
    "staff": ([STAFF, SUPER], [{}, {"groups": "staff"}]),
    "superuser": ([SUPER], [{}, STAFF, {"groups": "superuser"}]),
    "verified": ([{}], [{"verified": False}, {"verified": False, **SUPER}]),
    "mfa": ([{"amr": "pwd otp mfa"}, {"amr": "mfa pwd"}], [{}, {"amr": "otp"}, {"amr": "pwd xmfa mfa2"}, SUPER]),
    "group:ops": ([{"groups": "ops"}, {"groups": "dev,ops,wiki"}],
                  [{}, {"groups": "opsx"}, {"groups": "op,s"}, {"groups": "dev,xops"}, {"role": "superuser", "groups": "dev"}]),
    "verified group:ops": ([{"groups": "ops"}], [{}, {"groups": "ops", "verified": False}]),
    "staff,mfa, group:ops": ([{**STAFF, "amr": "pwd mfa", "groups": "ops"}],
                             [{**STAFF, "amr": "pwd mfa"}, {**STAFF, "groups": "ops"}, {"amr": "pwd mfa", "groups": "ops"}]),
    # A typing error opens nothing.
    "staf": ([], [SUPER]), "group:": ([], [SUPER, {"groups": ""}]), "staff|verified": ([], [SUPER]), "Staff": ([], [SUPER]),
}


@pytest.fixture(scope="module")
def ruled(inst):
    """{host: address} of two servers with a location for each of the rules, and sites that speak FastCGI, SCGI and
    uwsgi.  They take headers with '_', as some sites need."""
    old = {"fastcgi": fcgi_echo.Responder(f"{inst.run}/old-site.sock"),
           "scgi": gateway_echo.Responder(f"{inst.run}/scgi-site.sock", gateway_echo.scgi),
           "uwsgi": gateway_echo.Responder(f"{inst.run}/uwsgi-site.sock", gateway_echo.uwsgi)}
    for responder in old.values():
        os.chmod(responder.server_address, 0o666)
    path, ports = f"{inst.dir}/nginx/extra.d/rules.conf", {"localhost": free_port(), "127.0.0.1": free_port()}
    with open(f"{inst.dir}/nginx/extra.d/example-site.conf", encoding="utf-8") as f:
        site = re.search(r"proxy_pass (http://[0-9.:]+);", f.read()).group(1)
    places = "".join(f'location /{i}/ {{ set $gp_require "{words}"; include snippets/gatepost-protect.conf; proxy_pass {site}; }}\n'
                     for i, words in enumerate(RULES))
    places += f"location /land/ {{ include snippets/gatepost-protect.conf; set $gp_countries SE,FR; proxy_pass {site}; }}\n"
    for name, responder in old.items():
        # SCGI's CONTENT_LENGTH is nginx's own.
        length = "" if name == "scgi" else f"{name}_param CONTENT_LENGTH $content_length; "
        places += (f"location /{name}/ {{ include snippets/gatepost-protect.conf; {name}_param REQUEST_METHOD $request_method;"
                   f" {length}{name}_pass unix:{responder.server_address}; }}\n")
    with open(path, "w", encoding="utf-8") as f:
        for host, port in ports.items():
            f.write(f"server {{ listen 127.0.0.1:{port} ssl; server_name {host}; underscores_in_headers on;\n"
                    f"ssl_certificate {inst.dir}/tls/tls.crt; ssl_certificate_key {inst.dir}/tls/tls.key;\n"
                    f"include snippets/gatepost-authz.conf;\n{places}}}\n")
    made = {host: f"https://{host}:{port}" for host, port in ports.items()}
    try:
        inst.send_signal("nginx", signal.SIGHUP)
        for url in made.values():
            wait_until(url, lambda: answers(inst, url))
        yield made
    finally:
        os.unlink(path)
        inst.send_signal("nginx", signal.SIGHUP)
        for responder in old.values():
            responder.close()


def answers(inst, url):
    try:
        return ask(inst, url + "/0/", "x").status_code == 401
    except OSError:
        return False


def ask(inst, url, token):
    http = requests.Session()
    http.trust_env = False
    return http.get(url, headers={"Cookie": f"__Host-gatepost={token}"}, verify=inst.ca, allow_redirects=False, timeout=20)


def saying(inst, token, **claims):
    kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
    with open(f"{inst.dir}/keys/token/{kid}.key", encoding="ascii") as f:
        key = bytes.fromhex(f.readline().strip())
    body = base64.urlsafe_b64encode(json.dumps({**claims_of(token), **claims}).encode()).rstrip(b"=").decode()
    text = f"{token.split('.')[0]}.{body}"
    return text + "." + base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_d15_each_word_lets_in_whom_it_names_and_nobody_else(inst, ruled, host):
    me = Person(inst).bearer().access
    aud = {"aud": host} if host == "127.0.0.1" else {}
    faults = []
    for i, (words, (may, may_not)) in enumerate(RULES.items()):
        for status, cases in ((200, may), (403, may_not)):
            for claims in cases:
                got = ask(inst, f"{ruled[host]}/{i}/echo", saying(inst, me, **aud, **claims)).status_code
                if got != status:
                    faults.append(f"{words!r} for {claims}: {got}")
    assert not faults, "\n".join(faults)
    # The location's countries; loopback is of none.
    r = ask(inst, f"{ruled[host]}/land/echo", saying(inst, me, **aud))
    assert r.status_code == 403 and r.json()["code"] == "forbidden"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_visitor_cannot_ask_for_less(inst, ruled, host):
    """The location's words are nginx's, whatever a request calls itself."""
    me = Person(inst).bearer().access
    token = saying(inst, me, **({"aud": host} if host == "127.0.0.1" else {}))
    place = f"{ruled[host]}/{list(RULES).index('superuser')}/echo"
    http = requests.Session()
    http.trust_env = False
    for headers in ({"GATEPOST_REQUIRE": "verified"}, {"Gatepost-Require": "verified"}, {"X-Gatepost-Groups": "superuser"},
                    {"Remote-Groups": "superuser"}, {"X-Original-URL": "/0/echo"}, {"X-Rewrite-URL": "/0/echo"}):
        r = http.get(place, headers={"Cookie": f"__Host-gatepost={token}", **headers}, verify=inst.ca, timeout=20)
        assert r.status_code == 403, headers
    assert http.get(place + "?gp_require=verified", headers={"Cookie": f"__Host-gatepost={token}"}, verify=inst.ca,
                    timeout=20).status_code == 403


# --- what reaches the site, whatever a visitor sends ---------------------------------

SAYS = ["Remote-User", "Remote-Groups", "Remote-Email"]
NOBODYS = ["Remote-Name", "X-Remote-User", "X-Forwarded-User", "X-Auth-Request-User", "X-Gatepost", "X-Gatepost-User",
           "X-Gatepost-Groups", "X-Gatepost-Email"]


def spellings(name):
    """Every one that a program could take for it: '-' and '_' at each place, in three cases."""
    parts = name.split("-")
    for joints in itertools.product("-_", repeat=len(parts) - 1):
        plain = "".join(a + b for a, b in zip(parts, [*joints, ""]))
        yield from {plain, plain.lower(), plain.upper()}


def send(inst, url, headers, method="GET", body=None):
    """With the very headers, each as often as it stands there."""
    at = urllib.parse.urlsplit(url)
    c = http.client.HTTPSConnection(at.hostname, at.port, timeout=20, context=ssl.create_default_context(cafile=inst.ca))
    try:
        c.putrequest(method, at.path)
        for name, value in headers:
            c.putheader(name, value)
        if body is not None:
            c.putheader("Content-Length", str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        return r.status, r.getheaders(), r.read()
    finally:
        c.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_no_spelling_and_no_repetition_names_a_visitor(inst, ruled, host):
    who = Person(inst)
    token = saying(inst, who.bearer().access, groups="ops", **({"aud": host} if host == "127.0.0.1" else {}))
    forged = [(s, "forged") for name in SAYS + NOBODYS for s in spellings(name)]
    cookie = [("Cookie", f"its=own; __Host-gatepost={token}; b=2")]
    want = {"REMOTE_USER": [str(who.id)], "REMOTE_GROUPS": ["ops"]}
    # The site behind proxy_pass.
    for headers in (cookie + forged, forged * 2 + cookie, cookie + [(s, "forged") for s in SAYS * 3]):
        status, _, body = send(inst, f"{ruled[host]}/0/echo", headers)
        raw = json.loads(body)["headers"]
        got = {}
        for name, value in zip(raw[::2], raw[1::2]):
            got.setdefault(name.upper().replace("-", "_"), []).append(value)
        assert status == 200 and "forged" not in str(raw)
        assert {k: got[k] for k in want} == want and got["COOKIE"] == ["its=own; b=2"]
        assert not {n.upper().replace("-", "_") for n in NOBODYS} & set(got) and token not in str(raw)
    # And behind the others, where '-' and '_' are one; a body goes with it.
    for by, headers in itertools.product(("fastcgi", "scgi", "uwsgi"), (cookie + forged, forged * 2 + cookie)):
        status, answered, body = send(inst, f"{ruled[host]}/{by}/x", headers, "POST", b"a=b")
        said = json.loads(body)["params"]
        assert status == 200 and json.loads(body)["body"] == "a=b" and said["REQUEST_METHOD"] == "POST"
        assert "x-auth-access" not in {k.lower() for k, _ in answered}
        assert said["HTTP_REMOTE_USER"] == said["REMOTE_USER"] == str(who.id) and said["HTTP_REMOTE_GROUPS"] == "ops"
        assert said["HTTP_COOKIE"] == "its=own; b=2" and "forged" not in str(said) and token not in str(said)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_bearer_of_ours_stops_at_the_gate_and_the_sites_own_goes_on(inst, ruled, host):
    token = saying(inst, Person(inst).bearer().access, **({"aud": host} if host == "127.0.0.1" else {}))
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        for place in ("/0/echo", "/fastcgi/x", "/scgi/x", "/uwsgi/x"):
            status, _, body = send(inst, ruled[host] + place, [(name, f"Bearer {token}")])
            assert status == 200 and token.encode() not in body
            status, _, body = send(inst, ruled[host] + place, [(name, "Basic dTpw"), ("Cookie", f"__Host-gatepost={token}")])
            assert status == 200 and b"dTpw" in body and token.encode() not in body
