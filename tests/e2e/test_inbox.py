"""The inbox, wishes, the link in mails, and barred addresses."""
import re
import signal
import threading

import pytest

from people import Person, within
from push_case import admin_token, at_once, refused, word
from test_notify import PATH, TEXT, a_user, final, look, send, ways


@pytest.fixture(scope="module")
def inst():
    from conftest import no_faults
    from instance import Instance
    with Instance() as whole:
        yield whole
        no_faults(whole)


@pytest.fixture
def sara(inst):
    p = Person(inst)
    p.user = {"id": p.id, "phone": p.phone}
    return p


def tell(inst, p, **more):
    r = send(inst, user_id=p.id, headers={"Prefer": "wait=15"}, **{"channels": ["in_app"], **more})
    assert r.status_code == 200, r.text
    return r.json()["id"]


def inbox(p, query=""):
    r = p.first.call("GET", f"/api/inbox/{query}")
    assert r.status_code == 200, r.text
    return r.json()


def act(p, what, status=200, **body):
    r = p.first.call("POST", f"/api/inbox/{what}/", json=body)
    assert r.status_code == status, r.text
    return r.json()


def counts(r):
    return r["unread"], r["unseen"], r["seq"]


def test_seq_without_gaps_and_exact_counters(inst, sara):
    """Many messages for many people at once: every inbox is 1, 2, 3 …, its counters are what its rows say."""
    others = [a_user(inst)["id"] for _ in range(5)]
    got = at_once(24, lambda i: send(inst, user_ids=[sara.id] + others[i % 5:], channels=["in_app"], title=f"n{i}"))
    assert {r.status_code for r in got} == {202}
    for r in got:
        final(inst, r.json()["id"])
    for who in [sara.id] + others:
        seqs = [r["seq"] for r in inst.rows("SELECT seq FROM inbox WHERE user_id = %s ORDER BY seq", who)]
        assert seqs == list(range(1, len(seqs) + 1))
        assert inst.rows("SELECT seq, unread, unseen FROM inbox_count WHERE user_id = %s", who) == [
            {"seq": len(seqs), "unread": len(seqs), "unseen": len(seqs)}]
    first = inbox(sara, "?limit=20")
    assert counts(first) == (24, 24, 24) and [m["seq"] for m in first["results"]] == list(range(1, 21))
    rest = sara.first.call("GET", first["next"][len(inst.url):]).json()
    assert [m["seq"] for m in rest["results"]] == [21, 22, 23, 24] and rest["next"] is None
    # and from the other end
    newest = inbox(sara, "?before=0&limit=20")
    assert counts(newest) == (24, 24, 24) and [m["seq"] for m in newest["results"]] == list(range(24, 4, -1))
    rest = sara.first.call("GET", newest["next"][len(inst.url):]).json()
    assert [m["seq"] for m in rest["results"]] == [4, 3, 2, 1] and rest["next"] is None
    assert [m["seq"] for m in inbox(sara, "?before=9&after=5&unread=true")["results"]] == [8, 7, 6]
    # read by many at once, each twice: the counters stay exact
    ids = [m["id"] for m in first["results"][:10]]
    assert all(r.status_code == 200 for r in at_once(20, lambda i: sara.first.call("POST", f"/api/inbox/{ids[i % 10]}/read/")))
    assert counts(inbox(sara)) == (14, 14, 24)
    assert counts(act(sara, "seen", seq=12)) == (14, 12, 24)
    assert counts(act(sara, "read-all", seq=15)) == (9, 9, 24)
    assert counts(act(sara, "read-all")) == (0, 0, 24) and counts(act(sara, "seen")) == (0, 0, 24)
    assert inbox(sara, "?unread=true")["results"] == []
    assert inst.rows("SELECT COUNT(*) n FROM inbox WHERE user_id = %s AND (read_at IS NULL OR seen_at IS NULL)", sara.id)[0]["n"] == 0


