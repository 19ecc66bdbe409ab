"""Digests: what somebody gets on a channel until a moment of his leaves as one message, each item's delivery says which
one carried it, and none is in two or in none (issue 4, item 3)."""
import concurrent.futures
import datetime
import re
import secrets
import time

import pytest

from people import within
from push_case import new_user, subscribed
from test_notify import PATH, a_user, final, look, send, ways
from test_time import explained, now, planned, prefers

CAPS = "order:email/hour=1,digest:email/day=1,*:sms/hour=1"
EVERY = '{"every":"day","at":"%02d:%02d"}'


@pytest.fixture(scope="module")
def inst():
    from conftest import no_faults
    from instance import Instance
    with Instance(conf={"GATEPOST_CAPS": CAPS, "GATEPOST_WHATSAPP_DIGEST_TEMPLATE": "news_digest",
                        "GATEPOST_WHATSAPP_DIGEST_LANGUAGES": "en_US,fa"}) as whole:
        yield whole
        no_faults(whole)


def a_reader(inst, **more):
    """Somebody whose digest is three hours away."""
    u = a_user(inst, **more)
    at = now(inst) + datetime.timedelta(hours=3)
    prefers(inst, u, digest=EVERY % (at.hour, at.minute))
    return u


def gather(inst, u, *titles, **more):
    """Messages of these titles, planned: their ids."""
    more = {"channels": ["email"], **more}
    ids = [send(inst, user_id=u["id"], title=t, body=f"about {t}", **more).json()["id"] for t in titles]
    for id_ in ids:
        planned(inst, id_)
    return ids


def comes(inst, u):
    """His digests' moment."""
    inst.rows("UPDATE digest SET run_at = UTC_TIMESTAMP(6) WHERE user_id = %s AND open = 1", u["id"])


def rows_of(inst, ids, u):
    return [r for id_ in ids for r in inst.rows(
        "SELECT state, reason, provider, provider_id, sent_at FROM delivery WHERE notification_id = %s AND user_id = %s ORDER BY seq",
        id_, u["id"])]


def carriers(inst, u):
    return inst.rows("SELECT n.id, n.title, n.class, d.state, d.channel FROM notification n JOIN delivery d ON d.notification_id = n.id"
                     " WHERE n.type = 'digest' AND d.user_id = %s", u["id"])


def mails(inst, u):
    return inst.sandbox.messages(channel="email", to=u["email"])


def test_many_leave_as_one_and_each_says_by_which(inst):
    u = a_reader(inst)
    assert explained(inst, u)["email"]["reason"] == "digest"
    ids = gather(inst, u, "One <b>", "Two", "Three")
    assert [(r["state"], r["reason"]) for r in rows_of(inst, ids, u)] == [("queued", "digest")] * 3
    assert inst.rows("SELECT channel, items, open FROM digest WHERE user_id = %s", u["id"]) == [{"channel": "email", "items": 3, "open": 1}]
    r = inst.api("GET", f"/api/admin/jobs/?state=gathered&notification_id={ids[0]}", token=inst.admin())
    assert [j["state"] for j in r.json()["results"]] == ["gathered"] and not mails(inst, u)
    story = inst.api("GET", f"/api/admin/deliveries/{r.json()['results'][0]['delivery_id']}/", token=inst.admin()).json()
    assert (story["state"], story["job"]["state"]) == ("queued", "gathered")
    comes(inst, u)
    for id_ in ids:
        assert ways(final(inst, id_), u) == {"email": ("sent", "digested")}
    got = mails(inst, u)
    assert len(got) == 1 and "3 new messages" in got[0]["subject"]
    for word in ("Two", "about Three", "One <b>"):
        assert word in got[0]["text"]
    # The newest first; what senders wrote is text.
    assert got[0]["text"].index("Three") < got[0]["text"].index("Two") and "One &lt;b&gt;" in got[0]["html"]
    carrier = carriers(inst, u)
    assert [(c["state"], c["channel"], c["class"]) for c in carrier] == [("sent", "email", 1)]
    rows = rows_of(inst, ids, u)
    assert {(r["provider"], r["provider_id"]) for r in rows} == {("digest", str(carrier[0]["id"]))} and all(r["sent_at"] for r in rows)
    # The log finds them by it.
    r = inst.api("GET", f"/api/admin/deliveries/?provider_id={carrier[0]['id']}", token=inst.admin())
    assert [d["state"] for d in r.json()["results"]] == ["sent"] * 3, r.text
    assert inst.rows("SELECT COUNT(*) n FROM job WHERE user_id = %s", u["id"])[0]["n"] == 0
    n = look(inst, ids[0])
    assert (n["total"], n["successful"], n["failed"]) == (1, 1, 0)


