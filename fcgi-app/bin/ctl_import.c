/*
 * gatepostctl import users FILE [--dry-run] [--roles]
 *
 * Accounts of a replaced system, with the password hashes they have: everyone
 * signs in with the old password, and is hashed as ours then.  A record is a
 * row or nothing; again over the same file, or after a kill, changes nothing
 * that is there: a record is known by external_id, else by its address.
 */
#include "auth/password.h"
#include "auth/password_old.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"
#include "bin/ctl_import.h"

#include <errno.h>
#include <strings.h>

#define BATCH		100
#define ARENA_BATCH	((size_t)BATCH * 3 * 65536)
#define NAME_POINTS	150
/* rand_id never has this bit: no key of ours meets one of these. */
#define KEY_BIT		(UINT64_C(1) << 63)

struct row {
	struct user_new	 n;
	size_t		 line;
	enum { ROW_NEW, ROW_THERE, ROW_TWICE } is;
	uint64_t	 other;		/* who has the address */
	const char	*what;		/* the address's column */
};

/* Addresses of the file so far, as 64 bits of SHA-256; 0: free. */
struct seen { uint64_t *slot; size_t cap, n; };

struct import {
	struct seen	 seen;
	struct ctl	*c;
	struct arena	*a;
	bool		 dry, roles;
	struct row	 row[BATCH];
	size_t		 rows;
	uint64_t	 made, there, twice, refused, no_password;
};

static void
complain(struct import *m, size_t line, const char *what, const char *why)
{
	fprintf(stderr, "line %zu: %s: %s\n", line, what, why);
	m->refused++;
}

/* --- one record --------------------------------------------------------------- */

static const char *
filled(const struct record *r, enum column c)
{
	const char *v = r->value[c];

	return v == NULL || *v == '\0' || strcasecmp(v, "null") == 0 ? NULL :
	    v;
}

/* true, t, yes, y, 1 and their opposites; absent is `otherwise`. */
static bool
yes_no(const struct record *r, enum column c, bool otherwise, bool *v)
{
	static const char *const word[2][5] = {
		{ "false", "f", "no", "n", "0" },
		{ "true", "t", "yes", "y", "1" },
	};
	const char *s = filled(r, c);

	*v = otherwise;
	if (s == NULL)
		return true;
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < COUNT_OF(word[side]); i++)
			if (strcasecmp(s, word[side][i]) == 0) {
				*v = side == 1;
				return true;
			}
	return false;
}

static uint64_t
key_of(struct arena *a, const struct record *r, const struct user_new *n)
{
	const char *id = filled(r, COL_EXTERNAL_ID), *text;
	uint8_t h[32];
	uint64_t key;

	text = id != NULL ? arena_printf(a, "import id %s", id) :
	    n->email != NULL ? arena_printf(a, "import email %s",
	    n->email_unique) : arena_printf(a, "import phone %s", n->phone);
	sha256(h, text, strlen(text));
	memcpy(&key, h, sizeof(key));
	return key | KEY_BIT;
}

static void
seen_put(struct seen *s, uint64_t key)
{
	size_t i = key & (s->cap - 1);

	while (s->slot[i] != 0)
		i = (i + 1) & (s->cap - 1);
	s->slot[i] = key;
	s->n++;
}

/* Had an earlier line the address?  Now it has been seen. */
static bool
seen_before(struct seen *s, const char *address)
{
	struct seen more = { .cap = s->cap == 0 ? 4096 : s->cap * 2 };
	uint8_t h[32];
	uint64_t key;

	if (s->n * 2 >= s->cap) {
		more.slot = calloc(more.cap, sizeof(*more.slot));
		if (more.slot == NULL)
			fatal("out of memory");
		for (size_t i = 0; i < s->cap; i++)
			if (s->slot[i] != 0)
				seen_put(&more, s->slot[i]);
		free(s->slot);
		*s = more;
	}
	sha256(h, address, strlen(address));
	memcpy(&key, h, sizeof(key));
	key |= 1;
	for (size_t i = key & (s->cap - 1); s->slot[i] != 0;
	    i = (i + 1) & (s->cap - 1))
		if (s->slot[i] == key)
			return true;
	seen_put(s, key);
	return false;
}

static bool
is_second(struct import *m, size_t line, const struct user_new *n)
{
	const char *what = n->email != NULL &&
	    seen_before(&m->seen, n->email_unique) ? "email" :
	    n->phone != NULL && seen_before(&m->seen, n->phone) ? "phone" :
	    NULL;

	if (what == NULL)
		return false;
	fprintf(stderr, "line %zu: %s: an earlier line has it already\n",
	    line, what);
	m->twice++;
	return true;
}

