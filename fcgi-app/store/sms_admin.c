/*
 * sms_admin.c - what administrators see of the money for SMS, and undo.
 */
#include "store/sms.h"

DB_STMT(SMS_EACH_SPENT, DB_CTL, DB_READ,
    "SELECT scope, label, window_s, spent, TIMESTAMPDIFF(SECOND,"
    " UTC_TIMESTAMP(6), window_at + INTERVAL window_s SECOND)"
    " FROM sms_spend WHERE (scope >= 4 OR scope = 0)"
    " AND window_at > UTC_TIMESTAMP(6) - INTERVAL window_s SECOND"
    " ORDER BY scope DESC, window_s, spent DESC LIMIT 200");
DB_STMT(SMS_SITE_DAY, DB_CTL, DB_READ,
    "SELECT COALESCE(SUM(spent), 0) FROM sms_spend WHERE scope = 6"
    " AND window_s = 86400"
    " AND window_at > UTC_TIMESTAMP(6) - INTERVAL window_s SECOND");
DB_STMT(SMS_EACH_HOLD, DB_CTL, DB_READ,
    "SELECT prefix, reason, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6),"
    " until_at) FROM sms_prefix WHERE until_at > UTC_TIMESTAMP(6)"
    " ORDER BY prefix LIMIT 200");
/* Its end becomes now, not gone: the sends that tripped it stay judged. */
DB_STMT(SMS_RELEASE, DB_CTL, DB_SAFE,
    "UPDATE sms_prefix SET until_at = UTC_TIMESTAMP(6)"
    " WHERE until_at > UTC_TIMESTAMP(6) AND (prefix = ? OR ? = '')");
DB_STMT(SMS_FORGET, DB_CTL, DB_SAFE, "DELETE FROM sms_spend");

int
sms_each_spent(struct db *db, struct arena *a, struct sms_spent *s,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &SMS_EACH_SPENT, a, DB_NONE,
	    DB_OUT(DB_TO_U64(&s->scope), DB_TO_STR(&s->label),
	    DB_TO_U64(&s->window_s), DB_TO_U64(&s->spent),
	    DB_TO_I64(&s->left_s)), row, arg, e);
}

int
sms_site_day(struct db *db, uint64_t *spent, struct err *e)
{
	return db_one(db, &SMS_SITE_DAY, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(spent)), e) < 0 ? -1 : 0;
}

int
sms_each_hold(struct db *db, struct arena *a, struct sms_hold *h,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &SMS_EACH_HOLD, a, DB_NONE,
	    DB_OUT(DB_TO_STR(&h->prefix), DB_TO_STR(&h->reason),
	    DB_TO_I64(&h->left_s)), row, arg, e);
}

int
sms_release(struct db *db, const char *prefix, struct err *e)
{
	return (int)db_run(db, &SMS_RELEASE, DB_IN(DB_STR(prefix),
	    DB_STR(prefix)), e);
}

int
sms_forget(struct db *db, struct err *e)
{
	return (int)db_run(db, &SMS_FORGET, DB_NONE, e);
}
