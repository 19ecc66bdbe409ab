/*
 * Charts over time by uPlot, brought when the first is drawn.  A canvas says
 * nothing to a screen reader, so the numbers stand below in a table.
 */
import { html, useEffect, useId, useRef, useState } from './lib.js';
import { locale, number, t } from './i18n.js';

const SCRIPT = './vendor/uplot-1.6.32.js';
const STYLE = '/console/vendor/uplot-1.6.32.css';
let brought;

function bring()
{
	brought = brought || Promise.all([
		import(SCRIPT),
		new Promise((done) => {
			const link = document.createElement('link');
			link.rel = 'stylesheet';
			link.href = STYLE;
			link.onload = link.onerror = done;
			document.head.append(link);
		}),
	]).then(([m]) => m.default);
	return brought;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || '#888';

/**
 * @param {{title: string, x: number[], series: {label: string, values: (number|null)[], colour?: string}[], height?: number,
 *	format?: (n: number) => string, stacked?: boolean}} props
 *	x in seconds since 1970, rising; a series has as many values as x; `colour` is the name of one of base.css
 */
export function Chart({ title, x, series, height = 180, format = number })
{
	const box = useRef(null);
	const plot = useRef(null);
	const [failed, set_failed] = useState(false);
	const label = useId();
	const shape = series.map((s) => `${s.label}|${s.colour || ''}`).join(';');

	useEffect(() => {
		let gone = false, watch = null, themes = null;
		const make = (uPlot) => {
			const axis = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
			if (plot.current)
				plot.current.destroy();
			plot.current = new uPlot({
				width: Math.max(120, box.current.clientWidth), height,
				legend: { show: false }, cursor: { y: false, points: { size: 7 } },
				fmtDate: (form) => {
					const f = new Intl.DateTimeFormat(locale, form.includes('{h}') || form.includes('{mm}')
						? { hour: '2-digit', minute: '2-digit' } : { month: 'short', day: 'numeric' });
					return (d) => f.format(d);
				},
				scales: { y: { range: (u, low, high) => [0, Math.max(1, high * 1.1)] } },
				axes: [{ ...axis, space: 70, size: 34 }, { ...axis, size: 52, space: 34, values: (u, v) => v.map((n) => format(n)) }],
				series: [{}, ...series.map((s) => ({
					label: s.label, stroke: colour(s.colour || 'accent'), width: 2, spanGaps: true,
					fill: series.length === 1 ? colour('accent-soft') : undefined, points: { show: x.length === 1 },
				}))],
			}, [x, ...series.map((s) => s.values)], box.current);
		};
		bring().then((uPlot) => {
			if (gone)
				return;
			make(uPlot);
			watch = new ResizeObserver(() => plot.current && plot.current.setSize({ width: Math.max(120, box.current.clientWidth), height }));
			watch.observe(box.current);
			themes = new MutationObserver(() => make(uPlot));
			themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
		}).catch(() => set_failed(true));
		return () => {
			gone = true;
			if (watch)
				watch.disconnect();
			if (themes)
				themes.disconnect();
			if (plot.current)
				plot.current.destroy();
			plot.current = null;
		};
	}, [shape, height]);
	useEffect(() => {
		if (plot.current)
			plot.current.setData([x, ...series.map((s) => s.values)]);
	}, [x, series]);

	const time = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' });
	return html`<figure class="chart" aria-labelledby=${label}>
		<figcaption id=${label}>
			<span class="chart-title">${title}</span>
			<span class="chart-keys">${series.map((s) => html`<span key=${s.label} class="chart-key" data-colour=${s.colour || 'accent'}>${s.label}</span>`)}</span>
		</figcaption>
		<div class="chart-box" dir="ltr" ref=${box} aria-hidden="true" />
		${failed && html`<p class="soft">${t('chart.none')}</p>`}
		<details class="chart-table">
			<summary>${t('chart.table')}</summary>
			<div class="scroll" tabindex="0" role="region" aria-labelledby=${label}><table>
				<thead><tr><th scope="col">${t('chart.time')}</th>${series.map((s) => html`<th key=${s.label} scope="col">${s.label}</th>`)}</tr></thead>
				<tbody>${x.map((at, i) => html`<tr key=${at}><th scope="row">${time.format(at * 1000)}</th>
					${series.map((s) => html`<td key=${s.label}>${s.values[i] === null ? '–' : format(s.values[i])}</td>`)}</tr>`)}</tbody>
			</table></div>
		</details>
	</figure>`;
}
