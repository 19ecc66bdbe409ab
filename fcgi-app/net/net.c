/*
 * net.c - requests over libcurl's multi interface: life and results.
 *
 * What must stay true: a request never leaves twice unless the peer said that
 * it did not process the first (HTTP/2 REFUSED_STREAM, a GOAWAY).  libcurl by
 * itself sends again when a kept connection dies without an answer; the body
 * cannot be rewound here, so that it reports the loss instead and the caller
 * decides (D26).
 */
#include "net/net_own.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"

#define STREAMS_MAX	100L		/* in flight a connection */
#define HOST_CONNS_MAX	8L
#define KEPT_MAX	32L
#define NUDGE_US	INT64_C(50000)
#define SPARE_MAX	128
#define CA_MAX		(4u << 20)
/* A provider that says more, or whose clock is years ahead, is asked again
 * tomorrow all the same. */
#define RETRY_AFTER_MAX	86400L

const char *
net_error_word(int error)
{
	static const char *const word[] = { "ok", "dns_failed",
	    "connect_failed", "tls_failed", "timed_out", "connection_reset",
	    "address_refused", "answer_too_large", "protocol_error",
	    "login_refused", "network_error" };

	return error >= 0 && error < (int)COUNT_OF(word) ? word[error] :
	    "network_error";
}

/* --- life ------------------------------------------------------------------------- */

/* The system's CAs and ours as one nameless file: libcurl caches what it
 * read from a path, and does not cache a blob. */
static int
ca_bundle(struct net *n, struct err *e)
{
	const char *extra = conf_str(CONF_EGRESS_CA);
	const char *system = curl_version_info(CURLVERSION_NOW)->cainfo;
	struct arena *a;
	char *text;
	size_t len;
	int rc = -1;

	if (extra[0] == '\0')
		return 0;
	a = arena_new(2 * CA_MAX + 4096);
	n->ca_fd = memfd_create("gatepost-ca", MFD_CLOEXEC);
	if (n->ca_fd == -1) {
		err_errno(e, "egress_ca", "memfd_create");
		goto out;
	}
	if (file_read(a, extra, CA_MAX, &text, &len, e) < 0)
		goto out;
	if (write(n->ca_fd, text, len) != (ssize_t)len ||
	    write(n->ca_fd, "\n", 1) != 1)
		goto broken;
	if (system != NULL && access(system, R_OK) == 0) {
		if (file_read(a, system, CA_MAX, &text, &len, e) < 0)
			goto out;
		if (write(n->ca_fd, text, len) != (ssize_t)len)
			goto broken;
	}
	snprintf(n->ca, sizeof(n->ca), "/proc/self/fd/%d", n->ca_fd);
	rc = 0;
	goto out;
broken:
	err_errno(e, "egress_ca", "write");
out:
	arena_free(a);
	return rc;
}

struct net *
net_new(struct err *e)
{
	struct net *n = calloc(1, sizeof(*n));

	if (n == NULL)
		fatal("net: out of memory");
	n->ca_fd = -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (n->multi = curl_multi_init()) == NULL) {
		err_set(e, ERR_INTERNAL, "curl_init", "libcurl does not start");
		net_free(n);
		return NULL;
	}
	if (ca_bundle(n, e) < 0) {
		net_free(n);
		return NULL;
	}
	curl_multi_setopt(n->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(n->multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
	    STREAMS_MAX);
	curl_multi_setopt(n->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
	    HOST_CONNS_MAX);
	curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, KEPT_MAX);
	return n;
}

static void
transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	buf_fini(&t->body);
	free(t);
}

void
net_free(struct net *n)
{
	struct transfer *t;

	if (n == NULL)
		return;
	/* Whoever stops does not wait for a peer that hangs. */
	while ((t = n->first) != NULL) {
		n->first = t->next;
		(void)curl_multi_remove_handle(n->multi, t->easy);
		transfer_free(t);
	}
	while ((t = n->spare) != NULL) {
		n->spare = t->next;
		transfer_free(t);
	}
	/* After the easy handles: connections are the multi handles'. */
	if (n->multi != NULL)
		curl_multi_cleanup(n->multi);
	if (n->ca_fd != -1)
		close(n->ca_fd);
	free(n);
}

