/*
 * front.c - the wire.
 *
 * It shares the loop (loop.h) with the socket we listen on, the bell and the
 * desks' eventfd.  A connection is upgraded, or answered as an event stream,
 * only when it is admitted; what is refused is refused in HTTP.
 *
 * What news there are is written where they are handed out (write_due), if the
 * socket has room: to be called back for it costs each frame two turns of the
 * loop and four system calls.
 */
#include <libwebsockets.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/cors.h"
#include "auth/grant.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/metric.h"
#include "live/feed.h"
#include "live/front_own.h"
#include "live/live.h"
#include "live/loop.h"
#include "live/orders.h"
#include "live/sweep.h"

#define ARENA_MAX	((size_t)1024 * 1024)
#define OUT_MAX		((size_t)4 * 1024 * 1024)
#define TICK_US		100000
#define GRACE_S		5		/* for a last word that nobody reads */

static struct {
	const struct live_setup *setup;
	struct lws_context *context;
	struct lws_vhost *host;
	struct arena	*arena;
	struct shm	*shm;
	struct bell	*bell;
	struct buf	 out;		/* one frame, behind LWS_PRE bytes */
	int		 wake_fd, listen_fd;
	int64_t		 drain_us;	/* since when; 0 */
	struct conn	*due;		/* list of those to write to */
	bool		 gathering;	/* that list, in a call of ours */
} fr;

static volatile sig_atomic_t stopping, reporting;

void
live_stop(void)
{
	stopping = 1;
}

void
live_report(void)
{
	reporting = 1;
}

/* --- writing ---------------------------------------------------------------------- */

static void
wake(struct conn *c)
{
	if (c->wire == NULL || c->is_due)
		return;
	if (!fr.gathering) {
		lws_callback_on_writable(c->wire);
		return;
	}
	c->is_due = 1;
	c->due = fr.due;
	fr.due = c;
}

/* fr.out's bytes behind the room that libwebsockets wants.  0 or -1. */
static int
write_out(struct lws *wsi, enum lws_write_protocol how)
{
	size_t n = fr.out.len - LWS_PRE;

	if (fr.out.over)
		return -1;
	return lws_write(wsi, (unsigned char *)fr.out.p + LWS_PRE, n, how) <
	    (int)n ? -1 : 0;
}

static void
begin_out(void)
{
	static const char room[LWS_PRE];

	fr.out.len = 0;
	fr.out.over = false;
	buf_add(&fr.out, room, sizeof(room));
}

static int
refuse(struct lws *wsi, const struct asked *a, const struct err *e)
{
	log_context(a->q.request_id);
	log_event("refused", LOG_KV("code", e->code),
	    LOG_KV("ip", a->q.remote_addr));
	log_context(NULL);
	begin_out();
	admit_refuse(&fr.out, a, e);
	(void)write_out(wsi, LWS_WRITE_HTTP_FINAL);
	return 1;
}

