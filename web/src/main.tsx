import "./style.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { Provider } from "urql";

import { base } from "./api/addresses";
import { createApiClient } from "./api/client";
import { Frame } from "./frame/Frame";

// A page that was opened before an upgrade asks for files that are gone: it is read anew.
window.addEventListener("vite:preloadError", () => location.reload());

const place = document.getElementById("page");
if (!place) throw new Error("The page has no place for the pages.");

createRoot(place).render(
  <StrictMode>
    <Provider value={createApiClient()}>
      <BrowserRouter basename={base.pathname.replace(/\/$/, "")}>
        <Frame />
      </BrowserRouter>
    </Provider>
  </StrictMode>,
);
