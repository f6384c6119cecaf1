// Production build: `tsc -b` writes dist/ beside every src/. `node services/api/dist/main.js` runs it.
import { tool } from './spawn.ts';

process.exitCode = await tool('ts7/bin/tsc', '-b', ...process.argv.slice(2));
