"""Rows: one JSON line each as they come, a table for people at the end.

A goal is a pair (sense, number): the ratio, or where a row has no limit the
value itself, must be at least or at most that.
"""
import json
import sys


class Report:
    def __init__(self, file=None):
        self.rows = []
        self.file = open(file, "w", encoding="utf-8") if file else None

    def row(self, name, value, unit, goal, limit=None, ratio=None, sound=True,
            met=True, **detail):
        """goal: (">=" or "<=", number, "ratio" or the unit). `met` is what a
        row asks besides; `sound` whether the figure means anything at all:
        the work that it counts was really done.
        """
        sense, number, of = goal
        if ratio is None and limit:
            ratio = value / limit
        judged = ratio if of == "ratio" else value
        ok = bool(sound and met)
        if judged is None:
            ok = False
        elif sense == ">=":
            ok = ok and judged >= number
        else:
            ok = ok and judged <= number
        self.add({"name": name, "value": rounded(value), "unit": unit,
                  "limit": rounded(limit), "ratio": rounded(ratio),
                  "goal": f"{sense} {number:g} {of}", "ok": bool(ok),
                  "sound": bool(sound),
                  **{k: rounded(v) for k, v in detail.items()}})

    def failed(self, name, why):
        self.add({"name": name, "value": None, "unit": None, "limit": None,
                  "ratio": None, "goal": None, "ok": False, "sound": False,
                  "why": why})

    def add(self, row):
        self.rows.append(row)
        line = json.dumps(row, ensure_ascii=False)
        print(line, flush=True)
        if self.file:
            self.file.write(line + "\n")
            self.file.flush()

    def table(self):
        if not self.rows:
            return
        head = ("row", "value", "unit", "limit", "ratio", "goal", "")
        lines = [head]
        for r in self.rows:
            lines.append((r["name"], text(r["value"]), r["unit"] or "",
                          text(r["limit"]), text(r["ratio"]),
                          r["goal"] or r.get("why", "")[:60],
                          "ok" if r["ok"] else "MISSED"))
        wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
        print(file=sys.stderr)
        for line in lines:
            print("  ".join(c.rjust(w) if i in (1, 3, 4) else c.ljust(w)
                            for i, (c, w) in enumerate(zip(line, wide))).rstrip(),
                  file=sys.stderr)

    def all_ok(self):
        return bool(self.rows) and all(r["ok"] for r in self.rows)

    def all_sound(self):
        return bool(self.rows) and all(r["sound"] for r in self.rows)


def rounded(v):
    if isinstance(v, float):
        return float(f"{v:.4g}") if abs(v) < 1000 else round(v, 1)
    return v


def text(v):
    if v is None:
        return "-"
    if isinstance(v, float):
        return f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.3g}"
    return f"{v:,}" if isinstance(v, int) else str(v)


def median(values):
    values = sorted(values)
    n = len(values)
    return values[n // 2] if n % 2 else (values[n // 2 - 1] + values[n // 2]) / 2


def paired(ours, theirs):
    """The ratio of two that were measured in turns: the median of the rounds'
    own, so that what slows the machine for a round slows both of it."""
    return median([a / b for a, b in zip(ours, theirs)])


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(p * len(values)))]
