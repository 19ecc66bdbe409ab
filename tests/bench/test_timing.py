"""The judge of `scripts/bench timing`: it finds what is there, and nothing where nothing is."""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rows_timing as timing        # noqa: E402


def some(n, shift, seed):
    """Answers of about 3 ms with the machine's slow ones among them, in µs."""
    r = random.Random(seed)
    return [3000 + shift + r.gauss(0, 120) + (r.expovariate(1 / 8000) if r.random() < 0.1 else 0) for _ in range(n)]


def worst(known, unknown):
    return max(abs(t) for t in timing.t_values(known, unknown).values())


def test_s21_a_shift_is_found_among_slow_answers():
    assert worst(some(1000, 40, 1), some(1000, 0, 2)) > timing.T_MOST
    # ... which all samples together would have hidden.
    assert abs(timing.t_values(some(1000, 40, 1), some(1000, 0, 2))["t100"]) < timing.T_MOST


def test_s21_nothing_is_found_where_nothing_is():
    assert sum(worst(some(1000, 0, 2 * i), some(1000, 0, 2 * i + 1)) > timing.T_MOST for i in range(50)) == 0


def test_s21_answers_are_compared_but_for_what_is_random():
    head = "HTTP/1.1 200 OK\r\nDate: {}\r\nX-Request-Id: {}\r\nCache-Control: no-store"
    body = b'{"message":"sent","register_id":"%s"}'
    one = timing.shape(head.format("Mon", "a"), body % b"a1")
    assert one == timing.shape(head.format("Tue", "b"), body % b"b2")
    assert one != timing.shape(head.format("Tue", "b"), body % b"b23")
    assert one != timing.shape(head.format("Tue", "b") + "\r\nRetry-After: 1", body % b"b2")
    assert one != timing.shape(head.format("Tue", "b"), body.replace(b"sent", b"SENT") % b"b2")
    # What was asked with says nothing either; how long it is would.
    old = b'{"old_phone_number":"%s","success":true}'
    assert timing.shape(head, old % b"+989120000001") == timing.shape(head, old % b"+989129999999")
    assert timing.shape(head, old % b"+989120000001") != timing.shape(head, b'{"old_phone_number":null,"success":true}')


def test_s21_a_run_goes_on_with_the_same_program_only(tmp_path):
    program, state = tmp_path / "program", tmp_path / "var" / "state.json"
    program.write_bytes(b"one")
    s = timing.Samples(str(state), str(program))
    s.of_route("login")["known"].append(1.5)
    s.save()
    assert timing.Samples(str(state), str(program)).of_route("login") == {"known": [1.5], "unknown": []}
    program.write_bytes(b"two")
    assert timing.Samples(str(state), str(program)).of_route("login") == {"known": [], "unknown": []}
