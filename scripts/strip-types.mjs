// Jest transform: the same type stripping that Node itself does when it runs our sources, so that
// tests run what production runs. Positions are kept, hence no source maps are needed.
import { stripTypeScriptTypes } from 'node:module';

export default {
  process(source, path) {
    return {
      code: path.endsWith('.ts') ? stripTypeScriptTypes(source, { mode: 'strip' }) : source,
    };
  },
};
