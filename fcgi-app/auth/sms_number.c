/*
 * sms_number.c - which numbers get an SMS at all (S45): what sms_guard.h says
 * of them, without a statement.
 */
#include "auth/sms_guard.h"

#include "base/conf.h"
#include "base/phone.h"

/* How much of the number its longest allowed prefix is; 0 none, 1 by "*". */
static size_t
prefix_allowed(const char *phone)
{
	const char *p = conf_str(CONF_SMS_PREFIXES);
	size_t best = 0;

	while (*p != '\0') {
		size_t n = strcspn(p, ", ");

		if (n > best && ((n == 1 && *p == '*') ||
		    strncmp(phone, p, n) == 0))
			best = n;
		p += n;
		p += strspn(p, ", ");
	}
	return best;
}

int
sms_guard_number(const char *phone, const char *field, struct err *e)
{
	size_t allowed = prefix_allowed(phone), country = 0;
	bool named;

	if (allowed == 0)
		return err_field(e, field, "country_not_served",
		    "no allowed prefix begins the number");
	/* A prefix beyond the country code was somebody's decision: it stands
	 * for ranges that the metadata does not know (yet). */
	switch (phone_reach(phone, &country)) {
	case PHONE_REACHED:
		return 0;
	case PHONE_UNALLOCATED:
		named = allowed > 1 + country;
		break;
	case PHONE_GLOBAL:
		named = allowed > 1;
		break;
	case PHONE_NEVER:
	default:
		named = false;
	}
	return named ? 0 : err_field(e, field, "number_not_served",
	    "premium, satellite, landline or unallocated");
}

void
sms_guard_prefix(const char *phone, char prefix[SMS_PREFIX_MAX])
{
	snprintf(prefix, SMS_PREFIX_MAX, "%.*s",
	    (int)conf_int(CONF_SMS_PREFIX_DIGITS) + 1, phone);
}
