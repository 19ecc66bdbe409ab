/*
 * texts.c - what our own messages say, by template, purpose and locale.
 *
 * {code}, {purpose}, {site}, {minutes}, {detail} and {link} are filled in; in HTML
 * they are escaped.  A template or purpose without a row for each locale
 * fails a unit test, and so does a code's SMS that English sends in two parts.
 */
#include "channel/texts.h"
#include "channel/part.h"

#include "base/conf.h"
#include "base/json.h"
#include "base/text.h"

#include <strings.h>

#define MAIL_BODY_MAX	((size_t)16 * 1024)

const struct text_row text_rows[] = {
	{ "code", "en", "{site}: your code {code}",
	    "{code} is your {site} code{purpose}. It is good for {minutes} "
	    "minutes.",
	    "Your code{purpose}", "It is good for {minutes} minutes. If you "
	    "did not ask for it, ignore this message and tell nobody the "
	    "code." },
	{ "code", "fa", "{site}: کد شما {code}",
	    "کد {site}{purpose}: {code}\nاعتبار: {minutes} دقیقه",
	    "کد شما{purpose}", "این کد {minutes} دقیقه اعتبار دارد. اگر شما آن را "
	    "درخواست نکرده‌اید، این پیام را نادیده بگیرید و کد را به کسی "
	    "نگویید." },
	{ "signin", "en", "{site}: your code {code}",
	    "{code} is your {site} code{purpose}. It is good for {minutes} "
	    "minutes. Or open this link: {link}",
	    "Your code{purpose}", "Enter the code, or open the link and press "
	    "the button there. Both are good for {minutes} minutes and work "
	    "once. If you did not ask to sign in, ignore this message and "
	    "give neither to anybody." },
	{ "signin", "fa", "{site}: کد شما {code}",
	    "کد {site}{purpose}: {code}\nاعتبار: {minutes} دقیقه\nیا این پیوند "
	    "را باز کنید: {link}",
	    "کد شما{purpose}", "کد را وارد کنید، یا پیوند را باز کنید و دکمهٔ "
	    "آن را بزنید. هر دو {minutes} دقیقه اعتبار دارند و یک بار کار "
	    "می‌کنند. اگر شما نخواسته‌اید وارد شوید، این پیام را نادیده بگیرید "
	    "و هیچ‌کدام را به کسی ندهید." },
	{ "confirm_email", "en", "{site}: confirm your e-mail address",
	    "Confirm your e-mail address for {site} within 24 hours: {link}\n"
	    "If you did not register, ignore this message.",
	    "Confirm your e-mail address", "Open this link within 24 hours and "
	    "press the button there. If you did not register, ignore this "
	    "message: nothing happens." },
	{ "confirm_email", "fa", "{site}: نشانی ایمیل خود را تأیید کنید",
	    "نشانی ایمیل خود را برای {site} تا ۲۴ ساعت تأیید کنید: {link}\n"
	    "اگر شما ثبت‌نام نکرده‌اید این پیام را نادیده بگیرید.",
	    "نشانی ایمیل خود را تأیید کنید", "تا ۲۴ ساعت این پیوند را باز کنید و "
	    "دکمهٔ آن را بزنید. اگر شما ثبت‌نام نکرده‌اید این پیام را نادیده "
	    "بگیرید: اتفاقی نمی‌افتد." },
	{ "taken", "en", "{site}: you already have an account",
	    "Someone tried to use this address at {site}. It is yours "
	    "already: sign in, or reset your password.",
	    "You already have an account", "Someone tried to use this address "
	    "at {site}. It is yours already: sign in, or reset your password "
	    "if you forgot it. If it was not you, nothing needs to be done." },
	{ "taken", "fa", "{site}: شما حساب دارید",
	    "کسی خواست از این نشانی در {site} استفاده کند. این نشانی مال "
	    "شماست: وارد شوید یا گذرواژه را بازنشانی کنید.",
	    "شما حساب دارید", "کسی خواست از این نشانی در {site} استفاده کند. "
	    "این نشانی از پیش مال شماست: وارد شوید یا اگر گذرواژه را فراموش "
	    "کرده‌اید آن را بازنشانی کنید. اگر شما نبوده‌اید کاری لازم نیست." },
	{ "password_changed", "en", "{site}: your password was changed",
	    "Your {site} password was changed. If it was not you, reset it "
	    "now.",
	    "Your password was changed", "If it was not you, reset your "
	    "password now and look through your sessions." },
	{ "password_changed", "fa", "{site}: گذرواژهٔ شما تغییر کرد",
	    "گذرواژهٔ {site} شما تغییر کرد. اگر شما نبودید همین حالا آن را "
	    "بازنشانی کنید.",
	    "گذرواژهٔ شما تغییر کرد", "اگر شما نبودید همین حالا گذرواژه را "
	    "بازنشانی کنید و نشست‌های خود را ببینید." },
	{ "number_changed", "en", "{site}: your phone number was changed",
	    "The phone number of your {site} account was changed. If it was "
	    "not you, contact the site now.",
	    "Your phone number was changed", "If it was not you, contact the "
	    "site now." },
	{ "number_changed", "fa", "{site}: شمارهٔ تلفن شما تغییر کرد",
	    "شمارهٔ تلفن حساب {site} شما تغییر کرد. اگر شما نبودید همین حالا "
	    "با سایت تماس بگیرید.",
	    "شمارهٔ تلفن شما تغییر کرد", "اگر شما نبودید همین حالا با سایت "
	    "تماس بگیرید." },
	{ "reset_done", "en", "{site}: your password was reset",
	    "Your {site} password was reset and every session was signed out. "
	    "If it was not you, reset it again now.",
	    "Your password was reset", "Every session was signed out. If it "
	    "was not you, reset it again now." },
	{ "reset_done", "fa", "{site}: گذرواژهٔ شما بازنشانی شد",
	    "گذرواژهٔ {site} شما بازنشانی شد و همهٔ نشست‌ها بسته شدند. اگر شما "
	    "نبودید دوباره آن را بازنشانی کنید.",
	    "گذرواژهٔ شما بازنشانی شد", "همهٔ نشست‌ها بسته شدند. اگر شما "
	    "نبودید همین حالا دوباره آن را بازنشانی کنید." },
	{ "refresh_reuse", "en", "{site}: a session was signed out",
	    "A {site} session of yours was used from two places and was signed "
	    "out. Sign in again; if it was not you, change your password.",
	    "A session was signed out", "It was used from two places, which "
	    "may mean that it was stolen. Sign in again; if it was not you, "
	    "change your password." },
	{ "refresh_reuse", "fa", "{site}: یک نشست بسته شد",
	    "یک نشست {site} شما از دو جا به کار رفت و بسته شد. دوباره وارد "
	    "شوید؛ اگر شما نبودید گذرواژه را عوض کنید.",
	    "یک نشست بسته شد", "از دو جا به کار رفت که شاید نشانهٔ دزدیده "
	    "شدن باشد. دوباره وارد شوید؛ اگر شما نبودید گذرواژه را عوض "
	    "کنید." },
	{ "account_closing", "en", "{site}: your account will be deleted",
	    "Your {site} account is closed and will be deleted for good. If "
	    "you want it back, undo it here: {link}",
	    "Your account will be deleted", "It is closed, and every session "
	    "was signed out. When the time to think it over is past, "
	    "everything is deleted for good. If you want it back, open this "
	    "link: {link}" },
	{ "account_closing", "fa", "{site}: حساب شما حذف خواهد شد",
	    "حساب {site} شما بسته شد و برای همیشه حذف خواهد شد. اگر آن را "
	    "می‌خواهید این پیوند را باز کنید: {link}",
	    "حساب شما حذف خواهد شد", "حساب بسته شد و همهٔ نشست‌ها پایان "
	    "یافتند. پس از مهلت بازگشت همه‌چیز برای همیشه حذف می‌شود. اگر "
	    "حساب را می‌خواهید این پیوند را باز کنید: {link}" },
	{ "account_restored", "en", "{site}: your account is back",
	    "Your {site} account was restored and will not be deleted. Sign "
	    "in to go on; if it was not you, change your password.",
	    "Your account is back", "It was restored and will not be deleted. "
	    "Sign in to go on; if it was not you, change your password." },
	{ "account_restored", "fa", "{site}: حساب شما بازگشت",
	    "حساب {site} شما بازگردانده شد و حذف نمی‌شود. برای ادامه وارد "
	    "شوید؛ اگر شما نبودید گذرواژه را عوض کنید.",
	    "حساب شما بازگشت", "حساب بازگردانده شد و حذف نمی‌شود. برای ادامه "
	    "وارد شوید؛ اگر شما نبودید گذرواژه را عوض کنید." },
	{ "impersonated", "en", "{site}: support is using your account",
	    "The staff of {site} is using your account for at most an hour. "
	    "The reason given: {detail}",
	    "Support is using your account", "The staff of {site} acts in "
	    "your account for at most an hour, and can change no password, "
	    "factor or session. You can end it in the list of your sessions. "
	    "The reason given: {detail}" },
	{ "impersonated", "fa", "{site}: پشتیبانی در حساب شماست",
	    "کارکنان {site} حداکثر یک ساعت از حساب شما استفاده می‌کنند. دلیل: "
	    "{detail}",
	    "پشتیبانی در حساب شماست", "کارکنان {site} حداکثر یک ساعت در حساب "
	    "شما کار می‌کنند و نمی‌توانند گذرواژه، عامل یا نشست‌ها را عوض کنند. "
	    "می‌توانید آن را در فهرست نشست‌های خود پایان دهید. دلیل: {detail}" },
	{ "reset_begun", "en", "{site}: set a new password",
	    "The staff of {site} asks you to set a new password: {link}",
	    "Set a new password", "The staff of {site} asks you to set a new password. Only you choose it, and only you get the code for it:" },
	{ "reset_begun", "fa", "{site}: گذرواژهٔ تازه بگذارید",
	    "کارکنان {site} از شما می‌خواهند گذرواژهٔ تازه‌ای بگذارید: {link}",
	    "گذرواژهٔ تازه بگذارید", "کارکنان {site} از شما می‌خواهند گذرواژهٔ تازه‌ای بگذارید. تنها شما آن را برمی‌گزینید و کد آن تنها به شما می‌رسد:" },
	{ "email_changed", "en", "{site}: your e-mail address was changed",
	    "The e-mail address of your {site} account was changed. If it was not you, contact the site now.",
	    "Your e-mail address was changed", "If it was not you, contact the site now." },
	{ "email_changed", "fa", "{site}: نشانی ایمیل شما تغییر کرد",
	    "نشانی ایمیل حساب {site} شما تغییر کرد. اگر شما نبودید همین حالا با سایت تماس بگیرید.",
	    "نشانی ایمیل شما تغییر کرد", "اگر شما نبودید همین حالا با سایت تماس بگیرید." },
	{ "number_undo", "en", "{site}: your phone number was changed",
	    "The phone number of your {site} account was changed to another. Not you? Undo it within 72 hours: {link}",
	    "Your phone number was changed", "If it was not you, undo it within 72 hours:" },
	{ "number_undo", "fa", "{site}: شمارهٔ تلفن شما تغییر کرد",
	    "شمارهٔ تلفن حساب {site} شما به شمارهٔ دیگری تغییر کرد. شما نبودید؟ تا ۷۲ ساعت آن را لغو کنید: {link}",
	    "شمارهٔ تلفن شما تغییر کرد", "اگر شما نبودید تا ۷۲ ساعت آن را لغو کنید:" },
	{ "email_undo", "en", "{site}: your e-mail address was changed",
	    "The e-mail address of your {site} account was changed to another. Not you? Undo it within 72 hours: {link}",
	    "Your e-mail address was changed", "If it was not you, undo it within 72 hours:" },
	{ "email_undo", "fa", "{site}: نشانی ایمیل شما تغییر کرد",
	    "نشانی ایمیل حساب {site} شما به نشانی دیگری تغییر کرد. شما نبودید؟ تا ۷۲ ساعت آن را لغو کنید: {link}",
	    "نشانی ایمیل شما تغییر کرد", "اگر شما نبودید تا ۷۲ ساعت آن را لغو کنید:" },
	{ "number_added", "en", "{site}: a phone number was added",
	    "A phone number was added to your {site} account. Not you? Undo it within 72 hours: {link}",
	    "A phone number was added", "If it was not you, undo it within 72 hours:" },
	{ "number_added", "fa", "{site}: شمارهٔ تلفنی افزوده شد",
	    "شمارهٔ تلفنی به حساب {site} شما افزوده شد. شما نبودید؟ تا ۷۲ ساعت آن را لغو کنید: {link}",
	    "شمارهٔ تلفنی افزوده شد", "اگر شما نبودید تا ۷۲ ساعت آن را لغو کنید:" },
	{ "email_added", "en", "{site}: an e-mail address was added",
	    "An e-mail address was added to your {site} account. Not you? Undo it within 72 hours: {link}",
	    "An e-mail address was added", "If it was not you, undo it within 72 hours:" },
	{ "email_added", "fa", "{site}: نشانی ایمیلی افزوده شد",
	    "نشانی ایمیلی به حساب {site} شما افزوده شد. شما نبودید؟ تا ۷۲ ساعت آن را لغو کنید: {link}",
	    "نشانی ایمیلی افزوده شد", "اگر شما نبودید تا ۷۲ ساعت آن را لغو کنید:" },
	{ "change_undone", "en", "{site}: a change was undone",
	    "The change of your {site} account was undone and every session was signed out. Reset your password to sign in again.",
	    "The change was undone", "Every session was signed out. Reset your password to sign in again." },
	{ "change_undone", "fa", "{site}: یک تغییر لغو شد",
	    "تغییر حساب {site} شما لغو شد و همهٔ نشست‌ها بسته شدند. برای ورود دوباره گذرواژه را بازنشانی کنید.",
	    "تغییر لغو شد", "همهٔ نشست‌ها بسته شدند. برای ورود دوباره گذرواژه را بازنشانی کنید." },
	{ "factors_reset", "en", "{site}: the second sign-in step was removed",
	    "The staff of {site} removed the second sign-in step of your account. If you did not ask for it, contact the site now.",
	    "The second sign-in step was removed", "The staff did it and every session was signed out. If you did not ask for it, contact the site now." },
	{ "factors_reset", "fa", "{site}: گام دوم ورود برداشته شد",
	    "کارکنان {site} گام دوم ورود حساب شما را برداشتند. اگر شما نخواسته‌اید همین حالا با سایت تماس بگیرید.",
	    "گام دوم ورود برداشته شد", "کارکنان این کار را کردند و همهٔ نشست‌ها بسته شدند. اگر شما نخواسته‌اید همین حالا با سایت تماس بگیرید." },
	{ "new_signin", "en", "{site}: a new sign-in",
	    "A new device signed in to your {site} account: {detail}. If it was not you, change your password.",
	    "A new device signed in", "{detail}. If it was not you, change your password and look through your sessions." },
	{ "new_signin", "fa", "{site}: ورود تازه",
	    "دستگاه تازه‌ای وارد حساب {site} شما شد: {detail}. اگر شما نبودید گذرواژه را عوض کنید.",
	    "دستگاه تازه‌ای وارد شد", "{detail}. اگر شما نبودید گذرواژه را عوض کنید و نشست‌های خود را ببینید." },
	{ "provider_test", "en", "{site}: a test",
	    "This is a test of {site}. Nothing needs to be done.",
	    "This is a test", "It came as it should. Nothing needs to be "
	    "done." },
	{ "provider_test", "fa", "{site}: آزمایش",
	    "این پیام آزمایشی {site} است. کاری لازم نیست.",
	    "این یک آزمایش است", "پیام همان‌گونه که باید رسید. کاری لازم "
	    "نیست." },
	{ "identity_linked", "en", "{site}: a sign-in was added",
	    "Your {site} account can now be opened with {detail}. If it was "
	    "not you, remove it and change your password.",
	    "A sign-in was added", "The account can now be opened with "
	    "{detail}. If it was not you, remove it and change your "
	    "password." },
	{ "identity_linked", "fa", "{site}: یک راه ورود افزوده شد",
	    "حساب {site} شما اکنون با {detail} هم باز می‌شود. اگر شما نبودید "
	    "آن را بردارید و گذرواژه را عوض کنید.",
	    "یک راه ورود افزوده شد", "حساب شما اکنون با {detail} هم باز "
	    "می‌شود. اگر شما نبودید آن را بردارید و گذرواژه را عوض کنید." },
	{ "identity_unlinked", "en", "{site}: a sign-in was removed",
	    "A way to sign in was removed from your {site} account. If it was "
	    "not you, change your password.",
	    "A sign-in was removed", "A way to sign in was removed from your "
	    "account. If it was not you, change your password." },
	{ "identity_unlinked", "fa", "{site}: یک راه ورود برداشته شد",
	    "یک راه ورود از حساب {site} شما برداشته شد. اگر شما نبودید "
	    "گذرواژه را عوض کنید.",
	    "یک راه ورود برداشته شد", "یک راه ورود از حساب شما برداشته شد. "
	    "اگر شما نبودید گذرواژه را عوض کنید." },
	{ "mfa_on", "en", "{site}: your second step was changed",
	    "Signing in to {site} now needs a second step. If it was not you, "
	    "reset your password and contact the site now.",
	    "Your second step was turned on or changed", "Signing in now "
	    "needs a second step. If it was not you, reset your password and "
	    "contact the site now." },
	{ "mfa_on", "fa", "{site}: مرحلهٔ دوم ورود شما تغییر کرد",
	    "ورود به {site} اکنون مرحلهٔ دوم دارد. اگر شما نبودید گذرواژه را "
	    "بازنشانی کنید و با سایت تماس بگیرید.",
	    "مرحلهٔ دوم ورود شما روشن شد یا تغییر کرد", "ورود اکنون مرحلهٔ دوم "
	    "دارد. اگر شما نبودید همین حالا گذرواژه را بازنشانی کنید و با سایت "
	    "تماس بگیرید." },
	{ "mfa_off", "en", "{site}: a second step was removed",
	    "A second step was removed from your {site} account. If it was "
	    "not you, reset your password and turn it on again.",
	    "A second step was removed", "If it was not you, reset your "
	    "password now and turn it on again." },
	{ "mfa_off", "fa", "{site}: یک مرحلهٔ دوم ورود برداشته شد",
	    "یک مرحلهٔ دوم ورود از حساب {site} شما برداشته شد. اگر شما نبودید "
	    "گذرواژه را بازنشانی و آن را دوباره روشن کنید.",
	    "یک مرحلهٔ دوم ورود برداشته شد", "اگر شما نبودید همین حالا گذرواژه "
	    "را بازنشانی و آن را دوباره روشن کنید." },
	{ "recovery_used", "en", "{site}: a recovery code was used",
	    "Someone signed in to your {site} account with a recovery code. "
	    "If it was not you, reset your password now.",
	    "A recovery code was used", "Someone signed in to your account "
	    "with a recovery code. If it was not you, reset your password "
	    "now and make new recovery codes." },
	{ "recovery_used", "fa", "{site}: یک کد بازیابی به کار رفت",
	    "کسی با یک کد بازیابی وارد حساب {site} شما شد. اگر شما نبودید همین "
	    "حالا گذرواژه را بازنشانی کنید.",
	    "یک کد بازیابی به کار رفت", "کسی با یک کد بازیابی وارد حساب شما شد. "
	    "اگر شما نبودید همین حالا گذرواژه را بازنشانی کنید و کدهای "
	    "بازیابی تازه بسازید." },
	{ "recovery_new", "en", "{site}: new recovery codes",
	    "New recovery codes were made for your {site} account; older ones "
	    "are void. If it was not you, reset your password now.",
	    "New recovery codes were made", "Older ones are void. If it was "
	    "not you, reset your password now." },
	{ "recovery_new", "fa", "{site}: کدهای بازیابی تازه",
	    "برای حساب {site} شما کدهای بازیابی تازه ساخته شد و کدهای پیشین "
	    "باطل شدند. اگر شما نبودید گذرواژه را بازنشانی کنید.",
	    "کدهای بازیابی تازه ساخته شد", "کدهای پیشین باطل شدند. اگر شما "
	    "نبودید همین حالا گذرواژه را بازنشانی کنید." },
};
const size_t text_rows_count = COUNT_OF(text_rows);

