"""What a protected location asks for beyond a sign-in (GATEPOST_REQUIRE and GATEPOST_COUNTRIES, by the two includes' own
variables), on our host name and on another of the same owner, for the gate's every word.

Tokens are made here with the instance's own key, so that a case is one claim and nothing else.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import signal

import pytest
import requests

from instance import free_port, wait_until
from people import Person, claims_of

# A location's words, what a token that may pass says, and what one that may not.
STAFF, SUPER = {"role": "staff"}, {"role": "superuser"}
RULES = {
    "": ([{}], []),
    "staff": ([STAFF, SUPER], [{}, {"groups": "staff"}]),
    "superuser": ([SUPER], [{}, STAFF, {"groups": "superuser"}]),
    "verified": ([{}], [{"verified": False}, {"verified": False, **SUPER}]),
    "mfa": ([{"amr": "pwd otp mfa"}], [{}, {"amr": "otp"}, SUPER]),
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
    """{host: address} of two servers with a location for each of the rules."""
    path, ports = f"{inst.dir}/nginx/extra.d/rules.conf", {"localhost": free_port(), "127.0.0.1": free_port()}
    with open(f"{inst.dir}/nginx/extra.d/example-site.conf", encoding="utf-8") as f:
        site = re.search(r"proxy_pass (http://[0-9.:]+);", f.read()).group(1)
    places = "".join(f'location /{i}/ {{ set $gp_require "{words}"; include snippets/gatepost-protect.conf; proxy_pass {site}; }}\n'
                     for i, words in enumerate(RULES))
    places += f"location /land/ {{ include snippets/gatepost-protect.conf; set $gp_countries SE,FR; proxy_pass {site}; }}\n"
    with open(path, "w", encoding="utf-8") as f:
        for host, port in ports.items():
            f.write(f"server {{ listen 127.0.0.1:{port} ssl; server_name {host};\n"
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
