"""Campaigns: an audience planned in slices, released at a rate, paused, resumed, cancelled, and every recipient
accounted for."""
import base64
import datetime
import hashlib
import secrets
import signal
import time
from urllib.parse import quote

import pytest

from instance import Instance, wait_until
from push_case import admin_token, at_once, browser, refused, word
from test_notify import a_user


@pytest.fixture(scope="module")
def inst():
    with Instance(conf={"GATEPOST_CAMPAIGN_ERROR_SAMPLE": "20", "GATEPOST_WORKER_LEASE_S": "5",
                        "GATEPOST_PROVIDER_TIMEOUT_MS": "2000"}) as i:
        yield i


@pytest.fixture(autouse=True)
def calm(inst):
    inst.sandbox.heal()
    inst.sandbox.clear()
    yield


@pytest.fixture(scope="module")
def token(inst):
    return inst.token


def raw(s):
    return base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))


def people(inst, n, devices=1, locale="fa", country="IR"):
    """n live accounts with browsers, straight into the tables: their ids."""
    ids = []
    c = inst.connect()
    with c.cursor() as cursor:
        for _ in range(n):
            mail = f"c{secrets.token_hex(8)}@example.com"
            cursor.execute(
                "INSERT INTO user (reg_key, email, email_cmp, email_unique, email_verified_at, locale, country)"
                " VALUES (%s, %s, %s, %s, UTC_TIMESTAMP(6), %s, %s)",
                (secrets.randbits(62), mail, mail, mail, locale, country))
            ids.append(cursor.lastrowid)
            for _ in range(devices):
                b = browser(inst)["info"]
                cursor.execute(
                    "INSERT INTO device (id, user_id, kind, target_hash, target, p256dh, auth)"
                    " VALUES (%s, %s, 'web_push', %s, %s, %s, %s)",
                    (secrets.randbits(62), ids[-1], hashlib.sha256(b["endpoint"].encode()).digest(), b["endpoint"],
                     raw(b["keys"]["p256dh"]), raw(b["keys"]["auth"])))
    c.close()
    return ids


def make(inst, token, audience, **more):
    body = {"name": "spring", "channels": ["web_push"], "title": word(), "body": "to all", "audience": audience, **more}
    r = inst.api("POST", "/api/campaigns/", token=token, json=body)
    assert r.status_code == 201, r.text
    return r.json()


def step(inst, token, c, name, status=200):
    r = inst.api("POST", f"/api/campaigns/{c['id']}/{name}/", token=token)
    assert r.status_code == status, r.text
    return r.json()


def shown(inst, token, c):
    r = inst.api("GET", f"/api/campaigns/{c['id']}/", token=token)
    assert r.status_code == 200, r.text
    return r.json()


def until(inst, token, c, state, seconds=20):
    def there():
        now = shown(inst, token, c)
        return now if now["state"] == state else None
    try:
        return wait_until(f"campaign {state}", there, seconds)
    except AssertionError as e:
        n = int(c["id"])
        raise AssertionError(f"{e}: {shown(inst, token, c)}; jobs " + str(inst.rows(
            "SELECT state, kind, COUNT(*) n, SUM(tries) tries, SUM(crashes) crashes, MIN(run_at), MIN(last_error),"
            " MIN(lease_ends_at) FROM job WHERE notification_id = %s GROUP BY state, kind", n)) + str(inst.rows(
                "SELECT state, reason, COUNT(*) n FROM delivery WHERE notification_id = %s GROUP BY state, reason",
                n))) from None


def rows(inst, c):
    return inst.rows("SELECT seq, user_id, state, reason, attempts FROM delivery WHERE notification_id = %s"
                     " ORDER BY seq", int(c["id"]))


def arrived(inst, c):
    return [m for m in inst.sandbox.messages(channel="web_push") if c["title"] in (m["text"] or "") + str(m["payload"])]


