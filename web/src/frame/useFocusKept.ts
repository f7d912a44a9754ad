import { useEffect } from "react";

import { focusOnPage } from "./useFocusOnNewPages";

/** So many milliseconds others have to move the focus: a dialog that closes gives it back to what opened it. */
const OTHERS_FIRST = 100;

/** Move the focus to the page once what had it is gone, such as the button of a row that was removed: Tab would else begin at the top. */
export function useFocusKept(): void {
  useEffect(() => {
    let last: Element | null = null;
    const isLost = (): boolean => document.activeElement === document.body && last !== null && !last.isConnected;
    const remember = ({ target }: FocusEvent): void => {
      last = target as Element;
    };
    const observer = new MutationObserver(() => {
      if (isLost()) setTimeout(() => isLost() && focusOnPage(), OTHERS_FIRST);
    });
    document.addEventListener("focusin", remember);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener("focusin", remember);
      observer.disconnect();
    };
  }, []);
}
