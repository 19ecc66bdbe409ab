/*
 * conn.c - what is said on a connection: a queue that is bounded, and the
 * words at its end.  See hub.h.
 */
#include "live/hub.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"

#define RETRY_MS	1000
#define COUNTS_US	(US_PER_S / 10)

void
conn_drop_queue(struct conn *c)
{
	for (; c->q_len > 0; c->q_len--) {
		frame_drop(c->q[c->q_at].f);
		c->q_at = (c->q_at + 1) % c->q_cap;
	}
	free(c->q);
	c->q = NULL;
	c->q_at = c->q_cap = c->q_bytes = c->backlog = 0;
}

const char *
bye_word(enum bye b)
{
	static const char *const word[] = {
		[BYE_NONE] = "", [BYE_DRAIN] = "drain",
		[BYE_REVOKED] = "revoked", [BYE_SLOW] = "slow",
		[BYE_REPLACED] = "replaced", [BYE_EXPIRED] = "expired",
		[BYE_LIMIT] = "limit",
	};

	return word[b];
}

unsigned
bye_code(enum bye b)
{
	switch (b) {
	case BYE_REVOKED:
	case BYE_EXPIRED:
		return 4401;
	case BYE_SLOW:
		return 4408;
	case BYE_LIMIT:
		return 4429;
	case BYE_NONE:
	case BYE_DRAIN:
	case BYE_REPLACED:
		break;
	}
	return 1001;
}

unsigned
conn_retry_ms(void)
{
	return RETRY_MS / 2 + rand_below(RETRY_MS);
}

static void
grow(struct conn *c)
{
	if (c->q_len == c->q_cap) {
		uint32_t cap = c->q_cap == 0 ? 4 : c->q_cap * 2;
		struct item *q = malloc(cap * sizeof(*q));

		if (q == NULL)
			fatal("conn: out of memory");
		for (uint32_t k = 0; k < c->q_len; k++)
			q[k] = c->q[(c->q_at + k) % c->q_cap];
		free(c->q);
		c->q = q;
		c->q_at = 0;
		c->q_cap = cap;
	}
}

static void
push(struct conn *c, struct item i)
{
	grow(c);
	c->q[(c->q_at + c->q_len++) % c->q_cap] = i;
	c->q_bytes += i.f == NULL ? 64 : i.f->len;
	hub_wake(c);
}

void
conn_say(struct conn *c, enum item_kind kind, uint64_t seq)
{
	if (c->state == CONN_ENDING || c->wire == NULL)
		return;
	/* What was missed is bounded by itself, and comes at once. */
	if (c->q_len - c->backlog >= QUEUE_FRAMES) {
		conn_bye(c, BYE_SLOW);
		return;
	}
	push(c, (struct item){ NULL, seq, kind });
}

void
conn_ready(struct conn *c, uint64_t seq)
{
	c->state = CONN_LIVE;
	grow(c);
	c->q_at = (c->q_at + c->q_cap - 1) % c->q_cap;
	c->q[c->q_at] = (struct item){ NULL, seq, ITEM_READY };
	c->q_len++;
	c->q_bytes += 64;
	hub_wake(c);
}

void
conn_note(struct conn *c, enum item_kind kind, struct frame *f, uint64_t seq)
{
	if (c->state == CONN_ENDING || c->wire == NULL || seq <= c->last)
		return;
	if (kind == ITEM_MISSED) {
		c->backlog++;
	} else if (c->q_len - c->backlog >= QUEUE_FRAMES ||
	    (c->backlog == 0 && c->q_len > 0 &&
	    c->q_bytes + f->len > QUEUE_BYTES)) {
		conn_bye(c, BYE_SLOW);
		return;
	}
	c->last = seq;
	push(c, (struct item){ frame_keep(f), seq, kind });
}

void
conn_bye(struct conn *c, enum bye why)
{
	if (c->state == CONN_ENDING || c->wire == NULL)
		return;
	conn_drop_queue(c);
	c->state = CONN_ENDING;
	c->bye = (uint8_t)why;
	push(c, (struct item){ NULL, 0, ITEM_BYE });
}

void
conn_leave(struct conn *c)
{
	conn_drop_queue(c);
	c->state = CONN_ENDING;
	c->ping_due = 0;
}

static void
render(const struct conn *c, struct buf *b, const struct said *s)
{
	if (c->sse)
		said_event(b, s);
	else
		said_json(b, s);
}

int
conn_next(struct conn *c, struct buf *b)
{
	struct said s = { .kind = ITEM_COUNTS };
	struct frame *f;

	if (c->state == CONN_WAITING)
		return 0;		/* "ready" comes first */
	if (c->q_len == 0) {
		if (!c->counts_due || c->state != CONN_LIVE)
			return 0;
		c->counts_due = 0;
		s.seq = c->user->seq;
		s.unread = c->user->unread;
		s.unseen = c->user->unseen;
		render(c, b, &s);
		return 1;
	}
	s.kind = c->q[c->q_at].kind;
	s.seq = c->q[c->q_at].seq;
	s.f = f = c->q[c->q_at].f;
	c->q_at = (c->q_at + 1) % c->q_cap;
	c->q_len--;
	c->q_bytes -= f == NULL ? 64 : f->len;
	if (s.kind == ITEM_MISSED)
		c->backlog--;
	if (s.kind == ITEM_READY) {
		s.unread = c->user->unread;
		s.unseen = c->user->unseen;
	}
	s.retry_ms = conn_retry_ms();
	s.reason = bye_word((enum bye)c->bye);
	render(c, b, &s);
	frame_drop(f);
	if (c->q_len == 0)
		conn_drop_queue(c);		/* an idle one has none */
	return s.kind == ITEM_BYE ? -1 : 1;
}

bool
conn_more(const struct conn *c)
{
	return (c->q_len > 0 && c->state != CONN_WAITING) ||
	    (c->counts_due && c->state == CONN_LIVE) || c->ping_due;
}

void
user_counts(struct person *u, int64_t now_us)
{
	if (now_us - u->counts_us < COUNTS_US) {
		u->counts_due = true;
		return;
	}
	u->counts_due = false;
	u->counts_us = now_us;
	for (struct conn *c = u->conns; c != NULL; c = c->unext)
		if (c->state == CONN_LIVE) {
			c->counts_due = 1;
			hub_wake(c);
		}
}
