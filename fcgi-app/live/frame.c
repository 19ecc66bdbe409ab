/*
 * frame.c - see frame.h.  JSON never holds a raw line end, so a frame is one
 * data line of an event stream.
 */
#include "live/frame.h"

#include "base/json.h"
#include "base/lang.h"
#include "base/log.h"
#include "channel/part.h"

#define TAIL_MAX	((size_t)2 * 1024 * 1024)

static int
write_data(struct buf *b, const struct live_row *r, struct err *e)
{
	const char *locale = r->locale, *title;
	struct json *j = NULL, *data;
	struct arena *a;
	struct jw w;

	if (json_parse(r->content, strlen(r->content), JSON_PLAIN, 0, &j,
	    e) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "notification %" PRIu64 ": its content",
		    r->notification_id);
	if (locale == NULL || *locale == '\0')
		locale = lang_tag(LANG_EN);
	a = arena_new(TAIL_MAX);
	buf_str(b, "\"data\":");
	jw_init(&w, b);
	jw_object(&w, NULL);
	jw_str(&w, "type", r->type);
	title = part_text(j, locale, "in_app", "title");
	jw_str(&w, "title", title == NULL ? r->title : title);
	jw_str(&w, "body", part_text(j, locale, "in_app", "body"));
	jw_str(&w, "url", part_text(j, locale, "in_app", "url"));
	if ((data = json_get(j, "data")) == NULL)
		jw_null(&w, "data");
	else
		jw_raw(&w, "data", json_text(a, data));
	jw_time(&w, "created_at", r->created_us);
	jw_end(&w);
	buf_char(b, '}');
	json_free(j);
	arena_free(a);
	return b->over ? err_set(e, ERR_INTERNAL, "frame_too_long",
	    "notification %" PRIu64, r->notification_id) : 0;
}

static void
set_locale(char out[FRAME_LOCALE], const char *locale)
{
	memset(out, 0, FRAME_LOCALE);
	if (locale != NULL)
		snprintf(out, FRAME_LOCALE, "%s", locale);
}

struct frame *
frame_make(const struct live_row *r, struct err *e)
{
	struct frame *f = NULL;
	struct buf b;

	buf_init(&b, TAIL_MAX);
	if (write_data(&b, r, e) < 0)
		goto out;
	if ((f = malloc(sizeof(*f) + b.len + 1)) == NULL)
		fatal("frame: out of memory for %zu bytes", b.len);
	atomic_init(&f->refs, 1);
	f->len = (uint32_t)b.len;
	f->notification_id = r->notification_id;
	f->created_us = r->created_us;
	set_locale(f->locale, r->locale);
	memcpy(f->tail, b.p, b.len + 1);
out:
	buf_fini(&b);
	return f;
}

struct frame *
frame_keep(struct frame *f)
{
	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	return f;
}

void
frame_drop(struct frame *f)
{
	if (f != NULL && atomic_fetch_sub_explicit(&f->refs, 1,
	    memory_order_acq_rel) == 1)
		free(f);
}

struct frame *
frame_of(struct frame_cache *c, const struct live_row *r, struct err *e)
{
	struct frame **at = &c->slot[(r->notification_id ^
	    (uint64_t)r->created_us) % FRAME_SLOTS], *f = *at;
	char locale[FRAME_LOCALE];

	set_locale(locale, r->locale);
	if (f != NULL && f->notification_id == r->notification_id &&
	    f->created_us == r->created_us &&
	    memcmp(f->locale, locale, FRAME_LOCALE) == 0)
		return frame_keep(f);
	if ((f = frame_make(r, e)) == NULL)
		return NULL;
	c->built++;
	frame_drop(*at);
	*at = frame_keep(f);
	return f;
}

void
frame_cache_clear(struct frame_cache *c)
{
	for (size_t i = 0; i < FRAME_SLOTS; i++) {
		frame_drop(c->slot[i]);
		c->slot[i] = NULL;
	}
}

