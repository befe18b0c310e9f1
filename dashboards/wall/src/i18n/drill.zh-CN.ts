/** Chinese texts of 演练. */
export const zhDrill = {
  'drill.title': '演练', 'drill.help': '用真实的呼叫预案和真实的名册练一次。只叫值守人员,不叫家属、邻居,不打 110、119、120;不进警情,不算进指标。', 'drill.none': '还没有做过演练。',
  'drill.name': '名称', 'drill.kind': '警情种类', 'drill.where': '范围', 'drill.started': '何时', 'drill.result': '结果', 'drill.defaultName': '季度演练',
  'drill.how.running': '进行中 {n} 户', 'drill.how.done': '已结束', 'drill.how.stopped': '已停止', 'drill.how.yielded': '因真实警情结束', 'drill.answeredOf': '{n}/{of} 户有人应',
  'drill.newTitle': '开始演练', 'drill.newHelp': '选村或户。每户按它自己的预案走一轮:短信和电话都以“演练”开头,收到回 5。', 'drill.perVillage': '每村几户', 'drill.spread': '分几分钟开始', 'drill.villages': '选村', 'drill.homes': '或者指定户号(空格隔开)', 'drill.noHome': '没有这一户,或不在您的范围:{id}',
  'drill.promise': '乡镇一有真实紧急警情,那里的演练立即停止。', 'drill.night': '现在是夜里:演练会把人叫醒,免打扰也拦不住。', 'drill.begun': '演练已开始,{n} 户', 'drill.refused.alarm': '这些乡镇里有未办结的紧急警情,先办真的。', 'drill.refused.drill': '这些乡镇里已经有一场演练。',
  'drill.reportHelp': '谁在多久内回了,一步一步看。', 'drill.sum': '接警 {claimed}/{cases} 户,中位 {claim};有人应中位 {answer};一轮叫完没人应 {nobody} 户', 'drill.notCounted': '不算进指标', 'drill.steps': '每一步', 'drill.step': '步', 'drill.told': '叫了几人', 'drill.answered': '回了几人', 'drill.median': '中位用时',
  'drill.people': '每个人', 'drill.who': '谁', 'drill.messages': '短信 / 电话', 'drill.took': '用时', 'drill.list': '每一户', 'drill.skipped': '第 {step} 步没叫',
  'drill.verdict.answered': '已回', 'drill.verdict.declined': '回了不去', 'drill.verdict.taken': '只接了电话', 'drill.verdict.silent': '没有回',
  'drill.state.running': '进行中', 'drill.state.answered': '有人应', 'drill.state.nobody': '没人应', 'drill.state.stopped': '已停止', 'drill.state.yielded': '让给真警情', 'drill.state.late': '系统停机错过',
  'drill.skip.no-contacts-in-drill': '演练不叫联系人', 'drill.skip.drill-share': '演练份额已用完,留给真警情', 'drill.skip.has-alarm': '手上有真警情', 'drill.skip.opted-out': '已退订短信', 'tpl.drill': '演练', 'tpl.voice-drill': '演练电话', 'act.begin': '开始', 'act.stop': '停止',
} as const;
