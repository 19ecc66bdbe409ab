/*
 * What a program needs beside the generated types, to take along and to change: refusals by their code, an access token that is
 * renewed when it is over, requests that may be sent twice, and lists page by page.
 */
import createClient, { type Client } from 'openapi-fetch';
import type { components, operations, paths } from './gatepost.js';

type CodeOf<Answer> = Answer extends { content: { 'application/problem+json': infer P } } ? P['code' & keyof P] : never;
type CodesOf<Answers> = { [Status in keyof Answers]: CodeOf<Answers[Status]> }[keyof Answers];

/** Every word that an operation of the contract refuses with; one that is misspelt does not compile. */
export type Code = { [Op in keyof operations]: CodesOf<operations[Op]['responses']> }[keyof operations];
export type Problem = Omit<components['schemas']['Problem'], 'code'> & { code: Code };
export type Tokens = { access: string; refresh: string };

/** A refusal: `code` is for programs, `message` for people, `problem.errors` names the members of a form. */
export class Refused extends Error {
	readonly code: Code;

	constructor(readonly problem: Problem, readonly retry_after_s: number)
	{
		super(problem.detail ?? problem.title);
		this.code = problem.code;
	}
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** What an answer says, or Refused. */
export function good<T>({ data, error, response }: Answer<T>): T
{
	if (response.ok)
		return data as T;	/* of 204: undefined, and its type says so */
	if (typeof error === 'object' && error !== null && 'code' in error)
		throw new Refused(error as Problem, Number(response.headers.get('Retry-After') ?? 0));
	throw new Error(`${response.status} ${response.statusText}: not an answer of Gatepost`);
}

/**
 * A client for who signed in. An access token is over after 15 minutes: the refresh token gives the next pair, once for all requests
 * that wait for it. `keep` is told of each pair, for the old refresh token is good for nothing then.
 */
export function signed_in(url: string, tokens: Tokens, keep: (tokens: Tokens) => void = () => {}): Client<paths>
{
	const anybody = createClient<paths>({ baseUrl: url });
	let renewing: Promise<void> | undefined;

	async function renew(): Promise<void>
	{
		const { access, refresh } = good(await anybody.POST('/api/auth/token/refresh/', { body: { refresh: tokens.refresh } }));

		if (access && refresh)
			keep(tokens = { access, refresh });
	}
	return createClient<paths>({
		baseUrl: url,
		async fetch(request) {
			const second = request.clone(), used = tokens.access;

			request.headers.set('Authorization', `Bearer ${used}`);
			const answer = await fetch(request);
			if (answer.status !== 401 || (await answer.clone().json() as Problem).code !== 'invalid_token')
				return answer;
			if (used === tokens.access)
				await (renewing ??= renew().finally(() => { renewing = undefined; }));
			second.headers.set('Authorization', `Bearer ${tokens.access}`);
			return fetch(second);
		},
	});
}

const pause = (s: number) => new Promise((go) => setTimeout(go, s * 1000));

/**
 * Sends until there is an answer: after a broken connection, when the service is busy, and while the same request runs elsewhere.
 * All tries have one Idempotency-Key, so whatever became of the first, it is done once.
 */
export async function once<T>(send: (key: string) => Promise<Answer<T>>, tries = 5): Promise<T>
{
	const key = crypto.randomUUID();

	for (let n = 1; ; n++) {
		try {
			return good(await send(key));
		} catch (e) {
			const passes = e instanceof TypeError || (e instanceof Refused && (e.problem.status === 503 || e.code === 'idempotency_race'));

			if (!passes || n === tries)
				throw e;
			await pause(Math.max(n, e instanceof Refused ? e.retry_after_s : 0));
		}
	}
}

/** The rows of a list, page after page. */
export async function* rows<Row>(page: (n: number) => Promise<Answer<{ results: Row[]; next: string | null }>>): AsyncGenerator<Row>
{
	for (let n = 1, more = true; more; n++) {
		const { results, next } = good(await page(n));

		yield* results;
		more = next !== null;
	}
}
