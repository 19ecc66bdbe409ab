/*
 * mime.c - headers by hand, bodies in base64: nothing a text holds can then
 * break a line, a boundary or the dot.
 */
#include "channel/providers/mime.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#define MAIL_MAX_BYTES	((size_t)256 * 1024)
#define WORD_BYTES	39		/* 52 of base64 in an encoded word */
#define LINE_BYTES	57		/* 76 of base64 a line */
#define LINE_ENDS_MAX	((size_t)2)	/* CRLF for LF doubles at worst */
#define ADDRESS_MAX	254

const char *
mime_address(struct arena *a, const char *from)
{
	const char *open = strchr(from, '<');

	return open == NULL ? from :
	    arena_strndup(a, open + 1, strcspn(open + 1, ">"));
}

/*
 * One bare address of visible ASCII.  Neither a header nor an SMTP command
 * can be broken out of by what passes: no space, bracket, comma or control.
 */
static bool
address_clean(const char *s)
{
	const char *at = strrchr(s, '@');

	if (at == NULL || at == s || at[1] == '\0' || strlen(s) > ADDRESS_MAX)
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f ||
		    strchr("<>()[],;:\\\"", *s) != NULL)
			return false;
	return true;
}

/* May stand in a header as it is: short, printable, and not to be mistaken
 * for an encoded word. */
static bool
plain_ascii(const char *s)
{
	if (strlen(s) >= 60 || strstr(s, "=?") != NULL)
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x7f || (unsigned char)*s < ' ')
			return false;
	return true;
}

/* RFC 2047 words that never split a character, one a line: with "Subject: "
 * before the first none is longer than 76 (section 2). */
static void
add_encoded(struct buf *b, const char *s)
{
	char word[B64_SIZE(WORD_BYTES) + 1];

	for (bool first = true; *s != '\0'; first = false) {
		size_t n = strlen(s);

		if (n > WORD_BYTES) {
			n = WORD_BYTES;
			while (n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
				n--;
		}
		b64_encode(word, sizeof(word), s, n);
		buf_printf(b, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", word);
		s += n;
	}
}

/* A body in base64, its line ends CRLF first (RFC 2045 §6.8). */
static void
add_body(struct buf *b, const char *type, const char *s)
{
	char line[B64_SIZE(LINE_BYTES) + 1];
	struct buf text;

	buf_init(&text, LINE_ENDS_MAX * MAIL_MAX_BYTES);
	for (const char *p = s; *p != '\0'; p++) {
		if (*p == '\n' && (p == s || p[-1] != '\r'))
			buf_char(&text, '\r');
		buf_char(&text, *p);
	}
	buf_printf(b, "Content-Type: %s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n", type);
	for (size_t i = 0; i < text.len; i += LINE_BYTES) {
		size_t k = text.len - i < LINE_BYTES ? text.len - i :
		    LINE_BYTES;

		b64_encode(line, sizeof(line), text.p + i, k);
		buf_printf(b, "%s\r\n", line);
	}
	b->over |= text.over;
	buf_fini(&text);
}

/*
 * The name before the address.  RFC 5322 lets a phrase hold words of atoms;
 * anything else (a comma would be a second author) goes as encoded words, and
 * quotes that the setting has around the name are not part of it.
 */
static void
add_from(struct buf *b, struct arena *a, const char *from)
{
	const char *open = strchr(from, '<');
	char *name = open == NULL ? arena_strdup(a, "") : text_trim(a,
	    arena_strndup(a, from, (size_t)(open - from)));
	size_t n = strlen(name);

	if (n >= 2 && name[0] == '"' && name[n - 1] == '"') {
		name[n - 1] = '\0';
		name++;
	}
	if (*name != '\0' && plain_ascii(name) &&
	    strpbrk(name, "()<>[]:;@\\,.\"") == NULL) {
		buf_printf(b, "%s ", name);
	} else if (*name != '\0') {
		add_encoded(b, name);
		buf_str(b, "\r\n ");
	}
	buf_printf(b, "<%s>", mime_address(a, from));
}

int
mime_write(struct arena *a, const struct mime_mail *m, const char **out,
    size_t *n, struct err *e)
{
	const char *from = mime_address(a, m->from), *at = strrchr(from, '@');
	char date[CLOCK_TEXT_MAX];
	const char *boundary = arena_printf(a, "=_gp_%s", m->id);
	struct buf b;

	if (!address_clean(m->to) || !address_clean(from) ||
	    (m->reply_to != NULL && !address_clean(m->reply_to)))
		return err_set(e, ERR_INPUT, "bad_address",
		    "an envelope address is not clean");
	if (text_has_crlf(m->id, strlen(m->id)) ||
	    text_has_crlf(m->from, strlen(m->from)) ||
	    text_has_crlf(m->subject, strlen(m->subject)) ||
	    (m->unsubscribe != NULL && text_has_crlf(m->unsubscribe,
	    strlen(m->unsubscribe))))
		return err_set(e, ERR_INPUT, "bad_header",
		    "a header value has a line break");
	buf_init(&b, MAIL_MAX_BYTES);
	buf_printf(&b, "Date: %s\r\nFrom: ", clock_rfc5322(m->date_us, date));
	add_from(&b, a, m->from);
	if (m->reply_to != NULL)
		buf_printf(&b, "\r\nReply-To: <%s>", m->reply_to);
	buf_printf(&b, "\r\nTo: <%s>\r\nSubject: ", m->to);
	if (plain_ascii(m->subject))
		buf_str(&b, m->subject);
	else
		add_encoded(&b, m->subject);
	buf_printf(&b, "\r\nMessage-ID: <%s%s>\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", m->id,
	    at);
	/* One header line: RFC 5322 allows 998 bytes, and some readers of
	 * this header do not unfold. */
	if (m->unsubscribe != NULL)
		buf_printf(&b, "List-Unsubscribe: <%s>\r\n"
		    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
		    m->unsubscribe);
	if (m->html == NULL) {
		add_body(&b, "text/plain", m->text);
	} else {
		buf_printf(&b, "Content-Type: multipart/alternative; "
		    "boundary=\"%s\"\r\n\r\n--%s\r\n", boundary, boundary);
		add_body(&b, "text/plain", m->text);
		buf_printf(&b, "--%s\r\n", boundary);
		add_body(&b, "text/html", m->html);
		buf_printf(&b, "--%s--\r\n", boundary);
	}
	if (b.over) {
		buf_fini(&b);
		return err_set(e, ERR_INPUT, "mail_too_large", "too long");
	}
	*out = arena_memdup(a, b.p, b.len);
	*n = b.len;
	buf_fini(&b);
	return 0;
}
