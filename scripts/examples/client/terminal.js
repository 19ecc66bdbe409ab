import process from 'node:process';
import { createInterface } from 'node:readline/promises';

/**
 * A value of the environment; without it the program ends.
 * @param {string} name
 * @returns {string}
 */
export function setting(name)
{
	const value = process.env[name];

	if (!value)
		throw new Error(`set ${name}`);
	return value;
}

/**
 * What the person at the terminal answers.
 * @param {string} question
 * @returns {Promise<string>}
 */
export async function asked(question)
{
	const terminal = createInterface({ input: process.stdin, output: process.stderr });

	try {
		return (await terminal.question(question)).trim();
	} finally {
		terminal.close();
	}
}
