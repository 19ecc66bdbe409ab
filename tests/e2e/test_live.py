"""The realtime inbox through nginx: WebSocket and event stream, from the commit to the frame."""
import asyncio
import json
import os
import random
import signal
import ssl
import threading
import time

import pytest

from conftest import no_faults
from instance import wait_until
from live import Closed, Refused, Socket, Stream
from people import Person
from push_case import at_once
from test_notify import final, look, send

AWAY = "127.0.0.3"      # no loopback that limits leave alone


@pytest.fixture(scope="module")
def inst():
    from instance import Instance
    with Instance(conf={"GATEPOST_LIVE_DRAIN_S": "1", "GATEPOST_LIVE_PER_ADDRESS": "3", "GATEPOST_LIVE_PER_USER": "6"}) as whole:
        yield whole
        no_faults(whole)


@pytest.fixture
def sara(inst):
    return Person(inst)


@pytest.fixture(scope="module")
def model(inst):
    """A notification to make others of."""
    return int(send(inst, user_id=Person(inst).id, channels=["in_app"], title="Model").json()["id"])


def tell(inst, *who, **more):
    r = send(inst, user_ids=[p.id for p in who], **{"channels": ["in_app"], **more})
    assert r.status_code == 202, r.text
    return r.json()["id"]


def put(inst, model, who, n, db=None, age_s=0):
    """n rows in an inbox as a plan writes them, in one transaction (of `db`, which then commits them itself)."""
    c = db or inst.connect()
    with c.cursor() as q:
        q.execute("BEGIN")
        q.execute("INSERT INTO inbox_count (user_id, seq, unread, unseen, version, changed_at)"
                  " VALUES (%s, %s, %s, %s, 1, UTC_TIMESTAMP(6) - INTERVAL %s SECOND)"
                  " ON DUPLICATE KEY UPDATE seq = seq + VALUES(seq), unread = unread + VALUES(unread), unseen = unseen +"
                  " VALUES(unseen), version = version + 1, changed_at = VALUES(changed_at)", (who.id, n, n, n, age_s))
        q.execute("SELECT seq FROM inbox_count WHERE user_id = %s", who.id)
        first, base = q.fetchone()["seq"] - n + 1, random.getrandbits(60)
        q.execute("INSERT INTO notification (id, type, class, channel, title, content, audience, request_id, created_at, expires_at)"
                  " SELECT %s + s.k, m.type, m.class, m.channel, CONCAT('n', s.k), m.content, m.audience, m.request_id,"
                  " UTC_TIMESTAMP(6), m.expires_at FROM notification m"
                  " JOIN (SELECT seq k FROM seq_0_to_2000) s WHERE m.id = %s AND s.k < %s", (base, model, n))
        q.execute("INSERT INTO inbox (user_id, seq, notification_id, created_at)"
                  " SELECT %s, %s + k.seq, %s + k.seq, UTC_TIMESTAMP(6) FROM seq_0_to_2000 k WHERE k.seq < %s",
                  (who.id, first, base, n))
        if db is None:
            q.execute("COMMIT")
            c.close()
    return first


def ready(ws, **want):
    got = ws.frame()
    assert got["type"] == "ready" and {k: got[k] for k in want} == want, got
    return got


def refused(status, code, *args, kind=Socket, **more):
    with pytest.raises(Refused) as e:
        kind(*args, **more)
    p = e.value.json()
    assert (e.value.status, p["code"]) == (status, code), e.value
    assert p["status"] == status and p["type"] == f"urn:gatepost:problem:{code}" and p["request_id"]
    assert e.value.headers["content-type"] == "application/problem+json"
    assert e.value.headers["cache-control"] == "no-store"
    return e.value


# --- news ----------------------------------------------------------------------------------------

