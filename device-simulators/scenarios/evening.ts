/** A normal night: devices cry by the raw-warning model, nearly always for nothing, and the villages answer as they do. */
import { readAlert } from '#simulators/api/house.ts';
import { alertsSince } from './looks.ts';
import { minuteMs, type Scenario, some, verdict } from './scenario.ts';

/** By then somebody has promised to come, has taken or closed it, or the plan has run through and says so (FIELD 7: 300 s, and a turn). */
const calledOutMs = 7 * minuteMs;

export const evening: Scenario = {
  name: 'evening', zh: '平常夜晚：按误报模型报警，村里人接听', en: 'a normal night by the raw-warning model, people answer', needs: ['fall-radar'], minutes: 30, cries: true, people: 'town',
  async run(stage) {
    const { world, api, ledger } = stage;
    const since = world.now();
    await world.wait(stage.minutes * minuteMs);
    const emergencies = (await alertsSince(stage, since, stage.fleet.members)).filter((a) => a.priority === 1);
    const due = emergencies.filter((a) => a.openedAt < world.now() - calledOutMs);
    const left: string[] = [];
    for (const { id } of due) {
      const a = await readAlert(api, id);
      const answered = a.committedAt !== null || a.closedAt !== null || a.claimedAt !== null || a.timeline.some((t) => t.action === 'nobody-answered');
      if (!answered) left.push(`${a.kind} ${id} (${a.planState}, round ${a.planRound})`);
    }
    const cries = ledger.emergencies();
    const real = cries.filter((e) => e.real).length;
    return [
      verdict(left.length === 0, '每条警情七分钟内已叫应、办结，或已报“未叫应”', 'Within seven minutes every emergency was committed, closed, or called out as unanswered',
        left.length === 0 ? `${due.length} looked at of ${emergencies.length} opened; ${cries.length} cries, ${real} of them real` : some(left, due.length)),
    ];
  },
};
