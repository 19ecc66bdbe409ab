/*
 * test_bind.c - http/bind: JSON, forms, multipart and queries to a struct,
 * and every way in which they may be wrong.
 */
#include "http_case.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/pattern.h"
#include "base/phone.h"
#include "http/bind.h"

struct in {
	const char	*name, *line, *email, *phone, *date, *gender, *id, *code;
	const char	*icon_url;
	struct opt_int	 n, loose;
	struct opt_bool	 flag;
	int64_t		 at;
	const struct json *any, *info;
	struct texts	 tags;
	struct ints	 ids;
	struct file	 icon;
};

static const struct field rows[] = {
	FIELD_TEXT(struct in, name, "name", 0, 10, 0),
	FIELD_TEXT(struct in, line, "line", 1, 10, F_LINE | F_TRIM | F_LOOSE),
	FIELD_OF(FT_EMAIL, struct in, email, "email", 0, 254, 0),
	FIELD_OF(FT_PHONE, struct in, phone, "phone", 0, 32, F_LOOSE),
	FIELD_OF(FT_DATE, struct in, date, "date", 0, 10, F_NULLABLE),
	FIELD_ENUM(struct in, gender, "gender", "M|F", F_NULLABLE),
	FIELD_PATTERN(struct in, id, "id", PAT_ID, 1, 64, 0),
	FIELD_OF(FT_CODE, struct in, code, "code", 6, 6, 0),
	FIELD_TEXT(struct in, icon_url, "icon", 1, 100, 0),
	FIELD_OF(FT_FILE, struct in, icon, "icon", 0, 20, 0),
	FIELD_OF(FT_INT, struct in, n, "n", -5, 100, 0),
	FIELD_OF(FT_INT, struct in, loose, "loose", 0, 9, F_LOOSE),
	FIELD_OF(FT_BOOL, struct in, flag, "flag", 0, 0, 0),
	FIELD_OF(FT_TIME, struct in, at, "at", 0, 0, 0),
	FIELD_OF(FT_JSON, struct in, any, "any", 0, 3, F_JSON_TEXT),
	FIELD_OF(FT_JSON, struct in, info, "info", 0, 0, F_JSON_TEXT),
	FIELD_OF(FT_TEXTS, struct in, tags, "tags", 1, 3, 0),
	FIELD_OF(FT_INTS, struct in, ids, "ids", 0, 3, F_JSON_TEXT),
};
static const struct fieldset fields = FIELDSET(struct in, rows, IN_BODY);
static const struct fieldset query = FIELDSET(struct in, rows, IN_QUERY);

struct need { const char *must; struct opt_int n; };
static const struct field need_rows[] = {
	FIELD_TEXT(struct need, must, "must", 1, 5, F_REQUIRED),
	FIELD_OF(FT_INT, struct need, n, "n", 0, 5, F_REQUIRED),
};
static const struct fieldset need = FIELDSET(struct need, need_rows, IN_BODY);
static const struct fieldset nothing = FIELDSET_NONE;

static struct arena *arena;
static struct req q;
static struct bound b;
static struct err e;
static const struct in *in;

static int
bind_as(const struct fieldset *f, bool ours, const char *type,
    const void *body, size_t n)
{
	bind_fini(&b);
	arena_reset(arena);
	err_clear(&e);
	q = (struct req){ .arena = arena, .method = M_POST,
	    .content_type = type, .body = body, .body_len = n, .query = "" };
	in = NULL;
	if (bind_request(&q, f, ours, &b, &e) < 0)
		return -1;
	in = b.in;
	return 0;
}

static int
json(const char *body)
{
	return bind_as(&fields, true, "application/json", body, strlen(body));
}

static int
form(const char *body)
{
	return bind_as(&fields, true, "application/x-www-form-urlencoded",
	    body, strlen(body));
}

static bool
has_fault(const char *field)
{
	for (size_t i = 0; i < b.faults.n; i++)
		if (strcmp(b.faults.f[i].field, field) == 0)
			return true;
	return false;
}