def test_from_the_commit_to_the_frame(inst, sara):
    """Ready first, then what comes, with rising seq and what the inbox shows; counts after it."""
    with Socket(inst, token=sara.first.access) as ws:
        assert 0 < ready(ws, seq=0, unread=0, unseen=0)["retry_ms"] < 10000
        id_ = tell(inst, sara, title="Now", data={"orderId": "7"}, url="/orders/7", type="order")
        got = ws.frame()
        assert got["type"] == "notification" and got["id"] == id_ and got["seq"] == 1
        shown = sara.first.call("GET", "/api/inbox/").json()["results"][0]
        assert got["data"] == {k: shown[k] for k in ("type", "title", "body", "url", "data", "created_at")}
        assert ws.frame() == {"type": "counts", "unread": 1, "unseen": 1, "seq": 1}
        ws.say(type="ping")
        assert ws.frame() == {"type": "pong"}


def test_the_stream_says_the_same(inst, sara):
    with Stream(inst, token=sara.first.access) as es:
        assert es.headers["content-type"] == "text/event-stream"
        ready(es, seq=0)
        assert es.retry > 0
        tell(inst, sara, title="Now")
        got = es.frame()
        assert got["type"] == "notification" and es.id == str(got["seq"]) == "1"
        assert es.frame()["type"] == "counts" and es.id is None
    final(inst, tell(inst, sara, title="Later"))
    with Stream(inst, token=sara.first.access, headers={"Last-Event-ID": "1"}) as es:
        assert [es.frame()["type"] for _ in range(2)] == ["ready", "notification_missed"] and es.id == "2"


def test_a_library_of_others_understands_it(inst, sara):
    import websockets

    async def walk():
        url = inst.url.replace("https", "wss") + "/ws/notifications"
        async with websockets.connect(url, ssl=ssl.create_default_context(cafile=inst.ca),
                                      extra_headers={"Authorization": f"Bearer {sara.first.access}"}) as ws:
            assert json.loads(await ws.recv())["type"] == "ready"
            await asyncio.to_thread(tell, inst, sara)
            assert json.loads(await ws.recv())["type"] == "notification"
            await (await ws.ping())
    asyncio.run(asyncio.wait_for(walk(), 15))


def test_many_at_once_come_in_order_to_every_tab(inst, sara):
    """Senders at once, two tabs of one person and another person: each is told seq 1, 2, 3 … once."""
    omid = Person(inst)
    with Socket(inst, token=sara.first.access) as a, Stream(inst, token=sara.first.access) as b, \
            Socket(inst, token=omid.first.access) as c:
        for ws in (a, b, c):
            ready(ws)
        ids = at_once(20, lambda i: tell(inst, sara, *([omid] if i % 2 else []), title=f"n{i}"))
        for ws, n in ((a, 20), (b, 20), (c, 10)):
            got = [ws.of("notification") for _ in range(n)]
            assert [g["seq"] for g in got] == list(range(1, n + 1))
            assert len({g["id"] for g in got} & set(ids)) == n
            while ws.of("counts")["unread"] != n:
                pass


# --- what was missed -------------------------------------------------------------------------------

def test_what_was_missed_is_told_oldest_first(inst, sara, model):
    put(inst, model, sara, 120)
    with Socket(inst, token=sara.first.access) as ws:        # the newest hundred that are unread
        ready(ws, seq=120, unread=120)
        got = [ws.frame() for _ in range(100)]
        assert {g["type"] for g in got} == {"notification_missed"} and all(g["job_id"] == g["id"] for g in got)
        assert [g["seq"] for g in got] == list(range(21, 121))
    first = sara.first.call("GET", "/api/inbox/?after=110").json()["results"]
    for m in first[:2]:
        sara.first.call("POST", f"/api/inbox/{m['id']}/read/")
    sara.first.call("POST", f"/api/inbox/{first[2]['id']}/archive/")
    for kind in (Socket, Stream):                            # after a seq: all that is not put away, read or not
        with kind(inst, token=sara.first.access, after=110) as ws:
            ready(ws, seq=120, unread=117)
            assert [ws.frame()["seq"] for _ in range(9)] == [111, 112, 114, 115, 116, 117, 118, 119, 120]
            assert ws.quiet(0.2) == []
    with Socket(inst, token=sara.first.access, after=120) as ws:
        ready(ws, seq=120)
        assert ws.quiet(0.2) == []
    with Socket(inst, token=sara.first.access, after=121) as ws:     # of another time: a backup was restored
        ready(ws, seq=120)
        assert ws.frame() == {"type": "reload", "seq": 120}
    put(inst, model, sara, 400)
    with Socket(inst, token=sara.first.access, after=19) as ws:
        ready(ws, seq=520)
        assert ws.frame() == {"type": "reload", "seq": 520}
        put(inst, model, sara, 1)
        assert ws.of("notification")["seq"] == 521
    with Socket(inst, token=sara.first.access, after=21) as ws:      # as many as there may be
        assert [f["seq"] for f in ws.upto("ready")] == [521]
        seqs = [ws.frame()["seq"] for _ in range(499)]
        assert seqs == [s for s in range(22, 522) if s != 113]


