/*
 * notify_read.c - the members of a notification: what it says, how long it
 * lives, of what type and class it is.
 */
#include "api/notify_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/text.h"
#include "queue/enqueue.h"

#define CONTENT_MAX	((size_t)60 * 1024)	/* the worker reads 64 KB */
#define FAR_US		(INT64_C(366) * 24 * 3600 * US_PER_S)
#define DAY_S		(24 * 60 * 60)

static const char *const own_types[] = { "order", "message", "payment",
	"product", "review", "system" };

static int
type_of(struct call *c, const char *given, const char **type, struct err *e)
{
	const char *more = conf_str(CONF_TYPES);

	*type = given == NULL ? "system" : given;
	for (size_t i = 0; i < COUNT_OF(own_types); i++)
		if (strcmp(own_types[i], *type) == 0)
			return 0;
	while (*more != '\0' && !enqueue_type_ours(*type)) {
		size_t n = strcspn(more, ", ");

		if (n > 0 && strlen(*type) == n && memcmp(more, *type, n) ==
		    0)
			return 0;
		more += n;
		more += strspn(more, ", ");
	}
	return field_refuse(c, "type", "unknown_type", e,
	    "There is no such type of notification.");
}

static enum job_class
class_of(const char *word)
{
	if (word != NULL && strcmp(word, "critical") == 0)
		return CLASS_CODE;
	return word != NULL && strcmp(word, "campaign") == 0 ?
	    CLASS_CAMPAIGN : CLASS_TRANSACTIONAL;
}

static int
times_of(struct call *c, const struct notify_in *in, struct notify *n,
    struct err *e)
{
	int64_t now = clock_now(), due;

	n->run_us = in->at > now ? in->at : 0;
	n->ends_us = in->expires_at;
	n->life_s = n->class == CLASS_CODE ? DAY_S :
	    n->class == CLASS_CAMPAIGN ? 7 * DAY_S : 3 * DAY_S;
	if (n->au.steps > 0)
		n->life_s += n->au.step[n->au.steps - 1].after_s;
	due = n->run_us != 0 ? n->run_us : now;
	if (due > now + FAR_US)
		return field_refuse(c, "at", "invalid", e,
		    "Give a time within a year.");
	if (n->ends_us == 0)
		return 0;
	if (n->ends_us <= due || n->ends_us > due + FAR_US)
		return field_refuse(c, "expires_at", "invalid", e,
		    "Give a time after the message is due and within a year.");
	if (n->au.steps > 0 && n->ends_us <= due + (int64_t)n->au.step[
	    n->au.steps - 1].after_s * US_PER_S)
		return field_refuse(c, "escalate", "invalid", e,
		    "The message is over before its last step.");
	return 0;
}

static void
text_member(struct jw *w, const char *name, const char *v)
{
	if (v != NULL && *v != '\0')
		jw_str(w, name, v);
}

static int
content_of(struct call *c, const struct notify_in *in, struct notify *n,
    struct err *e)
{
	struct buf b;
	struct jw w;
	int rc = 0;

	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	if (n->ready) {
		template_content(&w, n->use.name, n->use.version,
		    &n->use.out);
	} else {
		jw_str(&w, "title", n->title);
		jw_str(&w, "body", in->body == NULL ? "" : in->body);
		text_member(&w, "url", in->url);
		if (in->data != NULL)
			jw_raw(&w, "data", json_text(c->arena, in->data));
	}
	text_member(&w, "icon", in->icon);
	text_member(&w, "urgency", in->urgency);
	text_member(&w, "topic", in->collapse_key);
	text_member(&w, "sound", in->sound);
	if (in->badge.set)
		jw_i64(&w, "badge", in->badge.v);
	text_member(&w, "priority", in->priority);
	text_member(&w, "channel_id", in->channel_id);
	jw_end(&w);
	if (b.over)
		rc = field_refuse(c, "data", "payload_too_large", e,
		    "The message is too long.");
	else
		n->content = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	return rc;
}

int
notify_read(struct call *c, const struct notify_in *in, struct notify *n,
    struct err *e)
{
	memset(n, 0, sizeof(*n));
	if (type_of(c, in->type, &n->type, e) < 0)
		return -1;
	n->class = class_of(in->class);
	n->title = in->title == NULL ? "" : in->title;
	if (in->template != NULL) {
		if (in->title != NULL || in->body != NULL || in->url != NULL)
			return field_refuse(c, "template", "invalid", e,
			    "A template brings its own title, body and url.");
		if (template_use(c, in->template, in->data, &n->use, e) < 0)
			return -1;
		n->ready = true;
		n->title = n->use.out.title;
		if (in->type == NULL && n->use.out.type != NULL &&
		    !enqueue_type_ours(n->use.out.type))
			n->type = n->use.out.type;
	} else if (in->body == NULL) {
		return field_refuse(c, "body", "required", e,
		    "This field is required.");
	}
	if (in->data != NULL && json_type(in->data) != JSON_OBJECT)
		return field_refuse(c, "data", "invalid", e,
		    "Expected an object.");
	/* A template's data are its variables. */
	if (push_addresses(c, in->url, n->ready ? NULL : in->data, in->icon,
	    e) < 0)
		return -1;
	if (notify_to(c, in, n, e) < 0 || times_of(c, in, n, e) < 0)
		return -1;
	return content_of(c, in, n, e);
}
