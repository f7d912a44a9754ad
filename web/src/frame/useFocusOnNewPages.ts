import { useEffect, useRef } from "react";
import { useLocation } from "react-router";

/** Move the focus to a new page when one goes there: a screen reader begins to read it, and Tab goes on in it. */
export function useFocusOnNewPages(): void {
  const { pathname } = useLocation();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    focusOnPage();
    window.scrollTo(0, 0);
  }, [pathname]);
}

/** Move the focus to the page that is open. */
export const focusOnPage = (): void => document.getElementById("main")?.focus({ preventScroll: true });
