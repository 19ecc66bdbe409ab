"""Templates: ready ones word for word, versions that never change, values that are judged and escaped, preview and
test send (issue 4, item 4)."""
import secrets

import pytest

from instance import Instance, wait_until
from people import Person, an_email, problem
from push_case import admin_token, at_once

PATH = "/api/templates/"


@pytest.fixture(scope="module")
def inst():
    with Instance() as own:
        yield own


@pytest.fixture(scope="module")
def root(inst):
    return inst.admin()


def a_name():
    return f"t_{secrets.token_hex(5)}"


def words(title="Order {orderId}", body="It goes to {name}.", **more):
    return {"type": "order", "variables": {"orderId": {"type": "id"}, "name": {"type": "string"}},
            "data": {"type": "order", "orderId": "{orderId}"}, "default_locale": "en",
            "locales": {"en": {"title": title, "body": body, **more}}}


def make(inst, root, definition=None, **more):
    r = inst.api("POST", PATH, token=root, json={"name": a_name(), "definition": definition or words(), **more})
    assert r.status_code == 201, r.text
    return r.json()


def preview(inst, token, name, **body):
    return inst.api("POST", f"{PATH}{name}/preview/", token=token, json=body)


READY = [
    ("new_order", {"buyer_first_name": "Sara", "product_name": "Rug", "orderId": 7}, "New Order! 🎉", "Sara ordered Rug",
     {"type": "order", "orderId": "7"}),
    *[("order_status_update", {"status": s, "orderId": "7"}, "Order Update", b, {"type": "order", "orderId": "7"}) for s, b in (
        ("processing", "Your order is being processed"), ("shipped", "Your order has been shipped"),
        ("delivered", "Your order has been delivered"), ("cancelled", "Your order has been cancelled"),
        ("on hold", "Order status: on hold"))],
    ("new_message", {"sender_first_name": "Ali", "threadId": 9}, "New message from Ali", "Tap to view message",
     {"type": "message", "threadId": "9"}),
    ("payment_confirmed", {"product_name": "Rug", "orderId": 7}, "Payment Confirmed ✅", "Payment for Rug was successful",
     {"type": "payment", "orderId": "7"}),
    ("new_review", {"product_name": "Rug", "rating": 5, "productId": 3}, "New Review ⭐",
     'Your product "Rug" received a 5-star review', {"type": "review", "productId": "3"}),
    ("product_approved", {"product_name": "Rug", "productId": 3}, "Product Approved ✅", 'Your product "Rug" has been approved',
     {"type": "product", "productId": "3"}),
]


@pytest.mark.parametrize("name, data, title, body, routing", READY)
def test_the_ready_ones_word_for_word(inst, root, name, data, title, body, routing):
    r = preview(inst, root, name, data=data)
    assert r.status_code == 200, r.text
    got = r.json()
    assert got["type"] == routing["type"] and got["data"] == routing
    assert {"en", "fa"} == set(got["locales"])
    for channel in ("web_push", "expo", "in_app"):
        assert (got["locales"]["en"][channel]["title"], got["locales"]["en"][channel]["body"]) == (title, body)
    assert got["locales"]["en"]["email"]["subject"] == title and body in got["locales"]["en"]["email"]["text"]
    assert got["locales"]["fa"]["in_app"]["title"] != title


def test_welcome_and_article_go_by_mail_and_in_app(inst, root):
    got = preview(inst, root, "welcome", data={"link": "https://shop.example/?a=1&b=2"}).json()
    assert got["channels"] == ["email", "in_app"]
    mail = got["locales"]["en"]["email"]
    assert "https://shop.example/?a=1&b=2" in mail["text"] and 'href="https://shop.example/?a=1&amp;b=2"' in mail["html"]
    assert "Hello there" in mail["text"]
    got = preview(inst, root, "article_published", data={"title": "T", "author": "A", "articleId": "5"}).json()
    assert got["channels"] == ["email", "in_app"] and got["data"] == {"type": "article", "articleId": "5"}


@pytest.mark.parametrize("data, field", [
    ({}, "data.orderId"), ({"orderId": 1}, "data.name"), ({"orderId": 1, "name": 7}, "data.name"),
    ({"orderId": 1, "name": "a", "colour": "red"}, "data.colour"), ([], "data"), ({"orderId": "a b", "name": "x"}, "data.orderId"),
    ({"orderId": 1, "name": "x" * 1001}, "data.name")])
