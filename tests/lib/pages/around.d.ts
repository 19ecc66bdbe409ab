/*
 * What surrounds the pages' scripts, as far as tests/lib/page_types.js has to know it.  An element that a script finds may be
 * any: which, is the page's business.
 */
interface Element {
	value: any; disabled: boolean; form: any; elements: any; href: string; inputMode: string; dataset: DOMStringMap;
	focus(how?: FocusOptions): void; select(): void;
}
interface Window { solve_challenge: (challenge: string, difficulty: number) => Promise<string>; ui: any }
declare const Redoc: any;
declare const SwaggerUIBundle: any;