size_t
net_in_flight(const struct net *n)
{
	return n->flying;
}

static struct transfer *
take_spare(struct net *n)
{
	struct transfer *t = n->spare;

	if (t != NULL) {
		n->spare = t->next;
		n->spares--;
	} else {
		if ((t = calloc(1, sizeof(*t))) == NULL ||
		    (t->easy = curl_easy_init()) == NULL)
			fatal("net: out of memory");
		buf_init(&t->body, ANSWER_MAX + 1);
	}
	t->net = n;
	return t;
}

static void
give_spare(struct net *n, struct transfer *t)
{
	CURL *easy = t->easy;
	bool kept = t->set;
	struct buf body;

	if (n->spares >= SPARE_MAX) {
		transfer_free(t);
		return;
	}
	if (!kept)
		curl_easy_reset(easy);
	buf_reset(&t->body);
	body = t->body;
	memset(t, 0, sizeof(*t));
	t->easy = easy;
	t->body = body;
	t->set = kept;
	t->next = n->spare;
	n->spare = t;
	n->spares++;
}

int
net_begin(struct net *n, const struct out_request *req, const char *account,
    net_done *done, void *arg, struct err *e)
{
	struct transfer *t = take_spare(n);

	(void)account;		/* connections are kept by host and user */
	t->req = req;
	t->done = done;
	t->arg = arg;
	t->conn = -1;
	if (transfer_set(t, e) < 0) {
		give_spare(n, t);
		return -1;
	}
	if (curl_multi_add_handle(n->multi, t->easy) != CURLM_OK) {
		give_spare(n, t);
		return err_set(e, ERR_INTERNAL, "curl", "add_handle");
	}
	if ((t->next = n->first) != NULL)
		t->next->prev = t;
	n->first = t;
	n->flying++;
	return 0;
}

static void
unlink_transfer(struct net *n, struct transfer *t)
{
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		n->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	n->flying--;
}

/*
 * libcurl 7.88 sometimes does not notice the end of an HTTP/2 answer that
 * came while it was still sending the body (seen about once in 400,000 with a
 * server that answers early): the transfer then waits for its time-out.  To
 * pause and go on makes it look again.
 */
static void
nudge(struct net *n)
{
	int64_t now = clock_mono();

	if (now - n->nudged_us < NUDGE_US)
		return;
	n->nudged_us = now;
	for (struct transfer *t = n->first; t != NULL; t = t->next)
		if (t->headed_us != 0 && now - t->headed_us > NUDGE_US) {
			curl_easy_pause(t->easy, CURLPAUSE_RECV);
			curl_easy_pause(t->easy, CURLPAUSE_CONT);
		}
}

/* --- results ---------------------------------------------------------------- */

static int
error_of(const struct transfer *t, CURLcode rc)
{
	if (t->refused_addr)
		return NET_REFUSED_BY_RULE;
	if (t->too_large)
		return NET_TOO_LARGE;
	switch (rc) {
	case CURLE_OK:
		return NET_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
		return NET_DNS;
	case CURLE_COULDNT_CONNECT:
		return NET_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_USE_SSL_FAILED:
		return NET_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return NET_TIMEOUT;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
		return NET_RESET;
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_WEIRD_SERVER_REPLY:
		return NET_PROTOCOL;
	case CURLE_LOGIN_DENIED:
	case CURLE_REMOTE_ACCESS_DENIED:
		return NET_LOGIN;
	default:
		return NET_OTHER;
	}
}

/* RFC 9111 §5.2.2: what may not be kept has no age. */
static long
max_age(const char *cache)
{
	const char *p = strcasestr(cache, "max-age=");

	if (strcasestr(cache, "no-store") != NULL ||
	    strcasestr(cache, "no-cache") != NULL)
		return 0;
	return p == NULL ? -1 : strtol(p + 8, NULL, 10);
}

