"""What a new password must be, over HTTP: S53, S54, S55 and S57 at register, change and reset."""
import json
import os
import unicodedata

import pytest

from conftest import no_faults
from instance import Instance
from people import OTHER, PASSWORD, Person, a_phone, forget_limits, problem, within

LEAKED = "Leaked-Secret-77!"
# é and آ as a letter and its mark, as some keyboards give them.
ACCENTED = unicodedata.normalize("NFC", "Café-آب-Sun9")
MARKS = unicodedata.normalize("NFD", ACCENTED)

REFUSED = [
    ("Aa!4567", "password_too_short"),
    ("Aa!" + unicodedata.normalize("NFD", "éóúá"), "password_too_short"),   # 7 characters, of 11 code points as typed
    ("Aa!" + "💡" * 254, "password_too_long"),
    ("sun-flower9!", "password_classes"), ("SUN-FLOWER9!", "password_classes"), ("SunFlower99", "password_classes"),
    ("Password1!", "password_common"), ("P@$$w0rd99!", "password_common"), ("!Chelsea2024", "password_common"),
    ("Doosetdaram12!", "password_common"), ("Aa12345678!", "password_common"),
    ("Qwertyuiop!", "password_pattern"), ("Aaaaaaaa!", "password_pattern"), ("Abcdefgh!", "password_pattern"),
    (LEAKED, "password_leaked"),
    ("My-Shahrbanoo!", "password_context"), ("Sh@hrb4n00-x", "password_context"),
    ("In-Gatepost-9", "password_context"), ("Mein-زهرا-Aa!", "password_context"),
    ("With-Postbox-5", "password_context"), ("Oh-Hedgehog-8!", "password_context"),
]


@pytest.fixture(scope="module")
def filter_file(tmp_path_factory):
    """A filter made by the tool that people use."""
    import subprocess
    d = tmp_path_factory.mktemp("leaked")
    (d / "list").write_text(f"{LEAKED}\nAnother-One-8?\n{MARKS}-9\n", encoding="utf-8")
    out = d / "filter"
    subprocess.run([os.environ["GATEPOST_BUILD"] + "/gatepostctl", "passwords", "build", d / "list", out], check=True,
                   stdout=subprocess.DEVNULL)
    return str(out)


@pytest.fixture(scope="module")
def inst(filter_file):
    with Instance(conf={"GATEPOST_LEAKED_FILE": filter_file}) as whole:
        yield whole
        no_faults(whole)


@pytest.fixture(scope="module")
def her(inst):
    """Who has words about her: two names, and an address."""
    return Person(inst, email="hedgehog@postbox.example", first_name="Shahrbanoo", last_name="زهرا")


def by_register(inst, her, password):
    return inst.api("POST", "/api/auth/register/", json={
        "email": "hedgehog@postbox.example", "password": password, "first_name": "Shahrbanoo", "last_name": "زهرا"}), "password"


def by_change(inst, her, password):
    return her.first.call("POST", "/api/auth/password/change/", json={
        "old_password": her.password, "new_password": password}), "new_password"


def by_reset(inst, her, password):
    forget_limits(inst)
    if not hasattr(her, "reset_id"):
        had = {her.code()}
        her.reset_id = her.reset_request().json()["register_id"]
        r = inst.api("POST", "/api/auth/password/reset/verify/", json={
            "register_id": her.reset_id, "otp_code": her.code(after=had)})
        assert r.status_code == 200, r.text
    return inst.api("POST", "/api/auth/password/reset/", json={
        "register_id": her.reset_id, "new_password": password}), "new_password"


@pytest.mark.parametrize("way", [by_register, by_change, by_reset])
def test_s54_each_way_says_why(inst, her, way):
    for password, code in REFUSED:
        r, field = way(inst, her, password)
        p = problem(r, 400, code, field)
        assert p["errors"][field] and len(p["errors"][field][0]) > 10, p
    # Nothing was set: the old one opens still.
    assert her.login().status_code == 200


def test_s54_reasons_are_different_sentences(inst, her):
    said = {}
    for password, code in REFUSED:
        p = problem(by_register(inst, her, password)[0], 400, code)
        said.setdefault(code, set()).add(p["errors"]["password"][0])
    assert all(len(s) == 1 for s in said.values())
    assert len({s for one in said.values() for s in one}) == len(said) == 7


@pytest.mark.parametrize("password", ["A12345678a@", "Aa!" + "💡" * 5, "Blue-Harbour-7!", "Aa! with spaces and more of it",
                                      "گذرواژه-Aa", " Leading-And-9 trailing! "])
def test_s53_what_is_good_is_taken_whole(inst, password):
    p = Person(inst, password=password)
    assert p.login().status_code == 200
    for other in (password[:-1], password + "x", password.lower()):
        problem(p.login(password=other), 401)


def test_s53_nothing_is_cut_off_a_long_one(inst):
    password = "Aa!" + "".join(chr(0x1F300 + i % 200) for i in range(252)) + "x"
    assert len(password) == 256
    p = Person(inst, password=password)
    problem(p.login(password=password[:-1] + "y"), 401)
    assert p.login().status_code == 200


