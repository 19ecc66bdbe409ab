'use strict';
/*
 * How each push service words a refusal. A refusal is {kind, status?, reason};
 * the endpoint's path names the style. Bodies and codes are the services' own
 * (Mozilla's errno table, Apple's reasons, FCM's texts, WNS's headers).
 */

const REASONS = {
	ttl_missing: { status: 400, errno: 111, apple: 'BadTtl',
		text: 'TTL header is missing' },
	ttl_bad: { status: 400, errno: 112, apple: 'BadTtl',
		text: 'TTL is not a number of seconds' },
	ttl_negative: { status: 400, errno: 114, apple: 'BadTtl',
		text: 'TTL is negative' },
	urgency_bad: { status: 400, errno: 110, apple: 'BadUrgency',
		text: 'Urgency is none of very-low, low, normal, high' },
	topic_bad: { status: 400, errno: 113, apple: 'BadWebPushTopic',
		text: 'Topic is not 1 to 32 of the base64url alphabet' },
	encoding_bad: { status: 415, errno: 110, apple: 'BadWebPushRequest',
		text: 'Content-Encoding is not aes128gcm' },
	crypto_headers: { status: 400, errno: 110, apple: 'BadWebPushRequest',
		text: 'Encryption or Crypto-Key header beside aes128gcm' },
	body_bad: { status: 400, errno: 110, apple: 'BadWebPushRequest',
		text: 'the body does not decrypt' },
	auth_absent: { status: 401, errno: 109, apple: 'BadJwtToken',
		text: 'VAPID authorization is missing' },
	auth_invalid: { status: 403, errno: 109, apple: 'BadJwtToken',
		text: 'invalid JWT provided' },
	auth_mismatch: { status: 403, errno: 109, apple: 'VapidPkHashMismatch',
		text: 'the VAPID credentials in the authorization header do not ' +
		    'correspond to the credentials used to create the ' +
		    'subscriptions.' },
	unknown: { status: 404, errno: 102, apple: 'BadDeviceToken',
		text: 'no such endpoint' },
	gone: { status: 410, errno: 106, apple: 'Unregistered',
		text: 'push subscription has unsubscribed or expired.' },
	method: { status: 405, errno: 999, apple: 'MethodNotAllowed',
		text: 'POST only' },
	too_big: { status: 413, errno: 104, apple: 'PayloadTooLarge',
		text: 'payload over 4096 bytes' },
};

/* For a fault switch: what a bare status means to each service. */
const BY_STATUS = {
	400: { errno: 110, apple: 'BadWebPushRequest', text: 'bad request' },
	401: REASONS.auth_absent,
	403: REASONS.auth_mismatch,
	404: REASONS.unknown,
	406: { errno: 201, apple: 'TooManyRequests', text: 'throttled' },
	410: REASONS.gone,
	413: REASONS.too_big,
	429: { errno: 201, apple: 'TooManyRequests', text: 'too many requests' },
	500: { errno: 999, apple: 'InternalServerError', text: 'internal error' },
	502: { errno: 902, apple: 'InternalServerError', text: 'bad gateway' },
	503: { errno: 201, apple: 'ServiceUnavailable', text: 'use backoff' },
};

const TITLES = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden',
	404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable',
	410: 'Gone', 413: 'Payload Too Large', 415: 'Unsupported Media Type',
	429: 'Too Many Requests', 500: 'Internal Server Error',
	502: 'Bad Gateway', 503: 'Service Unavailable' };

function json(status, value, headers = {}) {
	return { status, headers: { 'content-type': 'application/json',
		...headers }, body: JSON.stringify(value) };
}

function text(status, value, type = 'text/plain; charset=utf-8') {
	return { status, headers: { 'content-type': type }, body: value };
}

const STYLES = {
	rfc(row, status, detail) {
		return text(status, `${row.text}${detail}\n`);
	},

	mozilla(row, status, detail) {
		const auth = status === 401 || status === 403;
		const code = auth ? 401 : status === 415 ? 400 : status;
		const headers = {};

		if (code === 410)
			headers['cache-control'] = 'max-age=86400';
		return json(code, { code, errno: row.errno || 999,
			error: TITLES[code] || 'Error',
			message: row.text + detail,
			more_info: 'http://autopush.readthedocs.io/en/latest/http.html#error-codes',
		}, headers);
	},

	apple(row, status) {
		let code = status;

		if (row.apple === 'VapidPkHashMismatch' ||
		    row.apple === 'BadWebPushRequest')
			code = 400;
		else if (row.apple === 'BadJwtToken')
			code = 403;
		return json(code, { reason: row.apple || 'BadWebPushRequest' });
	},

	fcm(row, status, detail, origin) {
		if (row === REASONS.auth_absent)
			return text(400, '<HTML>\n<HEAD>\n<TITLE>Unauthorized' +
			    'Registration</TITLE>\n</HEAD>\n<BODY>\n<H1>' +
			    'UnauthorizedRegistration</H1>\n<H2>Error 400</H2>\n' +
			    '</BODY>\n</HTML>\n', 'text/html; charset=UTF-8');
		if (row === REASONS.unknown)
			return text(404, 'A valid push subscription endpoint ' +
			    'should be specified in the URL as such: ' +
			    `${origin}/wp/dHIwMDE6...\n`);
		return text(status, row.text + '\n');
	},

	wns(row, status, detail) {
		const code = status === 429 ? 406 : status;
		const headers = {
			'x-wns-status': code === 406 ? 'channelthrottled' : 'dropped',
			'x-wns-notificationstatus': code === 406 ?
			    'channelthrottled' : 'dropped',
			'x-wns-error-description': (row.text + detail)
			    .replace(/[^\x20-\x7e]/g, '?'),
		};
		return { status: code, headers, body: '' };
	},
};

/*
 * The answer for `kind` (a key of REASONS) in `style`. `detail` is for people
 * and shown only where the service's body has room for it.
 */
function refusal(style, kind, detail, origin) {
	const row = REASONS[kind];
	return STYLES[style](row, row.status, detail ? `: ${detail}` : '',
	    origin);
}

function statusAnswer(style, status, origin) {
	const row = BY_STATUS[status] || { errno: 999,
		apple: 'InternalServerError', text: `status ${status}` };
	const out = STYLES[style](row, status, '', origin);

	out.status = status; /* the switch says exactly which */
	if (out.headers['content-type'] === 'application/json' &&
	    style === 'mozilla') {
		const body = JSON.parse(out.body);
		body.code = status;
		body.error = TITLES[status] || 'Error';
		out.body = JSON.stringify(body);
	}
	return out;
}

module.exports = { refusal, statusAnswer, REASONS };
