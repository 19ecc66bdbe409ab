/*
 * What nginx/html/console/api.js gives for a path of the contract, for tests/lib/page_types.js: the operation is found by the path
 * as it is written there (`/api/admin/users/${id}/`), and its answer, its body and its query are what openapi.yaml says.
 */
import type { paths } from 'contract';

/* `/a/{id}/b/` of the contract and `/a/${id}/b/` of a page, both as `/a/{}/b/`. */
type Part<S extends string> = S extends `{${string}}` ? '{}' : {} extends Record<S, 1> ? '{}' : S;
type Form<P extends string> = P extends `${infer A}?${string}` ? Form<A>
	: P extends `${infer A}/${infer B}` ? `${Part<A>}/${Form<B>}` : Part<P>;

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Rows<M extends Method> = {
	[P in keyof paths as [NonNullable<paths[P][M]>] extends [never] ? never : Form<P>]: NonNullable<paths[P][M]> };
type Table = { [M in Method]: Rows<M> };
/* What stands for a part may be any word of it: `/api/campaigns/${id}/${step}/`. */
type Fits<F extends string, K extends string> = F extends `${infer A}/${infer B}`
	? K extends `${infer C}/${infer D}` ? A extends '{}' | C ? Fits<B, D> : false : false : F extends '{}' | K ? true : false;
type Keys<M extends Method, F extends string> = F extends keyof Table[M] ? F
	: { [K in keyof Table[M] & string]: Fits<F, K> extends true ? K : never }[keyof Table[M] & string];
type Row<M extends Method, P extends string> = Table[M][Keys<M, Form<P>>];
/* Of a path that begins with a value nothing is known. */
type Open<P extends string> = string extends P ? true : Form<P> extends `/${string}` ? false : true;

type Json<C> = C extends { content: { 'application/json': infer B } } ? B : never;
type Good<R> = { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R];
type Told<Op> = Op extends { responses: infer R } ? Good<R> : never;
type Answer<M extends Method, P extends string> = Open<P> extends true ? any : Told<Row<M, P>>;
/* A form has what people typed: that a value is one of a few words, and that nothing is missing, the API finds. */
type Typed<T> = T extends string ? string : T extends number | boolean | null ? T : T extends (infer I)[] ? Typed<I>[]
	: { [K in keyof T]?: Typed<T[K]> };
type Some<T> = [T] extends [never] ? Record<string, never> : Typed<T>;
type Body<M extends Method, P extends string> = Row<M, P> extends { requestBody?: infer B } ? Some<Json<B>> : never;
type Query<P extends string> = Row<'get', P> extends { parameters: { query?: infer Q } } ? Some<Q> : never;
/* A path that is written out is one of the contract; else nothing fits behind it. */
type Rest<M extends Method, P extends string, Second> = Open<P> extends true ? [second?: any, opt?: object]
	: [Keys<M, Form<P>>] extends [never] ? [no_such_operation: Form<P>] : [second?: Second, opt?: object];

export type Profile = Answer<'get', '/api/auth/profile/'>;
export type Get = <P extends string>(path: P, ...rest: Rest<'get', P, Query<P>>) => Promise<Answer<'get', P>>;
export type Send<M extends Method> = <P extends string>(path: P, ...rest: Rest<M, P, Body<M, P>>) => Promise<Answer<M, P>>;
