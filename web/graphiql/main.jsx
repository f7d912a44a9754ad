import "./workers.js";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createRoot } from "react-dom/client";
import "./page.css";
import { createFetcher } from "./fetcher.js";

const signedOut = document.getElementById("signed-out");
const defaultTabs = JSON.parse(document.getElementById("operations").textContent);
const fetcher = createFetcher({
  location: window.location,
  onSignedIn: (signedIn) => {
    signedOut.hidden = signedIn;
  },
});

// No history plugin, and sessionStorage: the history keeps request headers, and variables may hold a client secret.
createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    defaultEditorToolsVisibility="variables"
    defaultTabs={defaultTabs}
    fetcher={fetcher}
    inputValueDeprecation
    plugins={[]}
    shouldPersistHeaders={false}
    storage={window.sessionStorage}
  >
    <GraphiQL.Logo>Installed Apps</GraphiQL.Logo>
  </GraphiQL>,
);
