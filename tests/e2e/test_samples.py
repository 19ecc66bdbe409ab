"""Every curl sample of the API's document, run by a shell as it stands against the whole stack: it gives the status that
the document has first, and an answer that the document describes.  What a sample takes from variables comes from where a
reader gets it: an earlier answer, a message, an authenticator app, another site."""
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import time
import urllib.parse

import pytest
import requests

import record
from conftest import module_instance
from contract import Contract
from factor_people import App, both, due, enrol
from instance import TOP, wait_until
from people import Person, a_phone, an_email, forget_limits
from push_case import browser
from test_account_social import forget, newcomer, signed
from test_operation import dead_letters
from test_passwordless import link_of
from test_social import Visitor, fragment, people
from test_undo import changed, links
from test_verify_email import newcomer as unproved

# The samples that no shell can run, and why.
NOT_RUN = {"inboxLive": "It lasts until its reader ends it; tests/lib/live.py is one."}

PASSWORD, SARA, MAIL = "A12345678a@", "+989121234567", "sara@example.com"
MAIL_SECRET = "samples-" + "x" * 24
ROOT = ("/api/admin/", "/api/push/token", "/api/auth/password-policy/")
PREPARE = {}

inst = module_instance(conf={"GATEPOST_EMAIL_WEBHOOK_SECRET": MAIL_SECRET})


def of(*names):
    def keep(f):
        PREPARE.update({n: f for n in names})
        return f
    return keep


class World:
    """What samples take; made when the first asks for it."""

    def __init__(self, inst):
        self.inst, self.boss, self.kept = inst, inst.admin(), {}
        self.sara = self.person()
        self.token = self.sara.bearer().access

    def once(self, name, make):
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    def free(self, address):
        """Nobody has it."""
        column = "email" if "@" in address else "phone"
        self.inst.rows(f"UPDATE user SET {column} = NULL, {column}_verified_at = NULL"
                       + (", email_cmp = NULL, email_unique = NULL" if column == "email" else "")
                       + f" WHERE {column} = %s", address)

    def person(self, address=None):
        """Somebody new with the password of the samples; with this address, proved, where one is given."""
        forget_limits(self.inst)
        if address and "@" in address:
            self.free(address)
            p = Person(self.inst, email=address, password=PASSWORD, first_name="Sara", last_name="Moradi")
        else:
            p = Person(self.inst, password=PASSWORD, first_name="Sara", last_name="Moradi")
            if address:
                self.free(address)
                self.inst.rows("UPDATE user SET phone = %s WHERE id = %s", address, p.id)
                p.phone = address
        forget_limits(self.inst)
        return p

    def call(self, method, path, body=None, token=None, status=None):
        r = self.inst.api(method, path, token=token or self.boss, **({} if body is None else {"json": body}))
        assert r.status_code == status if status else r.ok, f"{method} {path}: {r.status_code} {r.text}"
        return r.json() if r.content else None

    def device(self):
        info = browser(self.inst)["info"]
        return self.call("POST", "/api/push/subscriptions/", {"subscription": info, "browser": "firefox"}, self.token)["id"]

    def group(self, name):
        found = [g for g in self.call("GET", f"/api/push/groups/?q={name}")["results"] if g["name"] == name]
        return found[0]["id"] if found else self.call("POST", "/api/push/groups/", {"name": name, "open": True})["id"]

    def message(self, **more):
        body = {"user_id": self.sara.id, "type": "order", "title": "Order Update", "body": "Your order has been shipped",
                "url": "/orders/1017", "data": {"orderId": "1017"}, "channels": ["in_app"], **more}
        made = self.inst.api("POST", "/api/notifications/", token=self.inst.token, json=body, headers={"Prefer": "wait=10"})
        assert made.ok, made.text
        return made.json()["id"]


# --- what each sample needs -------------------------------------------------------------------------------------------


@of("register")
def _(w, op):
    w.free(SARA)


@of("otpRequest", "login", "passwordResetRequest")
def _(w, op):
    w.person(SARA)


@of("otpVerify")
def _(w, op):
    p = Person(w.inst, proved=False, first_name="Sara", last_name="Moradi")
    return {"REGISTER_ID": p.register_id, "OTP_CODE": p.code()}


