"""S52: who takes a domain's mail, by DNS, on the real worker and a name server that says what it is told to."""
import re
import secrets
import socket
import struct
import threading

import pytest

from conftest import no_faults
from instance import Instance
from people import PASSWORD, Person, a_phone, calm, forget_limits, old_code, problem, same, within

A, MX, AAAA = 1, 15, 28
NXDOMAIN, SERVFAIL = 3, 2


def name(text):
    return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".") if p) + b"\0"


class Dns:
    """Answers over UDP from a dict: domain → {type: [data, …]}, or an error code, "silent" or raw bytes."""

    def __init__(self):
        self.zone, self.asked = {}, []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.at = "127.0.0.1:%d" % self.sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, peer = self.sock.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(query)
            if answer is not None:
                self.sock.sendto(answer, peer)

    def _answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind, = struct.unpack("!H", query[at + 1:at + 3])
        domain = ".".join(labels).lower()
        self.asked.append((domain, kind))
        says = self.zone.get(domain, NXDOMAIN)
        if says == "silent":
            return None
        head = lambda code, n: query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, n, 0, 0)  # noqa: E731
        if isinstance(says, int):
            return head(says, 0) + question
        if isinstance(says, bytes):
            return head(0, 1) + question + says
        rows = says.get(kind, [])
        return head(0, len(rows)) + question + b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(r)) + r for r in rows)

    def close(self):
        self.sock.close()


def mx(host, preference=10):
    return struct.pack("!H", preference) + name(host)


@pytest.fixture(scope="module")
def dns():
    d = Dns()
    yield d
    d.close()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    f = tmp_path_factory.mktemp("mx") / "hosts"
    f.write_text("# those who read for everybody\nmx.throwaway.example\n  InBox.Example  # and all below\n")
    return f


@pytest.fixture(scope="module")
def inst(dns, hosts):
    with Instance(conf={"GATEPOST_MAIL_BLOCKED_MX_FILE": str(hosts), "GATEPOST_DNS_SERVER": dns.at,
                        "GATEPOST_MAIL_BLOCKED_DOMAINS": "listed.example"}) as whole:
        yield whole
        no_faults(whole)


def fresh(dns, says):
    domain = f"d{secrets.token_hex(6)}.example"
    dns.zone[domain] = says
    return domain


def register(inst, domain, **more):
    return inst.api("POST", "/api/auth/register/", json={
        "email": f"x{secrets.token_hex(4)}@{domain}", "password": PASSWORD, **more})


def looked_up(inst, domain):
    within(15, f"{domain} looked up", lambda: inst.rows(
        "SELECT 1 FROM mail_domain WHERE domain = %s AND due_at IS NULL", domain))


GOOD = [{MX: [mx("mail.good.example")]}, {A: [bytes(4)]}, {AAAA: [bytes(16)]},
        {MX: [mx("throwaway.example"), mx("notmx.throwaway.example"), mx("xinbox.example")]},
        {MX: [mx(f"m{i}.good.example") for i in range(40)]}]
BLOCKED = [{MX: [mx("mx.throwaway.example")]}, {MX: [mx("good.example", 5), mx("MX.Throwaway.Example", 50)]},
           {MX: [mx("a.b.inbox.example")]}, {MX: [mx("inbox.example")], A: [bytes(4)]}]
NOWHERE = [NXDOMAIN, {}, {MX: [mx("", 0)]}]
# What is no answer: the domain is taken, as if nobody had asked.
DOWN = [SERVFAIL, b"", b"\xc0\x0c", b"\xc0\x0c" + struct.pack("!HHIH", MX, 1, 60, 400) + b"\0\5mail",
        b"\xc0\x0c" + struct.pack("!HHIH", MX, 1, 60, 4) + b"\0\5\xc0\xff",
        b"\xc0\x0c" + struct.pack("!HHIH", MX, 1, 60, 4) + b"\0\5\xc0\x1d" * 3]


@pytest.mark.parametrize("says,code", [(s, None) for s in GOOD] + [(s, "email_not_accepted") for s in BLOCKED]
                         + [(s, "email_nowhere") for s in NOWHERE])
def test_s52_what_dns_says_holds_from_then_on(inst, dns, says, code):
    forget_limits(inst)
    domain = fresh(dns, says)
    r = register(inst, domain)
    assert r.status_code == 201        # nobody waits for DNS
    looked_up(inst, domain)
    for again in (register(inst, domain), register(inst, domain, phone_number=a_phone())):
        if code:
            problem(again, 400, code, "email")
        else:
            assert again.status_code == 201, again.text


@pytest.mark.parametrize("says", DOWN)
def test_s52_what_is_no_answer_keeps_nobody_out(inst, dns, says):
    forget_limits(inst)
    domain = fresh(dns, says)
    p = Person(inst, email=f"x@{domain}", proved=False)
    within(15, "asked", lambda: (domain, MX) in dns.asked)
    within(15, "put off", lambda: inst.rows("SELECT 1 FROM mail_domain WHERE domain = %s AND looked_at IS NULL"
                                            " AND due_at > UTC_TIMESTAMP(6) + INTERVAL 5 SECOND", domain))
    assert p.prove().status_code == 200 and register(inst, domain).status_code == 201
    # It is asked again when its time comes, and what it says then holds.
    dns.zone[domain] = BLOCKED[0]
    inst.rows("UPDATE mail_domain SET due_at = UTC_TIMESTAMP(6) WHERE domain = %s", domain)
    looked_up(inst, domain)
    problem(register(inst, domain), 400, "email_not_accepted")


