/** Whether this machine runs Debian itself, not a system derived from it. */
export function isDebian(): boolean;

/** Installs packages of the release. Tells whether that succeeded. */
export function installPackages(...names: string[]): boolean;

/** Installs packages, from backports where the first of them is older than `major` in the release. Tells whether that succeeded. */
export function installAtLeast(major: number, ...names: string[]): boolean;

/** The source of backports that belongs to the text of an apt source file, or undefined where it has no source of the release. */
export function backportsSource(
  path: string,
  text: string,
  codename: string,
): { readonly text: string; readonly extension: "list" | "sources" } | undefined;
