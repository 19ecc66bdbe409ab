"""What kills may leave behind, and what they may not. Pure: from what was
answered, what the sandbox has and what the database says, to counts and faults.

    lost        accepted, and neither sent nor marked unsure
    stuck       not in a final state
    wrong_rows  more delivery rows than recipients, or a message at the provider
                that no row admits
    duplicates  the same message at the same recipient again
    unsure      the request may have left: honest, and bounded by what was on
                its way at a kill
"""
import collections

FINAL = {"sent", "delivered", "read", "skipped", "failed", "expired",
         "cancelled", "unsure"}
SENT = ("sent", "delivered", "read")
GIVEN_UP = ("failed", "expired", "cancelled", "skipped")


def by_name(rows):
    states = collections.defaultdict(collections.Counter)
    for name, state, n in rows:
        states[name][state] += n
    return states


def total(counter, names):
    return sum(counter[n] for n in names)


def pushes(answered, messages, rows):
    """answered: {title: recipients}; messages: the sandbox's; rows: (title,
    state, count). (Counter of the words above and recipients, [faults])."""
    copies = collections.defaultdict(list)
    for (title, _), n in collections.Counter(
            (m["subject"], m["to"]) for m in messages).items():
        copies[title].append(n)
    states = by_name(rows)
    out, faults = collections.Counter(), []
    for title, n in answered.items():
        have, arrived = states[title], copies[title]
        sent = total(have, SENT)
        there = len(arrived)
        # what is sent is there; what is there was sent or may have been
        lost = max(0, n - have.total()) + max(0, sent - there) + \
            total(have, GIVEN_UP)
        stuck = sum(v for s, v in have.items() if s not in FINAL)
        wrong = max(0, have.total() - n) + max(0, there - sent - have["unsure"])
        out.update(recipients=n, lost=lost, stuck=stuck, wrong_rows=wrong,
                   unsure=have["unsure"], duplicates=sum(arrived) - there)
        if lost or stuck or wrong:
            faults.append(f"{title}: {n} recipients, states {dict(have)}, "
                          f"{there} at the sandbox")
    return out, faults


def codes(answered, messages, rows):
    """answered: phones; rows: (phone, state, count). One code each, which is
    never sent again whatever was lost. (Counter, [faults])."""
    seen = collections.Counter(m["to"] for m in messages)
    states = by_name(rows)
    out, faults = collections.Counter(), []
    for phone in answered:
        have, arrived = states[phone], seen[phone]
        once = total(have, SENT) == 1 and arrived >= 1
        fine = have.total() == 1 and (once or have["unsure"] == 1)
        out.update(codes=1, unsure=have["unsure"], lost=0 if fine else 1,
                   duplicates=max(0, arrived - 1))
        if not fine or arrived > 1:
            faults.append(f"{phone}: states {dict(have)}, {arrived} at the sandbox")
    return out, faults


def campaign(people, messages, rows):
    """people: {user: where the sandbox has what is his, or None: nothing can be
    sent to him}; messages: the campaign's; rows: (user, state, count). One row
    each, final. (Counter, [faults])."""
    copies = collections.Counter(m["to"] for m in messages)
    states = by_name(rows)
    out, faults = collections.Counter(), []
    for user, to in people.items():
        have, there = states.pop(user, collections.Counter()), 0
        if to is not None:
            there = copies.pop(to, 0)
        sent = total(have, SENT)
        lost = have.total() == 0 or sent > there or \
            (total(have, GIVEN_UP) > 0 if to is not None else have["skipped"] != 1)
        stuck = sum(n for s, n in have.items() if s not in FINAL)
        wrong = have.total() > 1 or (there > 0 and not sent and not have["unsure"])
        out.update(recipients=1, lost=int(lost), stuck=stuck, wrong_rows=int(wrong),
                   unsure=have["unsure"], duplicates=max(0, there - 1))
        if lost or stuck or wrong:
            faults.append(f"user {user}: states {dict(have)}, {there} at the sandbox")
    for user, have in states.items():
        out.update(wrong_rows=have.total())
        faults.append(f"user {user} is nobody's: {dict(have)}")
    for to, n in copies.items():
        out.update(wrong_rows=n)
        faults.append(f"{n} at {to}, who is nobody")
    return out, faults
