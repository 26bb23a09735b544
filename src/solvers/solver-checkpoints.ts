/** How a solver's whole state is kept now and then, and how it goes on from there: to the same bits. */

/** Everything that a solver goes on from. Numbers are finite. */
export interface SolverState {
  readonly numbers: Readonly<Record<string, number>>;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

/** Where solvers put their state. */
export interface SolverCheckpoints {
  /** Where to go on; undefined: from the beginning. */
  readonly resumed: SolverState | undefined;
  /** Whether it is time for the next one. */
  isDue(): boolean;
  /** Resolves when the state is kept. */
  save(state: SolverState): Promise<void>;
}
