/** The version of the library, as package.json has it: what was measured with another one does not count. */
export const VERSION = "0.1.0";
