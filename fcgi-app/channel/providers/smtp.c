/*
 * smtp.c - e-mail through a submission server (PROVIDERS.md section 6): one
 * recipient a transaction, so that every outcome is one recipient's.
 *
 * The Message-ID is a function of the delivery: a repeat carries the same one
 * and receivers put the two together.
 */
#include "channel/providers/mime.h"
#include "channel/providers/providers.h"

#include "base/conf.h"
#include "base/json.h"
#include "base/text.h"
#include "channel/verp.h"
#include "net/net.h"

/* Servers that many have an account at (6.1). */
static const struct preset {
	const char	*word, *host;
	uint64_t	 daily;
} presets[] = {
	{ "gmail", "smtp.gmail.com", 500 },
	{ "workspace", "smtp.gmail.com", 2000 },
	{ "office365", "smtp.office365.com", 10000 },
};

static uint64_t
daily(const struct account *acc)
{
	/* A row has a column for it. */
	int64_t own = acc == NULL || acc->implicit ?
	    conf_int(CONF_SMTP_DAILY) : 0;
	const char *word = account_str(acc, CONF_SMTP_PRESET);

	for (size_t i = 0; own == 0 && i < COUNT_OF(presets); i++)
		if (strcmp(presets[i].word, word) == 0)
			return presets[i].daily;
	return (uint64_t)own;
}

static const char *
host_of(const struct account *acc)
{
	const char *host = account_str(acc, CONF_SMTP_HOST);
	const char *word = account_str(acc, CONF_SMTP_PRESET);

	for (size_t i = 0; *host == '\0' && i < COUNT_OF(presets); i++)
		if (strcmp(presets[i].word, word) == 0)
			host = presets[i].host;
	return host;
}

static int
configured(const struct account *acc, struct err *e)
{
	const char *tls = account_str(acc, CONF_SMTP_TLS);
	const char *word = account_str(acc, CONF_SMTP_PRESET);
	bool known = *word == '\0';

	for (size_t i = 0; i < COUNT_OF(presets); i++)
		known = known || strcmp(presets[i].word, word) == 0;
	if (!known)
		return err_set(e, ERR_CONFIG, "not_configured",
		    "GATEPOST_SMTP_PRESET is none that we know");
	if (*host_of(acc) == '\0' || *account_str(acc, CONF_SMTP_FROM) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "EMAIL_HOST or DEFAULT_FROM_EMAIL is not set");
	if (strcmp(tls, "starttls") != 0 && strcmp(tls, "implicit") != 0)
		return err_set(e, ERR_CONFIG, "not_configured",
		    "GATEPOST_SMTP_TLS is neither starttls nor implicit");
	return 0;
}

static const struct smtp_server *
server_of(struct arena *a, const struct message *m)
{
	const struct account *acc = m->account;
	struct smtp_server *s = arena_alloc(a, sizeof(*s));

	*s = (struct smtp_server){
		.host = host_of(acc),
		.port = (int)account_int(acc, CONF_SMTP_PORT),
		.implicit = strcmp(account_str(acc, CONF_SMTP_TLS),
		    "implicit") == 0,
		.user = account_str(acc, CONF_SMTP_USER),
		.password = account_str(acc, CONF_SMTP_PASSWORD),
		.bearer = m->bearer != NULL ? arena_strdup(a, m->bearer) :
		    account_str(acc, CONF_SMTP_TOKEN),
		.ehlo = account_str(acc, CONF_SMTP_EHLO),
	};
	return s;
}

static int
part(const struct account *acc, const char *bearer, struct arena *a,
    struct out_request *out, struct err *e)
{
	const struct message m = { .account = acc, .bearer = bearer };

	(void)e;
	out->kind = SEND_SMTP;
	out->server = server_of(a, &m);
	out->log_url = out->server->host;
	out->last = true;
	return 0;
}

static int
build(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	const char *from = account_str(m->account, CONF_SMTP_FROM);
	struct rendered r;
	struct mime_mail mail = {
		.from = from, .to = m->to, .date_us = m->created_us,
		.id = arena_printf(a, "%" PRIu64 ".%" PRIu32,
		    m->notification_id, m->seq),
	};

	if (channel_render(a, m, "email", &r, e) < 0)
		return -1;
	mail.subject = r.subject;
	mail.text = r.text;
	mail.html = r.html;
	mail.reply_to = json_str(json_get(m->content, "reply_to"));
	mail.unsubscribe = m->unsubscribe;
	if (mime_write(a, &mail, &out->mail, &out->mail_len, e) < 0)
		return -1;
	out->kind = SEND_SMTP;
	out->server = server_of(a, m);
	out->log_url = out->server->host;
	out->mail_from = verp_address(a, conf_str(CONF_BOUNCE_ADDRESS),
	    m->notification_id, m->seq, m->now_us);
	if (out->mail_from == NULL)
		out->mail_from = mime_address(a, from);
	out->rcpt_to = m->to;
	/* D26, PROVIDERS.md 6.3: a code is never sent twice; other mail once
	 * more, with the same Message-ID. */
	out->repeat_ok = !message_is_code(m) && m->try == 0;
	return 0;
}

