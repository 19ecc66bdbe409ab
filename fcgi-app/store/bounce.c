/*
 * bounce.c - see bounce.h.
 *
 * The one UPDATE names the states it may leave: what comes twice, in parallel
 * or out of order ends the same.
 */
#include "store/bounce.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mail.h"
#include "base/rand.h"
#include "store/delivery_cols.h"
#include "store/seen.h"
#include "store/suppression.h"

DB_STMT(BOUNCE_KNOWN, DB_API | DB_CTL, DB_READ,
    "SELECT target FROM delivery WHERE notification_id = ? AND seq = ?"
    " AND channel = 'email'");
DB_STMT(BOUNCE_APPLY, DB_API | DB_CTL, DB_ONCE,
    "UPDATE delivery SET state = ?, reason = ?,"
    DELIVERY_LOG_ADD
    " sent_at = COALESCE(sent_at, UTC_TIMESTAMP(6)),"
    " updated_at = UTC_TIMESTAMP(6) WHERE notification_id = ? AND seq = ?"
    " AND channel = 'email' AND state IN ('sent', 'unsure')");

struct taking {
	struct arena	*a;
	const struct bounce *b;
	int		 rc;
};

static const char *
log_line(struct arena *a, const struct bounce *b)
{
	const char *line;
	struct buf text;
	struct jw w;

	buf_init(&text, 1024);
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_time(&w, "at", clock_now());
	jw_str(&w, "callback", b->state);
	jw_str(&w, "reason", b->reason);
	jw_end(&w);
	line = arena_printf(a, "%s\n", buf_text(&text));
	buf_fini(&text);
	return line;
}

/* Only the address that the delivery went to, whatever the report says. */
static int
suppress(struct db *db, struct arena *a, const struct bounce *b,
    const char *target, struct err *e)
{
	int rc;

	char cmp[MAIL_MAX + 1];
	struct suppression_new n = { .id = rand_id(),
	    .channel = CHANNEL_EMAIL, .address = cmp,
	    .reason = b->suppress };

	if (b->suppress == NULL || !mail_parse(target, cmp, NULL))
		return 0;
	/* Once: told again, it bars nobody whom an administrator let in. */
	rc = seen_first(db, "bounce", arena_printf(a, "%" PRIu64 ".%" PRIu32
	    ".%s", b->notification_id, b->seq, b->suppress), e);
	if (rc <= 0)
		return rc;
	return suppression_add(db, &n, e) < 0 ? -1 : 0;
}

static int
take_work(struct db *db, void *arg, struct err *e)
{
	struct taking *t = arg;
	const struct bounce *b = t->b;
	struct delivery_ref ref = { b->notification_id, b->seq };
	const char *target;
	int64_t n;

	t->rc = db_one(db, &BOUNCE_KNOWN, t->a, DB_IN(
	    DB_U64(b->notification_id), DB_U64(b->seq)),
	    DB_OUT(DB_TO_STR(&target)), e);
	if (t->rc <= 0)
		return t->rc < 0 ? -1 : 0;
	if (suppress(db, t->a, b, target, e) < 0)
		return -1;
	if (b->state == NULL)
		return 0;
	n = db_run(db, &BOUNCE_APPLY, DB_IN(DB_STR(b->state),
	    DB_STR(b->reason), DB_STR(log_line(t->a, b)),
	    DB_U64(b->notification_id), DB_U64(b->seq)), e);
	if (n <= 0)
		return n < 0 ? -1 : 0;
	return delivery_changed(db, &ref, 1, e);
}

int
bounce_take(struct db *db, const struct bounce *b, struct err *e)
{
	struct taking t = { .a = arena_new((size_t)1 << 20), .b = b };
	int rc = db_tx(db, take_work, &t, e);

	arena_free(t.a);
	return rc < 0 ? -1 : t.rc;
}