static int
begin_stream(struct lws *wsi, const struct req *q)
{
	begin_out();
	buf_str(&fr.out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n");
	cors_lines(q, &fr.out);
	buf_str(&fr.out, "Connection: close\r\n\r\n");
	return write_out(wsi, LWS_WRITE_HTTP_HEADERS);
}

/* 0 admitted, 1 refused and answered, -1. */
static int
arrive(struct lws *wsi, bool upgrade)
{
	struct gate g = { .shm = fr.shm,
	    .draining = fr.drain_us != 0, .away = feed_away() };
	struct err e = ERR_INIT;
	struct asked a;
	struct conn *c;
	int rc = 0;

	arena_reset(fr.arena);
	if (front_asked(wsi, fr.arena, upgrade, &a, &e) < 0 ||
	    (c = admit(&g, &a, &e)) == NULL) {
		rc = refuse(wsi, &a, &e);
		arena_reset(fr.arena);
		return rc;
	}
	c->wire = wsi;
	lws_set_opaque_user_data(wsi, c);
	if (c->sse) {
		if (begin_stream(wsi, &a.q) < 0)
			return -1;
		lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
		lws_http_headers_detach(wsi);
	}
	arena_reset(fr.arena);
	feed_admit(c);
	return 0;
}

static int
ping(struct lws *wsi, struct conn *c)
{
	c->ping_due = 0;
	begin_out();
	if (!c->sse)
		return write_out(wsi, LWS_WRITE_PING);
	buf_str(&fr.out, ":\n\n");
	return write_out(wsi, LWS_WRITE_HTTP);
}

static int
close_with(struct lws *wsi, const struct conn *c)
{
	const char *word = bye_word((enum bye)c->bye);
	char text[16];

	snprintf(text, sizeof(text), "%s", word);
	if (!c->sse)
		lws_close_reason(wsi, (enum lws_close_status)bye_code(
		    (enum bye)c->bye), (unsigned char *)text, strlen(text));
	return -1;
}

/* What waits, one frame a call, until the socket is full. */
static int
writable(struct lws *wsi, struct conn *c)
{
	int rc = 0;

	if (c->said_bye)
		return close_with(wsi, c);
	do {
		if (c->ping_due && ping(wsi, c) < 0)
			return -1;
		begin_out();
		if ((rc = conn_next(c, &fr.out)) == 0)
			return 0;
		if (write_out(wsi, c->sse ? LWS_WRITE_HTTP :
		    LWS_WRITE_TEXT) < 0)
			return -1;
		if (rc < 0) {
			c->said_bye = 1;
			lws_callback_on_writable(wsi);
			return 0;
		}
	} while (conn_more(c) && !lws_send_pipe_choked(wsi));
	if (conn_more(c))
		lws_callback_on_writable(wsi);
	return 0;
}

/* What a call of ours left to say.  Nobody leaves within: what cannot be
 * written to is ended by libwebsockets in its own time. */
static void
write_due(void)
{
	bool kill = false;
	struct conn *c;

	fr.gathering = false;
	while ((c = fr.due) != NULL) {
		struct lws *wsi = c->wire;

		fr.due = c->due;
		c->is_due = 0;
		if (wsi == NULL)
			continue;
		if (c->said_bye || lws_send_pipe_choked(wsi)) {
			lws_callback_on_writable(wsi);
		} else if (writable(wsi, c) < 0) {
			lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK,
			    LWS_TO_KILL_ASYNC);
			kill = true;
		}
	}
	if (kill)
		lws_cancel_service(fr.context);
}

/* --- reading ------------------------------------------------------------------------ */

static void
receive(struct lws *wsi, struct conn *c, const char *p, size_t n)
{
	c->silent = 0;
	if (lws_frame_is_binary(wsi))
		conn_bye(c, BYE_LIMIT);
	else
		orders_piece(c, p, n, lws_is_final_fragment(wsi) &&
		    lws_remaining_packet_payload(wsi) == 0);
}

static void
gone(struct lws *wsi)
{
	struct conn *c = lws_get_opaque_user_data(wsi);

	if (c == NULL)
		return;
	lws_set_opaque_user_data(wsi, NULL);
	for (struct conn **at = &fr.due; c->is_due; at = &(*at)->due)
		if (*at == c) {
			*at = c->due;
			c->is_due = 0;
		}
	hub_close(c);
}

static void
accept_all(void)
{
	for (;;) {
		int fd = accept4(fr.listen_fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if (lws_adopt_socket_vhost(fr.host, fd) == NULL)
			log_warn("a connection was not taken");
	}
}

static void
on_done(void)
{
	uint64_t n;

	(void)!read(fr.wake_fd, &n, sizeof(n));
	fr.gathering = true;
	feed_reap();
	write_due();
}

static void
on_bell(void)
{
	fr.gathering = true;
	feed_bell(fr.bell);
	write_due();
}

static int
callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t n)
{
	struct conn *c;

	(void)user;
	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return strcasecmp(in, "websocket") != 0 ? -1 :
		    arrive(wsi, true);
	case LWS_CALLBACK_HTTP:
		return arrive(wsi, false) == 0 ? 0 : -1;
	case LWS_CALLBACK_ESTABLISHED:
		wake(lws_get_opaque_user_data(wsi));
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_HTTP_WRITEABLE:
		c = lws_get_opaque_user_data(wsi);
		return c == NULL ? -1 : writable(wsi, c);
	case LWS_CALLBACK_RECEIVE:
		if ((c = lws_get_opaque_user_data(wsi)) == NULL)
			return -1;
		receive(wsi, c, in, n);
		return 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		if ((c = lws_get_opaque_user_data(wsi)) != NULL)
			c->silent = 0;
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		/* RFC 6455 §5.5.1: then there is nothing more to say. */
		if ((c = lws_get_opaque_user_data(wsi)) != NULL)
			conn_leave(c);
		return 0;
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_WSI_DESTROY:
		gone(wsi);
		return 0;
	default:
		return 0;
	}
}

