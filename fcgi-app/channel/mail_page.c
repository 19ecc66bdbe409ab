/*
 * mail_page.c - see mail_page.h.
 *
 * Styles stand at their elements, for some mail programs drop a sheet; the
 * dark has one, for nothing else can say it, and who drops it reads in the
 * light.
 */
#include "channel/mail_page.h"

#include "base/text.h"

static const char dark[] = "<style>@media(prefers-color-scheme:dark){"
    ".p{background:#0f1013!important;color:#ececf0!important}"
    ".c{background:#17181c!important;border-color:#2a2c34!important}"
    ".s{color:#a3a7b4!important}.c a{color:#98a2ff!important}"
    ".c .k{background:#98a2ff!important;color:#0f1013!important}"
    ".l{border-color:#2a2c34!important}}</style>";

static void
add(struct buf *b, const char *s)
{
	html_escape(b, s, strlen(s));
}

void
mail_page_open(struct buf *b, const char *lang, bool rtl, const char *site,
    const char *title)
{
	buf_str(b, "<!doctype html>\n<html");
	if (lang != NULL)
		buf_printf(b, " lang=\"%s\"", lang);
	buf_printf(b, " dir=\"%s\">\n<head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<meta name=\"color-scheme\" content=\"light dark\">%s</head>\n"
	    "<body class=\"p\" style=\"margin:0;padding:24px 12px;"
	    "background:#f6f6f8;color:#17181c;font:16px/1.6 system-ui,Tahoma,"
	    "sans-serif\">\n<div class=\"c\" style=\"max-width:480px;"
	    "margin:auto;padding:26px 24px;background:#fff;border:1px solid "
	    "#e3e4ea;border-radius:14px;overflow-wrap:break-word\">\n", rtl ? "rtl" : "ltr", dark);
	if (site != NULL) {
		buf_str(b, "<p class=\"s\" style=\"margin:0 0 14px;"
		    "color:#5a5f6d;font-size:14px;font-weight:600\">");
		add(b, site);
		buf_str(b, "</p>\n");
	}
	buf_str(b, "<h1 style=\"margin:0 0 12px;font-size:21px;"
	    "line-height:1.35\">");
	add(b, title);
	buf_str(b, "</h1>\n");
}

static void
link_to(struct buf *b, const char *url)
{
	buf_str(b, "<a dir=\"ltr\" href=\"");
	add(b, url);
	buf_str(b, "\" style=\"color:#4453c9;overflow-wrap:anywhere;"
	    "word-break:break-word\">");
	add(b, url);
	buf_str(b, "</a>");
}

void
mail_page_button(struct buf *b, bool rtl, const char *url, const char *word)
{
	buf_str(b, "<p style=\"margin:20px 0 0\"><a class=\"k\" href=\"");
	add(b, url);
	buf_str(b, "\" style=\"display:inline-block;padding:10px 18px;"
	    "border-radius:8px;background:#4453c9;color:#fff;"
	    "font-weight:600;text-decoration:none\">");
	add(b, word);
	buf_printf(b, "</a></p>\n<p dir=\"ltr\" class=\"s\" style=\""
	    "text-align:%s;margin:12px 0 0;color:#5a5f6d;font-size:12px\">",
	    rtl ? "right" : "left");
	link_to(b, url);
	buf_str(b, "</p>\n");
}

void
mail_page_close(struct buf *b)
{
	buf_str(b, "</div>\n</body>\n</html>\n");
}
