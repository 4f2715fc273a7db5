/** Lets files be dropped on an element, and shows that they can be. */
export function takeDrops(element: HTMLElement, words: string, dropped: (event: DragEvent) => void): void {
  const over = (is: boolean) => element.classList.toggle("dropping", is);
  element.dataset["drop"] = words;
  element.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    over(true);
  });
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget as Node | null)) over(false);
  });
  element.addEventListener("drop", (event) => {
    over(false);
    dropped(event);
  });
}
