/** 中文:规则参数。 */
export const zhRules = {
  'rules.help': '确认窗、离线判定、体征限值等参数,可以按型号、乡镇村、个人来设。先用最近 24 小时的真实记录试运行,看报警会有什么不同,再启用;每一版都留着,随时可以退回。任何设置都不会挡住、推迟或降低呼救、烟感、燃气和跌倒报警;平台自己判断的失联和体征越限,何时判定由这里决定,但有上下限。',
  'rules.none': '还没有设过:按内置参数运行', 'rules.version': '第 {no} 版正在使用', 'rules.empty': '没有单独设定的参数。在下面加一条,再试运行。', 'rules.param': '参数', 'rules.scope': '按什么设', 'rules.where': '用于', 'rules.value': '值', 'rules.own': '内置',
  'rules.declared': '按型号', 'rules.unset': '未设', 'rules.person': '老人', 'rules.bounds': '{min} 到 {max}', 'rules.running': '正在重放最近 24 小时…', 'rules.reason': '为什么改', 'rules.reasonHint': '写一句,留在版本旁边;不写姓名和病情', 'rules.tryFirst': '先试运行,看过差别再启用',
  'rules.adopted': '第 {no} 版已启用', 'rules.conflict': '别人刚启用了另一版,或正在试运行。', 'rules.versions': '版本', 'rules.no': '版', 'rules.by': '谁', 'rules.changes': '改了什么', 'rules.holds': '使用中', 'rules.backTo': '退回第 {no} 版,为什么', 'rules.wentBack': '退回第 {no} 版:',
  'rules.difference': '试运行:会有什么不同', 'rules.stale': '试运行之后又改过,请再试一次。', 'rules.looked': '{from} 到 {to},{events} 条事件,用时 {s} 秒。', 'rules.alerts': '报警 {was} 起 → {now} 起。', 'rules.agreement': '按现在的参数重放,{of} 起里有 {same} 起与实际完全一致。',
  'rules.silentAtOnce': '启用后有 {n} 台现在算在线的设备会马上判为离线。', 'rules.same': '没有不同。', 'rules.rest': '另有 {n} 处不同没有列出。', 'rules.change': '不同',
  'ruleGap.events': '24 小时内的事件太多,只重放了最近的一部分。', 'ruleGap.readings': '体征读数太多,只看了一部分。', 'ruleGap.silences': '更短的失联没有记录,离线报警可能比这里更多。',
  'ruleDiff.added': '新增', 'ruleDiff.dropped': '不再报', 'ruleDiff.priority': '级别不同', 'ruleDiff.sooner': '提前', 'ruleDiff.later': '推后', 'ruleDiff.ended': '结束方式不同', 'ruleDiff.marked': '标记不同',
  'ruleScope.county': '全县', 'ruleScope.class': '心跳类别', 'ruleScope.model': '型号', 'ruleScope.region': '乡镇或村', 'ruleScope.person': '个人',
  'ruleParam.fallWindowS': '跌倒确认窗(秒)', 'ruleParam.graceS': '离线判定(秒)', 'ruleParam.clearHoldS': '恢复保持(秒)', 'ruleParam.flapEnds': '抖动锁定(次)', 'ruleParam.fusionS': '互证时间(秒)', 'ruleParam.routineM': '作息看护(分钟)',
  'ruleParam.heartRateLow': '心率下限', 'ruleParam.heartRateHigh': '心率上限', 'ruleParam.breathLow': '呼吸下限', 'ruleParam.breathHigh': '呼吸上限', 'ruleParam.spo2Low': '血氧下限', 'ruleParam.spo2High': '血氧上限', 'ruleParam.sbpLow': '收缩压下限', 'ruleParam.sbpHigh': '收缩压上限',
  'ruleParam.dbpLow': '舒张压下限', 'ruleParam.dbpHigh': '舒张压上限', 'ruleParam.bodyTempLow': '体温下限', 'ruleParam.bodyTempHigh': '体温上限',
  'ruleHelp.fallWindowS': '跌倒后等本人取消的时间,只能比型号里写的更短;一键呼、烟感、燃气没有确认窗。', 'ruleHelp.graceS': '多久收不到心跳算离线;至少两个心跳周期。', 'ruleHelp.clearHoldS': '设备告警恢复后,再等多久自行结束。', 'ruleHelp.flapEnds': '一小时内自行结束几次后,算抖动。',
  'ruleHelp.fusionS': '同一户在这段时间内的两种报警互相印证:加标记、提级、提前叫人,不会减少报警。', 'ruleHelp.routineM': '作息时刻之前这么久没有动静就报警。', 'ruleHelp.vital': '超出就报体征异常;个人的先于村、乡镇、型号、全县。',
  'act.try': '试运行', 'act.discard': '不改了', 'act.goBack': '退回',
} as const;
