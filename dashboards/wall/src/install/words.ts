/** The installer's words, Chinese first, English beside; buttons are short, sentences say what to do. `{n}` is filled in. */
import { signal } from '@preact/signals';

export type Lang = 'zh' | 'en';
const kept = (): string | null => { try { return localStorage.getItem('anling.lang'); } catch { return null; } };
export const lang = signal<Lang>(kept() === 'en' ? 'en' : 'zh');
export function speak(next: Lang): void {
  lang.value = next;
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
  try { localStorage.setItem('anling.lang', next); } catch { /* not kept */ }
}

const zh = {
  title: '安装验收', other: 'English', allSent: '全部已送出', waits: '{n} 步等网络', waitsLogin: '{n} 步等登录', stopped: '{n} 步送不出,请看', others: '另有 {n} 步是 {who} 的,等他登录', offline: '没有网络', sendNow: '马上送',
  login: '登录', username: '账号', password: '密码', code: '验证码(有才填)', loginAgain: '登录已过期。记下的都在,登录后自动送出。', loginWrong: '账号或密码不对。', loginNet: '现在连不上,有网络再登录。', factor: '这个账号要验证码。', noRole: '这个账号不能安装设备。', logout: '退出',
  insecure: '此页不是 https:摄像头扫码、定位、没有网络时重新打开此页,都不能用。可以拍照识别、手工输入;记下的步骤不会丢。', villages: '今天的村', addVillage: '添加村', choose: '请选择', load: '下载名单', loaded: '{time} 下载', remove: '移除', noVillages: '先下载今天要去的村,没有网络也能看。', homes: '{n} 户', back: '返回',
  mine: '手上的', noHomes: '没有住户。', state: { 'not-visited': '未装', begun: '在装', 'on-site': '已装,七天试用', accepted: '已验收', failed: '没装成', refused: '拒装', 'to-redo': '要重装' }, people: '住的人', special: '特殊群体', road: '车到 {road}', walk: '步行 {n} 分钟', dog: '有狗', devices: '已有设备', install: '装一台设备', refuse: '拒装', noPlace: '(没有地点)',
  device: '设备', scan: '扫码', scanPhoto: '拍照识别', scanStop: '停止', typed: '编号或序列号', room: '房间', roomHint: '如:卧室、卫生间', begin: '开始安装', unread: '没认出来。再近一点,或者手工输入编号。', noCamera: '摄像头打不开。可以拍照识别,或者手工输入。', isDoor: '这是门码,不是设备码。', knownDevice: '设备 {id}', deviceLater: '有网络时再查是哪台设备。', unknownDevice: '没有登记过这个编号,请核对,或打值班室登记。', wornBy: '给谁用', nobody: '不指定',
  consent: '同意', who: '谁', elder: '老人', family: '家属', guardian: '监护人', how: '怎么同意', paper: '书面', spoken: '口头', signature: '签字', save: '记下', saved: '已记下',
  place: '短信用地点', placeHelp: '别人一听就知道是哪家,如:下厝角12号', left: '还可写 {n} 字', over: '超了 {n} 字',
  steps: '测试', stepsOffline: '现在没有网络:照着做,有网络后看结果。设备自己连上平台后,平台才看得到。', waiting: '等待', passed: '通过', bad: '未通过', start: '开始', heardYes: '听到了', heardNo: '没听到', heardBy: '谁听的', installer: '我', upTo: '最多 {n} 秒', onSite: '现场测试,约 {n} 分钟', later: '以后七天自动看', seconds: '{n} 秒', wasYou: '刚才的报警是您在测试吗?', yesMine: '是我测试', notMine: '不是', becomesReal: '{n} 秒后当真警情处理', testUntil: '安装调试到 {time}', longer: '再要 30 分', notBegun: '还没有送到平台,测试还不算数。',
  photo: '照片', takePhoto: '拍照', photoKept: '照片已记下', position: '位置', locate: '定位', noLocate: '定不了位。可以手工输入经纬度。', lat: '纬度', lon: '经度', accuracy: '误差 {n} 米', sign: '签字', signHere: '请在框里写名字', clear: '重写', finish: '完成安装', missing: '还缺', fail: '没装成', failWhy: '原因', note: '说明',
  reason: { 'no-signal': '没信号', 'no-alarm': '报警不到', 'device-broken': '设备坏', 'no-power': '没电', 'nobody-home': '没人在家', other: '其他', unwilling: '不愿意装', 'has-own': '自己有', 'moved-out': '搬走了', 'family-refuses': '家属不同意' },
  refuseHelp: '拒装也要签字。', done: '已完成', certificate: '验收证书', openCertificate: '打开证书', openPdf: '证书 PDF', probation: '七天试用到 {time}', failedTold: '已记为没装成,进复装名单。', refusedTold: '已记为拒装。', finishKept: '完成已记下,等网络送出。',
  trouble: '这一步送不出', retry: '再试', discard: '丢弃这步', discardAll: '丢弃这台', discardSure: '丢弃后不能找回。确定吗?', why: { 'bound-elsewhere': '这台设备装在别家。', life: '这台设备不能装(已停用或丢失)。', running: '这台设备正在装。', emergency: '这一户有没处理完的警情,先打值班室。', missing: '还缺东西,见下。', gone: '平台上找不到。', other: '平台不收:{text}' }, adopt: '接着装', storage: '手机存不下:请腾出空间。记下的没有丢。', loading: '正在读取…', notLoaded: '没有网络,名单也没下载过。', doorNet: '门码要有网络才能查是哪户。', doorWrong: '门码无效。', tel: '打值班室',
};
export type Words = typeof zh;

