"""The published examples of the systems replaced, byte for byte, by the tool
that their readers use: curl."""
import json
import re
import subprocess

import pytest

from instance import TOP
from people import a_phone, an_email, forget_limits

# Not a byte of these may change: they stand in documents that people have.
REGISTER = ('{"email": "newuser@example.com", "password": "A12345678a@", "first_name": "Abolfazl",'
            ' "last_name": "Fallahkar"}')
TOKEN = '{"email": "newuser@example.com", "password": "A12345678a@"}'
OTP_SEND = '{"email_or_phone": "email"}'
OTP_VERIFY = '{"code": 123456}'
PUSH_TOKEN = '{"token": "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]", "device_type": "android"}'
LOGOUT = '{"refresh": "…"}'


@pytest.fixture(autouse=True)
def fresh_counters(inst):
    forget_limits(inst)


def curl(inst, path, body, token=None):
    argv = ["curl", "-sS", "--cacert", inst.ca, "-w", "\n%{http_code}", "-X", "POST", inst.url + path]
    if body is not None:
        argv += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
    if token:
        argv += ["-H", f"Authorization: Bearer {token}"]
    out = subprocess.run(argv, input=body or "", capture_output=True, text=True, check=True, timeout=40).stdout
    text, _, status = out.rpartition("\n")
    return int(status), json.loads(text)


def test_the_authentication_api(inst):
    """register, token, otp/send, otp/verify, logout: in the order of the document."""
    status, user = curl(inst, "/api/users/", REGISTER)
    assert status == 201 and list(user) == ["url", "email", "id", "first_name", "last_name"]
    assert user["url"] == f"{inst.url}/api/users/{user['id']}/" and user["email"] == "newuser@example.com"
    assert (user["first_name"], user["last_name"]) == ("Abolfazl", "Fallahkar")

    status, tokens = curl(inst, "/api/token/", TOKEN)
    assert status == 200 and list(tokens) == ["refresh", "access", "email"], tokens
    assert tokens["email"] == "newuser@example.com"

    status, sent = curl(inst, "/api/otp/send/", OTP_SEND, tokens["access"])
    assert (status, sent) == (200, {"status": "code has been sent to user"})
    status, again = curl(inst, "/api/otp/send/", OTP_SEND, tokens["access"])
    assert status == 429, again

    # Their code was 123456; so is ours, or this one is a try that fails.
    code = inst.sandbox.code("newuser@example.com", "email")
    status, got = curl(inst, "/api/otp/verify/", OTP_VERIFY, tokens["access"])
    if code != "123456":
        assert status == 400 and "code" in got["errors"], got
        # As a number: leading zeros are lost on the way.
        status, got = curl(inst, "/api/otp/verify/", json.dumps({"code": int(code)}), tokens["access"])
    assert (status, got) == (200, {"status": "User has Verified"})

    # Proved: the same token opens what a claim's does not.
    status, got = curl(inst, "/api/users/push-tokens/", PUSH_TOKEN.replace("xx", "yy"), tokens["access"])
    assert (status, got["created"]) == (200, True), got

    status, got = curl(inst, "/api/logout/", LOGOUT.replace("…", tokens["refresh"]), tokens["access"])
    assert (status, got) == (200, {"status": "You have logged out"})
    status, _ = curl(inst, "/api/token/verify/", json.dumps({"token": tokens["refresh"]}))
    assert status == 401


def test_the_readmes_first_call(inst, tmp_path):
    """A newcomer pastes each block whole, one after the other, into one shell."""
    with open(f"{TOP}/README.md", encoding="utf-8") as f:
        blocks = re.findall(r"```sh\n(.*?)```", f.read().partition("## A first call")[2], re.S)
    assert len(blocks) >= 3
    block = "".join(blocks)
    (tmp_path / "var").symlink_to(inst.dir)
    out = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", block.replace("/tmp/", f"{tmp_path}/")], cwd=tmp_path,
                         capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    profiles = re.findall(r'"phone_number":"\+989121234567"', out.stdout)
    assert len(profiles) == 2 and '"message":"Notification sent"' in out.stdout, out.stdout
    assert re.search(r'"id":"\d+"', out.stdout) and "Sara" in out.stdout and "problem" not in out.stdout, out.stdout


