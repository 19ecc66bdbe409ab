"""A small writer of MaxMind DB files (format 2.0), for databases that have no test file of their own.

    write("asn.mmdb", {"127.0.120.0/24": {"autonomous_system_number": 64496}})

IPv4 networks only, none inside another; nothing longer than 284; values are whole numbers (uint32), texts and dicts of these.
"""
import ipaddress
import struct

MARKER = b"\xab\xcd\xefMaxMind.com"
TEXT, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11


def _head(kind, size):
    more = bytes([size - 29]) if size >= 29 else b""
    size = min(size, 29)
    return (bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])) + more


def _number(kind, n):
    raw = n.to_bytes(8, "big").lstrip(b"\0")
    return _head(kind, len(raw)) + raw


def _value(v, kind=UINT32):
    if isinstance(v, dict):
        return _head(MAP, len(v)) + b"".join(_value(k) + _value(x) for k, x in v.items())
    if isinstance(v, str):
        return _head(TEXT, len(v.encode())) + v.encode()
    return v if isinstance(v, bytes) else _number(kind, v)


def write(path, networks):
    nodes, data = [[None, None]], b""
    for network, record in networks.items():
        net = ipaddress.ip_network(network)
        bits = f"{int(net.network_address):032b}"[:net.prefixlen]
        at = 0
        for bit in bits[:-1]:
            if nodes[at][int(bit)] is None:
                nodes.append([None, None])
                nodes[at][int(bit)] = len(nodes) - 1
            at = nodes[at][int(bit)]
        nodes[at][int(bits[-1])] = ("data", len(data))
        data += _value(record)

    def pointer(r):
        n = len(nodes) if r is None else r if isinstance(r, int) else len(nodes) + 16 + r[1]
        return struct.pack(">I", n)[1:]
    meta = {"node_count": len(nodes), "record_size": _number(UINT16, 24), "ip_version": _number(UINT16, 4),
            "database_type": "Gatepost-Test", "languages": _head(ARRAY, 0), "binary_format_major_version": _number(UINT16, 2),
            "binary_format_minor_version": _number(UINT16, 0), "build_epoch": _number(UINT64, 1), "description": {}}
    with open(path, "wb") as f:
        f.write(b"".join(pointer(r) for n in nodes for r in n) + bytes(16) + data + MARKER + _value(meta))