def test_two_tabs_of_which_each_missed_something_else(inst, sara, model):
    put(inst, model, sara, 9)
    got = at_once(6, lambda i: _missed(inst, sara, i))
    assert got == [list(range(i + 1, 10)) for i in range(6)]


def _missed(inst, p, after):
    with Socket(inst, token=p.first.access, after=after) as ws:
        ready(ws, seq=9)
        return [ws.frame()["seq"] for _ in range(9 - after)]


# --- the client's word -------------------------------------------------------------------------------

def test_read_is_the_clients_word_and_every_tab_hears_it(inst, sara):
    id_ = tell(inst, sara, title="One")
    final(inst, id_)
    with Socket(inst, token=sara.first.access) as a, Stream(inst, token=sara.first.access) as b:
        for ws in (a, b):
            assert ws.of("ready") and ws.frame()["seq"] == 1
        assert look(inst, id_)["deliveries"][0]["state"] == "sent"      # that bytes were written says nothing
        a.say(type="seen", seq=1)
        assert a.of("counts") == b.of("counts") == {"type": "counts", "unread": 1, "unseen": 0, "seq": 1}
        a.say(type="read", id=id_)
        for ws in (a, b):
            got = ws.upto("counts")
            assert {"type": "read", "id": id_} in got and got[-1] == {"type": "counts", "unread": 0, "unseen": 0, "seq": 1}
        assert sara.first.call("GET", "/api/inbox/").json()["results"][0]["read_at"]
        assert look(inst, id_)["deliveries"][0]["state"] == "read"
        a.say(type="read", id=id_)                                       # twice is once
        a.say(type="read", id="1")
        assert a.of("error")["code"] == "not_found"
        assert (lambda n: (n["total"], n["successful"], n["failed"]))(look(inst, id_)) == (1, 1, 0)


def test_what_is_done_by_rest_shows_in_open_tabs(inst, sara, model):
    put(inst, model, sara, 5)
    with Socket(inst, token=sara.first.access, after=5) as ws:
        ready(ws, unread=5, unseen=5)
        ids = [m["id"] for m in sara.first.call("GET", "/api/inbox/").json()["results"]]
        sara.first.call("POST", f"/api/inbox/{ids[0]}/read/")
        assert ws.of("read") == {"type": "read", "id": ids[0]} and ws.of("counts")["unread"] == 4
        sara.first.call("POST", f"/api/inbox/{ids[1]}/archive/")
        assert ws.of("counts")["unread"] == 3
        sara.first.call("POST", "/api/inbox/seen/", json={"seq": 4})
        assert ws.of("counts")["unseen"] == 1
        sara.first.call("POST", "/api/inbox/read-all/")
        assert ws.of("read") == {"type": "read", "upto": 5} and ws.of("counts")["unread"] == 0


