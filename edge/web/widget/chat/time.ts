const DAY = 24 * 60 * 60_000;

/** The day of a moment where the visitor is, as a key. */
export function dayOf(at: number): string {
  return at ? new Date(at).toDateString() : "";
}

/** A day in words: "today", "yesterday", then its date. */
export function dayWords(at: number, now: number, lang: string): string {
  const days = Math.round((midnight(at) - midnight(now)) / DAY);
  if (days === 0 || days === -1) {
    const words = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(days, "day");
    return words.charAt(0).toUpperCase() + words.slice(1);
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const options = {
    month: "long",
    day: "numeric",
    weekday: "short",
    year: sameYear ? undefined : "numeric",
  } as const;
  return new Intl.DateTimeFormat(lang, options).format(at);
}

/** The hour and minute of a moment. */
export function clockWords(at: number, lang: string): string {
  return new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" }).format(at);
}

/** When something is, in the nearest words: "in 2 hours". */
export function soonWords(seconds: number, lang: string): string {
  const words = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return words.format(minutes, "minute");
  const hours = Math.round(minutes / 60);
  return hours < 24 ? words.format(hours, "hour") : words.format(Math.round(hours / 24), "day");
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
