// Relay: its compiler reads the schema and a page of a list; what it made is asked for: relay.mjs SCHEMA ADDRESS TOKEN
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCE = `
graphql\`
  query MembersQuery($count: Int!, $cursor: String) {
    viewer { team { ...Members_team @arguments(count: $count, cursor: $cursor) } }
  }
\`;
graphql\`
  fragment Members_team on Team
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "MembersPaginationQuery") {
    members(first: $count, after: $cursor) @connection(key: "Members_members") { edges { node { id name } } }
  }
\`;
`;

const [schema, url, token] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'relay-'));
mkdirSync(join(folder, 'src'));
copyFileSync(schema, join(folder, 'schema.graphql'));
writeFileSync(join(folder, 'src', 'Members.js'), SOURCE);
writeFileSync(join(folder, 'relay.config.json'), JSON.stringify({ src: './src', schema: './schema.graphql', language: 'javascript' }));
execFileSync(createRequire(import.meta.url)('relay-compiler'), ['relay.config.json'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
const textOf = (name) => {
  const made = readFileSync(join(folder, 'src', '__generated__', `${name}.graphql.js`), 'utf8');
  return JSON.parse(/"text": (".*")/.exec(made)[1]);
};

const ask = async (name, variables) => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ query: textOf(name), variables });
  await fetch(url, { method: 'POST', headers, body }); // to read what was never asked before has a price of its own
  return (await fetch(url, { method: 'POST', headers, body })).json();
};

const first = await ask('MembersQuery', { count: 1 });
const { id, members } = first.data?.viewer.team ?? {};
const next = await ask('MembersPaginationQuery', { count: 1, cursor: members?.pageInfo.endCursor, id });
const larger = await ask('MembersQuery', { count: 50 });
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify({ first, next, larger }));