def test_reading_takes_back_what_is_queued_elsewhere(inst, sara):
    inst.sandbox.fault("kavenegar", "status", status=500)
    try:
        with Socket(inst, token=sara.first.access) as ws:
            ready(ws)
            id_ = tell(inst, sara, channels=["in_app", "sms"])
            ws.of("notification")
            # What is leaving at that moment is only asked to stop: "cancelled".
            wait_until("the SMS waits for its next try", lambda: inst.rows(
                "SELECT 1 FROM job WHERE notification_id = %s AND kind = 2 AND state = 0 AND attempt > 0", id_))
            ws.say(type="read", id=id_)
            ws.of("read")
            ways = {d["channel"]: (d["state"], d["reason"]) for d in final(inst, id_)["deliveries"]}
            assert ways == {"in_app": ("read", ""), "sms": ("cancelled", "read")}
    finally:
        inst.sandbox.heal()


def test_what_is_no_order_is_told_so(inst, sara):
    with Socket(inst, token=sara.first.access) as ws:
        ready(ws)
        for frame, code in ((b'{"type":"dance"}', "unknown_type"), (b"[]", "bad_frame"), (b"{", "bad_frame"),
                            (b'{"type":"read"}', "bad_frame"), (b'{"type":"read","id":"x"}', "bad_frame"),
                            (b'{"type":"seen","seq":-1}', "bad_frame"), (b'{"type":"ping","type":"ping"}', "bad_frame"),
                            (b'{"type":"ticket","ticket":"x"}', "bad_ticket")):
            ws.send_raw(1, frame)
            got = ws.frame()
            assert got["type"] == "error" and got["code"] == code and got["detail"], (frame, got)
        ws.send_raw(1, b'{"type":', fin=False)               # in pieces, a ping between them
        ws.send_raw(9, b"x")
        ws.send_raw(0, b'"ping"}')
        assert ws.frame() == {"type": "pong"}
    for raw in ((1, b'{"type":"' + b"x" * 1100 + b'"}'), (2, b'{"type":"ping"}')):
        with Socket(inst, token=sara.first.access) as ws:
            ready(ws)
            ws.send_raw(*raw)
            e, got = ws.end()
            assert e.code == 4429 and got[-1]["reason"] == "limit" and got[-1]["retry_ms"] > 0
    with Socket(inst, token=sara.first.access) as ws:
        ready(ws)
        for _ in range(60):
            ws.say(type="ping")
        e, got = ws.end()
        assert e.code == 4429 and got[-1]["reason"] == "limit" and len(got) <= 41


# --- who may connect ------------------------------------------------------------------------------------

def test_signing_in_by_cookie_needs_a_page_of_ours(inst, sara):
    cookie = sara.browser().access
    for more in ({"origin": inst.url}, {"headers": {"Sec-Fetch-Site": "same-origin"}}):
        with Socket(inst, cookie=cookie, **more) as ws:
            ready(ws)
    for more in ({}, {"origin": "https://evil.example"}, {"origin": "null"},
                 {"origin": inst.url + ".evil.example"},
                 {"origin": "https://evil.example", "headers": {"Sec-Fetch-Site": "cross-site"}}):
        refused(403, "bad_origin", inst, cookie=cookie, **more)
    with Stream(inst, cookie=cookie) as es:                  # a page of ours names no Origin for it
        ready(es)
    refused(403, "bad_origin", inst, cookie=cookie, kind=Stream, headers={"Origin": "https://evil.example"})
    refused(403, "bad_origin", inst, cookie=cookie, kind=Stream, headers={"Sec-Fetch-Site": "cross-site"})