@of("otpRefresh", "numberEdit")
def _(w, op):
    w.free("+989121234568")
    p = Person(w.inst, proved=False)
    w.inst.rows("UPDATE otp SET sent_at = sent_at - INTERVAL 10 MINUTE WHERE target = %s", p.phone)
    return {"REGISTER_ID": p.register_id}


@of("otpLinkPage", "otpLink")
def _(w, op):
    p = w.person(an_email())
    assert w.inst.api("POST", "/api/auth/otp/request/", json={"email": p.email}).status_code == 200
    mail = wait_until("a mail with a link", lambda: [m for m in w.inst.sandbox.messages(channel="email", to=p.email)
                                                     if "/api/auth/otp/link/" in m["text"]])
    return {"LINK_TOKEN": link_of(mail[0])[0]}


@of("tokenRefresh", "tokenRefreshBody", "logout", "logoutStatus")
def _(w, op):
    return {"REFRESH_TOKEN": w.person().bearer().refresh}


@of("sessionsRevokeOthers", "sessionsRevokeAll", "mfaPatch", "totpBegin", "reauth", "passwordChange", "accountDelete")
def _(w, op):
    return {"TOKEN": w.person().bearer().access}


@of("sessionDelete", "sessionsRevoke")
def _(w, op):
    p = w.person()
    token = p.bearer().access
    return {"TOKEN": token, "SESSION_ID": next(s["id"] for s in w.call("GET", "/api/auth/sessions/", token=token)["results"]
                                               if not s["current"])}


@of("socialStart", "socialLinkStart")
def _(w, op):
    return {"PROVIDER": "sandbox"}


def cookies(b):
    return "; ".join(f"{c.name}={c.value}" for c in b.http.cookies)


@of("socialCallback")
def _(w, op):
    people(w.inst, name="Sara Moradi", email=an_email(), email_verified=True)
    b = Visitor(w.inst)
    back = urllib.parse.parse_qs(urllib.parse.urlsplit(b.there()).query)
    return {"PROVIDER": "sandbox", "CODE": back["code"][0], "STATE": back["state"][0], "ISSUER": back["iss"][0],
            "COOKIES": cookies(b)}


@of("socialLink")
def _(w, op):
    p, b = w.person(an_email()), Visitor(w.inst)
    people(w.inst, name="Sara Moradi", email=p.email, email_verified=True)
    return {"LINK_TOKEN": fragment(b.visit())["link_token"], "TOKEN": p.bearer().access, "COOKIES": cookies(b)}


@of("identities", "identityDelete")
def _(w, op):
    def linked():
        p, b = w.person(), Visitor(w.inst)
        assert p.login(b).status_code == 200
        people(w.inst, name="Sara Moradi", email=MAIL, email_verified=True)
        r = b.call("POST", "/api/auth/social/sandbox/link/", json={})
        assert b.get(b.get(r.json()["authorization_url"]).headers["Location"]).status_code == 302
        return {"TOKEN": b.access, "IDENTITY_ID": b.call("GET", "/api/auth/social/").json()["results"][0]["id"]}
    return w.once("linked", linked)


@of("loginFacebook")
def _(w, op):
    sub = people(w.inst, "facebook", name="Sara Moradi")
    return {"FACEBOOK_TOKEN": w.inst.sandbox._call("POST", "/facebook/token", json={"user": sub})["access_token"]}


@of("facebookDeletion", "facebookDeletionStatus")
def _(w, op):
    sub = newcomer(w.inst)[1]
    if op["operationId"] == "facebookDeletion":
        return {"SIGNED_REQUEST": signed(w.inst, sub)}
    return {"CONFIRMATION_CODE": forget(w.inst, sub)["confirmation_code"]}


@of("totpConfirm")
def _(w, op):
    p = w.person()
    token = p.bearer().access
    return {"TOKEN": token, "TOTP_CODE": App(w.inst, p.id, w.call("POST", "/api/auth/mfa/totp/", {}, token)).code()}


@of("totpDelete", "recoveryNew", "recoveryCount")
def _(w, op):
    return {"TOKEN": enrol(w.person())[1].access}


