/**
 * A store in the browser's IndexedDB. Each call opens the database and closes it again, so that no page stands in the way of
 * another that deletes it. A write is one transaction: the browser keeps all of it or none.
 */
import { type ErrorCode, StorageError } from "../errors.js";
import type { ByteStore } from "./byte-store.js";

const OBJECTS = "files";

/**
 * Keeps bytes in the IndexedDB database `database` of this page's origin, where they outlive reloads, crashes and restarts; the user,
 * or the browser when the disk is full, may delete them (`navigator.storage.persist()` asks it not to).
 *
 * Calls of the store throw StorageError: STORAGE_UNAVAILABLE where there is no IndexedDB (Node, some private windows), QUOTA_EXCEEDED
 * when the origin's share of the disk is used up, STORAGE_FAILED for other faults. What was kept before stays.
 */
export function indexedDbStore(database = "luce"): ByteStore {
  return {
    get: async (name) => {
      const found = await transact(database, "readonly", `read ${name}`, (files) => files.get(name));
      return found instanceof Uint8Array ? found : undefined;
    },
    put: async (name, bytes) => {
      // A view would take along all of the memory that it shows a part of.
      const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      await transact(database, "readwrite", `keep ${name} (${bytes.byteLength} bytes)`, (files) =>
        files.put(whole, name),
      );
    },
    delete: async (name) => {
      await transact(database, "readwrite", `delete ${name}`, (files) => files.delete(name));
    },
    names: async () => {
      const keys = await transact(database, "readonly", "list the names", (files) => files.getAllKeys());
      return (keys as string[]).sort();
    },
  };
}

/** What the request gives, once the transaction is complete: until then nothing is kept. */
async function transact(
  database: string,
  mode: IDBTransactionMode,
  what: string,
  ask: (files: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  const db = await open(database);
  try {
    return await new Promise<unknown>((resolve, reject) => {
      // Strict: complete means on the disk, not on its way there.
      const transaction = db.transaction(OBJECTS, mode, { durability: "strict" });
      const request = ask(transaction.objectStore(OBJECTS));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  } catch (cause) {
    const isFull = cause instanceof DOMException && cause.name === "QuotaExceededError";
    throw isFull
      ? fault(
          "QUOTA_EXCEEDED",
          `cannot ${what}: the page's share of the disk is used up. Free some and try again`,
          cause,
        )
      : fault("STORAGE_FAILED", `cannot ${what}`, cause);
  } finally {
    db.close();
  }
}

function open(database: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(fault("STORAGE_UNAVAILABLE", "IndexedDB cannot be opened here: use another store", cause));
    try {
      const request = indexedDB.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(OBJECTS);
      request.onsuccess = () => {
        const db = request.result;
        // Another page deletes the database, which waits for all that have it open.
        db.onversionchange = () => db.close();
        resolve(db);
      };
      request.onerror = () => fail(request.error);
    } catch (cause) {
      fail(cause);
    }
  });
}

function fault(code: ErrorCode, what: string, cause: unknown): StorageError {
  const why = cause instanceof Error ? ` (${cause.name}: ${cause.message})` : "";
  return new StorageError(code, `indexedDbStore: ${what}${why}.`, cause);
}
