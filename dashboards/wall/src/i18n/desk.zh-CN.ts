/** 中文:来电、手工报警、打 110/119/120 的词。 */
export const zhDesk = {
  'calls.title': '来电', 'calls.ringing': '来电', 'calls.missed': '未接 {n}', 'calls.missedTitle': '未接来电', 'calls.withheld': '号码不显示', 'calls.family': '{who} 的家属', 'calls.times': '{n} 次',
  'calls.matched.device': '一键电话', 'calls.matched.person': '老人', 'calls.matched.contact': '联系人', 'calls.matched.home': '住户', 'calls.matched.responder': '处警人员', 'calls.matched.unknown': '陌生号码',
  'calls.raised': '已建警情', 'calls.by': '{who} 已接听', 'calls.talking': '通话', 'calls.since': '响了 {s}', 'act.openCall': '接听', 'act.endCall': '完成',
  'phone.who': '号码、姓名或村名', 'phone.kind': '什么警情', 'phone.byNumber': '按号码 {n}', 'phone.byNumberNote': '不认识的号码也建', 'phone.nobody': '没有找到。可填号码、全名、编号或村名。', 'phone.keys': '↑ ↓ 选择,Enter 建警情。',
  'help.openCall': '接听来电',
  'emergency.title': '打急救、报警', 'emergency.120': '打 120', 'emergency.119': '打 119', 'emergency.110': '打 110', 'emergency.ask': '用座机拨 {n}?', 'emergency.dialled': '已拨通', 'emergency.not': '不拨', 'emergency.note': '已拨 {n}',
  'photo.title': '现场照片', 'photo.from': '{who},{time}', 'photo.shownNote': '查看会记入审计', 'log.kept': '断网时按下,{time}后才送到',
} as const;
