import { AppError } from '@wakefield/domain';
import { quote } from './quote.ts';

/** What a template may name, and whether it is known when the script is rendered or only in the job. */
const placeholders = {
  hf_model_id: 'known',
  identity: 'known',
  bind_host: 'known',
  gpu_count: 'known',
  gpus_per_node: 'known',
  nodes: 'known',
  drain_grace: 'known',
  base_path: 'known',
  port: 'in_job',
  model: 'in_job',
  job_dir: 'in_job',
  key_file: 'in_job',
  rank: 'in_job',
  head_host: 'in_job',
  head_port: 'in_job',
  key: 'secret',
} as const;

export type Placeholder = keyof typeof placeholders;

/** Values of the placeholders that are known when the script is rendered. */
export type KnownValues = Readonly<
  Record<
    { [P in Placeholder]: (typeof placeholders)[P] extends 'known' ? P : never }[Placeholder],
    string
  >
>;

const inJob: Readonly<Record<Exclude<Placeholder, keyof KnownValues>, string>> = {
  port: '"$wf_port"',
  model: '"$wf_model"',
  job_dir: '"$wf_dir"',
  key_file: '"$wf_dir"/key',
  rank: '"$wf_rank"',
  head_host: '"$wf_head"',
  head_port: '"$wf_head_port"',
  key: '"$wf_key"',
};

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly name: Placeholder }
  /** A variable of the job's environment that has to be set. */
  | { readonly kind: 'variable'; readonly name: string };

/** Where a template stands: the key must never be in a command line, and ranks are told apart by theirs alone. */
export type TemplateUse = 'command' | 'environment';

const pattern = /\{([a-z_]+|env\.[A-Za-z_][A-Za-z0-9_]*)\}/;

/** @returns what is wrong with the template, or null */
export function checkTemplate(template: string, use: TemplateUse): string | null {
  for (const match of template.matchAll(new RegExp(pattern, 'g'))) {
    const name = match[1] ?? '';
    if (name.startsWith('env.')) continue;
    if (!isPlaceholder(name)) return `unknown placeholder {${name}}`;
    if (use === 'command' && placeholders[name] === 'secret') {
      return 'the key must not be in a command line, where every user of the node sees it';
    }
  }
  return null;
}

/** One bash word. The template has been checked. */
export function compileTemplate(template: string, known: KnownValues): string {
  const words = parts(template).map((part) => {
    if (part.kind === 'text') return quote(part.text);
    if (part.kind === 'variable') {
      return `"\${${part.name}:?is not set: the environment of this recipe in clusters.yaml has to name it}"`;
    }
    return isKnown(part.name) ? quote(known[part.name]) : inJob[part.name];
  });
  return words.length === 0 ? "''" : words.join('');
}

/**
 * The text itself, for files that are written before the job starts: these know nothing of the job.
 * @throws AppError `invalid_request` where whoever started it was not asked for a secret yet: no other word may take its place
 */
export function fillText(
  template: string,
  { key, secrets }: { readonly key: string; readonly secrets: Readonly<Record<string, string>> },
): string {
  return template.replaceAll(/\{(?:key|env\.(\w+))\}/g, (_, name?: string) =>
    name === undefined ? key : (secrets[name] ?? missing(name)),
  );
}

function missing(name: string): never {
  const message = `The recipe needs the secret ${name} by now, with which this was not started: start it anew.`;
  throw new AppError('invalid_request', message, { param: `config.environment.${name}` });
}

function parts(template: string): readonly Part[] {
  return template
    .split(new RegExp(pattern, 'g'))
    .map((text, index): Part => {
      if (index % 2 === 0) return { kind: 'text', text };
      if (text.startsWith('env.')) return { kind: 'variable', name: text.slice(4) };
      return isPlaceholder(text)
        ? { kind: 'placeholder', name: text }
        : { kind: 'text', text: `{${text}}` };
    })
    .filter((part) => part.kind !== 'text' || part.text !== '');
}

function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(placeholders, name);
}

function isKnown(name: Placeholder): name is keyof KnownValues {
  return placeholders[name] === 'known';
}
