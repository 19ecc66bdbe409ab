/*
 * orders.c - client frames, judged: bounded, strict JSON, known types.
 */
#include "live/orders.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "live/admit.h"
#include "live/feed.h"

static void
say_error(struct conn *c, enum said_error what)
{
	conn_say(c, ITEM_ERROR, what);
}

/* Ids are strings on the wire; a number serves as well. */
static bool
id_of(const struct json *j, const char *name, uint64_t *id)
{
	const struct json *v = json_get(j, name);
	int64_t n;

	if (json_str(v) != NULL)
		return text_u64(json_str(v), INT64_MAX, id) == 1;
	if (v == NULL || json_type(v) != JSON_INT || json_int(v, &n) == 0 ||
	    n < 0)
		return false;
	*id = (uint64_t)n;
	return true;
}

static bool
may_write(struct conn *c)
{
	if (c->act_id != 0) {
		say_error(c, SAID_IMPERSONATED);
		return false;
	}
	if (c->state != CONN_LIVE || c->pins >= FEED_ORDERS) {
		say_error(c, SAID_NOT_NOW);
		return false;
	}
	return true;
}

static void
take_ticket(struct conn *c, const struct json *j)
{
	const char *text = json_str(json_get(j, "ticket"));
	int64_t iat_s, exp_s;
	uint8_t hash[32];

	if (text == NULL || admit_renew(c, text, &iat_s, &exp_s, hash) == 0)
		say_error(c, SAID_BAD_TICKET);
	else if (c->state != CONN_LIVE || c->pins >= FEED_ORDERS)
		say_error(c, SAID_NOT_NOW);
	else
		feed_renew(c, hash, iat_s, exp_s);
}

static void
take(struct conn *c, const struct json *j)
{
	const char *type = json_str(json_get(j, "type"));
	uint64_t v;

	if (type == NULL) {
		say_error(c, SAID_BAD_FRAME);
	} else if (strcmp(type, "ping") == 0) {
		conn_say(c, ITEM_PONG, 0);
	} else if (strcmp(type, "read") == 0) {
		if (!id_of(j, "id", &v))
			say_error(c, SAID_BAD_FRAME);
		else if (may_write(c))
			feed_read(c, v);
	} else if (strcmp(type, "seen") == 0) {
		if (!id_of(j, "seq", &v) || v == 0)
			say_error(c, SAID_BAD_FRAME);
		else if (may_write(c))
			feed_seen(c, v);
	} else if (strcmp(type, "ticket") == 0) {
		take_ticket(c, j);
	} else {
		say_error(c, SAID_UNKNOWN_TYPE);
	}
}

static void
whole(struct conn *c, const char *p, size_t n)
{
	uint32_t now_s = (uint32_t)(clock_mono() / US_PER_S);
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (c->state == CONN_ENDING)
		return;
	if (c->rx_s != now_s) {
		c->rx_s = now_s;
		c->rx_n = 0;
	}
	if (++c->rx_n > ORDERS_A_S) {
		conn_bye(c, BYE_LIMIT);
		return;
	}
	if (json_parse(p, n, JSON_STRICT, 4, &j, &e) < 0 ||
	    json_type(j) != JSON_OBJECT)
		say_error(c, SAID_BAD_FRAME);
	else
		take(c, j);
	json_free(j);
}

void
orders_piece(struct conn *c, const char *p, size_t n, bool last)
{
	if (c->rx_len + n > ORDER_MAX) {
		conn_bye(c, BYE_LIMIT);
		return;
	}
	if (c->rx == NULL && last) {
		whole(c, p, n);
		return;
	}
	if (c->rx == NULL && (c->rx = malloc(ORDER_MAX)) == NULL)
		fatal("orders: out of memory");
	memcpy(c->rx + c->rx_len, p, n);
	c->rx_len += (uint32_t)n;
	if (!last)
		return;
	whole(c, c->rx, c->rx_len);
	free(c->rx);
	c->rx = NULL;
	c->rx_len = 0;
}
