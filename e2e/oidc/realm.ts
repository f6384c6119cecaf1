/** A realm of Keycloak as its import reads it: people of two projects, and the clients that they come with. */
export function realmOf(name: string, publicUrl: string): object {
  return {
    realm: name,
    enabled: true,
    sslRequired: 'none',
    accessTokenLifespan: 300,
    roles: { realm: [{ name: 'wakefield-admin' }] },
    groups: [
      {
        name: 'projects',
        subGroups: ['eu-00-00', 'eu-00-01', 'demo'].map((project) => ({
          name: project,
          subGroups: ['guests', 'members', 'managers'].map((group) => ({ name: group })),
        })),
      },
    ],
    users: [
      user('vera', ['/projects/eu-00-00/guests']),
      user('ada', ['/projects/eu-00-00/members']),
      user('mia', ['/projects/eu-00-00/managers']),
      user('theo', ['/projects/eu-00-01/managers']),
      user('hana', ['/projects/demo/managers']),
      user('hugo', ['/projects/demo/members']),
      user('nora', []),
      user('dora', ['/projects/eu-00-00/members']),
      { ...user('otto', []), realmRoles: ['wakefield-admin'] },
    ],
    clients: [
      {
        ...client('wakefield-web', true),
        publicClient: false,
        secret: clientSecret,
        standardFlowEnabled: true,
        redirectUris: [`${publicUrl}/auth/callback/site`],
        attributes: {
          'pkce.code.challenge.method': 'S256',
          'post.logout.redirect.uris': `${publicUrl}/swagger/index.html`,
        },
      },
      {
        ...client('wakefield-cli', true),
        directAccessGrantsEnabled: true,
        attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
      },
      {
        ...client('short', true),
        directAccessGrantsEnabled: true,
        attributes: { 'access.token.lifespan': '2' },
      },
      { ...client('stranger', false), directAccessGrantsEnabled: true },
    ],
  };
}

export const password = 'planted-password';
export const clientSecret = 'planted-keycloak-client-secret';

function user(name: string, groups: readonly string[]): object {
  return {
    username: name,
    enabled: true,
    email: `${name}@example.org`,
    emailVerified: true,
    firstName: name,
    lastName: 'Test',
    credentials: [{ type: 'password', value: password, temporary: false }],
    groups,
  };
}

/** @param ours whether its tokens are for Wakefield: the mappers that docs/auth.md asks for */
function client(id: string, ours: boolean): object {
  return {
    clientId: id,
    enabled: true,
    protocol: 'openid-connect',
    publicClient: true,
    standardFlowEnabled: false,
    protocolMappers: ours ? [audienceMapper, groupMapper] : [groupMapper],
  };
}

const audienceMapper = {
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'included.custom.audience': 'wakefield',
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  },
};

const groupMapper = {
  name: 'groups',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-group-membership-mapper',
  config: {
    'claim.name': 'groups',
    'full.path': 'true',
    'access.token.claim': 'true',
    'id.token.claim': 'false',
    'introspection.token.claim': 'true',
  },
};

/** auth.yaml for two realms: tokens of `site` are believed by their signature, those of `strict` are asked about. */
export function authFile(publicUrl: string, issuer: (realm: string) => string): string {
  const grants = `
    grants:
      - { claim: groups, pattern: '/projects/{project}/{role}', roles: { guests: viewer, members: user, managers: manager } }
      - { claim: realm_access.roles, pattern: wakefield-admin, project: '*', role: admin }`;
  const client = 'clientId: wakefield-web, clientSecretFile: secret';
  return `
publicUrl: ${publicUrl}
issuers:
  - name: site
    title: Keycloak
    issuer: ${issuer('site')}
    audiences: [wakefield]
    clockTolerance: 0
    signIn: { ${client} }${grants}
  - name: strict
    issuer: ${issuer('strict')}
    audiences: [wakefield]
    introspection: { ${client}, tokens: all, cache: 1 }${grants}
`;
}
