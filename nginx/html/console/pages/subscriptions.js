/* Browsers that take pushes. */
import { html } from '../lib.js';
import { Targets } from './targets.js';

export default function Subscriptions()
{
	return html`<${Targets} type="web_push" />`;
}
