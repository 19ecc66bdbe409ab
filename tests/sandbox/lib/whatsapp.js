'use strict';
/*
 * WhatsApp Cloud over HTTPS: the Graph's messages endpoint, as strict as an
 * app in production, and the webhooks that it signs.
 *
 * A contact's 24 hours begin with an inbound message (POST /whatsapp/inbound).
 * A number that ends in the six digits of an error gets that error: 131026 and
 * 131042 at once, 131049 by webhook after it was accepted; `outcomes` says so
 * of any number.
 */
const crypto = require('node:crypto');
const { Web, Refused } = require('./web');
const { retryAfter } = require('./faults');
const { Caller, checkSettings } = require('./caller');

const DEFAULTS = {
	access_token: 'sandbox-whatsapp-token',
	app_secret: 'sandbox-whatsapp-secret',
	verify_token: 'sandbox-whatsapp-verify',
	phone_number_id: '106540352242922',
	display_phone_number: '15550783881',
	others: {},		/* further numbers by id: the four above of each */
	require_proof: false,
	templates: {
		hello_world: { languages: ['en_US'], text: 'Hello World' },
		order_update: { languages: ['en_US', 'fa'], parameters: 2,
			text: 'Hi {{1}}, your order {{2}} is on its way.' },
		order_named: { languages: ['en_US'], names: ['customer', 'order'],
			text: 'Hi {{customer}}, order {{order}} has news.' },
		news_digest: { languages: ['en_US', 'fa'], parameters: 1,
			text: 'There are {{1}} new messages for you.' },
		otp_copy: { languages: ['en_US', 'fa'], code: true,
			text: '{{1}} is your verification code.' },
		paused_one: { languages: ['en_US'], paused: true, text: '-' },
	},
	window_ms: 24 * 3600 * 1000, pair_ms: 6000, mps: 80,
	outcomes: {},
	webhook_url: '', webhook_retry_ms: 1000,
	sent_ms: 30, delivered_ms: 60, read_ms: 0,
	shuffle: false, duplicates: 1, wa_ids: {},
};

/* code: [HTTP status, title, details]. */
const ERRORS = {
	33: [400, 'Parameter value is not valid'],
	100: [400, 'Invalid parameter'],
	190: [401, 'Invalid OAuth access token'],
	130429: [429, 'Rate limit hit'],
	130472: [400, 'User\'s number is part of an experiment'],
	131005: [403, 'Access denied'],
	131008: [400, 'Required parameter is missing'],
	131009: [400, 'Parameter value is not valid'],
	131021: [400, 'Recipient cannot be sender'],
	131026: [400, 'Message Undeliverable'],
	131030: [400, 'Recipient phone number not in allowed list'],
	131042: [400, 'Business eligibility payment issue'],
	131047: [400, 'Re-engagement message'],
	131048: [429, 'Spam rate limit hit'],
	131049: [400, 'This message was not delivered to maintain healthy ' +
	    'ecosystem engagement.'],
	131051: [400, 'Unsupported message type'],
	131056: [400, '(Business Account, Consumer Account) pair rate limit hit'],
	132000: [400, 'Number of parameters does not match'],
	132001: [404, 'Template name does not exist in the translation'],
	132012: [400, 'Parameter format does not match'],
	132015: [400, 'Template is paused'],
	132018: [400, 'Template validation failed'],
};

function refuse(code, details = '', sub = 0) {
	const [status, title] = ERRORS[code] || [400, 'Unknown error'];
	const message = `(#${code}) ${title}`;

	throw new Refused(status, { error: { message, type: 'OAuthException',
		code, error_data: { messaging_product: 'whatsapp', details },
		...(sub ? { error_subcode: sub } : {}),
		fbtrace_id: crypto.randomBytes(16).toString('base64url') } },
	details || title, { 'www-authenticate':
	    `OAuth "Facebook Platform" "invalid_request" "${message}"` });
}

/* Brazil, Mexico, Argentina: one contact, two ways to write it. */
function contactOf(digits) {
	return digits.replace(/^55(\d\d)9(\d{8})$/, '55$1$2')
	    .replace(/^521(\d{10})$/, '52$1').replace(/^549(\d{10})$/, '54$1');
}

