export function installIfChanged(root: string): Promise<void>;
/** The command that is the pinned pnpm on this machine, and its first arguments. */
export function pnpm(): readonly string[];
