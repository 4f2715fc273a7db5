/** Colours from one: readable on both backgrounds, whatever the site has chosen. */

type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [22, 24, 29];
/** The backgrounds that coloured words stand on. */
const LIGHT: Rgb = WHITE;
const DARK: Rgb = [37, 40, 47];
/** The contrast that WCAG 2.2 AA asks of text. */
const READABLE = 4.5;

/** Custom properties for a colour (hex), in both schemes. */
export function colours(hex: string): Record<string, string> {
  const color = parse(hex);
  const white = contrast(color, WHITE) >= contrast(color, INK);
  const words = white ? WHITE : INK;
  return {
    "--color": css(toward(color, words, white ? INK : WHITE)),
    "--on-color": css(words),
    "--link-light": css(toward(color, LIGHT, INK)),
    "--link-dark": css(toward(color, DARK, WHITE)),
  };
}

/** Moves a colour to `goal` until it can be read on, or under, `ground`. */
function toward(color: Rgb, ground: Rgb, goal: Rgb): Rgb {
  for (let part = 0; part < 1; part += 0.05) {
    const mixed = mix(color, goal, part);
    if (contrast(mixed, ground) >= READABLE) return mixed;
  }
  return goal;
}

function parse(hex: string): Rgb {
  const long = hex.length === 4 ? hex.replace(/[^#]/g, "$&$&") : hex;
  const value = parseInt(long.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function mix(one: Rgb, other: Rgb, part: number): Rgb {
  const channel = (at: 0 | 1 | 2) => Math.round(one[at] + (other[at] - one[at]) * part);
  return [channel(0), channel(1), channel(2)];
}

/** The contrast of two colours, from 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((channel) => {
    const part = channel / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function css(color: Rgb): string {
  return `rgb(${color.join(" ")})`;
}
