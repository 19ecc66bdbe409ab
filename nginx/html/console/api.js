/*
 * Calls to the API with the session's cookies, which scripts cannot read.
 * What a call needs on the way is done here: a fresh token when the old one has
 * run out (one refresh at a time among all tabs), proof of work, and asking the
 * person again who they are before a grave step (reauth.js), after which the
 * call is made once more.
 */
import { language, t } from './i18n.js';
import { hear_time, span } from './time.js';

/** What the API refused, as its problem document says it. */
export class Problem extends Error {
	/**
	 * @param {number} status  0: there was no answer
	 * @param {any} doc  the problem document
	 * @param {Response|null} answer
	 */
	constructor(status, doc, answer = null)
	{
		super(doc.detail || doc.title || (typeof doc.error === 'string' && doc.error) || doc.message || t('api.failed', { status }));
		this.status = status;
		this.code = doc.code || '';
		this.doc = doc;
		/** @type {Record<string, string[]>} */
		this.errors = doc.errors && typeof doc.errors === 'object' ? doc.errors : {};
		this.request_id = doc.request_id || (answer && answer.headers.get('X-Request-Id')) || '';
		this.retry_after = Number(answer && answer.headers.get('Retry-After')) || 0;
	}
}

/** There was no answer. */
export const away = () => new Problem(0, { detail: t('api.away'), code: 'away' });

const SIGN_IN = '/console/signin/';

/** Where signing in leads back to. */
export function sign_in_address()
{
	return `${SIGN_IN}?rd=${encodeURIComponent(location.pathname + location.search)}`;
}

/* Whether the browser keeps this site out of its storage; its cookies then, too. */
function kept_out()
{
	try {
		return !localStorage;
	} catch {
		return true;
	}
}

let leaving = false;

/** From here on the page is on its way elsewhere: what is refused meanwhile leads nowhere. `yes`: false, and it stays after all. */
export function leave(yes = true)
{
	leaving = yes;
}

/** What somebody has begun to fill in and not sent yet (form.js): leaving would lose it. */
export const begun = new Set();

/** Whether the page has something that leaving would lose. */
export const unsaved = () => begun.size > 0 || document.querySelector('dialog[open]') !== null;

/* Leaves for the sign-in page; the promise never ends, so that nothing is drawn meanwhile. */
function go_to_sign_in()
{
	if (!leaving)
		location.assign(sign_in_address());
	leave();
	return new Promise(() => {});
}

