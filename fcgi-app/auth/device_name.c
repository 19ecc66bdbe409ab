/*
 * device_name.c - a small table, the first match counts: browsers name their
 * ancestors too, so the special ones come first.
 */
#include "auth/device_name.h"

#include "base/cdefs.h"

struct word { const char *in, *name; };

static const struct word browsers[] = {
	{ "SamsungBrowser/", "Samsung Internet" }, { "EdgA/", "Edge" },
	{ "EdgiOS/", "Edge" }, { "Edg/", "Edge" }, { "Edge/", "Edge" },
	{ "OPR/", "Opera" }, { "OPiOS/", "Opera" }, { "Vivaldi/", "Vivaldi" },
	{ "YaBrowser/", "Yandex Browser" }, { "FxiOS/", "Firefox" },
	{ "Firefox/", "Firefox" }, { "CriOS/", "Chrome" },
	{ "Chromium/", "Chromium" }, { "Chrome/", "Chrome" },
	{ "Safari/", "Safari" }, { "okhttp/", "App" },
	{ "Dalvik/", "App" }, { "CFNetwork/", "App" }, { "Expo/", "App" },
	{ "Dart/", "App" }, { "curl/", "curl" }, { "Wget/", "Wget" },
	{ "python-requests/", "Python" }, { "Python/", "Python" },
	{ "Go-http-client/", "Go" }, { "node", "Node.js" },
	{ "PostmanRuntime/", "Postman" },
};
static const struct word systems[] = {
	{ "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" },
	{ "Windows", "Windows" }, { "CrOS", "ChromeOS" },
	{ "Macintosh", "macOS" }, { "Mac OS X", "macOS" },
	{ "Darwin/", "an Apple device" }, { "Linux", "Linux" },
	{ "FreeBSD", "FreeBSD" },
};

static const char *
look(const struct word *w, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(s, w[i].in) != NULL)
			return w[i].name;
	return NULL;
}

const char *
device_name(const char *user_agent, enum lang l, char out[DEVICE_NAME_MAX])
{
	const char *s = user_agent == NULL ? "" : user_agent;
	const char *b = look(browsers, COUNT_OF(browsers), s);
	const char *o = look(systems, COUNT_OF(systems), s);

	if (b != NULL && o != NULL)
		snprintf(out, DEVICE_NAME_MAX, lang_say(l, "%s on %s"),
		    lang_say(l, b), lang_say(l, o));
	else
		snprintf(out, DEVICE_NAME_MAX, "%s", lang_say(l, b != NULL ? b :
		    o != NULL ? o : "Unknown device"));
	return out;
}