def test_a_code_with_zeros_in_front_is_a_shorter_number(inst):
    """{"code": 123456} is a number: 001234 comes as 1234."""
    email = an_email()
    assert curl(inst, "/api/users/", REGISTER.replace("newuser@example.com", email))[0] == 201
    status, tokens = curl(inst, "/api/token/", TOKEN.replace("newuser@example.com", email))
    assert status == 200

    def a_code():
        forget_limits(inst)
        seen = len(inst.sandbox.messages(channel="email", to=email))
        assert curl(inst, "/api/otp/send/", OTP_SEND, tokens["access"])[0] == 200
        text = inst.sandbox.wait(channel="email", to=email, count=seen + 1)[0]["text"]
        return re.search(r"(?<!\d)\d{6}(?!\d)", text).group()
    code = next(c for c in (a_code() for _ in range(200)) if c.startswith("0"))
    status, got = curl(inst, "/api/otp/verify/", OTP_VERIFY.replace("123456", str(int(code))), tokens["access"])
    assert (status, got) == (200, {"status": "User has Verified"})


def test_the_forms_of_the_communication_system(inst):
    """[C]: `success` and `data` beside what the others published."""
    phone = a_phone()
    account = json.dumps({"phone_number": phone, "password": "A12345678a@"})
    status, made = curl(inst, "/api/auth/register/", account)
    assert status == 201 and made["success"] is True
    assert made["data"] == {"message": made["message"], "register_id": made["register_id"]}
    status, _ = curl(inst, "/api/auth/otp/verify/", json.dumps({
        "register_id": made["register_id"], "otp_code": inst.sandbox.code(phone)}))
    assert status == 200
    status, got = curl(inst, "/api/auth/login/", account)
    assert status == 200 and got["success"] is True and got["data"] == {"refresh": got["refresh"], "access": got["access"]}
    status, pair = curl(inst, "/api/auth/token/refresh/", json.dumps({"refresh": got["data"]["refresh"]}))
    assert status == 200 and pair["access"] == pair["access_token"] and pair["refresh"]
    status, out = curl(inst, "/api/auth/logout/", json.dumps({"refresh": pair["refresh"]}), pair["access"])
    assert status == 200 and out == {"message": out["message"], "success": True, "data": {"message": out["message"]}}
    # Their refusals: the sentence under `error`.
    for path, body, want in (("register", {"password": "x"}, 400), ("login", {"username": phone, "password": "x"}, 401),
                             ("logout", {"refresh": "x"}, 401), ("token/refresh", {"refresh": "x"}, 401),
                             ("login/facebook", {"code": 5}, 400)):
        status, got = curl(inst, f"/api/auth/{path}/", json.dumps(body))
        assert status == want and got["success"] is False and got["error"] == got["detail"], got


def test_the_forms_of_the_notification_system(inst):
    """[N]: register, the mail's link, verify-email."""
    for v in ("", "v1/"):
        email = an_email()
        status, made = curl(inst, f"/api/{v}register/", json.dumps({"email": email, "password": "A12345678a@"}))
        assert status == 201 and made == {"id": made["id"], "email": email}
        text = inst.sandbox.wait(channel="email", to=email)[0]["text"]
        token = re.search(r"/api/verify-email/\?token=(\S+)", text).group(1)
        status, got = curl(inst, f"/api/{v}verify-email/", json.dumps({"token": token}))
        assert status == 200 and list(got) == ["message"]
        status, got = curl(inst, f"/api/{v}verify-email/", json.dumps({"token": token}))
        assert status == 400 and got["error"] == got["detail"]
        status, got = curl(inst, "/api/token/", json.dumps({"email": email, "password": "A12345678a@"}))
        assert status == 200 and list(got) == ["refresh", "access", "email"]
    status, got = curl(inst, "/api/verify-email/resend/", json.dumps({"email": an_email()}))
    assert status == 200 and list(got) == ["message"]


