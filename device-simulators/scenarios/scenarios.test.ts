/** The shelf of scenarios: each can be chosen and explained, none touches time by itself; and how world and command line behave. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readOptions } from '#simulators/cli/options.ts';
import { travelledWorld } from '#simulators/world/world.ts';
import { scenarios } from './index.ts';

describe('scenarios', () => {
  it('stand in the index, one file each, named as on the command line', () => {
    const files = readdirSync(import.meta.dirname).filter((f) => !/^(index|scenario|looks)\.ts$|\.test\.ts$/.test(f)).map((f) => f.replace('.ts', ''));
    expect(scenarios.map((s) => s.name).toSorted()).toEqual(files.toSorted());
    for (const s of scenarios) expect([s.name, s.zh.length > 5 && s.en.length > 10 && s.minutes > 0]).toEqual([s.name, true]);
  });

  it('know no time but the world’s', () => {
    const clocks = /\b(Date\.now|setTimeout|setInterval|setImmediate|performance\.|new Date\()/;
    expect(readdirSync(import.meta.dirname).filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && clocks.test(readFileSync(`${import.meta.dirname}/${f}`, 'utf8')))).toEqual([]);
  });
});

describe('travelled time', () => {
  it('goes in steps, tells everybody, waits for rest after each, and ends when it is stopped', async () => {
    const story: string[] = [];
    let now = 1_000;
    const world = travelledWorld({ startAt: now, stepMs: 10_000, advance: async (ms) => { story.push(`+${ms}`); now += ms; return now; }, settled: async () => { story.push('rest'); }, linger: async (ms) => { story.push(`linger ${ms}`); } });
    world.each((at) => story.push(`tick ${at}`));
    await world.wait(15_000);
    expect(story).toEqual(['+10000', 'tick 11000', 'rest', '+5000', 'tick 16000', 'rest']);
    expect(await world.until(() => world.now() >= 36_000 && 'there', 60_000)).toBe('there');
    expect(await world.until(() => null, 20_000)).toBeNull();
    expect(world.now()).toBe(56_000);
    world.stop();
    await expect(world.wait(1)).rejects.toThrow('stopped');
  });
});

describe('the command line', () => {
  const read = (...argv: string[]): ReturnType<typeof readOptions> => readOptions(argv, { ANLING_MQTT_PORT: '21883' });

  it('has defaults for the house of this machine', () => {
    expect(read()).toMatchObject({ kind: 'run', options: { devices: 200, seed: 1, speed: 1, minutes: null, falseShare: 0.94, url: 'http://127.0.0.1:8080', mqtt: { host: '127.0.0.1', port: 21_883, tls: false }, phones: 'http://127.0.0.1:8090', token: null, travel: false } });
    expect(read('--scenario=flood', '--devices', '5', '--mqtt', 'mqtts://door.example', '--travel', '--url', 'https://house.example:444/x', '--token', 'abc')).toMatchObject({
      kind: 'run', options: { scenario: { name: 'flood' }, devices: 5, mqtt: { host: 'door.example', port: 8883, tls: true }, url: 'https://house.example:444', phones: null, token: 'abc', travel: true },
    });
  });

  it('says every problem at once, names the scenarios, and asks a remote house’s token', () => {
    const wrong = read('--scenario', 'typhoo', '--devices', '0', '--seed', '1.5', '--false-share', '0.5', '--speed', 'fast', '--url', 'house', '--what', 'x', '--minutes');
    const text = wrong.kind === 'wrong' ? wrong.text : '';
    for (const part of ['--scenario: there is no "typhoo"; known are quiet, evening, single-sos', '--devices: expected a whole number', '--seed:', '--false-share: expected a number from 0.9 to 0.999', '--speed:', '--url: expected', '--what: no such argument', '--minutes: a value is missing'])
      expect(text).toContain(part);
    expect(read('--url', 'https://house.example')).toMatchObject({ kind: 'wrong', text: expect.stringContaining('--token: a house on another machine needs a token') });
  });

  it('explains itself in both languages', () => {
    const help = read('--help', '--devices', 'x');
    const text = help.kind === 'help' ? help.text : '';
    for (const part of ['--speed X', '只加快心跳', 'single-sos', '一次按键', 'exit code', '退出码']) expect(text).toContain(part);
  });
});
