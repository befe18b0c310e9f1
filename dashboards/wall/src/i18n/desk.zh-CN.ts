/** 中文:来电、手工报警、打 110/119/120 的词。 */
export const zhDesk = {
  'calls.title': '来电', 'calls.ringing': '来电', 'calls.missed': '未接 {n}', 'calls.missedTitle': '未接来电', 'calls.withheld': '号码不显示', 'calls.family': '{who} 的家属', 'calls.times': '{n} 次',
  'calls.matched.device': '一键电话', 'calls.matched.person': '老人', 'calls.matched.contact': '联系人', 'calls.matched.home': '住户', 'calls.matched.responder': '处警人员', 'calls.matched.unknown': '陌生号码',
  'calls.raised': '已建警情', 'calls.by': '{who} 已接听', 'calls.talking': '通话', 'calls.since': '响了 {s}', 'act.openCall': '接听', 'act.endCall': '完成',
  'help.openCall': '接听来电',
  'emergency.note': '已拨 {n}',
} as const;
