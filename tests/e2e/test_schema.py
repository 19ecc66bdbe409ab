"""The contract where replaced systems had it: /api/schema/ by Accept, and the
two viewers, all from this server."""
import json
import os
import re
import subprocess

import pytest
import yaml

from instance import TOP

DOCUMENT = f"{TOP}/nginx/html/api/openapi.yaml"


@pytest.fixture(scope="module")
def document():
    with open(DOCUMENT, encoding="utf-8") as f:
        return f.read()


def ask(inst, path, accept=None, method="GET"):
    return inst.api(method, path, headers={"Accept": accept} if accept is not None else {})


@pytest.mark.parametrize("path", ["/api/schema/", "/api/schema", "/api/docs/", "/api/docs"])
@pytest.mark.parametrize("accept,kind", [
    (None, "yaml"), ("*/*", "yaml"), ("application/yaml", "yaml"), ("application/vnd.oai.openapi", "yaml"),
    ("application/json", "json"), ("application/vnd.oai.openapi+json", "json"), ("text/x, application/json;q=0.9", "json"),
    ("application/yaml, application/json", "yaml")])
def test_yaml_or_json_by_accept(inst, document, path, accept, kind):
    r = ask(inst, path, accept)
    assert r.status_code == 200 and r.headers["Content-Type"] == f"application/{kind}"
    assert "Accept" in r.headers["Vary"] and r.headers["Content-Security-Policy"].startswith("default-src 'none'")
    if kind == "yaml":
        assert r.content.decode() == document
    else:
        told = r.json()
        # Each with a command to copy, and nothing else that the document does not have.
        for item in told["paths"].values():
            for op in item.values():
                assert op.pop("x-codeSamples")[0]["source"].startswith("curl")
        assert told == json.loads(json.dumps(yaml.load(document, yaml.CSafeLoader), default=str))
        assert r.json()["openapi"] == "3.1.0"


def test_the_format_may_be_asked_for_in_the_address(inst):
    assert ask(inst, "/api/schema/?format=json").headers["Content-Type"] == "application/json"
    assert ask(inst, "/api/schema/?format=yaml", "application/json").headers["Content-Type"] == "application/yaml"
    r = ask(inst, "/api/schema/", method="HEAD")
    assert r.status_code == 200 and not r.content


@pytest.mark.parametrize("path,script", [("/api/schema/ui/", "swagger"), ("/api/schema/ui", "swagger"),
                                         ("/api/schema/redoc/", "redoc"), ("/api/schema/redoc", "redoc")])
def test_the_pages(inst, path, script):
    """Readable without script, under a policy that allows none but ours; what they load is ours."""
    r = ask(inst, path, "text/html")
    assert r.status_code == 200 and r.headers["Content-Type"].startswith("text/html")
    policy = r.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'" in policy and "unsafe" not in policy and "http" not in policy
    assert "frame-ancestors 'none'" in policy and r.headers["X-Content-Type-Options"] == "nosniff"
    assert 'href="/api/openapi.yaml"' in r.text and "scripts/api-docs" in r.text
    assert "://" not in r.text and "<script>" not in r.text and f'src="/docs/{script}.js"' in r.text
    for own in ("/docs/docs.css", f"/docs/{script}.js"):
        assert ask(inst, own).status_code == 200
    assert ask(inst, path, method="POST").status_code in (403, 405)


