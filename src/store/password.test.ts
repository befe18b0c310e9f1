import { expect, it } from 'vitest';
import { passwordProblem } from '#core/password-rule.ts';
import { generatePassword, hashPassword, verifyPassword } from './password.ts';

it('knows the right password from a wrong one, and salts', async () => {
  const [one, two] = await Promise.all([hashPassword('正确的密码-42'), hashPassword('正确的密码-42')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
  expect(await verifyPassword('正确的密码-42', one)).toBe(true);
  expect(await verifyPassword('正确的密码-43', one)).toBe(false);
});

it('reads hashes of another cost, and refuses what is none', async () => {
  const other = await hashPassword('x').then((text) => text.replace('t=2', 't=3'));
  expect(await verifyPassword('x', other)).toBe(false);
  for (const text of ['', 'x', '$2b$10$abc', `$argon2id$v=19$m=99999999,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`]) expect(await verifyPassword('x', text)).toBe(false);
});

it('generates passwords that the rule accepts', () => {
  const made = new Set(Array.from({ length: 50 }, generatePassword));
  expect(made.size).toBe(50);
  for (const password of made) expect(passwordProblem(password, 'admin')).toBeNull();
});
