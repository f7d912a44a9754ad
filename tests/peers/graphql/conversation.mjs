// What the clients share: what they are asked to do, how they say what happened, and when they end.
import { readFileSync } from 'node:fs';

/** `url`, `tokenFile`, `query`, `mutation` with `input`, `subscription`, and `after`, the cursor to begin at. */
export const asked = JSON.parse(process.argv[2]);

/** The Authorization value of this moment: a client that comes back reads it anew. */
export const authorization = () => `Bearer ${readFileSync(asked.tokenFile, 'utf8')}`;

/** Tell one thing in a line of JSON. */
export const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

/** Tell an event and keep its cursor in the variables with which the client comes back. */
export const take = ({ data, errors }, variables) => {
  if (errors) return say({ errors });
  variables.after = data.eventRecorded.cursor;
  return say({ event: data.eventRecorded.sequence });
};

export const aMoment = () => new Promise((resolve) => setTimeout(resolve, 100));

/** Resolves once nobody listens any more. */
export const theEnd = new Promise((resolve) => process.stdin.on('end', resolve).resume());