def test_what_is_missing_unknown_or_mistyped_is_named(inst, root, data, field):
    name = make(inst, root)["name"]
    problem(preview(inst, root, name, data=data), 400, "invalid", field)
    problem(inst.api("POST", f"{PATH}{name}/test/", token=root, json={"data": data}), 400, "invalid", field)


@pytest.mark.parametrize("definition, field", [
    ({"locales": {}}, "locales"), (words(title="{x}"), "locales.en.title"), (words(title="a{"), "locales.en.title"),
    (words(email={"html": "<a href=\"{name}\">x</a>"}), "locales.en.email.html"), ({**words(), "colour": 1}, "colour"),
    ({**words(), "default_locale": "de"}, "default_locale"), ("text", "definition")])
def test_what_cannot_be_rendered_is_not_kept(inst, root, definition, field):
    r = inst.api("POST", PATH, token=root, json={"name": a_name(), "definition": definition})
    p = problem(r, 400, "invalid")
    assert field in p["errors"] or field == "definition", r.text


def test_who_may(inst, root):
    t, user = make(inst, root), Person(inst)
    send, push = admin_token(inst, scopes=["send"])["token"], admin_token(inst, scopes=["push"])["token"]
    for method, path, json in (("GET", PATH, None), ("GET", f"{PATH}{t['id']}/", None), ("GET", f"{PATH}{t['id']}/versions/", None),
                               ("GET", f"{PATH}{t['id']}/versions/1/", None),
                               ("POST", f"{PATH}{t['id']}/preview/", {"data": {"orderId": 1, "name": "a"}})):
        problem(inst.api(method, path, json=json), 401)
        problem(user.first.call(method, path, json), 403, "role_required")
        problem(inst.api(method, path, token=push, json=json), 403, "scope_required")
        assert inst.api(method, path, token=send, json=json).status_code == 200
    for method, path, json in (("POST", PATH, {"name": a_name(), "definition": words()}), ("PATCH", f"{PATH}{t['id']}/", {}),
                               ("POST", f"{PATH}{t['id']}/versions/", {"definition": words()}), ("POST", f"{PATH}{t['id']}/test/", {})):
        problem(inst.api(method, path, token=send, json=json), 403, "scope_required")


def test_values_are_escaped_and_read_once(inst, root):
    name = make(inst, root, words(title="To {name}", url="https://s.example/?q={name}", email={
        "subject": "S {name}", "html": "<p title=\"{name}\">{name}</p>"}))["name"]
    evil = "<i>{orderId}\r\nBcc: x@example.com"
    got = preview(inst, root, name, data={"orderId": 5, "name": evil}).json()["locales"]["en"]
    assert got["email"]["subject"] == "S <i>{orderId}  Bcc: x@example.com"
    assert "<i>" not in got["email"]["html"] and "{orderId}" in got["email"]["html"]
    assert "\r" not in got["sms"]["text"]
    assert got["web_push"]["url"] == "https://s.example/?q=%3Ci%3E%7BorderId%7D%0D%0ABcc%3A%20x%40example.com"


def test_preview_counts_sms_and_push(inst, root):
    name = make(inst, root, words(sms={"text": "{name}"}))["name"]
    for text, encoding, units, segments, fits in (("a" * 160, "gsm7", 160, 1, True), ("a" * 161, "gsm7", 161, 2, True),
                                                  ("س" * 71, "ucs2", 71, 2, True), ("a" * 613, "gsm7", 613, 5, False)):
        got = preview(inst, root, name, data={"orderId": 1, "name": text}).json()["locales"]["en"]
        assert got["sms"] == {"text": text, "encoding": encoding, "units": units, "segments": segments, "fits": fits}
        assert 0 < got["web_push"]["bytes"] <= got["web_push"]["bytes_max"] == 3993
    long = {"orderId": 1, "name": "a" * 613}
    problem(inst.api("POST", f"{PATH}{name}/test/", token=root, json={"channel": "sms", "data": long}), 400, "sms_too_long", "data")


