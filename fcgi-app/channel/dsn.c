/*
 * dsn.c - see dsn.h.
 */
#include "channel/dsn.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/text.h"
#include "channel/verp.h"

#include <strings.h>

#define LINE_MAX_	2000
#define SEQ_MAX		UINT32_MAX

/* Not there, or never was (the codes of smtp.c's DROP rows). */
bool
dsn_is_hard(const char *status)
{
	static const char *const hard[] = { "5.1.1", "5.1.2", "5.1.3",
	    "5.1.6", "5.1.10", "5.2.1" };

	for (size_t i = 0; i < COUNT_OF(hard); i++)
		if (strcmp(status, hard[i]) == 0)
			return true;
	return false;
}

/* "digits.digits" that `end` follows. */
static bool
name_at(const char *p, const char *end, uint64_t *id, uint32_t *seq)
{
	size_t n = strspn(p, "0123456789"), k;
	char a[24], b[12];
	uint64_t v;

	if (n < 12 || n >= sizeof(a) || p[n] != '.')
		return false;
	k = strspn(p + n + 1, "0123456789");
	if (k == 0 || k >= sizeof(b) || strchr(end, p[n + 1 + k]) == NULL)
		return false;
	memcpy(a, p, n);
	a[n] = '\0';
	memcpy(b, p + n + 1, k);
	b[k] = '\0';
	if (!text_u64(a, INT64_MAX, id) || !text_u64(b, SEQ_MAX, &v))
		return false;
	*seq = (uint32_t)v;
	return *id != 0 && *seq != 0;
}

bool
dsn_name(const char *s, uint64_t *id, uint32_t *seq)
{
	/* strchr finds the end of the text as well. */
	return name_at(*s == '<' ? s + 1 : s, "@", id, seq);
}

struct reading {
	struct dsn	*d;
	bool		 status_part;	/* a message/delivery-status began */
	bool		 feedback_part;
	bool		 named, tagged;
	bool		 forged;	/* a name whose tag is not ours */
};

static bool
is(const char *line, const char *name, const char **value)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	*value = line + n + 1;
	*value += strspn(*value, " \t");
	return true;
}

/* "digits.digits.tag@" */
static void
take_tagged(struct reading *r, const char *p, uint64_t id, uint32_t seq)
{
	const char *tag = strchr(strchr(p, '.') + 1, '.') + 1;
	size_t n = strspn(tag, "0123456789abcdef");

	if (tag[n] != '@')
		return;
	if (!verp_is(tag, n, id, seq, clock_now())) {
		r->forged = true;
		return;
	}
	r->tagged = r->named = true;
	r->d->notification_id = id;
	r->d->seq = seq;
}

/* Ours among ids in angle brackets, or behind the "+" of an address.  The
 * first that bears a tag of ours wins over names without. */
static void
take_name(struct reading *r, const char *value)
{
	for (const char *p = value; !r->tagged && *p != '\0'; p++) {
		const char *at = p + 1;
		uint64_t id;
		uint32_t seq;

		if (*p != '<' && *p != '+' && *p != ';')
			continue;
		at += strspn(at, " ");
		if (name_at(at, ".", &id, &seq) &&
		    strchr(strchr(at, '.') + 1, '.') != NULL) {
			take_tagged(r, at, id, seq);
		} else if (!r->named && name_at(at, "@", &id, &seq)) {
			r->named = true;
			r->d->notification_id = id;
			r->d->seq = seq;
		}
	}
}

/* "rfc822; user@example.com" */
static void
take_recipient(struct dsn *d, const char *value)
{
	const char *p = strchr(value, ';');
	size_t n;

	p = p == NULL ? value : p + 1;
	p += strspn(p, " \t<");
	n = strcspn(p, " \t>");
	if (d->recipient[0] == '\0' && n > 0 && n < sizeof(d->recipient)) {
		memcpy(d->recipient, p, n);
		d->recipient[n] = '\0';
	}
}