def test_one_alone_goes_as_itself_and_an_empty_one_not_at_all(inst):
    u, v = a_reader(inst), a_reader(inst)
    id_, = gather(inst, u, "Alone")
    gone, = gather(inst, v, "Gone")
    assert inst.api("POST", f"{PATH}{gone}/cancel/", token=inst.token).json()["cancelled"] == 1
    for who in (u, v):
        comes(inst, who)
    assert ways(final(inst, id_), u)["email"] == ("sent", "")
    assert [m["subject"] for m in inst.sandbox.wait(channel="email", to=u["email"])] == ["Alone"]
    within(10, "the empty one is forgotten", lambda: not inst.rows("SELECT 1 x FROM digest WHERE user_id IN (%s, %s)", u["id"], v["id"]))
    assert not mails(inst, v) and not carriers(inst, v) and ways(look(inst, gone), v)["email"] == ("cancelled", "cancelled")


def test_each_is_asked_again_before_it_leaves(inst):
    """Expired, cancelled, read elsewhere, switched off by type: dropped with its reason; the rest goes."""
    u = a_reader(inst)
    kept = gather(inst, u, "Kept", "Kept too")
    late, dropped = gather(inst, u, "Late", "Dropped")
    off, = gather(inst, u, "Off", type="review")
    inst.rows("UPDATE job SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE notification_id = %s", late)
    inst.api("POST", f"{PATH}{dropped}/cancel/", token=inst.token)
    inst.rows("INSERT INTO preference_type (user_id, type, off_mask) VALUES (%s, 'review', 1)", u["id"])
    comes(inst, u)
    for id_ in kept:
        assert ways(final(inst, id_), u)["email"] == ("sent", "digested")
    assert [ways(final(inst, i), u)["email"] for i in (late, dropped, off)] == [
        ("expired", "expired"), ("cancelled", "cancelled"), ("skipped", "opted_out")]
    got = mails(inst, u)
    assert len(got) == 1 and "2 new messages" in got[0]["subject"]
    assert not any(w in got[0]["text"] for w in ("Late", "Dropped", "Off"))


