/** A line of the scheduler's log about a model that was looked at. */
type ModelRecord = Readonly<Record<string, unknown>>;

/**
 * Tells in plain words what became of models: `demo/acme/small: queued → loading`, and why where there is a reason.
 * @returns null when that was told already
 */
export function createModelLines(): (record: ModelRecord) => string | null {
  const told = new Map<string, string>();
  return ({ project, model, was, state, reason }) => {
    const name = `${String(project)}/${String(model)}`;
    const why = typeof reason === 'string' ? reason : '';
    const now = `${String(state)} ${why}`;
    if (told.get(name) === now || (was === state && why === '')) return null;
    told.set(name, now);
    const step = was === state ? String(state) : `${words(was)} → ${words(state)}`;
    return `${name}: ${step}${why === '' ? '' : ` (${firstLine(why)})`}${more(name, state)}`;
  };
}

function words(state: unknown): string {
  return state === 'not_loaded' ? 'asleep' : String(state);
}

/** What its engine wrote is for who reads the model, and in no log. */
function more(name: string, state: unknown): string {
  const [project, ...model] = name.split('/');
  return state === 'failed' ? `; more: GET /p/${project}/models/${model.join('/')}` : '';
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
