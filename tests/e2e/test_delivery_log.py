"""Why did she not get it?  The log of deliveries: found by recipient, request, provider id, state, time, title and text; its
story; once more; and what stays of it (issue: "The log")."""
import datetime
import secrets

from conftest import module_instance
from instance import wait_until
from people import Person, an_email, forget_limits, problem
from push_case import at_once, browser, new_user, subscribed, word

LOG = "/api/admin/deliveries/"


inst = module_instance()


def log(inst, token, **asked):
    r = inst.api("GET", LOG, token=token, params=asked)
    assert r.status_code == 200, r.text
    return r.json()["results"]


def send(inst, subscription, **more):
    r = inst.api("POST", "/api/push/send/single/", token=inst.token, json={
        "subscription_info": subscription, "title": "A word", "body": "b", **more})
    return r


def failed(inst, **more):
    """A push that its service refuses for good; the row of the log."""
    b = browser(inst)
    inst.sandbox.fault("push", "status", status=413, times=1)
    r = send(inst, b["info"], **more)
    assert r.status_code == 400, r.text
    return r.json()["deliveries"][0]["id"], b, r


def test_found_by_whatever_is_known(inst, boss):
    user = new_user(inst)
    forget_limits(inst)
    device, b = subscribed(inst, user)
    title, text = "T " + word(), 'it\'s "' + word() + '" سلام'
    r = inst.api("POST", "/api/push/send/single/", token=inst.token, json={
        "user_id": user["id"], "title": title, "body": text, "data": {"order": "7"}})
    assert r.status_code == 200, r.text
    row = log(inst, boss, notification_id=r.json()["id"])[0]
    assert row["state"] == "sent" and row["user_id"] == user["id"] and row["title"] == title and row["attempts"] == 1
    assert row["request_id"] == r.headers["X-Request-Id"] and row["channel"] == "web_push" and row["provider"] == "webpush"
    recent = {"since": (datetime.datetime.utcnow() - datetime.timedelta(minutes=5)).isoformat() + "Z"}
    ways = [{"user": user["id"]}, {"user": user["phone"]}, {"to": b["info"]["endpoint"]},
            {"request_id": r.headers["X-Request-Id"]}, {"title": title[2:]}, {"body": text[4:-2], **recent},
            {"body": text, "channel": "web_push"}, {"type": "push", "title": title}, {"state": "sent", "title": title},
            {"user": user["id"], "state": "sent", "type": "push", "channel": "web_push", "provider": "webpush"}]
    if row["provider_id"]:
        ways.append({"provider_id": row["provider_id"]})
    for way in ways:
        assert row["id"] in [x["id"] for x in log(inst, boss, **way)], way
    # ... and by nothing that is not so.
    for way in ({"user": user["id"], "state": "failed"}, {"to": b["info"]["endpoint"], "channel": "sms"}, {"title": word()},
                {"request_id": "0" * 32}, {"user": user["id"], "until": "2024-02-01T00:00:00Z"}, {"type": "nothing"},
                {"user": user["id"], "since": "2100-01-01T00:00:00Z"}, {"provider_id": word()}, {"state": "expired"}):
        assert not log(inst, boss, **way), way
    # Codes by phone, in any form of the number and by the message's own id at the provider.
    national = "0" + user["phone"][3:]
    sms = log(inst, boss, to=national)
    assert [x["channel"] for x in sms] == ["sms"] and sms[0]["provider_id"] and sms[0]["state"] == "sent"
    assert [x["id"] for x in log(inst, boss, provider_id=sms[0]["provider_id"])] == [sms[0]["id"]]


def test_mail_is_found_in_any_case(inst, boss):
    address = an_email()
    p = Person(inst, email=address.upper().replace("EXAMPLE.COM", "example.com"))
    found = log(inst, boss, to=address)
    assert found and found[0]["channel"] == "email" and log(inst, boss, to=p.email) == found


