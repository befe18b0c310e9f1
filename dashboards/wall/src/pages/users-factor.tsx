/** Which roles owe a second factor: a county's choice, on the page of its users. */
import { type UserRole, userRoles } from '#core/user.ts';
import { put } from '#wall/api/client.ts';
import { dayMinute } from '#wall/format/time.ts';
import { t } from '#wall/i18n/text.ts';
import { say, sayProblem } from '#wall/state/toast.ts';
import { useFetched } from './page.tsx';

export function SecondFactorRoles() {
  const security = useFetched<{ secondFactor: readonly UserRole[]; updatedAt: number | null }>('/api/v1/settings/security');
  if (security.value === null) return null;
  const { secondFactor: chosen, updatedAt } = security.value;
  const set = async (role: UserRole, on: boolean): Promise<void> => {
    const answer = await put('/api/v1/settings/security', { secondFactor: on ? [...chosen, role] : chosen.filter((r) => r !== role) });
    if (answer.ok) say(t('set.saved')); else sayProblem(answer.problem);
    security.again();
  };
  return (
    <section class="card" data-test="second-factor">
      <h2>{t('factor.roles')}</h2>
      <p class="dim">{t('factor.rolesHelp')}</p>
      <p class="checks">{userRoles.filter((r) => r !== 'caregiver').map((role) => (
        <label key={role} class="check"><input type="checkbox" data-role={role} checked={chosen.includes(role)} onChange={(event) => void set(role, event.currentTarget.checked)} />{t(`user.${role}`)}</label>
      ))}</p>
      {updatedAt !== null && <p class="dim small digits">{dayMinute(updatedAt)}</p>}
    </section>
  );
}