def test_s52_a_code_of_a_blocked_domain_proves_nothing(inst, dns):
    forget_limits(inst)
    domain = fresh(dns, BLOCKED[0])
    p = Person(inst, email=f"early@{domain}", proved=False)
    code = p.code()
    looked_up(inst, domain)
    for _ in range(2):
        problem(p.prove(code=code), 400, "email_not_accepted", "email")
    # A wrong code says what a wrong code says.
    problem(p.prove(code="000000" if code != "000000" else "000001"), 400, "invalid_code")
    forget_limits(inst)
    old_code(inst, p.register_id, 121)
    r = inst.api("POST", "/api/auth/otp/refresh/", json={"register_id": p.register_id})
    problem(r, 400, "email_not_accepted", "email")
    assert inst.rows("SELECT email_verified_at AS at FROM user WHERE email_cmp = %s", p.email)[0]["at"] is None


def test_s52_a_link_of_a_blocked_domain_proves_nothing(inst, dns):
    forget_limits(inst)
    domain = fresh(dns, BLOCKED[0])
    email = f"link@{domain}"
    assert inst.api("POST", "/api/register/", json={"email": email, "password": PASSWORD}).status_code == 201
    mail = inst.sandbox.wait(channel="email", to=email)[0]["text"]
    token = re.search(r"token=([A-Za-z0-9._-]+)", mail).group(1)
    looked_up(inst, domain)
    for _ in range(2):
        problem(inst.api("POST", "/api/verify-email/", json={"token": token}), 400, "email_not_accepted", "email")
    assert inst.rows("SELECT email_verified_at AS at FROM user WHERE email_cmp = %s", email)[0]["at"] is None


def test_s52_an_account_does_not_move_to_one_and_who_is_there_stays(inst, dns):
    forget_limits(inst)
    domain = fresh(dns, GOOD[0])
    p = Person(inst, email=f"there@{domain}")
    dns.zone[domain] = BLOCKED[0]
    inst.rows("UPDATE mail_domain SET looked_at = looked_at - INTERVAL 2 HOUR")
    assert register(inst, domain).status_code == 201      # what was known is too old, and is asked for again
    looked_up(inst, domain)
    problem(register(inst, domain), 400, "email_not_accepted")
    assert p.login().status_code == 200
    forget_limits(inst)
    assert p.reset_request().status_code == 200


def test_s52_s24_known_and_unknown_addresses_are_refused_alike(inst, dns):
    forget_limits(inst)
    domain = fresh(dns, GOOD[0])
    p = Person(inst, email=f"known@{domain}")
    inst.rows("UPDATE mail_domain SET verdict = 2 WHERE domain = %s", domain)
    seen = []
    for email in (p.email, f"unknown@{domain}"):
        r = inst.api("POST", "/api/auth/register/", json={"email": email, "password": PASSWORD})
        seen.append((same(problem(r, 400, "email_not_accepted", "email")), calm(r)))
    assert seen[0] == seen[1]


def test_s52_a_listed_domain_is_refused_without_dns(inst, dns):
    forget_limits(inst)
    problem(register(inst, "listed.example"), 400, "email_not_accepted")
    assert not [d for d, _ in dns.asked if d == "listed.example"]


def test_s52_a_silent_server_holds_up_nothing(inst, dns):
    """The worker looks up on a thread of its own: codes leave while it waits."""
    forget_limits(inst)
    silent = [fresh(dns, "silent") for _ in range(4)]
    for d in silent:
        assert register(inst, d).status_code == 201
    within(10, "asked", lambda: any(d in silent for d, _ in dns.asked))
    assert Person(inst, proved=False).code()
    for d in silent:
        dns.zone[d] = GOOD[0]


def test_s52_the_file_of_hosts_is_read_again(inst, dns, hosts):
    forget_limits(inst)
    was = hosts.read_text()
    hosts.write_text("later.example\n")
    try:
        later, before = fresh(dns, {MX: [mx("mx.later.example")]}), fresh(dns, BLOCKED[0])
        for d in (later, before):
            assert register(inst, d).status_code == 201
            looked_up(inst, d)
        problem(register(inst, later), 400, "email_not_accepted")
        assert register(inst, before).status_code == 201
    finally:
        hosts.write_text(was)
    hosts.rename(hosts.with_suffix(".away"))
    try:
        r = inst.ctl("config", "check", f"{inst.dir}/gatepost.env", check=False)
        assert r.returncode == 1 and "GATEPOST_MAIL_BLOCKED_MX_FILE" in r.stdout + r.stderr
    finally:
        hosts.with_suffix(".away").rename(hosts)


def test_s52_a_cron_worker_looks_up_too(inst, dns):
    import os
    import subprocess
    forget_limits(inst)
    inst.kill("worker")
    try:
        domain = fresh(dns, NOWHERE[0])
        assert register(inst, domain).status_code == 201
        r = subprocess.run([os.environ["GATEPOST_BUILD"] + "/gatepost-worker", "--config", f"{inst.dir}/gatepost.env",
                            "--run-once"], capture_output=True, text=True, timeout=60, check=False)
        assert r.returncode == 0, r.stderr[-400:]
        problem(register(inst, domain), 400, "email_nowhere")
    finally:
        inst.start("worker")


def test_s52_off_asks_nobody(dns, inst):
    with inst.changed(("api", "worker"), GATEPOST_MAIL_BLOCKED_MX_FILE=None):
        domain = fresh(dns, NXDOMAIN)
        forget_limits(inst)
        assert Person(inst, email=f"x@{domain}").id
        assert not inst.rows("SELECT 1 FROM mail_domain WHERE domain = %s", domain)
        assert not [d for d, _ in dns.asked if d == domain]
