import type { ReactNode } from "react";

/** What stands where a list is empty: what it would hold, and how that gets there. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}
