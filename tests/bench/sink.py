"""Where drained pushes go: an nginx that answers 201 over TLS, HTTP/2 or 1.1.

And who else sends there: node's web-push library, with no queue at all.
"""
import base64
import json
import os
import secrets
import ssl
import subprocess
import urllib.request

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from instance import TOP, Failure, say
from limits import HERE, Nginx

CONF = """
worker_processes 1;
pid {tree}/nginx.pid;
error_log {tree}/error.log warn;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {tree}/tmp; proxy_temp_path {tree}/tmp;
  fastcgi_temp_path {tree}/tmp; uwsgi_temp_path {tree}/tmp; scgi_temp_path {tree}/tmp;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    server_name localhost;
    ssl_certificate {tls}/tls.crt; ssl_certificate_key {tls}/tls.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    keepalive_requests 100000000; keepalive_timeout 300s;
    client_body_buffer_size 16k;
    location /wpush/ {{
      add_header Location https://localhost:{port}/m/$request_id always;
      add_header TTL 60 always;
      return 201;
    }}
    location = /status {{ stub_status; }}
  }}
}}
"""


class Sink:
    def __init__(self, work, tls, ca, port):
        self.tree, self.port, self.ca = f"{work}/sink", port, ca
        os.makedirs(f"{self.tree}/tmp", exist_ok=True)
        with open(f"{self.tree}/nginx.conf", "w", encoding="ascii") as f:
            f.write(CONF.format(tree=self.tree, port=port, tls=tls))
        self.nginx = Nginx(self.tree, f"{self.tree}/nginx.conf", port)
        self.tls = ssl.create_default_context(cafile=ca)
        self.asked = 0

    def received(self):
        """Requests answered since the sink began, ours not counted."""
        with urllib.request.urlopen(f"https://localhost:{self.port}/status",
                                    context=self.tls, timeout=10) as answer:
            text = answer.read().decode()
        self.asked += 1
        return int(text.split("\n")[2].split()[2]) - self.asked

    def stop(self):
        self.nginx.stop()


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def subscriptions(n, port):
    """n subscriptions as browsers make them, each with a key of its own."""
    made = []
    for _ in range(n):
        point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint)
        made.append({
            "endpoint": f"https://localhost:{port}/wpush/v2/{secrets.token_urlsafe(90)}",
            "expirationTime": None,
            "keys": {"p256dh": b64(point), "auth": b64(secrets.token_bytes(16))}})
    return made


class Peer:
    """node web-push: of the tests where they have it, else installed once."""

    def __init__(self, work, cache, ca):
        self.work, self.ca = work, ca
        self.modules = f"{TOP}/tests/node_modules"
        if os.path.exists(f"{self.modules}/web-push/package.json"):
            return
        self.modules = f"{cache}/node_modules"
        if not os.path.exists(f"{self.modules}/web-push/package.json"):
            say("installing the peer: npm install web-push@3")
            os.makedirs(cache, exist_ok=True)
            done = subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--silent",
                 "--prefix", cache, "web-push@3"], capture_output=True, text=True)
            if done.returncode != 0:
                raise Failure(f"npm install web-push: {done.stderr[-400:]}")

    def send(self, subs, count, payload):
        with open(f"{self.work}/peer.json", "w", encoding="utf-8") as f:
            json.dump({"subscriptions": subs, "count": count, "payload": payload}, f)
        done = subprocess.run(
            ["node", f"{HERE}/peer_webpush.js", f"{self.work}/peer.json"],
            capture_output=True, text=True,
            env=dict(os.environ, NODE_PATH=self.modules, NODE_EXTRA_CA_CERTS=self.ca))
        if done.returncode != 0:
            raise Failure(f"node web-push: {done.stderr[-500:]}")
        return json.loads(done.stdout)
