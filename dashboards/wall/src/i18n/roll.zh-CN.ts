/** Chinese texts of 平安清点. */
export const zhRoll = {
  'roll.title': '平安清点', 'roll.help': '失联、断电之后逐户见人:按村出名单,重点老人在前,发给村里的人;短信、链接、纸单回来的结果在这里汇总。', 'roll.none': '还没有清点过。', 'roll.name': '名称', 'roll.where': '范围', 'roll.started': '何时', 'roll.result': '结果', 'roll.defaultName': '平安清点',
  'roll.state.open': '进行中', 'roll.state.ended': '已结束', 'roll.state.expired': '超过三天,已停', 'roll.kind.region': '按地区', 'roll.kind.outage': '片区失联', 'roll.kind.blind': '盲区之后',
  'roll.status.unchecked': '未查', 'roll.status.safe': '安全', 'roll.status.help': '需帮助', 'roll.status.unreached': '未联系上', 'roll.checkedOf': '已查 {n}/{of}', 'roll.helpCount': '需帮助 {n}', 'roll.unreachedCount': '未联系上 {n}',
  'roll.newTitle': '开始清点', 'roll.newHelp': '名单按风险排好,马上发给各村的人。需帮助的立即成为警情。', 'roll.scope': '清点谁', 'roll.scope.county': '我管的全部', 'roll.scope.regions': '选乡镇和村', 'roll.scope.outage': '片区失联里还听不到的', 'roll.scope.blind': '所有装了设备的人(盲区之后)',
  'roll.outage': '哪一片失联', 'roll.noOutage': '现在没有片区失联。', 'roll.blindNow': '最近一天的盲区:{list}', 'roll.noBlind': '最近一天没有超过 10 分钟的盲区。', 'roll.tell': '短信通知名单上的人', 'roll.textLists': '名单本身也发短信给每村第一位(没有智能机也能用)', 'roll.begun': '已开始:{people} 人,{villages} 个村,通知 {told} 人',
  'roll.refused.running': '这些人里有人已经在另一次清点里。', 'roll.openRunning': '打开那一次', 'roll.villages': '乡镇和村', 'roll.wholeTown': '全乡镇',
  'roll.oneHelp': '每 5 秒更新。点村名看名单。', 'roll.minutes': '{n} 分钟', 'roll.sumAll': '已查 {checked}/{people} 人({percent}%)', 'roll.sumParts': '安全 {safe},需帮助 {help},未联系上 {unreached},未查 {unchecked}', 'roll.nobodyLeft': '全部查过了。', 'roll.endNote': '结束后不再收回复,名单码失效。',
  'roll.byTown': '各乡镇', 'roll.byVillage': '各村', 'roll.town': '乡镇', 'roll.village': '村', 'roll.people': '人数', 'roll.share': '已查', 'roll.took': '用时', 'roll.keepers': '发给', 'roll.nobody': '没有能收短信的人:打印,或电话到乡镇', 'roll.notTold': '短信没送出', 'roll.needHelp': '需帮助', 'roll.notReached': '未联系上', 'roll.who': '谁', 'roll.since': '何时', 'roll.by': '谁查的', 'roll.asAlert': '需帮助的都已成为警情,在值班台上。',
  'roll.listHelp': '号码与短信、纸单相同。', 'roll.no': '号', 'roll.phone': '电话', 'roll.place': '地点', 'roll.status': '结果', 'roll.checkedBy': '谁、何时', 'roll.via.sms': '短信', 'roll.via.link': '链接', 'roll.via.paper': '纸单', 'roll.via.desk': '电话', 'roll.prev': '上一村', 'roll.next': '下一村',
  'roll.entry': '录入纸单', 'roll.entryHelp': '写号码:1-5 8 安全,!6 需帮助,?7 未联系上,* 其余都安全。回车保存。', 'roll.entryBad': '看不懂“{at}”', 'roll.entryMissing': '名单上没有:{list}', 'roll.entryRest': '其余都安全', 'roll.entrySaved': '已录入 {n} 人', 'roll.entryRaised': '已录入 {n} 人,其中 {help} 人需帮助,已成为警情', 'roll.over': '这次清点已经结束,不再收结果。',
  'roll.paperTitle': '平安清点单', 'roll.paperHelp': '见到人在格子里打勾。做完可发短信:平安加序号、求助加序号、未加序号;或把这张交值班室。', 'roll.paperSign': '清点人', 'roll.paperDone': '完成时间', 'roll.paperTotal': '共 {n} 人', 'roll.papers': '打印名单', 'roll.paperPrivate': '有姓名电话,用后收回。', 'roll.unfinished': '只打还没查完的村',
  'tpl.roll-call': '平安清点', 'tpl.roll-list': '清点名单', 'tpl.roll-which': '清点号码不对', 'act.endRoll': '结束', 'act.papers': '打印单',
} as const;
