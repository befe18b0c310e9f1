/** Who may use the pages and the API: the roles of app_user, and what every route knows of its caller. */

export const userRoles = ['admin', 'shift-leader', 'operator', 'viewer', 'caregiver', 'installer', 'technician', 'county-reader', 'auditor'] as const;
export type UserRole = (typeof userRoles)[number];

const files: readonly UserRole[] = ['admin', 'shift-leader', 'operator', 'installer', 'county-reader', 'auditor'];
const actors: readonly UserRole[] = ['admin', 'shift-leader', 'operator'];
/** The usual lists of roles: the server's routes refuse by them, the pages show by them what may be pressed. */
export const may = {
  readAlerts: ['admin', 'shift-leader', 'operator', 'viewer', 'technician', 'county-reader', 'auditor'], act: actors,
  /** Masked, changed, opened in plain text (audited), sent as whole lists. */
  readFiles: files, writeFiles: ['admin', 'shift-leader', 'installer'], revealFiles: ['admin', 'shift-leader', 'operator', 'installer'], bulkFiles: ['admin'],
  readDevices: [...files, 'technician'], writeDevices: ['admin', 'shift-leader', 'installer', 'technician'], writeResponders: ['admin', 'shift-leader'], writeStations: ['admin'],
  readQuarantine: ['admin', 'shift-leader', 'operator', 'technician', 'auditor'], openQuarantine: ['admin', 'technician'], readRefused: ['admin', 'shift-leader', 'operator', 'installer', 'technician'],
  readNotifications: ['admin', 'shift-leader', 'operator', 'technician', 'county-reader', 'auditor'], readPlans: ['admin', 'shift-leader', 'operator', 'county-reader', 'auditor', 'technician'], writePlans: ['admin'], readSchedules: ['admin', 'shift-leader', 'operator', 'county-reader', 'auditor'], writeSchedules: ['admin', 'shift-leader'], writeUsers: ['admin'],
  readReach: ['admin', 'shift-leader', 'operator', 'county-reader', 'auditor', 'technician'], closeNumbers: ['admin', 'shift-leader', 'operator'], writeReach: ['admin', 'shift-leader'], readDrills: ['admin', 'shift-leader', 'operator', 'viewer', 'technician', 'county-reader', 'auditor'], startDrills: ['admin', 'shift-leader'],
  readRolls: ['admin', 'shift-leader', 'operator', 'viewer', 'county-reader', 'auditor'], writeRolls: actors,
  /** 离线清点包: fetched sealed, made, given a passphrase. */ readPacks: ['admin', 'shift-leader', 'operator', 'county-reader'], makePacks: ['admin', 'shift-leader'], writePacks: ['admin'],
  readArrivals: ['admin', 'shift-leader', 'operator', 'county-reader', 'auditor'],
  readDoors: ['admin', 'technician', 'auditor'], writeDoors: ['admin'], writeModels: ['admin'], /** 规则参数: seen, tried on the last 24 hours, adopted and taken back */ readRules: ['admin', 'shift-leader', 'technician', 'county-reader', 'auditor'], tryRules: ['admin', 'shift-leader', 'technician'], writeRules: ['admin'], /** 安装验收: at the door; over the shoulder of those who install. */ install: ['admin', 'shift-leader', 'installer'], readInstallReport: ['admin', 'shift-leader', 'county-reader', 'auditor'], readInstalls: ['admin', 'shift-leader', 'operator', 'installer', 'county-reader', 'auditor', 'technician'], readProvider: ['admin', 'technician', 'auditor'], writeProvider: ['admin'], readSecurity: ['admin', 'auditor'], writeSecurity: ['admin'], /** 换人: whose PIN opens a desk that is logged in. */ pin: actors, testProvider: ['admin', 'technician'], /** 自定规则: how they are; the editor is an administrator's and a technician's. */ readFlows: ['admin', 'technician', 'shift-leader', 'auditor'], editFlows: ['admin', 'technician'], readOps: ['admin', 'technician', 'shift-leader', 'county-reader'],
} as const satisfies Record<string, readonly UserRole[]>;

/** What a login has proven. `desk`: alarms only, from a browser that is known, while the second factor is owed; `none`: nothing but giving it. */
export type Proof = 'whole' | 'desk' | 'none';

/** Somebody who proved who they are: a person by session, or a machine by token. `scopeCode` bounds every row they see. */
export type Caller = {
  kind: 'user' | 'token'; id: string; name: string; role: UserRole; scopeCode: string; proof: Proof;
  /** What the audit writes: `user:ID` or `token:ID`. */ actor: string;
  /** Key of the credential (hash of the session or token): sockets are ended when it dies. */ credential: Buffer;
};