@of("mfaVerify", "mfaChallenge", "reauthChallenge")
def _(w, op):
    p = both(w.inst, password=PASSWORD)
    app, client, _ = enrol(p)
    w.call("PATCH", "/api/auth/mfa/", {"sms": True}, client.access)
    return {"MFA_TOKEN": due(p.login())["mfa_token"], "TOTP_CODE": app.code(), "TOKEN": client.access}


@of("gatePass", "gateRedeem")
def _(w, op):
    site, state = requests.Session(), "A" * 22
    site.trust_env = False
    r = site.get(w.inst.env["GATEPOST_OTHER_SITE_URL"] + "/", verify=w.inst.ca, allow_redirects=False, timeout=10,
                 headers={"Sec-Fetch-Mode": "navigate", "Cookie": f"__Host-gatepost-state={state}"})
    way = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(r.headers["Location"]).query).items()}
    if op["operationId"] == "gatePass":
        return {k.upper(): v for k, v in way.items()}
    to = urllib.parse.urlsplit(w.call("POST", "/api/auth/gate/pass/", way, w.token)["url"])
    got = dict(p.split("=", 1) for p in to.query.split("&"))
    return {"OTHER_SITE_URL": f"{to.scheme}://{to.netloc}", "CODE": got["code"], "TO": got["to"], "STATE": state}


@of("passwordResetVerify", "passwordReset")
def _(w, op):
    p = w.person()
    used = {c for m in w.inst.sandbox.messages(channel="sms", to=p.phone) for c in re.findall(r"\d{6}", m["text"])}
    flow = p.reset_request().json()["register_id"]
    code = p.code(after=used)
    if op["operationId"] == "passwordReset":
        w.call("POST", "/api/auth/password/reset/verify/", {"register_id": flow, "otp_code": code})
    return {"REGISTER_ID": flow, "OTP_CODE": code}


@of("numberChange", "emailChange")
def _(w, op):
    w.free("+989127654321")
    w.free("sara@example.net")
    return {"TOKEN": w.person().bearer().access}


@of("accountRestoreLook", "accountRestore")
def _(w, op):
    p = w.person()
    w.call("DELETE", "/api/auth/account/", {"password": PASSWORD}, p.first.access)
    return {"LINK_TOKEN": p.login().json()["restore_token"]}


@of("undoPage", "undo")
def _(w, op):
    p = w.person()
    old = p.phone
    changed(w.inst, p.bearer(), "+98912" + old[-7:][::-1])
    return {"LINK_TOKEN": links(w.inst, old)[0]}


@of("templatePreview", "templateTest")
def _(w, op):
    w.call("PATCH", "/api/templates/new_order/", {"active_version": 1})


@of("articleShow", "articlePut", "articlePatch", "articleDelete", "articleShowV1", "articlePutV1", "articlePatchV1",
    "articleDeleteV1")
def _(w, op):
    return {"ARTICLE_ID": w.call("POST", "/api/articles/", {"title": "Hello", "content": "World"}, w.token)["id"]}


@of("emailWebhook")
def _(w, op):
    return {"SECRET": MAIL_SECRET}


@of("kavenegarCallbackGet", "kavenegarCallback")
def _(w, op):
    return {"SECRET": w.inst.settings["GATEPOST_KAVENEGAR_SECRET"]}


@of("whatsappVerify")
def _(w, op):
    return {"SECRET": "sandbox-whatsapp-verify"}


@of("whatsappCallback")
def _(w, op):
    body = re.search(r"-d '(.*)'$", sample(op)).group(1)
    return {"SIGNATURE": hmac.new(b"sandbox-whatsapp-secret", body.encode(), hashlib.sha256).hexdigest()}


@of("twilioCallback")
def _(w, op):
    form = dict(re.findall(r"--data-urlencode '?(\w+)=([^'\s]*)'?", sample(op)))
    text = w.inst.url + "/api/webhooks/twilio/" + "".join(k + form[k] for k in sorted(form))
    return {"SIGNATURE": base64.b64encode(hmac.new(b"sandbox-twilio-token", text.encode(), hashlib.sha1).digest()).decode()}


@of("userGroupsGet", "adminUser", "notificationSend", "notificationExplain", "userRead", "userReplace", "userUpdate")
def _(w, op):
    return {"USER_ID": w.sara.id}


