// `npm run bench -- [proxy|scheduler|wake] [flags]`: what the parts cost. Each measures one thing and has flags of its own.
const benches = {
  proxy: 'the proxy beside node:http and undici, as ratios',
  scheduler: 'one cycle over 100 to 10,000 models',
  wake: 'from a request to sbatch, and from a ready engine to the request',
} as const;

const [first = '', ...rest] = process.argv.slice(2);
const named = Object.hasOwn(benches, first);
const name = named ? first : 'proxy';
if (!named && first !== '' && !first.startsWith('--')) {
  console.error(`There is no benchmark "${first}". They are:`);
  for (const [bench, about] of Object.entries(benches))
    console.error(`  ${bench.padEnd(10)} ${about}`);
  process.exitCode = 1;
} else {
  const { main } = await import(`./${name}/main.ts`);
  await main(named ? rest : process.argv.slice(2));
}
