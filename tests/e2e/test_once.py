"""R12 by the table: every POST that creates or sends is done once for its Idempotency-Key.  A new row has to be in one
of the two lists below."""
import contextlib
import datetime
import json
import random
import secrets

import pytest

from contract import Contract
from people import Person, forget_limits, problem
from push_case import at_once, browser, new_user, subscribed, word

# Rows that neither create nor send, or may not keep an answer; why.
NOT_KEPT = {
    "a session, a code or a link, which are throttled and never given twice (D25)": [
        "/api/auth/gate/pass/", "/api/auth/ticket/", "/api/auth/register/", "/api/auth/login/", "/api/auth/logout/", "/api/auth/token/refresh/",
        "/api/auth/token/verify/", "/api/auth/otp/verify/", "/api/auth/otp/refresh/", "/api/auth/otp/request/",
        "/api/auth/otp/link/", "/api/auth/password/change/", "/api/auth/password/reset/request/",
        "/api/auth/password/reset/verify/", "/api/auth/password/reset/", "/api/auth/number/change/",
        "/api/auth/email/change/", "/api/auth/undo/", "/api/auth/number/edit/", "/api/auth/account/restore/", "/api/token/",
        "/api/token/refresh/", "/api/token/verify/", "/api/logout/", "/api/otp/send/", "/api/otp/verify/",
        "/api/auth/mfa/totp/", "/api/auth/mfa/totp/confirm/", "/api/auth/mfa/recovery-codes/", "/api/auth/mfa/challenge/",
        "/api/auth/mfa/verify/", "/api/auth/reauth/", "/api/auth/reauth/challenge/", "/api/verify-email/",
        "/api/v1/verify-email/", "/api/verify-email/resend/", "/api/auth/social/{provider}/link/", "/api/auth/social/link/",
        "/api/auth/login/facebook/", "/api/admin/users/{id}/impersonate/", "/api/admin/users/{id}/reset-password/",
        "/api/admin/webhooks/{id}/rotate/"],
    "a state, set once or twice": [
        "/api/auth/profile/", "/api/auth/sessions/revoke-others/", "/api/auth/sessions/revoke-all/",
        "/api/users/push-tokens/remove/", "/api/webpush/save_information", "/api/push/groups/{id}/members/",
        "/api/notifications/{id}/cancel/", "/api/inbox/seen/", "/api/inbox/read-all/", "/api/inbox/{id}/read/",
        "/api/inbox/{id}/archive/", "/api/unsubscribe/", "/api/admin/users/{id}/disable/", "/api/admin/users/{id}/enable/",
        "/api/admin/users/{id}/sign-out/", "/api/admin/users/{id}/reset-factors/",
        "/api/suppressions/import/", "/api/admin/providers/{id}/reset-counter/", "/api/admin/devices/activate/", "/api/admin/devices/deactivate/"],
    "a state, set once or twice, of many": [
        "/api/auth/sessions/revoke/", "/api/push/subscriptions/remove/", "/api/inbox/read/", "/api/inbox/archive/",
        "/api/admin/sessions/revoke/", "/api/admin/users/sign-out/", "/api/admin/users/enable/", "/api/admin/users/disable/",
        "/api/push/tokens/revoke/", "/api/admin/jobs/discard/", "/api/suppressions/remove/",
        "/api/push/groups/{id}/remove-members/"],
    "a dead letter that is ready again is none any more": ["/api/admin/jobs/redrive/", "/api/admin/jobs/{id}/redrive/"],
    "it only shows": ["/api/notifications/explain/", "/api/templates/{id}/preview/", "/api/campaigns/audience/"],
    "told by others, in their own words and as often as they like": [
        "/api/auth/social/facebook/deletion/", "/api/webhooks/whatsapp/", "/api/webhooks/kavenegar/{secret}/",
        "/api/webhooks/twilio/", "/api/webhooks/email/{secret}/"],
}

MADE = ("user", "notification", "campaign", "device", "admin_token", "push_group", "template", "template_version",
        "suppression", "article", "webhook", "provider")


@pytest.fixture(scope="module")
def rows(inst):
    return [r for r in json.loads(inst.ctl("routes", "--json").stdout) if r["method"] == "POST"]


@pytest.fixture(scope="module")
def boss(inst):
    return inst.admin()


def mail():
    return f"o{word()}@example.com"


def words():
    return {"default_locale": "en", "locales": {"en": {"title": word(), "body": "b"}}}


def campaign(inst, boss, *steps):
    # Not at once: one that reaches nobody may be done before the next step is asked for.
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    r = inst.api("POST", "/api/campaigns/", token=boss, json={**bodies(inst, boss)["/api/campaigns/"](), "at": soon})
    assert r.status_code == 201, r.text
    for s in steps:
        assert inst.api("POST", f"/api/campaigns/{r.json()['id']}/{s}/", token=boss).status_code == 200
    return r.json()["id"]


