/*
 * lane.c - orders of hashes, and the processes that take them.
 *
 * What must stay true: what crosses is wiped on both sides when it was used;
 * one order, one answer.  Both ends are of one program, forked by one master,
 * so what is sent is the structures themselves.
 */
#include "auth/lane.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"

#define IDLE_MS		2000
/* The longest password there may be, 1,024 code points, composed. */
#define IN_MAX		16384
#define CRYPT_MAX	64		/* what crypt(3) reads itself */

struct order {
	struct old_hash	 o;		/* its `text` is the next member's */
	char		 text[CRYPT_MAX];
	size_t		 n;
	char		 in[IN_MAX + 1];	/* n bytes are sent, and a NUL */
};
#define ORDER_BYTES(n)	(offsetof(struct order, in) + (n) + 1)

struct result {
	int		 rc;
	enum err_kind	 kind;
	char		 detail[100];
	uint8_t		 tag[HASH_TAG_MAX];
};

static int ask_fd = -1;

int
lane_open(struct lane_ends *l, struct err *e)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return err_errno(e, "lane", "socketpair");
	l->ask = fd[0];
	l->serve = fd[1];
	return 0;
}

void
lane_close(struct lane_ends *l)
{
	if (l->ask >= 0)
		close(l->ask);
	if (l->serve >= 0)
		close(l->serve);
	l->ask = l->serve = -1;
}

/* --- who asks ---------------------------------------------------------------- */

static int
unavailable(struct err *e, const char *why)
{
	err_set(e, ERR_UNAVAILABLE, "hash_failed", "%s", why);
	e->retry_after_s = 1;
	return -1;
}

void
lane_use(int ask)
{
	const struct timeval t = { .tv_sec = conf_int(CONF_DEADLINE_S) };

	/* With few lanes alive orders queue, and then who sends them. */
	if (ask >= 0 && setsockopt(ask, SOL_SOCKET, SO_SNDTIMEO, &t,
	    sizeof(t)) < 0)
		log_warn("lane: SO_SNDTIMEO: %s", strerror(errno));
	ask_fd = ask;
}