/* --- as sent ---------------------------------------------------------------- */

static const struct { const char *code, *detail; } error_row[] = {
	[SAID_BAD_FRAME] = { "bad_frame",
	    "A frame is one JSON object with a type, of at most 1 KB." },
	[SAID_UNKNOWN_TYPE] = { "unknown_type",
	    "Types are read, seen, ping and ticket." },
	[SAID_NOT_FOUND] = { "not_found", "It is not in this inbox." },
	[SAID_NOT_NOW] = { "unavailable", "Say it again in a moment." },
	[SAID_IMPERSONATED] = { "impersonated",
	    "Who acts as somebody reads nothing for him." },
	[SAID_BAD_TICKET] = { "bad_ticket",
	    "The ticket has ended, was used, or is another's." },
};

static const char *
type_of(enum item_kind k)
{
	static const char *const word[] = {
		[ITEM_READY] = "ready", [ITEM_MISSED] = "notification_missed",
		[ITEM_NOTE] = "notification", [ITEM_RELOAD] = "reload",
		[ITEM_READ] = "read", [ITEM_READ_UPTO] = "read",
		[ITEM_COUNTS] = "counts", [ITEM_PONG] = "pong",
		[ITEM_RENEW] = "renew", [ITEM_ERROR] = "error",
		[ITEM_BYE] = "bye",
	};

	return word[k];
}

void
said_json(struct buf *b, const struct said *s)
{
	buf_printf(b, "{\"type\":\"%s\"", type_of(s->kind));
	switch (s->kind) {
	case ITEM_READY:
		buf_printf(b, ",\"seq\":%" PRIu64 ",\"unread\":%" PRIu64
		    ",\"unseen\":%" PRIu64 ",\"retry_ms\":%u", s->seq,
		    s->unread, s->unseen, s->retry_ms);
		break;
	case ITEM_MISSED:
	case ITEM_NOTE:
		if (s->kind == ITEM_MISSED)
			buf_printf(b, ",\"job_id\":\"%" PRIu64 "\"",
			    s->f->notification_id);
		buf_printf(b, ",\"id\":\"%" PRIu64 "\",\"seq\":%" PRIu64 ",",
		    s->f->notification_id, s->seq);
		buf_add(b, s->f->tail, s->f->len);
		return;
	case ITEM_RELOAD:
		buf_printf(b, ",\"seq\":%" PRIu64, s->seq);
		break;
	case ITEM_READ:
		buf_printf(b, ",\"id\":\"%" PRIu64 "\"", s->seq);
		break;
	case ITEM_READ_UPTO:
		buf_printf(b, ",\"upto\":%" PRIu64, s->seq);
		break;
	case ITEM_COUNTS:
		buf_printf(b, ",\"unread\":%" PRIu64 ",\"unseen\":%" PRIu64
		    ",\"seq\":%" PRIu64, s->unread, s->unseen, s->seq);
		break;
	case ITEM_ERROR:
		buf_printf(b, ",\"code\":\"%s\",\"detail\":\"%s\"",
		    error_row[s->seq].code, error_row[s->seq].detail);
		break;
	case ITEM_BYE:
		buf_printf(b, ",\"reason\":\"%s\",\"retry_ms\":%u",
		    s->reason, s->retry_ms);
		break;
	case ITEM_PONG:
	case ITEM_RENEW:
		break;
	}
	buf_char(b, '}');
}

void
said_event(struct buf *b, const struct said *s)
{
	if (s->kind == ITEM_READY)
		buf_printf(b, "retry: %u\n", s->retry_ms);
	buf_printf(b, "event: %s\n", type_of(s->kind));
	if (s->kind == ITEM_MISSED || s->kind == ITEM_NOTE)
		buf_printf(b, "id: %" PRIu64 "\n", s->seq);
	buf_str(b, "data: ");
	said_json(b, s);
	buf_str(b, "\n\n");
}
