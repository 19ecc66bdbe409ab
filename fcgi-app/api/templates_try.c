/*
 * templates_try.c - a template tried out: shown as it would arrive, and sent
 * to whoever asks.
 *
 * What must stay true: preview shows what part.h gives the channels, not what
 * it imagines; it sends nothing.
 */
#include "api/idem.h"
#include "api/push_own.h"
#include "api/template_use.h"
#include "api/templates_own.h"

#include "base/conf.h"
#include "base/rand.h"
#include "channel/part.h"
#include "channel/providers/webpush_crypt.h"
#include "channel/sms_text.h"
#include "queue/bell.h"
#include "store/user.h"

#define TEST_LIFE_S	(24 * 60 * 60)
#define CONTENT_MAX	((size_t)64 * 1024)

struct preview_in {
	const struct json *data, *definition;
	struct opt_int	 version;
	const char	*locale;
};
static const struct field preview_rows[] = {
	FIELD_OF(FT_JSON, struct preview_in, data, "data", 0, 0, 0),
	FIELD_OF(FT_JSON, struct preview_in, definition, "definition", 0, 0,
	    0),
	FIELD_OF(FT_INT, struct preview_in, version, "version", 1, INT32_MAX,
	    0),
	FIELD_TEXT(struct preview_in, locale, "locale", 0, 16, F_LINE),
};
const struct fieldset template_preview_fields =
    FIELDSET(struct preview_in, preview_rows, IN_BODY);

struct test_in { const struct json *data; const char *channel; };
static const struct field test_rows[] = {
	FIELD_OF(FT_JSON, struct test_in, data, "data", 0, 0, 0),
	FIELD_ENUM(struct test_in, channel, "channel",
	    "email|sms|web_push|expo", 0),
};
const struct fieldset template_test_fields =
    FIELDSET(struct test_in, test_rows, IN_BODY);

/* --- preview ----------------------------------------------------------------- */

static void
texts(struct jw *w, const char *key, const struct json *content,
    const char *locale, const char *channel)
{
	jw_object(w, key);
	jw_str(w, "title", part_text(content, locale, channel, "title"));
	jw_str(w, "body", part_text(content, locale, channel, "body"));
	jw_str(w, "url", part_text(content, locale, channel, "url"));
}

static int
write_locale(struct call *c, struct jw *w, const struct json *content,
    const char *locale, struct err *e)
{
	const struct message m = { .type = "preview", .to = "",
	    .content = content, .locale = locale };
	const char *sms = part_sms(c->arena, content, locale);
	struct sms_size size;
	struct rendered r;

	if (part_render(c->arena, &m, "email", &r, e) < 0)
		return -1;
	sms_measure(sms, &size);
	jw_object(w, locale);
	jw_object(w, "email");
	jw_str(w, "subject", r.subject);
	jw_str(w, "text", r.text);
	jw_str(w, "html", r.html);
	jw_end(w);
	jw_object(w, "sms");
	jw_str(w, "text", sms);
	jw_str(w, "encoding", size.ucs2 ? "ucs2" : "gsm7");
	jw_u64(w, "units", size.units);
	jw_u64(w, "segments", size.segments);
	jw_bool(w, "fits", size.segments <= (unsigned)conf_int(
	    CONF_SMS_SEGMENTS_MAX));
	jw_end(w);
	texts(w, "web_push", content, locale, "web_push");
	jw_u64(w, "bytes", template_push_bytes(c->arena, content, locale));
	jw_u64(w, "bytes_max", WEBPUSH_PLAIN_MAX);
	jw_end(w);
	texts(w, "expo", content, locale, "expo");
	jw_end(w);
	texts(w, "in_app", content, locale, "in_app");
	jw_end(w);
	jw_end(w);
	return 0;
}

/* The rendered content, as a worker would read it. */
static int
content_of(struct call *c, const char *name, uint64_t version,
    const struct template_out *out, struct json **content, struct err *e)
{
	const char *text;
	struct buf b;
	struct jw w;

	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	template_content(&w, name, version, out);
	jw_end(&w);
	text = b.over ? NULL : arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	if (text == NULL)
		return field_refuse(c, "data", "payload_too_large", e,
		    "What the template comes to is too long.");
	return json_parse(text, strlen(text), JSON_PLAIN, 0, content, e);
}

