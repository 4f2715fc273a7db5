/** Adds style sheets to a tree, in a way that no Content-Security-Policy forbids. */
export function adopt(root: ShadowRoot, ...styles: string[]): void {
  for (const css of styles) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    } catch {
      // Safari before 16.4 cannot make sheets.
      const style = document.createElement("style");
      style.textContent = css;
      root.append(style);
    }
  }
}