def test_what_a_message_shows_and_that_it_is_his(inst, sara):
    id_ = tell(inst, sara, data={"orderId": "7"}, url="/orders/7", type="order")
    m = inbox(sara)["results"][0]
    assert {k: m[k] for k in ("id", "seq", "type", "title", "body", "url", "data")} == {
        "id": id_, "seq": 1, "type": "order", "title": "Order", "body": "On its way", "url": "/orders/7", "data": {"orderId": "7"}}
    assert m["created_at"] and m["seen_at"] is m["read_at"] is m["archived_at"] is None
    other = Person(inst)
    for what in ("read", "archive"):
        refused(other.first.call("POST", f"/api/inbox/{id_}/{what}/"), 404)
    assert inbox(other)["results"] == [] and counts(inbox(other)) == (0, 0, 0)
    assert counts(act(sara, f"{id_}/archive")) == (0, 0, 1) and counts(act(sara, f"{id_}/archive")) == (0, 0, 1)
    assert inbox(sara)["results"] == [] and inbox(sara, "?archived=true")["results"][0]["archived_at"]


def test_some_are_read_or_put_away_together(inst, sara):
    ids = [tell(inst, sara, title=f"n{i}") for i in range(4)]
    a = act(sara, "read", ids=[*ids[:2], "7"])
    assert counts(a) == (2, 4 - 2, 4) and [x["status"] for x in a["results"]] == [200, 200, 404]
    assert counts(act(sara, "read", ids=ids[:2])) == (2, 2, 4)
    a = act(sara, "archive", ids=ids[1:])
    assert (a["done"], a["unread"]) == (3, 0) and [m["id"] for m in inbox(sara)["results"]] == ids[:1]
    refused(sara.first.call("POST", "/api/inbox/read/", json={"ids": []}), 400, field="ids")
    other = Person(inst)
    assert act(other, "archive", ids=ids)["done"] == 0


def test_an_inbox_is_searched_a_thousand_rows_a_page(inst, sara):
    tell(inst, sara, title="A \"quoted\" Title", body="first words", type="order")
    tell(inst, sara, title="Other", body="second \\\\ words", type="message")
    assert [m["seq"] for m in inbox(sara, "?q=WORDS")["results"]] == [1, 2]
    assert [m["seq"] for m in inbox(sara, "?q=words&before=0&type=message")["results"]] == [2]
    assert [m["seq"] for m in inbox(sara, "?q=%22quoted%22")["results"]] == [1]
    assert inbox(sara, "?q=title&type=message")["results"] == [] and inbox(sara, "?q=orderId")["results"] == []
    act(sara, f"{inbox(sara)['results'][1]['id']}/read")
    assert [m["seq"] for m in inbox(sara, "?q=words&unread=true")["results"]] == [1]
    # A page looks at so many and goes on from there, either way; no row is missed where they end.
    inst.rows("INSERT INTO inbox (user_id, seq, notification_id, created_at) SELECT user_id, 2 + s.seq, notification_id + s.seq,"
              " created_at FROM inbox, seq_1_to_2500 s WHERE user_id = %s AND inbox.seq = 2", sara.id)
    inst.rows("UPDATE inbox SET seq = 2503 WHERE user_id = %s AND seq = 2502", sara.id)
    inst.rows("UPDATE inbox SET seq = 2502 WHERE user_id = %s AND seq = 1", sara.id)
    inst.rows("UPDATE inbox_count SET seq = 2503 WHERE user_id = %s", sara.id)
    for way, seqs in (("&before=0", [2502, 2]), ("", [2, 2502])):
        found, url, calls = [], f"/api/inbox/?q=words{way}", 0
        while url:
            page = sara.first.call("GET", url).json()
            found, url, calls = found + [m["seq"] for m in page["results"]], (page["next"] or "").replace(inst.url, ""), calls + 1
        assert found == seqs and calls == 3
    for field, value in (("q", "x" * 101), ("type", "a\nb")):
        refused(sara.first.call("GET", "/api/inbox/", params={field: value}), 400, field=field)


def test_reading_takes_back_the_rest(inst, sara):
    """Escalation by SMS after an hour: read in time, it never leaves; not read, it does."""
    steps = [{"channel": "sms", "after_s": 3600}]
    read, left = (send(inst, user_id=sara.id, channels=["in_app"], escalate=steps, title=t).json()["id"] for t in ("read", "left"))
    for id_ in (read, left):
        within(10, "planned", lambda id_=id_: look(inst, id_)["planned"])
        assert ways(look(inst, id_), sara.user) == {"in_app": ("sent", ""), "sms": ("queued", "")}
    assert inst.rows("SELECT TIMESTAMPDIFF(SECOND, created_at, run_at) s FROM job WHERE notification_id = %s", read)[0]["s"] in (3599, 3600)
    act(sara, f"{read}/read")
    assert ways(look(inst, read), sara.user)["sms"] == ("cancelled", "read")
    assert not inst.rows("SELECT 1 FROM job WHERE notification_id = %s", read)
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", left)
    assert ways(final(inst, left), sara.user)["sms"] == ("sent", "")
    assert [m["text"].split("\n")[0] for m in inst.sandbox.messages(channel="sms", to=sara.phone) if "On its way" in m["text"]] == ["left"]
    all_ = [send(inst, user_id=sara.id, channels=["in_app"], escalate=steps).json()["id"] for _ in range(3)]
    for id_ in all_:
        within(10, "planned", lambda id_=id_: look(inst, id_)["planned"])
    act(sara, "read-all")
    assert [ways(look(inst, id_), sara.user)["sms"] for id_ in all_] == [("cancelled", "read")] * 3


