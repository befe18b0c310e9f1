/** Chinese texts of 自定规则. */
export const zhFlows = {
  'flows.title': '自定规则', 'flows.help': '运维人员自己接的警笛、村喇叭、工作群(Node-RED)。只能看和补充,不会挡在警情路上。', 'flows.off': '没有启用。启动时加 --flows 才有(见 docs/flows.md)。',
  'flows.up': '运行中', 'flows.starting': '正在启动', 'flows.paused': '已停下,{s}后再启动', 'flows.safe': '反复出错:现在不带规则运行,请在编辑器里改好再部署', 'flows.editor': '打开编辑器', 'flows.since': '启动于', 'flows.restarts': '重启次数', 'flows.memory': '内存',
  'flows.refused': '超出上限被拒的次数:{list}', 'flows.incidents': '被结束的规则', 'flows.incidentsHelp': '卡住、泄漏、报错或刷屏的规则会被结束,它所在的页签会被停用(从外面被杀掉的,连续第二次才停用);改好后在编辑器里重新启用。',
  'flows.when': '时间', 'flows.what': '原因', 'flows.tab': '页签', 'flows.node': '节点', 'flows.detail': '说明', 'flows.places': '读到哪里', 'flows.stream': '内容', 'flows.behind': '还差', 'flows.asked': '最近一次读',
  'flows.hosts': '允许访问的地址', 'flows.hostsHelp': '“请求外部”节点只能访问这里列出的地址;本机和内网地址要勾选才行。', 'flows.noHosts': '还没有:规则现在不能访问任何外部地址。', 'flows.host': '主机名或地址', 'flows.port': '端口', 'flows.inside': '在本机或内网',
  'flowEnd.stuck': '卡住', 'flowEnd.memory': '内存过大', 'flowEnd.flood': '刷屏', 'flowEnd.ended': '出错退出', 'flowEnd.unusable': '打不开',
  'flows.versions': '版本', 'flows.versionsHelp': '每次部署都留一版(最近 {n} 版,随数据库备份)。可以看改了什么,也可以回退;密码不在版本里。', 'flows.noVersions': '还没有部署过。', 'flows.version': '版本', 'flows.who': '谁', 'flows.why': '缘由', 'flows.changed': '改了什么', 'flows.look': '查看',
  'flows.older': '更早的 {n} 版', 'flows.house': '系统', 'flows.nothing': '没有变化', 'flows.tabAdded': '新页签', 'flows.tabRemoved': '页签已删', 'flows.tabOn': '已启用', 'flows.tabOff': '已停用', 'flows.nAdded': '增 {n} 个节点', 'flows.nChanged': '改 {n} 个',
  'flows.nRemoved': '删 {n} 个', 'flows.nMoved': '挪动 {n} 个', 'flows.noTab': '不在页签里', 'flows.comma': '、', 'flows.itChanged': '这一版改了', 'flows.backWould': '回退到这一版会改', 'flows.secrets': '这些密码不会回来,回退后请在编辑器里重新填写:{list}', 'flows.restore': '回退到这一版',
  'flows.restored': '已回退,并留了新的一版', 'flowWhy.deploy': '部署', 'flowWhy.rollback': '回退到', 'flowWhy.switched-off': '出错停用', 'flowWhy.found': '启动时发现', 'flowHow.added': '增', 'flowHow.removed': '删', 'flowHow.changed': '改',
  'trial.title': '试运行', 'trial.help': '用最近 24 小时的警情、事件和读数试一个页签(停用的也可以),对照它实际做过的。不发出任何东西:不通知人、不动设备、不访问外部。编辑器里还没部署的,点编辑器右上角的“试运行”。', 'trial.noTabs': '还没有页签。', 'trial.answer': '外部请求一律答', 'trial.go': '试运行', 'trial.state': '状态',
  'trial.drawn': '未部署', 'trial.runs': '正在试…', 'trial.lost': '没有试完:规则进程中途停了。', 'trial.sum': '{items} 条数据,节点间 {messages} 条消息,会做 {tried} 件事,用时 {s} 秒。', 'trial.upTo': '只试到 {time},后面的没有比较。', 'trial.silent': '什么都不会做,实际上也没有做过。',
  'trial.same': '与实际相同的 {n} 件', 'trial.added': '会多出 {n} 件', 'trial.gone': '不会再有 {n} 件', 'trial.changed': '内容不同 {n} 件', 'trial.refused': '会被拒绝 {n} 件', 'trial.cut': '列表太长,只显示前面的。', 'trial.lines': '节点输出 {n} 行', 'trialState.asked': '排队中',
  'trialState.running': '正在试', 'trialState.done': '试完了', 'trialEnd.whole': '试完 24 小时。', 'trialEnd.time': '太久,停了。', 'trialEnd.memory': '内存过大,停了。', 'trialEnd.messages': '消息太多,停了。', 'trialEnd.stuck': '卡住,停了。', 'trialEnd.ended': '出错,停了。',
  'flowAct.raise': '发起告警', 'flowAct.note': '警情备注', 'flowAct.notify': '通知班组', 'flowAct.command': '设备命令', 'flowAct.request': '请求外部',
} as const;
