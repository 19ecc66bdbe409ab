/*
 * webhook.c - see webhook_own.h.
 */
#include "api/webhook_own.h"

#include "base/clock.h"
#include "base/text.h"
#include "channel/channel.h"
#include "deliver/accounts.h"

#include <strings.h>

#define ID_MAX	160u		/* delivery.provider_id */

static int
broken(struct err *e)
{
	return err_set(e, ERR_INPUT, "invalid_form", "a provider's callback");
}

int
webhook_read(struct call *c, struct webhook_form *f, const void *p, size_t n,
    struct err *e)
{
	const char *s = arena_strndup(c->arena, p, n), *end = s + n;

	if (strlen(s) != n)
		return broken(e);
	while (s < end) {
		size_t len = strcspn(s, "&"), name = strcspn(s, "=&");

		if (len > 0) {
			const char *value = name < len ? s + name + 1 : "";
			size_t k = name < len ? len - name - 1 : 0;

			if (f->n == WEBHOOK_PAIRS)
				return broken(e);
			f->pair[f->n].name = url_decode(c->arena, s, name,
			    true);
			f->pair[f->n].value = url_decode(c->arena, value, k,
			    true);
			if (f->pair[f->n].name == NULL ||
			    f->pair[f->n].value == NULL)
				return broken(e);
			f->n++;
		}
		s += len + 1;
	}
	return 0;
}

int
webhook_read_all(struct call *c, struct webhook_form *f, struct err *e)
{
	const struct req *q = c->req;

	if (webhook_read(c, f, q->query, strlen(q->query), e) < 0)
		return -1;
	return q->method != M_POST || bind_body_type(q) != BODY_FORM ? 0 :
	    webhook_read(c, f, q->body, q->body_len, e);
}

const char *
webhook_value(const struct webhook_form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->pair[i].name, name) == 0)
			return f->pair[i].value;
	return "";
}

int
webhook_secrets(struct call *c, const char *kind, enum conf_key k,
    const char **secret, size_t max, struct err *e)
{
	static struct accounts all;
	static int64_t read_us;
	size_t n = 0;

	if (!all.known || clock_mono() - read_us > US_PER_S) {
		if (accounts_read(c->db, &all, e) < 0)
			return -1;
		read_us = clock_mono();
	}
	for (size_t i = 0; i < all.n && n < max; i++) {
		const struct account *acc = all.acc[i];

		if (!acc->broken && text_starts(acc->p->name, kind) &&
		    setting_of(acc->p, k) != NULL &&
		    *account_str(acc, k) != '\0')
			secret[n++] = account_str(acc, k);
	}
	return (int)n;
}

int
webhook_state(struct call *c, const struct callback *cb, struct err *e)
{
	size_t n = strlen(cb->provider_id);

	if (n == 0 || n > ID_MAX)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (cb->provider_id[i] <= ' ' || cb->provider_id[i] > '~')
			return 0;
	return callback_take(c->db, cb, e) < 0 ? -1 : 0;
}

bool
webhook_opt_word(const char *text, bool chat, bool *out)
{
	/* What carriers and providers take: CTIA's words and Twilio's, and
	 * ours in Persian. */
	static const struct { const char *word; bool out, chat; } row[] = {
		{ "stop", true, true }, { "stopall", true, true },
		{ "stop all", true, true }, { "unsubscribe", true, true },
		{ "optout", true, true }, { "revoke", true, false },
		{ "cancel", true, false }, { "end", true, false },
		{ "quit", true, false }, { "لغو", true, true },
		{ "start", false, true }, { "unstop", false, true },
		{ "yes", false, false }, { "شروع", false, true },
	};
	size_t n;

	text += strspn(text, " \t\r\n\"'");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r\n\"'.!", text[n - 1]) != NULL)
		n--;
	for (size_t i = 0; i < COUNT_OF(row); i++)
		if ((row[i].chat || !chat) && strlen(row[i].word) == n &&
		    strncasecmp(row[i].word, text, n) == 0) {
			*out = row[i].out;
			return true;
		}
	return false;
}

int
webhook_unsigned(struct err *e)
{
	return err_set(e, ERR_FORBIDDEN, "bad_signature", "not by the secret");
}

int
webhook_answer(struct call *c)
{
	struct jw *w = resp_json(c->resp, 200);

	jw_bool(w, "received", true);
	resp_json_end(c->resp);
	return 0;
}
