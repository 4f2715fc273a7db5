import { part } from "../version";
import type en from "../texts/en";

/** A text by the plural forms that a language has, as `Intl.PluralRules` names them. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
/** One language's texts: `widget/texts/<tag>.ts` exports one. */
export type Catalogue = {
  [Key in keyof typeof en]: (typeof en)[Key] extends string ? string : Plural;
};
export type TextKey = keyof Catalogue;
/** Gives a text, with `{name}` replaced by values; `n` chooses the plural form. */
export type Say = (key: TextKey, values?: Record<string, string | number>) => string;

export interface Texts {
  readonly say: Say;
  /** BCP 47, of the catalogue. */
  readonly lang: string;
  readonly dir: string;
}

/** Languages that have a catalogue; all others read English. */
const LANGUAGES: Record<string, string> = { zh: "zh-CN", ar: "ar" };

/** Loads the catalogue for a language; the site's own words replace it text by text. */
export async function loadTexts(
  locale: string,
  base: string,
  own: Record<string, string> = {},
): Promise<Texts> {
  const name = LANGUAGES[locale.split("-")[0]!.toLowerCase()] ?? "en";
  const { default: catalogue } = (await import(part(base, `texts/${name}`))) as { default: Catalogue };
  const { lang, dir } = catalogue;
  const plural = new Intl.PluralRules(lang);
  const say: Say = (key, values = {}) => {
    const text = own[`${lang}.${key}`] ?? own[key] ?? catalogue[key];
    const form = typeof text === "string" ? text : (text[plural.select(Number(values["n"]))] ?? text.other);
    return form.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
  return { say, lang, dir };
}