def test_s53_any_keyboard_opens_what_another_set(inst):
    assert MARKS != ACCENTED
    for first, second in ((ACCENTED, MARKS), (MARKS, ACCENTED)):
        p = Person(inst, password=first)
        assert p.login().status_code == 200 and p.login(password=second).status_code == 200
        b = p.bearer()
        r = b.call("POST", "/api/auth/password/change/", json={"old_password": second, "new_password": OTHER})
        assert r.status_code == 200, r.text
    forget_limits(inst)
    # The leaked list is asked for the form that was typed, and for ours.
    problem(by_register(inst, None, MARKS + "-9")[0], 400, "password_leaked")


def test_s55_an_imported_hash_of_another_form_opens_and_becomes_ours(inst, tmp_path):
    import bcrypt
    phone = a_phone()
    (tmp_path / "users.jsonl").write_text(json.dumps({
        "external_id": "nfd-1", "phone": phone, "phone_verified": True,
        "password": bcrypt.hashpw(MARKS.encode(), bcrypt.gensalt(5)).decode()}) + "\n")
    inst.ctl("import", "users", str(tmp_path / "users.jsonl"))
    login = lambda password: inst.api("POST", "/api/auth/login/", json={"username": phone, "password": password})  # noqa: E731
    problem(login(ACCENTED), 401)      # what was hashed was the other
    assert login(MARKS).status_code == 200
    row = inst.rows("SELECT password FROM user WHERE phone = %s", phone)[0]
    assert row["password"].startswith(("$argon2id$", "{p"))
    assert login(ACCENTED).status_code == 200 and login(MARKS).status_code == 200


def test_s53_the_length_rule_by_configuration(inst):
    inst.configure(("api",), GATEPOST_PASSWORD_RULE="length")
    try:
        forget_limits(inst)
        problem(by_register(inst, None, "Sun-Flower9!xx")[0], 400, "passphrase_too_short", "password")
        p = Person(inst, password="correct horse battery")
        assert p.login().status_code == 200
    finally:
        inst.configure(("api",), GATEPOST_PASSWORD_RULE="classes")


def test_s54_the_filter_is_named_where_people_look(inst, filter_file, tmp_path):
    def doctor():
        return {c["check"]: c for c in json.loads(inst.ctl("doctor", "--json", check=False).stdout)}["passwords"]
    def check():
        return inst.ctl("config", "check", f"{inst.dir}/gatepost.env", check=False)
    row = doctor()
    assert row["result"] == "ok" and filter_file in row["saw"] and "3 leaked" in row["saw"]
    assert check().returncode == 0
    whole = open(filter_file, "rb").read()
    bad = tmp_path / "bad"
    bad.write_bytes(whole)
    inst.configure(("api",), GATEPOST_LEAKED_FILE=str(bad))
    for content in (b"", b"x" * 4096, whole[:-1], None):
        if content is None:
            bad.unlink()
        else:
            bad.write_bytes(content)
        row, said = doctor(), check()
        assert row["result"] == "failed" and str(bad) in row["saw"] and "gatepostctl passwords build" in row["mend"]
        assert said.returncode == 1 and "GATEPOST_LEAKED_FILE" in said.stderr and str(bad) in said.stderr
    # Fails closed: no new password is taken unseen, and nobody is kept out.
    inst.restart("api")
    inst.ready()
    forget_limits(inst)
    problem(by_register(inst, None, "Blue-Harbour-7!")[0], 503)
    bad.write_bytes(whole)
    assert by_register(inst, None, "Blue-Harbour-7!")[0].status_code == 201
    inst.configure(("api",), GATEPOST_LEAKED_FILE="")
    row = doctor()
    assert row["result"] == "ok" and "ships" in row["saw"]
    problem(by_register(inst, None, "Password1!")[0], 400, "password_common")
    inst.configure(("api",), GATEPOST_LEAKED_FILE=filter_file)


def test_s57_a_change_needs_the_password_of_now(inst):
    p = Person(inst)
    b = p.bearer()
    for wrong in ("", OTHER, PASSWORD + " ", PASSWORD.lower()):
        r = b.call("POST", "/api/auth/password/change/", json={"old_password": wrong, "new_password": OTHER})
        problem(r, 400, None, "old_password")
    # Another's session is worth nothing here, and none is asked first.
    problem(inst.api("POST", "/api/auth/password/change/", json={"old_password": PASSWORD, "new_password": OTHER}), 401)
    assert b.call("POST", "/api/auth/password/change/", json={"old_password": PASSWORD, "new_password": OTHER}).status_code == 200
    problem(p.login(), 401)
    assert p.login(password=OTHER).status_code == 200


def test_s57_an_admin_cannot_choose_a_password(inst):
    p, admin = Person(inst), inst.admin()
    for method in ("PATCH", "PUT", "POST"):
        r = inst.api(method, f"/api/users/{p.id}/", token=admin, json={"password": OTHER})
        assert r.status_code in (200, 400, 403, 404, 405), r.text
    problem(p.login(password=OTHER), 401)
    assert p.login().status_code == 200


def test_s53_no_password_is_logged(inst):
    secret = "Log-Me-Never-93!"
    p = Person(inst, password=secret)
    p.login()
    p.login(password=secret + "x")
    by_register(inst, None, secret[:5])
    within(5, "logged", lambda: p.login().status_code == 200)
    for part in ("api", "worker", "nginx"):
        assert "Log-Me" not in inst.log(part), part
