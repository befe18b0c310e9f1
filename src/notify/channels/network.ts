/** What a failed connection says of the message: whether a byte of it can have left this machine (PROVIDERS 6.3). */

const notSent = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|EPROTO)$/;
/** True: surely nothing was sent. Everything else of the transport is of unknown outcome (law 6). */
export const surelyNotSent = (code: string): boolean => notSent.test(code);

/** A code is at most this long and of harmless characters: it is stored, logged and shown. */
export const shownCode = (code: string): string => code.replace(/[^\w.-]/g, '').slice(0, 60) || 'Unknown';
