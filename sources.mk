# Made by scripts/gen-lists; do not edit.

BASE_SOURCES = \
	fcgi-app/base/arena.c \
	fcgi-app/base/arena.h \
	fcgi-app/base/banned.h \
	fcgi-app/base/buf.c \
	fcgi-app/base/buf.h \
	fcgi-app/base/cdefs.h \
	fcgi-app/base/clock.c \
	fcgi-app/base/clock.h \
	fcgi-app/base/conf.c \
	fcgi-app/base/conf.h \
	fcgi-app/base/conf_check.c \
	fcgi-app/base/conf_lines.c \
	fcgi-app/base/conf_parts.h \
	fcgi-app/base/conf_rows.h \
	fcgi-app/base/crypto.c \
	fcgi-app/base/crypto.h \
	fcgi-app/base/crypto_own.h \
	fcgi-app/base/crypto_p256.c \
	fcgi-app/base/crypto_seal.c \
	fcgi-app/base/err.c \
	fcgi-app/base/err.h \
	fcgi-app/base/file.c \
	fcgi-app/base/file.h \
	fcgi-app/base/json.c \
	fcgi-app/base/json.h \
	fcgi-app/base/json_walk.c \
	fcgi-app/base/json_walk.h \
	fcgi-app/base/json_write.c \
	fcgi-app/base/jws.c \
	fcgi-app/base/jws.h \
	fcgi-app/base/keyring.c \
	fcgi-app/base/keyring.h \
	fcgi-app/base/keyring_make.c \
	fcgi-app/base/keyring_own.h \
	fcgi-app/base/log.c \
	fcgi-app/base/log.h \
	fcgi-app/base/mail.c \
	fcgi-app/base/mail.h \
	fcgi-app/base/pattern.c \
	fcgi-app/base/pattern.h \
	fcgi-app/base/phone.cc \
	fcgi-app/base/phone.h \
	fcgi-app/base/rand.c \
	fcgi-app/base/rand.h \
	fcgi-app/base/shm.c \
	fcgi-app/base/shm.h \
	fcgi-app/base/shm_own.h \
	fcgi-app/base/shm_revoke.c \
	fcgi-app/base/text.c \
	fcgi-app/base/text.h

STORE_SOURCES = \
	fcgi-app/store/admin_token.h \
	fcgi-app/store/db.c \
	fcgi-app/store/db.h \
	fcgi-app/store/db_own.h \
	fcgi-app/store/known_device.h \
	fcgi-app/store/migrate.h \
	fcgi-app/store/notification.c \
	fcgi-app/store/notification.h \
	fcgi-app/store/otp.h \
	fcgi-app/store/revocation.h \
	fcgi-app/store/session.h \
	fcgi-app/store/throttle.h \
	fcgi-app/store/user.h

NET_SOURCES = \
	fcgi-app/net/exchange.h \
	fcgi-app/net/net.h

HTTP_SOURCES = \
	fcgi-app/http/addr.c \
	fcgi-app/http/bind.h \
	fcgi-app/http/fcgi.h \
	fcgi-app/http/match.c \
	fcgi-app/http/match.h \
	fcgi-app/http/request.c \
	fcgi-app/http/request.h \
	fcgi-app/http/response.h

CHANNEL_SOURCES = \
	fcgi-app/channel/channel.h \
	fcgi-app/channel/providers/vapid.c \
	fcgi-app/channel/providers/vapid.h \
	fcgi-app/channel/providers/webpush_crypt.c \
	fcgi-app/channel/providers/webpush_crypt.h

AUTH_SOURCES = \
	fcgi-app/auth/audit.h \
	fcgi-app/auth/caller.h \
	fcgi-app/auth/grant.c \
	fcgi-app/auth/grant.h \
	fcgi-app/auth/otp.h \
	fcgi-app/auth/password.c \
	fcgi-app/auth/password.h \
	fcgi-app/auth/throttle.c \
	fcgi-app/auth/throttle.h \
	fcgi-app/auth/token.c \
	fcgi-app/auth/token.h

QUEUE_SOURCES = \
	fcgi-app/queue/bell.c \
	fcgi-app/queue/bell.h \
	fcgi-app/queue/enqueue.c \
	fcgi-app/queue/enqueue.h \
	fcgi-app/queue/secret.c \
	fcgi-app/queue/secret.h

