"""A body of any row that passes its fields, by the table that the program prints: for tests that walk the table and
look at what comes after 400.  A new row that refuses this one has its own in OF_PATH."""

VALUES = {
    "password": "Sun-Flower9!", "username": "+989121112233", "phone_number": "+989121112233", "otp_code": "123456",
    "register_id": "x" * 22, "new_password": "Rain-Cloud7?", "old_password": "Sun-Flower9!",
    "new_phone_number": "+989121112234", "name": "x", "title": "t", "body": "b", "device_id": "1", "group": "g",
    "user_ids": [1], "status_type": "subscribe", "mfa_token": "x" * 22, "method": "sms", "ids": ["1"], "all": True,
    "content": "c", "message": "m", "subject": "s",
    "definition": {"default_locale": "en", "locales": {"en": {"title": "t", "body": "b"}}},
    "to": "+989121112235", "message_type": "template",
    "subscription": {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "x", "auth": "y"}}}

OF_PATH = {
    "/api/communications/email/": {"to": "x@example.com"}, "/api/communications/sms/": {"to": "+989121112234"},
    "/api/auth/login/facebook/": {"access_token": "x" * 40}, "/api/users/": {"email": "x@example.com"},
    "/api/token/": {"email": "x@example.com"}, "/api/auth/undo/": {"token": "x" * 22},
    "/api/auth/account/restore/": {"token": "x" * 22}, "/api/auth/otp/link/": {"token": "A" * 32},
    "/api/auth/mfa/verify/": {"code": "123456"}, "/api/auth/mfa/totp/confirm/": {"code": "123456"},
    "/api/users/push-tokens/": {"token": "ExpoPushToken[x]"},
    "/api/users/push-tokens/remove/": {"token": "ExpoPushToken[x]"},
    "/api/admin/providers/": {"name": "second", "kind": "smtp",
                              "settings": {"host": "mail.example.com", "from": "a@example.com"}},
    "/api/register/": {"email": "x@example.com"}, "/api/v1/register/": {"email": "x@example.com"},
    "/api/verify-email/resend/": {"email": "x@example.com"},
    "/api/campaigns/": {"channels": ["web_push"], "audience": {"all": True}},
    "/api/suppressions/import/": {"entries": [{"address": "x@example.com"}]},
    "/api/campaigns/audience/": {"audience": {"all": True}},
    "/api/communications/bulk/": {"type": "email", "recipients": ["x@example.com"], "content": "x"},
    "/api/admin/users/{id}/reset-factors/": {"reason": "a test"},
    "/api/admin/users/{id}/impersonate/": {"reason": "a test"}, "/api/admin/users/{id}/groups/": {"groups": []},
    "/api/admin/webhooks/{id}/replay/": {"since": "2026-01-01T00:00:00Z"}}
# Found by what else they name.
WITHOUT = {"/api/push/send/group/": "user_ids", "/api/notifications/": "user_ids", "/api/notifications/explain/": "user_ids"}


def some_body(row, own=None, of_path=None):
    """own: members of the caller's; of_path: bodies of paths, beside those above."""
    known = {f["name"] for f in row["fields"]}
    body = {k: v for k, v in (VALUES | (own or {})).items() if k in known}
    body |= OF_PATH.get(row["path"], {}) | (of_path or {}).get(row["path"], {})
    body.pop(WITHOUT.get(row["path"]), None)
    return body
