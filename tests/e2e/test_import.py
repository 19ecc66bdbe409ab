"""gatepostctl import users: accounts of a replaced system come with the hashes
they have, made here by the original software, and nobody needs a reset."""
import base64
import csv
import hashlib
import json
import os
import secrets
import subprocess
import sys

import pytest

from instance import REAL_HASH, Instance
from people import a_phone, problem

pytestmark = pytest.mark.skipif(not os.environ.get("GATEPOST_BUILD"), reason="GATEPOST_BUILD is not set")
PASSWORD = "Blue-Harbour-7!"
WORD = "گذرواژه-Aa1"


@pytest.fixture(scope="module")
def inst():
    with Instance(conf=REAL_HASH) as i:
        yield i


def django_hashes(password):
    """By Django itself, in a process of its own: settings are global."""
    program = """
import sys
from django.conf import settings
base = "django.contrib.auth.hashers."
names = ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt"]
settings.configure(PASSWORD_HASHERS=[base + n + "PasswordHasher" for n in names])
import django
django.setup()
from django.contrib.auth import hashers
hashers.BCryptSHA256PasswordHasher.rounds = hashers.BCryptPasswordHasher.rounds = 5
for h in settings.PASSWORD_HASHERS:
    print(hashers.make_password(sys.argv[1], None, hashers.import_string(h).algorithm))
"""
    out = subprocess.run([sys.executable, "-c", program, password], check=True, capture_output=True, text=True)
    return out.stdout.split()


def other_hashes(password):
    import argon2
    import bcrypt
    from passlib.hash import scrypt
    salt = secrets.token_hex(8)
    raw = hashlib.scrypt(password.encode(), salt=salt.encode(), n=16384, r=8, p=1, maxmem=64 << 20, dklen=64)
    return [bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode(),
            bcrypt.hashpw(password.encode(), bcrypt.gensalt(5, prefix=b"2a")).decode(),
            bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode().replace("$2b$", "$2y$"),
            scrypt.using(rounds=12).hash(password),
            f"scrypt$16384${salt}$8$1${base64.b64encode(raw).decode()}",
            argon2.PasswordHasher().hash(password)]


def bring(inst, path, *args, status=0, **more):
    done = inst.ctl("--json", "import", "users", str(path), *args, check=False, **more)
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout), done.stderr