#define MINUTE	60
#define HOUR	3600

/*
 * Reply, enhanced code and words of the text to outcome (sections 6.1, 6.4,
 * 6.5).  Reply 0 and "" match anything.  The first row that fits decides, and
 * the enhanced codes come first: they beat the reply.
 */
struct rule {
	int		 reply;
	const char	*enhanced, *says;
	enum outcome	 outcome;
	long		 wait_s;
};
static const struct rule rules[] = {
	/* Words decide only behind a code of theirs: a refusal of a recipient
	 * repeats the address, and that is a stranger's to choose. */
	{ 0, "5.2.0", "SendAsDenied", OUTCOME_CONFIG, 0 },
	{ 0, "5.2.252", "SendAsDenied", OUTCOME_CONFIG, 0 },
	/* Quotas and speed: the whole sender waits. */
	{ 0, "5.4.5", "", OUTCOME_SLOW, HOUR },
	{ 0, "5.2.0", "Quota", OUTCOME_SLOW, HOUR },
	{ 0, "5.2.251", "", OUTCOME_SLOW, HOUR },
	{ 0, "5.2.252", "", OUTCOME_SLOW, HOUR },
	{ 0, "5.2.253", "", OUTCOME_SLOW, HOUR },
	{ 0, "5.2.254", "", OUTCOME_SLOW, HOUR },
	{ 0, "5.2.255", "", OUTCOME_SLOW, HOUR },
	{ 0, "4.7.23", "", OUTCOME_SLOW, 10 * MINUTE },
	{ 0, "4.7.27", "", OUTCOME_SLOW, 10 * MINUTE },
	{ 0, "4.7.29", "", OUTCOME_SLOW, 10 * MINUTE },
	{ 0, "4.7.30", "", OUTCOME_SLOW, 10 * MINUTE },
	{ 0, "4.7.31", "", OUTCOME_SLOW, 10 * MINUTE },
	{ 0, "4.7.32", "", OUTCOME_SLOW, 10 * MINUTE },
	{ 0, "4.7.40", "", OUTCOME_SLOW, 10 * MINUTE },
	/* This mailbox, later. */
	{ 0, "4.2.1", "", OUTCOME_RETRY, 5 * MINUTE },
	{ 0, "4.2.2", "", OUTCOME_RETRY, 15 * MINUTE },
	/* This mailbox, never again. */
	{ 0, "5.1.1", "", OUTCOME_DROP, 0 },
	{ 0, "5.1.2", "", OUTCOME_DROP, 0 },
	{ 0, "5.1.3", "", OUTCOME_DROP, 0 },
	{ 0, "5.1.6", "", OUTCOME_DROP, 0 },
	{ 0, "5.1.10", "", OUTCOME_DROP, 0 },
	{ 0, "5.2.1", "", OUTCOME_DROP, 0 },
	/* We, not the recipient: sender address, sender authentication. */
	{ 0, "5.1.7", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.1.8", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.25", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.26", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.27", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.29", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.30", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.31", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.32", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.40", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.60", "", OUTCOME_CONFIG, 0 },
	{ 0, "5.7.139", "", OUTCOME_CONFIG, 0 },
	/* By reply. */
	{ 432, "", "", OUTCOME_SLOW, MINUTE },
	{ 450, "", "", OUTCOME_RETRY, 5 * MINUTE },
	{ 451, "", "", OUTCOME_RETRY, 5 * MINUTE },
	{ 454, "4.7.0", "", OUTCOME_SLOW, 10 * MINUTE },
	{ 530, "", "", OUTCOME_CONFIG, 0 },
	{ 534, "", "", OUTCOME_CONFIG, 0 },
	{ 535, "", "", OUTCOME_CONFIG, 0 },
	{ 538, "", "", OUTCOME_CONFIG, 0 },
};

/* The enhanced code (RFC 2034: class.subject.detail and a space) of one
 * reply line, "550 5.7.26 …" or "550-5.7.26 …". */
