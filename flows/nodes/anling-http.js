/** A request to a host that the settings list. It is made by the keeper: this process has no way out of its own. */

const { first, failed, flowOf } = require('./shared.js');

module.exports = (RED) => {
  RED.nodes.registerType('anling-http', function Http(config) {
    RED.nodes.createNode(this, config);
    this.on('input', async (msg, send, done) => {
      try {
        const url = first(msg.url, config.url);
        if (url === undefined) throw new Error(RED._('anling-http.noUrl'));
        const plain = typeof msg.payload === 'string' || msg.payload === undefined || msg.payload === null;
        const method = String(first(config.method, msg.method, 'POST')).toUpperCase();
        const body = method === 'GET' || method === 'HEAD' || msg.payload === undefined || msg.payload === null ? null : plain ? msg.payload : JSON.stringify(msg.payload);
        const headers = { ...(body === null || plain ? {} : { 'content-type': 'application/json; charset=utf-8' }), ...(msg.headers ?? {}) };
        const answer = await RED.settings.anling.http({ flow: flowOf(this), method, url, headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)])), body });
        if (answer.status === 0) throw new Error(answer.body);
        Object.assign(msg, { statusCode: answer.status, headers: answer.headers, payload: answer.body });
        if (config.json !== false) try { msg.payload = JSON.parse(answer.body); } catch { /* it stays a text */ }
        const good = answer.status < 400;
        this.status({ fill: good ? 'green' : 'yellow', shape: 'dot', text: String(answer.status) });
        send(good ? [msg, null] : [null, msg]);
        done();
      } catch (error) { failed(this, error, msg, done); }
    });
  });
};
