import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeResult } from '../write-result.ts';
import type { Candidate } from './candidates/candidate.ts';
import { haproxy } from './candidates/haproxy.ts';
import { bare, wakefield } from './candidates/in-node.ts';
import { nginx } from './candidates/nginx.ts';
import { runGuard } from './guard.ts';
import { ownVersion } from './machine.ts';
import { measure } from './measure.ts';
import { candidateOf } from './peers/candidate-of.ts';
import { peers } from './peers/list.ts';
import { markdownOf, type Report } from './report.ts';
import { quickSizes, wholeSizes } from './scenarios/all.ts';
import { mostStreams } from './scenarios/open-streams.ts';

const usage = `npm run bench -- [proxy] [--quick] [--rounds N] [--only NAME] [--streams N] [--minutes N] [--peers] [--json FILE] [--markdown FILE] [--profile FOLDER]
npm run bench -- [proxy] --guard [--record]

  --quick          a minute or three, to see that it runs; its figures mean nothing
  --rounds N       interleaved rounds of each scenario (default 5; those that take long have 3)
  --only NAME      scenarios whose name contains NAME
  --without LIST   candidates that are left out, by name
  --streams N      open streams at once (default 2000), as far as the limit of open files goes
  --minutes N      holds the streams for so long, too, and looks at the memory each minute
  --peers          beside the gateways of others, which are installed into the data directory; takes longer
  --generator KIND engine and load generator in C (default, where there is a compiler) or Node
  --json FILE      writes the result as JSON
  --markdown FILE  writes it as Markdown, too
  --profile FOLDER writes a CPU profile of the proxy (its figures are then dearer)
  --guard          a minute: fails when the proxy beside node:http has become 25 % dearer than bench/proxy/guard.json says
  --record         with --guard: writes that file anew`;

const options = {
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  only: { type: 'string', default: '' },
  without: { type: 'string', default: '' },
  streams: { type: 'string' },
  minutes: { type: 'string', default: '0' },
  generator: { type: 'string', default: 'C' },
  peers: { type: 'boolean', default: false },
  json: { type: 'string' },
  markdown: { type: 'string' },
  profile: { type: 'string' },
  guard: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the flags, measures and prints. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) return console.log(usage);
  const { quick, only, generator } = values;
  const sizes = quick ? quickSizes : wholeSizes;
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  const streams = Math.min(Number(values.streams ?? sizes.streams), mostStreams());
  const minutes = Number(values.minutes);
  const isCount = (one: number, least: number) => Number.isInteger(one) && one >= least;
  const numbersAreRight = isCount(rounds, 1) && isCount(streams, 1) && isCount(minutes, 0);
  if (!numbersAreRight || (generator !== 'C' && generator !== 'Node')) {
    console.error(usage);
    process.exitCode = 1;
    return;
  }
  const version = ownVersion();
  const onProgress = (text: string): void => console.error(text);
  if (values.guard) {
    const size = quick ? { rounds: 1, ms: 100, warmUpMs: 100 } : guardSize;
    return await runGuard({ ...size, version, onProgress }, values.record);
  }
  const without = values.without.split(',');
  const report = await measure({
    ...{ quick, rounds, only, generator, version, onProgress },
    sizes: { ...sizes, streams, minutes },
    candidates: [
      ...candidates(version, values.profile ?? null, onProgress),
      ...(values.peers ? peers : []).map((one) => candidateOf(one, peerDirectory, onProgress)),
    ].filter(({ name }) => !without.includes(name)),
  });
  await writeResult(report, markdownOf(report), values);
  if (failedOurselves(report)) process.exitCode = 1;
}

const guardSize = { rounds: 7, ms: 1000, warmUpMs: 4000 };

/** Where programs are kept that were brought for this. */
const directory = join(resolve(process.env.WAKEFIELD_DATA ?? '.wakefield'), 'bench');

const peerDirectory = join(directory, 'peers');

function candidates(
  version: string,
  profile: string | null,
  report: (line: string) => void,
): readonly Candidate[] {
  return [
    nginx(directory, report),
    haproxy(directory, report),
    bare('node:http'),
    bare('undici'),
    wakefield({ version, profile }),
    wakefield({ version, name: 'wakefield FAST_PATH=off', fastPath: false }),
  ];
}

/** Others may fail; a benchmark of ours in which ours fails is none. */
function failedOurselves({ absent, scenarios }: Report): boolean {
  const ours = absent.some(({ candidate }) => candidate === 'wakefield');
  return (
    ours ||
    scenarios.some(({ failures }) =>
      failures.some(({ candidate }) => candidate.startsWith('wakefield')),
    )
  );
}
