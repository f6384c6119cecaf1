/*
 * What a check asks of a login node in one round trip, and of a compute node in one job. Answers are words and
 * numbers; what they mean is decided here, on our side.
 */

/** A: working directory, model directory (empty: none). For a remote worker. */
export const LOGIN_SURVEY = `directory=\${A[0]} models=\${A[1]}
frame bash "$BASH_VERSION"
frame user "$(id -un)"
frame host "$(hostname)"
frame clock "$(date +%s)"
for program in sbatch squeue scancel base64 head tail timeout tr env; do
  path=$(command -v "$program") && frame "program/$program" "$path"
done
frame version "$(clean sbatch --version 2>&1)"
frame sinfo "$(clean timeout 20 sinfo -h -a -o '%P|%a|%l|%G|%f' 2>&1)"
probe=$directory/jobs/.check-$$
if answer=$(mkdir -p -- "$directory/jobs" 2>&1 && : 2>&1 >"$probe"); then frame writable yes; else frame unwritable "$answer"; fi
rm -f -- "$probe"
frame filesystem "$(df -PT -- "$directory" 2>/dev/null | awk 'NR == 2 { print $2 }')"
if [ -n "$models" ]; then
  if [ -d "$models" ] && [ -r "$models" ]; then frame models readable; else frame models missing; fi
fi`;

/** What the survey job writes to its log, a line each: \`key value\`. */
export interface NodeSurvey {
  readonly host: string | null;
  readonly fqdn: string | null;
  readonly programs: ReadonlySet<string>;
  readonly models: 'readable' | 'missing' | null;
  /** Recipes whose set-up lines failed, with the last words. */
  readonly failedSetups: ReadonlyMap<string, string>;
  readonly clock: number | null;
  readonly gpus: string | null;
  /** Why no port could be bound. */
  readonly unbound: string | null;
}

const programs = ['python3', 'curl', 'flock', 'nvidia-smi', 'setsid', 'hostname', 'awk'] as const;

/**
 * A batch script that looks around on a compute node, then answers on a port as an engine would.
 * @param setup lines by recipe name, tried one recipe after the other, each in a shell of its own
 */
export function surveyScript(input: {
  readonly directory: string;
  readonly bindHost: string;
  readonly host: string;
  readonly ports: { readonly from: number; readonly to: number };
  readonly modelDirectory: string | null;
  readonly setup: Readonly<Record<string, readonly string[]>>;
}): string {
  const setups = Object.entries(input.setup).map(([name, lines]) => {
    const login = 'type module >/dev/null 2>&1 || [ ! -r /etc/profile ] || . /etc/profile';
    // As in recipes/job.sh: a line that fails ends it, what fails within functions and sourced files does not.
    const onFailure = `[ "\${#BASH_SOURCE[@]}" -gt "$depth" ] || { echo "$BASH_COMMAND: code $?"; exit 1; }`;
    const script = [login, `depth=\${#BASH_SOURCE[@]}`, `trap ${quote(onFailure)} ERR`, ...lines];
    return `said=$(bash -c ${quote(script.join('\n'))} 2>&1) || say "setup ${name} $(printf %s "$said" | tail -n 2 | tr '\\n' ' ')"`;
  });
  const models =
    input.modelDirectory === null
      ? []
      : [
          `if [ -r ${quote(input.modelDirectory)} ]; then say models readable; else say models missing; fi`,
        ];
  return `${[
    '#!/bin/bash',
    `cd ${quote(input.directory)} || exit 1`,
    'say() { printf "%s\\n" "$*" >>log; }',
    'say host "$(hostname)"',
    'say fqdn "$(hostname -f 2>/dev/null)"',
    'say clock "$(date +%s)"',
    `say gpus "\${CUDA_VISIBLE_DEVICES:-none}"`,
    `for program in ${programs.join(' ')}; do command -v "$program" >/dev/null && say program "$program"; done`,
    ...models,
    ...setups,
    'say end',
    listen(input),
  ].join('\n')}\n`;
}

function listen(input: {
  readonly bindHost: string;
  readonly host: string;
  readonly ports: { readonly from: number; readonly to: number };
}): string {
  const program = `
import json, os, random, socket, sys
bind, host, low, high = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
server = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET)
for _ in range(100):
    port = random.randint(low, high)
    try:
        server.bind((bind, port))
        break
    except OSError as error:
        reason = error
else:
    open("log", "a").write("unbound %s\\n" % reason)
    sys.exit(1)
server.listen(5)
with open("endpoint.new", "w") as file:
    json.dump({"host": host, "port": port, "pid": os.getpid(), "at": 0}, file)
os.rename("endpoint.new", "endpoint.json")
server.settimeout(120)
while True:
    peer, _ = server.accept()
    peer.sendall(b"wakefield")
    peer.close()`;
  const { from, to } = input.ports;
  return `command -v python3 >/dev/null && exec python3 -c ${quote(program)} ${quote(input.bindHost)} "${input.host}" ${from} ${to}`;
}

/** The host that the job advertises, in bash, by the configuration's nodeAddress. */
export function advertisedHost(address: string | { readonly fixed: string }): string {
  if (typeof address !== 'string') return address.fixed.replaceAll(/[^A-Za-z0-9.:_-]/g, '');
  const ways: Readonly<Record<string, string>> = {
    hostname: `\${SLURMD_NODENAME:-$(hostname)}`,
    fqdn: '$(hostname -f)',
    ip: "$(hostname -I | awk '{ print $1 }')",
  };
  return ways[address] ?? '$(hostname)';
}

export function parseNodeSurvey(log: string): NodeSurvey {
  const lines = log.split('\n').map((line) => {
    const [key = '', ...rest] = line.split(' ');
    return [key, rest.join(' ').trim()] as const;
  });
  const first = (key: string) => lines.find(([name]) => name === key)?.[1] || null;
  const all = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  const models = first('models');
  const clock = Number(first('clock') ?? Number.NaN);
  return {
    host: first('host'),
    fqdn: first('fqdn'),
    programs: new Set(all('program')),
    models: models === 'readable' || models === 'missing' ? models : null,
    failedSetups: new Map(
      all('setup').map((text) => {
        const [name = '', ...words] = text.split(' ');
        return [name, words.join(' ')];
      }),
    ),
    clock: Number.isNaN(clock) ? null : clock,
    gpus: first('gpus'),
    unbound: first('unbound'),
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
