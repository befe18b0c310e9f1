/** Consent of contacts (PIPL; E12): who withdrew it (撤回同意) is neither texted nor called by the house any more; a human at the desk may still dial. */

/** How the refusal of a dispatch begins, after the field: what was expected of it. */
export const consentNeeded = 'somebody who has not withdrawn consent (撤回同意)';

/** The code of a message that was taken back before it left, because its reader withdrew meanwhile. */
export const consentCode = 'local.CONSENT';
