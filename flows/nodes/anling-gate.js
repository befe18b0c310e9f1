/** A gate by the clock of the county (UTC+8, no summer time): what comes within the hours and days goes on by the first output, else by the second. */


const countyMs = 8 * 3_600_000;
const minutes = (text) => { const m = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(String(text ?? '').trim()); return m ? Number(m[1]) * 60 + Number(m[2]) : null; };

/** Whether `at` (epoch ms) lies within from..to on one of `days` (1 Monday to 7 Sunday). A span over midnight belongs to the day on which it begins. */
function within(at, from, to, days) {
  const county = new Date(at + countyMs);
  const minute = county.getUTCHours() * 60 + county.getUTCMinutes();
  const today = county.getUTCDay() || 7;
  const before = today === 1 ? 7 : today - 1;
  const on = (day) => days.length === 0 || days.includes(day);
  if (from === to) return on(today);
  if (from < to) return minute >= from && minute < to && on(today);
  return (minute >= from && on(today)) || (minute < to && on(before));
}

module.exports = (RED) => {
  RED.nodes.registerType('anling-gate', function Gate(config) {
    RED.nodes.createNode(this, config);
    const [from, to] = [minutes(config.from), minutes(config.to)];
    const days = String(config.days ?? '').split(/[\s,，]+/).map(Number).filter((n) => n >= 1 && n <= 7);
    if (from === null || to === null) { this.status({ fill: 'red', shape: 'ring', text: 'HH:mm' }); this.error(RED._('anling-gate.hours')); return; }
    this.on('input', (msg, send, done) => {
      // What happened decides, not when the flow comes to it: a flow that was behind must not sort the night into the day.
      const at = Number(msg.payload?.receivedAt ?? msg.payload?.openedAt ?? msg.at) || Date.now();
      send(within(at, from, to, days) ? [msg, null] : [null, msg]);
      done();
    });
  });
};
module.exports.within = within;
