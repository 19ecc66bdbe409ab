/* The console's pictograms: strokes on a grid of 24, in the colour of the text. */
import { html } from './lib.js';

const PATHS = {
	inbox: 'M4 13h4l2 3h4l2-3h4M4 13l3-8h10l3 8v6H4z',
	user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0',
	users: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5a6.5 6.5 0 0 1 3.5 5.5',
	key: 'M14 10a4.5 4.5 0 1 0-4.2 4.5L11 16h2v2h2v2h4v-4l-5.2-5.2z',
	shield: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z',
	device: 'M7 3h10v18H7zM11 18h2',
	bell: 'M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 20.5h4',
	mail: 'M3.5 6h17v12h-17zM4 6.5l8 6.5 8-6.5',
	chat: 'M4 5h16v11H10l-4 3.5V16H4z',
	clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.5V12l3 2',
	list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
	chart: 'M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6',
	queue: 'M4 6h16v4H4zM4 14h16v4H4z',
	send: 'M4 12l16-7-6 16-3-7z',
	template: 'M4 4h16v5H4zM4 13h7v7H4zM15 13h5v7h-5z',
	megaphone: 'M4 10v4h3l9 4V6l-9 4zM19 10v4M8 14l1 5h2',
	block: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12',
	hook: 'M9 8a3.5 3.5 0 1 1 5 3l3 5M8 12a4 4 0 1 0 4 5h5M14.5 18.5a3.5 3.5 0 1 0 4-4',
	plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
	book: 'M5 4h6a1 1 0 0 1 1 1v15a2 2 0 0 0-2-2H5zM19 4h-6a1 1 0 0 0-1 1v15a2 2 0 0 1 2-2h5z',
	gear: 'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1',
	sort: 'M8 5v14M8 19l-3-3M8 19l3-3M16 19V5M16 5l-3 3M16 5l3 3',
	search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5',
	sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1 1M17.4 17.4l1 1M18.4 5.6l-1 1M6.6 17.4l-1 1',
	moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
	globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3.5 12h17M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
	menu: 'M4 7h16M4 12h16M4 17h16',
	close: 'M6 6l12 12M18 6L6 18',
	check: 'M5 12.5l4.5 4.5L19 7.5',
	plus: 'M12 5v14M5 12h14',
	out: 'M10 5H5v14h5M14 8l4 4-4 4M18 12H9',
	down: 'M6 9.5l6 6 6-6',
	next: 'M9 6l6 6-6 6',
	prev: 'M15 6l-6 6 6 6',
	download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
	refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15',
	filter: 'M4 6h16M7 12h10M10 18h4',
	warn: 'M12 4l9 16H3zM12 10v4M12 17h.01',
	trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
	copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
	external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
	archive: 'M4 5h16v4H4zM5.5 9v10h13V9M10 13h4',
	sliders: 'M4 8h8M16 8h4M14 5.5v5M4 16h4M12 16h8M10 13.5v5',
	history: 'M4.5 12a7.5 7.5 0 1 0 2.2-5.3L4.5 9M4.5 4.5V9H9M12 8v4l3 2',
};

/* What points along the line of writing turns round with it. */
const TURNS = ['next', 'prev', 'out', 'send'];

/**
 * @param {{name: string, size?: number}} props
 */
export function Icon({ name, size = 18 })
{
	return html`<svg class=${`icon${TURNS.includes(name) ? ' turns' : ''}`} width=${size} height=${size} viewBox="0 0 24 24"
		aria-hidden="true" focusable="false"><path d=${PATHS[name] || PATHS.list} /></svg>`;
}
