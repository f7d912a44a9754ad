/** Where the service is: the page's `<base>` names it, which the server writes. Everything else is below it. */
export const base = new URL(document.baseURI);

export const below = (path: string): string => new URL(path, base).href;

export const socketAddress = (): string => below("graphql").replace(/^http/, "ws");

/** Leave the pages for the sign-in form, and come back to this page from there. */
export function goToSignIn(): void {
  const here = `/${location.pathname.slice(base.pathname.length)}`;
  location.assign(below(`sign-in?next=${encodeURIComponent(here)}`));
}
