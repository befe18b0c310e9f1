/**
 * Error codes of the gateway as data (PROVIDERS 6): what each means for the next step. Only codes leave this file: SDK
 * errors carry telephone numbers, names and whole signed requests in their messages.
 */
import type { FailureClass, Outcome, Refusal, Scope } from '#notify/channels/channel.ts';
import { shownCode, surelyNotSent } from '#notify/channels/network.ts';

export type Verdict = { class: FailureClass | 'U'; scope: Scope; retries?: number; endsAs?: 'F' | 'P' | 'U'; page?: true };

const each = (codes: string, verdict: Verdict): Record<string, Verdict> => Object.fromEntries(codes.split(' ').map((code) => [code, verdict]));

/** PROVIDERS 6.1: business codes of SMS, which arrive with HTTP 200. */
export const smsCodes: Record<string, Verdict> = {
  ...each('isv.BUSINESS_LIMIT_CONTROL', { class: 'F', scope: 'recipient' }),
  ...each('isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL isv.AMOUNT_NOT_ENOUGH isv.OUT_OF_SERVICE', { class: 'F', scope: 'account', page: true }),
  ...each('isv.MOBILE_NUMBER_ILLEGAL', { class: 'P', scope: 'recipient' }),
  ...each('isv.MOBILE_COUNT_OVER_LIMIT', { class: 'P', scope: 'account', page: true }),
  ...each('isv.TEMPLATE_MISSING_PARAMETERS isv.INVALID_JSON_PARAM isv.TEMPLATE_PARAMS_ILLEGAL isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL '
    + 'isv.BLACK_KEY_CONTROL_LIMIT isv.SMS_CONTENT_ILLEGAL isv.INVALID_PARAMETERS', { class: 'P', scope: 'message' }),
  ...each('isv.SMS_TEMPLATE_ILLEGAL isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGN_ILLEGAL isv.SIGN_STATE_ILLEGAL isv.SMS_SIGNATURE_SCENE_ILLEGAL '
    + 'isv.EXTEND_CODE_ERROR isv.DOMESTIC_NUMBER_NOT_SUPPORTED isv.INTERFACE_OFFLINE isv.DENY_IP_RANGE', { class: 'P', scope: 'account', page: true }),
  ...each('isp.RAM_PERMISSION_DENY isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL', { class: 'P', scope: 'account', page: true }),
  ...each('isp.SYSTEM_ERROR isp.GATEWAY_ERROR isp.UNKNOWN', { class: 'R', scope: 'provider', retries: 2, endsAs: 'F' }),
};

/** PROVIDERS 6.5: codes of the voice API; HTTP 200 with Code, or 400 and 500: both forms are in use. */
export const voiceCodes: Record<string, Verdict> = {
  ...each('isv.BUSINESS_LIMIT_CONTROL', { class: 'F', scope: 'recipient' }),
  ...each('isv.MOBILE_NUMBER_ILLEGAL', { class: 'P', scope: 'recipient' }),
  ...each('isv.DISPLAY_NUMBER_ILLEGAL isv.BILLID_NOT_EXIST BillidNotExist isv.TTS_TEMPLATE_ILLEGAL isv.TEMPLATE_ILLEGAL isv.VOICE_FILE_ILLEGAL', { class: 'P', scope: 'account', page: true }),
  ...each('isv.TEMPLATE_MISSING_PARAMETERS isv.TEMPLATE_PARAMS_ILLEGAL isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL isv.BLACK_KEY_CONTROL_LIMIT '
    + 'isv.INVALID_PARAMETERS InvalidParameters', { class: 'P', scope: 'message' }),
  ...each('isv.COMPLAINT_REJECT ComplaintReject', { class: 'F', scope: 'recipient', page: true }),
  ...each('isv.VOICE_CALL_FAIL', { class: 'R', scope: 'recipient', retries: 1, endsAs: 'F' }),
  ...each('isv.VOICE_ROBOT_NOT_PERIOD isv.VOICE_CALL_PERIOD_ERROR', { class: 'F', scope: 'provider' }),
  ...each('isv.AMOUNT_NOT_ENOUGH isv.AMOUNT_NOT_ENOUG isv.OUT_OF_SERVICE', { class: 'F', scope: 'account', page: true }),
  ...each('isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE isp.RAM_PERMISSION_DENY', { class: 'P', scope: 'account', page: true }),
  ...each('isp.SYSTEM_ERROR isp.GATEWAY_ERROR InternalError', { class: 'R', scope: 'provider', retries: 1, endsAs: 'U' }),
};

