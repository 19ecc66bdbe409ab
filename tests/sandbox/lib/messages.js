'use strict';
/*
 * What arrived: one row a recipient, newest kept, oldest dropped.
 *
 * Two ceilings hold whatever is sent: a number of rows and a number of bytes
 * (a row is charged for the text it carries). `received` counts every row ever
 * added by channel, also those dropped since.
 */
const { EventEmitter } = require('node:events');

const BYTES_MAX = 96 * 1024 * 1024;
const ROW_OVERHEAD = 600;

class Messages extends EventEmitter {
	constructor(rowsMax = 20000) {
		super();
		this.rowsMax = rowsMax;
		this.rows = new Map();
		this.bytes = 0;
		this.nextId = 1;
		this.received = {};
		this.dropped = 0;
	}

	/* Adds a row and returns it. `row` gets an id and both times. */
	add(row) {
		const now = performance.timeOrigin + performance.now();
		const full = {
			id: this.nextId++,
			channel: row.channel,
			to: row.to,
			subject: null,
			text: null,
			html: null,
			headers: {},
			payload: null,
			received_at: new Date(now).toISOString(),
			received_ms: Math.round(now * 1000) / 1000,
		};

		/* Descriptors, not values: Kavenegar's status is a getter. */
		Object.defineProperties(full,
			Object.getOwnPropertyDescriptors(row));
		Object.defineProperty(full, 'cost', { value: weigh(row) });
		this.rows.set(full.id, full);
		this.bytes += full.cost;
		this.received[full.channel] =
			(this.received[full.channel] || 0) + 1;
		while (this.rows.size > this.rowsMax || this.bytes > BYTES_MAX) {
			const oldest = this.rows.keys().next().value;
			if (oldest === full.id)
				break;
			this.remove(oldest);
			this.dropped++;
		}
		this.emit('change');
		return full;
	}

	remove(id) {
		const row = this.rows.get(id);
		if (!row)
			return false;
		this.bytes -= row.cost;
		this.rows.delete(id);
		this.emit('change');
		return true;
	}

	get(id) {
		return this.rows.get(id) || null;
	}

	/* Newest first. `limit` 0 means all. */
	list({ channel, to, after = 0, limit = 0 } = {}) {
		const all = [...this.rows.values()];
		const out = [];

		for (let i = all.length - 1; i >= 0; i--) {
			const row = all[i];
			if (row.id <= after)
				break;
			if (channel && row.channel !== channel)
				continue;
			if (to && row.to !== to)
				continue;
			out.push(row);
			if (limit && out.length >= limit)
				break;
		}
		return out;
	}

	clear() {
		const n = this.rows.size;
		this.rows.clear();
		this.bytes = 0;
		this.emit('change');
		return n;
	}

	counts() {
		const kept = {};
		for (const row of this.rows.values())
			kept[row.channel] = (kept[row.channel] || 0) + 1;
		return { messages: kept, received: { ...this.received },
			dropped: this.dropped };
	}
}

function weigh(row) {
	let n = ROW_OVERHEAD;
	for (const k of ['to', 'subject', 'text', 'html', 'raw', 'plaintext'])
		if (typeof row[k] === 'string')
			n += row[k].length * 2;
	for (const v of Object.values(row.headers || {}))
		n += 2 * String(v).length + 40;
	return n;
}

module.exports = { Messages };
