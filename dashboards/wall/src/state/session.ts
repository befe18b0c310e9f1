/** Who sits here. `undefined` while it is being asked, null when nobody is logged in. */
import { computed, signal } from '@preact/signals';
import { may, type UserRole } from '#core/user.ts';
import { type Answer, get, post, whenLoggedOut } from '#wall/api/client.ts';

export type Me = { kind: 'user' | 'token'; id: string; name: string; role: UserRole; scopeCode: string };
export const me = signal<Me | null | undefined>(undefined);
/** The session ended by itself: the login page says that this desk hears nothing now. */
export const endedByItself = signal(false);

/** Whether the caller's role is one of these; the server decides, this only hides what it would refuse. */
export const can = (roles: readonly UserRole[]): boolean => me.value != null && roles.includes(me.value.role);
/** May claim, dispatch and close. */
export const mayAct = computed(() => can(may.act));
/** Sees alarms at all: an installer has no link, no sound and no desk. */
export const hearsAlarms = computed(() => can(may.readAlerts));

export async function askWhoIAm(): Promise<void> {
  whenLoggedOut(() => { if (me.value) endedByItself.value = true; me.value = null; });
  const answer = await get<Me>('/api/v1/me');
  if (answer.ok) me.value = answer.value;
  else if (answer.problem.status === 401) me.value = null;
  else if (me.value === undefined) setTimeout(() => void askWhoIAm(), 2_000); // no answer is not "logged out": ask on; who is at work stays at work
}

export async function logIn(username: string, password: string): Promise<Answer<Me>> {
  const answer = await post<Me>('/api/v1/login', { username, password });
  if (answer.ok) { endedByItself.value = false; me.value = answer.value; }
  return answer;
}

export async function logOut(): Promise<void> {
  await post('/api/v1/logout');
  endedByItself.value = false;
  me.value = null;
}
