// The Guild's executor, of which Hive Gateway is made: a query and a subscription by GET, over server-sent events.
// executor.mjs ADDRESS TOKEN
import { buildHTTPExecutor } from '@graphql-tools/executor-http';
import { parse } from 'graphql';

const [endpoint, token] = process.argv.slice(2);
const sent = [];
const execute = buildHTTPExecutor({
  endpoint,
  headers: { authorization: `Bearer ${token}` },
  useGETForQueries: true,
  method: 'GET',
  fetch: async (address, options) => {
    const response = await fetch(address, options);
    sent.push([options.method, response.status, response.headers.get('content-type')]);
    return response;
  },
});

const query = await execute({ document: parse('{ viewer { member { name } } eventCursor }') });
const heard = [];
const document = parse('subscription Log($after: String) { eventRecorded(after: $after) { sequence type } }');
const events = await execute({ document, variables: { after: process.argv[4] } });
for await (const event of events) {
  heard.push(event);
  if (heard.length === 2) break;
}
process.stdout.write(JSON.stringify({ query: query.data?.viewer ?? query, heard, sent }));
process.exit();