static void
good_values_are_bound(void **state UNUSED)
{
	assert_int_equal(json("{\"name\": \"a\\nb\", \"line\": \"  x \","
	    "\"email\": \" A@b.example \", \"phone\": \"09123456789\","
	    "\"date\": \"2024-02-29\", \"gender\": \"F\", \"id\": \"a_1\","
	    "\"code\": 123, \"n\": -5, \"loose\": \"7\", \"flag\": false,"
	    "\"at\": \"2026-01-01T00:00:00Z\", \"any\": [1, 2],"
	    "\"info\": \"{\\\"k\\\": 1}\", \"tags\": [\"x\", \"y\"],"
	    "\"ids\": [1, -2], \"icon\": \"https://x\"}"), 0);
	assert_string_equal(in->name, "a\nb");
	assert_string_equal(in->line, "x");
	assert_string_equal(in->email, "A@b.example");
	assert_string_equal(in->phone, "+989123456789");
	assert_string_equal(in->date, "2024-02-29");
	assert_string_equal(in->gender, "F");
	assert_string_equal(in->id, "a_1");
	assert_string_equal(in->code, "000123");
	assert_true(in->n.set && in->n.v == -5);
	assert_true(in->loose.set && in->loose.v == 7);
	assert_true(in->flag.set && !in->flag.v);
	assert_true(in->at == INT64_C(1767225600000000));
	assert_int_equal(json_len(in->any), 2);
	assert_int_equal(json_type(in->info), JSON_OBJECT);
	assert_int_equal(in->tags.n, 2);
	assert_string_equal(in->tags.p[1], "y");
	assert_int_equal(in->ids.n, 2);
	assert_true(in->ids.p[1] == -2);
	assert_string_equal(in->icon_url, "https://x");
	assert_null(in->icon.p);
}

