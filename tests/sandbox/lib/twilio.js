'use strict';
/*
 * Twilio over HTTPS: Messages of SMS and WhatsApp, and the status callbacks
 * that it signs.
 *
 * A number that ends in the five digits of a code gets that code: 2xxxx in the
 * answer, 3xxxx and 63xxx by callback, where they come in truth.
 */
const crypto = require('node:crypto');
const { Web, Refused } = require('./web');
const { Caller, checkSettings } = require('./caller');

const DEFAULTS = {
	account_sid: 'AC0123456789abcdef0123456789abcdef',
	auth_token: 'sandbox-twilio-token',
	keys: {},
	others: {},		/* further accounts by SID: auth_token, numbers */
	numbers: ['+15005550006', '+14155238886'],
	services: ['MG0123456789abcdef0123456789abcdef'],
	contents: { HX0123456789abcdef0123456789abcdef: 'Your code is {{1}}.' },
	window_ms: 24 * 3600 * 1000,
	sent_ms: 30, delivered_ms: 60, read_ms: 0, shuffle: false,
	callback_retry_ms: 1000, inbound_url: '',
};
const TEXT = {
	20003: [401, 'Authenticate'], 20404: [404, 'The requested resource was ' +
	    'not found'], 20429: [429, 'Too Many Requests'],
	21211: [400, 'Invalid \'To\' Phone Number'],
	21408: [403, 'Permission to send an SMS has not been enabled for the ' +
	    'region'],
	21602: [400, 'Message body is required.'],
	21604: [400, '\'To\' phone number is required.'],
	21606: [400, 'The \'From\' phone number is not a valid, SMS-capable ' +
	    'number'],
	21608: [400, 'The number is unverified.'],
	21610: [400, 'Attempt to send to unsubscribed recipient'],
	21612: [400, 'Message cannot be sent with the current combination of ' +
	    '\'To\' and \'From\''],
	21614: [400, '\'To\' number is not a valid mobile number'],
	21617: [400, 'The concatenated message body exceeds the 1600 character ' +
	    'limit'],
	21655: [400, 'The ContentSid is Invalid'],
	21656: [400, 'The ContentVariables Parameter is invalid.'],
	21609: [400, 'Invalid \'StatusCallback\' URL'],
};

function refuse(code, more = '') {
	const [status, message] = TEXT[code] || [400, 'Error'];

	throw new Refused(status, { code, message: more ? `${message}: ${more}` :
	    message, more_info: `https://www.twilio.com/docs/errors/${code}`,
	status }, `${code} ${message} ${more}`);
}

/* GSM 7-bit: an extended character is two septets. */
function segments(text) {
	const gsm = /^[\n\r\x20-\x5f\x61-\x7e£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà€]*$/
	    .test(text);
	const units = text.length +
	    (gsm ? (text.match(/[\^{}\\[~\]|€]/g) || []).length : 0);
	const one = gsm ? 160 : 70, more = gsm ? 153 : 67;

	return units <= one ? 1 : Math.ceil(units / more);
}

class Twilio extends Web {
	constructor(shared) {
		super('twilio', shared);
		this.messages = shared.messages;
		this.settings = structuredClone(DEFAULTS);
		this.caller = new Caller(shared.ca, () =>
		    this.settings.callback_retry_ms);
		this.forget();
	}

	forget() {
		this.rows = new Map();
		this.windows = new Map();
	}

	set(values) {
		checkSettings(DEFAULTS, values);
		Object.assign(this.settings, values);
		return this.settings;
	}

	reset() {
		this.settings = structuredClone(DEFAULTS);
		this.forget();
		return this.settings;
	}

	recipient(url, text) {
		return (new URLSearchParams(text).get('To') || '')
		    .replace(/^whatsapp:/, '');
	}