def template(inst, boss):
    r = inst.api("POST", "/api/templates/", token=boss, json={"name": "t_" + word(), "definition": words()})
    assert r.status_code == 201, r.text
    return r.json()["name"]


def webhook(inst, boss):
    r = inst.api("POST", "/api/admin/webhooks/", token=boss, json={"url": inst.sandbox_hook + word()})
    assert r.status_code == 201, r.text
    return r.json()["id"]


def device(inst, _):
    user = new_user(inst)
    forget_limits(inst)
    return subscribed(inst, user)[0]["id"]


def own_browser(inst, sara):
    return subscribed(inst, {"token": sara})[0]["id"]


def provider(inst, boss):
    r = inst.api("POST", "/api/admin/providers/", token=boss, json=bodies(inst, boss)["/api/admin/providers/"]())
    assert r.status_code == 201, r.text
    return r.json()["id"]


def failed(inst, boss):
    """A delivery that failed for good."""
    info = browser(inst)["info"]
    inst.sandbox.fault("push", "status", status=413, to=info["endpoint"])
    r = inst.api("POST", "/api/push/send/single/", token=boss, json={"title": word(), "body": "b", "subscription_info": info})
    inst.sandbox.heal()
    assert r.status_code == 400, r.text
    return r.json()["deliveries"][0]["id"]


def bodies(inst, boss):
    """A body of each row that keeps its answer; None: the row takes none."""
    def text(**more):
        return lambda: {"title": word(), "body": "b", **{k: v() for k, v in more.items()}}

    def person():
        return {"email": mail(), "password": "Rain-Cloud7?"}

    def article():
        return {"title": word(), "content": "c", "status": "draft"}
    return {
        "/api/users/": person, "/api/register/": person, "/api/v1/register/": person,
        "/api/push/token/generate/": lambda: {"name": word()},
        "/api/push/subscriptions/": lambda: {"subscription": browser(inst)["info"]},
        "/api/push/subscriptions/{id}/test/": None,
        "/api/users/push-tokens/": lambda: {"token": f"ExponentPushToken[{secrets.token_hex(11)}]"},
        "/api/users/push-tokens/test/": None,
        "/api/push/groups/": lambda: {"name": word()},
        "/api/push/send/single/": text(subscription_info=lambda: browser(inst)["info"]),
        "/api/push/send/group/": text(subscription_info_list=lambda: [browser(inst)["info"]]),
        "/api/notifications/": text(email=mail),
        "/api/suppressions/": lambda: {"channel": "email", "address": mail()},
        "/api/communications/email/": lambda: {"to": mail(), "subject": "s", "message": word()},
        "/api/communications/sms/": lambda: {"to": f"+98912{random.randrange(10 ** 7):07d}", "message": word()},
        "/api/communications/whatsapp/": lambda: {"to": f"+98912{random.randrange(10 ** 7):07d}", "message_type": "template"},
        "/api/communications/bulk/": lambda: {"type": "email", "recipients": [mail(), mail()], "subject": "s", "content": "c"},
        "/api/articles/": article, "/api/v1/article/": article,
        "/api/templates/": lambda: {"name": "t_" + word(), "definition": words()},
        "/api/templates/{id}/versions/": lambda: {"definition": words()},
        "/api/templates/{id}/test/": lambda way=iter(("email", "sms")): {"channel": next(way)},
        "/api/campaigns/": lambda: {"name": word(), "channels": ["email"], "title": "t", "body": "b",
                                    "audience": {"country": ["XQ"]}},
        "/api/campaigns/{id}/start/": None, "/api/campaigns/{id}/pause/": None, "/api/campaigns/{id}/resume/": None,
        "/api/campaigns/{id}/cancel/": None,
        "/api/admin/providers/": lambda: {"name": "p" + word(), "kind": "smtp", "is_active": False, "settings": {
            "host": "mail.example.com", "from": "a@example.com"}},
        "/api/admin/providers/{id}/test/": lambda: {"to": mail()},
        "/api/admin/deliveries/{id}/resend/": None,
        "/api/admin/webhooks/": lambda: {"url": inst.sandbox_hook + word()},
        "/api/admin/devices/{id}/test/": None,
        "/api/admin/webhooks/{id}/test/": None,
        "/api/admin/webhooks/{id}/replay/": lambda: {"since": f"2026-01-01T{secrets.randbelow(24):02d}:{secrets.randbelow(60):02d}:00.{secrets.randbelow(10**6):06d}Z"},
    }


