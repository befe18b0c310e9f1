/** The names of the doctor's lines and, for each, the one sentence of what to do; Chinese and English. */
import { type DoctorId, type DoctorLine, unasked } from './doctor.ts';
import type { OpsMark } from './ops-verdict.ts';

type Words = { zh: string; en: string; doZh: string; doEn: string };
const w = (zh: string, en: string, doZh: string, doEn: string): Words => ({ zh, en, doZh, doEn });

const doctorWords: Readonly<Record<DoctorId, Words>> = {
  house: w('系统', 'House', '没有运行就启动(npm start 或 systemctl start anling);原因写在左边。', 'Start it when it does not run (npm start, or systemctl start anling); the reason stands here.'),
  database: w('数据库', 'Database', '看数据库日志和磁盘;外部数据库看 DATABASE_URL。', 'Look at the database’s log and the disk; for one of your own at DATABASE_URL.'),
  safety: w('数据库安全设置', 'Database settings', '打开 fsync、synchronous_commit、full_page_writes。', 'Switch fsync, synchronous_commit and full_page_writes on.'),
  keys: w('密钥文件', 'Key file', '把随备份另存的密钥文件放回去。', 'Put back the key file that was kept apart from the backup.'),
  disk: w('磁盘', 'Disk', '腾出空间或换大盘,先挪走旧备份和日志。', 'Free room or take a larger disk; move old backups and logs away first.'),
  spool: w('本机暂存', 'Local spool', '写不了就改权限或换盘;有积压先看数据库,它回来后自动入库;读不出的文件别删,留给维护人员。', 'Give it room or rights; rows that wait go in by themselves when the database is back; keep files that cannot be read.'),
  backup: w('最近备份', 'Last backup', '现在就做:npm run backup -- --to 另一块盘 --keys 保险柜U盘。', 'Make one now: npm run backup -- --to OTHERDISK --keys SAFE.'),
  apart: w('备份不在同一块盘', 'Backup elsewhere', '用 --to 备份到另一块盘或另一台机器。', 'Back up to another disk or machine with --to.'),
  packs: w('离线清点包', 'Offline packs', '值班 → 离线清点包:给乡镇设口令,抄进值班室的信封;太旧就看磁盘和 web 日志。', 'Duty → Offline packs: give the town a passphrase, written into its envelope; when it is old look at the disk and the web’s log.'),
  clock: w('时钟', 'Clock', '打开对时(timedatectl set-ntp true),时钟差由系统慢慢追回。', 'Switch time synchronization on (timedatectl set-ntp true); the house makes up a difference slowly.'),
  ups: w('不间断电源', 'UPS', '接回市电、充满;准备好关机前的人工电话。', 'Put it back on mains and charge it; have the telephone list at hand.'),
  canary: w('链路自检', 'Self-check', '按左边说的那一段找:设备入口、判断、发送或页面。', 'Look at the leg that it names: door, evaluation, sending or pages.'),
  audit: w('核查', 'Audit', '设置 → 运行状况 写着哪一类、怎么办;核查停了就重启系统。', 'Settings → Operations says which class and what to do; when it does not look, restart the house.'),
  outside: w('站外监护', 'Outside watch', '设置 ANLING_DEADMAN_URL(站外的监护地址),断电断网才有人知道。', 'Set ANLING_DEADMAN_URL to a watcher outside: else nobody hears that this machine has died.'),
  gateway: w('短信语音网关', 'Gateway', '有真实老人却不拨真实电话:设置 ANLING_GATEWAY 和凭据后重启。', 'Real elders and no real phone rings: set ANLING_GATEWAY and its credentials, restart.'),
  templates: w('短信模板与签名', 'Texts and sign', '设置 → 短信语音:补编码,催审核(签名报备要 5 到 10 个工作日)。', 'Settings → SMS and voice: give the codes, press the reviewer (a sign takes 5 to 10 working days).'),
  balance: w('网关余额', 'Balance', '到服务商控制台看余额:欠费时一条也发不出,够不够一次台风自己估。', 'Look in the provider’s console: with nothing left nothing is sent; judge whether it is enough for a typhoon.'),
  provider: w('网关报错', 'Provider errors', '设置 → 运行状况有错误码;欠费先充值。', 'Settings → Operations lists the codes; pay what is owed first.'),
  consoles: w('值班台', 'Consoles', '打开一个值班台,点“开始值班”,听到试音。', 'Open a console, press “Start duty”, hear the test sound.'),
  events: w('待判断事件', 'Events waiting', 'worker 没跟上:看它的日志,重启系统。', 'The worker does not keep up: read its log, restart the house.'),
  timers: w('到期计时', 'Timers due', 'worker 没跟上:看它的日志,重启系统。', 'The worker does not keep up: read its log, restart the house.'),
  outbox: w('待发消息', 'Messages waiting', '看网关和网络;在 值班 → 通知 看原因。', 'Look at gateway and network; Duty → Notifications says why.'),
  unsent: w('没送到的消息', 'Unsent messages', '值班 → 通知:人工打电话补上。', 'Duty → Notifications: call these people by hand.'),
  blind: w('盲区时段', 'Blind windows', '设备入口停过:看 edge 日志和断电记录。', 'The doors were closed: look at the edge’s log and at power cuts.'),
  quarantine: w('待查报文', 'Quarantine', '设置 → 待查报文:看厂家改了什么,修好后重放。', 'Settings → Quarantine: see what the vendor changed, replay when mended.'),
  refused: w('设备未登记', 'Refused devices', '设置 → 设备:登记这些编号,它们的报警进不来。', 'Settings → Devices: register these ids; their alarms are refused.'),
  desk: w('带班电话', 'Leaders', '登记一位电话可通的值班长或带班领导。', 'Put one shift or duty leader on file whose phone can be reached.'),
  villages: w('无人可叫的村', 'Villages without anyone', '给这些村登记可通的孝老员、村医或村干部。', 'Put a reachable care worker, doctor or cadre on file for them.'),
  gaps: w('48 小时内无人的村', 'Villages without anyone in 48 h', '人都请假了:安排一位留村,或改请假时间。', 'Everybody is away: have one stay, or correct the absences.'),
  towns: w('没有值班室的乡镇', 'Towns without duty room', '登记乡镇值班室电话。', 'Put the town’s duty room on file.'),
  numbers: w('失效号码', 'Numbers', '换号码或让本人发短信解除退订(服务商处理)。', 'Correct the number, or have the provider lift the opt-out.'),
  battery: w('低电量设备', 'Low batteries', '台风前换电池,先换独居和高风险的。', 'Change batteries before the storm, people at risk first.'),
  never: w('从未上线设备', 'Never reported', '上门按一次;装了没响等于没装。', 'Go there and press once; fitted and never heard is not fitted.'),
  silent: w('离线设备', 'Silent devices', '打电话问一声,派人看;台风前先补回来。', 'Call the homes, send somebody; bring them back before the storm.'),
};

