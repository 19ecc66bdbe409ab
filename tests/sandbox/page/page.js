'use strict';
/* Shows what arrived. Everything that was sent reaches the page as text. */
const SHOWN = 200;
const RETRY_MS = 1000;
const $ = (id) => document.getElementById(id);
const NAMES = { sms: 'SMS', whatsapp: 'WhatsApp', email: 'e-mail', web_push: 'Web Push', expo: 'Expo', call: 'call' };

function el(tag, cls, ...kids) {
	const e = document.createElement(tag);
	if (cls)
		e.className = cls;
	e.append(...kids);
	return e;
}

/* A code of 4 to 8 digits is what people came for: in bold. */
function withCodes(text) {
	return text.split(/(\b\d{4,8}\b)/).map((part, i) =>
	    i % 2 ? el('b', '', part) : part);
}

function fold(title, kid) {
	const d = el('details', '', el('summary', '', title));
	d.addEventListener('toggle', () => {
		if (d.open && d.childElementCount === 1)
			d.append(kid());
	});
	return d;
}

function pretty(value) {
	return el('pre', '', typeof value === 'string' ? value :
	    JSON.stringify(value, null, 2));
}

function card(m) {
	const li = el('li', '');
	const when = el('time', 'when', new Date(m.received_at).toLocaleTimeString());

	when.dateTime = m.received_at;
	li.append(el('div', 'top',
	    el('span', 'tag ' + (NAMES[m.channel] ? m.channel : ''),
		NAMES[m.channel] || m.channel),
	    el('span', 'to', m.to), when));
	if (m.subject)
		li.append(el('p', 'subject', m.subject));
	if (m.text) {
		const p = el('p', 'text', ...withCodes(m.text));
		p.dir = 'auto';
		li.append(p);
	}
	if (m.encrypted)
		li.append(el('p', 'quiet', 'encrypted for a real browser'));
	if (m.html)
		li.append(fold('HTML', () => {
			const f = el('iframe', '');
			f.title = 'the mail as HTML';
			f.setAttribute('sandbox', '');
			f.src = '/messages/' + m.id + '/html';
			return f;
		}));
	if (m.payload)
		li.append(fold('Payload', () => pretty(m.payload)));
	if (Object.keys(m.headers).length)
		li.append(fold('Headers', () => pretty(m.headers)));
	return li;
}

function countRow(name, c) {
	const refused = Object.entries(c.refused).map(([k, n]) => k + ' × ' + n)
	    .join(', ') || '0';
	return el('tr', '', el('td', '', name), el('td', '', String(c.requests)),
	    el('td', '', String(c.accepted)), el('td', '', refused),
	    el('td', '', c.parallel + ' (max ' + c.max_parallel + ')'));
}

function faultText(f) {
	return [f.mode, f.status, f.stage && 'at ' + f.stage,
		f.after_ms && 'after ' + f.after_ms + ' ms',
		f.to && 'for ' + f.to,
		f.times ? f.times + ' more times' : 'until switched off']
	    .filter(Boolean).join(' · ');
}

async function get(path) {
	const r = await fetch(path);
	if (!r.ok)
		throw new Error((await r.json()).error || r.status);
	return r.json();
}

/* Only what is new is added, so that an opened mail stays open. */
let shown = new Map();
let view = '';

function draw(rows) {
	const next = new Map();
	const list = $('list');

	for (const m of rows)
		next.set(m.id, shown.get(m.id) || card(m));
	for (const [id, li] of shown)
		if (!next.has(id))
			li.remove();
	let before = list.firstChild;
	for (const li of next.values()) {
		if (li === before)
			before = before.nextSibling;
		else
			list.insertBefore(li, before);
	}
	shown = next;
	$('none').hidden = rows.length > 0;
}

async function refresh() {
	const p = new URLSearchParams({ limit: SHOWN });

	if ($('channel').value)
		p.set('channel', $('channel').value);
	if ($('to').value.trim())
		p.set('to', $('to').value.trim());
	if (view !== p.toString()) {
		view = p.toString();
		shown.forEach((li) => li.remove());
		shown = new Map();
	}
	const [rows, counts, faults, refusals] = await Promise.all([
		get('/messages?' + p), get('/counts'), get('/faults'),
		get('/refusals')]);
	draw(rows);
	$('rows').replaceChildren(...['kavenegar', 'push', 'smtp', 'expo'].map((k) =>
	    countRow(k, counts[k])));
	$('active').replaceChildren(...Object.entries(faults).map(([k, f]) =>
	    el('li', 'bad', k + ': ' + faultText(f))));
	$('refusals').replaceChildren(...refusals.slice(0, 20).map((r) =>
	    el('li', '', r.at.slice(11, 19) + ' ' + r.provider + ' ' + r.status +
		': ' + r.reason)));
	if (refusals.length === 0)
		$('refusals').append(el('li', 'quiet', 'nothing'));
	const n = Object.values(counts.received).reduce((a, b) => a + b, 0);
	$('state').textContent = 'live · ' + n + ' received';
}

let busy = false;
let again = false;

async function update() {
	if (busy) {
		again = true;
		return;
	}
	busy = true;
	try {
		await refresh();
	} catch (err) {
		$('state').textContent = 'no answer: ' + err.message;
	}
	busy = false;
	if (again) {
		again = false;
		update();
	}
}

async function change(method, path, body) {
	const r = await fetch(path, { method, body: body && JSON.stringify(body) });
	$('f-error').textContent = r.ok ? '' : (await r.json()).error;
	update();
}

function setFault() {
	const spec = { mode: $('f-mode').value };

	if (spec.mode === 'status')
		spec.status = Number($('f-status').value);
	if ($('f-times').value.trim())
		spec.times = Number($('f-times').value);
	change('PUT', '/faults/' + $('f-provider').value, spec);
}

$('clear').addEventListener('click', () => change('DELETE', '/messages'));
$('f-set').addEventListener('click', setFault);
$('f-off').addEventListener('click', () => change('DELETE', '/faults'));
$('channel').addEventListener('change', update);
$('to').addEventListener('input', update);

function watch() {
	const events = new EventSource('/events');

	events.addEventListener('change', update);
	events.addEventListener('error', () => {
		$('state').textContent = 'lost the sandbox, trying again…';
		if (events.readyState === EventSource.CLOSED)
			setTimeout(watch, RETRY_MS);
	});
}

watch();