# What stands for {id}.
IDS = {"/api/admin/devices/{id}/test/": device, "/api/push/subscriptions/{id}/test/": own_browser,
       "/api/templates/{id}/versions/": template, "/api/templates/{id}/test/": template,
       "/api/campaigns/{id}/start/": campaign, "/api/campaigns/{id}/cancel/": campaign,
       "/api/campaigns/{id}/pause/": lambda i, b: campaign(i, b, "start"),
       "/api/campaigns/{id}/resume/": lambda i, b: campaign(i, b, "start", "pause"),
       "/api/admin/providers/{id}/test/": provider, "/api/admin/deliveries/{id}/resend/": failed,
       "/api/admin/webhooks/{id}/test/": webhook, "/api/admin/webhooks/{id}/replay/": webhook}


def test_r12_every_row_is_in_one_of_the_lists(inst, rows, boss):
    kept = {r["path"] for r in rows if r["idempotent"]}
    plain = [p for paths in NOT_KEPT.values() for p in paths]
    assert len(plain) == len(set(plain))
    assert kept == set(bodies(inst, boss)), kept ^ set(bodies(inst, boss))
    assert {r["path"] for r in rows if not r["idempotent"]} == set(plain)


def name(r):
    """Of what was made, as the row answers it."""
    body = r.json()
    return body.get("id") or (body.get("data") or {}).get("task_id") if "details" not in body else None


def count(inst):
    """What webhooks are told of all this is left out: it comes when it comes."""
    return {t: inst.rows(f"SELECT COUNT(*) n FROM `{t}`" + (" WHERE NOT channel <=> 'webhook'" if t == "notification" else ""))[0]["n"]
            for t in MADE}


def test_r12_each_row_does_its_work_once(inst, rows, boss):
    inst.sandbox_hook = "https://updates.push.services.mozilla.com/hook"
    forget_limits(inst)
    faults, table = [], bodies(inst, boss)
    sara = Person(inst).bearer()

    def one(row):
        path = row["path"]
        token = None if row["access"] in ("guest", "anyone") else boss
        if path.startswith(("/api/users/push-tokens", "/api/push/subscriptions")):
            token = sara.access
        url = path.replace("{id}", str(IDS[path](inst, token))) if path in IDS else path
        body = table[path]() if table[path] else None

        def call(key, body=body):
            return inst.api("POST", url, token=token, headers={"Idempotency-Key": key},
                            **({} if body is None else {"json": body}))
        key = secrets.token_hex(16)
        first = count(inst)
        got = at_once(4, lambda _: call(key))
        fine = [r for r in got if r.status_code < 300]
        # Who comes second waits, is told to, or finds the address asked for a moment ago.
        busy = {409, 429} if "register" in path else {409}
        assert fine and all(r.status_code < 300 or r.status_code in busy for r in got), [r.text for r in got]
        assert len({name(r) for r in fine}) == 1, [r.text for r in fine]
        before = count(inst)
        # A person is told of more than one thing.
        assert all(before[k] - first[k] <= (2 if k == "notification" else 1) for k in MADE), (first, before)
        again = call(key)
        assert again.status_code < 300 and name(again) == name(fine[0]), again.text
        if body is not None:
            problem(call(key, table[path]()), 422, "idempotency_mismatch")
        after = count(inst)
        assert after == before, {k: (before[k], after[k]) for k in MADE if before[k] != after[k]}
        if body is None and path in IDS:
            other = path.replace("{id}", str(IDS[path](inst, token)))
            problem(inst.api("POST", other, token=token, headers={"Idempotency-Key": key}), 422, "idempotency_mismatch")

    for row in rows:
        if row["idempotent"]:
            try:
                one(row)
            except AssertionError as e:
                faults.append(f"{row['path']}: {str(e)[:600]}")
    assert not faults, "\n".join(faults)


def caller(row, boss, sara):
    """Whose token the row is asked with."""
    if row["access"] in ("guest", "anyone"):
        return None
    return sara if row["path"].startswith(("/api/users/push-tokens", "/api/push/subscriptions")) else boss


def address(inst, path, token):
    return path.replace("{id}", str(IDS[path](inst, token))) if path in IDS else path


@contextlib.contextmanager
def key_lost(inst):
    """The key is there when it is claimed, and gone with what it named when it is looked for."""
    taken = "SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = %s"
    inst.rows("CREATE TRIGGER lost_key BEFORE INSERT ON idempotency FOR EACH ROW " + taken, "Duplicate entry '1' for key 'PRIMARY'")
    inst.rows("CREATE TRIGGER lost_note BEFORE INSERT ON notification FOR EACH ROW BEGIN IF NEW.idem_key IS NOT NULL THEN "
              + taken + "; END IF; END", "Duplicate entry '1' for key 'notification_key'")
    try:
        yield
    finally:
        inst.rows("DROP TRIGGER lost_key")
        inst.rows("DROP TRIGGER lost_note")


