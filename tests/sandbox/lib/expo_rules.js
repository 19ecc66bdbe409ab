'use strict';
/*
 * What Expo takes: members, their types, tokens, limits. Stricter than the
 * service: a member that is not documented is refused.
 */
const MESSAGES_MAX = 100;
const IDS_MAX = 1000;
const PAYLOAD_MAX = 4096;
const TOKEN = /^(?:Expo(?:nent)?PushToken\[[^[\]\s]{1,100}\]|[a-z\d]{8}-(?:[a-z\d]{4}-){3}[a-z\d]{12})$/i;

class Refused extends Error {
	constructor(status, code, message, details) {
		super(`${code}: ${message}`);
		Object.assign(this, { status, code, text: message, details });
	}

	/* The bearer's refusal has a form of its own. */
	body() {
		if (this.code === 'invalid_token')
			return { error: this.code, error_description: this.text };
		return { errors: [{ code: this.code, message: this.text,
			...(this.details ? { details: this.details } : {}) }] };
	}
}

function refuse(status, code, message, details) {
	throw new Refused(status, code, message, details);
}

const text = (v) => typeof v === 'string';
const whole = (v) => Number.isInteger(v) && v >= 0;
const object = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
const truth = (v) => typeof v === 'boolean';
const among = (...words) => (v) => words.includes(v);
const FIELDS = {
	to: (v) => (Array.isArray(v) ? v : [v]).every((t) => text(t) &&
	    TOKEN.test(t)) && (!Array.isArray(v) || v.length > 0),
	title: text, body: text, data: object, ttl: whole, expiration: whole,
	priority: among('default', 'normal', 'high'), subtitle: text,
	sound: (v) => v === null || text(v) || object(v), badge: whole,
	interruptionLevel: among('active', 'critical', 'passive',
	    'time-sensitive'),
	mutableContent: truth, _contentAvailable: truth, channelId: text,
	icon: text, richContent: object, categoryId: text, collapseId: text,
	tag: text,
};

/* A list of messages; throws Refused. */
function readMessages(json) {
	const list = Array.isArray(json) ? json : [json];
	let n = 0;

	if (list.length === 0)
		refuse(400, 'VALIDATION_ERROR', 'no message');
	for (const m of list) {
		if (!object(m) || !('to' in m))
			refuse(400, 'VALIDATION_ERROR', '"to" is required');
		for (const [k, v] of Object.entries(m))
			if (!Object.hasOwn(FIELDS, k) || !FIELDS[k](v))
				refuse(400, 'VALIDATION_ERROR', `"${k}"`);
		n += [].concat(m.to).length;
	}
	if (n > MESSAGES_MAX)
		refuse(400, 'PUSH_TOO_MANY_NOTIFICATIONS',
		    `${n} of at most ${MESSAGES_MAX}`);
	return list;
}

function readIds(json) {
	if (!object(json) || !Array.isArray(json.ids) ||
	    !json.ids.every((id) => text(id) && id.length > 0))
		refuse(400, 'VALIDATION_ERROR', '"ids"');
	if (json.ids.length > IDS_MAX)
		refuse(400, 'PUSH_TOO_MANY_RECEIPTS',
		    `${json.ids.length} of at most ${IDS_MAX}`);
	return json.ids;
}

function payloadBytes({ to, ...rest }) {
	return Buffer.byteLength(JSON.stringify(rest));
}

module.exports = { Refused, refuse, readMessages, readIds, payloadBytes,
	PAYLOAD_MAX };