static bool
set_address(struct import *m, const struct record *r, struct user_new *n)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1], phone[PHONE_MAX];
	const char *email = filled(r, COL_EMAIL), *tel = filled(r, COL_PHONE);

	if (email != NULL) {
		email = text_trim(m->a, email);
		if (!mail_parse(email, cmp, unique)) {
			complain(m, r->line, "email", "not an address");
			return false;
		}
		n->email = email;
		n->email_cmp = arena_strdup(m->a, cmp);
		n->email_unique = arena_strdup(m->a, unique);
	}
	if (tel != NULL) {
		if (!phone_normalise(tel, conf_str(CONF_REGION), phone)) {
			complain(m, r->line, "phone", "not a number");
			return false;
		}
		n->phone = arena_strdup(m->a, phone);
	}
	if (email == NULL && tel == NULL) {
		complain(m, r->line, "email", "neither e-mail nor phone");
		return false;
	}
	return true;
}

static bool
set_flags(struct import *m, const struct record *r, struct user_new *n)
{
	static const char bad[] = "neither true nor false";

	if (!yes_no(r, COL_EMAIL_VERIFIED, false, &n->email_verified))
		complain(m, r->line, "email_verified", bad);
	else if (!yes_no(r, COL_PHONE_VERIFIED, false, &n->phone_verified))
		complain(m, r->line, "phone_verified", bad);
	else if (!yes_no(r, COL_IS_ACTIVE, true, &n->is_active))
		complain(m, r->line, "is_active", bad);
	else if (!yes_no(r, COL_IS_STAFF, false, &n->is_staff))
		complain(m, r->line, "is_staff", bad);
	else if (!yes_no(r, COL_IS_SUPERUSER, false, &n->is_superuser))
		complain(m, r->line, "is_superuser", bad);
	else {
		n->email_verified &= n->email != NULL;
		n->phone_verified &= n->phone != NULL;
		n->is_staff &= m->roles;
		n->is_superuser &= m->roles;
		return true;
	}
	return false;
}

static bool
set_password_(struct import *m, const struct record *r, struct user_new *n)
{
	const char *hash = filled(r, COL_PASSWORD);
	struct err e = ERR_INIT;
	struct old_hash o;

	/* Django marks "no password" by a "!". */
	if (hash == NULL || *hash == '!') {
		n->password = NULL;
		return true;
	}
	if (old_parse(hash, &o, &e) < 0) {
		complain(m, r->line, "password", e.detail);
		return false;
	}
	n->password = hash;
	return true;
}

static bool
set_text(struct import *m, const struct record *r, enum column c,
    const char *name, size_t max, const char **out)
{
	const char *v = filled(r, c);

	*out = v;
	if (v == NULL || (utf8_count(v) <= max && text_is_line(v)))
		return true;
	complain(m, r->line, name, "too long, or with control characters");
	return false;
}

/* Fills the next row, or says what is wrong with the record. */
static void
take(struct import *m, const struct record *r)
{
	struct row *row = &m->row[m->rows];

	memset(row, 0, sizeof(*row));
	row->line = r->line;
	if (!set_address(m, r, &row->n) || !set_flags(m, r, &row->n) ||
	    !set_password_(m, r, &row->n) ||
	    !set_text(m, r, COL_FIRST_NAME, "first_name", NAME_POINTS,
	    &row->n.first_name) ||
	    !set_text(m, r, COL_LAST_NAME, "last_name", NAME_POINTS,
	    &row->n.last_name) ||
	    !set_text(m, r, COL_LOCALE, "locale", 16, &row->n.locale) ||
	    is_second(m, r->line, &row->n))
		return;
	row->n.reg_key = key_of(m->a, r, &row->n);
	m->rows++;
}

/* --- the database ----------------------------------------------------------------- */

/* Does another account have the address, proved or claimed? */
static int
look(struct db *db, struct import *m, struct row *row, struct err *e)
{
	struct user u;
	int rc;

	if ((rc = user_by_reg_key(db, row->n.reg_key, &row->other, e)) < 0)
		return -1;
	if (rc == 1) {
		row->is = ROW_THERE;
		return 0;
	}
	if (row->n.email != NULL) {
		if ((rc = user_by_email(db, m->a, row->n.email_cmp,
		    row->n.email_unique, &u, e)) < 0)
			return -1;
		if (rc == 1) {
			row->what = "email";
			row->is = ROW_TWICE;
			row->other = u.id;
			return 0;
		}
	}
	if (row->n.phone == NULL)
		return 0;
	if ((rc = user_by_phone(db, m->a, row->n.phone, &u, e)) < 0)
		return -1;
	if (rc == 1) {
		row->what = "phone";
		row->is = ROW_TWICE;
		row->other = u.id;
	}
	return 0;
}

