// `npm run bench -- [proxy|abuse|routing|scheduler|wake|bridge] [flags]`: what the parts cost. Each measures one thing and has flags of its own.
import { main as abuse } from './abuse/main.ts';
import { main as bridge } from './bridge/main.ts';
import { main as proxy } from './proxy/main.ts';
import { main as routing } from './routing/main.ts';
import { main as scheduler } from './scheduler/main.ts';
import { main as wake } from './wake/main.ts';

const benches = [
  { name: 'proxy', about: 'the proxy beside node:http and undici, as ratios', main: proxy },
  { name: 'abuse', about: 'clients that behave badly, beside some that behave', main: abuse },
  { name: 'routing', about: 'policies of routing beside one that knows all caches', main: routing },
  { name: 'scheduler', about: 'one cycle over 100 to 10,000 models', main: scheduler },
  { name: 'wake', about: 'request to sbatch, ready engine to request', main: wake },
  { name: 'bridge', about: 'requests by way of HEAppE beside straight ones', main: bridge },
];

const [first = '--', ...rest] = process.argv.slice(2);
const chosen = benches.find(({ name }) => name === first);
if (chosen !== undefined) await chosen.main(rest);
else if (first.startsWith('--')) await proxy(process.argv.slice(2));
else {
  console.error(`There is no benchmark "${first}". They are:`);
  for (const { name, about } of benches) console.error(`  ${name.padEnd(10)} ${about}`);
  process.exitCode = 1;
}