	route(req, url, text) {
		const sid = (/^\/2010-04-01\/Accounts\/(AC[0-9a-f]{32})\//
		    .exec(url.pathname) || [])[1];
		const s = this.of(sid) || this.settings;
		const base = `/2010-04-01/Accounts/${s.account_sid}/Messages`;

		this.authenticate(req, s);
		if (req.method === 'POST' && url.pathname === `${base}.json`) {
			if (!/^application\/x-www-form-urlencoded(;|$)/.test(
			    req.headers['content-type'] || ''))
				refuse(21604, 'content type');
			return { status: 201, body: this.take(
			    new URLSearchParams(text), s) };
		}
		const m = new RegExp(`^${base}/([SM]M[0-9a-f]{32})\\.json$`)
		    .exec(url.pathname);
		if (req.method === 'GET' && m && this.rows.has(m[1]))
			return { body: this.rows.get(m[1]).body };
		refuse(20404, url.pathname);
	}

	/* The account of that SID, or null. */
	of(sid) {
		const s = this.settings;

		return sid === s.account_sid ? s : !Object.hasOwn(s.others, sid) ?
		    null : { ...s, keys: {}, ...s.others[sid], account_sid: sid };
	}

	authenticate(req, s) {
		const m = /^Basic (\S+)$/.exec(req.headers.authorization || '');
		const [user, ...rest] = Buffer.from(m ? m[1] : '', 'base64')
		    .toString('utf8').split(':');
		const secret = user === s.account_sid ? s.auth_token :
		    Object.hasOwn(s.keys, user) ? s.keys[user] : null;

		if (secret === null || rest.join(':') !== secret)
			refuse(20003);
	}

