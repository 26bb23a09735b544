/** A store in memory that does something when so many checkpoints have been kept: a fit is broken off there. */
import { type ByteStore, memoryStore } from "../../../src/index.js";

export function countedStore(count: number, after: () => void): ByteStore & { puts: number } {
  const inner = memoryStore();
  return {
    ...inner,
    puts: 0,
    async put(name, bytes) {
      await inner.put(name, bytes);
      if (++this.puts === count) after();
    },
  };
}
