/** 中文:登录的第二步、换人、交接班、值班日志、回访、暂挂的词。 */
export const zhShift = {
  'act.handOver': '交班', 'act.takeShift': '接班', 'act.resetFactor': '清除验证',
  'factor.roles': '哪些角色必须双重验证', 'factor.rolesHelp': '下次登录起生效。值班电脑(以前登录过的浏览器)没带手机也能接警,只是打不开别的。没设过:有真实老人后管理员必须。', 'factor.resetHelp': '“清除验证”用于手机丢失:此人下次登录重新绑定,所有登录都结束。',
  'shift.help': '一天里值班台发生的事:自动记登录、换人、交接班、紧急警情的报警、接警、办结;也可以手写。', 'shift.day': '日期', 'shift.write': '记一行', 'shift.empty': '这一天还没有记录。', 'shift.time': '时间', 'shift.what': '事项', 'shift.who': '谁', 'shift.words': '内容', 'shift.truncated': '太多了,只列出前面的。', 'shift.printed': '值班日志',
  'shift.what.note': '手记', 'shift.what.flood-began': '警情潮开始', 'shift.what.flood-ended': '警情潮结束', 'shift.flood': '10分钟 {n} 起,当班 {m} 人', 'shift.called': ',短信叫备勤 {n} 人', 'shift.what.login': '登录', 'shift.what.heard': '试音听到', 'shift.what.logout': '退出', 'shift.what.seat': '换人', 'shift.what.handover-signed': '交班签字', 'shift.what.handover-taken': '接班签字', 'shift.what.callback-done': '已回访', 'shift.what.alert-opened': '报警', 'shift.what.alert-claimed': '接警', 'shift.what.alert-closed': '办结', 'shift.what.vigilance-missed': '值守确认没有应答',
  'shift.fromWho': '接替 {who}', 'shift.counts': '未办结 {open} 起,其中紧急 {urgent};暂挂 {shelved},待回访 {callbacks},钉住 {pinned},外出住院 {away}', 'shift.rung': '已呼叫值班长', 'shift.counted': '清点 {open} 起(交班时 {was} 起)',
  'handover.title': '交接班', 'handover.count': '您数到的未办结', 'handover.note': '要交代的事', 'handover.wrong': '数目不对:现在有 {n} 起未办结,请对着队列再数一遍。', 'handover.same': '不能自己接自己的班。', 'handover.signed': '已签字,等接班人', 'handover.waits': '{who} {time} 已签字交班,等人接班', 'handover.taken': '{from} 交给 {to},{time}', 'handover.none': '近来没有交接班。', 'handover.self': '我自己(已登录)', 'handover.done': '已接班', 'handover.gone': '这次交班已有人接,或已重新签过。',
} as const;
