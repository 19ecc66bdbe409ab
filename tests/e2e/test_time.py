"""When a message may go: quiet hours and digests on the recipient's own clock, frequency caps, and all of them
together (R11): they put off and never drop, explain says the same, and what waits past its end is expired."""
import concurrent.futures
import datetime

import pytest

from people import within
from test_notify import PATH, TEXT, a_user, final, look, send, ways

UTC = datetime.timezone.utc
CAPS = "order:email/hour=2,order:email/day=3"


@pytest.fixture(scope="module")
def inst():
    from conftest import no_faults
    from instance import Instance
    with Instance(conf={"GATEPOST_CAPS": CAPS}) as whole:
        yield whole
        no_faults(whole)


def now(inst):
    return inst.rows("SELECT UTC_TIMESTAMP(6) AS t")[0]["t"].replace(tzinfo=UTC)


def minute(t):
    return t.hour * 60 + t.minute


def prefers(inst, user, begin=None, end=None, zone="UTC", digest=None):
    inst.rows("INSERT INTO preference (user_id, quiet_from, quiet_to, quiet_zone, digest, updated_at)"
              " VALUES (%s, %s, %s, %s, %s, UTC_TIMESTAMP(6))", user["id"], begin, end, zone if begin is not None else None, digest)


def in_quiet_hours(inst):
    """Somebody whose quiet hours began an hour ago and end in two, and that end."""
    u = a_user(inst)
    t = now(inst)
    end = (t + datetime.timedelta(hours=2)).replace(second=0, microsecond=0)
    prefers(inst, u, minute(t - datetime.timedelta(hours=1)), minute(end))
    return u, end


def planned(inst, id_):
    within(20, "it is planned", lambda: look(inst, id_)["planned"], every=0.05)
    return look(inst, id_)


def waiting(inst, id_):
    """When the jobs of a notification may run."""
    return [r["run_at"].replace(tzinfo=UTC) for r in inst.rows(
        "SELECT run_at FROM job WHERE notification_id = %s AND kind = 2 AND run_at > UTC_TIMESTAMP(6) ORDER BY run_at", id_)]


def explained(inst, user, **body):
    r = inst.api("POST", f"{PATH}explain/", token=inst.token, json={**TEXT, "user_id": user["id"], **body})
    assert r.status_code == 200, r.text
    return {c["channel"]: c for c in r.json()["results"][0]["channels"]}


def time_comes(inst, id_):
    inst.rows("UPDATE job SET run_at = UTC_TIMESTAMP(6) WHERE notification_id = %s AND kind = 2", id_)


def test_r11_quiet_hours_put_off_and_do_not_drop(inst):
    u, end = in_quiet_hours(inst)
    said = explained(inst, u)["email"]
    assert (said["outcome"], said["reason"]) == ("held", "quiet_hours")
    id_ = send(inst, user_id=u["id"]).json()["id"]
    n = planned(inst, id_)
    assert ways(n, u)["email"] == ("queued", "") and ways(n, u)["in_app"] == ("sent", "")
    assert waiting(inst, id_) == [end]
    assert not inst.sandbox.messages(channel="email", to=u["email"])
    time_comes(inst, id_)
    assert ways(final(inst, id_), u)["email"] == ("sent", "")
    assert inst.sandbox.wait(channel="email", to=u["email"])


def test_r11_the_recipients_own_zone(inst):
    """A quarter of an hour off the others: Kathmandu, and a zone that only the profile has."""
    u, v = a_user(inst), a_user(inst)
    t = now(inst) + datetime.timedelta(hours=5, minutes=45)
    prefers(inst, u, minute(t - datetime.timedelta(hours=1)), minute(t + datetime.timedelta(hours=1)), "Asia/Kathmandu")
    inst.rows("INSERT INTO preference (user_id, quiet_from, quiet_to, updated_at) VALUES (%s, %s, %s, UTC_TIMESTAMP(6))",
              v["id"], minute(t - datetime.timedelta(hours=1)), minute(t + datetime.timedelta(hours=1)))
    inst.rows("UPDATE user SET time_zone = 'Asia/Kathmandu' WHERE id = %s", v["id"])
    for who in (u, v):
        said = explained(inst, who)["email"]
        assert (said["outcome"], said["reason"]) == ("held", "quiet_hours"), said
        assert len(waiting(inst, planned(inst, send(inst, user_id=who["id"]).json()["id"])["id"])) == 1


def test_critical_passes(inst):
    u, _ = in_quiet_hours(inst)
    id_ = send(inst, user_id=u["id"], **{"class": "critical"}).json()["id"]
    assert ways(final(inst, id_), u)["email"] == ("sent", "")