def test_a_ticket_serves_once(inst, sara):
    def ticket():
        r = sara.first.call("POST", "/api/auth/ticket/")
        assert r.status_code == 201 and set(r.json()) == {"ticket", "expires_at"}, r.text
        return r.json()["ticket"]
    for kind in (Socket, Stream):
        t = ticket()
        with kind(inst, ticket=t) as ws:
            ready(ws)
        with kind(inst, ticket=t) as ws:
            got = [ws.frame()]
            assert got[0]["type"] == "bye" and got[0]["reason"] == "expired"
            with pytest.raises(Closed) as e:
                ws.frame()
            assert e.value.code == (4401 if kind is Socket else None)
    t = ticket()                                             # by many at once: by one
    def use(_):
        with Socket(inst, ticket=t) as ws:
            return ws.frame()["type"]
    assert sorted(at_once(5, use)) == ["bye"] * 4 + ["ready"]
    t = ticket()
    flipped = t[:40] + ("A" if t[40] != "A" else "B") + t[41:]
    for bad in ("", "x", t + "A", flipped):
        refused(401, "invalid_token", inst, ticket=bad)
    assert sara.first.call("POST", "/api/auth/logout/").status_code == 200
    refused(401, "invalid_token", inst, ticket=t)            # its session has ended


def test_who_is_refused_is_told_why(inst, sara):
    refused(401, "sign_in_required", inst)
    refused(401, "invalid_token", inst, token="x")
    refused(403, "session_required", inst, token=inst.token)
    for name in ("token", "access_token"):
        p = refused(400, "token_in_url", inst, **{"path": f"/ws/notifications/?{name}={sara.first.access}"}).json()
        assert "ticket" in p["detail"] or "ticket" in str(p.get("errors"))
    refused(400, "invalid", inst, token=sara.first.access, after="x")
    r = inst.api("GET", "/ws/notifications/", token=sara.first.access)
    assert r.status_code == 406 and r.json()["code"] == "not_acceptable"
    r = inst.api("GET", "/ws/notifications/", token=sara.first.access, headers={"Accept-Language": "fa"})
    assert r.headers["Content-Language"] == "fa"
    assert sara.first.access not in inst.log("live")
    with open(f"{inst.dir}/log/access.json", encoding="utf-8") as f:
        assert sara.first.access not in f.read()


def test_nobody_names_himself(inst, sara):
    """Headers that nginx sets are nginx's alone."""
    forged = {"X-Gatepost-Source": "header", "X-Gatepost-Address": "10.0.0.1", "X-Gatepost-User": "1"}
    refused(403, "bad_origin", inst, cookie=sara.browser().access, headers=forged)
    refused(401, "sign_in_required", inst, headers=forged)


def test_limits_by_person_and_address(inst, sara):
    open_ = [Socket(inst, token=sara.first.access) for _ in range(6)]
    for ws in open_:
        ready(ws)
    e = refused(429, "too_many_connections", inst, token=sara.first.access)
    assert int(e.headers["retry-after"]) > 0
    open_.pop().close()
    wait_until("room", lambda: _opens(inst, sara))
    for ws in open_:
        ws.close()
    people = [Person(inst) for _ in range(4)]
    open_ = [Socket(inst, token=p.first.access, source=AWAY) for p in people[:3]]
    refused(429, "too_many_connections", inst, token=people[3].first.access, source=AWAY)
    with Socket(inst, token=people[3].first.access) as ws:   # elsewhere there is room
        ready(ws)
    for ws in open_:
        ws.close()


def _opens(inst, p):
    try:
        with Socket(inst, token=p.first.access) as ws:
            ready(ws)
            return True
    except Refused:
        return False


def test_a_revoked_session_is_cut_off_and_no_other(inst, sara):
    second = sara.bearer()
    with Socket(inst, token=sara.first.access) as a, Stream(inst, token=sara.first.access) as b, \
            Socket(inst, token=second.access) as c:
        for ws in (a, b, c):
            ready(ws)
        assert sara.first.call("POST", "/api/auth/logout/").status_code == 200
        e, got = a.end(3)
        assert e.code == 4401 and got[-1]["type"] == "bye" and got[-1]["reason"] == "revoked"
        assert b.of("bye", 3)["reason"] == "revoked"
        tell(inst, sara)
        assert c.frame()["type"] == "notification"
        r = inst.api("POST", f"/api/admin/users/{sara.id}/disable/", token=inst.admin())
        assert r.status_code in (200, 204), r.text
        assert c.end(3)[0].code == 4401


