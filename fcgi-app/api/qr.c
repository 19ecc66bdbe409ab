/*
 * qr.c - a QR code as SVG.  The only file that includes libqrencode.
 */
#include "api/factor_own.h"
#include "base/buf.h"

#include <qrencode.h>

#define QUIET	4			/* modules around it, as the standard asks */
#define SVG_MAX	((size_t)128 * 1024)

const char *
qr_svg(struct arena *a, const char *text, struct err *e)
{
	QRcode *q = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	const char *svg;
	struct buf b;
	int side;

	if (q == NULL) {
		err_errno(e, "qr_failed", "%zu bytes", strlen(text));
		return NULL;
	}
	side = q->width + 2 * QUIET;
	buf_init(&b, SVG_MAX);
	buf_printf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
	    "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	    "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"", side, side,
	    side, side);
	for (int y = 0; y < q->width; y++)
		for (int x = 0, run; x < q->width; x += run) {
			const unsigned char *at = q->data + y * q->width + x;

			for (run = 1; x + run < q->width &&
			    (at[run] & 1) == (at[0] & 1);)
				run++;
			if (at[0] & 1)
				buf_printf(&b, "M%d %dh%dv1h-%dz", x + QUIET,
				    y + QUIET, run, run);
		}
	buf_str(&b, "\"/></svg>");
	QRcode_free(q);
	svg = b.over ? NULL : arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	if (svg == NULL)
		err_set(e, ERR_INTERNAL, "qr_too_long", "over %zu bytes",
		    SVG_MAX);
	return svg;
}
