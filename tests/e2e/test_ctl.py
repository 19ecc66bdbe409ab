"""gatepostctl on a real instance: every command, what it says to programs
(--json) and its exit status: 0 done, 1 tried and failed or found something,
2 the command line was wrong."""
import json
import os
import re
import secrets
import subprocess
import time

import pytest

from instance import TOP, Instance, read_env, wait_until

BUILD = os.environ.get("GATEPOST_BUILD")
pytestmark = pytest.mark.skipif(not BUILD, reason="GATEPOST_BUILD is not set")
CTL = f"{BUILD}/gatepostctl"
PASSWORD = "Blue-Harbour-7!"


@pytest.fixture(scope="module")
def inst():
    with Instance() as i:
        yield i


def ctl(inst, *args, status=0, **more):
    done = inst.ctl(*args, check=False, **more)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def bare(*args, status=0, **env):
    """Without a settings file."""
    clean = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **env}
    done = subprocess.run([CTL, *args], capture_output=True, text=True, env=clean, stdin=subprocess.DEVNULL)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def write(path, text, mode=0o600):
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


# --- the command line ------------------------------------------------------------

def test_no_command_and_a_wrong_one_say_how_it_goes():
    for args in ((), ("frobnicate",), ("--frobnicate", "doctor")):
        assert "usage: gatepostctl" in bare(*args, status=2).stderr


def test_help_and_version_are_no_errors():
    out = bare("help").stdout
    for word in ("migrate", "superuser", "keys", "config", "doctor", "routes", "jobs", "audit"):
        assert f"  {word} " in out
    assert re.fullmatch(r"gatepost \d+\.\d+\.\d+\n", bare("version").stdout)


@pytest.mark.parametrize("args", [("keys",), ("keys", "burn"), ("config",), ("config", "eat"), ("config", "import"),
                                  ("jobs", "eat"), ("audit",), ("audit", "burn"), ("keys", "rotate", "--at", "soon")])
def test_an_unknown_word_is_a_wrong_command_line(inst, args):
    assert f"usage: gatepostctl {args[0]} " in ctl(inst, *args, status=2).stderr


def test_a_settings_file_that_is_not_there_fails():
    done = bare("--config", "/nonexistent/gatepost.env", "jobs", status=1)
    assert "/nonexistent/gatepost.env" in done.stderr and done.stdout == ""


# --- migrate ------------------------------------------------------------------------

def test_migrate_is_idempotent_and_check_tells(inst, tmp_path):
    applied = inst.rows("SELECT number, sha256 FROM schema_migration ORDER BY number")
    assert applied
    for _ in range(2):
        assert "up to date" in ctl(inst, "migrate").stdout
    assert "up to date" in ctl(inst, "migrate", "--check").stdout
    assert ctl(inst, "--quiet", "migrate").stdout == ""
    assert inst.rows("SELECT number, sha256 FROM schema_migration ORDER BY number") == applied

    # One more migration than the database has: told, then applied once.
    for name in os.listdir(f"{TOP}/sql"):
        if re.match(r"\d{4}_", name):
            (tmp_path / name).write_bytes(open(f"{TOP}/sql/{name}", "rb").read())
    number = applied[-1]["number"] + 1
    (tmp_path / f"{number:04}_trial.sql").write_text("CREATE TABLE trial (id INT NOT NULL PRIMARY KEY);\n")
    env = {**os.environ, "GATEPOST_SQL_DIR": str(tmp_path)}
    try:
        assert "1 migrations are missing" in ctl(inst, "migrate", "--check", status=1, env=env).stderr
        assert f"applied {number:04}_trial.sql" in ctl(inst, "migrate", env=env).stdout
        assert inst.rows("SELECT COUNT(*) AS n FROM trial") == [{"n": 0}]
        assert "up to date" in ctl(inst, "migrate", env=env).stdout
        # What was applied may not be edited (its checksum is kept).
        (tmp_path / f"{number:04}_trial.sql").write_text("CREATE TABLE trial (id BIGINT NOT NULL PRIMARY KEY);\n")
        for more in ((), ("--check",)):
            assert f"{number:04}_trial" in ctl(inst, "migrate", *more, status=1, env=env).stderr
    finally:
        inst.rows("DROP TABLE IF EXISTS trial")
        inst.rows("DELETE FROM schema_migration WHERE number = %s", number)


