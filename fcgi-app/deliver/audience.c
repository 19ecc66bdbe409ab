/*
 * audience.c - reading an audience.
 */
#include "deliver/audience.h"

#include "base/json.h"
#include "base/text.h"

/* Ids are strings on the wire, user ids numbers; both are read. */
static bool
id_of(const struct json *j, uint64_t *id)
{
	int64_t v;

	if (json_str(j) != NULL)
		return text_u64(json_str(j), UINT64_MAX, id) && *id != 0;
	if (!json_int(j, &v) || v <= 0)
		return false;
	*id = (uint64_t)v;
	return true;
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool
ids_of(struct arena *a, const struct json *list, struct audience *au)
{
	size_t n = json_len(list), kept = 0;

	if (json_type(list) != JSON_ARRAY || n == 0 || n > AUDIENCE_IDS_MAX)
		return false;
	au->id = arena_array(a, n, sizeof(*au->id));
	for (size_t i = 0; i < n; i++)
		if (!id_of(json_at(list, i), &au->id[i]))
			return false;
	qsort(au->id, n, sizeof(*au->id), by_value);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || au->id[kept - 1] != au->id[i])
			au->id[kept++] = au->id[i];
	au->n = kept;
	return true;
}

static void
how_of(const struct json *j, struct audience *au)
{
	const struct json *list = json_get(j, "channels"), *m;
	int64_t v;

	for (size_t i = 0; i < json_len(list); i++)
		if ((m = json_at(list, i)) != NULL && json_str(m) != NULL &&
		    channels_find(json_str(m)) != CHANNELS)
			au->channels |= CHANNEL_BIT(channels_find(
			    json_str(m)));
	list = json_get(j, "escalate");
	for (size_t i = 0; i < json_len(list) && au->steps < ESCALATE_MAX;
	    i++) {
		const char *name = json_str(json_get(json_at(list, i),
		    "channel"));

		if (name == NULL || channels_find(name) == CHANNELS ||
		    !json_int(json_get(json_at(list, i), "after_s"), &v) ||
		    v <= 0 || v > UINT32_MAX)
			continue;
		au->step[au->steps++] = (struct escalation){
		    channels_find(name), (uint32_t)v };
	}
	list = json_get(j, "count");
	if (json_int(json_at(list, 0), &v))
		au->accepted = (uint64_t)v;
	if (json_int(json_at(list, 1), &v))
		au->unknown = (uint64_t)v;
	if (json_int(json_at(list, 2), &v))
		au->duplicate = (uint64_t)v;
}

void
audience_parse(struct arena *a, const char *json, struct audience *au)
{
	struct json *j = NULL, *m;
	struct err e = ERR_INIT;
	bool yes = false;

	memset(au, 0, sizeof(*au));
	if (json_parse(json, strlen(json), JSON_PLAIN, 0, &j, &e) < 0)
		return;
	/* Before the address that may stand beside it: a flow of nobody has
	 * one, so that its row looks like any other (S24). */
	if (json_bool(json_get(j, "nobody"), &yes) && yes) {
		au->kind = TO_NOBODY;
	} else if ((m = json_get(j, "to")) != NULL) {
		if (json_str(m) != NULL && json_str(m)[0] != '\0') {
			au->kind = TO_ADDRESS;
			au->to = arena_strdup(a, json_str(m));
			if (!id_of(json_get(j, "user_id"), &au->user_id))
				au->user_id = 0;
		}
	} else if ((m = json_get(j, "device_ids")) != NULL) {
		if (ids_of(a, m, au))
			au->kind = TO_DEVICES;
	} else if ((m = json_get(j, "user_ids")) != NULL) {
		if (ids_of(a, m, au))
			au->kind = TO_USERS;
	} else if ((m = json_get(j, "group_id")) != NULL) {
		if (id_of(m, &au->group_id))
			au->kind = TO_GROUP;
	} else if (json_str(json_get(j, "topic")) != NULL) {
		au->kind = TO_TOPIC;
		au->topic = arena_strdup(a, json_str(json_get(j, "topic")));
	} else if (json_bool(json_get(j, "all"), &yes) && yes) {
		au->kind = TO_ALL;
	}
	how_of(j, au);
	au->ends = json_bool(json_get(j, "ends"), &yes) && yes;
	au->digest = json_bool(json_get(j, "digest"), &yes) && yes;
	if (json_str(json_get(j, "provider")) != NULL)
		au->pin = arena_strdup(a, json_str(json_get(j, "provider")));
	json_free(j);
}