def test_the_expo_push_service(inst):
    """[X]: the token, then the test endpoint with no body; removed, and what their clients read of a refusal."""
    phone = a_phone()
    account = json.dumps({"phone_number": phone, "password": "A12345678a@"})
    _, made = curl(inst, "/api/auth/register/", account)
    status, me = curl(inst, "/api/auth/otp/verify/", json.dumps({
        "register_id": made["register_id"], "otp_code": inst.sandbox.code(phone)}))
    assert status == 200
    mine = me["access_token"]
    at, token = "/api/users/push-tokens/", "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]"

    status, got = curl(inst, at + "test/", None, mine)
    assert (status, list(got), got["success"]) == (200, ["success", "message"], False)
    status, got = curl(inst, at, PUSH_TOKEN, mine)
    assert (status, list(got)) == (200, ["success", "message", "created"])
    assert got["success"] is True and got["created"] is True
    status, got = curl(inst, at, PUSH_TOKEN, mine)
    assert (status, got["success"], got["created"]) == (200, True, False)

    status, got = curl(inst, at + "test/", None, mine)
    assert (status, list(got)) == (200, ["success", "message", "sent_to", "details"]), got
    assert got["success"] is True and got["sent_to"] == 1
    ticket, = got["details"]["data"]
    arrived, = inst.sandbox.messages(channel="expo", to=token)
    assert ticket == {"status": "ok", "id": arrived["provider_id"]}
    sent = arrived["payload"]
    assert sent["title"] == "Test Notification" and sent["data"] == {"type": "test"}
    assert (sent["sound"], sent["badge"], sent["priority"]) == ("default", 1, "high")
    row, = inst.rows("SELECT n.type, d.device_type, d.target FROM notification n JOIN delivery x ON x.notification_id"
                     " = n.id JOIN device d ON d.id = x.device_id WHERE x.provider_id = %s", ticket["id"])
    assert row == {"type": "system", "device_type": "android", "target": token}

    for body, said in (("{}", "Token is required"), ('{"token": ""}', "Token is required"),
                       ('{"token": "x"}', "Invalid token format"), ('{"token": 5}', "Invalid token format")):
        for path in (at, at + "remove/"):
            status, got = curl(inst, path, body, mine)
            assert (status, got["success"], got["message"]) == (400, False, said), got
    status, got = curl(inst, at + "remove/", json.dumps({"token": token}), mine)
    assert (status, list(got), got["success"], got["deleted"]) == (200, ["success", "message", "deleted"], True, True)
    status, got = curl(inst, at + "remove/", json.dumps({"token": token}), mine)
    assert (status, got["success"], got["deleted"]) == (200, True, False)


class Curl:
    """A user of the push server, by curl: the token of each answer, or the cookies that nginx set."""

    def __init__(self, inst, by, jar):
        self.inst, self.by, self.jar, self.kept = inst, by, jar, {}

    def ask(self, method, path, body=None, status=200):
        argv = ["curl", "-sS", "--cacert", self.inst.ca, "-w", "\n%{http_code}", "-X", method, self.inst.url + path]
        if body is not None:
            argv += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        if self.by == "cookie":
            argv += ["-b", self.jar, "-c", self.jar, "-H", f"Origin: {self.inst.url}"]
        elif self.kept:
            argv += ["-H", f"Authorization: Bearer {self.kept['access_token']}"]
        out = subprocess.run(argv, input=json.dumps(body) if body is not None else "", capture_output=True, text=True,
                             check=True, timeout=40).stdout
        text, _, got = out.rpartition("\n")
        assert int(got) == status, f"{method} {path}: {got} {text}"
        answer = json.loads(text)
        if self.by == "bearer" and "access_token" in answer:
            self.kept.update({k: answer[k] for k in ("access_token", "refresh") if k in answer})
        return answer

    def refresh(self):
        got = self.ask("POST", "/api/auth/token/refresh/", {"refresh": self.kept["refresh"]} if self.kept else None)
        assert got["access_token"] == got["access"] and got["refresh"]
        return got


