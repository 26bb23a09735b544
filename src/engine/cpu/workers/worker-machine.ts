/** One worker: carries out commands in their order, and meets the others where rows are added up or change hands. */
import type { HostArray, HostMatrix, On, Op } from "../../../ops/op.js";
import type { Job } from "../op-jobs.js";
import { OpJobs } from "../op-jobs.js";
import type { Span } from "../row-blocks.js";
import { lengthOf } from "../row-blocks.js";
import type { RowRule } from "../row-rules.js";
import { counted, rowRuleOf } from "../row-rules.js";
import type { HostArguments } from "../row-sums.js";
import type { PartialSum } from "../sum-tree.js";
import { SumTree } from "../sum-tree.js";
import type { Exchange } from "./exchange.js";
import { piecesFor } from "./layout.js";
import { OPS } from "./op-registry.js";
import type { Command, Operand } from "./protocol.js";
import { WorkerMemory } from "./worker-memory.js";

type Run = Extract<Command, { kind: "run" }>;
type Move = Extract<Command, { kind: "move" }>;

const isOperand = (value: unknown): value is Operand => typeof value === "object" && value !== null && "id" in value;

/** No page waits for its turn here. */
function finish(job: Job): void {
  while (job());
}

export class WorkerMachine {
  readonly #exchange: Exchange;
  readonly #memory = new WorkerMemory();
  readonly #jobs: OpJobs;
  /** What commands have read, until it is sent. */
  reads: HostArray[] = [];

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#jobs = new OpJobs(this.#memory.host.kernels);
  }

  /** A promise only where others must be waited for. */
  execute(command: Command): Promise<void> | undefined {
    const memory = this.#memory;
    switch (command.kind) {
      case "allocate": {
        const { id, rows, columns, type, span, zeros } = command;
        memory.allocate(id, rows, columns, type, span);
        if (zeros) memory.fill(id);
        return undefined;
      }
      case "write":
        memory.write(command.id, command.first, command.data);
        return undefined;
      case "release":
        memory.release(command.id);
        return undefined;
      case "read":
        this.reads.push(memory.elementsHere(command.operand));
        return undefined;
      case "move":
        return this.#move(command);
      case "run":
        return this.#run(command);
    }
  }

  #run({ op: name, args, share, blocks, tag }: Run): Promise<void> | undefined {
    const op = OPS.get(name) as Op<object>;
    const rule = rowRuleOf(op, args);
    const resolve = (): On<object, HostMatrix> => this.#resolve(args, share && rule, share);
    const sum = rule?.sum;
    if (sum && rule && blocks) {
      if (!share) {
        finish(this.#jobs.sumJob(op, resolve, { rule, sum, blocks }));
        return undefined;
      }
      if (!sum.isIdle(resolve() as HostArguments)) return this.#sumShare(op, resolve, rule, blocks, share, tag);
      op.reference(resolve());
      return undefined;
    }
    if (!share || share.begin < share.end) finish(this.#jobs.jobFor(op, resolve));
    return undefined;
  }

  /** A promise where the others' sums come by messages. */
  #sumShare(
    op: Op<object>,
    resolve: () => On<object, HostMatrix>,
    rule: RowRule,
    blocks: readonly Span[],
    share: Span,
    tag: number,
  ): Promise<void> | undefined {
    const sum = rule.sum as NonNullable<RowRule["sum"]>;
    const isOwn = ({ begin, end }: Span): boolean => begin >= share.begin && end <= share.end;
    const own = blocks.filter(isOwn).map(({ begin, end }) => ({ begin: begin - share.begin, end: end - share.begin }));
    const tree = new SumTree(blocks.length, sum.accumulate);
    finish(this.#jobs.blockJob(op, resolve, { rule, sum, blocks: own }, tree, blocks.findIndex(isOwn)));
    const addUp = (all: readonly PartialSum[]): void => {
      const whole = new SumTree(blocks.length, sum.accumulate);
      for (const each of all) whole.add(each);
      sum.finish(whole.total, resolve() as HostArguments);
    };
    const all = this.#exchange.shareAll(tag, tree.sums);
    if (all instanceof Promise) return all.then(addUp);
    addUp(all);
    return undefined;
  }

  #resolve(args: Run["args"], rule: RowRule | undefined, share: Span | undefined): On<object, HostMatrix> {
    const entries = Object.entries(args).map(([key, value]) => [
      key,
      isOperand(value) ? this.#memory.view(value, rule?.rows.includes(key) ? share : undefined) : value,
    ]);
    const count = rule && share ? counted(rule, lengthOf(share)) : {};
    return { ...Object.fromEntries(entries), ...count } as On<object, HostMatrix>;
  }

  async #move({ id, before, after, tag }: Move): Promise<void> {
    const { index, workers } = this.#exchange;
    const taken = piecesFor(index, before, after);
    for (let peer = 0; peer < workers; peer++) {
      if (peer === index) continue;
      const given = piecesFor(peer, before, after).filter(({ sender }) => sender === index);
      if (given.length > 0) {
        this.#exchange.send(
          peer,
          tag,
          given.map(({ span }) => this.#memory.rowsOf(id, span)),
        );
      }
    }
    const kept = taken
      .filter(({ sender }) => sender === index)
      .map(({ span }) => ({ begin: span.begin, data: this.#memory.rowsOf(id, span) }));
    const senders = [...new Set(taken.map(({ sender }) => sender))].filter((sender) => sender !== index);
    const arrived = await Promise.all(
      senders.map(async (sender) => {
        const arrays = await this.#exchange.receive(sender, tag);
        return taken
          .filter((piece) => piece.sender === sender)
          .map(({ span }, p) => ({ begin: span.begin, data: arrays[p] }));
      }),
    );
    this.#memory.replace(id, after[index], [...kept, ...arrived.flat()]);
  }
}
