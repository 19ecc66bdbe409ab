/*
 * Reading HTTP/1.1 answers. Owns nothing; works inside the caller's buffer.
 * What must stay true: a positive answer means the bytes up to a->len were
 * one message, so the next answer starts exactly there.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"

static int
header_is(const char *line, size_t n, const char *name, const char **value,
    size_t *value_len)
{
	size_t k = strlen(name);

	if (n <= k || line[k] != ':' || strncasecmp(line, name, k) != 0)
		return 0;
	line += k + 1;
	n -= k + 1;
	while (n > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		n--;
	}
	*value = line;
	*value_len = n;
	return 1;
}

static int
number(const char *p, size_t n, int base, size_t *out)
{
	char text[20], *end;

	if (n == 0 || n >= sizeof text)
		return -1;
	memcpy(text, p, n);
	text[n] = '\0';
	*out = strtoul(text, &end, base);
	return end == text || *out > HTTP_ANSWER_MAX ? -1 : 0;
}

/*
 * With join set, moves the chunks' data together. Two passes, because an
 * incomplete body must be left as it came.
 */
static int
chunks(char *body, size_t n, int join, size_t *used, size_t *joined)
{
	size_t at = 0, out = 0, size, digits;
	char *eol;

	for (;;) {
		if ((eol = memmem(body + at, n - at, "\r\n", 2)) == NULL)
			return 0;
		digits = strspn(body + at, "0123456789abcdefABCDEF");
		if (number(body + at, digits, 16, &size) < 0)
			return -1;
		at = (size_t)(eol - body) + 2;
		if (size == 0)
			break;
		if (n - at < size + 2)
			return 0;
		if (join)
			memmove(body + out, body + at, size);
		out += size;
		at += size + 2;
	}
	/* nginx sends no trailers: the empty line follows at once */
	if (n - at < 2)
		return 0;
	*used = at + 2;
	*joined = out;
	return 1;
}

int
http_parse(char *buf, size_t n, struct http_answer *a)
{
	char *head_end, *line, *eol;
	const char *value;
	size_t value_len, length = 0, head;
	int chunked = 0, sized = 0, rc;

	if ((head_end = memmem(buf, n, "\r\n\r\n", 4)) == NULL)
		return n > 65536 ? -1 : 0;
	head = (size_t)(head_end - buf) + 4;
	if (head < 16 || memcmp(buf, "HTTP/1.", 7) != 0)
		return -1;
	a->status = atoi(buf + 9);
	a->close = buf[7] == '0';
	if (a->status < 200 || a->status > 599)
		return -1;
	for (line = memmem(buf, head, "\r\n", 2); line < head_end; line = eol) {
		line += 2;
		eol = memmem(line, head - (size_t)(line - buf), "\r\n", 2);
		if (header_is(line, (size_t)(eol - line), "content-length",
		    &value, &value_len)) {
			if (number(value, value_len, 10, &length) < 0)
				return -1;
			sized = 1;
		} else if (header_is(line, (size_t)(eol - line),
		    "transfer-encoding", &value, &value_len)) {
			chunked = value_len == 7 &&
			    strncasecmp(value, "chunked", 7) == 0;
		} else if (header_is(line, (size_t)(eol - line), "connection",
		    &value, &value_len)) {
			if (value_len == 5 && strncasecmp(value, "close", 5) == 0)
				a->close = 1;
		}
	}
	a->body = buf + head;
	if (chunked) {
		rc = chunks(buf + head, n - head, 0, &a->len, &a->body_len);
		if (rc <= 0)
			return rc;
		rc = chunks(buf + head, n - head, 1, &a->len, &a->body_len);
		a->len += head;
		return rc;
	}
	if (!sized && a->status != 204 && a->status != 304)
		return -1;
	if (n - head < length)
		return 0;
	a->body_len = length;
	a->len = head + length;
	return 1;
}

int
http_json_string(const char *body, size_t n, const char *name, char *out,
    size_t max)
{
	const char *end = body + n, *p = body, *q;
	size_t k = strlen(name);

	while ((p = memmem(p, (size_t)(end - p), name, k)) != NULL) {
		q = p + k;
		if (p > body && p[-1] == '"' && q < end && *q == '"') {
			for (q++; q < end && (*q == ' ' || *q == ':'); q++)
				;
			if (q < end && *q == '"') {
				p = ++q;
				q = memchr(q, '"', (size_t)(end - q));
				if (q == NULL || (size_t)(q - p) >= max)
					return 0;
				memcpy(out, p, (size_t)(q - p));
				out[q - p] = '\0';
				return 1;
			}
		}
		p += k;
	}
	return 0;
}
