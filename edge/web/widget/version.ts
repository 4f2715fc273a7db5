/** Set by the build: changes with every file of the widget. */
declare const KEFU_VERSION: string;

/**
 * The address of a part of the widget below `base`, of the same build as what asks for it: files
 * are cached under one name for minutes, and parts of two builds must not meet.
 */
export function part(base: string, name: string): string {
  return `${base}${name}.js?v=${KEFU_VERSION}`;
}
