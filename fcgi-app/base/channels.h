/*
 * channels.h - the channels by name, number and bit (API.md).  The numbers are
 * kept in the database (masks of table preference): append, never reorder.
 */
#ifndef GP_BASE_CHANNELS_H
#define GP_BASE_CHANNELS_H

#include "base/cdefs.h"

enum channel_id { CHANNEL_EMAIL = 0, CHANNEL_SMS, CHANNEL_WHATSAPP,
	CHANNEL_WEB_PUSH, CHANNEL_EXPO, CHANNEL_IN_APP, CHANNELS };
#define CHANNEL_BIT(id)	(1u << (id))
#define CHANNELS_ALL	(CHANNEL_BIT(CHANNELS) - 1u)
/* Those that go to a device of the user's. */
#define CHANNELS_PUSH	(CHANNEL_BIT(CHANNEL_WEB_PUSH) |		\
			    CHANNEL_BIT(CHANNEL_EXPO))

const char *channels_name(enum channel_id id);
/* CHANNELS when there is none of this name. */
enum channel_id channels_find(const char *name);
/* Bits of a list with commas between; unknown words are let be. */
unsigned channels_mask(const char *list);

#endif
