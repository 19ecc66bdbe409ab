"""Limits that hold exactly, whoever asks at once and whatever restarts (S40 to S44), and domains that nobody
registers with (S52)."""
import concurrent.futures
import http.client
import os
import re
import secrets
import signal
import ssl
import threading

import pytest

import fcgi_ask
from conftest import no_faults
from instance import Instance, wait_until
from people import PASSWORD, Person, a_phone, an_email, forget_limits, problem

LIMIT = 10


@pytest.fixture(scope="module")
def tight():
    """Limits hold for this machine too; the address 127.0.0.1 is outside nginx's own."""
    with Instance(conf={"GATEPOST_LIMITS_LOOPBACK": "yes", "GATEPOST_ANON_DAY": LIMIT,
                        "GATEPOST_MAIL_BLOCKED_DOMAINS": "trash.example"}) as whole:
        yield whole
        no_faults(whole)


def statuses(inst, n, threads=40, meanwhile=lambda done: None):
    """n requests to a row limited by address, in parallel, each answered or lost; the statuses, None for lost."""
    context = ssl.create_default_context(cafile=inst.ca)
    done = []
    lock = threading.Lock()

    def some(k):
        conn = http.client.HTTPSConnection("localhost", inst.port, context=context, timeout=40)
        for _ in range(k):
            try:
                conn.request("POST", "/api/webpush/save_information", body=b"{}",
                             headers={"Content-Type": "application/json"})
                r = conn.getresponse()
                r.read()
                got = r.status
            except (OSError, http.client.HTTPException):
                conn.close()
                got = None
            with lock:
                done.append(got)
        conn.close()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(some, n // threads) for _ in range(threads)]
        meanwhile(done)
        for j in jobs:
            j.result()
    return done


def passed(got):
    return [s for s in got if s == 400]     # the body is empty: it passed the limit and was refused later


def test_s41_a_thousand_at_once_and_exactly_ten_pass(tight):
    forget_limits(tight)
    got = statuses(tight, 1000)
    assert len(passed(got)) == LIMIT and got.count(429) == 1000 - LIMIT, {s: got.count(s) for s in set(got)}


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(c) for c in f.read().split()]


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_s41_a_restart_in_the_middle_gives_nobody_a_second_ten(tight, how):
    forget_limits(tight)

    def restart(done):
        wait_until("some answers", lambda: len(done) > 5, 20, 0.001)
        if how == "restart":
            tight.restart("api")
        else:
            for pid in children(tight.pid("api")):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass        # it was being replaced anyway
        tight.ready()
    got = statuses(tight, 1000, meanwhile=restart) + statuses(tight, 200)
    assert set(got) <= {400, 429, 503, None}, set(got)
    lost = len([s for s in got if s in (503, None)])
    # A use whose answer was lost is used: never more than ten, and never fewer but for those.
    assert LIMIT - lost <= len(passed(got)) <= LIMIT
    assert tight.rows("SELECT MAX(n) AS n FROM throttle WHERE window_s = 86400")[0]["n"] == LIMIT
    if lost == 0:
        assert len(passed(got)) == LIMIT


def test_s40_the_key_is_the_address_that_nginx_saw(tight):
    forget_limits(tight)
    spoofed = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7", "X-Real-IP": "198.51.100.7",
               "Remote-Addr": "198.51.100.7", "CF-Connecting-IP": "198.51.100.7"}

    def ask(i, source=None):
        head = {k: v.replace("7", str(i)) for k, v in spoofed.items()}
        return tight.api("POST", "/api/webpush/save_information", json={}, headers=head, source=source).status_code
    assert [ask(i) for i in range(LIMIT)] == [400] * LIMIT
    assert ask(99) == 429 and ask(98, source="127.0.0.3") == 400


def peers(inst, addresses, **more):
    """What is said to each, when nginx vouches for that address."""
    return [fcgi_ask.ask(f"{inst.run}/main.sock", method="POST", uri="/api/webpush/save_information", body=b"{}",
                         CONTENT_TYPE="application/json", REMOTE_ADDR=a, **more)[0]
            for a in addresses]


def test_s40_a_64_of_ipv6_is_one_asker(tight):
    forget_limits(tight)
    assert peers(tight, [f"2001:db8:1:2:{i:x}::{i + 7:x}" for i in range(LIMIT)]) == [400] * LIMIT
    assert peers(tight, ["2001:db8:1:2::1", "2001:DB8:1:2:ffff:ffff:ffff:ffff"]) == [429] * 2
    assert peers(tight, ["2001:db8:1:3::1", "2001:db8:1::2"]) == [400] * 2


def test_s40_a_mapped_address_is_the_ipv4_one(tight):
    forget_limits(tight)
    spellings = ["192.0.2.9", "::ffff:192.0.2.9", "::FFFF:c000:209", "0:0:0:0:0:ffff:192.0.2.9"]
    assert peers(tight, [spellings[i % 4] for i in range(LIMIT)]) == [400] * LIMIT
    assert peers(tight, spellings) == [429] * 4
    assert peers(tight, ["192.0.2.10", "::ffff:192.0.2.8"]) == [400] * 2


