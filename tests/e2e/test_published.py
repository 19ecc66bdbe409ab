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
    """A newcomer pastes the whole block at once."""
    with open(f"{TOP}/README.md", encoding="utf-8") as f:
        block = re.search(r"## A first call.*?```sh\n(.*?)```", f.read(), re.S).group(1)
    (tmp_path / "var").symlink_to(inst.dir)
    out = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", block.replace("/tmp/", f"{tmp_path}/")], cwd=tmp_path,
                         capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    profiles = re.findall(r'"phone_number":"\+989121234567"', out.stdout)
    assert len(profiles) == 2 and '"message":"Notification sent"' in out.stdout, out.stdout


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
