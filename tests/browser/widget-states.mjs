// Every state in which the widget can be seen: what the desk says, and what the visitor does.
import { happened, said } from "./scripted.mjs";

const WORDS = {
  en: {
    name: "Field & Fern",
    greeting: "Welcome to our little linen shop! What are you looking for?",
    suggestions: ["Which size should I take?", "Where is my order?", "How do I return something?"],
    question: "Which size should I take?",
    answer: `Our linen runs **slightly large**. Most people take their *usual size or one below*:

| Size | Chest | Length |
|---|--:|--:|
| S | 96 cm | 70 cm |
| M | 102 cm | 72 cm |
| L | 108 cm | 74 cm |

1. Measure a shirt that you like
2. Compare it with the table

More in [our size guide](https://shop.example/sizes).[^1]

[^1]: [Sizes and fits](https://shop.example/sizes)`,
    person: "Thanks! Could a person check whether M is in stock?",
    agent: "Hello, Ming here. M in sand is back since this morning:",
    card: {
      title: "Linen shirt, sand",
      text: "In stock · €79",
      buttons: [
        { label: "View", url: "https://shop.example/p/1" },
        { label: "Reserve it", send: "Please reserve it" },
      ],
    },
    form: "Where shall we send it?",
    fields: ["Name", "E-mail", "Size"],
    unsent: "Please send it to the old address.",
    thanks: "Thank you, that was quick!",
    privacy: "May we see which pages you look at while we help you?",
    choices: "What is it about?",
    replies: ["Delivery", "Returns", "Talk to a person"],
    code: 'Run this in your shop:\n\n```js\nkefu("open");\n```\n\nThen look at `kefu` in the console.',
  },
  "zh-CN": {
    name: "禾木家居",
    greeting: "欢迎光临！想找点什么？",
    suggestions: ["我该选哪个尺码？", "我的订单到哪儿了？", "怎么退货？"],
    question: "我该选哪个尺码？",
    answer: `我们的亚麻衬衫**略微偏大**，建议选*平时的尺码或小一码*：

| 尺码 | 胸围 | 衣长 |
|---|--:|--:|
| S | 96 厘米 | 70 厘米 |
| M | 102 厘米 | 72 厘米 |
| L | 108 厘米 | 74 厘米 |

1. 量一件合身的衬衫
2. 与上表对照

详见[尺码指南](https://shop.example/sizes)。[^1]

[^1]: [尺码与版型](https://shop.example/sizes)`,
    person: "谢谢！能请真人帮我看看 M 码有没有货吗？",
    agent: "您好，我是小明。沙色 M 码今天上午刚补货：",
    card: {
      title: "亚麻衬衫 · 沙色",
      text: "有货 · ¥599",
      buttons: [
        { label: "查看", url: "https://shop.example/p/1" },
        { label: "帮我留一件", send: "请帮我留一件" },
      ],
    },
    form: "寄到哪里？",
    fields: ["姓名", "邮箱", "尺码"],
    unsent: "请寄到原来的地址。",
    thanks: "谢谢，真快！",
    privacy: "咨询期间，是否允许我们了解您浏览的页面？",
    choices: "您想咨询哪方面的问题？",
    replies: ["物流", "退换货", "转人工"],
    code: '在网页里运行：\n\n```js\nkefu("open");\n```\n\n然后在控制台里看看 `kefu`。',
  },
};

const AGENT = { kind: "AGENT", id: "a1", name: "Ming" };
const OPEN_MENU = (widget) => widget.panel.locator(".header [aria-haspopup]").click();
const page = (at) => async (widget) => {
  await OPEN_MENU(widget);
  await widget.panel.locator("[role=menuitem]").nth(at).click();
  await widget.panel.locator(".over").waitFor();
};

