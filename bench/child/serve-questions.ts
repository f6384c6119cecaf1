/**
 * The child's end of `startChild`: says that it is there, answers question after question, and ends when its
 * parent lets go of it, however that comes about.
 */
export function serveQuestions(answer: (question: { readonly kind: string }) => unknown): void {
  const answerOf = (question: { readonly kind: string }): unknown => {
    if (question.kind === 'cpu') return cpuMicros();
    return question.kind === 'memory' ? residentBytes() : answer(question);
  };
  process.on('message', (question: { readonly kind: string }) => {
    Promise.resolve(answerOf(question)).then(
      (value) => process.send?.({ answer: value }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({});
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}
