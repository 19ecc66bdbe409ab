'use strict';
/*
 * Reads one RFC 5322 message with MIME, and says what is wrong with it.
 *
 * parseMessage(raw: Buffer of CRLF lines, {utf8}) returns {headers, subject,
 * from, to, date, messageId, text, html, attachments, problems}. Headers are
 * by lower-case name, unfolded, an array where a name repeats. `problems` is a
 * list of sentences; a strict server refuses the message if there is one.
 */
const DEPTH_MAX = 20;
const SINGLE = ['date', 'from', 'sender', 'reply-to', 'to', 'cc', 'bcc',
	'message-id', 'in-reply-to', 'references', 'subject', 'mime-version',
	'content-type', 'content-transfer-encoding', 'list-unsubscribe',
	'list-unsubscribe-post'];
const DATE = new RegExp('^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\\d{1,2} ' +
    '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \\d{4} ' +
    '\\d{2}:\\d{2}(?::\\d{2})? [+-]\\d{4}(?: \\([^()]*\\))?$');

function split(raw) {
	const at = raw.indexOf('\r\n\r\n');

	if (raw.subarray(0, 2).equals(Buffer.from('\r\n')))
		return { head: Buffer.alloc(0), body: raw.subarray(2) };
	if (at < 0)
		return { head: raw, body: Buffer.alloc(0) };
	return { head: raw.subarray(0, at), body: raw.subarray(at + 4) };
}

/* [{name, value}] in order; malformed lines go to problems. */
function readHeaders(head, problems, utf8) {
	const rows = [];

	if (!utf8 && head.some((b) => b > 0x7e))
		problems.push('8-bit byte in a header without SMTPUTF8');
	for (const line of head.toString(utf8 ? 'utf8' : 'latin1').split('\r\n')) {
		if (/^[ \t]/.test(line) && rows.length) {
			if (!line.trim())
				problems.push('a folded line of blanks only');
			rows[rows.length - 1].value += line;
			continue;
		}
		const m = /^([\x21-\x39\x3b-\x7e]+):[ \t]?(.*)$/.exec(line);
		if (m)
			rows.push({ name: m[1].toLowerCase(), value: m[2] });
		else if (line !== '')
			problems.push(`no header line: ${line.slice(0, 60)}`);
	}
	for (const r of rows) {
		r.value = r.value.trim();
		if (/[\0\r\n]/.test(r.value))
			problems.push(`a control character in ${r.name}`);
	}
	return rows;
}

function collect(rows) {
	const out = {};

	for (const { name, value } of rows) {
		if (out[name] === undefined)
			out[name] = value;
		else
			out[name] = [].concat(out[name], value);
	}
	return out;
}

function decodeCharset(bytes, charset, problems) {
	try {
		return new TextDecoder(charset || 'utf-8', { fatal: true })
		    .decode(bytes);
	} catch {
		problems.push(`text that is not ${charset || 'utf-8'}`);
		return bytes.toString('utf8');
	}
}

function decodeQ(text) {
	return Buffer.from(text.replace(/=([0-9A-Fa-f]{2})/g, (m, h) =>
	    String.fromCharCode(parseInt(h, 16))), 'latin1');
}

/* RFC 2047. Each word stands alone: none splits a character (section 5). */
function decodeWords(value, problems) {
	const word = /=\?([^?\s]+)\?([BbQq])\?([^?\s]*)\?=/g;

	return value.replace(/(\?=)[ \t]+(?==\?)/g, '$1').replace(word,
	    (all, charset, kind, text) => {
		if (all.length > 75)
			problems.push('an encoded word over 75 characters');
		const bytes = kind.toUpperCase() === 'B' ?
		    Buffer.from(text, 'base64') :
		    decodeQ(text.replace(/_/g, ' '));
		return decodeCharset(bytes, charset.split('*')[0], problems);
	});
}

/* "text/plain; charset=utf-8" -> {type, params} */
function readParams(value) {
	const out = { type: '', params: {} };
	const re = /;\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)/g;
	let m;

	out.type = value.split(';')[0].trim().toLowerCase();
	while ((m = re.exec(value)) !== null) {
		const v = m[2].startsWith('"') ?
		    m[2].slice(1, -1).replace(/\\(.)/g, '$1') : m[2];
		out.params[m[1].toLowerCase()] = v;
	}
	return out;
}

