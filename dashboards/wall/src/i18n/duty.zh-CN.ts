/** Chinese texts of 排班. */
export const zhDuty = {
  'sched.title': '排班', 'sched.help': '值班席、值班长、带班领导和乡镇值班室谁当班。当班的先叫;当班的不在,再叫其他人。没有排班的人随时都会叫到。',
  'sched.none': '还没有排班:名册里的人随时都会叫到,按顺序叫。', 'sched.now': '当班', 'sched.nobody': '现在没有人当班:按名册顺序都叫', 'sched.week': '七天', 'sched.gap': '缺口', 'sched.instead': '代班', 'sched.swap': '换班',
  'sched.gaps': '三十天内有 {n} 处没有人当班,共 {time}', 'sched.standsIn': '{in} 代 {out}', 'sched.leftOpen': '{out} 不在,空着', 'sched.whoever': '当班的人', 'sched.addInstead': '代班', 'sched.from': '从', 'sched.to': '到', 'sched.out': '谁不在', 'sched.in': '谁来代',
  'sched.layer': '第 {n} 层', 'sched.addLayer': '加一层', 'sched.layerHelp': '后面的层盖在前面的层上:夜班、节假日另外排。', 'sched.startDay': '从哪天起', 'sched.endDay': '到哪天前', 'sched.handOver': '交接班时间', 'sched.turnHours': '一班几小时', 'sched.days': '哪些天',
  'sched.days.all': '每天', 'sched.days.work': '工作日', 'sched.days.rest': '休息日和节假日', 'sched.window': '只在一段时间', 'sched.members': '轮班顺序', 'sched.addMember': '加一个人', 'sched.nobodyInRole': '名册里没有这个岗位的人',
  'sched.holidays': '节假日', 'sched.year': '年', 'sched.holidayHelp': '每行一天:日期、放假或上班、名称', 'sched.holidayLine': '第 {n} 行有错。', 'sched.noHolidays': '没有登记节假日:只按周末算。', 'act.takeBack': '撤回',
  'who.title': '报警会叫谁', 'act.now': '现在', 'plan.when': '几点', 'plan.previewOutage': '片区失联:不等,马上一起叫', 'mark.cutOff': '所在片区失联',
  'plan.any': '都用', 'plan.priority': '级别', 'plan.onlyPriority': '只用于 P{n}', 'plan.riskOf': '对象', 'plan.risk.high': '只用于重点老人', 'plan.risk.normal': '只用于其他老人', 'plan.hoursFrom': '只在几点起', 'plan.hoursTo': '到几点',
  'plan.price': '第一个电话 {first} · 最后一步 {last} · 一轮短信 {texts}、电话 {calls}', 'plan.priceMost': '同一人电话 5 分钟 {five}、一小时 {hour}',
  'lint.gap': '排班 30 天内有 {n} 小时没有人', 'lint.few-contacts': '{n} 位老人能叫的人不足 3 个', 'lint.unproven': '{n} 位老人的号码都没有核实过', 'lint.unreachable': '第 {n} 步没有叫得到的人', 'lint.never': '有 {n} 种总是一级警情,用不到', 'lint.desk-first-fall': '先值班台只对跌倒有效',
  'loose.title': '没有归到警情的回复', 'loose.help': '陌生号码、看不懂的、退订的;不会自动回复。看过就点“知道了”。', 'loose.stranger': '陌生号码', 'tpl.family-taken': '告知家属有人去', 'tpl.away': '外出已登记', 'tpl.back': '回岗已登记',
} as const;
