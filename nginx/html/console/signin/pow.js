/*
 * Proof of work: a number such that SHA-256 of "<challenge>:<number>" begins
 * with `difficulty` zero bits.  Web Crypto hashes a handful at a time, so that
 * the page stays alive.
 */
'use strict';

async function solve_challenge(challenge, difficulty)
{
	const encoder = new TextEncoder();
	const handful = 512;
	const zeros = (hash) => {
		const bytes = new Uint8Array(hash);
		let bits = 0;
		for (const b of bytes) {
			if (b !== 0)
				return bits + Math.clz32(b) - 24;
			bits += 8;
		}
		return bits;
	};

	for (let from = 0; ; from += handful) {
		const some = [];
		for (let n = from; n < from + handful; n++)
			some.push(crypto.subtle.digest('SHA-256', encoder.encode(`${challenge}:${n}`)));
		const found = (await Promise.all(some)).findIndex((hash) => zeros(hash) >= difficulty);
		if (found >= 0)
			return `${challenge}:${from + found}`;
		/* Let the page draw and take clicks. */
		await new Promise((go) => setTimeout(go));
	}
}

/* One that was too busy is asked again when it says so: passwords wait in a line that is kept short. */
async function post_json(path, json)
{
	for (let tries = 1; ; tries++) {
		const answer = await fetch(path, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(json),
		});
		const wait = Number(answer.headers.get('Retry-After'));
		if (answer.status !== 503 || tries === 3 || !(wait > 0 && wait <= 5))
			return answer;
		await new Promise((go) => setTimeout(go, wait * 1000));
	}
}

/* "Try again in 15 minutes.", in the page's language: what a refusal says of when, or nothing. */
function when_again(answer)
{
	const s = Number(answer.headers.get('Retry-After'));
	if (answer.status !== 429 || !(s > 0))
		return '';
	const [n, unit] = s < 60 ? [s, 'second'] : s < 7200 ? [Math.ceil(s / 60), 'minute'] : [Math.ceil(s / 3600), 'hour'];
	const { lang } = document.documentElement;
	const time = new Intl.NumberFormat(lang || 'en', { style: 'unit', unit, unitDisplay: 'long' }).format(n);
	return lang === 'fa' ? `${time} دیگر دوباره تلاش کنید.` : `Try again in ${time}.`;
}

/*
 * fetch() with a JSON body; when the answer asks for work first, does it and
 * asks again with `pow` in the body.
 */
async function ask_json(path, body)
{
	const post = (json) => post_json(path, json);
	const answer = await post(body);
	if (answer.status !== 403)
		return answer;
	const problem = await answer.clone().json().catch(() => ({}));
	if (problem.code !== 'pow_required')
		return answer;
	return post({ ...body, pow: await solve_challenge(problem.challenge, problem.difficulty) });
}
