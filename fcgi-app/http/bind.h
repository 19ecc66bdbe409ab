/*
 * bind.h - input reaches a handler only through here: declared, bounded,
 * typed.  A row of a fieldset states one member of the body (or query).
 *
 *   struct login_in { const char *username, *email, *phone, *password; };
 *   static const struct field login_rows[] = {
 *       FIELD_TEXT(struct login_in, username, "username", 0, 254, 0),
 *       FIELD_TEXT(struct login_in, password, "password", 1, 1024, F_REQUIRED | F_SECRET),
 *   };
 *   const struct fieldset login_fields = FIELDSET(struct login_in, login_rows, IN_BODY);
 *
 * JSON, form-urlencoded (where flat) and multipart are one to a handler.
 * Members sent as null are absent.  In ours rows an unknown member is refused
 * by name; kept rows ignore it (API.md).  All faults are reported together,
 * field by field.
 */
#ifndef GP_HTTP_BIND_H
#define GP_HTTP_BIND_H

#include "base/json.h"
#include "base/lang.h"
#include "http/request.h"

#include <stdarg.h>

enum field_type {
	FT_TEXT,	/* const char *: min..max code points; no NUL */
	FT_INT,		/* struct opt_int: min..max; a numeric string serves in
			 * forms and, with F_LOOSE, in JSON */
	FT_BOOL,	/* struct opt_bool */
	FT_EMAIL,	/* const char *: trimmed, checked by base/mail */
	FT_PHONE,	/* const char *: E.164 by base/phone */
	FT_TIME,	/* int64_t µs, RFC 3339; 0 absent */
	FT_DATE,	/* const char *: YYYY-MM-DD, a real day */
	FT_ENUM,	/* const char *: one of `words` ("M|F") */
	FT_PATTERN,	/* const char *: pattern_is(pattern) */
	FT_JSON,	/* const struct json *: any value; with F_JSON_TEXT a
			 * string that holds JSON serves too */
	FT_CODE,	/* const char *: 6 digits, or the 10 that codes have
			 * while an account is attacked; a JSON number is
			 * padded */
	FT_TEXTS,	/* struct texts: array of strings, ≤ max items */
	FT_INTS,	/* struct ints: array of integers, ≤ max items */
	FT_FILE		/* struct file: multipart part, ≤ max bytes */
};
enum field_flags { F_REQUIRED = 1, F_SECRET = 2 /* never in a message */,
	F_LOOSE = 4, F_JSON_TEXT = 8, F_TRIM = 16, F_NULLABLE = 32
	/* null is told apart from absent: see bind_is_null */,
	F_LINE = 64 /* text_is_line() */,
	F_MULTIPART = 128 /* of a row that takes multipart without a file */ };

struct opt_int	{ bool set; int64_t v; };
struct opt_bool	{ bool set; bool v; };
struct texts	{ const char **p; size_t n; bool set; };
struct ints	{ int64_t *p; size_t n; bool set; };
struct file	{ const uint8_t *p; size_t n; const char *name, *type; };

struct field {
	const char	*name;
	enum field_type	 type;
	size_t		 offset;
	int64_t		 min, max;
	unsigned	 flags;
	const char	*words;		/* FT_ENUM */
	int		 pattern;	/* FT_PATTERN: enum pattern_id */
};
enum field_source { IN_NOTHING, IN_BODY, IN_QUERY,
	IN_RAW	/* the handler reads the bytes itself: they are signed */ };
struct fieldset {
	const struct field *row;
	size_t		 rows, size;
	enum field_source source;
};

#define FIELD_TEXT(s, m, name, min, max, flags) \
	{ name, FT_TEXT, offsetof(s, m), (min), (max), (flags), NULL, 0 }
#define FIELD_OF(t, s, m, name, min, max, flags) \
	{ name, (t), offsetof(s, m), (min), (max), (flags), NULL, 0 }
#define FIELD_ENUM(s, m, name, words, flags) \
	{ name, FT_ENUM, offsetof(s, m), 0, 0, (flags), words, 0 }
#define FIELD_PATTERN(s, m, name, pattern, min, max, flags) \
	{ name, FT_PATTERN, offsetof(s, m), (min), (max), (flags), NULL, pattern }
#define FIELDSET(s, rows, source) { (rows), COUNT_OF(rows), sizeof(s), source }
#define FIELDSET_NONE	{ NULL, 0, 0, IN_NOTHING }
#define FIELDSET_RAW	{ NULL, 0, 0, IN_RAW }

/* Faults, for the problem document: field and sentence, several a field.  The
 * language is chosen when they are written, so a sentence with values is kept
 * in each. */
#define FAULTS_MAX	32
struct faults {
	struct { const char *field, *text[LANGS]; } f[FAULTS_MAX];
	size_t n;
};
/* `text` and `fmt` are English: rows of base/lang_rows.def. */
void	 faults_add(struct faults *f, const char *field, const char *text);
void	 faults_addf(struct faults *f, struct arena *a, const char *field,
	    const char *fmt, ...) PRINTF(4, 5);
void	 faults_vaddf(struct faults *f, struct arena *a, const char *field,
	    const char *fmt, va_list ap) PRINTF(4, 0);
/* "Item 3: " and the sentence. */
void	 faults_add_item(struct faults *f, struct arena *a,
	    const char *field, int item, const char *text);

/* What was sent, kept for F_NULLABLE and for the idempotency body MAC. */
#define BOUND_JSONS	8
struct parts;
struct bound {
	void		*in;		/* struct of the fieldset, in the arena */
	struct json	*doc;		/* NULL when not JSON; freed by bind_fini */
	struct faults	 faults;
	const struct parts *parts;	/* of a form or query; NULL when JSON */
	struct json	*text[BOUND_JSONS];	/* F_JSON_TEXT; freed too */
	size_t		 texts;
	const struct fieldset *fields;
};

/* What a body is, by its Content-Type.  An empty body is BODY_EMPTY whatever
 * it calls itself. */
enum body_type { BODY_EMPTY, BODY_JSON, BODY_FORM, BODY_MULTIPART,
	BODY_OTHER };
enum body_type bind_body_type(const struct req *q);
/* Does a row with these fields take such a body?  Forms where JSON is flat,
 * multipart where a file is taken (API.md). */
bool	 bind_accepts(const struct fieldset *f, enum body_type t);
/* One text member of the body, before binding (the kept `admin_token`): in
 * the arena, or NULL when there is none or the body is broken. */
const char *bind_peek_text(const struct req *q, const char *name);

/*
 * Bind a request to a fieldset.  0 and b->in filled; -1 with ERR_INPUT
 * "invalid" (b->faults says which), "invalid_json", ERR_MEDIA (415), or
 * ERR_TOO_LARGE when values outgrow the arena's share.
 * `refuse_unknown` is true for our rows.
 */
int	 bind_request(const struct req *q, const struct fieldset *f,
	    bool refuse_unknown, struct bound *b, struct err *e) MUST_CHECK;
void	 bind_fini(struct bound *b);
/* Was the member sent as an explicit null, or as "", which is all that forms
 * have for it? */
bool	 bind_is_null(const struct bound *b, const char *name);
bool	 bind_has(const struct bound *b, const char *name);

/*
 * What was bound as a list of byte ranges, the same for the same values
 * however they were written (spaces, order of members, form or JSON): the
 * input of the idempotency MAC (D25).  Each value follows its row's name and
 * its length.  In the arena; *n parts.
 */
struct crypto_part;
const struct crypto_part *bind_digest(const struct bound *b, struct arena *a,
	    size_t *n);

#endif