const struct purpose_row purpose_rows[] = {
	{ "register", "en", " to register" },
	{ "register", "fa", " برای ثبت‌نام" },
	{ "login", "en", " to sign in" },
	{ "login", "fa", " برای ورود" },
	{ "reset", "en", " to reset your password" },
	{ "reset", "fa", " برای بازنشانی گذرواژه" },
	{ "phone", "en", " to confirm your phone number" },
	{ "phone", "fa", " برای تأیید شمارهٔ تلفن" },
	{ "email", "en", " to confirm your e-mail address" },
	{ "email", "fa", " برای تأیید نشانی ایمیل" },
	{ "mfa", "en", " for the second step" },
	{ "mfa", "fa", " برای مرحلهٔ دوم ورود" },
	{ "reauth", "en", " to confirm that it is you" },
	{ "reauth", "fa", " برای تأیید هویت شما" },
};
const size_t purpose_rows_count = COUNT_OF(purpose_rows);

/* Is `locale` the language `row`, with or without a region ("fa_IR")? */
static bool
speaks(const char *locale, const char *row)
{
	size_t n = strlen(row);

	return locale != NULL && strncasecmp(locale, row, n) == 0 &&
	    strchr("-_.", locale[n]) != NULL;
}

const struct text_row *
text_find(const char *template, const char *locale)
{
	const struct text_row *english = NULL;

	for (size_t i = 0; i < text_rows_count; i++) {
		if (strcmp(text_rows[i].template, template) != 0)
			continue;
		if (speaks(locale, text_rows[i].locale))
			return &text_rows[i];
		if (strcmp(text_rows[i].locale, "en") == 0)
			english = &text_rows[i];
	}
	return english;
}

