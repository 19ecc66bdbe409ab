/*
 * json.h - JSON in, by json-c behind our own strict gate; JSON out, by a
 * writer that cannot make a broken document.
 *
 * json-c's strict mode accepts things RFC 8259 refuses, so json_parse first
 * walks the bytes itself: grammar, UTF-8, depth, duplicate members, NUL in
 * strings, lone surrogates, integer range.  Only then does json-c build.
 */
#ifndef GP_BASE_JSON_H
#define GP_BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct json;			/* a json-c object; opaque elsewhere */

enum json_type { JSON_NULL, JSON_BOOL, JSON_INT, JSON_REAL, JSON_STRING,
	JSON_ARRAY, JSON_OBJECT };

#define JSON_DEPTH_MAX	16
enum json_flags {
	JSON_PLAIN = 0,		/* RFC 8259 grammar, UTF-8, depth */
	JSON_STRICT = 1		/* + no duplicate members, no NUL and no lone
				 * surrogates in strings, integers in int64 */
};

/*
 * Parse exactly one value from n bytes.  0 and *out set (owned by the caller:
 * json_free), or -1 with ERR_INPUT "invalid_json" and the offset in detail.
 * With `depth_max` 0 the limit is JSON_DEPTH_MAX; more than 4096 is cut to it.
 */
int	 json_parse(const char *p, size_t n, enum json_flags flags,
	    unsigned depth_max, struct json **out, struct err *e) MUST_CHECK;
void	 json_free(struct json *j);

enum json_type json_type(const struct json *j);	/* NULL is JSON_NULL */
/* Member of an object, or NULL when absent (json null is NULL too: ask
 * json_has to tell them apart). */
struct json *json_get(const struct json *j, const char *name);
bool	 json_has(const struct json *j, const char *name);
/* Elements of an array, members of an object, else 0. */
size_t	 json_len(const struct json *j);
struct json *json_at(const struct json *j, size_t i);
/* Walk an object: i from 0 to json_len-1, in order of the document. */
struct json *json_member(const struct json *j, size_t i, const char **name);
/* The text of a string (valid while j lives), or NULL when no string. */
const char *json_str(const struct json *j);
/* 1 and *v set, or 0 when it is no integer / bool.  The ends of int64
 * count as none: json-c clips larger numbers to them. */
int	 json_int(const struct json *j, int64_t *v) MUST_CHECK;
int	 json_bool(const struct json *j, bool *v) MUST_CHECK;
/* Compact text of a value, in the arena. */
const char *json_text(struct arena *a, const struct json *j);

/*
 * Writing.  jw_* append to a buf; commas and colons are kept by the writer.
 * `key` is NULL inside an array and at the top.  Strings must be UTF-8; what
 * is not comes out as U+FFFD.  Nesting ≤ 32.
 */
struct jw {
	struct buf	*b;
	unsigned	 depth;
	uint64_t	 comma;		/* a bit a level: something is there */
};
void	 jw_init(struct jw *w, struct buf *b);
void	 jw_object(struct jw *w, const char *key);
void	 jw_array(struct jw *w, const char *key);
void	 jw_end(struct jw *w);			/* object or array */
void	 jw_str(struct jw *w, const char *key, const char *v);	/* NULL: null */
void	 jw_strn(struct jw *w, const char *key, const char *v, size_t n);
void	 jw_i64(struct jw *w, const char *key, int64_t v);
void	 jw_u64(struct jw *w, const char *key, uint64_t v);
/* 64-bit ids are strings on the wire ("opaque strings"), user ids numbers. */
void	 jw_id(struct jw *w, const char *key, uint64_t id);
/* 0: null; the second of an account, written as a number. */
void	 jw_id_or_null(struct jw *w, const char *key, uint64_t id);
void	 jw_user_or_null(struct jw *w, const char *key, uint64_t id);
void	 jw_bool(struct jw *w, const char *key, bool v);
void	 jw_null(struct jw *w, const char *key);
void	 jw_time(struct jw *w, const char *key, int64_t us);	/* 0: null */
/* A value that is JSON text already (trusted: ours, or parsed before). */
void	 jw_raw(struct jw *w, const char *key, const char *json);

#endif
