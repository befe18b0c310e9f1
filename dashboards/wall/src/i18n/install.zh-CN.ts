/** 中文:安装验收的统计。 */
export const zhInstall = {
  'inst.help': '装了多少、验收多少、哪些要复装，特殊群体覆盖了多少，没覆盖的为什么。数字来自平台自己的记录，不是安装员填的。', 'inst.from': '从', 'inst.to': '到', 'inst.cover': '特殊群体覆盖', 'inst.coverOf': '{accepted} / {special} 人已验收，{percent}%', 'inst.goal': '{percent}%', 'inst.lacking': '还差 {n} 人', 'inst.reached': '已达到',
  'inst.gaps': '没覆盖的原因', 'inst.gap.probation': '试用期内', 'inst.gap.to-redo': '须复装', 'inst.gap.failed': '未成', 'inst.gap.refused': '拒装', 'inst.gap.no-device': '装过，设备不在了', 'inst.gap.unaccepted': '有设备，没验收', 'inst.gap.begun': '安装中', 'inst.gap.not-visited': '没上门',
  'inst.special': '特殊群体', 'inst.visits': '上门', 'inst.installed': '现场合格', 'inst.accepted': '已验收', 'inst.onSite': '试用期', 'inst.failed': '未成', 'inst.refused': '拒装', 'inst.toRedo': '须复装', 'inst.byTown': '按乡镇', 'inst.byInstaller': '按安装员', 'inst.byDay': '按天', 'inst.redo': '复装名单', 'inst.redoNone': '没有要复装的', 'inst.none': '这段时间没有上门安装', 'inst.sum': '合计',
  'inst.when': '时间', 'inst.where': '地点', 'inst.home': '户', 'inst.device': '设备', 'inst.installer': '安装员', 'inst.why': '原因', 'inst.percent': '覆盖率',
} as const;
