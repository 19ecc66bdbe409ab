"""The realtime inbox through nginx: WebSocket and event stream, from the commit to the frame."""
import pytest

from conftest import no_faults
from live import Closed, Refused, Socket, Stream
from people import Person
from push_case import at_once
from test_notify import final, send


@pytest.fixture(scope="module")
def inst():
    from instance import Instance
    with Instance(conf={"GATEPOST_LIVE_DRAIN_S": "1"}) as whole:
        yield whole
        no_faults(whole)


@pytest.fixture
def sara(inst):
    return Person(inst)


def tell(inst, *who, **more):
    r = send(inst, user_ids=[p.id for p in who], **{"channels": ["in_app"], **more})
    assert r.status_code == 202, r.text
    return r.json()["id"]


def test_from_the_commit_to_the_frame(inst, sara):
    """Ready first, then what comes, with rising seq and what the inbox shows; counts after it."""
    with Socket(inst, token=sara.first.access) as ws:
        ready = ws.frame()
        assert {k: ready[k] for k in ("type", "seq", "unread", "unseen")} == {
            "type": "ready", "seq": 0, "unread": 0, "unseen": 0} and 0 < ready["retry_ms"] < 10000
        id_ = tell(inst, sara, title="Now", data={"orderId": "7"}, url="/orders/7", type="order")
        got = ws.frame()
        assert got["type"] == "notification" and got["id"] == id_ and got["seq"] == 1
        shown = sara.first.call("GET", "/api/inbox/").json()["results"][0]
        assert got["data"] == {k: shown[k] for k in ("type", "title", "body", "url", "data", "created_at")}
        counts = ws.frame()
        assert counts == {"type": "counts", "unread": 1, "unseen": 1, "seq": 1}


def test_the_stream_says_the_same(inst, sara):
    with Stream(inst, token=sara.first.access) as es:
        assert es.headers["content-type"] == "text/event-stream" and es.frame()["type"] == "ready"
        assert es.retry > 0
        tell(inst, sara, title="Now")
        got = es.frame()
        assert got["type"] == "notification" and es.id == str(got["seq"]) == "1"
        assert es.frame()["type"] == "counts" and es.id is None
    final(inst, tell(inst, sara, title="Later"))
    with Stream(inst, token=sara.first.access, headers={"Last-Event-ID": "1"}) as es:
        assert [es.frame()["type"] for _ in range(2)] == ["ready", "notification_missed"] and es.id == "2"