def sms_of(inst, id_):
    """What became of each recipient's SMS: the states by user."""
    return {r["user_id"]: (r["state"], r["reason"]) for r in inst.rows(
        "SELECT user_id, state, reason FROM delivery WHERE notification_id = %s AND channel = 'sms'", int(id_))}


def test_r1_kills_between_the_inbox_and_the_next_channel(inst, sara):
    """A worker dies while it plans, and again while steps become due: every inbox is whole, every step is taken once, and what
    was read is not sent."""
    people = [sara.user] + [a_user(inst, phone=True) for _ in range(4)]
    who = [u["id"] for u in people]
    made = []
    for i in range(24):
        made.append(send(inst, user_ids=who, channels=["in_app"], escalate=[{"channel": "sms", "after_s": 3600}],
                         title=f"step {i}").json()["id"])
        if i % 4 == 3:
            inst.restart("worker", signal.SIGKILL)
            inst.rows("UPDATE job SET lease_ends_at = UTC_TIMESTAMP(6) WHERE lease_ends_at IS NOT NULL")
    within(40, "planned", lambda: all(look(inst, id_)["planned"] for id_ in made))
    for u in who:
        rows = inst.rows("SELECT notification_id, seq FROM inbox WHERE user_id = %s ORDER BY seq", u)
        assert [r["seq"] for r in rows] == list(range(1, 25)) and {r["notification_id"] for r in rows} == {int(i) for i in made}
        count, = inst.rows("SELECT seq, unread, unseen FROM inbox_count WHERE user_id = %s", u)
        assert (count["seq"], count["unread"], count["unseen"]) == (24, 24, 24)
    steps, = inst.rows("SELECT COUNT(*) n, COUNT(DISTINCT notification_id, seq) d FROM job WHERE kind = 2 AND notification_id >= %s",
                       int(made[0]))
    assert (steps["n"], steps["d"]) == (5 * 24, 5 * 24)
    # One of them reads a third of it, and all the rest becomes due under kills.
    read = made[:8]
    reader = people[0]
    assert {r.status_code for r in at_once(8, lambda i: sara.first.call("POST", f"/api/inbox/{read[i]}/read/"))} == {200}
    for k in range(4):
        inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE kind = 2 AND state = 0 AND notification_id BETWEEN %s AND %s",
                  int(made[6 * k]), int(made[6 * k + 5]))
        inst.restart("worker", signal.SIGKILL)
        inst.rows("UPDATE job SET lease_ends_at = UTC_TIMESTAMP(6) WHERE lease_ends_at IS NOT NULL")
    within(60, "all final", lambda: not inst.rows("SELECT 1 FROM job WHERE notification_id >= %s AND state < 9 LIMIT 1", int(made[0])))
    left = {u["id"]: 0 for u in people}
    for id_ in made:
        for u, said in sms_of(inst, id_).items():
            if u == reader["id"] and id_ in read:
                assert said == ("cancelled", "read")
            else:
                assert said[0] in ("sent", "delivered", "unsure") or said == ("failed", "dead_letter"), said
                left[u] += 1
    for u in people:
        texts = [m["text"].split("\n")[0] for m in inst.sandbox.messages(channel="sms", to=u["phone"]) if "step " in m["text"]]
        assert len(texts) == len(set(texts)) <= left[u["id"]]
        assert not {f"step {i}" for i in range(8)} & set(texts) or u is not reader


