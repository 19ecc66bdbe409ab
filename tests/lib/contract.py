"""An answer of the API held against nginx/html/api/openapi.yaml.

    contract = Contract()
    contract.check("GET", "/api/auth/profile/", response)

Asserts that the path, method and status are documented, the body has the
documented shape and no member beyond it, and a refusal's code is listed for
that operation and status.  `seen` collects what was answered.
"""
import os
import re

import jsonschema
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Contract:
    def __init__(self):
        with open(f"{TOP}/nginx/html/api/openapi.yaml", encoding="utf-8") as f:
            self.doc = yaml.load(f, yaml.CSafeLoader)
        self.resolver = jsonschema.RefResolver("", self.doc)
        self.seen = set()
        # Without parameters first: they win in the route table too.
        self.paths = sorted(self.doc["paths"], key=lambda p: ("{" in p, p))

    def operations(self):
        """Those of the application."""
        return {(m.upper(), p) for p, item in self.doc["paths"].items() for m, op in item.items() if "x-served-by" not in op}

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def template(self, path):
        path = path.split("?")[0].rstrip("/")
        for p in self.paths:
            if re.fullmatch(re.sub(r"\{\w+\}", "[A-Za-z0-9_-]+", p.rstrip("/")), path):
                return p
        return None

    def members(self, schema):
        """Declared members, those of allOf merged; None: any."""
        schema = self.resolve(schema)
        if schema.get("additionalProperties"):
            return None
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            more = self.members(part)
            if more is None:
                return None
            # A later part may narrow a member: the first one describes it.
            found = {**more, **found}
        return found

    def no_more(self, value, schema, where):
        schema = self.resolve(schema)
        if isinstance(value, list) and "items" in schema:
            for v in value:
                self.no_more(v, schema["items"], where + "[]")
        if not isinstance(value, dict) or "oneOf" in schema:
            return
        known = self.members(schema)
        if known is None:
            return
        assert set(value) <= set(known), f"{where}: not documented: {sorted(set(value) - set(known))}"
        for k, v in value.items():
            self.no_more(v, known[k], f"{where}.{k}")

    def check(self, method, path, r):
        template = self.template(path)
        where = f"{method} {path}: {r.status_code}"
        assert template and method.lower() in self.doc["paths"][template], f"{where}: no such operation"
        answers = self.doc["paths"][template][method.lower()]["responses"]
        listed = str(r.status_code) in answers
        assert listed or r.status_code in (405, 431, 500), f"{where}: status not documented\n{r.text[:500]}"
        answer = self.resolve(answers[str(r.status_code)] if listed else answers["default"])
        content = answer.get("content", {})
        kind = r.headers.get("Content-Type", "").split(";")[0]
        for name, head in answer.get("headers", {}).items():
            if self.resolve(head).get("required") or name == "X-Request-Id":
                assert name in r.headers, f"{where}: {name} is missing"
        if not content:
            assert r.content == b"", f"{where}: a body"
        else:
            assert kind in content, f"{where}: {kind}"
        if kind.endswith("json"):
            body, schema = r.json(), content[kind]["schema"]
            jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(body)
            self.no_more(body, schema, where)
        self.seen.add((method, template, r.status_code))
        return r

    def told(self, name, value):
        """What a webhook of the document is told."""
        schema = self.doc["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(value)
        self.no_more(value, schema, name)

    def frame(self, value):
        """What is sent on /ws/notifications/: one of its kinds, whole, and no member more."""
        fit = []
        for kind in self.doc["components"]["schemas"]["LiveFrame"]["oneOf"]:
            named = kind["properties"]["type"]
            if value.get("type") in named.get("enum", [named.get("const")]) and set(kind["required"]) <= set(value):
                jsonschema.Draft202012Validator(kind, resolver=self.resolver).validate(value)
                self.no_more(value, kind, value["type"])
                fit.append(kind)
        assert len(fit) == 1, f"{value} is {len(fit)} of the kinds of frames"
