/** Texts that mean something to shells, SLURM, job scripts or terminals; to a program each is just a text. */
export const nastyValues: readonly string[] = [
  `a'b"c $(touch /tmp/wakefield-nasty) \`id\` \\n %j %% !! ; | & > < * ~`,
  'two\nlines\n#SBATCH --qos=root',
  `<<argv>> {port} \${HOME} $wf_key {env.HOME} {engine_args}`,
  '\r\n\t\u001b[31m',
  "'; exit 9; '",
  '); exit 9; (',
  '\nEOF\nexit 9',
  '-rf --',
  'ärger 日本 🙂',
];

/** What the first of them makes where it is read as shell. */
export const nastyTrace = '/tmp/wakefield-nasty';