static void
fill(struct transfer *t, CURLcode rc, struct in_answer *in)
{
	bool mail = t->req->kind == SEND_SMTP;
	size_t whole = mail ? t->req->mail_len : t->req->body_len;
	curl_off_t wait = 0;
	long head = 0;

	memset(in, 0, sizeof(*in));
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &in->status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait);
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &head);
	in->error = error_of(t, rc);
	in->retry_after_s = wait < 0 ? 0 : wait < RETRY_AFTER_MAX ? (long)wait :
	    RETRY_AFTER_MAX;
	in->max_age_s = max_age(t->cache);
	in->header_location = t->location;
	in->header_reason = t->reason;
	if (mail) {
		long opened = 0;

		curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &opened);
		/* The one before the second is gone. */
		in->opened = opened > 0 && !t->again;
		in->closed = (rc != CURLE_OK || t->req->last) &&
		    rc != CURLE_COULDNT_RESOLVE_HOST;
		/* A refusal is a whole answer; libcurl calls it an error. */
		in->complete = rc == CURLE_OK || in->status >= 400;
		in->body_sent = t->in_data && t->given >= whole;
		in->body = t->reply;
		in->body_len = strlen(t->reply);
	} else {
		/* A final status is an answer, whatever happened to what
		 * came after it (nginx resets a stream that it answered
		 * before it had read the body). */
		in->complete = rc == CURLE_OK || in->status >= 200;
		in->body_sent = head > 0 && t->given >= whole &&
		    !transfer_unprocessed(t);
		in->body = buf_text(&t->body);
		in->body_len = t->body.len;
	}
}

/* A kept connection that the server had given up: 421 or a loss before DATA
 * is no failure of the mail.  Once. */
static bool
stale_connection(const struct transfer *t, CURLcode rc)
{
	long opened = 1, status = 0;

	if (t->req->kind != SEND_SMTP || t->again || t->in_data ||
	    rc == CURLE_OK)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &opened);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return opened == 0 && (status == 421 || status < 400);
}

static bool
begin_again(struct net *n, struct transfer *t)
{
	struct err e = ERR_INIT;

	curl_easy_reset(t->easy);
	t->given = 0;
	t->reply[0] = '\0';
	t->reply_whole = false;
	t->again = true;
	return transfer_set(t, &e) == 0 &&
	    curl_multi_add_handle(n->multi, t->easy) == CURLM_OK;
}

static int
finish_all(struct net *n)
{
	struct in_answer in;
	int made = 0, left;
	CURLMsg *m;

	while ((m = curl_multi_info_read(n->multi, &left)) != NULL) {
		struct transfer *t = NULL;
		CURLcode rc = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		fill(t, rc, &in);
		curl_multi_remove_handle(n->multi, t->easy);
		if (stale_connection(t, rc) && begin_again(n, t))
			continue;
		unlink_transfer(n, t);
		t->done(t->arg, &in);
		give_spare(n, t);
		made++;
	}
	return made;
}

static int
failed(CURLMcode rc, struct err *e)
{
	return err_set(e, ERR_INTERNAL, "curl", "%s", curl_multi_strerror(rc));
}

int
net_step(struct net *n, int ms, int extra_fd, struct err *e)
{
	struct curl_waitfd extra = { .fd = extra_fd,
	    .events = CURL_WAIT_POLLIN };
	int running, made;
	CURLMcode rc;

	nudge(n);
	if (n->flying > 0 && ms > NUDGE_US / 1000)
		ms = NUDGE_US / 1000;
	if ((rc = curl_multi_perform(n->multi, &running)) != CURLM_OK)
		return failed(rc, e);
	if ((made = finish_all(n)) > 0)
		return made;
	rc = curl_multi_poll(n->multi, &extra, extra_fd == -1 ? 0 : 1, ms,
	    NULL);
	if (rc != CURLM_OK ||
	    (rc = curl_multi_perform(n->multi, &running)) != CURLM_OK)
		return failed(rc, e);
	return finish_all(n);
}
