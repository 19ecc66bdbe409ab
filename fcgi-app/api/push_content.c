/*
 * push_content.c - what a push shows, from request to notification.content.
 *
 * What must stay true: what can never fit a push message is refused before it
 * is accepted, and an icon never makes the difference: it is dropped.
 */
#include "api/push_own.h"

#include "api/icon.h"
#include "channel/providers/webpush_crypt.h"

#define TTL_DEFAULT	86400
#define LIFE_MIN_S	60
#define LIFE_MAX_S	(28 * 24 * 60 * 60)
#define CONTENT_MAX	((size_t)64 * 1024)

/*
 * An address to open or to load: http, https, or one of the site.  A scheme
 * that could run something is refused here and again by the service worker.
 */
static bool
address_ok(const char *s)
{
	size_t n = strcspn(s, ":/?#");

	if (s[n] != ':' || strchr(s, ' ') != NULL)
		return strchr(s, ' ') == NULL;
	return (n == 4 && strncasecmp(s, "http", n) == 0) ||
	    (n == 5 && strncasecmp(s, "https", n) == 0);
}

static bool
icon_ok(const char *s)
{
	static const char *const data[] = { "data:image/png;base64,",
	    "data:image/jpeg;base64,", "data:image/gif;base64,",
	    "data:image/webp;base64," };

	for (size_t i = 0; i < COUNT_OF(data); i++)
		if (strncmp(s, data[i], strlen(data[i])) == 0)
			return true;
	return address_ok(s);
}

/* Bytes of the decrypted message without an icon (API.md): what the channel
 * renders from the same members. */
static size_t
payload_len(const struct push_in *p, const char *data)
{
	struct buf b;
	struct jw w;
	size_t n;

	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "title", p->title);
	jw_str(&w, "head", p->title);
	jw_str(&w, "body", p->body);
	jw_bool(&w, "requireInteraction", true);
	if (p->url != NULL && *p->url != '\0')
		jw_str(&w, "url", p->url);
	jw_object(&w, "data");
	if (p->url != NULL && *p->url != '\0')
		jw_str(&w, "url", p->url);
	jw_end(&w);
	jw_end(&w);
	n = b.over ? CONTENT_MAX : b.len;
	buf_fini(&b);
	return n + (data == NULL ? 0 : strlen(data) - 2);
}

/* An uploaded icon in what room is left, or none. */
static int
icon_of_file(struct call *c, const struct push_in *p, size_t used,
    const char **icon, struct err *e)
{
	size_t room = used + 16 < WEBPUSH_PLAIN_SAFE ?
	    WEBPUSH_PLAIN_SAFE - used - 16 : 0;
	struct err why = ERR_INIT;

	*icon = NULL;
	if (icon_data_uri(c->arena, p->icon_file.p, p->icon_file.n, room,
	    icon, &why) < 0)
		return field_refuse(c, "icon", "invalid_icon", e,
		    strcmp(why.code, "icon_too_large") == 0 ?
		    "The picture has too many pixels." :
		    "Send a PNG, JPEG, GIF or WebP picture.");
	return 0;
}

static const char *
write_content(struct call *c, const struct push_in *p, const char *icon,
    const char *data, int64_t ttl)
{
	struct buf b;
	struct jw w;
	const char *text;

	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "title", p->title);
	jw_str(&w, "body", p->body);
	if (p->url != NULL && *p->url != '\0')
		jw_str(&w, "url", p->url);
	if (icon != NULL && *icon != '\0')
		jw_str(&w, "icon", icon);
	jw_bool(&w, "require_interaction", !p->require_interaction.set ||
	    p->require_interaction.v);
	if (data != NULL)
		jw_raw(&w, "data", data);
	jw_i64(&w, "ttl", ttl);
	if (p->urgency != NULL)
		jw_str(&w, "urgency", p->urgency);
	if (p->topic != NULL)
		jw_str(&w, "topic", p->topic);
	jw_end(&w);
	text = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	return text;
}

int
push_addresses(struct call *c, const char *url, const struct json *data,
    const char *icon, struct err *e)
{
	const char *inner = data == NULL ? NULL :
	    json_str(json_get(data, "url"));

	if (url != NULL && !address_ok(url))
		return field_refuse(c, "url", "invalid_url", e,
		    "Give an http or https address, or a path of the site.");
	/* Where there is no url the worker takes it from here. */
	if (inner != NULL && !address_ok(inner))
		return field_refuse(c, "data", "invalid_url", e,
		    "data.url: give an http or https address, or a path of "
		    "the site.");
	if (icon != NULL && !icon_ok(icon))
		return field_refuse(c, "icon", "invalid_icon", e,
		    "Send a picture, or the address of one.");
	return 0;
}

const char *
push_content(struct call *c, const struct push_in *p, uint32_t *life_s,
    struct err *e)
{
	int64_t ttl = p->ttl.set ? p->ttl.v : TTL_DEFAULT;
	const char *data = NULL, *icon = p->icon;
	size_t used;

	if (push_addresses(c, p->url, p->data, icon, e) < 0)
		return NULL;
	if (p->data != NULL) {
		if (json_type(p->data) != JSON_OBJECT) {
			field_refuse(c, "data", "invalid", e,
			    "Expected an object.");
			return NULL;
		}
		data = json_text(c->arena, p->data);
	}
	used = payload_len(p, data);
	if (used > WEBPUSH_PLAIN_MAX) {
		field_refuse(c, "body", "payload_too_large", e,
		    "The message has %zu bytes; a push carries %d.", used,
		    WEBPUSH_PLAIN_MAX);
		return NULL;
	}
	if (p->icon_file.p != NULL && icon_of_file(c, p, used, &icon, e) < 0)
		return NULL;
	*life_s = (uint32_t)(ttl < LIFE_MIN_S ? LIFE_MIN_S :
	    ttl > LIFE_MAX_S ? LIFE_MAX_S : ttl);
	return write_content(c, p, icon, data, ttl);
}
