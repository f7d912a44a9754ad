// The policies of docs/clients.md in Apollo's cache and urql's Graphcache: policies.mjs POLICIES SCHEMA ANSWERS
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { InMemoryCache, gql } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { buildSchema, introspectionFromSchema } from 'graphql';

const [policies, schema, asked] = process.argv.slice(2);
const { possibleTypes, typePolicies, keys } = await import(pathToFileURL(policies));
const answers = JSON.parse(asked);
const warnings = [];
console.warn = console.error = (...words) => warnings.push(words.map(String).join(' ').slice(0, 300));

const cache = new InMemoryCache({ possibleTypes, typePolicies });
for (const { query, data } of answers) cache.writeQuery({ query: gql(query), data });
const apollo = answers.map(({ query }) => cache.readQuery({ query: gql(query) }));

const waiting = [...answers];
const client = new Client({
  url: 'http://127.0.0.1:1/graphql',
  preferGetMethod: false,
  exchanges: [cacheExchange({ schema: introspectionFromSchema(buildSchema(readFileSync(schema, 'utf8'))), keys }), fetchExchange],
  fetch: async () => new Response(JSON.stringify({ data: waiting.shift().data }), { headers: { 'content-type': 'application/json' } }),
});
for (const { query } of answers) await client.query(query, {}).toPromise();
const urql = [];
for (const { query } of answers) urql.push((await client.query(query, {}, { requestPolicy: 'cache-only' }).toPromise()).data);

process.stdout.write(JSON.stringify({ apollo, urql, warnings }));
process.exit();
