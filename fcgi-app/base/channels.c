/*
 * channels.c - see channels.h.
 */
#include "base/channels.h"

static const char *const names[CHANNELS] = {
	[CHANNEL_EMAIL] = "email", [CHANNEL_SMS] = "sms",
	[CHANNEL_WHATSAPP] = "whatsapp", [CHANNEL_WEB_PUSH] = "web_push",
	[CHANNEL_EXPO] = "expo", [CHANNEL_IN_APP] = "in_app",
};

const char *
channels_name(enum channel_id id)
{
	return names[id];
}

static enum channel_id
find(const char *name, size_t n)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return (enum channel_id)i;
	return CHANNELS;
}

enum channel_id
channels_find(const char *name)
{
	return find(name, strlen(name));
}

unsigned
channels_mask(const char *list)
{
	unsigned mask = 0;

	while (*list != '\0') {
		size_t n = strcspn(list, ", ");

		if (n > 0 && find(list, n) != CHANNELS)
			mask |= CHANNEL_BIT(find(list, n));
		list += n;
		list += strspn(list, ", ");
	}
	return mask;
}
