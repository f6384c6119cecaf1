import type { JobId } from '../../vocabulary/ids.ts';
import type { Endpoint } from '../../vocabulary/route.ts';
import { BlockTable } from './block-table.ts';
import { attraction } from './rendezvous.ts';

/** Endpoints that are remembered for one block: the last ones that saw it, one slot in each byte of its word. */
const seers = 4;
/** Numbers that fit in a byte and are not 0. */
const mostSlots = 255;
/**
 * Blocks that are remembered for each endpoint. One stands for 64 tokens at least, so that is more than most engines keep,
 * in 48 KiB.
 */
const blocksPerEndpoint = 4096;
/** Less of a prompt than this share of its blocks is an introduction that many have in common. */
const tellingShare = 0.5;

/**
 * Which endpoints have seen the beginnings of which prompts lately (`cutPrompt`), as far as requests went through here. What
 * engines have dropped meanwhile is not known; a wrong guess costs a cache, not an answer.
 */
export class PrefixMemory {
  readonly #blocks = new BlockTable();
  readonly #slots = new Map<JobId, number>();
  readonly #freeSlots: number[] = [];
  /** 1 for the slots of endpoints that there are. */
  readonly #present = new Uint8Array(mostSlots + 1);
  /** Blocks of the prompt that was looked up last that an endpoint has seen, by slot. */
  readonly #depths = new Uint8Array(mostSlots + 1);
  /** Blocks of it that are worth anything. */
  #telling = 0;
  /** What decides where that is equal. */
  #key = 0;

  /** Looks a prompt up: `rank` speaks of this one from now on. @param count of the keys that are its own */
  look(keys: Int32Array, count: number, endpoints: readonly Endpoint[]): void {
    this.#makeRoom(endpoints);
    this.#depths.fill(0);
    this.#telling = count * tellingShare;
    this.#key = keys[count - 1] ?? 0;
    // Where everybody has been, or as many as are remembered, prompts part further behind.
    const everybody = Math.min(seers, endpoints.length);
    let isCommon = true;
    for (let index = 0; index < count; index += 1) {
      const key = keys[index] ?? 0;
      const known = this.#mark(this.#blocks.get(key), index + 1);
      if (!isCommon || known >= everybody) continue;
      isCommon = false;
      this.#key = key;
    }
  }

  /** The more an endpoint has seen of the prompt that was looked up last, the higher; among equals by rendezvous. */
  rank({ jobId, weight }: Endpoint): number {
    const depth = this.#depths[this.#slots.get(jobId) ?? 0] ?? 0;
    return (depth < this.#telling ? 0 : depth) + attraction(this.#key, jobId, weight);
  }

  /** The prompt goes there. */
  remember(keys: ArrayLike<number>, count: number, jobId: JobId): void {
    const slot = this.#slots.get(jobId);
    if (slot === undefined) return;
    this.#blocks.tick();
    for (let index = 0; index < count; index += 1) {
      const key = keys[index] ?? 0;
      this.#blocks.put(key, inFront(this.#blocks.get(key), slot));
    }
  }

  /** @returns how many of those who saw the block are there still */
  #mark(seenBy: number, depth: number): number {
    let known = 0;
    for (let rest = seenBy; rest !== 0; rest >>>= 8) {
      const slot = rest & 0xff;
      this.#depths[slot] = depth;
      known += this.#present[slot] ?? 0;
    }
    return known;
  }

  #makeRoom(endpoints: readonly Endpoint[]): void {
    const blocks = endpoints.length * blocksPerEndpoint;
    if (this.#blocks.length < blocks) this.#blocks.grow(blocks);
    this.#present.fill(0);
    for (const { jobId } of endpoints) {
      const slot = this.#slots.get(jobId) ?? this.#newSlot(jobId, endpoints);
      if (slot !== null) this.#present[slot] = 1;
    }
  }

  /** @returns null where there are more endpoints than slots: of this one nothing is remembered */
  #newSlot(jobId: JobId, endpoints: readonly Endpoint[]): number | null {
    if (this.#slots.size === mostSlots) this.#forgetOthers(endpoints);
    if (this.#slots.size === mostSlots) return null;
    const slot = this.#freeSlots.pop() ?? this.#slots.size + 1;
    this.#slots.set(jobId, slot);
    return slot;
  }

  /** Jobs come and go: takes back the slots of those that are gone, with what they saw. */
  #forgetOthers(endpoints: readonly Endpoint[]): void {
    const present = new Set(endpoints.map(({ jobId }) => jobId));
    const gone = new Set<number>();
    for (const [jobId, slot] of this.#slots) {
      if (present.has(jobId)) continue;
      this.#slots.delete(jobId);
      this.#freeSlots.push(slot);
      gone.add(slot);
    }
    this.#blocks.rewrite((seenBy) => without(seenBy, gone));
  }
}

/** The slot first, and behind it those of the others that fit. */
function inFront(seenBy: number, slot: number): number {
  let list = slot;
  let shift = 8;
  for (let rest = seenBy; rest !== 0 && shift < 8 * seers; rest >>>= 8) {
    const other = rest & 0xff;
    if (other === slot) continue;
    list |= other << shift;
    shift += 8;
  }
  return list;
}

function without(seenBy: number, gone: ReadonlySet<number>): number {
  let list = 0;
  let shift = 0;
  for (let rest = seenBy; rest !== 0; rest >>>= 8) {
    const slot = rest & 0xff;
    if (gone.has(slot)) continue;
    list |= slot << shift;
    shift += 8;
  }
  return list;
}
