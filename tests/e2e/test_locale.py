"""Every sentence in English and Persian (S73): by Accept-Language for whoever is not known, by the person's own locale
where there is one; words for programs stay as they are."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from people import OTHER, Person, a_phone, an_email, forget_limits, problem, same, within

FA = {"Accept-Language": "fa-IR,fa;q=0.9,en-US;q=0.8,en;q=0.7"}
EN = {"Accept-Language": "en-US,en;q=0.9"}
PERSIAN = re.compile("[\u0600-\u06ff]")
WRONG = {"username": "nobody@example.com", "password": "Sun-Flower9!"}


def language(text):
    return "fa" if PERSIAN.search(text) else "en"


def sentences(p):
    """Everything in a problem document that is for people."""
    found = [p["title"], p["detail"], *(t for list_ in p.get("errors", {}).values() for t in list_)]
    return found + [p[k] for k in ("error", "message") if k in p]


def speaks(r, want):
    """Each sentence of a refusal is of that language, and the answer says so."""
    p = r.json()
    assert {language(s) for s in sentences(p)} == {want}, r.text
    assert r.headers["Content-Language"] == want and "Accept-Language" in r.headers["Vary"]
    return p


def wrong_login(inst, header):
    forget_limits(inst)
    return inst.api("POST", "/api/auth/login/", json=WRONG, headers={} if header is None else {"Accept-Language": header})


def set_locale(person, locale):
    r = person.call("PATCH", "/api/auth/profile/", json={"locale": locale})
    assert r.status_code == 200 and r.json()["locale"] == (locale or None), r.text


def test_s73_a_refusal_is_of_the_language_asked_for(inst):
    plain = problem(wrong_login(inst, None), 401, "invalid_credentials")
    assert plain["detail"] == "The name or the password is wrong."
    fa = speaks(wrong_login(inst, FA["Accept-Language"]), "fa")
    assert {k: fa[k] for k in ("type", "status", "code")} == {k: plain[k] for k in ("type", "status", "code")}
    assert same(speaks(wrong_login(inst, EN["Accept-Language"]), "en")) == same(plain)


@pytest.mark.parametrize("header, want", [
    (None, "en"), ("", "en"), ("fa", "fa"), ("FA-ir", "fa"), ("de", "en"), ("de, fa;q=0.1", "fa"), ("*", "en"),
    ("en;q=0.5, fa;q=0.9", "fa"), ("fa;q=0.8, en;q=0.9", "en"), ("fa;q=0", "en"), ("fa;q=0, *", "en"), ("en;q=0, *", "fa"),
    ("fa;q=7", "en"), ("fa;q=abc, en;q=0.1", "en"), (";;;,,fa;q=0.2", "fa"), ("fa fa fa", "en"), ("far", "en"),
    ("de;q=0.5," * 800 + "fa;q=0.1", "fa"), ("x" * 7000, "en"), ("fa," * 2500, "fa"), ("../../etc/passwd", "en"),
])
def test_the_header_is_read_as_rfc_9110_says(inst, header, want):
    speaks(wrong_login(inst, header), want)


def test_each_fault_of_a_body_is_told_in_persian(inst):
    r = inst.api("POST", "/api/auth/register/", headers=FA, json={
        "email": "no address", "phone_number": "12", "first_name": "x" * 151, "password": ""})
    p = speaks(r, "fa")
    assert set(p["errors"]) == {"email", "phone_number", "first_name", "password"}
    assert "150" in p["errors"]["first_name"][0], "numbers stay as programs write them"
    # One fault is said in `detail` too, as a whole sentence that begins in its own direction.
    p = speaks(inst.api("POST", "/api/auth/otp/verify/", headers=FA, json={"register_id": "x" * 22}), "fa")
    assert p["detail"] == f"فیلد otp_code: {p['errors']['otp_code'][0]}"


def test_s73_every_refusal_of_every_row_is_in_persian(inst):
    """By the table that the program prints: a new row is tested by being there."""
    rows = json.loads(inst.ctl("routes", "--json").stdout)
    admin, user, codes, wrong = inst.admin(), Person(inst).first.access, {}, []
    of_path = {}
    for row in rows:
        of_path.setdefault(row["path"], set()).add(row["method"])
    for row in rows:
        url = row["path"].replace("{id}", "12345").replace("{member}", "12346").replace("{provider}", "sandbox").replace("{version}", "1").replace("{secret}", "x" * 24)
        writes = row["method"] not in ("GET", "HEAD")
        other = next(m for m in ("PUT", "PATCH", "DELETE", "POST") if m not in of_path[row["path"]])
        asked = [(other, {}), (row["method"], {}), (row["method"], {"token": user}), (row["method"], {"token": admin}), (row["method"], {"token": "nonsense"})]
        if writes:
            asked += [(row["method"], {"data": b" " * (row["body_max"] + 1), "headers": {"Content-Type": "application/json"}}),
                      (row["method"], {"data": "x", "headers": {"Content-Type": "text/plain"}}),
                      (row["method"], {"data": "{", "token": admin, "headers": {"Content-Type": "application/json"}}),
                      (row["method"], {"json": {"no such member": 1}, "token": user})]
            asked += [(row["method"], {"json": {f["name"]: {"a": 1}}, "token": admin}) for f in row["fields"][:6]]
        for method, more in asked:
            # What would end the sessions that the walk needs, or close the account.
            if method == row["method"] and more.get("token") and "json" not in more and "data" not in more and writes:
                continue
            r = inst.api(method, url, **{**more, "headers": {**more.get("headers", {}), **FA}})
            if r.status_code < 400 or row["path"].startswith("/api/auth/gate"):
                continue
            assert r.status_code < 500, f"{method} {url}: {r.text}"
            codes[r.json()["code"]] = codes.get(r.json()["code"], 0) + 1
            try:
                speaks(r, "fa")
            except AssertionError as e:
                wrong.append(f"{method} {url} {more}: {str(e)[:300]}")
    assert not wrong, "\n".join(wrong[:20])
    assert {"method_not_allowed", "sign_in_required", "invalid_token", "role_required", "too_large", "unsupported_media",
            "invalid_json", "invalid", "not_found"} - set(codes) == set(), codes


def test_success_speaks_too_and_published_words_stay(inst):
    p = Person(inst)
    for headers, want in ((None, "en"), (FA, "fa"), (EN, "en")):
        r = inst.api("POST", "/api/auth/password/reset/request/", json={"email": an_email()}, headers=headers)
        assert r.status_code == 200 and language(r.json()["message"]) == want
    # A signed-in person without a locale is as anybody.
    for headers, want in ((None, "You have logged out"), (FA, None)):
        b = p.bearer()
        r = b.call("POST", "/api/logout/", json={"refresh": b.refresh}, headers=headers)
        assert r.status_code == 200 and (r.json()["status"] == want if want else language(r.json()["status"]) == "fa")


def test_a_persons_locale_wins_over_the_header(inst):
    """Chosen once for this site; the header is what the browser came with."""
    p = Person(inst)
    set_locale(p.first, "fa-IR")
    for headers in (None, EN, FA):
        speaks(p.first.call("PATCH", "/api/auth/profile/", json={"gender": "x"}, headers=headers), "fa")
        speaks(p.first.call("GET", "/api/push/tokens/", headers=headers), "fa")
    set_locale(p.first, "en")
    for headers in (None, EN, FA):
        speaks(p.first.call("PATCH", "/api/auth/profile/", json={"gender": "x"}, headers=headers), "en")
    # One that we do not speak, and none: the header decides.
    for locale in ("de", ""):
        set_locale(p.first, locale)
        speaks(p.first.call("PATCH", "/api/auth/profile/", json={"gender": "x"}, headers=FA), "fa")
        speaks(p.first.call("PATCH", "/api/auth/profile/", json={"gender": "x"}), "en")


def test_s24_a_locale_tells_nothing_about_an_account(inst):
    """Nobody learns by the language of a refusal that an account exists."""
    p = Person(inst, email=an_email())
    set_locale(p.first, "fa")
    ask = [("/api/auth/login/", lambda a: {"username": a, "password": "Wrong-Word1!"}),
           ("/api/auth/password/reset/request/", lambda a: {"email": a}),
           ("/api/auth/register/", lambda a: {"email": a, "password": "Sun-Flower9!"})]
    for path, body in ask:
        forget_limits(inst)
        known, unknown = (inst.api("POST", path, json=body(a), headers=EN) for a in (p.email, an_email()))
        assert known.status_code == unknown.status_code
        assert known.headers.get("Content-Language") == unknown.headers.get("Content-Language") == "en"
        assert not PERSIAN.search(known.text)


def test_sign_in_speaks_the_persons_language(inst):
    p = Person(inst, email=an_email(), proved=False)
    r = p.prove(headers=FA)
    assert r.status_code == 200 and language(r.json()["message"]) == "fa"


def test_pages_have_their_language_and_direction(inst):
    """What a browser opens by a link, and what it is told when the link is over."""
    for headers, want in ((FA, 'lang="fa" dir="rtl"'), (EN, 'lang="en" dir="ltr"'), ({}, 'lang="en" dir="ltr"')):
        headers = {**headers, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        for path, status in (("/api/auth/undo/?token=" + "x" * 22, 410), ("/api/auth/social/facebook/deletion/?id=x", 404),
                             ("/api/auth/social/sandbox/callback?error=access_denied&state=x", 400)):
            r = inst.api("GET", path, headers=headers)
            assert r.status_code == status and r.headers["Content-Type"] == "text/html; charset=utf-8", r.text
            assert f"<html {want}>" in r.text and language(re.sub("<[^>]*>", "", r.text)) == want[6:8]
            assert r.headers["Content-Language"] == want[6:8]
            assert r.headers["Cache-Control"] == "no-store" and "<script" not in r.text


def test_what_was_chosen_in_this_browser_wins_over_all(inst):
    """The language button of the pages: over the header, and over the locale, which is that of messages."""
    p, chosen = Person(inst), {l: {"Cookie": f"__Host-gatepost-language={l}"} for l in ("en", "fa")}
    set_locale(p.first, "fa")
    speaks(p.first.call("PATCH", "/api/auth/profile/", json={"gender": "x"}, headers={**FA, **chosen["en"]}), "en")
    set_locale(p.first, "en")
    speaks(p.first.call("PATCH", "/api/auth/profile/", json={"gender": "x"}, headers={**EN, **chosen["fa"]}), "fa")
    forget_limits(inst)
    speaks(inst.api("POST", "/api/auth/login/", json=WRONG, headers={**EN, **chosen["fa"]}), "fa")
    # Whoever registers so is written to so.
    forget_limits(inst)
    r = inst.api("POST", "/api/auth/register/", json={"phone_number": (phone := a_phone()), "password": "Sun-Flower9!"}, headers={**EN, **chosen["fa"]})
    r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": r.json()["register_id"], "otp_code": inst.sandbox.code(phone)})
    assert r.status_code == 200 and r.json()["user"]["locale"] == "fa"


def newest(inst, to, pattern, header=None):
    found = []

    def came():
        found[:] = [f.group(0) for m in inst.sandbox.messages(to=to) if (f := re.search(pattern, m["headers"].get(header, "") if header else m["text"]))]
        return found
    within(10, f"{pattern} to {to}", came)
    return found[0]


def test_a_mails_page_is_of_the_language_of_its_person(inst):
    """Not of the browser that happens to open it, unless somebody chose one there."""
    p = Person(inst, email=an_email())
    set_locale(p.first, "fa")
    forget_limits(inst)
    assert inst.api("POST", "/api/auth/otp/request/", json={"email": p.email}).status_code == 200
    links = [newest(inst, p.email, r"/api/auth/otp/link/\?token=[^\s&]+")]
    r = inst.api("POST", "/api/notifications/", token=inst.admin(), json={
        "user_id": p.id, "type": "product", "class": "campaign", "channels": ["email"], "title": "x", "body": "y"})
    assert r.status_code == 202, r.text
    links.append(newest(inst, p.email, r"/api/unsubscribe/\?t=[^\s>]+", "list-unsubscribe"))
    forget_limits(inst)
    other = an_email()
    r = p.first.call("POST", "/api/auth/email/change/", json={"new_email": other, "password": p.password})
    assert r.status_code == 200, r.text
    code = newest(inst, other, r"(?<![0-9])[0-9]{6}(?![0-9])")
    assert inst.api("POST", "/api/auth/otp/verify/", json={"register_id": r.json()["register_id"], "otp_code": code}).status_code == 200
    links.append(newest(inst, p.email, r"/api/auth/undo/\?token=\S+"))
    late = an_email()
    assert inst.api("POST", "/api/v1/register/", json={"email": late, "password": "Sun-Flower9!"}, headers=FA).status_code == 201
    links.append(newest(inst, late, r"/api/(?:v1/)?verify-email/\?token=\S+"))
    html = {**EN, "Accept": "text/html"}
    for link in links[1:]:      # the change voided the first
        for headers, want in ((html, "fa"), ({**html, "Cookie": "__Host-gatepost-language=en"}, "en")):
            r = inst.api("GET", link, headers=headers)
            assert r.status_code == 200 and f'<html lang="{want}"' in r.text and r.headers["Content-Language"] == want, link
    path, query = links[1].split("?")
    r = inst.api("POST", path, data=query, headers={**html, "Content-Type": "application/x-www-form-urlencoded"})
    assert r.status_code == 200 and 'lang="fa"' in r.text, r.text
    forget_limits(inst)
    assert inst.api("POST", "/api/auth/otp/request/", json={"email": other}).status_code == 200
    r = inst.api("GET", newest(inst, other, r"/api/auth/otp/link/\?token=[^\s&]+"), headers=html)
    assert r.status_code == 200 and 'lang="fa"' in r.text


def test_a_new_account_keeps_a_wish_for_persian_only(inst):
    for headers, want in ((FA, "fa"), (EN, None), ({"Accept-Language": "de"}, None), ({"Accept-Language": "en, fa"}, None)):
        forget_limits(inst)
        phone = a_phone()
        r = inst.api("POST", "/api/auth/register/", json={"phone_number": phone, "password": "Sun-Flower9!"}, headers=headers)
        assert r.status_code == 201, r.text
        r = inst.api("POST", "/api/auth/otp/verify/", json={"register_id": r.json()["register_id"],
                                                            "otp_code": inst.sandbox.code(phone)})
        assert r.status_code == 200 and r.json()["user"]["locale"] == want


def test_mail_by_the_persons_locale_is_right_to_left(inst):
    p = Person(inst, email=an_email())
    set_locale(p.first, "fa")
    seen = len(inst.sandbox.messages(to=p.email))
    # By an English client; the mail is the person's.
    assert p.first.call("POST", "/api/auth/password/change/", headers=EN, json={
        "old_password": p.password, "new_password": OTHER}).status_code == 200
    mail = inst.sandbox.wait(count=seen + 1, to=p.email)[0]
    assert 'dir="rtl"' in mail["html"] and language(mail["subject"]) == "fa", str(mail)[:800]


def test_a_device_is_named_in_the_readers_language(inst):
    p = Person(inst, email=an_email())
    seen = len(inst.sandbox.messages(to=p.email))
    set_locale(p.first, "fa")
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
    assert p.login(headers={**EN, "User-Agent": agent}).status_code == 200
    devices = {s["device"] for s in p.first.call("GET", "/api/auth/sessions/", headers=EN).json()["results"]}
    assert "Firefox روی Windows" in devices and not any(" on " in d for d in devices)
    mail = inst.sandbox.wait(count=seen + 1, to=p.email)[0]
    assert "Firefox روی Windows" in mail["html"]
    set_locale(p.first, "en")
    devices = {s["device"] for s in p.first.call("GET", "/api/auth/sessions/", headers=FA).json()["results"]}
    assert "Firefox on Windows" in devices


# --- a forgotten translation fails the check ---------------------------------------------------------------------------

TOP = pathlib.Path(__file__).resolve().parents[2]
MUTATIONS = [
    # file, what stands there, what is put in its place, what the check says of it
    ("fcgi-app/base/lang_rows.def", '"اطلاعات احراز هویت فرستاده نشده است."', '""', "both"),
    ("fcgi-app/base/lang_rows.def", '"کد تأیید فرستاده شد."', '"A verification code."', "no Persian"),
    ("fcgi-app/base/lang_rows.def", 'SAY("Gone",', 'SAY("Went",', '"Gone" is not translated'),
    ("fcgi-app/base/lang_rows.def", 'SAY("Gone",', 'SAY("Gone for ever",', 'nothing says "Gone for ever" any more'),
    ("fcgi-app/base/lang_rows.def", '"مورد %zu متن نیست."', '"مورد %d متن نیست."', "placeholders"),
    ("fcgi-app/base/lang_rows.def", '"مورد %zu متن نیست."', '"متن نیست."', "placeholders"),
    ("fcgi-app/base/lang_rows.def", 'SAY("Conflict",', 'SAY("Zonflict",', "belongs before"),
    ("fcgi-app/http/problem_rows.def", '"Conflict"', '"A conflict"', '"A conflict" is not translated'),
    ("fcgi-app/api/identities.c", '"Linked."', '"It is linked."', '"It is linked." is not translated'),
    ("fcgi-app/api/tokens.c", '"This time is over."', '"This time has gone."', '"This time has gone." is not translated'),
    ("fcgi-app/api/number.c", 'resp_say(c->resp, "A verification code has been sent.")', '"A verification code has been sent."',
     "leaves in English only"),
    ("fcgi-app/api/change.c", 'html_text(c->arena, resp_say(c->resp, "Undo the change"))', '"<b>Undo</b> the <i>change now</i>"',
     "stands in its markup"),
    ("nginx/gatepost-http.conf.in", '; fa "درخواست‌های بیش از حد"', "", "needs a default (English) and a fa (Persian)"),
    ("nginx/gatepost-http.conf.in", '"درخواست‌های بیش از حد"', '"درخواست‌های بسیار"', "said otherwise"),
    ("nginx/snippets/gatepost-errors.conf", '"title":"$gp_say_too_large"', '"title":"Too large"', "English only"),
    ("nginx/html/console/restore/restore.js", "\t\tkeep: 'نگه داشتن حساب',\n", "", 'data-say="keep" is not in Persian'),
]


def checked(tree):
    return subprocess.run([tree / "scripts/check-words"], capture_output=True, text=True)


def test_s73_a_sentence_without_its_persian_fails_check(tmp_path):
    for part in ("fcgi-app", "nginx"):
        shutil.copytree(TOP / part, tmp_path / part)
    (tmp_path / "scripts").mkdir()
    shutil.copy(TOP / "scripts/check-words", tmp_path / "scripts")
    clean = checked(tmp_path)
    assert clean.returncode == 0, clean.stdout
    # Each look reads the whole tree: what is not of one place is put in together.
    waiting = list(MUTATIONS)
    while waiting:
        now, later = [], []
        for m in waiting:
            apart = all(m[1] not in o[1] and o[1] not in m[1] and m[3] != o[3] for o in now)
            (now if apart else later).append(m)
        whole = {name: (tmp_path / name).read_text() for name, *_ in now}
        for name, old, new, _ in now:
            text = (tmp_path / name).read_text()
            assert old in text, f"{name} has no {old}: change the test with it"
            (tmp_path / name).write_text(text.replace(old, new, 1))
        got = checked(tmp_path)
        assert got.returncode == 1
        for name, _, new, says in now:
            assert says in got.stdout, f"{name}, {new}: {got.stdout[:2000]}"
        for name, text in whole.items():
            (tmp_path / name).write_text(text)
        waiting = later
    # Out of order is put right by the script itself.
    f = tmp_path / "fcgi-app/base/lang_rows.def"
    text = f.read_text()
    head, first, rest = re.split(r"(?m)^(?=SAY\()", text, maxsplit=2)
    f.write_text(head + rest + first)
    assert "check-words --sort" in checked(tmp_path).stdout
    subprocess.run([tmp_path / "scripts/check-words", "--sort"], check=True)
    assert f.read_text() == text
