import type { ReactNode } from "react";

import { useViewer } from "./viewer";

/** What everyone but viewers may do; a viewer finds a line in its place that says who may. */
export function ForMembers({ to, children }: { to: string; children?: ReactNode }) {
  return useViewer().member.role === "VIEWER" ? <p className="quiet">Members and Team Admins can {to}.</p> : children;
}
