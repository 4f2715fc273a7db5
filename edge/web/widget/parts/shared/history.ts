import type { Kit } from "../../chat/kit";

/** The most pages of history that are fetched for a search or a transcript. */
const PAGES = 100;

/** Fetches what is missing of the conversation's beginning, as far as the network lets it. */
export async function wholeHistory(kit: Kit): Promise<void> {
  for (let page = 0; page < PAGES && kit.view().hasOlder; page++) {
    const came = await kit
      .client()
      .older()
      .catch(() => false);
    if (!came) return;
    // The view follows a moment later.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
