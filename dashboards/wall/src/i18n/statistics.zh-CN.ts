/** 中文:统计、到场单的词。 */
export const zhStatistics = {
  'stat.help': '消息送没送到、人叫没叫应、到没到场:按通道、网关、村、时段。点数字看是哪些警情。', 'stat.from': '从', 'stat.to': '到', 'stat.asOf': '数据截至', 'stat.partial': '还没过完,只算到现在', 'stat.demo': '演示数据', 'stat.none': '这段时间没有警情,也没有消息。', 'stat.definitions': '怎么算的',
  'stat.defMessages': '消息:警情发出的每条短信、每通电话,按生成时间。送达率 = 有送达回执的(电话:有人接的)÷ 有结果的(送达、失败、无回执);等回执的还没有结果,已撤回的不算。', 'stat.defTold': '叫了:每条警情每个被叫到的人算一次;按通道、网关看时,叫过他的每一条通道、网关各算一次。有答复:他本人之后的第一句话或按键。到场:他本人到了。',
  'stat.defAlarms': '紧急警情(P1)按报警入库时间。60秒、180秒接警和45分钟到场与状态条上的接警指标同一算法:没人接的,时限一过就算未达标;本人在设备上取消的不算快慢。', 'stat.defOut': '不计:安装调试、演练、链路自检、试铃、汇总通知。演示数据和真实数据从不加在一起。',
  'stat.all': '合计', 'stat.ways': '按通道、网关', 'stat.villages': '按村', 'stat.hours': '按时段', 'stat.messages': '消息', 'stat.reached': '送达', 'stat.failed': '失败', 'stat.unknown': '无回执', 'stat.waiting': '等回执', 'stat.told': '叫了', 'stat.answered': '有答复', 'stat.accepted': '答应', 'stat.answerTime': '答复用时', 'stat.came': '到场', 'stat.alarms': '紧急警情', 'stat.unanswered': '没人接',
  'stat.cases': '警情', 'stat.case': '警情号', 'stat.truncated': '只列最近 {n} 条。', 'stat.what.alarms': '紧急警情', 'stat.what.late60': '60秒内没接', 'stat.what.late180': '180秒内没接', 'stat.what.unanswered': '没人接', 'stat.what.late45m': '45分钟内没到', 'stat.what.failed': '有消息失败', 'stat.what.unknown': '有消息无回执', 'stat.what.silent': '叫了没有答复',
  'gateway.standin': '模拟网关', 'gateway.aliyun': '阿里云', 'gateway.http': '县平台', 'gateway.modem': '4G 短信猫', 'gateway.none': '未到网关',
  'arr.help': '每人每月到场多少次、叫过多少次(夜里多少次):派单补贴按到场算。点姓名看每一次,打印签字。', 'arr.sheetHelp': '这个人这个月每一次到场:叫到、答应、出发、到达、办结。', 'arr.month': '月份', 'arr.none': '这个月没有人被叫过。', 'arr.noneHere': '这个月没有到场。', 'arr.fileNote': '导出会记入审计', 'arr.title': '{month} 到场单',
  'arr.told': '叫了', 'arr.night': '其中夜里', 'arr.accepted': '答应', 'arr.missed': '答应未到', 'arr.arrived': '到场', 'arr.toldAt': '叫到', 'arr.acceptedAt': '答应', 'arr.departedAt': '出发', 'arr.arrivedAt': '到达', 'arr.closedAt': '办结', 'arr.way': '到场用时(分)', 'arr.there': '在场(分)', 'arr.via': '到达记录',
  'arr.via.sms': '本人短信', 'arr.via.dtmf': '本人按键', 'arr.via.link': '本人工作页', 'arr.viaDesk': '值班台代记', 'arr.total': '合计到场 {n} 次(夜里 {night} 次),路上 {way} 分钟,在场 {there} 分钟。', 'arr.byDesk': '其中值班台代记 {n} 次。', 'arr.sign': '本人签字:____________  村(社区)核对:____________  乡镇审核:____________  日期:____________',
  'arr.definitions': '到场算在到达的那个月。到场用时从叫到他算起(没有叫到记录的,从答应、从报警算起),不满一分钟算一分钟;在场到他回“办好了”为止,没有回的到办结为止。夜里:22:00–06:00。不计:安装调试、演练、链路自检;演示数据不和真实数据放在一起。',
  'pack.help': '每夜每个乡镇一个加密文件:各村名单按风险排,有住处、电话、联系人、处警人员。服务器全停了,值班室电脑用口令也能打开、打印、挨户清点。', 'pack.state': '状态', 'pack.state.good': '有', 'pack.state.no-passphrase': '没有口令', 'pack.state.none': '还没有', 'pack.state.old': '太旧', 'pack.madeAt': '最新的包', 'pack.key': '口令', 'pack.nights': '存 {n} 夜',
  'pack.keyOf': '{town}的口令', 'pack.once': '只显示这一次:抄下来,放进乡镇值班室的信封。丢了只能换新的。', 'pack.notHere': '这台机器不存文件(没有数据目录)。', 'pack.folder': '文件在这台服务器的', 'pack.empty': '您的范围里没有住着老人的乡镇。', 'pack.made': '{town}的包已做好', 'pack.renew': '换了以后,旧口令打不开新包,旧包从这里删掉。', 'act.fetch': '下载', 'act.makeNow': '马上做', 'act.setKey': '设口令', 'act.newKey': '换口令', 'act.sureKey': '确定换',
  'pack.howTo': '下载后存到值班室电脑和 U 盘,每周换一次新的。双击文件,用 Chrome、Edge 或 360 极速模式打开,输入口令;不用网络。',
} as const;
