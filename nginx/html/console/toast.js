/* Short words at the edge: that something was done, or was not.  Read aloud, and gone after a while unless bad. */
import { html, signal } from './lib.js';
import { Icon } from './icons.js';
import { t } from './i18n.js';

const SHOWN_MS = 6000;
const shown = signal(/** @type {{id: number, text: string, kind: string}[]} */ ([]));
let last = 0;

const drop = (id) => { shown.value = shown.value.filter((x) => x.id !== id); };

/**
 * @param {string} text
 * @param {'good'|'bad'|'plain'} [kind]
 */
export function toast(text, kind = 'good')
{
	const id = ++last;

	shown.value = [...shown.value.slice(-3), { id, text, kind }];
	if (kind !== 'bad')
		setTimeout(() => drop(id), SHOWN_MS);
}

export function Toasts()
{
	return html`<div class="toasts" role="status" aria-live="polite">
		${shown.value.map((x) => html`<div key=${x.id} class=${`toast ${x.kind}`}>
			<span class="toast-mark"><${Icon} name=${x.kind === 'bad' ? 'warn' : 'check'} size="16" /></span>
			<span dir="auto">${x.text}</span>
			<button type="button" class="icon-button" aria-label=${t('close')} onClick=${() => drop(x.id)}><${Icon} name="close" size="16" /></button>
		</div>`)}
	</div>`;
}
