const folder = new URL(".", import.meta.url);

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(new URL(`${["json", "graphql"].includes(label) ? label : "editor"}.worker.js`, folder)),
};
