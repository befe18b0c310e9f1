/** 中文:每月试按的词。 */
export const zhFleet = {
  'press.help': '每台按钮每月请老人自己按一次,从人到值班台整条路都试到。约定的时段里试按不叫人;没有约定的,一定当真。', 'press.off': '还没有开启:先告诉老人和村里,再到下面打开。', 'press.counts': '{devices} 台 · 逾期 {overdue} 台 · 一周内到期 {due} 台', 'press.none': '没有这几类的在装设备', 'press.devices': '设备', 'press.window': '约定试按',
  'press.windowHelp': '从现在起 {minutes} 分钟,这个村到期和逾期的 {n} 台按试按处理:测试键只显示不叫人;一键呼马上上墙响铃,两分钟没人接就照常叫人。到点自动结束。', 'press.end': '提前结束', 'press.running': '试按时段到 {time},{n} 台', 'press.minutes': '分钟', 'press.booked': '已约定,到 {time}', 'press.ended': '已结束', 'press.changed': '情况有变,没有约定。请刷新再看。',
  'press.last': '上次按', 'press.dueAt': '应在之前', 'press.state': '状态', 'press.how': '怎么按的', 'press.never': '从未', 'press.more': '只显示最早的一部分,全部见文件。', 'press.all': '全部村', 'press.settings': '设置', 'press.settingsHelp': '全县一样。默认关闭。', 'press.on': '开启每月试按', 'press.remind': '逾期的,每周一次早上发短信给村里的孝老员', 'press.period': '周期(天)', 'press.types': '哪几类',
  'callState.pressed': '未到期', 'callState.due': '快到期', 'callState.overdue': '逾期', 'callState.away': '不在家', 'callHow.booked': '约定试按', 'callHow.unbooked': '未约定试按', 'callHow.alarm': '真实告警',
  'models.learning': '学习期', 'models.learningHelp': '装好后这些天里,它自己感到的(跌倒、久不动等)标“学习期”;照样上墙、照样叫人。', 'models.learnDays': '{n} 天', 'stat.learning': '学习期警情', 'stat.what.learning': '学习期内的紧急警情', 'stat.defLearning': '装好不久、还在学习期的雷达等自己报的紧急警情照样上墙、照样叫人,单独一列,不算进前面几列。',
} as const;