def test_what_is_over_before_is_not_in_it(inst):
    u = a_reader(inst)
    soon = (now(inst) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    id_, = gather(inst, u, "Short", expires_at=soon)
    assert not inst.rows("SELECT 1 x FROM digest WHERE user_id = %s", u["id"])
    inst.rows("UPDATE job SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, run_at = expires_at WHERE notification_id = %s", id_)
    assert ways(final(inst, id_, 40), u)["email"][0] == "expired"


def test_a_week_is_not_too_long(inst):
    """Longer than a message lives whose sender gave it no end: what only waits is not dropped."""
    u = a_user(inst)
    at = now(inst) - datetime.timedelta(hours=1)
    prefers(inst, u, digest='{"every":"week","weekday":%d,"at":"%02d:%02d"}' % (at.weekday(), at.hour, at.minute))
    a, b = gather(inst, u, "A", "B")
    assert inst.rows("SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), g.run_at) BETWEEN 160 AND 168 x, j.expires_at > g.run_at y"
                     " FROM digest g JOIN job j ON j.user_id = g.user_id WHERE g.user_id = %s", u["id"]) == [{"x": 1, "y": 1}] * 2
    comes(inst, u)
    assert ways(final(inst, a), u)["email"] == ways(final(inst, b), u)["email"] == ("sent", "digested")


def test_a_barred_address_and_an_account_that_is_gone(inst):
    u, v = a_reader(inst), a_reader(inst)
    ids, others = gather(inst, u, "A", "B"), gather(inst, v, "A", "B")
    r = inst.api("POST", "/api/suppressions/", token=inst.admin(), json={"channel": "email", "address": u["email"]})
    assert r.status_code == 201, r.text
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", v["id"])
    comes(inst, u)
    comes(inst, v)
    assert {ways(final(inst, i), u)["email"] for i in ids} == {("skipped", "suppressed")}
    assert {ways(final(inst, i), v)["email"] for i in others} == {("skipped", "inactive")}
    assert not carriers(inst, u) and not mails(inst, u)


def test_items_end_as_what_carried_them(inst):
    u = a_reader(inst)
    ids = gather(inst, u, "A", "B")
    inst.sandbox.fault("smtp", "status", status=550, times=1, to=u["email"])
    comes(inst, u)
    got = [ways(final(inst, i), u)["email"] for i in ids]
    inst.sandbox.heal()
    assert {g[0] for g in got} == {"failed"} and got[0][1].startswith("smtp_550"), got
    assert {r["provider"] for r in rows_of(inst, ids, u)} == {"digest"}
    # Not they are sent again, but what carried them; they follow it.
    carrier, = carriers(inst, u)
    key = lambda: {"Idempotency-Key": secrets.token_hex(16)}
    r = inst.api("POST", f"/api/admin/deliveries/{ids[0]}-1/resend/", token=inst.admin(), headers=key(), json={})
    assert (r.status_code, r.json()["code"]) == (409, "not_resendable"), r.text
    r = inst.api("POST", f"/api/admin/deliveries/{carrier['id']}-1/resend/", token=inst.admin(), headers=key(), json={})
    assert r.status_code == 202, r.text
    within(20, "the carrier goes", lambda: len(mails(inst, u)) == 1)
    within(20, "it is recorded", lambda: carriers(inst, u)[0]["state"] == "sent")
    inst.rows("UPDATE digest SET follow_at = UTC_TIMESTAMP(6) WHERE user_id = %s", u["id"])
    within(20, "they follow", lambda: {r["state"] for r in rows_of(inst, ids, u)} == {"sent"})


def test_critical_passes_and_other_channels_have_their_own(inst):
    u = a_reader(inst, phone=True)
    id_, = gather(inst, u, "Now", **{"class": "critical"})
    assert ways(final(inst, id_), u)["email"] == ("sent", "")
    ids = gather(inst, u, "A" * 90, "B", "C", channels=["email", "sms", "in_app"])
    assert len(inst.rows("SELECT 1 x FROM digest WHERE user_id = %s", u["id"])) == 2
    comes(inst, u)
    for i in ids:
        assert ways(final(inst, i), u) == {"email": ("sent", "digested"), "sms": ("sent", "digested"), "in_app": ("sent", "")}
    text = inst.sandbox.wait(channel="sms", to=u["phone"])[0]["text"]
    assert text.count("\n") == 3 and "A" * 59 in text and "A" * 61 not in text and len(text) <= 3 * 153
    assert len(inst.sandbox.messages(channel="sms", to=u["phone"])) == 1
    assert sorted(c["channel"] for c in carriers(inst, u)) == ["email", "sms"]


def test_persian_reads_from_the_right(inst):
    u = a_reader(inst, locale="fa-IR")
    ids = gather(inst, u, "سفارش", "پیام")
    comes(inst, u)
    final(inst, ids[0])
    m = inst.sandbox.wait(channel="email", to=u["email"])[0]
    assert "۲ پیام تازه" in m["subject"] and 'dir="rtl"' in m["html"] and 'lang="fa"' in m["html"]


def test_more_than_fit_are_counted(inst):
    u = a_reader(inst)
    ids = gather(inst, u, *[f"M{i:02d}" for i in range(33)])
    comes(inst, u)
    for i in ids:
        final(inst, i)
    m, = mails(inst, u)
    assert "33 new messages" in m["subject"] and "M03" in m["text"] and "M02" not in m["text"] and "… and 3 more" in m["text"]


def test_to_each_device_one(inst):
    me = new_user(inst)
    (d1, b1), (d2, b2) = subscribed(inst, me), subscribed(inst, me)
    at = now(inst) + datetime.timedelta(hours=3)
    prefers(inst, me, digest=EVERY % (at.hour, at.minute))
    ids = gather(inst, me, "A", "B", channels=["web_push"])
    inst.rows("UPDATE device SET is_active = FALSE WHERE id = %s", d2["id"])
    comes(inst, me)
    for i in ids:
        got = {d["device_id"]: (d["state"], d["reason"]) for d in final(inst, i)["deliveries"]}
        assert got == {d1["id"]: ("sent", "digested"), d2["id"]: ("skipped", "device_gone")}
    m = inst.sandbox.messages(channel="web_push", to=b1["info"]["endpoint"])
    assert len(m) == 1 and "2 new messages" in m[0]["payload"]["title"] and "B: about B" in m[0]["payload"]["body"]
    assert m[0]["payload"]["data"]["type"] == "digest"


def test_a_cap_counts_the_digest_and_not_its_items(inst):
    u = a_reader(inst)
    ids = gather(inst, u, "A", "B", "C", type="order")
    comes(inst, u)
    for i in ids:
        assert ways(final(inst, i), u)["email"] == ("sent", "digested")
    more = gather(inst, u, "D", "E")
    comes(inst, u)
    within(10, "the second digest waits for tomorrow", lambda: inst.rows(
        "SELECT j.run_at > UTC_TIMESTAMP() + INTERVAL 20 HOUR x FROM job j JOIN notification n ON n.id = j.notification_id"
        " WHERE n.type = 'digest' AND j.user_id = %s", u["id"]) == [{"x": 1}])
    assert len(mails(inst, u)) == 1
    assert [(r["state"], r["reason"]) for r in rows_of(inst, more, u)] == [("queued", "digested")] * 2


def test_quiet_hours_come_after_it(inst):
    """The digest's moment is a quiet one: its end is the moment."""
    u = a_user(inst)
    t = now(inst) + datetime.timedelta(hours=3)
    end = (t + datetime.timedelta(hours=2)).replace(second=0, microsecond=0)
    prefers(inst, u, (t.hour * 60 + t.minute + 1430) % 1440, end.hour * 60 + end.minute, digest=EVERY % (t.hour, t.minute))
    gather(inst, u, "A", "B")
    assert inst.rows("SELECT run_at, items FROM digest WHERE user_id = %s", u["id"]) == [{"run_at": end.replace(tzinfo=None), "items": 2}]
    assert explained(inst, u)["email"]["reason"] == "quiet_hours"


def test_who_wants_none_any_more_gets_it_now(inst):
    me = new_user(inst)
    inst.rows("UPDATE user SET email = %s, email_cmp = email, email_unique = email, email_verified_at = '2026-01-01' WHERE id = %s",
              f"d{me['id']}@example.com", me["id"])
    r = inst.api("PUT", "/api/preferences/", token=me["token"], json={"digest": {"every": "week", "weekday": 3, "at": "08:00"}})
    assert r.status_code == 200, r.text
    ids = gather(inst, me, "A", "B")
    assert inst.rows("SELECT run_at > UTC_TIMESTAMP() x FROM digest WHERE user_id = %s", me["id"]) == [{"x": 1}]
    assert inst.api("PATCH", "/api/preferences/", token=me["token"], json={"digest": None}).status_code == 200
    for i in ids:
        assert ways(final(inst, i), me)["email"] == ("sent", "digested")


def test_its_link_stops_all_mail(inst):
    u = a_reader(inst)
    inst.rows("INSERT INTO preference_type (user_id, type, on_mask) VALUES (%s, 'order', 1)", u["id"])
    ids = gather(inst, u, "A", "B", type="review")
    comes(inst, u)
    final(inst, ids[0])
    m = inst.sandbox.wait(channel="email", to=u["email"])[0]
    link = re.search(r"<(https://[^>]+)>", m["headers"]["list-unsubscribe"]).group(1)
    r = inst.api("POST", link[len(inst.url):], data={"List-Unsubscribe": "One-Click"})
    assert r.status_code == 200, r.text
    assert explained(inst, u, type="order", channels=["email"])["email"]["reason"] == "opted_out"


# --- taken back while a digest carries it -------------------------------------------------------


def carried(inst, u, *titles, **more):
    """Messages that a digest carries which may not leave before tomorrow (its cap): their ids, and the carrier's."""
    for id_ in gather(inst, u, "first", "second"):
        pass
    comes(inst, u)
    within(10, "the day's digest goes", lambda: [c["state"] for c in carriers(inst, u)] == ["sent"])
    ids = gather(inst, u, *titles, **more)
    comes(inst, u)
    within(10, "the next one waits", lambda: sorted(c["state"] for c in carriers(inst, u)) == ["queued", "sent"])
    inst.sandbox.clear()
    return ids, next(c["id"] for c in carriers(inst, u) if c["state"] == "queued")


def leaves(inst, carrier):
    """The carrier's time is now; it waits for it by then, in nobody's hands (or it left already)."""
    within(20, "it waits", lambda: all(j["state"] == 0 for j in job_of(inst, carrier)))
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s AND state = 0", carrier)


def job_of(inst, carrier):
    return inst.rows("SELECT state, run_at > UTC_TIMESTAMP() + INTERVAL 12 HOUR later FROM job WHERE notification_id = %s", carrier)


def test_what_is_cancelled_does_not_go_with_the_digest_that_carries_it(inst):
    u = a_reader(inst)
    ids, carrier = carried(inst, u, "Alpha", "Beta", "Gamma")
    r = inst.api("POST", f"{PATH}{ids[1]}/cancel/", token=inst.token).json()
    assert (r["cancelled"], r["leaving"]) == (1, 0), r
    assert ways(look(inst, ids[1]), u)["email"] == ("cancelled", "cancelled")
    again = inst.api("POST", f"{PATH}{ids[1]}/cancel/", token=inst.token).json()
    assert (again["cancelled"], again["leaving"]) == (0, 0)
    # Its time stays what it was.
    within(10, "it is written anew", lambda: job_of(inst, carrier) == [{"state": 0, "later": 1}])
    leaves(inst, carrier)
    for i in (ids[0], ids[2]):
        assert ways(final(inst, i), u)["email"] == ("sent", "digested")
    m, = mails(inst, u)
    assert "2 new messages" in m["subject"] and "Alpha" in m["text"] and "Gamma" in m["html"]
    assert "Beta" not in m["text"] and "Beta" not in m["html"]
    assert ways(look(inst, ids[1]), u)["email"] == ("cancelled", "cancelled")


def test_a_carrier_of_nothing_is_cancelled_too(inst):
    u = a_reader(inst)
    ids, carrier = carried(inst, u, "Alpha", "Beta")
    for i in ids:
        assert inst.api("POST", f"{PATH}{i}/cancel/", token=inst.token).json()["cancelled"] == 1
    within(10, "the carrier ends", lambda: inst.rows("SELECT state, reason FROM delivery WHERE notification_id = %s", carrier) == [
        {"state": "cancelled", "reason": "digest_empty"}])
    assert not job_of(inst, carrier) and not mails(inst, u)
    assert inst.rows("SELECT rewrite_at FROM digest WHERE carrier_id = %s", carrier) == [{"rewrite_at": None}]


def test_what_is_read_in_the_app_is_taken_out_of_it(inst):
    me = new_user(inst)
    inst.rows("UPDATE user SET email = %s, email_cmp = email, email_unique = email, email_verified_at = '2026-01-01' WHERE id = %s",
              f"r{me['id']}@example.com", me["id"])
    u = {**me, "email": f"r{me['id']}@example.com"}
    at = now(inst) + datetime.timedelta(hours=3)
    prefers(inst, u, digest=EVERY % (at.hour, at.minute))
    ids, carrier = carried(inst, u, "Alpha", "Beta", channels=["email", "in_app"])
    assert inst.api("POST", f"/api/inbox/{ids[0]}/read/", token=me["token"]).status_code == 200
    assert ways(look(inst, ids[0]), u)["email"] == ("cancelled", "read")
    within(10, "it is written anew", lambda: job_of(inst, carrier) == [{"state": 0, "later": 1}])
    leaves(inst, carrier)
    assert ways(final(inst, ids[1]), u)["email"] == ("sent", "digested")
    m, = mails(inst, u)
    assert "1 new message" in m["subject"] and "messages" not in m["subject"] and "Alpha" not in m["text"]


def test_what_is_leaving_goes_or_is_taken_out_when_it_comes_back(inst):
    """Cancelled while the carrier is on its way: told so, and not in the second try."""
    u = a_reader(inst)
    ids, carrier = carried(inst, u, "Alpha", "Beta")
    inst.sandbox.fault("smtp", "status", status=451, times=1, after_ms=1500, to=u["email"])
    leaves(inst, carrier)
    within(10, "it is on its way", lambda: job_of(inst, carrier) and job_of(inst, carrier)[0]["state"] == 2)
    r = inst.api("POST", f"{PATH}{ids[0]}/cancel/", token=inst.token).json()
    assert (r["cancelled"], r["leaving"]) == (0, 1), r
    within(20, "it came back", lambda: ways(look(inst, ids[0]), u)["email"] == ("cancelled", "cancelled"))
    inst.sandbox.heal()
    leaves(inst, carrier)
    assert ways(final(inst, ids[1], 40), u)["email"] == ("sent", "digested")
    m, = mails(inst, u)
    assert "Alpha" not in m["text"] and "Beta" in m["text"]


def test_nobody_sends_what_only_digests_are(inst):
    """The link of a digest stops every kind of mail, a code has none: no sender has a message pass for one."""
    for kind in ("digest", "code", "notice"):
        r = inst.api("POST", PATH, token=inst.token, json={"user_id": 1, "title": "x", "body": "y", "type": kind})
        assert (r.status_code, r.json()["code"]) == (400, "unknown_type"), r.text
        r = inst.api("POST", "/api/campaigns/", token=inst.admin(), headers={"Idempotency-Key": secrets.token_hex(16)},
                     json={"name": "x", "title": "x", "body": "y", "type": kind, "channels": ["email"], "audience": {}})
        assert r.status_code == 400 and "type" in r.json()["errors"], r.text


# --- campaigns and WhatsApp ----------------------------------------------------------------------


def campaign(inst, *people, **more):
    body = {"name": "spring", "channels": ["email"], "title": "Campaign", "body": "to all", "start": True,
            "audience": {"ids": [u["id"] for u in people]}, **more}
    r = inst.api("POST", "/api/campaigns/", token=inst.admin(), json=body, headers={"Idempotency-Key": secrets.token_hex(16)})
    assert r.status_code == 201, r.text
    return r.json()["id"]


def step(inst, id_, name):
    r = inst.api("POST", f"/api/campaigns/{id_}/{name}/", token=inst.admin(), headers={"Idempotency-Key": secrets.token_hex(16)})
    assert r.status_code == 200, r.text


def stands(inst, id_):
    return inst.api("GET", f"/api/campaigns/{id_}/", token=inst.admin()).json()


def gathered(inst, id_, n=1):
    within(15, "the campaign is gathered", lambda: inst.rows(
        "SELECT COUNT(*) n FROM job WHERE notification_id = %s AND state = 4", id_)[0]["n"] == n)


def test_a_campaign_goes_with_the_digest_of_who_asked_for_one(inst):
    u, other = a_reader(inst), a_user(inst)
    ids = gather(inst, u, "Mine")
    id_ = campaign(inst, u, other)
    gathered(inst, id_)
    within(10, "who has no digest has it at once", lambda: [m["subject"] for m in mails(inst, other)] == ["Campaign"])
    assert rows_of(inst, [id_], u)[0]["reason"] == "digest" and stands(inst, id_)["state"] == "running" and not mails(inst, u)
    comes(inst, u)
    assert ways(final(inst, ids[0]), u)["email"] == ("sent", "digested")
    m, = mails(inst, u)
    assert "2 new messages" in m["subject"] and "Campaign" in m["text"] and "Mine" in m["text"]
    within(20, "it is over", lambda: stands(inst, id_)["state"] == "done")
    assert stands(inst, id_)["progress"]["sent"] == 2 and rows_of(inst, [id_], u)[0]["reason"] == "digested"


def test_a_paused_campaign_is_in_no_digest_and_goes_when_it_goes_on(inst):
    u = a_reader(inst)
    ids = gather(inst, u, "One", "Two")
    id_ = campaign(inst, u)
    gathered(inst, id_)
    step(inst, id_, "pause")
    comes(inst, u)
    final(inst, ids[0])
    m, = mails(inst, u)
    assert "2 new messages" in m["subject"] and "Campaign" not in m["text"]
    assert inst.rows("SELECT state FROM job WHERE notification_id = %s", id_) == [{"state": 3}]
    step(inst, id_, "resume")
    within(20, "it goes by itself", lambda: "Campaign" in [x["subject"] for x in mails(inst, u)])
    within(20, "it is over", lambda: stands(inst, id_)["state"] == "done")
    assert (rows_of(inst, [id_], u)[0]["state"], rows_of(inst, [id_], u)[0]["reason"]) == ("sent", "")


def test_a_cancelled_campaign_is_taken_out_gathered_or_carried(inst):
    u, v = a_reader(inst), a_reader(inst)
    ids, carrier = carried(inst, v, "Alpha", "Beta")
    id_ = campaign(inst, u)
    gathered(inst, id_)
    step(inst, id_, "cancel")
    within(10, "it ends", lambda: rows_of(inst, [id_], u)[0]["state"] == "cancelled")
    # Carried already: a second of two.
    w = a_reader(inst)
    gather(inst, w, "x", "y")
    comes(inst, w)
    within(10, "the day's digest goes", lambda: [c["state"] for c in carriers(inst, w)] == ["sent"])
    kept, = gather(inst, w, "Kept")
    id_ = campaign(inst, w)
    gathered(inst, id_)
    comes(inst, w)
    within(10, "it is carried", lambda: rows_of(inst, [id_], w)[0]["reason"] == "digested")
    step(inst, id_, "cancel")
    within(10, "it is taken out", lambda: rows_of(inst, [id_], w)[0]["state"] == "cancelled")
    carrier = next(c["id"] for c in carriers(inst, w) if c["state"] == "queued")
    within(10, "it is written anew", lambda: [j["state"] for j in job_of(inst, carrier)] == [0])
    leaves(inst, carrier)
    assert ways(final(inst, kept), w)["email"] == ("sent", "digested")
    assert "Campaign" not in mails(inst, w)[0]["text"]


def waits_for_it(inst, c):
    """Somebody waits for what that connection's transaction holds."""
    within(20, "somebody waits", lambda: inst.rows(
        "SELECT 1 FROM information_schema.innodb_lock_waits w JOIN information_schema.innodb_trx t ON t.trx_id = w.blocking_trx_id"
        " WHERE t.trx_mysql_thread_id = %s LIMIT 1", c.thread_id()), every=0.15)


def test_a_campaign_that_is_cancelled_while_the_digest_is_made_is_not_in_it(inst):
    """Its items are read before, the digest is written after."""
    u = a_reader(inst)
    ids = gather(inst, u, "Mine")
    id_ = campaign(inst, u)
    gathered(inst, id_)
    c = inst.connect()
    c.begin()
    with c.cursor() as cursor:
        cursor.execute("UPDATE campaign SET state = 'cancelled', ended_at = UTC_TIMESTAMP(6) WHERE id = %s", id_)
        comes(inst, u)
        waits_for_it(inst, c)
        cursor.execute("UPDATE notification SET cancelled_at = UTC_TIMESTAMP(6) WHERE id = %s", id_)
    c.commit()
    c.close()
    assert ways(final(inst, ids[0]), u)["email"] == ("sent", "")
    within(10, "it ends", lambda: [(r["state"], r["reason"]) for r in rows_of(inst, [id_], u)] == [("cancelled", "cancelled")])
    assert [m["subject"] for m in mails(inst, u)] == ["Mine"] and not carriers(inst, u)


def test_a_digest_that_cannot_be_written_anew_ends_at_its_time(inst):
    u = a_reader(inst)
    ids, carrier = carried(inst, u, "Alpha", "Beta", "Gamma")
    inst.rows("CREATE TRIGGER no_rewrite BEFORE UPDATE ON notification FOR EACH ROW BEGIN IF NEW.type = 'digest' AND NEW.content <> OLD.content"
              " THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not now'; END IF; END")
    try:
        assert inst.api("POST", f"{PATH}{ids[0]}/cancel/", token=inst.token).json()["cancelled"] == 1
        within(10, "it is put off", lambda: inst.rows(
            "SELECT rewrite_at > UTC_TIMESTAMP() + INTERVAL 5 MINUTE x FROM digest WHERE carrier_id = %s", carrier) == [{"x": 1}])
        assert [j["state"] for j in job_of(inst, carrier)] == [3]
        inst.rows("UPDATE job SET expires_at = UTC_TIMESTAMP(6) WHERE notification_id = %s", carrier)
        inst.rows("UPDATE notification SET expires_at = UTC_TIMESTAMP(6) WHERE id = %s", carrier)
        inst.rows("UPDATE digest SET rewrite_at = UTC_TIMESTAMP(6) WHERE carrier_id = %s", carrier)
        for i in ids[1:]:
            assert ways(final(inst, i), u)["email"] == ("expired", "expired")
    finally:
        inst.rows("DROP TRIGGER no_rewrite")
    assert not job_of(inst, carrier) and not mails(inst, u)


def test_whose_account_ends_has_no_digest_left(inst):
    """His digest waits for its plan, held, and names nobody yet; another has a message that waits by itself."""
    u = a_reader(inst)
    ids, carrier = carried(inst, u, "Alpha", "Beta")
    waits, = gather(inst, u, "Gathered")
    inst.kill("worker")
    inst.rows("DELETE FROM delivery WHERE notification_id = %s", carrier)
    inst.rows("UPDATE notification SET planned_at = NULL WHERE id = %s", carrier)
    inst.rows("UPDATE job SET kind = 1, seq = 0, user_id = 0, provider = '', state = 3, run_at = NULL WHERE notification_id = %s", carrier)
    inst.rows("INSERT INTO closing (user_id, asked_at, purge_at, was_active, close_key, link_hash) VALUES (%s, UTC_TIMESTAMP(6),"
              " UTC_TIMESTAMP(6), 1, 1, REPEAT('x', 32))", u["id"])
    inst.start("worker")
    within(20, "the account is gone", lambda: not inst.rows("SELECT 1 FROM closing WHERE user_id = %s", u["id"]))
    assert not job_of(inst, carrier) and not inst.rows("SELECT 1 FROM digest WHERE user_id = %s", u["id"])
    assert inst.rows("SELECT content, audience FROM notification WHERE id = %s", carrier) == [{"content": "{}", "audience": "{}"}]
    for id_ in [*ids, waits]:
        assert inst.rows("SELECT user_id, target, state, reason FROM delivery WHERE notification_id = %s", id_) == [
            {"user_id": 0, "target": "", "state": "cancelled", "reason": "user_gone"}]


def writes(inst, u):
    """He writes to us, now."""
    inst.sandbox._call("PUT", "/whatsapp/settings", json={"webhook_url": f"{inst.url}/api/webhooks/whatsapp/"})
    inst.sandbox._call("POST", "/whatsapp/inbound", json={"from": u["phone"], "text": "hi"})
    inst.sandbox._call("PUT", "/whatsapp/settings", json={"webhook_url": ""})


def test_on_whatsapp_it_is_a_text_in_the_24_hours_and_a_template_after(inst):
    u, v = a_reader(inst, phone=True), a_reader(inst, phone=True, locale="fa")
    writes(inst, u)
    ids = {who["id"]: gather(inst, who, "One", "Two", channels=["whatsapp"]) for who in (u, v)}
    for who in (u, v):
        comes(inst, who)
        for i in ids[who["id"]]:
            assert ways(final(inst, i), who)["whatsapp"] == ("sent", "digested")
    m, = inst.sandbox.messages(channel="whatsapp", to=u["phone"])
    assert "2 new messages" in str(m) and "Two: about Two" in str(m) and "One: about One" in str(m)
    m, = inst.sandbox.messages(channel="whatsapp", to=v["phone"])
    assert "There are 2 new messages" in str(m) and "about" not in str(m)


@pytest.fixture(scope="module")
def two():
    """Two workers, no caps."""
    from conftest import no_faults
    from instance import Instance
    with Instance(workers=2) as whole:
        yield whole
        no_faults(whole)


def test_on_whatsapp_each_by_itself_when_nothing_stands_in(two):
    """Its window is closed and no template is set: the row says why it goes alone."""
    u = a_reader(two, phone=True)
    ids = gather(two, u, "One", "Two", channels=["whatsapp"])
    two.sandbox.fault("whatsapp", "status", status=503, times=1, to=u["phone"])
    comes(two, u)
    within(10, "each has its job", lambda: two.rows("SELECT COUNT(*) n FROM job WHERE user_id = %s AND state < 3", u["id"])[0]["n"] == 2)
    two.sandbox.heal()
    assert not carriers(two, u)
    assert "window_closed" in {r["reason"] for r in rows_of(two, ids, u)}
    within(40, "the provider refuses them", lambda: {(r["state"], r["reason"]) for r in rows_of(two, ids, u)} == {("failed", "whatsapp_131047")})


def test_two_workers_make_each_once(two):
    people = [a_reader(two) for _ in range(30)]
    ids = [send(two, user_ids=[u["id"] for u in people], channels=["email"], title=t).json()["id"] for t in ("One", "Two")]
    for id_ in ids:
        planned(two, id_)
    two.rows("UPDATE digest SET run_at = UTC_TIMESTAMP(6)")
    for id_ in ids:
        assert {(d["state"], d["reason"]) for d in final(two, id_, 40)["deliveries"]} == {("sent", "digested")}
    for u in people:
        assert len(mails(two, u)) == 1


def test_in_parallel_and_killed_in_the_middle(two):
    """Senders, due moments, cancels and a worker that is killed again and again: every item is in exactly one message, or
    has its reason."""
    people = [a_reader(two) for _ in range(8)]

    def one(k):
        u = people[k % len(people)]
        id_ = send(two, user_id=u["id"], title=f"T{k:03d}x", channels=["email"]).json()["id"]
        if k % 9 == 0:
            two.api("POST", f"{PATH}{id_}/cancel/", token=two.token)
        return id_, u, f"T{k:03d}x"
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        todo = [pool.submit(one, k) for k in range(160)]
        for _ in range(5):
            two.rows("UPDATE digest SET run_at = UTC_TIMESTAMP(6) WHERE open = 1")
            time.sleep(0.15)        # somewhere in its work, wherever that is
            two.kill("worker")
            two.start("worker")
        made = [f.result() for f in todo]

    def over():
        two.rows("UPDATE digest SET run_at = UTC_TIMESTAMP(6) WHERE open = 1")
        # A mail whose worker was killed under it is told unsure after its lease: sooner here.
        two.rows("UPDATE job SET lease_ends_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE state IN (1, 2)"
                  " AND lease_ends_at < UTC_TIMESTAMP(6) + INTERVAL 20 SECOND")
        two.rows("UPDATE digest SET follow_at = UTC_TIMESTAMP(6) WHERE follow_at IS NOT NULL")
        ids = ",".join(m[0] for m in made)
        return not two.rows(f"SELECT 1 x FROM delivery WHERE state = 'queued' AND notification_id IN ({ids})") and not two.rows(
            f"SELECT 1 x FROM notification WHERE planned_at IS NULL AND id IN ({ids})")
    within(120, "all is final", over, every=0.5)
    assert not two.rows("SELECT 1 x FROM job WHERE state = 4")
    unsure = 0
    for id_, u, title in made:
        d, = look(two, id_)["deliveries"]
        inside = [m for m in mails(two, u) if title in m["text"] or title in m["subject"]]
        if d["state"] == "sent":
            assert len({m["headers"]["message-id"] for m in inside}) == 1, (title, d, len(inside))
        elif d["state"] == "unsure":
            unsure += 1
        else:
            assert d["state"] == "cancelled" and not inside, (title, d)
    assert unsure < len(made) / 2