static bool
enhanced_of(const char *line, char out[16])
{
	const char *p = line + 4;
	size_t n = strspn(p, "0123456789."), dots = 0;

	if (n >= 16 || (*p != '2' && *p != '4' && *p != '5') || p[1] != '.' ||
	    p[n - 1] == '.' || strchr(" \r\n", p[n]) == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		if (p[i] == '.') {
			if (p[i + 1] == '.')
				return false;
			dots++;
		}
	if (dots != 2)
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

/* Servers put the code on each line of a reply, or on the last only.  The
 * replies before, of a connection that was kept, are in the text as well. */
static void
enhanced_find(const char *text, long reply, char out[16])
{
	char code[24];

	out[0] = '\0';
	snprintf(code, sizeof(code), "%ld", reply);
	while (text != NULL && strlen(text) > 4 && (strncmp(text, code, 3) !=
	    0 || !enhanced_of(text, out)))
		if ((text = strchr(text, '\n')) != NULL)
			text++;
}

static enum outcome
outcome_of(long reply, const char *enhanced, const char *text, long *wait_s)
{
	*wait_s = 0;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		const struct rule *r = &rules[i];

		/* An address is not given up for a temporary reply. */
		if (r->outcome == OUTCOME_DROP && reply < 500)
			continue;
		if ((r->reply == 0 || r->reply == reply) &&
		    (*r->enhanced == '\0' ||
		    strcmp(r->enhanced, enhanced) == 0) &&
		    (*r->says == '\0' || strstr(text, r->says) != NULL)) {
			*wait_s = r->wait_s;
			return r->outcome;
		}
	}
	return reply < 500 ? OUTCOME_RETRY : OUTCOME_PERM;
}

static void
judge_refusal(const struct message *m, const struct in_answer *in,
    struct verdict *v)
{
	const char *text = in->body == NULL ? "" : in->body;
	char enhanced[16], dashed[16];

	v->refused = true;	/* whatever the code, it was a no */
	enhanced_find(text, in->status, enhanced);
	v->outcome = outcome_of(in->status, enhanced, text, &v->wait_s);
	/* Refused while greeting, at EHLO or AUTH (section 6.3 on libcurl's
	 * errors): no recipient was named yet, so it is about us. */
	if (in->status >= 500 && (in->error == NET_LOGIN ||
	    (in->error == NET_PROTOCOL && !in->body_sent)) &&
	    (v->outcome == OUTCOME_PERM || v->outcome == OUTCOME_DROP))
		v->outcome = OUTCOME_CONFIG;
	/* "Closing" once is a restart; again, it is about our speed. */
	if (in->status == 421 && v->outcome == OUTCOME_RETRY && m->try > 0) {
		v->outcome = OUTCOME_SLOW;
		v->wait_s = MINUTE;
	}
	/* Policy, spam, not permitted: what is thought of this sender. */
	v->elsewhere = v->outcome == OUTCOME_PERM &&
	    text_starts(enhanced, "5.7.");
	/* It hangs up, or lets nobody in for now: another server may. */
	if (v->outcome == OUTCOME_RETRY && (in->status == 421 ||
	    in->status == 454))
		v->elsewhere = true;
	snprintf(v->log, sizeof(v->log), "\"reply\":%ld,\"enhanced\":\"%s\"",
	    in->status, enhanced);
	snprintf(dashed, sizeof(dashed), "%s", enhanced);
	for (char *p = dashed; *p != '\0'; p++)
		if (*p == '.')
			*p = '_';
	verdict_set(v, v->outcome, "smtp_%ld%s%s", in->status,
	    dashed[0] == '\0' ? "" : "_", dashed);
}

static void
judge(const struct message *m, const struct out_request *req,
    const struct in_answer *in, struct verdict *v)
{
	/* A refusal is an answer even though the transfer ended by it. */
	if (in->status >= 400) {
		judge_refusal(m, in, v);
	} else if (in->complete && in->status == 250) {
		verdict_set(v, OUTCOME_OK, "accepted");
		snprintf(v->log, sizeof(v->log), "\"reply\":250");
	} else if (in->complete) {
		/* Ended well, and yet not by the 250 that takes the mail. */
		verdict_set(v, req->repeat_ok ? OUTCOME_RETRY :
		    OUTCOME_UNSURE, "smtp_unreadable");
	} else if (in->error == NET_LOGIN) {
		verdict_set(v, OUTCOME_CONFIG, "smtp_login");
	} else {
		/* It is silence: complete answers are above. */
		(void)verdict_of_silence(v, in, req->repeat_ok);
	}
}

static const struct setting settings[] = {
	{ "preset", CONF_SMTP_PRESET, SETTING_PLAIN },
	{ "host", CONF_SMTP_HOST, SETTING_PLAIN },
	{ "port", CONF_SMTP_PORT, SETTING_PLAIN },
	{ "tls", CONF_SMTP_TLS, SETTING_PLAIN },
	{ "user", CONF_SMTP_USER, SETTING_PLAIN },
	{ "password", CONF_SMTP_PASSWORD, SETTING_SECRET },
	{ "from", CONF_SMTP_FROM, SETTING_SHARED },
	{ "ehlo", CONF_SMTP_EHLO, SETTING_SHARED },
	{ "token", CONF_SMTP_TOKEN, SETTING_SECRET },
	{ "token_url", CONF_SMTP_TOKEN_URL, SETTING_PLAIN },
	{ "refresh_token", CONF_SMTP_REFRESH, SETTING_SECRET },
	{ "client_id", CONF_SMTP_CLIENT, SETTING_PLAIN },
	{ "client_secret", CONF_SMTP_CLIENT_SECRET, SETTING_SECRET },
	{ "scope", CONF_SMTP_SCOPE, SETTING_PLAIN },
	{ NULL, CONF_KEYS, SETTING_PLAIN }
};

const struct provider provider_smtp = {
	.name = "smtp",
	.channel = "email",
	.concurrency = 3,
	.per_s = 0,
	.settings = settings,
	.configured = configured,
	.daily = daily,
	.token_ask = smtp_token_ask,
	.token_read = smtp_token_read,
	.part = part,
	.build = build,
	.judge = judge,
};
