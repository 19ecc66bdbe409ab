"""409 and 410 where the state is another than the request was made for: an address that somebody else proved, what an
administrator changed meanwhile, a list that is full, a key whose first request came to nothing.  Each row that lists
such an answer gives it (tests/lib/record.py; scripts/check-contract)."""
import concurrent.futures
import secrets

import pytest

from contract import Contract
from people import Person, a_phone, an_email, forget_limits, held, problem
from push_case import browser, new_user
from test_kept import Member
from test_undo import changed, links
from test_verify_email import newcomer


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


@pytest.fixture(scope="module")
def contract():
    return Contract()


def somebody_has(inst, address):
    """Another account proved the address a moment ago."""
    other = Person(inst)
    if "@" in address:
        inst.rows("UPDATE user SET email = %s, email_cmp = %s, email_unique = %s, email_verified_at = UTC_TIMESTAMP(6)"
                  " WHERE id = %s", address, address, address, other.id)
    else:
        inst.rows("UPDATE user SET phone = %s, phone_verified_at = UTC_TIMESTAMP(6) WHERE id = %s", address, other.id)
    return other


def owner_of(inst, address):
    return [r["id"] for r in inst.rows("SELECT id FROM user WHERE phone_proved = %s OR email_proved = %s", address, address)]


def test_s62_an_undo_does_not_take_an_address_from_who_proved_it_meanwhile(inst):
    p = Person(inst)
    old = p.phone
    changed(inst, p.first, a_phone())
    token = links(inst, old)[0]
    other = somebody_has(inst, old)
    problem(inst.api("POST", "/api/auth/undo/", json={"token": token}), 409, "address_taken")
    assert owner_of(inst, old) == [other.id]


@pytest.mark.parametrize("path", ["/api/verify-email/", "/api/v1/verify-email/"])
def test_s62_a_link_proves_no_address_that_is_anothers_by_then(inst, path):
    email, token = newcomer(inst)
    other = somebody_has(inst, email)
    problem(inst.api("POST", path, json={"token": token}), 409, "address_taken")
    assert owner_of(inst, email) == [other.id]


def test_s62_nor_does_a_code_for_who_is_signed_in(inst):
    m = Member(inst)
    assert m.call("POST", "/api/otp/send/", {"email_or_phone": "email"}).status_code == 200
    code = inst.sandbox.code(m.email, "email")
    other = somebody_has(inst, m.email)
    problem(m.call("POST", "/api/otp/verify/", {"code": code}), 409, "address_taken")
    assert owner_of(inst, m.email) == [other.id]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_s62_a_claim_does_not_replace_what_was_proved_between_two_statements(inst, method):
    m, wanted = Member(inst), a_phone()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held(inst, m.id) as (row, queued):
            job = pool.submit(m.call, method, m.path, {"email": m.email, "first_name": "A", "phone": wanted})
            queued()
            row.execute("UPDATE user SET phone = %s, phone_verified_at = UTC_TIMESTAMP(6) WHERE id = %s", (a_phone(), m.id))
        problem(job.result(), 409, "conflict")
    assert inst.rows("SELECT phone, first_name FROM user WHERE id = %s", m.id)[0] != {"phone": wanted, "first_name": "A"}


def test_s72_an_account_that_is_closing_is_not_made_active_by_its_row(inst, boss, contract):
    """Nor the last superuser disabled: the rows say so as those for administrators do."""
    m = Member(inst)
    m.prove()
    assert inst.api("DELETE", m.path, token=boss).status_code == 204
    r = inst.api("PATCH", m.path, token=boss, json={"is_active": True})
    problem(contract.check("PATCH", m.path, r), 409, "account_closing")


def test_who_spent_an_accounts_failures_resets_nothing(inst):
    p = Person(inst)
    for n in range(5):
        inst.rows("DELETE FROM throttle WHERE window_s = 120")
        inst.rows("DELETE FROM sms_spend")
        rid = p.reset_request().json()["register_id"]
        got = [inst.api("POST", "/api/auth/password/reset/verify/", json={"register_id": rid, "otp_code": "000000"})
               for _ in range(5 if n < 4 else 1)]
        if n < 4:
            assert {r.status_code for r in got} == {400}, [r.text for r in got]
    problem(got[-1], 429, "too_many_failures")


def test_sixty_refreshes_a_minute_by_the_old_path_too(inst):
    p = Person(inst)
    inst.rows("UPDATE session SET minute_at = UTC_TIMESTAMP(6), minute_n = 60 WHERE user_id = %s", p.id)
    problem(inst.api("POST", "/api/token/refresh/", json={"refresh": p.first.refresh}), 429, "too_many_refreshes")


def test_a_hundred_devices_by_the_old_path_too(inst):
    user = new_user(inst)
    inst.rows("INSERT INTO device (id, user_id, kind, target_hash, target) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
              " SELECT i + 1 FROM n WHERE i < 100) SELECT %s + i, %s, 'web_push', UNHEX(SHA2(CONCAT(%s, i), 256)), 'x' FROM n",
              secrets.randbits(60), user["id"], secrets.token_hex(8))
    problem(inst.api("POST", "/api/webpush/save_information", token=user["token"], json={
        "status_type": "subscribe", "subscription": browser(inst)["info"]}), 409, "too_many_devices")
    inst.rows("DELETE FROM device WHERE user_id = %s", user["id"])


def test_an_account_of_a_kind_that_is_no_more_is_not_tested(inst, boss):
    """Its release was taken back."""
    id_ = secrets.randbits(60)
    inst.rows("INSERT INTO provider (id, name, kind, settings, version, is_active) VALUES (%s, 'carrier', 'pigeon', '{}', 1, 0)", id_)
    try:
        problem(inst.api("POST", f"/api/admin/providers/{id_}/test/", token=boss, json={"to": an_email()}), 409, "provider_unknown")
        problem(inst.api("PATCH", f"/api/admin/providers/{id_}/", token=boss, json={"weight": 2}), 409, "provider_unknown")
    finally:
        assert inst.api("DELETE", f"/api/admin/providers/{id_}/", token=boss).status_code == 204


@pytest.mark.parametrize("base", ["/api/articles/", "/api/v1/article/"])
def test_what_publishes_needs_a_template_that_fits(inst, boss, base):
    """An administrator wants a value that no article has: nothing is published, and everything is again once it is mended."""
    p = Person(inst, email=an_email())
    drafts = [p.first.call("POST", base, {"title": "T", "content": "c", "status": "draft"}).json()["id"] for _ in range(2)]
    t = "/api/templates/article_published/"
    was = inst.api("GET", t, token=boss).json()
    words = {"default_locale": "en", "variables": {"editor": {"type": "string", "required": True}},
             "locales": {"en": {"title": "{editor}", "body": "b"}}}
    r = inst.api("POST", t + "versions/", token=boss, json={"definition": words})
    assert r.status_code == 201, r.text
    body = {"title": "T", "content": "c", "status": "published"}
    try:
        problem(p.first.call("POST", base, body), 409, "template_unfit")
        for method, id_ in zip(("PUT", "PATCH"), drafts):
            problem(p.first.call(method, f"{base}{id_}/", body), 409, "template_unfit")
            assert p.first.call("GET", f"{base}{id_}/").json()["status"] == "draft"
    finally:
        assert inst.api("PATCH", t, token=boss, json={"active_version": was["active_version"]}).status_code == 200
    for method, id_ in zip(("PUT", "PATCH"), drafts):
        assert p.first.call(method, f"{base}{id_}/", body).status_code == 200