def test_where_nobody_keeps_the_list_the_database_is_asked(inst, sara):
    """Without gatepost-api on the host; as another host's gateway is."""
    second = sara.bearer()
    with Socket(inst, token=sara.first.access) as a, Socket(inst, token=second.access) as b:
        ready(a), ready(b)
        inst.kill("api", signal.SIGTERM)
        try:
            sid = inst.rows("SELECT MIN(id) id FROM session WHERE user_id = %s", sara.id)[0]["id"]
            inst.rows("UPDATE session SET ended_at = UTC_TIMESTAMP(6) WHERE id = %s", sid)
            e, got = a.end(10)
            assert e.code == 4401 and got[-1]["reason"] == "revoked"
            b.say(type="ping")
            assert b.of("pong")
            with Socket(inst, token=second.access) as c:
                ready(c)
            # It is asked by the admission, not while others wait: who is let in for that is told nothing but goodbye.
            for kind in (Socket, Stream):
                with kind(inst, token=sara.first.access) as d:
                    assert (lambda f: (f["type"], f["reason"]))(d.frame()) == ("bye", "revoked")
            # Nor can the database say: nothing new is told, and the log says for how long.
            c = inst.connect()
            with c.cursor() as cursor:
                cursor.execute("LOCK TABLES session WRITE")
                wait_until("the warning", lambda: "it is not known which sessions live" in inst.log("live"), 10)
            c.close()
            b.say(type="ping")
            assert b.of("pong")
        finally:
            inst.start("api")
            inst.ready()


def test_who_acts_as_somebody_looks_and_touches_nothing(inst, sara):
    id_ = tell(inst, sara)
    r = inst.api("POST", f"/api/admin/users/{sara.id}/impersonate/", token=inst.admin(), json={"reason": "looking"})
    assert r.status_code in (200, 201), r.text
    with Socket(inst, token=r.json()["access"]) as ws:
        assert ws.of("notification_missed" if look(inst, id_)["planned"] else "notification")["id"] == id_
        ws.say(type="read", id=id_)
        assert ws.of("error")["code"] == "impersonated"


def test_pings_and_a_ticket_that_renews(inst):
    """A token near its end: notice is given, a ticket of a fresh one on the same connection prolongs it; who has none is let go."""
    inst.configure(("api", "live"), GATEPOST_ACCESS_LIFE_S="30", GATEPOST_LIVE_PING_S="1")
    sara, omid = Person(inst), Person(inst)
    with Socket(inst, token=sara.first.access) as ws, Stream(inst, token=sara.first.access) as es, \
            Socket(inst, token=omid.first.access) as other:
        for s in (ws, es, other):
            ready(s)
        assert ws.of("renew") == es.of("renew") == other.of("renew") == {"type": "renew"}
        for who in (sara, omid):
            assert who.first.with_refresh("/api/auth/token/refresh/").status_code == 200
        ws.say(type="ticket", ticket=omid.first.call("POST", "/api/auth/ticket/").json()["ticket"])
        assert ws.of("error")["code"] == "bad_ticket"            # another's
        t = sara.first.call("POST", "/api/auth/ticket/").json()["ticket"]
        ws.say(type="ticket", ticket=t)
        ws.say(type="ticket", ticket=t)
        assert ws.of("error")["code"] == "bad_ticket"            # served once
        ws.say(type="ping")
        assert ws.of("pong")
        for s in (es, ws):
            was = s.pings
            id_ = None
            while s.pings < was + 2:                             # they come between frames
                id_ = tell(inst, sara)
                s.of("notification")
        assert id_
    inst.configure(("api", "live"), GATEPOST_ACCESS_LIFE_S=None, GATEPOST_LIVE_PING_S=None)


# --- commits that come late, readers that come slowly --------------------------------------------------------