def write_csv(path, rows):
    names = list(dict.fromkeys(k for r in rows for k in r))
    with open(path, "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, names)
        w.writeheader()
        w.writerows(rows)
    return path


def login(inst, name, password=PASSWORD):
    return inst.api("POST", "/api/auth/login/", json={"username": name, "password": password})


def an_address():
    return f"old-{secrets.token_hex(5)}@example.com"


def stored(inst, email):
    return inst.rows("SELECT * FROM user WHERE email_cmp = %s", email.lower())


@pytest.mark.parametrize("password", [PASSWORD, WORD])
def test_s55_every_imported_user_signs_in_with_the_old_password(inst, tmp_path, password):
    hashes = django_hashes(password) + other_hashes(password)
    people = [{"id": secrets.token_hex(6), "email": an_address(), "password": h, "email_verified": "t",
               "first_name": 'An "old", friend', "groups": "ignored"} for i, h in enumerate(hashes)]
    told, _ = bring(inst, write_csv(tmp_path / "u.csv", people))
    assert told["imported"] == len(people) == 11 and told["refused"] == told["duplicates"] == 0
    for p in people:
        assert stored(inst, p["email"])[0]["password"] == p["password"]
        problem(login(inst, p["email"], password + "x"), 401, "invalid_credentials")
        assert stored(inst, p["email"])[0]["password"] == p["password"]
        r = login(inst, p["email"], password)
        assert r.status_code == 200, (p["password"], r.text)
        assert r.json()["user"]["first_name"] == 'An "old", friend' and r.json()["user"]["is_verified"]
        # ours from now on, and the same password
        assert stored(inst, p["email"])[0]["password"].startswith("{p1}$argon2id$v=19$m=19456,t=2,p=1$")
        assert login(inst, p["email"], password).status_code == 200
        inst.rows("DELETE FROM throttle")


def test_again_and_after_a_kill_changes_nothing_that_is_there(inst, tmp_path):
    h = other_hashes(PASSWORD)[0]
    people = [{"external_id": secrets.token_hex(6), "email": an_address(), "password": h, "email_verified": 1}
              for _ in range(350)]
    half = write_csv(tmp_path / "half.csv", people[:170])
    whole = write_csv(tmp_path / "whole.csv", people)
    # A run that ended in the middle left whole records only.
    assert bring(inst, half)[0]["imported"] == 170
    assert login(inst, people[3]["email"]).status_code == 200
    mine = stored(inst, people[3]["email"])[0]
    assert bring(inst, whole)[0] == {"imported": 180, "there": 170, "duplicates": 0, "refused": 0,
                                     "without_password": 0, "dry_run": False}
    assert bring(inst, whole)[0]["there"] == 350
    assert stored(inst, people[3]["email"]) == [mine]
    assert login(inst, people[349]["email"]).status_code == 200


def test_a_killed_run_is_finished_by_the_next(inst, tmp_path):
    h = other_hashes(PASSWORD)[0]
    people = [{"id": secrets.token_hex(6), "email": an_address(), "password": h, "email_verified": 1}
              for _ in range(3000)]
    path = write_csv(tmp_path / "u.csv", people)
    before = inst.rows("SELECT COUNT(*) AS n FROM user")[0]["n"]
    run = subprocess.Popen([f"{os.environ['GATEPOST_BUILD']}/gatepostctl", "--config", f"{inst.dir}/gatepost.env",
                            "import", "users", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while run.poll() is None and inst.rows("SELECT COUNT(*) AS n FROM user")[0]["n"] == before:
        pass
    run.kill()
    run.wait()
    told, _ = bring(inst, path)
    assert told["imported"] + told["there"] == 3000 and told["there"] > 0
    assert inst.rows("SELECT COUNT(*) AS n FROM user")[0]["n"] == before + 3000


def test_bad_lines_are_named_and_the_others_come(inst, tmp_path):
    h = other_hashes(PASSWORD)[0]
    taken = an_address()
    rows = [{"id": "a1", "email": taken, "password": h, "email_verified": "yes"},                # line 2
            {"id": "a2", "email": "no address", "password": h},                                  # 3
            {"id": "a3", "email": an_address(), "password": "pbkdf2_sha256$90000000$s$" + "A" * 43 + "="},  # 4
            {"id": "a4", "email": an_address(), "password": "md5$a$0123456789abcdef0123456789abcdef"},      # 5
            {"id": "a5", "email": taken.upper(), "password": h, "email_verified": "yes"},        # 6
            {"id": "a6", "email": an_address(), "password": h, "is_active": "perhaps"},          # 7
            {"id": "a7", "email": "", "phone": "", "password": h},                               # 8
            {"id": "a8", "email": an_address(), "phone": "12", "password": h},                   # 9
            {"id": "a9", "email": an_address(), "first_name": "two\nlines", "password": h},      # 10, 11
            {"id": "a10", "phone": a_phone(), "phone_verified": "1", "password": "!unusable"}]   # 12
    path = write_csv(tmp_path / "u.csv", rows)
    for dry in (True, False):
        told, said = bring(inst, path, *(["--dry-run"] if dry else []), status=1)
        assert told["imported"] == 2 and told["without_password"] == 1, said
        lines = said.splitlines()
        for line, what in ((3, "email"), (4, "password"), (5, "password"), (7, "is_active"), (8, "email"),
                           (9, "phone"), (10, "first_name")):
            assert any(x.startswith(f"line {line}: {what}: ") for x in lines), said
        assert told["duplicates"] == 1 and any(x.startswith("line 6: email: an earlier line ") for x in lines)
        assert h not in said and "md5$" not in said
        assert len(stored(inst, taken)) == (0 if dry else 1)
    assert login(inst, taken).status_code == 200
    # In another file, under another id: whose it is stands.
    mine = stored(inst, taken)
    told, said = bring(inst, write_csv(tmp_path / "v.csv", [{"id": "b1", "email": taken, "password": h,
                                                            "email_verified": 1}]), status=1)
    assert told["duplicates"] == 1 and said == f"line 2: email: user {mine[0]['id']} has it already\n"
    assert stored(inst, taken) == mine


def test_json_lines_unproved_people_and_roles(inst, tmp_path):
    h = django_hashes(PASSWORD)[0]
    plain, boss = an_address(), an_address()
    path = tmp_path / "u.jsonl"
    path.write_text("\n".join([
        json.dumps({"id": 7001, "email": plain, "password": h, "is_superuser": True, "first_name": "نیلوفر"}),
        "{broken", "",
        json.dumps({"id": 7002, "email": boss, "email_verified": True, "is_staff": True, "password": h})]) + "\n",
        encoding="utf-8")
    told, said = bring(inst, path, status=1)
    assert told["imported"] == 2 and told["refused"] == 1 and said.startswith("line 2: ")
    assert [stored(inst, e)[0]["is_superuser"] or stored(inst, e)[0]["is_staff"] for e in (plain, boss)] == [0, 0]
    # the right password, and the address still to be proved (D9)
    problem(login(inst, plain), 403, "not_verified")
    boss2 = an_address()
    path.write_text(json.dumps({"email": boss2, "email_verified": True, "is_staff": True, "password": h}) + "\n")
    bring(inst, "-", "--roles", input=path.read_text())
    assert stored(inst, boss2)[0]["is_staff"] == 1


def test_files_that_are_none_are_refused(inst, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("name,colour\nx,y\n")
    for args in ((str(bad),), (str(tmp_path / "absent"),)):
        assert inst.ctl("import", "users", *args, check=False).returncode == 1
    for args in ((), ("groups", str(bad)), ("users",)):
        assert inst.ctl("import", *args, check=False).returncode == 2


def test_s22_the_mix_of_kinds_is_counted_by_the_import(inst, tmp_path):
    """Unknown identifiers are tried against kinds that accounts have; no account's salt or value is copied."""
    mix = inst.rows("SELECT blank, n FROM password_mix")
    assert mix and sum(r["n"] for r in mix) > 100
    assert any(r["blank"].startswith("$2b$05$....") for r in mix)
    all_hashes = {r["password"] for r in inst.rows("SELECT password FROM user WHERE password IS NOT NULL")}
    assert not all_hashes & {r["blank"] for r in mix}
    for _ in range(3):
        problem(login(inst, an_address()), 401, "invalid_credentials")


def test_s55_a_new_pepper_takes_over_and_the_old_verifies_on(inst, tmp_path):
    h = other_hashes(PASSWORD)[0]
    who = an_address()
    bring(inst, write_csv(tmp_path / "u.csv", [{"email": who, "password": h, "email_verified": 1}]))
    assert login(inst, who).status_code == 200
    assert stored(inst, who)[0]["password"].startswith("{p1}$argon2id$")
    assert "pepper 2 is in use" in inst.ctl("keys", "pepper").stdout
    listed = json.loads(inst.ctl("--json", "keys", "list").stdout)
    assert listed["pepper"] == 2 and listed["pepper_verifies"] == [1]
    inst.rows("DELETE FROM throttle")

    def renewed():
        assert login(inst, who).status_code == 200
        inst.rows("DELETE FROM throttle")
        return stored(inst, who)[0]["password"].startswith("{p2}$argon2id$")
    from instance import wait_until
    wait_until("the new pepper in the row", renewed)
    assert login(inst, who).status_code == 200
    problem(login(inst, who, PASSWORD + "x"), 401, "invalid_credentials")