@of("userGroupsPut", "adminUserChange", "adminUserDisable", "adminUserSignOut", "adminUserReset", "userResetFactors", "impersonate",
    "adminUsersDisable", "adminUsersSignOut")
def _(w, op):
    return {"USER_ID": w.person().id}


@of("adminUserEnable", "adminUsersEnable")
def _(w, op):
    p = w.person()
    w.call("POST", f"/api/admin/users/{p.id}/disable/")
    return {"USER_ID": p.id}


@of("adminProvider", "adminProviderTest")
def _(w, op):
    # The one that the sample made would have its share of the mail.
    for p in w.call("GET", "/api/admin/providers/")["results"]:
        if not p["implicit"]:
            w.call("DELETE", f"/api/admin/providers/{p['id']}/")
    return {"PROVIDER_ID": "smtp"}


@of("adminProviderChange", "adminProviderReset", "adminProviderRemove")
def _(w, op):
    return {"PROVIDER_ID": w.call("POST", "/api/admin/providers/", {
        "name": op["operationId"].lower(), "kind": "smtp", "is_active": False, "weight": 2, "daily_limit": 400,
        "settings": {"host": "mail.example.com", "from": "Shop <shop@example.com>"}})["id"]}


@of("adminSessionEnd", "adminSessionsRevoke")
def _(w, op):
    return {"SESSION_ID": w.call("GET", "/api/auth/sessions/", token=w.person().first.access)["results"][0]["id"]}


@of("adminDelivery", "adminDeliveryResend")
def _(w, op):
    def failed():
        w.inst.sandbox.fault("push", "status", status=413, times=1)
        return w.call("POST", "/api/push/send/single/", {
            "subscription_info": browser(w.inst)["info"], "title": "Order Update", "body": "Your order has been shipped"},
            status=400)["deliveries"][0]["id"]
    return {"DELIVERY_ID": w.once("failed", failed)}


@of("adminJobs", "adminJobsRedrive", "adminJobsDiscard", "adminJob", "adminJobDiscard", "adminJobRedrive")
def _(w, op):
    def dead():
        nid = dead_letters(w.inst, 4)
        return [j["id"] for j in w.call("GET", f"/api/admin/jobs/?state=dead&notification_id={nid}")["results"]]
    left = w.once("dead", dead)
    return {"JOB_ID": left[0] if op["operationId"] in ("adminJobs", "adminJob") else left.pop()}


@of("adminDevices", "adminDevicesActivate", "adminDevicesDeactivate", "adminDeviceTest", "subscriptionsList")
def _(w, op):
    return {"DEVICE_ID": w.once("device", w.device)} if op["operationId"] != "adminDeviceTest" else {"DEVICE_ID": w.device()}


@of("subscriptionDelete", "subscriptionTest", "subscriptionsRemove")
def _(w, op):
    return {"DEVICE_ID": w.device()}


@of("adminWebhook", "adminWebhooks", "adminWebhookChange", "adminWebhookRotate", "adminWebhookTest", "adminWebhookReplay")
def _(w, op):
    def made():
        return w.call("POST", "/api/admin/webhooks/", {
            "url": "https://shop.example.com/hooks/gatepost", "description": "Order desk",
            "events": ["delivery.delivered", "delivery.failed"]})["id"]
    return {"WEBHOOK_ID": w.once("webhook", made), "SINCE": "2026-01-01T00:00:00Z"}


@of("adminWebhookRemove")
def _(w, op):
    return {"WEBHOOK_ID": w.call("POST", "/api/admin/webhooks/", {"url": "https://shop.example.com/hooks/old"})["id"]}


def crowd(w):
    """So many that a campaign at one a second is under way for longer than anybody looks."""
    w.inst.rows("INSERT INTO user (reg_key, email, email_cmp, email_unique, email_verified_at, country)"
                " SELECT 900000 + seq, @m := CONCAT('q', seq, '@example.com'), @m, @m, UTC_TIMESTAMP(6), 'XQ' FROM seq_1_to_300")
    return True