static const char *
member(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s == NULL ? "" : s;
}

/* In the language of the row, not of the request: that may have none. */
static const char *
purpose_of(const struct message *m, const char *locale)
{
	const char *purpose = member(m->content, "purpose");

	for (size_t i = 0; i < purpose_rows_count; i++)
		if (strcmp(purpose_rows[i].purpose, purpose) == 0 &&
		    strcmp(purpose_rows[i].locale, locale) == 0)
			return purpose_rows[i].text;
	return "";
}

static const char *
site_of(const struct message *m)
{
	const char *site = member(m->content, "site");

	return *site != '\0' ? site : conf_str(CONF_SITE_NAME);
}

static void
add_escaped(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		switch (*s) {
		case '&':
			buf_str(b, "&amp;");
			break;
		case '<':
			buf_str(b, "&lt;");
			break;
		case '>':
			buf_str(b, "&gt;");
			break;
		case '"':
			buf_str(b, "&quot;");
			break;
		case '\'':
			buf_str(b, "&#39;");
			break;
		default:
			buf_char(b, *s);
		}
}

enum escape { ESCAPE_NOTHING, ESCAPE_HTML };

/* Fill {…} of a row's text. */
static void
fill(struct buf *b, const char *text, const struct text_row *row,
    const struct message *m, enum escape how)
{
	char minutes[24];
	const struct { const char *name, *value; } slots[] = {
		{ "{code}", member(m->secret, "code") },
		{ "{purpose}", purpose_of(m, row->locale) },
		{ "{site}", site_of(m) },
		{ "{minutes}", minutes },
		{ "{detail}", member(m->content, "detail") },
		{ "{link}", member(m->secret, "link") },
	};
	int64_t n = 0;

	(void)!json_int(json_get(m->content, "minutes"), &n);
	snprintf(minutes, sizeof(minutes), "%" PRId64, n);
	while (*text != '\0') {
		const char *value = NULL;
		size_t skip = 1;

		for (size_t i = 0; *text == '{' && i < COUNT_OF(slots); i++)
			if (text_starts(text, slots[i].name)) {
				value = slots[i].value;
				skip = strlen(slots[i].name);
			}
		if (value == NULL)
			buf_char(b, *text);
		else if (how == ESCAPE_HTML)
			add_escaped(b, value);
		else
			buf_str(b, value);
		text += skip;
	}
}

