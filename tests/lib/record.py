"""What a test run saw of the API, for scripts/check-contract.

With GATEPOST_RECORD naming a directory, every request that goes over TLS
through the `requests` library and is answered by an operation of
nginx/html/api/openapi.yaml leaves a line of JSON there, in a file of this
process: method, path (of the document), status, the bodies and their types,
the answer's headers by name.  One line a shape: two answers that differ only
in texts, numbers and times are one.  Words of lower case are kept apart, for
they may be values of an enumeration.
"""
import json
import os
import re
import urllib.parse

import requests
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Shapes kept of one status of one operation; a walk with random words would never end.
MOST = 300
WORD = re.compile(r"[a-z][a-z_.]{0,31}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
BIGGEST = 200_000       # bytes of a body that is kept


def shape(value):
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(v), sort_keys=True) for v in value})
    if isinstance(value, str):
        return value if WORD.fullmatch(value) else "T" if MOMENT.fullmatch(value) else ""
    return value if value is None or isinstance(value, bool) else type(value).__name__


def body_of(kind, content):
    """The value of a body, by its type; None: none, or one that is not read."""
    if not content or len(content) > BIGGEST:
        return None
    if isinstance(content, bytes):
        content = content.decode("utf-8", "replace")
    if not isinstance(content, str):
        return None
    if kind.endswith("json"):
        try:
            return json.loads(content)
        except ValueError:
            return None
    if kind == "application/x-www-form-urlencoded":
        return dict(urllib.parse.parse_qsl(content, keep_blank_values=True))
    return None


class Recorder:
    def __init__(self, directory):
        with open(f"{TOP}/nginx/html/api/openapi.yaml", encoding="utf-8") as f:
            paths = yaml.load(f, yaml.CSafeLoader)["paths"]
        # Without parameters first: they win in the route table too.
        self.paths = [(re.compile(re.sub(r"\{\w+\}", "[A-Za-z0-9_-]+", p.rstrip("/"))), p)
                      for p in sorted(paths, key=lambda p: ("{" in p, p))]
        self.known, self.seen, self.count, self.dir = {}, set(), {}, directory
        self.out = None

    def path(self, path):
        path = path.rstrip("/")
        if path not in self.known:
            self.known[path] = next((p for pattern, p in self.paths if pattern.fullmatch(path)), None)
        return self.known[path]

    def take(self, request, answer):
        path = self.path(urllib.parse.urlsplit(request.url).path)
        if path is None:
            return
        sent = (request.headers.get("Content-Type") or "").split(";")[0]
        got = (answer.headers.get("Content-Type") or "").split(";")[0]
        one = (request.method, path, answer.status_code)
        # What was refused is of no interest but for its kind.
        asked = body_of(sent, request.body) if answer.status_code < 400 else None
        said = body_of(got, answer.content)
        key = json.dumps([*one, sent, got, shape(asked), shape(said), bool(answer.content)], sort_keys=True)
        if key in self.seen or self.count.get(one, 0) >= MOST:
            return
        self.seen.add(key)
        self.count[one] = self.count.get(one, 0) + 1
        if self.out is None:
            self.out = open(f"{self.dir}/{os.getpid()}.jsonl", "a", encoding="utf-8")
        self.out.write(json.dumps({
            "method": one[0], "path": path, "status": one[2], "sent": sent, "request": asked, "got": got,
            "answer": said, "bytes": len(answer.content), "headers": sorted({h.lower() for h in answer.headers})}) + "\n")
        self.out.flush()


active = None       # the recorder, once it records


def install():
    """Begin to record, where the environment asks for it."""
    global active
    directory = os.environ.get("GATEPOST_RECORD")
    if not directory:
        return
    os.makedirs(directory, exist_ok=True)
    active, send = Recorder(directory), requests.Session.send

    def recorded(self, request, **more):
        answer = send(self, request, **more)
        if request.url.startswith("https:") and not more.get("stream"):
            active.take(request, answer)
        return answer
    requests.Session.send = recorded