/* --- the loop -------------------------------------------------------------------------- */

static void
look_at_shm(void)
{
	struct err e = ERR_INIT;
	char path[200];

	if (fr.shm != NULL) {
		shm_refresh(fr.shm);
		return;
	}
	snprintf(path, sizeof(path), "%s/shm", fr.setup->run_dir);
	if ((fr.shm = shm_open_(path, &e)) != NULL) {
		grant_use(fr.shm);
		metric_use(fr.shm);
	}
}

static void
begin_drain(void)
{
	fr.drain_us = clock_mono();
	if (fr.setup->has_heir())
		loop_unwatch(fr.listen_fd);
	log_info("draining %zu connections", hub_size());
}

/* After its last word a connection is given a moment, then cut. */
static void
cut_endings(void)
{
	for (struct conn *c = hub_first(), *next; c != NULL; c = next) {
		next = c->next;
		if (c->wire != NULL && c->state == CONN_ENDING && !c->cut) {
			c->cut = 1;
			lws_set_timeout(c->wire, PENDING_TIMEOUT_USER_OK,
			    GRACE_S);
		}
	}
}

static void
on_tick(void)
{
	static unsigned tick;
	int64_t now = clock_mono();

	fr.gathering = true;
	look_at_shm();
	feed_tick(now);
	sweep_tick(fr.shm, clock_now(), wake, feed_ask_sessions);
	cut_endings();
	if (tick++ % 10 == 0) {
		fr.setup->each_s();
		/* libwebsockets sees to its own times-out when something
		 * happens, and else when it is told to. */
		lws_cancel_service(fr.context);
	}
	if (reporting || tick % 600 == 0) {
		reporting = 0;
		feed_report();
	}
	if (stopping && fr.drain_us == 0)
		begin_drain();
	if (fr.drain_us != 0 && (sweep_drain(now, fr.drain_us,
	    conf_int(CONF_LIVE_DRAIN_S)) || now - fr.drain_us >
	    (conf_int(CONF_LIVE_DRAIN_S) + GRACE_S) * US_PER_S))
		loop_end();
	write_due();
}

static void
soon(int64_t us)
{
	loop_soon(us, feed_gathered);
}

int
live_run(const struct live_setup *s, struct err *e)
{
	int rc = -1;

	fr.setup = s;
	fr.listen_fd = fcntl(s->listen_fd, F_DUPFD_CLOEXEC, 0);	/* his stays */
	if (fr.listen_fd < 0)
		return err_errno(e, "listen", "dup");
	fr.arena = arena_new(ARENA_MAX);
	buf_init(&fr.out, OUT_MAX);
	fr.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	hub_init(wake);
	if ((fr.bell = bell_listen(s->run_dir, "live", e)) == NULL)
		goto out;
	if (loop_open(e) < 0 || (fr.context = front_context(callback,
	    &fr.host, e)) == NULL)
		goto out;
	loop_watch(fr.listen_fd, accept_all);
	loop_watch(fr.wake_fd, on_done);
	loop_watch(bell_fd(fr.bell), on_bell);
	feed_init(fr.wake_fd, soon);
	look_at_shm();
	loop_every(TICK_US, on_tick);
	s->ready();
	loop_run();
	feed_report();
	feed_fini();
	rc = 0;
out:
	if (fr.context != NULL)
		lws_context_destroy(fr.context);
	loop_close();
	hub_fini();
	bell_free(fr.bell);
	if (fr.wake_fd >= 0)
		close(fr.wake_fd);
	close(fr.listen_fd);
	buf_fini(&fr.out);
	arena_free(fr.arena);
	return rc;
}
