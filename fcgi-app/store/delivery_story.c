/*
 * delivery_story.c - one delivery with all that is known of it; once more;
 * partitions.
 */
#include "store/delivery_log.h"

#include "base/clock.h"
#include "store/inbox.h"

#define PEOPLE_MAX	200	/* whose inboxes are looked through at once */

DB_STMT(DELIVERY_STORY, DB_API | DB_CTL, DB_READ,
    "SELECT d.notification_id, d.seq, d.user_id, d.device_id, d.attempts,"
    " n.user_id, n.type, n.title, n.request_id, d.channel, d.target,"
    " d.provider, d.state, d.reason, d.provider_id, d.created_at, d.sent_at,"
    " d.updated_at, d.segments, n.content, d.attempt_log, n.class, n.created_at,"
    " n.expires_at, n.planned_at, j.id, j.state, j.tries, j.run_at,"
    " j.expires_at, j.last_error FROM delivery d"
    " LEFT JOIN notification n ON n.id = d.notification_id"
    " LEFT JOIN job j ON j.notification_id = d.notification_id"
    " AND j.seq = d.seq AND j.kind <> 1"
    " WHERE d.notification_id = ? AND d.seq = ? LIMIT 1");
DB_STMT(DELIVERY_AGAIN, DB_API | DB_CTL, DB_ONCE,
    "UPDATE delivery SET state = 'queued', reason = 'resent', sent_at = NULL,"
    " updated_at = UTC_TIMESTAMP(6)"
    " WHERE notification_id = ? AND seq = ?"
    " AND state IN ('failed', 'unsure', 'expired')"
    " AND provider <> 'digest'");
DB_STMT(DELIVERY_AGAIN_JOB, DB_API | DB_CTL, DB_ONCE,
    "INSERT INTO job (id, class, run_at, kind, notification_id, seq, user_id,"
    " device_id, provider, tries, expires_at, last_error, created_at)"
    " SELECT ?, n.class, UTC_TIMESTAMP(6), 2, d.notification_id, d.seq,"
    " d.user_id, d.device_id, d.provider, 0,"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND, 'resent', UTC_TIMESTAMP(6)"
    " FROM delivery d JOIN notification n ON n.id = d.notification_id"
    " WHERE d.notification_id = ? AND d.seq = ?");
/* A dead letter of it is what failed: it goes, there is a new job. */
DB_STMT(DELIVERY_AGAIN_DEAD, DB_API | DB_CTL, DB_SAFE,
    "DELETE FROM job WHERE notification_id = ? AND seq = ? AND state = 9");
DB_STMT(DELIVERY_PARTITIONS, DB_WORKER | DB_CTL, DB_SAFE,
    "CALL gp_partitions(?)");
DB_STMT(DELIVERY_PARTITION_LIST, DB_CTL, DB_READ,
    "SELECT PARTITION_NAME, IF(PARTITION_DESCRIPTION = 'MAXVALUE', 0,"
    " CAST(PARTITION_DESCRIPTION AS UNSIGNED)), TABLE_ROWS,"
    " DATA_LENGTH + INDEX_LENGTH FROM information_schema.PARTITIONS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'delivery'"
    " ORDER BY PARTITION_ORDINAL_POSITION");