/* Meta signs, and sends, JSON with every other character escaped. */
function metaJson(value) {
	return JSON.stringify(value).replace(/[^\x00-\x7e]/g, (c) =>
	    `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
	    .replace(/\//g, '\\/');
}

class WhatsApp extends Web {
	constructor(shared) {
		super('whatsapp', shared);
		this.messages = shared.messages;
		this.settings = structuredClone(DEFAULTS);
		this.caller = new Caller(shared.ca, () =>
		    this.settings.webhook_retry_ms);
		this.forget();
	}

	forget() {
		this.windows = new Map();
		this.pairs = new Map();
		this.second = {};
		this.sent = new Map();
	}

	set(values) {
		checkSettings(DEFAULTS, values);
		if (values.webhook_url)
			new URL(values.webhook_url); /* throws TypeError */
		Object.assign(this.settings, values);
		return this.settings;
	}

	reset() {
		const { webhook_url: url } = this.settings;

		this.settings = { ...structuredClone(DEFAULTS), webhook_url: url };
		this.forget();
		return this.settings;
	}

	recipient(url, text) {
		try {
			return `+${String(JSON.parse(text).to).replace(/^\+/, '')}`;
		} catch {
			return ''; /* the answer will say so */
		}
	}

	/* A status that is one of their codes is told as they tell it. */
	apply(fault, answer, req, res) {
		if (fault.mode === 'status' && fault.body === undefined &&
		    fault.status < 500)
			return this.send(res, { status: fault.status, body: {
				error: { message: `(#${fault.status}) switched on`,
					type: 'OAuthException', code: fault.status === 429 ?
					    130429 : fault.status === 401 ? 190 : 100,
					error_data: { messaging_product: 'whatsapp',
						details: 'a switch' },
					fbtrace_id: 'sandbox' } },
			headers: retryAfter(fault) });
		return super.apply(fault, answer, req, res);
	}

	route(req, url, text) {
		const s = this.settings;
		const m = /^\/v\d{1,3}\.\d{1,3}\/([^/]+)(\/messages)?$/
		    .exec(url.pathname);
		const bearer = /^Bearer (\S+)$/.exec(
		    req.headers.authorization || '');

		if (!m)
			refuse(100, `Unknown path components: ${url.pathname}`);
		const who = this.of(m[1]);
		if (!bearer || bearer[1] !== (who || s).access_token)
			refuse(190, 'the bearer token');
		if (!who)
			refuse(100, `Unsupported ${req.method} request. Object with ` +
			    `ID '${m[1]}' does not exist`, 33);
		this.proof(url.searchParams.get('appsecret_proof'), who);
		if (req.method === 'GET' && !m[2])
			return { body: { id: who.phone_number_id,
				display_phone_number: who.display_phone_number,
				verified_name: 'Sandbox', quality_rating: 'GREEN' } };
		if (req.method !== 'POST' || !m[2])
			refuse(100, `Unsupported ${req.method} request`);
		if (!/^application\/json(;|$)/.test(
		    req.headers['content-type'] || ''))
			refuse(100, `content type ${req.headers['content-type']}`);
		return { body: this.take(parse(text), who) };
	}

	/* The number of that id, or null. */
	of(id) {
		const s = this.settings;

		return id === s.phone_number_id ? s : !Object.hasOwn(s.others, id) ?
		    null : { ...s, ...s.others[id], phone_number_id: id };
	}

	proof(given, s) {
		const want = crypto.createHmac('sha256', s.app_secret)
		    .update(s.access_token).digest('hex');

		if (given === null ? s.require_proof : given !== want)
			refuse(100, 'appsecret_proof');
	}

	take(d, s) {
		const known = ['messaging_product', 'recipient_type', 'to', 'type',
			'text', 'template', 'context', 'biz_opaque_callback_data'];

		for (const k of Object.keys(d))
			if (!known.includes(k))
				refuse(100, `unknown member ${k}`);
		if (d.messaging_product !== 'whatsapp')
			refuse(100, 'messaging_product');
		if (d.recipient_type !== undefined &&
		    d.recipient_type !== 'individual')
			refuse(100, 'recipient_type');
		if (typeof d.to !== 'string')
			refuse(131008, 'to');
		const digits = d.to.replace(/^\+/, '');
		if (!/^[1-9]\d{6,14}$/.test(digits))
			refuse(100, 'to is no phone number');
		if (digits === s.display_phone_number)
			refuse(131021);
		const data = d.biz_opaque_callback_data;
		if (data !== undefined && (typeof data !== 'string' ||
		    data.length > 512))
			refuse(100, 'biz_opaque_callback_data');
		const text = d.type === 'template' ? this.template(d.template) :
		    d.type === undefined || d.type === 'text' ?
			this.text(d.text) : refuse(131051, d.type);
		this.limits(digits, s);
		const outcome = this.outcome(digits);
		if (outcome && outcome.by !== 'webhook')
			refuse(outcome.code, 'by its number');
		if (d.type !== 'template' && !this.open(digits, s))
			refuse(131047, 'Message failed to send because more than 24 ' +
			    'hours have passed since the customer last replied to ' +
			    'this number.');
		return this.keep(d, digits, text, outcome, s);
	}

	text(t) {
		if (!t || typeof t.body !== 'string' || t.body === '')
			refuse(131008, 'text.body');
		if ([...t.body].length > 4096)
			refuse(100, 'text.body is longer than 4096');
		if (t.preview_url !== undefined && typeof t.preview_url !== 'boolean')
			refuse(131009, 'preview_url');
		return t.body;
	}

	template(t) {
		if (!t || typeof t.name !== 'string' || !t.language ||
		    typeof t.language.code !== 'string')
			refuse(131008, 'template.name, template.language.code');
		const { templates } = this.settings;
		const row = Object.hasOwn(templates, t.name) ?
		    templates[t.name] : null;
		if (!row || !row.languages.includes(t.language.code))
			refuse(132001, `template name (${t.name}) does not exist in ` +
			    t.language.code);
		if (row.paused)
			refuse(132015);
		const body = values(t, 'body');
		if (row.names)
			return named(row, body);
		const want = row.code ? 1 : row.parameters || 0;
		if (body.length !== want || body.some((p) => p.parameter_name))
			refuse(132000, `body: number of localizable_params ` +
			    `(${body.length}) does not match the expected number of ` +
			    `params (${want})`);
		if (row.code) {
			const button = values(t, 'button');
			if (button.length !== 1 || button[0].text !== body[0].text)
				refuse(132000, 'the button takes the code, too');
			if (body[0].text.length > 15)
				refuse(132018, 'a code has at most 15 characters');
		}
		return body.reduce((text, p, i) =>
		    text.replaceAll(`{{${i + 1}}}`, p.text), row.text);
	}

	limits(digits, s) {
		const id = s.phone_number_id, pair = `${id} ${digits}`;
		const now = Date.now();
		const last = this.pairs.get(pair);
		const second = Math.floor(now / 1000);

		if (!this.second[id] || second !== this.second[id].at)
			this.second[id] = { at: second, n: 0 };
		if (++this.second[id].n > s.mps)
			refuse(130429, 'Cloud API message throughput has been reached.');
		if (last !== undefined && now - last < s.pair_ms)
			refuse(131056, 'too many messages sent from this phone number ' +
			    'to the same phone number in a short period of time');
		this.pairs.set(pair, now);
	}

	outcome(digits) {
		const own = this.settings.outcomes[`+${digits}`];
		const code = Number(digits.slice(-6));

		if (own)
			return own;
		if (code === 131026 || code === 131042)
			return { code };
		return code === 131049 ? { code, by: 'webhook' } : null;
	}

	open(digits, s) {
		const at = this.windows.get(`${s.phone_number_id} ` +
		    contactOf(digits));

		return at !== undefined && Date.now() - at < this.settings.window_ms;
	}

	keep(d, digits, text, outcome, s) {
		const id = `wamid.${Buffer.concat([Buffer.from(digits),
			crypto.randomBytes(18)]).toString('base64')}`;
		const waId = s.wa_ids[`+${digits}`] || digits;

		this.sent.set(id, { id, to: digits, waId,
			data: d.biz_opaque_callback_data, from: s.phone_number_id });
		this.messages.add({ channel: 'whatsapp', to: `+${digits}`, text,
			provider: 'whatsapp', provider_id: id, payload: d,
			from: s.phone_number_id });
		this.report(id, outcome);
		return { messaging_product: 'whatsapp',
			contacts: [{ input: d.to, wa_id: waId }],
			messages: [{ id, ...(d.type === 'template' ?
			    { message_status: 'accepted' } : {}) }] };
	}

	/* What became of it, of itself; nothing where nobody wants to hear. */
	report(id, outcome) {
		const s = this.settings;

		if (!s.webhook_url)
			return;
		const plan = outcome ? [['failed', s.sent_ms, outcome.code]] :
		    [['sent', s.sent_ms], ['delivered', s.delivered_ms],
			['read', s.read_ms]].filter(([, ms]) => ms > 0);
		const times = plan.map(([, ms]) => ms);
		if (s.shuffle)
			times.reverse();
		plan.forEach(([status, , code], i) => {
			for (let n = 0; n < s.duplicates; n++)
				setTimeout(() => {
					if (this.sent.has(id) && s.webhook_url)
						this.status(id, status, code);
				}, times[i] + n * 20).unref();
		});
	}

	/* Signed and sent; resolves to the HTTP status they answered. */
	status(id, status, code) {
		const rec = this.sent.get(id);

		if (!rec)
			throw new TypeError('no such message');
		const [, title] = ERRORS[code] || [0, 'Unknown error'];
		return this.webhook({ statuses: [{ id, status,
			timestamp: String(Math.floor(Date.now() / 1000)),
			recipient_id: rec.waId,
			...(rec.data === undefined ? {} :
			    { biz_opaque_callback_data: rec.data }),
			...(status === 'failed' ? { errors: [{ code, title,
				message: title, error_data: { details: title } }] } : {
				conversation: { id: 'c'.repeat(32),
					origin: { type: 'utility' } },
				pricing: { billable: true, pricing_model: 'PMP',
					category: 'utility' } }) }] }, rec.from);
	}

	/* A contact writes to the number: the 24 hours begin. */
	inbound({ from, text = 'Hello', type = 'text', at_s: at, user_id: userId,
	    id, phone_number_id: number = this.settings.phone_number_id }) {
		const seconds = at === undefined ? Math.floor(Date.now() / 1000) : at;
		const digits = from === undefined ? undefined :
		    String(from).replace(/^\+/, '');

		if (digits !== undefined)
			this.windows.set(`${number} ${contactOf(digits)}`, seconds * 1000);
		return this.webhook({
			contacts: [{ profile: { name: 'Sheena Nelson ✨' },
				...(digits ? { wa_id: digits } : {}),
				...(userId ? { user_id: userId } : {}) }],
			messages: [{ ...(digits ? { from: digits } : {}),
				...(userId ? { from_user_id: userId } : {}),
				id: id || `wamid.${crypto.randomBytes(24)
				    .toString('base64')}`,
				timestamp: String(seconds), type,
				...(type === 'text' ? { text: { body: text } } : {}) }],
		}, number);
	}

	webhook(value, number) {
		const s = this.of(number) || this.settings;
		const body = metaJson({ object: 'whatsapp_business_account',
			entry: [{ id: '102290129340398', changes: [{
				field: 'messages', value: { messaging_product: 'whatsapp',
					metadata: {
						display_phone_number: s.display_phone_number,
						phone_number_id: s.phone_number_id },
					...value } }] }] });

		if (!s.webhook_url)
			throw new TypeError('webhook_url is not set');
		return this.caller.post(s.webhook_url, {
			'content-type': 'application/json',
			'user-agent': 'facebookexternalua',
			'x-hub-signature-256': `sha256=${crypto.createHmac('sha256',
			    s.app_secret).update(body).digest('hex')}` }, body);
	}
}

