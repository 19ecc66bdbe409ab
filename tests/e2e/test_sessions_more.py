"""Sessions as their owner sees them: device, place, ends, and notices."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract import Contract
from instance import wait_until
from people import OTHER, Bearer, Browser, Person, an_email, forget_limits, held, problem, within

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
          " Mobile/15E148 Safari/604.1")
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0"


@pytest.fixture(autouse=True)
def no_limits(inst):
    inst.rows("DELETE FROM throttle")


def test_s12_the_list_names_device_and_place(inst):
    p = Person(inst)
    for agent in (FIREFOX, IPHONE, EDGE, "<script>alert(1)</script>"):
        assert p.login(headers={"User-Agent": agent}).status_code == 200
    r = Contract().check("GET", "/api/auth/sessions/", p.first.call("GET", "/api/auth/sessions/"))
    assert [s["device"] for s in r.json()["results"]][:4] == ["Unknown device", "Edge on Windows", "Safari on iPhone",
                                                            "Firefox on Windows"]
    for s in r.json()["results"]:
        assert s["ip"] == "127.0.0.1" and s["city"] == "" and s["created_at"] <= s["last_seen_at"] < s["ends_at"]
    assert [s["current"] for s in r.json()["results"]] == [False] * 4 + [True]


@pytest.mark.parametrize("how", ["bearer", "cookie"])
def test_s12_all_sessions_end_at_once(inst, how):
    p = Person(inst)
    others, me = [p.bearer(), p.browser()], p.by(how)
    r = Contract().check("POST", "/api/auth/sessions/revoke-all/", me.call("POST", "/api/auth/sessions/revoke-all/"))
    assert r.status_code == 200 and r.json()["revoked"] == 4
    for b in [me, p.first, *others]:
        within(1, "the end", lambda b=b: b.call("GET", "/api/auth/profile/").status_code == 401)
    problem(others[0].with_refresh("/api/auth/token/refresh/"), 401)
    if how == "cookie":
        assert not me.access and not me.refresh
    assert not inst.rows("SELECT 1 FROM known_device WHERE user_id = %s", p.id)
    problem(me.call("POST", "/api/auth/sessions/revoke-all/"), 401)


@pytest.mark.parametrize("column", ["ends_at", "idle_ends_at"])
def test_s9_absolute_and_idle_ends(inst, column):
    p = Person(inst)
    b, web = p.bearer(), p.browser()
    assert b.with_refresh("/api/auth/token/refresh/").status_code == 200
    inst.rows(f"UPDATE session SET {column} = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE user_id = %s", p.id)
    problem(b.with_refresh("/api/auth/token/refresh/"), 401, "invalid_token")
    problem(web.with_refresh("/api/auth/token/refresh/"), 401, "invalid_token")
    assert not web.refresh      # a dead cookie is cleared
    assert p.first.call("GET", "/api/auth/sessions/").json().get("count", 0) == 0


def test_s9_refreshing_moves_the_idle_end_and_never_the_absolute_one(inst):
    p = Person(inst)
    b = p.bearer()
    inst.rows("UPDATE session SET ends_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, idle_ends_at = UTC_TIMESTAMP(6)"
              " + INTERVAL 30 MINUTE WHERE user_id = %s", p.id)
    before = inst.rows("SELECT id, ends_at FROM session WHERE user_id = %s ORDER BY id DESC LIMIT 1", p.id)[0]
    for _ in range(3):
        assert b.with_refresh("/api/auth/token/refresh/").status_code == 200
    now = inst.rows("SELECT ends_at, idle_ends_at FROM session WHERE id = %s", before["id"])[0]
    assert now["ends_at"] == before["ends_at"] == now["idle_ends_at"]


def told(inst, to):
    return [m for m in inst.sandbox.messages(to=to) if "new device" in (m["text"] or "").lower()]


def test_a_new_device_is_told_of_once_and_a_remembered_one_never(inst):
    p = Person(inst, email=an_email())
    b = Browser(inst)
    agent = {"headers": {"User-Agent": FIREFOX}}
    assert p.login(b, **agent).status_code == 200
    m = wait_until("the notice", lambda: told(inst, p.email))
    assert "Firefox on Windows" in m[0]["text"] and len(m) == 1
    # The same browser, and the same address within the hour: nothing.
    assert p.login(b, **agent).status_code == 200
    assert p.login(**agent).status_code == 200
    inst.rows("DELETE FROM throttle")
    assert p.login(b, **agent).status_code == 200
    # Another browser an hour later.
    assert p.login(headers={"User-Agent": IPHONE}).status_code == 200
    assert len(wait_until("the second", lambda: len(told(inst, p.email)) >= 2 and told(inst, p.email))) == 2


def test_the_first_sign_in_is_no_news(inst):
    p = Person(inst, email=an_email())
    rows = inst.rows("SELECT content FROM notification WHERE JSON_VALUE(audience, '$.user_id') = %s", p.id)
    assert rows and not any("new_signin" in r["content"] for r in rows)


def test_s12_every_proved_channel_is_told(inst):
    p = Person(inst)
    mail = an_email()
    r = p.first.call("POST", "/api/auth/email/change/", json={"new_email": mail})
    r = p.first.call("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(mail, "email")})
    assert r.status_code == 200
    inst.rows("DELETE FROM throttle")
    assert Bearer(inst, p.login().json()).access
    wait_until("both", lambda: told(inst, p.phone) and told(inst, mail))


def with_mail(inst):
    """Somebody whose phone and mail are both proved."""
    p, mail = Person(inst), an_email()
    r = p.first.call("POST", "/api/auth/email/change/", json={"new_email": mail})
    r = p.first.call("POST", "/api/auth/otp/verify/", json={
        "register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(mail, "email")})
    assert r.status_code == 200, r.text
    inst.rows("DELETE FROM throttle")
    p.first = Bearer(inst, r.json())
    return p, mail


@pytest.mark.parametrize("how", ["change", "reset"])
def test_s58_a_new_password_is_told_on_every_proved_channel(inst, how):
    p, mail = with_mail(inst)
    if how == "change":
        r = p.first.call("POST", "/api/auth/password/change/", json={"old_password": p.password, "new_password": OTHER})
    else:
        seen = {p.code()}
        flow = p.reset_request().json()["register_id"]
        r = inst.api("POST", "/api/auth/password/reset/", json={
            "register_id": flow, "otp_code": p.code(after=seen), "new_password": OTHER})
    assert r.status_code == 200, r.text
    word = "password was changed" if how == "change" else "password was reset"
    for to in (p.phone, mail):
        wait_until(f"the notice to {to}", lambda to=to: [m for m in inst.sandbox.messages(to=to) if word in (m["text"] or "")
                                                        + (m["subject"] or "")])


def token_row(p):
    return p.inst.api("POST", "/api/token/", json={"email": p.email, "password": p.password})


def hash_of(inst, password):
    """As the server would store it."""
    return inst.rows("SELECT password FROM user WHERE id = %s", Person(inst, password=password).id)[0]["password"]


# The two ways in by password, and the step-up of a session that the change leaves alone.
WAYS_BY_PASSWORD = {
    "login": lambda p: p.login(),
    "token": token_row,
    "reauth": lambda p: p.first.call("POST", "/api/auth/reauth/", json={"password": p.password}),
}


@pytest.mark.parametrize("way", WAYS_BY_PASSWORD)
@pytest.mark.parametrize("taken", [False, True])
def test_s11_a_password_that_is_shown_must_be_the_accounts_still(inst, way, taken):
    """The password changes (or an undo takes it away) between the moment it was found right and the session."""
    p = Person(inst, email=an_email())
    new = None if taken else hash_of(inst, OTHER)
    before = {r["id"] for r in inst.rows("SELECT id FROM session WHERE user_id = %s", p.id)}
    with ThreadPoolExecutor(1) as pool:
        with held(inst, p.id) as (row, queued):
            job = pool.submit(WAYS_BY_PASSWORD[way], p)
            queued()
            row.execute("UPDATE user SET password = %s, password_at = UTC_TIMESTAMP(6) WHERE id = %s", (new, p.id))
        path = {"login": "/api/auth/login/", "token": "/api/token/", "reauth": "/api/auth/reauth/"}[way]
        problem(Contract().check("POST", path, job.result()), 401, "invalid_credentials")
    assert before == {r["id"] for r in inst.rows("SELECT id FROM session WHERE user_id = %s", p.id)}
    event = "reauth" if way == "reauth" else "login"
    assert inst.rows("SELECT outcome FROM audit WHERE user_id = %s AND event = %s ORDER BY id DESC LIMIT 1", p.id,
                     event)[0]["outcome"] == "refused"


@pytest.mark.parametrize("way", WAYS_BY_PASSWORD)
def test_s11_a_password_hashed_anew_meanwhile_is_the_same(inst, way):
    p = Person(inst, email=an_email())
    anew = hash_of(inst, p.password)
    with ThreadPoolExecutor(1) as pool:
        with held(inst, p.id) as (row, queued):
            job = pool.submit(WAYS_BY_PASSWORD[way], p)
            queued()
            row.execute("UPDATE user SET password = %s WHERE id = %s", (anew, p.id))
        assert job.result().status_code == 200, job.result().text


def test_s11_of_two_who_change_the_password_the_second_is_refused(inst):
    """Else who was to be shut out by the change would shut the owner out."""
    p = Person(inst)
    thief, new = p.bearer(), hash_of(inst, "Moon-Cactus5!")
    with ThreadPoolExecutor(1) as pool:
        with held(inst, p.id) as (row, queued):
            job = pool.submit(thief.call, "POST", "/api/auth/password/change/", json={
                "old_password": p.password, "new_password": OTHER})
            queued()
            row.execute("UPDATE user SET password = %s, password_at = UTC_TIMESTAMP(6) WHERE id = %s", (new, p.id))
        problem(job.result(), 400, "wrong_password", "old_password")
    assert inst.rows("SELECT password p FROM user WHERE id = %s", p.id)[0]["p"] == new


@pytest.mark.parametrize("how", ["change", "reset"])
def test_s11_no_sign_in_outlives_a_new_password(inst, how):
    """Sign-ins with the old password all around the change: what lives afterwards is the changer's session."""
    for _ in range(4):
        forget_limits(inst)
        p = Person(inst, email=an_email())
        mine = inst.rows("SELECT id FROM session WHERE user_id = %s", p.id)
        if how == "reset":
            seen = {p.code()}
            forget_limits(inst)
            flow = p.reset_request().json()["register_id"]
            body = {"register_id": flow, "otp_code": p.code(after=seen), "new_password": OTHER}

        def renew():
            return p.first.call("POST", "/api/auth/password/change/", json={
                "old_password": p.password, "new_password": OTHER}) if how == "change" else \
                inst.api("POST", "/api/auth/password/reset/", json=body)
        with ThreadPoolExecutor(12) as pool:
            jobs = [pool.submit(w, p) for w in (Person.login, token_row) * 2]
            done = pool.submit(renew)
            jobs += [pool.submit(w, p) for w in (Person.login, token_row) * 3]
            assert done.result().status_code == 200, done.result().text
            assert {j.result().status_code for j in jobs} <= {200, 401, 429, 503}
        live = inst.rows("SELECT id FROM session WHERE user_id = %s AND ended_at IS NULL", p.id)
        assert live == (mine if how == "change" else [])
        forget_limits(inst)
        assert p.login(password=OTHER).status_code == 200


