import type { TeamRole } from "../api/schema.generated";

/** Each role, with what it may do. */
export const ROLE_CHOICES: readonly (readonly [TeamRole, string])[] = [
  ["ADMIN", "Admin: everything"],
  ["MEMBER", "Member: adds integrations, and changes their own"],
  ["VIEWER", "Viewer: reads only"],
];
