/** 中文:接警指标与其定义、听不到报表、链路自检的词。 */
export const zhFigures = {
  'flood.bar': '警情潮:近10分钟 {n} 起,当班 {m} 人', 'flood.do': '紧急警情照旧,重点老人在前;设备告警已收起。短信叫了几位备勤人员,值班日志里有。', 'flood.shown': '紧急警情照旧,重点老人在前;设备告警已展开。', 'flood.folded': '设备告警 {n} 条已收起,展开', 'act.fold': '收起', 'act.unfold': '展开',
  'figures.strip': '接警', 'figures.open': '接警指标与定义', 'figures.none': '无警情', 'figures.counting': '计时中', 'figures.in60': '60秒', 'figures.in180': '180秒', 'figures.flood': '警情潮 {n}/10分',
  'canary.name': '链路自检', 'canary.good': '{time}前 ✓', 'canary.failing': '失败', 'canary.none': '还没做过', 'canary.help': '本机每5分钟按一次自己的按钮:设备门、入库、规则、发送(不外发)、实时链路全程走一遍。',
  'tab.blind': '听不到',
} as const;
