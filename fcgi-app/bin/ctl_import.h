/*
 * ctl_import.h - a file of users, record by record.
 */
#ifndef GP_BIN_CTL_IMPORT_H
#define GP_BIN_CTL_IMPORT_H

#include "bin/ctl.h"
#include "base/mail.h"
#include "base/phone.h"
#include "store/user.h"

/* Columns, by the names they have in the file. */
enum column { COL_EXTERNAL_ID, COL_EMAIL, COL_PHONE, COL_PASSWORD,
	COL_FIRST_NAME, COL_LAST_NAME, COL_EMAIL_VERIFIED,
	COL_PHONE_VERIFIED, COL_IS_ACTIVE, COL_IS_STAFF, COL_IS_SUPERUSER,
	COL_LOCALE, COLUMNS };

struct record {
	size_t		 line;		/* where it begins, from 1 */
	const char	*value[COLUMNS];	/* NULL: not there */
};

/* CSV (RFC 4180, a first line of column names) or JSON lines: what begins
 * with "{".  Names that are no column are ignored. */
struct record_reader;
struct record_reader *record_open(FILE *f);
void	 record_close(struct record_reader *r);
/* The next record, its values in the arena: 1, 0 at the end, -1 with *e
 * (ERR_INPUT; r->line is in out->line) when this one is unreadable and the
 * next may be read, or with ERR_CONFIG when no other can be. */
int	 record_next(struct record_reader *r, struct arena *a,
	    struct record *out, struct err *e) MUST_CHECK;

#endif
