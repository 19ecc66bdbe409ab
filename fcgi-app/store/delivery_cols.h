/*
 * delivery_cols.h - the columns of a struct delivery and where they go; for
 * the statements of store/ that read whole rows.
 */
#ifndef GP_STORE_DELIVERY_COLS_H
#define GP_STORE_DELIVERY_COLS_H

#include "store/delivery.h"

#define DELIVERY_SELECT							\
	"seq, user_id, device_id, attempts, channel, target, provider,"	\
	" state, reason, provider_id, attempt_log, created_at, sent_at," \
	" updated_at"
/* A line more; the log of what is tried for weeks keeps its newest half. */
#define DELIVERY_LOG_KEPT						\
	"IF(CHAR_LENGTH(attempt_log) > 16000,"				\
	" SUBSTRING(attempt_log, LOCATE('\\n', attempt_log, 8000) + 1),"	\
	" attempt_log)"
#define DELIVERY_LOG_ADD						\
	" attempt_log = CONCAT(" DELIVERY_LOG_KEPT ", ?),"
#define DELIVERY_OUT(d)							\
	DB_OUT(DB_TO_U64(&(d)->seq), DB_TO_U64(&(d)->user_id),		\
	DB_TO_U64(&(d)->device_id), DB_TO_U64(&(d)->attempts),		\
	DB_TO_STR(&(d)->channel), DB_TO_STR(&(d)->target),		\
	DB_TO_STR(&(d)->provider), DB_TO_STR(&(d)->state),		\
	DB_TO_STR(&(d)->reason), DB_TO_STR(&(d)->provider_id),		\
	DB_TO_STR(&(d)->attempt_log), DB_TO_TIME(&(d)->created_us),	\
	DB_TO_TIME(&(d)->sent_us), DB_TO_TIME(&(d)->updated_us))

#endif
