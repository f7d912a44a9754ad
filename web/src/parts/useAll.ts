import { useEffect, useState } from "react";
import { useClient, type CombinedError, type TypedDocumentNode } from "urql";

import type { Lookup } from "./useLookup";

interface Page<Node> {
  nodes: readonly Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

interface Asked<Data, Node> {
  query: TypedDocumentNode<Data, { after?: string | null }>;
  /** Where in an answer the page is; always the same function. */
  pageOf: (data: Data) => Page<Node>;
  /** Nothing is read before. */
  isOpen: boolean;
}

/** Return all that the pages of a list hold, and how it goes with reading them: one behind the other. */
export function useAll<Data, Node extends { id: string }>({ query, pageOf, isOpen }: Asked<Data, Node>): [nodes: readonly Node[], lookup: Lookup] {
  const client = useClient();
  const [found, setFound] = useState<ReadonlyMap<string, Node>>(new Map());
  const [isWhole, setWhole] = useState(false);
  const [failure, setFailure] = useState<CombinedError>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!isOpen) return undefined;
    let isLeft = false;
    const read = async (after: string | null): Promise<void> => {
      const { data, error } = await client.query(query, { after }).toPromise();
      if (isLeft) return;
      setFailure(error);
      if (!data) return;
      const { nodes, pageInfo } = pageOf(data);
      setFound((before) => new Map([...before, ...nodes.map((node) => [node.id, node] as const)]));
      if (!pageInfo.hasNextPage) setWhole(true);
      else await read(pageInfo.endCursor);
    };
    void read(null);
    return () => {
      isLeft = true;
    };
  }, [client, query, pageOf, isOpen, tries]);
  const again = (): void => {
    setFailure(undefined);
    setTries(tries + 1);
  };
  return [[...found.values()], { isUnderWay: !isWhole, failure, again }];
}