static int
write_batch(struct db *db, void *arg, struct err *e)
{
	struct import *m = arg;

	for (size_t i = 0; i < m->rows; i++) {
		struct row *row = &m->row[i];
		uint64_t id;

		row->is = ROW_NEW;
		row->what = NULL;
		if (look(db, m, row, e) < 0)
			return -1;
		if (row->is != ROW_NEW || m->dry)
			continue;
		if (user_insert(db, &row->n, &id, e) == 0)
			continue;
		/* Somebody proved the address this moment. */
		if (e->kind != ERR_DB_DUP)
			return -1;
		err_clear(e);
		row->is = ROW_TWICE;
		row->what = "address";
	}
	return 0;
}

static int
flush(struct import *m, struct err *e)
{
	if (m->rows > 0 && db_tx(m->c->db, write_batch, m, e) < 0)
		return -1;
	for (size_t i = 0; i < m->rows; i++) {
		const struct row *row = &m->row[i];

		if (row->is == ROW_TWICE) {
			fprintf(stderr, "line %zu: %s: user %" PRIu64
			    " has it already\n", row->line, row->what,
			    row->other);
			m->twice++;
			continue;
		}
		m->no_password += row->is == ROW_NEW &&
		    row->n.password == NULL;
		*(row->is == ROW_NEW ? &m->made : &m->there) += 1;
	}
	m->rows = 0;
	arena_reset(m->a);
	return 0;
}

static int
walk(struct import *m, struct record_reader *reader, struct err *e)
{
	struct record r;
	uint64_t seen = 0;
	int rc;

	while ((rc = record_next(reader, m->a, &r, e)) != 0) {
		if (rc < 0 && e->kind != ERR_INPUT)
			return -1;
		if (rc < 0) {
			complain(m, r.line, e->code, e->detail);
			err_clear(e);
			continue;
		}
		take(m, &r);
		/* Refused records take memory, too. */
		if ((m->rows == BATCH || arena_left(m->a) <
		    ARENA_BATCH / 4) && flush(m, e) < 0)
			return -1;
		if (++seen % 10000 == 0)
			ctl_say(m->c, "%" PRIu64 " records …\n", seen);
	}
	return flush(m, e);
}

static int
import_users(struct ctl *c, struct import *m, FILE *f)
{
	struct record_reader *reader = record_open(f);
	struct err e = ERR_INIT;
	int rc = -1;

	if (reader == NULL)
		err_set(&e, ERR_UNAVAILABLE, "unavailable", "out of memory");
	else
		rc = walk(m, reader, &e);
	record_close(reader);
	if (rc == 0 && !m->dry)
		rc = password_mix_count(c->db, &e);
	if (c->json)
		printf("{\"imported\":%" PRIu64 ",\"there\":%" PRIu64
		    ",\"duplicates\":%" PRIu64 ",\"refused\":%" PRIu64
		    ",\"without_password\":%" PRIu64 ",\"dry_run\":%s}\n",
		    m->made, m->there, m->twice, m->refused, m->no_password,
		    m->dry ? "true" : "false");
	else
		ctl_say(c, "%s %" PRIu64 " users (%" PRIu64 " without a "
		    "password), %" PRIu64 " were there already, %" PRIu64
		    " duplicates, %" PRIu64 " refused\n",
		    m->dry ? "would import" : "imported", m->made,
		    m->no_password, m->there, m->twice, m->refused);
	if (rc < 0)
		return ctl_fail("the import stopped", &e,
		    "mend the cause and run it again: what is there stays");
	return m->twice + m->refused == 0 ? CTL_OK : CTL_FAILED;
}

int
ctl_import(struct ctl *c)
{
	const char *what = ctl_word(c, 0), *path = ctl_word(c, 1);
	struct import *m;
	FILE *f;
	int rc;

	if (what == NULL || path == NULL || strcmp(what, "users") != 0)
		return ctl_usage(c);
	f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (f == NULL) {
		struct err e = ERR_INIT;

		err_errno(&e, "read", "%s", path);
		return ctl_fail("the file was not opened", &e, NULL);
	}
	if ((m = calloc(1, sizeof(*m))) == NULL) {
		fclose(f);
		return ctl_fail("out of memory", NULL, NULL);
	}
	m->c = c;
	m->a = arena_new(ARENA_BATCH);
	m->dry = ctl_flag(c, "--dry-run");
	m->roles = ctl_flag(c, "--roles");
	rc = import_users(c, m, f);
	arena_free(m->a);
	free(m->seen.slot);
	free(m);
	fclose(f);
	return rc;
}
