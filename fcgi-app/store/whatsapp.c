/*
 * whatsapp.c - see whatsapp.h.  One statement each, whose order of arrival
 * does not matter.
 */
#include "store/whatsapp.h"

#define OPEN	"last_in_at > COALESCE(closed_at, '1970-01-02')"

DB_STMT(WHATSAPP_WROTE, DB_API, DB_SAFE,
    "INSERT INTO whatsapp_contact (sender, contact, user_id, last_in_at)"
    " VALUES (?, ?, COALESCE((SELECT id FROM user WHERE phone_proved = ?),"
    " 0), LEAST(?, UTC_TIMESTAMP(6)))"
    " ON DUPLICATE KEY UPDATE user_id = VALUES(user_id),"
    " last_in_at = GREATEST(last_in_at, VALUES(last_in_at))");
DB_STMT(WHATSAPP_CLOSE, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE whatsapp_contact SET closed_at = UTC_TIMESTAMP(6)"
    " WHERE contact = ? AND ? IN ('', sender)");
DB_STMT(WHATSAPP_WINDOW, DB_API | DB_WORKER, DB_READ,
    "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6), MAX(last_in_at)"
    " + INTERVAL ? SECOND) FROM whatsapp_contact WHERE contact = ? AND "
    OPEN);
DB_STMT(WHATSAPP_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM whatsapp_contact WHERE last_in_at < UTC_TIMESTAMP(6)"
    " - INTERVAL 2 DAY ORDER BY last_in_at LIMIT ?");

int
whatsapp_wrote(struct db *db, const char *sender, const char *contact,
    const char *phone, int64_t at_us, struct err *e)
{
	return db_run(db, &WHATSAPP_WROTE, DB_IN(DB_STR(sender),
	    DB_STR(contact), DB_STR(phone), DB_WHEN(at_us)), e) < 0 ? -1 : 0;
}

int
whatsapp_close(struct db *db, const char *sender, const char *contact,
    struct err *e)
{
	return db_run(db, &WHATSAPP_CLOSE, DB_IN(DB_STR(contact),
	    DB_STR(sender)), e) < 0 ? -1 : 0;
}

int
whatsapp_window(struct db *db, const char *contact, uint32_t *left_s,
    struct err *e)
{
	int64_t left = 0;
	int rc = db_one(db, &WHATSAPP_WINDOW, NULL,
	    DB_IN(DB_U64(WHATSAPP_WINDOW_S - WHATSAPP_MARGIN_S),
	    DB_STR(contact)), DB_OUT(DB_TO_I64(&left)), e);

	if (rc < 0)
		return -1;
	*left_s = left > 0 ? (uint32_t)left : 0;
	return left > 0;
}

int
whatsapp_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &WHATSAPP_PURGE, DB_IN(DB_U64(max)), e);
}
