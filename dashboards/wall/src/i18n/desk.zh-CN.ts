/** 中文:来电、手工报警、打 110/119/120 的词。 */
export const zhDesk = {
  'calls.title': '来电', 'calls.ringing': '来电', 'calls.missed': '未接 {n}', 'calls.missedTitle': '未接来电', 'calls.withheld': '号码不显示', 'calls.family': '{who} 的家属', 'calls.times': '{n} 次',
  'calls.matched.device': '一键电话', 'calls.matched.person': '老人', 'calls.matched.contact': '联系人', 'calls.matched.home': '住户', 'calls.matched.responder': '处警人员', 'calls.matched.unknown': '陌生号码',
  'calls.raised': '已建警情', 'calls.by': '{who} 已接听', 'calls.talking': '通话', 'calls.since': '响了 {s}', 'act.openCall': '接听', 'act.endCall': '完成',
  'help.openCall': '接听来电',
  'duty.lacking': '这台电脑', 'duty.no.full': '没有全屏', 'duty.no.awake': '屏幕会自己熄', 'duty.no.notices': '窗口看不见时没有弹窗',
  'duty.no.voice': '没有录音,30秒后只有铃声', 'duty.no.output': '选定的喇叭不在,用了默认的',
  'duty.help': '再向浏览器要一次。通知要在地址栏左边的网站设置里允许;常亮要 https。', 'duty.note': '{n} 起紧急警情没有接',
  'act.escalate': '升级', 'help.escalate': '升级:马上叫预案的下一级', 'ok.escalate': '已升级:预案的下一级马上呼叫', 'log.escalated': '升级:不等时间,叫下一级',
  'escalate.state': '现在不能升级:还在本人可取消的时间内,或已有人答应前往(再派单即可)', 'escalate.plan': '这一轮的人都已叫过,下一轮到时自动开始;请派单或直接打电话',
  'looking.who': '{who}正在查看',
  'filter.title': '筛选', 'filter.all': '全部', 'filter.edit': '新建、删除…', 'filter.hidden': '只看“{name}”:隐藏了 {n} 条',
  'sound.open': '声音设置',
  'act.bulk': '成批',
  'emergency.note': '已拨 {n}',
} as const;
