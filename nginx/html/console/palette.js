/* "Go to": every page by a few letters of its name (Ctrl+K, or / where a page has no search of its own). */
import { html, useId, useState } from './lib.js';
import { dialog } from './dialog.js';
import { Icon } from './icons.js';
import { t } from './i18n.js';

function Palette({ pages, close })
{
	const [said, set_said] = useState('');
	const [at, set_at] = useState(0);
	const id = useId();
	const wanted = said.trim().toLowerCase();
	const found = pages.filter((p) => t(p.title).toLowerCase().includes(wanted) || p.path.slice('/console/'.length).includes(wanted));
	const chosen = found[Math.min(at, found.length - 1)];

	function key(event)
	{
		if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			event.preventDefault();
			set_at((a) => (Math.min(a, found.length - 1) + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(1, found.length));
		}
	}
	return html`<form class="palette" onSubmit=${(e) => { e.preventDefault(); close(chosen && chosen.path); }}>
		<label class="hidden" for=${id}>${t('palette.label')}</label>
		<input id=${id} autofocus autocomplete="off" spellcheck=${false} dir="auto" placeholder=${t('palette.label')} value=${said} role="combobox"
			aria-expanded="true" aria-controls=${`${id}-list`} aria-activedescendant=${chosen ? `${id}-${found.indexOf(chosen)}` : undefined}
			onInput=${(e) => { set_said(e.target.value); set_at(0); }} onKeyDown=${key} />
		<ul id=${`${id}-list`} role="listbox" aria-label=${t('palette.label')}>${found.map((p, i) => html`<li key=${p.path} id=${`${id}-${i}`} role="option"
			aria-selected=${p === chosen ? 'true' : 'false'} onClick=${() => close(p.path)} onMouseMove=${() => set_at(i)}>
			<${Icon} name=${p.icon} /><span>${t(p.title)}</span><span class="soft small">${t(`nav.group.${p.group}`)}</span></li>`)}</ul>
		${found.length === 0 && html`<p class="soft">${t('palette.none')}</p>`}
	</form>`;
}

/** @param {any[]} pages @returns {Promise<string|undefined>} the path of the one that was chosen */
export const palette = (pages) => dialog({ title: t('palette.open'), body: Palette, props: { pages } });