const en: Words = {
  title: 'Installation', other: '中文', allSent: 'all sent', waits: '{n} steps wait for the network', waitsLogin: '{n} steps wait for your login', stopped: '{n} steps are stuck, please look', others: '{n} more steps are of {who}, and wait for that login', offline: 'no network', sendNow: 'Send now',
  login: 'Log in', username: 'User', password: 'Password', code: 'Code (if you have one)', loginAgain: 'The login has ended. Everything is kept and is sent after you log in.', loginWrong: 'Wrong user or password.', loginNet: 'No connection now. Log in when there is a network.', factor: 'This account needs its code.', noRole: 'This account may not install devices.', logout: 'Log out',
  insecure: 'This page is not https: scanning with the camera, position, and opening it without a network do not work. A picture and typing do; what is kept is not lost.', villages: 'Villages of the day', addVillage: 'Add a village', choose: 'please choose', load: 'Load list', loaded: 'loaded {time}', remove: 'Remove', noVillages: 'Load the villages of the day first: then they open without a network.', homes: '{n} homes', back: 'Back',
  mine: 'In hand', noHomes: 'No homes.', state: { 'not-visited': 'not yet', begun: 'in work', 'on-site': 'fitted, seven days of proof', accepted: 'accepted', failed: 'failed', refused: 'refused', 'to-redo': 'to redo' }, people: 'Who lives there', special: 'special group', road: 'by car to {road}', walk: '{n} min on foot', dog: 'a dog', devices: 'Devices there', install: 'Fit a device', refuse: 'Refused', noPlace: '(no place)',
  device: 'Device', scan: 'Scan', scanPhoto: 'From a photo', scanStop: 'Stop', typed: 'Id or serial number', room: 'Room', roomHint: 'such as bedroom, bathroom', begin: 'Begin', unread: 'Not readable. Go nearer, or type the number.', noCamera: 'The camera does not open. Take a photo, or type the number.', isDoor: 'This is a door code, not a device.', knownDevice: 'Device {id}', deviceLater: 'Which device it is will be looked up with a network.', unknownDevice: 'No such device is registered. Check it, or call the duty room.', wornBy: 'For whom', nobody: 'nobody in particular',
  consent: 'Consent', who: 'Who', elder: 'the elder', family: 'family', guardian: 'guardian', how: 'How', paper: 'on paper', spoken: 'spoken', signature: 'by signature', save: 'Keep', saved: 'kept',
  place: 'Place in messages', placeHelp: 'As neighbours say it, such as 下厝角12号', left: '{n} characters left', over: '{n} characters too many',
  steps: 'Tests', stepsOffline: 'No network now: do them, and see the results later. They count once the house has heard of this installation.', waiting: 'waiting', passed: 'passed', bad: 'failed', start: 'Start', heardYes: 'Heard it', heardNo: 'Not heard', heardBy: 'Who listened', installer: 'I', upTo: 'up to {n} s', onSite: 'Tests on site, about {n} min', later: 'Watched in the next seven days', seconds: '{n} s', wasYou: 'Was this alarm your test?', yesMine: 'My test', notMine: 'It was not', becomesReal: 'becomes real in {n} s', testUntil: 'test mode until {time}', longer: '30 min more', notBegun: 'Not sent yet: tests do not count before.',
  photo: 'Photo', takePhoto: 'Take a photo', photoKept: 'photo kept', position: 'Position', locate: 'Locate', noLocate: 'No position. You can type it.', lat: 'Latitude', lon: 'Longitude', accuracy: 'within {n} m', sign: 'Signature', signHere: 'Sign in the box', clear: 'Again', finish: 'Finish', missing: 'Missing', fail: 'Not fitted', failWhy: 'Reason', note: 'Note',
  reason: { 'no-signal': 'no signal', 'no-alarm': 'alarm does not come', 'device-broken': 'device broken', 'no-power': 'no power', 'nobody-home': 'nobody home', other: 'other', unwilling: 'does not want it', 'has-own': 'has one', 'moved-out': 'moved out', 'family-refuses': 'family refuses' },
  refuseHelp: 'A refusal is signed too.', done: 'Done', certificate: 'Certificate', openCertificate: 'Open it', openPdf: 'As PDF', probation: 'seven days until {time}', failedTold: 'Kept as not fitted; it stands on the list to redo.', refusedTold: 'Kept as refused.', finishKept: 'Finish is kept and waits for the network.',
  trouble: 'This step was not taken', retry: 'Try again', discard: 'Drop the step', discardAll: 'Drop this device', discardSure: 'It cannot be brought back. Sure?', why: { 'bound-elsewhere': 'This device hangs in another home.', life: 'This device cannot be fitted (revoked or lost).', running: 'This device is being fitted already.', emergency: 'This home has an open emergency. Call the duty room first.', missing: 'Something is missing, see below.', gone: 'The house does not know it.', other: 'The house says: {text}' }, adopt: 'Go on with it', storage: 'The telephone is full: make room. What was kept is not lost.', loading: 'reading…', notLoaded: 'No network, and the list was never loaded.', doorNet: 'Which home a door code is can be asked with a network only.', doorWrong: 'The door code is not valid.', tel: 'Call the duty room',
};

/** 11-27 14:05, as the telephone's clock says it. */
export const clock = (at: number): string => { const d = new Date(at); return `${d.getMonth() + 1}-${d.getDate()} ${String(d.getHours()).padStart(2, '0')}:${String(d.getMinutes()).padStart(2, '0')}`; };

const words = { zh, en };
/** The words of the chosen language. */
export const w = (): Words => words[lang.value];
/** Fills `{name}` in. */
export const fill = (text: string, values: Readonly<Record<string, string | number>>): string => text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
/** What the server says in both languages. */
export const said = (text: { zh: string; en: string }): string => text[lang.value];
