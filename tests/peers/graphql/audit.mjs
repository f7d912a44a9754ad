// Run graphql-http's audits against the server and print what each found: audit.mjs ADDRESS TOKEN
import { auditServer } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const fetchFn = (address, options) =>
  fetch(address, { ...options, headers: { ...options?.headers, authorization: `Bearer ${token}` } });

const found = await auditServer({ url, fetchFn });
process.stdout.write(JSON.stringify(found.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