def test_an_audience_is_sent_to_and_each_recipient_accounted_for(inst, token):
    ids = people(inst, 12)
    bare = people(inst, 1, devices=0)
    c = make(inst, token, {"ids": ids + bare})
    assert c["state"] == "draft" and c["total"] == 0 and c["audience"] == {"ids": ids + bare}
    assert rows(inst, c) == []
    assert step(inst, token, c, "start")["state"] == "running"
    end = until(inst, token, c, "done")
    assert end["people"] == 13 and end["total"] == 13 and end["planned"] is True
    assert end["progress"] == {"queued": 0, "sent": 12, "skipped": 1, "failed": 0, "expired": 0, "cancelled": 0,
                               "unsure": 0}
    assert len(arrived(inst, c)) == 12
    r = inst.api("GET", f"/api/campaigns/{c['id']}/recipients/?limit=5", token=token).json()
    seen = r["results"]
    while r["next"]:
        r = inst.api("GET", r["next"][len(inst.url):], token=token).json()
        seen += r["results"]
    assert sorted(d["user_id"] for d in seen) == sorted(ids + bare)
    assert [d["reason"] for d in seen if d["state"] == "skipped"] == ["no_device"]
    r = inst.api("GET", f"/api/campaigns/{c['id']}/recipients/?state=skipped", token=token).json()
    assert [d["user_id"] for d in r["results"]] == bare
    # One of them: by the id, by what he signs in with, by the address that it went to; and nobody.
    def found(q, more=""):
        got = inst.api("GET", f"/api/campaigns/{c['id']}/recipients/?q={quote(q, safe='')}{more}", token=token)
        return [d["user_id"] for d in got.json()["results"]]
    mail = inst.rows("SELECT email FROM user WHERE id = %s", ids[3])[0]["email"]
    endpoint = inst.rows("SELECT target FROM device WHERE user_id = %s", ids[4])[0]["target"]
    assert found(str(ids[3])) == found(mail) == found(mail.upper()) == [ids[3]]
    assert found(endpoint) == [ids[4]]
    assert found(str(bare[0])) == found(str(bare[0]), "&state=skipped") == bare and found(str(bare[0]), "&state=sent") == []
    assert found("nobody@example.com") == found("0") == []
    # The campaign is a notification, too.
    n = inst.api("GET", f"/api/notifications/{c['id']}/", token=inst.admin()).json()
    assert n["total"] == 13 and n["successful"] == 12


def test_r1_a_worker_killed_while_it_plans_and_sends_loses_and_repeats_nothing(inst, token):
    ids = people(inst, 150)
    # Small slices are not needed to be killed between them: the kill is at any time.
    c = make(inst, token, {"ids": ids}, start=True)
    for pause in (0.05, 0.15, 0.3, 0.2):
        wait_until("some time", lambda t=[0]: t.__setitem__(0, t[0] + 1) or t[0] > pause / 0.02, 5)
        inst.restart("worker", signal.SIGKILL)
    end = until(inst, token, c, "done", 60)
    got = rows(inst, c)
    assert [r["seq"] for r in got] == list(range(1, 151))
    assert sorted(r["user_id"] for r in got) == sorted(ids)
    assert end["progress"]["sent"] + end["progress"]["unsure"] == 150
    sent = len([r for r in got if r["state"] == "sent"])
    assert sent <= len(arrived(inst, c)) <= 150


def jobs(inst, c):
    return inst.rows("SELECT state, COUNT(*) n FROM job WHERE notification_id = %s GROUP BY state", int(c["id"]))


def slow(inst, ms):
    inst.sandbox.fault("push", "slow", after_ms=ms)


def test_a_pause_stops_it_and_a_resume_goes_on(inst, token):
    ids = people(inst, 60)
    c = make(inst, token, {"ids": ids}, rate=20, start=True)
    wait_until("some arrive", lambda: len(arrived(inst, c)) >= 5, 20)
    assert step(inst, token, c, "pause")["reason"] == "asked"
    # What was on its way is back; from then on nothing moves.
    wait_until("nothing on its way", lambda: all(j["state"] == 3 for j in jobs(inst, c)), 5)
    still = len(arrived(inst, c))
    assert still < 60
    before = shown(inst, token, c)
    assert step(inst, token, c, "pause")["state"] == "paused"       # twice does no harm
    inst.restart("worker", signal.SIGKILL)
    r = inst.api("GET", f"/api/campaigns/{c['id']}/", token=token)
    wait_until("the worker looks", lambda: inst.rows("SELECT owner FROM lease WHERE name = 'campaigns' AND"
                                                     " ends_at > UTC_TIMESTAMP(6)"), 10)
    assert len(arrived(inst, c)) == still and shown(inst, token, c)["released"] == before["released"]
    assert r.json()["progress"]["queued"] == 60 - still
    step(inst, token, c, "resume")
    end = until(inst, token, c, "done", 30)
    assert end["progress"]["sent"] == 60 and len(arrived(inst, c)) == 60


