import { command, root } from './spawn.ts';

process.exitCode = await command(`${root}node_modules/.bin/biome`, ['check', '--write', '.']);
