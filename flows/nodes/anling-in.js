/** Streams in: alerts, events of devices, samples. The place in a stream is kept by the house under this node's id: what was not finished before a restart comes again. */

const { call, list, first, only } = require('./shared.js');

const everyMs = 1000;
const pauseMsMax = 15_000;

module.exports = (RED) => {
  /** Asks while the node lives: at once while there is more, else after a pause; a failure waits longer each time and is shown. */
  function poll(node, everyOf, turn) {
    let timer = null;
    let failures = 0;
    let closed = false;
    const run = async () => {
      let more = false;
      try { more = await turn(() => closed); failures = 0; } catch (error) {
        failures++;
        node.status({ fill: 'red', shape: 'ring', text: error.message.slice(0, 40) });
        if (failures === 1) node.warn(error.message);
      }
      if (!closed) timer = setTimeout(run, more ? 10 : Math.min(everyOf() * 2 ** Math.min(failures, 6), Math.max(everyOf(), pauseMsMax)));
    };
    timer = setTimeout(run, 50);
    node.on('close', () => { closed = true; clearTimeout(timer); });
  }

  /** A trial gives what happened in its span; nothing is asked for. */
  const tried = (node, stream, filter, messageOf) => RED.settings.anling.listen?.({ stream, filter, give: (item) => node.send(messageOf(item)) });

  function stream(node, path, filter, messageOf) {
    if (RED.settings.anling.listen) { tried(node, path.split('/')[0], filter, (item) => [messageOf(item), null]); return; }
    let done;
    poll(node, () => everyMs, async (closed) => {
      const answer = await call(RED, path, only({ node: node.id, label: node.name || undefined, done, ...filter }));
      if (closed()) return false;
      const { items, next, behind, gap, more } = answer;
      if (gap) node.send([null, { payload: { gap: true, behind }, topic: 'gap' }]);
      for (const item of items) node.send([messageOf(item), null]);
      if (behind > 0) node.send([null, { payload: { gap: false, behind }, topic: 'behind' }]);
      node.status(behind > 0 ? { fill: 'yellow', shape: 'dot', text: RED._('anling-in.behind', { behind }) } : { fill: 'green', shape: 'dot', text: '' });
      done = next; // said with the next question: what was sent here has run its synchronous course by then
      return more;
    });
  }

  RED.nodes.registerType('anling-alerts', function AlertsIn(config) {
    RED.nodes.createNode(this, config);
    stream(this, 'alerts/next', only({ kinds: list(config.kinds), what: list(config.what), region: first(config.region), priorityMax: Number(config.priorityMax) || 4 }),
      ({ seq, what, alert }) => ({ _msgid: `alert-${seq}`, topic: alert.kind, what, payload: alert }));
  });

  RED.nodes.registerType('anling-events', function EventsIn(config) {
    RED.nodes.createNode(this, config);
    stream(this, 'events/next', only({ kinds: list(config.kinds), region: first(config.region), deviceId: first(config.deviceId), homeId: first(config.homeId) }),
      (event) => ({ _msgid: `event-${event.id}`, topic: event.kind, payload: event }));
  });

  RED.nodes.registerType('anling-samples', function SamplesIn(config) {
    RED.nodes.createNode(this, config);
    let since = null;
    const everyS = Math.max(10, Number(config.everyS) || 60);
    const filter = only({ region: first(config.region), deviceId: first(config.deviceId), batteryBelow: Number(config.batteryBelow) || undefined });
    if (RED.settings.anling.listen) { tried(this, 'samples', { ...filter, everyS: Math.max(600, everyS) }, (sample) => ({ topic: sample.deviceId, payload: sample })); return; }
    poll(this, () => everyS * 1000, async (closed) => {
      const answer = await call(RED, 'samples', { since: since ?? 0, ...filter });
      if (closed()) return false;
      for (const sample of answer.samples) this.send({ topic: sample.deviceId, payload: sample });
      this.status({ fill: 'green', shape: 'dot', text: '' });
      since = answer.now;
      return answer.more;
    });
  });
};