def test_resumed_at_once_nothing_stays_held(inst, token):
    """The worker, who saw it paused, comes after the resume."""
    ids = people(inst, 30)
    c = make(inst, token, {"ids": ids}, rate=10, start=True)
    for _ in range(25):
        step(inst, token, c, "pause")
        step(inst, token, c, "resume")
    assert until(inst, token, c, "done", 30)["progress"]["sent"] == 30


def test_the_rate_is_kept_by_two_workers(inst, token):
    ids = people(inst, 40)
    c = make(inst, token, {"ids": ids}, rate=10, start=True)
    until(inst, token, c, "done", 30)
    times = sorted(r["t"] for r in inst.rows(
        "SELECT UNIX_TIMESTAMP(sent_at) t FROM delivery WHERE notification_id = %s", int(c["id"])))
    # In any stretch of time as many as the rate gives, and one second's worth at most besides.
    for i, a in enumerate(times):
        for k in range(i, len(times)):
            assert k - i + 1 <= 10 * float(times[k] - a) + 10 + 2, (i, k)
    assert float(times[-1] - times[0]) >= 2


def test_cancelled_what_has_not_left_ends_so(inst, token):
    ids = people(inst, 50)
    c = make(inst, token, {"ids": ids}, rate=10, start=True)
    wait_until("some arrive", lambda: len(arrived(inst, c)) >= 3, 20)
    assert step(inst, token, c, "cancel")["state"] == "cancelled"
    wait_until("all ended", lambda: not inst.rows(
        "SELECT 1 FROM campaign WHERE id = %s AND live", int(c["id"])), 15)
    got = rows(inst, c)
    assert len(got) == 50 and {r["state"] for r in got} == {"sent", "cancelled"}
    sent = [r for r in got if r["state"] == "sent"]
    assert 3 <= len(sent) < 50 and len(arrived(inst, c)) == len(sent)
    assert jobs(inst, c) == [] and shown(inst, token, c)["progress"]["cancelled"] == 50 - len(sent)
    step(inst, token, c, "cancel")
    refused(inst.api("POST", f"/api/campaigns/{c['id']}/resume/", token=token), 409, "campaign_state")
    refused(inst.api("POST", f"/api/campaigns/{c['id']}/start/", token=token), 409, "campaign_state")


def test_steps_in_parallel_leave_one_state(inst, token):
    ids = people(inst, 30)
    c = make(inst, token, {"ids": ids}, rate=5)
    got = at_once(6, lambda i: inst.api("POST", f"/api/campaigns/{c['id']}/start/", token=token).status_code)
    assert got == [200] * 6
    assert inst.rows("SELECT COUNT(*) n FROM audit WHERE event = 'campaign_start' AND detail LIKE %s",
                     f"%{c['id']}%")[0]["n"] == 1
    names = ["pause", "cancel", "pause", "resume", "cancel", "pause"]
    got = at_once(6, lambda i: inst.api("POST", f"/api/campaigns/{c['id']}/{names[i]}/", token=token).status_code)
    assert set(got) <= {200, 409}
    assert shown(inst, token, c)["state"] == "cancelled"
    wait_until("all ended", lambda: {r["state"] for r in rows(inst, c)} <= {"sent", "cancelled"} and not jobs(inst, c))


def test_not_later_than_ends_the_rest_as_expired(inst, token):
    ids = people(inst, 30)
    c = make(inst, token, {"ids": ids}, rate=5, start=True)
    wait_until("some arrive", lambda: len(arrived(inst, c)) >= 2, 20)
    inst.rows("UPDATE campaign SET ends_at = UTC_TIMESTAMP(6) WHERE id = %s", int(c["id"]))
    end = until(inst, token, c, "done")
    assert end["progress"]["sent"] + end["progress"]["expired"] == 30 and end["progress"]["expired"] > 0
    # One that was paused, too.
    c = make(inst, token, {"ids": ids}, rate=5, start=True)
    wait_until("some arrive", lambda: len(arrived(inst, c)) >= 2, 20)
    step(inst, token, c, "pause")
    inst.rows("UPDATE campaign SET ends_at = UTC_TIMESTAMP(6) WHERE id = %s", int(c["id"]))
    end = until(inst, token, c, "done")
    assert end["progress"]["sent"] + end["progress"]["expired"] == 30 and not jobs(inst, c)


