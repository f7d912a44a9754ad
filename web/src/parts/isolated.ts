/** What a stranger wrote, for where no `bdi` can stand: its direction turns nothing of the words around it. */
export const isolated = (text: string): string => `\u2068${text}\u2069`;
