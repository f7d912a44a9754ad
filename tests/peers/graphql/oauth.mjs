// OAuth clients at the sandbox's Git servers, from the consent page to a refresh: oauth.mjs ROOT
import { AuthorizationCode } from 'simple-oauth2';
import * as openid from 'openid-client';

const root = process.argv[2];
const redirect_uri = 'http://127.0.0.1:8000/callback';

const approve = async (address) => {
  const body = new URLSearchParams({ user: 'ada', decision: 'approve' });
  const answer = await fetch(address, { method: 'POST', body, redirect: 'manual' });
  return new URL(answer.headers.get('location'));
};

const who = async (address, token) => {
  const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  const user = await answer.json();
  return user.username ?? user.login ?? user;
};

const simple = async (name, { tokenPath, authorizePath, scope, user, refreshes }) => {
  const client = new AuthorizationCode({
    client: { id: `sandbox-${name}`, secret: `sandbox-${name}-secret` },
    auth: { tokenHost: root, tokenPath: `/${name}${tokenPath}`, authorizeHost: root, authorizePath: `/${name}${authorizePath}` },
    options: { authorizationMethod: 'body' },
  });
  const asked = name === 'gitlab' ? { redirect_uri } : {}; // GitHub need not be told
  const back = await approve(client.authorizeURL({ ...asked, scope, state: 'a-state' }));
  let token = await client.getToken({ code: back.searchParams.get('code'), ...asked });
  if (refreshes) token = await token.refresh();
  return who(`${root}/${name}${user}`, token.token.access_token);
};

const certified = async (name, { issuer, metadata, user, scope }) => {
  const config = new openid.Configuration(
    { issuer, ...metadata },
    `sandbox-${name}`,
    `sandbox-${name}-secret`,
    openid.ClientSecretPost(`sandbox-${name}-secret`),
  );
  openid.allowInsecureRequests(config);
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const code_challenge = await openid.calculatePKCECodeChallenge(pkceCodeVerifier);
  const asked = { redirect_uri, scope, state, code_challenge, code_challenge_method: 'S256' };
  const back = await approve(openid.buildAuthorizationUrl(config, asked));
  const first = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState: state });
  const token = first.refresh_token ? await openid.refreshTokenGrant(config, first.refresh_token) : first;
  return who(`${root}/${name}${user}`, token.access_token);
};

const github = { user: '/api/v3/user', scope: 'repo read:user' };
const gitlab = { user: '/api/v4/user', scope: 'api' };
const attempt = (promise) => promise.catch((error) => ({ error: String(error), cause: String(error.cause ?? '') }));
const told = {
  'simple-oauth2 at GitHub': await attempt(
    simple('github', { ...github, tokenPath: '/login/oauth/access_token', authorizePath: '/login/oauth/authorize' }),
  ),
  'simple-oauth2 at GitLab': await attempt(
    simple('gitlab', { ...gitlab, tokenPath: '/oauth/token', authorizePath: '/oauth/authorize', refreshes: true }),
  ),
  'openid-client at GitHub': await attempt(
    certified('github', {
      ...github,
      issuer: `${root}/github`,
      metadata: {
        authorization_endpoint: `${root}/github/login/oauth/authorize`,
        token_endpoint: `${root}/github/login/oauth/access_token`,
      },
    }),
  ),
  'openid-client at GitLab': await attempt(
    certified('gitlab', {
      ...gitlab,
      issuer: `${root}/gitlab`,
      metadata: { authorization_endpoint: `${root}/gitlab/oauth/authorize`, token_endpoint: `${root}/gitlab/oauth/token` },
    }),
  ),
};
process.stdout.write(JSON.stringify(told));
