'use strict';
/*
 * Kavenegar's methods as rows: name, verbs, handler. A handler gets the
 * emulator and the form and returns `entries`; it throws Refused.
 */
const { STATUS_TEXT, TOKEN_SPACES, refuse, receptor, checkToken, render,
	checkTag, readSender } = require('./kavenegar_rules');

const RECEPTORS_MAX = 200;
const IDS_MAX = 500;
const MESSAGE_MAX = 1800;
const BOTH = ['GET', 'POST'];

function when(form) {
	const date = form.integer('date');

	if (!date)
		return null;
	if (date * 1000 < Date.now() - 1000)
		refuse(417, 'date is past');
	return date * 1000;
}

function line(kav, text) {
	if (text === undefined)
		return kav.settings.lines[0];
	const plain = readSender(text);
	if (!kav.settings.lines.includes(plain))
		refuse(412, `no line ${text}`);
	return plain;
}

function checkText(kav, text) {
	if (text === undefined)
		refuse(400, 'message is missing');
	if (text === '' || [...text].length > MESSAGE_MAX)
		refuse(413, 'message is empty or too long');
	if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text))
		refuse(422, 'control characters');
	if (!kav.settings.links_allowed && /https?:\/\//i.test(text))
		refuse(420, 'a link');
}

function common(kav, form) {
	const tag = form.maybe('tag');

	if (tag !== undefined)
		checkTag(tag, kav.settings.tags);
	const hide = form.maybe('hide');
	if (hide !== undefined && !['0', '1'].includes(hide))
		refuse(400, 'hide is 0 or 1');
}

function checkType(text) {
	if (text !== undefined && !/^[0-3]$/.test(text))
		refuse(400, 'type is 0 to 3');
}

/*
 * Accepts all rows or none. An earlier row with the same local id answers in
 * the new one's place: nothing is sent and nothing is charged.
 */
function accept(kav, rows) {
	const s = kav.settings;
	const earlier = rows.map((r) => r.localid === undefined ? null :
	    kav.store.byLocalId(r.localid));
	const fresh = rows.filter((r, i) => !earlier[i]);

	if (s.owner !== null && !fresh.every((r) => r.to.e164 === s.owner))
		refuse(501, 'a test account sends to its owner only');
	if (s.credit < fresh.length * s.cost)
		refuse(418, `credit ${s.credit}, cost ${fresh.length * s.cost}`);
	s.credit -= fresh.length * s.cost;
	return rows.map((r, i) => {
		if (earlier[i])
			return kav.store.entry(earlier[i]);
		/* Twice in one request is a duplicate too. */
		const same = r.localid === undefined ? null :
		    kav.store.byLocalId(r.localid);
		if (same) {
			s.credit += s.cost;
			return kav.store.entry(same);
		}
		const rec = kav.store.add(r);
		kav.keep(rec, r);
		return kav.store.entry(rec);
	});
}

function lookup(kav, form) {
	const to = receptor(form.need('receptor'));
	const name = form.need('template');
	const tokens = {};
	let type = form.maybe('type');

	form.need('token');
	for (const field of Object.keys(TOKEN_SPACES)) {
		const v = form.maybe(field);
		if (v !== undefined)
			checkToken(field, v);
		tokens[field] = v;
	}
	common(kav, form);
	if (type !== undefined && type !== 'sms' && type !== 'call')
		refuse(400, 'type is sms or call');
	if (!kav.settings.advanced)
		refuse(426, 'lookup needs the advanced service');
	const template = kav.settings.templates[name];
	if (template === undefined || /[\s_]/.test(name))
		refuse(424, `no template ${name}`);
	if (to.landline)
		type = 'call';
	if (type === 'call' && !/^\d+$/.test(tokens.token))
		refuse(428, 'a call reads digits only');
	const text = render(template, tokens);
	for (const k of Object.keys(tokens))
		if (tokens[k] === undefined)
			delete tokens[k];
	return accept(kav, [{ to, sender: kav.settings.lines[0], text,
		lookup: true, channel: type === 'call' ? 'call' : 'sms',
		payload: { method: 'verify/lookup', template: name,
			type: type || 'sms', tokens } }]);
}

function localids(form, name, count) {
	const text = form.maybe(name);

	if (text === undefined)
		return new Array(count).fill(undefined);
	const ids = text.trim().startsWith('[') ? form.array(name) :
	    text.split(',');
	if (ids.length !== count)
		refuse(419, `${ids.length} local ids for ${count} receptors`);
	if (!ids.every((id) => /^[\w.-]{1,64}$/.test(id)))
		refuse(422, 'a local id of other characters');
	return ids;
}

function send(kav, form, method = 'sms/send', channel = 'sms') {
	const to = form.list('receptor', RECEPTORS_MAX, 414).map(receptor);
	const text = form.map.get('message');
	const ids = localids(form, 'localid', to.length);

	checkText(kav, text);
	if (channel === 'sms' && to.some((r) => r.landline))
		refuse(411, 'a landline');
	checkType(form.maybe('type'));
	common(kav, form);
	const sender = line(kav, form.maybe('sender'));
	const at = when(form);
	return accept(kav, to.map((r, i) => ({ to: r, sender, text, at,
		localid: ids[i], lookup: false, channel,
		payload: { method, localid: ids[i] === undefined ? null :
		    ids[i] } })));
}

