/** A size in the largest unit that leaves a number before the point. */
export function bytes(size: number, lang: string): string {
  const [unit, divisor] =
    size < 1_000_000 ? (["kilobyte", 1_000] as const) : (["megabyte", 1_000_000] as const);
  const options = { style: "unit", unit, maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(lang, options).format(size / divisor);
}
