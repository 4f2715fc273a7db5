import { adopt } from "../../sheet";

const styled = new WeakSet<ShadowRoot>();

/** Adds a part's style sheet to a tree, once. */
export function style(root: ShadowRoot, css: string): void {
  if (styled.has(root)) return;
  styled.add(root);
  adopt(root, css);
}