def test_r12_a_key_whose_first_request_came_to_nothing(inst, rows, boss):
    """Its owner is told to come again, nothing is made, and coming again works."""
    inst.sandbox_hook = "https://updates.push.services.mozilla.com/hook"
    forget_limits(inst)
    table, sara, contract = bodies(inst, boss), Person(inst).bearer().access, Contract()
    asked = []
    r = inst.api("POST", "/api/users/push-tokens/", token=sara, json=table["/api/users/push-tokens/"]())
    assert r.status_code == 200, r.text
    for row in (r for r in rows if r["idempotent"]):
        token = caller(row, boss, sara)
        body = table[row["path"]]() if table[row["path"]] else None
        asked.append((address(inst, row["path"], token), token, {} if body is None else {"json": body}, secrets.token_hex(16)))

    def call(path, token, body, key):
        r = inst.api("POST", path, token=token, headers={"Idempotency-Key": key}, **body)
        return contract.check("POST", path, r)
    with key_lost(inst):
        before = count(inst)
        for one in asked:
            problem(call(*one), 409, "idempotency_race")
        # A browser that a message names is known before the message is.
        assert {**count(inst), "device": 0} == {**before, "device": 0}
    forget_limits(inst)
    for one in asked:
        r = call(*one)
        # A campaign of nobody may have ended meanwhile.
        assert r.status_code < 300 or (one[0].startswith("/api/campaigns/") and r.json()["code"] == "campaign_state"), r.text


def without(inst, path, id_):
    """The row that a key names is no more."""
    small = {"user": ("/api/users/", "/api/register/", "/api/v1/register/"), "template": ("/api/templates/",), "template_version": ()}
    c = inst.connect()
    with c.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        gone = sum(cursor.execute(f"DELETE FROM `{t}` WHERE id = %s", id_) for t in MADE if path in small.get(t, (path,)))
    c.close()
    return gone


def test_what_any_key_made_may_be_gone(inst, rows, boss):
    """By the table: a replay whose row is no more says so, or what it knows without it; no 500, no second one."""
    inst.sandbox_hook = "https://updates.push.services.mozilla.com/hook"
    forget_limits(inst)
    table, sara, contract, faults, told = bodies(inst, boss), Person(inst).bearer().access, Contract(), [], {}

    def named():
        return {(r["scope"], r["idem_key"]): r["object_id"] for r in inst.rows("SELECT scope, idem_key, object_id FROM idempotency")}
    for row in (r for r in rows if r["idempotent"]):
        token = caller(row, boss, sara)
        path, body = address(inst, row["path"], token), table[row["path"]]() if table[row["path"]] else None
        more = {"headers": {"Idempotency-Key": secrets.token_hex(16)}, **({} if body is None else {"json": body})}
        before = named()
        r = inst.api("POST", path, token=token, **more)
        assert r.status_code < 300, f"{path}: {r.text}"
        now = named()
        # A message's key stands in its own row, and goes with it.
        for id_ in (now[k] for k in now.keys() - before.keys()):
            if without(inst, row["path"], id_) == 0:
                continue
            first = count(inst)
            r = inst.api("POST", path, token=token, **more)
            told[row["path"]] = r.status_code
            try:
                contract.check("POST", path, r)
                assert count(inst) == first
            except AssertionError as e:
                faults.append(f"{path}: {r.status_code} {str(e)[:300]}")
    assert not faults, "\n".join(faults)
    # "Send again" tells what the log has of it, which has no message any more.
    assert {p for p, status in told.items() if status not in (404, 410)} <= {"/api/admin/deliveries/{id}/resend/"}, told


def test_what_a_key_made_may_be_gone(inst, boss):
    """A replay tells what is there now, and makes nothing again."""
    info = browser(inst)["info"]
    made = [("/api/push/groups/", {"name": word()}, "/api/push/groups/{}/"),
            ("/api/admin/providers/", bodies(inst, boss)["/api/admin/providers/"](), "/api/admin/providers/{}/"),
            ("/api/push/subscriptions/", {"subscription": info}, "/api/push/subscriptions/{}/")]
    for path, body, one in made:
        key = {"Idempotency-Key": secrets.token_hex(16)}
        r = inst.api("POST", path, token=boss, json=body, headers=key)
        assert r.status_code in (200, 201), r.text
        assert inst.api("DELETE", one.format(r.json()["id"]), token=boss).status_code == 204
        problem(inst.api("POST", path, token=boss, json=body, headers=key), 410, "gone")
        # Nor does it serve another row.
        problem(inst.api("POST", "/api/users/push-tokens/test/", token=boss, headers=key), 422, "idempotency_mismatch")