def campaign(w, *steps):
    w.once("crowd", lambda: crowd(w))
    made = w.call("POST", "/api/campaigns/", {
        "name": "Winter sale", "channels": ["email"], "title": "Winter sale", "type": "promotion", "url": "/sale", "rate": 1,
        "body": "Everything at half price until Friday.", "audience": {"country": ["XQ"]}}, w.inst.token)
    for s in steps:
        w.call("POST", f"/api/campaigns/{made['id']}/{s}/", token=w.inst.token)
    return {"CAMPAIGN_ID": made["id"]}


@of("campaignGet", "campaignChange", "campaignStart", "campaignCancel")
def _(w, op):
    return campaign(w)


@of("campaignPause")
def _(w, op):
    return campaign(w, "start")


@of("campaignResume")
def _(w, op):
    return campaign(w, "start", "pause")


@of("campaignRecipients")
def _(w, op):
    made = w.call("POST", "/api/campaigns/", {
        "name": "Winter sale", "channels": ["web_push"], "title": "Winter sale", "body": "Everything at half price until Friday.",
        "audience": {"ids": [w.sara.id]}, "start": True, "type": "promotion"}, w.inst.token)["id"]
    wait_until("its end", lambda: w.call("GET", f"/api/campaigns/{made}/", token=w.inst.token)["state"] == "done", 20)
    return {"CAMPAIGN_ID": made}


@of("pushTokenRemove", "pushTokenTest")
def _(w, op):
    w.call("POST", "/api/users/push-tokens/", {"token": "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]"}, w.token)


@of("subscriptionAdd", "pushSendSingle")
def _(w, op):
    return {"SUBSCRIPTION": json.dumps(browser(w.inst)["info"])}


@of("saveInformation")
def _(w, op):
    w.group("news")
    return {"SUBSCRIPTION": json.dumps(browser(w.inst)["info"])}


@of("groupAdd")
def _(w, op):
    w.call("DELETE", f"/api/push/groups/{w.group('news')}/")


@of("groupMembersAdd", "groupMembersList", "groupMembersRemove", "groupMemberDelete", "groupsList", "pushSendGroup")
def _(w, op):
    group = w.group("news")
    w.call("POST", f"/api/push/groups/{group}/members/", {"user_ids": [w.sara.id]})
    return {"GROUP_ID": group, "USER_ID": w.sara.id}


@of("groupDelete")
def _(w, op):
    return {"GROUP_ID": w.group("news")}


@of("notificationCancel", "notificationGet")
def _(w, op):
    at = time.strftime("%Y-%m-%dT08:00:00Z", time.gmtime(time.time() + 2 * 86400))
    later = {"at": at, "channels": ["sms"]} if op["operationId"] == "notificationCancel" else {}
    return {"NOTIFICATION_ID": w.message(**later)}


@of("inboxList", "inboxRead", "inboxArchive", "inboxReadMany", "inboxArchiveMany")
def _(w, op):
    return {"NOTIFICATION_ID": w.message()}


@of("unsubscribePage", "unsubscribe")
def _(w, op):
    to = an_email()
    w.call("POST", "/api/notifications/", {"email": to, "title": "Hello", "body": "World"})
    mail = w.inst.sandbox.wait(channel="email", to=to)[0]
    return {"LINK_TOKEN": re.search(r"\?t=([^>]+)", mail["headers"]["list-unsubscribe"]).group(1)}


@of("suppressionRemove", "suppressionsRemove")
def _(w, op):
    return {"SUPPRESSION_ID": w.call("POST", "/api/suppressions/", {"channel": "email", "address": an_email()})["id"]}


@of("tokenRevoke", "tokensRevoke")
def _(w, op):
    return {"TOKEN_ID": w.call("POST", "/api/push/token/generate/", {"name": "old"})["id"]}


@of("tokenObtain")
def _(w, op):
    w.person("newuser@example.com")


@of("userCreate")
def _(w, op):
    w.free("newuser@example.com")


@of("registerByMail", "registerByMailV1")
def _(w, op):
    w.free(MAIL)


@of("verifyEmailPage", "verifyEmailPageV1", "verifyEmail", "verifyEmailV1")
def _(w, op):
    return {"LINK_TOKEN": unproved(w.inst)[1]}


@of("userList")
def _(w, op):
    return {"TOKEN": w.boss}


@of("userDelete")
def _(w, op):
    p = w.person()
    return {"USER_ID": p.id, "TOKEN": p.first.access}


