"""Opens one Web Push message (RFC 8188, RFC 8291) with Python's cryptography.

The file named on the command line is {private_key, auth, raw}, each base64url;
prints what is in the message.  For machines without npm: see open_push.js.
"""
import base64
import json
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def derive(secret, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def point(key):
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


with open(sys.argv[1], encoding="utf-8") as f:
    sealed = json.load(f)
private = ec.derive_private_key(int.from_bytes(decode(sealed["private_key"]), "big"), ec.SECP256R1())
raw = decode(sealed["raw"])
salt, sender = raw[:16], raw[21:21 + raw[20]]
theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
shared = private.exchange(ec.ECDH(), theirs)
ikm = derive(shared, decode(sealed["auth"]), b"WebPush: info\0" + point(private.public_key()) + sender, 32)
key = derive(ikm, salt, b"Content-Encoding: aes128gcm\0", 16)
nonce = derive(ikm, salt, b"Content-Encoding: nonce\0", 12)
text = AESGCM(key).decrypt(nonce, raw[21 + raw[20]:], None).rstrip(b"\0")
if text[-1:] != b"\2":
    sys.exit("the record is not the last one")
print(text[:-1].decode())