DB_STMT(NOTIFICATION_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM notification WHERE id < ? ORDER BY id LIMIT ?");
DB_STMT(JOB_DEAD_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM job WHERE notification_id < ? AND state = 9 LIMIT ?");
DB_STMT(DELIVERY_HOUR_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM delivery_hour WHERE hour < UTC_TIMESTAMP() - INTERVAL 90 DAY"
    " LIMIT ?");

int
delivery_story(struct db *db, struct arena *a, struct delivery_at at,
    struct delivery_story *s, struct err *e)
{
	uint64_t class = 0;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = db_one(db, &DELIVERY_STORY, a,
	    DB_IN(DB_U64(at.id), DB_U64(at.seq)),
	    DB_OUT(DB_TO_U64(&s->d.notification_id), DB_TO_U64(&s->d.seq),
	    DB_TO_U64(&s->d.user_id), DB_TO_U64(&s->d.device_id),
	    DB_TO_U64(&s->d.attempts), DB_TO_U64(&s->d.sender_id),
	    DB_TO_STR(&s->d.type), DB_TO_STR(&s->d.title),
	    DB_TO_STR(&s->d.request_id), DB_TO_STR(&s->d.channel),
	    DB_TO_STR(&s->d.target), DB_TO_STR(&s->d.provider),
	    DB_TO_STR(&s->d.state), DB_TO_STR(&s->d.reason),
	    DB_TO_STR(&s->d.provider_id), DB_TO_TIME(&s->d.created_us),
	    DB_TO_TIME(&s->d.sent_us), DB_TO_TIME(&s->d.updated_us),
	    DB_TO_U64(&s->d.segments),
	    DB_TO_STR(&s->content), DB_TO_STR(&s->attempt_log),
	    DB_TO_U64(&class), DB_TO_TIME(&s->accepted_us),
	    DB_TO_TIME(&s->expires_us), DB_TO_TIME(&s->planned_us),
	    DB_TO_U64(&s->job_id), DB_TO_U64(&s->job_state),
	    DB_TO_U64(&s->job_tries), DB_TO_TIME(&s->run_us),
	    DB_TO_TIME(&s->job_expires_us), DB_TO_STR(&s->last_error)), e);
	s->class = (unsigned)class;
	if (s->d.type == NULL)
		s->d.type = "";
	if (s->d.title == NULL)
		s->d.title = "";
	if (s->d.request_id == NULL)
		s->d.request_id = "";
	return rc;
}

int
delivery_again(struct db *db, const struct delivery_again *g, struct err *e)
{
	const struct db_value id = DB_U64(g->at.id), seq = DB_U64(g->at.seq);
	int64_t n = db_run(db, &DELIVERY_AGAIN, DB_IN(id, seq), e);

	if (n <= 0)
		return (int)n;
	if (db_run(db, &DELIVERY_AGAIN_DEAD, DB_IN(id, seq), e) < 0 ||
	    (n = db_run(db, &DELIVERY_AGAIN_JOB, DB_IN(DB_U64(g->job_id),
	    DB_U64(g->life_s), id, seq), e)) < 0)
		return -1;
	return n > 0 ? 1 : err_set(e, ERR_INTERNAL, "bad_row",
	    "delivery %" PRIu64 "-%u has no notification", g->at.id,
	    g->at.seq);
}

int
delivery_partitions(struct db *db, unsigned keep_days, struct err *e)
{
	if (db_run(db, &DELIVERY_PARTITIONS, DB_IN(DB_U64(keep_days)), e) >= 0)
		return 0;
	/* Another did it at this moment: it is there, and nothing to do. */
	err_clear(e);
	return db_run(db, &DELIVERY_PARTITIONS, DB_IN(DB_U64(keep_days)),
	    e) < 0 ? -1 : 0;
}

int
delivery_each_partition(struct db *db, struct arena *a,
    struct delivery_partition *p, int (*row)(void *arg, struct err *e),
    void *arg, struct err *e)
{
	return (int)db_each(db, &DELIVERY_PARTITION_LIST, a, DB_NONE,
	    DB_OUT(DB_TO_STR(&p->name), DB_TO_U64(&p->bound),
	    DB_TO_U64(&p->rows), DB_TO_U64(&p->bytes)), row, arg, e);
}

/* The first moment of the month that `us` is in: a partition goes when its
 * last day is past, its notifications not before. */
static int64_t
month_of(int64_t us)
{
	char text[CLOCK_TEXT_MAX], month[CLOCK_TEXT_MAX];
	int64_t first;

	clock_rfc3339(us, false, text);
	snprintf(month, sizeof(month), "%.7s-01T00:00:00Z", text);
	return clock_parse(month, &first) ? first : 0;
}

int
delivery_log_purge(struct db *db, unsigned keep_days, unsigned max,
    struct err *e)
{
	uint64_t bound = keep_days == 0 ? 0 : delivery_id_of(month_of(
	    clock_now() - (int64_t)keep_days * 86400 * US_PER_S));
	int64_t n, most = 0;

	if ((n = db_run(db, &DELIVERY_HOUR_PURGE, DB_IN(DB_U64(max)), e)) < 0)
		return -1;
	most = n;
	if (bound == 0)
		return (int)most;
	if ((n = db_run(db, &JOB_DEAD_PURGE, DB_IN(DB_U64(bound),
	    DB_U64(max)), e)) < 0)
		return -1;
	most = n > most ? n : most;
	/* Inboxes first: what is listed has its words. */
	if ((n = inbox_purge(db, bound, PEOPLE_MAX, e)) < 0)
		return -1;
	if (n == PEOPLE_MAX)
		return (int)max;
	if ((n = db_run(db, &NOTIFICATION_PURGE, DB_IN(DB_U64(bound),
	    DB_U64(max)), e)) < 0)
		return -1;
	return (int)(n > most ? n : most);
}