@of("otpSend", "otpVerifyOwn")
def _(w, op):
    email = an_email()
    assert w.inst.api("POST", "/api/users/", json={"email": email, "password": PASSWORD}).status_code == 201
    token = w.inst.api("POST", "/api/token/", json={"email": email, "password": PASSWORD}).json()["access"]
    if op["operationId"] == "otpSend":
        return {"TOKEN": token}
    forget_limits(w.inst)
    w.call("POST", "/api/otp/send/", {"email_or_phone": "email"}, token)
    return {"TOKEN": token, "OTP_CODE": w.inst.sandbox.code(email, "email")}


# --- running them -----------------------------------------------------------------------------------------------------


def sample(op):
    given, = op["x-codeSamples"]
    assert given["lang"] == "Shell" and given["source"].startswith("curl")
    return given["source"]


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The document with its samples, as /api/schema/ gives it."""
    out = str(tmp_path_factory.mktemp("pages"))
    subprocess.run([f"{TOP}/scripts/api-pages", out], check=True)
    with open(f"{out}/openapi.json", encoding="utf-8") as f:
        return json.load(f)


def answered(head, body, method, url):
    """What curl got, as an answer that the contract can look at."""
    last = [part for part in head.split("\r\n\r\n") if part][-1].split("\r\n")
    r = requests.Response()
    r.status_code = int(last[0].split()[1])
    r.headers.update(line.split(": ", 1) for line in last[1:])
    r._content, r.encoding = body, "utf-8"
    r.request = requests.Request(method, url).prepare()
    return r


def test_every_sample_runs_as_it_stands(inst, document, tmp_path):
    w, contract, faults = World(inst), Contract(), []
    directory = os.environ.get("GATEPOST_RECORD")
    recorder = record.Recorder(directory) if directory else None
    (tmp_path / ".curlrc").write_text(f'silent\nshow-error\ncacert = "{inst.ca}"\ndump-header = "{tmp_path}/head"\n'
                                      f'output = "{tmp_path}/body"\n')
    every = [(m.upper(), p, op) for p, item in document["paths"].items() for m, op in item.items()]
    names = {op["operationId"] for _, _, op in every}
    assert set(PREPARE) <= names and set(NOT_RUN) <= names, (set(PREPARE) | set(NOT_RUN)) - names

    def run(method, path, op):
        forget_limits(inst)
        env = {"PATH": os.environ["PATH"], "CURL_HOME": str(tmp_path), "GATEPOST_URL": inst.url, "ADMIN_TOKEN": inst.token,
               "TOKEN": w.boss if path.startswith(ROOT) else w.token}
        env.update({k: str(v) for k, v in (PREPARE.get(op["operationId"], lambda *_: None)(w, op) or {}).items()})
        forget_limits(inst)
        for name in ("head", "body"):
            (tmp_path / name).write_bytes(b"")
        done = subprocess.run(["bash", "-euc", sample(op)], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        at = re.sub(r"[{}]", "", path)
        r = answered((tmp_path / "head").read_bytes().decode(), (tmp_path / "body").read_bytes(), method, inst.url + at)
        good = [int(s) for s in op["responses"] if s[0] in "23"]
        assert r.status_code in good, f"{r.status_code} {r.text[:600]}"
        contract.check(method, at, r)
        if recorder:
            recorder.take(r.request, r)

    for method, path, op in every:
        if op["operationId"] not in NOT_RUN:
            try:
                run(method, path, op)
            except Exception as e:      # all of them, then the verdict
                faults.append(f"{op['operationId']}: {type(e).__name__}: {str(e)[:900]}")
    for name, why in NOT_RUN.items():
        print(f"not run: {name}: {why}")
    assert not faults, f"{len(faults)} of {len(every)}:\n" + "\n".join(faults)


# --- the typed clients ------------------------------------------------------------------------------------------------

WRONG = """
import createClient from 'openapi-fetch';
import type { paths } from './gatepost.js';
import type { Code } from './session.js';

const c = createClient<paths>();

// @ts-expect-error no operation refuses with that
export const code: Code = 'role_reqired';