/** The states by name: `desk` is what `Scripted.desk` takes, `act` what happens then. */
export function statesIn(lang) {
  const words = WORDS[lang];
  const settings = {
    name: words.name,
    locale: lang,
    greeting: words.greeting,
    suggestions: words.suggestions,
    color: "#0f766e",
  };
  const field = (at, type, more) => ({
    name: `f${at}`,
    label: words.fields[at],
    type,
    required: at < 2,
    choices: [],
    ...more,
  });
  const fields = [field(0, "TEXT"), field(1, "EMAIL"), field(2, "CHOICE", { choices: ["S", "M", "L"] })];
  const asked = [said("visitor", words.question, 1_500), said("bot", words.answer, 1_499)];
  const taken = [
    ...asked,
    said("visitor", words.person, 5),
    happened({ owner: { owner: { kind: "QUEUE", place: 3 }, term: 2, reason: "HANDOFF_ASKED" } }, 5),
    happened({ owner: { owner: AGENT, term: 3, reason: "TAKEN" } }, 4),
    said("agent", words.agent, 4),
    said("agent", { card: words.card }, 3),
    said("visitor", words.thanks, 2),
  ];
  const agent = { owner: AGENT, term: 3, marks: [{ author: { role: "AGENT", id: "a1" }, seq: 8 }] };
  return {
    welcome: { desk: { settings } },
    answer: { desk: { settings, events: asked } },
    streaming: {
      desk: { settings, events: [said("visitor", words.question)], hello: { turn: 9 } },
      act: (_, desk) => desk.write(words.answer.slice(0, 160), 9),
    },
    code: { desk: { settings, events: [said("visitor", "kefu?", 2), said("bot", words.code, 1)] } },
    choices: {
      desk: {
        settings,
        events: [
          said("visitor", "?", 2),
          said(
            "bot",
            {
              quickReplies: {
                text: words.choices,
                replies: words.replies.map((label) => ({ label, send: "", action: "SEND" })),
              },
            },
            1,
          ),
        ],
      },
    },
    queue: { desk: { settings, events: taken.slice(0, 4), hello: { owner: { kind: "QUEUE", place: 3 }, term: 2 } } },
    person: { desk: { settings, events: taken, hello: agent } },
    form: {
      desk: {
        settings,
        events: [
          ...taken.slice(0, 6),
          said("agent", { form: { title: words.form, formId: "f", fields } }, 1),
        ],
        hello: agent,
      },
    },
    ended: {
      desk: {
        settings,
        events: [...taken, happened({ closed: { reason: "RESOLVED" } }, 1)],
        hello: { ...agent, closed: true },
      },
    },
    prechat: { desk: { settings: { ...settings, prechat: { title: words.form, text: "", fields } } } },
    away: { desk: { settings: { ...settings, hours: { open: false, changesIn: 40_000 } } } },
    consent: {
      desk: {
        settings: {
          ...settings,
          privacy: { text: words.privacy, url: "https://shop.example/privacy", tracking: "CONSENT" },
        },
      },
    },
    cut: {
      desk: { settings, events: taken, hello: agent },
      act: async (widget, desk) => {
        desk.cut();
        await widget.panel.locator("[data-status=offline]").waitFor();
        await widget.say(words.unsent);
      },
    },
    refused: { desk: { settings, refuse: { status: 404, code: "site_not_found", title: "", detail: "" } } },
    menu: { desk: { settings, events: asked }, act: OPEN_MENU },
    search: {
      desk: { settings, events: taken, hello: agent },
      act: async (widget) => {
        await page(0)(widget);
        await widget.panel.getByRole("searchbox").fill("M");
      },
    },
    transcript: { desk: { settings, events: taken, hello: agent }, act: page(1) },
    rating: {
      desk: { settings, events: taken, hello: agent },
      act: async (widget) => {
        await page(2)(widget);
        await widget.panel.locator(".star input").nth(3).check();
      },
    },
    phone: { desk: { settings, events: taken, hello: agent }, act: page(3) },
  };
}