static int
show(struct call *c, const struct preview_in *in, const struct json *def,
    const struct template_row *t, uint64_t version, struct err *e)
{
	const struct json *locales = json_get(def, "locales");
	struct json *content = NULL;
	struct template_out out;
	const char *name;
	struct jw *w;
	int rc = -1;

	if (template_render(c->arena, def, in->data, &out, e) < 0)
		return template_refuse(c, e);
	if (content_of(c, t->name, version, &out, &content, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_str(w, "name", t->name);
	jw_u64(w, "version", version);
	jw_str(w, "type", out.type);
	if (out.channels == NULL)
		jw_null(w, "channels");
	else
		jw_raw(w, "channels", out.channels);
	if (out.data == NULL)
		jw_null(w, "data");
	else
		jw_raw(w, "data", out.data);
	jw_object(w, "locales");
	for (size_t i = 0; i < json_len(locales); i++) {
		(void)json_member(locales, i, &name);
		if (in->locale != NULL && strcmp(in->locale, name) != 0)
			continue;
		if (write_locale(c, w, content, name, e) < 0)
			goto out;
	}
	jw_end(w);
	resp_json_end(c->resp);
	rc = 0;
out:
	json_free(content);
	return rc;
}

int
template_preview_post(struct call *c, const void *in_, struct err *e)
{
	const struct preview_in *in = in_;
	struct template_version v;
	struct json *def = NULL;
	struct template_row t;
	int rc;

	if (template_of_path(c, &t, e) < 0)
		return -1;
	/* What is not kept yet: the next version, as it would be. */
	if (in->definition != NULL)
		return template_check(c->arena, in->definition, e) < 0 ?
		    template_refuse(c, e) : show(c, in, in->definition, &t,
		    t.versions + 1, e);
	rc = template_version_find(c->db, c->arena, t.id, in->version.set ?
	    (uint64_t)in->version.v : 0, &v, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return field_refuse(c, "version", "invalid", e,
		    "There is no such version.");
	if (json_parse(v.definition, strlen(v.definition), JSON_PLAIN, 0,
	    &def, e) < 0)
		return -1;
	rc = show(c, in, def, &t, v.version, e);
	json_free(def);
	return rc;
}

/* --- test ---------------------------------------------------------------------- */

/* The caller as a recipient of the channel. */
static const char *
to_caller(struct call *c, const char *channel, const struct user *u,
    struct err *e)
{
	bool mail = strcmp(channel, "email") == 0;
	struct buf b;
	struct jw w;
	const char *s;

	if (!mail && strcmp(channel, "sms") != 0)
		return arena_printf(c->arena, "{\"user_ids\":[%" PRIu64 "]}",
		    u->id);
	if (mail ? !u->email_verified : !u->phone_verified) {
		field_refuse(c, "channel", "invalid", e,
		    "You have no proved address for this channel.");
		return NULL;
	}
	buf_init(&b, 1024);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "to", mail ? u->email : u->phone);
	jw_u64(&w, "user_id", u->id);
	jw_end(&w);
	s = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	return s;
}

static void
answer_test(struct call *c, uint64_t id)
{
	struct jw *w = resp_json(c->resp, 202);

	jw_id(w, "id", id);
	resp_json_end(c->resp);
}

int
template_test_post(struct call *c, const void *in_, struct err *e)
{
	const struct test_in *in = in_;
	struct enqueue m = { .id = rand_id(), .user_id = c->who.user_id,
	    .token_id = c->who.token_id, .class = CLASS_TRANSACTIONAL,
	    .channel = in->channel == NULL ? "email" : in->channel,
	    .request_id = c->req->request_id, .life_s = TEST_LIFE_S };
	struct template_used used;
	struct template_row t;
	uint64_t id = 0;
	struct user u;
	struct buf b;
	struct jw w;
	int rc;

	if (template_of_path(c, &t, e) < 0 ||
	    template_use(c, t.name, in->data, &used, e) < 0)
		return -1;
	if (strcmp(m.channel, "sms") == 0 && sms_segments_fit(c, "data",
	    used.out.sms_segments, e) < 0)
		return -1;
	if ((rc = user_find(c->db, c->arena, c->who.user_id, &u, e)) <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "the caller is gone");
	if ((m.audience = to_caller(c, m.channel, &u, e)) == NULL)
		return -1;
	m.type = used.out.type;
	m.title = text_cut(c->arena, used.out.title, 255);
	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	template_content(&w, used.name, used.version, &used.out);
	if (u.locale != NULL)
		jw_str(&w, "locale", u.locale);
	jw_end(&w);
	m.content = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	if ((rc = idem_enqueue(c, c->db, &m, &id, e)) < 0)
		return -1;
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	answer_test(c, id);
	if (rc == 0)
		resp_header(c->resp, "Idempotency-Replayed", "true");
	return 0;
}

int
template_test_replay(struct call *c, uint64_t id, struct err *e)
{
	(void)e;
	answer_test(c, id);
	return 0;
}