def test_a_version_never_changes_and_one_is_active(inst, root):
    t = make(inst, root)
    assert (t["active_version"], t["versions"], t["definition"]) == (1, 1, words())
    second = words(body="Other words for {name}.")
    r = inst.api("POST", f"{PATH}{t['name']}/versions/", token=root, json={"definition": second, "activate": False})
    assert r.status_code == 201 and r.json()["version"] == 2 and r.json()["active"] is False
    assert inst.api("GET", f"{PATH}{t['id']}/", token=root).json()["definition"] == words()
    assert inst.api("PATCH", f"{PATH}{t['id']}/", token=root, json={"active_version": 2}).json()["definition"] == second
    assert inst.api("GET", f"{PATH}{t['id']}/versions/1/", token=root).json()["definition"] == words()
    problem(inst.api("PATCH", f"{PATH}{t['id']}/", token=root, json={"active_version": 3}), 400, "invalid", "active_version")
    shown = preview(inst, root, t["name"], version=1, data={"orderId": 1, "name": "Ali"}).json()
    assert shown["version"] == 1 and shown["locales"]["en"]["in_app"]["body"] == "It goes to Ali."
    rows = inst.rows("SELECT event FROM audit WHERE detail LIKE %s ORDER BY id", f'%"{t["name"]}"%')
    assert [r["event"] for r in rows] == ["template_made", "template_version", "template_changed"]


def test_parallel_versions_are_counted_and_repeats_are_one(inst, root):
    t, key = make(inst, root), {"Idempotency-Key": secrets.token_hex(16)}
    path = f"{PATH}{t['id']}/versions/"
    got = at_once(8, lambda _: inst.api("POST", path, token=root, json={"definition": words()}))
    assert sorted(r.json()["version"] for r in got) == list(range(2, 10))
    got = at_once(6, lambda _: inst.api("POST", path, token=root, json={"definition": words(title="K")}, headers=key))
    done = [r for r in got if r.status_code == 201]
    assert {r.status_code for r in got} <= {201, 409} and {r.json()["version"] for r in done} == {10}
    problem(inst.api("POST", path, token=root, json={"definition": words()}, headers=key), 422, "idempotency_mismatch")
    name = a_name()
    got = at_once(6, lambda _: inst.api("POST", PATH, token=root, json={"name": name, "definition": words()}))
    assert sorted(r.status_code for r in got) == [201] + [409] * 5


def a_boss(inst):
    """An administrator with an address, who gets the test."""
    p = Person(inst, email=an_email())
    inst.rows("UPDATE user SET is_staff = TRUE, locale = 'fa-IR' WHERE id = %s", p.id)
    return p, p.bearer()


def test_a_test_is_sent_to_the_caller_in_his_language(inst, root):
    p, boss = a_boss(inst)
    d = words()
    d["locales"]["fa"] = {"title": "سفارش {orderId}", "body": "برای {name}"}
    name, key = make(inst, root, d)["name"], {"Idempotency-Key": secrets.token_hex(16)}
    got = [boss.call("POST", f"{PATH}{name}/test/", {"data": {"orderId": 5, "name": "<Ali>"}}, headers=key) for _ in range(2)]
    assert [r.status_code for r in got] == [202, 202] and got[0].json() == got[1].json()
    mail = wait_until("the mail", lambda: [m for m in inst.sandbox.messages(channel="email", to=p.email) if "سفارش" in m["subject"]])
    assert len(mail) == 1 and mail[0]["subject"] == "سفارش 5"
    assert "برای <Ali>" in mail[0]["text"] and "برای &lt;Ali&gt;" in mail[0]["html"]
    problem(boss.call("POST", f"{PATH}{name}/test/", {"channel": "sms", "data": {"orderId": 5, "name": "a"}}), 400, "invalid", "channel")


def test_what_was_accepted_keeps_its_words(inst, root):
    p, boss = a_boss(inst)
    t = make(inst, root)
    inst.kill("worker")
    try:
        assert boss.call("POST", f"{PATH}{t['name']}/test/", {"data": {"orderId": 5, "name": "old"}}).status_code == 202
        inst.api("POST", f"{PATH}{t['id']}/versions/", token=root, json={"definition": words(title="New words", body="{name}{orderId}")})
    finally:
        inst.start("worker")
    mail = wait_until("the mail", lambda: [m for m in inst.sandbox.messages(channel="email", to=p.email) if "old" in (m["text"] or "")], 30)
    assert mail[0]["subject"] == "Order 5" and "It goes to old." in mail[0]["text"]
