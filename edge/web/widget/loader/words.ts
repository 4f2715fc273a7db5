/** The few words of the launcher; all others come with the chat. */
const EN = { label: "Chat with us", failed: "Chat can't load. Try again" };
const ZH = { label: "在线客服", failed: "加载失败，点击重试" };

/** The words for a language; the label may be the site's own (`launcher`, `en.launcher`). */
export function words(locale: string, own: Record<string, string> = {}): typeof EN {
  const zh = /^zh/i.test(locale);
  const said = zh ? ZH : EN;
  return { ...said, label: own[zh ? "zh-CN.launcher" : "en.launcher"] ?? own["launcher"] ?? said.label };
}
