/** The page of 排班 on the real API with the demonstration county: a schedule is written, a stand-in comes and goes, a wrong line says so, a gap is seen. */
import { describe, expect, it } from 'vitest';
import { type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there

describe('the page of schedules', () => {
  let seat: Seat;
  useRealWeb((now) => { seat = now.seat; });
  const show = async (name: string): Promise<void> => { if (shots) await seat.shot(`${shots}/${name}.png`); };

  it('writes a schedule of the seats, shows whose turn it is and the gaps of its nights, and lets somebody stand in [E9]', async () => {
    const { page } = seat;
    await seat.go('schedules', '[data-test=schedules] .empty');
    expect(await page.textContent('[data-test=schedules] .empty')).toContain('还没有排班');
    await page.click('[data-test=new-schedule]');
    await page.fill('[data-test=schedule-name]', '值班席');
    await page.selectOption('[data-test=schedule-role]', 'seat');
    await page.waitForFunction(() => (document.querySelector<HTMLSelectElement>('[data-test=add-member-0]')?.options.length ?? 0) > 2);
    for (const nth of [1, 2]) await page.selectOption('[data-test=add-member-0]', { index: nth });
    expect(await page.locator('.members li').count()).toBe(2);
    await show('schedule-editor');
    await page.click('[data-test=save-schedule]');
    await page.waitForSelector('[data-schedule] .week .turn');
    expect(await page.locator('[data-schedule] .turn').count()).toBeGreaterThanOrEqual(7);
    const turns = await page.locator('[data-schedule] .turn span:nth-child(2)').allTextContents();
    expect(new Set(turns.filter((name) => name !== '缺口')).size).toBe(2);
    await page.click('[data-test=stand-in]');
    await page.selectOption('[data-test=in]', '');
    await page.click('[data-test=save-stand-in]');
    await page.waitForSelector('[data-test=gaps]');
    expect(await page.textContent('[data-test=gaps]')).toContain('1 处没有人当班');
    await show('schedules');
    await page.click('[data-test=take-back]');
    await page.click('[data-test=take-back]');
    await page.waitForFunction(() => document.querySelector('[data-test=overrides]') === null);
  });

  it('says at its line what is wrong, and keeps what was typed [E9]', async () => {
    const { page } = seat;
    await seat.go('schedules/new', '[data-test=schedule-form]');
    await page.fill('[data-test=schedule-name]', '空的');
    await page.click('[data-test=save-schedule]');
    await page.waitForSelector('[data-test=schedule-form] .trouble');
    expect(await page.inputValue('[data-test=schedule-name]')).toBe('空的');
  });

  it('takes the holidays of a year, a line a day, and names a wrong line [E9]', async () => {
    const { page } = seat;
    await seat.go('schedules', '[data-test=holiday-text]');
    const year = await page.inputValue('[data-test=holidays] input[type=number]');
    await page.fill('[data-test=holiday-text]', `${year}-02-06 放假 春节\n1999-01-01 上班 错`);
    await page.click('[data-test=save-holidays]');
    await page.waitForSelector('[data-test=holidays] .trouble');
    expect(await page.textContent('[data-test=holidays] .trouble')).toContain('第 2 行');
    await page.fill('[data-test=holiday-text]', `${year}-02-06 放假 春节`);
    await page.click('[data-test=save-holidays]');
    await page.waitForFunction(() => document.querySelector<HTMLButtonElement>('[data-test=save-holidays]')?.disabled === true);
  });
});