def test_s40_what_nobody_vouches_for_shares_one_count(tight):
    forget_limits(tight)
    none = ["", "unix:", "192.0.2.1, 198.51.100.1", "fe80::1%eth0", "192.0.2.01"]
    assert peers(tight, [none[i % 5] for i in range(LIMIT)]) == [400] * LIMIT
    assert peers(tight, none) == [429] * 5
    # Headers that name an address are not read, even if something handed them on.
    spoofed = {f"HTTP_{h}": "198.51.100.77" for h in ("X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP", "TRUE_CLIENT_IP")}
    assert peers(tight, [""], **spoofed) == [429]
    assert peers(tight, ["198.51.100.77"]) == [400]


def test_s42_the_defaults_are_the_published_ones(tight):
    """Sign-in 30 a minute and address, sign-up 20 an hour and address, reset 5 an hour and destination."""
    def until_refused(call, most=60):
        for i in range(most):
            r = call(i)
            if r.status_code == 429:
                return i, r
        return most, None
    forget_limits(tight)
    n, r = until_refused(lambda i: tight.api("POST", "/api/auth/login/", json={"username": f"u{i}", "password": "x"}))
    assert n == 30 and problem(r, 429, "rate_limited") and 1 <= int(r.headers["Retry-After"]) <= 60
    forget_limits(tight)
    n, r = until_refused(lambda i: tight.api("POST", "/api/auth/register/", json={
        "phone_number": a_phone(), "password": PASSWORD}))
    assert n == 20 and problem(r, 429, "rate_limited") and 60 < int(r.headers["Retry-After"]) <= 3600
    phone = a_phone()
    forget_limits(tight)

    def reset(_):
        # As if the resend time had passed: what is looked for is the hour's number.
        tight.rows("UPDATE throttle SET window_at = window_at - INTERVAL 121 SECOND WHERE window_s = 120")
        return tight.api("POST", "/api/auth/password/reset/request/", json={"phone_number": phone})
    n, r = until_refused(reset)
    assert n == 5 and problem(r, 429, "too_many_resets") and 60 < int(r.headers["Retry-After"]) <= 3600
    sample = tight.ctl("config", "sample").stdout
    for key, value in (("SIGNIN_ADDRESS_MIN", 30), ("SIGNUP_ADDRESS_HOUR", 20), ("RESET_DESTINATION_HOUR", 5),
                       ("CODE_RESEND_S", 120), ("CODE_DAY", 10), ("USER_DAY", 1000)):
        assert re.search(rf"^#?GATEPOST_{key}={value}$", sample, re.M), key


def test_s44_a_refusal_is_a_document_with_a_stable_type_and_a_wait(tight):
    forget_limits(tight)
    for _ in range(LIMIT):
        tight.api("POST", "/api/webpush/save_information", json={})
    for _ in range(3):
        p = problem(tight.api("POST", "/api/webpush/save_information", json={}), 429, "rate_limited")
        assert p["type"] == "urn:gatepost:problem:rate_limited"
    phone = a_phone()
    forget_limits(tight)
    for want in (200, 429):
        r = tight.api("POST", "/api/auth/password/reset/request/", json={"phone_number": phone})
        assert r.status_code == want
    assert problem(r, 429, "code_too_soon")["type"] == "urn:gatepost:problem:code_too_soon"
    assert 100 < int(r.headers["Retry-After"]) <= 120


# --- domains (S52) ---------------------------------------------------------------------------

def test_s52_a_blocked_domain_registers_nobody(tight, tmp_path):
    forget_limits(tight)

    def register(email, **more):
        return tight.api("POST", "/api/auth/register/", json={"email": email, "password": PASSWORD, **more})
    for bad in ("a@trash.example", "A@Mail.TRASH.example"):
        problem(register(bad), 400, "email_not_accepted", "email")
    problem(register("a@trash.example", phone_number=a_phone()), 400, "email_not_accepted", "email")
    for good in ("a@nottrash.example", "trash.example@example.com", an_email()):
        assert register(good).status_code == 201, good
    # Who is there already signs in and resets as ever.
    p = Person(tight, email=an_email())
    tight.rows("UPDATE user SET email = %s, email_cmp = %s, email_unique = %s WHERE id = %s",
               *["old@trash.example"] * 3, p.id)
    r = tight.api("POST", "/api/auth/password/reset/request/", json={"email": "old@trash.example"})
    assert r.status_code == 200


def test_s52_the_file_is_read_again_when_it_changes(tight, tmp_path):
    names = tmp_path / "domains"
    names.write_text("# thrown away\nten-minutes.example\n\n  Mailinator.EXAMPLE  # and below\n")
    tight.configure(("api",), GATEPOST_MAIL_BLOCKED_FILE=str(names))
    forget_limits(tight)

    def register(domain):
        return tight.api("POST", "/api/auth/register/", json={"email": f"x{secrets.token_hex(4)}@{domain}", "password": PASSWORD})
    for bad in ("ten-minutes.example", "mailinator.example", "a.b.mailinator.example"):
        problem(register(bad), 400, "email_not_accepted", "email")
    assert register("later.example").status_code == 201
    names.write_text("later.example\n")
    problem(register("later.example"), 400, "email_not_accepted", "email")
    assert register("ten-minutes.example").status_code == 201
    names.unlink()
    r = tight.ctl("config", "check", f"{tight.dir}/gatepost.env", check=False)
    assert r.returncode == 1 and "GATEPOST_MAIL_BLOCKED_FILE" in r.stdout + r.stderr
