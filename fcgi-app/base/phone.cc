/*
 * phone.cc - libphonenumber behind a C interface.  The only file of C++.
 *
 * No exception leaves this file: C code below it has no way to catch one.
 * The library's headers come first, because ours ban calls that the C++
 * headers declare.
 */
#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/logger.h>

#include <cstring>
#include <string>

#include "base/phone.h"

using i18n::phonenumbers::Logger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

/* Longer than any way to write 15 digits, in UTF-8. */
const size_t kInputMax = 96;

/* The library's own logger prints to standard output. */
class Quiet : public Logger {
    public:
	void WriteMessage(const std::string &) override {}
};

const PhoneNumberUtil *
util()
{
	static PhoneNumberUtil *u = [] {
		PhoneNumberUtil *made = PhoneNumberUtil::GetInstance();

		made->SetLogger(new Quiet);	/* taken over by it */
		return made;
	}();

	return u;
}

/*
 * The library also reads letters ("1-800-FLOWERS"), extensions and tel: URIs;
 * none of them is a number we can send to.
 */
bool
only_number_characters(const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = static_cast<unsigned char>(*s);

		if (c < 0x80 && (c < '0' || c > '9') &&
		    std::strchr("+-(). /\t", c) == nullptr)
			return false;
	}
	return true;
}

bool
gets_messages(PhoneNumberUtil::PhoneNumberType t)
{
	return t != PhoneNumberUtil::PREMIUM_RATE &&
	    t != PhoneNumberUtil::SHARED_COST;
}

/*
 * "Possible" goes by length: of mobile numbers, because short company numbers
 * are possible too and get no message.  A number that keeps a leading zero is
 * right in Italy and a mistyped national form elsewhere ("0912123456"), so it
 * must also be valid.
 */
bool
can_be_sent_to(const PhoneNumber &number)
{
	if (util()->IsPossibleNumberForTypeWithReason(number,
	    PhoneNumberUtil::MOBILE) != PhoneNumberUtil::IS_POSSIBLE)
		return false;
	if (number.italian_leading_zero() && !util()->IsValidNumber(number))
		return false;
	return gets_messages(util()->GetNumberType(number));
}

bool
normalise(const char *in, const char *region, char out[PHONE_MAX])
{
	PhoneNumber number;
	std::string e164;

	if (std::strlen(in) > kInputMax || !only_number_characters(in))
		return false;
	if (util()->Parse(in, region, &number) !=
	    PhoneNumberUtil::NO_PARSING_ERROR || number.has_extension())
		return false;
	if (!can_be_sent_to(number))
		return false;
	util()->Format(number, PhoneNumberUtil::E164, &e164);
	if (e164.size() < 3 || e164.size() >= PHONE_MAX)
		return false;
	std::memcpy(out, e164.c_str(), e164.size() + 1);
	return true;
}

enum phone_reach
reach(const char *e164, size_t *country)
{
	PhoneNumber number;
	std::string code;

	if (std::strlen(e164) >= PHONE_MAX || util()->Parse(e164, "ZZ",
	    &number) != PhoneNumberUtil::NO_PARSING_ERROR)
		return PHONE_NEVER;
	*country = std::to_string(number.country_code()).size();
	switch (util()->GetNumberType(number)) {
	case PhoneNumberUtil::MOBILE:
	case PhoneNumberUtil::FIXED_LINE_OR_MOBILE:
	case PhoneNumberUtil::VOIP:
		break;
	case PhoneNumberUtil::UNKNOWN:
		util()->GetRegionCodeForCountryCode(number.country_code(),
		    &code);
		return code == "001" ? PHONE_GLOBAL : PHONE_UNALLOCATED;
	default:
		return PHONE_NEVER;
	}
	util()->GetRegionCodeForNumber(number, &code);
	return code == "001" ? PHONE_GLOBAL : PHONE_REACHED;
}

}

extern "C" enum phone_reach
phone_reach(const char *e164, size_t *country)
{
	*country = 0;
	try {
		return reach(e164, country);
	} catch (...) {
		return PHONE_NEVER;
	}
}

extern "C" int
phone_normalise(const char *in, const char *region, char out[PHONE_MAX])
{
	try {
		return normalise(in, region, out) ? 1 : 0;
	} catch (...) {
		return 0;
	}
}

extern "C" void
phone_region(const char *e164, char out[3])
{
	out[0] = '\0';
	try {
		PhoneNumber number;
		std::string code;

		if (std::strlen(e164) >= PHONE_MAX ||
		    util()->Parse(e164, "ZZ", &number) !=
		    PhoneNumberUtil::NO_PARSING_ERROR)
			return;
		util()->GetRegionCodeForNumber(number, &code);
		/* "ZZ" is unknown; "001" is no country. */
		if (code.size() == 2 && code != "ZZ")
			std::memcpy(out, code.c_str(), 3);
	} catch (...) {
		out[0] = '\0';
	}
}

extern "C" void
phone_init(void)
{
	char out[PHONE_MAX];

	/* Parsing once builds the region's patterns as well. */
	(void)phone_normalise("+989121234567", "IR", out);
}
