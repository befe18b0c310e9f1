/** 中文:档案页(老人、户、设备、处警人员)的词。 */
export const zhFiles = {
  'tab.people': '老人', 'tab.homes': '户', 'tab.devices': '设备', 'tab.responders': '处警人员',
} as const;
