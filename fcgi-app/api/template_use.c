/*
 * template_use.c - see template_use.h.
 */
#include "api/template_use.h"

#include "api/push_own.h"
#include "base/conf.h"
#include "channel/sms_text.h"
#include "store/template.h"

static int
refuse_value(struct call *c, const char *field, const char *code,
    struct err *e)
{
	if (strcmp(code, "required") == 0)
		return field_refuse(c, field, "invalid", e,
		    "This field is required.");
	if (strcmp(code, "unknown_variable") == 0)
		return field_refuse(c, field, "invalid", e,
		    "The template has no such variable.");
	if (strcmp(code, "payload_too_large") == 0)
		return field_refuse(c, field, "payload_too_large", e,
		    "What the template comes to is too long.");
	return field_refuse(c, field, "invalid", e,
	    "This is no value of the variable's type.");
}

static int
refuse_shape(struct call *c, const char *field, const char *code,
    struct err *e)
{
	if (strcmp(code, "object") == 0)
		return field_refuse(c, field, "invalid", e,
		    "Expected an object.");
	if (strcmp(code, "member") == 0)
		return field_refuse(c, field, "invalid", e,
		    "There is no such member.");
	if (strcmp(code, "text") == 0)
		return field_refuse(c, field, "invalid", e,
		    "Expected a text.");
	if (strcmp(code, "many") == 0)
		return field_refuse(c, field, "invalid", e,
		    "There are too many of them.");
	if (strcmp(code, "name") == 0)
		return field_refuse(c, field, "invalid", e,
		    "A name begins with a letter and has letters, digits and "
		    "underscores.");
	if (strcmp(code, "type") == 0)
		return field_refuse(c, field, "invalid", e,
		    "The type is string, id, number, date or url.");
	if (strcmp(code, "channel") == 0)
		return field_refuse(c, field, "invalid", e,
		    "Channels are email, sms, whatsapp, web_push, expo and "
		    "in_app.");
	if (strcmp(code, "locale") == 0)
		return field_refuse(c, field, "invalid", e,
		    "A locale is written as en or fa-IR, and the default one "
		    "is among them.");
	return field_refuse(c, field, "invalid", e,
	    "Each locale has a title and a body.");
}

int
template_refuse(struct call *c, struct err *e)
{
	const char *field = *e->field == '\0' ? "definition" :
	    arena_strdup(c->arena, e->field);
	const char *code = arena_strdup(c->arena, e->code);

	if (e->kind != ERR_INPUT)
		return -1;
	if (strncmp(code, "template_", 9) != 0)
		return refuse_value(c, field, code, e);
	code += 9;
	if (strcmp(code, "control") == 0)
		return field_refuse(c, field, "invalid", e,
		    "Control characters are not allowed.");
	if (strcmp(code, "brace") == 0)
		return field_refuse(c, field, "invalid", e,
		    "Write a brace that stands for itself twice.");
	if (strcmp(code, "variable") == 0)
		return field_refuse(c, field, "invalid", e,
		    "A variable in this text is not declared.");
	if (strcmp(code, "default") == 0)
		return field_refuse(c, field, "invalid", e,
		    "A variable that may be missing needs other words beside "
		    "it.");
	if (strcmp(code, "place") == 0)
		return field_refuse(c, field, "invalid", e,
		    "A value of this type may not stand at that place of a "
		    "page.");
	return refuse_shape(c, field, code, e);
}

int
template_use(struct call *c, const char *name, const struct json *data,
    struct template_used *u, struct err *e)
{
	struct template_version v;
	struct template_row t;
	struct json *def = NULL;
	int rc = template_active(c->db, c->arena, name, &t, &v, e);

	memset(u, 0, sizeof(*u));
	if (rc < 0)
		return -1;
	if (rc == 0)
		return field_refuse(c, "template", "invalid", e,
		    "There is no such template.");
	u->name = t.name;
	u->version = v.version;
	if (json_parse(v.definition, strlen(v.definition), JSON_PLAIN, 0,
	    &def, e) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "template %s: its definition", t.name);
	rc = template_render(c->arena, def, data, &u->out, e);
	json_free(def);
	return rc < 0 ? template_refuse(c, e) : 0;
}

int
sms_segments_fit(struct call *c, const char *field, unsigned segments,
    struct err *e)
{
	int64_t max = conf_int(CONF_SMS_SEGMENTS_MAX);

	if (segments <= (unsigned)max)
		return 0;
	return field_refuse(c, field, "sms_too_long", e,
	    "The text takes %u SMS; at most %d are sent.", segments,
	    (int)max);
}

int
sms_text_fits(struct call *c, const char *field, const char *text,
    struct err *e)
{
	struct sms_size size;

	sms_measure(text, &size);
	return sms_segments_fit(c, field, size.segments, e);
}
