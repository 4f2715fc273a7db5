/** The network came or went, or the page came back from the back-forward cache. */
const MOMENTS = ["online", "offline", "pageshow"] as const;

/** Moments at which a page should look whether its connection still stands. */
export function onWake(check: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  const seen = () => document.visibilityState === "visible" && check();
  document.addEventListener("visibilitychange", seen);
  for (const moment of MOMENTS) addEventListener(moment, check);
  return () => {
    document.removeEventListener("visibilitychange", seen);
    for (const moment of MOMENTS) removeEventListener(moment, check);
  };
}