@pytest.mark.parametrize("age_s", [3, 60])
def test_a_commit_that_lands_late_is_not_skipped(inst, sara, model, age_s):
    """Its rows are dated before what others committed meanwhile, by more than any window in the second case."""
    omid, held = Person(inst), inst.connect()
    with Socket(inst, token=sara.first.access) as ws, Socket(inst, token=omid.first.access) as other:
        ready(ws), ready(other)
        put(inst, model, sara, 2, db=held, age_s=age_s)
        for i in range(3):
            put(inst, model, omid, 1)
            assert other.of("notification")["seq"] == i + 1
        assert ws.quiet(0.3) == []
        held.commit()
        held.close()
        assert [ws.of("notification")["seq"] for _ in range(2)] == [1, 2]


def test_who_does_not_read_is_let_go_and_comes_back(inst, sara):
    big = {"blob": "x" * 30000}
    with Socket(inst, token=sara.first.access, rcvbuf=4096) as slow, Socket(inst, token=sara.first.access) as quick:
        ready(quick)
        seqs = []
        for _ in range(40):
            at_once(5, lambda i: tell(inst, sara, data=big))
            seqs += [quick.of("notification")["seq"] for _ in range(5)]
        assert seqs == list(range(1, 201))
        last = 0
        try:
            while True:
                got = slow.frame()
                last = got.get("seq", last) if got["type"] == "notification" else last
        except (Closed, OSError):
            pass
        assert 0 < last < 200
    with Socket(inst, token=sara.first.access, after=last) as ws:
        ready(ws)
        got = ws.frame()
        assert got["type"] == "reload" or got["seq"] == last + 1


# --- what breaks: the gateway, the database, nginx -------------------------------------------------------------

class Client:
    """Who comes back with the last seq he has, as often as it takes, and takes down what he is told."""

    def __init__(self, inst, p, kind=Socket):
        self.inst, self.token, self.kind, self.seen, self.last, self.stop = inst, p.first.access, kind, [], 0, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stop:
            try:
                with self.kind(self.inst, token=self.token, after=self.last) as ws:
                    ws.sock.settimeout(0.5)
                    while not self.stop:
                        try:
                            got = ws.frame()
                        except (TimeoutError, OSError) as e:
                            if isinstance(e, TimeoutError) or "timed out" in str(e):
                                continue
                            raise
                        if got["type"] in ("notification", "notification_missed"):
                            self.seen.append(got["seq"])
                            self.last = got["seq"]
            except (Closed, Refused, OSError, IndexError, ValueError):
                time.sleep(0.05)

    def end(self):
        self.stop = True
        self.thread.join(15)


@pytest.mark.parametrize("part,sig", [("live", signal.SIGKILL), ("live", signal.SIGTERM), ("db", signal.SIGKILL),
                                      ("nginx", signal.SIGTERM)])
def test_whatever_dies_nobody_who_comes_back_loses_anything(inst, part, sig):
    """Messages for two people all the while; the part is ended in the middle and begun again."""
    people = [Person(inst) for _ in range(2)]
    clients = [Client(inst, people[0]), Client(inst, people[0], Stream), Client(inst, people[1])]
    sent, halt = [], threading.Event()

    def sender():
        n = 0
        while not halt.is_set() or n < 30:
            try:
                if send(inst, user_ids=[p.id for p in people], channels=["in_app"], title=f"n{n}").status_code == 202:
                    sent.append(n)
            except OSError:
                pass
            n += 1
            time.sleep(0.01)
    t = threading.Thread(target=sender)
    t.start()
    try:
        wait_until("news", lambda: all(len(c.seen) > 5 for c in clients))
        inst.kill(part, sig)
        inst.start(part)
        if part == "db":
            inst.ready()
        before = len(sent)
        wait_until("more", lambda: len(sent) > before + 5, 30)
    finally:
        halt.set()
        t.join(30)
    for p in people:
        wait_until("all is planned", lambda: not inst.rows("SELECT 1 FROM job WHERE kind = 1 LIMIT 1"), 40)
    want = inst.rows("SELECT seq FROM inbox_count WHERE user_id = %s", people[0].id)[0]["seq"]
    assert want >= len(sent)
    for c in clients:
        wait_until("everything", lambda: c.last == want, 30)
        c.end()
        assert c.seen == list(range(1, want + 1))