function decodeBody(body, encoding, problems) {
	switch (encoding) {
	case 'base64': {
		const text = body.toString('latin1');
		if (!/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(text))
			problems.push('characters outside base64');
		if (text.split('\r\n').some((l) => l.length > 76))
			problems.push('a base64 line over 76 characters');
		return Buffer.from(text, 'base64');
	}
	case 'quoted-printable': {
		const text = body.toString('latin1');
		if (/=(?![0-9A-Fa-f]{2}|[ \t]*\r\n|[ \t]*$)/.test(text))
			problems.push('a bare "=" in quoted-printable');
		if (text.split('\r\n').some((l) => l.length > 76))
			problems.push('a quoted-printable line over 76 characters');
		return decodeQ(text.replace(/[ \t]+(?=\r\n|$)/g, '')
		    .replace(/=\r\n/g, ''));
	}
	case '7bit':
	case '':
		if (body.some((b) => b > 0x7f))
			problems.push('8-bit bytes in a 7bit part');
		return body;
	case '8bit':
	case 'binary':
		return body;
	default:
		problems.push(`transfer encoding ${encoding}`);
		return body;
	}
}

function parts(body, boundary, problems) {
	const text = body.toString('latin1');
	const mark = `--${boundary}`;
	const out = [];
	let from = -1;
	let closed = false;
	let at = text.startsWith(mark) ? 0 : text.indexOf(`\r\n${mark}`);

	while (at >= 0 && !closed) {
		const lead = text.startsWith('\r\n', at) ? 2 : 0;
		let after = at + lead + mark.length;
		if (from >= 0)
			out.push(body.subarray(from, at));
		closed = text.startsWith('--', after);
		after = text.indexOf('\r\n', after);
		if (after < 0)
			break;
		from = after + 2;
		/* The next mark may follow with nothing in between. */
		at = text.indexOf(`\r\n${mark}`, after);
	}
	if (!closed)
		problems.push('a multipart without its closing boundary');
	if (out.length === 0)
		problems.push('a multipart without parts');
	return out;
}

function walk(rows, body, out, problems, depth) {
	const h = collect(rows);
	const one = (name) => [].concat(h[name] || '')[0];
	const { type, params } = readParams(one('content-type') || 'text/plain');
	const disposition = readParams(one('content-disposition'));
	const encoding = one('content-transfer-encoding').toLowerCase();

	if (depth > DEPTH_MAX) {
		problems.push('nested too deeply');
		return;
	}
	if (type.startsWith('multipart/')) {
		if (!/^[\w'()+,./:=? -]{1,70}$/.test(params.boundary || '')) {
			problems.push('a multipart without a good boundary');
			return;
		}
		for (const p of parts(body, params.boundary, problems)) {
			const { head, body: inner } = split(p);
			walk(readHeaders(head, problems, false), inner, out,
			    problems, depth + 1);
		}
		return;
	}
	const bytes = decodeBody(body, encoding, problems);
	const attached = disposition.type === 'attachment';
	const field = type === 'text/plain' ? 'text' :
	    type === 'text/html' ? 'html' : null;

	if (field && !attached && !params.charset && bytes.some((b) => b > 0x7f))
		problems.push(`${type} without a charset holds 8-bit text`);
	if (field && !attached && out[field] === null) {
		out[field] = decodeCharset(bytes, params.charset || 'us-ascii',
		    problems).replace(/\r\n/g, '\n');
		return;
	}
	out.attachments.push({ type, size: bytes.length, filename:
	    decodeWords(disposition.params.filename || params.name || '',
		problems) || null });
}

function parseMessage(raw, { utf8 = false } = {}) {
	const problems = [];
	const { head, body } = split(raw);
	const rows = readHeaders(head, problems, utf8);
	const headers = collect(rows);
	const out = { headers, subject: null, text: null, html: null,
		attachments: [], problems };
	const one = (name) => [].concat(headers[name] || '')[0];
	const count = (name) => rows.filter((r) => r.name === name).length;

	for (const name of ['date', 'from', 'message-id'])
		if (count(name) !== 1)
			problems.push(`${count(name)} ${name} headers, not one`);
	for (const name of SINGLE)
		if (count(name) > 1 && !['date', 'from', 'message-id']
		    .includes(name))
			problems.push(`${name} given ${count(name)} times`);
	if (count('date') === 1 && !DATE.test(one('date')))
		problems.push('Date is not RFC 5322 with a numeric zone');
	if (count('message-id') === 1 &&
	    !/^<[^<>@\s]+@[^<>@\s]+>$/.test(one('message-id')))
		problems.push('Message-ID is not <left@right>');
	if (count('from') === 1 && !/[^\s<>@]+@[^\s<>@]+/.test(one('from')))
		problems.push('From has no address');
	if (count('content-type') && one('mime-version') !== '1.0')
		problems.push('Content-Type without MIME-Version: 1.0');
	if (headers['list-unsubscribe-post'] !== undefined &&
	    (one('list-unsubscribe-post') !== 'List-Unsubscribe=One-Click' ||
	    !/<https:/.test(one('list-unsubscribe'))))
		problems.push('List-Unsubscribe-Post without RFC 8058\'s form');
	out.subject = headers.subject === undefined ? null :
	    decodeWords(one('subject'), problems);
	out.from = decodeWords(one('from'), problems);
	out.messageId = one('message-id');
	walk(rows, body, out, problems, 0);
	return out;
}

module.exports = { parseMessage, decodeWords };