def test_many_that_wait_follow_a_change_in_pieces(inst, token):
    """Held for another day, more than a statement takes: when it ends, and that it goes on."""
    c = make(inst, token, {"ids": people(inst, 1)}, start=True)
    until(inst, token, c, "done")
    id_ = int(c["id"])
    inst.rows("UPDATE campaign SET state = 'paused', live = TRUE, ended_at = NULL, planned = 9001, released = 9001 WHERE id = %s", id_)
    inst.rows("INSERT INTO job (id, class, state, kind, notification_id, seq, lease_ends_at, expires_at, created_at) SELECT %s + seq, 2, 3, 2,"
              " %s, seq + 1, UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6) + INTERVAL 2 DAY, UTC_TIMESTAMP(6) FROM seq_1_to_9000",
              id_ + 1000, id_)
    end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    r = inst.api("PATCH", f"/api/campaigns/{c['id']}/", token=token, json={"not_later_than": end})
    assert r.status_code == 200 and r.json()["not_later_than"] == end, r.text

    def left(which):
        return inst.rows(f"SELECT COUNT(*) n FROM job j JOIN campaign c ON c.id = j.notification_id WHERE c.id = %s AND {which}", id_)[0]["n"]
    wait_until("all live so long", lambda: left("j.expires_at <> c.ends_at") == 0)
    assert left("j.state = 3") == 9000 and inst.rows("SELECT touched FROM campaign WHERE id = %s", id_)[0]["touched"] == 2**32 - 1
    step(inst, token, c, "resume")
    wait_until("none is held", lambda: left("j.state = 3") == 0)
    assert left("j.state = 0 AND j.run_at > UTC_TIMESTAMP() + INTERVAL 23 HOUR") == 9000
    for table, column in (("campaign", "id"), ("campaign_part", "campaign_id"), ("job", "notification_id")):
        inst.rows(f"DELETE FROM {table} WHERE {column} = %s", id_)


def test_a_schedule_begins_by_itself(inst, token):
    ids = people(inst, 3)
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    c = make(inst, token, {"ids": ids}, at=soon, start=True)
    assert c["state"] == "scheduled" and c["at"] == soon and c["total"] == 0
    inst.rows("UPDATE campaign SET start_at = UTC_TIMESTAMP(6) WHERE id = %s", int(c["id"]))
    assert until(inst, token, c, "done")["progress"]["sent"] == 3


def test_a_schedule_is_paused_resumed_and_cancelled(inst, token):
    ids = people(inst, 3)
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def scheduled():
        c = make(inst, token, {"ids": ids}, at=soon, start=True)
        assert step(inst, token, c, "pause")["state"] == "paused"
        return c

    def due(c, column="start_at"):
        inst.rows(f"UPDATE campaign SET {column} = UTC_TIMESTAMP(6) WHERE id = %s", int(c["id"]))
    # Its time is ahead: it waits for it again.
    early = scheduled()
    assert step(inst, token, early, "resume")["state"] == "scheduled"
    assert step(inst, token, early, "resume")["state"] == "scheduled"
    # Its time went by while it was paused: nothing left, and it begins when it is resumed.
    late, over, gone = scheduled(), scheduled(), scheduled()
    due(late)
    refused(inst.api("POST", f"/api/campaigns/{late['id']}/start/", token=token), 409, "campaign_state")
    # Not later than this: it does not come back.
    due(over)
    due(over, "ends_at")
    assert until(inst, token, over, "done")["progress"]["expired"] == 3
    refused(inst.api("POST", f"/api/campaigns/{over['id']}/resume/", token=token), 409, "campaign_state")
    assert step(inst, token, gone, "cancel")["state"] == "cancelled"
    due(gone)
    assert shown(inst, token, late)["total"] == 0 and arrived(inst, late) == []
    assert step(inst, token, late, "resume")["state"] == "running"
    assert until(inst, token, late, "done")["progress"]["sent"] == 3
    due(early)
    assert until(inst, token, early, "done")["progress"]["sent"] == 3
    wait_until("nobody works at it", lambda: not inst.rows("SELECT 1 FROM campaign WHERE id = %s AND live", int(gone["id"])))
    assert rows(inst, gone) == [] and arrived(inst, over) == [] == arrived(inst, gone)


def test_of_steps_at_once_on_a_schedule_each_is_taken_or_refused(inst, token):
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    c = make(inst, token, {"ids": people(inst, 1)}, at=soon, start=True)
    names = ["pause", "resume"] * 4
    got = at_once(8, lambda i: inst.api("POST", f"/api/campaigns/{c['id']}/{names[i]}/", token=token).status_code)
    assert set(got) == {200} and shown(inst, token, c)["state"] in ("scheduled", "paused")
    said = inst.rows("SELECT event FROM audit WHERE detail LIKE %s AND event IN ('campaign_pause', 'campaign_resume')"
                     " ORDER BY id", f"%{c['id']}%")
    # Each that was taken is told, in turns.
    assert sorted(x["event"] for x in said).count("campaign_pause") - len(said) // 2 in (0, 1)
    step(inst, token, c, "cancel")


