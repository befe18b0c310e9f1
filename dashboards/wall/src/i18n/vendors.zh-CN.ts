/** Chinese texts of 厂商接入. */
export const zhVendors = {
  'doors.title': '厂商接入', 'doors.help': '设备先报到厂商平台,再由平台推到这里:一个账号一个入口。把地址填到厂商的控制台,再给每台设备登记“入口”和“厂商编号”(有 IMEI 就填 IMEI)。',
  'doors.empty': '还没有入口', 'doors.name': '入口名', 'doors.nameHelp': '小写字母、数字、横线', 'doors.shown': '名称', 'doors.kind': '平台', 'doors.devices': '设备', 'doors.last': '最近收到', 'doors.refused': '最近拒绝', 'doors.off': '已停用', 'doors.never': '还没有收到过', 'doors.new': '新的入口', 'doors.port': 'TCP 端口',
  'doors.once': '把这个地址填到厂商平台。里面的密钥只显示这一次:', 'doors.made': '不填就生成', 'doors.optional': '可不填', 'doors.kept': '已设,不改就留空',
  'doors.alarms': '“报警”的含义', 'doors.alarmsHelp': '每行“产品编号=类型”,* 表示全部。类型:{kinds}', 'doors.addresses': '允许的地址', 'doors.addressesHelp': '每行一个地址或网段;不填则不限', 'act.openDoor': '开入口',
  'doorKind.ctwing': '中国电信 CTWing', 'doorKind.onenet': '中国移动 OneNET(旧)', 'doorKind.onenet-studio': '中国移动 OneNET Studio', 'doorKind.huawei': '华为云 IoTDA', 'doorKind.aliyun': '阿里云(从云端)', 'doorKind.tencent': '腾讯云', 'doorKind.watch-cloud': '手表平台推送', 'doorKind.watch': '定位手表(TCP)', 'doorKind.milesight': '星纵雷达、按钮', 'doorKind.alink': '阿里云设备直连(改域名)', 'doorKind.mapping': '其他:自己对照',
  'doorSecret.key': '地址里的密钥', 'doorSecret.token': '令牌(Token)', 'doorSecret.aesKey': '加密密钥(AES)', 'doorSecret.id': '账号(secretId)',
  'doorWhy.the-address-is-not-on-this-door-s-list': '地址不在允许的名单里', 'doorWhy.the-key-is-not-this-door-s': '密钥不对', 'doorWhy.the-address-lacks-key': '地址里没有 ?key=', 'doorWhy.the-signature-is-not-made-with-this-door-s-token': '签名不对:令牌不一致', 'doorWhy.signature-is-not-made-with-this-door-s-token': '签名不对:令牌不一致',
  'mapping.device': '设备编号在', 'mapping.time': '时间在', 'mapping.id': '报文编号在', 'mapping.list': '列表在(多条时)', 'mapping.else': '都不符合时', 'mapping.elseUnreadable': '当作看不懂:会报警', 'mapping.elseHeartbeat': '当作心跳', 'mapping.at': '看哪里', 'mapping.is': '等于(不填:不为空、不为 0)', 'mapping.kind': '是什么', 'mapping.edge': '怎么了', 'mapping.readings': '电量、体征在哪里',
  'mapping.try': '试读', 'mapping.tryHelp': '选一条待查报文,或粘贴一段 JSON:每改一处,下面马上显示读成什么。', 'mapping.frame': '待查报文', 'mapping.text': 'JSON', 'mapping.noTime': '没有时间', 'mapping.alive': '心跳', 'mapping.beat': '心跳', 'mapping.vitals': '体征',
  'edge.raise': '发生', 'edge.clear': '恢复', 'edge.repeat': '持续', 'edge.report': '上报', 'reading.battery': '电量', 'reading.rssi': '信号', 'reading.mains': '市电', 'reading.temp': '温度', 'reading.heartRate': '心率', 'reading.breath': '呼吸', 'reading.spo2': '血氧', 'reading.sbp': '高压', 'reading.dbp': '低压', 'reading.bodyTemp': '体温', 'reading.bed': '在床',
  'readWhy.nothing-stands-where-the-device-should': '设备编号的位置上没有内容', 'readWhy.nothing-stands-where-the-list-should': '列表的位置上没有内容', 'readWhy.fits-no-line-of-the-mapping': '没有一行符合:会报警', 'readWhy.not-json': '不是 JSON', 'readWhy.not-a-json-object': '不是 JSON 对象', 'readWhy.empty': '是空的',
} as const;
