/*
 * campaign.c - campaigns as people handle them: made, changed, stepped.  What
 * the worker does is in campaign_run.c.
 */
#include "store/campaign_own.h"

#include "store/delivery.h"
#include "store/delivery_cols.h"

DB_STMT(CAMPAIGN_INSERT, DB_API, DB_ONCE,
    "INSERT INTO campaign (id, user_id, token_id, name, type, channels, title,"
    " content, audience, request_id, start_at, ends_at, rate, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, COALESCE(?,"
    " COALESCE(?, UTC_TIMESTAMP(6)) + INTERVAL ? SECOND), ?,"
    " UTC_TIMESTAMP(6))");
#define SHORT "c.id, c.user_id, c.token_id, c.name, c.type, c.channels,"	\
	" c.title, c.state, c.live, c.reason, c.detail, c.start_at, c.ends_at,"	\
	" c.rate, c.cursor_id, c.people, c.planned, c.planned_at, c.released,"	\
	" c.rate_at, c.judged, c.touched, c.created_at, c.started_at, c.paused_at,"	\
	" c.ended_at, c.version, UTC_TIMESTAMP(6)"
#define SHORT_OUT(c) DB_TO_U64(&(c)->id), DB_TO_U64(&(c)->user_id),	\
	DB_TO_U64(&(c)->token_id), DB_TO_STR(&(c)->name),		\
	DB_TO_STR(&(c)->type), DB_TO_STR(&(c)->channels),		\
	DB_TO_STR(&(c)->title), DB_TO_STR(&(c)->state),			\
	DB_TO_BOOL(&(c)->live), DB_TO_STR(&(c)->reason),		\
	DB_TO_STR(&(c)->detail), DB_TO_TIME(&(c)->start_us),		\
	DB_TO_TIME(&(c)->ends_us), DB_TO_U64(&(c)->rate),		\
	DB_TO_U64(&(c)->cursor_id), DB_TO_U64(&(c)->people),		\
	DB_TO_U64(&(c)->planned), DB_TO_TIME(&(c)->planned_us),		\
	DB_TO_U64(&(c)->released), DB_TO_TIME(&(c)->rate_us),		\
	DB_TO_U64(&(c)->judged), DB_TO_U64(&(c)->touched),		\
	DB_TO_TIME(&(c)->created_us),					\
	DB_TO_TIME(&(c)->started_us), DB_TO_TIME(&(c)->paused_us),	\
	DB_TO_TIME(&(c)->ended_us), DB_TO_U64(&(c)->version),		\
	DB_TO_TIME(&(c)->now_us)
DB_STMT(CAMPAIGN_FIND, DB_API | DB_WORKER, DB_READ,
    "SELECT " SHORT ", c.content, c.audience FROM campaign c WHERE c.id = ?");
#define FILTER " WHERE (? = '' OR c.state = ?) AND (? = 0 OR c.token_id = ?)"	\
	" AND (? = '' OR INSTR(c.name, ?) > 0 OR INSTR(c.title, ?) > 0)"
DB_STMT(CAMPAIGN_LIST, DB_API, DB_READ,
    "SELECT " SHORT " FROM campaign c" FILTER
    " ORDER BY c.id DESC LIMIT ? OFFSET ?");
#define BY(word, column, way) \
	" CASE WHEN ? = '" word "' THEN " column " END " way ","
DB_STMT(CAMPAIGN_LIST_BY, DB_API, DB_READ,
    "SELECT " SHORT " FROM campaign c" FILTER " ORDER BY"
    BY("name", "c.name", "ASC") BY("-name", "c.name", "DESC")
    BY("people", "c.people", "ASC") BY("-people", "c.people", "DESC")
    BY("at", "COALESCE(c.started_at, c.start_at)", "ASC")
    BY("-at", "COALESCE(c.started_at, c.start_at)", "DESC")
    " c.id LIMIT ? OFFSET ?");