def test_what_is_read_while_it_leaves_says_so(inst, sara):
    """Its request is on the way and comes back refused: it does not go again, for it was read."""
    inst.sandbox.fault("kavenegar", "status", status=503, after_ms=700, to=sara.phone)
    id_ = send(inst, user_id=sara.id, channels=["in_app", "sms"]).json()["id"]
    within(10, "it leaves", lambda: inst.rows("SELECT 1 FROM job WHERE notification_id = %s AND state = 2", id_))
    act(sara, f"{id_}/read")
    assert ways(final(inst, id_), sara.user) == {"in_app": ("read", ""), "sms": ("cancelled", "read")}
    inst.sandbox.heal()
    assert not [m for m in inst.sandbox.messages(channel="sms", to=sara.phone) if "On its way" in m["text"]]


def test_all_are_read_however_many_are_leaving(inst, sara):
    """More of them on their way than a batch takes: those behind them are taken back all the same."""
    ids = [tell(inst, sara) for _ in range(2)]
    last = int(max(ids, key=int))
    for id_, state, n in ((min(map(int, ids)), 2, 501), (last, 0, 3)):
        inst.rows("INSERT INTO delivery (notification_id, seq, user_id, channel, target_hash, target, state, created_at, updated_at)"
                  " SELECT %s, seq + 1, %s, 'sms', UNHEX(MD5(seq)), '+98', 'queued', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)"
                  f" FROM seq_1_to_{n}", id_, sara.id)
        inst.rows("INSERT INTO job (id, class, state, kind, notification_id, seq, user_id, provider, lease_ends_at, expires_at, created_at)"
                  " SELECT %s + seq, 1, %s, 2, %s, seq + 1, %s, 'nobody', UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6) + INTERVAL 2 DAY,"
                  f" UTC_TIMESTAMP(6) FROM seq_1_to_{n}", id_ + 1000, state, id_, sara.id)
    try:
        act(sara, "read-all")
        assert inst.rows("SELECT state, reason, COUNT(*) n FROM delivery WHERE notification_id = %s AND channel = 'sms' GROUP BY 1, 2", last) == [
            {"state": "cancelled", "reason": "read", "n": 3}]
        assert inst.rows("SELECT COUNT(*) n FROM job WHERE state = 2 AND stop = 2 AND user_id = %s", sara.id) == [{"n": 501}]
    finally:
        inst.rows("DELETE FROM job WHERE user_id = %s", sara.id)
        inst.rows("DELETE FROM delivery WHERE user_id = %s AND channel = 'sms' AND state = 'queued'", sara.id)


