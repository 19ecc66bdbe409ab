/* Binding: JSON, forms and multipart into a struct; the first byte chooses
 * the Content-Type. */
#include "base/conf.h"
#include "base/pattern.h"
#include "base/phone.h"
#include "http/bind.h"

struct in {
	const char *text, *email, *phone, *date, *word, *code, *id;
	struct opt_int n;
	struct opt_bool b;
	int64_t at;
	const struct json *j;
	struct texts texts;
	struct ints ints;
	struct file file;
};
static const struct field rows[] = {
	FIELD_TEXT(struct in, text, "text", 0, 100, F_TRIM),
	FIELD_OF(FT_EMAIL, struct in, email, "email", 0, 254, 0),
	FIELD_OF(FT_PHONE, struct in, phone, "phone", 0, 32, 0),
	FIELD_OF(FT_DATE, struct in, date, "date", 0, 0, F_NULLABLE),
	FIELD_ENUM(struct in, word, "word", "a|b", 0),
	FIELD_OF(FT_CODE, struct in, code, "code", 0, 0, 0),
	FIELD_PATTERN(struct in, id, "id", PAT_ID, 1, 64, 0),
	FIELD_OF(FT_INT, struct in, n, "n", -5, 500, F_LOOSE),
	FIELD_OF(FT_BOOL, struct in, b, "b", 0, 0, F_LOOSE),
	FIELD_OF(FT_TIME, struct in, at, "at", 0, 0, 0),
	FIELD_OF(FT_JSON, struct in, j, "j", 0, 0, F_JSON_TEXT),
	FIELD_OF(FT_TEXTS, struct in, texts, "texts", 0, 50, 0),
	FIELD_OF(FT_INTS, struct in, ints, "ints", 0, 50, 0),
	FIELD_OF(FT_FILE, struct in, file, "file", 0, 4096, 0),
};
static const struct fieldset set = FIELDSET(struct in, rows, IN_BODY);

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const types[] = { "application/json",
		"application/x-www-form-urlencoded",
		"multipart/form-data; boundary=b" };
	static bool ready;
	struct err e = ERR_INIT;
	struct bound b;
	struct req q;

	if (!ready && conf_load(NULL, &e) == 0)
		ready = true;
	if (n < 1)
		return 0;
	memset(&q, 0, sizeof(q));
	memset(&b, 0, sizeof(b));
	q.arena = arena_new((size_t)8 * 1024 * 1024);
	q.method = M_POST;
	q.method_text = "POST";
	q.path = q.query = q.request_id = q.remote_addr = "";
	q.content_type = types[p[0] % COUNT_OF(types)];
	q.body = p + 1;
	q.body_len = n - 1;
	(void)!bind_request(&q, &set, true, &b, &e);
	bind_fini(&b);
	arena_free(q.arena);
	return 0;
}
