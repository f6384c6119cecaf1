/** Short-lived values under names that nobody can guess: browsers that have signed in. */
export interface SessionStore {
  put(name: string, value: string, lifeMs: number): Promise<void>;
  /** Puts it where there is nothing yet. @returns what is there then */
  settle(name: string, value: string): Promise<string>;
  get(name: string): Promise<string | null>;
  remove(name: string): Promise<void>;
  /** The right to do something alone for a while. @returns whether it was to be had */
  claim(name: string, lifeMs: number): Promise<boolean>;
}
