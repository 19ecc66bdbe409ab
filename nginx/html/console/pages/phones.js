/* Apps that take pushes by Expo. */
import { html } from '../lib.js';
import { Targets } from './targets.js';

export default function Phones()
{
	return html`<${Targets} type="expo" />`;
}
