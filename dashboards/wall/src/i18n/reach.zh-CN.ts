/** Chinese texts of 可达性. */
export const zhReach = {
  'reach.help': '出事之前就知道哪个村叫不到人。谁的电话白天、夜里最后一次有人接、有人回,在这里看。', 'reach.placeHelp': '最后一次有人接、有人回的时间。平时的每一次真实回复也算。',
  'reach.nobody': '无人可叫', 'reach.cut-off': '片区失联', 'reach.unproven': '久未证实', 'reach.no-night': '夜间未证实', 'reach.good': '可达', 'reach.level': '状态', 'reach.town': '乡镇', 'reach.village': '村', 'reach.villages': '各村', 'reach.people': '老人', 'reach.available': '在岗/名册', 'reach.day': '近期证实', 'reach.night': '夜间证实',
  'reach.sumNobody': '{n} 个村现在无人可叫,涉及 {people} 位老人', 'reach.sumFine': '每个有设备的村都有人可叫。', 'reach.week': '本周试铃 {rung} 人:已回 {answered},未回 {silent},等待 {waiting}', 'reach.off': '每周试铃还没有开:只有真实警情里的回复能证实电话。', 'reach.none': '还没有装设备的村。', 'reach.nobodyFiled': '名册里这里没有人。', 'reach.rooms': '值班室和值班台',
  'reach.choose': '请选', 'tpl.numbers': '请村里核对号码', 'tpl.confirm': '年度核对号码',
  'reach.who': '谁', 'reach.now': '现在', 'reach.there': '可叫', 'reach.offDuty': '不当班', 'reach.fails': '打不通 {n} 次', 'reach.verified': '号码核实', 'reach.lastDay': '白天', 'reach.lastNight': '夜里', 'reach.never': '没有过', 'reach.why.absent': '外出', 'reach.why.cut-off': '所在片区失联', 'reach.why.broken': '号码待核对',
  'reach.how.sms': '短信', 'reach.how.key': '按键', 'reach.how.call': '接电话', 'reach.how.link': '工作页', 'reach.reason.failed': '三次打不通', 'reach.reason.silent': '三次试铃不回', 'reach.reason.yearly': '年度核对未回', 'reach.reason.opted-out': '已退订短信', 'reach.reason.withdrawn': '联系人撤回同意',
  'reach.tasks': '待核对号码', 'reach.tasksHelp': '请村里核对。换了号码、原号码有人回了,自动结束;每天早上给村里一条短信。', 'reach.noTasks': '没有要核对的号码。', 'reach.phone': '号码', 'reach.reasonHead': '原因', 'reach.opened': '何时', 'act.mended': '已核对', 'act.leaveIt': '不处理',
  'reach.settings': '每周试铃', 'reach.settingsHelp': '每人每周一条短信,收到回 5,不用出门;三小时没回再打一次电话。试铃的回复不会接任何警情。开之前请先告诉大家。', 'reach.weekly': '每周试铃', 'reach.yearly': '每年核对号码(联系人也核对)', 'reach.from': '从', 'reach.to': '到', 'reach.perDay': '一天最多几条', 'reach.nightRoles': '夜里也试(每人四周一次):',
} as const;