def test_what_the_log_forgets_is_counted_no_more(inst, sara):
    """A notification past its days goes with its place in the inbox, and what is unread is what can be read."""
    old, new = int(tell(inst, sara)), tell(inst, sara)
    for table, column in (("inbox", "notification_id"), ("notification", "id")):
        inst.rows(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", old % 10**9 + 1, old)
    inst.kill("worker", signal.SIGTERM)
    inst.start("worker")            # it looks for what is old when it begins
    within(20, "it is forgotten", lambda: not inst.rows("SELECT 1 FROM notification WHERE id = %s", old % 10**9 + 1))
    got = inbox(sara)
    assert [m["id"] for m in got["results"]] == [new] and counts(got) == (1, 1, 2)
    assert inst.rows("SELECT COUNT(*) n FROM inbox WHERE user_id = %s", sara.id) == [{"n": 1}]


def test_read_all_of_nothing_reads_nothing_that_comes_meanwhile(inst, sara):
    """It asks how far the inbox is, and reads so far: what comes in between stays news."""
    told, got = int(tell(inst, sara)), []
    c = inst.connect()
    c.begin()
    # The first message for somebody whose inbox has none: numbered, and not committed when read-all looks.
    other = Person(inst)
    with c.cursor() as cursor:
        cursor.execute("INSERT INTO notification (id, type, class, channel, title, content, audience, created_at, expires_at, planned_at, total)"
                       " SELECT id + 7, type, class, channel, title, content, audience, created_at, expires_at, planned_at, total"
                       " FROM notification WHERE id = %s", (told,))
        cursor.execute("INSERT INTO inbox_count (user_id, seq, unread, unseen, version, changed_at) VALUES (%s, 1, 1, 1, 1, UTC_TIMESTAMP(6))",
                       (other.id,))
        cursor.execute("INSERT INTO inbox (user_id, seq, notification_id, created_at) VALUES (%s, 1, %s, UTC_TIMESTAMP(6))",
                       (other.id, told + 7))
        t = threading.Thread(target=lambda: got.append(act(other, "read-all")))
        t.start()
        within(20, "it waits for the row", lambda: inst.rows(
            "SELECT 1 FROM information_schema.innodb_lock_waits w JOIN information_schema.innodb_trx x ON x.trx_id = w.blocking_trx_id"
            " WHERE x.trx_mysql_thread_id = %s LIMIT 1", c.thread_id()), every=0.15)
    c.commit()
    c.close()
    t.join(20)
    assert counts(got[0]) == (1, 1, 1)


def test_read_and_due_at_the_same_moment(inst, sara):
    """Many races of a reader with the step: cancelled, or sent once; never both, never neither."""
    made = [send(inst, user_id=sara.id, channels=["in_app"], escalate=[{"channel": "sms", "after_s": 3600}], title=f"race {i}").json()["id"]
            for i in range(12)]
    for id_ in made:
        within(10, "planned", lambda id_=id_: look(inst, id_)["planned"])
    at_once(24, lambda i: act(sara, f"{made[i // 2]}/read") if i % 2 else inst.rows(
        "UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", int(made[i // 2])))
    within(20, "all final", lambda: not inst.rows("SELECT 1 FROM job WHERE notification_id >= %s LIMIT 1", int(made[0])))
    texts = [m["text"].split("\n")[0] for m in inst.sandbox.messages(channel="sms", to=sara.phone) if "race " in m["text"]]
    for i, id_ in enumerate(made):
        said = sms_of(inst, id_)[sara.id]
        assert (said[0], texts.count(f"race {i}")) in (("sent", 1), ("delivered", 1), ("cancelled", 0)), (i, said)
    assert counts(inbox(sara))[0] == 0


def wishes(p, method="GET", status=200, **body):
    r = p.first.call(method, "/api/preferences/", json=body if method != "GET" else None)
    assert r.status_code == status, r.text
    return r.json()


def test_preferences_are_kept_and_obeyed(inst, sara):
    fresh = wishes(sara)
    assert fresh == {"default_channel": None, "prefers_email": True, "prefers_in_app": True, "channels": {
        "email": True, "sms": False, "whatsapp": False, "web_push": True, "expo": True, "in_app": True}, "types": {},
        "quiet_hours": None, "digest": None, "topics": []}
    got = wishes(sara, "PATCH", channels={"sms": True}, types={"order": {"sms": False, "in_app": True}}, topics=["news", "news"])
    assert got["channels"]["sms"] is True and got["types"] == {"order": {"sms": False, "in_app": True}} and got["topics"] == ["news"]
    got = wishes(sara, "PATCH", prefers_in_app=False)
    assert got["channels"]["in_app"] is False and got["prefers_in_app"] is False and got["channels"]["sms"] is True
    n = final(inst, send(inst, user_id=sara.id, type="message").json()["id"])
    assert ways(n, sara.user) == {"sms": ("sent", ""), "in_app": ("skipped", "opted_out")}
    n = final(inst, send(inst, user_id=sara.id, type="order").json()["id"])
    assert ways(n, sara.user) == {"in_app": ("sent", "")}
    assert send(inst, topic="news", channels=["in_app"]).json()["accepted"] == 1
    # What was shown can be sent back, with one old member changed.
    again = wishes(sara, "PUT", **{**got, "prefers_in_app": True})
    assert again == {**got, "prefers_in_app": True, "channels": {**got["channels"], "in_app": True}}
    assert wishes(sara, "PUT") == fresh
    assert not inst.rows("SELECT 1 FROM topic_user WHERE user_id = %s", sara.id)


def test_changes_at_once_lose_nothing(inst, sara):
    names = ["email", "sms", "whatsapp", "web_push", "expo", "in_app"]
    got = at_once(12, lambda i: sara.first.call("PATCH", "/api/preferences/", json={"channels": {names[i % 6]: False}}))
    assert {r.status_code for r in got} == {200}
    assert not any(wishes(sara)["channels"].values())


@pytest.mark.parametrize("field, body", [
    ("default_channel", {"default_channel": "pigeon"}), ("channels", {"channels": {"pigeon": True}}), ("channels", {"channels": {"sms": 1}}),
    ("channels", {"channels": []}), ("types", {"types": {"a b": {}}}), ("types", {"types": {"order": {"pigeon": True}}}),
    ("types", {"types": {f"t{i}": {} for i in range(101)}}), ("quiet_hours", {"quiet_hours": {"from": "25:00", "to": "07:00"}}),
    ("quiet_hours", {"quiet_hours": {"from": "22:00"}}), ("quiet_hours", {"quiet_hours": {"from": "22:00", "to": "07:00", "time_zone": "../x"}}),
    ("digest", {"digest": {"every": "minute"}}), ("digest", {"digest": "day"}), ("topics", {"topics": ["a b"]}), ("colour", {"colour": "red"}),
])
def test_what_is_wrong_is_named_and_nothing_changes(inst, sara, field, body):
    before = wishes(sara)
    refused(sara.first.call("PATCH", "/api/preferences/", json={"prefers_email": False, **body}), 400, field=field)
    assert wishes(sara) == before


# --- unsubscribing -----------------------------------------------------------

def link_of(m):
    assert m["headers"]["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    return re.fullmatch(r"<(https://[^>]+)>", m["headers"]["list-unsubscribe"]).group(1)


def mail(inst, u, **more):
    id_ = send(inst, **{"user_id": u["id"], "channels": ["email"], **more}).json()["id"]
    assert [d["state"] for d in final(inst, id_)["deliveries"]] == ["sent"]
    return inst.sandbox.wait(channel="email", to=u["email"])[0]


def test_one_click_stops_that_kind_and_no_other(inst):
    """RFC 8058: no session, no cookie, a form or multipart; a GET changes nothing."""
    u = a_user(inst)
    link = link_of(mail(inst, u, type="order"))[len(inst.url):]
    page = inst.api("GET", link, headers={"Accept": "text/html"})
    assert page.status_code == 200 and "<form" in page.text and inst.api("GET", link).status_code == 200
    assert not inst.rows("SELECT 1 FROM preference_type WHERE user_id = %s", u["id"])
    for body in ({"data": {"List-Unsubscribe": "One-Click"}}, {"files": {"List-Unsubscribe": (None, "One-Click")}}):
        assert inst.api("POST", link, **body).status_code == 200
        assert inst.rows("SELECT type, off_mask FROM preference_type WHERE user_id = %s", u["id"]) == [{"type": "order", "off_mask": 1}]
    n = final(inst, send(inst, user_id=u["id"], channels=["email"], type="order").json()["id"])
    assert ways(n, u) == {"email": ("skipped", "opted_out")}
    link = link_of(mail(inst, u, type="review"))[len(inst.url):]
    token = link.split("?t=")[1]
    assert inst.api("POST", "/api/unsubscribe/", data={"t": token, "all": "true"}).status_code == 200
    n = final(inst, send(inst, user_id=u["id"], channels=["email"], type="message").json()["id"])
    assert ways(n, u) == {"email": ("skipped", "opted_out")}
    # What nobody may turn off has no such link, and passes.
    m = mail(inst, u, url="/orders/7", **{"class": "critical"})
    assert "list-unsubscribe" not in m["headers"]
    # A mail is read elsewhere: an address on this site is whole there.
    assert f"{inst.url}/orders/7" in m["text"] and m["html"].count(f'href="{inst.url}/orders/7"') == 2


def test_an_address_of_nobody_is_barred(inst):
    to = f"x{word()}@example.com"
    send(inst, email=to)
    link = link_of(inst.sandbox.wait(channel="email", to=to)[0])[len(inst.url):]
    assert inst.api("POST", link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    n = final(inst, send(inst, email=to.upper()).json()["id"])
    assert [(d["state"], d["reason"]) for d in n["deliveries"]] == [("skipped", "suppressed")]
    n = final(inst, send(inst, email=to, **{"class": "critical"}).json()["id"])
    assert [d["state"] for d in n["deliveries"]] == ["sent"]


def test_a_link_that_is_not_ours_tells_nothing(inst):
    u = a_user(inst)
    token = link_of(mail(inst, u)).split("?t=")[1]
    flipped = token[:9] + ("A" if token[9] != "A" else "B") + token[10:]
    for t in (flipped, token[:-3], "x" * 40, token + "AAAA"):
        refused(inst.api("POST", f"/api/unsubscribe/?t={t}", data={"List-Unsubscribe": "One-Click"}), 400, "invalid_link")
        refused(inst.api("GET", f"/api/unsubscribe/?t={t}"), 400, "invalid_link")
    assert not inst.rows("SELECT 1 FROM preference_type WHERE user_id = %s", u["id"])


# --- barred addresses -----------------------------------------------------------

def test_suppressions(inst):
    u = a_user(inst, phone=True)
    path = "/api/suppressions/"
    key = {"Idempotency-Key": f"bar-{word()}{word()}"}
    got = at_once(8, lambda i: inst.api("POST", path, token=inst.token, headers=key, json={
        "channel": "email", "address": u["email"].upper(), "reason": "unsubscribed"}))
    assert {r.status_code for r in got} <= {201, 409}
    row = next(r.json() for r in got if r.status_code == 201)
    assert row["address"] == f"{u['email'][0]}…@example.com" and row["reason"] == "unsubscribed" and u["email"] not in got[0].text
    assert len(inst.rows("SELECT 1 FROM suppression WHERE id = %s", row["id"])) == 1
    n = final(inst, send(inst, user_id=u["id"], channels=["email", "sms"]).json()["id"])
    assert ways(n, u) == {"email": ("skipped", "suppressed"), "sms": ("sent", "")}
    n = final(inst, send(inst, user_id=u["id"], channels=["email"], **{"class": "critical"}).json()["id"])
    assert ways(n, u) == {"email": ("sent", "")}
    # A mailbox that is gone stays gone, for critical too; the weaker reason does not take its place.
    for reason, kept in (("bounced", "bounced"), ("unsubscribed", "bounced")):
        r = inst.api("POST", path, token=inst.token, json={"channel": "email", "address": u["email"], "reason": reason})
        assert r.status_code == 201 and r.json()["id"] == row["id"] and r.json()["reason"] == kept
    n = final(inst, send(inst, user_id=u["id"], channels=["email"], **{"class": "critical"}).json()["id"])
    assert ways(n, u) == {"email": ("skipped", "suppressed")}
    found = inst.api("GET", f"{path}?address={u['email']}&reason=bounced", token=inst.token).json()
    assert found["count"] == 1 and found["results"][0]["id"] == row["id"]
    assert inst.api("DELETE", f"{path}{row['id']}/", token=inst.token).status_code == 204
    refused(inst.api("DELETE", f"{path}{row['id']}/", token=inst.token), 404)
    assert mail(inst, u)
    weak = admin_token(inst, scopes=["send"])
    refused(inst.api("GET", path, token=weak["token"]), 403, "scope_required")
    for body, field in (({"channel": "sms", "address": "x"}, "address"), ({"channel": "email", "address": "0912"}, "address"),
                        ({"channel": "in_app", "address": "x"}, "channel"), ({"channel": "email"}, "address")):
        refused(inst.api("POST", path, token=inst.token, json=body), 400, field=field)
    assert inst.rows("SELECT COUNT(*) n FROM audit WHERE event = 'suppression_remove'")[0]["n"] == 1


def test_the_words_are_the_readers(inst, sara):
    """Of a template with two languages and a part of its own for the inbox, each reads his; who has none set, what his client asks."""
    texts = {"en": {"title": "Order {n}", "body": "Long text", "in_app": {"body": "Short {n}"}},
             "fa": {"title": "سفارش {n}", "body": "متن بلند", "in_app": {"body": "کوتاه {n}", "url": "https://shop.example/fa"}}}
    name = f"inbox_{word()}"
    r = inst.api("POST", "/api/templates/", token=inst.admin(), json={"name": name, "definition": {
        "type": "order", "variables": {"n": {"type": "id"}}, "default_locale": "en", "locales": texts}})
    assert r.status_code == 201, r.text
    r = inst.api("POST", PATH, token=inst.token, json={"user_id": sara.id, "template": name, "data": {"n": 5}, "channels": ["in_app"]})
    assert r.status_code == 202, r.text
    final(inst, r.json()["id"])

    def read(language=None):
        m, = sara.first.call("GET", "/api/inbox/", headers={"Accept-Language": language} if language else {}).json()["results"]
        return m["title"], m["body"], m["url"]
    inst.rows("UPDATE user SET locale = NULL WHERE id = %s", sara.id)
    assert read() == ("Order 5", "Short 5", None)
    persian = ("سفارش 5", "کوتاه 5", "https://shop.example/fa")
    assert read("fa-IR") == persian
    inst.rows("UPDATE user SET locale = 'fa-IR' WHERE id = %s", sara.id)
    assert read() == persian and read("en") == persian
    inst.rows("UPDATE user SET locale = 'de' WHERE id = %s", sara.id)
    assert read() == ("Order 5", "Short 5", None)
