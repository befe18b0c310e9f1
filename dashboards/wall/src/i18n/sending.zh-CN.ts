/** Chinese texts of 发送: budgets, the white list, what must be dialled by hand. */
export const zhSending = {
  'budget.title': '号码次数', 'budget.help': '最近一天发过的号码,用得最满的在前。每个号码留 {n}% 给紧急警情:到了“只剩预留”,别的消息换路或等待;到了“用完”,紧急警情也先走另一条路。', 'budget.empty': '最近一天没有发过任何消息。',
  'budget.texts': '短信(同一模板)', 'budget.calls': '电话', 'budget.full': '用完', 'budget.reserve': '只剩预留', 'budget.count.full': '{n} 个用完', 'budget.count.reserve': '{n} 个只剩预留', 'budget.held': '{n} 条在等', 'budget.listed': '白名单,不限', 'budget.left': '还剩 {n} 次',
  'budget.SMS_MINUTE': '本分钟', 'budget.SMS_HOUR': '本小时', 'budget.SMS_DAY': '今天', 'budget.SMS_NUMBER': '今天各类', 'budget.CALLS_MINUTE': '本分钟', 'budget.CALLS_HOUR': '本小时', 'budget.CALLS_DAY': '今天',
  'prov.mns': '回执队列的账号 UID', 'prov.mnsHelp': '外面的回调进不来时填:回执和回复改为主动去取。不填则等服务商回调。', 'prompts.title': '方言录音', 'prompts.help': '处警人员或联系人先听得懂的是方言时,电话改放这里的录音或方言文本(TTS_);他也会普通话且排在前面,就还用带地点的普通话。空着的用普通话。按键确认要四段都录。', 'prompts.language': '方言', 'white.title': '白名单', 'white.help': '服务商对 {n} 个号码以内不限次数,其余号码每天每种短信最多 50 条。按值班、带班、乡镇、再按村里重点老人多少排。生成文件,在服务商控制台导入,再点“已登记”。', 'white.never': '还没有生成过。', 'white.last': '上次生成 {time},{n} 个号码',
  'white.unconfirmed': '还没有登记到服务商', 'white.confirmed': '{who} 于 {time} 登记', 'white.drift': '之后有变:新增 {fresh},不再需要 {gone}', 'white.made': '已生成,请下载文件', 'white.done': '已登记,这些号码不再受短信次数限制', 'white.empty': '没有值班手机号码:先在档案里加处警人员。',
  'white.entries': '{n} 个号码在内,{outside} 个在外', 'white.rank': '次序', 'white.place': '乡镇村', 'white.risk': '重点老人', 'white.fresh': '新增', 'white.gone': '不再需要', 'white.outside': '名单外', 'act.makeList': '生成名单', 'act.entered': '已登记', 'act.download': '下载',
} as const;