function sendarray(kav, form) {
	const to = form.array('receptor');
	const senders = form.array('sender');
	const texts = form.array('message');
	const types = form.array('type', true);

	for (const list of [senders, texts, types])
		if (list && list.length !== to.length)
			refuse(419, 'arrays of different lengths');
	if (to.length === 0)
		refuse(406, 'no receptor');
	if (to.length > RECEPTORS_MAX)
		refuse(414, `${to.length} rows`);
	const ids = localids(form, form.has('localmessageids') ?
	    'localmessageids' : 'localid', to.length);
	(types || []).forEach(checkType);
	common(kav, form);
	const at = when(form);
	const rows = to.map((r, i) => {
		const number = receptor(r);
		if (number.landline)
			refuse(411, 'a landline');
		checkText(kav, texts[i]);
		return { to: number, sender: line(kav, senders[i]),
			text: texts[i], at, localid: ids[i], lookup: false,
			channel: 'sms', payload: { method: 'sms/sendarray',
				localid: ids[i] === undefined ? null : ids[i] } };
	});
	return accept(kav, rows);
}

function statusRow(kav, rec, extra) {
	const status = rec ? kav.store.status(rec) : 100;

	return { ...extra, status, statustext: STATUS_TEXT[status] || '' };
}

function numeric(id) {
	return /^\d{1,15}$/.test(id) ? Number(id) : 0;
}

function status(kav, form) {
	return form.list('messageid', IDS_MAX, 414).map((id) =>
	    statusRow(kav, kav.store.byId(id), { messageid: numeric(id) }));
}

function statusLocal(kav, form) {
	return form.list('localid', IDS_MAX, 414).map((id) => {
		const rec = kav.store.byLocalId(id);
		return statusRow(kav, rec, { messageid: rec ? rec.messageid : 0,
			localid: id });
	});
}

function statusByReceptor(kav, form) {
	const to = receptor(form.need('receptor'));
	const from = Number(form.need('startdate'));
	const until = form.integer('enddate') || from + 86400;

	if (!Number.isInteger(from) || until < from || until - from > 86400)
		refuse(417, 'a range of one day at most');
	return [...kav.store.rows.values()].filter((r) =>
	    r.to.e164 === to.e164 && r.date >= from && r.date <= until)
	    .map((r) => statusRow(kav, r, { messageid: r.messageid,
		receptor: r.to.wire }));
}

function cancel(kav, form) {
	return form.list('messageid', IDS_MAX, 414).map((id) => {
		const rec = kav.store.byId(id);
		if (rec && kav.store.status(rec) === 2)
			rec.cancelled = true;
		return statusRow(kav, rec, { messageid: numeric(id) });
	});
}

function accountInfo(kav) {
	return { remaincredit: kav.settings.credit,
		expiredate: Math.floor(Date.now() / 1000) + 365 * 86400,
		type: 'master' };
}

function accountConfig(kav, form) {
	const c = kav.config;
	const words = { apilogs: ['justfaults', 'enabled', 'disabled'],
		debugmode: ['enabled', 'disabled'],
		resendfailed: ['enabled', 'disabled'] };

	for (const [name, allowed] of Object.entries(words)) {
		const v = form.maybe(name);
		if (v !== undefined && !allowed.includes(v))
			refuse(400, name);
		if (v !== undefined)
			c[name] = v;
	}
	const sender = form.maybe('defaultsender');
	if (sender !== undefined)
		c.defaultsender = line(kav, sender);
	const alarm = form.integer('mincreditalarm');
	if (alarm !== undefined)
		c.mincreditalarm = alarm;
	return { ...c };
}

function getdate() {
	const d = new Date();

	return { datetime: d.toISOString(), year: d.getUTCFullYear(),
		month: d.getUTCMonth() + 1, day: d.getUTCDate(),
		hour: d.getUTCHours(), minute: d.getUTCMinutes(),
		second: d.getUTCSeconds(),
		unixtime: Math.floor(d.getTime() / 1000) };
}

/* Our address is not registered with the account: always 407. */
function foreignAddress() {
	refuse(407, 'this address is not registered');
}

const METHODS = {
	'verify/lookup': { verbs: BOTH, run: lookup },
	'sms/send': { verbs: BOTH, run: (kav, form) => send(kav, form) },
	'sms/sendarray': { verbs: ['POST'], run: sendarray },
	'sms/status': { verbs: BOTH, run: status },
	'sms/statuslocalmessageid': { verbs: BOTH, run: statusLocal },
	'sms/statusbyreceptor': { verbs: BOTH, run: statusByReceptor },
	'sms/cancel': { verbs: BOTH, run: cancel },
	'sms/select': { verbs: BOTH, run: foreignAddress },
	'sms/selectoutbox': { verbs: BOTH, run: foreignAddress },
	'sms/latestoutbox': { verbs: BOTH, run: foreignAddress },
	'account/info': { verbs: BOTH, run: accountInfo },
	'account/config': { verbs: BOTH, run: accountConfig },
	'utils/getdate': { verbs: BOTH, run: getdate, open: true },
	'call/maketts': { verbs: BOTH,
		run: (kav, form) => send(kav, form, 'call/maketts', 'call') },
};

module.exports = { METHODS };