def test_it_pauses_itself_when_too_many_fail(inst, token):
    ids = people(inst, 60)
    inst.sandbox.fault("push", "status", status=413, times=10000)
    c = make(inst, token, {"ids": ids}, rate=12, start=True)
    def state():
        now = shown(inst, token, c)
        return now if now["state"] == "paused" else None
    now = wait_until("it pauses itself", state, 30)
    assert now["reason"] in ("errors",) and "failed" in now["reason_detail"]
    assert now["progress"]["failed"] < 60
    assert inst.rows("SELECT COUNT(*) n FROM audit WHERE event = 'campaign_pause' AND detail LIKE %s",
                     f"%{c['id']}%errors%")[0]["n"] == 1
    inst.sandbox.heal()
    step(inst, token, c, "resume")
    end = until(inst, token, c, "done", 60)
    assert end["progress"]["sent"] + end["progress"]["failed"] == 60


@pytest.mark.parametrize("audience, who", [
    ({"all": True, "locale": "en", "country": ["XA"]}, ["en"]),
    ({"locale": ["en", "de"], "country": "XA"}, ["en", "de"]),
    ({"country": ["XA"], "has": ["web_push"]}, ["en", "de"]),
    ({"country": ["XA"], "has": ["sms"]}, []),
    ({"country": ["XA"], "is_staff": True}, []),
    ({"country": ["XA"], "created_after": "2001-01-01T00:00:00Z"}, ["en", "de", "bare"]),
    ({"country": ["XA"], "created_before": "2001-01-01T00:00:00Z"}, []),
    ({"country": ["XA"], "last_seen_before": "2001-01-01T00:00:00Z"}, ["en", "de", "bare"]),
    ({"country": ["XA"], "last_seen_after": "2001-01-01T00:00:00Z"}, []),
])
def test_conditions_choose_whom(inst, token, xa, audience, who):
    c = make(inst, token, audience, start=True)
    until(inst, token, c, "done")
    assert sorted({r["user_id"] for r in rows(inst, c)}) == sorted(xa[w] for w in who)


@pytest.fixture(scope="module")
def xa(inst):
    return {"en": people(inst, 1, locale="en-GB", country="XA")[0], "de": people(inst, 1, locale="de", country="XA")[0],
            "bare": people(inst, 1, devices=0, locale="fr", country="XA")[0]}


def test_a_group_is_an_audience(inst, token):
    ids = people(inst, 3)
    g = inst.api("POST", "/api/push/groups/", token=token, json={"name": word()}).json()
    inst.api("POST", f"/api/push/groups/{g['id']}/members/", token=token, json={"user_ids": ids[:2]})
    c = make(inst, token, {"group": g["name"]}, start=True)
    assert sorted(r["user_id"] for r in (until(inst, token, c, "done") and rows(inst, c))) == ids[:2]


@pytest.mark.parametrize("field, body", [
    ("audience", {"audience": {}}), ("audience", {"audience": []}), ("audience", {"audience": {"where": "1=1"}}),
    ("audience", {"audience": {"all": False}}), ("audience", {"audience": {"ids": []}}),
    ("audience", {"audience": {"ids": ["1"]}}), ("audience", {"audience": {"locale": "fa' OR 1=1 --"}}),
    ("audience", {"audience": {"group": "nobody-has-this"}}), ("audience", {"audience": {"group_id": "1"}}),
    ("audience", {"audience": {"created_after": "yesterday"}}), ("audience", {"audience": {"has": ["fax"]}}),
    ("audience", {"audience": {"country": ["IRN"]}}), ("audience", {"audience": {"country": ["IR", "D1"]}}),
    ("channels", {"channels": []}), ("channels", {"channels": ["fax"]}), ("title", {"title": ""}),
    ("rate", {"rate": -1}), ("at", {"at": "2199-01-01T00:00:00Z"}),
    ("not_later_than", {"not_later_than": "2001-01-01T00:00:00Z"}), ("colour", {"colour": "red"}),
    ("data", {"data": []}), ("url", {"url": "javascript:alert(1)"}), ("body", {"body": "x" * 3999 + "ی" * 1}),
])
def test_what_is_wrong_is_named(inst, token, field, body):
    whole = {"name": "n", "channels": ["web_push"], "title": "t", "body": "b", "audience": {"all": True}, **body}
    refused(inst.api("POST", "/api/campaigns/", token=token, json=whole), 400, field=field)


