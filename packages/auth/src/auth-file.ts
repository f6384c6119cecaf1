// A door of its own (`@wakefield/auth/auth-file`): whether auth.yaml is good, for whoever starts the services.
export { AuthFileError, loadAuthFile } from './config/load-auth-file.ts';