def test_s12_last_seen_moves_with_each_refresh(inst):
    p = Person(inst)
    b, me = p.bearer(), p.bearer()
    inst.rows("UPDATE session SET rotated_at = rotated_at - INTERVAL 2 HOUR, created_at = created_at - INTERVAL 2 HOUR,"
              " last_ip = '192.0.2.9' WHERE user_id = %s", p.id)

    def seen():
        rows = me.call("GET", "/api/auth/sessions/").json()["results"]
        return {r["id"]: (r["last_seen_at"], r["last_ip"]) for r in rows}
    before = seen()
    assert b.with_refresh("/api/auth/token/refresh/").status_code == 200
    after = seen()
    moved = [i for i in before if after[i] != before[i]]
    assert len(before) == 3 and len(moved) == 1
    assert after[moved[0]][0] > before[moved[0]][0] and after[moved[0]][1] == "127.0.0.1"


def test_s71_a_session_and_its_row_in_the_audit_end_together(inst):
    """Twice, and many at once: one end, one row."""
    p = Person(inst)
    me, other = p.bearer(), p.bearer()
    one = me.call("GET", "/api/auth/sessions/").json()["results"]
    one = [s["id"] for s in one if not s["current"]][0]
    with ThreadPoolExecutor(6) as pool:
        got = sorted(r.status_code for r in pool.map(lambda _: me.call("DELETE", f"/api/auth/sessions/{one}/"), range(6)))
    assert got == [204] + [404] * 5
    with ThreadPoolExecutor(4) as pool:
        got = [r.status_code for r in pool.map(lambda _: inst.api("POST", "/api/auth/logout/", json={"refresh": me.refresh}), range(4))]
    assert got == [200] * 4
    rows = inst.rows("SELECT event, session_id FROM audit WHERE user_id = %s AND event IN ('session_revoked', 'logout')", p.id)
    assert sorted(r["event"] for r in rows) == ["logout", "session_revoked"] and other
    assert str(next(r["session_id"] for r in rows if r["event"] == "session_revoked")) == one
