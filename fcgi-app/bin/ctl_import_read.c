/*
 * ctl_import_read.c - CSV and JSON lines, as records of columns.
 */
#include "bin/ctl_import.h"

#include "base/json.h"
#include "base/text.h"

#define RECORD_MAX	65536
#define FIELDS_MAX	256

static const char *const column_name[COLUMNS] = {
	"external_id", "email", "phone", "password", "first_name",
	"last_name", "email_verified", "phone_verified", "is_active",
	"is_staff", "is_superuser", "locale",
};

struct record_reader {
	FILE		*f;
	size_t		 line;
	bool		 begun, csv;
	int		 column[FIELDS_MAX];	/* of field i, or -1 */
	size_t		 fields;
	char		 text[RECORD_MAX];
};

struct record_reader *
record_open(FILE *f)
{
	struct record_reader *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->f = f;
	return r;
}

void
record_close(struct record_reader *r)
{
	free(r);
}

static int
column_of(const char *name)
{
	for (int i = 0; i < COLUMNS; i++)
		if (strcmp(name, column_name[i]) == 0)
			return i;
	if (strcmp(name, "phone_number") == 0)
		return COL_PHONE;
	return strcmp(name, "id") == 0 ? COL_EXTERNAL_ID : -1;
}

static size_t
quotes(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == '"';
	return n;
}

/* One record's text without its line end: in CSV a quoted field may go on
 * over lines.  1, 0, -1; *at is its first line. */
static int
read_text(struct record_reader *r, size_t *at, struct err *e)
{
	size_t n = 0;
	int c;

	do {
		if (fgets(r->text + n, (int)(RECORD_MAX - n), r->f) == NULL)
			break;
		if (n == 0)
			*at = r->line + 1;
		r->line++;
		n += strlen(r->text + n);
		if (n == RECORD_MAX - 1 && r->text[n - 1] != '\n') {
			while ((c = getc(r->f)) != EOF && c != '\n')
				;
			return err_set(e, ERR_INPUT, "too_long",
			    "a record of more than %d bytes", RECORD_MAX - 2);
		}
	} while (r->csv && quotes(r->text) % 2 != 0);
	if (n == 0)
		return ferror(r->f) ? err_errno(e, "read", "the file") : 0;
	if (r->csv && quotes(r->text) % 2 != 0)
		return err_set(e, ERR_INPUT, "bad_csv",
		    "a quote is not closed before the end");
	while (n > 0 && (r->text[n - 1] == '\n' || r->text[n - 1] == '\r'))
		r->text[--n] = '\0';
	if (!utf8_valid(r->text, n))
		return err_set(e, ERR_INPUT, "bad_utf8", "not UTF-8");
	return 1;
}

/* Cut a CSV record up in place.  Fields, or -1. */
static int
split(char *s, char *field[FIELDS_MAX], struct err *e)
{
	int n = 0;

	for (;;) {
		char *to = s;

		if (n == FIELDS_MAX)
			return err_set(e, ERR_INPUT, "bad_csv",
			    "more than %d fields", FIELDS_MAX);
		field[n++] = s;
		if (*s == '"') {
			for (s++; *s != '\0' && (*s != '"' || s[1] == '"'); ) {
				s += *s == '"';
				*to++ = *s++;
			}
			if (*s != '"' || (s[1] != ',' && s[1] != '\0'))
				return err_set(e, ERR_INPUT, "bad_csv",
				    "field %d: text behind a quoted one", n);
			s++;
		} else {
			while (*s != '\0' && *s != ',')
				s++;
			to = s;
		}
		if (*s == '\0') {
			*to = '\0';
			return n;
		}
		*to = '\0';
		s++;
	}
}

static int
read_header(struct record_reader *r, struct err *e)
{
	char *field[FIELDS_MAX];
	bool known = false;
	int n;

	if ((n = split(r->text, field, e)) < 0)
		return -1;
	r->fields = (size_t)n;
	for (int i = 0; i < n; i++) {
		r->column[i] = column_of(field[i]);
		known |= r->column[i] == COL_EMAIL ||
		    r->column[i] == COL_PHONE;
	}
	return known ? 0 : err_set(e, ERR_CONFIG, "bad_csv",
	    "the first line names no column email or phone");
}

static int
from_csv(struct record_reader *r, struct arena *a, struct record *out,
    struct err *e)
{
	char *field[FIELDS_MAX];
	int n;

	if ((n = split(r->text, field, e)) < 0)
		return -1;
	if ((size_t)n != r->fields)
		return err_set(e, ERR_INPUT, "bad_csv",
		    "%d fields, and the first line has %zu", n, r->fields);
	for (int i = 0; i < n; i++)
		if (r->column[i] >= 0)
			out->value[r->column[i]] = arena_strdup(a, field[i]);
	return 1;
}

static int
from_json(struct record_reader *r, struct arena *a, struct record *out,
    struct err *e)
{
	struct json *j = NULL;
	const char *name;

	if (json_parse(r->text, strlen(r->text), JSON_STRICT, 0, &j, e) < 0)
		return -1;
	for (size_t i = 0; i < json_len(j); i++) {
		const struct json *v = json_member(j, i, &name);
		int c = column_of(name);

		if (c < 0)
			continue;
		if (json_type(v) == JSON_STRING)
			out->value[c] = arena_strdup(a, json_str(v));
		else if (json_type(v) == JSON_BOOL || json_type(v) == JSON_INT)
			out->value[c] = json_text(a, v);
	}
	json_free(j);
	return 1;
}

int
record_next(struct record_reader *r, struct arena *a, struct record *out,
    struct err *e)
{
	int rc;

	memset(out, 0, sizeof(*out));
	for (;;) {
		const char *s = r->text;

		rc = read_text(r, &out->line, e);
		if (rc == 0)
			return 0;
		if (rc < 0) {
			if (!r->begun)
				e->kind = ERR_CONFIG;
			return -1;
		}
		if (!r->begun && text_starts(s, "\xef\xbb\xbf"))
			memmove(r->text, s + 3, strlen(s + 3) + 1);
		if (*s == '\0')
			continue;
		if (r->begun)
			break;
		r->begun = true;
		r->csv = *s != '{';
		if (!r->csv)
			break;
		if (read_header(r, e) < 0) {
			e->kind = ERR_CONFIG;
			return -1;
		}
	}
	rc = r->csv ? from_csv(r, a, out, e) : from_json(r, a, out, e);
	secret_wipe(r->text, strlen(r->text));
	return rc;
}
