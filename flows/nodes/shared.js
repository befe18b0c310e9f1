/** What the nodes share: the call of the house's API with its answer in words, texts from a node's fields, lists of them. */


/** Resolves with the answer's body; throws an Error that says what was refused, with `status` and the seconds to wait. */
async function call(RED, path, body) {
  const answer = await RED.settings.anling.api(`/api/v1/flows/${path}`, body);
  let said = null;
  try { said = JSON.parse(answer.body); } catch { /* a text */ }
  if (answer.status >= 200 && answer.status < 300) return said;
  const { message, fields, retryAfterS } = said?.error ?? {};
  const words = fields ? fields.map((f) => `${f.field}: ${f.expected}`).join('; ') : message ?? answer.body;
  throw Object.assign(new Error(`${answer.status === 0 ? 'unreachable' : answer.status}: ${words}`), { status: answer.status, retryAfterS });
}

/** `a, b，c` as a list. */
const list = (text) => String(text ?? '').split(/[\s,，、]+/).filter(Boolean);
/** The first of these that is a text. */
const first = (...values) => { for (const value of values) if (value !== undefined && value !== null && value !== '') return String(value); return undefined; };
/** An object without what is not there. */
const only = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)));
/** What the timeline calls the flow: the name of its tab. */
const flowOf = (node) => String(node._flow?.flow?.label || node.name || node.z || 'flow').slice(0, 80);
const failed = (node, error, msg, done) => { node.status({ fill: 'red', shape: 'ring', text: error.message.slice(0, 40) }); if (done) done(error); else node.error(error, msg); };

module.exports = { call, list, first, only, flowOf, failed };
