"""The judge of the crash test finds what it is there to find.

Run: /usr/bin/python3 -m pytest tests/crash/test_judge.py
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judge                                                # noqa: E402


def sandbox(*pairs):
    return [{"subject": title, "to": to} for title, to in pairs]


FINE = ({"a": 1, "b": 3},
        sandbox(("a", "1"), ("b", "1"), ("b", "2"), ("b", "3")),
        [("a", "sent", 1), ("b", "sent", 3)])


def test_all_sent_is_no_fault():
    out, faults = judge.pushes(*FINE)
    assert faults == []
    assert out["recipients"] == 4
    assert all(out[w] == 0 for w in ("lost", "stuck", "wrong_rows", "duplicates"))


@pytest.mark.parametrize("word, messages, rows", [
    ("lost", [("b", "1"), ("b", "2")], [("b", "sent", 3)]),         # a lie
    ("lost", [("b", "1"), ("b", "2")], [("b", "sent", 2)]),         # a row gone
    ("lost", [("b", "1"), ("b", "2")], [("b", "sent", 2), ("b", "failed", 1)]),
    ("lost", [], []),                                               # nothing at all
    ("stuck", [("b", "1"), ("b", "2")], [("b", "sent", 2), ("b", "sending", 1)]),
    ("stuck", [], [("b", "queued", 3)]),
    ("wrong_rows", [("b", "1"), ("b", "2"), ("b", "3")],
     [("b", "sent", 3), ("b", "unsure", 1)]),                       # two states
    ("wrong_rows", [("b", "1"), ("b", "2"), ("b", "3")],
     [("b", "sent", 2), ("b", "failed", 1)]),                       # sent, denied
])
def test_a_fault_is_found(word, messages, rows):
    out, faults = judge.pushes({"b": 3}, sandbox(*messages), rows)
    assert out[word] > 0 and len(faults) == 1


@pytest.mark.parametrize("third", [[], [("b", "3")]])
def test_unsure_may_have_arrived_or_not(third):
    out, faults = judge.pushes({"b": 3}, sandbox(("b", "1"), ("b", "2"), *third),
                               [("b", "sent", 2), ("b", "unsure", 1)])
    assert faults == [] and out["unsure"] == 1


def test_a_repeat_is_counted_once_a_copy():
    out, _ = judge.pushes({"a": 1}, sandbox(("a", "1"), ("a", "1"), ("a", "1")),
                          [("a", "sent", 1)])
    assert out["duplicates"] == 2


def test_the_same_title_at_two_recipients_is_no_repeat():
    out, _ = judge.pushes({"a": 2}, sandbox(("a", "1"), ("a", "2")),
                          [("a", "sent", 2)])
    assert out["duplicates"] == 0


@pytest.mark.parametrize("arrived, rows, lost, duplicates", [
    (1, [("+1", "sent", 1)], 0, 0),
    (0, [("+1", "unsure", 1)], 0, 0),
    (1, [("+1", "unsure", 1)], 0, 0),
    (0, [("+1", "sent", 1)], 1, 0),
    (0, [("+1", "failed", 1)], 1, 0),
    (0, [("+1", "queued", 1)], 1, 0),
    (0, [], 1, 0),
    (1, [("+1", "sent", 1), ("+1", "failed", 1)], 1, 0),
    (2, [("+1", "sent", 1)], 0, 1),
    (2, [("+1", "unsure", 1)], 0, 1),
])
def test_codes(arrived, rows, lost, duplicates):
    out, faults = judge.codes({"+1": 1}, [{"to": "+1", "subject": None}] * arrived, rows)
    assert (out["lost"], out["duplicates"]) == (lost, duplicates)
    assert bool(faults) == bool(lost or duplicates)


@pytest.mark.parametrize("word, messages, rows", [
    (None, ["x"], [(1, "sent", 1), (2, "skipped", 1)]),
    (None, [], [(1, "unsure", 1), (2, "skipped", 1)]),
    ("lost", ["x"], [(1, "sent", 1)]),                              # no row at all
    ("lost", [], [(1, "sent", 1), (2, "skipped", 1)]),              # a lie
    ("lost", [], [(1, "cancelled", 1), (2, "skipped", 1)]),
    ("stuck", [], [(1, "queued", 1), (2, "skipped", 1)]),
    ("wrong_rows", ["x"], [(1, "sent", 2), (2, "skipped", 1)]),     # planned twice
    ("wrong_rows", ["x"], [(1, "failed", 1), (2, "skipped", 1)]),   # sent, denied
    ("wrong_rows", ["x"], [(1, "sent", 1), (2, "skipped", 1), (3, "sent", 1)]),
    ("wrong_rows", ["x", "y"], [(1, "sent", 1), (2, "skipped", 1)]),
    ("duplicates", ["x", "x"], [(1, "sent", 1), (2, "skipped", 1)]),
])
def test_of_a_campaign_each_has_one_end(word, messages, rows):
    out, faults = judge.campaign({1: "x", 2: None}, [{"to": m} for m in messages], rows)
    assert out["recipients"] == 2
    assert {w for w in ("lost", "stuck", "wrong_rows", "duplicates") if out[w]} >= ({word} - {None})
    assert bool(faults) == (word not in (None, "duplicates"))
