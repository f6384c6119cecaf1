// The exports and imports of one file, by its syntax alone.
import ts from 'typescript';

export interface ModuleFacts {
  /**
   * Exported name → line, names that are passed on from elsewhere included. Not in it: types that the file itself
   * needs, because they belong to the signature of something, and types that are passed on.
   */
  readonly exports: ReadonlyMap<string, number>;
  /** What it takes from elsewhere. `name` is `*` where that cannot be told: then all of it counts. */
  readonly imports: readonly Import[];
}

export interface Import {
  readonly from: string;
  readonly name: string;
  /** Set where the name is only passed on, under this name: it is used if that is. */
  readonly passedOnAs: string | null;
}

export function readModule(path: string, text: string): ModuleFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const exports = new Map<string, number>();
  const imports: Import[] = [];
  const lineOf = (node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) imports.push(...importsOf(statement));
    else if (ts.isExportDeclaration(statement)) imports.push(...passedOn(statement));
    for (const [name, node] of exportedBy(statement)) exports.set(name, lineOf(node));
  }
  for (const name of neededTypes(file)) exports.delete(name);
  visitDynamicImports(file, (from) => imports.push({ from, name: '*', passedOnAs: null }));
  return { exports, imports };
}

function importsOf({ importClause, moduleSpecifier }: ts.ImportDeclaration): Import[] {
  const from = textOf(moduleSpecifier);
  const bindings = importClause?.namedBindings;
  const named =
    bindings === undefined
      ? []
      : ts.isNamespaceImport(bindings)
        ? ['*']
        : bindings.elements.map((element) => (element.propertyName ?? element.name).text);
  const names = importClause?.name === undefined ? named : ['default', ...named];
  return names.map((name) => ({ from, name, passedOnAs: null }));
}

function passedOn({ exportClause, moduleSpecifier }: ts.ExportDeclaration): Import[] {
  if (moduleSpecifier === undefined) return [];
  const from = textOf(moduleSpecifier);
  if (exportClause === undefined || ts.isNamespaceExport(exportClause)) {
    return [{ from, name: '*', passedOnAs: null }];
  }
  return exportClause.elements.map(({ name, propertyName }) => ({
    from,
    name: (propertyName ?? name).text,
    passedOnAs: name.text,
  }));
}

function exportedBy(statement: ts.Statement): (readonly [string, ts.Node])[] {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    if (exportClause === undefined || ts.isNamespaceExport(exportClause)) return [];
    return exportClause.elements
      .filter((element) => !statement.isTypeOnly && !element.isTypeOnly)
      .map((element) => [element.name.text, element] as const);
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const has = (kind: ts.SyntaxKind) => modifiers.some((modifier) => modifier.kind === kind);
  if (!has(ts.SyntaxKind.ExportKeyword) || has(ts.SyntaxKind.DefaultKeyword)) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name));
  }
  const { name } = statement as ts.Statement & { readonly name?: ts.Identifier };
  return name === undefined ? [] : [[name.text, name]];
}

function namesIn(name: ts.BindingName): (readonly [string, ts.Node])[] {
  if (ts.isIdentifier(name)) return [[name.text, name]];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : namesIn(element.name),
  );
}

/** Types of the file that are named in it more than once. */
function neededTypes(file: ts.SourceFile): readonly string[] {
  const counts = new Map<string, number>();
  const count = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) counts.set(node.text, (counts.get(node.text) ?? 0) + 1);
    ts.forEachChild(node, count);
  };
  count(file);
  return file.statements
    .filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
    .map(({ name }) => name.text)
    .filter((name) => (counts.get(name) ?? 0) > 1);
}

/** `import('…')`, as a value and as a type. */
function visitDynamicImports(node: ts.Node, found: (from: string) => void): void {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    if (argument !== undefined && ts.isStringLiteralLike(argument)) found(argument.text);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    found(textOf(node.argument.literal));
  }
  ts.forEachChild(node, (child) => visitDynamicImports(child, found));
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : '';
}
