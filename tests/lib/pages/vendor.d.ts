/* The console's libraries (scripts/console-vendor), as nginx/html/console/lib.js takes them; they are fetched, not kept here. */
declare module '*.js' {
	type Signal<T> = { value: T; peek(): T };
	type After = void | (() => void);
	export const Fragment: any;
	export function h(kind: any, props: any, ...children: any[]): any;
	export function render(tree: any, place: Element): void;
	export function createContext(value: any): any;
	export function useState<T>(first: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
	export function useRef<T = any>(first?: T): { current: T };
	export function useEffect(work: () => After, deps?: readonly any[]): void;
	export function useLayoutEffect(work: () => After, deps?: readonly any[]): void;
	export function useMemo<T>(make: () => T, deps: readonly any[]): T;
	export function useCallback<T>(work: T, deps: readonly any[]): T;
	export function useContext(context: any): any;
	export function useId(): string;
	export function signal<T>(value: T): Signal<T>;
	export function computed<T>(make: () => T): Readonly<Signal<T>>;
	export function effect(work: () => After): () => void;
	export function batch<T>(work: () => T): T;
	/* live.js asks for this server's own /gatepost.js by its address. */
	export const connect: typeof import('gatepost').connect;
	const htm: { bind(make: any): (texts: TemplateStringsArray, ...values: any[]) => any };
	export default htm;
}