	take(form, s) {
		const known = ['To', 'From', 'MessagingServiceSid', 'Body',
			'ContentSid', 'ContentVariables', 'StatusCallback',
			'ValidityPeriod'];

		for (const k of form.keys())
			if (!known.includes(k))
				refuse(20404, `parameter ${k}`);
		const to = form.get('To') || refuse(21604);
		const from = form.get('From');
		const service = form.get('MessagingServiceSid');
		const wa = to.startsWith('whatsapp:');
		const number = to.replace(/^whatsapp:/, '');
		if (!/^\+[1-9]\d{6,14}$/.test(number))
			refuse(21211, to);
		if ((from === null) === (service === null))
			refuse(21606, 'one of From and MessagingServiceSid');
		if (service !== null && !s.services.includes(service))
			refuse(21606, service);
		if (from !== null && !s.numbers.includes(
		    from.replace(/^whatsapp:/, '')))
			refuse(21606, from);
		if (from !== null && from.startsWith('whatsapp:') !== wa)
			refuse(21612);
		const callback = form.get('StatusCallback');
		if (callback !== null && !/^https?:\/\//.test(callback))
			refuse(21609, callback);
		const validity = form.get('ValidityPeriod');
		if (validity !== null && !(Number(validity) >= 1 &&
		    Number(validity) <= 36000))
			refuse(21606, 'ValidityPeriod');
		const body = this.body(form);
		const code = Number(number.slice(-5));
		if (TEXT[code] && code >= 21000)
			refuse(code, number);
		const late = [30001, 30002, 30003, 30004, 30005, 30006, 30007, 30008,
			30034, 63003, 63018, 63024, 63032].includes(code) ? code :
		    wa && form.get('ContentSid') === null && !this.open(number) ?
			63016 : 0;
		return this.keep({ to, number, from: from || service, body, wa,
			callback, late, form, s });
	}

	body(form) {
		const sid = form.get('ContentSid');
		const body = form.get('Body');

		if (sid === null) {
			if (!body)
				refuse(21602);
			if ([...body].length > 1600)
				refuse(21617);
			return body;
		}
		const text = this.settings.contents[sid] || refuse(21655, sid);
		let vars;
		try {
			vars = JSON.parse(form.get('ContentVariables') || '{}');
		} catch {
			refuse(21656);
		}
		return text.replace(/\{\{(\w+)\}\}/g, (_, name) =>
		    (typeof vars[name] === 'string' ? vars[name] : refuse(21656)));
	}

	open(number) {
		const at = this.windows.get(number);

		return at !== undefined && Date.now() - at < this.settings.window_ms;
	}

	keep({ to, number, from, body, wa, callback, late, form, s }) {
		const sid = `SM${crypto.randomBytes(16).toString('hex')}`;
		const now = new Date().toUTCString().replace('GMT', '+0000');
		const row = { callback, late, body: { sid,
			account_sid: s.account_sid, status: 'queued', to,
			from: form.get('From'), body,
			num_segments: wa ? '1' : String(segments(body)),
			num_media: '0', direction: 'outbound-api', error_code: null,
			error_message: null, price: null, price_unit: 'USD',
			api_version: '2010-04-01', date_created: now,
			date_updated: now, date_sent: null,
			uri: `/2010-04-01/Accounts/${s.account_sid}/Messages/${sid}.json`,
			messaging_service_sid: form.get('MessagingServiceSid'),
			subresource_uris: {} } };
		const first = { ...row.body };

		this.rows.set(sid, row);
		this.messages.add({ channel: wa ? 'whatsapp' : 'sms', to: number,
			text: body, provider: 'twilio', provider_id: sid,
			payload: { from, account: s.account_sid,
				...Object.fromEntries(form) } });
		const plan = (late ? [['sent', s.sent_ms], [wa ? 'failed' :
		    'undelivered', s.delivered_ms]] : [['sent', s.sent_ms],
			['delivered', s.delivered_ms],
			['read', wa ? s.read_ms : 0]]).filter(([, ms]) => ms > 0);
		const times = plan.map(([, ms]) => ms);
		if (s.shuffle)
			times.reverse();
		plan.forEach(([status], i) => setTimeout(() => {
			if (this.rows.has(sid))
				this.status(sid, status);
		}, times[i]).unref());
		return first;
	}

	status(sid, status, code) {
		const row = this.rows.get(sid);

		if (!row)
			throw new TypeError('no such message');
		const error = ['failed', 'undelivered'].includes(status) ?
		    code || row.late || 30008 : 0;
		row.body.status = status;
		row.body.error_code = error || null;
		if (!row.callback)
			return Promise.resolve(0);
		return this.callback(row.callback, row.body.account_sid, { MessageSid: sid, SmsSid: sid,
			MessageStatus: status, SmsStatus: status, To: row.body.to,
			...(row.body.from ? { From: row.body.from } : {}),
			AccountSid: row.body.account_sid, ApiVersion: '2010-04-01',
			...(error ? { ErrorCode: String(error) } : {}) });
	}

	/* A contact writes: WhatsApp's 24 hours begin. */
	inbound({ from, to = this.settings.numbers[1], text = 'Hello' }) {
		this.windows.set(from, Date.now());
		if (!this.settings.inbound_url)
			throw new TypeError('inbound_url is not set');
		const sid = `SM${crypto.randomBytes(16).toString('hex')}`;
		return this.callback(this.settings.inbound_url,
		    this.settings.account_sid, { MessageSid: sid,
			SmsSid: sid, SmsMessageSid: sid, SmsStatus: 'received',
			NumMedia: '0', NumSegments: '1', Body: text,
			From: `whatsapp:${from}`, To: `whatsapp:${to}`,
			AccountSid: this.settings.account_sid,
			ApiVersion: '2010-04-01' });
	}

	callback(url, account, form) {
		const text = url + Object.keys(form).sort()
		    .map((k) => k + form[k]).join('');

		return this.caller.post(url, {
			'content-type': 'application/x-www-form-urlencoded; ' +
			    'charset=UTF-8', 'user-agent': 'TwilioProxy/1.1',
			'x-twilio-signature': crypto.createHmac('sha1',
			    this.of(account).auth_token).update(text).digest('base64') },
		new URLSearchParams(form).toString());
	}
}

module.exports = { Twilio };