static void
one_bad_value_is_one_fault(void **state UNUSED)
{
	static const struct { const char *field, *body; } row[] = {
		{ "name", "{\"name\": \"12345678901\"}" },
		{ "name", "{\"name\": 5}" }, { "name", "{\"name\": []}" },
		{ "name", "{\"name\": \"a\\u0001\"}" },
		{ "name", "{\"name\": \"a\\u007f\"}" },
		{ "line", "{\"line\": \"a\\nb\"}" },
		{ "line", "{\"line\": \"a\\tb\"}" },
		{ "email", "{\"email\": \"no\"}" },
		{ "email", "{\"email\": \"a@b\\nBcc: c@d.example\"}" },
		{ "phone", "{\"phone\": \"12\"}" },
		{ "date", "{\"date\": \"2023-02-29\"}" },
		{ "date", "{\"date\": \"2023-13-01\"}" },
		{ "date", "{\"date\": \"2023-1-001\"}" },
		{ "date", "{\"date\": \"1900-02-29\"}" },
		{ "gender", "{\"gender\": \"X\"}" },
		{ "gender", "{\"gender\": \"M|F\"}" },
		{ "id", "{\"id\": \"a b\"}" }, { "id", "{\"id\": \"../x\"}" },
		{ "code", "{\"code\": \"12345\"}" },
		{ "code", "{\"code\": \"1234567\"}" },
		{ "code", "{\"code\": 1000000}" },
		{ "code", "{\"code\": -1}" }, { "code", "{\"code\": \"12345a\"}" },
		{ "n", "{\"n\": 101}" }, { "n", "{\"n\": -6}" },
		{ "n", "{\"n\": \"7\"}" }, { "n", "{\"n\": 1.5}" },
		{ "n", "{\"n\": true}" }, { "loose", "{\"loose\": \"7x\"}" },
		{ "flag", "{\"flag\": 1}" }, { "flag", "{\"flag\": \"true\"}" },
		{ "at", "{\"at\": \"2026-01-01\"}" },
		{ "at", "{\"at\": \"2026-01-01T00:00:00\"}" },
		{ "any", "{\"any\": [1, 2, 3, 4]}" },
		{ "info", "{\"info\": \"{broken\"}" },
		{ "tags", "{\"tags\": []}" }, { "tags", "{\"tags\": \"x\"}" },
		{ "tags", "{\"tags\": [\"1\",\"2\",\"3\",\"4\"]}" },
		{ "tags", "{\"tags\": [1]}" }, { "tags", "{\"tags\": [null]}" },
		{ "ids", "{\"ids\": [\"1\"]}" }, { "ids", "{\"ids\": [1.5]}" },
		{ "ids", "{\"ids\": {}}" },
		{ "other", "{\"other\": 1}" }, { "nam", "{\"nam\": 1}" },
		{ "", "{\"\": 1}" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		if (json(row[i].body) != -1)
			fail_msg("%s was bound", row[i].body);
		if (b.faults.n != 1 || !has_fault(row[i].field))
			fail_msg("%s: %zu faults, %s", row[i].body,
			    b.faults.n, e.detail);
		assert_string_equal(e.code, "invalid");
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

static void
all_faults_are_told_at_once(void **state UNUSED)
{
	assert_int_equal(json("{\"name\": 1, \"n\": 999, \"flag\": 3,"
	    " \"zzz\": 1}"), -1);
	assert_int_equal(b.faults.n, 4);
	assert_int_equal(bind_as(&need, true, "", "", 0), -1);
	assert_int_equal(b.faults.n, 2);
	assert_true(has_fault("must"));
	assert_true(has_fault("n"));
}

static void
a_secret_is_not_echoed(void **state UNUSED)
{
	assert_int_equal(json("{\"name\": \"hunter2hunter2\", \"id\": \"hunter2 "
	    "x\", \"email\": \"hunter2\", \"code\": \"hunter2\"}"), -1);
	for (size_t i = 0; i < b.faults.n; i++)
		assert_null(strstr(b.faults.f[i].text[LANG_EN], "hunter2"));
	assert_null(strstr(e.detail, "hunter2"));
}

static void
required_fields_are_required(void **state UNUSED)
{
	static const char *const row[] = { "{}", "{\"must\": null, \"n\": 1}",
	    "{\"must\": \"\", \"n\": 1}", "{\"must\": \"x\"}" };

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (bind_as(&need, true, "application/json", row[i],
		    strlen(row[i])) != -1 || b.faults.n < 1)
			fail_msg("%s", row[i]);
}

static void
absent_and_null_and_blank(void **state UNUSED)
{
	assert_int_equal(json("{\"date\": null, \"name\": null}"), 0);
	assert_null(in->date);
	assert_null(in->name);
	assert_true(bind_is_null(&b, "date"));
	assert_true(bind_has(&b, "date"));
	assert_false(bind_is_null(&b, "gender"));
	assert_false(bind_has(&b, "gender"));
	assert_int_equal(json("{\"date\": \"\", \"email\": \"\", \"phone\":"
	    " \"\", \"name\": \"\", \"gender\": \"F\"}"), 0);
	assert_null(in->date);
	assert_null(in->email);
	assert_string_equal(in->name, "");
	assert_true(bind_is_null(&b, "date"));
	assert_false(bind_is_null(&b, "gender"));
}

static void
kept_rows_ignore_unknown_members(void **state UNUSED)
{
	static const char body[] = "{\"is_superuser\": true, \"n\": 1}";

	assert_int_equal(bind_as(&fields, false, "application/json", body,
	    strlen(body)), 0);
	assert_true(in->n.v == 1);
}

static void
broken_json_is_named_so(void **state UNUSED)
{
	static const char *const row[] = { "{", "[]", "1", "null", "\"x\"",
	    "{\"n\": 1,}", "{\"n\": 1} x", "{\"n\": 1, \"n\": 2}",
	    "{\"name\": \"\\u0000\"}", "{\"name\": \"\xff\"}",
	    "{\"name\": \"\\ud800\"}", "{\"n\": 99999999999999999999}",
	    "{\"n\": NaN}", "\xef\xbb\xbf{}" };

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (json(row[i]) != -1 || strcmp(e.code, "invalid_json") != 0)
			fail_msg("row %zu: %s", i, e.code);
}

static void
too_many_values_are_too_large(void **state UNUSED)
{
	size_t n = 120000;
	char *body = malloc(n);

	memset(body, '[', n);
	memcpy(body, "{\"any\": [", 9);
	for (size_t i = 9; i < n - 2; i++)
		body[i] = i % 2 ? '1' : ',';
	memcpy(body + n - 2, "]}", 2);
	assert_int_equal(bind_as(&fields, true, "application/json", body, n),
	    -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	/* The same commas inside a text are no values. */
	memcpy(body, "{\"nop\": \"", 9);
	memcpy(body + n - 2, "\"}", 2);
	assert_int_equal(bind_as(&fields, false, "application/json", body, n),
	    0);
	free(body);
}

static void
forms_bind_as_json_does(void **state UNUSED)
{
	assert_int_equal(form("name=a+b%0A&email=a%40b.example&n=7&flag=on&"
	    "tags=x&tags=y&ids=%5B1%2C2%5D&info=%7B%22k%22%3A1%7D&code="
	    "%DB%B1%DB%B2%DB%B3%DB%B4%DB%B5%DB%B6&date=&"), 0);
	assert_string_equal(in->name, "a b\n");
	assert_string_equal(in->email, "a@b.example");
	assert_true(in->n.v == 7);
	assert_true(in->flag.v);
	assert_int_equal(in->tags.n, 2);
	assert_int_equal(in->ids.n, 2);
	assert_int_equal(json_len(in->info), 1);
	assert_string_equal(in->code, "123456");
	assert_true(bind_is_null(&b, "date"));
	assert_int_equal(form("tags[]=x&tags[]=z"), 0);
	assert_string_equal(in->tags.p[1], "z");
}

static void
broken_forms_are_refused(void **state UNUSED)
{
	static const struct { const char *body, *code; } row[] = {
		{ "name=%zz", "invalid_form" }, { "name=%4", "invalid_form" },
		{ "name=%00", "invalid_form" }, { "name=%ff", "invalid_form" },
		{ "%ff=1", "invalid_form" }, { "nope=1", "invalid" },
		{ "n=1x", "invalid" }, { "flag=maybe", "invalid" },
		{ "info={", "invalid" }, { "tags=1&tags=2&tags=3&tags=4",
		    "invalid" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (form(row[i].body) != -1 ||
		    strcmp(e.code, row[i].code) != 0)
			fail_msg("%s: %s", row[i].body, e.code);
}

static void
too_many_pairs_are_too_large(void **state UNUSED)
{
	char body[3 * 300];

	for (int i = 0; i < 300; i++)
		memcpy(body + (size_t)i * 3, "a=&", 3);
	assert_int_equal(bind_as(&fields, false,
	    "application/x-www-form-urlencoded", body, sizeof(body)), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
}

static void
a_query_binds_too(void **state UNUSED)
{
	bind_fini(&b);
	arena_reset(arena);
	q = (struct req){ .arena = arena, .method = M_GET, .query =
	    "n=3&name=x", .content_type = "", .body_len = 0 };
	assert_int_equal(bind_request(&q, &query, true, &b, &e), 0);
	in = b.in;
	assert_true(in->n.v == 3);
	bind_fini(&b);
	q.query = "n=3&wrong=1";
	assert_int_equal(bind_request(&q, &query, true, &b, &e), -1);
	assert_true(has_fault("wrong"));
}

#define MULTI "multipart/form-data; boundary=\"XX\""
#define PART(name) "--XX\r\nContent-Disposition: form-data; name=\"" name "\""
#define FILEPART(name, file) PART(name) "; filename=\"" file "\"\r\n" \
	"Content-Type: image/png\r\n\r\n"

static int
multi(const char *body, size_t n)
{
	return bind_as(&fields, true, MULTI, body, n);
}

static void
multipart_binds_texts_and_files(void **state UNUSED)
{
	/* A boundary inside a file is one only at the start of a line. */
	static const char body[] = "preamble\r\n" PART("name")
	    "\r\n\r\nab\r\n" FILEPART("icon", "x.png")
	    "\x89PNG\r\n\0--XX\r\n--X\r\n" PART("n") "\r\n\r\n5\r\n--XX--\r\n";
	static const char good[] = PART("name") "\r\n\r\nab\r\n"
	    FILEPART("icon", "a; name=x.png") "\x89PNG\r\n\0-XX\r\n" PART("n")
	    "\r\n\r\n5\r\n--XX--\r\n";
	static const char url[] = PART("icon") "\r\n\r\nhttps://i\r\n--XX--";
	static const char empty[] = FILEPART("icon", "") "\r\n--XX--";

	assert_int_equal(multi(body, sizeof(body) - 1), 0);
	assert_int_equal(in->icon.n, 16);
	assert_memory_equal(in->icon.p, "\x89PNG\r\n\0--XX\r\n--X", 16);
	assert_true(in->n.v == 5);
	assert_int_equal(multi(good, sizeof(good) - 1), 0);
	assert_string_equal(in->name, "ab");
	assert_int_equal(in->icon.n, 10);
	assert_memory_equal(in->icon.p, "\x89PNG\r\n\0-XX", 10);
	assert_string_equal(in->icon.name, "a; name=x.png");
	assert_string_equal(in->icon.type, "image/png");
	assert_null(in->icon_url);
	assert_true(in->n.v == 5);
	assert_int_equal(multi(url, sizeof(url) - 1), 0);
	assert_string_equal(in->icon_url, "https://i");
	assert_null(in->icon.p);
	assert_int_equal(multi(empty, sizeof(empty) - 1), 0);
	assert_null(in->icon.p);
}

static void
broken_multipart_is_refused(void **state UNUSED)
{
	static const struct { const char *body, *code; } row[] = {
		{ "", "" }, { "x", "invalid_multipart" },
		{ "--XX", "invalid_multipart" },
		{ "--XX\r\n", "invalid_multipart" },
		{ PART("name") "\r\n\r\nab", "invalid_multipart" },
		{ PART("name") "\r\n\r\nab\r\n--XX", "invalid_multipart" },
		{ PART("name") "\r\n\r\n\xff\r\n--XX--", "invalid_multipart" },
		{ "--XX\r\nContent-Disposition: attachment; name=\"name\""
		    "\r\n\r\nx\r\n--XX--", "invalid_multipart" },
		{ "--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--",
		    "invalid_multipart" },
		{ "--XX\r\nX: y\r\n\r\nx\r\n--XX--", "invalid_multipart" },
		{ FILEPART("icon", "x") "123456789012345678901\r\n--XX--",
		    "invalid" },
		{ FILEPART("name2", "x") "1\r\n--XX--", "invalid" },
		{ PART("nope") "\r\n\r\n1\r\n--XX--", "invalid" },
	};

	for (size_t i = 1; i < COUNT_OF(row); i++)
		if (multi(row[i].body, strlen(row[i].body)) != -1 ||
		    strcmp(e.code, row[i].code) != 0)
			fail_msg("row %zu: %s", i, e.code);
	assert_int_equal(bind_as(&fields, true, "multipart/form-data", "--\r\n",
	    4), -1);
	assert_string_equal(e.code, "invalid_multipart");
}

static void
every_cut_of_a_body_is_survived(void **state UNUSED)
{
	static const char good[] = PART("name") "\r\n\r\nab\r\n"
	    FILEPART("icon", "f") "xyz\r\n" PART("n") "\r\n\r\n5\r\n--XX--";
	static const char js[] = "{\"name\": \"a\", \"any\": [1, {\"a\": 2}],"
	    " \"info\": \"{}\", \"tags\": [\"x\"]}";

	/* Exact copies, so that the sanitizer sees a read past the end. */
	for (size_t n = 0; n < sizeof(good); n++) {
		char *p = malloc(n + 1);

		memcpy(p, good, n);
		(void)!multi(p, n);
		free(p);
	}
	for (size_t n = 0; n < sizeof(js) - 1; n++) {
		char *p = malloc(n + 1);

		memcpy(p, js, n);
		(void)!bind_as(&fields, true, "application/json", p, n);
		free(p);
	}
}

static void
bodies_are_taken_by_type(void **state UNUSED)
{
	static const struct field flat_row[] = {
		FIELD_TEXT(struct need, must, "must", 0, 5, 0),
	};
	static const struct field deep_row[] = {
		{ "j", FT_JSON, 0, 0, 0, 0, NULL, 0 },
	};
	const struct fieldset flat = FIELDSET(struct need, flat_row, IN_BODY);
	const struct fieldset deep = FIELDSET(struct need, deep_row, IN_BODY);
	static const struct { const char *type; enum body_type t; } row[] = {
		{ "application/json", BODY_JSON },
		{ "Application/JSON; charset=utf-8", BODY_JSON },
		{ "application/x-www-form-urlencoded", BODY_FORM },
		{ "multipart/form-data; boundary=x", BODY_MULTIPART },
		{ "text/plain", BODY_OTHER }, { "", BODY_OTHER },
		{ "application/jsonx", BODY_OTHER },
		{ "application/xml", BODY_OTHER },
	};

	q = (struct req){ .body_len = 1 };
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		q.content_type = row[i].type;
		assert_int_equal(bind_body_type(&q), row[i].t);
	}
	q.body_len = 0;
	assert_int_equal(bind_body_type(&q), BODY_EMPTY);
	assert_true(bind_accepts(&flat, BODY_FORM));
	assert_false(bind_accepts(&deep, BODY_FORM));
	assert_false(bind_accepts(&flat, BODY_MULTIPART));
	assert_true(bind_accepts(&fields, BODY_MULTIPART));
	assert_false(bind_accepts(&fields, BODY_OTHER));
	assert_true(bind_accepts(&nothing, BODY_JSON));
}

static void
an_empty_body_is_an_empty_object(void **state UNUSED)
{
	assert_int_equal(bind_as(&fields, true, "", "", 0), 0);
	assert_int_equal(bind_as(&fields, true, "application/json", "", 0), 0);
	assert_int_equal(bind_as(&nothing, true, "", "", 0), 0);
	assert_int_equal(bind_as(&nothing, true, "application/json", "{}", 2),
	    0);
	assert_int_equal(bind_as(&nothing, true, "application/json",
	    "{\"a\":1}", 7), -1);
}

static void
a_member_can_be_peeked_at(void **state UNUSED)
{
	static const struct { const char *type, *body, *want; } row[] = {
		{ "application/json", "{\"admin_token\": \"gp_x\"}", "gp_x" },
		{ "application/json", "{\"admin_token\": 5}", NULL },
		{ "application/json", "{\"admin_token\": \"gp_x\"", NULL },
		{ "application/x-www-form-urlencoded", "a=1&admin_token=gp_y",
		    "gp_y" },
		{ MULTI, PART("admin_token") "\r\n\r\ngp_z\r\n--XX--", "gp_z" },
		{ "text/plain", "admin_token=gp_y", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		const char *got;

		arena_reset(arena);
		q = (struct req){ .arena = arena, .method = M_POST, .query =
		    "", .content_type = row[i].type, .body =
		    (const uint8_t *)row[i].body,
		    .body_len = strlen(row[i].body) };
		got = bind_peek_text(&q, "admin_token");
		if (row[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(got, row[i].want);
	}
}

static void
digest_of_last(uint8_t out[32])
{
	size_t n;
	const struct crypto_part *p = bind_digest(&b, arena, &n);

	hmac_sha256_parts(out, "k", 1, p, n);
}

static void
equal_bodies_have_equal_digests(void **state UNUSED)
{
	/* Rows of one group are one request. */
	static const struct { int group; const char *body; bool form; } row[] = {
		{ 1, "{\"name\": \"a\", \"n\": 1}", false },
		{ 1, "{ \"n\":1,\"name\":\"a\" }", false },
		{ 1, "name=a&n=1", true },
		{ 2, "{\"name\": \"a\", \"n\": 2}", false },
		{ 3, "{\"name\": \"a\"}", false },
		{ 4, "{\"line\": \"a\"}", false },
		{ 5, "{\"tags\": [\"ab\", \"c\"]}", false },
		{ 6, "{\"tags\": [\"a\", \"bc\"]}", false },
		{ 7, "{\"ids\": [1, 2]}", false },
		{ 8, "{\"any\": {\"a\": 1}}", false },
		{ 8, "{\"any\": { \"a\" : 1 } }", false },
		{ 9, "{\"any\": {\"a\": 2}}", false },
		{ 10, "{\"flag\": true}", false },
		{ 11, "{\"flag\": false}", false },
		{ 12, "{}", false }, { 12, "", true },
	};
	uint8_t mac[COUNT_OF(row)][32];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		assert_int_equal(row[i].form ? form(row[i].body) :
		    json(row[i].body), 0);
		digest_of_last(mac[i]);
		for (size_t k = 0; k < i; k++)
			if ((memcmp(mac[i], mac[k], 32) == 0) !=
			    (row[i].group == row[k].group))
				fail_msg("%s and %s", row[i].body,
				    row[k].body);
	}
}

static void
values_that_outgrow_the_arena_are_too_large(void **state UNUSED)
{
	struct arena *small = arena_new(300 * 1024), *was = arena;
	size_t n = 200 * 1024;
	char *body = malloc(n);

	memset(body, 'a', n);
	memcpy(body, "name=", 5);
	arena = small;
	assert_int_equal(bind_as(&fields, true,
	    "application/x-www-form-urlencoded", body, n), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	arena = was;
	bind_fini(&b);
	arena_free(small);
	free(body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_values_are_bound),
		cmocka_unit_test(one_bad_value_is_one_fault),
		cmocka_unit_test(all_faults_are_told_at_once),
		cmocka_unit_test(a_secret_is_not_echoed),
		cmocka_unit_test(required_fields_are_required),
		cmocka_unit_test(absent_and_null_and_blank),
		cmocka_unit_test(kept_rows_ignore_unknown_members),
		cmocka_unit_test(broken_json_is_named_so),
		cmocka_unit_test(too_many_values_are_too_large),
		cmocka_unit_test(forms_bind_as_json_does),
		cmocka_unit_test(broken_forms_are_refused),
		cmocka_unit_test(too_many_pairs_are_too_large),
		cmocka_unit_test(a_query_binds_too),
		cmocka_unit_test(multipart_binds_texts_and_files),
		cmocka_unit_test(broken_multipart_is_refused),
		cmocka_unit_test(every_cut_of_a_body_is_survived),
		cmocka_unit_test(bodies_are_taken_by_type),
		cmocka_unit_test(an_empty_body_is_an_empty_object),
		cmocka_unit_test(a_member_can_be_peeked_at),
		cmocka_unit_test(equal_bodies_have_equal_digests),
		cmocka_unit_test(values_that_outgrow_the_arena_are_too_large),
	};
	int failed;

	if (conf_load(NULL, &e) < 0)
		return 1;
	crypto_init();
	phone_init();
	arena = arena_new((size_t)4 << 20);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bind_fini(&b);
	arena_free(arena);
	return failed;
}