def test_a_token_sees_its_own_and_no_others(inst, token):
    other, weak = admin_token(inst, scopes=["send"])["token"], admin_token(inst, scopes=["push"])["token"]
    c = make(inst, other, {"all": True})
    path = f"/api/campaigns/{c['id']}/"
    for method, more in (("GET", ""), ("PATCH", ""), ("POST", "start/"), ("POST", "cancel/"), ("GET", "recipients/")):
        refused(inst.api(method, path + more, token=token), 404)
        refused(inst.api(method, path + more, token=weak), 403, "scope_required")
    assert inst.api("GET", path, token=inst.admin()).status_code == 200
    mine = inst.api("GET", "/api/campaigns/?state=draft", token=other).json()
    assert [r["id"] for r in mine["results"]] == [c["id"]] and mine["count"] == 1
    # In the order that is asked for; the pages beside keep it.
    day = lambda n: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400 * n))
    late = make(inst, other, {"all": True}, name="autumn", at=day(20))
    soon = make(inst, other, {"all": True}, name="winter", at=day(10))
    for by, first in (("name", late), ("-name", soon), ("at", c), ("-at", late), ("", soon)):
        got = inst.api("GET", f"/api/campaigns/?page_size=2&ordering={by}" if by else "/api/campaigns/?page_size=2", token=other).json()
        assert got["results"][0]["id"] == first["id"] and got["count"] == 3, by
        assert not by or f"&ordering={by}" in got["next"]
    refused(inst.api("GET", "/api/campaigns/?ordering=state", token=other), 400, field="ordering")


def test_a_draft_changes_and_what_is_under_way_does_not(inst, token):
    ids = people(inst, 20)
    c = make(inst, token, {"ids": ids[:1]})
    path = f"/api/campaigns/{c['id']}/"
    r = inst.api("PATCH", path, token=token, json={"title": "second", "audience": {"ids": ids}, "rate": 3})
    assert r.status_code == 200 and r.json()["title"] == "second" and r.json()["body"] == "to all"
    got = at_once(8, lambda i: inst.api("PATCH", path, token=token, json={"name": f"n{i}"} if i % 2 else {"rate": 3}))
    assert {r.status_code for r in got} == {200}
    assert shown(inst, token, c)["audience"] == {"ids": ids}
    step(inst, token, c, "start")
    refused(inst.api("PATCH", path, token=token, json={"rate": 9}), 409, "campaign_state")
    step(inst, token, c, "pause")
    refused(inst.api("PATCH", path, token=token, json={"title": "third"}), 409, "campaign_state")
    assert inst.api("PATCH", path, token=token, json={"rate": 50, "name": "fast"}).json()["rate"] == 50
    step(inst, token, c, "resume")
    until(inst, token, c, "done")


def test_r12_the_same_request_again_makes_nothing_new(inst, token):
    key = {"Idempotency-Key": secrets.token_hex(16)}
    body = {"name": "n", "channels": ["web_push"], "title": word(), "body": "b", "audience": {"country": ["XZ"]}}
    got = at_once(8, lambda i: inst.api("POST", "/api/campaigns/", token=token, json=body, headers=key))
    assert {r.status_code for r in got} <= {201, 409}
    assert len({r.json()["id"] for r in got if r.status_code == 201}) == 1
    refused(inst.api("POST", "/api/campaigns/", token=token, json={**body, "name": "m"}, headers=key), 422)
    c = [r.json() for r in got if r.status_code == 201][0]
    key = {"Idempotency-Key": secrets.token_hex(16)}
    for _ in range(2):
        assert inst.api("POST", f"/api/campaigns/{c['id']}/start/", token=token, headers=key).status_code == 200
    end = until(inst, token, c, "done")
    assert end["total"] == 0 and end["people"] == 0


# --- whom it does not go to, or not yet: as POST /api/notifications/ ----------------

EMAIL = 1


def said(inst, c):
    """What became of each, by recipient: his channels."""
    got = {}
    for r in inst.rows("SELECT user_id, channel, state, reason FROM delivery WHERE notification_id = %s", int(c["id"])):
        got.setdefault(r["user_id"], {})[r["channel"]] = (r["state"], r["reason"])
    return got