DB_STMT(CAMPAIGN_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM campaign c" FILTER);
DB_STMT(CAMPAIGN_LIVE, DB_WORKER, DB_READ,
    "SELECT " SHORT " FROM campaign c WHERE c.live"
    " AND (c.state <> 'scheduled' OR c.start_at <= UTC_TIMESTAMP(6))"
    " AND (c.state <> 'paused' OR c.ends_at <= UTC_TIMESTAMP(6)"
    "  OR c.touched < c.released)"
    " ORDER BY c.id LIMIT ?");

DB_STMT(CAMPAIGN_CHANGE_DRAFT, DB_API, DB_SAFE,
    "UPDATE campaign SET name = ?, type = ?, channels = ?, title = ?,"
    " content = ?, audience = ?, start_at = ?, ends_at = ?, rate = ?,"
    " version = version + 1 WHERE id = ? AND version = ? AND state = 'draft'");
/* In this order: what is set counts for what follows.  Jobs that wait already
 * are to live as long as the rest: the worker sees to it. */
DB_STMT(CAMPAIGN_CHANGE_PAUSED, DB_API, DB_SAFE,
    "UPDATE campaign SET name = ?, touched = IF(ends_at = ?, touched, 0),"
    " ends_at = ?, rate = ?,"
    " version = version + 1 WHERE id = ? AND version = ?"
    " AND state IN ('paused', 'scheduled')");
DB_STMT(CAMPAIGN_CHANGE_LIFE, DB_API, DB_SAFE,
    "UPDATE notification SET expires_at = ? WHERE id = ?");

DB_STMT(CAMPAIGN_START, DB_API, DB_SAFE,
    "UPDATE campaign SET live = TRUE, rate_at = UTC_TIMESTAMP(6),"
    " started_at = IF(? = 0 AND start_at > UTC_TIMESTAMP(6), NULL,"
    "  UTC_TIMESTAMP(6)),"
    " state = IF(? = 0 AND start_at > UTC_TIMESTAMP(6), 'scheduled',"
    "  'running')"
    " WHERE id = ? AND ends_at > UTC_TIMESTAMP(6)"
    " AND (state = 'draft' OR (? = 1 AND state = 'scheduled'))");
DB_STMT(CAMPAIGN_NOTIFICATION, DB_API, DB_SAFE,
    "INSERT IGNORE INTO notification (id, user_id, token_id, type, class,"
    " channel, title, content, audience, request_id, created_at, expires_at)"
    " SELECT c.id, c.user_id, c.token_id, c.type, 2,"
    " IF(INSTR(c.channels, ','), '', c.channels), c.title, c.content,"
    " CONCAT('{\"campaign\":\"', c.id, '\"}'), c.request_id,"
    " UTC_TIMESTAMP(6), c.ends_at FROM campaign c WHERE c.id = ?");
/* More are held than one statement frees: the rest is the worker's. */
DB_STMT(CAMPAIGN_UNTOUCHED, DB_API, DB_SAFE,
    "UPDATE campaign SET touched = 0 WHERE id = ?");
DB_STMT(CAMPAIGN_HOLD, DB_API, DB_READ,
    "SELECT state FROM campaign WHERE id = ? FOR UPDATE");
DB_STMT(CAMPAIGN_PAUSE, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE campaign SET state = 'paused', reason = ?, detail = ?,"
    " paused_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND state IN ('running', 'scheduled')");
/* One that has not begun goes back to its schedule, if that is ahead still. */
DB_STMT(CAMPAIGN_RESUME, DB_API, DB_SAFE,
    "UPDATE campaign SET state = IF(started_at IS NULL"
    "  AND start_at > UTC_TIMESTAMP(6), 'scheduled', 'running'),"
    " started_at = IF(state = 'running', COALESCE(started_at,"
    "  UTC_TIMESTAMP(6)), NULL), reason = '', detail = '',"
    " paused_at = NULL, judged = released, rate_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND state = 'paused' AND ends_at > UTC_TIMESTAMP(6)");
/* In this order: what is set counts for what follows. */
DB_STMT(CAMPAIGN_CANCEL, DB_API, DB_SAFE,
    "UPDATE campaign SET live = (state IN ('running', 'paused')),"
    " state = 'cancelled', ended_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND state IN ('draft', 'scheduled', 'running', 'paused')");

/* What is claimed from now on is not sent. */
DB_STMT(CAMPAIGN_CANCELLED, DB_API, DB_SAFE,
    "UPDATE notification SET cancelled_at ="
    " COALESCE(cancelled_at, UTC_TIMESTAMP(6)) WHERE id = ?");

DB_STMT(CAMPAIGN_SUMS, DB_API, DB_READ,
    "SELECT COALESCE(SUM(sent), 0), COALESCE(SUM(skipped), 0),"
    " COALESCE(SUM(failed), 0), COALESCE(SUM(expired), 0),"
    " COALESCE(SUM(cancelled), 0), COALESCE(SUM(unsure), 0)"
    " FROM campaign_part WHERE campaign_id = ?");
DB_STMT(CAMPAIGN_SUMS_NOW, DB_API, DB_READ,
    "SELECT " CAMPAIGN_STATE_SUMS " FROM delivery"
    " WHERE notification_id = ?");

DB_STMT(CAMPAIGN_RECIPIENTS, DB_API, DB_READ,
    "SELECT " DELIVERY_SELECT " FROM delivery"
    " WHERE notification_id = ? AND seq > ?"
    " AND (? = '' OR state = ?) ORDER BY seq LIMIT ?");
/* By an index each: of a million rows, those of one address or one user. */
DB_STMT(CAMPAIGN_RECIPIENTS_OF, DB_API, DB_READ,
    "SELECT " DELIVERY_SELECT " FROM"
    " (SELECT " DELIVERY_SELECT " FROM delivery"
    " WHERE target_hash = ? AND notification_id = ? UNION"
    " SELECT " DELIVERY_SELECT " FROM delivery"
    " WHERE notification_id = ? AND user_id = ?) d"
    " WHERE seq > ? AND (? = '' OR state = ?) ORDER BY seq LIMIT ?");

int
campaign_insert(struct db *db, const struct campaign *c, uint32_t life_s,
    struct err *e)
{
	return db_run(db, &CAMPAIGN_INSERT, DB_IN(DB_U64(c->id),
	    DB_REF(c->user_id), DB_REF(c->token_id), DB_STR(c->name),
	    DB_STR(c->type), DB_STR(c->channels), DB_STR(c->title),
	    DB_STR(c->content), DB_STR(c->audience), DB_STR(c->request_id),
	    DB_WHEN(c->start_us), DB_WHEN(c->ends_us), DB_WHEN(c->start_us),
	    DB_U64(life_s), DB_U64(c->rate)), e) < 0 ? -1 : 0;
}

int
campaign_find(struct db *db, struct arena *a, uint64_t id,
    struct campaign *c, struct err *e)
{
	memset(c, 0, sizeof(*c));
	return db_one(db, &CAMPAIGN_FIND, a, DB_IN(DB_U64(id)), DB_OUT(
	    SHORT_OUT(c), DB_TO_STR(&c->content), DB_TO_STR(&c->audience)),
	    e);
}

#define FILTER_VALUES(p) DB_STR((p)->state), DB_STR((p)->state),		\
	DB_U64((p)->token_id), DB_U64((p)->token_id), DB_STR((p)->q),	\
	DB_STR((p)->q), DB_STR((p)->q)

int
campaign_each(struct db *db, struct arena *a, const struct campaign_page *p,
    struct campaign *c, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	const char *o = p->order;
	int64_t rc;

	memset(c, 0, sizeof(*c));
	if (*o == '\0')
		rc = db_each(db, &CAMPAIGN_LIST, a, DB_IN(FILTER_VALUES(p),
		    DB_U64(p->limit), DB_U64(p->offset)),
		    DB_OUT(SHORT_OUT(c)), row, arg, e);
	else
		rc = db_each(db, &CAMPAIGN_LIST_BY, a, DB_IN(FILTER_VALUES(p),
		    DB_STR(o), DB_STR(o), DB_STR(o), DB_STR(o), DB_STR(o),
		    DB_STR(o), DB_U64(p->limit), DB_U64(p->offset)),
		    DB_OUT(SHORT_OUT(c)), row, arg, e);
	return rc < 0 ? -1 : (int)rc;
}

int64_t
campaign_count(struct db *db, const struct campaign_page *p, struct err *e)
{
	uint64_t n = 0;
	int rc = db_one(db, &CAMPAIGN_COUNT, NULL, DB_IN(FILTER_VALUES(p)),
	    DB_OUT(DB_TO_U64(&n)), e);

	return rc < 0 ? -1 : (int64_t)n;
}

int
campaign_live(struct db *db, struct arena *a, struct campaign *c, size_t max,
    struct err *e)
{
	struct campaign it = { .id = 0 };

	return db_list(db, &CAMPAIGN_LIVE, a, DB_IN(DB_U64(max)),
	    DB_OUT(SHORT_OUT(&it)), DB_ROWS(c, &it, max), e);
}

/* --- changes ------------------------------------------------------------------ */

int
campaign_change(struct db *db, const struct campaign *c, struct err *e)
{
	int64_t rc;

	if (strcmp(c->state, "draft") == 0) {
		rc = db_run(db, &CAMPAIGN_CHANGE_DRAFT, DB_IN(
		    DB_STR(c->name), DB_STR(c->type), DB_STR(c->channels),
		    DB_STR(c->title), DB_STR(c->content),
		    DB_STR(c->audience), DB_WHEN(c->start_us),
		    DB_WHEN(c->ends_us), DB_U64(c->rate), DB_U64(c->id),
		    DB_U64(c->version)), e);
		return rc < 0 ? -1 : rc > 0;
	}
	rc = db_run(db, &CAMPAIGN_CHANGE_PAUSED, DB_IN(DB_STR(c->name),
	    DB_WHEN(c->ends_us), DB_WHEN(c->ends_us), DB_U64(c->rate),
	    DB_U64(c->id), DB_U64(c->version)), e);
	if (rc <= 0)
		return (int)rc;
	return db_run(db, &CAMPAIGN_CHANGE_LIFE, DB_IN(DB_WHEN(c->ends_us),
	    DB_U64(c->id)), e) < 0 ? -1 : 1;
}

int
campaign_hold(struct db *db, struct arena *a, uint64_t id, const char **state,
    struct err *e)
{
	return db_one(db, &CAMPAIGN_HOLD, a, DB_IN(DB_U64(id)),
	    DB_OUT(DB_TO_STR(state)), e);
}

int
campaign_start(struct db *db, uint64_t id, bool now, struct err *e)
{
	const struct db_value at_once = DB_U64(now ? 1 : 0);
	int64_t rc = db_run(db, &CAMPAIGN_START, DB_IN(at_once, at_once,
	    DB_U64(id), at_once), e);

	if (rc <= 0)
		return (int)rc;
	return db_run(db, &CAMPAIGN_NOTIFICATION, DB_IN(DB_U64(id)), e) < 0 ?
	    -1 : 1;
}

int
campaign_pause(struct db *db, uint64_t id, const char *reason,
    const char *detail, struct err *e)
{
	int64_t rc = db_run(db, &CAMPAIGN_PAUSE, DB_IN(DB_STR(reason),
	    DB_STR(detail), DB_U64(id)), e);

	if (rc <= 0)
		return (int)rc;
	return campaign_hold_jobs(db, id, e) < 0 ? -1 : 1;
}

int
campaign_resume(struct db *db, uint64_t id, struct err *e)
{
	int64_t rc = db_run(db, &CAMPAIGN_RESUME, DB_IN(DB_U64(id)), e);

	if (rc <= 0)
		return (int)rc;
	if ((rc = campaign_free_jobs(db, id, e)) < 0 || (rc == CAMPAIGN_END &&
	    db_run(db, &CAMPAIGN_UNTOUCHED, DB_IN(DB_U64(id)), e) < 0))
		return -1;
	return 1;
}

int
campaign_cancel(struct db *db, uint64_t id, struct err *e)
{
	int64_t rc = db_run(db, &CAMPAIGN_CANCEL, DB_IN(DB_U64(id)), e);

	if (rc <= 0)
		return (int)rc;
	if (db_run(db, &CAMPAIGN_CANCELLED, DB_IN(DB_U64(id)), e) < 0)
		return -1;
	/* Nobody who has one keeps it; the rest the worker ends, some
	 * thousand a transaction. */
	if (campaign_hold_jobs(db, id, e) < 0 ||
	    campaign_drop_jobs(db, id, "cancelled", e) < 0)
		return -1;
	return 1;
}

int
campaign_counts(struct db *db, const struct campaign *c,
    struct campaign_counts *n, struct err *e)
{
	bool small = c->planned <= CAMPAIGN_PART;
	uint64_t final;

	memset(n, 0, sizeof(*n));
	if (db_one(db, small ? &CAMPAIGN_SUMS_NOW : &CAMPAIGN_SUMS, NULL,
	    DB_IN(DB_U64(c->id)), DB_OUT(DB_TO_U64(&n->sent),
	    DB_TO_U64(&n->skipped), DB_TO_U64(&n->failed),
	    DB_TO_U64(&n->expired), DB_TO_U64(&n->cancelled),
	    DB_TO_U64(&n->unsure)), e) < 0)
		return -1;
	final = n->sent + n->skipped + n->failed + n->expired +
	    n->cancelled + n->unsure;
	n->queued = c->planned > final ? c->planned - final : 0;
	return 0;
}

int
campaign_recipients(struct db *db, struct arena *a, uint64_t id,
    const struct campaign_search *f, struct delivery *d,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	int64_t rc = f->to == NULL ?
	    db_each(db, &CAMPAIGN_RECIPIENTS, a, DB_IN(DB_U64(id),
	    DB_U64(f->after), DB_STR(f->state), DB_STR(f->state),
	    DB_U64(f->max)), DELIVERY_OUT(d), row, arg, e) :
	    db_each(db, &CAMPAIGN_RECIPIENTS_OF, a, DB_IN(DB_BIN(f->to, 16),
	    DB_U64(id), DB_U64(id), DB_REF(f->user_id), DB_U64(f->after),
	    DB_STR(f->state), DB_STR(f->state), DB_U64(f->max)),
	    DELIVERY_OUT(d), row, arg, e);

	return rc < 0 ? -1 : (int)rc;
}
