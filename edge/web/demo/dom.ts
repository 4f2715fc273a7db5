/** The element with an id that the page is known to have. */
export function byId<E extends HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as E;
}

/** A new element with a class, and text or children; text never becomes markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  ...content: (string | Node)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...content);
  return element;
}

/** A button that acts. */
export function button(label: string, act: () => void): HTMLButtonElement {
  const element = make("button", "", label);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}
