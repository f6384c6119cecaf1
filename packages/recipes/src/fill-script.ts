/** @throws Error when the template names a word that is not there: a broken installation */
export function fillScript(template: string, words: Readonly<Record<string, string>>): string {
  return template.replaceAll(/<<([a-z_]+)>>/g, (_, name: string) => {
    const word = words[name];
    if (word === undefined) throw new Error(`a script names <<${name}>>, which is unknown`);
    return word;
  });
}