// @ts-expect-error there is no such path
void c.GET('/api/auth/profil/');
// @ts-expect-error a member is missing
void c.POST('/api/auth/otp/verify/', { body: { register_id: 'x' } });
// @ts-expect-error and one is of another type
void c.POST('/api/inbox/read-all/', { body: { seq: 'last' } });
// @ts-expect-error what is answered has no such member
void c.GET('/api/inbox/counts/').then((r) => r.data?.total);
"""

# What session.ts promises: one renewal for all who wait for it, and one notification whatever became of the first try.
HARD = """
import createClient from 'openapi-fetch';
import type { paths } from './gatepost.js';
import { good, once, signed_in } from './session.js';
import { setting } from './terminal.js';

const url = setting('GATEPOST_URL'), kept: string[] = [];
const person = signed_in(url, { access: 'over', refresh: setting('REFRESH') }, (pair) => kept.push(pair.access));
const seen = await Promise.all([1, 2, 3].map(async () => good(await person.GET('/api/auth/profile/')).id));
const site = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${setting('GATEPOST_ADMIN_TOKEN')}` } });
const ids: string[] = [];
const sent = await once(async (key) => {
	const answer = await site.POST('/api/notifications/', {
		params: { header: { 'Idempotency-Key': key } },
		body: { user_id: seen[0] ?? 0, title: 'Once', body: 'And no more.', channels: ['in_app'] } });

	ids.push(answer.data?.id ?? '');
	if (ids.length === 1)
		throw new TypeError('the answer was lost');
	return answer;
});
console.log(`${kept.length} pair for ${seen.length}, ${ids.length} tries for ${new Set([...ids, sent.id]).size} notification`);
"""


def test_the_typed_clients_compile_strictly_and_run(inst, tmp_path):
    """By the commands that README gives: types from the document, tsc --strict, and both programs do the whole way."""
    modules = f"{TOP}/tests/node_modules"
    if not os.path.exists(f"{modules}/openapi-typescript") or not os.path.exists(f"{modules}/typescript"):
        pytest.skip("npm install in tests/ brings openapi-typescript and tsc")
    here = tmp_path / "client"
    mine = shutil.ignore_patterns("node_modules", "build", "gatepost.d.ts")
    shutil.copytree(f"{TOP}/scripts/examples/client", here, ignore=mine)
    os.symlink(modules, here / "node_modules")
    (here / "wrong.ts").write_text(WRONG)
    (here / "hard.ts").write_text(HARD)
    (here / "tsconfig.json").write_text((here / "tsconfig.json").read_text().replace('"client.ts"', '"client.ts", "wrong.ts", "hard.ts"'))
    env = {**os.environ, "GATEPOST_SCHEMA": f"{TOP}/nginx/html/api/openapi.yaml", "GATEPOST_URL": inst.url,
           "GATEPOST_ADMIN_TOKEN": inst.token, "NODE_EXTRA_CA_CERTS": inst.ca}
    for command in ("types", "build"):
        done = subprocess.run(["npm", "run", "--silent", command], cwd=here, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    for program, end in (("build/client.js", "refused: role_required"), ("plain.js", "unread: 0")):
        phone = a_phone()
        forget_limits(inst)
        with subprocess.Popen(["node", program], cwd=here, env={**env, "PHONE": phone}, text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            try:
                # A program that ends by itself has nobody's code to wait for.
                try:
                    wait_until("a code, or an end",
                               lambda: running.poll() is not None or inst.sandbox.messages(channel="sms", to=phone), 90, 0.2)
                except AssertionError as e:
                    running.kill()
                    jobs = inst.rows("SELECT class, state, kind, provider, run_at, last_error FROM job LIMIT 9")
                    raise AssertionError(f"{e}: {running.communicate()} {jobs}") from e
                code = inst.sandbox.code(phone) if running.poll() is None else ""
                said, wrong = running.communicate(code + "\n", timeout=60)
            finally:
                running.kill()
        assert running.returncode == 0, said + wrong
        assert "was told: Order Update. Your order has been shipped" in said and end in said, said
        assert program == "plain.js" or "order_status_update" in said, said
    done = subprocess.run(["node", "build/hard.js"], cwd=here, env={**env, "REFRESH": Person(inst).bearer().refresh},
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1 pair for 3, 2 tries for 1 notification", done.stdout + done.stderr
