/** 中文:大屏与地图的词。 */
export const zhScreen = {
  'tv.closed': '大屏没有登录。请管理员建一个“只看”令牌,用 /tv#令牌 打开这一页;或先在 / 登录再打开。', 'tv.more': '还有 {n} 条', 'tv.onDuty': '在岗', 'tv.nobody': '没有人', 'tv.in180': '{p}% 在180秒内',
  'act.map': '地图', 'act.tiles': '格子', 'act.refit': '全图', 'map.locked': '回正', 'map.refitHelp': '手动移动后视图不再跟随;按 ★ 恢复(G 看当前警情)', 'map.lost': '地图停了,已改用格子', 'map.failed': '地图打不开,已改用格子',
  'map.sketch': '示意图 · 内部使用', 'map.approval': '审图号:{n}', 'map.outline': '县界:', 'map.demoPlaces': '位置为示意', 'map.gapPeople': '听不到{n}人', 'map.gapDevices': '未上线{n}台', 'help.fly': '地图看当前警情',
} as const;
