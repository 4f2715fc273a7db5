import type { Embedding } from "../contract";

/** Reads how the script was put on the page, from its own tag. */
export function readEmbedding({ src, dataset }: HTMLScriptElement): Embedding {
  const { site, locale, launcher, side, color, mode } = dataset as Record<string, string> &
    Partial<Embedding>;
  const { origin, href } = new URL("widget/", src);
  return {
    // The full page is one file for every site: its address says which.
    site: site ?? location.pathname.split("/")[2] ?? "",
    host: origin,
    base: href,
    mode: mode ?? "widget",
    locale: locale || document.documentElement.lang || navigator.language,
    launcher,
    side,
    color,
  };
}

/** The tag that runs now; a tag manager may have taken that away. */
export function ownScript(): HTMLScriptElement | null {
  return (
    (document.currentScript as HTMLScriptElement | null) ??
    document.querySelector('script[src*="/widget.js"]')
  );
}
