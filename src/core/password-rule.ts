/** What a password may be (ASVS 6.2): 10 to 128 characters, any characters, none of the guessable ones; no composition rules. */

const common = new Set(`password passw0rd password1 password123 qwertyuiop qwerty1234 qwerty12345 1q2w3e4r5t 1qaz2wsx3edc zaq12wsx3edc iloveyou123 administrator
welcome123 letmein123 admin12345 admin123456 admin888888 woaini1314 woaini520 woaini1314520 aa123456789 a123456789 abc123456789 abcd1234567 qq123456789 asdfghjkl1
5201314520 1314520520 anling12345 anling2026 datian12345 yanglao12345 abcdefghij 0123456789 1234567890 12345678910 9876543210 1122334455 123456789a 147258369a
1234qwerasdf qazwsxedcr asdf12345678 zxcvbnm123 changeme123 p@ssw0rd123 p@ssword123 root123456 test123456 demo123456 system123456 manager123 huawei12345 woaizhongguo`.split(/\s+/));

/** Why `password` may not be used, or null. */
export function passwordProblem(password: string, username: string): string | null {
  const length = [...password].length;
  if (length < 10) return 'at least 10 characters';
  if (length > 128) return 'at most 128 characters';
  const plain = password.toLowerCase();
  if (new Set(plain).size < 4) return 'at least 4 different characters';
  if (common.has(plain)) return 'a password that is not on the lists of stolen ones';
  if (username.length >= 4 && plain.includes(username.toLowerCase())) return 'a password without the user name in it';
  const steps = [...plain].slice(1).map((c, i) => (c.codePointAt(0) ?? 0) - (plain.codePointAt(i) ?? 0));
  if (steps.every((s) => s === 1) || steps.every((s) => s === -1)) return 'a password that is not a sequence';
  return null;
}
