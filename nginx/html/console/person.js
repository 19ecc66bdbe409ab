/* A user where only their number is told: by name, once it is known, with a way to them. */
import { html, signal, useEffect } from './lib.js';
import { get } from './api.js';
import { Addr } from './ui.js';
import { name_of } from './state.js';

const AT_ONCE = 100;
const known = signal(/** @type {Map<number, string>} */ (new Map()));
const asked = new Set();
let waiting = [];

/* All that a page shows are asked for together.  Who is gone, or may not be seen, stays a number. */
async function ask()
{
	const ids = waiting;

	waiting = [];
	for (let i = 0; i < ids.length; i += AT_ONCE) {
		try {
			const { results } = await get('/api/admin/users/', { ids: ids.slice(i, i + AT_ONCE).join(','), page_size: AT_ONCE });
			known.value = new Map([...known.value, ...results.map((u) => /** @type {[number, string]} */ ([u.id, name_of(u)]))]);
		} catch {
			ids.slice(i).forEach((id) => asked.delete(id));
			return;
		}
	}
}

/* The name, once it is known. */
function use_name(id)
{
	useEffect(() => {
		if (asked.has(id))
			return;
		asked.add(id);
		if (waiting.push(id) === 1)
			setTimeout(ask, 0);
	}, [id]);
	const name = known.value.get(id);

	return name ? html`<${Addr} text=${name} />` : html`<bdi>#${id}</bdi>`;
}

/** Who it is, and no more. @param {{id: number}} props */
export const Name = ({ id }) => use_name(id);

/** Who it is, with a way to them. @param {{id: number}} props */
export function Person({ id })
{
	return html`<a class="row-link" href=${`/console/users/${id}/`}>${use_name(id)}</a>`;
}