def test_the_story_of_one(inst, boss):
    one, _, r = failed(inst)
    story = inst.api("GET", f"{LOG}{one}/", token=boss).json()
    assert story["state"] == "failed" and story["reason"] == "payload_too_large" and story["job"] is None
    assert story["reason_text"] == "The message is larger than the service takes."
    assert story["content"]["body"] == "b"
    events = [x["event"] for x in story["timeline"]]
    assert events == ["accepted", "planned", "attempt", "failed"]
    attempt = story["timeline"][2]
    assert attempt["status"] == 413 and attempt["outcome"] == "perm" and attempt["provider"] == "webpush"
    fa = inst.api("GET", f"{LOG}{one}/", token=boss, headers={"Accept-Language": "fa"}).json()
    assert fa["reason"] == "payload_too_large" and "سرویس" in fa["reason_text"]
    assert one in [x["id"] for x in log(inst, boss, state="failed", reason="payload_too_large")]
    for bad in ("1-1", "x", "1", "-", "1-", "99999999999999999999-1"):
        problem(inst.api("GET", f"{LOG}{bad}/", token=boss), 404, "not_found")


def test_no_code_and_no_address_of_a_device_is_in_it(inst, boss):
    p = Person(inst)
    code = p.code()
    _, b = subscribed(inst, new_user(inst))
    assert send(inst, b["info"]).status_code == 200
    for row in log(inst, boss, limit=200):
        text = inst.api("GET", f"{LOG}{row['id']}/", token=boss).text
        assert code not in text and b["info"]["endpoint"] not in text and b["info"]["keys"]["auth"] not in text


def test_pages_by_cursor_hold_each_row_once(inst, boss):
    subs = [browser(inst)["info"] for _ in range(7)]
    title = "P " + word()
    for _ in range(2):
        r = inst.api("POST", "/api/push/send/group/", token=inst.token, json={
            "subscription_info_list": subs, "title": title, "body": "b"})
        assert r.status_code == 200, r.text
    for asked in ({"title": title}, {"title": title, "type": "push"}, {"title": title, "state": "sent"}):
        seen, url = [], f"{LOG}?limit=3&" + "&".join(f"{k}={v}" for k, v in asked.items())
        while url:
            page = inst.api("GET", url.replace(inst.url, ""), token=boss).json()
            assert len(page["results"]) <= 3
            seen += [x["id"] for x in page["results"]]
            url = page["next"]
        assert len(seen) == len(set(seen)) == 14
        assert seen == sorted(seen, key=lambda i: tuple(map(int, i.split("-"))), reverse=True)
        # The same from the other end; and what is between two of them.
        up, url = [], f"{LOG}?limit=3&ordering=created_at&" + "&".join(f"{k}={v}" for k, v in asked.items())
        while url:
            page = inst.api("GET", url.replace(inst.url, ""), token=boss).json()
            up += [x["id"] for x in page["results"]]
            url = page["next"]
        assert up == seen[::-1]
        for order in ("created_at", "-created_at"):
            some = [x["id"] for x in inst.api("GET", LOG, token=boss, params={
                **asked, "after": seen[9], "before": seen[2], "ordering": order}).json()["results"]]
            assert (some if order[0] == "-" else some[::-1]) == seen[3:9]
    problem(inst.api("GET", LOG, token=boss, params={"after": "7"}), 400, "invalid", "after")
    problem(inst.api("GET", LOG, token=boss, params={"ordering": "to"}), 400, "invalid", "ordering")


def test_a_stretch_ends_and_goes_on(inst, boss):
    """More rows than one call looks at: the page is short, and has a next one."""
    one, _, _ = failed(inst)
    seq = 10 ** 6
    # Newer rows of the same kind that do not match.
    nid = inst.rows("SELECT MAX(id) + 4194304 id FROM notification")[0]["id"]
    inst.rows("INSERT INTO notification (id, type, class, channel, title, content, audience, created_at, expires_at)"
              " VALUES (%s, 'filler', 1, 'sms', '', '{}', '{}', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", nid)
    inst.rows("INSERT INTO delivery (notification_id, seq, channel, target_hash, target, state, reason, created_at, updated_at)"
              " SELECT %s, seq, 'sms', UNHEX(MD5(seq)), 'x', 'failed', 'bad_number', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)"
              " FROM seq_1_to_45000", nid)
    try:
        url, calls, seen = f"{LOG}?state=failed&reason=payload_too_large", 0, []
        while url and one not in seen:
            page = inst.api("GET", url.replace(inst.url, ""), token=boss).json()
            seen += [x["id"] for x in page["results"]]
            url, calls = page["next"], calls + 1
        assert one in seen and calls >= 3
        url, calls, seen = f"{LOG}?state=failed&reason=bad_number&title=x&ordering=created_at&after={one}", 0, []
        while url:
            page = inst.api("GET", url.replace(inst.url, ""), token=boss).json()
            seen += [x["id"] for x in page["results"]]
            url, calls = page["next"], calls + 1
        assert not seen
        page = inst.api("GET", f"{LOG}?state=failed&reason=bad_number&ordering=created_at&after={nid}-30000", token=boss).json()
        assert [x["id"] for x in page["results"]][:2] == [f"{nid}-30001", f"{nid}-30002"]
    finally:
        inst.rows("DELETE FROM delivery WHERE notification_id = %s", nid)
        inst.rows("DELETE FROM notification WHERE id = %s", nid)


