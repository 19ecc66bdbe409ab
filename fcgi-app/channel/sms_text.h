/*
 * sms_text.h - how a text travels by SMS: GSM 7-bit (3GPP TS 23.038 with its
 * extension table) when every character is in it, else UCS-2; nothing is ever
 * replaced or lost.  Segments: 160 septets or 70 units when one is enough,
 * else 153 or 67 in each, and no character is torn in two.
 */
#ifndef GP_CHANNEL_SMS_TEXT_H
#define GP_CHANNEL_SMS_TEXT_H

#include "base/cdefs.h"

struct sms_size {
	bool		 ucs2;
	unsigned	 units;		/* septets, or UTF-16 units */
	unsigned	 segments;	/* 0: the text is empty */
};
/* Of valid UTF-8. */
unsigned sms_segments(const char *text);	/* at most 255 */
void	 sms_measure(const char *text, struct sms_size *s);

#endif