def suppressed(inst, channel, address):
    inst.rows("INSERT INTO suppression VALUES (%s, %s, UNHEX(SHA2(%s, 256)), '', 'bounced', NULL, NOW())",
              secrets.randbits(60), channel, address)


def mails(inst, to):
    return inst.sandbox.messages(channel="email", to=to)


def test_who_opted_out_is_skipped(inst, token):
    plain, off, other, claim = a_user(inst), a_user(inst, phone=True), a_user(inst), a_user(inst, proved=False)
    inst.rows("INSERT INTO preference (user_id, off_mask, updated_at) VALUES (%s, %s, NOW())", off["id"], EMAIL)
    inst.rows("INSERT INTO preference_type VALUES (%s, 'news', 0, %s)", other["id"], EMAIL)
    ids = [u["id"] for u in (plain, off, other, claim)]
    c = make(inst, token, {"ids": ids}, channels=["email", "sms"], type="news", start=True)
    end = until(inst, token, c, "done")
    none = ("skipped", "no_address")
    assert said(inst, c) == {
        plain["id"]: {"email": ("sent", ""), "sms": none},
        off["id"]: {"email": ("skipped", "opted_out"), "sms": ("sent", "")},
        other["id"]: {"email": ("skipped", "opted_out"), "sms": none},
        claim["id"]: {"email": ("skipped", "unproved"), "sms": none}}
    assert end["people"] == 4 and end["progress"]["sent"] == 2 and end["progress"]["queued"] == 0
    assert mails(inst, plain["email"]) and not mails(inst, off["email"]) and not mails(inst, other["email"])
    # His wish is of a type: another comes.
    c = make(inst, token, {"ids": [other["id"]]}, channels=["email"], type="order", start=True)
    until(inst, token, c, "done")
    assert said(inst, c) == {other["id"]: {"email": ("sent", "")}}


def test_who_opts_out_while_it_waits_gets_nothing(inst, token):
    """Planned for the end of his quiet hours; meanwhile he unsubscribes from what the same sender wrote before."""
    stops, stays = a_user(inst), a_user(inst)
    now = inst.rows("SELECT UTC_TIMESTAMP(6) t")[0]["t"]
    begin, end = (now - datetime.timedelta(hours=1), now + datetime.timedelta(hours=2))
    for u in (stops, stays):
        inst.rows("INSERT INTO preference (user_id, quiet_from, quiet_to, quiet_zone, updated_at) VALUES (%s, %s, %s, 'UTC', NOW())",
                  u["id"], begin.hour * 60 + begin.minute, end.hour * 60 + end.minute)
    c = make(inst, token, {"ids": [stops["id"], stays["id"]]}, channels=["email"], type="news", start=True)
    wait_until("both wait", lambda: shown(inst, token, c)["released"] == 2)
    inst.rows("INSERT INTO preference_type VALUES (%s, 'news', 0, %s)", stops["id"], EMAIL)
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", int(c["id"]))
    until(inst, token, c, "done")
    assert said(inst, c) == {stops["id"]: {"email": ("skipped", "opted_out")}, stays["id"]: {"email": ("sent", "")}}
    assert not mails(inst, stops["email"]) and len(mails(inst, stays["email"])) == 1


def test_a_suppressed_address_is_skipped(inst, token):
    plain, gone = a_user(inst), a_user(inst)
    suppressed(inst, "email", gone["email"])
    c = make(inst, token, {"ids": [plain["id"], gone["id"]]}, channels=["email"], start=True)
    end = until(inst, token, c, "done")
    assert said(inst, c) == {plain["id"]: {"email": ("sent", "")}, gone["id"]: {"email": ("skipped", "suppressed")}}
    assert end["progress"]["sent"] == 1 and end["progress"]["skipped"] == 1
    assert mails(inst, plain["email"]) and not mails(inst, gone["email"])


def test_bulk_asks_whose_address_it_is_and_whether_it_is_barred(inst, token):
    off, nobody, barred = a_user(inst), f"b{word()}@example.com", f"b{word()}@example.com"
    suppressed(inst, "email", barred)
    inst.rows("INSERT INTO preference (user_id, off_mask, updated_at) VALUES (%s, %s, NOW())", off["id"], EMAIL)
    r = inst.api("POST", "/api/communications/bulk/", token=inst.admin(), json={
        "type": "email", "recipients": [nobody, barred, off["email"]], "subject": "S", "content": "x"})
    assert r.ok, r.text
    id_ = wait_until("it is planned", lambda: inst.rows(
        "SELECT notification_id n FROM delivery WHERE target = %s", nobody))

    def final():
        got = {r["target"]: (r["state"], r["reason"]) for r in inst.rows(
            "SELECT target, state, reason FROM delivery WHERE notification_id = %s", id_[0]["n"])}
        return got if got[nobody][0] != "queued" else None
    assert wait_until("all is final", final) == {
        nobody: ("sent", ""), barred: ("skipped", "suppressed"), off["email"]: ("skipped", "opted_out")}
    assert not mails(inst, barred) and not mails(inst, off["email"])