def test_what_waits_is_asked_again_before_it_leaves(inst):
    """Planned in the evening; by the morning they have said no, or are gone, or the device is somebody else's."""
    asleep = [in_quiet_hours(inst)[0] for _ in range(6)]
    kind, channel, disabled, handed, stays, other = asleep
    tokens = {}
    for u in (handed, stays):
        tokens[u["id"]] = f"ExponentPushToken[{u['email'][1:20]}]"
        inst.rows("INSERT INTO device (id, user_id, kind, target_hash, target) VALUES (%s, %s, 'expo', UNHEX(SHA2(%s, 256)), %s)",
                  u["id"] + 10 ** 17, u["id"], tokens[u["id"]], tokens[u["id"]])
    ids = {u["id"]: send(inst, user_id=u["id"], type="order", channels=["email", "expo"]).json()["id"] for u in asleep}
    for u in asleep:
        assert len(waiting(inst, planned(inst, ids[u["id"]])["id"])) == (2 if u in (handed, stays) else 1)
    inst.rows("INSERT INTO preference_type VALUES (%s, 'order', 0, 1)", kind["id"])
    inst.rows("UPDATE preference SET off_mask = 1 WHERE user_id = %s", channel["id"])
    inst.rows("UPDATE user SET is_active = FALSE WHERE id = %s", disabled["id"])
    inst.rows("UPDATE device SET user_id = %s WHERE user_id = %s", other["id"], handed["id"])
    # His no is of another kind.
    inst.rows("INSERT INTO preference_type VALUES (%s, 'review', 0, 31)", stays["id"])
    for id_ in ids.values():
        time_comes(inst, id_)

    def said(u):
        return {c: s for c, s in ways(final(inst, ids[u["id"]]), u).items() if s[0] != "skipped" or s[1] != "no_device"}
    assert said(kind) == {"email": ("skipped", "opted_out")} == said(channel)
    assert said(disabled) == {"email": ("skipped", "inactive")}
    assert said(handed) == {"email": ("sent", ""), "expo": ("skipped", "device_gone")}
    assert said(stays) == {"email": ("sent", ""), "expo": ("sent", "")}
    for u in (kind, channel, disabled):
        assert not inst.sandbox.messages(channel="email", to=u["email"])
    assert not inst.sandbox.messages(channel="expo", to=tokens[handed["id"]])
    assert inst.sandbox.messages(channel="expo", to=tokens[stays["id"]])


def test_r11_what_waits_past_its_end_is_expired(inst):
    u, end = in_quiet_hours(inst)
    before = (end - datetime.timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    id_ = send(inst, user_id=u["id"], expires_at=before).json()["id"]
    planned(inst, id_)
    # Not at the end of the night: at its own.
    assert [t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in waiting(inst, id_)] == [before]
    inst.rows("UPDATE job SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, run_at = expires_at"
              " WHERE notification_id = %s AND kind = 2", id_)
    assert ways(final(inst, id_, 40), u)["email"][0] == "expired"
    assert not inst.sandbox.messages(channel="email", to=u["email"])


def test_a_digest_waits_for_its_time(inst):
    u = a_user(inst)
    at = now(inst) + datetime.timedelta(hours=3)
    prefers(inst, u, digest='{"every":"day","at":"%02d:%02d"}' % (at.hour, at.minute))
    said = explained(inst, u)["email"]
    assert (said["outcome"], said["reason"]) == ("held", "digest")
    id_ = send(inst, user_id=u["id"]).json()["id"]
    planned(inst, id_)
    assert [r["run_at"].replace(tzinfo=UTC) for r in inst.rows("SELECT run_at FROM digest WHERE user_id = %s", u["id"])] == [
        at.replace(second=0, microsecond=0)]


def test_a_cap_puts_off_and_holds_in_parallel(inst):
    u = a_user(inst)
    with concurrent.futures.ThreadPoolExecutor(7) as pool:
        ids = [r.json()["id"] for r in pool.map(lambda _: send(inst, user_id=u["id"], type="order"), range(7))]
    for id_ in ids:
        planned(inst, id_)
    within(20, "two leave", lambda: len(inst.sandbox.messages(channel="email", to=u["email"])) == 2)
    later = sorted(t for id_ in ids for t in waiting(inst, id_))
    # Two now, the third of the day in the next hour; three more in the next day's hours, and one in the third day.
    gaps = [round((t - now(inst)).total_seconds() / 3600) for t in later]
    assert gaps == [1, 24, 24, 25, 48], gaps
    assert explained(inst, u, type="order")["email"]["reason"] == "frequency_cap"
    # Another type has no cap, another person places of his own.
    assert explained(inst, u, type="message")["email"]["outcome"] == "send"
    assert explained(inst, a_user(inst), type="order")["email"]["outcome"] == "send"


def test_r11_a_cap_holds_behind_quiet_hours_too(inst):
    """A night's messages do not all go at its end."""
    u, end = in_quiet_hours(inst)
    ids = [send(inst, user_id=u["id"], type="order").json()["id"] for _ in range(3)]
    for id_ in ids:
        planned(inst, id_)
    later = sorted(t for id_ in ids for t in waiting(inst, id_))
    assert [round((t - end).total_seconds() / 3600) for t in later] == [0, 0, 1]