/** PROVIDERS 6.2: what the gateway in front of both throws. */
const gatewayCodes: Record<string, Verdict> = {
  ...each('Throttling Throttling.User Throttling.Api', { class: 'R', scope: 'provider', retries: 2, endsAs: 'F' }),
  ...each('ServiceUnavailable InternalError', { class: 'R', scope: 'provider', retries: 2, endsAs: 'U' }),
  ...each('SignatureDoesNotMatch', { class: 'R', scope: 'account', retries: 1, endsAs: 'P', page: true }),
  ...each('SignatureNonceUsed', { class: 'U', scope: 'provider' }),
  ...each('InvalidTimeStamp.Expired InvalidTimeStamp.Format', { class: 'R', scope: 'account', retries: 1, endsAs: 'P', page: true }),
  ...each('InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive MissingAccessKeyId IncompleteSignature InvalidCredentials Forbidden.RAM NoPermission '
    + 'InvalidVersion InvalidAction.NotFound InvalidApi.NotFound', { class: 'P', scope: 'account', page: true }),
};

/** PROVIDERS 6.3: failures before any byte was sent. */
const transport: Verdict = { class: 'R', scope: 'provider', retries: 2, endsAs: 'F' };
const unheardOf: Verdict = { class: 'R', scope: 'provider', retries: 1, endsAs: 'F', page: true };
const serverSide: Verdict = { class: 'R', scope: 'provider', retries: 2, endsAs: 'U' };

function outcome(code: string, verdict: Verdict, retryAfterMs: number | null = null): Outcome {
  if (verdict.class === 'U') return { kind: 'unknown', code: shownCode(code) };
  const refusal: Refusal = {
    kind: 'rejected', class: verdict.class, scope: verdict.scope, code: shownCode(code), retries: verdict.retries ?? 0,
    endsAs: verdict.endsAs ?? (verdict.class === 'R' ? 'F' : verdict.class), retryAfterMs, page: verdict.page ?? false,
  };
  return refusal;
}

/** A code other than OK in an answer. An unheard-of code is tried once more, then failed over, and paged. */
export function classifyCode(code: string, table: Record<string, Verdict>): Outcome {
  return outcome(code, table[code] ?? gatewayCodes[code] ?? gatewayPattern(code) ?? unheardOf);
}

function gatewayPattern(code: string): Verdict | null {
  if (code.includes('Throttling')) return gatewayCodes['Throttling'] ?? null;
  if (/^(InvalidSecurityToken|Missing[A-Z]\w*$|Forbidden)/.test(code)) return { class: 'P', scope: 'account', page: true };
  return null;
}

/** What was thrown by the SDK, or by our own deadline. Nothing of the error but its code and status is looked at or kept. */
export function classifyThrown(error: unknown, table: Record<string, Verdict>): Outcome {
  const { code: given, statusCode, retryAfter, name } = (error ?? {}) as { code?: unknown; statusCode?: unknown; retryAfter?: unknown; name?: unknown };
  const code = typeof given === 'string' && given !== 'undefined' ? given : '';
  const status = typeof statusCode === 'number' ? statusCode : 0;
  const wait = typeof retryAfter === 'number' && retryAfter > 0 ? Math.min(retryAfter, 60_000) : null;
  if (name === 'ThrottlingError' || wait !== null) return outcome(code || 'Throttling', gatewayCodes['Throttling'] as Verdict, wait);
  if (status >= 400) {
    const known = table[code] ?? gatewayCodes[code] ?? gatewayPattern(code);
    if (known === null || known === undefined) return outcome(code || `Http.${status}`, status >= 500 ? serverSide : unheardOf);
    return outcome(code, status >= 500 && known.class === 'R' ? { ...known, endsAs: 'U' } : known);
  }
  if (surelyNotSent(code)) return outcome(code, transport);
  if (code === 'InvalidCredentials' || name === 'CredentialsError') return outcome('InvalidCredentials', gatewayCodes['InvalidCredentials'] as Verdict);
  if (error instanceof SyntaxError || name === 'SyntaxError') return { kind: 'unknown', code: 'NotJson' };
  return { kind: 'unknown', code: shownCode(code || (typeof name === 'string' ? name : '')) };
}
