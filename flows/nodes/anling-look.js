/** Look-ups, masked: who and where (`anling-look`), whom to look after, whose battery is low. */

const { call, first, only, failed } = require('./shared.js');

module.exports = (RED) => {
  const asks = {
    one: (msg) => ({ path: 'lookup', body: only(Object.fromEntries(['personId', 'homeId', 'deviceId'].map((name) => [name, first(msg[name], msg.payload?.[name])]))) }),
    care: (msg, config) => ({ path: 'care-list', body: only({ region: first(config.region, msg.region), only: first(config.only) }) }),
    battery: (msg, config) => ({ path: 'samples', body: only({ since: 0, region: first(config.region, msg.region), batteryBelow: Number(config.batteryBelow) || 20 }) }),
  };
  RED.nodes.registerType('anling-look', function Look(config) {
    RED.nodes.createNode(this, config);
    const ask = asks[config.what] ?? asks.one;
    this.on('input', async (msg, send, done) => {
      try {
        const { path, body } = ask(msg, config);
        msg.found = await call(RED, path, body);
        this.status({ fill: 'green', shape: 'dot', text: '' });
        send(msg);
        done();
      } catch (error) { failed(this, error, msg, done); }
    });
  });
};
