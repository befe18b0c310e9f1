/** The page's script runs in the web views of old telephones: nothing in it is younger than ECMAScript 2019. */
import { describe, expect, it } from 'vitest';
import { transformWithOxc } from 'vite';
import { caregiverScript } from './caregiver-script.ts';

/** What a compiler for that year must rewrite; nothing means that it is of that year already. */
const same = async (code: string): Promise<boolean> => {
  const as = async (target: string): Promise<string> => (await transformWithOxc(code, 'page.js', { target, sourcemap: false })).code;
  return (await as('es2019')) === (await as('esnext'));
};

describe('the caregiver’s script', () => {
  it('has no syntax younger than ES2019 [UI3.4]', async () => { expect(await same(caregiverScript)).toBe(true); });
  it.each(['const a = b ?? c;', 'const a = b?.c;', 'a ||= 1;', 'class A { #b = 1; }', 'const a = 1n ** 2n ?? 0;'])('(and the look would see `%s`)', async (code) => { expect(await same(`(function () { ${code} })();`)).toBe(false); });
});
