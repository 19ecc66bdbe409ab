/*
 * The libraries, under the names that the console's modules use.  Their files
 * carry their versions (scripts/console-vendor), so this is the one place that
 * names them, beside chart.js.
 */
import { Fragment, createContext, h, render } from './vendor/preact-10.29.8.js';
import { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from './vendor/hooks-10.29.8.js';
import { batch, computed, effect, signal } from './vendor/signals-2.11.4.js';
import htm from './vendor/htm-3.1.1.js';

export const html = htm.bind(h);
export { Fragment, batch, computed, createContext, effect, h, render, signal, useCallback, useContext, useEffect, useId,
	useLayoutEffect, useMemo, useRef, useState };
