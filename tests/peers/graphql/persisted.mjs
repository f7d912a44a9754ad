// Ask one query twice with each client, by hash first, and print what it was answered and what it sent: persisted.mjs ADDRESS TOKEN
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';

const [url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const sent = [];

const telling = async (address, options) => {
  const response = await fetch(address, options);
  const whole = options.body ?? decodeURIComponent(new URL(address).search);
  sent.push([options.method, whole.includes('viewer') ? 'whole' : 'hash', response.status]);
  return response;
};

const twice = async (ask) => {
  sent.length = 0;
  const answers = [await ask(), await ask()];
  return { answers, sent: [...sent] };
};

const urql = (name) => {
  const client = new Client({
    url,
    exchanges: [persistedExchange(), fetchExchange],
    requestPolicy: 'network-only',
    fetchOptions: { headers },
    fetch: telling,
  });
  return () => client.query(`query ${name} { viewer { member { name } } }`, {}).then(({ data, error }) => data?.viewer.member.name ?? String(error));
};

const apollo = (name, useGETForHashedQueries) => {
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256, useGETForHashedQueries }),
      new HttpLink({ uri: url, headers, fetch: telling }),
    ]),
  });
  const query = gql`query ${name} { viewer { member { name } } }`;
  return () => client.query({ query, fetchPolicy: 'network-only' }).then(({ data, error }) => data?.viewer.member.name ?? String(error));
};

process.stdout.write(
  JSON.stringify({
    urql: await twice(urql('OfUrql')),
    apollo: await twice(apollo('OfApollo', false)),
    apolloByGet: await twice(apollo('OfApolloByGet', true)),
  }),
);
