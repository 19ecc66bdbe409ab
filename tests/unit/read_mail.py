"""Read one mail with Python's own parser and print what it means, as JSON.

Usage: read_mail.py FILE.  Ends with 1 when the mail is not what RFC 5322 and
MIME ask for: defects, a bare line feed, a line of more than 998 bytes.
"""
import base64
import email
import email.header
import email.policy
import email.utils
import json
import re
import sys

raw = open(sys.argv[1], 'rb').read()
lines = raw.split(b'\r\n')
wrong = [line for line in lines if b'\n' in line or b'\r' in line]
if wrong or lines[-1] != b'' or max(map(len, lines)) > 998:
    sys.exit('line ends or lengths: %r' % wrong[:1])
head = raw.split(b'\r\n\r\n', 1)[0]
for line in head.split(b'\r\n'):
    if not line.isascii() or (b'=?' in line and len(line) > 76):
        sys.exit('header line: %r' % line)
# Each word is text of its own (RFC 2047 section 5): none splits a character.
for word in re.findall(rb'=\?UTF-8\?B\?([^?]*)\?=', head):
    base64.b64decode(word, validate=True).decode('utf-8')
mail = email.message_from_bytes(raw, policy=email.policy.default)
parts = list(mail.walk())
for part in parts:
    if part.defects:
        sys.exit('defects: %r' % part.defects)
    for name, value in part.items():
        if value.defects:
            sys.exit('defects of %s: %r' % (name, value.defects))
        if part is mail and len(mail.get_all(name)) != 1:
            sys.exit('%s stands twice' % name)


def address(value, name):
    """The parser's one address.  Its name by email.header: Python 3.11's
    parser of phrases keeps the space between two encoded words, which RFC
    2047 section 6.2 drops (python/cpython issue 79728)."""
    one, = value.addresses
    old = email.message_from_bytes(raw)[name]
    shown, bare = email.utils.parseaddr(old)
    if bare != one.addr_spec:
        sys.exit('%s: %r or %r' % (name, bare, one.addr_spec))
    return {'name': str(email.header.make_header(
        email.header.decode_header(shown))), 'address': one.addr_spec}


def content(part):
    """The text with the line ends of the system, as a reader shows it."""
    text = part.get_content()
    if '\n' in text.replace('\r\n', ''):
        sys.exit('a bare line feed inside %s' % part.get_content_type())
    return text.replace('\r\n', '\n')


json.dump({
    'headers': sorted(name.lower() for name in mail.keys()),
    'from': address(mail['From'], 'From'),
    'to': address(mail['To'], 'To'),
    'subject': mail['Subject'],
    'id': mail['Message-ID'],
    'auto': mail['Auto-Submitted'],
    'date': int(mail['Date'].datetime.timestamp()),
    'types': [part.get_content_type() for part in parts],
    'text': [content(part) for part in parts if not part.is_multipart()],
}, sys.stdout)