DELIVER_SOURCES =

API_SOURCES = \
	fcgi-app/api/route.h \
	fcgi-app/api/routes.def

WORKER_SOURCES =

BIN_API_SOURCES =

BIN_WORKER_SOURCES =

BIN_CTL_SOURCES =

UNIT_TESTS =

SQL_FILES = \
	sql/0001_core.sql \
	sql/grants.sql \
	sql/users.sql

NGINX_FILES = \
	nginx/gatepost-http.conf.in \
	nginx/gatepost-legacy.conf \
	nginx/gatepost-limits.conf \
	nginx/gatepost-site.conf.in \
	nginx/html/gatepost-sw.js \
	nginx/html/push/icon.svg \
	nginx/html/push/index.html \
	nginx/html/push/push.css \
	nginx/html/push/push.js \
	nginx/nginx.conf.in \
	nginx/snippets/gatepost-authz.conf \
	nginx/snippets/gatepost-errors.conf \
	nginx/snippets/gatepost-fcgi.conf \
	nginx/snippets/gatepost-geo-off.conf \
	nginx/snippets/gatepost-geo-on.conf.in \
	nginx/snippets/gatepost-protect.conf \
	nginx/snippets/gatepost-routes.conf \
	nginx/snippets/gatepost-security.conf

MAN_FILES =

UNIT_FILES =

EXTRA_FILES = \
	fcgi-app/LAYERS \
	fcgi-app/STYLE.md \
	scripts/bench \
	scripts/check-layers \
	scripts/crash \
	scripts/deps \
	scripts/gen-lists \
	scripts/render-nginx \
	tests/bench/http.c \
	tests/bench/http.h \
	tests/bench/instance.py \
	tests/bench/limit_argon2.c \
	tests/bench/limit_fcgi.c \
	tests/bench/limit_p256.c \
	tests/bench/limits.py \
	tests/bench/load.c \
	tests/bench/load.h \
	tests/bench/load_main.c \
	tests/bench/peer_django.py \
	tests/bench/peer_webpush.js \
	tests/bench/report.py \
	tests/bench/rows_push.py \
	tests/bench/rows_request.py \
	tests/bench/sink.py \
	tests/bench/test_load.py \
	tests/browser/autopush.test.js \
	tests/browser/chromium_smoke.js \
	tests/browser/firefox.js \
	tests/browser/firefox_push.js \
	tests/browser/firefox_renew.js \
	tests/browser/instance.js \
	tests/crash/kills.py \
	tests/crash/stream.py \
	tests/e2e/test_nginx_edge.py \
	tests/lib/fcgi_echo.py \
	tests/lib/run-unit \
	tests/package.json \
	tests/sandbox/autopush.js \
	tests/sandbox/lib/control.js \
	tests/sandbox/lib/ece.js \
	tests/sandbox/lib/faults.js \
	tests/sandbox/lib/kavenegar.js \
	tests/sandbox/lib/kavenegar_methods.js \
	tests/sandbox/lib/kavenegar_rules.js \
	tests/sandbox/lib/kavenegar_store.js \
	tests/sandbox/lib/messages.js \
	tests/sandbox/lib/mime.js \
	tests/sandbox/lib/push.js \
	tests/sandbox/lib/push_errors.js \
	tests/sandbox/lib/push_rules.js \
	tests/sandbox/lib/pushkit.js \
	tests/sandbox/lib/smtp.js \
	tests/sandbox/lib/smtp_auth.js \
	tests/sandbox/lib/smtp_script.js \
	tests/sandbox/lib/smtp_session.js \
	tests/sandbox/lib/subscriptions.js \
	tests/sandbox/lib/testkit.js \
	tests/sandbox/lib/tlsfront.js \
	tests/sandbox/lib/vapid.js \
	tests/sandbox/page/index.html \
	tests/sandbox/page/page.css \
	tests/sandbox/page/page.js \
	tests/sandbox/sandbox.js \
	tests/sandbox/test/control.test.js \
	tests/sandbox/test/kavenegar.test.js \
	tests/sandbox/test/push.test.js \
	tests/sandbox/test/smtp.test.js

