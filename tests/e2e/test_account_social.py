"""A provider's wish that somebody be forgotten, where nothing else opens the account (S64, S72)."""
import concurrent.futures
import secrets

import pytest

from instance import wait_until
from people import PASSWORD, Person, forget_limits
from test_social import Visitor, people, signed_in

DELETION, PROFILE = "/api/auth/social/facebook/deletion/", "/api/auth/profile/"


@pytest.fixture(autouse=True)
def fresh(inst):
    forget_limits(inst)
    inst.sandbox._call("DELETE", "/facebook/settings")


def newcomer(inst):
    """Somebody whom only Facebook lets in: the browser, its id there and here."""
    sub, b = people(inst, "facebook", name="Only There"), Visitor(inst)
    signed_in(b.visit("facebook"))
    return b, sub, b.me()["id"]


def signed(inst, sub):
    return inst.sandbox._call("POST", "/facebook/signed_request", json={"user": sub})["signed_request"]


def forget(inst, sub, request=None):
    r = inst.api("POST", DELETION, data={"signed_request": request or signed(inst, sub)})
    assert r.status_code == 200 and set(r.json()) == {"url", "confirmation_code"}, r.text
    return r.json()


def closing(inst, user_id):
    return inst.rows("SELECT TIMESTAMPDIFF(DAY, asked_at, purge_at) AS days, was_active FROM closing WHERE user_id = %s", user_id)


def active(inst, user_id):
    return bool(inst.rows("SELECT is_active FROM user WHERE id = %s", user_id)[0]["is_active"])


def events(inst, user_id, event):
    return inst.rows("SELECT outcome FROM audit WHERE user_id = %s AND event = %s", user_id, event)


def test_s64_s72_who_has_no_other_way_in_is_closed_and_purged(inst):
    b, sub, user_id = newcomer(inst)
    request = signed(inst, sub)
    first = forget(inst, sub, request)
    assert closing(inst, user_id) == [{"days": 14, "was_active": 1}] and not active(inst, user_id)
    wait_until("the session's end", lambda: b.call("GET", PROFILE).status_code == 401, 1.5)
    assert forget(inst, sub, request) == first and len(events(inst, user_id, "account_close")) == 1
    # Whoever comes by Facebook again is somebody new.
    again = Visitor(inst)
    signed_in(again.visit("facebook"))
    assert again.me()["id"] != user_id
    inst.rows("UPDATE closing SET purge_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE user_id = %s", user_id)
    wait_until("the purge", lambda: not inst.rows("SELECT 1 FROM closing WHERE user_id = %s", user_id), 30)
    assert not inst.rows("SELECT 1 FROM user WHERE id = %s", user_id)
    assert len(events(inst, user_id, "identity_deletion")) == len(events(inst, user_id, "account_purged")) == 1
    wait_until("seals", lambda: inst.rows("SELECT COUNT(*) AS n FROM audit WHERE seal_no IS NULL")[0]["n"] == 0)
    assert "whole" in inst.ctl("audit", "verify").stdout


@pytest.mark.parametrize("way", ["proved phone", "other identity", "password before proof"])
def test_s64_who_has_another_way_in_stays(inst, way):
    _, sub, user_id = newcomer(inst)
    if way == "proved phone":
        p = Person(inst)
        inst.rows("UPDATE identity SET user_id = %s WHERE sub = %s", p.id, sub)
        user_id = p.id
    elif way == "other identity":
        inst.rows("INSERT INTO identity (id, user_id, provider, issuer, sub, created_at, used_at) VALUES"
                  " (%s, %s, 'x', 'https://x.example', 'x', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", secrets.randbits(62), user_id)
    else:
        inst.rows("UPDATE user SET email = CONCAT(id, '@x.example'), password = '$argon2id$x' WHERE id = %s", user_id)
    forget(inst, sub)
    assert not inst.rows("SELECT 1 FROM identity WHERE sub = %s", sub) and active(inst, user_id)
    assert closing(inst, user_id) == []
    if way == "proved phone":
        assert p.login(password=PASSWORD).status_code == 200
    inst.rows("DELETE FROM identity WHERE issuer = 'https://x.example'")


def test_s64_callbacks_at_once_close_once(inst):
    """The same one many times, and the last two identities of one account."""
    _, one, user_id = newcomer(inst)
    _, two, other_id = newcomer(inst)
    inst.rows("UPDATE identity SET user_id = %s WHERE sub = %s", user_id, two)
    requests = [signed(inst, sub) for sub in (one, two)] * 4
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda r: forget(inst, None, r), requests))
    assert len({g["confirmation_code"] for g in got}) == 2
    assert len(closing(inst, user_id)) == len(events(inst, user_id, "account_close")) == 1
    assert len(events(inst, user_id, "identity_deletion")) == 2 and closing(inst, other_id) == []


def test_s64_the_last_superuser_is_not_closed_from_outside(inst):
    _, sub, user_id = newcomer(inst)
    others = inst.rows("SELECT id FROM user WHERE is_superuser")
    try:
        inst.rows("UPDATE user SET is_superuser = (id = %s)", user_id)
        forget(inst, sub)
        assert active(inst, user_id) and closing(inst, user_id) == []
        assert not inst.rows("SELECT 1 FROM identity WHERE sub = %s", sub)
    finally:
        for row in others:
            inst.rows("UPDATE user SET is_superuser = TRUE WHERE id = %s", row["id"])
        inst.rows("UPDATE user SET is_superuser = FALSE WHERE id = %s", user_id)
