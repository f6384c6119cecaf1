/** A line of the scheduler's log about a model that was looked at. */
type ModelRecord = Readonly<Record<string, unknown>>;

/**
 * Tells in plain words what becomes of models: `demo/acme/small: queued → loading`, and why where that is news.
 * @returns null when that was told already
 */
export function createModelLines(): (record: ModelRecord) => string | null {
  const told = new Map<string, { readonly state: string; readonly why: string }>();
  return ({ project, model, was, state, reason }) => {
    const name = `${String(project)}/${String(model)}`;
    const now = { state: words(state), why: typeof reason === 'string' ? firstLine(reason) : '' };
    const before = told.get(name) ?? { state: words(was), why: '' };
    const known = told.has(name);
    told.set(name, now);
    const moved = now.state !== before.state;
    const news = now.why !== '' && now.why !== before.why;
    if (known && !moved && !news) return null;
    const step = moved ? `${before.state} → ${now.state}` : now.state;
    const why = news ? `: ${now.why.replace(/\.$/, '')}` : '';
    return `${name}: ${step}${why}${moved ? more(name, state) : ''}`;
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