def test_r11_quiet_hours_put_it_off_through_a_pause_too(inst, token):
    plain, asleep = a_user(inst), a_user(inst)
    now = inst.rows("SELECT UTC_TIMESTAMP(6) t")[0]["t"]
    end = (now + datetime.timedelta(hours=2)).replace(second=0, microsecond=0)
    began = now - datetime.timedelta(hours=1)
    inst.rows("INSERT INTO preference (user_id, quiet_from, quiet_to, quiet_zone, updated_at) VALUES (%s, %s, %s, 'UTC', NOW())",
              asleep["id"], began.hour * 60 + began.minute, end.hour * 60 + end.minute)
    c = make(inst, token, {"ids": [plain["id"], asleep["id"]]}, channels=["email"], start=True)

    def jobs_of():
        return inst.rows("SELECT state, run_at FROM job WHERE notification_id = %s", int(c["id"]))
    wait_until("the other's is sent", lambda: said(inst, c).get(plain["id"]) == {"email": ("sent", "")})
    wait_until("one waits", lambda: jobs_of() == [{"state": 0, "run_at": end}])
    assert said(inst, c)[asleep["id"]] == {"email": ("queued", "")} and not mails(inst, asleep["email"])
    wait_until("all is released", lambda: shown(inst, token, c)["released"] == 2)
    step(inst, token, c, "pause")
    # Its hour is the recipient's: it is held when that comes.
    assert jobs_of() == [{"state": 0, "run_at": end}]
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", int(c["id"]))
    wait_until("it is held", lambda: jobs_of() == [{"state": 3, "run_at": None}])
    assert not mails(inst, asleep["email"])
    step(inst, token, c, "resume")
    until(inst, token, c, "done")
    assert said(inst, c)[asleep["id"]] == {"email": ("sent", "")} and len(mails(inst, asleep["email"])) == 1


def test_how_many_an_audience_would_be(inst, token):
    """The very people that a campaign would plan: counted, nothing kept."""
    def ask(audience, **more):
        return inst.api("POST", "/api/campaigns/audience/", token=token, json={"audience": audience, **more})

    def count(audience):
        r = ask(audience)
        assert r.status_code == 200 and r.json()["complete"] is True, r.text
        return r.json()["people"]
    ids = people(inst, 3, devices=0, locale="fa", country="IR") + people(inst, 2, devices=0, locale="de", country="DE")
    before = inst.rows("SELECT COUNT(*) n FROM campaign")[0]["n"]
    assert count({"ids": ids}) == 5 and count({"ids": ids + ids + [1 << 50]}) == 5
    assert count({"ids": ids, "country": ["DE"]}) == 2 and count({"ids": ids, "locale": ["fa"]}) == 3
    assert count({"ids": ids, "has": ["web_push"]}) == 0 and count({"ids": ids, "has": ["email"]}) == 5
    inst.rows("UPDATE user SET is_active = 0 WHERE id = %s", ids[0])
    assert count({"ids": ids}) == 4
    everybody = count({"all": True})
    assert everybody == inst.rows("SELECT COUNT(*) n FROM user WHERE is_active AND claim_ends_at IS NULL")[0]["n"]
    g = inst.api("POST", "/api/push/groups/", token=token, json={"name": word()}).json()
    inst.api("POST", f"/api/push/groups/{g['id']}/members/", token=token, json={"user_ids": ids})
    assert count({"group": g["name"]}) == 4
    # It is what the campaign then plans.
    c = make(inst, token, {"group": g["name"]}, channels=["email"], start=True)
    assert until(inst, token, c, "done")["people"] == 4
    for bad, code in (({}, "invalid_condition"), ({"group": "none"}, "unknown_group"), ({"what": 1}, "invalid_condition")):
        refused(ask(bad), 400, code)
    assert ask({"all": True}, more=1).status_code == 400
    assert inst.rows("SELECT COUNT(*) n FROM campaign")[0]["n"] == before + 1
