/*
 * json.c - reading JSON: the gate (json_walk.c), then json-c.  The only file
 * that includes json-c.
 *
 * struct json is json-c's own object under another name; documents are never
 * changed after json_parse, which is what lets the member index below live
 * as long as its object.
 */
#include "base/json.h"
#include "base/json_walk.h"
#include "base/log.h"

#include <limits.h>

/* json-c has types of these names too; only here do they meet. */
#define json_type jsonc_type
#define json_bool jsonc_bool
#include <json-c/json.h>
#undef json_type
#undef json_bool

/* json-c frees and prints by recursion; this many levels are safe. */
#define DEPTH_CEILING	4096
/* Below this a walk along json-c's list is as good as an index. */
#define INDEX_FROM	8

static struct json_object *
obj(const struct json *j)
{
	return (struct json_object *)(uintptr_t)j;
}

int
json_parse(const char *p, size_t n, enum json_flags flags,
    unsigned depth_max, struct json **out, struct err *e)
{
	struct json_tokener *tok = NULL;
	struct json_object *o = NULL;
	enum json_tokener_error got;
	int rc = -1;

	*out = NULL;
	if (depth_max == 0)
		depth_max = JSON_DEPTH_MAX;
	if (depth_max > DEPTH_CEILING)
		depth_max = DEPTH_CEILING;
	if (n > INT_MAX) {
		err_set(e, ERR_TOO_LARGE, "too_large", "%zu bytes of JSON", n);
		goto out;
	}
	if (json_walk(p, n, flags, depth_max, e) < 0)
		goto out;
	/* json-c counts the level of scalars too. */
	if ((tok = json_tokener_new_ex((int)depth_max + 2)) == NULL)
		fatal("json: out of memory");
	o = json_tokener_parse_ex(tok, p, (int)n);
	/* A number at the very end: json-c waits for what ends it. */
	if (json_tokener_get_error(tok) == json_tokener_continue)
		o = json_tokener_parse_ex(tok, "", 1);
	got = json_tokener_get_error(tok);
	if (got != json_tokener_success) {
		err_set(e, ERR_INPUT, "invalid_json", "at byte %zu: json-c: %s",
		    json_tokener_get_parse_end(tok),
		    json_tokener_error_desc(got));
		json_object_put(o);
		goto out;
	}
	*out = (struct json *)o;
	rc = 0;
out:
	if (tok != NULL)
		json_tokener_free(tok);
	return rc;
}

void
json_free(struct json *j)
{
	json_object_put(obj(j));
}

enum json_type
json_type(const struct json *j)
{
	switch (json_object_get_type(obj(j))) {
	case json_type_null:
		return JSON_NULL;
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_double:
		return JSON_REAL;
	case json_type_int:
		return JSON_INT;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_string:
		return JSON_STRING;
	}
	fatal("json: unknown type");
}

struct json *
json_get(const struct json *j, const char *name)
{
	struct json_object *found = NULL;

	if (json_type(j) == JSON_OBJECT)
		json_object_object_get_ex(obj(j), name, &found);
	return (struct json *)found;
}

bool
json_has(const struct json *j, const char *name)
{
	return json_type(j) == JSON_OBJECT &&
	    json_object_object_get_ex(obj(j), name, NULL);
}

size_t
json_len(const struct json *j)
{
	switch (json_type(j)) {
	case JSON_ARRAY:
		return json_object_array_length(obj(j));
	case JSON_OBJECT:
		return (size_t)json_object_object_length(obj(j));
	default:
		return 0;
	}
}

struct json *
json_at(const struct json *j, size_t i)
{
	if (json_type(j) != JSON_ARRAY ||
	    i >= json_object_array_length(obj(j)))
		return NULL;
	return (struct json *)json_object_array_get_idx(obj(j), i);
}

static void
index_free(struct json_object *o UNUSED, void *index)
{
	free(index);
}

/*
 * json-c keeps members in a list, so walking by number alone would be
 * quadratic; a large object gets an index the first time, and json-c frees it
 * with the object.
 */
static struct lh_entry **
index_of(struct json_object *o, size_t n)
{
	struct lh_entry **index = json_object_get_userdata(o);
	size_t i = 0;

	if (index != NULL)
		return index;
	if ((index = calloc(n, sizeof(*index))) == NULL)
		fatal("json: out of memory");
	for (struct lh_entry *at = json_object_get_object(o)->head;
	    at != NULL && i < n; at = at->next)
		index[i++] = at;
	json_object_set_userdata(o, index, index_free);
	return index;
}

struct json *
json_member(const struct json *j, size_t i, const char **name)
{
	struct lh_entry *at;
	size_t n;

	*name = NULL;
	if (json_type(j) != JSON_OBJECT || i >= (n = json_len(j)))
		return NULL;
	if (n < INDEX_FROM) {
		at = json_object_get_object(obj(j))->head;
		for (; i > 0; i--)
			at = at->next;
	} else {
		at = index_of(obj(j), n)[i];
	}
	*name = lh_entry_k(at);
	return (struct json *)(uintptr_t)lh_entry_v(at);
}

const char *
json_str(const struct json *j)
{
	return json_type(j) == JSON_STRING ?
	    json_object_get_string(obj(j)) : NULL;
}

int
json_int(const struct json *j, int64_t *v)
{
	int64_t x;

	if (json_type(j) != JSON_INT)
		return 0;
	x = json_object_get_int64(obj(j));
	/* json-c clips what does not fit (JSON_PLAIN lets it come this far);
	 * both ends may be a clipped value, so neither is believed. */
	if (x == INT64_MIN || x == INT64_MAX)
		return 0;
	*v = x;
	return 1;
}

int
json_bool(const struct json *j, bool *v)
{
	if (json_type(j) != JSON_BOOL)
		return 0;
	*v = json_object_get_boolean(obj(j));
	return 1;
}

const char *
json_text(struct arena *a, const struct json *j)
{
	if (j == NULL)
		return arena_strdup(a, "null");
	return arena_strdup(a, json_object_to_json_string_ext(obj(j),
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
