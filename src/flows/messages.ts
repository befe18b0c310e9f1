/** What the keeper and the process that runs flows say to each other over their channel. Types alone: the contained process loads nothing of the house. */

/** The first word of the keeper; there is no environment. */
export type Begin = { type: 'begin'; userDir: string; nodesDir: string; editorHeader: string; editorSecret: string; credentialSecret: string; safe: boolean; language: string; /** the span of a trial: nothing is read but it, by a clock of its own */ trial?: { from: number; to: number; rows: number } };
/** `status` 0: it could not be asked, `body` says why. */
export type Answer = { type: 'answer'; id: number; status: number; headers?: Record<string, string>; body: string };
export type ToHost = Begin | Answer;

/** A call of the API of the flows, or of an outside host through the list of the settings. */
export type Call = ({ type: 'api'; id: number; path: string; body: unknown } | { type: 'http'; id: number; flow: string; method: string; url: string; headers: Record<string, string>; body: string | null }) & { /** the time of a trial */ at?: number };
/** Each half second: memory, the tab that had most messages since the last beat, and the node under which memory outside the heap has grown most. */
export type HostBeat = { type: 'beat'; rss: number; busiest: { tab: string; node: string; count: number } | null; grower: { tab: string; node: string; bytes: number } | null; trial?: TrialAt };
/** How far a trial is. */
export type TrialAt = { at: number; items: number; messages: number };
/** The end of a trial. `less`: there was more than was driven; `detail`: why it ended before its time. */
export type TrialDone = TrialAt & { type: 'trial-done'; less: boolean; detail: string };
export type FromHost = { type: 'up'; port: number } | HostBeat | Call | TrialDone;
