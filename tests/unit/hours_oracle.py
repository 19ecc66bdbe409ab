"""What Python's own zoneinfo says about clocks, quiet hours and digests.

Usage: hours_oracle.py YEARS_FROM YEARS_TO SEED.  Prints, a line each:
  O zone utc offset            the clocks' offset at an instant
  Q zone utc from to expect    quiet hours [from, to), minutes of the day
  D zone utc at weekday expect a digest, weekday -1: daily
Every zone of the system is in it, and of each the nights of its clock
changes.  Quiet hours are searched minute by minute, not computed: that is
what makes it an oracle.  Ends with 77 where zoneinfo has no data.
"""

import bisect
import datetime
import random
import sys
import zoneinfo

FROM, TO, SEED = (int(a) for a in sys.argv[1:4])
UTC = datetime.timezone.utc
START = int(datetime.datetime(FROM, 1, 1, tzinfo=UTC).timestamp())
END = int(datetime.datetime(TO, 1, 1, tzinfo=UTC).timestamp())
DAY = 86400
zoneinfo.reset_tzpath(["/usr/share/zoneinfo"])
chance = random.Random(SEED)


def offset(zone, utc):
    return int(datetime.datetime.fromtimestamp(utc, zone).utcoffset()
               .total_seconds())


def turn_between(zone, a, b):
    before = offset(zone, a)
    while b - a > 1:
        mid = (a + b) // 2
        if offset(zone, mid) == before:
            a = mid
        else:
            b = mid
    return b


def turns_of(zone):
    """Instants at which the clocks change, found by looking once a day."""
    out = []
    for day in range(START, END, DAY):
        if offset(zone, day) != offset(zone, day + DAY):
            out.append(turn_between(zone, day, day + DAY))
    return out


def wall(zone, turns, offsets, utc):
    """Minutes of the day on the wall; `offsets` beside the turns spares
    a look-up a minute."""
    i = bisect.bisect_right(turns, utc)
    return (utc + offsets[i]) % DAY // 60


def is_quiet(minute, a, b):
    return a <= minute < b if a < b else minute >= a or minute < b


def quiet_end(zone, turns, offsets, utc, a, b):
    if a == b or not is_quiet(wall(zone, turns, offsets, utc), a, b):
        return utc
    t = utc - utc % 60 + 60
    while is_quiet(wall(zone, turns, offsets, t), a, b):
        t += 60
    return t


def digest_at(zone, turns, offsets, utc, at, weekday):
    """The first minute at which the wall has come to `at` of a day that it
    had not come to before; the day is the wall's."""
    t = utc - utc % 60 + (60 if utc % 60 else 0)
    probe = t - 2 * DAY
    reached = (probe + offsets[bisect.bisect_right(turns, probe)]) // 60
    while True:
        i = bisect.bisect_right(turns, probe)
        now = (probe + offsets[i]) // 60
        if now > reached:
            for mark in range(reached + 1, now + 1):
                day, minute = divmod(mark, 1440)
                if minute == at and probe >= t and weekday in (
                        -1, (day + 3) % 7):
                    return probe
            reached = now
        probe += 60


names = sorted(n for n in zoneinfo.available_timezones()
               if n[0].isupper() and n != "localtime")
if len(names) < 300:
    print("no zone data")
    sys.exit(77)
for name in names:
    zone = zoneinfo.ZoneInfo(name)
    turns = turns_of(zone)
    offsets = [offset(zone, START)] + [offset(zone, t) for t in turns]
    for t in turns:
        for look in (t - 1, t, t + 1):
            print("O", name, look, offset(zone, look))
    for _ in range(60):
        t = chance.randrange(START, END)
        print("O", name, t, offset(zone, t))
    # Long after the table of a file, by its rule.
    for year in (2050, 2075, 2099):
        t = int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp()) + \
            chance.randrange(360 * DAY)
        print("O", name, t, offset(zone, t))
    near = [t for t in turns if START + 3 * DAY < t < END - 9 * DAY]
    spots = [chance.randrange(START + 3 * DAY, END - 9 * DAY)
             for _ in range(6)]
    spots += [t + chance.randrange(-20 * 3600, 4 * 3600)
              for t in chance.sample(near, min(len(near), 6))]
    for t in spots:
        local = wall(zone, turns, offsets, t)
        for a, b in ((22 * 60, 7 * 60), (chance.randrange(1440),
                     chance.randrange(1440)), (local, local),
                     (max(local - 5, 0), (local + chance.randrange(1, 600))
                      % 1440), (23 * 60, chance.choice((60, 90, 120, 150,
                                                        180, 195)))):
            print("Q", name, t, a, b, quiet_end(zone, turns, offsets, t, a,
                                                b))
    for t in spots[-2:]:
        at = chance.choice((0, 30, 90, 120, 150, 165, 480, 1439))
        weekday = chance.choice((-1, -1, 0, 3, 6))
        print("D", name, t, at, weekday,
              digest_at(zone, turns, offsets, t, at, weekday))
