// A real OpenID provider for the tests: it lets in whoever gives an address as the
// login name, with any password. The part before the @ says what it claims:
// "unverified" has an address that nobody verified, "none" has no address.
import { readFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';

// The clock is that of the program under test: ahead by the duration in a file.
const clock = process.env.POSTSEAL_CLOCK;
const units = { h: 3600000, m: 60000, s: 1000 };
const real = Date.now;
Date.now = () => {
  let ahead = 0;
  try {
    for (const [, n, unit] of readFileSync(clock, 'utf8').matchAll(/([0-9.]+)([hms])/g)) ahead += Number(n) * units[unit];
  } catch { /* there is none */ }
  return real() + ahead;
};

const port = Number(process.argv[2]);
const redirect = process.argv[3];
const issuer = `http://localhost:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'postseal',
    client_secret: 'a secret of the client for the tests',
    redirect_uris: [redirect],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  pkce: { required: () => true },
  scopes: ['openid', 'email', 'profile'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['for the tests'] },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: 'Dora Cloud',
      ...(id.startsWith('none@') ? {} : { email: id, email_verified: !id.startsWith('unverified@') }),
    }),
  }),
});
provider.listen(port, '127.0.0.1', () => console.log('ready'));