def test_a_browser_at_api_docs_gets_the_page_for_people(inst):
    r = ask(inst, "/api/docs/", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert r.status_code == 200 and r.headers["Content-Type"].startswith("text/html") and "Swagger UI" in r.text


@pytest.mark.parametrize("path", ["/api/schema/assets/", "/api/schema/assets/openapi.json", "/api/schema/assets/redoc.version",
                                  "/api/schema/assets/..%2fgatepost.env", "/api/schema/x/", "/api/docs/x"])
def test_nothing_else_is_served_from_there(inst, path):
    assert ask(inst, path).status_code == 404


def test_the_viewers_come_once_and_show_the_contract(inst):
    """In Chromium: tests/browser/api_docs.js says what."""
    docs = f"{inst.dir}/api-docs"
    first = subprocess.run([f"{TOP}/scripts/api-docs", "--out", docs], capture_output=True, text=True)
    if first.returncode != 0:
        pytest.skip(f"the viewers did not come: {first.stderr.strip()}")
    again = subprocess.run([f"{TOP}/scripts/api-docs", "--out", docs], capture_output=True, text=True,
                           env={"PATH": os.environ["PATH"], "npm_config_offline": "true", "HOME": "/nonexistent"})
    assert (again.returncode, again.stdout) == (0, "")
    assert {"openapi.json", "swagger-ui.css", "swagger-ui-bundle.js", "redoc.standalone.js"} <= set(os.listdir(docs))
    for name, kind in (("swagger-ui.css", "text/css"), ("swagger-ui-bundle.js", "text/javascript")):
        r = ask(inst, f"/api/schema/assets/{name}")
        assert r.status_code == 200 and r.headers["Content-Type"].startswith(kind)
    shown = subprocess.run(["node", f"{TOP}/tests/browser/api_docs.js", "--instance", f"{inst.dir}/instance.env"],
                           capture_output=True, text=True, timeout=300)
    if shown.returncode == 77:
        pytest.skip(shown.stdout.strip().splitlines()[-1])
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_what_is_not_the_pinned_one_is_not_used(tmp_path):
    """A package with another checksum leaves nothing behind."""
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "npm").write_text('#!/bin/sh\nfor last; do :; done\nn=$(echo "$last" | tr @ -)\n'
                              'mkdir package && echo evil > package/swagger-ui.css && tar czf "$n.tgz" package\n')
    (fake / "npm").chmod(0o755)
    done = subprocess.run([f"{TOP}/scripts/api-docs", "--out", str(tmp_path / "out")], capture_output=True, text=True,
                          env={"PATH": f"{fake}:{os.environ['PATH']}"})
    assert done.returncode == 1 and "not the one" in done.stderr
    assert sorted(os.listdir(tmp_path / "out")) == ["openapi.json", "problems"]


def test_a_page_for_each_problem_code(inst):
    """By the table of the program, readable without scripts, in both languages."""
    rows = re.findall(r'^\{ "(\w+)"', open(f"{TOP}/fcgi-app/http/problem_rows.def", encoding="utf-8").read(), re.M)
    assert len(rows) > 150 and len(set(rows)) == len(rows)
    for lang, way in (("en", "ltr"), ("fa", "rtl")):
        index = ask(inst, f"/docs/problems/?lang={lang}").text
        assert f'<html lang="{lang}" dir="{way}">' in index
        # The one script there is only takes over the theme that was chosen elsewhere.
        assert "<script" not in index.replace('<script src="/docs/theme.js"></script>', "")
        assert [c for c in rows if f'id="{c}"' not in index] == []
        kept = os.listdir(f"{inst.dir}/api-docs/problems/{lang}")
        assert set(kept) == {f"{c}.html" for c in rows} | {"index.html"}
    r = inst.api("GET", "/docs/problems/second_proof_required", headers={"Accept-Language": "fa"})
    assert r.status_code == 200 and r.headers["Content-Language"] == "fa" and 'dir="rtl"' in r.text
    assert r.headers["Content-Type"] == "text/html; charset=utf-8" and "unsafe" not in r.headers["Content-Security-Policy"]
    r = inst.api("GET", "/docs/problems/idempotency_mismatch/", headers={"Accept-Language": "de"})
    assert 'lang="en"' in r.text and "422" in r.text and "urn:gatepost:problem:idempotency_mismatch" in r.text
    # What a refusal says and what its page says is one sentence.
    told = inst.api("GET", "/api/auth/profile/").json()
    assert told["detail"] in inst.api("GET", f"/docs/problems/{told['code']}").text
    for nothing in ("/docs/problems/nothing", "/docs/problems/../openapi.json", "/docs/problems/en/index.html"):
        assert inst.api("GET", nothing).status_code == 404
