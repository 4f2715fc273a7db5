/** The few words of the launcher; all others come with the chat. */
const EN = { label: "Chat with us", open: "Open chat", close: "Close chat", failed: "Chat can't be loaded. Try again" };
const ZH = { label: "在线客服", open: "打开客服对话", close: "关闭客服对话", failed: "客服暂时无法加载，点击重试" };

/** The words for a language; the label may be the site's own (`launcher`, `en.launcher`). */
export function words(locale: string, own: Record<string, string> = {}): typeof EN {
  const [lang, said] = /^zh/i.test(locale) ? ["zh-CN", ZH] : ["en", EN];
  return { ...said, label: own[`${lang}.launcher`] ?? own["launcher"] ?? said.label };
}