def test_without_a_database_connections_stay(inst, sara):
    with Socket(inst, token=sara.first.access) as ws:
        ready(ws)
        inst.kill("db")
        try:
            ws.say(type="read", id="1")
            assert ws.of("error", 20)["code"] == "unavailable"
            e = wait_until("a refusal", lambda: _refusal(inst, sara), 20, 0.2)
            assert (e.status, e.json()["code"]) == (503, "unavailable") and int(e.headers["retry-after"]) > 0
            ws.say(type="ping")
            assert ws.of("pong")
        finally:
            inst.start("db")
            inst.ready()
        id_ = tell(inst, sara)
        assert ws.of("notification")["id"] == id_
        wait_until("room", lambda: _opens(inst, sara))


def _refusal(inst, p):
    try:
        Socket(inst, token=p.first.access).close()
    except Refused as e:
        return e
    return None


def test_a_new_gateway_takes_over_and_the_old_one_says_goodbye(inst, sara):
    """Two at once serve; the old one drains over its time, with a time to come back at that is everybody's own."""
    old = [Socket(inst, token=sara.first.access) for _ in range(4)]
    for ws in old:
        ready(ws)
    was = inst.pid("live")
    os.rename(f"{inst.run}/live.pid", f"{inst.run}/live-old.pid")
    begun = inst.log("live").count('"serving"')
    inst.start("live")
    wait_until("the new one", lambda: inst.log("live").count('"serving"') > begun)
    with Socket(inst, token=sara.first.access) as fresh:
        ready(fresh)
        tell(inst, sara)                                     # both tell it
        for ws in old + [fresh]:
            assert ws.of("notification")["seq"] == 1
        os.kill(was, signal.SIGTERM)
        waits = set()
        for ws in old:
            e, got = ws.end()
            assert e.code == 1001 and got[-1]["type"] == "bye" and got[-1]["reason"] == "drain"
            waits.add(got[-1]["retry_ms"])
        assert len(waits) > 1
        fresh.say(type="ping")
        assert fresh.of("pong")
        wait_until("its end", lambda: not os.path.exists(f"/proc/{was}") or
                   open(f"/proc/{was}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] == "Z")
        assert _opens(inst, sara)                            # and it left the other's socket alone
        os.kill(inst.pid("live"), signal.SIGHUP)             # begins anew, as the same process
        assert fresh.end()[0].code == 1001
    wait_until("it serves again", lambda: _opens(inst, sara))


def test_many_who_come_back_cost_few_queries(inst, sara, model):
    """Less than one statement for fifty of them, and they all hear where they stand."""
    n = 300
    put(inst, model, sara, 3)

    def numbers():
        count = inst.log("live").count('"msg":"live"')
        os.kill(inst.pid("live"), signal.SIGUSR1)
        wait_until("the numbers", lambda: inst.log("live").count('"msg":"live"') > count)
        return json.loads([line for line in inst.log("live").splitlines() if '"msg":"live"' in line][-1])
    inst.configure(("live",), GATEPOST_LIVE_PER_USER="400")
    wait_until("it serves", lambda: _opens(inst, sara))
    before, begun = numbers(), time.monotonic()
    open_ = at_once(n, lambda i: Socket(inst, token=sara.first.access, after=3))
    for ws in open_:
        ready(ws, seq=3)
    after = numbers()
    for ws in open_:
        ws.close()
    assert after["admitted"] - before["admitted"] == n
    # The first few are asked about before anybody can know that it is a crowd; and where clients are slow to come, each
    # statement is for those of 0.4 s.
    took = time.monotonic() - begun
    assert after["statements"] - before["statements"] <= 7 + max(n / 50, took / 0.4)
