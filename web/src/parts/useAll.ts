import { useEffect, useState } from "react";
import { useClient, type TypedDocumentNode } from "urql";

interface Page<Node> {
  nodes: readonly Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

interface All<Node> {
  nodes: readonly Node[];
  /** Whether nothing is left to be read. */
  isWhole: boolean;
}

interface Asked<Data, Node> {
  query: TypedDocumentNode<Data, { after?: string | null }>;
  /** Where in an answer the page is; always the same function. */
  pageOf: (data: Data) => Page<Node>;
  /** Nothing is read before. */
  isOpen: boolean;
}

/** Return all that the pages of a list hold: they are read one behind the other. */
export function useAll<Data, Node extends { id: string }>({ query, pageOf, isOpen }: Asked<Data, Node>): All<Node> {
  const client = useClient();
  const [found, setFound] = useState<ReadonlyMap<string, Node>>(new Map());
  const [isWhole, setWhole] = useState(false);
  useEffect(() => {
    if (!isOpen) return undefined;
    let isLeft = false;
    const read = async (after: string | null): Promise<void> => {
      const { data } = await client.query(query, { after }).toPromise();
      if (isLeft || !data) return;
      const { nodes, pageInfo } = pageOf(data);
      setFound((before) => new Map([...before, ...nodes.map((node) => [node.id, node] as const)]));
      if (!pageInfo.hasNextPage) setWhole(true);
      else await read(pageInfo.endCursor);
    };
    void read(null);
    return () => {
      isLeft = true;
    };
  }, [client, query, pageOf, isOpen]);
  return { nodes: [...found.values()], isWhole };
}