/** @param {string} method @param {string} path @param {{body?: any, headers?: any, signal?: AbortSignal}} how */
async function once(method, path, { body, headers, signal })
{
	let answer;

	try {
		answer = await fetch(path, {
			method, signal, cache: 'no-store', credentials: 'same-origin',
			headers: {
				Accept: 'application/json', 'Accept-Language': language, 'X-Gatepost': '1',
				...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers,
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	} catch (e) {
		if (e.name === 'AbortError')
			throw e;
		throw away();
	}
	hear_time(answer.headers.get('Date'));
	return answer;
}

/** One refresh at a time among all tabs; a browser that lets nothing be kept refuses locks as well. @param {() => Promise<any>} work */
export function in_turn(work)
{
	return kept_out() || !navigator.locks ? work() : navigator.locks.request('gatepost-refresh', work);
}

/*
 * A fresh token, and the call again.  Another tab may have refreshed while this one waited for the lock: so first the call
 * itself, which a 401 refused unread.
 */
async function again_signed_in(method, path, opt)
{
	const work = async () => {
		const second = await once(method, path, opt);
		if (second.status !== 401)
			return second;
		const fresh = await once('POST', '/api/auth/token/refresh/?tokens=cookie', { body: {} });
		return fresh.ok ? once(method, path, opt) : second;
	};
	return in_turn(work);
}

async function document_of(answer)
{
	if (answer.status === 204)
		return null;
	try {
		return await answer.json();
	} catch {
		return {};
	}
}

/** The functions of the classic script that the sign-in page uses too. */
async function proof_of_work(doc)
{
	if (!globalThis.solve_challenge)
		await new Promise((done, failed) => {
			const script = document.createElement('script');
			script.src = '/console/signin/pow.js';
			script.onload = done;
			script.onerror = () => failed(away());
			document.head.append(script);
		});
	return globalThis.solve_challenge(doc.challenge, doc.difficulty);
}

/**
 * One call.
 * @param {string} method
 * @param {string} path  beginning with /api/
 * @param {{body?: any, query?: Record<string, any>, headers?: Record<string, string>, signal?: AbortSignal, key?: string,
 *	public?: boolean, reauth?: boolean, patient?: boolean}} [opt]
 *	`key`: the Idempotency-Key of what creates or sends (new_key(), one a wish of the person, the same for every try);
 *	`patient`: a password's turn in the line: when that was too long (503), it is asked again as the answer says;
 *	`public`: a 401 is an answer here, not a reason to sign in; `reauth: false`: so is reauth_required
 * @returns {Promise<any>} the document, null for 204
 * @throws {Problem}
 */
export async function call(method, path, opt = {})
{
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(opt.query || {}))
		if (value !== undefined && value !== null && value !== '')
			query.set(name, String(value));
	const address = query.size ? `${path}${path.includes('?') ? '&' : '?'}${query}` : path;
	const how = { ...opt, headers: { ...opt.headers, ...(opt.key ? { 'Idempotency-Key': opt.key } : {}) } };
	let answer = await once(method, address, how);

	for (let tries = 1; opt.patient && answer.status === 503 && tries < 3; tries++) {
		const wait = Number(answer.headers.get('Retry-After'));
		if (!(wait > 0 && wait <= 5))
			break;
		await new Promise((go_on) => setTimeout(go_on, wait * 1000));
		answer = await once(method, address, how);
	}
	if (answer.status === 401 && !opt.public) {
		answer = await again_signed_in(method, address, how);
		if (answer.status === 401) {
			if (leaving || !unsaved())
				return go_to_sign_in();
			/* What is asked in the background waits for the person to send, or to go. */
			const { ask_sign_in } = method === 'GET' ? {} : await import('./reauth.js');
			if (ask_sign_in && await ask_sign_in())
				return call(method, path, opt);
			throw new Problem(401, { detail: t('over.title'), code: 'sign_in_required' });
		}
	}
	if (answer.ok)
		return document_of(answer);

	const doc = await document_of(answer) || {};
	if (doc.code === 'pow_required' && !(opt.body && opt.body.pow))
		return call(method, path, { ...opt, body: { ...opt.body, pow: await proof_of_work(doc) } });
	if (doc.code === 'reauth_required' && opt.reauth !== false) {
		const { ask_who } = await import('./reauth.js');
		if (await ask_who())
			return call(method, path, { ...opt, reauth: false });
	}
	throw new Problem(answer.status, doc, answer);
}

/** A path that is written out is one of the contract (tests/lib/pages). @type {import('calls').Get} */
export const get = (path, ...[query, opt]) => call('GET', path, { ...opt, query });
/** @type {import('calls').Send<'post'>} */
export const post = (path, body = {}, opt = {}) => call('POST', path, { ...opt, body });
/** @type {import('calls').Send<'patch'>} */
export const patch = (path, body = {}, opt = {}) => call('PATCH', path, { ...opt, body });
/** @type {import('calls').Send<'put'>} */
export const put = (path, body = {}, opt = {}) => call('PUT', path, { ...opt, body });
/** @type {import('calls').Send<'delete'>} */
export const del = (path, ...[body, opt]) => call('DELETE', path, { ...opt, body });

/** A new Idempotency-Key. */
export const new_key = () => crypto.randomUUID();

/**
 * The Idempotency-Key of what a form asks for: the same for every try with the same body, so that a lost answer makes nothing
 * twice; another as soon as something else is asked for, or when `done()` says that the same may be asked for once more.
 * @returns {((body: any) => string) & {done: () => void}}
 */
export function wish()
{
	let said = '', key = '';
	const of = (body) => {
		const text = JSON.stringify(body);

		if (text !== said)
			[said, key] = [text, new_key()];
		return key;
	};

	of.done = () => { said = ''; };
	return of;
}

/**
 * One sentence for what went wrong; with the request's id, by which the log finds it.
 * @param {any} e
 */
export function sentence_of(e)
{
	if (!(e instanceof Problem))
		return t('api.fault');
	/* Of a moment's trouble the title says what, and the rest when. */
	const parts = [...(e.status === 503 && e.doc.title && e.doc.detail ? [`${e.doc.title}.`] : []), e.message];
	if (e.retry_after && e.status !== 503)
		parts.push(t('api.retry_after', { time: span(e.retry_after) }));
	return parts.join(' ');
}