@pytest.mark.parametrize("by", ["bearer", "cookie"])
def test_every_row_of_the_push_server(inst, tmp_path, by):
    """[P], in the order in which its clients call them."""
    me, first, new = Curl(inst, by, str(tmp_path / "jar")), "A12345678a@", "B12345678b@"
    phone, typo, other = a_phone(), a_phone(), a_phone()

    def code(to, n=1):
        return inst.sandbox.wait(channel="sms", to=to, count=n) and inst.sandbox.code(to)
    # A mistyped number is corrected before it is proved.
    made = me.ask("POST", "/api/auth/register/", {"phone_number": typo, "first_name": "Sara", "password": first}, 201)
    rid = made["register_id"]
    assert me.ask("POST", "/api/auth/otp/refresh/", {"register_id": rid}, 429)["error"]
    edited = me.ask("POST", "/api/auth/number/edit/", {"register_id": rid, "new_phone_number": phone,
                                                       "old_phone_number": typo, "request_type": "register"})
    assert set(edited) == {"message", "register_id", "request_type", "phone_number"} and edited["phone_number"] == phone
    got = me.ask("POST", "/api/auth/otp/verify/", {"register_id": rid, "otp_code": code(phone)})
    assert got["message"] and got["user"]["phone_number"] == phone

    assert me.ask("GET", "/api/auth/profile/")["first_name"] == "Sara"
    assert me.ask("POST", "/api/auth/profile/", {"last_name": "Amini"})["last_name"] == "Amini"
    assert me.ask("PATCH", "/api/auth/profile/", {"gender": "F"})["gender"] == "F"
    assert me.ask("POST", "/api/auth/token/verify/", {"token": me.refresh()["access"]}) == {}
    assert list(me.ask("POST", "/api/auth/password/change/", {"old_password": first, "new_password": new})) == ["message"]
    me.refresh()

    forget_limits(inst)
    began = me.ask("POST", "/api/auth/number/change/", {"new_phone_number": other})
    assert set(began) == {"message", "register_id"}
    got = me.ask("POST", "/api/auth/otp/verify/", {"register_id": began["register_id"], "otp_code": code(other)})
    assert got["user"]["phone_number"] == other
    assert me.ask("POST", "/api/auth/logout/", {"refresh": me.kept["refresh"]} if me.kept else None)["message"]
    me.kept.clear()
    me.ask("GET", "/api/auth/profile/", status=401)

    forget_limits(inst)
    inst.sandbox.clear()
    asked = me.ask("POST", "/api/auth/password/reset/request/", {"phone_number": other})
    proof = {"register_id": asked["register_id"], "otp_code": code(other)}
    assert me.ask("POST", "/api/auth/password/reset/verify/", proof)["message"]
    assert me.ask("POST", "/api/auth/password/reset/", {"register_id": proof["register_id"], "new_password": first})["message"]

    inst.rows("UPDATE user SET is_superuser = TRUE WHERE phone = %s", other)
    user = me.ask("POST", "/api/auth/login/", {"phone_number": other, "password": first})["user"]
    minted = me.ask("POST", "/api/push/token/generate/", status=201)
    assert minted["token"].startswith("gp_") and {"name", "id"} <= set(minted)

    def subscription():
        b = inst.sandbox.subscription(vapid_public_key=inst.api("GET", "/api/push/vapid-key/").json()["public_key"])
        return {"endpoint": b["endpoint"], "expirationTime": None, "keys": b["keys"]}
    one, two = subscription(), subscription()
    text = {"title": "Hello", "body": "From the push server", "url": "https://example.com/"}
    assert me.ask("POST", "/webpush/save_information", {
        "status_type": "subscribe", "subscription": one, "browser": "chrome", "user_agent": "x"}, 201)
    for to in ({"subscription_info": one}, {"subscription_info": json.dumps(two)}, {"user_id": user["id"]}):
        got = me.ask("POST", "/api/push/send/single/", {**text, **to})
        assert got["message"] and got["id"] and got["deliveries"][0]["state"] == "sent"
    for to in ({"subscription_info_list": [one, two]}, {"subscription_info_list": json.dumps([one, two])}):
        got = me.ask("POST", "/api/push/send/group/", {**text, **to})
        assert (got["success"], got["error"]) == ([one["endpoint"], two["endpoint"]], []) and got["success_count"] == 2
    assert me.ask("POST", "/webpush/save_information", {
        "status_type": "unsubscribe", "subscription": one, "browser": "chrome", "user_agent": "x"}, 202)
    # The token of the site's own programs, as they sent it: in the body.
    site = Curl(inst, "bearer", None)
    assert site.ask("POST", "/api/push/send/single/", {**text, "subscription_info": two, "admin_token": minted["token"]})["id"]
