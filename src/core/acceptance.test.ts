/** Every type of device has steps that fit into a visit, and what does not fit is named. */
import { expect, it } from 'vitest';
import { onSiteMaxMs, onSiteMs, planOf, waitMs } from './acceptance.ts';

it('proves on site what can be proven in eight minutes, and names the rest as probation [FF15]', () => {
  const radar = planOf('fall-radar', 180);
  expect(radar?.steps).toContain('offline');
  expect(radar?.probation.some((p) => p.en.includes('Offline'))).toBe(false);
  for (const [type, graceS] of [['sos-button', 90_000], ['watch', 900], ['smoke', 90_000], ['gas', 10_800]] as const) {
    const plan = planOf(type, graceS);
    expect(plan?.steps).not.toContain('offline');
    expect(plan?.steps).toContain('reconnect');
    expect(plan?.probation[0]?.zh).toContain('7 天');
  }
  expect(planOf('watch', 900)?.probation[0]?.zh).toContain('15 分钟');
  expect(planOf('phone', 90_000)).toBeNull();
  // Told what to do at every step that needs a hand.
  for (const type of ['sos-button', 'fall-radar', 'smoke', 'gas', 'bed', 'watch', 'door', 'gateway'] as const) {
    const plan = planOf(type, 90_000);
    for (const step of plan?.steps ?? []) if (step !== 'registered' && step !== 'contact-sms') expect(plan?.profile.provoke[step], `${type} ${step}`).toBeDefined();
  }
  // The longest waits of every kind, one after the other: a two-way radar, whose silence can be seen on site, needs them all.
  for (const type of ['sos-button', 'fall-radar', 'smoke', 'gas', 'bed', 'watch', 'door', 'gateway'] as const)
    for (const graceS of [180, 900, 10_800, 90_000]) expect(onSiteMs(planOf(type, graceS, true)?.steps ?? []), `${type} ${graceS}`).toBeLessThanOrEqual(onSiteMaxMs);
  expect(onSiteMs(planOf('fall-radar', 180, true)?.steps ?? [])).toBe(onSiteMaxMs);
  expect(waitMs.offline).toBeGreaterThan(180_000);
  // Only what speaks and hears asks for ears (F16).
  expect(planOf('smoke', 90_000, true)?.steps).not.toContain('voice');
  expect(planOf('sos-button', 90_000, true)?.steps).toContain('voice');
  expect(planOf('sos-button', 90_000)?.steps).not.toContain('voice');
});
