/** 中文:接警指标与其定义、听不到报表、链路自检的词。 */
export const zhFigures = {
  'figures.strip': '接警', 'figures.open': '接警指标与定义', 'figures.none': '无警情', 'figures.counting': '计时中', 'figures.in60': '60秒', 'figures.in180': '180秒', 'figures.flood': '警情潮 {n}/10分',
  'figures.title': '接警指标', 'figures.day': '近24小时', 'figures.month': '本月', 'figures.target': '目标', 'figures.share': '{p}%({n}/{of})', 'figures.below': '未达标',
  'figures.within60': '60秒内接警', 'figures.within180': '180秒内接警', 'figures.answer': '接警用时(中位/九成)', 'figures.unanswered': '还没人接', 'figures.cancelled': '本人取消(另计)', 'figures.excluded': '测试与演练(不计)',
  'figures.arrived45': '45分钟内到场', 'figures.arrival': '到场用时(中位)', 'figures.oldest': '等待最久', 'figures.floodNow': '警情潮:自 {time} 起,近10分钟 {n} 起,当班 {m} 人', 'figures.floodNot': '近10分钟 {n} 起,当班 {m} 人,无警情潮',
  'figures.load': '每人负荷', 'figures.who': '接警员', 'figures.onDuty': '当班', 'figures.holding': '手上', 'figures.taken': '24小时内接', 'figures.nobody': '没有人当班,也没有人接过警情。',
  'figures.defAnswer': '接警用时:报警入库到第一次人工动作(接警、答应前往、通上话),只计紧急警情(P1)。没人接的,时限一过就算未达标;本月从1日零时算起。',
  'figures.defArrival': '到场用时:报警入库到有人到场。电话里办结、没有人需要去的不计;答应前往满45分钟还没到的算未达标。',
  'figures.defOut': '不计:安装调试、演练。本人在设备上取消的另计,不算接警快慢。没有警情时写“无警情”,不写100%。',
  'figures.defFlood': '警情潮(ISA-18.2):10分钟内每名当班接警员超过10起(P1–P3)即开始,少于5起才结束。当班:值班台开着并在心跳;人数按现在算。',
  'canary.name': '链路自检', 'canary.good': '{time}前 ✓', 'canary.failing': '失败', 'canary.none': '还没做过', 'canary.help': '本机每5分钟按一次自己的按钮:设备门、入库、规则、发送(不外发)、实时链路全程走一遍。',
  'case.proof': '最后一次听到此人的设备:{time}前', 'case.noProof': '此人的设备从未听到过',
  'tab.blind': '听不到', 'act.print': '打印', 'act.file': '表格',
  'blind.title': '听不到的人', 'blind.help': '这一天里,这些人在所列时段的报警我们可能听不到:从最后一次听到算起,到又听到为止。', 'blind.day': '日期', 'blind.region': '范围', 'blind.all': '全部',
  'blind.sum': '{people} 人曾听不到(共 {covered} 人有设备),合计 {minutes} 人·分钟。', 'blind.none': '这一天 {covered} 人都听得到,没有空白。', 'blind.nobody': '这个范围里没有人有报过到的设备。', 'blind.away': '另有 {n} 人的设备听不到,当时外出、住院或已转移,不计在内。',
  'blind.partial': '这一天还没过完:只算到现在。', 'blind.own': '盲区:本系统自己的门关着,谁也听不到', 'blind.ownAll': '{from}–{to},{n} 分钟', 'blind.villages': '按村', 'blind.village': '村', 'blind.covered': '有设备', 'blind.people': '曾听不到', 'blind.minutes': '人·分钟',
  'blind.list': '名单(设备自己的时段;盲区是所有人的,不再重复)', 'blind.who': '姓名', 'blind.when': '时段', 'blind.total': '分钟', 'blind.reason.outage': '片区失联', 'blind.reason.single': '单台离线', 'blind.truncated': '名单太长,只列前 {n} 人;人数与时长是全的,表格同样只列这些。',
} as const;
