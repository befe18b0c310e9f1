/** A whole house with its demonstration county as the simulator meets it: its API by a token, its phones, its door, an ordinary run. */
import { createApi, type HouseApi } from '#simulators/api/client.ts';
import { createPhonesApi } from '#simulators/api/phones.ts';
import type { RunOptions } from '#simulators/run.ts';
import { type House, makeHouse } from './house.ts';

export type Demonstration = {
  house: House; api: HouseApi;
  /** What every run on it has in common. */ run: Omit<RunOptions, 'world' | 'scenario' | 'devices'>;
};

export async function demonstrationHouse(root: string, name: string): Promise<Demonstration> {
  const house = await makeHouse(root, { name, env: { ANLING_GATEWAY: '', ANLING_DEMO: '' } });
  await house.start();
  await house.ready(180_000);
  const { output } = await house.run('src/admin.ts', 'token', name, '2');
  const api = createApi(house.base, { token: /secret (\S+)/.exec(output)?.[1] ?? '' });
  return {
    house, api,
    run: { api, phones: createPhonesApi(house.standin), address: { host: '127.0.0.1', port: house.mqttPort, tls: false }, seed: 1, speed: 1, minutes: null, falseShare: 0.94, say: () => {}, progress: () => {} },
  };
}