static const char *
filled(struct arena *a, const char *text, const struct text_row *row,
    const struct message *m)
{
	struct buf b;
	const char *s;

	buf_init(&b, MAIL_BODY_MAX);
	fill(&b, text, row, m, ESCAPE_NOTHING);
	s = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return s;
}

static bool
carries_code(const char *template)
{
	return strcmp(template, "code") == 0 ||
	    strcmp(template, "signin") == 0;
}

/* A small page that reads in every mail program; right-to-left for fa. */
static const char *
page(struct arena *a, const struct text_row *row, const struct message *m)
{
	bool rtl = strcmp(row->locale, "fa") == 0;
	struct buf b;
	const char *s;

	buf_init(&b, MAIL_BODY_MAX);
	buf_printf(&b, "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n"
	    "<head><meta charset=\"utf-8\"><meta name=\"viewport\" "
	    "content=\"width=device-width\"></head>\n"
	    "<body style=\"margin:0;padding:24px;background:#f4f5f7;"
	    "color:#1c2430;font:16px/1.6 system-ui,Tahoma,sans-serif\">\n"
	    "<div style=\"max-width:480px;margin:auto;padding:28px;"
	    "background:#fff;border-radius:12px\">\n<p style=\"margin:0 0 "
	    "16px;color:#5b6675\">", row->locale, rtl ? "rtl" : "ltr");
	add_escaped(&b, site_of(m));
	buf_printf(&b, "</p>\n<h1 style=\"margin:0 0 12px;font-size:22px\">");
	fill(&b, row->heading, row, m, ESCAPE_HTML);
	buf_str(&b, "</h1>\n");
	if (carries_code(row->template)) {
		buf_str(&b, "<p dir=\"ltr\" style=\"margin:0 0 12px;"
		    "font:600 34px/1.2 ui-monospace,monospace;"
		    "letter-spacing:6px\">");
		add_escaped(&b, member(m->secret, "code"));
		buf_str(&b, "</p>\n");
	}
	buf_str(&b, "<p style=\"margin:0\">");
	fill(&b, row->body, row, m, ESCAPE_HTML);
	if (*member(m->secret, "link") != '\0' &&
	    strstr(row->body, "{link}") == NULL) {
		buf_str(&b, "</p>\n<p dir=\"ltr\"><a href=\"");
		add_escaped(&b, member(m->secret, "link"));
		buf_str(&b, "\">");
		add_escaped(&b, member(m->secret, "link"));
		buf_str(&b, "</a>");
	}
	buf_str(&b, "</p>\n</div>\n</body>\n</html>\n");
	s = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return s;
}

int
channel_render(struct arena *a, const struct message *m, const char *channel,
    struct rendered *r, struct err *e)
{
	const char *template = member(m->content, "template");
	const char *locale = member(m->content, "locale");
	const struct text_row *row;

	/* Codes and notices are ours; all else brings its words along. */
	if (*template == '\0')
		return part_render(a, m, channel, r, e);
	memset(r, 0, sizeof(*r));
	if (*locale == '\0')
		locale = m->locale;
	row = text_find(template, locale);
	if (row == NULL)
		return err_set(e, ERR_INPUT, "no_template",
		    "no text for template \"%.40s\"", template);
	if (carries_code(template) &&
	    *member(m->secret, "code") == '\0')
		return err_set(e, ERR_INPUT, "bad_code",
		    "a code's message has none");
	r->text = filled(a, row->text, row, m);
	if (strcmp(channel, "email") == 0) {
		r->subject = filled(a, row->subject, row, m);
		r->html = page(a, row, m);
	}
	return 0;
}
