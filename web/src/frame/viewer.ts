import { createContext, use } from "react";

import type { FrameQuery } from "./Frame.generated";

export type Viewer = FrameQuery["viewer"];

export const ViewerContext = createContext<Viewer | null>(null);

/** Return who looks at the page. Every page stands in the frame, which knows. */
export function useViewer(): Viewer {
  const viewer = use(ViewerContext);
  if (!viewer) throw new Error("This page does not stand in the frame.");
  return viewer;
}
