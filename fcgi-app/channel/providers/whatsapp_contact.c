/*
 * whatsapp_contact.c - numbers, names and words of WhatsApp; see whatsapp.h.
 */
#include "channel/providers/whatsapp.h"

#include "base/text.h"

#define DIGITS	"0123456789"
#define NUMBER_MIN	7u
#define NUMBER_MAX	15u
#define BLANKS_MAX	4u

/*
 * Countries whose mobile numbers have a digit that comes and goes: after
 * `before`, at `at`, in numbers of `n` digits with it.
 */
static const struct { const char *before; size_t at, n; char digit; }
    odd_digit[] = {
	{ "55", 4, 13, '9' },		/* Brazil: 55 DD 9 XXXXXXXX */
	{ "521", 2, 13, '1' },		/* Mexico: 52 1 XXXXXXXXXX */
	{ "549", 2, 13, '9' },		/* Argentina: 54 9 XXXXXXXXXX */
};

/* "CC." and letters or digits (PROVIDERS.md 4.5, the change of 2026). */
static bool
is_user_id(const char *s)
{
	size_t n = strlen(s);

	if (n < 4 || n > WHATSAPP_CONTACT_MAX || s[2] != '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || s[i] == '.' ||
		    (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= 'a' && s[i] <= 'z')))
			return false;
	return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z';
}

const char *
whatsapp_contact(struct arena *a, const char *number)
{
	size_t n;

	if (number == NULL)
		return NULL;
	if (*number == '+')
		number++;
	n = strlen(number);
	if (n < NUMBER_MIN || n > NUMBER_MAX ||
	    strspn(number, DIGITS) != n)
		return is_user_id(number) ? arena_strdup(a, number) : NULL;
	for (size_t i = 0; i < COUNT_OF(odd_digit); i++)
		if (n == odd_digit[i].n &&
		    text_starts(number, odd_digit[i].before) &&
		    number[odd_digit[i].at] == odd_digit[i].digit)
			return arena_printf(a, "%.*s%s",
			    (int)odd_digit[i].at, number,
			    number + odd_digit[i].at + 1);
	return arena_strdup(a, number);
}

size_t
whatsapp_forms(const char *number, char form[2][WHATSAPP_NUMBER_MAX])
{
	const char *p = *number == '+' ? number + 1 : number;
	size_t n = strlen(p);

	if (n < NUMBER_MIN || n > NUMBER_MAX || strspn(p, DIGITS) != n)
		return 0;
	snprintf(form[0], WHATSAPP_NUMBER_MAX, "+%s", p);
	for (size_t i = 0; i < COUNT_OF(odd_digit); i++) {
		size_t at = odd_digit[i].at;
		bool with = n == odd_digit[i].n && p[at] == odd_digit[i].digit;

		/* "521" and "549" are written with it in the table. */
		if (strncmp(p, odd_digit[i].before, 2) != 0 ||
		    (!with && n != odd_digit[i].n - 1))
			continue;
		if (with)
			snprintf(form[1], WHATSAPP_NUMBER_MAX, "+%.*s%s",
			    (int)at, p, p + at + 1);
		else
			snprintf(form[1], WHATSAPP_NUMBER_MAX, "+%.*s%c%s",
			    (int)at, p, odd_digit[i].digit, p + at);
		return 2;
	}
	return 1;
}

bool
whatsapp_parameter_ok(const char *s)
{
	unsigned blanks = 0;

	if (*s == '\0' || utf8_count(s) > WHATSAPP_PARAMETER_MAX)
		return false;
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
		blanks = *s == ' ' ? blanks + 1 : 0;
		if (blanks > BLANKS_MAX)
			return false;
	}
	return true;
}

bool
whatsapp_template_ok(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 512 &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz" DIGITS "_") == n;
}

bool
whatsapp_language_ok(const char *s)
{
	size_t low = strspn(s, "abcdefghijklmnopqrstuvwxyz"), up;

	if (low < 2 || low > 3)
		return false;
	if (s[low] == '\0')
		return true;
	up = strspn(s + low + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return s[low] == '_' && up == 2 && s[low + 1 + up] == '\0';
}

const char *
whatsapp_language(struct arena *a, const char *list, const char *locale)
{
	size_t want = locale == NULL ? 0 : strcspn(locale, "-_");
	const char *first = NULL;

	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		const char *one = text_trim(a, arena_strndup(a, list, n));

		if (first == NULL)
			first = one;
		if (want >= 2 && strncmp(one, locale, want) == 0 &&
		    (one[want] == '\0' || one[want] == '_'))
			return one;
		list += n + (list[n] == ',' ? 1 : 0);
	}
	return first == NULL ? "en_US" : first;
}

void
callback_name(char out[CALLBACK_NAME], uint64_t notification_id, uint32_t seq)
{
	snprintf(out, CALLBACK_NAME, "gp-%" PRIu64 "-%" PRIu32,
	    notification_id, seq);
}

int
callback_name_read(const char *s, uint64_t *notification_id, uint32_t *seq)
{
	char id[24];
	uint64_t v;
	size_t n;

	if (s == NULL || !text_starts(s, "gp-"))
		return 0;
	s += 3;
	n = strcspn(s, "-");
	if (n == 0 || n >= sizeof(id) || s[n] != '-')
		return 0;
	memcpy(id, s, n);
	id[n] = '\0';
	if (!text_u64(id, INT64_MAX, notification_id) ||
	    *notification_id == 0 || !text_u64(s + n + 1, UINT32_MAX, &v) ||
	    v == 0)
		return 0;
	*seq = (uint32_t)v;
	return 1;
}
