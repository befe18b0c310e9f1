/** Who may use the pages and the API: the roles of app_user, and what every route knows of its caller. */

export const userRoles = ['admin', 'shift-leader', 'operator', 'viewer', 'caregiver', 'installer', 'technician', 'county-reader', 'auditor'] as const;
export type UserRole = (typeof userRoles)[number];

/** Somebody who proved who they are: a person by session, or a machine by token. `scopeCode` bounds every row they see. */
export type Caller = {
  kind: 'user' | 'token'; id: string; name: string; role: UserRole; scopeCode: string;
  /** What the audit writes: `user:ID` or `token:ID`. */ actor: string;
  /** Key of the credential (hash of the session or token): sockets are ended when it dies. */ credential: Buffer;
};