# --- superuser -------------------------------------------------------------------------

def sign_in(inst, name, password):
    return inst.api("POST", "/api/auth/login/", json={"username": name, "password": password})


def test_superuser_is_made_once_and_may_sign_in(inst, tmp_path):
    email = f"root-{secrets.token_hex(4)}@example.com"
    args = ("superuser", "--email", email, "--first-name", "Rosa", "--last-name", "Root",
            "--password-file", write(tmp_path / "p", PASSWORD + "\n"))
    first = re.fullmatch(r"made superuser (\d+)\n", ctl(inst, *args).stdout)
    again = re.fullmatch(r"promoted superuser (\d+)\n", ctl(inst, *args).stdout)
    assert first and again and first.group(1) == again.group(1)
    r = sign_in(inst, email, PASSWORD)
    assert r.status_code == 200
    user = r.json()["user"]
    assert user["is_superuser"] and user["is_staff"] and user["is_verified"] and user["first_name"] == "Rosa"
    assert PASSWORD not in str(inst.rows("SELECT password FROM user WHERE email = %s", email))


def test_an_account_is_promoted_and_old_tokens_learn_of_it(inst):
    phone = "+98912" + "".join(secrets.choice("0123456789") for _ in range(7))
    r = inst.api("POST", "/api/auth/register/", json={"phone_number": phone, "password": PASSWORD})
    assert r.status_code == 201, r.text
    r = inst.api("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(phone)})
    assert r.status_code == 200 and not r.json()["user"]["is_superuser"]
    token = r.json()["access_token"]
    # No password is given: the one there is stays.
    assert f"promoted superuser {r.json()['user']['id']}\n" == ctl(
        inst, "superuser", "--phone", phone, stdin=subprocess.DEVNULL).stdout
    wait_until("the old token to be refused", lambda: inst.api(
        "GET", "/api/auth/profile/", token=token).status_code == 401, 5)
    r = sign_in(inst, phone, PASSWORD)
    assert r.status_code == 200 and r.json()["user"]["is_superuser"]


@pytest.mark.parametrize("password, word", [("Ab-1", "password_too_short"), ("alllowercase", "password_classes"),
                                            ("X" * 300 + "y-", "password_too_long")])
def test_superuser_refuses_a_bad_password(inst, tmp_path, password, word):
    email = f"bad-{secrets.token_hex(4)}@example.com"
    done = ctl(inst, "superuser", "--email", email, "--password-file", write(tmp_path / "p", password), status=1)
    assert word in done.stderr and password not in done.stderr
    assert inst.rows("SELECT id FROM user WHERE email = %s", email) == []


def test_superuser_refuses_what_is_missing_or_no_address(inst, tmp_path):
    file = write(tmp_path / "p", PASSWORD)
    for args, word in ((("--password-file", file), "needs a phone or an e-mail"),
                       (("--email", "no-address", "--password-file", file), "no e-mail"),
                       (("--phone", "12", "--password-file", file), "no phone"),
                       (("--email", "new@example.com"), "needs a password"),
                       (("--email", "new@example.com", "--password-file", str(tmp_path / "none")), "no password")):
        assert word in ctl(inst, "superuser", *args, status=1, stdin=subprocess.DEVNULL).stderr
    assert inst.rows("SELECT id FROM user WHERE email = 'new@example.com'") == []


# --- keys -----------------------------------------------------------------------------------

def test_keys_are_generated_once_with_narrow_rights(inst, tmp_path):
    env = {**os.environ, "GATEPOST_KEY_DIR": str(tmp_path / "keys")}
    (tmp_path / "keys").mkdir(mode=0o700)
    assert re.match(r"made [1-9]\d* key files", ctl(inst, "keys", "generate", env=env).stdout)

    def files():
        return {p: p.read_bytes() for p in (tmp_path / "keys").rglob("*") if p.is_file()}
    made = files()
    assert made and all(p.stat().st_mode & 0o777 == 0o600 for p in made)
    assert "there already" in ctl(inst, "keys", "generate", env=env).stdout
    assert files() == made
    # What is shown is no secret.
    shown = ctl(inst, "keys", "list", env=env).stdout
    for text in made.values():
        for line in text.decode(errors="replace").split():
            assert len(line) < 24 or line not in shown


def test_keys_list_fails_without_keys_and_says_what_mends_it(inst, tmp_path):
    env = {**os.environ, "GATEPOST_KEY_DIR": str(tmp_path)}
    assert "gatepostctl keys generate" in ctl(inst, "keys", "list", status=1, env=env).stderr


def test_s17_keys_rotate_is_announced_and_old_tokens_stay_good(inst):
    token = inst.admin()
    before = json.loads(ctl(inst, "keys", "list", "--json").stdout)
    assert len(before["token"]) == 1 and before["token"][0]["verifies_until"] is None and before["vapid"]
    # Sooner than the default minute, yet later than every process looks.
    at = int(time.time()) + 12
    kid = re.match(r"key (\S+) signs from ", ctl(inst, "keys", "rotate", "--at", str(at)).stdout).group(1)
    after = json.loads(ctl(inst, "keys", "list", "--json").stdout)["token"]
    assert [k["kid"] for k in after] == [kid, before["token"][0]["kid"]]
    assert after[1]["verifies_until"] is not None

    def head(t):
        import base64
        part = t.split(".")[0]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert head(token)["kid"] == before["token"][0]["kid"]
    fresh = wait_until("a token of the new key", lambda: (t := inst.admin()) and head(t)["kid"] == kid and t, 40, 0.5)
    for t in (token, fresh):
        assert inst.api("GET", "/api/auth/profile/", token=t).status_code == 200


# --- config ------------------------------------------------------------------------------------

def test_the_sample_loads_and_the_shipped_one_is_the_same():
    sample = bare("config", "sample").stdout
    assert "#GATEPOST_PUBLIC_URL=" in sample and "#EMAIL_HOST_PASSWORD=" in sample
    subprocess.run([f"{TOP}/scripts/gen-sample", CTL, "--check"], check=True)


def test_config_check_says_what_is_unsafe(inst, tmp_path):
    assert "good" in ctl(inst, "config", "check").stdout
    assert "good" in bare("config", "check", f"{inst.dir}/gatepost.env").stdout
    empty = bare("config", "check", write(tmp_path / "empty.env", ""), status=1)
    assert "GATEPOST_KEY_DIR" in empty.stderr and "gatepostctl keys generate" in empty.stderr
    for line, word in (("GATEPOST_POOL_MAIN=many", "GATEPOST_POOL_MAIN"), ("GATEPOST_DB_PORT=99999", "GATEPOST_DB_PORT"),
                       ("GATEPOST_NO_SUCH=1", "GATEPOST_NO_SUCH")):
        assert word in bare("config", "check", write(tmp_path / "bad.env", line + "\n"), status=1).stderr
    assert bare("config", "check", str(tmp_path / "none.env"), status=1).stderr


def test_config_show_masks_secrets_and_environment_wins(inst):
    shown = dict(line.split("=", 1) for line in ctl(inst, "config", "show").stdout.splitlines())
    settings = read_env(f"{inst.dir}/gatepost.env")
    secret = {k: v for k, v in settings.items() if "PASSWORD" in k or "API_KEY" in k}
    assert len(secret) >= 5
    for key, value in secret.items():
        assert shown[key] == "********" and value not in shown.values()
    assert shown["GATEPOST_PUBLIC_URL"] == inst.url and shown["GATEPOST_POOL_GATE"] == "2"
    env = {**os.environ, "GATEPOST_POOL_GATE": "3"}
    assert "\nGATEPOST_POOL_GATE=3\n" in ctl(inst, "config", "show", env=env).stdout


def test_config_import_brings_old_names_along(tmp_path):
    old = write(tmp_path / "old.env", "KAVENEGAR_API=old-key-1\nEMAIL_HOST=smtp.example.com\n"
                "EMAIL_HOST_PASSWORD='p w'\nDEBUG=True\nSECRET_KEY=do-not-show\n")
    out = bare("config", "import", old).stdout
    assert 'KAVENEGAR_API_KEY="old-key-1"' in out and 'EMAIL_HOST="smtp.example.com"' in out
    assert 'EMAIL_HOST_PASSWORD="p w"' in out
    assert "# not ours: SECRET_KEY" in out and "do-not-show" not in out
    # What comes out goes in.
    new = write(tmp_path / "new.env", out)
    assert "\nEMAIL_HOST=smtp.example.com\n" in bare("--config", new, "config", "show").stdout


# --- routes ---------------------------------------------------------------------------------------

def test_routes_in_three_forms():
    rows = json.loads(bare("routes", "--json").stdout)
    assert len({(r["method"], r["path"]) for r in rows}) == len(rows) >= 39
    assert all(r["pool"] in ("gate", "main", "hash", "out") and r["access"] for r in rows)
    people = bare("routes").stdout
    nginx = bare("routes", "--nginx").stdout
    assert all(r["path"] in people for r in rows)
    with open(f"{TOP}/nginx/snippets/gatepost-routes.conf", encoding="utf-8") as f:
        assert f.read() == nginx
    # nginx takes the first location that fits: it is of the row's pool, limit and body size.
    places = re.findall(r'location ~ "([^"]+)" \{\n\tset \$gp_limit (\w+);\n\tclient_max_body_size (\w+);'
                        r'(?:\n\t[^\n]*)*?fastcgi_pass (\$?gp_\w+);', nginx)
    for r in rows:
        if r["path"] == "/metrics":     # this host's alone: gatepost-site.conf has its place
            continue
        path = re.sub(r"\{\w+\}", "x1", r["path"])
        for form in (path, path.rstrip("/"), path.rstrip("/") + "/"):
            *_, limit, size, pool = next(p for p in places if re.search(p[0], form))
            if pool == "$gp_pool_by_method":        # gatepost-http.conf: reading needs no hash
                pool = "gp_main" if r["method"] == "GET" else "gp_hash"
            assert (limit, size, pool) == (r["limit"], f"{r['body_max'] >> 20}m" if r["body_max"] > 65536 else "64k",
                                           "gp_" + r["pool"]), form


def test_routes_and_document_agree():
    done = subprocess.run([f"{TOP}/scripts/check-openapi", CTL], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# --- jobs -----------------------------------------------------------------------------------------------

def test_jobs_counts_lists_and_redrives(inst):
    assert set(json.loads(ctl(inst, "jobs", "stats", "--json").stdout)) == {
        "ready", "due", "leased", "leaving", "dead"}
    assert re.search(r"^dead +0$", ctl(inst, "jobs").stdout, re.M)
    assert "no dead letters" in ctl(inst, "jobs", "dead").stdout

    # One letter, left as three dead workers leave it.
    email = f"late-{secrets.token_hex(4)}@example.com"
    inst.kill("worker")
    try:
        r = inst.api("POST", "/api/auth/register/", json={"email": email, "password": PASSWORD})
        assert r.status_code == 201, r.text
        inst.rows("UPDATE job SET state = 9, run_at = NULL, crashes = 3, attempt = 3, last_error = 'dead_letter'"
                  " WHERE state = 0 ORDER BY id DESC LIMIT 1")
        letters = [json.loads(line) for line in ctl(inst, "jobs", "dead", "--json").stdout.splitlines()]
        assert len(letters) == 1 and letters[0]["id"].isdigit()
        assert json.loads(ctl(inst, "jobs", "--json").stdout)["dead"] == 1
        assert "1 dead letters are ready again" in ctl(inst, "jobs", "redrive").stdout
        assert json.loads(ctl(inst, "jobs", "--json").stdout)["dead"] == 0
    finally:
        inst.start("worker")
    assert inst.sandbox.code(email, channel="email")


# --- audit ------------------------------------------------------------------------------------------------

def sealed(inst):
    left = inst.rows("SELECT COUNT(*) AS n FROM audit WHERE seal_no IS NULL")[0]["n"]
    return left == 0 and inst.rows("SELECT MAX(seal_no) AS n FROM audit")[0]["n"]


def test_s71_audit_chain_breaks_where_it_was_tampered_with(inst):
    assert sign_in(inst, inst.env["GATEPOST_ADMIN_EMAIL"], "not-the-password").status_code == 401
    newest = wait_until("the seal", lambda: sealed(inst))
    assert newest >= 2
    assert "whole" in ctl(inst, "audit", "verify").stdout
    row = inst.rows("SELECT * FROM audit WHERE seal_no = %s", newest - 1)[0]
    try:
        inst.rows("UPDATE audit SET outcome = 'ok', event = 'nothing' WHERE id = %s", row["id"])
        assert f"breaks at row {row['id']}" in ctl(inst, "audit", "verify", status=1).stderr
    finally:
        inst.rows("UPDATE audit SET outcome = %s, event = %s WHERE id = %s", row["outcome"], row["event"], row["id"])
    assert "whole" in ctl(inst, "audit", "verify").stdout
    # A row taken out is missed as well.
    inst.rows("DELETE FROM audit WHERE id = %s", row["id"])
    try:
        assert "breaks at row" in ctl(inst, "audit", "verify", status=1).stderr
    finally:
        inst.rows(f"INSERT INTO audit ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", *row.values())
    assert "whole" in ctl(inst, "audit", "verify").stdout


# --- doctor -------------------------------------------------------------------------------------------------

CHECKS = {"settings", "keys", "database", "durability", "clock", "schema", "grants", "pools", "workers", "live", "queue",
          "providers", "social", "sms", "passwords", "nginx", "egress"}


def findings(inst, status):
    rows = json.loads(ctl(inst, "doctor", "--json", status=status).stdout)
    assert {r["check"] for r in rows} == CHECKS
    return {r["check"]: r for r in rows}


def test_doctor_finds_a_running_instance_well(inst):
    found = findings(inst, 0)
    # The sandbox is let through on purpose, and doctor says so.
    bad = {k: r for k, r in found.items() if r["result"] != "ok"}
    assert set(bad) <= {"egress", "nginx"} and found["egress"]["result"] == "warning", bad
    assert "FAIL" not in ctl(inst, "doctor").stdout
    assert "\033[" not in ctl(inst, "doctor").stdout


def test_doctor_names_what_is_down_and_the_command_that_mends_it(inst):
    inst.kill("db", seconds=60)
    try:
        found = findings(inst, 1)
        for check in ("database", "durability", "clock", "schema", "grants", "queue"):
            assert found[check]["result"] == "failed" and found[check]["mend"], check
        assert "systemctl start mariadb" in found["database"]["mend"]
        people = ctl(inst, "doctor", status=1).stdout
        assert people.count("FAIL") == people.count("\n      mend: ") - people.count("warn ") >= 6
    finally:
        inst.start("db")
    inst.ready(40)
    wait_until("a well instance", lambda: inst.ctl("doctor", check=False).returncode == 0, 30, 0.2)


def test_doctor_notices_each_other_fault(inst, tmp_path):
    env = {**os.environ, "GATEPOST_KEY_DIR": str(tmp_path)}
    rows = json.loads(ctl(inst, "doctor", "--json", status=1, env=env).stdout)
    assert [r["result"] for r in rows if r["check"] == "keys"] == ["failed"]
    inst.kill("worker")
    try:
        found = findings(inst, 1)
        assert found["workers"]["result"] == "failed" and "gatepost-worker" in found["workers"]["mend"]
        assert found["pools"]["result"] == "ok"
    finally:
        inst.start("worker")
    inst.rows("REVOKE SELECT ON " + inst.env["GATEPOST_DB_NAME"] + ".user FROM gatepost_api@localhost")
    try:
        found = findings(inst, 1)
        assert found["grants"]["result"] == "failed" and "render-sql grants" in found["grants"]["mend"]
    finally:
        inst.rows("GRANT SELECT ON " + inst.env["GATEPOST_DB_NAME"] + ".user TO gatepost_api@localhost")
    wait_until("a well instance", lambda: inst.ctl("doctor", check=False).returncode == 0, 30, 0.2)
