"""What tests of provider callbacks share: signed calls, and states of
deliveries as they settle."""
import base64
import hashlib
import hmac
import json

from instance import wait_until

WHATSAPP = "/api/webhooks/whatsapp/"
SECRET = "sandbox-whatsapp-secret"
NUMBER_ID = "106540352242922"


def hub(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def value(**what):
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER_ID},
        **what}}]}]}


def status(wamid, state, **more):
    return {"id": wamid, "status": state, "timestamp": "1750263773", "recipient_id": "16505551234", **more}


def from_meta(inst, doc, secret=SECRET, **more):
    body = doc if isinstance(doc, bytes) else json.dumps(doc).encode()
    return inst.api("POST", WHATSAPP, data=body, **more, headers={
        "Content-Type": "application/json", "X-Hub-Signature-256": hub(body, secret)})


def from_twilio(inst, path, form, token="sandbox-twilio-token", base=None):
    text = (base or inst.url) + path + "".join(k + form[k] for k in sorted(form))
    return inst.api("POST", path, data=form, headers={"X-Twilio-Signature": base64.b64encode(
        hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()})


def deliveries(inst, task):
    return inst.rows("SELECT * FROM delivery WHERE notification_id = %s ORDER BY seq", int(task))


def delivery(inst, task):
    row, = deliveries(inst, task)
    return row


def settled(inst, task, *states, seconds=20):
    """The one delivery, as soon as its state is one of these."""
    def look():
        found = deliveries(inst, task)
        return found[0] if found and found[0]["state"] in states else None
    return wait_until(f"{task} is one of {states}: {deliveries(inst, task)}", look, seconds)
