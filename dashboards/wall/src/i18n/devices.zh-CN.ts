/** 中文:待查报文、设备未登记、设备登记的词。 */
export const zhDevices = {
  'act.replay': '重放', 'act.register': '登记', 'act.copy': '复制', 'act.refresh': '刷新', 'quarantine.title': '待查报文', 'quarantine.help': '设备发来但读不懂的报文,原样保存;改好后可重放。', 'quarantine.empty': '没有待查报文', 'quarantine.device': '设备',
  'quarantine.topic': '主题', 'quarantine.reason': '原因', 'quarantine.at': '收到', 'quarantine.bytes': '字节', 'quarantine.result': '结果', 'replay.replayed': '已重放,事件已进入', 'replay.still-unreadable': '仍读不懂', 'replay.replayed-before': '此前已重放',
  'replay.not-an-event': '不是报警报文', 'unregistered.title': '设备未登记', 'unregistered.help': '这些设备想连进来,但没有登记或密钥不对。装好的按钮也可能在里面:请尽快登记。', 'unregistered.empty': '没有被拒绝的设备', 'unregistered.id': '出示的编号', 'unregistered.reason': '原因',
  'unregistered.count': '次数', 'unregistered.last': '最近', 'unregistered.first': '首次', 'unregistered.address': '来自', 'unregistered.door': '入口', 'unregistered.unknown': '没有登记', 'unregistered.revoked': '已停用',
  'unregistered.wrong-secret': '密钥不对', 'devices.title': '登记一台设备', 'devices.help': '选型号,可选绑定到一户;密钥只显示一次。', 'devices.model': '型号', 'devices.room': '房间(可不填)', 'devices.made': '已登记', 'devices.id': '设备编号', 'devices.secret': '密钥',
  'devices.once': '密钥只显示这一次,请现在记下。', 'devices.try': '在终端里按一次按钮:', 'devices.tryHere': '或者就在这里:', 'devices.press': '按一次', 'devices.pressed': '已送达并存好,警情马上出现在值班台。', 'devices.toWall': '去值班台', 'devices.refused': '您的角色不能登记设备。',
  'devices.copied': '已复制', 'devices.homePick': '绑定到',
} as const;
