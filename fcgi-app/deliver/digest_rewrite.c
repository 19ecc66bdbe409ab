/*
 * digest_rewrite.c - the words of a carrier; and those that something was
 * taken out of are written anew, or end when nothing is left.
 */
#include "deliver/digest_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "channel/part.h"
#include "store/cancel.h"
#include "store/notification.h"

#define LINES_ARENA	((size_t)8 << 20)
#define REWRITES	64u		/* a round */
#define AGAIN_US	(US_PER_S / 4)	/* one that is leaving */
#define PUT_OFF_US	(600 * US_PER_S)	/* one that cannot be written */

/* --- what it says -------------------------------------------------------------- */

struct lines {
	struct arena	*a;		/* of this digest alone */
	const uint64_t	*id;
	struct digest_line line[DIGEST_LINES_MAX];
	struct json	*content[DIGEST_LINES_MAX];
	size_t		 n;
};

static int
read_lines(struct db *db, struct lines *l, const char *locale,
    const char *channel, struct err *e)
{
	struct notification *found = arena_array(l->a, l->n, sizeof(*found));
	struct err none = ERR_INIT;
	int have = notification_load(db, l->a, l->id, l->n, 0, found, e);

	if (have < 0)
		return -1;
	for (size_t i = 0; i < l->n; i++) {
		const struct notification *n = NULL;

		for (int k = 0; k < have; k++)
			if (found[k].id == l->id[i])
				n = &found[k];
		l->line[i] = (struct digest_line){ .title = "" };
		if (n == NULL)
			continue;
		l->line[i].title = n->title;
		if (n->content == NULL || json_parse(n->content,
		    strlen(n->content), JSON_PLAIN, 0, &l->content[i],
		    &none) < 0)
			continue;
		l->line[i] = (struct digest_line){
		    .title = part_text(l->content[i], locale, channel,
		    "title"),
		    .body = part_text(l->content[i], locale, channel,
		    "body"),
		    .url = part_text(l->content[i], locale, channel,
		    "url") };
		if (l->line[i].title == NULL)
			l->line[i].title = n->title;
	}
	return 0;
}

int
digest_words(struct db *db, struct arena *a, struct digest_words *w,
    struct err *e)
{
	struct lines *l = arena_alloc(a, sizeof(*l));
	struct digest_text t = { .total = w->total, .locale = w->locale,
	    .template = w->template, .channel = channels_find(w->channel) };
	const char *content, *title;
	int rc = -1;

	memset(l, 0, sizeof(*l));
	l->a = arena_new(LINES_ARENA);
	l->id = w->id;
	l->n = w->n;
	if (read_lines(db, l, t.locale, w->channel, e) < 0)
		goto out;
	t.line = l->line;
	t.lines = l->n;
	content = digest_content(l->a, &t, &title);
	w->content = arena_strdup(a, content == NULL ? "{}" : content);
	w->title = arena_strdup(a, title);
	rc = 0;
out:
	for (size_t i = 0; i < l->n; i++)
		json_free(l->content[i]);
	arena_free(l->a);
	return rc;
}

/* --- writing anew ---------------------------------------------------------------- */

struct rewriting {
	struct arena	*a;
	const struct digest_rewrite *r;
	bool		 freed;
};

/* All that it carried was taken back: so is it. */
static int
end_carrier(struct db *db, const struct digest_rewrite *r, struct err *e)
{
	struct cancelled c;

	do {
		if (cancel_notification(db, r->carrier_id, "digest_empty",
		    &c, e) < 0)
			return -1;
	} while (c.more);
	return 0;
}

/* What was a template of WhatsApp's stays one. */
static int
template_of(struct db *db, struct arena *a, const struct digest_rewrite *r,
    const char **template, struct err *e)
{
	struct notification n;
	int rc;

	*template = NULL;
	if (strcmp(r->channel, "whatsapp") != 0)
		return 0;
	rc = notification_find(db, a, r->carrier_id, &n, e);
	if (rc > 0 && n.content != NULL &&
	    strstr(n.content, "\"whatsapp\":{") != NULL)
		*template = conf_str(CONF_WHATSAPP_DIGEST);
	return rc < 0 ? -1 : 0;
}

static int
rewrite_work(struct db *db, void *arg, struct err *e)
{
	struct rewriting *x = arg;
	uint64_t id[DIGEST_LINES_MAX];
	struct digest_left left = { .id = id, .max = COUNT_OF(id) };
	struct digest_words words;
	int rc = digest_rewrite_lock(db, x->r, &left, e);

	x->freed = false;
	if (rc < 0)
		return -1;
	if (rc > 0 && left.n == 0 && !left.leaving) {
		if (end_carrier(db, x->r, e) < 0)
			return -1;
	} else if (rc > 0 && left.n > 0) {
		words = (struct digest_words){ .id = id, .n = left.n,
		    .total = left.total, .channel = x->r->channel,
		    .locale = x->r->locale };
		if (template_of(db, x->a, x->r, &words.template, e) < 0 ||
		    digest_words(db, x->a, &words, e) < 0 ||
		    digest_rewritten(db, x->r, words.title, words.content,
		    e) < 0)
			return -1;
		x->freed = true;
	}
	return digest_rewrite_next(db, x->r->id, rc > 0 && left.leaving ?
	    AGAIN_US : 0, e);
}

int
digest_rewrite_due(struct db *db, struct digest_tick *t, struct err *e)
{
	struct arena *a = arena_new((size_t)8 << 20);
	struct digest_rewrite r[REWRITES];
	struct rewriting x = { .a = a };
	int n = digest_rewrites(db, a, r, REWRITES, e), rc = n < 0 ? -1 : 0;

	for (int i = 0; i < n && rc == 0; i++) {
		x.r = &r[i];
		if (db_tx(db, rewrite_work, &x, e) < 0) {
			if (e->kind != ERR_INTERNAL && e->kind != ERR_INPUT) {
				rc = -1;
				break;
			}
			/* In nobody's way. */
			log_err(LOG_ERROR_, "digest", e);
			err_clear(e);
			rc = digest_rewrite_put_off(db, &r[i], PUT_OFF_US, e);
		}
		t->made += x.freed;
	}
	t->more = t->more || n == (int)REWRITES;
	arena_free(a);
	return rc;
}