const marks: Readonly<Record<OpsMark, string>> = { good: '● 正常  ', attention: '▲ 要处理', unknown: '○ 不知道' };
/** Cells of a terminal: a Chinese character takes two. */
const width = (text: string): number => [...text].reduce((n, c) => n + (c.charCodeAt(0) > 0x2e80 ? 2 : 1), 0);

/** The page for a terminal: what needs hands first. */
export function doctorPage(lines: readonly DoctorLine[], at: string): string {
  const todo = lines.filter((l) => l.mark === 'attention');
  const mute = lines.filter((l) => l.en === unasked.en);
  const shown = [...todo, ...lines.filter((l) => l.mark === 'good'), ...lines.filter((l) => l.mark === 'unknown' && !mute.includes(l))];
  const name = (l: DoctorLine): string => `${doctorWords[l.id].zh} ${doctorWords[l.id].en}`;
  const wide = Math.max(...shown.map((l) => width(name(l))));
  const verdict = todo.length === 0 ? '正常 All is well.' : `要处理 ${todo.length} 项 to do`;
  return [
    `安铃 台风前自检 Anling doctor   ${at}   ${verdict}`, '',
    ...shown.flatMap((l) => {
      const head = `${marks[l.mark]}  ${name(l)}${' '.repeat(wide - width(name(l)))}  ${l.zh === l.en ? l.zh : `${l.zh} | ${l.en}`}`;
      const words = doctorWords[l.id];
      return l.mark === 'attention' || (l.id === 'balance' && !mute.includes(l)) ? [head, `            → ${words.doZh}`, `            → ${words.doEn}`] : [head];
    }),
    ...(mute.length === 0 ? [] : ['', `${marks.unknown}  ${unasked.zh}:${mute.map((l) => doctorWords[l.id].zh).join('、')}`, `            ${unasked.en}: ${mute.map((l) => doctorWords[l.id].en).join(', ')}`]),
    '', '要提前办的事(签名、号码、域名、回调、白名单)见 docs/operations.md。What takes days beforehand (sign, number, domain, callback, whitelist): docs/operations.md.',
  ].join('\n');
}
