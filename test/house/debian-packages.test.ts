import { describe, expect, test } from "vitest";
import { backportsSource } from "../../scripts/debian-packages.mjs";

const STANZAS = `Types: deb deb-src
# a comment in a stanza
URIs: mirror://somewhere/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: mirror://somewhere/debian-security
Suites: bookworm-security
Components: main
`;

describe("the source of backports", () => {
  test("is the release's own with another suite, in stanzas", () => {
    expect(backportsSource("debian.sources", STANZAS, "bookworm")).toEqual({
      extension: "sources",
      text: `Types: deb
URIs: mirror://somewhere/debian
Suites: bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg
`,
    });
  });

  test("is the release's own with another suite, in lines", () => {
    const lines = [
      "# deb mirror://commented/debian bookworm main",
      "deb-src mirror://somewhere/debian bookworm main",
      "deb mirror://somewhere/debian-security bookworm-security main",
      "deb [signed-by=/a/key.gpg arch=amd64] mirror://somewhere/debian bookworm main non-free",
    ];
    expect(backportsSource("sources.list", lines.join("\n"), "bookworm")).toEqual({
      extension: "list",
      text: "deb [signed-by=/a/key.gpg arch=amd64] mirror://somewhere/debian bookworm-backports main non-free\n",
    });
  });

  test.each([
    ["another release", "debian.sources", STANZAS, "trixie"],
    ["only the security suite", "debian.sources", STANZAS.slice(STANZAS.indexOf("\n\n") + 2), "bookworm"],
    ["a source that is switched off", "debian.sources", `Enabled: no\n${STANZAS}`, "bookworm"],
    ["no line of Debian", "other.list", "deb mirror://elsewhere/tools stable main", "bookworm"],
  ])("is not made of %s", (_name, path, text, codename) => {
    expect(backportsSource(path, text, codename)).toBeUndefined();
  });
});
