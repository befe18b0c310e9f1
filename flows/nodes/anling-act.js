/** What a flow adds: an event 自定规则 (P2 to P4), a note, a text to a team, a command to a device. Whether it may is decided by the house, not here. */

const { call, list, first, only, flowOf, failed } = require('./shared.js');

module.exports = (RED) => {
  /** `ask(msg, config)` gives the path and the body of the call; its answer goes on as `msg.payload` of the output. */
  function act(type, ask) {
    RED.nodes.registerType(type, function Act(config) {
      RED.nodes.createNode(this, config);
      this.on('input', async (msg, send, done) => {
        try {
          const { path, body } = ask(msg, config, this);
          msg.anling = await call(RED, path, { flow: flowOf(this), ...only(body) });
          this.status({ fill: 'green', shape: 'dot', text: '' });
          send(msg);
          done();
        } catch (error) { failed(this, error, msg, done); }
      });
    });
  }
  const fieldOf = (msg, name) => first(msg[name], msg.payload?.[name]);

  act('anling-raise', (msg, config) => {
    // The nearest of what the message names: one of them only.
    const whom = ['personId', 'homeId', 'deviceId'].map((name) => [name, first(config[name], fieldOf(msg, name))]).find(([, value]) => value !== undefined);
    if (!whom) throw new Error(RED._('anling-act.nobody'));
    return { path: 'events', body: { note: first(msg.note, config.note, typeof msg.payload === 'string' ? msg.payload : undefined), priority: Number(msg.priority ?? config.priority) || 2, [whom[0]]: whom[1] } };
  });
  act('anling-note', (msg, config) => {
    const id = first(msg.alertId, msg.payload?.alertId, msg.payload?.id);
    if (id === undefined || !/^[1-9]\d{0,18}$/.test(id)) throw new Error(RED._('anling-act.noAlert'));
    return { path: `alerts/${id}/notes`, body: { note: first(msg.note, config.note, typeof msg.payload === 'string' ? msg.payload : undefined) } };
  });
  act('anling-notify', (msg, config) => ({ path: 'notify', body: { region: first(config.region, msg.region, msg.payload?.regionCode), roles: list(config.roles), count: Number(msg.count) || 1 } }));
  act('anling-command', (msg, config) => {
    const id = first(config.deviceId, fieldOf(msg, 'deviceId'));
    if (id === undefined) throw new Error(RED._('anling-act.noDevice'));
    const name = first(config.command, msg.command);
    const args = name === 'voice' ? { text: first(msg.text, config.text, typeof msg.payload === 'string' ? msg.payload : undefined) } : name === 'led' ? { mode: first(msg.mode, config.mode, 'slow') } : {};
    return { path: `devices/${encodeURIComponent(id)}/commands`, body: { name, args: only(args) } };
  });
};
