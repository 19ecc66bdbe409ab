/*
 * comm_whatsapp.c - POST /api/communications/whatsapp/.
 *
 * What must stay true: free text is accepted only while the recipient's 24
 * hours are open, and is dead when they end; a template goes at any time.
 */
#include "api/communications.h"
#include "api/push_own.h"

#include "channel/providers/whatsapp.h"
#include "store/whatsapp.h"

struct whatsapp_in {
	const char	*to, *type, *message, *template, *language;
	const struct json *parameters;
};
static const struct field whatsapp_rows[] = {
	FIELD_OF(FT_PHONE, struct whatsapp_in, to, "to", 0, 0, F_REQUIRED),
	FIELD_ENUM(struct whatsapp_in, type, "message_type", "text|template",
	    0),
	FIELD_TEXT(struct whatsapp_in, message, "message", 0,
	    WHATSAPP_TEXT_MAX, 0),
	FIELD_TEXT(struct whatsapp_in, template, "template", 0, 512, F_LINE),
	FIELD_TEXT(struct whatsapp_in, language, "language", 0, 10, F_LINE),
	FIELD_OF(FT_JSON, struct whatsapp_in, parameters, "parameters", 0, 0,
	    F_JSON_TEXT),
};
const struct fieldset whatsapp_fields =
    FIELDSET(struct whatsapp_in, whatsapp_rows, IN_BODY);

static const struct comm kind = {
	.channel = "whatsapp", .title = "", .life_s = COMM_LIFE_S,
	.day = CONF_WHATSAPP_DAY,
	.message = "The WhatsApp message was accepted.",
};

static bool
given(const char *s)
{
	return s != NULL && *s != '\0';
}

static const char *
text_of(struct arena *a, struct buf *b, struct jw *w)
{
	const char *text;

	jw_end(w);
	text = arena_strdup(a, buf_text(b));
	buf_fini(b);
	return text;
}

static int
check_parameters(struct call *c, const struct json *p, struct err *e)
{
	enum json_type t = json_type(p);

	if (t != JSON_ARRAY && t != JSON_OBJECT)
		return field_refuse(c, "parameters", "invalid", e,
		    "Expected a list of texts, or an object of them.");
	if (json_len(p) > WHATSAPP_PARAMETERS_MAX)
		return field_refuse(c, "parameters", "invalid", e,
		    "At most %d parameters.", WHATSAPP_PARAMETERS_MAX);
	for (size_t i = 0; i < json_len(p); i++) {
		const char *name = NULL, *text = json_str(t == JSON_ARRAY ?
		    json_at(p, i) : json_member(p, i, &name));

		if (text == NULL || !whatsapp_parameter_ok(text) ||
		    (name != NULL && !whatsapp_template_ok(name)))
			return field_refuse(c, "parameters", "invalid", e,
			    "Item %zu is no text of one line.", i);
	}
	return 0;
}

/* {"body": "", "whatsapp": {template, language, parameters}}. */
static int
template_content(struct call *c, const struct whatsapp_in *in, struct comm *m,
    struct err *e)
{
	const char *name = given(in->template) ? in->template :
	    conf_str(CONF_WHATSAPP_TEMPLATE);
	const char *language = given(in->language) ? in->language :
	    conf_str(CONF_WHATSAPP_LANGUAGE);
	struct buf b;
	struct jw w;

	if (!whatsapp_template_ok(name))
		return field_refuse(c, "template", "invalid", e,
		    "A template's name has a-z, 0-9 and _.");
	if (!whatsapp_language_ok(language))
		return field_refuse(c, "language", "invalid", e,
		    "A language is like en or en_US.");
	if (in->parameters != NULL &&
	    check_parameters(c, in->parameters, e) < 0)
		return -1;
	buf_init(&b, (size_t)256 * 1024);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "body", "");
	jw_object(&w, "whatsapp");
	jw_str(&w, "template", name);
	jw_str(&w, "language", language);
	if (in->parameters != NULL)
		jw_raw(&w, "parameters", json_text(c->arena,
		    in->parameters));
	jw_end(&w);
	m->content = text_of(c->arena, &b, &w);
	return 0;
}

static int
text_content(struct call *c, const struct whatsapp_in *in, struct comm *m,
    struct err *e)
{
	struct buf b;
	struct jw w;

	if (!given(in->message))
		return field_refuse(c, "message", "required", e,
		    "This field is required.");
	buf_init(&b, (size_t)64 * 1024);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "body", in->message);
	m->content = text_of(c->arena, &b, &w);
	return 0;
}

/* The rest of the window is all the life such a message has. */
static int
check_window(struct call *c, struct comm *m, void *arg, struct err *e)
{
	const char *contact = whatsapp_contact(c->arena, m->to);
	uint32_t left_s = 0;
	int rc;

	(void)arg;
	if (contact == NULL)
		return err_set(e, ERR_INTERNAL, "bad_number", "not E.164");
	if ((rc = whatsapp_window(c->db, contact, &left_s, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "window_closed",
		    "no word of the recipient's in 24 hours");
	if (left_s < m->life_s)
		m->life_s = left_s;
	return 0;
}

int
whatsapp_post(struct call *c, const void *in_, struct err *e)
{
	const struct whatsapp_in *in = in_;
	bool template = in->type != NULL &&
	    strcmp(in->type, "template") == 0;
	struct comm m = kind;

	m.to = in->to;
	if ((template ? template_content(c, in, &m, e) :
	    text_content(c, in, &m, e)) < 0)
		return -1;
	return comm_send(c, &m, template ? NULL : check_window, NULL, e);
}

int
whatsapp_replay(struct call *c, uint64_t id, struct err *e)
{
	(void)e;
	return comm_accepted(c, id, kind.message);
}