/* "5.1.1 (bad mailbox)" */
static void
take_status(struct dsn *d, const char *value)
{
	size_t n = strspn(value, "0123456789.");

	if (d->status[0] == '\0' && n > 0 && n < sizeof(d->status)) {
		memcpy(d->status, value, n);
		d->status[n] = '\0';
	}
}

static void
take_action(struct dsn *d, const char *value)
{
	static const struct { const char *word; enum dsn_what what; } row[] = {
		{ "failed", DSN_FAILED }, { "delayed", DSN_DELAYED },
		{ "delivered", DSN_DELIVERED },
		/* Handed on to where no more is told. */
		{ "relayed", DSN_NONE }, { "expanded", DSN_NONE },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (d->what == DSN_NONE && strncasecmp(value, row[i].word,
		    strlen(row[i].word)) == 0)
			d->what = row[i].what;
}

static void
take_line(struct reading *r, const char *line)
{
	static const char *const ids[] = { "Message-ID", "In-Reply-To",
	    "References", "Original-Envelope-Id", "X-Original-Message-ID",
	    "To", "Delivered-To", "X-Original-To", "Original-Mail-From",
	    "Return-Path" };
	const char *v;

	for (size_t i = 0; i < COUNT_OF(ids); i++)
		if (is(line, ids[i], &v))
			take_name(r, v);
	if (is(line, "Content-Type", &v)) {
		r->status_part |= strncasecmp(v, "message/delivery-status",
		    23) == 0 || strncasecmp(v,
		    "message/global-delivery-status", 30) == 0;
		r->feedback_part |= strncasecmp(v, "message/feedback-report",
		    23) == 0;
	}
	if (r->status_part) {
		if (is(line, "Final-Recipient", &v))
			take_recipient(r->d, v);
		else if (is(line, "Status", &v))
			take_status(r->d, v);
		else if (is(line, "Action", &v))
			take_action(r->d, v);
	}
	if (r->feedback_part && is(line, "Feedback-Type", &v) &&
	    strncasecmp(v, "abuse", 5) == 0)
		r->d->what = DSN_COMPLAINT;
	if (r->feedback_part && is(line, "Original-Rcpt-To", &v))
		take_recipient(r->d, v);
}

/* The next line with those that continue it; cut where it is too long. */
static const char *
next_line(const char *p, const char *end, char line[LINE_MAX_])
{
	size_t n = 0;

	do {
		for (; p < end && *p != '\n'; p++)
			if (*p != '\r' && *p != '\0' && n < LINE_MAX_ - 1)
				line[n++] = *p;
		p += p < end;
	} while (n > 0 && p < end && (*p == ' ' || *p == '\t'));
	line[n] = '\0';
	return p;
}

int
dsn_read(const char *mail, size_t n, struct dsn *d)
{
	struct reading r = { .d = d };
	const char *p = mail, *end = mail + n;
	char line[LINE_MAX_];

	memset(d, 0, sizeof(*d));
	while (p < end) {
		p = next_line(p, end, line);
		take_line(&r, line);
	}
	if (d->what == DSN_FAILED)
		d->hard = dsn_is_hard(d->status);
	/* With addresses of their own, a name alone proves nothing: others of
	 * the same notification are easily guessed. */
	if (!r.tagged && (r.forged || *conf_str(CONF_BOUNCE_ADDRESS) != '\0'))
		return 0;
	return r.named && d->what != DSN_NONE;
}

bool
dsn_bounce(const struct dsn *d, const char **state, const char **reason,
    const char **suppress)
{
	*state = *suppress = NULL;
	*reason = "";
	switch (d->what) {
	case DSN_FAILED:
		*state = "failed";
		*reason = d->hard ? "bounced" : "bounce_soft";
		*suppress = d->hard ? "bounced" : NULL;
		return true;
	case DSN_DELIVERED:
		*state = "delivered";
		return true;
	case DSN_COMPLAINT:
		/* It arrived: that is what they complain of. */
		*state = "delivered";
		*suppress = "complained";
		return true;
	case DSN_DELAYED:
	case DSN_NONE:
		break;
	}
	return false;
}
