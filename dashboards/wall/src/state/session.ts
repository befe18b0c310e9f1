/** Who sits here. `undefined` while it is being asked, null when nobody is logged in. */
import { computed, signal } from '@preact/signals';
import { may, type Proof, type UserRole } from '#core/user.ts';
import { type Answer, get, post, whenLoggedOut } from '#wall/api/client.ts';

export type Me = { kind: 'user' | 'token'; id: string; name: string; role: UserRole; scopeCode: string; /** what this login has proven (core/user.ts); absent: everything */ proof?: Proof };
export const me = signal<Me | null | undefined>(undefined);
/** The session ended by itself: the login page says that this desk hears nothing now. */
export const endedByItself = signal(false);

/** Counts the logins of this page; a change of person at the console is none, so the wall goes on. */
export const login = signal(0);

/** Whether the caller's role is one of these; the server decides, this only hides what it would refuse. */
export const can = (roles: readonly UserRole[]): boolean => me.value != null && roles.includes(me.value.role);
/** May claim, dispatch and close. */
export const mayAct = computed(() => can(may.act));
/** Sees alarms at all: an installer has no link, no sound and no desk. */
export const hearsAlarms = computed(() => can(may.readAlerts));

let showKept: () => boolean = () => false;
let forget: () => void = () => {};
/** Who sits here is known from what was kept, and asked for on. */
let stale = false;
/** What to show while nobody answers who sits here; true: something was kept. */
export function readKept(show: () => boolean): void { showKept = () => (stale = show()); }
export function onLogout(run: () => void): void { forget = run; }

let asking = false;
function askSoon(): void {
  if (asking) return;
  asking = true;
  setTimeout(() => { asking = false; void askWhoIAm(); }, 2_000);
}

function enter(next: Me): void {
  if (!me.peek()) login.value++;
  stale = false;
  me.value = next;
}

export async function askWhoIAm(): Promise<void> {
  whenLoggedOut(() => { if (me.value) endedByItself.value = true; me.value = null; forget(); });
  const answer = await get<Me>('/api/v1/me');
  if (answer.ok) enter(answer.value);
  else if (answer.problem.status === 401) { me.value = null; forget(); }
  else { // no answer is not "logged out": ask on; who is at work stays at work
    if (me.value === undefined) showKept();
    if (me.value === undefined || stale) askSoon();
  }
}

export async function logIn(username: string, password: string): Promise<Answer<Me>> {
  const answer = await post<Me>('/api/v1/login', { username, password });
  if (answer.ok) { endedByItself.value = false; enter(answer.value); }
  return answer;
}

/** Another person at this console: the session is his, everything on the screen stays. */
export function sitDown(next: Me): void { me.value = next; }

export async function logOut(): Promise<void> {
  await post('/api/v1/logout');
  endedByItself.value = false;
  me.value = null;
  forget();
}