/* The order, and the socket for its answer. */
static int
send_order(const struct order *o, int answer)
{
	union { struct cmsghdr h; char b[CMSG_SPACE(sizeof(int))]; } room = {
	    .b = { 0 } };
	struct iovec v = { (void *)(uintptr_t)o, ORDER_BYTES(o->n) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = &room, .msg_controllen = sizeof(room.b) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &answer, sizeof(answer));
	while ((n = sendmsg(ask_fd, &m, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n == (ssize_t)ORDER_BYTES(o->n) ? 0 : -1;
}

/* Readable, or closed by who should answer: 1; 0 too late. */
static int
wait_answer(int fd, int64_t until_us)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left_us;
	int rc;

	do {
		left_us = until_us - clock_mono();
		if (left_us <= 0)
			return 0;
		rc = poll(&p, 1, (int)(left_us / 1000) + 1);
	} while (rc == 0 || (rc < 0 && errno == EINTR));
	return rc;
}

static int
read_answer(int fd, const struct old_hash *o, uint8_t *tag, struct err *e)
{
	int64_t until_us = clock_mono() + conf_int(CONF_DEADLINE_S) * US_PER_S;
	struct result r;
	int rc;

	if (wait_answer(fd, until_us) != 1)
		return unavailable(e, "no lane had time for it");
	if (recv(fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return unavailable(e, "the lane that computed it died");
	rc = r.rc;
	if (rc < 0)
		err_set(e, r.kind, "hash_failed", "%s", r.detail);
	else if (o->kind >= OLD_ARGON2ID)
		memcpy(tag, r.tag, o->hash_n);
	secret_wipe(&r, sizeof(r));
	return rc;
}

static int
ask(const struct order *order, uint8_t *tag, struct err *e)
{
	int fd[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return unavailable(e, "no socket for the answer");
	rc = send_order(order, fd[1]);
	/* Then only who took the order holds it: its end is ours to see. */
	close(fd[1]);
	rc = rc < 0 ? unavailable(e, "no lane takes orders") :
	    read_answer(fd[0], &order->o, tag, e);
	close(fd[0]);
	return rc;
}

int
lane_hash(const struct old_hash *o, const void *in, size_t n,
    uint8_t tag[HASH_TAG_MAX], struct err *e)
{
	struct order order;
	int rc;

	if (ask_fd < 0)
		return hash_compute(o, in, n, tag, e);
	if (n > IN_MAX || (o->text != NULL && strlen(o->text) >= CRYPT_MAX))
		return err_set(e, ERR_INTERNAL, "hash_failed",
		    "%zu bytes are no password", n);
	memset(&order, 0, offsetof(struct order, in));
	order.o = *o;
	order.o.text = NULL;
	/* What is stored is compared here, where it is known already. */
	if (o->kind >= OLD_ARGON2ID)
		memset(order.o.hash, 0, sizeof(order.o.hash));
	if (o->text != NULL)
		memcpy(order.text, o->text, strlen(o->text));
	order.n = n;
	memcpy(order.in, in, n);
	order.in[n] = '\0';
	rc = ask(&order, tag, e);
	secret_wipe(&order, ORDER_BYTES(n));
	return rc;
}

/* --- who computes --------------------------------------------------------------- */

/* 1 and the answer's socket; 0 nobody is left to ask; -1 nothing came. */
static int
take_order(int serve, struct order *o, int *answer)
{
	union { struct cmsghdr h; char b[CMSG_SPACE(sizeof(int))]; } room;
	struct iovec v = { o, sizeof(*o) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
	    .msg_control = &room, .msg_controllen = sizeof(room.b) };
	ssize_t n = recvmsg(serve, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	if (n <= 0)
		return n == 0 ? 0 : -1;
	c = CMSG_FIRSTHDR(&m);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(answer, CMSG_DATA(c), sizeof(*answer));
	if ((size_t)n > offsetof(struct order, in) && o->n <= IN_MAX &&
	    (size_t)n == ORDER_BYTES(o->n))
		return 1;
	close(*answer);
	return -1;
}

/* Who asked may have been killed meanwhile. */
static bool
is_awaited(int answer)
{
	struct pollfd p = { .fd = answer };

	return poll(&p, 1, 0) == 0;
}

static void
fill(struct order *o, int answer)
{
	struct err e = ERR_INIT;
	struct result r;

	memset(&r, 0, sizeof(r));
	o->o.text = o->text;
	r.rc = hash_compute(&o->o, o->in, o->n, r.tag, &e);
	if (r.rc < 0) {
		r.kind = e.kind;
		snprintf(r.detail, sizeof(r.detail), "%.99s", e.detail);
	}
	/* Nobody there any more: then it is nobody's. */
	(void)send(answer, &r, sizeof(r), MSG_NOSIGNAL | MSG_DONTWAIT);
	secret_wipe(&r, sizeof(r));
}

int
lane_serve(int serve, size_t bytes, void (*busy)(void *arg, bool busy),
    void *arg)
{
	static struct order o;
	struct pollfd p = { .fd = serve, .events = POLLIN };
	int rc, answer;

	hash_keep(bytes);
	for (;;) {
		rc = poll(&p, 1, hash_kept() ? IDLE_MS : -1);
		if (rc < 0 && errno != EINTR) {
			log_error("lane: poll: %s", strerror(errno));
			return 1;
		}
		if (rc == 0)
			hash_trim();
		if (rc <= 0 || (rc = take_order(serve, &o, &answer)) < 0)
			continue;
		if (rc == 0)
			return 0;
		if (is_awaited(answer)) {
			busy(arg, true);
			fill(&o, answer);
			busy(arg, false);
		}
		close(answer);
		secret_wipe(&o, ORDER_BYTES(o.n));
	}
}