def test_only_those_who_may(inst, boss):
    user = new_user(inst)
    forget_limits(inst)
    problem(inst.api("GET", LOG, token=user["token"]), 403, "role_required")
    problem(inst.api("GET", LOG), 401)
    made = inst.api("POST", "/api/push/token/generate/", token=boss, json={"scopes": ["admin"]}).json()["token"]
    assert inst.api("GET", LOG, token=made).status_code == 200
    problem(inst.api("GET", LOG, token=boss, params={"state": "lost"}), 400, field="state")
    problem(inst.api("GET", LOG, token=boss, params={"user": an_email()}), 400, field="user")
    problem(inst.api("GET", LOG, token=boss, params={"before": "x"}), 400, field="before")
    problem(inst.api("GET", LOG, token=boss, params={"what": "x"}), 400)


def test_once_more(inst, boss):
    """What failed goes again: once a key, once at all while it is under way, and never what carried a code."""
    one, b, _ = failed(inst)
    path, key = f"{LOG}{one}/resend/", secrets.token_hex(16)
    before = len(inst.sandbox.messages(channel="web_push"))
    got = at_once(8, lambda i: inst.api("POST", path, token=boss, headers={"Idempotency-Key": key}))
    assert {r.status_code for r in got} <= {202, 409} and got[0].status_code == 202 or any(r.status_code == 202 for r in got)
    story = wait_until("it is sent", lambda: (s := inst.api("GET", f"{LOG}{one}/", token=boss).json())["state"] == "sent" and s)
    assert story["reason"] == "" and story["job"] is None
    assert [x["event"] for x in story["timeline"]] == ["accepted", "planned", "attempt", "attempt", "sent"]
    assert len(inst.sandbox.messages(channel="web_push")) == before + 1
    # Sent is sent.
    problem(inst.api("POST", path, token=boss), 409, "not_resendable")
    assert inst.api("POST", path, token=boss, headers={"Idempotency-Key": key}).status_code == 202
    audit = inst.rows("SELECT detail FROM audit WHERE event = 'delivery_resend'")
    assert len(audit) == 1 and one in audit[0]["detail"]
    # Without a key: of eight at once one wins.
    two, _, _ = failed(inst)
    got = at_once(8, lambda i: inst.api("POST", f"{LOG}{two}/resend/", token=boss).status_code)
    assert sorted(got) == [202] + [409] * 7
    wait_until("it is sent", lambda: inst.api("GET", f"{LOG}{two}/", token=boss).json()["state"] == "sent")
    assert len(inst.sandbox.messages(channel="web_push")) == before + 2
    p = Person(inst)
    code = log(inst, boss, to=p.phone)[0]
    inst.rows("UPDATE delivery SET state = 'unsure', reason = 'no_answer' WHERE notification_id = %s", code["notification_id"])
    problem(inst.api("POST", f"{LOG}{code['id']}/resend/", token=boss), 409, "not_resendable")


def test_counted_by_the_hour(inst):
    """What is final is counted with its state, in the same transaction."""
    def counted():
        return {(r["provider"], r["state"]): int(r["n"]) for r in inst.rows(
            "SELECT provider, state, SUM(n) n FROM delivery_hour GROUP BY provider, state")}
    before = counted()
    failed(inst)
    assert send(inst, browser(inst)["info"]).status_code == 200
    after = counted()
    for state in ("failed", "sent"):
        assert after["webpush", state] == before.get(("webpush", state), 0) + 1