function parse(text) {
	let d;

	try {
		d = JSON.parse(text);
	} catch {
		refuse(100, 'The body is not JSON');
	}
	if (d === null || typeof d !== 'object' || Array.isArray(d))
		refuse(100, 'The body is no object');
	return d;
}

/* Parameters of the component of that type; each one text of a line. */
function values(t, type) {
	const all = (t.components || []).filter((c) => c && c.type === type);

	if (all.length > 1)
		refuse(132018, `${type} is there twice`);
	const list = all.length ? all[0].parameters : [];
	if (!Array.isArray(list))
		refuse(131009, 'parameters');
	for (const p of list)
		if (!p || p.type !== 'text' || typeof p.text !== 'string' ||
		    p.text === '' || /[\n\t]| {5}/.test(p.text))
			refuse(132012, `a parameter of ${type}`);
	if (type === 'button' && all.length && (all[0].sub_type !== 'url' ||
	    all[0].index !== '0'))
		refuse(131009, 'button');
	return list;
}

function named(row, body) {
	const given = body.map((p) => p.parameter_name);

	if (given.length !== row.names.length ||
	    !row.names.every((n) => given.includes(n)))
		refuse(132000, `named parameters: ${row.names}`);
	return body.reduce((text, p) =>
	    text.replaceAll(`{{${p.parameter_name}}}`, p.text), row.text);
}

module.exports = { WhatsApp };
