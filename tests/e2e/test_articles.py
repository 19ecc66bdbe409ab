"""Articles: who reads and changes what, and that publishing tells people once (API.md [N])."""
import secrets

import pytest

from instance import wait_until
from people import Person, an_email, forget_limits, problem
from push_case import at_once

PATH = "/api/articles/"


@pytest.fixture(scope="module")
def sara(inst):
    return Person(inst, email=an_email(), first_name="Sara", last_name="Moradi")


@pytest.fixture(scope="module")
def ali(inst):
    return Person(inst, email=an_email())


def write(who, title=None, **more):
    r = who.first.call("POST", PATH, {"title": title or f"T {secrets.token_hex(4)}", "content": "Words\nand more", **more})
    assert r.status_code == 201, r.text
    return r.json()


def notes(inst, article):
    return inst.rows("SELECT title, content, audience FROM notification WHERE type = 'article' AND content LIKE %s", f'%{article["id"]}%')


def test_written_read_changed_and_removed(inst, sara, ali):
    a = write(sara, "  Hello  ", author=1, id="7", extra={"x": 1})
    assert a == {"id": a["id"], "title": "Hello", "content": "Words\nand more", "author": sara.id, "author_email": sara.email,
                 "created_at": a["created_at"], "updated_at": a["updated_at"], "status": "published"}
    path = f"{PATH}{a['id']}/"
    assert ali.first.call("GET", path).json() == a
    for method, body in (("PUT", {"title": "x", "content": "y"}), ("PATCH", {"title": "x"}), ("DELETE", None)):
        problem(ali.first.call(method, path, body), 403, "forbidden")
        problem(inst.api(method, path, json=body), 401)
    assert sara.first.call("PUT", path, {**a, "title": "Other"}).json()["title"] == "Other"
    problem(sara.first.call("PUT", path, {"title": "x"}), 400, "invalid", "content")
    assert sara.first.call("PATCH", path, {"content": "New"}).json()["content"] == "New"
    assert inst.api("PATCH", path, token=inst.admin(), json={"title": "By an admin"}).json()["author"] == sara.id
    assert sara.first.call("DELETE", path).status_code == 204
    problem(sara.first.call("GET", path), 404)
    problem(sara.first.call("DELETE", path), 404)


@pytest.mark.parametrize("field, body", [("title", {"content": "x"}), ("content", {"title": "x"}), ("title", {"title": "x" * 201, "content": "y"}),
                                         ("title", {"title": "a\nb", "content": "y"}), ("status", {"title": "a", "content": "y", "status": "secret"})])
def test_what_is_wrong_is_named(sara, field, body):
    problem(sara.first.call("POST", PATH, body), 400, "invalid", field)


def test_a_draft_is_its_authors_and_admins(inst, sara, ali):
    a = write(sara, status="draft")
    path = f"{PATH}{a['id']}/"
    for method in ("GET", "PATCH", "DELETE"):
        problem(ali.first.call(method, path, None if method != "PATCH" else {"title": "x"}), 404)
    assert a["id"] not in str(ali.first.call("GET", PATH + "?page_size=100").json())
    problem(ali.first.call("GET", f"{PATH}99999999999/"), 404)
    assert inst.api("GET", path, token=inst.admin()).status_code == 200
    assert [x["id"] for x in sara.first.call("GET", PATH + "?status=draft&page_size=100").json()["results"]].count(a["id"]) == 1
    assert notes(inst, a) == []


def test_listed_searched_and_ordered(sara, ali):
    mark = secrets.token_hex(5)
    made = [write(sara, f"{mark} {w}") for w in "bca"] + [write(ali, f"{mark} d")]
    def ask(more=""):
        return ali.first.call("GET", f"{PATH}?q={mark}{more}").json()
    assert [x["id"] for x in ask()["results"]] == [x["id"] for x in reversed(made)]
    assert [x["title"][-1] for x in ask("&ordering=title")["results"]] == list("abcd")
    assert [x["title"][-1] for x in ask("&ordering=-title")["results"]] == list("dcba")
    assert ask(f"&author={ali.id}")["count"] == 1 and ask("&status=draft")["count"] == 0
    page = ask("&ordering=created_at&limit=2&offset=1")
    assert page["count"] == 4 and [x["title"][-1] for x in page["results"]] == list("ca")
    assert "ordering=created_at" in page["next"] and "offset=3" in page["next"]
    assert ali.first.call("GET", f"/api/v1/article/?q={mark}").json()["count"] == 4
    assert ali.first.call("GET", f"/api/v1/article/{made[0]['id']}/").json() == made[0]


def test_publishing_tells_readers_once_by_mail_and_in_app(inst, sara, ali):
    a = write(sara, f"News <{secrets.token_hex(3)}>")
    said = notes(inst, a)
    assert len(said) == 1 and said[0]["title"] == f"New article: {a['title']}" and '"all":true' in said[0]["audience"]
    for who in (sara, ali):
        got = wait_until("the mail", lambda: [m for m in inst.sandbox.messages(channel="email", to=who.email) if a["title"] in m["subject"]])
        assert len(got) == 1 and f'Sara Moradi published "{a["title"]}"' in got[0]["text"] and "<script" not in got[0]["html"]
        assert a["title"] not in got[0]["html"] and a["title"].replace("<", "&lt;").replace(">", "&gt;") in got[0]["html"]
        box = wait_until("the inbox", lambda: [n for n in who.first.call("GET", "/api/inbox/").json()["results"] if a["title"] in n["title"]])
        assert len(box) == 1 and box[0]["data"] == {"type": "article", "articleId": a["id"]}


def test_twice_in_parallel_and_again_tells_once(inst, sara):
    a = write(sara, status="draft")
    path = f"{PATH}{a['id']}/"
    got = at_once(8, lambda _: sara.first.call("PATCH", path, {"status": "published"}))
    assert {r.status_code for r in got} == {200}
    assert len(notes(inst, a)) == 1
    for status in ("draft", "published"):
        assert sara.first.call("PATCH", path, {"status": status}).json()["status"] == status
    assert len(notes(inst, a)) == 1


def test_a_repeat_makes_one(inst, sara):
    key, body = {"Idempotency-Key": secrets.token_hex(16)}, {"title": f"K {secrets.token_hex(4)}", "content": "x"}
    got = at_once(5, lambda _: sara.first.call("POST", PATH, body, headers=key))
    done = [r for r in got if r.status_code == 201]
    assert {r.status_code for r in got} <= {201, 409} and len({r.json()["id"] for r in done}) == 1
    assert sara.first.call("POST", PATH, body, headers=key).status_code == 201
    assert len(notes(inst, done[0].json())) == 1
    problem(sara.first.call("POST", PATH, {**body, "title": "x"}, headers=key), 422, "idempotency_mismatch")


def test_they_are_exported_and_go_with_the_account(inst):
    p = Person(inst, email=an_email())
    a = write(p)
    assert a["id"] in p.first.call("GET", "/api/auth/export/").text
