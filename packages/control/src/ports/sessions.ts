/** Short-lived values under names that nobody can guess: browsers that have signed in. */
export interface SessionStore {
  put(name: string, value: string, lifeMs: number): Promise<void>;
  /** Puts it in the place of what is there. @returns false where nothing is (any more), and nothing was put */
  replace(name: string, value: string, lifeMs: number): Promise<boolean>;
  /** Puts it where there is nothing yet. @returns what is there then */
  settle(name: string, value: string): Promise<string>;
  get(name: string): Promise<string | null>;
  /** Removes it. @returns what was there, to one caller alone */
  take(name: string): Promise<string | null>;
  /**
   * The right to do something alone for a while.
   * @param owner a word of the caller's own
   * @returns whether it was to be had
   */
  claim(name: string, owner: string, lifeMs: number): Promise<boolean>;
  /** Gives the right back, where it is still this owner's. */
  release(name: string, owner: string): Promise<void>;
  /**
   * Counts one in a list for as long as is said, unless so many are in it already. One that is in it gets that time anew.
   * @returns whether it is in the list
   */
  enlist(list: string, one: string, lifeMs: number, most: number): Promise<boolean>;
  /** Takes it out of the list. */
  discharge(list: string, one: string): Promise<void>;
}
